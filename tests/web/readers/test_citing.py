"""Citations name what they cite, and the state of the data that was cited leads back to it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from flask.testing import FlaskClient

ID = "https://w3id.org/qit4n/id/"


@pytest.mark.parametrize(
    ("suffix", "kind"),
    [
        ("txt", "text/plain"),
        ("bib", "application/x-bibtex"),
        ("json", "application/vnd.citationstyles.csl+json"),
        ("ris", "application/x-research-info-systems"),
    ],
)
def test_each_style_names_the_thing_and_its_generation(client: FlaskClient, suffix: str, kind: str) -> None:
    answer = client.get(f"/cite/club/deliverable/n.1.2.{suffix}")
    assert answer.mimetype == kind
    assert f"{ID}club/deliverable/n.1.2" in answer.text
    assert "http://localhost/doc/club/deliverable/n.1.2?at=1" in answer.text
    assert "eneration 1" in answer.text


def test_csl_is_an_item_of_the_schema(client: FlaskClient) -> None:
    (item,) = client.get("/cite/person/ada-byron.json").get_json(force=True)
    assert item["type"] == "dataset"
    assert len(item["issued"]["date-parts"][0]) == 3
    assert "author" not in item, "none is known, so none is named"


def test_ris_lines_are_tags_and_values(client: FlaskClient) -> None:
    lines = client.get("/cite/person/hostile.ris").text.split("\r\n")
    assert all(re.fullmatch(r"[A-Z][A-Z0-9]  - .*", line) for line in lines if line)
    assert (lines[0], lines[-2]) == ("TY  - DATA", "ER  - ")


def test_bibtex_is_balanced_whatever_the_title_holds(client: FlaskClient) -> None:
    text = re.sub(r"\\[{}]", "", client.get("/cite/person/hostile.bib").text)
    assert text.count("{") == text.count("}")


def test_the_page_shows_every_style_and_escapes_it(client: FlaskClient) -> None:
    page = client.get("/cite/person/hostile", headers={"Accept": "text/html"}).text
    assert page.count("<pre") == 4
    assert "<script>alert" not in page


def test_what_is_cited_is_there_by_its_address(client: FlaskClient) -> None:
    assert client.get("/doc/person/ada-byron?at=1").status_code == 200
    assert client.get("/doc/person/ada-byron?at=99").status_code == 404
    assert client.get("/doc/person/ada-byron?at=x").status_code == 400
