"""Which exports differ between two stores, `python -m qit4n_kg.exports.comparing PARENT`: a process that can be killed at any time.

It makes each text export of both and counts the lines that come and go, and says so at once, a line of JSON each: whoever kills it
at a deadline knows what is missing. Dumps are not made: they hold everything, so that any change changes them. Nor are files that
are no text, whose bytes say nothing to a reader. No network, bounded memory. The job is JSON on standard input.
"""

from __future__ import annotations

import io
import json
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from qit4n_kg.errors import KnowledgeGraphError, NotFoundError
from qit4n_kg.exports.making import Material, Stamp, make
from qit4n_kg.exports.registry import read_registry
from qit4n_kg.store import sandbox
from qit4n_kg.store.oxigraph import OxigraphStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qit4n_kg.exports.registry import Registry

_WHOLE = "dump"
_NO_TEXT = (".xlsx", ".docx", ".parquet", ".gz", ".zst")
_STAMP = Stamp(0, "", "1970-01-01T00:00:00Z")
"""The same for both, so that only what they hold makes a difference."""
MOST_NAMES = 200


def comparable(registry: Registry) -> Iterator[str]:
    """Yield the names of the exports that are compared: those of each value of an argument, where these are known."""
    for export in registry:
        argument = export.description.argument
        if export.description.module == _WHOLE or export.name.endswith(_NO_TEXT):
            continue
        if argument is None or f"{{{argument.name}}}" not in export.name:
            yield export.name
        else:
            yield from (export.name.replace(f"{{{argument.name}}}", value) for value in argument.values)


def compare(job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield for each export how many lines come and go."""
    queries = Path(job["queries"])
    registry = read_registry(queries / "exports")
    with (
        OxigraphStore.open_read_only(Path(job["before"])) as before,
        OxigraphStore.open_read_only(Path(job["after"])) as after,
    ):
        sandbox.limit_memory(job["memory"])

        def lines(store: OxigraphStore, name: str) -> Counter[bytes]:
            material = Material(
                store, queries, job["base_iri"], _STAMP, registry.find(name), {}, licence=job["licence"]
            )
            output = io.BytesIO()
            with suppress(NotFoundError):  # which is what a file says of a graph that has nothing for it
                make(material, cast("BinaryIO", output), job["limit"])
            return Counter(output.getvalue().splitlines())

        for name in list(comparable(registry))[:MOST_NAMES]:
            try:
                old, new = lines(before, name), lines(after, name)
            except KnowledgeGraphError:
                continue  # it is too large: not known, which is what a missing line means
            yield {"name": name, "added": (new - old).total(), "removed": (old - new).total()}


def main() -> None:
    """Read the job, and tell what is found as it is found."""
    sandbox.leave_signals_to_parent()
    sandbox.leave_no_core()
    sandbox.isolate_network()
    sandbox.die_with_parent(int(sys.argv[1]))
    job = json.load(sys.stdin)
    for name in comparable(read_registry(Path(job["queries"]) / "exports")):
        print(json.dumps({"asked": name}))  # noqa: T201  (the answer to the process that started this one)
    sys.stdout.flush()
    for found in compare(job):
        print(json.dumps(found), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
