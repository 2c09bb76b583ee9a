"""A query's WHERE clause taken apart into pieces that each stand on their own; pure text in, values out.

Triples that share a subject become one piece each, so that a piece can be left out or asked alone. What is not taken
apart (a UNION, a sub-SELECT, a statement with brackets in it) stays one piece. The engine decides what is valid; a text
that can't be followed is `UnreadableError`. Spec: SPARQL 1.1 Query sections 5 and 19.8 (grammar).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING

from pyoxigraph import RdfFormat, parse

from qit4n_kg.errors import UnreadableError
from qit4n_kg.store.dataset_clause import Prologue, Token, line_column, read_prologue

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qit4n_kg.store.base import Term

_CLOSING = {"{": "}", "(": ")", "[": "]", "<<": ">>", "<<(": ")>>", "{|": "|}"}
_COMPLEX = frozenset(("(", "[", "<<", "<<("))
_LITERALS = frozenset(("string", "number"))
_MOST_TOKENS = 5000
_DEEPEST = 50
"""Longer or deeper texts are not followed: reading takes time by length times depth, in the process that serves."""


class PieceKind(Enum):
    """What a piece of a group is; only the first ones can leave a group without solutions by what the data holds."""

    TRIPLE = "triple"
    GRAPH = "graph"
    GROUP = "group"
    VALUES = "values"
    FILTER = "filter"
    MINUS = "minus"
    OPTIONAL = "optional"
    BIND = "bind"
    SERVICE = "service"

    @property
    def is_harmless(self) -> bool:
        """Whether it removes no solutions."""
        return self in (PieceKind.OPTIONAL, PieceKind.BIND)


@dataclass(frozen=True)
class Piece:
    """One piece of a group: `text` stands on its own, `start` is where it is in the query.

    `terms` are the tokens of a triple's subject, predicate and object, `inner` and `wrapper` what a GRAPH or a plain
    group holds and the text before its brace, `variables` the names in it.
    """

    kind: PieceKind
    text: str
    start: int
    variables: frozenset[str]
    terms: tuple[tuple[Token, ...], ...] = ()
    inner: tuple[Piece, ...] = ()
    wrapper: str | None = None
    tokens: tuple[Token, ...] = ()


@dataclass(frozen=True)
class QueryParts:
    """A query: its declarations and its FROM clauses as text, the pieces of its WHERE clause, what stands after it."""

    text: str
    prologue: Prologue
    declarations: str
    dataset: str
    pieces: tuple[Piece, ...]
    after: tuple[Token, ...]

    def place(self, piece: Piece) -> tuple[int, int]:
        """Return the line and column of a piece."""
        return line_column(self.text, piece.start)

    def term(self, tokens: Sequence[Token]) -> Term | None:
        """Return the constant that tokens write, None for a variable, a path or a blank node."""
        first = tokens[0]
        if len(tokens) == 1 and first.kind in ("iri", "name"):
            text = f"<{self.prologue.resolve(first)}>"
        elif len(tokens) == 1 and first.text == "a":
            text = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
        elif first.kind in _LITERALS or first.text in ("+", "-") or first.is_word("TRUE", "FALSE"):
            last = tokens[-1]
            datatype = f"<{self.prologue.resolve(last)}>" if tokens[-2:][0].text == "^^" else None
            parts = [token.text for token in (tokens[:-1] if datatype else tokens)]
            text = "".join([*parts, datatype or ""])
            text = text.lower() if first.kind == "word" else text
        else:
            return None
        try:
            quad = next(iter(parse(f"<x:s> <x:p> {text} .", format=RdfFormat.TURTLE)))
        except (SyntaxError, StopIteration):
            return None
        term: Term = quad.object
        return term


def take_apart(text: str, base_iri: str | None = None) -> QueryParts:
    """Take a query apart; `base_iri` holds where it declares none.

    :raises UnreadableError: it is no query, or has no WHERE clause, or can't be followed.

    >>> [piece.text for piece in take_apart("ASK { ?s a ?c ; ?p 1, 2 FILTER(?c > 1) }").pieces]
    ['?s a ?c .', '?s ?p 1 .', '?s ?p 2 .', 'FILTER(?c > 1)']
    """
    prologue = read_prologue(text, None, base_iri)
    rest = prologue.rest
    if not rest or not rest[0].is_word("SELECT", "ASK", "CONSTRUCT", "DESCRIBE"):
        raise UnreadableError("The text is no query.")
    _check_size(rest)
    reader = _Reader(text, rest)
    opening = reader.find_where()
    clauses = [token for token in rest[:opening] if token.is_word("FROM")]
    end_of_dataset = rest[opening - 1].start if rest[opening - 1].is_word("WHERE") else rest[opening].start
    dataset = text[clauses[0].start : end_of_dataset] if clauses else ""
    pieces, closing = reader.read_group(opening)
    return QueryParts(text, prologue, text[: rest[0].start], dataset, tuple(pieces), tuple(rest[closing + 1 :]))


def _check_size(tokens: Sequence[Token]) -> None:
    if len(tokens) > _MOST_TOKENS:
        raise UnreadableError(f"It has more than {_MOST_TOKENS} words and signs.")
    depth = 0
    for token in tokens:
        if token.kind == "symbol":
            depth += (token.text in _CLOSING) - (token.text in _CLOSING.values())
            if depth > _DEEPEST:
                raise UnreadableError(f"Its brackets are nested more than {_DEEPEST} deep.")


class _Reader:
    """Reads groups from tokens; positions are indexes of tokens."""

    def __init__(self, text: str, stream: Sequence[Token]) -> None:
        self._text = text
        self._stream = stream

    def _at(self, position: int) -> Token:
        if position >= len(self._stream):
            raise UnreadableError("The query ends too early.")
        return self._stream[position]

    def _between(self, begin: int, end: int) -> str:
        """Return the text from one token up to, not including, another, without comments."""
        stream = self._stream[begin:end]
        parts = [stream[0].text] if stream else []
        for before, token in pairwise(stream):
            parts += [" " if token.start > before.end else "", token.text]
        return "".join(parts)

    def find_where(self) -> int:
        """Return the position of the brace that opens the WHERE clause."""
        position = 1
        if self._at(0).is_word("CONSTRUCT") and self._at(1).text == "{":
            position = self._skip(1)
        while position < len(self._stream) and (token := self._stream[position]).text != "{":
            position = self._skip(position) if token.text in _CLOSING else position + 1
        if position >= len(self._stream):
            raise UnreadableError("It has no WHERE clause.")
        return position

    def _skip(self, position: int) -> int:
        """Return the position after the bracket that closes the one here."""
        opened = [self._at(position).text]
        while opened:
            position += 1
            text = self._at(position).text if self._at(position).kind == "symbol" else ""
            if text in _CLOSING:
                opened.append(text)
            elif text in _CLOSING.values() and text != _CLOSING[opened.pop()]:
                raise UnreadableError("A bracket is closed by one of another kind.")
        return position + 1

    def read_group(self, position: int) -> tuple[list[Piece], int]:
        """Return the pieces of the group that opens here, and where it closes."""
        if self._at(position + 1).is_word("SELECT"):
            closed = self._skip(position)
            return [self._clause(position, closed)], closed - 1
        pieces: list[Piece] = []
        position += 1
        while (token := self._at(position)).text != "}":
            if token.text == ".":
                position += 1
            elif (end := self._end_of_clause(position)) is not None:
                pieces.append(self._clause(position, end))
                position = end
            else:
                position = self._read_statement(position, pieces)
        return pieces, position

    def _end_of_clause(self, position: int) -> int | None:
        """Return where a clause that is no statement ends; None for a statement."""
        token = self._at(position)
        if token.text == "{":
            end = self._skip(position)
            while self._at(end).is_word("UNION"):
                end = self._skip(end + 1)
            return end
        if token.is_word("OPTIONAL", "MINUS"):
            return self._skip(position + 1)
        if token.is_word("GRAPH", "SERVICE", "VALUES"):
            while self._at(position).text not in ("{", "("):
                position += 1
            position = self._skip(position)
            return self._skip(position) if token.is_word("VALUES") and self._at(position).text == "{" else position
        if token.is_word("BIND"):
            return self._skip(position + 1)
        if token.is_word("FILTER"):
            while self._at(position).text not in ("{", "("):
                position += 1
            return self._skip(position)
        return None

    def _clause(self, begin: int, end: int) -> Piece:
        token = self._at(begin)
        kind = PieceKind.GROUP if token.text == "{" else PieceKind(token.text.lower())
        inner: tuple[Piece, ...] = ()
        wrapper = None
        opening = begin if kind is PieceKind.GROUP else begin + 2
        is_plain = kind in (PieceKind.GROUP, PieceKind.GRAPH) and self._skip(opening) == end
        if is_plain and not self._at(opening + 1).is_word("SELECT"):
            inner = tuple(self.read_group(opening)[0])
            wrapper = self._between(begin, opening)
        tokens = tuple(self._stream[begin:end])
        return Piece(kind, self._between(begin, end), token.start, _variables(tokens), (), inner, wrapper, tokens)

    def _read_statement(self, begin: int, pieces: list[Piece]) -> int:
        """Read a subject with all that is said of it; return where that ends."""
        found: list[tuple[int, int, int, int, int]] = []
        subject_end = position = self._end_of_term(begin)
        while not self._ends(position):
            if self._at(position).text == ";":
                position += 1
                continue
            verb, verb_end = position, self._end_of_path(position)
            position = verb_end
            while True:
                object_end = self._end_of_term(position)
                found.append((verb, verb_end, position, object_end, subject_end))
                position = object_end
                if self._at(position).text != ",":
                    break
                position += 1
        tokens = tuple(self._stream[begin:position])
        if not found and tokens[0].text not in _COMPLEX:
            raise UnreadableError(f"{tokens[0].text[:40]!r} has no property.")
        if not found or any(token.text in _COMPLEX for token in self._nodes(begin, found)):
            text = f"{self._between(begin, position)} ."
            pieces.append(Piece(PieceKind.TRIPLE, text, tokens[0].start, _variables(tokens), tokens=tokens))
            return position
        for verb, verb_end, start, end, _ in found:
            terms = tuple(tuple(self._stream[a:b]) for a, b in ((begin, subject_end), (verb, verb_end), (start, end)))
            text = " ".join(
                [*(self._between(a, b) for a, b in ((begin, subject_end), (verb, verb_end), (start, end))), "."]
            )
            place = self._at(begin).start if verb == subject_end and start == verb_end else self._at(verb).start
            everything = tuple(token for term in terms for token in term)
            pieces.append(Piece(PieceKind.TRIPLE, text, place, _variables(everything), terms, tokens=everything))
        return position

    def _nodes(self, begin: int, found: Sequence[tuple[int, int, int, int, int]]) -> Iterator[Token]:
        """Yield the first token of each node of a statement that is not just `[]`."""
        for start in (begin, *(entry[2] for entry in found)):
            if not (self._at(start).text == "[" and self._at(start + 1).text == "]"):
                yield self._at(start)

    def _ends(self, position: int) -> bool:
        """Tell whether a statement can't go on here."""
        token = self._at(position)
        return token.text in (".", "}") or self._end_of_clause(position) is not None

    def _end_of_term(self, position: int) -> int:
        token = self._at(position)
        if token.text in _COMPLEX:
            position = self._skip(position)
        elif token.text in ("+", "-"):
            position += 2
        elif token.kind == "string":
            position += 1
            if self._at(position).kind == "language":
                position += 1
            elif self._at(position).text == "^^":
                position += 2
        elif token.kind in ("iri", "name", "variable", "bnode", "number") or token.is_word("TRUE", "FALSE"):
            position += 1
        else:
            raise UnreadableError(f"{token.text[:40]!r} is no term.")
        while self._at(position).text in ("{|", "~"):  # annotations of RDF 1.2 are left out of the pieces
            raise UnreadableError("Annotations can't be taken apart.")
        return position

    def _end_of_path(self, position: int) -> int:
        if self._at(position).kind == "variable":
            return position + 1
        while True:
            while self._at(position).text in ("^", "!"):
                position += 1
            token = self._at(position)
            if token.text == "(":
                position = self._skip(position)
            elif token.kind in ("iri", "name") or token.text == "a":
                position += 1
            else:
                raise UnreadableError(f"{token.text[:40]!r} is no property.")
            if self._at(position).text in ("*", "?") or self._is_plus(position):
                position += 1
            if self._at(position).text not in ("/", "|"):
                return position
            position += 1

    def _is_plus(self, position: int) -> bool:
        token, after = self._at(position), self._at(position + 1)
        return token.text == "+" and not (after.kind == "number" and after.start == token.end)


def _variables(tokens: Sequence[Token]) -> frozenset[str]:
    return frozenset(token.text[1:] for token in tokens if token.kind == "variable")
