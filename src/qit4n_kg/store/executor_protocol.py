"""What a pool and its query processes say to each other over a socket pair; no process and no store is touched here.

A message is eight and four bytes of lengths, a JSON header and raw bytes. Nothing is unpickled: what a query process
answers is data. Terms travel as N-Triples, so that datatype, language, direction and triple terms survive.
"""

from __future__ import annotations

import json
import socket
import struct
import time
from typing import TYPE_CHECKING, Any

from pyoxigraph import RdfFormat as EngineFormat
from pyoxigraph import parse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qit4n_kg.store.base import Term

INLINE_BYTES = 256 * 1024
"""A result up to this size travels in the message; a larger one is a file whose descriptor travels."""

_LENGTHS = struct.Struct("!QI")
_CHUNK = 16 * 1024  # from 64 KiB on malloc tidies up whenever such a piece is freed: a tenth of a small query's time
_MOST_FILES = 2


class Disconnected(Exception):  # noqa: N818  (a state of the connection, handled on both sides; never shown to anyone)
    """The other side is gone."""


def encode_term(term: Term) -> str:
    """Write a term as N-Triples."""
    return str(term)


def decode_term(text: str) -> Term:
    """Read a term from N-Triples.

    >>> decode_term('"x"@en').language
    'en'
    """
    line = f"<x:s> <x:p> {text} ."
    term: Term = next(iter(parse(line, format=EngineFormat.N_TRIPLES))).object
    return term


def send(
    connection: socket.socket, header: Mapping[str, Any], body: bytes = b"", descriptors: Sequence[int] = ()
) -> None:
    """Send one message, with open files if wanted.

    :raises Disconnected: the other side is gone.
    """
    text = json.dumps(header).encode()
    start = _LENGTHS.pack(len(body), len(text)) + text
    try:
        if descriptors:
            sent = socket.send_fds(connection, [start], list(descriptors))
            connection.sendall(start[sent:] + body)
        else:
            connection.sendall(start + body)
    except TimeoutError:
        raise
    except OSError as exc:
        raise Disconnected from exc


def receive(connection: socket.socket, deadline: float | None = None) -> tuple[dict[str, Any], bytes, list[int]]:
    """Receive one message: its header, its bytes and the open files that came with it.

    :param deadline: an instant of `time.monotonic()`.
    :raises Disconnected: the other side is gone.
    :raises TimeoutError: the deadline passed first.
    """
    data = bytearray()
    files: list[int] = []
    needed = _LENGTHS.size
    header_end = 0
    while len(data) < needed:
        _allow_until(connection, deadline)
        try:
            chunk, received, _, _ = socket.recv_fds(connection, max(_CHUNK, needed - len(data)), _MOST_FILES)
        except TimeoutError:
            raise
        except OSError as exc:
            raise Disconnected from exc
        files.extend(received)
        if not chunk:
            raise Disconnected
        data += chunk
        if not header_end and len(data) >= _LENGTHS.size:
            body_length, header_length = _LENGTHS.unpack_from(data)
            header_end = _LENGTHS.size + header_length
            needed = header_end + body_length
    header: dict[str, Any] = json.loads(data[_LENGTHS.size : header_end].decode())
    return header, bytes(memoryview(data)[header_end:]), files


def _allow_until(connection: socket.socket, deadline: float | None) -> None:
    if deadline is None:
        connection.settimeout(None)
        return
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError
    connection.settimeout(remaining)
