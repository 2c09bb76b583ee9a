"""The hygiene checks in queries/checks: each finds its fault when one is seeded, and none finds anything in what we ship.

A check that cannot fail is worth nothing, so a check without a seeded fault fails here.
"""

import re
from functools import cache
from pathlib import Path

import pytest
from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, Store, parse

ROOT = Path(__file__).resolve().parents[2]
CHECKS = {path.stem: path.read_text("utf-8") for path in sorted((ROOT / "queries/checks").glob("*.rq"))}
GRAPHS = "https://w3id.org/qit4n/graph/"
STDORG = "https://w3id.org/stdorg/ns#"
EXAMPLE = "https://example.org/"
TYPE = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")

PREFIXES = f"""
@prefix : <{EXAMPLE}> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix org: <http://www.w3.org/ns/org#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix prov: <http://www.w3.org/ns/prov#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix schema: <https://schema.org/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix stdorg: <{STDORG}> .
@prefix vs: <http://www.w3.org/2003/06/sw-vocab-status/ns#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""

ONTOLOGY = "ontology/seeded"
DATA = "reference/seeded"
SESSION = "stdorg:sessionOf :m ; schema:startDate"
COUNTS = "stdorg:headingCount 1 ; stdorg:sentenceCount 1"
CHOSEN, OTHER = f"<{GRAPHS}{DATA}>", f"<{GRAPHS}reference/other>"
DISCREPANCY = (
    f":d a stdorg:Discrepancy ; stdorg:about :thing ; stdorg:onProperty stdorg:number ; "
    f"stdorg:chosenGraph {CHOSEN} ; stdorg:otherGraph {OTHER} ."
)

HEADS = [
    re.search(r"CONSTRUCT \{(.*?)\}\s*WHERE", path.read_text("utf-8"), re.DOTALL)[1]
    for path in (ROOT / "queries/rules").glob("*.rq")
]
DERIVED = sorted({name for head in HEADS for name in re.findall(r"\b(?:stdorg|schema):\w+", head)})
"""The properties that the hand-written rules conclude."""

# check → graph, Turtle, what of it must be found
FAULTS: dict[str, list[tuple[str, str, str]]] = {
    "axiom-outside-profile": [
        (ONTOLOGY, "stdorg:Group owl:hasKey ( skos:notation ) .", "stdorg:Group"),
        (ONTOLOGY, "stdorg:agent a owl:FunctionalProperty .", "stdorg:agent"),
        (ONTOLOGY, "stdorg:Group owl:sameAs stdorg:Body .", "stdorg:Group"),
    ],
    "blank-node-in-data": [
        (DATA, ":x stdorg:in [ ] .", ":x"),
        (DATA, "[] rdfs:label 'Somebody' .", "Somebody"),
    ],
    "body-within-itself": [
        (DATA, ":a stdorg:subBodyOf :b . :b stdorg:subBodyOf :a .", ":a"),
        (DATA, ":a stdorg:subBodyOf :b . :a stdorg:hasSubBody :b .", ":a"),
        (DATA, ":a stdorg:subBodyOf :b . :b stdorg:withinBody :a .", ":a"),
    ],
    "class-cycle": [(ONTOLOGY, "stdorg:Agent rdfs:subClassOf stdorg:FocusGroup .", "stdorg:FocusGroup")],
    "concept-class-unused": [(ONTOLOGY, "stdorg:Colour rdfs:subClassOf skos:Concept .", "stdorg:Colour")],
    "concept-label-twice": [
        (
            DATA,
            ":a skos:inScheme :s ; skos:prefLabel 'Chair'@en . :b skos:inScheme :s ; skos:altLabel 'chair'@en .",
            ":a",
        )
    ],
    "concept-outside-its-list": [
        (DATA, ":s skos:hasTopConcept :a .", ":a"),
        (DATA, ":a skos:inScheme :s .", ":a"),
        (DATA, ":s skos:hasTopConcept :a , :b . :a skos:inScheme :s . :b skos:inScheme :s ; skos:broader :a .", ":b"),
        (DATA, ":a skos:inScheme :s ; skos:broader :b . :b skos:inScheme :other .", ":a"),
    ],
    "concept-without-label": [
        (DATA, ":a a stdorg:PlanStatus ; rdfs:label 'A'@en ; skos:prefLabel 'A'@en ; skos:notation 'a' .", ":a"),
        (
            DATA,
            ":a a stdorg:Role ; rdfs:label 'A'@en ; skos:prefLabel 'B'@en ; skos:definition 'C'@en ; skos:notation 'a' .",
            ":a",
        ),
        (DATA, ":a a stdorg:ChairRole ; rdfs:label 'A'@en ; skos:prefLabel 'A'@en ; skos:definition 'C'@en .", ":a"),
        (DATA, ":s a skos:ConceptScheme .", ":s"),
    ],
    "concept-without-scheme": [
        (DATA, ":a a stdorg:ChairRole .", ":a"),
        (DATA, ":a a stdorg:MeetingMode ; skos:inScheme :nowhere .", ":a"),
    ],
    "counted-without-source": [
        (DATA, ":e a stdorg:Event ; rdfs:label 'Meeting 10'@en .", ":e"),
        (
            DATA,
            ":h a stdorg:RoleHeld . <https://w3id.org/qit4n/graph/reference/seeded> a stdorg:ReferenceGraph .",
            ":h",
        ),
    ],
    "datatype-as-range": [
        (ONTOLOGY, "stdorg:place rdfs:range xsd:date .", "stdorg:place"),
        (ONTOLOGY, "stdorg:place rdfs:range stdorg:Country .", "stdorg:place"),
    ],
    "datatype-property-with-thing": [(DATA, ":m stdorg:participants :many .", ":many")],
    "deprecated-term-used": [
        (ONTOLOGY, "stdorg:Meeting owl:deprecated true . :m a stdorg:Meeting .", "stdorg:Meeting"),
        (ONTOLOGY, "stdorg:agent owl:deprecated true . :m stdorg:agent :p .", "stdorg:agent"),
    ],
    "deprecated-without-replacement": [(ONTOLOGY, "stdorg:report owl:deprecated true .", "stdorg:report")],
    "derived-property-in-data": [
        (DATA, f":thing {name} :other .", ":thing")
        for name in sorted({*DERIVED, "stdorg:producedWithin", "stdorg:withinBody"})
    ],
    "discrepancy-without-statements": [
        (DATA, f"{DISCREPANCY} {CHOSEN} a stdorg:OverruledGraph . {OTHER} a stdorg:OverruledGraph .", ":d"),
        (DATA, f"{DISCREPANCY} :thing stdorg:number 1 .", ":d"),
        (DATA, f"{DISCREPANCY} {OTHER} a stdorg:OverruledGraph . :thing stdorg:number 1 .", ":d"),
        (DATA, f"{DISCREPANCY} {OTHER} a stdorg:OverruledGraph .", ":d"),
    ],
    "document-code-twice": [
        (DATA, ":a stdorg:producedBy :g ; skos:notation 'D1' . :b stdorg:producedBy :g ; skos:notation 'd1' .", ":b"),
        (
            DATA,
            (
                ":w stdorg:workingGroupOf :g . :a stdorg:producedBy :g ; skos:notation 'D1' . "
                ":b stdorg:producedBy :w ; skos:notation 'D1' ."
            ),
            ":b",
        ),
    ],
    "event-without-status": [
        (DATA, ":m a stdorg:Meeting ; schema:startDate '2030-01-10'^^xsd:date .", ":m"),
        (DATA, ":w a stdorg:Webinar ; stdorg:eventStatus :held .", ":w"),
        (DATA, ":j a stdorg:JointMeeting ; stdorg:eventStatus :held .", ":j"),
    ],
    "field-without-facts": [
        (
            DATA,
            (
                ":f a stdorg:TableField ; stdorg:fieldDocument :d ; stdorg:fieldInTable 'T' ; stdorg:fieldProperty stdorg:number . "
                f"{CHOSEN} dcterms:source :d ; stdorg:table 'T 2' . :m stdorg:number 1 ."
            ),
            ":f",
        ),
        (
            DATA,
            (
                ":f a stdorg:TableField ; stdorg:fieldDocument :d ; stdorg:fieldInTable 'T' ; stdorg:fieldProperty stdorg:number . "
                f"{CHOSEN} dcterms:source :d ; stdorg:table 'T' . :m stdorg:place 'Anytown'@en ."
            ),
            ":f",
        ),
    ],
    "foreign-term-aligned-elsewhere": [
        (ONTOLOGY, "stdorg:Meeting rdfs:subClassOf schema:Festival .", "stdorg:Meeting")
    ],
    "foreign-term-redefined": [
        (ONTOLOGY, "schema:Event rdfs:subClassOf stdorg:Event .", "schema:Event"),
        (ONTOLOGY, "skos:Concept rdfs:label 'Idea'@en .", "skos:Concept"),
    ],
    "iri-says-otherwise": [
        (DATA, "<https://example.org/g/meeting/1> a stdorg:Meeting ; stdorg:number 2 .", ":g/meeting/1"),
        (DATA, "<https://example.org/g/meeting/1> stdorg:meetingOf :h .", ":g/meeting/1"),
        (
            DATA,
            "<https://example.org/g/plan/meeting-1> a stdorg:EventPlan ; stdorg:planNumber 2 .",
            ":g/plan/meeting-1",
        ),
        (DATA, "<https://example.org/m/session/1> a stdorg:Session ; stdorg:ordinal 2 .", ":m/session/1"),
        (DATA, ":n stdorg:hasSession <https://example.org/m/session/1> .", ":n"),
        (DATA, "<https://example.org/deliverable/d1> a stdorg:Deliverable ; skos:notation 'D2' .", "D2"),
        (
            DATA,
            "<https://example.org/webinar/2030-01-10> a stdorg:Webinar ; schema:startDate '2030-01-11'^^xsd:date .",
            ":webinar/2030-01-10",
        ),
        (DATA, "<https://example.org/role/chair/ada> stdorg:role :chair ; stdorg:agent :ben .", ":role/chair/ada"),
        (DATA, "<https://example.org/role/chair/ada> stdorg:role :editor ; stdorg:agent :ada .", ":role/chair/ada"),
        (
            DATA,
            (
                "<https://example.org/d1/status/2030> a stdorg:StatusReport ; "
                "stdorg:reportsOn :d1 ; stdorg:attestedAt '2031'^^xsd:gYear ."
            ),
            ":d1/status/2030",
        ),
        (
            DATA,
            "<https://example.org/concept/mode/remote> skos:inScheme <https://example.org/concept/role> .",
            ":concept/mode/remote",
        ),
        (
            DATA,
            "<https://example.org/concept/mode/remote> skos:inScheme <https://example.org/concept/mode> ; skos:notation 'far' .",
            "far",
        ),
        (
            DATA,
            "<https://example.org/graph/report-1/intro> a stdorg:SourcePassage ; dcterms:source <https://example.org/report-2> .",
            ":graph/report-1/intro",
        ),
        (
            DATA,
            "<https://example.org/graph/report-1/table-1/a> a stdorg:SourcePassage ; stdorg:table 'Table 2' .",
            "Table 2",
        ),
    ],
    "graph-not-described": [(DATA, f"{CHOSEN} stdorg:sourceFile 'data/a.ttl' .", "data/a.ttl")],
    "known-before-it-was": [
        (DATA, f"{CHOSEN} dcterms:source :d . :d stdorg:attestedAt '2030' . :r stdorg:attestedAt '2031-01' .", ":r"),
        (
            DATA,
            (
                f"{CHOSEN} dcterms:source :d . :d stdorg:attestedAt '2030-01' . :held skos:notation 'held' . "
                ":m stdorg:eventStatus :held ; schema:startDate '2030-02-01' ."
            ),
            ":m",
        ),
        (
            DATA,
            (
                f"{CHOSEN} dcterms:source :d . :d stdorg:attestedAt '2030-01' . :type skos:notation 'establishment' . "
                ":e stdorg:lifetimeEventType :type ; stdorg:statedDate '2030-02' ."
            ),
            ":e",
        ),
    ],
    "match-of-another-thing": [
        (DATA, ":a skos:exactMatch :b . :b a stdorg:Body .", ":a"),
        (DATA, ":a skos:exactMatch <https://ror.org/1> . :b skos:exactMatch <https://ror.org/1> .", ":b"),
    ],
    "meeting-number-twice": [
        (
            DATA,
            (
                ":a a stdorg:Meeting ; stdorg:meetingOf :g ; stdorg:number 1 . "
                ":b a stdorg:Meeting ; stdorg:meetingOf :g ; stdorg:number 1 ."
            ),
            ":b",
        )
    ],
    "meeting-out-of-order": [
        (
            DATA,
            (
                ":a a stdorg:Meeting ; stdorg:meetingOf :g ; stdorg:number 1 ; schema:startDate '2030-02-10'^^xsd:date . "
                ":b a stdorg:Meeting ; stdorg:meetingOf :g ; stdorg:number 2 ; schema:startDate '2030-01-10'^^xsd:date ."
            ),
            ":b",
        )
    ],
    "name-not-known": [
        (DATA, ":r stdorg:agent :p ; stdorg:nameAsStated 'Ada' . :p rdfs:label 'Ben' .", "Ada"),
        (DATA, ":r stdorg:agent :p .", ":r"),
        (DATA, ":r stdorg:affiliation :o ; stdorg:affiliationAsStated 'Firm' . :o rdfs:label 'Works'@en .", "Firm"),
        (DATA, ":r stdorg:affiliation :o .", ":r"),
        (DATA, ":r stdorg:affiliationAsStated 'Firm' .", ":r"),
        (DATA, ":l stdorg:liaisonWith :b ; stdorg:bodyAsStated 'SG1' . :b rdfs:label 'SG2'@en .", "SG1"),
        (DATA, ":p a stdorg:Person ; rdfs:label 'Ada Example' ; foaf:familyName 'Instance' .", ":p"),
        (DATA, ":p a stdorg:Person ; rdfs:label 'Ada Example' ; foaf:givenName 'Ben' .", ":p"),
    ],
    "object-property-with-literal": [
        (DATA, ":held stdorg:agent 'Ada' .", ":held"),
        ("overruled/seeded", ":held stdorg:agent 'Ada' .", ":held"),
    ],
    "liaison-twice": [
        (
            DATA,
            (
                ":a stdorg:liaisonOf :g ; stdorg:liaisonWith :x , :y . :b stdorg:liaisonOf :g ; stdorg:liaisonWith :y , :x ."
            ),
            ":b",
        )
    ],
    "misspelt-term": [
        (DATA, ":p foaf:age 900 .", "http://xmlns.com/foaf/0.1/age"),
        (DATA, ":p rdfs:lable 'P' .", "http://www.w3.org/2000/01/rdf-schema#lable"),
        (DATA, ":p a foaf:Persson .", "http://xmlns.com/foaf/0.1/Persson"),
        (DATA, ":p <http://schema.org/startDate> '2020-01-01'^^xsd:date .", "http://schema.org/startDate"),
    ],
    "more-left-out-than-read": [
        (DATA, f":a {COUNTS} ; stdorg:cellCount 2 ; stdorg:leftOutCount 5 .", ":a"),
        (
            DATA,
            ":a stdorg:coverageOf :d ; stdorg:coveredSection 'A' . :b stdorg:coverageOf :d ; stdorg:coveredSection 'A' .",
            ":b",
        ),
    ],
    "name-of-two-scripts": [
        (DATA, ":p a stdorg:Agent ; rdfs:label 'Fr\u0435d Baker' .", ":p"),
        (DATA, ":p a stdorg:Agent ; skos:altLabel '\u0391nna'@en .", ":p"),
    ],
    "name-of-two-things": [
        (DATA, ":a a stdorg:Person ; rdfs:label 'Ann Lee' . :b a stdorg:Person ; skos:altLabel 'Ann LEE' .", ":b"),
        (DATA, ":a a stdorg:Body ; rdfs:label 'SG2'@en . :b a stdorg:Body ; skos:altLabel 'SG2'@en .", ":b"),
    ],
    "overruled-without-discrepancy": [
        (DATA, f"{CHOSEN} a stdorg:OverruledGraph , stdorg:SourcePassage .", f"{GRAPHS}{DATA}"),
        (
            DATA,
            f"{CHOSEN} a stdorg:OverruledGraph , stdorg:ReferenceGraph . :d stdorg:otherGraph {CHOSEN} .",
            f"{GRAPHS}{DATA}",
        ),
    ],
    "plan-of-another-number": [
        (DATA, ":p stdorg:planNumber 3 ; stdorg:conductedAs :m . :m stdorg:number 5 .", ":p"),
    ],
    "position-twice": [
        (DATA, ":m stdorg:hasSession :a . :a stdorg:ordinal 1 . :b stdorg:sessionOf :m ; stdorg:ordinal 1 .", ":b"),
        (DATA, ":a stdorg:stepOf :p ; stdorg:ordinal 1 . :b stdorg:stepOf :p ; stdorg:ordinal 1 .", ":b"),
        (DATA, ":a stdorg:proposedFor :d ; stdorg:position 1 . :b stdorg:proposedFor :d ; stdorg:position 1 .", ":b"),
    ],
    "property-cycle": [
        (ONTOLOGY, "stdorg:withinBody rdfs:subPropertyOf stdorg:workingGroupOf .", "stdorg:workingGroupOf")
    ],
    "property-with-two-domains": [
        (ONTOLOGY, "stdorg:agent rdfs:domain stdorg:Meeting .", "stdorg:agent"),
        (ONTOLOGY, "stdorg:agent rdfs:range stdorg:Meeting .", "stdorg:agent"),
        (ONTOLOGY, "stdorg:agent schema:domainIncludes stdorg:Meeting .", "stdorg:agent"),
        (ONTOLOGY, "stdorg:agent schema:rangeIncludes stdorg:Meeting .", "stdorg:agent"),
    ],
    "recipient-unlike-scope": [
        (
            DATA,
            ":s skos:notation 'named-group' . :r a stdorg:ProposedRecipient ; stdorg:recipientScope :s ; stdorg:position 1 .",
            ":r",
        ),
        (
            DATA,
            ":s skos:notation 'named-group' . :r a stdorg:ProposedRecipient ; stdorg:recipientScope :s ; stdorg:recipient :b .",
            ":r",
        ),
        (
            DATA,
            ":s skos:notation 'all' . :r a stdorg:ProposedRecipient ; stdorg:recipientScope :s ; stdorg:recipient :b .",
            ":r",
        ),
    ],
    "reuse-with-side-effects": [
        (DATA, ":g org:identifier 'WG1' .", ":g"),
        (DATA, ":g org:unitOf :h .", ":g"),
        (DATA, ":l a org:OrganizationalCollaboration .", ":l"),
        (DATA, ":m prov:wasDerivedFrom :d .", ":m"),
        (ONTOLOGY, "stdorg:documentKind rdfs:subPropertyOf dcterms:type .", "stdorg:documentKind"),
    ],
    "sessions-overlap": [
        (
            DATA,
            f":a {SESSION} '2020-02-13'^^xsd:date ; schema:endDate '2020-02-20'^^xsd:date . :b {SESSION} '2020-02-20'^^xsd:date .",
            ":a",
        ),
        (
            DATA,
            f":a {SESSION} '2020-02-13'^^xsd:date ; schema:endDate '2020-02-20'^^xsd:date . :b {SESSION} '2020-02-13'^^xsd:date .",
            ":a",
        ),
    ],
    "shortcut-without-role": [
        (DATA, ":p stdorg:chairs :g .", ":p"),
        (
            DATA,
            ":p stdorg:chairs :g . :h stdorg:agent :p ; stdorg:in :g ; stdorg:role :r . :r a stdorg:EditorRole .",
            ":p",
        ),
        (DATA, ":p stdorg:viceChairs :g .", ":p"),
        (DATA, ":p stdorg:edits :d .", ":p"),
        (DATA, ":p stdorg:officerOf :l .", ":p"),
        (DATA, ":l stdorg:officer :p .", ":p"),
        (DATA, ":p stdorg:affiliatedWith :o .", ":p"),
    ],
    "subject-of-another-kind": [
        (DATA, ":x stdorg:agent :p .", ":x"),
        (DATA, ":x a stdorg:Meeting ; stdorg:agent :p .", ":x"),
        ("overruled/seeded", ":x a stdorg:Meeting ; stdorg:agent :p .", ":x"),
    ],
    "term-label-twice": [
        (ONTOLOGY, "stdorg:Gathering a owl:Class ; rdfs:label 'meeting'@en .", "stdorg:Gathering"),
        (ONTOLOGY, "stdorg:boss a owl:DatatypeProperty ; rdfs:label 'Agent'@en .", "stdorg:boss"),
    ],
    "term-name": [
        (ONTOLOGY, "stdorg:gathering a owl:Class .", "stdorg:gathering"),
        (ONTOLOGY, "stdorg:HasBoss a owl:ObjectProperty .", "stdorg:HasBoss"),
        (ONTOLOGY, "stdorg:has-boss a owl:ObjectProperty .", "stdorg:has-boss"),
    ],
    "term-of-two-kinds": [
        (ONTOLOGY, "stdorg:agent a owl:DatatypeProperty .", "stdorg:agent"),
        (ONTOLOGY, "stdorg:agent a owl:ObjectProperty .", "stdorg:agent"),
    ],
    "term-without-definition": [
        (ONTOLOGY, "stdorg:New a owl:Class .", "stdorg:New"),
        (ONTOLOGY, "stdorg:Meeting skos:definition 'Another one.'@en .", "stdorg:Meeting"),
    ],
    "term-without-help": [(ONTOLOGY, "stdorg:New a owl:Class .", "stdorg:New")],
    "term-without-label": [
        (ONTOLOGY, "stdorg:New a owl:Class .", "stdorg:New"),
        (ONTOLOGY, "stdorg:New a owl:Class ; rdfs:label 'New' .", "stdorg:New"),
        (ONTOLOGY, "stdorg:Meeting rdfs:label 'Gathering'@en .", "stdorg:Meeting"),
    ],
    "term-without-source": [
        (ONTOLOGY, "stdorg:New a owl:Class .", "stdorg:New"),
        (ONTOLOGY, "stdorg:New a owl:Class ; rdfs:isDefinedBy :nowhere .", "stdorg:New"),
    ],
    "term-without-status": [
        (ONTOLOGY, "stdorg:New a owl:Class .", "stdorg:New"),
        (ONTOLOGY, "stdorg:New a owl:Class ; vs:term_status 'good' .", "stdorg:New"),
        (ONTOLOGY, "stdorg:New a owl:Class ; vs:term_status 'archaic' .", "stdorg:New"),
        (ONTOLOGY, "stdorg:New a owl:Class ; vs:term_status 'stable' ; owl:deprecated true .", "stdorg:New"),
    ],
    "thing-not-described": [
        (DATA, ":held stdorg:agent :ghost .", ":ghost"),
        ("entailed/seeded", ":held stdorg:agent :ghost . :ghost a stdorg:Agent .", ":ghost"),
    ],
    "thing-of-two-kinds": [
        (DATA, ":x a stdorg:Person , stdorg:FocusGroup .", ":x"),
        (DATA, ":x a stdorg:Session , stdorg:Meeting .", ":x"),
        (DATA, ":x a stdorg:FocusGroup , stdorg:StudyGroup .", ":x"),
    ],
    "thing-without-part": [
        (DATA, ":p a stdorg:Person .", ":p"),
        (DATA, ":o a stdorg:Organization .", ":o"),
        (DATA, ":r a stdorg:MeetingReport .", ":r"),
    ],
    "undefined-term": [
        (DATA, ":m a stdorg:Gathering .", "stdorg:Gathering"),
        (DATA, ":m stdorg:attendance 5 .", "stdorg:attendance"),
        (DATA, ":f stdorg:fieldProperty stdorg:attendance .", "stdorg:attendance"),
        (ONTOLOGY, "stdorg:Meeting rdfs:subClassOf stdorg:Gathering .", "stdorg:Gathering"),
        (ONTOLOGY, "stdorg:agent schema:rangeIncludes stdorg:Bot .", "stdorg:Bot"),
        (ONTOLOGY, "stdorg:agent owl:propertyChainAxiom ( stdorg:boss stdorg:agent ) .", "stdorg:boss"),
        ("overruled/seeded", ":m stdorg:attendance 5 .", "stdorg:attendance"),
    ],
    "unit-code-twice": [
        (
            DATA,
            ":a stdorg:workingGroupOf :g ; skos:notation 'WG1' . :b stdorg:subBodyOf :g ; skos:notation 'WG1' .",
            ":b",
        )
    ],
}

HARMLESS = {
    "subject-of-another-kind": ":x a stdorg:StudyGroup ; stdorg:establishedBy :y ; stdorg:studies :s .",
    "thing-of-two-kinds": ":x a stdorg:StandardsOrganization , stdorg:Organization . :y a stdorg:Webinar , stdorg:Workshop .",
    "name-not-known": (
        ":r stdorg:agent :p ; stdorg:nameAsStated 'Ada EXAMPLE' ; stdorg:affiliation :o ; stdorg:affiliationAsStated 'Firm (F)' . "
        ":p rdfs:label 'Ada Example' . :o skos:altLabel 'firm'@en . :s stdorg:agent :p ; stdorg:byVirtueOf :r ."
    ),
    "concept-outside-its-list": ":s skos:hasTopConcept :a . :a skos:inScheme :s . :b skos:inScheme :s ; skos:broader :a .",
    "document-code-twice": (
        ":a stdorg:producedBy :g ; skos:notation 'D1' . :b stdorg:producedBy :h ; skos:notation 'D1' . "
        ":p stdorg:producedBy :g ; skos:notation 'D1' ; dcterms:isPartOf :a . "
        ":q stdorg:producedBy :g ; skos:notation 'D1' ; dcterms:isPartOf :a ."
    ),
    "meeting-number-twice": (
        ":a a stdorg:Meeting ; stdorg:meetingOf :g ; stdorg:number 1 . "
        ":b a stdorg:Meeting ; stdorg:meetingOf :h ; stdorg:number 1 ."
    ),
    "unit-code-twice": ":a stdorg:workingGroupOf :g ; skos:notation 'WG1' . :b stdorg:workingGroupOf :h ; skos:notation 'WG1' .",
    "more-left-out-than-read": (
        f":a {COUNTS} ; stdorg:cellCount 2 ; stdorg:leftOutCount 4 ; stdorg:coverageOf :d ; stdorg:coveredSection 'A' . "
        ":b stdorg:coverageOf :d ; stdorg:coveredSection 'A' ; stdorg:coveredTable 'Table 1' ."
    ),
    "position-twice": ":a stdorg:sessionOf :m ; stdorg:ordinal 1 . :b stdorg:sessionOf :n ; stdorg:ordinal 1 .",
    "deprecated-without-replacement": "stdorg:report owl:deprecated true ; dcterms:isReplacedBy stdorg:agent .",
    "term-without-status": "stdorg:New a owl:Class ; vs:term_status 'archaic' ; owl:deprecated true .",
    "foreign-term-aligned-elsewhere": "stdorg:Colour rdfs:subClassOf skos:Concept .",
    "term-label-twice": "stdorg:country2 a owl:DatatypeProperty ; rdfs:label 'Meeting'@en .",
    "body-within-itself": ":a stdorg:subBodyOf :b . :b stdorg:subBodyOf :c . :c stdorg:hasSubBody :b .",
    "counted-without-source": (
        f":e a stdorg:Event . <{GRAPHS}{ONTOLOGY}> a stdorg:SourcePassage . "  # the graph in which this example stands
    ),
    "liaison-twice": (
        ":a stdorg:liaisonOf :g ; stdorg:liaisonWith :x , :y . :b stdorg:liaisonOf :g ; stdorg:liaisonWith :x . "
        ":c stdorg:liaisonOf :h ; stdorg:liaisonWith :x ."
    ),
    "name-of-two-scripts": ":p a stdorg:Agent ; rdfs:label '\u0410\u043b\u0435\u043a\u0441\u0435\u0439 Borodin' .",
    "name-of-two-things": (
        ":a a stdorg:Organization ; rdfs:label 'ETSI'@en . :b a stdorg:Body ; rdfs:label 'ETSI'@en ; skos:altLabel 'etsi'@en ."
    ),
    "overruled-without-discrepancy": (
        f"<{GRAPHS}{ONTOLOGY}> a stdorg:OverruledGraph , stdorg:SourcePassage . :d stdorg:otherGraph <{GRAPHS}{ONTOLOGY}> ."
    ),
    "plan-of-another-number": ":p stdorg:planNumber 3 ; stdorg:conductedAs :m . :m stdorg:number 3 .",
    "sessions-overlap": (
        f":a {SESSION} '2020-02-13'^^xsd:date ; schema:endDate '2020-02-20'^^xsd:date . :b {SESSION} '2020-02-21'^^xsd:date ."
    ),
    "reuse-with-side-effects": ":g a stdorg:SourcePassage ; prov:wasDerivedFrom :d .",
}


@cache
def shipped() -> tuple[Quad, ...]:
    files = [(path, f"ontology/{path.stem}") for path in sorted((ROOT / "ontology").glob("*.ttl"))]
    files.append((ROOT / "data/reference/concepts.ttl", "reference/concepts"))
    return tuple(quad for path, graph in files for quad in quads(path.read_text("utf-8"), graph))


def quads(turtle: str, graph: str) -> list[Quad]:
    """Read Turtle as quads of a named graph and of the default graph, with the class that the build gives the graph."""
    name = NamedNode(GRAPHS + graph)
    triples = [(quad.subject, quad.predicate, quad.object) for quad in parse(turtle, RdfFormat.TURTLE)]
    found = [Quad(*triple, name) for triple in triples]
    classes = {"ontology": "OntologyGraph", "entailed": "EntailedGraph", "overruled": "OverruledGraph"}
    kind = classes.get(graph.partition("/")[0])
    if kind != "OverruledGraph":
        found += [Quad(*triple, DefaultGraph()) for triple in triples]
    if kind:
        found.append(Quad(name, TYPE, NamedNode(STDORG + kind), DefaultGraph()))
    return found


def answer(check: str, seeded: list[Quad]) -> list[list[str]]:
    store = Store()
    store.bulk_extend([*shipped(), *seeded])
    return [[getattr(term, "value", "") for term in row] for row in store.query(CHECKS[check])]


def expand(name: str) -> str:
    known = {"": EXAMPLE, "stdorg": STDORG, "schema": "https://schema.org/"}
    known["skos"] = "http://www.w3.org/2004/02/skos/core#"
    prefix, colon, local = name.partition(":")
    return known[prefix] + local if prefix in known and colon else name


def test_every_check_has_a_seeded_fault():
    assert set(FAULTS) == set(CHECKS)


@pytest.mark.parametrize("check", sorted(CHECKS))
def test_a_check_has_a_title_and_a_rule(check):
    first, second = CHECKS[check].splitlines()[:2]
    assert first.startswith("# title: ")
    assert second.startswith("# rule: ")
    assert second.endswith(".")


@pytest.mark.parametrize("check", sorted(CHECKS))
def test_ontology_and_concepts_pass(check):
    assert answer(check, []) == []


@pytest.mark.parametrize(
    ("check", "graph", "turtle", "culprit"),
    [
        pytest.param(check, *fault, id=f"{check}-{n}")
        for check, faults in FAULTS.items()
        for n, fault in enumerate(faults)
    ],
)
def test_a_seeded_fault_is_found(check, graph, turtle, culprit):
    rows = answer(check, quads(PREFIXES + turtle, graph))
    assert any(expand(culprit) in row for row in rows)


@pytest.mark.parametrize("check", sorted(HARMLESS))
def test_what_is_allowed_is_not_found(check):
    assert answer(check, quads(PREFIXES + HARMLESS[check], ONTOLOGY)) == []


def test_everything_that_rules_conclude_is_refused_in_data():
    """A new rule's property has to be added to the check."""
    assert {name for name in DERIVED if name not in CHECKS["derived-property-in-data"]} == set()
