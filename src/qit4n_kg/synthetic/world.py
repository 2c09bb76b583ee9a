"""A synthetic standards world of any size, in the same ontology, valid against the same shapes.

Owns the generator behind `qit4n-kg generate`; every benchmark uses it. The world is a row of focus groups, each with a parent
study group, working groups, people, meetings with sessions, deliverables with recipients, liaisons, plans and lifetime. It streams:
one focus group is in memory at a time, and people and organizations of earlier groups are named by their index, never kept. The
same seed gives the same world; a larger world begins with the smaller one's statements.

It must not use FG QIT4N's names: nobody may take generated data for facts. Country codes are ISO 3166-1's user-assigned ones.
"""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode, Quad

from qit4n_kg.namespaces import DCTERMS, DEFAULT_BASE_IRI, RDFS, SCHEMA, SKOS, XSD
from qit4n_kg.synthetic.passages import Passage, Statements, day_of, english, integer, month_of, term

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyoxigraph import Triple

    from qit4n_kg.synthetic.passages import Value

PEOPLE_PER_GROUP = 24
ORGANIZATIONS_PER_GROUP = 6
BODIES_PER_GROUP = 3
MEETINGS_PER_GROUP = 9
WORKING_GROUPS_PER_GROUP = 3
DELIVERABLES_PER_GROUP = 10
_TO_ALL = 0.1

