"""The journal: what was accepted since the files, in order, on the disk before it is published; it judges no change.

    journal/journal.jsonl    a first line that says whose journal it is, then one line an entry; only ever appended to

A line is the SHA-256 of its JSON text, a space and that text. Each entry names the hash of the line before it, so that a
position (the last line's hash) says exactly which changes it stands for. A last line that is torn (a crash while it was
written) was never published: it is dropped. Any other damage is an error: what was accepted must not be lost in silence.

Only whoever holds the writer's lock of the generations may append. Terms travel as N-Triples; spec: RDF 1.1 N-Triples.
"""

from __future__ import annotations

import json
import logging
import os
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, parse, serialize

from qit4n_kg.errors import ConfigurationError, JournalDamagedError, StateError, StateFullError
from qit4n_kg.store.disk import make_folder, sync
from qit4n_kg.store.records import seal, seal_of, unseal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from qit4n_kg.config import Settings
    from qit4n_kg.store.recording import Editable

_log = logging.getLogger(__name__)
_NAME = "journal.jsonl"
_DEFAULT = DefaultGraph()
START = "start"
"""The position of a journal that has no entry."""


@dataclass(frozen=True)
class Change:
    """What one write does: quads that come and go, empty named graphs that come to be, and named graphs that cease to be."""

    adds: tuple[Quad, ...] = ()
    retracts: tuple[Quad, ...] = ()
    created: tuple[NamedNode, ...] = ()
    dropped: tuple[NamedNode, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.adds or self.retracts or self.created or self.dropped)

    def apply_to(self, store: Editable) -> None:
        """Make the change in an engine's own store."""
        for graph in self.dropped:
            store.remove_graph(graph)
        gone = set(self.dropped)
        for quad in self.retracts:
            if quad.graph_name not in gone:
                store.remove(quad)
        store.extend(self.adds)
        for graph in self.created:
            store.add_graph(graph)

    def graphs(self) -> set[object]:
        """Return the names of the graphs that it touches."""
        return {*(quad.graph_name for quad in (*self.adds, *self.retracts)), *self.created, *self.dropped}


@dataclass(frozen=True)
class Entry:
    """One accepted change: who (`actor`), by what (`source`: update, graph-store …) and when (ISO 8601)."""

    id: str
    time: str
    actor: str
    source: str
    change: Change

    @classmethod
    def of(cls, change: Change, actor: str, source: str, name: str | None = None) -> Entry:
        """Make an entry of now; `name` is its id, a new one where it is None."""
        return cls(name or str(uuid4()), datetime.now(UTC).isoformat(timespec="milliseconds"), actor, source, change)


def dataset_of(settings: Settings) -> str:
    """Return the name of the dataset that an instance's journal belongs to."""
    return "scratch" if settings.scratch else settings.base_iri


