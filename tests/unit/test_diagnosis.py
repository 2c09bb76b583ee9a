"""An analyst who gets no rows is told why, and where the reason is not known, that.

Guards `diagnosis/`. The questions run in this process here: what runs them is passed in.
"""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad

from qit4n_kg.diagnosis.diagnoser import diagnose
from qit4n_kg.diagnosis.probing import Prober
from qit4n_kg.entities.labels import Reference
from qit4n_kg.errors import QuerySyntaxError, QueryTimeoutError
from qit4n_kg.store.executor_jobs import Spooled
from qit4n_kg.store.oxigraph import OxigraphStore

FOLDER = Path(__file__).resolve().parents[2] / "queries" / "diagnosis"
BASE = "http://example.org/"
PROLOGUE = f"PREFIX : <{BASE}>\nPREFIX xsd: <http://www.w3.org/2001/XMLSchema#>\n"
RDF_TYPE = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
DATE = NamedNode("http://www.w3.org/2001/XMLSchema#date")


def iri(name):
    return NamedNode(f"{BASE}{name}")


@pytest.fixture(scope="module")
def store():
    store = OxigraphStore.in_memory()
    facts = [
        ("kaoru", RDF_TYPE, iri("Person")),
        ("kaoru", iri("name"), Literal("Kaoru Kenyoshi")),
        ("kaoru", iri("chairs"), iri("wg1")),
        ("wg1", RDF_TYPE, iri("Group")),
        ("wg1", iri("name"), Literal("Working Group 1", language="en")),
        ("meeting", RDF_TYPE, iri("Meeting")),
        ("meeting", iri("number"), Literal(9)),
        ("meeting", iri("start"), Literal("2019-12-09", datatype=DATE)),
    ]
    quads = [Quad(iri(subject), predicate, value, DefaultGraph()) for subject, predicate, value in facts]
    quads.append(Quad(iri("meeting"), iri("place"), Literal("Jinan"), iri("overruled")))
    store.load(quads)
    return store


@pytest.fixture
def prober(store):
    def ask(job):
        buffer = io.BytesIO()
        graphs = job.default_graphs and [NamedNode(name) for name in job.default_graphs]
        store.query(job.text, bindings=job.bindings, default_graphs=graphs).write(buffer, job.form)
        return Spooled(job.form.value, len(buffer.getvalue()), 0.0, buffer.getvalue())

    return Prober(ask, FOLDER, seconds=30.0, each=30.0)


def found(prober, where, **more):
    return diagnose(f"{PROLOGUE}SELECT * {where}", prober, **more)


def only(diagnosis):
    assert diagnosis.is_empty
    assert diagnosis.is_complete
    (finding,) = diagnosis.findings
    assert diagnosis.summary == finding.message
    return finding


# --- terms -----------------------------------------------------------------------------------------------------------------


def test_a_language_tag_where_the_graph_has_none(prober):
    finding = only(found(prober, '{ ?p :name "Kaoru Kenyoshi"@en }'))
    assert finding.kind == "mismatch"
    assert "The query's has the language tag en, the data's has no language tag." in finding.message
    assert finding.suggestions[0].term == '"Kaoru Kenyoshi"'


def test_a_missing_language_tag(prober):
    finding = only(found(prober, '{ ?p :name "Working Group 1" }'))
    assert finding.suggestions[0].term == '"Working Group 1"@en'


@pytest.mark.parametrize(
    ("pattern", "right"),
    [
        ('?m :number "9"', "9"),
        ('?m :start "2019-12-09"', '"2019-12-09"^^xsd:date'),
        ("?m :name 'kaoru kenyoshi'", '"Kaoru Kenyoshi"'),
    ],
)
def test_the_same_text_in_another_datatype_or_case(prober, pattern, right):
    finding = only(found(prober, f"{{ {pattern} }}"))
    assert finding.kind == "mismatch"
    assert finding.suggestions[0].term == right


def test_a_property_that_does_not_occur_with_the_nearest_that_does(prober):
    finding = only(found(prober, "{ ?p a :Person ; :chair ?g }"))
    assert finding.kind == "unknown-term"
    assert finding.message == ":chair does not occur in the data."
    assert finding.suggestions[0].term == ":chairs"
    assert (finding.line, finding.column) == (3, 27)


def test_a_class_that_does_not_occur_with_the_nearest_that_does(prober):
    assert only(found(prober, "{ ?p a :Persons }")).suggestions[0].term == ":Person"


def test_a_thing_that_does_not_occur_with_the_nearest_that_does(prober):
    finding = only(found(prober, "{ :kaoro ?p ?o }", nearest=lambda _: [Reference(f"{BASE}kaoru", "Kaoru Kenyoshi")]))
    assert (finding.suggestions[0].term, finding.suggestions[0].label) == (":kaoru", "Kaoru Kenyoshi")


def test_a_text_that_does_not_occur_with_the_nearest_that_does(prober):
    finding = only(found(prober, '{ ?p :name "Kaoru Kenyosi" }'))
    assert finding.suggestions[0].term == '"Kaoru Kenyoshi"'


