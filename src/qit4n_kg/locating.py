"""Where a statement stands in a text: line and column of each triple in Turtle, TriG, N-Triples and N-Quads; pure, no IO.

Engines lose positions when they parse, and a report of invalid data is useful only with them. `read_statements` is a tolerant
reader of texts that an engine has accepted already (Turtle 1.1, TriG 1.1): it follows prefixes, base, `;` and `,` lists, blank node
property lists, collections and graph blocks, and it never raises: what it does not understand it skips. Never load data with it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from urllib.parse import urljoin

from pyoxigraph import BlankNode, Literal, NamedNode

from qit4n_kg.namespaces import RDF, XSD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qit4n_kg.store.base import Term

Node: TypeAlias = NamedNode | BlankNode | Literal

_SKIP = r"(?:\s++|\#[^\n]*+)*+"
_LOCAL = r"(?:[\w:·‿⁀-]++|%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?\#@%])"
_PNAME = rf"(?:[^\W\d_](?:[\w·‿⁀-]++|\.++(?=[\w-])){{0,20}}+)?:(?:{_LOCAL}|\.++(?=[\w:%\\·‿⁀-]))*+"
_TOKEN = re.compile(
    rf"""
      (?P<skip>(?:\s++|\#[^\n]*+)++)
    | (?P<prefix>@?[Pp][Rr][Ee][Ff][Ii][Xx]\s{_SKIP}(?P<name>[^\s:\#]*):{_SKIP}<(?P<namespace>[^>]*)>(?:{_SKIP}\.)?)
    | (?P<base>@?[Bb][Aa][Ss][Ee]{_SKIP}<(?P<to>[^>]*)>(?:{_SKIP}\.)?)
    | (?P<iri><[^\x00-\x20<>"{{}}|^`]*>)
    | (?P<literal>(?P<string>
            \"\"\"(?:[^"\\]++|\\.|"(?!""))*+\"\"\" | '''(?:[^'\\]++|\\.|'(?!''))*+'''
          | "(?:[^"\\\n]++|\\.)*+" | '(?:[^'\\\n]++|\\.)*+')
        (?:\s*@(?P<language>[A-Za-z]+(?:-[A-Za-z0-9]+)*)|\s*\^\^\s*(?P<datatype><[^>]*>|{_PNAME}))?)
    | (?P<label>_:[\w·‿⁀](?:[\w·‿⁀-]++|\.++(?=[\w·‿⁀-]))*+)
    | (?P<pname>{_PNAME})
    | (?P<number>[+-]?(?:(?P<double>(?:\d+\.\d*|\.?\d+)[eE][+-]?\d+)|(?P<decimal>\d*\.\d+)|\d+))
    | (?P<word>[A-Za-z]+)
    | (?P<nil>\({_SKIP}\))
    | (?P<mark>[.;,\[\](){{}}])
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_ESCAPED = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"}
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_NIL, _FIRST, _REST, _TYPE = (NamedNode(f"{RDF}{name}") for name in ("nil", "first", "rest", "type"))
_BOOLEANS = {word: Literal(word, datatype=NamedNode(f"{XSD}boolean")) for word in ("true", "false")}
_DOUBLE, _DECIMAL, _INTEGER = (NamedNode(f"{XSD}{name}") for name in ("double", "decimal", "integer"))


class Statement(NamedTuple):
    """A triple with the graph it stands in (None: the text's own) and the offsets of its subject and object."""

    subject: Node
    predicate: Node
    object: Node
    graph: Node | None
    subject_at: int
    object_at: int


class Position(NamedTuple):
    """Line and column, both counted from 1; columns count characters."""

    line: int
    column: int


def read_statements(text: str, base: str = "") -> list[Statement]:
    """Read every triple of a text with its place.

    >>> [statement.object_at for statement in read_statements("<http://a> <http://b> 1, 2 .")]
    [22, 25]
    """
    return _Reader(text, base).read()


@dataclass
class _Frame:
    """The statement itself, an open `[` with its blank node, or an open `(` with the blank node of its last cell."""

    subject: Node | None = None
    predicate: Node | None = None
    subject_at: int = 0
    is_list: bool = False
    is_complete: bool = False


class _Reader:
    """A pushdown automaton over tokens, so that deep nesting costs no recursion."""

    def __init__(self, text: str, base: str) -> None:
        self.text = text
        self.base = base
        self.prefixes: dict[str, str] = {}
        self.names: dict[str, NamedNode] = {}
        self.frames = [_Frame()]
        self.graph: Node | None = None
        self.statements: list[Statement] = []
        self.fresh = count(1)

    def read(self) -> list[Statement]:
        for token in _TOKEN.finditer(self.text):
            kind = token.lastgroup or "other"
            at = token.start(kind)
            if kind in ("skip", "other"):
                continue
            if kind == "mark":
                self._mark(token["mark"], at)
            elif kind in ("prefix", "base"):
                self._declare(token)
            elif (term := self._read_term(kind, token)) is not None:
                self._place(term, at)
        return self.statements

    def _declare(self, token: re.Match[str]) -> None:
        self.names.clear()
        if token["base"]:
            self.base = self._resolve(token["to"])
        else:
            self.prefixes[token["name"]] = self._resolve(token["namespace"])

    def _read_term(self, kind: str, token: re.Match[str]) -> Node | None:
        try:
            return self._term(kind, token)
        except ValueError:  # a term that no engine accepts; what follows keeps its place in the statement
            return BlankNode("unreadable")

    def _term(self, kind: str, token: re.Match[str]) -> Node | None:
        written = token[kind]
        if kind in ("iri", "pname"):
            return self._name(written)
        if kind == "literal":
            return self._literal(token)
        if kind == "label":
            return BlankNode(written[2:])
        if kind == "number":
            datatype = _DOUBLE if token["double"] else _DECIMAL if token["decimal"] else _INTEGER
            return Literal(written, datatype=datatype)
        if kind == "nil":
            return _NIL
        if written == "a" and self.frames[-1].subject is not None:
            return _TYPE
        return _BOOLEANS.get(written)

    def _name(self, written: str) -> NamedNode:
        if (known := self.names.get(written)) is not None:
            return known
        if written.startswith("<"):
            iri = self._resolve(written[1:-1])
        else:
            prefix, _, local = written.partition(":")
            iri = self.prefixes.get(prefix, f"{prefix}:") + re.sub(r"\\(.)", r"\1", local)
        name = NamedNode(iri if _ABSOLUTE.match(iri) else f"relative:{iri}")
        self.names[written] = name
        return name

    def _resolve(self, reference: str) -> str:
        try:
            reference = _unescape(reference)
            if _ABSOLUTE.match(reference) or not self.base:
                return reference
            resolved = urljoin(self.base, reference)
        except ValueError:  # no engine accepts such a text
            return reference
        return f"{resolved}#" if reference.endswith("#") and not resolved.endswith("#") else resolved

    def _literal(self, token: re.Match[str]) -> Literal:
        written = token["string"]
        quotes = 3 if written[:3] in ('"""', "'''") else 1
        value = _unescape(written[quotes:-quotes])
        if token["language"]:
            return Literal(value, language=token["language"])
        if token["datatype"]:
            return Literal(value, datatype=self._name(token["datatype"]))
        return Literal(value)

    def _blank(self) -> BlankNode:
        return BlankNode(f"anonymous-{next(self.fresh)}")

    def _place(self, term: Node, at: int) -> None:
        """Put a term where the innermost frame waits for one."""
        if (frame := self.frames[-1]).is_list:
            self._append(frame, term, at)
        elif frame.subject is None:
            frame.subject, frame.subject_at = term, at
        elif frame.predicate is None:
            frame.predicate = term
        elif not frame.is_complete:
            self._state(frame.subject, frame.predicate, term, frame.subject_at, at)
            frame.is_complete = True
        elif self.statements:  # a fourth term: the graph of an N-Quads line
            self.statements[-1] = self.statements[-1]._replace(graph=term)

    def _append(self, frame: _Frame, item: Node, at: int) -> None:
        cell = frame.subject or self._blank()
        if frame.is_complete:
            previous, cell = cell, self._blank()
            self._state(previous, _REST, cell, frame.subject_at, at)
            frame.subject = cell
        frame.is_complete = True
        self._state(cell, _FIRST, item, frame.subject_at, at)

    def _state(self, subject: Node, predicate: Node, obj: Node, subject_at: int, object_at: int) -> None:
        self.statements.append(Statement(subject, predicate, obj, self.graph, subject_at, object_at))

    def _mark(self, mark: str, at: int) -> None:
        frame = self.frames[-1]
        if mark in "[(":
            head = self._blank()
            self._place(head, at)
            self.frames.append(_Frame(subject=head, subject_at=at, is_list=mark == "("))
        elif mark in "])":
            self._close(at)
        elif mark == ";":
            frame.predicate, frame.is_complete = None, False
        elif mark == ",":
            frame.is_complete = False
        else:
            if mark != ".":
                self.graph = frame.subject if mark == "{" else None
            self.frames = [_Frame()]

    def _close(self, at: int) -> None:
        closed = self.frames.pop() if len(self.frames) > 1 else None
        if closed and closed.is_list and closed.subject is not None:
            self._state(closed.subject, _REST, _NIL, closed.subject_at, at)


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPE.sub(
        lambda m: chr(min(int(m[1] or m[2], 16), 0x110000)) if m[1] or m[2] else _ESCAPED.get(m[3], m[3]), text
    )


@dataclass
class StatementIndex:
    """The statements of one text, to be asked for places."""

    text: str
    base: str = ""
    _by_subject: dict[Term, list[Statement]] = field(init=False, default_factory=dict)
    _lines: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self._lines = [0, *(match.end() for match in re.finditer("\n", self.text))]
        for statement in read_statements(self.text, self.base):
            self._by_subject.setdefault(statement.subject, []).append(statement)

    def __iter__(self) -> Iterator[Statement]:
        for statements in self._by_subject.values():
            yield from statements

    def find(
        self, subject: Term, predicate: Term | None = None, obj: Term | None = None
    ) -> tuple[int, Position] | None:
        r"""Find the place of a statement, else of the nearest: how many of the three terms agree, and where.

        All three: the object's place. Subject and predicate: the last such object (the one too many). The subject alone: where it
        is given its type, else where it first occurs. Blank nodes of the engine have other names than here: they agree with any.

        >>> index = StatementIndex("@prefix : <http://x/> .\n:a :p :b ;\n   :q 1, 2 .")
        >>> index.find(NamedNode("http://x/a"), NamedNode("http://x/q"), Literal("2", datatype=_INTEGER))
        (3, Position(line=3, column=10))
        """
        statements = list(self) if isinstance(subject, BlankNode) else self._by_subject.get(subject, [])
        with_predicate = [s for s in statements if s.predicate == predicate]
        exact = [s for s in with_predicate if _agrees(s.object, obj)]
        if exact:
            return 3, self.position(exact[0].object_at)
        if with_predicate:
            return 2, self.position(with_predicate[-1].object_at)
        if statements and not isinstance(subject, BlankNode):
            typed = [s for s in statements if s.predicate == _TYPE]
            return 1, self.position((typed or statements)[0].subject_at)
        return None

    def position(self, offset: int) -> Position:
        """Turn an offset of the text into line and column."""
        line = bisect_right(self._lines, offset)
        return Position(line, offset - self._lines[line - 1] + 1)


def _agrees(term: Node, wanted: Term | None) -> bool:
    if isinstance(wanted, BlankNode):
        return isinstance(term, BlankNode)
    return term == wanted


def mentions(text: str, terms: Iterable[Term | None]) -> bool:
    """Say whether the last part of each IRI stands in the text: a cheap test before it is read in full.

    >>> mentions("<fg/wg1> a stdorg:WorkingGroup .", [NamedNode("https://example.org/id/fg/wg1"), None])
    True
    """
    return all(re.split(r"[/#]", t.value.rstrip("/#"))[-1] in text for t in terms if isinstance(t, NamedNode))
