"""Guards what is suggested: the thing for its label, the form of a date or number, a person who may be there already."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad

from qit4n_kg.namespaces import RDFS, SH, STDORG, XSD
from qit4n_kg.reporting import Result, Severity
from qit4n_kg.validation import suggesting
from qit4n_kg.validation.model import TYPE
from qit4n_kg.validation.shapes import load_shapes
from qit4n_kg.validation.suggesting import Suggester
from qit4n_kg.validation.views import MemoryView

ID = "https://w3id.org/qit4n/id/"
LABEL = NamedNode(f"{RDFS}label")
MONTH = NamedNode(f"{XSD}gYearMonth")
PERSON, ORGANIZATION = NamedNode(f"{STDORG}Person"), NamedNode(f"{STDORG}Organization")
KAORU, NICT, OTHER = (NamedNode(f"{ID}{name}") for name in ("person/kaoru-kenyoshi", "organization/nict", "person/x"))
WORLD = [
    (KAORU, TYPE, PERSON),
    (KAORU, LABEL, Literal("Kaoru Kenyoshi")),
    (NICT, TYPE, ORGANIZATION),
    (NICT, LABEL, Literal("NICT", language="en")),
]


@pytest.fixture(scope="module")
def shapes():
    return load_shapes(Path(__file__).parents[2] / "shapes").merged


@pytest.fixture
def suggester(shapes) -> Suggester:
    return Suggester(MemoryView.of(WORLD), shapes)


def advice(suggester: Suggester, name: str, value: Literal) -> str | None:
    predicate = NamedNode(name if ":" in name else f"{STDORG}{name}")
    result = Result(Severity.VIOLATION, "…", OTHER, name, value, "shape", predicate=predicate)
    return suggester.improve([result])[0].suggestion


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("affiliatedWith", Literal("NICT"), f"Write <{NICT.value}> instead of the text."),
        ("affiliatedWith", Literal("Nobody Inc."), "Nothing of this kind is called 'Nobody Inc.'."),
        ("affiliatedWith", Literal("Kaoru Kenyoshi"), "Nothing of this kind is called 'Kaoru Kenyoshi'."),
        (
            "affiliatedWith",
            Literal("NICTT"),
            f"Nothing of this kind is called 'NICTT'. Did you mean 'NICT'? Then write <{NICT.value}>.",
        ),
        ("https://schema.org/startDate", Literal("11/13/2021"), 'Write "2021-11-13"^^xsd:date.'),
        ("https://schema.org/startDate", Literal("2 March 2021"), 'Write "2021-03-02"^^xsd:date.'),
        ("https://schema.org/startDate", Literal("March 2, 2021"), 'Write "2021-03-02"^^xsd:date.'),
        ("https://schema.org/startDate", Literal("31/12/2021"), 'Write "2021-12-31"^^xsd:date.'),
        ("https://schema.org/startDate", Literal("3/2/2021"), None),
        ("https://schema.org/startDate", Literal("2021-02-30"), None),
        ("https://schema.org/startDate", Literal("2021-03-02"), 'Write "2021-03-02"^^xsd:date.'),
        ("attestedAt", Literal("October 2021"), 'Write "2021-10"^^xsd:gYearMonth.'),
        ("attestedAt", Literal("3/2021", datatype=MONTH), 'Write "2021-03"^^xsd:gYearMonth.'),
        ("attestedAt", Literal("23/10/2021", datatype=MONTH), 'Write "2021-10-23"^^xsd:date.'),
        ("attestedAt", Literal("2021-13", datatype=MONTH), None),
        ("participants", Literal("1,024"), "Write 1024, without quotes."),
        ("participants", Literal("54.0", datatype=NamedNode(f"{XSD}decimal")), "Write 54, without quotes."),
        ("participants", Literal("many"), None),
    ],
)
def test_a_value_is_told_how_it_is_meant_or_nothing(suggester, name, value, told):
    assert advice(suggester, name, value) == told


def new_person(label: str) -> list[Quad]:
    return [Quad(OTHER, TYPE, PERSON, DefaultGraph()), Quad(OTHER, LABEL, Literal(label), DefaultGraph())]


@pytest.mark.parametrize(
    "label", ["Kaoru Kenyoshi", "KENYOSHI Kaoru", "Kenyoshi, Kaoru", "Kaoru Kenyosi", "Kaorū Kenyoshi"]
)
def test_a_new_person_with_almost_the_same_name_is_told(suggester, label):
    (found,) = suggester.near_duplicates(new_person(label))
    assert found.severity is Severity.WARNING
    assert found.suggestion == f"If so, write <{KAORU.value}> instead of <{OTHER.value}>."


@pytest.mark.parametrize("label", ["Kaoru Tanaka", "Ada Byron", ""])
def test_a_new_person_with_another_name_is_not(suggester, label):
    assert suggester.near_duplicates(new_person(label)) == []


def test_a_person_who_is_there_is_no_duplicate_of_themselves(suggester):
    assert suggester.near_duplicates([Quad(KAORU, TYPE, PERSON, DefaultGraph())]) == []


def test_among_very_many_people_other_orders_and_capitals_are_found(shapes, monkeypatch):
    monkeypatch.setattr(suggesting, "_MOST_PEOPLE", 0)
    found = Suggester(MemoryView.of(WORLD), shapes).near_duplicates(new_person("KENYOSHI Kaoru"))
    assert [result.focus for result in found] == [OTHER]


def test_nothing_is_suggested_for_a_value_that_is_well_written_and_wrong(suggester):
    predicate = NamedNode(f"{STDORG}participants")
    result = Result(
        Severity.VIOLATION, "…", OTHER, "p", Literal(-5), "shape", f"{SH}MinInclusiveConstraintComponent", predicate
    )
    assert suggester.improve([result])[0].suggestion is None


def test_a_text_in_the_place_of_a_date_is_told_once_and_not_compared_with_other_dates(suggester):
    predicate, value = NamedNode("https://schema.org/startDate"), Literal("12 March 2021")
    results = [
        Result(
            Severity.VIOLATION,
            name,
            OTHER,
            "schema:startDate",
            value,
            name,
            f"{SH}{name}ConstraintComponent",
            predicate,
        )
        for name in ("LessThanOrEquals", "Datatype")
    ]
    assert [one.message for one in suggester.improve(results)] == ["Datatype"]
    assert [one.message for one in suggester.improve(results[:1])] == ["LessThanOrEquals"]
