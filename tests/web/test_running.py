"""Queries have ids by which they can be looked at and cancelled, in every worker; only an administrator sees them all.

Guards `web/running.py`, `web/privileges.py` and the header Query-Id.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
import urllib.error
import urllib.request
from dataclasses import replace
from urllib.parse import quote, urlsplit

import pytest

from qit4n_kg.web import privileges
from qit4n_kg.web.app import create_app

ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n1 ?o . ?p ?q ?r }"


@pytest.fixture
def app(tiny_settings):
    app = create_app(replace(tiny_settings, executors=1, query_timeout=8.0))
    app.extensions["knowledge_graph"].executors.wait_until_ready(10)
    yield app
    app.extensions["knowledge_graph"].close()


class Asking(threading.Thread):
    """A client that asks in a thread of its own."""

    def __init__(self, app, query=ENDLESS, **headers):
        super().__init__(daemon=True)
        self.app, self.query, self.headers, self.response = app, query, headers, None
        self.start()

    def run(self):
        self.response = self.app.test_client().get("/sparql", query_string={"query": self.query}, headers=self.headers)

    def answer(self):
        self.join(10)
        return self.response


def eventually(condition, seconds=8.0):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return found


def test_every_answer_has_a_query_id(tiny_client):
    texts = [f"ASK {{ ?x a {number} }}" for number in range(2)]
    answers = [tiny_client.get("/sparql", query_string={"query": text}) for text in texts]
    assert all(len(answer.headers["Query-Id"]) == 32 for answer in answers)
    wrong = tiny_client.get("/sparql", query_string={"query": "SELECT * { ?s FILTER(nothing(?s)) }"})
    assert wrong.status_code == 400
    assert wrong.json["query_id"] == wrong.headers["Query-Id"]


def test_the_clients_own_id_is_kept(tiny_client):
    answer = tiny_client.get("/sparql?query=ASK{%3Fown-0 a 1}", headers={"Query-Id": "my-own-query-7"})
    assert answer.headers["Query-Id"] == "my-own-query-7"


@pytest.mark.parametrize("name", ["../../current", "x", "a" * 65, "with space"])
def test_an_unusable_id_is_400(tiny_client, name):
    answer = tiny_client.get("/sparql?query=ASK{}", headers={"Query-Id": name})
    assert answer.status_code == 400
    assert answer.json["type"].endswith("/parameter")


def test_whoever_holds_the_id_sees_and_cancels_the_query(app):
    asking = Asking(app, **{"Query-Id": "my-own-query-8"})
    client = app.test_client()
    shown = eventually(lambda: client.get("/sparql/running/my-own-query-8").json.get("queries"))
    assert shown[0]["id"] == "my-own-query-8"
    assert shown[0]["text"].startswith("SELECT ( COUNT")
    assert client.delete("/sparql/running/my-own-query-8").status_code == 202
    answer = asking.answer()
    assert answer.status_code == 503
    assert answer.json["type"].endswith("/query-cancelled")
    assert answer.json["query_id"] == "my-own-query-8"
    assert client.get("/sparql/running/my-own-query-8").status_code == 404


@pytest.mark.parametrize("name", ["nobody-has-this", "..%2F..%2Fcurrent", "x"])
def test_an_id_under_which_nothing_runs_is_404(tiny_client, name):
    assert tiny_client.get(f"/sparql/running/{name}").status_code == 404
    assert tiny_client.delete(f"/sparql/running/{name}").status_code == 404


def test_everybodys_queries_are_for_administrators(app):
    client = app.test_client()
    assert client.get("/sparql/running").status_code == 403
    privileges.register(app, lambda role: role == "admin")
    assert client.get("/sparql/running").json == {"queries": []}
    asking = Asking(app)
    (query,) = eventually(lambda: client.get("/sparql/running").json["queries"])
    client.delete(f"/sparql/running/{query['id']}")
    assert asking.answer().status_code == 503


@pytest.mark.parametrize(("is_admin", "seconds"), [(False, "0.3"), (True, "0.9")])
def test_only_an_administrator_lengthens_the_deadline(tiny_settings, is_admin, seconds):
    app = create_app(replace(tiny_settings, executors=1, query_timeout=0.3))
    privileges.register(app, lambda _: is_admin)
    try:
        app.extensions["knowledge_graph"].executors.wait_until_ready(10)
        answer = app.test_client().get("/sparql", query_string={"query": ENDLESS, "timeout": "0.9"})
        assert answer.status_code == 503
        assert f"within {seconds} seconds" in answer.json["detail"]
    finally:
        app.extensions["knowledge_graph"].close()


def test_any_worker_cancels_what_another_one_runs(tiny_settings, serve_apart):
    with serve_apart(replace(tiny_settings, executors=1, query_timeout=30.0), QIT4N_WORKERS="2") as (url, _):
        statuses = []

        def ask(name):
            request = urllib.request.Request(f"{url}/sparql?query={quote(ENDLESS)}", headers={"Query-Id": name})
            try:
                urllib.request.urlopen(request, timeout=20)
            except urllib.error.HTTPError as error:
                with error:
                    statuses.append((error.code, json.load(error)["query_id"]))

        names = [f"query-number-{number}" for number in range(4)]
        clients = [threading.Thread(target=ask, args=(name,)) for name in names]
        for client in clients:
            client.start()
        for name in names:
            eventually(lambda name=name: delete(url, f"/sparql/running/{name}") == 202)
        for client in clients:
            client.join(10)
        assert sorted(statuses) == [(503, name) for name in names]


def delete(url, path):
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    try:
        connection.request("DELETE", path)
        return connection.getresponse().status
    finally:
        connection.close()
