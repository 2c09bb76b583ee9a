"""SERVICE: its pattern is asked of the other endpoint beforehand, through our own fetcher; the answer takes its place in the query.

Query processes have no network, so `SERVICE <iri> { … }` becomes `{ VALUES … }` with the solutions that the endpoint gives for the
pattern alone. That is what SERVICE means (SPARQL 1.1 Federated Query section 3: the pattern's solutions are joined); only, nothing
known here is sent along, so a pattern without a selective part asks for everything. Allowed are the addresses that
`QIT4N_ALLOW_REMOTE` lists, never one from a variable, nor a SERVICE within another. A `LocalService` is asked without network.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlencode

import pyoxigraph
from pyoxigraph import BlankNode, QueryResultsFormat, QuerySolutions

from qit4n_kg.errors import QueueFullError, RemoteEndpointError, RemoteRefusedError, RequestError
from qit4n_kg.federation.fetching import SETTING, Policy, fetch
from qit4n_kg.formats import ResultFormat
from qit4n_kg.store.dataset_clause import read_prologue, tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from qit4n_kg.config import Settings
    from qit4n_kg.store.base import Term
    from qit4n_kg.store.dataset_clause import Token

_log = logging.getLogger(__name__)
_MOST_SERVICES = 8
_LONGEST_READ = 1024 * 1024  # reading the tokens of so much text takes half a second
_AT_A_TIME = 4
_FORM = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "qit4n-kg"}


class LocalService(Protocol):
    """A service that is answered in this process, whatever its address."""

    def answer(self, pattern: str, declared: str) -> str:
        """Return the solutions of a pattern as a group, braces included; `declared` is the query's prologue.

        :raises RequestError: it does not understand the pattern.
        """
        ...


@dataclass(frozen=True)
class Service:
    """One SERVICE of a query: from `start` to `end` in its text, its address, its pattern with braces, and whether it is SILENT."""

    start: int
    end: int
    address: str
    pattern: str
    is_silent: bool


class Federation:
    """Answers the SERVICE parts of queries, a few queries at a time; thread-safe."""

    def __init__(self, settings: Settings) -> None:
        self._policy = Policy.of(settings)
        self._free = threading.BoundedSemaphore(_AT_A_TIME)

    def answer(self, text: str, local: Mapping[str, LocalService] | None = None) -> str:
        """Return a query with the answers of other endpoints instead of its SERVICE parts.

        :param local: what is answered here, by its address.
        :raises RemoteRefusedError: an address is not allowed, or no address that can be known beforehand.
        :raises RemoteEndpointError: an endpoint does not answer, and the SERVICE is not SILENT.
        :raises QueueFullError: too many queries ask other endpoints already.
        """
        local = local or {}
        services = find_services(text)
        remote = [service for service in services if service.address not in local]
        for service in remote:
            self._policy.check(service.address, "SERVICE")
        if not remote:
            return _replaced(text, services, lambda service, declared: _ask_here(service, declared, local))
        if not self._free.acquire(blocking=False):
            raise QueueFullError(f"{_AT_A_TIME} queries ask other endpoints already.", hint="Try again in a moment.")
        try:
            return _replaced(
                text,
                services,
                lambda service, declared: (
                    _ask_here(service, declared, local) if service.address in local else self._ask(service, declared)
                ),
            )
        finally:
            self._free.release()

    def _ask(self, service: Service, declared: str) -> str:
        query = f"{declared}\nSELECT * WHERE {service.pattern}"
        headers = {**_FORM, "Accept": ResultFormat.JSON.value.media_type}
        try:
            fetched = fetch(
                service.address,
                self._policy,
                purpose="SERVICE",
                headers=headers,
                body=urlencode({"query": query}).encode(),
            )
            return _values(fetched.content, service.address)
        except RemoteEndpointError as exc:
            if not service.is_silent:
                raise
            _log.info("A silent SERVICE failed: %s", exc)
            return "{ }"


def _ask_here(service: Service, declared: str, local: Mapping[str, LocalService]) -> str:
    try:
        return local[service.address].answer(service.pattern, declared)
    except RequestError:
        if not service.is_silent:
            raise
        return "{ }"


def _replaced(text: str, services: Sequence[Service], ask: Callable[[Service, str], str]) -> str:
    """Put answers where the SERVICE parts stand."""
    declared = text[: _prologue_end(text)]
    pieces, position = [], 0
    for service in services:
        # As many lines as before, so that the places of syntax errors stay what they are.
        lines = "\n" * text.count("\n", service.start, service.end)
        pieces += [text[position : service.start], ask(service, declared), lines]
        position = service.end
    return "".join([*pieces, text[position:]])


def find_services(text: str) -> list[Service]:
    """Find the SERVICE parts of a query.

    :raises RemoteRefusedError: one has a variable for an address, stands within another, or can't be told apart.

    >>> [found] = find_services("PREFIX e: <http://e.example/> ASK { SERVICE SILENT e:sparql { ?s ?p '}' } }")
    >>> found.address, found.pattern, found.is_silent
    ('http://e.example/sparql', "{ ?s ?p '}' }", True)
    """
    if len(text) > _LONGEST_READ:
        raise _refused("The query is too long to find out which.")
    stream = list(tokens(text))
    prologue = read_prologue(text, None, None)
    found: list[Service] = []
    for position, token in enumerate(stream):
        prefix, colon, _ = token.text.partition(":")
        if token.kind not in ("word", "name") or "SERVICE" not in prefix.upper():
            continue
        if colon and prefix in prologue.prefixes:
            continue
        if not token.is_word("SERVICE"):
            raise _refused("This server can't tell its address.")
        if found and token.start < found[-1].end:
            raise _refused("It stands within another one.")
        rest = stream[position + 1 :]
        is_silent = bool(rest) and rest[0].is_word("SILENT")
        rest = rest[is_silent:]
        if not rest or rest[0].kind not in ("iri", "name"):
            raise _refused("Its address comes from a variable.")
        end = _group_end(rest[1:])
        if end is None:
            raise _refused("It has no pattern in braces.")
        address = prologue.resolve(rest[0])
        found.append(Service(token.start, end, address, text[rest[1].start : end], is_silent))
    if not found or len(found) > _MOST_SERVICES:
        raise _refused(f"A query may have up to {_MOST_SERVICES}.")
    return found


def _refused(reason: str) -> RemoteRefusedError:
    return RemoteRefusedError(
        f"The query has a SERVICE that is refused. {reason}",
        hint=f"Name the endpoint by its IRI; the setting {SETTING} lists the addresses that may be asked.",
    )


def _group_end(stream: Sequence[Token]) -> int | None:
    """Return the offset after the group that the tokens begin with."""
    depth = 0
    for token in stream:
        if token.kind == "symbol" and token.text in ("{", "}"):
            depth += 1 if token.text == "{" else -1
        if depth == 0:
            return token.end if token.text == "}" else None
    return None


def _prologue_end(text: str) -> int:
    rest = read_prologue(text, None, None).rest
    return rest[0].start if rest else len(text)


def _values(content: bytes, address: str) -> str:
    """Write an endpoint's answer as a VALUES block."""
    try:
        answer = pyoxigraph.parse_query_results(content, format=QueryResultsFormat.JSON)
        assert isinstance(answer, QuerySolutions)
        names = " ".join(f"?{variable.value}" for variable in answer.variables)
        rows = " ".join(f"({' '.join(_written(row, address))})" for row in answer)
    except (SyntaxError, ValueError, AssertionError) as exc:
        raise RemoteEndpointError(f"SERVICE <{address}> failed: its answer is no table in JSON.") from exc
    return f"{{ VALUES ({names}) {{ {rows} }} }}"


def _written(row: pyoxigraph.QuerySolution, address: str) -> Iterator[str]:
    term: Term | None
    for term in row:
        if isinstance(term, BlankNode):
            raise RemoteEndpointError(
                f"SERVICE <{address}> failed: its answer has blank nodes, which mean nothing here.",
                hint="Leave them out with FILTER (!isBlank(?x)).",
            )
        yield "UNDEF" if term is None else str(term)
