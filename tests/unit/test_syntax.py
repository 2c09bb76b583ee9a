"""That a SPARQL text which the engine refuses is told what is missing or wrong, where, and what to write."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import Store

from qit4n_kg.errors import QuerySyntaxError
from qit4n_kg.store.oxigraph import OxigraphStore
from qit4n_kg.syntax.explaining import explain, line_of
from qit4n_kg.syntax.grammar import grammar_tokens, read_grammar, sparql_grammar

QUERIES = Path(__file__).parents[2] / "queries"


@pytest.mark.parametrize(
    ("pattern", "iri"),
    [
        ("id:person/james-nagel ?p ?o", "person/james-nagel"),
        ("?s ?p id:fg-qit4n/meeting/1", "fg-qit4n/meeting/1"),
        ("?s ?p id:fg-qit4n/deliverable/d2.3.1 ; ?q 1", "fg-qit4n/deliverable/d2.3.1"),
    ],
)
def test_a_prefixed_name_with_a_slash_is_called_a_path_and_the_whole_iri_is_given(pattern, iri):
    text = f"PREFIX id: <https://example.org/> SELECT * {{ {pattern} }}"
    found = explain(text, QuerySyntaxError("error at 1:60: expected something", line=1, column=60))
    assert "a slash in it begins a property path" in found.message
    assert found.hint == f"Write the whole IRI: <https://example.org/{iri}>"
    assert (found.line, found.column) == (1, text.index("id:", 20) + 1)


def test_a_name_with_a_slash_is_explained_where_its_prefix_needs_no_declaration_too():
    known = {"id": "https://example.org/", "unused": "urn:x"}
    error = QuerySyntaxError("error at 1:20: expected something", line=1, column=20)
    found = explain("SELECT * { ?s ?p id:person/james-nagel }", error, known, declared=known)
    assert found.hint == "Write the whole IRI: <https://example.org/person/james-nagel>"


def test_a_true_path_is_not_called_a_name_with_a_slash():
    text = "PREFIX e: <https://example.org/> SELECT * { ?s e:p/e:q ?o . ?s e:p/a ?c . ?x ?y }"
    found = explain(text, QuerySyntaxError("error at 1:80: expected something", line=1, column=80))
    assert "slash" not in found.message


@pytest.mark.parametrize(("lines", "is_explained"), [(2_900, True), (20_000, False)])
def test_an_error_in_a_text_of_many_tokens_has_its_place_and_where_it_is_not_too_long_an_explanation(
    lines, is_explained
):
    text = "SELECT * {\n" + "?s ?p ?o .\n" * lines + "} LIMIT x"
    error = explained(text)
    assert error.line == lines + 2
    assert (error.message == "LIMIT is followed by a whole number.") == is_explained


def explained(text):
    with pytest.raises(QuerySyntaxError) as caught:
        OxigraphStore.in_memory().query(text)
    return explain(text, caught.value)


def test_a_select_without_variables_is_told_so():
    for text in ("SELECT { foo:x ?p ?o }", "SELECT WHERE { ?s ?p ?o }"):
        error = explained(text)
        assert (error.message, error.column) == ("SELECT names no variables.", 8)


@pytest.mark.parametrize("iri", ["<http://[bad>", "<http://e/%zz>"])
def test_what_is_no_iri_is_named_where_it_stands(iri):
    error = explained(f'SELECT (STRDT("x", {iri}) AS ?x) {{ ?s <relative> <?and#more> }}')
    assert (error.message, error.column) == (f"{iri} is no IRI.", 20)


def test_a_missing_known_prefix_comes_with_its_declaration():
    error = explained("SELECT *\n{ ?m schema:name ?n }")
    assert error.message == "The prefix schema: is not declared."
    assert error.hint == "Add at the top: PREFIX schema: <https://schema.org/>"
    assert (error.line, error.column) == (2, 6)


def test_a_missing_unknown_prefix_comes_without_a_hint():
    error = explained("SELECT * { ?m foo:name ?n }")
    assert (error.message, error.hint) == ("The prefix foo: is not declared.", None)


P = "PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>\n"

MISTAKES = [
    # what is missing
    ("SELECT * { ?s ?p }", 1, 18, "The triple '?s ?p' has no object."),
    ("SELECT * { ?s }", 1, 15, "The triple that begins with '?s' has no predicate and no object."),
    ("SELECT * { ?s a; ?p ?o }", 1, 16, "The triple '?s a' has no object."),
    ("SELECT * {\n  ?s ?p ?o ;\n     ?q\n}", 3, 8, "The triple '?s ?q' has no object."),
    ("SELECT * { ?s ?p [ ?q ] }", 1, 23, "The triple '[ ?q' has no object."),
    ("SELECT * {\n ?s ?p ", 2, 7, "The query ends before '{' is closed."),
    ("SELECT * { { ?s ?p ?o }", 1, 24, "The query ends before '{' is closed."),
    ("SELECT * { ?s ?p ?o FILTER(?o = 1 }", 1, 35, "'(' is not closed: ')' is missing before '}'."),
    ("SELECT * { ?s ?p ?o FILTER(?o = ) }", 1, 33, "Something is missing between '=' and ')'."),
    (
        "SELECT * {\n ?s ?p 'open .\n ?s ?q ?r }",
        2,
        8,
        "The text that begins with \"'open .\" is not closed by ' before",
    ),
    ("SELECT * { ?s ?p '''open }", 1, 18, "is not closed by '''."),
    ("SELECT ?s", 1, 10, "The query has no WHERE: what to look for is missing."),
    ("SELECT ?s WHERE ?s ?p ?o", 1, 17, "A group in braces is missing after WHERE."),
    ("SELECT * { OPTIONAL ?s ?p ?o }", 1, 21, "A group in braces is missing after OPTIONAL."),
    ("SELECT * {\n  ?s a ?t\n  ?s ?p ?o\n}", 2, 10, "A dot is missing between '?s a ?t' and '?s'."),
    ("SELECT * {\n  ?s ?p 1, 2\n  ?s ?q ?o\n}", 2, 13, "A dot is missing between '?s ?p 1, 2' and '?s'."),
    ("SELECT * { ?s ?p ?o FILTER ?o = 1 }", 1, 28, "The condition of FILTER stands in brackets."),
    ("SELECT * { ?s ?p ?o FILTER regex ?o 'x' }", 1, 34, "Brackets are missing after regex."),
    ("SELECT * { ?s ?p ?o FILTER contains(?o) }", 1, 39, "contains needs more arguments than these."),
    ("SELECT * { ?s ?p ?o FILTER str(?o, 1) }", 1, 34, "str has too many arguments."),
    ("SELECT * { ?s ?p ?o FILTER(?o IN 1, 2) }", 1, 34, "IN is followed by a list in brackets."),
    ("SELECT * { ?s ?p ?o BIND(1) }", 1, 27, "BIND gives its value no name."),
    ("SELECT * { ?s ?p ?o } ORDER ?o", 1, 29, "BY is missing after ORDER."),
    ("SELECT * { ?s ?p ?o } LIMIT x", 1, 29, "LIMIT is followed by a whole number."),
    ("SELECT (COUNT(?s)) { ?s ?p ?o }", 1, 18, "An expression in SELECT needs a name."),
    ("SELECT COUNT(*) { ?s ?p ?o }", 1, 8, "An expression in SELECT stands in brackets and has a name."),
    ("PREFIX e <http://e/> SELECT * { ?s ?p ?o }", 1, 8, "PREFIX is followed by a name with a colon."),
    ("SELECT * { ?s <x:p>+ }", 1, 22, "The triple '?s <x:p>+' has no object."),
    ("SELECT * { BIND(?a + as ?b) }", 1, 22, "Something is missing between '+' and 'as'."),
    ("SELECT * { ?s ?p ?o FILTER(> 5) }", 1, 28, "Something is missing before '>'."),
    ("SELECT * { ?s ?p ?o FILTER() }", 1, 27, "The brackets after FILTER are empty."),
    ("SELECT * { ?s ?p ?o FILTER(?o ?p) }", 1, 31, "An operator such as = or && is missing between '?o' and '?p'."),
    ("SELECT * { ?s ?p ?o FILTER(?o IN (1 2)) }", 1, 37, "A comma is missing between '1' and '2'."),
    ("SELECT * { ?s ?p ?o } ORDER BY", 1, 31, "What to sort or group by is missing."),
    ("SELECT * { VALUES { 1 } }", 1, 19, "VALUES names no variable."),
    ("SELECT * { VALUES (?a ?b) { 1 2 } }", 1, 29, "Each row of VALUES stands in brackets."),
    # what stands where it can't
    ("SELECT * { ?s ?p+ ?o }", 1, 17, "'+' makes a path, and a path holds no variables such as ?p."),
    ("SELECT * { ?s ?p/?q ?o }", 1, 17, "'/' makes a path, and a path holds no variables such as ?p."),
    ("SELECT * { ?s ?p ?o FILTER(lang(?o) = en) }", 1, 39, "'en' is no value."),
    ("SELECT * { VALUES ?a { 1, 2 } }", 1, 25, "No comma stands in VALUES."),
    ("SELECT * { VALUES ?a ?b { 1 2 } }", 1, 22, "VALUES holds values, and no variables such as ?b."),
    ("SELECT * { ?s ?p ?o } UNION { ?s ?q ?o }", 1, 23, "UNION stands behind the braces."),
    ("SELECT * { ?s ?p ?o UNION ?s ?q ?o }", 1, 21, "UNION stands between two groups in braces."),
    ("SELECT * { ?s ?p 'it's' }", 1, 22, "The text \"'it'\" ends before 's'."),
    ("SELECT * { ?s ?p 2020-01-31 }", 1, 22, "A date stands in quotation marks, with its datatype."),
    ("SELECT * { ?s ?p 'x'@en_GB }", 1, 24, "A language tag has hyphens."),
    ("```\nSELECT * { ?s ?p ?o }\n```", 1, 1, "The marks of Markdown are no part of the text."),
    ("SELEC ?x {}", 1, 1, "not with 'SELEC'."),
    ("PREFIX a: <http://example.org/>\nWHERE { ?s ?p ?o }", 2, 1, "not with 'WHERE'."),
    ("", 1, 1, "there is none here."),
    ("PREFIX a: <http://example.org/> .\nSELECT * {}", 1, 33, "A declaration ends without a sign."),
    ("PREFIX a: <x:>, b: <x:> SELECT * {}", 1, 15, "A declaration ends without a sign."),
    ("SELECT ?a, ?b { ?a ?p ?b }", 1, 10, "No comma stands between the variables of SELECT."),
    ("SELECT name { ?a ?p ?name }", 1, 8, "'name' is no variable."),
    ("SELECT ?first-name { ?a ?p ?b }", 1, 14, "A variable's name has letters, digits and _ only, no hyphen."),
    ("SELECT * {\n ?s ?p ?o }\n}", 3, 1, "'}' closes nothing."),
    ("SELECT * { ?s ?p ?o ) }", 1, 21, "')' closes nothing."),
    ("SELECT * { ?s a ?t ,\n ?s ?p ?o }", 2, 5, "After a comma comes one more object of the same predicate, here '?s'"),
    ("SELECT * WHERE { ?s ?p ?o } WHERE { ?a ?b ?c }", 1, 29, "WHERE stands a second time."),
    ("SELECT * { ?s ?p ?o ORDER BY ?s }", 1, 21, "ORDER BY stands within the braces."),
    ("SELECT * { ?s ?p ?o } LIMIT 1 ORDER BY ?s", 1, 31, "ORDER can't stand here."),
    ("SELECT * { ?s ?p ?o } ORDER BY ?s, ?o", 1, 34, "No comma stands between what is sorted or grouped by."),
    ("SELECT * { ?s ?p ?o . SELECT ?x { ?x ?y ?z } }", 1, 23, "A SELECT within a pattern stands in braces of its own."),
    ("SELECT * { ?s label ?o }", 1, 15, "'label' can't be the predicate of a triple."),
    ("SELECT * { ?s ?p ?o ;\n  'x' ?q }", 2, 3, "A predicate is an IRI"),
    ("SELECT * { ?s 'x' ?q }", 1, 15, "A predicate is an IRI, a prefixed name, 'a' or a variable, not \"'x'\"."),
    ("SELECT * { ?s http://e.org/p ?o }", 1, 15, "An IRI stands between < and >."),
    ("SELECT * { ?s <http://e/a b> ?o }", 1, 15, "An IRI begins here, and no > closes it before a space."),
    ("SELECT * { <http://e/a b> ?p ?o }", 1, 12, "An IRI begins here, and no > closes it before a space."),
    ("SELECT * { ?s A ?t }", 1, 15, "The predicate 'a' is a small letter."),
    ("SELECT * { ?s ?p '2020'^<x:gYear> }", 1, 24, "A datatype follows ^^, not ^."),
    ("SELECT * { ?s ?p ?o } ;", 1, 23, "A query ends without a semicolon."),
    ("CONSTRUCT WHERE { ?s ?p ?o FILTER(?o) }", 1, 28, "FILTER can't stand here, where only triples do."),
    # habits of other languages and tools
    ("SELECT * FROM people", 1, 15, "FROM is followed by the IRI of a graph."),
    ("SELECT TOP 10 ?s { ?s ?p ?o }", 1, 8, "SPARQL has no TOP."),
    ("SELECT * { ?s ?p = 'x' }", 1, 18, "A pattern is subject, predicate and object, without =."),
    ("SELECT * { ?s ?p ?o FILTER(?o LIKE '%x%') }", 1, 31, "SPARQL has no LIKE."),
    ("SELECT * { ?s ?p ?o FILTER(?o = 1 and ?s = 2) }", 1, 35, "Conditions are joined by && in SPARQL."),
    ("SELECT * { ?s ?p ?o FILTER(?o = 1) OR (?o = 2) }", 1, 36, "The whole condition of FILTER stands in brackets."),
    ("SELECT * { ?s ?p ?o FILTER(?o == 1) }", 1, 32, "Equality is one '=' in SPARQL, not two."),
    ("SELECT * { ?s ?p ?o FILTER(?o <> 1) }", 1, 31, "Inequality is != in SPARQL."),
    ("SELECT * { ?s ?p ?o FILTER(?o IS NULL) }", 1, 31, "SPARQL has no IS."),
    ("SELECT * { ?s ?p ?o . // all\n}", 1, 23, "A comment begins with # in SPARQL."),
    ("SELECT * { { ?s ?p ?o } OR { ?o ?p ?s } }", 1, 25, "Patterns are joined by UNION in SPARQL."),
    ("SELECT * { ?s ?p ?o OR ?o ?p ?s }", 1, 21, "Patterns are joined by UNION in SPARQL."),
    ("SELECT * -- all\n{ ?s ?p ?o }", 1, 10, "A comment begins with # in SPARQL."),
    ("SELECT * /* all */ { ?s ?p ?o }", 1, 10, "A comment begins with # in SPARQL."),
    ("SELECT * { ?s ?p \u201cx\u201d }", 1, 18, "\u201c is no quotation mark of SPARQL."),
    (
        "SELECT * {\u00a0?s ?p ?o }",
        1,
        11,
        "The space here is U+00A0 NO-BREAK SPACE, which SPARQL does not take for one.",
    ),
    ("SELECT * { ?s ?p <x:\udcff> }", 1, 21, "U+DCFF stands here, which is no character."),
    ("SELECT * { ?s ?p '\udcff' }", 1, 19, "U+DCFF stands here, which is no character."),
    ("SELECT * { ?s\u200b ?p ?o }", 1, 14, "U+200B ZERO WIDTH SPACE stands here"),
    # what fits the grammar
    ("SELECT (CONCAT ('a') AS ?x) {}", 1, 16, "The engine takes no space between CONCAT and its bracket."),
    ("SELECT * { GRAPH <g> { ?s ?p ?o } }", 1, 18, "<g> is relative, and there is no BASE."),
    (P + "SELECT ?a ?b { ?a rdfs:label ?b } GROUP BY ?a", 2, 11, "?b is selected but neither grouped nor aggregated."),
    ("SELECT * { ?a ?p ?b } GROUP BY ?a", 1, 8, "SELECT * can't be used with GROUP BY."),
    ("SELECT ?a { ?a ?p ?b FILTER(COUNT(?b) > 1) }", 1, 29, "COUNT can't stand in FILTER."),
    ("SELECT ?x (COUNT(*) AS ?x) {?s ?p ?o}", 1, 24, "?x has a value already: AS needs a new name."),
    ("ASK { { SELECT ?x ?y ?x {?x ?p ?y} } }", 1, 22, "?x is selected twice."),
    ("ASK { BIND(1 AS ?x) BIND(2 AS ?x) }", 1, 31, "?x has a value already: BIND needs a new name."),
    ("ASK { VALUES (?a ?b) { (1) } }", 1, 24, "A row of VALUES has 1 and not 2 values, as many as variables."),
    ("ASK { ?s ?p _:b . { ?c ?d _:b } }", 1, 27, "The blank node _:b stands in two groups."),
]


@pytest.mark.parametrize(("text", "line", "column", "says"), MISTAKES)
def test_an_error_says_what_and_where(text, line, column, says):
    error = explained(text)
    assert says in error.message
    assert (error.line, error.column) == (line, column)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("SELECT ?a WHER { ?a ?p ?b }", "Did you mean WHERE?"),
        ("SELECT * { ?s ?p ?o FILTER(contain(?o, 'x')) }", "Did you mean CONTAINS?"),
        ("SELECT * { ?s ?p ?o FILTER NOT EXIST { ?o ?p ?s } }", "Did you mean EXISTS?"),
        ("SELECT * { ?s http://e.org/p ?o }", "Write <http://e.org/p>"),
        ("SELECT name { ?a ?p ?name }", "Write ?name"),
        ("SELECT * {\n\n { ?s ?p ?o ", "It opens in line 3; write } where it ends."),
        ("SELECT * { ?s ?p ?o } LIMIT 10, 20", "Write LIMIT 20 OFFSET 10"),
    ],
)
def test_an_error_says_what_to_write(text, hint):
    assert explained(text).hint == hint


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("INSERT DATA { <x:a> <x:b> }", 27, "The triple '<x:a> <x:b>' has no object."),
        ("INSERT DATA { <x:a> <x:b> ?o }", 27, "DATA holds no variables such as ?o."),
        ("DELETE DATA { _:b <x:a> 1 }", 15, "DELETE takes no blank nodes."),
        ("INSERT DATA { 'x' <x:a> 1 }", 15, "A literal such as \"'x'\" can't be a subject."),
        ("INSERT DATA { <x:a> <x:b> 1 } CLEAR ALL", 31, "'CLEAR' is left over."),
        ("INSERT DATA { <x:a> <x:b> 1 } WHERE { }", 31, "DATA takes no WHERE."),
        ("DROP <x:g>", 6, "GRAPH is missing before the IRI of a graph."),
        ("DELETE { ?s ?p ?o }", 20, "WHERE is missing behind the braces."),
        ("DELETE { ?s ?p ?o } INSERT { ?s ?p 1 } { ?s ?p ?o }", 40, "WHERE is missing behind the braces."),
        ("INSERT { ?s ?p 1 } DELETE { ?s ?p ?o } WHERE {}", 20, "DELETE stands behind INSERT."),
        ("WITH <x:g> CLEAR ALL", 12, "WITH and its graph are followed by DELETE or INSERT."),
        ("INSERT DATA { <x:a> <x:b> 1 };; CLEAR ALL", 31, "No operation stands before this ';'."),
    ],
)
def test_an_error_in_an_update_says_what_and_where(text, column, says):
    with pytest.raises(SyntaxError) as caught:
        Store().update(text)
    error = explain(text, QuerySyntaxError(str(caught.value), line=1, column=len(text) + 1), kind="update")
    assert says in error.message
    assert error.column == column


PIECES = """
SELECT * { } ( ) [ ] << >> <<( )>> {| |} . ; , ?x ?y <x:y> a 'x' 'open 5 = == < && - + / ^ @en _:b AS BIND VALUES FILTER
GROUP BY ORDER LIMIT COUNT NOT EXISTS IN UNION OPTIONAL GRAPH PREFIX foo: foo:bar word WHERE DISTINCT INSERT DELETE DATA
CONCAT
""".split()


@given(
    st.lists(st.sampled_from(PIECES)),
    st.sampled_from(["", "SELECT * { ", "SELECT (", "INSERT DATA { ", "ASK { FILTER("]),
)
def test_no_text_whatever_leaves_an_explanation_without_words_or_outside_it(pieces, beginning):
    text = beginning + " ".join(pieces)
    for kind in ("query", "update"):
        error = explain(text, QuerySyntaxError("expected something", line=1, column=1), kind=kind)
        assert error.message
        assert (error.line, error.column) <= (1, len(text) + 1)


def test_the_first_of_several_mistakes_is_told():
    text = "SELECT ?a, ?b {\n ?a ?p 'open\n}"
    assert explained(text).line == 1


def test_a_prefix_that_is_known_without_a_declaration_is_not_called_undeclared():
    error = QuerySyntaxError("expected something", line=1, column=20)
    told = explain("ASK { ?s owl:sameAs }", error, declared={"owl"})
    assert told.message == "The triple '?s owl:sameAs' has no object."


def test_an_undeclared_prefix_is_named_where_the_engine_expects_something_else():
    assert explained("SELECT * { foo:bar ?p ?o }").message == "The prefix foo: is not declared."


def test_an_error_is_short_and_offers_no_engine_internals():
    message = explained("SELECT * { ?s ?p ").message
    assert len(message) < 200
    assert "\\u" not in message
    assert "'0'..='9'" not in message


@pytest.mark.parametrize(
    "text", ["SELECT * { ?s ?p 'open", "((((", "]", "\x00", "SELECT \ud800".encode("utf-8", "replace").decode()]
)
def test_any_broken_text_gets_an_explanation(text):
    assert explained(text).message


def test_line_of_counts_from_one():
    assert line_of("a\nb", 2) == "b"
    assert line_of("a\nb", 3) is None
    assert line_of("a\nb", None) is None


# --- the grammar -------------------------------------------------------------------------------------------------------------


def test_the_grammar_takes_every_query_of_ours():
    left = [
        path
        for path in QUERIES.rglob("*.rq")
        if sparql_grammar().read(grammar_tokens(path.read_text("utf-8")), "Query").at is not None
    ]
    assert left == []


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { <<( ?s ?p ?o )>> ?q 'x'@en--ltr . << ?s ?p ?o ~ ?r >> ?q -1 . ?s ?p ?o ~ _:r {| ?q 2.5 |} . }",
        "SELECT (TRIPLE(?a, ?b, ?c) AS ?t) { ?a ^(<x:p>/!(a|^<x:q>))*|<x:r>? ?b, ( 1 [] () ) ; ; ?c [ ?d ?e ] }",
        "DESCRIBE ?x <x:y> FROM NAMED <x:g> WHERE { LATERAL { SELECT ?x { ?x ?y ?z } LIMIT 1 } }",
    ],
)
def test_the_grammar_takes_what_the_engine_takes(text):
    OxigraphStore.in_memory().query(text)
    assert sparql_grammar().read(grammar_tokens(text), "Query").at is None


def test_the_next_token_always_decides():
    grammar = sparql_grammar()
    nodes = list(grammar.rules.values())
    for node in nodes:
        nodes += node.parts
        if node.kind == "choice":
            beginnings = [terminal for part in node.parts for terminal in grammar.first(part)]
            assert len(beginnings) == len(set(beginnings))


def test_a_reading_names_what_could_have_stood_there():
    grammar = read_grammar("List ::= '(' VAR* ( ';' VAR )? ')' END")
    reading = grammar.read(grammar_tokens("( ?a ; )"), "List")
    assert (reading.at, reading.expected) == (3, {"VAR"})
    assert grammar.read(grammar_tokens("( ?a ?b"), "List").expected == {"VAR", ";", ")"}


LENGTH = 32 * 1024
HOSTILE = {
    "braces": "SELECT * " + "{" * (LENGTH - 9),
    "brackets": "SELECT * { FILTER(" + "(" * (LENGTH - 18),
    "triples": "SELECT * { " + "?a ?b ?c." * 3_600 + " ?x }",
    "names": "SELECT " + "(1 AS ?a)" * 3_600 + "{}",
    "bindings": "SELECT * {" + "BIND(1 AS ?a)" * 280 + "}",
    "groups": "SELECT ?b " + "{SELECT ?b" * 120 + "{?a ?b ?c}" + "GROUP BY ?a}" * 120 + "GROUP BY ?a",
    "list": "SELECT * { FILTER(?a IN(" + "1," * 16_000,
    "slashes": "PREFIX a:<b> SELECT * { ?a " + "a:b/c/d " * 4_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_explaining_a_hostile_text_costs_the_worker_little(name):
    begun = time.process_time()
    explain(HOSTILE[name], QuerySyntaxError("error at 1:20: expected foo", line=1, column=20))
    assert time.process_time() - begun < 1.5  # a quarter of a second; quadratic reading takes ten


def test_a_text_of_very_many_expressions_is_not_read_to_its_end():
    assert sparql_grammar().read(grammar_tokens(HOSTILE["list"]), "Query").closed == ()
    assert sparql_grammar().read(grammar_tokens(HOSTILE["names"]), "Query").closed
