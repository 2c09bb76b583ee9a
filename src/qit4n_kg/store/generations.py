"""Immutable generations of the store on disk, and the pointer to the current one.

    state/current                      the number of the generation that is served; replaced atomically
    state/lock                         held (flock) by the one process that writes; the kernel lets go of it when that process dies
    state/generations/7/store/         a RocksDB directory that nobody writes any more
    state/generations/7/search/        the full-text index and the lists, where whoever builds adds them
    state/generations/7/lines/         its canonical N-Quads, sorted (`lines`): what the hash after a change is made from
    state/generations/7/manifest.json  what it holds
    state/generations/8.partial/       being written; never read

The highest number ever given stands elsewhere too (`numbering`), so that it outlives the state directory.
A crash at any moment leaves the pointer on a whole generation: everything is on the disk before the directory gets its final
name, and that name is on the disk before the pointer moves. Readers need no lock. Sources, rules and shapes are unknown here.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from qit4n_kg.errors import (
    GenerationDamagedError,
    GenerationGoneError,
    NotFoundError,
    StateError,
    StateFullError,
    StateMissingError,
)
from qit4n_kg.store import lines
from qit4n_kg.store.bulk import Counted, check_change, hash_change, hash_store, read_dataset, write_dataset
from qit4n_kg.store.disk import sync, sync_tree
from qit4n_kg.store.locking import take_lock
from qit4n_kg.store.manifests import Generation, Manifest, read_manifest
from qit4n_kg.store.oxigraph import OxigraphStore
from qit4n_kg.store.recording import Recorder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from pyoxigraph import NamedNode, Quad

    from qit4n_kg.store.numbering import Numbering
    from qit4n_kg.store.recording import Net

    Complete = Callable[[Path], None]
    """Writes what else belongs to a generation, beside its store, which is whole; `store_path` is what it is given."""
    Read = Callable[[], tuple[str, int, int, int]]
    """Reads back the hash, the quads, the triples of the default graph and the number of named graphs."""
    Write = Callable[[Path], tuple[str, int, Read]]
    """Writes a store; returns the hash and the number of quads that it should hold, and what reads them back."""

_BUILD_HINT = "Run `qit4n-kg build`."
_KEPT_AT_LEAST = 2
"""The current generation and the one before: a reader that has read the pointer may open its generation a moment later."""

_LONGEST_NUMBER = 64


class Generations:
    """The generations in a state directory: the newest `keep`, never fewer than two, and those of the last `keep_days`."""

    def __init__(
        self, state_dir: Path, keep: int = 3, keep_days: float = 0.0, numbering: Numbering | None = None
    ) -> None:
        self._state = state_dir
        self._folder = state_dir / "generations"
        self._pointer = state_dir / "current"
        self._pointer_name = str(self._pointer)
        self._keep = max(keep, _KEPT_AT_LEAST)
        self._keep_days = keep_days
        self._numbering = numbering
        self._lock: int | None = None

    def current_number(self) -> int | None:
        """Return the number of the current generation, None before the first build; reads one small file.

        :raises GenerationDamagedError: the pointer holds no number.
        """
        try:
            pointer = os.open(self._pointer_name, os.O_RDONLY)  # a third of the time of Path.read_bytes
            try:
                text = os.read(pointer, _LONGEST_NUMBER)
            finally:
                os.close(pointer)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as exc:
            raise _unusable(self._state, exc) from exc
        if not text.strip().isdigit():
            raise GenerationDamagedError(f"The file {self._pointer} names no generation.", hint=_BUILD_HINT)
        return int(text)

    def current(self) -> Generation:
        """Return the current generation after a look at its manifest; the store itself is not read.

        :raises StateMissingError: nothing has been built yet.
        :raises GenerationDamagedError: the pointer, the manifest or the store is not what a build leaves.
        """
        number = self.current_number()
        if number is None:
            raise StateMissingError(f"Nothing has been built in {self._state} yet.", hint=_BUILD_HINT)
        return self._read(number)

    def kept(self, number: int) -> Generation:
        """Return a generation by its number, the current one or an older one that is still on disk.

        :raises GenerationGoneError: it was current once and has been pruned.
        :raises NotFoundError: no generation has had this number yet.
        """
        current = self.current_number() or 0
        if not 0 < number <= current:
            raise NotFoundError(f"There is no generation {number}.", hint=f"The current one is {current}.")
        if number != current and not (self._folder / str(number)).is_dir():
            known = ", ".join(map(str, reversed(self.kept_numbers())))
            raise GenerationGoneError(f"Generation {number} is not kept any more.", hint=f"Kept are: {known}.")
        return self._read(number)

    def kept_numbers(self) -> list[int]:
        """Return the numbers of the published generations that are on disk, the newest first."""
        current = self.current_number() or 0
        return sorted((number for number in self._numbers() if number <= current), reverse=True)

    def all_kept(self) -> list[Generation]:
        """Return the published generations that are on disk, the newest first."""
        current = self.current_number() or 0
        return [self._read(number) for number in sorted(self._numbers(), reverse=True) if number <= current]

    def forget_older(self) -> None:
        """Remove every generation but the current one; only inside `writer()`."""
        self._require_lock()
        current = self.current().number
        for number in self._numbers():
            if number != current:
                discarded = self._folder / f"{number}.discarded"
                with suppress(OSError):
                    (self._folder / str(number)).rename(discarded)
                shutil.rmtree(discarded, ignore_errors=True)

    def _read(self, number: int) -> Generation:
        path = self._folder / str(number)
        manifest = read_manifest(path / "manifest.json")
        if manifest is None or manifest.number != number:
            raise GenerationDamagedError(f"Generation {number} has no usable manifest.", hint=_BUILD_HINT)
        if not (path / "store" / "CURRENT").is_file():
            raise GenerationDamagedError(f"The store of generation {number} is missing.", hint=_BUILD_HINT)
        return Generation(number, path, manifest)

    @contextmanager
    def writer(self) -> Iterator[None]:
        """Hold the lock of the one writer, and clear away what a killed one left.

        :raises StateLockedError: another process builds or writes.
        :raises StateError: the state directory can't be made or written.
        """
        try:
            self._state.mkdir(exist_ok=True)
            self._folder.mkdir(exist_ok=True)
            lock = os.open(self._state / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as exc:
            raise _unusable(self._state, exc) from exc
        try:
            take_lock(lock, self._state)
            self._lock = lock
            self.discard_partial()
            yield
        finally:
            self._lock = None
            fcntl.flock(lock, fcntl.LOCK_UN)  # closing alone would not do it while a forked child holds a copy
            os.close(lock)

    def publish(
        self,
        quads: Iterable[Quad],
        *,
        inputs: str,
        software: str,
        graphs: Iterable[NamedNode] = (),
        progress: Callable[[int], None] | None = None,
        on_ready: Callable[[], None] | None = None,
        complete: Complete | None = None,
    ) -> Generation:
        """Write a generation, check what can be read back, and make it the current one; only inside `writer()`.

        `graphs` are named graphs that are there even when empty. `progress` is called with the number of quads taken so far.
        `complete` adds what else belongs to a generation, as `Complete` says.
        `on_ready` is called when all is on the disk and before the pointer moves: what it raises stops the move. The current
        generation is untouched until the very end.

        :raises StateFullError: the disk is full; nothing of the new generation stays.
        :raises StateError: the state directory can't be written, or what was read back differs from what was written.
        """

        def write(store_path: Path) -> tuple[str, int, Read]:
            counted = Counted(quads, progress)
            dataset, count = write_dataset(store_path, counted, graphs, store_path.parent / lines.FOLDER)
            return dataset, count, lambda: read_dataset(store_path)

        return self._publish(write, lambda: inputs, software, on_ready, complete)

    def commit(
        self,
        apply: Callable[[Recorder, Path], None],
        *,
        inputs: Callable[[], str],
        software: str,
        on_ready: Callable[[], None] | None = None,
        complete: Callable[[Path, Net], None] | None = None,
    ) -> Generation:
        """Make the current generation with a change applied the next one, through a checkpoint; otherwise as `publish`.

        `apply` gets the open checkpoint and a folder beside it for what it needs meanwhile; `inputs` is called after it. What came
        and went is read back, and all quads are counted; the hash follows from the lines that are kept of the current generation.

        :raises StateError: as `publish`; also when nothing has been built yet.
        """
        current = self.current()
        nets: list[Net] = []

        def write(store_path: Path) -> tuple[str, int, Read]:
            new_lines = store_path.parent / lines.FOLDER
            with OxigraphStore.open_read_only(current.store_path) as old:
                old.inner.backup(str(store_path))
                with OxigraphStore.create(store_path) as store:
                    with closing(Recorder(store.inner, store_path.parent, old.inner)) as recorder:
                        apply(recorder, store_path.parent)
                        net = recorder.net()
                    nets.append(net)
                    try:
                        dataset, count = hash_change(net, current.path / lines.FOLDER, new_lines)
                    except lines.LinesError:
                        shutil.rmtree(new_lines, ignore_errors=True)
                        dataset, count, _, _ = hash_store(store, store_path.parent, new_lines)
                        return dataset, count, lambda: read_dataset(store_path)
            triples, graphs = current.manifest.triples + net.more_triples, current.manifest.graphs + net.more_graphs
            return dataset, count, lambda: (dataset, check_change(store_path, net), triples, graphs)

        done = None if complete is None else lambda store_path: complete(store_path, nets[-1])
        return self._publish(write, inputs, software, on_ready, done)

    def _publish(
        self,
        write: Write,
        inputs: Callable[[], str],
        software: str,
        on_ready: Callable[[], None] | None,
        complete: Complete | None,
    ) -> Generation:
        """Have a store written, and publish it."""
        self._require_lock()
        number = self._next_number()
        partial = self._folder / f"{number}.partial"
        try:
            self._prepare(partial, number, write, inputs, software, complete)
            final = self._folder / str(number)
            partial.rename(final)
            sync(self._folder)
            if on_ready is not None:
                on_ready()
            self._point_to(number)
        except OSError as exc:
            self._forget(number)
            raise _unusable(self._state, exc) from exc
        except BaseException:
            self._forget(number)
            raise
        self._prune(number)
        return self.current()

    def discard_partial(self) -> None:
        """Remove what an unfinished publish left; only inside `writer()`."""
        self._require_lock()
        current = self._trusted_number()
        for path in self._folder.iterdir():
            is_unpublished = path.name.isdigit() and current is not None and int(path.name) > current
            if path.suffix in (".partial", ".discarded") or is_unpublished:
                shutil.rmtree(path, ignore_errors=True)
        with suppress(OSError):
            (self._state / "current.new").unlink(missing_ok=True)

    def _prepare(
        self,
        partial: Path,
        number: int,
        write: Write,
        inputs: Callable[[], str],
        software: str,
        complete: Complete | None,
    ) -> None:
        """Write the store and its manifest into `partial`, all of it on the disk when this returns."""
        store_path = partial / "store"
        partial.mkdir()
        expected, expected_count, read = write(store_path)
        dataset, count, triples, graphs = read()
        if (dataset, count) != (expected, expected_count):
            raise StateError(
                f"The new generation holds {count} quads ({dataset}), but {expected_count} ({expected}) were written.",
                hint="It was not published. Check the disk and build again.",
            )
        if complete is not None:
            complete(store_path)
        built_at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        manifest = Manifest(number, inputs(), dataset, count, triples, graphs, built_at, software)
        text = json.dumps(asdict(manifest), indent=2) + "\n"
        (partial / "manifest.json").write_text(text, encoding="utf-8")
        sync_tree(partial)

    def note_number(self) -> None:
        """Keep the current number where it outlives the state directory; only inside `writer()`."""
        self._require_lock()
        if self._numbering is not None and (number := self.current_number()) is not None:
            self._numbering.note(number)

    def _point_to(self, number: int) -> None:
        if self._numbering is not None:
            self._numbering.note(number)
        new = self._state / "current.new"
        new.write_text(f"{number}\n", encoding="ascii")
        sync(new)
        new.replace(self._pointer)
        sync(self._state)

    def _prune(self, current: int) -> None:
        """Remove the oldest generations; each is renamed first, so that no half-removed one keeps a published name."""
        numbers = sorted(self._numbers(), reverse=True)
        young = datetime.now(UTC) - timedelta(days=self._keep_days)
        for number in numbers[self._keep :]:
            if number != current and not (self._keep_days and self._was_built_after(number, young)):
                discarded = self._folder / f"{number}.discarded"
                with suppress(OSError):
                    (self._folder / str(number)).rename(discarded)
                shutil.rmtree(discarded, ignore_errors=True)

    def _was_built_after(self, number: int, instant: datetime) -> bool:
        manifest = read_manifest(self._folder / str(number) / "manifest.json")
        return manifest is not None and datetime.fromisoformat(manifest.built_at) > instant

    def _forget(self, number: int) -> None:
        """Remove what a failed publish wrote, unless the pointer has reached it."""
        shutil.rmtree(self._folder / f"{number}.partial", ignore_errors=True)
        with suppress(OSError):
            (self._state / "current.new").unlink(missing_ok=True)
        with suppress(StateError):
            if self.current_number() != number:
                shutil.rmtree(self._folder / str(number), ignore_errors=True)

    def _trusted_number(self) -> int | None:
        try:
            return self.current().number
        except (StateMissingError, GenerationDamagedError):
            return None

    def _next_number(self) -> int:
        """Return a number that no generation here, none that the pointer names and none that was noted has ever had."""
        try:
            pointed = self.current_number() or 0
        except GenerationDamagedError:
            pointed = 0
        noted = self._numbering.last() if self._numbering is not None else 0
        return max((pointed, noted, *self._numbers())) + 1

    def _numbers(self) -> list[int]:
        return [int(path.name) for path in self._folder.iterdir() if path.name.isdigit()]

    def _require_lock(self) -> None:
        if self._lock is None:
            raise StateError("Only a writer that holds the lock may change the state.")


def _unusable(state: Path, exc: OSError) -> StateError:
    # RocksDB reports a full disk in words, without an error number.
    if exc.errno in (errno.ENOSPC, errno.EDQUOT) or any(
        words in str(exc) for words in ("No space left on device", "Disk quota exceeded")
    ):
        return StateFullError(
            f"There is no space left for {state}; what was published before is untouched.",
            hint="Free some space and build again.",
        )
    return StateError(f"The state directory {state} can't be used: {exc.strerror or exc}.")


__all__ = ["Generation", "Generations", "Manifest"]
