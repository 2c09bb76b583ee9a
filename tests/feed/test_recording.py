"""Guards the ledger: at each generation its entries amount to the dataset, whatever was written, and whatever was killed."""

import shutil
import sqlite3
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feed.conftest import THING, World, dump, line, lines, replayed
from qit4n_kg.errors import StateError
from qit4n_kg.feed import appending
from qit4n_kg.feed.entries import BLANK, Kind, Version, digest_of
from qit4n_kg.feed.ledger import begin_epoch, open_ledger
from qit4n_kg.feed.recording import record, subjects_of


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.lists(lines(), max_size=6), st.lists(st.integers(0, 30), max_size=4)), max_size=4))
def test_whatever_is_written_the_entries_amount_to_the_dataset_at_each_generation(tmp_path_factory, template, writes):
    world = World(tmp_path_factory.mktemp("any"), template)
    for adds, chosen in writes:
        there = dump(world).splitlines(keepends=True)
        gone = [there[number % len(there)] for number in chosen] if there else []
        world.change("".join(adds), "".join(line for line in gone if "_:" not in line))
    with world.ledger() as ledger:
        found = replayed(ledger)
        assert [promised for promised, _ in found] == [real for _, real in found]
        assert found[-1][0] == (world.current.manifest.dataset, world.current.manifest.quads)
        heads = dict(ledger.heads())
    assert heads == compared(world)  # what a write touched is what comparing everything finds
    shutil.rmtree(world.current.path / "lines")
    assert heads == compared(world)  # from the store


def compared(world):
    return {subject: digest_of(text) for subject, text in subjects_of(world.current, world.settings.feed_folder)}


@pytest.mark.parametrize("spoil", [lambda text: text[:-9], lambda text: b""], ids=["damaged", "empty"])
def test_where_the_sorted_lines_are_not_the_generations_its_store_is_compared(world, spoil):
    world.add(line("a", "1"), line("b", "1", "g"))
    before = compared(world)
    for path in (world.current.path / "lines").iterdir():
        path.write_bytes(spoil(path.read_bytes()))
    assert compared(world) == before
    assert {f"<{THING}a>", f"<{THING}b>"} <= set(before)


def versions(world, name):
    with world.ledger() as ledger:
        entries = [entry for page in ledger.pages() for entry in ledger.entries(page.number)]
    return [one for one in entries if isinstance(one, Version) and one.subject == f"<{THING}{name}>"]


def test_a_thing_that_nothing_is_said_of_any_more_has_a_tombstone_and_may_come_back(world):
    world.add(line("a", "1"), line("a", "1", "g"), line("b", "1"))
    world.put(f"{THING}graph/g", "", method="DELETE")
    world.change(retracts=line("a", "1"))
    world.add(line("a", "2"))
    assert [one.kind for one in versions(world, "a")] == [Kind.CREATED, Kind.UPDATED, Kind.DELETED, Kind.CREATED]
    assert [bool(one.lines) for one in versions(world, "a")] == [True, True, False, True]
    first, second, third, fourth = versions(world, "a")
    assert (second.previous, third.previous, fourth.previous) == (first.number, second.number, None)
    assert len(versions(world, "b")) == 1


def test_a_write_without_blank_nodes_does_not_read_everything(world, monkeypatch):
    world.add(line("a", "1"), f'_:x <{THING}says> "blank" .')

    def refuse(*_):
        raise AssertionError("everything was read")

    monkeypatch.setattr("qit4n_kg.feed.recording.subjects_of", refuse)
    world.add(line("b", "1", "g"))
    world.put(f"{THING}graph/g", "", method="DELETE")
    assert [one.kind for one in versions(world, "b")] == [Kind.CREATED, Kind.DELETED]


def test_blank_nodes_are_one_thing_of_their_own(world):
    world.add(f'_:x <{THING}says> "1" .', f"<{THING}a> <{THING}knows> _:x .", line("a", "1"))
    with world.ledger() as ledger:
        found = dict(ledger.heads())
    assert set(found) == {f"<{THING}a>", BLANK}
    assert [len(one.lines.splitlines()) for one in versions(world, "a")] == [1]


