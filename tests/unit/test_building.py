"""Guards the build: what a generation holds, that it is reproducible, that a rebuild does nothing, that a failure harms nothing."""

import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from pyoxigraph import NamedNode, Triple

from qit4n_kg.assembling import assemble
from qit4n_kg.building import build
from qit4n_kg.config import load_settings
from qit4n_kg.errors import InvalidDataError, SourceError, StateLockedError, UnsupportedAxiomError
from qit4n_kg.loading import find_sources
from qit4n_kg.store.generations import Generations
from qit4n_kg.store.oxigraph import OxigraphStore

ROOT = Path(__file__).parents[2]
BASE = "https://example.org/"
STDORG = "https://w3id.org/stdorg/ns#"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
PREFIXES = f"""@base <{BASE}id/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix stdorg: <{STDORG}> .
"""
FILES = {
    "ontology/events.ttl": """<https://w3id.org/stdorg/ns/events> a owl:Ontology ; rdfs:label "Events"@en .
stdorg:Meeting a owl:Class ; rdfs:subClassOf stdorg:Event . stdorg:Event a owl:Class . stdorg:number a owl:DatatypeProperty .
stdorg:OverruledGraph a owl:Class . stdorg:SourcePassage a owl:Class ; rdfs:subClassOf stdorg:NamedGraph .
stdorg:NamedGraph a owl:Class . stdorg:EntailedGraph a owl:Class ; rdfs:subClassOf stdorg:NamedGraph .
stdorg:table a owl:DatatypeProperty .
""",
    "data/report/one.ttl": f"""<{BASE}graph/report/one> a stdorg:SourcePassage ; stdorg:table "Table 1" .
<meeting/1> a stdorg:Meeting ; stdorg:number 1 .""",
    "data/report/overruled.ttl": f"""<{BASE}graph/report/overruled> a stdorg:SourcePassage, stdorg:OverruledGraph .
<{BASE}graph/report/overruled> stdorg:table "Table 2" .
<meeting/1> stdorg:number 11 .""",
    "shapes/events.ttl": """<s> a sh:NodeShape ; sh:targetClass stdorg:Meeting ;
    sh:property <n> . <n> sh:path stdorg:number ; sh:minCount 1 ; sh:maxCount 1 ; sh:message "A meeting has one number." .""",
    "shapes/evidence/events.ttl": """<e> a sh:NodeShape ; sh:targetSubjectsOf stdorg:number ; sh:property <m> .
<m> sh:path stdorg:number ; sh:nodeKind sh:Literal ; sh:message "A number is a literal." .""",
}


class Recorder:
    """A progress that remembers what it was told."""

    def __init__(self):
        self.stages = []
        self.summaries = []

    def started(self, stage, total=None):
        self.stages.append(stage)

    def advanced(self, done):
        pass

    def finished(self, summary):
        self.summaries.append(summary)


@pytest.fixture
def settings(tmp_path):
    sources = tmp_path / "sources"
    for name, text in FILES.items():
        change(sources, name, text)
    for folder in ("axioms", "rules"):
        shutil.copytree(ROOT / "queries" / folder, sources / "queries" / folder)
    return load_settings({}, sources=sources, state_dir=tmp_path / "state", base_iri=BASE)


def change(sources, name, text):
    path = sources / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(PREFIXES + text)


def current(settings):
    return Generations(settings.state_dir, settings.keep_generations).current()


def graph_of(result, name):
    """Return a graph's triples; None is the default graph."""
    from pyoxigraph import DefaultGraph

    store = OxigraphStore.open_read_only(result.generation.store_path)
    graph = DefaultGraph() if name is None else NamedNode(f"{BASE}graph/{name}")
    found = {quad.triple for quad in store.quads(graph=graph)}
    store.close()
    return found


def is_a(thing, name):
    return Triple(NamedNode(f"{BASE}{thing}"), NamedNode(TYPE), NamedNode(STDORG + name))


