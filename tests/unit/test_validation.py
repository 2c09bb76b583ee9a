"""Guards validation: what counts as data, where results are said to stand, how reports read, which shapes are refused."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path

import pyoxigraph
import pytest
import rdflib
from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat
from rdflib import RDF, SH
from rdflib.compare import isomorphic

from qit4n_kg.config import Settings, load_settings
from qit4n_kg.errors import SourceError
from qit4n_kg.loading import SourceKind, find_sources, parse
from qit4n_kg.reporting import MOST_LINES, Report, Severity, to_rdflib
from qit4n_kg.validation import STANDARD_INPUT, Shapes, load_shapes, locate, validate, validate_files
from qit4n_kg.validation.kinds import Kinds
from qit4n_kg.validation.known_terms import Terms
from qit4n_kg.validation.terms import statement
from qit4n_kg.validation.views import MemoryView

ROOT = Path(__file__).parents[2]
ID = "https://w3id.org/qit4n/id/"
STDORG = "https://w3id.org/stdorg/ns#"
G = "https://example.org/graph"
HEAD = f"""\
@base <{ID}> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix schema: <https://schema.org/> .
@prefix stdorg: <{STDORG}> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
SHAPES_HEAD = """\
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix : <https://example.org/> .
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The shipped ontology and shapes over two data of their own: a small world is validated quickly."""
    return small_world(
        tmp_path_factory.mktemp("world"),
        '<organization/nict> a stdorg:Organization ; rdfs:label "NICT"@en .\n'
        '<person/kaoru-kenyoshi> a stdorg:Person ; rdfs:label "Kaoru Kenyoshi" .\n',
    )


def small_world(folder: Path, data: str) -> Settings:
    (folder / "queries").mkdir(parents=True)
    for name in ("ontology", "shapes"):
        (folder / name).symlink_to(ROOT / name)
    write(folder, "data/people.ttl", HEAD + data)
    return load_settings({}, sources=folder, state_dir=folder)


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def shapes() -> Shapes:
    return load_shapes(ROOT / "shapes")


@pytest.fixture(scope="module")
def ontology(settings: Settings) -> list[Quad]:
    sources = find_sources(settings.sources, settings.graph_base)
    return [quad for source in sources if source.kind is SourceKind.ONTOLOGY for quad in parse(source)]


def quads(turtle: str, graph: str | None = None) -> list[Quad]:
    name = NamedNode(graph) if graph else DefaultGraph()
    found = pyoxigraph.parse(input=HEAD + turtle, format=RdfFormat.TURTLE)
    return [Quad(quad.subject, quad.predicate, quad.object, name) for quad in found]


def shapes_of(results: Report) -> list[str]:
    return [result.shape.partition("#")[2] for result in results.results]


# --- what is validated


def test_a_statement_of_an_overruled_graph_is_not_in_force(shapes, ontology):
    said = quads('<p> a stdorg:Person ; rdfs:label "A", "B" .', G)
    assert shapes_of(validate(said, shapes, ontology)) == ["Person-label"]
    overruled = quads(f'<{G}> a stdorg:OverruledGraph ; rdfs:label "Overruled"@en .', G)
    assert validate([*said, *overruled], shapes, ontology).results == ()


@pytest.mark.parametrize(("in_force", "count"), [("true", 1), ("false", 0)])
def test_the_registry_says_which_graph_is_in_force(shapes, ontology, in_force, count):
    said = quads('<p> a stdorg:Person ; rdfs:label "A", "B" .', G)
    registry = quads(f'<{G}> a stdorg:NamedGraph ; rdfs:label "Graph"@en ; stdorg:inForce {in_force} .')
    assert len(validate([*said, *registry], shapes, ontology).results) == count


def test_what_an_overruled_graph_says_of_itself_is_validated(shapes, ontology):
    said = quads(f'<{G}> a stdorg:OverruledGraph ; rdfs:label "Graph"@fr .', G)
    assert shapes_of(validate(said, shapes, ontology)) == ["NamedGraph-label"]


