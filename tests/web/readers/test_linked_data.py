"""Linked-data manners: redirects, typed links, validators, retired identifiers, what crawlers read. Specs: RFC 9110, 8288, 9264."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from qit4n_kg.web import sitemap

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

HTML = {"Accept": "text/html"}
ID = "https://w3id.org/qit4n/id/"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def links(response: TestResponse) -> set[tuple[str, str, str]]:
    """The typed links of a response: relation, target and media type."""
    found = (
        re.fullmatch(r'<([^>]*)>; rel="([^"]+)"(?:; type="([^"]+)")?', x) for x in response.headers.getlist("Link")
    )
    return {(one[2], one[1], one[3] or "") for one in found if one is not None}


# --- Signposting ----------------------------------------------------------------------------------------------------------


def test_a_page_signposts_as_the_fair_profile_says(client: FlaskClient) -> None:
    """signposting.org/FAIR, level 1: cite-as, describedby, type, license; level 2: linkset."""
    found = links(client.get("/doc/person/ada-byron", headers=HTML))
    assert ("cite-as", f"{ID}person/ada-byron", "") in found
    assert ("describedby", "/data/person/ada-byron.ttl", "text/turtle") in found
    assert ("type", "https://schema.org/AboutPage", "") in found
    assert ("license", "https://creativecommons.org/licenses/by/4.0/", "") in found
    assert ("linkset", "/linkset/person/ada-byron.json", "application/linkset+json") in found
    assert ("alternate", "/data/person/ada-byron.jsonld", "application/ld+json") in found
    assert ("canonical", f"{ID}person/ada-byron", "") in found


def test_no_licence_is_told_of_data_of_which_none_is_stated(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what is shipped one is; see `licence_of`."""
    graph = app.extensions["knowledge_graph"]
    monkeypatch.setattr(graph, "settings", replace(graph.settings, data=Path("other.nq")))
    client = app.test_client()

    def get(path: str, accept: str = "text/html") -> TestResponse:
        return client.get(path, headers={"Host": "other.example", "Accept": accept})  # no page that is kept already

    page = get("/doc/person/ada-byron")
    assert "license" not in {relation for relation, _, _ in links(page)}
    told = [page.text, get("/about").text, get("/exports").text, get("/cite/person/ada-byron.txt").text]
    told += [get(f"/cite/person/ada-byron.{suffix}").text for suffix in ("bib", "json", "ris")]
    told += [get("/linkset/person/ada-byron.json").text, json.dumps(get("/openapi.json").json["info"])]
    for text in told:
        assert not re.search("creativecommons|CC BY|None", text)


def test_every_signposted_address_of_ours_answers_with_its_type(client: FlaskClient) -> None:
    for _, target, kind in links(client.get("/doc/club/deliverable/n.1.2", headers=HTML)):
        if target.startswith("/"):
            answer = client.get(target)
            assert answer.status_code == 200, target
            assert answer.mimetype == kind, target


def test_a_data_file_says_what_it_describes(client: FlaskClient) -> None:
    found = links(client.get("/data/person/ada-byron.ttl"))
    assert ("describes", "/doc/person/ada-byron", "text/html") in found
    assert ("describes", f"{ID}person/ada-byron", "") in found


def test_the_link_set_has_the_links_of_the_page_from_their_anchor(client: FlaskClient) -> None:
    answer = client.get("/linkset/person/ada-byron.json")
    assert answer.mimetype == "application/linkset+json"
    sets = {one["anchor"]: one for one in answer.get_json()["linkset"]}
    page = sets["http://localhost/doc/person/ada-byron"]
    assert page["cite-as"] == [{"href": f"{ID}person/ada-byron"}]
    assert {"href": "http://localhost/data/person/ada-byron.ttl", "type": "text/turtle"} in page["describedby"]
    data = sets["http://localhost/data/person/ada-byron.ttl"]
    assert data["describes"] == [{"href": "http://localhost/doc/person/ada-byron", "type": "text/html"}]
    text = client.get("/linkset/person/ada-byron.txt")
    assert text.mimetype == "application/linkset"
    assert text.text.count("anchor=") == sum(len(v) for s in sets.values() for k, v in s.items() if k != "anchor")


