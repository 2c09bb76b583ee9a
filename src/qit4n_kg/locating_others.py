"""Where statements stand in JSON-LD and RDF/XML texts: line and column of most triples; pure, no IO.

Readers of texts that an engine has accepted already, as tolerant as locating.py: what they do not understand they skip. They follow
what people write: in JSON-LD objects with `@id`, `@type` and `@graph` under one inline context; in RDF/XML node and property
elements in turn, `rdf:about`, `rdf:ID`, `rdf:resource`, property attributes, `xml:base`. Never load data with them.

Specs: JSON-LD 1.1 section 9; RDF 1.1 XML Syntax section 2.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin
from xml.parsers import expat

from pyoxigraph import BlankNode, Literal, NamedNode

from qit4n_kg.errors import SourceError
from qit4n_kg.locating import Position
from qit4n_kg.namespaces import RDF

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qit4n_kg.store.base import Term

MOST_NESTED = 100
"""A text that is nested deeper is refused: nobody writes it, and engines recurse."""

_TYPE = f"{RDF}type"
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


@dataclass
class PlaceIndex:
    """Places of statements by subject: what `locating.StatementIndex` answers, for texts of other formats."""

    entries: dict[str, list[tuple[str, str, Position]]] = field(default_factory=dict)
    subjects: dict[str, Position] = field(default_factory=dict)

    def add(self, subject: str, predicate: str, value: str, place: Position) -> None:
        """Note where a statement stands; `value` is an IRI or a lexical form."""
        self.entries.setdefault(subject, []).append((predicate, value, place))

    def find(
        self, subject: Term, predicate: Term | None = None, obj: Term | None = None
    ) -> tuple[int, Position] | None:
        """Find the place of a statement, else of the nearest: how many of the three terms agree, and where."""
        if isinstance(subject, BlankNode):
            return None
        assert isinstance(subject, NamedNode | Literal)
        said = self.entries.get(subject.value, [])
        wanted = predicate.value if isinstance(predicate, NamedNode) else None
        value = obj.value if isinstance(obj, NamedNode | Literal) else None
        with_predicate = [entry for entry in said if entry[0] == wanted]
        exact = [entry for entry in with_predicate if entry[1] == value]
        if exact:
            return 3, exact[0][2]
        if with_predicate:
            return 2, with_predicate[-1][2]
        place = self.subjects.get(subject.value)
        return (1, place) if place else None


class _Lines:
    """Offsets to lines and columns."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def position(self, offset: int) -> Position:
        line = bisect_right(self._starts, offset)
        return Position(line, offset - self._starts[line - 1] + 1)


# --- JSON-LD --------------------------------------------------------------------------------------------------------------------

_TOKEN = re.compile(r'\s*(?:(?P<mark>[{}\[\],:])|(?P<text>"(?:[^"\\]|\\.)*")|(?P<other>[^\s{}\[\],:"]+))')


@dataclass
class _Value:
    """A JSON value with its place: `content` is a list of pairs, a list of values, or a plain value."""

    content: Any
    at: int


def index_json(text: str, base: str) -> PlaceIndex:
    """Find the statements of a JSON-LD text.

    :raises SourceError: it is nested too deeply.
    """
    index, lines = PlaceIndex(), _Lines(text)
    root = _read_json(text)
    if root is not None:
        _JsonLd(index, lines, base).node(root, {})
    return index


def _read_json(text: str) -> _Value | None:
    """Read JSON with places, without recursion; None where it is none."""
    stack: list[_Value] = [_Value([], 0)]
    keys: list[tuple[str, int] | None] = [None]
    for token in _TOKEN.finditer(text):
        at = token.start(token.lastgroup or 0)
        mark = token["mark"]
        if mark in ("{", "["):
            if len(stack) > MOST_NESTED:
                raise SourceError(f"The text is nested more than {MOST_NESTED} deep.", line=text.count("\n", 0, at) + 1)
            value = _Value({} if mark == "{" else [], at)
            _put(stack[-1], keys, value)
            stack.append(value)
            keys.append(None)
        elif mark in ("}", "]"):
            if len(stack) == 1:
                return None
            stack.pop()
            keys.pop()
        elif token["text"] is not None:
            content = _decoded(token["text"])
            if isinstance(stack[-1].content, dict) and keys[-1] is None:
                keys[-1] = (content, at)
            else:
                _put(stack[-1], keys, _Value(content, at))
        elif token["other"] is not None:
            _put(stack[-1], keys, _Value(token["other"], at))
    return stack[0].content[0] if stack[0].content else None


