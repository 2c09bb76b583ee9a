"""The running server: quick to start, clear when it can't, on the newest generation, and nothing left when it stops."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad

from qit4n_kg.errors import ConfigurationError, PortInUseError, StateMissingError
from qit4n_kg.serving import _STALL_SECONDS, _cut_stalled_clients, address, check_port, serve_forever
from qit4n_kg.store.generations import Generations
from system.processes import descendants, is_running

COUNT = urllib.parse.urlencode({"query": "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"})
ENDLESS = urllib.parse.urlencode(
    {"query": "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n1 ?o . ?p ?q ?r }"}
)


def get(url):
    with urllib.request.urlopen(url, timeout=30) as response:
        return response.read()


def count(url):
    return int(json.loads(get(f"{url}/sparql?{COUNT}"))["results"]["bindings"][0]["n"]["value"])


def eventually(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


# --- before it starts ----------------------------------------------------------------------------------------------------


def test_a_port_in_use_is_one_clear_error(tiny_settings):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(PortInUseError, match=f"Port {port} on 127.0.0.1 is in use"):
            serve_forever(replace(tiny_settings, port=port), on_ready=print)


def test_a_port_that_was_just_left_is_free():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    check_port("127.0.0.1", port)


@pytest.mark.parametrize("host", ["203.0.113.7", "no-such-host.invalid"])
def test_a_host_that_is_not_ours_is_one_clear_error(host):
    with pytest.raises(ConfigurationError, match=host):
        check_port(host, 8000)


def test_without_a_generation_nothing_starts(tiny_settings, tmp_path):
    with pytest.raises(StateMissingError):
        serve_forever(replace(tiny_settings, state_dir=tmp_path), on_ready=print)


def test_the_address_is_one_that_a_browser_can_open(tiny_settings):
    assert address(replace(tiny_settings, host="0.0.0.0", port=8099)) == "http://127.0.0.1:8099/"
    assert address(replace(tiny_settings, host="::1", port=8099)) == "http://[::1]:8099/"


def test_serving_loads_no_toolkit_that_only_building_needs():
    script = "import sys, qit4n_kg.serving; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "flask" in loaded
    assert not {"rdflib", "pyshacl", "owlrl", "oxrdflib", "SPARQLWrapper", "rich"} & set(loaded)


def test_a_query_process_loads_no_web_framework():
    script = "import sys, qit4n_kg.store.executor_process; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not {"rdflib", "flask", "granian"} & set(loaded)


# --- while it runs -------------------------------------------------------------------------------------------------------


def test_it_is_ready_soon_and_says_nothing_but_its_address(tiny_settings, serve_apart):
    begun = time.monotonic()
    with serve_apart(tiny_settings, QIT4N_WORKERS="2") as (url, process):
        assert time.monotonic() - begun < 20
        assert count(url) == 28
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=15)
    assert (output, errors) == ("", "")


def test_every_worker_serves_a_new_generation_once_it_is_published(tiny_settings, tmp_path, serve_apart):
    settings = replace(tiny_settings, state_dir=tmp_path)
    generations = Generations(tmp_path, 3)

    def publish(size):
        quads = [
            Quad(NamedNode(f"http://example.org/{n}"), NamedNode("http://example.org/p"), Literal(n))
            for n in range(size)
        ]
        with generations.writer():
            generations.publish(quads, inputs=str(size), software="test")

    publish(1)
    with serve_apart(settings, QIT4N_WORKERS="2") as (url, _), ThreadPoolExecutor(8) as threads:
        assert set(threads.map(count, [url] * 16)) == {1}
        for size in range(2, 7):  # more than are kept
            publish(size)
            assert set(threads.map(count, [url] * 16)) == {size}


def test_a_worker_that_is_killed_is_replaced(tiny_settings, serve_apart):
    with serve_apart(tiny_settings, QIT4N_WORKERS="2") as (url, process):
        workers = [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
        os.kill(workers[0], signal.SIGKILL)
        time.sleep(0.5)
        assert {count(url) for _ in range(5)} == {28}


def test_a_slow_reader_holds_no_query_process(tiny_settings, serve_apart):
    query = urllib.parse.urlencode({"query": "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }", "format": "csv"})
    with (
        serve_apart(tiny_settings, QIT4N_WORKERS="1", QIT4N_EXECUTORS="1") as (url, _),
        urllib.request.urlopen(f"{url}/sparql?{query}", timeout=30) as slow,
    ):
        first = slow.read(1000)
        assert int(slow.headers["Content-Length"]) > 3_000_000
        assert count(url) == 28
        rest = slow.read()
        assert len(first) + len(rest) == int(slow.headers["Content-Length"])


def test_the_kernel_cuts_connections_on_which_nothing_moves():
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_server(("127.0.0.1", 0)) as other:
        port = listener.getsockname()[1]
        _cut_stalled_clients(port)
        with socket.create_connection(("127.0.0.1", port)):
            accepted, _ = listener.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == _STALL_SECONDS * 1000
        assert other.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 0


# --- how it stops --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_told_and_leaves_no_process(tiny_settings, serve_apart, how):
    with serve_apart(tiny_settings, QIT4N_WORKERS="2") as (url, process):
        with ThreadPoolExecutor(2) as threads:
            asking = [threads.submit(refusal, f"{url}/sparql?{ENDLESS}") for _ in range(2)]
            time.sleep(0.3)
            below = descendants(process.pid)
            assert len(below) >= 4  # two workers, a query process each
            process.send_signal(how)
            for refused in asking:  # who waits for an answer is told, and not just cut off
                status, headers, problem = refused.result(timeout=10)
                assert (status, problem["type"], problem["detail"]) == (
                    503,
                    "/problems/query-cancelled",
                    "The server is stopping.",
                )
                assert int(headers["Retry-After"]) > 0
        process.wait(timeout=10)
        eventually(lambda: not any(is_running(pid) for pid in below))
        assert process.returncode == 0


def refusal(url):
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(url)
    with caught.value as answer:
        return answer.status, answer.headers, json.loads(answer.read())


def test_killing_the_server_leaves_no_process(tiny_settings, serve_apart):
    with serve_apart(tiny_settings, QIT4N_WORKERS="2") as (_, process):
        below = descendants(process.pid)
        process.kill()
        process.wait(timeout=10)
        eventually(lambda: not any(is_running(pid) for pid in below))
