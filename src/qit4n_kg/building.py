"""Build: from files and the journal to a published generation: parse, validate, entail, materialise the default graph, publish.

Owns the order of these stages and the registry graph; how each works is in the module that it calls. A build whose inputs are those
of the current generation does nothing, unless that one carries the search index of an older one. One that fails in any stage leaves
what is published as it is.

The default graph is the RDF merge of all that is in force (data graphs, the ontology, the registry graph) and what follows from it.
Out of force is a graph that is an OverruledGraph or `stdorg:inForce false`; what it says of itself (which document, which table) is
kept in the registry graph, so that a discrepancy can be explained from the default graph alone.

What was accepted since (the journal) is applied to what the files state: quads added to or retracted from a file's graph share its
fate, those of the default graph are merged, and any other named graph is just that: out of the default graph, unless something
says that it is `stdorg:inForce true`. A scratch dataset is the journal alone.
"""

from __future__ import annotations

import hashlib
import logging
import time
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, Triple

from qit4n_kg import __version__
from qit4n_kg.errors import GenerationDamagedError, InvalidDataError, StateError, StateMissingError
from qit4n_kg.feed.recording import record
from qit4n_kg.filed import leave_out, read_filed
from qit4n_kg.loading import FileDigests, SourceKind, find_sources, inputs_hash, named_from, read_quads
from qit4n_kg.namespaces import OWL, RDF, RDFS, STDORG, XSD
from qit4n_kg.reasoning.reasoner import Reasoner, compile_rules, describe
from qit4n_kg.redactions import digest_of, read_redactions, redact
from qit4n_kg.remarks import describe_report
from qit4n_kg.search.writing import CODE, is_carried, refresh_search, write_search
from qit4n_kg.store.generations import Generation, Generations
from qit4n_kg.store.journal import START, Journal, dataset_of, replay
from qit4n_kg.store.numbering import Numbering
from qit4n_kg.store.oxigraph import stored_forms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from qit4n_kg.config import Settings
    from qit4n_kg.feed.recording import Touched
    from qit4n_kg.filed import Filed
    from qit4n_kg.loading import SourceFile
    from qit4n_kg.reasoning.reasoner import Rule
    from qit4n_kg.reporting import Report
    from qit4n_kg.search.writing import SearchMemory
    from qit4n_kg.store.journal import Entry
    from qit4n_kg.store.recording import Net

_log = logging.getLogger(__name__)
SOFTWARE = f"qit4n-kg {__version__}"

_TYPE = NamedNode(RDF + "type")
_LABEL = NamedNode(RDFS + "label")
_ONTOLOGY = NamedNode(OWL + "Ontology")
_NAMED_GRAPH, _ONTOLOGY_GRAPH, _OVERRULED, _IN_FORCE, _SOURCE_FILE = (
    NamedNode(STDORG + name) for name in ("NamedGraph", "OntologyGraph", "OverruledGraph", "inForce", "sourceFile")
)
_TRUTHS = tuple(Literal(text, datatype=NamedNode(XSD + "boolean")) for text in ("true", "1"))
_TRUE, _FALSE = (Literal(text, datatype=NamedNode(XSD + "boolean")) for text in ("true", "false"))
_DECIDING_MODULES = (
    "building.py",
    "filed.py",
    "naming.py",
    "redactions.py",
    "loading.py",
    "namespaces.py",
    "reasoning/axioms.py",
    "reasoning/reasoner.py",
    "remarks.py",
)
_DECIDING_QUERIES = ("queries/axioms/", "queries/rules/", "queries/search/", "queries/site/tables/")


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
class BuildResult:
    """What a build came to: `report` is the validation's, None where nothing was validated."""

    generation: Generation
    is_new: bool
    seconds: float
    report: Report | None


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


