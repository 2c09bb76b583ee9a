"""Pages of the feed as quads: its root, lists of pages, and pages of versions (LDES 1.0 in TREE); knows no HTTP.

A member of the stream is one version. What is said of the version itself stands in the page's default graph; the statements
in force are in the graph that has the version's name, as LDES's server primer advises. What each named graph states of the thing
is a graph of its own (`…/17#2`), and `sd:namedGraph` with `sd:name` says which one it is a copy of. So a page holds exactly
the quads that the dataset has, and any client can tell them apart.

The last member of each generation is a version of the dataset: with it a transaction ends (`ldes:transactionFinalizedPath`),
and its checksum is that of the canonical N-Quads of the whole dataset after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, RdfFormat, Triple, parse

from qit4n_kg.feed import terms as t
from qit4n_kg.feed.entries import BLANK, Boundary, Kind
from qit4n_kg.feed.ledger import VOLUME
from qit4n_kg.namespaces import XSD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from qit4n_kg.feed.entries import Entry, Page, Version

_DEFAULT = DefaultGraph()
_DATE_TIME, _INTEGER, _HEX, _BOOLEAN = (
    NamedNode(XSD + name) for name in ("dateTime", "nonNegativeInteger", "hexBinary", "boolean")
)
_KINDS = {Kind.CREATED: t.CREATE, Kind.UPDATED: t.UPDATE, Kind.DELETED: t.DELETE}
_STREAM_FACTS = (
    ("timestampPath", t.CREATED),
    ("sequencePath", t.POSITION),
    ("versionOfPath", t.IS_VERSION_OF),
    ("versionCreatePath", t.TYPE),
    ("versionUpdatePath", t.TYPE),
    ("versionDeletePath", t.TYPE),
    ("versionCreateObject", t.CREATE),
    ("versionUpdateObject", t.UPDATE),
    ("versionDeleteObject", t.DELETE),
    ("transactionPath", t.GENERATED_BY),
    ("transactionFinalizedPath", t.TYPE),
    ("transactionFinalizedObject", t.DATASET),
)


class PageWriter:
    """Writes the pages of one epoch; `host` is where they are served (`https://example.org`), `base_iri` names things."""

    def __init__(self, base_iri: str, epoch: str, host: str) -> None:
        self._base_iri = base_iri
        self._epoch = epoch
        self._host = host.rstrip("/")
        self._stream = NamedNode(t.stream_iri(base_iri, epoch))

    def root(
        self, pages: Sequence[Page], tip: Boundary, licence: str | None = None, publisher: str = ""
    ) -> Iterator[Quad]:
        """Yield the root: what the stream is, whose it is where that is stated, what is current, where its volumes are."""
        here = NamedNode(self._host + t.ROOT)
        yield _quad(self._stream, t.TYPE, t.EVENT_STREAM)
        yield _quad(self._stream, t.TITLE, Literal("Every version of each thing", language="en"))
        yield _quad(self._stream, t.VIEW, here)
        for name, term in _STREAM_FACTS:
            yield _quad(self._stream, NamedNode(t.LDES + name), term)
        if licence is not None:
            yield _quad(self._stream, t.LICENCE, NamedNode(licence))
        if publisher:
            yield _quad(self._stream, t.PUBLISHER, Literal(publisher))
        yield _quad(self._stream, t.CURRENT, self._member(tip.number))
        yield from self._boundary(tip)
        yield _quad(here, t.TYPE, t.NODE_CLASS)
        yield _quad(here, t.TYPE, t.EVENT_SOURCE)
        for number in range(0, len(pages), VOLUME):
            held = pages[number : number + VOLUME]
            path = t.volume_path(self._epoch, number // VOLUME + 1)
            is_closed = number + VOLUME < len(pages)
            yield from self._relations(here, path, held[0], held[-1] if is_closed else None)

    def volume(self, number: int, pages: Sequence[Page], *, is_closed: bool) -> Iterator[Quad]:
        """Yield a list of pages."""
        here = NamedNode(self._host + t.volume_path(self._epoch, number))
        yield from self._node(here, is_closed=is_closed)
        for page in pages:
            path = t.page_path(self._epoch, page.number)
            yield from self._relations(here, path, page, page if page.is_closed else None)

    def page(self, number: int, entries: Iterable[Entry], *, is_closed: bool) -> Iterator[Quad]:
        """Yield a page of versions."""
        here = NamedNode(self._host + t.page_path(self._epoch, number))
        yield from self._node(here, is_closed=is_closed)
        for entry in entries:
            yield _quad(self._stream, t.MEMBER, self._member(entry.number))
            yield from self.entry(entry)

    def entry(self, entry: Entry) -> Iterator[Quad]:
        """Yield one version."""
        yield from self._boundary(entry) if isinstance(entry, Boundary) else self._version(entry)

    def _version(self, version: Version) -> Iterator[Quad]:
        member = self._member(version.number)
        yield _quad(member, t.TYPE, _KINDS[version.kind])
        yield from self._envelope(member, version, version.boundary)
        yield _quad(member, t.IS_VERSION_OF, thing(version.subject, self._base_iri))
        copies: dict[object, NamedNode] = {_DEFAULT: member}
        for quad in parse(version.lines, RdfFormat.N_QUADS, lenient=True):
            if version.subject == BLANK:
                quad = Quad(*(_apart(term, version.number) for term in quad))  # noqa: PLW2901
            graph = quad.graph_name
            if graph not in copies:
                copy = copies[graph] = NamedNode(f"{member.value}#{len(copies)}")
                yield _quad(member, t.NAMED_GRAPH, copy)
                yield _quad(copy, t.TYPE, t.NAMED_GRAPH_CLASS)
                yield _quad(copy, t.NAME, graph)
            yield Quad(quad.subject, quad.predicate, quad.object, copies[graph])

    def _boundary(self, boundary: Boundary) -> Iterator[Quad]:
        member = self._member(boundary.number)
        yield _quad(member, t.TYPE, t.CREATE if boundary.is_first else t.UPDATE)
        yield _quad(member, t.TYPE, t.DATASET)
        yield from self._envelope(member, boundary, boundary.number)
        yield _quad(member, t.IS_VERSION_OF, NamedNode(self._base_iri))
        yield _quad(member, t.VERSION, Literal(str(boundary.generation)))
        if boundary.built_at is not None:
            yield _quad(member, t.MODIFIED, _time(boundary.built_at))
        yield _quad(member, t.TRIPLES, _number(boundary.triples))
        yield _quad(member, t.TOTAL_ITEMS, _number(boundary.quads))
        checksum = BlankNode(f"sum{boundary.number}")
        yield _quad(member, t.CHECKSUM, checksum)
        yield _quad(checksum, t.TYPE, t.CHECKSUM_CLASS)
        yield _quad(checksum, t.ALGORITHM, t.SHA256)
        value = boundary.dataset.removeprefix("sha256:")
        yield _quad(checksum, t.CHECKSUM_VALUE, Literal(value, datatype=_HEX))

    def _envelope(self, member: NamedNode, entry: Entry, boundary: int) -> Iterator[Quad]:
        yield _quad(member, t.CREATED, _time(entry.time))
        yield _quad(member, t.POSITION, _number(entry.number))
        yield _quad(member, t.GENERATED_BY, NamedNode(f"{self._member(boundary).value}#generation"))

    def _node(self, here: NamedNode, *, is_closed: bool) -> Iterator[Quad]:
        yield _quad(here, t.TYPE, t.NODE_CLASS)
        yield _quad(self._stream, t.VIEW, NamedNode(self._host + t.ROOT))
        if is_closed:
            yield _quad(here, t.IMMUTABLE, Literal("true", datatype=_BOOLEAN))

    def _relations(self, here: NamedNode, path: str, first: Page, last: Page | None) -> Iterator[Quad]:
        """Say what lies behind a link: what is not older than `first` and, once it is closed, not newer than `last`."""
        node = NamedNode(self._host + path)
        yield _quad(node, t.START_INDEX, _number(first.first))
        bounds = [(t.GREATER_OR_EQUAL, first.since)] + ([(t.LESS_OR_EQUAL, last.until)] if last else [])
        for kind, time in bounds:
            relation = BlankNode(f"{'since' if kind is t.GREATER_OR_EQUAL else 'until'}{first.first}")
            yield _quad(here, t.RELATION, relation)
            yield _quad(relation, t.TYPE, kind)
            yield _quad(relation, t.NODE, node)
            yield _quad(relation, t.PATH, t.CREATED)
            yield _quad(relation, t.VALUE, _time(time))

    def _member(self, number: int) -> NamedNode:
        return NamedNode(t.member_iri(self._base_iri, self._epoch, number))


def thing(subject: str, base_iri: str) -> NamedNode:
    """Return what a version is one of.

    >>> thing("<https://example.org/a>", "https://w3id.org/qit4n/").value, thing("_:", "https://w3id.org/qit4n/").value
    ('https://example.org/a', 'https://w3id.org/qit4n/feed#blank-nodes')
    """
    if subject == BLANK:
        return NamedNode(f"{base_iri}feed#blank-nodes")
    triple = next(iter(parse(f"{subject} <x:p> <x:o> .", RdfFormat.N_TRIPLES, lenient=True))).triple
    assert isinstance(triple.subject, NamedNode)
    return triple.subject


def _apart(term: Any, number: int) -> Any:
    """Give the blank nodes of a version labels of its own: another version on the same page has the same ones."""
    if isinstance(term, BlankNode):
        return BlankNode(f"v{number}{term.value}")
    if isinstance(term, Triple):
        return Triple(*(_apart(part, number) for part in term))
    return term


def _quad(subject: NamedNode | BlankNode, predicate: NamedNode, value: NamedNode | BlankNode | Literal) -> Quad:
    return Quad(subject, predicate, value, _DEFAULT)


def _number(number: int) -> Literal:
    return Literal(str(number), datatype=_INTEGER)


def _time(text: str) -> Literal:
    return Literal(text, datatype=_DATE_TIME)
