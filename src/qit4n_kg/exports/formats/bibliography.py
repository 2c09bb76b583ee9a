"""Formats of reference managers: BibTeX (with BibLaTeX's field names), RIS, CSL-JSON 1.0.2.

A name is divided only where family and given name are stated. Nothing is said to be published; a year stands only
where a date of issue is stated.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, BinaryIO

from qit4n_kg.exports.deliverables import clean_within, one_line, read_items

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qit4n_kg.exports.deliverables import Editor, Item
    from qit4n_kg.exports.making import Material

_NO_KEY = re.compile(r"[^A-Za-z0-9.:-]+")
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: f"\\{character}" for character in "$&#_%"},
}
_LATEX = str.maketrans(_SPECIAL)
_JOINED = re.compile(r"(?<=-)(?=-)|(?<=')(?=')|(?<=`)(?=`)|(?<=<)(?=<)|(?<=>)(?=>)|(?<=,)(?=,)|(?<=[?!])(?=`)")
"""Between two characters that LaTeX would write as one."""


def citation_key(item: Item, id_base: str) -> str:
    """Return a key that is unique as the IRI is, without characters that BibTeX forbids.

    >>> from types import SimpleNamespace
    >>> citation_key(SimpleNamespace(iri="https://w3id.org/qit4n/id/fg-qit4n/deliverable/d1.1"), "https://w3id.org/qit4n/id/")
    'fg-qit4n:deliverable:d1.1'
    """
    return _NO_KEY.sub("-", item.iri.removeprefix(id_base).replace("/", ":"))


# --- BibTeX ---------------------------------------------------------------------------------------------------------------


def write_bibtex(material: Material, output: BinaryIO) -> None:
    """Write one entry a deliverable."""
    for number, item in enumerate(read_items(material.facts)):
        kind = "techreport" if item.issued else "unpublished"
        fields = ",\n".join(f"  {name} = {{{value}}}" for name, value in _bibtex_fields(item))
        entry = f"@{kind}{{{citation_key(item, material.id_base)},\n{fields}\n}}\n"
        output.write(f"{'' if number == 0 else chr(10)}{entry}".encode())


def _bibtex_fields(item: Item) -> Iterator[tuple[str, str]]:
    note = "; ".join(f"{name}: {value}" for name, value in item.reported)
    yield "title", f"{{{latex(item.name)}}}"
    if item.editors:
        yield "editor", " and ".join(_bibtex_name(editor) for editor in item.editors)
    values = {
        "institution": "; ".join(item.producers),
        "number": item.code,
        "type": item.kind,
        "date": item.issued,
        "year": item.issued[:4] if item.issued else None,
        "pubstate": item.status,
        "note": note,
        "progress": item.progress,
        "due": item.due,
        "asof": item.as_of,
        "keywords": ", ".join(item.subjects),
        "abstract": item.description,
    }
    for name, value in values.items():
        if value:
            yield name, latex(value)
    yield "url", _url(item.iri)


def _bibtex_name(editor: Editor) -> str:
    """Each part is in braces, so that no comma or "and" in it divides it."""
    if editor.parts is None:
        return f"{{{latex(editor.name)}}}"
    family, given = editor.parts
    return f"{{{latex(family)}}}, {{{latex(given)}}}"


def latex(text: str) -> str:
    r"""Return a text as LaTeX source on one line.

    Braces become commands, because BibTeX counts escaped ones too; what LaTeX would join (`--` to a dash) is kept apart.

    >>> latex("50 % of {R&D} -- \n")
    '50 \\% of \\textbraceleft{}R\\&D\\textbraceright{} -{}-'
    """
    return _JOINED.sub("{}", one_line(text).translate(_LATEX))


def _url(iri: str) -> str:
    """Percent-encode what would end a BibTeX field or comment out its rest."""
    return iri.translate({ord(c): f"%{ord(c):02X}" for c in '{}\\" <>^`|\n\r'})


# --- RIS ------------------------------------------------------------------------------------------------------------------


def write_ris(material: Material, output: BinaryIO) -> None:
    """Write one record a deliverable."""
    for item in read_items(material.facts):
        lines = [f"{tag}  - {one_line(value)}" for tag, value in _ris_lines(item, material.id_base)]
        output.write("".join(f"{line}\r\n" for line in [*lines, "ER  - ", ""]).encode())


def _ris_lines(item: Item, id_base: str) -> Iterator[tuple[str, str]]:
    yield "TY", "RPRT" if item.issued else "UNPB"
    yield "ID", citation_key(item, id_base)
    yield "TI", item.name
    for editor in item.editors:
        yield "A2", ", ".join(editor.parts) if editor.parts is not None else editor.name
    if item.issued:
        yield "PY", item.issued[:4]
        yield "DA", f"{item.issued.replace('-', '/')}{'/' * (3 - item.issued.count('-'))}"
    optional = {"M1": item.code, "M3": item.kind, "AB": item.description}
    yield from ((tag, value) for tag, value in optional.items() if value is not None)
    for subject in item.subjects:
        yield "KW", subject
    for group in item.producers:
        yield "N1", f"Produced by: {group}"
    for name, value in item.reported:
        yield "N1", f"{name}: {value}"
    yield "UR", item.iri.replace(";", "%3B")  # a semicolon would begin another address


# --- CSL-JSON -------------------------------------------------------------------------------------------------------------


def write_csl(material: Material, output: BinaryIO) -> None:
    """Write an array with one item a deliverable."""
    items = [_csl_item(item, material.id_base) for item in read_items(material.facts)]
    output.write((json.dumps(items, ensure_ascii=False, indent=1) + "\n").encode())


def _csl_item(item: Item, id_base: str) -> dict[str, Any]:
    custom = {"progress": item.progress, "due": item.due, "asOf": item.as_of}
    said = {
        "id": citation_key(item, id_base),
        "type": "report",
        "title": one_line(item.name),
        "editor": [_csl_name(editor) for editor in item.editors],
        "number": item.code,
        "genre": item.kind,
        "authority": _joined(item.producers, "; "),
        "issued": {"date-parts": [[int(part) for part in item.issued.split("-")]]} if item.issued else None,
        "status": item.status,
        "abstract": item.description,
        "keyword": _joined(item.subjects, ", "),
        "URL": item.iri,
        "custom": {name: value for name, value in custom.items() if value is not None},
    }
    kept: dict[str, Any] = clean_within({name: value for name, value in said.items() if value})
    return kept


def _csl_name(editor: Editor) -> dict[str, str]:
    if editor.parts is None:
        return {"literal": one_line(editor.name)}
    family, given = editor.parts
    return {"family": one_line(family), "given": one_line(given)}


def _joined(texts: Iterable[str], separator: str) -> str | None:
    return separator.join(texts) or None


WRITERS = {"deliverables.bib": write_bibtex, "deliverables.ris": write_ris, "csl.json": write_csl}
