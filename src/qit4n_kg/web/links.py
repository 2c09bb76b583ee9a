"""Where an IRI leads from a page of this server, and how it is shown; pure.

A server at another address than its base IRI still links locally: `{base}id/x` is shown at `/doc/x`; the ontology's terms and named
graphs stay here too. Another IRI becomes a link only with a scheme that is safe to follow, so that data can't plant `javascript:`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

from qit4n_kg.namespaces import STDORG, compact, prefixes

if TYPE_CHECKING:
    from qit4n_kg.config import Settings

_SCHEMES = frozenset(("http", "https", "mailto"))


def local_path(iri: str, settings: Settings) -> str | None:
    """Return the path of the page of one of our things, None for an IRI of others.

    >>> from qit4n_kg.config import load_settings
    >>> local_path("https://w3id.org/qit4n/id/person/kaoru-kenyoshi", load_settings({}))
    '/doc/person/kaoru-kenyoshi'
    >>> local_path("https://example.org/x", load_settings({})) is None
    True
    """
    local = iri.removeprefix(settings.id_base)
    return f"/doc/{quote(local)}" if local and local != iri else None


def short_name(iri: str, settings: Settings) -> str:
    """Shorten an IRI for reading: a prefixed name where one fits, slashes of our own local names kept.

    >>> from qit4n_kg.config import load_settings
    >>> short_name("https://w3id.org/qit4n/id/fg-qit4n/wg1", load_settings({}))
    'id:fg-qit4n/wg1'
    """
    for prefix, base in (("id", settings.id_base), ("graph", settings.graph_base)):
        if iri.startswith(base) and len(iri) > len(base):
            return f"{prefix}:{iri.removeprefix(base)}"
    return compact(iri, prefixes(settings.base_iri))


@dataclass(frozen=True)
class Target:
    """A link's address; `is_local` means on this server."""

    href: str
    is_local: bool


def target(iri: str, settings: Settings) -> Target | None:
    """Return where an IRI leads, None where it should be plain text."""
    if (path := local_path(iri, settings)) is not None:
        return Target(path, True)
    if iri.startswith(STDORG) and len(iri) > len(STDORG):
        return Target(f"/ontology#{quote(iri.removeprefix(STDORG))}", True)
    if iri.startswith(settings.graph_base) and len(iri) > len(settings.graph_base):
        return Target(f"/passage/{quote(iri.removeprefix(settings.graph_base))}", True)
    away = outward(iri)
    return None if away is None else Target(away, False)


def outward(iri: str) -> str | None:
    """Return where an IRI that is not ours may lead: http, https and mailto as they are, doi through its resolver; nowhere else.

    >>> outward("doi:10.1000/182"), outward("javascript:alert(1)"), outward("https:/x")
    ('https://doi.org/10.1000/182', None, None)
    """
    try:
        parts = urlsplit(iri)
    except ValueError:
        return None
    if parts.scheme == "doi":
        return f"https://doi.org/{quote(parts.path, safe='/:;().-_')}" if parts.path.startswith("10.") else None
    is_safe = parts.scheme in _SCHEMES and (parts.scheme == "mailto" or bool(parts.netloc))
    return iri if is_safe else None


def sparql_path(query: str) -> str:
    """Return the path that opens the query form with a text.

    >>> sparql_path("ASK {}")
    '/sparql?query=ASK+%7B%7D'
    """
    return f"/sparql?{urlencode({'query': query})}"
