"""The ontology: every axiom is one that our rules implement, it is consistent, and its alignment concludes nothing unwanted.

The last is tested with the axioms of ORG, PROV-O, FOAF, SKOS and DCAT added.
"""

import re
from functools import cache
from pathlib import Path

import pytest
from owlrl.OWLRL import OWLRL_Semantics
from rdflib import DCTERMS, OWL, RDF, RDFS, SKOS, Graph, Literal, Namespace, URIRef
from rdflib.collection import Collection

ROOT = Path(__file__).resolve().parents[2]
ONTOLOGY = "https://w3id.org/stdorg/ns"
STDORG = Namespace(f"{ONTOLOGY}#")
SCHEMA = Namespace("https://schema.org/")
VS = Namespace("http://www.w3.org/2003/06/sw-vocab-status/ns#")
ORG = Namespace("http://www.w3.org/ns/org#")
THING = Namespace("https://example.org/")

KINDS = (OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty)
AXIOMS = (
    RDFS.subClassOf,
    RDFS.subPropertyOf,
    RDFS.domain,
    RDFS.range,
    OWL.inverseOf,
    OWL.equivalentClass,
    OWL.equivalentProperty,
    OWL.disjointWith,
    OWL.propertyDisjointWith,
    OWL.propertyChainAxiom,
)
ANNOTATIONS = (
    RDFS.label,
    RDFS.isDefinedBy,
    SKOS.definition,
    SKOS.scopeNote,
    SKOS.example,
    SCHEMA.domainIncludes,
    SCHEMA.rangeIncludes,
    VS.term_status,
    OWL.deprecated,
    DCTERMS.isReplacedBy,
)
TYPES = (*KINDS, OWL.TransitiveProperty, OWL.SymmetricProperty)


@cache
def modules() -> dict[str, Graph]:
    return {path.stem: Graph().parse(path) for path in sorted((ROOT / "ontology").glob("*.ttl"))}


@cache
def merged() -> Graph:
    merge = Graph()
    for graph in modules().values():
        merge += graph
    return merge


@cache
def terms() -> dict[str, URIRef]:
    return {
        str(term).removeprefix(STDORG): kind
        for kind in KINDS
        for term in merged().subjects(RDF.type, kind)
        if str(term).startswith(STDORG)
    }


def closure(*parts: Graph) -> tuple[Graph, list[str]]:
    """Add what OWL 2 RL concludes; annotations are left out, because they only cost time."""
    graph = Graph()
    for part in parts:
        for triple in part:
            if triple[1] not in ANNOTATIONS and not isinstance(triple[2], Literal):
                graph.add(triple)
    reasoner = OWLRL_Semantics(graph, axioms=False, daxioms=False, rdfs=False)
    reasoner.closure()
    return graph, list(reasoner.error_messages)


def instances(turtle: str) -> Graph:
    prefixes = (
        f"@prefix : <{THING}> .\n@prefix stdorg: <{STDORG}> .\n@prefix skos: <{SKOS}> .\n@prefix schema: <{SCHEMA}> .\n"
    )
    return Graph().parse(data=prefixes + turtle, format="turtle")


def concepts() -> Graph:
    return Graph().parse(ROOT / "data/reference/concepts.ttl")


# Structure


def test_the_header_imports_every_module():
    imported = set(merged().objects(URIRef(ONTOLOGY), OWL.imports))
    assert imported == {URIRef(f"{ONTOLOGY}/{name}") for name in modules() if name != "stdorg"}


def test_every_module_declares_itself_and_the_licence():
    for name, graph in modules().items():
        iri = URIRef(ONTOLOGY if name == "stdorg" else f"{ONTOLOGY}/{name}")
        assert set(graph.subjects(RDF.type, OWL.Ontology)) == {iri}
        assert graph.value(iri, DCTERMS.license) == URIRef("https://creativecommons.org/licenses/by/4.0/")


def test_the_header_names_version_creator_and_prefix():
    header = URIRef(ONTOLOGY)
    version = merged().value(header, OWL.versionInfo)
    assert merged().value(header, OWL.versionIRI) == URIRef(f"{ONTOLOGY}/{version}")
    assert merged().value(header, DCTERMS.creator) == Literal("The qit4n-kg project")
    assert merged().value(header, URIRef("http://purl.org/vocab/vann/preferredNamespacePrefix")) == Literal("stdorg")


def test_each_version_says_what_changed():
    header = URIRef(ONTOLOGY)
    version = str(merged().value(header, OWL.versionInfo))
    notes = {str(note).partition(":")[0] for note in merged().objects(header, SKOS.changeNote)}
    described = re.findall(r"^\| (\d+\.\d+\.\d+) \|", (ROOT / "docs/ontology.md").read_text("utf-8"), re.MULTILINE)
    assert set(described) == notes
    assert described[0] == version
    assert merged().value(header, OWL.priorVersion) == URIRef(f"{ONTOLOGY}/{described[1]}")


