"""Guards what is well-formed: years, months and days that rdflib takes whatever they say are judged by XSD's forms here."""

from __future__ import annotations

import pytest
from pyoxigraph import Literal, NamedNode

from qit4n_kg.namespaces import XSD
from qit4n_kg.validation.literals import is_well_formed


@pytest.mark.parametrize(
    ("datatype", "well_formed", "not_well_formed"),
    [
        ("gYear", ["2021", "-0044", "12021", "2021Z"], ["21", "02021", "2021-10", "this year", ""]),
        ("gYearMonth", ["2021-10", "2021-10Z", "2021-10+02:00"], ["2021-13", "2021-1", "October 2021", "23/10/2021"]),
        ("gMonth", ["--10"], ["10", "--13", "October"]),
        ("gMonthDay", ["--02-29", "--12-31"], ["--02-30", "--04-31", "12-31"]),
        ("gDay", ["---31"], ["31", "---32"]),
    ],
)
def test_a_part_of_a_date_is_of_the_form_that_xsd_gives_it(datatype, well_formed, not_well_formed):
    def accepted(texts: list[str]) -> list[str]:
        return [text for text in texts if is_well_formed(Literal(text, datatype=NamedNode(f"{XSD}{datatype}")))]

    assert accepted(well_formed) == well_formed
    assert accepted(not_well_formed) == []


@pytest.mark.parametrize("text", ["anything", ""])
def test_what_is_not_known_of_a_datatype_is_well_formed(text):
    assert is_well_formed(Literal(text, datatype=NamedNode("https://example.org/mine")))
