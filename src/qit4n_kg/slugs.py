"""Identifiers written from texts, and by a pattern (validation/identifiers.py learns it) from what a thing has; pure."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST = 120
PLACE = re.compile(r"\{([^{}]*)\}")
_OTHERS = re.compile(r"[^a-z0-9.]+")
_LETTERS = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th", "\u0131": "i"}
)


def slug(text: str) -> str:
    """Write a text as a part of an identifier: Latin letters, digits and dots; nothing where it has none.

    >>> slug("Łukasz Ångström"), slug("D2.3.1"), slug("張強")
    ('lukasz-angstrom', 'd2.3.1', '')
    """
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return _OTHERS.sub("-", letters).strip("-.")[:LONGEST]


def fill(pattern: str, values: Mapping[str, str], base: str) -> str | None:
    """Return the local identifier of a new thing by a pattern, None where a value is missing or has no letter to write.

    :param values: for each property's IRI an IRI of a thing of this registry, or a text.
    """
    made = pattern
    for name in PLACE.findall(pattern):
        value = values.get(name, "").strip()
        if value.startswith(base):
            local = value.removeprefix(base)
            part = local if made.startswith(f"{{{name}}}/") else local.rsplit("/", 1)[-1]
        else:
            part = slug(value)
        if not part:
            return None
        made = made.replace(f"{{{name}}}", part)
    return made
