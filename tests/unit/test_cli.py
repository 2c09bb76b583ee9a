"""What the commands say of where things are."""

import pytest
from click.testing import CliRunner

from qit4n_kg.cli import main
from qit4n_kg.tokens import Tokens


@pytest.mark.parametrize("flags", [(), ("--journal-dir", "{folder}/elsewhere")])
def test_a_token_is_made_where_the_server_with_that_state_folder_reads_it(tmp_path, flags):
    flags = [flag.format(folder=tmp_path) for flag in flags]
    made = CliRunner().invoke(
        main.commands["token"], ["create", "a", "--role", "admin", "--state-dir", str(tmp_path / "trial"), *flags]
    )
    expected = tmp_path / ("elsewhere" if flags else "trial-journal")
    assert Tokens(expected).find(made.stdout.strip()).name == "a"
    assert str(expected) in made.stderr


def test_serve_says_where_state_and_journal_are_and_warns_of_a_journal_in_the_state_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("qit4n_kg.serving.serve_forever", lambda *_, **__: None)
    monkeypatch.setattr("qit4n_kg.serving.check_port", lambda *_: None)
    state = tmp_path / "trial"
    said = CliRunner().invoke(main.commands["serve"], ["--no-build", "--state-dir", str(state)]).stderr
    assert f"Built graph in {state}; accepted changes and tokens in {tmp_path / 'trial-journal'}" in said
    assert "move it" not in said
    within = ["--journal-dir", str(state / "journal")]
    said = CliRunner().invoke(main.commands["serve"], ["--no-build", "--state-dir", str(state), *within]).stderr
    assert "move it" in said


def test_help_says_that_the_state_folder_moves_the_journal():
    text = CliRunner().invoke(main.commands["serve"], ["--help"]).output
    assert "Moves the journal too" in " ".join(text.split())
