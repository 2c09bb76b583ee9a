"""What can be known of a SPARQL text without parsing or running it; pure.

The engine parses; this module reads tokens to learn the form (which formats are on offer), whether other endpoints are
asked, and whether the answer may be cached; `syntax/` says what is wrong. Spec: SPARQL 1.1 Query section 19.8 (grammar).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING

from qit4n_kg.store.dataset_clause import QUERY_FORMS, UPDATE_FORMS, Token, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable

_VOLATILE = ("NOW", "RAND", "UUID", "BNODE", "SERVICE")
# Tokens are read by Python, in the process that serves others too: 1 to 2 microseconds a character of hostile text.
_LONGEST_READ = 1024 * 1024
_LONGEST_INSPECTED = 256 * 1024
_LONGEST_REMEMBERED = 16 * 1024
_DECLARATIONS = {"BASE": 1, "VERSION": 1, "PREFIX": 2}  # keywords of the prologue and the tokens after each
_PLAIN = re.compile(
    r"""(?: \s | (?: PREFIX\s+ (?:[A-Za-z][A-Za-z0-9_-]*)? : \s* | BASE\s+ ) <[^<>"{}|^`\\\x00-\x20]*> )*+
        (SELECT|ASK|CONSTRUCT|DESCRIBE) (?=[\s{*(?$])""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
"""The beginning of nearly every query, which costs a tenth of reading its tokens."""
_PIECE = re.compile(
    r"""(?:\s|\#[^\r\n]*)+                       # white space and comments: the one piece that is not captured
    | ( <[^<>"{}|^`\\\x00-\x20]*>
      | \"\"\"(?:"{0,2}[^"\\]|\\.)*+\"\"\" | '''(?:'{0,2}[^'\\]|\\.)*+'''
      | "(?:[^"\\\r\n]|\\.)*+" | '(?:[^'\\\r\n]|\\.)*+'
      | [^\s\#<"'\\]+ | \\. | . )""",
    re.VERBOSE | re.DOTALL,
)


class QueryForm(Enum):
    """What a SPARQL text asks for."""

    SELECT = "SELECT"
    ASK = "ASK"
    CONSTRUCT = "CONSTRUCT"
    DESCRIBE = "DESCRIBE"
    UPDATE = "UPDATE"
    UNKNOWN = "UNKNOWN"

    @property
    def has_bindings(self) -> bool:
        """Whether the answer is rows or a truth value, not triples; so is what is offered for an unknown text: an error."""
        return self not in (QueryForm.CONSTRUCT, QueryForm.DESCRIBE)


@dataclass(frozen=True)
class QuerySummary:
    """What the tokens of a SPARQL text tell."""

    form: QueryForm
    uses_service: bool
    is_cacheable: bool


def inspect_query(text: str) -> QuerySummary:
    """Read what is needed of a SPARQL text, in bounded time; never fails.

    `uses_service` errs towards True: the engine's grammar needs no space around keywords, so `trueSERVICE` counts, and
    so does a mention in a text of more than a quarter of a mebibyte.

    >>> inspect_query("PREFIX ASK: <http://example.org/> SELECT ?service { ?service ASK:x 'SERVICE' } # SERVICE").form
    <QueryForm.SELECT: 'SELECT'>
    >>> inspect_query("ASK { sErViCe <http://example.org/> { ?s ?p ?o } }").uses_service
    True
    """
    return _remembered(text) if len(text) <= _LONGEST_REMEMBERED else _remembered_long(text)


@lru_cache(maxsize=64)
def _remembered(text: str) -> QuerySummary:
    """Read a text once for all who ask about it while one request is answered."""
    return _inspect(text)


@lru_cache(maxsize=4)
def _remembered_long(text: str) -> QuerySummary:
    return _inspect(text)


def uses_service(text: str) -> bool:
    """Tell whether a text uses SERVICE, as `inspect_query` does, and of up to a mebibyte exactly: updates are long."""
    if "SERVICE" not in text.upper():
        return False
    return len(text) > _LONGEST_READ or bool(_called(text, ["SERVICE"]))


def _inspect(text: str) -> QuerySummary:
    form = _find_form(text)
    is_query = form not in (QueryForm.UPDATE, QueryForm.UNKNOWN)
    upper = text.upper()
    mentioned = [name for name in _VOLATILE if name in upper]
    if mentioned and len(text) <= _LONGEST_INSPECTED:
        mentioned = _called(text, mentioned)
    return QuerySummary(form, "SERVICE" in mentioned, is_query and not mentioned)


def names_in(text: str) -> frozenset[str]:
    """Return the absolute IRIs that a query names, prefixed or in full; what it only declares is not named.

    >>> sorted(names_in("PREFIX e: <http://e/> PREFIX f: <http://f/> SELECT * { ?s e:p <http://g/x> } # e:q"))
    ['http://e/p', 'http://g/x']
    """
    known: dict[str, str] = {}
    found: set[str] = set()
    declared: str | None = None
    stream = list(tokens(text))
    for position, token in enumerate(stream):
        if token.kind == "iri":
            if declared is not None:
                known[declared], declared = token.text[1:-1], None
            else:
                found.add(token.text[1:-1])
        elif token.kind == "name":
            prefix, _, local = token.text.partition(":")
            if position and stream[position - 1].is_word("PREFIX"):
                declared = prefix
            elif prefix in known:
                found.add(known[prefix] + local.replace("\\", ""))
    return frozenset(found)


def _find_form(text: str) -> QueryForm:
    """Return the form, which the first keyword after the prologue tells."""
    if (plain := _PLAIN.match(text)) is not None:
        return QueryForm(plain[1].upper())
    in_declaration = 0
    for token in tokens(text):
        if token.start > _LONGEST_INSPECTED:
            break
        if in_declaration:
            in_declaration -= 1
            continue
        in_declaration = _DECLARATIONS.get(token.text.upper(), 0) if token.kind == "word" else 0
        if not in_declaration:
            return _form(token)
    return QueryForm.UNKNOWN


def _called(text: str, names: Iterable[str]) -> list[str]:
    """Return which of these keywords stand in the text as such, and not in a name, a string or a comment."""
    undeclared = (prefix_of(token).upper() for token in undeclared_prefixes(text))
    words = {*(token.text.upper() for token in tokens(text) if token.kind == "word"), *undeclared}
    return [name for name in names if any(name in word for word in words)]


def undeclared_prefixes(text: str) -> list[Token]:
    """Return the first token of each prefix that has no declaration."""
    declared: set[str] = set()
    first: dict[str, Token] = {}
    is_declaration = False
    for token in tokens(text):
        if token.kind == "name" and is_declaration:
            declared.add(prefix_of(token))
        elif token.kind == "name" and prefix_of(token) not in declared:
            first.setdefault(prefix_of(token), token)
        is_declaration = token.is_word("PREFIX")
    return list(first.values())


def _form(token: Token) -> QueryForm:
    if token.is_word(*UPDATE_FORMS):
        return QueryForm.UPDATE
    return QueryForm(token.text.upper()) if token.is_word(*QUERY_FORMS) else QueryForm.UNKNOWN


def prefix_of(token: Token) -> str:
    """Return the prefix of a prefixed name, without its colon."""
    return token.text.partition(":")[0]


def normalise(text: str) -> str:
    r"""Return a query's text with each comment and each run of white space as one space: equal texts mean the same query.

    What might be read in two ways is left as it is: an IRI with a `#` and no authority could be a comparison and a comment,
    and a codepoint escape (section 19.2) could be the quote that opens a string. In linear time.

    >>> normalise("SELECT  * # all\n{ <http://example.org/#a> ?p 'x  #y' }")
    "SELECT * { <http://example.org/#a> ?p 'x  #y' }"
    """
    if "\\u" in text or "\\U" in text:
        return text
    pieces = _PIECE.findall(text)
    with_hash = [
        piece for piece in pieces if "#" in piece
    ]  # lists: a generator's turns take longer than what is done in them
    if any(piece.startswith("<") and "://" not in piece.partition("#")[0] for piece in with_hash):
        return text
    return "".join([piece or " " for piece in pieces]).strip(" ")


def page_of(text: str, limit: int | None, offset: int) -> str:
    """Return a SELECT that answers a part of this one's rows; a LIMIT and an OFFSET of its own hold within.

    >>> page_of("SELECT * { ?s ?p ?o } ORDER BY ?s LIMIT 25", 10, 20)
    'SELECT * { ?s ?p ?o } ORDER BY ?s LIMIT 5 OFFSET 20'
    """
    own: dict[str, int] = {}
    cuts: list[tuple[int, int]] = []
    depth, end, is_after_pattern = 0, len(text), False
    stream = list(tokens(text))
    for token, following in zip(stream, [*stream[1:], None], strict=False):
        if token.kind == "symbol":
            depth += {"{": 1, "(": 1, "}": -1, ")": -1}.get(token.text, 0)
            is_after_pattern = is_after_pattern or (token.text == "}" and depth == 0)
        elif depth == 0 and is_after_pattern and token.is_word("LIMIT", "OFFSET") and following is not None:
            own[token.text.upper()] = int(following.text)
            cuts.append((token.start, following.end))
        elif depth == 0 and is_after_pattern and token.is_word("VALUES"):
            end = token.start
            break
    rest, body = text[end:], text[:end]
    for start, stop in reversed(cuts):
        body = body[:start] + body[stop:]
    rows = own.get("LIMIT")
    if rows is not None:
        remaining = max(0, rows - offset)
        limit = remaining if limit is None else min(limit, remaining)
    skipped = own.get("OFFSET", 0) + offset
    ending = (f" LIMIT {limit}" if limit is not None else "") + (f" OFFSET {skipped}" if skipped else "")
    last_line = body.rstrip().rpartition("\n")[2]
    separator = "\n" if "#" in last_line else ""  # a comment at the end would swallow what follows
    return f"{body.rstrip()}{separator}{ending}{' ' + rest if rest else ''}"
