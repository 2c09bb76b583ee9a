"""Writes results as CSV (SPARQL 1.1 Results CSV and TSV, section 3) from what the engine writes as TSV (section 4).

The engine's own CSV quotes literals alone: an IRI with a comma, or a triple term, would shift the columns (RFC 4180, section 2).
Its TSV says of each field what it is. From lines without triple terms the marks of terms are taken away many at a time, which costs
half of what terms in Python do; fields that CSV quotes are put into quotes before. Bytes that UTF-8 never has stand for a literal's
characters that would be taken for CSV's or TSV's own meanwhile. Lines with triple terms are read field by field. In a result of one
column an empty text is `""`, since readers take an empty line for none (RFC 4180 allows the marks, and so does section 3.2).
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Sequence

_CHUNK = 64 * 1024
_MARK = re.compile(
    rb"""[<">] (?: (?<=[\t\n].)                                          # before a term
                 | (?: @[A-Za-z0-9-]+ | \^\^<[^>\t\n]*> )? (?=[\t\n]) )  # behind it, with its language or datatype""",
    re.VERBOSE,
)
_QUOTE, _LF, _CR, _TAB, _BACKSLASH = b"\xff", b"\xfe", b"\xfd", b"\xfc", b"\xfb"
_ESCAPES = (  # the first first: what is left of the others is theirs then
    (b"\\\\", _BACKSLASH),
    (b'\\"', _QUOTE * 2),
    (b"\\n", _LF),
    (b"\\r", _CR),
    (b"\\t", _TAB),
)
_FINAL = bytes.maketrans(b"\t" + _QUOTE + _LF + _CR + _TAB + _BACKSLASH, b',"\n\r\t\\')
_TO_QUOTE = re.compile(
    rb"""[<"](?<=[\t\n].) (?: (?<=") ([^",\xfd-\xff]* [,\xfd-\xff] [^"]*) "[^\t\n]*
                          | (?<=<) ([^>,]* , [^>]*) > ) (?=[\t\n])""",
    re.VERBOSE,
)
"""A literal, its escapes replaced, or an IRI that CSV quotes."""
_EMPTY_TEXT = re.compile(rb'^""(?:@[A-Za-z0-9-]+|\^\^<[^>\t\n]*>)?$', re.MULTILINE)
_PART = re.compile(rb'"[^"]*"[^\s]*|[^\s]+')
"""A part of a triple term; where it holds others, their brackets are parts too."""
_BRACKETS = (b"<<(", b")>>")


class CsvOutput:
    r"""A binary file that takes a result in the engine's TSV and passes it on as CSV, once it is closed.

    >>> import io
    >>> output = io.BytesIO()
    >>> csv = CsvOutput(output, ["a", "b"])
    >>> csv.write(b'?a\t?b\n<http://e/a,b>\t"x"@en\n<<( _:s <x:p> "o" )>>\t1\n'), csv.close()
    (52, None)
    >>> output.getvalue()
    b'a,b\r\n"http://e/a,b",x\r\n_:s x:p o,1\r\n'
    """

    def __init__(self, output: BinaryIO, variables: Sequence[str]) -> None:
        self._output = output
        self._pieces: list[bytes] = []
        self._size = 0
        self._is_narrow = len(variables) == 1
        self._header = f"{','.join(variables)}\r\n".encode()

    def write(self, data: bytes) -> int:
        """Take bytes."""
        self._pieces.append(data)
        self._size += len(data)
        if self._size > _CHUNK:
            self._pass_on()
        return len(data)

    def flush(self) -> None:
        """Do nothing: a line may not be whole yet."""

    def close(self) -> None:
        """Pass on what is left."""
        self._pass_on()

    def _pass_on(self) -> None:
        data = b"".join(self._pieces)
        end = data.rfind(b"\n") + 1
        self._pieces, self._size = [data[end:]], len(data) - end
        start = 0
        if self._header and end:
            self._output.write(self._header)
            self._header, start = b"", data.index(b"\n") + 1
        if start < end:
            lines = data[start:end]
            if self._is_narrow and b'""' in lines:
                lines = _EMPTY_TEXT.sub(_QUOTE * 2, lines)
            self._output.write(_converted(lines))


def _converted(lines: bytes) -> bytes:
    """Return whole lines of TSV as CSV."""
    if b"\\" in lines:
        for escape, standing in _ESCAPES:
            lines = lines.replace(escape, standing)
    if not _has_triple_terms(lines):
        return _without_marks(lines)
    parts: list[bytes] = []
    for has_triple_terms, some in groupby(lines.split(b"\n")[:-1], _has_triple_terms):
        together = [*some]
        parts += map(_read, together) if has_triple_terms else [_without_marks(b"\n".join((*together, b"")))]
    return b"".join(parts)


def _has_triple_terms(text: bytes) -> bool:
    return _BRACKETS[0] in text  # or in a literal: then it is read field by field for nothing


def _without_marks(lines: bytes) -> bytes:
    """Return lines without triple terms as CSV."""
    lines = b"\n" + lines
    if _has_to_be_quoted(lines):
        lines = _TO_QUOTE.sub(_quoted, lines)
    return _MARK.sub(b"", lines)[1:].replace(b"\n", b"\r\n").translate(_FINAL)


def _has_to_be_quoted(text: bytes) -> bool:
    return b"," in text or _QUOTE in text or _LF in text or _CR in text


def _quoted(found: re.Match[bytes]) -> bytes:
    return _QUOTE + (found[1] or found[2]) + _QUOTE


def _read(line: bytes) -> bytes:
    """Return a line of TSV as one of CSV, field by field."""
    return b",".join(map(_field, line.split(b"\t"))).translate(_FINAL) + b"\r\n"


def _field(term: bytes) -> bytes:
    text = _text(term)
    return _QUOTE + text + _QUOTE if _has_to_be_quoted(text) else text


def _text(term: bytes) -> bytes:
    """Return what stands for a term in CSV; a triple term is its parts with spaces between."""
    if term.startswith(_BRACKETS[0]):
        return b" ".join(_text(part) for part in _PART.findall(term) if part not in _BRACKETS)
    if term[:1] == b"<":
        return term[1:-1]
    return term[1 : term.rindex(b'"')] if term[:1] == b'"' else term
