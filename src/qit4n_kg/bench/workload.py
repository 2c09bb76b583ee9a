"""What is asked, and the right answers: catalogue queries with parameters from the data, and analytic queries over all of it.

A query is plain SPARQL text, the same for every server. To make each request new, its text ends in a LIMIT that is never reached
and never the same: no answer changes, and no cache may hit, for a key that abstracts from LIMIT would be wrong.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyoxigraph import NamedNode

from qit4n_kg.errors import QueryMemoryError, QueryTimeoutError, ResultTooLargeError
from qit4n_kg.formats import ResultFormat
from qit4n_kg.namespaces import RDF, STDORG
from qit4n_kg.queries import ParameterKind, bind, read_catalogue, read_query
from qit4n_kg.sparql import QueryForm
from qit4n_kg.store.bindings import bind as bind_text
from qit4n_kg.store.executor import ExecutorPool, Job

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from qit4n_kg.config import Settings
    from qit4n_kg.queries import CatalogueQuery, Parameter
    from qit4n_kg.store.base import Store

NUMBER = "@NUMBER@"
_PER_QUERY = 4
_CLASSES = {
    "person": "Person",
    "organization": "Organization",
    "country": "Country",
    "body": "Group",
    "group": "Group",
    "forGroup": "FocusGroup",
}
_HAS_LIMIT = re.compile(r"\b(?:LIMIT|GRAPH)\b", re.IGNORECASE)
_MOST_BYTES = 50_000
_ANALYTIC_SECONDS = 600.0


@dataclass(frozen=True)
class Question:
    """One query: `template` has NUMBER where a number makes it new; `expected` is the multiset of its rows."""

    name: str
    template: str
    expected: Counter[frozenset[tuple[str, str]]]

    def text(self, number: int) -> str:
        """Return the query's text with a number of one's own."""
        return self.template.replace(NUMBER, str(100_000_000 + number))


@dataclass(frozen=True)
class Mix:
    """What a mix is of, and which queries are left out of it for every server, each with the reason."""

    questions: list[Question]
    left_out: dict[str, str]


def mix(settings: Settings, store: Store, store_path: Path, patience: float) -> Mix:
    """Choose the catalogue's SELECT queries over the default graph, up to four times each with other parameters, none empty.

    :param patience: seconds that the engine may take for one, alone; a mix with one query of minutes would measure that one.
    """
    questions, left_out = [], {}
    with _engine(settings, store_path, patience, _MOST_BYTES) as engine:
        for entry in read_catalogue(settings.sources / "queries" / "catalogue"):
            if entry.form is not QueryForm.SELECT or _HAS_LIMIT.search(entry.text):
                continue
            for number, arguments in enumerate(_arguments(entry, store)):
                name = f"{entry.id}-{number}"
                text = bind_text(entry.text, bind(entry, arguments, settings.base_iri))
                try:
                    question = _question(name, text, engine, store_path)
                except QueryTimeoutError:
                    left_out[name] = f"takes the engine more than {patience:g} s"
                except QueryMemoryError:
                    left_out[name] = "takes more memory than a query may use"
                except ResultTooLargeError:
                    left_out[name] = f"has an answer over {_MOST_BYTES // 1000} kB"
                else:
                    if question is None:
                        left_out[name] = "has no answer in this data"
                    else:
                        questions.append(question)
    return Mix(questions, left_out)


def analytic(settings: Settings, store_path: Path) -> list[Question]:
    """Return the queries that read much of the data to answer little."""
    folder = settings.sources / "queries" / "bench"
    with _engine(settings, store_path, _ANALYTIC_SECONDS, settings.result_bytes) as engine:
        found = [
            _question(path.stem, read_query(path).text, engine, store_path) for path in sorted(folder.glob("*.rq"))
        ]
    return [question for question in found if question is not None]


@contextmanager
def _engine(settings: Settings, store_path: Path, seconds: float, most: int) -> Iterator[ExecutorPool]:
    """Run the engine where it can be stopped."""
    pool = ExecutorPool(
        store_path=store_path, size=1, queue=1, timeout=seconds, memory=settings.query_memory, result_bytes=most
    )
    try:
        yield pool
    finally:
        pool.close()


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


def _question(name: str, text: str, engine: ExecutorPool, store_path: Path) -> Question | None:
    template = f"{text.rstrip()}\nLIMIT {NUMBER}\n"
    with engine.run(Job(template.replace(NUMBER, "100000000"), ResultFormat.JSON), store_path) as answer:
        expected = rows(answer.read())
    return Question(name, template, expected) if expected else None


def _arguments(entry: CatalogueQuery, store: Store) -> list[dict[str, str]]:
    """Return arguments: the defaults, and for the first parameter that is a thing some others from the data."""
    chosen: list[dict[str, str]] = [{}] if all(parameter.default is not None for parameter in entry.parameters) else []
    for parameter in entry.parameters:
        kind = _CLASSES.get(parameter.name)
        if parameter.kind is ParameterKind.IRI and kind is not None:
            members = store.quads(predicate=NamedNode(f"{RDF}type"), obj=NamedNode(f"{STDORG}{kind}"))
            names = sorted({quad.subject.value for quad in members if isinstance(quad.subject, NamedNode)})
            step = max(1, len(names) // (_PER_QUERY - 1))
            others = [name for name in names[::step][: _PER_QUERY - 1] if not _is_default(parameter, name)]
            return [*chosen, *({parameter.name: name} for name in others)]
    return chosen


def _is_default(parameter: Parameter, name: str) -> bool:
    """Tell whether a thing is the one that is meant where none is given, as `id:` and the rest of its IRI."""
    return parameter.default is not None and name.endswith(parameter.default.replace("id:", "/id/", 1))
