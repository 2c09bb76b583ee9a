"""A judge that says quickly what catches a mutation of the shipped data: the shapes, as the build validates, or a check.

One full validation takes about a second, and there are some 16,000 mutations. So the judge keeps the graphs, applies a change, asks
only the shapes of the nodes that the change can reach, and takes it back. What a change can reach follows from the shapes: the
subject and the value; where a type changes or a path has two steps, their neighbours too; and all targets of a shape whose SPARQL
names the property. The checks are asked without entailments. `test_mutations.py` compares both with the whole.
Spec: SHACL (W3C Recommendation of 2017), sections 2.1 (targets) and 2.3.1 (paths). `Shape.validate(..., focus=...)` is half
internal to pySHACL, whose version is pinned.

`PYTHONPATH=src:tests python -m knowledge.judging` makes all mutations and prints the report, which takes four minutes.
"""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import rdflib
from pyoxigraph import DefaultGraph, NamedNode, Quad, Variable
from pyshacl.graph_abstraction import DataGraph
from pyshacl.validator import Validator
from rdflib import RDF, SH
from rdflib.collection import Collection

from knowledge.mutation import OVERRULED, SUBCLASS, TYPE, Kind, Mutation, Mutator, World
from qit4n_kg.assembling import _out_of_force
from qit4n_kg.namespaces import STDORG, compact
from qit4n_kg.reporting import Report, quiet_terms, to_rdflib
from qit4n_kg.validation import validate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyshacl.shape import Shape

Finding = tuple[str, str, str]
"""Severity, shape, focus node."""

FIELD_PROPERTY = NamedNode(f"{STDORG}fieldProperty")
TABLE_TERMS = {
    TYPE,
    FIELD_PROPERTY,
    NamedNode("http://purl.org/dc/terms/source"),
    *(NamedNode(f"{STDORG}{name}") for name in ("table", "fieldInTable", "fieldDocument")),
}
ONTOLOGY_ONLY = {
    "axiom-outside-profile",
    "class-cycle",
    "concept-class-unused",
    "datatype-as-range",
    "deprecated-without-replacement",
    "foreign-term-aligned-elsewhere",
    "foreign-term-redefined",
    "property-cycle",
    "property-with-two-domains",
    *(f"term-{rest}" for rest in ("label-twice", "name", "of-two-kinds", "without-definition", "without-help")),
    *(f"term-without-{rest}" for rest in ("label", "source", "status")),
}
"""Checks of what no statement of the data can break: they look at statements about terms only."""
SHAPES_SAY_IT = {"blank-node-in-data", "undefined-term"}
"""Checks of what the build refuses before any check is asked."""


class _Engine:
    """One shapes graph compiled once over a graph that changes; constraints in SPARQL are compiled apart, because they are slow."""

    def __init__(self, shapes: rdflib.Graph, graph: rdflib.Graph, ontology: Iterable[Quad]) -> None:
        self.graph, self.shapes = graph, shapes
        self.plain = _Compiled(_without(shapes, SH.sparql), graph)
        self.queried = _Compiled(_without(shapes, SH.property), graph)
        self.queries: dict[str, list[Shape]] = defaultdict(list)
        for shape in self.queried.all:
            for constraint in shapes.objects(shape.node, SH.sparql):
                for name in set(re.findall(r"(?:stdorg|schema):\w+", str(shapes.value(constraint, SH.select)))):
                    self.queries[name].append(shape)
        self.above: dict[rdflib.term.Node, set[rdflib.term.Node]] = defaultdict(set)
        for quad in ontology:
            if quad.predicate == SUBCLASS:
                self.above[to_rdflib(quad.subject)].add(to_rdflib(quad.object))
        self.deep = {step for steps in sequences(shapes) for step in steps}

    def validate(self, changed: list[Quad], *, first_only: bool) -> set[Finding]:
        """Return what is found at the nodes that changed statements can reach; at least one Violation where there is one."""
        found: set[Finding] = set()
        asked: set[tuple[int, rdflib.term.Node]] = set()
        for compiled, shape, focus in self._questions(changed):
            if (id(shape), focus) in asked:
                continue
            asked.add((id(shape), focus))
            _, reports = shape.validate(compiled.executor, compiled.data, focus=[focus])
            found |= {_finding(report) for report in reports}
            if first_only and any(severity == "Violation" for severity, _, _ in found):
                break
        return found

    def _questions(self, changed: list[Quad]) -> Iterator[tuple[_Compiled, Shape, rdflib.term.Node]]:
        for node in self._reached(changed):
            kinds = self._kinds(node)
            yield from ((self.plain, shape, node) for shape in self.plain.targeting(node, kinds))
        for quad in changed:
            for shape in self.queries.get(compact(quad.predicate.value), ()):
                yield from ((self.queried, shape, node) for node in shape.focus_nodes(self.queried.data))
        if any(quad.predicate == TYPE for quad in changed):
            subject = to_rdflib(changed[0].subject)
            yield from (
                (self.queried, s, subject)
                for s in self.queried.targeting(subject, self._kinds(subject))
                if self._asks(s)
            )

    def _asks(self, shape: Shape) -> bool:
        return (shape.node, SH.sparql, None) in self.shapes

    def _reached(self, changed: list[Quad]) -> Iterator[rdflib.URIRef]:
        nodes: dict[rdflib.term.Node, None] = {to_rdflib(changed[0].subject): None}
        for quad in changed:
            subject, predicate = to_rdflib(quad.subject), to_rdflib(quad.predicate)
            nodes[to_rdflib(quad.object)] = None
            if predicate == RDF.type or predicate in self.deep:
                nodes |= dict.fromkeys(self.graph.subjects(None, subject)) | dict.fromkeys(self.graph.objects(subject))
        yield from (node for node in nodes if isinstance(node, rdflib.URIRef))

    def _kinds(self, node: rdflib.term.Node) -> set[rdflib.term.Node]:
        kinds = set(self.graph.objects(node, RDF.type))
        waiting = list(kinds)
        while waiting:
            new = self.above[waiting.pop()] - kinds
            kinds |= new
            waiting += new
        return kinds


