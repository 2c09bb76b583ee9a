"""Guards writes that share a generation or a process: each is judged in order, has its own answer and entry, spoils no other."""

# ruff: noqa: F811  (a fixture is asked for by its name)
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from pyoxigraph import DefaultGraph, Quad
from tests.unit.test_committing import (  # noqa: F401  (two are fixtures)
    IN,
    PASSAGE,
    Quiet,
    current,
    journal,
    meeting,
    quads,
    scratch,
    settings,
)

from qit4n_kg.building import build
from qit4n_kg.committing import writing
from qit4n_kg.committing.commits import Turn, Writer
from qit4n_kg.committing.orders import GraphWrite, PreparedChange
from qit4n_kg.committing.writing import WritingProcess
from qit4n_kg.errors import (
    InvalidDataError,
    PreconditionFailedError,
    QuerySyntaxError,
    QueueFullError,
    StateError,
    StateLockedError,
)
from qit4n_kg.store import evaluating
from qit4n_kg.store.evaluating import Update, data_change, evaluate_update, is_data
from qit4n_kg.store.oxigraph import OxigraphStore


def insert(text):
    return Update(f"{IN} INSERT DATA {{ {text} }}")


def put(number):
    return insert(f"GRAPH <{PASSAGE}> {{ <meeting/{number}> a stdorg:Meeting ; stdorg:number {number} }}")


def make(settings, *orders, writer=None):
    return (writer or Writer(settings)).make([Turn(order, "someone") for order in orders])


class TestTogether:
    def test_writes_that_wait_together_share_a_generation_and_have_an_entry_each(self, settings):
        before = current(settings).number
        made = make(settings, put(2), put(3), GraphWrite("PUT", "x:g", "<x:s> <x:p> <x:o> ."))
        assert {one.generation for one in made} == {before + 1}
        assert [one.added for one in made] == [2, 2, 1]
        assert len(journal(settings).entries) == 3
        assert {meeting(2), meeting(3)} <= quads(settings)

    def test_one_that_is_refused_leaves_no_trace_and_spoils_no_other(self, settings):
        bad = insert("<meeting/9> a stdorg:Meeting")
        made = make(settings, put(2), bad, put(3))
        assert isinstance(made[1], InvalidDataError)
        assert made[0].generation == made[2].generation
        assert {meeting(2), meeting(3)} <= quads(settings)
        assert not any("meeting/9" in str(quad) for quad in quads(settings))
        assert len(journal(settings).entries) == 2

    def test_each_is_judged_after_those_before_it(self, settings):
        twice = insert(f"GRAPH <{PASSAGE}> {{ <meeting/2> stdorg:number 22 }}")
        made = make(
            settings,
            put(2),
            twice,
            Update(f"{IN} DELETE DATA {{ GRAPH <{PASSAGE}> {{ <meeting/2> stdorg:number 2 }} }}"),
        )
        assert isinstance(made[1], InvalidDataError)  # it has a number by then
        assert isinstance(made[2], InvalidDataError)  # and would have none
        assert made[0].added == 2

    def test_what_one_adds_another_takes_away(self, settings):
        gone = Update(f"{IN} DELETE DATA {{ GRAPH <{PASSAGE}> {{ <meeting/2> a stdorg:Meeting ; stdorg:number 2 }} }}")
        before = current(settings).manifest.dataset
        made = make(settings, put(2), gone)
        assert (made[0].added, made[1].retracted) == (2, 2)
        assert current(settings).manifest.dataset == before
        assert len(journal(settings).entries) == 2

    def test_the_result_is_that_of_a_build(self, settings):
        make(settings, put(2), insert("<meeting/1> a stdorg:Meeting"), insert("GRAPH <x:g> { <x:s> <x:p> 1 }"))
        make(settings, put(3), Update(f"{IN} DELETE WHERE {{ GRAPH <x:g> {{ ?s ?p ?o }} }}"))
        made = current(settings).manifest
        anew = replace(settings, state_dir=settings.state_dir.with_name("anew"))
        rebuilt = build(anew, Quiet()).generation.manifest
        assert (rebuilt.dataset, rebuilt.inputs, rebuilt.triples, rebuilt.graphs) == (
            made.dataset,
            made.inputs,
            made.triples,
            made.graphs,
        )

    def test_the_same_named_write_twice_is_made_once(self, settings):
        order = PreparedChange('<x:s> <x:p> "1" <x:g> .', "", "contribution", "one")
        first, second = make(settings, order, order)
        assert (first.added, second.added) == (1, 0)
        assert len(journal(settings).entries) == 1

    def test_one_for_the_generation_before_the_others_is_refused(self, settings):
        number = current(settings).number
        turns = [Turn(put(2), "someone"), Turn(put(3), "someone", number)]
        made = Writer(settings).make(turns)
        assert isinstance(made[1], PreconditionFailedError)
        assert made[0].generation == number + 1

    def test_an_update_that_is_evaluated_begins_a_generation(self, scratch):
        grow = Update("INSERT { <x:s> <x:n> ?n } WHERE { { SELECT (COUNT(*) AS ?n) { ?a ?b ?c } } }")
        made = make(scratch, insert("<x:s> <x:p> 1"), grow, insert("<x:s> <x:p> 2"), grow)
        assert [one.generation - made[0].generation for one in made] == [0, 1, 1, 2]
        assert sorted(int(quad.object.value) for quad in quads(scratch) if quad.predicate.value == "x:n") == [1, 3]

    def test_a_full_disk_takes_back_all_of_them(self, settings, monkeypatch):
        before = current(settings)

        def full(self, number):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("qit4n_kg.store.generations.Generations._point_to", full)
        made = make(settings, put(2), put(3))
        assert all(isinstance(one, StateError) for one in made)
        monkeypatch.undo()
        assert current(settings) == before
        assert journal(settings).entries == []

    def test_a_writer_that_failed_goes_on(self, settings, monkeypatch):
        writer = Writer(settings)
        make(settings, put(2), writer=writer)
        monkeypatch.setattr("qit4n_kg.store.journal.Journal.append", lambda *_: (_ for _ in ()).throw(StateError("no")))
        assert isinstance(make(settings, put(3), writer=writer)[0], StateError)
        monkeypatch.undo()
        assert make(settings, put(3), writer=writer)[0].added == 2
        assert len(journal(settings).entries) == 2


