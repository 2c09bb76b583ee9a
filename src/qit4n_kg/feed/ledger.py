"""The feed's ledger: versions of things, in order, only ever appended to, and a boundary after those of each generation.

    feed/current          the epoch that is read and written; replaced atomically
    feed/EPOCH.sqlite     its entries and pages, and the last version of each thing

A version is all quads of one subject, as lines of canonical N-Quads; none left is its deletion. Quads with blank nodes are one
thing of their own (`BLANK`), since their subjects have no name. What a generation changes is one transaction: whole, or not there.
Entries are numbered from 1 in the order in which they were written and never change. A page is as many as fit; it is closed once
another one has begun. Whatever makes the past unusable (redaction, a lost file) begins a new epoch, which is other pages.

Only whoever holds the writer's lock of the generations may append; readers need no lock.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeAlias

import zstandard

from qit4n_kg.errors import FeedDamagedError, FeedGoneError, NotFoundError, StateError
from qit4n_kg.store.disk import sync

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from qit4n_kg.store.generations import Manifest

BLANK = "_:"
"""The subject that stands for all quads with blank nodes; all others are IRIs as lines begin with them: `<…>`."""

PAGE_ENTRIES = 250
PAGE_BYTES = 512 * 1024
"""A page is closed when it has so many entries, or lines of so many bytes; one version is never divided."""

VOLUME = 100
"""Pages that are listed together."""

_BATCH = 2_000
_WAIT_SECONDS = 30.0
_VERSION = 1
_SCHEMA = f"""
PRAGMA user_version = {_VERSION};
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE entries (
  number INTEGER PRIMARY KEY, page INTEGER NOT NULL, time TEXT NOT NULL, kind TEXT NOT NULL,
  subject TEXT, previous INTEGER, content BLOB
);
CREATE INDEX boundaries ON entries (number) WHERE kind = 'boundary';
CREATE INDEX of_pages ON entries (page);
CREATE TABLE pages (number INTEGER PRIMARY KEY, first INTEGER NOT NULL, since TEXT NOT NULL, until TEXT NOT NULL);
CREATE TABLE heads (subject TEXT PRIMARY KEY, number INTEGER NOT NULL, digest BLOB NOT NULL) WITHOUT ROWID;
"""


class Kind(Enum):
    """What became of a thing with a version."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"


@dataclass(frozen=True)
class Version:
    """A thing as it is from here on: `lines` are its quads as canonical N-Quads, none for a deletion; `time` is ISO 8601."""

    number: int
    page: int
    time: str
    kind: Kind
    subject: str
    lines: bytes
    boundary: int
    """The number of the boundary that ends its generation."""
    previous: int | None = None
    """The number of the version that it takes the place of."""


@dataclass(frozen=True)
class Boundary:
    """The end of a generation's versions: with all entries up to here the dataset has this hash and so many quads."""

    number: int
    page: int
    time: str
    generation: int
    dataset: str
    quads: int
    triples: int


Entry: TypeAlias = Version | Boundary


@dataclass(frozen=True)
class Page:
    """Where a page lies: the number of its first entry, and the times of its first and last; the last page is open."""

    number: int
    first: int
    since: str
    until: str
    is_closed: bool


