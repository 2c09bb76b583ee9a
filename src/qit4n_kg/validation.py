"""Validation of data against the shapes, with a report that names file, line and thing; no Flask, and it changes no data.

Three checks make one report. What is in force is merged and validated against `shapes/*.ttl`. Every passage, overruled ones too,
is validated against `shapes/evidence/*.ttl` (datatypes only). And every term of our namespace must be one that the ontology
defines, which SHACL Core can't say. Spec: SHACL (W3C Recommendation of 2017), with pySHACL as the engine.

Engines take an empty shapes graph, a misspelt parameter or a reference to nothing for "conforms", so `load_shapes` looks for these
first. pySHACL is wrong over a pyoxigraph store (datatypes are rewritten), so data are always copied into an rdflib Graph. Importing
this module takes 0.5 s: import it where it is used, not where a server starts.
"""

from __future__ import annotations

import difflib
import gzip
import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pyoxigraph
import pyshacl
import rdflib
from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad
from pyshacl.errors import ShapeLoadError, ValidationFailure
from rdflib import RDF, RDFS, SH, XSD

from qit4n_kg.errors import SourceError
from qit4n_kg.formats import RdfFormat
from qit4n_kg.loading import GRAPH_CLASSES, SourceKind, find_sources, named_from, parse, read_quads
from qit4n_kg.locating import Position, StatementIndex, mentions
from qit4n_kg.namespaces import STDORG, STDORG_SHAPES, compact
from qit4n_kg.reporting import Report, Result, Severity, StatedValue, from_rdflib, quiet_terms, to_rdflib, write_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qit4n_kg.config import Settings
    from qit4n_kg.store.base import Term

    Data = rdflib.Graph | Iterable[Quad]

__all__ = [
    "STANDARD_INPUT",
    "Report",
    "Result",
    "Severity",
    "Shapes",
    "load_shapes",
    "locate",
    "validate",
    "validate_files",
]

STANDARD_INPUT = Path("-")
"""Stands among the paths of `validate_files` for a text of Turtle that is no file."""

_TYPE = NamedNode(str(RDF.type))
_SUBCLASS = NamedNode(str(RDFS.subClassOf))
_OVERRULED = NamedNode(f"{STDORG}OverruledGraph")
_IN_FORCE = NamedNode(f"{STDORG}inForce")
_FALSE = tuple(Literal(text, datatype=NamedNode(str(XSD.boolean))) for text in ("false", "0"))
_KNOWN_TERM = f"{STDORG_SHAPES}KnownTerm"
_REFERENCES = (SH.property, SH.node, SH["not"], SH.qualifiedValueShape, SH.sparql)
_FORMATS = {f".{form.value.extension}": form for form in RdfFormat}
_ENGINE_POSITION = re.compile(r"^Parser error (?:at|between) line .*?: (?=\S)")
_LISTS = (SH["or"], SH["and"], SH.xone)
_CORRECTION = "To correct a passage, change its file under data/: a file that states another value only adds it."


@dataclass(frozen=True)
class Shapes:
    """The shapes, read and checked once: `merged` for what is in force, `passage` for one passage alone."""

    merged: rdflib.Graph
    passage: rdflib.Graph


class Source(Protocol):
    """A text that data came from, such as a `loading.SourceFile`."""

    @property
    def path(self) -> Path: ...

    @property
    def relative(self) -> str:
        """The name by which a report calls it."""
        ...

    @property
    def graph(self) -> NamedNode | None:
        """Its graph, against which relative IRIs resolve."""
        ...


def load_shapes(folder: Path) -> Shapes:
    """Read `*.ttl` and `evidence/*.ttl` of the folder.

    :raises SourceError: a file is no Turtle, no shape has a target, a shape refers to one that is not there, or a term of SHACL is
        misspelt; with file and line.
    """
    return Shapes(_read_shapes(folder), _read_shapes(folder / "evidence"))


