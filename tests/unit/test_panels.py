"""Panels are data: every shipped one reads, runs, bounds its cost, and shows text that gives the same rows when anyone runs it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pyoxigraph
import pytest
from pyoxigraph import DefaultGraph, NamedNode, Quad

from qit4n_kg.entities.labels import LabelReader
from qit4n_kg.entities.panels import ROWS, Panel, column_label, fill, panels_for, read_panel, read_panels
from qit4n_kg.errors import SourceError
from qit4n_kg.store.oxigraph import OxigraphStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qit4n_kg.store.base import Solutions

ROOT = Path(__file__).resolve().parents[2]
ID = "https://w3id.org/qit4n/id/"
STDORG = "https://w3id.org/stdorg/ns#"
ADA = f"{ID}person/ada-byron"
FILES = sorted((ROOT / "queries/entity/panels").glob("*.rq"))
SITE_FILES = sorted(
    path for path in (ROOT / "queries/site").rglob("*.rq") if "CONSTRUCT" not in path.read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
def store() -> Iterator[OxigraphStore]:
    text = (ROOT / "tests/fixtures/pages.trig").read_bytes()
    quads = list(pyoxigraph.parse(text, format=pyoxigraph.RdfFormat.TRIG))
    with OxigraphStore.in_memory() as store:
        store.add(quads)
        store.add(Quad(*quad.triple, DefaultGraph()) for quad in quads)
        yield store


@pytest.fixture(scope="module")
def labels(store: OxigraphStore) -> LabelReader:
    return LabelReader(store, "https://w3id.org/qit4n/")


def without_optional(text: str) -> str:
    """Cut every OPTIONAL group out, the innermost first."""
    while True:
        shorter = re.sub(r"OPTIONAL \{[^{}]*\}|GRAPH \?\w+ \{[^{}]*\}", " ", text)
        if shorter == text:
            return text
        text = shorter


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_panel_names_a_class_and_bounds_its_cost(path: Path) -> None:
    panel = read_panel(path)
    assert all(name.startswith("stdorg:") for name in panel.headers["class"].split())
    assert f"LIMIT {ROWS + 1} }}" in panel.text, "the inner SELECT that finds the rows must be bounded"
    assert "?this" not in panel.text.split("WHERE")[0], "?this is not projected"


@pytest.mark.parametrize("path", FILES + SITE_FILES, ids=lambda path: path.stem)
def test_a_label_is_never_looked_up_for_an_unbound_variable(path: Path) -> None:
    """`OPTIONAL { ?x rdfs:label ?xLabel }` beside an unbound ?x would list every label of the graph."""
    text = path.read_text()
    body = text[text.index("WHERE") :]
    required = without_optional(body)
    for name in re.findall(r"^  OPTIONAL \{ \?(\w+) rdfs:label", body, re.MULTILINE):
        assert re.search(rf"\?{name}\b", required), f"?{name} may be unbound"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_text_shown_gives_the_panels_rows(path: Path, store: OxigraphStore, labels: LabelReader) -> None:
    panel = read_panel(path)
    for name in ("person/ada-byron", "club", "club/meeting/1", "organization/engines", "club/document/minutes"):
        shown = panel.shown(f"{ID}{name}")
        assert "?this" not in shown
        rows = list(cast("Solutions", store.query(shown)))
        table = fill(store, labels, panel, f"{ID}{name}")
        assert len(table.rows) <= len(rows)
        assert bool(table.rows) == bool(rows)


@pytest.mark.parametrize("path", SITE_FILES, ids=lambda path: path.stem)
def test_a_query_of_the_home_page_runs_on_an_empty_graph(path: Path) -> None:
    with OxigraphStore.in_memory() as store:
        fill(store, LabelReader(store), read_panel(path))


def test_a_persons_roles_are_shown_with_affiliation_as_stated_and_source(
    store: OxigraphStore, labels: LabelReader
) -> None:
    table = fill(store, labels, read_panel(ROOT / "queries/entity/panels/person-roles.rq"), ADA)
    (row,) = table.rows
    texts = {column.label: cell.text for column, cell in zip(table.columns, row, strict=True)}
    assert texts == {
        "Role": "Chair",
        "In": "Analytical Club",
        "Affiliation": "Engines",
        "Affiliation as stated": "Engines Ltd",
        "Attested since": "1843-07",
        "Source": "Table 1, row Ada",
    }
    assert table.column("role")[0].iri == f"{ID}concept/role/chair"
    assert {column.label: column.kind for column in table.columns}["Attested since"] == "date"


def test_a_column_without_any_value_is_left_out(store: OxigraphStore, labels: LabelReader) -> None:
    table = fill(store, labels, read_panel(ROOT / "queries/entity/panels/person-roles.rq"), ADA)
    assert table.column("country") == ()


def test_rows_that_differ_in_their_source_only_become_one(store: OxigraphStore, labels: LabelReader) -> None:
    text = f"SELECT ?x ?source WHERE {{ VALUES (?x ?source) {{ (1 <{ID}a>) (1 <{ID}b>) (2 <{ID}a>) }} }} ORDER BY ?x"
    table = fill(store, labels, Panel("x", "X", "?", text))
    assert [(row[0].text, len(row[1].others)) for row in table.rows] == [("1", 1), ("2", 0)]


def test_a_name_that_stands_before_every_label_is_left_out(store: OxigraphStore, labels: LabelReader) -> None:
    text = (
        f"SELECT ?x ?xLabel ?xWithin WHERE {{ VALUES (?x ?xLabel ?xWithin) {{ "
        f'(<{ID}a> "Club meeting 1"@en "Club"@en) (<{ID}b> "Clubbing"@en "Club"@en) (<{ID}c> "Club"@en UNDEF) }} }}'
    )
    table = fill(store, labels, Panel("x", "X", "?", text))
    assert [column.name for column in table.columns] == ["x"]
    assert [row[0].text for row in table.rows] == ["Meeting 1", "Clubbing", "Club"]


def test_a_column_may_have_a_shorter_heading(store: OxigraphStore, labels: LabelReader) -> None:
    text = "SELECT ?inputDocuments ?place WHERE { VALUES (?inputDocuments ?place) { (1 'Jinan') } }"
    table = fill(store, labels, Panel("x", "X", "?", text, {"heads": "inputDocuments Input"}))
    assert [column.label for column in table.columns] == ["Input", "Place"]


def test_a_property_begins_with_a_capital_and_a_time_has_no_empty_seconds(
    store: OxigraphStore, labels: LabelReader
) -> None:
    text = (
        f"SELECT ?side ?sideLabel ?at WHERE {{ VALUES (?side ?sideLabel ?at) {{ "
        f'(<{STDORG}liaisonOf> "liaison of"@en "13:00:00Z"^^<http://www.w3.org/2001/XMLSchema#time>) }} }}'
    )
    (row,) = fill(store, labels, Panel("x", "X", "?", text)).rows
    assert [cell.text for cell in row] == ["Liaison of", "13:00 UTC"]


def test_more_rows_than_a_page_shows_are_announced(store: OxigraphStore, labels: LabelReader) -> None:
    numbers = " ".join(str(number) for number in range(ROWS + 1))
    table = fill(store, labels, Panel("x", "X", "?", f"SELECT ?n WHERE {{ VALUES ?n {{ {numbers} }} }}"))
    assert len(table.rows) == ROWS
    assert table.has_more
    assert table.columns[0].kind == "number"


def test_a_panel_may_show_fewer_rows_and_the_last_of_them(store: OxigraphStore, labels: LabelReader) -> None:
    text = "SELECT ?n WHERE { VALUES ?n { 1 2 3 } } ORDER BY ?n"
    for headers, shown in (({"most": "2"}, ["1", "2"]), ({"most": "2", "keep": "last"}, ["2", "3"])):
        table = fill(store, labels, Panel("x", "X", "?", text, headers))
        assert [row[0].text for row in table.rows] == shown
        assert table.has_more
    assert not fill(store, labels, Panel("x", "X", "?", text, {"most": "3"})).has_more


@pytest.mark.parametrize("path", [path for path in SITE_FILES if "charts" in path.parts], ids=lambda path: path.stem)
def test_a_chart_asks_for_one_row_more_than_it_shows_and_says_what_it_leaves_out(path: Path) -> None:
    panel = read_panel(path)
    assert f"LIMIT {panel.most + 1}\n" in panel.text
    assert panel.headers["more"]
    assert "sixty" not in panel.question


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_panel_has_no_optional_part_within_another(path: Path) -> None:
    """The engine joins such a part with every match in the graph (1.5 s beside 100,000 links); two flat ones cost nothing."""
    depth, opened = 0, []
    for token in re.findall(r"OPTIONAL\s*\{|[{}]", re.sub(r"(?m)^\s*#.*$", "", read_panel(path).text)):
        depth += 1 if token != "}" else -1
        if token.startswith("OPTIONAL"):
            assert not opened, "an OPTIONAL within an OPTIONAL"
            opened.append(depth)
        elif token == "}" and opened and depth < opened[-1]:
            opened.pop()


def test_an_overruled_passage_is_no_source_of_what_is_in_force(graph_store: OxigraphStore) -> None:
    """Overruled passages describe themselves in force, so that one can ask which they are."""
    meeting = f"{ID}fg-qit4n/meeting/2"
    table = fill(
        graph_store, LabelReader(graph_store), read_panel(ROOT / "queries/entity/panels/meeting-plan.rq"), meeting
    )
    sources = [cell for one in table.column("source") for cell in (one, *one.others)]
    overruled = {
        quad.subject.value
        for quad in graph_store.quads(
            None,
            NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type"),
            NamedNode(f"{STDORG}OverruledGraph"),
            DefaultGraph(),
        )
    }
    assert overruled
    assert len(sources) > 4
    assert overruled.isdisjoint(cell.iri for cell in sources)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_panels_sources_are_in_force(path: Path) -> None:
    text = read_panel(path).text
    assert text.count("?source dcterms:source|dcterms:dateSubmitted ?document") == text.count(
        "FILTER NOT EXISTS { ?source a stdorg:OverruledGraph }"
    )


def test_panels_are_chosen_by_class() -> None:
    panels = read_panels(ROOT / "queries/entity/panels")
    chosen = [panel.id for panel in panels_for(panels, [f"{STDORG}Person", f"{STDORG}Agent"])]
    assert chosen == ["person-roles"]
    assert panels_for(panels, ["https://example.org/Person"]) == []


def test_panels_come_in_their_order() -> None:
    chosen = [panel.order for panel in panels_for(read_panels(ROOT / "queries/entity/panels"), [f"{STDORG}Body"])]
    assert chosen == sorted(chosen)


def test_what_is_no_iri_never_enters_a_query() -> None:
    panel = Panel("x", "X", "?", "SELECT ?o WHERE { ?this ?p ?o }")
    with pytest.raises(ValueError, match="IRI"):
        panel.shown("https://example.org/> } INSERT {")


def test_a_backslash_in_an_iri_is_refused_and_a_group_reference_is_kept() -> None:
    panel = Panel("x", "X", "?", "SELECT ?o WHERE { ?this ?p ?o }")
    assert str(NamedNode("https://example.org/1$g")) in panel.shown("https://example.org/1$g")


@pytest.mark.parametrize("text", ["SELECT * {}", "# title: X\nSELECT * {}", "# question: X?\nSELECT * {}"])
def test_a_file_without_title_or_question_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.rq").write_text(text)
    with pytest.raises(SourceError, match=r"x\.rq"):
        read_panels(tmp_path)


def test_a_variables_name_becomes_a_heading() -> None:
    assert column_label("incomingLiaisonStatements") == "Incoming liaison statements"


@pytest.mark.parametrize("path", SITE_FILES, ids=lambda path: path.stem)
def test_the_catalogue_has_the_queries_that_the_home_page_names(path: Path) -> None:
    headers = read_panel(path).headers
    named = [*headers.get("see", "").split(), *headers.get("examples", "").split()]
    assert [name for name in named if not (ROOT / f"queries/catalogue/{name}.rq").exists()] == []
