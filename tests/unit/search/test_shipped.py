"""Over the shipped graph: any label finds its thing, first; one typo in it finds it too; the facets' counts are right."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qit4n_kg.search.harvest import harvest
from qit4n_kg.search.index import FOLDER, LONGEST_QUESTION, MOST_WORDS, SearchIndex
from qit4n_kg.search.text import key, words
from qit4n_kg.store.generations import Generations

if TYPE_CHECKING:
    from qit4n_kg.config import Settings
    from qit4n_kg.search.harvest import Record
    from qit4n_kg.store.oxigraph import OxigraphStore

ID = "https://w3id.org/qit4n/id/"
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def index(built_state: Settings) -> SearchIndex:
    return SearchIndex(Generations(built_state.state_dir).current().path / FOLDER)


@pytest.fixture(scope="module")
def records(graph_store: OxigraphStore, built_state: Settings) -> list[Record]:
    return harvest(graph_store, built_state.sources / "queries", ID)


def test_a_build_writes_an_index_of_everything(index: SearchIndex, records: list[Record]) -> None:
    assert len(index) == len(records) > 400


def test_every_label_finds_its_thing_among_those_of_that_name(index: SearchIndex, records: list[Record]) -> None:
    for record in records:
        if len(record.label) > LONGEST_QUESTION or len(words(record.label)) > MOST_WORDS:
            continue
        hits = index.search(record.label, limit=20, with_facets=False).hits
        assert record.iri in [hit.iri for hit in hits], record.label
        namesakes = {key(name) for hit in hits[:1] for name in (hit.label, *hit.names, *hit.codes)}
        assert key(record.label) in namesakes, record.label


def test_every_code_and_every_identifier_finds_its_thing(index: SearchIndex, records: list[Record]) -> None:
    for record in records:
        for text in (*record.codes, *record.identifiers):
            if len(text) <= LONGEST_QUESTION and len(words(text)) <= MOST_WORDS:
                assert record.iri in [hit.iri for hit in index.search(text, limit=100, with_facets=False).hits], text


@FEW
@given(st.data())
def test_one_typo_finds_it(index: SearchIndex, records: list[Record], data: st.DataObject) -> None:
    known = [r for r in records if 6 <= len(key(r.label)) <= 120 and len(words(r.label)) < MOST_WORDS]
    record = data.draw(st.sampled_from(known))
    label = key(record.label)
    at = data.draw(st.integers(0, len(label) - 1))
    letter = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz"))
    wrong = data.draw(
        st.sampled_from(
            (
                label[:at] + label[at + 1 :],
                label[:at] + letter + label[at:],
                label[:at] + letter + label[at + 1 :],
                label[:at] + label[at + 1 : at + 2] + label[at] + label[at + 2 :],
            )
        )
    )
    hits = index.search(wrong, limit=100, with_facets=False).hits
    assert record.iri in [hit.iri for hit in hits], wrong


@FEW
@given(st.data())
def test_what_is_typed_so_far_suggests_it(index: SearchIndex, records: list[Record], data: st.DataObject) -> None:
    record = data.draw(st.sampled_from([r for r in records if r.weight >= 4]))
    typed = record.label[: data.draw(st.integers(3, 40))]
    suggested = [hit.iri for hit in index.suggest(typed, 20).hits]
    alike = sum(key(r.label).startswith(key(typed)) for r in records)
    assert record.iri in suggested or alike > 20, typed


@FEW
@given(st.text(max_size=LONGEST_QUESTION))
def test_no_text_breaks_it(index: SearchIndex, text: str) -> None:
    if len(words(text)) <= MOST_WORDS:
        index.search(text)
        index.suggest(text)


@pytest.mark.parametrize("question", ["", "quantum", "sg13", "meeting"])
def test_a_facets_count_is_what_choosing_it_gives(index: SearchIndex, question: str) -> None:
    answer = index.search(question)
    assert answer.facets["kind"]
    for name, counts in answer.facets.items():
        for each in counts:
            assert index.search(question, {name: each.value}, limit=1).total == each.count, (name, each)


def test_a_suggestion_takes_less_than_twenty_milliseconds(index: SearchIndex, records: list[Record]) -> None:
    """Processor time, at the 95th percentile, of what people type on the way to a name."""
    typed = [record.label[:length] for record in records[:60] for length in (1, 2, 4, 8)]
    times = []
    for text in typed:
        start = time.thread_time()
        index.suggest(text)
        times.append(time.thread_time() - start)
    assert sorted(times)[int(len(times) * 0.95)] < 0.02
