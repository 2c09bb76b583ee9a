"""Fetching from other servers: only from addresses that a setting allows, and never from inside this network by accident.

The engine's own SERVICE and LOAD would reach anything, loopback and cloud metadata included, so they are refused or go through
here. Allowed is what `QIT4N_ALLOW_REMOTE` lists. After the name is resolved every address must be a public one, unless the list has
that very address as its host; the connection goes to the address that was checked, so that a second answer of the name server
changes nothing. Each redirect is a new address and passes the same checks. One deadline covers all of it, and a body over its bound
is an error.
Specs: RFC 9110 section 15.4 (redirects), RFC 6890 (special-purpose addresses).
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urljoin, urlsplit

from qit4n_kg.errors import RemoteEndpointError, RemoteRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from qit4n_kg.config import Settings

_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5
_PORTS = {"http": 80, "https": 443}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
SETTING = "QIT4N_ALLOW_REMOTE"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class Policy:
    """What may be fetched: the allowed addresses, the seconds and the bytes that one fetch may take."""

    allowed: tuple[str, ...]
    timeout: float
    size: int

    @classmethod
    def of(cls, settings: Settings) -> Policy:
        """Take it from the settings."""
        return cls(settings.allow_remote, settings.remote_timeout, settings.remote_bytes)

    def check(self, url: str, purpose: str) -> SplitResult:
        """Make sure that an address is on the list; nothing is resolved or opened.

        :raises RemoteRefusedError: it is not, and how it could be.
        """
        parts = _split(url)
        if parts is not None and any(_covers(entry, parts) for entry in self.allowed):
            return parts
        raise RemoteRefusedError(
            f"{purpose} <{url[:300]}> is refused: this server reaches only addresses that it is told to.",
            hint=f"Its administrator can add the address to the setting {SETTING}.",
        )

    def lists(self, host: str) -> bool:
        """Tell whether an entry has exactly this host."""
        return any(urlsplit(entry).hostname == host for entry in self.allowed)


@dataclass(frozen=True)
class Fetched:
    """What an address answered; `url` is the address after redirects."""

    url: str
    media_type: str
    content: bytes


def fetch(url: str, policy: Policy, *, purpose: str, headers: Mapping[str, str], body: bytes | None = None) -> Fetched:
    """Get an address, or send `body` to it.

    :raises RemoteRefusedError: the address, or one that it leads to, is not allowed.
    :raises RemoteEndpointError: it does not answer in time, not with success, or with too much.
    """
    deadline = time.monotonic() + policy.timeout
    for _ in range(_MOST_REDIRECTS + 1):
        parts = policy.check(url, purpose)
        answer = _ask(url, parts, policy, deadline, headers, body, purpose)
        if isinstance(answer, Fetched):
            return answer
        url = urljoin(url, answer)
    raise RemoteEndpointError(f"{purpose} <{url}> failed: more than {_MOST_REDIRECTS} redirects.")


def is_public(address: Address) -> bool:
    """Tell whether an address lies on the public internet; one that wraps an IPv4 address is judged by that.

    >>> [is_public(ipaddress.ip_address(text)) for text in ("127.0.0.1", "::ffff:10.0.0.1", "169.254.169.254", "8.8.8.8")]
    [False, False, False, True]
    """
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _split(url: str) -> SplitResult | None:
    """Return an address's parts, None where it is not a plain absolute http(s) address."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    segments = parts.path.lower().replace("%2e", ".").split("/")
    is_plain = (
        parts.scheme in _PORTS
        and parts.hostname
        and "@" not in parts.netloc
        and port != 0
        and "\\" not in url
        and not any(character.isspace() or ord(character) < 33 for character in url)
        and ".." not in segments
        and "." not in segments
    )
    return parts if is_plain else None


def _covers(entry: str, parts: SplitResult) -> bool:
    allowed = _split(entry)
    if allowed is None:
        return False
    is_same_server = (allowed.scheme, allowed.hostname, _port(allowed)) == (parts.scheme, parts.hostname, _port(parts))
    if allowed.path.endswith("/") and not allowed.query:
        return is_same_server and (parts.path or "/").startswith(allowed.path)
    return is_same_server and (allowed.path, allowed.query) == (parts.path, parts.query)


