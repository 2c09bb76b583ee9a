"""An export process, `python -m qit4n_kg.exports.process PARENT`: it makes one export of one generation into a file, then ends.

A web worker starts it (`keeping`), because a format of a whole graph takes seconds and memory: here it can be killed at its
deadline, and the kernel refuses it memory beyond its allowance (`jobs`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qit4n_kg.exports.jobs import serve
from qit4n_kg.exports.loss import report_loss
from qit4n_kg.exports.making import Material, Stamp, make, module_of
from qit4n_kg.exports.registry import read_registry
from qit4n_kg.store import sandbox
from qit4n_kg.store.oxigraph import OxigraphStore


def run(job: dict[str, Any]) -> None:
    """Make what a job asks for.

    :raises KnowledgeGraphError: it can't be made.
    """
    queries = Path(job["queries"])
    wanted = read_registry(queries / "exports").find(job["name"])
    module_of(wanted)
    with OxigraphStore.open_read_only(Path(job["store"])) as store:
        sandbox.limit_memory(job["memory"])
        stamp = Stamp(**job["stamp"])
        said = {"licence": job["licence"], "publisher": job["publisher"]}
        material = Material(store, queries, job["base_iri"], stamp, wanted, job["arguments"], **said)
        with Path(job["target"]).open("wb") as output:
            if job["loss"]:
                output.write(report_loss(material).to_json().encode())
            else:
                make(material, output, job["limit"])


if __name__ == "__main__":
    serve(run)
