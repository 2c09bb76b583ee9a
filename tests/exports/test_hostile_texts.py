"""Guards every export of the registry against hostile texts: read by a parser that no one here wrote, a file has the same parts as
one of harmless texts, and in each part the text itself. An export without a reader fails, so that a new format can't be forgotten.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import xml.etree.ElementTree as Xml
from typing import TYPE_CHECKING, Any

import bibtexparser
import duckdb
import openpyxl
import pyoxigraph
import pytest
import rdflib
import rispy
import yaml
import zstandard
from docx import Document
from icalendar import Calendar
from openpyxl.utils.escape import unescape
from pyoxigraph import Literal, NamedNode, Quad, RdfFormat

from exports.conftest import REGISTRY, made
from exports.test_bibliography import undone
from exports.worlds import NASTY, filled, iri, quads, world
from qit4n_kg.exports.deliverables import one_line
from qit4n_kg.namespaces import STDORG
from qit4n_kg.spreadsheets import is_formula
from qit4n_kg.store.oxigraph import OxigraphStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HARMLESS = "Plainword"
MORE = (
    "\x85 next line \u2029 paragraph \ufffe \uffff no characters",
    "'=1+1",
    "\ud7ff \ue000 \U0010ffff edges",
    "<![CDATA[ x ]]> &#0; &#x1F; \\u0000 %00 {{7*7}} <script>alert(1)</script>",
    "- [x]: &anchor *alias !!python/object:os.system # yaml ---\n...\n--- other",
    "@comment{a, b = {c}} @string(x=1) \\input{/etc/passwd} \\write18{id}",
    "END:VEVENT\r\n END:VCALENDAR;X=1:Y\\,\\n",
)
TEXTS = (*NASTY, *MORE)
ODD = "id:fg-y/deliverable/=a&b'c;d,e(f)%0A%22#\u05d0_\u202e"
"""What an IRI may hold that a format may take for its own."""

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")

Parts = list[tuple[str, str]]


def hostile(text: str) -> OxigraphStore:
    """The world of a text with all else that an export reads: names in parts, a code, a passage of a document, an odd IRI."""
    facts = {
        "id:person/p": {"foaf:familyName": text, "foaf:givenName": text, "skos:altLabel": text},
        ODD: {
            "rdf:type": "stdorg:Deliverable",
            "skos:notation": text,
            "dcterms:title": Literal(text, language="en"),
            "stdorg:producedBy": "id:fg-x",
        },
        "id:passage/p": {"rdf:type": "stdorg:SourcePassage", "rdfs:label": text, "dcterms:source": "id:document/d"},
        "id:document/d": {"rdf:type": "stdorg:Document", "rdfs:label": text, "dcterms:title": text},
        "id:plan": {
            "rdf:type": "stdorg:EventPlan",
            "rdfs:label": text,
            "stdorg:planOf": "id:fg-x",
            "stdorg:place": text,
            "stdorg:planStatus": "id:concept/status",
            "schema:startDate": Literal("2031-03-04"),
            "schema:endDate": Literal("2031-03-04"),
        },
    }
    in_force = Quad(NamedNode(iri("id:passage/p")), NamedNode(f"{STDORG}inForce"), Literal(True))
    return filled(OxigraphStore.in_memory(), [*world(text), *quads(facts), in_force])  # type: ignore[return-value]


# --- readers: each gives the parts of a file, as where it stands and its text ---------------------------------------------


def in_json(value: Any, where: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from in_json(inner, f"{where}/{name}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from in_json(inner, f"{where}/{number}")
    else:
        yield where, str(value)


def read_json(content: bytes, _: Path) -> Parts:
    return list(in_json(json.loads(content)))


def read_json_lines(content: bytes, _: Path) -> Parts:
    return list(in_json([json.loads(line) for line in content.decode().split("\n") if line]))


def read_yaml(content: bytes, _: Path) -> Parts:
    return list(in_json(yaml.safe_load(content)))


def read_xml(content: bytes, _: Path) -> Parts:
    found = []
    for element in Xml.fromstring(content).iter():
        found += [(f"{element.tag}@{name}", value) for name, value in element.attrib.items()]
        found.append((element.tag, element.text or ""))
    return found


def read_bibtex(content: bytes, _: Path) -> Parts:
    library = bibtexparser.parse_string(content.decode())
    assert not library.failed_blocks
    assert len(library.blocks) == len(library.entries)
    found = []
    for entry in library.entries:
        fields = {name: field.value for name, field in entry.fields_dict.items()}
        address = fields.pop("url")
        texts = {name: undone(_bare(name, value)) for name, value in fields.items()}
        found += [(f"{entry.key}/{name}", text) for name, text in {**texts, "url": address}.items()]
    return found


def _bare(name: str, value: str) -> str:
    """A value without the braces that keep a title, or a part of a name, in one piece."""
    whole = value.removeprefix("{").removesuffix("}") if name in ("title", "editor") else value
    return whole.replace("}, {", ", ") if name == "editor" else whole


def read_ris(content: bytes, _: Path) -> Parts:
    return list(in_json(rispy.loads(content.decode())))


def read_calendar(content: bytes, _: Path) -> Parts:
    return [
        (f"{component.name}/{name}", ", ".join(map(str, value.cats)) if name == "CATEGORIES" else str(value))
        for component in Calendar.from_ical(content).walk()
        for name, value in component.property_items(recursive=False)
        if hasattr(value, "to_ical")
    ]


def read_document(content: bytes, _: Path) -> Parts:
    document = Document(io.BytesIO(content))
    cells = [
        (f"table {number}", paragraph.text)
        for number, table in enumerate(document.tables)
        for row in table.rows
        for cell in row.cells
        for paragraph in cell.paragraphs
    ]
    footers = [("footer", paragraph.text) for section in document.sections for paragraph in section.footer.paragraphs]
    return [*(("text", paragraph.text) for paragraph in document.paragraphs), *cells, *footers]


def read_csv(content: bytes, _: Path) -> Parts:
    rows = list(csv.reader(io.StringIO(content.decode(), newline="")))
    assert not any(is_formula(cell) for row in rows for cell in row)
    return [(str(number), cell) for row in rows for number, cell in enumerate(row)]


def read_workbook(content: bytes, _: Path) -> Parts:
    found = []
    for sheet in openpyxl.load_workbook(io.BytesIO(content)).worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f", "a formula"
                found.append((f"{sheet.title}!{cell.coordinate}", unescape(str(cell.value))))
    return found


def read_parquet(content: bytes, folder: Path) -> Parts:
    (folder / "table.parquet").write_bytes(content)
    rows = duckdb.execute("SELECT * FROM read_parquet(?)", [str(folder / "table.parquet")]).fetchall()
    return list(in_json([list(row) for row in rows]))


def read_graph(content: bytes, _: Path) -> Parts:
    graph = rdflib.Graph().parse(data=content, format="turtle", publicID="http://localhost/")
    shown = [["" if isinstance(term, rdflib.BNode) else str(term) for term in triple] for triple in graph]
    return sorted((f"{subject} {predicate}", value) for subject, predicate, value in shown)


def of_dataset(form: RdfFormat, unpack: Callable[[bytes], bytes] = bytes) -> Callable[[bytes, Path], Parts]:
    def read(content: bytes, _: Path) -> Parts:
        found = pyoxigraph.parse(unpack(content), format=form)
        return sorted((f"{quad.subject} {quad.predicate}", getattr(quad.object, "value", "")) for quad in found)

    return read


def unpack_zstandard(content: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompressobj().decompress(content)


FORMS = {"nq": RdfFormat.N_QUADS, "trig": RdfFormat.TRIG, "ttl": RdfFormat.TURTLE, "jsonld": RdfFormat.JSON_LD}
PACKED = {"": bytes, ".gz": gzip.decompress, ".zst": unpack_zstandard}
READERS: dict[str, Callable[[bytes, Path], Parts]] = {
    **{f"dump.{name}{suffix}": of_dataset(form, way) for name, form in FORMS.items() for suffix, way in PACKED.items()},
    "deliverables.bib": read_bibtex,
    "deliverables.ris": read_ris,
    "csl.json": read_json,
    "calendar.ics": read_calendar,
    "dcat-ap.ttl": read_graph,
    "void.ttl": read_graph,
    "handover/{group}.docx": read_document,
    "handover/{group}.json": read_json,
    "oai_dc.xml": read_xml,
    "relaton.xml": read_xml,
    "relaton.yaml": read_yaml,
    "popolo.json": read_json,
    "schema-org.jsonld": read_json,
    "csvw/{table}.csv": read_csv,
    "csvw/csvw-metadata.json": read_json,
    "{table}.jsonl": read_json_lines,
    "{table}.parquet": read_parquet,
    "workbook.xlsx": read_workbook,
}
ALL = "\n".join(("=1+1", *TEXTS))
SLOW = {"workbook.xlsx", "handover/{group}.docx"}
"""Of these one text is made that is all of them; hypothesis tries them with others in `test_tables` and `test_handover`."""

AS_THEY_ARE = {"handover/{group}.json"}
"""Of our own format, in which JSON's escapes keep control characters; so do dumps."""

