"""How the identifiers of a class's things are made, learnt from those that are there, as a pattern; no IO.

A pattern is a local identifier in which `{IRI of a property}` stands for what the thing has: `person/{rdfs:label}`,
`{stdorg:meetingOf}/meeting/{stdorg:number}`. At its beginning that is the other thing's whole identifier, elsewhere its last part;
of a text it is the slug. What most of the things have in common is the pattern, so a registry that names its things otherwise is
followed without a word in here.
"""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode

from qit4n_kg.slugs import PLACE, slug
from qit4n_kg.validation.model import TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from qit4n_kg.store.base import Term
    from qit4n_kg.validation.views import View

MOST_SEEN = 200
_MOST_WAYS = 200


def learn_pattern(things: Iterable[NamedNode], data: View, base: str, fields: Sequence[NamedNode]) -> str | None:
    """Return the pattern that most of some things follow, None where there are none or they follow none.

    :param base: what the identifiers of this registry begin with.
    :param fields: the properties that a form has; a pattern names only these, the first ones rather.
    """
    counted: Counter[str] = Counter()
    place = {predicate: number for number, predicate in enumerate(fields)}
    for thing in islice(things, MOST_SEEN):
        if thing.value.startswith(base):
            known = [(p, value) for p, value in data.about(thing) if p in place and p != TYPE]
            known.sort(key=lambda pair: place[pair[0]])
            counted.update(set(islice(_ways(thing.value.removeprefix(base), known, base), _MOST_WAYS)))
    open_ones = {pattern: count for pattern, count in counted.items() if pattern.endswith("}")}

    def worth(pattern: str) -> tuple[int, int, int, str]:
        named = [place[NamedNode(name)] for name in PLACE.findall(pattern)]
        return open_ones[pattern], len(named), -sum(named), pattern

    return max(open_ones, key=worth, default=None)


def _ways(local: str, known: Sequence[tuple[NamedNode, Term]], base: str) -> Iterator[str]:
    """Yield the patterns that an identifier may follow, those with the most places first."""
    starts = [""]
    for _, value in known:
        if isinstance(value, NamedNode) and value.value.startswith(base):
            other = value.value.removeprefix(base)
            if local.startswith(f"{other}/"):
                starts.insert(0, other)
    names = _names_of(known, base)
    for start in dict.fromkeys(starts):
        links = (
            [p for p, value in known if isinstance(value, NamedNode) and value.value == base + start] if start else []
        )
        rest = local[len(start) + 1 :] if start else local
        heads = [f"{{{p.value}}}/" for p in links] or [f"{start}/" if start else ""]
        parts = rest.split("/")
        for head in heads:
            yield from (head + tail for tail in _parts(parts, names, is_first=not start))


def _parts(parts: Sequence[str], names: Mapping[str, list[NamedNode]], *, is_first: bool) -> Iterator[str]:
    if not parts:
        yield ""
        return
    first, *rest = parts
    own = [] if is_first and rest else names.get(first, [])
    for choice in [*(f"{{{predicate.value}}}" for predicate in own), first]:
        for tail in _parts(rest, names, is_first=False):
            yield f"{choice}/{tail}" if rest else choice


def _names_of(known: Iterable[tuple[NamedNode, Term]], base: str) -> dict[str, list[NamedNode]]:
    """Return what a part of an identifier may come from: texts as slugs, the last parts of other things' identifiers."""
    found: dict[str, list[NamedNode]] = {}
    for predicate, value in known:
        if isinstance(value, Literal):
            name = slug(value.value)
        elif isinstance(value, NamedNode) and value.value.startswith(base):
            name = value.value.rsplit("/", 1)[-1]
        else:
            continue
        if name and predicate not in found.setdefault(name, []):
            found[name].append(predicate)
    return found
