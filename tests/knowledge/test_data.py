"""The data files: each describes its own graph, everything named is defined, codes are real, and contradictions are explained."""

from __future__ import annotations

import re
import unicodedata

import pycountry
import pyoxigraph
from pyoxigraph import BlankNode, Literal, NamedNode

ID = "https://w3id.org/qit4n/id/"
GRAPHS = "https://w3id.org/qit4n/graph/"
STDORG = "https://w3id.org/stdorg/ns#"
LABEL = NamedNode("http://www.w3.org/2000/01/rdf-schema#label")
TYPE = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")

CONTEXT = {  # said by a table as a whole or by how its records hang together, so no field of a table fills them
    TYPE.value,
    "attestedAt",
    "byVirtueOf",
    "eventStatus",
    "in",
    "meetingOf",
    "ordinal",
    "partOfSeries",
    "planOf",
    "plannedKind",
    "producedBy",
    "proposalStatus",
    "reportedStatus",
    "reportsOn",
    "represents",
    "https://schema.org/organizer",
    "workingGroupOf",
}

IDENTIFIERS = {  # ROR, Wikidata; nothing else could be verified
    "organization/caict": ("038dte259", ""),
    "organization/china-telecom": ("05p67dv18", "Q24834296"),
    "organization/harrisburg-university-of-science-and-technology": ("02g0s4z48", "Q5665307"),
    "organization/huawei": ("00cmhce21", "Q160120"),
    "organization/kt": ("043n4tt17", "Q485908"),
    "organization/l3harris-technologies": ("05fhwtx59", "Q30291091"),
    "organization/nict": ("016bgq349", "Q6973676"),
    "organization/nist": ("05xpvk416", "Q176691"),
    "organization/nus": ("01tgyzw49", "Q738236"),
    "organization/shanghai-jiao-tong-university": ("0220qvk04", "Q525169"),
    "organization/ustc": ("04c4dkn09", "Q1074103"),
    "organization/zte": ("00rjhhq63", "Q136484"),
    "body/etsi": ("00pwny267", "Q899383"),
    "body/ieee": ("01n002310", "Q131566"),
    "body/iso": ("004s85t07", "Q15028"),
}


