"""`/people` and the other lists: all state in the address, the same rows in every form, right columns on the shipped graph."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from qit4n_kg.web.app import create_app
from qit4n_kg.web.lists import NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from flask.testing import FlaskClient

    from qit4n_kg.config import Settings

HTML = {"Accept": "text/html"}
ROW = re.compile(r'<tr role="row">\s*<th role="rowheader" scope="row"><a href="([^"]+)">')


@pytest.fixture(scope="module")
def shipped_app(built_state: Settings) -> Iterator[Flask]:
    app = create_app(built_state)
    yield app
    app.extensions["knowledge_graph"].close()


@pytest.fixture
def shipped(shipped_app: Flask) -> FlaskClient:
    return shipped_app.test_client()


def shown(client: FlaskClient, address: str) -> list[str]:
    answer = client.get(address, headers=HTML)
    assert answer.status_code == 200
    return [unquote(path).removeprefix("/doc/") for path in ROW.findall(answer.text)]


def in_file(client: FlaskClient, address: str) -> list[str]:
    rows = csv.DictReader(io.StringIO(client.get(address).text, newline=""))
    return [row["IRI"].removeprefix("https://w3id.org/qit4n/id/") for row in rows]


@pytest.mark.parametrize("name", NAMES)
def test_each_list_is_a_page_and_three_files_of_the_same_rows(shipped: FlaskClient, name: str) -> None:
    rows = shown(shipped, f"/{name}")
    assert rows
    assert in_file(shipped, f"/{name}.csv") == rows
    records = shipped.get(f"/{name}.json").json
    assert [record["iri"].removeprefix("https://w3id.org/qit4n/id/") for record in records] == rows
    book = shipped.get(f"/{name}.xlsx")
    assert book.mimetype == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    with zipfile.ZipFile(io.BytesIO(book.data)) as opened:
        assert opened.read("xl/worksheets/sheet1.xml").count(b"<row ") == len(rows) + 1


@pytest.mark.parametrize("name", NAMES)
def test_every_facet_and_every_sorting_link_leads_to_its_rows(shipped: FlaskClient, name: str) -> None:
    page = shipped.get(f"/{name}", headers=HTML).text
    links = re.findall(
        r'<li><a href="(/[^"]+)" rel="nofollow"><bdi>[^<]*</bdi> <span class="facet__count">(\d+)</span>', page
    )
    assert links
    for href, count in links:
        assert len(shown(shipped, href.replace("&amp;", "&"))) == int(count), href
    whole = set(shown(shipped, f"/{name}"))
    for href in re.findall(r'<a class="sort" href="([^"]+)"', page):
        assert set(shown(shipped, href)) == whole


def test_people_have_the_columns_that_are_wanted(shipped: FlaskClient) -> None:
    [person] = [one for one in shipped.get("/people.json").json if one["label"] == "Kaoru Kenyoshi"]
    assert {value["label"] for value in person["role"]} == {"Leader & chief editor", "Liaison officer", "Vice-chair"}
    assert [value["label"] for value in person["country"]] == ["Japan"]
    assert "D2.3.1" in {value["label"] for value in person["groupOrDeliverable"]}


def test_a_person_is_shown_with_each_role_beside_its_group(shipped: FlaskClient) -> None:
    rows = csv.DictReader(io.StringIO(shipped.get("/people.csv").text, newline=""))
    [row] = [row for row in rows if row["Person"] == "Helmut Griesser"]
    assert row["Role"] == "Chair: WG1 Network aspects of QIT; Vice-chair: FG QIT4N"
    page = shipped.get("/people?q=griesser", headers=HTML).text
    cell = re.search(r'data-label="Role"><span>(.*?)</span>', page)
    assert cell is not None
    assert [re.sub("<[^>]*>", "", line) for line in cell[1].split("<br>")] == [
        "Chair, WG1 Network aspects of QIT",
        "Vice-chair, FG QIT4N",
    ]


def test_what_is_not_stated_is_said(shipped: FlaskClient) -> None:
    assert shipped.get("/people?q=china", headers=HTML).text.count('<bdi class="muted">not stated</bdi>') == 2
    assert shipped.get("/liaisons", headers=HTML).text.count('<bdi class="muted">no officer named</bdi>') == 4


def test_what_all_rows_say_stands_above_them_once(shipped: FlaskClient) -> None:
    page = shipped.get("/deliverables", headers=HTML).text
    assert 'The same in all: <span class="muted">Status</span>' in page
    assert 'data-label="Due"' not in page


def test_a_page_beyond_the_last_leads_back(shipped: FlaskClient) -> None:
    page = shipped.get("/people?page=999", headers=HTML).text
    assert "There is no page 999: the last one is 1." in page
    assert '<a href="/people">Go there</a>' in page


def test_countries_and_roles_are_named_in_french(shipped: FlaskClient) -> None:
    page = shipped.get("/people?q=griesser", headers={**HTML, "Accept-Language": "fr"}).text
    assert "Allemagne" in page
    assert "Vice-président(e)" in page


def test_meetings_are_nine_and_sorted_by_date_or_participants(shipped: FlaskClient) -> None:
    rows = shown(shipped, "/meetings?kind=Meeting")
    assert rows == [f"fg-qit4n/meeting/{number}" for number in range(1, 10)]
    assert shown(shipped, "/meetings?kind=Meeting&sort=-participants")[0] == "fg-qit4n/meeting/1"
    page = shipped.get("/meetings?kind=Meeting&sort=-participants", headers=HTML).text
    assert page.count("aria-sort=") == 1
    assert 'aria-sort="descending"><a class="sort" href="/meetings?kind=Meeting&amp;sort=participants"' in page


def test_the_deliverable_that_is_furthest_behind_is_first_by_progress(shipped: FlaskClient) -> None:
    assert shown(shipped, "/deliverables?sort=progress")[0] == "fg-qit4n/deliverable/d1.3"
    assert shown(shipped, "/deliverables?sort=progress")[-1] == "fg-qit4n/deliverable/d0.1"  # none is stated


def test_liaisons_without_an_officer_are_one_choice(shipped: FlaskClient) -> None:
    assert len(shown(shipped, "/liaisons?officer=-")) == 4
    assert "None stated" in shipped.get("/liaisons", headers=HTML).text


def test_words_and_facets_narrow_files_too(shipped: FlaskClient) -> None:
    address = "/people{}?q=liaison&country=country/cn&sort=-affiliation"
    assert in_file(shipped, address.format(".csv")) == shown(shipped, address.format(""))
    assert "Remove the filter Country: China" in shipped.get(address.format(""), headers=HTML).text


def test_a_page_of_rows_links_to_the_next(shipped: FlaskClient) -> None:
    first, second = (shown(shipped, f"/people?limit=10&page={number}") for number in (1, 2))
    assert len(first) == len(second) == 10
    assert not set(first) & set(second)
    assert 'href="/people?page=2&amp;limit=10" rel="next"' in shipped.get("/people?limit=10", headers=HTML).text
    assert in_file(shipped, "/people.csv?limit=10&page=2") == second
    assert shown(shipped, "/people?page=9999") == []


def test_accept_chooses_a_form(shipped: FlaskClient) -> None:
    assert shipped.get("/groups", headers={"Accept": "text/csv"}).mimetype == "text/csv"
    assert shipped.get("/groups", headers={"Accept": "application/json"}).is_json
    assert shipped.get("/groups", headers={"Accept": "image/png"}).status_code == 406
    assert shipped.get("/groups.pdf").status_code == 404


@pytest.mark.parametrize(
    "query",
    ["x=1", "q=a&q=b", "sort=nothing", "sort=--item", "page=0", "limit=501", f"country={'x' * 600}", "q=a+b+c+d+e+f+g+h+i+j+k+l+m",
     "asOf=2021"],
)  # fmt: skip
@pytest.mark.parametrize("suffix", ["", ".csv"])
def test_what_can_not_be_understood_is_400(shipped: FlaskClient, suffix: str, query: str) -> None:
    answer = shipped.get(f"/people{suffix}?{query}")
    assert answer.status_code == 400
    assert answer.json["detail"]


@pytest.mark.parametrize(
    "text", ['"><script>alert(1)</script>', "' OR 1=1 --", "\u202e", "\x00", "%", "{{7*7}}"], ids=range(6)
)
def test_hostile_values_narrow_to_nothing_and_are_escaped(shipped: FlaskClient, text: str) -> None:
    for name in ("q", "country", "role"):
        answer = shipped.get("/people", query_string={name: text}, headers=HTML)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text


def test_a_hostile_label_is_text_on_the_page(client: FlaskClient) -> None:
    assert client.get("/people", headers=HTML).status_code == 200
    assert client.get("/people.csv").status_code == 200


def test_the_query_behind_a_list_is_shown(shipped: FlaskClient) -> None:
    page = shipped.get("/deliverables", headers=HTML).text
    assert 'href="/sparql?query=' in page
    assert 'href="/queries/deliverables"' in page


def test_an_empty_graph_has_empty_lists(empty_app: Flask) -> None:
    client = empty_app.test_client()
    for name in NAMES:
        assert shown(client, f"/{name}") == []
        assert client.get(f"/{name}.json").json == []
    assert client.get("/search", headers=HTML).status_code == 200