def test_a_module_imports_what_its_axioms_use_and_nothing_else():
    home = {
        term: name for name, graph in modules().items() for kind in KINDS for term in graph.subjects(RDF.type, kind)
    }
    for name, graph in modules().items():
        if name == "stdorg":
            continue
        needed = {
            home[term]
            for subject, predicate, value in graph
            if predicate in AXIOMS or predicate == RDF.first
            for term in (subject, value)
            if term in home
        }
        direct = {str(iri).removeprefix(f"{ONTOLOGY}/") for iri in graph.objects(None, OWL.imports)}
        assert direct == needed - {name}


def test_only_axioms_that_the_rules_implement_are_used():
    for subject, predicate, value in merged():
        if isinstance(subject, URIRef) and str(subject).startswith(STDORG):
            assert predicate in (RDF.type, *AXIOMS, *ANNOTATIONS), (subject, predicate)
            assert predicate != RDF.type or value in TYPES, (subject, value)


def test_it_is_in_the_profile_of_owl_2_rl():
    """OWL 2 Profiles, section 4.2: named classes on both sides of an axiom are allowed everywhere, chains of named properties too.

    What the grammar leaves out can't be written with these: no class expression, no cardinality, no union, no data range.
    """
    graph, kinds = merged(), {term: kind for term, kind in merged().subject_objects(RDF.type) if kind in KINDS}
    foreign = {"http://www.w3.org/2004/02/skos/core#Concept"}
    for subject, predicate, value in graph:
        if predicate in (RDFS.subClassOf, OWL.equivalentClass, OWL.disjointWith):
            assert kinds.get(subject) == OWL.Class
            assert isinstance(value, URIRef)
            assert kinds.get(value, OWL.Class) == OWL.Class
        if predicate in (RDFS.domain, RDFS.range):
            assert kinds.get(value) == OWL.Class or str(value) in foreign, (subject, value)
            assert predicate == RDFS.domain or kinds[subject] == OWL.ObjectProperty
        if predicate in (OWL.inverseOf, OWL.propertyChainAxiom) or value in (
            OWL.TransitiveProperty,
            OWL.SymmetricProperty,
        ):
            assert kinds[subject] == OWL.ObjectProperty
        if predicate == RDFS.subPropertyOf and value in kinds:
            assert kinds[subject] == kinds[value]
    assert not set(graph.predicates()) & {
        OWL.onProperty,
        OWL.unionOf,
        OWL.hasKey,
        OWL.oneOf,
        OWL.complementOf,
        OWL.sameAs,
    }


def test_blank_nodes_stand_in_property_chains_only():
    nodes = {node for node in merged().all_nodes() if not isinstance(node, (URIRef, Literal))}
    for chain in merged().objects(None, OWL.propertyChainAxiom):
        assert all(
            terms()[str(link).removeprefix(STDORG)] == OWL.ObjectProperty for link in Collection(merged(), chain)
        )
        while chain != RDF.nil:
            nodes.discard(chain)
            chain = merged().value(chain, RDF.rest)  # noqa: PLW2901
    assert not nodes


def test_definitions_name_no_body():
    named = re.compile(r"QIT4N|ITU|ISO/|\bIEC\b|ETSI|IEEE|IETF|IRTF|\bBSI\b|TSAG|CEN")
    for predicate in (RDFS.label, SKOS.definition):
        assert not [text for text in merged().objects(None, predicate) if named.search(text)]


def test_every_term_used_anywhere_is_defined():
    used: dict[str, str] = {}
    for folder in ("ontology", "data", "shapes", "queries"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".ttl", ".rq"):
                found = re.findall(rf"(?:(?<![\w-])stdorg:|{re.escape(STDORG)})([A-Za-z]\w*)", path.read_text("utf-8"))
                used.update(dict.fromkeys(found, str(path.relative_to(ROOT))))
    assert {name: place for name, place in used.items() if name not in terms()} == {}


def test_the_alignment_only_puts_our_terms_under_those_of_others():
    for subject, predicate, value in modules()["alignment"]:
        if (subject, RDF.type, OWL.Ontology) not in modules()["alignment"]:
            assert predicate in (RDFS.subClassOf, RDFS.subPropertyOf)
            assert str(subject).startswith(STDORG)
            assert not str(value).startswith(STDORG)


@pytest.mark.parametrize(
    "term",
    [
        "http://www.w3.org/ns/prov#wasDerivedFrom",
        "http://www.w3.org/ns/org#identifier",
        "http://www.w3.org/ns/org#unitOf",
        "http://www.w3.org/ns/org#hasUnit",
        "http://www.w3.org/ns/org#FormalOrganization",
        "http://www.w3.org/ns/org#OrganizationalCollaboration",
        "http://www.w3.org/ns/org#organization",
        "http://purl.org/dc/terms/type",
    ],
)
def test_the_alignment_has_no_term_with_side_effects(term):
    assert URIRef(term) not in merged().all_nodes()