class _Compiled:
    """The shapes of a graph with their targets, and what pySHACL needs to ask them."""

    def __init__(self, shapes: rdflib.Graph, graph: rdflib.Graph) -> None:
        validator = Validator(DataGraph.from_rdflib(graph), shacl_graph=shapes, options={"inplace": True})
        self.executor, self.data, self.graph = validator.make_executor(), validator.data_graph, graph
        self.all = list(validator.shacl_graph.shapes)
        self.by_class: dict[rdflib.term.Node, list[Shape]] = defaultdict(list)
        self.by_property: dict[rdflib.term.Node, list[Shape]] = defaultdict(list)
        for shape in self.all:
            for target in shapes.objects(shape.node, SH.targetClass):
                self.by_class[target].append(shape)
            for target in shapes.objects(shape.node, SH.targetSubjectsOf):
                self.by_property[target].append(shape)

    def targeting(self, node: rdflib.term.Node, kinds: set[rdflib.term.Node]) -> Iterator[Shape]:
        for kind in kinds:
            yield from self.by_class.get(kind, ())
        for predicate in set(self.graph.predicates(node)):
            yield from self.by_property.get(predicate, ())


def _without(shapes: rdflib.Graph, parameter: rdflib.URIRef) -> rdflib.Graph:
    kept = rdflib.Graph()
    for triple in shapes:
        if triple[1] != parameter or (parameter == SH.property and (triple[0], SH.sparql, None) not in shapes):
            kept.add(triple)
    return kept


def sequences(shapes: rdflib.Graph) -> Iterator[list[rdflib.term.Node]]:
    """Yield, of each path that is a sequence, the properties that occur in it."""
    for path in shapes.objects(None, SH.path):
        if (path, RDF.first, None) in shapes:
            yield [step for part in Collection(shapes, path) for step in _properties(shapes, part)]


def _properties(shapes: rdflib.Graph, path: rdflib.term.Node) -> Iterator[rdflib.term.Node]:
    if isinstance(path, rdflib.URIRef):
        yield path
        return
    for inner in shapes.objects(path, SH.inversePath):
        yield from _properties(shapes, inner)
    for choice in shapes.objects(path, SH.alternativePath):
        for inner in Collection(shapes, choice):
            yield from _properties(shapes, inner)


def _finding(report: tuple[object, ...]) -> Finding:
    facts = {predicate: obj for _, predicate, obj in report[2]}
    named = {key: value[1] if isinstance(value, tuple) else value for key, value in facts.items()}
    severity = str(named[SH.resultSeverity]).removeprefix(str(SH))
    return severity, str(named[SH.sourceShape]), str(named[SH.focusNode])