def test_a_datatype_in_an_overruled_graph_is_checked(shapes, ontology):
    said = quads(
        f'<{G}> a stdorg:OverruledGraph ; rdfs:label "G"@en . <m> a stdorg:Meeting ; stdorg:participants "many" .', G
    )
    assert shapes_of(validate(said, shapes, ontology)) == ["value-participants"]


def test_graphs_in_force_are_merged_before_they_are_validated(shapes, ontology):
    name = quads('<p> rdfs:label "Ada" .', G)
    assert validate([*quads("<p> a stdorg:Person .", f"{G}/2"), *name], shapes, ontology).conforms
    assert not validate(quads("<p> a stdorg:Person ."), shapes, ontology).conforms


def test_the_ontology_gives_subclasses_and_is_not_validated_itself(shapes, ontology):
    without_label = quads("<c> a stdorg:MeetingMode . stdorg:Sub rdfs:subClassOf stdorg:Event .")
    event = quads('<e> a stdorg:Sub ; rdfs:label "Event"@fr .')
    unknown = [*ontology, *quads("stdorg:Sub a rdfs:Class .")]
    assert shapes_of(validate(event, shapes, [*unknown, *without_label])) == ["Event-label"]


def test_an_rdflib_graph_is_validated_as_quads_are(shapes, ontology):
    data = quads('<p> a stdorg:Person ; rdfs:label "A"@en . <m> stdorg:number "x" .')
    graph = rdflib.Graph()
    for quad in data:
        graph.add(tuple(to_rdflib(term) for term in (quad.subject, quad.predicate, quad.object)))
    before = len(graph)
    assert validate(graph, shapes, ontology).results == validate(data, shapes, ontology).results
    assert len(graph) == before


def test_a_misspelt_term_is_a_violation_with_advice(shapes, ontology):
    report = validate(quads('<p> a stdorg:Persn ; rdfs:label "A" ; stdorg:chair <b> .'), shapes, ontology)
    assert [result.message for result in report.results] == [
        "The ontology has no term stdorg:Persn. Did you mean stdorg:Person?",
        "The ontology has no term stdorg:chair. Did you mean stdorg:chairs?",
    ]
    assert {result.shape for result in report.results} == {"https://w3id.org/stdorg/shapes#KnownTerm"}


def test_a_malformed_literal_is_a_violation_and_not_a_logged_traceback(shapes, ontology, caplog):
    data = quads('<e> a stdorg:Event ; rdfs:label "E"@en ; schema:startDate "2020-02-30"^^xsd:date .')
    with caplog.at_level(logging.DEBUG):
        report = validate(data, shapes, ontology)
        report.to_turtle()
    assert shapes_of(report) == ["Event-startDate"]
    assert not [record for record in caplog.records if record.name == "rdflib.term"]


def test_a_literal_keeps_its_lexical_form_in_the_report(shapes, ontology):
    data = quads('<e> a stdorg:Event ; rdfs:label "E"@en ; stdorg:ordinal "000"^^xsd:integer .')
    assert validate(data, shapes, ontology).results[0].value.value == "000"


def test_a_triple_as_a_term_is_refused(shapes, ontology):
    data = quads("<e> a stdorg:Event ; stdorg:host <<( <a> <b> <c> )>> .")
    with pytest.raises(SourceError, match="A triple can't stand as a term"):
        validate(data, shapes, ontology)


# --- files


def test_a_file_is_validated_as_if_merged_with_the_shipped_data(tmp_path, settings):
    path = write(tmp_path, "new.ttl", HEAD + '<person/kaoru-kenyoshi> rdfs:label "Another Name" .\n')
    report = validate_files([path], settings)
    assert [(r.severity, r.file, r.line, r.column) for r in report.results] == [(Severity.VIOLATION, str(path), 6, 36)]
    assert report.results[0].message.startswith("A person has exactly one name")


def test_a_file_may_refer_to_what_the_shipped_data_describe(tmp_path, settings):
    path = write(
        tmp_path, "new.ttl", HEAD + '<x> a stdorg:Workshop ; rdfs:label "W"@en ; stdorg:host <organization/nict> .\n'
    )
    assert validate_files([path], settings).to_text() == "Conforms: 3 statements, nothing to remark."


