"""The wheel alone is enough: installed elsewhere, in an empty folder, it builds and serves the whole graph."""

import os
import shutil
import subprocess
import sys
import zipfile

import pytest
import yaml

from qit4n_kg.config import default_sources
from system.server import get, serving


def bundles():
    """The variable that packs without the browser's bundles where they are not built: npm may be out of reach."""
    vendor = default_sources() / "src" / "qit4n_kg" / "web" / "static" / "vendor"
    return {} if (vendor / "manifest.json").is_file() else {"QIT4N_FRONTEND": "none"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)],
        cwd=default_sources(),
        env=os.environ | bundles(),
        check=True,
        capture_output=True,
        timeout=100,
    )
    (found,) = folder.glob("*.whl")
    return found


def test_the_wheel_contains_every_source_and_web_asset(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    root = default_sources()
    for folder in ("ontology", "data", "shapes", "queries"):
        for path in (root / folder).rglob("*"):
            if path.is_file():
                assert f"qit4n_kg/content/{path.relative_to(root).as_posix()}" in names
    for kind in ("web/templates", "web/static", "web/translations", "syntax"):
        for path in (root / "src" / "qit4n_kg" / kind).rglob("*"):
            if path.is_file() and path.suffix != ".pyc":
                assert path.relative_to(root / "src").as_posix() in names


def test_the_wheel_says_whose_code_its_bundles_contain(wheel):
    if bundles():
        pytest.skip("the browser's bundles are not built here")
    packed = zipfile.ZipFile(wheel)
    vendor = "qit4n_kg/web/static/vendor/"
    scripts = [name for name in packed.namelist() if name.startswith(vendor) and name.endswith(".js")]
    assert scripts
    assert all(f"{name}.br" in packed.namelist() for name in scripts)
    assert packed.read(f"{vendor}third-party-notices.txt").startswith(b"The scripts in this folder")


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(folder), str(wheel)],
        check=True,
        capture_output=True,
        timeout=100,
    )
    return folder


def test_the_installed_wheel_serves_in_an_empty_folder(installed, tmp_path):
    command = [sys.executable, "-m", "qit4n_kg.cli"]
    variables = {"PYTHONPATH": str(installed)}  # before the checkout, which is installed in this environment
    with serving(tmp_path / "state", cwd=tmp_path, command=command, variables=variables) as address:
        assert b"Kaoru Kenyoshi" in get(f"{address}/queries/leadership.csv")
        assert b"stdorg:Deliverable" in get(f"{address}/data/fg-qit4n/deliverable/d2.3.1.ttl")
        assert get(f"{address}/static/site.css")


def test_the_workflow_tells_what_a_pull_request_brings_though_its_wheel_was_packed_with_it(installed, tmp_path):
    """Its steps as they are written, in a clone with a wrong value, by a wheel whose own data have that value too."""
    clone, changed = tmp_path / "clone", "data/progress-report-2021-10/table-1/meeting-5.ttl"
    for folder in ("ontology", "data", "shapes", "queries"):
        shutil.copytree(default_sources() / folder, clone / folder)
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")
    for command in (["init", "-q"], ["add", "data"], ["commit", "-qm", "Before"]):
        subprocess.run([*git, *command], cwd=clone, check=True)
    wrong = (clone / changed).read_text(encoding="utf-8").replace("participants 62 .", 'participants   "62" .')
    carrier = shutil.copytree(installed, tmp_path / "carrier")
    for path in (clone / changed, carrier / "qit4n_kg" / "content" / changed):
        path.write_text(wrong, encoding="utf-8")
    subprocess.run([*git, "commit", "-qam", "After"], cwd=clone, check=True)
    program = tmp_path / "bin" / "qit4n-kg"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\nPYTHONPATH={carrier} exec {sys.executable} -m qit4n_kg.cli "$@"\n', encoding="ascii"
    )
    program.chmod(0o755)
    steps = yaml.safe_load((default_sources() / ".github/workflows/data.yml").read_text())["jobs"]["validate"]["steps"]
    validate, layout = (step["run"] for step in steps if "qit4n-kg " in step.get("run", ""))
    variables = os.environ | {"PATH": f"{program.parent}:{os.environ['PATH']}", "BASE": "HEAD~1"}

    def run(script):
        return subprocess.run(
            ["bash", "-e", "-c", script], cwd=clone, env=variables, capture_output=True, text=True, check=False
        )

    told = run(validate)
    assert told.returncode != 0
    assert f"::error file={changed},line=28," in told.stdout
    told = run(layout)
    assert told.returncode != 0
    assert '+    stdorg:participants "62" .' in told.stdout
