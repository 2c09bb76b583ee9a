"""Names in OAI-PMH: identifiers of items (guidelines for the scheme `oai:`), setSpecs; pure.

A name follows from an IRI alone, and two IRIs never have the same identifier.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

_HOST = re.compile(r"[a-zA-Z][a-zA-Z0-9-]*(?:\.[a-zA-Z][a-zA-Z0-9-]*)+")
_LOCAL = "-_.!~*'();/?:@&=+$,"
_IN_SET = re.compile(r"[^A-Za-z0-9\-_.!*'()]")
_BODY = "body/"
SET_SPEC = re.compile(r"[A-Za-z0-9\-_.!~*'()]+(?::[A-Za-z0-9\-_.!~*'()]+)*")
PREFIX = re.compile(r"[A-Za-z0-9\-_.!~*'()]+")


def repository_of(base_iri: str) -> str | None:
    """Return the repository's name in the scheme `oai:`, the host of the base IRI; None where that is no domain name.

    >>> repository_of("https://w3id.org/qit4n/"), repository_of("http://127.0.0.1:8000/")
    ('w3id.org', None)
    """
    host = urlsplit(base_iri).hostname or ""
    return host if _HOST.fullmatch(host) and urlsplit(base_iri).port is None else None


def identifier_of(iri: str, base_iri: str) -> str:
    """Return an item's identifier: `oai:`, host and the rest of its IRI, or the IRI itself where the host is no domain name.

    >>> identifier_of("https://w3id.org/qit4n/id/fg-x/deliverable/d1.1", "https://w3id.org/qit4n/")
    'oai:w3id.org:qit4n/id/fg-x/deliverable/d1.1'
    >>> identifier_of("https://example.org/d", "https://w3id.org/qit4n/")
    'oai:w3id.org:https://example.org/d'
    """
    repository = repository_of(base_iri)
    if repository is None:
        return quote(iri, safe=f"{_LOCAL}#[]%")
    start = base_iri[: base_iri.index("/", base_iri.index("//") + 2) + 1]
    return f"oai:{repository}:{quote(iri.removeprefix(start), safe=_LOCAL)}"


def set_of(iri: str, id_base: str) -> str:
    """Return the part of a setSpec that a thing is named by: its local name, each step a level; bodies without `body/`.

    >>> set_of("https://w3id.org/qit4n/id/fg-x/wg1", "https://w3id.org/qit4n/id/")
    'fg-x:wg1'
    >>> set_of("https://w3id.org/qit4n/id/body/sg13", "https://w3id.org/qit4n/id/"), set_of("urn:x y", "https://w3id.org/")
    ('sg13', 'urn~3Ax~20y')
    """
    if not iri.startswith(id_base) or iri == id_base:
        return _escape(iri)
    steps = iri.removeprefix(id_base).removeprefix(_BODY).split("/")
    return ":".join(_escape(step) for step in steps if step) or _escape(iri)


def ancestors_of(spec: str) -> list[str]:
    """Return a setSpec's own and those above it.

    >>> ancestors_of("group:fg-x:wg1")
    ['group', 'group:fg-x', 'group:fg-x:wg1']
    """
    steps = spec.split(":")
    return [":".join(steps[:count]) for count in range(1, len(steps) + 1)]


def _escape(text: str) -> str:
    return _IN_SET.sub(lambda match: "".join(f"~{byte:02X}" for byte in match[0].encode()), text)
