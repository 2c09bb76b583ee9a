"""Relaton, the bibliographic model of Metanorma, in its ITU flavour: XML (the grammar of `relaton-itu`) and YAML.

A collection is what relaton-cli writes: `relaton-collection` with one `relation` of type partOf for each item, without a
namespace. The XML is written item by item. `bibdata` alone is for who needs a single item.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO
from xml.etree import ElementTree as Xml

import yaml

from qit4n_kg.exports.deliverables import clean, clean_within, read_items

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qit4n_kg.exports.deliverables import Editor, Item
    from qit4n_kg.exports.making import Material

_TITLE = "Deliverables"
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # libyaml's, six times faster, where the wheel has it
_TECHNICAL_REPORT = "technical-report"
_DOCTYPES = (_TECHNICAL_REPORT, "technical-paper", "recommendation")
"""Those of the grammar's document types whose name a document kind here may have."""


def write_xml(material: Material, output: BinaryIO) -> None:
    """Write the collection as XML."""
    output.write(b'<?xml version="1.0" encoding="UTF-8"?>\n<relaton-collection>\n')
    output.write(f"  <title>{_TITLE}</title>\n".encode())
    for item in read_items(material.facts):
        relation = Xml.Element("relation", type="partOf")
        relation.append(bibdata(item))
        Xml.indent(relation, "  ", 1)
        output.write(b"  " + Xml.tostring(relation, encoding="utf-8").strip() + b"\n")
    output.write(b"</relaton-collection>\n")


def records(material: Material) -> Iterator[tuple[str, bytes]]:
    """Yield the IRI of each deliverable and its `bibdata`, as OAI-PMH serves it."""
    for item in read_items(material.facts):
        yield item.iri, Xml.tostring(bibdata(item), encoding="utf-8", xml_declaration=False)


def bibdata(item: Item) -> Xml.Element:
    """Return one deliverable as `bibdata`, its children in the order of the grammar."""
    root = Xml.Element("bibdata", {"type": "unpublished"} if item.is_draft else {})
    _text(root, "title", item.name, type="main", **_language(item))
    for title in item.other_titles:
        _text(root, "title", title, type="alternative")
    _text(root, "uri", item.iri, type="src")
    for attributes, identifier in _identifiers(item):
        _text(root, "docidentifier", identifier, **attributes)
    _text(root, "docnumber", item.code)
    for kind, date in (("issued", item.issued), ("due", item.due)):
        if date is not None:
            _text(Xml.SubElement(root, "date", type=kind), "on", date)
    for group in item.groups:
        organization = Xml.SubElement(_contributor(root, "author", "committee"), "organization")
        _text(organization, "name", (*item.within, group)[0])
        if item.within and group not in item.within:
            _text(Xml.SubElement(organization, "subdivision"), "name", group)
    for editor in item.editors:
        _add_editor(root, editor)
    for kind, note in _notes(item):
        _text(root, "note", note, type=kind)
    _text(root, "abstract", item.description)
    if item.status is not None:
        _text(Xml.SubElement(root, "status"), "stage", item.status)
    for kind, iri in _relations(item):
        related = Xml.SubElement(Xml.SubElement(root, "relation", type=kind), "bibitem")
        _text(related, "docidentifier", iri, type="URI")
    for subject in item.subjects:
        _text(Xml.SubElement(root, "keyword"), "vocab", subject)
    _add_extension(root, item)
    return root


def _language(item: Item) -> dict[str, str]:
    return {"language": item.language} if item.language and item.title else {}


def _identifiers(item: Item) -> list[tuple[dict[str, str], str]]:
    own: list[tuple[dict[str, str], str]] = [({"type": "URI"}, item.iri)]
    return own if item.code is None else [({"type": "code", "primary": "true"}, item.code), *own]


def _notes(item: Item) -> Iterable[tuple[str, str]]:
    """Yield what the model has no element for, as typed notes."""
    values = {"document-kind": item.kind, "progress": item.progress, "as-of": item.as_of}
    return ((kind, value) for kind, value in values.items() if value is not None)


def _relations(item: Item) -> list[tuple[str, str]]:
    """Return what it is a part of, and its parts, by their IRIs."""
    return [*(("partOf", iri) for iri in item.part_of), *(("hasPart", iri) for iri in item.parts)]


def _contributor(parent: Xml.Element, role: str, description: str | None) -> Xml.Element:
    contributor = Xml.SubElement(parent, "contributor")
    _text(Xml.SubElement(contributor, "role", type=role), "description", description)
    return contributor


