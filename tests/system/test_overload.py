"""Queries that never end or eat memory are stopped, and nobody else gets an error; small, as the full one takes minutes."""

from __future__ import annotations

import pytest

from system.overload import ENDLESS, GREEDY, measure, unique
from system.server import serving


@pytest.mark.slow
@pytest.mark.parametrize("attack", [ENDLESS, GREEDY], ids=["endless", "greedy"])
def test_others_get_no_error_while_four_clients_attack(built_state, attack):
    limits = {"QIT4N_QUERY_TIMEOUT": "4", "QIT4N_QUERY_MEMORY": "64 MiB", "QIT4N_QUEUE": "32"}
    with serving(built_state.state_dir, variables=limits) as url:
        report = measure(url, unique(attack), rounds=1, seconds=2, others=4)
    for name in ("quiet", "attacked"):
        assert set(report[name]["statuses"]) == {"200"}
        assert report[name]["failures"] == []
    assert set(report["attackers"]["statuses"]) <= {"503 query-timeout", "507 query-memory"}
    assert report["attackers"]["requests"] >= 4
