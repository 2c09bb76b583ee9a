"""The harvest of the current generation: made once, in a process that can be killed, then opened for each request.

A request is answered from the generation that the pointer names; whoever comes first after a publication has its index made. All
wait for it for as long as a query may run, then they are told to come again. An answer is dated while the register's lock is held,
so that no later datestamp lies before it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from qit4n_kg import __version__
from qit4n_kg.errors import QueueFullError, StateError
from qit4n_kg.exports.jobs import run_job
from qit4n_kg.exports.making import licence_of
from qit4n_kg.harvesting.answers import Harvest
from qit4n_kg.harvesting.index import opened
from qit4n_kg.harvesting.register import FOLDER, locked, moment_of, note_answer, prepare, read_head
from qit4n_kg.store.journal import dataset_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from qit4n_kg.config import Settings
    from qit4n_kg.store.generations import Generation

_PROCESS = "qit4n_kg.harvesting.process"
_TRIES = 5
"""So often a newer generation may be published while an index is made, before a request is told to come again."""


class _Work:
    """An index that is being made: whether that is over, and what went wrong."""

    def __init__(self) -> None:
        self.is_done = threading.Event()
        self.error: Exception | None = None


class HarvestKeeper:
    """The harvest of one server; thread-safe, and shared with other workers by file locks."""

    def __init__(
        self,
        settings: Settings,
        current: Callable[[], Generation],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        run: Callable[[str, dict[str, Any], float], None] = run_job,
    ) -> None:
        self._settings = settings
        self._current = current
        self._clock = clock
        self._journal = settings.journal_dir / FOLDER
        self._folder = settings.state_dir / "oai"
        self._run = run
        self._lock = threading.Lock()
        self._work: _Work | None = None
        self._noted = ""

    @contextmanager
    def open(self) -> Iterator[Harvest]:
        """Open the harvest of the current generation, brought up to date, and the moment of the answer.

        :raises QueueFullError: it is being made and not ready in time.
        :raises QueryLimitError: it could not be made within the limits of an export.
        :raises StateError: the register or the index can't be read or written.
        """
        deadline = time.monotonic() + self._settings.query_timeout
        for _ in range(_TRIES):
            generation = self._current()
            with self._opened(generation) as harvest:
                if harvest is not None:
                    yield harvest
                    return
            self._bring_up_to_date(generation, deadline)
        raise QueueFullError("The graph changes faster than it can be harvested.", hint="Try again in a minute.")

    @contextmanager
    def _opened(self, generation: Generation) -> Iterator[Harvest | None]:
        name, path = self._name(generation)
        if not self._journal.is_dir():
            yield None
            return
        try:
            with locked(self._journal):
                head = read_head(self._journal, dataset_of(self._settings))
                moment = moment_of(self._clock())
                is_current = head is not None and head.of == name and path.is_file()
                if is_current and moment > self._noted:
                    note_answer(self._journal, moment)
                    self._noted = moment
        except OSError as exc:
            raise StateError(f"The folder {self._journal} can't be used: {exc.strerror}.") from exc
        if head is None or not is_current:
            yield None
            return
        with opened(path) as index:
            yield None if index is None else Harvest(index, head, moment, generation.number)

    def _bring_up_to_date(self, generation: Generation, deadline: float) -> None:
        """Wait until the index of a generation is made, or another one that is being made; it goes on when nobody waits."""
        with self._lock:
            work = self._work
            if work is None or work.is_done.is_set():
                work = self._work = _Work()
                threading.Thread(target=self._make, args=(generation, work), daemon=True).start()
        if not work.is_done.wait(max(0.0, deadline - time.monotonic())):
            raise QueueFullError("What can be harvested is being made at the moment.", hint="Try again in a minute.")
        if work.error is not None:
            raise work.error

    def _make(self, generation: Generation, work: _Work) -> None:
        """Have the index of a generation made, unless another worker has just done it."""
        try:
            prepare(self._journal)
            with self._alone(), self._opened(generation) as harvest:
                if harvest is None:
                    self._run(_PROCESS, self._job(generation), self._settings.export_timeout)
        except OSError as exc:
            work.error = StateError(f"The folder {self._journal} can't be used: {exc.strerror}.")
        except Exception as exc:  # noqa: BLE001  (the edge of a thread: who waits raises it)
            work.error = exc
        finally:
            work.is_done.set()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Be the only one, of all workers, who has an index made; who holds the lock ends by the deadline of an export."""
        descriptor = os.open(self._journal / "making", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _job(self, generation: Generation) -> dict[str, Any]:
        name, path = self._name(generation)
        manifest = generation.manifest
        return {
            "queries": str(self._settings.sources / "queries"),
            "store": str(generation.store_path),
            "journal": str(self._settings.journal_dir),
            "target": str(path),
            "dataset": dataset_of(self._settings),
            "of": name,
            "base_iri": self._settings.base_iri,
            "stamp": {"generation": manifest.number, "dataset": manifest.dataset, "built_at": manifest.built_at},
            "licence": licence_of(self._settings),
            "memory": self._settings.query_memory,
        }

    def _name(self, generation: Generation) -> tuple[str, Path]:
        """Return what a generation is called in the register, and where its index is."""
        manifest = generation.manifest
        text = "\n".join((__version__, str(manifest.number), manifest.dataset, manifest.built_at))
        name = hashlib.sha256(text.encode()).hexdigest()[:16]
        return name, self._folder / f"{name}.sqlite"
