"""Whose texts were redacted: a list beside the journal, and what it makes of statements.

    journal/redactions.json    for each thing: when, by whom, why; never what was redacted

A text (a plain or a language-tagged literal) of such a thing reads "(redacted)"; numbers, dates and links stay. Files that still
hold the text are read as if they did not.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from pyoxigraph import Literal, NamedNode, Quad

from qit4n_kg.errors import StateError
from qit4n_kg.namespaces import RDF, XSD
from qit4n_kg.store.disk import make_folder, sync

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator
    from pathlib import Path

TOMBSTONE = "(redacted)"
_NAME = "redactions.json"
_TEXTS = (f"{XSD}string", f"{RDF}langString")


def read_redactions(folder: Path) -> dict[str, dict[str, str]]:
    """Return what was redacted, by IRI.

    :raises StateError: the list can't be read.
    """
    path = folder / _NAME
    try:
        found: dict[str, dict[str, str]] = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as exc:
        raise StateError(f"The list of redactions {path} can't be read.", hint="Restore it from a backup.") from exc
    return found


def write_redactions(folder: Path, redactions: dict[str, Any]) -> None:
    """Replace the list, whole or not at all."""
    make_folder(folder)
    new = folder / f"{_NAME}.new"
    new.write_text(json.dumps(redactions, indent=1) + "\n", encoding="utf-8")
    sync(new)
    new.replace(folder / _NAME)
    sync(folder)


def digest_of(redactions: Iterable[str]) -> str:
    """Return what stands for a list of redacted things, nothing for none.

    >>> digest_of([])
    ''
    """
    listed = sorted(redactions)
    return hashlib.sha256("\n".join(listed).encode()).hexdigest() if listed else ""


def is_text(term: object) -> bool:
    """Tell whether a term is a text that a person may be known by."""
    return isinstance(term, Literal) and term.datatype.value in _TEXTS


def redact(quads: Iterable[Quad], things: Container[str]) -> Iterator[Quad]:
    """Yield quads with the texts of some things redacted, each once."""
    seen = set()
    for quad in quads:
        if isinstance(quad.subject, NamedNode) and quad.subject.value in things and is_text(quad.object):
            assert isinstance(quad.object, Literal)
            quad = Quad(  # noqa: PLW2901
                quad.subject, quad.predicate, Literal(TOMBSTONE, language=quad.object.language), quad.graph_name
            )
            if quad in seen:
                continue
            seen.add(quad)
        yield quad
