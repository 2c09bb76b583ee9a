"""Guards BibTeX, RIS and CSL-JSON: the libraries that reference managers use read back what the graph states, whatever the text."""

from __future__ import annotations

import json
import os
import warnings
from functools import cache
from pathlib import Path

import bibtexparser
import pytest
import rispy
from bibtexparser.middlewares import LatexDecodingMiddleware
from hypothesis import given, settings

from exports.conftest import made, material_of
from exports.worlds import TEXTS, of_text
from qit4n_kg.exports.deliverables import one_line, read_items

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it warns of its own style files while it is imported
    from citeproc import Citation, CitationItem, CitationStylesBibliography, CitationStylesStyle, formatter
    from citeproc.source.json import CiteProcJSON

SCHEMA = "QIT4N_COMMONMETA"
"""The folder into which `pip install --no-deps --target` has put commonmeta-py, which carries the CSL schema."""

STYLE = """<?xml version="1.0" encoding="utf-8"?>
<style xmlns="http://purl.org/net/xbiblio/csl" class="in-text" version="1.0">
  <info><title>x</title><id>x</id><updated>2026-01-01T00:00:00+00:00</updated></info>
  <citation><layout><text variable="title"/></layout></citation>
  <bibliography><layout>
    <names variable="editor"><name delimiter="; "/></names><text variable="title" prefix=" | "/>
    <text variable="number" prefix=" | "/><text variable="status" prefix=" | "/>
  </layout></bibliography>
</style>"""


@pytest.fixture
def stated(graph_store):
    """The deliverables that the graph states, by code."""
    found = read_items(material_of(graph_store, "csl.json").facts)
    assert len(found) == 11
    return {item.code: item for item in found}


def bibtex(content: bytes) -> dict[str, dict[str, str]]:
    """Entries by number, each field decoded from LaTeX."""
    library = bibtexparser.parse_string(content.decode(), append_middleware=[LatexDecodingMiddleware()])
    assert not library.failed_blocks, library.failed_blocks
    found = {}
    for entry in library.entries:
        values = {name: field.value for name, field in entry.fields_dict.items()}
        found[values["number"]] = {**values, "kind": entry.entry_type}
    return found


def bare(text: str) -> str:
    """A value without the braces around the whole."""
    return text[1:-1] if text.startswith("{") and text.endswith("}") else text


def parts(editor) -> tuple[str, ...]:
    """Family and given name, or the whole name where the source does not tell them apart (K. Karunaratne)."""
    return editor.parts or (editor.name,)


def test_bibtex_read_back_gives_titles_editors_dates_and_status(export, stated):
    entries = bibtex(export("deliverables.bib"))
    assert entries.keys() == stated.keys()
    for code, item in stated.items():
        entry = entries[code]
        assert bare(entry["title"]) == item.title
        names = [name for name in entry.get("editor", "").split(" and ") if name]
        assert [tuple(bare(part) for part in name.split(", ")) for name in names] == [parts(e) for e in item.editors]
        assert (entry["pubstate"], entry.get("due"), entry.get("progress")) == (item.status, item.due, item.progress)
        assert entry["kind"] == "unpublished"
        assert f"Status: {item.status}" in entry["note"]
        assert not {"doi", "year", "date", "publisher", "isbn", "eprint"} & entry.keys()


def test_ris_read_back_gives_titles_editors_dates_and_status(export, stated):
    records = {record["note"]: record for record in rispy.loads(export("deliverables.ris").decode())}
    assert records.keys() == stated.keys()
    for code, item in stated.items():
        record = records[code]
        assert record["title"] == item.title
        assert record.get("secondary_authors", []) == [", ".join(parts(editor)) for editor in item.editors]
        assert f"Status: {item.status}" in record["notes"]
        assert f"Due: {item.due}" in record["notes"]
        assert record["type_of_reference"] == "UNPB"
        assert not {"doi", "year", "date", "publisher", "unknown_tag"} & record.keys()


def test_csl_read_back_gives_titles_editors_dates_and_status(export, stated):
    found = {item["number"]: item for item in json.loads(export("csl.json"))}
    assert found.keys() == stated.keys()
    for code, item in stated.items():
        assert found[code]["title"] == item.title
        assert [tuple(name.values()) for name in found[code].get("editor", [])] == [parts(e) for e in item.editors]
        assert all(name.keys() in ({"family", "given"}, {"literal"}) for name in found[code].get("editor", []))
        assert found[code]["status"] == item.status
        assert found[code]["custom"]["due"] == item.due
        assert not {"issued", "DOI", "publisher", "ISBN"} & found[code].keys()


def test_a_date_of_issue_is_a_date(second_store):
    draft = "draft-netf-queue-names-03"
    entry = bibtex(made(second_store, "deliverables.bib"))[draft]
    assert (entry["kind"], entry["date"], entry["year"]) == ("techreport", "2031-03-01", "2031")
    record = next(r for r in rispy.loads(made(second_store, "deliverables.ris").decode()) if r["note"] == draft)
    assert (record["type_of_reference"], record["year"], record["date"]) == ("RPRT", "2031", "2031/03/01/")
    item = next(i for i in json.loads(made(second_store, "csl.json")) if i["number"] == draft)
    assert item["issued"] == {"date-parts": [[2031, 3, 1]]}
    assert item["status"] == "Working group last call"