_CODES = tuple(
    f"{a}{b}" for a, letters in (("Q", "MNOPQRSTUVWXYZ"), ("X", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")) for b in letters
)
_SYLLABLES = "ba be bi bo da de di do ka ke ki ko la le li lo ma me mi mo na ne ni no ra re ri ro sa se si so ta te ti to".split()
_TOPICS = "terminology architecture protocols security transport management outlook testing routing timing storage sensing".split()
_PLACES = "Northport Eastvale Westbrook Southmere Highfield Lowmarsh Oldbridge Newhaven".split()


def _name(rng: random.Random) -> str:
    given = "".join(rng.choices(_SYLLABLES, k=2)).capitalize()
    return f"{given} {''.join(rng.choices(_SYLLABLES, k=3)).capitalize()}"


class _Group:
    """Everything about one focus group; `index` counts from 0 and is all that later groups need to refer to it."""

    def __init__(self, base: str, seed: int, index: int) -> None:
        self.base = base
        self.index = index
        self.rng = random.Random(f"{seed}/{index}")  # noqa: S311  a reproducible world, not a secret
        self.proposing = random.Random(f"{seed}/{index}/proposals")  # noqa: S311  of its own: the rest stays as it was
        self.path = f"synthetic-fg-{index}"
        self.first_meeting = date(2000, 1, 10) + timedelta(days=self.rng.randrange(9000))
        self.reported = self.first_meeting + timedelta(days=700)

    def passages(self) -> Iterator[Passage]:
        if self.index == 0:
            yield self._countries()
        yield self._organizations()
        yield self._bodies()
        yield self._people()
        yield self._structure()
        yield self._leadership()
        for number in range(1, MEETINGS_PER_GROUP + 1):
            yield self._meeting(number)
        for number in range(1, DELIVERABLES_PER_GROUP + 1):
            yield self._deliverable(number)
        for number in range(BODIES_PER_GROUP):
            yield self._liaison(number)

    def _passage(self, record: str) -> Passage:
        return Passage(self.base, f"{self.path}/{record}")

    def _evidence(self, section: str, record: str) -> Passage:
        passage = self._passage(f"{section}/{record}")
        passage.describe_passage(passage.iri(f"{self.path}/document/report"), section.replace("-", " "), record)
        return passage

    def _concept(self, path: str) -> NamedNode:
        return NamedNode(f"{self.base}id/concept/{path}")

    def _any_person(self) -> NamedNode:
        """Name a person of this or an earlier group; recent groups share more people."""
        group = self.index if self.rng.random() < 0.8 else self.rng.randrange(self.index + 1)
        return NamedNode(f"{self.base}id/person/synthetic-{group}-{self.rng.randrange(PEOPLE_PER_GROUP)}")

    def _affiliation(self) -> Statements:
        group = self.rng.randrange(self.index + 1)
        number = self.rng.randrange(ORGANIZATIONS_PER_GROUP)
        code = self.rng.choice(_CODES)
        return {
            "affiliation": NamedNode(f"{self.base}id/organization/synthetic-{group}-{number}"),
            "affiliationCountry": NamedNode(f"{self.base}id/country/{code.lower()}"),
            "affiliationAsStated": Literal(f"Synthetic organization {group}-{number}, {code}"),
        }

    def _countries(self) -> Passage:
        passage = Passage(self.base, "countries")
        passage.describe_reference("Synthetic countries")
        for code in _CODES:
            statements: Statements = {
                "a": term("Country"),
                RDFS + "label": english(f"Synthetic country {code}"),
                SKOS + "notation": Literal(code),
            }
            passage.state(passage.iri(f"country/{code.lower()}"), statements)
        return passage

    def _organizations(self) -> Passage:
        passage = self._passage("organizations")
        passage.describe_reference(f"Synthetic organizations {self.index}")
        for number in range(ORGANIZATIONS_PER_GROUP):
            statements: Statements = {
                "a": term("Organization"),
                RDFS + "label": english(f"Synthetic organization {self.index}-{number}"),
                "country": passage.iri(f"country/{self.rng.choice(_CODES).lower()}"),
            }
            passage.state(passage.iri(f"organization/synthetic-{self.index}-{number}"), statements)
        return passage

    def _bodies(self) -> Passage:
        passage = self._passage("bodies")
        passage.describe_reference(f"Synthetic bodies {self.index}")
        parent = passage.iri(f"body/synthetic-sdo-{self.index}")
        statements: Statements = {
            "a": term("StandardsOrganization"),
            RDFS + "label": english(f"Synthetic SDO {self.index}"),
        }
        passage.state(parent, statements)
        for number in range(BODIES_PER_GROUP):
            statements = {
                "a": term("StudyGroup"),
                RDFS + "label": english(f"Synthetic SDO {self.index} SG{number}"),
                "subBodyOf": parent,
            }
            passage.state(self._body(number), statements)
        return passage

    def _body(self, number: int) -> NamedNode:
        return NamedNode(f"{self.base}id/body/synthetic-sdo-{self.index}-sg{number}")

    def _people(self) -> Passage:
        passage = self._passage("people")
        passage.describe_reference(f"Synthetic people {self.index}")
        for number in range(PEOPLE_PER_GROUP):
            statements: Statements = {
                "a": term("Person"),
                RDFS + "label": Literal(_name(self.rng)),
            }
            passage.state(passage.iri(f"person/synthetic-{self.index}-{number}"), statements)
        return passage

    def _structure(self) -> Passage:
        passage = self._evidence("introduction", "structure")
        group = passage.iri(self.path)
        label = f"Synthetic FG {self.index}"
        passage.state(
            group,
            {
                "a": term("FocusGroup"),
                RDFS + "label": english(label),
                "establishedBy": self._body(0),
                "objective": english(f"To study {self.rng.choice(_TOPICS)} and {self.rng.choice(_TOPICS)}."),
            },
        )
        for number in range(WORKING_GROUPS_PER_GROUP):
            statements: Statements = {
                "a": term("WorkingGroup"),
                RDFS + "label": english(f"{label} WG{number}"),
                SKOS + "notation": Literal(f"WG{number}"),
                "workingGroupOf": group,
            }
            passage.state(passage.iri(f"{self.path}/wg{number}"), statements)
        passage.state(
            passage.iri(f"{self.path}/lifetime/establishment"),
            {
                "a": term("LifetimeEvent"),
                RDFS + "label": english(f"Establishment of {label}"),
                "lifetimeOf": group,
                "lifetimeEventType": self._concept("lifetime-event/establishment"),
                "decidedBy": self._body(0),
                "statedDate": month_of(self.first_meeting - timedelta(days=60)),
            },
        )
        passage.state(
            passage.iri(f"{self.path}/document/report"),
            {
                "a": term("ProgressReport"),
                RDFS + "label": english(f"Progress report of {label}"),
                DCTERMS + "title": english(f"Progress report of {label}"),
                "documentKind": self._concept("document-kind/progress-report"),
                "producedBy": group,
            },
        )
        return passage

    def _role(self, passage: Passage, path: str, slug: str, in_: NamedNode, **more: Value) -> None:
        person = self._any_person()
        local = person.value.rsplit("/", 1)[1]
        passage.state(
            passage.iri(f"{path}/role/{slug}/{local}"),
            {
                "a": term("RoleHeld"),
                RDFS + "label": english(f"{local}, {slug.replace('-', ' ')}"),
                "agent": person,
                "role": self._concept(f"role/{slug}"),
                "in": in_,
                "attestedAt": month_of(self.reported),
                **self._affiliation(),
                **more,
            },
        )

    def _leadership(self) -> Passage:
        passage = self._evidence("leadership", "management-team")
        group = passage.iri(self.path)
        self._role(passage, self.path, "co-chair", group, appointedBy=self._body(0))
        for _ in range(4):
            self._role(passage, self.path, "vice-chair", group, appointedBy=group)
        for number in range(WORKING_GROUPS_PER_GROUP):
            path = f"{self.path}/wg{number}"
            self._role(passage, path, "chair", passage.iri(path))
        return passage

    def _meeting(self, number: int) -> Passage:
        passage = self._evidence("meetings", f"meeting-{number}")
        rng = self.rng
        start = self.first_meeting + timedelta(days=75 * (number - 1))
        end = start + timedelta(days=rng.randrange(2, 12))
        is_physical = rng.random() < 0.5
        inputs, participants = rng.randrange(10, 80), rng.randrange(20, 200)
        meeting, report = (
            passage.iri(f"{self.path}/meeting/{number}"),
            passage.iri(f"{self.path}/document/o-{number:03}"),
        )
        statements: Statements = {
            "a": term("Meeting"),
            RDFS + "label": english(f"Synthetic FG {self.index} meeting {number}"),
            "number": integer(number),
            "meetingOf": passage.iri(self.path),
            "mode": self._concept("mode/physical" if is_physical else "mode/e-meeting"),
            SCHEMA + "startDate": day_of(start),
            SCHEMA + "endDate": day_of(end),
            "participants": integer(participants),
            "inputDocuments": integer(inputs),
            "incomingLiaisonStatements": integer(rng.randrange(min(6, inputs))),
            "outputDocuments": integer(rng.randrange(3, 20)),
            "report": report,
        }
        if is_physical:
            statements["place"] = english(rng.choice(_PLACES))
            statements["host"] = passage.iri(
                f"organization/synthetic-{self.index}-{rng.randrange(ORGANIZATIONS_PER_GROUP)}"
            )
            statements["remoteParticipants"] = integer(rng.randrange(participants))
        passage.state(meeting, statements)
        passage.state(
            report,
            {
                "a": term("MeetingReport"),
                RDFS + "label": english(f"Synthetic FG {self.index} O-{number:03}"),
                SKOS + "notation": Literal(f"O-{number:03}"),
                "documentKind": self._concept("document-kind/meeting-report"),
                "producedBy": passage.iri(self.path),
            },
        )
        session = passage.iri(f"{self.path}/meeting/{number}/session/1")
        passage.state(meeting, {"hasSession": session})
        passage.state(
            session,
            {
                "a": term("Session"),
                RDFS + "label": english(f"Synthetic FG {self.index} meeting {number}, session 1"),
                SCHEMA + "startDate": day_of(start),
                SCHEMA + "endDate": day_of(start + timedelta(days=rng.randrange((end - start).days + 1))),
            },
        )
        return passage

    def _deliverable(self, number: int) -> Passage:
        working_group = number % WORKING_GROUPS_PER_GROUP
        code = f"D{working_group}.{number}"
        path = f"{self.path}/deliverable/{code.lower()}"
        passage = self._evidence("deliverables", code.lower())
        title = f"{self.rng.choice(_TOPICS).capitalize()} of synthetic networks, part {number}"
        deliverable = passage.iri(path)
        passage.state(
            deliverable,
            {
                "a": term("Deliverable"),
                RDFS + "label": english(f"{code} {title}"),
                SKOS + "notation": Literal(code),
                DCTERMS + "title": english(title),
                "documentKind": self._concept("document-kind/technical-report"),
                "producedBy": passage.iri(f"{self.path}/wg{working_group}"),
            },
        )
        passage.state(
            passage.iri(f"{path}/status/{self.reported:%Y-%m}"),
            {
                "a": term("StatusReport"),
                RDFS + "label": english(f"Status of {code}, {self.reported:%Y-%m}"),
                "reportsOn": deliverable,
                "reportedStatus": self._concept("deliverable-status/under-development"),
                "reportedProgress": Literal(f"{5 * self.rng.randrange(21)}.0", datatype=NamedNode(XSD + "decimal")),
                "reportedDueDate": month_of(self.reported + timedelta(days=90)),
                "attestedAt": month_of(self.reported),
            },
        )
        self._role(passage, path, "chief-editor", deliverable)
        for _ in range(self.rng.randrange(4)):
            self._role(passage, path, "co-editor", deliverable)
        self._proposals(passage, path, code, deliverable)
        return passage

    def _proposals(self, passage: Passage, path: str, code: str, deliverable: NamedNode) -> None:
        """Propose a deliverable to one or two study groups of the group's parent; the last one drawn may be all of them."""
        for position, number in enumerate(
            self.proposing.sample(range(BODIES_PER_GROUP), self.proposing.randrange(1, 3))
        ):
            to_all = position > 0 and self.proposing.random() < _TO_ALL
            statements: Statements = {
                "a": term("ProposedRecipient"),
                RDFS + "label": english(f"{code} to {'all study groups' if to_all else f'SG{number}'}"),
                "proposedFor": deliverable,
                "recipientScope": self._concept(f"recipient-scope/{'all' if to_all else 'named-group'}"),
                "proposalStatus": self._concept("proposal-status/preliminary"),
            }
            if not to_all:
                statements |= {"recipient": self._body(number), "position": integer(position + 1)}
            passage.state(passage.iri(f"{path}/recipient/{'all' if to_all else f'sg{number}'}"), statements)

    def _liaison(self, number: int) -> Passage:
        path = f"{self.path}/liaison/sg{number}"
        passage = self._evidence("liaisons", f"sg{number}")
        liaison = passage.iri(path)
        passage.state(
            liaison,
            {
                "a": term("Liaison"),
                RDFS + "label": english(f"Liaison of synthetic FG {self.index} with SG{number}"),
                "liaisonOf": passage.iri(self.path),
                "liaisonWith": self._body(number),
                "bodyAsStated": Literal(f"Synthetic SDO {self.index} SG{number}"),
            },
        )
        if self.rng.random() < 0.7:
            self._role(
                passage,
                path,
                "liaison-officer",
                self._body(number),
                represents=passage.iri(self.path),
                forLiaison=liaison,
            )
        return passage


def generate(triples: int, seed: int = 0, base_iri: str = DEFAULT_BASE_IRI) -> Iterator[Quad]:
    """Yield a world of at least `triples` distinct statements, ending with the passage in which that number is reached.

    :raises ValueError: `triples` is negative.

    >>> quads = list(generate(1000, seed=1))
    >>> 1000 <= len(quads) < 1200
    True
    >>> quads == list(generate(1000, seed=1))
    True
    """
    if triples < 0:
        raise ValueError("the number of triples can't be negative")
    written = index = 0
    while written < triples:
        group = _Group(base_iri, seed, index)
        for passage in group.passages():
            seen: set[Triple] = set()
            for quad in passage.quads:
                if quad.triple not in seen:  # the same person may be drawn for the same role twice
                    seen.add(quad.triple)
                    yield quad
            written += len(seen)
            if written >= triples:
                return
        index += 1
