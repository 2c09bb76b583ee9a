"""`/about`: what this is, under which licence, whom to ask, how to query it, how fresh it is, how to cite it, what to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, render_template, request

import qit4n_kg
from qit4n_kg.formats import HTML
from qit4n_kg.web.context import knowledge_graph, snapshot, stated_licence
from qit4n_kg.web.manual import MANUAL, manual
from qit4n_kg.web.readings import reading
from qit4n_kg.web.sending import send

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qit4n_kg.entities.labels import Reference

about = Blueprint("about", __name__)
about.register_blueprint(manual)


@about.get("/about")
def show() -> Response:
    """Say what one wants to know of a data set before one uses it."""
    settings = knowledge_graph().settings
    contact = settings.contact
    page = render_template(
        "about.html",
        manifest=snapshot().generation.manifest,
        version=qit4n_kg.__version__,
        license=stated_licence(),
        contact=contact,
        contact_name=contact.removeprefix("mailto:"),
        here=request.host_url,
        documents=_documents(),
        manual=MANUAL,
    )
    return send(page, HTML)


def _documents() -> Sequence[Reference]:
    """Return the documents that the facts come from."""
    now = reading()
    rows = now.documents.rows
    return [now.entities.labels.reference(row[0].iri) for row in rows if row[0].iri]
