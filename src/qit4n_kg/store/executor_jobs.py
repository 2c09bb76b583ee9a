"""What goes into a query process and what comes out: a `Job`, a `Spooled` result, errors as plain values; pure.

Query processes answer in JSON. An error of ours travels by its code and is made anew on this side; any other is a
failure of the server, whose text is for the log only.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from qit4n_kg.errors import (
    KnowledgeGraphError,
    NotAcceptableError,
    ParameterError,
    QueryMemoryError,
    QueryProcessError,
    QueryRefusedError,
    QuerySyntaxError,
    RemoteEndpointError,
    RequestError,
    ResultTooLargeError,
    StateError,
    StateFullError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qit4n_kg.formats import Format, RdfFormat, ResultFormat
    from qit4n_kg.store.base import Term

_ERRORS: dict[str, type[KnowledgeGraphError]] = {
    error.code: error
    for error in (
        RequestError,
        NotAcceptableError,
        ParameterError,
        QueryRefusedError,
        QueryMemoryError,
        ResultTooLargeError,
        StateError,
        StateFullError,
        RemoteEndpointError,
    )
}
_CHUNK = 64 * 1024
_QUERY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")


class ExecutorError(Exception):
    """A query process failed in a way that is the server's fault; its text is for the log, not for clients."""


def no_process() -> QueryProcessError:
    """Return what who waits for a query process is told when there is none to be had: nothing is wrong with the query."""
    return QueryProcessError("No query process can be started at the moment.", hint="Try again in a moment.")


def new_query_id() -> str:
    """Return an id that nobody can guess: who holds it may cancel the query."""
    return secrets.token_hex(16)


def is_query_id(text: str) -> bool:
    """Tell whether a client may name its query so: 8 to 64 letters, digits, dots, hyphens and underscores.

    >>> is_query_id("report-2026.11"), is_query_id("../current"), is_query_id("short")
    (True, False, False)
    """
    return _QUERY_ID.fullmatch(text) is not None


@dataclass(frozen=True)
class Job:
    """One query: its text, the terms bound to its variables, its dataset, how its result is written and how long it may take.

    A dataset part that is None is the protocol's "not given"; `timeout` is in seconds and may only shorten the pool's,
    unless `may_lengthen`, which only the holder of a privileged token gets. Where it is given, waiting
    counts too. `client` is whoever asks: long queries get their turn client by client.
    """

    text: str
    form: ResultFormat | RdfFormat
    bindings: Mapping[str, Term] = field(default_factory=dict)
    default_graphs: tuple[str, ...] | None = None
    named_graphs: tuple[str, ...] | None = None
    timeout: float | None = None
    may_lengthen: bool = False
    base_iri: str | None = None
    client: str = ""
    id: str = field(default_factory=new_query_id)


@dataclass(frozen=True)
class Spooled:
    """A whole result: `length` bytes in memory or in an unlinked file, and the seconds that the query took."""

    form: Format
    length: int
    seconds: float
    data: bytes
    file: IO[bytes] | None = None

    def chunks(self) -> Iterator[bytes]:
        """Yield the result from its beginning."""
        if self.file is None:
            yield self.data
            return
        self.file.seek(0)
        while chunk := self.file.read(_CHUNK):
            yield chunk

    def read(self) -> bytes:
        """Return the whole result."""
        return b"".join(self.chunks())

    def close(self) -> None:
        """Let go of the file."""
        if self.file is not None:
            self.file.close()

    def __enter__(self) -> Spooled:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def error_of(reply: Mapping[str, Any]) -> Exception:
    """Turn a query process's account of an error back into the error."""
    code, message, hint = reply["code"], reply["message"], reply.get("hint")
    if code == QuerySyntaxError.code:
        return QuerySyntaxError(message, line=reply["line"], column=reply["column"], hint=hint)
    if code in _ERRORS:
        return _ERRORS[code](message, hint=hint)
    return ExecutorError(reply.get("trace", message))
