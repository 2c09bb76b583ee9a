"""VoID (W3C Interest Group Note of 2011): counts and partitions of the default graph, vocabularies, examples, dumps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, BinaryIO, cast

from pyoxigraph import BlankNode, Literal, NamedNode

from qit4n_kg.exports.describing import DUMPED, LINKED, PACKED, VOID, here, moment, statement, write_description
from qit4n_kg.namespaces import DCTERMS, FOAF, RDFS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyoxigraph import Triple

    from qit4n_kg.exports.making import Material, Writer
    from qit4n_kg.store.base import Solutions, Term

_MOST_EXAMPLES = 25
_ROWS = {"triples": "triples", "subjects": "distinctSubjects", "objects": "distinctObjects"}


def write_void(material: Material, output: BinaryIO) -> None:
    """Write the description."""
    write_description(_statements(material), output, ("dcterms", "foaf", "rdfs", "void", "xsd"))


def _statements(material: Material) -> Iterator[Triple]:
    document = here("exports/void.ttl")
    dataset = here("exports/void.ttl#dataset")
    yield statement(document, "a", NamedNode(f"{VOID}DatasetDescription"))
    yield statement(document, f"{FOAF}primaryTopic", dataset)
    yield statement(dataset, "a", NamedNode(f"{VOID}Dataset"))
    if material.licence is not None:
        yield statement(dataset, f"{DCTERMS}license", NamedNode(material.licence))
    yield statement(dataset, f"{DCTERMS}identifier", material.stamp.dataset)
    yield statement(dataset, f"{DCTERMS}modified", moment(material.stamp.built_at))
    yield statement(dataset, f"{VOID}sparqlEndpoint", here("sparql"))
    yield statement(dataset, f"{VOID}uriSpace", material.id_base)
    for path in LINKED:
        yield statement(dataset, f"{RDFS}seeAlso", here(path))
    for name in DUMPED:
        for suffix in PACKED:
            yield statement(dataset, f"{VOID}dataDump", here(f"exports/dump.{name}{suffix}"))
    yield from _counted(material, dataset)


def _counted(material: Material, dataset: NamedNode) -> Iterator[Triple]:
    classes = [(cast("NamedNode", one), _number(many)) for one, many in cast("Solutions", material.answer())]
    properties = list(material.rows("site/void/properties"))
    yield statement(dataset, f"{VOID}triples", sum(_number(row[1]) for row in properties))
    yield statement(dataset, f"{VOID}classes", len(classes))
    yield statement(dataset, f"{VOID}properties", len(properties))
    for subjects, _, objects in material.rows("site/void/totals"):
        yield statement(dataset, f"{VOID}distinctSubjects", _number(subjects))
        yield statement(dataset, f"{VOID}distinctObjects", _number(objects))
    for (entities,) in material.rows("site/void/entities", {"space": material.id_base}):
        yield statement(dataset, f"{VOID}entities", _number(entities))
    used = (*(one for one, _ in classes), *(cast("NamedNode", row[0]) for row in properties))
    for namespace in sorted({match[0] for term in used if (match := re.match(r".*[#/]", term.value))}):
        yield statement(dataset, f"{VOID}vocabulary", NamedNode(namespace))
    for example in _examples(material):
        yield statement(dataset, f"{VOID}exampleResource", NamedNode(example))
    for number, (kind, things) in enumerate(classes):
        node = BlankNode(f"class{number}")
        yield statement(dataset, f"{VOID}classPartition", node)
        yield statement(node, f"{VOID}class", kind)
        yield statement(node, f"{VOID}entities", things)
    for number, (used_property, *counts) in enumerate(properties):
        node = BlankNode(f"property{number}")
        yield statement(dataset, f"{VOID}propertyPartition", node)
        yield statement(node, f"{VOID}property", cast("NamedNode", used_property))
        for name, count in zip(_ROWS.values(), counts, strict=True):
            yield statement(node, f"{VOID}{name}", _number(count))


def _examples(material: Material) -> list[str]:
    rows = material.rows("site/void/examples", {"space": material.id_base})
    found = (term.value for (term,) in rows if isinstance(term, Literal))
    return list(dict.fromkeys(found))[:_MOST_EXAMPLES]


def _number(term: Term | None) -> int:
    return int(term.value) if isinstance(term, Literal) else 0


def carried(_material: Material) -> Callable[[Triple], bool]:
    """Tell that it holds no single fact: it counts them."""
    return lambda _fact: False


WRITERS: dict[str, Writer] = {"void.ttl": write_void}
