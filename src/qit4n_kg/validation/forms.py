"""What a form about one thing, or a new one of a class, shows: its fields, what they hold, what may be chosen; it writes nothing.

A form shows what it can say exactly; every other statement of the thing is kept, and only named. Things to choose from are listed
where there are few; where there are many, they are searched.
"""

from __future__ import annotations

from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from pyoxigraph import Literal, NamedNode

from qit4n_kg.errors import NotFoundError
from qit4n_kg.namespaces import SKOS, STDORG, compact
from qit4n_kg.validation.columns import LANGUAGE_TEXT, target_classes
from qit4n_kg.validation.fields import LABEL, Field, fields_of, shapes_graph
from qit4n_kg.validation.identifiers import MOST_SEEN, learn_pattern
from qit4n_kg.validation.literals import is_well_formed
from qit4n_kg.validation.model import TYPE
from qit4n_kg.validation.sheets import kinds_below
from qit4n_kg.validation.terms import label_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from qit4n_kg.store.base import Term
    from qit4n_kg.validation.tables import Reading
    from qit4n_kg.validation.views import View

MOST_LISTED = 100
"""From so many things on they are searched instead of listed."""
MOST_STATEMENTS = 1_000
_FEW = 12
"""A form with no more fields shows them all at once."""
_OFTEN = 0.25
_NEVER_NEW = (NamedNode(f"{STDORG}NamedGraph"), NamedNode(f"{SKOS}Concept"), NamedNode(f"{SKOS}ConceptScheme"))
_GRAPH = _NEVER_NEW[0]
_ANY = "http://www.w3.org/2001/XMLSchema#string"


