"""`/quality` for people and `/quality.json` for programs: the same findings, each with its SPARQL, revalidated by an ETag."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient


def test_a_page_unless_json_is_preferred(client: FlaskClient) -> None:
    for accept, media_type in (
        ("*/*", "text/html"),
        ("application/json", "application/json"),
        ("text/html;q=0.5, application/json", "application/json"),
    ):
        response = client.get("/quality", headers={"Accept": accept})
        assert response.mimetype == media_type
        assert "Accept" in response.headers["Vary"]
    assert client.get("/quality", headers={"Accept": "image/png"}).status_code == 406


def test_json_names_the_generation_and_every_finding_with_its_query(client: FlaskClient) -> None:
    response = client.get("/quality.json", headers={"Accept": "text/html"})
    found = response.get_json()
    assert response.mimetype == "application/json"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert found["generation"]["number"] >= 1
    assert {"figures", "lists", "checks", "rules"} <= found.keys()
    for one in (*found["figures"], *found["lists"], *found["checks"]):
        assert one["query"].count("SELECT") >= 1
    assert all(isinstance(one["holds"], bool) for one in found["checks"])
    (discrepancy,) = next(one["rows"] for one in found["lists"] if one["id"] == "discrepancies")
    assert (discrepancy["chosen"], discrepancy["other"]) == ("1843-07-01", "1843-08-01")


def test_the_page_shows_what_the_json_says(client: FlaskClient) -> None:
    page = client.get("/quality", headers={"Accept": "text/html"}).text
    found = client.get("/quality.json").get_json()
    for one in (*found["figures"], *found["lists"], *found["checks"]):
        assert f'id="{one["id"]}"' in page
        assert f"of {one['title']}</span>" in page
    assert page.count("Does not hold") == sum(not one["holds"] for one in found["checks"])
    assert "Where was meeting 1?" in page


def test_it_is_revalidated_by_its_etag(client: FlaskClient) -> None:
    etag = client.get("/quality.json").headers["ETag"]
    assert client.get("/quality.json", headers={"If-None-Match": etag}).status_code == 304


def test_every_page_leads_to_it(client: FlaskClient) -> None:
    assert 'href="/quality"' in client.get("/", headers={"Accept": "text/html"}).text


def test_an_empty_graph_has_a_page(empty_app: Flask) -> None:
    assert empty_app.test_client().get("/quality", headers={"Accept": "text/html"}).status_code == 200


def test_discrepancies_stand_with_what_is_followed_what_is_overruled_and_why(client: FlaskClient) -> None:
    page = client.get("/discrepancies", headers={"Accept": "text/html"}).text
    assert '<a href="/doc/club/meeting/1"><bdi>Meeting 1 of the Analytical Club</bdi></a>' in page
    assert '<s><bdi title="xsd:date">1843-08-01</bdi></s>' in page
    assert '<a href="/passage/minutes/text/meeting-1"><bdi>First paragraph</bdi></a>' in page
    assert '<a href="/passage/minutes/table-2/meeting-1"><bdi>Table 2, row 1</bdi></a>' in page
    assert "The table repeats the plan." in page


def test_an_empty_graph_has_no_discrepancies(empty_app: Flask) -> None:
    assert "None." in empty_app.test_client().get("/discrepancies", headers={"Accept": "text/html"}).text
