"""What the feed's tests share: an empty dataset that may be written to as one likes, and what a ledger amounts to."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import strategies as st

from conftest import Quiet
from qit4n_kg.building import build
from qit4n_kg.committing.commits import commit
from qit4n_kg.committing.orders import GraphWrite, PreparedChange
from qit4n_kg.config import load_settings
from qit4n_kg.feed.ledger import Boundary, open_ledger
from qit4n_kg.feed.recording import subjects_of
from qit4n_kg.store.generations import Generations
from qit4n_kg.store.oxigraph import OxigraphStore

THING = "https://example.org/id/"


class World:
    """An empty scratch dataset and short ways to change it."""

    def __init__(self, folder):
        self.settings = load_settings(
            {"QIT4N_SOURCES": "none"}, state_dir=folder / "state", journal_dir=folder / "journal", executors=1
        )
        self.build()

    def build(self, **changed):
        return build(replace(self.settings, **changed), Quiet())

    def change(self, adds="", retracts=""):
        return commit(self.settings, PreparedChange(adds, retracts, "update"), "ana")

    def put(self, graph, triples, method="PUT"):
        return commit(self.settings, GraphWrite(method, graph, triples), "ana")

    def add(self, *lines):
        return self.change("".join(f"{line}\n" for line in lines))

    @property
    def current(self):
        return Generations(self.settings.state_dir).current()

    def ledger(self):
        return open_ledger(self.settings.feed_folder)


def line(name, value, graph=None, predicate="says"):
    """A line of N-Quads; `value` is a literal's text."""
    end = f" <{THING}graph/{graph}> ." if graph else " ."
    return f'<{THING}{name}> <{THING}{predicate}> "{value}"{end}'


def replayed(ledger):
    """Play a ledger back: what is promised at each boundary, and what its entries amount to there."""
    held: dict[str, bytes] = {}
    found = []
    for page in ledger.pages():
        for entry in ledger.entries(page.number):
            if isinstance(entry, Boundary):
                lines = sorted(b"".join(held.values()).splitlines(keepends=True))
                digest = f"sha256:{hashlib.sha256(b''.join(lines)).hexdigest()}"
                found.append(((entry.dataset, entry.quads), (digest, len(lines))))
            elif entry.lines:
                held[entry.subject] = entry.lines
            else:
                del held[entry.subject]
    return found


NAMES = st.sampled_from(["a", "a/b", "a0", "b", "é", "z"])
HOSTILE = st.sampled_from(["", "x", '\\"', "\\n> <x:g> .", "_:b", "\u202eע", "<&>", "\\u0000", "\\\\"])


@st.composite
def lines(draw):
    """A line of N-Quads, now and then with a blank node as its subject, object or graph."""
    subject = draw(st.one_of(NAMES.map(lambda name: f"<{THING}{name}>"), st.sampled_from(["_:b1", "_:b2"])))
    value = draw(
        st.one_of(HOSTILE.map(lambda text: f'"{text}"'), NAMES.map(lambda n: f"<{THING}{n}>"), st.just("_:b1"))
    )
    graph = draw(st.sampled_from(["", f" <{THING}g1>", f" <{THING}g2>", f" <{THING}a>"]))
    return f"{subject} <{THING}says> {value}{graph} .\n"


def dump(world):
    with OxigraphStore.open_read_only(world.current.store_path) as store:
        return b"".join(text for _, text in subjects_of(store, world.settings.feed_folder)).decode()


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)
