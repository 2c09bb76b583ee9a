"""Redaction: after it no byte of a person's name is left where this instance keeps data, what stays is named, the rest stays."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.conftest import Quiet

from qit4n_kg.building import build
from qit4n_kg.cli import main
from qit4n_kg.errors import ParameterError, UnknownEntityError
from qit4n_kg.exports.keeping import KeptExports
from qit4n_kg.exports.registry import read_registry
from qit4n_kg.feed.ledger import open_ledger
from qit4n_kg.harvesting.answers import Repository, answer
from qit4n_kg.harvesting.keeping import HarvestKeeper
from qit4n_kg.redacting import carrying
from qit4n_kg.redacting.carrying import Person, redact_person, survey
from qit4n_kg.store.generations import Generations

ID = "https://w3id.org/qit4n/id/"
NAME = "Qwertz Uiopue"
PERSON = (
    f'<person/q-u> a stdorg:Person ; rdfs:label "{NAME}" ; foaf:givenName "Qwertz" ; foaf:familyName "Uiopue" ; '
    "foaf:mbox <mailto:qwertz@uiopue.example> ; foaf:homepage <https://uiopue.example/> ."
)
ROLE = (
    f'<fg-qit4n/wg2/role/chair/q-u> a stdorg:RoleHeld ; rdfs:label "{NAME}, chair of WG2"@en ; stdorg:agent <person/q-u> ; '
    f'stdorg:role <concept/role/chair> ; stdorg:in <fg-qit4n/wg2> ; stdorg:nameAsStated "{NAME}" ; '
    'stdorg:attestedAt "2021-10"^^xsd:gYearMonth .'
)


def holding(folder, words):
    """The files in which words stand, however their letters are."""
    files = (path for path in Path(folder).rglob("*") if path.is_file())
    return [path for path in files if words.lower().encode() in path.read_bytes().lower()]


def told_by_the_feed(settings, words):
    with open_ledger(settings.feed_folder) as ledger:
        entries = [entry for page in ledger.pages() for entry in ledger.entries(page.number)]
        return [one for one in entries if words.encode() in getattr(one, "lines", b"")]


def redact(world, iri, *also, **options):
    return redact_person(world.settings, Person(f"{ID}{iri}", also, **options), "root", f"{NAME} asked", Quiet())


def test_no_text_of_a_person_is_left(world):
    evidence = [f"Known to {NAME}", "https://uiopue.example/", "Mail to qwertz@uiopue.example"]
    first = world.submit(PERSON, message=f"Add UIOPUE, {NAME.split(maxsplit=1)[0]}", evidence=evidence).contribution
    world.accept(first, note=f"{NAME} was there")
    world.accept(world.submit(ROLE).contribution)
    about = world.submit('<fg-qit4n/wg1> rdfs:comment "Led by uiopue qwertz, they say"@en .').contribution
    world.accept(about)
    assert told_by_the_feed(world.settings, NAME)
    with open_ledger(world.settings.feed_folder) as ledger:
        epoch = ledger.epoch
    done = redact(world, "person/q-u")
    assert set(done.things) == {f"{ID}person/q-u", f"{ID}fg-qit4n/wg2/role/chair/q-u"}
    assert len(done.kept) == 6  # three entries and three contributions
    gone = {line.split()[0] for line in done.links}
    assert gone == {"<mailto:qwertz@uiopue.example>", "<https://uiopue.example/>"}
    assert (done.remains.texts, done.remains.iris, done.remains.files) == ((), (), ())
    for words in ("Qwertz", "Uiopue"):
        assert holding(world.settings.journal_dir, words) == []
        assert holding(world.settings.state_dir, words) == []
    assert not told_by_the_feed(world.settings, NAME)
    with open_ledger(world.settings.feed_folder) as ledger:
        assert ledger.epoch != epoch
    assert [path.name for path in world.settings.feed_folder.glob("*.sqlite*")] == [ledger.path.name]
    assert [generation.number for generation in Generations(world.settings.state_dir).all_kept()] == [done.generation]
    assert world.ask('<person/q-u> a stdorg:Person ; rdfs:label "(redacted)" ; stdorg:chairs <fg-qit4n/wg2>')
    assert world.ask('<fg-qit4n/wg1> rdfs:comment "Led by (redacted), they say"@en')
    kept = world.desk.register.get(first.id)
    assert (kept.message, kept.evidence) == (
        "Add (redacted)",
        ("Known to (redacted)", "(redacted)", "Mail to (redacted)"),
    )
    assert not build(world.settings, Quiet()).is_new
    world.accept(world.submit('<person/next> a stdorg:Person ; rdfs:label "Next" .').contribution)
    assert world.ask('<person/q-u> rdfs:label "(redacted)"')


def test_a_single_name_is_told_where_it_is_and_goes_when_it_is_named(world):
    sent = world.submit(PERSON, message="Uiopue is new here").contribution
    world.accept(sent, note="Uiopues are welcome, and Uiopue most")
    person = Person(f"{ID}person/q-u")
    found = survey(world.settings, person, Quiet())
    assert f"contribution {sent.id}, message: Uiopue is new here" in found.remains.texts
    assert f"contribution {sent.id}, accepted by ben: …iopues are welcome, and Uiopue most" in found.remains.texts
    world.settings = replace(world.settings, gate=False)
    redact(world, "person/q-u", "Uiopue")
    assert world.desk.register.get(sent.id).message == "(redacted) is new here"
    notes = {event.note for event in world.desk.register.get(sent.id).events}
    assert "Uiopues are welcome, and (redacted) most" in notes


def test_what_a_file_holds_is_read_as_if_it_did_not_and_goes_from_what_was_made_for_others(world):
    world.settings = replace(world.settings, gate=False)
    done = redact(world, "person/hao-qin")
    assert set(done.remains.files) >= {"data/reference/people.ttl", "data/registry/open-questions.ttl"}
    assert f"{ID}person/hao-qin" in done.remains.iris
    assert not world.select('?s ?p ?o FILTER(CONTAINS(STR(?o), "Hao Qin") || CONTAINS(STR(?o), "HAO"))')
    assert not world.select('GRAPH ?g { ?s ?p ?o FILTER(CONTAINS(STR(?o), "Hao Qin")) }')
    assert world.ask('?question stdorg:question "Is (redacted) the officer for SC 27 as a whole or for its WG3?"@en')
    assert b"Hao Qin" not in (world.settings.journal_dir / "redactions.json").read_bytes()
    assert holding(world.settings.state_dir, "Hao Qin") == []
    keeper = HarvestKeeper(world.settings, lambda: world.graph.current().generation)
    wanted = read_registry(world.settings.sources / "queries/exports").find("relaton.xml")
    KeptExports(world.settings).open(world.graph.current().generation, wanted).close()
    before = record(keeper)
    assert "Minghan Li" in before
    made = [world.settings.state_dir / name for name in ("exports", "oai")]
    assert all(holding(folder, "Minghan Li") for folder in made)
    assert holding(world.settings.journal_dir / "oai-pmh", "Minghan") == []
    again = redact(world, "person/minghan-li")
    assert f"{ID}person/hao-qin" in json.loads((world.settings.journal_dir / "redactions.json").read_text())
    assert again.others == ()
    assert world.ask('?question stdorg:question "Is (redacted) the officer for SC 27 as a whole or for its WG3?"@en')
    assert not any(holding(folder, "Minghan Li") for folder in made)
    after = record(keeper)
    assert "Minghan Li" not in after
    assert "(redacted)" in after
    assert datestamp(after) > datestamp(before)


def test_a_survey_changes_nothing(still_world):
    before = {path: path.read_bytes() for path in still_world.settings.state_dir.rglob("*") if path.is_file()}
    found = survey(still_world.settings, Person(f"{ID}person/hao-qin"), Quiet())
    assert found.texts > 0
    assert any("question" in line for line in found.others)
    assert {path: path.read_bytes() for path in still_world.settings.state_dir.rglob("*") if path.is_file()} == before
    assert not (still_world.settings.journal_dir / "redactions.json").exists()


def test_an_unknown_person_is_not_redacted(still_world):
    with pytest.raises(UnknownEntityError):
        redact(still_world, "person/nobody")


def test_what_is_no_person_is_redacted_only_when_forced(still_world):
    with pytest.raises(ParameterError, match="is no person") as raised:
        redact(still_world, "fg-qit4n/meeting/1")
    assert "--force" in raised.value.hint
    forced = survey(still_world.settings, Person(f"{ID}fg-qit4n/meeting/1", anything=True), Quiet())
    assert forced.things == (f"{ID}fg-qit4n/meeting/1",)


@pytest.mark.parametrize(("options", "status"), [(["--dry-run"], 0), ([], 1)])
def test_the_command_shows_first_and_does_nothing_unless_told(still_world, monkeypatch, options, status):
    monkeypatch.setattr(carrying, "redact_person", lambda *_: pytest.fail("It was done."))
    monkeypatch.setenv("QIT4N_JOURNAL_DIR", str(still_world.settings.journal_dir))
    command = ["redact", f"{ID}person/hao-qin", "--by", "root", "--reason", "x", *options]
    done = CliRunner().invoke(main, [*command, "--state-dir", str(still_world.settings.state_dir)])
    assert done.exit_code == status
    assert "Would redact" in done.output
    assert "person/hao-qin" in done.output
    assert ("Give --yes" in done.output) == bool(status)


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