def slug(text: str) -> str:
    """Return a name's slug: nickname in brackets dropped, ASCII letters and digits, hyphens between."""
    plain = unicodedata.normalize("NFKD", re.sub(r"\([^)]*\)", "", text)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


# The files


def test_every_file_describes_the_graph_that_follows_from_its_path_and_no_other(knowledge):
    for graph, triples in knowledge.triples.items():
        described = {t.subject for t in triples if t.subject.value.startswith(GRAPHS)}
        assert described == {graph}, knowledge.files[graph]
        types = {t.object.value.removeprefix(STDORG) for t in triples if t.subject == graph and t.predicate == TYPE}
        is_evidence = not graph.value.startswith((GRAPHS + "reference/", GRAPHS + "registry/"))
        assert types - {"OverruledGraph"} == {"SourcePassage" if is_evidence else "ReferenceGraph"}, knowledge.files[
            graph
        ]


def test_every_passage_names_document_and_section_and_its_label_is_its_own(knowledge):
    passages = """SELECT ?g ?label WHERE { ?g a stdorg:SourcePassage ; rdfs:label ?label ; dcterms:source ?d ;
        stdorg:section ?s }"""
    rows = knowledge.select(passages)
    assert len(rows) == sum("/progress-report-2021-10/" in graph.value for graph in knowledge.files)
    assert len({label for _, label in rows}) == len(rows)


def test_a_passage_of_a_table_names_the_table_of_its_folder_and_a_row_or_column(knowledge):
    rows = knowledge.select(
        """SELECT ?g ?table ?row ?column WHERE { ?g a stdorg:SourcePassage OPTIONAL { ?g stdorg:table ?table }
            OPTIONAL { ?g stdorg:row ?row } OPTIONAL { ?g stdorg:column ?column } }"""
    )
    for graph, table, row, column in rows:
        folder = graph.split("/")[1]
        is_table = folder.startswith(("table-", "annex-"))
        assert table.lower().replace(" ", "-") == (folder if is_table else ""), graph
        assert bool(row or column) == is_table, graph


def test_a_passage_states_a_role_held_in_whole(knowledge):
    in_part = """SELECT ?g ?r WHERE { GRAPH ?g { ?r a stdorg:RoleHeld } FILTER NOT EXISTS { GRAPH ?g {
        ?r stdorg:agent ?p ; stdorg:role ?role ; stdorg:in ?in ; stdorg:attestedAt ?at } } }"""
    assert knowledge.select(in_part) == []
    unnamed = """SELECT ?g ?r WHERE { GRAPH ?g { ?r a stdorg:RoleHeld }
        FILTER NOT EXISTS { GRAPH ?g { ?r stdorg:byVirtueOf ?other } }
        FILTER NOT EXISTS { GRAPH ?g { ?r stdorg:nameAsStated ?name ; stdorg:honorific ?honorific ;
            stdorg:affiliation ?o ; stdorg:affiliationAsStated ?text . ?o a stdorg:Organization } } }"""
    assert knowledge.select(unnamed) == []


def test_no_file_has_a_blank_node(knowledge):
    for graph, triples in knowledge.triples.items():
        assert not any(isinstance(term, BlankNode) for t in triples for term in t), knowledge.files[graph]


def test_no_file_states_the_same_thing_twice_or_says_nothing(knowledge):
    for graph, triples in knowledge.triples.items():
        assert len(set(triples)) == len(triples), knowledge.files[graph]
        assert any(t.subject != graph for t in triples), knowledge.files[graph]


def test_files_begin_with_the_base_and_sorted_prefixes_that_are_used(knowledge):
    for path in knowledge.files.values():
        text = path.read_text(encoding="utf-8")
        head, _, body = text.partition("\n\n")
        base, *prefixes = head.splitlines()
        names = [re.fullmatch(r"@prefix (\w+): <[^>]+> \.", line).group(1) for line in prefixes]
        assert base == f"@base <{ID}> .", path
        assert names == sorted(names), path
        assert all(f"{name}:" in body for name in names), path
        assert text.endswith(" .\n"), path
        assert "\t" not in text, path
        assert all(line == line.rstrip() for line in text.splitlines()), path


# Names


def test_everything_named_has_a_type_and_exactly_one_label_in_force(knowledge):
    labelled, typed, used = {}, set(), set()
    for quad in knowledge.store.quads_for_pattern(None, None, None, pyoxigraph.DefaultGraph()):
        used |= {
            term
            for term in (quad.subject, quad.object)
            if isinstance(term, NamedNode) and term.value.startswith((ID, GRAPHS))
        }
        if quad.predicate == TYPE:
            typed.add(quad.subject)
        if quad.predicate == LABEL:
            labelled.setdefault(quad.subject, []).append(quad.object)
    assert sorted(term.value for term in used - typed) == []
    assert sorted(term.value for term in used if len(labelled.get(term, [])) != 1) == []


def test_reference_files_give_names_to_nothing_that_no_statement_uses(knowledge):
    unused = """SELECT ?thing WHERE { ?thing rdfs:label ?label
        FILTER(isIRI(?thing) && STRSTARTS(STR(?thing), "https://w3id.org/qit4n/id/"))
        FILTER NOT EXISTS { ?thing ?p ?o FILTER(?p NOT IN (rdfs:label, skos:altLabel)) } }"""
    assert knowledge.column(unused) == []


def test_labels_of_people_are_plain_and_all_other_labels_and_texts_are_english(knowledge):
    texts = ("rdfs:label", "skos:altLabel", "dcterms:title", "dcterms:description", "stdorg:objective", "stdorg:reason")
    rows = knowledge.select(
        f"""SELECT ?s (LANG(?text) AS ?lang) WHERE {{ VALUES ?p {{ {" ".join(texts)} }} ?s ?p ?text
            FILTER(isLiteral(?text)) }}"""
    )
    assert {lang for thing, lang in rows if thing.startswith("person/")} == {""}
    assert {lang for thing, lang in rows if not thing.startswith("person/")} == {"en"}


def test_labels_are_distinct_among_things_of_the_same_type(knowledge):
    repeated = """SELECT ?type ?label WHERE { ?s a ?type ; rdfs:label ?label } GROUP BY ?type ?label
        HAVING (COUNT(DISTINCT ?s) > 1)"""
    assert knowledge.select(repeated) == []


def test_slugs_follow_from_names_codes_and_numbers(knowledge):
    for person, label in knowledge.select("SELECT ?p ?label WHERE { ?p a stdorg:Person ; rdfs:label ?label }"):
        assert person == f"person/{slug(label)}"
    for country, code in knowledge.select("SELECT ?c ?code WHERE { ?c a stdorg:Country ; skos:notation ?code }"):
        assert country == f"country/{code.lower()}"
    for thing, code in knowledge.select("SELECT ?d ?code WHERE { ?d a stdorg:Deliverable ; skos:notation ?code }"):
        assert thing == f"fg-qit4n/deliverable/{code.lower()}"
    for thing, number in knowledge.select("SELECT ?m ?n WHERE { ?m a stdorg:Meeting ; stdorg:number ?n }"):
        assert thing == f"fg-qit4n/meeting/{number}"
    for thing, code in knowledge.select("SELECT ?d ?code WHERE { ?d a stdorg:MeetingReport ; skos:notation ?code }"):
        assert thing == f"fg-qit4n/document/{code.lower()}"


def test_a_role_held_is_named_by_where_it_is_held_the_role_and_the_person(knowledge):
    rows = knowledge.select(
        """SELECT ?held ?place ?role ?person WHERE {
            ?held a stdorg:RoleHeld ; stdorg:role ?role ; stdorg:agent ?person
            OPTIONAL { ?held stdorg:forLiaison ?liaison } OPTIONAL { ?held stdorg:in ?in }
            BIND(COALESCE(?liaison, ?in) AS ?place) }"""
    )
    for held, place, role, person in rows:
        assert held == f"{place}/role/{role.removeprefix('concept/role/')}/{person.removeprefix('person/')}"


def test_a_label_of_a_role_held_begins_with_the_name_of_its_holder(knowledge):
    rows = knowledge.select("SELECT ?l ?n WHERE { ?held stdorg:agent ?p ; rdfs:label ?l . ?p rdfs:label ?n }")
    assert len(rows) == 55
    assert all(label.startswith(f"{name}, ") for label, name in rows)


def test_names_are_split_into_given_and_family_name(knowledge):
    rows = knowledge.select(
        """SELECT ?p ?l ?given ?family WHERE { ?p a stdorg:Person ; rdfs:label ?l ; foaf:familyName ?family
            OPTIONAL { ?p foaf:givenName ?given } }"""
    )
    assert len(rows) == 32
    for person, label, given, family in rows:
        if person != "person/k-karunaratne":
            assert re.sub(r" \([^)]*\)", "", label) == f"{given} {family}"


# Codes and links


def test_every_country_code_exists_in_iso_3166(knowledge):
    for code in knowledge.column("SELECT ?code WHERE { ?c a stdorg:Country ; skos:notation ?code }"):
        assert pycountry.countries.get(alpha_2=code), code


def test_country_labels_are_names_of_their_code(knowledge):
    rows = knowledge.select(
        "SELECT ?code ?name WHERE { ?c a stdorg:Country ; skos:notation ?code ; rdfs:label|skos:altLabel ?name }"
    )
    by_hand = {("KR", "Korea (Rep. of)"), ("KR", "Republic of Korea"), ("RU", "Russia"), ("US", "USA")}
    for code, name in set(rows) - by_hand:
        country = pycountry.countries.get(alpha_2=code)
        assert name in {country.name, getattr(country, "common_name", None), getattr(country, "official_name", None)}


def test_links_to_other_registries_are_the_verified_ones(knowledge):
    rows = knowledge.select("SELECT ?thing ?match WHERE { ?thing skos:exactMatch ?match }")
    wanted = set()
    for thing, (ror, wikidata) in IDENTIFIERS.items():
        wanted.add((thing, f"https://ror.org/{ror}"))
        if wikidata:
            wanted.add((thing, f"http://www.wikidata.org/entity/{wikidata}"))
    assert set(rows) == wanted


# How statements, tables and contradictions fit together


def test_every_term_used_is_defined_in_the_ontology(knowledge):
    defined = set()
    for path in sorted((knowledge.folder.parent / "ontology").glob("*.ttl")):
        triples = pyoxigraph.parse(path.read_bytes(), pyoxigraph.RdfFormat.TURTLE)
        defined |= {t.subject.value for t in triples if t.predicate == TYPE}
    terms = {term.value for ts in knowledge.triples.values() for t in ts for term in t if isinstance(term, NamedNode)}
    assert sorted(term for term in terms if term.startswith(STDORG) and term not in defined) == []


def test_every_overruled_graph_is_explained_by_a_discrepancy_and_the_other_way_round(knowledge):
    overruled = set(knowledge.column("SELECT ?g WHERE { ?g a stdorg:OverruledGraph }"))
    assert overruled == set(knowledge.column("SELECT ?g WHERE { ?d a stdorg:Discrepancy ; stdorg:otherGraph ?g }"))
    assert not overruled & set(knowledge.column("SELECT ?g WHERE { ?d a stdorg:Discrepancy ; stdorg:chosenGraph ?g }"))


def test_a_discrepancy_names_two_graphs_that_state_different_values_and_the_chosen_one_is_in_force(knowledge):
    rows = knowledge.select(
        """SELECT DISTINCT ?d WHERE { ?d a stdorg:Discrepancy ; stdorg:about ?about ; stdorg:onProperty ?p ;
            stdorg:chosenGraph ?g ; stdorg:otherGraph ?h
            GRAPH ?g { ?about ?p ?one } GRAPH ?h { ?about ?p ?two }
            FILTER(?one != ?two) FILTER EXISTS { ?about ?p ?one } FILTER NOT EXISTS { ?about ?p ?two } }"""
    )
    assert len(rows) == len(set(knowledge.column("SELECT ?d WHERE { ?d a stdorg:Discrepancy }"))) == 17


def test_an_overruled_graph_states_nothing_that_the_graphs_in_force_state(knowledge):
    agreeing = """SELECT ?g ?s ?p WHERE { ?g a stdorg:OverruledGraph GRAPH ?g { ?s ?p ?o } ?s ?p ?o
        FILTER(?s != ?g && ?p != <http://www.w3.org/1999/02/22-rdf-syntax-ns#type>) }"""
    assert knowledge.select(agreeing) == []


def test_every_property_that_a_table_fills_has_a_field(knowledge):
    rows = knowledge.select(
        """SELECT DISTINCT ?table ?p WHERE { ?g a stdorg:SourcePassage ; stdorg:table ?table GRAPH ?g { ?s ?p ?o }
            FILTER(?s != ?g) FILTER NOT EXISTS { ?f a stdorg:TableField ; stdorg:fieldInTable ?table ;
            stdorg:fieldProperty ?p } }"""
    )
    assert [row for row in rows if row[1].removeprefix(STDORG) not in CONTEXT] == []


def test_every_field_s_property_is_used_in_its_table(knowledge):
    unused = """SELECT ?f ?p WHERE { ?f a stdorg:TableField ; stdorg:fieldInTable ?table ; stdorg:fieldProperty ?p
        FILTER NOT EXISTS { ?g stdorg:table ?table GRAPH ?g { ?s ?p ?o } } }"""
    assert knowledge.select(unused) == []


def test_no_artefact_of_the_source_s_conversion_is_left(knowledge):
    for graph, triples in knowledge.triples.items():
        for text in (t.object.value for t in triples if isinstance(t.object, Literal)):
            assert not re.search(r"bookmark|_Hlk|\s{2}|^\s|\s$|[\t\n\xa0·]", text), (knowledge.files[graph], text)
