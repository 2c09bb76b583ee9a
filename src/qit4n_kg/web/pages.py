"""The pages for readers: `/`, and `/id/…` that redirects (303) to the page or the data of one thing; `/doc/…` is the page.

One `EntityView` makes the page and every data file (`web/data.py`). Nothing here queries by itself: what a page shows comes from
`web/readings.py`, that is from query files.
"""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING

from flask import Blueprint, render_template, request

from qit4n_kg.entities.statements import STATEMENT_FORMATS, record
from qit4n_kg.errors import UnknownEntityError
from qit4n_kg.formats import HTML, negotiate
from qit4n_kg.web import charts, links
from qit4n_kg.web.context import knowledge_graph, snapshot
from qit4n_kg.web.data import data, data_path, link_headers
from qit4n_kg.web.links import local_path
from qit4n_kg.web.ontology import ontology
from qit4n_kg.web.quality import quality
from qit4n_kg.web.readings import reading
from qit4n_kg.web.sending import redirect_other, send
from qit4n_kg.web.timelines import timeline
from qit4n_kg.web.unknown import answer_unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from flask.typing import ResponseReturnValue

    from qit4n_kg.entities.panels import Panel, Table
    from qit4n_kg.entities.view import PropertyGroup

pages = Blueprint("pages", __name__)
pages.register_blueprint(data)
pages.register_blueprint(ontology)
pages.register_blueprint(quality)

_LONGEST_TEXT = 2_000
_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_LAYOUTS: dict[str, Callable[[Table], object | None]] = {
    "columns": charts.columns,
    "groups": charts.groups,
    "bars": charts.bars,
    "tiles": charts.tiles,
    "timeline": timeline,
}


# --- what templates may call ----------------------------------------------------------------------------------------------


@pages.app_template_filter("clip")
def clip(text: str, most: int = _LONGEST_TEXT) -> str:
    """Shorten a text that no one would read to its end; data files have it whole.

    >>> clip("abcdef", 4)
    'abc…'
    """
    return text if len(text) <= most else f"{text[: most - 1]}…"


@pages.app_template_filter("thousands")
def thousands(number: int) -> str:
    r"""Group digits by narrow spaces, as ISO 80000-1 does.

    >>> thousands(1234567).split("\u202f")
    ['1', '234', '567']
    """
    return f"{number:,}".replace(",", "\u202f")


@pages.app_template_filter("words")
def words(name: str) -> list[str]:
    """Split a variable's name where a line may break.

    >>> words("incomingLiaisonStatements")
    ['incoming', 'Liaison', 'Statements']
    """
    return _CAPITAL.split(name)


@pages.app_template_filter("figure")
def figure(text: str) -> str:
    """Leave out the zeros after a decimal point.

    >>> figure("95.0"), figure("95.5"), figure("100")
    ('95', '95.5', '100')
    """
    return text.rstrip("0").rstrip(".") if "." in text else text


@pages.app_template_filter("tally")
def tally(group: PropertyGroup) -> str:
    """Say how many statements there are."""
    return thousands(group.count) if group.is_counted else f"more than {thousands(group.count)}"


@pages.app_template_global("target")
def target(iri: str) -> links.Target | None:
    """Return where an IRI leads, or None."""
    return links.target(iri, knowledge_graph().settings, reading().statements["passage"])


pages.add_app_template_global(links.sparql_path, "sparql_path")


@pages.app_template_global("more_path")
def more_path(panel: Panel) -> str:
    """Return where one learns more about a panel: the catalogue query that it names, else its own query in the form."""
    see = panel.headers.get("see")
    return f"/queries/{see}" if see in knowledge_graph().catalogue.queries else links.sparql_path(panel.shown())


@pages.app_context_processor
def describe_site() -> dict[str, object]:
    """Give every page what its footer says."""
    generation = snapshot().generation
    built = datetime.datetime.fromisoformat(generation.manifest.built_at)
    return {"site": {"generation": generation.number, "built": built}}


# --- pages ----------------------------------------------------------------------------------------------------------------


@pages.get("/")
def home() -> ResponseReturnValue:
    """Show what is in the graph, at a glance."""
    now = reading()
    overview = now.overview
    catalogue = knowledge_graph().catalogue.queries
    wanted = overview.groups.panel.headers.get("examples", "").split()
    page = render_template(
        "home.html",
        heading=_heading(overview.groups),
        overview=overview,
        charts=list(_charts(overview.charts)),
        examples=[catalogue[name] for name in wanted if name in catalogue],
        manifest=snapshot().generation.manifest,
        statements=now.statements,
    )
    return send(page, HTML)


def _charts(tables: Iterable[Table]) -> Iterator[dict[str, object]]:
    """Lay out the charts that have figures, each by the kind that its panel names."""
    for table in tables:
        kind = table.panel.headers.get("chart", "bars")
        if kind in _LAYOUTS and (layout := _LAYOUTS[kind](table)) is not None:
            yield {"table": table, "kind": kind, "layout": layout}


def _heading(groups: Table) -> str:
    names = [row[0].text for row in groups.rows]
    if not names:
        return "The work of standards groups"
    if len(names) > 3:
        return f"The work of {'more than ' if groups.has_more else ''}{len(names)} standards groups"
    return f"The work of {' and '.join(filter(None, (', '.join(names[:-1]), names[-1])))}"


@pages.get("/id/<path:name>")
def identify(name: str) -> ResponseReturnValue:
    """Redirect from a thing to a document about it (303: Cool URIs for the Semantic Web, section 4.2).

    :raises NotAcceptableError: no document on offer satisfies Accept.
    """
    iri = f"{knowledge_graph().settings.id_base}{name}"
    if not reading().entities.has(iri):
        return answer_unknown(iri)
    form = negotiate(request.headers.get("Accept"), [HTML, *STATEMENT_FORMATS])
    path = local_path(iri, knowledge_graph().settings) if form == HTML else f"{data_path(iri)}.{form.extension}"
    return redirect_other(path or "/")


@pages.get("/doc/<path:name>")
def document(name: str) -> ResponseReturnValue:
    """Show one thing as a page."""
    iri = f"{knowledge_graph().settings.id_base}{name}"
    now = reading()
    try:
        view = now.entities.read(iri)
    except UnknownEntityError:
        return answer_unknown(iri)
    page = render_template(
        "entity.html",
        view=view,
        tables=now.tables(view),
        records=[record(triple) for triple in view.triples],
        forms=STATEMENT_FORMATS,
        data_path=data_path(iri),
        statements=now.statements,
    )
    return send(page, HTML, links=link_headers(iri))
