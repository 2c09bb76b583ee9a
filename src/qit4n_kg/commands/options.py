"""Flags that several commands share, each written once, and the reading of NAME=VALUE; the settings behind them are in `config`."""

from __future__ import annotations

from pathlib import Path

import click

from qit4n_kg.errors import ParameterError

state_dir = click.option(
    "--state-dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of the built graph (state). Moves the journal too.",
)
journal_dir = click.option(
    "--journal-dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of accepted changes and tokens (journal beside state, NAME-journal beside a state folder of any other NAME).",
)
sources = click.option(
    "--sources", type=click.Path(path_type=Path), metavar="DIR", help="Folder with ontology/ data/ shapes/ queries/."
)
data = click.option(
    "--data",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Data to build instead of data/: a folder, or N-Quads.",
)


def pairs(given: tuple[str, ...]) -> dict[str, str]:
    """Read the values of `--parameter`.

    :raises ParameterError: one is not NAME=VALUE.
    """
    pairs = {}
    for item in given:
        name, equals, value = item.partition("=")
        if not equals:
            raise ParameterError(f"A parameter is written NAME=VALUE, not {item!r}.")
        pairs[name] = value
    return pairs


__all__ = ["data", "journal_dir", "pairs", "sources", "state_dir"]
