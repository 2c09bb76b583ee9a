"""Guards the deprecation policy of docs/ontology.md by one example: an invented later version, its migration, the data after it.

`queries/migrations/deprecated-terms.ru` replaces every deprecated term that names its replacement; a term whose values change too
has a migration of its own, here `completion-to-reported-progress.ru`.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, Store, parse

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "tests/fixtures/migration"
CHECKS = ROOT / "queries/checks"
STDORG = "https://w3id.org/stdorg/ns#"
MODULE = NamedNode("https://w3id.org/qit4n/graph/ontology/later")
GRAPH_KIND = Quad(
    MODULE,
    NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type"),
    NamedNode(f"{STDORG}OntologyGraph"),
    DefaultGraph(),
)
MIGRATIONS = [EXAMPLE / "completion-to-reported-progress.ru", *sorted((ROOT / "queries/migrations").glob("*.ru"))]


def data(name: str) -> set[Quad]:
    """Read a file by way of a store, which writes a decimal as 95 where the file has 95.0."""
    store = Store()
    store.load(path=EXAMPLE / name, format=RdfFormat.TRIG)
    return set(store)


def later_ontology() -> set[Quad]:
    paths = [*sorted((ROOT / "ontology").glob("*.ttl")), EXAMPLE / "ontology.ttl"]
    return {Quad(*quad.triple, MODULE) for path in paths for quad in parse(path=path, format=RdfFormat.TURTLE)}


def store_of(quads: set[Quad]) -> Store:
    store = Store()
    store.extend([*later_ontology(), GRAPH_KIND, *quads])
    store.extend(Quad(*quad.triple, DefaultGraph()) for quad in list(store))
    return store


def migrated(quads: set[Quad]) -> set[Quad]:
    store = Store()
    store.extend([*later_ontology(), *quads])
    for path in MIGRATIONS:
        store.update(path.read_text("utf-8"))
    return {quad for quad in store if quad.graph_name != MODULE}


def found(check: str, store: Store) -> list[str]:
    rows = store.query((CHECKS / f"{check}.rq").read_text("utf-8"))
    return [row[0].value.removeprefix(STDORG) for row in rows]


def test_data_with_deprecated_terms_are_noticed():
    assert found("deprecated-term-used", store_of(data("before.trig"))) == ["Gathering", "attendance", "completion"]


def test_the_migrations_say_the_same_in_the_new_terms():
    assert migrated(data("before.trig")) == data("after.trig")


def test_a_second_migration_changes_nothing():
    assert migrated(data("after.trig")) == data("after.trig")


def test_nothing_uses_a_deprecated_term_afterwards():
    assert found("deprecated-term-used", store_of(migrated(data("before.trig")))) == []


@pytest.mark.parametrize(
    "check", sorted(path.stem for path in CHECKS.glob("*.rq") if path.stem.startswith(("term-", "deprecated-w")))
)
def test_a_deprecated_term_stays_described(check):
    assert found(check, store_of(set())) == []


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: path.stem)
def test_a_migration_has_a_title_and_a_question(path):
    first, second = path.read_text("utf-8").splitlines()[:2]
    assert first.startswith("# title: ")
    assert second.startswith("# question: ")
    assert second.endswith("?")
