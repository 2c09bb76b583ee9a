"""Tokens and FROM clauses: nothing in a comment, string or IRI is taken for syntax, and no input makes the reading slow."""

from __future__ import annotations

import time

import pytest

from qit4n_kg.errors import QuerySyntaxError
from qit4n_kg.store.dataset_clause import DatasetClause, dataset_clause, line_column, query_form, tokens

G = "http://example.org/g/"


def texts(query):
    return [token.text for token in tokens(query)]


class TestTokens:
    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("?s<p>?o", ["?s", "<p>", "?o"]),
            ("FILTER(?a<?b&&?c>?d)", ["FILTER", "(", "?a", "<", "?b", "&&", "?c", ">", "?d", ")"]),
            ("FILTER(?a < ?b)", ["FILTER", "(", "?a", "<", "?b", ")"]),
            ("FILTER(?a<=3)", ["FILTER", "(", "?a", "<=", "3", ")"]),
            ("FILTER(?a<=?b&&?c>=2)", ["FILTER", "(", "?a", "<=", "?b", "&&", "?c", ">=", "2", ")"]),
            ("(?x <y>)", ["(", "?x", "<y>", ")"]),
            ("<a#b> # c <d>\n<e>", ["<a#b>", "<e>"]),
            ("<<( ?s ?p 'o' )>>", ["<<(", "?s", "?p", "'o'", ")>>"]),
        ],
    )
    def test_less_than_and_iris_are_told_apart(self, query, expected):
        assert texts(query) == expected

    @pytest.mark.parametrize(
        "string",
        [
            '"a # b"',
            "'it\\'s'",
            '"""two\nlines "quoted" here"""',
            "'''a''b'''",
            '""',
            "''''''",
            '"\\\\"',
            '"""\\""""',
        ],
    )
    def test_each_form_of_string_is_one_token(self, string):
        assert texts(f"ASK {{ ?s ?p {string} }}") == ["ASK", "{", "?s", "?p", string, "}"]

    def test_an_unclosed_string_ends_with_its_line(self):
        assert texts("'open ?a\n?b") == ["'open ?a", "?b"]

    def test_names_hold_dots_escapes_and_colons_but_do_not_end_in_a_dot(self):
        assert texts("e:a.b\\,c:d%20. :x e: ex-1.2:y.") == ["e:a.b\\,c:d%20", ".", ":x", "e:", "ex-1.2:y", "."]

    def test_language_number_and_blank_node(self):
        kinds = [(token.kind, token.text) for token in tokens("'a'@en-GB 1.5e-3 -2 _:b.c. $x")]
        assert kinds == [
            ("string", "'a'"),
            ("language", "@en-GB"),
            ("number", "1.5e-3"),
            ("symbol", "-"),
            ("number", "2"),
            ("bnode", "_:b.c"),
            ("symbol", "."),
            ("variable", "$x"),
        ]

    @pytest.mark.parametrize(
        "piece", ["a.", '"\\', "'''a\\", "<a", "((", "a:b.", "_:a.", '"""a\\""" \\""', "a:%", "\\", "<\\u0041", '""a"']
    )
    def test_reading_takes_linear_time(self, piece):
        started = time.process_time()
        assert sum(len(token.text) for token in tokens(piece * 20_000)) > 0
        assert time.process_time() - started < 5  # quadratic reading takes minutes

    def test_tokens_say_where_they_are(self):
        query = "ASK # é\n{ ?x }"
        assert [query[token.start : token.end] for token in tokens(query)] == texts(query)
        assert [line_column(query, token.start) for token in tokens(query)] == [(1, 1), (2, 1), (2, 3), (2, 6)]


class TestClause:
    @pytest.mark.parametrize(
        ("query", "default", "named"),
        [
            ("SELECT * { ?s ?p ?o }", (), ()),
            (f"SELECT * FROM <{G}a> {{ }}", ("a",), ()),
            (f"ASK FROM <{G}a> FROM <{G}b> FROM <{G}a> {{ }}", ("a", "b"), ()),
            (f"DESCRIBE <x:y> from named <{G}a>", (), ("a",)),
            (f"CONSTRUCT {{ ?s ?p 'FROM <{G}z>' }} FROM <{G}a> FROM NAMED <{G}b> WHERE {{ }}", ("a",), ("b",)),
            (f"CONSTRUCT FROM <{G}a> WHERE {{ ?s ?p ?o }}", ("a",), ()),
            (f"PREFIX g: <{G}> SELECT (EXISTS {{ ?from ?p g:z }} AS ?from) FROM g:a {{ }}", ("a",), ()),
            (f"BASE <{G}> PREFIX : <> SELECT * FROM :a FROM <b> FROM <../g/c> {{ }}", ("a", "b", "c"), ()),
            (f"PREFIX g: <x:> PREFIX g: <{G}> ASK FROM g:a\\-b {{ }}", ("a-b",), ()),
            (f"# FROM <{G}z>\nASK FROM <{G}\\u0061> {{ }}", ("a",), ()),
            (f"ASK {{ {{ SELECT * FROM <{G}a> {{ }} }} }}", (), ()),
        ],
    )
    def test_graphs_are_found(self, query, default, named):
        expected = DatasetClause(tuple(G + name for name in default), tuple(G + name for name in named))
        assert dataset_clause(query) == expected

    def test_given_prefixes_and_base_hold_unless_declared(self):
        assert dataset_clause("ASK FROM g:a FROM <b> {}", prefixes={"g": G}, base_iri=G).default == (G + "a", G + "b")
        own = f"PREFIX g: <{G}> ASK FROM g:a {{}}"
        assert dataset_clause(own, prefixes={"g": "x:"}).default == (G + "a",)

    @pytest.mark.parametrize(
        ("query", "column", "message"),
        [
            ("ASK FROM g:a {}", 10, "prefix g: is not declared"),
            ("ASK FROM <a> {}", 10, "not an absolute IRI"),
            ("BASE <a> ASK {}", 6, "not an absolute IRI"),
        ],
    )
    def test_what_names_no_graph_is_a_syntax_error_with_its_place(self, query, column, message):
        with pytest.raises(QuerySyntaxError, match=message) as caught:
            dataset_clause(query)
        assert (caught.value.line, caught.value.column) == (1, column)

    @pytest.mark.parametrize("query", ["", "PREFIX", "PREFIX g:", "FROM", "SELECT * FROM", "}{", "BASE"])
    def test_a_broken_query_is_left_to_the_engine(self, query):
        assert not dataset_clause(query)


@pytest.mark.parametrize(
    ("query", "form"),
    [
        ("select * { }", "SELECT"),
        ("# ASK\nPREFIX ask: <x:> BASE <y:> describe ?x", "DESCRIBE"),
        ('VERSION "1.2" CONSTRUCT WHERE { }', "CONSTRUCT"),
        ("DROP ALL", "DROP"),
        ("with <g:> delete { } where { }", "WITH"),
        ("hello", None),
        ("", None),
    ],
)
def test_the_form_is_the_word_after_the_prologue(query, form):
    assert query_form(query) == form
