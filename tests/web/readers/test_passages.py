"""`/passage/…`: a named graph as a page: what it is, where it stands, what it states; `/graph/…` leads to it or to its data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

if TYPE_CHECKING:
    from flask.testing import FlaskClient

HTML = {"Accept": "text/html"}
ADA = "/passage/minutes/table-1/ada"


def test_a_passage_says_where_it_stands(client: FlaskClient) -> None:
    page = client.get(ADA, headers=HTML).text
    assert "<h1><bdi>Table 1, row Ada</bdi></h1>" in page
    assert '<a href="/doc/club/document/minutes"><bdi>Minutes of July 1843</bdi></a>' in page
    facts = dict(re.findall(r"<dt>(\w+)</dt><dd><bdi>([^<]*)</bdi>", page))
    assert facts == {"Section": "Officers", "Table": "Table 1", "Row": "Ada"}


def test_a_passage_says_what_it_states_in_labels(client: FlaskClient) -> None:
    page = client.get(ADA, headers=HTML).text
    stated = re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", page))
    assert "Ada Byron, chair of the Analytical Club" in stated
    assert "Engines Ltd" in stated
    assert 'href="/sparql?query=' in page
    assert 'href="/graphs/minutes/table-1/ada?format=ttl"' in page


def test_the_sources_of_a_page_lead_to_their_passages(client: FlaskClient) -> None:
    page = client.get("/doc/club/meeting/1", headers=HTML).text
    assert 'href="/passage/minutes/text/meeting-1"' in page


def test_an_overruled_passage_says_so(client: FlaskClient) -> None:
    page = client.get("/passage/minutes/table-2/meeting-1", headers=HTML).text
    assert "overruled passage" in page
    assert '<a href="/discrepancies">' in page


@pytest.mark.parametrize(
    ("accept", "location"),
    [
        ("text/html", "/passage/minutes/table-1/ada"),
        (None, "/passage/minutes/table-1/ada"),
        ("text/turtle", "/graphs/minutes/table-1/ada"),
    ],
)
def test_a_graph_redirects_to_its_page_or_its_data(client: FlaskClient, accept: str | None, location: str) -> None:
    answer = client.get("/graph/minutes/table-1/ada", headers={"Accept": accept} if accept else {})
    assert (answer.status_code, answer.headers["Location"]) == (303, location)


@pytest.mark.parametrize("name", ["nothing", "<script>", "a b", "\u202e", "x" * 3000, '"'], ids=range(6))
def test_what_is_no_passage_is_404_and_escaped(client: FlaskClient, name: str) -> None:
    answer = client.get(f"/passage/{quote(name)}", headers=HTML)
    assert answer.status_code == 404
    assert "<script>" not in answer.text.replace("<script type=", "").replace("<script src=", "")
