"""Values as a reviewer can judge them: what is invisible is written out, and nothing that differs reads the same; pure.

A language, a datatype, a control character or a letter of another script changes what a statement says, and a browser shows none of
them. Spec: UAX 9 (the characters that turn direction), UTS 39, section 5 (words of several scripts).
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from qit4n_kg.namespaces import XSD, compact

if TYPE_CHECKING:
    from pyoxigraph import Literal

LONGEST = 300
_UNSEEN = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)
_WORD = re.compile(r"[^\W\d_]+")
_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC")
_PLAIN = {f"{XSD}{name}" for name in ("integer", "boolean", "date", "dateTime", "gYearMonth")}
"""Datatypes that a value's form tells, so that they need not be named."""


def literal_text(literal: Literal) -> str:
    """Write a literal with its language, and with its datatype where its form does not tell it.

    >>> from pyoxigraph import Literal, NamedNode
    >>> literal_text(Literal("Tokyo", language="en")), literal_text(Literal(5)), literal_text(Literal("5"))
    ('“Tokyo” (en)', '5', '“5”')
    >>> literal_text(Literal("2021", datatype=NamedNode(f"{XSD}gYear")))
    '2021 (xsd:gYear)'
    """
    text = literal.value if len(literal.value) <= LONGEST else f"{literal.value[: LONGEST - 1]}…"
    shown = visible(text)
    if literal.language:
        shown = f"“{shown}” ({literal.language})"
    elif literal.datatype.value == f"{XSD}string":
        shown = f"“{shown}”"
    elif literal.datatype.value not in _PLAIN and not (literal.datatype.value == f"{XSD}decimal" and "." in text):
        shown = f"{shown} ({compact(literal.datatype.value)})"
    scripts = mixed_scripts(text)
    return f"{shown} [letters of {' and '.join(scripts)} in one word]" if scripts else shown


def visible(text: str) -> str:
    r"""Write out what a page would not show, or would turn round.

    >>> visible("a\u202eb"), visible("a\nb")
    ('a⟨U+202E⟩b', 'a\nb')
    """
    return _UNSEEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)


def mixed_scripts(text: str) -> tuple[str, ...]:
    r"""Return the scripts of the first word that has letters of several which look alike.

    >>> mixed_scripts("B\u0435rnard Lee"), mixed_scripts("Βήτα and бета")
    (('Cyrillic', 'Latin'), ())
    """
    for word in _WORD.findall(text):
        names = {unicodedata.name(letter, "").split(" ", 1)[0] for letter in word}
        found = sorted(name.capitalize() for name in names.intersection(_SCRIPTS))
        if len(found) > 1:
            return tuple(found)
    return ()
