"""`qit4n-kg redact`: shows what would go and what would be left, asks, and does it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from qit4n_kg.commands import options, terminal
from qit4n_kg.config import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qit4n_kg.redacting.carrying import Survey

_SHOWN = 20


@click.command()
@click.argument("iri", metavar="IRI")
@click.option("--reason", required=True, metavar="TEXT", help="Why; it is kept.")
@click.option("--by", "actor", required=True, metavar="NAME", help="Who decided it; it is kept.")
@click.option("--also", multiple=True, metavar="TEXT", help="A further spelling to take out of texts; may be repeated.")
@click.option("--dry-run", is_flag=True, help="Only show what would go, and what would be left.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--force", is_flag=True, help="Redact what is no person, too.")
@click.option("--all", "shows_all", is_flag=True, help=f"List everything, not only {_SHOWN} of a kind.")
@options.sources
@options.state_dir
@options.journal_dir
def redact(
    iri: str,
    reason: str,
    actor: str,
    also: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    force: bool,
    shows_all: bool,
    **flags: Any,
) -> None:
    """Take the texts about the person IRI out of the graph, its older generations, the journal and contributions.

    Links within the registry, numbers and dates stay, and a tombstone. Older generations are removed; there is no way back, so it
    is shown first and asked for: --yes where nobody can answer.
    """
    from qit4n_kg.redacting.carrying import Person, redact_person, survey

    settings = load_settings(**flags)
    person = Person(iri, _spellings(also), force)
    if dry_run or not yes:
        with terminal.BuildProgress(is_quiet=True) as progress:
            found = survey(settings, person, progress)
        _show(found, settings.base_iri, None if shows_all else _SHOWN, is_done=False)
        if dry_run:
            return
        if not sys.stdin.isatty():
            _say("Nothing was changed. Give --yes to do it.", is_error=True)
            sys.exit(1)
        click.confirm("Take all this out? There is no way back.", abort=True, err=True)
    with terminal.BuildProgress(is_quiet=True) as progress:
        done = redact_person(settings, person, actor, reason, progress)
    _show(done, settings.base_iri, None if shows_all else _SHOWN, is_done=True)


def _spellings(also: tuple[str, ...]) -> tuple[str, ...]:
    for text in also:
        if sum(map(str.isalpha, text)) < 2:
            raise click.BadParameter(f"{text!r} is no name: it has fewer than two letters.", param_hint="--also")
    return also


def _show(found: Survey, base: str, most: int | None, *, is_done: bool) -> None:
    def listed(title: str, lines: Iterable[str]) -> None:
        lines = list(lines)
        if lines:
            _say(f"{title}: {len(lines):,}")
            for line in lines[:most]:
                _say(f"  {line.replace(base, '')}")
            if len(lines) > len(lines[:most]):
                _say(f"  … and {len(lines) - len(lines[:most]):,} more (--all)")

    verb = "Redacted" if is_done else "Would redact"
    _say(f"{verb} {found.texts:,} texts of {len(found.things)} things:")
    for thing in found.things[:most]:
        _say(f"  {thing.replace(base, '')}")
    listed("Links taken out", found.links)
    listed("The name taken out of texts of other things", found.others)
    listed("Rewritten", found.kept)
    left = found.remains
    listed("A single name is still in these texts (--also NAME takes it out of all)", left.texts)
    listed("The name is in these IRIs, which stay (docs/contributions.md)", left.iris)
    listed("Files that hold a name, read as if they did not; `qit4n-kg journal export` rewrites them", left.files)
    if is_done:
        _say(f"Generation {found.generation} is the only one left. Git's history and backups are yours to see to.")


def _say(text: str, *, is_error: bool = False) -> None:
    (terminal.err if is_error else terminal.out).print(text, markup=False, soft_wrap=True, highlight=False)
