"""The commands `qit4n-kg token …`: they make, list and revoke tokens in the journal's folder."""

from __future__ import annotations

from typing import Any

import click

from qit4n_kg import options, terminal
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
@options.state_dir
@options.journal_dir
def create_token(name: str, role: str, **flags: Any) -> None:
    """Make a token for NAME and print it, alone, on standard output. It can't be shown again."""
    settings = load_settings(**flags)
    click.echo(Tokens(settings.journal_dir).create(name, Role(role)))
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
    """List who has a token, with role and date."""
    for holder in Tokens(load_settings(**flags).journal_dir).holders():
        click.echo(f"{holder.name}\t{holder.role.value}\t{holder.created}")


@token.command("revoke")
@click.argument("name")
@options.state_dir
@options.journal_dir
def revoke_token(name: str, **flags: Any) -> None:
    """Forget the token of NAME; running servers refuse it at once."""
    Tokens(load_settings(**flags).journal_dir).revoke(name)
