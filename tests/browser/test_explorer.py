"""The explorer as people use it: by pointer, by the keyboard alone, and as lists without JavaScript."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    Open = Callable[..., Page]
    Keep = Callable[[Page, str], None]

START = "/explore?start=person/kaoru-kenyoshi"


def test_a_thing_is_found_by_name_and_its_links_are_followed_in_the_lists(open_page: Open) -> None:
    page = open_page("/explore", java_script_enabled=False)
    page.get_by_label("Begin at").last.fill("Kenyoshi")
    page.get_by_role("button", name="Show").click()
    if page.locator("#found").count():
        page.get_by_role("link", name="Kaoru Kenyoshi", exact=True).click()
    page.locator(".around").get_by_role("link", name="FG QIT4N", exact=True).click()
    assert page.locator(".around h2").inner_text() == "FG QIT4N"
    page.get_by_role("link", name="Open its page").click()
    assert page.locator("h1").inner_text() == "FG QIT4N"


def test_the_keyboard_alone_goes_from_thing_to_thing(open_page: Open, keep: Keep, has_bundles: None) -> None:
    page = open_page(START, reduced_motion="reduce")
    page.locator(".explorer__network").focus()
    status = page.locator("#explorer-status")
    for key in ("ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown"):
        page.keyboard.press(key)
        if status.inner_text() != "Selected: Kaoru Kenyoshi" and not status.inner_text().endswith(")"):
            break
    chosen = status.inner_text().removeprefix("Selected: ")
    assert chosen
    page.keyboard.press("Enter")
    page.locator("#explorer-status", has_text="links added").wait_for()
    assert page.locator(".around h2").inner_text() == chosen
    keep(page, "explore-expanded")
    page.keyboard.press("o")
    page.wait_for_url("**/doc/**")


def test_the_lists_beside_the_drawing_follow_it(open_page: Open, has_bundles: None) -> None:
    page = open_page(START)
    page.locator(".around").get_by_role("link", name="FG QIT4N", exact=True).click()
    page.locator("#explorer-status", has_text="links added").wait_for()
    assert page.locator(".around h2").inner_text() == "FG QIT4N"
    page.get_by_role("button", name="Begin here anew").click()
    page.wait_for_url("**/explore?start=*fg-qit4n")


def test_many_links_of_one_kind_stand_as_one_node_that_opens(open_page: Open, keep: Keep, has_bundles: None) -> None:
    page = open_page("/explore", reduced_motion="reduce")
    page.locator(".explorer--drawn").wait_for()
    page.locator(".explorer__network").focus()
    status = page.locator("#explorer-status")
    keys = random.Random(1).choices(("ArrowLeft", "ArrowDown", "ArrowRight", "ArrowUp"), k=300)
    for key in keys:  # where things lie depends on the fonts that a machine has
        page.keyboard.press(key)
        if status.inner_text().endswith(")"):
            break
    count = int(status.inner_text().rpartition("(")[2].rstrip(")"))
    assert count > 4
    keep(page, "explore-groups")
    page.keyboard.press("Enter")
    page.locator("#explorer-status", has_text=f"{count} links added").wait_for()


def test_the_page_ends_with_its_footer(open_page: Open, has_bundles: None) -> None:
    page = open_page("/explore")
    page.locator(".explorer--drawn").wait_for()
    heights = page.evaluate("[document.documentElement.scrollHeight, document.body.getBoundingClientRect().height]")
    assert heights[0] <= heights[1] + 1


def test_each_thing_is_drawn_once_and_its_kind_stands_in_the_legend(open_page: Open, has_bundles: None) -> None:
    page = open_page("/explore?start=person/zhangchao-ma")
    page.locator(".explorer--drawn").wait_for()
    drawn = page.locator(".around a[data-id]").evaluate_all(
        "all => all.map((one) => [one.dataset.id, one.dataset.kind])"
    )
    assert len(drawn) == len({iri for iri, _ in drawn})
    assert not any("/role/" in iri for iri, _ in drawn), "a role is drawn beside the link that says the same"
    legend = page.locator("#explorer-legend > li:visible")
    assert set(legend.evaluate_all("all => all.map((one) => one.dataset.kind)")) == {"person"} | {
        kind for _, kind in drawn
    }
    shapes = legend.locator("path").evaluate_all(
        "all => all.map((one) => [one.getAttribute('d'), getComputedStyle(one).fill])"
    )
    assert len({shape for shape, _ in shapes}) == len({colour for _, colour in shapes}) == len(shapes)
