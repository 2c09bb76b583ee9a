"""Addresses of identifiers that are not used any more: 301 to what replaces one, else 410 with what is known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, render_template

from qit4n_kg.entities.retirement import read_retirement
from qit4n_kg.errors import RetiredError
from qit4n_kg.formats import HTML
from qit4n_kg.web.context import knowledge_graph, snapshot
from qit4n_kg.web.readings import reading
from qit4n_kg.web.responses import describe, send_problem, wants_html
from qit4n_kg.web.sending import send
from qit4n_kg.web.signposts import path_of

if TYPE_CHECKING:
    from qit4n_kg.entities.retirement import Retirement


def answer_retired(iri: str, place: str, suffix: str = "") -> Response | None:
    """Answer for a retired identifier as asked at a place (`id`, `doc`, `data`, …); None for one in use.

    301 (RFC 9110, section 15.4.2) leads from each address of what was merged to the same address of what it became. The rest is 410
    (section 15.5.11), since that is known to be for good.
    """
    found = read_retirement(snapshot().store, iri)
    if found is None:
        return None
    instead = found.replacement
    if instead is not None and instead.startswith(knowledge_graph().settings.id_base):
        return _moved(f"{path_of(instead, place)}{suffix}")
    return _gone(found)


def _moved(path: str) -> Response:
    response = Response(f"See {path}\n", status=301, content_type="text/plain; charset=utf-8")
    response.headers["Location"] = path
    response.headers["Cache-Control"] = "no-cache"
    return response


def _gone(found: Retirement) -> Response:
    labels = reading().entities.labels
    instead = [labels.reference(iri) for iri in found.replacements]
    if wants_html():
        page = render_template("retired.html", found=found, label=labels.label(found.iri), instead=instead)
        return send(page, HTML, status=410, varies=True)
    members = [{"iri": one.iri, "label": one.label} for one in instead]
    error = RetiredError(f"<{found.iri}> is not used any more.")
    return send_problem(describe(error, reason=found.reason or None, replacements=members or None))
