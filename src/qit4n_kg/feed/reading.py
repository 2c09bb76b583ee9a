"""Pages of the feed read back: what the root says, what a list lists, and the versions of a page with their exact quads.

What is read comes from elsewhere: whatever is not what `writing` writes is refused.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, RdfFormat, parse

from qit4n_kg.errors import MirrorError
from qit4n_kg.feed import terms as t

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_DEFAULT = DefaultGraph()
_LONGEST = 1_000


@dataclass(frozen=True)
class Mark:
    """The end of a generation in a feed: where it is, and what the dataset is then."""

    stream: str
    """The epoch's IRI."""
    number: int
    generation: int
    built_at: str
    """When the source built it (ISO 8601, UTC)."""
    dataset: str
    quads: int


@dataclass(frozen=True)
class Root:
    """What the root says: the current generation's mark, and the lists of pages by the number of their first entry."""

    current: Mark
    volumes: tuple[tuple[int, str], ...]
    licence: str | None
    """The licence of the data, where the source states one."""
    publisher: str
    """Who publishes them, empty where nobody is named."""


@dataclass(frozen=True)
class Listing:
    """A list of pages, by the number of their first entry."""

    pages: tuple[tuple[int, str], ...]
    is_immutable: bool


@dataclass(frozen=True)
class Change:
    """A version as a page has it: all quads of the thing, none where it is gone."""

    number: int
    thing: NamedNode
    quads: tuple[Quad, ...]


class Document:
    """The quads of one page of the feed, to be asked."""

    def __init__(self, content: bytes, url: str) -> None:
        self._url = url
        self._said: dict[Any, dict[NamedNode, list[Any]]] = defaultdict(lambda: defaultdict(list))
        self._graphs: dict[Any, list[Quad]] = defaultdict(list)
        try:
            for quad in parse(content, RdfFormat.N_QUADS, lenient=True):
                if quad.graph_name == _DEFAULT:
                    self._said[quad.subject][quad.predicate].append(quad.object)
                else:
                    self._graphs[quad.graph_name].append(quad)
        except (SyntaxError, ValueError) as exc:
            raise self._no_feed(f"it is no N-Quads ({exc})") from exc

    def root(self) -> Root:
        """Read it as the root."""
        streams = [node for node, said in self._said.items() if t.EVENT_STREAM in said[t.TYPE]]
        if len(streams) != 1 or not isinstance(streams[0], NamedNode):
            raise self._no_feed("it tells of no event stream, or of several")
        said = self._said[streams[0]]
        mark = self._mark(self._one(streams[0], t.CURRENT), streams[0].value)
        licences = [one.value for one in said.get(t.LICENCE, ()) if isinstance(one, NamedNode)]
        publishers = [one.value[:_LONGEST] for one in said.get(t.PUBLISHER, ()) if isinstance(one, Literal)]
        return Root(mark, self._nodes(), min(licences, default=None), min(publishers, default=""))

    def listing(self) -> Listing:
        """Read it as a list of pages."""
        return Listing(self._nodes(), self.is_immutable)

    @property
    def is_immutable(self) -> bool:
        """Whether it says that it never changes."""
        return any(t.IMMUTABLE in said for said in self._said.values())

    def entries(self) -> list[Change | Mark]:
        """Read it as a page: its versions and the ends of generations, in order."""
        found = [
            (stream, member)
            for stream, said in self._said.items()
            for member in said.get(t.MEMBER, ())
            if isinstance(stream, NamedNode)
        ]
        entries = [
            self._mark(member, stream.value) if t.DATASET in self._said[member][t.TYPE] else self._change(member)
            for stream, member in found
        ]
        return sorted(entries, key=lambda entry: entry.number)

    def _change(self, member: Any) -> Change:
        thing = self._one(member, t.IS_VERSION_OF)
        if not isinstance(thing, NamedNode):
            raise self._no_feed(f"{member} is a version of nothing")
        quads = [Quad(quad.subject, quad.predicate, quad.object, _DEFAULT) for quad in self._graphs.get(member, ())]
        for copy in self._said[member].get(t.NAMED_GRAPH, ()):
            name = self._one(copy, t.NAME)
            quads += [Quad(quad.subject, quad.predicate, quad.object, name) for quad in self._graphs.get(copy, ())]
        if bool(quads) == (t.DELETE in self._said[member][t.TYPE]):
            raise self._no_feed(f"{member} is deleted and has statements, or neither")
        return Change(self._number(member, t.POSITION), thing, tuple(quads))

    def _mark(self, member: Any, stream: str) -> Mark:
        checksum = self._one(self._one(member, t.CHECKSUM), t.CHECKSUM_VALUE).value
        return Mark(
            stream,
            self._number(member, t.POSITION),
            self._number(member, t.VERSION),
            self._moment(member),
            f"sha256:{checksum}",
            self._number(member, t.TOTAL_ITEMS),
        )

    def _moment(self, member: Any) -> str:
        """Return when a generation was built; a feed that does not tell it tells when the generation came into it."""
        text = self._one(member, t.MODIFIED if self._said[member].get(t.MODIFIED) else t.CREATED).value
        try:
            is_good = len(text) < _LONGEST and datetime.fromisoformat(text).tzinfo is not None
        except ValueError:
            is_good = False
        if not is_good:
            raise self._no_feed(f"{member} was built at no moment")
        return str(text)

    def _nodes(self) -> tuple[tuple[int, str], ...]:
        """Return what it links to, by the number of the first entry behind the link."""
        found = {node for said in self._said.values() for node in said.get(t.NODE, ()) if isinstance(node, NamedNode)}
        return tuple(sorted((self._number(node, t.START_INDEX), node.value) for node in found))

    def _number(self, subject: Any, predicate: NamedNode) -> int:
        text = self._one(subject, predicate).value
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            raise self._no_feed(f"{predicate} of {subject} is no number")
        return int(text)

    def _one(self, subject: Any, predicate: NamedNode) -> Any:
        said: Mapping[NamedNode, Iterable[Any]] = self._said.get(subject, {})
        values = list(said.get(predicate, ()))
        if len(values) != 1:
            raise self._no_feed(f"{subject} has {len(values)} values of {predicate}")
        return values[0]

    def _no_feed(self, reason: str) -> MirrorError:
        return MirrorError(f"<{self._url}> is not a page of a change feed that can be mirrored: {reason[:300]}.")
