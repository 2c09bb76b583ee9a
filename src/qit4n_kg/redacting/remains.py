"""What a redaction leaves of a person's name: single names in texts, names in IRIs, and files; it changes nothing."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode

from qit4n_kg.contributions.register import Register
from qit4n_kg.namespaces import compact
from qit4n_kg.redacting.keepers import redacted_record, texts_of
from qit4n_kg.store.oxigraph import OxigraphStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qit4n_kg.config import Settings
    from qit4n_kg.loading import SourceFile
    from qit4n_kg.redacting.scope import Redaction
    from qit4n_kg.store.generations import Generation

MOST = 200
"""How many of each kind are named."""


@dataclass(frozen=True)
class Remains:
    """Texts that still have a single name of the person (where), IRIs made of the whole name, and files that hold a name."""

    texts: tuple[str, ...] = ()
    iris: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


def find_remains(
    settings: Settings, generation: Generation, sources: Iterable[SourceFile], redaction: Redaction
) -> Remains:
    """Find what is left after a redaction, done or not."""
    texts: dict[str, None] = {}
    iris: set[str] = set()
    with OxigraphStore.open_read_only(generation.store_path) as store:
        for quad in redaction.quads(store.quads()):
            if isinstance(quad.object, Literal) and (hint := redaction.naming.hint_in(quad.object.value)):
                texts[f"{compact(quad.predicate.value)} of {quad.subject}: {hint}"] = None
            for term in (quad.subject, quad.object, quad.graph_name):
                if isinstance(term, NamedNode) and redaction.naming.is_in_iri(term.value):
                    iris.add(term.value)
    texts.update(dict.fromkeys(_in_contributions(settings, redaction)))
    files = tuple(source.relative for source in sources if _holds(source, redaction))
    return Remains(tuple(texts)[:MOST], tuple(sorted(iris))[:MOST], files[:MOST])


def _in_contributions(settings: Settings, redaction: Redaction) -> Iterator[str]:
    register = Register.of(settings)
    for contribution in register.all():
        for record in register.records(contribution.id):
            for where, text in texts_of(redacted_record(record, redaction)):
                if hint := redaction.naming.hint_in(text):
                    yield f"contribution {contribution.id}, {where}: {hint}"


def _holds(source: SourceFile, redaction: Redaction) -> bool:
    """Tell whether a file still holds a whole name or an address, as text or escaped."""
    with suppress(OSError, UnicodeDecodeError):
        text = source.path.read_text(encoding="utf-8")
        naming = redaction.naming
        return naming.clean(text) != text or any(json.dumps(name)[1:-1] in text for name in naming.names)
    return False
