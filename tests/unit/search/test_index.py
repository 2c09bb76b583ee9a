"""The full-text index: what is found, in which order, with which counts, and that no question costs more than it may."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

import pytest

from qit4n_kg.errors import ParameterError, SearchMissingError, StateError
from qit4n_kg.search.index import FOLDER, LONGEST_QUESTION, SearchIndex, write_index
from unit.search.conftest import ID, RECORDS, STDORG

if TYPE_CHECKING:
    from pathlib import Path


def found(index: SearchIndex, question: str, **filters: str) -> list[str]:
    return [hit.iri.removeprefix(ID) for hit in index.search(question, filters).hits]


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("Kaoru Kenyoshi", "person/kaoru-kenyoshi"),
        ("KENYOSHI", "person/kaoru-kenyoshi"),
        ("kenyosi", "person/kaoru-kenyoshi"),
        ("knyoshi kaoru", "person/kaoru-kenyoshi"),
        ("kaorukenyoshi", "person/kaoru-kenyoshi"),
        ("griesser", "person/helmut-griesser"),
        ("Griesser", "person/helmut-griesser"),
        ("sg13", "body/itu-t-sg13"),
        ("SG 13", "body/itu-t-sg13"),
        ("itu-t sg17", "body/itu-t-sg17"),
        ("D2.3.2", "deliverable/d2.3.2"),
        ("d2.3", "deliverable/d2.3.1"),
        ("nict", "organization/nict"),
        ("NICT institute", "organization/nict"),
        ("quantum keys", "organization/nict"),
        ("山田", "person/rin"),
        ("山", "person/rin"),
        (f"{ID}body/itu-t-sg13", "body/itu-t-sg13"),
        ("who is Kenyoshi", "person/kaoru-kenyoshi"),
    ],
)
def test_what_is_meant_comes_first(index: SearchIndex, question: str, first: str) -> None:
    assert found(index, question)[0] == first


def test_the_whole_name_comes_before_names_that_begin_so_and_these_before_the_rest(index: SearchIndex) -> None:
    assert found(index, "kaoru kenyoshi") == ["person/kaoru-kenyoshi", "role/kenyoshi"]
    assert found(index, "sg13") == ["body/itu-t-sg13", "liaison/sg13"]


def test_every_word_must_match(index: SearchIndex) -> None:
    assert index.search("kenyoshi sg13").is_near
    assert found(index, "liaison sg13") == ["liaison/sg13"]


def test_nothing_found_gives_what_is_near_and_says_so(index: SearchIndex) -> None:
    answer = index.search("kenyoshi zzzzzz")
    assert (answer.total, answer.is_near) == (0, True)
    assert answer.hits[0].label == "Kaoru Kenyoshi"
    assert index.search("qqqqqqqqqq").hits == ()


def test_a_typo_in_a_code_is_forgiven_only_where_nothing_has_that_code(index: SearchIndex) -> None:
    assert found(index, "sg17") == ["body/itu-t-sg17"]
    answer = index.search("sg18")
    assert answer.is_tolerant
    assert {hit.label for hit in answer.hits} >= {"ITU-T SG13", "ITU-T SG17"}


@pytest.mark.parametrize("question", ["", "   ", "the"])
def test_an_empty_question_finds_all_in_order(index: SearchIndex, question: str) -> None:
    answer = index.search(question)
    assert answer.total == (len(RECORDS) if not question.strip() else answer.total)
    if not question.strip():
        assert [hit.iri for hit in answer.hits] == [record.iri for record in RECORDS]


@pytest.mark.parametrize("question", ["🎉", ". , -", "\u202e", "\x00"])
def test_a_question_without_a_word_finds_nothing(index: SearchIndex, question: str) -> None:
    assert index.search(question).total == 0


def test_filters_narrow_and_take_classes_above(index: SearchIndex) -> None:
    assert found(index, "sg13", kind=f"{STDORG}Liaison") == ["liaison/sg13"]
    assert found(index, "", kind=f"{STDORG}Body") == ["body/itu-t-sg13", "body/itu-t-sg17"]
    assert found(index, "kenyoshi", country=f"{ID}country/de") == []
    assert not index.search("kenyoshi", {"country": f"{ID}country/de"}).is_near


def test_counts_are_those_of_the_filtered_answer(index: SearchIndex) -> None:
    """Each facet counts under the filters of the others: choosing a value gives as many hits as its count says."""
    for question in ("", "kenyoshi", "sg13", "d2.3"):
        for filters in ({}, {"country": f"{ID}country/jp"}, {"kind": f"{STDORG}Person"}, {"year": "2021"}):
            answer = index.search(question, filters)
            for name, counts in answer.facets.items():
                for each in counts:
                    narrowed = index.search(question, {**filters, name: each.value})
                    assert narrowed.total == each.count, (question, filters, name, each)


def test_paging_gives_every_hit_once(index: SearchIndex) -> None:
    for question in ("", "sg13", "kaoru"):
        whole = [hit.iri for hit in index.search(question, limit=100).hits]
        parts = [hit.iri for at in range(0, 12, 2) for hit in index.search(question, limit=2, offset=at).hits]
        assert parts == whole
        assert len(set(whole)) == len(whole)


def test_suggestions_continue_what_is_typed(index: SearchIndex) -> None:
    for length in range(1, len("kaoru kenyoshi") + 1):
        typed = "kaoru kenyoshi"[:length].rstrip()
        assert "Kaoru Kenyoshi" in [hit.label for hit in index.suggest(typed).hits]
    assert index.suggest("").hits == ()
    assert index.suggest("kenyosi").hits[0].label == "Kaoru Kenyoshi"


def test_suggestions_do_not_look_into_descriptions(index: SearchIndex) -> None:
    assert index.suggest("works").hits == ()


def test_a_thing_is_got_by_its_iri(index: SearchIndex) -> None:
    hit = index.get(f"{ID}organization/nict")
    assert hit is not None
    assert (hit.label, hit.names) == ("National Institute", ("NICT",))
    assert index.get(f"{ID}nothing") is None


@pytest.mark.parametrize(
    "question", ["x" * (LONGEST_QUESTION + 1), "a1 b1 c1 d1 e1 f1 g1 h1 i1 j1 k1 l1 m1 n1", "x " * 2000]
)
def test_a_question_too_long_is_refused_with_its_bound(index: SearchIndex, question: str) -> None:
    with pytest.raises(ParameterError, match=r"characters|words") as caught:
        index.search(question)
    assert "Up to" in (caught.value.hint or "")


HOSTILE = [
    "a" * LONGEST_QUESTION,
    "aaaaaaaa bbbbbbbb cccccccc dddddddd eeeeeeee ffffffff gggggggg hhhhhhhh",
    '"; DROP TABLE x; --',
    "AND OR NOT + - && || ! ( ) { } [ ] ^ ~ * ? : \\ /",
    "names:* OR *:*",
    "<script>alert(1)</script>",
    "\ufeff\u0000\u202e\U0010ffff",
    "%%%___",
]


@pytest.mark.parametrize("question", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_questions_are_only_words_and_soon_answered(index: SearchIndex, question: str) -> None:
    start = time.process_time()
    index.search(question)
    index.suggest(question)
    assert time.process_time() - start < 2


@pytest.mark.parametrize("value", ["", "x", "' OR 1=1", "\x00", "https://w3id.org/qit4n/id/" + "x" * 60_000])
def test_a_filter_that_nothing_has_finds_nothing(index: SearchIndex, value: str) -> None:
    assert index.search("kenyoshi", {"kind": value}).total == 0


def test_hostile_records_are_indexed_and_found(tmp_path: Path) -> None:
    from dataclasses import replace

    hostile = replace(
        RECORDS[0], label="=cmd()", text="y" * 1_000_000 + " needle", names=("</script>" * 40,), codes=("\x00",)
    )
    write_index(tmp_path / FOLDER, [hostile])
    index = SearchIndex(tmp_path / FOLDER)
    assert index.search("cmd").hits[0].label == "=cmd()"


def test_a_generation_without_an_index_says_so(tmp_path: Path) -> None:
    with pytest.raises(SearchMissingError, match="no search index"):
        SearchIndex(tmp_path / FOLDER)


def test_an_index_of_another_version_counts_as_missing(tmp_path: Path) -> None:
    write_index(tmp_path / FOLDER, RECORDS[:1])
    (tmp_path / FOLDER / "about.json").write_text(json.dumps({"version": 0}))
    with pytest.raises(SearchMissingError):
        SearchIndex(tmp_path / FOLDER)


def test_a_damaged_index_is_a_state_error(tmp_path: Path) -> None:
    write_index(tmp_path / FOLDER, RECORDS[:1])
    (tmp_path / FOLDER / "meta.json").write_text("{")
    with pytest.raises(StateError, match="can't be read"):
        SearchIndex(tmp_path / FOLDER)


def test_reading_changes_no_file(tmp_path: Path) -> None:
    write_index(tmp_path / FOLDER, RECORDS)
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / FOLDER).iterdir()}
    SearchIndex(tmp_path / FOLDER).search("kenyosi")
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / FOLDER).iterdir()} == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_can_not_be_written_is_an_os_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OSError, match="denied"):
        write_index(tmp_path / FOLDER, RECORDS)
