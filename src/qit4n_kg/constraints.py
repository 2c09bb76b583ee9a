"""What the shapes ask of a term, in words: how many values, of which kind, and the message who breaks it gets; no HTTP.

Reads the shape files themselves, because a generation does not hold them. What is too particular for a few words (a SPARQL
constraint, a negation) is told by the shape's message alone.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pyoxigraph
from pyoxigraph import Literal, NamedNode

from qit4n_kg.errors import SourceError
from qit4n_kg.namespaces import RDF, RDFS, SH, compact

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from qit4n_kg.store.base import Term

_DATATYPES = {
    "xsd:string": "a text",
    "rdf:langString": "a text with its language",
    "xsd:integer": "a whole number",
    "xsd:decimal": "a decimal number",
    "xsd:boolean": "true or false",
    "xsd:date": "a date",
    "xsd:dateTime": "a date with a time",
    "xsd:time": "a time of day",
    "xsd:gYearMonth": "a month of a year",
    "xsd:gYear": "a year",
    "xsd:anyURI": "an address",
}
_PAIRS = {
    "lessThanOrEquals": "not after or above {}",
    "lessThan": "before or below {}",
    "equals": "the same as {}",
    "disjoint": "other than {}",
}


@dataclass(frozen=True)
class Constraint:
    """One property shape at the classes, or the subjects of properties, that it is for.

    `terms` are the properties on its path; `inverse` says that it counts what points to the thing. `least` and `most` are None
    where there is no bound.
    """

    shape: str
    name: str
    classes: tuple[str, ...]
    subjects_of: tuple[str, ...]
    terms: tuple[str, ...]
    is_inverse: bool
    least: int | None
    most: int | None
    values: str
    severity: str
    message: str

    @property
    def how_many(self) -> str:
        """How many values there are to be.

        >>> Constraint("", "", (), (), (), False, 1, None, "", "Violation", "").how_many
        'at least one'
        """
        if self.least and self.least == self.most:
            return "exactly one" if self.least == 1 else f"exactly {self.least}"
        least = {0: "", 1: "at least one"}.get(self.least or 0, f"at least {self.least}")
        most = "" if self.most is None else {0: "none", 1: "at most one"}.get(self.most, f"at most {self.most}")
        return " and ".join(filter(None, (least, most))) or "any number"

    @property
    def is_required(self) -> bool:
        """Whether a thing without it does not conform."""
        return bool(self.least) and self.severity == "Violation"


class Constraints:
    """The shapes of a folder, by class and by property."""

    def __init__(self, folder: Path) -> None:
        self._facts: dict[Term, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
        for path in sorted(folder.glob("*.ttl")):
            try:
                quads = pyoxigraph.parse(path.read_bytes(), format=pyoxigraph.RdfFormat.TURTLE, rename_blank_nodes=True)
                for quad in quads:
                    self._facts[quad.subject][quad.predicate.value].append(quad.object)
            except (OSError, SyntaxError) as exc:
                raise SourceError(f"The shapes can't be read: {exc}", path=path) from exc

    @cached_property
    def all(self) -> tuple[Constraint, ...]:
        """Every property shape of a node shape with a target, in the order of the files' statements."""
        return tuple(constraint for node in list(self._facts) for constraint in self._of_node(node))

    @cached_property
    def by_class(self) -> dict[str, list[Constraint]]:
        """What the things of a class must, should and may have."""
        found: dict[str, list[Constraint]] = defaultdict(list)
        for constraint in self.all:
            for iri in constraint.classes:
                found[iri].append(constraint)
        return found

    @cached_property
    def by_property(self) -> dict[str, list[Constraint]]:
        """Where the values of a property are constrained."""
        found: dict[str, list[Constraint]] = defaultdict(list)
        for constraint in self.all:
            for iri in dict.fromkeys((*constraint.terms, *(constraint.subjects_of if not constraint.terms else ()))):
                found[iri].append(constraint)
        return found

    def _of_node(self, node: Term) -> Iterator[Constraint]:
        facts = self._facts[node]
        classes, subjects = _iris(facts[f"{SH}targetClass"]), _iris(facts[f"{SH}targetSubjectsOf"])
        if not classes and not subjects:
            return
        for shape in facts.get(f"{SH}property", ()):
            yield self._constraint(shape, classes, subjects)
        if not facts.get(f"{SH}property") and facts.get(f"{SH}message"):
            yield self._constraint(node, classes, subjects)

    def _constraint(self, shape: Term, classes: tuple[str, ...], subjects: tuple[str, ...]) -> Constraint:
        facts = self._facts[shape]
        terms, is_inverse = self._path(facts.get(f"{SH}path", []))
        severity = next(iter(_iris(facts.get(f"{SH}severity", []))), f"{SH}Violation").removeprefix(SH)
        least = max(_number(facts, "minCount") or 0, _number(facts, "qualifiedMinCount") or 0)
        return Constraint(
            shape=shape.value if isinstance(shape, NamedNode) else "",
            name=_text(facts, f"{SH}name") or _text(facts, f"{RDFS}label"),
            classes=classes,
            subjects_of=subjects,
            terms=terms,
            is_inverse=is_inverse,
            least=least or None,
            most=_number(facts, "maxCount"),
            values=self._values(facts),
            severity=severity,
            message=_text(facts, f"{SH}message"),
        )

    def _path(self, found: list[Term]) -> tuple[tuple[str, ...], bool]:
        """Return every property on a path, and whether it goes backwards."""
        iris: list[str] = []
        is_inverse = False
        todo = list(found)
        while todo:
            step = todo.pop(0)
            if isinstance(step, NamedNode):
                iris += [] if step.value == f"{RDF}nil" else [step.value]
                continue
            facts = self._facts[step]
            is_inverse = is_inverse or f"{SH}inversePath" in facts
            todo = [term for terms in list(facts.values()) for term in terms] + todo
        return tuple(dict.fromkeys(iris)), is_inverse

    def _values(self, facts: dict[str, list[Term]]) -> str:
        """Say what a value is to be, as far as a few words can."""
        said = [*(self._kind(facts)), *self._choice(facts)]
        low, high = _text(facts, f"{SH}minInclusive"), _text(facts, f"{SH}maxInclusive")
        if low and high:
            said.append(f"from {low} to {high}")
        elif low or high:
            said.append(f"{low} or more" if low else f"{high} or less")
        said += [f"at most {n} characters" for n in (_text(facts, f"{SH}maxLength"),) if n]
        said += [
            words.format(compact(iri)) for name, words in _PAIRS.items() for iri in _iris(facts.get(f"{SH}{name}", []))
        ]
        said += ["one a language"] if f"{SH}uniqueLang" in facts else []
        return ", ".join(said)

    def _kind(self, facts: dict[str, list[Term]]) -> Iterator[str]:
        for iri in _iris(facts.get(f"{SH}datatype", [])):
            yield _DATATYPES.get(compact(iri), compact(iri))
        for iri in _iris(facts.get(f"{SH}class", [])):
            yield f"of class {compact(iri)}"
        for iri in _iris(facts.get(f"{SH}nodeKind", [])):
            yield {f"{SH}IRI": "an IRI", f"{SH}Literal": "a literal"}.get(iri, compact(iri))

    def _choice(self, facts: dict[str, list[Term]]) -> Iterator[str]:
        for head in facts.get(f"{SH}or", []):
            names = [_text(self._facts[item], f"{RDFS}label") for item in self._items(head)]
            yield " or ".join(f"{name[:1].lower()}{name[1:]}" for name in names if name)
        for head in facts.get(f"{SH}in", []):
            yield f"one of {', '.join(_shown(item) for item in self._items(head))}"

    def _items(self, head: Term) -> Iterator[Term]:
        while (cell := self._facts.get(head)) is not None and f"{RDF}first" in cell:
            yield cell[f"{RDF}first"][0]
            head = cell[f"{RDF}rest"][0]


def _iris(terms: list[Term]) -> tuple[str, ...]:
    return tuple(term.value for term in terms if isinstance(term, NamedNode))


def _text(facts: dict[str, list[Term]], predicate: str) -> str:
    return next((term.value for term in facts.get(predicate, ()) if isinstance(term, Literal)), "")


def _number(facts: dict[str, list[Term]], name: str) -> int | None:
    text = _text(facts, f"{SH}{name}")
    return int(text) if text else None


def _shown(term: Term) -> str:
    return compact(term.value) if isinstance(term, NamedNode) else str(getattr(term, "value", term))
