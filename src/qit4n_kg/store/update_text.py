"""A SPARQL update as text: its operations, what each of them would change as a whole, and the dataset that the protocol gives it.

pyoxigraph takes no dataset for an update, performs LOAD itself and does not merge several USING graphs. So an update is split into
its operations at the semicolons between them, the protocol's graphs become USING clauses, and LOAD is only described here. Nothing
is judged right or wrong as SPARQL: the engine parses the whole text first. Pure. Specs: SPARQL 1.1 Update section 3 and grammar
rules 29 to 43, SPARQL 1.1 Protocol section 2.2.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from qit4n_kg.errors import QuerySyntaxError, RequestError
from qit4n_kg.store.dataset_clause import UPDATE_FORMS, Token, line_column, read_prologue, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ALL, NAMED, DEFAULT = "ALL", "NAMED", "DEFAULT"
_OPENING = frozenset(("{", "(", "[", "{|", "<<", "<<("))
_CLOSING = frozenset(("}", ")", "]", "|}", ">>", ")>>"))
_DECLARATIONS = {"BASE": 2, "VERSION": 2, "PREFIX": 3}
_CONFLICT = "The request names graphs with using-graph-uri or using-named-graph-uri, and the update itself has {}."


@dataclass(frozen=True)
class Load:
    """A LOAD: the address, the graph it goes into (None: the default graph) and whether a failure is passed over."""

    address: str
    graph: str | None
    is_silent: bool


@dataclass(frozen=True)
class Operation:
    """One operation, runnable by itself: its text with all declarations that hold for it.

    `wiped` are graphs that it empties or removes as a whole: IRIs, or ALL, NAMED, DEFAULT. `using` are the default graphs of its
    USING clauses where they are several, so that the engine would not merge them (see `with_merged`).
    """

    kind: str
    text: str
    load: Load | None = None
    wiped: tuple[str, ...] = ()
    using: tuple[str, ...] = ()
    clauses: tuple[tuple[int, int], ...] = field(default=(), repr=False)
    span: tuple[int, int] = field(default=(0, 0), repr=False)
    """Where it stands in the update."""
    declarations: tuple[tuple[int, int], ...] = field(default=(), repr=False)
    """Where the declarations that hold for it stand."""

    def with_merged(self, graph: str) -> str:
        """Return the text with one USING of `graph` instead of those of several default graphs."""
        pieces: list[str] = []
        position = 0
        for start, end in self.clauses:
            pieces += [self.text[position:start], f" USING <{graph}> " if not pieces else " "]
            position = end
        return "".join([*pieces, self.text[position:]])


def read_update(
    text: str,
    *,
    base_iri: str | None = None,
    default_graphs: tuple[str, ...] = (),
    named_graphs: tuple[str, ...] = (),
) -> tuple[Operation, ...]:
    """Split an update into its operations.

    :raises RequestError: the request names graphs and the update has USING or WITH (Protocol section 2.2.3).
    :raises QuerySyntaxError: nothing stands between two semicolons, or an operation on whole graphs has an undeclared prefix.

    >>> [operation.kind for operation in read_update("CLEAR ALL ; INSERT DATA { <x:s> <x:p> 'a;b' } ;")]
    ['CLEAR', 'INSERT']
    """
    clause = "".join(
        [
            *(f" USING <{graph}>" for graph in dict.fromkeys(default_graphs)),
            *(f" USING NAMED <{graph}>" for graph in dict.fromkeys(named_graphs)),
        ]
    )
    return tuple(_operations(text, base_iri, clause))


def _operations(text: str, base_iri: str | None, clause: str) -> Iterator[Operation]:
    declared: list[tuple[int, int]] = []
    piece: list[Token] = []
    depth = 0
    end = Token("symbol", ";", len(text))
    for token in (*tokens(text), end):
        if token.kind == "symbol":
            depth += (token.text in _OPENING) - (token.text in _CLOSING)
        if token.text != ";" or (depth > 0 and token.end <= len(text)):
            piece.append(token)
            continue
        while piece and piece[0].is_word(*_DECLARATIONS):
            count = _DECLARATIONS[piece[0].text.upper()]
            declared.append((piece[0].start, piece[:count][-1].end))
            piece = piece[count:]
        if piece:
            known = "".join(f"{text[start:stop]}\n" for start, stop in declared)
            operation = _operation(piece, text, _Declared(known, base_iri), clause)
            yield replace(operation, span=(piece[0].start, piece[-1].end), declarations=tuple(declared))
        elif token is not end:
            line, column = line_column(text, token.start)
            raise QuerySyntaxError("No operation stands before this ';'.", line=line, column=column)
        piece = []


def parts_to_check(text: str, operations: Sequence[Operation]) -> Iterator[tuple[str, int]]:
    """Yield texts that parse when the update does, with the offset at which the first operation of each begins.

    pyoxigraph 0.5.13 takes declarations only before the first operation (the grammar also before later ones): where there are such,
    each operation is a text of its own, the rest of it blank so that places stay what they are.

    >>> text = "CLEAR ALL; PREFIX e: <x:> DROP ALL"
    >>> list(parts_to_check(text, read_update(text)))
    [('CLEAR ALL                         ', 0), ('           PREFIX e: <x:> DROP ALL', 26)]
    """
    if len({operation.declarations for operation in operations}) < 2:
        yield text, operations[0].span[0] if operations else len(text)
        return
    for operation in operations:
        blank = [character if character == "\n" else " " for character in text]
        for start, end in (*operation.declarations, operation.span):
            blank[start:end] = text[start:end]
        yield "".join(blank), operation.span[0]


@dataclass(frozen=True)
class _Declared:
    """The declarations that hold for an operation."""

    text: str
    base_iri: str | None

    def resolve(self, token: Token) -> str:
        return read_prologue(self.text, None, self.base_iri).resolve(token)


def _operation(piece: list[Token], text: str, declared: _Declared, clause: str) -> Operation:
    kind = piece[0].text.upper() if piece[0].is_word(*UPDATE_FORMS) else "UNKNOWN"
    body = text[piece[0].start : piece[-1].end]
    if kind == "LOAD":
        return Operation(kind, declared.text + body, load=_load(piece[1:], declared))
    if kind in ("CLEAR", "DROP", "COPY", "MOVE"):
        graphs = _graphs(piece[1:], declared)
        return Operation(kind, declared.text + body, wiped=graphs[1:] if kind == "COPY" else graphs)
    if kind in ("INSERT", "DELETE", "WITH"):
        return _modification(kind, declared.text + _with_clause(piece, body, clause), declared.base_iri)
    return Operation(kind, declared.text + body)


def _load(piece: list[Token], declared: _Declared) -> Load | None:
    names = [declared.resolve(token) for token in piece if token.kind in ("iri", "name")]
    if not names:
        return None
    return Load(names[0], names[1] if len(names) > 1 else None, any(token.is_word("SILENT") for token in piece))


def _graphs(piece: list[Token], declared: _Declared) -> tuple[str, ...]:
    """Return the graphs that an operation on whole graphs names, in order."""
    return tuple(
        token.text.upper() if token.kind == "word" else declared.resolve(token)
        for token in piece
        if token.kind in ("iri", "name") or token.is_word(ALL, NAMED, DEFAULT)
    )


def _with_clause(piece: list[Token], body: str, clause: str) -> str:
    """Return the text of an INSERT or DELETE with the protocol's graphs before its WHERE.

    :raises RequestError: it has USING or WITH itself.
    """
    if not clause or (len(piece) > 1 and piece[1].is_word("DATA")):
        return body
    start = piece[0].start
    if piece[0].is_word("DELETE") and len(piece) > 1 and piece[1].is_word("WHERE"):
        pattern = body[piece[1].end - start :]
        return f"DELETE {pattern}{clause} WHERE {pattern}"
    for token in _outside_groups(piece):
        if token.is_word("USING", "WITH"):
            raise RequestError(_CONFLICT.format(token.text.upper()), hint="Use one or the other.")
        if token.is_word("WHERE"):
            return f"{body[: token.start - start]}{clause} {body[token.start - start :]}"
    return body


def _modification(kind: str, text: str, base_iri: str | None) -> Operation:
    """Find the USING clauses of default graphs; with fewer than two, the engine's own reading of them is right."""
    prologue = read_prologue(text, None, base_iri)
    outside = list(_outside_groups(prologue.rest))
    using: list[str] = []
    clauses: list[tuple[int, int]] = []
    for token, graph in pairwise(outside):
        if token.is_word("USING") and graph.kind in ("iri", "name"):
            using.append(prologue.resolve(graph))
            clauses.append((token.start, graph.end))
    several = len(set(using)) > 1
    return Operation(kind, text, using=tuple(dict.fromkeys(using)) if several else (), clauses=tuple(clauses))


def _outside_groups(piece: list[Token]) -> Iterator[Token]:
    depth = 0
    for token in piece:
        if token.kind == "symbol":
            depth += (token.text in _OPENING) - (token.text in _CLOSING)
        if depth == 0:
            yield token
