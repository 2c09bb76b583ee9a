"""Fetches the parts of one change feed, bounded in bytes and time, with patience for a server that is away for a while.

Everything comes from the address that the person gave: a link in the feed is taken as what comes after `/feed/`, so a feed can't
send the mirror elsewhere, and one behind a proxy or another name is followed all the same. Redirects are not followed.
Specs: RFC 9110 sections 10.2.3 (Retry-After), 13.1.2 (If-None-Match).
"""

from __future__ import annotations

import contextlib
import email.utils
import http.client
import socket
import ssl
import threading
import time
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from qit4n_kg import __version__
from qit4n_kg.errors import ConfigurationError, FeedGoneError, MirrorError
from qit4n_kg.formats import RdfFormat

if TYPE_CHECKING:
    from collections.abc import Callable

_CHUNK = 1 << 16
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 60.0
_PASSING = (408, 425, 429, 500, 502, 503, 504)
_ROOT = "/feed"


@dataclass(frozen=True)
class Limits:
    """What one download may take, and how long a server may be away: seconds, bytes, seconds."""

    timeout: float = 60.0
    size: int = 256 << 20
    patience: float = 120.0


class _PassingError(Exception):
    """What may be over in a moment; `seconds` is how long the server asks to wait."""

    def __init__(self, reason: str, seconds: float | None = None) -> None:
        super().__init__(reason)
        self.seconds = seconds


