"""Query files: their headings, the catalogue that they make, arguments turned into terms; no query is run here.

A heading is comment lines `# key: value` before the query. A parameter's argument becomes an RDF term that is bound to
the variable of its name; it is never written into the query's text.
"""

from __future__ import annotations

import datetime
import difflib
import re
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode

from qit4n_kg.errors import ParameterError, SourceError, UnknownQueryError
from qit4n_kg.namespaces import DEFAULT_BASE_IRI, XSD, prefixes
from qit4n_kg.sparql import QueryForm, inspect_query
from qit4n_kg.store.dataset_clause import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from qit4n_kg.store.base import Term

_HEADING = re.compile(r"#\s*(?P<key>[a-z]+):\s*(?P<value>.*?)\s*$")
_PARAMETER = re.compile(
    r"(?P<name>[A-Za-z]\w*)\s+(?P<kind>[a-z]+)\s+(?:\"(?P<quoted>[^\"]*)\"|(?P<bare>\S+))(?:\s+(?P<description>.+))?"
)
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_LONGEST_ARGUMENT = 2000
FINDER = "find-by-name"
"""The catalogue query that turns a name into an IRI."""

TOPICS = ("people", "meetings", "deliverables", "liaisons", "provenance")
"""The order in which the catalogue shows its topics; any other comes after them."""


class ParameterKind(Enum):
    """What an argument must be."""

    IRI = "iri"
    STRING = "string"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    BOOLEAN = "boolean"


@dataclass(frozen=True)
class Parameter:
    """A variable that the caller may bind; `default` is None when the caller must."""

    name: str
    kind: ParameterKind
    default: str | None
    description: str


@dataclass(frozen=True)
class CatalogueQuery:
    """One query file; `id` is its name without the suffix."""

    id: str
    title: str
    question: str
    topic: str
    parameters: tuple[Parameter, ...]
    text: str
    form: QueryForm
    page: str = ""
    """The path of a page that shows the same to read, if there is one (`# page:`)."""

    def parameter(self, name: str) -> Parameter:
        """Return a parameter by name.

        :raises ParameterError: there is none of this name.
        """
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        known = ", ".join(parameter.name for parameter in self.parameters)
        raise ParameterError(
            f"The query {self.id} has no parameter {name!r}.",
            hint=f"It has: {known}." if known else "It has no parameters.",
        )


@dataclass(frozen=True)
class Catalogue:
    """The queries by id, in the order of their ids."""

    queries: Mapping[str, CatalogueQuery] = field(default_factory=dict)

    def get(self, query_id: str) -> CatalogueQuery:
        """Return a query by id.

        :raises UnknownQueryError: the hint names the ids that look alike.
        """
        if query_id in self.queries:
            return self.queries[query_id]
        alike = difflib.get_close_matches(query_id, self.queries, n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(alike)}?" if alike else None
        raise UnknownQueryError(f"The catalogue has no query {query_id!r}.", hint=hint)

    def by_topic(self) -> dict[str, list[CatalogueQuery]]:
        """Group the queries by topic, in the order that a reader finds them."""
        topics = {query.topic for query in self}
        order = [*(topic for topic in TOPICS if topic in topics), *sorted(topics - set(TOPICS))]
        return {topic: [query for query in self if query.topic == topic] for topic in order}

    def __iter__(self) -> Iterator[CatalogueQuery]:
        return iter(self.queries.values())

    def __len__(self) -> int:
        return len(self.queries)


def read_catalogue(folder: Path) -> Catalogue:
    """Read every query file of a folder; a folder that is not there makes an empty catalogue.

    :raises SourceError: a heading can't be understood.
    """
    found = (read_query(path) for path in sorted(folder.glob("*.rq")))
    return Catalogue({query.id: query for query in found})


