"""What the whole suite shares: the shipped sources, built once into a temporary state directory, and a store to ask.

Nothing here writes to what it shares: a test that needs to write builds its own state.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qit4n_kg.config import Settings
    from qit4n_kg.store.oxigraph import OxigraphStore

ROOT = Path(__file__).resolve().parents[1]


_MEMORY = Path("/dev/shm")
_ROOM = 6 << 30


def pytest_configure(config: pytest.Config) -> None:
    """Have tests write into memory where there is room for it: half of what many take is waiting for a disk.

    What must be on a disk, and in which order, is told by the calls that a process makes, wherever its files are. `--basetemp`, or
    `PYTEST_DEBUG_TEMPROOT`, names another place.
    """
    if config.getoption("basetemp") is None and _has_room():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


def _has_room() -> bool:
    try:
        known = dict(line.split(":") for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines())
        available = int(known["MemAvailable"].split()[0]) << 10
        return os.access(_MEMORY, os.W_OK) and min(shutil.disk_usage(_MEMORY).free, available) >= _ROOM
    except (OSError, ValueError, KeyError):
        return False


class Quiet:
    """A build's progress that nobody watches."""

    def started(self, stage: str, total: int | None = None) -> None: ...

    def advanced(self, done: int) -> None: ...

    def finished(self, summary: str) -> None: ...


@pytest.fixture(scope="session")
def built_state(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings whose state directory holds a build of the shipped sources: one build a run, whatever the number of workers.

    The workers of pytest-xdist have a common parent folder. The first one builds there while the others wait for its lock; they
    build nothing, since a test may hold the writer's lock of that state by then.
    """
    from qit4n_kg.building import build
    from qit4n_kg.config import load_settings

    own = tmp_path_factory.getbasetemp()
    common = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    settings = load_settings({}, sources=ROOT, state_dir=common / "built-state")
    with (common / "built-state.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (common / "built-state" / "current").exists():
            build(settings, Quiet())
    return settings


@pytest.fixture(scope="session")
def graph_store(built_state: Settings) -> Iterator[OxigraphStore]:
    """The built store, read-only: named graphs and the materialised default graph."""
    from qit4n_kg.store.generations import Generations
    from qit4n_kg.store.oxigraph import OxigraphStore

    generation = Generations(built_state.state_dir, built_state.keep_generations).current()
    store = OxigraphStore.open_read_only(generation.store_path)
    yield store
    store.close()