class Source:
    """The feed of one server, by the server's address or that of its `/feed`."""

    def __init__(
        self, url: str, limits: Limits, say: Callable[[str], None], pause: Callable[[float], None] = time.sleep
    ) -> None:
        parts = urlsplit(url if "//" in url else f"http://{url}")
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or "@" in parts.netloc:
            raise ConfigurationError(f"{url!r} is no address of a server.", hint="It looks like https://example.org/.")
        self._parts = parts
        self._prefix = parts.path.rstrip("/").removesuffix(_ROOT)
        self.url = f"{parts.scheme}://{parts.netloc}{self._prefix}{_ROOT}"
        self._limits = limits
        self._say = say
        self._pause = pause
        self._root_tag: str | None = None

    def root(self, *, is_conditional: bool = False) -> bytes | None:
        """Fetch the root; None where it is what the last call gave and `is_conditional`.

        :raises MirrorError: it can't be had.
        """
        tag = self._root_tag if is_conditional else None
        content, tag = self._patiently(f"{self._prefix}{_ROOT}", tag)
        self._root_tag = tag
        return content

    def part(self, iri: str) -> bytes:
        """Fetch a page or a list that the feed links to.

        :raises FeedGoneError: the feed began anew meanwhile.
        :raises MirrorError: it can't be had.
        """
        _, found, rest = iri.partition(f"{_ROOT}/")
        if not found or not rest or any(not (c.isalnum() or c in "-_./") for c in rest) or ".." in rest:
            raise MirrorError(f"The feed links to <{iri[:300]}>, which is no part of it.")
        content, _ = self._patiently(f"{self._prefix}{_ROOT}/{rest}", None)
        assert content is not None
        return content

    def _patiently(self, path: str, tag: str | None) -> tuple[bytes | None, str | None]:
        """Fetch, again and again while what is wrong may pass: ever more seldom, or when the server says."""
        deadline = time.monotonic() + self._limits.patience
        wait = _FIRST_PAUSE
        while True:
            try:
                return self._fetch(path, tag)
            except _PassingError as exc:
                seconds = min(exc.seconds if exc.seconds is not None else wait, _LONGEST_PAUSE)
                left = deadline - time.monotonic()
                if left <= 0 or (exc.seconds is not None and seconds > left):
                    raise MirrorError(
                        f"<{self.url}> does not answer as it should: {exc}.", hint="Start again later: nothing is lost."
                    ) from exc
                seconds = min(seconds, left)  # the last time is at the end of the patience
                self._say(f"{exc}; again in {seconds:.1f} s")
                self._pause(seconds)
                wait = min(wait * 2, _LONGEST_PAUSE)

    def _fetch(self, path: str, tag: str | None) -> tuple[bytes | None, str | None]:
        deadline = time.monotonic() + self._limits.timeout
        connection = self._connection()
        watch = None
        try:
            connection.connect()
            # Its timeout covers one read only, and a server may send a byte at a time: at the deadline the line is cut.
            watch = threading.Timer(max(0.0, deadline - time.monotonic()), _hang_up, [connection.sock])
            watch.daemon = True
            watch.start()
            headers = {
                "Accept": RdfFormat.N_QUADS.value.media_type,
                "Accept-Encoding": "gzip",
                "User-Agent": f"qit4n-kg/{__version__} (mirror)",
                **({"If-None-Match": tag} if tag else {}),
            }
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            found = self._read(response, path, tag)
            if time.monotonic() >= deadline:  # where the answer tells no length, its end may be where the line was cut
                raise TimeoutError
            return found
        except (OSError, http.client.HTTPException, zlib.error) as exc:
            is_late = time.monotonic() >= deadline
            reason = f"no whole answer in {self._limits.timeout:g} s" if is_late else str(exc) or type(exc).__name__
            raise _PassingError(reason) from exc
        finally:
            if watch is not None:
                watch.cancel()
            connection.close()

    def _read(self, response: http.client.HTTPResponse, path: str, tag: str | None) -> tuple[bytes | None, str | None]:
        if response.status == http.client.NOT_MODIFIED and tag:
            return None, tag
        if response.status in _PASSING:
            raise _PassingError(f"it answered {response.status}", _retry_after(response.headers.get("Retry-After")))
        if response.status == http.client.GONE:
            raise FeedGoneError("The feed began anew.")
        if response.status != http.client.OK:
            raise MirrorError(
                f"<{self._parts.scheme}://{self._parts.netloc}{path}> answered {response.status}.",
                hint="Is it a server of qit4n-kg that has a feed?" if path.endswith(_ROOT) else None,
            )
        if response.headers.get_content_type() != RdfFormat.N_QUADS.value.media_type:
            raise MirrorError(
                f"<{self.url}> is not a change feed: it answers with {response.headers.get_content_type()}."
            )
        return self._body(response), response.headers.get("ETag")

    def _body(self, response: http.client.HTTPResponse) -> bytes:
        is_packed = response.headers.get("Content-Encoding") == "gzip"
        unpacker = zlib.decompressobj(wbits=31) if is_packed else None
        parts: list[bytes] = []
        size = 0
        while chunk := response.read(_CHUNK):
            while chunk:
                part = unpacker.decompress(chunk, _CHUNK * 16) if unpacker else chunk
                chunk = unpacker.unconsumed_tail if unpacker else b""
                size += len(part)
                if size > self._limits.size:
                    raise MirrorError(
                        f"A page of <{self.url}> is larger than {self._limits.size} bytes.", hint="Raise --page-bytes."
                    )
                parts.append(part)
        if response.length or (unpacker and not unpacker.eof):
            raise http.client.IncompleteRead(b"", response.length or None)
        return b"".join(parts)

    def _connection(self) -> http.client.HTTPConnection:
        host, port, timeout = self._parts.hostname or "", self._parts.port, self._limits.timeout
        if self._parts.scheme == "https":
            return http.client.HTTPSConnection(host, port, timeout=timeout, context=ssl.create_default_context())
        return http.client.HTTPConnection(host, port, timeout=timeout)


def _retry_after(text: str | None) -> float | None:
    """Read how long to wait: seconds, or until a date.

    >>> _retry_after("7"), _retry_after("soon"), _retry_after("Thu, 01 Jan 1970 00:00:00 GMT")
    (7.0, None, 0.0)
    """
    if not text:
        return None
    if text.strip().isascii() and text.strip().isdigit():
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return None


def _hang_up(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
