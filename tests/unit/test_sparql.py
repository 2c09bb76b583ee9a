"""What tokens tell of a SPARQL text (form, SERVICE, cacheability), and that syntax errors name the place and the remedy."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qit4n_kg.errors import QuerySyntaxError
from qit4n_kg.sparql import QueryForm, QuerySummary, explain, inspect_query, line_of, normalise, page_of, uses_service
from qit4n_kg.store.dataset_clause import tokens
from qit4n_kg.store.oxigraph import OxigraphStore


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("SELECT * {}", QueryForm.SELECT),
        (
            "# ASK\nPREFIX ask: <http://example.org/CONSTRUCT#>\nbase <http://example.org/>\ndescribe <x>",
            QueryForm.DESCRIBE,
        ),
        ("prefix : <http://example.org/> construct { ?s ?p ?o } where { ?s ?p ?o }", QueryForm.CONSTRUCT),
        ("aSk { ?s ?p 'SELECT' }", QueryForm.ASK),
        ("PREFIX ex: <http://example.org/> INSERT DATA { ex:a ex:b 1 }", QueryForm.UPDATE),
        ("WITH <http://example.org/> DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }", QueryForm.UPDATE),
        ("CLEAR ALL", QueryForm.UPDATE),
        ("", QueryForm.UNKNOWN),
        ("SELEC * {}", QueryForm.UNKNOWN),
        ("PREFIX", QueryForm.UNKNOWN),
        ("'SELECT", QueryForm.UNKNOWN),
    ],
)
def test_the_form_is_the_keyword_after_the_prologue(text, form):
    assert inspect_query(text).form is form


def test_construct_and_describe_have_no_bindings():
    assert [form for form in QueryForm if not form.has_bindings] == [QueryForm.CONSTRUCT, QueryForm.DESCRIBE]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { SERVICE <http://example.org/> { ?s ?p ?o } }",
        "SELECT * { { service silent ?where { ?s ?p ?o } } }",
        "SELECT * { ?s ?p 1.SERVICE<http://example.org/>{ ?s ?p ?o } }",
        "SELECT * { ?s ?p trueSERVICE <http://example.org/> { ?s ?p ?o } }",
        "PREFIX ex: <http://example.org/> SELECT * { SERVICEex:here { ?s ?p ?o } }",
        "SELECT * { # comment\n SERVICE # <\n <http://example.org/> { ?s ?p ?o } }",
    ],
)
def test_service_is_found_wherever_it_stands(text):
    assert inspect_query(text).uses_service


@pytest.mark.parametrize(
    "text",
    [
        "SELECT ?service { ?service ?p 'SERVICE' } # SERVICE <x>",
        "PREFIX service: <http://example.org/service#> SELECT * { ?s service:SERVICE <http://example.org/SERVICE> }",
        'SELECT * { ?s ?p """\n SERVICE <http://example.org/> """ }',
    ],
)
def test_service_in_names_strings_and_comments_is_nothing(text):
    assert not inspect_query(text).uses_service


@pytest.mark.parametrize("call", ["NOW()", "rand()", "UUID()", "STRUUID()", "BNODE()"])
def test_what_changes_from_call_to_call_is_not_cacheable(call):
    assert not inspect_query(f"SELECT ({call} AS ?x) {{}}").is_cacheable


def test_queries_are_cacheable_and_updates_are_not():
    assert inspect_query("SELECT ?now { ?now ?p 'UUID' }").is_cacheable
    assert not inspect_query("CLEAR ALL").is_cacheable


def test_a_long_text_is_not_read_to_its_end():
    padding = " " * 2_000_000
    begun = time.process_time()
    assert inspect_query("PREFIX a: <http://example.org/> " * 100_000).form is QueryForm.UNKNOWN
    assert inspect_query(f"ASK {{ {padding} }}") == QuerySummary(QueryForm.ASK, uses_service=False, is_cacheable=True)
    assert inspect_query("ASK { " + "?s ?p ?o . " * 200_000 + "} # service").uses_service
    assert time.process_time() - begun < 10  # quadratic reading takes minutes


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
    assert (error.message[:14] == "Unexpected 'x'") == is_explained


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


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("SELEC ?x {}", 1, 1, "not with 'SELEC'"),
        ("PREFIX a: <http://example.org/>\nWHERE { ?s ?p ?o }", 2, 1, "not with 'WHERE'"),
        ("", 1, 1, "there is none here"),
        ("SELECT * {\n ?s ?p ?o }\n}", 3, 1, "'}' closes nothing"),
        ("SELECT * { ?s ?p ?o FILTER(?o = ) }", 1, 33, "missing between '=' and ')'"),
        ("SELECT * { ?s ?p ?o } LIMIT x", 1, 29, "Unexpected 'x'"),
        ("SELECT * WHERE ?s", 1, 16, "Unexpected '?s'"),
        ("SELECT * {\n ?s ?p ", 2, 8, "before '{' is closed"),
        ("SELECT ?x (COUNT(*) AS ?x) {?s ?p ?o}", 1, 38, "The SELECT contains a variable that is unbound"),
        ("ASK { BIND(1 AS ?x) BIND(2 AS ?x) }", 1, 36, "not valid"),
    ],
)
def test_an_error_says_what_and_where(text, line, column, says):
    error = explained(text)
    assert says in error.message
    assert (error.line, error.column) == (line, column)


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


