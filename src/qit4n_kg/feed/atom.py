"""The feed in words, as Atom (RFC 4287), paged as an archive (RFC 5005 section 4); pure, knows no HTTP.

What an entry says comes from the versions alone, so that an archived document never changes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import unquote
from xml.sax.saxutils import escape, quoteattr

from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, RdfFormat, parse

from qit4n_kg.feed import terms as t
from qit4n_kg.feed.entries import BLANK, Kind
from qit4n_kg.feed.writing import thing
from qit4n_kg.namespaces import DCTERMS, RDF, RDFS, SKOS, STDORG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from qit4n_kg.feed.entries import Version

_DEFAULT = DefaultGraph()
_LABELS = tuple(NamedNode(iri) for iri in (RDFS + "label", SKOS + "prefLabel", DCTERMS + "title"))
_TYPE = NamedNode(RDF + "type")
_MOST_LINES = 12
_LONGEST = 300
_VERBS = {Kind.CREATED: "New", Kind.UPDATED: "Changed", Kind.DELETED: "Removed"}
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Turn(Enum):
    """What a line of what is told is about."""

    COME = "Now"
    GONE = "No longer"
    MORE = "More"
    SAME = "Same"
    NUMBER = "Number"


@dataclass(frozen=True)
class Line:
    """A statement in force that has come or gone; or how many more there are (`text`), how many in all, or that there is none."""

    turn: Turn
    text: str

    def __str__(self) -> str:
        if self.turn is Turn.MORE:
            return f"… and {self.text} more"
        if self.turn is Turn.SAME:
            return "What is in force did not change, but what single graphs state did."
        if self.turn is Turn.NUMBER:
            return f"Statements with blank nodes that are in force now: {self.text}."
        return f"{self.turn.value}: {self.text}"


@dataclass(frozen=True)
class Told:
    """A version in words: `lines` say what has come and gone of the statements in force."""

    version: Version
    iri: str
    label: str
    kind: str
    lines: tuple[Line, ...]

    @property
    def title(self) -> str:
        """One line that says it all."""
        return f"{_VERBS[self.version.kind]}: {self.label}" + (f" ({self.kind})" if self.kind else "")


def tell(version: Version, before: Version | None, base_iri: str) -> Told:
    """Say in words what a version brings; `before` is the one whose place it takes."""
    now, then = (_in_force(one) if one is not None else [] for one in (version, before))
    known = now or then
    if version.subject == BLANK:  # each is told by others that have no name either: nobody reads that
        number = Line(Turn.NUMBER, str(len(now)))
        return Told(version, thing(BLANK, base_iri).value, "Statements with blank nodes", "", (number,))
    come, gone = (
        [Line(turn, _clean(f"{_words(quad.predicate.value)}: {_value(quad.object, base_iri)}")) for quad in quads]
        for turn, quads in (
            (Turn.COME, [quad for quad in now if quad not in set(then)]),
            (Turn.GONE, [quad for quad in then if quad not in set(now)]),
        )
    )
    lines = [*gone, *come] if before is not None else come
    if not lines:
        lines = [Line(Turn.SAME, "")]
    if len(lines) > _MOST_LINES:
        lines = [*lines[:_MOST_LINES], Line(Turn.MORE, str(len(lines) - _MOST_LINES))]
    subject = thing(version.subject, base_iri).value
    label = _label(known) or _words(subject)
    kind = _class(version if version.lines or before is None else before)
    return Told(version, subject, _clean(label), kind, tuple(lines))


@dataclass(frozen=True)
class AtomWriter:
    """Writes documents of one epoch; `address` gives the address of a page about a thing, None where there is none."""

    base_iri: str
    epoch: str
    host: str
    address: Callable[[str], str | None]

    def document(self, told: Iterable[Told], *, path: str, updated: str, archived: int | None, is_archive: bool) -> str:
        """Write a document: entries with the newest first, and the page that is the archive before it."""
        host = self.host.rstrip("/")
        stream = t.stream_iri(self.base_iri, self.epoch)
        lines = [
            '<?xml version="1.0" encoding="utf-8"?>',
            '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:fh="http://purl.org/syndication/history/1.0" xml:lang="en">',
            f"<title>qit4n-kg: every change</title><id>{escape(stream)}</id><updated>{escape(updated)}</updated>",
            "<author><name>qit4n-kg</name></author>",
            f'<link rel="self" type="application/atom+xml" href={quoteattr(host + path)}/>',
            f'<link rel="alternate" type="text/html" href={quoteattr(host + t.ROOT)}/>',
        ]
        if is_archive:
            lines.append(f'<fh:archive/><link rel="current" href={quoteattr(host + t.ATOM_ROOT)}/>')
        if archived:
            before = f"{host}{t.page_path(self.epoch, archived)}.atom"
            lines.append(f'<link rel="prev-archive" type="application/atom+xml" href={quoteattr(before)}/>')
        lines += [self._entry(one, host) for one in told]
        return "\n".join([*lines, "</feed>", ""])

    def _entry(self, told: Told, host: str) -> str:
        version = told.version
        page = self.address(told.iri)
        own = f"{host}{t.ROOT}/{self.epoch}/{version.number}"
        link = f'<link rel="alternate" href={quoteattr(host + page if page else own)}/>'
        via = f'<link rel="via" type="application/trig" href={quoteattr(own)}/>'
        words = escape("\n".join(map(str, told.lines)))
        return (
            f"<entry><title>{escape(told.title)}</title>"
            f"<id>{escape(t.member_iri(self.base_iri, self.epoch, version.number))}</id>"
            f"<updated>{escape(version.time)}</updated>{link}{via}"
            f'<category term={quoteattr(version.kind.value)}/><summary type="text">{words}</summary>'
            "</entry>"
        )


def _in_force(version: Version) -> list[Quad]:
    quads = parse(version.lines, RdfFormat.N_QUADS, lenient=True)
    return [quad for quad in quads if quad.graph_name == _DEFAULT]


def _label(quads: Iterable[Quad]) -> str:
    """Choose a name: an English one, one without a language, any."""
    found = [
        (_LABELS.index(quad.predicate), (quad.object.language or "") not in ("en", ""), quad.object.value)
        for quad in quads
        if quad.predicate in _LABELS and isinstance(quad.object, Literal)
    ]
    return min(found)[2] if found else ""


def _class(version: Version) -> str:
    """Name a class of our ontology that a passage or a file says it is of, not one that follows from that."""
    names = [
        quad.object.value
        for quad in parse(version.lines, RdfFormat.N_QUADS, lenient=True)
        if quad.predicate == _TYPE
        and isinstance(quad.object, NamedNode)
        and quad.object.value.startswith(STDORG)
        and isinstance(quad.graph_name, NamedNode)
        and "/entailed/" not in quad.graph_name.value
    ]
    return _words(min(names)).lower() if names else ""


def _words(iri: str) -> str:
    """Return the last part of an IRI as words.

    >>> _words("https://w3id.org/stdorg/ns#subBodyOf"), _words("https://w3id.org/qit4n/id/person/kaoru-kenyoshi")
    ('sub body of', 'kaoru-kenyoshi')
    """
    last = unquote(re.split(r"[/#]", iri.rstrip("/#"))[-1]) or iri
    return _CAMEL.sub(" ", last).lower() if _CAMEL.search(last) else last


def _value(term: object, base_iri: str) -> str:
    """Return a value as words: an IRI of ours by its last part, which is made of words; any other whole."""
    if isinstance(term, NamedNode):
        return _words(term.value) if term.value.startswith((base_iri, STDORG)) else term.value[:_LONGEST]
    return (term.value if isinstance(term, Literal) else str(term))[:_LONGEST]


def _clean(text: str) -> str:
    """Drop what XML 1.0 can't hold."""
    return "".join(
        c for c in text if c in "\t\n" or (c >= " " and c not in "\ufffe\uffff" and not "\ud800" <= c <= "\udfff")
    )
