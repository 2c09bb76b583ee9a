"""What the tests of exports share: the registry, the shipped graph, the second body's graph, and a client of the shipped graph."""

from __future__ import annotations

import fcntl
import io
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conftest import Quiet
from qit4n_kg.exports.making import Material, Stamp, make
from qit4n_kg.exports.registry import read_registry
from qit4n_kg.namespaces import DEFAULT_BASE_IRI
from qit4n_kg.store.generations import Generations
from qit4n_kg.store.oxigraph import OxigraphStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from flask.testing import FlaskClient

    from qit4n_kg.config import Settings
    from qit4n_kg.store.base import Store
    from qit4n_kg.store.generations import Generation

ROOT = Path(__file__).resolve().parents[2]
QUERIES = ROOT / "queries"
REGISTRY = read_registry(QUERIES / "exports")
STAMP = Stamp(1, "sha256:0", "2026-01-02T03:04:05+00:00")


def material_of(store: Store, name: str, arguments: Mapping[str, str] | None = None) -> Material:
    """What an export of a store is made from."""
    return Material(store, QUERIES, DEFAULT_BASE_IRI, STAMP, REGISTRY.find(name), arguments or {})


_MADE: dict[tuple[int, str, tuple[tuple[str, str], ...]], tuple[Store, bytes]] = {}


def made(store: Store, name: str, arguments: Mapping[str, str] | None = None) -> bytes:
    """An export of a store; of one that nobody writes any more it is made once."""
    if not getattr(store, "_is_read_only", False):
        return made_anew(store, name, arguments)
    key = (id(store), name, tuple(sorted((arguments or {}).items())))
    if key not in _MADE:
        _MADE[key] = store, made_anew(store, name, arguments)  # the store too: while it is held nothing else has its id
    return _MADE[key][1]


def made_anew(store: Store, name: str, arguments: Mapping[str, str] | None = None) -> bytes:
    """An export of a store, made now."""
    output = io.BytesIO()
    make(material_of(store, name, arguments), output)
    return output.getvalue()


@pytest.fixture
def export(graph_store: OxigraphStore) -> Callable[..., bytes]:
    """A function that makes an export of the shipped graph."""
    return lambda name, arguments=None: made(graph_store, name, arguments)


@pytest.fixture(scope="session")
def second_generation(tmp_path_factory: pytest.TempPathFactory) -> Generation:
    """The shipped graph with the second body's beside it: one build a run, as for `built_state`."""
    from qit4n_kg.building import build
    from qit4n_kg.config import load_settings

    own = tmp_path_factory.getbasetemp()
    common = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    root = common / "second-body"
    with (common / "second-body.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.exists():
            shutil.copytree(ROOT / "data", root / "data")
            shutil.copytree(ROOT / "tests/fixtures/second_body", root / "data", dirs_exist_ok=True)
        settings = load_settings({}, sources=ROOT, data=root / "data", state_dir=root / "state", gate=False)
        build(settings, Quiet())
    return Generations(settings.state_dir, settings.keep_generations).current()


@pytest.fixture(scope="session")
def second_store(second_generation: Generation) -> Iterator[OxigraphStore]:
    """The store of the shipped graph with the second body's beside it."""
    with OxigraphStore.open_read_only(second_generation.store_path) as store:
        yield store


@pytest.fixture(scope="session")
def own_state(built_state: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The shipped graph in a state directory of its own, because a server keeps exports there."""
    from dataclasses import replace

    folder = tmp_path_factory.mktemp("exports") / "state"
    shutil.copytree(built_state.state_dir, folder)
    return replace(built_state, state_dir=folder, executors=1)


@pytest.fixture(scope="module")
def client(own_state: Settings) -> Iterator[FlaskClient]:
    """A client of the shipped graph, in process."""
    from qit4n_kg.web.app import create_app

    app = create_app(own_state)
    yield app.test_client()
    app.extensions["knowledge_graph"].close()