WITHOUT_TEXTS = {"void.ttl"}
"""It counts, and names no thing."""


def parts(name: str, text: str, folder: Path) -> Parts:
    """The parts of an export of the world of a text."""
    export = REGISTRY.find(name).export
    takes_group = any(parameter.name == "forGroup" for parameter in export.description.query.parameters)
    content = made(hostile(text), name.replace("itu-t-sg13", "sg1"), {"forGroup": "id:fg-x"} if takes_group else {})
    if export.is_text and export.description.module != "dump" and export.name not in AS_THEY_ARE:
        assert not CONTROL.search(content.decode())
    return READERS[export.name](content, folder)


def same(text: str) -> str:
    """A text without what formats may change: blanks, control characters, case, and the apostrophe before a formula."""
    return one_line(text).replace(" ", "").removeprefix("'").casefold()


@pytest.mark.parametrize("name", [export.example for export in REGISTRY])
def test_hostile_texts_make_the_same_parts_and_stand_in_them(name, tmp_path):
    plain = parts(name, HARMLESS, tmp_path)
    assert any(HARMLESS in text for _, text in plain) is (name not in WITHOUT_TEXTS)
    for text in (ALL,) if REGISTRY.find(name).export.name in SLOW else (*TEXTS, ALL):
        found = parts(name, text, tmp_path)
        assert [where for where, _ in found] == [where for where, _ in plain], text
        for (where, told), (_, wanted) in zip(found, plain, strict=True):
            if where.endswith("/separator"):  # of a column: one that its values don't hold
                continue
            expected = same(
                wanted.replace(HARMLESS, text).replace(HARMLESS.lower(), text).replace(HARMLESS.upper(), text)
            )
            assert same(told) == expected, (where, text)


def test_every_export_has_a_reader():
    assert {export.name for export in REGISTRY} == READERS.keys()


@pytest.mark.parametrize(
    "name",
    [
        "deliverables.bib",
        "deliverables.ris",
        "csl.json",
        "relaton.xml",
        "relaton.yaml",
        "oai_dc.xml",
        "schema-org.jsonld",
    ],
)
def test_an_odd_iri_comes_back(name, tmp_path):
    wanted = (
        iri(ODD).replace(";", "%3B") if name.endswith(".ris") else iri(ODD)
    )  # RIS has several addresses in one line
    assert wanted in {text for _, text in parts(name, HARMLESS, tmp_path)}
