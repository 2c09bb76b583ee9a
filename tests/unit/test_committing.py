"""Guards one write: what a registry's files allow, the gate, the journal's order with the pointer, and what a kill leaves.

Every test has sources of its own: one class, one passage, one shape.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad

from qit4n_kg.building import Origin, build
from qit4n_kg.committing.commits import commit
from qit4n_kg.committing.orders import GraphWrite, PreparedChange
from qit4n_kg.committing.process import submit
from qit4n_kg.config import load_settings, to_environ
from qit4n_kg.errors import (
    ChangeRefusedError,
    GenerationGoneError,
    InvalidDataError,
    NotFoundError,
    PreconditionFailedError,
    QueryMemoryError,
    QuerySyntaxError,
    QueryTimeoutError,
    RemoteRefusedError,
    StateError,
)
from qit4n_kg.store.evaluating import Update
from qit4n_kg.store.generations import Generations
from qit4n_kg.store.journal import Journal
from qit4n_kg.store.oxigraph import OxigraphStore

ROOT = Path(__file__).parents[2]
BASE = "https://example.org/"
STDORG = "https://w3id.org/stdorg/ns#"
PASSAGE = f"{BASE}graph/report/one"
PREFIXES = f"""@base <{BASE}id/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix stdorg: <{STDORG}> .
"""
FILES = {
    "ontology/events.ttl": """<https://w3id.org/stdorg/ns/events> a owl:Ontology ; rdfs:label "Events"@en .
stdorg:Meeting a owl:Class ; rdfs:subClassOf stdorg:Event . stdorg:Event a owl:Class . stdorg:number a owl:DatatypeProperty .
stdorg:SourcePassage a owl:Class ; rdfs:subClassOf stdorg:NamedGraph . stdorg:NamedGraph a owl:Class .
stdorg:inForce a owl:DatatypeProperty .""",
    "data/report/one.ttl": f"""<{PASSAGE}> a stdorg:SourcePassage . <meeting/1> a stdorg:Meeting ; stdorg:number 01 .""",
    "shapes/events.ttl": """<s> a sh:NodeShape ; sh:targetClass stdorg:Meeting ;
    sh:property <n> . <n> sh:path stdorg:number ; sh:minCount 1 ; sh:maxCount 1 ; sh:message "A meeting has one number." .""",
    "shapes/evidence/events.ttl": """<e> a sh:NodeShape ; sh:targetSubjectsOf stdorg:number ; sh:property <m> .
