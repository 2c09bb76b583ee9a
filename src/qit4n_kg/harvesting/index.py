"""The index of one generation's records: an SQLite file in the state folder, made once, from which any page costs the same.

    state/oai/3f09….sqlite    records with their datestamps, and where each stands in each set

It can always be made again: from the generation, and from the register for the datestamps.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qit4n_kg.errors import StateError, StateFullError
from qit4n_kg.harvesting.naming import ancestors_of
from qit4n_kg.harvesting.register import (
    Register,
    digest_of,
    last_answer,
    locked,
    prepare,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from qit4n_kg.harvesting.records import Record
    from qit4n_kg.harvesting.register import Key, Stand

ALL = ""
"""Stands for no set: every record."""
_SCHEMA = """
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
CREATE TABLE record (id INTEGER PRIMARY KEY, prefix TEXT, identifier TEXT, datestamp TEXT, sets TEXT, content BLOB);
CREATE TABLE place (prefix TEXT, spec TEXT, datestamp TEXT, identifier TEXT, record INTEGER,
  PRIMARY KEY (prefix, spec, datestamp, identifier)) WITHOUT ROWID;
CREATE TABLE named (spec TEXT PRIMARY KEY, name TEXT) WITHOUT ROWID;
"""
_PAGE = """
SELECT record.identifier, record.datestamp, record.sets, record.content IS NULL, CASE ?1 WHEN 1 THEN record.content END
FROM place JOIN record ON record.id = place.record
WHERE place.prefix = ?2 AND place.spec = ?3 AND (place.datestamp, place.identifier) > (?4, ?5) AND place.datestamp >= ?6
  AND place.datestamp <= ?7
ORDER BY place.datestamp, place.identifier LIMIT ?8
"""
_COUNT = "SELECT count(*) FROM place WHERE prefix = ? AND spec = ? AND datestamp >= ? AND datestamp <= ?"
_ONE = "SELECT identifier, datestamp, sets, content IS NULL, content FROM record WHERE identifier = ? AND prefix = ?"


@dataclass(frozen=True)
class Range:
    """Which records a list is of: a format, a set or `ALL`, and the first and the last moment."""

    prefix: str
    spec: str
    since: str
    until: str


@dataclass(frozen=True)
class Row:
    """A record as it is answered; `content` is None for one that is gone, or where only headers are asked for."""

    identifier: str
    datestamp: str
    sets: tuple[str, ...]
    is_deleted: bool
    content: bytes | None


class Index:
    """An index that is open for reading, in one thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def page(self, of: Range, after: tuple[str, str], most: int, *, with_content: bool) -> Iterator[Row]:
        """Yield records in the order of datestamp and identifier, from behind a position on."""
        asked = (int(with_content), of.prefix, of.spec, *after, of.since, of.until, most)
        for row in self._connection.execute(_PAGE, asked):
            yield _row(row)

    def count(self, of: Range) -> int:
        """Count the records of a list."""
        return int(self._connection.execute(_COUNT, (of.prefix, of.spec, of.since, of.until)).fetchone()[0])

    def find(self, identifier: str, prefix: str) -> Row | None:
        """Return one record."""
        found = self._connection.execute(_ONE, (identifier, prefix)).fetchone()
        return None if found is None else _row(found)

    def formats_of(self, identifier: str) -> dict[str, bool]:
        """Return the formats that an item has, or had, by prefix, and whether its record is there."""
        query = "SELECT prefix, content IS NOT NULL FROM record WHERE identifier = ?"
        return {prefix: bool(there) for prefix, there in self._connection.execute(query, (identifier,))}

    def sets(self, after: str, most: int) -> list[tuple[str, str]]:
        """Return sets and what they are called, in the order of their setSpecs, from behind one on."""
        query = "SELECT spec, name FROM named WHERE spec > ? ORDER BY spec LIMIT ?"
        return list(self._connection.execute(query, (after, most)))

    def count_sets(self) -> int:
        """Count the sets."""
        return int(self._connection.execute("SELECT count(*) FROM named").fetchone()[0])

    def sample(self) -> str | None:
        """Return the identifier of a record, None where there is none."""
        found = self._connection.execute("SELECT min(identifier) FROM record").fetchone()[0]
        return None if found is None else str(found)


