"""What tokens tell of a SPARQL text: form, SERVICE, cacheability, what means the same."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qit4n_kg.sparql import QueryForm, QuerySummary, inspect_query, normalise, page_of, uses_service
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


@given(
    st.lists(
        st.sampled_from(
            ["PREFIX a: <x:#>", "prefix", "BASE <x>", "a:", ":", "a:b", "<x>", "# SELECT", "\n", "VERSION '1.2'", "1a:"]
        )
    ),
    st.sampled_from(["SELECT", "ask", "ASKED", "construct-", "Describe", "select.", "INSERT", "a:SELECT", ""]),
    st.sampled_from(["*", " {", "\n", "", "?x", ":", "$x"]),
)
def test_the_quick_look_at_the_form_sees_what_the_tokens_tell(prologue, word, rest):
    text = f"{' '.join(prologue)} {word}{rest} ?x {{}}"
    read = list(tokens(text))
    at = 0
    while at < len(read) and read[at].is_word("BASE", "VERSION", "PREFIX"):
        at += 3 if read[at].is_word("PREFIX") else 2
    first = read[at] if at < len(read) else None
    if first is not None and first.is_word("SELECT", "ASK", "CONSTRUCT", "DESCRIBE"):
        assert inspect_query(text).form.value == first.text.upper()
    else:
        assert inspect_query(text).form in (QueryForm.UNKNOWN, QueryForm.UPDATE)


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
