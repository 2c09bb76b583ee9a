"""Guards what harvesters rely on: whatever changes while they harvest, who comes again from their first answer has everything."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesting.repository import OAI, World, code_of, headers_of, identifiers_of, token_of

NAMES = [f"oai:x.org:{letter}" for letter in "abcdefg"]
CHANGES = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(["put", "put", "remove"])), min_size=0, max_size=3)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["change", "page", "harvest", "lose-state"]),
        CHANGES,
        st.integers(-2, 3),  # seconds that go by; the clock may be put back
        st.integers(0, 5),  # seconds from building to publishing
    ),
    max_size=14,
)


class Harvester:
    """Keeps what it was given, as a harvester does; each harvest but the first is from the first answer of the one before."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.held: dict[str, str] = {}
        self.since: str | None = None
        self.first: str | None = None
        self.token: str | None = None

    def page(self) -> None:
        """Ask for the first or the next page."""
        if self.token:
            answered = self.world.ask("ListRecords", resumptionToken=self.token)
        else:
            arguments = {"since": self.since} if self.since else {}
            answered = self.world.ask("ListRecords", metadataPrefix="oai_dc", **arguments)
            self.first = answered.findtext(f"{OAI}responseDate")
        assert code_of(answered) in (None, "noRecordsMatch")
        for record in answered.iter(f"{OAI}record"):
            identifier = record.findtext(f"{OAI}header/{OAI}identifier")
            if record.find(f"{OAI}header").get("status") == "deleted":
                assert record.find(f"{OAI}metadata") is None
                self.held.pop(identifier, None)
            else:
                self.held[identifier] = record.find(f"{OAI}metadata")[0].text
        token = token_of(answered)
        self.token = None if token is None else token.text
        if not self.token:
            self.since = self.first

    def harvest(self) -> None:
        """Ask until the list is at its end."""
        self.page()
        while self.token:
            self.page()


def play(folder: Path, steps) -> tuple[World, Harvester]:
    world = World(folder)
    for name in NAMES[:5]:
        world.put(name, "first")
    world.publish()
    harvester = Harvester(world)
    for number, (step, changes, seconds, ago) in enumerate(steps):
        world.now += timedelta(seconds=seconds)
        if step == "page":
            harvester.page()
        elif step == "harvest":
            harvester.harvest()
        elif step == "lose-state":
            world.forget_index()
        elif step == "change":
            for name, kind in changes:
                if kind == "put":
                    world.put(name, f"text {number}")
                else:
                    world.content.pop(("oai_dc", name), None)
            world.publish(seconds_ago=ago)
    return world, harvester


@settings(max_examples=50, deadline=None)
@given(STEPS)
def test_who_harvests_again_from_their_first_answer_has_exactly_what_there_is(tmp_path_factory, steps):
    with tempfile.TemporaryDirectory(dir=tmp_path_factory.getbasetemp()) as folder:
        world, harvester = play(Path(folder), steps)
        harvester.harvest()
        harvester.harvest()
        assert harvester.held == {name: text for (_, name), text in world.content.items()}


@settings(max_examples=10, deadline=None)
@given(STEPS)
def test_datestamps_only_grow_and_earliest_stays(tmp_path_factory, steps):
    with tempfile.TemporaryDirectory(dir=tmp_path_factory.getbasetemp()) as folder:
        world, _ = play(Path(folder), [])
        earliest = world.ask("Identify").findtext(f"{OAI}Identify/{OAI}earliestDatestamp")
        before: dict[str, str] = {}
        for number, (_, changes, seconds, ago) in enumerate(steps):
            world.now += timedelta(seconds=seconds)
            for name, _ in changes:
                world.put(name, f"text {number}")
            world.publish(seconds_ago=ago)
            answered = world.ask("ListRecords", metadataPrefix="oai_dc")
            while True:
                for name, datestamp, _ in headers_of(answered):
                    assert datestamp >= max(before.get(name, ""), earliest)
                    before[name] = datestamp
                token = token_of(answered)
                if token is None or not token.text:
                    break
                answered = world.ask("ListRecords", resumptionToken=token.text)
        assert world.ask("Identify").findtext(f"{OAI}Identify/{OAI}earliestDatestamp") == earliest


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    for name in NAMES[:5]:
        made.put(name, "first")
    made.publish()
    return made


