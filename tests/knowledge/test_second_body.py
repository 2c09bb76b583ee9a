"""Guards that the registry is for any standards body: two more load beside the first, and nothing that holds for the first changes.

`tests/fixtures/second_body/` is laid out as `data/` and merged with it: a fictional focus group with a WG1, a meeting 2, a D1.1 and
an O-006 of its own, and a fictional body like the IETF, whose area has a working group (a WG1 as well) with co-chairs, drafts as
deliverables, sessions at a plenary meeting and liaison statements. They are built with the ontology, the shapes and the queries as
shipped; of the value lists they only add concepts.
"""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pyoxigraph import DefaultGraph, NamedNode

from qit4n_kg.building import build
from qit4n_kg.checking import asserted_quads, find_problems, read_hygiene_rules
from qit4n_kg.config import load_settings
from qit4n_kg.consistency import check_consistency
from qit4n_kg.namespaces import DEFAULT_BASE_IRI, OWL, RDF, STDORG, prefixes
from qit4n_kg.queries import bind, read_catalogue
from qit4n_kg.store.generations import Generations
from qit4n_kg.store.oxigraph import OxigraphStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qit4n_kg.building import BuildResult
    from qit4n_kg.queries import CatalogueQuery

ROOT = Path(__file__).resolve().parents[2]
FIXTURE = ROOT / "tests/fixtures/second_body"
CATALOGUE = read_catalogue(ROOT / "queries/catalogue")
OF_A_GROUP = [query for query in CATALOGUE if any(parameter.name == "forGroup" for parameter in query.parameters)]
OF_THE_REGISTRY = [query for query in CATALOGUE if query not in OF_A_GROUP]
TYPE = NamedNode(f"{RDF}type")
OVERRULED = "status-report-2031-04/table-1/meeting-2-participants"
SECOND, THIRD = "id:fg-exq", "id:netf/queues"
COUNTS_OVER_EVERYTHING = frozenset({"documents-by-class", "graphs"})
"""Queries of the registry with a figure over all bodies in their rows."""

# What the contract queries answer for the new bodies: query, group, some of the cells of one row each.
ANSWERS = [
    (
        "meetings",
        SECOND,
        [("1", "2030-07-01", "2030-07-03", "O-006", "20", "5"), ("2", "2031-02-03", "2031-02-12", "31")],
    ),
    ("meetings", THIRD, [("2", "2031-01-15")]),
    ("meetings", "id:netf", [("42", "2031-03-10", "Testtown", "1200")]),
    ("sessions", SECOND, [("2", "2031-02-03", "2031-02-04"), ("2", "2031-02-12")]),
    ("sessions", "id:netf", [("42", "2031-03-11")]),
    ("event-plans", SECOND, [("Exampleville", "2031-01-01", "2031-01-31", "Example Optics")]),
    ("final-meeting", SECOND, [("2031-11-03", "2031-11-05")]),
    ("webinars", SECOND, [("2031-03-04", "Queues in practice", "ETSI", "99", "12", "I-010")]),
    ("leadership", SECOND, [("Ada Fictive", "FG EXQ"), ("Ben Fictive", "FG EXQ"), ("Ben Fictive", "FG EXQ WG1")]),
    ("leadership", THIRD, [("Di Fictive", "NETF QUEUES"), ("Ed Fictive", "NETF QUEUES")]),
    (
        "leadership",
        "id:netf",
        [("Ada Fictive", "Area director", "NETF Routing area"), ("Di Fictive",), ("Ed Fictive",)],
    ),
    ("people", SECOND, [("Ada Fictive",), ("Ben Fictive",), ("Cy Fictive",)]),
    ("deliverables", SECOND, [("D1.1", "Names of queues", "FG EXQ WG1", "30", "2031-12")]),
    ("deliverables", THIRD, [("draft-netf-queue-names-03", "NETF QUEUES", "Internet-draft")]),
    ("editors", SECOND, [("D1.1", "Cy Fictive", "Example Optics")]),
    ("editors", THIRD, [("draft-netf-queue-names-03", "Ed Fictive")]),
    ("recipients", SECOND, [("D1.1", "ITU-T SG13", "1")]),
    ("liaisons", SECOND, [("ITU-T SG13", "Cy Fictive"), ("NETF QUEUES",)]),
    ("liaisons", THIRD, [("FG EXQ",)]),
    ("liaisons-without-officer", SECOND, [("NETF QUEUES",)]),
    ("liaison-statement-senders", SECOND, [("ITU-T SG13",), ("NETF QUEUES",)]),
    ("presentations", SECOND, [("2", "ITU-T SG13")]),
    ("joint-meetings", SECOND, [("2030-07-02", "NETF QUEUES")]),
    ("lifetime", SECOND, [("2030-05-01", "2030-05-31", "TSAG-X1")]),
    ("work-items", SECOND, [("QUEUE-MODEL", "A model of queues")]),
]


class Quiet:
    """A build's progress that nobody watches."""

    def started(self, stage: str, total: int | None = None) -> None: ...

    def advanced(self, done: int) -> None: ...

    def finished(self, summary: str) -> None: ...


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> tuple[BuildResult, Path]:
    """The build of the shipped data and the fixture, and where it came from."""
    folder = tmp_path_factory.mktemp("second-body")
    shutil.copytree(ROOT / "data", folder / "data")
    shutil.copytree(FIXTURE, folder / "data", dirs_exist_ok=True)
    settings = load_settings({}, sources=ROOT, data=folder / "data", state_dir=folder / "state")
    return build(settings, Quiet()), folder


