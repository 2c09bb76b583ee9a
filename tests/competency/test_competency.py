"""Guards the public catalogue: each query answers its question as the source does.

Each query of `queries/catalogue` has a file of its name in `expected/`, written from the source before the query ran: the question,
and for one or more cases the arguments, the rows and the passages that prove them. In a row "" stands for an unbound variable and
IRIs are written with prefixes; `match = "includes"` allows further rows; columns under `filled` hold our own words, which only must
not be empty.
"""

from __future__ import annotations

import csv
import io
import os
import re
import tomllib
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pyoxigraph import Literal, NamedNode

from qit4n_kg.formats import ResultFormat
from qit4n_kg.namespaces import DEFAULT_BASE_IRI, XSD, compact
from qit4n_kg.queries import TOPICS, bind, read_catalogue, shown_text
from qit4n_kg.store.memory import RdflibStore
from qit4n_kg.store.oxigraph import OxigraphStore

if TYPE_CHECKING:
    from qit4n_kg.queries import CatalogueQuery
    from qit4n_kg.store.base import Store, Term

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = read_catalogue(ROOT / "queries" / "catalogue")
THINGS = f"{DEFAULT_BASE_IRI}id/"
NUMBERS = {NamedNode(XSD + name) for name in ("integer", "decimal")}
PUBLIC_COLUMNS = {
    "deliverables": "code titleAnnex titleTable5 group kind progress due",
    "discrepancies": "about property chosen other chosenSource otherSource reason",
    "editors": "code person role affiliation country",
    "event-plans": "meeting place notBefore notAfter host status coLocated",
    "final-meeting": "start end mode",
    "joint-meetings": "date body",
    "leadership": "person role body affiliation country attested",
    "liaison-statement-senders": "body",
    "liaisons": "body officer",
    "liaisons-without-officer": "body",
    "lifetime": "event notBefore notAfter by reference",
    "meetings": "number start end mode place host inputDocuments liaisonStatements outputDocuments report participants "
    "remoteParticipants",
    "open-questions": "about question",
    "people": "person affiliations countries roles",
    "presentations": "meeting body",
    "recipients": "code recipient position scope",
    "sessions": "meeting start end",
    "totals": "measure value mayBeAdded why",
    "webinars": "date title coOrganizers viewers countries report status",
    "work-items": "code part title",
}
"""Others read these by name: a change of them breaks their programs."""

Cell = str | Decimal | bool


@dataclass(frozen=True)
class Case:
    """One expected answer of a query."""

    query: str
    number: int
    columns: list[str]
    rows: list[list[Cell]]
    quotes: list[str]
    parameters: dict[str, str] = field(default_factory=dict)
    is_exact: bool = True
    filled: list[str] = field(default_factory=list)


def read_cases(path: Path) -> list[Case]:
    expected = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    return [
        Case(
            query=path.stem,
            number=number,
            columns=case["columns"],
            rows=[[Decimal(cell) if type(cell) is int else cell for cell in row] for row in case["rows"]],
            quotes=[quote for proof in case["proof"] for quote in proof["quotes"]],
            parameters=case.get("parameters", {}),
            is_exact=case.get("match", "exact") == "exact",
            filled=case.get("filled", []),
        )
        for number, case in enumerate(expected["case"], start=1)
    ]


EXPECTED = {path.stem: path for path in sorted((ROOT / "tests" / "competency" / "expected").glob("*.toml"))}
CASES = [case for path in EXPECTED.values() for case in read_cases(path)]
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.query}-{case.number}")
each_query = pytest.mark.parametrize("query", list(CATALOGUE), ids=lambda query: query.id)


def cell(term: Term | None) -> Cell:
    if term is None:
        return ""
    if isinstance(term, NamedNode):
        local = term.value.removeprefix(THINGS)
        return f"id:{local}" if local != term.value else compact(term.value)
    assert isinstance(term, Literal)
    assert term.value, "An empty literal looks like an unbound variable."
    if term.datatype in NUMBERS:
        return Decimal(term.value)
    return term.value == "true" if term.datatype == NamedNode(XSD + "boolean") else term.value


