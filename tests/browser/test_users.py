"""What the four kinds of users come for, from the home page on, with JavaScript and without."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

import pyoxigraph
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    Open = Callable[..., Page]
    Keep = Callable[[Page, str], None]

SCRIPTING = pytest.mark.parametrize("scripting", [True, False], ids=["with JavaScript", "without"])


@SCRIPTING
def test_a_reader_learns_who_is_liaison_officer_and_for_whom_he_works(
    open_page: Open, keep: Keep, scripting: bool
) -> None:
    page = open_page("/", java_script_enabled=scripting)
    tile = page.locator(".tile", has_text="ITU-T SG13")
    assert "Zhangchao Ma" in tile.inner_text()
    tile.get_by_role("link", name="Zhangchao Ma").click()
    assert page.locator("h1").inner_text() == "Zhangchao Ma"
    assert "CAS Quantum Network" in page.locator("main").inner_text()
    keep(page, "reader")


@SCRIPTING
def test_a_reader_sees_which_deliverable_is_furthest_behind(open_page: Open, scripting: bool) -> None:
    page = open_page("/", java_script_enabled=scripting)
    chart = page.get_by_role("region", name="Progress of the deliverables", exact=True)
    figures = [
        (float(row.locator(".number").inner_text().removesuffix("%")), row.locator("a").first.inner_text())
        for row in chart.locator("tbody tr:has(.number)").all()
    ]
    assert min(figures)[1].startswith("D1.3")
    assert "none reported" in chart.inner_text()


@SCRIPTING
def test_a_reader_finds_a_person_by_name(open_page: Open, scripting: bool) -> None:
    page = open_page("/", java_script_enabled=scripting)
    page.locator("#site-search").fill("Kenyoshi")
    page.locator(".site-search__button").click()
    page.locator("main").get_by_role("link", name="Kaoru Kenyoshi", exact=True).first.click()
    assert page.locator("h1").inner_text() == "Kaoru Kenyoshi"


@SCRIPTING
def test_an_analyst_starts_from_a_chart_and_takes_the_figures_away(open_page: Open, scripting: bool) -> None:
    page = open_page("/", java_script_enabled=scripting)
    page.get_by_role("link", name="Show the SPARQL of Participants at each meeting").click()
    page.get_by_role("link", name="Edit and run it").click()
    page.get_by_role("button", name="Run").click()
    page.locator("#outcome tbody tr").first.wait_for()
    href = page.locator("#outcome").get_by_role("link", name="CSV", exact=True).get_attribute("href")
    assert href is not None
    rows = list(csv.DictReader(io.StringIO(page.request.get(page.url.partition("/sparql")[0] + href).text())))
    assert len(rows) == 9
    assert sum(int(row["participants"]) for row in rows) == 702


@SCRIPTING
def test_a_contributor_sees_what_is_missing_and_where_it_is_stated(
    open_page: Open, keep: Keep, scripting: bool
) -> None:
    page = open_page("/", java_script_enabled=scripting)
    page.get_by_role("contentinfo").get_by_role("link", name="Quality of the data").click()
    assert "liaison" in page.locator("main").inner_text()
    page.go_back()
    page.get_by_role("link", name=re.compile("ITU-T SG15")).click()
    page.locator("sup.refs a").first.click()
    assert page.locator("li:target").count() == 1
    keep(page, "contributor")


@SCRIPTING
def test_another_registry_takes_one_thing_and_the_vocabulary_as_data(open_page: Open, scripting: bool) -> None:
    page = open_page("/doc/fg-qit4n/liaison/itu-t-sg13", java_script_enabled=scripting)
    origin = page.url.partition("/doc/")[0]
    link = page.locator("link[rel=alternate][type='text/turtle']").first.get_attribute("href")
    turtle = page.request.get(link if link.startswith("http") else origin + link)
    triples = list(pyoxigraph.parse(turtle.body(), format=pyoxigraph.RdfFormat.TURTLE))
    assert any("hasLiaisonWith" in str(triple) or "liaisonWith" in str(triple) for triple in triples)
    page.goto(f"{origin}/")
    page.get_by_role("link", name="ontology.ttl").click(trial=True)
    ontology = page.request.get(f"{origin}/ontology.ttl")
    assert any(True for _ in pyoxigraph.parse(ontology.body(), format=pyoxigraph.RdfFormat.TURTLE))
    service = page.request.get(f"{origin}/.well-known/void", headers={"Accept": "text/turtle"})
    assert "void:sparqlEndpoint" in service.text() or "sparqlEndpoint" in service.text()
