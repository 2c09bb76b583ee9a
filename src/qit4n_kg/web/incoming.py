"""`/links/…`: what points at one thing, counted by property, and page by page for one property."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template, request

from qit4n_kg.entities.reader import PAGED
from qit4n_kg.errors import UnknownEntityError
from qit4n_kg.formats import HTML
from qit4n_kg.web.context import knowledge_graph
from qit4n_kg.web.protocol import read_number
from qit4n_kg.web.readings import reading
from qit4n_kg.web.retired import answer_retired
from qit4n_kg.web.sending import send
from qit4n_kg.web.signposts import path_of
from qit4n_kg.web.unknown import answer_unknown

incoming = Blueprint("incoming", __name__)


@incoming.get("/links/<path:name>")
def show(name: str) -> Response:
    """Show what points at one thing: counts by property, or the part `page` of those with one `property`."""
    iri = f"{knowledge_graph().settings.id_base}{name}"
    retired = answer_retired(iri, "links")
    if retired is not None:
        return retired
    now = reading()
    predicate = request.args.get("property")
    if predicate is None:
        if not now.entities.has(iri):
            return answer_unknown(iri)
        counts = now.entities.link_counts(iri)
        values: dict[str, Any] = {"counts": counts, "label": now.entities.labels.label(iri), "found": None}
    else:
        page = read_number("page", request.args.getlist("page")) or 1
        try:
            found = now.entities.links(iri, predicate, page)
        except UnknownEntityError:
            if now.entities.has(iri):
                raise
            return answer_unknown(iri)
        values = {"found": found, "label": found.label, "counts": ()}
    body = render_template(
        "links.html",
        iri=iri,
        types=now.entities.types(iri),
        place="links",
        path_of=path_of,
        paged=PAGED,
        statements=now.statements,
        **values,
    )
    return send(body, HTML, is_dated=True)
