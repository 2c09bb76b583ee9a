"""How results of queries leave: validator, cache, query process, content coding, and a bounded number of large ones at a time.

An answer's ETag is a digest of everything that makes it: the dataset, the query without comments and spacing, the terms
bound to it, the protocol's dataset, format and content coding. So a 304 needs no query. What uses NOW, RAND, UUID,
STRUUID, BNODE or SERVICE has none and is never kept.
"""

from __future__ import annotations

import hashlib
import os
import threading
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv6Address, IPv6Network
from typing import IO, TYPE_CHECKING, cast

from flask import Response, current_app, g, request

import qit4n_kg
from qit4n_kg.errors import ParameterError, QueueFullError
from qit4n_kg.formats import CSV_EXCEL, Format, RdfFormat, ResultFormat
from qit4n_kg.sparql import inspect_query, normalise
from qit4n_kg.store.executor_jobs import Job, is_query_id, new_query_id
from qit4n_kg.web.codings import IDENTITY, SMALLEST, choose_coding, encode, encode_file
from qit4n_kg.web.context import knowledge_graph, snapshot
from qit4n_kg.web.edge import ResultCache, declare, matches
from qit4n_kg.web.privileges import is_admin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from qit4n_kg.graph import Snapshot
    from qit4n_kg.store.base import Term
    from qit4n_kg.store.executor_jobs import Spooled
    from qit4n_kg.store.generations import Generation
    from qit4n_kg.web.protocol import ProtocolRequest

EXTENSION = "results"
_WRITERS: dict[str, ResultFormat | RdfFormat] = {form.value.name: form for form in (*ResultFormat, *RdfFormat)}
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_CHUNK = 64 * 1024
_PINNED = "public, max-age=86400"
_CURRENT = "no-cache"  # it may be kept, but whoever keeps it asks each time whether it is current


@dataclass(frozen=True)
class Question:
    """A query with the terms bound to it, and what of the request matters to its answer."""

    text: str
    asked: ProtocolRequest
    bindings: Mapping[str, Term]
    links: tuple[str, ...] = ()

    def job(self, form: Format) -> Job:
        """Return what a query process is given."""
        return Job(
            self.text,
            writer_of(form),
            bindings=self.bindings,
            default_graphs=self.asked.default_graphs,
            named_graphs=self.asked.named_graphs,
            timeout=self.asked.timeout,
            may_lengthen=self.asked.timeout is not None and is_admin(),
            base_iri=knowledge_graph().settings.base_iri,  # not the request's address, on which a cached result can't depend
            client=client_of(request.remote_addr or ""),
            id=query_id(),
        )

    def etag(self, generation: Generation, form: Format, coding: str, *, varies: bool) -> str | None:
        """Return the digest of everything that makes the answer, headers included; None when not all is known beforehand."""
        if not inspect_query(self.text).is_cacheable:
            return None
        manifest = generation.manifest
        parts = (
            (qit4n_kg.__version__, manifest.number, manifest.dataset, manifest.built_at),
            normalise(self.text),
            sorted((name, str(term)) for name, term in self.bindings.items()),
            (self.asked.default_graphs, self.asked.named_graphs),
            (form.name, coding, varies, self.asked.at is None, self.links),
        )
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


class Downloads:
    """Counts the large results that are being sent: each holds a thread, and its bytes on the disk, as long as its client reads.

    At most `limit` of them, and more than one of them only up to `most_bytes` together; thread-safe.
    """

    def __init__(self, limit: int, most_bytes: int) -> None:
        self.limit = limit
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._sizes: list[int] = []

    @property
    def running(self) -> int:
        """How many are being sent."""
        return len(self._sizes)

    def begin(self, file: IO[bytes], before: bytes = b"") -> Download:
        """Begin to send a file, after some bytes of its beginning.

        :raises QueueFullError: too many are being sent, or too much; the file is closed.
        """
        size = os.fstat(file.fileno()).st_size
        with self._lock:
            is_room = not self._sizes or sum(self._sizes) + size <= self._most_bytes
            if len(self._sizes) < self.limit and is_room:
                self._sizes.append(size)
                return Download(file, before, partial(self._end, size))
            running = len(self._sizes)
        file.close()
        raise QueueFullError(
            f"{running} large results are being sent already.",
            hint="Try again later, or ask for less.",
            limit={"name": "downloads", "value": self.limit, "unit": "results"},
        )

    def _end(self, size: int) -> None:
        with self._lock:
            self._sizes.remove(size)


class Download:
    """A file on its way; the server closes it at its end and when the client goes away."""

    def __init__(self, file: IO[bytes], before: bytes, on_end: Callable[[], None]) -> None:
        self._file = file
        self._before = before
        self._on_end = on_end

    def __iter__(self) -> Iterator[bytes]:
        if self._before:
            yield self._before
        while chunk := self._file.read(_CHUNK):
            yield chunk
        self.close()

    def close(self) -> None:
        """Let go of the file and of the place among those that are sent."""
        if not self._file.closed:
            self._file.close()
            self._on_end()


