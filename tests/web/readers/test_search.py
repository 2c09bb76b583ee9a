"""`/search`, `/suggest`, OpenSearch and the search service over HTTP: pages and JSON agree, and what is sent stays text."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from markupsafe import escape

from qit4n_kg.config import load_settings
from qit4n_kg.store.generations import Generations
from qit4n_kg.web.app import create_app

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

HTML = {"Accept": "text/html"}
SERVICE = "https://w3id.org/qit4n/search"


def page(client: FlaskClient, **parameters: str) -> str:
    answer = client.get("/search", query_string=parameters, headers=HTML)
    assert answer.status_code == 200
    return answer.text


def test_a_name_an_alias_a_typo_and_a_code_find_the_thing(client: FlaskClient) -> None:
    for text in ("Ada Byron", "lovelace", "Ada Byrn", "comtesse"):
        assert 'href="/doc/person/ada-byron"' in page(client, q=text)
    assert 'href="/doc/club/deliverable/n.1.2"' in page(client, q="n.1.2")


def test_matches_are_marked_and_another_name_is_told(client: FlaskClient) -> None:
    assert "<mark>Lovelace</mark>" in page(client, q="lovelace")


def test_json_and_page_find_the_same(client: FlaskClient) -> None:
    body = client.get("/search.json", query_string={"q": "club"}).json
    assert body["total"] == len(body["hits"]) > 1
    shown = page(client, q="club")
    assert all(f'href="{hit["href"]}"' in shown for hit in body["hits"])
    assert client.get("/search", query_string={"q": "club"}, headers={"Accept": "application/json"}).json == body


def test_facets_narrow_to_as_many_as_they_say(client: FlaskClient) -> None:
    body = client.get("/search.json", query_string={"q": "club"}).json
    for name, values in body["facets"].items():
        for each in values:
            narrowed = client.get("/search.json", query_string={"q": "club", name: each["value"]}).json
            assert narrowed["total"] == each["count"], (name, each)


def test_a_filter_is_shown_and_taken_away_by_a_link(client: FlaskClient) -> None:
    shown = page(client, q="ada", type="Person")
    assert "Remove the filter Type: Person" in shown
    assert 'href="/search?q=ada"' in shown


def test_an_empty_search_shows_what_can_be_found(client: FlaskClient) -> None:
    shown = page(client)
    assert "things can be found" in shown
    assert 'href="/search?type=Meeting"' in shown


def test_nothing_found_offers_what_is_near(client: FlaskClient) -> None:
    shown = page(client, q="Ada Nonesuch")
    assert "Nothing is called" in shown
    assert "Near it" in shown
    assert 'href="/doc/person/ada-byron"' in shown


def test_pages_of_hits_are_linked(client: FlaskClient) -> None:
    first = client.get("/search.json", query_string={"limit": "5"}).json
    second = client.get(first["next"]).json
    assert first["hits"] != second["hits"]
    assert second["page"] == 2
    shown = page(client, q="club", limit="2")
    assert 'rel="next"' in shown


@pytest.mark.parametrize(
    "parameters",
    [{"x": "1"}, {"q": "x" * 201}, {"page": "0"}, {"page": "x"}, {"limit": "1000"}, {"type": "x" * 600}, {"page": "99999999999"}],
    ids=range(7),
)  # fmt: skip
@pytest.mark.parametrize("path", ["/search", "/search.json"])
def test_what_can_not_be_understood_is_400(client: FlaskClient, path: str, parameters: dict[str, str]) -> None:
    answer = client.get(path, query_string=parameters)
    assert answer.status_code == 400
    assert answer.json["type"] == "/problems/parameter"
    assert answer.json["detail"]


HOSTILE = ['"><script>alert(1)</script>', "{{7*7}}", "\u202egnp.exe", "' OR ''='", "%00", "\x00", "*:*", "[[["]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_escaped_everywhere(client: FlaskClient, text: str) -> None:
    for parameters in ({"q": text}, {"q": "ada", "type": text}, {"q": "ada", "group": text, "year": text}):
        shown = page(client, **parameters)
        assert "<script>alert" not in shown
        assert "49" not in shown or "7*7" in shown
        assert client.get("/search.json", query_string=parameters).status_code == 200
    assert client.get("/suggest", query_string={"q": text}).status_code == 200


def test_a_hostile_label_is_found_and_stays_text(client: FlaskClient) -> None:
    shown = page(client, q="onload")
    assert 'href="/doc/person/hostile"' in shown
    assert "<script>alert" not in shown
    found = client.get("/suggest?q=script").json["suggestions"]
    assert any(one["href"] == "/doc/person/hostile" for one in found)


def test_suggestions_are_objects_for_programs_and_opensearch_for_browsers(client: FlaskClient) -> None:
    found = client.get("/suggest?q=ada").json
    assert found["query"] == "ada"
    assert found["suggestions"][0]["href"] == "/doc/person/ada-byron"
    for answer in (
        client.get("/suggest?q=ada&format=opensearch"),
        client.get("/suggest?q=ada", headers={"Accept": "application/x-suggestions+json"}),
    ):
        assert answer.mimetype == "application/x-suggestions+json"
        text, labels, descriptions, addresses = answer.json
        assert text == "ada"
        assert labels[0] == "Ada Byron"
        assert len(labels) == len(descriptions) == len(addresses)
        assert addresses[0] == "http://localhost/doc/person/ada-byron"


@pytest.mark.parametrize("query", ["q=a&q=b", "x=1", "q=a&format=xml", "q=a&limit=1000"])
def test_a_suggestion_that_can_not_be_understood_is_400(client: FlaskClient, query: str) -> None:
    assert client.get(f"/suggest?{query}").status_code == 400


def test_suggestions_of_an_endless_text_are_none(client: FlaskClient) -> None:
    assert client.get("/suggest", query_string={"q": "x" * 5000}).json["suggestions"] == []
    assert client.get("/suggest", query_string={"q": "a b c d e f g h i j k l m n o p q r s t"}).status_code in (
        200,
        400,
    )


def test_browsers_find_the_search_description(client: FlaskClient) -> None:
    shown = client.get("/", headers=HTML).text
    assert '<link rel="search" type="application/opensearchdescription+xml" href="/opensearch.xml"' in shown
    answer = client.get("/opensearch.xml")
    assert answer.mimetype == "application/opensearchdescription+xml"
    root = ET.fromstring(answer.text)
    space = "{http://a9.com/-/spec/opensearch/1.1/}"
    assert 0 < len(root.findtext(f"{space}ShortName", "")) <= 16
    templates = {url.get("type"): url.get("template") for url in root.iter(f"{space}Url")}
    assert "{searchTerms}" in templates["text/html"]
    assert "{searchTerms}" in templates["application/x-suggestions+json"]
    for template in templates.values():
        path = template.replace("http://localhost", "").replace("{searchTerms}", "ada")
        assert client.get(path).status_code == 200


def test_every_page_has_the_search_box_and_the_lists(client: FlaskClient) -> None:
    for path in ("/", "/doc/person/ada-byron", "/queries", "/people"):
        shown = client.get(path, headers=HTML).text
        assert 'role="search"' in shown
        assert 'href="/deliverables"' in shown


def test_the_page_gives_the_same_search_as_sparql(client: FlaskClient) -> None:
    shown = page(client, q='ada "x" ?most ?text', type="Person")
    [href] = [part.split('"')[0] for part in shown.split('href="') if part.startswith("/sparql?query=")]
    text = parse_qs(urlsplit(href.replace("&amp;", "&")).query)["query"][0]
    assert f"SERVICE <{SERVICE}>" in text
    assert client.get("/sparql", query_string={"query": text}).status_code == 200
    plain = page(client, q="ada", type="Person")
    [href] = [part.split('"')[0] for part in plain.split('href="') if part.startswith("/sparql?query=")]
    text = parse_qs(urlsplit(href.replace("&amp;", "&")).query)["query"][0]
    rows = client.get("/sparql", query_string={"query": text}).json["results"]["bindings"]
    assert [row["thing"]["value"] for row in rows] == ["https://w3id.org/qit4n/id/person/ada-byron"]


def test_the_search_service_joins_with_the_graph(client: FlaskClient) -> None:
    query = f"""PREFIX search: <{SERVICE}#> PREFIX stdorg: <https://w3id.org/stdorg/ns#>
    SELECT ?label ?group WHERE {{
      SERVICE <{SERVICE}> {{ ?person search:query "lovelace" ; search:label ?label }}
      ?person stdorg:chairs ?group }}"""
    [row] = client.get("/sparql", query_string={"query": query}).json["results"]["bindings"]
    assert (row["label"]["value"], row["group"]["value"]) == ("Ada Byron", "https://w3id.org/qit4n/id/club")


def test_a_service_pattern_that_is_not_understood_is_400(client: FlaskClient) -> None:
    query = f"ASK {{ SERVICE <{SERVICE}> {{ ?s ?p ?o }} }}"
    answer = client.get("/sparql", query_string={"query": query})
    assert answer.status_code == 400
    assert "search:query" in answer.json["hint"]


def test_an_answer_is_known_by_its_etag(client: FlaskClient) -> None:
    first = client.get("/search.json?q=ada")
    assert client.get("/search.json?q=ada", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


def test_a_generation_without_an_index_is_served_but_for_searching(tmp_path: Path) -> None:
    generations = Generations(tmp_path, 3)
    with generations.writer():
        generations.publish([], inputs="old", software="test")
    app = create_app(load_settings({}, state_dir=tmp_path, executors=1))
    try:
        client = app.test_client()
        assert client.get("/", headers=HTML).status_code == 200
        assert client.get("/sparql", query_string={"query": "ASK {}"}).status_code == 200
        for path in ("/search?q=a", "/suggest?q=a", "/people", "/people.csv", "/reconcile?queries=%7B%7D"):
            answer = client.get(path)
            assert (answer.status_code, answer.json["type"]) == (503, "/problems/search-missing"), path
        query = f'ASK {{ SERVICE <{SERVICE}> {{ ?t <{SERVICE}#query> "x" }} }}'
        assert client.get("/sparql", query_string={"query": query}).status_code == 503
    finally:
        app.extensions["knowledge_graph"].close()


def test_what_was_asked_stands_in_the_box(client: FlaskClient) -> None:
    assert f'value="{escape("ada & <b>")}"' in page(client, q="ada & <b>")


def test_questions_of_the_catalogue_are_offered(client: FlaskClient) -> None:
    assert "/queries/" in page(client, q="who leads the working groups")


def test_an_address_that_is_not_utf_8_is_400_and_finds_nothing_like_its_bytes(client: FlaskClient) -> None:
    for path in ("/search.json", "/suggest"):
        answer = client.get(f"{path}?q=%FF%FE")
        assert (answer.status_code, answer.json["type"]) == (400, "/problems/parameter")
    assert client.get("/search.json?q=%C3%A9").status_code == 200


def test_results_are_narrowed_by_the_kinds_that_they_are_called_by(client: FlaskClient) -> None:
    found = client.get("/search.json?q=ada").json
    kinds = {one["iri"] for one in found["facets"]["type"]}
    assert kinds <= {kind for hit in found["hits"] for kind in hit["types"]}
    assert kinds