def test_files_are_merged_with_each_other(tmp_path, settings):
    first = write(tmp_path, "a.ttl", HEAD + "<person/x> a stdorg:Person .\n")
    second = write(tmp_path, "b.ttl", HEAD + '<person/x> rdfs:label "X" .\n')
    assert validate_files([first, second], settings).conforms
    assert not validate_files([first], settings).conforms


@pytest.mark.parametrize("form", ["ttl", "nt", "nq", "trig", "rdf", "jsonld"])
def test_each_format_is_read_by_its_extension(tmp_path, settings, form):
    engine_format = RdfFormat.from_extension(form)
    data = quads("<person/x> a stdorg:Person .")
    path = tmp_path / f"new.{form}"
    path.write_bytes(pyoxigraph.serialize(data, format=engine_format))
    report = validate_files([path], settings)
    assert shapes_of(report) == ["Person-label"]
    assert report.results[0].line == (3 if form == "rdf" else 1)


def test_an_overruled_passage_in_a_file_is_judged_as_one(tmp_path, settings):
    text = '<g> a stdorg:OverruledGraph ; rdfs:label "G"@en . <person/kaoru-kenyoshi> rdfs:label "Another Name" .\n'
    assert validate_files([write(tmp_path, "new.ttl", HEAD + text)], settings).conforms


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        ("schema:Person", "Write a stdorg:Person."),
        ("schema:Organization", "Write a stdorg:Body or a stdorg:Organization."),
        ("<http://www.w3.org/ns/prov#Entity>", "Write a stdorg:Document or a stdorg:NamedGraph."),
        ("<http://example.org/Lamp>", None),
    ],
)
def test_a_thing_of_none_of_our_kinds_is_remarked_with_the_kind_that_is_meant(tmp_path, settings, kind, advice):
    said = f'<thing/x> rdfs:label "X"@en ;\n  a {kind} .\n'
    report = validate_files([write(tmp_path, "new.ttl", HEAD + said)], settings)
    assert report.conforms
    assert [(one.severity, one.suggestion, one.line) for one in report.results] == [(Severity.WARNING, advice, 6)]
    assert shapes_of(report) == ["OfAKind"]


def test_a_thing_of_a_kind_below_ours_is_of_our_kinds(shapes, ontology):
    below = [*ontology, *quads("<Lamp> rdfs:subClassOf stdorg:Event .")]
    event = quads('<e> a <Lamp> ; rdfs:label "Event"@en .')
    assert "OfAKind" not in shapes_of(validate(event, shapes, below))
    assert "OfAKind" in shapes_of(validate(event, shapes, ontology))


def test_one_of_the_shipped_files_is_validated_in_its_place(tmp_path):
    world = small_world(tmp_path / "world", '<person/x> a stdorg:Person ; rdfs:label "X" .\n')
    path = world.sources / "data" / "people.ttl"
    assert validate_files([path], world).conforms
    path.write_text(HEAD + "<person/x> a stdorg:Person .\n", encoding="utf-8")
    assert shapes_of(validate_files([path], world)) == ["Person-label"]


def test_what_was_wrong_before_is_not_held_against_a_file(tmp_path):
    world = small_world(tmp_path / "world", "<person/x> a stdorg:Person .\n")
    new = write(tmp_path, "new.ttl", HEAD + '<person/y> a stdorg:Person ; rdfs:label "Y" .\n')
    assert validate_files([new], world).to_text() == "Conforms: 2 statements, nothing to remark."


def test_a_file_that_contradicts_the_shipped_data_is_told_so(tmp_path):
    path = write(tmp_path, "new.ttl", HEAD + "<fg-qit4n/meeting/5> stdorg:participants 63 .\n")
    report = validate_files([path], load_settings({}, sources=ROOT))
    assert [(result.file, result.line) for result in report.results] == [(str(path), 6)]
    assert report.results[0].focus_label.startswith("FG QIT4N meeting 5")
    shipped = "data/progress-report-2021-10/table-1/meeting-5.ttl"
    line = next(n for n, text in enumerate((ROOT / shipped).read_text().splitlines(), 1) if "participants 62" in text)
    finding, hint, _ = report.to_text().splitlines()
    assert f"left out. It has 2 values: 63 here, 62 in {shipped}:{line}. (" in finding
    assert hint.startswith("To correct a passage, change its file under data/")
    assert json.loads(report.to_json())["hint"] == hint


