"""Lists: rows put together from a query's answer, sorted, narrowed and counted; what is downloaded is harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
import zipfile
from typing import TYPE_CHECKING

import pyoxigraph
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad

from qit4n_kg.errors import ParameterError, QueryTimeoutError, SearchMissingError
from qit4n_kg.search.list_writing import write_lists
from qit4n_kg.search.lists import NOTHING, Lists, Wanted
from qit4n_kg.search.sheets import write_csv, write_json, write_xlsx
from qit4n_kg.spreadsheets import harmless
from qit4n_kg.store.oxigraph import OxigraphStore

if TYPE_CHECKING:
    from pathlib import Path

EX = "https://example.org/"
QUERY = """# title: Things
# question: Which things are there?
# item: Thing
# facets: place tag
# sort: size
# hidden: tag
PREFIX ex: <https://example.org/>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT ?item ?itemLabel ?size ?place ?placeLabel ?day ?tag
WHERE {
  { ?item a ex:Thing ; rdfs:label ?itemLabel }
  UNION { ?item ex:size ?size }
  UNION { ?item ex:place ?place . ?place rdfs:label ?placeLabel }
  UNION { ?item ex:day ?day }
  UNION { ?item ex:tag ?tag }
}
"""
DATA = """
@prefix ex: <https://example.org/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
ex:a a ex:Thing ; rdfs:label "Thing 10"@en ; ex:size 2.5 ; ex:place ex:p, ex:q ; ex:day "2021-04-08"^^xsd:date ; ex:tag "x", "y" .
ex:b a ex:Thing ; rdfs:label "Thing 9"@en ; ex:size 10 ; ex:place ex:p ; ex:day "2020-12"^^xsd:gYearMonth ; ex:tag "x" .
ex:c a ex:Thing ; rdfs:label "=HYPERLINK(\\"http://evil\\")" ; ex:place ex:q .
ex:d a ex:Thing ; rdfs:label "Ünal" ; ex:size -3 .
ex:stray ex:size 7 .
ex:p rdfs:label "Paris" .
ex:q rdfs:label "+1 Québec" .
"""


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> Lists:
    folder = tmp_path_factory.mktemp("lists")
    tables = folder / "queries" / "site" / "tables"
    tables.mkdir(parents=True)
    (tables / "things.rq").write_text(QUERY)
    with OxigraphStore.in_memory() as store:
        triples = pyoxigraph.parse(DATA.encode(), format=pyoxigraph.RdfFormat.TURTLE)
        store.add(Quad(*quad.triple, DefaultGraph()) for quad in triples)
        write_lists(folder, store, folder / "queries")
    return Lists(folder, folder / "queries")


def labels(lists: Lists, **wanted) -> list[str]:
    return [row.label for row in lists.read("things", Wanted(**wanted), 50).rows]


def test_an_item_is_what_the_query_calls_one(lists: Lists) -> None:
    assert lists.totals == {"things": 4}
    assert f"{EX}stray" not in {row.iri for row in lists.rows("things", Wanted(), 50)}


def test_values_are_put_together_and_kinds_known(lists: Lists) -> None:
    columns = {column.name: column for column in lists.columns("things")}
    assert {name: column.kind for name, column in columns.items()} == {
        "size": "number",
        "place": "text",
        "day": "date",
        "tag": "text",
    }
    assert columns["place"].has_things
    assert columns["tag"].is_hidden
    [row] = [row for row in lists.rows("things", Wanted(), 50) if row.iri == f"{EX}a"]
    assert [[value.text for value in cell] for cell in row.cells] == [
        ["2.5"],
        ["+1 Québec", "Paris"],
        ["2021-04-08"],
        ["x", "y"],
    ]


def test_numbers_sort_by_size_and_what_has_none_comes_last(lists: Lists) -> None:
    assert labels(lists, sort="size") == ["Ünal", "Thing 10", "Thing 9", '=HYPERLINK("http://evil")']
    assert labels(lists, sort="size", is_descending=True) == [
        "Thing 9",
        "Thing 10",
        "Ünal",
        '=HYPERLINK("http://evil")',
    ]


def test_names_sort_with_their_numbers_by_size_accents_apart(lists: Lists) -> None:
    assert labels(lists, sort="item") == ['=HYPERLINK("http://evil")', "Thing 9", "Thing 10", "Ünal"]


def test_words_narrow_without_case_or_accents(lists: Lists) -> None:
    assert labels(lists, text="UNAL") == ["Ünal"]
    assert sorted(labels(lists, text="quebec")) == ['=HYPERLINK("http://evil")', "Thing 10"]
    assert labels(lists, text="thing paris x y") == ["Thing 10"]
    assert labels(lists, text="%") == []


def test_facets_narrow_and_nothing_is_a_value(lists: Lists) -> None:
    assert labels(lists, filters={"place": f"{EX}p", "tag": "y"}) == ["Thing 10"]
    assert labels(lists, filters={"place": NOTHING}) == ["Ünal"]
    assert labels(lists, filters={"place": "'; DROP TABLE things; --"}) == []


@pytest.mark.parametrize("text", ["", "thing", "paris", "nowhere"])
@pytest.mark.parametrize("filters", [{}, {"tag": "x"}, {"place": f"{EX}p"}, {"place": f"{EX}p", "tag": "x"}])
def test_a_facets_count_is_what_choosing_it_gives(lists: Lists, text: str, filters: dict[str, str]) -> None:
    part = lists.read("things", Wanted(text, filters), 50)
    for name, counts in part.facets.items():
        for each in counts:
            narrowed = lists.read("things", Wanted(text, {**filters, name: each.value}), 50)
            assert (narrowed.total, len(narrowed.rows)) == (each.count, each.count)


def test_paging_gives_every_row_once(lists: Lists) -> None:
    wanted = Wanted(sort="day", is_descending=True)
    whole = [row.iri for row in lists.read("things", wanted, 50).rows]
    parts = [row.iri for at in range(4) for row in lists.read("things", wanted, 1, at).rows]
    assert parts == whole


def test_an_unknown_column_is_refused(lists: Lists) -> None:
    with pytest.raises(ParameterError, match="no column"):
        lists.read("things", Wanted(sort="k0; DROP"), 5)
    with pytest.raises(ParameterError, match="no column"):
        lists.read("things", Wanted(filters={"size\x00": "1"}), 5)


def test_a_list_is_read_only(lists: Lists) -> None:
    with lists._open() as connection, pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DROP TABLE lists")


def test_what_takes_too_long_is_stopped(lists: Lists) -> None:
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT COUNT(*) FROM n"
    with pytest.raises(QueryTimeoutError), lists._open(seconds=0.05) as connection:
        connection.execute(endless)


def test_a_generation_without_lists_says_so(tmp_path: Path) -> None:
    with pytest.raises(SearchMissingError, match="no lists"):
        Lists(tmp_path, tmp_path)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60))
def test_no_text_breaks_a_list(lists: Lists, text: str) -> None:
    lists.read("things", Wanted(text=text, filters={"place": text}), 5)


# --- files ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_formula_is_marked_as_text(text: str) -> None:
    assert harmless(text) == f"'{text}"


def test_csv_has_all_rows_and_no_formula(lists: Lists) -> None:
    output = io.BytesIO()
    write_csv("Thing", lists.columns("things"), lists.rows("things", Wanted(sort="size"), 50), output)
    heading, *rows = csv.reader(io.StringIO(output.getvalue().decode(), newline=""))
    assert heading == ["Thing", "Size", "Place", "Day", "Tag", "IRI"]
    assert rows[0][:2] == ["Ünal", "-3"]
    assert rows[1] == ["Thing 10", "2.5", "'+1 Québec; Paris", "2021-04-08", "x; y", f"{EX}a"]
    assert rows[3][0] == '\'=HYPERLINK("http://evil")'


def test_json_has_values_with_their_kinds(lists: Lists) -> None:
    output = io.BytesIO()
    write_json("Thing", lists.columns("things"), lists.rows("things", Wanted(sort="size"), 50), output)
    records = json.loads(output.getvalue())
    assert [record["size"] for record in records] == [[-3], [2.5], [10], []]
    assert records[1]["place"][1] == {"iri": f"{EX}p", "label": "Paris"}
    output = io.BytesIO()
    write_json("Thing", lists.columns("things"), [], output)
    assert json.loads(output.getvalue()) == []


def test_a_workbook_holds_numbers_dates_and_texts_but_no_formula_or_link(lists: Lists) -> None:
    output = io.BytesIO()
    write_xlsx("Thing", lists.columns("things"), lists.rows("things", Wanted(sort="size"), 50), output)
    with zipfile.ZipFile(output) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        assert not any("rels" in name and "sheet" in name for name in book.namelist())
    assert "<f>" not in sheet
    assert "HYPERLINK" in sheet
    cells = dict(re.findall(r'<c r="(\w+)"[^>]*><v>([^<]*)</v>', sheet))
    assert cells["B2"] == "-3"
    assert cells["D3"] == "44294"  # 8 April 2021
    assert 'r="D4" t="inlineStr"' in sheet


PAIRS = """# title: People
# question: Who holds which role where?
# item: Person
# facets: role place
# pair: role place
# absent: place not stated; role none
PREFIX ex: <https://example.org/>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT ?item ?itemLabel ?role ?roleLabel ?place ?placeLabel
WHERE {
  { ?item a ex:Person ; rdfs:label ?itemLabel }
  UNION { ?item ex:holds ?held . ?held ex:role ?role . ?role rdfs:label ?roleLabel
          OPTIONAL { ?held ex:in ?place . ?place rdfs:label ?placeLabel } }
}
"""
HELD = """
@prefix ex: <https://example.org/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
ex:a a ex:Person ; rdfs:label "Ada" ;
  ex:holds [ ex:role ex:chair ; ex:in ex:wg1 ] , [ ex:role ex:vice ; ex:in ex:fg ] , [ ex:role ex:editor ] .
