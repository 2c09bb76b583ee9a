"""`RdflibStore`: the `Store` Protocol on an rdflib Dataset in memory, the reference that the fast engine is compared with.

It is slow and exact: a spelling stays as it is ("01"), an unknown function leaves its variable unbound (SPARQL 1.1 Query section
17.6 leaves that open). It never asks another endpoint and never fetches a graph.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, BinaryIO

from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, Triple
from pyparsing import ParseBaseException
from rdflib.plugins.sparql import prepareQuery
from rdflib.query import Result

from qit4n_kg.errors import ParameterError, QueryRefusedError, QuerySyntaxError
from qit4n_kg.formats import RdfFormat, ResultFormat
from qit4n_kg.store.dataset_clause import UPDATE_FORMS, query_form, requested_dataset, tokens
from qit4n_kg.store.oxigraph import can_hold_graphs
from qit4n_kg.store.rdflib_terms import (
    QuietDataset,
    from_rdflib,
    graph_from_rdflib,
    graph_to_rdflib,
    to_rdflib,
    triple_from_rdflib,
    triple_to_rdflib,
)
from qit4n_kg.store.writing import results_output, serialise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rdflib import Variable
    from rdflib.plugins.sparql.sparql import Query

    from qit4n_kg.store.base import Answer, GraphName, Term


class RdflibSolutions:
    """The rows of a SELECT."""

    def __init__(self, variables: Sequence[Variable], rows: Iterable[Mapping[Variable, Any]]) -> None:
        self._variables = list(variables)
        self._rows = iter(rows)

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(str(variable) for variable in self._variables)

    def __iter__(self) -> Iterator[tuple[Term | None, ...]]:
        for row in self._rows:
            yield tuple(from_rdflib(row[name]) if name in row else None for name in self._variables)

    def write(self, output: BinaryIO, form: ResultFormat) -> None:
        """Serialise the rest of the rows; TSV, which rdflib has not, follows SPARQL 1.1 Results CSV and TSV section 4."""
        if form is ResultFormat.TSV:
            output.write("\t".join(f"?{name}" for name in self._variables).encode() + b"\n")
            for row in self:
                output.write("\t".join("" if term is None else str(term) for term in row).encode() + b"\n")
            return
        result = Result("SELECT")
        result.vars = self._variables
        result.bindings = list(self._rows)
        results_output(output, form).write(_serialised(result, form))


class RdflibTruth:
    """The answer of an ASK."""

    def __init__(self, value: bool) -> None:
        self._value = value

    def __bool__(self) -> bool:
        return self._value

    def write(self, output: BinaryIO, form: ResultFormat) -> None:
        """Serialise it; CSV and TSV have no truth values, so the bare word is written, as pyoxigraph does."""
        if form in (ResultFormat.CSV, ResultFormat.TSV):
            output.write(b"true" if self._value else b"false")
            return
        result = Result("ASK")
        result.askAnswer = self._value
        results_output(output, form).write(_serialised(result, form))


class RdflibTriples:
    """The triples of a CONSTRUCT or DESCRIBE."""

    def __init__(self, triples: Iterable[Triple]) -> None:
        self._triples = iter(triples)

    def __iter__(self) -> Iterator[Triple]:
        return self._triples

    def write(self, output: BinaryIO, form: RdfFormat) -> None:
        """Serialise the rest of the triples."""
        serialise(self._triples, output, form)


class RdflibStore:
    """A quad store in memory."""

    def __init__(self) -> None:
        self._dataset = QuietDataset()

    def query(
        self,
        text: str,
        *,
        bindings: Mapping[str, Term] | None = None,
        default_graphs: Sequence[GraphName] | None = None,
        named_graphs: Sequence[GraphName] | None = None,
        prefixes: Mapping[str, str] | None = None,
    ) -> Answer:
        """Answer one SPARQL query (see the Protocol).

        :raises QuerySyntaxError: with line and column where rdflib tells them.
        :raises QueryRefusedError: it is an update, or it asks another endpoint.
        :raises ParameterError: a binding is of no variable of the query.
        """
        dataset = requested_dataset(text, default_graphs, named_graphs, prefixes)
        prepared = _prepare(text, prefixes)
        _check_bindings(text, bindings)
        source = self._dataset if dataset is None else self._part(*dataset)
        prepared.algebra["datasetClause"] = (
            None  # `source` is what it names; rdflib would fetch the graphs from the web
        )
        known = {name: to_rdflib(term) for name, term in (bindings or {}).items()}
        return _answer(source.query(prepared, initBindings=known))

    def _part(self, default: Sequence[GraphName], named: Sequence[GraphName]) -> QuietDataset:
        """Copy the merge of some graphs as the default graph, and some named graphs."""
        part = QuietDataset()
        for name in default:
            for triple in self._dataset.graph(graph_to_rdflib(name)):
                part.default_graph.add(triple)
        existing = set(self.graphs())
        for name in existing.intersection(named):
            graph = part.graph(graph_to_rdflib(name))
            for triple in self._dataset.graph(graph_to_rdflib(name)):
                graph.add(triple)
        return part

    def quads(
        self,
        subject: Term | None = None,
        predicate: NamedNode | None = None,
        obj: Term | None = None,
        graph: GraphName | DefaultGraph | None = None,
    ) -> Iterator[Quad]:
        """Yield the quads that match a pattern; None matches anything."""
        if isinstance(subject, Literal | Triple) or isinstance(obj, Triple):
            return
        wanted = [None if term is None else to_rdflib(term) for term in (subject, predicate, obj)]
        names = [*self.graphs(), DefaultGraph()] if graph is None else [graph]
        for name in names:
            for found in self._dataset.get_context(graph_to_rdflib(name)).triples((wanted[0], wanted[1], wanted[2])):
                triple = triple_from_rdflib(found)
                yield Quad(triple.subject, triple.predicate, triple.object, name)

    def graphs(self) -> Iterator[GraphName]:
        """Yield the names of the named graphs."""
        for graph in self._dataset.graphs():
            name = graph_from_rdflib(graph.identifier)
            if not isinstance(name, DefaultGraph):
                yield name

    def add(self, quads: Iterable[Quad]) -> None:
        """Insert quads, all or none."""
        converted = [(*triple_to_rdflib(quad), graph_to_rdflib(quad.graph_name)) for quad in quads]
        for subject, predicate, obj, graph in converted:
            self._dataset.graph(graph).add((subject, predicate, obj))

    def load(self, quads: Iterable[Quad]) -> None:
        """Insert many quads."""
        self.add(quads)

    def dump(self, output: BinaryIO, form: RdfFormat, graph: GraphName | DefaultGraph | None = None) -> None:
        """Write one graph, or with None the whole dataset.

        :raises ParameterError: the whole dataset is asked for in a format that has no graphs.
        """
        if graph is not None:
            serialise((quad.triple for quad in self.quads(graph=graph)), output, form)
        elif can_hold_graphs(form):
            serialise(self.quads(), output, form)
        else:
            raise ParameterError(
                f"{form.value.label} has no named graphs.", hint="Name a graph, or use TriG or N-Quads."
            )

    def __len__(self) -> int:
        return sum(len(graph) for graph in self._dataset.graphs())

    def close(self) -> None:
        """Let go of the memory."""
        self._dataset = QuietDataset()


def _prepare(text: str, prefixes: Mapping[str, str] | None) -> Query:
    if query_form(text) in UPDATE_FORMS:
        raise QueryRefusedError("This is an update, not a query.")
    if any(token.is_word("SERVICE") for token in tokens(text)):
        raise QueryRefusedError("The query uses SERVICE, and this store asks no other endpoint.")
    try:
        return prepareQuery(text, initNs=dict(prefixes or {}))
    except ParseBaseException as exc:
        raise QuerySyntaxError(exc.msg, line=exc.lineno, column=exc.column) from exc
    except Exception as exc:  # rdflib raises bare Exception, for example for an unknown prefix
        raise QuerySyntaxError(str(exc) or type(exc).__name__) from exc


def _check_bindings(text: str, bindings: Mapping[str, Term] | None) -> None:
    mentioned = {token.text[1:] for token in tokens(text) if token.kind == "variable"} if bindings else set()
    for name in bindings or ():
        if name not in mentioned:
            raise ParameterError(f"The query has no variable ?{name}.")


def _answer(result: Result) -> Answer:
    if result.type == "ASK":
        return RdflibTruth(bool(result.askAnswer))
    if result.type == "SELECT":
        return RdflibSolutions(result.vars or [], result.bindings)
    return RdflibTriples(triple_from_rdflib(triple) for triple in result.graph or ())


def _serialised(result: Result, form: ResultFormat) -> bytes:
    buffer = io.BytesIO()
    result.serialize(buffer, format=form.value.name)
    return buffer.getvalue()
