"""Where a generation is from that was not built here: a mirror's manifest says it in `inputs`, in one line of text; pure.

So it moves together with the data by one atomic step, and whoever reads the copy knows whose it is, which generation of theirs,
and what they say of it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

_WORD = "mirror "


@dataclass(frozen=True)
class Origin:
    """The source's generation that a mirror holds, and where in the source's feed it ends."""

    stream: str
    """The IRI of the feed's epoch."""
    number: int
    """The number of the feed's entry that ends the generation."""
    generation: int
    built_at: str
    """When the source built it (ISO 8601, UTC)."""
    licence: str | None
    """The licence of the data as the source states it."""
    publisher: str
    """Who publishes them, as the source's setting has it; empty where nobody is named."""

    @property
    def base_iri(self) -> str:
        """The source's base IRI, which its stream is named by.

        >>> Origin("https://w3id.org/qit4n/feed/e1", 7, 2, "2026-01-02T03:04:05Z", None, "").base_iri
        'https://w3id.org/qit4n/'
        """
        return f"{self.stream.rpartition('/feed/')[0]}/"

    def write(self) -> str:
        """Return it as text."""
        return _WORD + json.dumps(asdict(self), sort_keys=True)


def read_origin(text: str) -> Origin | None:
    """Read what `write` wrote, None where it is something else.

    >>> read_origin(Origin("https://example.org/feed/e", 7, 2, "2026-01-02T03:04:05Z", None, "").write()).number
    7
    >>> read_origin("sha256:1") is None
    True
    """
    if not text.startswith(_WORD):
        return None
    try:
        return Origin(**json.loads(text.removeprefix(_WORD)))
    except (ValueError, TypeError):
        return None
