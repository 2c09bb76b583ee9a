"""Revision: a change applied to a checkpoint of the current generation, so that it holds what a build from files and journal would.

Owns what a change of some graph means for the others: which graphs are in force, what the registry graph says of them, what the
default graph merges, what follows (`reasoning.maintenance`). What costs less from the beginning, or can't be done here, is
NotRevisableError: then everything is made anew (`building`). The ontology's triples are taken out of the default graph for the
while, because rules never see them.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, Triple

from qit4n_kg.compiled import Compiled
from qit4n_kg.errors import InvalidDataError
from qit4n_kg.namespaces import RDF, SH, STDORG, XSD
from qit4n_kg.reasoning.maintenance import Maintenance, key_of
from qit4n_kg.reasoning.reasoner import describe
from qit4n_kg.remarks import describe_report
from qit4n_kg.store.oxigraph import in_graph
from qit4n_kg.store.recording import Recorder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from qit4n_kg.config import Settings
    from qit4n_kg.reasoning.maintenance import RuleBook
    from qit4n_kg.reporting import Result
    from qit4n_kg.store.journal import Change
    from qit4n_kg.store.recording import Editable

MOST_QUADS = 20_000
"""A larger change is cheaper as a build."""

_DEFAULT = DefaultGraph()
_TYPE = NamedNode(RDF + "type")
_IN_FORCE, _SOURCE_FILE, _OVERRULED, _ONTOLOGY_GRAPH = (
    NamedNode(STDORG + name) for name in ("inForce", "sourceFile", "OverruledGraph", "OntologyGraph")
)
_CONFORMS = NamedNode(SH + "conforms")
_BOOLEAN = NamedNode(XSD + "boolean")
_TRUE, _FALSE = (Literal(text, datatype=_BOOLEAN) for text in ("true", "false"))
_TRUTHS = (_TRUE, Literal("1", datatype=_BOOLEAN))
_UNTRUTHS = ("false", "0")


class NotRevisableError(Exception):
    """A change for which everything is made anew; nobody outside this server sees it."""


def revise(
    settings: Settings,
    loose: Mapping[Quad, None],
    empty: Iterable[NamedNode],
    change: Change,
    current: Editable,
    compiled: Compiled | None = None,
) -> Callable[[Editable, Path], None]:
    """Judge a change of what files and entries made, and return what makes it in a checkpoint of that, or in the store itself.

    `loose` and `empty` are what the entries leave in the default graph, and the named graphs that may be empty (`Journal.loose`);
    `compiled` is what was compiled of the same files before.

    :raises NotRevisableError: it has to be made by a build.
    :raises InvalidDataError: the shapes found violations.
    """
    compiled = compiled or Compiled(settings)
    defaults = [quad.triple for quad in loose]
    graphs = tuple(empty)
    if not Revision(settings, current, defaults, graphs, compiled).is_possible(change):
        raise NotRevisableError
    findings = _judge(change, current, loose, compiled) if settings.gate else ()

    def apply(store: Editable, workspace: Path) -> None:
        Revision(settings, store, defaults, graphs, compiled).apply(change, workspace, findings)

    return apply


def _judge(change: Change, current: Editable, loose: Iterable[Quad], compiled: Compiled) -> tuple[Result, ...]:
    """Return what the shapes remark on in a change.

    :raises NotRevisableError: something that was remarked on is mended; a build knows whether it is all of that remark.
    """
    # Here and not above: a writer without the gate must not load rdflib, which takes 0.3 s.
    from qit4n_kg.validation import validate_change  # noqa: PLC0415

    gate, data = compiled.open_gate(current, loose)
    verdict = validate_change(gate, data, change.adds, change.retracts, is_merged=False)
    if not verdict.conforms:
        raise InvalidDataError(
            "The data does not conform to the shapes, so nothing is published.", report=verdict.report
        )
    if verdict.mended:
        raise NotRevisableError
    return verdict.report.findings


@dataclass
class Delta:
    """Quads that came and went, the default graph's being those asserted there; `judged` are of graphs now in force or not."""

    adds: set[Quad] = field(default_factory=set)
    retracts: set[Quad] = field(default_factory=set)
    judged: set[Quad] = field(default_factory=set)