# --- texts that mean the same ------------------------------------------------------------------------------------------------

PIECES = [
    "SELECT",
    "*",
    "{",
    "?s",
    "<http://e/#p>",
    "'a # b'",
    '"""x\n# y\n"""',
    "@en",
    ";",
    "e:a\\#b",
    "1.5",
    "<=",
    "}",
    "LIMIT",
    "10",
]
GAPS = [" ", "\n", "\t  ", " # a comment\n", "#'\n", '\r\n#"""\r\n']


@given(st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from(GAPS), st.sampled_from(GAPS)), min_size=1))
def test_spacing_and_comments_between_tokens_do_not_matter(parts):
    one = "".join(piece + gap for piece, gap, _ in parts)
    other = "".join(piece + gap for piece, _, gap in parts)
    assert normalise(one) == normalise(other)
    assert [token.text for token in tokens(normalise(one))] == [token.text for token in tokens(one)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ASK { ?s ?p 'a  b' }", "ASK { ?s ?p 'a b' }"),
        ("ASK { ?s ?p 'a#b' }", "ASK { ?s ?p 'a#c' }"),
        ("ASK { ?s ?p -1 }", "ASK { ?s ?p - 1 }"),
        ("ASK { ?s ?p ?o FILTER (?o <?b#c>\n3) }", "ASK { ?s ?p ?o FILTER (?o <?b#d>\n3) }"),
        (
            "ASK { ?s ?p \\u0022\\u0022\\u0022 #a\n\\u0022\\u0022\\u0022 }",
            "ASK { ?s ?p \\u0022\\u0022\\u0022 #b\n\\u0022\\u0022\\u0022 }",
        ),
    ],
)
def test_what_may_differ_in_meaning_stays_different(one, other):
    assert normalise(one) != normalise(other)


def test_normalising_takes_linear_time():
    for text in ("'" * 200_000, '"""' + "\\" * 200_000, "<" * 200_000, "#" * 200_000, "\\'" * 100_000):
        begun = time.process_time()
        normalise(text)
        assert time.process_time() - begun < 2


HOSTILE = {
    "IRIs that are none": "SELECT * { " + "<a" * 500_000 + " }",
    "signs": "@" * 1_000_000,
    "variables": "?" * 1_000_000,
    "comparisons": "1<" * 340_000,
    "brackets": "{" * 1_000_000,
    "calls": "SERVICE " * 120_000,
    "calls in a query": "SELECT * { " + "?a ?b NOW . " * 80_000 + "}",
    "lines": "SELECT * {} " + "#\n" * 500_000 + " }",
    "declarations": "PREFIX a: <x> " * 70_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_long_hostile_text_costs_the_worker_little(name):
    begun = time.process_time()
    for _ in range(3):  # form, validator and refusal each ask
        inspect_query(HOSTILE[name])
    explain(HOSTILE[name], QuerySyntaxError("error at 1:20: expected foo", line=1, column=20))
    assert time.process_time() - begun < 0.6


def test_a_mention_in_a_long_update_is_told_from_a_use():
    filler = "<x:a> <x:b> 'service' . " * 20_000
    assert not uses_service(f"INSERT DATA {{ {filler} }}")
    assert uses_service(f"INSERT DATA {{ {filler} }} ; INSERT {{ ?s ?p ?o }} WHERE {{ SERVICE <x:e> {{ ?s ?p ?o }} }}")


# --- parts of a result -------------------------------------------------------------------------------------------------------

VALUES = "VALUES ?x { 1 2 3 4 5 6 7 8 9 }"


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT ?x {{ {VALUES} }} ORDER BY ?x",
        f"SELECT ?x {{ {VALUES} }} ORDER BY ?x LIMIT 5",
        f"SELECT ?x {{ {VALUES} }} ORDER BY ?x OFFSET 2",
        f"SELECT ?x {{ {VALUES} }} ORDER BY ?x LIMIT 5 OFFSET 2",
        f"SELECT ?x {{ {VALUES} }} ORDER BY ?x OFFSET 2 LIMIT 5 # the end",
        "SELECT ?x {} ORDER BY ?x VALUES ?x { 1 2 3 4 5 6 7 8 9 }",
        "SELECT ?x {} ORDER BY ?x LIMIT 6 VALUES ?x { 1 2 3 4 5 6 7 8 9 }",
        f"SELECT ?x (COUNT(*) AS ?n) {{ {{ SELECT ?x {{ {VALUES} }} LIMIT 9 }} }} GROUP BY ?x HAVING (?x > 0) ORDER BY ?x",
    ],
)
@pytest.mark.parametrize(("limit", "offset"), [(3, 0), (3, 2), (None, 4), (0, 0), (100, 3), (2, 100)])
def test_a_part_has_the_rows_that_the_whole_has_there(text, limit, offset):
    with OxigraphStore.in_memory() as store:
        whole = [row[0].value for row in store.query(text)]
        part = [row[0].value for row in store.query(page_of(text, limit, offset))]
    assert part == whole[offset:][: len(whole) if limit is None else limit]
