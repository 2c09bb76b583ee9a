"""Guards `reasoning/footprints.py`: which variables a triple binds in a rule, and that every rule is understood."""

from pathlib import Path

import pytest
from pyoxigraph import NamedNode, Triple, Variable

from qit4n_kg.errors import SourceError
from qit4n_kg.reasoning.footprints import TYPE, read_footprint

RULES = Path(__file__).parents[2] / "queries" / "rules"
A, B, C = (NamedNode(f"x:{name}") for name in "abc")
X, Y, Z = (Variable(name) for name in "xyz")


def footprint(text):
    return read_footprint("PREFIX : <x:> " + text, {}, is_template=False)


def bindings(text, triple):
    return [(dict(binding), sub is not None) for binding, sub in footprint(text).bindings(triple)]


class TestBindings:
    def test_a_plain_pattern_binds_its_variables(self):
        assert bindings("CONSTRUCT { ?x :q ?z } WHERE { ?x :p ?y ; :r ?z }", Triple(A, NamedNode("x:p"), B)) == [
            ({X: A, Y: B}, False)
        ]

    def test_what_is_optional_or_not_there_binds_only_what_is_certain_elsewhere(self):
        text = "CONSTRUCT { ?x :q ?y } WHERE { ?x :p ?y . OPTIONAL { ?x :r ?z } FILTER NOT EXISTS { ?y :s ?z } }"
        assert bindings(text, Triple(A, NamedNode("x:r"), B)) == [({X: A}, False)]
        assert bindings(text, Triple(A, NamedNode("x:s"), B)) == [({Y: A}, False)]

    def test_one_variable_twice_is_one_term(self):
        text = "CONSTRUCT { ?x :q ?x } WHERE { ?x :p ?x }"
        assert bindings(text, Triple(A, NamedNode("x:p"), B)) == []
        assert bindings(text, Triple(A, NamedNode("x:p"), A)) == [({X: A}, False)]

    def test_a_path_binds_its_ends_only(self):
        text = "CONSTRUCT { ?x :q ?y } WHERE { ?x :p/:r ?y . ?x a :C . ?y a :C }"
        assert bindings(text, Triple(A, NamedNode("x:p"), B)) == [({X: A}, False)]
        assert bindings(text, Triple(A, NamedNode("x:r"), B)) == [({Y: B}, False)]

    def test_a_class_is_looked_for(self):
        text = "CONSTRUCT { ?x :q ?y } WHERE { ?x :p ?y . ?x a :c }"
        assert bindings(text, Triple(A, TYPE, C)) == [({X: A}, False)]
        assert bindings(text, Triple(A, TYPE, B)) == []

    def test_within_a_sub_select_only_what_it_projects_is_bound(self):
        text = "CONSTRUCT { ?x :q ?m } WHERE { ?x :p ?z { SELECT ?x (MAX(?y) AS ?m) WHERE { ?x :r ?y } GROUP BY ?x } }"
        assert bindings(text, Triple(A, NamedNode("x:r"), B)) == [({X: A}, False)]
        whole = "CONSTRUCT { ?x :q ?m } WHERE { ?x :p ?z { SELECT (MAX(?y) AS ?m) WHERE { ?x :r ?y } } }"
        assert bindings(whole, Triple(A, NamedNode("x:r"), B)) == [({}, True)]
        assert [dict(found) for found in footprint(whole).causes(Triple(A, NamedNode("x:q"), B))] == [{X: A}]


@pytest.mark.parametrize("path", sorted(RULES.rglob("*.rq")), ids=lambda path: path.stem)
def test_every_rule_is_understood(path):
    found = read_footprint(path.read_text(), {}, is_template=False)
    assert found.template
    assert found.certain


@pytest.mark.parametrize(
    "text", ["CONSTRUCT { ?x :q [] } WHERE { ?x :p ?y }", "SELECT * { }", "CONSTRUCT { ?x :q ?y } WHERE {"]
)
def test_what_is_not_understood_is_an_error(text):
    with pytest.raises(SourceError):
        footprint(text)
