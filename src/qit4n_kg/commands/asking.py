"""A server of ours asked by a command, with the token of QIT4N_TOKEN: its JSON, or its problem as an error of the command.

The token comes from the environment, so that it stands in no list of processes.
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any, NoReturn

from qit4n_kg.commands import terminal
from qit4n_kg.errors import AccessError, ParameterError, RemoteEndpointError
from qit4n_kg.findings import write_finding

if TYPE_CHECKING:
    from collections.abc import Sequence

_TIMEOUT = 300.0


def ask(
    endpoint: str, method: str, path: str, body: bytes | None = None, kind: str | None = None, tag: str | None = None
) -> dict[str, Any]:
    """Ask the server and return its JSON.

    :raises AccessError: it wants a token.
    :raises RemoteEndpointError: it can't be reached, or says no; what the shapes found is printed before.
    """
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
        terminal.err.print(write_finding(one), markup=False, soft_wrap=True)
    for one in problem.get("conflicts", ()):
        terminal.err.print(f"Conflict: {one}", markup=False, soft_wrap=True)
    message = problem.get("detail") or f"The server answers with status {status}."
    if status == 401 and "QIT4N_TOKEN" not in os.environ:
        raise AccessError(message, hint="Put a token into the environment variable QIT4N_TOKEN.")
    place = ":".join(str(problem[name]) for name in ("file", "line", "column") if problem.get(name) is not None)
    raise RemoteEndpointError(f"{place}{': ' if place else ''}{message}", hint=problem.get("hint"))


def multipart(fields: Sequence[tuple[str, str]], files: Sequence[tuple[str, str, bytes]]) -> tuple[bytes, str]:
    """Write a form (RFC 7578) of fields and of files (name, media type, content); return it and its Content-Type."""
    boundary = f"----{os.urandom(16).hex()}"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields
    ]
    for name, kind, content in files:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{urllib.parse.quote(name)}"\r\n'
        parts.append(f"{head}Content-Type: {kind}\r\n\r\n".encode() + content + b"\r\n")
    return b"".join([*parts, f"--{boundary}--\r\n".encode()]), f"multipart/form-data; boundary={boundary}"
