"""Guards that the catalogue is whole: every kind of user has questions in it, and every term of the ontology is asked about.

What each query answers is the affair of `test_competency.py`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pyoxigraph
import pytest
from pyoxigraph import NamedNode

from qit4n_kg.namespaces import STDORG
from qit4n_kg.queries import TOPICS, read_catalogue
from qit4n_kg.store.dataset_clause import tokens

if TYPE_CHECKING:
    from qit4n_kg.queries import CatalogueQuery

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = read_catalogue(ROOT / "queries" / "catalogue")
USERS = {
    "analyst": "Analysts ask across everything",
    "reader": "Readers look one thing up",
    "contributor": "Contributors look for what is wrong or missing",
    "registry": "Other registries take over codes, identifiers and dates",
}
ASKED_FOR = {
    "the hand-over for one study group": "hand-over",
    "who bridges a group and what is proposed to it": "bridges",
    "the whole timeline of one liaison": "liaison-timeline",
    "liaisons with no exchange beyond progress reports": "liaisons-only-reports",
    "deliverables beyond the scope of the terms of reference": "beyond-terms-of-reference",
    "what is unfinished at the final meeting and who answers for it": "unfinished-at-final-meeting",
    "open actions: who owes whom what by when": "open-actions",
    "facts that were stale when reported": "stale-when-reported",
    "whom to ask about a topic": "whom-to-ask",
    "one person's whole involvement": "person-involvement",
    "organizations by involvement": "organizations-involved",
    "countries by involvement": "countries-involved",
    "regions by involvement": "regions-involved",
    "totals that must not be added up, and why": "totals",
    "who held which role as of a day": "roles-as-of",
    "where an asserted statement stands": "where-stated",
    "which rule a statement was inferred by": "why-inferred",
}
NOT_ASKED_ABOUT: dict[str, str] = {}
"""Terms that no question needs, each with the reason."""


def user_of(query: CatalogueQuery) -> str:
    match = re.search(r"^# user: (\w+)$", query.text, re.MULTILINE)
    return match[1] if match else ""


def terms_in(query: CatalogueQuery) -> set[str]:
    """Return the names of our terms in a query; what stands in its comments or its strings does not count."""
    names = {token.text.removeprefix("stdorg:") for token in tokens(query.text) if token.text.startswith("stdorg:")}
    return names - {""}  # the prefix itself


def own_terms() -> set[str]:
    """Return the names of all classes and properties of the ontology that are not deprecated."""
    store = pyoxigraph.Store()
    for path in (ROOT / "ontology").glob("*.ttl"):
        store.load(path=str(path), format=pyoxigraph.RdfFormat.TURTLE)
    answer = store.query(
        """
        PREFIX owl: <http://www.w3.org/2002/07/owl#>
        SELECT DISTINCT ?term
        WHERE {
          VALUES ?kind { owl:Class owl:ObjectProperty owl:DatatypeProperty }
          ?term a ?kind .
          FILTER NOT EXISTS { ?term owl:deprecated true }
        }"""
    )
    found = {row["term"].value for row in answer if isinstance(row["term"], NamedNode)}  # type: ignore[union-attr]
    return {iri.removeprefix(STDORG) for iri in found if iri.startswith(STDORG)}


@pytest.mark.parametrize("query", list(CATALOGUE), ids=lambda query: query.id)
def test_every_query_says_for_whom_it_is(query: CatalogueQuery) -> None:
    assert user_of(query) in USERS, f"{query.id}.rq needs a line `# user:` with one of {', '.join(USERS)}."


def test_there_are_sixty_questions_and_more() -> None:
    assert len(CATALOGUE) >= 60
    assert {query.topic for query in CATALOGUE} >= set(TOPICS)


@pytest.mark.parametrize("user", list(USERS))
def test_every_kind_of_user_has_questions(user: str) -> None:
    assert sum(user_of(query) == user for query in CATALOGUE) >= 8


@pytest.mark.parametrize("wanted", list(ASKED_FOR))
def test_what_was_asked_for_is_there(wanted: str) -> None:
    assert ASKED_FOR[wanted] in CATALOGUE.queries


def test_every_term_of_the_ontology_is_asked_about() -> None:
    asked = set().union(*(terms_in(query) for query in CATALOGUE))
    unused = own_terms() - asked - NOT_ASKED_ABOUT.keys()
    assert not unused, f"No query of the catalogue mentions {', '.join(sorted(unused))}."


def test_exceptions_are_terms_that_no_query_mentions() -> None:
    asked = set().union(*(terms_in(query) for query in CATALOGUE))
    assert NOT_ASKED_ABOUT.keys() <= own_terms() - asked


def test_queries_mention_only_terms_of_the_ontology() -> None:
    known = own_terms()
    assert {query.id: terms_in(query) - known for query in CATALOGUE if terms_in(query) - known} == {}


def test_guide_lists_the_catalogue_by_user() -> None:
    guide = (ROOT / "docs" / "queries.md").read_text(encoding="utf-8")
    assert listing() in guide, f"docs/queries.md is not current. It should say:\n\n{listing()}"


def listing() -> str:
    """Write the catalogue as the guide shows it, by user."""
    parts = []
    for user, heading in USERS.items():
        lines = [
            f"- [`{query.id}`](../queries/catalogue/{query.id}.rq): {query.question}"
            for query in CATALOGUE
            if user_of(query) == user
        ]
        parts.append(f"### {heading}\n\n" + "\n".join(lines))
    return "\n\n".join(parts) + "\n"
