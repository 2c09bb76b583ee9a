"""Small questions about a dataset, asked in query processes within one deadline; what could not be asked is None, not a guess."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pyoxigraph import QueryResultsFormat, QuerySolutions, parse_query_results

from qit4n_kg.errors import QueryLimitError, RequestError
from qit4n_kg.formats import RdfFormat, ResultFormat
from qit4n_kg.queries import read_query
from qit4n_kg.sparql import QueryForm, inspect_query
from qit4n_kg.store.executor_jobs import Job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from qit4n_kg.diagnosis.patterns import QueryParts
    from qit4n_kg.store.base import Term
    from qit4n_kg.store.executor_jobs import Spooled

_LEAST_SECONDS = 0.05


@dataclass
class Prober:
    """Asks within `seconds` in all and `each` for one question; `is_complete` tells whether everything got an answer.

    `ask` runs a job in a query process, `folder` holds the query files of this kind.
    """

    ask: Callable[[Job], Spooled]
    folder: Path
    seconds: float
    each: float
    default_graphs: tuple[str, ...] | None = None
    named_graphs: tuple[str, ...] | None = None
    base_iri: str | None = None
    is_complete: bool = True
    asked: int = 0
    _begun: float = field(default_factory=time.monotonic)
    _known: dict[str, bool | None] = field(default_factory=dict)

    def has_solutions(self, parts: QueryParts, group: Iterable[str], wrappers: Iterable[str] = ()) -> bool | None:
        """Ask whether pieces of a query, together, have a solution; None when that could not be found out."""
        text = f"{parts.declarations}ASK {parts.dataset}{_grouped(group, wrappers)}"
        if text not in self._known:
            self._known[text] = None if (answer := self._run(text, {})) is None else bool(json.loads(answer)["boolean"])
        return self._known[text]

    def values(
        self, parts: QueryParts, variable: str, group: Iterable[str], wrappers: Iterable[str], most: int
    ) -> list[Term]:
        """Return some values of a variable in the solutions of pieces."""
        text = (
            f"{parts.declarations}SELECT DISTINCT ?{variable} {parts.dataset}{_grouped(group, wrappers)} LIMIT {most}"
        )
        return self._first_column(self._run(text, {}, ResultFormat.TSV))

    def column(self, name: str, **bindings: Term) -> list[Term]:
        """Return what a query file finds."""
        return self._first_column(self._run(self._text(name), bindings, ResultFormat.TSV))

    def graphs(self) -> list[Term]:
        """Return the names of the store's named graphs, whatever the dataset of the query is."""
        job = Job(self._text("graphs"), ResultFormat.TSV)
        return self._first_column(self._send(job))

    def rows(self, text: str) -> int | None:
        """Count the rows or triples of a query itself; None when that takes too long, or it is an ASK.

        :raises QuerySyntaxError: it does not parse.
        """
        form = inspect_query(text).form
        if form is QueryForm.ASK:
            return None
        written = ResultFormat.TSV if form.has_bindings else RdfFormat.N_TRIPLES
        answer = self._send(Job(text, written, {}, self.default_graphs, self.named_graphs))
        return None if answer is None else answer.count(b"\n") - form.has_bindings

    def is_true(self, name: str, **bindings: Term) -> bool | None:
        """Return a query file's answer."""
        answer = self._run(self._text(name), bindings)
        return None if answer is None else bool(json.loads(answer)["boolean"])

    def _text(self, name: str) -> str:
        return read_query(self.folder / f"{name}.rq").text

    def _run(self, text: str, bindings: Mapping[str, Term], form: ResultFormat = ResultFormat.JSON) -> bytes | None:
        try:
            return self._send(Job(text, form, bindings, self.default_graphs, self.named_graphs))
        except RequestError:  # a piece that is no query without its surroundings
            self.is_complete = False
            return None

    def _send(self, job: Job) -> bytes | None:
        """Run a job for as long as it may; None when it ran into a limit.

        :raises RequestError: it is no valid query.
        """
        left = self.seconds - (time.monotonic() - self._begun)
        if left < _LEAST_SECONDS:
            self.is_complete = False
            return None
        self.asked += 1
        try:
            with self.ask(replace(job, timeout=min(self.each, left), base_iri=self.base_iri)) as spooled:
                return spooled.read()
        except QueryLimitError:
            self.is_complete = False
            return None

    @staticmethod
    def _first_column(answer: bytes | None) -> list[Term]:
        if answer is None:
            return []
        solutions = parse_query_results(answer, format=QueryResultsFormat.TSV)
        assert isinstance(solutions, QuerySolutions)
        return [row[0] for row in solutions if row[0] is not None]


def _grouped(group: Iterable[str], wrappers: Iterable[str]) -> str:
    text = f"{{ {' '.join(group)} }}"
    for wrapper in reversed(tuple(wrappers)):
        text = f"{{ {wrapper} {text} }}"
    return text