class TestKeptWriter:
    @pytest.mark.parametrize(
        "text", ["DELETE DATA { <x:s> <x:p> }", "DELETE { ?s ?p ?o WHERE { ?s ?p ?o }", "INSERT DATA { <x:s> a <x:o> "]
    )
    def test_a_write_that_was_refused_does_not_lock_the_next_one_out(self, scratch, text):
        """An error that is kept keeps the frames in which it was raised, and these the store of the generation that was begun."""
        writer = Writer(scratch)
        kept = [make(scratch, insert("<x:s> <x:p> 1"), writer=writer)]
        for number in range(3):
            kept.append(make(scratch, Update(text), writer=writer))
            assert isinstance(kept[-1][0], QuerySyntaxError)
            (made,) = make(scratch, insert(f"<x:s> <x:n> {number}"), writer=writer)
            assert made.added == 1

    def test_what_can_not_be_begun_is_an_error_and_not_tried_for_ever(self, scratch, monkeypatch):
        def fail(*_, **__):
            raise StateError("The state folder is gone.")

        writer = Writer(scratch)
        monkeypatch.setattr(writer._generations, "commit", fail)
        (outcome,) = make(scratch, insert("<x:s> <x:p> 1"), writer=writer)
        assert isinstance(outcome, StateError)

    def test_it_sees_what_others_wrote_meanwhile(self, settings):
        one, other = Writer(settings), Writer(settings)
        for number in range(2, 6):
            assert make(settings, put(number), writer=(one, other)[number % 2])[0].added == 2
        assert {meeting(number) for number in range(1, 6)} <= quads(settings)
        assert not build(settings, Quiet()).is_new

    def test_its_gate_judges_what_others_wrote_meanwhile(self, settings):
        one, other = Writer(settings), Writer(settings)
        for number, writer in ((2, one), (3, other)):  # both are warm
            assert make(settings, put(number), writer=writer)[0].added == 2
        second = insert(f"GRAPH <{PASSAGE}> {{ <meeting/3> stdorg:number 33 }}")
        assert isinstance(make(settings, second, writer=one)[0], InvalidDataError)
        make(settings, insert(f"GRAPH <{PASSAGE}> {{ <meeting/4> a stdorg:Meeting ; stdorg:number 4 }}"), writer=one)
        gone = Update(f"{IN} DELETE DATA {{ GRAPH <{PASSAGE}> {{ <meeting/4> stdorg:number 4 }} }}")
        assert isinstance(make(settings, gone, writer=other)[0], InvalidDataError)

    def test_it_sees_files_that_changed_meanwhile(self, settings):
        writer = Writer(settings)
        make(settings, put(2), writer=writer)
        shape = settings.sources / "shapes" / "events.ttl"
        shape.write_text(shape.read_text().replace("sh:maxCount 1", "sh:maxCount 2"))
        second = insert(f"GRAPH <{PASSAGE}> {{ <meeting/2> stdorg:number 22 }}")
        assert make(settings, second, writer=writer)[0].added == 1
        shape.write_text(shape.read_text().replace("sh:maxCount 2", "sh:maxCount 3"))
        third = insert(f"GRAPH <{PASSAGE}> {{ <meeting/2> stdorg:number 222 }}")
        assert make(settings, third, writer=writer)[0].added == 1
        assert not build(settings, Quiet()).is_new


