"""`SERVICE <…/search>`: the pattern it understands, what it answers, and that it never leaves this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph
import pytest
from pyoxigraph import Literal, NamedNode

from qit4n_kg.config import load_settings
from qit4n_kg.errors import RemoteRefusedError, RequestError
from qit4n_kg.search.service import MOST, SearchService
from unit.search.conftest import ID, STDORG

if TYPE_CHECKING:
    from qit4n_kg.search.index import SearchIndex

BASE = "https://w3id.org/qit4n/"
DECLARED = f"PREFIX search: <{BASE}search#> PREFIX stdorg: <{STDORG}> "


def ask(index: SearchIndex, pattern: str, **bindings: Literal) -> list[dict[str, str]]:
    """Answer a pattern, and read the block that takes its place as the engine does."""
    block = SearchService(lambda: index, BASE, bindings).answer(pattern, DECLARED)
    answer = pyoxigraph.Store().query(f"SELECT * WHERE {block}")
    names = [variable.value for variable in answer.variables]
    return [{name: row[name].value for name in names} for row in answer]


def test_things_come_with_label_score_and_rank(index: SearchIndex) -> None:
    rows = ask(
        index,
        '{ ?t search:query "kenyosi" ; search:label ?l ; search:score ?s ; search:rank ?r }',
    )
    assert [(row["t"].removeprefix(ID), row["l"], row["r"]) for row in rows] == [
        ("person/kaoru-kenyoshi", "Kaoru Kenyoshi", "1"),
        ("role/kenyoshi", "Kaoru Kenyoshi, vice chair", "2"),
    ]
    assert float(rows[0]["s"]) > float(rows[1]["s"])


@pytest.mark.parametrize(
    "pattern",
    [
        '{ ?t search:query "sg13" ; search:type stdorg:Liaison }',
        "{ ?t search:type stdorg:Liaison . ?t search:query 'sg13'@en . }",
        f'{{ ?t <{BASE}search#query> """sg13""" ; search:type <{STDORG}Liaison> ; . }}',
        '{ # a comment\n ?t search:query "sg\\u0031\\u0033" ; search:type stdorg:Liaison ; search:limit 5 }',
    ],
    ids=range(4),
)
def test_the_ways_to_write_a_pattern(index: SearchIndex, pattern: str) -> None:
    assert [row["t"] for row in ask(index, pattern)] == [f"{ID}liaison/sg13"]


def test_limit_year_and_country_narrow(index: SearchIndex) -> None:
    assert len(ask(index, '{ ?t search:query "d2.3" ; search:limit 1 }')) == 1
    assert len(ask(index, '{ ?t search:query "d2.3" ; search:year "2021" }')) == 2
    assert len(ask(index, '{ ?t search:query "d2.3" ; search:year "1999" }')) == 0
    assert len(ask(index, f'{{ ?t search:query "kaoru" ; search:country <{ID}country/jp> }}')) == 2


def test_nothing_found_has_no_solution_even_where_something_is_near(index: SearchIndex) -> None:
    assert ask(index, '{ ?t search:query "kenyoshi zzzzz" }') == []


def test_a_variable_that_the_caller_binds_is_the_text_and_stays_bound(index: SearchIndex) -> None:
    rows = ask(index, "{ ?t search:query ?text }", text=Literal('nict"} UNION { ?s ?p ?o } #'))
    assert rows == []
    assert ask(index, "{ ?t search:query ?text }", text=Literal("nict"))[0]["text"] == "nict"


def test_text_can_not_become_query(index: SearchIndex) -> None:
    [row] = ask(index, '{ ?t search:query "山田" ; search:label ?l }')
    assert row["l"] == "凛 山田"


@pytest.mark.parametrize(
    "pattern",
    [
        "{ }",
        "{ ?t search:query }",
        "{ ?t search:query ?unknown }",
        '{ ?t search:label "x" }',
        '{ ?t search:qery "x" }',
        '{ ?t search:query "x" ; search:query "y" }',
        '{ ?t search:query "x" ; search:label ?t }',
        '{ ?t search:query "x" ; search:label ?l ; search:score ?l }',
        '{ ?t search:query "x" . ?u search:label ?l }',
        '{ <x:y> search:query "x" }',
        '{ ?t search:query "x" ; search:limit 0 }',
        f'{{ ?t search:query "x" ; search:limit {MOST + 1} }}',
        '{ ?t search:query "x" OPTIONAL { ?t ?p ?o } }',
        '{ ?t search:query "x" FILTER (1 = 1) }',
        '{ ?t search:query "x", "y" }',
        '{ ?t ?p "x" }',
        "{ ?t search:query <x:y> }",
        f'{{ ?t search:query "{"x" * 500}" }}',
        '{ ?t search:query "unclosed }',
        '{ ?t other:query "x" }',
    ],
    ids=range(20),
)
def test_another_pattern_is_refused_with_an_example(index: SearchIndex, pattern: str) -> None:
    with pytest.raises(RequestError) as caught:
        ask(index, pattern)
    assert caught.value.message


def test_the_federation_asks_it_without_a_network_and_refuses_others() -> None:
    from qit4n_kg.federation.services import Federation

    class Here:
        def answer(self, pattern: str, declared: str) -> str:
            assert "PREFIX search:" in declared
            return "{ VALUES ?t { <x:here> } }"

    federation = Federation(load_settings({}))
    text = f'{DECLARED}SELECT ?t WHERE {{ SERVICE <{BASE}search> {{ ?t search:query "x" }} }}'
    assert "SERVICE" not in federation.answer(text, {f"{BASE}search": Here()})
    with pytest.raises(RemoteRefusedError):
        federation.answer(text, {})
    both = text.replace("WHERE {", "WHERE { SERVICE <http://127.0.0.1:9/sparql> { ?s ?p ?o }")
    with pytest.raises(RemoteRefusedError):
        federation.answer(both, {f"{BASE}search": Here()})


def test_silent_forgives_a_pattern_that_is_not_understood() -> None:
    from qit4n_kg.federation.services import Federation

    class Strict:
        def answer(self, pattern: str, declared: str) -> str:
            raise RequestError("no")

    text = f"{DECLARED}ASK {{ SERVICE SILENT <{BASE}search> {{ ?t search:query }} }}"
    assert "{ }" in Federation(load_settings({})).answer(text, {f"{BASE}search": Strict()})
    with pytest.raises(RequestError):
        Federation(load_settings({})).answer(text.replace("SILENT ", ""), {f"{BASE}search": Strict()})


def test_an_iri_of_a_hit_is_written_as_a_term(index: SearchIndex) -> None:
    assert str(NamedNode(f"{ID}person/rin")) in SearchService(lambda: index, BASE, {}).answer(
        '{ ?t search:query "山田" }', DECLARED
    )
