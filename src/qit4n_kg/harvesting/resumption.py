"""Resumption tokens (OAI-PMH 2.0, section 3.5): where a list goes on, in the token itself, so that no server has to remember.

A position is a datestamp and an identifier, not a count: a record that changes meanwhile moves to the end of the order, so who goes
on finds all that they have not had, in any later generation. Tokens are signed, so that one that was cut or altered is known.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import astuple, dataclass

from qit4n_kg.errors import HarvestError

HOURS = 24
"""How long a token is good for."""
_SIGNATURE = 16
_LONGEST = 8_000


@dataclass(frozen=True)
class Position:
    """Where a list goes on: its arguments, the last record given, how many were given and how many there are in all."""

    verb: str
    prefix: str
    spec: str
    since: str
    until: str
    datestamp: str
    identifier: str
    cursor: int
    size: int
    expires: str


def write_token(position: Position, secret: str) -> str:
    """Write a position as a token."""
    text = json.dumps(astuple(position), ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_sign(text, secret) + text).decode().rstrip("=")


def read_token(token: str, verb: str, secret: str, moment: str) -> Position:
    """Read a token of this verb.

    :raises HarvestError: it is not one of ours, of another verb, or too old.
    """
    try:
        padded = token[:_LONGEST].encode("ascii") + b"=" * (-len(token[:_LONGEST]) % 4)
        content = base64.b64decode(padded, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        content = b""
    text = content[_SIGNATURE:]
    if not text or not hmac.compare_digest(content[:_SIGNATURE], _sign(text, secret)):
        raise HarvestError("badResumptionToken", "This is not a resumption token of this repository.")
    try:
        position = Position(*json.loads(text))
    except TypeError:  # signed by another version of this program
        raise HarvestError("badResumptionToken", "The token is of an earlier version. Begin the list again.") from None
    if position.verb != verb:
        raise HarvestError("badResumptionToken", f"This token is of {position.verb}, not of {verb}.")
    if position.expires < moment:
        raise HarvestError("badResumptionToken", f"The token expired at {position.expires}. Begin the list again.")
    return position


def _sign(text: bytes, secret: str) -> bytes:
    return hmac.digest(secret.encode(), text, hashlib.sha256)[:_SIGNATURE]
