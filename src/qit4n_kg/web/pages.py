"""The pages for readers: `/`, what templates may call, and the blueprints of the other pages (`web/documents.py` has the things').

Nothing here queries by itself: what a page shows comes from `web/readings.py`, that is from query files.
"""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING

from flask import Blueprint, render_template

from qit4n_kg.formats import HTML
from qit4n_kg.web import charts, links
from qit4n_kg.web.about import about
from qit4n_kg.web.context import knowledge_graph, snapshot, stated_licence
from qit4n_kg.web.documents import documents
from qit4n_kg.web.languages import gettext as _
from qit4n_kg.web.ontology import ontology
from qit4n_kg.web.passages import passages
from qit4n_kg.web.quality import quality
from qit4n_kg.web.readings import reading
from qit4n_kg.web.sending import send
from qit4n_kg.web.sitemap import sitemap
from qit4n_kg.web.timelines import timeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from flask.typing import ResponseReturnValue

    from qit4n_kg.entities.panels import Panel, Table
    from qit4n_kg.entities.view import PropertyGroup

pages = Blueprint("pages", __name__)
for part in (documents, passages, ontology, quality, about, sitemap):
    pages.register_blueprint(part)

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
    return reading().common.target(iri)


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
    return {"site": {"generation": generation.number, "built": built, "licence": stated_licence()}}


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
        return _("The work of standards groups")
    if len(names) > 3:
        text = (
            _("The work of more than %(count)s standards groups")
            if groups.has_more
            else _("The work of %(count)s standards groups")
        )
        return text % {"count": len(names)}
    return _("The work of %(names)s") % {
        "names": f" {_('and')} ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    }
