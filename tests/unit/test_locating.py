"""Guards positions: each triple of a text is found on the line where its object stands, whoever wrote the text, however hostile."""

from __future__ import annotations

import time
from pathlib import Path

import pyoxigraph
import pytest
import rdflib
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import BlankNode, Literal, NamedNode, Quad, RdfFormat, Triple

from qit4n_kg.locating import Position, StatementIndex, mentions, read_statements

ROOT = Path(__file__).parents[2]
EX = "https://example.org/"
XSD = "http://www.w3.org/2001/XMLSchema#"

SHIPPED = sorted(path for folder in ("ontology", "data", "shapes") for path in (ROOT / folder).rglob("*.ttl"))

NODES = st.sampled_from(
    [NamedNode(f"{EX}{name}") for name in ("a", "b/c", "d#e", "x.y", "é", "_1", "a-b", "", "p%20q", "fg/wg1", "o'k")]
)
PREDICATES = st.sampled_from(
    [NamedNode(iri) for iri in (f"{EX}p", f"{EX}q/r", "http://www.w3.org/1999/02/22-rdf-syntax-ns#type")]
)
TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufffe\uffff"), max_size=12
) | st.sampled_from(['"', '"""', "'", "\\", "a\nb", "\r", "# no comment", "<x> .", "; , [ ]", "@en", '""" .\n'])
LITERALS = st.one_of(
    TEXTS.map(Literal),
    st.builds(lambda text, tag: Literal(text, language=tag), TEXTS, st.sampled_from(["en", "de-at", "zh-hant"])),
    st.integers(-999, 999).map(Literal),
    st.sampled_from(["95.0", "-.5", "+1.25"]).map(lambda text: Literal(text, datatype=NamedNode(f"{XSD}decimal"))),
    st.sampled_from(["1e6", "-1.5E-3"]).map(lambda text: Literal(text, datatype=NamedNode(f"{XSD}double"))),
    st.sampled_from(["2021-12", "x"]).map(lambda text: Literal(text, datatype=NamedNode(f"{XSD}gYearMonth"))),
    st.booleans().map(Literal),
)
TRIPLES = st.lists(st.builds(Triple, NODES, PREDICATES, NODES | LITERALS), min_size=1, max_size=12, unique=True)


def parsed(text: str, form: RdfFormat = RdfFormat.TURTLE, base: str = EX) -> list[Quad]:
    return list(pyoxigraph.parse(input=text, format=form, base_iri=base))


def without_blank_nodes(triples: object) -> set[tuple[object, ...]]:
    return {tuple(t)[:3] for t in triples if not any(isinstance(term, BlankNode) for term in tuple(t)[:3])}


def core_of(obj: object) -> str:
    """Return what any notation of the object has in it, on the line where it begins."""
    if isinstance(obj, NamedNode):
        return ""
    words = obj.value.replace("\\", "\n").replace('"', "\n").split("\n")[0]
    return words if words.isascii() and words.isprintable() else ""


def assert_located(text: str, form: RdfFormat) -> None:
    lines = text.split("\n")
    index = StatementIndex(text, EX)
    for quad in parsed(text, form):
        found = index.find(quad.subject, quad.predicate, quad.object)
        assert found is not None
        agreeing, (line, column) = found
        assert agreeing == 3
        rest = "\n".join(lines[line - 1 :])[column - 1 :]
        # Read from its place on, the text begins with the object.
        again = read_statements(prologue(text) + f"<{EX}s> <{EX}p> {rest}", EX)
        assert again[0].object == quad.object
        assert core_of(quad.object) in lines[line - 1]


def prologue(text: str) -> str:
    return "".join(
        line + "\n" for line in text.split("\n") if line.lower().startswith(("@prefix", "@base", "prefix", "base"))
    )


@given(TRIPLES)
@settings(max_examples=60)
def test_each_triple_of_turtle_by_pyoxigraph_is_located(triples):
    text = pyoxigraph.serialize(triples, format=RdfFormat.TURTLE, prefixes={"ex": EX, "xsd": XSD}).decode()
    assert_located(text, RdfFormat.TURTLE)


@given(TRIPLES)
@settings(max_examples=60)
def test_each_triple_of_turtle_by_rdflib_is_located(triples):
    lines = pyoxigraph.serialize(triples, format=RdfFormat.N_TRIPLES).decode()
    graph = rdflib.Graph().parse(data=lines, format="nt")
    graph.bind("ex", EX)
    assert_located(graph.serialize(format="turtle"), RdfFormat.TURTLE)


@given(TRIPLES)
@settings(max_examples=30)
def test_each_triple_of_n_triples_is_located_on_its_own_line(triples):
    text = pyoxigraph.serialize(triples, format=RdfFormat.N_TRIPLES).decode()
    index = StatementIndex(text)
    lines = {index.find(t.subject, t.predicate, t.object)[1].line for t in triples}
    assert lines == set(range(1, len(triples) + 1))


