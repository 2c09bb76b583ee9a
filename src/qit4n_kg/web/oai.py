"""`/oai`: OAI-PMH 2.0 for harvesters, by GET and POST. Every answer of the protocol is 200 and XML, its errors too (section 3.1.2).

What is no matter of the protocol (no place, no time, a body that is no form) is a problem with its own status, with Retry-After
where it passes.
"""

from __future__ import annotations

from importlib.resources import files
from typing import cast

from flask import Blueprint, Response, current_app, request

from qit4n_kg.errors import UnsupportedMediaTypeError
from qit4n_kg.harvesting.answers import Repository, answer
from qit4n_kg.harvesting.keeping import HarvestKeeper
from qit4n_kg.web.codings import CODINGS, IDENTITY, SMALLEST, choose_coding, encode
from qit4n_kg.web.context import knowledge_graph
from qit4n_kg.web.protocol import FORM_TYPE

oai = Blueprint("oai", __name__)

_KEEPER = "oai.keeper"
_XML = "text/xml; charset=utf-8"


@oai.route("/oai", methods=["GET", "POST"])
def respond() -> Response:
    """Answer a harvester (OAI-PMH 2.0).

    :raises UnsupportedMediaTypeError: a body is no form.
    :raises QueueFullError: the harvest of a new generation is being made and not ready in time.
    """
    pairs = list(request.args.items(multi=True))
    if request.method == "POST":
        if request.mimetype != FORM_TYPE:
            raise UnsupportedMediaTypeError(f"A request of OAI-PMH by POST has a body of {FORM_TYPE}.")
        pairs += request.form.items(multi=True)
    settings = knowledge_graph().settings
    codings = tuple(coding for coding in CODINGS if coding != IDENTITY)
    repository = Repository(
        f"{request.host_url}oai", settings.base_iri, settings.admin_email, codings, settings.oai_page
    )
    with _keeper().open() as harvest:
        response = _send(answer(pairs, harvest, repository))
        response.headers["X-Generation"] = str(harvest.generation)
    return response


@oai.get("/oai/relaton.xsd")
def relaton_schema() -> Response:
    """Send the schema of the element that stands around Relaton's `bibdata`."""
    return _send(files("qit4n_kg.harvesting").joinpath("relaton.xsd").read_bytes())


def _keeper() -> HarvestKeeper:
    kept = current_app.extensions.get(_KEEPER)
    if kept is None:
        graph = knowledge_graph()
        keeper = HarvestKeeper(graph.settings, lambda: graph.current().generation)
        kept = current_app.extensions.setdefault(_KEEPER, keeper)
    return cast("HarvestKeeper", kept)


def _send(body: bytes) -> Response:
    coding = choose_coding(request.headers.get("Accept-Encoding")) if len(body) >= SMALLEST else IDENTITY
    response = Response(encode(body, coding), content_type=_XML)
    response.vary.add("Accept-Encoding")
    if coding != IDENTITY:
        response.headers["Content-Encoding"] = coding
    response.headers["Cache-Control"] = "no-cache"
    return response
