"""The language of pages: who asks for French gets French, labels of the data fall back, and a cache can tell the answers apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from flask.testing import FlaskClient

HTML = {"Accept": "text/html"}
ADA = "/doc/person/ada-byron"


def test_english_is_the_language_of_who_says_nothing(client: FlaskClient) -> None:
    answer = client.get(ADA, headers=HTML)
    assert '<html lang="en">' in answer.text
    assert answer.headers["Content-Language"] == "en"
    assert {"Accept-Language", "Cookie"} <= set(answer.vary)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("fr", "fr"),
        ("fr-CH, en;q=0.8", "fr"),
        ("de, fr;q=0.5", "fr"),
        ("fr;q=0, en", "en"),
        ("en, fr;q=0.9", "en"),
        ("ar", "en"),
        ("fr;q=x", "en"),
        ("é;;;,,", "en"),
    ],
)
def test_accept_language_chooses(client: FlaskClient, header: str, language: str) -> None:
    assert f'<html lang="{language}"' in client.get(ADA, headers={**HTML, "Accept-Language": header}).text


def test_an_explicit_choice_wins_and_is_remembered(client: FlaskClient) -> None:
    chosen = client.get(f"{ADA}?lang=fr", headers={**HTML, "Accept-Language": "en"})
    assert '<html lang="fr"' in chosen.text
    assert "Max-Age" in chosen.headers["Set-Cookie"]
    after = client.get(ADA, headers={**HTML, "Accept-Language": "en"})
    assert '<html lang="fr"' in after.text
    assert '<html lang="en"' in client.get(f"{ADA}?lang=en", headers=HTML).text


@pytest.mark.parametrize("lang", ["xx", "../../etc", "fr%0d%0aX: y", '"><script>', ""])
def test_a_choice_that_is_not_offered_changes_nothing(client: FlaskClient, lang: str) -> None:
    answer = client.get(ADA, headers=HTML, query_string={"lang": lang})
    assert '<html lang="en"' in answer.text
    assert "Set-Cookie" not in answer.headers
    assert "<script>" not in answer.text


def test_each_language_has_its_own_etag_and_answers_304(client: FlaskClient) -> None:
    tags = {}
    for language in ("en", "fr"):
        headers = {**HTML, "Accept-Language": language}
        tags[language] = client.get(ADA, headers=headers).headers["ETag"]
        again = client.get(ADA, headers={**headers, "If-None-Match": tags[language]})
        assert again.status_code == 304
        assert "Accept-Language" in again.vary
    assert tags["en"] != tags["fr"]


def test_the_footer_links_to_the_same_page_in_each_language(client: FlaskClient) -> None:
    page = client.get("/sparql?query=ASK+%7B%7D&lang=en", headers=HTML).text
    assert 'href="?query=ASK+%7B%7D&amp;lang=fr" lang="fr"' in page
    assert "Français" in page


def test_data_does_not_depend_on_the_language(client: FlaskClient) -> None:
    english, french = (client.get("/data/person/ada-byron.ttl", headers={"Accept-Language": x}) for x in ("en", "fr"))
    assert english.data == french.data
    assert "Accept-Language" not in english.vary


def test_a_catalogue_query_takes_the_language_for_no_parameter_of_its_own(client: FlaskClient) -> None:
    answer = client.get("/queries/meetings?lang=fr", headers=HTML)
    assert answer.status_code == 200
    assert '<html lang="fr"' in answer.text


def test_labels_of_the_data_come_in_the_preferred_language(client: FlaskClient) -> None:
    def heading(language: str) -> str:
        page = client.get("/doc/many-tongues", headers={**HTML, "Accept-Language": language}).text
        return page.partition("<h1><bdi>")[2].partition("<")[0]

    assert [heading(one) for one in ("fr", "fr-CA", "ja, fr", "de", "xx")] == [
        "Bonjour",
        "Bonjour",
        "Bonjour",
        "Guten Tag",
        "Hello",
    ]
