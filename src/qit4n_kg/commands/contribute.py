"""`qit4n-kg contribute …`: contributions on a server, with a token; the server decides everything.

The token comes from the environment (QIT4N_TOKEN), so that it stands in no list of processes. Exit codes: 0 done, 1 the server says
no (a problem, violations, conflicts), 2 wrong usage or an unreadable file.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, NoReturn

import click

from qit4n_kg.commands import terminal
from qit4n_kg.errors import AccessError, ParameterError, RemoteEndpointError, SourceError
from qit4n_kg.formats import READABLE, by_name

_TIMEOUT = 300.0
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


@contribute.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("-m", "--message", required=True, metavar="TEXT", help="What it is about.")
@click.option("-e", "--evidence", multiple=True, metavar="TEXT", help="A document's address, or how you know.")
@click.option("--retract", type=click.Path(path_type=Path), metavar="FILE", help="Turtle: statements to take back.")
@click.option("--consent", is_flag=True, help="You consent that it is published under CC BY 4.0; needed.")
@click.option("--generation", type=int, metavar="N", help="The generation that you have seen (the current one).")
@click.option("--key", metavar="TEXT", help="Sent again with the same key, it is not taken twice.")
@_as_json
@_endpoint
def submit(endpoint: str, is_json: bool, files: tuple[Path, ...], retract: Path | None, **given: Any) -> None:
    """Submit FILES of statements to add (Turtle, JSON-LD, RDF/XML, N-Triples, CSV, XLSX)."""
    if not files and retract is None:
        raise ParameterError("There is nothing to submit.", hint="Name a file, or --retract.")
    if not given["consent"]:
        raise ParameterError("A contribution needs consent to its licence.", hint="Add --consent.")
    fields = [("message", given["message"]), ("licence", "CC-BY-4.0")]
    fields += [("evidence", one) for one in given["evidence"]]
    fields += [(name, str(given[name])) for name in ("generation", "key") if given[name] is not None]
    if retract is not None:
        fields.append(("retracts", _read(retract).decode(errors="replace")))
    body, kind = _multipart(fields, [(path, _read(path)) for path in files])
    told = _call(endpoint, "POST", "/contributions", body, kind)
    _print(told, is_json=is_json)


@contribute.command("list")
@click.option("--state", metavar="NAME", help="Only those that are pending, accepted, rejected or withdrawn.")
@_as_json
@_endpoint
def list_(endpoint: str, is_json: bool, state: str | None) -> None:
    """List contributions, the newest first."""
    query = f"?{urllib.parse.urlencode({'state': state})}" if state else ""
    told = _call(endpoint, "GET", f"/contributions{query}")
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
    told = _call(endpoint, "GET", f"/contributions/{_quoted(id_)}")
    if effects:
        told["effects"] = _call(endpoint, "GET", f"/contributions/{_quoted(id_)}/effects")
    _print(told, is_json=is_json)


def _decision(name: str, help_text: str) -> None:
    @contribute.command(name, help=help_text)
    @click.argument("id_", metavar="ID")
    @_note
    @_as_json
    @_endpoint
    def decide(endpoint: str, is_json: bool, id_: str, note: str) -> None:
        path = f"/contributions/{_quoted(id_)}"
        body = json.dumps({"note": note}).encode()
        tag = _call(endpoint, "GET", path)["etag"] if name == "accept" else None
        _print(_call(endpoint, "POST", f"{path}/{name}", body, "application/json", tag), is_json=is_json)


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
    lines += [f"Conflict: {one}" for one in told["conflicts"]]
    lines += [_finding(one) for one in (told["report"] or {}).get("results", ())]
    for event in told["events"]:
        if event["kind"] != "accepting":
            note = f": {event['note']}" if event.get("note") else ""
            lines.append(f"{event['time'][:16]}  {event['kind']} by {event['actor']}{note}")
    for one in told.get("effects", {}).get("changed", ()):
        lines.append(f"{one['query']}: {one['added']} rows come, {one['removed']} go")
    for line in lines:
        terminal.out.print(line, markup=False, soft_wrap=True, highlight=False)


def _finding(one: dict[str, Any]) -> str:
    place = ":".join(str(one[name]) for name in ("file", "line", "column") if one.get(name) is not None)
    return f"{place}{': ' if place else ''}{one['severity']}: {one['message']} ({one['focus']})"


def _call(
    endpoint: str, method: str, path: str, body: bytes | None = None, kind: str | None = None, tag: str | None = None
) -> dict[str, Any]:
    """Ask the server and return its JSON; a problem ends the command."""
    if not endpoint.startswith(("http://", "https://")):
        raise ParameterError(f"{endpoint!r} is not an http(s) address.")
    request = urllib.request.Request(f"{endpoint.rstrip('/')}{path}", body, method=method)  # noqa: S310
    request.add_header("Accept", "application/json")
    if kind:
        request.add_header("Content-Type", kind)
    if tag:
        request.add_header("If-Match", f'"{tag}"')
    if token := os.environ.get("QIT4N_TOKEN"):
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:  # noqa: S310
            told: dict[str, Any] = json.loads(response.read())
            return told
    except urllib.error.HTTPError as exc:
        with exc:
            _refused(exc.code, exc.read())
    except (OSError, ValueError) as exc:
        raise RemoteEndpointError(f"{endpoint} can't be reached, or is no such server: {exc}.") from exc


def _refused(status: int, body: bytes) -> NoReturn:
    """Say why the server refused, and end."""
    try:
        problem = json.loads(body)
    except ValueError:
        raise RemoteEndpointError(f"The server answers with status {status}.") from None
    for one in (problem.get("report") or {}).get("results", ()):
        terminal.err.print(_finding(one), markup=False, soft_wrap=True)
    for one in problem.get("conflicts", ()):
        terminal.err.print(f"Conflict: {one}", markup=False, soft_wrap=True)
    message = problem.get("detail") or f"The server answers with status {status}."
    if status == 401 and "QIT4N_TOKEN" not in os.environ:
        raise AccessError(message, hint="Put a token into the environment variable QIT4N_TOKEN.")
    place = f" (line {problem['line']}, column {problem.get('column')})" if problem.get("line") else ""
    raise RemoteEndpointError(f"{message.rstrip('.')}{place}.", hint=problem.get("hint"))


def _read(path: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as exc:
        raise SourceError(f"can't be read: {exc.strerror}", path=path) from exc


def _multipart(fields: list[tuple[str, str]], files: list[tuple[Path, bytes]]) -> tuple[bytes, str]:
    """Write a form (RFC 7578); return it and its Content-Type."""
    boundary = f"----{os.urandom(16).hex()}"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields
    ]
    for path, content in files:
        form = by_name(path.suffix.lstrip(".") or "ttl", READABLE)
        if form is None:
            known = ", ".join(f".{one.extension}" for one in READABLE)
            raise SourceError("The format is not known.", path=path, hint=f"Known: {known}.")
        name = urllib.parse.quote(f"{path.stem}.{form.extension}" if str(path) != "-" else "standard-input.ttl")
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        parts.append(f"{head}Content-Type: {form.media_type}\r\n\r\n".encode() + content + b"\r\n")
    return b"".join([*parts, f"--{boundary}--\r\n".encode()]), f"multipart/form-data; boundary={boundary}"


def _quoted(id_: str) -> str:
    return urllib.parse.quote(id_, safe="")