def test_a_literal_where_the_property_has_things(prober):
    finding = only(found(prober, '{ ?p :chairs "wg1" }'))
    assert "are things, not literals" in finding.message
    assert finding.suggestions[0].term == ":wg1"


def test_a_property_used_the_wrong_way_round(prober):
    finding = only(found(prober, "{ :wg1 :chairs ?who }"))
    assert finding.kind == "reversed"
    assert finding.suggestions[0].term == "?who :chairs :wg1 ."


def test_a_statement_that_is_only_in_a_named_graph(prober):
    finding = only(found(prober, "{ :meeting :name|:place ?where }"))
    assert finding.kind == "other-graph"
    assert "named graphs only" in finding.message


def test_a_graph_that_does_not_exist(prober):
    finding = only(found(prober, "{ GRAPH :overuled { ?s ?p ?o } }"))
    assert finding.kind == "unknown-graph"
    assert finding.suggestions[0].term == ":overruled"


def test_a_graph_of_the_dataset_that_does_not_exist(prober):
    finding = found(prober, f"FROM <{BASE}overuled> {{ ?s ?p ?o }}").findings[0]
    assert (finding.kind, finding.line, finding.column) == ("unknown-graph", 3, 15)


def test_all_unknown_terms_are_told_at_once(prober):
    diagnosis = found(prober, '{ ?p :nome ?n ; a :Persn ; :number "9" }')
    assert [finding.kind for finding in diagnosis.findings] == ["unknown-term", "unknown-term", "mismatch"]


# --- joins and filters -----------------------------------------------------------------------------------------------------


def test_the_pattern_that_empties_the_join(prober):
    diagnosis = found(prober, "{ ?x a :Person .\n ?x :name ?n .\n ?x :number ?m }")
    finding = only(diagnosis)
    assert (finding.kind, finding.line) == ("join", 5)
    assert "?x is :kaoru before it, and :meeting here." in finding.message
    assert "?x a :Person" not in finding.message.partition("Without")[2]  # without that alone nothing would change
    assert [(pattern.alone, pattern.with_those_before) for pattern in diagnosis.patterns] == [
        (True, True),
        (True, True),
        (True, False),
    ]


def test_the_patterns_without_which_there_would_be_solutions(prober):
    message = only(found(prober, "{ ?x a :Person . ?x :number ?m }")).message
    assert "Without one of these there would be solutions: ?x a :Person (line 3)." in message


def test_a_filter_that_leaves_nothing_and_the_values_that_reach_it(prober):
    finding = only(found(prober, "{ ?m :number ?n FILTER(?n > 100) }"))
    assert finding.kind == "filter"
    assert "?n is 9." in finding.message


@pytest.mark.parametrize("condition", ['?n = "Working Group 1"', '"working group 1"@en = ?n'])
def test_a_filter_that_compares_with_another_kind_of_literal(prober, condition):
    finding = only(found(prober, f"{{ ?g a :Group ; :name ?n FILTER({condition}) }}"))
    assert finding.kind == "mismatch"
    assert finding.suggestions[0].term == '"Working Group 1"@en'


@pytest.mark.parametrize(
    ("pattern", "condition", "difference", "right"),
    [
        (
            ":start",
            '?v = "2020-07-31"',
            "The query's is a string, the data's is an xsd:date.",
            '"2020-07-31"^^xsd:date',
        ),
        (
            ":start",
            '"2020-07-31" < ?v',
            "The query's is a string, the data's is an xsd:date.",
            '"2020-07-31"^^xsd:date',
        ),
        (":number", '?v > "100"', "The query's is a string, the data's is an xsd:integer.", "100"),
        ("^:chairs/:name", '?v = "Kaoru"@en', "the data's has no language tag.", '"Kaoru"'),
        (":chairs/:name", '?v >= "Z" && 1 = 1', "the data's has the language tag en.", '"Z"@en'),
        (":number", '?v > "many"', "The query's is a string, the data's is an xsd:integer.", None),
    ],
)
def test_a_filter_that_no_value_can_be_compared_with_and_what_to_write(prober, pattern, condition, difference, right):
    finding = only(found(prober, f"{{ ?s {pattern} ?v FILTER({condition}) }}"))
    assert finding.kind == "mismatch"
    assert difference in finding.message
    assert [suggestion.term for suggestion in finding.suggestions] == [right] * (right is not None)
    assert right is None or f"Write {right}." in finding.message


@pytest.mark.parametrize("condition", ["?n > 100", "?n * 2 > '1'", "?n > 8.5 && ?n < 8.7"])
def test_a_filter_that_compares_like_with_like_is_no_mismatch(prober, condition):
    assert only(found(prober, f"{{ ?m :number ?n FILTER({condition}) }}")).kind == "filter"


