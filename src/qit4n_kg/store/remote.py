"""Another SPARQL endpoint, asked through SPARQLWrapper.

Answers have the same types as those of a local engine. What comes back is bounded in bytes and time, and of what the other server
says in an error a person sees its status and the beginning of its message. Spec: SPARQL 1.1 Protocol, section 2.1.
"""

from __future__ import annotations

import ast
import json
import warnings
from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

import pyoxigraph
from SPARQLWrapper import GET, JSON, POST, TURTLE, SPARQLWrapper
from SPARQLWrapper.SPARQLExceptions import SPARQLWrapperException

from qit4n_kg.errors import ParameterError, RemoteEndpointError
from qit4n_kg.store.bindings import bind
from qit4n_kg.store.dataset_clause import tokens
from qit4n_kg.store.oxigraph import wrap_answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qit4n_kg.store.base import Answer, Term

MAX_ANSWER_BYTES = 256 * 1024 * 1024
LONGEST_GET = 2000
"""Characters of a query above which it is sent by POST, since servers and proxies cut long addresses."""

_LONGEST_MESSAGE = 500


class RemoteEndpoint:
    """A SPARQL 1.1 endpoint at an http(s) address; it keeps no connection open."""

    def __init__(self, address: str, timeout: float = 60.0) -> None:
        """Remember the address; `timeout` is in seconds.

        :raises ParameterError: the address is no http(s) URL.
        """
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ParameterError(f"{address!r} is no http(s) address of a SPARQL endpoint.")
        self.address = address
        self._timeout = timeout

    def query(
        self,
        text: str,
        *,
        bindings: Mapping[str, Term] | None = None,
        prefixes: Mapping[str, str] | None = None,
    ) -> Answer:
        """Answer one SPARQL query over there; `bindings` and `prefixes` as in `Store.query`.

        The protocol has no parameters, so the text that is sent holds the bound terms and the missing declarations.

        :raises RemoteEndpointError: it can't be reached, refuses the query, or answers in another format or too much.
        """
        sent = declare(bind(text, bindings or {}), prefixes or {})
        client = SPARQLWrapper(self.address, agent="qit4n-kg")
        client.setTimeout(max(1, round(self._timeout)))
        client.setMethod(POST if len(sent) > LONGEST_GET else GET)
        with warnings.catch_warnings():  # it warns of a text that is no query; the endpoint says so better
            warnings.simplefilter("ignore", RuntimeWarning)
            client.setQuery(sent)
        is_graph = client.queryType in ("CONSTRUCT", "DESCRIBE")
        client.setReturnFormat(TURTLE if is_graph else JSON)
        body = self._fetch(client)
        try:
            if is_graph:
                return wrap_answer(_triples(body))
            return wrap_answer(pyoxigraph.parse_query_results(body, format=pyoxigraph.QueryResultsFormat.JSON))
        except (SyntaxError, ValueError) as exc:
            kind = "Turtle" if is_graph else "SPARQL results in JSON"
            raise self._failure(f"answered with something that is not {kind}") from exc

    def _fetch(self, client: SPARQLWrapper) -> bytes:
        try:
            with client.query().response as response:
                body: bytes = response.read(MAX_ANSWER_BYTES + 1)
        except SPARQLWrapperException as exc:
            reason, hint = _reason(str(exc))
            raise self._failure(f"refused the query: {reason}", hint) from exc
        except HTTPError as exc:
            with exc:
                detail, hint = _detail(exc.read(_LONGEST_MESSAGE * 4))
                raise self._failure(f"answered {exc.code}: {detail}", hint) from exc
        except (URLError, OSError, ValueError) as exc:
            raise self._failure(f"can't be reached: {getattr(exc, 'reason', exc)}") from exc
        if len(body) > MAX_ANSWER_BYTES:
            raise self._failure(f"answered with more than {MAX_ANSWER_BYTES} bytes; use LIMIT")
        return body

    def _failure(self, what: str, hint: str | None = None) -> RemoteEndpointError:
        return RemoteEndpointError(f"The endpoint {self.address} {what}.", hint=hint)


def _triples(body: bytes) -> Iterator[pyoxigraph.Triple]:
    quads = list(pyoxigraph.parse(BytesIO(body), format=pyoxigraph.RdfFormat.TURTLE))
    return (quad.triple for quad in quads)


def _reason(text: str) -> tuple[str, str | None]:
    """Find the other server's own words in SPARQLWrapper's exception, which holds the answer as the repr of bytes."""
    _, found, answer = text.partition("Response:\n")
    try:
        return _detail(ast.literal_eval(answer)) if found else (text, None)
    except (ValueError, SyntaxError):
        return _shorten(answer), None


def _detail(body: bytes) -> tuple[str, str | None]:
    """Return the `detail` and the `hint` of a problem document (RFC 9457), or the first line of any other text."""
    text, hint = body.decode("utf-8", errors="replace"), None
    try:
        problem = json.loads(text)
        text = str(problem.get("detail") or problem.get("title") or text)
        hint = problem.get("hint")
    except (ValueError, AttributeError):
        pass
    return _shorten(text), _shorten(hint) if isinstance(hint, str) else None


def _shorten(text: str) -> str:
    first = next((line.strip() for line in text.splitlines() if line.strip()), "no message")
    return first[:_LONGEST_MESSAGE].rstrip(".")


def declare(text: str, prefixes: Mapping[str, str]) -> str:
    r"""Declare the known prefixes that a query uses without declaring them.

    >>> declare("ASK { ?x rdfs:label ?n }", {"rdfs": "urn:rdfs#"})
    'PREFIX rdfs: <urn:rdfs#>\nASK { ?x rdfs:label ?n }'
    """
    found = list(tokens(text))
    declared = {after.text for before, after in pairwise(found) if before.is_word("PREFIX")}
    used = {token.text.partition(":")[0] for token in found if token.kind == "name"}
    missing = [name for name in sorted(used) if name in prefixes and f"{name}:" not in declared]
    return "".join(f"PREFIX {name}: <{prefixes[name]}>\n" for name in missing) + text
