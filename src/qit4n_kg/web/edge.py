"""The layer before Flask: results that are known already are answered here, without Flask and without a query.

`Edge` is WSGI (PEP 3333). It reads the pointer for every request for a result, or for what is known of one thing, so that nothing
of an older generation is served, and forgets everything when the generation changed. What a view declares cacheable (`declare`)
is kept whole as it was sent, headers included, in a `ResultCache` bounded in bytes. Two kinds of key lead to an answer: the
request as it came (path, parameters, the two Accept headers; of a page also language, cookies and host), and the digest that is
the answer's ETag, which spacing and comments of a query do not change. A digest takes in everything that makes an answer: see
web/results.py.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qit4n_kg.errors import KnowledgeGraphError
from qit4n_kg.store.executor_jobs import is_query_id, new_query_id
from qit4n_kg.web.context import SNAPSHOT_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from qit4n_kg.graph import KnowledgeGraph

    Environ = dict[str, Any]
    Headers = list[tuple[str, str]]
    StartResponse = Callable[..., Any]
    Application = Callable[[Environ, StartResponse], Iterable[bytes]]
    RequestKey = tuple[str, ...]

_DECLARED = "qit4n_kg.cacheable"
_PATHS = ("/sparql", "/queries/")
_PAGES = ("/doc/", "/data/", "/links/", "/cite/", "/linkset/")
"""Their answers depend on the reader's language and on the server's address as well."""
_OVERHEAD = 600  # bytes that an entry takes beyond its text, about
_SHARE = 16  # one answer takes at most this part of the cache
_OF_ONE_RUN = frozenset(("query-id", "date"))
_OF_304 = frozenset(
    ("etag", "vary", "cache-control", "content-location", "link", "x-generation", "last-modified", "content-language")
)


@dataclass(frozen=True)
class Answer:
    """A whole answer with status 200 as it was sent; `brief` is the headers of a 304."""

    etag: str
    headers: Headers
    brief: Headers
    body: bytes

    @property
    def size(self) -> int:
        """About how many bytes of memory it takes."""
        return len(self.body) + 2 * sum(len(name) + len(value) for name, value in self.headers) + _OVERHEAD


@dataclass(frozen=True)
class Counters:
    """What the cache did since its worker started, and what it holds: `bytes` of `limit`."""

    hits: int
    misses: int
    stored: int
    evicted: int
    entries: int
    bytes: int
    limit: int


class ResultCache:
    """The least recently used answers of one generation go first; thread-safe. `limit` is in bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._entries: OrderedDict[RequestKey | str, Answer | str] = OrderedDict()
        self._size = 0
        self._generation: int | None = None
        self._hits = self._misses = self._stored = self._evicted = 0

    @property
    def largest(self) -> int:
        """The largest body that is kept, in bytes."""
        return self._limit // _SHARE

    def use(self, generation: int) -> None:
        """Forget everything if another generation is current now."""
        if generation != self._generation:
            with self._lock:
                self._entries.clear()
                self._size = 0
                self._generation = generation

    def find(self, key: RequestKey) -> Answer | None:
        """Return the answer to a request as it came."""
        with self._lock:
            etag = self._entries.get(key)
            answer = self._entries.get(etag) if isinstance(etag, str) else None
            if not isinstance(answer, Answer):
                return None
            self._entries.move_to_end(key)
            self._entries.move_to_end(answer.etag)
            self._hits += 1
            return answer

    def get(self, etag: str) -> Answer | None:
        """Return the answer with an ETag; without one the query has to be run, which counts as a miss."""
        with self._lock:
            answer = self._entries.get(etag)
            if not isinstance(answer, Answer):
                self._misses += 1
                return None
            self._entries.move_to_end(etag)
            self._hits += 1
            return answer

    def put(self, generation: int, key: RequestKey | None, answer: Answer) -> None:
        """Keep an answer under its ETag, and under the request that it answers; not if the generation changed meanwhile."""
        if len(answer.body) > self.largest:
            return
        with self._lock:
            if generation != self._generation:
                return
            if answer.etag not in self._entries:
                self._entries[answer.etag] = answer
                self._size += answer.size
                self._stored += 1
            if key is not None and key not in self._entries:
                self._entries[key] = answer.etag
                self._size += _size_of(key)
            while self._size > self._limit:
                self._evict()

    def counters(self) -> Counters:
        """Return the counters as they are now."""
        with self._lock:
            return Counters(
                self._hits, self._misses, self._stored, self._evicted, len(self._entries), self._size, self._limit
            )

    def _evict(self) -> None:
        key, entry = self._entries.popitem(last=False)
        self._size -= entry.size if isinstance(entry, Answer) else _size_of(key)
        self._evicted += isinstance(entry, Answer)


