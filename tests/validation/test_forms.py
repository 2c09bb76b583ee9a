"""Guards what a form shows: the fields of a class from the shapes, what a field can say, and how a new thing is identified."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph
import pytest
from pyoxigraph import Literal, NamedNode

from qit4n_kg.errors import NotFoundError
from qit4n_kg.namespaces import DCTERMS, FOAF, RDFS, SH, SKOS, STDORG, XSD
from qit4n_kg.slugs import fill, slug
from qit4n_kg.validation.fields import fields_of, shapes_graph
from qit4n_kg.validation.forms import MOST_LISTED, FormMaker, can_say
from qit4n_kg.validation.identifiers import learn_pattern
from qit4n_kg.validation.model import SUBCLASS, TYPE
from qit4n_kg.validation.shapes import load_shapes
from qit4n_kg.validation.suggesting import Suggester
from qit4n_kg.validation.tables import Reading
from qit4n_kg.validation.views import MemoryView

BASE = "https://w3id.org/qit4n/"
ID = f"{BASE}id/"
LABEL = NamedNode(f"{RDFS}label")
MEETING, PERSON, ORGANIZATION, ROLE_HELD, WORKING_GROUP, BODY, DOCUMENT, EVENT, REPORT = (
    NamedNode(STDORG + name)
    for name in (
        "Meeting",
        "Person",
        "Organization",
        "RoleHeld",
        "WorkingGroup",
        "Body",
        "Document",
        "Event",
        "MeetingReport",
    )
)
AXIOMS = MemoryView.of(
    [
        (MEETING, SUBCLASS, EVENT),
        (WORKING_GROUP, SUBCLASS, NamedNode(f"{STDORG}Group")),
        (NamedNode(f"{STDORG}Group"), SUBCLASS, BODY),
        (REPORT, SUBCLASS, DOCUMENT),
    ]
)


def thing(local):
    return NamedNode(ID + local)


def term(name):
    return NamedNode(STDORG + name)


FOCUS = thing("fg-qit4n")
WORLD = [
    (FOCUS, TYPE, term("Group")),
    (FOCUS, LABEL, Literal("FG QIT4N", language="en")),
    *(
        statement
        for number in (1, 2, 3)
        for statement in (
            (thing(f"fg-qit4n/meeting/{number}"), TYPE, MEETING),
            (thing(f"fg-qit4n/meeting/{number}"), LABEL, Literal(f"Meeting {number}", language="en")),
            (thing(f"fg-qit4n/meeting/{number}"), term("meetingOf"), FOCUS),
            (thing(f"fg-qit4n/meeting/{number}"), term("number"), Literal(number)),
            (thing(f"fg-qit4n/meeting/{number}"), term("participants"), Literal(50 + number)),
        )
    ),
    (thing("person/ada-byron"), TYPE, PERSON),
    (thing("person/ada-byron"), LABEL, Literal("Ada Byron")),
    (thing("person/ada-byron"), NamedNode(f"{FOAF}mbox"), NamedNode("mailto:ada@example.org")),
    (thing("person/ada-byron"), LABEL, Literal("Ada Byron, by a label that no person has", language="en")),
    (thing("fg-qit4n/role/chair/ada-byron"), TYPE, ROLE_HELD),
    (thing("fg-qit4n/role/chair/ada-byron"), term("agent"), thing("person/ada-byron")),
    (thing("fg-qit4n/role/chair/ada-byron"), term("role"), thing("concept/role/chair")),
    (thing("fg-qit4n/role/chair/ada-byron"), term("in"), FOCUS),
]


@pytest.fixture(scope="module")
def shapes():
    return load_shapes(Path(__file__).parents[2] / "shapes").merged


@pytest.fixture
def maker(shapes):
    return maker_of(shapes, WORLD)


def maker_of(shapes, world):
    data = MemoryView.of(world)
    follows = {term("affiliatedWith"), term("chairs"), term("hasRoleHeld")}
    return FormMaker(Reading(shapes, AXIOMS, BASE, Suggester(data, shapes)), data, follows.__contains__)


def fields(shapes, kind):
    return {field.column.code: field for field in fields_of(shapes, kind, AXIOMS)}


# --- fields


def test_the_name_comes_first_then_the_class_own_fields_in_the_order_of_the_shapes(shapes):
    assert list(fields(shapes, MEETING))[:4] == ["rdfs:label", "stdorg:meetingOf", "stdorg:number", "stdorg:final"]
    assert list(fields(shapes, ROLE_HELD))[:5] == [
        "rdfs:label",
        "stdorg:agent",
        "stdorg:role",
        "stdorg:in",
        "stdorg:attestedAt",
    ]


def test_an_english_label_is_needed_where_the_shapes_ask_for_one(shapes):
    assert fields(shapes, MEETING)["rdfs:label"].is_required
    assert fields(shapes, MEETING)["rdfs:label"].has_language
    assert fields(shapes, PERSON)["rdfs:label"].column.most == 1


def test_what_anything_may_have_comes_last_and_constrains_what_is_there(shapes):
    found = fields(shapes, WORKING_GROUP)
    assert found["dcterms:description"].is_general
    assert "dcterms:description" in list(found)[-6:]
    assert dict(found["skos:notation"].facets)["maxLength"] == Literal(40)


def test_paths_of_several_steps_and_inverse_ones_are_no_fields_but_each_of_alternatives_is(shapes):
    found = fields(shapes, WORKING_GROUP)
    assert found["stdorg:workingGroupOf"].column.kinds == (BODY,)
    assert not found["stdorg:workingGroupOf"].is_required
    assert "stdorg:sessionOf" not in fields(shapes, MEETING)


def test_a_property_that_the_shapes_forbid_is_no_field(shapes):
    assert not {"org:identifier", "org:unitOf", "dcterms:type"} & fields(shapes, BODY).keys()


def test_the_types_of_a_thing_are_no_field(shapes):
    assert all("rdf:type" not in fields(shapes, kind) for kind in (MEETING, PERSON, DOCUMENT))


def test_the_forms_shapes_say_nothing_but_what_a_field_can_check(shapes):
    text = shapes_graph([(PERSON, fields_of(shapes, PERSON, AXIOMS))])
    triples = list(pyoxigraph.parse(text, pyoxigraph.RdfFormat.N_TRIPLES))
    said = {t.predicate.value.removeprefix(SH) for t in triples if t.predicate.value.startswith(SH)}
    assert said <= {
        "property",
        "path",
        "name",
        "message",
        "minCount",
        "maxCount",
        "datatype",
        "nodeKind",
        "pattern",
        "maxLength",
    }
    paths = [t.object.value for t in triples if t.predicate.value == f"{SH}path"]
    assert paths[0] == LABEL.value
    assert f"{SKOS}altLabel" in paths
    assert len(paths) == len(set(paths))


@pytest.mark.parametrize(
    ("kind", "code", "value", "expected"),
    [
        (PERSON, "rdfs:label", Literal("Ada"), True),
        (PERSON, "rdfs:label", Literal("Ada", language="en"), False),
        (PERSON, "rdfs:label", Literal(" Ada"), False),
        (PERSON, "rdfs:label", Literal("Ada\nByron"), False),
        (MEETING, "rdfs:label", Literal("Treffen", language="de"), True),
        (MEETING, "rdfs:label", Literal("Treffen"), False),
        (MEETING, "stdorg:number", Literal(7), True),
        (MEETING, "stdorg:number", Literal("7"), False),
        (MEETING, "stdorg:number", Literal("x", datatype=NamedNode(f"{XSD}integer")), False),
        (MEETING, "stdorg:statedDate", Literal("2021-03", datatype=NamedNode(f"{XSD}gYearMonth")), True),
        (MEETING, "stdorg:meetingOf", FOCUS, True),
        (MEETING, "stdorg:meetingOf", Literal("FG QIT4N"), False),
        (MEETING, "stdorg:number", FOCUS, False),
        (WORKING_GROUP, "stdorg:objective", Literal("One\ntwo", language="en"), True),
    ],
)
def test_a_field_shows_only_what_it_gives_back_the_same(shapes, kind, code, value, expected):
    assert can_say(fields(shapes, kind)[code], value) is expected


# --- forms


def test_a_form_shows_what_it_can_say_and_names_what_it_keeps(maker):
    told = maker.read("", thing("person/ada-byron"))
    assert told["kind"]["name"] == "Person"
    assert told["statements"] == [[LABEL.value, '"Ada Byron"']]
    assert sorted(told["kept"]) == sorted(
        [
            [f"{FOAF}mbox", "mailto:ada@example.org"],
            [LABEL.value, "Ada Byron, by a label that no person has"],
        ]
    )


def test_what_only_follows_by_rules_is_no_field(maker):
    assert f"{STDORG}affiliatedWith" not in maker.read("Person", None)["classes"][PERSON.value]["fields"]


def test_fields_that_are_seldom_used_come_second_and_those_that_hold_something_first(maker):
    told = maker.read("", thing("fg-qit4n/meeting/1"))["classes"][MEETING.value]["fields"]
    assert told[f"{STDORG}participants"]["first"]
    assert not told[f"{STDORG}viewerCountries"]["first"]
    assert told[f"{STDORG}meetingOf"]["required"]


def test_few_things_are_listed_by_name_and_many_are_searched(shapes):
    listed = maker_of(shapes, WORLD).read("Meeting", None)["lists"]
    assert listed[BODY.value] == [[FOCUS.value, "FG QIT4N"]]
    people = [(thing(f"person/{number}"), TYPE, PERSON) for number in range(MOST_LISTED + 1)]
    assert PERSON.value not in maker_of(shapes, people).read("RoleHeld", None)["lists"]


def test_a_new_thing_inside_a_form_has_what_it_needs_and_no_terms_of_closed_lists_are_made(maker):
    told = maker.read("RoleHeld", None)
    kinds = {
        kind["name"]: kind["new"]
        for field in told["classes"][ROLE_HELD.value]["fields"].values()
        for kind in field["kinds"]
    }
    assert kinds["Person"]
    assert LABEL.value in told["classes"][PERSON.value]["fields"]


@pytest.mark.parametrize("name", ["Agent", "NamedGraph", "SourcePassage", "Nothing", ""])
def test_there_is_no_form_for_graphs_and_for_what_has_no_name(maker, name):
    with pytest.raises(NotFoundError):
        maker.read(name, None)


def test_there_is_no_form_for_a_thing_of_which_nothing_is_stated(maker):
    with pytest.raises(NotFoundError, match="no shape is about that"):
        maker.read("", thing("person/nobody"))


# --- identifiers


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("Person", f"person/{{{LABEL.value}}}"),
        ("Meeting", f"{{{STDORG}meetingOf}}/meeting/{{{STDORG}number}}"),
        ("RoleHeld", f"{{{STDORG}in}}/role/{{{STDORG}role}}/{{{STDORG}agent}}"),
        ("Organization", None),
    ],
)
def test_the_pattern_of_identifiers_is_learnt_from_what_is_there(maker, name, pattern):
    told = maker.read(name, None)
    assert told["classes"][told["kind"]["iri"]]["pattern"] == pattern


def test_things_that_are_named_by_no_rule_have_no_pattern():
    data = MemoryView.of([(thing("x/1"), LABEL, Literal("Ada")), (thing("y"), LABEL, Literal("Bo"))])
    assert learn_pattern([thing("x/1"), thing("y")], data, ID, [LABEL]) is None


def test_an_identifier_is_filled_with_whole_identifiers_at_its_beginning_and_last_parts_elsewhere():
    pattern = f"{{{STDORG}in}}/role/{{{STDORG}role}}/{{{STDORG}agent}}"
    values = {
        f"{STDORG}in": f"{ID}fg-qit4n/wg1",
        f"{STDORG}role": f"{ID}concept/role/co-chair",
        f"{STDORG}agent": f"{ID}person/ada-byron",
    }
    assert fill(pattern, values, ID) == "fg-qit4n/wg1/role/co-chair/ada-byron"
    assert fill(pattern, values | {f"{STDORG}agent": ""}, ID) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Łukasz  Ångström", "lukasz-angstrom"),
        ("D2.3.1", "d2.3.1"),
        ("O'Neil, J.", "o-neil-j"),
        ("張強", ""),
        ("../../x", "x"),
        ("ﬁ ß", "fi-ss"),
    ],
)
def test_a_slug_has_small_latin_letters_digits_dots_and_hyphens(text, expected):
    assert slug(text) == expected


def test_a_description_field_is_long(shapes):
    assert fields(shapes, DOCUMENT)["dcterms:description"].is_long
    assert not fields(shapes, DOCUMENT)["rdfs:label"].is_long
    assert f"{DCTERMS}description" in {field.column.predicate.value for field in fields_of(shapes, PERSON, AXIOMS)}
