"""Sheets there and back: exactly the cells that were changed come back, with conflicts told by cell."""

import csv
import io

import pytest
import python_calamine
import xlsxwriter

from qit4n_kg.errors import NotFoundError, PreconditionFailedError, SourceError
from qit4n_kg.formats import CSV, XLSX
from qit4n_kg.gatekeeping import SentFile
from qit4n_kg.submitting import Sending


def take(world, name, form, *, is_empty=False):
    now = world.graph.current().generation
    return world.graph.gatekeeper.sheet(name, form, now.store_path, now.number, is_empty=is_empty)


def send(world, content, form, name="sheet"):
    file = SentFile(f"{name}.{form.extension}", form, content)
    fields = {"message": "From a sheet", "licence": "CC-BY-4.0"}
    return world.desk.submit(Sending((file,), "", fields), "ana", world.graph.current()).contribution


def rows_of(content, form):
    if form is CSV:
        return {"": list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))}
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}


def write(sheets, form):
    output = io.BytesIO()
    if form is CSV:
        text = io.StringIO(newline="")
        csv.writer(text).writerows(sheets[""])
        return text.getvalue().encode()
    with xlsxwriter.Workbook(output, {"in_memory": True}) as book:
        for name, rows in sheets.items():
            page = book.add_worksheet(name)
            for number, row in enumerate(rows):
                page.write_row(number, 0, row)
    return output.getvalue()


def edit(content, form, iri, heading, value):
    """Write a value into the first sheet, into a new row where the thing has none."""
    sheets = rows_of(content, form)
    rows = next(iter(sheets.values()))
    place = [str(cell).rstrip("* ") for cell in rows[0]].index(heading)
    found = [row for row in rows if row[0] == iri]
    if not found:
        rows.append([iri, *[""] * (len(rows[0]) - 1)])
        found = [rows[-1]]
    found[0][place] = value
    return write(sheets, form)


FORMS = pytest.mark.parametrize("form", [CSV, XLSX], ids=["csv", "xlsx"])
THING = "organization/nict"


def name_of(world, thing):
    ((label,),) = world.select(f"<{thing}> <http://www.w3.org/2000/01/rdf-schema#label> ?label")
    return label.value


@FORMS
@pytest.mark.parametrize(
    "kind", ["Person", "Organization", "RoleHeld", "Meeting", "Deliverable", "StatusReport", "Liaison"]
)
def test_a_sheet_that_nobody_changed_changes_nothing(still_world, form, kind):
    content = take(still_world, kind, form)
    now = still_world.graph.current().generation
    edits = still_world.graph.gatekeeper.edits(SentFile(f"s.{form.extension}", form, content), now.store_path)
    assert (edits.adds, edits.retracts, edits.conflicts, edits.generation) == (b"", b"", (), now.number)
    assert len(next(iter(rows_of(content, form).values()))) > 3


@FORMS
def test_only_the_cell_that_was_changed_is_taken(still_world, form):
    content = edit(take(still_world, "Organization", form), form, THING, "label", "Another name")
    proposal = send(still_world, content, form).proposal
    assert [str(triple.object) for triple in proposal.adds] == ['"Another name"@en']
    assert [triple.object.value for triple in proposal.retracts] == [name_of(still_world, THING)]


@FORMS
def test_a_new_row_is_a_new_thing(still_world, form):
    content = edit(take(still_world, "Person", form, is_empty=True), form, "person/by-sheet", "name", "By Sheet")
    added = {str(triple) for triple in send(still_world, content, form).proposal.adds}
    assert len(added) == 2
    assert any("Person" in text for text in added)
    assert any('"By Sheet"' in text for text in added)


def test_a_thing_may_be_chosen_by_its_label(still_world):
    content = take(still_world, "Organization", CSV)
    others = "?c a stdorg:Country FILTER NOT EXISTS { <organization/nict> stdorg:country ?c }"
    country = next(row[0] for row in still_world.select(others))
    label = name_of(still_world, country.value)
    proposal = send(still_world, edit(content, CSV, THING, "country", label), CSV).proposal
    assert [triple.object for triple in proposal.adds] == [country]


@FORMS
def test_a_cell_that_changed_in_the_graph_too_is_a_conflict(world, form):
    taken = take(world, "Organization", form)
    old = name_of(world, THING)
    label = f'<{THING}> rdfs:label "{{}}"@en .'
    world.accept(world.submit(label.format("Changed meanwhile"), retracts=label.format(old)).contribution)
    with pytest.raises(PreconditionFailedError) as caught:
        send(world, edit(taken, form, THING, "label", "Mine"), form)
    (conflict,) = caught.value.conflicts
    assert f"it was “{old}”, you wrote “Mine”, and now it is “Changed meanwhile”" in conflict
    assert "column" in conflict
    other = send(
        world, edit(taken, form, "organization/ustc", "label", "Mine"), form
    )  # the rest of the sheet is as it was
    assert {triple.subject.value.rsplit("/", 1)[-1] for triple in other.proposal.adds} == {"ustc"}


def test_a_workbook_has_lists_notes_and_what_was_seen(still_world):
    content = take(still_world, "RoleHeld", XLSX)
    sheets = rows_of(content, XLSX)
    assert list(sheets) == ["RoleHeld", "#seen", "#values"]
    assert sheets["RoleHeld"] == sheets["#seen"]
    import zipfile

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        page = archive.read("xl/worksheets/sheet1.xml").decode()
        assert page.count("<dataValidation ") >= 3
        assert "A role held needs exactly one person" in archive.read("xl/comments1.xml").decode()


def test_a_sheet_of_no_class_is_not_found(still_world):
    with pytest.raises(NotFoundError, match="no sheet"):
        take(still_world, "Nothing", CSV)


def test_a_sheet_of_a_generation_that_is_gone_says_so(still_world):
    content = take(still_world, "Person", CSV).replace(b"generation=1", b"generation=7")
    with pytest.raises(SourceError, match="generation 7"):
        send(still_world, content, CSV)


def test_a_documents_value_is_overruled_by_another_one_and_taken_back_where_none_comes(world):
    edited = edit(take(world, "Meeting", CSV), CSV, "fg-qit4n/meeting/1", "participants", "110")
    contribution = send(world, edited, CSV)
    assert not contribution.proposal.retracts
    (overruled,) = contribution.proposal.overrules
    assert (overruled.statement.object.value, overruled.reason) == ("109", "From a sheet")
    emptied = edit(take(world, "Meeting", CSV), CSV, "fg-qit4n/meeting/1", "participants", "")
    assert [triple.object.value for triple in send(world, emptied, CSV).proposal.retracts] == ["109"]
    world.accept(contribution)
    assert world.ask("<fg-qit4n/meeting/1> stdorg:participants 110 FILTER NOT EXISTS { ?s stdorg:participants 109 }")
    assert world.ask("?discrepancy stdorg:about <fg-qit4n/meeting/1> ; stdorg:reason 'From a sheet'@en")


@FORMS
def test_a_value_that_is_too_long_for_a_cell_is_left_out_and_left_alone(world, form):
    long = "x" * 200_000
    world.accept(world.submit(f'<{THING}> skos:altLabel "{long}"@en .').contribution)
    content = take(world, "Organization", form)
    assert long[:40_000].encode() not in content
    contribution = send(world, edit(content, form, THING, "label", "Another label"), form)
    assert {triple.predicate.value.rsplit("#")[-1] for triple in contribution.proposal.retracts} == {"label"}
