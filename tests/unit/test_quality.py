"""The quality page: what holds and what does not comes from query files, and the shipped graph answers as its source says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from qit4n_kg.entities.labels import LabelReader
from qit4n_kg.errors import SourceError
from qit4n_kg.quality import Finding, Quality, read_quality
from qit4n_kg.store.oxigraph import OxigraphStore

if TYPE_CHECKING:
    from qit4n_kg.store.base import Store

ROOT = Path(__file__).resolve().parents[2]
CHECK = "# title: T\n# question: Q?\n# kind: check\n# expect: E.\n"


def read(folder: Path, **texts: str) -> Quality:
    """Read a folder with these queries of the page, over an empty graph; no rule is answered."""
    page = folder / "site" / "quality"
    page.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (page / f"{name}.rq").write_text(text)
    with OxigraphStore.in_memory() as store:
        return read_quality(store, LabelReader(store), folder, lambda text: None)


@pytest.fixture(scope="module")
def shipped(graph_store: Store) -> dict[str, Finding]:
    labels = LabelReader(graph_store, "https://w3id.org/qit4n/")
    quality = read_quality(graph_store, labels, ROOT / "queries", lambda text: [])
    return {finding.panel.id: finding for finding in quality.findings}


@pytest.mark.parametrize(
    ("rows", "holds"), [('("a" "yes")', True), ('("a" "yes") ("b" "no")', False), ("", True)], ids=["yes", "no", "none"]
)
def test_a_check_holds_when_every_row_fits(tmp_path: Path, rows: str, holds: bool) -> None:
    quality = read(tmp_path, one=f"{CHECK}SELECT ?x ?fits WHERE {{ VALUES (?x ?fits) {{ {rows} }} }}")
    (found,) = quality.findings
    assert found.holds is holds
    assert quality.failing == (() if holds else (found,))


def test_a_check_without_that_column_holds_when_there_is_no_row(tmp_path: Path) -> None:
    assert read(tmp_path, one=f"{CHECK}SELECT ?x WHERE {{ VALUES ?x {{ 1 }} }}").findings[0].holds is False
    assert read(tmp_path, one=f"{CHECK}SELECT ?x WHERE {{ VALUES ?x {{}} }}").findings[0].holds is True


@pytest.mark.parametrize("header", ["# kind: rumour\n", "", "# kind: check\n"])
def test_a_file_without_what_its_kind_needs_is_refused(tmp_path: Path, header: str) -> None:
    with pytest.raises(SourceError):
        read(tmp_path, one=f"# title: T\n# question: Q?\n{header}SELECT ?x WHERE {{}}")


def test_columns_that_belong_together_share_a_cell_on_a_page_only(tmp_path: Path) -> None:
    text = (
        "# title: T\n# question: Q?\n# kind: list\n# join: a b\nSELECT ?a ?b ?c WHERE { VALUES (?a ?b ?c) { (1 2 3) } }"
    )
    (found,) = read(tmp_path, one=text).findings
    assert [column.name for column in found.shown.columns] == ["a", "c"]
    assert [other.text for other in found.shown.rows[0][0].others] == ["2"]
    assert found.to_dict()["rows"] == [{"a": "1", "b": "2", "c": "3"}]


def test_a_rule_is_kept_broken_or_not_answered(tmp_path: Path) -> None:
    folder = tmp_path / "checks"
    folder.mkdir()
    answers = {"SELECT ?kept {}": [], "SELECT ?broken {}": ["<a>"], "SELECT ?slow {}": None}
    for number, text in enumerate(answers):
        (folder / f"{number}.rq").write_text(f"# title: T\n# rule: R.\n{text}")
    with OxigraphStore.in_memory() as store:
        quality = read_quality(store, LabelReader(store), tmp_path, lambda text: answers[text.splitlines()[-1]])
    assert [rule.holds for rule in quality.rules] == [True, False, None]
    assert [len(group) for group in (quality.kept_rules, quality.broken_rules, quality.unanswered_rules)] == [1, 1, 1]


def test_trap_22_the_outputs_are_numbered_through(shipped: dict[str, Finding]) -> None:
    found = shipped["check-output-numbers"]
    assert found.holds
    assert [cell.text for cell in found.table.column("outputsSoFar")] == "6 20 33 47 63 73 86 99 113".split()


def test_trap_23_two_input_numbers_do_not_fit(shipped: dict[str, Finding]) -> None:
    found = shipped["check-input-numbers"]
    assert found.holds is False
    at, fits = found.table.position("report"), found.table.position("fits")
    assert at is not None
    assert fits is not None
    assert [row[at].text[:5] for row in found.table.rows if row[fits].text == "no"] == ["I-264", "I-265"]


def test_no_other_shipped_check_fails(shipped: dict[str, Finding]) -> None:
    assert [name for name, found in shipped.items() if found.holds is False] == ["check-input-numbers"]


def test_the_lists_are_those_of_the_graph(shipped: dict[str, Finding], graph_store: Store) -> None:
    for name, kind in (("discrepancies", "Discrepancy"), ("open-questions", "OpenQuestion")):
        query = f"ASK {{ ?x a <https://w3id.org/stdorg/ns#{kind}> }}"
        assert graph_store.query(query)
        count = f"SELECT (COUNT(DISTINCT ?x) AS ?n) {{ ?x a <https://w3id.org/stdorg/ns#{kind}> }}"
        (row,) = graph_store.query(count)  # type: ignore[misc]
        assert len(shipped[name].table.rows) == int(row[0].value)
    bodies = {cell.text for cell in shipped["liaisons-without-officer"].table.column("with")}
    assert bodies == {"CEN-CENELEC FG QT", "ISO/IEC JTC 1/WG14", "ITU-T SG2", "ITU-T SG15"}
