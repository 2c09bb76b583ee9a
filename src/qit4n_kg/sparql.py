"""What can be known of a SPARQL text without parsing or running it, and errors a person can act on; pure.

The engine parses; this module reads tokens to learn the form (which formats are on offer), whether other endpoints are
asked, whether the answer may be cached, and where a syntax error lies. Spec: SPARQL 1.1 Query section 19.8 (grammar).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING

from pyoxigraph import RdfFormat, parse

from qit4n_kg.errors import QuerySyntaxError
from qit4n_kg.namespaces import PREFIXES
from qit4n_kg.store.dataset_clause import QUERY_FORMS, UPDATE_FORMS, Token, line_column, read_prologue, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_VOLATILE = ("NOW", "RAND", "UUID", "BNODE", "SERVICE")
_EXPECTED = re.compile(r'"((?:\\.|[^"\\])+)"|\b([A-Z]{2,}(?: [A-Z]+)*)\b')
_SENTENCE = re.compile(r"(?:expected (?:one of )?|, )([A-Z][a-z]*(?: [A-Za-z]+){2,})(?=,|$)")
_POSITION = re.compile(r"^error at \d+:\d+: ")
_MANY = 12
# Tokens are read by Python, in the process that serves others too: 1 to 2 microseconds a character of hostile text.
_LONGEST_READ = 1024 * 1024
_LONGEST_INSPECTED = 256 * 1024
_LONGEST_EXPLAINED = 32 * 1024  # which reads them up to six times; a longer text gets the engine's own words
_LONGEST_REMEMBERED = 16 * 1024
_DECLARATIONS = {"BASE": 1, "VERSION": 1, "PREFIX": 2}  # keywords of the prologue and the tokens after each
_PIECE = re.compile(
    r"""(?:\s|\#[^\r\n]*)+                       # white space and comments: the one piece that is not captured
    | ( <[^<>"{}|^`\\\x00-\x20]*>
      | \"\"\"(?:"{0,2}[^"\\]|\\.)*+\"\"\" | '''(?:'{0,2}[^'\\]|\\.)*+'''
      | "(?:[^"\\\r\n]|\\.)*+" | '(?:[^'\\\r\n]|\\.)*+'
      | [^\s\#<"'\\]+ | \\. | . )""",
    re.VERBOSE | re.DOTALL,
)
_CLOSING = {"}": "{", ")": "(", "]": "["}
_OPERATORS = frozenset(("=", "!=", "<", ">", "<=", ">=", "&&", "||", "!", ","))
_BEGINNINGS = {
    "query": "A query begins with SELECT, ASK, CONSTRUCT or DESCRIBE",
    "update": "An update begins with INSERT, DELETE, WITH, LOAD, CLEAR, CREATE, DROP, COPY, MOVE or ADD",
}


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
    undeclared = (_prefix(token).upper() for token in _undeclared_prefixes(text))
    words = {*(token.text.upper() for token in tokens(text) if token.kind == "word"), *undeclared}
    return [name for name in names if any(name in word for word in words)]


def _undeclared_prefixes(text: str) -> list[Token]:
    """Return the first token of each prefix that has no declaration."""
    declared: set[str] = set()
    first: dict[str, Token] = {}
    is_declaration = False
    for token in tokens(text):
        if token.kind == "name" and is_declaration:
            declared.add(_prefix(token))
        elif token.kind == "name" and _prefix(token) not in declared:
            first.setdefault(_prefix(token), token)
        is_declaration = token.is_word("PREFIX")
    return list(first.values())


def _form(token: Token) -> QueryForm:
    if token.is_word(*UPDATE_FORMS):
        return QueryForm.UPDATE
    return QueryForm(token.text.upper()) if token.is_word(*QUERY_FORMS) else QueryForm.UNKNOWN


def _prefix(token: Token) -> str:
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
    if any("#" in piece and piece.startswith("<") and "://" not in piece.partition("#")[0] for piece in pieces):
        return text
    return "".join(piece or " " for piece in pieces).strip(" ")


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


def explain(
    text: str, error: QuerySyntaxError, known: Mapping[str, str] = PREFIXES, kind: str = "query"
) -> QuerySyntaxError:
    """Say what is wrong with a query in words, from the engine's error and the tokens.

    :param known: prefixes whose declaration is suggested where it is missing.
    :param kind: what it is: a query, or an update.
    """
    if len(text) > _LONGEST_EXPLAINED:
        return error
    if (undeclared := _undeclared_prefixes(text)) and "refix" in error.message:
        return _undeclared_error(text, undeclared, known)
    if (misplaced := _misplaced(text, kind)) is not None:
        return misplaced
    if (slashed := _slashed(text)) is not None:
        return slashed
    message = _POSITION.sub("", error.message)
    if sentence := _SENTENCE.search(message):
        return QuerySyntaxError(f"{sentence[1]}.", line=error.line, column=error.column, hint=error.hint)
    near = _token_at(text, error.line, error.column)
    if near is None and not _unclosed(text):  # the engine reports what is wrong as a whole at the end of the text
        hint = "Often: a variable bound twice with AS, or something left over at the end."
        return QuerySyntaxError(f"The {kind} is not valid.", line=error.line, column=error.column, hint=hint)
    problem = f"Unexpected {near.text[:60]!r}" if near else f"The {kind} ends before {_unclosed(text)[-1]!r} is closed"
    expected = dict.fromkeys(quoted.replace('\\"', '"') or word for quoted, word in _EXPECTED.findall(message))
    offered = [item for item in expected if not item.startswith("\\") and item not in ("SERVICE", "LATERAL")]
    detail = f" Expected: {' '.join(offered[:_MANY])}{' …' if len(offered) > _MANY else ''}" if offered else ""
    return QuerySyntaxError(f"{problem}.{detail}", line=error.line, column=error.column, hint=error.hint)


def with_prefixes(text: str, known: Mapping[str, str] = PREFIXES) -> str | None:
    r"""Declare the known prefixes that a query uses undeclared; None where there is none.

    >>> with_prefixes("ASK { ?s owl:sameAs x:y }")
    'PREFIX owl: <http://www.w3.org/2002/07/owl#>\nASK { ?s owl:sameAs x:y }'
    """
    if len(text) > _LONGEST_EXPLAINED:
        return None
    missing = [name for name in map(_prefix, _undeclared_prefixes(text)) if name in known]
    return "".join(f"PREFIX {name}: <{known[name]}>\n" for name in missing) + text if missing else None


def _misplaced(text: str, kind: str) -> QuerySyntaxError | None:
    """Find what the engine only reports at the end of the text: no form, an operand or a bracket that is missing."""
    stream = list(tokens(text))
    if inspect_query(text).form is QueryForm.UNKNOWN:
        start = _after_prologue(stream)
        culprit = stream[start] if start < len(stream) else None
        message = _BEGINNINGS[kind]
        message += f", not with {culprit.text[:60]!r}." if culprit else "; there is none here."
        return _located(text, culprit.start if culprit else len(text), message)
    if (start := _after_prologue(stream)) + 1 < len(stream) and stream[start].is_word("SELECT"):
        following = stream[start + 1]
        if following.text == "{" or following.is_word("WHERE", "FROM"):
            return _located(text, following.start, "SELECT names no variables.", "Write * for all, or name some.")
    if (culprit := next(filter(_is_no_iri, stream), None)) is not None:
        return _located(text, culprit.start, f"{culprit.text[:200]} is no IRI.")
    opened: list[str] = []
    for token, previous in zip(stream, [None, *stream], strict=False):
        if token.kind != "symbol":
            continue
        if token.text in _CLOSING.values():
            opened.append(token.text)
        elif token.text in _CLOSING:
            if previous is not None and previous.kind == "symbol" and previous.text in _OPERATORS:
                return _located(
                    text, token.start, f"Something is missing between {previous.text!r} and {token.text!r}."
                )
            if not opened or opened.pop() != _CLOSING[token.text]:
                return _located(text, token.start, f"{token.text!r} closes nothing.")
    return None


def _is_no_iri(token: Token) -> bool:
    """Tell whether the engine can't read an IRI, relative or not (RFC 3987)."""
    if token.kind != "iri" or "\\" in token.text:
        return False
    try:
        list(parse(f"<x:s> <x:p> {token.text} .", format=RdfFormat.TURTLE, base_iri="http://localhost/"))
    except SyntaxError:
        return True
    return False


def _slashed(text: str) -> QuerySyntaxError | None:
    """Find what was meant as a prefixed name but has a slash, which begins a path (section 9.1).

    >>> found = _slashed("PREFIX id: <https://example.org/> ASK { ?s ?p id:person/james-nagel }")
    >>> found.hint
    'Write the whole IRI: <https://example.org/person/james-nagel>'
    """
    try:
        prologue = read_prologue(text, None, None)
    except QuerySyntaxError:
        return None
    for position, token in enumerate(prologue.rest):
        if token.kind != "name" or token.text.partition(":")[0] not in prologue.prefixes:
            continue
        end = _end_of_name(prologue.rest, position)
        if end > token.end:
            written = text[token.start : end]
            iri = prologue.prefixes[token.text.partition(":")[0]] + written.partition(":")[2]
            message = f"{written} is no prefixed name: a slash in it begins a property path."
            return _located(text, token.start, message, f"Write the whole IRI: <{iri}>")
    return None


def _end_of_name(stream: Sequence[Token], position: int) -> int:
    """Return where a name with the parts that slashes join to it ends; another prefixed name or `a` is a step of a path."""
    end = stream[position].end
    while position + 2 < len(stream):
        slash, part = stream[position + 1 : position + 3]
        is_joined = slash.text == "/" and slash.start == end and part.start == slash.end
        if not is_joined or part.kind not in ("word", "number") or part.text == "a":
            break
        end = part.end
        position += 2
    return end


def _after_prologue(stream: Sequence[Token]) -> int:
    position = 0
    while position < len(stream) and stream[position].is_word(*_DECLARATIONS):
        position += 1 + _DECLARATIONS[stream[position].text.upper()]
    return position


def _unclosed(text: str) -> list[str]:
    opened: list[str] = []
    for token in tokens(text):
        if token.kind == "symbol" and token.text in _CLOSING.values():
            opened.append(token.text)
        elif token.kind == "symbol" and token.text in _CLOSING and opened:
            opened.pop()
    return opened


def _located(text: str, offset: int, message: str, hint: str | None = None) -> QuerySyntaxError:
    line, column = line_column(text, offset)
    return QuerySyntaxError(message, line=line, column=column, hint=hint)


def _undeclared_error(text: str, undeclared: Sequence[Token], known: Mapping[str, str]) -> QuerySyntaxError:
    prefix = _prefix(undeclared[0])
    missing = [name for name in map(_prefix, undeclared) if name in known]
    declarations = " ".join(f"PREFIX {name}: <{known[name]}>" for name in missing[:_MANY])
    hint = f"Add at the top: {declarations}" if declarations else None
    return _located(text, undeclared[0].start, f"The prefix {prefix}: is not declared.", hint)


def _token_at(text: str, line: int | None, column: int | None) -> Token | None:
    """Return the token at a place, or the next one."""
    if line is None or column is None:
        return None
    before = text.split("\n", line - 1)[: line - 1]
    offset = sum(len(part) + 1 for part in before) + column - 1
    return next((token for token in tokens(text) if token.end > offset), None)


def line_of(text: str, line: int | None) -> str | None:
    r"""Return one line of a text, counted from 1, None where there is none.

    >>> line_of("ASK\n{ }", 2)
    '{ }'
    """
    lines = text.split("\n")  # as the engine counts them
    return lines[line - 1].rstrip("\r") if line is not None and 0 < line <= len(lines) else None
