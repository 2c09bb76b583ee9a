"""Guards the mirror: in sync by hash or not moved at all, whatever the feed does; no network, the feed is asked in process."""

import json
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feed.conftest import THING, Copy, InProcess, World, dump, line, lines
from qit4n_kg.commands.mirror import in_words
from qit4n_kg.errors import MirrorDiffersError, MirrorError, StateLockedError
from qit4n_kg.feed import appending
from qit4n_kg.store.generations import Generations
from qit4n_kg.store.inventory import write_inventory
from qit4n_kg.web.app import create_app


@pytest.fixture
def source(world, monkeypatch):
    monkeypatch.setattr(appending, "PAGE_ENTRIES", 5)
    app = create_app(world.settings)
    yield InProcess(app.test_client())
    app.extensions["knowledge_graph"].close()


@pytest.fixture
def copy(source, tmp_path):
    return Copy(source, tmp_path / "copy")


def test_it_is_in_sync_after_each_change(world, copy):
    changes = [
        ([line("a", "1"), line("a", "1", "g"), line("b", "2")], []),
        ([line("c", "3", "g"), f'_:x <{THING}says> "blank" <{THING}g> .', f"<{THING}a> <{THING}knows> _:x ."], []),
        ([], [line("a", "1"), line("a", "1", "g")]),
        ([line("a", "again"), f'_:y <{THING}says> "more" .'], [line("b", "2")]),
    ]
    for adds, retracts in changes:
        world.change("\n".join(adds), "\n".join(retracts))
        done = copy.sync()
        assert done.mark.generation == world.current.number
        assert copy.dataset == done.mark.dataset == world.current.manifest.dataset
    assert copy.generations.current().manifest.graphs == world.current.manifest.graphs


@settings(max_examples=6, deadline=None)
@given(
    st.lists(
        st.tuples(st.lists(lines(), max_size=6), st.lists(st.integers(0, 30), max_size=4), st.booleans()), max_size=5
    )
)
def test_whatever_is_written_and_whenever_it_looks_the_mirror_is_in_sync(tmp_path_factory, template, writes):
    world = World(tmp_path_factory.mktemp("source"), template)
    app = create_app(world.settings)
    copy = Copy(InProcess(app.test_client()), tmp_path_factory.mktemp("copy"))
    try:
        for adds, chosen, is_looking in [*writes, ([], [], True)]:
            there = dump(world).splitlines(keepends=True)
            gone = [there[number % len(there)] for number in chosen] if there else []
            world.change("".join(adds), "".join(one for one in gone if "_:" not in one))
            if is_looking:
                assert copy.sync().mark.generation == world.current.number
                assert copy.dataset == world.current.manifest.dataset
    finally:
        app.extensions["knowledge_graph"].close()


def test_many_generations_are_caught_up_at_once_and_only_new_pages_are_fetched(world, copy):
    copy.sync()
    for number in range(12):
        world.add(line(f"a{number % 4}", str(number)))
    copy.sync()
    copy.source.asked.clear()
    world.add(line("b", "1"))
    done = copy.sync()
    assert done.things == 1
    assert copy.dataset == world.current.manifest.dataset
    assert len([path for path in copy.source.asked if "/pages/" in path]) <= 2


def test_looking_when_nothing_has_changed_is_one_request(world, copy):
    world.add(line("a", "1"))
    copy.sync()
    copy.source.asked.clear()
    assert copy.sync(is_conditional=True) is None
    assert copy.source.asked == ["/feed"]


def test_an_empty_source_is_mirrored(copy, world):
    assert copy.sync().mark.dataset == copy.dataset == world.current.manifest.dataset


def test_killed_while_it_fetches_it_does_not_fetch_closed_pages_again(world, copy):
    for number in range(20):
        world.add(line(f"a{number}", "x"))

    class Killed(BaseException):
        pass

    def kill(path, content):
        if path.endswith("/pages/4"):
            raise Killed
        return content

    copy.source.spoil = kill
    with pytest.raises(Killed):
        copy.sync()
    copy.source.spoil = lambda path, content: content
    copy.source.asked.clear()
    copy.sync()
    assert copy.dataset == world.current.manifest.dataset
    assert not [path for path in copy.source.asked if path.endswith(("/pages/1", "/pages/2", "/pages/3"))]


