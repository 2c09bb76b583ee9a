"""Flags that several commands share, each written once; the settings behind them are in `config`."""

from __future__ import annotations

from pathlib import Path

import click

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

__all__ = ["data", "journal_dir", "sources", "state_dir"]
