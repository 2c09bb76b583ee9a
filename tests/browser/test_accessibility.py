"""WCAG 2.2 AA by axe-core: no page has a violation, in either colour scheme, as a narrow page too, and with what scripts add.

A page is loaded once. At full width all rules run, in the dark those again that look at colours (a test holds that nothing else can
differ), on a phone all but those: contrast is measured there text by text, in both schemes, as at full width too (`CONTRAST`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import axe_playwright_python
import pytest

from browser.conftest import are_built
from browser.places import PATHS, READY, status
from qit4n_kg.config import default_sources

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page


AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
pytestmark = pytest.mark.timeout(400)  # on a busy machine; the ontology's page alone has 15,000 elements

SCHEMES = ("light", "dark")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OF_COLOUR = ["color-contrast", "link-in-text-block"]
OF_SIZE = ["target-size", "scrollable-region-focusable"]
LARGE = frozenset(("ontology",))
"""Pages of so many elements that axe needs minutes: all rules run once, then those that the width decides. Contrast, most of its
time, axe measures while all is folded; `CONTRAST` takes each text in both schemes and passes nothing that it can't judge."""

OPEN = "for (const closed of document.querySelectorAll('main details')) closed.open = true"
RUN = """async ([runOnly, left_out = []]) => {
  const rules = Object.fromEntries(left_out.map((rule) => [rule, { enabled: false }]));
  const { violations } = await axe.run(document, { runOnly, rules, resultTypes: ['violations'] });
  const tell = ({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`);
  return violations.flatMap(tell);
}"""


def violations(page: Page) -> list[str]:
    """Run axe on a page as it is: through the debugger, which the content policy does not bind."""
    page.evaluate(AXE)
    return list(page.evaluate(RUN, [TAGS]))


CONTRAST = """
() => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const known = new Map(); // a page has thousands of texts and a few colours
  const rgb = (colors) => {
    const key = colors.join(" ");
    if (!known.has(key)) known.set(key, blend(colors));
    return known.get(key);
  };
  const blend = (colors) => {
    canvas.fillStyle = '#fff'; canvas.fillRect(0, 0, 1, 1);
    for (const color of colors) { canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (parts) => {
    const [r, g, b] = parts.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const faults = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const isShown = element.checkVisibility() && !element.closest('svg, .visually-hidden, .skip-link');
    if (!walker.currentNode.data.trim() || !isShown) continue;
    const style = getComputedStyle(element);
    const behind = [];
    for (let up = element; up; up = up.parentElement) behind.unshift(getComputedStyle(up).backgroundColor);
    const [a, b] = [light(rgb(behind)), light(rgb([...behind, style.color]))].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
    if ((a + 0.05) / (b + 0.05) < least) faults.push(`${element.tagName}.${element.className}: ${walker.currentNode.data.trim()}`);
  }
  return faults;
}
"""


@dataclass(frozen=True)
class Findings:
    """What one look at a page found: axe's violations and faint texts by colour scheme; on a phone its width and violations."""

    violations: dict[str, list[str]]
    faint: dict[str, list[str]]
    phone_width: int
    phone_violations: list[str]


def colours_of(page: Page) -> dict[str, list[str]]:
    """Run the rules that look at colours in each scheme, and leave the page in the light one."""
    found = {}
    for scheme in reversed(SCHEMES):
        page.emulate_media(color_scheme=scheme)
        found[scheme] = list(page.evaluate(RUN, [OF_COLOUR]))
    return found


@pytest.fixture(scope="session")
def look(look_at: Callable[..., Page], keep: Callable[[Page, str], None]) -> Callable[[str], Findings]:
    """Look at a page once, however many tests ask, and keep a picture of each kind of look."""

    @lru_cache
    def findings(name: str) -> Findings:
        with look_at(PATHS[name], status=status(name)) as page:
            if name in READY and are_built():
                page.locator(READY[name]).first.wait_for()
            keep(page, f"{name}-light")
            page.evaluate(AXE)
            is_large = name in LARGE
            folded = colours_of(page) if is_large else {scheme: [] for scheme in SCHEMES}
            page.evaluate(OPEN)
            found = {"light": folded["light"] + page.evaluate(RUN, [TAGS, ["color-contrast"] if is_large else []])}
            faint = {"light": page.evaluate(CONTRAST)}
            page.emulate_media(color_scheme="dark")
            found["dark"] = folded["dark"] + page.evaluate(RUN, [["link-in-text-block"] if is_large else OF_COLOUR])
            faint["dark"] = page.evaluate(CONTRAST)
            keep(page, f"{name}-dark")
            page.set_viewport_size({"width": 320, "height": 900})
            faint["dark"] += page.evaluate(CONTRAST)
            page.emulate_media(color_scheme="light")
            faint["light"] += page.evaluate(CONTRAST)
            width = page.evaluate("document.documentElement.scrollWidth")
            on_phone = page.evaluate(RUN, [OF_SIZE] if is_large else [TAGS, OF_COLOUR])
            keep(page, f"{name}-320")
        return Findings(found, faint, width, on_phone)

    return findings


def test_the_dark_scheme_differs_in_nothing_but_custom_properties_of_colour() -> None:
    """So that what does not look at colours need not be checked in both."""
    for path in (default_sources() / "src/qit4n_kg/web/static").glob("*.css"):
        dark = re.findall(r"@media \(prefers-color-scheme: dark\) \{\s*:root \{([^{}]*)\}\s*\}", path.read_text())
        assert len(dark) == path.read_text().count("prefers-color-scheme")
        declared = [line.strip() for block in dark for line in block.splitlines() if line.strip()]
        assert declared
        assert all(re.fullmatch(r"--[\w-]+: (#[0-9a-f]{3,6}|rgb\([\d ./]+\));", line) for line in declared)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", PATHS)
def test_axe_finds_no_violation(look: Callable[[str], Findings], name: str, scheme: str) -> None:
    assert look(name).violations[scheme] == []


@pytest.mark.parametrize("name", PATHS)
def test_axe_finds_no_violation_on_a_small_phone(look: Callable[[str], Findings], name: str) -> None:
    assert look(name).phone_violations == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", PATHS)
def test_every_text_has_enough_contrast(look: Callable[[str], Findings], name: str, scheme: str) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1, for large text 3 to 1; where axe can't tell as well."""
    assert look(name).faint[scheme] == []


@pytest.mark.parametrize("name", PATHS)
def test_no_page_scrolls_sideways_on_a_small_phone(look: Callable[[str], Findings], name: str) -> None:
    """WCAG 2.2, 1.4.10: 320 CSS pixels without scrolling in two dimensions; a wide table scrolls by itself."""
    assert look(name).phone_width <= 320


def test_who_wants_less_motion_gets_none(open_page: Callable[..., Page]) -> None:
    page = open_page("/", reduced_motion="reduce")
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    moving = "[...document.querySelectorAll('*')].filter((one) => parseFloat(getComputedStyle(one).transitionDuration) > 0).length"
    assert page.evaluate(moving) == 0
