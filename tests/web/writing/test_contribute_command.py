"""`qit4n-kg contribute` against a server: a contribution from file to graph, exit codes, and what is printed."""

import shutil
from dataclasses import replace

import pytest
from click.testing import CliRunner

from qit4n_kg.cli import main
from qit4n_kg.tokens import Role, Tokens

TURTLE = """@base <https://w3id.org/qit4n/id/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix stdorg: <https://w3id.org/stdorg/ns#> .
<person/by-command> a stdorg:Person ; rdfs:label "By Command" .
"""


@pytest.fixture
def run(built_state, tmp_path, serve_apart, monkeypatch):
    shutil.copytree(built_state.state_dir, tmp_path / "state")
    settings = replace(built_state, state_dir=tmp_path / "state", journal_dir=tmp_path / "journal", executors=1)
    kept = Tokens(settings.journal_dir)
    tokens = {"ana": kept.create("ana", Role.CONTRIBUTOR), "ben": kept.create("ben", Role.REVIEWER)}
    monkeypatch.chdir(tmp_path)
    (tmp_path / "new.ttl").write_text(TURTLE)
    (tmp_path / "bad.ttl").write_text(TURTLE.replace('a stdorg:Person ; rdfs:label "By Command"', "a stdorg:RoleHeld"))

    with serve_apart(settings, QIT4N_WORKERS="1") as (url, _):

        def call(who, *arguments):
            environment = {"QIT4N_TOKEN": tokens.get(who, "")} if who else {}
            result = CliRunner().invoke(main, ["contribute", *arguments, "--endpoint", url], env=environment)
            return result.exit_code, result.output

        yield call


def test_a_contribution_goes_from_a_file_to_the_graph(run):
    code, output = run("ana", "submit", "bad.ttl", "-m", "x", "--consent")
    assert code == 1
    assert "bad.ttl:4:1: Violation: A role held needs exactly one person" in output
    code, output = run("ana", "submit", "new.ttl", "-m", "Add one", "-e", "Seen", "--consent", "--key", "k")
    assert code == 0, output
    id_ = output.split()[0]
    assert "By Command: is a Person, added" in output
    assert (
        run("ana", "submit", "new.ttl", "-m", "Add one", "-e", "Seen", "--consent", "--key", "k")[1].split()[0] == id_
    )
    assert run("ana", "accept", id_)[0] == 1
    assert run("ben", "comment", id_, "-m", "Hm")[0] == 0
    code, output = run("ben", "accept", id_, "-m", "Good")
    assert code == 0, output
    assert "accepted by ben: Good" in output
    assert f"{id_}  accepted" in run(None, "list")[1]
    assert run("ben", "show", "0123456789abcdef")[0] == 1
    assert run("ana", "revert", id_)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("submit", "-m", "x", "--consent"), "nothing to submit"),
        (("submit", "x.ttl", "-m", "x"), "consent"),
        (("submit", "missing.ttl", "-m", "x", "--consent"), "can't be read"),
        (("submit", "pyproject.toml", "-m", "x", "--consent"), "format is not known"),
    ],
)
def test_wrong_usage_is_told_without_a_server(arguments, words):
    result = CliRunner().invoke(main, ["contribute", *arguments])
    assert result.exit_code == 2
    assert words in result.output


def test_a_server_that_is_not_there_is_told(tmp_path):
    result = CliRunner().invoke(main, ["contribute", "list", "--endpoint", "http://127.0.0.1:9/"])
    assert result.exit_code == 1
    assert "can't be reached" in result.output
