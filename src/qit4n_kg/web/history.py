"""`/history/…`: what changed of one thing, when and by whom, as far as journal and kept generations know."""

from __future__ import annotations

import datetime

from flask import Blueprint, Response, render_template, request

from qit4n_kg.entities.changes import compare, read_recorded
from qit4n_kg.errors import GenerationGoneError
from qit4n_kg.formats import HTML
from qit4n_kg.web.context import knowledge_graph, snapshot
from qit4n_kg.web.protocol import read_number
from qit4n_kg.web.readings import reading, text_of
from qit4n_kg.web.retired import answer_retired
from qit4n_kg.web.sending import send
from qit4n_kg.web.signposts import path_of
from qit4n_kg.web.unknown import answer_unknown

history = Blueprint("history", __name__)
_GENERATIONS = 4


@history.get("/history/<path:name>")
def show(name: str) -> Response:
    """Show what changed of one thing: accepted changes by `page`, and the differences of the kept generations."""
    iri = f"{knowledge_graph().settings.id_base}{name}"
    page = read_number("page", request.args.getlist("page")) or 1
    now = reading()
    recorded, has_more = read_recorded(knowledge_graph().settings.journal_dir, iri, page)
    if not now.entities.has(iri):
        retired = answer_retired(iri, "history")
        if retired is not None or not recorded:
            return retired or answer_unknown(iri)
    numbers = _numbers() if page == 1 else []
    body = render_template(
        "history.html",
        iri=iri,
        label=now.entities.labels.label(iri),
        types=now.entities.types(iri),
        place="history",
        path_of=path_of,
        recorded=[(datetime.datetime.fromisoformat(one.time), one) for one in recorded],
        page=page,
        has_more=has_more,
        steps=compare(numbers, lambda number: knowledge_graph().pinned(number).store, iri),
        kept=[knowledge_graph().kept(number) for number in numbers],
        text=text_of,
    )
    return send(body, HTML)


def _numbers() -> list[int]:
    """Return the generations to compare, the newest first; one that is pruned meanwhile is left out."""
    found = []
    for number in knowledge_graph().kept_numbers()[:_GENERATIONS]:
        try:
            knowledge_graph().pinned(number)
        except GenerationGoneError:
            continue
        found.append(number)
    return found or [snapshot().generation.number]
