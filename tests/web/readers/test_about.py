"""`/about` says only what is true, and the documentation is there to read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from qit4n_kg.config import load_settings
from qit4n_kg.errors import ConfigurationError
from qit4n_kg.web.manual import MANUAL

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

ROOT = Path(__file__).resolve().parents[3]
HTML = {"Accept": "text/html"}


def test_about_tells_licence_freshness_and_where_to_query(client: FlaskClient) -> None:
    page = client.get("/about", headers=HTML).text
    assert 'href="https://creativecommons.org/licenses/by/4.0/" rel="license"' in page
    assert "http://localhost/sparql" in page
    assert "sha256:" in page
    assert re.search(r"<dt>Generation</dt><dd>1</dd>", page)


def test_no_contact_is_invented(client: FlaskClient) -> None:
    page = client.get("/about", headers=HTML).text
    assert "named no contact" in page
    assert "mailto:" not in page


def test_a_contact_that_was_set_is_named(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings({"QIT4N_CONTACT": "registry@example.org"})
    monkeypatch.setattr(app.extensions["knowledge_graph"], "settings", settings)
    page = app.test_client().get("/about", headers=HTML).text
    assert '<a href="mailto:registry@example.org">registry@example.org</a>' in page


@pytest.mark.parametrize("contact", ["javascript:alert(1)", "nobody", "a@b@c", 'a@b" x'])
def test_a_contact_is_an_address(contact: str) -> None:
    with pytest.raises(ConfigurationError, match="QIT4N_CONTACT"):
        load_settings({"QIT4N_CONTACT": contact})


@pytest.mark.parametrize("name", MANUAL)
def test_every_file_of_the_documentation_is_a_page(client: FlaskClient, name: str) -> None:
    page = client.get(f"/docs/{name}", headers=HTML)
    assert page.status_code == 200
    assert page.text.count("<h1") == 1
    for target in re.findall(r'href="/docs/([a-z-]+)', page.text):
        assert target in MANUAL
    assert not re.search(
        r'href="[^"]*\.(md|rq|py|ttl)"', re.sub(r'href="(https?:|/ontology|/data|/static)[^"]*"', "", page.text)
    )


def test_the_list_of_the_documentation_is_whole() -> None:
    assert set(MANUAL) == {path.stem for path in (ROOT / "docs").glob("*.md")}


@pytest.mark.parametrize("name", ["nothing", "..%2fREADME", "generate"])
def test_what_is_no_documentation_is_404(client: FlaskClient, name: str) -> None:
    assert client.get(f"/docs/{name}", headers=HTML).status_code == 404


def test_what_links_to_a_hub_comes_page_by_page(client: FlaskClient) -> None:
    counts = client.get("/links/hub", headers=HTML).text
    about = "property=https%3A%2F%2Fw3id.org%2Fstdorg%2Fns%23about"
    assert re.search(rf'href="\?{about}"[^>]*>.*?<td class="number">400', counts)
    first = client.get(f"/links/hub?{about}", headers=HTML).text
    assert "1 to 100 of 400" in first
    assert "page=2" in first
    last = client.get(f"/links/hub?{about}&page=4", headers=HTML).text
    assert "301 to 400 of 400" in last
    assert "page=5" not in last
    assert client.get(f"/links/hub?{about}&page=5", headers=HTML).status_code == 404
    assert client.get("/links/hub?property=no%20iri", headers=HTML).status_code == 404
    assert client.get(f"/links/hub?{about}&page=x", headers=HTML).status_code == 400
