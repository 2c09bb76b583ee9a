"""The `Store` Protocol: what the project asks of an engine, and nothing more.

Terms, triples and quads are pyoxigraph's value objects (plain, hashable, independent of any store); an engine that has its own
converts. Specs: SPARQL 1.1 Query, RDF 1.1 Datasets. An implementation must answer each query over the RDF *merge* of the
default graphs it is given (SPARQL 1.1 section 13.2), in which a triple that stands in three of them occurs once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Protocol, TypeAlias

from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Triple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pyoxigraph import Quad

    from qit4n_kg.formats import RdfFormat, ResultFormat

Term: TypeAlias = NamedNode | BlankNode | Literal | Triple
"""An RDF term as it can stand in object position."""

GraphName: TypeAlias = NamedNode | BlankNode


class Solutions(Protocol):
    """The answer of a SELECT: rows are consumed once."""

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the columns, without the question mark, in the order of the SELECT clause."""
        ...

    def __iter__(self) -> Iterator[tuple[Term | None, ...]]:
        """Yield a row a solution, None where a variable is unbound."""
        ...

    def write(self, output: BinaryIO, form: ResultFormat) -> None:
        """Serialise the rest of the rows."""
        ...


class Truth(Protocol):
    """The answer of an ASK."""

    def __bool__(self) -> bool: ...

    def write(self, output: BinaryIO, form: ResultFormat) -> None:
        """Serialise it."""
        ...


class Triples(Protocol):
    """The answer of a CONSTRUCT or DESCRIBE: triples are consumed once, each distinct."""

    def __iter__(self) -> Iterator[Triple]: ...

    def write(self, output: BinaryIO, form: RdfFormat) -> None:
        """Serialise the rest of the triples."""
        ...


Answer: TypeAlias = Solutions | Truth | Triples


class Store(Protocol):
    """A quad store that answers SPARQL."""

    def query(
        self,
        text: str,
        *,
        bindings: Mapping[str, Term] | None = None,
        default_graphs: Sequence[GraphName] | None = None,
        named_graphs: Sequence[GraphName] | None = None,
        prefixes: Mapping[str, str] | None = None,
    ) -> Answer:
        """Answer one SPARQL query.

        `bindings` are variables (without `?`) replaced by terms, so that user text never becomes query text. `default_graphs` and
        `named_graphs` are the protocol's dataset; when either is given it replaces FROM and FROM NAMED (SPARQL 1.1 Protocol
        section 2.1.4), and a None beside it means none. `prefixes` hold where the query declares none of that name.

        :raises QuerySyntaxError: with line and column where the engine tells them.
        :raises QueryRefusedError: it is an update, or it uses what the engine does not support.
        :raises ParameterError: a binding is of no variable of the query, or the query assigns that variable itself.
        """
        ...

    def quads(
        self,
        subject: Term | None = None,
        predicate: NamedNode | None = None,
        obj: Term | None = None,
        graph: GraphName | DefaultGraph | None = None,
    ) -> Iterator[Quad]:
        """Yield the quads that match a pattern; None matches anything, for `graph` the default graph too."""
        ...

    def graphs(self) -> Iterator[GraphName]:
        """Yield the names of the named graphs."""
        ...

    def add(self, quads: Iterable[Quad]) -> None:
        """Insert quads, all or none."""
        ...

    def load(self, quads: Iterable[Quad]) -> None:
        """Insert many quads, fast and in bounded memory; not atomic, so only into a store that nobody reads yet."""
        ...

    def dump(self, output: BinaryIO, form: RdfFormat, graph: GraphName | DefaultGraph | None = None) -> None:
        """Write one graph, or with None the whole dataset in a format that has graphs."""
        ...

    def __len__(self) -> int:
        """Count the quads, those of the default graph included."""
        ...

    def close(self) -> None:
        """Let go of files and memory; a writable store on disk is flushed first."""
        ...
