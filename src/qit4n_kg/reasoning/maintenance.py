"""Entailment kept up to date: what comes and goes when assertions come and go, without a look at all the others.

The store's default graph is the closure (what is asserted, what follows), its graphs `entailed/…` say which rule concluded what.
Asserted triples that go take along all that was concluded with their help (over-deletion); of that, what still follows from the
rest comes back; then what is new is concluded from, stratum by stratum (semi-naive). Rules of a stratum above 1 may also conclude
less when there is more: they are asked what they concluded before, in the store as it was, and what of that still holds.
Every triple ends up with the first rule that concludes it, as in `reasoner`, so the result is that of a whole run.
Spec: delete and rederive (Gupta, Mumick, Subrahmanian, SIGMOD 1993) over stratified rules.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

import pyoxigraph
from pyoxigraph import DefaultGraph, NamedNode, Quad, Triple

from qit4n_kg.reasoning.footprints import TYPE, Footprint, read_footprint
from qit4n_kg.store.oxigraph import in_graph

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from qit4n_kg.reasoning.footprints import Binding
    from qit4n_kg.reasoning.reasoner import Rule
    from qit4n_kg.store.recording import Editable

_DEFAULT = DefaultGraph()
_MOST_BINDINGS = 2_000
"""Terms bound at a time for one rule (about 0.1 ms each); above that the whole rule is evaluated once."""


class RuleBook:
    """Rules with what maintenance needs to know of each; one serves any number of changes."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)

    @cached_property
    def footprints(self) -> dict[str, Footprint]:
        """What one triple can change in the conclusions of a rule, by its id."""
        return {
            rule.id: read_footprint(rule.text, dict(rule.bindings), is_template=rule.axiom is not None)
            for rule in self.rules
        }

    @cached_property
    def concluders(self) -> dict[object, list[Rule]]:
        """The rules that can conclude a triple, by its key, in their order."""
        found: dict[object, list[Rule]] = defaultdict(list)
        for rule in self.rules:
            for head in rule.heads:
                found[head].append(rule)
        return found

    @cached_property
    def sought(self) -> frozenset[object] | None:
        """The keys of the triples that rules look for, None for all."""
        if any(rule.triggers is None for rule in self.rules):
            return None
        return frozenset(chain.from_iterable(rule.triggers or () for rule in self.rules))


