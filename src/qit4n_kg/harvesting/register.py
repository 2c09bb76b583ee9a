"""The register: since when each record is as it is, and which ones are gone; beside the journal: no build can tell it again.

    journal/oai-pmh/register.jsonl    a sealed head, a line a record, a sealed end; replaced whole or not at all
    journal/oai-pmh/answered          the last moment that any answer was dated
    journal/oai-pmh/lock              shared while an answer is dated, exclusive while the register is brought up to date

It holds digests of records, never their texts. A record's datestamp is the time when the generation was published that brought it,
but later than every datestamp before, and no earlier than any answer: so who harvests from the moment of their last answer
misses nothing, whatever the clock did.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from qit4n_kg.errors import ConfigurationError, StateError
from qit4n_kg.store.disk import sync
from qit4n_kg.store.records import seal, unseal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

FOLDER = "oai-pmh"
_NAME = "register.jsonl"
_MOMENT = "%Y-%m-%dT%H:%M:%SZ"
_LENGTH = 20
_HINT = "Restore it from a backup; without one, remove it: harvesters then have to begin again."

Key = tuple[str, str]
"""Metadata prefix and identifier."""


@dataclass(frozen=True)
class Stand:
    """How a record stands: the digest of its content (none for one that is gone), since when, and its sets."""

    digest: str
    datestamp: str
    sets: tuple[str, ...]

    @property
    def is_deleted(self) -> bool:
        """Whether the record is gone."""
        return not self.digest


@dataclass(frozen=True)
class Head:
    """Whose register it is: its secret (resumption tokens are signed by it), first and last datestamp, and which generation."""

    dataset: str
    secret: str
    earliest: str
    latest: str
    of: str


@dataclass(frozen=True)
class Register:
    """All records that ever were."""

    head: Head
    stands: Mapping[Key, Stand] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path, dataset: str) -> Register | None:
        """Read the register of a folder, None where there is none yet.

        :raises StateError: it is damaged or can't be read.
        :raises ConfigurationError: it belongs to another dataset.
        """
        path = folder / _NAME
        content = _content(path)
        if content is None:
            return None
        *lines, end = content.splitlines(keepends=True)
        head = _head(lines[0] if lines else b"", path, dataset)
        last = unseal(end)
        if last is None or last.get("digest") != hashlib.sha256(b"".join(lines)).hexdigest():
            raise StateError(f"The register of harvested records {path} is damaged.", hint=_HINT)
        stands = {}
        for line in lines[1:]:
            prefix, identifier, digest, datestamp, sets = json.loads(line)
            stands[prefix, identifier] = Stand(digest, datestamp, tuple(sets))
        return cls(head, stands)

    @classmethod
    def begin(cls, dataset: str) -> Register:
        """Make the register of a repository that nobody has harvested yet."""
        return cls(Head(dataset, secrets.token_hex(16), "", "", ""))

    def updated(
        self, records: Mapping[Key, tuple[str, tuple[str, ...]]], of: str, built_at: str, answered: str
    ) -> Register:
        """Return it with the records (digest, sets) of a generation: what is new, changed or gone has a new datestamp.

        :param answered: the last moment that an answer was dated, empty for none.
        """
        head = self.head
        moment = max(built_at, answered, _after(head.latest) if head.latest else "")
        stands = dict(self.stands)
        for key, (digest, sets) in records.items():
            known = stands.get(key)
            if known is None or known.digest != digest:
                stands[key] = Stand(digest, moment, sets)
        for key, known in self.stands.items():
            if key not in records and not known.is_deleted:
                stands[key] = Stand("", moment, known.sets)
        latest = moment if stands != self.stands or not head.latest else head.latest
        return Register(replace(head, of=of, latest=latest, earliest=head.earliest or moment), stands)

    def write(self, folder: Path) -> None:
        """Replace the file; it is on the disk when this returns."""
        lines = [seal({"register": 1, **vars(self.head)})]
        for (prefix, identifier), stand in sorted(self.stands.items()):
            record = [prefix, identifier, stand.digest, stand.datestamp, stand.sets]
            lines.append(json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
        lines.append(seal({"digest": hashlib.sha256(b"".join(lines)).hexdigest()}))
        new = folder / f"{_NAME}.new"
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123
            file.writelines(lines)
        sync(new)
        new.replace(folder / _NAME)
        sync(folder)


def read_head(folder: Path, dataset: str) -> Head | None:
    """Read the first line of a register only.

    :raises StateError: it is damaged or can't be read.
    """
    path = folder / _NAME
    content = _content(path, first_line_only=True)
    return None if content is None else _head(content, path, dataset)


@contextmanager
def locked(folder: Path, *, exclusive: bool = False) -> Iterator[None]:
    """Hold the register's lock."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def note_answer(folder: Path, moment: str) -> None:
    """Note, on the disk, that an answer is dated so; an earlier moment than what is noted changes nothing."""
    descriptor = os.open(folder / "answered", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if moment > os.pread(descriptor, _LENGTH, 0).decode("ascii", "replace"):
            os.pwrite(descriptor, moment.encode(), 0)
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def last_answer(folder: Path) -> str:
    """Return the last moment that an answer was dated; empty where nothing was answered."""
    try:
        text = (folder / "answered").read_bytes()[:_LENGTH].decode("ascii", "replace")
        datetime.strptime(text, _MOMENT)
    except (FileNotFoundError, ValueError):
        return ""
    return text


def prepare(folder: Path) -> None:
    """Make the folder."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        sync(folder.parent)


def moment_of(when: datetime) -> str:
    """Write a moment as OAI-PMH does, to the second.

    >>> moment_of(datetime(2031, 4, 1, 12, 30, 5, 999, tzinfo=UTC))
    '2031-04-01T12:30:05Z'
    """
    return when.astimezone(UTC).strftime(_MOMENT)


def digest_of(content: bytes, sets: Iterable[str]) -> str:
    """Return what stands for a record's content and its sets."""
    return hashlib.sha256(b"\n".join([*(one.encode() for one in sets), b"", content])).hexdigest()[:32]


def _after(moment: str) -> str:
    """Return the next second.

    >>> _after("2031-04-01T23:59:59Z")
    '2031-04-02T00:00:00Z'
    """
    return moment_of(datetime.strptime(moment, _MOMENT).replace(tzinfo=UTC) + timedelta(seconds=1))


def _content(path: Path, *, first_line_only: bool = False) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.readline() if first_line_only else file.read()
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise StateError(f"The register of harvested records {path} can't be read: {exc.strerror}.") from exc


def _head(line: bytes, path: Path, dataset: str) -> Head:
    record = unseal(line)
    if record is None or record.pop("register", None) != 1:
        raise StateError(f"The register of harvested records {path} is damaged.", hint=_HINT)
    head = Head(**record)
    if head.dataset != dataset:
        raise ConfigurationError(
            f"The register {path} belongs to the dataset {head.dataset!r}, not to {dataset!r}.",
            hint="The setting QIT4N_JOURNAL_DIR names another folder.",
        )
    return head
