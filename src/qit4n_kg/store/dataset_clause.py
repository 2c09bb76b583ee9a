"""SPARQL tokens and the dataset clause (FROM, FROM NAMED) of a query; pure text in, values out.

It reads only what stands before the first group of a query and never judges whether the whole query is right: the engine does.
Specs: SPARQL 1.1 Query sections 13.2 (dataset), 19.2 (codepoint escapes), 19.8 (grammar); triple terms of SPARQL 1.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pyoxigraph import NamedNode, RdfFormat, parse

from qit4n_kg.errors import QuerySyntaxError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from qit4n_kg.store.base import GraphName

_NAME = r"[\w\-\u00B7]"
_LOCAL = r"(?:[\w:\-\u00B7]|%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?#@%])"
_TOKEN = re.compile(
    rf"""
      (?P<space>\s+|\#[^\r\n]*)
    | (?P<iri><(?:[^<>"{{}}|^`\\\x00-\x20]|\\u[0-9A-Fa-f]{{4}}|\\U[0-9A-Fa-f]{{8}})*>)
    | (?P<string>\"\"\"(?:\"{{0,2}}(?:[^"\\]|\\.))*+(?:\"\"\")?+ | \'\'\'(?:\'{{0,2}}(?:[^'\\]|\\.))*+(?:\'\'\')?+
                |"(?:[^"\\\r\n]|\\[^\r\n])*+"?+ | '(?:[^'\\\r\n]|\\[^\r\n])*+'?+)
    | (?P<variable>[?$][\w\u00B7]+)
    | (?P<bnode>_:\w{_NAME}*(?:\.+{_NAME}+)*)
    | (?P<language>@[A-Za-z]+(?:-[A-Za-z0-9]+)*(?:--[a-z]+)?)
    | (?P<number>(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    | (?P<name>(?:[^\W\d_]{_NAME}*(?:\.+{_NAME}+)*)?:(?:{_LOCAL}+(?:\.+{_LOCAL}+)*)?)
    | (?P<word>[^\W\d_]{_NAME}*(?:\.+{_NAME}+)*)
    | (?P<symbol><<\(|\)>>|<<|>>|\{{\||\|\}}|&&|\|\||!=|<=|>=|\^\^|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_OPERANDS = frozenset({"variable", "string", "number", "language", "name", "iri"})
_CODEPOINT = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
QUERY_FORMS = frozenset({"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"})
UPDATE_FORMS = frozenset({"INSERT", "DELETE", "LOAD", "CLEAR", "CREATE", "DROP", "COPY", "MOVE", "ADD", "WITH"})


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a query: `kind` is iri, string, variable, bnode, language, number, name (prefixed), word or symbol."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """The offset after its last character."""
        return self.start + len(self.text)

    def is_word(self, *words: str) -> bool:
        """Tell whether it is one of these keywords, written in upper case here and in any case there."""
        return self.kind == "word" and self.text.upper() in words


@dataclass(frozen=True)
class DatasetClause:
    """The graphs that FROM (`default`) and FROM NAMED (`named`) name: absolute IRIs, each once, in order."""

    default: tuple[str, ...] = ()
    named: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.default or self.named)


@dataclass
class Prologue:
    """The prefixes and the base that a text declares at its beginning, and the tokens of the rest."""

    prefixes: dict[str, str]
    base_iri: str | None
    text: str
    rest: list[Token] = field(default_factory=list)

    def resolve(self, token: Token) -> str:
        """Return the absolute IRI of an IRI or prefixed name."""
        if token.kind == "iri":
            return self._absolute(_decode(token.text[1:-1]), token)
        prefix, _, local = token.text.partition(":")
        namespace = self.prefixes.get(prefix)
        if namespace is None:
            raise _error(self.text, token, f"The prefix {prefix}: is not declared.")
        return self._absolute(namespace + re.sub(r"\\(.)", r"\1", local), token)

    def _absolute(self, iri: str, token: Token) -> str:
        # The engine's own resolution (RFC 3986, 5.2), so that both name the same graph; an IRIREF holds no ">".
        try:
            triple = next(iter(parse(f"<{iri}> <x:p> <x:o> .", format=RdfFormat.TURTLE, base_iri=self.base_iri)))
        except (SyntaxError, ValueError) as exc:
            raise _error(self.text, token, f"<{iri}> is not an absolute IRI.") from exc
        return str(triple.subject.value)


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of a query or update, without white space and comments; never fails, in linear time.

    A string that is not closed ends with its line, or with the text if it is a long one.
    `<` opens an IRI unless what follows can't be one; within parentheses and after an operand, `<?a&&?b>` is a comparison.

    >>> [token.text for token in tokens("ASK { ?s <p#q> 'a#b' } # end")]
    ['ASK', '{', '?s', '<p#q>', "'a#b'", '}']
    """
    position, depth = 0, 0
    previous: Token | None = None
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:  # `.` matches everything that is left, so only at the end
            return
        position = match.end()
        kind = match.lastgroup or "symbol"
        if kind == "space":
            continue
        token = Token(kind, match.group(), match.start())
        if kind == "iri" and depth > 0 and _is_comparison(token, previous):
            token = Token("symbol", "<=" if token.text.startswith("<=") else "<", token.start)
            position = token.end
        elif kind == "symbol":
            depth += {"(": 1, "<<(": 1, ")": -1, ")>>": -1}.get(token.text, 0)
        yield token
        previous = token


def _is_comparison(token: Token, previous: Token | None) -> bool:
    follows_operand = previous is not None and (previous.kind in _OPERANDS or previous.text == ")")
    return follows_operand and (token.text[1:2] in ("?", "$", "=") or "&&" in token.text)


def line_column(text: str, offset: int) -> tuple[int, int]:
    r"""Return the line and column, from 1, of an offset in characters.

    >>> line_column("ASK\n{ }", 4)
    (2, 1)
    """
    return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1


def dataset_clause(
    text: str, *, prefixes: Mapping[str, str] | None = None, base_iri: str | None = None
) -> DatasetClause:
    """Return the graphs that the query itself names; `prefixes` hold where it declares none of that name.

    :raises QuerySyntaxError: a graph is named by a relative IRI without a base, or by an undeclared prefix.

    >>> dataset_clause("PREFIX e: <http://example.org/> SELECT * FROM e:a FROM NAMED <http://example.org/b> { ?s ?p ?o }")
    DatasetClause(default=('http://example.org/a',), named=('http://example.org/b',))
    """
    prologue = read_prologue(text, prefixes, base_iri)
    default: dict[str, None] = {}
    named: dict[str, None] = {}
    rest = prologue.rest
    depth = 0
    for position, token in enumerate(rest):
        if token.kind == "symbol":
            depth += {"{": 1, "(": 1, "}": -1, ")": -1}.get(token.text, 0)
        elif depth == 0 and token.is_word("FROM"):
            is_named = position + 1 < len(rest) and rest[position + 1].is_word("NAMED")
            graph = rest[position + 1 + is_named : position + 2 + is_named]
            if graph and graph[0].kind in ("iri", "name"):
                (named if is_named else default)[prologue.resolve(graph[0])] = None
    return DatasetClause(tuple(default), tuple(named))


def query_form(text: str) -> str | None:
    r"""Return the keyword after the prologue, in upper case: a query's or an update's form, None if there is none.

    >>> query_form("BASE <http://example.org/> # SELECT\ninsert data { <a> <b> <c> }")
    'INSERT'
    """
    position = 0
    stream = list(tokens(text))
    while position < len(stream):
        skipped = _declaration_length(stream, position)
        if not skipped:
            break
        position += skipped
    if position < len(stream) and stream[position].is_word(*QUERY_FORMS, *UPDATE_FORMS):
        return stream[position].text.upper()
    return None


def requested_dataset(
    text: str,
    default_graphs: Sequence[GraphName] | None,
    named_graphs: Sequence[GraphName] | None,
    prefixes: Mapping[str, str] | None,
) -> tuple[list[GraphName], list[GraphName]] | None:
    """Return the default and the named graphs that a query is about, each once; None means the store's own dataset.

    The protocol's parameters replace what the text names (SPARQL 1.1 Protocol section 2.1.4).

    :raises QuerySyntaxError: a FROM clause names a graph by what is no absolute IRI.
    """
    if default_graphs is not None or named_graphs is not None:
        return list(dict.fromkeys(default_graphs or ())), list(dict.fromkeys(named_graphs or ()))
    if "from" not in text.lower():  # reading the tokens would take longer than a small query
        return None
    clause = dataset_clause(text, prefixes=prefixes)
    if not clause:
        return None
    return [NamedNode(iri) for iri in clause.default], [NamedNode(iri) for iri in clause.named]


def _declaration_length(stream: list[Token], position: int) -> int:
    token = stream[position]
    if token.is_word("BASE", "VERSION"):
        return 2
    return 3 if token.is_word("PREFIX") else 0


def read_prologue(text: str, prefixes: Mapping[str, str] | None, base_iri: str | None) -> Prologue:
    """Read what a query or update declares at its beginning; `prefixes` and `base_iri` hold before it."""
    stream = list(tokens(text))
    prologue = Prologue(dict(prefixes or {}), base_iri, text)
    position = 0
    while position < len(stream) and (length := _declaration_length(stream, position)):
        declaration = stream[position : position + length]
        iri = declaration[-1]
        if len(declaration) < length:
            break
        if iri.kind == "iri" and length == 3:
            prologue.prefixes[declaration[1].text.removesuffix(":")] = _decode(iri.text[1:-1])
            if prologue.base_iri is not None:
                prologue.prefixes[declaration[1].text.removesuffix(":")] = prologue.resolve(iri)
        elif iri.kind == "iri":
            prologue.base_iri = prologue.resolve(iri)
        position += length
    prologue.rest = stream[position:]
    return prologue


def _decode(text: str) -> str:
    return _CODEPOINT.sub(lambda match: chr(int(match.group(1) or match.group(2), 16)), text)


def _error(text: str, token: Token, message: str) -> QuerySyntaxError:
    line, column = line_column(text, token.start)
    return QuerySyntaxError(message, line=line, column=column)
