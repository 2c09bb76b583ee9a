"""Guards the pages: what is written comes back quad for quad, in every format, and what is no page is refused."""

import pyoxigraph
import pytest
from pyoxigraph import RdfFormat

from feed.conftest import THING, line
from qit4n_kg.errors import MirrorError
from qit4n_kg.feed.reading import Change, Document, Mark
from qit4n_kg.feed.writing import PageWriter
from qit4n_kg.store.canonical import dataset_hash

BASE = "https://example.org/"


def document(quads):
    return Document(pyoxigraph.serialize(quads, format=RdfFormat.N_QUADS), "https://example.org/feed")


def held_in(ledger, form=RdfFormat.N_QUADS):
    """The quads that the pages amount to, read from one format of them."""
    writer = PageWriter(BASE, ledger.epoch, "https://example.org")
    held, marks = {}, []
    for page in ledger.pages():
        quads = list(writer.page(page.number, ledger.entries(page.number), is_closed=page.is_closed))
        text = pyoxigraph.serialize(quads, format=form)
        for entry in document(pyoxigraph.parse(text, format=form)).entries():
            if isinstance(entry, Mark):
                marks.append(entry)
            else:
                held[entry.thing] = entry.quads
    return [quad for quads in held.values() for quad in quads], marks


WRITES = (
    (line("a", "1"), line("a", "1", "g"), line("a", "2", "h"), line("b", "1", "a")),
    (
        line("a", 'a \\"b\\" \\\\ \\n> <x:g> .\\u0001\u202e'),
        f'_:x <{THING}says> "1" <{THING}g> .',
        f"<{THING}a> <{THING}knows> _:x .",
    ),
    (
        f'_:x <{THING}says> "2" _:g .',
        f'<{THING}c> <{THING}says> "x"@en .',
        f'<{THING}c> <{THING}says> "01"^^<http://www.w3.org/2001/XMLSchema#integer> .',
    ),
)


@pytest.mark.parametrize("form", [RdfFormat.N_QUADS, RdfFormat.TRIG, RdfFormat.JSON_LD])
def test_all_quads_with_their_graphs_come_back(world, form):
    for lines in WRITES:
        world.add(*lines)
        with world.ledger() as ledger:
            quads, marks = held_in(ledger, form)
        assert dataset_hash(quads) == marks[-1].dataset == world.current.manifest.dataset
        assert marks[-1].quads == len(set(quads)) == world.current.manifest.quads
        assert marks[-1].generation == world.current.number


def test_triple_terms_come_back(world):
    world.add(f'<{THING}a> <{THING}says> <<( <{THING}b> <{THING}says> "x" )>> .')
    with world.ledger() as ledger:
        quads, marks = held_in(ledger, RdfFormat.TRIG)
    assert dataset_hash(quads) == marks[-1].dataset == world.current.manifest.dataset


def test_the_statements_in_force_are_in_the_graph_that_has_the_version_s_name(world):
    world.add(line("a", "in force"), line("a", "elsewhere", "g"))
    with world.ledger() as ledger:
        (version,) = (one for one in ledger.entries(1) if getattr(one, "subject", "") == f"<{THING}a>")
        quads = list(PageWriter(BASE, ledger.epoch, "https://example.org").page(1, [version], is_closed=False))
    member = f"{BASE}feed/{ledger.epoch}/{version.number}"
    assert [q.object.value for q in quads if getattr(q.graph_name, "value", "") == member] == ["in force"]
    assert [q.object.value for q in quads if getattr(q.graph_name, "value", "") == f"{member}#1"] == ["elsewhere"]


def test_a_tombstone_says_that_it_is_one(world):
    world.add(line("a", "1"))
    world.change(retracts=line("a", "1"))
    with world.ledger() as ledger:
        quads = list(PageWriter(BASE, ledger.epoch, "https://example.org").page(1, ledger.entries(1), is_closed=False))
    gone = [entry for entry in document(quads).entries() if isinstance(entry, Change) and not entry.quads]
    assert [one.thing.value for one in gone] == [f"{THING}a"]
    types = [
        quad.object.value
        for quad in quads
        if quad.subject.value.endswith(f"/{gone[0].number}") and "type" in quad.predicate.value
    ]
    assert types == ["https://www.w3.org/ns/activitystreams#Delete"]


