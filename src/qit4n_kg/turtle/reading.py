"""A Turtle text as a tree that keeps the order and the comments of its author; it resolves no IRI and makes no graph.

Reads texts that an engine has accepted already (Turtle 1.1). Each comment belongs to the token that follows it, or to the one
before it on its line, so that none is lost when the tree is written again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from qit4n_kg.errors import SourceError
from qit4n_kg.namespaces import RDF

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = r"(?:[^\W\d_](?:[\w·‿⁀.-]*[\w·‿⁀-])?)?"
_ESCAPED = r"%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?\#@%]"
_LOCAL = rf"(?:(?:[\w:]|{_ESCAPED})(?:(?:[\w:·‿⁀.-]|{_ESCAPED})*(?:[\w:·‿⁀-]|{_ESCAPED}))?)?"
_TOKEN = re.compile(
    rf"""
      (?P<space>\s+)
    | (?P<comment>\#[^\n]*)
    | (?P<directive>@prefix\b|@base\b|[Pp][Rr][Ee][Ff][Ii][Xx](?=\s)|[Bb][Aa][Ss][Ee](?=[\s<]))
    | (?P<iri><[^\x00-\x20<>"{{}}|^`]*>)
    | (?P<string>\"\"\"(?:[^"\\]|\\.|"(?!""))*\"\"\" | '''(?:[^'\\]|\\.|'(?!''))*'''
                | "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*')
    | (?P<language>@[A-Za-z]+(?:-[A-Za-z0-9]+)*)
    | (?P<carets>\^\^)
    | (?P<blank>_:[\w·‿⁀](?:[\w·‿⁀.-]*[\w·‿⁀-])?)
    | (?P<number>[+-]?(?:\d+\.\d*[eE][+-]?\d+|\.\d+[eE][+-]?\d+|\d+[eE][+-]?\d+|\d*\.\d+|\d+))
    | (?P<pname>{_NAME}:{_LOCAL})
    | (?P<word>[A-Za-z]+)
    | (?P<mark>[.;,\[\]()])
    """,
    re.VERBOSE | re.DOTALL,
)
_SIMPLE_LOCAL = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
TYPE = f"<{RDF}type>"
_DEEPEST = 100


class Token(NamedTuple):
    """One token with the comments on the lines before it, and the one behind it on its line."""

    kind: str
    text: str
    before: tuple[str, ...] = ()
    after: str | None = None


@dataclass
class Comments:
    """Comments that belong to a part of the text."""

    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)

    def take(self, token: Token) -> None:
        """Add those of a token."""
        self.before += token.before
        self.after += [token.after] if token.after else []


@dataclass
class Term:
    """An IRI, a name, a literal or a labelled blank node, as it is to be written."""

    text: str
    comments: Comments = field(default_factory=Comments)


@dataclass
class Anonymous:
    """`[ … ]`."""

    predicates: list[Predicate]
    comments: Comments = field(default_factory=Comments)
    inner: Comments = field(default_factory=Comments)


@dataclass
class Collection:
    """`( … )`."""

    items: list[Node]
    comments: Comments = field(default_factory=Comments)
    inner: Comments = field(default_factory=Comments)


Node: TypeAlias = Term | Anonymous | Collection


@dataclass
class Predicate:
    """A property with its values."""

    verb: str
    objects: list[Node]
    comments: Comments = field(default_factory=Comments)


@dataclass
class Block:
    """A subject with what is said of it."""

    subject: Node
    predicates: list[Predicate]
    comments: Comments = field(default_factory=Comments)


@dataclass
class Directive:
    """A prefix, or a base (whose `name` is None)."""

    name: str | None
    iri: str
    comments: Comments = field(default_factory=Comments)


@dataclass
class Segment:
    """Directives, and the blocks after them: a text has several where prefixes change in its midst."""

    directives: list[Directive] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)


@dataclass
class Document:
    """A whole text; `head` are the comments at its top, apart from what follows by an empty line, and `tail` those at its end."""

    segments: list[Segment]
    head: list[str] = field(default_factory=list)
    tail: list[str] = field(default_factory=list)


def tokenize(text: str) -> tuple[list[Token], list[str], list[str]]:
    """Return the tokens, the comments of the head, and those after the last token.

    :raises SourceError: something is no token of Turtle.
    """
    tokens: list[Token] = []
    pending: list[str] = []
    head: list[str] = []
    at, line_of_last, line = 0, 0, 1
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise SourceError(f"This is not Turtle: {text[at : at + 20]!r}.", line=line)
        kind, written = match.lastgroup or "", match[0]
        if kind == "comment":
            if tokens and line == line_of_last and tokens[-1].after is None:
                tokens[-1] = tokens[-1]._replace(after=written.rstrip())
            else:
                pending.append(written.rstrip())
        elif kind == "space":
            if not tokens and not head and pending and written.count("\n") > 1:
                head, pending = pending, []
        else:
            tokens.append(Token(kind, written, tuple(pending)))
            pending = []
            line_of_last = line + written.count("\n")
        line += written.count("\n")
        at = match.end()
    return tokens, head, pending


def read_document(text: str) -> Document:
    """Read a text.

    :raises SourceError: it is not Turtle, or nested too deeply.
    """
    tokens, head, tail = tokenize(text)
    return Document(list(_Reader(tokens).segments()), head, tail)


class _Reader:
    """Reads tokens into a tree."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.prefixes: dict[str, str] = {}
        self.depth = 0

    def segments(self) -> Iterator[Segment]:
        segment = Segment()
        while self.at < len(self.tokens):
            if self.tokens[self.at].kind == "directive":
                if segment.blocks:
                    yield segment
                    segment = Segment()
                segment.directives.append(self._directive())
            else:
                segment.blocks.append(self._block())
        yield segment

    def _next(self) -> Token:
        if self.at >= len(self.tokens):
            raise SourceError("This is not Turtle: unexpected end.")
        self.at += 1
        return self.tokens[self.at - 1]

    def _peek(self) -> str:
        return self.tokens[self.at].text if self.at < len(self.tokens) else ""

    def _directive(self) -> Directive:
        comments = Comments()
        word = self._next()
        comments.take(word)
        name = None
        if word.text.lower().endswith("prefix"):
            prefix = self._next()
            comments.take(prefix)
            name = prefix.text.removesuffix(":")
        iri = self._next()
        comments.take(iri)
        if word.text.startswith("@"):
            comments.take(self._next())
        if name is not None:
            self.prefixes[name] = iri.text[1:-1]
        return Directive(name, iri.text, comments)

    def _block(self) -> Block:
        comments = Comments()
        subject = self._node()
        comments.before += subject.comments.before
        subject.comments.before = []
        predicates = self._predicates(".")
        comments_of_end = Comments()
        comments_of_end.take(self._next())
        last = predicates[-1].objects[-1].comments if predicates else comments
        last.before += comments_of_end.before
        last.after += comments_of_end.after
        return Block(subject, predicates, comments)

    def _predicates(self, end: str) -> list[Predicate]:
        found: list[Predicate] = []
        while self._peek() != end:
            token = self._next()
            if token.text == ";":  # a ; too many, or the one after a predicate
                target = found[-1].objects[-1].comments if found else None
                if target is None:
                    raise SourceError("This is not Turtle: a ; before any property.")
                target.before += token.before
                target.after += [token.after] if token.after else []
                continue
            comments = Comments()
            comments.take(token)
            verb = "a" if token.text == "a" else self._named(token)
            found.append(Predicate("a" if self._is_type(verb) else verb, self._objects(), comments))
        return found

    def _objects(self) -> list[Node]:
        objects = [self._node()]
        while self._peek() == ",":
            comma = self._next()
            objects[-1].comments.before += comma.before
            objects[-1].comments.after += [comma.after] if comma.after else []
            objects.append(self._node())
        return objects

    def _node(self) -> Node:
        token = self._next()
        comments = Comments()
        if token.text == "[":
            return self._anonymous(token)
        if token.text == "(":
            return self._collection(token)
        comments.take(token)
        if token.kind == "string":
            return Term(_quoted(token.text) + self._suffix(comments), comments)
        return Term(self._named(token), comments)

    def _anonymous(self, start: Token) -> Anonymous:
        self._enter()
        node = Anonymous([], Comments(before=list(start.before)))
        node.inner.before += [start.after] if start.after else []
        node.predicates = self._predicates("]")
        end = self._next()
        node.inner.after += end.before
        node.comments.after += [end.after] if end.after else []
        self.depth -= 1
        return node

    def _collection(self, start: Token) -> Collection:
        self._enter()
        node = Collection([], Comments(before=list(start.before)))
        node.inner.before += [start.after] if start.after else []
        while self._peek() != ")":
            node.items.append(self._node())
        end = self._next()
        node.inner.after += end.before
        node.comments.after += [end.after] if end.after else []
        self.depth -= 1
        return node

    def _enter(self) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise SourceError(f"The text is nested more than {_DEEPEST} deep.")

    def _suffix(self, comments: Comments) -> str:
        following = self.tokens[self.at] if self.at < len(self.tokens) else None
        if following is not None and following.kind == "language":
            comments.take(self._next())
            return following.text
        if following is not None and following.kind == "carets":
            comments.take(self._next())
            datatype = self._next()
            comments.take(datatype)
            return f"^^{self._named(datatype)}"
        return ""

    def _is_type(self, verb: str) -> bool:
        prefix, colon, local = verb.partition(":")
        return verb == TYPE or (colon == ":" and local == "type" and self.prefixes.get(prefix) == RDF)

    def _named(self, token: Token) -> str:
        """Return a term as it is to be written: a full IRI by its prefix where it has one."""
        if token.kind != "iri" or ":" not in token.text or "\\" in token.text:
            return token.text
        iri = token.text[1:-1]
        for prefix, namespace in sorted(self.prefixes.items(), key=lambda item: (-len(item[1]), item[0])):
            local = iri.removeprefix(namespace)
            if namespace and local != iri and ":" in namespace and _SIMPLE_LOCAL.match(local):
                return f"{prefix}:{local}"
        return token.text


def _quoted(text: str) -> str:
    """Write a string with double quotes where that needs no further escape."""
    if text.startswith("'") and not text.startswith("'''") and '"' not in text and "\\" not in text:
        return f'"{text[1:-1]}"'
    return text
