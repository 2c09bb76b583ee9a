"""Statements taken out of a Turtle text and put into it, each in its place, so that the difference is that of the statements.

A value that comes for one that goes takes its place, and so does a thing that comes with what was said of one that goes (a rename).
Other values come to those of their property, properties where other things of the text have them, things among those of their
folder where these are in order. Comments stay where they were, or on what follows. A prefix that is needed is added, one that is
needed no longer goes. What was made is read again and compared: a text that can't be edited so gives None.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, parse

from qit4n_kg.errors import SourceError
from qit4n_kg.namespaces import RDF
from qit4n_kg.turtle.formatting import format_turtle
from qit4n_kg.turtle.layout import Layout, rank
from qit4n_kg.turtle.reading import Block, Comments, Predicate, Term, read_document, tokenize
from qit4n_kg.turtle.spelling import Speller

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from qit4n_kg.turtle.reading import Document, Segment

_Meaning = NamedNode | BlankNode | Literal | Triple


def edit_turtle(
    text: str, gone: Iterable[Triple], come: Iterable[Triple], graph: str, house: Mapping[str, str]
) -> str | None:
    """Return the text without some statements and with others, laid out; None where they have no place in it.

    `graph` is the IRI of its graph, against which it is read; `house` the prefixes that may be added.
    """
    gone, come = set(gone), set(come)
    document = read_document(text)
    if len(document.segments) != 1:  # a prefix that changes half-way: names mean different things in one text
        return None
    wanted = (set(_read(text, graph)) - gone) | come
    editor = _Editor(document, graph, house)
    editor.change(gone, come)
    try:
        written = format_turtle(Layout().write(_without_unused(document, text)))
        return written if set(_read(written, graph)) == wanted else None
    except (SourceError, SyntaxError):
        return None


def write_turtle(triples: Iterable[Triple], graph: str, base: str, house: Mapping[str, str]) -> str:
    """Return a new text with these statements: the graph's own description first, the rest in order.

    :raises SourceError: they can't be written so, which is a bug.
    """
    written = edit_turtle(f"@base <{base}> .\n", (), triples, graph, house)
    if written is None:
        raise SourceError(f"The graph <{graph}> can't be written as Turtle.")
    return written


def _read(text: str, graph: str) -> Iterator[Triple]:
    return (quad.triple for quad in parse(text, RdfFormat.TURTLE, base_iri=graph))


class _Editor:
    """Changes the one segment of a document; `meanings` says for each text of a term what it stands for."""

    def __init__(self, document: Document, graph: str, house: Mapping[str, str]) -> None:
        self.document = document
        self.segment = document.segments[0]
        self.graph = NamedNode(graph)
        named = {one.name: one.iri[1:-1] for one in self.segment.directives if one.name is not None}
        bases = [one.iri[1:-1] for one in self.segment.directives if one.name is None]
        self.speller = Speller(named, bases[0] if bases else graph, house)
        self.meanings = _meanings(self.segment, graph)

    def change(self, gone: set[Triple], come: set[Triple]) -> None:
        """Make the change; what can't be found is left, and seen when the result is read again."""
        for subject in sorted({triple.subject for triple in come}, key=str):
            self._rename(subject, gone, come)
        for block in self.segment.blocks:
            self._take_out(block, gone, come)
        self._drop_empty_blocks()
        for triple in sorted(come, key=self._order):
            self._add(triple)
        self.segment.directives += self.speller.added

    def _write(self, term: _Meaning) -> str:
        text = self.speller.term(term)
        self.meanings[text] = term
        return text

    def _order(self, triple: Triple) -> tuple[bool, str, tuple[int, str], str]:
        verb = rank(self.speller.verb(triple.predicate))
        return triple.subject != self.graph, str(triple.subject), verb, self._write(triple.object)

    def _meaning(self, node: object) -> _Meaning | None:
        return self.meanings.get(node.text) if isinstance(node, Term) else None

    def _statements(self, block: Block) -> Iterator[tuple[Predicate, Term, Triple]]:
        """Yield what a block says, without what it says by blank nodes that have no name."""
        subject = self._meaning(block.subject)
        for predicate in block.predicates:
            verb = self.meanings[predicate.verb]
            for node in predicate.objects:
                value = self._meaning(node)
                if isinstance(node, Term) and value is not None and not isinstance(subject, Literal | None):
                    assert isinstance(verb, NamedNode)
                    yield predicate, node, Triple(subject, verb, value)

    def _blocks_of(self, subject: object) -> list[Block]:
        return [block for block in self.segment.blocks if self._meaning(block.subject) == subject]

    # --- what goes

    def _rename(self, subject: NamedNode | BlankNode | Triple, gone: set[Triple], come: set[Triple]) -> None:
        """Give a block whose statements all go to a new thing of which at least half of them are said."""
        if self._blocks_of(subject):
            return
        best: tuple[int, Block, list[Triple]] | None = None
        for block in self.segment.blocks:
            said = [triple for _, _, triple in self._statements(block)]
            if not said or not gone.issuperset(said) or len(self._blocks_of(said[0].subject)) != 1:
                continue
            shared = sum(Triple(subject, one.predicate, one.object) in come for one in said)
            if 2 * shared >= len(said) and (best is None or shared > best[0]):
                best = (shared, block, said)
        if best is None:
            return
        _, block, said = best
        assert isinstance(block.subject, Term)
        block.subject.text = self._write(subject)
        for one in said:
            gone.remove(one)
            moved = Triple(subject, one.predicate, one.object)
            if moved in come:
                come.remove(moved)
            else:
                gone.add(moved)

    def _take_out(self, block: Block, gone: set[Triple], come: set[Triple]) -> None:
        out: set[int] = set()
        for _, node, triple in list(self._statements(block)):
            if triple not in gone:
                continue
            same = (t for t in come if (t.subject, t.predicate) == (triple.subject, triple.predicate))
            instead = min(same, key=lambda t: self._write(t.object), default=None)
            if instead is None:
                out.add(id(node))
            else:
                come.remove(instead)
                node.text = self._write(instead.object)
        if out:
            self._drop(block, out)

    def _drop(self, block: Block, out: set[int]) -> None:
        """Take values out of a block; their comments go to what follows, or to what is before."""
        kept: list[Predicate] = []
        homeless: list[str] = []
        for predicate in block.predicates:
            dropped = [node for node in predicate.objects if id(node) in out]
            predicate.objects = [node for node in predicate.objects if id(node) not in out]
            comments = [line for node in dropped for line in _all(node.comments)]
            if predicate.objects:
                predicate.comments.before[:0] = [*homeless, *comments]
                homeless = []
                kept.append(predicate)
            else:
                homeless += [*_all(predicate.comments), *comments]
        block.predicates = kept
        (kept[-1].comments.after if kept else block.comments.before).extend(homeless)

    def _drop_empty_blocks(self) -> None:
        kept: list[Block] = []
        homeless: list[str] = []
        for block in self.segment.blocks:
            if block.predicates or not isinstance(block.subject, Term):
                block.comments.before[:0] = homeless
                homeless = []
                kept.append(block)
            else:
                homeless += [*_all(block.comments), *_all(block.subject.comments)]
        self.segment.blocks = kept
        self.document.tail[:0] = homeless

    # --- what comes

    def _add(self, triple: Triple) -> None:
        verb, node = self.speller.verb(triple.predicate), Term(self._write(triple.object))
        self.meanings.setdefault(verb, triple.predicate)
        blocks = self._blocks_of(triple.subject)
        for block in blocks:
            for predicate in block.predicates:
                if self.meanings[predicate.verb] == triple.predicate:
                    _insert(predicate, node)
                    return
        if blocks:
            block = blocks[0]
            block.predicates.insert(self._place_in(block, verb), Predicate(verb, [node]))
        else:
            block = Block(Term(self._write(triple.subject)), [Predicate(verb, [node])])
            self.segment.blocks.insert(self._place_of(block, triple.subject), block)

    def _place_in(self, block: Block, verb: str) -> int:
        """Return where a property goes: behind the one that it follows in other blocks, else by its rank, else at the end."""
        verbs = [predicate.verb for predicate in block.predicates]
        for peer in self.segment.blocks:
            before = [predicate.verb for predicate in peer.predicates]
            if peer is not block and verb in before:
                before = before[: before.index(verb)]
                known = [verbs.index(one) for one in reversed(before) if one in verbs]
                if known or not before:
                    return known[0] + 1 if known else 0
        lower = [number for number, one in enumerate(verbs, 1) if rank(one) <= rank(verb)]
        is_ranked = rank(verb)[0] < rank("")[0]
        return (lower[-1] if lower else 0) if is_ranked else len(verbs)

    def _place_of(self, block: Block, subject: object) -> int:
        """Return where a thing goes: the graph first, others among those of their folder."""
        if subject == self.graph:
            return 0
        assert isinstance(block.subject, Term)
        slug = block.subject.text.strip("<>")
        folder = slug.rpartition("/")[0]
        texts = [one.subject.text.strip("<>") if isinstance(one.subject, Term) else "" for one in self.segment.blocks]
        peers = [(number, text) for number, text in enumerate(texts) if text.rpartition("/")[0] == folder]
        if not peers:
            return len(texts)
        slugs = [text for _, text in peers]
        later = [number for number, text in peers if text > slug]
        return later[0] if later and slugs == sorted(slugs) else peers[-1][0] + 1


