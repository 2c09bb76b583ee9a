"""From submission to acceptance and back, on the shipped graph: what is added, taken away, overruled, moved, refused, replayed."""

import subprocess
import threading

import pytest

from contributions.conftest import PREFIXES
from qit4n_kg.checking import find_problems, read_hygiene_rules
from qit4n_kg.contributions.differences import differences
from qit4n_kg.contributions.model import Event, Kind, State
from qit4n_kg.contributions.reading import refuse_unknown
from qit4n_kg.contributions.register import now
from qit4n_kg.entities.retirement import read_retirement
from qit4n_kg.errors import (
    ChangeRefusedError,
    ForbiddenError,
    InvalidDataError,
    NotFoundError,
    ParameterError,
    PreconditionFailedError,
    ProposalError,
    SourceError,
    StateConflictError,
)
from qit4n_kg.namespaces import prefixes
from qit4n_kg.store.journal import Journal
from qit4n_kg.validation.files import validate_files

NEW_PERSON = '<person/new-one> a stdorg:Person ; rdfs:label "New One" .'
LABEL = '<person/qiang-zhang> rdfs:label "Qiang Zhang" .'


def test_an_accepted_contribution_is_in_force_in_a_graph_of_its_own(world):
    receipt = world.submit(NEW_PERSON, evidence=["https://example.org/minutes", "Said so"])
    assert receipt.is_new
    assert receipt.contribution.state is State.PENDING
    assert not world.ask("<person/new-one> ?p ?o")
    committed = world.accept(receipt.contribution, note="Seen in the minutes")
    kept = world.desk.register.get(receipt.contribution.id)
    assert (kept.state, kept.decision.actor, kept.decision.generation) == (State.ACCEPTED, "ben", committed.generation)
    assert world.ask("<person/new-one> a stdorg:Person, stdorg:Agent")  # what follows from it follows
    graph = f"<../graph/contribution/{kept.id}>"
    assert world.ask(f'GRAPH {graph} {{ <person/new-one> rdfs:label "New One" }}')
    assert world.ask(
        f"{graph} a stdorg:ContributionGraph ; prov:wasAttributedTo <account/ana> ; prov:wasDerivedFrom "
        f"<https://example.org/minutes> ; prov:wasGeneratedBy/prov:wasAssociatedWith <account/ben>"
    )


def test_a_statement_that_is_retracted_is_in_no_graph_in_force(world):
    receipt = world.submit(retracts=LABEL, adds='<person/qiang-zhang> rdfs:label "Q. Zhang" .')
    world.accept(receipt.contribution)
    assert not world.ask(LABEL.removesuffix(" ."))
    assert world.ask('<person/qiang-zhang> rdfs:label "Q. Zhang"')


def test_an_overruled_statement_is_kept_beside_its_passage_with_a_discrepancy(world):
    meeting = "<fg-qit4n/meeting/1>"
    (row,) = world.select(f"{meeting} stdorg:participants ?n")
    statement = f"{meeting} stdorg:participants {row[0].value} ."
    receipt = world.submit(
        f"{meeting} stdorg:participants 999 .",
        overrules=[{"statement": statement, "reason": "The attendance list says so."}],
    )
    world.accept(receipt.contribution)
    assert [found[0].value for found in world.select(f"{meeting} stdorg:participants ?n")] == ["999"]
    assert world.ask(
        f"?d a stdorg:Discrepancy ; stdorg:about {meeting} ; stdorg:onProperty stdorg:participants ; "
        f"stdorg:chosenGraph ?chosen ; stdorg:otherGraph ?other . ?other a stdorg:OverruledGraph ; dcterms:source ?document "
        f"GRAPH ?chosen {{ {meeting} stdorg:participants 999 }} GRAPH ?other {{ {meeting} stdorg:participants {row[0].value} }} "
        f"GRAPH ?passage {{ ?passage dcterms:source ?document }}"
    )