def _port(parts: SplitResult) -> int:
    return parts.port or _PORTS[parts.scheme]


def _resolve(parts: SplitResult, deadline: float) -> list[Address]:
    """Return the addresses of a host, in the order to try; the system's resolver has no deadline, so a thread waits for it."""
    found: list[Address] = []
    problem: list[OSError] = []

    def ask() -> None:
        try:
            infos = socket.getaddrinfo(parts.hostname, _port(parts), type=socket.SOCK_STREAM)
            found.extend(dict.fromkeys(ipaddress.ip_address(str(info[4][0]).partition("%")[0]) for info in infos))
        except (OSError, UnicodeError) as exc:
            problem.append(exc if isinstance(exc, OSError) else OSError(str(exc)))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(max(0.0, deadline - time.monotonic()))
    if thread.is_alive():
        raise TimeoutError("its name could not be resolved in time")
    if problem:
        raise problem[0]
    return found


def _checked(addresses: Iterable[Address], parts: SplitResult, policy: Policy, purpose: str) -> list[Address]:
    """Return the addresses if every one may be reached."""
    addresses = list(addresses)
    host = parts.hostname or ""
    try:
        is_literal = ipaddress.ip_address(host) in addresses and policy.lists(host)
    except ValueError:
        is_literal = False
    if not is_literal and not all(is_public(address) for address in addresses):
        raise RemoteRefusedError(
            f"{purpose} <{parts.geturl()[:300]}> is refused: {host} is not on the public internet.",
            hint=f"If that is meant, its administrator can list it in {SETTING} by its address, not by its name.",
        )
    return addresses


def _ask(
    url: str,
    parts: SplitResult,
    policy: Policy,
    deadline: float,
    headers: Mapping[str, str],
    body: bytes | None,
    purpose: str,
) -> Fetched | str:
    """Make one request: what came, or where it leads."""
    try:
        addresses = _checked(_resolve(parts, deadline), parts, policy, purpose)
        connection = _connect(parts, addresses, deadline)
        # Its timeout covers one read only, and a server may send a byte at a time: at the deadline the line is cut.
        watch = threading.Timer(_remaining(deadline), _hang_up, [connection.sock])
        watch.daemon = True
        watch.start()
        try:
            path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
            connection.request("GET" if body is None else "POST", path, body=body, headers=dict(headers))
            response = connection.getresponse()
            location = response.headers.get("Location")
            if response.status in _REDIRECTS and location:
                return location
            if not 200 <= response.status < 300:
                raise RemoteEndpointError(f"{purpose} <{url}> failed: it answered {response.status}.")
            content = response.read(policy.size + 1)
            _remaining(deadline)
            if len(content) > policy.size:
                raise RemoteEndpointError(f"{purpose} <{url}> failed: the answer is larger than {policy.size} bytes.")
            return Fetched(url, response.headers.get_content_type(), content)
        finally:
            watch.cancel()
            connection.close()
    except (OSError, http.client.HTTPException) as exc:
        if not isinstance(exc, TimeoutError) and time.monotonic() < deadline:
            raise RemoteEndpointError(f"{purpose} <{url}> failed: {exc}.") from exc
        raise RemoteEndpointError(f"{purpose} <{url}> failed: no whole answer in {policy.timeout:g} seconds.") from exc


def _connect(parts: SplitResult, addresses: list[Address], deadline: float) -> http.client.HTTPConnection:
    """Connect to the first address that answers, by that address and not by its name."""
    problem: OSError = OSError("its name has no address")
    for address in addresses:
        try:
            plain = socket.create_connection((str(address), _port(parts)), timeout=_remaining(deadline))
        except OSError as exc:
            problem = exc
            continue
        connection = http.client.HTTPConnection(parts.hostname or "", _port(parts))
        connection.sock = plain
        if parts.scheme == "https":
            context = ssl.create_default_context()
            connection.sock = context.wrap_socket(plain, server_hostname=parts.hostname)
        if _port(parts) == _PORTS[parts.scheme]:
            connection.port = 80  # so that the Host header has no port
        return connection
    raise problem


def _hang_up(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


def _remaining(deadline: float) -> float:
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError("the deadline passed")
    return remaining
