"""`qit4n-kg contribute …`: contributions on a server, with a token; the server decides everything.

Exit codes: 0 done, 1 the server says no (a problem, violations, conflicts), 2 wrong usage or an unreadable file.
"""

from __future__ import annotations

import json
import sys
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qit4n_kg.commands import terminal
from qit4n_kg.commands.asking import ask, multipart
from qit4n_kg.contributions.reading import CHANGING, refuse_unknown
from qit4n_kg.errors import ParameterError, SourceError
from qit4n_kg.findings import write_finding
from qit4n_kg.formats import READABLE, by_name

if TYPE_CHECKING:
    from collections.abc import Sequence

_EXAMPLES = """\b
Examples:
  qit4n-kg contribute submit new.ttl -m "Add a chair" -e https://example.org/minutes --consent
  qit4n-kg contribute submit -m "One person" --consent \\
    --merge https://w3id.org/qit4n/id/person/a-b https://w3id.org/qit4n/id/person/b-a "Same address in both lists"
"""
_JSON_LD = "A .json file is a contribution; statements in JSON-LD are .jsonld."
_endpoint = click.option(
    "--endpoint",
    metavar="URL",
    default="http://127.0.0.1:8000/",
    show_default=True,
    help="The server's address.",
)
_as_json = click.option("--json", "is_json", is_flag=True, help="Print the server's JSON.")
_note = click.option("-m", "--note", default="", metavar="TEXT", help="What you say of it.")


@click.group()
def contribute() -> None:
    """Submit, review and follow contributions on a server (the token: QIT4N_TOKEN)."""


@contribute.command(epilog=_EXAMPLES)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("-m", "--message", metavar="TEXT", help="What it is about; needed, here or in a .json file.")
@click.option("-e", "--evidence", multiple=True, metavar="TEXT", help="A document's address, or how you know.")
@click.option(
    "--retract",
    "retracts",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Turtle: statements to take back.",
)
@click.option(
    "--overrule",
    "overrules",
    type=(click.Path(path_type=Path), str),
    multiple=True,
    metavar="FILE REASON",
    help="Turtle: what a document states and is not followed, and why.",
)
@click.option("--merge", "merges", nargs=3, multiple=True, metavar="OLD NEW REASON", help="OLD is the same as NEW.")
@click.option("--rename", "renames", nargs=3, multiple=True, metavar="OLD NEW REASON", help="OLD becomes NEW.")
@click.option("--retire", "retires", nargs=2, multiple=True, metavar="OLD REASON", help="OLD is not used any more.")
@click.option("--consent", is_flag=True, help="You consent that it is published under CC BY 4.0; needed.")
@click.option("--generation", type=int, metavar="N", help="The generation that you have seen (the current one).")
@click.option("--key", metavar="TEXT", help="Sent again with the same key, it is not taken twice.")
@_as_json
@_endpoint
def submit(endpoint: str, is_json: bool, files: tuple[Path, ...], consent: bool, **given: Any) -> None:
    """Submit FILES of statements to add, and what else is to change; most options may be repeated.

    FILES are Turtle, JSON-LD, RDF/XML, N-Triples, CSV, XLSX, or one .json: a contribution as POST /contributions takes it, to which
    the options are added. An identifier (OLD, NEW) is a whole IRI.
    """
    members = _members([path for path in files if path.suffix.lower() == ".json"])
    if consent:
        members["licence"] = "CC-BY-4.0"
    _add_options(members, given)
    added = [_statements(path) for path in files if path.suffix.lower() != ".json"]
    if not added and not any(members.get(name) for name in CHANGING):
        raise ParameterError(
            "There is nothing to submit.",
            hint="Name a file, or use --retract, --overrule, --merge, --rename or --retire.",
        )
    if not members.get("message"):
        raise ParameterError("A contribution needs a message that says what it is about.", hint="Add --message.")
    if not members.get("licence"):
        raise ParameterError("A contribution needs consent to its licence.", hint="Add --consent.")
    body, kind = multipart([("contribution", json.dumps(members, ensure_ascii=False))], added)
    _print(ask(endpoint, "POST", "/contributions", body, kind), is_json=is_json)


def _members(paths: Sequence[Path]) -> dict[str, Any]:
    """Read a contribution that stands in a file of its own, if there is one."""
    if len(paths) > 1:
        raise ParameterError("One .json file is one contribution.", hint="Submit them one by one.")
    if not paths:
        return {}
    try:
        members = json.loads(_read(paths[0]))
    except (ValueError, RecursionError) as exc:
        raise SourceError(f"This is not JSON: {exc}.", path=paths[0]) from exc
    if not isinstance(members, dict):
        raise SourceError("This is no contribution, which is a JSON object.", path=paths[0], hint=_JSON_LD)
    try:
        refuse_unknown(members)
    except ParameterError as exc:
        raise SourceError(exc.message, path=paths[0], hint=f"{exc.hint} {_JSON_LD}") from exc
    return members


