"""Guards that shapes and checks notice a wrong statement: every asserted quad of the shipped data is broken in every way.

What stays uncovered is listed in `mutations.toml` with its reason; anything else that becomes uncovered fails. A sample runs
always; `QIT4N_MUTATIONS=all` runs all of them and prints the report.
"""

from __future__ import annotations

import os
import random
import sys
import tomllib
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from pyoxigraph import Literal
from rdflib import SH

from knowledge.judging import Judge, tally, write_report
from knowledge.mutation import Kind, Mutation, Mutator, World

LIST = Path(__file__).with_name("mutations.toml")
IS_WHOLE = os.environ.get("QIT4N_MUTATIONS") == "all"
ADVICE = "Nothing notices these changes: write a shape or a check, or list them in mutations.toml with the reason."
SAMPLE_OF_EACH = 1
"""How many mutations of each predicate and kind the sample takes."""


@pytest.fixture(scope="module")
def world() -> World:
    return World.shipped()


@pytest.fixture(scope="module")
def mutations(world) -> list[Mutation]:
    return list(Mutator(world))


@pytest.fixture(scope="module")
def judge(world) -> Judge:
    return Judge(world)


def listed() -> Counter[tuple[str, str]]:
    entries = tomllib.loads(LIST.read_text("utf-8"))["uncovered"]
    return Counter((predicate, entry["kind"]) for entry in entries for predicate in entry["predicates"])


def sample(mutations: list[Mutation], seed: int, each: int) -> list[Mutation]:
    groups: dict[tuple[str, Kind], list[Mutation]] = defaultdict(list)
    for mutation in mutations:
        groups[mutation.predicate, mutation.kind].append(mutation)
    chance = random.Random(seed)
    return [m for group in groups.values() for m in chance.sample(group, min(each, len(group)))]


def test_every_quad_is_removed_and_changed(world, mutations):
    """A literal gets another value and another datatype; a thing becomes text, and where there are others, another thing."""
    kinds = defaultdict(set)
    for mutation in mutations:
        kinds[mutation.old].add(mutation.kind)
        assert mutation.new is None or mutation.new.triple != mutation.old.triple
    assert set(kinds) == set(world.data)
    for quad, made in kinds.items():
        wanted = (
            {Kind.REMOVE, Kind.VALUE, Kind.DATATYPE}
            if isinstance(quad.object, Literal)
            else {Kind.REMOVE, Kind.LITERAL}
        )
        assert wanted <= made, quad


def test_no_kind_is_listed_twice_or_without_a_reason():
    assert set(listed().values()) == {1}
    assert all(len(entry["reason"]) > 20 for entry in tomllib.loads(LIST.read_text("utf-8"))["uncovered"])


def test_no_path_of_the_shapes_is_longer_than_the_judge_looks(world):
    """The judge looks one step around a change; a longer path needs a wider look."""
    graph = world.shapes.merged
    for path in graph.objects(None, SH.path):
        if (path, None, None) in graph:
            steps = list(graph.items(path))
            assert len(steps) in (0, 2), path
            further = {SH["class"], SH.node, SH["or"], SH["not"], SH.property}
            prop = graph.value(None, SH.path, path)
            looking = [prop, *graph.objects(prop, SH.qualifiedValueShape)]
            assert not steps or not further & {term for shape in looking for term in graph.predicates(shape)}


def test_a_sample_is_caught_or_listed(judge, mutations):
    if IS_WHOLE:
        pytest.skip("all mutations are made")
    counts = tally(judge, sample(mutations, 20211102, SAMPLE_OF_EACH))
    uncovered = {(predicate, kind) for predicate, kind, verdict in counts if verdict == "uncovered"}
    assert sorted(uncovered - set(listed())) == [], ADVICE


@pytest.mark.skipif(not IS_WHOLE, reason="QIT4N_MUTATIONS=all makes all mutations, which takes five minutes")
@pytest.mark.timeout(1800)
def test_all_are_caught_or_listed(judge, mutations):
    counts = tally(judge, mutations)
    sys.stderr.write(write_report(counts))
    uncovered = {(predicate, kind) for predicate, kind, verdict in counts if verdict == "uncovered"}
    assert sorted(uncovered - set(listed())) == [], ADVICE
    assert sorted(set(listed()) - uncovered) == [], "These are covered now: take them off the list."


@pytest.mark.parametrize("part", range(20 if IS_WHOLE else 2))
def test_the_quick_way_finds_what_full_validation_finds(judge, mutations, world, part):
    for mutation in random.Random(part).sample([m for m in mutations if not judge.is_about_force(m)], 3):
        report = judge.validate(world.changed(mutation))
        full = {(r.severity.value, r.shape.rpartition("#")[2], str(r.focus)) for r in report.results}
        quick = {(s, shape.rpartition("#")[2], f"<{focus}>") for s, shape, focus in judge.findings(mutation)}
        assert {finding for finding in quick if finding in full or not is_doubled(finding, full)} == full, mutation


def is_doubled(finding: tuple[str, str, str], full: set[tuple[str, str, str]]) -> bool:
    """Tell whether it is a passage's result that the build leaves out because the merged data have the same."""
    _, shape, focus = finding
    return shape.startswith("value-") and any(other[2] == focus for other in full)


@pytest.mark.parametrize("part", range(20 if IS_WHOLE else 1))
def test_the_checks_asked_quickly_find_what_all_checks_find(judge, mutations, world, part):
    for mutation in random.Random(part).sample([m for m in mutations if not judge.is_about_force(m)], 6):
        store = world.store(world.changed(mutation))
        full = {name for name in judge.checks if next(iter(store.query(world.checks[name])), None)}
        assert judge.broken_checks(mutation) == full, mutation