class Revision:
    """One change on one open store, which is a checkpoint of the current generation.

    `defaults` are the triples that were asserted in the default graph itself, `empty` the named graphs that stay though empty.
    """

    def __init__(
        self,
        settings: Settings,
        store: Editable,
        defaults: Iterable[Triple],
        empty: Iterable[NamedNode],
        compiled: Compiled | None = None,
    ) -> None:
        self._store: Editable = store
        self._compiled = compiled or Compiled(settings)
        self._defaults = dict.fromkeys(defaults)
        self._empty = set(empty)
        self._registry = NamedNode(settings.graph_base + "registry")
        self._entailed_base = settings.graph_base + "entailed/"
        self._files = {quad.subject for quad in store.quads_for_pattern(None, _SOURCE_FILE, None, self._registry)}
        typed = store.quads_for_pattern(None, _TYPE, _ONTOLOGY_GRAPH, self._registry)
        self._ontology_graphs = {quad.subject for quad in typed if isinstance(quad.subject, NamedNode)}
        self._was_in_force: dict[object, bool] = {}
        self._defaults_before: Mapping[Triple, None] = {}
        self._inside: dict[object, bool] = {}
        self._in_force: dict[object, bool] = {}

    def is_possible(self, change: Change) -> bool:
        """Tell whether the change can be applied here; its graphs have been looked at by whoever refuses."""
        size = len(change.adds) + len(change.retracts)
        return size <= MOST_QUADS and not self._concerned(change) & self._ontology_graphs

    def apply(self, change: Change, workspace: Path, findings: Sequence[Result] = ()) -> None:
        """Make the change and all that follows from it.

        `workspace` is a folder on the same file system, for a while; `findings` is what the shapes remark on in the change.
        """
        if isinstance(self._store, Recorder):
            self._apply(change, self._store, findings)
            return
        with closing(Recorder(self._store, workspace)) as recorder:
            self._store = recorder
            self._apply(change, recorder, findings)

    def _apply(self, change: Change, recorder: Recorder, findings: Sequence[Result]) -> None:
        rules, axioms = self._compiled.rules(self.ontology)
        hidden = self._only_ontology(axioms, rules)
        for triple in hidden:
            recorder.remove(in_graph(triple, _DEFAULT))
        start = recorder.mark()
        maintenance = Maintenance(rules, recorder, lambda: recorder.at(start), self._is_asserted, self._entailed_base)
        delta = self._restate(change)
        self._remark(findings, delta)
        maintenance.revise(*self._asserted(delta))
        while (described := self._describe(maintenance)) is not None:
            maintenance.revise(*self._asserted(described))
        gone = {quad.triple for quad in recorder.removed() if quad.graph_name == _DEFAULT}
        recorder.extend(in_graph(triple, _DEFAULT) for triple in gone if triple in axioms)

    def ontology(self) -> Iterator[Quad]:
        """Yield the quads of the ontology's graphs."""
        for graph in self._ontology_graphs:
            yield from self._store.quads_for_pattern(None, None, None, graph)

    # --- what is in force -------------------------------------------------------------------------------------------------------

    def _is_generated(self, graph: object) -> bool:
        return (
            not isinstance(graph, NamedNode)
            or graph == self._registry
            or graph in self._ontology_graphs
            or graph.value.startswith(self._entailed_base)
        )

    def _is_inside(self, graph: object) -> bool:
        """Tell whether a graph is one that is in force or was overruled, and not just a named graph."""
        if graph not in self._inside:
            self._inside[graph] = graph in self._files or any(
                quad.object in _TRUTHS for quad in self._stated(graph, _IN_FORCE, None)
            )
        return self._inside[graph]

    def _is_overruled(self, graph: object) -> bool:
        said = chain(self._stated(graph, _TYPE, _OVERRULED), self._stated(graph, _IN_FORCE, None))
        return any(
            (quad.predicate == _TYPE or (isinstance(quad.object, Literal) and quad.object.value in _UNTRUTHS))
            and (quad.graph_name == _DEFAULT or self._is_inside(quad.graph_name))
            for quad in said
        )

    def _is_in_force(self, graph: object) -> bool:
        if graph == self._registry:
            return True
        if graph not in self._in_force:
            is_data = not self._is_generated(graph)
            self._in_force[graph] = is_data and self._is_inside(graph) and not self._is_overruled(graph)
        return self._in_force[graph]

    def _stated(self, subject: object, predicate: NamedNode, value: NamedNode | None) -> Iterator[Quad]:
        """Yield what the data says of a graph, wherever it does."""
        for quad in self._store.quads_for_pattern(subject, predicate, value, None):  # type: ignore[arg-type]
            if not self._is_generated(quad.graph_name):
                yield quad
        for triple in self._defaults:
            if triple.subject == subject and triple.predicate == predicate and value in (None, triple.object):
                yield in_graph(triple, _DEFAULT)

    def _is_asserted(self, triple: Triple) -> bool:
        if triple in self._defaults:
            return True
        quads = self._store.quads_for_pattern(triple.subject, triple.predicate, triple.object, None)
        return any(self._is_in_force(quad.graph_name) for quad in quads)

    # --- the stages -------------------------------------------------------------------------------------------------------------

    def _only_ontology(self, ontology: Iterable[Triple], rules: RuleBook) -> list[Triple]:
        """Return what only the ontology states, of that what rules look for."""
        found = []
        for triple in ontology:
            if rules.sought is None or key_of(triple) in rules.sought:
                quads = self._store.quads_for_pattern(triple.subject, triple.predicate, triple.object, None)
                graphs = [quad.graph_name for quad in quads if isinstance(quad.graph_name, NamedNode)]
                if not any(g.value.startswith(self._entailed_base) or self._is_in_force(g) for g in graphs):
                    found.append(triple)
        return [triple for triple in found if triple not in self._defaults]

    def _restate(self, change: Change) -> Delta:
        """Change the named graphs and the registry graph; return what came and went where it counts, the registry included."""
        concerned = self._concerned(change)
        self._was_in_force = {graph: self._is_in_force(graph) for graph in concerned}
        before = dict(self._defaults)
        for quad in change.retracts:
            if quad.graph_name == _DEFAULT:
                self._defaults.pop(quad.triple, None)
        self._defaults.update(dict.fromkeys(quad.triple for quad in change.adds if quad.graph_name == _DEFAULT))
        self._change_named(change)
        self._inside.clear()
        self._in_force.clear()
        delta = Delta(set(change.adds), set(change.retracts))
        for graph in concerned:
            if self._is_in_force(graph) != self._was_in_force[graph]:
                delta.judged |= set(self._store.quads_for_pattern(None, None, None, graph))  # type: ignore[arg-type]
        self._change_registry(concerned, delta)
        self._defaults_before = before
        return delta

    def _concerned(self, change: Change) -> set[object]:
        """Return the graphs that the change touches, and those of which it may say that they are in force or are not."""
        added: dict[object, list[Quad]] = {}
        for quad in change.adds:
            added.setdefault(quad.graph_name, []).append(quad)
        touched = {graph for graph in change.graphs() if graph != _DEFAULT}
        spoken_of: set[object] = set()
        pending = [quad for quad in (*change.adds, *change.retracts) if _is_status(quad)]
        while pending:
            graph = pending.pop().subject
            if graph not in spoken_of and isinstance(graph, NamedNode):
                spoken_of.add(graph)
                pending += self._store.quads_for_pattern(None, _IN_FORCE, None, graph)
                pending += self._store.quads_for_pattern(None, _TYPE, _OVERRULED, graph)
                pending += [quad for quad in added.get(graph, ()) if _is_status(quad)]
        return touched | spoken_of

    def _change_named(self, change: Change) -> None:
        for graph in change.dropped:
            self._store.remove_graph(graph)
        self._empty = (self._empty - set(change.dropped)) | set(change.created)
        for quad in change.retracts:
            if quad.graph_name != _DEFAULT:
                self._store.remove(quad)
        self._store.extend(quad for quad in change.adds if quad.graph_name != _DEFAULT)
        for graph in change.created:
            self._store.add_graph(graph)
        for touched in {quad.graph_name for quad in change.retracts}:
            if isinstance(touched, NamedNode) and touched not in self._empty and not any(self._triples(touched)):
                self._store.remove_graph(touched)

    def _change_registry(self, graphs: Iterable[object], delta: Delta) -> None:
        """Let the registry graph say of graphs what a build would: from which file, in force or not, what overruled ones are."""
        for graph in graphs:
            said = set(self._store.quads_for_pattern(graph, None, None, self._registry))  # type: ignore[arg-type]
            kept = {quad for quad in said if quad.predicate == _SOURCE_FILE}
            is_out = self._is_inside(graph) and self._is_overruled(graph)
            if graph in self._files:
                kept.add(Quad(graph, _IN_FORCE, _FALSE if is_out else _TRUE, self._registry))  # type: ignore[arg-type]
            if is_out:
                own = self._store.quads_for_pattern(graph, None, None, graph)  # type: ignore[arg-type]
                kept.update(in_graph(quad.triple, self._registry) for quad in own)
            self._replace(said, kept, delta)

    def _remark(self, findings: Sequence[Result], delta: Delta) -> None:
        """Let the registry graph state what the shapes remark on."""
        if findings:
            wanted = {in_graph(triple, self._registry) for triple in describe_report(findings, self._registry)}
            said = set(self._store.quads_for_pattern(None, _CONFORMS, None, self._registry))
            self._replace(said, wanted, delta)

    def _describe(self, maintenance: Maintenance) -> Delta | None:
        """Let the registry graph describe the graphs of rules that conclude something now, and not those that do no more."""
        delta = Delta()
        for rule, graph, is_concluding in maintenance.touched():
            facts = (*describe(rule, graph), Triple(graph, _IN_FORCE, _TRUE)) if is_concluding else ()
            said = set(self._store.quads_for_pattern(graph, None, None, self._registry))
            self._replace(said, {in_graph(fact, self._registry) for fact in facts}, delta)
        self._defaults_before = self._defaults
        self._was_in_force = {}
        return delta if delta.adds or delta.retracts else None

    def _replace(self, said: set[Quad], wanted: set[Quad], delta: Delta) -> None:
        for quad in said - wanted:
            self._store.remove(quad)
        new = {quad for quad in wanted - said if quad not in self._store}
        self._store.extend(new)
        delta.retracts |= said - wanted
        delta.adds |= new

    def _asserted(self, delta: Delta) -> tuple[set[Triple], set[Triple]]:
        """Return which triples are asserted now and were not before the delta, and which were and are not any more."""
        left: dict[Triple, set[object]] = defaultdict(set)
        for quad in delta.retracts:
            left[quad.triple].add(quad.graph_name)
        plus: set[Triple] = set()
        minus: set[Triple] = set()
        for triple in {quad.triple for quad in chain(delta.adds, delta.retracts, delta.judged)}:
            quads = self._store.quads_for_pattern(triple.subject, triple.predicate, triple.object, None)
            stating = {quad.graph_name for quad in quads if quad not in delta.adds} | left[triple]
            was = triple in self._defaults_before or any(map(self._was_in_force_before, stating))
            if self._is_asserted(triple) != was:
                (minus if was else plus).add(triple)
        return plus, minus

    def _was_in_force_before(self, graph: object) -> bool:
        was = self._was_in_force.get(graph)
        return self._is_in_force(graph) if was is None else was

    def _triples(self, graph: object) -> Iterator[Triple]:
        for quad in self._store.quads_for_pattern(None, None, None, graph):  # type: ignore[arg-type]
            yield quad.triple


def _is_status(quad: Quad) -> bool:
    """Tell whether a quad says of a graph that it is in force or is not."""
    return quad.predicate == _IN_FORCE or (quad.predicate == _TYPE and quad.object == _OVERRULED)
