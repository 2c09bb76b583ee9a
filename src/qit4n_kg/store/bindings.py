"""Binding variables of a query to terms, soundly in every form of query; pure text in, text out.

pyoxigraph's own substitution refuses a variable that the SELECT clause does not project (0.5.13), so a count over `?body`
can't be bound with it. Here each group that mentions a bound variable begins with a one-row VALUES block (SPARQL 1.1 Query
section 10), which the engine joins as fast as its own substitution. Only terms that the engine itself has made and serialised
enter the text, at places that the tokenizer has found: user text never does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode

from qit4n_kg.errors import ParameterError
from qit4n_kg.store.dataset_clause import Token, tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qit4n_kg.store.base import Term


@dataclass
class _Frame:
    """What stands between a pair of braces; `kind` is query (the whole text), group, subselect, template or data."""

    kind: str
    start: int
    parent: _Frame | None = None
    mentions: set[str] = field(default_factory=set)
    parentheses: int = 0
    where: _Frame | None = None
    is_optional: bool = False
    has_assignment: bool = False
    bound: set[str] = field(default_factory=set)

    def names_to_bind(self) -> set[str]:
        """Return the variables that need a VALUES block here."""
        if self.kind != "group" or self.parent is None:
            return set()
        names = set(self.mentions)
        if self.parent.where is self:
            names |= self.parent.mentions
        if self.is_optional and not self.has_assignment:
            # The left join and its filters see what the group around it binds (SPARQL 1.1 Query section 18.2.2.6); a VALUES
            # block in OPTIONAL keeps pyoxigraph 0.5.13 from looking its pattern up row by row: 50 ms for 0.5 at 200k triples.
            names -= self.parent.bound
        return names


def bind(text: str, bindings: Mapping[str, Term]) -> str:
    """Return the query with its variables bound to these terms; `bindings` hold IRIs and literals only.

    A variable is bound in every group that mentions it, subqueries included; the text keeps its lines.

    :raises ParameterError: the query has no variable of that name.

    >>> bind("SELECT (COUNT(*) AS ?n) { ?m <x:of> ?b }", {"b": NamedNode("x:b7")})
    'SELECT (COUNT(*) AS ?n) { VALUES ?b { <x:b7> }  ?m <x:of> ?b }'
    """
    if not bindings:
        return text
    frames = _frames(text)
    query = frames[0]
    mentioned = set().union(*(frame.mentions for frame in frames))
    for name in bindings:
        if name not in mentioned:
            raise ParameterError(f"The query has no variable ?{name}.")
    insertions = []
    for frame in frames:
        frame.bound = frame.names_to_bind() & bindings.keys()
        insertions.append((frame.start, _values(frame.bound, bindings)))
    if query.where is None:
        insertions.append((len(text), "\n" + _values(query.mentions, bindings)))
    pieces, position = [], 0
    for offset, values in sorted(insertions):
        pieces += [text[position:offset], values]
        position = offset
    return "".join(pieces) + text[position:]


def is_bindable(term: Term) -> bool:
    """Tell whether VALUES can hold the term: blank nodes can't stand there."""
    return isinstance(term, NamedNode | Literal)


def _values(names: set[str], bindings: Mapping[str, Term]) -> str:
    return "".join(f" VALUES ?{name} {{ {bindings[name]} }} " for name in sorted(names & bindings.keys()))


def _frames(text: str) -> list[_Frame]:
    """Find every pair of braces and the variables that stand directly in it; mentions of a template count for its query."""
    stream = list(tokens(text))
    frame = _Frame("query", 0)
    frames = [frame]
    before_data = False
    for position, token in enumerate(stream):
        if token.kind == "variable":
            frame.mentions.add(token.text[1:])
        elif token.is_word("VALUES"):
            before_data = True
        elif token.is_word("BIND"):
            frame.has_assignment = True
        elif token.text in ("(", ")"):
            frame.parentheses += 1 if token.text == "(" else -1
        elif token.text == "{":
            frame = _open(frame, stream, position, before_data)
            frames.append(frame)
            before_data = False
        elif token.text == "}" and frame.parent is not None:
            if frame.kind in ("template", "data"):
                frame.parent.mentions |= frame.mentions
            frame = frame.parent
    return frames


def _open(frame: _Frame, stream: list[Token], position: int, before_data: bool) -> _Frame:
    following = stream[position + 1] if position + 1 < len(stream) else None
    if before_data:
        kind = "data"
    elif frame.kind == "query" and frame.where is None and frame.parentheses == 0 and _is_template(stream, position):
        kind = "template"
    elif following is not None and following.is_word("SELECT"):
        kind = "subselect"
    else:
        kind = "group"
    is_optional = position > 0 and stream[position - 1].is_word("OPTIONAL")
    opened = _Frame(kind, stream[position].end, frame, is_optional=is_optional)
    is_where = kind in ("group", "subselect") and frame.kind in ("query", "subselect")
    if is_where and frame.where is None and frame.parentheses == 0:
        frame.where = opened
    return opened


def _is_template(stream: list[Token], position: int) -> bool:
    """Tell whether the brace opens a CONSTRUCT template, that of the short form `CONSTRUCT WHERE { … }` included."""
    if stream[position - 1].is_word("CONSTRUCT"):
        return True
    construct = next((token for token in stream[:position] if token.is_word("CONSTRUCT")), None)
    return construct is not None and not any(token.text == "{" for token in stream[:position])
