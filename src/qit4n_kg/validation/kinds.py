"""Nothing is of two kinds that share no instance: `owl:disjointWith` as the gate judges it, without a reasoner.

What a thing is follows from what is stated of it, the domains of its properties and the ranges of the properties that lead to it
(OWL 2 RL: cax-sco, prp-dom, prp-rng, prp-spo1, cax-dw). owlrl is the reference (`qit4n-kg check`); it is far too slow for a gate.
A shape for each pair of classes would say the ontology's axioms again.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from pyoxigraph import BlankNode, NamedNode

from qit4n_kg.namespaces import OWL, RDFS, STDORG, STDORG_SHAPES, compact
from qit4n_kg.reporting import Result, Severity
from qit4n_kg.validation.model import SUBCLASS, TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyoxigraph import Quad

    from qit4n_kg.store.base import Term
    from qit4n_kg.validation.views import Statement, View

_ONE_KIND = f"{STDORG_SHAPES}OneKind"
_DISJOINT = NamedNode(f"{OWL}disjointWith")
_DOMAIN = NamedNode(f"{RDFS}domain")
_RANGE = NamedNode(f"{RDFS}range")
_SUBPROPERTY = NamedNode(f"{RDFS}subPropertyOf")
AXIOMS = (SUBCLASS, _DISJOINT, _DOMAIN, _RANGE, _SUBPROPERTY)
"""The properties of the axioms that are read."""

_Above = dict["Term", frozenset["Term"]]


class Kinds:
    """What an ontology says of which kinds there are, and which share no instance."""

    def __init__(self, ontology: Iterable[Quad]) -> None:
        axioms: dict[NamedNode, dict[Term, set[Term]]] = {predicate: defaultdict(set) for predicate in AXIOMS}
        for quad in ontology:
            if quad.predicate in axioms:
                axioms[quad.predicate][quad.subject].add(quad.object)
        self._above = _closure(axioms[SUBCLASS])
        self._domains = self._kinds_by_property(axioms[_DOMAIN], axioms[_SUBPROPERTY])
        self._ranges = self._kinds_by_property(axioms[_RANGE], axioms[_SUBPROPERTY])
        self._apart: dict[Term, set[Term]] = defaultdict(set)
        for one, others in axioms[_DISJOINT].items():
            for other in others:
                self._apart[one].add(other)
                self._apart[other].add(one)

    def conflicts(self, added: Iterable[Statement], after: View, told: Iterable[Result] = ()) -> list[Result]:
        """Return a violation for each thing that added statements make two kinds at once, in the data that they are part of.

        It stands at one of these statements: one that says the kind, if there is one. Where a shape has told already that the
        statement, or the thing as such, is wrong, that is enough.
        """
        known = {(result.focus, result.path, result.value) for result in told}
        wrong = {result.focus for result in told if result.path is None}
        found: dict[Term, Result] = {}
        for statement in sorted(added, key=lambda each: each[1] != TYPE):
            subject, predicate, obj = statement
            if predicate == TYPE:
                pair = self._pair(self._with_above(obj), self._kinds(subject, after))
                thing = subject
            else:
                pair, thing = self._pair_by_use(statement, after)
            if pair is not None and thing not in found:
                found[thing] = replace(
                    _result(subject, predicate, obj, thing, pair), suggestion=self._implying(thing, pair, after)
                )
        return [
            result
            for thing, result in found.items()
            if thing not in wrong and (result.focus, result.path, result.value) not in known
        ]

    def ours_below(self, kinds: Iterable[Term]) -> list[str]:
        """Return the classes of our ontology that are meant by classes of others: the highest below any of these, compact.

        A class of others that is above all of a thing's kinds says too little of it, so many classes may be below.
        """
        asked = set(kinds)
        below = {
            kind
            for kind, above in self._above.items()
            if isinstance(kind, NamedNode) and kind.value.startswith(STDORG) and not asked.isdisjoint(above)
        }
        highest = [kind for kind in below if not below & (self._above[kind] - {kind})]
        return sorted(compact(kind.value) for kind in highest)

    def _pair_by_use(self, statement: Statement, after: View) -> tuple[tuple[Term, Term] | None, Term]:
        subject, predicate, obj = statement
        if predicate in self._domains:
            pair = self._pair(self._domains[predicate], self._kinds(subject, after))
            if pair is not None:
                return pair, subject
        if predicate in self._ranges and isinstance(obj, NamedNode | BlankNode):
            return self._pair(self._ranges[predicate], self._kinds(obj, after)), obj
        return None, subject

    def _kinds(self, thing: Term, view: View) -> frozenset[Term]:
        """Return the classes of a thing; ranges are asked only where no class is stated, for a hub has many links to it."""
        stated = view.objects(thing, TYPE)
        kinds: set[Term] = set().union(*(self._with_above(kind) for kind in stated))
        for predicate, _ in view.about(thing):
            kinds |= self._domains.get(predicate, frozenset())
        if not stated:
            for link, ranges in self._ranges.items():
                if isinstance(link, NamedNode) and view.subjects(link, thing):
                    kinds |= ranges
        return frozenset(kinds)

    def _pair(self, new: Iterable[Term], kinds: frozenset[Term]) -> tuple[Term, Term] | None:
        """Return a new kind and one of the others that share no instance, always the same ones."""
        pairs = [(one, other) for one in new for other in self._apart.get(one, ()) if other in kinds]
        return min(pairs, key=str, default=None)

    def _implying(self, thing: Term, pair: Iterable[Term], view: View) -> str | None:
        """Say which property makes a thing one of two kinds, where no type says so."""
        stated = set().union(*(self._with_above(kind) for kind in view.objects(thing, TYPE)))
        used = sorted({predicate for predicate, _ in view.about(thing)}, key=str)
        for kind in (each for each in pair if each not in stated and isinstance(each, NamedNode)):
            for predicate in used:
                if kind in self._domains.get(predicate, ()):
                    return f"{compact(predicate.value)} is said of {compact(kind.value)} only: is it of another thing?"
        return None

    def _with_above(self, kind: Term) -> frozenset[Term]:
        return self._above.get(kind) or frozenset((kind,))

    def _kinds_by_property(self, stated: dict[Term, set[Term]], above: dict[Term, set[Term]]) -> _Above:
        by_property: _Above = {}
        properties = _closure(above)
        for each in {*stated, *properties}:
            kinds = {kind for up in properties.get(each, {each}) for kind in stated.get(up, ())}
            if kinds:
                by_property[each] = frozenset().union(*(self._with_above(kind) for kind in kinds))
        return by_property


def _closure(above: dict[Term, set[Term]]) -> _Above:
    """Return of each term itself and all that is above it."""
    closed: _Above = {}
    for term in above:
        seen, waiting = {term}, [term]
        while waiting:
            new = above.get(waiting.pop(), set()) - seen
            seen |= new
            waiting += new
        closed[term] = frozenset(seen)
    return closed


def _result(subject: Term, predicate: NamedNode, obj: Term, thing: Term, pair: tuple[Term, Term]) -> Result:
    one, other = (compact(kind.value) if isinstance(kind, NamedNode) else str(kind) for kind in pair)
    name = compact(thing.value) if isinstance(thing, NamedNode) else "This"
    message = f"{name} would be {one} and {other} at once: nothing is both (owl:disjointWith)."
    return Result(Severity.VIOLATION, message, subject, compact(predicate.value), obj, _ONE_KIND, predicate=predicate)
