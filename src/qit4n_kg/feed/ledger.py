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

import re
import secrets
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from qit4n_kg.errors import FeedDamagedError, FeedGoneError, NotFoundError, StateError
from qit4n_kg.feed.appending import Appending, time_after
from qit4n_kg.feed.entries import ENTRIES, Boundary, Entry, Page, Version, read_boundary, read_entry
from qit4n_kg.store.disk import sync

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from qit4n_kg.store.generations import Manifest

VOLUME = 100
"""Pages that are listed together."""

_WAIT_SECONDS = 30.0
_VERSION = 1
_EPOCH = re.compile(r"[0-9TZ]{16}-[0-9a-f]{8}")
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
        row = self._one(f"{ENTRIES} WHERE kind = 'boundary' ORDER BY number DESC LIMIT 1")
        return read_boundary(row) if row else None

    def boundary(self, number: int) -> Boundary:
        """Return the boundary that ends the generation of an entry.

        :raises NotFoundError: there is no such entry.
        """
        row = self._one(f"{ENTRIES} WHERE kind = 'boundary' AND number >= ? ORDER BY number LIMIT 1", number)
        if row is None or number < 1:
            raise NotFoundError(f"The feed has no entry {number}.")
        return read_boundary(row)

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
        row = self._one(f"{ENTRIES} WHERE number = ?", number)
        if row is None:
            raise NotFoundError(f"The feed has no entry {number}.")
        return read_entry(row, self.boundary(number).number)

    def entries(self, page: int) -> list[Entry]:
        """Return the entries of a page, in order.

        :raises NotFoundError: there is no such page.
        """
        rows = self._db.execute(f"{ENTRIES} WHERE page = ? ORDER BY number", (page,)).fetchall()
        if not rows:
            raise NotFoundError(f"The feed has no page {page}.")
        return self._with_boundaries(rows)

    def latest(self, count: int) -> list[Version]:
        """Return the last versions, the newest first."""
        query = f"{ENTRIES} WHERE kind <> 'boundary' ORDER BY number DESC LIMIT ?"
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
        time = time_after(manifest.built_at, tip.time if tip else None)
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA cache_spill = OFF")  # so that readers wait for the commit only
        with self._transaction():
            writer = Appending(self._db, time)
            for subject, lines in changes:
                writer.add(subject, lines)
            return writer.end(manifest, is_first=tip is None)

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
            entries.append(read_entry(row, ends[-1]))
        return entries

    def _one(self, query: str, *values: object) -> Any:
        return self._db.execute(query, values).fetchone()


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
    :raises NotFoundError: there is no feed, or no epoch could be called so.
    """
    if ledger is None or ledger.tip() is None:
        raise NotFoundError("There is no feed yet.", hint="The next build begins it.")
    if not _EPOCH.fullmatch(epoch):
        raise NotFoundError("The feed has no part of this name.", hint="It begins at /feed.")
    if ledger.epoch != epoch:
        raise FeedGoneError(
            "This part of the feed is not kept any more.", hint="The feed began anew; start from /feed."
        )
    return ledger


def _tidy(folder: Path, epoch: str | None) -> None:
    for path in folder.glob("*.sqlite*"):
        if epoch is None or path.name.partition(".")[0] != epoch:
            path.unlink(missing_ok=True)


def _unusable(folder: Path, exc: Exception) -> StateError:
    if isinstance(exc, sqlite3.DatabaseError) and not isinstance(exc, sqlite3.OperationalError):
        return FeedDamagedError(f"The feed in {folder} is damaged: {exc}.", hint="The next build begins it anew.")
    return StateError(f"The feed in {folder} can't be used: {exc}.", hint="Remove the folder: a build begins it anew.")
