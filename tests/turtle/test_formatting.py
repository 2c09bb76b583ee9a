"""Guards the one layout of Turtle: the same graph, no comment lost, nothing more to do the second time; on W3C's files and ours."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, parse, serialize

from qit4n_kg.cli import main
from qit4n_kg.errors import SourceError
from qit4n_kg.turtle.formatting import difference, format_turtle

ROOT = Path(__file__).parents[2]
W3C = Path(os.environ.get("QIT4N_W3C_DIR") or ROOT.parent / "shared" / "w3c")
MESSY = """\
@prefix b: <http://b/> . # a prefix
# the head, which belongs to the prefix below
@prefix a: <http://a/> .
# about b
a:b a:c "x" ; # behind c
  # before d
  a:d 1,2 , # behind 2
     3 ; a <http://a/T> ; a:list ( 1 # one
  2 ) ; a:anon [ a:p 'single' ; # behind p
    a:q [] ] .
a:b a:d 2 .
# the end
"""
NEAT = """\
# the head, which belongs to the prefix below
@prefix a: <http://a/> .
@prefix b: <http://b/> .  # a prefix

# about b
a:b
    a:c "x" ;  # behind c
    # before d
    a:d
        1,
        2,  # behind 2
        3 ;
    a a:T ;
    a:list (
        1  # one
        2
    ) ;
    a:anon [
        a:p "single" ;  # behind p
        a:q []
    ] .

# the end
"""


def test_a_messy_text_becomes_neat_with_all_its_comments():
    assert format_turtle(MESSY) == NEAT


def test_a_neat_text_stays_as_it_is():
    assert format_turtle(NEAT) == NEAT


def test_sorted_texts_of_the_same_statements_are_the_same_text():
    one = "@prefix a: <http://a/> . a:x a:q 2, 1 ; a:p a:y . a:b a a:C ."
    other = "@prefix a: <http://a/> .\na:b a <http://a/C> .\n<http://a/x> a:p a:y . a:x a:q 1 ; a:q 2 ."
    assert format_turtle(one, is_sorted=True) == format_turtle(other, is_sorted=True)


def test_prefixes_that_change_keep_their_places():
    text = "@prefix a: <http://a/> .\n\na:x a:p 1 .\n\n@prefix a: <http://b/> .\n\na:x a:p 1 .\n"
    written = format_turtle(text)
    assert len(set(parse(written.encode(), format=RdfFormat.TURTLE))) == 2
    assert format_turtle("@prefix a: <http://a/> . @prefix a: <http://b/> . a:x a:p 1 .").count("@prefix") == 2


@pytest.mark.parametrize(
    ("text", "place"),
    [("a:b a:c 1 .", (1, 1)), ("<a> <b> <c>", None), ("<a> <b> 'x", (1, 9))],
    ids=["prefix", "end", "quote"],
)
def test_what_is_no_turtle_is_refused_with_its_place(text, place):
    with pytest.raises(SourceError, match="This is not Turtle") as caught:
        format_turtle(text)
    assert place is None or caught.value.line == place[0]


FILES = sorted(W3C.rglob("*.ttl")) if W3C.is_dir() else []


@pytest.mark.skipif(not FILES, reason="the W3C's test suites are not beside the checkout")
@pytest.mark.parametrize("is_sorted", [False, True], ids=["as written", "sorted"])
def test_every_turtle_file_of_the_w3c_suites_is_laid_out_once_and_for_all(is_sorted):
    done = 0
    for path in FILES:
        written = format_turtle(path.read_text(encoding="utf-8-sig"), is_sorted=is_sorted)
        assert format_turtle(written, is_sorted=is_sorted) == written, path
        done += 1
    assert done == len(FILES) > 400


@pytest.mark.parametrize("folder", ["data", "ontology", "shapes"])
def test_our_own_files_are_laid_out_once_and_for_all(folder):
    for path in sorted((ROOT / folder).rglob("*.ttl")):
        written = format_turtle(path.read_text(encoding="utf-8"))
        assert format_turtle(written) == written, path


NODES = st.one_of(
    st.sampled_from([NamedNode("http://a/x"), NamedNode("http://a/y#z"), NamedNode("http://a/é.f"), BlankNode("b1")]),
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.one_of(
    NODES,
    TEXTS.map(Literal),
    TEXTS.map(lambda text: Literal(text, language="en")),
    st.integers().map(Literal),
    TEXTS.map(lambda text: Literal(text, datatype=NamedNode("http://a/y#t"))),
)
TRIPLES = st.builds(Triple, NODES, st.sampled_from([NamedNode("http://a/p"), NamedNode("http://a/y#q")]), VALUES)


@settings(max_examples=150, deadline=None)
@given(st.lists(TRIPLES, max_size=12), st.booleans())
def test_any_graph_is_kept(triples, is_sorted):
    text = serialize(triples, format=RdfFormat.TURTLE, prefixes={"a": "http://a/", "z": "http://a/y#"}).decode()
    written = format_turtle(text, is_sorted=is_sorted)
    assert format_turtle(written, is_sorted=is_sorted) == written


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("<a>:;,.[]()\"' \n#@prefix_1e^\\{}é"), max_size=60))
def test_any_text_is_laid_out_or_refused(text):
    try:
        written = format_turtle(text)
    except SourceError:
        return
    assert format_turtle(written) == written


def run(*arguments: str, text: str | None = None):
    return CliRunner(catch_exceptions=False).invoke(main, list(arguments), input=text)


def test_the_command_writes_checks_and_shows(tmp_path):
    path = tmp_path / "a.ttl"
    path.write_text(MESSY, encoding="utf-8")
    checked = run("fmt", "--check", str(tmp_path))
    assert (checked.exit_code, path.read_text(encoding="utf-8")) == (1, MESSY)
    shown = run("fmt", "--diff", str(path))
    assert shown.exit_code == 1
    assert '+    a:c "x" ;  # behind c' in shown.output
    written = run("fmt", str(path))
    assert (written.exit_code, path.read_text(encoding="utf-8")) == (0, NEAT)
    assert "1 files, 1 changed." in written.output
    assert run("fmt", "--check", str(path)).exit_code == 0
    assert run("fmt", "-", text=MESSY).output == NEAT


def test_a_bad_file_is_left_alone_and_the_others_are_done(tmp_path):
    (tmp_path / "bad.ttl").write_text("@prefix a: <http://a/> .\na:b a:c (", encoding="utf-8")
    (tmp_path / "good.ttl").write_text(MESSY, encoding="utf-8")
    done = run("fmt", str(tmp_path))
    assert done.exit_code == 2
    assert f"{tmp_path / 'bad.ttl'}:2:" in done.output
    assert (tmp_path / "good.ttl").read_text(encoding="utf-8") == NEAT
    assert run("fmt", str(tmp_path / "absent.ttl")).exit_code == 2


def test_a_difference_is_a_unified_diff():
    assert difference("a\nb\n", "a\nc\n", "x.ttl").splitlines()[-2:] == ["-b", "+c"]
