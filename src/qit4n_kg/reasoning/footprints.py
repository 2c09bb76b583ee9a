"""What one triple can change in a rule's conclusions: the rule's triple patterns, and the terms that a triple binds in them.

A rule that is evaluated with these terms bound says what follows from that triple, or what could without it, in the time of a
look-up instead of that of the whole rule. Only variables that every solution binds are bound here: those of a triple pattern
that stands in the WHERE clause itself (not in OPTIONAL, UNION, NOT EXISTS) and, from within a sub-SELECT, those it projects. Where
a triple binds none of these, the rule has to be evaluated whole, unless its pattern stands in a sub-SELECT whose own answer
stays the same. Spec: SPARQL 1.1 sections 5, 8, 9 and 12.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyoxigraph import NamedNode, Variable

from qit4n_kg.errors import SourceError
from qit4n_kg.namespaces import RDF
from qit4n_kg.store.dataset_clause import read_prologue

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyoxigraph import Triple

    from qit4n_kg.store.base import Term
    from qit4n_kg.store.dataset_clause import Prologue, Token

    Position = Variable | Term | None
    Binding = tuple[tuple[Variable, Term], ...]

TYPE = NamedNode(RDF + "type")
_PATH_SYMBOLS = frozenset("/|^*+?()!")
_SKIPPED_WORDS = ("OPTIONAL", "UNION", "MINUS")


@dataclass(frozen=True)
class Pattern:
    """One triple pattern, or one step of a path; None in its place is a node without a name, or any term.

    `sub_query` is the text of the sub-SELECT that it stands in, `is_plain` says that it stands in the WHERE clause itself.
    """

    subject: Position
    predicate: Position
    object: Position
    is_plain: bool
    sub_query: str | None = None
    projected: frozenset[Variable] = frozenset()

    def match(self, triple: Triple) -> dict[Variable, Term] | None:
        """Return the terms of the variables where the triple matches, None where it does not."""
        found: dict[Variable, Term] = {}
        pairs = ((self.subject, triple.subject), (self.predicate, triple.predicate), (self.object, triple.object))
        for position, term in pairs:
            if isinstance(position, Variable):
                if found.setdefault(position, term) != term:
                    return None
            elif position is not None and position != term:
                return None
        return found


@dataclass(frozen=True)
class Footprint:
    """The patterns of a rule's template and of its WHERE clause; `certain` are the variables that every solution binds."""

    template: tuple[Pattern, ...]
    patterns: tuple[Pattern, ...]
    certain: frozenset[Variable]

    def bindings(self, triple: Triple) -> Iterator[tuple[Binding, str | None]]:
        """Yield for each pattern that a triple matches what it binds, with the sub-SELECT's text where that is nothing."""
        for pattern in self.patterns:
            if (found := pattern.match(triple)) is not None:
                visible = self.certain if pattern.sub_query is None else self.certain & pattern.projected
                kept = _ordered({name: term for name, term in found.items() if name in visible})
                yield kept, None if kept else pattern.sub_query

    def causes(self, conclusion: Triple) -> Iterator[Binding]:
        """Yield what the rule's variables must be for it to conclude a triple, one for each pattern of the template."""
        for pattern in self.template:
            if (found := pattern.match(conclusion)) is not None:
                yield _ordered({name: term for name, term in found.items() if name in self.certain})


def read_footprint(text: str, bindings: Mapping[str, NamedNode], *, is_template: bool) -> Footprint:
    """Read a CONSTRUCT rule; `bindings` are terms that stand for variables.

    :param is_template: the rule is made of a template of ours, in which every variable is bound in every solution.
    :raises SourceError: the text has something that is not understood here.
    """
    reader = _Reader(read_prologue(text, None, None), {Variable(name): term for name, term in bindings.items()})
    template, patterns = reader.read()
    certain = {
        position
        for pattern in patterns
        if is_template or pattern.is_plain
        for position in (pattern.subject, pattern.predicate, pattern.object)
        if isinstance(position, Variable)
    }
    return Footprint(tuple(template), tuple(patterns), frozenset(certain))


def _ordered(found: Mapping[Variable, Term]) -> Binding:
    return tuple(sorted(found.items(), key=lambda item: item[0].value))


