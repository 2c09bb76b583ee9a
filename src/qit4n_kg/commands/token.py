"""The commands `qit4n-kg token …`: they make, list and revoke tokens in the journal's folder."""

from __future__ import annotations

from typing import Any

import click

from qit4n_kg.commands import options, terminal
from qit4n_kg.config import load_settings
from qit4n_kg.tokens import Role, Tokens


@click.group()
def token() -> None:
    """Tokens: who may contribute, review or administer through the server."""


@token.command("create")
@click.argument("name")
@click.option(
    "--role", type=click.Choice(["contributor", "reviewer", "admin"]), required=True, help="What the token allows."
)
@click.option("--label", default="", metavar="LABEL", help="Tells several tokens of one person apart, such as laptop.")
@options.state_dir
@options.journal_dir
def create_token(name: str, role: str, label: str, **flags: Any) -> None:
    """Make a token for NAME and print it, alone, on standard output. It can't be shown again.

    A name is one person: nobody decides on what they submitted, whichever of their tokens they use.
    """
    settings = load_settings(**flags)
    click.echo(Tokens(settings.journal_dir).create(name, Role(role), label))
    terminal.err.print(
        f"Keep it: only its hash is stored, in {settings.journal_dir.resolve()}. Servers with this journal know it at once. "
        "Send it as `Authorization: Bearer TOKEN`, or sign in with it at /sign-in.",
        markup=False,
        soft_wrap=True,
    )


@token.command("list")
@options.state_dir
@options.journal_dir
def list_tokens(**flags: Any) -> None:
    """List who has a token, with role, date and label."""
    for holder in Tokens(load_settings(**flags).journal_dir).holders():
        click.echo("\t".join(filter(None, (holder.name, holder.role.value, holder.created, holder.label))))


@token.command("revoke")
@click.argument("name")
@click.option("--label", metavar="LABEL", help="Only the token with this label (all of NAME).")
@options.state_dir
@options.journal_dir
def revoke_token(name: str, label: str | None, **flags: Any) -> None:
    """Forget the tokens of NAME; running servers refuse them at once."""
    Tokens(load_settings(**flags).journal_dir).revoke(name, label)
