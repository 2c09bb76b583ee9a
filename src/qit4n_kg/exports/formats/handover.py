"""The hand-over sheet as a Word document (python-docx) and as JSON.

The document is for people who attach it to a liaison statement: who proposes what to whom, how firm that is, and where it is
stated. It begins with the mark that it is a proposal, and each page says so again.
"""

from __future__ import annotations

import io
import json
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, BinaryIO

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from qit4n_kg.exports.archives import settle
from qit4n_kg.exports.deliverables import one_line
from qit4n_kg.exports.sheet import groups, read_sheet

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from docx.document import Document as WordDocument
    from docx.table import Table, _Cell, _Row
    from docx.text.paragraph import Paragraph

    from qit4n_kg.exports.making import Material, Stamp
    from qit4n_kg.exports.sheet import Proposal, Sheet, Title

_WIDTHS = (Cm(2.1), Cm(9.2), Cm(4.0), Cm(5.6), Cm(4.4))
_HEAD_WIDTHS = (Cm(4.2), Cm(21.1))
_LONGEST_PROPERTY = 255  # of a core property, says python-docx
_FONT = "Arial"
_SHADE, _MARK_SHADE = "E7ECEF", "FFF1D6"
_GREY = RGBColor(0x55, 0x55, 0x55)


def mark(sheet: Sheet) -> str:
    """Return the mark that stands at the head of the sheet: how firm the proposal is, as its source says."""
    return one_line(f"{sheet.firmness} proposal") if sheet.firmness else "Proposal"


def _caution(sheet: Sheet) -> str:
    said = (
        f"The source calls this distribution {sheet.firmness.lower()}."
        if sheet.firmness
        else "The source does not say whether this distribution is firm or preliminary."
    )
    whose = "either group" if len(sheet.senders) == 1 else "any of the groups"
    drafts = sum(one.item.is_draft for one in sheet.proposals)
    which = (
        "The deliverables are drafts" if drafts == len(sheet.proposals) else f"{drafts} of the deliverables are drafts"
    )
    state = f"{which}: no date of issue is stated" if drafts else "Each deliverable has a date of issue"
    return f"{said} It is no decision of {whose}. {state}. Texts and recipients may still change."


def _day(text: str) -> str:
    """Return a date or a month in words; another text as it is.

    >>> _day("2021-10"), _day("2021-12-09"), _day("late 2021")
    ('October 2021', '9 December 2021', 'late 2021')
    """
    for form, words in (("%Y-%m", "%B %Y"), ("%Y-%m-%d", "%d %B %Y")):
        with suppress(ValueError):
            return datetime.strptime(text, form).strftime(words).lstrip("0")
    return text


# --- JSON -----------------------------------------------------------------------------------------------------------------


