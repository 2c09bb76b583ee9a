"""Pages for readers: a thing's IRI leads to its page; the page says what is known and by whom, and data injects nothing."""

from __future__ import annotations

import html
import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from qit4n_kg.entities.reader import LISTED

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
PAGES = ["/", "/doc/person/ada-byron", "/doc/club", "/doc/club/meeting/1", "/doc/club/deliverable/n.1.2", "/ontology"]


class Outline(HTMLParser):
    """Collects what accessibility needs to be right: ids, links within the page, headings, images, inline styles and handlers."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.headings: list[int] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.tags.append((tag, known))
        if known.get("id"):
            self.ids.append(str(known["id"]))
        if tag == "a" and str(known.get("href", "")).startswith("#"):
            self.targets.append(str(known["href"])[1:])
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))


def outline(page: str) -> Outline:
    parser = Outline()
    parser.feed(page)
    return parser


# --- /id ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "location"),
    [
        (None, "/doc/club/deliverable/n.1.2"),
        ("*/*", "/doc/club/deliverable/n.1.2"),
        (HTML["Accept"], "/doc/club/deliverable/n.1.2"),
        ("text/turtle", "/data/club/deliverable/n.1.2.ttl"),
        ("text/turtle;q=0.5, application/ld+json", "/data/club/deliverable/n.1.2.jsonld"),
        ("application/n-triples", "/data/club/deliverable/n.1.2.nt"),
        ("application/rdf+xml", "/data/club/deliverable/n.1.2.rdf"),
        ("text/csv", "/data/club/deliverable/n.1.2.csv"),
        ("application/json", "/data/club/deliverable/n.1.2.json"),
        ("text/html;q=0, */*;q=0.1", "/data/club/deliverable/n.1.2.ttl"),
    ],
)
def test_an_identifier_redirects_to_what_accept_prefers(client: FlaskClient, accept: str | None, location: str) -> None:
    """Cool URIs for the Semantic Web, section 4.2: 303 from the thing to a document about it."""
    response = client.get("/id/club/deliverable/n.1.2", headers={"Accept": accept} if accept else {})
    assert response.status_code == 303
    assert response.headers["Location"] == location
    assert "Accept" in response.headers["Vary"]
    assert client.get(location).status_code == 200


def test_an_identifier_in_no_offered_format_is_406(client: FlaskClient) -> None:
    assert client.get("/id/club", headers={"Accept": "image/png"}).status_code == 406


def test_an_unknown_identifier_is_404_before_any_redirect(client: FlaskClient) -> None:
    assert client.get("/id/person/nobody").status_code == 404


def test_an_odd_name_goes_through_redirect_and_page(client: FlaskClient) -> None:
    response = client.get("/id/odd/a%2520b'(c)", headers=HTML)
    assert response.status_code == 303
    page = client.get(response.headers["Location"], headers=HTML)
    assert page.status_code == 200
    assert "An odd name" in page.text


@pytest.mark.parametrize("accept", ["text/html", "text/turtle", "text/csv"])
def test_a_name_beyond_ascii_goes_through_redirect_and_document(client: FlaskClient, accept: str) -> None:
    response = client.get("/id/person/jos%C3%A9-%E9%89%84", headers={"Accept": accept})
    assert response.status_code == 303
    document = client.get(response.headers["Location"])
    assert document.status_code == 200
    assert "José 鉄" in document.text
    assert "<https://w3id.org/qit4n/id/person/jos%C3%A9-%E9%89%84>" in document.headers["Link"]


# --- /doc -----------------------------------------------------------------------------------------------------------------


def test_a_page_shows_label_type_facts_roles_and_sources(client: FlaskClient) -> None:
    page = client.get("/doc/person/ada-byron", headers=HTML).text
    assert "<h1><bdi>Ada Byron</bdi></h1>" in page
    assert '<a class="tag" href="/ontology#Person">Person</a>' in page
    assert "Ada Lovelace" in page
    assert "Engines Ltd" in page
    assert "Table 1, row Ada" in page
    assert "Minutes of July 1843" in page
    assert 'lang="fr"' in page


def test_things_link_to_their_pages_and_not_to_the_base_address(client: FlaskClient) -> None:
    page = client.get("/doc/club/meeting/1", headers=HTML).text
    assert 'href="/doc/club"' in page
    assert 'href="https://w3id.org/qit4n/id/club"' not in page


def test_only_safe_schemes_become_links(client: FlaskClient) -> None:
    page = client.get("/doc/organization/engines", headers=HTML).text
    assert 'href="https://example.org/engines"' in page
    assert 'href="javascript:' not in page
    assert "javascript:alert(1)" in page


def test_a_discrepancy_stands_on_the_page_with_both_sides_and_the_reason(client: FlaskClient) -> None:
    page = client.get("/doc/club/meeting/1", headers=HTML).text
    assert "The sources disagree" in page
    for text in ("1843-07-01", "1843-08-01", "The table repeats the plan.", "Where was meeting 1?"):
        assert text in page


def test_each_panel_shows_its_sparql(client: FlaskClient) -> None:
    page = client.get("/doc/person/ada-byron", headers=HTML).text
    links = [html.unescape(link) for link in re.findall(r'href="(/sparql\?query=[^"]+)"', page)]
    assert len(links) >= 4
    for link in links:
        response = client.get(link, headers={"Accept": "text/csv"})
        assert response.status_code == 200, response.text


def test_a_hub_says_that_it_lists_a_part(client: FlaskClient) -> None:
    page = client.get("/doc/hub", headers=HTML).text
    assert f"{LISTED} of 400 are listed." in page


def test_data_can_not_inject_markup(client: FlaskClient) -> None:
    page = client.get("/doc/person/hostile", headers=HTML).text
    scripts = re.findall(r"<script\b([^>]*)>(.*?)</script>", page, re.DOTALL)
    assert all('src="/static/' in opening or "ld+json" in opening for opening, _ in scripts)
    assert all(json.loads(text) for opening, text in scripts if "ld+json" in opening)
    assert page.count("<script") == len(scripts)
    assert 'href="javascript:' not in page
    shown = re.sub(r"<script type=.application/ld.json.>.*?</script>", "", page)
    assert "onload=" not in re.sub(r"<bdi>.*?</bdi>|<title>.*?</title>|content=\"[^\"]*\"", "", shown)
    assert "x" * 2001 not in page, "a long text is shortened on the page"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_a_sound_document(client: FlaskClient, path: str) -> None:
    """Landmarks, one h1, headings without gaps, unique ids, links that lead somewhere, nothing inline that the policy forbids."""
    page = client.get(path, headers=HTML)
    assert page.status_code == 200
    assert page.mimetype == "text/html"
    found = outline(page.text)
    assert '<html lang="en">' in page.text
    assert len(found.ids) == len(set(found.ids))
    assert set(found.targets) <= {*found.ids, ""}
    assert found.headings.count(1) == 1
    assert found.headings[0] == 1
    steps = zip(found.headings, found.headings[1:], strict=False)
    assert all(below - above <= 1 for above, below in steps)
    assert {"main", "nav", "header", "footer"} <= {tag for tag, _ in found.tags}
    for tag, attributes in found.tags:
        assert "style" not in attributes
        assert not any(name.startswith("on") for name in attributes)
        assert tag != "style"
        # A script is a file of ours, or data that no browser runs.
        is_data = attributes.get("type") == "application/ld+json" and "src" not in attributes
        assert tag != "script" or is_data or str(attributes.get("src")).startswith("/static/")
        if tag == "img":
            assert "alt" in attributes


def test_a_page_is_revalidated_by_its_etag(client: FlaskClient) -> None:
    first = client.get("/doc/club", headers=HTML)
    assert first.headers["Cache-Control"] == "no-cache"
    again = client.get("/doc/club", headers={**HTML, "If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.data == b""


def test_an_unknown_page_is_a_page_with_the_nearest_names(client: FlaskClient) -> None:
    response = client.get("/doc/person/ada-biron", headers=HTML)
    assert response.status_code == 404
    assert response.mimetype == "text/html"
    assert 'href="/doc/person/ada-byron"' in response.text


def test_an_unknown_page_is_a_problem_for_a_program(client: FlaskClient) -> None:
    response = client.get("/doc/person/ada-biron", headers={"Accept": "application/json"})
    assert response.status_code == 404
    assert response.mimetype == "application/problem+json"
    assert response.get_json(force=True)["nearest"][0]["iri"].endswith("person/ada-byron")


def test_a_name_that_is_no_iri_is_404(client: FlaskClient) -> None:
    for path in (
        "/doc/a%20b",
        "/doc/%3Cx%3E",
        "/doc/%F0%9F%98%80",
        f"/doc/{'x' * 5000}",
        "/data/a%20b.ttl",
        "/id/a%0Ab",
    ):
        assert client.get(path, headers=HTML).status_code == 404


# --- / --------------------------------------------------------------------------------------------------------------------


def test_home_counts_and_names_what_is_in_the_graph(client: FlaskClient) -> None:
    page = client.get("/", headers=HTML).text
    assert "<h1>The work of Analytical Club</h1>" in page
    figures = dict(zip(*(re.findall(rf'stat__{name}">([^<]+)<', page) for name in ("label", "figure")), strict=True))
    assert figures["Meetings"] == "1"
    assert figures["People"] == "1"
    assert "QIT4N" not in page.replace("qit4n-kg", "").replace("qit4n/", "")


def test_homes_links_lead_somewhere(client: FlaskClient) -> None:
    page = client.get("/", headers=HTML).text
    paths = {html.unescape(link) for link in re.findall(r'href="(/[^"#]*)', page)}
    assert any(path.startswith("/doc/") for path in paths)
    for path in paths - {"/feed.atom"}:  # this generation was published without a feed
        with client.get(path, headers=HTML) as response:
            assert response.status_code == 200, path


def test_homes_charts_are_well_formed_and_have_their_table(client: FlaskClient) -> None:
    page = client.get("/", headers=HTML).text
    charts = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert charts
    for chart in charts:
        root = ET.fromstring(chart)
        assert root.get("aria-label") or root.get("aria-hidden") == "true"
    assert "The same as a table" in page


def test_home_does_not_speak_of_rows_left_out_where_none_are(client: FlaskClient) -> None:
    assert "sixty" not in client.get("/", headers=HTML).text


def test_home_works_on_an_empty_graph(empty_app: Flask) -> None:
    response = empty_app.test_client().get("/", headers=HTML)
    assert response.status_code == 200
    assert "Nothing is in the graph yet" in response.text
    assert "The work of standards groups" in response.text
