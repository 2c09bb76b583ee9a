"""What the web tests share: a small graph of its own, its application, and a server on a free port."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pyoxigraph import Literal, NamedNode, Quad

from qit4n_kg.config import load_settings, to_environ
from qit4n_kg.store.generations import Generations
from qit4n_kg.web.app import create_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from flask.testing import FlaskClient

    from qit4n_kg.config import Settings

ROOT = Path(__file__).resolve().parents[2]
STDORG = "https://w3id.org/stdorg/ns#"
ID = "https://w3id.org/qit4n/id/"
TYPE = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
PASSAGE = NamedNode("https://w3id.org/qit4n/graph/progress-report-2021-10/table-1/meeting-1")
MEETINGS = 9

CATALOGUE = {
    "meetings": """# title: Meetings
# question: Which meetings were held?
# topic: meetings
PREFIX stdorg: <https://w3id.org/stdorg/ns#>
SELECT ?number ?participants
WHERE { ?meeting a stdorg:Meeting ; stdorg:number ?number ; stdorg:participants ?participants }
ORDER BY ?number
""",
    "meeting": """# title: One meeting
# question: How many took part in one meeting?
# topic: meetings
# parameter: meeting iri id:fg-qit4n/meeting/1 The meeting
# parameter: least integer 0 Fewest participants
PREFIX stdorg: <https://w3id.org/stdorg/ns#>
SELECT ?participants WHERE { ?meeting stdorg:participants ?participants FILTER (?participants >= ?least) }
""",
    "named": """# title: By name
# question: What has this name?
# topic: people
# parameter: name string required The name
SELECT ?thing WHERE { ?thing ?property ?name }
""",
    "find-by-name": """# title: Find
# question: What has a number like this?
# topic: people
# parameter: part string 1 A part of it
SELECT ?thing WHERE { ?thing ?property ?number FILTER (CONTAINS(STR(?number), ?part)) }
""",
    "facts": """# title: Facts of a meeting
# question: What is known of one meeting?
# topic: provenance
# parameter: meeting iri id:fg-qit4n/meeting/1 The meeting
CONSTRUCT { ?meeting ?p ?o } WHERE { ?meeting ?p ?o }
""",
}


def tiny_quads() -> list[Quad]:
    """Nine meetings in the default graph; the first also in the graph of its passage."""
    quads = []
    for number in range(1, MEETINGS + 1):
        meeting = NamedNode(f"{ID}fg-qit4n/meeting/{number}")
        quads.append(Quad(meeting, TYPE, NamedNode(f"{STDORG}Meeting")))
        quads.append(Quad(meeting, NamedNode(f"{STDORG}number"), Literal(number)))
        quads.append(Quad(meeting, NamedNode(f"{STDORG}participants"), Literal(70 + number)))
    first = NamedNode(f"{ID}fg-qit4n/meeting/1")
    quads.append(Quad(first, NamedNode(f"{STDORG}place"), Literal("<b>Jinan</b> & 济南", language="en")))
    quads.append(Quad(first, NamedNode(f"{STDORG}number"), Literal(1), PASSAGE))
    return quads


@pytest.fixture(scope="session")
def tiny_sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sources with nothing but a catalogue."""
    sources = tmp_path_factory.mktemp("sources")
    catalogue = sources / "queries" / "catalogue"
    catalogue.mkdir(parents=True)
    for name, text in CATALOGUE.items():
        (catalogue / f"{name}.rq").write_text(text)
    (sources / "queries" / "site").symlink_to(ROOT / "queries" / "site")
    (sources / "queries" / "entity").symlink_to(ROOT / "queries" / "entity")
    return sources


@pytest.fixture(scope="session")
def tiny_settings(tiny_sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings whose state directory holds one small generation."""
    state = tmp_path_factory.mktemp("state")
    generations = Generations(state, 3)
    with generations.writer():
        generations.publish(tiny_quads(), inputs="tiny", software="test")
    return load_settings(
        {}, sources=tiny_sources, state_dir=state, executors=1, query_timeout=10.0, request_bytes=1024 * 1024
    )


@pytest.fixture(scope="module")
def tiny_app(tiny_settings: Settings) -> Iterator[Flask]:
    """The application on the small graph."""
    app = create_app(tiny_settings)
    yield app
    app.extensions["knowledge_graph"].close()


@pytest.fixture
def tiny_client(tiny_app: Flask) -> FlaskClient:
    """A client of that application, in process."""
    return tiny_app.test_client()


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


SERVE = """
from qit4n_kg.config import load_settings
from qit4n_kg.serving import serve_forever
serve_forever(load_settings(), on_ready=lambda url: print(url, flush=True))
"""


@contextlib.contextmanager
def serving(settings: Settings, **changes: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run a server in a process of its own: its address and the process; it is told to stop at the end."""
    port = free_port()
    environment = {**os.environ, **to_environ(settings), "QIT4N_PORT": str(port), **changes}
    command = [sys.executable, "-c", SERVE]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line == f"http://127.0.0.1:{port}/\n", process.communicate()[1]
            yield line.rstrip("/\n"), process
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=15)


@pytest.fixture(scope="session")
def live_server(tiny_settings: Settings) -> Iterator[str]:
    """The address of a running server on the small graph, without a slash at its end."""
    with serving(tiny_settings, QIT4N_WORKERS="1") as (url, _):
        yield url


@pytest.fixture(scope="session")
def serve_apart():
    """The context manager that runs a server of one's own: `with serve_apart(settings, QIT4N_…="…") as (url, process)`."""
    return serving
