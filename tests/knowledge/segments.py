"""Cuts the source's text into units (headings, captions, sentences, cells of tables), for the coverage of the source by the data.

A unit's id is its section or table and a number that counts within it: `introduction/3`, `table-1/2.4` (row 2, column 4). A cell
without text is a unit only where a filled cell stands before it in its row: others are corners and cells merged over rows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_BOOKMARK = re.compile(r"\[bookmark: [^\]]*\]")
_BULLET = re.compile(r"^(?:[\u2013·]|\d+\))\s+")
_SENTENCE_END = re.compile(r"(?<=[.?!])(?<!ref\.)(?<!Co\.)\s+(?=[A-Z])")


@dataclass(frozen=True)
class Unit:
    """One heading, caption, sentence or cell."""

    id: str
    text: str

    @property
    def is_cell(self) -> bool:
        """Whether it is a cell of a table: `table-1/2.4`."""
        return bool(re.search(r"/\d+\.\d+$", self.id))


@dataclass(frozen=True)
class Table:
    """How many cells the rows of a table have: each of its header rows, then all others."""

    header: tuple[int, ...]
    columns: int


def cut(text: str, sections: Mapping[str, str], tables: Mapping[str, Table]) -> list[Unit]:
    """Return the units of the text in order; sections are named by their headings, tables by the start of their captions."""
    headings = {heading: slug for slug, heading in sections.items()}
    units: list[Unit] = []
    section, count = "", 0
    lines = [_BOOKMARK.sub("", line) for line in text.splitlines()]
    position = 0
    while position < len(lines):
        line = lines[position].strip()
        if line in headings:
            section, count = headings[line], 0
            units.append(Unit(f"{section}/heading", line))
            name = section if section in tables else ""
        else:
            caption = re.match(r"Table (\d+) [-\u2013] ", line)
            name = f"table-{caption[1]}" if caption else ""
            if caption:
                units.append(Unit(f"{name}/caption", line))
            else:
                for sentence in _sentences(line):
                    count += 1
                    units.append(Unit(f"{section}/{count}", sentence))
        position += 1
        if name:
            cells, position = _cells(lines, position)
            units.extend(_rows(name, cells, tables[name]))
    return units


def _sentences(line: str) -> Iterator[str]:
    text = re.sub(r"\s+", " ", _BULLET.sub("", line)).strip()
    return (part for part in _SENTENCE_END.split(text) if part)


def _cells(lines: Sequence[str], position: int) -> tuple[list[str], int]:
    """Read cells up to two blank lines: a tab begins a cell, other lines go on with it."""
    cells: list[str] = []
    while position < len(lines) and not (lines[position] == "" == "".join(lines[position + 1 : position + 2])):
        if lines[position].startswith("\t"):
            cells.append(lines[position][1:])
        elif lines[position]:
            cells[-1] += f" {lines[position]}"
        position += 1
    return [re.sub(r"\s+", " ", cell).strip() for cell in cells], position


def _rows(name: str, cells: Sequence[str], table: Table) -> Iterator[Unit]:
    ends = [0]
    while ends[-1] < len(cells):
        number = len(ends) - 1
        ends.append(ends[-1] + (table.header[number] if number < len(table.header) else table.columns))
    assert ends[-1] == len(cells), f"{name} has {len(cells)} cells, which are no whole rows"
    for row, (start, end) in enumerate(pairwise(ends)):
        for column, cell in enumerate(cells[start:end]):
            if cell or any(cells[start : start + column]):
                yield Unit(f"{name}/{row}.{column}", cell)