def ask(store: Store, case: Case) -> list[dict[str, Cell]]:
    query = CATALOGUE.get(case.query)
    solutions: Any = store.query(query.text, bindings=bind(query, case.parameters))
    return [dict(zip(solutions.variables, map(cell, row), strict=True)) for row in solutions]


def difference(case: Case, rows: list[list[Cell]]) -> str:
    """Say which rows are missing and which are too many, or that only the order differs; "" when the answer is as expected."""
    missing = [row for row in case.rows if row not in rows]
    further = [row for row in rows if row not in case.rows] if case.is_exact else []
    lines = [f"  - expected, not answered: {_text(row)}" for row in missing]
    lines += [f"  + answered, not expected: {_text(row)}" for row in further]
    if not lines and case.is_exact and rows != case.rows:
        lines = [
            "  the rows are right, but not their order or number. Answered:",
            *(f"    {_text(row)}" for row in rows),
        ]
    if not lines:
        return ""
    heading = f"{case.query}{case.parameters or ''} ({', '.join(case.columns)}):"
    return "\n".join([heading, *lines, "  Go back to the source before you change either."])


def _text(row: list[Cell]) -> str:
    return " | ".join(str(value) for value in row)


@each_case
def test_query_answers_as_the_source_does(graph_store: OxigraphStore, case: Case) -> None:
    rows = ask(graph_store, case)
    report = difference(case, [[row[column] for column in case.columns] for row in rows])
    if report:
        pytest.fail(report, pytrace=False)
    for column in case.filled:
        assert all(row[column] for row in rows), f"{column} is empty in a row"


@pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")  # within rdflib
@each_case
def test_rdflib_answers_the_same(rdflib_store: RdflibStore, graph_store: OxigraphStore, case: Case) -> None:
    ours, theirs = ask(graph_store, case), ask(rdflib_store, case)
    assert [list(row.items()) for row in theirs] == [list(row.items()) for row in ours]


@each_case
def test_text_to_read_and_edit_answers_the_same(graph_store: OxigraphStore, case: Case) -> None:
    query = CATALOGUE.get(case.query)
    bindings = bind(query, case.parameters)
    bound: Any = graph_store.query(query.text, bindings=bindings)
    shown: Any = graph_store.query(shown_text(query, bindings))
    assert list(shown) == list(bound)


@each_query
def test_rows_do_not_depend_on_the_order_of_loading(
    shuffled_store: OxigraphStore, graph_store: OxigraphStore, query: CatalogueQuery
) -> None:
    bindings = bind(query, {})
    shuffled: Any = shuffled_store.query(query.text, bindings=bindings)
    straight: Any = graph_store.query(query.text, bindings=bindings)
    assert list(shuffled) == list(straight)


@each_query
def test_every_query_has_an_expected_answer(query: CatalogueQuery) -> None:
    assert query.id in EXPECTED, f"A competency question has an expected answer: write expected/{query.id}.toml."


def test_every_expected_answer_has_its_query() -> None:
    assert sorted(EXPECTED) == sorted(query.id for query in CATALOGUE)


@each_query
def test_heading_is_complete(query: CatalogueQuery) -> None:
    assert query.question.endswith("?")
    assert query.topic in (*TOPICS, "finding")
    expected = tomllib.loads(EXPECTED[query.id].read_text(encoding="utf-8"))
    assert expected["question"] == query.question
    for parameter in query.parameters:
        assert parameter.description, f"The parameter {parameter.name} needs a description."
        assert parameter.default is not None, (
            f"The parameter {parameter.name} needs a default, so that the query runs as it is."
        )


@each_query
def test_every_column_is_expected_somewhere(graph_store: OxigraphStore, query: CatalogueQuery) -> None:
    cases = [case for case in CASES if case.query == query.id]
    solutions: Any = graph_store.query(query.text, bindings=bind(query, {}))
    covered = {column for case in cases for column in (*case.columns, *case.filled)}
    parameters = {parameter.name for parameter in query.parameters}
    uncovered = set(solutions.variables) - covered - parameters
    assert not uncovered or not any(case.is_exact for case in cases), (
        f"No expected answer has the columns {sorted(uncovered)}."
    )