class Ledger:
    """An epoch's entries; open it with `open_ledger` or `begin_epoch`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.epoch = path.stem
        # Not read-only: who comes after a crash has to roll back what was begun.
        self._db = sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=_WAIT_SECONDS, isolation_level=None)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    @property
    def version(self) -> int:
        """How its tables are laid out."""
        return int(self._one("PRAGMA user_version")[0])

    @property
    def dataset_name(self) -> str:
        """Whose feed it is."""
        return str(self._one("SELECT value FROM about WHERE name = 'dataset'")[0])

    def tip(self) -> Boundary | None:
        """Return the last boundary, None where no generation is whole yet."""
        row = self._one(f"{_ENTRIES} WHERE kind = 'boundary' ORDER BY number DESC LIMIT 1")
        return _boundary(row) if row else None

    def boundary(self, number: int) -> Boundary:
        """Return the boundary that ends the generation of an entry.

        :raises NotFoundError: there is no such entry.
        """
        row = self._one(f"{_ENTRIES} WHERE kind = 'boundary' AND number >= ? ORDER BY number LIMIT 1", number)
        if row is None or number < 1:
            raise NotFoundError(f"The feed has no entry {number}.")
        return _boundary(row)

    def head(self, subject: str) -> bytes | None:
        """Return the digest of a thing's last version, None where it has none or was deleted."""
        row = self._one("SELECT digest FROM heads WHERE subject = ?", subject)
        return row[0] if row else None

    def heads(self) -> Iterator[tuple[str, bytes]]:
        """Yield every thing that is there and the digest of its last version, in the order of code points."""
        with closing(self._db.execute("SELECT subject, digest FROM heads ORDER BY subject")) as rows:
            yield from rows

    def entry(self, number: int) -> Entry:
        """Return one entry.

        :raises NotFoundError: there is none of this number.
        """
        row = self._one(f"{_ENTRIES} WHERE number = ?", number)
        if row is None:
            raise NotFoundError(f"The feed has no entry {number}.")
        return _entry(row, self.boundary(number).number)

    def entries(self, page: int) -> list[Entry]:
        """Return the entries of a page, in order.

        :raises NotFoundError: there is no such page.
        """
        rows = self._db.execute(f"{_ENTRIES} WHERE page = ? ORDER BY number", (page,)).fetchall()
        if not rows:
            raise NotFoundError(f"The feed has no page {page}.")
        return self._with_boundaries(rows)

    def latest(self, count: int) -> list[Version]:
        """Return the last versions, the newest first."""
        query = f"{_ENTRIES} WHERE kind <> 'boundary' ORDER BY number DESC LIMIT ?"
        found = self._with_boundaries(self._db.execute(query, (count,)).fetchall()[::-1])
        return [entry for entry in reversed(found) if isinstance(entry, Version)]

    def pages(self, start: int = 1, count: int = -1) -> list[Page]:
        """Return pages in order, from the page `start` on."""
        rows = self._db.execute(
            "SELECT number, first, since, until FROM pages WHERE number >= ? AND number < ? ORDER BY number",
            (start, start + count if count >= 0 else 1 << 62),
        ).fetchall()
        last = self.last_page()
        return [Page(row[0], row[1], row[2], row[3], row[0] < last) for row in rows]

    def last_page(self) -> int:
        """Return the number of the page that is open, 0 where there is none."""
        return int(self._one("SELECT coalesce(max(number), 0) FROM pages")[0])

    def append(self, changes: Iterable[tuple[str, bytes]], manifest: Manifest) -> Boundary:
        """Add what a generation changes, and its boundary: on the disk when this returns, or nothing.

        `changes` are subjects with their lines, none for what is gone; it may read the heads, which change only afterwards.
        """
        tip = self.tip()
        time = _time_after(manifest.built_at, tip.time if tip else None)
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA cache_spill = OFF")  # so that readers wait for the commit only
        with self._transaction():
            writer = _Writer(self._db, time)
            for subject, lines in changes:
                writer.add(subject, lines)
            facts = {name: getattr(manifest, name) for name in _FACTS} | {"generation": manifest.number}
            return writer.end(facts)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _with_boundaries(self, rows: list[Any]) -> list[Entry]:
        if not rows:
            return []
        last = self.boundary(rows[-1][0]).number
        found = self._db.execute(
            "SELECT number FROM entries WHERE kind = 'boundary' AND number >= ? AND number <= ? ORDER BY number DESC",
            (rows[0][0], last),
        )
        ends = [number for (number,) in found]
        entries = []
        for row in rows:
            while ends[-1] < row[0]:
                ends.pop()
            entries.append(_entry(row, ends[-1]))
        return entries

    def _one(self, query: str, *values: object) -> Any:
        return self._db.execute(query, values).fetchone()


