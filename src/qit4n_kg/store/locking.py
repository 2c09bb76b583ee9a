"""The lock of the one writer of a state directory: held (flock) as long as its file is open, and it names its holder."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from qit4n_kg.errors import StateLockedError

if TYPE_CHECKING:
    from pathlib import Path


def take_lock(lock: int, state: Path) -> None:
    """Take the lock that is open at a descriptor, and write down who has it.

    :raises StateLockedError: another process has it.
    """
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        raise StateLockedError(
            f"Another process{_holder(lock)} is building or writing in {state}.", hint="Wait until it has finished."
        ) from exc
    with suppress(OSError):  # a full disk: the number only makes the message above clearer
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)


def _holder(lock: int) -> str:
    pid = os.pread(lock, 20, 0).strip()
    return f" (pid {pid.decode()})" if pid.isdigit() else ""
