"""The Flask factory: it opens the knowledge graph and puts the blueprints together; it answers nothing itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Flask, g, request

from qit4n_kg.config import Settings, load_settings
from qit4n_kg.graph import KnowledgeGraph
from qit4n_kg.web import (
    access,
    assets,
    bodies,
    cors,
    formats_asked,
    hosts,
    languages,
    links,
    privileges,
    rates,
    responses,
)
from qit4n_kg.web.catalogue import catalogue
from qit4n_kg.web.context import EXTENSION, SNAPSHOT_KEY, knowledge_graph, let_go, licence_name
from qit4n_kg.web.contribute import contribute
from qit4n_kg.web.contribute_forms import contribute_forms
from qit4n_kg.web.contribute_sheets import contribute_sheets
from qit4n_kg.web.contributions import contributions
from qit4n_kg.web.diagnosis import diagnosis
from qit4n_kg.web.edge import Edge, ResultCache
from qit4n_kg.web.explore import explore
from qit4n_kg.web.exports import exports
from qit4n_kg.web.feed import feed
from qit4n_kg.web.graphs import graphs
from qit4n_kg.web.health import health
from qit4n_kg.web.lists import lists
from qit4n_kg.web.metrics import metrics
from qit4n_kg.web.oai import oai
from qit4n_kg.web.openapi import openapi
from qit4n_kg.web.pages import pages
from qit4n_kg.web.problems import problems
from qit4n_kg.web.reconcile import reconcile
from qit4n_kg.web.results import EXTENSION as RESULTS
from qit4n_kg.web.results import Downloads, Results
from qit4n_kg.web.running import running
from qit4n_kg.web.search import search
from qit4n_kg.web.signin import signin
from qit4n_kg.web.sparql import sparql
from qit4n_kg.web.update import update
from qit4n_kg.web.validate import validate
from qit4n_kg.web.void import void
from qit4n_kg.web.workbench import workbench

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response

__all__ = ["create_app", "knowledge_graph"]

# Everything comes from this server; nothing inline. Forms go nowhere else, and no other site may frame a page.
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Content-Type-Options": "nosniff",
}

_RESULTS = 4
"""So many results of the largest size may lie on the disk of each worker while slow clients read them."""


class _Application(Flask):
    """The application; no view or hook of it is a coroutine, which Flask would find out about each at every request."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return a view or hook as it is."""
        return func


def create_app(settings: Settings | None = None) -> Flask:
    """Make the application on the current generation.

    The caller ends it with `app.extensions["knowledge_graph"].close()`, which stops the query processes.

    :raises StateError: there is no generation, or it can't be opened.
    """
    settings = settings or load_settings()
    app = make_routes(settings)
    graph = app.extensions[EXTENSION] = KnowledgeGraph.open(settings)
    cache = ResultCache(settings.cache_bytes)
    app.extensions[RESULTS] = Results(cache, Downloads(settings.downloads, _RESULTS * settings.result_bytes))
    app.wsgi_app = Edge(app.wsgi_app, graph, cache)  # type: ignore[method-assign]
    if settings.public_url:
        app.wsgi_app = hosts.reached_by(app.wsgi_app, settings.public_url)  # type: ignore[method-assign, assignment]
    return app


def make_routes(settings: Settings) -> Flask:
    """Make the application with all its routes but no knowledge graph: enough to list them before anything is built."""
    app = _Application("qit4n_kg.web", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.request_bytes
    app.config["MAX_FORM_MEMORY_SIZE"] = settings.request_bytes
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals["local_path"] = lambda iri: links.local_path(iri, settings)
    app.jinja_env.globals["short_name"] = lambda iri: links.short_name(iri, settings)
    app.jinja_env.filters["licence_name"] = licence_name
    languages.register(app)
    assets.register(app)
    responses.register(app)
    hosts.register(app)
    formats_asked.register(app)
    bodies.register(app, settings.most_queries)
    for blueprint in (
        sparql,
        update,
        graphs,
        signin,
        contribute,
        contribute_forms,
        contribute_sheets,
        contributions,
        running,
        diagnosis,
        workbench,
        explore,
        catalogue,
        void,
        exports,
        oai,
        feed,
        openapi,
        health,
        metrics,
        problems,
        validate,
        pages,
        search,
        lists,
        reconcile,
    ):
        app.register_blueprint(blueprint)
    privileges.register(app, access.has_role)
    cors.register(app)
    rates.register(app, settings)
    app.after_request(_add_headers)
    app.teardown_request(let_go)
    return app


def _add_headers(response: Response) -> Response:
    """Add what every answer has: the security headers, its generation and its query's id."""
    more = dict(SECURITY_HEADERS)
    now = g.get("snapshot") or request.environ.get(SNAPSHOT_KEY)
    if now is not None:
        more["X-Generation"] = str(now.generation.number)
    if (query_id := g.get("query_id")) is not None:
        more["Query-Id"] = query_id
    cors.add_missing(response.headers, more)
    return response
