"""`journal export`: accepted changes written back to the files of `data/`, as canonical Turtle, and how far that reaches.

A graph that has a file gets its changes there; a graph that counts (a contribution's, a statement's that was overruled) gets a file
of its own, named after it. What files must not say (`stdorg:inForce`: the build says it) is left out. Graphs that only a client
wrote, and graphs whose name can't be a file's, stay in the journal. A file changes where its statements change (turtle/editing.py).
Files are replaced one by one, the position last: done again after a crash, it ends the same.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode, Quad

from qit4n_kg.assembling import read_sources
from qit4n_kg.building import Origin
from qit4n_kg.errors import ConfigurationError, StateError
from qit4n_kg.filed import Filed, write_filed
from qit4n_kg.loading import SourceKind, find_sources, is_reserved
from qit4n_kg.namespaces import RDF, STDORG, prefixes
from qit4n_kg.redactions import read_redactions, redact
from qit4n_kg.store.disk import sync
from qit4n_kg.store.generations import Generations
from qit4n_kg.store.journal import Journal, replay
from qit4n_kg.store.oxigraph import stored_forms
from qit4n_kg.turtle.editing import edit_turtle, write_turtle
from qit4n_kg.turtle.formatting import format_turtle
from qit4n_kg.turtle.reading import tokenize

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pyoxigraph import Triple

    from qit4n_kg.building import Progress
    from qit4n_kg.config import Settings
    from qit4n_kg.loading import SourceFile

_IN_FORCE = NamedNode(STDORG + "inForce")
_TYPE = NamedNode(RDF + "type")
_OVERRULED = NamedNode(STDORG + "OverruledGraph")
_TRUTHS = ("true", "1")
_LOCAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]*(?:/[A-Za-z0-9][A-Za-z0-9._~-]*)*")
_LONGEST_NAME = 200
"""Of a file, in bytes: most file systems take 255, and a new file's name is longer until it is whole."""


@dataclass(frozen=True)
class FiledBack:
    """What was written: files from `data/` on, and graphs that stay in the journal."""

    changed: tuple[str, ...]
    new: tuple[str, ...]
    left: tuple[str, ...]
    position: str


def file_back(settings: Settings, progress: Progress) -> FiledBack:
    """Write accepted changes back to the files, and the position.

    :raises ConfigurationError: this instance has no files of its own, or its data are elsewhere.
    :raises StateLockedError: another process writes.
    :raises SourceError: a file can't be read or written.
    """
    if settings.scratch or settings.data is not None:
        raise ConfigurationError("Accepted changes are written back to data/ of the sources, and this has other data.")
    generations = Generations(settings.state_dir, settings.keep_generations, settings.keep_days)
    with generations.writer():
        sources = find_sources(settings.sources, settings.graph_base)
        origin = Origin.find(settings)
        if not origin.journal.entries and not read_redactions(settings.journal_dir):
            return FiledBack((), (), (), origin.journal.position)
        _, data, files = read_sources(sources, progress)
        redacted = list(redact(data, read_redactions(settings.journal_dir)))
        spelt = dict(zip(stored_forms(redacted), redacted, strict=True))
        left, _ = replay(origin.journal.entries, spelt)
        graphs: dict[object, list[Quad]] = {}
        for quad in left:
            graphs.setdefault(quad.graph_name, []).append(spelt.get(quad, quad))
        before: dict[object, set[Quad]] = {}
        for quad in data:
            before.setdefault(quad.graph_name, set()).add(quad)
        writer = _Writer(settings)
        # a split graph describes itself in its own file; files describe no other graph
        counting = {graph for graph in graphs if _counts(graph, left)} - set(files)
        new = {graph: path for graph in sorted(counting, key=str) if (path := writer.path_of(graph)) is not None}
        for name, source in files.items():
            if source.kind is SourceKind.DATA and not source.is_quads:
                writer.rewrite(source, before.get(name, set()), graphs.get(name, []))
        for graph, path in new.items():
            writer.create(graph, path, [q for q in graphs[graph] if q.subject == graph or q.subject not in counting])
        journal = Journal.read(settings.journal_dir, settings.base_iri)
        write_filed(settings.sources / "data", Filed(journal.dataset, journal.position, len(journal.entries)))
        stays = sorted(str(graph) for graph in graphs if graph not in files and graph not in new)
        return FiledBack(tuple(writer.changed), tuple(writer.new), tuple(stays), journal.position)


def _counts(graph: object, quads: Iterable[Quad]) -> bool:
    """Tell whether a graph is in force, or kept as overruled, by what is said of it."""
    for quad in quads:
        if quad.subject == graph:
            is_in_force = (
                quad.predicate == _IN_FORCE and isinstance(quad.object, Literal) and quad.object.value in _TRUTHS
            )
            if is_in_force or (quad.predicate == _TYPE and quad.object == _OVERRULED):
                return True
    return False


class _Writer:
    """Writes graphs as files."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # what is below id/ is written against the base, graphs in full: files have no prefix for them
        self._house = {name: iri for name, iri in prefixes(settings.base_iri).items() if name not in ("id", "graph")}
        self._folder = settings.sources / "data"
        self.changed: list[str] = []
        self.new: list[str] = []

    def path_of(self, graph: object) -> Path | None:
        """Return where a graph that has no file yet gets one, None where its name can't be a file's."""
        if not isinstance(graph, NamedNode):
            return None
        local = graph.value.removeprefix(self._settings.graph_base)
        if local == graph.value or not _LOCAL.fullmatch(local) or is_reserved(local) or local.startswith("ontology/"):
            return None
        path = self._folder / f"{local}.ttl"
        above = (self._folder / parent for parent in path.relative_to(self._folder).parents)
        if max(map(len, path.parts)) > _LONGEST_NAME or path.exists() or any(p.is_file() for p in above):
            return None
        return path

    def rewrite(self, source: SourceFile, before: set[Quad], after: list[Quad]) -> None:
        """Write a file's graph where it has changed."""
        assert source.graph is not None
        wanted = {quad.triple for quad in after if quad.predicate != _IN_FORCE}
        had = {quad.triple for quad in before}
        if wanted == had:
            return
        if wanted:
            text = source.path.read_text(encoding="utf-8")
            edited = edit_turtle(text, had - wanted, wanted - had, source.graph.value, self._house)
            if edited is None:
                edited = format_turtle("\n".join([*_comments(text), self._turtle(source.graph.value, wanted)]))
            _replace(source.path, edited)
        else:
            source.path.unlink()
        self.changed.append(source.relative)

    def create(self, graph: object, path: Path, quads: list[Quad]) -> None:
        """Write a graph that has no file yet."""
        assert isinstance(graph, NamedNode)
        _replace(path, self._turtle(graph.value, {quad.triple for quad in quads if quad.predicate != _IN_FORCE}))
        self.new.append(f"data/{path.relative_to(self._folder).as_posix()}")

    def _turtle(self, graph: str, triples: set[Triple]) -> str:
        return write_turtle(triples, graph, f"{self._settings.base_iri}id/", self._house)


def _comments(text: str) -> list[str]:
    """Return every comment of a text."""
    tokens, head, tail = tokenize(text)
    behind = [comment for token in tokens for comment in (*token.before, token.after) if comment]
    return [*head, *behind, *tail]


def _replace(path: Path, text: str) -> None:
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new.write_text(text, encoding="utf-8")
        sync(new)
        new.replace(path)
        sync(path.parent)
    except OSError as exc:
        new.unlink(missing_ok=True)
        raise StateError(f"{path} can't be written: {exc.strerror}.") from exc