class Maintenance:
    """Brings the closure in `store` up to date; `before` gives the store as it was, and is only called where that matters.

    `is_asserted` says of a triple whether it is asserted now; `graph_base` is what the names of entailed graphs begin with.
    """

    def __init__(
        self,
        book: RuleBook,
        store: Editable,
        before: Callable[[], pyoxigraph.Store],
        is_asserted: Callable[[Triple], bool],
        graph_base: str,
    ) -> None:
        self._book = book
        self._rules = book.rules
        self._store = store
        self._before = before
        self._is_asserted = is_asserted
        self._base = graph_base
        self._order = {NamedNode(graph_base + rule.id): number for number, rule in enumerate(self._rules)}
        self._graphs = list(self._order)
        self._strata = sorted({rule.stratum for rule in self._rules}) or [1]
        self._came: set[Triple] = set()
        self._went: set[Triple] = set()
        self._restored: set[Triple] = set()
        self._touched_graphs: set[NamedNode] = set()

    def revise(self, plus: Collection[Triple], minus: Collection[Triple]) -> None:
        """Take in that `plus` are asserted now and were not, and `minus` no longer are and were."""
        gone = self._dependents(minus)
        self._remove(gone)
        for triple in plus:
            if self._is_known(triple):
                self._withdraw(triple)
            else:
                self._add(triple)
        for stratum in self._strata:
            if stratum > 1:
                lost = self._dependents(self._lost(stratum))
                self._remove(lost)
                gone |= lost
            self._rederive(gone, stratum)
            self._conclude(stratum)

    def touched(self) -> Iterator[tuple[Rule, NamedNode, bool]]:
        """Yield once the rules that conclude something else than before, with their graphs and whether these have anything."""
        touched, self._touched_graphs = self._touched_graphs, set()
        for rule, graph in zip(self._rules, self._graphs, strict=True):
            if graph in touched:
                yield rule, graph, any(True for _ in self._store.quads_for_pattern(None, None, None, graph))

    # --- the phases -----------------------------------------------------------------------------------------------------------

    def _dependents(self, seeds: Iterable[Triple]) -> set[Triple]:
        """Return the triples, and all that was concluded with their help and is not asserted."""
        found = {triple for triple in seeds if self._is_known(triple) and not self._is_asserted(triple)}
        frontier = found
        while frontier:
            follow = {
                triple
                for rule, changed in self._touched(frontier, self._rules)
                for triple in self._conclusions(rule, changed, self._store)
            }
            frontier = {triple for triple in follow - found if self._is_known(triple) and not self._is_asserted(triple)}
            found |= frontier
        return found

    def _lost(self, stratum: int) -> set[Triple]:
        """Return what the rules of a stratum concluded before and do not now, given all that came and went so far."""
        rules = [rule for rule in self._rules if rule.stratum == stratum]
        lost: set[Triple] = set()
        for rule, changed in self._touched(self._came | self._went, rules):
            graph = NamedNode(self._base + rule.id)
            for triple in set(self._conclusions(rule, changed, self._before())):
                if in_graph(triple, graph) in self._store and not self._follows(rule, triple):
                    lost.add(triple)
        return lost

    def _rederive(self, gone: Iterable[Triple], stratum: int) -> None:
        """Put back what still follows by one step from what is left."""
        for triple in gone:
            if not self._is_known(triple):
                for rule in self._book.concluders.get(key_of(triple), ()):
                    if rule.stratum <= stratum and self._follows(rule, triple):
                        self._add(triple, rule)
                        break

    def _conclude(self, stratum: int) -> None:
        """Conclude from all that came and went so far, and from what follows, until nothing new does."""
        active = [rule for rule in self._rules if rule.stratum <= stratum]
        fresh = self._came | self._restored
        work = [*self._touched(fresh, active), *self._touched(self._went, [r for r in active if not r.is_linear])]
        while work:
            added: set[Triple] = set()
            for rule, changed in work:
                for triple in set(self._conclusions(rule, changed, self._store)):
                    if not self._is_known(triple):
                        self._add(triple, rule)
                        added.add(triple)
                    elif not self._is_asserted(triple):
                        self._credit(triple, rule)
            work = list(self._touched(added, active))

    # --- rules ----------------------------------------------------------------------------------------------------------------

    def _touched(self, triples: Collection[Triple], rules: Sequence[Rule]) -> Iterator[tuple[Rule, list[Triple]]]:
        """Yield each rule that looks for some of the triples, with these."""
        by_key: dict[object, list[Triple]] = defaultdict(list)
        for triple in triples:
            by_key[key_of(triple)].append(triple)
        for rule in rules:
            if rule.triggers is None:
                yield rule, list(triples)
            elif keys := rule.triggers & by_key.keys():
                yield rule, [triple for key in keys for triple in by_key[key]]

    def _conclusions(self, rule: Rule, changed: Sequence[Triple], store: Editable) -> Iterable[Triple]:
        """Return what a rule concludes in a store that changed triples can have to do with; it may be more than that."""
        if rule.is_linear:
            part = pyoxigraph.Store()
            part.extend(Quad(*triple) for triple in changed)
            return rule.construct(part)
        bindings: set[Binding] = set()
        answers: dict[str, bool] = {}
        for triple in changed:
            for binding, sub_query in self._book.footprints[rule.id].bindings(triple):
                if sub_query is not None:
                    if sub_query not in answers:
                        answers[sub_query] = self._is_same(sub_query)
                    if not answers[sub_query]:
                        return rule.construct(store)
                    continue
                bindings.add(binding)
                if not binding or len(bindings) > _MOST_BINDINGS:
                    return rule.construct(store)
        return {triple for binding in bindings for triple in rule.construct(store, dict(binding))}

    def _is_same(self, sub_query: str) -> bool:
        """Tell whether a sub-SELECT has the same answer as before."""
        before, now = (sorted(map(str, store.query(sub_query))) for store in (self._before(), self._store))  # type: ignore[arg-type]
        return before == now

    def _follows(self, rule: Rule, triple: Triple) -> bool:
        """Tell whether a rule concludes a triple, by a step that is not from the triple itself to itself."""
        return any(
            triple in set(rule.construct(self._store, dict(binding)))
            for binding in self._book.footprints[rule.id].causes(triple)
        )

    # --- the store ------------------------------------------------------------------------------------------------------------

    def _is_known(self, triple: Triple) -> bool:
        return in_graph(triple, _DEFAULT) in self._store

    def _add(self, triple: Triple, rule: Rule | None = None) -> None:
        self._store.add(in_graph(triple, _DEFAULT))
        if rule is not None:
            self._put(triple, NamedNode(self._base + rule.id))
        if triple in self._went:
            self._went.discard(triple)
            self._restored.add(triple)
        else:
            self._came.add(triple)

    def _remove(self, triples: Iterable[Triple]) -> None:
        for triple in triples:
            self._withdraw(triple)
            self._store.remove(in_graph(triple, _DEFAULT))
            if triple in self._came:
                self._came.discard(triple)
            else:
                self._went.add(triple)

    def _withdraw(self, triple: Triple) -> None:
        """Take a triple out of the graphs of what was concluded."""
        for graph in self._crediting(triple):
            self._touched_graphs.add(graph)
            self._store.remove(in_graph(triple, graph))
            self._drop_if_empty(graph)

    def _put(self, triple: Triple, graph: NamedNode) -> None:
        self._touched_graphs.add(graph)
        self._store.add(in_graph(triple, graph))

    def _credit(self, triple: Triple, rule: Rule) -> None:
        """Let a triple be the conclusion of a rule, if that is the first of those that conclude it."""
        graph = NamedNode(self._base + rule.id)
        for other in self._crediting(triple):
            if self._order[graph] < self._order[other]:
                self._withdraw(triple)
                self._put(triple, graph)

    def _crediting(self, triple: Triple) -> list[NamedNode]:
        quads = self._store.quads_for_pattern(triple.subject, triple.predicate, triple.object, None)
        return [
            quad.graph_name
            for quad in quads
            if isinstance(quad.graph_name, NamedNode) and quad.graph_name in self._order
        ]

    def _drop_if_empty(self, graph: NamedNode) -> None:
        if next(iter(self._store.quads_for_pattern(None, None, None, graph)), None) is None:
            self._store.remove_graph(graph)


def key_of(triple: Triple) -> object:
    """Return by what rules look for a triple: the class of a type, else the predicate."""
    return triple.object if triple.predicate == TYPE else triple.predicate