def validate(data: Data, shapes: Shapes, ontology: Data, sources: Sequence[Source] = ()) -> Report:
    """Validate data before entailment; of the ontology only the subclass axioms are merged in, so that `sh:class` sees them.

    Quads are merged; those of a graph that is an OverruledGraph, or not `stdorg:inForce`, are left out but for what the graph says
    of itself. An rdflib Graph is taken as in force. With `sources` each result is located in the text that it comes from.
    """
    quads = list(_quads_of(data))
    axioms = list(_quads_of(ontology))
    with quiet_terms():
        return _validate(quads, axioms, shapes, sources)


def _validate(quads: list[Quad], axioms: list[Quad], shapes: Shapes, sources: Sequence[Source]) -> Report:
    merged = _to_graph(chain(_only_in_force(quads), (quad for quad in axioms if quad.predicate == _SUBCLASS)))
    results = _run(merged, shapes.merged)
    reported = {(result.focus, result.path, result.value) for result in results}
    passages = _run(_to_graph(quads), shapes.passage)
    results += [result for result in passages if (result.focus, result.path, result.value) not in reported]
    results += _unknown_terms(quads, axioms)
    labelled = [
        replace(result, focus_label=_label(merged, result.focus), values=_values(merged, result)) for result in results
    ]
    return Report.of(locate(labelled, sources) if sources else labelled, shapes.merged + shapes.passage)


def validate_files(paths: Iterable[Path], settings: Settings, standard_input: bytes = b"") -> Report:
    """Validate files as if they were merged into the data of `settings.sources`; only results that they bring are reported.

    A file that is one of those data replaces itself there, and then every result counts. `STANDARD_INPUT` among the paths stands
    for the Turtle in `standard_input`.

    :raises SourceError: a file can't be read (with line and column where the parser tells them), or its extension is unknown.
    """
    with named_from(settings.sources):
        return _validate_files({path.resolve(): path for path in paths}, settings, standard_input)


def _validate_files(wanted: Mapping[Path, Path], settings: Settings, standard_input: bytes) -> Report:
    shapes = load_shapes(settings.sources / "shapes")
    sources = find_sources(settings.sources, settings.graph_base, settings.data)
    ontology = [quad for source in sources if source.kind is SourceKind.ONTOLOGY for quad in parse(source)]
    shipped = [source for source in sources if source.kind is SourceKind.DATA]
    given = [source for source in shipped if source.path.resolve() in wanted]
    kept = [source for source in shipped if source.path.resolve() not in wanted]
    own = {source.path.resolve() for source in given}
    files = [
        _GivenFile.of(standard_input, settings) if path == STANDARD_INPUT else _GivenFile.open(path, settings)
        for resolved, path in wanted.items()
        if resolved not in own
    ]
    brought = [quad for source in given for quad in read_quads(source)]
    brought += [quad for file in files for quad in file.quads]
    known = [quad for source in kept for quad in read_quads(source)]
    report = validate([*known, *brought], shapes, ontology)
    if not given:
        before = Counter(result.identity for result in validate(known, shapes, ontology).results)
        report = report.without(before)
    report = report.with_results(locate(report.results, [*files, *given, *kept]))
    has_clash = _has_clash(report.results, {_shown(file) for file in files}, {_shown(source) for source in kept})
    return replace(report, statements=len(set(brought)), hint=_CORRECTION if has_clash else None)


def locate(results: Iterable[Result], sources: Sequence[Source]) -> list[Result]:
    """Say of each result in which text and where its statement, or the nearest one about its focus node, stands.

    Files that state exactly (focus, path, value) win over those that only give another value of the path, and these over those
    that only describe the focus node. Of two equal ones the earlier in `sources` wins.
    """
    results = list(results)
    subjects = {str(result.focus) for result in results}
    wanted = {result.focus for result in results if isinstance(result.focus, NamedNode)}
    has_anonymous = any(isinstance(result.focus, BlankNode) for result in results)
    indexes: list[tuple[Source, StatementIndex]] = []
    for source in sources if results else ():
        text = _read_text(source, subjects)
        if has_anonymous or any(mentions(text, [focus]) for focus in wanted):
            indexes.append((source, StatementIndex(text, source.graph.value if source.graph else "")))
    return [_located(result, indexes) for result in results]


