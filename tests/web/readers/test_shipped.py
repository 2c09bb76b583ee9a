"""Over the whole shipped graph: every thing has its page and its data, and no local link of any page leads nowhere."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from pyoxigraph import DefaultGraph, NamedNode

from qit4n_kg.web.app import create_app
from qit4n_kg.web.data import data_path
from qit4n_kg.web.readings import reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from qit4n_kg.config import Settings

HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def shipped(built_state: Settings) -> Iterator[Flask]:
    app = create_app(built_state)
    yield app
    app.extensions["knowledge_graph"].close()


def things(app: Flask, settings: Settings) -> list[str]:
    with app.test_request_context():
        quads = reading().snapshot.store.quads(None, None, None, DefaultGraph())
        subjects = {quad.subject.value for quad in quads if isinstance(quad.subject, NamedNode)}
    return sorted(iri for iri in subjects if iri.startswith(settings.id_base))


def test_every_thing_has_a_page_data_and_no_dead_link(shipped: Flask, built_state: Settings) -> None:
    client = shipped.test_client()
    found = things(shipped, built_state)
    assert len(found) > 200
    linked: set[str] = set()
    anchors: set[str] = set()
    for iri in found:
        with shipped.test_request_context():
            path = data_path(iri)
        page = client.get(path.replace("/data/", "/doc/", 1), headers=HTML)
        assert page.status_code == 200, iri
        assert client.get(f"{path}.nt").status_code == 200, iri
        linked |= {html.unescape(link) for link in re.findall(r'href="/doc/([^"#]+)', page.text)}
        anchors |= set(re.findall(r'href="/ontology#([^"]+)"', page.text))
    assert {unquote(link) for link in linked} <= {iri.removeprefix(built_state.id_base) for iri in found}
    ontology = client.get("/ontology", headers=HTML).text
    assert anchors <= set(re.findall(r'id="([^"]+)"', ontology))


def test_every_thing_has_a_readable_name_and_type(shipped: Flask, built_state: Settings) -> None:
    with shipped.test_request_context():
        views = [reading().entities.read(iri) for iri in things(shipped, built_state)]
    assert [view.iri for view in views if view.label == view.iri.removeprefix(built_state.id_base)] == []
    assert [view.iri for view in views if not view.types] == []
    assert all(view.passages for view in views)


def test_what_a_parameter_is_is_said_in_the_readers_language(shipped: Flask) -> None:
    client = shipped.test_client()
    page = html.unescape(client.get("/queries/people-from?lang=fr", headers=HTML).text)
    assert "Le pays énoncé avec la personne</p>" in page
    assert "find one with" not in page
    page = html.unescape(client.get("/queries/where-stated?lang=fr", headers=HTML).text)
    assert "par exemple id:fg-qit4n/meeting/1 (à trouver avec find-by-name)" in page


def test_pages_of_ready_questions_call_things_by_their_names(shipped: Flask) -> None:
    page = shipped.test_client().get("/queries/people-from", headers={**HTML, "Accept-Language": "en"}).text
    assert "<bdi>Germany</bdi></a>" in page
    assert "id:country/de</bdi></a>" not in page


def test_nobody_is_drawn_twice_through_a_role_and_the_link_that_says_the_same(shipped: Flask) -> None:
    page = shipped.test_client().get("/explore?start=person/zhangchao-ma", headers=HTML | {"X-Fragment": "x"}).text
    links = re.findall(r'data-id="([^"]+)"[^>]*data-kind="([^"]+)" data-property', page)
    assert {"body", "document", "liaison", "organization"} == {kind for _, kind in links}
    assert len(links) == len(set(links))
