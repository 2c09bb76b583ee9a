"""`qit4n-kg contribute` against a server: a contribution from file to graph, exit codes, and what is printed."""

import json

import pytest
from click.testing import CliRunner

from qit4n_kg.cli import main

ID = "https://w3id.org/qit4n/id/"
PREFIXES = f"""@base <{ID}> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix stdorg: <https://w3id.org/stdorg/ns#> .
"""
PERSON = '<person/by-command> a stdorg:Person ; rdfs:label "By Command" .'


@pytest.fixture
def run(contributing, contributing_url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(who, *arguments):
        environment = {"QIT4N_TOKEN": contributing[1].get(who, "")} if who else {}
        result = CliRunner().invoke(main, ["contribute", *arguments, "--endpoint", contributing_url], env=environment)
        return result.exit_code, result.output

    return call


@pytest.fixture
def write(tmp_path):
    def write(name, text):
        (tmp_path / name).write_text(PREFIXES + text if name.endswith(".ttl") else text)

    return write


def test_a_contribution_goes_from_a_file_to_the_graph(run, write):
    write("bad.ttl", "<person/by-command> a stdorg:RoleHeld .")
    code, output = run("ana", "submit", "bad.ttl", "-m", "x", "--consent")
    assert code == 1
    assert "bad.ttl:4:1: Violation: A role held needs exactly one person" in output
    write("new.ttl", PERSON)
    sent = ("submit", "new.ttl", "-m", "Add one", "-e", "Seen", "--consent", "--key", "k")
    code, output = run("ana", *sent)
    assert code == 0, output
    id_ = output.split()[0]
    assert "By Command: is a Person, added" in output
    assert run("ana", *sent)[1].split()[0] == id_
    assert run("ana", "accept", id_)[0] == 1
    assert run("ben", "comment", id_, "-m", "Hm")[0] == 0
    for name in ("comment", "reject"):
        assert "Add --note." in run("ben", name, id_)[1]
    assert "Evidence: Seen" in run("ben", "show", id_)[1]
    code, output = run("ben", "accept", id_, "-m", "Good")
    assert code == 0, output
    assert "accepted by ben: Good" in output
    assert f"{id_}  accepted" in run(None, "list")[1]
    assert run("ben", "show", "0123456789abcdef")[0] == 1
    assert run("ana", "revert", id_)[0] == 0


MERGE = ("--merge", f"{ID}person/james-nagel", f"{ID}person/qiang-zhang", "The same person")
RENAME = ("--rename", f"{ID}organization/nict", f"{ID}organization/nict-jp", "Two of this name")


def test_everything_that_the_api_takes_is_submitted_by_options_beside_a_sheet(run, write):
    write("people.csv", "@id,rdfs:label\n#stdorg:Person,\nperson/by-sheet,By Sheet\n")
    write("counted.ttl", "<fg-qit4n/meeting/4> stdorg:participants 50 .")
    write("said.ttl", "<fg-qit4n/meeting/4> stdorg:participants 80 .")
    code, output = run(
        *("ana", "submit", "people.csv", "counted.ttl", "-m", "Tidy up", "-e", "https://example.org/", "-e", "Heard"),
        *("--overrule", "said.ttl", "The list of participants", *MERGE, *RENAME, "--consent", "--json"),
    )
    assert code == 0, output
    told = json.loads(output)
    assert told["evidence"] == ["https://example.org/", "Heard"]
    assert [part["reason"] for part in told["proposal"]["overrules"]] == ["The list of participants"]
    assert {part["kind"] for part in told["proposal"]["moves"]} == {"merge", "rename"}
    assert "By Sheet: is a Person, added" in [one["sentence"] for one in told["differences"]]


def test_what_a_file_of_json_proposes_is_submitted_with_what_the_options_add(run, write):
    kept = {
        "message": "One person",
        "licence": "CC-BY-4.0",
        "adds": PREFIXES + PERSON.replace("command", "json").replace("Command", "Json"),
    }
    write("one.json", json.dumps(kept))
    code, output = run("ana", "submit", "one.json", *MERGE, "--json")
    assert code == 0, output
    told = json.loads(output)
    assert told["message"] == "One person"
    assert {part["kind"] for part in told["proposal"]["moves"]} == {"merge"}
    assert "By Json: is a Person, added" in [one["sentence"] for one in told["differences"]]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--retire", f"{ID}organization/nict", "Gone"), "3 things refer"),
        (("--merge", f"{ID}person/a", f"{ID}person/b", "x"), "person/a"),
        (("--rename", "person/a", f"{ID}person/b", "x"), "A part of renames needs old, an IRI."),
        (("--rename", f"{ID}person/james-nagel", f"{ID}person/X", "x"), "such as person/kaoru-kenyoshi"),
        (("--retire", f"{ID}organization/nict", ""), "A part of retires needs a reason."),
        (("--overrule", "broken.ttl", "x"), "overrules.ttl:4:"),
        (("--retract", "broken.ttl"), "retracts.ttl:4:"),
        (("typo.csv",), "Did you mean 'FG QIT4N'? Then write https://w3id.org/qit4n/id/fg-qit4n."),
    ],
)
def test_what_the_server_refuses_is_told_in_its_words_with_the_place(run, write, arguments, words):
    write("broken.ttl", "<a> <b> .")
    write("typo.csv", "@id,rdfs:label,stdorg:meetingOf\n#stdorg:Meeting,,\nfg-qit4n/meeting/77,M,FG QIT5N\n")
    code, output = run("ana", "submit", *arguments, "-m", "x", "--consent")
    assert code == 1, output
    assert words in output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("submit", "-m", "x", "--consent"), "nothing to submit"),
        (("submit", "new.ttl", "-m", "x"), "Add --consent."),
        (("submit", "new.ttl", "--consent"), "Add --message."),
        (("submit", "missing.ttl", "-m", "x", "--consent"), "can't be read"),
        (("submit", "-m", "x", "--consent", "--overrule", "missing.ttl", "x"), "can't be read"),
        (("submit", "new.toml", "-m", "x", "--consent"), "format is not known"),
        (("submit", "list.json", "--consent"), "list.json: This is no contribution"),
        (("submit", "broken.json", "--consent"), "broken.json: This is not JSON"),
        (("submit", "typo.json", "--consent"), "Did you mean merges?"),
        (("submit", "typo.json", "list.json", "--consent"), "one by one"),
        (("submit", "-m", "x", "--consent", "--merge", "a", "b"), "requires 3 arguments"),
    ],
)
def test_wrong_usage_is_told_without_a_server(write, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    for name, text in (("new.ttl", PERSON), ("new.toml", ""), ("list.json", "[]"), ("broken.json", "{")):
        write(name, text)
    write("typo.json", '{"merge": []}')
    result = CliRunner().invoke(main, ["contribute", *arguments])
    assert result.exit_code == 2
    assert words in result.output


def test_a_server_that_is_not_there_is_told(tmp_path):
    result = CliRunner().invoke(main, ["contribute", "list", "--endpoint", "http://127.0.0.1:9/"])
    assert result.exit_code == 1
    assert "can't be reached" in result.output
