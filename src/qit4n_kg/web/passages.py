"""`/passage/…`: a source for a reader: which document, where in it, and what it states, in words; the SPARQL is beside it.

A named graph's IRI (`{base}graph/…`) is shown here; `/graph/…` redirects to it or, where Accept prefers RDF, to the graph's data.
"""

from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint, Response, render_template, request

from qit4n_kg.entities.stating import STATED, read_stated
from qit4n_kg.errors import NotFoundError
from qit4n_kg.formats import HTML, RdfFormat, negotiate
from qit4n_kg.web.context import knowledge_graph
from qit4n_kg.web.pins import newer, pin
from qit4n_kg.web.readings import reading
from qit4n_kg.web.sending import redirect_other, send

passages = Blueprint("passages", __name__)

_FORMS = (HTML, *(form.value for form in RdfFormat))


@passages.get("/graph/<path:name>")
def identify(name: str) -> Response:
    """Redirect from a named graph to the page about it or to its data (303), whatever Accept prefers.

    :raises NotAcceptableError: neither satisfies Accept.
    """
    form = negotiate(request.headers.get("Accept"), _FORMS)
    return redirect_other(f"/{'passage' if form is HTML else 'graphs'}/{quote(name)}")


@passages.get("/passage/<path:name>")
def show(name: str) -> Response:
    """Show what one source is, where it stands and what it states. `at` pins a generation.

    :raises NotFoundError: there is no such graph.
    """
    pin()
    now = reading()
    graph = f"{knowledge_graph().settings.graph_base}{name}"
    stated = read_stated(now.snapshot.store, now.entities, graph)
    if stated is None:
        raise NotFoundError(f"There is no passage {name[:200]!r}.", hint="/queries/graphs lists the graphs.")
    page = render_template(
        "passage.html",
        stated=stated,
        newer=newer(),
        data_path=f"/graphs/{quote(name)}",
        query=now.statements["passage"].shown(graph),
        most=STATED,
    )
    return send(page, HTML, is_dated=True)
