"""`/feed`: every version of each thing, for whoever keeps a copy (LDES in TREE), and in words (Atom, a page).

Pages that are closed never change: caches keep them for ever. The root, lists and the last page change with a generation and are
asked for with their ETag. Specs: Linked Data Event Streams 1.0, TREE, RFC 4287, RFC 5005.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

import pyoxigraph
from flask import Blueprint, redirect, render_template, request, url_for

from qit4n_kg.errors import NotAcceptableError, NotFoundError
from qit4n_kg.exports.making import licence_of
from qit4n_kg.feed import terms
from qit4n_kg.feed.atom import AtomWriter, Told, tell
from qit4n_kg.feed.entries import Version
from qit4n_kg.feed.ledger import VOLUME, check_epoch, open_ledger
from qit4n_kg.feed.writing import PageWriter
from qit4n_kg.formats import HTML, RdfFormat, negotiate
from qit4n_kg.namespaces import prefixes
from qit4n_kg.web import links
from qit4n_kg.web.context import knowledge_graph
from qit4n_kg.web.contributions import ATOM
from qit4n_kg.web.sending import send

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flask import Response
    from werkzeug.wrappers import Response as BaseResponse

    from qit4n_kg.feed.ledger import Ledger

feed = Blueprint("feed", __name__)

FOR_EVER = "public, max-age=31536000, immutable"
_RDF = (RdfFormat.TRIG, RdfFormat.N_QUADS, RdfFormat.JSON_LD)
_RECENT = 50
_ENGINE = {
    RdfFormat.TRIG: pyoxigraph.RdfFormat.TRIG,
    RdfFormat.N_QUADS: pyoxigraph.RdfFormat.N_QUADS,
    RdfFormat.JSON_LD: pyoxigraph.RdfFormat.JSON_LD,
}
_ALTERNATE = f'<{terms.ATOM_ROOT}>; rel="alternate"; type="{ATOM.media_type}"'


@feed.before_request
def lead_to_the_one_address() -> BaseResponse | None:
    """Lead to the address that links have from every other one: a part of the feed is kept for ever, and only once."""
    if not request.view_args:
        return None
    address = url_for(request.endpoint or "", **request.view_args)
    is_it = request.path == unquote(address) and not request.query_string
    return None if is_it else redirect(address, 301)


@feed.get("/feed")
def root() -> Response:
    """Send the change feed's root (LDES), the newest changes as Atom, or a page that tells of it."""
    form = negotiate(request.headers.get("Accept"), (*(one.value for one in _RDF), ATOM, HTML))
    if form is ATOM:
        return _newest(varies=True)
    with open_ledger(knowledge_graph().settings.feed_folder) as ledger:
        current = check_epoch(ledger, ledger.epoch if ledger else "")
        tip = current.tip()
        assert tip is not None
        if form is HTML:
            told = [_tell(current, version) for version in current.latest(_RECENT)]
            page = render_template("feed.html", told=told, tip=tip, epoch=current.epoch, pages=current.last_page())
            return send(page, HTML, varies=True)
        settings = knowledge_graph().settings
        said = _writer(current).root(current.pages(), tip, licence_of(settings), settings.publisher)
        return _write(said, links=[_ALTERNATE])


@feed.get("/feed.atom")
def newest() -> Response:
    """Send the newest changes in words (Atom); older ones are in the archives that it links to."""
    return _newest()


@feed.get("/feed/<epoch>")
def stream(epoch: str) -> BaseResponse:
    """Lead from an epoch's own IRI to the root, which tells of it."""
    with open_ledger(knowledge_graph().settings.feed_folder) as ledger:
        check_epoch(ledger, epoch)
    return redirect(terms.ROOT, 303)


@feed.get("/feed/<epoch>/volumes/<int:number>")
def volume(epoch: str, number: int) -> Response:
    """Send a list of the feed's pages."""
    with open_ledger(knowledge_graph().settings.feed_folder) as ledger:
        current = check_epoch(ledger, epoch)
        found = current.pages((number - 1) * VOLUME + 1, VOLUME) if 0 < number < 1 << 32 else []
        if not found:
            raise NotFoundError(f"The feed has no volume {number}.")
        is_closed = current.last_page() > number * VOLUME
        return _write(_writer(current).volume(number, found, is_closed=is_closed), is_closed=is_closed)


