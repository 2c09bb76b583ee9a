"""The highest number that a generation has had, kept beside the journal: a state folder that was removed does not begin at 1 again.

Otherwise a link with `at=` would show other data than it was made for. Where there is no journal nothing is kept: the files, which
are under version control, are then all there is. A number may be left out, but none is given twice.
"""

from __future__ import annotations

import errno
import logging
import os
from typing import TYPE_CHECKING

from qit4n_kg.errors import StateError, StateFullError
from qit4n_kg.store.disk import sync
from qit4n_kg.store.journal import has_entries

if TYPE_CHECKING:
    from pathlib import Path

_log = logging.getLogger(__name__)
_NAME = "generation"
_READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS)


class Numbering:
    """The number in a journal's folder; only whoever holds the writer's lock of the generations may note one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / _NAME

    def last(self) -> int:
        """Return the highest number that was noted, 0 for none.

        :raises StateError: the file can't be read, or holds no number.
        """
        try:
            text = self._path.read_text("ascii").strip()
        except (FileNotFoundError, NotADirectoryError):
            return 0
        except (OSError, UnicodeDecodeError) as exc:
            raise self._damaged() from exc
        if not (text.isascii() and text.isdigit()):
            raise self._damaged()
        return int(text)

    def note(self, number: int) -> None:
        """Note a number, if there is a journal and it is higher than the last one: it is on the disk when this returns.

        A journal that may only be read, such as a copy's, is left alone.

        :raises StateError: the folder can't be written.
        """
        if not has_entries(self._folder) or number <= self.last():
            return
        new = self._path.with_name(f"{_NAME}.new")
        try:
            with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:  # noqa: PTH123
                file.write(f"{number}\n")
            sync(new)
            new.replace(self._path)
            sync(self._folder)
        except OSError as exc:
            if exc.errno in _READ_ONLY:
                _log.warning("The generation's number can't be kept in %s: %s", self._folder, exc.strerror)
                return
            kind = StateFullError if exc.errno in (errno.ENOSPC, errno.EDQUOT) else StateError
            raise kind(f"The generation's number can't be kept in {self._folder}: {exc.strerror}.") from exc

    def _damaged(self) -> StateError:
        return StateError(
            f"The file {self._path} holds no number of a generation.",
            hint="Restore it from a backup, or write the highest number that a generation has had into it.",
        )
