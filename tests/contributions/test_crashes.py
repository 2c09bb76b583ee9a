"""Kills and power cuts at any moment: what was answered is there, nothing is half there, the journal replays to the same dataset.

`QIT4N_TEST_KILLS` is how many times the server is killed (3 by default). What lies on the disk says where a kill hit the writer; a
histogram of that is logged. `tests/unit/test_dying_commits.py` dies at every single step.
"""

import collections
import contextlib
import http.client
import json
import logging
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest
from tests.conftest import Quiet
from tests.web.conftest import SERVE, free_port

from qit4n_kg.building import build
from qit4n_kg.config import to_environ
from qit4n_kg.contributions.model import State
from qit4n_kg.contributions.register import Register
from qit4n_kg.errors import StateLockedError
from qit4n_kg.store.canonical import dataset_hash
from qit4n_kg.store.generations import Generations
from qit4n_kg.store.journal import Journal
from qit4n_kg.store.oxigraph import OxigraphStore
from qit4n_kg.tokens import Role, Tokens

CLIENTS = 8
ID = "https://w3id.org/qit4n/id/"
PREFIXES = f"@base <{ID}> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix stdorg: <https://w3id.org/stdorg/ns#> ."


class Crowd:
    """Clients that submit, accept and update at the same time, and write down what was answered."""

    def __init__(self, settings, tokens, seed):
        self.settings, self.tokens, self.seed = settings, tokens, seed
        self.submitted, self.accepted, self.updated, self.attempted = set(), set(), set(), set()
        self.waiting, self.lock = [], threading.Lock()
        self.counts = {"answers": 0}
        self.url, self.is_up = "", threading.Event()
        self.stop = threading.Event()

    def let(self, commits):
        """Wait until so many more commits were answered, a minute at most."""
        wanted, end = len(self.accepted) + len(self.updated) + commits, time.monotonic() + 60
        while len(self.accepted) + len(self.updated) < wanted and time.monotonic() < end:
            time.sleep(0.02)

    def call(self, path, body, kind, who):
        request = urllib.request.Request(f"{self.url}{path}", body.encode(), {"Content-Type": kind}, method="POST")
        request.add_header("Authorization", f"Bearer {self.tokens[who]}")
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return response.status, json.loads(response.read())
        except urllib.error.HTTPError as exc:
            return exc.code, {}
        except (OSError, ValueError, http.client.HTTPException):
            return None, {}  # killed meanwhile: nothing was answered, or not to its end

    def told(self):
        """Return what was answered so far."""
        kinds = f"{len(self.submitted)} submitted, {len(self.accepted)} accepted, {len(self.updated)} updates"
        return f"{self.counts['answers']} answers: {kinds}"

    def work(self, number):
        chance = random.Random(self.seed * 100 + number)
        turn = 0
        while not self.stop.is_set():
            if not self.is_up.wait(0.2):
                continue
            turn += 1
            name = f"p-{self.seed}-{number}-{turn}"
            kind = chance.choice(("submit", "accept", "accept", "update"))
            if kind == "submit":
                self.submit(name)
            elif kind == "update":
                self.update(name)
            else:
                self.accept(chance)

    def submit(self, name):
        adds = f'{PREFIXES} <person/{name}> a stdorg:Person ; rdfs:label "{name}" .'
        sent = {"message": name, "licence": "CC-BY-4.0", "adds": adds, "key": name}
        status, told = self.call("/contributions", json.dumps(sent), "application/json", "ana")
        with self.lock:
            if status == 201:
                self.submitted.add((told["id"], name))
                self.waiting.append((told["id"], name))
                self.counts["answers"] += 1

    def accept(self, chance):
        with self.lock:
            if not self.waiting:
                return
            id_, name = self.waiting.pop(chance.randrange(len(self.waiting)))
            self.attempted.add(name)
        status, _ = self.call(f"/contributions/{id_}/accept", "{}", "application/json", "ben")
        with self.lock:
            if status == 200:
                self.accepted.add((id_, name))
                self.counts["answers"] += 1

    def update(self, name):
        with self.lock:
            self.attempted.add(f"u-{name}")
        text = f'INSERT DATA {{ GRAPH <x:g> {{ <x:u-{name}> <x:a> "1" . <x:u-{name}> <x:b> "2" }} }}'
        status, _ = self.call("/update", text, "application/sparql-update", "root")
        with self.lock:
            if status == 200:
                self.updated.add(f"u-{name}")
                self.counts["answers"] += 1


