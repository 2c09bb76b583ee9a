"""Settings: environment and flags, precedence, and one clear error for a value that can't be used."""

from dataclasses import fields
from pathlib import Path

import pytest

from qit4n_kg import config
from qit4n_kg.config import SETTINGS, Settings, default_sources, load_settings, to_environ
from qit4n_kg.errors import ConfigurationError


def test_defaults_need_no_environment():
    settings = load_settings({})
    assert settings.port == 8000
    assert settings.state_dir == Path("state")
    assert settings.id_base == "https://w3id.org/qit4n/id/"


def test_a_flag_wins_over_the_environment():
    assert load_settings({"QIT4N_PORT": "9000"}, port=9100).port == 9100
    assert load_settings({"QIT4N_PORT": "9000"}, port=None).port == 9000


@pytest.mark.parametrize(
    ("state", "journal"),
    [
        ("state", "journal"),
        ("/srv/a/state", "/srv/a/journal"),
        ("/srv/trial", "/srv/trial-journal"),
        ("trial/", "trial-journal"),
        (".", f"{Path.cwd()}-journal"),
        ("/", "journal"),
    ],
)
def test_the_journal_goes_where_the_state_goes_beside_it_and_never_within(state, journal):
    for settings in (load_settings({"QIT4N_STATE_DIR": state}), load_settings({}, state_dir=Path(state))):
        assert settings.journal_dir == Path(journal)
        assert load_settings(to_environ(settings)) == settings


def test_a_journal_folder_that_is_given_stays_whatever_the_state_folder_is():
    assert load_settings({"QIT4N_JOURNAL_DIR": "/b/j"}, state_dir=Path("/srv/trial")).journal_dir == Path("/b/j")
    assert load_settings({}, journal_dir=Path("/b/j"), state_dir=Path("/srv/trial")).journal_dir == Path("/b/j")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "70000"),
        ("PORT", "eighty"),
        ("WORKERS", "0"),
        ("QUERY_TIMEOUT", "-1"),
        ("QUERY_TIMEOUT", "nan"),
        ("GATE", "perhaps"),
        ("QUERY_MEMORY", "much"),
        ("BASE_IRI", "https://example.org/without-slash"),
        ("BASE_IRI", "javascript:alert(1)/"),
    ],
)
def test_an_unusable_value_names_its_variable(name, value):
    with pytest.raises(ConfigurationError, match=f"QIT4N_{name}"):
        load_settings({f"QIT4N_{name}": value})


def test_sizes_take_units():
    assert load_settings({"QIT4N_QUERY_MEMORY": "512 MiB"}).query_memory == 512 * 1024 * 1024
    assert load_settings({"QIT4N_RESULT_BYTES": "1000"}).result_bytes == 1000


def test_settings_survive_the_way_to_a_worker_process(tmp_path):
    settings = load_settings({}, port=8123, state_dir=tmp_path, gate=False, query_timeout=1.5)
    assert load_settings(to_environ(settings)) == settings


def test_the_table_of_settings_and_the_settings_are_the_same():
    assert [setting.name for setting in SETTINGS] == [
        field.name for field in fields(Settings) if field.name != "scratch"
    ]


def test_sources_none_is_a_scratch_dataset_without_gate():
    settings = load_settings({"QIT4N_SOURCES": "none"})
    assert settings.scratch
    assert not settings.gate
    assert load_settings(to_environ(settings)) == settings


@pytest.mark.parametrize("missing", [None, "shapes"])
def test_a_clone_of_a_registry_that_one_works_in_is_its_sources(monkeypatch, tmp_path, missing):
    for name in ("ontology", "data", "shapes", "queries"):
        if name != missing:
            (tmp_path / name).mkdir()
    (tmp_path / "below").mkdir()
    for folder in (tmp_path, tmp_path / "below"):
        monkeypatch.chdir(folder)
        assert load_settings({}).sources == (default_sources() if missing else tmp_path)
    assert load_settings({"QIT4N_SOURCES": "elsewhere"}).sources == Path("elsewhere")


@pytest.mark.parametrize("why", [FileNotFoundError, PermissionError])
def test_a_working_directory_that_is_gone_or_may_not_be_looked_into_is_no_clone(monkeypatch, why):
    def refuse(*_):
        raise why

    monkeypatch.setattr(Path, "is_dir" if why is PermissionError else "cwd", refuse)
    monkeypatch.setattr(config, "default_sources", lambda: Path("packaged"))
    assert load_settings({}).sources == Path("packaged")


def test_default_sources_hold_what_the_build_needs():
    for folder in ("ontology", "data", "shapes", "queries"):
        assert (default_sources() / folder).is_dir()
