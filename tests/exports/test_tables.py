"""Guards the tables: other libraries read the catalogue's answers back, cell by cell, from CSVW, JSON Lines, Parquet and Excel."""

from __future__ import annotations

import csv
import datetime
import io
import json
import re
import shutil
import subprocess
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import openpyxl
import pytest
import rdflib
from csvw import CSVW
from hypothesis import given, settings
from pyoxigraph import Literal
from rdflib.compare import isomorphic
from rdflib.namespace import XSD

from exports.conftest import QUERIES, REGISTRY, made, material_of
from exports.csv2rdf import convert
from exports.worlds import TEXTS, filled, iri, of_text, quads, typed
from qit4n_kg import spreadsheets
from qit4n_kg.errors import NotFoundError
from qit4n_kg.exports.deliverables import clean
from qit4n_kg.exports.loss import report_loss
from qit4n_kg.exports.tables import Kind, read_table, text_of
from qit4n_kg.queries import bind, read_query
from qit4n_kg.store.oxigraph import OxigraphStore

if TYPE_CHECKING:
    from rdflib.term import Node

BASE = "https://example.org/exports/csvw/"
TABLES = REGISTRY.find("workbook.xlsx").export.description.argument.values
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")


def answer(store, name):
    """What the catalogue's query answers, as texts."""
    query = read_query(QUERIES / "catalogue" / f"{name}.rq")
    rows = store.query(query.text, bindings=bind(query, {}))
    return list(rows.variables), [["" if term is None else term.value for term in row] for row in rows]


def csv_rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


@pytest.fixture(scope="module")
def csvw_folder(graph_store, tmp_path_factory):
    """The metadata and every table, as files."""
    folder = tmp_path_factory.mktemp("csvw")
    for name in ("csvw-metadata.json", *(f"{table}.csv" for table in TABLES)):
        (folder / name).write_bytes(made(graph_store, f"csvw/{name}"))
    return folder


@pytest.fixture(scope="module")
def csvw_rdf(csvw_folder):
    """The tables as RDF."""
    return convert(csvw_folder, BASE)


def test_there_are_the_twenty_tables_of_the_contract():
    assert len(TABLES) == 20
    assert all((QUERIES / "catalogue" / f"{name}.rq").is_file() for name in TABLES)


@pytest.mark.parametrize("name", TABLES)
def test_csv_is_what_the_query_answers(graph_store, name):
    header, rows = answer(graph_store, name)
    found = csv_rows(made(graph_store, f"csvw/{name}.csv"))
    assert found[0] == header
    assert [[cell.removeprefix("'") for cell in row] for row in found[1:]] == rows


