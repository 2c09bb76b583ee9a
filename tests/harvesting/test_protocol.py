"""Guards the protocol itself: arguments, error codes, tokens, headers; the numbers are sections of OAI-PMH 2.0."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvesting.repository import OAI, World, code_of, headers_of, identifiers_of, token_of
from qit4n_kg.errors import ConfigurationError, HarvestError, QueueFullError, StateError, StateFullError
from qit4n_kg.harvesting import answers
from qit4n_kg.harvesting.register import FOLDER, Register
from qit4n_kg.harvesting.requests import VERBS, read_request
from qit4n_kg.harvesting.resumption import Position, read_token, write_token

NAMES = [f"oai:x.org:{letter}" for letter in "abcde"]
LIST = {"verb": "ListRecords", "metadataPrefix": "oai_dc"}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("world"))
    for name in NAMES:
        made.put(name, "text")
    made.put(NAMES[0], "other", prefix="relaton")
    made.publish()
    made.ask("Identify")
    made.now += timedelta(seconds=10)
    del made.content["oai_dc", NAMES[4]]
    made.publish()
    return made


@pytest.fixture
def empty(tmp_path):
    return World(tmp_path)


@pytest.mark.parametrize(
    ("pairs", "code"),
    [
        ([], "badVerb"),
        ([("verb", "")], "badVerb"),
        ([("verb", "listrecords")], "badVerb"),
        ([("verb", "Identify"), ("verb", "Identify")], "badVerb"),
        ([("verb", "Identify"), ("metadataPrefix", "oai_dc")], "badArgument"),
        ([("verb", "GetRecord"), ("metadataPrefix", "oai_dc")], "badArgument"),
        ([("verb", "GetRecord"), ("identifier", NAMES[0])], "badArgument"),
        ([("verb", "GetRecord"), ("identifier", "\x00"), ("metadataPrefix", "oai_dc")], "badArgument"),
        ([("verb", "GetRecord"), ("identifier", ""), ("metadataPrefix", "oai_dc")], "badArgument"),
        ([("verb", "GetRecord"), ("identifier", "oai:x.org:zz"), ("metadataPrefix", "oai_dc")], "idDoesNotExist"),
        ([("verb", "GetRecord"), ("identifier", NAMES[0]), ("metadataPrefix", "marc21")], "cannotDisseminateFormat"),
        ([("verb", "GetRecord"), ("identifier", NAMES[1]), ("metadataPrefix", "relaton")], "cannotDisseminateFormat"),
        ([("verb", "ListMetadataFormats"), ("identifier", "oai:x.org:zz")], "idDoesNotExist"),
        ([("verb", "ListMetadataFormats"), ("identifier", NAMES[4])], "noMetadataFormats"),
        ([("verb", "ListRecords")], "badArgument"),
        ([*LIST.items(), ("report", "loss")], "badArgument"),
        ([*LIST.items(), ("metadataPrefix", "oai_dc")], "badArgument"),
        ([*LIST.items(), ("set", "a b")], "badArgument"),
        ([*LIST.items(), ("set", "group:nobody")], "noRecordsMatch"),
        ([*LIST.items(), ("from", "2031")], "badArgument"),
        ([*LIST.items(), ("from", "2031-02-30")], "badArgument"),
        ([*LIST.items(), ("from", "2031-04-01T12:00Z")], "badArgument"),
        ([*LIST.items(), ("from", "2031-04-01T12:00:00")], "badArgument"),
        ([*LIST.items(), ("from", "2031-04-01T12:00:00+01:00")], "badArgument"),
        ([*LIST.items(), ("from", "2031-04-01"), ("until", "2031-04-01T12:00:00Z")], "badArgument"),
        ([*LIST.items(), ("from", "2031-04-02"), ("until", "2031-04-01")], "badArgument"),
        ([*LIST.items(), ("from", "2041-04-01")], "noRecordsMatch"),
        ([*LIST.items(), ("until", "2021-04-01")], "noRecordsMatch"),
        ([("verb", "ListRecords"), ("metadataPrefix", "marc21")], "cannotDisseminateFormat"),
        ([("verb", "ListRecords"), ("metadataPrefix", "a b")], "badArgument"),
        ([("verb", "ListRecords"), ("metadataPrefix", "oai_dc"), ("resumptionToken", "x")], "badArgument"),
        ([("verb", "ListRecords"), ("resumptionToken", "x")], "badResumptionToken"),
        ([("verb", "ListRecords"), ("resumptionToken", "é" * 9)], "badResumptionToken"),
        ([("verb", "ListRecords"), ("resumptionToken", "\x00")], "badArgument"),
        ([("verb", "ListSets"), ("resumptionToken", "x")], "badResumptionToken"),
        ([("verb", "ListSets"), ("set", "group")], "badArgument"),
    ],
)
def test_what_is_wrong_has_its_code(world, pairs, code):  # 3.6
    answered = world.ask_pairs(pairs)
    assert code_of(answered) == code
    shown = dict(answered.find(f"{OAI}request").attrib)
    assert shown == ({} if code in ("badVerb", "badArgument") else dict(pairs))  # 3.2


@pytest.mark.parametrize("identifier", ["nosuch", "no uri", '<script>"&', "oai:x.org:a ", "%%", "é"])
@pytest.mark.parametrize("verb", ["GetRecord", "ListMetadataFormats"])
def test_an_identifier_that_is_illegal_here_does_not_exist(world, verb, identifier):  # 3.6
    arguments = {"metadataPrefix": "oai_dc"} if verb == "GetRecord" else {}
    answered = world.ask(verb, identifier=identifier, **arguments)
    assert code_of(answered) == "idDoesNotExist"
    assert dict(answered.find(f"{OAI}request").attrib) == {"verb": verb, **arguments}, "its schema wants a URI"


@pytest.mark.parametrize("verb", ["ListSets", "ListRecords"])
def test_without_records_there_is_no_set_hierarchy(empty, verb):  # 4.6
    arguments = {"metadataPrefix": "oai_dc", "set": "group"} if verb == "ListRecords" else {}
    assert code_of(empty.ask(verb, **arguments)) == "noSetHierarchy"
    assert code_of(empty.ask("ListRecords", metadataPrefix="oai_dc")) == "noRecordsMatch"
    assert code_of(empty.ask("Identify")) is None


def test_a_day_is_all_of_it(world):  # 2.7.1
    for day in ("2031-04-01", "2031-04-01T12:00:10Z"):
        found = world.ask("ListIdentifiers", metadataPrefix="oai_dc", until=day)
        assert len(headers_of(found)) == 2
        assert token_of(found).get("completeListSize") == "5"
    late = world.ask(
        "ListIdentifiers", metadataPrefix="oai_dc", since="2031-04-01T12:00:01Z", until="2031-04-01T12:00:10Z"
    )
    assert headers_of(late) == [(NAMES[4], "2031-04-01T12:00:10Z", True)]


def test_a_set_holds_what_is_in_the_sets_below_it(world):  # 2.6
    whole = world.ask("ListIdentifiers", metadataPrefix="relaton", set="group")
    assert identifiers_of(whole) == [NAMES[0]]
    names = [one.text for one in world.ask("ListSets").iter(f"{OAI}setSpec")]
    assert names == ["group", "group:g"]


def test_pages_say_where_they_stand(world):  # 3.5.1
    seen, token = [], None
    while True:
        asked = {"resumptionToken": token} if token else {"metadataPrefix": "oai_dc"}
        answered = world.ask("ListIdentifiers", **asked)
        element = token_of(answered)
        seen.append((element.get("cursor"), element.get("completeListSize"), element.get("expirationDate")))
        token = element.text
        if not token:
            break
    assert seen == [("0", "5", "2031-04-02T12:00:10Z"), ("2", "5", "2031-04-02T12:00:10Z"), ("4", "5", None)]


def test_a_list_of_one_page_has_no_token(world):
    assert token_of(world.ask("ListIdentifiers", metadataPrefix="relaton")) is None


def test_sets_come_in_pages_too(world):
    small = replace(world.repository, page=1)
    before, world.repository = world.repository, small
    try:
        first = world.ask("ListSets")
        token = token_of(first)
        assert (token.get("cursor"), token.get("completeListSize")) == ("0", "2")
        second = world.ask("ListSets", resumptionToken=token.text)
        assert [one.text for one in second.iter(f"{OAI}setSpec")] == ["group:g"]
        assert not token_of(second).text
    finally:
        world.repository = before


def test_a_page_ends_early_when_its_records_are_large(world, monkeypatch):
    monkeypatch.setattr(answers, "PAGE_BYTES", 1)
    found = world.ask("ListRecords", metadataPrefix="oai_dc")
    assert len(identifiers_of(found)) == 1
    assert token_of(found).text


def test_a_token_is_of_its_verb(world):
    token = token_of(world.ask("ListIdentifiers", metadataPrefix="oai_dc")).text
    assert code_of(world.ask("ListRecords", resumptionToken=token)) == "badResumptionToken"


def test_a_token_expires(world):
    token = token_of(world.ask("ListIdentifiers", metadataPrefix="oai_dc")).text
    before, world.now = world.now, world.now + timedelta(hours=25)
    try:
        assert code_of(world.ask("ListIdentifiers", resumptionToken=token)) == "badResumptionToken"
    finally:
        world.now = before


def test_without_an_email_identify_names_none_and_says_so(world):
    before, world.repository = world.repository, replace(world.repository, email="")
    try:
        answered = world.ask("Identify")
    finally:
        world.repository = before
    assert answered.find(f".//{OAI}adminEmail") is None
    assert "QIT4N_OAI_EMAIL" in "".join(str(one) for one in answered.iter() if not isinstance(one.tag, str))


POSITION = Position(
    "ListRecords", "oai_dc", "group:g", "", "9999-12-31T23:59:59Z", "2031-04-01T12:00:00Z", "oai:é", 2, 5, "2032"
)


@given(st.data())
def test_an_altered_token_is_refused(data):
    token = write_token(POSITION, "secret")
    assert read_token(token, "ListRecords", "secret", "2031") == POSITION
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from("ABCxyz019-_").filter(lambda letter: letter != token[at]))
    altered = data.draw(st.sampled_from([token[:at] + other + token[at + 1 :], token[:at], token + other]))
    with suppress(HarvestError):
        assert read_token(altered, "ListRecords", "secret", "2031") == POSITION, (
            "bits that base64 leaves unused may differ"
        )


def test_a_token_of_another_repository_is_refused():
    with pytest.raises(HarvestError):
        read_token(write_token(POSITION, "other"), "ListRecords", "secret", "2031")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.one_of(
                st.sampled_from(["verb", "metadataPrefix", "from", "until", "set", "identifier", "resumptionToken"]),
                st.text(),
            ),
            st.one_of(st.sampled_from([*VERBS, "oai_dc", "2031-04-01", "group", NAMES[0]]), st.text()),
        ),
        max_size=6,
    )
)
def test_any_request_is_understood_or_refused(pairs):
    with suppress(HarvestError):
        request = read_request(pairs)
        assert dict(pairs) == {"verb": request.verb, **request.arguments}


# --- the register ---------------------------------------------------------------------------------------------------------


def test_the_register_holds_no_text_and_is_for_its_owner_only(tmp_path):
    world = World(tmp_path)
    world.put(NAMES[0], "Ada Lovelace")
    world.publish()
    world.ask("Identify")
    for path in (world.settings.journal_dir / FOLDER).iterdir():
        assert b"Ada" not in path.read_bytes()
        assert path.stat().st_mode & 0o077 == 0


def test_a_damaged_register_is_told_and_not_replaced(tmp_path):
    world = World(tmp_path)
    world.put(NAMES[0], "x")
    world.publish()
    world.ask("Identify")
    path = world.settings.journal_dir / FOLDER / "register.jsonl"
    whole = path.read_bytes()
    world.put(NAMES[0], "y")
    world.publish()
    for damaged in (whole.replace(b"2031-04-01T12:00:00Z", b"2031-04-01T12:00:01Z"), whole[:-9], b"", whole[9:]):
        path.write_bytes(damaged)
        with pytest.raises(StateError, match="damaged"):
            world.ask("Identify")
        assert path.read_bytes() == damaged


def test_a_register_of_another_dataset_is_refused(tmp_path):
    world = World(tmp_path)
    world.ask("Identify")
    with pytest.raises(ConfigurationError, match="QIT4N_JOURNAL_DIR"):
        Register.read(world.settings.journal_dir / FOLDER, "https://example.org/")


def test_while_another_worker_makes_the_index_who_waits_too_long_is_told_to_come_again(tmp_path):
    import fcntl

    world = World(tmp_path, wait=0.1)
    world.ask("Identify")
    world.publish()
    with (world.settings.journal_dir / FOLDER / "making").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(QueueFullError):
            world.ask("Identify")
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with suppress(QueueFullError):
            assert code_of(world.ask("Identify")) is None
            break
    assert world.made == 2, "it was made meanwhile, once"


def test_what_goes_wrong_while_an_index_is_made_is_told_to_all_and_tried_again(tmp_path, monkeypatch):
    world = World(tmp_path)
    right = world.keeper._run
    monkeypatch.setattr(world.keeper, "_run", lambda *_: (_ for _ in ()).throw(StateFullError("No room.")))
    with pytest.raises(StateFullError):
        world.ask("Identify")
    monkeypatch.setattr(world.keeper, "_run", right)
    assert code_of(world.ask("Identify")) is None
