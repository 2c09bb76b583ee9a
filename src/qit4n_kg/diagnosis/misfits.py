"""Why a single pattern matches nothing: its terms looked at one by one, with what the data has instead."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode

from qit4n_kg.diagnosis.comparisons import comparisons, difference, is_alike, is_incomparable, rewritten
from qit4n_kg.namespaces import RDF, XSD, compact
from qit4n_kg.store.dataset_clause import line_column

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from qit4n_kg.diagnosis.patterns import Piece, QueryParts
    from qit4n_kg.diagnosis.probing import Prober
    from qit4n_kg.entities.labels import Reference
    from qit4n_kg.store.base import Term
    from qit4n_kg.store.dataset_clause import Token

_TYPE = NamedNode(f"{RDF}type")
_STRING = f"{XSD}string"
_NEAR = 0.6
_NEAREST = 3
_SHOWN = 120
_SAMPLES = 200
_MOST_VALUES = 2000
_MOST_TERMS = 20
_NUMERIC = frozenset(f"{XSD}{name}" for name in ("integer", "decimal", "double", "float"))


@dataclass(frozen=True)
class Suggestion:
    """What the data has instead: a term as it is written in a query, and what it is called."""

    term: str
    label: str | None = None


@dataclass(frozen=True)
class Finding:
    """One reason, for a person: what it is about, where that stands in the query, what to write instead."""

    kind: str
    message: str
    line: int
    column: int
    source: str
    suggestions: tuple[Suggestion, ...] = ()


def shown(text: str) -> str:
    r"""Return a piece of a query on one line, not too long.

    >>> shown("?s   ?p\n ?o .")
    '?s ?p ?o'
    """
    line = " ".join(text.split()).removesuffix(".").rstrip()
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"


class Misfits:
    """Looks at the terms of one query's patterns."""

    def __init__(
        self,
        parts: QueryParts,
        prober: Prober,
        prefixes: Mapping[str, str],
        nearest: Callable[[str], Sequence[Reference]] | None,
    ) -> None:
        self._parts = parts
        self._prober = prober
        self._prefixes = {**prefixes, **parts.prologue.prefixes}
        self._nearest = nearest

    def of_dataset(self) -> list[Finding]:
        """Find the graphs that the dataset names and that do not exist."""
        text, prologue = self._parts.text, self._parts.prologue
        clause = [token for token in prologue.rest if token.start < text.find("{")]
        named = [
            (prologue.resolve(token), token.start)
            for before, token in pairwise(clause)
            if before.is_word("FROM", "NAMED") and token.kind in ("iri", "name")
        ]
        named += [(name, 0) for name in (*(self._prober.default_graphs or ()), *(self._prober.named_graphs or ()))]
        return [finding for name, start in named if (finding := self._unknown_graph(name, start)) is not None]

    def of_graph(self, piece: Piece) -> Finding | None:
        """Find out that the graph of a GRAPH clause does not exist."""
        term = self._parts.term(piece.tokens[1:2])
        return self._unknown_graph(term.value, piece.start) if isinstance(term, NamedNode) else None

    def _unknown_graph(self, name: str, start: int) -> Finding | None:
        known = {term.value for term in self._prober.graphs() if isinstance(term, NamedNode)}
        if not known or name in known:
            return None
        near = tuple(Suggestion(self.write(NamedNode(iri))) for iri in _closest(name, known))
        line, column = line_column(self._parts.text, start)
        message = f"The query asks the graph <{name}>, and there is none of this name."
        return Finding("unknown-graph", message, line, column, f"<{name}>", near)

    def of_triple(self, piece: Piece, wrappers: tuple[str, ...]) -> list[Finding]:
        """Say why a triple pattern matches nothing, as far as its terms tell."""
        subject, predicate, object_ = (self._parts.term(tokens) for tokens in piece.terms)
        findings = [
            finding
            for finding in (
                self._unknown(piece, 1, predicate, "predicates"),
                self._unknown(piece, 2, object_, "classes" if predicate == _TYPE else None),
                self._unknown(piece, 0, subject, None),
            )
            if finding is not None
        ]
        if predicate is None:
            findings += self.of_terms(piece.terms[1])  # of a path
        if findings:
            return findings
        return [
            finding
            for finding in (
                self._literal(piece, predicate, object_, wrappers),
                self._reversed(piece, wrappers),
                self._elsewhere(piece, wrappers),
                None if isinstance(object_, Literal) else self._instead(piece, object_, wrappers),
            )
            if finding is not None
        ][:2]

    def of_filter(self, piece: Piece, before: Sequence[str], wrappers: tuple[str, ...]) -> list[Finding]:
        """Find comparisons of a variable with a constant of another datatype or language than its values."""
        findings = []
        for variable, operator, constant in comparisons(piece.tokens):
            term = self._parts.term(constant)
            if isinstance(term, Literal):
                values = self._prober.values(self._parts, variable, before, wrappers, _SAMPLES)
                written = "".join(token.text for token in constant)
                findings += self._compared(piece, variable, operator, term, written, values)
        return findings

    def _compared(
        self, piece: Piece, variable: str, operator: str, term: Literal, written: str, values: Sequence[Term]
    ) -> list[Finding]:
        """Say why a variable with these values never compares with a literal as a FILTER wants."""
        literals = [value for value in values if isinstance(value, Literal)]
        if values and not literals:
            message = f"?{variable} is compared with the literal {written}, but its values are things: "
            return [self._finding("mismatch", message + f"{self.list(values)}.", piece, values)]
        alike = [value for value in literals if is_alike(value, term)]
        if operator == "=" and alike and term not in alike:
            message = f"?{variable} is never {written}, but it is {self.list(alike)}. {difference(term, alike[0])}"
            return [self._finding("mismatch", message, piece, alike)]
        if not literals or operator == "!=" or not is_incomparable(term, literals):
            return []
        right = rewritten(term, literals[0])
        message = (
            f"?{variable} is compared with {written}, but it is {self.list(literals)}. {difference(term, literals[0])}"
        )
        if right is not None:
            message += f" Write {self.write(right)}."
        return [self._finding("mismatch", message, piece, [] if right is None else [right])]

    def of_terms(self, tokens: Sequence[Token]) -> list[Finding]:
        """Find the IRIs among tokens that do not occur, wherever they stand, with the nearest that do."""
        findings: dict[str, Finding | None] = {}
        for before, token, after in zip((None, *tokens), tokens, (*tokens[1:], None), strict=False):
            term = self._parts.term((token,)) if token.kind in ("iri", "name") else None
            is_name = after is not None and after.text == "("  # of a function
            is_other = before is not None and (before.text == "^^" or before.is_word("SERVICE", "SILENT"))
            if not isinstance(term, NamedNode) or is_name or is_other or term.value.startswith(XSD):
                continue
            if term.value in findings or len(findings) == _MOST_TERMS:
                continue
            if before is not None and before.is_word("GRAPH"):
                findings[term.value] = self._unknown_graph(term.value, token.start)
            else:
                is_class = before is not None and before.text == "a"
                findings[term.value] = self._nowhere(
                    term, token, ("classes",) if is_class else ("predicates", "classes")
                )
        return [finding for finding in findings.values() if finding is not None][:_NEAREST]

    def _nowhere(self, term: NamedNode, token: Token, candidates: Sequence[str]) -> Finding | None:
        """Find that an IRI does not occur."""
        if self._prober.is_true("occurs", term=term) is not False:
            return None
        known = {one.value for name in candidates for one in self._prober.column(name) if isinstance(one, NamedNode)}
        near = [Suggestion(self.write(NamedNode(iri))) for iri in _closest(term.value, known)]
        near = near or self._alike(term)
        line, column = line_column(self._parts.text, token.start)
        message = f"{token.text} does not occur in the data."
        return Finding("unknown-term", message, line, column, token.text, tuple(near))

    def _alike(self, term: NamedNode) -> list[Suggestion]:
        """Return things that are called like an IRI."""
        found = self._nearest(term.value)[:_NEAREST] if self._nearest is not None else ()
        return [Suggestion(self.write(NamedNode(one.iri)), one.label) for one in found]

    def examples(self, variable: str, group: Iterable[str], wrappers: tuple[str, ...], most: int) -> str:
        """Name some values of a variable in the solutions of patterns, "" when there are none."""
        return self.list(self._prober.values(self._parts, variable, group, wrappers, most))

    def write(self, term: Term) -> str:
        """Write a term as a query would, with a prefix where one is known."""
        if isinstance(term, NamedNode):
            short = compact(term.value, self._prefixes)
            return f"<{term.value}>" if short == term.value else short
        if isinstance(term, Literal) and term.datatype.value in _NUMERIC:
            return term.value
        if isinstance(term, Literal) and term.datatype.value.startswith(XSD) and term.datatype.value != _STRING:
            return f'"{term.value}"^^xsd:{term.datatype.value.removeprefix(XSD)}'
        return str(term)

    def list(self, terms: Sequence[Term]) -> str:
        """Name the first few terms."""
        return ", ".join(shown(self.write(term)) for term in terms[:_NEAREST])

    def _finding(self, kind: str, message: str, piece: Piece, terms: Sequence[Term] = ()) -> Finding:
        line, column = self._parts.place(piece)
        suggestions = tuple(Suggestion(self.write(term)) for term in terms[:_NEAREST])
        return Finding(kind, message, line, column, piece.text, suggestions)

    def _unknown(self, piece: Piece, position: int, term: Term | None, candidates: str | None) -> Finding | None:
        """Find an IRI that does not occur, or not in this place."""
        if not isinstance(term, NamedNode) or term == _TYPE:
            return None
        found = list(self._prober.column(candidates)) if candidates else []
        if term in found or (occurs := self._prober.is_true("occurs", term=term)) is None:
            return None
        if occurs and not 0 < len(found) < _MOST_VALUES:  # it may well be used so
            return None
        written = "".join(token.text for token in piece.terms[position])
        known = {candidate.value for candidate in found if isinstance(candidate, NamedNode)}
        near = [Suggestion(self.write(NamedNode(iri))) for iri in _closest(term.value, known)]
        if not candidates and self._nearest is not None:
            near = self._alike(term)
        use = "no statement uses it as a property" if position == 1 else "nothing is of this class"
        message = f"{written} occurs in the data, but {use}." if occurs else f"{written} does not occur in the data."
        line, column = self._parts.place(piece)
        return Finding("unknown-term", message, line, column, piece.text, tuple(near))

    def _literal(
        self, piece: Piece, predicate: Term | None, sought: Term | None, wrappers: tuple[str, ...]
    ) -> Finding | None:
        """Find the same text in another datatype or language, else the nearest text."""
        if not isinstance(sought, Literal):
            return None
        written = "".join(token.text for token in piece.terms[2])
        values = self._values(piece, wrappers)
        same: Sequence[Term] = [value for value in values if isinstance(value, Literal) and is_alike(value, sought)]
        if not same and not wrappers:
            bound = {"property": predicate} if predicate is not None else {}
            same = [value for value in self._prober.column("same-text", sought=sought, **bound) if value != sought]
        if same and isinstance(same[0], Literal):
            message = f"{written} does not occur here, but {self.list(same)} does. {difference(sought, same[0])}"
            return self._finding("mismatch", message, piece, same)
        things = [value for value in values if not isinstance(value, Literal)]
        if things and len(things) == len(values):
            message = f"The values of this property are things, not literals like {written}: {self.list(things)}."
            return self._finding("mismatch", message, piece, things)
        texts = {value.value: value for value in values if isinstance(value, Literal)}
        near = [texts[text] for text in difflib.get_close_matches(sought.value, texts, _NEAREST, _NEAR)]
        if near:
            message = f"No value of this property is {written}; the nearest: {self.list(near)}."
            return self._finding("unknown-term", message, piece, near)
        return self._instead(piece, sought, wrappers)

    def _values(self, piece: Piece, wrappers: tuple[str, ...]) -> Sequence[Term]:
        """Return values that a pattern's property has, where it is a constant or a path."""
        predicate = piece.terms[1]
        if predicate[0].kind == "variable":
            return []
        text = f"?anySubject {''.join(token.text for token in predicate)} ?anyValue ."
        return self._prober.values(self._parts, "anyValue", [text], wrappers, _MOST_VALUES)

    def _instead(self, piece: Piece, object_: Term | None, wrappers: tuple[str, ...]) -> Finding | None:
        """Say which values a property has, where the one asked for is not among them."""
        if object_ is None or not (values := self._values(piece, wrappers)):
            return None
        message = f"{shown(piece.text)} matches nothing. The property has other values: {self.list(values)}."
        return self._finding("no-match", message, piece, values)

    def _reversed(self, piece: Piece, wrappers: tuple[str, ...]) -> Finding | None:
        """Find a pattern that matches when subject and object change places."""
        if self._parts.term(piece.terms[1]) is None or isinstance(self._parts.term(piece.terms[2]), Literal):
            return None
        subject, predicate, object_ = ("".join(token.text for token in tokens) for tokens in piece.terms)
        turned = f"{object_} {predicate} {subject} ."
        if not self._prober.has_solutions(self._parts, [turned], wrappers):
            return None
        line, column = self._parts.place(piece)
        message = f"The data says it the other way round: {shown(turned)}"
        return Finding("reversed", message, line, column, piece.text, (Suggestion(turned),))

    def _elsewhere(self, piece: Piece, wrappers: tuple[str, ...]) -> Finding | None:
        """Find a pattern that matches in named graphs only, or in the default graph only."""
        if wrappers:
            if self._prober.has_solutions(self._parts, [piece.text]):
                return self._finding(
                    "other-graph", f"{shown(piece.text)} is stated, but not in the graph that is asked.", piece
                )
            return None
        if self._prober.has_solutions(self._parts, [piece.text], ["GRAPH ?anyGraph"]):
            message = f"{shown(piece.text)} is stated in named graphs only: what is not in force stays out of the default graph."
            return self._finding("other-graph", message, piece)
        return None


def _closest(iri: str, known: Iterable[str]) -> Sequence[str]:
    """Return the IRIs nearest to one: by local name, then by the whole.

    >>> _closest("http://a/ns#chairz", {"http://a/ns#chairs", "http://a/ns#places"})
    ['http://a/ns#chairs']
    """
    wanted = _local(iri)
    scored = []
    for candidate in known:
        score = difflib.SequenceMatcher(None, wanted, _local(candidate)).ratio()
        if score >= _NEAR:
            scored.append((-score, -difflib.SequenceMatcher(None, iri, candidate).ratio(), candidate))
    return [candidate for _, _, candidate in sorted(scored)[:_NEAREST]]


def _local(iri: str) -> str:
    return iri.rstrip("/#").replace("#", "/").rpartition("/")[2].casefold()
