"""Comunica, a client in JavaScript, reads this server: told that it is an endpoint, and by finding that out itself.

It is installed by npm into a temporary folder, so it runs only where it is asked for: `QIT4N_COMUNICA=install`, or the folder of an
installation.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from conformance import http

VARIABLE = "QIT4N_COMUNICA"
PACKAGE = "@comunica/query-sparql@3"
QUERY = "SELECT ?name WHERE { ?s <http://example.org/name> ?name } ORDER BY ?name"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def comunica(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The command."""
    wanted = os.environ.get(VARIABLE)
    if not wanted:
        pytest.skip(
            f"Comunica comes from npm: set {VARIABLE}=install, or to the folder of an installation, to run this."
        )
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("Node.js and npm are not installed.")
    folder = Path(wanted)
    if wanted == "install":
        folder = tmp_path_factory.mktemp("comunica")
        command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), PACKAGE]
        result = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
        if result.returncode:
            pytest.skip(f"npm can't install {PACKAGE}: {result.stderr.strip()[-200:]}")
    return str(folder / "node_modules" / ".bin" / "comunica-sparql")


@pytest.fixture(scope="module")
def filled(place):
    server = http.Server(place.address, place.token)
    text = "DROP ALL ; INSERT DATA { <x:a> <http://example.org/name> 'Ada' . <x:b> <http://example.org/name> 'Bo' ."
    text += " GRAPH <http://example.org/ages> { <x:a> <http://example.org/age> 36 } }"
    answer = http.update(server, text)
    assert answer.status in (200, 204), answer
    return place


def names(command: str, *arguments: str) -> list[str]:
    result = subprocess.run(
        [command, *arguments, "-t", "application/sparql-results+json"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return [row["name"]["value"] for row in json.loads(result.stdout)["results"]["bindings"]]


def test_told_that_it_is_an_endpoint(comunica, filled):
    assert names(comunica, f"sparql@{filled.sparql}", QUERY) == ["Ada", "Bo"]


def test_finds_the_endpoint_by_its_service_description(comunica, filled):
    assert names(comunica, filled.sparql, QUERY) == ["Ada", "Bo"]


def test_joins_the_endpoint_with_a_graph_of_the_graph_store(comunica, filled):
    query = "SELECT ?name WHERE { ?s <http://example.org/name> ?name ; <http://example.org/age> 36 }"
    document = f"file@{filled.address}/graphs?graph=http://example.org/ages"
    assert names(comunica, f"sparql@{filled.sparql}", document, query) == ["Ada"]
