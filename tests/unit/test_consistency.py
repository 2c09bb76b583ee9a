"""Guards owlrl as judge and oracle: seeded contradictions, a remembered answer, no difference from our entailments."""

from pathlib import Path

import pytest
from pyoxigraph import NamedNode, RdfFormat, parse

from qit4n_kg import consistency
from qit4n_kg.consistency import check_consistency, compare_with_owlrl
from qit4n_kg.loading import SourceKind, find_sources, read_quads
from qit4n_kg.reasoning.axioms import KINDS
from qit4n_kg.reasoning.reasoner import Reasoner, compile_rules
from qit4n_kg.synthetic.world import generate

ROOT = Path(__file__).parents[2]
GRAPHS = "https://w3id.org/qit4n/graph/"
PREFIXES = """
@prefix : <https://example.org/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix stdorg: <https://w3id.org/stdorg/ns#> .
"""
OVERRULED = NamedNode("https://w3id.org/stdorg/ns#OverruledGraph")


def quads(turtle):
    return list(parse((PREFIXES + turtle).encode(), RdfFormat.TURTLE))


@pytest.fixture(scope="module")
def shipped():
    sources = find_sources(ROOT, GRAPHS)
    ontology = [q for s in sources if s.kind is SourceKind.ONTOLOGY for q in read_quads(s)]
    data = [q for s in sources if s.kind is SourceKind.DATA for q in read_quads(s)]
    overruled = {q.subject for q in data if q.object == OVERRULED}
    rules = compile_rules(ontology, ROOT / "queries" / "axioms", ROOT / "queries" / "rules")
    return ontology, [q for q in data if q.graph_name not in overruled], rules


def differences(ontology, data, rules):
    reasoner = Reasoner(rules)
    reasoner.add(data)
    reasoner.run()
    by_axiom = {rule.id for rule in rules if rule.axiom is not None}
    written = [t for name, found in reasoner.entailed.items() if name not in by_axiom for t in found]
    compiled = [t for name, found in reasoner.entailed.items() if name in by_axiom for t in found]
    assert len(compiled) > 100
    return compare_with_owlrl([*(quad.triple for quad in data), *written], ontology, compiled)


@pytest.mark.slow
def test_our_entailments_of_the_shipped_data_are_those_of_owlrl(shipped):
    assert differences(*shipped) == (set(), set())


@pytest.mark.slow
def test_our_entailments_of_a_synthetic_world_are_those_of_owlrl(shipped):
    ontology, _, rules = shipped
    assert differences(ontology, list(generate(1500, seed=7)), rules) == (set(), set())


def test_every_kind_of_axiom_entails_what_owlrl_says(tmp_path):
    ontology = quads("""
        :A rdfs:subClassOf :B . :B owl:equivalentClass :C . :p rdfs:domain :A ; rdfs:range :D ; rdfs:subPropertyOf :q .
        :q a owl:TransitiveProperty ; owl:inverseOf :r . :s a owl:SymmetricProperty ; owl:equivalentProperty :t .
        :u owl:propertyChainAxiom (:p :s) . :v owl:propertyChainAxiom (:q :q :s) . :w owl:propertyChainAxiom (:r :q :s :p) .
    """)
    data = quads("""
        :a :p :b . :b :p :c . :c :q :d . :d :s :e . :e :t :f . :f :p :a . :g a :C . :h :r :a . :b :s :h . :i :w :j .
    """)
    rules = compile_rules(ontology, ROOT / "queries" / "axioms", tmp_path)
    assert {rule.axiom.kind for rule in rules} == set(KINDS)
    reasoner = Reasoner(rules)
    reasoner.add(data)
    assert reasoner.run() > 40
    ours = [triple for found in reasoner.entailed.values() for triple in found]
    assert compare_with_owlrl([quad.triple for quad in data], ontology, ours) == (set(), set())


def test_a_missing_rule_and_one_too_many_are_seen():
    ontology = quads(":A rdfs:subClassOf :B . :p rdfs:domain :A .")
    data = {quad.triple for quad in quads(":x :p :y .")}
    conclusions = {quad.triple for quad in quads(":x a :A . :y a :A .")}
    missing, extra = compare_with_owlrl(data, ontology, conclusions)
    assert missing == {quad.triple for quad in quads(":x a :B .")}
    assert extra == {quad.triple for quad in quads(":y a :A .")}


def test_a_thing_made_the_same_as_another_is_a_difference():
    ontology = quads(":p a owl:FunctionalProperty .")
    missing, _ = compare_with_owlrl({quad.triple for quad in quads(":x :p :y, :z .")}, ontology, [])
    assert {quad.triple for quad in quads(":y owl:sameAs :z .")} <= missing


def test_a_person_that_is_an_event_is_a_contradiction(shipped):
    ontology = quads("stdorg:Person rdfs:subClassOf stdorg:Agent . stdorg:Meeting rdfs:subClassOf stdorg:Event .")
    ontology += [q for q in shipped[0] if q.predicate.value.endswith("disjointWith")]
    assert check_consistency([*ontology, *quads(":x a stdorg:Person . :y a stdorg:Meeting .")]) == []
    messages = check_consistency([*ontology, *quads(":x a stdorg:Person, stdorg:Meeting .")])
    assert any("https://example.org/x" in message for message in messages)


def test_an_answer_is_remembered_by_content(tmp_path, monkeypatch):
    asked = []

    def close(triples):
        asked.append(set(triples))
        return set(), ["a contradiction"]

    monkeypatch.setattr(consistency, "_close", close)
    file, first = tmp_path / "state" / "consistency.json", quads(":x a :A . _:b a :B .")
    same = quads("_:other a :B . :x a :A ; rdfs:label 'a label says nothing' .")
    assert check_consistency(first, file) == check_consistency(same, file) == ["a contradiction"]
    assert len(asked) == 1
    check_consistency(first, file, anew=True)
    check_consistency(quads(":x a :B ."), file)
    assert len(asked) == 3


@pytest.mark.parametrize("text", ["", "{", "[]", '{"content": 1}', '{"content": "x", "contradictions": 3}'])
def test_a_spoilt_memory_is_asked_again(tmp_path, monkeypatch, text):
    monkeypatch.setattr(consistency, "_close", lambda triples: (set(), []))
    file = tmp_path / "consistency.json"
    file.write_text(text)
    assert check_consistency(quads(":x a :A ."), file) == []


def test_owlrl_still_merges_the_holders_of_a_key():
    """Why the ontology has no owl:hasKey (owlrl 7.6 makes all holders of a single key the same); a failure means it was mended."""
    data = {quad.triple for quad in quads(":x a :A ; :key 1 . :y a :A ; :key 2 .")}
    missing, _ = compare_with_owlrl(data, quads(":A owl:hasKey (:key) ."), [])
    assert {quad.triple for quad in quads(":x owl:sameAs :y .")} <= missing
