"""A thing's page in the browser, with and without JavaScript: its tabs, its languages, its citation; and labels meant to do harm.

The hostile labels are served by a server of their own: a script, a text that turns direction, and one of a megabyte.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad

from browser.conftest import SERVE, Visits
from qit4n_kg.config import load_settings, to_environ
from qit4n_kg.store.generations import Generations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

    Open = Callable[..., Page]
    Keep = Callable[[Page, str], None]

ID = "https://w3id.org/qit4n/id/"
LABEL = NamedNode("http://www.w3.org/2000/01/rdf-schema#label")
ABOUT = NamedNode("https://w3id.org/stdorg/ns#about")
HOSTILE = {
    "script": "</script><script>document.title = 'owned'</script><img src=x onerror=\"document.title = 'owned'\">",
    "direction": "safe \u202egnp.exe \u2066isolated",
    "megabyte": "x" * 1_000_000,
}
with_and_without = pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "none"])


@with_and_without
def test_the_tabs_of_a_thing_lead_to_its_history_and_back(open_page: Open, keep: Keep, javascript: bool) -> None:
    page = open_page("/doc/person/zhangchao-ma", java_script_enabled=javascript)
    tabs = page.get_by_role("navigation", name="Of this thing")
    tabs.get_by_role("link", name="History").click()
    assert page.locator("h1").inner_text() == "Zhangchao Ma"
    assert "No accepted contribution or update names it" in page.locator("main").inner_text()
    keep(page, f"history-{'js' if javascript else 'plain'}")
    page.get_by_role("navigation", name="Of this thing").get_by_role("link", name="What is known").click()
    assert page.locator("h1").inner_text() == "Zhangchao Ma"


@with_and_without
def test_a_citation_is_taken_away_and_leads_back(open_page: Open, javascript: bool) -> None:
    page = open_page("/doc/fg-qit4n/deliverable/d1.1", java_script_enabled=javascript)
    page.get_by_role("navigation", name="Of this thing").get_by_role("link", name="Cite").click()
    bibtex = page.locator("section", has=page.get_by_role("heading", name="BibTeX"))
    assert "@misc{" in bibtex.locator("pre").inner_text()
    with page.expect_download() as download:
        bibtex.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "d1.1.bib"


@with_and_without
def test_french_is_chosen_at_the_foot_and_stays(open_page: Open, keep: Keep, javascript: bool) -> None:
    page = open_page("/doc/fg-qit4n/liaison/etsi-isg-qkd", java_script_enabled=javascript)
    page.get_by_role("link", name="Français").click()
    assert page.locator("html").get_attribute("lang") == "fr"
    assert page.get_by_role("heading", name="Les deux parties").is_visible()
    keep(page, f"french-{'js' if javascript else 'plain'}")
    page.get_by_role("link", name="FG QIT4N").first.click()
    assert page.locator("html").get_attribute("lang") == "fr"
    page.get_by_role("link", name="English").click()
    assert page.locator("html").get_attribute("lang") == "en"


@with_and_without
def test_who_is_liaison_officer_and_for_whom_does_he_work(open_page: Open, javascript: bool) -> None:
    page = open_page("/doc/fg-qit4n/liaison/itu-t-sg13", java_script_enabled=javascript)
    row = page.locator("section", has=page.get_by_role("heading", name="Officer")).locator("tbody tr")
    assert "Zhangchao Ma" in row.inner_text()
    assert "CAS Quantum Network" in row.inner_text()


def test_a_liaison_without_an_officer_says_so(open_page: Open) -> None:
    page = open_page("/doc/fg-qit4n", java_script_enabled=False)
    assert page.locator("section[aria-labelledby='panel-body-liaisons'] td", has_text="no officer named").count() > 0


# --- labels meant to do harm ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hostile_address(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server whose things are called what no one should be called."""
    state = tmp_path_factory.mktemp("hostile-state")
    generations = Generations(state, 3)
    with generations.writer():
        quads = [Quad(NamedNode(f"{ID}{name}"), LABEL, Literal(text), DefaultGraph()) for name, text in HOSTILE.items()]
        quads += [
            Quad(NamedNode(f"{ID}{name}"), ABOUT, NamedNode(f"{ID}{other}"), DefaultGraph())
            for name in HOSTILE
            for other in HOSTILE
            if name != other
        ]
        generations.publish(quads, inputs="hostile", software="test")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = load_settings({}, state_dir=state, executors=1)
    environment = {**os.environ, **to_environ(settings), "QIT4N_PORT": str(port), "QIT4N_WORKERS": "1"}
    with subprocess.Popen([sys.executable, "-c", SERVE], env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("http://"), "the server did not start"
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=40)


@pytest.fixture
def open_hostile(browser: Browser, hostile_address: str) -> Iterator[Open]:
    visits = Visits(browser, hostile_address)
    yield visits.open
    visits.close()


@pytest.mark.parametrize(
    ("place", "javascript"), [("doc", True), ("doc", False), ("links", True), ("history", True), ("cite", True)]
)
def test_a_hostile_label_is_only_a_text(open_hostile: Open, place: str, javascript: bool) -> None:
    for name in HOSTILE:
        page = open_hostile(f"/{place}/{name}", java_script_enabled=javascript)
        assert page.title() != "owned"
        assert page.locator("img[src='x']").count() == 0
        if javascript:
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert len(page.content()) < 200_000


def test_a_text_that_turns_direction_stays_in_its_place(open_hostile: Open) -> None:
    page = open_hostile("/doc/direction")
    heading = page.locator("h1 > bdi")
    assert heading.inner_text().startswith("safe")
    assert page.evaluate("getComputedStyle(document.querySelector('h1 > bdi')).unicodeBidi") == "isolate"
