"""What is written beside a store: anew for each generation, or carried over where a change of a large graph would wait for it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conftest import Quiet
from qit4n_kg.building import Origin, build
from qit4n_kg.search import writing
from qit4n_kg.search.index import ABOUT, FOLDER, SearchIndex
from qit4n_kg.search.lists import Lists, Wanted
from qit4n_kg.search.writing import is_carried, refresh_search, write_search
from qit4n_kg.store.generations import Generations

if TYPE_CHECKING:
    from pathlib import Path

    from qit4n_kg.config import Settings
    from qit4n_kg.store.generations import Generation

ID = "https://w3id.org/qit4n/id/"


@pytest.fixture
def state(built_state: Settings, tmp_path: Path) -> tuple[Settings, Generations]:
    """A state of its own with the shipped graph's quads as generation 1."""
    settings = replace(built_state, state_dir=tmp_path)
    current = Generations(built_state.state_dir).current()
    generations = Generations(tmp_path)
    from qit4n_kg.store.oxigraph import OxigraphStore

    with OxigraphStore.open_read_only(current.store_path) as store, generations.writer():
        generations.publish(
            store.quads(),
            inputs=current.manifest.inputs,
            software="test",
            complete=lambda path: write_search(path, settings.sources / "queries", ID),
        )
    return settings, generations


def next_one(settings: Settings, generations: Generations) -> Generation:
    current = generations.current()
    from qit4n_kg.store.oxigraph import OxigraphStore

    origin = Origin.find(settings)
    with OxigraphStore.open_read_only(current.store_path) as store, generations.writer():
        return generations.publish(store.quads(), inputs="changed", software="test", complete=origin.refresh(current))


def test_a_small_graph_is_indexed_anew_for_each_change(state: tuple[Settings, Generations]) -> None:
    settings, generations = state
    after = next_one(settings, generations)
    assert SearchIndex(after.path / FOLDER).of is None
    assert not is_carried(after)
    assert json.loads((after.path / FOLDER / ABOUT).read_bytes())["seconds"] > 0


def test_a_large_graphs_change_carries_the_index_and_says_of_which_generation(
    state: tuple[Settings, Generations], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, generations = state
    monkeypatch.setattr(writing, "SLOW", 0.0)
    second = next_one(settings, generations)
    third = next_one(settings, generations)
    for generation in (second, third):
        index = SearchIndex(generation.path / FOLDER)
        assert index.of == 1
        assert index.search("kenyosi").hits[0].label == "Kaoru Kenyoshi"
        lists = Lists(generation.path / FOLDER, settings.sources / "queries")
        assert lists.read("people", Wanted(), 5).total == 32
    assert is_carried(third)
    assert SearchIndex(generations.kept(1).path / FOLDER).of is None


def test_a_build_writes_its_own_where_one_was_carried(
    state: tuple[Settings, Generations], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, generations = state
    assert not build(settings, Quiet()).is_new
    monkeypatch.setattr(writing, "SLOW", 0.0)
    current = generations.current()
    with generations.writer():
        from qit4n_kg.store.oxigraph import OxigraphStore

        with OxigraphStore.open_read_only(current.store_path) as store:
            carried = generations.publish(
                store.quads(),
                inputs=current.manifest.inputs,
                software="test",
                complete=Origin.find(settings).refresh(current),
            )
    assert is_carried(carried)
    result = build(settings, Quiet())
    assert result.is_new
    assert not is_carried(result.generation)
    assert not build(settings, Quiet()).is_new


def test_pages_say_so(state: tuple[Settings, Generations], monkeypatch: pytest.MonkeyPatch) -> None:
    from qit4n_kg.web.app import create_app

    settings, generations = state
    monkeypatch.setattr(writing, "SLOW", 0.0)
    next_one(settings, generations)
    app = create_app(replace(settings, executors=1))
    try:
        client = app.test_client()
        for path in ("/search?q=nict", "/people"):
            answer = client.get(path, headers={"Accept": "text/html"})
            assert "What changed since generation 1 is not found here yet" in answer.text
            assert answer.headers["X-Search-Generation"] == "1"
        for path in ("/suggest?q=a", "/people.csv", "/reconcile?queries={}"):
            assert client.get(path).headers["X-Search-Generation"] == "1"
    finally:
        app.extensions["knowledge_graph"].close()


def test_what_is_before_without_an_index_gets_one(state: tuple[Settings, Generations], tmp_path: Path) -> None:
    settings, generations = state
    first = generations.current()
    import shutil

    shutil.rmtree(first.path / FOLDER)
    (tmp_path / "new").mkdir()
    shutil.copytree(first.store_path, tmp_path / "new" / "store")
    refresh_search(tmp_path / "new" / "store", settings.sources / "queries", ID, first)
    assert SearchIndex(tmp_path / "new" / FOLDER).of is None