# Concepts


def test_the_schemes_and_their_concepts_are_those_agreed():
    found: dict[str, set[str]] = {}
    for concept, scheme in concepts().subject_objects(SKOS.inScheme):
        name = str(scheme).rpartition("/concept/")[2]
        found.setdefault(name, set()).add(str(concept).removeprefix(f"{scheme}/"))
    assert len(found.pop("measure")) == 10
    assert len(found.pop("subject")) == 23
    assert found == {
        "action-status": {"done", "open"},
        "announcement-channel": {"circular", "e-mail-reflector", "website"},
        "deliverable-status": {"under-development"},
        "document-kind": {
            "informative-report",
            "meeting-report",
            "progress-report",
            "technical-report",
            "terms-of-reference",
            "webinar-report",
        },
        "event-kind": {"co-location", "joint-meeting", "meeting", "workshop"},
        "event-status": {"held", "planned"},
        "exchange-type": {"comments", "expert-participation", "invitation-to-contribute"},
        "lifetime-event": {"closure", "establishment", "extension"},
        "mode": {"e-meeting", "hybrid", "physical"},
        "plan-status": {"abandoned", "moved-online", "not-conducted", "postponed", "scheduled", "unconfirmed"},
        "plan-step": {
            "accepted",
            "given-up",
            "invitation-received",
            "moved-online",
            "postponed",
            "reserved",
            "scheduled",
        },
        "proposal-status": {"preliminary"},
        "recipient-scope": {"all", "named-group"},
        "region": {"africa", "americas", "arab-states", "asia-and-the-pacific", "cis", "europe"},
        "role": {"chair", "chief-editor", "co-chair", "co-editor", "liaison-officer", "vice-chair"},
        "time-plan": {"fixed", "rotating"},
    }


def test_schemes_list_their_concepts():
    graph = concepts()
    assert set(graph.subject_objects(SKOS.hasTopConcept)) == {(o, s) for s, o in graph.subject_objects(SKOS.inScheme)}


def test_the_notation_of_a_concept_is_the_end_of_its_iri():
    for concept, code in concepts().subject_objects(SKOS.notation):
        assert str(concept).endswith(f"/{code}")


# Reasoning


def test_ontology_and_concepts_are_consistent():
    _, errors = closure(merged(), concepts())
    assert errors == []


@pytest.mark.parametrize(
    "turtle",
    [
        ":x a stdorg:Person , stdorg:Body .",
        ":x a stdorg:WorkingGroup , stdorg:Organization .",
        ":x a stdorg:Session , stdorg:Meeting .",
        ":x a stdorg:JointMeeting ; stdorg:meetingOf :g .",
        ":x a stdorg:EventPlan ; stdorg:report :r .",
        ":x stdorg:liaisonWith :b ; stdorg:agent :p .",
        ":x stdorg:mode :status . :plan stdorg:planStatus :status .",
        ":x stdorg:role :p . :p a stdorg:Person .",
        ":x stdorg:liaisonOf :g ; stdorg:liaisonWith :g .",
        ":x stdorg:chosenGraph :g ; stdorg:otherGraph :g .",
        ":x a stdorg:StatusReport , stdorg:Document .",
    ],
)
def test_a_contradiction_is_found(turtle):
    _, errors = closure(merged(), instances(turtle))
    assert errors


@pytest.mark.parametrize(
    "turtle",
    [
        ":etsi a stdorg:StandardsOrganization , stdorg:Organization . :held stdorg:affiliation :etsi .",
        ":x a stdorg:Webinar , stdorg:Workshop .",
        ":g a stdorg:SourcePassage , stdorg:OverruledGraph , stdorg:ContributionGraph .",
    ],
)
def test_what_may_overlap_is_consistent(turtle):
    _, errors = closure(merged(), instances(turtle))
    assert errors == []