def _meanings(segment: Segment, graph: str) -> dict[str, _Meaning]:
    """Let the engine read every term of a segment once."""
    texts = {predicate.verb for block in segment.blocks for predicate in block.predicates}
    for block in segment.blocks:
        nodes = [block.subject, *(node for predicate in block.predicates for node in predicate.objects)]
        texts.update(node.text for node in nodes if isinstance(node, Term))
    texts.discard("a")
    listed = sorted(texts)
    lines = [
        f"@base {one.iri} ." if one.name is None else f"@prefix {one.name}: {one.iri} ." for one in segment.directives
    ]
    lines += [f"<x:{number}> <x:is> {text} ." for number, text in enumerate(listed)]
    found = parse("\n".join(lines), RdfFormat.TURTLE, base_iri=graph)
    meanings: dict[str, _Meaning] = {"a": NamedNode(f"{RDF}type")}
    meanings.update(zip(listed, (quad.object for quad in found), strict=True))
    return meanings


def _insert(predicate: Predicate, node: Term) -> None:
    """Add a value, in its place where the values are in order."""
    texts = [one.text if isinstance(one, Term) else "" for one in predicate.objects]
    is_ordered = len(texts) > 1 and texts == sorted(texts)
    place = sum(text < node.text for text in texts) if is_ordered else len(texts)
    predicate.objects.insert(place, node)


def _all(comments: Comments) -> list[str]:
    return [*comments.before, *comments.after]


def _without_unused(document: Document, before: str) -> Document:
    """Take out the prefixes that the text used before and uses no longer."""
    segment = document.segments[0]
    unused = _used(before) - _used(Layout().write(document))
    homeless = [line for one in segment.directives if one.name in unused for line in _all(one.comments)]
    segment.directives = [one for one in segment.directives if one.name not in unused]
    document.head += homeless
    return document


def _used(text: str) -> set[str | None]:
    """Return the prefixes of the names in a text."""
    tokens, _, _ = tokenize(text)
    behind = zip([None, *tokens], tokens, strict=False)
    return {
        token.text.partition(":")[0]
        for before, token in behind
        if token.kind == "pname" and not (before is not None and before.kind == "directive")
    }
