"""Why a query has no rows: which pattern empties the join, which terms do not occur, where datatype or language differ.

The pieces of the WHERE clause are asked one after the other, more each time, until there is no solution; then the piece
at fault is looked at alone, and its terms one by one (`misfits`). Every question has a deadline. What could not be found
out is said to be unknown. Nothing here is ever part of a query's own answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qit4n_kg.diagnosis.misfits import Finding, Misfits, shown
from qit4n_kg.diagnosis.patterns import PieceKind, take_apart
from qit4n_kg.errors import QuerySyntaxError, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from qit4n_kg.diagnosis.patterns import Piece, QueryParts
    from qit4n_kg.diagnosis.probing import Prober
    from qit4n_kg.entities.labels import Reference
    from qit4n_kg.store.dataset_clause import Token

HAS_SOLUTIONS = "The query has solutions."
_EXAMPLES = 3
_MOST_PIECES = 60


@dataclass(frozen=True)
class PatternReport:
    """One piece of the query: its place, whether it has solutions alone and together with those before it; None is unknown."""

    text: str
    line: int
    column: int
    alone: bool | None
    with_those_before: bool | None


@dataclass(frozen=True)
class Diagnosis:
    """What was found; `is_empty` is None where that is unknown, `is_complete` False where not every question had an answer."""

    is_empty: bool | None
    summary: str
    findings: tuple[Finding, ...] = ()
    patterns: tuple[PatternReport, ...] = ()
    is_complete: bool = True


def diagnose(
    text: str,
    prober: Prober,
    *,
    prefixes: Mapping[str, str] | None = None,
    nearest: Callable[[str], Sequence[Reference]] | None = None,
) -> Diagnosis:
    """Find out why a query has no solutions.

    :param prefixes: to write IRIs shortly.
    :param nearest: finds the things that are called most like an IRI.
    :raises QuerySyntaxError: the query does not parse.
    """
    try:
        parts = take_apart(text, prober.base_iri)
    except (UnreadableError, QuerySyntaxError) as exc:
        return Diagnosis(
            None, f"The query can't be taken apart, so the reason is unknown: {exc.message}", is_complete=False
        )
    return _Diagnoser(parts, prober, Misfits(parts, prober, prefixes or {}, nearest)).diagnose()


class _Diagnoser:
    def __init__(self, parts: QueryParts, prober: Prober, misfits: Misfits) -> None:
        self._parts = parts
        self._prober = prober
        self._misfits = misfits
        self._findings: list[Finding] = []
        self._patterns: list[PatternReport] = []

    def diagnose(self) -> Diagnosis:
        pieces = self._parts.pieces
        if len(pieces) > _MOST_PIECES:
            return Diagnosis(
                None, f"The query has more than {_MOST_PIECES} patterns: too many to try.", is_complete=False
            )
        has_solutions = self._prober.has_solutions(self._parts, [piece.text for piece in pieces])
        if has_solutions is None:
            self._prober.rows(self._parts.text)  # which raises what is wrong with it
        if has_solutions:
            summary = self._after()
            return self._end(is_empty=summary != HAS_SOLUTIONS, summary=summary)
        self._findings += self._misfits.of_dataset()
        self._look_into(pieces, ())
        if has_solutions is None and not self._findings:
            return self._end(is_empty=None, summary="The query could not be tried in time, so the reason is unknown.")
        is_empty = (
            None if has_solutions is None else not self._prober.rows(self._parts.text)
        )  # COUNT has a row of nothing
        if not self._findings:
            return self._end(
                is_empty=is_empty, summary="The patterns have no solution together; no single reason was found."
            )
        return self._end(is_empty=is_empty, summary=self._findings[0].message)

    def _end(self, *, is_empty: bool | None, summary: str) -> Diagnosis:
        return Diagnosis(
            is_empty, summary, tuple(self._findings), tuple(self._patterns), is_complete=self._prober.is_complete
        )

    def _after(self) -> str:
        if self._prober.rows(self._parts.text) != 0:
            return HAS_SOLUTIONS
        words = [
            token.text.upper() for token in self._parts.after if token.is_word("HAVING", "LIMIT", "OFFSET", "VALUES")
        ]
        culprit = " or ".join(dict.fromkeys(words)) or "what stands after or before them"
        return f"The patterns have solutions, but {culprit} leaves no row."

    def _look_into(self, pieces: Sequence[Piece], wrappers: tuple[str, ...]) -> None:
        """Find the first piece of a group after which it has no solution, and say why."""
        ordered = [piece for piece in pieces if piece.kind is not PieceKind.FILTER]
        ordered += [piece for piece in pieces if piece.kind is PieceKind.FILTER]
        is_found = False
        for position, piece in enumerate(ordered):
            alone = self._alone(piece, wrappers)
            before = ordered[:position]
            together = None if is_found else self._have_solutions([*before, piece], wrappers)
            if is_found and alone is not False:
                self._report(piece, alone, None)
                continue
            self._report(piece, alone, False if is_found else together)
            if alone is False:
                self._explain_alone(piece, wrappers)
            elif together is False:
                self._explain_join(before, piece, wrappers)
            is_found = is_found or together is False

    def _alone(self, piece: Piece, wrappers: tuple[str, ...]) -> bool | None:
        if piece.kind in (PieceKind.FILTER, PieceKind.MINUS, PieceKind.SERVICE) or piece.kind.is_harmless:
            return None
        return self._have_solutions([piece], wrappers)

    def _have_solutions(self, pieces: Sequence[Piece], wrappers: tuple[str, ...]) -> bool | None:
        return self._prober.has_solutions(self._parts, [piece.text for piece in pieces], wrappers)

    def _report(self, piece: Piece, alone: bool | None, together: bool | None) -> None:
        line, column = self._parts.place(piece)
        self._patterns.append(PatternReport(shown(piece.text), line, column, alone, together))

    def _explain_alone(self, piece: Piece, wrappers: tuple[str, ...]) -> None:
        """Say why a piece has no solution of its own."""
        known = len(self._findings)
        if piece.kind is PieceKind.GRAPH and (finding := self._misfits.of_graph(piece)) is not None:
            self._findings.append(finding)
        elif piece.wrapper is not None:
            self._look_into(piece.inner, (*wrappers, piece.wrapper))
        elif piece.terms:
            self._findings += self._misfits.of_triple(piece, wrappers)
        else:
            self._findings += self._misfits.of_terms(piece.tokens)
        if len(self._findings) == known:
            self._add("no-match", f"Nothing matches {shown(piece.text)}", piece)

    def _explain_join(self, before: Sequence[Piece], piece: Piece, wrappers: tuple[str, ...]) -> None:
        """Say why a piece leaves no solution of those that the pieces before it have."""
        name = shown(piece.text)
        if piece.kind is PieceKind.FILTER:
            known = self._misfits.of_filter(piece, [other.text for other in before], wrappers)
            known = known or self._misfits.of_terms(_inside_exists(piece.tokens))
            self._findings += known
            if not known:
                values = self._examples(piece.variables, before, wrappers)
                self._add("filter", f"{name} leaves nothing of what the patterns find. {values}".strip(), piece)
            return
        if piece.kind is PieceKind.MINUS:
            self._add("minus", f"{name} takes away everything that the patterns before it find.", piece)
            return
        for other in (*before, piece):
            if other.kind is PieceKind.VALUES:
                self._findings += self._misfits.of_terms(other.tokens)
        removable = [
            other
            for other in before
            if not other.kind.is_harmless
            and self._have_solutions([*(one for one in before if one is not other), piece], wrappers)
        ]
        shared = frozenset().union(*(other.variables for other in before)) & piece.variables
        parts = [f"{name} has solutions of its own, but none that fits the patterns before it."]
        for variable in sorted(shared)[:2]:
            here = self._misfits.examples(variable, [piece.text], wrappers, _EXAMPLES)
            there = self._misfits.examples(variable, [other.text for other in before], wrappers, _EXAMPLES)
            if here and there:
                parts.append(f"?{variable} is {there} before it, and {here} here.")
        if removable:
            places = ", ".join(
                f"{shown(other.text)} (line {self._parts.place(other)[0]})" for other in removable[:_EXAMPLES]
            )
            parts.append(f"Without one of these there would be solutions: {places}.")
        self._add("join", " ".join(parts), piece)

    def _examples(self, variables: frozenset[str], before: Sequence[Piece], wrappers: tuple[str, ...]) -> str:
        texts = [other.text for other in before]
        bound = frozenset().union(*(other.variables for other in before))
        found = {
            name: self._misfits.examples(name, texts, wrappers, _EXAMPLES) for name in sorted(variables & bound)[:2]
        }
        return " ".join(f"?{name} is {examples}." for name, examples in found.items() if examples)

    def _add(self, kind: str, message: str, piece: Piece) -> None:
        line, column = self._parts.place(piece)
        self._findings.append(Finding(kind, message, line, column, piece.text))


def _inside_exists(tokens: Sequence[Token]) -> Sequence[Token]:
    """Return the group of a FILTER EXISTS; what a NOT EXISTS misses is no reason."""
    if [token.text.upper() for token in tokens[1:3]] == ["EXISTS", "{"]:
        return tokens[2:]
    return ()
