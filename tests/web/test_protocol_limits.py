"""Guards the bound of a query's length: it is refused before anything reads it, with the setting that says so."""

from dataclasses import replace

import pytest

from qit4n_kg.web.context import EXTENSION


@pytest.fixture
def client(tiny_app, monkeypatch):
    graph = tiny_app.extensions[EXTENSION]
    monkeypatch.setattr(graph, "settings", replace(graph.settings, query_characters=1000))
    return tiny_app.test_client()


@pytest.mark.parametrize("path", ["/sparql", "/sparql/why"])
@pytest.mark.parametrize("text", ["ASK {}" + " " * 1000, "{" * 1001], ids=["blanks", "braces"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_query_over_the_bound_is_413(client, path, text, method):
    where = {"query_string": {"query": text}} if method == "get" else {"data": {"query": text}}
    answer = getattr(client, method)(path, headers={"Accept": "application/json"}, **where)
    assert answer.status_code == 413
    problem = answer.get_json()
    assert problem["type"].endswith("/query-too-long")
    assert "at most 1,000" in problem["detail"]


def test_a_query_of_the_bound_is_answered(client):
    answer = client.post("/sparql", data={"query": "ASK {}".ljust(1000)}, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.get_json()["boolean"]) == (200, True)