_FACTS = ("dataset", "quads", "triples")
_ENTRIES = "SELECT number, page, time, kind, subject, previous, content FROM entries"


class _Writer:
    """Numbers what is appended and puts it on pages; within one transaction."""

    def __init__(self, db: sqlite3.Connection, time: str) -> None:
        self._db = db
        self._time = time
        self._compressor = zstandard.ZstdCompressor(level=3)
        self._rows: list[tuple[object, ...]] = []
        self._moved: list[tuple[object, ...]] = []
        self._number = int(db.execute("SELECT coalesce(max(number), 0) FROM entries").fetchone()[0])
        self._page = int(db.execute("SELECT coalesce(max(number), 1) FROM pages").fetchone()[0])
        self._firsts: dict[int, int] = {}
        on_page = db.execute("SELECT kind, content FROM entries WHERE page = ?", (self._page,)).fetchall()
        self._entries = len(on_page)
        self._bytes = sum(len(_unpacked(content)) for kind, content in on_page if kind != "boundary" and content)
        db.execute("CREATE TEMP TABLE IF NOT EXISTS moved (subject TEXT, number INTEGER, digest BLOB)")
        db.execute("DELETE FROM moved")

    def add(self, subject: str, lines: bytes) -> None:
        """Add a version of a thing."""
        head = self._db.execute("SELECT number FROM heads WHERE subject = ?", (subject,)).fetchone()
        kind = Kind.DELETED if not lines else Kind.UPDATED if head else Kind.CREATED
        packed = self._compressor.compress(lines) if lines else None
        number = self._put(kind.value, subject, head[0] if head else None, packed, len(lines))
        self._moved.append((subject, number, digest_of(lines) if lines else None))
        if len(self._rows) >= _BATCH:
            self._flush()

    def end(self, facts: dict[str, object]) -> Boundary:
        """Add the boundary, and make these versions the last ones."""
        number = self._put("boundary", None, None, json.dumps(facts).encode(), 0)
        self._flush()
        self._db.execute("DELETE FROM heads WHERE subject IN (SELECT subject FROM moved WHERE digest IS NULL)")
        self._db.execute("INSERT OR REPLACE INTO heads SELECT * FROM moved WHERE digest IS NOT NULL")
        self._db.execute("DELETE FROM moved")
        pages = [(page, first, self._time, self._time) for page, first in self._firsts.items()]
        self._db.executemany(
            "INSERT INTO pages VALUES (?, ?, ?, ?) ON CONFLICT (number) DO UPDATE SET until = excluded.until", pages
        )
        row = self._db.execute(f"{_ENTRIES} WHERE number = ?", (number,)).fetchone()
        return _boundary(row)

    def _put(self, kind: str, subject: str | None, previous: int | None, content: bytes | None, size: int) -> int:
        if self._entries and (self._entries >= PAGE_ENTRIES or self._bytes + size > PAGE_BYTES):
            self._page += 1
            self._entries = self._bytes = 0
        self._number += 1
        self._firsts.setdefault(self._page, self._number)
        self._entries += 1
        self._bytes += size
        self._rows.append((self._number, self._page, self._time, kind, subject, previous, content))
        return self._number

    def _flush(self) -> None:
        self._db.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?)", self._rows)
        self._db.executemany("INSERT INTO moved VALUES (?, ?, ?)", self._moved)
        self._rows.clear()
        self._moved.clear()


def _time_after(built_at: str, before: str | None) -> str:
    """Return the instant of a generation, later than the one before: clients order the versions of a thing by it alone.

    A manifest knows whole seconds, and a clock may be set back.

    >>> _time_after("2026-01-02T03:04:05Z", None), _time_after("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z")
    ('2026-01-02T03:04:05.000Z', '2026-01-02T03:04:05.001Z')
    """
    time = datetime.fromisoformat(built_at)
    if before is not None:
        time = max(time, datetime.fromisoformat(before) + timedelta(milliseconds=1))
    return f"{time.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def digest_of(lines: bytes) -> bytes:
    """Return what stands for a version's lines."""
    return hashlib.sha256(lines).digest()[:16]


