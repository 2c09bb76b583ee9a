"""The history of one thing: what the journal recorded and what differs between kept generations; nothing is made up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad

from qit4n_kg.config import load_settings
from qit4n_kg.entities import changes
from qit4n_kg.errors import JournalDamagedError
from qit4n_kg.store.generations import Generations
from qit4n_kg.store.journal import Change, Entry, Journal, find_entries
from qit4n_kg.web.app import create_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from flask.testing import FlaskClient

ROOT = Path(__file__).resolve().parents[3]
ID = "https://w3id.org/qit4n/id/"
HTML = {"Accept": "text/html"}
LABEL = NamedNode("http://www.w3.org/2000/01/rdf-schema#label")
GRAPH = NamedNode("https://w3id.org/qit4n/graph/contribution/1")
ADA, OTHER = NamedNode(f"{ID}person/ada"), NamedNode(f"{ID}person/other")


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two generations that differ in one label, and a journal with two entries about one person and one about another."""
    folder = tmp_path_factory.mktemp("history")
    generations = Generations(folder / "state", 3)
    for label in ("Ada", "Ada Lovelace"):
        with generations.writer():
            quads = [Quad(ADA, LABEL, Literal(label), DefaultGraph()), Quad(OTHER, LABEL, Literal("O"), DefaultGraph())]
            generations.publish(quads, inputs=label, software="test")
    journal = Journal.read(folder / "journal", "test")
    (folder / "journal").mkdir()
    for subject, actor, text in ((ADA, "reviewer-1", "A"), (OTHER, "someone", "O"), (ADA, "<b>reviewer-2", "<i>L")):
        change = Change(
            adds=(Quad(subject, LABEL, Literal(text), GRAPH),), retracts=(Quad(subject, LABEL, Literal("old"), GRAPH),)
        )
        journal.append(Entry.of(change, actor, "contribution", "contribution:00ff" if actor == "reviewer-1" else None))
    return folder


@pytest.fixture(scope="module")
def aged(state: Path) -> Iterator[Flask]:
    settings = load_settings({}, sources=ROOT, state_dir=state / "state", journal_dir=state / "journal", executors=1)
    app = create_app(settings)
    yield app
    app.extensions["knowledge_graph"].close()


@pytest.fixture
def reader(aged: Flask) -> FlaskClient:
    return aged.test_client()


def test_the_journals_entries_tell_what_when_and_by_whom(reader: FlaskClient) -> None:
    page = reader.get("/history/person/ada", headers=HTML).text
    assert page.index("reviewer-2") < page.index("reviewer-1"), "the newest first"
    assert "someone" not in page
    assert "<b>reviewer-2" not in page
    assert "&lt;i&gt;L" in page
    assert "added:" in page
    assert "removed:" in page
    assert page.count('href="/contributions/00ff"') == 1, "an accepted contribution leads to what was sent in"


def test_generations_are_compared(reader: FlaskClient) -> None:
    page = reader.get("/history/person/ada", headers=HTML).text
    assert "Generation 2" in page
    assert "Ada Lovelace" in page
    assert 'href="/doc/person/ada?at=1"' in page
    assert "what was before it is not known here" in page
    unchanged = reader.get("/history/person/other", headers=HTML).text
    assert "Nothing differs from generation 1." in unchanged


def test_an_older_generation_is_shown_as_it_was_and_says_so(reader: FlaskClient) -> None:
    old = reader.get("/doc/person/ada?at=1", headers=HTML)
    assert "<h1><bdi>Ada</bdi></h1>" in old.text
    assert "Generation 2 is current." in old.text
    assert old.headers["X-Generation"] == "1"
    assert "Ada Lovelace" in reader.get("/doc/person/ada", headers=HTML).text
    assert reader.get("/data/person/ada.ttl?at=1").text.count("Lovelace") == 0


def test_what_nothing_is_recorded_of_is_said_to_be_so(client: FlaskClient) -> None:
    page = client.get("/history/person/ada-byron", headers=HTML).text
    assert "No accepted contribution or update names it" in page
    assert client.get("/history/nobody", headers=HTML).status_code == 404


def test_pages_of_entries_follow_each_other(reader: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "ENTRIES", 1)
    first, second = (reader.get(f"/history/person/ada?page={page}", headers=HTML).text for page in (1, 2))
    assert "reviewer-2" in first
    assert "reviewer-1" not in first
    assert 'href="?page=2"' in first
    assert "reviewer-1" in second
    assert reader.get("/history/person/ada?page=0", headers=HTML).status_code == 400


def test_a_long_change_is_cut_and_says_so(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "SHOWN", 0)
    (newest, _), has_more = changes.read_recorded(state / "journal", ADA.value)
    assert (newest.adds, newest.added, has_more) == ((), 1, False)


def test_entries_are_found_by_what_they_name(state: Path, tmp_path: Path) -> None:
    assert [entry.actor for entry in find_entries(state / "journal", OTHER.value)] == ["someone"]
    assert list(find_entries(state / "journal", f"{ID}person")) == []
    assert list(find_entries(tmp_path / "none", ADA.value)) == []


def test_a_damaged_entry_is_an_error_and_a_torn_one_is_not(state: Path, tmp_path: Path) -> None:
    content = (state / "journal" / "journal.jsonl").read_bytes()
    (tmp_path / "journal.jsonl").write_bytes(content[:-20])
    assert [entry.actor for entry in find_entries(tmp_path, ADA.value)] == ["reviewer-1"]
    (tmp_path / "journal.jsonl").write_bytes(content.replace(b"reviewer-1", b"reviewer-9"))
    with pytest.raises(JournalDamagedError):
        list(find_entries(tmp_path, ADA.value))
