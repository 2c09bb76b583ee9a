"""Guards `qit4n-kg check`: a rule of hygiene that finds something, a contradiction, and knowledge that is well."""

import pytest
from pyoxigraph import NamedNode, Quad

from qit4n_kg import checking
from qit4n_kg.checking import (
    SHOWN_ROWS,
    HygieneRule,
    asserted_quads,
    check_knowledge,
    find_problems,
    read_hygiene_rules,
)
from qit4n_kg.errors import SourceError
from qit4n_kg.namespaces import PREFIXES
from qit4n_kg.store.oxigraph import OxigraphStore

STDORG = PREFIXES["stdorg"]
RULE = HygieneRule("twice", "Twice", "Nothing is twice.", "SELECT ?s WHERE { ?s <http://e/p> ?o } ORDER BY ?s")


class Quiet:
    def started(self, stage, total=None): ...

    def advanced(self, done): ...

    def finished(self, summary): ...


def store_with(count):
    store = OxigraphStore.in_memory()
    store.add(
        [Quad(NamedNode(f"{STDORG}s{n}"), NamedNode("http://e/p"), NamedNode("http://e/o")) for n in range(count)]
    )
    return store


def test_a_rule_that_finds_nothing_is_no_problem():
    assert find_problems(store_with(0), RULE, PREFIXES) == []


def test_each_finding_is_a_sentence_that_names_what_was_found():
    assert find_problems(store_with(1), RULE, PREFIXES) == ["Twice: stdorg:s0. Nothing is twice."]


def test_many_findings_are_counted():
    problems = find_problems(store_with(SHOWN_ROWS + 3), RULE, PREFIXES)
    assert len(problems) == SHOWN_ROWS + 1
    assert problems[-1] == "Twice: 3 more."


def test_a_rule_is_read_from_its_file_with_its_header(tmp_path):
    (tmp_path / "a.rq").write_text("# title: A\n# rule: Never.\nSELECT * WHERE { ?s ?p ?o }\n")
    (rule,) = read_hygiene_rules(tmp_path)
    assert (rule.id, rule.title, rule.rule) == ("a", "A", "Never.")


def test_a_rule_without_a_header_is_refused(tmp_path):
    (tmp_path / "a.rq").write_text("SELECT * WHERE { ?s ?p ?o }\n")
    with pytest.raises(SourceError, match="# title:"):
        read_hygiene_rules(tmp_path)


def test_what_is_judged_is_what_is_asserted_and_in_force(graph_store):
    quads = list(asserted_quads(graph_store))
    graphs = {quad.graph_name.value for quad in quads}
    assert any("/ontology/" in graph for graph in graphs)
    assert any("/table-1/" in graph for graph in graphs)
    assert not any("/entailed/" in graph for graph in graphs)
    overruled = {q.subject.value for q in graph_store.quads(obj=NamedNode(f"{STDORG}OverruledGraph"))}
    assert overruled
    assert not overruled & graphs


@pytest.mark.slow
def test_the_shipped_knowledge_is_well_and_the_second_check_does_not_ask_owlrl(built_state, monkeypatch):
    assert check_knowledge(built_state, Quiet()) == []
    monkeypatch.setattr("qit4n_kg.consistency._close", lambda triples: pytest.fail("asked again"))
    assert check_knowledge(built_state, Quiet()) == []


def test_a_contradiction_is_a_problem(built_state, monkeypatch):
    monkeypatch.setattr(checking, "check_consistency", lambda *_, **__: ["x is two things"])
    assert "Contradiction: x is two things" in check_knowledge(built_state, Quiet())
