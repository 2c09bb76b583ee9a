"""Generations on disk: what is published is whole and stays, the pointer is read cheaply, every damage has one clear error."""

from __future__ import annotations

import errno
import json
import os
import shutil

import pytest
from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad

from qit4n_kg.errors import (
    GenerationDamagedError,
    GenerationGoneError,
    NotFoundError,
    StateError,
    StateFullError,
    StateLockedError,
    StateMissingError,
)
from qit4n_kg.store import bulk
from qit4n_kg.store import generations as module
from qit4n_kg.store.canonical import dataset_hash
from qit4n_kg.store.generations import Generations
from qit4n_kg.store.oxigraph import OxigraphStore

E = "http://example.org/"


def quads(count=10, text="v"):
    for n in range(count):
        graph = NamedNode(f"{E}g{n % 3}") if n % 2 else DefaultGraph()
        yield Quad(NamedNode(f"{E}s{n}"), NamedNode(E + "p"), Literal(f"{text} {n}"), graph)


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state"


@pytest.fixture
def generations(state):
    return Generations(state, keep=3)


def publish(generations, content=None, **options):
    with generations.writer():
        return generations.publish(quads() if content is None else content, inputs="i", software="s 1", **options)


def names(state):
    return sorted(path.name for path in (state / "generations").iterdir())


class TestPublish:
    def test_a_generation_can_be_opened_and_its_manifest_is_right(self, generations):
        generation = publish(generations)
        assert generation == generations.current()
        manifest = generation.manifest
        assert (manifest.number, manifest.quads, manifest.triples, manifest.graphs) == (1, 10, 5, 3)
        assert (manifest.inputs, manifest.software) == ("i", "s 1")
        assert manifest.dataset == dataset_hash(quads())
        assert manifest.built_at.endswith("Z")
        with OxigraphStore.open_read_only(generation.store_path) as store:
            assert set(store.quads()) == set(quads())

    def test_numbers_grow_and_old_generations_are_pruned(self, generations, state):
        for expected in range(1, 6):
            assert publish(generations).number == expected
            assert generations.current_number() == expected
        assert names(state) == ["3", "4", "5"]

    def test_the_one_before_stays_for_readers_in_flight(self, state):
        for _ in range(3):
            publish(Generations(state, keep=1))
        assert names(state) == ["2", "3"]

    def test_young_generations_stay_beyond_the_number_of_those_kept(self, state):
        for _ in range(5):
            publish(Generations(state, keep=2, keep_days=1))
        assert names(state) == ["1", "2", "3", "4", "5"]
        manifest = state / "generations" / "2" / "manifest.json"
        manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "built_at": "2021-01-01T00:00:00Z"}))
        publish(Generations(state, keep=2, keep_days=1))
        assert names(state) == ["1", "3", "4", "5", "6"]

    def test_a_kept_generation_is_found_by_its_number_and_a_pruned_one_is_gone(self, generations):
        for _ in range(5):
            publish(generations)
        assert [generations.kept(number).number for number in (3, 4, 5)] == [3, 4, 5]
        with pytest.raises(GenerationGoneError) as gone:
            generations.kept(2)
        assert gone.value.hint == "Kept are: 3, 4, 5."
        for number in (0, -1, 6):
            with pytest.raises(NotFoundError, match=f"no generation {number}"):
                generations.kept(number)

    def test_typed_values_in_any_spelling_pass_the_check(self, generations):
        integer = NamedNode("http://www.w3.org/2001/XMLSchema#integer")
        content = [Quad(NamedNode(E), NamedNode(E), Literal(text, datatype=integer)) for text in ("1", "01", "+1", "x")]
        assert publish(generations, content).manifest.quads == 2

    def test_an_empty_dataset_can_be_published(self, generations):
        assert publish(generations, []).manifest.quads == 0

    def test_progress_counts_up_to_the_end(self, generations):
        seen = []
        publish(generations, quads(25_000), progress=seen.append)
        assert seen == [10_000, 20_000, 25_000]

    def test_a_reader_goes_on_during_and_after_a_publish(self, generations):
        store = OxigraphStore.open_read_only(publish(generations).store_path)
        answer = iter(store.query("SELECT ?o { ?s ?p ?o }"))
        next(answer)
        for _ in range(5):
            publish(generations, quads(20, "new"))
        assert len(list(answer)) == 4
        assert len(store) == 10, "its files are gone from the directory, not from the reader"
        assert next(iter(store.query("SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }")))[0] == Literal(5)

    def test_nothing_is_published_outside_the_lock(self, generations):
        with pytest.raises(StateError, match="lock"):
            generations.publish([], inputs="", software="")
        with pytest.raises(StateError, match="lock"):
            generations.discard_partial()

    def test_an_error_of_the_source_leaves_the_old_generation(self, generations, state):
        publish(generations)

        def broken():
            yield from quads()
            raise LookupError("source")

        with pytest.raises(LookupError, match="source"):
            publish(generations, broken())
        assert names(state) == ["1"]
        assert generations.current_number() == 1

    def test_a_store_that_reads_back_differently_is_not_published(self, generations, state, monkeypatch):
        publish(generations)
        monkeypatch.setattr(module, "read_dataset", lambda path: ("sha256:0", 9, 5, 3))
        with pytest.raises(StateError, match="9 quads"):
            publish(generations)
        assert names(state) == ["1"]
        assert generations.current_number() == 1

    def test_everything_is_synced_before_the_rename_and_the_pointer(self, generations, state, monkeypatch):
        events = []
        paths = {}
        monkeypatch.setattr(os, "open", spy(os.open, lambda path, *_: str(path), paths))
        monkeypatch.setattr(os, "fsync", lambda descriptor: events.append(("sync", paths.get(descriptor))))
        real = {name: getattr(type(state), name) for name in ("rename", "replace")}
        for name, function in real.items():
            monkeypatch.setattr(
                type(state),
                name,
                lambda self, target, name=name, function=function: (
                    events.append((name, str(self))) or function(self, target)
                ),
            )
        publish(generations)
        partial = str(state / "generations" / "1.partial")
        rename, replace = events.index(("rename", partial)), events.index(("replace", str(state / "current.new")))
        before = [path for kind, path in events[:rename] if kind == "sync"]
        assert partial + "/manifest.json" in before
        assert before.index(partial + "/store/CURRENT") < before.index(partial + "/store") < before.index(partial)
        between = [path for kind, path in events[rename:replace] if kind == "sync"]
        assert between == [str(state / "generations"), str(state / "current.new")]
        assert events[replace + 1] == ("sync", str(state))


