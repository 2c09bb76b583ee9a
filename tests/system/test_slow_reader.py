"""A slow reader gets its result whole and steadily, and takes nothing from others; small, as the full one takes minutes."""

from __future__ import annotations

import pytest

from system.server import serving
from system.slow_reader import RATE, measure


@pytest.mark.slow
def test_a_slow_reader_gets_all_of_a_large_result_and_others_get_no_error(built_state):
    said: list[str] = []
    with serving(built_state.state_dir, "--no-build") as url:
        report = measure(url, rows=100_000, seconds=10, quiet_seconds=1, others=4, say=said.append)
    slow = report["slow"]
    assert (slow["status"], slow["is_whole_after_the_rest"], slow["is_the_same"]) == (200, True, True)
    assert slow["bytes_per_10_s"] == [10 * RATE]
    assert report["bytes"] > 50 * slow["bytes"]
    for name in ("others in quiet", "others beside the slow reader"):
        assert set(report[name]["statuses"]) == {"200"}
        assert report[name]["failures"] == []
    assert any("bytes of" in line for line in said)