def _size_of(key: RequestKey | str) -> int:
    return sum(len(part) for part in key) + _OVERHEAD


def declare(environ: Environ, etag: str) -> None:
    """Tell the layer before Flask, from a view, that what answers this request may be kept under an ETag."""
    environ[_DECLARED] = etag


class Edge:
    """The layer itself, around an application; requests that are not for results pass through."""

    def __init__(self, inner: Application, graph: KnowledgeGraph, cache: ResultCache) -> None:
        self._inner = inner
        self._graph = graph
        self._cache = cache

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        if not environ["PATH_INFO"].startswith((*_PATHS, *_PAGES)):
            return self._inner(environ, start_response)
        try:
            snapshot = self._graph.current()
        except KnowledgeGraphError:
            return self._inner(environ, start_response)  # which says what is wrong
        environ[SNAPSHOT_KEY] = snapshot
        number = snapshot.generation.number
        self._cache.use(number)
        key = _request_key(environ)
        own = environ.get("HTTP_QUERY_ID")
        is_usable = own is None or is_query_id(own)  # else the application says what is wrong with it
        answer = self._cache.find(key) if key is not None and is_usable else None
        if answer is not None:
            return _send(answer, own or new_query_id(), environ, start_response)
        return self._ask(environ, start_response, key, number)

    def _ask(
        self, environ: Environ, start_response: StartResponse, key: RequestKey | None, number: int
    ) -> Iterable[bytes]:
        """Let the application answer, and keep what it declares cacheable."""
        sent: list[tuple[str, Headers]] = []

        def start(status: str, headers: Headers, exc_info: Any = None) -> Any:
            sent[:] = [(status, headers)]
            return start_response(status, headers, exc_info)

        body = self._inner(environ, start)
        etag = environ.get(_DECLARED)
        is_whole = environ["REQUEST_METHOD"] != "HEAD" and isinstance(body, list)
        if etag is not None and is_whole and sent and sent[0][0].startswith("200"):
            headers = [(name, value) for name, value in sent[0][1] if name.lower() not in _OF_ONE_RUN]
            if any(name == "Set-Cookie" for name, _ in headers):
                return body  # it answers one browser's choice
            brief = [(name, value) for name, value in headers if name.lower() in _OF_304 or name.startswith("Access-")]
            self._cache.put(number, key, Answer(etag, headers, brief, b"".join(body)))
        return body


def _request_key(environ: Environ) -> RequestKey | None:
    """Return all of a request that decides its answer; None for one that carries a body."""
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
        return None
    names = ["QUERY_STRING", "HTTP_ACCEPT", "HTTP_ACCEPT_ENCODING"]
    if environ["PATH_INFO"].startswith(_PAGES):
        names += ["HTTP_ACCEPT_LANGUAGE", "HTTP_COOKIE", "HTTP_HOST", "wsgi.url_scheme"]
    return (environ["PATH_INFO"], *(environ.get(name, "") for name in names))


def matches(etag: str, if_none_match: str | None) -> bool:
    """Tell whether a client has the answer with this ETag already (RFC 9110, section 13.1.2: a weak comparison).

    >>> matches("ab", 'W/"ab", "cd"'), matches("ab", '"abc"'), matches("ab", None)
    (True, False, False)
    >>> matches("ab", "*")
    True
    """
    if not if_none_match:
        return False
    if if_none_match.strip() == "*":
        return True
    return any(part.strip().removeprefix("W/") == f'"{etag}"' for part in if_none_match.split(","))


def _is_as_of(answer: Answer, environ: Environ) -> bool:
    """Tell whether a client that knows no ETag has the answer by its date (RFC 9110, section 13.1.3)."""
    since = environ.get("HTTP_IF_MODIFIED_SINCE")
    return bool(since) and "HTTP_IF_NONE_MATCH" not in environ and ("Last-Modified", since) in answer.headers


def _send(answer: Answer, query_id: str, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    if matches(answer.etag, environ.get("HTTP_IF_NONE_MATCH")) or _is_as_of(answer, environ):
        start_response("304 NOT MODIFIED", [*answer.brief, ("Query-Id", query_id)])
        return []
    start_response("200 OK", [*answer.headers, ("Query-Id", query_id)])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]
