"""The explorer without its script: lists of what stands around a thing, bounded, with links a step further."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qit4n_kg.entities.neighbours import MOST, OF_ONE_PROPERTY

if TYPE_CHECKING:
    from flask.testing import FlaskClient

HTML = {"Accept": "text/html"}


def links(page: str) -> list[str]:
    return re.findall(r'<a href="/explore\?start=([^"]+)" data-id', page)


def test_a_thing_shows_what_it_is_linked_with_and_leads_on(client: FlaskClient) -> None:
    page = client.get("/explore?start=club/meeting/1", headers=HTML).text
    assert "club" in links(page)
    assert 'data-property="' in page
    for start in links(page):
        assert client.get(f"/explore?start={start}", headers=HTML).status_code == 200


def test_the_start_is_a_path_a_prefixed_name_or_a_whole_iri(client: FlaskClient) -> None:
    pages = {
        client.get("/explore", query_string={"start": start, "lang": "en"}, headers=HTML | {"X-Fragment": "x"}).text
        for start in ("club", "id:club", "/club", "https://w3id.org/qit4n/id/club")
    }
    assert len(pages) == 1


def test_a_much_linked_thing_shows_a_part_and_says_so(client: FlaskClient) -> None:
    page = client.get("/explore?start=hub", headers=HTML).text
    assert len(links(page)) == OF_ONE_PROPERTY <= MOST
    assert "and more, on its page" in page


def test_without_a_start_it_begins_at_the_first_group(client: FlaskClient) -> None:
    assert 'data-id="https://w3id.org/qit4n/id/club"' in client.get("/explore", headers=HTML).text


def test_a_fragment_is_the_lists_alone(client: FlaskClient) -> None:
    answer = client.get("/explore?start=club", headers=HTML | {"X-Fragment": "around"})
    assert answer.text.startswith('<div class="around')
    assert "X-Fragment" in answer.headers["Vary"]


def test_an_unknown_start_is_404(client: FlaskClient) -> None:
    assert client.get("/explore?start=club/never", headers=HTML).status_code == 404
    assert client.get("/explore", query_string={"start": "javascript://x"}, headers=HTML).status_code == 404


def test_a_hostile_label_stays_text(client: FlaskClient) -> None:
    page = client.get("/explore?start=person/hostile", headers=HTML).text
    assert "<script>alert" not in page
    assert 'onload="x"' not in page
    assert "javascript:" not in re.sub(r">[^<]*<", "><", page)
