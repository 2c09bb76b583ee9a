"""The SPARQL editor as people use it: completion, errors at their place, tabs, views of a result, cancelling, the keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from browser.test_accessibility import violations

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    Open = Callable[..., Page]
    Keep = Callable[[Page, str], None]

MEETINGS = """PREFIX stdorg: <https://w3id.org/stdorg/ns#>
SELECT ?number ?participants
WHERE { ?meeting a stdorg:Meeting ; stdorg:number ?number ; stdorg:participants ?participants }
ORDER BY ?number"""
CHAIRS = """PREFIX stdorg: <https://w3id.org/stdorg/ns#>
CONSTRUCT { ?person stdorg:chairs ?body } WHERE { ?person stdorg:chairs ?body }"""
ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"


pytestmark = pytest.mark.usefixtures("has_bundles")


def accept(page: Page, name: str) -> None:
    """Wait for a completion and take it; the editor ignores a key that comes before one can have read the list."""
    page.get_by_role("option", name=name).first.wait_for()
    page.wait_for_timeout(300)
    page.keyboard.press("Enter")


def write(page: Page, text: str) -> None:
    page.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(text)


def run(page: Page) -> None:
    page.keyboard.press("Control+Enter")
    page.locator("#editor-status", has_text="Done").wait_for()


def test_a_class_and_a_property_are_completed_and_their_prefix_declared(open_page: Open) -> None:
    page = open_page("/sparql")
    write(page, "")
    page.keyboard.type("SELECT ?n { ?m a stdorg:Meeti")
    accept(page, "stdorg:Meeting")
    page.keyboard.type(" ; stdorg:participan")
    accept(page, "stdorg:participants")
    page.keyboard.type(" ?n ")
    assert page.locator("#query").input_value() == (
        "PREFIX stdorg: <https://w3id.org/stdorg/ns#>\nSELECT ?n { ?m a stdorg:Meeting ; stdorg:participants ?n }"
    )
    run(page)
    assert page.locator("#outcome tbody tr").count() == 9


def test_a_thing_is_completed_by_its_name(open_page: Open) -> None:
    page = open_page("/sparql")
    write(page, "")
    page.keyboard.type("DESCRIBE kenyosh")
    accept(page, "Kaoru Kenyoshi")
    assert "<https://w3id.org/qit4n/id/person/kaoru-kenyoshi>" in page.locator("#query").input_value()


def test_an_error_is_marked_at_its_place_and_told(open_page: Open, keep: Keep) -> None:
    page = open_page("/sparql", expected=(400,))
    write(page, "SELECT ?n WHERE {\n  ?m a stdorg:Meeting }")
    page.keyboard.press("Control+Enter")
    page.locator(".notice--error").wait_for()
    assert page.locator(".cm-lintRange-error").inner_text() == "stdorg:Meeting"
    assert "stdorg: is not declared" in page.locator(".notice--error").inner_text()
    assert violations(page) == []
    keep(page, "editor-error")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_result_is_drawn_as_a_chart(open_page: Open, keep: Keep, scheme: str) -> None:
    page = open_page("/sparql", color_scheme=scheme)
    write(page, MEETINGS)
    run(page)
    page.get_by_role("button", name="Chart", exact=True).click()
    page.locator(".views__drawing svg").wait_for()
    assert page.locator(".views__drawing svg .mark-rect path").count() == 9
    assert not page.locator("#outcome .table-scroll").is_visible()
    assert violations(page) == []
    keep(page, f"editor-chart-{scheme}")
    page.get_by_role("button", name="Table", exact=True).click()
    assert page.locator("#outcome .table-scroll").is_visible()


def test_triples_are_drawn_as_a_graph(open_page: Open, keep: Keep) -> None:
    page = open_page("/sparql")
    write(page, CHAIRS)
    run(page)
    page.get_by_role("button", name="Graph", exact=True).click()
    page.locator(".views__network canvas").first.wait_for()
    keep(page, "editor-graph")


def test_a_running_query_is_cancelled(open_page: Open) -> None:
    page = open_page("/sparql", expected=(503,))
    write(page, ENDLESS)
    page.keyboard.press("Control+Enter")
    page.wait_for_timeout(400)
    with page.expect_response(lambda answer: "/sparql/running/" in answer.url) as answer:
        page.get_by_role("button", name="Cancel").click()
    assert answer.value.status == 202
    page.locator("#editor-status", has_text="Cancelled.").wait_for()


def test_tabs_and_what_was_asked_before_stay_in_this_browser(open_page: Open) -> None:
    page = open_page("/sparql")
    write(page, MEETINGS)
    run(page)
    page.get_by_role("button", name="New tab").click()
    write(page, "# Who chairs\n" + CHAIRS)
    page.goto(page.url.partition("?")[0])
    page.get_by_role("tab").nth(1).wait_for()
    assert page.get_by_role("tab").all_inner_texts() == ["SELECT ?number ?participants", "Who chairs"]
    page.get_by_role("tab").nth(1).focus()
    page.keyboard.press("ArrowLeft")
    assert page.locator("#query").input_value() == MEETINGS
    page.keyboard.press("Delete")
    assert page.get_by_role("tab").count() == 1
    page.locator("#past summary").click()
    page.locator("#past").get_by_role("button", name="SELECT ?number ?participants").click()
    assert page.locator("#query").input_value() == MEETINGS


def test_an_example_opens_in_a_tab_of_its_own(open_page: Open) -> None:
    page = open_page("/sparql")
    page.locator(".cm-content").wait_for()
    page.locator("#examples").get_by_role("link", name="Leadership", exact=True).click()
    page.get_by_role("tab").nth(1).wait_for()
    assert "stdorg:ChairRole" in page.locator("#query").input_value()


@pytest.mark.parametrize(
    ("language", "expected"),
    [("curl", "--data-urlencode query="), ("python", "urlopen(request)"), ("r", "library(httr)")],
)
def test_the_query_is_copied_as_a_program(open_page: Open, language: str, expected: str) -> None:
    page = open_page("/sparql", permissions=["clipboard-read", "clipboard-write"])
    write(page, MEETINGS)
    page.locator("#copy-as").select_option(language)
    page.locator("#editor-status", has_text="Copied").wait_for()
    text = page.evaluate("navigator.clipboard.readText()")
    assert expected in text
    assert "?participants" in text


def test_a_link_to_the_query_is_shared(open_page: Open) -> None:
    page = open_page("/sparql", permissions=["clipboard-read", "clipboard-write"])
    write(page, MEETINGS)
    page.get_by_role("button", name="Copy link").click()
    page.locator("#editor-status", has_text="Copied").wait_for()
    page.goto(page.evaluate("navigator.clipboard.readText()"))
    assert page.locator("#outcome tbody tr").count() == 9
    assert page.locator("#query").input_value() == MEETINGS


def test_the_keyboard_alone_asks_and_leaves_the_editor(open_page: Open) -> None:
    """WCAG 2.2, 2.1.2: the focus is not trapped."""
    page = open_page("/sparql")
    page.locator(".cm-content").wait_for()
    page.get_by_role("tab").first.focus()
    for _ in range(3):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.shadowRoot !== null"):
            break
    page.keyboard.press("Control+Enter")
    page.locator("#editor-status", has_text="Done").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "run"


def test_without_its_bundle_the_form_is_used_as_it_is(open_page: Open) -> None:
    page = open_page("/sparql", blocked="**/static/vendor/**")
    page.locator("textarea").fill(MEETINGS)
    page.get_by_role("button", name="Run").click()
    page.wait_for_url("**/sparql?query=*")
    assert page.locator("#outcome tbody tr").count() == 9


def test_back_brings_the_query_before_and_its_result(open_page: Open) -> None:
    page = open_page("/sparql")
    write(page, MEETINGS)
    run(page)
    write(page, MEETINGS.replace("ORDER BY ?number", "ORDER BY ?number LIMIT 2"))
    page.keyboard.press("Control+Enter")
    page.locator("#outcome", has_text="2 rows").wait_for()
    page.go_back()
    page.locator("#outcome", has_text="9 rows").wait_for()
    assert page.locator("#query").input_value() == MEETINGS
    page.go_forward()
    page.locator("#outcome", has_text="2 rows").wait_for()


def test_a_link_takes_the_tab_of_the_last_link_unless_it_was_changed(open_page: Open) -> None:
    page = open_page("/sparql?query=ASK+%7B%7D")
    page.locator(".cm-content").wait_for()
    origin = page.url.partition("?")[0]
    page.goto(f"{origin}?query=SELECT+*+%7B%7D")
    page.get_by_role("tab").first.wait_for()
    assert page.get_by_role("tab").all_inner_texts() == ["SELECT * {}"]
    write(page, "SELECT (1 AS ?n) {}")
    page.goto(f"{origin}?query=ASK+%7B%7D")
    page.get_by_role("tab").nth(1).wait_for()
    assert page.get_by_role("tab").all_inner_texts() == ["SELECT (1 AS ?n) {}", "ASK {}"]


def test_the_graph_of_a_result_names_its_things(open_page: Open) -> None:
    page = open_page("/sparql")
    write(page, CHAIRS)
    run(page)
    labels = page.locator("#outcome tbody a[data-label]").evaluate_all("all => all.map((one) => one.dataset.label)")
    assert {"Helmut Griesser", "FG QIT4N", "chairs"} <= set(labels)


def test_two_windows_lose_nothing_of_what_is_typed_in_either(open_page: Open) -> None:
    first = open_page("/sparql")
    write(first, "SELECT (1 AS ?begun) {}")
    second = first.context.new_page()
    second.goto(first.url)
    write(second, "SELECT (99 AS ?second) {}")
    write(first, "SELECT (77 AS ?first) {}")
    second.reload()
    second.get_by_role("tab").nth(1).wait_for()
    assert set(second.get_by_role("tab").all_inner_texts()) == {"SELECT (77 AS ?first) {}", "SELECT (99 AS ?second) {}"}
    assert second.locator("#query").input_value() == "SELECT (99 AS ?second) {}"
    second.close()
    first.reload()
    first.get_by_role("tab").nth(1).wait_for()
    assert first.locator("#query").input_value() == "SELECT (77 AS ?first) {}"


def test_a_view_that_the_result_has_no_data_for_is_not_offered_and_says_why(open_page: Open) -> None:
    page = open_page("/sparql?query=SELECT+%28%22x%22+AS+%3Ftext%29+%7B%7D")
    page.locator(".views__bar").wait_for()
    chart, graph = (page.get_by_role("button", name=name, exact=True) for name in ("Chart", "Graph"))
    assert chart.is_disabled()
    assert chart.get_attribute("title") == "A chart needs a column of numbers."
    assert graph.is_disabled()
    assert "two things" in (graph.get_attribute("title") or "")
    write(page, MEETINGS)
    run(page)
    assert chart.is_enabled()
    assert chart.get_attribute("title") is None


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "none"])
def test_a_known_prefix_that_is_not_declared_is_added_by_a_click(open_page: Open, javascript: bool) -> None:
    page = open_page("/sparql?query=ASK+%7B%3Fs+a+stdorg:Meeting%7D", status=400, java_script_enabled=javascript)
    page.get_by_role("link", name="Add it and run").click()
    page.locator("#outcome", has_text="Answer: yes").wait_for()
    expected = "PREFIX stdorg: <https://w3id.org/stdorg/ns#>\nASK {?s a stdorg:Meeting}"
    assert page.locator("#query").input_value() == expected
