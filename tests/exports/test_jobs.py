"""How the process of an export ends, and what is told of it."""

import signal
import sys

import pytest

from qit4n_kg.errors import QueryCancelledError, QueryMemoryError
from qit4n_kg.exports.jobs import run_job


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (signal.SIGTERM, QueryCancelledError),
        (signal.SIGINT, QueryCancelledError),
        (signal.SIGKILL, QueryMemoryError),
    ],
)
def test_an_export_whose_process_is_told_to_end_was_interrupted_and_no_fault(monkeypatch, tmp_path, number, error):
    # Who runs the tests in the background may have told all processes to pass SIGINT over.
    heeding = f"signal.signal({int(number)}, signal.SIG_DFL)\n" if number != signal.SIGKILL else ""
    (tmp_path / "ends.py").write_text(f"import os, signal\n{heeding}os.kill(os.getpid(), {int(number)})\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(error):
        run_job("ends", {"memory": 1 << 20}, 10)


def test_a_process_of_an_export_leaves_it_to_its_parent_when_it_ends(monkeypatch, tmp_path):
    (tmp_path / "stays.py").write_text(
        "import os, signal\nfrom qit4n_kg.exports.jobs import serve\n"
        "serve(lambda job: [os.kill(os.getpid(), number) for number in (signal.SIGTERM, signal.SIGINT)])\n"
    )
    monkeypatch.setenv("PYTHONPATH", ":".join([str(tmp_path), *sys.path]))
    run_job("stays", {"memory": 1 << 30}, 10)
