"""The log of slow queries tells enough to find a query again, holds no literals, and stays bounded."""

from __future__ import annotations

import json

from qit4n_kg.store.slow_queries import SlowQueries, without_literals


def test_a_slow_query_is_a_line_of_json(tmp_path):
    log = SlowQueries(tmp_path / "slow.log", 1.0)
    log.note("an-id", 'SELECT * { ?s ?p "secret" }', 1.2345, "answered")
    log.note("another", "ASK {}", 0.99, "answered")
    (line,) = (tmp_path / "slow.log").read_text().splitlines()
    record = json.loads(line)
    assert record.pop("at")
    assert record == {"id": "an-id", "seconds": 1.234, "outcome": "answered", "query": 'SELECT * { ?s ?p "…" }'}


def test_the_log_is_bounded_and_its_newest_lines_stay(tmp_path):
    log = SlowQueries(tmp_path / "slow.log", 0.0001, most_bytes=2000)
    for number in range(200):
        log.note(f"number-{number}", "ASK {}", 1.0, "answered")
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["slow.log", "slow.log.1"]
    assert all(file.stat().st_size <= 2000 for file in files)
    assert "number-199" in (tmp_path / "slow.log").read_text()


def test_a_log_that_can_not_be_written_stops_no_query(tmp_path, caplog):
    SlowQueries(tmp_path / "missing" / "slow.log", 0.5).note("an-id", "ASK {}", 1.0, "answered")
    assert "can't be written" in caplog.text


def test_a_string_that_is_not_closed_stays_out_too():
    assert "secret" not in without_literals("ASK { ?s ?p '''secret secret", 100)
    assert "secret" not in without_literals(f"ASK {{ ?s ?p {'x ' * 60} 'secret", 100)
    assert len(without_literals("?s " * 10_000, 100)) == 100
