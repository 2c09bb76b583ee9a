"""`/quality`, `/quality.json` and `/discrepancies`: what is covered, contradictory, open or remarked on, and which checks hold."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from flask import Blueprint, current_app, render_template, request

from qit4n_kg.errors import QueryLimitError
from qit4n_kg.formats import HTML, JSON, ResultFormat, negotiate
from qit4n_kg.quality import Quality, read_quality
from qit4n_kg.store.executor import Job
from qit4n_kg.web.context import knowledge_graph, snapshot
from qit4n_kg.web.languages import SOURCE
from qit4n_kg.web.readings import reading
from qit4n_kg.web.sending import send

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask.typing import ResponseReturnValue

    from qit4n_kg.entities.labels import Reference
    from qit4n_kg.entities.view import Discrepancy

quality = Blueprint("quality", __name__)

_LINKS = ('</quality.json>; rel="alternate"; type="application/json"', '</quality>; rel="alternate"; type="text/html"')
_BUDGET = 6.0
_LONGEST = 2.0
_EXTENSION = "quality"


@quality.get("/quality")
def negotiated() -> ResponseReturnValue:
    """Show the page, or send JSON where that is preferred.

    :raises NotAcceptableError: neither satisfies Accept.
    """
    form = negotiate(request.headers.get("Accept"), [HTML, JSON])
    return _page() if form == HTML else _data(varies=True)


@quality.get("/quality.json")
def data() -> ResponseReturnValue:
    """Send JSON, whatever Accept says."""
    return _data(varies=False)


@quality.get("/discrepancies")
def disputed() -> ResponseReturnValue:
    """Show where passages contradict each other; what is decided for one reason stands together."""
    found, is_whole = reading().entities.disputed()
    reasons: dict[str, list[tuple[Reference, Discrepancy]]] = {}
    for thing, one in found:
        reasons.setdefault(one.reason, []).append((thing, one))
    count = sum(len(one.differences) for _, one in found)
    page = render_template("discrepancies.html", reasons=list(reasons.items()), count=count, is_whole=is_whole)
    return send(page, HTML, is_dated=True)


def _page() -> ResponseReturnValue:
    page = render_template("quality.html", quality=_quality())
    return send(page, HTML, links=_LINKS, varies=True)


def _data(*, varies: bool) -> ResponseReturnValue:
    manifest = snapshot().generation.manifest
    generation = {"number": manifest.number, "builtAt": manifest.built_at, "dataset": manifest.dataset}
    body = json.dumps({"generation": generation, **_quality().to_dict()}, ensure_ascii=False, indent=1)
    return send(f"{body}\n", JSON, links=_LINKS, varies=varies)


def _quality() -> Quality:
    """Read it once for a generation, with English labels: the file is the same for everyone."""
    now = reading([SOURCE])
    kept = current_app.extensions.get(_EXTENSION)
    if kept is None or kept[0] is not now.snapshot:
        labels, queries = now.entities.labels, now.settings.sources / "queries"
        kept = (now.snapshot, read_quality(now.snapshot.store, labels, queries, _Rules()))
        current_app.extensions[_EXTENSION] = kept
    found: Quality = kept[1]
    return found


class _Rules:
    """Asks the rules in query processes, which can be stopped, all of them within a few seconds."""

    def __init__(self) -> None:
        self._end = time.monotonic() + _BUDGET

    def __call__(self, text: str) -> Sequence[str] | None:
        left = self._end - time.monotonic()
        if left <= 0:
            return None
        try:
            spooled = knowledge_graph().run(Job(text, ResultFormat.TSV, timeout=min(left, _LONGEST)), snapshot())
        except QueryLimitError:
            return None
        try:
            return spooled.read().decode().splitlines()[1:]
        finally:
            spooled.close()
