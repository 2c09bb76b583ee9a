"""How to cite one thing as a generation of the graph has it: text, BibTeX, CSL-JSON, RIS; pure, no HTTP.

Only what is known goes in: no author is named where the graph has none. Specs: CSL-JSON 1.0.2; the RIS format of 2011.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime
    from collections.abc import Sequence

_SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
_SPECIAL |= {char: f"\\{char}" for char in "&%$#_{}"}
_LONGEST = 500


@dataclass(frozen=True)
class Citation:
    """What a citation says; `pinned` is the address of exactly this state, for as long as the server keeps it."""

    title: str
    iri: str
    pinned: str
    collection: str
    license: str
    """Empty where none is stated."""
    generation: int
    dataset: str
    built: datetime.date
    documents: Sequence[str] = ()

    @property
    def key(self) -> str:
        """A short name of its own.

        >>> import datetime
        >>> Citation("A", "https://w3id.org/qit4n/id/person/a-b", "", "", "", 3, "", datetime.date(2026, 1, 2)).key
        'qit4n-person-a-b-g3'
        """
        local = self.iri.partition("://")[2].partition("/")[2].replace("/id/", "/")
        return f"{re.sub(r'[^A-Za-z0-9]+', '-', local).strip('-') or 'thing'}-g{self.generation}"

    @property
    def note(self) -> str:
        """Which state of the data it is, and what it follows."""
        based = f" From: {'; '.join(self.documents)}." if self.documents else ""
        return f"Generation {self.generation}, dataset {self.dataset}.{based}"

    @property
    def _remark(self) -> str:
        return f"{self.note} {self.license}".rstrip()

    def text(self) -> str:
        """Write it as a sentence or two."""
        day = f"{self.built.day} {self.built:%B %Y}"
        state = f"{self.collection}, generation {self.generation} of {day}"
        under = f" {self.license}." if self.license else ""
        return f"“{_line(self.title)}.” {state}. {self.iri} ({self.pinned}).{under}\n"

    def bibtex(self) -> str:
        """Write it as BibTeX."""
        fields = {
            "title": f"{{{{{_tex(self.title)}}}}}",
            "publisher": f"{{{{{_tex(self.collection)}}}}}",
            "howpublished": f"{{{_tex(self.collection)}}}",
            "year": f"{{{self.built.year}}}",
            "month": f"{{{self.built.month}}}",
            "url": f"{{{self.pinned}}}",
            "note": f"{{{_tex(self.iri)}. {_tex(self._remark)}}}",
        }
        lines = ",\n".join(f"  {name} = {value}" for name, value in fields.items())
        return f"@misc{{{self.key},\n{lines}\n}}\n"

    def csl(self) -> str:
        """Write it as CSL-JSON."""
        item = {
            "id": self.key,
            "type": "dataset",
            "title": self.title,
            "container-title": self.collection,
            "issued": {"date-parts": [[self.built.year, self.built.month, self.built.day]]},
            "version": str(self.generation),
            "URL": self.pinned,
            "archive_location": self.iri,
            "note": self._remark,
        }
        return json.dumps([item], ensure_ascii=False, indent=1) + "\n"

    def ris(self) -> str:
        """Write it as RIS: a tag, two spaces, a hyphen, a space and the value."""
        pairs = [
            ("TY", "DATA"),
            ("TI", self.title),
            ("T2", self.collection),
            ("PY", str(self.built.year)),
            ("DA", f"{self.built:%Y/%m/%d}"),
            ("ET", str(self.generation)),
            ("UR", self.pinned),
            ("UR", self.iri),
            ("N1", self._remark),
        ]
        return "".join(f"{tag}  - {_line(value)}\r\n" for tag, value in pairs) + "ER  - \r\n"


def _line(text: str) -> str:
    return " ".join(text.split())[:_LONGEST]


def _tex(text: str) -> str:
    return "".join(_SPECIAL.get(char, char) for char in _line(text))