def test_a_discrepancy_follows_what_counts_after_its_choice_is_overruled_too_and_again_when_that_is_taken_back(world):
    meeting = "<fg-qit4n/meeting/4>"
    participants = f"{meeting} stdorg:participants"
    made = []
    for before, after in ((80, 50), (50, 40)):
        overruled = {"statement": f"{participants} {before} .", "reason": f"There were {after}"}
        made.append(world.submit(f"{participants} {after} .", overrules=[overruled]).contribution)
        world.accept(made[-1])
    about = f"?d stdorg:about {meeting} ; stdorg:onProperty stdorg:participants ; stdorg:chosenGraph ?g ."
    chosen = f"{about} GRAPH ?g {{ {participants} ?n }}"
    first, second = (f"{world.settings.base_iri}graph/contribution/{one.id}" for one in made)
    assert {(g.value, n.value) for _, g, n in world.select(chosen)} == {(second, "40")}
    assert len(world.select(chosen)) == 2
    world.accept(world.revert(made[1]).contribution)
    assert {(g.value, n.value) for _, g, n in world.select(chosen)} == {(first, "50")}
    rules = read_hygiene_rules(world.settings.sources / "queries" / "checks")
    assert [find_problems(world.graph.store, rule, {}) for rule in rules if "discrepancy" in rule.title.lower()] == [
        [],
        [],
    ]


def test_an_overruled_statement_without_another_value_is_refused(still_world):
    (row,) = still_world.select("<fg-qit4n/meeting/1> stdorg:participants ?n")
    statement = f"<fg-qit4n/meeting/1> stdorg:participants {row[0].value} ."
    with pytest.raises(ProposalError, match="Nothing is put in the place"):
        still_world.submit(overrules=[{"statement": statement, "reason": "No"}])


@pytest.mark.parametrize(
    ("reasons", "also", "said"),
    [
        (("a", "b"), {}, "overruled twice"),
        (("a",), {"retracts"}, "both overruled and retracted"),
        (("a",), {"adds"}, "both overruled and added"),
    ],
)
def test_an_overruled_statement_has_one_fate(still_world, reasons, also, said):
    (row,) = still_world.select("<fg-qit4n/meeting/1> stdorg:participants ?n")
    statement = f"<fg-qit4n/meeting/1> stdorg:participants {row[0].value} ."
    change = dict.fromkeys(also, statement)
    change["adds"] = change.get("adds", "") + "<fg-qit4n/meeting/1> stdorg:participants 999 ."
    with pytest.raises(ProposalError, match=said):
        still_world.submit(**change, overrules=[{"statement": statement, "reason": reason} for reason in reasons])


def test_what_a_reverted_contribution_did_is_undone_and_its_provenance_stays(world):
    first = world.submit(retracts=LABEL, adds='<person/qiang-zhang> rdfs:label "Q. Zhang" .').contribution
    world.accept(first)
    second = world.revert(first, actor="ben").contribution
    assert second.state is State.PENDING
    world.accept(second, actor="ana")
    assert world.ask(LABEL.removesuffix(" ."))
    assert not world.ask('<person/qiang-zhang> rdfs:label "Q. Zhang"')
    assert world.ask(f"<../graph/contribution/{first.id}> prov:wasAttributedTo <account/ana>")
    assert world.ask(f"<../graph/contribution/{second.id}> prov:wasRevisionOf <../graph/contribution/{first.id}>")


def test_a_merged_thing_leads_to_the_other_and_keeps_what_was_said_of_it_where_it_was_said(world):
    said = world.select("GRAPH ?g { <person/james-nagel> ?p ?o }")
    old, new = (f"https://w3id.org/qit4n/id/person/{name}" for name in ("james-nagel", "qiang-zhang"))
    merge = {"old": old, "new": new, "reason": "The same person"}
    receipt = world.submit(merges=[merge])
    world.accept(receipt.contribution)
    assert not world.ask('<person/qiang-zhang> <http://xmlns.com/foaf/0.1/familyName> "Nagel"')  # a person has one
    assert said
    assert world.ask('<person/qiang-zhang> skos:altLabel "James Nagel"')
    assert world.ask("<person/james-nagel> owl:deprecated true ; dcterms:isReplacedBy <person/qiang-zhang>")
    assert world.ask(
        "GRAPH <../graph/progress-report-2021-10/leadership/co-chairs> { ?r stdorg:agent <person/qiang-zhang> }"
    )
    assert not world.ask("?r stdorg:agent <person/james-nagel>")


