"""`/contribute` and what is done with a contribution: submitting, accepting, rejecting, withdrawing, reverting, commenting.

Each works by a form without JavaScript (303 to the contribution's page; what was typed comes back with what is wrong) and as an API
(JSON, RFC 9457 problems). Submitting needs the role contributor, accepting and rejecting reviewer, and nobody decides on their own.
What is sent is counted (429). `If-Match` with the ETag of a contribution makes an acceptance depend on what the reviewer has seen:
412 with the conflicts.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from flask import Blueprint, Response, g, render_template, request

from qit4n_kg.committing.orders import Acceptance
from qit4n_kg.contributions.model import Event, Kind
from qit4n_kg.contributions.reading import LONGEST_TEXT, refuse_unknown
from qit4n_kg.contributions.register import now
from qit4n_kg.errors import (
    KnowledgeGraphError,
    ParameterError,
    RequestError,
    UnauthenticatedError,
    UnsupportedMediaTypeError,
)
from qit4n_kg.formats import HTML, JSON, READABLE, RdfFormat, by_name
from qit4n_kg.gatekeeping import SentFile
from qit4n_kg.namespaces import prefixes
from qit4n_kg.submitting import Sending
from qit4n_kg.tokens import Role
from qit4n_kg.web import access
from qit4n_kg.web.context import knowledge_graph, snapshot
from qit4n_kg.web.contributions import desk, finish, full, readable, show_page
from qit4n_kg.web.protocol import FORM_TYPE, read_body
from qit4n_kg.web.rates import CONTRIBUTIONS, count_request
from qit4n_kg.web.responses import describe, headers_of, wants_html

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qit4n_kg.contributions.model import Contribution
    from qit4n_kg.tokens import Holder

contribute = Blueprint("contribute", __name__)

_FORMS = ("multipart/form-data", FORM_TYPE)
_FIELDS = ("message", "evidence", "licence", "generation", "key")
_MOST_FILES = 20
_DECLARATIONS = re.compile(r"@(?:base|prefix)[^<\n]*<[^>\n]*>\s*\.|^\s*#.*$", re.MULTILINE)
_MOVES = {"merge": "merges", "rename": "renames", "retire": "retires"}


@contribute.get("/contribute")
def form() -> Response:
    """Show the form."""
    return _form_page()


@contribute.post("/contributions")
def add() -> Response:
    """Submit a contribution."""
    return send()


@contribute.post("/contribute")
def send() -> Response:
    """Submit a contribution, from the form or as `/contributions` takes it."""
    try:
        count_request(CONTRIBUTIONS)
        holder = _require(Role.CONTRIBUTOR)
        receipt = desk().submit(read_sending(), holder.name, snapshot())
    except KnowledgeGraphError as exc:
        if not _is_form():
            raise
        problem = describe(exc)
        page = _form_page(problem=problem, status=int(problem["status"]))
        page.headers.update(headers_of(exc))
        return page
    if _is_form():
        return _go(receipt.contribution)
    return _answer(receipt.contribution, 201 if receipt.is_new else 200, receipt.report)


@contribute.post("/contributions/<id_>/accept")
def accept(id_: str) -> Response:
    """Accept a contribution: it is in the next generation when this is answered."""
    holder = _require(Role.REVIEWER)
    order = Acceptance(id_, _note(), _seen_events())

    def act() -> None:
        knowledge_graph().writing.submit(order, holder.name)

    return _decide(id_, act)


@contribute.post("/contributions/<id_>/reject")
def reject(id_: str) -> Response:
    """Reject a contribution, with the reason."""
    holder = _require(Role.REVIEWER)
    if not _note():
        raise ParameterError(
            "A rejection needs its reason, for whoever sent the contribution.", hint="Send it as note."
        )
    return _decide(id_, lambda: _add(id_, Kind.REJECTED, holder, lambda one: one.require_reviewer(holder.name)))


@contribute.post("/contributions/<id_>/withdraw")
def withdraw(id_: str) -> Response:
    """Withdraw one's own contribution."""
    holder = _require(Role.CONTRIBUTOR)
    return _decide(id_, lambda: _add(id_, Kind.WITHDRAWN, holder, lambda one: one.require_submitter(holder.name)))