@contextmanager
def open_ledger(folder: Path) -> Iterator[Ledger | None]:
    """Open the ledger of a folder for a while, None where there is none.

    :raises StateError: it is damaged or can't be read.
    """
    try:
        epoch = (folder / "current").read_text(encoding="ascii").strip()
        path = folder / f"{epoch}.sqlite"
        ledger = Ledger(path.absolute()) if epoch and path.is_file() else None
    except (FileNotFoundError, NotADirectoryError):
        ledger = None
    except (OSError, ValueError, sqlite3.Error) as exc:
        raise _unusable(folder, exc) from exc
    if ledger is None:
        yield None
        return
    try:
        if ledger.version != _VERSION:
            raise FeedDamagedError(f"The feed in {folder} was written by another version of this program.")
        yield ledger
    except sqlite3.Error as exc:
        raise _unusable(folder, exc) from exc
    finally:
        ledger.close()


def begin_epoch(folder: Path, dataset_name: str, changes: Iterable[tuple[str, bytes]], manifest: Manifest) -> Boundary:
    """Begin an epoch whose first generation is all of this; the one before is removed once the new one is whole.

    :raises StateError: the folder can't be written.
    """
    stamp = "".join(character for character in manifest.built_at if character.isalnum())
    epoch = f"{stamp}-{secrets.token_hex(4)}"
    path = folder / f"{epoch}.sqlite"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.executescript(_SCHEMA)
            db.execute("INSERT INTO about VALUES ('dataset', ?)", (dataset_name,))
        with closing(Ledger(path.absolute())) as ledger:
            tip = ledger.append(changes, manifest)
        pointer = folder / "current.new"
        pointer.write_text(f"{epoch}\n", encoding="ascii")
        sync(pointer)
        pointer.replace(folder / "current")
        sync(folder)
    except (OSError, sqlite3.Error) as exc:
        path.unlink(missing_ok=True)
        raise _unusable(folder, exc) from exc
    _tidy(folder, epoch)
    return tip


def discard(folder: Path) -> None:
    """Remove the feed with all its past; the next generation begins a new epoch.

    :raises StateError: it can't be removed.
    """
    try:
        (folder / "current").unlink(missing_ok=True)
        _tidy(folder, None)
    except OSError as exc:
        raise _unusable(folder, exc) from exc


def check_epoch(ledger: Ledger | None, epoch: str) -> Ledger:
    """Return the ledger if it is of this epoch.

    :raises FeedGoneError: it is of another one.
    :raises NotFoundError: there is no feed.
    """
    if ledger is None or ledger.tip() is None:
        raise NotFoundError("There is no feed yet.", hint="The next build begins it.")
    if ledger.epoch != epoch:
        raise FeedGoneError(
            "This part of the feed is not kept any more.", hint="The feed began anew; start from /feed."
        )
    return ledger


def _tidy(folder: Path, epoch: str | None) -> None:
    for path in folder.glob("*.sqlite*"):
        if epoch is None or path.name.partition(".")[0] != epoch:
            path.unlink(missing_ok=True)


def _entry(row: Any, boundary: int) -> Entry:
    number, page, time, kind, subject, previous, content = row
    if kind == "boundary":
        return _boundary(row)
    return Version(number, page, time, Kind(kind), subject, _unpacked(content), boundary, previous)


def _boundary(row: Any) -> Boundary:
    return Boundary(row[0], row[1], row[2], **json.loads(row[6]))


def _unpacked(content: bytes | None) -> bytes:
    return zstandard.ZstdDecompressor().decompress(content) if content else b""


def _unusable(folder: Path, exc: Exception) -> StateError:
    if isinstance(exc, sqlite3.DatabaseError) and not isinstance(exc, sqlite3.OperationalError):
        return FeedDamagedError(f"The feed in {folder} is damaged: {exc}.", hint="The next build begins it anew.")
    return StateError(f"The feed in {folder} can't be used: {exc}.", hint="Remove the folder: a build begins it anew.")
