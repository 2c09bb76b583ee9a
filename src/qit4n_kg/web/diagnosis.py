"""`/sparql/why`: why a query has no rows, as a page or as JSON; a resource beside the protocol, never part of an answer.

It takes the parameters that `/sparql` takes. All its questions run in query processes, each with a deadline of its own,
and all together with another.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import Blueprint, Response, render_template, request

from qit4n_kg.config import default_sources
from qit4n_kg.diagnosis.diagnoser import diagnose
from qit4n_kg.diagnosis.probing import Prober
from qit4n_kg.errors import QuerySyntaxError, RequestError
from qit4n_kg.formats import HTML, JSON
from qit4n_kg.namespaces import prefixes
from qit4n_kg.sparql import QueryForm, inspect_query
from qit4n_kg.web.context import knowledge_graph, snapshot
from qit4n_kg.web.pins import pin_to
from qit4n_kg.web.protocol import read_request
from qit4n_kg.web.readings import reading
from qit4n_kg.web.responses import send_problem
from qit4n_kg.web.results import generation_for
from qit4n_kg.web.sparql import describe_syntax, parameters_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from qit4n_kg.diagnosis.diagnoser import Diagnosis
    from qit4n_kg.entities.labels import Reference
    from qit4n_kg.web.protocol import ProtocolRequest

diagnosis = Blueprint("diagnosis", __name__)

_SECONDS = 10.0
_EACH_SECONDS = 2.0


@diagnosis.route("/sparql/why", methods=["GET", "POST"])
def why() -> Response:
    """Say why a query has no rows."""
    asked = read_request(request)
    if asked.query is None:
        raise RequestError("The request has no query.", hint="Send the one that has no rows as the parameter `query`.")
    if inspect_query(asked.query).form is QueryForm.UPDATE:
        raise RequestError("This is an update, and only queries are looked into here.")
    chosen = asked.choose(request.headers.get("Accept"), [JSON, HTML])
    pin_to(asked.at)
    try:
        found = _diagnose(asked, asked.query)
    except QuerySyntaxError as exc:
        return send_problem(describe_syntax(asked.query, exc))
    if chosen is HTML:
        back = f"/sparql?{urlencode(parameters_of(asked), doseq=True)}"
        body = render_template("why.html", query=asked.query, found=found, back=back)
    else:
        body = json.dumps(asdict(found), ensure_ascii=False, indent=1) + "\n"
    response = Response(body, content_type=chosen.content_type)
    response.vary.add("Accept")
    response.headers["X-Generation"] = str(snapshot().generation.number)
    # No ETag: what is found within the deadline depends on what else the machine does, so that it is no function of the request.
    response.headers["Cache-Control"] = "no-store"
    return response


def _diagnose(asked: ProtocolRequest, query: str) -> Diagnosis:
    graph = knowledge_graph()
    seconds = min(_SECONDS, asked.timeout or _SECONDS, graph.settings.query_timeout)
    prober = Prober(
        partial(graph.run, on=generation_for(asked)),
        _folder(),
        seconds,
        min(_EACH_SECONDS, seconds),
        asked.default_graphs,
        asked.named_graphs,
        graph.settings.base_iri,
    )
    return diagnose(query, prober, prefixes=prefixes(graph.settings.base_iri), nearest=_nearest)


def _nearest(iri: str) -> Sequence[Reference]:
    """Return the things that are called most like an IRI of ours."""
    base = knowledge_graph().settings.id_base
    return reading().names.nearest(iri.removeprefix(base)) if iri.startswith(base) else ()


def _folder() -> Path:
    """Return where the questions are: with the sources, else with the program's own."""
    for sources in (knowledge_graph().settings.sources, default_sources()):
        folder = sources / "queries" / "diagnosis"
        if folder.is_dir():
            break
    return folder
