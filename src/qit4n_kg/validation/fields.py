"""The fields of a form about things of one class, read from the shapes, and a small shapes graph for the form; it reads no data.

A field is a property: what columns.py says of it, and the simple constraints of its property shapes. Paths of several steps, SPARQL
and what is said of several properties at once are left out: no field can show them, and the gate judges them anyway. The form's
shapes graph is made of ours each time, and says nothing that they don't: one node shape a class, named by the class, whose
properties stand in the order in which they are shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import rdflib
from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, serialize
from rdflib import SH

from qit4n_kg.namespaces import RDF, RDFS, STDORG_SHAPES, XSD
from qit4n_kg.namespaces import SH as SH_BASE
from qit4n_kg.reporting import from_rdflib
from qit4n_kg.validation.columns import LANGUAGE_TEXT, Column, in_order, joined, property_shapes, read_column
from qit4n_kg.validation.model import TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qit4n_kg.store.base import Term
    from qit4n_kg.validation.views import View

LABEL = NamedNode(f"{RDFS}label")
_LONG = ("description", "objective", "abstract", "note", "comment", "reason", "scope", "text")
_SIMPLE = ("pattern", "flags", "minLength", "maxLength", "minInclusive", "maxInclusive", "minExclusive", "maxExclusive")
_LISTS = ("in", "languageIn")
_INTEGER = NamedNode(f"{XSD}integer")


@dataclass(frozen=True)
class Field:
    """One property as a field; `facets` are constraints by their local names, `lists` those that are lists of values."""

    column: Column
    facets: tuple[tuple[str, Term], ...] = ()
    lists: tuple[tuple[str, tuple[Term, ...]], ...] = ()
    needs_english: bool = False
    is_general: bool = False
    """Whether it is one that anything may have, such as a description."""

    @property
    def has_language(self) -> bool:
        """Whether values are texts in a language."""
        return LANGUAGE_TEXT in self.column.datatypes

    @property
    def is_required(self) -> bool:
        """Whether a thing has to have it."""
        return self.column.is_required or self.needs_english

    @property
    def is_long(self) -> bool:
        """Whether a value may be several sentences."""
        local = self.column.predicate.value.rsplit("#", 1)[-1].rsplit("/", 1)[-1].lower()
        return not self.column.is_link and any(local.endswith(word) for word in _LONG)


def fields_of(shapes: rdflib.Graph, kind: NamedNode, axioms: View) -> tuple[Field, ...]:
    """Return the fields of a class in the order in which they are shown: the name, its own, its superclasses', anything's."""
    found: dict[NamedNode, Field] = {}
    waiting: dict[NamedNode, Field] = {}
    for shape, path in property_shapes(shapes, kind, axioms):
        if not isinstance(path, rdflib.URIRef):
            waiting |= {one.column.predicate: one for one in _alternatives(shapes, shape, path)}
            continue
        field = _read(shapes, shape, path)
        predicate = field.column.predicate
        found[predicate] = _together(found[predicate], field) if predicate in found else field
    found = found | {predicate: one for predicate, one in waiting.items() if predicate not in found}
    for shape, path in _general(shapes):
        field = replace(_read(shapes, shape, path), is_general=True)
        predicate = field.column.predicate
        if predicate in found:  # what holds of anything adds constraints, and neither name nor help
            found[predicate] = _together(found[predicate], replace(field, is_general=False))
        else:
            found[predicate] = field
    found.pop(TYPE, None)
    allowed = (field for field in found.values() if field.column.most != 0)  # the shapes forbid some properties
    return tuple(sorted(allowed, key=lambda field: field.column.predicate != LABEL))


def _alternatives(shapes: rdflib.Graph, shape: rdflib.term.Node, path: rdflib.term.Node) -> Iterator[Field]:
    """Yield a field for each property of which a thing needs one or another: none is needed by itself."""
    head = shapes.value(path, SH.alternativePath)
    for step in shapes.items(head) if head is not None else ():
        if isinstance(step, rdflib.URIRef):
            field = _read(shapes, shape, step)
            name = _words(str(step))
            if field.column.is_link or field.column.datatypes:  # else nothing says how to write a value
                yield replace(field, column=replace(field.column, name=name, is_required=False, most=None))


def _general(shapes: rdflib.Graph) -> Iterator[tuple[rdflib.term.Node, rdflib.URIRef]]:
    """Yield property shapes of whatever has the property that they are about."""
    for node in sorted(set(shapes.subjects(SH.targetSubjectsOf, None)), key=str):
        targets = set(shapes.objects(node, SH.targetSubjectsOf))
        for shape in in_order(shapes, shapes.objects(node, SH.property)):
            path = shapes.value(shape, SH.path)
            if isinstance(path, rdflib.URIRef) and path in targets:
                yield shape, path


def _read(shapes: rdflib.Graph, shape: rdflib.term.Node, path: rdflib.URIRef) -> Field:
    is_violation = shapes.value(shape, SH.severity) in (None, SH.Violation)
    facets = {
        name: from_rdflib(value)
        for name in (_SIMPLE if is_violation else ())
        if (value := shapes.value(shape, SH[name])) is not None
    }
    lists = {
        name: tuple(from_rdflib(value) for value in shapes.items(head))
        for name in _LISTS
        if (head := shapes.value(shape, SH[name])) is not None
    }
    qualified = (shape, SH.qualifiedMinCount, None) in shapes
    column = read_column(shapes, shape, path)
    return Field(
        column if is_violation else replace(column, is_required=False),
        tuple(facets.items()),
        tuple(lists.items()),
        needs_english=qualified and LANGUAGE_TEXT in column.datatypes,
    )


def _together(one: Field, other: Field) -> Field:
    """Put together what two shapes say; a constraint that both have is left to the gate, except where one is the class's own."""
    column = replace(joined(one.column, other.column), name=one.column.name, help=one.column.help or other.column.help)
    return Field(
        column,
        tuple({**dict(other.facets), **dict(one.facets)}.items()),
        tuple({**dict(other.lists), **dict(one.lists)}.items()),
        one.needs_english or other.needs_english,
        one.is_general and other.is_general,
    )


