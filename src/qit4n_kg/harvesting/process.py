"""The process that makes a generation's harvest, `python -m qit4n_kg.harvesting.process PARENT`: records, register, index.

A web worker starts it (`keeping`); it can be killed at any moment, since register and index are each replaced whole.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qit4n_kg.exports.jobs import serve
from qit4n_kg.exports.making import Material, Stamp
from qit4n_kg.exports.registry import read_registry
from qit4n_kg.harvesting.index import Origin, write_index
from qit4n_kg.harvesting.records import FORMATS, read_records, read_sets
from qit4n_kg.harvesting.register import FOLDER
from qit4n_kg.redactions import read_redactions, redacted_things
from qit4n_kg.store import sandbox
from qit4n_kg.store.oxigraph import OxigraphStore


def run(job: dict[str, Any]) -> None:
    """Make what a job asks for.

    :raises KnowledgeGraphError: it can't be made.
    """
    queries, journal = Path(job["queries"]), Path(job["journal"])
    registry = read_registry(queries / "exports")
    redacted = redacted_things(read_redactions(journal))
    with OxigraphStore.open_read_only(Path(job["store"])) as store:
        sandbox.limit_memory(job["memory"])
        stamp = Stamp(**job["stamp"])
        wanted = registry.find(FORMATS[0].export)
        material = Material(store, queries, job["base_iri"], stamp, wanted, licence=job["licence"])
        sets = read_sets(material)
        origin = Origin(job["dataset"], job["of"], stamp.built_at)
        records = read_records(material, registry, sets, redacted)
        write_index(journal / FOLDER, Path(job["target"]), origin, records, sets.names)


if __name__ == "__main__":
    serve(run)
