"""What the descriptions of the dataset share: terms, and addresses that are relative to where a file is served.

An export is the same from HTTP and from the command, which knows no host: an address is written `</exports/dump.nq>`, and who reads
the file from a server resolves it against the server's address (RFC 3986 section 5.1.3).
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO

from pyoxigraph import Literal, NamedNode, RdfFormat, Triple

from qit4n_kg.exports.rdf import write_rdf
from qit4n_kg.namespaces import PREFIXES, RDF, XSD

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyoxigraph import BlankNode

    from qit4n_kg.store.base import Term

VOID = "http://rdfs.org/ns/void#"
SPDX = "http://spdx.org/rdf/terms#"
MEDIA_TYPES = "https://www.iana.org/assignments/media-types/"
DUMPED = {
    "nq": "application/n-quads",
    "trig": "application/trig",
    "ttl": "text/turtle",
    "jsonld": "application/ld+json",
}
LINKED = ("exports/dcat-ap.ttl", "feed", "oai?verb=Identify")
"""What else describes the dataset, or follows it: the catalogue, the change feed (LDES), the repository (OAI-PMH)."""
PACKED = {"": None, ".gz": "application/gzip", ".zst": "application/zstd"}
_HERE = "https://here.invalid/"
_OPENING = b"<" + _HERE.encode()
_DESCRIBING = {"void": VOID, "spdx": SPDX}


def here(path: str) -> NamedNode:
    """Return an address on the server that serves the file."""
    return NamedNode(f"{_HERE}{path.removeprefix('/')}")


def statement(subject: NamedNode | BlankNode, predicate: str, value: Term | str | int) -> Triple:
    """Make a triple; a string is a plain literal, `a` is rdf:type."""
    term = value if not isinstance(value, str | int) else Literal(value)
    return Triple(subject, NamedNode(f"{RDF}type" if predicate == "a" else predicate), term)


def moment(text: str) -> Literal:
    """Return a moment (ISO 8601) as a literal."""
    return Literal(text, datatype=NamedNode(f"{XSD}dateTime"))


def write_description(statements: Iterable[Triple], output: BinaryIO, names: Iterable[str]) -> None:
    """Write Turtle with relative addresses; `names` are the prefixes that it uses."""
    known = {**PREFIXES, **_DESCRIBING}
    text = io.BytesIO()
    write_rdf(statements, text, RdfFormat.TURTLE, {name: known[name] for name in names})
    output.write(_relative(text.getvalue()))


def _relative(text: bytes) -> bytes:
    """Take our stand-in for the server's address out of IRIs; what stands in a literal stays.

    >>> _relative(b'<https://here.invalid/a> <x:y> "<https://here.invalid/a>" .')
    b'</a> <x:y> "<https://here.invalid/a>" .'
    """
    parts = text.split(b'"')
    inside, kept = False, []
    for number, part in enumerate(parts):
        kept.append(part if inside else part.replace(_OPENING, b"</"))
        if not (inside and _is_escaped(part)) and number < len(parts) - 1:
            inside = not inside
    return b'"'.join(kept)


def _is_escaped(part: bytes) -> bool:
    """Whether the quote after a part of a literal is escaped."""
    return (len(part) - len(part.rstrip(b"\\"))) % 2 == 1
