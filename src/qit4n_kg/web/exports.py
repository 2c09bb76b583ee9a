"""`/exports`: what other registries can take, in their formats; each file is made once for a generation and then sent as it is.

Its ETag is a digest of generation, name, arguments and content coding, so a 304 needs no file.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import asdict
from typing import IO, TYPE_CHECKING, cast

from flask import Blueprint, Response, current_app, render_template, request
from markupsafe import Markup, escape

from qit4n_kg import __version__
from qit4n_kg.errors import ParameterError
from qit4n_kg.exports.keeping import KeptExports
from qit4n_kg.exports.making import edition_of
from qit4n_kg.exports.registry import Registry, read_registry
from qit4n_kg.feed import terms
from qit4n_kg.formats import HTML, JSON, negotiate
from qit4n_kg.web.codings import IDENTITY, SMALLEST, choose_coding, encode, encode_file
from qit4n_kg.web.context import knowledge_graph, snapshot, stated_licence
from qit4n_kg.web.edge import matches
from qit4n_kg.web.formats_asked import choose_format
from qit4n_kg.web.results import Download, results
from qit4n_kg.web.sending import send
from qit4n_kg.web.signposts import uri

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from qit4n_kg.exports.registry import Export, Wanted
    from qit4n_kg.formats import Format

exports = Blueprint("exports", __name__)

REPORT = "report"
_REGISTRY = "exports.registry"
_KEPT = "exports.kept"
_CODE = re.compile(r"`([^`]+)`")
_IN_MEMORY = 1024 * 1024


@exports.app_template_filter("coded")
def coded(text: str) -> Markup:
    """Mark up what stands between backticks as code.

    >>> coded("a `b` <c>")
    Markup('a <code>b</code> &lt;c&gt;')
    """
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704  (escaped first)


@exports.get("/exports")
def index() -> ResponseReturnValue:
    """List every export, with who takes it, what it holds and an example: a page, or JSON by `Accept` or as `/exports.json`."""
    if choose_format([HTML, JSON]) is JSON:
        return _listing(varies=True)
    settings = knowledge_graph().settings
    of = edition_of(settings, snapshot().generation.manifest)
    told = {"email": settings.admin_email, "publisher": of.publisher, "licence": of.licence}
    return send(render_template("exports.html", registry=registry(), **told), HTML, varies=True)


@exports.get("/exports.json")
def listing() -> ResponseReturnValue:
    """List every export in JSON: address, media type, what may stand in its name, parameters, loss report."""
    return _listing()


def _listing(*, varies: bool = False) -> Response:
    of = edition_of(knowledge_graph().settings, snapshot().generation.manifest)
    listed = {
        "generation": asdict(of.stamp),
        "licence": of.licence,
        "exports": [_described(export) for export in registry()],
        "services": {"oaiPmh": "/oai", "feed": terms.ROOT, "atom": terms.ATOM_ROOT, "sparql": "/sparql"},
    }
    return send(json.dumps(listed, ensure_ascii=False, indent=1) + "\n", JSON, varies=varies)


def _described(export: Export) -> dict[str, object]:
    description = export.description
    argument = description.argument if export.example != export.name else None
    named = argument.name if argument is not None else ""
    return {
        "name": export.name,
        "path": export.path,
        "example": export.example_path,
        "mediaType": export.media_type,
        "label": export.label,
        "consumer": description.consumer,
        "notes": list(description.notes),
        "arguments": {} if argument is None else {argument.name: list(argument.values) or None},
        "parameters": [
            {"name": one.name, "kind": one.kind.value, "default": one.default, "description": one.description}
            for one in description.query.parameters
            if one.name != named
        ],
        "loss": export.loss_path,
        "specification": description.spec,
    }


@exports.get("/exports/<path:name>")
def serve(name: str) -> ResponseReturnValue:
    """Send an export; with `?report=loss` tell what it does not hold.

    :raises NotFoundError: there is none of this name.
    """
    return _answer(registry().find(name))


@exports.get("/calendar.ics")
def calendar() -> ResponseReturnValue:
    """Send the calendar of meetings, sessions, webinars and plans."""
    return _answer(registry().find("calendar.ics"))


def registry() -> Registry:
    """Return the registry of exports, read once."""
    kept = current_app.extensions.get(_REGISTRY)
    if kept is None:
        folder = knowledge_graph().settings.sources / "queries" / "exports"
        kept = current_app.extensions[_REGISTRY] = read_registry(folder)
    return cast("Registry", kept)


def _answer(wanted: Wanted) -> Response:
    arguments = request.args.to_dict()
    report = arguments.pop(REPORT, None)
    if report not in (None, "loss"):
        raise ParameterError(f"There is no report {report[:40]!r}.", hint="There is `report=loss`.")
    if report == "loss":
        return _report(wanted, arguments, arguments.pop("format", None))
    form = wanted.export.format
    coding = choose_coding(request.headers.get("Accept-Encoding")) if wanted.export.is_text else IDENTITY
    etag = _etag(wanted, arguments, coding)
    if matches(etag, request.headers.get("If-None-Match")):
        response = Response(status=304)
    else:
        response = _send(_open(wanted, arguments), form, coding)
        kind = "inline" if wanted.export.is_text else "attachment"
        response.headers.set("Content-Disposition", kind, filename=wanted.name.replace("/", "-"))
    response.set_etag(etag)
    response.vary.add("Accept-Encoding")
    response.headers["Cache-Control"] = "no-cache"
    response.headers["X-Generation"] = str(snapshot().generation.number)
    response.headers.add("Link", f'</exports#{wanted.export.description.id}>; rel="describedby"; type="text/html"')
    if licence := stated_licence():  # most formats have no place for it
        response.headers.add("Link", f'<{uri(licence)}>; rel="license"')
    return response


def _report(wanted: Wanted, arguments: dict[str, str], asked: str | None) -> Response:
    """Send the loss report as a page, or as JSON.

    :raises ParameterError: it is asked for in another format.
    """
    if asked not in (None, "json"):
        raise ParameterError(f"There is no loss report in the format {asked[:40]!r}.", hint="There is `format=json`.")
    form = JSON if asked else negotiate(request.headers.get("Accept"), [JSON, HTML])
    with _open(wanted, arguments, loss=True) as file:
        body = file.read()
    if form is HTML:
        page = render_template("loss.html", report=json.loads(body), export=wanted.export, name=wanted.name)
        return send(page, HTML, varies=True)
    return send(body, JSON, varies=True)


def _open(wanted: Wanted, arguments: dict[str, str], *, loss: bool = False) -> IO[bytes]:
    kept = current_app.extensions.get(_KEPT)
    if kept is None:
        kept = current_app.extensions.setdefault(_KEPT, KeptExports(knowledge_graph().settings))
    return cast("KeptExports", kept).open(snapshot().generation, wanted, arguments, loss=loss)


def _etag(wanted: Wanted, arguments: dict[str, str], coding: str) -> str:
    edition = edition_of(knowledge_graph().settings, snapshot().generation.manifest)
    parts = (__version__, edition, wanted.name, sorted(arguments.items()), coding)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def _send(file: IO[bytes], form: Format, coding: str) -> Response:
    """Make the response of a file: a small one from memory, a large one as one of a bounded number of downloads."""
    length = os.fstat(file.fileno()).st_size
    is_coded = coding != IDENTITY and length >= SMALLEST
    body: list[bytes] | Download
    if length <= _IN_MEMORY:
        with file:
            data = encode(file.read(), coding) if is_coded else file.read()
        length, body = len(data), [data]
    else:
        if is_coded:
            with file:
                file, length = encode_file(file, coding)
        body = results().downloads.begin(file)
    if request.method == "HEAD":
        if isinstance(body, Download):
            body.close()
        body = []
    response = Response(body, content_type=form.content_type, direct_passthrough=True)
    response.content_length = length
    if is_coded:
        response.headers["Content-Encoding"] = coding
    return response
