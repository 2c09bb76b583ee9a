"""Folding, words, typos and highlights: what makes a name findable however it is typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qit4n_kg.search.text import (
    LONGEST_TEXT,
    excerpt,
    fold,
    highlight,
    indexed_words,
    is_one_typo,
    key,
    needed,
    similarity,
    words,
)

WORD = st.text(st.characters(categories=["Ll"], max_codepoint=0x17F), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("GRIESSER", "griesser"),
        ("Grießer", "griesser"),
        ("Łódź", "lodz"),
        ("Ærø", "aero"),
        ("\uff2e\uff29\uff23\uff34", "nict"),
        ("İstanbul", "istanbul"),
        ("Ñandú", "nandu"),
        ("ﬁle", "file"),
    ],
)
def test_case_and_accents_do_not_matter(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert key(key(text)) == key(text)


def test_a_megabyte_is_not_read_to_its_end() -> None:
    assert len(fold("x" * 1_000_000)) == LONGEST_TEXT


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SG13", ["sg13"]),
        ("D2.3.1: QKDN protocols", ["d2.3.1", "qkdn", "protocols"]),
        ("ISO/IEC JTC 1/SC 27", ["iso", "iec", "jtc", "1/sc", "27"]),
        ("凛 山田", ["凛", "山", "田"]),
        ("... ! ---", []),
        ("a a A", ["a"]),
    ],
)
def test_codes_stay_whole_and_ideographs_are_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@given(st.text(max_size=80))
def test_every_word_of_a_question_is_indexed_of_the_same_text(text: str) -> None:
    assert set(words(text)) <= set(indexed_words(text))


def test_letters_and_digits_that_stand_together_are_found_apart() -> None:
    assert {"sg13", "sg", "13"} <= set(indexed_words("ITU-T SG13"))


def test_words_that_say_nothing_are_left_out_unless_there_is_nothing_else() -> None:
    assert needed(words("who is in the WG1")) == ["wg1"]
    assert needed(["who", "is"]) == ["who", "is"]


@st.composite
def misspelt(draw: st.DrawFn) -> tuple[str, str]:
    """A word and the same word with one typo."""
    word = draw(WORD)
    at = draw(st.integers(0, len(word) - 1))
    letter = draw(WORD)[0]
    kind = draw(st.sampled_from(("drop", "add", "change", "swap")))
    if kind == "drop":
        return word, word[:at] + word[at + 1 :]
    if kind == "add":
        return word, word[:at] + letter + word[at:]
    if kind == "change":
        return word, word[:at] + letter + word[at + 1 :]
    return word, word[:at] + word[at + 1 : at + 2] + word[at : at + 1] + word[at + 2 :]


@given(misspelt())
def test_one_typo_is_known_as_one_both_ways(pair: tuple[str, str]) -> None:
    assert is_one_typo(*pair)
    assert is_one_typo(*pair[::-1])


@pytest.mark.parametrize(("left", "right"), [("abcd", "abxy"), ("abc", "cba"), ("abc", "abcde"), ("kitten", "sitting")])
def test_two_typos_are_too_many(left: str, right: str) -> None:
    assert not is_one_typo(left, right)


@given(st.text(max_size=80), st.lists(WORD, max_size=3))
def test_highlighting_loses_no_letter(text: str, wanted: list[str]) -> None:
    assert "".join(piece.text for piece in highlight(text, wanted)) == text


@pytest.mark.parametrize(
    ("text", "wanted", "marked"),
    [
        ("Helmut Grießer", ["griesser"], ["Grießer"]),
        ("ITU-T SG13 and SG17", ["sg13"], ["SG13"]),
        ("D2.3.1 of D2.3.2", ["d2.3.1"], ["D2.3.1"]),
        ("Quantum quantity", ["quant"], ["Quantum", "quantity"]),
        ("Nothing here", ["xyz"], []),
    ],
)
def test_matches_are_marked_where_they_stand(text: str, wanted: list[str], marked: list[str]) -> None:
    assert [piece.text for piece in highlight(text, wanted) if piece.is_match] == marked


@given(st.text(max_size=400), st.integers(10, 100))
def test_an_excerpt_is_not_much_longer_than_asked(text: str, most: int) -> None:
    assert len(excerpt(text, ["a"], most)) <= max(len(text), 0) or len(excerpt(text, ["a"], most)) <= most + 4


def test_an_excerpt_shows_the_match() -> None:
    text = "filler " * 100 + "needle " + "filler " * 100
    assert "needle" in excerpt(text, ["needle"])


@given(st.text(max_size=30), st.text(max_size=30))
def test_similarity_is_between_nothing_and_all_and_the_same_both_ways(left: str, right: str) -> None:
    assert 0 <= similarity(left, right) == similarity(right, left) <= 1
    assert similarity(left, left) == 1