@pytest.mark.parametrize(
    "path", ["/linkset/nobody.json", "/linkset/club.exe", "/linkset/club", "/links/nobody", "/cite/nobody"]
)
def test_what_is_said_of_nothing_is_404(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


# --- validators -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/doc/club", "/data/club.ttl", "/links/club", "/cite/club"])
def test_a_page_has_validators_and_a_client_that_has_it_gets_304(client: FlaskClient, path: str) -> None:
    """RFC 9110, sections 8.8, 13.1.2 and 13.1.3; asked twice, so that the layer before Flask answers too."""
    first = client.get(path, headers=HTML)
    assert first.status_code == 200
    for _ in range(2):
        assert client.get(path, headers={**HTML, "If-None-Match": first.headers["ETag"]}).status_code == 304
        since = {**HTML, "If-Modified-Since": first.headers["Last-Modified"]}
        assert client.get(path, headers=since).status_code == 304
        old = {**HTML, "If-Modified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"}
        assert client.get(path, headers=old).status_code == 200
        assert client.get(path, headers={**HTML, "If-None-Match": '"other"'}).status_code == 200


def test_a_kept_page_is_the_page_and_never_another_readers(client: FlaskClient) -> None:
    path = "/doc/person/ada-byron"
    english = [client.get(path, headers=HTML) for _ in range(2)]
    assert english[0].data == english[1].data
    assert english[0].headers.getlist("Link") == english[1].headers.getlist("Link")
    assert '<html lang="fr"' in client.get(path, headers={**HTML, "Accept-Language": "fr"}).text
    other = client.get(path, headers={**HTML, "Host": "graph.example.org"})
    assert "http://graph.example.org/doc/person/ada-byron" in other.text
    assert "Set-Cookie" in client.get(f"{path}?lang=fr", headers=HTML).headers


def test_head_then_get_has_a_body(client: FlaskClient) -> None:
    head = client.head("/doc/club/meeting/1", headers=HTML)
    got = client.get("/doc/club/meeting/1", headers=HTML)
    assert head.data == b""
    assert head.headers["Content-Length"] == str(len(got.data))
    assert head.headers["ETag"] == got.headers["ETag"]


# --- what the page embeds -------------------------------------------------------------------------------------------------


def embedded(page: str) -> list[dict[str, object]]:
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    graph = json.loads(found[1])
    assert graph["@context"] == "https://schema.org"
    members: list[dict[str, object]] = graph["@graph"]
    return members


def test_a_page_embeds_the_thing_as_schema_org_has_it(client: FlaskClient) -> None:
    thing, page = embedded(client.get("/doc/person/ada-byron", headers=HTML).text)
    assert thing["@id"] == f"{ID}person/ada-byron"
    assert thing["name"]
    assert page["mainEntity"] == {"@id": f"{ID}person/ada-byron"}
    assert page["license"] == "https://creativecommons.org/licenses/by/4.0/"


def test_a_hostile_label_stays_inside_the_embedded_data(client: FlaskClient) -> None:
    page = client.get("/doc/person/hostile", headers=HTML).text
    assert "<script>alert(1)" in str(embedded(page)[0]["name"])
    assert "<script>alert(1)" not in page


def test_a_page_has_open_graph(client: FlaskClient) -> None:
    page = client.get("/doc/club/meeting/1", headers=HTML).text
    found = dict(re.findall(r'<meta property="og:(\w+)" content="([^"]*)"', page))
    assert {"title", "type", "url", "description"} <= set(found)
    assert found["url"] == f"{ID}club/meeting/1"
    assert found["description"]


# --- retired identifiers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["merged", "merged-before"])
@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/id/retired/{}", "/id/person/ada-byron"),
        ("/doc/retired/{}", "/doc/person/ada-byron"),
        ("/data/retired/{}.ttl", "/data/person/ada-byron.ttl"),
        ("/cite/retired/{}.bib", "/cite/person/ada-byron.bib"),
        ("/links/retired/{}", "/links/person/ada-byron"),
    ],
)
def test_what_was_merged_leads_to_what_it_became(client: FlaskClient, name: str, path: str, location: str) -> None:
    answer = client.get(path.format(name), headers=HTML)
    assert answer.status_code == 301
    assert answer.headers["Location"] == location