def test_a_renamed_thing_is_found_under_its_new_identifier(world):
    names = {
        "old": "https://w3id.org/qit4n/id/organization/nict",
        "new": "https://w3id.org/qit4n/id/organization/nict-jp",
    }
    world.accept(world.submit(renames=[{**names, "reason": "Two of this name"}]).contribution)
    assert world.ask("<organization/nict-jp> a stdorg:Organization ; rdfs:label ?label")
    assert world.ask("<organization/nict> dcterms:isReplacedBy <organization/nict-jp>")
    assert not world.ask("?role stdorg:affiliation <organization/nict>")


@pytest.mark.parametrize(
    ("moves", "told"),
    [
        ({"renames": [("nict", "a"), ("nict", "b")]}, "nict> stands in two"),
        ({"renames": [("nict", "a"), ("a", "b")]}, "a> stands in two"),
        ({"renames": [("nict", "a")], "retires": [("nict", None)]}, "nict> stands in two"),
        ({"merges": [("nict", "nict")]}, "it would become what it is"),
    ],
)
def test_a_thing_is_moved_once_in_a_contribution(still_world, moves, told):
    base = "https://w3id.org/qit4n/id/organization/"
    given = {
        kind: [{"old": base + old, "reason": "Why not", **({"new": base + new} if new else {})} for old, new in pairs]
        for kind, pairs in moves.items()
    }
    with pytest.raises(ProposalError, match=told):
        still_world.submit(**given)


def test_a_thing_that_others_refer_to_is_not_retired(still_world):
    with pytest.raises(ProposalError, match="refer to"):
        still_world.submit(retires=[{"old": "https://w3id.org/qit4n/id/organization/nict", "reason": "Gone"}])


def test_a_retired_thing_is_deprecated_and_nothing_else_is_said_of_it(world):
    world.accept(world.submit(NEW_PERSON).contribution)
    world.accept(
        world.submit(retires=[{"old": "https://w3id.org/qit4n/id/person/new-one", "reason": "Never was"}]).contribution
    )
    assert world.ask('<person/new-one> owl:deprecated true ; stdorg:reason "Never was"@en')
    assert not world.ask("<person/new-one> a stdorg:Person")


def test_nobody_accepts_their_own(still_world):
    receipt = still_world.submit(NEW_PERSON)
    with pytest.raises(ForbiddenError, match="own"):
        still_world.accept(receipt.contribution, actor="ana")
    assert still_world.desk.register.get(receipt.contribution.id).state is State.PENDING


def test_what_changed_since_it_was_looked_at_is_a_conflict(world):
    first = world.submit(retracts=LABEL, adds='<person/qiang-zhang> rdfs:label "First" .').contribution
    second = world.submit(retracts=LABEL, adds='<person/qiang-zhang> rdfs:label "Second" .').contribution
    world.accept(first)
    with pytest.raises(PreconditionFailedError) as caught:
        world.accept(second)
    assert caught.value.conflicts == ('First, label: it was "Qiang Zhang" and is "First".',)
    with pytest.raises(PreconditionFailedError, match="since generation"):
        world.submit(retracts='<person/qiang-zhang> rdfs:label "First" .', adds=NEW_PERSON, generation=1)


def test_what_happened_to_it_since_the_reviewer_looked_is_a_conflict(world):
    contribution = world.submit(NEW_PERSON).contribution
    world.desk.register.add_event(contribution.id, Event(Kind.COMMENTED, "cleo", now(), "Is this so?"))
    with pytest.raises(PreconditionFailedError) as caught:
        world.accept(contribution, events=len(contribution.events))
    assert caught.value.conflicts == ("cleo: commented",)
    assert world.accept(contribution, events=len(contribution.events) + 1).generation == 2


def test_accepting_twice_changes_nothing(world):
    contribution = world.submit(NEW_PERSON).contribution
    first = world.accept(contribution)
    again = world.accept(contribution, actor="cleo")
    assert (again.generation, again.added) == (first.generation, 0)
    assert len(Journal.read(world.settings.journal_dir, world.settings.base_iri).entries) == 1
    assert world.desk.register.get(contribution.id).decision.actor == "ben"