def test_values_that_clash_within_the_given_files_are_told_without_advice_about_data(tmp_path, settings):
    first = write(tmp_path, "a.ttl", HEAD + '<person/x> a stdorg:Person ; rdfs:label "X" .\n')
    second = write(tmp_path, "b.ttl", HEAD + '<person/x> rdfs:label "Y" .\n')
    report = validate_files([first, second], settings)
    assert report.results[0].explanation.endswith(f'It has 2 values: "X" here, "Y" in {second}:6.')
    assert report.hint is None


def test_of_many_values_a_few_are_listed(tmp_path, settings):
    path = write(tmp_path, "a.ttl", HEAD + '<person/x> a stdorg:Person ; rdfs:label "1", "2", "3", "4", "5", "6" .\n')
    (result,) = validate_files([path], settings).results
    assert result.explanation.endswith('It has 6 values: "1" here, "2" here, "3" here, "4" here, and 2 more.')


def test_values_that_look_alike_are_told_with_their_datatypes(shapes, ontology):
    said = quads('<m> a stdorg:Meeting ; stdorg:participants 73 , "73"^^xsd:int .')
    (result,) = (result for result in validate(said, shapes, ontology).results if result.values)
    assert "It has 2 values: " in result.explanation
    assert "#integer>" in result.explanation
    assert "#int>" in result.explanation


def test_the_place_of_a_value_is_never_in_an_overruled_passage(tmp_path, shapes, ontology):
    overruled = f'<{G}> a stdorg:OverruledGraph ; rdfs:label "G"@en . <p> rdfs:label "B" .'
    held = '<p> a stdorg:Person ; rdfs:label "A", "B" .'
    files = [
        Text(write(tmp_path, "overruled.ttl", HEAD + overruled), G),
        Text(write(tmp_path, "held.ttl", HEAD + held)),
    ]
    (result,) = validate([*quads(overruled, G), *quads(held)], shapes, ontology, files).results
    assert {one.file for one in result.values} == {"held.ttl"}


def test_an_empty_file_is_said_to_hold_no_statement(tmp_path, settings):
    path = write(tmp_path, "empty.ttl", "")
    assert validate_files([path], settings).to_text() == "Conforms: 0 statements, nothing to remark."


def test_a_dash_stands_for_turtle_on_standard_input(settings):
    text = HEAD + '<person/kaoru-kenyoshi> rdfs:label "Another Name" .\n'
    (result,) = validate_files([STANDARD_INPUT], settings, text.encode()).results
    assert (result.file, result.line, result.column) == ("standard input", 6, 36)
    assert result.explanation.endswith('"Another Name" here, "Kaoru Kenyoshi" in data/people.ttl:7.')
    with pytest.raises(SourceError, match=r"standard input:1:1: This is not Turtle"):
        validate_files([STANDARD_INPUT], settings, b"oops")
    with pytest.raises(SourceError, match=r"standard input:1:1: The file is not UTF-8"):
        validate_files([STANDARD_INPUT], settings, b"\xff")


def test_a_syntax_error_in_a_shipped_file_is_named_as_findings_are(tmp_path):
    world = small_world(tmp_path / "world", "oops\n")
    with pytest.raises(SourceError, match=r"^data/people\.ttl:6:1: This is not Turtle"):
        validate_files([write(tmp_path, "new.ttl", HEAD)], world)


def test_a_syntax_error_names_file_line_and_column(tmp_path, settings):
    path = write(tmp_path, "bad.ttl", "<a:a> <a:b>\n  ; .\n")
    with pytest.raises(SourceError) as caught:
        validate_files([path], settings)
    assert str(caught.value).startswith(f"{path}:2:3: This is not Turtle: ")
    assert caught.value.exit_code == 2


