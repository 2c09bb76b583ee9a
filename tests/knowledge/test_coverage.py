"""Nothing of the source is missing: each heading, caption, sentence and cell is stated, absent, or left out for a reason.

`coverage.toml` says what becomes of each unit. It is checked from both sides: what it names is in the data, and what the passages
state is named by it.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from knowledge.segments import Table, Unit, cut

FILE = Path(__file__).with_name("coverage.toml")
DATA_GUIDE = Path(__file__).parents[2] / "docs/data.md"
GRAPHS = "https://w3id.org/qit4n/graph/"
ID = "https://w3id.org/qit4n/id/"
OTHER_GRAPHS = ("reference/", "registry/")


@dataclass(frozen=True)
class Claim:
    """What a unit is said to state: a property of a thing, in a named graph."""

    unit: str
    graph: str
    subject: str
    predicate: str


@cache
def coverage() -> dict:
    return tomllib.loads(FILE.read_text("utf-8"))


@cache
def claims() -> tuple[Claim, ...]:
    found = []
    for unit in coverage()["unit"]:
        for line in unit.get("states", ()):
            graph, subject, *predicates = line.split()
            found += [Claim(unit["id"], _full(graph), subject, predicate) for predicate in predicates]
    return tuple(found)


def _full(graph: str) -> str:
    document = coverage()["document"].rpartition("/")[2]
    return graph if graph.startswith(OTHER_GRAPHS) else f"{document}/{graph}"


def _statements(knowledge) -> dict[str, list[tuple[str, str]]]:
    """Return subject and predicate of each statement, by the name of its graph; "." is the graph itself."""
    prefixes = {iri: name for name, iri in PREFIXES.items()}
    found = {}
    for graph, triples in knowledge.triples.items():
        rows = found.setdefault(graph.value.removeprefix(GRAPHS), [])
        for triple in triples:
            space, local = re.fullmatch(r"(.*[/#])([^/#]+)", triple.predicate.value).groups()
            subject = "." if triple.subject == graph else triple.subject.value.removeprefix(ID)
            rows.append((subject, f"{prefixes[space]}:{local}"))
    return found


PREFIXES = {
    "dcterms": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "prov": "http://www.w3.org/ns/prov#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "schema": "https://schema.org/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "stdorg": "https://w3id.org/stdorg/ns#",
}


@pytest.fixture(scope="module")
def units(source_lines) -> list[Unit]:
    tables = {name: Table(tuple(t["header"]), t["columns"]) for name, t in coverage()["tables"].items()}
    return cut(source_lines, coverage()["sections"], tables)


def gaps(statements: dict[str, list[tuple[str, str]]]) -> list[str]:
    """Return what the coverage claims and the graphs do not state, and how the passages differ from what is counted."""
    stated = {(graph, *row) for graph, rows in statements.items() for row in rows}
    found = [str(claim) for claim in claims() if (claim.graph, claim.subject, claim.predicate) not in stated]
    counted = {_full(graph): count for graph, count in coverage()["passages"].items()}
    document = _full("")
    real = {
        graph: sum(subject != "." for subject, _ in rows)
        for graph, rows in statements.items()
        if graph.startswith(document)
    }
    return found + [f"{graph}: {count}" for graph, count in sorted(real.items() ^ counted.items())]


# Against the source


def test_the_units_of_the_source_are_those_of_the_coverage_file(units):
    assert [unit.id for unit in units] == [unit["id"] for unit in coverage()["unit"]]


def test_each_unit_begins_as_the_coverage_file_says(units):
    for unit, entry in zip(units, coverage()["unit"], strict=True):
        assert " ".join(unit.text.split()[:5]) == entry["begins"], unit.id


def test_no_text_of_the_source_is_outside_the_units(units, source_lines):
    letters = Counter(re.sub(r"\W", "", re.sub(r"\[bookmark: [^\]]*\]|^\d\)", "", source_lines, flags=re.MULTILINE)))
    assert Counter(re.sub(r"\W", "", "".join(unit.text for unit in units))) == letters


# Within the file


def test_ids_are_distinct():
    ids = [unit["id"] for unit in coverage()["unit"]]
    assert len(set(ids)) == len(ids)


def test_each_unit_is_stated_or_absent_or_left_out_for_one_of_three_reasons():
    assert len(coverage()["reasons"]) == 3
    for unit in coverage()["unit"]:
        if "left_out" in unit:
            assert unit["left_out"] in coverage()["reasons"], unit["id"]
            assert not unit.keys() & {"states", "absent"}, unit["id"]
            assert ("of" in unit) == (unit["left_out"] == "restatement of a named row"), unit["id"]
        else:
            assert unit.get("states") or unit.get("absent"), unit["id"]


def test_less_than_a_tenth_is_left_out():
    left_out = sum("left_out" in unit for unit in coverage()["unit"])
    assert left_out / len(coverage()["unit"]) < 0.1


def test_the_guide_gives_the_counts_of_the_coverage_file():
    ids = [unit["id"] for unit in coverage()["unit"]]
    cells = sum(bool(re.search(r"/\d+\.\d+$", name)) for name in ids)
    titles = sum(name.endswith(("/heading", "/caption")) for name in ids)
    left_out = sum("left_out" in unit for unit in coverage()["unit"])
    facts = sum(coverage()["passages"].values())
    sentence = (
        f"{len(ids)} units: {titles} headings and captions, {len(ids) - cells - titles} sentences, {cells} cells; "
        f"{left_out} are left out; {facts:,} statements in {len(coverage()['passages'])} passages"
    )
    assert sentence in " ".join(DATA_GUIDE.read_text("utf-8").split())


# Against the data


def test_the_graph_publishes_the_counts_of_the_coverage_file(knowledge):
    """Each part of the source: a section without its tables, or a table."""
    parts: dict[str, Counter[str]] = {}
    for unit in coverage()["unit"]:
        name = unit["id"]
        kind = "heading" if name.endswith(("/heading", "/caption")) else "sentence"
        part = parts.setdefault(name.partition("/")[0], Counter())
        part["cell" if re.search(r"/\d+\.\d+$", name) else kind] += 1
        part["leftOut"] += "left_out" in unit
    rows = knowledge.select(
        """SELECT ?coverage ?headings ?sentences ?cells ?leftOut WHERE { ?coverage stdorg:headingCount ?headings ;
           stdorg:sentenceCount ?sentences ; stdorg:cellCount ?cells ; stdorg:leftOutCount ?leftOut }"""
    )
    published = {str(iri).rpartition("/")[2]: tuple(map(int, counts)) for iri, *counts in rows}
    assert published == {
        name: tuple(part[kind] for kind in ("heading", "sentence", "cell", "leftOut")) for name, part in parts.items()
    }


def test_the_data_state_all_that_the_coverage_claims_and_as_much_as_it_counts(knowledge):
    assert gaps(_statements(knowledge)) == []


def test_what_a_unit_says_is_absent_is_not_in_force(knowledge):
    absent = [line.split() for unit in coverage()["unit"] for line in unit.get("absent", ())]
    assert absent
    for subject, *predicates in absent:
        assert knowledge.ask(f"ASK {{ <{subject}> a ?type }}"), subject
        for predicate in predicates:
            assert not knowledge.ask(f"ASK {{ <{subject}> {predicate} ?value }}"), (subject, predicate)


def test_every_statement_of_a_passage_is_claimed_by_a_unit(knowledge):
    claimed = {(claim.graph, claim.subject, claim.predicate) for claim in claims()}
    unclaimed = [
        (graph, subject, predicate)
        for graph, rows in _statements(knowledge).items()
        if not graph.startswith(OTHER_GRAPHS)
        for subject, predicate in rows
        if subject != "." and predicate != "rdf:type" and (graph, subject, predicate) not in claimed
    ]
    assert unclaimed == []


def test_any_statement_of_a_passage_that_is_removed_is_missed(knowledge):
    statements = _statements(knowledge)
    for graph, rows in statements.items():
        if graph.startswith(OTHER_GRAPHS):
            continue
        for position, (subject, _) in enumerate(rows):
            if subject != ".":
                rest = {graph: rows[:position] + rows[position + 1 :]}
                assert _count(rest[graph]) != coverage()["passages"][graph.partition("/")[2]]
        assert gaps({**statements, graph: rows[:-1]}) != []


def _count(rows: list[tuple[str, str]]) -> int:
    return sum(subject != "." for subject, _ in rows)
