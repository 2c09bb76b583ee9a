"""Runs the W3C's manifests: each test is named by its IRI; what is skipped or known to fail stands in known.toml.

At the end a table counts them. With `QIT4N_CONFORMANCE_DOC=docs/conformance.md` it is written there too.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conformance.http import Server
from conformance.manifests import MISSING, SECTIONS, cases, known
from system.server import run, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

IN_PROCESS, OVER_HTTP = "in process", "over HTTP"
SCRATCH = {"QIT4N_SOURCES": "none", "QIT4N_GATE": "off"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give `case` every test of the kinds that the test function's marker names."""
    if "case" not in metafunc.fixturenames:
        return
    marker = metafunc.definition.get_closest_marker("w3c")
    assert marker is not None, f"{metafunc.function.__name__} has no w3c marker"
    way = OVER_HTTP if "scratch" in metafunc.fixturenames else IN_PROCESS
    chosen = [pytest.param(case, id=case.name, marks=_marks(case, way)) for case in cases() if case.kind in marker.args]
    if not chosen:
        chosen = [pytest.param(None, marks=pytest.mark.skip(reason=MISSING))]
    metafunc.parametrize("case", chosen)


def _marks(case, way: str) -> list[pytest.MarkDecorator]:
    lists = known()
    if case.manifest in lists["skip"]:
        return [pytest.mark.skip(reason=f"{case.manifest}: {lists['skip'][case.manifest]}")]
    for name in ("fail", f"fail-{way.replace(' ', '-').lower()}"):
        if case.iri in lists[name]:
            return [pytest.mark.xfail(strict=True, reason=f"{case.iri}: {lists[name][case.iri]}")]
    return []


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put query tests over HTTP that share their data next to each other: the server is filled anew for the others only."""
    sharing = [item for item in items if "scratch" in getattr(item, "fixturenames", ()) and _before(item) is not None]
    if not sharing:
        return
    first = items.index(sharing[0])
    moved = set(sharing)
    rest = [item for item in items if item not in moved]
    items[:] = [*rest[:first], *sorted(sharing, key=_before), *rest[first:]]


def _before(item: pytest.Item) -> list[str] | None:
    case = item.callspec.params.get("case") if hasattr(item, "callspec") else None
    is_query = getattr(case, "kind", "") in ("QueryEvaluationTest", "CSVResultFormatTest")
    return sorted(map(str, case.before)) if is_query else None


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server in scratch mode: empty, without gate and entailment; and an administrator's token."""
    if not cases():
        pytest.skip(MISSING)
    folder = tmp_path_factory.mktemp("scratch")
    variables = {**SCRATCH, "QIT4N_JOURNAL_DIR": str(folder / "journal")}
    with serving(folder / "state", cwd=folder, variables=variables) as address:
        made = run("token", "create", "conformance", "--role", "admin", state=folder / "state", cwd=folder, **variables)
        assert made.returncode == 0, made.stderr
        yield Server(address, made.stdout.strip())


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Note of which section, and which way, each report is."""
    outcome = yield
    case = getattr(item, "callspec", None) and item.callspec.params.get("case")
    if case is not None and hasattr(case, "section"):
        way = OVER_HTTP if "scratch" in item.fixturenames else IN_PROCESS
        outcome.get_result().user_properties.append(("w3c", (case.section, way)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table of counts."""
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for outcome in ("passed", "failed", "error", "xfailed", "xpassed", "skipped"):
        for report in terminalreporter.stats.get(outcome, ()):
            for name, key in getattr(report, "user_properties", ()):
                if name == "w3c":
                    counts[tuple(key)][outcome] += 1
    if not counts:
        return
    lines = list(_table(counts))
    terminalreporter.section("W3C conformance")
    for line in lines:
        terminalreporter.write_line(line)
    if target := os.environ.get("QIT4N_CONFORMANCE_DOC"):
        Path(target).write_text(_document(lines), encoding="utf-8")


def _table(counts: dict[tuple[str, str], Counter[str]]) -> Iterator[str]:
    yield "| W3C tests | way | passed | known to fail | failed | not run |"
    yield "|---|---|---|---|---|---|"
    for section in SECTIONS:
        for way in (IN_PROCESS, OVER_HTTP):
            if count := counts.get((section, way)):
                run = sum(count.values()) - count["skipped"]
                failed = count["failed"] + count["error"] + count["xpassed"]
                yield f"| {section} | {way} | {count['passed']}/{run} | {count['xfailed']} | {failed} | {count['skipped']} |"


def _document(table: list[str]) -> str:
    lists = known()
    lines = [
        "# Conformance",
        "",
        "The W3C's SPARQL 1.1 tests, run by `tests/conformance`. This page is made by",
        "`QIT4N_CONFORMANCE_DOC=docs/conformance.md .venv/bin/python -m pytest tests/conformance`.",
        "",
        *table,
        "",
        "In process is the engine behind our `Store`; over HTTP is a running server in scratch mode",
        "(`QIT4N_SOURCES=none QIT4N_GATE=off`). Every test that fails or is not run, and why:",
        "",
        "| tests | what | reason |",
        "|---|---|---|",
    ]
    names = {
        "skip": "not run",
        "fail": "fails",
        "fail-in-process": "fails in process",
        "fail-over-http": "fails over HTTP",
    }
    for kind, name in names.items():
        lines += [f"| <{iri}> | {name} | {reason} |" for iri, reason in lists[kind].items()]
    return "\n".join(lines) + "\n"
