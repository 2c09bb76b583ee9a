"""Small graphs for tests of exports: one with everything that a format reads, in which every text is the same, perhaps hostile."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, Quad

from qit4n_kg.exports.deliverables import one_line
from qit4n_kg.exports.facts import expand
from qit4n_kg.store.oxigraph import OxigraphStore

if TYPE_CHECKING:
    from qit4n_kg.store.memory import RdflibStore

ID = "https://w3id.org/qit4n/id/"
SCHEMAS = Path(__file__).resolve().parents[3] / "shared" / "schemas"
"""Schemas of other registries, where a checkout has them beside it."""

XSD = "http://www.w3.org/2001/XMLSchema#"
NASTY = (
    '<b a="1">&amp;</b> ]]> <!-- x -->',
    '=HYPERLINK("https://example.org")',
    "@SUM(A1)\t+1",
    "-2+3 | a|b",
    "{braces} and } more {",
    "100 % of $x_1$ #1 ~ ^ \\end{document} -- ''x'' ?`",
    "line one\nBEGIN:VEVENT\r\nline three",
    "TI  - not a title\nER  - ",
    "\u202eright to left\u202c \u05d0\u05d1\u05d2 \u0645\u0631\u062d\u0628\u0627",
    "bell \x07 null \x00 escape \x1b end",
    "semi;colon, comma: \"quotes\" 'apostrophes'",
    "a and b and others, {et al.}",
    "\U0001f9ea e\u0301 \u2028 \u00a0 \ufeff x",
    "x" * 300,
)
TEXTS = st.one_of(st.sampled_from(NASTY), st.text(min_size=1, max_size=60)).filter(lambda text: bool(one_line(text)))


def quads(facts: dict[str, dict[str, object]]) -> list[Quad]:
    """Statements of the default graph; `id:…` and prefixed names are IRIs, other values are literals."""
    return [
        Quad(NamedNode(iri(subject)), NamedNode(expand(name)), _term(value))
        for subject, properties in facts.items()
        for name, values in properties.items()
        for value in (values if isinstance(values, list) else [values])
    ]


def iri(name: str) -> str:
    """The IRI of `id:…` or a prefixed name."""
    return ID + name.removeprefix("id:") if name.startswith("id:") else expand(name)


def _term(value: object) -> NamedNode | Literal:
    if isinstance(value, Literal):
        return value
    if isinstance(value, str) and value.startswith(("id:", "stdorg:")) and " " not in value:
        return NamedNode(iri(value))
    return Literal(value)  # type: ignore[arg-type]


def typed(text: str, kind: str) -> Literal:
    """A typed literal."""
    return Literal(text, datatype=NamedNode(XSD + kind))


def world(text: str) -> list[Quad]:
    """A group, a person, an organization, a deliverable with an editor and a proposal, a meeting: all named by `text`."""
    english = Literal(text, language="en")
    return quads(
        {
            "id:fg-x": {
                "rdf:type": ["stdorg:FocusGroup", "stdorg:Group", "stdorg:Body"],
                "rdfs:label": english,
                "dcterms:title": english,
            },
            "id:body/sg1": {"rdf:type": ["stdorg:StudyGroup", "stdorg:Body"], "rdfs:label": english},
            "id:organization/o": {"rdf:type": "stdorg:Organization", "rdfs:label": english, "skos:altLabel": english},
            "id:person/p": {"rdf:type": "stdorg:Person", "rdfs:label": Literal(text)},
            "id:concept/role/chief-editor": {"rdf:type": "stdorg:EditorRole", "rdfs:label": english},
            "id:concept/kind": {"rdfs:label": english},
            "id:concept/subject": {"rdfs:label": english},
            "id:concept/status": {"rdfs:label": english, "skos:notation": "open"},
            "id:concept/scope": {"rdfs:label": english, "skos:notation": "named-group"},
            "id:concept/mode": {"rdfs:label": english},
            "id:fg-x/deliverable/d1": {
                "rdf:type": "stdorg:Deliverable",
                "skos:notation": "D1",
                "dcterms:title": english,
                "skos:altLabel": english,
                "dcterms:description": english,
                "dcterms:subject": "id:concept/subject",
                "stdorg:documentKind": "id:concept/kind",
                "stdorg:producedBy": "id:fg-x",
                "stdorg:producedWithin": "id:fg-x",
            },
            "id:fg-x/deliverable/d1/status": {
                "rdf:type": "stdorg:StatusReport",
                "stdorg:reportsOn": "id:fg-x/deliverable/d1",
                "stdorg:reportedStatus": "id:concept/status",
                "stdorg:reportedProgress": typed("12.5", "decimal"),
                "stdorg:reportedDueDate": typed("2031-12", "gYearMonth"),
                "stdorg:attestedAt": typed("2031-04", "gYearMonth"),
            },
            "id:fg-x/deliverable/d1/role": {
                "rdf:type": "stdorg:RoleHeld",
                "stdorg:agent": "id:person/p",
                "stdorg:role": "id:concept/role/chief-editor",
                "stdorg:in": "id:fg-x/deliverable/d1",
                "stdorg:affiliation": "id:organization/o",
                "stdorg:honorific": text,
            },
            "id:fg-x/deliverable/d1/recipient": {
                "rdf:type": "stdorg:ProposedRecipient",
                "stdorg:proposedFor": "id:fg-x/deliverable/d1",
                "stdorg:recipient": "id:body/sg1",
                "stdorg:recipientScope": "id:concept/scope",
                "stdorg:position": 1,
                "stdorg:proposalStatus": "id:concept/status",
            },
            "id:fg-x/meeting/1": {
                "rdf:type": "stdorg:Meeting",
                "rdfs:label": english,
                "dcterms:title": english,
                "stdorg:number": 1,
                "stdorg:meetingOf": "id:fg-x",
                "stdorg:place": english,
                "stdorg:mode": "id:concept/mode",
                "schema:startDate": typed("2031-02-03", "date"),
                "schema:endDate": typed("2031-02-04", "date"),
            },
        }
    )


def filled(store: OxigraphStore | RdflibStore, content: list[Quad]) -> OxigraphStore | RdflibStore:
    """A store with these statements."""
    store.add(content)
    return store


def of_text(text: str) -> OxigraphStore:
    """The world of a text, in memory."""
    return filled(OxigraphStore.in_memory(), world(text))  # type: ignore[return-value]
