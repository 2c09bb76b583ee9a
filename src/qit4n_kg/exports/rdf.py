"""Writing RDF so that the same statements make the same bytes: the engine writes prefixes in another order in each process."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, cast

import pyoxigraph

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pyoxigraph import Quad, RdfFormat, Triple

_PREFIX = b"@prefix "


class SortedHeader:
    """A binary file that sorts the lines `@prefix` at its head and passes all else on."""

    def __init__(self, output: BinaryIO) -> None:
        self._output = output
        self._head: bytes | None = b""

    def write(self, data: bytes) -> int:
        """Take bytes; they are held back until a line is no prefix."""
        if self._head is None:
            self._output.write(data)
            return len(data)
        self._head += data
        complete = self._head[: self._head.rfind(b"\n") + 1].splitlines()
        if any(not line.startswith(_PREFIX) for line in complete) or not _may_be_prefix(self._head):
            self.finish()
        return len(data)

    def flush(self) -> None:
        """Pass what was written on, but for what is held back."""
        self._output.flush()

    def finish(self) -> None:
        """Write what is held back."""
        if self._head is None:
            return
        lines = self._head.splitlines(keepends=True)
        self._head = None
        count = next((n for n, line in enumerate(lines) if not line.startswith(_PREFIX)), len(lines))
        self._output.write(b"".join([*sorted(lines[:count]), *lines[count:]]))


def _may_be_prefix(head: bytes) -> bool:
    last = head[head.rfind(b"\n") + 1 :]
    return last.startswith(_PREFIX) or _PREFIX.startswith(last)


def write_rdf(
    statements: Iterable[Quad] | Iterable[Triple],
    output: BinaryIO,
    form: RdfFormat,
    prefixes: Mapping[str, str] | None = None,
) -> None:
    """Serialise statements as they come, the prefixes in the order of their names."""
    ordered = SortedHeader(output)
    known = None if prefixes is None else dict(prefixes)
    pyoxigraph.serialize(statements, cast("BinaryIO", ordered), form, prefixes=known)
    ordered.finish()