@given(TRIPLES, NODES)
@settings(max_examples=30)
def test_each_quad_of_n_quads_and_trig_has_its_graph(triples, graph):
    quads = [Quad(t.subject, t.predicate, t.object, graph) for t in triples]
    for form in (RdfFormat.N_QUADS, RdfFormat.TRIG):
        text = pyoxigraph.serialize(quads, format=form).decode()
        assert {Quad(*statement[:4]) for statement in read_statements(text)} == set(quads)


@given(st.text(alphabet="<>\"'@.;,[](){}:a#\\_^ \n%", max_size=60))
def test_any_text_is_read_without_an_error(text):
    read_statements(text)


@pytest.mark.parametrize(
    "text", ["@base <http://[> . @prefix : <x> . <y> :p <//[> .", '<a:a> <a:\\UFFFFFFFF> "\\uD800" .']
)
def test_a_term_that_no_engine_accepts_is_read_without_an_error(text):
    assert len(read_statements(text)) == 1


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_shipped_turtle_is_read_as_the_engine_reads_it(path):
    text = path.read_text(encoding="utf-8")
    engine, own = parsed(text), read_statements(text, EX)
    assert without_blank_nodes(own) == without_blank_nodes(engine)
    assert len(set(own)) == len(engine)


def position(text: str, *terms: object) -> tuple[int, int, int] | None:
    found = StatementIndex(text, EX).find(*(NamedNode(EX + t) if isinstance(t, str) else t for t in terms))
    return (found[0], *found[1]) if found else None


WRITTEN = """\
@base <https://example.org/> .  # a comment . with marks ;
PREFIX : <>
<a> :p 1 ,
       "two\\"2" ;   # ; no end
    a :C .
:b.c :p [ :q ( <a> "x"@en ) ; :r \"\"\"long
text\"\"\" ] .
"""


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        (("a", "p", Literal(1)), (3, 3, 8)),
        (("a", "p", Literal('two"2')), (3, 4, 8)),
        (("a", "p", Literal("absent")), (2, 4, 8)),
        (("a", "p"), (2, 4, 8)),
        (("a", "absent"), (1, 3, 1)),
        (("b.c", "p", BlankNode("whatever")), (3, 6, 9)),
        ((BlankNode("whatever"), "q", BlankNode("other")), (3, 6, 14)),
        ((BlankNode("whatever"), "r", Literal("long\ntext")), (3, 6, 34)),
        (("absent",), None),
        ((BlankNode("whatever"), "absent"), None),
    ],
)
def test_the_nearest_statement_is_found(terms, expected):
    assert position(WRITTEN, *terms) == expected


def test_a_thing_without_the_property_is_located_where_it_has_its_type():
    text = f"<{EX}a> <{EX}p> 1 .\n\n<{EX}a> a <{EX}C> ."
    assert position(text, "a", "absent") == (1, 3, 1)


def test_a_collection_gives_the_triples_of_an_rdf_list():
    text = f"@prefix : <{EX}> .\n:a :p ( 1 ( ) :b ), () ."
    assert len(read_statements(text)) == len(parsed(text)) == 8


def test_a_relative_iri_resolves_against_the_given_base_and_then_the_written_one():
    text = "<x> <p> <#y> . @base <http://other.example/d/> . @prefix l: <#> . <x> <../p> l:y ."
    assert {tuple(s[:3]) for s in read_statements(text, EX)} == {
        (q.subject, q.predicate, q.object) for q in parsed(text)
    }


def test_columns_count_characters():
    assert StatementIndex("<http://a/é> <http://b> 1 .").find(NamedNode("http://a/é"), NamedNode("http://b"))[
        1
    ] == Position(1, 25)


def test_a_megabyte_is_read_in_two_seconds():
    text = (ROOT / "shapes" / "events.ttl").read_text(encoding="utf-8")
    text *= 1_000_000 // len(text) + 1
    start = time.process_time()
    StatementIndex(text)
    assert time.process_time() - start < 8


@pytest.mark.parametrize(
    "text",
    [
        "[ " * 50_000,
        "(" * 50_000,
        "a." * 50_000,
        '"' * 50_000,
        '"""x"' * 20_000,
        "prefix " + " " * 50_000,
        "( " + " " * 50_000,
        "#\n" * 50_000,
        "a:" + "." * 50_000,
    ],
    ids=["brackets", "lists", "dots", "quotes", "long quotes", "prefix", "blanks", "comments", "local name"],
)
def test_hostile_text_takes_linear_time(text):
    start = time.process_time()
    read_statements(text)
    assert time.process_time() - start < 8


def test_a_text_without_the_last_part_of_an_iri_does_not_mention_it():
    assert not mentions("<fg/wg2> a <x> .", [NamedNode("https://example.org/fg/wg1")])
