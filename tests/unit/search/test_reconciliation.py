"""Reconciliation: the right candidate, an honest score, `match` only where it is certain, and bounds on what is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from qit4n_kg.entities.labels import LabelReader
from qit4n_kg.errors import ParameterError
from qit4n_kg.search.index import FOLDER, SearchIndex
from qit4n_kg.search.reconciliation import MOST_IDS, MOST_QUERIES, Reconciler
from qit4n_kg.store.generations import Generations

if TYPE_CHECKING:
    from qit4n_kg.config import Settings
    from qit4n_kg.store.oxigraph import OxigraphStore


@pytest.fixture(scope="module")
def service(built_state: Settings, graph_store: OxigraphStore) -> Reconciler:
    index = SearchIndex(Generations(built_state.state_dir).current().path / FOLDER)
    return Reconciler(index, graph_store, LabelReader(graph_store, built_state.base_iri), built_state)


def ask(service: Reconciler, **query: Any) -> list[dict[str, Any]]:
    return service.answer({"q": query})["q"]["result"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"query": "Kaoru Kenyoshi"}, "person/kaoru-kenyoshi"),
        ({"query": "KAORU KENYOSHI", "type": "stdorg:Person"}, "person/kaoru-kenyoshi"),
        ({"query": "NICT", "type": "Organization"}, "organization/nict"),
        ({"query": "SG13", "type": ["stdorg:Body"]}, "body/itu-t-sg13"),
        ({"query": "d2.3.1", "type": "stdorg:Deliverable"}, "fg-qit4n/deliverable/d2.3.1"),
        ({"query": "https://ror.org/05p67dv18"}, "organization/china-telecom"),
        ({"query": "person/kaoru-kenyoshi"}, "person/kaoru-kenyoshi"),
    ],
)
def test_what_is_certain_is_a_match(service: Reconciler, query: dict[str, Any], expected: str) -> None:
    first, *others = ask(service, **query)
    assert (first["id"], first["match"], first["score"]) == (expected, True, 100.0)
    assert not any(other["match"] for other in others)


@pytest.mark.parametrize("text", ["Kenyosi", "Kenyoshi", "Kaoru", "Qiang Zhan"])
def test_what_is_near_is_a_candidate_and_no_match(service: Reconciler, text: str) -> None:
    candidates = ask(service, query=text, type="stdorg:Person")
    assert candidates
    assert not any(candidate["match"] for candidate in candidates)
    assert all(20 <= candidate["score"] < 100 for candidate in candidates)


def test_what_is_nothing_has_no_candidates(service: Reconciler) -> None:
    assert ask(service, query="Zebulon Quixotic Pumpernickel") == []


def test_a_property_tells_apart_and_against(service: Reconciler) -> None:
    [right, *_] = ask(service, query="Qiang Zhang", properties=[{"pid": "stdorg:affiliatedWith", "v": "USTC"}])
    [wrong, *_] = ask(
        service, query="Qiang Zhang", properties=[{"pid": "stdorg:affiliatedWith", "v": {"id": "organization/nict"}}]
    )
    assert (right["id"], right["match"]) == (wrong["id"], True)
    assert not wrong["match"]
    assert right["score"] > wrong["score"]
    assert {feature["id"] for feature in right["features"]} == {"name", "stdorg:affiliatedWith"}


def test_properties_alone_find_by_their_values(service: Reconciler) -> None:
    [first, *_] = ask(service, properties=[{"pid": "skos:notation", "v": ["D2.3.1"]}], type="stdorg:Deliverable")
    assert first["id"] == "fg-qit4n/deliverable/d2.3.1"


def test_types_are_any_all_or_a_wish(service: Reconciler) -> None:
    types = ["stdorg:Person", "stdorg:Organization"]
    assert {r["id"].split("/")[0] for r in ask(service, query="Zhang", type=types)} <= {"person", "organization"}
    assert ask(service, query="Qiang Zhang", type=types, type_strict="all") == []
    assert ask(service, query="SG13", type=["stdorg:Body", "stdorg:Group"], type_strict="all")[0]["match"]
    assert ask(service, query="SG13", type="stdorg:Person", type_strict="should")[0]["id"] == "body/itu-t-sg13"


def test_the_limit_is_kept(service: Reconciler) -> None:
    assert len(ask(service, query="quantum", limit=2)) == 2
    assert len(ask(service, query="quantum", limit=10_000)) <= 50


MALFORMED: list[Any] = [
    [],
    "text",
    {"q": "text"},
    {"q": {}},
    {"q": {"query": " "}},
    {"q": {"query": 1}},
    {"q": {"query": "x", "type": 5}},
    {"q": {"query": "x", "type": ["a"] * 20}},
    {"q": {"query": "x", "limit": "many"}},
    {"q": {"query": "x", "limit": True}},
    {"q": {"query": "x", "limit": -1}},
    {"q": {"query": "x", "type_strict": "perhaps"}},
    {"q": {"query": "x", "properties": {}}},
    {"q": {"query": "x", "properties": [{"v": 1}]}},
    {"q": {"query": "x", "properties": [{"pid": "p", "v": [[1]]}]}},
    {str(number): {"query": "x"} for number in range(MOST_QUERIES + 1)},
]


@pytest.mark.parametrize("batch", MALFORMED, ids=range(len(MALFORMED)))
def test_a_malformed_batch_is_refused_as_a_whole(service: Reconciler, batch: Any) -> None:
    with pytest.raises(ParameterError):
        service.answer(batch)


@pytest.mark.parametrize("text", ["x" * 100_000, "a " * 50_000, "\x00", "🎉", '"}]}', "<script>"], ids=range(6))
def test_any_text_of_a_cell_is_answered(service: Reconciler, text: str) -> None:
    ask(service, query=text, properties=[{"pid": text, "v": text}], type=text[:100])


def test_values_come_with_their_kinds(service: Reconciler) -> None:
    order = {
        "ids": ["fg-qit4n/meeting/1", "nothing/known"],
        "properties": [
            {"id": "stdorg:participants"},
            {"id": "schema:startDate"},
            {"id": "stdorg:meetingOf"},
            {"id": "rdfs:label", "settings": {"limit": "1"}},
            {"id": "no such property"},
        ],
    }
    answer = service.extend(order)
    assert [one["id"] for one in answer["meta"]] == [one["id"] for one in order["properties"]]
    assert answer["rows"]["fg-qit4n/meeting/1"] == {
        "stdorg:participants": [{"int": 109}],
        "schema:startDate": [{"date": "2019-12-09T00:00:00Z"}],
        "stdorg:meetingOf": [{"id": "fg-qit4n", "name": "FG QIT4N"}],
        "rdfs:label": [{"str": "FG QIT4N meeting 1, Jinan, December 2019"}],
        "no such property": [],
    }
    assert set(map(len, answer["rows"]["nothing/known"].values())) == {0}


@pytest.mark.parametrize(
    "order",
    [[], {}, {"ids": "x", "properties": []}, {"ids": [1], "properties": []}, {"ids": [], "properties": ["x"]},
     {"ids": ["x"] * (MOST_IDS + 1), "properties": []}],
    ids=range(6),
)  # fmt: skip
def test_a_malformed_order_is_refused(service: Reconciler, order: Any) -> None:
    with pytest.raises(ParameterError):
        service.extend(order)


def test_types_and_properties_are_suggested_by_what_things_have(service: Reconciler) -> None:
    assert service.suggest_types("study", 5)[0]["id"] == "stdorg:StudyGroup"
    assert "stdorg:affiliatedWith" in {one["id"] for one in service.suggest_properties("affil", 10)}
    proposed = [one["id"] for one in service.propose("stdorg:Person", 5)]
    assert "stdorg:affiliatedWith" in proposed
    assert "rdf:type" not in proposed
    assert service.propose("stdorg:Nothing", 5) == []
