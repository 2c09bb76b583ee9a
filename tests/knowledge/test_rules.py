"""Guards the rules written by hand (queries/rules), with the real ontology: what each concludes, and what it must not conclude."""

import calendar
import re
from datetime import date
from functools import cache
from pathlib import Path

import pytest
import rdflib
from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, parse
from rdflib.plugins.sparql import prepareQuery
from rdflib.plugins.sparql.parserutils import CompValue

from qit4n_kg.loading import SourceKind, find_sources
from qit4n_kg.loading import parse as parse_source
from qit4n_kg.reasoning.reasoner import Reasoner, compile_rules
from qit4n_kg.store.oxigraph import OxigraphStore

ROOT = Path(__file__).parents[2]
DATE = NamedNode("http://www.w3.org/2001/XMLSchema#date")
RULES = sorted((ROOT / "queries" / "rules").rglob("*.rq"))
AXIOMS = sorted((ROOT / "queries" / "axioms").rglob("*.rq"))
GRAPHS = "https://w3id.org/qit4n/graph/"
PREFIXES = """
@prefix : <https://example.org/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix schema: <https://schema.org/> .
@prefix stdorg: <https://w3id.org/stdorg/ns#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
:chair a stdorg:ChairRole . :vice a stdorg:ViceChairRole . :editor a stdorg:EditorRole . :officer a stdorg:LiaisonOfficerRole .
:ann a stdorg:Person . :bob a stdorg:Person . :group a stdorg:FocusGroup . :d1 a stdorg:Deliverable .
"""


@cache
def shipped_rules():
    sources = find_sources(ROOT, GRAPHS)
    ontology = [quad for source in sources if source.kind is SourceKind.ONTOLOGY for quad in parse_source(source)]
    return compile_rules(ontology, ROOT / "queries" / "axioms", ROOT / "queries" / "rules")


def entail(turtle):
    reasoner = Reasoner(shipped_rules())
    reasoner.add(parse((PREFIXES + turtle).encode(), RdfFormat.TURTLE))
    reasoner.run()
    return reasoner


def values(reasoner, subject, predicate):
    """Return the values of one property of one thing, sorted, local names or lexical forms."""
    found = [
        t.object.value
        for t in reasoner.triples()
        if t.subject.value.endswith(f"/{subject}") and t.predicate.value.endswith(predicate)
    ]
    return sorted(value.removeprefix("https://example.org/") for value in found)


def held(role, where, *, agent="ann", more=""):
    name = f":held-{agent}-{role}-{where}"
    return f"{name} a stdorg:RoleHeld ; stdorg:agent :{agent} ; stdorg:role :{role} ; stdorg:in :{where} {more} . "


def test_a_chair_role_in_a_body_makes_its_holder_chair():
    reasoner = entail(held("chair", "group") + held("vice", "group", agent="bob"))
    assert values(reasoner, "ann", "#chairs") == ["group"]
    assert values(reasoner, "group", "#chairedBy") == ["ann"]
    assert values(reasoner, "ann", "headOf") == ["group"]
    assert values(reasoner, "bob", "#viceChairs") == ["group"]
    assert values(reasoner, "bob", "#chairs") == values(reasoner, "ann", "#viceChairs") == []


def test_a_chair_role_in_a_deliverable_chairs_nothing():
    assert values(entail(held("chair", "d1")), "ann", "#chairs") == []


def test_an_organization_that_holds_a_role_is_not_made_a_person():
    reasoner = entail(":org a stdorg:Organization . " + held("chair", "group", agent="org"))
    assert values(reasoner, "org", "#chairs") == []


def test_an_editor_role_works_in_both_directions():
    reasoner = entail(held("editor", "d1") + held("editor", "group", agent="bob"))
    assert values(reasoner, "ann", "#edits") == ["d1"]
    assert values(reasoner, "d1", "schema.org/editor") == ["ann"]
    assert values(reasoner, "bob", "#edits") == []


