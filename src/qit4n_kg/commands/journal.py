"""`qit4n-kg journal …`: what was accepted since the files, for whoever keeps the files."""

from __future__ import annotations

from typing import Any

import click

from qit4n_kg.commands import options, terminal
from qit4n_kg.config import load_settings


@click.group()
def journal() -> None:
    """Bring what was accepted to the files."""


@journal.command()
@options.sources
@options.state_dir
@options.journal_dir
def export(**flags: Any) -> None:
    """Write accepted changes back to data/ as canonical Turtle, and how far that reaches.

    Review and commit the files, then build: the graph stays as it is. The journal is kept.
    """
    from qit4n_kg.filing import file_back

    with terminal.BuildProgress(is_quiet=True) as progress:
        filed = file_back(load_settings(**flags), progress)
    for name in filed.changed:
        terminal.out.print(f"changed  {name}", markup=False, soft_wrap=True, highlight=False)
    for name in filed.new:
        terminal.out.print(f"new      {name}", markup=False, soft_wrap=True, highlight=False)
    for name in filed.left:
        terminal.err.print(f"{name} is in no file: it stays in the journal.", markup=False, soft_wrap=True)
    if not filed.changed and not filed.new:
        terminal.err.print("The files have all that was accepted.", markup=False)
