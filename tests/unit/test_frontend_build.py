"""The build of the browser's bundles: when it runs, and that it goes on where npm can't be reached."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout's frontend without what is installed or built."""
    shutil.copytree(ROOT / "frontend", tmp_path / "frontend", ignore=shutil.ignore_patterns("node_modules", ".*"))
    (tmp_path / "src" / "qit4n_kg" / "web" / "static").mkdir(parents=True)
    return tmp_path


def build(checkout: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(checkout / "frontend" / "build.py"), *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def unreachable(checkout: Path) -> dict[str, str]:
    """A registry that refuses, and programs of a machine whose npm has nothing kept."""
    return {
        "npm_config_registry": "http://127.0.0.1:9/",
        "npm_config_cache": str(checkout / "cache"),
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_NO_CACHE_DIR": "1",
        "PIP_FIND_LINKS": "",
    }


def test_without_a_registry_one_line_says_so_and_the_rest_goes_on(checkout: Path) -> None:
    answer = build(checkout, **unreachable(checkout))
    assert answer.returncode == 0
    told = answer.stderr.strip().splitlines()[-1]
    assert "registry can not be reached" in told
    assert "Every page and form works without" in told
    assert not (checkout / "src/qit4n_kg/web/static/vendor").exists()


def test_a_package_is_not_made_without_its_bundles(checkout: Path) -> None:
    assert build(checkout, "--strict", **unreachable(checkout)).returncode == 1


def test_bundles_that_are_current_are_not_built_again(checkout: Path) -> None:
    functions = runpy.run_path(str(checkout / "frontend" / "build.py"))
    vendor = checkout / "src/qit4n_kg/web/static/vendor"
    vendor.mkdir()
    (vendor / "manifest.json").write_text(json.dumps({"inputs": functions["inputs_hash"](), "files": {}}))
    assert build(checkout, "--strict", **unreachable(checkout)).stderr == ""
    (checkout / "frontend" / "src" / "more.js").write_text("export {};")
    assert build(checkout, "--strict", **unreachable(checkout)).returncode == 1


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("npm error code EAI_AGAIN\nnpm error more", "the npm registry can not be reached (EAI_AGAIN)."),
        (
            "WARNING: Retrying after NewConnectionError(...)",
            "the npm registry can not be reached (NewConnectionError).",
        ),
        ("a note\nError: no such file", "npm failed: Error: no such file."),
        ("", "npm failed: it gave no reason."),
    ],
)
def test_a_failure_is_told_in_one_line(checkout: Path, output: str, told: str) -> None:
    assert runpy.run_path(str(checkout / "frontend" / "build.py"))["reason"]("npm", output) == told


def test_the_lock_pins_every_package_by_hash_and_records_no_address() -> None:
    packages = json.loads((ROOT / "frontend" / "package-lock.json").read_text())["packages"]
    own = {"", "nothing"}  # this package, and the empty one that stands for what a dependency lists and does not need
    links = {name for name, package in packages.items() if package.get("link")}
    assert all(packages[name]["resolved"].rsplit("/", 1)[-1] == "nothing" for name in links)
    assert not any(":" in packages[name]["resolved"] for name in links)
    fetched = packages.keys() - links - own
    assert all("resolved" not in packages[name] for name in fetched)
    assert all("integrity" in packages[name] or packages[name] == {} for name in fetched)
    assert sorted(path.name for path in (ROOT / "frontend" / "nothing").iterdir()) == ["package.json"]
