"""`/queries`: the list, a page a query, results by suffix with typed arguments, and errors that name what is known."""

from __future__ import annotations

import html
import re

import pytest
import rdflib

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
ID = "https://w3id.org/qit4n/id/"


def test_the_list_is_grouped_by_topic_with_each_question(tiny_client):
    page = tiny_client.get("/queries").get_data(as_text=True)
    assert page.index('<h2 id="people"') < page.index('<h2 id="meetings"') < page.index('<h2 id="provenance"')
    assert 'href="/queries/meetings"' in page
    assert "Which meetings were held?" in page


@pytest.mark.parametrize(
    ("suffix", "content_type"),
    [
        ("json", "application/sparql-results+json"),
        ("xml", "application/sparql-results+xml"),
        ("csv", "text/csv; charset=utf-8"),
        ("tsv", "text/tab-separated-values; charset=utf-8"),
    ],
)
def test_a_suffix_gives_the_result_in_its_format(tiny_client, suffix, content_type):
    response = tiny_client.get(f"/queries/meetings.{suffix}")
    assert response.status_code == 200
    assert response.content_type == content_type
    assert response.content_length == len(response.data)


def test_accept_gives_the_result_too(tiny_client):
    response = tiny_client.get("/queries/meetings", headers={"Accept": "application/sparql-results+json"})
    assert len(response.json["results"]["bindings"]) == 9


@pytest.mark.parametrize(
    ("arguments", "values"),
    [
        ({}, ["71"]),
        ({"meeting": "id:fg-qit4n/meeting/2"}, ["72"]),
        ({"meeting": f"{ID}fg-qit4n/meeting/3"}, ["73"]),
        ({"meeting": f"{ID}fg-qit4n/meeting/4", "least": "75"}, []),
        ({"meeting": "id:fg-qit4n/meeting/5", "timeout": "5", "format": "csv"}, ["75"]),
    ],
)
def test_arguments_are_bound(tiny_client, arguments, values):
    lines = tiny_client.get("/queries/meeting.csv", query_string=arguments).get_data(as_text=True).split("\r\n")
    assert lines[1:-1] == values


def test_an_argument_is_a_term_and_never_text(tiny_client):
    response = tiny_client.get("/queries/named.json", query_string={"name": '" } UNION { ?thing ?p ?o } #'})
    assert response.json["results"]["bindings"] == []


def test_a_construct_query_has_rdf_formats(tiny_client):
    graph = rdflib.Graph().parse(data=tiny_client.get("/queries/facts.ttl").data, format="turtle")
    assert len(graph) == 4
    response = tiny_client.get("/queries/facts.csv")
    assert response.status_code == 404
    assert ".ttl" in response.json["hint"]


def test_an_unknown_parameter_is_400_and_names_the_known_ones(tiny_client):
    response = tiny_client.get("/queries/meeting.json?metting=1")
    assert (response.status_code, response.json["type"]) == (400, "/problems/parameter")
    assert response.json["hint"].startswith(
        "It has: meeting, least. Every query has: format, timeout, at, limit, offset"
    )


@pytest.mark.parametrize("arguments", ["least=many", "meeting=not%20an%20iri", "least=1&least=2", "least="])
def test_a_malformed_argument_is_400(tiny_client, arguments):
    assert tiny_client.get(f"/queries/meeting.json?{arguments}").status_code == 400


def test_an_empty_string_is_an_argument_and_not_the_default(tiny_client):
    response = tiny_client.get("/queries/named.json?name=")
    assert response.status_code == 200
    assert response.json["results"]["bindings"] == []


