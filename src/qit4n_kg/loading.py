"""Source files: finds them, names their graphs, reads them as quads and hashes them; writes nothing and judges no shape.

One Turtle file is one named graph, whose IRI follows from the file's path: `data/a/b.ttl` is `{graph_base}a/b` and
`ontology/m.ttl` is `{graph_base}ontology/m`. Generated data may come as N-Quads instead (`.nq`, `.nq.gz`), which name their graphs
themselves and are streamed. Specs: RDF 1.1 Turtle, RDF 1.1 N-Quads.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import time
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

import pyoxigraph
from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, RdfFormat, Triple

from qit4n_kg.errors import SourceError
from qit4n_kg.namespaces import OWL, RDF, RDFS, SH, STDORG

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

MAX_FILE_BYTES = 64 * 1024 * 1024
"""Above this a Turtle file is refused: it is read whole, and a passage of a document has a few kilobytes."""

GRAPH_CLASSES = frozenset(
    NamedNode(STDORG + name)
    for name in (
        "NamedGraph",
        "SourcePassage",
        "OverruledGraph",
        "ReferenceGraph",
        "OntologyGraph",
        "EntailedGraph",
        "ContributionGraph",
    )
)
"""The classes by which a file describes its own graph."""

_TYPE = NamedNode(RDF + "type")
_AXIOMS = frozenset(RDFS + name for name in ("domain", "range", "subClassOf", "subPropertyOf"))
_DEPRECATED = OWL + "deprecated"
_TERM_CLASSES = (OWL, SH, RDFS + "Class", RDFS + "Datatype", RDF + "Property")
_REGISTRY_ONLY = frozenset(STDORG + name for name in ("inForce", "rule", "sourceFile"))
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SEGMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]*")
_SETTLED = 2_000_000_000
"""Nanoseconds after which a file that is written again has another time of change."""
_BESIDE = (".md", ".ru", ".txt")
_POSITION = re.compile(r"^Parser error (?:at|between) line .*?: (?=\S)")


class SourceKind(Enum):
    """What a source file holds; the value is its folder."""

    ONTOLOGY = "ontology"
    DATA = "data"
    SHAPES = "shapes"
    QUERIES = "queries"


@dataclass(frozen=True)
class SourceFile:
    """One file under the root; `graph` is None where a file is no graph of the dataset or names its graphs itself."""

    path: Path
    relative: str
    kind: SourceKind
    graph: NamedNode | None
    graph_base: str

    @property
    def is_quads(self) -> bool:
        """Tell whether the file is N-Quads."""
        return self.relative.endswith((".nq", ".nq.gz"))


def find_sources(root: Path, graph_base: str, data: Path | None = None) -> tuple[SourceFile, ...]:
    """Find the files of `ontology/ data/ shapes/ queries/`, sorted by kind and name.

    `data` is read instead of the folder `data/`: another folder, or one file `.nq` or `.nq.gz`.

    :raises SourceError: a folder is missing, a file's name can't become an IRI, or two files would be one graph.
    """
    if not root.is_dir():
        raise SourceError(
            "This folder of sources does not exist.", path=root, hint="The setting QIT4N_SOURCES says where it is."
        )
    found: list[SourceFile] = []
    for kind in SourceKind:
        place = data if data is not None and kind is SourceKind.DATA else root / kind.value
        if place.is_file():
            found.append(_single_file(place, graph_base))
        elif place.is_dir():
            found.extend(_source(place, path, kind, graph_base) for path in _files(place, kind))
        else:
            raise SourceError(
                f"The folder {kind.value}/ is missing.",
                path=place,
                hint="Sources are ontology/ data/ shapes/ queries/.",
            )
    _refuse_shared_graphs(found)
    return tuple(found)


@contextmanager
def named_from(root: Path) -> Iterator[None]:
    """Let errors name files as reports do: from the sources' folder, and as they are where they lie elsewhere."""
    try:
        yield
    except SourceError as exc:
        if isinstance(exc.path, Path) and exc.path != root and exc.path.is_relative_to(root):
            exc.path = exc.path.relative_to(root)
        raise


def parse(source: SourceFile) -> list[Quad]:
    """Read a Turtle file as quads of its own graph; relative IRIs resolve against the graph's IRI.

    A file of shapes has no graph: its triples come back in the default graph.

    :raises SourceError: the file can't be read, is no Turtle (with line and column), describes itself under another graph's IRI, or
        is data and has a blank node.
    """
    content = _content(source)
    graph = source.graph if source.graph is not None else DefaultGraph()
    base = source.graph.value if source.graph is not None else source.graph_base
    try:
        quads = [
            Quad(quad.subject, quad.predicate, quad.object, graph)
            for quad in pyoxigraph.parse(content, RdfFormat.TURTLE, base_iri=base)
        ]
    except SyntaxError as exc:
        raise _syntax_error(exc, source, "Turtle") from exc
    if source.graph is not None:
        _check_own_description(source, quads, content)
    if source.kind is SourceKind.DATA:
        for quad in quads:
            _refuse_blank_nodes(quad, source)
            _refuse_what_data_must_not_say(quad, source, content)
    return quads


