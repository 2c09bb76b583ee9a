"""The register: contributions on disk, beside the journal, each a file that is only ever appended to; it decides nothing.

    journal/contributions/{id}.jsonl    the contribution, then one line an event; a torn last line never was

What was answered is on the disk (fsync of the file, then of the folder). The id follows from who submitted and the key they gave,
so that a submission that is sent again finds what it made. Events of one contribution come one at a time: whoever adds one holds
the lock of its file meanwhile. Where only the journal knows what came of an acceptance (a crash), it is asked.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import re
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from qit4n_kg.contributions.model import Contribution, Event, Kind
from qit4n_kg.contributions.writing import contribution_of, event_of, event_record, record_of
from qit4n_kg.errors import NotFoundError, StateConflictError, StateError, StateFullError
from qit4n_kg.store.disk import make_folder, sync
from qit4n_kg.store.journal import Journal, dataset_of
from qit4n_kg.store.records import seal, unseal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from qit4n_kg.config import Settings

_log = logging.getLogger(__name__)
_ID = re.compile(r"[0-9a-f]{16}")
_CACHED = 4_096
MOST_EVENTS = 1_000


def entry_id(id_: str) -> str:
    """Return the name that an accepted contribution's entry has in the journal."""
    return f"contribution:{id_}"


def now() -> str:
    """Return this instant, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def make_id(submitter: str, key: str | None) -> str:
    """Return the id of a contribution: the same for the same submitter and key, a new one where no key is given.

    >>> make_id("ana", "first") == make_id("ana", "first"), make_id("ana", "first") == make_id("ben", "first")
    (True, False)
    """
    if key is None:
        return secrets.token_hex(8)
    return hashlib.sha256(f"{submitter}\n{key}".encode(errors="surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True)
class _Read:
    stamp: tuple[int, int, int]
    contribution: Contribution


class Register:
    """The contributions in a folder; safe to use from many threads and processes."""

    def __init__(self, journal_dir: Path, dataset: str) -> None:
        self.folder = journal_dir / "contributions"
        self._dataset = dataset
        self._cache: dict[str, _Read] = {}

    @classmethod
    def of(cls, settings: Settings) -> Register:
        """Return the register of an instance."""
        return cls(settings.journal_dir, dataset_of(settings))

    def submit(self, contribution: Contribution) -> tuple[Contribution, bool]:
        """Keep a contribution, pending; return it, and whether it is new: the same one sent again changes nothing.

        :raises StateConflictError: the key was used for something else.
        :raises StateError: it can't be written.
        """
        first = Event(Kind.SUBMITTED, contribution.submitter, contribution.time)
        kept = replace(contribution, events=(first, replace(first, kind=Kind.PENDING)))
        lines = [seal(record_of(kept)), *(seal(event_record(event)) for event in kept.events)]
        path = self._path(contribution.id)
        try:
            make_folder(self.folder)
            if self._create(path, b"".join(lines)):
                return kept, True
        except OSError as exc:
            raise _unusable(self.folder, exc) from exc
        known = self.get(contribution.id)
        if (known.proposal, known.message, known.evidence) != (kept.proposal, kept.message, kept.evidence):
            raise StateConflictError(
                f"The key was used for another contribution already ({known.id}).",
                hint="Send it with a key of its own.",
            )
        return known, False

    def get(self, id_: str) -> Contribution:
        """Return a contribution.

        :raises NotFoundError: there is none with this id.
        :raises StateError: its file is damaged.
        """
        path = self._path(id_)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise NotFoundError(
                f"There is no contribution {id_!r}.", hint="All are listed at /contributions."
            ) from None
        except OSError as exc:
            raise _unusable(path, exc) from exc
        return self._settled(_parse(path, content)[0])

    def _settled(self, contribution: Contribution) -> Contribution:
        """Ask the journal where nothing else says what came of an acceptance."""
        if not contribution.is_being_accepted:
            return contribution
        wanted = entry_id(contribution.id)
        for entry in Journal.read(self.folder.parent, self._dataset).entries:
            if entry.id == wanted:
                event = Event(Kind.ACCEPTED, entry.actor, entry.time)
                return replace(contribution, events=(*contribution.events, event))
        return contribution

    def all(self) -> list[Contribution]:
        """Return every contribution, the newest first; files that have not changed are not read again."""
        found = []
        try:
            entries = [entry for entry in os.scandir(self.folder) if entry.name.endswith(".jsonl")]
        except FileNotFoundError:
            return []
        for entry in entries:
            status = entry.stat()
            stamp = (status.st_size, status.st_mtime_ns, status.st_ino)
            id_ = entry.name.removesuffix(".jsonl")
            known = self._cache.get(id_)
            if known is None or known.stamp != stamp:
                known = _Read(stamp, self.get(id_))
                if len(self._cache) < _CACHED and not known.contribution.is_being_accepted:
                    self._cache[id_] = known
            found.append(known.contribution)
        return sorted(found, key=lambda one: (one.time, one.id), reverse=True)

    def add_event(self, id_: str, event: Event, allowed: Callable[[Contribution], None] | None = None) -> Contribution:
        """Add an event if `allowed` does not raise; return the contribution with it.

        :raises NotFoundError: there is none with this id.
        :raises StateError: it can't be written.
        """
        with self.holding(id_) as held:
            if allowed is not None:
                allowed(self._settled(held.contribution))
            return held.add(event)

    @contextmanager
    def holding(self, id_: str) -> Iterator[Held]:
        """Hold a contribution, so that nobody else adds an event; others wait.

        :raises NotFoundError: there is none with this id.
        """
        path = self._path(id_)
        descriptor = _lock(path)
        try:
            content = _read_all(descriptor)
            contribution, length = _parse(path, content)
            yield Held(path, descriptor, contribution, length)
        finally:
            os.close(descriptor)

    def records(self, id_: str) -> Iterator[dict[str, Any]]:
        """Yield the records of a contribution as they are kept."""
        for line in self._path(id_).read_bytes().splitlines(keepends=True):
            if (record := unseal(line)) is not None:
                yield record

    def rewrite(self, id_: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Replace the records of a contribution, whole or not at all: only redaction does this.

        :raises StateError: it can't be written.
        """
        path = self._path(id_)
        with self.holding(id_):
            _replace(path, b"".join(seal(change(record)) for record in list(self.records(id_))))

    def _path(self, id_: str) -> Path:
        if not _ID.fullmatch(id_):
            raise NotFoundError(f"There is no contribution {id_!r}.", hint="All are listed at /contributions.")
        return self.folder / f"{id_}.jsonl"

    def _create(self, path: Path, content: bytes) -> bool:
        """Write a file that is there whole or not at all; return False where it was there before."""
        new = self.folder / f".{path.name}.{secrets.token_hex(4)}"
        try:
            _write_new(new, content)
            os.link(new, path)
        except FileExistsError:
            return False
        finally:
            new.unlink(missing_ok=True)
        sync(self.folder)
        return True


