"""A publisher that dies, or a disk that fills, at any moment: the pointer names a whole generation and the next publish works."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from pyoxigraph import Literal, NamedNode, Quad

from qit4n_kg.errors import StateFullError, StateLockedError
from qit4n_kg.store.canonical import dataset_hash
from qit4n_kg.store.generations import Generations
from qit4n_kg.store.oxigraph import OxigraphStore

PUBLISHER = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from pyoxigraph import Literal, NamedNode, Quad
    from qit4n_kg.store.generations import Generations

    subject = NamedNode("http://example.org/s")
    generations = Generations(Path(sys.argv[1]), keep=2)
    version = 0
    while True:
        version += 1
        with generations.writer():
            print("locked", flush=True)
            generations.publish(
                (Quad(subject, subject, Literal(f"{version} {n}")) for n in range(300)), inputs=str(version), software="test"
            )
            print("published", flush=True)
    """
)

# Dies at the n-th call that changes what a crash leaves behind, n = 1, 2, …; forked from a process without a store, so that no
# thread of RocksDB is lost in the fork. Exits with 3 when it died on purpose and 0 when the publish came through.
DYING = textwrap.dedent(
    """
    import os, pathlib, shutil, sys
    from pyoxigraph import Literal, NamedNode, Quad
    from qit4n_kg.store.generations import Generations

    subject = NamedNode("http://example.org/s")
    state = pathlib.Path(sys.argv[1])

    def publish():
        generations = Generations(state, keep=2)
        with generations.writer():
            generations.publish([Quad(subject, subject, Literal(os.getpid()))], inputs="x", software="test")

    def dying(function, countdown):
        def call(*arguments, **named):
            is_store_file = isinstance(arguments[0], int) and "/store/" in os.readlink(f"/proc/self/fd/{arguments[0]}")
            countdown[0] -= not is_store_file  # one of the store's many files is like the other
            if countdown[0] == 0:
                os._exit(3)
            return function(*arguments, **named)
        return call

    def run(work):
        child = os.fork()
        if child == 0:
            try:
                work()
            except BaseException as error:
                print(repr(error), flush=True)
                os._exit(1)
            os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def publish_and_die(step):
        countdown = [step]
        os.fsync = dying(os.fsync, countdown)
        shutil.rmtree = dying(shutil.rmtree, countdown)
        for name in ("mkdir", "rename", "replace", "write_text", "unlink"):
            setattr(pathlib.Path, name, dying(getattr(pathlib.Path, name), countdown))
        publish()

    def check():
        from qit4n_kg.store.canonical import dataset_hash
        from qit4n_kg.store.oxigraph import OxigraphStore
        current = Generations(state).current()
        with OxigraphStore.open_read_only(current.store_path) as store:
            assert dataset_hash(store.quads()) == current.manifest.dataset

    def recover():
        publish()
        check()
        left = sorted(path.name for path in (state / "generations").iterdir())
        assert len(left) <= 2 and all(name.isdigit() for name in left), left
        assert not (state / "current.new").exists()

    assert run(publish) == 0
    step, outcome = 0, 3
    while outcome == 3:
        step += 1
        outcome = run(lambda: publish_and_die(step))
        assert outcome in (0, 3), (step, outcome)
        assert run(check) == 0, step
        assert run(recover) == 0, step
    print("steps", step)
    """
)


def check_whole(generations):
    current = generations.current()
    with OxigraphStore.open_read_only(current.store_path) as store:
        assert dataset_hash(store.quads()) == current.manifest.dataset
        assert len(store) == current.manifest.quads
    return current


def test_death_at_every_step_leaves_a_whole_generation(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", DYING, str(tmp_path / "state")], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[-1]) > 15, "fsync, rename, pointer and pruning were all reached"


@pytest.mark.parametrize("seed", range(4))
def test_kill_9_at_a_random_moment_leaves_a_whole_generation(tmp_path, seed):
    state = tmp_path / "state"
    generations = Generations(state, keep=2)
    with generations.writer():
        generations.publish([], inputs="first", software="test")
    moment = random.Random(seed)
    for _ in range(3):
        publisher = subprocess.Popen([sys.executable, "-c", PUBLISHER, str(state)], stdout=subprocess.PIPE, text=True)
        assert publisher.stdout.readline() == "locked\n"
        time.sleep(moment.uniform(0, 0.15))
        publisher.send_signal(signal.SIGKILL)
        publisher.wait()
        publisher.stdout.close()
        before = check_whole(generations)
        with generations.writer():
            after = generations.publish([], inputs="again", software="test")
        assert after.number > before.number
        assert check_whole(generations) == after
        left = [path.name for path in (state / "generations").iterdir()]
        assert len(left) <= 2
        assert all(name.isdigit() for name in left)


def test_another_process_is_told_that_the_state_is_locked(tmp_path):
    state = tmp_path / "state"
    publisher = subprocess.Popen([sys.executable, "-c", PUBLISHER, str(state)], stdout=subprocess.PIPE, text=True)
    try:
        assert publisher.stdout.readline() == "locked\n"
        publisher.send_signal(signal.SIGSTOP)
        with pytest.raises(StateLockedError, match=f"pid {publisher.pid}"), Generations(state).writer():
            pass
    finally:
        publisher.kill()
        publisher.wait()
        publisher.stdout.close()
    with Generations(state).writer():
        pass


@pytest.fixture
def tiny_disk(tmp_path):
    """A file system of 3 MB, which only root can make."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a tiny file system can't be mounted here; test_generations.py simulates a full disk")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_full_disk_leaves_the_old_generation_and_a_later_publish_works(tiny_disk):
    generations = Generations(tiny_disk / "state")
    iri = NamedNode("http://example.org/s")
    with generations.writer():
        old = generations.publish([Quad(iri, iri, Literal("old"))], inputs="old", software="test")
    used = sum(path.stat().st_size for path in tiny_disk.rglob("*") if path.is_file())
    noise = random.Random(1)
    with pytest.raises(StateFullError, match="no space left"), generations.writer():
        generations.publish(
            (Quad(iri, iri, Literal(noise.randbytes(500).hex())) for _ in range(20_000)), inputs="big", software="test"
        )
    assert check_whole(generations) == old
    assert sum(path.stat().st_size for path in tiny_disk.rglob("*") if path.is_file()) <= used * 1.5
    with generations.writer():
        assert generations.publish([], inputs="small", software="test").number == 2