def test_bytes_that_are_not_utf_8_are_placed(tmp_path, settings):
    path = tmp_path / "bad.ttl"
    path.write_bytes(b'# fine\n<a:a> <a:b> "\xff" .')
    with pytest.raises(SourceError, match=r"bad\.ttl:2:14: The file is not UTF-8 text\."):
        validate_files([path], settings)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent.ttl", "can't be read: No such file"),
        ("folder.ttl", "This is a folder"),
        ("x.docx", r"The extension \.docx is not known"),
    ],
)
def test_an_unreadable_file_is_a_source_error(tmp_path, settings, name, message):
    (tmp_path / "folder.ttl").mkdir()
    with pytest.raises(SourceError, match=message):
        validate_files([tmp_path / name], settings)


# --- places


class Text:
    def __init__(self, path: Path, graph: str | None = None) -> None:
        self.path, self.relative, self.graph = path, path.name, NamedNode(graph) if graph else None


def test_a_result_stands_in_the_file_that_states_its_value(tmp_path, shapes, ontology):
    right = HEAD + '<p> a stdorg:Person ; rdfs:label "A" .\n'
    wrong = HEAD + '# another\n<p> rdfs:label "B"@en .\n'
    sources = [Text(write(tmp_path, "right.ttl", right)), Text(write(tmp_path, "wrong.ttl", wrong))]
    report = validate([*quads(right.removeprefix(HEAD)), *quads(wrong.removeprefix(HEAD))], shapes, ontology, sources)
    datatype = next(result for result in report.results if result.value is not None)
    assert (datatype.file, datatype.line) == ("wrong.ttl", 7)


def test_a_result_in_large_n_quads_is_found_by_reading_only_its_lines(tmp_path, shapes, ontology):
    import gzip

    data = [
        Quad(q.subject, q.predicate, q.object, NamedNode(G))
        for n in range(50)
        for q in quads(f'<p{n}> a stdorg:Person ; rdfs:label "P"{"@en" if n == 7 else ""} .')
    ]
    path = tmp_path / "data.nq.gz"
    path.write_bytes(gzip.compress(pyoxigraph.serialize(data, format=RdfFormat.N_QUADS)))
    report = validate(data, shapes, ontology, [Text(path)])
    assert [(result.file, result.line) for result in report.results] == [("data.nq.gz", 16)]


def test_a_result_about_nothing_in_the_sources_has_no_place(tmp_path, shapes, ontology):
    report = validate(quads("<p> a stdorg:Person ."), shapes, ontology, [Text(write(tmp_path, "a.ttl", HEAD))])
    assert [(result.file, result.line) for result in report.results] == [(None, None)]
    assert locate([], [Text(tmp_path / "absent.ttl")]) == []


# --- reports


@pytest.fixture(scope="module")
def report(shapes: Shapes, ontology: list[Quad]) -> Report:
    return validate(
        quads(
            '<fg> a stdorg:FocusGroup ; rdfs:label "FG"@en .'
            '<m> a stdorg:Meeting ; rdfs:label "M"@en ; stdorg:meetingOf <fg> ; stdorg:number 1 ; stdorg:participants "many" ;'
            '  schema:startDate "2020-01-01"^^xsd:date ; schema:endDate "2020-01-02"^^xsd:date .'
            '<s> a stdorg:Session ; rdfs:label "S"@en ; stdorg:sessionOf <m> ; schema:startDate "2019-12-31"^^xsd:date .'
        ),
        shapes,
        ontology,
    )


def test_violations_come_first_and_decide(report):
    assert [result.severity for result in report.results] == [Severity.VIOLATION] * 3 + [Severity.WARNING]
    assert not report.conforms
    assert len(report.warnings) == 1


def test_warnings_alone_conform(shapes, ontology):
    only_warnings = validate(quads('<fg> a stdorg:FocusGroup ; rdfs:label "FG"@en .'), shapes, ontology)
    assert only_warnings.conforms
    assert only_warnings.summary == "Conforms: 1 warning."


COUNT = (
    "The number of participants (stdorg:participants) is one whole number, 0 or more; what is not stated is left out."
)
EARLY = "A session can't start before its meeting (schema:startDate)."
EARLY_PATH = "(stdorg:sessionOf|^stdorg:hasSession)/schema:startDate"
PARENT = "A focus group should name the body that established it or that it is part of (stdorg:establishedBy, stdorg:subBodyOf)."
PARENT_PATH = "stdorg:establishedBy|stdorg:subBodyOf|stdorg:withinBody"