def test_what_a_crash_left_out_is_recorded_by_the_next_write(world, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("qit4n_kg.building.record", lambda *_: None)  # killed after the pointer has moved
        world.add(line("a", "1"))
        world.add(line("b", "1"))
    world.add(line("c", "1"))
    with world.ledger() as ledger:
        found = replayed(ledger)
    assert [promised for promised, _ in found] == [real for _, real in found]
    assert found[-1][0][0] == world.current.manifest.dataset
    assert versions(world, "a")


def test_what_a_crash_left_out_is_recorded_by_a_build_that_has_nothing_to_do(world, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("qit4n_kg.building.record", lambda *_: None)
        world.add(line("a", "1"))
    assert world.build().is_new is False
    assert versions(world, "a")


def test_a_kill_while_entries_are_written_leaves_none_of_them(world):
    def changes():
        yield f"<{THING}a>", b"1\n"
        raise KeyboardInterrupt

    with world.ledger() as ledger:
        before = ledger.tip()
        with pytest.raises(KeyboardInterrupt):
            ledger.append(changes(), world.current.manifest)
        assert ledger.tip() == before
        assert ledger.head(f"<{THING}a>") is None
        assert len([entry for page in ledger.pages() for entry in ledger.entries(page.number)]) == 1


def test_a_write_is_published_though_the_feed_cannot_be_written(world, caplog):
    shutil.rmtree(world.settings.feed_folder)
    world.settings.feed_folder.write_text("in the way")
    assert world.add(line("a", "1")).generation == world.current.number
    assert "has not got generation" in caplog.text


def test_a_damaged_ledger_begins_a_new_epoch(world, caplog):
    with world.ledger() as ledger:
        path, before = ledger.path, ledger.epoch
    path.write_bytes(b"this is no database, but it is long enough to be taken for one" * 100)
    world.add(line("a", "1"))
    with world.ledger() as ledger:
        assert ledger.epoch != before
        assert replayed(ledger)[-1][0] == (world.current.manifest.dataset, 1)
    assert "begins anew" in caplog.text
    assert not path.exists()


def test_a_ledger_of_another_version_begins_a_new_epoch(world):
    with world.ledger() as ledger:
        before = ledger.epoch
        ledger._db.execute("PRAGMA user_version = 7")
    world.add(line("a", "1"))
    with world.ledger() as ledger:
        assert ledger.epoch != before


def test_a_lost_ledger_begins_a_new_epoch(world):
    with world.ledger() as ledger:
        before = ledger.epoch
    shutil.rmtree(world.settings.feed_folder)
    world.add(line("a", "1"))
    with world.ledger() as ledger:
        assert ledger.epoch != before


def test_the_feed_goes_on_where_the_state_was_removed_and_the_feed_is_elsewhere(world, tmp_path):
    elsewhere = tmp_path / "journal" / "feed"
    shutil.move(world.settings.feed_folder, elsewhere)
    world.settings = replace(world.settings, feed_dir=elsewhere)
    world.add(line("a", "1"))
    with world.ledger() as ledger:
        epoch, before = ledger.epoch, [ledger.entries(page.number) for page in ledger.pages()]
    shutil.rmtree(world.settings.state_dir)
    world.build()
    with world.ledger() as ledger:
        after = [ledger.entries(page.number) for page in ledger.pages()]
        assert ledger.epoch == epoch
    assert after[0][: len(before[0])] == before[0]
    assert len(after[0]) == len(before[0]) + 1  # the boundary of the new generation


def test_the_ledger_of_another_dataset_is_refused(world):
    with pytest.raises(StateError, match="belongs to the dataset 'scratch'"):
        record(world.settings.feed_folder, "https://example.org/", world.current)


def test_a_clock_that_is_set_back_does_not_turn_the_feed_around(world):
    manifest = replace(world.current.manifest, built_at="2001-01-01T00:00:00Z", number=9)
    with world.ledger() as ledger:
        before = ledger.tip()
        assert ledger.append((), manifest).time > before.time


def test_versions_of_a_thing_have_different_times_however_fast_they_follow(world):
    for number in range(3):
        world.add(line("a", str(number)))
    times = [one.time for one in versions(world, "a")]
    assert times == sorted(set(times))


def test_pages_are_closed_when_they_are_full_and_never_change(tmp_path, world, monkeypatch):
    monkeypatch.setattr(appending, "PAGE_ENTRIES", 4)
    many = [(f"<{THING}{number:02}>", line(f"{number:02}", "x").encode() + b"\n") for number in range(10)]
    folder = tmp_path / "own"
    begin_epoch(folder, "scratch", many, world.current.manifest)
    with open_ledger(folder) as ledger:
        closed = {page.number: ledger.entries(page.number) for page in ledger.pages() if page.is_closed}
        assert [len(entries) for entries in closed.values()] == [4, 4]
        ledger.append(many[:6], world.current.manifest)
        assert {number: ledger.entries(number) for number in closed} == closed
        assert [page.number for page in ledger.pages(2, 2)] == [2, 3]


def test_a_page_is_closed_by_its_bytes_too(tmp_path, world, monkeypatch):
    monkeypatch.setattr(appending, "PAGE_BYTES", 200)
    many = [(f"<{THING}{number}>", line(str(number), "x" * 50).encode() + b"\n") for number in range(3)]
    begin_epoch(tmp_path / "own", "scratch", many, world.current.manifest)
    with open_ledger(tmp_path / "own") as ledger:
        assert [len(ledger.entries(page.number)) for page in ledger.pages()] == [1, 1, 2]


def test_readers_see_whole_generations_while_one_is_written(world):
    with world.ledger() as ledger:
        before = ledger.tip()

        def changes():
            yield f"<{THING}a>", b"1\n"
            with world.ledger() as reader:
                assert reader.tip() == before
                assert reader.head(f"<{THING}a>") is None

        ledger.append(changes(), world.current.manifest)


def test_a_ledger_that_is_begun_and_not_finished_is_not_read(tmp_path, world):
    def changes():
        yield f"<{THING}a>", b"1\n"
        raise sqlite3.OperationalError("disk full")

    with pytest.raises(StateError, match="disk full"):
        begin_epoch(tmp_path / "own", "scratch", changes(), world.current.manifest)
    with open_ledger(tmp_path / "own") as ledger:
        assert ledger is None
    assert list((tmp_path / "own").glob("*.sqlite")) == []