@pytest.fixture(scope="module")
def both(merged) -> Iterator[OxigraphStore]:
    generation = Generations(merged[1] / "state", 1).current()
    store = OxigraphStore.open_read_only(generation.store_path)
    yield store
    store.close()


def rows(store: OxigraphStore, query: CatalogueQuery, **arguments: str) -> list[tuple[str, ...]]:
    answer = store.query(query.text, bindings=bind(query, arguments))
    return [tuple("" if term is None else getattr(term, "value", str(term)) for term in row) for row in answer]


def test_what_is_said_to_count_over_everything_is_a_query_of_the_registry():
    assert {query.id for query in OF_THE_REGISTRY} >= COUNTS_OVER_EVERYTHING


def test_the_fixture_brings_no_graph_that_is_there_already():
    assert not [path for path in FIXTURE.rglob("*.ttl") if (ROOT / "data" / path.relative_to(FIXTURE)).exists()]


def test_the_bodies_together_conform(merged):
    assert merged[0].report.to_text() == "Conforms: nothing to remark."


def test_the_checks_of_hygiene_find_nothing(both):
    problems = [
        problem
        for rule in read_hygiene_rules(ROOT / "queries/checks")
        for problem in find_problems(both, rule, prefixes(DEFAULT_BASE_IRI))
    ]
    assert problems == []


def test_a_reasoner_finds_no_contradiction_in_the_new_bodies(both):
    """With the ontology; that the shipped data have none either is tested elsewhere, and owlrl is slow."""
    own = {
        f"{DEFAULT_BASE_IRI}graph/{path.relative_to(FIXTURE).with_suffix('').as_posix()}"
        for path in FIXTURE.rglob("*.ttl")
    }
    quads = [q for q in asserted_quads(both) if q.graph_name.value in own or "/graph/ontology/" in q.graph_name.value]
    assert {q.graph_name.value for q in quads} > own - {f"{DEFAULT_BASE_IRI}graph/{OVERRULED}"}
    assert check_consistency(quads) == []


@pytest.mark.parametrize("query", OF_A_GROUP, ids=lambda query: query.id)
def test_what_is_asked_of_the_first_body_is_answered_as_before(query, graph_store, both):
    assert rows(both, query) == rows(graph_store, query)


@pytest.mark.parametrize("query", OF_THE_REGISTRY, ids=lambda query: query.id)
def test_what_is_asked_of_the_registry_loses_no_answer(query, graph_store, both):
    """Rows that count over everything may grow; no thing of the first body disappears."""
    before, after = rows(graph_store, query), rows(both, query)
    if query.id in COUNTS_OVER_EVERYTHING:
        assert len(after) >= len(before)
    else:
        assert Counter(before) - Counter(after) == Counter()


@pytest.mark.parametrize(
    ("query", "group", "wanted"), ANSWERS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_the_contract_queries_answer_for_the_new_bodies(query, group, wanted, both):
    found = rows(both, CATALOGUE.get(query), forGroup=group)
    missing = [row for row in wanted if not any(set(row) <= set(answer) for answer in found)]
    assert missing == [], found
    assert len(found) >= len(wanted)


@pytest.mark.parametrize("query", OF_A_GROUP, ids=lambda query: query.id)
def test_no_answer_about_the_second_body_names_the_first(query, both):
    assert not [row for row in rows(both, query, forGroup=SECOND) if any("QIT4N" in cell for cell in row)]


def test_who_is_known_to_have_left_no_longer_chairs(both):
    query = "ASK { ?person <https://w3id.org/stdorg/ns#chairs> ?body }"
    things = {
        "person": NamedNode(f"{DEFAULT_BASE_IRI}id/person/ed-fictive"),
        "body": NamedNode(f"{DEFAULT_BASE_IRI}id/fg-exq"),
    }
    assert not both.query(query, bindings=things)
    assert both.query(query, bindings={**things, "body": NamedNode(f"{DEFAULT_BASE_IRI}id/netf/queues")})


def test_every_term_of_the_ontology_is_used(both):
    """By the shipped data, what follows from them, or these bodies; what the program alone writes is the exception."""
    kinds = {NamedNode(f"{OWL}{name}") for name in ("Class", "ObjectProperty", "DatatypeProperty")}
    typed = [quad for quad in both.quads(predicate=TYPE, graph=DefaultGraph()) if isinstance(quad.object, NamedNode)]
    terms = {quad.subject for quad in typed if quad.object in kinds and quad.subject.value.startswith(STDORG)}
    used = {quad.object for quad in typed} | {quad.predicate for quad in both.quads(graph=DefaultGraph())}
    assert {term.value.removeprefix(STDORG) for term in terms - used} == {"ContributionGraph"}


def test_discrepancies_and_questions_of_all_bodies_are_listed(both):
    assert any(
        "FG EXQ meeting 2" in row and "31" in row and "30" in row for row in rows(both, CATALOGUE.get("discrepancies"))
    )
    assert ("FG EXQ D1.1", "How many queues are there?") in rows(both, CATALOGUE.get("open-questions"))