# --- shapes ---------------------------------------------------------------------------------------------------------------------


def _read_shapes(folder: Path) -> rdflib.Graph:
    texts: dict[Path, str] = {}
    quads: list[Quad] = []
    for path in sorted(folder.glob("*.ttl")):
        texts[path] = _decode(path)
        quads += _parse_text(texts[path], RdfFormat.TURTLE, path, base="")
    graph = _to_graph(quads)
    if not any(chain.from_iterable(graph.subjects(target) for target in (SH.targetClass, SH.targetSubjectsOf))):
        raise SourceError("No shape here has a target, so everything would conform.", path=folder)
    for subject, predicate, problem in _flaws(graph):
        path, position = _place_in(texts, subject, predicate)
        raise SourceError(problem, path=path, line=position.line, column=position.column)
    return graph


def _flaws(graph: rdflib.Graph) -> Iterable[tuple[rdflib.term.Node, rdflib.term.Node, str]]:
    """Yield what engines accept in silence: references to nothing and terms that SHACL does not have."""
    for subject, predicate, obj in sorted(graph, key=str):
        if isinstance(predicate, rdflib.URIRef) and predicate.startswith(str(SH)) and predicate not in SH:
            yield subject, predicate, f"SHACL has no term {compact(predicate)}."
        targets = [obj] if predicate in _REFERENCES else graph.items(obj) if predicate in _LISTS else []
        for target in targets:
            if (target, None, None) not in graph:
                yield subject, predicate, f"{compact(str(predicate))} refers to the shape {target}, which is not here."


def _place_in(
    texts: Mapping[Path, str], subject: rdflib.term.Node, predicate: rdflib.term.Node
) -> tuple[Path, Position]:
    best: tuple[int, Path, Position] | None = None
    for path, text in texts.items():
        found = StatementIndex(text).find(from_rdflib(subject), NamedNode(str(predicate)))
        if found and (best is None or found[0] > best[0]):
            best = (found[0], path, found[1])
    return (best[1], best[2]) if best else (next(iter(texts)), Position(1, 1))


# --- one run of the engine ------------------------------------------------------------------------------------------------------


def _run(data: rdflib.Graph, shapes: rdflib.Graph) -> list[Result]:
    try:
        _, report, _ = pyshacl.validate(data, shacl_graph=shapes, inplace=True, advanced=False)
    except ShapeLoadError as exc:
        raise SourceError(f"The shapes can't be used: {exc}") from exc
    if isinstance(report, ValidationFailure):
        raise SourceError(f"The shapes can't be used: {report.message}")
    found = [_read_result(report, shapes, node) for node in report.objects(None, SH.result)]
    return sorted(found, key=lambda result: (result.severity.rank, str(result.focus), result.shape, str(result.value)))


def _read_result(report: rdflib.Graph, shapes: rdflib.Graph, node: rdflib.term.Node) -> Result:
    shape = report.value(node, SH.sourceShape)
    path = shapes.value(shape, SH.path)
    value = report.value(node, SH.value)
    message = min((str(text) for text in report.objects(node, SH.resultMessage)), default="Does not satisfy its shape.")
    focus = report.value(node, SH.focusNode)
    assert focus is not None
    return Result(
        severity=Severity.of(report.value(node, SH.resultSeverity)),
        message=message,
        focus=from_rdflib(focus),
        path=write_path(shapes, path) if path is not None else None,
        value=from_rdflib(value) if value is not None else None,
        shape=str(shape),
        component=str(report.value(node, SH.sourceConstraintComponent)),
        predicate=NamedNode(str(path)) if isinstance(path, rdflib.URIRef) else None,
    )