@dataclass(frozen=True)
class Origin:
    """What a generation is made from: the source files (none in a scratch dataset) and the journal."""

    settings: Settings
    sources: tuple[SourceFile, ...]
    journal: Journal
    digests: FileDigests = field(default_factory=FileDigests)
    filed: Filed | None = None

    @classmethod
    def find(cls, settings: Settings, before: Origin | None = None) -> Origin:
        """Find the sources and read the journal; of what `before` has read, only what has changed.

        :raises SourceError: a folder or a name can't be used.
        :raises JournalDamagedError: what was accepted can't be read back.
        """
        if settings.scratch:
            return cls(
                settings, (), before.journal.reread() if before else Journal.read(settings.journal_dir, "scratch")
            )
        sources = find_sources(settings.sources, settings.graph_base, settings.data)
        filed = read_filed(settings.sources / "data") if settings.data is None else None
        is_same = before is not None and before.filed == filed and before.graphs == _graphs_of(sources)
        journal = (
            before.journal.reread() if before and is_same else Journal.read(settings.journal_dir, settings.base_iri)
        )
        origin = cls(settings, sources, journal, before.digests if before else FileDigests(), filed)
        leave_out(journal, filed, origin.graphs)
        return origin

    @cached_property
    def graphs(self) -> frozenset[NamedNode | None]:
        """The graphs of the data's files."""
        return _graphs_of(self.sources)

    @cached_property
    def files(self) -> str:
        """The hash of what decides the dataset but the journal."""
        return "scratch" if self.settings.scratch else _inputs_of(self)

    def inputs(self, position: str | None = None) -> str:
        """Hash what decides the dataset, with the journal as it is or at another position."""
        position = self.journal.position if position is None else position
        if self.settings.scratch:
            return f"scratch:{position}"
        return self.files if position == START else f"{self.files} journal:{position}"

    def complete(self, store_path: Path) -> None:
        """Write the search index and the lists of a generation beside its store; a scratch dataset has none."""
        write_search(store_path, self.settings.sources / "queries", self.settings.id_base)

    def refresh(self, before: Generation, memory: SearchMemory | None = None) -> Callable[[Path, Net | None], None]:
        """Return what completes a generation that is `before` with a change."""

        def complete(store_path: Path, net: Net | None = None) -> None:
            settings = self.settings
            refresh_search(store_path, settings.sources / "queries", settings.id_base, before, net, memory)

        return complete

    def publish(
        self,
        generations: Generations,
        entries: Sequence[Entry],
        inputs: str,
        progress: Progress,
        on_ready: Callable[[], None] | None = None,
    ) -> tuple[Generation, Report | None]:
        """Make the dataset anew, with these entries of the journal, and publish it.

        :raises InvalidDataError: the shapes found violations.
        """
        if self.settings.scratch:
            left, graphs = replay(entries)
            generation = generations.publish(left, graphs=graphs, inputs=inputs, software=SOFTWARE, on_ready=on_ready)
            self.record(generation)
            return generation, None
        dataset = assemble(self.settings, self.sources, progress, entries)
        progress.started("Publish")
        generation = generations.publish(
            dataset,
            graphs=dataset.graphs,
            inputs=inputs,
            software=SOFTWARE,
            progress=progress.advanced,
            on_ready=on_ready,
            complete=self.complete,
        )
        progress.finished(f"published {generation.manifest.quads:,} quads as generation {generation.number}")
        self.record(generation)
        return generation, dataset.report

    def record(self, generation: Generation, touched: Touched | None = None) -> None:
        """Add to the change feed what a published generation changes; one that is not added is with the next."""
        try:
            record(self.settings.feed_folder, dataset_of(self.settings), generation, touched)
        except (StateError, OSError) as exc:
            _log.error("The change feed has not got generation %s: %s", generation.number, exc)


def build(settings: Settings, progress: Progress) -> BuildResult:
    """Publish a generation made from the sources, unless the current one was made from the same.

    :raises SourceError: a source file can't be read or parsed.
    :raises InvalidDataError: the shapes found violations; the error carries the report.
    :raises UnsupportedAxiomError: the ontology has an axiom that no rule implements.
    :raises StateLockedError: another build is at work.
    :raises StateFullError: the disk is full.
    """
    start = time.monotonic()
    generations = Generations(
        settings.state_dir, settings.keep_generations, settings.keep_days, Numbering(settings.journal_dir)
    )
    with named_from(settings.sources), generations.writer():
        origin = Origin.find(settings)
        inputs = origin.inputs()
        current = _current(generations)
        if current is not None and current.manifest.inputs == inputs and not is_carried(current):
            generations.note_number()
            origin.record(current)
            return BuildResult(current, False, time.monotonic() - start, None)
        generation, report = origin.publish(generations, origin.journal.entries, inputs, progress)
    return BuildResult(generation, True, time.monotonic() - start, report)


def assemble(
    settings: Settings, sources: Sequence[SourceFile], progress: Progress, entries: Sequence[Entry] = ()
) -> Dataset:
    """Parse, apply the journal's entries, validate and entail, without a trace on disk.

    :raises SourceError: a source file can't be read or parsed.
    :raises InvalidDataError: the shapes found violations.
    :raises UnsupportedAxiomError: the ontology has an axiom that no rule implements.
    """
    ontology, data, files = read_sources(sources, progress)
    redacted = read_redactions(settings.journal_dir)
    if redacted:
        data = list(redact(data, redacted))
    aside: tuple[Quad, ...] = ()
    graphs: set[NamedNode] = set()
    if entries:
        data, aside, graphs = _apply(entries, data, files)
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


def _graphs_of(sources: Iterable[SourceFile]) -> frozenset[NamedNode | None]:
    return frozenset(source.graph for source in sources if source.kind is SourceKind.DATA)


@cache
def _code() -> str:
    """Hash the code of the build, as it is when this process first asks: that is what it runs."""
    folder = Path(__file__).parent
    return hashlib.sha256(b"".join((folder / name).read_bytes() for name in (*_DECIDING_MODULES, *CODE))).hexdigest()


def _inputs_of(origin: Origin) -> str:
    """Hash what decides the dataset: a changed page or catalogue query makes no new generation, changed code of the build does."""
    settings, filed = origin.settings, origin.filed
    deciding = [
        s for s in origin.sources if s.kind is not SourceKind.QUERIES or s.relative.startswith(_DECIDING_QUERIES)
    ]
    software = f"{SOFTWARE} {_code()}" + (f" {filed.position}" if filed else "")
    software += digest_of(read_redactions(settings.journal_dir))
    return inputs_hash(
        deciding, software=software, base_iri=settings.base_iri, gate=settings.gate, digests=origin.digests
    )


def _current(generations: Generations) -> Generation | None:
    try:
        return generations.current()
    except (StateMissingError, GenerationDamagedError):
        return None


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
    # Here and not above: a build that has nothing to do must not load pySHACL and rdflib, which takes 0.5 s.
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