DATA = [
    "INSERT DATA { <x:s> <x:p> 07 , 'é\\n'@en , \"x\"^^<x:t> . GRAPH <x:g> { <x:a> <x:b> <x:c> ; <x:d> <x:e> } }",
    "INSERT DATA { <x:s> <x:p> 1 } ; DELETE DATA { <x:s> <x:p> 1 } ; INSERT DATA { GRAPH <x:new> { <x:s> <x:p> 1 } }",
    "DELETE DATA { GRAPH <x:old> { <x:s> <x:p> 1 } } ; INSERT DATA { GRAPH <x:old> { <x:s> <x:p> 1 , 2 } }",
    "PREFIX e: <x:e> insert data { e:s a e:C } ; prefix f: <x:f> DELETE  DATA { <x:s> <x:p> 3 } ; insert data {f:s a f:C}",
    "BASE <http://base/> INSERT DATA { <a> <b> '}' , \"DELETE DATA { <x:s> <x:p> 3 }\" }",
    "INSERT DATA { GRAPH <x:fresh> { <x:s> <x:p> 1 } } ; DELETE DATA { GRAPH <x:fresh> { <x:s> <x:p> 1 } }",
    "DELETE DATA { <x:not> <x:there> 1 }",
]
OTHERS = [
    "INSERT { <x:s> <x:p> 1 } WHERE {}",
    "DELETE WHERE { ?s ?p ?o }",
    "CLEAR ALL",
    "INSERT DATA { <x:s> <x:p> 1 } ; CLEAR ALL",
    "INSERT DATA { <x:s> <x:p> " + "[ <x:p> " * 20 + "1" + "]" * 20 + " }",
    "INSERT DATA { <x:s> <x:p> '" + "x" * 100_000 + "' }",
    "LOAD <http://example.org/>",
    "",
    "INSERT DATA { <x:s> <x:p> 1 } ;; CLEAR ALL",
]


class TestData:
    @pytest.mark.parametrize("text", DATA)
    def test_data_that_is_read_is_what_evaluating_it_gives(self, scratch, tmp_path, text):
        make(scratch, insert("<x:s> <x:p> 3 . GRAPH <x:old> { <x:s> <x:p> 1 }"))
        update = Update(text, "https://example.org/")
        assert is_data(update)
        path = current(scratch).store_path
        evaluated = evaluate_update(update, path, tmp_path / "work", [], timeout=100, memory=2**28)
        with OxigraphStore.open_read_only(path) as store:
            read = data_change(update, store.inner)
        for name in ("adds", "retracts", "created", "dropped"):
            assert set(getattr(read, name)) == set(getattr(evaluated, name)), name

    @pytest.mark.parametrize("text", OTHERS)
    def test_what_is_more_than_data_or_nested_or_long_is_not_read(self, text):
        assert not is_data(Update(text))

    def test_the_protocols_graphs_are_not_read(self):
        assert not is_data(Update("INSERT DATA { <x:s> <x:p> 1 }", default_graphs=("x:g",)))

    def test_blank_nodes_are_new_ones_each_time(self, scratch):
        make(scratch, insert("_:b <x:p> _:b"), insert("_:b <x:p> _:b"))
        assert len({quad.subject for quad in quads(scratch)}) == 2
        assert all(quad.subject == quad.object for quad in quads(scratch))

    def test_nothing_but_data_is_evaluated_where_writes_are_made(self, scratch, monkeypatch):
        monkeypatch.setattr(evaluating.subprocess, "run", None)
        assert make(scratch, insert("<x:s> <x:p> 1"))[0].added == 1