ex:chair rdfs:label "Chair" . ex:vice rdfs:label "Vice-chair" . ex:editor rdfs:label "Editor" .
ex:wg1 rdfs:label "WG1" . ex:fg rdfs:label "FG" .
"""


def test_a_role_stays_beside_what_it_is_held_in(tmp_path: Path) -> None:
    tables = tmp_path / "queries" / "site" / "tables"
    tables.mkdir(parents=True)
    (tables / "people.rq").write_text(PAIRS)
    with OxigraphStore.in_memory() as store:
        triples = pyoxigraph.parse(HELD.encode(), format=pyoxigraph.RdfFormat.TURTLE)
        store.add(Quad(*quad.triple, DefaultGraph()) for quad in triples)
        write_lists(tmp_path, store, tmp_path / "queries")
    lists = Lists(tmp_path, tmp_path / "queries")
    role, place = lists.columns("people")
    assert (role.is_paired, place.is_paired, place.absent, role.absent) == (False, True, "not stated", "none")
    rows = list(lists.rows("people", Wanted(), 5))
    assert [value.whole for value in rows[0].cells[0]] == ["Chair: WG1", "Editor", "Vice-chair: FG"]
    assert lists.read("people", Wanted(filters={"place": f"{EX}fg"}), 5).total == 1
    output = io.BytesIO()
    write_csv("Person", lists.columns("people"), rows, output)
    heading, row = csv.reader(io.StringIO(output.getvalue().decode(), newline=""))
    assert heading == ["Person", "Role", "IRI"]
    assert row == ["Ada", "Chair: WG1; Editor; Vice-chair: FG", f"{EX}a"]
    output = io.BytesIO()
    write_xlsx("Person", lists.columns("people"), rows, output)
    with zipfile.ZipFile(output) as book:
        assert "Chair: WG1; Editor; Vice-chair: FG" in book.read("xl/worksheets/sheet1.xml").decode()
        assert '<sheet name="Person"' in book.read("xl/workbook.xml").decode()
    output = io.BytesIO()
    write_json("Person", lists.columns("people"), rows, output)
    [record] = json.loads(output.getvalue())
    assert record["role"][0] == {"iri": f"{EX}chair", "label": "Chair", "of": {"iri": f"{EX}wg1", "label": "WG1"}}


def test_hostile_labels_survive_a_build_of_lists(tmp_path: Path) -> None:
    tables = tmp_path / "queries" / "site" / "tables"
    tables.mkdir(parents=True)
    (tables / "things.rq").write_text(QUERY)
    kind, label = (
        NamedNode(f"http://www.w3.org/{name}") for name in ("1999/02/22-rdf-syntax-ns#type", "2000/01/rdf-schema#label")
    )
    texts = ["</script><b>", "\u202egnp", "x" * 1_000_000, "a\x01b", "\x0b"]
    with OxigraphStore.in_memory() as store:
        for number, text in enumerate(texts):
            thing = NamedNode(f"{EX}{number}")
            store.add([Quad(thing, kind, NamedNode(f"{EX}Thing")), Quad(thing, label, Literal(text))])
        write_lists(tmp_path, store, tmp_path / "queries")
    lists = Lists(tmp_path, tmp_path / "queries")
    for write in (write_csv, write_json, write_xlsx):
        output = io.BytesIO()
        write("Thing", lists.columns("things"), lists.rows("things", Wanted(), 50), output)
        assert len(output.getvalue()) < 100_000
    assert lists.totals == {"things": len(texts)}