@contextmanager
def opened(path: Path) -> Iterator[Index | None]:
    """Open an index, None where there is none."""
    if not path.is_file():
        yield None
        return
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        connection.execute("SELECT 1 FROM named").fetchone()  # from here on it may be removed
    except sqlite3.Error:
        yield None  # removed this moment, or no whole file
        return
    try:
        yield Index(connection)
    finally:
        connection.close()


@dataclass(frozen=True)
class Origin:
    """Which generation records are of: the dataset's name, the generation's in the register, and when it was built."""

    dataset: str
    of: str
    built_at: str


def write_index(
    journal: Path, target: Path, origin: Origin, records: Iterable[Record], names: Mapping[str, str]
) -> Register:
    """Bring the register in `journal` up to date and write the index; each is whole or as it was.

    :raises StateFullError: there is no room.
    :raises StateError: the register can't be read or written.
    """
    try:
        prepare(journal)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        connection = sqlite3.connect(partial, isolation_level=None)
        try:
            connection.executescript(_SCHEMA)
            found = _take(connection, records)
            with locked(journal, exclusive=True):
                register = Register.read(journal, origin.dataset) or Register.begin(origin.dataset)
                known = {key: (digest, sets) for key, (_, digest, sets) in found.items()}
                register = register.updated(known, origin.of, origin.built_at, last_answer(journal))
                register.write(journal)
                _place(connection, found, register.stands, names)
                connection.close()
                partial.replace(target)
        finally:
            connection.close()
            partial.unlink(missing_ok=True)
    except (OSError, sqlite3.Error) as exc:
        if "full" in str(exc) or "No space" in str(exc) or "quota" in str(exc):
            raise StateFullError("There is no room on the server's disk for what can be harvested.") from exc
        raise StateError(f"What can be harvested can't be stored: {exc}.") from exc
    for other in target.parent.iterdir():
        if other.suffix == ".sqlite" and other != target:
            other.unlink(missing_ok=True)
    return register


def _take(connection: sqlite3.Connection, records: Iterable[Record]) -> dict[Key, tuple[int, str, tuple[str, ...]]]:
    """Write records without datestamps; return row, digest and sets of each."""
    found: dict[Key, tuple[int, str, tuple[str, ...]]] = {}
    connection.execute("BEGIN")
    for number, record in enumerate(records, start=1):
        values = (number, record.prefix, record.identifier, " ".join(record.sets), record.content)
        connection.execute("INSERT INTO record (id, prefix, identifier, sets, content) VALUES (?, ?, ?, ?, ?)", values)
        found[record.prefix, record.identifier] = (number, digest_of(record.content, record.sets), record.sets)
    connection.execute("COMMIT")
    return found


def _place(
    connection: sqlite3.Connection,
    found: Mapping[Key, tuple[int, str, tuple[str, ...]]],
    stands: Mapping[Key, Stand],
    names: Mapping[str, str],
) -> None:
    """Write datestamps, what is gone, where each record stands in each set, and the sets."""
    connection.execute("BEGIN")
    number = len(found)
    known = {*names, *(above for stand in stands.values() for one in stand.sets for above in ancestors_of(one))}
    for key, stand in stands.items():
        if key in found:
            row = found[key][0]
            connection.execute("UPDATE record SET datestamp = ? WHERE id = ?", (stand.datestamp, row))
        else:
            row = number = number + 1
            values = (row, *key, stand.datestamp, " ".join(stand.sets))
            connection.execute("INSERT INTO record VALUES (?, ?, ?, ?, ?, NULL)", values)
        specs = {ALL, *(above for one in stand.sets for above in ancestors_of(one))}
        places = [(key[0], spec, stand.datestamp, key[1], row) for spec in specs]
        connection.executemany("INSERT INTO place VALUES (?, ?, ?, ?, ?)", places)
    # A set that only deleted records are in has lost its name with them.
    listed = [(spec, names.get(spec) or spec.rpartition(":")[2]) for spec in known]
    connection.executemany("INSERT INTO named VALUES (?, ?)", listed)
    connection.execute("CREATE UNIQUE INDEX by_identifier ON record (identifier, prefix)")
    connection.execute("COMMIT")


def _row(row: tuple[str, str, str, int, bytes | None]) -> Row:
    identifier, datestamp, sets, is_deleted, content = row
    return Row(identifier, datestamp, tuple(sets.split()), bool(is_deleted), content)