def test_the_text_says_each_finding_once_in_one_line(report):
    date = '"2020-01-01"^^<http://www.w3.org/2001/XMLSchema#date>'
    assert report.to_text().splitlines() == [
        f'Violation: {COUNT} (M <{ID}m>, stdorg:participants, "many")',
        f"Violation: {EARLY} (S <{ID}s>, {EARLY_PATH}, {date})",
        f"Warning: {PARENT} (FG <{ID}fg>, {PARENT_PATH})",
        "Does not conform: 2 violations, 1 warning.",
    ]


def test_a_very_long_text_is_cut_and_says_so(shapes, ontology):
    people = quads(" ".join(f"<p{n}> a stdorg:Person ." for n in range(MOST_LINES + 5)))
    lines = validate(people, shapes, ontology).to_text().splitlines()
    assert len(lines) == MOST_LINES + 2
    assert lines[-2:] == ["… and 5 more.", f"Does not conform: {MOST_LINES + 5} violations."]


def test_json_has_the_findings_that_the_text_has_with_the_same_counts(report):
    written = json.loads(report.to_json())
    assert (written["conforms"], written["violations"], written["warnings"]) == (False, 2, 1)
    assert len(written["results"]) == len(report.findings) == 3 < len(report.results)
    assert written["results"][-1] == {
        "severity": "Warning",
        "message": PARENT,
        "focus": f"<{ID}fg>",
        "focusLabel": "FG",
        "path": PARENT_PATH,
        "value": None,
        "shape": "https://w3id.org/stdorg/shapes#FocusGroup-parent",
        "component": "http://www.w3.org/ns/shacl#MinCountConstraintComponent",
        "file": None,
        "line": None,
        "column": None,
        "sheet": None,
        "suggestion": None,
    }


def test_turtle_is_a_shacl_report_with_whole_paths(report):
    graph = rdflib.Graph().parse(data=report.to_turtle())
    root = graph.value(None, RDF.type, SH.ValidationReport)
    assert graph.value(root, SH.conforms) == rdflib.Literal(False)
    assert len(list(graph.objects(root, SH.result))) == 4
    path = next(graph.objects(None, SH.alternativePath))
    assert len(list(graph.items(path))) in (2, 3)
    assert isomorphic(graph, rdflib.Graph().parse(data=report.to_turtle()))


# --- shapes


def shapes_in(folder: Path, turtle: str) -> Path:
    write(
        folder, "evidence/values.ttl", SHAPES_HEAD + ":v a sh:NodeShape ; sh:targetSubjectsOf :p ; sh:nodeKind sh:IRI ."
    )
    return write(folder, "main.ttl", SHAPES_HEAD + turtle).parent


GOOD = ":S a sh:NodeShape ; sh:targetClass :C ; sh:property :P .\n:P a sh:PropertyShape ; sh:path :p ; sh:minCount 1 ."


def test_shapes_without_a_flaw_are_loaded(tmp_path):
    assert len(load_shapes(shapes_in(tmp_path, GOOD)).merged) == 6


@pytest.mark.parametrize(
    ("turtle", "message"),
    [
        ("", r"No shape here has a target"),
        (
            GOOD.replace("sh:property :P", "sh:property :Q"),
            r"main\.ttl:3:\d+: sh:property refers to the shape https://example.org/Q, which is not here",
        ),
        (GOOD.replace("sh:minCount", "sh:minCounts"), r"main\.ttl:4:\d+: SHACL has no term sh:minCounts"),
        (f"{GOOD}\n:P sh:or ( :Nowhere :S ) .", r"sh:or refers to the shape https://example.org/Nowhere"),
        (f"{GOOD}\n:P sh:not :Nowhere .", r"sh:not refers to the shape"),
        (f"{GOOD} oops", r"main\.ttl:4:\d+: This is not Turtle"),
        (GOOD.replace("sh:path :p ; ", ""), r"main\.ttl:4:\d+: The property shape \S+ has no path"),
    ],
    ids=["empty", "dangling property", "misspelt", "dangling in a list", "dangling not", "syntax", "no path"],
)
def test_shapes_that_engines_would_ignore_in_silence_are_refused(tmp_path, turtle, message):
    with pytest.raises(SourceError, match=message):
        validate(quads("<x> a <https://example.org/C> ."), load_shapes(shapes_in(tmp_path, turtle)), [])


