"""Guards the hand-over sheet: what one group receives, marked as the proposal that it is; python-docx reads the document back."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from docx import Document
from hypothesis import given, settings

from exports.conftest import made
from exports.worlds import TEXTS, of_text
from qit4n_kg.errors import NotFoundError
from qit4n_kg.exports.deliverables import one_line

SG13 = {"D1.1": 1, "D1.2": 2, "D1.3": 2, "D2.1": 1, "D2.2": 1, "D2.3.1": 2, "D2.3.2": 2}
TO_ALL = ["D0.1", "D1.4", "D2.5"]


def read(content: bytes) -> tuple[str, list[list[list[str]]]]:
    """The paragraphs and the tables of a Word document."""
    document = Document(io.BytesIO(content))
    tables = [[[cell.text for cell in row.cells] for row in table.rows] for table in document.tables]
    return "\n".join(paragraph.text for paragraph in document.paragraphs), tables


def check_against_table_5(sheet):
    """What Table 5 and Annex A say of what SG13 receives, written from the document."""
    assert {one["code"]: one["position"] for one in sheet["proposedToTheGroup"]} == SG13
    assert [one["code"] for one in sheet["proposedToAllStudyGroups"]] == TO_ALL
    first = sheet["proposedToTheGroup"][1]
    assert first["coRecipients"] == [
        {"name": "ITU-T SG11", "position": 1},
        {"name": "ITU-T SG15", "position": 3},
        {"name": "ITU-T SG17", "position": 4},
    ]
    assert [title["text"] for title in first["titles"]] == [
        "QIT4N use case part 1: Network aspects of QIT",
        "Network aspects of QIT \N{EN DASH} use cases",
    ]
    assert [title["statedIn"][0].partition(": ")[2] for title in first["titles"]] == [
        "Annex A, row D1.2",
        "Table 5, row D1.2, title",
    ]
    assert (first["status"], first["progress"], first["due"]) == ("Under development", 90.0, "2021-12")
    assert [editor["name"] for editor in first["editors"]] == ["Yuan Gu", "Meng Zhang"]


def test_sg13_receives_what_table_5_proposes(export):
    check_against_table_5(json.loads(export("handover/itu-t-sg13.json")))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"position": 1', '"position": 9'),
        ("Under development", "Approved"),
        ('"Yuan Gu"', '"Yuan Go"'),
        ("D0.1", "D0.2"),
    ],
)
def test_a_spoiled_sheet_is_not_what_table_5_proposes(export, old, new):
    content = export("handover/itu-t-sg13.json").decode()
    assert old in content
    with pytest.raises(AssertionError):
        check_against_table_5(json.loads(content.replace(old, new)))


def test_what_is_not_stated_is_absent(export):
    sheet = json.loads(export("handover/itu-t-sg13.json"))
    by_code = {one["code"]: one for one in (*sheet["proposedToTheGroup"], *sheet["proposedToAllStudyGroups"])}
    assert "progress" not in by_code["D0.1"]
    assert "position" not in by_code["D0.1"]
    assert by_code["D2.3.2"]["editors"] == []


def test_the_document_is_marked_as_a_preliminary_proposal(export):
    content = export("handover/itu-t-sg13.docx")
    text, tables = read(content)
    assert "PRELIMINARY PROPOSAL" in tables[1][0][0]
    assert "no decision" in tables[1][0][0]
    assert "drafts" in tables[1][0][0]
    footer = Document(io.BytesIO(content)).sections[0].footer.paragraphs[0].text
    assert footer.startswith("Preliminary proposal")
    assert footer.endswith("page 1 of 1"), "a word processor fills these fields in"
    assert "Proposed to all study groups" in text


def test_the_document_says_what_the_json_says(export):
    sheet = json.loads(export("handover/itu-t-sg13.json"))
    _, (head, _, named, to_all) = read(export("handover/itu-t-sg13.docx"))
    assert sheet["fromInFull"] == ["FG QIT4N (Focus Group on quantum information technology for networks)"]
    assert head[0] == ["From", *sheet["fromInFull"]]
    assert [row[1] for row in head if row[0] == "State of the work"] == ["as reported in October 2021"]
    assert [row[0] for row in named] == ["Position", *(str(one["position"]) for one in sheet["proposedToTheGroup"])]
    rows = [*(row[1:] for row in named[1:]), *to_all[1:]]
    for row, one in zip(rows, (*sheet["proposedToTheGroup"], *sheet["proposedToAllStudyGroups"]), strict=True):
        assert row[0].startswith(f"{one['code']} {one['titles'][0]['text']}")
        assert all(title["text"] in row[0] for title in one["titles"])
        assert one["status"] in row[1]
        assert one["due"] == "2021-12"
        assert "due December 2021" in row[1]
        assert all(editor["name"] in row[2] for editor in one["editors"])
        assert all(f"{other['name']} ({other['position']})" in row[3] for other in one["coRecipients"])


def test_a_spoiled_document_is_not_read(export):
    content = bytearray(export("handover/itu-t-sg13.docx"))
    at = content.index(b"word/document.xml") + 200
    content[at : at + 50] = bytes(50)
    with pytest.raises((zipfile.BadZipFile, Exception), match=r"CRC|Error|invalid|decompress"):
        read(bytes(content))


@pytest.fixture(scope="module")
def office():
    """The command of LibreOffice."""
    found = shutil.which("soffice")
    if found is None or not Path("/usr/lib/libreoffice/program/libswlo.so").is_file():
        pytest.skip("LibreOffice Writer is not installed.")
    return found


def pages(office: str, content: bytes, folder: Path) -> bytes:
    """The document as LibreOffice prints it; empty if it can't."""
    (folder / "sheet.docx").write_bytes(content)
    profile = f"-env:UserInstallation=file://{folder}/profile"
    command = [
        office,
        profile,
        "--headless",
        "--convert-to",
        "pdf",
        "--outdir",
        str(folder),
        str(folder / "sheet.docx"),
    ]
    subprocess.run(command, capture_output=True, timeout=100, check=False)
    made_file = folder / "sheet.pdf"
    return made_file.read_bytes() if made_file.is_file() else b""