def test_a_liaison_officer_belongs_to_the_liaison_named():
    reasoner = entail(
        ":l a stdorg:Liaison ; stdorg:liaisonOf :group ; stdorg:liaisonWith :b1, :b2 . :b1 a stdorg:Body . :b2 a stdorg:Body . "
        + held("officer", "group", more="; stdorg:forLiaison :l")
    )
    assert values(reasoner, "l", "#officer") == ["ann"]
    assert values(reasoner, "ann", "#officerOf") == ["l"]
    assert values(reasoner, "group", "#hasLiaisonWith") == ["b1", "b2"]
    assert values(reasoner, "group", "linkedTo") == ["b1", "b2"]


def test_affiliations_come_from_every_role_held():
    reasoner = entail(
        ":o1 a stdorg:Organization . :o2 a stdorg:Organization . "
        + held("chair", "group", more="; stdorg:affiliation :o1, :o2")
        + held("editor", "d1", agent="bob")
    )
    assert values(reasoner, "ann", "#affiliatedWith") == ["o1", "o2"]
    assert values(reasoner, "bob", "#affiliatedWith") == []


ATTESTED = '; stdorg:attestedAt "{}"^^xsd:gYearMonth'


@pytest.mark.parametrize("property_", ["schema:endDate", "stdorg:heldNotAfter"])
@pytest.mark.parametrize(
    ("end", "expected"), [("2021-10-30", []), ("2021-10-31", ["group"]), ("2022-05-01", ["group"])]
)
def test_a_role_counts_unless_it_ended_before_the_latest_attestation(property_, end, expected):
    ended = f'; {property_} "{end}"^^xsd:date'
    reasoner = entail(
        held("chair", "group", more=ATTESTED.format("2020-12") + ended)
        + held("editor", "d1", agent="bob", more=ATTESTED.format("2021-10"))
    )
    assert values(reasoner, "ann", "#chairs") == expected


@pytest.mark.parametrize(
    ("kind", "place", "more", "predicate"),
    [
        ("vice", "group", "", "#viceChairs"),
        ("editor", "d1", "", "#edits"),
        ("officer", "group", "; stdorg:forLiaison :l", "#officerOf"),
        ("chair", "group", "; stdorg:affiliation :o1", "#affiliatedWith"),
    ],
)
@pytest.mark.parametrize(("end", "still"), [("2021-10-30", False), ("2021-10-31", True)])
def test_every_shortcut_ends_with_the_role(kind, place, more, predicate, end, still):
    ended = f'; schema:endDate "{end}"^^xsd:date'
    reasoner = entail(
        ":o1 a stdorg:Organization . :l a stdorg:Liaison ; stdorg:liaisonOf :group ; stdorg:liaisonWith :b1 . :b1 a stdorg:Body . "
        + held(kind, place, more=more + ATTESTED.format("2020-12") + ended)
        + held("editor", "d2", agent="bob", more=ATTESTED.format("2021-10"))
    )
    assert bool(values(reasoner, "ann", predicate)) == still


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2014-06-01", {}),
        ("2015-12-31", {"ann": "attested for this day"}),
        ("2018-06-01", {"ann": "attested earlier, no end known"}),
        ("2019-03-31", {"ann": "attested earlier, no end known", "bea": "attested for this day"}),
        ("2023-03-15", {"ann": "attested for this day", "bea": "attested earlier, no end known"}),
        ("2024-01-01", {"ann": "attested earlier, no end known", "bea": "attested earlier, no end known"}),
    ],
)
def test_a_role_attested_twice_is_not_attested_in_between(day, expected):
    """The catalogue's `roles-as-of`, over what rules make of two attestations of one role."""
    ann = held("chair", "group", more=ATTESTED.format("2015-12") + ATTESTED.format("2023-03"))
    bea = held("chair", "group", agent="bea", more=ATTESTED.format("2019-03"))
    names = (
        ':ann rdfs:label "ann" . :bea rdfs:label "bea" . :group rdfs:label "group"@en . :chair rdfs:label "Chair"@en . '
    )
    names += ":bea a stdorg:Person . "
    reasoner = entail(names + ann + bea)
    store = OxigraphStore.in_memory()
    store.add(Quad(*triple) for triple in reasoner.triples())
    query = (ROOT / "queries/catalogue/roles-as-of.rq").read_text("utf-8")
    answer = store.query(query, bindings={"day": Literal(day, datatype=DATE)})
    rows = [dict(zip(answer.variables, row, strict=True)) for row in answer]
    assert {row["person"].value: row["basis"].value for row in rows} == expected
    assert len(rows) == len(expected)


