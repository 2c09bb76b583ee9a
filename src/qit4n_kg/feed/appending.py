"""What a generation changes is added to a ledger's tables: numbered, put on pages, the last version of each thing noted.

Within one transaction of whoever calls; the tables are those of `ledger`.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import zstandard

from qit4n_kg.feed.entries import ENTRIES, Boundary, Kind, digest_of, read_boundary, unpack

if TYPE_CHECKING:
    import sqlite3

    from qit4n_kg.store.generations import Manifest

PAGE_ENTRIES = 250
PAGE_BYTES = 512 * 1024
"""A page is closed when it has so many entries, or lines of so many bytes; one version is never divided."""

_BATCH = 2_000
_FACTS = ("dataset", "quads", "triples", "built_at")


class Appending:
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
        self._bytes = sum(len(unpack(content)) for kind, content in on_page if kind != "boundary" and content)
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

    def end(self, manifest: Manifest, *, is_first: bool) -> Boundary:
        """Add the boundary of a generation, the epoch's first one or not, and make these versions the last ones."""
        facts = {name: getattr(manifest, name) for name in _FACTS} | {"generation": manifest.number}
        if is_first:
            facts["is_first"] = True
        number = self._put("boundary", None, None, json.dumps(facts).encode(), 0)
        self._flush()
        self._db.execute("DELETE FROM heads WHERE subject IN (SELECT subject FROM moved WHERE digest IS NULL)")
        self._db.execute("INSERT OR REPLACE INTO heads SELECT * FROM moved WHERE digest IS NOT NULL")
        self._db.execute("DELETE FROM moved")
        pages = [(page, first, self._time, self._time) for page, first in self._firsts.items()]
        self._db.executemany(
            "INSERT INTO pages VALUES (?, ?, ?, ?) ON CONFLICT (number) DO UPDATE SET until = excluded.until", pages
        )
        row = self._db.execute(f"{ENTRIES} WHERE number = ?", (number,)).fetchone()
        return read_boundary(row)

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


def time_after(built_at: str, before: str | None) -> str:
    """Return the instant of a generation, later than the one before: clients order the versions of a thing by it alone.

    A manifest knows whole seconds, and a clock may be set back.

    >>> time_after("2026-01-02T03:04:05Z", None), time_after("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z")
    ('2026-01-02T03:04:05.000Z', '2026-01-02T03:04:05.001Z')
    """
    time = datetime.fromisoformat(built_at)
    if before is not None:
        time = max(time, datetime.fromisoformat(before) + timedelta(milliseconds=1))
    return f"{time.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