def read_quads(source: SourceFile) -> Iterator[Quad]:
    """Yield a file's quads: a Turtle file's are parsed at once, those of N-Quads are streamed.

    :raises SourceError: as `parse`; in N-Quads also for a quad outside any graph or in a graph that the build itself writes.
    """
    if not source.is_quads:
        yield from parse(source)
        return
    known: set[object] = set()
    try:
        with _open(source) as stream:
            for quad in pyoxigraph.parse(stream, RdfFormat.N_QUADS):
                _refuse_blank_nodes(quad, source)
                _refuse_what_data_must_not_say(quad, source)
                if quad.graph_name not in known:
                    _check_graph_name(quad, source)
                    known.add(quad.graph_name)
                yield quad
    except SyntaxError as exc:
        raise _syntax_error(exc, source, "N-Quads") from exc
    except (OSError, EOFError, zlib.error) as exc:
        raise SourceError("The file can't be read.", path=source.path, hint=_reason(exc)) from exc


def refusal(quad: Quad | Triple) -> str | None:
    """Say why data must not state this, or return None: terms and axioms are the ontology's, some properties the registry's own."""
    if quad.predicate.value in _REGISTRY_ONLY:
        return f"<{quad.predicate.value}> is written by the registry itself"
    return general_refusal(quad)


def general_refusal(quad: Quad | Triple) -> str | None:
    """Say why nobody's data must state this, the registry's own graphs included, or return None.

    What data says about a class or a property would change what shapes mean, and owl:sameAs would merge things for whoever reasons.
    A character that XML 1.0 does not have (section 2.2) would keep the statement out of RDF/XML and of results in XML.
    """
    predicate = quad.predicate.value
    if isinstance(quad.subject, NamedNode) and quad.subject.value.startswith(STDORG):
        return f"Data says nothing about the term <{quad.subject.value}>; that is the ontology's"
    if predicate in _AXIOMS or (predicate.startswith(OWL) and predicate != _DEPRECATED):
        return f"Data states no axiom, but <{predicate}> makes one"
    if isinstance(quad.object, Triple):
        return "A triple can't stand as a term here: the tools of the build can't read it"
    if isinstance(quad.object, Literal) and (found := _NOT_IN_XML.search(quad.object.value)):
        return f"A text has the character U+{ord(found[0]):04X}, which no XML can hold"
    if quad.predicate == _TYPE and isinstance(quad.object, NamedNode) and quad.object.value.startswith(_TERM_CLASSES):
        return f"Data defines no terms and shapes, but <{quad.object.value}> is a class of these"
    return None


