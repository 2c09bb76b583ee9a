"""Content codings of results (RFC 9110, sections 8.4 and 12.5.3): which one the client wants, and bytes or files in it.

A result has its length whatever its coding, so a large one is coded into an unlinked file before it is sent.
"""

from __future__ import annotations

import gzip
import os
import tempfile
import threading
from typing import IO, TYPE_CHECKING

import zstandard

if TYPE_CHECKING:
    from collections.abc import Sequence

IDENTITY = "identity"
SMALLEST = 1024
"""Coding fewer bytes than this costs more than it saves."""

_OFFERS = ("zstd", "gzip")  # the better one first
CODINGS = (*_OFFERS, IDENTITY)
_GZIP_LEVEL = 4
_ZSTD_LEVEL = 3
_CHUNK = 256 * 1024
_local = threading.local()


def choose_coding(accept: str | None, offers: Sequence[str] = _OFFERS) -> str:
    """Choose among content codings, the best first, by an Accept-Encoding header; `identity` if none of them is wanted.

    >>> choose_coding("gzip, deflate, br, zstd"), choose_coding("gzip;q=1.0, *;q=0"), choose_coding(None)
    ('zstd', 'gzip', 'identity')
    """
    if not accept:
        return IDENTITY
    weights: dict[str, float] = {}
    for item in accept.lower().split(","):
        name, _, parameter = item.partition(";")
        key, _, value = parameter.partition("=")
        try:
            weights[name.strip()] = float(value) if key.strip() == "q" else 1.0
        except ValueError:
            weights[name.strip()] = 0.0
    others = weights.get("*", 0.0)
    weighted = [
        (weights.get("x-gzip" if name == "gzip" and "gzip" not in weights else name, others), name) for name in offers
    ]
    best, name = max(weighted, key=lambda pair: pair[0])
    return name if best > 0 and best >= weights.get(IDENTITY, 0.0) else IDENTITY


def encode(data: bytes, coding: str) -> bytes:
    """Return bytes in a coding; the same bytes give the same code, whenever it is done."""
    if coding == "gzip":
        return gzip.compress(data, _GZIP_LEVEL, mtime=0)
    if coding == "zstd":
        return _compressor().compress(data)
    return data


def encode_file(file: IO[bytes], coding: str, before: bytes = b"") -> tuple[IO[bytes], int]:
    """Return a new unlinked file with `before` and the rest of `file` in a coding, at its beginning, and its length."""
    target = tempfile.TemporaryFile()  # noqa: SIM115  (the caller closes it)
    try:
        writer: IO[bytes]
        if coding == "gzip":
            writer = gzip.GzipFile(fileobj=target, mode="wb", compresslevel=1, mtime=0)  # type: ignore[assignment]
        else:
            writer = zstandard.ZstdCompressor(level=1).stream_writer(target, closefd=False)
        with writer:
            writer.write(before)
            while chunk := file.read(_CHUNK):
                writer.write(chunk)
        length = target.seek(0, os.SEEK_END)
        target.seek(0)
    except BaseException:
        target.close()
        raise
    return target, length


def _compressor() -> zstandard.ZstdCompressor:
    """Return this thread's compressor: making one costs as much as coding a small result."""
    compressor: zstandard.ZstdCompressor | None = getattr(_local, "compressor", None)
    if compressor is None:
        compressor = _local.compressor = zstandard.ZstdCompressor(level=_ZSTD_LEVEL)
    return compressor