WORLD = """
:ada a stdorg:Person . :firm a stdorg:Organization . :jp a stdorg:Country .
:sdo a stdorg:StandardsOrganization . :fg a stdorg:FocusGroup ; stdorg:subBodyOf :sdo ; stdorg:establishedBy :sdo .
:wg a stdorg:WorkingGroup ; stdorg:workingGroupOf :fg ; skos:notation "WG1" .
:wg-of-another a stdorg:WorkingGroup ; stdorg:workingGroupOf :sdo ; skos:notation "WG1" .
:chair a stdorg:ChairRole .
:held a stdorg:RoleHeld ; stdorg:agent :ada ; stdorg:role :chair ; stdorg:in :wg ; stdorg:affiliation :firm .
:editing a stdorg:RoleHeld ; stdorg:agent :ada ; stdorg:in :d1 .
:ada stdorg:chairs :wg ; stdorg:viceChairs :fg ; stdorg:affiliatedWith :firm ; stdorg:edits :d1 . :d1 schema:editor :ada .
:m1 a stdorg:Meeting ; stdorg:meetingOf :fg ; stdorg:report :r1 ; stdorg:hasSession :s1 .
:m1 stdorg:host :firm ; stdorg:placeCountry :jp .
:r1 a stdorg:MeetingReport . :plan a stdorg:EventPlan ; stdorg:planOf :fg ; stdorg:conductedAs :m1 ; stdorg:host :sdo .
:d1 a stdorg:Deliverable ; stdorg:producedBy :wg . :status a stdorg:StatusReport ; stdorg:reportsOn :d1 .
:liaison a stdorg:Liaison ; stdorg:liaisonOf :fg ; stdorg:liaisonWith :sdo ; stdorg:officer :ada .
:fg stdorg:hasLiaisonWith :sdo .
:extension a stdorg:LifetimeEvent ; stdorg:lifetimeOf :fg ; stdorg:decidedBy :sdo .
:passage a stdorg:SourcePassage .
"""

FOREIGN_TYPES = {
    "ada": "foaf:Agent foaf:Person prov:Agent schema:Person",
    # org:memberOf makes what has members a foaf:Group, by ORG's equivalence of its inverse with foaf:member: true and harmless.
    "firm": "foaf:Agent foaf:Group foaf:Organization org:Organization prov:Agent schema:Organization",
    "sdo": "foaf:Agent foaf:Organization org:Organization prov:Agent schema:Organization",
    "wg": "foaf:Agent foaf:Group foaf:Organization org:Organization org:OrganizationalUnit prov:Agent schema:Organization",
    "jp": "schema:Country",
    "chair": "dcat:Role org:Role skos:Concept",
    "held": "org:Membership prov:AgentInfluence prov:Attribution prov:Influence",
    "m1": "prov:Activity schema:Event",
    "s1": "prov:Activity schema:Event",
    "r1": "foaf:Document prov:Entity schema:CreativeWork schema:Report",
    "d1": "foaf:Document prov:Entity schema:CreativeWork",
    "plan": "prov:Entity prov:Plan",
    "status": "",
    "liaison": "",
    "extension": "prov:Activity",
    "passage": "prov:Entity",
}


@cache
def world() -> tuple[Graph, tuple[str, ...]]:
    published = Graph().parse(Path(__file__).with_name("published-axioms.ttl"))
    graph, errors = closure(merged(), published, instances(WORLD))
    return graph, tuple(errors)


def test_the_alignment_is_consistent_with_the_vocabularies_it_points_to():
    assert world()[1] == ()


@pytest.mark.parametrize("name", sorted(FOREIGN_TYPES))
def test_the_alignment_gives_no_unwanted_type(name):
    graph, _ = world()
    found = {
        graph.qname(kind)
        for kind in graph.objects(THING[name], RDF.type)
        if not str(kind).startswith((STDORG, str(OWL), str(RDFS)))
    }
    assert {name.replace("schema1:", "schema:") for name in found} == set(FOREIGN_TYPES[name].split())


def test_no_two_things_become_one():
    graph, _ = world()
    assert not [(s, o) for s, o in graph.subject_objects(OWL.sameAs) if s != o and str(s).startswith(THING)]


@pytest.mark.parametrize(
    ("subject", "predicate", "value"),
    [
        ("wg", STDORG.subBodyOf, "fg"),
        ("wg", STDORG.withinBody, "sdo"),
        ("fg", STDORG.hasSubBody, "wg"),
        ("wg", ORG.subOrganizationOf, "fg"),
        ("d1", STDORG.producedWithin, "wg"),
        ("d1", STDORG.producedWithin, "fg"),
        ("d1", STDORG.producedWithin, "sdo"),
        ("wg", STDORG.chairedBy, "ada"),
        ("ada", STDORG.hasRoleHeld, "held"),
        ("ada", STDORG.officerOf, "liaison"),
        ("s1", STDORG.sessionOf, "m1"),
        ("held", ORG.member, "ada"),
        ("fg", ORG.linkedTo, "sdo"),
    ],
)
def test_the_axioms_conclude_what_analysts_ask_for(subject, predicate, value):
    assert (THING[subject], predicate, THING[value]) in world()[0]


@pytest.mark.parametrize(
    ("subject", "kind"),
    [("s1", STDORG.Meeting), ("plan", STDORG.Event), ("liaison", STDORG.Agent), ("sdo", STDORG.Organization)],
)
def test_the_axioms_do_not_conclude_too_much(subject, kind):
    assert (THING[subject], RDF.type, kind) not in world()[0]
