"""`/search`: a page and JSON of what is found by text and facets; `/suggest`: what a name that is typed may become; OpenSearch.

Both ask the index of the current generation, which bounds what they cost; nothing runs as a query. `/search.json` and Accept
choose JSON. `/suggest` answers programs with objects, and a browser's search bar with OpenSearch suggestions (extension 1.0).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from flask import Blueprint, Response, g, render_template, request
from pyoxigraph import Literal, NamedNode

from qit4n_kg.entities.panels import read_panel
from qit4n_kg.errors import ParameterError
from qit4n_kg.formats import HTML, JSON, Format, negotiate
from qit4n_kg.namespaces import DEFAULT_BASE_IRI
from qit4n_kg.search.index import LONGEST_QUESTION, MOST_HITS, Found, Hit, SearchIndex
from qit4n_kg.search.text import Piece, excerpt, highlight, is_one_typo, may_be_misspelt, needed, words
from qit4n_kg.web import links
from qit4n_kg.web.asking import FILTERS, SEARCHED, Asked, read_count, read_search, shorten, takes
from qit4n_kg.web.context import knowledge_graph, snapshot
from qit4n_kg.web.formats_asked import choose_format
from qit4n_kg.web.languages import gettext
from qit4n_kg.web.readings import reading
from qit4n_kg.web.sending import send

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qit4n_kg.queries import CatalogueQuery

search = Blueprint("search", __name__)

SUGGESTIONS = Format("opensearch", "application/x-suggestions+json", "json", "OpenSearch suggestions", ("suggestions",))
DESCRIPTION = Format("opensearch-description", "application/opensearchdescription+xml", "xml", "OpenSearch description")
_GIVEN = re.compile(r"\?(text|most)\b")
_SUGGESTED = 8
_MOST_SUGGESTED = 20
_QUESTIONS = 3
_OPEN_VALUES = 8


@dataclass(frozen=True)
class Choice:
    """One value of a facet: what choosing it leads to; `is_chosen` where the search is narrowed by it."""

    label: str
    count: int
    href: str
    is_chosen: bool = False


@dataclass(frozen=True)
class Facet:
    """One facet of an answer: the values that are shown at once, and the others."""

    name: str
    title: str
    choices: tuple[Choice, ...]

    @property
    def first(self) -> tuple[Choice, ...]:
        """The values that are shown at once."""
        return self.choices[:_OPEN_VALUES]

    @property
    def others(self) -> tuple[Choice, ...]:
        """The rest."""
        return self.choices[_OPEN_VALUES:]


@dataclass(frozen=True)
class Shown:
    """One hit as the page shows it: its name with the matches marked, another name that matched, a passage of its description."""

    href: str
    label: tuple[Piece, ...]
    kinds: tuple[str, ...]
    other: tuple[Piece, ...]
    text: tuple[Piece, ...]


def index() -> SearchIndex:
    """Return the index of the generation that answers this request.

    :raises SearchMissingError: it was built without one.
    """
    found = knowledge_graph().search_index(snapshot().generation)
    g.search_generation = found.of
    return found


def tell_generation(response: Response) -> Response:
    """Say of which generation the index is, where it is not that of the one that is served."""
    if (older := g.get("search_generation")) is not None:
        response.headers["X-Search-Generation"] = str(older)
    return response


search.after_request(tell_generation)


@search.before_request
def refuse_broken_text() -> None:
    """Refuse an address that is not UTF-8 (RFC 3986, section 2.5): its bytes would be sought as if somebody had typed them.

    :raises ParameterError: it is not.
    """
    try:
        unquote_to_bytes(request.query_string).decode()
    except UnicodeDecodeError as exc:
        raise ParameterError(
            "The address is not UTF-8.", hint="Write the text in UTF-8, then by percent signs."
        ) from exc


@search.get("/search")
@takes({**SEARCHED, "format": "html or json; else Accept decides."})
def find() -> Response:
    """Find things by text, narrowed by type, group, country and year, as a page or as JSON."""
    asked = read_search(request.args)
    if choose_format([HTML, JSON]) is JSON:
        return _json(asked, varies=True)
    return _page(asked)


@search.get("/search.json")
@takes(SEARCHED)
def find_json() -> Response:
    """Find things by text, as JSON."""
    return _json(read_search(request.args), varies=False)


@search.get("/suggest")
@takes({"q": "What is typed so far.", "limit": "How many, up to 20.", "format": "json or opensearch."})
def suggest() -> Response:
    """Say what a name that is being typed may become: objects, or OpenSearch suggestions by Accept or `format=opensearch`."""
    for name, values in request.args.lists():
        if name not in ("q", "limit", "format", "lang", "prefix") or len(values) > 1:
            raise ParameterError(f"A suggestion has no parameter {name[:100]!r}, or one value of it.")
    text = request.args.get("q", "")[:LONGEST_QUESTION]
    limit = read_count("limit", request.args.get("limit"), _SUGGESTED, _MOST_SUGGESTED)
    wanted = request.args.get("format")
    offers = [JSON, SUGGESTIONS]
    form = negotiate(request.headers.get("Accept"), offers) if wanted is None else None
    if wanted is not None:
        form = next((offer for offer in offers if wanted in (offer.name, offer.media_type, *offer.aliases)), None)
        if form is None:
            raise ParameterError(f"The format {wanted[:100]!r} is not on offer.", hint="There are: json, opensearch.")
    hits = index().suggest(text, limit).hits
    labels = reading().entities.labels
    found = [
        {
            "iri": hit.iri,
            "label": hit.label,
            "type": ", ".join(labels.label(kind) for kind in hit.kinds),
            "href": _href(hit),
            **_other_name(hit, text),
        }
        for hit in hits
    ]
    if form is SUGGESTIONS:
        root = request.url_root.rstrip("/")
        lists = [[one["label"] for one in found], [one["type"] for one in found], [root + one["href"] for one in found]]
        return send(json.dumps([text, *lists], ensure_ascii=False), SUGGESTIONS, varies=wanted is None)
    body = {"query": text, "suggestions": found}
    return send(json.dumps(body, ensure_ascii=False), JSON, varies=wanted is None)


@search.get("/opensearch.xml")
def describe_search() -> Response:
    """Tell a browser how to search here (OpenSearch 1.1)."""
    root = request.url_root.rstrip("/")
    return send(render_template("opensearch.xml", root=root, search_type=HTML.media_type), DESCRIPTION)


def _href(hit: Hit) -> str:
    return links.local_path(hit.iri, knowledge_graph().settings) or "/"


def _other_name(hit: Hit, text: str) -> dict[str, str]:
    """Name the other name or code by which a thing was found, where its label does not say."""
    sought = words(text)
    if _score(hit.label, sought) >= len(sought):
        return {}
    best = max((*hit.codes, *hit.names), key=lambda name: _score(name, sought), default="")
    return {"also": best} if best and _score(best, sought) > _score(hit.label, sought) else {}


def _score(name: str, sought: Sequence[str]) -> int:
    """Count the words of a question that a name has."""
    known = words(name)
    return sum(
        any(word.startswith(one) or (may_be_misspelt(one) and is_one_typo(one, word)) for word in known)
        for one in sought
    )


# --- the page -------------------------------------------------------------------------------------------------------------


def _page(asked: Asked) -> Response:
    settings = knowledge_graph().settings
    found = index().search(asked.text, asked.terms(settings), limit=asked.limit, offset=asked.offset)
    pages = -(-min(found.total, MOST_HITS) // asked.limit)
    page = render_template(
        "search.html",
        asked=asked,
        found=found,
        is_empty=not asked.text and not asked.filters,
        hits=[_shown(hit, found.words) for hit in found.hits],
        facets=_facets(asked, found),
        chosen=[_chosen(asked, name, value) for name, value in asked.filters.items()],
        pages=pages,
        numbers=page_numbers(asked.page, pages),
        questions=questions(asked.text),
        things=len(index()),
        older=index().of,
        sparql=_as_sparql(asked) if asked.text else None,
    )
    return send(page, HTML, varies=True)


def page_numbers(page: int, pages: int) -> list[int | None]:
    """Return the pages that a reader may go to from one: the ends and those beside it, None where some are left out.

    >>> page_numbers(5, 9)
    [1, None, 4, 5, 6, None, 9]
    """
    shown = sorted({1, pages, *range(max(1, page - 1), min(pages, page + 1) + 1)}) if pages > 1 else []
    numbers: list[int | None] = []
    for one in shown:
        if numbers and numbers[-1] is not None and one - numbers[-1] > 1:
            numbers.append(None)
        numbers.append(one)
    return numbers


def _shown(hit: Hit, sought: Sequence[str]) -> Shown:
    labels = reading().entities.labels
    label = labels.label(hit.iri)
    also = _other_name(hit, " ".join(sought)).get("also", "")
    text = excerpt(hit.summary, sought)
    return Shown(
        href=_href(hit),
        label=highlight(label, sought),
        kinds=tuple(labels.label(kind) for kind in hit.kinds),
        other=highlight(also, sought),
        text=highlight(text, sought),
    )


def _title(name: str) -> str:
    titles = {
        "type": gettext("Type"),
        "group": gettext("Group"),
        "country": gettext("Country"),
        "year": gettext("Year"),
    }
    return titles[name]


def _label(name: str, value: str) -> str:
    if name == "year":
        return value
    try:
        return reading().entities.labels.label(value)
    except ValueError:  # no IRI: it stands in the address, where anything may
        return value


def _facets(asked: Asked, found: Found) -> list[Facet]:
    settings = knowledge_graph().settings
    facets = []
    for name, field in FILTERS.items():
        choices = []
        for each in found.facets.get(field, ()):
            value = shorten(name, each.value, settings)
            is_chosen = asked.filters.get(name) == value
            then = asked.without(name) if is_chosen else asked.with_filter(name, value)
            choices.append(Choice(_label(name, each.value), each.count, then.href(), is_chosen))
        if name == "year":
            choices.sort(key=lambda choice: choice.label, reverse=True)
        if len(choices) > 1 or any(choice.is_chosen for choice in choices):
            facets.append(Facet(name, _title(name), tuple(choices)))
    return facets


def _chosen(asked: Asked, name: str, value: str) -> dict[str, str]:
    """Return a filter that holds, and the search without it."""
    label = _label(name, asked.terms(knowledge_graph().settings)[FILTERS[name]])
    return {"title": _title(name), "label": label or value, "href": asked.without(name).href()}


def questions(text: str) -> list[CatalogueQuery]:
    """Find the catalogue's questions that have most of the words, rare ones before common ones."""
    sought = [word for word in needed(words(text)) if len(word) > 2]
    if not sought:
        return []
    catalogue = [(query, f"{query.title} {query.question}") for query in knowledge_graph().catalogue]
    having = {word: [query for query, said in catalogue if _score(said, [word])] for word in sought}
    scores: dict[str, float] = {}
    for queries in having.values():
        for query in queries:
            scores[query.id] = scores.get(query.id, 0.0) + 1 / len(queries)
    best = sorted(scores, key=lambda name: (-scores[name], name))[:_QUESTIONS]
    return [knowledge_graph().catalogue.queries[name] for name in best]


