"""How good the graph is, by its own account: figures, open points, checks that hold and those that do not; no HTTP.

What is shown is decided by query files. Those of `queries/site/quality` begin with `# title:`, `# question:`, `# kind:`
(figures, list or check) and perhaps `# note:`, an explanation, and `# join: value passage`, columns that share a cell
on a page. A check also says what it expects (`# expect:`). It has a column `?fits` and holds when each row says "yes";
without that column it holds when there is no row. The rules of `queries/checks` hold when they return nothing; they
look at the whole graph, so whoever calls says how they are asked, and within which limits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qit4n_kg.entities.panels import Cell, Panel, Table, fill, read_panels
from qit4n_kg.errors import SourceError
from qit4n_kg.queries import read_catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from qit4n_kg.entities.labels import LabelReader
    from qit4n_kg.queries import CatalogueQuery
    from qit4n_kg.store.base import Store

    Ask = Callable[[str], Sequence[str] | None]

SHOWN_ROWS = 20
"""How many rows that break a rule are kept."""

KINDS = ("figures", "list", "check")
FITS = "fits"


@dataclass(frozen=True)
class Finding:
    """The answer of one query file; `holds` is None for what is no check."""

    table: Table
    holds: bool | None = None

    @property
    def panel(self) -> Panel:
        """The query file."""
        return self.table.panel

    @property
    def kind(self) -> str:
        """What it is: figures, list or check."""
        return self.panel.headers["kind"]

    @property
    def shown(self) -> Table:
        """The table as a page has it: columns that belong together share a cell."""
        table = self.table
        for pair in filter(None, map(str.strip, self.panel.headers.get("join", "").split(","))):
            at, beside = map(table.position, pair.split())
            if at is not None and beside is not None:
                rows = tuple(
                    tuple(
                        replace(cell, others=(*cell.others, row[beside])) if i == at else cell
                        for i, cell in enumerate(row)
                        if i != beside
                    )
                    for row in table.rows
                )
                columns = tuple(column for i, column in enumerate(table.columns) if i != beside)
                table = replace(table, columns=columns, rows=rows)
        return table

    @property
    def failures(self) -> int:
        """How many rows do not fit."""
        fits = self.table.column(FITS)
        return sum(cell.text != "yes" for cell in fits) if fits else len(self.table.rows)

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON: each row has the IRIs beside the texts."""
        said = {"id": self.panel.id, "title": self.panel.title, "question": self.panel.question, "kind": self.kind}
        said |= {name: self.panel.headers[name] for name in ("expect", "note") if name in self.panel.headers}
        names = [column.name for column in self.table.columns]
        rows = [dict(zip(names, map(_plain, row), strict=True)) for row in self.table.rows]
        return {
            **said,
            "holds": self.holds,
            "complete": not self.table.has_more,
            "rows": rows,
            "query": self.panel.shown(),
        }


@dataclass(frozen=True)
class Rule:
    """A rule that must return nothing, and what it returned, a text for each row; None where there was no answer in time."""

    query: CatalogueQuery
    rows: tuple[str, ...] | None

    @property
    def holds(self) -> bool | None:
        """Whether it returned nothing; None where that is not known."""
        return None if self.rows is None else not self.rows

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        said = {"id": self.query.id, "title": self.query.title, "rule": self.query.question, "holds": self.holds}
        return said | ({"rows": list(self.rows)} if self.rows else {})


@dataclass(frozen=True)
class Quality:
    """Everything that is known of a generation's quality."""

    findings: tuple[Finding, ...]
    rules: tuple[Rule, ...]

    def of_kind(self, kind: str) -> tuple[Finding, ...]:
        """Return the findings of one kind, in their order."""
        return tuple(finding for finding in self.findings if finding.kind == kind)

    @property
    def failing(self) -> tuple[Finding, ...]:
        """The checks that do not hold."""
        return tuple(finding for finding in self.findings if finding.holds is False)

    @property
    def broken_rules(self) -> tuple[Rule, ...]:
        """The rules that returned something."""
        return tuple(rule for rule in self.rules if rule.holds is False)

    @property
    def kept_rules(self) -> tuple[Rule, ...]:
        """The rules that returned nothing."""
        return tuple(rule for rule in self.rules if rule.holds)

    @property
    def unanswered_rules(self) -> tuple[Rule, ...]:
        """The rules of which it is not known."""
        return tuple(rule for rule in self.rules if rule.holds is None)

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        parts: dict[str, object] = {
            {"figures": "figures", "list": "lists", "check": "checks"}[kind]: [f.to_dict() for f in self.of_kind(kind)]
            for kind in KINDS
        }
        return {**parts, "rules": [rule.to_dict() for rule in self.rules]}


def read_quality(store: Store, labels: LabelReader, queries: Path, ask: Ask) -> Quality:
    """Run the query files of the page; each bounds what it looks at or returns.

    :param ask: returns the rows of a rule, each as a text, or None if that would take too long.

    :raises SourceError: a file lacks what its kind needs.
    """
    panels = read_panels(queries / "site" / "quality")
    findings = tuple(_finding(store, labels, panel, queries) for panel in panels)
    rules = tuple(_rule(query, ask(query.text)) for query in read_catalogue(queries / "checks"))
    return Quality(findings, rules)


def _finding(store: Store, labels: LabelReader, panel: Panel, queries: Path) -> Finding:
    kind = panel.headers.get("kind")
    wanted = "expect" if kind == "check" else "question"
    if kind not in KINDS or not panel.headers.get(wanted):
        path = queries / "site" / "quality" / f"{panel.id}.rq"
        raise SourceError("A query of the quality page has `# kind:`, and a check `# expect:`.", path=path)
    table = fill(store, labels, panel)
    finding = Finding(table)
    return Finding(table, finding.failures == 0 and not table.has_more) if kind == "check" else finding


def _rule(query: CatalogueQuery, rows: Sequence[str] | None) -> Rule:
    return Rule(query, None if rows is None else tuple(rows[:SHOWN_ROWS]))


def _plain(cell: Cell) -> object:
    """Return a cell as a text, an IRI with its label, or a list of these."""
    one: object = {"iri": cell.iri, "label": cell.text} if cell.iri else cell.text or None
    return [one, *(_plain(other) for other in cell.others)] if cell.others else one
