"""A writer that dies at every single step of a batch of writes: each is there whole or not at all, and the next start goes on.

Steps are the calls that change what a crash leaves behind: fsync, rename, link, truncate, writes of files of ours, removal. Random
kills of a running server are in `tests/contributions/test_crashes.py`; here no step can be missed.
"""

import os
import subprocess
import sys
import textwrap

import pytest
from tests.unit.test_committing import scratch, settings  # noqa: F401  (fixtures)

from qit4n_kg.config import to_environ

DYING = textwrap.dedent(
    """
    import collections, hashlib, os, pathlib, shutil, sys
    from dataclasses import replace
    import qit4n_kg.validation.whole  # here, so that no child spends its time on importing rdflib
    from qit4n_kg.building import build
    from qit4n_kg.committing.commits import Turn, Writer
    from qit4n_kg.committing.orders import PreparedChange
    from qit4n_kg.config import load_settings
    from qit4n_kg.store.canonical import dataset_hash
    from qit4n_kg.store.evaluating import Update
    from qit4n_kg.store.generations import Generations
    from qit4n_kg.store.journal import Journal, dataset_of
    from qit4n_kg.store.oxigraph import OxigraphStore

    class Quiet:
        def started(self, stage, total=None): ...
        def advanced(self, done): ...
        def finished(self, summary): ...

    clean = load_settings()
    work = pathlib.Path(sys.argv[1])
    settings = replace(clean, state_dir=work / "state", journal_dir=work / "journal")
    NAMES = ("one", "two", "three")

    def orders():
        for name in NAMES[:2]:
            yield PreparedChange("".join(f'<x:{name}> <x:{n}> "1" <x:g> .\\n' for n in range(3)), "", "contribution", name)
        yield Update("INSERT DATA { GRAPH <x:g> { <x:three> <x:0> '1' ; <x:1> '1' ; <x:2> '1' } }")

    def commit():
        made = Writer(settings).make([Turn(order, "someone") for order in orders()])
        assert len({one.generation for one in made}) == 1, made  # they shared a generation

    def dying(name, function, countdown):
        def call(*arguments, **named):
            is_engine = isinstance(arguments[0], int) and "/store/" in os.readlink(f"/proc/self/fd/{arguments[0]}")
            countdown[0] -= not is_engine  # one of the engine's many files is like the other
            if countdown[0] == 0:
                place = os.readlink(f"/proc/self/fd/{arguments[0]}") if isinstance(arguments[0], int) else arguments[0]
                os.write(3, f"{name} {os.path.relpath(place, work)}\\n".encode())
                os._exit(3)
            return function(*arguments, **named)
        return call

    def commit_and_die(step):
        countdown = [step]
        for name in ("fsync", "ftruncate", "link"):
            setattr(os, name, dying(name, getattr(os, name), countdown))
        shutil.rmtree = dying("rmtree", shutil.rmtree, countdown)
        for name in ("mkdir", "rename", "replace", "write_text", "write_bytes", "unlink"):
            setattr(pathlib.Path, name, dying(name, getattr(pathlib.Path, name), countdown))
        commit()

    def run(task):
        child = os.fork()
        if child == 0:
            try:
                task()
            except BaseException as error:
                import traceback
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def check():
        build(settings, Quiet())
        current = Generations(settings.state_dir).current()
        with OxigraphStore.open_read_only(current.store_path) as store:
            quads = list(store.quads())
        assert dataset_hash(quads) == current.manifest.dataset
        found = collections.Counter(quad.subject.value for quad in quads if str(quad.graph_name) == "<x:g>")
        assert set(found.values()) <= {3}, found
        entries = Journal.read(settings.journal_dir, dataset_of(settings)).entries
        journalled = {quad.subject.value for entry in entries for quad in entry.change.adds}
        assert set(found) == journalled, (found, journalled)
        assert current.manifest.dataset == built_from([entry.change for entry in entries])
        (work / "entries").write_text(str(len(entries)))

    def built_from(changes):
        # what a build from files and journal makes, built once for each journal that a death leaves
        known = work.parent / f"anew-{hashlib.sha256(repr(changes).encode()).hexdigest()}"
        if not known.exists():
            anew = replace(settings, state_dir=work / "anew")
            build(anew, Quiet())
            known.write_text(Generations(anew.state_dir).current().manifest.dataset)
        return known.read_text()

    seen = collections.Counter()
    step, outcome = 0, 3
    while outcome == 3:
        step += 1
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        shutil.copytree(clean.state_dir, settings.state_dir)
        outcome = run(lambda: commit_and_die(step))
        assert outcome in (0, 3), (step, outcome)
        assert run(check) == 0, step
        seen[(work / "entries").read_text()] += 1
    print(step, dict(seen))
    """
)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", ["settings", "scratch"])
def test_death_at_every_step_of_a_batch_leaves_each_write_whole_or_undone(request, tmp_path, kind):
    own = request.getfixturevalue(kind)
    trail = tmp_path / "trail"
    command = f'exec "$0" -c "$1" "$2" 3>>{trail}'
    done = subprocess.run(
        ["/bin/sh", "-c", command, sys.executable, DYING, str(tmp_path / "work")],
        env={**os.environ, **to_environ(own)},
        capture_output=True,
        text=True,
        timeout=580,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    steps = trail.read_text().splitlines()
    for place in ("store", "lines/", "manifest.json", "journal.jsonl", "current.new", "state"):
        assert any(place in step for step in steps), (place, steps)
    entries = done.stdout.partition("{")[2]
    assert all(f"'{count}'" in entries for count in range(4)), done.stdout  # none, one, two and all three were accepted


SENDER = textwrap.dedent(
    """
    import os, pathlib, sys
    from qit4n_kg.contributions.model import LICENCE, Contribution, Event, Kind, Proposal, State
    from qit4n_kg.contributions.register import Register, now

    folder = pathlib.Path(sys.argv[1])

    def dying(function, countdown):
        def call(*arguments, **named):
            countdown[0] -= 1
            if countdown[0] == 0:
                os._exit(3)
            return function(*arguments, **named)
        return call

    def run(task, step=0):
        child = os.fork()
        if child == 0:
            countdown = [step]
            for name in ("fsync", "ftruncate", "pwrite", "link", "open"):
                setattr(os, name, dying(getattr(os, name), countdown))
            for name in ("mkdir", "unlink"):
                setattr(pathlib.Path, name, dying(getattr(pathlib.Path, name), countdown))
            task()
            os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def submit(register, id_):
        register.submit(Contribution(id_, "ana", now(), "x", (), LICENCE, 1, Proposal()))

    def comment(register, id_):
        register.add_event(id_, Event(Kind.COMMENTED, "ben", now(), "y"))

    outcomes = set()
    for kind, task in (("submission", submit), ("comment", comment)):
        step, code = 0, 3
        while code == 3:
            step += 1
            id_ = f"{step:016x}" if kind == "submission" else "f" * 16
            register = Register(folder / kind, "tests")
            if kind == "comment" and step == 1:
                submit(register, id_)
            before = {one.id: len(one.events) for one in register.all()}
            code = run(lambda: task(register, id_), step)
            assert code in (0, 3), code
            after = {one.id: len(one.events) for one in Register(folder / kind, "tests").all()}
            expected = {**before, id_: before.get(id_, 1) + 1}  # submitted and pending, or one event more
            assert after in (before, expected), (kind, step, before, after)
            assert code == 3 or after == expected
            outcomes.add((kind, after == expected))
            task(Register(folder / kind, "tests"), id_ if kind == "comment" else f"{step:015x}e")  # and the next one works
    assert len(outcomes) == 4, outcomes
    print("steps", step)
    """
)


def test_death_at_every_step_of_a_submission_or_an_event_leaves_it_whole_or_undone(tmp_path):
    done = subprocess.run(
        [sys.executable, "-P", "-c", SENDER, str(tmp_path)], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
