"""Guards the table of validators in the docs: each export has a check, and each check names tests that there are."""

from __future__ import annotations

import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

from exports.conftest import REGISTRY

HERE = Path(__file__).parent
NAMES = {"Oxigraph": "pyoxigraph", "DuckDB": "duckdb"}
"""What packages of PyPI are called whose tool has another name."""

CHECKS = tomllib.loads((HERE / "validators.toml").read_text(encoding="utf-8"))["check"]
TESTS = {
    f"{path.name}::{line[4:].partition('(')[0]}"
    for path in HERE.glob("test_*.py")
    for line in path.read_text(encoding="utf-8").splitlines()
    if line.startswith("def test_")
}


@pytest.mark.parametrize("export", [export.name for export in REGISTRY])
def test_every_export_has_a_check(export):
    assert any(export in check["exports"] for check in CHECKS)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check['exports'][0]}-{check['tool'].split()[0]}")
def test_every_check_names_tests_that_there_are(check):
    assert check["accepts"] in TESTS
    assert check["refuses"] in TESTS


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check['exports'][0]}-{check['tool'].split()[0]}")
def test_the_versions_in_the_table_are_those_that_are_installed(check):
    """Of what comes from PyPI: the tools of npm say theirs in `test_npm_clients`, LibreOffice is no package."""
    if "npm" in check["tool"] or check.get("where", "").startswith(("`", "LibreOffice")):
        pytest.skip("is not installed with the others")
    tools = [tool.strip() for tool in check["tool"].split(",") if "of Python" not in tool]
    stated = [version.strip() for version in check["version"].split(",") if version.strip()]
    assert [version(NAMES.get(tool, tool)) for tool in tools] == stated