@pytest.fixture
def process(scratch):
    own = WritingProcess(scratch)
    yield own
    own.close()


class TestProcess:
    def test_it_stays_from_one_write_to_the_next(self, process, scratch):
        assert process.submit(insert("<x:s> <x:p> 1"), "someone").added == 1
        first = process._process
        assert process.submit(insert("<x:s> <x:p> 2"), "someone").added == 1
        assert process._process is first
        assert [entry.actor for entry in journal(scratch).entries] == ["someone"] * 2

    def test_many_threads_write_at_once_and_nothing_is_lost(self, process, scratch):
        with ThreadPoolExecutor(12) as threads:
            made = list(threads.map(lambda n: process.submit(insert(f"<x:s> <x:p> {n}"), f"w{n}"), range(24)))
        assert len(quads(scratch)) == 24
        assert len(journal(scratch).entries) == 24
        assert len({one.generation for one in made}) < 24  # some went together

    def test_one_that_was_killed_is_replaced(self, process, scratch):
        process.submit(insert("<x:s> <x:p> 1"), "someone")
        os.kill(process._process._process.pid, signal.SIGKILL)
        process._process._process.wait()
        assert process.submit(insert("<x:s> <x:p> 2"), "someone").added == 1
        assert len(quads(scratch)) == 2

    def test_one_that_dies_while_it_writes_is_an_error_and_the_next_write_works(self, process, scratch, monkeypatch):
        process.submit(insert("<x:s> <x:p> 1"), "someone")
        pid = process._process._process.pid
        os.kill(pid, signal.SIGSTOP)
        threading.Timer(0.5, os.kill, (pid, signal.SIGKILL)).start()
        with pytest.raises(RuntimeError, match="ended with -9"):
            process.submit(insert("<x:s> <x:p> 2"), "someone")
        assert process.submit(insert("<x:s> <x:p> 3"), "someone").added == 1

    def test_one_that_has_grown_is_replaced(self, process, monkeypatch):
        process.submit(insert("<x:s> <x:p> 1"), "someone")
        first = process._process
        monkeypatch.setattr(
            first,
            "ask",
            lambda body, seconds: (
                {"ok": True, "retire": True},
                b'[{"ok": true, "generation": 1, "added": 0, "retracted": 0, "is_new_graph": false}]',
            ),
        )
        process.submit(insert("<x:s> <x:p> 2"), "someone")
        assert process._process is None
        assert process.submit(insert("<x:s> <x:p> 3"), "someone").added == 1

    def test_a_write_whose_turn_does_not_come_is_not_begun(self, scratch):
        own = WritingProcess(replace(scratch, query_timeout=0.2))
        with own._turn, pytest.raises(StateLockedError, match="not begun"):
            own.submit(insert("<x:s> <x:p> 1"), "someone")
        assert own._queue == []
        assert journal(scratch).entries == []

    def test_more_than_may_wait_are_told_to_come_again(self, scratch, monkeypatch):
        monkeypatch.setattr(writing, "MOST_WAITING", 0)
        with pytest.raises(QueueFullError):
            WritingProcess(scratch).submit(insert("<x:s> <x:p> 1"), "someone")

    def test_it_ends_when_it_is_let_go(self, process):
        process.submit(insert("<x:s> <x:p> 1"), "someone")
        own = process._process._process
        process.close()
        assert own.wait(20) == 0


def test_the_default_graph_holds_what_clients_put_there_through_several_writes(settings):
    loose = Quad(meeting(7).subject, meeting(7).predicate, meeting(7).object, DefaultGraph())
    make(settings, insert("<meeting/7> a stdorg:Meeting ; stdorg:number 7"), put(2))
    assert loose in quads(settings)
    gone = Update(f"{IN} DELETE DATA {{ <meeting/7> a stdorg:Meeting ; stdorg:number 7 }}")
    assert make(settings, put(3), gone)[1].retracted == 2
    assert loose not in quads(settings)