def text_of(page: str) -> str:
    """What a reader sees of a page's result."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", page[page.index('id="result"') :])).split())


def test_the_page_says_which_arguments_are_defaults(tiny_client):
    page = text_of(tiny_client.get("/queries/meeting", headers={"Accept": BROWSER}).get_data(as_text=True))
    assert "For Meeting id:fg-qit4n/meeting/1 (the default), Least 0 (the default) 1 row" in page
    asked = tiny_client.get("/queries/meeting?meeting=id:fg-qit4n/meeting/2", headers={"Accept": BROWSER})
    assert "For Meeting id:fg-qit4n/meeting/2, Least 0 (the default)" in text_of(asked.get_data(as_text=True))


def test_no_rows_for_an_argument_are_told_as_such(tiny_client):
    asked = tiny_client.get("/queries/meeting?meeting=id:fg-qit4n/meeting/99&least=1", headers={"Accept": BROWSER})
    page = text_of(asked.get_data(as_text=True))
    assert "Nothing for Meeting id:fg-qit4n/meeting/99, Least 1. find-by-name finds IRIs." in page
    assert "Leave out one pattern" not in page
    named = text_of(tiny_client.get("/queries/named?name=Nobody", headers={"Accept": BROWSER}).get_data(as_text=True))
    assert "Nothing for Name Nobody." in named
    assert "finds IRIs" not in named


def test_a_missing_argument_is_400(tiny_client):
    assert "required" in tiny_client.get("/queries/named.json").json["detail"]


def test_an_unknown_query_is_404_with_what_looks_alike(tiny_client):
    response = tiny_client.get("/queries/meatings.json")
    assert (response.status_code, response.json["type"]) == (404, "/problems/unknown-query")
    assert "meetings" in response.json["hint"]


def test_the_page_has_question_form_sparql_result_and_downloads(tiny_client):
    response = tiny_client.get(
        "/queries/meeting", query_string={"meeting": "id:fg-qit4n/meeting/7"}, headers={"Accept": BROWSER}
    )
    page = response.get_data(as_text=True)
    assert response.status_code == 200
    assert "How many took part in one meeting?" in page
    assert '<option value="id:fg-qit4n/meeting/7" selected>' in page
    assert ">77</td>" in page
    assert "VALUES (?meeting ?least)" in page
    links = [link.replace("&amp;", "&") for link in re.findall(r'href="(/queries/meeting\.\w+[^"]*)"', page)]
    assert len(links) == 5
    assert all(b"77" in tiny_client.get(link).data for link in links)


def test_the_sparql_on_the_page_gives_the_same_answer(tiny_client):
    page = tiny_client.get("/queries/meeting?meeting=id:fg-qit4n/meeting/7").get_data(as_text=True)
    (link,) = re.findall(r'href="(/sparql\?query=[^"]*)"', page)
    assert tiny_client.get(f"{link}&format=csv").data == b"participants\r\n77\r\n"


def test_a_page_with_a_bad_argument_keeps_the_form(tiny_client):
    response = tiny_client.get("/queries/meeting?least=many", headers={"Accept": BROWSER})
    page = response.get_data(as_text=True)
    assert response.status_code == 400
    assert 'value="many"' in page
    assert "not a whole number" in page


def test_a_page_whose_required_argument_is_missing_asks_for_it(tiny_client):
    response = tiny_client.get("/queries/named", headers={"Accept": BROWSER})
    assert response.status_code == 400
    assert 'name="name"' in response.get_data(as_text=True)


def test_any_site_may_read_results(tiny_client):
    assert tiny_client.get("/queries/meetings.json").headers["Access-Control-Allow-Origin"] == "*"


# --- the catalogue as an API -------------------------------------------------------------------------------------------------


def test_the_list_is_json_too(tiny_client):
    listed = tiny_client.get("/queries.json").json["queries"]
    assert tiny_client.get("/queries", headers={"Accept": "application/json"}).json["queries"] == listed
    meeting = next(query for query in listed if query["id"] == "meeting")
    assert meeting["question"] == "How many took part in one meeting?"
    assert [parameter["type"] for parameter in meeting["parameters"]] == ["iri", "integer"]
    assert all(tiny_client.get(address).status_code == 200 for address in meeting["results"].values())


def links(response):
    pairs = (re.fullmatch(r'<([^>]*)>; rel="(\w+)"', link) for link in response.headers.getlist("Link"))
    return {match[2]: match[1] for match in pairs}


def rows(response):
    return response.get_data(as_text=True).split("\r\n")[1:-1]


def test_parts_follow_each_other_through_links_and_make_the_whole(tiny_client):
    whole = rows(tiny_client.get("/queries/meetings.csv"))
    answer = tiny_client.get("/queries/meetings.csv?limit=4")
    assert set(links(answer)) == {"first", "next"}
    parts = rows(answer)
    while "next" in links(answer):
        answer = tiny_client.get(links(answer)["next"])
        parts += rows(answer)
    assert parts == whole
    assert set(links(answer)) == {"first", "prev"}
    assert all("at=1" in link for link in links(answer).values()), "all parts are of one generation"


def test_a_part_keeps_its_arguments(tiny_client):
    answer = tiny_client.get("/queries/meeting.csv?meeting=id:fg-qit4n/meeting/3&limit=1")
    assert rows(answer) == ["73"]
    assert "meeting=id%3Afg-qit4n%2Fmeeting%2F3" in links(answer)["first"]
    assert "next" not in links(answer)


@pytest.mark.parametrize("part", ["limit=x", "limit=-1", "offset=1.5", "limit=", "limit=1&limit=2"])
def test_a_part_that_is_no_number_is_400(tiny_client, part):
    assert tiny_client.get(f"/queries/meetings.csv?{part}").status_code == 400


def test_a_part_without_rows_and_one_after_the_end_are_empty(tiny_client):
    assert rows(tiny_client.get("/queries/meetings.csv?limit=0")) == []
    assert rows(tiny_client.get("/queries/meetings.csv?offset=9")) == []
    assert rows(tiny_client.get("/queries/meetings.csv?offset=8")) == ["9,79"]


def test_triples_have_no_parts(tiny_client):
    assert tiny_client.get("/queries/facts.ttl?limit=1").status_code == 400


def test_a_shipped_query_is_asked_by_names(built_state):
    from qit4n_kg.web.app import create_app

    app = create_app(built_state)
    try:
        page = app.test_client().get("/queries/liaisons-only-reports", headers={"Accept": BROWSER}).text
    finally:
        app.extensions["knowledge_graph"].close()
    assert re.search(r'<select id="p-forGroup" name="forGroup"[^>]*>', page)
    assert '<option value="id:fg-qit4n" selected>FG QIT4N</option>' in page
    assert "Group <strong><bdi>FG QIT4N</bdi></strong>" in page
    assert '<td><a href="/doc/fg-qit4n/liaison/ieee"' in page
    assert "liaisonIri" not in page.partition('id="result"')[2].partition("</table>")[0]