def shapes_graph(kinds: Iterable[tuple[NamedNode, Iterable[Field]]]) -> str:
    """Write the shapes graph of a form, as N-Triples: for each class its fields, in their order."""
    triples: list[Triple] = []
    number = 0
    for kind, fields in kinds:
        triples.append(Triple(kind, TYPE, _sh("NodeShape")))
        triples.append(Triple(kind, TYPE, NamedNode(f"{RDFS}Class")))
        for field in fields:
            number += 1
            shape = NamedNode(f"{STDORG_SHAPES}form-{number}")
            triples.append(Triple(kind, _sh("property"), shape))
            triples += _field(shape, field)
    return (serialize(triples, format=RdfFormat.N_TRIPLES) or b"").decode()


def _field(shape: NamedNode, field: Field) -> Iterator[Triple]:
    column = field.column
    yield Triple(shape, _sh("path"), column.predicate)
    yield Triple(shape, _sh("name"), Literal(column.name))
    if column.help:
        yield Triple(shape, _sh("message"), Literal(column.help))
    if field.is_required:
        yield Triple(shape, _sh("minCount"), Literal("1", datatype=_INTEGER))
    if column.most is not None:
        yield Triple(shape, _sh("maxCount"), Literal(str(column.most), datatype=_INTEGER))
    if column.is_link:
        yield Triple(shape, _sh("nodeKind"), _sh("IRI"))
    elif len(column.datatypes) == 1:
        yield Triple(shape, _sh("datatype"), NamedNode(column.datatypes[0]))
    for name, value in field.facets:
        yield Triple(shape, _sh(name), value)
    for name, values in field.lists:
        yield from _list(shape, _sh(name), values)


def _words(iri: str) -> str:
    """Turn a term's name into words.

    >>> _words("https://w3id.org/stdorg/ns#workingGroupOf")
    'working group of'
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", iri.rsplit("#", 1)[-1].rsplit("/", 1)[-1]).lower()


def _list(subject: NamedNode, predicate: NamedNode, values: Iterable[Term]) -> Iterator[Triple]:
    nodes = [(BlankNode(), value) for value in values]
    heads: list[Term] = [node for node, _ in nodes]
    heads.append(NamedNode(f"{RDF}nil"))
    yield Triple(subject, predicate, heads[0])
    for place, (node, value) in enumerate(nodes):
        yield Triple(node, NamedNode(f"{RDF}first"), value)
        yield Triple(node, NamedNode(f"{RDF}rest"), heads[place + 1])


def _sh(local: str) -> NamedNode:
    return NamedNode(f"{SH_BASE}{local}")
