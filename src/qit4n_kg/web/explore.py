"""`/explore`: the graph around one thing, a step at a time; lists without JavaScript, a drawing beside them with it.

The script draws what the lists say, so both show the same, and each step costs the same however many links a thing has
(`entities.neighbours`). A request with the header X-Fragment gets the lists alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, render_template, request

from qit4n_kg.entities.neighbours import KINDS, OTHER, neighbourhood
from qit4n_kg.errors import UnknownEntityError
from qit4n_kg.formats import HTML
from qit4n_kg.web.context import knowledge_graph, snapshot
from qit4n_kg.web.languages import gettext
from qit4n_kg.web.readings import reading
from qit4n_kg.web.sending import send
from qit4n_kg.web.unknown import answer_unknown

if TYPE_CHECKING:
    from flask import Response

    from qit4n_kg.entities.neighbours import Neighbourhood

explore = Blueprint("explore", __name__)

_FRAGMENT = "X-Fragment"
_MOST_FOUND = 20
_LONGEST = 2_000


@explore.get("/explore")
def show() -> Response:
    """Show what stands around a thing: `start` is its IRI or its path under `/id/`, `q` a name to find it by."""
    start, sought = request.args.get("start", "").strip()[:_LONGEST], request.args.get("q", "").strip()
    found = _find(sought) if sought else []
    around = None
    iri = _iri(start) if start else _first(found)
    if iri is not None:
        try:
            around = neighbourhood(reading().entities.read(iri), knowledge_graph().settings.id_base, snapshot().store)
        except UnknownEntityError:
            return answer_unknown(iri)
    return _page(around, found if len(found) > 1 else [], sought)


def _page(around: Neighbourhood | None, found: list[tuple[str, str]], sought: str) -> Response:
    template = "explore/around.html" if _FRAGMENT in request.headers else "explore.html"
    page = render_template(template, around=around, found=found, sought=sought, start_of=start_of, kinds=_kinds())
    response = send(page, HTML)
    response.vary.add(_FRAGMENT)
    return response


def _kinds() -> dict[str, str]:
    """Name the kinds of things that the picture tells apart by shape and colour."""
    names = {
        "person": gettext("Person"),
        "organization": gettext("Organization"),
        "body": gettext("Group or body"),
        "event": gettext("Event"),
        "plan": gettext("Plan"),
        "document": gettext("Document"),
        "liaison": gettext("Liaison"),
        "role": gettext("Role held"),
        "concept": gettext("Concept"),
    }
    return {**{name: names[name] for name in KINDS}, OTHER: gettext("Something else")}


def start_of(iri: str) -> str:
    """Return the short form of an IRI that `start` understands."""
    return iri.removeprefix(knowledge_graph().settings.id_base)


def _iri(start: str) -> str:
    return start if "://" in start else f"{knowledge_graph().settings.id_base}{start.removeprefix('id:').lstrip('/')}"


def _first(found: list[tuple[str, str]]) -> str | None:
    """Return where to begin when nobody says: the one thing that was found, else the first group."""
    if found or request.args.get("q"):
        return found[0][0] if len(found) == 1 else None
    return next((row[0].iri for row in reading().overview.groups.rows if row[0].iri), None)


def _find(sought: str) -> list[tuple[str, str]]:
    """Return things that are called so, best first: IRI and label."""
    hits = knowledge_graph().search_index(snapshot().generation).suggest(sought, _MOST_FOUND).hits
    return [(hit.iri, hit.label) for hit in hits]
