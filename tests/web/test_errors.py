"""Every error is a problem (RFC 9457) to a program and a page to a browser, with a stable type that can be followed."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from qit4n_kg import errors
from qit4n_kg.errors import KnowledgeGraphError
from qit4n_kg.web.app import create_app
from qit4n_kg.web.problems import PROBLEMS

ROOT = Path(__file__).resolve().parents[2]
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
NEVER_SENT = {
    "configuration",
    "mirror",
    "mirror-differs",
    "port-in-use",
    "source",
    "unsupported-axiom",
    "unsupported-term",
}
"""Errors of the command line, which no request can cause."""


def all_errors(root=KnowledgeGraphError):
    for child in root.__subclasses__():
        yield child
        yield from all_errors(child)


def test_every_error_of_ours_has_a_problem_and_a_page(tiny_client):
    assert errors
    codes = {error.code for error in all_errors() if error.__module__ == "qit4n_kg.errors"} - NEVER_SENT
    assert codes <= set(PROBLEMS)
    for code, problem in PROBLEMS.items():
        page = tiny_client.get(f"/problems/{code}").get_data(as_text=True)
        assert problem.title in page
    page = tiny_client.get("/problems/").get_data(as_text=True)
    assert all(f'<a href="/problems/{code}"><code>{code}</code></a>' in page for code in PROBLEMS)
    reference = (ROOT / "docs/reference.md").read_text()
    assert all(f"`{code}`" in reference for code in PROBLEMS)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/nothing-here", 404, "not-found"),
        ("/problems/nonsense", 404, "not-found"),
        ("/queries/nonsense", 404, "unknown-query"),
        ("/sparql?query=nonsense", 400, "query-syntax"),
        ("/sparql?query=ASK%7B%7D&timeout=x", 400, "parameter"),
    ],
)
def test_a_program_gets_problem_json(tiny_client, path, status, code):
    response = tiny_client.get(path, headers={"Accept": "application/json"})
    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    problem = response.json
    assert problem["type"] == f"/problems/{code}"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert tiny_client.get(problem["type"]).status_code == 200


@pytest.mark.parametrize("path", ["/nothing-here", "/queries/nonsense", "/problems/nonsense"])
def test_a_browser_gets_a_page(tiny_client, path):
    response = tiny_client.get(path, headers={"Accept": BROWSER})
    assert response.status_code == 404
    assert response.content_type.startswith("text/html")
    assert "Accept" in response.vary


def test_what_a_client_sent_is_escaped_in_the_page(tiny_client):
    page = tiny_client.get("/queries/<script>alert(1)<!--", headers={"Accept": BROWSER}).get_data(as_text=True)
    assert "<script>" not in page
    assert "alert(1)" in page


@pytest.mark.parametrize("path", ["/healthz", "/queries", "/problems/"])
def test_a_method_that_is_not_answered_is_405_and_names_those_that_are(tiny_client, path):
    response = tiny_client.delete(path)
    assert response.status_code == 405
    assert response.json["type"] == "/problems/method-not-allowed"
    assert "GET" in response.headers["Allow"]


def test_an_unexpected_error_is_logged_and_the_client_sees_its_id_only(tiny_settings, caplog):
    app = create_app(tiny_settings)
    try:

        def fail():
            raise RuntimeError("a secret of the server")

        app.add_url_rule("/fail", view_func=fail)
        with caplog.at_level(logging.ERROR):
            response = app.test_client().get("/fail")
        assert response.status_code == 500
        assert response.json["type"] == "/problems/internal"
        assert "secret" not in response.get_data(as_text=True)
        assert response.json["request_id"] in caplog.text
        assert "a secret of the server" in caplog.text
    finally:
        app.extensions["knowledge_graph"].close()


def test_errors_are_not_kept_by_caches(tiny_client):
    assert tiny_client.get("/nothing-here").headers["Cache-Control"] == "no-store"


def test_every_answer_has_the_security_headers(tiny_client):
    for path in ("/sparql?query=ASK%7B%7D", "/nothing-here", "/queries"):
        headers = tiny_client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert "unsafe-inline" not in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"]


def test_the_pages_of_problems_are_asked_for_again_by_their_etag(tiny_client):
    for path in ("/problems/", "/problems/query-syntax"):
        first = tiny_client.get(path)
        assert (first.status_code, first.headers["Cache-Control"]) == (200, "no-cache")
        assert tiny_client.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