def test_the_default_graph_is_all_in_force_and_what_follows(settings):
    result = build(settings, Recorder())
    default = graph_of(result, None)
    assert result.is_new
    assert is_a("id/meeting/1", "Event") in default
    assert (
        graph_of(result, "ontology/events") | graph_of(result, "report/one") | graph_of(result, "registry") <= default
    )
    assert is_a("id/meeting/1", "Event") in graph_of(result, "entailed/sub-class-of/Meeting/Event")
    numbers = {t.object.value for t in default if t.predicate.value == STDORG + "number"}
    assert numbers == {"1"}


def test_an_overruled_graph_keeps_its_statements_and_stays_out_of_force(settings):
    result = build(settings, Recorder())
    default = graph_of(result, None)
    assert {t.object.value for t in graph_of(result, "report/overruled") if t.predicate.value.endswith("number")} == {
        "11"
    }
    said = {
        (t.predicate.value.rpartition("#")[2], t.object.value)
        for t in default
        if t.subject.value.endswith("report/overruled")
    }
    assert {("inForce", "false"), ("table", "Table 2"), ("sourceFile", "data/report/overruled.ttl")} <= said


def test_the_registry_describes_every_named_graph(settings):
    result = build(settings, Recorder())
    store = OxigraphStore.open_read_only(result.generation.store_path)
    named = {graph.value for graph in store.graphs()}
    store.close()
    described = {t.subject.value for t in graph_of(result, "registry") if t.predicate.value == STDORG + "inForce"}
    assert named == described
    assert is_a("graph/entailed/sub-class-of/Meeting/Event", "EntailedGraph") in graph_of(result, "registry")
    assert is_a("graph/entailed/sub-class-of/Meeting/Event", "NamedGraph") in graph_of(result, None)


def test_the_same_inputs_give_the_same_dataset_wherever_they_are(settings, tmp_path):
    first = build(settings, Recorder())
    shutil.copytree(settings.sources, tmp_path / "copy")
    other = replace(settings, sources=tmp_path / "copy", state_dir=tmp_path / "other")
    second = build(other, Recorder())
    assert second.is_new
    assert first.generation.manifest.dataset == second.generation.manifest.dataset
    assert first.generation.manifest.inputs == second.generation.manifest.inputs


def test_a_second_build_of_the_same_inputs_does_nothing_and_fast(settings):
    first = build(settings, Recorder())
    progress = Recorder()
    start = time.process_time()
    second = build(settings, progress)
    assert time.process_time() - start < 0.5
    assert not second.is_new
    assert second.generation.number == first.generation.number
    assert progress.stages == []


def test_a_changed_page_query_makes_no_new_generation_but_a_changed_rule_does(settings):
    build(settings, Recorder())
    change(settings.sources, "queries/catalogue/new.rq", "")
    assert not build(settings, Recorder()).is_new
    (settings.sources / "queries" / "rules" / "chairs.rq").unlink()
    assert build(settings, Recorder()).is_new


def test_a_changed_file_makes_the_next_generation(settings):
    first = build(settings, Recorder())
    change(settings.sources, "data/report/two.ttl", "<meeting/2> a stdorg:Meeting ; stdorg:number 2 .")
    second = build(settings, Recorder())
    assert second.generation.number > first.generation.number
    assert second.generation.manifest.dataset != first.generation.manifest.dataset
    assert current(settings).number == second.generation.number


def test_invalid_data_stops_the_build_with_a_report_and_leaves_what_is_published(settings):
    first = build(settings, Recorder())
    change(settings.sources, "data/report/two.ttl", "<meeting/2> a stdorg:Meeting .")
    with pytest.raises(InvalidDataError) as caught:
        build(settings, Recorder())
    (result,) = caught.value.report.results
    assert result.message == "A meeting has one number."
    assert str(result.file).endswith("data/report/two.ttl")
    assert result.line == len(PREFIXES.splitlines()) + 1
    assert current(settings).number == first.generation.number
    assert current(settings).manifest.dataset == first.generation.manifest.dataset


