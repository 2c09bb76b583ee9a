"""Guards the journal: what is written is read back, a torn end is dropped, damage is not, and nothing is lost in silence."""

import json

import pytest
from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, Triple

from qit4n_kg.errors import ConfigurationError, JournalDamagedError, StateError
from qit4n_kg.store.journal import START, Change, Entry, Journal, replay

S, P, G = NamedNode("x:s"), NamedNode("x:p"), NamedNode("x:g")
TERMS = [
    Literal("é\n\r\u2028\"'\\ \U0001f600"),
    Literal("x", language="en-GB"),
    Literal("007", datatype=NamedNode("x:own")),
    BlankNode("b1"),
    Triple(S, P, BlankNode("b1")),
]


def entry(number=1, **parts):
    change = Change(**parts) if parts else Change(adds=(Quad(S, P, Literal(number), G),))
    return Entry.of(change, "somebody", "test")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "journal"


def filled(folder, count=3):
    journal = Journal.read(folder, "tests")
    for number in range(count):
        journal.append(entry(number))
    return journal


def test_a_missing_journal_is_empty_and_nothing_is_written(folder):
    journal = Journal.read(folder, "tests")
    assert (journal.entries, journal.position) == ([], START)
    assert not folder.exists()


def test_every_kind_of_term_and_graph_is_read_back(folder):
    quads = tuple(Quad(S, P, term, graph) for term in TERMS for graph in (G, DefaultGraph()))
    written = entry(adds=quads, retracts=(Quad(BlankNode("b1"), P, S, G),), created=(G,), dropped=(S,))
    Journal.read(folder, "tests").append(written)
    (read,) = Journal.read(folder, "tests").entries
    assert (read.id, read.time, read.actor, read.source) == (written.id, written.time, "somebody", "test")
    assert set(read.change.adds) == set(quads)
    assert read.change.retracts == written.change.retracts
    assert (read.change.created, read.change.dropped) == ((G,), (S,))


def test_the_position_is_the_same_when_read_again_and_known_beforehand(folder):
    journal = Journal.read(folder, "tests")
    for number in range(3):
        new = entry(number)
        foreseen = journal.next_position(new)
        journal.append(new)
        assert journal.position == foreseen == Journal.read(folder, "tests").position


@pytest.mark.parametrize("lost", [1, 10, 200])
def test_a_torn_last_line_is_dropped_and_the_next_entry_takes_its_place(folder, lost):
    journal = filled(folder)
    with journal.path.open("r+b") as file:
        file.truncate(journal.path.stat().st_size - lost)
    again = Journal.read(folder, "tests")
    assert len(again.entries) == 2
    again.append(entry(9))
    assert [e.change.adds[0].object.value for e in Journal.read(folder, "tests").entries] == ["0", "1", "9"]


def test_a_last_line_of_zeros_is_torn(folder):
    journal = filled(folder)
    with journal.path.open("ab") as file:
        file.write(b"\0" * 50 + b"\n")
    assert len(Journal.read(folder, "tests").entries) == 3


def test_a_torn_first_line_is_an_empty_journal(folder):
    journal = filled(folder, 1)
    journal.path.write_bytes(journal.path.read_bytes()[:30])
    again = Journal.read(folder, "tests")
    assert again.position == START
    again.append(entry())
    assert len(Journal.read(folder, "tests").entries) == 1


@pytest.mark.parametrize("line", [0, 1, 2, 3])
def test_a_line_that_was_altered_is_an_error(folder, line):
    journal = filled(folder)
    lines = journal.path.read_bytes().splitlines(keepends=True)
    lines[line] = lines[line].replace(b"e", b"E", 1)
    journal.path.write_bytes(b"".join(lines))
    with pytest.raises(JournalDamagedError, match=f"Line {line + 1} "):
        Journal.read(folder, "tests")


@pytest.mark.parametrize("order", [(0, 2, 1, 3), (0, 1, 3), (0, 2, 3)])
def test_lines_that_were_moved_or_removed_are_an_error(folder, order):
    journal = filled(folder)
    lines = journal.path.read_bytes().splitlines(keepends=True)
    journal.path.write_bytes(b"".join(lines[number] for number in order))
    with pytest.raises(JournalDamagedError):
        Journal.read(folder, "tests")


def test_the_journal_of_another_dataset_is_refused(folder):
    filled(folder)
    with pytest.raises(ConfigurationError, match="QIT4N_JOURNAL_DIR"):
        Journal.read(folder, "another")


@pytest.mark.parametrize("before", [0, 2])
def test_a_withdrawn_entry_leaves_the_file_as_it_was(folder, before):
    journal = filled(folder, before)
    content = journal.path.read_bytes() if before else b""
    position = journal.position
    journal.append(entry(7))
    journal.withdraw()
    assert (journal.path.read_bytes(), journal.position) == (content, position)
    journal.append(entry(8))
    assert len(Journal.read(folder, "tests").entries) == before + 1