@dataclass
class Journal:
    """The entries read from a journal's file, and where the next one goes; `dataset` says to what the entries belong."""

    path: Path
    dataset: str
    entries: list[Entry] = field(default_factory=list)
    positions: list[str] = field(default_factory=list)
    """After each entry, which changes it and those before stand for."""
    _tip: str = START
    _length: int = 0
    _last: int = 0
    """Bytes of the last line."""
    _before: tuple[str, int, int] = (START, 0, 0)
    _stamp: tuple[int, int] = (0, 0)
    _loose: dict[Quad, None] = field(default_factory=dict)
    _graphs: set[NamedNode] = field(default_factory=set)
    _replayed: int = 0

    @property
    def position(self) -> str:
        """Which changes these are: the hash of the last entry's line, `start` where there is none."""
        return self._tip if self.entries else START

    @classmethod
    def read(cls, folder: Path, dataset: str) -> Journal:
        """Read the journal of a folder; one that is missing is empty, and nothing is written.

        :raises JournalDamagedError: a line that is not the last is damaged, or the file can't be read.
        :raises ConfigurationError: the journal belongs to another dataset.
        """
        journal = cls(folder / _NAME, dataset)
        journal._read_on(0)
        return journal

    def reread(self) -> Journal:
        """Return the journal as it is now: this one with what came since, or another one where the file was replaced.

        :raises JournalDamagedError: as `read`.
        :raises ConfigurationError: as `read`.
        """
        try:
            status = self.path.stat()
        except OSError:
            return Journal.read(self.path.parent, self.dataset)
        is_same = self._stamp == (status.st_dev, status.st_ino) and status.st_size >= self._length > 0
        if not is_same or not self._has_tip():
            return Journal.read(self.path.parent, self.dataset)
        if status.st_size > self._length:
            self._read_on(self._length)
        return self

    def append(self, *entries: Entry) -> None:
        """Add entries; they are on the disk when this returns, or the file is as it was.

        :raises StateFullError: the disk is full.
        :raises StateError: the folder can't be written, or another server has written there since.
        """
        start = (self._tip, self._length, len(self.entries))
        self._refuse_others()
        try:
            make_folder(self.path.parent)
            if self._length == 0:
                self._write(seal({"journal": 1, "dataset": self.dataset}))
            lines = self._lines(entries)
            for line in lines:  # one after the other: of two that a power cut tore, the second might be whole
                self._write(line)
            sync(self.path.parent)
        except OSError as exc:
            self._cut_to(*start[:2])
            if "No space" in str(exc) or "quota" in str(exc):
                raise StateFullError("There is no space left for the journal; nothing was changed.") from exc
            raise StateError(f"The journal {self.path} can't be written: {exc.strerror}.") from exc
        self.entries += entries
        self.positions += map(seal_of, lines)
        self._before = start

    def withdraw(self) -> None:
        """Take back the entries just appended, because they could not be published."""
        tip, length, count = self._before
        del self.entries[count:], self.positions[count:]
        self._replayed = len(self.entries) + 1  # which may have counted them: begin anew
        self._cut_to(tip, length)

    def loose(self) -> tuple[dict[Quad, None], set[NamedNode]]:
        """Return the quads of the default graph that the entries leave, and the named graphs that may be empty, to be read only."""
        if self._replayed > len(self.entries):
            self._loose, self._graphs, self._replayed = {}, set(), 0
        for entry in self.entries[self._replayed :]:
            apply_loose(entry.change, self._loose, self._graphs)
        self._replayed = len(self.entries)
        return self._loose, self._graphs

    def rewrite(self, entries: Iterable[Entry]) -> None:
        """Replace the file, whole or not at all, by one with these entries: only redaction does this.

        :raises StateError: the folder can't be written.
        """
        lines = [seal({"journal": 1, "dataset": self.dataset})]
        for entry in entries:
            lines.append(seal({"previous": seal_of(lines[-1]), **_write_entry(entry)}))
        new = self.path.with_name(f"{_NAME}.new")
        try:
            new.write_bytes(b"".join(lines))
            new.chmod(0o600)
            sync(new)
            new.replace(self.path)
            sync(self.path.parent)
        except OSError as exc:
            raise StateError(f"The journal {self.path} can't be written: {exc.strerror}.") from exc
        self.entries = list(entries)
        self._replayed = len(self.entries) + 1
        self.positions = [seal_of(line) for line in lines[1:]]
        self._tip, self._length, self._stamp = seal_of(lines[-1]), sum(map(len, lines)), (0, 0)

    def next_position(self, *entries: Entry) -> str:
        """Return the position that the journal will have with these entries appended."""
        return seal_of(self._lines(entries)[-1])

    def _lines(self, entries: Iterable[Entry]) -> list[bytes]:
        tip = self._tip if self._length else seal_of(seal({"journal": 1, "dataset": self.dataset}))
        lines = []
        for entry in entries:
            lines.append(seal({"previous": tip, **_write_entry(entry)}))
            tip = seal_of(lines[-1])
        return lines

    def _read_on(self, start: int) -> None:
        """Read what stands in the file from a place on that begins a line."""
        try:
            with self.path.open("rb") as file:
                status = os.fstat(file.fileno())
                file.seek(start)
                content = file.read()
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as exc:
            raise JournalDamagedError(f"The journal {self.path} can't be read: {exc.strerror}.") from exc
        self._stamp = (status.st_dev, status.st_ino)
        lines = content.splitlines(keepends=True)
        known = len(self.entries) + 1 if start else 0
        for number, line in enumerate(lines, start=1):
            record = unseal(line)
            if record is None and number == len(lines) and (not line.endswith(b"\n") or b"\0" in line):
                _log.warning("The last line of %s is torn and was never published; it is dropped.", self.path)
                return
            is_first = known + number == 1
            if record is None or (not is_first and record.get("previous") != self._tip):
                raise JournalDamagedError(
                    f"Line {known + number} of the journal {self.path} is damaged.", hint="Restore it from a backup."
                )
            self._take(record, line, is_first=is_first)

    def _has_tip(self) -> bool:
        """Tell whether the last line that was read is still there."""
        try:
            with self.path.open("rb") as file:
                file.seek(max(0, self._length - self._last))
                return seal_of(file.read(len(self._tip) + 1)) == self._tip
        except OSError:
            return False

    def _take(self, record: dict[str, Any], line: bytes, *, is_first: bool) -> None:
        if is_first:
            if record.get("dataset") != self.dataset:
                raise ConfigurationError(
                    f"The journal {self.path} belongs to the dataset {record.get('dataset')!r}, not to {self.dataset!r}.",
                    hint="The setting QIT4N_JOURNAL_DIR names another folder.",
                )
        else:
            self.entries.append(_read_entry(record))
            self.positions.append(seal_of(line))
        self._tip, self._last = seal_of(line), len(line)
        self._length += len(line)

    def _refuse_others(self) -> None:
        """Refuse to go on where somebody else did: two servers with a state folder each, and one journal, share no lock.

        :raises StateError: the file is shorter than what was read, or whole lines follow it.
        """
        try:
            with self.path.open("rb") as file:
                length = file.seek(0, os.SEEK_END)
                file.seek(self._length)
                more = file.readline()
        except FileNotFoundError:
            length, more = 0, b""
        except OSError:
            return  # writing will say what is wrong
        if length < self._length or unseal(more) is not None:
            raise StateError(
                f"Another server writes the journal {self.path}; nothing was changed.",
                hint="Each state folder needs a journal of its own: the setting QIT4N_JOURNAL_DIR names it.",
            )

    def _write(self, line: bytes) -> None:
        """Append at the end of what is good, which may lie before the end of the file."""
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.ftruncate(descriptor, self._length)
            os.lseek(descriptor, self._length, os.SEEK_SET)
            view = memoryview(line)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
            status = os.fstat(descriptor)
            self._stamp = (status.st_dev, status.st_ino)
        finally:
            os.close(descriptor)
        self._tip, self._last = seal_of(line), len(line)
        self._length += len(line)

    def _cut_to(self, tip: str, length: int) -> None:
        """Make the file as it was; where even that fails, the next start drops or replays what is there."""
        self._tip, self._length, self._stamp = tip, length, (0, 0)  # `reread` reads it anew
        try:
            os.truncate(self.path, length)
            sync(self.path)
        except OSError as exc:
            _log.error("The journal %s could not be cut back to %s bytes: %s", self.path, length, exc)