def test_the_same_key_is_the_same_contribution(world):
    first = world.submit(NEW_PERSON, key="once")
    again = world.submit(NEW_PERSON, key="once")
    assert (again.is_new, again.contribution.id) == (False, first.contribution.id)
    assert world.submit(NEW_PERSON, key="once", actor="ben").is_new
    world.accept(first.contribution)
    assert world.submit(NEW_PERSON, key="once").contribution.state is State.ACCEPTED
    with pytest.raises(StateConflictError, match="key"):
        world.submit(NEW_PERSON.replace("New", "Other"), key="once")


def test_a_decided_contribution_is_not_decided_again(still_world):
    contribution = still_world.submit(NEW_PERSON).contribution
    register = still_world.desk.register
    register.add_event(
        contribution.id, Event(Kind.REJECTED, "ben", now(), "No"), lambda one: one.require_reviewer("ben")
    )
    with pytest.raises(StateConflictError, match="rejected"):
        still_world.accept(contribution)
    with pytest.raises(StateConflictError, match="rejected"):
        register.add_event(
            contribution.id, Event(Kind.WITHDRAWN, "ana", now()), lambda one: one.require_submitter("ana")
        )


def test_what_would_violate_the_shapes_is_not_taken(still_world):
    with pytest.raises(InvalidDataError) as caught:
        still_world.submit("<role/x> a stdorg:RoleHeld .")
    assert "stdorg:agent" in caught.value.report.to_text()
    assert "adds.ttl:8" in caught.value.report.to_text()


def test_what_would_violate_the_shapes_by_now_is_not_accepted(world):
    one = world.submit(
        '<fg-qit4n/meeting/1> stdorg:uniqueViewers 5 . <person/new-one> a stdorg:Person ; rdfs:label "A" .'
    )
    other = world.submit('<person/new-one> a stdorg:Person ; rdfs:label "B" .')
    world.accept(one.contribution)
    with pytest.raises(InvalidDataError):
        world.accept(other.contribution)
    assert world.desk.register.get(other.contribution.id).state is State.PENDING


@pytest.mark.parametrize(
    ("adds", "fields", "error", "words"),
    [
        (NEW_PERSON, {"licence": ""}, ParameterError, "licence"),
        (NEW_PERSON, {"message": " "}, ParameterError, "message"),
        (NEW_PERSON, {"generation": "x"}, ParameterError, "generation"),
        (NEW_PERSON, {"generation": 99}, NotFoundError, "99"),
        ("", {}, ProposalError, "nothing"),
        (LABEL, {}, ProposalError, "stated already"),
        ("[] a stdorg:Person .", {}, ProposalError, "blank"),
        ("<person/x> a stdorg:", {}, SourceError, "Turtle"),
        ("<../graph/a> a stdorg:OverruledGraph .", {}, ProposalError, "graphs"),
        ("<person/x> owl:deprecated true .", {}, ProposalError, "registry"),
        ("stdorg:Person rdfs:label 'x' .", {}, ProposalError, "terms"),
        ("", {"merges": [{"old": "x", "new": "y", "reason": "z"}]}, ParameterError, "an IRI"),
        (
            "",
            {"merges": [{"old": "http://x.org/", "new": "http://y.org/", "reason": "z"}]},
            ProposalError,
            "identifier",
        ),
        ("", {"merges": "x"}, ParameterError, "list"),
    ],
)
def test_what_can_not_be_taken_is_refused_in_one_sentence(still_world, adds, fields, error, words):
    before = len(still_world.desk.register.all())
    with pytest.raises(error, match=words):
        still_world.submit(adds, **fields)
    assert len(still_world.desk.register.all()) == before


def test_what_follows_by_a_rule_is_not_retracted(still_world):
    with pytest.raises(ProposalError, match="states this"):
        still_world.submit(retracts="<person/qiang-zhang> a stdorg:Agent .")