def test_an_absent_folder_of_shapes_is_refused(tmp_path):
    with pytest.raises(SourceError, match="No shape here has a target"):
        load_shapes(tmp_path / "absent")


def test_the_server_starts_without_importing_the_validator():
    code = "import sys, qit4n_kg.web.app; sys.exit(any(name in sys.modules for name in ('pyshacl', 'qit4n_kg.validation')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("term", "near"),
    [
        ("https://schema.org/startDat", "https://schema.org/startDate"),
        ("http://schema.org/startDate", "https://schema.org/startDate"),
        ("http://w3id.org/stdorg/ns#participants", "https://w3id.org/stdorg/ns#participants"),
        ("http://xmlns.com/foaf/0.1/givenname", "http://xmlns.com/foaf/0.1/givenName"),
        ("https://schema.org/startDate", None),
        ("https://schema.org/citation", None),
        ("https://example.org/startDate", None),
    ],
)
def test_a_term_of_others_that_is_nearly_one_in_use_is_remarked(term, near, shapes, ontology):
    used = {str(node) for triple in shapes.both for node in triple if isinstance(node, rdflib.URIRef)}
    remarks = Terms(ontology, used).doubtful(quads(f"<e> <{term}> 1 ."))
    assert [result.severity for result in remarks] == ([Severity.WARNING] if near else [])
    assert all(f"<{near}>" in result.message for result in remarks)


# --- kinds that share nothing


@pytest.mark.parametrize(
    ("existing", "added", "where"),
    [
        ("<jp> a stdorg:Country", "<jp> a stdorg:Group", ("<jp>", "rdf:type")),
        ("<ada> a stdorg:Person", "<ada> a <http://www.w3.org/2004/02/skos/core#Concept>", ("<ada>", "rdf:type")),
        ("<d> a stdorg:Deliverable", "<x> stdorg:sessionOf <d>", ("<x>", "stdorg:sessionOf")),
        ("<d> stdorg:documentKind <report>", "<d> stdorg:agent <ada>", ("<d>", "stdorg:agent")),
    ],
)
def test_what_would_be_two_kinds_that_share_nothing_is_a_violation_at_the_statement_that_says_so(
    existing, added, where, ontology
):
    before = [statement(quad) for quad in quads(existing + " .")]
    new = [statement(quad) for quad in quads(added + " .")]
    [result] = Kinds(ontology).conflicts(new, MemoryView.of([*before, *new]))
    assert (str(result.focus).replace(ID, ""), result.path) == where
    assert "at once" in result.message
    assert result.severity is Severity.VIOLATION


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("<ada> a stdorg:Person ; stdorg:affiliation <nist> .", "stdorg:affiliation is said of stdorg:RoleHeld only"),
        ("<jp> a stdorg:Country, stdorg:Group .", None),
    ],
)
def test_the_property_that_makes_a_thing_another_kind_is_named_where_no_type_does(said, advice, ontology):
    statements = [statement(quad) for quad in quads(said)]
    [result] = Kinds(ontology).conflicts(statements, MemoryView.of(statements))
    assert (result.suggestion and result.suggestion.partition(": is it")[0]) == advice


def test_what_is_one_kind_is_no_violation(ontology):
    said = '<ada> a stdorg:Person ; rdfs:label "Ada" . <r> a stdorg:RoleHeld ; stdorg:agent <ada> .'
    statements = [statement(quad) for quad in quads(said)]
    assert Kinds(ontology).conflicts(statements, MemoryView.of(statements)) == []


def test_what_a_shape_has_told_already_is_not_told_again(shapes, ontology):
    both = '<m> a stdorg:JointMeeting, stdorg:Meeting ; rdfs:label "Twice"@en .'
    assert "OneKind" not in shapes_of(validate(quads(both), shapes, ontology))
