"""`/docs/…`: the project's documentation, Markdown files of the checkout or the wheel, as pages.

They are our own files, but HTML in them is not passed on all the same. Links between the files become links between the pages.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from flask import Blueprint, Response, render_template
from markdown_it import MarkdownIt
from markupsafe import Markup

from qit4n_kg.config import default_sources
from qit4n_kg.errors import NotFoundError
from qit4n_kg.formats import HTML
from qit4n_kg.web.sending import send

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.token import Token

manual = Blueprint("manual", __name__)

MANUAL = {
    "contributions": "How to contribute, and what becomes of it",
    "checking": "Checking data before they are sent",
    "writing": "How to write data",
    "data": "The data and where it comes from",
    "ontology": "The ontology, explained",
    "finding": "Finding things: search, lists, OpenRefine, and search in SPARQL",
    "queries": "Writing queries",
    "reference": "Reference: settings, commands, routes, errors",
    "architecture": "How it works inside",
    "conformance": "Which tests of the standards it passes",
    "exports": "Exports",
    "feed": "The change feed, and mirrors",
    "benchmarks": "How fast it is",
    "dependencies": "What it is built on",
}
"""The pages in the order that a reader may want them, and what each is about; a file that is missing is left out."""

_FILE = re.compile(r"(?:\./|docs/)?([a-z-]+)\.md(#.*)?")
_QUERY = re.compile(r"(?:\.\./)?queries/catalogue/([a-z-]+)\.rq")


@manual.get("/docs/<name>")
def show(name: str) -> Response:
    """Show one file of the documentation.

    :raises NotFoundError: there is no such file.
    """
    path = default_sources() / "docs" / f"{name}.md"
    if name not in MANUAL or not path.is_file():
        raise NotFoundError(f"There is no documentation called {name!r}.", hint="All of it is listed at /about.")
    title, body = _render(path.read_text(encoding="utf-8"))
    return send(render_template("manual.html", title=title or MANUAL[name], body=Markup(body)), HTML)  # noqa: S704


@lru_cache(16)
def _render(text: str) -> tuple[str, str]:
    """Return the title and the HTML of a file."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(text)
    title = ""
    for before, token in zip([None, *tokens], tokens, strict=False):
        if before is not None and before.type == "heading_open":
            before.attrSet("id", _anchor(token.content))
            title = title or (token.content if before.tag == "h1" else "")
    for token in _all(tokens):
        _point_home(token)
    rendered = markdown.renderer.render(tokens, markdown.options, {})
    scrolled = rendered.replace("<table>", '<div class="table-scroll" tabindex="0"><table>')
    return title, scrolled.replace("</table>", "</table></div>").replace("<pre>", '<pre class="code" tabindex="0">')


def _all(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _all(token.children or ())


def _point_home(token: Token) -> None:
    """Let a link to another file lead to its page; one that leads into the checkout stays as it is written, without a link."""
    if token.type == "link_open":
        href = str(token.attrGet("href"))
        found = _FILE.fullmatch(href)
        query = _QUERY.fullmatch(href)
        if query:
            token.attrSet("href", f"/queries/{query[1]}")
        elif found and found[1] in MANUAL:
            token.attrSet("href", f"/docs/{found[1]}{found[2] or ''}")
        elif not href.startswith(("http://", "https://", "#", "/")):
            token.attrs.pop("href", None)
    elif token.type == "image":
        token.attrs["src"] = ""
        token.hidden = True


def _anchor(heading: str) -> str:
    """Make a heading's id, as GitHub does.

    >>> _anchor("The way of one query, and `why`")
    'the-way-of-one-query-and-why'
    """
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
