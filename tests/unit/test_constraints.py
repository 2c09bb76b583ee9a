"""Shapes in words: how many, of which kind, with the message; every shipped shape can be told."""

from __future__ import annotations

from pathlib import Path

import pytest

from qit4n_kg.constraints import Constraint, Constraints
from qit4n_kg.errors import SourceError

ROOT = Path(__file__).resolve().parents[2]
STDORG = "https://w3id.org/stdorg/ns#"
PREFIXES = """
@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix stdorg: <https://w3id.org/stdorg/ns#> . @prefix e: <http://e/> .
e:Shape a sh:NodeShape ; sh:targetClass e:Thing ; sh:property e:p .
"""


def one(folder: Path, body: str) -> Constraint:
    """Read the only property shape of `e:Thing`."""
    (folder / "shapes.ttl").write_text(f"{PREFIXES} e:p {body} .")
    (found,) = Constraints(folder).by_class["http://e/Thing"]
    return found


@pytest.mark.parametrize(
    ("body", "how_many", "values"),
    [
        ("sh:path e:a ; sh:minCount 1 ; sh:maxCount 1 ; sh:datatype xsd:date", "exactly one", "a date"),
        ("sh:path e:a ; sh:maxCount 1 ; sh:class stdorg:Body", "at most one", "of class stdorg:Body"),
        ("sh:path e:a ; sh:minCount 2", "at least 2", ""),
        ("sh:path e:a ; sh:nodeKind sh:IRI", "any number", "an IRI"),
        ("sh:path e:a ; sh:qualifiedMinCount 1 ; sh:uniqueLang true", "at least one", "one a language"),
        ("sh:path e:a ; sh:minInclusive 0 ; sh:maxInclusive 100", "any number", "from 0 to 100"),
        ("sh:path e:a ; sh:minInclusive 1", "any number", "1 or more"),
        ("sh:path e:a ; sh:in ( 1 2 )", "any number", "one of 1, 2"),
        ("sh:path e:a ; sh:or ( [ rdfs:label 'A date' ] [ rdfs:label 'A year' ] )", "any number", "a date or a year"),
        ("sh:path e:a ; sh:disjoint stdorg:agent", "any number", "other than stdorg:agent"),
        ("sh:path e:a ; sh:maxCount 0", "none", ""),
    ],
)
def test_a_shape_is_told_in_words(tmp_path: Path, body: str, how_many: str, values: str) -> None:
    found = one(tmp_path, body)
    assert (found.how_many, found.values) == (how_many, values)


def test_a_path_names_its_properties_and_whether_it_goes_backwards(tmp_path: Path) -> None:
    found = one(tmp_path, "sh:path ( [ sh:inversePath e:a ] e:b )")
    assert found.is_inverse
    assert found.terms == ("http://e/a", "http://e/b")
    assert not one(tmp_path, "sh:path [ sh:alternativePath ( e:a e:b ) ]").is_inverse


def test_only_a_violation_is_required(tmp_path: Path) -> None:
    assert one(tmp_path, "sh:path e:a ; sh:minCount 1").is_required
    assert not one(tmp_path, "sh:path e:a ; sh:minCount 1 ; sh:severity sh:Warning").is_required


def test_a_file_that_is_no_turtle_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.ttl").write_text("<a> <b>")
    with pytest.raises(SourceError) as caught:
        Constraints(tmp_path)
    assert caught.value.path == tmp_path / "bad.ttl"


def test_every_shipped_constraint_has_a_message_and_a_target() -> None:
    found = Constraints(ROOT / "shapes").all
    assert len(found) > 200
    assert [c.shape for c in found if not c.message or not (c.classes or c.subjects_of)] == []


def test_what_a_meeting_needs_is_found_by_class_and_by_property() -> None:
    shapes = Constraints(ROOT / "shapes")
    assert "meeting of" in {c.name for c in shapes.by_class[f"{STDORG}Meeting"] if c.is_required}
    (found,) = shapes.by_property[f"{STDORG}meetingOf"]
    assert (found.how_many, found.values) == ("exactly one", "of class stdorg:Body")