def is_valid(folder: Path) -> bool:
    """Whether csvw finds nothing wrong: it counts the warnings that it gives itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        try:
            return CSVW(str(folder / "csvw-metadata.json"), validate=True).is_valid
        except ValueError:
            return False


def test_csvw_is_valid_and_typed(csvw_folder):
    assert is_valid(csvw_folder)
    document = json.loads((csvw_folder / "csvw-metadata.json").read_text(encoding="utf-8"))
    columns = {table["url"]: {c["name"]: c for c in table["tableSchema"]["columns"]} for table in document["tables"]}
    assert columns["meetings.csv"]["participants"]["datatype"] == "integer"
    assert columns["meetings.csv"]["start"]["datatype"] == "date"
    assert columns["deliverables.csv"]["due"]["datatype"] == "gYearMonth"
    assert columns["people.csv"]["roles"]["separator"] == "|"
    assert columns["meetings.csv"]["participants"]["rdfs:seeAlso"] == {"@id": "https://w3id.org/stdorg/ns#participants"}


def test_csvw_read_back_is_what_the_queries_answer(csvw_folder, graph_store):
    rows = CSVW(str(csvw_folder / "csvw-metadata.json"), validate=True).to_json(minimal=True)
    expected = [row for name in TABLES for row in read_table(material_of(graph_store, "workbook.xlsx"), name).values]
    assert len(rows) == len(expected) > 200
    for row, values in zip(rows, expected, strict=True):
        assert list(row.values()) == [json_value(value) for value in values if value is not None]


@pytest.mark.parametrize("name", TABLES)
def test_rdf_made_of_csvw_has_the_values_that_the_query_answers(csvw_rdf, graph_store, name):
    found: dict[Node, set[tuple[str, Node]]] = {}
    for row, column, value in csvw_rdf:
        if column.startswith(f"{BASE}{name}.csv#"):
            found.setdefault(row, set()).add((column.partition("#")[2], value))
    expected = []
    for row in (table := read_table(material_of(graph_store, "workbook.xlsx"), name)).rows:
        cells = set()
        for column, term in zip(table.columns, row, strict=True):
            texts = [] if term is None else text_of(term).split(column.separator) if column.is_list else [text_of(term)]
            cells |= {(column.name, rdflib.Literal(text, datatype=XSD[column.kind.value])) for text in texts if text}
        expected.append(cells)
    assert len(found) == len(expected)
    assert sorted(map(told, found.values())) == sorted(map(told, expected))


def told(cells):
    """Values, not spellings: 7.50 is 7.5; the datatype counts."""
    return sorted((name, str(value.datatype), repr(value.value)) for name, value in cells)


def test_rdf_made_of_csvw_answers_as_the_graph_does(csvw_rdf, graph_store):
    """One question asked of both: how many took part, meeting by meeting."""
    query = f"SELECT ?n ?p {{ ?row <{BASE}meetings.csv#number> ?n ; <{BASE}meetings.csv#participants> ?p }}"
    own = """PREFIX s: <https://w3id.org/stdorg/ns#>
      SELECT ?n ?p { ?m a s:Meeting ; s:meetingOf <https://w3id.org/qit4n/id/fg-qit4n> ; s:number ?n ; s:participants ?p }"""
    assert {(int(n), int(p)) for n, p in csvw_rdf.query(query)} == {
        (int(row[0].value), int(row[1].value)) for row in graph_store.query(own)
    }


def test_rdf_made_of_a_spoiled_table_has_other_values(csvw_folder, tmp_path):
    described = json.loads((csvw_folder / "csvw-metadata.json").read_bytes())
    described["tables"] = [table for table in described["tables"] if table["url"] == "meetings.csv"]
    (tmp_path / "csvw-metadata.json").write_text(json.dumps(described))
    content = (csvw_folder / "meetings.csv").read_bytes()
    found = []
    for text in (content, content, content.replace(b",109,", b",110,", 1)):
        (tmp_path / "meetings.csv").write_bytes(text)
        found.append(convert(tmp_path, BASE))
    assert isomorphic(found[0], found[1])
    assert not isomorphic(found[0], found[2])


def json_value(value):
    return value.isoformat() if isinstance(value, datetime.date) else value


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"2019-12-09", b"December"), (b",109,", b",many,")],
    ids=["date", "integer"],
)
def test_csvw_refuses_a_spoiled_table(csvw_folder, tmp_path, old, new):
    for path in csvw_folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    table = tmp_path / "meetings.csv"
    table.write_bytes(table.read_bytes().replace(old, new, 1))
    assert not is_valid(tmp_path)


@pytest.mark.parametrize("name", TABLES)
def test_json_lines_are_what_the_query_answers(graph_store, name):
    table = read_table(material_of(graph_store, "workbook.xlsx"), name)
    lines = made(graph_store, f"{name}.jsonl").decode().splitlines()
    names = [column.name for column in table.columns]
    assert [json.loads(line) for line in lines] == [
        dict(zip(names, map(json_value, row), strict=True)) for row in table.values
    ]


def test_a_spoiled_json_line_is_not_read(graph_store):
    line = made(graph_store, "meetings.jsonl").decode().splitlines()[0]
    with pytest.raises(json.JSONDecodeError):
        json.loads(line.replace('"number": 1,', '"number": ,', 1))


