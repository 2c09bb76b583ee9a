"""Query files: headings, the catalogue, and arguments that become terms and never text."""

from __future__ import annotations

import pytest
from pyoxigraph import Literal, NamedNode

from qit4n_kg.errors import ParameterError, SourceError, UnknownQueryError
from qit4n_kg.namespaces import XSD
from qit4n_kg.queries import ParameterKind, bind, read_catalogue, read_query, shown_text
from qit4n_kg.sparql import QueryForm
from qit4n_kg.store.oxigraph import OxigraphStore

TEXT = """# title: Everything
# question: What takes every kind of parameter?
# topic: people
# parameter: thing iri id:fg-qit4n The thing
# parameter: name string "two words" The name
# parameter: least integer 0
# parameter: share decimal 0.5 A share
# parameter: day date 2020-01-01 A day
# parameter: all boolean false Whether all
# A comment that is no heading: kept.
SELECT ?thing ?name ?least ?share ?day ?all WHERE { }
"""
DEFAULTS = {
    "thing": NamedNode("https://w3id.org/qit4n/id/fg-qit4n"),
    "name": Literal("two words"),
    "least": Literal("0", datatype=NamedNode(f"{XSD}integer")),
    "share": Literal("0.5", datatype=NamedNode(f"{XSD}decimal")),
    "day": Literal("2020-01-01", datatype=NamedNode(f"{XSD}date")),
    "all": Literal("false", datatype=NamedNode(f"{XSD}boolean")),
}


def write(folder, name, text):
    path = folder / f"{name}.rq"
    path.write_text(text)
    return path


@pytest.fixture
def everything(tmp_path):
    return read_query(write(tmp_path, "everything", TEXT))


def test_the_heading_is_read(everything):
    assert (everything.id, everything.title, everything.topic) == ("everything", "Everything", "people")
    assert everything.question == "What takes every kind of parameter?"
    assert everything.form is QueryForm.SELECT
    assert [parameter.kind for parameter in everything.parameters] == list(ParameterKind)
    assert everything.parameters[1].default == "two words"
    assert everything.parameters[2].description == ""


def test_defaults_become_terms(everything):
    assert bind(everything, {}) == DEFAULTS


def test_the_base_iri_decides_what_id_means(everything):
    assert bind(everything, {}, "http://example.org/")["thing"] == NamedNode("http://example.org/id/fg-qit4n")


@pytest.mark.parametrize(
    ("name", "text", "term"),
    [
        ("thing", "http://example.org/a", NamedNode("http://example.org/a")),
        ("thing", "<http://example.org/a>", NamedNode("http://example.org/a")),
        ("thing", " stdorg:Meeting ", NamedNode("https://w3id.org/stdorg/ns#Meeting")),
        ("name", '" } DROP ALL #', Literal('" } DROP ALL #')),
        ("name", " spaces stay ", Literal(" spaces stay ")),
        ("least", "-12", Literal("-12", datatype=NamedNode(f"{XSD}integer"))),
        ("share", "95", Literal("95", datatype=NamedNode(f"{XSD}decimal"))),
        ("day", "2020-02-29", Literal("2020-02-29", datatype=NamedNode(f"{XSD}date"))),
        ("all", "TRUE", Literal("true", datatype=NamedNode(f"{XSD}boolean"))),
    ],
)
def test_an_argument_becomes_a_term_of_its_kind(everything, name, text, term):
    assert bind(everything, {name: text})[name] == term


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("thing", "not an iri"),
        ("thing", "relative"),
        ("thing", "unknown prefix:x"),
        ("thing", "http://example.org/> } DROP ALL #"),
        ("thing", ""),
        ("least", "1.5"),
        ("least", "many"),
        ("share", "1e3"),
        ("share", "NaN"),
        ("day", "2021-02-29"),
        ("day", "20210101"),
        ("day", "2021"),
        ("all", "perhaps"),
        ("all", ""),
        ("name", "x" * 2001),
    ],
)
def test_a_malformed_argument_is_an_error_that_names_the_parameter(everything, name, text):
    with pytest.raises(ParameterError, match=name):
        bind(everything, {name: text})