def has_entries(folder: Path) -> bool:
    """Tell whether anything has been accepted: a journal's file is made with its first entry."""
    return (folder / _NAME).is_file()


def find_entries(folder: Path, iri: str) -> Iterator[Entry]:
    """Give the entries whose text names an IRI, in order, without keeping the others; a missing journal has none.

    :raises JournalDamagedError: such an entry is damaged, or the file can't be read.
    """
    path = folder / _NAME
    needle = json.dumps(f"<{iri}>", ensure_ascii=False)[1:-1].encode()
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if number == 1 or needle not in line:
                    continue
                record = unseal(line)
                if record is None and not line.endswith(b"\n"):
                    return  # torn, and never published
                if record is None:
                    raise JournalDamagedError(f"Line {number} of the journal {path} is damaged.")
                yield _read_entry(record)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as exc:
        raise JournalDamagedError(f"The journal {path} can't be read: {exc.strerror}.") from exc


def replay(entries: Iterable[Entry], quads: Iterable[Quad] = ()) -> tuple[dict[Quad, None], set[NamedNode]]:
    """Apply entries to quads in order; return what is left, in order, and the named graphs that may be empty.

    >>> s, p, g = NamedNode("x:s"), NamedNode("x:p"), NamedNode("x:g")
    >>> change = Change(retracts=(Quad(s, p, s, g),), created=(g,))
    >>> left, graphs = replay([Entry.of(change, "me", "test")], [Quad(s, p, s, g), Quad(s, p, p, g)])
    >>> [quad.object.value for quad in left], [graph.value for graph in graphs]
    (['x:p'], ['x:g'])
    """
    left = dict.fromkeys(quads)
    graphs: set[NamedNode] = set()
    for entry in entries:
        for quad in entry.change.retracts:
            left.pop(quad, None)
        left.update(dict.fromkeys(entry.change.adds))
        graphs.difference_update(entry.change.dropped)
        graphs.update(entry.change.created)
    return left, graphs


def apply_loose(change: Change, loose: dict[Quad, None], graphs: set[NamedNode]) -> None:
    """Apply a change as `replay` does, but keep only the quads of the default graph."""
    for quad in change.retracts:
        loose.pop(quad, None)
    loose.update((quad, None) for quad in change.adds if quad.graph_name == _DEFAULT)
    graphs.difference_update(change.dropped)
    graphs.update(change.created)


def _write_entry(entry: Entry) -> dict[str, Any]:
    change = entry.change
    graphs: dict[str, dict[str, str]] = defaultdict(dict)
    for name, quads in (("adds", change.adds), ("retracts", change.retracts)):
        by_graph: dict[str, list[Quad]] = defaultdict(list)
        for quad in quads:
            by_graph["" if quad.graph_name == DefaultGraph() else quad.graph_name.value].append(quad)  # type: ignore[union-attr]
        for graph, members in by_graph.items():
            text = serialize((quad.triple for quad in members), format=RdfFormat.N_TRIPLES)
            assert text is not None
            graphs[graph][name] = text.decode()
    return {
        "id": entry.id,
        "time": entry.time,
        "actor": entry.actor,
        "source": entry.source,
        "graphs": graphs,
        "created": [graph.value for graph in change.created],
        "dropped": [graph.value for graph in change.dropped],
    }


def _read_entry(record: dict[str, Any]) -> Entry:
    def quads(name: str) -> tuple[Quad, ...]:
        return tuple(
            Quad(triple.subject, triple.predicate, triple.object, NamedNode(graph) if graph else DefaultGraph())
            for graph, parts in record["graphs"].items()
            for triple in parse(parts.get(name, ""), RdfFormat.N_TRIPLES)
        )

    def names(key: str) -> tuple[NamedNode, ...]:
        return tuple(NamedNode(iri) for iri in record[key])

    change = Change(quads("adds"), quads("retracts"), names("created"), names("dropped"))
    return Entry(record["id"], record["time"], record["actor"], record["source"], change)