@pytest.mark.parametrize("moment", ["publish", "commit"])
def test_killed_before_the_pointer_moves_it_is_as_it_was_and_goes_on(world, copy, monkeypatch, moment):
    if moment == "commit":
        copy.sync()
    world.add(line("a", "1"))
    before = copy.generations.current_number()

    class Killed(BaseException):
        pass

    def kill(*_):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Generations, "_point_to", kill)
        with pytest.raises(Killed):
            copy.sync()
    assert copy.generations.current_number() == before
    copy.sync()
    assert copy.dataset == world.current.manifest.dataset


def test_the_mirror_starts_from_the_beginning_when_the_feed_began_anew(world, copy):
    world.add(line("a", "1"), line("b", "1"))
    copy.sync()
    shutil.rmtree(world.settings.feed_folder)
    world.change(line("c", "1"), line("a", "1"))
    done = copy.sync()
    assert done.is_anew
    assert copy.dataset == world.current.manifest.dataset
    assert any("began anew" in text for text in copy.said)


def test_a_feed_that_begins_anew_while_it_is_fetched_is_no_failure(world, copy):
    world.add(line("a", "1"))
    happened = []

    def anew(path, content):
        if path == "/feed" and not happened:
            happened.append(path)
            shutil.rmtree(world.settings.feed_folder)
            world.add(line("b", "1"))
        return content

    copy.source.spoil = anew
    assert copy.sync().is_anew
    assert copy.dataset == world.current.manifest.dataset


def test_a_feed_that_was_put_back_to_an_older_state_is_noticed(world, copy, tmp_path):
    world.add(line("a", "1"))
    shutil.copytree(world.settings.feed_folder, tmp_path / "backup")
    world.add(line("b", "1"))
    copy.sync()
    shutil.rmtree(world.settings.feed_folder)
    shutil.copytree(tmp_path / "backup", world.settings.feed_folder)
    world.change(line("c", "1"), line("b", "1"))
    world.add(line("d", "1"))
    done = copy.sync()
    assert copy.dataset == done.mark.dataset == world.current.manifest.dataset


def test_what_is_not_the_promised_dataset_is_refused_and_the_mirror_stays(world, copy):
    world.add(line("a", "one"))
    copy.sync()
    before = copy.dataset
    world.add(line("a", "two"))
    copy.source.spoil = lambda path, content: content.replace(b'"two"', b'"forged"') if "/pages/" in path else content
    with pytest.raises(
        MirrorDiffersError, match=f"should be {world.current.manifest.dataset}, but what the feed gave is sha256:"
    ):
        copy.sync()
    assert copy.dataset == before
    assert copy.source.asked.count("/feed") == 3, "the first time, and the second with one more from the beginning"
    copy.source.spoil = lambda path, content: content
    copy.sync()
    assert copy.dataset == world.current.manifest.dataset


def test_a_mirror_whose_store_was_altered_is_made_anew(world, copy):
    world.add(line("a", "1"))
    copy.sync()
    alter(copy)
    world.add(line("b", "1"))
    assert copy.sync().is_anew
    assert copy.dataset == world.current.manifest.dataset


def alter(copy):
    import pyoxigraph

    store = pyoxigraph.Store(str(copy.generations.current().store_path))
    store.update(f'INSERT DATA {{ <{THING}x> <{THING}says> "altered" }}')
    store.flush()
    del store


def test_verify_reads_all_of_the_copy(world, copy):
    world.add(line("a", "1"))
    copy.sync()
    found = copy.mirror().verify()
    assert found.dataset == found.promised == found.mark.dataset
    alter(copy)
    with pytest.raises(MirrorDiffersError, match="damaged"):
        copy.mirror().verify()
    write_inventory(copy.generations.current().path)  # a list that fits what was altered does not hide it
    found = copy.mirror().verify()
    assert found.dataset != found.promised


@pytest.mark.parametrize("pattern", ["store/*.sst", "lines/*.zst", "lines/index.json"])
def test_verify_finds_damage_in_any_file(world, copy, pattern):
    world.add(line("a", "1"), line("b", "1", "g"))
    copy.sync()
    copy.mirror().verify()
    folder = copy.generations.current().path
    for path in sorted(folder.glob(pattern)):
        content = path.read_bytes()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        with pytest.raises(MirrorDiffersError, match=rf"damaged: {path.relative_to(folder).as_posix()}\."):
            copy.mirror().verify()
        path.write_bytes(content)
    copy.mirror().verify()


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def overwrite(path):
    """Write into a file after its list was made; its size stays."""
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def lead_nowhere(path):
    path.unlink()
    path.symlink_to(path.name)


