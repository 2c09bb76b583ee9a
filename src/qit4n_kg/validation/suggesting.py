"""What to write instead: a thing for its label, a date in the form that is meant, and a person who may be there already.

It only suggests what follows from the data and the value; where two readings are possible it says nothing. It decides nothing.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import defaultdict
from dataclasses import replace
from datetime import date
from functools import cached_property
from itertools import islice, permutations
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode

from qit4n_kg.namespaces import RDFS, SH, SKOS, STDORG, STDORG_SHAPES, XSD, compact
from qit4n_kg.reporting import Result, Severity
from qit4n_kg.validation.columns import every_column
from qit4n_kg.validation.model import TYPE, Evaluation
from qit4n_kg.validation.terms import label_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import rdflib
    from pyoxigraph import Quad

    from qit4n_kg.store.base import Term
    from qit4n_kg.validation.columns import Column
    from qit4n_kg.validation.views import View

_LABELS = tuple(NamedNode(iri) for iri in (f"{RDFS}label", f"{SKOS}altLabel", f"{SKOS}notation"))
_PERSON = NamedNode(f"{STDORG}Person")
_NEAR = f"{STDORG_SHAPES}PersonOnce"
_ALIKE = 0.88
_NEARLY = 0.75
_MISFITS = tuple(f"{SH}{name}ConstraintComponent" for name in ("Datatype", "Or"))
_ORDERS = tuple(f"{SH}{name}ConstraintComponent" for name in ("LessThan", "LessThanOrEquals"))
"""A text where a date should be is neither before nor after another one: that it is no date says all."""
_OF_FORM = ("", *_MISFITS)
_MOST_PEOPLE = 5000
"""Up to so many names are compared one by one; among more, only names of the same words in another order or case are found."""
_MOST_WORDS = 4
_MONTHS = {name: n for n, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), start=1)}
_DATE_FORMS = (
    re.compile(r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})\Z"),
    re.compile(r"(?P<d>\d{1,2})(?:st|nd|rd|th)?\s+(?P<m>[A-Za-z]{3,9})\.?,?\s+(?P<y>\d{4})\Z"),
    re.compile(r"(?P<m>[A-Za-z]{3,9})\.?\s+(?P<d>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<y>\d{4})\Z"),
    re.compile(r"(?P<d>1[3-9]|2\d|3[01])[/.](?P<m>\d{1,2})[/.](?P<y>\d{4})\Z"),  # only the day can be over 12
    re.compile(r"(?P<m>\d{1,2})/(?P<d>1[3-9]|2\d|3[01])/(?P<y>\d{4})\Z"),
)
_MONTH_FORMS = (
    re.compile(r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})\Z"),
    re.compile(r"(?P<m>\d{1,2})[-/.](?P<y>\d{4})\Z"),
    re.compile(r"(?P<m>[A-Za-z]{3,9})\.?,?\s+(?P<y>\d{4})\Z"),
)


class Suggester:
    """Suggestions from one state of the data; who is called what is read when it is first needed, and kept."""

    def __init__(self, data: View, shapes: rdflib.Graph) -> None:
        self._data = Evaluation(data)
        self._shapes = shapes

    def improve(self, results: Iterable[Result]) -> list[Result]:
        """Return the results with what to write instead, without those that only follow from a value of another datatype."""
        results = list(results)
        misfits = {(one.focus, one.path, one.value) for one in results if one.component in _MISFITS}
        told = (
            one for one in results if one.component not in _ORDERS or (one.focus, one.path, one.value) not in misfits
        )
        return [_with(result, self._advice(result)) for result in told]

    def things(self, label: str, kinds: Sequence[NamedNode]) -> Sequence[NamedNode]:
        """Return the things of any of some classes (none: of any) that are called so."""
        wanted = dict.fromkeys(kinds)
        view = self._data.view
        texts = (Literal(label.strip()), Literal(label.strip(), language="en"))
        found = [thing for predicate in _LABELS for text in texts for thing in view.subjects(predicate, text)]
        return [
            thing
            for thing in dict.fromkeys(found)
            if isinstance(thing, NamedNode) and (not wanted or not self._data.kinds(thing).isdisjoint(wanted))
        ]

    def knows(self, thing: NamedNode) -> bool:
        """Tell whether anything is said of a thing."""
        return next(iter(self._data.view.about(thing)), None) is not None

    def near_duplicates(self, adds: Iterable[Quad], retracts: Iterable[Quad] = ()) -> list[Result]:
        """Return a warning for each new person who is called like one that is there, and stays there."""
        adds = list(adds)
        leaving = {quad.subject for quad in retracts if quad.predicate == TYPE}
        new = {quad.subject: None for quad in adds if quad.predicate == TYPE and quad.object == _PERSON}
        found = []
        for quad in adds:
            if quad.subject not in new or quad.predicate != _LABELS[0] or not isinstance(quad.object, Literal):
                continue
            if not self._data.view.objects(quad.subject, TYPE):
                alike = [other for other in self._alike(quad.object.value) if other not in leaving]
                found += [self._near(quad.subject, quad.object, other) for other in alike[:3]]
        return found

    def _near(self, person: Term, label: Literal, other: Term) -> Result:
        name = label_of(self._data.view, other)
        return Result(
            Severity.WARNING,
            f"A person called {name!r} is there already; is this the same one?",
            person,
            "rdfs:label",
            label,
            _NEAR,
            predicate=_LABELS[0],
            focus_label=label.value,
            suggestion=f"If so, write {other} instead of {person}.",
        )

    # --- names of people

    @cached_property
    def _people(self) -> dict[str, dict[Term, str]] | None:
        """People by each word of their name; None where they are too many to be read for this."""
        people = self._data.instances(_PERSON)
        if len(people) > _MOST_PEOPLE:
            return None
        found: dict[str, dict[Term, str]] = defaultdict(dict)
        for person in people:
            for predicate in _LABELS[:2]:
                for label in self._data.view.objects(person, predicate):
                    words = _words(label.value) if isinstance(label, Literal) else []
                    for word in words:
                        found[word][person] = " ".join(sorted(words))
        return found

    def _alike(self, label: str) -> list[Term]:
        words = _words(label)
        if self._people is None:
            return [thing for name in _variants(label) for thing in self.things(name, (_PERSON,))]
        key = " ".join(sorted(words))
        near: dict[Term, float] = {}
        for word in words:
            for person, name in self._people.get(word, {}).items():
                ratio = difflib.SequenceMatcher(None, key, name).ratio()
                if ratio >= _ALIKE:
                    near[person] = max(ratio, near.get(person, 0))
        return sorted(near, key=lambda person: (-near[person], str(person)))

    # --- values

    @cached_property
    def _columns(self) -> dict[str, Column]:
        return every_column(self._shapes)

    def _advice(self, result: Result) -> str | None:
        if not isinstance(result.value, Literal) or result.predicate is None:
            return None
        column = self._columns.get(result.predicate.value)
        if column is None:
            return None
        if column.is_link or result.component == f"{SH}ClassConstraintComponent":
            found = self.things(result.value.value, column.kinds)
            if not found:
                return self._nearest(result.value.value, column.kinds)
            return f"Write {found[0]} instead of the text." if len(found) == 1 else None
        if result.component not in _OF_FORM:
            return None  # it is of the datatype, and something else is wrong with it
        return _reword(result.value, column.datatypes)

    def _nearest(self, text: str, kinds: Sequence[NamedNode]) -> str:
        """Say that nothing is called so, and what is nearly."""
        labels: dict[str, Term] = {}
        for thing in islice((one for kind in kinds for one in self._data.instances(kind)), _MOST_PEOPLE):
            for predicate in _LABELS:
                for label in self._data.view.objects(thing, predicate):
                    if isinstance(label, Literal):
                        labels.setdefault(label.value, thing)
        told = f"Nothing of this kind is called {text[:80]!r}."
        near = difflib.get_close_matches(text, labels, 1, _NEARLY)
        return f"{told} Did you mean {near[0]!r}? Then write {labels[near[0]]}." if near else told


def _with(result: Result, advice: str | None) -> Result:
    return replace(result, suggestion=advice) if advice and not result.suggestion else result


def _reword(value: Literal, datatypes: Sequence[str]) -> str | None:
    """Say how a literal should be written to be of one of some datatypes.

    >>> _reword(Literal("12 March 2021"), (f"{XSD}date",))
    'Write "2021-03-12"^^xsd:date.'
    >>> _reword(Literal("1,024"), (f"{XSD}integer",))
    'Write 1024, without quotes.'
    """
    text = value.value.strip()
    if f"{XSD}date" in datatypes and (day := read_date(text)) is not None:
        return _written(day.isoformat(), f"{XSD}date", value)
    if f"{XSD}gYearMonth" in datatypes and (month := read_month(text)):
        return _written(month, f"{XSD}gYearMonth", value)
    if f"{XSD}gYear" in datatypes and re.fullmatch(r"\d{4}", text):
        return _written(text, f"{XSD}gYear", value)
    number = text.replace(",", "") if re.fullmatch(r"\d{1,3}(?:,\d{3})+", text) else text
    if f"{XSD}integer" in datatypes and re.fullmatch(r"[+-]?\d+(?:\.0+)?", number):
        return f"Write {int(float(number))}, without quotes."
    if f"{XSD}decimal" in datatypes and re.fullmatch(r"[+-]?\d+\.\d+", number):
        return f"Write {number}, without quotes."
    return None


def in_cell(result: Result) -> Result:
    """Return a result as it is told to somebody who writes into a cell."""
    return replace(result, suggestion=for_cell(result.suggestion)) if result.suggestion else result


def for_cell(suggestion: str) -> str:
    """Say it to somebody who writes into a cell, which has neither quotes nor datatypes.

    >>> for_cell('Write "2021-03-12"^^xsd:date.'), for_cell("Write 1024, without quotes.")
    ('Write 2021-03-12.', 'Write 1024.')
    >>> for_cell("Then write <https://w3id.org/qit4n/id/fg-qit4n>.")
    'Then write https://w3id.org/qit4n/id/fg-qit4n.'
    """
    plain = re.sub(r'"([^"]*)"\^\^\S+?(?=\.?$)', r"\1", suggestion).replace(", without quotes", "")
    return re.sub(r"<([^<>\s]+)>", r"\1", plain)


def _written(text: str, datatype: str, value: Literal) -> str | None:
    if value.value == text and value.datatype.value == datatype:
        return None
    return f'Write "{text}"^^{compact(datatype)}.'


def read_date(text: str) -> date | None:
    """Read a date as people write it, None where it could be two.

    >>> read_date("2021/3/2"), read_date("2 March 2021"), read_date("3/2/2021")
    (datetime.date(2021, 3, 2), datetime.date(2021, 3, 2), None)
    """
    for form in _DATE_FORMS:
        if match := form.match(text):
            try:
                return date(int(match["y"]), _month_of(match["m"]), int(match["d"]))
            except ValueError:
                return None
    return None


def read_month(text: str) -> str | None:
    """Read a month of a year as people write it.

    >>> read_month("October 2021"), read_month("3/2021"), read_month("2021-10"), read_month("2021-13")
    ('2021-10', '2021-03', '2021-10', None)
    """
    match = next(filter(None, (form.match(text) for form in _MONTH_FORMS)), None)
    number = _month_of(match["m"]) if match else 0
    return f"{match['y']}-{number:02}" if match and 1 <= number <= len(_MONTHS) else None


def _month_of(text: str) -> int:
    return int(text) if text.isdigit() else _MONTHS.get(text[:3].lower(), 0)


def _variants(name: str) -> list[str]:
    """Write a name with its words in other orders, and with one of them in capitals.

    >>> _variants("Ada Byron")
    ['Ada Byron', 'ADA Byron', 'Ada BYRON', 'Byron Ada', 'BYRON Ada', 'Byron ADA']
    """
    words = [word.capitalize() if word.isupper() else word for word in name.split()[:_MOST_WORDS]]
    orders = [list(order) for order in permutations(words)]
    written = [
        [*order[:n], order[n].upper(), *order[n + 1 :]] if n >= 0 else order
        for order in orders
        for n in range(-1, len(order))
    ]
    return list(dict.fromkeys(" ".join(order) for order in written))


def _words(name: str) -> list[str]:
    """Take a name apart, without accents, case and points.

    >>> _words("Dr. Zoë O'Neil")
    ['dr', 'zoe', 'o', 'neil']
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return re.findall(r"\w+", plain.casefold())
