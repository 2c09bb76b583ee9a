"""The 404 of a thing that no statement is about: a page or a problem, with the names that are nearest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import render_template

from qit4n_kg.errors import UnknownEntityError
from qit4n_kg.formats import HTML
from qit4n_kg.web.context import knowledge_graph
from qit4n_kg.web.readings import reading
from qit4n_kg.web.responses import describe, send_problem, wants_html
from qit4n_kg.web.sending import send

if TYPE_CHECKING:
    from flask import Response


def answer_unknown(iri: str) -> Response:
    """Answer 404 for an IRI of ours."""
    nearest = reading().names.nearest(iri.removeprefix(knowledge_graph().settings.id_base))
    if wants_html():
        return send(render_template("not_found.html", iri=iri, nearest=nearest), HTML, status=404, varies=True)
    members = [{"iri": one.iri, "label": one.label} for one in nearest]
    return send_problem(describe(UnknownEntityError(f"Nothing is known about <{iri}>."), nearest=members or None))