def test_keys_are_unique_in_spite_of_equal_codes(second_store):
    library = bibtexparser.parse_string(made(second_store, "deliverables.bib").decode())
    keys = [entry.key for entry in library.entries]
    assert len(keys) == len(set(keys)) == 13
    assert not library.failed_blocks


def cited(content: bytes, style_file: Path) -> list[str]:
    """What citeproc-py makes of CSL-JSON."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        source = CiteProcJSON(json.loads(content))
    assert not [w for w in warned if "Unsupported" in str(w.message) and "custom" not in str(w.message)], warned
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        style = CitationStylesStyle(str(style_file), validate=False)
        bibliography = CitationStylesBibliography(style, source, formatter.plain)
        for key in source:
            bibliography.register(Citation([CitationItem(key)]))
        return [str(entry) for entry in bibliography.bibliography()]


def test_citeproc_cites_every_deliverable(export, stated, tmp_path):
    style = tmp_path / "style.csl"
    style.write_text(STYLE, encoding="utf-8")
    lines = cited(export("csl.json"), style)
    for code, item in stated.items():
        (line,) = [line for line in lines if f"| {code} |" in line]
        assert item.title in line
        assert item.status in line
        assert all(editor.name in line for editor in item.editors)


def test_citeproc_does_not_cite_a_spoiled_copy_as_before(export, tmp_path):
    style = tmp_path / "style.csl"
    style.write_text(STYLE, encoding="utf-8")
    items = json.loads(export("csl.json"))
    whole = cited(json.dumps(items).encode(), style)
    del items[0]["type"]
    with pytest.raises((KeyError, NameError)):
        cited(json.dumps(items).encode(), style)
    items[0].update(type="report", editor=[])
    assert cited(json.dumps(items).encode(), style) != whole


# --- the CSL schema -------------------------------------------------------------------------------------------------------


@cache
def csl_schema():
    folder = os.environ.get(SCHEMA)
    if not folder:
        pytest.skip(
            f"The CSL schema comes with commonmeta-py, which installs sixty packages: set {SCHEMA} to run this."
        )
    path = Path(folder) / "commonmeta" / "resources" / "csl-data.json"
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_csl_schema_accepts_the_items(export, second_store):
    import jsonschema

    schema = csl_schema()
    for content in (export("csl.json"), made(second_store, "csl.json")):
        jsonschema.validate(
            json.loads(content), schema if schema.get("type") == "array" else {"type": "array", "items": schema}
        )


@pytest.mark.parametrize(
    "mutation",
    [
        lambda item: item.pop("type"),
        lambda item: item.update(type="deliverable"),
        lambda item: item.update(progress="95"),
        lambda item: item.update(editor="Ada"),
    ],
    ids=["no-type", "other-type", "other-field", "other-editor"],
)
def test_the_csl_schema_refuses_a_spoiled_item(export, mutation):
    import jsonschema

    items = json.loads(export("csl.json"))
    mutation(items[0])
    schema = csl_schema()
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(items, schema if schema.get("type") == "array" else {"type": "array", "items": schema})


# --- spoiled copies -------------------------------------------------------------------------------------------------------


def test_bibtexparser_refuses_a_spoiled_copy(export):
    content = export("deliverables.bib").decode()
    spoiled = content.replace("  number = {D1.1},", "  number = {D1.1,", 1)
    library = bibtexparser.parse_string(spoiled)
    assert library.failed_blocks or len(library.entries) != 11


def test_rispy_does_not_read_a_spoiled_copy_as_before(export):
    content = export("deliverables.ris").decode()
    whole = rispy.loads(content)
    assert rispy.loads(content.replace("TI  - ", "T1 - ", 1)) != whole
    assert len(rispy.loads(content.replace("ER  - \r\n", "", 1))) != len(whole)


# --- any text -------------------------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(TEXTS)
def test_any_text_comes_back(text):
    store = of_text(text)
    wanted = one_line(text)
    (record,) = rispy.loads(made(store, "deliverables.ris").decode())
    assert record["title"] == wanted
    assert record["secondary_authors"] == [wanted]
    (item,) = json.loads(made(store, "csl.json"))
    assert item["title"] == wanted
    assert item["editor"] == [{"literal": wanted}]
    content = made(store, "deliverables.bib").decode()
    library = bibtexparser.parse_string(content)
    assert len(library.entries) == 1, content
    assert not library.failed_blocks
    assert " ".join(undone(bare(library.entries[0].fields_dict["title"].value)).split()) == wanted
    assert undone(bare(library.entries[0].fields_dict["editor"].value)) == wanted


def undone(text: str) -> str:
    """Undo the escapes of LaTeX one by one: what pylatexenc makes of blanks after a command is its own."""
    commands = {
        "textbackslash": "\\",
        "textbraceleft": "{",
        "textbraceright": "}",
        "textasciitilde": "~",
        "textasciicircum": "^",
    }
    for name, character in commands.items():
        text = text.replace(f"\\{name}{{}}", f"\0{ord(character)};")
    for character in "$&#_%":
        text = text.replace(f"\\{character}", f"\0{ord(character)};")
    text = text.replace("{}", "")
    assert not set("\\{}") & set(text), text
    for character in set("".join(commands.values()) + "$&#_%"):
        text = text.replace(f"\0{ord(character)};", character)
    return text
