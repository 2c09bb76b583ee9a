"""Popolo JSON: people, organizations, memberships and areas, each list written item by item.

What is stated of a role is that it was held at some time, so memberships have no dates; a role on a document is none in an
organization, so it is left out.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, BinaryIO

from qit4n_kg.exports.deliverables import clean
from qit4n_kg.exports.facts import expand
from qit4n_kg.namespaces import STDORG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from qit4n_kg.exports.facts import Facts
    from qit4n_kg.exports.making import Material

_GENERAL = frozenset(map(expand, ("stdorg:Agent", "stdorg:Body", "stdorg:Group")))
"""Classes that say less than another class of the same thing."""


def write_popolo(material: Material, output: BinaryIO) -> None:
    """Write the four lists as one object."""
    facts = material.facts
    bodies = {*facts.members("stdorg:Body"), *facts.members("stdorg:Organization")}
    lists: dict[str, Iterable[dict[str, Any]]] = {
        "persons": (_person(facts, iri) for iri in facts.members("stdorg:Person")),
        "organizations": (_organization(facts, iri) for iri in sorted(bodies)),
        "memberships": _memberships(material, bodies),
        "areas": (_area(facts, iri) for iri in facts.members("stdorg:Country")),
    }
    for number, (name, items) in enumerate(lists.items()):
        output.write(f'{"{" if number == 0 else ","}\n "{name}": ['.encode())
        for position, item in enumerate(items):
            text = json.dumps(item, ensure_ascii=False, indent=1).replace("\n", "\n  ")
            output.write(f"{',' if position else ''}\n  {text}".encode())
        output.write(b"\n ]")
    output.write(b"\n}\n")


def _person(facts: Facts, iri: str) -> dict[str, Any]:
    return _kept(
        {"id": iri, "name": facts.label(iri), "other_names": _other_names(facts, iri), "links": _links(facts, iri)}
    )


def _organization(facts: Facts, iri: str) -> dict[str, Any]:
    parents = facts.iris(iri, "stdorg:subBodyOf")
    return _kept(
        {
            "id": iri,
            "name": facts.label(iri),
            "other_names": _other_names(facts, iri),
            "identifiers": [{"identifier": code, "scheme": "code"} for code in facts.texts(iri, "skos:notation")],
            "classification": _classification(facts, iri),
            "parent_id": parents[0] if len(parents) == 1 else None,
            "area_id": facts.iri(iri, "stdorg:country"),
            "description": facts.text(iri, "stdorg:objective"),
            "links": _links(facts, iri)
            + [{"url": parent, "note": "one of several parents"} for parent in parents if len(parents) > 1],
        }
    )


def _classification(facts: Facts, iri: str) -> str | None:
    """Return the name of the class that says most, in words."""
    classes = [kind for kind in facts.iris(iri, "rdf:type") if kind.startswith(STDORG)]
    best = [kind for kind in classes if kind not in _GENERAL] or classes
    return next((label for kind in best if (label := facts.label(kind)) is not None), None)


def _memberships(material: Material, bodies: set[str]) -> Iterable[dict[str, Any]]:
    facts = material.facts
    employed: dict[tuple[str, str], None] = {}
    for held in facts.members("stdorg:RoleHeld"):
        person = facts.iri(held, "stdorg:agent")
        if person is None:
            material.leave_out(held, "nobody is said to hold it")
            continue
        for employer in facts.iris(held, "stdorg:affiliation"):
            employed.setdefault((person, employer))
        within = [iri for iri in facts.iris(held, "stdorg:in") if iri in bodies]
        if not within:
            material.leave_out(held, "it is held on a document, and Popolo knows memberships in organizations only")
        for number, body in enumerate(within):
            yield _kept(
                {
                    "id": held if number == 0 else f"{held}#{number + 1}",
                    "role": facts.label(facts.iri(held, "stdorg:role")),
                    "person_id": person,
                    "organization_id": body,
                    "on_behalf_of_id": facts.iri(held, "stdorg:represents"),
                }
            )
    for person, employer in sorted(employed):
        name = person.removeprefix(material.id_base)
        yield {"id": f"{employer}#{name}", "label": "Affiliation", "person_id": person, "organization_id": employer}


def _area(facts: Facts, iri: str) -> dict[str, Any]:
    return _kept({"id": iri, "name": facts.label(iri), "identifier": facts.text(iri, "skos:notation")})


def _other_names(facts: Facts, iri: str) -> list[dict[str, str]]:
    titles = [{"name": clean(title), "note": "title"} for title in facts.texts(iri, "dcterms:title")]
    return [*titles, *({"name": clean(name)} for name in facts.texts(iri, "skos:altLabel"))]


def _links(facts: Facts, iri: str) -> list[dict[str, str]]:
    return [{"url": url, "note": "the same thing elsewhere"} for url in facts.iris(iri, "skos:exactMatch")]


def _kept(item: dict[str, Any]) -> dict[str, Any]:
    tidy: Callable[[Any], Any] = lambda value: clean(value) if isinstance(value, str) else value  # noqa: E731
    return {name: tidy(value) for name, value in item.items() if value not in (None, [])}


WRITERS = {"popolo.json": write_popolo}
