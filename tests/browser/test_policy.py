"""What data and queries say never runs and never breaks a page: the content policy, and hostile labels in the browser.

That no page reports an error of the content policy, and that no policy has a hole, is checked by `open_page` in every test here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    Open = Callable[..., Page]
    Keep = Callable[[Page, str], None]

HOSTILE = {
    "script": "</script><script>document.title='hacked'</script><img src=x onerror=\"document.title='hacked'\">",
    "attribute": '" onmouseover="document.title=\'hacked\'" x="',
    "right-to-left": "\u202egnp.exe \u2066\u202b",
    "template": "{{ 7 * 7 }} ${7 * 7} {% raw %}",
}


def asking(value: str) -> str:
    literal = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'/sparql?query={quote(f"""SELECT ("{literal}" AS ?text) (<javascript:alert(1)> AS ?link) ("after" AS ?next) {{}}""")}'


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_is_shown_and_does_nothing(open_page: Open, name: str) -> None:
    page = open_page(asking(HOSTILE[name]))
    page.wait_for_load_state()
    row = page.locator("#outcome tbody td").all_inner_texts()
    assert row[0].strip() == HOSTILE[name].strip()
    assert row[2] == "after"
    assert page.title().startswith("SPARQL")
    assert page.locator("#outcome script, #outcome img").count() == 0
    assert page.locator("a[href^='javascript:']").count() == 0


def test_a_text_that_turns_direction_does_not_turn_what_stands_beside_it(open_page: Open) -> None:
    page = open_page(asking(HOSTILE["right-to-left"]))
    boxes = [page.locator("#outcome tbody td").nth(n).bounding_box() for n in (0, 2)]
    assert boxes[0]["x"] < boxes[1]["x"]
    assert page.locator("#outcome tbody td").first.evaluate("cell => getComputedStyle(cell).direction") == "ltr"


def test_a_text_of_a_megabyte_is_cut_and_the_page_stays_usable(open_page: Open) -> None:
    doubling = " ".join(f"BIND (CONCAT(?v{n}, ?v{n}) AS ?v{n + 1})" for n in range(20))
    text = f"SELECT ?v20 {{ BIND ('x' AS ?v0) {doubling} }}"
    page = open_page(f"/sparql?query={quote(text)}", width=320)
    cell = page.locator("#outcome tbody td").first.inner_text()
    assert len(cell) <= 2000
    assert cell.endswith("…")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_hostile_values_stay_text_in_a_chart_and_a_graph(open_page: Open, has_bundles: None) -> None:
    rows = " ".join(
        f"({quote_literal(text)} {number} <https://example.org/{number}> <https://example.org/x{number}>)"
        for number, text in enumerate(HOSTILE.values(), 1)
    )
    page = open_page(f"/sparql?query={quote(f'SELECT * {{ VALUES (?name ?value ?a ?b) {{ {rows} }} }}')}")
    page.get_by_role("button", name="Chart", exact=True).click()
    page.locator(".views__drawing svg").wait_for()
    assert page.locator(".views__drawing script, .views__drawing img").count() == 0
    page.get_by_role("button", name="Graph", exact=True).click()
    page.locator(".views__network canvas").first.wait_for()
    assert page.title().startswith("SPARQL")


def quote_literal(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