class _Reader:
    """Reads the triple patterns of a CONSTRUCT, token by token; filters, BIND and VALUES hold none."""

    def __init__(self, prologue: Prologue, bound: Mapping[Variable, NamedNode]) -> None:
        self._prologue = prologue
        self._tokens = prologue.rest
        self._at = 0
        self._bound = bound
        self._sub_query: tuple[str, frozenset[Variable]] | None = None
        self._found: list[Pattern] = []

    def read(self) -> tuple[list[Pattern], list[Pattern]]:
        self._expect("CONSTRUCT")
        self._group(is_plain=True)
        template, self._found = self._found, []
        self._expect("WHERE")
        self._group(is_plain=True)
        if self._at != len(self._tokens):
            raise self._error("the end")
        return template, self._found

    def _group(self, *, is_plain: bool) -> None:
        self._expect("{")
        if self._peek().is_word("SELECT"):
            self._sub_select()
        while self._peek().text != "}":
            token = self._peek()
            if token.text == "{":
                self._group(is_plain=False)
            elif token.is_word(*_SKIPPED_WORDS):
                self._at += 1
                is_plain_next = False
                self._group(is_plain=is_plain_next)
            elif token.is_word("FILTER"):
                self._filter()
            elif token.is_word("BIND"):
                self._at += 1
                self._skip("(", ")")
            elif token.is_word("VALUES"):
                self._values()
            elif token.text == ".":
                self._at += 1
            else:
                self._same_subject(is_plain=is_plain)
        self._at += 1

    def _sub_select(self) -> None:
        """Read a sub-SELECT up to the end of its group; one within another counts as part of it."""
        start = self._peek().start
        begin, outer = self._at, self._sub_query
        self._at += 1
        projected: set[Variable] = set()
        while self._peek().text != "{" and not self._peek().is_word("WHERE"):
            token = self._peek()
            if token.text == "(":
                self._skip("(", ")")
                continue
            if token.kind == "variable":
                projected.add(Variable(token.text[1:]))
            self._at += 1
        if self._peek().is_word("WHERE"):
            self._at += 1
        if outer is None:
            self._sub_query = (self._sub_text(begin, start), frozenset(projected))
        self._group(is_plain=False)
        while self._peek().text != "}":
            self._at += 1
        self._sub_query = outer

    def _sub_text(self, begin: int, start: int) -> str:
        depth = 1
        for token in self._tokens[begin:]:
            depth += {"{": 1, "}": -1}.get(token.text, 0)
            if depth == 0:
                declared = self._prologue.text[: self._tokens[0].start]
                return declared + self._prologue.text[start : token.start]
        raise self._error("}")

    def _filter(self) -> None:
        self._at += 1
        if self._peek().is_word("NOT"):
            self._at += 1
        if self._peek().is_word("EXISTS"):
            self._at += 1
            self._group(is_plain=False)
            return
        while self._peek().text != "(":
            self._at += 1
        self._skip("(", ")")

    def _values(self) -> None:
        self._at += 1
        if self._peek().text == "(":
            self._skip("(", ")")
        else:
            self._at += 1
        self._skip("{", "}")

    def _same_subject(self, *, is_plain: bool) -> None:
        subject = self._term()
        while True:
            path = self._path()
            while True:
                self._found += self._steps(subject, path, self._term(), is_plain=is_plain)
                if self._peek().text != ",":
                    break
                self._at += 1
            if self._peek().text != ";":
                return
            while self._peek().text == ";":
                self._at += 1
            if self._peek().text in (".", "}"):
                return

    def _path(self) -> list[Token]:
        """Take a predicate, which may be a path: it ends before the first term that no symbol of a path joins to it."""
        path: list[Token] = []
        while True:
            token = self._peek()
            is_symbol = token.kind == "symbol" and token.text in _PATH_SYMBOLS
            is_step = token.kind in ("iri", "name") or token.text == "a" or token.kind == "variable"
            if not is_symbol and (not is_step or (path and path[-1].text not in ("/", "|", "^", "(", "!"))):
                return path
            path.append(token)
            self._at += 1

    def _steps(self, subject: Position, path: list[Token], obj: Position, *, is_plain: bool) -> Iterator[Pattern]:
        names = [token for token in path if token.kind != "symbol"]
        symbols = {token.text for token in path if token.kind == "symbol"}
        text, projected = self._sub_query or (None, frozenset())
        for number, token in enumerate(names):
            predicate = TYPE if token.text == "a" else self._resolve(token)
            first, last = number == 0, number == len(names) - 1
            if symbols <= {"/"}:
                ends = (subject if first else None, obj if last else None)
            else:
                ends = (subject, obj) if symbols == {"|"} else (None, None)
            yield Pattern(ends[0], predicate, ends[1], is_plain and len(names) == 1, text, projected)

    def _term(self) -> Position:
        token = self._peek()
        self._at += 1
        if token.kind in ("iri", "name", "variable"):
            return self._resolve(token)
        if token.kind in ("string", "number", "bnode") or token.is_word("TRUE", "FALSE"):
            while self._peek().kind == "language" or self._peek().text == "^^":
                self._at += 2 if self._peek().text == "^^" else 1
            return None
        raise SourceError(f"A rule may not have {token.text!r} where a term is expected.", line=None)

    def _resolve(self, token: Token) -> Position:
        if token.kind == "variable":
            variable = Variable(token.text[1:])
            return self._bound.get(variable, variable)
        return NamedNode(self._prologue.resolve(token))

    def _skip(self, opening: str, closing: str) -> None:
        self._expect(opening)
        depth = 1
        while depth:
            depth += {opening: 1, closing: -1}.get(self._peek().text, 0)
            self._at += 1

    def _expect(self, text: str) -> None:
        if self._peek().text.upper() != text:
            raise self._error(text)
        self._at += 1

    def _peek(self) -> Token:
        if self._at >= len(self._tokens):
            raise self._error("more")
        return self._tokens[self._at]

    def _error(self, wanted: str) -> SourceError:
        found = self._tokens[self._at].text if self._at < len(self._tokens) else "the end"
        return SourceError(f"In a rule {wanted!r} is expected, not {found!r}.")
