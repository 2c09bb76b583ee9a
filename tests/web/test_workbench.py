"""The query form's page: examples put into it, the words that its editor completes, and a result without the page around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask.testing import FlaskClient

BROWSER = {"Accept": "text/html"}
BROKEN = "SELECT ?n {\n  ?s ?p }}"


def test_an_example_stands_in_the_form_and_is_not_run(tiny_client: FlaskClient) -> None:
    page = tiny_client.get("/sparql?example=meetings", headers=BROWSER).text
    assert "SELECT ?number ?participants" in page
    assert '<h2 id="result">' not in page


def test_an_example_with_an_argument_stands_there_with_its_default(tiny_client: FlaskClient) -> None:
    page = tiny_client.get("/sparql?example=meeting", headers=BROWSER).text
    assert "&lt;https://w3id.org/qit4n/id/fg-qit4n/meeting/1&gt;" in page


def test_an_example_that_is_not_in_the_catalogue_is_404(tiny_client: FlaskClient) -> None:
    assert tiny_client.get("/sparql?example=none", headers=BROWSER).status_code == 404


def test_the_vocabulary_has_the_prefixes_and_what_the_graph_uses_most_first(tiny_client: FlaskClient) -> None:
    words = tiny_client.get("/sparql/vocabulary").get_json()
    assert words["prefixes"]["id"] == "https://w3id.org/qit4n/id/"
    assert [term["name"] for term in words["classes"]] == ["stdorg:Meeting"]
    assert [term["uses"] for term in words["properties"]] == sorted(
        (term["uses"] for term in words["properties"]), reverse=True
    )
    assert {"stdorg:number", "stdorg:place"} <= {term["name"] for term in words["properties"]}


def test_the_vocabulary_is_sent_once_a_generation(tiny_client: FlaskClient) -> None:
    first = tiny_client.get("/sparql/vocabulary")
    again = tiny_client.get("/sparql/vocabulary", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


def test_a_fragment_is_the_result_alone(tiny_client: FlaskClient) -> None:
    answer = tiny_client.get("/sparql?query=ASK%20{}", headers=BROWSER | {"X-Fragment": "result"})
    assert answer.text.lstrip().startswith("<section")
    assert "Accept" in answer.headers["Vary"]
    assert "X-Fragment" in answer.headers["Vary"]
    assert "<html" in tiny_client.get("/sparql?query=ASK%20{}", headers=BROWSER).text


def test_a_fragment_says_where_the_query_is_at_fault(tiny_client: FlaskClient) -> None:
    answer = tiny_client.get("/sparql", query_string={"query": BROKEN}, headers=BROWSER | {"X-Fragment": "result"})
    assert answer.status_code == 400
    assert 'data-line="2" data-column="9"' in answer.text
    assert "<html" not in answer.text


def test_the_form_is_sent_compressed_and_once(tiny_client: FlaskClient) -> None:
    first = tiny_client.get("/sparql", headers=BROWSER | {"Accept-Encoding": "gzip"})
    assert first.headers["Content-Encoding"] == "gzip"
    again = tiny_client.get(
        "/sparql", headers=BROWSER | {"Accept-Encoding": "gzip", "If-None-Match": first.headers["ETag"]}
    )
    assert again.status_code == 304
