"""A tree of Turtle laid out in one way: prefixes sorted, a property a line, comments where they were; it judges nothing.

The author's order of things and properties is kept, because people read it. With `is_sorted` everything stands in one order, so
that two texts of the same statements (without blank nodes) become the same text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qit4n_kg.turtle.reading import Anonymous, Collection, Term

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qit4n_kg.turtle.reading import Block, Directive, Document, Node, Predicate, Segment

WIDTH = 120
_STEP = "    "
_FIRST = ("a", "rdfs:label", "skos:prefLabel", "skos:altLabel", "skos:notation", "dcterms:title", "dcterms:description")


@dataclass(frozen=True)
class Layout:
    """How to lay out."""

    is_sorted: bool = False

    def write(self, document: Document) -> str:
        """Write a document; it ends with one line break, and is empty if the document is."""
        parts = ["\n".join(document.head)] if document.head else []
        for segment in document.segments:
            if segment.directives:
                parts.append("\n".join(self._directives(segment)))
            parts += ["\n".join(self._block(block)) for block in self._blocks(segment)]
        if document.tail:
            parts.append("\n".join(document.tail))
        return "\n\n".join(parts) + "\n" if parts else ""

    # --- directives

    def _directives(self, segment: Segment) -> Iterable[str]:
        kept: dict[str | None, Directive] = {}
        for directive in segment.directives:
            if directive.name in kept and kept[directive.name].iri != directive.iri:
                return self._as_they_are(segment.directives)  # a prefix that changes: the order has a meaning
            if directive.name in kept:
                kept[directive.name].comments.before += directive.comments.before
                kept[directive.name].comments.after += directive.comments.after
            else:
                kept[directive.name] = directive
        relative = [d for d in segment.directives if ":" not in d.iri]
        if relative:  # against which base it stands depends on the order
            return self._as_they_are(list(kept.values()))
        return self._as_they_are(sorted(kept.values(), key=lambda d: (d.name is not None, d.name or "")))

    def _as_they_are(self, directives: Sequence[Directive]) -> Iterable[str]:
        for one in directives:
            yield from one.comments.before
            text = f"@base {one.iri} ." if one.name is None else f"@prefix {one.name}: {one.iri} ."
            yield _with_comments(text, one.comments.after)

    # --- blocks

    def _blocks(self, segment: Segment) -> list[Block]:
        joined: list[Block] = []
        named: dict[str, Block] = {}
        for block in segment.blocks:
            text = block.subject.text if isinstance(block.subject, Term) else None
            other = named.get(text) if text is not None else None
            if other is not None and (self.is_sorted or other is joined[-1]):
                _join(other, block)
                continue
            joined.append(block)
            if text is not None:
                named[text] = block
        if self.is_sorted:
            joined.sort(key=self._block_key)
        return joined

    def _block_key(self, block: Block) -> tuple[bool, str]:
        text = block.subject.text if isinstance(block.subject, Term) else "\n".join(self._block(block))
        return not text.startswith("<"), text

    def _block(self, block: Block) -> list[str]:
        subject = self._lines(block.subject, 0)
        lines = [*block.comments.before, *subject]
        predicates = self._predicates(block.predicates)
        if not predicates:
            return [*lines[:-1], f"{lines[-1]} .", *block.comments.after]
        lines[-1] = _with_comments(lines[-1], [*block.subject.comments.after, *block.comments.after])
        for number, predicate in enumerate(predicates):
            lines += self._predicate(predicate, 1, " ." if number == len(predicates) - 1 else " ;")
        return lines

    def _predicates(self, predicates: Iterable[Predicate]) -> list[Predicate]:
        joined: dict[str, Predicate] = {}
        for predicate in predicates:
            if predicate.verb in joined:
                first = joined[predicate.verb]
                first.objects += predicate.objects
                first.comments.before += predicate.comments.before
                first.comments.after += predicate.comments.after
            else:
                joined[predicate.verb] = predicate
        for predicate in joined.values():
            predicate.objects = self._objects(predicate.objects)
        found = list(joined.values())
        return sorted(found, key=lambda p: rank(p.verb)) if self.is_sorted else found

    def _objects(self, objects: Iterable[Node]) -> list[Node]:
        kept: dict[object, Node] = {}
        for node in objects:
            key: object = node.text if isinstance(node, Term) else id(node)
            if key in kept:
                kept[key].comments.before += node.comments.before
                kept[key].comments.after += node.comments.after
            else:
                kept[key] = node
        found = list(kept.values())
        return sorted(found, key=lambda node: "\n".join(self._lines(node, 0))) if self.is_sorted else found

    def _predicate(self, predicate: Predicate, depth: int, end: str) -> list[str]:
        """Lay out a property with its values: on one line where they fit and have no comments of their own."""
        indent = _STEP * depth
        before = [f"{indent}{comment}" for comment in predicate.comments.before]
        objects = predicate.objects
        if len(objects) == 1:
            node = objects[0]
            before += [f"{indent}{comment}" for comment in node.comments.before]
            lines = self._lines(node, depth)
            lines[0] = f"{indent}{predicate.verb} {lines[0]}"
            lines[-1] = _with_comments(lines[-1] + end, [*predicate.comments.after, *node.comments.after])
            return [*before, *lines]
        short = self._in_one_line(objects)
        if short is not None and len(line := f"{indent}{predicate.verb} {short}{end}") <= WIDTH:
            return [*before, _with_comments(line, predicate.comments.after)]
        return [*before, *self._apart(predicate, depth, end)]

    def _apart(self, predicate: Predicate, depth: int, end: str) -> list[str]:
        lines = [_with_comments(f"{_STEP * depth}{predicate.verb}", predicate.comments.after)]
        inner = _STEP * (depth + 1)
        for number, node in enumerate(predicate.objects):
            lines += [f"{inner}{comment}" for comment in node.comments.before]
            found = self._lines(node, depth + 1)
            found[0] = f"{inner}{found[0]}"
            mark = end if number == len(predicate.objects) - 1 else ","
            found[-1] = _with_comments(found[-1] + mark, node.comments.after)
            lines += found
        return lines

    def _in_one_line(self, nodes: Iterable[Node]) -> str | None:
        texts = []
        for node in nodes:
            if not isinstance(node, Term) or node.comments.before or node.comments.after or "\n" in node.text:
                return None
            texts.append(node.text)
        return ", ".join(texts)

    # --- nodes

    def _lines(self, node: Node, depth: int) -> list[str]:
        """Lay out a node; its first line has no indent, and its own comments are left to who calls."""
        if isinstance(node, Term):
            return [node.text]
        is_plain = not (node.inner.before or node.inner.after)
        if isinstance(node, Anonymous):
            return self._anonymous(node, depth, is_plain=is_plain)
        return self._collection(node, depth, is_plain=is_plain)

    def _anonymous(self, node: Anonymous, depth: int, *, is_plain: bool) -> list[str]:
        predicates = self._predicates(node.predicates)
        if not predicates and is_plain:
            return ["[]"]
        if is_plain and len(predicates) == 1:
            found = self._predicate(predicates[0], 0, "")
            if len(found) == 1 and len(found[0]) < WIDTH // 2 and "#" not in _without_texts(found[0]):
                return [f"[ {found[0]} ]"]
        lines = ["[", *(f"{_STEP * (depth + 1)}{comment}" for comment in node.inner.before)]
        for number, predicate in enumerate(predicates):
            lines += self._predicate(predicate, depth + 1, "" if number == len(predicates) - 1 else " ;")
        lines += [f"{_STEP * (depth + 1)}{comment}" for comment in node.inner.after]
        return [*lines, f"{_STEP * depth}]"]

    def _collection(self, node: Collection, depth: int, *, is_plain: bool) -> list[str]:
        if not node.items and is_plain:
            return ["()"]
        has_comments = any(item.comments.before or item.comments.after for item in node.items)
        found = [self._lines(item, depth + 1) for item in node.items]
        if is_plain and not has_comments and all(len(lines) == 1 and "\n" not in lines[0] for lines in found):
            line = f"( {' '.join(lines[0] for lines in found)} )"
            if len(line) + len(_STEP) * depth < WIDTH - 20:
                return [line]
        inner = _STEP * (depth + 1)
        written = ["(", *(f"{inner}{comment}" for comment in node.inner.before)]
        for item, lines in zip(node.items, found, strict=True):
            written += [f"{inner}{comment}" for comment in item.comments.before]
            lines[0] = f"{inner}{lines[0]}"
            lines[-1] = _with_comments(lines[-1], item.comments.after)
            written += lines
        written += [f"{inner}{comment}" for comment in node.inner.after]
        return [*written, f"{_STEP * depth})"]


def _join(first: Block, other: Block) -> None:
    first.comments.before += [*other.comments.before, *other.subject.comments.before]
    first.comments.after += [*other.comments.after, *other.subject.comments.after]
    first.predicates += other.predicates


def rank(verb: str) -> tuple[int, str]:
    """Return where a property stands among others: names and descriptions first, the rest by its text."""
    return (_FIRST.index(verb) if verb in _FIRST else len(_FIRST), verb)


def _with_comments(line: str, comments: Sequence[str]) -> str:
    """Put comments behind a line; of several, the further ones follow in the same comment."""
    return f"{line}  {' '.join(comments)}" if comments else line


def _without_texts(line: str) -> str:
    return re.sub(r"<[^>]*>|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'", "", line)
