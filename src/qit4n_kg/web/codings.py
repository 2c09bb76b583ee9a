"""Content codings (RFC 9110, sections 8.4 and 12.5.3): of results, the one that the client wants; of request bodies, gzip.

A result has its length whatever its coding, so a large one is coded into an unlinked file before it is sent. A request's body is
decoded while it is read, so that whoever reads it sets the bound of what it may become.
"""

from __future__ import annotations

import gzip
import io
import os
import tempfile
import threading
import zlib
from typing import IO, TYPE_CHECKING

import zstandard

from qit4n_kg.errors import RequestError, TooLargeError, UnsupportedCodingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from _typeshed import WriteableBuffer

IDENTITY = "identity"
SMALLEST = 1024
"""Coding fewer bytes than this costs more than it saves."""

_OFFERS = ("zstd", "gzip")  # the better one first
CODINGS = (*_OFFERS, IDENTITY)
READ_CODING = "gzip"
"""What a request's body may be coded in."""

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


def decoded(body: IO[bytes], codings: str) -> IO[bytes]:
    """Return a request's body without its codings, as Content-Encoding lists them.

    :raises UnsupportedCodingError: it is not read in one of them, or has more than one.
    """
    names = [name for name in (part.strip().lower() for part in codings.split(",")) if name not in ("", IDENTITY)]
    if not names:
        return body
    if [name.removeprefix("x-") for name in names] != [READ_CODING]:
        raise UnsupportedCodingError(
            f"The body's Content-Encoding is {codings[:100]}.", hint=f"Send it in {READ_CODING}, once, or as it is."
        )
    return io.BufferedReader(_Gunzipped(body))


class _Gunzipped(io.RawIOBase):
    """The bytes behind a gzip stream (RFC 1952), unpacked as they are asked for."""

    def __init__(self, body: IO[bytes]) -> None:
        self._file = gzip.GzipFile(fileobj=body, mode="rb")

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Unpack as much as there is room for.

        :raises RequestError: it is no gzip stream, or not a whole one.
        """
        try:
            return self._file.readinto(buffer)
        except (gzip.BadGzipFile, EOFError, zlib.error) as exc:
            raise RequestError("The body is not gzip, or not whole, and its Content-Encoding says gzip.") from exc


class Bounded(io.RawIOBase):
    """The bytes of a body that may be so long and no longer; more is an error, never an end.

    :param is_exact: whether fewer are an error as well: whoever sent them has gone (RFC 9112, section 8).
    """

    def __init__(self, body: IO[bytes], most: int, *, is_exact: bool = False) -> None:
        self._body = body
        self._most = most
        self._left = most
        self._is_exact = is_exact

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read what there is room for.

        :raises TooLargeError: that is over the bound.
        :raises RequestError: the body ended too early.
        """
        room = memoryview(buffer).nbytes
        data = self._body.read(min(room, self._left) if self._is_exact else room)
        if self._is_exact and not data and self._left and room:
            raise RequestError(
                f"The body ended after {self._most - self._left} of {self._most} bytes; nothing was done."
            )
        self._left -= len(data)
        if self._left < 0:
            raise TooLargeError(f"The request's body is larger than {self._most} bytes.")
        memoryview(buffer)[: len(data)] = data
        return len(data)


def _compressor() -> zstandard.ZstdCompressor:
    """Return this thread's compressor: making one costs as much as coding a small result."""
    compressor: zstandard.ZstdCompressor | None = getattr(_local, "compressor", None)
    if compressor is None:
        compressor = _local.compressor = zstandard.ZstdCompressor(level=_ZSTD_LEVEL)
    return compressor
