"""`/ontology`: the merged modules as Turtle, or as a page for a browser; `/ontology.ttl` is always Turtle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, render_template, request

from qit4n_kg.formats import HTML, RdfFormat, negotiate
from qit4n_kg.namespaces import STDORG
from qit4n_kg.web.readings import reading
from qit4n_kg.web.sending import send

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

ontology = Blueprint("ontology", __name__)

_TURTLE = RdfFormat.TURTLE.value


@ontology.get("/ontology")
def negotiated() -> ResponseReturnValue:
    """Send Turtle unless a page is preferred.

    :raises NotAcceptableError: neither satisfies Accept.
    """
    form = negotiate(request.headers.get("Accept"), [_TURTLE, HTML])
    return _page() if form == HTML else _turtle(varies=True)


@ontology.get("/ontology.ttl")
def turtle() -> ResponseReturnValue:
    """Send Turtle, whatever Accept says."""
    return _turtle(varies=False)


def _turtle(*, varies: bool) -> ResponseReturnValue:
    return send(reading().vocabulary.turtle, _TURTLE, links=_LINKS, varies=varies)


def _page() -> ResponseReturnValue:
    terms = reading().vocabulary.terms
    page = render_template(
        "ontology.html",
        namespace=STDORG,
        classes=[term for term in terms if term.is_class],
        properties=[term for term in terms if not term.is_class],
    )
    return send(page, HTML, links=_LINKS, varies=True)


_LINKS = ('</ontology.ttl>; rel="alternate"; type="text/turtle"', f'<{STDORG}>; rel="canonical"')
