"""What is asked, and the right answers: catalogue queries with parameters from the data, and analytic queries over all of it.

A query is plain SPARQL text, the same for every server. To make each request new, its text ends in a LIMIT that is never reached
and never the same: no answer changes, and no cache may hit, for a key that abstracts from LIMIT would be wrong.
"""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyoxigraph import NamedNode

from qit4n_kg.formats import ResultFormat
from qit4n_kg.namespaces import RDF, STDORG
from qit4n_kg.queries import ParameterKind, bind, read_catalogue, read_query
from qit4n_kg.sparql import QueryForm
from qit4n_kg.store.bindings import bind as bind_text

if TYPE_CHECKING:
    from qit4n_kg.config import Settings
    from qit4n_kg.queries import CatalogueQuery
    from qit4n_kg.store.base import Store

NUMBER = "@NUMBER@"
_PER_QUERY = 4
_CLASSES = {"person": "Person", "organization": "Organization", "country": "Country", "body": "Group", "group": "Group"}
_HAS_LIMIT = re.compile(r"\b(?:LIMIT|GRAPH)\b", re.IGNORECASE)
_MOST_BYTES = 50_000


@dataclass(frozen=True)
class Question:
    """One query: `template` has NUMBER where a number makes it new; `expected` is the multiset of its rows."""

    name: str
    template: str
    expected: Counter[frozenset[tuple[str, str]]]

    def text(self, number: int) -> str:
        """Return the query's text with a number of one's own."""
        return self.template.replace(NUMBER, str(100_000_000 + number))


def mix(settings: Settings, store: Store) -> list[Question]:
    """Return the catalogue's SELECT queries over the default graph, up to four times each with other parameters, none empty."""
    questions = []
    for entry in read_catalogue(settings.sources / "queries" / "catalogue"):
        if entry.form is QueryForm.SELECT and not _HAS_LIMIT.search(entry.text):
            for number, arguments in enumerate(_arguments(entry, store)):
                terms = bind(entry, arguments, settings.base_iri)
                question = _question(f"{entry.id}-{number}", bind_text(entry.text, terms), store)
                if question is not None:
                    questions.append(question)
    return questions


def analytic(settings: Settings, store: Store) -> list[Question]:
    """Return the queries that read much of the data to answer little."""
    folder = settings.sources / "queries" / "bench"
    found = [
        _question(path.stem, read_query(path).text, store, most_bytes=None) for path in sorted(folder.glob("*.rq"))
    ]
    return [question for question in found if question is not None]


def rows(body: bytes) -> Counter[frozenset[tuple[str, str]]]:
    """Read SPARQL results in JSON as a multiset of rows; numbers by value, since servers spell them differently."""
    bindings = json.loads(body)["results"]["bindings"]
    return Counter(frozenset((name, _value(term)) for name, term in row.items()) for row in bindings)


def _value(term: dict[str, Any]) -> str:
    text = str(term["value"])
    if "datatype" in term:
        try:
            return f"{float(text):.6g}"
        except ValueError:
            return text
    return text


def _question(name: str, text: str, store: Store, most_bytes: int | None = _MOST_BYTES) -> Question | None:
    template = f"{text.rstrip()}\nLIMIT {NUMBER}\n"
    output = io.BytesIO()
    store.query(template.replace(NUMBER, "100000000")).write(output, ResultFormat.JSON)  # type: ignore[arg-type]
    expected = rows(output.getvalue())
    is_small = most_bytes is None or len(output.getvalue()) <= most_bytes
    return Question(name, template, expected) if expected and is_small else None


def _arguments(entry: CatalogueQuery, store: Store) -> list[dict[str, str]]:
    """Return arguments: the defaults, and for the first parameter that is a thing some others from the data."""
    chosen: list[dict[str, str]] = [{}] if all(parameter.default is not None for parameter in entry.parameters) else []
    for parameter in entry.parameters:
        kind = _CLASSES.get(parameter.name)
        if parameter.kind is ParameterKind.IRI and kind is not None:
            members = store.quads(predicate=NamedNode(f"{RDF}type"), obj=NamedNode(f"{STDORG}{kind}"))
            names = sorted({quad.subject.value for quad in members if isinstance(quad.subject, NamedNode)})
            step = max(1, len(names) // (_PER_QUERY - 1))
            return [*chosen, *({parameter.name: name} for name in names[::step][: _PER_QUERY - 1])]
    return chosen
