"""Where an IRI leads on this server, and how it is shown; pure.

A server at another address than its base IRI still links locally: `{base}id/x` is shown at `/doc/x`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from qit4n_kg.namespaces import compact, prefixes

if TYPE_CHECKING:
    from qit4n_kg.config import Settings


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
