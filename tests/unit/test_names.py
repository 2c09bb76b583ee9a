"""A mistyped name finds the thing that was meant, in bounded time."""

from __future__ import annotations

from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad

from qit4n_kg.entities.names import MOST, NameIndex, trigrams
from qit4n_kg.store.oxigraph import OxigraphStore

ID = "https://w3id.org/qit4n/id/"
LABEL = NamedNode("http://www.w3.org/2000/01/rdf-schema#label")


def index(names: dict[str, str]) -> NameIndex:
    with OxigraphStore.in_memory() as store:
        store.add(
            Quad(NamedNode(f"{ID}{name}"), LABEL, Literal(label), DefaultGraph()) for name, label in names.items()
        )
        store.add([Quad(NamedNode("https://example.org/other"), LABEL, Literal("Kaoru Kenyoshi"), DefaultGraph())])
        return NameIndex(store, ID)


PEOPLE = {
    "person/kaoru-kenyoshi": "Kaoru Kenyoshi",
    "person/bo-lv": "Bo Lv",
    "fg-qit4n/deliverable/d2.3.1": "D2.3.1 Protocols",
}


def test_a_mistyped_identifier_finds_the_right_one_first() -> None:
    found = index(PEOPLE)
    assert [thing.label for thing in found.nearest("person/kaoru-kenyosh")] == ["Kaoru Kenyoshi"]
    assert found.nearest("fg-qit4n/deliverable/D2.3.1")[0].iri == f"{ID}fg-qit4n/deliverable/d2.3.1"


def test_a_label_instead_of_an_identifier_finds_its_thing() -> None:
    assert index(PEOPLE).nearest("Kaoru Kenyoshi")[0].iri == f"{ID}person/kaoru-kenyoshi"


def test_what_is_like_nothing_finds_nothing() -> None:
    assert index(PEOPLE).nearest("zzzzzz") == []
    assert index({}).nearest("person/kaoru-kenyoshi") == []


def test_only_our_own_things_are_suggested() -> None:
    assert all(thing.iri.startswith(ID) for thing in index(PEOPLE).nearest("Kaoru Kenyoshi"))


def test_the_index_is_bounded_and_so_is_what_it_reads_of_a_name() -> None:
    found = index({f"person/p{number}": f"Person {number}" for number in range(MOST + 50)})
    assert len(found.nearest("x" * 1_000_000)) <= 5
    assert len(trigrams("ab" * 1_000_000)) < 200