@contribute.post("/contributions/<id_>/comment")
def comment(id_: str) -> Response:
    """Say something about a contribution."""
    count_request(CONTRIBUTIONS)
    holder = _require(Role.CONTRIBUTOR)
    if not _note():
        raise ParameterError("The comment is empty.")
    return _decide(id_, lambda: _add(id_, Kind.COMMENTED, holder, None))


@contribute.post("/contributions/<id_>/revert")
def revert(id_: str) -> Response:
    """Make a contribution that takes an accepted one back; it is reviewed like any other."""
    count_request(CONTRIBUTIONS)
    holder = _require(Role.CONTRIBUTOR)
    receipt = desk().revert(id_, _note(), holder.name, snapshot())
    if _is_form():
        return _go(receipt.contribution)
    return _answer(receipt.contribution, 201, receipt.report)


def _decide(id_: str, act: Callable[[], object]) -> Response:
    """Do something with a contribution, and show what came of it."""
    try:
        act()
    except KnowledgeGraphError as exc:
        if not _is_form() or isinstance(exc, UnauthenticatedError):
            raise
        problem = describe(exc)
        return show_page(readable(id_), problem=problem, status=int(problem["status"]))
    contribution = desk().register.get(id_)
    return _go(contribution) if _is_form() else _answer(contribution, 200)


def _add(id_: str, kind: Kind, holder: Holder, allowed: Callable[[Contribution], None] | None) -> None:
    desk().register.add_event(id_, Event(kind, holder.name, now(), _note()), allowed)


# --- what is sent ---------------------------------------------------------------------------------------------------------------


def _is_form() -> bool:
    return request.mimetype in _FORMS and wants_html()


def _require(role: Role) -> Holder:
    return access.require(role, request.form.get("csrf") if request.mimetype in _FORMS else None)


def _note() -> str:
    """Return what comes with a decision: the member or field `note`.

    :raises ParameterError: it is no text, or too long.
    """
    value = _members().get("note", "")
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise ParameterError(f"note is a text of at most {LONGEST_TEXT} characters.")
    return value.strip()


def _seen_events() -> int | None:
    """Return how many events the reviewer has seen, as the ETag says, None where they do not say.

    :raises ParameterError: it is no ETag of a contribution.
    """
    tag = request.headers.get("If-Match") or _members().get("seen", "")
    if not isinstance(tag, str) or tag.strip() in ("", "*"):
        return None
    events, _, generation = tag.strip().strip('"').partition("-")
    if not (events.isdigit() and generation.isdigit()):
        raise ParameterError("If-Match is not the ETag of a contribution.", hint="GET it again, and send its ETag.")
    return int(events)


def _members() -> Mapping[str, Any]:
    if request.mimetype in _FORMS:
        return request.form
    if request.mimetype == JSON.media_type:
        if "members" not in g:
            g.members = _read_json()
        return cast("Mapping[str, Any]", g.members)
    return request.args


def _read_json() -> dict[str, Any]:
    return _object(read_body(request), "The body")


