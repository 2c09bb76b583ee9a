"""Edits of Turtle texts: each statement goes and comes in its place, and nothing else of the text changes."""

import difflib
import random

import pytest
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, parse
from tests.conftest import ROOT

from qit4n_kg.namespaces import PREFIXES
from qit4n_kg.turtle.editing import edit_turtle, write_turtle
from qit4n_kg.turtle.formatting import format_turtle

GRAPH = "https://w3id.org/qit4n/graph/reference/people"
ID = "https://w3id.org/qit4n/id/"
TEXT = """# Who is who.

@base <https://w3id.org/qit4n/id/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix stdorg: <https://w3id.org/stdorg/ns#> .

<person/ana>
    a stdorg:Person ;
    # Given first.
    rdfs:label "Ana Bo" ;
    foaf:givenName "Ana" ;
    foaf:familyName "Bo" .

<person/cem>
    a stdorg:Person ;
    rdfs:label "Cem Do" ;  # as printed
    foaf:familyName "Do" .
"""


def turtle(text):
    prefixes = "\n".join(f"@prefix {name}: <{iri}> ." for name, iri in PREFIXES.items())
    return [quad.triple for quad in parse(f"@base <{ID}> .\n{prefixes}\n{text}", RdfFormat.TURTLE)]


def edit(gone="", come="", text=TEXT):
    return edit_turtle(text, turtle(gone), turtle(come), GRAPH, PREFIXES)


def lines(before, after):
    """The lines that go and come."""
    found = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line[0] + line[2:].strip() for line in found if line[0] in "+-"]


def test_a_value_takes_the_place_of_another():
    after = edit('<person/cem> rdfs:label "Cem Do" .', '<person/cem> rdfs:label "Cem Du" .')
    assert lines(TEXT, after) == ['-rdfs:label "Cem Do" ;  # as printed', '+rdfs:label "Cem Du" ;  # as printed']


def test_a_property_comes_where_other_things_have_it():
    after = edit(come='<person/cem> foaf:givenName "Cem" .')
    assert lines(TEXT, after) == ['+foaf:givenName "Cem" ;']


def test_a_renamed_thing_keeps_its_place_and_its_comments():
    statements = '<person/%s> a stdorg:Person ; rdfs:label "Ana Bo" ; foaf:givenName "Ana" ; foaf:familyName "Bo" .'
    assert lines(TEXT, edit(statements % "ana", statements % "zoe")) == ["-<person/ana>", "+<person/zoe>"]


def test_a_new_thing_stands_among_its_like():
    after = edit(come='<person/bea> rdfs:label "Bea" .')
    assert after.index("<person/ana>") < after.index("<person/bea>") < after.index("<person/cem>")


def test_comments_of_what_goes_stay():
    after = edit('<person/ana> rdfs:label "Ana Bo" .')
    assert lines(TEXT, after) == ['-rdfs:label "Ana Bo" ;']
    everything = '<person/cem> a stdorg:Person ; rdfs:label "Cem Do" ; foaf:familyName "Do" .'
    assert edit(everything).endswith("\n\n# as printed\n")


def test_a_prefix_comes_and_goes_with_its_last_use():
    after = edit(come='<person/cem> skos:altLabel "C" .')
    assert "+@prefix skos: <http://www.w3.org/2004/02/skos/core#> ." in lines(TEXT, after)
    assert edit('<person/cem> skos:altLabel "C" .', text=after) == TEXT
    assert "@prefix rdf:" not in after


def test_a_prefix_that_means_something_else_here_is_not_used():
    text = TEXT.replace("foaf:", "skos:")
    after = edit(come='<person/cem> skos:altLabel "C" .', text=text)
    assert '<http://www.w3.org/2004/02/skos/core#altLabel> "C"' in after


def test_an_iri_below_the_base_that_would_not_come_back_is_written_in_full():
    for iri in (f"{ID}a/../b", f"{ID}/x", f"{ID}a:b", ID, f"{ID}a?b", f"{ID}a#b"):
        triple = Triple(NamedNode(iri), NamedNode(f"{PREFIXES['rdfs']}label"), Literal("x"))
        assert f"<{iri}>\n" in edit_turtle(TEXT, (), [triple], GRAPH, PREFIXES)


def test_a_text_whose_prefixes_change_is_not_edited():
    assert edit(come='<person/cem> rdfs:label "x" .', text=TEXT + "\n@prefix foaf: <x:> .\n<a> foaf:b 1 .\n") is None


def test_a_new_text_begins_with_its_graph_and_has_only_the_prefixes_that_it_uses():
    stated = turtle(
        f'<person/x> stdorg:number 5 ; a stdorg:Person . <{GRAPH}> a stdorg:ReferenceGraph ; rdfs:label "P"@en .'
    )
    assert write_turtle(stated, GRAPH, ID, PREFIXES) == (
        f"@base <{ID}> .\n"
        "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
        "@prefix stdorg: <https://w3id.org/stdorg/ns#> .\n\n"
        f'<{GRAPH}>\n    a stdorg:ReferenceGraph ;\n    rdfs:label "P"@en .\n\n'
        "<person/x>\n    a stdorg:Person ;\n    stdorg:number 5 .\n"
    )


SHIPPED = pytest.mark.parametrize("path", random.Random(7).sample(sorted((ROOT / "data").rglob("*.ttl")), 12), ids=str)


def shipped(path):
    """A file's text, its graph and its statements."""
    graph = f"https://w3id.org/qit4n/graph/{path.relative_to(ROOT / 'data').with_suffix('')}"
    text = path.read_text()
    return text, graph, [quad.triple for quad in parse(text, RdfFormat.TURTLE, base_iri=graph)]


@SHIPPED
def test_one_statement_of_a_shipped_file_is_a_line_or_two(path):
    text, graph, stated = shipped(path)
    for triple in random.Random(1).sample(stated, min(3, len(stated))):
        values = sum(one.subject == triple.subject and one.predicate == triple.predicate for one in stated)
        without = edit_turtle(text, [triple], [], graph, PREFIXES)
        changed = [one for one in lines(text, without) if "@prefix" not in one and one[1:]]
        assert len(changed) <= (3 if values == 1 else values + 2)
        other = Triple(triple.subject, triple.predicate, Literal("Something else", language="en"))
        replaced = edit_turtle(text, [triple], [other], graph, PREFIXES)
        assert [one[0] for one in lines(text, replaced) if "@prefix" not in one] == ["-", "+"]


@SHIPPED
def test_any_change_of_a_shipped_file_gives_just_these_statements(path):
    text, graph, stated = shipped(path)
    chance = random.Random(2)
    for _ in range(3):
        gone = set(chance.sample(stated, chance.randrange(len(stated))))
        old, new = chance.choice(stated).subject, NamedNode(f"{ID}person/new.{chance.randrange(9)}")
        come = {Triple(new, one.predicate, one.object) for one in stated if one.subject == old}
        gone |= {one for one in stated if one.subject == old}
        come |= {Triple(one.subject, one.predicate, Literal(chance.randrange(99))) for one in chance.sample(stated, 3)}
        after = edit_turtle(text, gone, come, graph, PREFIXES)
        assert format_turtle(after) == after
        assert {quad.triple for quad in parse(after, RdfFormat.TURTLE, base_iri=graph)} == (set(stated) - gone) | come
