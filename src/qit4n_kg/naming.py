"""What a person is called, found in texts and taken out of them; pure, knows no statement.

A whole name is taken out however its words are ordered and spaced: "Zoe Quux", "QUUX Zoe", "Quux, Zoe". A family name alone may be
another person's or an ordinary word: it is only found. Whoever decides may name it as a further spelling.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

TOMBSTONE = "(redacted)"
_AROUND = 24
_SHORTEST = 4
"""Below so many letters a single word is found only as it is written: Lee, not "lee"."""


@dataclass(frozen=True)
class Naming:
    """The spellings of whole names, single names that are only looked for, and addresses of mail and pages."""

    names: tuple[str, ...]
    parts: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, labels: Iterable[str], given: Iterable[str], families: Iterable[str], addresses: Iterable[str]
    ) -> Naming:
        """Make it of what is stated: labels and other whole names, given names, family names."""
        given, families = set(given), set(families)
        labels = {label for label in labels if any(letter.isalpha() for letter in label)}
        names: set[str] = set()
        parts = set(families)
        for label in labels | {f"{first} {last}" for first in given for last in families}:
            words = label.replace(",", " ").split()
            if len(words) < 2:
                parts.update(words)
                continue
            names.update((label, " ".join([words[-1], *words[:-1]]), " ".join([*words[1:], words[0]])))
            if not families:
                parts.update(word for word in words if len(word) >= _SHORTEST and word[0].isupper())
        return cls(tuple(sorted(names)), tuple(sorted(parts)), tuple(sorted(set(addresses))))

    def also(self, spellings: Iterable[str]) -> Naming:
        """Return it with further spellings that are taken out."""
        return Naming((*self.names, *spellings), self.parts, self.addresses)

    def clean(self, text: str) -> str:
        """Take whole names and addresses out of a text.

        >>> Naming.of(["Zoe Quux"], [], [], ["zoe@quux.example"]).clean("Ask QUUX, Zoe (zoe@quux.example), not Quux & Co")
        'Ask (redacted) ((redacted)), not Quux & Co'
        """
        return self._whole.sub(TOMBSTONE, text) if self._whole else text

    def hint_in(self, text: str) -> str | None:
        """Return where a text has a single name of the person, with some words around it; None where it has none.

        >>> naming = Naming.of(["Zoe Quux"], ["Zoe"], ["Quux"], [])
        >>> naming.hint_in("QUUX told me"), naming.hint_in("Zoe told me")
        ('QUUX told me', None)
        """
        found = self._single.search(text) if self._single else None
        if found is None:
            return None
        start, end = max(0, found.start() - _AROUND), found.end() + _AROUND
        return f"{'…' if start else ''}{' '.join(text[start:end].split())}{'…' if end < len(text) else ''}"

    def is_in_iri(self, iri: str) -> bool:
        """Tell whether an IRI is made of a whole name.

        >>> Naming.of(["Zoë Quux"], [], [], []).is_in_iri("https://example.org/person/zoe-quux")
        True
        """
        return bool(self._slugs and self._slugs.search(iri.lower()))

    @cached_property
    def _whole(self) -> re.Pattern[str] | None:
        spaced = (r"[\s,]+".join(map(re.escape, re.split(r"[\s,]+", name.strip(" ,")))) for name in self.names)
        return _any_of([*map(re.escape, self.addresses), *spaced], re.IGNORECASE)

    @cached_property
    def _single(self) -> re.Pattern[str] | None:
        short = {form for part in self.parts if len(part) < _SHORTEST for form in (part, part.upper())}
        forms = [f"(?i:{re.escape(part)})" for part in self.parts if len(part) >= _SHORTEST]
        forms += map(re.escape, short)
        return _any_of(forms)

    @cached_property
    def _slugs(self) -> re.Pattern[str] | None:
        return _any_of([re.escape(slug) for name in self.names if len(slug := slug_of(name)) >= _SHORTEST])


def slug_of(name: str) -> str:
    """Return a name as IRIs are made of it.

    >>> slug_of("Zoë van Quux")
    'zoe-van-quux'
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall("[a-z0-9]+", plain))


def _any_of(forms: list[str], flags: int = 0) -> re.Pattern[str] | None:
    """Match any of the forms, the longest first, as whole words."""
    ordered = sorted(filter(None, forms), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(ordered)})(?!\w)", flags) if ordered else None
