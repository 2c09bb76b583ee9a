"""The columns of a table about the things of one class, read from the shapes; it reads no table.

A table has one class, one row a thing and one column a property. Its first row has headings for people; its second row begins with
`#` and says what they mean (hidden in a spreadsheet): `#stdorg:RoleHeld`, then a property for each column, as in Turtle, with `@en`
or `^^xsd:date` behind it where the shapes leave that open, or `#` for a column that is not read. The first column has the things'
IRIs. Without that row, headings are looked up among the properties' names. docs/checking.md tells it to people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import rdflib
from pyoxigraph import NamedNode
from rdflib import RDF, SH

from qit4n_kg.namespaces import RDF as RDF_BASE
from qit4n_kg.namespaces import XSD, compact
from qit4n_kg.validation.model import SUBCLASS
from qit4n_kg.validation.paths import Repeat, Step, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qit4n_kg.validation.views import View

LANGUAGE_TEXT = f"{RDF_BASE}langString"


@dataclass(frozen=True)
class Column:
    """What the shapes say of one property: its name, and of its values datatypes, classes, number and whether they have a language.

    `is_link` tells that values are things. `datatypes` are in the order in which a text is tried to be one.
    """

    predicate: NamedNode
    name: str
    datatypes: tuple[str, ...] = ()
    kinds: tuple[NamedNode, ...] = ()
    is_link: bool = False
    is_required: bool = False
    most: int | None = None
    help: str | None = None

    @property
    def code(self) -> str:
        """How the second row writes it."""
        return compact(self.predicate.value)


def columns_of(shapes: rdflib.Graph, kind: NamedNode, axioms: View) -> tuple[Column, ...]:
    """Return the columns of a class, those that its superclasses bring included, in the order of the shapes."""
    found: dict[NamedNode, Column] = {}
    for shape, path in property_shapes(shapes, kind, axioms):
        if isinstance(path, rdflib.URIRef):
            column = read_column(shapes, shape, path)
            found[column.predicate] = joined(found.get(column.predicate), column)
    return tuple(found.values())


def property_shapes(
    shapes: rdflib.Graph, kind: NamedNode, axioms: View
) -> Iterator[tuple[rdflib.term.Node, rdflib.term.Node]]:
    """Yield the property shapes of a class with their paths: its own first, then those of its superclasses, by sh:order."""
    for term in walk(Repeat(Step(SUBCLASS)), axioms, (kind,)):
        if isinstance(term, NamedNode):
            for node in sorted(shapes.subjects(SH.targetClass, rdflib.URIRef(term.value)), key=str):
                for shape in in_order(shapes, _properties(shapes, node)):
                    path = shapes.value(shape, SH.path)
                    if path is not None:
                        yield shape, path


def in_order(shapes: rdflib.Graph, found: Iterable[rdflib.term.Node]) -> list[rdflib.term.Node]:
    """Sort property shapes as they want to be shown (SHACL, section 2.3.2.3.2: sh:order)."""

    def place(shape: rdflib.term.Node) -> tuple[float, str]:
        order = shapes.value(shape, SH.order)
        return (float(order) if isinstance(order, rdflib.Literal) else float("inf"), str(shape))

    return sorted(found, key=place)


def every_column(shapes: rdflib.Graph) -> dict[str, Column]:
    """Return what the shapes say of each property anywhere, by IRI."""
    found: dict[str, Column] = {}
    for shape, path in shapes.subject_objects(SH.path):
        if isinstance(path, rdflib.URIRef):
            found[str(path)] = joined(found.get(str(path)), read_column(shapes, shape, path))
    return found


def target_classes(shapes: rdflib.Graph) -> dict[str, NamedNode]:
    """Return the classes that shapes target, by their names in lower case: local name, and label of the shape."""
    found: dict[str, NamedNode] = {}
    for shape, kind in sorted(shapes.subject_objects(SH.targetClass)):
        local = str(kind).rsplit("#", 1)[-1].rsplit("/", 1)[-1]
        names = [local, *(str(label) for label in shapes.objects(shape, rdflib.RDFS.label))]
        found |= {name.lower(): NamedNode(str(kind)) for name in names if name.lower() not in found}
    return found


def _properties(shapes: rdflib.Graph, node: rdflib.term.Node) -> Iterator[rdflib.term.Node]:
    yield from shapes.objects(node, SH.property)
    if (node, SH.path, None) in shapes:
        yield node


def read_column(shapes: rdflib.Graph, shape: rdflib.term.Node, path: rdflib.URIRef) -> Column:
    """Read what one property shape says."""
    kinds = tuple(NamedNode(str(kind)) for kind in _found(shapes, shape, SH["class"]))
    most = shapes.value(shape, SH.maxCount)
    node_kinds = set(_found(shapes, shape, SH.nodeKind))
    name = shapes.value(shape, SH.name)
    message = shapes.value(shape, SH.message)
    return Column(
        NamedNode(str(path)),
        str(name) if name is not None else str(path).rsplit("#", 1)[-1].rsplit("/", 1)[-1],
        tuple(sorted({str(datatype) for datatype in _found(shapes, shape, SH.datatype)}, key=_trial)),
        kinds,
        is_link=bool(kinds) or SH.IRI in node_kinds or path == RDF.type,
        is_required=(shape, SH.minCount, None) in shapes,
        most=int(str(most)) if most is not None else None,
        help=str(message) if message is not None else None,
    )


def _found(shapes: rdflib.Graph, shape: rdflib.term.Node, parameter: rdflib.URIRef) -> Iterator[rdflib.term.Node]:
    """Yield the values of a parameter at a shape and at those that it names: sh:node, sh:or."""
    yield from sorted(shapes.objects(shape, parameter), key=str)
    others = [*shapes.objects(shape, SH.node)]
    for head in shapes.objects(shape, SH["or"]):
        others += shapes.items(head)
    for other in others:
        yield from sorted(shapes.objects(other, parameter), key=str)


def _trial(datatype: str) -> tuple[int, str]:
    order = ("date", "dateTime", "gYearMonth", "gYear", "integer", "decimal", "boolean")
    local = datatype.removeprefix(XSD)
    return (order.index(local) if local in order else len(order), datatype)


def joined(one: Column | None, other: Column) -> Column:
    """Put together what two shapes say of a property."""
    if one is None:
        return other
    return Column(
        one.predicate,
        min(one.name, other.name, key=len),
        tuple(sorted({*one.datatypes, *other.datatypes}, key=_trial)),
        tuple(dict.fromkeys((*one.kinds, *other.kinds))),
        one.is_link or other.is_link,
        one.is_required or other.is_required,
        min((most for most in (one.most, other.most) if most is not None), default=None),
        one.help or other.help,
    )


def names_of(columns: Iterable[Column]) -> dict[str, Column]:
    """Return columns by the names that a heading may use, in lower case."""
    found: dict[str, Column] = {}
    for column in columns:
        local = column.predicate.value.rsplit("#", 1)[-1].rsplit("/", 1)[-1]
        for name in (column.name, local, column.code):
            found.setdefault(name.lower(), column)
    return found
