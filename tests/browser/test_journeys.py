"""What people do in a browser, without JavaScript: look around, follow a person, ask a question, get lost."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browser.places import PATHS

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    Open = Callable[..., Page]
    Keep = Callable[[Page, str], None]


def test_home_leads_to_a_person_and_a_source(open_page: Open) -> None:
    page = open_page("/", java_script_enabled=False)
    assert page.locator(".stat", has_text="Meetings").locator(".stat__figure").inner_text() == "9"
    page.locator("details#people > summary").click()
    page.locator("details#people").get_by_role("link", name="Kaoru Kenyoshi").click()
    assert page.locator("h1").inner_text() == "Kaoru Kenyoshi"
    row = page.locator("section", has=page.get_by_role("heading", name="Roles held")).locator(
        "tr", has_text="Vice-chair"
    )
    assert "NICT" in row.inner_text()
    row.get_by_role("link", name=re.compile("^Source ")).first.click()
    page.locator("li:target").get_by_role("link", name=re.compile("Leadership")).click()
    page.wait_for_url("**/passage/**")
    assert "Progress report of FG QIT4N" in page.locator("dl.facts").first.inner_text()
    assert page.locator("section.panel").get_by_role("link", name="Kaoru Kenyoshi").count() > 0


def test_a_footnote_leads_to_the_passage_that_states_the_fact(open_page: Open) -> None:
    page = open_page(PATHS["deliverable"], java_script_enabled=False)
    fact = page.locator("dl.facts > div", has_text="Document kind").first
    said = []
    for link in fact.locator("sup.refs a").all():
        link.click()
        said.append(page.locator("li:target").inner_text())
    assert any("Annex A" in passage for passage in said)


def test_a_deliverable_shows_editors_progress_and_its_data_files(open_page: Open) -> None:
    page = open_page(PATHS["deliverable"], java_script_enabled=False)
    text = page.locator("main").inner_text()
    for expected in ("Kaoru Kenyoshi", "Shanghai Jiao Tong University", "Under development", "90", "2021-12"):
        assert expected in text
    turtle = page.get_by_role("link", name="Turtle").get_attribute("href")
    assert turtle == "/data/fg-qit4n/deliverable/d2.3.1.ttl"
    answer = page.request.get(page.url.replace(PATHS["deliverable"], turtle))
    assert answer.headers["content-type"] == "text/turtle; charset=utf-8"


def test_a_contradiction_is_shown_where_it_matters(open_page: Open) -> None:
    page = open_page(PATHS["meeting"], java_script_enabled=False)
    notice = page.locator(".notice--warning")
    assert "The sources disagree" in notice.inner_text()
    assert "2020-02-13" in notice.inner_text()
    assert "2020-02-18" in notice.inner_text()


def test_two_titles_of_a_deliverable_are_shown_with_the_one_that_is_followed(open_page: Open) -> None:
    page = open_page("/doc/fg-qit4n/deliverable/d1.1", java_script_enabled=False)
    notice = page.locator(".notice--warning").inner_text()
    assert "QIT4N terminology part 1: Network aspects of QIT" in notice
    assert re.search("Network aspects of QIT . terminology", notice)


def test_a_plan_tells_what_happened_to_it_step_by_step(open_page: Open) -> None:
    page = open_page(PATHS["plan"], java_script_enabled=False)
    panel = page.locator("section", has=page.get_by_role("heading", name="What happened to the plan"))
    assert [row.inner_text().split("\t")[2] for row in panel.locator("tbody tr").all()][-1] == "Given up"


def test_a_term_is_found_from_the_contents_and_leads_to_its_data_and_its_query(open_page: Open) -> None:
    page = open_page(PATHS["ontology"], java_script_enabled=False)
    page.get_by_label("Contents").get_by_role("link", name="Meeting", exact=True).click()
    term = page.locator("article:target")
    assert "A formal meeting of a body" in term.inner_text()
    term.locator("summary", has_text="constraints").click()
    assert "meetingOf: exactly one; of class Body" in term.inner_text()
    term.get_by_role("link", name=re.compile("FG QIT4N meeting 1")).click()
    assert page.locator("h1").inner_text().startswith("FG QIT4N meeting 1")


def test_a_diagram_leads_to_a_term_and_is_one_stop_for_the_keyboard(open_page: Open) -> None:
    page = open_page(PATHS["ontology"])
    page.locator("details.module > summary", has_text="Events and plans").click()
    diagram = page.get_by_role("region", name="Diagram: Events and plans")
    assert diagram.locator("a:not([tabindex='-1'])").count() == 0
    assert page.get_by_role("group", name="Events and plans").count() == 1
    diagram.locator("text", has_text="conductedAs").click()
    assert "took place in execution of the plan" in page.locator("article:target").inner_text()


def test_the_check_that_does_not_hold_is_explained_and_can_be_asked_again(open_page: Open) -> None:
    page = open_page(PATHS["quality"], java_script_enabled=False)
    check = page.locator("article.notice--warning")
    assert check.count() == 1
    assert "I-264" in check.inner_text()
    assert "unexplained" in check.inner_text()
    check.get_by_role("link", name="Show the SPARQL").click()
    assert page.locator("table tbody tr").count() == 5


def test_the_query_form_works_without_javascript(open_page: Open, keep: Keep) -> None:
    page = open_page("/sparql", java_script_enabled=False)
    page.locator("textarea").fill(
        "PREFIX stdorg: <https://w3id.org/stdorg/ns#>\n"
        "SELECT (SUM(?n) AS ?total) { ?m a stdorg:Meeting ; stdorg:participants ?n }"
    )
    page.get_by_role("button", name="Run").click()
    assert "702" in page.locator("table").inner_text()
    keep(page, "sparql-result")


def test_a_panels_sparql_opens_in_the_form_and_answers(open_page: Open) -> None:
    page = open_page(PATHS["person"], java_script_enabled=False)
    page.get_by_role("link", name="Show the SPARQL of Roles held").click()
    assert "stdorg:agent <https://w3id.org/qit4n/id/person/kaoru-kenyoshi>" in page.locator("textarea").input_value()
    assert page.locator("table tbody tr").count() == 3


def test_a_catalogue_query_shows_question_rows_and_text(open_page: Open) -> None:
    page = open_page("/queries", java_script_enabled=False)
    page.get_by_role("link", name="Leadership", exact=True).first.click()
    assert page.locator("table tbody tr").count() == 16
    assert "Qiang Zhang" in page.locator("table").inner_text()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_table_wider_than_the_page_scrolls_in_its_box_and_says_so(open_page: Open, width: int) -> None:
    page = open_page("/queries/meetings", width=width)
    hint = "getComputedStyle(document.querySelector('.table-scroll'), '::before').display"
    assert page.evaluate(hint) == "block"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = page.locator(".table-scroll")
    box.evaluate("box => { box.scrollLeft = 10_000 }")
    assert box.evaluate("box => box.scrollLeft") > 0
    assert open_page("/sparql?query=SELECT%20(1%20AS%20%3Fn)%20%7B%7D", width=width).evaluate(hint) == "none"


def test_a_mistyped_address_offers_what_was_meant(open_page: Open) -> None:
    page = open_page(PATHS["not-found"], status=404, java_script_enabled=False)
    page.get_by_role("link", name="Kaoru Kenyoshi").click()
    assert page.locator("h1").inner_text() == "Kaoru Kenyoshi"


def test_the_keyboard_reaches_the_content_first(open_page: Open) -> None:
    page = open_page("/")
    page.keyboard.press("Tab")
    skip = page.locator(":focus")
    assert skip.inner_text() == "Skip to the content"
    assert skip.evaluate("element => element.getBoundingClientRect().top") >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_every_stop_of_the_keyboard_is_visible(open_page: Open) -> None:
    """WCAG 2.2, 2.4.7: whatever has the focus shows it."""
    page = open_page("/doc/person/kaoru-kenyoshi")
    for _ in range(25):
        page.keyboard.press("Tab")
        ringed = "[document.activeElement, document.activeElement.closest('.site-search')]"  # the box and its button have one ring
        outlines = page.evaluate(f"{ringed}.filter(Boolean).map((one) => getComputedStyle(one).outlineStyle)")
        assert set(outlines) != {"none"}, page.evaluate("document.activeElement.outerHTML")


def test_print_hides_what_paper_can_not_do(open_page: Open, keep: Keep) -> None:
    page = open_page(PATHS["person"])
    page.emulate_media(media="print")
    assert not page.locator(".site-nav").first.is_visible()
    assert page.get_by_role("heading", name="Roles held").is_visible()
    keep(page, "person-print")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (320, "dark")])
def test_a_spreadsheet_that_is_dropped_is_reported_cell_by_cell(
    open_page: Open, keep: Keep, width: int, scheme: str
) -> None:
    page = open_page("/validate", width=width, color_scheme=scheme)
    bad = Path(__file__).parents[1] / "fixtures" / "bad"
    page.set_input_files("#file", [bad / "meetings.xlsx", bad / "person.ttl"])
    page.get_by_role("button", name="Check", exact=True).click()
    page.wait_for_selector("text=meetings.xlsx, sheet Meetings, row 3, column 4")
    assert page.locator("text=person.ttl, line 8, column 27").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    keep(page, f"validate-report-{width}")
