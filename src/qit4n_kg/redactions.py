"""Whose texts were redacted: a list beside the journal, and what it makes of statements.

    journal/redactions.json    for each thing: when, by whom, why; never what was redacted

A text (a plain or a language-tagged literal) of such a thing reads "(redacted)"; numbers and dates stay, links stay where they lead
to something of the registry (`home`). Of other things only texts that held a name are listed, each as a digest and what it reads
instead (`texts`). Files that still hold the text are read as if they did not.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from pyoxigraph import Literal, NamedNode, Quad

from qit4n_kg.errors import StateError
from qit4n_kg.namespaces import RDF, XSD
from qit4n_kg.naming import TOMBSTONE
from qit4n_kg.store.disk import make_folder, sync

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_NAME = "redactions.json"
_TEXTS = (f"{XSD}string", f"{RDF}langString")
ADDRESSES = ("mailto:", "tel:")
_TYPE = NamedNode(f"{RDF}type")


def read_redactions(folder: Path) -> dict[str, dict[str, Any]]:
    """Return what was redacted, by IRI.

    :raises StateError: the list can't be read.
    """
    path = folder / _NAME
    try:
        found: dict[str, dict[str, Any]] = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as exc:
        raise StateError(f"The list of redactions {path} can't be read.", hint="Restore it from a backup.") from exc
    return found


def write_redactions(folder: Path, redactions: Mapping[str, Any]) -> None:
    """Replace the list, whole or not at all."""
    make_folder(folder)
    new = folder / f"{_NAME}.new"
    new.write_text(json.dumps(redactions, indent=1) + "\n", encoding="utf-8")
    sync(new)
    new.replace(folder / _NAME)
    sync(folder)


def redacted_things(redactions: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Return the things whose texts are all redacted, without those that only named one.

    >>> redacted_things({"x:person": {"time": "…"}, "x:question": {"texts": {}}})
    {'x:person'}
    """
    return {iri for iri, record in redactions.items() if "texts" not in record}


def digest_of(redactions: Mapping[str, Mapping[str, Any]]) -> str:
    """Return what stands for a list of redactions, nothing for none.

    >>> digest_of({})
    ''
    """
    if not redactions:
        return ""
    deciding = {iri: [record.get("home"), record.get("texts")] for iri, record in redactions.items()}
    return hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()


def is_text(term: object) -> bool:
    """Tell whether a term is a text that a person may be known by."""
    return isinstance(term, Literal) and term.datatype.value in _TEXTS


def statement_digest(quad: Quad) -> str:
    """Return what stands for a text of a thing."""
    return hashlib.sha256(f"{quad.subject} {quad.predicate} {quad.object}".encode()).hexdigest()


def with_text(quad: Quad, text: str) -> Quad:
    """Return a statement with another text, in the same language."""
    assert isinstance(quad.object, Literal)
    return Quad(quad.subject, quad.predicate, Literal(text, language=quad.object.language), quad.graph_name)


def leads_out(quad: Quad, home: str | None) -> bool:
    """Tell whether a link leads to a person: an address of mail or telephone, or, of a thing with a home, anything outside it."""
    if quad.predicate == _TYPE or not isinstance(quad.object, NamedNode):
        return False
    iri = quad.object.value
    return iri.startswith(ADDRESSES) or (home is not None and not iri.startswith(home))


def redact(quads: Iterable[Quad], redactions: Mapping[str, Mapping[str, Any]]) -> Iterator[Quad]:
    """Yield quads as redacted: those that have become the same once, others as they come."""
    seen: set[Quad] = set()
    for quad in quads:
        record = redactions.get(quad.subject.value) if isinstance(quad.subject, NamedNode) else None
        if record is None:
            yield quad
            continue
        changed = _redacted(quad, record)
        if changed is not None and changed not in seen:
            seen.add(changed)
            yield changed


def _redacted(quad: Quad, record: Mapping[str, Any]) -> Quad | None:
    """Return what a statement of a redacted thing reads, None where it goes."""
    texts = record.get("texts")
    if texts is not None:
        instead = texts.get(statement_digest(quad)) if is_text(quad.object) else None
        return quad if instead is None else with_text(quad, instead)
    if is_text(quad.object):
        return with_text(quad, TOMBSTONE)
    return None if leads_out(quad, record.get("home")) else quad
