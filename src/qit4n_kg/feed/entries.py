"""What stands in the feed's ledger: versions of things, the ends of generations, pages; and how a row of it is read; pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

import zstandard

BLANK = "_:"
"""The subject that stands for all quads with blank nodes; all others are IRIs as lines begin with them: `<…>`."""

ENTRIES = "SELECT number, page, time, kind, subject, previous, content FROM entries"
"""Selects rows as `read_entry` and `read_boundary` take them."""


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
    built_at: str | None = None
    """When it was built, as its manifest has it; `time` may be later. An older program did not note it."""
    is_first: bool = False
    """Whether no generation stands before it in this epoch."""


Entry: TypeAlias = Version | Boundary


@dataclass(frozen=True)
class Page:
    """Where a page lies: the number of its first entry, and the times of its first and last; the last page is open."""

    number: int
    first: int
    since: str
    until: str
    is_closed: bool


def digest_of(lines: bytes) -> bytes:
    """Return what stands for a version's lines."""
    return hashlib.sha256(lines).digest()[:16]


def read_entry(row: Any, boundary: int) -> Entry:
    """Read a row; `boundary` is the number of the one that ends its generation."""
    number, page, time, kind, subject, previous, content = row
    if kind == "boundary":
        return read_boundary(row)
    return Version(number, page, time, Kind(kind), subject, unpack(content), boundary, previous)


def read_boundary(row: Any) -> Boundary:
    """Read the row of a boundary."""
    return Boundary(row[0], row[1], row[2], **json.loads(row[6]))


def unpack(content: bytes | None) -> bytes:
    """Return a version's lines as they were before they were packed."""
    return zstandard.ZstdDecompressor().decompress(content) if content else b""