def start(settings, port):
    environment = {**os.environ, **to_environ(replace(settings, port=port, workers=2, executors=1))}
    return subprocess.Popen(
        [sys.executable, "-c", SERVE],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


@pytest.fixture
def mine(built_state, tmp_path):
    shutil.copytree(built_state.state_dir, tmp_path / "state")
    return replace(
        built_state, state_dir=tmp_path / "state", journal_dir=tmp_path / "journal", contributions_per_minute=100_000
    )


def descendants(pid):
    """A process and all that it started, itself first, so that it starts no more."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def cut(process):
    """Kill a server with all its processes at once, as a power cut does."""
    for pid in descendants(process.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()


def stage(settings):
    """Say from what a kill left where it hit a writer, and tidy away what would say so again."""
    torn = list((settings.journal_dir / "contributions").glob(".*"))
    for path in torn:
        path.unlink()
    folder = settings.state_dir / "generations"
    current = Generations(settings.state_dir).current_number()
    newest = max(int(path.name) for path in folder.iterdir() if path.name.isdigit())
    partial = next(folder.glob("[0-9]*.partial"), None)
    if (settings.state_dir / "current.new").exists():
        return "the pointer is written"
    if newest > current:
        inputs = json.loads((folder / str(newest) / "manifest.json").read_bytes())["inputs"]
        position = Journal.read(settings.journal_dir, settings.base_iri).position
        return "in the journal, before the pointer" if inputs.endswith(position) else "renamed, before the journal"
    if partial is not None:
        if (partial / "manifest.json").exists():
            return "fsync of the generation"
        if (partial / "search").exists():
            return "index and lists"
        if (partial / "lines").exists():
            return "lines and reading back"
        return "judging and changing" if (partial / "store").exists() else "checkpoint"
    if next(folder.glob("*.discarded"), None) is not None:
        return "published, pruning"
    return "a submission is written" if torn else "elsewhere: reading, waiting, answering"


def check(settings, crowd):
    """Look at what a new start finds."""
    for _ in range(60):
        try:
            build(settings, Quiet())
            break
        except StateLockedError:  # a writer that was just being started outlives the kill, as one may
            time.sleep(0.5)
    current = Generations(settings.state_dir, settings.keep_generations).current()
    with OxigraphStore.open_read_only(current.store_path) as store:
        text = (
            "SELECT ?s (COUNT(?o) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } FILTER(STRSTARTS(STR(?s), 'x:u-')) } GROUP BY ?s"
        )
        updates = {row[0].value[2:]: int(row[1].value) for row in store.query(text)}
        text = (
            f"SELECT ?s (COUNT(?o) AS ?n) WHERE {{ ?s ?p ?o FILTER(STRSTARTS(STR(?s), '{ID}person/p-')) }} GROUP BY ?s"
        )
        people = {row[0].value.removeprefix(f"{ID}person/"): int(row[1].value) for row in store.query(text)}
    assert set(updates) >= crowd.updated
    assert set(updates.values()) <= {2}
    assert len(set(people.values())) <= 1  # type, label, and what follows: all or nothing
    assert set(people) >= {name for _, name in crowd.accepted}
    assert {*updates, *people} <= crowd.attempted
    crowd.counts["unanswered"] = len({*updates} - crowd.updated) + len({*people} - {name for _, name in crowd.accepted})
    with OxigraphStore.open_read_only(current.store_path) as store:
        assert dataset_hash(store.quads()) == current.manifest.dataset
    register = Register.of(settings)
    kept = {one.id: one for one in register.all()}
    assert set(kept) >= {id_ for id_, _ in crowd.submitted}
    assert {one.message for one in kept.values() if one.state is State.ACCEPTED} == set(people)
    return current.manifest.dataset


@pytest.mark.slow
def test_kills_at_random_points_lose_nothing_that_was_answered(mine, tmp_path):
    kills = int(os.environ.get("QIT4N_TEST_KILLS", "3"))
    seed = int(os.environ.get("QIT4N_TEST_SEED", "1"))
    kept = Tokens(mine.journal_dir)
    tokens = {"ana": Role.CONTRIBUTOR, "ben": Role.REVIEWER, "root": Role.ADMIN}
    crowd = Crowd(mine, {name: kept.create(name, role) for name, role in tokens.items()}, seed)
    chance = random.Random(seed)
    stages = collections.Counter()
    threads = [threading.Thread(target=crowd.work, args=(number,), daemon=True) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for kill in range(kills):
        port = free_port()
        process = start(mine, port)
        assert process.stdout.readline(), kill
        crowd.url = f"http://127.0.0.1:{port}"
        crowd.is_up.set()
        crowd.let(chance.randrange(3))
        time.sleep(chance.uniform(0.0, 2.0))
        crowd.is_up.clear()
        cut(process)
        stages[stage(mine)] += 1
        if kill % 10 == 9 or kill == kills - 1:
            check(mine, crowd)
            logging.getLogger(__name__).warning(f"{kill + 1} kills, {crowd.told()}; {dict(stages.most_common())}")
    crowd.stop.set()
    for thread in threads:
        thread.join(70)
    dataset = check(mine, crowd)
    entries = len(Journal.read(mine.journal_dir, mine.base_iri).entries)
    anew = replace(mine, state_dir=tmp_path / "anew")
    build(anew, Quiet())
    assert Generations(anew.state_dir).current().manifest.dataset == dataset
    logging.getLogger(__name__).warning(
        f"{crowd.told()}; {crowd.counts['unanswered']} done but not answered; {entries} journal entries; replayed to {dataset[:20]}"
    )


TRACED = """
import sys
from dataclasses import replace
from qit4n_kg.committing.commits import Turn, Writer
from qit4n_kg.committing.orders import Acceptance
from qit4n_kg.config import load_settings
from qit4n_kg.contributions.model import LICENCE, Contribution, Event, Kind, Proposal
from qit4n_kg.contributions.register import Register, now
from qit4n_kg.redacting.carrying import Person, redact_person
from qit4n_kg.store.evaluating import Update
from qit4n_kg.tokens import Role, Tokens
from pyoxigraph import Literal, NamedNode, Triple

class Quiet:
    def started(self, stage, total=None): ...
    def advanced(self, done): ...
    def finished(self, summary): ...

def done(what):
    print(f"DONE {what}", flush=True)

settings = load_settings()
PERSON = NamedNode("https://w3id.org/qit4n/id/person/traced")
LABEL = NamedNode("http://www.w3.org/2000/01/rdf-schema#label")
done("nothing")
Tokens(settings.journal_dir).create("ana", Role.CONTRIBUTOR)
done("token")
Tokens(settings.journal_dir).revoke("ana")
done("revocation")
Tokens(settings.journal_dir).secret()
done("secret")
register = Register.of(settings)
typed = Triple(PERSON, NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type"), NamedNode("https://w3id.org/stdorg/ns#Person"))
proposal = Proposal(adds=(typed, Triple(PERSON, LABEL, Literal("Traced Person"))))
register.submit(Contribution("0123456789abcdef", "ana", now(), "x", (), LICENCE, 1, proposal))
done("submission")
register.add_event("0123456789abcdef", Event(Kind.COMMENTED, "ben", now(), "y"))
done("comment")
writer = Writer(settings)
def make(*orders):
    for one in writer.make([Turn(order, "ben") for order in orders]):
        if isinstance(one, Exception):
            raise one
make(Acceptance("0123456789abcdef"))
done("acceptance")
make(Update("INSERT DATA { GRAPH <x:g> { <x:s> <x:p> 1 } }"), Update("INSERT DATA { GRAPH <x:g> { <x:s> <x:p> 2 } }"))
done("updates")
make(Update("DELETE WHERE { GRAPH <x:g> { ?s ?p 1 } }"))
done("evaluated update")
redact_person(settings, Person(PERSON.value), "carl", "asked", Quiet())
done("redaction")
"""
STEPS = (
    "token",
    "revocation",
    "secret",
    "submission",
    "comment",
    "acceptance",
    "updates",
    "evaluated update",
    "redaction",
)
CALLS = "write,pwrite64,writev,pwritev,ftruncate,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir"


@pytest.fixture(scope="module")
def traced(built_state, made_once):
    """Return the state's and the journal's folder, and the lines of system calls, by what was done when they were made."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    folder = made_once("traced", lambda folder: trace(built_state, folder))
    steps, lines = {}, []
    for line in (folder / "log").read_text(errors="replace").splitlines():
        if found := re.search(r'write\(1<.*"DONE ([a-z ]+)', line):
            steps[found[1]], lines = lines, []
        else:
            lines.append(line)
    return folder, steps


def trace(built_state, folder):
    shutil.copytree(built_state.state_dir, folder / "state")
    settings = replace(built_state, state_dir=folder / "state", journal_dir=folder / "own" / "journal")
    ended = subprocess.run(
        [
            *("strace", "-f", "--seccomp-bpf", "-y", "-s", "60", "-o", str(folder / "log"), "-e", f"trace={CALLS}"),
            *(sys.executable, "-P", "-c", TRACED),
        ],
        env={**os.environ, **to_environ(settings)},
        check=False,
        capture_output=True,
        text=True,
        timeout=800,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]


def unsynced(lines, kept, published):
    """Return what a power cut could undo after these calls, in `kept`; and names that were given in `published` too early.

    A file is unsynced from a write to its fsync, a name from its making to the fsync of its folder.
    """
    files, names, early = set(), set(), []
    for line in lines:
        call = re.match(r"\d+ +(\w+)\((.*)", line)
        if call is None:
            continue
        name, rest = call.groups()
        at = re.match(r"\d+<([^>]*)>", rest)
        paths = re.findall(r'"(/[^"]*)"', rest)
        if name in ("write", "pwrite64", "writev", "pwritev", "ftruncate") and at:
            files.add(at[1])
        elif name in ("fsync", "fdatasync") and at:
            files.discard(at[1])
            names -= {path for path in names if str(Path(path).parent) == at[1]}
        elif name.startswith(("rename", "link")) and len(paths) == 2:
            source, target = paths
            moved = {path for path in files if path == source or path.startswith(f"{source}/")}
            if (
                source.startswith((published, kept)) and "/store/" not in source
            ):  # the engine knows what it does in there
                early += moved
            if name.startswith("rename"):
                files = (files - moved) | {target + path.removeprefix(source) for path in moved}
            names.add(target)
            if name.startswith("rename"):
                names.discard(source)
        elif name == "mkdir" and paths:
            names.add(paths[0])
        elif name.startswith("unlink") and paths:
            files.discard(paths[-1])
            names.discard(paths[-1])
    return [path for path in (*files, *names) if path.startswith(kept)], early


WHOLE = [
    '7 write(3</j/t.new>, "x", 1) = 1',
    "7 fsync(3</j/t.new>) = 0",
    '7 rename("/j/t.new", "/j/t") = 0',
    "7 fsync(4</j>) = 0",
]


@pytest.mark.parametrize(
    ("missing", "left", "early"), [(None, [], []), (1, ["/j/t"], ["/j/t.new"]), (3, ["/j/t"], []), (2, [], [])]
)
def test_a_sync_that_is_missing_is_noticed(missing, left, early):
    assert unsynced([line for number, line in enumerate(WHOLE) if number != missing], "/j", "/s") == (left, early)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("step", STEPS)
def test_what_is_answered_is_on_the_disk_and_nothing_gets_its_name_before_its_content_is(traced, step):
    folder, steps = traced
    left, early = unsynced(steps[step], str(folder / "own"), str(folder / "state"))
    assert left == []
    assert early == []
    assert any(str(folder / "own") in line for line in steps[step]), "it wrote nothing"


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("step", ["acceptance", "updates", "evaluated update"])
def test_the_journal_is_on_the_disk_before_the_pointer_moves_and_both_before_the_answer(traced, step):
    """fsync(generation) < rename(n.partial) < fsync(journal) < rename(current.new → current) < fsync(state folder) < the answer."""
    lines = traced[1][step]

    def places(pattern):
        return [number for number, line in enumerate(lines) if re.search(pattern, line)]

    entries = places(r"fsync\(\d+<[^>]*journal\.jsonl>")
    assert len(entries) >= (2 if step == "updates" else 1)  # each entry by itself
    order = [
        places(r"fsync\(\d+<[^>]*\.partial/lines/index\.json>")[0],
        places(r"fsync\(\d+<[^>]*\.partial/store>")[-1],
        places(r"fsync\(\d+<[^>]*\.partial>")[0],
        places(r'rename[^(]*\(.*/\d+\.partial", ')[0],
        places(r"fsync\(\d+<[^>]*/generations>")[0],
        entries[0],
        entries[-1],
        places(r"fsync\(\d+<[^>]*current\.new>")[0],
        places(r"rename[^(]*\(.*current\.new.*current")[0],
        places(r"fsync\(\d+<[^>]*/state>\)")[-1],
    ]
    assert order == sorted(order)


def test_a_contribution_is_on_the_disk_before_it_is_answered(mine, tmp_path):
    folder = Path(mine.journal_dir) / "contributions"
    assert not folder.exists()
    register = Register(mine.journal_dir, mine.base_iri)
    synced = []
    original = os.fsync
    os.fsync = lambda descriptor: (
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink())),
        original(descriptor),
    )[1]
    try:
        from qit4n_kg.contributions.model import LICENCE, Contribution, Proposal

        register.submit(
            Contribution("0123456789abcdef", "ana", "2026-01-01T00:00:00+00:00", "x", (), LICENCE, 1, Proposal())
        )
    finally:
        os.fsync = original
    assert ".0123456789abcdef.jsonl." in synced[-2]
    assert synced[-1] == str(folder)
