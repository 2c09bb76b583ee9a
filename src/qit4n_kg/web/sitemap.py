"""What crawlers ask for: `/sitemap.xml` (an index beyond 50,000 pages), `/robots.txt`, `/favicon.ico`.

Spec: sitemaps.org/protocol.html; RFC 9309 (robots.txt). The list of pages is made once for a generation, and kept compressed.
"""

from __future__ import annotations

import zlib
from itertools import islice
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from flask import Blueprint, Response, current_app, redirect, request
from pyoxigraph import DefaultGraph, NamedNode

from qit4n_kg.errors import NotFoundError
from qit4n_kg.formats import Format
from qit4n_kg.namespaces import RDF
from qit4n_kg.web.context import knowledge_graph, snapshot
from qit4n_kg.web.links import local_path
from qit4n_kg.web.sending import send

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qit4n_kg.graph import Snapshot

sitemap = Blueprint("sitemap", __name__)

MOST = 50_000
"""URLs in one file, which the protocol allows."""
_SCANNED = 20_000_000
"""Statements of types that are looked at, so that the pass over a graph of any size ends."""
_FIXED = ("/", "/about", "/queries", "/sparql", "/ontology", "/quality")
_XML = Format("xml", "application/xml", "xml", "XML")
_TEXT = Format("text", "text/plain", "txt", "Text")
_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
_TYPE = NamedNode(f"{RDF}type")
_EXTENSION = "sitemap"
_CLOSED = (
    "/sparql?",
    "/sparql/",
    "/update",
    "/graphs",
    "/sign-in",
    "/links/",
    "/history/",
    "/cite/",
    "/data/",
    "/linkset/",
)


@sitemap.get("/sitemap.xml")
def index() -> Response:
    """List every page, or the files that list them where there are more than one file takes."""
    parts = _parts()
    if len(parts) == 1:
        return _file(parts[0])
    here = request.host_url.rstrip("/")
    built = snapshot().generation.manifest.built_at
    lines = (
        f"<sitemap><loc>{here}/sitemap/{number}.xml</loc><lastmod>{built}</lastmod></sitemap>"
        for number in range(1, len(parts) + 1)
    )
    return _send(lines, "sitemapindex")


@sitemap.get("/sitemap/<int:number>.xml")
def part(number: int) -> Response:
    """List a part of the pages."""
    parts = _parts()
    if not 1 <= number <= len(parts):
        raise NotFoundError(f"The sitemap has no part {number}.", hint=f"It has {len(parts)}.")
    return _file(parts[number - 1])


@sitemap.get("/robots.txt")
def robots() -> Response:
    """Say what crawlers may read: pages yes; queries and the same statements in other forms no."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in _CLOSED), "", f"Sitemap: {request.host_url}sitemap.xml"]
    return send("\n".join(lines) + "\n", _TEXT)


@sitemap.get("/favicon.ico")
def favicon() -> Response:
    """Lead browsers that ask at the old address to the icon."""
    response = redirect("/static/favicon.svg", 301)
    assert isinstance(response, Response)
    return response


def _file(paths: bytes) -> Response:
    here = escape(request.host_url.rstrip("/"))
    lines = (f"<url><loc>{here}{escape(path)}</loc></url>" for path in zlib.decompress(paths).decode().split("\n"))
    return _send(lines, "urlset")


def _send(lines: Iterator[str], root: str) -> Response:
    body = "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', f'<{root} xmlns="{_NAMESPACE}">', *lines, f"</{root}>"])
    return send(f"{body}\n", _XML, is_dated=True)


def _parts() -> Sequence[bytes]:
    """Return the paths of the pages, a file's share in each part, made once for a generation."""
    now = snapshot()
    kept: tuple[Snapshot, Sequence[bytes]] | None = current_app.extensions.get(_EXTENSION)
    if kept is None or kept[0] is not now:
        kept = (now, _collect(now))
        current_app.extensions[_EXTENSION] = kept
    return kept[1]


def _collect(now: Snapshot) -> Sequence[bytes]:
    settings = knowledge_graph().settings
    typed = islice(now.store.quads(None, _TYPE, None, DefaultGraph()), _SCANNED)
    subjects = {quad.subject.value for quad in typed if isinstance(quad.subject, NamedNode)}
    paths = [*_FIXED, *filter(None, (local_path(iri, settings) for iri in sorted(subjects)))]
    return [zlib.compress("\n".join(paths[start : start + MOST]).encode(), 6) for start in range(0, len(paths), MOST)]
