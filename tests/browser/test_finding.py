"""How people find things in a browser: suggestions, searching, narrowing, sorting lists; the same without JavaScript."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    Open = Callable[..., Page]
    Keep = Callable[[Page, str], None]

BOX = "#site-search"
SUGGESTION = "[role=option]"


def path_of(page: Page) -> str:
    return urlsplit(page.url).path


def test_typing_a_part_of_a_name_suggests_it_and_the_keyboard_opens_it(open_page: Open, keep: Keep) -> None:
    page = open_page("/")
    box = page.locator(BOX)
    box.click()
    page.keyboard.type("kenyos", delay=10)
    page.locator(f"{SUGGESTION}:first-child", has_text="Kaoru Kenyoshi").wait_for()
    assert box.get_attribute("aria-expanded") == "true"
    assert page.locator(SUGGESTION).first.inner_text().startswith("Kaoru Kenyoshi")
    assert "suggestions" in page.locator("form.site-search [role=status]").inner_text()
    keep(page, "search-suggestions")
    page.keyboard.press("ArrowDown")
    chosen = page.locator("[role=option][aria-selected=true]")
    assert box.get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    page.keyboard.press("Enter")
    page.wait_for_url("**/doc/person/kaoru-kenyoshi")


def test_escape_closes_the_suggestions_and_keeps_what_was_typed(open_page: Open) -> None:
    page = open_page("/queries")
    page.locator(BOX).click()
    page.keyboard.type("sg1", delay=10)
    page.locator(f"{SUGGESTION}:first-child", has_text="SG1").wait_for()
    page.keyboard.press("ArrowUp")
    assert page.locator("[role=option][aria-selected=true]").count() == 1
    page.keyboard.press("Escape")
    assert page.locator(SUGGESTION).first.is_hidden()
    assert page.locator(BOX).input_value() == "sg1"
    assert page.locator(BOX).get_attribute("aria-expanded") == "false"


def test_a_suggestion_is_opened_by_a_click(open_page: Open) -> None:
    page = open_page("/doc/fg-qit4n")
    page.locator(BOX).click()
    page.keyboard.type("NICT", delay=10)
    page.locator(f"{SUGGESTION}:first-child", has_text="NICT").click()
    page.wait_for_url("**/doc/organization/nict")


def test_suggestions_fit_a_phone(open_page: Open, keep: Keep) -> None:
    page = open_page("/", width=320)
    page.locator(BOX).click()
    page.keyboard.type("quantum", delay=10)
    page.locator(SUGGESTION).first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    keep(page, "search-suggestions-phone")


@pytest.mark.parametrize("scripted", [True, False], ids=["with-javascript", "without-javascript"])
def test_search_narrow_and_open(open_page: Open, keep: Keep, scripted: bool) -> None:
    """To whom is Kenyoshi liaison officer? Search with a typo, narrow by type, open."""
    page = open_page("/", java_script_enabled=scripted)
    page.locator(BOX).fill("Kenyosi")
    page.locator(BOX).press("Enter")
    page.wait_for_url("**/search?q=**")
    assert "Kaoru Kenyoshi" in page.locator("ol.hits li").first.inner_text()
    page.locator(".facet a", has_text="Role held").click()
    page.wait_for_url("**type=RoleHeld**")
    keep(page, f"search-{'scripted' if scripted else 'plain'}")
    page.locator("ol.hits a", has_text="liaison officer to ITU-T SG11").click()
    assert path_of(page).startswith("/doc/")
    page.go_back()
    page.locator("ul.tags a", has_text="Role held").click()
    assert "type=" not in page.url


@pytest.mark.parametrize("scripted", [True, False], ids=["with-javascript", "without-javascript"])
def test_which_deliverable_is_furthest_behind(open_page: Open, keep: Keep, scripted: bool) -> None:
    """Two clicks from the home page: the list, then its column."""
    page = open_page("/", java_script_enabled=scripted)
    page.locator(".site-nav a", has_text="Deliverables").click()
    page.locator("th a.sort", has_text="Progress").click()
    assert page.locator("th[aria-sort=ascending]").inner_text().startswith("Progress")
    first = page.locator("table.list tbody tr").first.inner_text()
    assert first.startswith("D1.3")
    assert "50" in first
    keep(page, f"list-deliverables-{'scripted' if scripted else 'plain'}")


def test_a_list_is_narrowed_by_words_and_by_a_facet_and_taken_away(open_page: Open) -> None:
    page = open_page("/people", java_script_enabled=False)
    page.locator("#words").fill("liaison")
    page.locator("main .button").click()
    rows = page.locator("table.list tbody tr").count()
    assert 0 < rows < 32
    page.locator("details.disclosure > summary").click()
    page.locator(".facet a", has_text=re.compile("^China")).first.click()
    narrowed = page.locator("table.list tbody tr").count()
    assert 0 < narrowed < rows
    with page.expect_download() as download:
        page.locator(".take a", has_text="CSV").click()
    text = download.value.path().read_text(encoding="utf-8")
    assert len(text.splitlines()) == narrowed + 1


@pytest.mark.parametrize(
    "path", ["/search", "/search?q=quantum", "/search?q=nosuchthing", "/people", "/meetings", "/liaisons"]
)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_is_wider_than_a_phone(open_page: Open, keep: Keep, path: str, scheme: str) -> None:
    page = open_page(path, width=320, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    name = path.strip("/").replace("?q=", "-")
    keep(page, f"{name}-phone-{scheme}")


def test_a_hostile_label_stays_text_in_the_suggestions(open_page: Open) -> None:
    page = open_page("/")
    page.route(
        "**/suggest?**",
        lambda route: route.fulfill(
            json={
                "query": "x",
                "suggestions": [
                    {"iri": "x", "label": "<img src=x onerror=alert(1)>\u202e", "type": "<b>", "href": "/doc/fg-qit4n"}
                ],
            }
        ),
    )
    page.locator(BOX).click()
    page.keyboard.type("x")
    page.locator(SUGGESTION).first.wait_for()
    assert page.locator(".suggestions img, .suggestions b").count() == 0
    assert "<img" in page.locator(SUGGESTION).first.inner_text()


def test_a_server_that_does_not_answer_leaves_the_form_working(open_page: Open) -> None:
    page = open_page("/queries")
    page.route("**/suggest?**", lambda route: route.fulfill(body="[]", content_type="application/json"))
    page.locator(BOX).fill("kenyoshi")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=kenyoshi")
