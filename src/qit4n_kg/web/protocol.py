"""A request of the SPARQL 1.1 Protocol (section 2.1) read into one value; it runs nothing and knows no store.

Query via GET, via URL-encoded POST, via POST directly, and via the QUERY method (SPARQL 1.2 Protocol, a draft: a body
like a direct POST's, but safe and idempotent). Other parameters than the protocol's are ignored, as clients send many;
`format`, `output` and `results` name a result format, `timeout` shortens the deadline, `at` pins a generation.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from pyoxigraph import NamedNode

from qit4n_kg.errors import (
    NotAcceptableError,
    ParameterError,
    QueryTooLongError,
    RequestError,
    TooLargeError,
    UnsupportedMediaTypeError,
)
from qit4n_kg.formats import EVERY, Format, by_name, negotiate
from qit4n_kg.web.context import knowledge_graph

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from flask import Request

FORM_TYPE = "application/x-www-form-urlencoded"
QUERY_TYPE = "application/sparql-query"
UPDATE_TYPE = "application/sparql-update"
QUERY_METHOD = "QUERY"
_FORMAT_PARAMETERS = ("format", "output", "results")
_UPDATE_PARAMETERS = ("update", "using-graph-uri", "using-named-graph-uri")
_NO_CODE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_MOST_PARAMETERS = 1000


@dataclass(frozen=True)
class ProtocolRequest:
    """One protocol request: what is None was not given.

    `timeout` is in seconds; `at` is the number of the generation that is to answer.
    """

    query: str | None
    default_graphs: tuple[str, ...] | None
    named_graphs: tuple[str, ...] | None
    formats: tuple[str, ...]
    timeout: float | None
    at: int | None = None

    def choose(self, accept: str | None, offers: Sequence[Format]) -> Format:
        """Choose the result's format: the first name that is on offer, else by the Accept header.

        A name that stands alone has to be on offer. Clients such as SPARQLWrapper send several at once, each for another
        server, and mean the Accept header too.

        :raises NotAcceptableError: nothing on offer is acceptable.
        """
        named = (by_name(name, offers) for name in self.formats)
        chosen = next((form for form in named if form is not None), None)
        if chosen is None and len(self.formats) == 1:
            known = ", ".join(dict.fromkeys(offer.name for offer in offers))
            raise NotAcceptableError(f"There is no {self.formats[0][:40]!r} of this.", hint=f"There is: {known}.")
        return chosen or negotiate(accept, offers)

    def confirm(self, chosen: Format, offers: Sequence[Format]) -> Format:
        """Return the format of the address's suffix, if no name asks for another one.

        :raises NotAcceptableError: one does, or one that stands alone is not on offer.
        """
        named = {by_name(name, offers): name for name in self.formats}
        others = [name for form, name in named.items() if form is not chosen and (form or len(self.formats) == 1)]
        if chosen not in named and others:
            raise NotAcceptableError(
                f"The address ends in .{chosen.extension}, and the parameter 'format' asks for {others[0][:40]!r}.",
                hint="Leave one of the two out.",
            )
        return chosen


def read_request(request: Request, ignored: Collection[str] = ()) -> ProtocolRequest:
    """Read a request; parameters that are `ignored` mean something else at its address.

    :raises RequestError: there are several queries, or an update, or bytes that are not UTF-8.
    :raises ParameterError: a parameter is malformed, or has several values and takes one.
    :raises UnsupportedMediaTypeError: the body is of no type that the protocol knows.
    :raises QueryTooLongError: the query is over its bound.
    :raises TooLargeError: the body is over its bound.
    """
    parameters = [pair for pair in read_parameters(request.query_string) if pair[0] not in ignored]
    queries = values_of(parameters, "query")
    if request.method in ("POST", QUERY_METHOD):
        media_type = request.mimetype
        if media_type == FORM_TYPE and request.method == "POST":
            form = read_parameters(read_body(request))
            parameters += form
            queries += values_of(form, "query")
        elif media_type == QUERY_TYPE:
            queries.append(decode_text(read_body(request), request.mimetype_params.get("charset", "utf-8")))
        elif media_type == UPDATE_TYPE:
            raise RequestError("This address answers queries, and the request is an update.")
        else:
            raise UnsupportedMediaTypeError(
                f"The request's Content-Type is {media_type or 'missing'}.",
                hint=f"Understood: {QUERY_TYPE}{f', {FORM_TYPE}' if request.method == 'POST' else ''}.",
            )
    given: dict[str, list[str]] = {}
    for name, value in parameters:
        given.setdefault(name, []).append(value)
    for name in _UPDATE_PARAMETERS:
        if name in given:
            raise RequestError(f"This address answers queries, and the request has the parameter {name} of an update.")
    if len(queries) > 1:
        raise RequestError(f"The request has {len(queries)} queries, and exactly one is answered.")
    if queries:
        _refuse_long(queries[0])
    for name in _FORMAT_PARAMETERS:
        refuse_several_formats(name, given.get(name, []))
    default, named = given.get("default-graph-uri", []), given.get("named-graph-uri", [])
    return ProtocolRequest(
        query=queries[0] if queries and queries[0].strip() else None,
        default_graphs=read_graphs(default) if default or named else None,
        named_graphs=read_graphs(named) if default or named else None,
        formats=tuple(text for name in _FORMAT_PARAMETERS for text in given.get(name, [])),
        timeout=read_timeout(given.get("timeout", [])),
        at=read_number("at", given.get("at", [])),
    )


def _refuse_long(query: str) -> None:
    """Refuse a query that would keep this worker busy before it gets to a process that can be stopped."""
    longest = knowledge_graph().settings.query_characters
    if len(query) > longest:
        raise QueryTooLongError(
            f"The query has {len(query):,} characters, and at most {longest:,} are read.",
            hint="Put long lists of values into a graph, or ask in several parts.",
        )


def read_timeout(values: Sequence[str]) -> float | None:
    """Read the deadline that a client asks for, in seconds.

    :raises ParameterError: it is not a number above 0, or given twice with different values.
    """
    if not values:
        return None
    refuse_several("timeout", values)
    try:
        seconds = float(values[0])
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise ParameterError(f"The timeout is {values[0][:40]!r}, which is not a number of seconds above 0.")
    return seconds


def read_number(name: str, values: Sequence[str], least: int = 1) -> int | None:
    """Read a parameter that is a whole number.

    :raises ParameterError: it is none, or less than the least one, or given twice with different values.
    """
    if not values:
        return None
    refuse_several(name, values)
    text = values[0]
    if not (text.isascii() and text.isdigit() and len(text) < 16 and int(text) >= least):
        raise ParameterError(f"The parameter {name!r} is {text[:40]!r}, which is not one whole number from {least}.")
    return int(text)


def refuse_several(name: str, values: Sequence[str]) -> None:
    """Refuse a parameter that has different values; the same twice, in an address and its form, is one.

    :raises ParameterError: it has.
    """
    if len(set(values)) > 1:
        raise ParameterError(f"The parameter {name!r} is given {len(values)} times, and one value is taken.")


def refuse_several_formats(name: str, values: Sequence[str]) -> None:
    """Refuse a parameter that names different formats.

    SPARQLWrapper names one format twice, `rdf+xml` and `application/rdf+xml`, or a list of media types that all mean it.

    :raises ParameterError: it does.
    """
    first = [value.partition(",")[0] for value in values]
    if len({by_name(value, EVERY) or value for value in first}) > 1:
        raise ParameterError(f"The parameter {name!r} is given {len(values)} times, and one value is taken.")


def read_body(request: Request) -> bytes:
    """Return the request's body.

    :raises TooLargeError: it is over its bound.
    """
    limit = request.max_content_length
    data = request.stream.read() if limit is None else request.stream.read(limit + 1)
    if limit is not None and len(data) > limit:
        raise TooLargeError(f"The request's body is larger than {limit} bytes.")
    return data


def decode_text(data: bytes, charset: str) -> str:
    """Read a query or an update, which is UTF-8.

    :raises UnsupportedMediaTypeError: the request says that it is not.
    :raises RequestError: it is not.
    """
    if charset.lower() not in ("utf-8", "utf8"):
        raise UnsupportedMediaTypeError(f"The request's charset is {charset}, and a query is UTF-8.")
    try:
        return data.decode("utf-8-sig")  # editors of some systems begin a file with a byte order mark
    except UnicodeDecodeError as exc:
        raise RequestError("The query is not valid UTF-8.") from exc


def read_parameters(data: bytes) -> list[tuple[str, str]]:
    """Read URL-encoded parameters in order, each value as it came.

    :raises RequestError: they are not UTF-8, or too many.
    """
    if data.count(b"&") >= _MOST_PARAMETERS:
        raise RequestError(f"The request has more than {_MOST_PARAMETERS} parameters.")
    try:
        data.decode("utf-8")
        pairs = [piece.partition(b"=") for piece in data.replace(b"+", b" ").split(b"&") if piece]
        return [(_unquote(name).decode("utf-8"), _unquote(value).decode("utf-8")) for name, _, value in pairs]
    except UnicodeDecodeError as exc:
        raise RequestError("The request's parameters are not valid UTF-8.") from exc


def _unquote(data: bytes) -> bytes:
    r"""Decode percent-encoding; a % before anything but two hexadecimal digits stays.

    A query is mostly %20 and the like, which Python's own `unquote_to_bytes` takes a byte at a time: five times as long as the C
    decoder of quoted-printable, which differs in the sign only.

    >>> _unquote(b"%3Fs%20=3D %zz"), _unquote(b"%C3%A9=%0A")
    (b'?s =3D %zz', b'\xc3\xa9=\n')
    """
    if b"%" not in data:
        return data
    if _NO_CODE.search(data):
        return unquote_to_bytes(data)
    return binascii.a2b_qp(data.replace(b"=", b"=3D").replace(b"%", b"="))


def values_of(parameters: Sequence[tuple[str, str]], name: str) -> list[str]:
    """Return the values that a parameter was given, in order."""
    return [value for key, value in parameters if key == name]


def read_graphs(names: Sequence[str]) -> tuple[str, ...]:
    """Check that graphs are named by absolute IRIs.

    :raises ParameterError: one is not.
    """
    for name in names:
        try:
            NamedNode(name)
        except ValueError as exc:
            raise ParameterError(f"The graph {name[:200]!r} is not an absolute IRI.") from exc
    return tuple(names)