@feed.get("/feed/<epoch>/pages/<int:number>")
def page(epoch: str, number: int) -> Response:
    """Send a page of the feed: versions of things, with all that each graph states of them."""
    with open_ledger(knowledge_graph().settings.feed_folder) as ledger:
        current = check_epoch(ledger, epoch)
        is_closed = _is_closed(current, number)
        quads = _writer(current).page(number, current.entries(number), is_closed=is_closed)
        return _write(quads, is_closed=is_closed)


@feed.get("/feed/<epoch>/pages/<int:number>.atom")
def archive(epoch: str, number: int) -> Response:
    """Send a page of the feed in words (Atom)."""
    with open_ledger(knowledge_graph().settings.feed_folder) as ledger:
        current = check_epoch(ledger, epoch)
        is_closed = _is_closed(current, number)
        entries = current.entries(number)
        told = [_tell(current, entry) for entry in reversed(entries) if isinstance(entry, Version)]
        document = _atom(current).document(
            told,
            path=f"{terms.page_path(epoch, number)}.atom",
            updated=entries[-1].time,
            archived=number - 1,
            is_archive=is_closed,
        )
        return _keep(send(document, ATOM), is_closed=is_closed)


@feed.get("/feed/<epoch>/<int:number>")
def version(epoch: str, number: int) -> BaseResponse:
    """Lead to the page of the feed that has a version."""
    with open_ledger(knowledge_graph().settings.feed_folder) as ledger:
        current = check_epoch(ledger, epoch)
        if not 0 < number < 1 << 62:
            raise NotFoundError(f"The feed has no entry {number}.")
        return redirect(terms.page_path(epoch, current.entry(number).page), 303)


def _newest(*, varies: bool = False) -> Response:
    with open_ledger(knowledge_graph().settings.feed_folder) as ledger:
        current = check_epoch(ledger, ledger.epoch if ledger else "")
        tip = current.tip()
        assert tip is not None
        last = current.last_page()
        open_ones = [entry for entry in current.entries(last) if isinstance(entry, Version)]
        told = [_tell(current, entry) for entry in current.latest(max(_RECENT, len(open_ones)))]
        path = terms.ATOM_ROOT
        document = _atom(current).document(told, path=path, updated=tip.time, archived=last - 1, is_archive=False)
        return send(document, ATOM, varies=varies)


def _is_closed(ledger: Ledger, number: int) -> bool:
    last = ledger.last_page()
    if not 0 < number <= last:
        raise NotFoundError(f"The feed has no page {number}.")
    return number < last


def _tell(ledger: Ledger, entry: Version) -> Told:
    before = ledger.entry(entry.previous) if entry.previous else None
    return tell(entry, before if isinstance(before, Version) else None, knowledge_graph().settings.base_iri)


def _writer(ledger: Ledger) -> PageWriter:
    return PageWriter(knowledge_graph().settings.base_iri, ledger.epoch, request.host_url)


def _atom(ledger: Ledger) -> AtomWriter:
    settings = knowledge_graph().settings
    return AtomWriter(
        settings.base_iri, ledger.epoch, request.host_url, lambda iri: links.local_path(iri, settings) or None
    )


def _write(quads: Iterable[pyoxigraph.Quad], *, is_closed: bool = False, links: Iterable[str] = ()) -> Response:
    form = negotiate(request.headers.get("Accept"), [one.value for one in _RDF])
    engine = next(_ENGINE[one] for one in _RDF if one.value is form)
    try:
        known = terms.PREFIXES | prefixes(knowledge_graph().settings.base_iri)
        content = pyoxigraph.serialize(quads, format=engine, prefixes=known) or b""
    except ValueError as exc:  # JSON-LD has no triple terms
        raise NotAcceptableError(f"{form.label} can't hold this page: {exc}.", hint="TriG and N-Quads can.") from exc
    return _keep(send(_in_order(content), form, varies=True, links=links), is_closed=is_closed)


def _in_order(content: bytes) -> bytes:
    """Sort the prefixes that TriG begins with: the engine writes them in another order each time, and pages never change."""
    lines = content.split(b"\n", len(terms.PREFIXES) + 64) if content.startswith(b"@prefix") else [content]
    declared = [line for line in lines if line.startswith(b"@prefix ")]
    return b"\n".join([*sorted(declared), *lines[len(declared) :]])


def _keep(response: Response, *, is_closed: bool) -> Response:
    if is_closed:
        response.headers["Cache-Control"] = FOR_EVER
    return response
