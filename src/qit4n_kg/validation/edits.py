"""An edited sheet, as the statements that come and go: what was written, against what was seen and what is there now.

A cell that is as it was changes nothing, whatever happened to the thing meanwhile. One that was changed, while what is there now is
neither what was seen nor what was written, is a conflict, told with its row and column. A row that is gone says nothing: a thing is
retired by a contribution that says so. Values that a cell can't say are neither seen nor touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad

from qit4n_kg.store.oxigraph import stored_forms
from qit4n_kg.validation.model import TYPE
from qit4n_kg.validation.sheets import Texts, kinds_below
from qit4n_kg.validation.terms import label_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qit4n_kg.store.base import Term
    from qit4n_kg.validation.tables import Meaning, Reading, Table
    from qit4n_kg.validation.views import View


@dataclass(frozen=True)
class Edits:
    """What edited sheets come to; conflicts are sentences with sheet, row and column."""

    adds: tuple[Quad, ...]
    retracts: tuple[Quad, ...]
    conflicts: tuple[str, ...]


def compare(tables: Sequence[Table], seen: Sequence[Table | View], reading: Reading, now: View) -> Edits:
    """Compare edited tables with what was seen (the same tables as they were, or that generation's data) and what is there now."""
    adds: dict[Quad, None] = {}
    retracts: dict[Quad, None] = {}
    conflicts: list[str] = []
    texts = Texts(reading, now)
    for table, before in zip(tables, seen, strict=True):
        for subject in table.rows:
            assert isinstance(subject, NamedNode)
            if kinds_below(table.kind, reading.axioms).isdisjoint(now.objects(subject, TYPE)):
                adds[Quad(subject, TYPE, table.kind, DefaultGraph())] = None
            for place, meaning in enumerate(table.meanings, start=1):
                if meaning is not None:
                    cell = _Cell(subject, meaning, place)
                    _compare_cell(cell, table, before, texts, now, adds, retracts, conflicts)
    return Edits(tuple(adds), tuple(retracts), tuple(conflicts))


@dataclass(frozen=True)
class _Cell:
    subject: NamedNode
    meaning: Meaning
    place: int


def _compare_cell(
    cell: _Cell,
    table: Table,
    before: Table | View,
    texts: Texts,
    now: View,
    adds: dict[Quad, None],
    retracts: dict[Quad, None],
    conflicts: list[str],
) -> None:
    subject, predicate = cell.subject, cell.meaning.column.predicate
    written = _stored(value for value, _ in table.cells.get((subject, predicate), ()))
    was = _seen(cell, before, texts)
    if written == was:
        return
    current = _sayable(now.objects(subject, predicate), cell.meaning, texts)
    if current == written:
        return
    if current != was:
        conflicts.append(_tell(cell, table, now, (was, written, current)))
        return
    adds.update(dict.fromkeys(_quad(cell, value) for value in written if value not in current))
    retracts.update(dict.fromkeys(_quad(cell, value) for value in current if value not in written))


def _seen(cell: _Cell, before: Table | View, texts: Texts) -> dict[Term, None]:
    subject, predicate = cell.subject, cell.meaning.column.predicate
    if hasattr(before, "cells"):
        return _stored(value for value, _ in before.cells.get((subject, predicate), ()))
    return _sayable(before.objects(subject, predicate), cell.meaning, texts)


def _sayable(values: Iterable[Term], meaning: Meaning, texts: Texts) -> dict[Term, None]:
    return _ordered(value for value in values if texts.text(value, meaning) is not None)


def _stored(values: Iterable[Term]) -> dict[Term, None]:
    """Spell values as the store does."""
    x = NamedNode("x:x")
    return _ordered(quad.object for quad in stored_forms(Quad(x, x, value, DefaultGraph()) for value in values))


def _ordered(values: Iterable[Term]) -> dict[Term, None]:
    return dict.fromkeys(sorted(values, key=str))


def _quad(cell: _Cell, value: Term) -> Quad:
    return Quad(cell.subject, cell.meaning.column.predicate, value, DefaultGraph())


def _tell(cell: _Cell, table: Table, now: View, states: tuple[Iterable[Term], ...]) -> str:
    was, written, current = (", ".join(_shown(value, now) for value in state) or "nothing" for state in states)
    row = table.rows[cell.subject].line
    place = f"Sheet {table.sheet}, row {row}" if table.sheet else f"Row {row}"
    what = f"{label_of(now, cell.subject) or cell.subject}, {cell.meaning.column.name}"
    return f"{place}, column {cell.place + 1} ({what}): it was {was}, you wrote {written}, and now it is {current}."


def _shown(value: Term, now: View) -> str:
    if isinstance(value, Literal):
        return f"“{value.value}”"
    return label_of(now, value) or str(value)
