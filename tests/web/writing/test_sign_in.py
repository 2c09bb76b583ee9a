"""`/sign-in`: a token for a session cookie, and that no other site can use it."""

import re
import time

import pytest

from qit4n_kg.tokens import Role, Tokens


@pytest.fixture
def client(app):
    return app.test_client()


def csrf(client):
    return re.search(r'name="csrf" value="([^"]+)"', client.get("/sign-in").text)[1]


def sign_in(client, token):
    return client.post("/sign-in", data={"csrf": csrf(client), "token": token})


def test_the_form_is_never_kept_by_a_cache_since_it_holds_a_secret_of_this_browser(client):
    page = client.get("/sign-in")
    assert page.headers["Cache-Control"] == "no-store"
    assert "ETag" not in page.headers


def test_a_token_is_exchanged_for_a_cookie_that_scripts_and_other_sites_do_not_get(client, tokens):
    response = sign_in(client, tokens["admin"])
    assert response.status_code == 303
    cookie = next(value for name, value in response.headers if name == "Set-Cookie" and "session" in value)
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert tokens["admin"] not in cookie
    assert "the-admin" in client.get("/sign-in").text


def test_who_is_signed_in_is_led_to_what_they_can_do(client, tokens):
    sign_in(client, tokens["admin"])
    page = client.get("/sign-in").text
    assert [f'href="{path}"' in page for path in ("/contribute/new", "/contributions", "/contribute/sheets")] == [
        True
    ] * 3


def test_an_unknown_token_is_403_and_gives_no_session(client):
    response = sign_in(client, "qit4n_unknown")
    assert response.status_code == 403
    assert client.get_cookie("qit4n-session") is None


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out"])
def test_a_form_without_its_token_is_403(client, tokens, path):
    sign_in(client, tokens["admin"])
    assert client.post(path, data={"token": tokens["admin"]}).status_code == 403
    assert client.post(path, data={"token": tokens["admin"], "csrf": "wrong"}).status_code == 403


def test_the_form_token_of_another_browser_is_403(app, tokens):
    stolen = csrf(app.test_client())
    victim = app.test_client()
    csrf(victim)
    assert victim.post("/sign-in", data={"csrf": stolen, "token": tokens["admin"]}).status_code == 403


def test_a_form_sent_from_another_site_is_403(client, tokens):
    fields = {"csrf": csrf(client), "token": tokens["admin"]}
    assert client.post("/sign-in", data=fields, headers={"Origin": "https://evil.example"}).status_code == 403
    assert client.post("/sign-in", data=fields, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_a_write_by_cookie_needs_the_form_token(client, tokens):
    sign_in(client, tokens["admin"])
    update = {"data": "INSERT DATA {}", "content_type": "application/sparql-update"}
    assert client.post("/update", **update).status_code == 403
    assert client.post("/update", **update, headers={"X-CSRF-Token": csrf(client)}).status_code == 200


def test_signing_out_ends_the_session(client, tokens):
    sign_in(client, tokens["admin"])
    assert client.post("/sign-out", data={"csrf": csrf(client)}).status_code == 303
    assert "the-admin" not in client.get("/sign-in").text


def test_a_session_ends_when_its_token_is_revoked(client, scratch):
    token = Tokens(scratch.journal_dir).create("guest", Role.ADMIN)
    sign_in(client, token)
    assert "guest" in client.get("/sign-in").text
    Tokens(scratch.journal_dir).revoke("guest")
    assert "guest" not in client.get("/sign-in").text


def test_a_session_ends_after_twelve_hours(client, tokens, monkeypatch):
    sign_in(client, tokens["admin"])
    later = time.time() + 12 * 3600 + 60
    monkeypatch.setattr("qit4n_kg.web.access.time.time", lambda: later)
    assert "the-admin" not in client.get("/sign-in").text


def test_a_cookie_that_was_altered_is_no_session(client, tokens):
    sign_in(client, tokens["contributor"])
    digest, issued, signature = client.get_cookie("qit4n-session").value.split(".")
    client.set_cookie("qit4n-session", f"{digest}.{int(issued) + 100}.{signature}")
    assert "the-contributor" not in client.get("/sign-in").text
