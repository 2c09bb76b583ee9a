"""Records in a file of lines, each with its own digest, so that a torn or altered one is known for what it is; opens no file.

A line is the SHA-256 of its JSON text, a space and that text.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any


def seal(record: dict[str, Any]) -> bytes:
    r"""Write a record as a line.

    >>> unseal(seal({"a": 1}))
    {'a': 1}
    """
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
    return hashlib.sha256(text).hexdigest().encode() + b" " + text + b"\n"


def unseal(line: bytes) -> dict[str, Any] | None:
    """Return a line's record, None where the line is not whole.

    >>> unseal(seal({"a": 1})[:-1]) is None
    True
    """
    claimed, _, text = line.rstrip(b"\n").partition(b" ")
    if not line.endswith(b"\n") or hashlib.sha256(text).hexdigest().encode() != claimed:
        return None
    record: dict[str, Any] = json.loads(text)
    return record


def seal_of(line: bytes) -> str:
    """Return the digest that a line begins with."""
    return line.partition(b" ")[0].decode()
