"""`OxigraphStore`: the `Store` Protocol on pyoxigraph, in memory or in a RocksDB directory.

It alone knows pyoxigraph's peculiarities: several default graphs are not merged (0.5.13 counts a triple once per graph), so such
a query runs over a temporary merge (SPARQL 1.1 Query section 13.2), and typed values are kept by value, not by spelling ("01"
comes back as "1", every derived integer type as xsd:integer). It must not decide what a query may do: that is for who calls it.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, BinaryIO, Self, TypeAlias, cast

import pyoxigraph
from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, Triple, Variable

from qit4n_kg.errors import (
    GenerationDamagedError,
    ParameterError,
    QueryRefusedError,
    QuerySyntaxError,
    RemoteEndpointError,
    StateError,
)
from qit4n_kg.formats import RdfFormat, ResultFormat
from qit4n_kg.namespaces import PREFIXES, RDF, XSD
from qit4n_kg.store.bindings import bind, is_bindable
from qit4n_kg.store.csv_writing import CsvOutput
from qit4n_kg.store.dataset_clause import UPDATE_FORMS, query_form, requested_dataset, tokens
from qit4n_kg.store.writing import rdf_format, results_output, serialise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from qit4n_kg.store.base import Answer, GraphName, Term

_POSITION = re.compile(r"^error at (\d+):(\d+): ?", re.DOTALL)
_UNSUPPORTED = re.compile(r"The custom (?:aggregate )?function (<.*>) is not supported", re.DOTALL)
_WITH_PREFIXES = frozenset({RdfFormat.TURTLE, RdfFormat.TRIG})
_KEPT_DATATYPES = frozenset({f"{XSD}string", f"{RDF}langString", f"{RDF}dirLangString", f"{XSD}anyURI"})
_Result: TypeAlias = "pyoxigraph.QuerySolutions | pyoxigraph.QueryBoolean | pyoxigraph.QueryTriples"


class OxigraphSolutions:
    """The rows of a SELECT, computed while they are read; they are read once.

    Only the thread that asked can free the engine's part, which keeps a generation open. So it is let go when the rows are read or
    fail, and not when the last traceback or cycle that leads here is.
    """

    def __init__(self, inner: pyoxigraph.QuerySolutions, text: str = "") -> None:
        self._inner: pyoxigraph.QuerySolutions | None = inner
        self._text = text
        self._variables = tuple(variable.value for variable in inner.variables)

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the columns."""
        return self._variables

    def __iter__(self) -> Iterator[tuple[Term | None, ...]]:
        with engine_errors(self._text):
            try:
                for row in self._inner or ():
                    yield tuple(row)
            except GeneratorExit:  # the reader stops: the rest may be written
                raise
            except BaseException:
                self._inner = None
                raise
        self._inner = None

    def write(self, output: BinaryIO, form: ResultFormat) -> None:
        """Serialise the rest of the rows; what `output` raises passes through."""
        inner, self._inner = self._inner, None
        assert inner is not None, "all rows have been read"
        try:
            with engine_errors(self._text):
                if form is ResultFormat.CSV:
                    csv = CsvOutput(output, self.variables)
                    inner.serialize(cast("BinaryIO", csv), pyoxigraph.QueryResultsFormat.TSV)
                    csv.close()
                else:
                    inner.serialize(results_output(output, form), _results_format(form))
        finally:
            del inner


class OxigraphTruth:
    """The answer of an ASK."""

    def __init__(self, inner: pyoxigraph.QueryBoolean) -> None:
        self._inner = inner

    def __bool__(self) -> bool:
        return bool(self._inner)

    def write(self, output: BinaryIO, form: ResultFormat) -> None:
        """Serialise it."""
        self._inner.serialize(output, _results_format(form))


class OxigraphTriples:
    """The triples of a CONSTRUCT or DESCRIBE, computed while they are read, once; the engine's part goes as that of rows does."""

    def __init__(self, inner: Iterable[Triple], text: str = "") -> None:
        self._inner: Iterable[Triple] = inner
        self._text = text

    def __iter__(self) -> Iterator[Triple]:
        with engine_errors(self._text):
            try:
                yield from self._inner
            except GeneratorExit:  # the reader stops: the rest may be written
                raise
            except BaseException:
                self._inner = ()
                raise
        self._inner = ()

    def write(self, output: BinaryIO, form: RdfFormat) -> None:
        """Serialise the rest of the triples; what `output` raises passes through.

        :raises NotAcceptableError: the format can't hold one of them.
        """
        inner, self._inner = self._inner, ()
        try:
            with engine_errors(self._text):
                serialise(inner, output, form, _prefixes(form))
        finally:
            del inner