def _add_editor(parent: Xml.Element, editor: Editor) -> None:
    person = Xml.SubElement(_contributor(parent, "editor", editor.role), "person")
    name = Xml.SubElement(person, "name")
    _text(name, "prefix", editor.honorific)
    _text(name, "forename", editor.given)
    _text(name, "surname", editor.family)
    _text(name, "completename", editor.name)
    for affiliation in editor.affiliations:
        organization = Xml.SubElement(Xml.SubElement(person, "affiliation"), "organization")
        _text(organization, "name", affiliation)


def _add_extension(root: Xml.Element, item: Item) -> None:
    doctype = _doctype(item)
    if doctype is not None:
        extension = Xml.SubElement(root, "ext")
        _text(extension, "doctype", doctype)
        _text(extension, "flavor", "itu")


def _doctype(item: Item) -> str | None:
    """Return the grammar's document type; None for what no ITU document type fits."""
    kind = (item.kind or "").lower().replace(" ", "-")
    if item.within:
        return "focus-group"
    return kind if kind in _DOCTYPES else None


def _text(parent: Xml.Element, name: str, text: str | None, **attributes: str) -> None:
    if text is not None:
        Xml.SubElement(parent, name, attributes).text = clean(text)


def write_yaml(material: Material, output: BinaryIO) -> None:
    """Write the collection as YAML, in the keys of Relaton's hash form."""
    items = read_items(material.facts)
    output.write(f"root:\n  title: {_TITLE}\n  items:{'' if items else ' []'}\n".encode())
    for item in items:  # one by one: the whole of a large collection would take minutes
        text = yaml.dump([_entry(item)], Dumper=_DUMPER, allow_unicode=True, sort_keys=False, width=120)
        lines = text.removesuffix("\n").split("\n")
        output.write("".join(f"  {line}\n" if line else "\n" for line in lines).encode())


def _entry(item: Item) -> dict[str, Any]:
    titles: list[dict[str, str]] = [{"type": "main", "content": item.name, **_language(item)}]
    titles += [{"type": "alternative", "content": title} for title in item.other_titles]
    entry: dict[str, Any] = {
        "type": "unpublished" if item.is_draft else None,
        "title": titles,
        "link": [{"type": "src", "content": item.iri}],
        "docid": [{"id": identifier, **_flags(attributes)} for attributes, identifier in _identifiers(item)],
        "docnumber": item.code,
        "date": [{"type": k, "value": v} for k, v in (("issued", item.issued), ("due", item.due)) if v is not None],
        "contributor": [*(_group_entry(item, g) for g in item.groups), *map(_editor_entry, item.editors)],
        "biblionote": [{"type": kind, "content": note} for kind, note in _notes(item)],
        "abstract": [{"content": item.description}] if item.description else [],
        "docstatus": {"stage": item.status} if item.status else None,
        "relation": [
            {"type": kind, "bibitem": {"docid": [{"id": iri, "type": "URI"}]}} for kind, iri in _relations(item)
        ],
        "keyword": list(item.subjects),
        "ext": {"doctype": _doctype(item), "flavor": "itu"} if _doctype(item) else None,
    }
    kept: dict[str, Any] = clean_within({key: value for key, value in entry.items() if value not in (None, [])})
    return kept


def _flags(attributes: dict[str, str]) -> dict[str, Any]:
    return {key: True if value == "true" else value for key, value in attributes.items()}


def _group_entry(item: Item, group: str) -> dict[str, Any]:
    organization: dict[str, Any] = {"name": [(*item.within, group)[0]]}
    if item.within and group not in item.within:
        organization["subdivision"] = [{"name": [group]}]
    return {"role": [{"type": "author", "description": ["committee"]}], "organization": organization}


def _editor_entry(editor: Editor) -> dict[str, Any]:
    name: dict[str, Any] = {"prefix": [editor.honorific]} if editor.honorific else {}
    if editor.given is not None:
        name["given"] = {"forename": [{"content": editor.given}]}
    if editor.family is not None:
        name["surname"] = {"content": editor.family}
    person: dict[str, Any] = {"name": {**name, "completename": editor.name}}
    if editor.affiliations:
        person["affiliation"] = [{"organization": {"name": [name]}} for name in editor.affiliations]
    role = {"type": "editor", **({"description": [editor.role]} if editor.role else {})}
    return {"role": [role], "person": person}


WRITERS = {"relaton.xml": write_xml, "relaton.yaml": write_yaml}
