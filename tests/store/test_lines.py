"""Guards the sorted lines: the hash after a change is that of the whole dataset, and lines that do not fit are not used."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad

from qit4n_kg.errors import StateError
from qit4n_kg.store import bulk, generations, lines
from qit4n_kg.store.canonical import dataset_hash, write_lines
from qit4n_kg.store.generations import Generations
from qit4n_kg.store.oxigraph import OxigraphStore

P, G, H = NamedNode("x:p"), NamedNode("x:g"), NamedNode("x:h")


def quad(number, graph=G):
    return Quad(NamedNode(f"x:{number}"), P, Literal(number), graph)


QUADS = [quad(number, random.Random(number).choice((G, H, DefaultGraph()))) for number in range(300)]


def blocks(folder):
    return sorted(path.name for path in folder.glob("*.zst"))


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(lines, "BLOCK", 16)


@settings(max_examples=60, deadline=None)
@given(start=st.sets(st.integers(0, 80)), steps=st.lists(st.sets(st.integers(0, 80), max_size=12), max_size=5))
def test_the_hash_after_changes_is_that_of_the_whole(tmp_path_factory, start, steps):
    folder = tmp_path_factory.mktemp("lines")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(lines, "BLOCK", 5)
        there = {number: quad(number) for number in start}
        made = lines.write_blocks(folder / "0", [sorted(write_lines(there.values()))])
        assert made == (dataset_hash(there.values()), len(there))
        for step, flipped in enumerate(steps):
            came = [quad(number) for number in flipped if number not in there]
            went = [there.pop(number) for number in flipped if number in there]
            there |= {int(one.subject.value[2:]): one for one in came}
            old, new = folder / str(step), folder / str(step + 1)
            made = lines.revise_blocks(old, new, write_lines(came), write_lines(went))
            assert made == (dataset_hash(there.values()), len(there))


def test_only_the_blocks_of_a_change_are_written(tmp_path, small):
    lines.write_blocks(tmp_path / "old", [sorted(write_lines(QUADS))])
    lines.revise_blocks(tmp_path / "old", tmp_path / "new", write_lines([quad("7a")]), ())
    old, new = (set(blocks(tmp_path / name)) for name in ("old", "new"))
    assert len(old) > 10
    assert len(new - old) == 1
    assert all((tmp_path / "new" / name).stat().st_nlink == 2 for name in new & old)


@pytest.mark.parametrize(("came", "went"), [([QUADS[5]], []), ([], [quad("never")]), ([QUADS[5]], [quad("never")])])
def test_a_change_that_does_not_fit_is_noticed(tmp_path, small, came, went):
    lines.write_blocks(tmp_path / "old", [sorted(write_lines(QUADS))])
    with pytest.raises(lines.LinesError):
        lines.revise_blocks(tmp_path / "old", tmp_path / "new", write_lines(came), write_lines(went))


@pytest.mark.parametrize("damage", ["gone", "cut", "flipped", "other", "index"])
def test_damaged_lines_are_noticed_wherever_the_change_is(tmp_path, small, damage):
    lines.write_blocks(tmp_path / "old", [sorted(write_lines(QUADS))])
    first, second = (tmp_path / "old" / name for name in blocks(tmp_path / "old")[:2])
    content = first.read_bytes()
    if damage == "gone":
        first.unlink()
    elif damage == "other":
        first.write_bytes(second.read_bytes())
    elif damage == "index":
        (tmp_path / "old" / "index.json").write_text("[]")
    else:
        first.write_bytes(content[:-6] if damage == "cut" else content[:40] + bytes([content[40] ^ 1]) + content[41:])
    with pytest.raises(lines.LinesError):
        lines.revise_blocks(tmp_path / "old", tmp_path / "new", write_lines([quad("zz")]), ())


@pytest.fixture
def published(tmp_path):
    own = Generations(tmp_path / "state", keep=5)
    with own.writer():
        own.publish(QUADS, inputs="1", software="test")
        yield own


def commit(own, adds=(), retracts=(), **options):
    def apply(recorder, workspace):
        recorder.extend(adds)
        for one in retracts:
            recorder.remove(one)

    return own.commit(apply, inputs=lambda: "2", software="test", **options)


def check(generation):
    with OxigraphStore.open_read_only(generation.store_path) as store:
        quads = list(store.quads())
        graphs = sum(1 for _ in store.graphs())
    manifest = generation.manifest
    merged = sum(one.graph_name == DefaultGraph() for one in quads)
    assert (manifest.dataset, manifest.quads) == (dataset_hash(quads), len(quads))
    assert (manifest.triples, manifest.graphs) == (merged, graphs)


def test_a_commit_knows_hash_and_counts_without_reading_the_whole_store(published, monkeypatch):
    monkeypatch.setattr(generations, "read_dataset", None)
    monkeypatch.setattr(generations, "hash_store", None)
    nets = []
    made = commit(
        published,
        adds=[quad("new"), quad("new", DefaultGraph()), quad("x", NamedNode("x:third")), QUADS[0]],
        retracts=[QUADS[1], quad("never"), QUADS[2]],
        complete=lambda path, net: nets.append(net),
    )
    check(made)
    assert (len(nets[0].came), len(nets[0].went)) == (3, 2)
    check(commit(published, retracts=[quad("x", NamedNode("x:third"))]))  # the graph stays, empty


def test_a_number_in_another_spelling_is_the_same_quad(published):
    made = commit(
        published, adds=[Quad(P, P, Literal("007", datatype=NamedNode("http://www.w3.org/2001/XMLSchema#integer")))]
    )
    check(made)
    again = commit(published, retracts=[Quad(P, P, Literal(7))])
    assert again.manifest.dataset == dataset_hash(QUADS)


@pytest.mark.parametrize("kind", ["blank", "no lines", "damaged lines"])
def test_where_the_lines_are_of_no_use_all_is_read(published, kind):
    folder = published.current().path / lines.FOLDER
    if kind == "no lines":
        (folder / "index.json").unlink()
    elif kind == "damaged lines":
        next(folder.glob("*.zst")).write_bytes(b"")
    subject = BlankNode("b") if kind == "blank" else P
    check(commit(published, adds=[Quad(subject, P, Literal("x"))]))
    check(commit(published, adds=[quad("next")]))


@pytest.mark.parametrize("lost", ["came", "went", "counted", "graph"])
def test_a_change_that_reads_back_differently_is_not_published(published, monkeypatch, lost):
    original = bulk.OxigraphStore.open_read_only

    def other(path):
        store = original(path)
        if ".partial" not in str(path):
            return store
        memory = OxigraphStore.in_memory()
        memory.inner.extend(store.quads())
        if lost == "came":
            memory.inner.remove(quad("new"))
        elif lost == "went":
            memory.inner.add(QUADS[1])
        elif lost == "counted":
            memory.inner.remove(QUADS[9])
        else:
            memory.inner.remove_graph(NamedNode("x:fresh"))
        return memory

    monkeypatch.setattr(bulk.OxigraphStore, "open_read_only", other)
    before = published.current()
    with pytest.raises(StateError, match=r"differently|holds"):
        commit(published, adds=[quad("new"), quad("f", NamedNode("x:fresh"))], retracts=[QUADS[1]])
    assert published.current() == before


def test_a_recorder_shows_the_store_as_it_was(published):
    seen = []

    def apply(recorder, workspace):
        recorder.remove(QUADS[0])
        mark = recorder.mark()
        recorder.add(quad("later"))
        recorder.remove(QUADS[1])
        for moment, expected in ((0, (True, True, False)), (mark, (False, True, False)), (4, (False, False, True))):
            store = recorder.at(moment)
            seen.append(tuple(one in store for one in (QUADS[0], QUADS[1], quad("later"))) == expected)

    published.commit(apply, inputs=lambda: "2", software="test")
    assert seen == [True, True, True]