<m> sh:path stdorg:number ; sh:nodeKind sh:Literal ; sh:message "A number is a literal." .""",
}
IN = f"PREFIX stdorg: <{STDORG}> BASE <{BASE}id/> "


class Quiet:
    def started(self, stage, total=None): ...

    def advanced(self, done): ...

    def finished(self, summary): ...


@pytest.fixture
def settings(tmp_path):
    sources = tmp_path / "sources"
    for name, text in FILES.items():
        path = sources / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(PREFIXES + text)
    for folder in ("axioms", "rules"):
        shutil.copytree(ROOT / "queries" / folder, sources / "queries" / folder)
    found = load_settings(
        {}, sources=sources, state_dir=tmp_path / "state", journal_dir=tmp_path / "journal", base_iri=BASE
    )
    build(found, Quiet())
    return found


@pytest.fixture
def scratch(tmp_path):
    found = load_settings(
        {"QIT4N_SOURCES": "none"}, state_dir=tmp_path / "scratch", journal_dir=tmp_path / "scratch-journal"
    )
    build(found, Quiet())
    return found


def current(settings):
    return Generations(settings.state_dir).current()


def quads(settings):
    store = OxigraphStore.open_read_only(current(settings).store_path)
    found = set(store.quads())
    store.close()
    return found


def update(settings, text):
    return commit(settings, Update(IN + text), "tester")


def meeting(number, graph=None):
    name = NamedNode(graph) if graph else DefaultGraph()
    return Quad(NamedNode(f"{BASE}id/meeting/{number}"), NamedNode(STDORG + "number"), Literal(number), name)


def journal(settings):
    return Journal.read(settings.journal_dir, "scratch" if settings.scratch else settings.base_iri)


class TestNumbers:
    @pytest.fixture(params=["registry", "scratch"])
    def written(self, request):
        chosen = request.getfixturevalue("settings" if request.param == "registry" else "scratch")
        update(chosen, "INSERT DATA { GRAPH <urn:x:one> { <urn:x:a> <urn:x:b> 1 } }")
        return chosen

    def test_a_state_that_was_removed_goes_on_after_the_highest_number(self, written):
        before = current(written).number
        shutil.rmtree(written.state_dir)
        build(written, Quiet())
        assert current(written).number == before + 1
        assert update(written, "INSERT DATA { GRAPH <urn:x:one> { <urn:x:a> <urn:x:b> 2 } }").generation == before + 2
        generations = Generations(written.state_dir)
        for number in range(1, before + 1):
            with pytest.raises(GenerationGoneError, match=f"Generation {number} is not kept"):
                generations.kept(number)

    def test_a_build_with_nothing_to_do_keeps_the_number_too(self, written):
        before = current(written).number
        (written.journal_dir / "generation").unlink()  # as of a journal that is older than this file
        build(written, Quiet())
        shutil.rmtree(written.state_dir)
        build(written, Quiet())
        assert current(written).number == before + 1

    def test_a_file_without_a_number_stops_the_build_and_changes_nothing(self, written):
        before = current(written)
        (written.journal_dir / "generation").write_text("many")
        shutil.rmtree(written.state_dir)
        with pytest.raises(StateError, match="holds no number"):
            build(written, Quiet())
        (written.journal_dir / "generation").write_text(f"{before.number}\n")
        build(written, Quiet())
        assert current(written).manifest.dataset == before.manifest.dataset

    def test_without_a_journal_a_removed_state_begins_at_one(self, settings):
        shutil.rmtree(settings.state_dir)
        build(settings, Quiet())
        assert current(settings).number == 1
        assert not (settings.journal_dir / "generation").exists()


class TestRegistry:
    def test_what_is_added_to_a_passage_is_in_force_and_entails(self, settings):
        update(settings, f"INSERT DATA {{ GRAPH <{PASSAGE}> {{ <meeting/2> a stdorg:Meeting ; stdorg:number 2 }} }}")
        found = quads(settings)
        assert {meeting(2), meeting(2, PASSAGE)} <= found
        event = [
            quad for quad in found if quad.object == NamedNode(STDORG + "Event") and quad.subject == meeting(2).subject
        ]
        assert {quad.graph_name for quad in event} >= {DefaultGraph()}

    def test_what_is_retracted_from_a_passage_is_gone_though_the_file_states_it(self, settings):
        update(settings, f"DELETE DATA {{ GRAPH <{PASSAGE}> {{ <meeting/1> a stdorg:Meeting }} }}")
        update(settings, f"DELETE DATA {{ GRAPH <{PASSAGE}> {{ <meeting/1> stdorg:number 1 }} }}")
        assert not {meeting(1), meeting(1, PASSAGE)} & quads(settings)

    def test_a_named_graph_of_a_client_is_just_a_named_graph(self, settings):
        update(settings, "INSERT DATA { GRAPH <x:own> { <meeting/5> a stdorg:Meeting ; stdorg:number 5 } }")
        assert meeting(5, "x:own") in quads(settings)
        assert meeting(5) not in quads(settings)

    def test_a_named_graph_is_merged_when_something_says_that_it_is_in_force(self, settings):
        update(
            settings,
            "INSERT DATA { GRAPH <x:own> { <x:own> stdorg:inForce true . <meeting/5> a stdorg:Meeting ; stdorg:number 5 } }",
        )
        assert {meeting(5, "x:own"), meeting(5)} <= quads(settings)

    def test_what_is_written_into_the_default_graph_is_kept_and_can_be_deleted(self, settings):
        update(settings, "INSERT DATA { <meeting/3> a stdorg:Meeting ; stdorg:number 3 }")
        assert meeting(3) in quads(settings)
        update(settings, "DELETE DATA { <meeting/3> a stdorg:Meeting ; stdorg:number 3 }")
        assert meeting(3) not in quads(settings)

    def test_a_violation_is_reported_and_changes_nothing(self, settings):
        before = current(settings)
        with pytest.raises(InvalidDataError) as caught:
            submit(settings, Update(IN + "INSERT DATA { <meeting/9> a stdorg:Meeting }"), "tester")
        assert "A meeting has one number." in caught.value.report.to_json()
        assert current(settings) == before
        assert journal(settings).entries == []

    @pytest.mark.parametrize(
        "text",
        [
            f"DROP GRAPH <{PASSAGE}>",
            f"CLEAR SILENT GRAPH <{PASSAGE}>",
            "DROP ALL",
            "CLEAR NAMED",
            "CLEAR DEFAULT",
            f"MOVE <{PASSAGE}> TO <x:g>",
            f"COPY <x:g> TO <{PASSAGE}>",
            f"INSERT DATA {{ GRAPH <{BASE}graph/registry> {{ <x:s> <x:p> 1 }} }}",
            f"INSERT DATA {{ GRAPH <{BASE}graph/entailed/x> {{ <x:s> <x:p> 1 }} }}",
            f"INSERT DATA {{ GRAPH <{BASE}graph/ontology/events> {{ <x:s> <x:p> 1 }} }}",
            "INSERT DATA { GRAPH <x:g> { <x:s> <x:p> [] } }",
            "INSERT DATA { <x:s> <x:p> <<( <x:a> <x:b> 1 )>> }",
            "INSERT DATA { GRAPH <x:g> { <x:s> <x:p> <<( <x:a> <x:b> 1 )>> } }",
            "DELETE WHERE { <meeting/1> stdorg:number ?n }",
        ],
    )
    def test_what_contradicts_where_statements_come_from_is_refused(self, settings, text):
        before = current(settings)
        with pytest.raises(ChangeRefusedError):
            update(settings, text)
        assert current(settings) == before

    @pytest.mark.parametrize(
        ("method", "graph"), [("PUT", PASSAGE), ("DELETE", PASSAGE), ("PUT", None), ("DELETE", None)]
    )
    def test_put_and_delete_of_what_files_state_are_refused(self, settings, method, graph):
        with pytest.raises(ChangeRefusedError):
            commit(settings, GraphWrite(method, graph, "<x:s> <x:p> <x:o> ."), "tester")

    def test_a_commit_and_a_build_of_the_same_make_the_same(self, settings):
        update(settings, f"INSERT DATA {{ GRAPH <{PASSAGE}> {{ <meeting/2> a stdorg:Meeting ; stdorg:number 2 }} }}")
        commit(settings, GraphWrite("PUT", "x:empty"), "tester")
        update(settings, f"DELETE DATA {{ GRAPH <{PASSAGE}> {{ <meeting/2> a stdorg:Meeting ; stdorg:number 2 }} }}")
        made = current(settings).manifest
        assert not build(settings, Quiet()).is_new
        shutil.rmtree(settings.state_dir)
        rebuilt = build(settings, Quiet()).generation.manifest
        assert (rebuilt.dataset, rebuilt.inputs, rebuilt.graphs) == (made.dataset, made.inputs, made.graphs)


class TestScratch:
    def test_a_commit_and_a_build_of_the_same_make_the_same(self, scratch):
        update(
            scratch, "INSERT DATA { <x:s> <x:p> 007, 'é'@en, _:b . GRAPH <x:g> { _:b <x:p> <<( <x:a> <x:b> 1 )>> } }"
        )
        update(scratch, "CREATE GRAPH <x:empty> ; DELETE WHERE { GRAPH ?g { ?s ?p ?o } } ; CREATE GRAPH <x:gone>")
        update(scratch, "DROP GRAPH <x:gone> ; INSERT { ?s <x:q> ?o } WHERE { ?s <x:p> ?o }")
        made, before = current(scratch).manifest, quads(scratch)
        shutil.rmtree(scratch.state_dir)
        rebuilt = build(scratch, Quiet()).generation.manifest
        assert (rebuilt.dataset, rebuilt.graphs) == (made.dataset, made.graphs)
        assert quads(scratch) == before

    def test_a_write_that_changes_nothing_makes_no_generation(self, scratch):
        update(scratch, "INSERT DATA { <x:s> <x:p> 1 }")
        before = current(scratch).number
        assert update(scratch, "INSERT DATA { <x:s> <x:p> 1 }").generation == before
        assert len(journal(scratch).entries) == 1

    def test_the_journal_says_who_when_and_what(self, scratch):
        update(scratch, "INSERT DATA { <x:s> <x:p> 1 . GRAPH <x:g> { <x:s> <x:p> 2 } }")
        commit(scratch, GraphWrite("DELETE", "x:g"), "other")
        first, second = journal(scratch).entries
        assert (first.actor, first.source, len(first.change.adds)) == ("tester", "update", 2)
        assert (second.actor, second.source, second.change.dropped) == ("other", "graph-store", (NamedNode("x:g"),))
        assert first.time < second.time

    def test_a_query_that_never_ends_changes_nothing(self, tmp_path):
        short = load_settings(
            {"QIT4N_SOURCES": "none", "QIT4N_QUERY_TIMEOUT": "1.5"},
            state_dir=tmp_path / "s",
            journal_dir=tmp_path / "j",
        )
        build(short, Quiet())
        update(short, "INSERT DATA { " + "".join(f"<x:{n}> <x:p> {n} ." for n in range(400)) + " }")
        slow = "INSERT { <x:slow> <x:p> ?a } WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i FILTER (CONCAT(STR(?a), STR(?i)) = 'no') }"
        with pytest.raises(QueryTimeoutError):
            update(short, slow)
        assert len(quads(short)) == 400

    def test_a_query_that_eats_memory_changes_nothing(self, tmp_path):
        small = load_settings(
            {"QIT4N_SOURCES": "none", "QIT4N_QUERY_MEMORY": "64 MiB"},
            state_dir=tmp_path / "s",
            journal_dir=tmp_path / "j",
        )
        build(small, Quiet())
        update(small, "INSERT DATA { " + "".join(f"<x:{n}> <x:p> {n} ." for n in range(1000)) + " }")
        with pytest.raises(QueryMemoryError):
            update(small, "INSERT { ?a ?e ?f } WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }")
        assert len(quads(small)) == 1000

    def test_errors_come_through_the_writing_process(self, scratch):
        with pytest.raises(QuerySyntaxError) as caught:
            submit(scratch, Update("CLEAR DEFAULT ;\nCLEAR XYZ"), "tester")
        assert caught.value.line == 2
        with pytest.raises(NotFoundError):
            submit(scratch, GraphWrite("DELETE", "x:none"), "tester")
        with pytest.raises(RemoteRefusedError):
            submit(scratch, Update("LOAD <http://example.org/>"), "tester")


KILLED = """
import json, os, signal, sys
from qit4n_kg.committing import process
from qit4n_kg.store import generations, journal
append = journal.Journal.append
moment = sys.argv.pop()
def die(self, *entries):
    if moment == "after":
        append(self, *entries)
    if moment == "torn":
        append(self, *entries)
        os.truncate(self.path, self.path.stat().st_size - 20)
    os.kill(os.getpid(), signal.SIGKILL)
