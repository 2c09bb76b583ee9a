"""Guards the way back to the source: every statement of a table has exactly one cell, every inferred one a rule.

The cell is found with the headings that `stdorg:TableField` gives; a heading that is missing, or given twice for the same records,
shows here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pyoxigraph import Literal, NamedNode

from qit4n_kg.namespaces import DEFAULT_BASE_IRI, STDORG
from qit4n_kg.queries import read_catalogue

if TYPE_CHECKING:
    from qit4n_kg.store.base import Term
    from qit4n_kg.store.oxigraph import OxigraphStore

CATALOGUE = read_catalogue(Path(__file__).resolve().parents[2] / "queries" / "catalogue")
REPORT = f"{DEFAULT_BASE_IRI}graph/progress-report-2021-10/"
STATEMENTS = """
SELECT ?subject ?property ?value ?label
WHERE {
  GRAPH ?passage { ?subject ?property ?value . ?passage <http://www.w3.org/2000/01/rdf-schema#label> ?label }
  FILTER (?subject != ?passage && ?property != <http://www.w3.org/1999/02/22-rdf-syntax-ns#type>)
}"""
OF_A_WHOLE_ROW = {f"{STDORG}planOf"}
"""Said by the heads of several columns together."""


def where_stated(store: OxigraphStore, subject: Term, predicate: Term) -> list[dict[str, Any]]:
    solutions: Any = store.query(
        CATALOGUE.get("where-stated").text, bindings={"subject": subject, "property": predicate}
    )
    return [dict(zip(solutions.variables, row, strict=True)) for row in solutions]


@pytest.mark.parametrize(
    "passage",
    [
        "table-1/meeting-1",
        "table-2/meeting-3-conducted",
        "table-2/meeting-5-planned",
        "table-3/webinar-2021-04-08",
        "table-4/ietf-irtf",
        "table-5/d1.2",
        "annex-a/d1.3",
        "annex-a/wg1",
    ],
)
def test_every_statement_of_a_record_has_one_cell(graph_store: OxigraphStore, passage: str) -> None:
    statements: Any = graph_store.query(STATEMENTS, bindings={"passage": NamedNode(REPORT + passage)})
    found = list(statements)
    assert found
    for subject, predicate, value, label in found:
        answers = where_stated(graph_store, subject, predicate)
        cells = [row for row in answers if row["value"] == value and row["passage"] == label]
        assert cells, f"{predicate} has no place"
        assert len(cells) == 1 or predicate.value in OF_A_WHOLE_ROW, f"{predicate} stands in {len(cells)} cells"
        assert all(cell["section"] and cell["table"] and (cell["row"] or cell["column"]) for cell in cells)


def test_what_fills_a_field_has_both_a_row_and_a_column(graph_store: OxigraphStore) -> None:
    meeting = NamedNode(f"{DEFAULT_BASE_IRI}id/fg-qit4n/meeting/9")
    for name in ("inputDocuments", "outputDocuments", "participants", "report", "incomingLiaisonStatements"):
        (cell,) = where_stated(graph_store, meeting, NamedNode(STDORG + name))
        assert (cell["table"], cell["column"]) == (Literal("Table 1"), Literal("E-meeting, 9 - 20 Aug 2021"))
        assert cell["row"]


def test_an_inferred_statement_has_a_rule_and_stands_nowhere(graph_store: OxigraphStore) -> None:
    inferred: Any = graph_store.query(
        """
        PREFIX stdorg: <https://w3id.org/stdorg/ns#>
        SELECT ?subject ?property ?value
        WHERE {
          ?graph a stdorg:EntailedGraph ; stdorg:rule "chairs" .
          GRAPH ?graph { ?subject ?property ?value }
        }
        ORDER BY ?subject"""
    )
    found = list(inferred)
    assert found
    for subject, predicate, value in found:
        solutions: Any = graph_store.query(
            CATALOGUE.get("why-inferred").text, bindings={"subject": subject, "property": predicate}
        )
        rows = [dict(zip(solutions.variables, row, strict=True)) for row in solutions]
        assert any(row["value"] == value and row["rule"] == Literal("chairs") and row["document"] for row in rows)
        (place,) = [row for row in where_stated(graph_store, subject, predicate) if row["value"] == value]
        assert (place["origin"], place["rule"], place["table"]) == (Literal("inferred"), Literal("chairs"), None)


def test_each_rule_s_inferences_have_premises_in_force_that_are_none_of_themselves(graph_store: OxigraphStore) -> None:
    inferred: Any = graph_store.query(
        """
        PREFIX stdorg: <https://w3id.org/stdorg/ns#>
        SELECT ?rule ?subject ?property ?value
        WHERE { ?graph a stdorg:EntailedGraph ; stdorg:rule ?rule GRAPH ?graph { ?subject ?property ?value } }
        ORDER BY ?rule ?subject ?property ?value"""
    )
    of_each = {(rule.value, predicate): (subject, value) for rule, subject, predicate, value in inferred}
    assert len(of_each) > 100
    for (rule, predicate), (subject, value) in of_each.items():
        answer: Any = graph_store.query(
            CATALOGUE.get("why-inferred").text, bindings={"subject": subject, "property": predicate}
        )
        rows = [dict(zip(answer.variables, row, strict=True)) for row in answer]
        premises = [
            (row["premiseSubject"], row["premiseProperty"], row["premiseValue"])
            for row in rows
            if row["value"] == value and row["rule"] == Literal(rule)
        ]
        assert premises, rule
        assert (subject, predicate, value) not in premises