def read_query(path: Path) -> CatalogueQuery:
    """Read one query file.

    :raises SourceError: it can't be read, or its heading lacks a title or has a parameter that can't be understood.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise SourceError(f"The query file can't be read: {exc}", path=path) from exc
    heading: dict[str, str] = {}
    parameters = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.startswith("#"):
            break
        if match := _HEADING.match(line):
            if match["key"] == "parameter":
                parameters.append(_read_parameter(match["value"], path, number))
            else:
                heading[match["key"]] = match["value"]
    if "title" not in heading:
        raise SourceError("The query has no `# title:` line.", path=path, line=1)
    return CatalogueQuery(
        id=path.stem,
        title=heading["title"],
        question=heading.get("question") or heading.get("rule", ""),
        topic=heading.get("topic", "other"),
        parameters=tuple(parameters),
        text=text,
        form=inspect_query(text).form,
        page=heading.get("page", ""),
    )


def _read_parameter(value: str, path: Path, line: int) -> Parameter:
    match = _PARAMETER.fullmatch(value)
    kinds = {kind.value: kind for kind in ParameterKind}
    if match is None or match["kind"] not in kinds:
        raise SourceError(
            f"A parameter is `name type default description`, but this is {value!r}.",
            path=path,
            line=line,
            hint=f"The types are: {', '.join(kinds)}.",
        )
    default = match["quoted"] if match["quoted"] is not None else match["bare"]
    return Parameter(
        match["name"], kinds[match["kind"]], None if default == "required" else default, match["description"] or ""
    )


def bind(query: CatalogueQuery, arguments: Mapping[str, str], base_iri: str = DEFAULT_BASE_IRI) -> dict[str, Term]:
    """Turn arguments, and the defaults of those not given, into terms by variable.

    :raises ParameterError: one is unknown, missing or malformed.
    """
    for name in arguments:
        query.parameter(name)
    terms: dict[str, Term] = {}
    for parameter in query.parameters:
        text = arguments.get(parameter.name, parameter.default)
        if text is None:
            raise ParameterError(
                f"The parameter {parameter.name!r} is required.",
                hint=f"It is: {parameter.description or parameter.kind.value}.",
            )
        terms[parameter.name] = _term(parameter, text, base_iri)
    return terms


def shown_text(query: CatalogueQuery, terms: Mapping[str, Term]) -> str:
    """Return the query as text to read, edit and run anywhere: without its heading, the terms in a VALUES line.

    For people's editors only: what this server runs is the query with bound terms.
    """
    lines = [line for line in query.text.splitlines() if not _HEADING.match(line)]
    body = "\n".join(lines).strip()
    if terms:
        names = " ".join(f"?{name}" for name in terms)
        values = " ".join(str(term) for term in terms.values())
        opening = _where(body)
        body = f"{body[:opening]}\n  VALUES ({names}) {{ ({values}) }}{body[opening:]}"
    return f"# {query.question}\n{body}\n"


def _where(text: str) -> int:
    """Return the offset after the brace that opens the query's pattern."""
    stream = list(tokens(text))
    braces = [(position, token) for position, token in enumerate(stream) if token.text == "{"]
    for position, token in braces:
        if stream[position - 1].is_word("WHERE"):
            return token.end
    return braces[0][1].end if braces else len(text)


def _term(parameter: Parameter, text: str, base_iri: str) -> Term:
    if len(text) > _LONGEST_ARGUMENT:
        raise ParameterError(f"The parameter {parameter.name!r} is longer than {_LONGEST_ARGUMENT} characters.")
    try:
        return _parse(parameter.kind, text if parameter.kind is ParameterKind.STRING else text.strip(), base_iri)
    except ValueError as exc:
        what = f"is {text[:100]!r}, which is not" if text.strip() else "is empty, and not"
        raise ParameterError(
            f"The parameter {parameter.name!r} {what} {_MEANING[parameter.kind]}.", hint=_advice(parameter, text)
        ) from exc


def _advice(parameter: Parameter, text: str) -> str | None:
    """Say what to write instead."""
    if parameter.kind is ParameterKind.IRI:
        return f"Write an IRI like {parameter.default or 'id:fg-qit4n'}; the query {FINDER} finds it."
    is_empty = not text.strip() and parameter.default is not None
    return f"Leave it out for the default, {parameter.default}." if is_empty else None


_MEANING = {
    ParameterKind.IRI: "an IRI (absolute, or with a known prefix like id:fg-qit4n)",
    ParameterKind.STRING: "a string",
    ParameterKind.INTEGER: "a whole number",
    ParameterKind.DECIMAL: "a decimal number",
    ParameterKind.DATE: "a date (year-month-day, like 2021-11-24)",
    ParameterKind.BOOLEAN: "true or false",
}


def _parse(kind: ParameterKind, text: str, base_iri: str) -> Term:
    """Parse an argument; ValueError when it is not of its kind."""
    if kind is ParameterKind.IRI:
        return _iri(text, base_iri)
    if kind is ParameterKind.STRING:
        return Literal(text)
    if kind is ParameterKind.DATE:
        if datetime.date.fromisoformat(text).isoformat() != text:
            raise ValueError(text)
    elif kind is ParameterKind.BOOLEAN:
        if text.lower() not in ("true", "false"):
            raise ValueError(text)
        text = text.lower()
    elif not {ParameterKind.INTEGER: _INTEGER, ParameterKind.DECIMAL: _DECIMAL}[kind].fullmatch(text):
        raise ValueError(text)
    return Literal(text, datatype=NamedNode(f"{XSD}{kind.value}"))


def _iri(text: str, base_iri: str) -> NamedNode:
    text = text.removeprefix("<").removesuffix(">")
    prefix, _, local = text.partition(":")
    known = prefixes(base_iri)
    if prefix in known:
        return NamedNode(f"{known[prefix]}{local}")
    return NamedNode(text)
