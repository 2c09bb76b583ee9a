"""schema.org in JSON-LD: one flat `@graph`, written node by node; every node's `@id` is its IRI.

An event's status is said only where a plan has one; nothing is said to be published unless a date of issue is stated.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, BinaryIO

from qit4n_kg.exports.deliverables import clean, read_items

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qit4n_kg.exports.deliverables import Item
    from qit4n_kg.exports.facts import Facts
    from qit4n_kg.exports.making import Material

_EVENTS = (
    "stdorg:Meeting",
    "stdorg:Session",
    "stdorg:Webinar",
    "stdorg:Workshop",
    "stdorg:JointMeeting",
    "stdorg:EventPlan",
)
_STATUSES = {
    "abandoned": "EventCancelled",
    "not-conducted": "EventCancelled",
    "moved-online": "EventMovedOnline",
    "postponed": "EventPostponed",
    "scheduled": "EventScheduled",
}
_MODES = {
    "e-meeting": "OnlineEventAttendanceMode",
    "physical": "OfflineEventAttendanceMode",
    "hybrid": "MixedEventAttendanceMode",
}


def write_schema_org(material: Material, output: BinaryIO) -> None:
    """Write the graph."""
    output.write(b'{\n "@context": "https://schema.org",\n "@graph": [')
    for number, node in enumerate(_nodes(material.facts)):
        text = json.dumps(_tidy(node), ensure_ascii=False, indent=1).replace("\n", "\n  ")
        output.write(f"{',' if number else ''}\n  {text}".encode())
    output.write(b"\n ]\n}\n")


def _nodes(facts: Facts) -> Iterator[dict[str, Any]]:
    affiliations = _affiliations(facts)
    for iri in sorted({*facts.members("stdorg:Body"), *facts.members("stdorg:Organization")}):
        yield _thing(facts, iri, "Organization") | {
            "parentOrganization": _references(facts.iris(iri, "stdorg:subBodyOf"))
        }
    for iri in facts.members("stdorg:Person"):
        yield _thing(facts, iri, "Person") | {"affiliation": _references(sorted(affiliations.get(iri, ())))}
    parents = {s: m for m in facts.members("stdorg:Meeting") for s in facts.iris(m, "stdorg:hasSession")}
    for iri in sorted({iri for kind in _EVENTS for iri in facts.members(kind)}):
        yield _event(facts, iri, parents.get(iri))
    editors = _editors(facts)
    for item in read_items(facts):
        yield _report(facts, item, editors.get(item.iri, []))


def _thing(facts: Facts, iri: str, kind: str) -> dict[str, Any]:
    return {
        "@id": iri,
        "@type": kind,
        "name": facts.label(iri),
        "alternateName": facts.texts(iri, "skos:altLabel"),
        "sameAs": facts.iris(iri, "skos:exactMatch"),
    }


def _event(facts: Facts, iri: str, parent: str | None) -> dict[str, Any]:
    place, country = facts.text(iri, "stdorg:place"), facts.iri(iri, "stdorg:placeCountry")
    organizers = [
        o for name in ("schema:organizer", "stdorg:meetingOf", "stdorg:planOf") for o in facts.iris(iri, name)
    ]
    address = {"@type": "PostalAddress", "addressCountry": _code(facts, country)} if country else None
    location = (
        {"@type": "Place", "name": place or facts.label(country), "address": address} if place or country else None
    )
    title = facts.text(iri, "dcterms:title")
    return {
        "@id": iri,
        "@type": "Event",
        "name": facts.label(iri) or title,
        "alternateName": [title] if title and facts.label(iri) not in (None, title) else [],
        "startDate": facts.text(iri, "schema:startDate"),
        "endDate": facts.text(iri, "schema:endDate"),
        "eventStatus": _term(facts, facts.iris(iri, "stdorg:planStatus"), _STATUSES),
        "eventAttendanceMode": _term(facts, facts.iris(iri, "stdorg:mode"), _MODES),
        "location": location,
        "organizer": _references(sorted(set(organizers))),
        "superEvent": _references([parent] if parent else []),
    }


def _report(facts: Facts, item: Item, editors: list[str]) -> dict[str, Any]:
    return {
        "@id": item.iri,
        "@type": "Report",
        "name": item.name,
        "alternateName": list(item.other_titles),
        "reportNumber": item.code,
        "creativeWorkStatus": item.status,
        "datePublished": item.issued,
        "description": item.description,
        "keywords": list(item.subjects),
        "producer": _references(facts.iris(item.iri, "stdorg:producedBy")),
        "isPartOf": _references(facts.iris(item.iri, "dcterms:isPartOf")),
        "editor": _references(editors),
    }


def _editors(facts: Facts) -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    for held in facts.members("stdorg:RoleHeld"):
        role, agent = facts.iri(held, "stdorg:role"), facts.iri(held, "stdorg:agent")
        if role is not None and agent is not None and facts.is_a(role, "stdorg:EditorRole"):
            for deliverable in facts.iris(held, "stdorg:in"):
                found.setdefault(deliverable, set()).add(agent)
    return {iri: sorted(agents) for iri, agents in found.items()}


def _affiliations(facts: Facts) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for held in facts.members("stdorg:RoleHeld"):
        if (agent := facts.iri(held, "stdorg:agent")) is not None:
            found.setdefault(agent, set()).update(facts.iris(held, "stdorg:affiliation"))
    return found


def _references(iris: list[str]) -> list[dict[str, str]]:
    return [{"@id": iri} for iri in iris]


def _code(facts: Facts, iri: str | None) -> str | None:
    return None if iri is None else facts.text(iri, "skos:notation") or facts.label(iri)


def _term(facts: Facts, concepts: list[str], known: dict[str, str]) -> str | None:
    """Return schema.org's term of a value, None where it has none."""
    for concept in concepts:
        term = known.get(facts.text(concept, "skos:notation") or "")
        if term is not None:
            return f"https://schema.org/{term}"
    return None


def _tidy(value: Any) -> Any:
    """Leave out what is absent, and write a list of one as that one."""
    if isinstance(value, dict):
        return {name: _tidy(inner) for name, inner in value.items() if inner not in (None, [], "")}
    if isinstance(value, list):
        return _tidy(value[0]) if len(value) == 1 else [_tidy(inner) for inner in value]
    return clean(value) if isinstance(value, str) else value


WRITERS = {"schema-org.jsonld": write_schema_org}