def test_an_old_attestation_is_no_end():
    reasoner = entail(
        held("chair", "group", more=ATTESTED.format("2011-12"))
        + held("chair", "group", agent="bob", more=ATTESTED.format("2021-10"))
    )
    assert values(reasoner, "group", "#chairedBy") == ["ann", "bob"]


def test_a_stated_end_without_any_attestation_ends_nothing():
    assert values(entail(held("chair", "group", more='; schema:endDate "1999-01-01"^^xsd:date')), "ann", "#chairs") == [
        "group"
    ]


@pytest.mark.parametrize("year", [1900, 1999, 2000, 2020, 2021, 2024, 2100])
@pytest.mark.parametrize("month", [1, 2, 4, 9, 11, 12])
def test_a_month_runs_from_its_first_to_its_last_day(year, month):
    stated = f'"{year}-{month:02}"^^xsd:gYearMonth'
    reasoner = entail(
        f":e a stdorg:Event ; stdorg:statedDate {stated} . :h stdorg:attestedAt {stated} . :d1 stdorg:dueDate {stated} ."
    )
    first, last = f"{year}-{month:02}-01", date(year, month, calendar.monthrange(year, month)[1]).isoformat()
    assert values(reasoner, "e", "#notBefore") == values(reasoner, "h", "#attestedNotBefore") == [first]
    assert values(reasoner, "e", "#notAfter") == values(reasoner, "h", "#attestedNotAfter") == [last]
    assert (values(reasoner, "d1", "#dueNotBefore"), values(reasoner, "d1", "#dueNotAfter")) == ([first], [last])


@pytest.mark.parametrize(
    ("stated", "first", "last"),
    [
        ('"2021"^^xsd:gYear', ["2021-01-01"], ["2021-12-31"]),
        ('"2021-12-24"^^xsd:date', ["2021-12-24"], ["2021-12-24"]),
        ('"soon"', [], []),
        ('"12021-10"^^xsd:gYearMonth', [], []),
    ],
)
def test_other_stated_dates_have_the_bounds_that_they_allow(stated, first, last):
    reasoner = entail(f":e a stdorg:EventPlan ; stdorg:statedDate {stated} .")
    assert (values(reasoner, "e", "#notBefore"), values(reasoner, "e", "#notAfter")) == (first, last)


def test_exact_dates_are_their_own_bounds_and_go_before_stated_ones():
    reasoner = entail(
        ':e a stdorg:Meeting ; schema:startDate "2020-02-18"^^xsd:date ; schema:endDate "2020-02-20"^^xsd:date ;'
        ' stdorg:statedDate "2020"^^xsd:gYear .'
    )
    assert (values(reasoner, "e", "#notBefore"), values(reasoner, "e", "#notAfter")) == (["2020-02-18"], ["2020-02-20"])


def test_what_has_one_day_ends_on_it():
    reasoner = entail(':e a stdorg:JointMeeting ; schema:startDate "2020-04-21"^^xsd:date .')
    assert values(reasoner, "e", "#notAfter") == ["2020-04-21"]


def test_a_roles_dates_are_not_those_of_an_event():
    reasoner = entail(held("chair", "group", more='; schema:startDate "2020-04-21"^^xsd:date'))
    assert values(reasoner, "held-ann-chair-group", "#notBefore") == []


def report(name, month, more=""):
    return (
        f':{name} a stdorg:StatusReport ; stdorg:reportsOn :d1 ; stdorg:attestedAt "{month}"^^xsd:gYearMonth {more} . '
    )


