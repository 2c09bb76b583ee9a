"""Panels: parts of a page that are query files, not code; each a table with the SPARQL that anyone can run; no HTTP.

A panel's file begins with `# title:` and `# question:`. One for an entity's page names the classes whose members it is about
(`# class: stdorg:Person`, several separated by spaces) and may say where it stands (`# order:`); `?this` is the entity, and is
not projected. One for the home page may name the catalogue query that tells more (`# see:`), and how many rows it shows (`# most:`,
the last ones with `# keep: last`) with a sentence for when there are more (`# more:`). Columns `x` and `xLabel` make one
column of links; rows that differ only in `source`, or in one of the columns that `# merge:` names, become one. `# empty:` is what
stands there instead of no rows (without it an empty panel is left out), `# absent: column text` what a cell without a value says
(several separated by `;`), `# heads: column heading` the shorter heading of a column (likewise), `# covers:` names the properties
that the panel shows already, and `# aside:` is a sentence below it that leads to `# link:`. A column `xWithin` is not shown: it is
the name, such as the group's, that stands before what `xLabel` says and is left out of it. The file itself bounds its cost (inner
LIMIT of `ROWS` + 1), because it runs in process.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

from pyoxigraph import Literal, NamedNode

from qit4n_kg.errors import SourceError
from qit4n_kg.namespaces import STDORG, XSD, compact

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from qit4n_kg.entities.labels import LabelReader
    from qit4n_kg.store.base import Solutions, Store, Term

ROWS = 200
"""Most rows that a panel shows; its query asks for one more, to know whether there are any."""

_HEADER = re.compile(r"#\s*([a-z]+):\s*(.*)")
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_KINDS = {f"{XSD}{name}": "number" for name in ("integer", "decimal", "double", "float", "long", "int")}
_KINDS |= {f"{XSD}{name}": "date" for name in ("date", "dateTime", "gYearMonth", "gYear")}
_TIME = re.compile(r"(?P<minutes>\d\d:\d\d)(?P<seconds>:\d\d(?:\.\d+)?)(?P<zone>Z|[+-]\d\d:\d\d)?")
_THIS = re.compile(r"[?$]this\b")


@dataclass(frozen=True)
class Panel:
    """One query file of a page."""

    id: str
    title: str
    question: str
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def most(self) -> int:
        """Most rows that it shows; its query asks for one more."""
        return int(self.headers.get("most", ROWS))

    @property
    def order(self) -> int:
        """Where it stands among the others; 100 unless told."""
        return int(self.headers.get("order", "100"))

    @property
    def empty(self) -> str:
        """What is said where there is no row; nothing: then the panel is left out."""
        return self.headers.get("empty", "")

    @property
    def covers(self) -> frozenset[str]:
        """The properties, as prefixed names, that need not stand among the facts too."""
        return frozenset(self.headers.get("covers", "").split())

    @property
    def absent(self) -> dict[str, str]:
        """The columns whose empty cells say something, and what.

        >>> Panel("x", "X", "Y?", "", {"absent": "officer no officer named; progress none reported"}).absent
        {'officer': 'no officer named', 'progress': 'none reported'}
        """
        return self._by_column("absent")

    @property
    def heads(self) -> dict[str, str]:
        """The columns whose heading is not the variable's name in words, and what it is."""
        return self._by_column("heads")

    def _by_column(self, header: str) -> dict[str, str]:
        parts = (one.strip().partition(" ") for one in self.headers.get(header, "").split(";"))
        return {column: text for column, _, text in parts if column}

    def shown(self, this: str | None = None) -> str:
        r"""Return the query as text that runs anywhere, about one entity if `this` is given.

        :raises ValueError: `this` is no IRI, so it may not stand in a query.

        >>> Panel("x", "X", "Y?", "SELECT ?o WHERE { ?this ?p ?o }").shown("https://example.org/a")
        '# Y?\nSELECT ?o WHERE { <https://example.org/a> ?p ?o }'
        """
        lines = [line for line in self.text.strip().splitlines() if not _HEADER.match(line)]
        body = "\n".join(lines)
        if this is not None:
            term = str(NamedNode(this))
            body = _THIS.sub(lambda _: term, body)
        return f"# {self.question}\n{body}"


@dataclass(frozen=True)
class Cell:
    """One cell: `iri` is where it leads, if anywhere; `others` stand in the same cell (several sources of one fact)."""

    text: str
    iri: str | None = None
    kind: str = "text"
    others: tuple[Cell, ...] = ()


@dataclass(frozen=True)
class Column:
    """One column of a table; `kind` is number, date or text."""

    name: str
    label: str
    kind: str


@dataclass(frozen=True)
class Table:
    """A panel's answer; `has_more` says that rows were left out."""

    panel: Panel
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    has_more: bool = False

    def position(self, name: str | None) -> int | None:
        """Return where a column stands, None if there is none of that name."""
        return next((i for i, column in enumerate(self.columns) if column.name == name), None)

    @property
    def sources(self) -> tuple[str, ...]:
        """The named graphs in its column `source`."""
        cells = (one for cell in self.column("source") for one in (cell, *cell.others))
        return tuple(dict.fromkeys(cell.iri for cell in cells if cell.iri is not None))

    def column(self, name: str) -> tuple[Cell, ...]:
        """Return the cells of one column, none if there is no such column."""
        position = self.position(name)
        return () if position is None else tuple(row[position] for row in self.rows)


