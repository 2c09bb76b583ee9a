"""Characters and strings that no SPARQL text can hold where they stand: what a word processor, a web page or a wrong key leaves."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from pyoxigraph import RdfFormat, parse

from qit4n_kg.syntax.places import Fault, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qit4n_kg.store.dataset_clause import Token

_COMMENT = re.compile(r"#[^\r\n]*")
_HALF = re.compile(r"(?<!\\)\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_NO_CHARACTER = re.compile("[\ud800-\udfff]")  # a byte of the command line that is no UTF-8 becomes such
_SPACE = " \t\r\n"  # WS of section 19.8; a form feed or a non-breaking space is none
_SCHEMES = ("http:", "https:", "ftp:", "urn:", "mailto:")


def find_character(text: str, stream: Sequence[Token]) -> Fault | None:
    """Find the first character, string or IRI that is none, whatever stands around it."""
    if text.lstrip().startswith("```"):
        return Fault(
            text.index("```"), "The marks of Markdown are no part of the text.", "Leave the lines with ``` out."
        )
    end = 0
    for token in stream:
        fault = _in_gap(text, end, token.start) or _in_token(text, token)
        if fault is not None:
            return fault
        end = token.end
    return _in_gap(text, end, len(text))


def _in_gap(text: str, start: int, end: int) -> Fault | None:
    between = text[start:end]
    if (
        between.isascii()
        and not set(between) - set(_SPACE) - {"\f", "\v"}
        and "\f" not in between
        and "\v" not in between
    ):
        return None
    for position, character in _outside_comments(between):
        if character not in _SPACE:
            message = f"The space here is {_named(character)}, which SPARQL does not take for one."
            return Fault(start + position, message, "Put an ordinary space in its place.")
    return None


def _outside_comments(between: str) -> Iterator[tuple[int, str]]:
    end = 0
    for comment in [*_COMMENT.finditer(between), None]:
        stop = comment.start() if comment else len(between)
        yield from ((position, between[position]) for position in range(end, stop))
        end = comment.end() if comment else stop


def _in_token(text: str, token: Token) -> Fault | None:
    if token.kind in ("string", "iri") and (half := _HALF.search(token.text)) is not None:
        return Fault(token.start + half.start(), f"{half[0]} is half of a surrogate pair, which is no character.")
    if (half := _NO_CHARACTER.search(token.text)) is not None:
        return Fault(token.start + half.start(), f"{_named(half[0])} stands here, which is no character.")
    if token.kind == "string":
        return _unclosed(token)
    if token.kind == "iri":
        return Fault(token.start, f"{token.text[:200]} is no IRI.") if _is_no_iri(token) else None
    if token.kind == "name" and token.text in _SCHEMES and text[token.end : token.end + 2] == "//":
        written = re.match(r"[^\s<>\"{}|^`\\;,]*", text[token.start :])
        assert written is not None
        iri = written[0].rstrip(".)")
        return Fault(token.start, "An IRI stands between < and >.", f"Write <{iri}>")
    if token.kind == "symbol" and (not token.text.isascii() or token.text == "`"):
        if "QUOTATION MARK" in unicodedata.name(token.text, "") or token.text in "`\N{ACUTE ACCENT}":
            return Fault(token.start, f"{token.text} is no quotation mark of SPARQL.", "Write \" or ' around a text.")
        return Fault(token.start, f"{_named(token.text)} stands here, which means nothing in SPARQL.")
    return None


def _unclosed(token: Token) -> Fault | None:
    mark = token.text[:3] if token.text[:3] in ('"""', "'''") else token.text[0]
    inner = token.text[len(mark) :]
    if inner.endswith(mark) or (len(mark) == 1 and token.text == mark * 2):
        return None
    where = "" if len(mark) == 3 else " before its line ends"
    hint = None if len(mark) == 3 else "A text of several lines stands between three quotation marks."
    return Fault(
        token.start, f"The text that begins with {quoted(token.text[:20])} is not closed by {mark}{where}.", hint
    )


def _named(character: str) -> str:
    point = f"U+{ord(character):04X}"
    name = unicodedata.name(character, "")
    seen = f"{character} " if character.isprintable() and not character.isspace() else ""
    return f"{seen}{point} {name}".strip()


def _is_no_iri(token: Token) -> bool:
    """Tell whether the engine can't read an IRI, relative or not (RFC 3987)."""
    if "\\" in token.text:
        return False
    try:
        list(parse(f"<x:s> <x:p> {token.text} .", format=RdfFormat.TURTLE, base_iri="http://localhost/"))
    except (SyntaxError, UnicodeEncodeError):
        return True
    return False