def rot(path):
    """Change a bit as a disk does: no time tells."""
    status = path.stat()
    overwrite(path)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize(
    ("pattern", "damage", "has_changed"),
    [
        ("store/*.sst", cut, False),
        ("lines/*.zst", overwrite, False),
        ("store/CURRENT", Path.unlink, False),
        ("store/*.sst", lead_nowhere, False),
        ("store/*.sst", overwrite, True),
    ],
    ids=["shorter", "written to", "gone", "a link to itself", "written to, and the source has changed"],
)
def test_a_damaged_copy_is_told_and_made_anew_whether_the_source_has_changed_or_not(
    world, copy, pattern, damage, has_changed
):
    world.add(line("a", "1"), line("b", "1", "g"))
    copy.sync()
    damage(sorted(copy.generations.current().path.glob(pattern))[-1])
    if has_changed:
        world.add(line("c", "1"))
    done = copy.sync()
    assert done.is_anew
    assert "in sync" in in_words(done)
    assert any("The copy is damaged" in said for said in copy.said)
    found = copy.mirror().verify()
    assert found.dataset == found.promised == found.mark.dataset


def test_what_no_time_and_no_size_tells_is_left_to_verify_and_that_is_said(world, copy):
    world.add(line("a", "1"))
    copy.sync()
    (table, *_) = sorted(copy.generations.current().path.glob("store/*.sst"))
    rot(table)
    assert in_words(copy.sync()).endswith(
        "(1 quad, nothing new; its files have their names and sizes, --verify reads them)"
    )
    with pytest.raises(MirrorDiffersError, match="damaged"):
        copy.mirror().verify()


def test_an_older_list_of_files_has_digests_only(world, copy):
    world.add(line("a", "1"))
    copy.sync()
    folder = copy.generations.current().path
    known = {path: digest for path, (_, digest) in json.loads((folder / "files.json").read_bytes()).items()}
    (folder / "files.json").write_text(json.dumps(known))
    assert not copy.sync().is_anew
    copy.mirror().verify()
    sorted(folder.glob("store/*.sst"))[0].unlink()
    assert copy.sync().is_anew


def test_verify_finds_another_licence_than_the_source_states(world, copy):
    copy.sync()
    manifest = copy.generations.current().path / "manifest.json"
    manifest.write_text(manifest.read_text().replace('\\"publisher\\": \\"', '\\"publisher\\": \\"Somebody'))
    with pytest.raises(MirrorDiffersError, match="what the source does not"):
        copy.mirror().verify()


def test_verify_does_not_trust_a_copy_without_a_list_of_its_files(world, copy):
    copy.sync()
    (copy.generations.current().path / "files.json").unlink()
    with pytest.raises(MirrorDiffersError, match="no list"):
        copy.mirror().verify()


def test_a_folder_that_holds_another_graph_is_refused(world, source, tmp_path):
    copy = Copy(source, world.settings.state_dir)
    with pytest.raises(MirrorError, match="no mirror"):
        copy.sync()


def test_a_folder_with_other_files_is_refused_and_left_as_it_is(source, tmp_path):
    (tmp_path / "hello.txt").write_text("x")
    with pytest.raises(MirrorError, match="other files"):
        Copy(source, tmp_path).sync()
    assert [path.name for path in tmp_path.iterdir() if path.suffix] == ["hello.txt"]


def test_two_mirrors_do_not_share_a_folder(copy):
    with copy.generations.writer(), pytest.raises(StateLockedError, match="Another process"):
        Copy(copy.source, copy.folder).sync()


@pytest.mark.parametrize(
    "iri",
    ["http://localhost/feed/../pages/1", "http://localhost/feed/x/pages/..%2f1", "http://localhost/feed/a/b/pages/1"],
)
def test_a_link_that_leads_out_of_the_folder_is_refused(copy, iri):
    with pytest.raises(MirrorError, match="no p"):
        copy.mirror()._page_path(iri)


def test_a_copy_that_the_disk_has_damaged_is_told_and_made_anew(world, copy):
    world.add(line("a", "1"))
    copy.sync()
    for path in sorted((copy.folder / "generations").glob("*/store/*.sst")):
        content = bytearray(path.read_bytes())
        content[len(content) // 3 : len(content) // 3 + 8] = b"damaged!"
        path.write_bytes(content)
    with pytest.raises(MirrorDiffersError, match="damaged"):
        copy.mirror().verify()
    world.add(line("b", "2"))
    copy.sync()
    found = copy.mirror().verify()
    assert found.dataset == found.promised == found.mark.dataset