class Judge:
    """Says of a mutation what finds it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.hidden = _out_of_force(world.data)
        self.known = {quad.subject for quad in world.ontology if quad.predicate == TYPE}
        self.in_force = Counter(quad.triple for quad in world.data if self._counts(quad))
        self.stated = Counter(quad.triple for quad in world.data)
        axioms = [quad.triple for quad in world.ontology if quad.predicate == SUBCLASS]
        with quiet_terms():
            self.merged = _Engine(world.shapes.merged, _graph([*self.in_force, *axioms]), world.ontology)
            self.passages = _Engine(world.shapes.passage, _graph(self.stated), world.ontology)
        self.store = world.store(world.data)
        self.filled = {quad.object for quad in world.data if quad.predicate == FIELD_PROPERTY}
        self.checks = {
            name: (text, _predicates_in(text))
            for name, text in world.checks.items()
            if name not in ONTOLOGY_ONLY | SHAPES_SAY_IT
        }

    def verdict(self, mutation: Mutation) -> str:
        """Return "Violation", "Warning", "Info" or "check"; "restated" (another passage says the same); or "uncovered"."""
        if self.is_about_force(mutation):
            data = self.world.changed(mutation)
            found = {(result.severity.value, "", "") for result in self.validate(data).results}
        else:
            with quiet_terms():
                found = self.findings(mutation, first_only=True)
        for severity in ("Violation", "Warning", "Info"):
            if any(severity == finding[0] for finding in found):
                return severity
        if self.is_about_force(mutation):
            store = self.world.store(self.world.changed(mutation))
            is_broken = any(next(iter(store.query(text)), None) for text, _ in self.checks.values())
        else:
            is_broken = bool(self.broken_checks(mutation, first_only=True))
        if is_broken:
            return "check"
        return "restated" if mutation.new is None and self._is_restated(mutation.old) else "uncovered"

    def validate(self, data: Iterable[Quad]) -> Report:
        """Validate all of it, as the build does."""
        return validate(data, self.world.shapes, self.world.ontology)

    def is_about_force(self, mutation: Mutation) -> bool:
        """Tell whether the change puts a whole graph in or out of force, so that only full validation can judge it."""
        return mutation.old.predicate == TYPE and OVERRULED in (
            mutation.old.object,
            mutation.new and mutation.new.object,
        )

    def findings(self, mutation: Mutation, *, first_only: bool = False) -> set[Finding]:
        """Return what the shapes find: all of it, or enough to tell the severity."""
        new = mutation.new.object if mutation.new else None
        found: set[Finding] = set()
        if isinstance(new, NamedNode) and new.value.startswith(STDORG) and new not in self.known:
            found.add(("Violation", "KnownTerm", mutation.old.subject.value))
        if self._counts(mutation.old):
            found |= _with_change(self.merged, self.in_force, mutation, first_only)
        return found | _with_change(self.passages, self.stated, mutation, first_only)

    def broken_checks(self, mutation: Mutation, *, first_only: bool = False) -> set[str]:
        """Return the checks that find something."""
        changed = [quad for quad in (mutation.old, mutation.new) if quad]
        self._apply(mutation.old, mutation.new)
        broken = set()
        for name, (text, predicates) in self.checks.items():
            if predicates and mutation.old.predicate not in predicates:
                continue
            if any(
                next(iter(self.store.query(text, substitutions=given)), None) for given in self._given(name, changed)
            ):
                broken.add(name)
                if first_only:
                    break
        self._apply(mutation.new, mutation.old)
        return broken

    def _given(self, check: str, changed: list[Quad]) -> list[dict[Variable, object]]:
        """Bind, in the checks that look at everything, the variable whose rows a change can make; no row at all: no question."""
        predicate = changed[0].predicate
        if check == "thing-not-described":
            nodes = {term for quad in changed for term in (quad.subject, quad.object) if isinstance(term, NamedNode)}
            return [{Variable("value"): node} for node in sorted(nodes, key=str)]
        if check in ("object-property-with-literal", "datatype-property-with-thing"):
            return [{Variable("term"): predicate}]
        if check in ("thing-of-two-kinds", "subject-of-another-kind", "name-of-two-scripts"):
            return [{Variable("thing"): changed[0].subject}]
        if check == "counted-without-source":
            if changed[0].subject != changed[0].graph_name:
                return [{Variable("thing"): changed[0].subject}]
            return [{}] if predicate == TYPE else []
        if check == "derived-property-in-data":
            return [{Variable("property"): predicate}]
        if check == "misspelt-term":
            return [{Variable("term"): term} for term in (predicate, changed[-1].object) if isinstance(term, NamedNode)]
        if check == "reuse-with-side-effects":
            return [{Variable("term"): term} for term in {predicate, changed[-1].object} if isinstance(term, NamedNode)]
        if check == "field-without-facts" and predicate not in TABLE_TERMS:
            return [{Variable("property"): predicate}] if predicate in self.filled else []
        return [{}]

    def _apply(self, gone: Quad | None, new: Quad | None) -> None:
        if gone:
            self.store.remove(gone)
            if self._counts(gone) and not any(
                self._counts(q) for q in self.store.quads_for_pattern(*gone.triple, None)
            ):
                self.store.remove(Quad(*gone.triple, DefaultGraph()))
        if new:
            self.store.add(new)
            if self._counts(new):
                self.store.add(Quad(*new.triple, DefaultGraph()))

    def _counts(self, quad: Quad) -> bool:
        is_named = isinstance(quad.graph_name, NamedNode)
        return is_named and (quad.graph_name not in self.hidden or quad.subject == quad.graph_name)

    def _is_restated(self, quad: Quad) -> bool:
        return self._counts(quad) and self.in_force[quad.triple] > 1


def _with_change(engine: _Engine, counts: Counter, mutation: Mutation, first_only: bool) -> set[Finding]:
    """Validate with the change made, and take it back; a statement that is restated elsewhere stays in the graph."""
    gone = counts[mutation.old.triple] == 1
    old = tuple(map(to_rdflib, mutation.old.triple))
    new = tuple(map(to_rdflib, mutation.new.triple)) if mutation.new else None
    if gone:
        engine.graph.remove(old)
    if new:
        engine.graph.add(new)
    found = engine.validate([quad for quad in (mutation.old, mutation.new) if quad], first_only=first_only)
    if new:
        engine.graph.remove(new)
    if gone:
        engine.graph.add(old)
    return found


def _predicates_in(text: str) -> set[NamedNode]:
    """Return the properties that a check names, or nothing where it asks for any property."""
    body = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    declared = dict(re.findall(r"PREFIX (\w*): <([^>]*)>", body))
    pattern = re.sub(r"PREFIX [^\n]*|\"[^\"]*\"", "", body)
    if re.search(r"\?\w+ \?\w+ \?\w+", pattern):
        return set()
    names = re.findall(r"(\w+):(\w+)", pattern)
    return {NamedNode(declared[prefix] + name) for prefix, name in names if prefix in declared} | {TYPE}


def _graph(triples: Iterable[object]) -> rdflib.Graph:
    graph = rdflib.Graph()
    for triple in triples:
        graph.add(tuple(map(to_rdflib, triple)))
    return graph


# --- the report ---------------------------------------------------------------------------------------------------------------

VERDICTS = ("Violation", "Warning", "Info", "check", "restated", "uncovered")
Tally = Counter[tuple[str, str, str]]
"""How many mutations of (predicate, kind) met which verdict."""


def tally(judge: Judge, mutations: Iterable[Mutation]) -> Tally:
    return Counter((m.predicate, m.kind.value, judge.verdict(m)) for m in mutations)


def write_report(counts: Tally) -> str:
    """Lay out the counts: by kind of mutation, then by predicate what stays uncovered."""
    made = counts.total()
    by_verdict = Counter({verdict: sum(n for key, n in counts.items() if key[2] == verdict) for verdict in VERDICTS})
    caught = sum(by_verdict[verdict] for verdict in VERDICTS[:4])
    without_effect = f"{by_verdict['restated']:,} without effect (said elsewhere too)"
    lines = [
        f"{made:,} mutations made: {caught:,} caught, {without_effect}, {by_verdict['uncovered']:,} uncovered",
        "",
        f"{'kind':<10}{'made':>7}" + "".join(f"{verdict:>11}" for verdict in VERDICTS),
    ]
    for kind in Kind:
        row = [sum(n for key, n in counts.items() if key[1:] == (kind.value, verdict)) for verdict in VERDICTS]
        lines.append(f"{kind.value:<10}{sum(row):>7,}" + "".join(f"{n:>11,}" for n in row))
    lines += ["", f"{'predicate':<36}" + "".join(f"{kind.value:>16}" for kind in Kind) + "   (uncovered of made)"]
    for predicate in sorted({key[0] for key in counts}):
        cells = []
        for kind in Kind:
            total = sum(counts[predicate, kind.value, verdict] for verdict in VERDICTS)
            cells.append(f"{counts[predicate, kind.value, 'uncovered']} of {total}" if total else "")
        lines.append(f"{predicate:<36}" + "".join(f"{cell:>16}" for cell in cells))
    return "\n".join(lines) + "\n"


def main() -> None:
    world = World.shipped()
    sys.stdout.write(write_report(tally(Judge(world), Mutator(world))))


if __name__ == "__main__":
    main()
