"""The loss report: which facts have no place in a format, computed from the graph and from what the export takes of it.

A fact is a statement that a graph in force states (a source passage, reference data, a contribution); what is entailed
follows from facts and is not counted. A fact is carried when the export's query takes it and the format did not leave its
subject out. A format module whose query takes no statements (tables) says itself what is carried, by a function `carried`.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pyoxigraph import DefaultGraph, Literal, NamedNode, Triple

from qit4n_kg.exports.making import make, module_of
from qit4n_kg.namespaces import RDF, STDORG, compact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qit4n_kg.exports.making import LeftOut, Material
    from qit4n_kg.store.base import Term

    Carried = Callable[[Triple], bool]

MOST_LISTED = 5_000
"""How many lost facts a report lists; it counts them all."""

_MOST_NAMED = 10
_TYPE = NamedNode(f"{RDF}type")
_OVERRULED = NamedNode(f"{STDORG}OverruledGraph")
_NO_CLASS = "(no class)"


@dataclass(frozen=True)
class Field:
    """A property of the things of one class: how many facts it has, and how many of them have no place in the format."""

    kind: str
    property: str
    facts: int
    lost: int


@dataclass(frozen=True)
class Evidence:
    """Who says so: statements in named graphs, how many such graphs, and how many of the statements are overruled."""

    statements: int
    graphs: int
    overruled: int
    is_carried: bool
    """Whether the format keeps which graph states what."""


@dataclass(frozen=True)
class LossReport:
    """What an export does not hold. `listed` are lost facts, subject, property and value; `is_complete` tells whether it is all."""

    name: str
    facts: int
    lost: int
    evidence: Evidence
    fields: tuple[Field, ...]
    left_out: tuple[LeftOut, ...]
    listed: tuple[tuple[str, str, str], ...]

    @property
    def is_complete(self) -> bool:
        """Whether every lost fact is listed."""
        return len(self.listed) == self.lost

    def to_json(self) -> str:
        """Write it as a JSON document."""
        fields = [{"class": f.kind, "property": f.property, "facts": f.facts, "lost": f.lost} for f in self.fields]
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
            "fields": fields,
            "leftOutCount": len(self.left_out),
            "leftOut": [{"thing": one.iri, "reason": one.reason} for one in self.left_out[:MOST_LISTED]],
            "complete": self.is_complete,
            "lostFacts": [list(fact) for fact in self.listed],
        }
        return json.dumps(document, ensure_ascii=False, indent=1) + "\n"

    def to_text(self) -> str:
        """Write it for people: the fields that lose something, by class."""
        lines = [
            f"{self.name}: {self.facts - self.lost} of {self.facts} facts have a place in it, {self.lost} have none."
        ]
        said = self.evidence
        if not said.is_carried:
            lines.append(
                f"Who says so is not in it: {said.statements} statements in {said.graphs} named graphs, "
                f"{said.overruled} of them overruled."
            )
        if self.left_out:
            lines += ["", f"Left out as a whole: {len(self.left_out)}"]
            for reason in sorted({one.reason for one in self.left_out}):
                away = [one.iri for one in self.left_out if one.reason == reason]
                more = [f"    and {len(away) - _MOST_NAMED} more"] if len(away) > _MOST_NAMED else []
                lines += [f"  {len(away)}: {reason}", *(f"    {iri}" for iri in away[:_MOST_NAMED]), *more]
        without: list[str] = []
        for kind, fields in self.by_class().items():
            lost, facts = sum(field.lost for field in fields), sum(field.facts for field in fields)
            if lost == facts:
                without.append(f"  {kind:<36} {lost:>7}")
            elif lost:
                lines += ["", f"{kind}: {lost} of {facts} lost"]
                lines += [f"  {field.property:<36} {field.lost:>7} of {field.facts}" for field in fields if field.lost]
        return "\n".join([*lines, *(["", "No place for things of these classes:", *without] if without else []), ""])

    def by_class(self) -> dict[str, list[Field]]:
        """Return the fields by class."""
        found: dict[str, list[Field]] = {}
        for field in self.fields:
            found.setdefault(field.kind, []).append(field)
        return found


class _Nowhere:
    """A file that forgets."""

    def write(self, data: bytes) -> int:
        return len(data)

    def flush(self) -> None:
        pass


def report_loss(material: Material) -> LossReport:
    """Make an export, forget it, and tell what it did not hold.

    :raises NotFoundError: the graph has nothing that its argument could mean.
    """
    make(material, cast("Any", _Nowhere()))
    is_carried = _carried(material)
    away = {one.iri for one in material.left_out}
    kinds = _Kinds(material)
    counted: Counter[tuple[str, str]] = Counter()
    lost: Counter[tuple[str, str]] = Counter()
    listed: list[tuple[str, str, str]] = []
    for fact in facts_of(material):
        subject = cast("NamedNode", fact.subject)
        field = (kinds.of(subject), compact(fact.predicate.value))
        counted[field] += 1
        if subject.value not in away and is_carried(fact):
            continue
        lost[field] += 1
        if len(listed) < MOST_LISTED:
            listed.append((subject.value, field[1], _shown(fact.object)))
    fields = (Field(*field, counted[field], lost[field]) for field in counted)
    return LossReport(
        name=material.wanted.name,
        facts=counted.total(),
        lost=lost.total(),
        evidence=_evidence(material),
        fields=tuple(sorted(fields, key=lambda f: (f.kind == _NO_CLASS, f.kind, f.property))),
        left_out=tuple(sorted(material.left_out, key=lambda one: (one.iri, one.reason))),
        listed=tuple(sorted(listed)),
    )


def facts_of(material: Material) -> Iterator[Triple]:
    """Yield each statement of the graphs in force once; of the default graph where no graph is described."""
    graphs: list[NamedNode | DefaultGraph] = [
        cast("NamedNode", row[0]) for row in material.rows("exports/stating-graphs")
    ]
    seen: set[int] = set()  # hashes only: at a million statements a tenth of the memory
    for graph in graphs or [DefaultGraph()]:
        for quad in material.store.quads(graph=graph):
            fact = Triple(quad.subject, quad.predicate, quad.object)
            key = hash(fact)
            if key not in seen and isinstance(quad.subject, NamedNode):
                seen.add(key)
                yield fact


def _evidence(material: Material) -> Evidence:
    """Count what named graphs state; a format module whose files keep the graphs names these in `WITH_GRAPHS`."""
    store = material.store
    overruled = {quad.subject for quad in store.quads(None, _TYPE, _OVERRULED, DefaultGraph())}
    counts = {graph: sum(1 for _ in store.quads(graph=graph)) for graph in store.graphs()}
    return Evidence(
        statements=sum(counts.values()),
        graphs=len(counts),
        overruled=sum(count for graph, count in counts.items() if graph in overruled),
        is_carried=material.wanted.name in getattr(module_of(material.wanted), "WITH_GRAPHS", ()),
    )


def _carried(material: Material) -> Carried:
    own = getattr(module_of(material.wanted), "carried", None)
    if own is not None:
        return cast("Carried", own(material))
    return set(material.statements()).__contains__


class _Kinds:
    """Finds what a thing is called in the report: its class with the fewest members, which is the most specific one."""

    def __init__(self, material: Material) -> None:
        self._types: dict[str, list[str]] = {}
        sizes: Counter[str] = Counter()
        for quad in material.store.quads(None, _TYPE, None, DefaultGraph()):
            if isinstance(quad.object, NamedNode) and isinstance(quad.subject, NamedNode):
                self._types.setdefault(quad.subject.value, []).append(quad.object.value)
                sizes[quad.object.value] += 1
        self._sizes = sizes

    def of(self, subject: NamedNode) -> str:
        """Return the class of a thing, prefixed."""
        types = self._types.get(subject.value, ())
        own = [iri for iri in types if iri.startswith(STDORG)] or types
        return compact(min(own, key=lambda iri: (self._sizes[iri], iri))) if own else _NO_CLASS


def _shown(term: Term) -> str:
    return term.value if isinstance(term, Literal | NamedNode) else str(term)
