"""Guards what is said of exports that a contribution changes: what was not made in time is unknown, never unchanged."""

import pytest
from pyoxigraph import Literal, NamedNode, Quad

from qit4n_kg import effects
from qit4n_kg.config import load_settings
from qit4n_kg.store.oxigraph import OxigraphStore

MEETING = NamedNode("https://w3id.org/qit4n/id/fg-qit4n/meeting/1")
STDORG = "https://w3id.org/stdorg/ns#"


@pytest.fixture
def stores(tmp_path):
    typed = Quad(MEETING, NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type"), NamedNode(f"{STDORG}Meeting"))
    for name, quads in (
        ("before", [typed]),
        ("after", [typed, Quad(MEETING, NamedNode(f"{STDORG}number"), Literal(1))]),
    ):
        with OxigraphStore.create(tmp_path / name) as store:
            store.inner.extend(quads)
    return tmp_path / "before", tmp_path / "after"


def test_exports_that_differ_are_told_with_their_lines(stores):
    found = effects.compare_exports(load_settings({}), *stores)
    changed = {one.name: (one.added, one.removed) for one in found.changed}
    assert changed["void.ttl"] != (0, 0)
    assert found.unchanged > 10
    assert "popolo.json" not in changed


def test_nothing_differs_between_equal_stores(stores):
    found = effects.compare_exports(load_settings({}), stores[0], stores[0])
    assert found.changed == ()
    assert found.unchanged > 20


def test_what_is_not_made_in_time_is_unknown(stores, monkeypatch):
    monkeypatch.setattr(effects, "_EXPORT_BUDGET", 0.0)
    found = effects.compare_exports(load_settings({}), *stores)
    assert (found.changed, found.unchanged) == ((), 0)


def test_a_process_that_was_killed_in_the_middle_of_a_line_leaves_the_rest_unknown():
    told = b'{"asked": "a"}\n{"asked": "b"}\n{"asked": "c"}\n{"name": "a", "added": 1, "removed": 0}\n{"name": "b", "ad'
    found = effects._read_told(told)
    assert [one.name for one in found.changed] == ["a"]
    assert found.unknown == ("b", "c")