def test_a_warning_of_the_shapes_is_published_with_what_it_is_about(settings):
    shapes = FILES["shapes/events.ttl"].replace("sh:minCount 1", "sh:minCount 2 ; sh:severity sh:Warning")
    change(settings.sources, "shapes/events.ttl", shapes)
    default = graph_of(build(settings, Recorder()), None)
    (remark,) = {t.subject for t in default if t.predicate.value.endswith("shacl#focusNode")}
    said = {t.predicate.value.rpartition("#")[2]: t.object.value for t in default if t.subject == remark}
    assert said["focusNode"] == f"{BASE}id/meeting/1"
    assert said["resultMessage"] == "A meeting has one number."
    assert said["resultSeverity"].endswith("#Warning")
    assert {t.object.value for t in default if t.predicate.value.endswith("shacl#conforms")} == {"false"}


def test_too_many_values_are_told_with_the_place_of_each(settings):
    change(settings.sources, "data/report/two.ttl", "<meeting/2> a stdorg:Meeting ; stdorg:number 2 , 3 .")
    with pytest.raises(InvalidDataError) as caught:
        build(settings, Recorder())
    assert "It has 2 values: 2 here, 3 here." in caught.value.report.to_text()


@pytest.mark.parametrize("name", ["data/report/two.ttl", "ontology/more.ttl", "shapes/events.ttl"])
def test_a_file_that_does_not_parse_is_named_from_the_sources_folder_as_findings_are(settings, name):
    change(settings.sources, name, "oops")
    with pytest.raises(SourceError, match=rf"^{name}:\d+:\d+: This is not Turtle"):
        build(settings, Recorder())


def test_without_the_gate_nothing_is_validated(settings):
    change(settings.sources, "data/report/two.ttl", "<meeting/2> a stdorg:Meeting .")
    result = build(replace(settings, gate=False), Recorder())
    assert result.is_new
    assert result.report is None


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        ("data/report/two.ttl", "<meeting/2> a", SourceError),
        ("ontology/more.ttl", "stdorg:number a owl:FunctionalProperty .", UnsupportedAxiomError),
        ("shapes/events.ttl", "", SourceError),
    ],
)
def test_whatever_is_wrong_leaves_what_is_published(settings, name, text, error):
    first = build(settings, Recorder())
    change(settings.sources, name, text)
    with pytest.raises(error):
        build(settings, Recorder())
    assert current(settings).number == first.generation.number
    change(settings.sources, name, FILES.get(name, ""))
    assert build(settings, Recorder()).generation.number >= first.generation.number


def test_a_second_builder_is_told_that_one_is_at_work(settings):
    with Generations(settings.state_dir, settings.keep_generations).writer(), pytest.raises(StateLockedError):
        build(settings, Recorder())


def test_a_damaged_generation_is_built_anew(settings):
    first = build(settings, Recorder())
    shutil.rmtree(first.generation.store_path)
    second = build(settings, Recorder())
    assert second.is_new
    assert second.generation.manifest.dataset == first.generation.manifest.dataset


def test_generated_data_stands_for_the_data_folder(settings, tmp_path):
    world = tmp_path / "world.nq"
    world.write_text(f"<{BASE}id/m> <{TYPE}> <{STDORG}Meeting> <{BASE}graph/w/1> .\n")
    dataset = assemble(
        replace(settings, gate=False), find_sources(settings.sources, settings.graph_base, world), Recorder()
    )
    assert is_a("id/m", "Event") in set(dataset.merged())
    assert {t.object.value for t in dataset.registry if t.predicate.value.endswith("sourceFile")} >= {"data/world.nq"}


def test_stages_are_told_in_order_with_a_summary_each(settings):
    progress = Recorder()
    build(settings, progress)
    assert progress.stages == ["Read", "Validate", "Entail", "Publish"]
    assert len(progress.summaries) == 4


def test_a_build_without_work_loads_neither_rdflib_nor_the_reference_engines():
    code = "import sys, qit4n_kg.building; print(sorted({'rdflib', 'pyshacl', 'owlrl'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