def test_a_token_is_good_in_a_later_generation(world):
    first = world.ask("ListRecords", metadataPrefix="oai_dc")
    world.now += timedelta(seconds=5)
    world.put(NAMES[3], "second")
    world.publish()
    world.forget_index()
    given = identifiers_of(first)
    answered = first
    while (token := token_of(answered)) is not None and token.text:
        answered = world.ask("ListRecords", resumptionToken=token.text)
        given += identifiers_of(answered)
    assert given == [NAMES[0], NAMES[1], NAMES[2], NAMES[4], NAMES[3]], "what changed comes last, nothing twice"


def test_what_is_built_before_an_answer_and_published_after_is_dated_after_it(world):
    world.now += timedelta(seconds=60)
    answered = world.ask("ListIdentifiers", metadataPrefix="oai_dc").findtext(f"{OAI}responseDate")
    world.put(NAMES[0], "second")
    world.now += timedelta(seconds=1)
    world.publish(seconds_ago=30)
    found = world.ask("ListIdentifiers", metadataPrefix="oai_dc", since=answered)
    assert identifiers_of(found) == [NAMES[0]]


def test_a_datestamp_is_the_time_of_publication(world):
    world.ask("Identify")
    world.now += timedelta(days=1)
    world.put(NAMES[0], "second")
    world.publish()
    world.now += timedelta(days=1)
    found = world.ask("GetRecord", metadataPrefix="oai_dc", identifier=NAMES[0])
    assert headers_of(found) == [(NAMES[0], "2031-04-02T12:00:00Z", False)]


def test_the_same_records_in_another_generation_keep_their_datestamps(world):
    before = headers_of(world.ask("ListIdentifiers", metadataPrefix="oai_dc"))
    world.now += timedelta(days=1)
    world.publish()
    assert headers_of(world.ask("ListIdentifiers", metadataPrefix="oai_dc")) == before


def test_what_is_gone_is_a_deleted_record_and_may_come_back(world):
    world.ask("Identify")
    world.now += timedelta(seconds=10)
    del world.content["oai_dc", NAMES[1]]
    world.publish()
    gone = world.ask("GetRecord", metadataPrefix="oai_dc", identifier=NAMES[1])
    assert headers_of(gone) == [(NAMES[1], "2031-04-01T12:00:10Z", True)]
    assert gone.find(f".//{OAI}metadata") is None
    in_set = world.ask("ListIdentifiers", metadataPrefix="oai_dc", set="group:g", since="2031-04-01T12:00:10Z")
    assert headers_of(in_set) == [(NAMES[1], "2031-04-01T12:00:10Z", True)], "its sets are told of it too"
    world.now += timedelta(seconds=10)
    world.put(NAMES[1], "again")
    world.publish()
    back = world.ask("GetRecord", metadataPrefix="oai_dc", identifier=NAMES[1])
    assert headers_of(back) == [(NAMES[1], "2031-04-01T12:00:20Z", False)]


def test_a_record_that_changes_its_sets_is_a_changed_record(world):
    world.ask("Identify")
    world.now += timedelta(seconds=10)
    world.put(NAMES[1], "first", sets=("group:h",))
    world.publish()
    found = world.ask("ListIdentifiers", metadataPrefix="oai_dc", since="2031-04-01T12:00:10Z")
    assert identifiers_of(found) == [NAMES[1]]
    assert NAMES[1] not in identifiers_of(world.ask("ListIdentifiers", metadataPrefix="oai_dc", set="group:g"))


def test_a_list_whose_rest_has_moved_out_of_its_time_is_begun_again(world):
    first = world.ask("ListIdentifiers", metadataPrefix="oai_dc", until="2031-04-01T12:00:00Z")
    world.now += timedelta(seconds=10)
    for name in NAMES[2:5]:
        world.put(name, "second")
    world.publish()
    token = token_of(first).text
    assert code_of(world.ask("ListIdentifiers", resumptionToken=token)) == "badResumptionToken"


def test_an_index_is_made_once_a_generation(world):
    for _ in range(3):
        world.ask("Identify")
    assert world.made == 1
    world.publish()
    world.ask("Identify")
    assert world.made == 2
