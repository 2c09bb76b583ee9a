"""From files and the journal to everything that a generation holds: parse, validate, entail, materialise the default graph.

Owns the order of these stages and the registry graph; how each works is in the module that it calls. Nothing is written here.

The default graph is the RDF merge of all that is in force (data graphs, the ontology, the registry graph) and what follows from it.
Out of force is a graph that is an OverruledGraph or `stdorg:inForce false`; what it says of itself (which document, which table) is
kept in the registry graph, so that a discrepancy can be explained from the default graph alone.

What was accepted since (the journal) is applied to what the files state: quads added to or retracted from a file's graph share its
fate, those of the default graph are merged, and any other named graph is just that: out of the default graph, unless something
says that it is `stdorg:inForce true`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, Triple

from qit4n_kg.errors import InvalidDataError
from qit4n_kg.loading import SourceKind, read_quads
from qit4n_kg.namespaces import OWL, RDF, RDFS, STDORG, XSD
from qit4n_kg.reasoning.reasoner import Reasoner, compile_rules, describe
from qit4n_kg.redactions import read_redactions, redact
from qit4n_kg.remarks import describe_report
from qit4n_kg.store.journal import replay
from qit4n_kg.store.oxigraph import stored_forms

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from qit4n_kg.config import Settings
    from qit4n_kg.loading import SourceFile
    from qit4n_kg.reasoning.reasoner import Rule
    from qit4n_kg.reporting import Report
    from qit4n_kg.store.journal import Entry

_TYPE = NamedNode(RDF + "type")
_LABEL = NamedNode(RDFS + "label")
_ONTOLOGY = NamedNode(OWL + "Ontology")
_NAMED_GRAPH, _ONTOLOGY_GRAPH, _OVERRULED, _IN_FORCE, _SOURCE_FILE = (
    NamedNode(STDORG + name) for name in ("NamedGraph", "OntologyGraph", "OverruledGraph", "inForce", "sourceFile")
)
_TRUTHS = tuple(Literal(text, datatype=NamedNode(XSD + "boolean")) for text in ("true", "1"))
_TRUE, _FALSE = (Literal(text, datatype=NamedNode(XSD + "boolean")) for text in ("true", "false"))


class Progress(Protocol):
    """Whoever wants to know how far a build is."""

    def started(self, stage: str, total: int | None = None) -> None:
        """Begin a stage of `total` steps, None where the number is not known."""
        ...

    def advanced(self, done: int) -> None:
        """Say how many steps of the stage are done."""
        ...

    def finished(self, summary: str) -> None:
        """End the stage with what it did."""
        ...


@dataclass(frozen=True)
class Dataset:
    """Everything that a generation holds, before it is written: iterate to get each quad, those of the default graph last."""

    ontology: list[Quad]
    data: list[Quad]
    registry: list[Triple]
    registry_graph: NamedNode
    entailed_base: str
    reasoner: Reasoner
    report: Report | None
    aside: tuple[Quad, ...] = ()
    """The quads of named graphs that are neither in force nor out of it: just named graphs."""
    graphs: frozenset[NamedNode] = frozenset()
    """Named graphs that are there even when empty."""

    def __iter__(self) -> Iterator[Quad]:
        yield from self.ontology
        yield from self.data
        yield from self.aside
        yield from (_quad(triple, self.registry_graph) for triple in self.registry)
        for rule, triples in self.reasoner.entailed.items():
            graph = NamedNode(self.entailed_base + rule)
            yield from (_quad(triple, graph) for triple in triples)
        yield from (Quad(*triple) for triple in self.merged())

    def merged(self) -> Iterator[Triple]:
        """Yield the triples of the default graph, each once."""
        yield from self.reasoner.triples()
        yield from {quad.triple for quad in self.ontology if quad.triple not in self.reasoner}


def assemble(
    settings: Settings, sources: Sequence[SourceFile], progress: Progress, entries: Sequence[Entry] = ()
) -> Dataset:
    """Parse, apply the journal's entries, validate and entail, without a trace on disk.

    :raises SourceError: a source file can't be read or parsed.
    :raises InvalidDataError: the shapes found violations.
    :raises UnsupportedAxiomError: the ontology has an axiom that no rule implements.
    """
    ontology, data, files, aside, graphs = _read(settings, sources, progress, entries)
    rules = compile_rules(ontology, settings.sources / "queries" / "axioms", settings.sources / "queries" / "rules")
    report = _validate(settings, sources, ontology, data, progress) if settings.gate else None
    overruled = _out_of_force(data)
    registry_graph = NamedNode(settings.graph_base + "registry")
    registry = [
        Triple(registry_graph, _TYPE, _NAMED_GRAPH),
        Triple(registry_graph, _LABEL, Literal("What the registry's software says of the graphs", language="en")),
        Triple(registry_graph, _IN_FORCE, _TRUE),
        *_describe_ontology(ontology),
        *_describe_files(files, overruled),
        *(quad.triple for quad in data if quad.graph_name in overruled and quad.subject == quad.graph_name),
        *(describe_report(report.findings, registry_graph) if report is not None else ()),
    ]
    progress.started("Entail")
    reasoner = Reasoner(rules)
    reasoner.add(quad for quad in data if quad.graph_name not in overruled)
    reasoner.add(Quad(*triple) for triple in registry)
    entailed_base = settings.graph_base + "entailed/"
    count = _entail(reasoner, rules, registry, entailed_base, progress)
    progress.finished(f"entailed {count:,} triples by {len(reasoner.entailed)} of {len(rules)} rules")
    return Dataset(ontology, data, registry, registry_graph, entailed_base, reasoner, report, aside, frozenset(graphs))


def _read(
    settings: Settings, sources: Sequence[SourceFile], progress: Progress, entries: Sequence[Entry]
) -> tuple[list[Quad], list[Quad], dict[NamedNode, SourceFile], tuple[Quad, ...], set[NamedNode]]:
    """Read the ontology, the data with the journal applied, whose graphs come from which file, what is aside, and empty graphs."""
    ontology, data, files = read_sources(sources, progress)
    redacted = read_redactions(settings.journal_dir)
    if redacted:
        data = list(redact(data, redacted))
    if not entries:
        return ontology, data, files, (), set()
    data, aside, graphs = _apply(entries, data, files)
    return ontology, data, files, aside, graphs


def ask_reference(
    settings: Settings, sources: Sequence[SourceFile], progress: Progress, entries: Sequence[Entry] = ()
) -> list[str]:
    """Return where pySHACL does not judge the data as a build does, each a sentence.

    :raises SourceError: a source file can't be read or parsed.
    """
    from qit4n_kg.validation import disagreements, load_shapes  # noqa: PLC0415

    ontology, data, *_ = _read(settings, sources, progress, entries)
    progress.started("Reference")
    found = disagreements(data, load_shapes(settings.sources / "shapes"), ontology)
    progress.finished(f"pySHACL found {'otherwise' if found else 'the same'}")
    return found


def _apply(
    entries: Sequence[Entry], data: list[Quad], files: dict[NamedNode, SourceFile]
) -> tuple[list[Quad], tuple[Quad, ...], set[NamedNode]]:
    """Apply the journal to the data of the files: what is theirs or in force, what is aside, and graphs that may be empty."""
    spelt = dict(zip(stored_forms(data), data, strict=True))
    left, graphs = replay(entries, spelt)
    merged = {quad.subject for quad in left if quad.predicate == _IN_FORCE and quad.object in _TRUTHS}
    inside: list[Quad] = []
    aside: list[Quad] = []
    for quad in left:
        graph = quad.graph_name
        is_merged = isinstance(graph, DefaultGraph) or graph in files or graph in merged
        (inside if is_merged else aside).append(spelt.get(quad, quad))
    return inside, tuple(aside), graphs


def read_sources(
    sources: Sequence[SourceFile], progress: Progress
) -> tuple[list[Quad], list[Quad], dict[NamedNode, SourceFile]]:
    """Read the ontology and the data; also say from which file each graph comes."""
    wanted = [source for source in sources if source.kind in (SourceKind.ONTOLOGY, SourceKind.DATA)]
    progress.started("Read", len(wanted))
    ontology: list[Quad] = []
    data: list[Quad] = []
    files: dict[NamedNode, SourceFile] = {}
    for number, source in enumerate(wanted, start=1):
        target = ontology if source.kind is SourceKind.ONTOLOGY else data
        before = len(target)
        target.extend(read_quads(source))
        graphs = (source.graph,) if source.graph else {quad.graph_name for quad in target[before:]}
        files.update((graph, source) for graph in graphs if isinstance(graph, NamedNode))
        progress.advanced(number)
    progress.finished(f"read {len(ontology) + len(data):,} statements from {len(wanted)} files")
    return ontology, data, files


def _validate(
    settings: Settings, sources: Sequence[SourceFile], ontology: list[Quad], data: list[Quad], progress: Progress
) -> Report:
    # Here and not above: a build that has nothing to do must not load rdflib, which takes 0.3 s.
    from qit4n_kg.validation import load_shapes, validate  # noqa: PLC0415

    progress.started("Validate")
    shapes = load_shapes(settings.sources / "shapes")
    files = [source for source in sources if source.kind is SourceKind.DATA and source.graph is not None]
    report = validate(data, shapes, ontology, files)
    if not report.conforms:
        raise InvalidDataError("The data does not conform to the shapes, so nothing is published.", report=report)
    progress.finished(f"valid, {len(report.results)} remarks" if report.results else "valid")
    return report


def _out_of_force(data: Iterable[Quad]) -> set[NamedNode]:
    return {
        quad.subject
        for quad in data
        if isinstance(quad.subject, NamedNode)
        and (
            (quad.predicate == _TYPE and quad.object == _OVERRULED)
            or (
                quad.predicate == _IN_FORCE and isinstance(quad.object, Literal) and quad.object.value in ("false", "0")
            )
        )
    }


def _describe_files(files: dict[NamedNode, SourceFile], overruled: set[NamedNode]) -> Iterator[Triple]:
    for graph, source in files.items():
        yield Triple(graph, _IN_FORCE, _FALSE if graph in overruled else _TRUE)
        yield Triple(graph, _SOURCE_FILE, Literal(source.relative))


def _describe_ontology(ontology: Iterable[Quad]) -> Iterator[Triple]:
    """Type the graphs of the ontology's modules, and label each as the module labels itself."""
    quads = list(ontology)
    modules = {quad.subject for quad in quads if quad.predicate == _TYPE and quad.object == _ONTOLOGY}
    for graph in dict.fromkeys(quad.graph_name for quad in quads):
        assert isinstance(graph, NamedNode)
        yield Triple(graph, _TYPE, _ONTOLOGY_GRAPH)
        labels = [
            quad.object
            for quad in quads
            if quad.graph_name == graph and quad.predicate == _LABEL and quad.subject in modules
        ]
        name = graph.value.rsplit("/", 1)[-1]
        yield from (Triple(graph, _LABEL, label) for label in labels or [Literal(f"Ontology: {name}", language="en")])


def _entail(reasoner: Reasoner, rules: Iterable[Rule], registry: list[Triple], base: str, progress: Progress) -> int:
    """Run the rules, then describe the graphs of those that concluded something, until no further rule does."""
    total = 0
    described: set[str] = set()

    def advanced(count: int) -> None:
        progress.advanced(total + count)

    while True:
        total += reasoner.run(advanced)
        new = [rule for rule in rules if rule.id in reasoner.entailed and rule.id not in described]
        if not new:
            return total
        for rule in new:
            graph = NamedNode(base + rule.id)
            facts = [*describe(rule, graph), Triple(graph, _IN_FORCE, _TRUE)]
            registry.extend(facts)
            reasoner.add(Quad(*fact) for fact in facts)
        described.update(rule.id for rule in new)


def _quad(triple: Triple, graph: NamedNode) -> Quad:
    return Quad(triple.subject, triple.predicate, triple.object, graph)
