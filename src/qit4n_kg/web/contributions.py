"""`/contributions`: what was sent in and what came of it, as pages, JSON, Turtle and an Atom feed; nothing is decided here.

What was accepted is everybody's. What is pending, rejected or withdrawn may hold what nobody has checked yet, so that only who
holds a token reads it.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast
from xml.sax.saxutils import escape, quoteattr

from flask import Blueprint, Response, current_app, render_template, request

from qit4n_kg.contributions.changing import outdated, retired_meanwhile
from qit4n_kg.contributions.differences import differences, tell_conflicts
from qit4n_kg.contributions.model import State
from qit4n_kg.contributions.provenance import describe, graph_of, title_of
from qit4n_kg.contributions.standing import Standing
from qit4n_kg.contributions.writing import event_record, proposal_record
from qit4n_kg.effects import read_effects
from qit4n_kg.entities.labels import words
from qit4n_kg.entities.statements import write_statements
from qit4n_kg.errors import KnowledgeGraphError, ParameterError, ProposalError
from qit4n_kg.formats import HTML, JSON, Format, RdfFormat, negotiate
from qit4n_kg.namespaces import prefixes
from qit4n_kg.submitting import Desk
from qit4n_kg.tokens import Role
from qit4n_kg.web import access
from qit4n_kg.web.context import knowledge_graph, snapshot
from qit4n_kg.web.protocol import read_number
from qit4n_kg.web.readings import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qit4n_kg.contributions.model import Contribution
    from qit4n_kg.effects import Row
    from qit4n_kg.tokens import Holder

contributions = Blueprint("contributions", __name__)

ATOM = Format("atom", "application/atom+xml", "atom", "Atom")
PAGE_LENGTH = 50
_EXTENSION = "contributions_desk"
_OFFERS = (HTML, JSON, RdfFormat.TURTLE.value)


def desk() -> Desk:
    """Return the desk of this application."""
    kept = current_app.extensions.get(_EXTENSION)
    if kept is None:
        kept = current_app.extensions[_EXTENSION] = Desk(knowledge_graph())
    return cast("Desk", kept)


@contributions.get("/contributions")
def listing() -> Response:
    """List contributions, the newest first."""
    form = negotiate(request.headers.get("Accept"), (HTML, JSON))
    holder = access.who()
    wanted = _state(request.args.get("state"))
    found = [
        one
        for one in desk().register.all()
        if (holder is not None or one.state is State.ACCEPTED) and wanted in (None, one.state)
    ]
    pages = max(1, -(-len(found) // PAGE_LENGTH))
    page = min(pages, read_number("page", request.args.getlist("page")) or 1)
    shown = found[(page - 1) * PAGE_LENGTH : page * PAGE_LENGTH]
    if form is JSON:
        listed = {"total": len(found), "page": page, "pages": pages, "contributions": [_summary(one) for one in shown]}
        return finish(json_response(listed))
    body = render_template(
        "contributions.html",
        contributions=[(one, title_of(one)) for one in shown],
        total=len(found),
        page=page,
        pages=pages,
        state=wanted,
        states=list(State)[1:],
        holder=holder,
    )
    return finish(Response(body, content_type=HTML.content_type))


@contributions.get("/contributions/feed.atom")
def feed() -> Response:
    """Tell of the newest accepted contributions (RFC 4287)."""
    accepted = [one for one in desk().register.all() if one.state is State.ACCEPTED]
    accepted.sort(key=lambda one: one.decision.time if one.decision else "", reverse=True)
    response = Response(_atom(accepted[:PAGE_LENGTH]), content_type="application/atom+xml; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"
    return response


@contributions.get("/contributions/<id_>")
def show(id_: str) -> Response:
    """Show a contribution: its page, JSON or Turtle."""
    return _show(id_, negotiate(request.headers.get("Accept"), _OFFERS))


@contributions.get("/contributions/<id_>.json")
def asjson_response(id_: str) -> Response:
    """Send a contribution as JSON, whatever Accept says."""
    return _show(id_, JSON)


@contributions.get("/contributions/<id_>.ttl")
def as_turtle(id_: str) -> Response:
    """Send a contribution as Turtle, whatever Accept says."""
    return _show(id_, RdfFormat.TURTLE.value)


@contributions.get("/contributions/<id_>/effects")
def effects(id_: str) -> Response:
    """Say what a pending contribution would change in the answers of saved queries, and in exports."""
    form = negotiate(request.headers.get("Accept"), (HTML, JSON))
    access.require(Role.CONTRIBUTOR)
    contribution = desk().register.get(id_)
    found = read_effects(knowledge_graph(), id_)
    if form is JSON:
        changed = [
            {
                "query": one.id,
                "title": one.title,
                "added": one.added,
                "removed": one.removed,
                "columns": one.columns,
                "come": _written(one.come),
                "go": _written(one.go),
            }
            for one in found.changed
        ]
        told = {
            "generation": found.generation,
            "changed": changed,
            "unchanged": found.unchanged,
            "unknown": found.unknown,
            "exports": {
                "changed": [asdict(one) for one in found.exports.changed],
                "unchanged": found.exports.unchanged,
                "unknown": found.exports.unknown,
            },
        }
        return finish(json_response(told))
    body = render_template(
        "contribution_effects.html",
        contribution=contribution,
        title=title_of(contribution),
        effects=found,
        text=text_of,
        in_words=words,
    )
    return finish(Response(body, content_type=HTML.content_type))


def _written(rows: Iterable[Row]) -> list[list[str | None]]:
    return [[str(term) if term is not None else None for term in row] for row in rows]


def _show(id_: str, form: Format) -> Response:
    contribution = readable(id_)
    if form is RdfFormat.TURTLE.value:
        base_iri = knowledge_graph().settings.base_iri
        content = write_statements(dict.fromkeys(describe(contribution, base_iri)), form, prefixes(base_iri))
        return finish(Response(content, content_type=form.content_type), contribution)
    if form is JSON:
        return finish(json_response(full(contribution)), contribution)
    return show_page(contribution)


def readable(id_: str) -> Contribution:
    """Return a contribution that whoever asks may read.

    :raises UnauthenticatedError: it is not accepted, and they hold no token.
    """
    contribution = desk().register.get(id_)
    if contribution.state is not State.ACCEPTED:
        access.require(Role.CONTRIBUTOR)
    return contribution


def show_page(contribution: Contribution, *, problem: dict[str, Any] | None = None, status: int = 200) -> Response:
    """Show the page of a contribution, with what went wrong if something did."""
    holder = access.session_holder()
    report, conflicts = judged(contribution)
    body = render_template(
        "contribution.html",
        contribution=contribution,
        title=title_of(contribution),
        differences=differences(contribution, snapshot().store, knowledge_graph().settings.base_iri),
        report=report,
        conflicts=conflicts,
        reverting=_reverting(contribution),
        holder=holder,
        actions=_actions(contribution, holder),
        csrf=access.form_token(),
        etag=etag_of(contribution),
        graph=graph_of(contribution.id, knowledge_graph().settings.base_iri).value,
        problem=problem,
    )
    response = finish(Response(body, status=status, content_type=HTML.content_type), contribution)
    access.begin_visit(response)
    return response


def judged(contribution: Contribution) -> tuple[dict[str, Any] | None, list[str]]:
    """Return what the shapes say of a pending contribution now, and what has changed since it was made."""
    if contribution.state.is_final:
        return None, []
    base_iri = knowledge_graph().settings.base_iri
    now = snapshot()
    standing = Standing(now.store, knowledge_graph().settings.graph_base)
    conflicts = tell_conflicts(
        outdated(contribution, standing), retired_meanwhile(contribution, standing), now.store, base_iri
    )
    try:
        return desk().judge(contribution, now)[1], conflicts
    except ProposalError as exc:
        return None, [*conflicts, str(exc)]
    except KnowledgeGraphError as exc:  # judging is busy, or met a limit: the page is shown without it
        return None, [*conflicts, f"It could not be judged now: {exc}"]


def etag_of(contribution: Contribution) -> str:
    """Return the entity tag of a contribution: how many events it has, and the generation that it is shown against."""
    return f"{len(contribution.events)}-{snapshot().generation.number}"


def finish(response: Response, contribution: Contribution | None = None) -> Response:
    """Add the headers of what nobody else may keep."""
    response.vary.add("Accept")
    response.headers["Cache-Control"] = "no-store"
    if contribution is not None:
        response.set_etag(etag_of(contribution))
    return response


def full(contribution: Contribution) -> dict[str, Any]:
    """Return all of a contribution as plain values."""
    settings = knowledge_graph().settings
    told = _summary(contribution) | {
        "evidence": list(contribution.evidence),
        "licence": contribution.licence,
        "generation": contribution.base,
        "graph": graph_of(contribution.id, settings.base_iri).value,
        "proposal": proposal_record(contribution.proposal),
        "differences": [one.to_dict() for one in differences(contribution, snapshot().store, settings.base_iri)],
        "events": [event_record(event) for event in contribution.events],
        "revertedBy": _reverting(contribution),
        "etag": etag_of(contribution),
    }
    report, conflicts = judged(contribution)
    return told | {"report": report, "conflicts": conflicts}


def _reverting(contribution: Contribution) -> list[str]:
    """Return the accepted contributions that took back this one."""
    if contribution.state is not State.ACCEPTED:
        return []
    accepted = (one for one in desk().register.all() if one.state is State.ACCEPTED)
    return [one.id for one in accepted if one.proposal.reverts == contribution.id]


def _summary(contribution: Contribution) -> dict[str, Any]:
    decision = contribution.decision
    return {
        "id": contribution.id,
        "state": contribution.state.value,
        "submitter": contribution.submitter,
        "time": contribution.time,
        "message": contribution.message,
        "decidedBy": decision.actor if decision else None,
        "decidedAt": decision.time if decision else None,
        "href": f"/contributions/{contribution.id}",
    }


def _actions(contribution: Contribution, holder: Holder | None) -> Sequence[str]:
    """Return what this holder may do with it now."""
    if holder is None:
        return ()
    found = ["comment"]
    if contribution.state is State.ACCEPTED:
        found.append("revert")
    if not contribution.state.is_final:
        if contribution.submitter == holder.name:
            found.append("withdraw")
        elif holder.role.includes(Role.REVIEWER):
            found += ["accept", "reject"]
    return found


def _state(name: str | None) -> State | None:
    if not name:
        return None
    try:
        return State(name)
    except ValueError:
        known = ", ".join(state.value for state in State)
        raise ParameterError(f"There is no state {name[:40]!r}.", hint=f"Known: {known}.") from None


def json_response(value: object) -> Response:
    """Answer with JSON."""
    body = json.dumps(value, ensure_ascii=False, indent=1) + "\n"
    return Response(body, content_type=JSON.content_type)


def _atom(accepted: Sequence[Contribution]) -> str:
    base = f"{request.host_url}contributions"
    newest = accepted[0].decision if accepted else None
    updated = newest.time if newest else snapshot().generation.manifest.built_at
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom">',
        f"<title>qit4n-kg: accepted contributions</title><id>{escape(base)}</id><updated>{escape(updated)}</updated>",
        f'<link href={quoteattr(base)}/><link rel="self" href={quoteattr(f"{base}/feed.atom")}/>',
    ]
    for one in accepted:
        told = "\n".join(found.sentence for found in differences(one, snapshot().store, _base_iri())[:PAGE_LENGTH])
        decision = one.decision
        assert decision is not None
        lines += [
            f"<entry><title>{escape(_clean(title_of(one)))}</title><id>{escape(graph_of(one.id, _base_iri()).value)}</id>",
            f"<updated>{escape(decision.time)}</updated><published>{escape(one.time)}</published>",
            f"<author><name>{escape(one.submitter)}</name></author>",
            f"<link href={quoteattr(f'{base}/{one.id}')}/>",
            f'<summary type="text">{escape(_clean(told))}</summary></entry>',
        ]
    return "\n".join([*lines, "</feed>", ""])


def _base_iri() -> str:
    return knowledge_graph().settings.base_iri


def _clean(text: str) -> str:
    """Drop what XML 1.0 can't hold."""
    return "".join(
        c for c in text if c in "\t\n" or (c >= " " and c not in "\ufffe\uffff" and not "\ud800" <= c <= "\udfff")
    )
