"""`/reconcile`: the W3C community group's Reconciliation Service API 0.2, as OpenRefine and its kin speak it.

Without parameters the service describes itself; `queries` (by GET or POST) is a batch to reconcile, `extend` an order for values.
Suggestions, proposals and previews have addresses of their own. Any site may ask (web/cors.py); a preview may be framed by any.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, render_template, request

import qit4n_kg
from qit4n_kg.errors import ParameterError, UnknownEntityError
from qit4n_kg.formats import HTML, JSON
from qit4n_kg.namespaces import STDORG
from qit4n_kg.search.reconciliation import MOST_PROPERTIES, Reconciler
from qit4n_kg.web.asking import read_count, takes
from qit4n_kg.web.context import knowledge_graph, snapshot
from qit4n_kg.web.links import local_path
from qit4n_kg.web.readings import reading
from qit4n_kg.web.search import index, tell_generation
from qit4n_kg.web.sending import send

if TYPE_CHECKING:
    from collections.abc import Callable

reconcile = Blueprint("reconcile", __name__)
reconcile.after_request(tell_generation)

_TYPES = ("Person", "Organization", "Body", "Group", "Deliverable", "Meeting", "Country", "Liaison", "Document")
_SUGGESTED = 12
_MOST_SUGGESTED = 100
_SUGGESTS = {"prefix": "What is typed so far.", "cursor": "How many to leave out.", "limit": "How many."}
_PREVIEW = {"width": 400, "height": 240}
_PREVIEW_FACTS = 6
_FRAMED = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors *; object-src 'none'"


def _reconciler() -> Reconciler:
    return Reconciler(index(), snapshot().store, reading().entities.labels, knowledge_graph().settings)


@reconcile.route("/reconcile", methods=["GET", "POST"], strict_slashes=False)
@takes({"queries": "A batch of queries, as JSON.", "extend": "An order for values of properties, as JSON."})
def service() -> Response:
    """Describe the reconciliation service, or answer a batch of `queries` or an order to `extend` (API 0.2)."""
    values = request.values
    known = _reconciler()
    if "queries" in values:
        return _send(known.answer(_read_json("queries", values["queries"])))
    if "extend" in values:
        return _send(known.extend(_read_json("extend", values["extend"])))
    if "query" in values:  # a single query, as version 0.1 had it
        text = values["query"]
        single = _read_json("query", text) if text.lstrip().startswith("{") else {"query": text}
        return _send(known.answer({"query": single})["query"])
    return _send(_manifest(known))


@reconcile.get("/reconcile/suggest/entity")
@takes(_SUGGESTS)
def suggest_entity() -> Response:
    """Suggest things whose name begins with `prefix`."""
    return _suggest(_reconciler().suggest_entities)


@reconcile.get("/reconcile/suggest/type")
@takes(_SUGGESTS)
def suggest_type() -> Response:
    """Suggest types whose name has `prefix` in it."""
    return _suggest(_reconciler().suggest_types)


@reconcile.get("/reconcile/suggest/property")
@takes(_SUGGESTS)
def suggest_property() -> Response:
    """Suggest properties whose name has `prefix` in it."""
    return _suggest(_reconciler().suggest_properties)


@reconcile.get("/reconcile/properties")
@takes({"type": "The type.", "limit": "How many."})
def propose_properties() -> Response:
    """Propose properties that things of a `type` have, to extend a table with."""
    limit = read_count("limit", request.args.get("limit"), MOST_PROPERTIES, _MOST_SUGGESTED)
    type_id = request.args.get("type", "")[:500]
    found = _reconciler().propose(type_id, limit)
    return _send({"type": type_id, "limit": limit, "properties": found})


@reconcile.get("/reconcile/preview")
@takes({"id": "The thing's identifier."})
def preview() -> Response:
    """Show the thing `id` in a few lines, to be framed by the client."""
    known = _reconciler()
    iri = known.iri_of(request.args.get("id", "")[:2_000])
    hit = index().get(iri)
    if hit is None:
        raise UnknownEntityError(f"Nothing is known about <{iri}>.")
    view = reading().entities.read(iri)
    page = render_template(
        "preview.html",
        view=view,
        hit=hit,
        kinds=[known.name(kind) for kind in hit.kinds],
        facts=[group for group in view.facts if group.is_key][:_PREVIEW_FACTS],
        path=local_path(iri, knowledge_graph().settings),
    )
    response = send(page, HTML)
    response.headers["Content-Security-Policy"] = _FRAMED
    return response


def _suggest(find: Callable[[str, int], list[dict[str, Any]]]) -> Response:
    limit = read_count("limit", request.args.get("limit"), _SUGGESTED, _MOST_SUGGESTED)
    start = read_count("cursor", request.args.get("cursor") or None, 1, _MOST_SUGGESTED) if _has_cursor() else 0
    found = find(request.args.get("prefix", ""), min(start + limit, _MOST_SUGGESTED))
    return _send({"result": found[start:]})


def _has_cursor() -> bool:
    return request.args.get("cursor", "0").strip() not in ("", "0")


def _read_json(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise ParameterError(f"The parameter {name!r} is no JSON.", hint=str(exc)[:200]) from exc


def _manifest(known: Reconciler) -> dict[str, Any]:
    """Return the service manifest (section 3.1 of the API)."""
    root = request.url_root.rstrip("/")
    settings = knowledge_graph().settings
    suggest = {
        name: {"service_url": root, "service_path": f"/reconcile/suggest/{name}"}
        for name in ("entity", "property", "type")
    }
    return {
        "versions": ["0.1", "0.2"],
        "name": "qit4n-kg",
        "identifierSpace": settings.id_base,
        "schemaSpace": STDORG,
        "documentation": f"{root}/about",
        "serviceVersion": qit4n_kg.__version__,
        "logo": f"{root}/static/favicon.svg",
        "view": {"url": f"{root}/doc/{{{{id}}}}"},
        "defaultTypes": known.types(f"{STDORG}{name}" for name in _TYPES),
        "suggest": suggest,
        "preview": {"url": f"{root}/reconcile/preview?id={{{{id}}}}", **_PREVIEW},
        "extend": {
            "propose_properties": {"service_url": root, "service_path": "/reconcile/properties"},
            "property_settings": [
                {
                    "name": "limit",
                    "label": "Limit",
                    "type": "number",
                    "default": 0,
                    "help_text": "How many values of the property a row gets; 0 for all",
                }
            ],
        },
    }


def _send(body: Any) -> Response:
    return send(json.dumps(body, ensure_ascii=False, indent=1) + "\n", JSON)