def _add_options(members: dict[str, Any], given: dict[str, Any]) -> None:
    """Add what the options say to the members of a contribution."""
    members |= {name: given[name] for name in ("message", "generation", "key") if given[name] is not None}
    lists: dict[str, list[Any]] = {
        "evidence": list(given["evidence"]),
        "overrules": [{"statement": _text(path), "reason": reason} for path, reason in given["overrules"]],
        "merges": [{"old": old, "new": new, "reason": reason} for old, new, reason in given["merges"]],
        "renames": [{"old": old, "new": new, "reason": reason} for old, new, reason in given["renames"]],
        "retires": [{"old": old, "reason": reason} for old, reason in given["retires"]],
    }
    for name, parts in lists.items():
        before = members.get(name) or []
        if parts:
            members[name] = [*(before if isinstance(before, list) else [before]), *parts]
    if given["retracts"] is not None:
        members["retracts"] = f"{members.get('retracts') or ''}\n{_text(given['retracts'])}".lstrip("\n")


def _statements(path: Path) -> tuple[str, str, bytes]:
    """Read a file of statements to add: its name, media type and content."""
    form = by_name(path.suffix.lstrip(".").lower() or "ttl", READABLE)
    if form is None:
        known = ", ".join(f".{one.extension}" for one in READABLE)
        raise SourceError("The format is not known.", path=path, hint=f"Known: {known}, and .json: a contribution.")
    name = f"{path.stem}.{form.extension}" if str(path) != "-" else "standard-input.ttl"
    return name, form.media_type, _read(path)


@contribute.command("list")
@click.option("--state", metavar="NAME", help="Only those that are pending, accepted, rejected or withdrawn.")
@_as_json
@_endpoint
def list_(endpoint: str, is_json: bool, state: str | None) -> None:
    """List contributions, the newest first."""
    query = f"?{urllib.parse.urlencode({'state': state})}" if state else ""
    told = ask(endpoint, "GET", f"/contributions{query}")
    if is_json:
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
        return
    for one in told["contributions"]:
        first = " ".join(one["message"].split())[:80]
        line = f"{one['id']}  {one['state']:<9}  {one['time'][:16]}  {one['submitter']}  {first}"
        terminal.out.print(line, markup=False, soft_wrap=True)
    if told["total"] > len(told["contributions"]):
        terminal.err.print(f"{len(told['contributions'])} of {told['total']}", markup=False)


@contribute.command()
@click.argument("id_", metavar="ID")
@click.option("--effects", is_flag=True, help="Also say what it would change in saved queries.")
@_as_json
@_endpoint
def show(endpoint: str, is_json: bool, id_: str, effects: bool) -> None:
    """Show what contribution ID changes, what the shapes say of it, and what happened to it."""
    told = ask(endpoint, "GET", f"/contributions/{_quoted(id_)}")
    if effects:
        told["effects"] = ask(endpoint, "GET", f"/contributions/{_quoted(id_)}/effects")
    _print(told, is_json=is_json)


_SAYING = ("reject", "comment")


def _decision(name: str, help_text: str) -> None:
    @contribute.command(name, help=help_text)
    @click.argument("id_", metavar="ID")
    @_note
    @_as_json
    @_endpoint
    def decide(endpoint: str, is_json: bool, id_: str, note: str) -> None:
        if name in _SAYING and not note.strip():
            raise ParameterError(f"To {name}, say why or what.", hint="Add --note.")
        path = f"/contributions/{_quoted(id_)}"
        body = json.dumps({"note": note}).encode()
        tag = ask(endpoint, "GET", path)["etag"] if name == "accept" else None
        _print(ask(endpoint, "POST", f"{path}/{name}", body, "application/json", tag), is_json=is_json)


for _name, _help in (
    ("accept", "Accept contribution ID of somebody else, as it is now: it is published when this ends."),
    ("reject", "Reject contribution ID of somebody else."),
    ("withdraw", "Withdraw your own contribution ID."),
    ("revert", "Submit a contribution that takes the accepted contribution ID back."),
    ("comment", "Say something about contribution ID."),
):
    _decision(_name, _help)


def _print(told: dict[str, Any], *, is_json: bool) -> None:
    if is_json:
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
        return
    lines = [f"{told['id']}  {told['state']}  {told['submitter']}, {told['time'][:16]}", told["message"]]
    lines += [f"  {one['sentence']}" for one in told["differences"]]
    lines += [f"Evidence: {one}" for one in told["evidence"]]
    lines += [f"Taken back by {one}" for one in told["revertedBy"]]
    lines += [f"Conflict: {one}" for one in told["conflicts"]]
    lines += [write_finding(one) for one in (told["report"] or {}).get("results", ())]
    for event in told["events"]:
        if event["kind"] != "accepting":
            note = f": {event['note']}" if event.get("note") else ""
            lines.append(f"{event['time'][:16]}  {event['kind']} by {event['actor']}{note}")
    for one in told.get("effects", {}).get("changed", ()):
        lines.append(f"{one['query']}: {one['added']} rows come, {one['removed']} go")
    for line in lines:
        terminal.out.print(line, markup=False, soft_wrap=True, highlight=False)


def _read(path: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as exc:
        raise SourceError(f"can't be read: {exc.strerror}", path=path) from exc


def _text(path: Path) -> str:
    return _read(path).decode(errors="replace")


def _quoted(id_: str) -> str:
    return urllib.parse.quote(id_, safe="")