def test_the_root_leads_to_volumes_and_these_to_pages(world, monkeypatch):
    monkeypatch.setattr("qit4n_kg.feed.appending.PAGE_ENTRIES", 2)
    monkeypatch.setattr("qit4n_kg.feed.writing.VOLUME", 3)
    for number in range(8):
        world.add(line(str(number), "x"))
    with world.ledger() as ledger:
        writer = PageWriter(BASE, ledger.epoch, "https://example.org")
        pages = ledger.pages()
        root = document(writer.root(pages, ledger.tip())).root()
        assert [first for first, _ in root.volumes] == [pages[0].first, pages[3].first, pages[6].first]
        assert root.volumes[1][1] == f"https://example.org/feed/{ledger.epoch}/volumes/2"
        listing = document(writer.volume(2, pages[3:6], is_closed=True)).listing()
        assert listing.pages == tuple(
            (page.first, f"https://example.org/feed/{ledger.epoch}/pages/{page.number}") for page in pages[3:6]
        )
        assert listing.is_immutable
        assert not document(writer.volume(3, pages[6:], is_closed=False)).is_immutable
    assert root.current.dataset == world.current.manifest.dataset


@pytest.mark.parametrize("content", [b"<html>", b"<x:s> <x:p> <x:o> .\n", b""])
def test_what_is_no_feed_is_refused(content):
    with pytest.raises(MirrorError, match="is not a page of a change feed"):
        Document(content, "https://example.org/feed").root()


def test_a_page_that_contradicts_itself_is_refused(world):
    world.add(line("a", "1"))
    with world.ledger() as ledger:
        quads = list(PageWriter(BASE, ledger.epoch, "https://example.org").page(1, ledger.entries(1), is_closed=False))
    spoiled = [quad for quad in quads if "isVersionOf" not in quad.predicate.value]
    with pytest.raises(MirrorError, match="has 0 values of"):
        document(spoiled).entries()
    spoiled = [quad for quad in quads if quad.graph_name == pyoxigraph.DefaultGraph()]
    with pytest.raises(MirrorError, match="deleted and has statements, or neither"):
        document(spoiled).entries()


def test_the_first_version_of_the_dataset_is_created_and_later_ones_are_updates(world):
    world.add(line("a", "1"))
    with world.ledger() as ledger:
        quads = list(PageWriter(BASE, ledger.epoch, "https://example.org").page(1, ledger.entries(1), is_closed=False))
    datasets = {q.subject for q in quads if q.object.value == "http://www.w3.org/ns/dcat#Dataset"}
    kinds = [q.object.value.rpartition("#")[2] for q in quads if q.subject in datasets and "streams" in q.object.value]
    assert kinds == ["Create", "Update"]


def test_the_end_of_a_generation_tells_when_it_was_built_whatever_the_clock_did_since(world):
    world.add(line("a", "1"))
    world.add(line("a", "2"))
    with world.ledger() as ledger:
        (*_, last) = held_in(ledger)[1]
    assert last.built_at == world.current.manifest.built_at


@pytest.mark.parametrize("moment", ["yesterday", "2026-01-02", "2026-01-02T03:04:05"])
def test_a_generation_that_was_built_at_no_moment_is_refused(world, moment):
    with world.ledger() as ledger:
        text = pyoxigraph.serialize(
            PageWriter(BASE, ledger.epoch, "https://example.org").root(ledger.pages(), ledger.tip()),
            format=RdfFormat.N_QUADS,
        )
    spoiled = text.replace(world.current.manifest.built_at.encode(), moment.encode())
    with pytest.raises(MirrorError, match="at no moment"):
        Document(spoiled, "https://example.org/feed").root()