@pytest.mark.slow
def test_libreoffice_opens_the_document(office, export, tmp_path):
    printed = pages(office, export("handover/itu-t-sg13.docx"), tmp_path)
    assert printed.startswith(b"%PDF")
    assert len(printed) > 10_000


@pytest.mark.slow
def test_libreoffice_refuses_a_spoiled_document(office, export, tmp_path):
    assert pages(office, export("handover/itu-t-sg13.docx")[:-500], tmp_path) == b""


def test_a_group_to_which_nothing_is_proposed_is_not_found(export):
    with pytest.raises(NotFoundError, match=r"proposed to: .*itu-t-sg13"):
        export("handover/ieee.json")
    with pytest.raises(NotFoundError):
        export("handover/no-such-group.docx")


def test_http_answers_404_for_such_a_group(client):
    answer = client.get("/exports/handover/no-such-group.docx")
    assert answer.status_code == 404
    assert "itu-t-sg13" in answer.json["hint"]


def test_a_second_body_proposes_beside_the_first(second_store):
    sheet = json.loads(made(second_store, "handover/itu-t-sg13.json"))
    assert sheet["from"] == ["FG EXQ", "FG QIT4N"]
    assert len(sheet["proposedToTheGroup"]) == len(SG13) + 1


@settings(max_examples=15, deadline=None)
@given(TEXTS)
def test_any_text_comes_back(text):
    store = of_text(text)
    sheet = json.loads(made(store, "handover/sg1.json"))
    assert sheet["proposedToTheGroup"][0]["editors"][0]["affiliations"] == [text]
    _, tables = read(made(store, "handover/sg1.docx"))
    assert one_line(text) in tables[2][1][1]
    assert one_line(text) in tables[2][1][3]
