"""What a loss report says, for programs and for people: why facts are lost first, then of which classes, then which properties."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import Enum
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qit4n_kg.exports.making import LeftOut

MOST_LISTED = 5_000
"""How many lost facts a report lists, and how many things left out; it counts them all."""

_MOST_NAMED = 10
_WIDTH = 44


class Reason(Enum):
    """Why a fact is lost; the first that fits, in the order in which they matter to whoever reads the file."""

    PROPERTY = "property"
    VALUE = "value"
    LEFT_OUT = "left-out"
    THING = "thing"
    CLASS = "class"

    @property
    def title(self) -> str:
        """The reason in few words."""
        return _TITLES[self]

    @property
    def meaning(self) -> str:
        """The reason in words."""
        return _MEANINGS[self]


_TITLES = {
    Reason.PROPERTY: "No field for the property",
    Reason.VALUE: "Another value is held",
    Reason.LEFT_OUT: "Left out as a whole",
    Reason.THING: "Nothing leads to the thing",
    Reason.CLASS: "No place for the class",
}
_MEANINGS = {
    Reason.PROPERTY: "The thing is in the file, this property is not: the mapping has no field for it.",
    Reason.VALUE: "The thing and this property are in the file, this value is not.",
    Reason.LEFT_OUT: "The format can't hold the thing as it is; why is said of each.",
    Reason.THING: "The thing is not in the file, others of its class are: nothing in the file leads to it.",
    Reason.CLASS: "Nothing of this class is in the file: the mapping has no place for it.",
}


@dataclass(frozen=True)
class Field:
    """A property of the things of one class: how many facts it has, and how many of them have no place in the format."""

    kind: str
    property: str
    facts: int
    lost: int


@dataclass(frozen=True)
class Lost:
    """Facts of one class that are lost for one reason: of how many of its things, and by property how many."""

    reason: Reason
    kind: str
    things: int
    of_things: int
    properties: tuple[tuple[str, int], ...]

    @property
    def facts(self) -> int:
        """How many facts."""
        return sum(count for _, count in self.properties)


@dataclass(frozen=True)
class Evidence:
    """Who says so: statements in named graphs, how many such graphs, and how many of the statements are overruled."""

    statements: int
    graphs: int
    overruled: int
    is_carried: bool
    """Whether the format keeps which graph states what."""


@dataclass(frozen=True)
class LostFact:
    """One fact that is lost; the class is that of its subject, names are prefixed where a prefix is known."""

    reason: str
    kind: str
    subject: str
    property: str
    value: str


@dataclass(frozen=True)
class LossReport:
    """What an export does not hold. `groups` and `listed` are in the order of reasons, the largest class first."""

    name: str
    facts: int
    lost: int
    evidence: Evidence
    fields: tuple[Field, ...]
    groups: tuple[Lost, ...]
    left_out: tuple[LeftOut, ...]
    listed: tuple[LostFact, ...]

    @property
    def is_complete(self) -> bool:
        """Whether every lost fact is listed."""
        return len(self.listed) == self.lost

    def by_reason(self) -> Iterator[tuple[Reason, list[Lost]]]:
        """Yield each reason for which something is lost."""
        for reason, groups in groupby(self.groups, key=lambda group: group.reason):
            yield reason, list(groups)

    def to_json(self) -> str:
        """Write it as a JSON document."""
        document: dict[str, Any] = {
            "export": self.name,
            "facts": self.facts,
            "carried": self.facts - self.lost,
            "lost": self.lost,
            "evidence": {
                "statements": self.evidence.statements,
                "namedGraphs": self.evidence.graphs,
                "overruled": self.evidence.overruled,
                "carried": self.evidence.is_carried,
            },
            "reasons": [_reason(reason, groups) for reason, groups in self.by_reason()],
            "leftOutCount": len(self.left_out),
            "leftOut": [{"thing": one.iri, "reason": one.reason} for one in self.left_out[:MOST_LISTED]],
            "fields": [
                {"class": f.kind, "property": f.property, "facts": f.facts, "lost": f.lost} for f in self.fields
            ],
            "complete": self.is_complete,
            "lostFacts": [_renamed(asdict(fact)) for fact in self.listed],
        }
        return json.dumps(document, ensure_ascii=False, indent=1) + "\n"

    def to_text(self) -> str:
        """Write it for people: the reasons, then what is lost for each, the largest class first."""
        lost = f"{self.lost:,} are lost, because:" if self.lost else "none is lost."
        lines = [f"{self.name} holds {self.facts - self.lost:,} of {self.facts:,} facts; {lost}"]
        for reason, groups in self.by_reason():
            lines.append(f"{sum(group.facts for group in groups):>8,}  {reason.value:<9} {reason.meaning}")
        lines += ["", "A fact is a statement of a source passage, reference data or a contribution in force."]
        said = self.evidence
        if not said.is_carried:
            lines.append(
                f"Who says so is not in it either: {said.statements:,} statements in {said.graphs:,} named graphs, "
                f"{said.overruled:,} of them overruled."
            )
        for reason, groups in self.by_reason():
            lines += ["", f"{reason.value}: {reason.meaning}", *self._details(reason, groups)]
        if self.left_out and all(group.reason is not Reason.LEFT_OUT for group in self.groups):
            lines += ["", "Not held as it is:", *self._left_out()]
        return "\n".join([*lines, ""])

    def _details(self, reason: Reason, groups: list[Lost]) -> Iterator[str]:
        if reason is Reason.LEFT_OUT:
            yield from self._left_out()
        for group in groups:
            yield f"  {group.kind:<{_WIDTH}}{group.facts:>8,}  in {_things(group)}"
            if reason in (Reason.PROPERTY, Reason.VALUE):
                yield from (f"    {name:<{_WIDTH - 2}}{count:>8,}" for name, count in group.properties)

    def _left_out(self) -> Iterator[str]:
        for reason in sorted({one.reason for one in self.left_out}):
            away = [one.iri for one in self.left_out if one.reason == reason]
            yield f"  {len(away):,}: {reason}"
            yield from (f"    {iri}" for iri in away[:_MOST_NAMED])
            if len(away) > _MOST_NAMED:
                yield f"    and {len(away) - _MOST_NAMED:,} more"


def _things(group: Lost) -> str:
    """Say how many things, and of how many.

    >>> _things(Lost(Reason.THING, "stdorg:Person", 7, 32, ()))
    '7 of 32 things'
    """
    all_of_it = "1 thing" if group.of_things == 1 else f"{group.of_things:,} things"
    return all_of_it if group.things == group.of_things else f"{group.things:,} of {all_of_it}"


def _reason(reason: Reason, groups: list[Lost]) -> dict[str, Any]:
    return {
        "reason": reason.value,
        "title": reason.title,
        "meaning": reason.meaning,
        "facts": sum(group.facts for group in groups),
        "classes": [
            {
                "class": group.kind,
                "facts": group.facts,
                "things": group.things,
                "ofThings": group.of_things,
                "properties": dict(group.properties),
            }
            for group in groups
        ],
    }


def _renamed(fact: dict[str, str]) -> dict[str, str]:
    """`class` is no name in Python."""
    return {"class" if name == "kind" else name: value for name, value in fact.items()}