@dataclass(frozen=True)
class Results:
    """What an application keeps to send results."""

    cache: ResultCache
    downloads: Downloads


def results() -> Results:
    """Return what this application keeps to send results."""
    return cast("Results", current_app.extensions[EXTENSION])


def writer_of(form: Format) -> ResultFormat | RdfFormat:
    """Return the enum member that writes a format."""
    if form is CSV_EXCEL:
        return ResultFormat.CSV
    return _WRITERS[form.name]


def client_of(address: str) -> str:
    """Return whose turn a query counts as: an address, or the 64 bits of IPv6 within which anybody has as many as he likes.

    >>> client_of("192.0.2.7"), client_of("2001:db8:1:2:3::4"), client_of("::ffff:192.0.2.7")
    ('192.0.2.7', '2001:db8:1:2::/64', '192.0.2.7')
    """
    if ":" not in address:
        return address
    try:
        whole = IPv6Address(address)
    except ValueError:
        return address
    return str(whole.ipv4_mapped or IPv6Network((whole, 64), strict=False))


def query_id() -> str:
    """Return the id of this request's query: the client's own, from the header Query-Id, else a new one.

    :raises ParameterError: the client's own is no usable id.
    """
    known = g.get("query_id")
    if known is None:
        own = request.headers.get("Query-Id")
        if own is not None and not is_query_id(own):
            raise ParameterError(
                "The header Query-Id is no id: 8 to 64 letters, digits, dots, hyphens and underscores."
            )
        known = g.query_id = own or new_query_id()
    return cast("str", known)


def generation_for(asked: ProtocolRequest) -> Generation:
    """Return the generation that answers: the one that the request pins, else the current one.

    :raises GenerationGoneError: the pinned one is not kept any more.
    :raises NotFoundError: there has been none of this number yet.
    """
    current: Snapshot = snapshot()
    if asked.at is None or asked.at == current.generation.number:
        return current.generation
    return knowledge_graph().kept(asked.at)


def answer(question: Question, form: Format, *, varies: bool = True) -> Response:
    """Answer a query in a format: from the client's own copy, from the cache, or from a query process.

    :param varies: whether the format was chosen by Accept.
    """
    query_id()  # an answer from the cache has one too
    generation = generation_for(question.asked)
    coding = choose_coding(request.headers.get("Accept-Encoding"))
    etag = question.etag(generation, form, coding, varies=varies)
    if etag is not None:
        if request.method != "POST" and matches(etag, request.headers.get("If-None-Match")):
            return _finish(Response(status=304), question, generation, etag, varies=varies)
        if (known := results().cache.get(etag)) is not None:
            declare(request.environ, etag)
            body = [] if request.method == "HEAD" else [known.body]
            return Response(body, headers=known.headers, direct_passthrough=True)
    spooled = knowledge_graph().run(question.job(form), generation)
    response = _send(spooled, form, coding, is_kept=etag is not None)
    if etag is not None:
        declare(request.environ, etag)
    return _finish(response, question, generation, etag, varies=varies)


def _finish(
    response: Response, question: Question, generation: Generation, etag: str | None, *, varies: bool
) -> Response:
    """Add the headers that an answer has with and without a body."""
    headers = response.headers  # of a new response: what is added here is not there yet
    if etag is not None:
        headers.add("ETag", f'"{etag}"')
    headers.add("Vary", "Accept, Accept-Encoding" if varies else "Accept-Encoding")
    headers.add("X-Generation", str(generation.number))
    headers.add("Cache-Control", _CURRENT if question.asked.at is None or etag is None else _PINNED)
    for link in question.links:
        headers.add("Link", link)
    return response


def _send(spooled: Spooled, form: Format, coding: str, *, is_kept: bool) -> Response:
    """Make the response of a whole result, in a content coding, with its length."""
    before = _BYTE_ORDER_MARK if form is CSV_EXCEL else b""
    is_coded = coding != IDENTITY and spooled.length >= SMALLEST
    body: Sequence[bytes] | Download
    if spooled.file is None or (is_kept and spooled.length <= results().cache.largest):
        with spooled:
            data = before + spooled.read() if before or spooled.file else spooled.data
        data = encode(data, coding) if is_coded else data
        length, body = len(data), [data]
    elif is_coded:
        with spooled:
            file, length = encode_file(spooled.file, coding, before)
        body = results().downloads.begin(file)
    else:
        length = spooled.length + len(before)
        body = results().downloads.begin(spooled.file, before)
    if request.method == "HEAD":
        if isinstance(body, Download):
            body.close()
        body = []
    # Passed through as they are: a list of bytes is the server's fast path, and a Download is closed by the server.
    headers = [("Content-Type", form.content_type), ("Content-Length", str(length))]
    if is_coded:
        headers.append(("Content-Encoding", coding))
    return Response(body, headers=headers, direct_passthrough=True)
