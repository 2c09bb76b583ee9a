"""Simple Dublin Core as OAI-PMH wants it (`oai_dc`): deliverables and the other documents that the graph knows.

The file is a collection without a namespace, each of its children one `oai_dc:dc`; `records` yields the same one by one.
Dublin Core has no place for a status, so what is reported of a draft is a description of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO
from xml.etree import ElementTree as Xml

from qit4n_kg.exports.deliverables import clean, read_items

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qit4n_kg.exports.deliverables import Item
    from qit4n_kg.exports.facts import Facts
    from qit4n_kg.exports.making import Material, Writer

NAMESPACE = "http://www.openarchives.org/OAI/2.0/oai_dc/"
SCHEMA = "http://www.openarchives.org/OAI/2.0/oai_dc.xsd"
_ROOT = {
    "xmlns:oai_dc": NAMESPACE,
    "xmlns:dc": "http://purl.org/dc/elements/1.1/",
    "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xsi:schemaLocation": f"{NAMESPACE} {SCHEMA}",
}


def write_collection(material: Material, output: BinaryIO) -> None:
    """Write every record, one after the other."""
    output.write(b'<?xml version="1.0" encoding="UTF-8"?>\n<collection>\n')
    for _, record in records(material):
        output.write(record + b"\n")
    output.write(b"</collection>\n")


def records(material: Material) -> Iterator[tuple[str, bytes]]:
    """Yield the IRI of each document and its record."""
    for item in read_items(material.facts, "stdorg:Document", "stdorg:Deliverable"):
        root = Xml.Element("oai_dc:dc", _ROOT)
        for name, text, language in _elements(material.facts, item):
            attributes = {"xml:lang": language} if language else {}
            Xml.SubElement(root, f"dc:{name}", attributes).text = clean(text)
        yield item.iri, Xml.tostring(root, encoding="utf-8", xml_declaration=False)


def _elements(facts: Facts, item: Item) -> Iterator[tuple[str, str, str | None]]:
    """Yield each element's name, its text and the language of it, where that is stated."""
    if item.title is None:
        yield "title", facts.label(item.iri) or item.name, facts.language(item.iri, "rdfs:label")
    else:
        yield "title", item.title, item.language
    yield from (("title", title, None) for title in item.other_titles)
    yield from (("creator", group, None) for group in item.producers)
    yield from (("contributor", name, None) for name in dict.fromkeys(editor.name for editor in item.editors))
    yield from (("subject", subject, None) for subject in item.subjects)
    if item.description is not None:
        yield "description", item.description, facts.language(item.iri, "dcterms:description")
    if item.reported:
        yield "description", "; ".join(f"{name}: {value}" for name, value in item.reported), None
    if facts.is_a(item.iri, "stdorg:Deliverable"):
        yield "type", "Deliverable", "en"
    for name, text in (("date", item.issued), ("type", item.kind), ("identifier", item.iri), ("identifier", item.code)):
        if text is not None:
            yield name, text, None
    yield from (("relation", iri, None) for iri in (*item.part_of, *item.parts))


WRITERS: dict[str, Writer] = {"oai_dc.xml": write_collection}
