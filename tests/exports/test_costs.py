"""Guards the measurement of what exports cost: a line for each, with time, memory and size."""

from __future__ import annotations

import pytest

from exports.conftest import REGISTRY
from exports.worlds import of_text
from qit4n_kg.bench import exports
from qit4n_kg.errors import NotFoundError
from qit4n_kg.exports.registry import Registry


def test_a_table_has_a_line_an_export(own_state, monkeypatch):
    two = Registry(REGISTRY.descriptions, tuple(e for e in REGISTRY if e.name in ("relaton.xml", "{table}.jsonl")))
    monkeypatch.setattr(exports, "read_registry", lambda folder: two)
    said: list[str] = []
    table = exports.measure_exports(own_state, said.append)
    assert said == ["relaton.xml", "meetings.jsonl"]
    lines = [line.split("|") for line in table.splitlines() if line.startswith("| `")]
    assert [line[1].strip() for line in lines] == ["`relaton.xml`", "`meetings.jsonl`"]
    assert all(float(line[2]) > 0 and float(line[4]) > 10 for line in lines)
    assert float(lines[0][5]) > 10


def test_some_exports_alone_can_be_measured_and_no_others(own_state):
    said: list[str] = []
    exports.measure_exports(own_state, said.append, ["csvw/meetings.csv"])
    assert said == ["csvw/meetings.csv"]
    with pytest.raises(NotFoundError):
        exports.measure_exports(own_state, said.append, ["relaton.pdf"])


def test_where_the_example_is_unknown_it_is_what_most_is_proposed_to(own_state):
    export = REGISTRY.find("handover/itu-t-sg13.json").export
    assert exports._name(own_state, export, of_text("text")) == "handover/sg1.json"
