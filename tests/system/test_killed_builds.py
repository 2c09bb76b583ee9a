"""A build that is killed at any moment harms nobody: the server goes on, and the next build succeeds (design: generations)."""

import random
import shutil
import subprocess
import threading
import time

import pytest

from qit4n_kg.config import default_sources
from system.server import COMMAND, environment, get, run, serving

KILLS = 10


@pytest.fixture
def sources(tmp_path):
    root = tmp_path / "sources"
    for folder in ("ontology", "data", "shapes", "queries"):
        shutil.copytree(default_sources() / folder, root / folder)
    return root


def change(sources, number):
    """Make the next build a real one: a comment changes the inputs."""
    with (sources / "data" / "reference" / "countries.ttl").open("a", encoding="utf-8") as file:
        file.write(f"# change {number}\n")


class Client(threading.Thread):
    """Asks without pause, counts answers and keeps what failed."""

    def __init__(self, address):
        super().__init__()
        self.address = address
        self.answers = 0
        self.failures = []
        self.is_done = threading.Event()

    def run(self):
        paths = ("/queries/leadership.csv", "/data/fg-qit4n/deliverable/d2.3.1.ttl", "/readyz")
        while not self.is_done.is_set():
            for path in paths:
                try:
                    if not get(self.address + path):
                        self.failures.append((path, "empty"))
                    self.answers += 1
                except OSError as exc:
                    self.failures.append((path, repr(exc)))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_server_answers_through_ten_killed_builds_and_the_next_build_succeeds(sources, tmp_path):
    state = tmp_path / "state"
    built = run("build", "--sources", str(sources), state=state)
    assert built.returncode == 0, built.stderr
    started = time.monotonic()
    change(sources, 0)
    assert run("build", "--sources", str(sources), state=state).returncode == 0
    whole_build = time.monotonic() - started

    rng = random.Random(20211001)
    with serving(state, "--no-build", "--sources", str(sources)) as address:
        client = Client(address)
        client.start()
        try:
            for number in range(1, KILLS + 1):
                change(sources, number)
                process = subprocess.Popen(
                    [*COMMAND, "build", "--quiet", "--sources", str(sources)],
                    env=environment(state),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
                time.sleep(rng.uniform(0.1, 1.0) * whole_build)
                process.kill()
                process.wait()
            after = run("build", "--sources", str(sources), state=state)
            assert after.returncode == 0, after.stderr
            number = int((state / "current").read_text())
            time.sleep(0.3)
            assert f'"generation":{number}' in get(f"{address}/readyz").decode().replace(" ", "")
        finally:
            client.is_done.set()
            client.join()
    assert client.failures == []
    assert client.answers > KILLS
    leftovers = [path.name for path in (state / "generations").iterdir() if "partial" in path.name]
    assert leftovers == []
