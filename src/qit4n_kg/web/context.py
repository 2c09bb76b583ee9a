"""What a request has at hand: the knowledge graph and the one generation that answers this whole request.

Views take both from here, so that a page is made from a single generation even when a new one is published meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import current_app, g, request

from qit4n_kg.exports.making import LICENCE, edition_of

if TYPE_CHECKING:
    from qit4n_kg.graph import KnowledgeGraph, Snapshot

EXTENSION = "knowledge_graph"
SNAPSHOT_KEY = "qit4n_kg.snapshot"
"""Where the layer before Flask leaves, in a request's environment, the generation that it has looked up."""


def knowledge_graph() -> KnowledgeGraph:
    """Return the knowledge graph that this application serves."""
    return cast("KnowledgeGraph", current_app.extensions[EXTENSION])


def snapshot() -> Snapshot:
    """Return the generation that this request is answered from: the one that was current when first asked for."""
    if "snapshot" not in g:
        g.snapshot = request.environ.get(SNAPSHOT_KEY) or knowledge_graph().current()
    return cast("Snapshot", g.snapshot)


def stated_licence() -> str | None:
    """Return the licence of the data that answer this request, None where none is stated."""
    return edition_of(knowledge_graph().settings, snapshot().generation.manifest).licence


def licence_name(licence: str) -> str:
    """Return what a licence is called; its address where that is not known.

    >>> licence_name(LICENCE), licence_name("https://example.org/terms")
    ('CC BY 4.0', 'https://example.org/terms')
    """
    return "CC BY 4.0" if licence == LICENCE else licence


def let_go(_: BaseException | None) -> None:
    """Let go of the generation at a request's end: contexts of templates refer to themselves, and would keep its store open."""
    for name in ("snapshot", "reading"):
        g.pop(name, None)
    request.environ.pop(SNAPSHOT_KEY, None)