def test_what_contributions_do_keeps_the_rules_of_hygiene(world):
    """`qit4n-kg check` finds nothing after each kind of move: the git way stays open."""
    person = "https://w3id.org/qit4n/id/person/"
    nict = "https://w3id.org/qit4n/id/organization/nict"
    (row,) = world.select("<fg-qit4n/meeting/2> stdorg:participants ?n")
    count = f"<fg-qit4n/meeting/2> stdorg:participants {row[0].value} ."
    held = '<person/new-one> a stdorg:Person ; rdfs:label "New One" .'
    for move in (
        {"adds": held, "evidence": ["https://example.org/minutes", "Said at the meeting"]},
        {"retires": [{"old": f"{person}new-one", "reason": "Never was"}]},
        {"renames": [{"old": nict, "new": f"{nict}-jp", "reason": "Two of this name"}]},
        {"merges": [{"old": f"{person}james-nagel", "new": f"{person}qiang-zhang", "reason": "The same person"}]},
        {
            "adds": "<fg-qit4n/meeting/2> stdorg:participants 40 .",
            "overrules": [{"statement": count, "reason": "The list of participants"}],
        },
    ):
        world.accept(world.submit(move.pop("adds", ""), **move).contribution)
    rules = read_hygiene_rules(world.settings.sources / "queries" / "checks")
    found = [
        problem
        for rule in rules
        for problem in find_problems(world.graph.store, rule, prefixes(world.settings.base_iri))
    ]
    assert found == []


def test_an_identifier_that_was_moved_is_not_moved_again(world):
    person = "https://w3id.org/qit4n/id/person/"
    rename = {"old": f"{person}james-nagel", "new": f"{person}jim-nagel", "reason": "So he is called"}
    world.accept(world.submit(renames=[rename]).contribution)
    again = {"old": f"{person}james-nagel", "new": f"{person}qiang-zhang", "reason": "The same"}
    for move in ({"merges": [again]}, {"renames": [again]}, {"retires": [{"old": again["old"], "reason": "x"}]}):
        with pytest.raises(ProposalError, match="jim-nagel> now"):
            world.submit(**move)
    assert not world.ask("<person/qiang-zhang> owl:deprecated true")


def test_what_once_took_the_place_of_another_can_be_retired(world):
    person = "https://w3id.org/qit4n/id/person/"
    world.accept(world.submit(NEW_PERSON).contribution)
    rename = {"old": f"{person}new-one", "new": f"{person}newer-one", "reason": "So he is called"}
    world.accept(world.submit(renames=[rename]).contribution)
    world.accept(world.submit(retires=[{"old": f"{person}newer-one", "reason": "Never was"}]).contribution)
    for name in ("new-one", "newer-one"):
        assert read_retirement(world.graph.store, f"{person}{name}").replacement is None


def test_a_renamed_person_is_no_duplicate_of_themselves(still_world):
    person = "https://w3id.org/qit4n/id/person/"
    rename = {"old": f"{person}james-nagel", "new": f"{person}jim-nagel", "reason": "So he is called"}
    assert still_world.submit(renames=[rename]).report["results"] == []


@pytest.mark.parametrize(
    "name",
    [
        "person/../../sign-out",
        "",
        "person/x?y=1#z",
        "person/%2e%2e",
        "person/bo\u202elv",
        "contribution/1",
        "account/a",
    ],
)
def test_an_identifier_that_browsers_read_as_another_is_refused(still_world, name):
    new = f"https://w3id.org/qit4n/id/{name}"
    old = "https://w3id.org/qit4n/id/person/james-nagel"
    with pytest.raises(ProposalError, match="identifier"):
        still_world.submit(renames=[{"old": old, "new": new, "reason": "x"}])
    with pytest.raises(ProposalError):
        still_world.submit(f'<{new}> a stdorg:Person ; rdfs:label "X Y" .')


@pytest.mark.parametrize("part", ["retracts", "overrules"])
def test_what_the_registry_says_of_graphs_is_not_taken_back(world, part):
    first = world.submit(NEW_PERSON).contribution
    world.accept(first)
    said = f"<../graph/contribution/{first.id}> stdorg:inForce true ."
    given = {"retracts": said} if part == "retracts" else {"overrules": [{"statement": said, "reason": "x"}]}
    with pytest.raises(ProposalError, match="says nothing of graphs"):
        world.submit(**given)


def test_what_is_added_to_a_retired_identifier_is_told_so(world):
    world.accept(world.submit(NEW_PERSON).contribution)
    person = "https://w3id.org/qit4n/id/person/new-one"
    world.accept(world.submit(retires=[{"old": person, "reason": "Never was"}]).contribution)
    with pytest.raises(ProposalError, match="new-one> is retired"):
        world.submit('<person/new-one> a stdorg:Person ; rdfs:label "X Y" .')