def _unknown_terms(quads: Iterable[Quad], ontology: Iterable[Quad]) -> list[Result]:
    known = {quad.subject for quad in ontology if quad.predicate == _TYPE}
    names = [term.value for term in known if isinstance(term, NamedNode) and term.value.startswith(STDORG)]
    found: dict[tuple[Term, NamedNode, Term], NamedNode] = {}
    for quad in quads if names else ():
        for term in (quad.predicate, quad.object):
            if isinstance(term, NamedNode) and term.value.startswith(STDORG) and term not in known:
                found[quad.subject, quad.predicate, quad.object] = term
    results = []
    for (subject, predicate, obj), term in found.items():
        similar = difflib.get_close_matches(term.value, names, n=1)
        advice = f" Did you mean {compact(similar[0])}?" if similar else ""
        message = f"The ontology has no term {compact(term.value)}.{advice}"
        results.append(
            Result(
                Severity.VIOLATION, message, subject, compact(predicate.value), obj, _KNOWN_TERM, predicate=predicate
            )
        )
    return results


def _values(graph: rdflib.Graph, result: Result) -> tuple[StatedValue, ...]:
    """Return the values of a path that has too many; nothing for other constraints and for paths of several steps."""
    if result.component != str(SH.MaxCountConstraintComponent) or result.predicate is None:
        return ()
    values = graph.objects(to_rdflib(result.focus), rdflib.URIRef(result.predicate.value))
    return tuple(StatedValue(from_rdflib(value)) for value in sorted(values, key=str))


def _has_clash(results: Iterable[Result], brought: set[str], shipped: set[str]) -> bool:
    """Say whether a value that is brought stands against one that is shipped."""
    places = [{one.file for one in result.values} for result in results]
    return any(brought & files and shipped & files for files in places)


def _label(graph: rdflib.Graph, focus: Term) -> str | None:
    labels = [obj for obj in graph.objects(to_rdflib(focus), RDFS.label) if isinstance(obj, rdflib.Literal)]
    return str(min(labels, key=lambda text: (text.language not in ("en", None), text))) if labels else None


# --- terms and graphs -----------------------------------------------------------------------------------------------------------


def _quads_of(data: Data) -> Iterable[Quad]:
    if not isinstance(data, rdflib.Graph):
        return data
    return (_quad(s, p, o) for s, p, o in data)


def _quad(subject: rdflib.term.Node, predicate: rdflib.term.Node, obj: rdflib.term.Node) -> Quad:
    start = from_rdflib(subject)
    assert isinstance(start, NamedNode | BlankNode)
    return Quad(start, NamedNode(str(predicate)), from_rdflib(obj), DefaultGraph())


def _only_in_force(quads: Sequence[Quad]) -> Iterable[Quad]:
    excluded = {
        quad.subject
        for quad in quads
        if (quad.predicate == _TYPE and quad.object == _OVERRULED)
        or (quad.predicate == _IN_FORCE and quad.object in _FALSE)
    }
    return (quad for quad in quads if quad.graph_name not in excluded or quad.subject == quad.graph_name)


def _to_graph(quads: Iterable[Quad]) -> rdflib.Graph:
    graph = rdflib.Graph()
    for quad in quads:
        graph.add((to_rdflib(quad.subject), to_rdflib(quad.predicate), to_rdflib(quad.object)))
    return graph


# --- texts ----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _GivenFile:
    """A file from elsewhere that someone wants validated, or a `text` that is in no file."""

    path: Path
    relative: str
    graph: NamedNode | None
    quads: tuple[Quad, ...]
    text: str | None = None

    @classmethod
    def of(cls, content: bytes, settings: Settings) -> _GivenFile:
        path = Path("standard input")
        text = _decode(path, content)
        quads = _in_one_graph(_parse_text(text, RdfFormat.TURTLE, path, settings.id_base))
        return cls(path, str(path), NamedNode(settings.id_base), quads, text)

    @classmethod
    def open(cls, path: Path, settings: Settings) -> _GivenFile:
        if path.is_dir():
            raise SourceError("This is a folder.", path=path, hint="Name the files in it.")
        form = _FORMATS.get(path.suffix.lower())
        if form is None:
            raise SourceError(
                f"The extension {path.suffix or '(none)'} is not known.",
                path=path,
                hint=f"Known: {', '.join(_FORMATS)}.",
            )
        quads = _parse_text(_decode(path), form, path, settings.id_base)
        graphs = tuple(quads) if form.value.has_graphs else _in_one_graph(quads)
        return cls(path, str(path), NamedNode(settings.id_base), graphs)


