"""Static files: our own (`static/`) and the bundles that frontend/build.py makes (`static/vendor/`); a page asks here what to load.

A name that carries its content's hash, or an address with `?v=` and the hash, may be kept for ever (RFC 8246); any other is asked
for again each time, by ETag. A file is coded once and kept so in memory; bundles have their Brotli form beside them. Where the
bundles are not built, `bundle` gives a page nothing to load, and the page works without.
"""

from __future__ import annotations

import hashlib
import json
import mimetypes
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import zstandard
from flask import Response, request
from markupsafe import Markup
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

from qit4n_kg.web.codings import IDENTITY, SMALLEST, choose_coding, encode

if TYPE_CHECKING:
    from flask import Flask

VENDOR = "vendor"
_FOR_EVER = "public, max-age=31536000, immutable"
_HASHED = re.compile(r"vendor/[\w-]+-[A-Z0-9]{8}\.(?:js|css)")
_TEXT = re.compile(r"text/|.*[/+](?:javascript|json|xml)$")
_ZSTD_LEVEL = 19
_TAGS = {
    ".js": Markup('<script type="module" src="{}"></script>'),
    ".css": Markup('<link rel="stylesheet" href="{}">'),
}
_EARLY = Markup('<link rel="modulepreload" href="{}">')


@dataclass
class _File:
    """One file as it was when it was read."""

    name: str
    content: bytes
    stamp: tuple[int, int]
    brotli: bytes | None = None
    _coded: dict[str, bytes] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()[:16]

    @cached_property
    def media_type(self) -> str:
        guessed = mimetypes.guess_type(self.name)[0] or "application/octet-stream"
        return f"{guessed}; charset=utf-8" if _TEXT.match(guessed) else guessed

    def coded(self, coding: str) -> bytes:
        """Return the content in a coding; made once."""
        if coding == "br" and self.brotli is not None:
            return self.brotli
        if coding not in self._coded:
            best = zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress if coding == "zstd" else None
            self._coded[coding] = best(self.content) if best else encode(self.content, coding)
        return self._coded[coding]


class Assets:
    """The files under one folder, read when they are first asked for and again once they changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, _File] = {}
        self._manifest: tuple[tuple[int, int], dict[str, dict[str, object]]] | None = None

    def find(self, name: str) -> _File | None:
        """Return a file, None where there is none of the name."""
        joined = safe_join(str(self._folder), name)
        if joined is None:
            return None
        path = Path(joined)
        try:
            stamp = _stamp(path)
            known = self._files.get(name)
            if known is None or known.stamp != stamp:
                brotli = Path(f"{joined}.br")
                kept = brotli.read_bytes() if brotli.is_file() else None
                known = self._files[name] = _File(name, path.read_bytes(), stamp, kept)
        except OSError:
            return None
        return known

    def path(self, name: str) -> str:
        """Return the address of a file, with the hash that lets a browser keep it."""
        file = self.find(name)
        return f"/static/{name}?v={file.digest}" if file else f"/static/{name}"

    def tags(self, name: str) -> Markup:
        """Return the elements that load a bundle (`editor` is editor.js and editor.css), none where it is not built."""
        found = [(suffix, entry) for suffix in _TAGS if (entry := self._entries().get(f"{name}{suffix}"))]
        tags = [_TAGS[suffix].format(f"/static/{VENDOR}/{entry['file']}") for suffix, entry in found]
        early = [each for _, entry in found for each in entry.get("early", ())]  # type: ignore[attr-defined]
        return Markup("\n  ").join([*(_EARLY.format(f"/static/{VENDOR}/{each}") for each in early), *tags])

    def _entries(self) -> dict[str, dict[str, object]]:
        path = self._folder / VENDOR / "manifest.json"
        try:
            stamp = _stamp(path)
            if self._manifest is None or self._manifest[0] != stamp:
                self._manifest = stamp, json.loads(path.read_bytes())["files"]
        except (OSError, ValueError, KeyError):
            return {}
        return self._manifest[1]


def _stamp(path: Path) -> tuple[int, int]:
    """Return what changes when a file does; a folder is no file.

    :raises OSError: there is no such file.
    """
    status = path.stat()
    if not path.is_file():
        raise IsADirectoryError(path)
    return status.st_mtime_ns, status.st_size


def register(app: Flask) -> None:
    """Serve the static files of an application, and let its templates ask for their addresses."""
    assets = Assets(Path(app.root_path) / "static")

    def send_static(filename: str) -> Response:
        return _send(assets, filename)

    app.add_url_rule("/static/<path:filename>", endpoint="static", view_func=send_static)
    app.jinja_env.globals["asset"] = assets.path
    app.jinja_env.globals["bundle"] = assets.tags


def _send(assets: Assets, name: str) -> Response:
    """Answer with a file.

    :raises NotFound: there is none.
    """
    file = assets.find(name)
    if file is None:
        raise NotFound
    offers = ("br", "zstd", "gzip") if file.brotli is not None else ("zstd", "gzip")
    is_coded = len(file.content) >= SMALLEST and bool(_TEXT.match(file.media_type.partition(";")[0]))
    coding = choose_coding(request.headers.get("Accept-Encoding"), offers) if is_coded else IDENTITY
    response = Response(file.coded(coding), content_type=file.media_type)
    response.vary.add("Accept-Encoding")
    if coding != IDENTITY:
        response.headers["Content-Encoding"] = coding
    may_stay = request.args.get("v") == file.digest or _HASHED.fullmatch(name) is not None
    response.headers["Cache-Control"] = _FOR_EVER if may_stay else "no-cache"
    response.set_etag(f"{file.digest}-{coding}")
    response.make_conditional(request)
    return response
