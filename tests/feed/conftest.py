"""What the feed's tests share: an empty dataset that may be written to as one likes, what a ledger amounts to, and
mirrors that ask an application in process."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace

import pytest
from hypothesis import strategies as st

from conftest import Quiet
from qit4n_kg.building import build
from qit4n_kg.committing.commits import commit
from qit4n_kg.committing.orders import GraphWrite, PreparedChange
from qit4n_kg.config import load_settings
from qit4n_kg.errors import FeedGoneError
from qit4n_kg.feed.entries import Boundary
from qit4n_kg.feed.ledger import open_ledger
from qit4n_kg.feed.recording import subjects_of
from qit4n_kg.mirroring.following import Mirror
from qit4n_kg.store.bulk import read_dataset
from qit4n_kg.store.generations import Generations

THING = "https://example.org/id/"


class World:
    """An empty scratch dataset and short ways to change it."""

    def __init__(self, folder, template=None):
        self.settings = load_settings(
            {"QIT4N_SOURCES": "none"}, state_dir=folder / "state", journal_dir=folder / "journal", executors=1
        )
        if template is None:
            self.build()
        else:
            shutil.copytree(template, folder, dirs_exist_ok=True)

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


class InProcess:
    """A source that asks an application instead of the network, and counts."""

    url = "http://localhost/feed"

    def __init__(self, client):
        self.client = client
        self.asked = []
        self.tag = None
        self.spoil = lambda path, content: content

    def root(self, *, is_conditional=False):
        headers = {"If-None-Match": self.tag} if is_conditional and self.tag else {}
        return self._get("/feed", headers)

    def part(self, iri):
        return self._get(iri.removeprefix("http://localhost"), {})

    def _get(self, path, headers):
        self.asked.append(path)
        response = self.client.get(path, headers={"Accept": "application/n-quads", **headers})
        if response.status_code == 304:
            return None
        if response.status_code == 410:
            raise FeedGoneError("gone")
        assert response.status_code == 200, response.text
        if path == "/feed":
            self.tag = response.headers["ETag"]
        return self.spoil(path, response.data)


class Copy:
    def __init__(self, source, folder):
        self.source = source
        self.folder = folder
        self.said = []
        folder.mkdir(exist_ok=True)
        self.generations = Generations(folder, keep=2)

    def mirror(self):
        return Mirror(self.source, self.generations, self.folder, self.said.append)

    def sync(self, **options):
        with self.generations.writer():
            return self.mirror().sync(**options)

    @property
    def dataset(self):
        return read_dataset(self.generations.current().store_path)[0]


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
    return b"".join(text for _, text in subjects_of(world.current, world.settings.feed_folder)).decode()


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """What a world begins as: building it takes longer than most tests."""
    folder = tmp_path_factory.mktemp("template")
    World(folder)
    return folder


@pytest.fixture
def world(tmp_path, template):
    return World(tmp_path, template)
