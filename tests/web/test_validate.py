"""Guards /validate: formats by Accept and by name, limits and their problems, a process that dies alone, pages of a report."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import os
import signal
import time
from typing import TYPE_CHECKING

import pytest
import rdflib
from rdflib import RDF, SH

from qit4n_kg.errors import NotFoundError, TooManyRequestsError
from qit4n_kg.store import shelf
from qit4n_kg.store.shelf import Shelf
from qit4n_kg.web.app import create_app
from qit4n_kg.web.rates import Rate
from qit4n_kg.web.validate import PAGE_FINDINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from qit4n_kg.config import Settings

TTL = "text/turtle"
HEAD = "@base <https://w3id.org/qit4n/id/> . @prefix stdorg: <https://w3id.org/stdorg/ns#> .\n"
BAD = f"{HEAD}<person/x> a stdorg:Person .\n"


@contextlib.contextmanager
def app_of(settings: Settings, **changes: object) -> Iterator[Flask]:
    app = create_app(dataclasses.replace(settings, **changes))
    try:
        yield app
    finally:
        app.extensions["knowledge_graph"].close()


@pytest.fixture(scope="module")
def app(built_state: Settings) -> Iterator[Flask]:
    with app_of(built_state, validation_timeout=110.0, validation_triples=2000, validations_per_minute=10_000) as app:
        yield app


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("*/*", "application/json"),
        ("application/sarif+json", "application/sarif+json"),
        ("text/turtle", "text/turtle; charset=utf-8"),
        ("text/plain", "text/plain; charset=utf-8"),
        ("text/html", "text/html; charset=utf-8"),
    ],
)
def test_the_report_is_in_the_format_that_is_asked_for(client, accept, content_type):
    answer = client.post("/validate", data=BAD, content_type=TTL, headers={"Accept": accept})
    assert (answer.status_code, answer.content_type) == (200, content_type)
    assert "one name" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_turtle_is_a_shacl_report(client):
    answer = client.post("/validate?format=turtle", data=BAD, content_type=TTL)
    graph = rdflib.Graph().parse(data=answer.text)
    report = graph.value(None, RDF.type, SH.ValidationReport)
    assert graph.value(report, SH.conforms) == rdflib.Literal(False)


def test_what_is_there_already_is_not_reported(client):
    data = f"{HEAD}<person/kaoru-kenyoshi> a stdorg:Person ."
    assert client.post("/validate", data=data, content_type=TTL).json["conforms"] is True


@pytest.mark.parametrize(
    ("data", "content_type", "query", "status", "kind"),
    [
        (BAD, "application/pdf", "", 415, "unsupported-media-type"),
        (BAD, None, "", 415, "unsupported-media-type"),
        ("", TTL, "", 400, "request"),
        (BAD, TTL, "?format=docx", 400, "parameter"),
        ({}, "multipart/form-data", "", 400, "request"),
        ("<a> <b> .", TTL, "", 400, "source"),
        ("".join(f"<a> <b> {n} .\n" for n in range(2001)), TTL, "", 400, "source"),
    ],
)
def test_what_can_not_be_judged_is_a_problem(client, data, content_type, query, status, kind):
    answer = client.post(f"/validate{query}", data=data, content_type=content_type)
    assert (answer.status_code, answer.json["type"]) == (status, f"/problems/{kind}")


def test_a_file_of_an_unknown_kind_is_refused_by_name(client):
    answer = client.post("/validate", data={"file": (io.BytesIO(b"x"), "../a.exe")}, content_type="multipart/form-data")
    assert (answer.status_code, answer.json["detail"]) == (415, "The format of a.exe is not known.")


def test_too_many_bytes_are_refused(built_state):
    with app_of(built_state, request_bytes=1000) as app:
        answer = app.test_client().post("/validate", data="#" * 2000, content_type=TTL)
        assert (answer.status_code, answer.json["type"]) == (413, "/problems/too-large")


def test_several_files_are_judged_together(client):
    first, second = (
        f"{HEAD}<person/x> a stdorg:Person .",
        '<https://w3id.org/qit4n/id/person/x> <http://www.w3.org/2000/01/rdf-schema#label> "X" .',
    )
    files = [(io.BytesIO(first.encode()), "a.ttl"), (io.BytesIO(second.encode()), "b.nt")]
    answer = client.post("/validate", data={"file": files}, content_type="multipart/form-data")
    assert answer.json["conforms"] is True
    assert answer.json["statements"] == 2


def test_the_form_works_without_javascript(client):
    page = client.get("/validate").text
    assert '<form class="form form--even" action="/validate" method="post" enctype="multipart/form-data">' in page
    answer = client.post("/validate", data={"text": BAD, "format": "json"}, headers={"Accept": "text/html"})
    assert answer.json["results"][0]["file"] == "pasted.ttl"


def test_a_long_report_has_pages(client):
    data = HEAD + "".join(f"<person/x{n}> a stdorg:Person .\n" for n in range(PAGE_FINDINGS + 5))
    first = client.post("/validate", data={"text": data}, headers={"Accept": "text/html"}).text
    assert first.count('<td data-label="Where">') == PAGE_FINDINGS
    address = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = client.get(address, headers={"Accept": "text/html"}).text
    assert second.count('<td data-label="Where">') == 5
    whole = client.get(address.partition("?")[0], headers={"Accept": "application/json"})
    assert len(json.loads(whole.text)["results"]) == PAGE_FINDINGS + 5


@pytest.mark.parametrize("name", ["x" * 22, "..%2F..%2Fmanifest.json", "a"])
def test_a_report_that_is_not_there_is_404(client, name):
    assert client.get(f"/validate/reports/{name}").status_code == 404


def test_the_next_validation_works_after_the_process_was_killed(app, client):
    assert client.post("/validate", data=BAD, content_type=TTL).status_code == 200
    keeper = app.extensions["knowledge_graph"].gatekeeper
    os.kill(keeper._process._process.pid, signal.SIGKILL)
    time.sleep(0.2)
    assert client.post("/validate", data=BAD, content_type=TTL).status_code == 200


def test_a_deadline_ends_the_process_and_is_a_problem(built_state):
    lines = "".join(f"<person/x{n}> a stdorg:Person ; stdorg:affiliatedWith 1 .\n" for n in range(20_000))
    with app_of(built_state, validation_timeout=0.05) as app:
        answer = app.test_client().post("/validate", data=HEAD + lines, content_type=TTL)
        assert (answer.status_code, answer.json["type"]) == (503, "/problems/validation-limit")
        assert app.extensions["knowledge_graph"].gatekeeper._process is None


def test_memory_ends_the_process_and_is_a_problem(built_state):
    lines = "".join(f"<person/x{n}> a stdorg:Person ; stdorg:affiliatedWith {n} .\n" for n in range(40_000))
    with app_of(built_state, validation_memory=8 * 2**20, validation_timeout=110.0) as app:
        answer = app.test_client().post("/validate", data=HEAD + lines, content_type=TTL)
        assert (answer.status_code, answer.json["type"]) == (503, "/problems/validation-limit")


def test_one_address_can_ask_only_so_often(built_state):
    with app_of(built_state, validations_per_minute=1) as app:
        client = app.test_client()
        assert client.post("/validate", data="x", content_type="application/pdf").status_code == 415
        answer = client.post("/validate", data=BAD, content_type=TTL)
        assert (answer.status_code, answer.json["type"]) == (429, "/problems/too-many-requests")
        assert int(answer.headers["Retry-After"]) > 0


def test_a_bucket_fills_again():
    now = [0.0]
    rate = Rate(2, clock=lambda: now[0])
    rate.take("a")
    rate.take("a")
    rate.take("b")
    with pytest.raises(TooManyRequestsError) as caught:
        rate.take("a")
    assert caught.value.seconds == 30
    now[0] = 31.0
    rate.take("a")


def test_a_shelf_forgets(tmp_path, monkeypatch):
    kept = Shelf(tmp_path / "reports")
    name = kept.put(b"x")
    assert kept.get(name) == b"x"
    monkeypatch.setattr(shelf, "MOST", 2)
    os.utime(tmp_path / "reports" / name, (time.time() - 60, time.time() - 60))
    for _ in range(3):
        kept.put(b"y")
    with pytest.raises(NotFoundError):
        kept.get(name)
    monkeypatch.setattr(shelf, "MOST_BYTES", 3)
    assert kept.put(b"long") is None