@pytest.mark.parametrize(
    "added",
    [
        "<country/jp> a stdorg:Group .",
        "<organization/caict> <http://www.w3.org/ns/org#unitOf> <person/qiang-zhang> .",
        "<fg-qit4n/meeting/2> <http://www.w3.org/ns/prov#wasDerivedFrom> <fg-qit4n/meeting/3> .",
        r'<person/qiang-zhang> <https://example.org/note> "a\u0007b" .',
    ],
)
def test_what_would_make_the_whole_graph_wrong_is_refused(still_world, added):
    with pytest.raises((InvalidDataError, ProposalError)):
        still_world.submit(added)


@pytest.mark.parametrize(
    "statement",
    [
        "<country/cn> a stdorg:Group",
        "<person/qiang-zhang> owl:sameAs <person/hao-qin>",
        "<person/qiang-zhang> owl:deprecated true ; dcterms:isReplacedBy <https://evil.example/>",
    ],
)
def test_an_update_passes_the_gate_that_contributions_pass(still_world, statement):
    with pytest.raises(InvalidDataError):
        still_world.update(f"INSERT DATA {{ {statement} }}")


def test_an_update_does_not_touch_what_a_contribution_states(world):
    first = world.submit(NEW_PERSON).contribution
    world.accept(first)
    graph = f"<../graph/contribution/{first.id}>"
    for text in (
        f"DELETE WHERE {{ GRAPH {graph} {{ ?s ?p ?o }} }}",
        f'INSERT DATA {{ GRAPH {graph} {{ <person/new-one> skos:altLabel "N. One" }} }}',
    ):
        with pytest.raises(ChangeRefusedError, match="a contribution's"):
            world.update(text)


def test_what_two_contributions_state_stays_when_one_is_taken_back(world):
    first = world.submit(NEW_PERSON).contribution
    given = '<person/new-one> <http://xmlns.com/foaf/0.1/givenName> "New" .'
    second = world.submit(f"{NEW_PERSON} {given}", actor="eve").contribution
    world.accept(first)
    world.accept(second)
    world.accept(world.revert(first).contribution)
    assert world.ask('<person/new-one> a stdorg:Person ; rdfs:label "New One"')
    with pytest.raises(ProposalError, match="stated already"):
        world.submit(NEW_PERSON)


def test_an_update_does_not_decide_whether_another_graph_counts(still_world):
    passage = "<../graph/progress-report-2021-10/table-1/meeting-9>"
    for text in (f"GRAPH <../graph/x/z> {{ {passage} a stdorg:OverruledGraph }}", f"{passage} stdorg:inForce false"):
        with pytest.raises(ChangeRefusedError, match="not said by an update"):
            still_world.update(f"INSERT DATA {{ {text} }}")


@pytest.mark.parametrize(
    "added",
    [
        '<person/foo> <http://xmlns.com/foaf/0.1/givenName> "X" .',
        '<country/zz> a stdorg:Country ; rdfs:label "Zed"@en ; skos:notation "JP" .',
    ],
)
def test_what_says_no_kind_and_a_second_code_are_refused(still_world, added):
    with pytest.raises(InvalidDataError):
        still_world.submit(added)


NOTE = "<http://example.org/note>"


@pytest.mark.parametrize(
    ("adds", "told"),
    [
        (f'<person/bo-lv> {NOTE} "5", 5, "5"@en, "5"@fr .', {"“5”", "5", "“5” (en)", "“5” (fr)"}),
        (f'<person/bo-lv> {NOTE} "2021"^^xsd:gYear, 2021 .', {"2021 (xsd:gYear)", "2021"}),
        (f'<person/bo-lv> {NOTE} "a\\u202Eb\\u200B" .', {"“a⟨U+202E⟩b⟨U+200B⟩”"}),
        (f'<person/bo-lv> {NOTE} "B\\u0435rnard" .', {"“B\u0435rnard” [letters of Cyrillic and Latin in one word]"}),
    ],
)
def test_a_reviewer_sees_what_differs_and_what_is_invisible(still_world, adds, told):
    contribution = still_world.submit(adds).contribution
    found = differences(contribution, still_world.graph.current().store, still_world.settings.base_iri)
    assert {one.value for one in found} == told
    assert {one.property_label for one in found} == {"<http://example.org/note>"}


