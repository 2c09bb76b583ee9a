"""The constraint components of SHACL Core, each as a value that checks and says what it reads.

Spec: SHACL section 4, whose order this module follows. What constraints of other shapes need is in model.py.
"""
# ruff: noqa: D102, ARG002  (the Protocol in model.py says what they do and take)

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyoxigraph import BlankNode, Literal, NamedNode

from qit4n_kg.namespaces import SH
from qit4n_kg.validation import literals
from qit4n_kg.validation.model import ClassRead, Finding
from qit4n_kg.validation.paths import Edge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from qit4n_kg.store.base import Term
    from qit4n_kg.validation.model import Evaluation, Read, Shape
    from qit4n_kg.validation.paths import Path


@dataclass(frozen=True)
class EachValue:
    """A test that every value node must pass and that reads nothing but the value (sections 4.1 to 4.4, sh:in)."""

    component: str
    is_passed: Callable[[Term], bool]

    def check(self, data: Evaluation, shape: Shape, focus: Term, values: Mapping[Term, None]) -> Iterator[Finding]:
        for value in values:
            if not self.is_passed(value):
                yield Finding(shape, self, focus, value)

    def reads(self, at: Path, values: Path) -> Iterable[Read]:
        return ()


# --- 4.1 value types ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class InstanceOf:
    """sh:class."""

    kind: Term
    component: str = f"{SH}ClassConstraintComponent"

    def check(self, data: Evaluation, shape: Shape, focus: Term, values: Mapping[Term, None]) -> Iterator[Finding]:
        for value in values:
            if isinstance(value, Literal) or self.kind not in data.kinds(value):
                yield Finding(shape, self, focus, value)

    def reads(self, at: Path, values: Path) -> Iterable[Read]:
        return (ClassRead(values, self.kind),)


def has_datatype(datatype: NamedNode) -> EachValue:
    """Make sh:datatype."""

    def is_passed(value: Term) -> bool:
        return isinstance(value, Literal) and value.datatype == datatype and literals.is_well_formed(value)

    return EachValue(f"{SH}DatatypeConstraintComponent", is_passed)


_NODE_KINDS: dict[str, tuple[type, ...]] = {
    "IRI": (NamedNode,),
    "BlankNode": (BlankNode,),
    "Literal": (Literal,),
    "BlankNodeOrIRI": (BlankNode, NamedNode),
    "BlankNodeOrLiteral": (BlankNode, Literal),
    "IRIOrLiteral": (NamedNode, Literal),
}


def has_node_kind(kind: str) -> EachValue:
    """Make sh:nodeKind of its local name, such as `IRI`."""
    types = _NODE_KINDS[kind]
    return EachValue(f"{SH}NodeKindConstraintComponent", lambda value: isinstance(value, types))


# --- 4.2 cardinality ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Count:
    """sh:minCount, sh:maxCount."""

    least: int = 0
    most: int | None = None

    @property
    def component(self) -> str:
        return f"{SH}{'Min' if self.most is None else 'Max'}CountConstraintComponent"

    def check(self, data: Evaluation, shape: Shape, focus: Term, values: Mapping[Term, None]) -> Iterator[Finding]:
        if len(values) < self.least or (self.most is not None and len(values) > self.most):
            yield Finding(shape, self, focus)

    def reads(self, at: Path, values: Path) -> Iterable[Read]:
        return ()


# --- 4.3 ranges, 4.4 strings ----------------------------------------------------------------------------------------------------


def in_range(name: str, bound: Term) -> EachValue:
    """Make sh:minInclusive and its like of the local name."""
    allowed = {"minExclusive": (1,), "minInclusive": (0, 1), "maxExclusive": (-1,), "maxInclusive": (-1, 0)}[name]
    return EachValue(
        f"{SH}{name[0].upper()}{name[1:]}ConstraintComponent", lambda value: literals.compare(value, bound) in allowed
    )


def has_length(least: int = 0, most: int | None = None) -> EachValue:
    """Make sh:minLength or sh:maxLength."""

    def is_passed(value: Term) -> bool:
        length = -1 if isinstance(value, BlankNode) else len(_text(value))
        return length >= least and (most is None or 0 <= length <= most)

    return EachValue(f"{SH}{'Min' if most is None else 'Max'}LengthConstraintComponent", is_passed)


def has_pattern(pattern: str, flags: str) -> EachValue:
    """Make sh:pattern of an XPath regular expression.

    :raises re.error: Python does not understand it.
    """
    names = {"i": re.IGNORECASE, "s": re.DOTALL, "m": re.MULTILINE, "x": re.VERBOSE}
    options = re.RegexFlag(0)
    for flag in flags:
        options |= names.get(flag, re.RegexFlag(0))
    search = re.compile(re.escape(pattern) if "q" in flags else pattern, options).search

    def is_passed(value: Term) -> bool:
        return not isinstance(value, BlankNode) and search(_text(value)) is not None

    return EachValue(f"{SH}PatternConstraintComponent", is_passed)


def has_language(ranges: tuple[str, ...]) -> EachValue:
    """Make sh:languageIn."""
    return EachValue(f"{SH}LanguageInConstraintComponent", lambda value: literals.matches_language(value, ranges))


