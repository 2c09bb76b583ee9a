"""The wheel alone is enough: installed elsewhere, in an empty folder, it builds and serves the whole graph."""

import os
import subprocess
import sys
import zipfile

import pytest

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
    for kind in ("templates", "static"):
        for path in (root / "src" / "qit4n_kg" / "web" / kind).rglob("*"):
            if path.is_file():
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


def test_the_installed_wheel_serves_in_an_empty_folder(wheel, tmp_path):
    installed, empty = tmp_path / "installed", tmp_path / "empty"
    empty.mkdir()
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
            "--target",
            str(installed),
            str(wheel),
        ],
        check=True,
        capture_output=True,
        timeout=100,
    )
    command = [sys.executable, "-m", "qit4n_kg.cli"]
    variables = {"PYTHONPATH": str(installed)}  # before the checkout, which is installed in this environment
    with serving(empty / "state", cwd=empty, command=command, variables=variables) as address:
        assert b"Kaoru Kenyoshi" in get(f"{address}/queries/leadership.csv")
        assert b"stdorg:Deliverable" in get(f"{address}/data/fg-qit4n/deliverable/d2.3.1.ttl")
        assert get(f"{address}/static/site.css")