def test_a_new_thing_that_is_called_like_another_is_told_apart(still_world):
    contribution = still_world.submit('<person/bo-lv-2> a stdorg:Person ; rdfs:label "Bo Lv" .').contribution
    found = differences(contribution, still_world.graph.current().store, still_world.settings.base_iri)
    assert {one.subject_label for one in found} == {"Bo Lv (person/bo-lv-2)"}


def test_taking_a_merge_back_does_not_claim_that_the_survivor_loses_what_others_state(world):
    world.accept(world.submit('<person/ana-x> a stdorg:Person ; rdfs:label "Ana X" .').contribution)
    merge = {"old": f"{world.settings.base_iri}id/person/ana-x", "new": f"{world.settings.base_iri}id/person/bo-lv"}
    contribution = world.submit(merges=[{**merge, "reason": "The same person"}]).contribution
    world.accept(contribution)
    back = world.revert(contribution).contribution
    found = differences(back, world.graph.current().store, world.settings.base_iri)
    assert not any(one.subject_label == "Bo Lv" and one.property_label == "is a" for one in found)


@pytest.mark.parametrize(
    ("name", "hint"), [("addz", "Did you mean adds?"), ("merge", "Did you mean merges?"), ("colour", "Known: message")]
)
def test_a_member_that_nobody_would_read_is_refused(name, hint):
    with pytest.raises(ParameterError) as caught:
        refuse_unknown({"message": "x", name: "y"})
    assert caught.value.hint.startswith(hint)


def test_the_judging_process_outlives_the_thread_that_started_it(still_world):
    gatekeeper, store = still_world.graph.gatekeeper, still_world.graph.generation.store_path
    gatekeeper.close()
    thread = threading.Thread(target=gatekeeper.form_classes, args=(store,))
    thread.start()
    thread.join()
    assert gatekeeper._process is not None
    with pytest.raises(subprocess.TimeoutExpired):  # the kernel would have killed it by then
        gatekeeper._process._process.wait(0.2)


def test_the_judging_process_follows_the_current_generation_and_compiles_nothing_anew(world, monkeypatch):
    role = (
        "<fg-qit4n/wg2/role/chair/new-one> a stdorg:RoleHeld ; rdfs:label 'New One, chair of WG2'@en ; "
        "stdorg:agent <person/new-one> ; stdorg:role <concept/role/chair> ; stdorg:in <fg-qit4n/wg2> ; "
        "stdorg:nameAsStated 'New One' ; stdorg:attestedAt '2021-10'^^xsd:gYearMonth ."
    )
    with pytest.raises(InvalidDataError):
        world.submit(role)
    first = world.graph.gatekeeper._process
    world.accept(world.submit("<person/new-one> a stdorg:Person ; rdfs:label 'New One' .").contribution)
    assert world.submit(role).is_new
    assert world.graph.gatekeeper._process is first
    assert first.store == world.graph.generation.store_path
    monkeypatch.setattr("qit4n_kg.gatekeeping._MOST_FOLLOWED", 1)
    world.accept(world.submit("<person/new-two> a stdorg:Person ; rdfs:label 'New Two' .").contribution)
    assert world.submit("<person/new-three> a stdorg:Person ; rdfs:label 'New Three' .").is_new
    assert world.graph.gatekeeper._process is not first


def test_taking_an_overruling_back_is_told_as_the_value_that_counts_again(world):
    overruled = {"statement": "<fg-qit4n/meeting/4> stdorg:participants 80 .", "reason": "Counted anew"}
    made = world.submit("<fg-qit4n/meeting/4> stdorg:participants 50 .", overrules=[overruled]).contribution
    world.accept(made)
    back = world.revert(made).contribution
    found = differences(back, world.graph.current().store, world.settings.base_iri)
    assert [(one.property_label, one.before, one.value) for one in found] == [("participants", "50", "80")]


def test_a_file_is_validated_with_what_was_accepted_since_the_files_were_written(world, tmp_path):
    new = '<organization/acme> a stdorg:Organization ; rdfs:label "Acme"@en .'
    host = tmp_path / "host.ttl"
    host.write_text(f"{PREFIXES}<fg-qit4n/meeting/3> stdorg:host <organization/acme> .", encoding="utf-8")
    assert not validate_files([host], world.settings).conforms
    world.accept(world.submit(new).contribution)
    assert validate_files([host], world.settings).conforms
