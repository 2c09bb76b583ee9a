"""`/metrics` gives the figures of every worker in Prometheus' format, to whom the setting names, and nothing of any query.

Guards `web/metrics.py` and `store/tally.py`. Format: Prometheus text exposition format 0.0.4.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from qit4n_kg.config import Readership
from qit4n_kg.tokens import Role, Tokens
from qit4n_kg.web.app import create_app
from qit4n_kg.web.metrics import write_figures

LINE = re.compile(
    r'(?P<name>[a-z0-9_]+)(?:\{worker="(?P<worker>\d+)"(?:,(?P<label>[a-z]+)="(?P<of>[a-z-]+)")?\})? (?P<value>[0-9.]+)'
)


@pytest.fixture
def settings(tiny_settings, tmp_path):
    return replace(tiny_settings, executors=1, journal_dir=tmp_path / "journal", metrics=Readership.EVERYBODY)


@pytest.fixture
def make(settings):
    made = []

    def start(**changes):
        app = create_app(replace(settings, **changes))
        made.append(app)
        return app

    yield start
    for app in made:
        app.extensions["knowledge_graph"].close()


def read(client):
    response = client.get("/metrics")
    assert response.status_code == 200
    assert response.content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-store"
    return response.text


def parse(text):
    """Read samples as {(name, worker, label's value): number}; every line is a comment or a sample."""
    samples = {}
    for line in text.splitlines():
        if not line.startswith("# "):
            match = LINE.fullmatch(line)
            assert match, line
            key = (match["name"].removeprefix("qit4n_"), match["worker"], match["of"])
            assert key not in samples
            samples[key] = float(match["value"])
    return samples


def test_queries_are_counted_by_outcome_and_results_by_cache(make):
    client = make().test_client()
    me = str(os.getpid())
    before = parse(read(client))
    for _ in range(2):
        client.get("/sparql", query_string={"query": "ASK {}"})
    client.get("/sparql", query_string={"query": "ASK {"})
    client.get(
        "/sparql",
        query_string={
            "query": "SELECT (COUNT(*) AS ?n) {?a ?b ?c. ?d ?e ?f. ?g ?h ?i. ?j ?k ?l. ?m ?o ?p. ?q ?r ?s}",
            "timeout": "0.2",
        },
    )
    text = read(client)
    after = parse(text)
    assert before.get(("queries_total", me, "answered"), 0) == 0
    assert after["queries_total", me, "answered"] == 1, text
    assert after["queries_total", me, "query-syntax"] == 1
    assert after["queries_total", me, "query-timeout"] == 1
    assert after["query_seconds_total", me, None] >= 0.2
    assert (after["cache_hits_total", me, None], after["cache_entries", me, None]) == (1, 2)
    assert 0 < after["cache_bytes", me, None] < after["cache_limit_bytes", me, None]


def test_the_generation_and_what_is_up_are_told(make):
    app = make()
    app.extensions["knowledge_graph"].executors.wait_until_ready(10)
    samples = parse(read(app.test_client()))
    assert samples["generation", None, None] == app.extensions["knowledge_graph"].generation.number
    assert samples["generation_triples", None, None] > 0
    assert samples["query_processes", str(os.getpid()), "idle"] == 1
    assert samples["uptime_seconds", str(os.getpid()), None] > 0


def test_every_sample_has_its_help_and_its_type(make):
    text = read(make().test_client())
    for name in {key[0] for key in parse(text)}:
        assert f"# HELP qit4n_{name} " in text
        assert re.search(f"# TYPE qit4n_{name} (gauge|counter)\n", text)


def test_other_workers_are_told_as_they_wrote_and_those_that_ended_are_not(make, settings):
    app = make()
    write_figures(app)
    folder = settings.state_dir / "metrics"
    own = json.loads((folder / str(os.getpid())).read_text())
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        (folder / str(other.pid)).write_text(json.dumps(own | {"cache_hits_total": 77}))
        samples = parse(read(app.test_client()))
        assert samples["cache_hits_total", str(other.pid), None] == 77
        other.communicate(b"\n")
    assert str(other.pid) not in read(app.test_client())
    assert not (folder / str(other.pid)).exists()


def test_nothing_of_a_query_is_told(make):
    client = make().test_client()
    client.get(
        "/sparql", query_string={"query": "ASK { ?s ?p 'a secret word' }"}, headers={"Query-Id": "my-own-query-id"}
    )
    text = read(client)
    assert "secret" not in text
    assert "my-own-query-id" not in text


def test_an_administrator_reads_unless_the_setting_says_otherwise(make, settings):
    assert load_default() is Readership.ADMIN
    token = Tokens(settings.journal_dir).create("scraper", Role.ADMIN)
    other = Tokens(settings.journal_dir).create("reader", Role.REVIEWER)
    client = make(metrics=Readership.ADMIN).test_client()
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": f"Bearer {other}"}).status_code == 403
    assert client.get("/metrics", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    closed = make(metrics=Readership.NOBODY).test_client()
    assert closed.get("/metrics", headers={"Authorization": f"Bearer {token}"}).status_code == 404


def load_default():
    from qit4n_kg.config import load_settings

    return load_settings({}).metrics