def column_label(name: str) -> str:
    """Turn a variable's name into a heading.

    >>> column_label("affiliationAsStated")
    'Affiliation as stated'
    """
    words = _WORDS.sub(" ", name.replace("_", " ")).lower()
    return words[:1].upper() + words[1:]


def read_panels(folder: Path) -> tuple[Panel, ...]:
    """Read every query file of a folder, by order and id.

    :raises SourceError: a file lacks `# title:` or `# question:`.
    """
    panels = [read_panel(path) for path in sorted(folder.glob("*.rq"))]
    return tuple(sorted(panels, key=lambda panel: (panel.order, panel.id)))


def read_panel(path: Path) -> Panel:
    """Read one query file.

    :raises SourceError: it lacks `# title:` or `# question:`.
    """
    text = path.read_text(encoding="utf-8")
    headers = {found[1]: found[2].strip() for line in text.splitlines() if (found := _HEADER.match(line))}
    for name in ("title", "question"):
        if not headers.get(name):
            raise SourceError(f"The query file does not begin with '# {name}:'.", path=path)
    return Panel(path.stem, headers["title"], headers["question"], text, headers)


def panels_for(panels: Iterable[Panel], types: Iterable[str]) -> list[Panel]:
    """Choose the panels that are about any of these classes, given as IRIs."""
    wanted = {compact(iri) for iri in types}
    return [panel for panel in panels if wanted.intersection(panel.headers.get("class", "").split())]


def fill(store: Store, labels: LabelReader, panel: Panel, this: str | None = None) -> Table:
    """Run a panel's query in process and arrange its answer."""
    bindings = {"this": NamedNode(this)} if this is not None else None
    answer = cast("Solutions", store.query(panel.text, bindings=bindings))
    names = answer.variables
    shown = shown_columns(names)
    rows = []
    for solution in answer:
        terms = dict(zip(names, solution, strict=True))
        rows.append(tuple(_cell(name, terms, labels) for name in shown))
        if len(rows) > panel.most:
            break
    wanted = rows[-panel.most :] if panel.headers.get("keep") == "last" else rows[: panel.most]
    kept = wanted
    for name in panel.headers.get("merge", "source").split():
        kept = _merge(kept, shown, name)
    filled = [i for i in range(len(shown)) if any(row[i].text for row in kept) or (kept and shown[i] in panel.absent)]
    columns = tuple(
        Column(shown[i], panel.heads.get(shown[i]) or column_label(shown[i]), _kind([row[i] for row in kept]))
        for i in filled
    )
    return Table(panel, columns, tuple(tuple(row[i] for i in filled) for row in kept), len(rows) > panel.most)


def shown_columns(names: Sequence[str]) -> list[str]:
    """Leave out the variables that say how another one's cell is written.

    >>> shown_columns(["meeting", "meetingLabel", "meetingWithin", "place"])
    ['meeting', 'place']
    """
    parts = {f"{name}{part}" for name in names for part in ("Label", "Within")}
    return [name for name in names if name not in parts]


def _cell(name: str, terms: Mapping[str, Term | None], labels: LabelReader) -> Cell:
    cell = _whole_cell(terms.get(name), terms.get(f"{name}Label"), labels)
    within = terms.get(f"{name}Within")
    rest = cell.text.removeprefix(f"{within.value} ") if isinstance(within, Literal) else ""
    return replace(cell, text=rest[0].upper() + rest[1:]) if rest else cell


def _whole_cell(term: Term | None, label: Term | None, labels: LabelReader) -> Cell:
    if term is None:
        return Cell(label.value if isinstance(label, Literal) else "")
    text = label.value if isinstance(label, Literal) else labels.text(term)
    if isinstance(term, NamedNode):
        # The query asks for English labels; a reader may prefer another language that there is one in.
        text = labels.before_english(term.value) or text
        is_property = term.value.startswith(STDORG) and term.value[len(STDORG) :][:1].islower()
        return Cell(text[:1].upper() + text[1:] if is_property else text, term.value)
    datatype = term.datatype.value if isinstance(term, Literal) else ""
    if datatype == f"{XSD}time":
        text = time_of_day(text)
    return Cell(text, None, _KINDS.get(datatype, "text"))


def time_of_day(text: str) -> str:
    """Write an `xsd:time` as people do, without seconds that are none; what is no time stays as it is.

    >>> time_of_day("13:00:00Z"), time_of_day("09:30:00+01:00"), time_of_day("09:30:15"), time_of_day("noon")
    ('13:00 UTC', '09:30 UTC+01:00', '09:30:15', 'noon')
    """
    found = _TIME.fullmatch(text)
    if found is None:
        return text
    seconds = "" if found["seconds"] == ":00" else found["seconds"]
    zone = found["zone"] or ""
    return f"{found['minutes']}{seconds}{' UTC' if zone else ''}{zone.removeprefix('Z')}"


def _merge(rows: list[tuple[Cell, ...]], names: list[str], column: str) -> list[tuple[Cell, ...]]:
    """Make one row of those that differ in one column only: a fact that two passages state, a body that three people chair."""
    if column not in names:
        return rows
    at = names.index(column)
    merged: dict[tuple[Cell, ...], list[Cell]] = {}
    for row in rows:
        merged.setdefault((*row[:at], *row[at + 1 :]), []).append(row[at])
    return [
        (*rest[:at], replace(cells[0], others=tuple(dict.fromkeys(cells[1:]))), *rest[at:])
        for rest, cells in merged.items()
    ]


def _kind(cells: list[Cell]) -> str:
    kinds = {cell.kind for cell in cells if cell.text}
    return kinds.pop() if len(kinds) == 1 else "text"