def _decoded(text: str) -> str:
    try:
        return str(json.loads(text))
    except ValueError:
        return text


def _put(parent: _Value, keys: list[tuple[str, int] | None], value: _Value) -> None:
    if isinstance(parent.content, list):
        parent.content.append(value)
    elif keys[-1] is not None:
        parent.content[keys[-1][0]] = value
        keys[-1] = None


class _JsonLd:
    """Walks a document under its contexts."""

    def __init__(self, index: PlaceIndex, lines: _Lines, base: str) -> None:
        self.index, self.lines, self.base = index, lines, base

    def node(self, value: _Value, context: dict[str, Any]) -> str | None:
        """Note what an object says; return its IRI."""
        if isinstance(value.content, list):
            for item in value.content:
                self.node(item, context)
            return None
        if not isinstance(value.content, dict):
            return None
        context = self._context(value.content.get("@context"), context)
        named = next((item for key, item in value.content.items() if self._keyword(key, context) == "@id"), None)
        subject = self._iri(str(named.content), context, is_value=True) if named is not None else None
        if subject is not None:
            self.index.subjects.setdefault(subject, self.lines.position(value.at))
        for key, item in value.content.items():
            self._member(subject, self._keyword(key, context), item, context)
        return subject

    def _member(self, subject: str | None, key: str, item: _Value, context: dict[str, Any]) -> None:
        if key in ("@graph", "@included"):
            self.node(item, context)
        elif key == "@type":
            for one in _each(item):
                self._note(subject, _TYPE, self._iri(str(one.content), context), one)
        elif not key.startswith("@"):
            for one in _each(item):
                self._note(subject, self._iri(key, context), self._value(one, context), one)

    def _value(self, item: _Value, context: dict[str, Any]) -> str:
        if not isinstance(item.content, dict):
            return self._iri(str(item.content), context, is_value=True) if self._is_iri(item) else str(item.content)
        if "@value" in item.content:
            return str(item.content["@value"].content)
        if "@list" in item.content or "@set" in item.content:
            for one in _each(next(v for k, v in item.content.items() if k in ("@list", "@set"))):
                self.node(one, context)
            return ""
        return self.node(item, context) or ""

    def _is_iri(self, item: _Value) -> bool:
        return isinstance(item.content, str) and bool(_ABSOLUTE.match(item.content))

    def _note(self, subject: str | None, predicate: str, value: str, item: _Value) -> None:
        if subject is not None:
            self.index.add(subject, predicate, value, self.lines.position(item.at))

    def _context(self, value: _Value | None, context: dict[str, Any]) -> dict[str, Any]:
        context = dict(context)
        for one in _each(value) if value is not None else ():
            if isinstance(one.content, dict):
                for term, meaning in one.content.items():
                    iri = meaning.content.get("@id") if isinstance(meaning.content, dict) else meaning
                    context[term] = str(iri.content) if iri is not None else term
        return context

    def _keyword(self, key: str, context: dict[str, Any]) -> str:
        return str(context[key]) if str(context.get(key, "")).startswith("@") else key

    def _iri(self, text: str, context: dict[str, Any], *, is_value: bool = False) -> str:
        for _ in range(4):  # a term may stand for another
            prefix, colon, local = text.partition(":")
            if not is_value and text in context:
                text = context[text]
            elif colon and prefix in context and not local.startswith("//"):
                text = context[prefix] + local
            else:
                break
        if _ABSOLUTE.match(text):
            return text
        if not is_value and "@vocab" in context:
            return f"{context['@vocab']}{text}"
        return urljoin(str(context.get("@base", self.base)), text)