def test_an_append_that_fails_leaves_the_file_as_it_was(folder, monkeypatch):
    journal = filled(folder)
    content, position = journal.path.read_bytes(), journal.position

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("qit4n_kg.store.journal.os.fsync", full)
    with pytest.raises(StateError, match="no space"):
        journal.append(entry(7))
    monkeypatch.undo()
    assert (journal.path.read_bytes(), journal.position, len(journal.entries)) == (content, position, 3)


@pytest.mark.parametrize("before", [0, 2])
def test_an_entry_that_another_server_wrote_meanwhile_is_not_lost(folder, before):
    filled(folder, before)
    ours, theirs = Journal.read(folder, "tests"), Journal.read(folder, "tests")
    theirs.append(entry(8))
    with pytest.raises(StateError, match="Another server"):
        ours.append(entry(9))
    assert [one.change.adds[0].object.value for one in Journal.read(folder, "tests").entries][-1] == "8"
    assert (ours.position, len(ours.entries)) == (START if not before else ours.positions[-1], before)


def test_a_journal_that_was_cut_meanwhile_is_not_written(folder):
    ours = filled(folder)
    (folder / "journal.jsonl").write_bytes(b"")
    with pytest.raises(StateError, match="Another server"):
        ours.append(entry(9))


def test_the_file_is_lines_of_json_for_its_owner_only(folder):
    journal = filled(folder, 1)
    header, line = journal.path.read_text().splitlines()
    assert json.loads(header.partition(" ")[2])["dataset"] == "tests"
    assert json.loads(line.partition(" ")[2])["graphs"]["x:g"]["adds"].startswith("<x:s> <x:p> ")
    assert journal.path.stat().st_mode & 0o077 == 0


def test_entries_are_replayed_in_order():
    one, two = Quad(S, P, Literal(1), G), Quad(S, P, Literal(2), G)
    entries = [entry(adds=(one, two), created=(G, S)), entry(retracts=(one,), dropped=(S,)), entry(adds=(one,))]
    left, graphs = replay(entries)
    assert (list(left), graphs) == ([two, one], {G})


def test_several_entries_are_appended_in_order_and_taken_back_together(folder):
    journal = filled(folder, 1)
    before = journal.path.read_bytes()
    new = [entry(number) for number in (7, 8, 9)]
    foreseen = journal.next_position(*new)
    journal.append(*new)
    assert journal.position == foreseen
    assert Journal.read(folder, "tests").entries[1:] == new
    journal.withdraw()
    assert journal.path.read_bytes() == before
    assert len(journal.entries) == 1


class TestReread:
    def test_what_came_since_is_read_on(self, folder):
        journal = filled(folder)
        other = Journal.read(folder, "tests")
        other.append(entry(7), entry(8))
        again = journal.reread()
        assert again is journal
        assert (again.entries, again.position) == (other.entries, other.position)

    def test_what_has_not_changed_is_not_read(self, folder, monkeypatch):
        journal = filled(folder)
        monkeypatch.setattr(Journal, "_read_on", None)
        assert journal.reread() is journal

    def test_a_file_that_was_replaced_is_read_anew(self, folder):
        journal = filled(folder)
        Journal.read(folder, "tests").rewrite([entry(9)])
        again = journal.reread()
        assert again is not journal
        assert len(again.entries) == 1

    def test_a_file_whose_last_line_is_another_is_read_anew(self, folder):
        journal = filled(folder)
        content = journal.path.read_bytes().splitlines(keepends=True)
        with journal.path.open("r+b") as file:  # the same file, as after a restored backup
            file.truncate(sum(map(len, content[:-1])))
        shorter = Journal.read(folder, "tests")
        shorter.append(entry(5))
        shorter.append(entry(6))
        again = journal.reread()
        assert again is not journal
        assert again.position == shorter.position

    def test_a_missing_file_and_one_that_is_new_are_read(self, folder):
        journal = Journal.read(folder, "tests")
        assert journal.reread().entries == []
        filled(folder, 2)
        assert len(journal.reread().entries) == 2

    def test_what_stands_in_the_default_graph_is_that_of_a_replay_at_any_time(self, folder):
        journal = Journal.read(folder, "tests")
        quads = [Quad(S, P, Literal(number)) for number in range(4)]
        changes = [
            Change(adds=(quads[0], quads[1], Quad(S, P, S, G)), created=(G,)),
            Change(retracts=(quads[0],), adds=(quads[2],)),
            Change(dropped=(G,), adds=(quads[0],)),
        ]
        for change in changes:
            journal.append(Entry.of(change, "somebody", "test"))
            left, graphs = replay(journal.entries)
            loose = [quad for quad in left if quad.graph_name == DefaultGraph()]
            assert (list(journal.loose()[0]), journal.loose()[1]) == (loose, graphs)
        journal.withdraw()
        assert list(journal.loose()[0]) == [quads[1], quads[2]]
        assert journal.loose()[1] == {G}