@pytest.mark.parametrize("text", ["Japan", "James Nagel", ""])
def test_a_text_that_is_no_iri_comes_with_an_example_and_the_query_that_finds_one(everything, text):
    with pytest.raises(ParameterError) as caught:
        bind(everything, {"thing": text})
    assert caught.value.hint == "Write an IRI like id:fg-qit4n; the query find-by-name finds it."


def test_an_empty_argument_is_an_empty_string_or_an_error_and_never_the_default(everything):
    assert bind(everything, {"name": ""})["name"] == Literal("")
    with pytest.raises(
        ParameterError, match=r"'least' is empty, and not a whole number\. Leave it out for the default, 0"
    ):
        bind(everything, {"least": " "})


def test_an_unknown_parameter_is_an_error_that_names_the_known_ones(everything):
    with pytest.raises(ParameterError, match="thing, name, least"):
        bind(everything, {"think": "x"})


def test_a_required_parameter_must_be_given(tmp_path):
    query = read_query(write(tmp_path, "q", "# title: Q\n# parameter: who iri required Who it is\nSELECT ?who {}\n"))
    with pytest.raises(ParameterError, match="Who it is"):
        bind(query, {})


@pytest.mark.parametrize("parameter", ["name text x", "name", "name iri", "1name iri x", "na-me iri x"])
def test_a_parameter_that_can_not_be_understood_names_file_and_line(tmp_path, parameter):
    path = write(tmp_path, "broken", f"# title: Broken\n# parameter: {parameter}\nASK {{}}\n")
    with pytest.raises(SourceError) as caught:
        read_query(path)
    assert (caught.value.path, caught.value.line) == (path, 2)


def test_a_query_without_a_title_or_that_is_not_text_is_an_error(tmp_path):
    with pytest.raises(SourceError, match="title"):
        read_query(write(tmp_path, "untitled", "ASK {}\n"))
    (tmp_path / "bytes.rq").write_bytes(b"# title: \xff")
    with pytest.raises(SourceError, match="can't be read"):
        read_query(tmp_path / "bytes.rq")
    with pytest.raises(SourceError, match="can't be read"):
        read_query(tmp_path / "absent.rq")


def test_the_catalogue_is_ordered_by_topic(tmp_path):
    for name, topic in (("a", "zoology"), ("b", "meetings"), ("c", "people"), ("d", "meetings")):
        write(tmp_path, name, f"# title: {name}\n# topic: {topic}\nASK {{}}\n")
    catalogue = read_catalogue(tmp_path)
    topics = {topic: [query.id for query in queries] for topic, queries in catalogue.by_topic().items()}
    assert list(topics.items()) == [("people", ["c"]), ("meetings", ["b", "d"]), ("zoology", ["a"])]
    assert len(catalogue) == 4


def test_an_unknown_id_comes_with_what_looks_alike(tmp_path):
    write(tmp_path, "leadership", "# title: L\nASK {}\n")
    with pytest.raises(UnknownQueryError, match="leadership"):
        read_catalogue(tmp_path).get("leaders")
    assert not read_catalogue(tmp_path / "absent")


def test_the_shown_text_has_the_terms_and_answers_the_same(everything, tmp_path):
    text = shown_text(everything, bind(everything, {"name": 'a "quoted" \\ name'}))
    assert text.startswith("# What takes every kind of parameter?\n")
    assert "# title:" not in text
    (row,) = OxigraphStore.in_memory().query(text)
    assert row == tuple((DEFAULTS | {"name": Literal('a "quoted" \\ name')}).values())


def test_the_shown_text_of_a_construct_binds_in_its_pattern_and_not_in_its_template(tmp_path):
    text = "# title: C\n# parameter: s iri id:a\nCONSTRUCT { ?s a ?o } WHERE { ?s ?p ?o }\n"
    query = read_query(write(tmp_path, "c", text))
    shown = shown_text(query, bind(query, {}))
    assert shown.index("WHERE {") < shown.index("VALUES")
    OxigraphStore.in_memory().query(shown)