def spy(function, describe, found):
    def call(*arguments, **named):
        result = function(*arguments, **named)
        found[result] = describe(*arguments)
        return result

    return call


class TestCurrent:
    def test_before_the_first_build_nothing_is_current(self, generations):
        assert generations.current_number() is None
        with pytest.raises(StateMissingError, match="qit4n-kg build"):
            generations.current()

    @pytest.mark.parametrize("content", [b"", b"seven", b"1 2", b"-1", b"\xff\x00", b"../1"])
    def test_a_pointer_without_a_number_is_damage(self, generations, state, content):
        publish(generations)
        (state / "current").write_bytes(content)
        with pytest.raises(GenerationDamagedError, match="qit4n-kg build"):
            generations.current()
        with pytest.raises(GenerationDamagedError):
            generations.current_number()

    def damage_pointer(self, state):
        (state / "current").write_text("99\n")

    def damage_directory(self, state):
        shutil.rmtree(state / "generations" / "1")

    def damage_store(self, state):
        shutil.rmtree(state / "generations" / "1" / "store")

    def damage_manifest(self, state):
        manifest = state / "generations" / "1" / "manifest.json"
        manifest.write_bytes(manifest.read_bytes()[:50])

    def damage_number(self, state):
        manifest = state / "generations" / "1" / "manifest.json"
        manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"number": 2}))

    def damage_field(self, state):
        manifest = state / "generations" / "1" / "manifest.json"
        manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"quads": "many"}))

    def damage_shape(self, state):
        (state / "generations" / "1" / "manifest.json").write_text("[]")

    @pytest.mark.parametrize("part", ["pointer", "directory", "store", "manifest", "number", "field", "shape"])
    def test_damage_is_told_and_a_build_repairs_it(self, generations, state, part):
        publish(generations)
        getattr(self, f"damage_{part}")(state)
        with pytest.raises(GenerationDamagedError, match="qit4n-kg build"):
            generations.current()
        repaired = publish(generations)
        assert repaired.number > 1
        assert generations.current() == repaired

    def test_a_build_repairs_an_unreadable_pointer_with_a_new_number(self, generations, state):
        publish(generations)
        publish(generations)
        (state / "current").write_text("?")
        assert publish(generations).number == 3
        assert names(state) == ["1", "2", "3"], "what a reader may still have open stays"


class TestWriter:
    def test_a_second_writer_is_told_who_holds_the_lock(self, generations, state):
        with (
            generations.writer(),
            pytest.raises(StateLockedError, match=f"pid {os.getpid()}"),
            Generations(state).writer(),
        ):
            pass
        publish(generations)

    def test_the_lock_is_released_after_an_error(self, generations, state):
        with pytest.raises(KeyError), generations.writer():
            raise KeyError
        publish(Generations(state))

    def test_leftovers_of_a_killed_writer_are_cleared_away(self, generations, state):
        publish(generations)
        for name in ("2.partial", "0.discarded", "7"):
            (state / "generations" / name / "store").mkdir(parents=True)
        (state / "current.new").write_text("7")
        with generations.writer():
            assert names(state) == ["1"]
            assert not (state / "current.new").exists()

    def test_a_missing_parent_is_one_clear_line(self, tmp_path):
        with pytest.raises(StateError) as caught, Generations(tmp_path / "no" / "state").writer():
            pass
        assert "can't be used: No such file or directory." in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_a_file_in_place_of_the_state_is_one_clear_line(self, tmp_path):
        (tmp_path / "state").write_text("")
        with pytest.raises(StateError, match="can't be used"), Generations(tmp_path / "state").writer():
            pass
        assert Generations(tmp_path / "state").current_number() is None

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
    def test_an_unwritable_state_is_one_clear_line(self, state):
        state.mkdir(mode=0o500)
        with pytest.raises(StateError, match="Permission denied"), Generations(state).writer():
            pass


class TestFullDisk:
    @pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
    @pytest.mark.parametrize("step", ["read_dataset", "sync_tree", "sync"])
    def test_the_old_generation_is_untouched(self, generations, state, monkeypatch, number, step):
        publish(generations)

        def full(*_):
            raise OSError(number, os.strerror(number))

        with monkeypatch.context() as patched:
            patched.setattr(module, step, full)
            with pytest.raises(StateFullError, match="no space left"):
                publish(generations)
        assert names(state) == ["1"]
        assert generations.current().number == 1
        assert publish(generations).number == 2

    def test_rocksdbs_words_are_understood(self, generations, state, monkeypatch):
        publish(generations)

        def full(store, text):
            raise OSError(
                "IO error: No space left on device: While appending to file: 000012.sst: No space left on device"
            )

        monkeypatch.setattr(bulk, "_load", full)
        with pytest.raises(StateFullError):
            publish(generations)
        assert names(state) == ["1"]
