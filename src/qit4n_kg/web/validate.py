"""`/validate`: data judged as if they were merged, for anyone; a page to paste or drop a file, and the same for programs.

One request: rate (429) → body and format (400, 413, 415) → the judging process (400 with line and column, 503) → 200 with a report,
whether it conforms or not: the question was answered. Nothing that is sent is kept, but the report, for an hour, where it is long.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, render_template, request

from qit4n_kg.errors import ParameterError, RequestError, SourceError, UnsupportedMediaTypeError
from qit4n_kg.formats import HTML, JSON, READABLE, REPORTS, Format, RdfFormat, by_name, form_of, negotiate, shown_name
from qit4n_kg.gatekeeping import SentFile
from qit4n_kg.store.shelf import Shelf
from qit4n_kg.web.context import knowledge_graph, snapshot
from qit4n_kg.web.contribute import read_sending
from qit4n_kg.web.contributions import desk
from qit4n_kg.web.protocol import read_body, read_number, refuse_several_formats
from qit4n_kg.web.rates import VALIDATIONS, count_request
from qit4n_kg.web.responses import describe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qit4n_kg.gatekeeping import Judgement

validate = Blueprint("validate", __name__)

PAGE_FINDINGS = 100
_MOST_FILES = 20
_FORM_TYPES = ("multipart/form-data", "application/x-www-form-urlencoded")
_HINT = f"Understood: {', '.join(form.media_type for form in READABLE)}, multipart/form-data; application/json: a contribution."


@dataclass(frozen=True)
class Group:
    """Findings that say the same of different things."""

    severity: str
    message: str
    shape: str
    findings: Sequence[Mapping[str, Any]]
    total: int


@validate.get("/validate")
def form() -> Response:
    """Show the form."""
    return _page()


@validate.post("/validate")
def judge() -> Response:
    """Judge what is sent."""
    count_request(VALIDATIONS)
    if request.mimetype == JSON.media_type:
        return _judge_contribution()
    files, name = _read_request()
    chosen = _report_format(name)
    try:
        judgement = knowledge_graph().gatekeeper.judge(files, snapshot().generation.store_path, chosen.name)
    except SourceError as exc:
        if chosen is not HTML:
            raise
        return _page(problem=describe(exc, path=str(exc.path or "")), text=_pasted(), status=400)
    if chosen is HTML:
        return _report_page(judgement)
    response = Response(judgement.rendered, content_type=chosen.content_type)
    return _finish(response)


def _judge_contribution() -> Response:
    """Judge what `POST /contributions` would be sent, with what it takes back; the report is JSON."""
    judgement = desk().check(read_sending(), snapshot())
    content = json.dumps(judgement.report, ensure_ascii=False) + "\n"
    return _finish(Response(content, content_type=JSON.content_type))


@validate.get("/validate/reports/<name>")
def report(name: str) -> Response:
    """Show a page of a report that was made within the hour, or all of it as JSON."""
    content = _shelf().get(name)
    offers = [form for form in REPORTS if form.name in ("json", "html")]
    if negotiate(request.headers.get("Accept"), offers) is not HTML:
        return _finish(Response(content, content_type=offers[0].content_type))
    page = read_number("page", request.args.getlist("page")) or 1
    return _page(report=json.loads(content), page=page, name=name)


def _report_format(name: str | None) -> Format:
    if name is None:
        return negotiate(request.headers.get("Accept"), [form for form in REPORTS if form.name != "github"])
    chosen = by_name(name, REPORTS)
    if chosen is None:
        known = ", ".join(form.name for form in REPORTS)
        raise ParameterError(f"There is no report in the format {name[:40]!r}.", hint=f"Known: {known}.")
    return chosen


# --- what is sent ---------------------------------------------------------------------------------------------------------------


def _read_request() -> tuple[list[SentFile], str | None]:
    """Return the files of the request, and the report's format if it names one.

    :raises RequestError: there is no file.
    :raises UnsupportedMediaTypeError: its type is not understood.
    """
    asked = request.args.get("format")
    if request.mimetype in _FORM_TYPES:
        refuse_several_formats("format", [name for name in request.form.getlist("format") if name])
        return _read_form(), request.form.get("format") or asked
    chosen = by_name(request.mimetype, READABLE) if request.mimetype else None
    if chosen is None:
        raise UnsupportedMediaTypeError(f"The Content-Type is {request.mimetype or 'missing'}.", hint=_HINT)
    content = read_body(request)
    if not content:
        raise RequestError("The request has no data.", hint=_HINT)
    return [SentFile(shown_name(request.args.get("name"), chosen), chosen, content)], asked


def _read_form() -> list[SentFile]:
    files = []
    wanted = request.form.get("input", "")
    stated = by_name(wanted, READABLE) if wanted else None
    for upload in request.files.getlist("file"):
        content = upload.stream.read()
        if not upload.filename and not content:
            continue  # the form's empty field
        form = stated or form_of(upload.filename or "") or by_name(upload.mimetype or "", READABLE)
        if form is None:
            known = ", ".join(f".{form.extension}" for form in READABLE)
            raise UnsupportedMediaTypeError(
                f"The format of {shown_name(upload.filename, RdfFormat.TURTLE.value)} is not known.",
                hint=f"Known: {known}.",
            )
        files.append(SentFile(shown_name(upload.filename, form), form, content))
    if text := _pasted():
        form = stated or RdfFormat.TURTLE.value
        files.append(SentFile(f"pasted.{form.extension}", form, text.replace("\r\n", "\n").encode()))
    if not files:
        raise RequestError("The request has no data.", hint="Paste some, or choose a file.")
    if len(files) > _MOST_FILES:
        raise RequestError(f"These are {len(files)} files, and {_MOST_FILES} at once are the most.")
    return files


def _pasted() -> str:
    return request.form.get("text", "")


# --- what is answered -----------------------------------------------------------------------------------------------------------


def _report_page(judgement: Judgement) -> Response:
    name = None
    if len(judgement.report["results"]) > PAGE_FINDINGS:
        name = _shelf().put(json.dumps(judgement.report, ensure_ascii=False).encode())
    return _page(report=judgement.report, name=name, text=_pasted())


def _page(
    *,
    report: Mapping[str, Any] | None = None,
    problem: Mapping[str, Any] | None = None,
    text: str = "",
    page: int = 1,
    name: str | None = None,
    status: int = 200,
) -> Response:
    findings = report["results"] if report else []
    pages = max(1, -(-len(findings) // PAGE_FINDINGS))
    body = render_template(
        "validate.html",
        report=report,
        groups=_groups(findings, min(page, pages)),
        page=min(page, pages),
        pages=pages,
        name=name,
        problem=problem,
        text=text,
        inputs=READABLE,
        reports=REPORTS,
        settings=knowledge_graph().settings,
    )
    return _finish(Response(body, status=status, content_type=HTML.content_type))


def _groups(findings: Sequence[Mapping[str, Any]], page: int) -> list[Group]:
    """Put findings of one shape and message together, and take those of a page."""
    together: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for finding in findings:
        message = finding["message"].partition(" It has ")[0]
        together.setdefault((finding["severity"], finding["shape"], message), []).append(finding)
    first = (page - 1) * PAGE_FINDINGS
    groups, at = [], 0
    for (severity, shape, message), members in together.items():
        shown = members[max(0, first - at) : max(0, first + PAGE_FINDINGS - at)]
        at += len(members)
        if shown:
            groups.append(Group(severity, message, shape, shown, len(members)))
    return groups


def _shelf() -> Shelf:
    return Shelf(knowledge_graph().settings.state_dir / "reports")


def _finish(response: Response) -> Response:
    response.vary.add("Accept")
    response.headers["Cache-Control"] = "no-store"
    return response