journal.Journal.append = die
process.main()
"""

JOB = json.dumps(
    {
        "kind": "GraphWrite",
        "actor": "a",
        "expected": None,
        "order": {"method": "POST", "graph": "x:g", "triples": "<x:s> <x:p> <x:o> ."},
    }
)


class TestPrepared:
    def test_a_prepared_change_is_made_once_by_its_name(self, settings):
        quad = f'<{BASE}id/meeting/2> <{STDORG}number> "2"^^<http://www.w3.org/2001/XMLSchema#integer> <{PASSAGE}> .'
        order = PreparedChange(quad, "", "contribution", "one")
        first = submit(settings, order, "tester")
        assert (first.added, first.retracted) == (1, 0)
        again = submit(settings, order, "tester")
        assert (again.added, again.generation) == (0, first.generation)
        assert [(entry.id, entry.source, entry.actor) for entry in journal(settings).entries] == [
            ("one", "contribution", "tester")
        ]
        back = submit(settings, PreparedChange("", quad, "contribution", "two"), "tester")
        assert back.retracted == 1

    def test_what_is_there_or_gone_already_is_no_change(self, settings):
        before = current(settings).number
        same = "\n".join(f"{quad} ." for quad in quads(settings) if quad.graph_name == NamedNode(PASSAGE))
        gone = f"<x:s> <x:p> <x:o> <{PASSAGE}> ."
        assert submit(settings, PreparedChange(same, gone, "contribution"), "tester").generation == before

    def test_a_write_made_for_another_generation_is_refused(self, settings):
        number = current(settings).number
        quad = f'<{BASE}id/meeting/1> <http://www.w3.org/2000/01/rdf-schema#label> "one" <{PASSAGE}> .'
        made = submit(settings, PreparedChange(quad, "", "contribution"), "tester", number)
        assert made.generation == number + 1
        with pytest.raises(PreconditionFailedError, match=f"Generation {number + 1} is current"):
            submit(settings, PreparedChange("", quad, "contribution"), "tester", number)

    def test_a_prepared_change_passes_the_gate(self, settings):
        number = f'<{BASE}id/meeting/1> <{STDORG}number> "9"^^<http://www.w3.org/2001/XMLSchema#integer> <{PASSAGE}> .'
        with pytest.raises(InvalidDataError) as caught:
            submit(settings, PreparedChange(number, "", "contribution"), "tester")
        assert "A meeting has one number" in caught.value.report.to_text()
        assert not journal(settings).entries


class TestKilled:
    @pytest.mark.parametrize(("moment", "expected"), [("before", False), ("after", True), ("torn", False)])
    @pytest.mark.parametrize("kind", ["settings", "scratch"])
    def test_a_killed_write_has_happened_or_not(self, request, kind, moment, expected):
        settings = request.getfixturevalue(kind)
        before = current(settings)
        ended = subprocess.run(
            [sys.executable, "-c", KILLED, moment],
            input=JOB.encode(),
            env={**os.environ, **to_environ(settings)},
            check=False,
        )
        assert ended.returncode == -signal.SIGKILL
        assert current(settings) == before
        assert build(settings, Quiet()).is_new is expected
        wanted = Quad(NamedNode("x:s"), NamedNode("x:p"), NamedNode("x:o"), NamedNode("x:g"))
        assert (wanted in quads(settings)) is expected

    @pytest.mark.parametrize("moment", ["after", "torn"])
    def test_the_next_write_continues_after_a_killed_one(self, scratch, moment):
        update(scratch, "INSERT DATA { <x:first> <x:p> 1 }")
        environ = {**os.environ, **to_environ(scratch)}
        subprocess.run([sys.executable, "-c", KILLED, moment], input=JOB.encode(), env=environ, check=False)
        update(scratch, "INSERT DATA { <x:last> <x:p> 1 }")
        assert len(quads(scratch)) == (3 if moment == "after" else 2)
        assert len(journal(scratch).entries) == (3 if moment == "after" else 2)
        assert Origin.find(scratch).inputs() == current(scratch).manifest.inputs

    def test_a_pointer_that_can_not_be_moved_leaves_no_entry(self, scratch, monkeypatch):
        update(scratch, "INSERT DATA { <x:first> <x:p> 1 }")
        before = current(scratch)

        def full(self, number):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Generations, "_point_to", full)
        with pytest.raises(StateError):
            update(scratch, "INSERT DATA { <x:second> <x:p> 1 }")
        monkeypatch.undo()
        assert current(scratch) == before
        assert len(journal(scratch).entries) == 1
        update(scratch, "INSERT DATA { <x:third> <x:p> 1 }")
        assert len(quads(scratch)) == 2
