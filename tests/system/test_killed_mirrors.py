"""A mirror that is killed ten times while its source changes is in sync at the end, by hash (docs/feed.md)."""

import hashlib
import random
import re
import shutil
import subprocess
import threading
import time
import urllib.request

import pytest

from qit4n_kg.tokens import Role, Tokens
from system.server import COMMAND, environment, get, run, serving

KILLS = 10
GRAPH = "https://w3id.org/qit4n/graph/mirrored"


class Changes(threading.Thread):
    """Writes to the source without pause: things that come, change and go."""

    def __init__(self, address, token):
        super().__init__()
        self.address = address
        self.token = token
        self.count = 0
        self.failures = []
        self.is_done = threading.Event()

    def run(self):
        rng = random.Random(13)
        while not self.is_done.is_set():
            self.count += 1
            lines = [
                f'<https://example.org/thing/{rng.randrange(60)}> <https://example.org/says> "{rng.random()} \\u202e <&>" .\n'
                for _ in range(rng.randrange(40))
            ]
            name = f"{GRAPH}/{self.count % 3}"
            request = urllib.request.Request(
                f"{self.address}/graphs?graph={name}", "".join(lines).encode(), method="PUT"
            )
            request.add_header("Content-Type", "application/n-triples")
            request.add_header("Authorization", f"Bearer {self.token}")
            try:
                with urllib.request.urlopen(request, timeout=60):
                    pass
            except OSError as exc:
                self.failures.append(repr(exc))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_mirror_killed_ten_times_while_the_source_changes_is_in_sync_at_the_end(built_state, tmp_path):
    state, copy = tmp_path / "state", tmp_path / "copy"
    shutil.copytree(built_state.state_dir, state)
    journal = {"QIT4N_JOURNAL_DIR": str(tmp_path / "journal")}
    token = Tokens(tmp_path / "journal").create("writer", Role.ADMIN)
    rng = random.Random(20211001)
    started_over = 0
    with serving(state, "--no-build", variables=journal) as address:
        changes = Changes(address, token)
        changes.start()
        try:
            for _ in range(KILLS):
                follower = subprocess.Popen(
                    [*COMMAND, "mirror", address, str(copy), "--follow", "--interval", "0.1"],
                    env=environment(state),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                )
                before, deadline = changes.count, time.monotonic() + 60
                time.sleep(rng.uniform(0.3, 3.0))
                while (
                    changes.count == before and time.monotonic() < deadline
                ):  # a slow machine: the source has to change
                    time.sleep(0.05)
                assert follower.poll() is None, follower.stderr.read()
                follower.kill()
                _, said = follower.communicate()
                started_over += said.count(b"from the beginning")
        finally:
            changes.is_done.set()
            changes.join()
        last = run("mirror", address, str(copy), "--once", state=state)
        verified = run("mirror", address, str(copy), "--verify", state=state)
        source = hashlib.sha256(get(f"{address}/exports/dump.nq")).hexdigest()
    found = re.search(r"in sync with generation (\d+): sha256 ([0-9a-f]{64})", last.stdout)
    assert found, last.stderr
    assert found[2] == source
    assert "verified: the copy is generation" in verified.stdout
    dump = run("export", "dump.nq", "--state-dir", str(copy), "-o", str(tmp_path / "dump.nq"), state=state)
    assert dump.returncode == 0, dump.stderr
    assert hashlib.sha256((tmp_path / "dump.nq").read_bytes()).hexdigest() == source
    assert int(found[1]) >= KILLS, "the source hardly changed"
    assert changes.failures == []
    assert started_over == 0
    assert not (copy / "pages").exists()