def _as_sparql(asked: Asked) -> str | None:
    """Write the search as a query: the shipped one, with this text, this part and these filters in it."""
    settings = knowledge_graph().settings
    panel = read_panel(settings.sources / "queries" / "search" / "service.rq")
    given = {"text": str(Literal(asked.text)), "most": str(asked.limit)}
    try:
        filters = [
            f"search:{name} {Literal(value) if name == 'year' else NamedNode(value)} ;"
            for name, field in FILTERS.items()
            if (value := asked.terms(settings).get(field)) is not None
        ]
    except ValueError:  # a filter that is no IRI, which nothing passes
        return None
    text = panel.shown().replace(DEFAULT_BASE_IRI, settings.base_iri)
    text = text.replace("search:label", " ".join([*filters, "search:label"]), 1)
    return _GIVEN.sub(lambda match: given[match[1]], text)


# --- JSON -----------------------------------------------------------------------------------------------------------------


def _json(asked: Asked, *, varies: bool) -> Response:
    settings = knowledge_graph().settings
    found = index().search(asked.text, asked.terms(settings), limit=asked.limit, offset=asked.offset)
    body: dict[str, Any] = {
        "query": asked.text,
        "filters": dict(asked.filters),
        "total": found.total,
        "page": asked.page,
        "near": found.is_near,
        "hits": [
            {
                "iri": hit.iri,
                "label": hit.label,
                "types": list(hit.kinds),
                "codes": list(hit.codes),
                "names": list(hit.names),
                "description": hit.summary,
                "score": hit.score,
                "href": _href(hit),
            }
            for hit in found.hits
        ],
        "facets": {
            name: [
                {
                    "value": shorten(name, each.value, settings),
                    "iri": each.value if name != "year" else None,
                    "label": _label(name, each.value),
                    "count": each.count,
                }
                for each in found.facets.get(field, ())
            ]
            for name, field in FILTERS.items()
        },
        "next": asked.at(asked.page + 1).href("/search.json") if asked.page * asked.limit < found.total else None,
    }
    return send(json.dumps(body, ensure_ascii=False, indent=1) + "\n", JSON, varies=varies)