@pytest.mark.parametrize("query_id", list(PUBLIC_COLUMNS))
def test_public_columns_stay(graph_store: OxigraphStore, query_id: str) -> None:
    query = CATALOGUE.get(query_id)
    solutions: Any = graph_store.query(query.text, bindings=bind(query, {}))
    assert " ".join(solutions.variables) == PUBLIC_COLUMNS[query_id]


def test_a_wrong_answer_is_shown_row_by_row() -> None:
    case = Case("lifetime", 1, ["event", "by"], [["Establishment", "TSAG"], ["Extension", "TSAG"]], [])
    assert difference(case, [["Establishment", "TSAG"], ["Extension", "TSAG"]]) == ""
    assert "not their order" in difference(case, [["Extension", "TSAG"], ["Establishment", "TSAG"]])
    assert difference(case, [["Establishment", "TSAG"], ["Extension", "ITU-T"]]).splitlines()[1:3] == [
        "  - expected, not answered: Extension | TSAG",
        "  + answered, not expected: Extension | ITU-T",
    ]


@each_case
def test_quoted_passages_stand_in_the_source(source: str, case: Case) -> None:
    assert case.quotes, "An expected answer names the passages that prove it."
    for quote in case.quotes:
        assert " ".join(quote.split()) in source


@pytest.mark.parametrize(
    "name",
    [
        'Huawei"',
        "'; DROP ALL; '",
        '" . ?s ?p ?o . #',
        '")) } UNION { ?thing ?p ?label } #',
        "\\",
        "$1 .* [",
        "?label",
        "\n}",
        "\N{SNOWMAN}\N{GRINNING FACE}",
    ],
)
def test_hostile_text_is_an_argument_and_no_query(graph_store: OxigraphStore, name: str) -> None:
    assert ask(graph_store, Case("find-by-name", 0, [], [], [], {"name": name})) == []


def test_hostile_iri_is_an_argument_and_no_query(graph_store: OxigraphStore) -> None:
    hostile = NamedNode("https://example.org/a%3E%20%7D%20UNION")
    query = CATALOGUE.get("person-involvement")
    solutions: Any = graph_store.query(query.text, bindings={"person": hostile})
    assert list(solutions) == []


def test_output_documents_add_up_to_the_number_of_each_report(graph_store: OxigraphStore) -> None:
    rows = ask(graph_store, Case("meeting-documents", 0, [], [], []))
    assert len(rows) == 9
    assert [f"O-{row['outputsSoFar']:03}" for row in rows] == [row["report"] for row in rows]


def test_guide_shows_what_its_queries_answer(graph_store: OxigraphStore) -> None:
    guide = (ROOT / "docs" / "queries.md").read_text(encoding="utf-8")
    prefixes = re.search(r"```sparql-prefixes\n(.*?)```", guide, re.DOTALL)
    snippets = re.findall(r"```sparql\n(.*?)```\s+```csv\n(.*?)```", guide, re.DOTALL)
    assert prefixes is not None
    assert len(snippets) == guide.count("```sparql\n")
    for text, answer in snippets:
        output = io.BytesIO()
        graph_store.query(prefixes[1] + text).write(output, ResultFormat.CSV)  # type: ignore[arg-type]
        assert list(csv.reader(io.StringIO(output.getvalue().decode()))) == list(csv.reader(io.StringIO(answer))), text


@pytest.fixture(scope="module")
def rdflib_store(graph_store: OxigraphStore) -> RdflibStore:
    """The same dataset in rdflib, the reference engine."""
    store = RdflibStore()
    store.load(graph_store.quads())
    return store


@pytest.fixture(scope="module")
def shuffled_store(graph_store: OxigraphStore) -> OxigraphStore:
    """The same dataset, loaded the other way round."""
    store = OxigraphStore.in_memory()
    store.load(sorted(graph_store.quads(), key=str, reverse=True))
    return store


@pytest.fixture(scope="module")
def source() -> str:
    """The report's text with single spaces and without bookmarks, where it is at hand."""
    folder = Path(os.environ.get("QIT4N_SHARED", ROOT.parent / "shared")) / "source"
    files = sorted(folder.glob("*.txt"))
    if not files:
        pytest.skip("The source document is not part of the repository and is not at hand (QIT4N_SHARED).")
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    return " ".join(re.sub(r"\[bookmark: [^\]]*\]", "", text).split())
