"""What a setting's text may be, of each kind: a function reads it, or says in a ValueError what is wrong with it."""
# ruff: noqa: D103  (a name says what is read)

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MIB = 1024 * 1024
_EMAIL = re.compile(r"[^\s@<>\"']+@(?:[^\s@<>\"'.]+\.)+[^\s@<>\"'.]+")
_PUBLIC_URL = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
PUBLISHER = re.compile(r"([^<>]*[^<>\s])(?: <(https?://[^<>\s\"{}|\\^`]+)>)?")
"""Who publishes: a name and, in angle brackets, perhaps an address."""


def count(minimum: int, maximum: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        number = int(text)
        if not minimum <= number <= maximum:
            raise ValueError(f"not between {minimum} and {maximum}")
        return number

    return parse


def seconds(text: str) -> float:
    number = float(text)
    if not 0 < number <= 86_400:
        raise ValueError("not between 0 and 86400")
    return number


def days(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 36_525:
        raise ValueError("not between 0 and 36525")
    return number


def size(text: str) -> int:
    """Read a number of bytes, with KiB, MiB or GiB if wanted.

    >>> size("2 MiB")
    2097152
    """
    units = {"kib": 1024, "mib": MIB, "gib": 1024 * MIB}
    lowered = text.strip().lower()
    for unit, factor in units.items():
        if lowered.endswith(unit):
            return int(float(lowered.removesuffix(unit)) * factor)
    return int(lowered)


def switch(text: str) -> bool:
    try:
        return {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}[text.strip().lower()]
    except KeyError:
        raise ValueError("not on or off") from None


def base_iri(text: str) -> str:
    if not text.startswith(("http://", "https://")) or not text.endswith("/"):
        raise ValueError("not an http(s) IRI that ends in /")
    return text


def addresses(text: str) -> tuple[str, ...]:
    addresses = tuple(text.split())
    for address in addresses:
        if not address.startswith(("http://", "https://")) or address.count("/") < 3:
            raise ValueError(f"{address} is not an http(s) address with a path")
    return addresses


def public_url(text: str) -> str:
    """Read where a server is reached.

    >>> public_url("https://example.org/")
    'https://example.org'
    """
    address = text.strip().rstrip("/")
    if address and not _PUBLIC_URL.fullmatch(address):
        raise ValueError("not an http(s) address without a path")
    return address


def contact(text: str) -> str:
    """Read whom to ask: an address of e-mail, or of a page.

    >>> contact("registry@example.org")
    'mailto:registry@example.org'
    """
    plain = text.strip()
    is_page = plain.startswith(("http://", "https://"))
    mail = plain.removeprefix("mailto:")
    if not plain or is_page:
        return plain
    if mail.count("@") != 1 or any(char.isspace() or char in "<>\"'" for char in mail):
        raise ValueError("neither an e-mail address nor an http(s) address")
    return f"mailto:{mail}"


def email(text: str) -> str:
    """Read an address of e-mail, as OAI-PMH's schema wants it.

    >>> email("mailto:registry@example.org")
    'registry@example.org'
    """
    mail = text.strip().removeprefix("mailto:")
    if mail and not _EMAIL.fullmatch(mail):
        raise ValueError("not an e-mail address")
    return mail


def publisher(text: str) -> str:
    """Read who publishes: a name, with a page's address in angle brackets if wanted.

    >>> publisher("A Standards Body <https://example.org/>")
    'A Standards Body <https://example.org/>'
    """
    plain = " ".join(text.split())
    if plain and not PUBLISHER.fullmatch(plain):
        raise ValueError("not a name with, if wanted, an http(s) address in <> behind it")
    return plain


def path(text: str) -> Path:
    return Path(text).expanduser()
