"""Where an IRI leads from a page of this server: our things, the ontology's terms and named graphs stay here; pure.

Another IRI becomes a link only with a scheme that is safe to follow, so that data can't plant `javascript:` in a page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

from qit4n_kg.namespaces import STDORG
from qit4n_kg.web.links import local_path

if TYPE_CHECKING:
    from qit4n_kg.config import Settings
    from qit4n_kg.panels import Panel

_SCHEMES = frozenset(("http", "https", "mailto"))


@dataclass(frozen=True)
class Target:
    """A link's address; `is_local` means on this server."""

    href: str
    is_local: bool


def target(iri: str, settings: Settings, passage: Panel) -> Target | None:
    """Return where an IRI leads, None where it should be plain text; `passage` is the query that shows a named graph."""
    if (path := local_path(iri, settings)) is not None:
        return Target(path, True)
    if iri.startswith(STDORG) and len(iri) > len(STDORG):
        return Target(f"/ontology#{quote(iri.removeprefix(STDORG))}", True)
    if iri.startswith(settings.graph_base):
        return Target(sparql_path(passage.shown(iri)), True)
    try:
        parts = urlsplit(iri)
    except ValueError:
        return None
    is_safe = parts.scheme in _SCHEMES and (parts.scheme == "mailto" or bool(parts.netloc))
    return Target(iri, False) if is_safe else None


def sparql_path(query: str) -> str:
    """Return the path that opens the query form with a text.

    >>> sparql_path("ASK {}")
    '/sparql?query=ASK+%7B%7D'
    """
    return f"/sparql?{urlencode({'query': query})}"