def test_a_deliverables_status_is_that_of_its_latest_report():
    reasoner = entail(
        report("r1", "2021-04", "; stdorg:reportedProgress 40.0 ; stdorg:reportedStatus :draft")
        + report(
            "r2",
            "2021-10",
            '; stdorg:reportedProgress 95.0 ; stdorg:reportedStatus :final ; stdorg:reportedDueDate "2021-12"^^xsd:gYearMonth',
        )
    )
    assert [float(value) for value in values(reasoner, "d1", "#progress")] == [95]
    assert values(reasoner, "d1", "#status") == ["final"]
    assert values(reasoner, "d1", "#dueDate") == ["2021-12"]
    assert values(reasoner, "d1", "#dueNotAfter") == ["2021-12-31"]


def test_what_the_latest_report_leaves_open_stays_open():
    reasoner = entail(report("r1", "2021-04", "; stdorg:reportedProgress 40.0") + report("r2", "2021-10"))
    assert values(reasoner, "d1", "#progress") == []


# --- how the rules are written ---------------------------------------------------------------------------------------------------


def patterns(node):
    """Yield the algebra's nodes, depth first."""
    if isinstance(node, CompValue):
        yield node
        for child in node.values():
            yield from patterns(child)
    elif isinstance(node, list | tuple):
        for child in node:
            yield from patterns(child)


def algebra(path):
    return list(patterns(prepareQuery(path.read_text()).algebra))


def header(path, name):
    found = re.search(rf"^# {name}: (.*)$", path.read_text(), re.MULTILINE)
    return found[1] if found else None


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_a_rule_names_no_thing_of_an_instance(path):
    assert "w3id.org/qit4n" not in path.read_text()
    assert not re.search(r"\bNOW\s*\(|\bRAND\s*\(|UUID\s*\(|BNODE\s*\(", path.read_text())


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_a_rule_names_every_property_that_it_looks_for(path):
    """A rule is run again when a property or class that its text names has new triples, so none may hide in a variable."""
    if header(path, "triggers") == "any":
        return
    bound = {str(v) for node in algebra(path) if node.name == "values" for row in node.res for v in row}
    for node in algebra(path):
        for _, predicate, obj in node.get("triples") or () if node.name == "BGP" else ():
            assert not isinstance(predicate, rdflib.Variable)
            is_open_class = predicate == rdflib.RDF.type and isinstance(obj, rdflib.Variable)
            assert not is_open_class or str(obj) in bound


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_a_rule_that_is_not_monotone_is_in_a_higher_stratum(path):
    kinds = {node.name for node in algebra(path)}
    if kinds & {"LeftJoin", "Minus", "Builtin_NOTEXISTS", "Builtin_EXISTS", "AggregateJoin", "Builtin_BOUND"}:
        assert int(header(path, "stratum") or 1) > 1


@pytest.mark.parametrize("path", AXIOMS, ids=lambda path: path.stem)
def test_a_template_that_sees_only_new_triples_joins_nothing(path):
    if header(path, "linear") == "true":
        groups = [node for node in algebra(path) if node.name == "BGP"]
        assert all(len(node.triples) == 1 for node in groups)
        assert {node.name for node in algebra(path)} <= {"ConstructQuery", "Project", "Union", "BGP", "Query"}
    else:
        assert any(len(node.triples) > 1 for node in algebra(path) if node.name == "BGP")


def test_what_a_higher_stratum_concluded_still_follows_at_the_end(knowledge):
    """Otherwise a rule's negation looked at something that a later rule concluded: its stratum is too low."""
    reasoner = Reasoner(shipped_rules())
    reasoner.add(quad for quad in knowledge.store if not hasattr(quad.graph_name, "value"))
    reasoner.run()
    strict = [rule for rule in reasoner.rules if rule.stratum > 1]
    assert len(strict) >= 7
    for rule in strict:
        assert set(reasoner.entailed.get(rule.id, ())) <= reasoner.construct(rule)


def test_every_rule_that_the_shipped_data_calls_for_concludes_something(knowledge):
    reasoner = Reasoner(shipped_rules())
    reasoner.add(quad for quad in knowledge.store if not hasattr(quad.graph_name, "value"))
    reasoner.run()
    idle = {path.stem for path in RULES} - set(reasoner.entailed)
    assert idle <= {"single-days"}