def _object(text: bytes | str, name: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise RequestError(f"{name} is not JSON: {exc}.") from exc
    if not isinstance(value, dict):
        raise RequestError(f"{name} is not a JSON object.")
    return value


def read_sending() -> Sending:
    """Read this request as a contribution.

    :raises RequestError: it can't be understood.
    :raises UnsupportedMediaTypeError: its type is not known.
    """
    key = request.headers.get("Idempotency-Key")
    if request.mimetype in _FORMS:
        sending = _read_form()
    elif request.mimetype == JSON.media_type:
        sending = _sending_of(_read_json())
    else:
        chosen = by_name(request.mimetype, READABLE) if request.mimetype else None
        if chosen is None:
            known = ", ".join(form.media_type for form in READABLE)
            raise UnsupportedMediaTypeError(
                f"The Content-Type is {request.mimetype or 'missing'}.", hint=f"Understood: application/json, {known}."
            )
        file = SentFile(f"data.{chosen.extension}", chosen, read_body(request))
        fields: dict[str, Any] = {name: request.args[name] for name in _FIELDS if name in request.args}
        fields["evidence"] = request.args.getlist("evidence")
        sending = Sending((file,), "", fields)
    return replace(sending, fields={**sending.fields, "key": key}) if key else sending


def _sending_of(fields: dict[str, Any], files: tuple[SentFile, ...] = ()) -> Sending:
    """Read a contribution that was sent as JSON, with files of statements to add where it came in a form."""
    refuse_unknown(fields)
    texts = {name: fields.get(name) or "" for name in ("adds", "retracts")}
    if not all(isinstance(text, str) for text in texts.values()):
        raise ParameterError("adds and retracts are texts, as Turtle.")
    return Sending((*_pasted(texts["adds"]), *files), texts["retracts"], fields)


def _read_form() -> Sending:
    given = request.form
    if "contribution" in given:
        if others := sorted(set(given) - {"contribution", "csrf"}):
            raise ParameterError(f"The part contribution says it all; {', '.join(others)[:80]} would not be read.")
        return _sending_of(_object(given["contribution"], "The part contribution"), _uploads())
    fields: dict[str, Any] = {name: given[name] for name in _FIELDS if name in given}
    fields["evidence"] = [line for text in given.getlist("evidence") for line in text.splitlines() if line.strip()]
    overruled = given.get("overruled", "")
    if _pasted(overruled):
        fields["overrules"] = [{"statement": overruled, "reason": given.get("overrule_reason", "")}]
    if given.get("old", "").strip():
        move = {
            "old": _whole(given["old"]),
            "new": _whole(given.get("new", "")),
            "reason": given.get("move_reason", ""),
        }
        fields[_MOVES.get(given.get("move", ""), "merges")] = [move]
    return Sending((*_pasted(given.get("adds", "")), *_uploads()), given.get("retracts", ""), fields)


def _whole(written: str) -> str:
    """Return the identifier that somebody wrote into a field: whole, or what follows the base of identifiers."""
    text = written.strip()
    return text if not text or ":" in text else f"{knowledge_graph().settings.id_base}{text}"


def _pasted(text: str) -> tuple[SentFile, ...]:
    """Return a pasted text as a file, none where it holds nothing but prefixes."""
    if not _DECLARATIONS.sub("", text).strip():
        return ()
    return (SentFile("adds.ttl", RdfFormat.TURTLE.value, text.replace("\r\n", "\n").encode(errors="replace")),)


def _uploads() -> tuple[SentFile, ...]:
    files = []
    for upload in request.files.getlist("file"):
        content = upload.stream.read()
        if not upload.filename and not content:
            continue
        name = (upload.filename or "").replace("\\", "/").rsplit("/", 1)[-1][:120]
        chosen = next((form for form in READABLE if name.lower().endswith(f".{form.extension}")), None)
        if chosen is None:
            known = ", ".join(f".{form.extension}" for form in READABLE)
            raise UnsupportedMediaTypeError(f"The format of {name[:80]!r} is not known.", hint=f"Known: {known}.")
        files.append(SentFile("".join(c if c.isalnum() or c in " .-_" else "_" for c in name), chosen, content))
    if len(files) > _MOST_FILES:
        raise RequestError(f"These are {len(files)} files, and {_MOST_FILES} at once are the most.")
    return tuple(files)


# --- what is answered -----------------------------------------------------------------------------------------------------------


def _answer(contribution: Contribution, status: int, report: dict[str, Any] | None = None) -> Response:
    told = full(contribution)
    if report is not None:
        told["report"] = report
    body = json.dumps(told, ensure_ascii=False, indent=1) + "\n"
    response = Response(body, status=status, content_type=JSON.content_type)
    response.headers["Location"] = f"/contributions/{contribution.id}"
    response.headers["X-Generation"] = str(knowledge_graph().generation.number)
    return finish(response, contribution)


def _go(contribution: Contribution) -> Response:
    response = Response(status=303)
    response.headers["Location"] = f"/contributions/{contribution.id}"
    response.headers["Cache-Control"] = "no-store"
    return response


def _form_page(*, problem: dict[str, Any] | None = None, status: int = 200) -> Response:
    base_iri = knowledge_graph().settings.base_iri
    known = {
        name: iri for name, iri in prefixes(base_iri).items() if name in ("dcterms", "rdfs", "skos", "stdorg", "xsd")
    }
    start = f"@base <{base_iri}id/> .\n" + "".join(
        f"@prefix {name}: <{iri}> .\n" for name, iri in sorted(known.items())
    )
    body = render_template(
        "contribute.html",
        holder=access.session_holder(),
        csrf=access.form_token(),
        problem=problem,
        given=request.form,
        start=start,
        generation=snapshot().generation.number,
        inputs=[form for form in READABLE if not form.has_graphs],
        settings=knowledge_graph().settings,
    )
    response = finish(Response(body, status=status, content_type=HTML.content_type))
    access.begin_visit(response)
    return response