class FileDigests:
    """The SHA-256 of files, kept for as long as a file's status stays what it was; one that was just written is read again."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[int, ...], str]] = {}

    def of(self, path: Path) -> str:
        """Return the digest of a file.

        :raises OSError: it can't be read.
        """
        status = path.stat()
        stamp = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        known = self._known.get(str(path))
        if known is not None and known[0] == stamp:
            return known[1]
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) > _SETTLED:
            self._known[str(path)] = (stamp, digest)
        return digest


def inputs_hash(
    sources: Iterable[SourceFile], *, software: str, base_iri: str, gate: bool, digests: FileDigests | None = None
) -> str:
    """Hash everything that decides what a build makes, as `sha256:…`: names and contents of files, software, settings.

    :raises SourceError: a file can't be read.
    """
    total = hashlib.sha256(f"{software}\n{base_iri}\n{'gate' if gate else 'no gate'}\n".encode())
    digests = digests or FileDigests()
    for source in sources:
        try:
            content = digests.of(source.path)
        except OSError as exc:
            raise SourceError("The file can't be read.", path=source.path, hint=_reason(exc)) from exc
        total.update(f"{content} {source.relative}\n".encode())
    return f"sha256:{total.hexdigest()}"


def _files(folder: Path, kind: SourceKind) -> Iterator[Path]:
    wanted = {SourceKind.QUERIES: (".rq",), SourceKind.DATA: (".ttl", ".nq", ".nq.gz")}.get(kind, (".ttl",))
    for path in sorted(folder.rglob("*"), key=lambda p: p.relative_to(folder).as_posix()):
        if not path.is_file() or path.name.startswith("."):
            continue
        if path.name.endswith(wanted):
            yield path
        elif path.suffix.lower() not in _BESIDE and not path.name.endswith("~"):
            message = f"The file {path.name} is not read here."
            raise SourceError(
                message,
                path=path,
                hint=f"{kind.value}/ holds {', '.join(wanted)} files.",
            )


def _source(folder: Path, path: Path, kind: SourceKind, graph_base: str) -> SourceFile:
    inner = path.relative_to(folder)
    relative = f"{kind.value}/{inner.as_posix()}"
    if kind in (SourceKind.SHAPES, SourceKind.QUERIES) or path.suffix != ".ttl":
        return SourceFile(path, relative, kind, None, graph_base)
    segments = inner.with_suffix("").parts
    if not all(_SEGMENT.fullmatch(segment) for segment in segments):
        message = f"The name {inner.as_posix()!r} can't become the IRI of a graph."
        raise SourceError(message, path=path, hint="Use ASCII letters, digits, hyphens, dots and underscores.")
    local = "/".join(("ontology", *segments) if kind is SourceKind.ONTOLOGY else segments)
    if is_reserved(local):
        raise SourceError(f"The build itself writes the graph {local}.", path=path, hint="Give the file another name.")
    return SourceFile(path, relative, kind, NamedNode(graph_base + local), graph_base)


def _single_file(path: Path, graph_base: str) -> SourceFile:
    if not path.name.endswith((".nq", ".nq.gz")):
        raise SourceError("Data in one file must be N-Quads (.nq or .nq.gz).", path=path)
    return SourceFile(path, f"data/{path.name}", SourceKind.DATA, None, graph_base)


def is_reserved(local: str) -> bool:
    """Tell whether the build itself writes this graph, named without the base.

    >>> [is_reserved(local) for local in ("registry", "registry/discrepancies", "entailed/chairs")]
    [True, False, True]
    """
    return local == "registry" or local.startswith("entailed/")


def _refuse_shared_graphs(sources: Iterable[SourceFile]) -> None:
    owners: dict[NamedNode, SourceFile] = {}
    for source in sources:
        if source.graph is None:
            continue
        other = owners.setdefault(source.graph, source)
        if other is not source:
            message = f"This file and {other.relative} would both be the graph <{source.graph.value}>."
            raise SourceError(message, path=source.path, hint="Rename one of them.")


def _content(source: SourceFile) -> bytes:
    try:
        size = source.path.stat().st_size
        if size > MAX_FILE_BYTES:
            message = f"The file has {size:,} bytes; a Turtle file may have {MAX_FILE_BYTES:,}."
            raise SourceError(message, path=source.path, hint="Split it, or give the data as N-Quads.")
        return source.path.read_bytes()
    except OSError as exc:
        raise SourceError("The file can't be read.", path=source.path, hint=_reason(exc)) from exc


def _open(source: SourceFile) -> BinaryIO:
    if source.relative.endswith(".gz"):
        return gzip.open(source.path, "rb")  # type: ignore[return-value]  # a GzipFile reads as a binary file does
    return source.path.open("rb")


def _syntax_error(exc: SyntaxError, source: SourceFile, language: str) -> SourceError:
    detail = _POSITION.sub("", str(exc.msg)).strip().rstrip(".")
    if "\ufeff" in detail:
        detail = "it begins with a byte order mark; save it as UTF-8 without one"
    return SourceError(
        f"This is not {language}: {detail}.", path=source.path, line=exc.lineno or None, column=exc.offset or None
    )


def _reason(exc: BaseException) -> str:
    text = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _check_own_description(source: SourceFile, quads: Iterable[Quad], content: bytes) -> None:
    """Refuse a file that describes a graph which is not its own: a file moved or copied without a change of its IRI."""
    for quad in quads:
        if quad.predicate != _TYPE or quad.object not in GRAPH_CLASSES or quad.subject == source.graph:
            continue
        named = quad.subject.value if isinstance(quad.subject, NamedNode) else ""
        if named.startswith(source.graph_base):
            before, found, _ = content.partition(named.encode())
            raise SourceError(
                f"The file describes the graph <{named}>, but by its path it is the graph <{_own(source)}>.",
                path=source.path,
                line=before.count(b"\n") + 1 if found else None,
                hint="Correct the IRI, or move the file.",
            )


def _own(source: SourceFile) -> str:
    return source.graph.value if source.graph is not None else ""


def _refuse_blank_nodes(quad: Quad, source: SourceFile) -> None:
    if isinstance(quad.subject, BlankNode):
        where = f"the subject of <{quad.predicate.value}>"
    elif isinstance(quad.object, BlankNode):
        where = f"the value of <{quad.predicate.value}> of {quad.subject}"
    else:
        return
    raise SourceError(f"Data has no blank nodes, but {where} is one.", path=source.path, hint="Give it an IRI.")


def _refuse_what_data_must_not_say(quad: Quad, source: SourceFile, content: bytes = b"") -> None:
    why = refusal(quad)
    if why is None:
        return
    named = re.search(rb"<([^>]*)>", why.encode())
    local = re.split(rb"[/#]", named[1])[-1] if named else b""
    before, found, _ = content.partition(local) if local else (b"", b"", b"")
    raise SourceError(
        f"{why}.",
        path=source.path,
        line=before.count(b"\n") + 1 if found else None,
        hint="Terms and axioms stand in ontology/, shapes in shapes/; what is in force is decided by the class of a graph.",
    )


def _check_graph_name(quad: Quad, source: SourceFile) -> None:
    if not isinstance(quad.graph_name, NamedNode):
        message = f"The statement about {quad.subject} stands in no named graph."
        raise SourceError(message, path=source.path, hint="Every quad of data names its graph by an IRI.")
    local = quad.graph_name.value.removeprefix(source.graph_base)
    if local != quad.graph_name.value and is_reserved(local):
        raise SourceError(f"The build itself writes the graph <{quad.graph_name.value}>.", path=source.path)
