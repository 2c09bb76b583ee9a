"""Guards what strangers send: bounded, never fetched, never expanded, never a path; and tables read cell by cell."""

from __future__ import annotations

import contextlib
import io
import random
import re
import zipfile
from pathlib import Path

import pytest
import rdflib
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, RdfFormat, parse

from qit4n_kg.errors import SourceError
from qit4n_kg.formats import CSV, READABLE, XLSX, form_of, shown_name
from qit4n_kg.formats import RdfFormat as Form
from qit4n_kg.namespaces import STDORG, XSD
from qit4n_kg.validation import tables
from qit4n_kg.validation.shapes import load_shapes
from qit4n_kg.validation.tables import Reading
from qit4n_kg.validation.uploads import Upload, read_upload
from qit4n_kg.validation.views import MemoryView

ROOT = Path(__file__).parents[2]
BASE = "https://w3id.org/qit4n/"
MEETING = NamedNode(f"{BASE}id/m/1")
BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:x="http://x/"><x:a rdf:about="http://x/1"><x:b>&b;</x:b></x:a></rdf:RDF>
"""


MARKS = (b'"', b"<", b"[", b"]", b"{", b"^^", b"\x00", b"#", b"|", b"&a;", b"\\ud800", b"1e999", b"@en", b"PK\x05\x06")


class Nobody:
    """Names of a graph with one body in it."""

    def things(self, label, kinds):
        return [NamedNode(f"{BASE}id/fg")] if label == "The Group" else []

    def knows(self, thing):
        return thing.value == f"{BASE}id/fg"


@pytest.fixture(scope="module")
def reading() -> Reading:
    axioms = [
        (q.subject, q.predicate, q.object)
        for path in (ROOT / "ontology").glob("*.ttl")
        for q in parse(path=path, format=RdfFormat.TURTLE)
        if q.predicate.value.endswith("subClassOf") and isinstance(q.object, NamedNode)
    ]
    return Reading(load_shapes(ROOT / "shapes").merged, MemoryView.of(axioms), BASE, Nobody())


def read(reading, name: str, content: bytes, most: int = 1000):
    return read_upload(Upload(name, form_of(name), content), reading, most)


def table(reading, text: str, name: str = "t.csv"):
    return read(reading, name, text.encode())


@pytest.mark.parametrize(
    ("name", "content", "message", "line"),
    [
        ("a.rdf", BOMB, "declares an XML entity", 2),
        ("a.jsonld", b'{"@id": "x",\n"@context": "https://schema.org/"}', "would have to be fetched", 2),
        ("a.jsonld", b'{"@context": [{"a": "http://a/"}, "http://127.0.0.1/c"]}', "would have to be fetched", 1),
        ("a.jsonld", b'{"@context": {"@import": "http://127.0.0.1/c"}}', "imports another", None),
        ("a.jsonld", b'{"a": {"@context": "ctx.json"}}', "would have to be fetched", 1),
        ("a.jsonld", b"[" * 100_000, "nested too deeply", None),
        ("a.jsonld", b'{"a":' * 150 + b"1" + b"}" * 150, "nested more than 100 deep", 1),
        ("a.ttl", b"<a> <b> " + b"( " * 5000 + b") " * 5000 + b".", "nested more than 100 deep", None),
        ("a.trig", b"<a> <b> " + b"[ <c> " * 5000, "nested more than 100 deep", None),
        ("a.rdf", b"<a>" * 5000, "nested more than 100 deep", None),
        ("a.ttl", b"\xff\xfe", "not UTF-8", 1),
        (
            "a.ttl",
            "".join(f"<a> <b> {n} .\n" for n in range(1001)).encode(),
            "1,001 statements, and 1,000 are the most",
            None,
        ),
        ("a.ttl", b"<a> <b> <<( <c> <d> <e> )>> .", "can't stand as a term", None),
    ],
)
def test_what_is_hostile_is_refused(reading, name, content, message, line):
    with pytest.raises(SourceError, match=message) as caught:
        read(reading, name, content)
    assert str(caught.value.path) == name
    assert line is None or caught.value.line == line


def test_an_archive_that_unfolds_to_too_much_is_refused(reading, monkeypatch):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 300_000)
    monkeypatch.setattr(tables, "MOST_UNPACKED", 200_000)
    with pytest.raises(SourceError, match="unfolds to more than"):
        read(reading, "a.xlsx", packed.getvalue())
    lying = packed.getvalue().replace((300_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    with pytest.raises(SourceError):
        read(reading, "a.xlsx", lying)


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\x\\y.ttl", "y.ttl"),
        ("a\nb.ttl", "a_b.ttl"),
        ("", "data.ttl"),
        ("<b>.ttl", "_b_.ttl"),
    ],
)
def test_a_name_is_only_shown(given_name, shown):
    assert shown_name(given_name, Form.TURTLE.value) == shown


def test_a_format_is_found_by_the_end_of_a_name():
    assert [form_of(f"x.{form.extension}") for form in READABLE] == list(READABLE)
    assert form_of("x.exe") is None


@settings(max_examples=120, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([form.extension for form in READABLE]))
def test_any_bytes_are_read_or_refused(reading, content, extension):
    with contextlib.suppress(SourceError):
        read(reading, f"a.{extension}", content)


@settings(max_examples=120, deadline=None)
@given(st.text(st.sampled_from('#,;|\n"ab:/@^ 1é<>\t'), max_size=80))
def test_any_table_is_read_or_refused(reading, text):
    with contextlib.suppress(SourceError):
        read(reading, "person.csv", text.encode())


@pytest.mark.parametrize("path", sorted((ROOT / "tests" / "fixtures" / "bad").iterdir()), ids=lambda path: path.name)
def test_a_file_with_bytes_changed_is_read_or_refused(reading, path):
    rng = random.Random(path.name)
    for _ in range(60):
        content = bytearray(path.read_bytes())
        for _ in range(rng.choice((1, 2, 5, 20))):
            at = rng.randrange(len(content))
            if rng.random() < 0.5:
                content[at] = rng.randrange(256)
            else:
                content[at:at] = rng.choice(MARKS)
        with contextlib.suppress(SourceError):
            read(reading, path.name, bytes(content))


# --- tables


def test_a_table_gives_the_values_that_the_shapes_ask_for(reading):
    given_ = table(
        reading,
        "IRI,Label,Group,First day,Number,Place\n"
        "#stdorg:Meeting generation=12,rdfs:label@en,stdorg:meetingOf,schema:startDate,stdorg:number,stdorg:place\n"
        "m/1,First,The Group,2020-01-02,7,Jinan\n",
    )
    said = {quad.predicate.value.rsplit("#")[-1].rsplit("/")[-1]: quad.object for quad in given_.quads}
    assert said == {
        "type": NamedNode(f"{STDORG}Meeting"),
        "label": Literal("First", language="en"),
        "meetingOf": NamedNode(f"{BASE}id/fg"),
        "startDate": Literal("2020-01-02", datatype=NamedNode(f"{XSD}date")),
        "number": Literal("7", datatype=NamedNode(f"{XSD}integer")),
        "place": Literal("Jinan", language="en"),
    }
    ((sheet, finder),) = given_.places
    assert sheet is None
    assert finder.notes == {"generation": "12"}
    assert finder.find(MEETING, NamedNode(f"{STDORG}number"), said["number"])[1] == (3, 5)


def test_headings_alone_are_understood_by_the_shapes_names(reading):
    given_ = table(reading, "IRI,label,number\nm/1,First,7\n", "meetings.csv")
    assert len(given_.quads) == 3


def test_several_values_stand_apart_and_empty_cells_say_nothing(reading):
    text = "IRI;Names\n#stdorg:Person;skos:altLabel\nperson/x; A | B |\nperson/y;\n;\n"
    given_ = table(reading, text)
    names = [quad.object.value for quad in given_.quads if quad.predicate.value.endswith("altLabel")]
    assert names == ["A", "B"]
    assert len(given_.quads) == 4


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("IRI,x\na,b\n", "does not say of which class", (2, None)),
        ("IRI,colour\n#stdorg:Person,\nperson/x,red\n", "names no property", (1, 2)),
        ("IRI,rdfs:label\n#stdorg:Person,rdfs:label\n,Nobody\n", "first cell has no IRI", (3, 1)),
        ("IRI,rdfs:label\n#stdorg:Person,rdfs:label\n,A\nperson/b,B\n,C\n", "with 2 rows: 3, 5", (3, 1)),
        ("IRI,rdfs:label\n#stdorg:Person,rdfs:label\n<x y>,Nobody\n", "is no IRI", (3, 1)),
        ('IRI,rdfs:label\n"unclosed', "This is not CSV", (2, None)),
    ],
)
def test_a_table_that_can_not_be_understood_is_told_with_its_cell(reading, text, message, place):
    with pytest.raises(SourceError, match=message) as caught:
        table(reading, text)
    assert (caught.value.line, caught.value.column) == place


def test_formats_of_tables_are_no_rdf():
    assert {CSV, XLSX} <= set(READABLE)
    assert isinstance(load_shapes(ROOT / "shapes").merged, rdflib.Graph)


@pytest.mark.parametrize(
    ("cell", "is_refused"),
    [
        ('<c r="B3"><f>100+9</f><v></v></c>', True),
        ('<c r="B3" s="1"><f>100+9</f></c>', True),
        ('<c r="B3"><f/><v/></c>', True),
        ('<c r="B3"><f>100+9</f><v>109</v></c>', False),
        ('<c r="B3"><v>109</v></c>', False),
    ],
)
def test_a_formula_that_nobody_computed_is_told_with_its_cell_instead_of_read_as_empty(reading, cell, is_refused):
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed, {"in_memory": True}) as book:
        page = book.add_worksheet("Meeting")
        for number, row in enumerate(
            [("IRI", "participants"), ("#stdorg:Meeting", "stdorg:participants"), ("m/1", "x")]
        ):
            page.write_row(number, 0, row)
    content = with_cell(packed.getvalue(), "B3", cell)
    if not is_refused:
        assert Literal(109) in {quad.object for quad in read(reading, "a.xlsx", content).quads}
        return
    with pytest.raises(SourceError, match="B3 holds a formula without its value") as caught:
        read(reading, "a.xlsx", content)
    assert (caught.value.line, caught.value.column) == (3, 2)


def with_cell(content: bytes, name: str, cell: str) -> bytes:
    """Write a cell of a workbook's first sheet as another program would have."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(packed, "w") as after:
        for part in before.namelist():
            text = before.read(part)
            if part == "xl/worksheets/sheet1.xml":
                text, count = re.subn(rf'<c r="{name}".*?</c>'.encode(), cell.encode(), text)
                assert count == 1
            after.writestr(part, text)
    return packed.getvalue()
