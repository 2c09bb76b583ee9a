"""The search index in SPARQL: `SERVICE <{base}search> { … }` is answered from the index, here, and its solutions take its place.

What a SERVICE's pattern means is for the service to say (SPARQL 1.1 Federated Query, section 3), so text can be sought without a
function that other engines lack, and an engine elsewhere may ask this one for it. The pattern describes one variable, the thing::

    PREFIX search: <https://w3id.org/qit4n/search#>
    SERVICE <https://w3id.org/qit4n/search> {
      ?thing search:query "kenyosi" ; search:label ?label ; search:score ?score ; search:limit 10 .
    }

`search:query` is needed: a string, or a variable that the caller of a catalogue query binds. `search:type`, `search:group`,
`search:country` (IRIs) and `search:year` narrow it, `search:limit` bounds it; `search:label`, `search:score` and `search:rank`
give what their variables become. No network is used, and the answer is no larger than `MOST` solutions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode, RdfFormat, parse

from qit4n_kg.errors import RequestError
from qit4n_kg.namespaces import XSD
from qit4n_kg.store.dataset_clause import read_prologue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from qit4n_kg.search.index import Hit, SearchIndex
    from qit4n_kg.store.base import Term
    from qit4n_kg.store.dataset_clause import Prologue, Token

MOST = 1_000
"""Most things that one SERVICE gives, and what it gives unless told."""

_FILTERS = {"type": "kind", "group": "group", "country": "country", "year": "year"}
_OUTPUTS = ("label", "score", "rank")
_TERMS = ("query", "limit", *_OUTPUTS, *_FILTERS)
_DECIMAL = NamedNode(f"{XSD}decimal")


@dataclass
class _Wanted:
    """What a pattern asks for: the variable of the thing, what is given, and the variables of what is wanted."""

    thing: str = ""
    given: dict[str, Term] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    bound: dict[str, Term] = field(default_factory=dict)


class SearchService:
    """Answers the service's patterns from an index, opened when asked, for one query with the terms bound to its variables."""

    def __init__(self, index: Callable[[], SearchIndex], base_iri: str, bindings: Mapping[str, Term]) -> None:
        self._index = index
        self._namespace = f"{base_iri}search#"
        self._bindings = bindings

    def answer(self, pattern: str, declared: str) -> str:
        """Return the solutions of a pattern, in braces, as a VALUES block; `declared` is the query's prologue.

        :raises RequestError: it is no pattern that the search service understands.
        """
        wanted = self._read(read_prologue(f"{declared}\n{pattern}", None, None))
        query = wanted.given.get("query")
        if not isinstance(query, Literal):
            raise _misunderstood("it does not say what to look for: search:query with a string")
        limit = _limit(wanted.given.get("limit"))
        filters = {_FILTERS[name]: wanted.given[name].value for name in _FILTERS if name in wanted.given}  # type: ignore[union-attr]
        found = self._index().search(query.value, filters, limit=limit, with_facets=False)
        hits = () if found.is_near else found.hits
        names = [wanted.thing, *wanted.outputs.values(), *wanted.bound]
        rows = " ".join(f"({' '.join(_row(hit, rank, wanted))})" for rank, hit in enumerate(hits, start=1))
        return f"{{ VALUES ({' '.join(f'?{name}' for name in names)}) {{ {rows} }} }}"

    def _read(self, prologue: Prologue) -> _Wanted:
        """Take a pattern apart: statements about one variable, by `;` and `.`, each with one value."""
        stream = [token for token in prologue.rest if token.text not in ("{", "}")]
        wanted = _Wanted()
        position, is_new = 0, True
        while position < len(stream):
            if is_new:
                self._read_thing(stream[position], wanted)
                position += 1
            position = self._read_statement(prologue, stream, position, wanted)
            before = position
            while position < len(stream) and stream[position].text in (";", "."):
                position += 1
            if position == before and position < len(stream):
                raise _misunderstood(f"{stream[position].text!r} is out of place")
            is_new = position > before and stream[position - 1].text == "."
        return wanted

    @staticmethod
    def _read_thing(token: Token, wanted: _Wanted) -> None:
        if token.kind != "variable" or wanted.thing not in ("", token.text[1:]):
            raise _misunderstood("it describes one variable, the thing that is found")
        wanted.thing = token.text[1:]

    def _read_statement(self, prologue: Prologue, stream: Sequence[Token], position: int, wanted: _Wanted) -> int:
        """Read a property and its value; return where the next token is."""
        if position + 1 >= len(stream) or stream[position].kind not in ("iri", "name"):
            raise _misunderstood("a property and its value are missing")
        name = prologue.resolve(stream[position]).removeprefix(self._namespace)
        if name not in _TERMS:
            raise _misunderstood(f"{stream[position].text} is no property of it")
        if name in wanted.given or name in wanted.outputs:
            raise _misunderstood(f"search:{name} stands there twice")
        value = stream[position + 1]
        if value.kind != "variable":
            term, length = _term(prologue, stream[position + 1 :])
            wanted.given[name] = term
            return position + 1 + length
        variable = value.text[1:]
        if name in _OUTPUTS:
            if variable in (wanted.thing, *wanted.outputs.values()):
                raise _misunderstood(f"?{variable} stands for two things")
            wanted.outputs[name] = variable
        elif variable in self._bindings:
            wanted.given[name] = wanted.bound[variable] = self._bindings[variable]
        else:
            raise _misunderstood(f"search:{name} needs a value, and ?{variable} has none beforehand")
        return position + 2


def _term(prologue: Prologue, stream: Sequence[Token]) -> tuple[Term, int]:
    """Read an IRI, a string or a number, and say of how many tokens it is."""
    first = stream[0]
    if first.kind in ("iri", "name"):
        return NamedNode(prologue.resolve(first)), 1
    if first.kind not in ("string", "number"):
        raise _misunderstood(f"{first.text!r} is no value")
    length = 2 if len(stream) > 1 and stream[1].kind == "language" else 1
    text = "".join(token.text for token in stream[:length])
    try:
        triple = next(iter(parse(f"<x:s> <x:p> {text} .", format=RdfFormat.TURTLE)))
    except (SyntaxError, ValueError, StopIteration):
        raise _misunderstood(f"{text[:100]} is no value") from None
    return triple.object, length


def _limit(term: Term | None) -> int:
    if term is None:
        return MOST
    text = term.value if isinstance(term, Literal) else ""
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
    if not 1 <= number <= MOST:
        raise _misunderstood(f"search:limit is a number from 1 to {MOST}")
    return number


def _row(hit: Hit, rank: int, wanted: _Wanted) -> list[str]:
    values: dict[str, Term] = {
        "label": Literal(hit.label),
        "score": Literal(str(hit.score), datatype=_DECIMAL),
        "rank": Literal(rank),
    }
    outputs = [values[name] for name in wanted.outputs]
    return [str(term) for term in (NamedNode(hit.iri), *outputs, *wanted.bound.values())]


def _misunderstood(reason: str) -> RequestError:
    return RequestError(
        f"The search service does not understand this pattern: {reason}.",
        hint='It is like { ?thing search:query "text" ; search:label ?label ; search:score ?score ; search:limit 10 }.',
    )