@dataclass
class Held:
    """A contribution that nobody else adds an event to for the while."""

    path: Path
    descriptor: int
    contribution: Contribution
    _length: int

    def add(self, event: Event) -> Contribution:
        """Add an event; it is on the disk when this returns, or the file is as it was.

        :raises StateConflictError: there are too many.
        :raises StateError: it can't be written.
        """
        if len(self.contribution.events) >= MOST_EVENTS:
            raise StateConflictError(f"The contribution {self.contribution.id} has {MOST_EVENTS} events already.")
        line = seal(event_record(event))
        try:
            os.ftruncate(self.descriptor, self._length)
            os.pwrite(self.descriptor, line, self._length)
            os.fsync(self.descriptor)
        except OSError as exc:
            os.ftruncate(self.descriptor, self._length)
            raise _unusable(self.path, exc) from exc
        self._length += len(line)
        self.contribution = replace(self.contribution, events=(*self.contribution.events, event))
        return self.contribution


def _parse(path: Path, content: bytes) -> tuple[Contribution, int]:
    """Return the contribution in a file, and where the next event goes."""
    lines = content.splitlines(keepends=True)
    records: list[dict[str, Any]] = []
    length = 0
    for number, line in enumerate(lines, start=1):
        record = unseal(line)
        if record is None:
            if 1 < number == len(lines):
                _log.warning("The last line of %s is torn and was never answered for; it is dropped.", path)
                break
            raise StateError(f"Line {number} of {path} is damaged.", hint="Restore it from a backup.")
        records.append(record)
        length += len(line)
    if not records:
        raise StateError(f"The file {path} is empty.", hint="Restore it from a backup.")
    return contribution_of(records[0], (event_of(record) for record in records[1:])), length


def _lock(path: Path) -> int:
    """Open a contribution's file and lock it; where it was replaced while we waited, the new one."""
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            id_ = path.name.removesuffix(".jsonl")
            raise NotFoundError(
                f"There is no contribution {id_!r}.", hint="All are listed at /contributions."
            ) from None
        except OSError as exc:
            raise _unusable(path, exc) from exc
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_ino == path.stat().st_ino:
            return descriptor
        os.close(descriptor)


def _read_all(descriptor: int) -> bytes:
    parts = []
    while part := os.read(descriptor, 1 << 20):
        parts.append(part)
    return b"".join(parts)


def _write_new(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as output:
        output.write(content)
        output.flush()
        os.fsync(output.fileno())


def _replace(path: Path, content: bytes) -> None:
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        _write_new(new, content)
        new.replace(path)
        sync(path.parent)
    except OSError as exc:
        new.unlink(missing_ok=True)
        raise _unusable(path, exc) from exc


def _unusable(path: Path, exc: OSError) -> StateError:
    if "No space" in str(exc) or "quota" in str(exc):
        return StateFullError("There is no space left for contributions; nothing was changed.")
    return StateError(f"The contributions in {path} can't be used: {exc.strerror}.")