@pytest.mark.parametrize(
    ("where", "terms"),
    [
        ("{ { ?x a :Foo } UNION { ?y a :Meting } }", [(":Foo", None), (":Meting", ":Meeting")]),
        ("{ ?m a/:nmber ?n }", [(":nmber", ":number")]),
        ("{ ?m (:nmber|^:nmbr)+ ?n }", [(":nmber", ":number"), (":nmbr", ":number")]),
        ("{ ?m a :Meeting FILTER EXISTS { ?m :nmber ?n } }", [(":nmber", ":number")]),
        ("{ ?m a :Meeting { SELECT ?m { ?m :nmber ?n } } }", [(":nmber", ":number")]),
        (
            "{ { GRAPH :overruld { ?a ?b ?c } } UNION { ?m :nmber ?n } }",
            [(":overruld", ":overruled"), (":nmber", ":number")],
        ),
    ],
)
def test_terms_that_do_not_occur_are_found_wherever_they_stand(prober, where, terms):
    diagnosis = found(prober, where)
    assert {finding.kind for finding in diagnosis.findings} <= {"unknown-term", "unknown-graph"}
    told = [
        (f.source.strip("<>").replace(BASE, ":"), next((s.term for s in f.suggestions), None))
        for f in diagnosis.findings
    ]
    assert told == terms


def test_an_unknown_term_in_values_is_told_first(prober):
    diagnosis = found(prober, "{ VALUES ?c { :Meting } ?x a ?c }")
    assert (diagnosis.findings[0].message, diagnosis.findings[0].line) == (":Meting does not occur in the data.", 3)
    assert diagnosis.findings[0].suggestions[0].term == ":Meeting"


def test_a_term_that_not_exists_misses_is_no_reason(prober):
    finding = only(found(prober, "{ ?m a :Meeting FILTER NOT EXISTS { { ?m :nmber ?n } UNION { ?m :number ?n } } }"))
    assert finding.kind == "filter"


def test_minus_that_takes_everything_away(prober):
    assert only(found(prober, "{ ?m :number ?n MINUS { ?m a :Meeting } }")).kind == "minus"


def test_a_group_and_a_graph_clause_are_looked_into(prober):
    assert only(found(prober, "{ { ?p :nome ?n } ?p a :Person }")).suggestions[0].term == ":name"
    assert "Jinan" in only(found(prober, '{ GRAPH ?g { ?m :place "jinan"@en } }')).suggestions[0].term


def test_optional_is_never_the_reason(prober):
    finding = only(found(prober, "{ ?p a :Person OPTIONAL { ?p :number ?n } ?p :start ?d }"))
    assert finding.source == "?p :start ?d ."


# --- honest ----------------------------------------------------------------------------------------------------------------


def test_an_aggregate_over_nothing_has_a_row_and_the_reason_is_told(prober):
    diagnosis = diagnose(f"{PROLOGUE}SELECT (COUNT(*) AS ?n) {{ ?x a :Meting }}", prober)
    assert diagnosis.is_empty is False
    assert diagnosis.summary == ":Meting does not occur in the data."


def test_a_sub_select_may_be_the_whole_group(prober):
    assert only(found(prober, "{ SELECT * { ?m :nmber ?n } }")).suggestions[0].term == ":number"


def test_a_query_without_where_is_said_to_have_none(prober):
    assert "It has no WHERE clause." in diagnose("DESCRIBE <http://nope>", prober).summary


def test_a_query_that_has_rows_is_said_to_have_them(prober):
    diagnosis = found(prober, "{ ?s ?p ?o } LIMIT 1")
    assert diagnosis.is_empty is False
    assert diagnosis.findings == ()


@pytest.mark.parametrize(("end", "word"), [("LIMIT 0", "LIMIT"), ("OFFSET 1000", "OFFSET")])
def test_what_takes_all_rows_away_after_the_patterns(prober, end, word):
    diagnosis = found(prober, f"{{ ?s ?p ?o }} {end}")
    assert diagnosis.is_empty
    assert word in diagnosis.summary


def test_a_query_that_can_not_be_taken_apart_has_an_unknown_reason(prober):
    diagnosis = found(prober, "{ ?s ?p ?o {| ?a ?b |} }")
    assert diagnosis.is_empty is None
    assert not diagnosis.is_complete


def test_a_query_that_does_not_parse_is_an_error(prober):
    with pytest.raises(QuerySyntaxError):
        found(prober, "{ ?s ?p ?o FILTER(?s >) }")


def test_what_takes_too_long_is_unknown_and_not_guessed():
    def ask(_):
        raise QueryTimeoutError("too long")

    diagnosis = found(Prober(ask, FOLDER, seconds=30.0, each=1.0), "{ ?s :nome ?o . ?s ?p ?q }")
    assert diagnosis.is_empty is None
    assert not diagnosis.is_complete
    assert all(pattern.alone is None and pattern.with_those_before is None for pattern in diagnosis.patterns)
    assert diagnosis.findings == ()


def test_nothing_is_asked_after_the_deadline(prober):
    prober.seconds = 0.0
    diagnosis = found(prober, "{ ?s :nome ?o }")
    assert prober.asked == 0
    assert diagnosis.is_empty is None


def test_a_query_of_very_many_patterns_is_not_tried(prober):
    diagnosis = found(prober, "{ " + "?s ?p ?o . " * 100 + "}")
    assert prober.asked == 0
    assert diagnosis.is_empty is None
