"""`qit4n-kg bench` without peers: it says which are missing, checks answers, measures both mixes, and writes what it found."""

from __future__ import annotations

import json
import threading
from collections import Counter
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.etree import ElementTree

import pytest

from qit4n_kg.bench import load, report
from qit4n_kg.bench.comparison import Comparison
from qit4n_kg.bench.load import Measurement
from qit4n_kg.bench.servers import Server, own_server
from qit4n_kg.bench.workload import NUMBER, Question, analytic, mix, rows
from qit4n_kg.store.generations import Generations
from system.server import run


@pytest.fixture
def store_path(built_state):
    return Generations(built_state.state_dir).current().store_path


def test_the_mix_is_of_the_catalogue_never_empty_and_made_new_by_a_number(built_state, graph_store, store_path):
    questions = mix(built_state, graph_store, store_path, 20).questions
    assert len(questions) > 30
    assert all(question.expected for question in questions)
    assert len({question.name for question in questions}) == len(questions)
    assert questions[0].text(1) != questions[0].text(2)
    assert all(NUMBER not in question.text(1) for question in questions)


def test_a_query_that_takes_too_long_or_answers_too_much_is_left_out_by_name(
    built_state, graph_store, store_path, tmp_path
):
    folder = tmp_path / "queries" / "catalogue"
    folder.mkdir(parents=True)
    texts = {
        "endless": "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }",
        "large": "SELECT ?s ?p ?o WHERE { ?s ?p ?o }",
        "none": "SELECT ?s WHERE { ?s <x:nothing> ?o }",
        "quick": "SELECT ?s WHERE { ?s a <https://w3id.org/stdorg/ns#Meeting> }",
    }
    for name, text in texts.items():
        (folder / f"{name}.rq").write_text(f"# title: {name}\n# question: Which?\n# topic: people\n{text}\n")
    chosen = mix(replace(built_state, sources=tmp_path), graph_store, store_path, 3)
    assert [question.name for question in chosen.questions] == ["quick-0"]
    assert chosen.left_out == {
        "endless-0": "takes the engine more than 3 s",
        "large-0": "has an answer over 50 kB",
        "none-0": "has no answer in this data",
    }


def test_the_analytic_queries_have_answers(built_state, store_path):
    assert len(analytic(built_state, store_path)) == 4


def test_rows_are_compared_by_value_and_by_number_of_times():
    def body(*values):
        cells = [
            {"x": {"type": "literal", "value": v, "datatype": "http://www.w3.org/2001/XMLSchema#decimal"}}
            for v in values
        ]
        return json.dumps({"results": {"bindings": cells}}).encode()

    assert rows(body("1.0", "2")) == rows(body("2.0", "1"))
    assert rows(body("1", "1")) != rows(body("1"))


@pytest.mark.slow
@pytest.mark.parametrize("is_unique", [False, True])
def test_both_load_generators_count_answers_and_errors(built_state, monkeypatch, is_unique):
    question = Question("ask", f"SELECT (1 AS ?x) {{}} LIMIT {NUMBER}", Counter())
    wrong = Question("wrong", f"SELECT {NUMBER}", Counter())
    which = load.shutil.which
    with own_server(built_state) as server:
        assert server.processor_seconds() > 0.1
        for found in {which("wrk"), None}:
            monkeypatch.setattr(load.shutil, "which", lambda name, found=found: found)
            measured = load.drive(server, [question], clients=4, seconds=1, is_unique=is_unique)
            assert (measured.requests > 10, measured.errors) == (True, 0)
            assert 0 < measured.p50 <= measured.p99
            assert load.drive(server, [wrong], clients=2, seconds=1, is_unique=is_unique).errors > 0


@pytest.mark.parametrize("has_wrk", [True, False])
def test_no_unique_request_is_ever_sent_twice_not_even_by_another_run(monkeypatch, has_wrk):
    if has_wrk and load.shutil.which("wrk") is None:
        pytest.skip("wrk is not installed")
    seen = []

    class Recorder(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            seen.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments): ...

    found = load.shutil.which("wrk") if has_wrk else None
    monkeypatch.setattr(load.shutil, "which", lambda name: found)
    questions = [Question(name, f"ASK {{}} LIMIT {NUMBER} # {name}", Counter()) for name in "ab"]
    with ThreadingHTTPServer(("127.0.0.1", 0), Recorder) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for _ in range(2):
            load.drive(Server("x", server.server_port, "/"), questions, clients=3, seconds=1, is_unique=True)
        server.shutdown()
    assert len(seen) > 20
    assert len(set(seen)) == len(seen)
    assert all("%20LIMIT%20" in path and "NUMBER" not in path for path in seen)


@pytest.mark.slow
def test_the_command_measures_and_says_what_is_missing(tmp_path):
    result = run(
        "bench", "--clients", "1", "--seconds", "1", "-o", str(tmp_path), state=tmp_path / "state", PATH="/usr/bin:/bin"
    )
    assert result.returncode == 0, result.stderr
    assert "| repeated | 1 |" in result.stdout
    assert "oxigraph: not installed (--install-peers installs it)" in result.stdout
    found = json.loads((tmp_path / "bench.json").read_text())
    assert found["loads"]["unique"]["1"]["qit4n-kg"]["errors"] == 0
    ElementTree.parse(tmp_path / "bench.svg")


def test_the_table_gives_ratios_and_marks_errors():
    fast, slow = Measurement(200, 1.0, 0, 1.0, 2.0), Measurement(103, 1.0, 3, 5.0, 9.0)
    servers = ["qit4n-kg", "oxigraph"]
    comparison = Comparison(
        10, "wrk", 1.0, 5, servers, loads={"unique": {4: dict(zip(servers, (fast, slow), strict=True))}}
    )
    comparison.differing["oxigraph"] = ["people-0"]
    comparison.left_out |= {"a-0": "takes the engine more than 1 s", "b-0": "takes the engine more than 1 s"}
    comparison.analytic["q"] = {"qit4n-kg": 0.011, "oxigraph": 0.01}
    comparison.processor["q"] = {"qit4n-kg": 0.04, "oxigraph": 0.05}
    table = report.to_table(comparison)
    assert "| unique | 4 | 200 (1.0, 2.0) | 100 (5.0, 9.0) **3 errors** | 2.00 |" in table
    assert "| q | 11.0 | 10.0 | 1.10 | 0.80 |" in table
    assert "Left out of every server's mix, as it takes the engine more than 1 s: 2 (a-0, b-0)." in table
    assert "oxigraph answers 1 of them otherwise than the engine: people-0." in table


def test_a_wrong_number_of_clients_is_refused(tmp_path):
    result = run("bench", "--clients", "0", state=tmp_path / "state")
    assert result.returncode != 0
    assert "--clients" in result.stderr