@dataclass(frozen=True)
class UniqueLanguage:
    """sh:uniqueLang: one result for each language that is used twice."""

    component: str = f"{SH}UniqueLangConstraintComponent"

    def check(self, data: Evaluation, shape: Shape, focus: Term, values: Mapping[Term, None]) -> Iterator[Finding]:
        used = Counter(value.language.lower() for value in values if isinstance(value, Literal) and value.language)
        for times in used.values():
            if times > 1:
                yield Finding(shape, self, focus)

    def reads(self, at: Path, values: Path) -> Iterable[Read]:
        return ()


def _text(value: Term) -> str:
    assert isinstance(value, NamedNode | Literal)
    return value.value


# --- 4.5 pairs of properties ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pair:
    """sh:equals, sh:disjoint, sh:lessThan, sh:lessThanOrEquals, by their local name."""

    name: str
    predicate: NamedNode

    @property
    def component(self) -> str:
        return f"{SH}{self.name[0].upper()}{self.name[1:]}ConstraintComponent"

    def check(self, data: Evaluation, shape: Shape, focus: Term, values: Mapping[Term, None]) -> Iterator[Finding]:
        others = data.view.objects(focus, self.predicate)
        for value in self._wrong(values, others):
            yield Finding(shape, self, focus, value)

    def _wrong(self, values: Mapping[Term, None], others: Iterable[Term]) -> Iterator[Term]:
        if self.name == "equals":
            known = dict.fromkeys(others)
            yield from (value for value in values if value not in known)
            yield from (other for other in known if other not in values)
        elif self.name == "disjoint":
            yield from (other for other in others if other in values)
        else:
            allowed = (-1,) if self.name == "lessThan" else (-1, 0)
            others = list(others)
            yield from (v for v in values for other in others if literals.compare(v, other) not in allowed)

    def reads(self, at: Path, values: Path) -> Iterable[Read]:
        return (Edge(at, self.predicate, True),)


# --- 4.6 logic, 4.7 other shapes ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Logic:
    """sh:not, sh:and, sh:or, sh:xone and sh:node: how many of some shapes a value node must conform to."""

    name: str
    shapes: tuple[Shape, ...]

    @property
    def component(self) -> str:
        return f"{SH}{self.name[0].upper()}{self.name[1:]}ConstraintComponent"

    def check(self, data: Evaluation, shape: Shape, focus: Term, values: Mapping[Term, None]) -> Iterator[Finding]:
        for value in values:
            if not self._is_passed(data, value):
                yield Finding(shape, self, focus, value)

    def _is_passed(self, data: Evaluation, value: Term) -> bool:
        outcomes = (data.conforms(shape, value) for shape in self.shapes)
        if self.name == "or":
            return any(outcomes)
        if self.name == "xone":
            return sum(outcomes) == 1
        return not any(outcomes) if self.name == "not" else all(outcomes)

    def reads(self, at: Path, values: Path) -> Iterable[Read]:
        for shape in self.shapes:
            yield from shape.reads(values)


@dataclass(frozen=True)
class Property:
    """sh:property: its results are those of the property shape itself (section 4.7.2)."""

    shape: Shape
    component: str = f"{SH}PropertyConstraintComponent"

    def check(self, data: Evaluation, shape: Shape, focus: Term, values: Mapping[Term, None]) -> Iterator[Finding]:
        for value in values:
            yield from self.shape.validate(data, value)

    def reads(self, at: Path, values: Path) -> Iterable[Read]:
        return self.shape.reads(values)


@dataclass(frozen=True)
class Qualified:
    """sh:qualifiedValueShape with sh:qualifiedMinCount or sh:qualifiedMaxCount; `siblings` where they must be disjoint."""

    shape: Shape
    siblings: tuple[Shape, ...]
    least: int = 0
    most: int | None = None

    @property
    def component(self) -> str:
        return f"{SH}Qualified{'Min' if self.most is None else 'Max'}CountConstraintComponent"

    def check(self, data: Evaluation, shape: Shape, focus: Term, values: Mapping[Term, None]) -> Iterator[Finding]:
        count = sum(
            data.conforms(self.shape, value) and not any(data.conforms(sibling, value) for sibling in self.siblings)
            for value in values
        )
        if count < self.least or (self.most is not None and count > self.most):
            yield Finding(shape, self, focus)

    def reads(self, at: Path, values: Path) -> Iterable[Read]:
        for shape in (self.shape, *self.siblings):
            yield from shape.reads(values)


# --- 4.8 others -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Closed:
    """sh:closed with the properties that are allowed."""

    allowed: frozenset[NamedNode]
    component: str = f"{SH}ClosedConstraintComponent"

    def check(self, data: Evaluation, shape: Shape, focus: Term, values: Mapping[Term, None]) -> Iterator[Finding]:
        for value in values:
            for predicate, obj in data.view.about(value):
                if predicate not in self.allowed:
                    yield Finding(shape, self, focus, obj, predicate)

    def reads(self, at: Path, values: Path) -> Iterable[Read]:
        return (Edge(values, None, True),)


@dataclass(frozen=True)
class HasValue:
    """sh:hasValue."""

    value: Term
    component: str = f"{SH}HasValueConstraintComponent"

    def check(self, data: Evaluation, shape: Shape, focus: Term, values: Mapping[Term, None]) -> Iterator[Finding]:
        if self.value not in values:
            yield Finding(shape, self, focus)

    def reads(self, at: Path, values: Path) -> Iterable[Read]:
        return ()


def is_one_of(allowed: Iterable[Term]) -> EachValue:
    """Make sh:in."""
    terms = frozenset(allowed)
    return EachValue(f"{SH}InConstraintComponent", lambda value: value in terms)
