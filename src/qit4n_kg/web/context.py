"""What a request has at hand: the knowledge graph and the one generation that answers this whole request.

Views take both from here, so that a page is made from a single generation even when a new one is published meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import current_app, g, request

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


def let_go(_: BaseException | None) -> None:
    """Let go of the generation at a request's end: contexts of templates refer to themselves, and would keep its store open."""
    for name in ("snapshot", "reading"):
        g.pop(name, None)
    request.environ.pop(SNAPSHOT_KEY, None)