class OxigraphStore:
    """A quad store in memory, or in a directory that one process may write or many may read."""

    def __init__(self, inner: pyoxigraph.Store, *, is_on_disk: bool = False, is_read_only: bool = False) -> None:
        self._store: pyoxigraph.Store | None = inner
        self._is_on_disk = is_on_disk
        self._is_read_only = is_read_only

    @classmethod
    def in_memory(cls) -> Self:
        """Make an empty store that is gone when it is closed."""
        return cls(pyoxigraph.Store())

    @classmethod
    def create(cls, path: Path) -> Self:
        """Open a directory for writing, made if it is missing; no other process may have it open.

        :raises OSError: the directory can't be written, or another process writes it.
        """
        return cls(pyoxigraph.Store(str(path)), is_on_disk=True)

    @classmethod
    def open_read_only(cls, path: Path) -> Self:
        """Open a directory that no process writes any more.

        :raises OSError: there is no store.
        :raises GenerationDamagedError: it is damaged.
        """
        try:
            return cls(pyoxigraph.Store.read_only(str(path)), is_on_disk=True, is_read_only=True)
        except (OSError, RuntimeError) as exc:
            if not path.is_dir():
                raise
            hint = "Remove the state directory and build again: sources and journal are all that a build needs."
            raise GenerationDamagedError(f"The store {path} can't be read: {exc}.", hint=hint) from exc

    @property
    def inner(self) -> pyoxigraph.Store:
        """The engine's own store."""
        if self._store is None:
            raise StateError("The store is closed.")
        return self._store

    def query(
        self,
        text: str,
        *,
        bindings: Mapping[str, Term] | None = None,
        default_graphs: Sequence[GraphName] | None = None,
        named_graphs: Sequence[GraphName] | None = None,
        prefixes: Mapping[str, str] | None = None,
        base_iri: str | None = None,
    ) -> Answer:
        """Answer one SPARQL query (see the Protocol); the rows are computed while they are read.

        `base_iri` is what relative IRIs are resolved against where the query has no BASE (RFC 3986 section 5.1.4).

        :raises QuerySyntaxError: with line and column.
        :raises QueryRefusedError: it is an update, or it calls a function that this engine has not.
        :raises ParameterError: a binding or a prefix can't be used.
        """
        dataset = requested_dataset(text, default_graphs, named_graphs, prefixes)
        substitutions = {Variable(name): term for name, term in (bindings or {}).items() if not is_bindable(term)}
        bound = bind(text, {name: term for name, term in (bindings or {}).items() if is_bindable(term)})
        known = dict(prefixes) if prefixes else None
        source, default, named = self._dataset(dataset)
        with engine_errors(text):
            try:
                result = source.query(
                    bound,
                    base_iri=base_iri,
                    prefixes=known,
                    default_graph=default,
                    named_graphs=named,
                    substitutions=substitutions,
                )
            except SyntaxError:
                if bound is not text:
                    pyoxigraph.Store().query(
                        text, base_iri=base_iri, prefixes=known
                    )  # raises at the place that the user sees
                    raise ParameterError(f"{_listed(bindings)} can't be bound here: the query assigns it.") from None
                raise
            except UnicodeEncodeError:
                raise
            except ValueError as exc:
                raise ParameterError(f"A prefix can't be used: {exc}.") from exc
        return wrap_answer(result, text)

    def _dataset(
        self, dataset: tuple[list[GraphName], list[GraphName]] | None
    ) -> tuple[pyoxigraph.Store, list[GraphName | DefaultGraph] | None, list[GraphName] | None]:
        """Return the store to ask and the graphs to name to it, so that its default graph is a merge."""
        if dataset is None:
            return self.inner, None, None
        default, named = dataset
        if len(default) < 2:
            return self.inner, [*default], named
        return self._merged(default, named), [DefaultGraph()], named

    def _merged(self, default: Sequence[GraphName], named: Sequence[GraphName]) -> pyoxigraph.Store:
        merged = pyoxigraph.Store()
        for graph in default:
            merged.bulk_extend(Quad(q.subject, q.predicate, q.object) for q in self.quads(graph=graph))
        for graph in named:
            if self.inner.contains_named_graph(graph):
                merged.add_graph(graph)
                merged.bulk_extend(self.quads(graph=graph))
        return merged

    def quads(
        self,
        subject: Term | None = None,
        predicate: NamedNode | None = None,
        obj: Term | None = None,
        graph: GraphName | DefaultGraph | None = None,
    ) -> Iterator[Quad]:
        """Yield the quads that match a pattern; None matches anything."""
        if isinstance(subject, Literal | Triple):  # neither can be a subject
            return iter(())
        return iter(self.inner.quads_for_pattern(subject, predicate, obj, graph))

    def graphs(self) -> Iterator[GraphName]:
        """Yield the names of the named graphs."""
        return iter(self.inner.named_graphs())

    def add(self, quads: Iterable[Quad]) -> None:
        """Insert quads, all or none."""
        self.inner.extend(quads)

    def load(self, quads: Iterable[Quad]) -> None:
        """Insert many quads, fast and in bounded memory; not atomic."""
        self.inner.bulk_extend(quads)

    def dump(self, output: BinaryIO, form: RdfFormat, graph: GraphName | DefaultGraph | None = None) -> None:
        """Write one graph, or with None the whole dataset.

        :raises ParameterError: the whole dataset is asked for in a format that has no graphs.
        """
        if graph is None and not can_hold_graphs(form):
            raise ParameterError(
                f"{form.value.label} has no named graphs.", hint="Name a graph, or use TriG or N-Quads."
            )
        if form is RdfFormat.RDF_XML:
            serialise((quad.triple for quad in self.quads(graph=graph)), output, form)
            return
        self.inner.dump(output, rdf_format(form), from_graph=graph, prefixes=_prefixes(form))

    def __len__(self) -> int:
        return len(self.inner)

    def close(self) -> None:
        """Flush what was written and let go of the files; answers that are still open keep them until they end."""
        store, self._store = self._store, None
        if store is not None and self._is_on_disk and not self._is_read_only:
            store.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def wrap_answer(result: _Result | Iterable[Triple], text: str = "") -> Answer:
    """Wrap what the engine, or its parser of results, returned; `text` is the query, for error messages."""
    if isinstance(result, pyoxigraph.QuerySolutions):
        return OxigraphSolutions(result, text)
    if isinstance(result, pyoxigraph.QueryBoolean):
        return OxigraphTruth(result)
    return OxigraphTriples(result, text)


