"""Measures what the change feed costs, in processor seconds of one run: python tests/feed/costs.py [QUADS of a synthetic world]."""

import resource
import sys
import tempfile
import time
from pathlib import Path

import pyoxigraph

from qit4n_kg import building
from qit4n_kg.building import build
from qit4n_kg.committing.commits import commit
from qit4n_kg.committing.orders import PreparedChange
from qit4n_kg.config import load_settings
from qit4n_kg.feed.ledger import open_ledger
from qit4n_kg.feed.recording import record
from qit4n_kg.store.generations import Generations
from qit4n_kg.synthetic.world import generate

PERSON = "<https://w3id.org/qit4n/id/person/kaoru-kenyoshi>"
LABEL = "<http://www.w3.org/2004/02/skos/core#altLabel>"


class Quiet:
    def started(self, stage, total=None): ...

    def advanced(self, done): ...

    def finished(self, summary): ...


def say(what, seconds):
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    sys.stdout.write(f"{what}: {seconds:.3f} s (peak so far {memory} MiB)\n")
    sys.stdout.flush()


def timed(call, *arguments):
    start = time.process_time()
    result = call(*arguments)
    return result, time.process_time() - start


def shipped(folder):
    """A write of one statement of the shipped data, and the feed's part of it."""
    spent = []

    def recorded(*arguments):
        spent.append(timed(record, *arguments)[1])

    building.record = recorded
    settings = load_settings({}, state_dir=folder / "state", journal_dir=folder / "journal")
    say("build of the shipped data", timed(build, settings, Quiet())[1])
    say("… of it the feed", spent[-1])
    for number in range(3):
        change = PreparedChange(
            f'{PERSON} {LABEL} "{number}"@en <https://w3id.org/qit4n/graph/written/a> .\n', "", "update"
        )
        say("write of one statement", timed(commit, settings, change, "ana")[1])
        say("… of it the feed", spent[-1])


def synthetic(folder, quads):
    """The first ledger of a synthetic world beside publishing it; comparing everything."""
    generations = Generations(folder / "state")
    with generations.writer():
        world = generate(quads, 0, "https://w3id.org/qit4n/")
        published, seconds = timed(lambda: generations.publish(world, inputs="1", software="costs"))
        say(f"publishing {published.manifest.quads:,} quads", seconds)
        say("first ledger", timed(record, folder / "feed", "costs", published)[1])
        with open_ledger(folder / "feed") as ledger:
            say(f"(things: {ledger.tip().number - 1:,}, MiB: {ledger.path.stat().st_size >> 20})", 0)
        store = pyoxigraph.Store.read_only(str(published.store_path))
        changed = generations.publish(list(store)[1:], inputs="2", software="costs")
        say("comparing everything", timed(record, folder / "feed", "costs", changed)[1])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        if sys.argv[1:]:
            synthetic(Path(name), int(sys.argv[1]))
        else:
            shipped(Path(name))