@pytest.mark.parametrize("name", TABLES)
def test_duckdb_reads_parquet_as_the_query_answers(graph_store, tmp_path, name):
    table = read_table(material_of(graph_store, "workbook.xlsx"), name)
    path = tmp_path / "table.parquet"
    path.write_bytes(made(graph_store, f"{name}.parquet"))
    with duckdb.connect() as connection:
        found = connection.execute("SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
    lists = [at for at, column in enumerate(table.columns) if column.is_list]
    expected = [tuple((value or []) if at in lists else value for at, value in enumerate(row)) for row in table.values]
    assert found == expected


def test_duckdb_refuses_a_spoiled_copy(graph_store, tmp_path):
    path = tmp_path / "table.parquet"
    path.write_bytes(made(graph_store, "meetings.parquet")[:-20])
    with duckdb.connect() as connection, pytest.raises(duckdb.Error):
        connection.execute("SELECT * FROM read_parquet(?)", [str(path)]).fetchall()


def test_openpyxl_reads_the_workbook_as_the_queries_answer(graph_store):
    book = openpyxl.load_workbook(io.BytesIO(made(graph_store, "workbook.xlsx")))
    assert book.sheetnames == ["Contents", *TABLES]
    for name in TABLES:
        table = read_table(material_of(graph_store, "workbook.xlsx"), name)
        header, *rows = book[name].iter_rows(values_only=True)
        assert list(header) == [column.name for column in table.columns]
        assert [tuple(map(sheet_value, row)) for row in table.values] == [tuple(row) for row in rows]
    assert book.properties.title == "Tables about FG QIT4N"
    assert [row[2] for row in book["Contents"].iter_rows(min_row=2, max_row=3, values_only=True)] == [9, 6]


def sheet_value(value):
    if isinstance(value, datetime.date):
        return datetime.datetime.combine(value, datetime.time())
    return "|".join(value) if isinstance(value, list) else value


def test_openpyxl_refuses_a_spoiled_copy(graph_store):
    content = made(graph_store, "workbook.xlsx")
    with pytest.raises(Exception, match=r"zip|File"):
        openpyxl.load_workbook(io.BytesIO(content[: len(content) // 2]))


def office_prints(content: bytes, folder: Path) -> bytes:
    """The workbook as LibreOffice prints it; empty if it can't."""
    office = shutil.which("soffice")
    if office is None or not Path("/usr/lib/libreoffice/program/libsclo.so").is_file():
        pytest.skip("LibreOffice Calc is not installed.")
    (folder / "book.xlsx").write_bytes(content)
    profile = f"-env:UserInstallation=file://{folder}/profile"
    command = [office, profile, "--headless", "--convert-to", "pdf", "--outdir", str(folder), str(folder / "book.xlsx")]
    subprocess.run(command, capture_output=True, timeout=100, check=False)
    printed = folder / "book.pdf"
    return printed.read_bytes() if printed.is_file() else b""


@pytest.mark.slow
def test_libreoffice_prints_each_sheet_in_the_width_of_a_page(graph_store, tmp_path):
    printed = office_prints(made(graph_store, "workbook.xlsx"), tmp_path)
    pages = re.findall(rb"/Type\s*/Page\b", printed)
    assert len(pages) == len(TABLES) + 1, "a table that is wider than a page would need more"


@pytest.mark.slow
def test_libreoffice_refuses_a_spoiled_workbook(graph_store, tmp_path):
    content = made(graph_store, "workbook.xlsx")
    assert office_prints(content[: len(content) // 2], tmp_path) == b""


def test_a_table_is_about_the_group_that_is_asked_for(second_store):
    asked = {"forGroup": "id:fg-exq"}
    rows = csv_rows(made(second_store, "csvw/meetings.csv", asked))
    assert [row[0] for row in rows[1:]] == ["1", "2"]
    metadata = json.loads(made(second_store, "csvw/csvw-metadata.json", asked))
    assert metadata["dc:title"] == "Tables about FG EXQ"
    assert metadata["tables"][0]["url"] == "meetings.csv?forGroup=id:fg-exq"
    book = openpyxl.load_workbook(io.BytesIO(made(second_store, "workbook.xlsx", asked)))
    assert book["meetings"].max_row == 3


def test_http_takes_the_group_too(client):
    assert client.get("/exports/meetings.jsonl?forGroup=id:fg-qit4n").data == client.get("/exports/meetings.jsonl").data
    answer = client.get("/exports/meetings.jsonl?forGroup=id:fg-nobody")
    assert answer.status_code == 404
    assert "knows no group" in answer.json["detail"]
    assert client.get("/exports/csvw/nothing.csv").status_code == 404


def test_a_graph_without_the_group_says_so():
    with pytest.raises(NotFoundError, match="knows no group"):
        made(of_text("x"), "csvw/meetings.csv")


def test_the_loss_of_one_table_is_more_than_of_all(graph_store):
    one = report_loss(material_of(graph_store, "csvw/meetings.csv"))
    every = report_loss(material_of(graph_store, "workbook.xlsx"))
    assert one.facts == every.facts
    assert 0 < every.lost < one.lost
    participants = next(f for f in every.fields if (f.kind, f.property) == ("stdorg:Meeting", "stdorg:participants"))
    assert (participants.facts, participants.lost) == (9, 0)


# --- kinds of columns -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([typed("1", "integer"), typed("2.5", "decimal")], Kind.DECIMAL),
        ([typed("2031-01-01", "date"), typed("2031-01", "gYearMonth")], Kind.STRING),
        ([typed("12345678901234567890123", "integer")], Kind.STRING),
        ([typed("true", "boolean")], Kind.BOOLEAN),
        ([Literal("1"), typed("1", "integer")], Kind.STRING),
    ],
    ids=["numbers", "dates", "too-large", "truth", "mixed"],
)
def test_a_column_has_the_kind_of_its_values(values, kind):
    from qit4n_kg.exports.tables import _kind

    assert _kind([*values, None]) is kind


# --- any text -------------------------------------------------------------------------------------------------------------


@settings(max_examples=12, deadline=None)
@given(TEXTS)
def test_any_text_comes_back_and_none_is_a_formula(text):
    asked = {"forGroup": "id:fg-x"}
    store = of_text(text)
    header, row = csv_rows(made(store, "csvw/meetings.csv", asked))
    place = row[header.index("place")]
    assert place == (f"'{clean(text)}" if clean(text).startswith(FORMULAS) else clean(text))
    assert not place.startswith(FORMULAS)
    (line,) = made(store, "meetings.jsonl", asked).splitlines()
    assert json.loads(line)["place"] == clean(text)
    book = openpyxl.load_workbook(io.BytesIO(made(store, "workbook.xlsx", asked)))
    cell = book["meetings"].cell(2, header.index("place") + 1)
    assert cell.data_type != "f"
    assert unescaped(str(cell.value)) == clean(text)


def unescaped(text: str) -> str:
    from openpyxl.utils.escape import unescape

    return unescape(text)


def test_a_text_longer_than_a_cell_is_cut_and_told(monkeypatch):
    monkeypatch.setattr(spreadsheets, "MOST_CHARACTERS", 100)
    material = material_of(of_text("x" * 300), "workbook.xlsx", {"forGroup": "id:fg-x"})
    report = report_loss(material)
    assert any("longer than a cell" in one.reason for one in report.left_out)


def test_empty_cells_stay_empty():
    content = {"id:g": {"rdf:type": "stdorg:Group", "rdfs:label": "G"}}
    content["id:m"] = {"rdf:type": "stdorg:Meeting", "stdorg:meetingOf": "id:g", "stdorg:number": 1}
    store = filled(OxigraphStore.in_memory(), quads(content))
    asked = {"forGroup": iri("id:g")}
    assert csv_rows(made(store, "csvw/meetings.csv", asked))[1] == ["1", *[""] * 11]
    assert set(json.loads(made(store, "meetings.jsonl", asked)).values()) == {1, None}


def test_a_value_that_holds_what_stands_between_values_comes_back_whole(tmp_path):
    """In CSVW and JSON Lines alike; other columns keep the usual sign."""
    asked = {"forGroup": "id:fg-x"}
    store = of_text("a|b")
    second = {"stdorg:agent": "id:person/p", "stdorg:in": "id:fg-x", "stdorg:affiliation": "id:organization/second"}
    store.add(quads({"id:fg-x/role": second, "id:organization/second": {"rdfs:label": "Other"}}))
    described = json.loads(made(store, "csvw/csvw-metadata.json", asked))
    described["tables"] = [
        one | {"url": "people.csv"} for one in described["tables"] if one["url"].startswith("people")
    ]
    (tmp_path / "csvw-metadata.json").write_text(json.dumps(described))
    (tmp_path / "people.csv").write_bytes(made(store, "csvw/people.csv", asked))
    (person,) = CSVW(str(tmp_path / "csvw-metadata.json"), validate=True).to_json(minimal=True)
    (line,) = made(store, "people.jsonl", asked).splitlines()
    assert sorted(person["affiliations"]) == sorted(json.loads(line)["affiliations"]) == ["Other", "a|b"]
