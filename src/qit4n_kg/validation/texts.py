"""Bytes to text to quads: decoding and parsing with the place of what is wrong; reads no file but those it is given.

Specs: the RDF 1.1 serialisations. A parser's own words are kept; only where it tells the place in them, that is taken out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pyoxigraph
from pyoxigraph import NamedNode, Quad

from qit4n_kg.errors import SourceError
from qit4n_kg.loading import GRAPH_CLASSES
from qit4n_kg.validation.model import TYPE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from qit4n_kg.formats import RdfFormat

_ENGINE_POSITION = re.compile(r"^Parser error (?:at|between) line .*?: (?=\S)")


def in_one_graph(quads: Sequence[Quad]) -> tuple[Quad, ...]:
    """Put triples into the graph that they describe, so that an overruled passage stays out of what is in force."""
    graph = next((q.subject for q in quads if q.predicate == TYPE and q.object in GRAPH_CLASSES), None)
    if not isinstance(graph, NamedNode):
        return tuple(quads)
    return tuple(Quad(q.subject, q.predicate, q.object, graph) for q in quads)


def decode(path: Path, content: bytes | None = None) -> str:
    """Read a file, or bytes that stand for it, as UTF-8.

    :raises SourceError: it can't be read, or it is no such text.
    """
    try:
        content = path.read_bytes() if content is None else content
    except OSError as exc:
        raise SourceError(f"The file can't be read: {exc.strerror}.", path=path) from exc
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        column = exc.start - (content.rfind(b"\n", 0, exc.start) + 1) + 1
        raise SourceError("The file is not UTF-8 text.", path=path, line=line, column=column) from exc


def parse_text(text: str, form: RdfFormat, path: Path, base: str) -> list[Quad]:
    """Parse a text; blank nodes get fresh names where a base is given.

    :raises SourceError: with line and column where the parser tells them.
    """
    engine_format = pyoxigraph.RdfFormat.from_media_type(form.value.media_type)
    assert engine_format is not None
    try:
        return list(
            pyoxigraph.parse(input=text, format=engine_format, base_iri=base or None, rename_blank_nodes=bool(base))
        )
    except SyntaxError as exc:
        detail = _ENGINE_POSITION.sub("", str(exc.msg)).strip().rstrip(".")
        raise SourceError(
            f"This is not {form.value.label}: {detail}.", path=path, line=exc.lineno or None, column=exc.offset or None
        ) from exc
