"""Guards tokens: only hashes are stored, roles include each other, names are unique, and changes are seen at once."""

import multiprocessing

import pytest

from qit4n_kg.errors import NotFoundError, ParameterError, StateError
from qit4n_kg.tokens import Role, Tokens


@pytest.fixture
def tokens(tmp_path):
    return Tokens(tmp_path / "journal")


def test_a_token_is_found_by_itself_and_is_not_stored(tokens, tmp_path):
    token = tokens.create("ada", Role.REVIEWER)
    holder = tokens.find(token)
    assert (holder.name, holder.role) == ("ada", Role.REVIEWER)
    assert tokens.find(token + "x") is None
    assert tokens.find("") is None
    stored = (tmp_path / "journal" / "tokens.json").read_text()
    assert token not in stored
    assert token.removeprefix("qit4n_") not in stored


def test_the_files_are_for_their_owner_only(tokens, tmp_path):
    tokens.create("ada", Role.ADMIN)
    tokens.secret()
    for name in ("tokens.json", "secret"):
        assert (tmp_path / "journal" / name).stat().st_mode & 0o077 == 0


def test_another_reader_sees_a_new_and_a_revoked_token_at_once(tokens, tmp_path):
    other = Tokens(tmp_path / "journal")
    token = tokens.create("ada", Role.ADMIN)
    assert other.find(token) is not None
    other.revoke("ada")
    assert tokens.find(token) is None


def test_a_name_is_given_once(tokens):
    tokens.create("ada", Role.ADMIN)
    with pytest.raises(ParameterError, match="already"):
        tokens.create("ada", Role.ADMIN)
    tokens.revoke("ada")
    tokens.create("ada", Role.ADMIN)
    assert [holder.name for holder in tokens.holders()] == ["ada"]


def test_capitals_do_not_make_another_person_and_labels_tell_tokens_of_one_apart(tokens):
    first = tokens.create("ada", Role.REVIEWER)
    with pytest.raises(ParameterError, match="capitals"):
        tokens.create("Ada", Role.REVIEWER)
    second = tokens.create("ada", Role.CONTRIBUTOR, "laptop")
    with pytest.raises(ParameterError, match="already"):
        tokens.create("ada", Role.ADMIN, "laptop")
    assert [(tokens.find(token).name, tokens.find(token).role) for token in (first, second)] == [
        ("ada", Role.REVIEWER),
        ("ada", Role.CONTRIBUTOR),
    ]
    tokens.revoke("ada", "laptop")
    assert tokens.find(second) is None
    assert tokens.find(first) is not None
    with pytest.raises(NotFoundError, match="laptop"):
        tokens.revoke("ada", "laptop")


@pytest.mark.parametrize("name", ["", "a b", "a\nb", "../x", "x" * 65])
def test_a_name_that_would_confuse_is_refused(tokens, name):
    with pytest.raises(ParameterError):
        tokens.create(name, Role.ADMIN)


def test_an_unknown_name_can_not_be_revoked(tokens):
    with pytest.raises(NotFoundError):
        tokens.revoke("nobody")


def test_a_role_includes_those_before_it():
    assert [[a.includes(b) for b in Role] for a in Role] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]


def test_the_secret_is_made_once(tokens, tmp_path):
    assert len(tokens.secret()) == 32
    assert Tokens(tmp_path / "journal").secret() == tokens.secret()


def test_a_damaged_file_is_an_error_and_not_an_open_door(tokens, tmp_path):
    token = tokens.create("ada", Role.ADMIN)
    (tmp_path / "journal" / "tokens.json").write_text('[{"name": "ada"}]')
    with pytest.raises(StateError):
        tokens.find(token)


def make(folder, number):
    Tokens(folder).create(f"holder-{number}", Role.ADMIN)


def test_tokens_made_at_the_same_time_are_all_kept(tmp_path):
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=make, args=(tmp_path, number)) for number in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert len(Tokens(tmp_path).holders()) == 4


def test_the_command_prints_the_token_alone_on_stdout(tmp_path):
    from click.testing import CliRunner

    from qit4n_kg.cli import main

    folder = ["--journal-dir", str(tmp_path)]
    made = CliRunner().invoke(main, ["token", "create", "ada", "--role", "admin", *folder])
    assert made.exit_code == 0
    assert Tokens(tmp_path).find(made.stdout.removesuffix("\n")).name == "ada"
    assert "Keep it" in made.stderr
    assert CliRunner().invoke(main, ["token", "list", *folder]).stdout.startswith("ada\tadmin\t")
    assert CliRunner().invoke(main, ["token", "revoke", "ada", *folder]).exit_code == 0
    assert CliRunner().invoke(main, ["token", "list", *folder]).stdout == ""
    assert CliRunner().invoke(main, ["token", "revoke", "ada", *folder]).exit_code == 2
