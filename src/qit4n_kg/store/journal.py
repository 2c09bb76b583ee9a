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
from qit4n_kg.store.disk import sync
from qit4n_kg.store.records import seal, seal_of, unseal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pyoxigraph import Store

    from qit4n_kg.config import Settings

_log = logging.getLogger(__name__)
_NAME = "journal.jsonl"
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

    def apply_to(self, store: Store) -> None:
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
    _before: tuple[str, int] = (START, 0)

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
        try:
            content = journal.path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return journal
        except OSError as exc:
            raise JournalDamagedError(f"The journal {journal.path} can't be read: {exc.strerror}.") from exc
        lines = content.splitlines(keepends=True)
        for number, line in enumerate(lines, start=1):
            record = unseal(line)
            if record is None and number == len(lines) and (not line.endswith(b"\n") or b"\0" in line):
                _log.warning("The last line of %s is torn and was never published; it is dropped.", journal.path)
                return journal
            if record is None or (number > 1 and record.get("previous") != journal._tip):
                raise JournalDamagedError(
                    f"Line {number} of the journal {journal.path} is damaged.", hint="Restore it from a backup."
                )
            journal._take(record, line, is_first=number == 1)
        return journal

    def append(self, entry: Entry) -> None:
        """Add an entry; it is on the disk when this returns, or the file is as it was.

        :raises StateFullError: the disk is full.
        :raises StateError: the folder can't be written, or another server has written there since.
        """
        start = (self._tip, self._length)
        self._refuse_others()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self._length == 0:
                self._write(seal({"journal": 1, "dataset": self.dataset}))
            self._write(seal({"previous": self._tip, **_write_entry(entry)}))
            sync(self.path.parent)
        except OSError as exc:
            self._cut_to(*start)
            if "No space" in str(exc) or "quota" in str(exc):
                raise StateFullError("There is no space left for the journal; nothing was changed.") from exc
            raise StateError(f"The journal {self.path} can't be written: {exc.strerror}.") from exc
        self.entries.append(entry)
        self.positions.append(self._tip)
        self._before = start

    def withdraw(self) -> None:
        """Take back the entry just appended, because it could not be published."""
        self.entries.pop()
        self.positions.pop()
        self._cut_to(*self._before)

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
        self.positions = [seal_of(line) for line in lines[1:]]
        self._tip, self._length = seal_of(lines[-1]), sum(map(len, lines))

    def next_position(self, entry: Entry) -> str:
        """Return the position that the journal will have with this entry appended."""
        tip = self._tip if self._length else seal_of(seal({"journal": 1, "dataset": self.dataset}))
        return seal_of(seal({"previous": tip, **_write_entry(entry)}))

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
        self._tip = seal_of(line)
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
        finally:
            os.close(descriptor)
        self._tip = seal_of(line)
        self._length += len(line)

    def _cut_to(self, tip: str, length: int) -> None:
        """Make the file as it was; where even that fails, the next start drops or replays what is there."""
        self._tip, self._length = tip, length
        try:
            os.truncate(self.path, length)
            sync(self.path)
        except OSError as exc:
            _log.error("The journal %s could not be cut back to %s bytes: %s", self.path, length, exc)


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
