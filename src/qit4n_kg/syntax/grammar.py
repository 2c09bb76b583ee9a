"""Where a text leaves the grammar of SPARQL: the first token that can't follow those before it, and what could.

The engine tells how far any of its attempts came, which is often behind the mistake. The grammar (`sparql.ebnf`) is LL(1), as that
of the specification (SPARQL 1.1 Query section 19.8), so the first token that no rule takes is where the text stops being SPARQL.
The engine alone judges queries; this is asked about those that it refused. The stack is a list, so that nesting costs memory only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

from qit4n_kg.store.dataset_clause import Token, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_PART = re.compile(r"'([^']+)'|([A-Za-z_]\w*)|([()|*+?])")
_RULE = re.compile(r"^(\w+) ::= ((?:.+\n?)(?:^[ \t]+.+\n?)*)", re.MULTILINE)
_DEEPEST = (
    4_000  # rules within rules: four hundred brackets of an expression; a text of 32 KiB of them would take a second
)
_MOST_RULES = 50_000  # twice what a query of ordinary triples has that is as long as is explained
_EMPTY_ENDS = {")": "(", "]": "["}
_TERMINALS = {"iri": "IRIREF", "variable": "VAR", "bnode": "BNODE", "language": "LANGTAG"}
END = "END"


@dataclass(frozen=True, eq=False)
class _Node:
    """A piece of a rule: `kind` is take (a terminal), rule, sequence, choice, option or repeat."""

    kind: str
    name: str = ""
    parts: tuple[_Node, ...] = ()


@dataclass(frozen=True)
class Span:
    """Tokens from `start` up to `end` that one rule took."""

    rule: str
    start: int
    end: int


@dataclass(frozen=True)
class Reading:
    """How far the grammar goes: `at` is the index of the first token that can't stand there.

    It is None where all can, and where brackets are nested so deep, or expressions are so many, that nobody looked further.
    """

    at: int | None
    expected: frozenset[str] = frozenset()
    open: tuple[Span, ...] = ()
    """The rules that were being read, outermost first; their spans end where the reading did."""
    closed: tuple[Span, ...] = ()
    """The rules that were read to their end, innermost first."""

    def is_within(self, *rules: str) -> bool:
        """Tell whether one of these rules was being read."""
        return any(span.rule in rules for span in self.open)

    def innermost(self, *rules: str) -> Span | None:
        """Return the innermost of these rules that was being read."""
        return next((span for span in reversed(self.open) if span.rule in rules), None)


@dataclass
class Grammar:
    """Rules by name; a terminal is a keyword or sign in quotation marks, or a name that no rule has."""

    rules: dict[str, _Node]
    words: frozenset[str]
    _first: dict[_Node, frozenset[str]] = field(default_factory=dict)
    _empty: dict[_Node, bool] = field(default_factory=dict)

    def first(self, node: _Node) -> frozenset[str]:
        """Return the terminals that a piece can begin with."""
        if node not in self._first:
            self._first[node] = frozenset(self._beginnings(node))
        return self._first[node]

    def is_nullable(self, node: _Node) -> bool:
        """Tell whether a piece can be left out."""
        if node not in self._empty:
            self._empty[node] = (
                node.kind == "option"
                or (node.kind == "repeat" and node.name == "*")
                or (node.kind == "rule" and self.is_nullable(self.rules[node.name]))
                or (node.kind == "choice" and any(map(self.is_nullable, node.parts)))
                or (node.kind in ("sequence", "repeat") and all(map(self.is_nullable, node.parts)))
            )
        return self._empty[node]

    def _beginnings(self, node: _Node) -> Iterator[str]:
        if node.kind == "take":
            yield node.name
        elif node.kind == "rule":
            yield from self.first(self.rules[node.name])
        else:
            for part in node.parts:
                yield from self.first(part)
                if node.kind == "sequence" and not self.is_nullable(part):
                    break

    def read(self, stream: Sequence[Token], start: str) -> Reading:
        """Follow the rule `start` along the tokens of `grammar_tokens`."""
        kinds = [frozenset({_terminal(token, self.words)}) for token in stream]
        return _Walk(self, [*kinds, frozenset({END})]).run(start)


class _Walk:
    """One reading: a stack of what is still to come."""

    def __init__(self, grammar: Grammar, kinds: Sequence[frozenset[str]]) -> None:
        self.grammar, self.kinds, self.at = grammar, kinds, 0
        self.open: list[Span] = []
        self.closed: list[Span] = []
        self.left_out: set[str] = set()

    def run(self, start: str) -> Reading:
        stack: list[_Node | None] = [_Node("rule", start)]
        while stack:
            if len(self.open) > _DEEPEST or len(self.closed) > _MOST_RULES:
                return Reading(None)
            node = stack.pop()
            if node is None:
                span = self.open.pop()
                self.closed.append(Span(span.rule, span.start, self.at))
            elif not self._step(node, stack):
                expected = frozenset(self.left_out | self.grammar.first(node)) - {END}
                still = tuple(Span(span.rule, span.start, self.at) for span in self.open)
                return Reading(self.at, expected, still, tuple(self.closed))
        return Reading(None, closed=tuple(self.closed))

    def _step(self, node: _Node, stack: list[_Node | None]) -> bool:
        """Take a token or put what a piece consists of on the stack; False where the next token does not fit."""
        kind = self.kinds[self.at]
        if node.kind == "take":
            if node.name not in kind:
                return False
            self.at += self.at + 1 < len(self.kinds)
            self.left_out.clear()
        elif node.kind == "rule":
            self.open.append(Span(node.name, self.at, self.at))
            stack += [None, self.grammar.rules[node.name]]
        elif node.kind == "sequence":
            stack += reversed(node.parts)
        elif node.kind == "choice":
            chosen = [part for part in node.parts if kind & self.grammar.first(part)]
            chosen = chosen or [part for part in node.parts if self.grammar.is_nullable(part)]
            if not chosen:
                return False
            stack.append(chosen[0])
        else:
            self._repeat(node, stack, kind)
        return True

    def _repeat(self, node: _Node, stack: list[_Node | None], kind: frozenset[str]) -> None:
        inner = node.parts[0]
        if node.kind == "repeat" and node.name == "+":
            stack += [_Node("repeat", "*", node.parts), inner]
        elif kind & self.grammar.first(inner):
            stack += [node, inner] if node.kind == "repeat" else [inner]
        else:
            self.left_out |= self.grammar.first(inner)


def _terminal(token: Token, words: frozenset[str]) -> str:
    """Return the terminal of the grammar that a token is."""
    match token.kind:
        case "word":
            upper = token.text.upper()
            return "a" if token.text == "a" else upper if upper in words else "WORD"
        case "name":
            return "PNAME_NS" if token.text.find(":") == len(token.text) - 1 else "PNAME"
        case "number":
            return "INTEGER" if token.text.isdecimal() else "NUMBER"
        case "symbol":
            return token.text
        case "nothing":
            return "NIL" if token.text[0] == "(" else "ANON"
        case kind:
            return _TERMINALS.get(kind, "STRING")


def grammar_tokens(text: str) -> list[Token]:
    """Return the tokens of a text, in which brackets with nothing between them are one token, as in the grammar.

    >>> [token.text for token in grammar_tokens("ASK { [ ] ?p ( ) }")]
    ['ASK', '{', '[ ]', '?p', '( )', '}']
    """
    stream: list[Token] = []
    for token in tokens(text):
        if stream and token.kind == "symbol" and _EMPTY_ENDS.get(token.text) == stream[-1].text:
            opening = stream.pop()
            stream.append(Token("nothing", text[opening.start : token.end], opening.start))
        else:
            stream.append(token)
    return stream


@lru_cache(maxsize=1)
def sparql_grammar() -> Grammar:
    """Return the grammar of queries (rule Query) and updates (rule Update)."""
    return read_grammar(resources.files("qit4n_kg.syntax").joinpath("sparql.ebnf").read_text("utf-8"))


def read_grammar(text: str) -> Grammar:
    """Read rules, each `Name ::= …` with further lines indented.

    >>> sorted(read_grammar("List ::= '(' VAR* ')'").rules)
    ['List']
    """
    bodies = {match[1]: _PART.findall(match[2]) for match in _RULE.finditer(text)}
    words = {quoted for parts in bodies.values() for quoted, _, _ in parts if quoted[:1].isupper()}
    rules = {name: _choice(list(reversed(parts)), bodies) for name, parts in bodies.items()}
    return Grammar(rules, frozenset(words))


def _choice(parts: list[tuple[str, str, str]], names: Iterable[str]) -> _Node:
    """Read alternatives off the end of `parts`, up to the bracket that closes them."""
    alternatives: list[list[_Node]] = [[]]
    while parts:
        quoted, name, sign = parts.pop()
        if sign == ")":
            break
        if sign == "|":
            alternatives.append([])
        elif sign == "(":
            alternatives[-1].append(_choice(parts, names))
        elif sign:
            kind = "option" if sign == "?" else "repeat"
            alternatives[-1].append(_Node(kind, sign, (alternatives[-1].pop(),)))
        else:
            alternatives[-1].append(_Node("rule" if name in names else "take", name or quoted))
    sequences = tuple(part[0] if len(part) == 1 else _Node("sequence", parts=tuple(part)) for part in alternatives)
    return sequences[0] if len(sequences) == 1 else _Node("choice", parts=sequences)