def write_json(material: Material, output: BinaryIO) -> None:
    """Write the sheet as JSON."""
    sheet = read_sheet(material)
    document = {
        "kind": mark(sheet),
        "caution": _caution(sheet),
        "to": {"name": sheet.group, "iri": material.thing},
        "from": list(sheet.senders),
        "fromInFull": list(sheet.senders_in_full),
        "asOf": list(sheet.as_of),
        "sources": list(sheet.documents),
        "generation": {"number": material.stamp.generation, "dataset": material.stamp.dataset},
        "proposedToTheGroup": [_plain(one) for one in sheet.to_group],
        "proposedToAllStudyGroups": [_plain(one) for one in sheet.to_all],
    }
    output.write((json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode())


def _plain(proposal: Proposal) -> dict[str, Any]:
    item = proposal.item
    said: dict[str, Any] = {
        "iri": item.iri,
        "code": item.code,
        "titles": [
            {"text": title.text, "statedIn": [f"{p.document}: {p.label}" for p in title.stated_in]}
            for title in proposal.titles
        ],
        "kind": item.kind,
        "unit": list(item.groups),
        "position": proposal.position,
        "scope": proposal.scope,
        "proposalStatus": proposal.firmness,
        "status": item.status,
        "progress": float(item.progress) if item.progress is not None else None,
        "due": item.due,
        "asOf": item.as_of,
        "editors": [{"name": e.name, "role": e.role, "affiliations": list(e.affiliations)} for e in item.editors],
        "coRecipients": [{"name": other.name, "position": other.position} for other in proposal.others],
    }
    return {name: value for name, value in said.items() if value is not None}


# --- DOCX -----------------------------------------------------------------------------------------------------------------


def write_docx(material: Material, output: BinaryIO) -> None:
    """Write the sheet as a Word document."""
    sheet = read_sheet(material)
    document = _blank(sheet, material.stamp)
    _add_head(document, sheet)
    _add_mark(document, sheet)
    _add_part(document, f"Proposed to {sheet.group} by name", sheet.to_group, has_position=True)
    _add_part(document, "Proposed to all study groups", sheet.to_all, has_position=False)
    _add_notes(document, material.stamp)
    buffer = io.BytesIO()
    document.save(buffer)
    settle(buffer, datetime.fromisoformat(material.stamp.built_at), output)


def _blank(sheet: Sheet, stamp: Stamp) -> WordDocument:
    """Return an empty landscape document with the styles, the footer and the properties."""
    document = Document()
    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Cm(29.7), Cm(21.0)
    section.left_margin = section.right_margin = Cm(2.2)
    section.top_margin, section.bottom_margin = Cm(1.8), Cm(1.6)
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = _FONT, Pt(10)
    normal.paragraph_format.space_after = Pt(3)
    for name, size in (("Title", 20), ("Heading 1", 13)):
        style = document.styles[name]
        style.font.name, style.font.size, style.font.color.rgb = _FONT, Pt(size), RGBColor(0x12, 0x3B, 0x4A)
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            style.element.rPr.rFonts.attrib.pop(qn(f"w:{theme}"), None)  # they would win over the name
    properties = document.core_properties
    properties.title, properties.subject = _subject(sheet)[:_LONGEST_PROPERTY], mark(sheet)[:_LONGEST_PROPERTY]
    properties.language = "en"
    properties.author = properties.comments = properties.last_modified_by = ""
    properties.created = properties.modified = datetime.fromisoformat(stamp.built_at).replace(tzinfo=None)
    footer = section.footer.paragraphs[0]
    footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _grey(footer, f"{mark(sheet)} · {_subject(sheet)} · page ")
    _add_field(footer, "PAGE")
    _grey(footer, " of ")
    _add_field(footer, "NUMPAGES")
    return document


def _subject(sheet: Sheet) -> str:
    return one_line(f"Deliverables of {', '.join(sheet.senders) or 'the group'} proposed to {sheet.group}")


def _add_head(document: WordDocument, sheet: Sheet) -> None:
    document.add_paragraph("Hand-over of deliverables", style="Title")
    rows = {
        "From": "; ".join(sheet.senders_in_full),
        "To": sheet.group,
        "Subject": f"{_subject(sheet)}: {len(sheet.to_group)} by name, {len(sheet.to_all)} with all study groups",
        "State of the work": f"as reported in {' and '.join(map(_day, sheet.as_of))}" if sheet.as_of else "",
        "Source": "; ".join(sheet.documents),
    }
    table = document.add_table(rows=0, cols=2)
    for name, text in rows.items():
        if text:
            cells = table.add_row().cells
            _write(cells[0], [(name, True)])
            _write(cells[1], [(text, False)])
    _set_widths(table, _HEAD_WIDTHS)


def _add_mark(document: WordDocument, sheet: Sheet) -> None:
    """Add the box that says what the document is not."""
    document.add_paragraph().paragraph_format.space_after = Pt(0)
    table = document.add_table(rows=1, cols=1, style="Table Grid")
    table.alignment = WD_TABLE_ALIGNMENT.CENTER  # as the tables below: their borders stand in one line with its own
    _set_widths(table, (Cm(sum(width.cm for width in _WIDTHS)),))
    cell = table.rows[0].cells[0]
    _shade(cell, _MARK_SHADE)
    paragraph = cell.paragraphs[0]
    run = paragraph.add_run(f"{mark(sheet).upper()}. ")
    run.bold = True
    paragraph.add_run(one_line(_caution(sheet)))
    paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(4)


def _add_part(document: WordDocument, heading: str, proposals: Sequence[Proposal], *, has_position: bool) -> None:
    document.add_heading(one_line(heading), level=1)
    if not proposals:
        document.add_paragraph("None.")
        return
    last = "Also proposed to (position)" if has_position else "Recipients"
    columns = [*(["Position"] if has_position else []), "Deliverable", "State of the work", "Editors", last]
    table = document.add_table(rows=1, cols=len(columns), style="Table Grid")
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    for cell, name in zip(table.rows[0].cells, columns, strict=True):
        _write(cell, [(name, True)])
        _shade(cell, _SHADE)
        cell.paragraphs[0].paragraph_format.keep_with_next = True
    _repeat_header(table)
    _pad(table)
    for proposal in proposals:
        _add_row(table, proposal, has_position=has_position)
    _set_widths(table, _WIDTHS if has_position else (Cm(_WIDTHS[0].cm + _WIDTHS[1].cm), *_WIDTHS[2:]))


def _add_row(table: Table, proposal: Proposal, *, has_position: bool) -> None:
    item = proposal.item
    row: _Row = table.add_row()  # type: ignore[no-untyped-call]
    _keep_together(row._tr)  # noqa: SLF001  (python-docx has no name for it)
    cells = row.cells if has_position else [row.cells[0], *row.cells]
    if has_position:
        _write(cells[0], [("not stated" if proposal.position is None else str(proposal.position), False)])
        cells[0].paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.CENTER
    _write(cells[1], [(f"{item.code or item.iri}  ", True), (proposal.titles[0].text if proposal.titles else "", True)])
    for number, title in enumerate(proposal.titles):
        _add_title(cells[1], title, is_first=number == 0)
    _add_lines(cells[1], [", ".join(filter(None, (item.kind, *item.groups)))])
    _write(cells[2], [(item.status or "status not stated", False)])
    progress = f"{item.progress} % complete" if item.progress is not None else "completion not stated"
    _add_lines(cells[2], [progress, f"due {_day(item.due)}" if item.due else "no due date stated"])
    names = [f"{e.name}{_role(e.role)}{''.join(f', {a}' for a in e.affiliations)}" for e in item.editors]
    _write(cells[3], [(names[0] if names else "none stated", False)])
    _add_lines(cells[3], names[1:])
    others = [f"{o.name} ({o.position if o.position is not None else 'position not stated'})" for o in proposal.others]
    nobody = "no other group" if has_position else (proposal.scope or "all study groups")
    _write(cells[4], [(others[0] if others else nobody, False)])
    _add_lines(cells[4], others[1:])


def _role(role: str | None) -> str:
    return f" ({role.lower()})" if role else ""


def _add_title(cell: _Cell, title: Title, *, is_first: bool) -> None:
    """Say where a title is stated; another than the first is shown too."""
    where = "; ".join(passage.label for passage in title.stated_in)
    paragraph = cell.add_paragraph()
    if not is_first:
        paragraph.add_run(one_line(f"Also titled “{title.text}”"))
    if where:
        _grey(paragraph, f"Title stated in: {where}" if is_first else f" ({where})")


def _add_notes(document: WordDocument, stamp: Stamp) -> None:
    document.add_heading("How to read this", level=1)
    document.add_paragraph(
        "A position is the group's place in the list of recipients that the source gives for a deliverable; it is no rank unless "
        "the source says so. What the source does not state is said to be not stated. The deliverables themselves are not "
        "attached."
    )
    _grey(
        document.add_paragraph(),
        f"Made from generation {stamp.generation} of the knowledge graph, built on {_day(stamp.built_at[:10])}, dataset "
        f"{stamp.dataset}.",
    )


# --- Word, where python-docx has no words for it -------------------------------------------------------------------------


def _write(cell: _Cell, runs: Iterable[tuple[str, bool]]) -> None:
    paragraph = cell.paragraphs[0]
    for text, is_bold in runs:
        paragraph.add_run(_spaced(text)).bold = is_bold


def _add_lines(cell: _Cell, lines: Iterable[str]) -> None:
    for line in lines:
        if line:
            cell.add_paragraph(one_line(line))


def _grey(paragraph: Paragraph, text: str) -> None:
    run = paragraph.add_run(_spaced(text))
    run.font.size, run.font.color.rgb = Pt(8.5), _GREY


def _spaced(text: str) -> str:
    """Return a text on one line, a space at its ends kept."""
    return f"{' ' * text.startswith(' ')}{one_line(text)}{' ' * text.endswith(' ')}"


def _shade(cell: _Cell, colour: str) -> None:
    shading = OxmlElement("w:shd")
    for name, value in (("val", "clear"), ("color", "auto"), ("fill", colour)):
        shading.set(qn(f"w:{name}"), value)
    cell._tc.get_or_add_tcPr().append(shading)  # noqa: SLF001


def _set_widths(table: Table, widths: Sequence[Cm]) -> None:
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    for row in table.rows:
        for cell, width in zip(row.cells, widths, strict=True):
            cell.width = width


def _repeat_header(table: Table) -> None:
    repeated = OxmlElement("w:tblHeader")
    repeated.set(qn("w:val"), "true")
    table.rows[0]._tr.get_or_add_trPr().append(repeated)  # noqa: SLF001


def _keep_together(row: Any) -> None:
    row.get_or_add_trPr().append(OxmlElement("w:cantSplit"))


def _pad(table: Table) -> None:
    """Keep the texts of a table away from its lines."""
    margins = OxmlElement("w:tblCellMar")
    for side in ("top", "bottom"):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), "45")  # of a twentieth of a point
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    properties = table._tbl.tblPr  # noqa: SLF001
    look = properties.find(qn("w:tblLook"))
    properties.append(margins) if look is None else look.addprevious(margins)


def _add_field(paragraph: Paragraph, name: str) -> None:
    """Add what a word processor fills in; each part is a run of its own, else its result loses the run's look."""
    for kind, text in (("begin", None), (None, name), ("separate", None), ("", "1"), ("end", None)):
        run = paragraph.add_run(text if kind == "" else "")
        run.font.size, run.font.color.rgb = Pt(8.5), _GREY
        if kind == "":
            continue
        element = OxmlElement("w:instrText" if kind is None else "w:fldChar")
        if kind is None:
            element.text = text
        else:
            element.set(qn("w:fldCharType"), kind)
        run._r.append(element)  # noqa: SLF001


def known(material: Material) -> list[str]:
    """Return what may stand in the name: groups to which something is proposed."""
    return groups(material)


WRITERS = {"handover/{group}.docx": write_docx, "handover/{group}.json": write_json}
