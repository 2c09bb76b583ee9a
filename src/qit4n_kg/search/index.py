"""The full-text index of one generation: written once, then only read; no HTTP, no store.

It lies beside the store, in `search/`, and is as immutable. Every word of a question must match a name, a code, an identifier or a
text of the thing: as it is, as the beginning of a word, or with one typo. A whole name or code that is the question comes first,
then names that begin so, then the rest; between equals the kinds that people seek, then the alphabet (`harvest` sorts them so).

What a question may cost is bounded by its length and its number of words: each is a few look-ups in a sorted dictionary.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import tantivy
from tantivy import Occur, Query

from qit4n_kg.errors import ParameterError, SearchMissingError, StateError
from qit4n_kg.namespaces import STDORG
from qit4n_kg.search.text import indexed_words, key, may_be_misspelt, needed, words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from qit4n_kg.search.harvest import Record

FOLDER = "search"
"""The index's place in a generation's folder."""
ABOUT = "about.json"
VERSION = 2
LONGEST_QUESTION = 200
MOST_WORDS = 12
MOST_HITS = 10_000
"""Hits that can be reached by paging: what comes after them is better found by a filter."""
MOST_FACETS = 60
FACETS = ("kind", "group", "country", "year")
"""What an answer can be narrowed by. A kind is a class of ours that is some thing's most specific one; a filter takes any class."""
NEAR = 8
_MOST_CLASSES = 1000

_HEAP = 64 * 1024 * 1024
_EXACT, _BEGINS, _WORD, _START, _TYPO, _TEXT, _WHOLE_TYPO = 1000.0, 60.0, 12.0, 6.0, 3.0, 1.0, 0.5
_SHORTEST_START = 2
_SHORTEST_WHOLE = 6
_SMALL = 20_000
"""Where there are more things, no single letter is continued: that would join the places of a tenth of all words."""


@dataclass(frozen=True)
class Hit:
    """One thing that was found; `classes`, `groups` and the like are IRIs."""

    iri: str
    label: str
    score: float
    names: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    summary: str = ""
    kinds: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Count:
    """One value of a facet and how many of the things found have it."""

    value: str
    count: int


@dataclass(frozen=True)
class Found:
    """An answer: a part of the hits, how many there are, and the facets' counts under the filters.

    `is_near` says that nothing matches and these are merely alike; `is_tolerant`, that it took more than one typo a word.
    """

    total: int
    hits: tuple[Hit, ...]
    words: tuple[str, ...]
    facets: Mapping[str, tuple[Count, ...]] = field(default_factory=dict)
    is_tolerant: bool = False
    is_near: bool = False


Fields = dict[str, tuple["Record", dict[str, Any]]]
"""By IRI a record and what is indexed of it but its position, so that it need not be made again."""