def _in_one_graph(quads: Sequence[Quad]) -> tuple[Quad, ...]:
    """Put triples into the graph that they describe, so that an overruled passage stays out of what is in force."""
    graph = next((q.subject for q in quads if q.predicate == _TYPE and q.object in GRAPH_CLASSES), None)
    if not isinstance(graph, NamedNode):
        return tuple(quads)
    return tuple(Quad(q.subject, q.predicate, q.object, graph) for q in quads)


def _decode(path: Path, content: bytes | None = None) -> str:
    try:
        content = path.read_bytes() if content is None else content
    except OSError as exc:
        raise SourceError(f"The file can't be read: {exc.strerror}.", path=path) from exc
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        column = exc.start - (content.rfind(b"\n", 0, exc.start) + 1) + 1
        raise SourceError("The file is not UTF-8 text.", path=path, line=line, column=column) from exc


def _parse_text(text: str, form: RdfFormat, path: Path, base: str) -> list[Quad]:
    engine_format = pyoxigraph.RdfFormat.from_media_type(form.value.media_type)
    assert engine_format is not None
    try:
        return list(
            pyoxigraph.parse(input=text, format=engine_format, base_iri=base or None, rename_blank_nodes=bool(base))
        )
    except SyntaxError as exc:
        detail = _ENGINE_POSITION.sub("", str(exc.msg)).strip().rstrip(".")
        raise SourceError(
            f"This is not {form.value.label}: {detail}.", path=path, line=exc.lineno or None, column=exc.offset or None
        ) from exc


def _read_text(source: Source, subjects: set[str]) -> str:
    """Read a source's text; of N-Quads and N-Triples, which may be huge, only the lines about the subjects, the others blank."""
    if isinstance(source, _GivenFile) and source.text is not None:
        return source.text
    name = source.path.name.removesuffix(".gz")
    if not name.endswith((".nq", ".nt")):
        is_located = name.endswith((".ttl", ".trig"))
        return _decode(source.path) if is_located else ""
    opener = gzip.open if source.path.suffix == ".gz" else open
    with opener(source.path, "rt", encoding="utf-8") as lines:
        return "".join(line if line.split(" ", 1)[0] in subjects else "\n" for line in lines)


def _located(result: Result, indexes: Sequence[tuple[Source, StatementIndex]]) -> Result:
    best: tuple[int, Source, Position] | None = None
    for source, index in indexes:
        found = index.find(result.focus, result.predicate, result.value)
        if found and (best is None or found[0] > best[0]):
            best = (found[0], source, found[1])
    if best is None:
        return result
    values = tuple(_located_value(result, one, indexes) for one in result.values)
    return replace(result, file=_shown(best[1]), line=best[2].line, column=best[2].column, values=values)


def _located_value(
    result: Result, stated: StatedValue, indexes: Sequence[tuple[Source, StatementIndex]]
) -> StatedValue:
    for source, index in indexes:
        found = index.find(result.focus, result.predicate, stated.value)
        is_overruled = source.graph is not None and (index.find(source.graph, _TYPE, _OVERRULED) or (0,))[0] == 3
        if found and found[0] == 3 and not is_overruled:
            return replace(stated, file=_shown(source), line=found[1].line)
    return stated


def _shown(source: Source) -> str:
    """Name a source from the sources' folder, or as it was given where it lies elsewhere."""
    return source.relative if source.path.as_posix().endswith(f"/{source.relative}") else str(source.path)
