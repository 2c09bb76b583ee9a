"""Text as searching sees it: folded letters, words and codes, the distance of one typo, places to highlight; pure, no IO.

Folding takes away case and accents (Unicode normalisation form KD, UAX 15), so that "Grießer" and "GRIESSER" are one word.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

LONGEST_KEY = 200
"""Letters of a name that are compared as a whole."""
LONGEST_TEXT = 20_000
"""Letters of one text that are looked at; what follows can't be found, so that a megabyte of text costs no more than a page."""
SHORTEST_FUZZY = 4
"""Words of fewer letters are not taken for misspelt ones: half of all short words are one typo apart."""

_LETTERS = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "\u0131": "i", "æ": "ae", "œ": "oe", "þ": "th", "ŋ": "n"}
)
# Ideographs, kana and hangul are written without spaces: each character is a word of its own.
_SINGLE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_CHUNK = re.compile(rf"[{_SINGLE}]|[^\W_{_SINGLE}]+(?:[.\-/:][^\W_{_SINGLE}]+)*")
_PART = re.compile(r"[^\W_]+")
_RUN = re.compile(r"\d+|[^\W\d_]+")
_COMMON = frozenset(
    "a an and are as at by did do does for from had has he her him his how in is it its of on or she that the their them they "
    "this to was were what when where which who whom whose why with".split()
)


def fold(text: str) -> str:
    """Take away case and accents.

    >>> fold("Helmut Grießer"), fold("Łukasz ÅNGSTRÖM")
    ('helmut griesser', 'lukasz angstrom')
    """
    compatible = unicodedata.normalize("NFKD", text[:LONGEST_TEXT])  # which may bring capitals, so case comes after it
    decomposed = unicodedata.normalize("NFKD", compatible.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).translate(_LETTERS)


def key(text: str) -> str:
    """Return a whole name in the form in which it is compared.

    >>> key("  ITU-T   SG13 ")
    'itu-t sg13'
    """
    return " ".join(fold(text).split())[:LONGEST_KEY]


def _is_code(chunk: str) -> bool:
    return not chunk.isalpha() and any(letter.isdecimal() for letter in chunk)


def words(text: str) -> list[str]:
    """Split what someone searches for: a code stays one word, in the order in which they stand, each once.

    >>> words("Who edits D2.3.1, ITU-T?")
    ['who', 'edits', 'd2.3.1', 'itu', 't']
    """
    found = (
        word for chunk in _CHUNK.findall(fold(text)) for word in ([chunk] if _is_code(chunk) else _PART.findall(chunk))
    )
    return list(dict.fromkeys(found))


def indexed_words(text: str) -> Iterator[str]:
    """Yield every word by which a text can be found: codes whole and in parts, letters and digits that stand together also apart.

    >>> list(indexed_words("ITU-T SG13"))
    ['itu', 't', 'sg13', 'sg', '13']
    """
    for chunk in _CHUNK.findall(fold(text)):
        parts = _PART.findall(chunk)
        if len(parts) > 1 and _is_code(chunk):
            yield chunk
        for part in parts:
            yield part
            if _is_code(part):
                runs = _RUN.findall(part)
                if len(runs) > 1:
                    yield from runs


def needed(found: Sequence[str]) -> list[str]:
    """Leave out the words that say nothing, unless there are no others.

    >>> needed(["who", "chairs", "the", "wg1"]), needed(["who"])
    (['chairs', 'wg1'], ['who'])
    """
    return [word for word in found if word not in _COMMON] or list(found)


def may_be_misspelt(word: str) -> bool:
    """Tell whether a word is long enough to be taken for another one, and no code.

    >>> may_be_misspelt("kenyosi"), may_be_misspelt("wg1"), may_be_misspelt("d2.3.1")
    (True, False, False)
    """
    return len(word) >= SHORTEST_FUZZY and word.isalpha()


def is_one_typo(left: str, right: str) -> bool:
    """Tell whether two words differ by at most one letter too much, too few, changed, or swapped with its neighbour.

    >>> is_one_typo("kenyoshi", "kenyosi"), is_one_typo("form", "from"), is_one_typo("abc", "xyz")
    (True, True, False)
    """
    if left == right:
        return True
    if abs(len(left) - len(right)) > 1:
        return False
    start = next(
        (i for i, pair in enumerate(zip(left, right, strict=False)) if pair[0] != pair[1]), min(len(left), len(right))
    )
    a, b = left[start:], right[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[1::-1] and len(b) > 1 and a[2:] == b[2:])


def similarity(left: str, right: str) -> float:
    """Say how alike two names are, from 0 to 1: what their three-letter pieces have in common (Dice's coefficient).

    >>> similarity("kenyoshi", "Kenyoshi"), similarity("kenyoshi", "borodin")
    (1.0, 0.0)
    """
    a, b = _pieces(left), _pieces(right)
    return 2 * len(a & b) / (len(a) + len(b))


def _pieces(text: str) -> frozenset[str]:
    padded = f"  {key(text)} "
    return frozenset(padded[i : i + 3] for i in range(len(padded) - 2))


@dataclass(frozen=True)
class Piece:
    """A part of a text; `is_match` where it is what was searched for."""

    text: str
    is_match: bool = False


def highlight(text: str, wanted: Iterable[str]) -> tuple[Piece, ...]:
    """Split a text where its words match: equal, begun, or one typo away.

    >>> [piece.text for piece in highlight("Kaoru Kenyoshi", ["kenyosi"]) if piece.is_match]
    ['Kenyoshi']
    """
    sought = [word for word in wanted if word]
    pieces: list[Piece] = []
    position = 0
    for match in _CHUNK.finditer(text):
        spans = [match] if _matches(match.group(), sought) else _PART.finditer(text, *match.span())
        for span in spans:
            if not _matches(span.group(), sought):
                continue
            if position < span.start():
                pieces.append(Piece(text[position : span.start()]))
            pieces.append(Piece(span.group(), True))
            position = span.end()
    if position < len(text):
        pieces.append(Piece(text[position:]))
    return tuple(pieces)


def _matches(chunk: str, sought: Sequence[str]) -> bool:
    folded = fold(chunk)
    return any(folded.startswith(word) if len(word) > 1 else folded == word for word in sought) or any(
        may_be_misspelt(word) and is_one_typo(word, folded) for word in sought
    )


def excerpt(text: str, wanted: Sequence[str], most: int = 220) -> str:
    """Cut a text to the part where the first match is, at the ends of words.

    >>> excerpt("one two three four five", ["four"], 12)
    '… four five'
    """
    if len(text) <= most:
        return text
    at = next((match.start() for match in _CHUNK.finditer(text[:LONGEST_TEXT]) if _matches(match.group(), wanted)), 0)
    begin = max(0, min(at - most // 4, len(text) - most))
    if begin:
        begin = text.find(" ", begin, at + 1) + 1 or begin
    end = begin + most
    if end < len(text):
        end = text.rfind(" ", at + 1, end) if text.rfind(" ", at + 1, end) > at else end
    return f"{'… ' if begin else ''}{text[begin:end].strip()}{' …' if end < len(text) else ''}"