def write_index(folder: Path, records: Sequence[Record], known: Fields | None = None) -> Fields:
    """Write an index of these records, in their order, into a new folder.

    `known` is what another call returned; what it has of the same record is taken from there.

    :raises OSError: the folder can't be written, as when the disk is full.
    """
    folder.mkdir()
    schema = _schema()
    fields: Fields = {}
    try:
        index = tantivy.Index(schema, path=str(folder))
        writer = index.writer(_HEAP, 1)
        for position, record in enumerate(records):
            found = known.get(record.iri) if known else None
            made = found[1] if found is not None and found[0] == record else _fields(record)
            fields[record.iri] = (record, made)
            writer.add_document(tantivy.Document.from_dict({**made, "position": [position]}, schema))
        writer.commit()
        writer.wait_merging_threads()
    except ValueError as exc:  # which is how the library tells of input and output
        raise OSError(str(exc)) from exc
    about = {"version": VERSION, "records": len(records)}
    (folder / ABOUT).write_text(json.dumps(about) + "\n", encoding="utf-8")
    return fields


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for name in ("exact", "iri"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in ("names", "text"):
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="freq")
    for name in FACETS:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    for name in ("class", "property"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    builder.add_unsigned_field("weight", indexed=True)
    builder.add_unsigned_field("position", fast=True)
    builder.add_bytes_field("record", stored=True)
    return builder.build()


def _fields(record: Record) -> dict[str, Any]:
    whole = (record.label, *record.names, *record.codes, *record.identifiers)
    named = " ".join(word for text in whole for word in indexed_words(text))
    shown = Hit(
        iri=record.iri,
        label=record.label,
        score=0.0,
        names=record.names,
        codes=record.codes,
        identifiers=tuple(text for text in record.identifiers if text != record.iri),
        summary=record.summary,
        kinds=record.kinds,
        classes=record.classes,
    )
    return {
        "exact": sorted({key(text) for text in whole}),
        "iri": [record.iri],
        "names": [named],
        "text": [" ".join(indexed_words(record.text))],
        "kind": [name for name in record.kinds if name.startswith(STDORG)],
        "class": list(record.classes),
        "property": list(record.properties),
        "group": list(record.groups),
        "country": list(record.countries),
        "year": list(record.years),
        "weight": [record.weight],
        "record": [json.dumps(asdict(shown), ensure_ascii=False).encode()],
    }


class SearchIndex:
    """The index of one generation, open for reading; shared by threads."""

    def __init__(self, folder: Path) -> None:
        """Open it.

        :raises SearchMissingError: the generation was built without one.
        :raises StateError: it is damaged.
        """
        try:
            about = json.loads((folder / ABOUT).read_bytes())
            if about["version"] != VERSION:
                raise _missing()
            self._index = tantivy.Index.open(str(folder))
            self._searcher = self._index.searcher()
        except FileNotFoundError:
            raise _missing() from None
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise StateError("The search index can't be read.", hint="Build again.") from exc
        self._schema = self._index.schema
        self.of: int | None = about.get("of")
        """The older generation that it was written for; None where it is this one's own."""

    def __len__(self) -> int:
        """Count the things that can be found."""
        return int(self._searcher.num_docs)

    def search(
        self,
        question: str,
        filters: Mapping[str, str] | None = None,
        *,
        limit: int = 20,
        offset: int = 0,
        with_facets: bool = True,
    ) -> Found:
        """Find things; an empty question finds all that pass the filters, by kind and name.

        :raises ParameterError: the question is too long.
        """
        sought = self.read(question)
        if question.strip() and not sought:
            return Found(0, (), ())
        filters = filters or {}
        is_tolerant, matching = False, self._matching(sought, question)
        if sought and not self._count(matching):
            is_tolerant, matching = True, self._tolerant(sought, question)
            if not self._count(matching):
                return Found(0, self._near(sought), tuple(sought), is_tolerant=True, is_near=True)
        total = self._count(self._filtered(matching, filters))
        hits = self._hits(self._filtered(matching, filters), limit, offset, is_ranked=bool(sought))
        facets = self._facets(matching, filters) if with_facets else {}
        return Found(total, hits, tuple(sought), facets, is_tolerant)

    def suggest(self, question: str, limit: int = 10) -> Found:
        """Find what a name that is being typed may become."""
        sought = self.read(question)
        if not sought:
            return Found(0, (), ())
        ways = (
            self._matching(sought, question, with_text=False),
            self._tolerant(sought, question, with_text=False),
        )
        for matching in ways:
            hits = self._hits(matching, limit, 0, is_ranked=True)
            if hits:
                return Found(len(hits), hits, tuple(sought))
        return Found(0, (), tuple(sought))

    def get(self, iri: str) -> Hit | None:
        """Return one thing by its IRI."""
        hits = self._hits(self._term("iri", iri), 1, 0, is_ranked=True)
        return hits[0] if hits else None

    def counts(self, name: str, filters: Mapping[str, str] | None = None, most: int = MOST_FACETS) -> tuple[Count, ...]:
        """Count the values of `class`, `property` or a facet over all things that pass the filters."""
        return self._terms(self._filtered(Query.all_query(), filters or {}), name, most)

    @staticmethod
    def read(question: str) -> list[str]:
        """Split a question into words.

        :raises ParameterError: it is too long, or has too many words.
        """
        if len(question) > LONGEST_QUESTION:
            raise ParameterError(
                f"The text to search for has {len(question)} characters.", hint=f"Up to {LONGEST_QUESTION} are taken."
            )
        sought = needed(words(question))
        if len(sought) > MOST_WORDS:
            raise ParameterError(f"The text to search for has {len(sought)} words.", hint=f"Up to {MOST_WORDS} count.")
        return sought

    # --- queries ----------------------------------------------------------------------------------------------------------

    def _matching(self, sought: Sequence[str], question: str, *, with_text: bool = True) -> Query:
        """Match things that have all words, names that are the question or begin so, and whole names with one typo."""
        if not sought:
            return Query.all_query()
        every = Query.boolean_query([(Occur.Must, self._word(word, with_text=with_text)) for word in sought])
        return self._ranked([every, *self._whole(question)], question)

    def _tolerant(self, sought: Sequence[str], question: str, *, with_text: bool = True) -> Query:
        """Allow a typo in short words and codes too."""
        every = Query.boolean_query(
            [(Occur.Must, self._loosely(word, 1, with_text=with_text)) for word in sought if len(word) > 1]
        )
        return self._ranked([every, *self._whole(question)], question)

    def _near(self, sought: Sequence[str]) -> tuple[Hit, ...]:
        """Return what has some of the words, or words like them."""
        some = [(Occur.Should, self._loosely(word, 2 if len(word) > 5 else 1)) for word in sought if len(word) > 2]
        return self._hits(Query.boolean_query(some), NEAR, 0, is_ranked=True) if some else ()

    def _ranked(self, ways: Sequence[Query], question: str) -> Query:
        """Put whole names first, and of equals the kinds that people seek."""
        matched = Query.boolean_query([(Occur.Should, way) for way in ways])
        name = key(question)
        first = [Query.const_score_query(self._term("exact", name), _EXACT)]
        if len(name) >= _SHORTEST_START:
            first.append(Query.const_score_query(self._fuzzy("exact", name, 0, prefix=True), _BEGINS))
        weights = [
            Query.const_score_query(Query.term_query(self._schema, "weight", weight), float(weight))
            for weight in range(1, 5)
        ]
        return Query.boolean_query([(Occur.Must, matched), *((Occur.Should, one) for one in (*first, *weights))])

    def _whole(self, question: str) -> list[Query]:
        name = key(question)
        if len(name) < _SHORTEST_WHOLE:
            return []
        return [Query.const_score_query(self._fuzzy("exact", name, 1), _WHOLE_TYPO)]

    def _word(self, word: str, *, with_text: bool) -> Query:
        ways = [Query.const_score_query(self._term("names", word), _WORD)]
        if len(word) >= _SHORTEST_START or (not with_text and len(self) <= _SMALL):
            ways.append(Query.const_score_query(self._fuzzy("names", word, 0, prefix=True), _START))
        if may_be_misspelt(word):
            ways.append(Query.const_score_query(self._fuzzy("names", word, 1), _TYPO))
        if with_text:
            ways.append(Query.boost_query(self._term("text", word), _TEXT))
            if may_be_misspelt(word):
                ways.append(Query.const_score_query(self._fuzzy("text", word, 1), _TEXT / 2))
        return Query.disjunction_max_query(ways)

    def _loosely(self, word: str, distance: int, *, with_text: bool = True) -> Query:
        ways = [
            Query.const_score_query(self._term("names", word), _WORD),
            Query.const_score_query(self._fuzzy("names", word, distance), _TYPO),
        ]
        if with_text:
            ways.append(Query.const_score_query(self._term("text", word), _TEXT))
        return Query.disjunction_max_query(ways)

    def _term(self, name: str, value: str) -> Query:
        return Query.term_query(self._schema, name, value, "basic")

    def _fuzzy(self, name: str, value: str, distance: int, *, prefix: bool = False) -> Query:
        return Query.fuzzy_term_query(self._schema, name, value, distance, True, prefix)

    def _filtered(self, matching: Query, filters: Mapping[str, str], but: str = "") -> Query:
        chosen = [
            (Occur.Must, Query.const_score_query(self._term("class" if name == "kind" else name, value), 0.0))
            for name, value in filters.items()
            if name != but
        ]
        return Query.boolean_query([(Occur.Must, matching), *chosen]) if chosen else matching

    # --- answers ----------------------------------------------------------------------------------------------------------

    def _count(self, query: Query) -> int:
        return int(self._searcher.search(query, 1, True).count or 0)  # type: ignore[attr-defined]

    def _hits(self, query: Query, limit: int, offset: int, *, is_ranked: bool) -> tuple[Hit, ...]:
        if is_ranked:
            found = self._searcher.search(query, limit, False, None, offset)
        else:
            found = self._searcher.search(query, limit, False, "position", offset, tantivy.Order.Asc)
        return tuple(self._hit(score if is_ranked else 0.0, address) for score, address in found.hits)

    def _hit(self, score: float, address: Any) -> Hit:
        values = json.loads(bytes(self._searcher.doc(address)["record"][0]))
        lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
        return Hit(**{**values, **lists, "score": round(score, 3)})

    def _facets(self, matching: Query, filters: Mapping[str, str]) -> dict[str, tuple[Count, ...]]:
        """Count each facet's values under the filters of the others, so that a chosen one still shows what else there is."""
        return {name: self._terms(self._filtered(matching, filters, but=name), name, MOST_FACETS) for name in FACETS}

    def _terms(self, query: Query, name: str, most: int) -> tuple[Count, ...]:
        if name != "kind":
            return self._buckets(query, name, most)
        # Of what a kind's own kinds are there too, as choosing it finds them.
        kinds = {count.value for count in self._buckets(query, name, most)}
        classes = self._buckets(query, "class", _MOST_CLASSES)
        return tuple(count for count in classes if count.value in kinds)

    def _buckets(self, query: Query, name: str, most: int) -> tuple[Count, ...]:
        wanted = {"counted": {"terms": {"field": name, "size": most, "segment_size": 10 * most}}}
        buckets = self._searcher.aggregate(query, wanted)["counted"]["buckets"]
        return tuple(Count(bucket["key"], bucket["doc_count"]) for bucket in buckets)

    @cached_property
    def kinds(self) -> tuple[Count, ...]:
        """How many things there are of each kind."""
        return self.counts("kind")


def _missing() -> SearchMissingError:
    return SearchMissingError(
        "This generation has no search index.",
        hint="A build writes one, unless it is of a scratch dataset; an older version's build had none.",
    )
