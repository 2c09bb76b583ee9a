"""What SHACL asks of literals: whether they are well-formed, how they compare, which language they match; pure.

Specs: SPARQL 1.1 section 17.3 (the operator `<`), XSD 1.1 Datatypes, RFC 4647 section 3.3.1 (basic filtering). Well-formedness is
rdflib's, as pySHACL's is, but for the datatypes of which rdflib knows no form: a month "October 2021" is none. Comparison is not:
rdflib puts everything into some order, even what can't be compared, and pySHACL then misses violations.
"""

from __future__ import annotations

import datetime
import re
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import rdflib
from pyoxigraph import Literal
from rdflib.xsd_datetime import Duration

from qit4n_kg.namespaces import XSD
from qit4n_kg.reporting import quiet_terms, to_rdflib

if TYPE_CHECKING:
    from qit4n_kg.store.base import Term

_NUMBERS = (int, float, Decimal)
_STRING = f"{XSD}string"
_YEAR, _MONTH, _DAY = r"-?(?:[1-9]\d{3,}|0\d{3})", r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])"
_ZONE = r"(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))"
_FORMS = {
    f"{XSD}{name}": re.compile(f"{form}{_ZONE}?", re.ASCII)
    for name, form in {
        "gYear": _YEAR,
        "gYearMonth": f"{_YEAR}-{_MONTH}",
        "gMonth": f"--{_MONTH}",
        "gMonthDay": f"--(?!02-3|(?:0[469]|11)-31){_MONTH}-{_DAY}",
        "gDay": f"---{_DAY}",
    }.items()
}
"""What rdflib takes as it is, whatever it says."""


@lru_cache(maxsize=20_000)
def is_well_formed(literal: Literal) -> bool:
    """Tell whether a literal is one of its datatype; what is not known of a datatype is well-formed.

    >>> from pyoxigraph import NamedNode
    >>> is_well_formed(Literal("2021-02-30", datatype=NamedNode(f"{XSD}date")))
    False
    """
    if form := _FORMS.get(literal.datatype.value):
        return form.fullmatch(literal.value) is not None
    return _in_rdflib(literal).ill_typed is not True


def compare(one: Term, other: Term) -> int | None:
    """Return -1, 0 or 1, or None where SPARQL's operators can't compare the two.

    >>> compare(Literal(2), Literal(10)), compare(Literal("2"), Literal(10))
    (-1, None)
    """
    if not isinstance(one, Literal) or not isinstance(other, Literal) or one.language or other.language:
        return None
    left, right = _value(one), _value(other)
    if left is None or right is None or not _is_comparable(one, left, other, right):
        return None
    try:
        return int(left > right) - int(left < right) if left == left and right == right else None
    except TypeError:  # a time with a zone and one without
        return None


def _is_comparable(one: Literal, left: Any, other: Literal, right: Any) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return isinstance(left, bool) and isinstance(right, bool)
    if isinstance(left, _NUMBERS) and isinstance(right, _NUMBERS):
        return True
    return one.datatype == other.datatype


@lru_cache(maxsize=20_000)
def _value(literal: Literal) -> Any:
    """Return a value that Python can compare, None where there is none."""
    if literal.datatype.value == _STRING:
        return literal.value
    term = _in_rdflib(literal)
    value = None if term.ill_typed else term.value
    if isinstance(value, float | int | Decimal | datetime.date | datetime.time | datetime.timedelta | Duration):
        return value
    return None


def _in_rdflib(literal: Literal) -> rdflib.Literal:
    with quiet_terms():
        term = to_rdflib(literal)
    assert isinstance(term, rdflib.Literal)
    return term


def matches_language(literal: Term, ranges: tuple[str, ...]) -> bool:
    """Tell whether a literal's language is one of some ranges.

    >>> matches_language(Literal("colour", language="en-GB"), ("en",))
    True
    """
    if not isinstance(literal, Literal) or not literal.language:
        return False
    tag = literal.language.lower()
    return any(tag == wanted or tag.startswith(f"{wanted}-") for wanted in (r.lower() for r in ranges))