def in_graph(triple: Triple, graph: NamedNode | DefaultGraph) -> Quad:
    """Return a triple as a quad of a graph."""
    return Quad(triple.subject, triple.predicate, triple.object, graph)


def stored_forms(quads: Iterable[Quad]) -> Iterator[Quad]:
    """Yield quads as a store will give them back: numbers, booleans and times in the spelling of their value.

    >>> seven = Literal("07", datatype=NamedNode("http://www.w3.org/2001/XMLSchema#integer"))
    >>> [quad.object.value for quad in stored_forms([Quad(NamedNode("x:s"), NamedNode("x:p"), seven)])]
    ['7']
    """
    for quad in quads:
        term = quad.object
        if isinstance(term, Triple) or (isinstance(term, Literal) and term.datatype.value not in _KEPT_DATATYPES):
            yield Quad(quad.subject, quad.predicate, _stored_form(term), quad.graph_name)
        else:
            yield quad


@lru_cache(maxsize=65_536)
def _stored_form(term: Literal | Triple) -> Term:
    scratch = pyoxigraph.Store()
    scratch.add(Quad(NamedNode("x:"), NamedNode("x:"), term))
    term = next(iter(scratch)).object
    assert isinstance(term, Literal | Triple), term
    return term


@contextmanager
def engine_errors(text: str) -> Iterator[None]:
    """Turn pyoxigraph's errors into the project's own; errors of an output or of a consumer pass through."""
    try:
        yield
    except SyntaxError as exc:
        raise _syntax_error(text, str(exc)) from exc
    except UnicodeEncodeError as exc:
        raise QuerySyntaxError("The query has half of a surrogate pair, which is no character.") from exc
    except RuntimeError as exc:
        if match := _UNSUPPORTED.search(str(exc)):
            raise QueryRefusedError(f"The function {match.group(1)} is not supported.") from exc
        if "does not contains variable" in str(exc):
            raise ParameterError("A blank node can only be bound to a variable that the query selects.") from exc
        raise
    except OSError as exc:
        if exc.errno is None and any(token.is_word("SERVICE") for token in tokens(text)):
            raise RemoteEndpointError(f"A SERVICE of the query failed: {exc}.") from exc
        raise


def _syntax_error(text: str, message: str) -> Exception:
    if query_form(text) in UPDATE_FORMS:
        return QueryRefusedError("This is an update, not a query.")
    match = _POSITION.match(message)
    if match is None:
        return QuerySyntaxError(message)
    return QuerySyntaxError(message[match.end() :], line=int(match.group(1)), column=int(match.group(2)))


def _listed(bindings: Mapping[str, Term] | None) -> str:
    return ", ".join(f"?{name}" for name in bindings or ())


def can_hold_graphs(form: RdfFormat) -> bool:
    """Tell whether a whole dataset can be written so; JSON-LD is offered as a format of triples but holds graphs too."""
    return form.value.has_graphs or form is RdfFormat.JSON_LD


def _results_format(form: ResultFormat) -> pyoxigraph.QueryResultsFormat:
    found = pyoxigraph.QueryResultsFormat.from_media_type(form.value.media_type)
    assert found is not None, form
    return found


def _prefixes(form: RdfFormat) -> dict[str, str] | None:
    return PREFIXES if form in _WITH_PREFIXES else None
