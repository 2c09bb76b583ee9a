"""Writes the same triples as Turtle, JSON-LD, N-Triples, RDF/XML, CSV or JSON; pure, no HTTP.

CSV and JSON have one record a statement with six fields: `subject`, `predicate`, `object`, `type` (`uri`, `literal`, `bnode` or
`triple`, as SPARQL 1.1 Query Results JSON names them), `datatype` (an IRI, for a literal) and `lang` (a language tag). A blank node
reads `_:x`. Nothing is lost: the triples can be made again from either.
"""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

from pyoxigraph import BlankNode, Literal, NamedNode

from qit4n_kg.formats import CSV, JSON, Format, RdfFormat
from qit4n_kg.store.writing import serialise

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pyoxigraph import Triple

    from qit4n_kg.store.base import Term

FIELDS = ("subject", "predicate", "object", "type", "datatype", "lang")
"""The columns of the CSV and the keys of each JSON record."""

STATEMENT_FORMATS: tuple[Format, ...] = (
    RdfFormat.TURTLE.value,
    RdfFormat.JSON_LD.value,
    RdfFormat.N_TRIPLES.value,
    RdfFormat.RDF_XML.value,
    CSV,
    JSON,
)
"""What `write_statements` can write, the preferred one first."""

_RDF = {form.value: form for form in RdfFormat}


def record(triple: Triple) -> dict[str, str]:
    """Return a triple as the six fields.

    >>> from pyoxigraph import Triple
    >>> triple = Triple(NamedNode("http://e/a"), NamedNode("http://e/p"), Literal("eins", language="de"))
    >>> list(record(triple).values())
    ['http://e/a', 'http://e/p', 'eins', 'literal', '', 'de']
    """
    value, kind, datatype, language = _object(triple.object)
    subject = triple.subject
    name = subject.value if isinstance(subject, NamedNode) else str(subject)
    return dict(zip(FIELDS, (name, triple.predicate.value, value, kind, datatype, language), strict=True))


def _object(term: Term) -> tuple[str, str, str, str]:
    if isinstance(term, NamedNode):
        return (term.value, "uri", "", "")
    if isinstance(term, Literal):
        return (term.value, "literal", "" if term.language else term.datatype.value, term.language or "")
    return (str(term), "bnode" if isinstance(term, BlankNode) else "triple", "", "")


def write_statements(triples: Iterable[Triple], form: Format, prefixes: Mapping[str, str]) -> bytes:
    """Serialise triples in their order; the same input gives the same bytes.

    :raises NotAcceptableError: the format can't hold one of them.
    """
    if form == CSV:
        return _write_csv(triples)
    if form == JSON:
        return _write_json(triples)
    triples = list(triples)
    used = {name: iri for name, iri in prefixes.items() if any(iri in str(triple) for triple in triples)}
    output = io.BytesIO()
    serialise(triples, output, _RDF[form], used)
    return output.getvalue()


def _write_csv(triples: Iterable[Triple]) -> bytes:
    """RFC 4180, UTF-8 without a byte order mark."""
    output = io.StringIO(newline="")
    writer = csv.DictWriter(output, FIELDS)
    writer.writeheader()
    writer.writerows(record(triple) for triple in triples)
    return output.getvalue().encode()


def _write_json(triples: Iterable[Triple]) -> bytes:
    records = [record(triple) for triple in triples]
    return (json.dumps({"statements": records}, ensure_ascii=False, indent=1) + "\n").encode()
