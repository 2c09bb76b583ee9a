"""`/people`, `/meetings` …: lists to sort, narrow, page through and take away; `.csv`, `.xlsx` and `.json` hold the same rows.

What a list holds was made from its query file when the generation was built (`search/lists.py`). All of a list's state is in its
address: `q` (words), a parameter for each facet's column, `sort` (a column, `-` before it for the other direction), `page`.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO, cast
from urllib.parse import urlencode

from flask import Blueprint, Response, render_template, request

from qit4n_kg.errors import NotFoundError, ParameterError
from qit4n_kg.formats import CSV, HTML, JSON, XLSX, by_name, negotiate
from qit4n_kg.search.lists import NOTHING, Column, Lists, Part, Value, Wanted
from qit4n_kg.search.sheets import MOST_ROWS, WRITERS
from qit4n_kg.web import links
from qit4n_kg.web.asking import expand, read_count, shorten, takes
from qit4n_kg.web.context import knowledge_graph, snapshot
from qit4n_kg.web.languages import gettext
from qit4n_kg.web.readings import reading
from qit4n_kg.web.results import results
from qit4n_kg.web.search import Choice, Facet, index, page_numbers, tell_generation
from qit4n_kg.web.sending import send

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qit4n_kg.formats import Format

lists = Blueprint("lists", __name__)
lists.after_request(tell_generation)

NAMES = ("people", "meetings", "deliverables", "liaisons", "organizations", "groups")
OFFERS = (HTML, CSV, XLSX, JSON)
SHOWN = 50
MOST_SHOWN = 500
_LONGEST = 500
_MOST_WORDS = 12
_IN_MEMORY = 4 * 1024 * 1024
_OTHERS = ("q", "sort", "page", "limit")
_OF_EVERY_PAGE = frozenset(("lang",))
_PARAMETERS = {
    "q": "Words that a row must have.",
    "sort": "The column that it is sorted by; `-` before it for the other direction.",
    "page": "Which part of the rows, from 1.",
    "limit": f"How many rows a part has, up to {MOST_SHOWN}; a file has all unless this is given.",
}


@dataclass(frozen=True)
class View:
    """One state of a list, as its address says it; `filters` are short, as in the address."""

    name: str
    text: str
    filters: Mapping[str, str]
    sort: str
    is_descending: bool
    page: int
    limit: int
    default_sort: str
    is_part: bool = False
    """Whether the request itself says which part, so that a file holds that part only."""

    @property
    def offset(self) -> int:
        """How many rows come before this page."""
        return (self.page - 1) * self.limit

    def href(self, path: str | None = None) -> str:
        """Return its address."""
        sort = f"-{self.sort}" if self.is_descending else self.sort
        given = {"q": self.text, **self.filters, "sort": sort, "page": self.page, "limit": self.limit}
        defaults = {"q": "", "sort": self.default_sort, "page": 1, "limit": SHOWN}
        kept = {name: value for name, value in given.items() if value != defaults.get(name)}
        path = path or f"/{self.name}"
        return f"{path}?{urlencode(kept, safe='/:')}" if kept else path

    def file(self, form: Format) -> str:
        """Return the address of all rows as a file."""
        return replace(self, page=1, limit=SHOWN).href(f"/{self.name}.{form.extension}")

    def at(self, page: int) -> View:
        """Return the same list at another page."""
        return replace(self, page=page)

    def sorted_by(self, column: str) -> View:
        """Return the list sorted by a column, the other way round if it is so already."""
        return replace(self, sort=column, is_descending=self.sort == column and not self.is_descending, page=1)

    def with_filter(self, column: str, value: str) -> View:
        """Return the list narrowed by a value."""
        return replace(self, filters={**self.filters, column: value}, page=1)

    def without(self, column: str) -> View:
        """Return the list without a filter."""
        return replace(self, filters={key: value for key, value in self.filters.items() if key != column}, page=1)


def _all() -> Lists:
    return reading().common.lists


def _add_routes(name: str) -> None:
    """Give a list its page and its files."""

    def view() -> Response:
        asked = _read(name)
        form = negotiate(request.headers.get("Accept"), OFFERS)
        return _page(asked) if form is HTML else _file(asked, form, varies=True)

    def download(suffix: str) -> Response:
        form = by_name(suffix, OFFERS[1:])
        if form is None or form.extension != suffix:
            known = ", ".join(offer.extension for offer in OFFERS[1:])
            raise NotFoundError(f"The list {name} is no {suffix[:100]!r} file.", hint=f"There are: {known}.")
        return _file(_read(name), form, varies=False)

    view.__doc__ = f"List {name}, sorted and narrowed as asked, as a page or by Accept as CSV, Excel or JSON."
    download.__doc__ = f"Send the list of {name}, sorted and narrowed as asked, as a file: csv, xlsx or json."
    for each in (view, download):
        takes(_PARAMETERS)(each)
    lists.add_url_rule(f"/{name}", name, view)
    lists.add_url_rule(f"/{name}.<suffix>", f"{name}_file", download)


for _name in NAMES:
    _add_routes(_name)


# --- reading a request ----------------------------------------------------------------------------------------------------


def _read(name: str) -> View:
    """Read the state of a list from the request's parameters.

    :raises ParameterError: one is unknown, given twice, too long or malformed.
    """
    columns = {column.name: column for column in _all().columns(name)}
    facets = [column.name for column in columns.values() if column.has_facet]
    given: dict[str, str] = {}
    for key, values in request.args.lists():
        if key in _OF_EVERY_PAGE:
            continue
        if key not in facets and key not in _OTHERS:
            known = ", ".join((*_OTHERS, *facets))
            raise ParameterError(f"The list {name} has no parameter {key[:100]!r}.", hint=f"It has: {known}.")
        if len(values) > 1:
            raise ParameterError(f"The parameter {key!r} is given {len(values)} times, and one value is taken.")
        if len(values[0]) > _LONGEST:
            raise ParameterError(f"The parameter {key!r} is longer than {_LONGEST} characters.")
        given[key] = values[0]
    text = " ".join(given.get("q", "").split())
    if len(text.split()) > _MOST_WORDS:
        raise ParameterError(f"The list is narrowed by up to {_MOST_WORDS} words.")
    default = _all().panel(name).headers.get("sort", "item")
    sort = given.get("sort") or default
    column = sort.removeprefix("-")
    if column != "item" and column not in columns:
        raise ParameterError(
            f"The list {name} has no column {column[:100]!r}.", hint=f"It has: {', '.join(('item', *columns))}."
        )
    limit = read_count("limit", given.get("limit"), SHOWN, MOST_SHOWN)
    return View(
        name=name,
        text=text,
        filters={key: given[key].strip() for key in facets if given.get(key, "").strip()},
        sort=column,
        is_descending=sort.startswith("-"),
        page=read_count("page", given.get("page"), 1, MOST_ROWS),
        limit=limit,
        default_sort=default,
        is_part=bool(given.keys() & {"page", "limit"}),
    )


def _wanted(view: View, columns: Sequence[Column]) -> Wanted:
    settings = knowledge_graph().settings
    filters = {
        column.name: expand("", value, settings) if column.has_things and value != NOTHING else value
        for column in columns
        if (value := view.filters.get(column.name)) is not None
    }
    return Wanted(view.text, filters, view.sort, view.is_descending)


# --- answers --------------------------------------------------------------------------------------------------------------


def _file(view: View, form: Format, *, varies: bool) -> Response:
    columns = _all().columns(view.name)
    panel = _all().panel(view.name)
    index()  # which notes of which generation it is, and the lists with it
    file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 the server closes it when it is sent
    try:
        limit, offset = (view.limit, view.offset) if view.is_part else (MOST_ROWS, 0)
        rows = _all().rows(view.name, _wanted(view, columns), limit, offset)
        WRITERS[form.name](panel.headers.get("item", panel.title), columns, rows, cast("BinaryIO", file))
        length = file.tell()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    if length <= _IN_MEMORY:
        with file:
            response = send(file.read(), form, varies=varies)
    else:
        download = results().downloads.begin(cast("BinaryIO", file))
        response = Response(download, content_type=form.content_type, direct_passthrough=True)
        response.content_length = length
        response.headers["Cache-Control"] = "no-cache"
        response.headers["X-Generation"] = str(snapshot().generation.number)
        if varies:
            response.vary.add("Accept")
    if form is not JSON:
        response.headers["Content-Disposition"] = f'attachment; filename="{view.name}.{form.extension}"'
    return response


def _page(view: View) -> Response:
    all_lists = _all()
    columns = all_lists.columns(view.name)
    panel = all_lists.panel(view.name)
    part = all_lists.read(view.name, _wanted(view, columns), view.limit, view.offset)
    pages = -(-part.total // view.limit)
    described, common = [], []
    for number, column in enumerate(columns):
        if _is_common(part, number) and not column.is_hidden:
            common.append((column.label, part.rows[0].cells[number]))
        elif not (column.is_hidden or column.is_paired) and _is_telling(part, number, column.name in view.filters):
            shown = {"name": column.name, "label": column.label, "kind": column.kind, "absent": column.absent}
            described.append({**shown, "number": number})
    labels = reading().entities.labels
    page = render_template(
        "list.html",
        view=view,
        asked=view,
        panel=panel,
        part=part,
        total=all_lists.totals[view.name],
        columns=described,
        common=common,
        unseen=[column.label for column in columns if column.is_hidden and not column.is_paired],
        sortable=[{"name": "item", "label": panel.headers.get("item", panel.title), "kind": "text"}, *described],
        names={row.iri: labels.before_english(row.iri) or row.label for row in part.rows},
        called=_called,
        facets=_facets(view, columns, part),
        chosen=[_chosen(view, columns, part, name, value) for name, value in view.filters.items()],
        numbers=page_numbers(view.page, pages),
        pages=max(1, pages),
        files=[(form.label, view.file(form)) for form in OFFERS[1:]],
        see=knowledge_graph().catalogue.queries.get(panel.headers.get("see", "")),
        sparql=links.sparql_path(panel.shown()),
        older=index().of,
    )
    return send(page, HTML, varies=True)


def _is_telling(part: Part, number: int, is_chosen: bool) -> bool:
    """Tell whether a column says anything: not where it is empty, nor where a filter says all of it already."""
    cells = {row.cells[number] for row in part.rows}
    return not part.rows or (any(cells) and not (is_chosen and len(cells) == 1))


def _is_common(part: Part, number: int) -> bool:
    """Tell whether all rows say the same in a column, so that it can be said once."""
    is_whole = len(part.rows) == part.total > 2
    return is_whole and bool(part.rows[0].cells[number]) and len({row.cells[number] for row in part.rows}) == 1


def _value_label(column: Column, value: str, label: str) -> str:
    if value == NOTHING:
        return gettext(column.absent) if column.absent else gettext("None stated")
    return (reading().entities.labels.before_english(value) if ":" in value else None) or label


def _called(value: Value) -> str:
    return (reading().entities.labels.before_english(value.iri) if value.iri else None) or value.text


def _facets(view: View, columns: Sequence[Column], part: Part) -> list[Facet]:
    settings = knowledge_graph().settings
    facets = []
    for column in columns:
        if not column.has_facet:
            continue
        counts = part.facets[column.name]
        choices = []
        for each in counts:
            value = shorten("", each.value, settings) if column.has_things else each.value
            is_chosen = view.filters.get(column.name) == value
            then = view.without(column.name) if is_chosen else view.with_filter(column.name, value)
            choices.append(Choice(_value_label(column, each.value, each.label), each.count, then.href(), is_chosen))
        if any(each.value != NOTHING for each in counts) and (len(counts) > 1 or view.filters.get(column.name)):
            facets.append(Facet(column.name, gettext(column.label), tuple(choices)))
    return facets


def _chosen(view: View, columns: Sequence[Column], part: Part, name: str, value: str) -> dict[str, str]:
    """Return a filter that holds, and the list without it."""
    settings = knowledge_graph().settings
    column = next(column for column in columns if column.name == name)
    full = expand("", value, settings) if column.has_things and value != NOTHING else value
    label = next(
        (_value_label(column, each.value, each.label) for each in part.facets[name] if each.value == full), value
    )
    return {"title": gettext(column.label), "label": label, "href": view.without(name).href()}
