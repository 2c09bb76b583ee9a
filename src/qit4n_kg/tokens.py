"""Tokens: who may write, by name and role; only their hashes are kept, beside the journal.

    journal/tokens.json    names, roles, when each was made, and the SHA-256 of each token; replaced atomically
    journal/secret         what sessions and form tokens are signed with; made when it is first needed

The file is read for every request that brings a token, so that a new token and a revoked one count at once in every process. A
token has 256 random bits, so a plain hash of it tells nothing and needs no slow one.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import re
import secrets
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING

from qit4n_kg.errors import NotFoundError, ParameterError, StateError
from qit4n_kg.store.disk import make_folder, sync

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PREFIX = "qit4n_"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")


class Role(Enum):
    """What a token allows; each includes those before it."""

    CONTRIBUTOR = "contributor"
    REVIEWER = "reviewer"
    ADMIN = "admin"

    def includes(self, other: Role) -> bool:
        """Tell whether this role may do what another may.

        >>> Role.ADMIN.includes(Role.REVIEWER), Role.CONTRIBUTOR.includes(Role.ADMIN)
        (True, False)
        """
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True)
class Holder:
    """Who holds a token: `digest` is the token's hash, `created` is ISO 8601. `label` tells tokens of one person apart."""

    name: str
    role: Role
    digest: str
    created: str
    label: str = ""


class Tokens:
    """The tokens in a folder; every call reads the file anew."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "tokens.json"

    def create(self, name: str, role: Role, label: str = "") -> str:
        """Make a token and return it: it can't be read again.

        A name is one person, whoever decides on contributions goes by it; labels are for their several tokens.

        :raises ParameterError: the name or the label can't be used, or is taken.
        :raises StateError: the folder can't be written.
        """
        if not _NAME.fullmatch(name):
            raise ParameterError(
                f"The name {name!r} can't be used.", hint="Use letters, digits and . _ @ - (up to 64)."
            )
        if label and not _NAME.fullmatch(label):
            raise ParameterError(
                f"The label {label!r} can't be used.", hint="Use letters, digits and . _ @ - (up to 64)."
            )
        token = PREFIX + secrets.token_urlsafe(32)
        with self._writing() as holders:
            _require_free(name, label, holders)
            created = datetime.now(UTC).isoformat(timespec="seconds")
            holders.append(Holder(name, role, _digest(token), created, label))
        return token

    def revoke(self, name: str, label: str | None = None) -> None:
        """Forget a person's tokens, or the one with a label; from now on they are refused everywhere.

        :raises NotFoundError: there is none of this name and label.
        """
        with self._writing() as holders:
            left = [holder for holder in holders if holder.name != name or label not in (None, holder.label)]
            if len(left) == len(holders):
                labelled = f" with the label {label!r}" if label is not None else ""
                raise NotFoundError(f"There is no token named {name!r}{labelled}.")
            holders[:] = left

    def holders(self) -> list[Holder]:
        """Return who holds tokens, in the order in which they were made.

        :raises StateError: the file can't be read.
        """
        try:
            records = json.loads(self._path.read_bytes())
            return [Holder(**{**record, "role": Role(record["role"])}) for record in records]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except (OSError, ValueError, TypeError, KeyError) as exc:
            raise StateError(f"The tokens in {self._path} can't be read.") from exc

    def find(self, token: str) -> Holder | None:
        """Return who holds a token, None where nobody does."""
        return self.with_digest(_digest(token))

    def with_digest(self, digest: str) -> Holder | None:
        """Return who holds the token with this hash."""
        found = [holder for holder in self.holders() if hmac.compare_digest(holder.digest, digest)]
        return found[0] if found else None

    def secret(self) -> bytes:
        """Return what sessions are signed with, the same for all processes.

        :raises StateError: it can't be read or made.
        """
        path = self._folder / "secret"
        try:
            if not path.exists():
                make_folder(self._folder)
                with self._lock():
                    if not path.exists():
                        _write(path, secrets.token_bytes(32))
            return path.read_bytes()
        except OSError as exc:
            raise StateError(f"The secret in {self._folder} can't be used: {exc.strerror}.") from exc

    @contextmanager
    def _lock(self) -> Iterator[None]:
        descriptor = os.open(self._folder / "tokens.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    @contextmanager
    def _writing(self) -> Iterator[list[Holder]]:
        try:
            make_folder(self._folder)
            with self._lock():
                holders = self.holders()
                yield holders
                records = [asdict(holder) | {"role": holder.role.value} for holder in holders]
                _write(self._path, json.dumps(records, indent=1).encode() + b"\n")
        except OSError as exc:
            raise StateError(f"The tokens in {self._folder} can't be written: {exc.strerror}.") from exc


def _require_free(name: str, label: str, holders: list[Holder]) -> None:
    """Make sure that a name and label can be given: names that differ in capitals only would be one person twice.

    :raises ParameterError: they can't.
    """
    same = [holder for holder in holders if holder.name.casefold() == name.casefold()]
    if any(holder.name != name for holder in same):
        raise ParameterError(f"There is a token named {same[0].name!r} already: capitals make no other name.")
    if any(holder.label == label for holder in same):
        raise ParameterError(
            f"There is a token named {name!r} already.",
            hint="Revoke it; a second one for the same person needs a label of its own (--label).",
        )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def _write(path: Path, content: bytes) -> None:
    """Replace a file that only its owner may read, whole or not at all; it is on the disk when this returns."""
    new = path.with_name(path.name + ".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as output:
        output.write(content)
        output.flush()
        os.fsync(output.fileno())
    new.replace(path)
    sync(path.parent)
