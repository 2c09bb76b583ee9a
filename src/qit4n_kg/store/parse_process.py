"""The process that reads RDF and ends: `python -m qit4n_kg.store.parse_process PARENT`; job, texts and answer on stdin and stdout.

A line of JSON stands before the bytes, both ways. It has no network and a bounded memory, and whoever started it (`parsing`) kills
it at a deadline.
"""

from __future__ import annotations

import json
import os
import re
import sys
import traceback
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import pyoxigraph
from pyoxigraph import DefaultGraph

from qit4n_kg.errors import KnowledgeGraphError, ParameterError, SourceError, TooLargeError
from qit4n_kg.formats import RdfFormat
from qit4n_kg.store import sandbox
from qit4n_kg.store.writing import rdf_format

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyoxigraph import Triple

_LONGEST_STATEMENT = 16 * 1024**2 - 1024
"""Of what the engine reads as N-Triples, in bytes; entities in RDF/XML can make a literal longer than the body is."""
_PLACE = re.compile(r"^Parser error (?:at|between) line .*?: (?=\S)")


class _Triples:
    """N-Triples in memory, no more than so many bytes."""

    def __init__(self, most: int) -> None:
        self.parts: list[bytes] = []
        self._left = most

    def write(self, data: bytes) -> int:
        """Append bytes.

        :raises TooLargeError: that is over the bound.
        """
        self._left -= len(data)
        if self._left < 0:
            raise TooLargeError("The data is much larger than its text, more than is read.")
        self.parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing: a write has reached its place when it returns."""


def read(content: bytes, form: RdfFormat, base_iri: str, output: _Triples) -> None:
    """Write the triples of a text as N-Triples, while they are read.

    :raises SourceError: it does not parse, with line and column.
    :raises ParameterError: it has named graphs.
    """
    quads = pyoxigraph.parse(content, rdf_format(form), base_iri=base_iri, rename_blank_nodes=True)

    def triples() -> Iterator[Triple]:
        for quad in quads:
            if quad.graph_name != DefaultGraph():
                raise ParameterError("The body has named graphs, and one graph is written at a time.")
            yield quad.triple

    try:
        pyoxigraph.serialize(triples(), cast("BinaryIO", output), pyoxigraph.RdfFormat.N_TRIPLES)
    except SyntaxError as exc:
        detail = _PLACE.sub("", str(exc.msg)).rstrip(".")
        raise SourceError(
            f"This is not {form.value.label}: {detail}.", line=exc.lineno or None, column=exc.offset or None
        ) from exc


def _perform(job: dict[str, Any], content: bytes) -> bytes:
    output = _Triples(job["most"])
    begin = 0
    for text in job["texts"]:
        end = begin + text["bytes"]
        read(content[begin:end], RdfFormat[text["format"]], job["base"], output)
        begin = end
    written = b"".join(output.parts)
    if len(written) > _LONGEST_STATEMENT and any(len(line) > _LONGEST_STATEMENT for line in written.splitlines()):
        raise TooLargeError(f"A statement in the body is larger than {_LONGEST_STATEMENT} bytes.")
    return written


def main() -> None:
    """Run one job."""
    sandbox.leave_signals_to_parent()
    sandbox.leave_no_core()
    sandbox.isolate_network()
    sandbox.die_with_parent(int(sys.argv[1]))
    job = json.loads(sys.stdin.buffer.readline())
    content = sys.stdin.buffer.read()
    sandbox.limit_memory(job["memory"])
    written = b""
    reply: dict[str, Any] = {"ok": True}
    try:
        written = _perform(job, content)
    except KnowledgeGraphError as exc:
        reply = {"ok": False, "code": exc.code, "message": exc.message}
        if isinstance(exc, SourceError):
            reply |= {"line": exc.line, "column": exc.column}
    except MemoryError:
        reply = {"ok": False, "code": "memory", "message": ""}
    except Exception as exc:  # noqa: BLE001  (a process's edge: the other side logs it)
        reply = {"ok": False, "code": "internal", "message": "".join(traceback.format_exception(exc))}
    sys.stdout.buffer.write(json.dumps(reply).encode() + b"\n" + written)
    sys.stdout.flush()
    os._exit(0)  # nothing here needs an orderly end


if __name__ == "__main__":
    main()
