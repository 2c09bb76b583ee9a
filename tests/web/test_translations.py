"""Every text of ours goes through the catalogues: nothing stands in a template beside them, and French lacks nothing.

Not translated are code, names of formats and standards, and what answers programs (problem details, the documentation in English).
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jinja2 import Environment
from jinja2.lexer import Lexer, get_lexer

from qit4n_kg.web import messages

WEB = Path(messages.__file__).parent
TEMPLATES = sorted((WEB / "templates").rglob("*.html"))
CATALOGUES = sorted(messages.CATALOGUES.glob("*/LC_MESSAGES/messages.po"))

NAMES = {
    *(
        "qit4n-kg|SPARQL|OpenAPI|VoID|CC BY 4.0|Creative Commons Attribution 4.0|Apache License 2.0|IRI|RFC 9457|OAI-PMH 2.0".split(
            "|"
        )
    ),
    *(
        "CSV|JSON|Turtle|JSON-LD|XML|TSV|RDF/XML|N-Triples|SVG|PNG|XLSX|OWL 2 RL|SHACL|OpenRefine|curl|Python|R".split(
            "|"
        )
    ),
    *("MiB", "UTC", "DataCite, Crossref"),
}
CODE = re.compile(r"<(code|pre|style|script|svg:title)\b.*?</\1>", re.DOTALL)
ATTRIBUTES = re.compile(r'\b(?:aria-label|title|alt|placeholder|content|data-[a-z-]+)="([^"]*)"')
NOT_TEXT = re.compile(r"(/|width=device-width|light dark|noindex|[\w-]+(/[\w-]+)?$|#|https?:)")


def beside_gettext(source: str) -> list[str]:
    """Return the words of a template that are its own and not within `_()`, `{% trans %}` or code."""
    lexer: Lexer = get_lexer(Environment(autoescape=True))
    pieces, in_trans = [], False
    for _, kind, value in lexer.tokeniter(source, "template"):
        if kind == "name" and value in ("trans", "endtrans"):
            in_trans = value == "trans"
        if kind == "data" and not in_trans:
            pieces.append(str(value))
        elif kind in ("variable_begin", "block_begin"):
            pieces.append("\u0000")
    text = CODE.sub(" ", "".join(pieces))
    attributes = [found for found in ATTRIBUTES.findall(text) if not NOT_TEXT.match(found)]
    text = text.replace("&gt;", " ").replace("&nbsp;", " ")
    shown = re.sub(r"<!--.*?-->|<[^>]*>", "\n", text, flags=re.DOTALL)
    words = [part.strip() for part in re.split(r"[\n\u0000]", "\n".join([shown, *attributes]))]
    return [part for part in words if re.search(r"[A-Za-z]{2,}", part) and part.strip(" .,;:()·→/") not in NAMES]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(WEB / "templates").as_posix())
def test_a_template_has_no_text_beside_gettext(path: Path) -> None:
    assert beside_gettext(path.read_text(encoding="utf-8")) == []


def test_the_check_finds_what_it_should() -> None:
    assert beside_gettext(
        '<p>Hello</p><a title="A tip" href="/x">{{ _("Fine") }}</a><code>ok</code>{% trans %}Fine{% endtrans %}'
    ) == [
        "Hello",
        "A tip",
    ]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(WEB / "templates").as_posix())
def test_a_template_never_calls_gettext_with_what_is_no_text_of_its_own(path: Path) -> None:
    """`_(variable)` would mark the variable's text as safe HTML; `| translated` does not."""
    calls = re.findall(
        r"(?<![\w.])_\(\s*([^\"'\s])", re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    )
    assert calls == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parents[1].name)
def test_a_catalogue_lacks_no_message_and_has_none_too_many(path: Path) -> None:
    wanted, catalogue = messages.extract(), messages.read_catalogue(path)
    assert messages.lacking(catalogue, wanted) == []
    known = {message.id for message in wanted}
    assert [message.id for message in catalogue if message.id and message.id not in known] == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parents[1].name)
def test_a_translation_has_the_same_places_and_no_markup_of_its_own(path: Path) -> None:
    for message in messages.read_catalogue(path):
        if not message.id:
            continue
        sources = [message.id] if isinstance(message.id, str) else list(message.id)
        strings = [message.string] if isinstance(message.string, str) else list(message.string)
        places = set().union(*(re.findall(r"%\(\w+\)\w|%%", text) for text in sources))
        for text in strings:
            assert set(re.findall(r"%\(\w+\)\w|%%", text)) <= places, message.id
            assert "<" not in text or any("<" in source for source in sources), message.id
        assert set(re.findall(r"%\(\w+\)\w", strings[-1])) == set(re.findall(r"%\(\w+\)\w", sources[-1])), message.id