@pytest.mark.parametrize("name", ["split", "withdrawn", "this", "that"])
@pytest.mark.parametrize("place", ["id", "doc", "data"])
def test_what_has_no_one_successor_is_gone(client: FlaskClient, name: str, place: str) -> None:
    path = f"/{place}/retired/{name}{'.ttl' if place == 'data' else ''}"
    page = client.get(path, headers=HTML)
    assert page.status_code == 410
    assert f"Why {name}." in page.text
    problem = client.get(path, headers={"Accept": "application/json"})
    assert problem.status_code == 410
    assert problem.get_json()["type"] == "/problems/retired"
    assert problem.get_json()["reason"] == f"Why {name}."


def test_a_split_names_its_parts(client: FlaskClient) -> None:
    page = client.get("/doc/retired/split", headers=HTML).text
    assert 'href="/doc/club"' in page
    assert 'href="/doc/many-tongues"' in page
    found = client.get("/doc/retired/split", headers={"Accept": "application/json"}).get_json()
    assert [one["iri"] for one in found["replacements"]] == [f"{ID}club", f"{ID}many-tongues"]


# --- crawlers -------------------------------------------------------------------------------------------------------------


def test_the_sitemap_lists_every_typed_thing_once(client: FlaskClient) -> None:
    answer = client.get("/sitemap.xml")
    assert answer.mimetype == "application/xml"
    paths = [one.text for one in ET.fromstring(answer.text).iter(f"{SITEMAP}loc")]
    assert len(paths) == len(set(paths))
    assert "http://localhost/doc/person/ada-byron" in paths
    assert "http://localhost/about" in paths
    assert client.get("/sitemap/1.xml").data == answer.data
    assert client.get("/sitemap/2.xml").status_code == 404


def test_a_large_sitemap_is_an_index(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = {one.text for one in ET.fromstring(app.test_client().get("/sitemap.xml").text).iter(f"{SITEMAP}loc")}
    monkeypatch.setattr(sitemap, "MOST", 4)
    monkeypatch.delitem(app.extensions, "sitemap")
    client = app.test_client()
    index = ET.fromstring(client.get("/sitemap.xml").text)
    assert index.tag == f"{SITEMAP}sitemapindex"
    parts = [str(one.text).removeprefix("http://localhost") for one in index.iter(f"{SITEMAP}loc")]
    found = [one.text for path in parts for one in ET.fromstring(client.get(path).text).iter(f"{SITEMAP}loc")]
    assert len(found) == len(set(found))
    assert set(found) == whole
    monkeypatch.delitem(app.extensions, "sitemap")


def test_robots_may_read_pages_and_are_told_of_the_sitemap(client: FlaskClient) -> None:
    lines = client.get("/robots.txt").text.splitlines()
    assert lines[0] == "User-agent: *"
    assert "Sitemap: http://localhost/sitemap.xml" in lines
    closed = [line.removeprefix("Disallow: ") for line in lines if line.startswith("Disallow")]
    assert not any(path.startswith(tuple(closed)) for path in ("/", "/doc/club", "/queries", "/about", "/ontology"))


def test_the_old_address_of_the_icon_leads_to_it(client: FlaskClient) -> None:
    assert client.get("/favicon.ico", follow_redirects=True).mimetype == "image/svg+xml"
