"""Redaction: after it no byte of a person's texts is left where this instance keeps data, and the rest of the graph stays."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.conftest import Quiet

from qit4n_kg.building import build
from qit4n_kg.errors import UnknownEntityError
from qit4n_kg.exports.keeping import KeptExports
from qit4n_kg.exports.registry import read_registry
from qit4n_kg.feed.ledger import open_ledger
from qit4n_kg.harvesting.answers import Repository, answer
from qit4n_kg.harvesting.keeping import HarvestKeeper
from qit4n_kg.redacting import redact_person
from qit4n_kg.store.generations import Generations

ID = "https://w3id.org/qit4n/id/"
NAME = "Qwertz Uiopue"


def holding(folder, words):
    return [path for path in Path(folder).rglob("*") if path.is_file() and words.encode() in path.read_bytes()]


def told_by_the_feed(settings, words):
    with open_ledger(settings.feed_folder) as ledger:
        entries = [entry for page in ledger.pages() for entry in ledger.entries(page.number)]
        return [one for one in entries if words.encode() in getattr(one, "lines", b"")]


def test_no_text_of_a_person_is_left(world):
    person = f'<person/q-u> a stdorg:Person ; rdfs:label "{NAME}" .'
    first = world.submit(person, message=f"Add {NAME}", evidence=[f"Known to {NAME}"]).contribution
    world.accept(first, note=f"{NAME} was there")
    role = (
        f'<fg-qit4n/wg2/role/chair/q-u> a stdorg:RoleHeld ; rdfs:label "{NAME}, chair of WG2"@en ; stdorg:agent <person/q-u> ; '
        f'stdorg:role <concept/role/chair> ; stdorg:in <fg-qit4n/wg2> ; stdorg:nameAsStated "{NAME}" ; '
        'stdorg:attestedAt "2021-10"^^xsd:gYearMonth .'
    )
    world.accept(world.submit(role).contribution)
    assert holding(world.settings.journal_dir, NAME)
    assert told_by_the_feed(world.settings, NAME)
    with open_ledger(world.settings.feed_folder) as ledger:
        epoch = ledger.epoch
    done = redact_person(world.settings, f"{ID}person/q-u", "root", "They asked", Quiet())
    assert set(done.things) == {f"{ID}person/q-u", f"{ID}fg-qit4n/wg2/role/chair/q-u"}
    assert (done.entries, done.contributions, done.files) == (2, 2, ())
    assert holding(world.settings.journal_dir, NAME) == []
    assert holding(world.settings.state_dir, NAME) == []
    assert not told_by_the_feed(world.settings, NAME)
    with open_ledger(world.settings.feed_folder) as ledger:
        assert ledger.epoch != epoch
    assert [path.name for path in world.settings.feed_folder.glob("*.sqlite*")] == [ledger.path.name]
    assert [generation.number for generation in Generations(world.settings.state_dir).all_kept()] == [done.generation]
    assert world.ask('<person/q-u> a stdorg:Person ; rdfs:label "(redacted)" ; stdorg:chairs <fg-qit4n/wg2>')
    assert world.desk.register.get(first.id).message == "Add (redacted)"
    assert not build(world.settings, Quiet()).is_new
    world.accept(world.submit('<person/next> a stdorg:Person ; rdfs:label "Next" .').contribution)
    assert world.ask('<person/q-u> rdfs:label "(redacted)"')


def test_what_a_file_holds_is_read_as_if_it_did_not(world):
    settings = replace(world.settings, gate=False)
    done = redact_person(settings, f"{ID}person/qiang-zhang", "root", "They asked", Quiet())
    assert "data/reference/people.ttl" in done.files
    labels = [row[0].value for row in world.select("<person/qiang-zhang> rdfs:label ?label")]
    assert labels == ["(redacted)"]
    assert not world.ask('?role stdorg:agent <person/qiang-zhang> ; stdorg:nameAsStated "Qiang Zhang"')


def test_an_unknown_person_is_not_redacted(still_world):
    with pytest.raises(UnknownEntityError):
        redact_person(still_world.settings, f"{ID}person/nobody", "root", "x", Quiet())


def test_no_text_of_a_person_is_left_in_what_was_made_for_others(world):
    keeper = HarvestKeeper(world.settings, lambda: world.graph.current().generation)
    wanted = read_registry(world.settings.sources / "queries/exports").find("relaton.xml")
    KeptExports(world.settings).open(world.graph.current().generation, wanted).close()
    before = record(keeper)
    assert "Minghan Li" in before
    kept = [world.settings.state_dir / name for name in ("exports", "oai")]
    assert all(holding(folder, "Minghan Li") for folder in kept)
    assert holding(world.settings.journal_dir / "oai-pmh", "Minghan") == []
    redact_person(replace(world.settings, gate=False), f"{ID}person/minghan-li", "root", "They asked", Quiet())
    assert not any(holding(folder, "Minghan Li") for folder in kept)
    after = record(keeper)
    assert "Minghan Li" not in after
    assert "(redacted)" in after
    assert datestamp(after) > datestamp(before)


def record(keeper):
    """A record that names an editor, as a harvester is given it."""
    identifier = "oai:w3id.org:qit4n/id/fg-qit4n/deliverable/d1.1"
    asked = [("verb", "GetRecord"), ("identifier", identifier), ("metadataPrefix", "relaton")]
    with keeper.open() as harvest:
        return answer(
            asked, harvest, Repository("https://example.org/oai", "https://w3id.org/qit4n/", "", (), 9)
        ).decode()


def datestamp(text):
    return text.partition("<datestamp>")[2].partition("<")[0]
