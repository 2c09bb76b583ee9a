"""What can be harvested from a graph: records of each metadata format, and the sets that their items belong to; no dates.

A format is a line in `FORMATS` and a function `records` in its export's module; which sets there are is in
`queries/harvest/sets.rq`. What is not used any more, or whose texts were redacted, has no record.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pyoxigraph import DefaultGraph, Literal, NamedNode

from qit4n_kg.exports.formats import oai_dc
from qit4n_kg.exports.making import module_of
from qit4n_kg.harvesting.naming import ancestors_of, identifier_of, set_of
from qit4n_kg.namespaces import OWL

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from qit4n_kg.exports.making import Material
    from qit4n_kg.exports.registry import Registry

_DEPRECATED = NamedNode(f"{OWL}deprecated")
_NAMES = {
    "deliverable": "Deliverables",
    "document": "Documents that are no deliverables",
    "group": "Produced by a group that is known",
    "recipient": "Proposed to be sent to some group (preliminary)",
}
_NAMED = {"group": "Produced by {}", "recipient": "Proposed to be sent to: {} (preliminary)"}
_WRAPPER = "https://w3id.org/stdorg/oai/relaton/"


@dataclass(frozen=True)
class MetadataFormat:
    """A metadata format; `schema` is an address, or a path on this server. `wrapper` is an element around each record, if any.

    Without a wrapper the record names its schema itself.
    """

    prefix: str
    namespace: str
    schema: str
    export: str
    wrapper: str | None = None


FORMATS = (
    MetadataFormat("oai_dc", oai_dc.NAMESPACE, oai_dc.SCHEMA, "oai_dc.xml"),
    # Relaton's elements have no namespace and OAI-PMH takes none such: an element of ours stands around them.
    MetadataFormat("relaton", _WRAPPER, "/oai/relaton.xsd", "relaton.xml", "record"),
)


@dataclass(frozen=True)
class Record:
    """One item in one format, as a fragment of XML; `sets` are the setSpecs, without those above them."""

    prefix: str
    identifier: str
    sets: tuple[str, ...]
    content: bytes


@dataclass(frozen=True)
class Sets:
    """The sets of each item, by its IRI, and what every set is called."""

    of_items: dict[str, tuple[str, ...]]
    names: dict[str, str]


def read_records(material: Material, registry: Registry, sets: Sets, redacted: Container[str]) -> Iterator[Record]:
    """Yield every record, format by format.

    :param redacted: the IRIs of what was redacted.
    """
    retired = {
        quad.subject.value
        for quad in material.store.quads(None, _DEPRECATED, None, DefaultGraph())
        if isinstance(quad.subject, NamedNode)
        and isinstance(quad.object, Literal)
        and quad.object.value in ("true", "1")
    }
    for form in FORMATS:
        own = replace(material, wanted=registry.find(form.export))
        for iri, content in module_of(own.wanted).records(own):
            if iri not in retired and iri not in redacted:
                identifier = identifier_of(iri, material.base_iri)
                yield Record(form.prefix, identifier, sets.of_items.get(iri, ()), content)


def read_sets(material: Material) -> Sets:
    """Return the sets of the items; a set that another of the item's lies in is not listed beside it."""
    of_items: dict[str, set[str]] = {}
    names: dict[str, str] = {}
    for item, root, thing, label in material.rows("harvest/sets"):
        if not isinstance(item, NamedNode) or not isinstance(root, Literal):
            continue
        spec = root.value
        if isinstance(thing, NamedNode):
            spec = f"{root.value}:{set_of(thing.value, material.id_base)}"
        if isinstance(label, Literal) and (spec not in names or label.language in (None, "en")):
            names[spec] = _NAMED[spec.partition(":")[0]].format(label.value)
        of_items.setdefault(item.value, set()).add(spec)
    for spec in {above for specs in of_items.values() for one in specs for above in ancestors_of(one)}:
        names.setdefault(spec, _NAMES.get(spec) or spec.rpartition(":")[2])
    return Sets({iri: _lowest(specs) for iri, specs in of_items.items()}, names)


def _lowest(specs: set[str]) -> tuple[str, ...]:
    above = {one for spec in specs for one in ancestors_of(spec)[:-1]}
    return tuple(sorted(specs - above))