def _each(value: _Value) -> Iterator[_Value]:
    yield from value.content if isinstance(value.content, list) else (value,)


# --- RDF/XML --------------------------------------------------------------------------------------------------------------------


def index_xml(content: bytes, base: str) -> PlaceIndex:
    """Find the statements of an RDF/XML text; entities are never expanded.

    :raises SourceError: it is nested too deeply, or it declares entities.
    """
    return _RdfXml(base).read(content)


@dataclass
class _Element:
    """An open element: a node's `subject`, or a property's `predicate`, with the text within it."""

    subject: str | None
    predicate: str | None
    place: Position
    text: str = ""
    is_told: bool = False


class _RdfXml:
    """Follows expat's events: elements are nodes and properties in turn."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.index = PlaceIndex()
        self.stack: list[_Element] = []
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.EntityDeclHandler = self._refuse

    def read(self, content: bytes) -> PlaceIndex:
        try:
            self.parser.Parse(content, True)
        except expat.ExpatError as exc:
            message = f"This is not XML: {expat.ErrorString(exc.code)}."
            raise SourceError(message, line=exc.lineno, column=exc.offset + 1) from exc
        return self.index

    def _refuse(self, *_: object) -> None:
        place = self._place()
        raise SourceError("The text declares an XML entity, and none is expanded here.", line=place.line)

    def _place(self) -> Position:
        return Position(self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self.stack) > MOST_NESTED:
            raise SourceError(f"The text is nested more than {MOST_NESTED} deep.", line=self._place().line)
        own = {key.replace(" ", ""): value for key, value in attributes.items()}
        iri = name.replace(" ", "")
        parent = self.stack[-1] if self.stack else None
        if iri == f"{RDF}RDF":
            self.base = own.get("http://www.w3.org/XML/1998/namespacebase", self.base)
            return
        if parent is None or parent.predicate is not None:
            self._node(iri, own, parent)
        else:
            self._property(iri, own, parent)

    def _node(self, iri: str, own: dict[str, str], parent: _Element | None) -> None:
        named = own.get(f"{RDF}about")
        subject = urljoin(self.base, named) if named is not None else None
        if f"{RDF}ID" in own:
            subject = urljoin(self.base, f"#{own[f'{RDF}ID']}")
        place = self._place()
        self.stack.append(_Element(subject, None, place))
        if parent is not None and parent.predicate is not None and len(self.stack) > 2:
            self._tell(self.stack[-3].subject, parent.predicate, subject or "", parent.place)
            parent.is_told = True
        if subject is None:
            return
        self.index.subjects.setdefault(subject, place)
        if iri != f"{RDF}Description":
            self.index.add(subject, _TYPE, iri, place)
        for key, value in own.items():
            if not key.startswith((RDF, "http://www.w3.org/XML/1998/namespace")):
                self.index.add(subject, key, value, place)

    def _property(self, iri: str, own: dict[str, str], parent: _Element) -> None:
        element = _Element(None, iri, self._place())
        self.stack.append(element)
        if f"{RDF}resource" in own:
            self._tell(parent.subject, iri, urljoin(self.base, own[f"{RDF}resource"]), element.place)
            element.is_told = True

    def _tell(self, subject: str | None, predicate: str, value: str, place: Position) -> None:
        if subject is not None:
            self.index.add(subject, predicate, value, place)

    def _characters(self, text: str) -> None:
        if self.stack:
            self.stack[-1].text += text

    def _end(self, name: str) -> None:
        if name.replace(" ", "") == f"{RDF}RDF" or not self.stack:
            return
        element = self.stack.pop()
        if element.predicate is not None and not element.is_told and self.stack:
            self._tell(self.stack[-1].subject, element.predicate, element.text, element.place)
