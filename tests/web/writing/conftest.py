"""Fixtures of tests that write: an empty scratch dataset, a token of each role, a server with two workers and a way to call it."""

from __future__ import annotations

import json
import shutil
import threading
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import replace

import pytest
from werkzeug.serving import make_server

from qit4n_kg.building import build
from qit4n_kg.config import load_settings
from qit4n_kg.tokens import Role, Tokens
from qit4n_kg.web.app import create_app


class Quiet:
    def started(self, stage, total=None): ...

    def advanced(self, done): ...

    def finished(self, summary): ...


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    """Settings of an empty scratch dataset, built, with a token of each role."""
    folder = tmp_path_factory.mktemp("scratch")
    settings = load_settings(
        {"QIT4N_SOURCES": "none"},
        state_dir=folder / "state",
        journal_dir=folder / "journal",
        executors=1,
        query_timeout=10.0,
        request_bytes=1024 * 1024,
    )
    build(settings, Quiet())
    return settings


@pytest.fixture(scope="module")
def tokens(scratch):
    kept = Tokens(scratch.journal_dir)
    return {role.value: kept.create(f"the-{role.value}", role) for role in Role}


@pytest.fixture(scope="module")
def server(scratch, tokens, serve_apart):
    with serve_apart(scratch, QIT4N_WORKERS="2") as (url, _):
        yield url


@pytest.fixture
def call(server, tokens):
    def send(method, path, body=None, kind=None, token="admin", **headers):
        data = body.encode() if isinstance(body, str) else body
        request = urllib.request.Request(f"{server}{path}", data, method=method)
        if kind:
            request.add_header("Content-Type", kind)
        elif data is not None:
            request.add_header("Content-Type", "")
        if token:
            request.add_header("Authorization", f"Bearer {tokens.get(token, token)}")
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, response.headers, response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read()

    return send


@pytest.fixture
def ask(call):
    def send(pattern):
        query = urllib.parse.urlencode({"query": f"ASK {{ {pattern} }}"})
        status, _, body = call("GET", f"/sparql?{query}", token=None)
        assert status == 200, body
        return json.loads(body)["boolean"]

    return send


@pytest.fixture(scope="module")
def app(scratch):
    """The application in this process."""
    app = create_app(scratch)
    yield app
    app.extensions["knowledge_graph"].close()


@pytest.fixture(scope="session")
def contributing(built_state, tmp_path_factory):
    """The application on the shipped graph, in a state and a journal of its own, and tokens by name.

    It is shared: whoever adds something names it as nobody else does.
    """
    folder = tmp_path_factory.mktemp("contributing")
    shutil.copytree(built_state.state_dir, folder / "state")
    settings = replace(
        built_state,
        state_dir=folder / "state",
        journal_dir=folder / "journal",
        executors=1,
        contributions_per_minute=100_000,
        validations_per_minute=100_000,
    )
    kept = Tokens(settings.journal_dir)
    names = {"ana": Role.CONTRIBUTOR, "ben": Role.REVIEWER, "cleo": Role.REVIEWER}
    tokens = {name: kept.create(name, role) for name, role in names.items()}
    app = create_app(settings)
    yield app, tokens
    app.extensions["knowledge_graph"].close()


@pytest.fixture(scope="session")
def contributing_url(contributing):
    """The same, served to commands by a thread of this process."""
    server = make_server("127.0.0.1", 0, contributing[0], threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}/"
    server.shutdown()
    thread.join()
    server.server_close()
