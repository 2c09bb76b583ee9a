"""Who, when, on what evidence, reviewed by whom: what an accepted contribution's graph says of itself, and any contribution in RDF.

Spec: PROV-O. A contribution's graph is an entity that its acceptance (an activity of the reviewer) generated; it is attributed to
who submitted it. The contribution itself is an entity too, with an activity for each event. Data has no blank nodes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode, Triple

from qit4n_kg.contributions.model import Kind
from qit4n_kg.contributions.standing import CONTRIBUTION_GRAPH, IN_FORCE, LABEL, TYPE
from qit4n_kg.namespaces import DCTERMS, PROV, RDFS, SCHEMA, XSD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qit4n_kg.contributions.model import Contribution, Event
    from qit4n_kg.store.base import Term

TRUE, FALSE = (Literal(text, datatype=NamedNode(XSD + "boolean")) for text in ("true", "false"))
_INSTANT = NamedNode(XSD + "dateTime")
_COMMENT = NamedNode(RDFS + "comment")
_SUBMITTED, _LICENCE = (NamedNode(DCTERMS + name) for name in ("dateSubmitted", "license"))
_CITATION = NamedNode(SCHEMA + "citation")
_STATUS = NamedNode(SCHEMA + "creativeWorkStatus")
_AGENT, _ACTIVITY, _ENTITY = (NamedNode(PROV + name) for name in ("Agent", "Activity", "Entity"))
_ATTRIBUTED, _GENERATED_AT, _GENERATED_BY, _DERIVED, _ASSOCIATED, _ENDED, _USED, _REVISION = (
    NamedNode(PROV + name)
    for name in (
        "wasAttributedTo",
        "generatedAtTime",
        "wasGeneratedBy",
        "wasDerivedFrom",
        "wasAssociatedWith",
        "endedAtTime",
        "used",
        "wasRevisionOf",
    )
)
_TITLES = {
    Kind.SUBMITTED: "Submitted",
    Kind.PENDING: "Found valid, waits for review",
    Kind.ACCEPTED: "Accepted",
    Kind.REJECTED: "Rejected",
    Kind.WITHDRAWN: "Withdrawn",
    Kind.COMMENTED: "Commented",
}
_SHORT = 60


def graph_of(id_: str, base_iri: str) -> NamedNode:
    """Return the name of a contribution's graph.

    >>> graph_of("0f3a", "https://w3id.org/qit4n/").value
    'https://w3id.org/qit4n/graph/contribution/0f3a'
    """
    return NamedNode(f"{base_iri}graph/contribution/{id_}")


def account_of(name: str, base_iri: str) -> NamedNode:
    """Return the name of whoever holds a token: an account, which is not said to be a person of the graph.

    >>> account_of("ana@example.org", "https://w3id.org/qit4n/").value
    'https://w3id.org/qit4n/id/account/ana@example.org'
    """
    return NamedNode(f"{base_iri}id/account/{name}")


def title_of(contribution: Contribution) -> str:
    """Return what a contribution is called: the beginning of its message."""
    first = " ".join(contribution.message.split())
    return first if len(first) <= _SHORT else f"{first[: _SHORT - 1].rstrip()}…"


def describe_graph(contribution: Contribution, acceptance: Event, base_iri: str) -> Iterator[Triple]:
    """Yield what an accepted contribution's graph says of itself."""
    graph = graph_of(contribution.id, base_iri)
    review = NamedNode(f"{graph.value}#acceptance")
    yield Triple(graph, TYPE, CONTRIBUTION_GRAPH)
    yield Triple(graph, IN_FORCE, TRUE)
    yield Triple(graph, LABEL, Literal(f"Contribution: {title_of(contribution)}", language="en"))
    yield Triple(graph, _GENERATED_AT, _instant(acceptance.time))
    yield Triple(graph, _GENERATED_BY, review)
    yield from _common(contribution, graph, base_iri)
    if contribution.proposal.reverts is not None:
        yield Triple(graph, _REVISION, graph_of(contribution.proposal.reverts, base_iri))
    yield Triple(review, TYPE, _ACTIVITY)
    yield Triple(review, LABEL, Literal("Review and acceptance of a contribution", language="en"))
    yield from _of_event(review, acceptance, base_iri)


def describe(contribution: Contribution, base_iri: str) -> Iterator[Triple]:
    """Yield a contribution, its state and its events, whatever became of it."""
    graph = graph_of(contribution.id, base_iri)
    thing = NamedNode(f"{base_iri}id/contribution/{contribution.id}")
    yield Triple(thing, TYPE, _ENTITY)
    yield Triple(thing, LABEL, Literal(f"Contribution: {title_of(contribution)}", language="en"))
    yield Triple(thing, _STATUS, Literal(contribution.state.value, language="en"))
    yield from _common(contribution, thing, base_iri)
    if contribution.proposal.reverts is not None:
        yield Triple(thing, _REVISION, NamedNode(f"{base_iri}id/contribution/{contribution.proposal.reverts}"))
    told = [event for event in contribution.events if event.kind is not Kind.ACCEPTING]
    for number, event in enumerate(told, start=1):
        activity = NamedNode(f"{thing.value}#event-{number}")
        yield Triple(activity, TYPE, _ACTIVITY)
        yield Triple(activity, LABEL, Literal(_TITLES[event.kind], language="en"))
        yield Triple(activity, _USED, thing)
        yield from _of_event(activity, event, base_iri)
        if event.kind is Kind.ACCEPTED:
            yield Triple(graph, _GENERATED_BY, activity)
            yield Triple(graph, _DERIVED, thing)


def _common(contribution: Contribution, subject: NamedNode, base_iri: str) -> Iterator[Triple]:
    account = account_of(contribution.submitter, base_iri)
    yield Triple(subject, _COMMENT, Literal(contribution.message, language="en"))
    yield Triple(subject, _ATTRIBUTED, account)
    yield Triple(subject, _SUBMITTED, _instant(contribution.time))
    yield Triple(subject, _LICENCE, NamedNode(contribution.licence))
    yield from _account(account, contribution.submitter)
    for evidence in contribution.evidence:
        yield Triple(subject, *_evidence(evidence))


def _evidence(text: str) -> tuple[NamedNode, Term]:
    """Return property and value for evidence: a document on the web, or words."""
    if text.startswith(("http://", "https://")) and " " not in text:
        return _DERIVED, NamedNode(text)
    return _CITATION, Literal(text)


def _of_event(activity: NamedNode, event: Event, base_iri: str) -> Iterator[Triple]:
    account = account_of(event.actor, base_iri)
    yield Triple(activity, _ASSOCIATED, account)
    yield Triple(activity, _ENDED, _instant(event.time))
    if event.note:
        yield Triple(activity, _COMMENT, Literal(event.note, language="en"))
    yield from _account(account, event.actor)


def _account(account: NamedNode, name: str) -> Iterator[Triple]:
    yield Triple(account, TYPE, _AGENT)
    yield Triple(account, LABEL, Literal(name))


def _instant(text: str) -> Literal:
    return Literal(text, datatype=_INSTANT)