class FormMaker:
    """Makes forms from one state of the shapes and the data."""

    def __init__(self, reading: Reading, data: View, follows: Callable[[NamedNode], bool]) -> None:
        self._reading = reading
        self._data = data
        self._follows = follows
        self._kinds = set(target_classes(reading.shapes).values())
        # The data don't change while this is used, so what a class comes to is worked out once.
        self._fields = cache(self._read_fields)
        self._some = cache(self._read_some)
        self._used = cache(self._read_used)
        self._pattern = cache(self._read_pattern)
        self._list = cache(self._read_list)

    def read(self, name: str, thing: NamedNode | None) -> dict[str, Any]:
        """Describe the form about a thing, or about a new one of the class of a name, as plain values; terms as in N-Triples.

        :raises NotFoundError: no shape is about such a class, or nothing is stated of the thing, or nothing that a form shows.
        """
        kind = self._kind_of(thing) if thing is not None else self._kind_named(name)
        fields = list(self._fields(kind))
        stated = list(islice(self._data.about(thing), MOST_STATEMENTS)) if thing is not None else []
        by_predicate = {field.column.predicate: field for field in fields}
        shown = [(p, v) for p, v in stated if p in by_predicate and can_say(by_predicate[p], v)]
        used = self._used(kind)
        fields = [one for one in fields if not one.is_general or one.column.predicate in used or _is_named(one, shown)]
        nested = self._nested(fields)
        known = [(kind, fields), *((k, f) for k, f in nested.items() if k != kind)]
        return {
            "kind": self._class(kind),
            "thing": thing.value if thing is not None else None,
            "label": label_of(self._data, thing) if thing is not None else None,
            "shapes": shapes_graph(known),
            "classes": {k.value: self._described(k, f, shown if k == kind else []) for k, f in known},
            "lists": self._lists(field for _, own in known for field in own),
            "statements": [[predicate.value, str(value)] for predicate, value in shown],
            "kept": [[p.value, self._text(v)] for p, v in stated if p != TYPE and (p, v) not in shown],
            "names": {
                v.value: label for _, v in shown if isinstance(v, NamedNode) and (label := label_of(self._data, v))
            },
        }

    def classes(self) -> list[dict[str, Any]]:
        """Return the classes that there is a form for, by name, with how many things each has."""
        found = [self._class(kind) | {"count": len(self._some(kind))} for kind in self._kinds if self._is_named(kind)]
        return sorted(found, key=lambda one: str(one["name"]))

    # --- classes

    def _kind_named(self, name: str) -> NamedNode:
        known = target_classes(self._reading.shapes)
        kind = known.get(name.lower()) or next(
            (one for one in self._kinds if name in (one.value, compact(one.value))), None
        )
        if kind is None or not self._is_named(kind):
            raise NotFoundError(
                f"There is no form for {name[:60]!r}.", hint="/contribute/new lists those that there are."
            )
        return kind

    def _kind_of(self, thing: NamedNode) -> NamedNode:
        """Return the most special class of a thing that shapes are about."""
        kinds = [
            kind for kind in self._data.objects(thing, TYPE) if isinstance(kind, NamedNode) and kind in self._kinds
        ]
        special = [one for one in kinds if not any(two != one and two in self._below(one) for two in kinds)]
        if not special or special[0] in self._below(_GRAPH):
            raise NotFoundError(
                f"There is no form for <{thing.value}>: nothing states what it is, or no shape is about that.",
                hint="Say what is wrong at /contribute.",
            )
        return min(special, key=str)

    def _may_be_new(self, kind: NamedNode) -> bool:
        """Tell whether people make new things of a class: not graphs, not closed lists and their terms."""
        return not any(kind in self._below(one) for one in _NEVER_NEW)

    def _is_named(self, kind: NamedNode) -> bool:
        """Tell whether there may be new things of a class, and they have a name."""
        named = (field for field in self._fields(kind) if field.column.predicate == LABEL)
        return self._may_be_new(kind) and any(field.is_required for field in named)

    def _below(self, kind: NamedNode) -> set[NamedNode]:
        return kinds_below(kind, self._reading.axioms)

    def _class(self, kind: NamedNode) -> dict[str, Any]:
        local = kind.value.rsplit("#", 1)[-1].rsplit("/", 1)[-1]
        return {"iri": kind.value, "name": local}

    # --- fields

    def _read_fields(self, kind: NamedNode) -> tuple[Field, ...]:
        found = fields_of(self._reading.shapes, kind, self._reading.axioms)
        return tuple(field for field in found if not self._follows(field.column.predicate))

    def _nested(self, fields: Iterable[Field]) -> dict[NamedNode, list[Field]]:
        """Return the fields of new things inside a form: what such a thing needs, what identifies it, and its first few others."""
        kinds = dict.fromkeys(kind for field in fields for kind in field.column.kinds if self._may_be_new(kind))
        found = {}
        for kind in kinds:
            own = [
                field
                for field in self._fields(kind)
                if not field.is_general or field.column.predicate in self._used(kind)
            ]
            pattern = self._pattern(kind) or ""
            found[kind] = [
                one
                for number, one in enumerate(own)
                if one.is_required
                or f"{{{one.column.predicate.value}}}" in pattern
                or (number < _FEW and not one.column.is_link)
            ]
        return {kind: own for kind, own in found.items() if self._is_named(kind)}

    def _read_used(self, kind: NamedNode) -> set[NamedNode]:
        """Return the properties that a good part of the things have."""
        counted: dict[NamedNode, int] = {}
        things = self._some(kind)[:MOST_SEEN]
        for thing in things:
            for predicate in {predicate for predicate, _ in self._data.about(thing)}:
                counted[predicate] = counted.get(predicate, 0) + 1
        return {predicate for predicate, count in counted.items() if count >= len(things) * _OFTEN}

    def _described(
        self, kind: NamedNode, fields: Sequence[Field], shown: Sequence[tuple[NamedNode, Term]]
    ) -> dict[str, Any]:
        used = self._used(kind)
        few = len(fields) <= _FEW

        def is_first(field: Field) -> bool:
            predicate = field.column.predicate
            return few or field.is_required or predicate in used or _is_named(field, shown)

        return {
            **self._class(kind),
            "pattern": self._pattern(kind),
            "fields": {one.column.predicate.value: self._field(one) | {"first": is_first(one)} for one in fields},
        }

    def _field(self, field: Field) -> dict[str, Any]:
        column = field.column
        return {
            "name": column.name,
            "code": column.code,
            "help": column.help,
            "datatypes": [one for one in column.datatypes if one != LANGUAGE_TEXT],
            "language": field.has_language,
            "link": column.is_link,
            "required": field.is_required,
            "long": field.is_long,
            "most": column.most,
            "kinds": [self._class(kind) | {"new": self._may_be_new(kind)} for kind in column.kinds],
            "list": " ".join(kind.value for kind in column.kinds),
        }

    def _read_pattern(self, kind: NamedNode) -> str | None:
        predicates = [field.column.predicate for field in self._fields(kind)]
        return learn_pattern(self._some(kind), self._data, f"{self._reading.base_iri}id/", predicates)

    def _lists(self, fields: Iterable[Field]) -> dict[str, list[list[str]]]:
        """Return the lists to choose from, each by the classes that its things are of."""
        found = {}
        for kinds in dict.fromkeys(field.column.kinds for field in fields if field.column.kinds):
            listed = self._list(kinds)
            if listed is not None:
                found[" ".join(kind.value for kind in kinds)] = listed
        return found

    def _read_list(self, kinds: tuple[NamedNode, ...]) -> list[list[str]] | None:
        """Return what may be chosen, with labels; None where it is searched or typed."""
        things: dict[NamedNode, None] = {}
        for kind in kinds:
            things |= dict.fromkeys(self._some(kind))
        if not 0 < len(things) <= MOST_LISTED:
            return None
        named = [[thing.value, label_of(self._data, thing) or compact(thing.value)] for thing in things]
        return sorted(named, key=lambda pair: (pair[1].casefold(), pair[0]))

    def _read_some(self, kind: NamedNode) -> list[NamedNode]:
        """Return the things of a class."""
        found = (thing for one in self._below(kind) for thing in self._data.subjects(TYPE, one))
        return list(dict.fromkeys(thing for thing in found if isinstance(thing, NamedNode)))

    def _text(self, value: Term) -> str:
        if isinstance(value, NamedNode):
            return label_of(self._data, value) or value.value
        return value.value if isinstance(value, Literal) else str(value)


def can_say(field: Field, value: Term) -> bool:
    """Tell whether a field can show a value and give the same back."""
    if isinstance(value, NamedNode):
        return field.column.is_link
    if (
        not isinstance(value, Literal)
        or field.column.is_link
        or "\r" in value.value
        or value.value != value.value.strip()
    ):
        return False
    if not value.value or ("\n" in value.value and not field.is_long):
        return False
    if value.language is not None:
        return field.has_language
    datatype = value.datatype.value
    if not field.column.datatypes:
        return datatype == _ANY
    return datatype in field.column.datatypes and is_well_formed(value)


def _is_named(field: Field, shown: Iterable[tuple[NamedNode, Term]]) -> bool:
    return any(predicate == field.column.predicate for predicate, _ in shown)
