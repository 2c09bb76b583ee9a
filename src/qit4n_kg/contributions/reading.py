"""What somebody sent, as a proposal: what may be proposed, and within which bounds; texts were parsed before, elsewhere.

A contribution speaks of things, never of graphs: what stands where, and whether it counts, is the registry's to say.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyoxigraph import NamedNode, Quad, Triple

from qit4n_kg.contributions.model import LICENCE, Move, Moving, Overrule, Proposal
from qit4n_kg.errors import ParameterError, ProposalError
from qit4n_kg.loading import refusal
from qit4n_kg.namespaces import DCTERMS, OWL, RDF, STDORG
from qit4n_kg.store.canonical import has_blank_node

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LONGEST_TEXT = 10_000
MOST_PARTS = 200
"""How many moves, overruled statements or pieces of evidence one contribution may have."""
MOST_OVERRULED = 1_000

LICENCE_NAMES = ("CC-BY-4.0", LICENCE)
CHANGING = ("adds", "retracts", "overrules", "merges", "renames", "retires")
MEMBERS = ("message", "licence", "evidence", "generation", "key", *CHANGING)
"""What a contribution in JSON may have."""
_REGISTRY_ONLY = frozenset(NamedNode(STDORG + name) for name in ("inForce", "sourceFile", "rule"))
_TYPE = NamedNode(RDF + "type")
_DEPRECATED = NamedNode(OWL + "deprecated")
_REPLACED = NamedNode(DCTERMS + "isReplacedBy")
_REGISTRY_THINGS = ("account", "contribution", "discrepancy")
_LOCAL_NAME = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*(/[a-z0-9]+([.-][a-z0-9]+)*)*")


@dataclass(frozen=True)
class Sent:
    """What came with a contribution beside its statements; `base` is the generation that its sender has seen."""

    message: str
    evidence: tuple[str, ...]
    base: int | None
    key: str | None


def read_sent(fields: Mapping[str, Any]) -> Sent:
    """Read the members `message`, `evidence`, `licence`, `generation` and `key`.

    :raises ParameterError: one is missing, too long or of another kind.
    """
    message = _text(fields, "message")
    if not message:
        raise ParameterError("A contribution needs a message that says what it is about.")
    if _text(fields, "licence") not in LICENCE_NAMES:
        raise ParameterError(
            "A contribution needs consent to the licence of the data.", hint=f'Send licence = "{LICENCE_NAMES[0]}".'
        )
    given = fields.get("evidence") or ()
    evidence = tuple(part for part in ([given] if isinstance(given, str) else given) if part)
    if len(evidence) > MOST_PARTS or not all(isinstance(part, str) and len(part) <= LONGEST_TEXT for part in evidence):
        raise ParameterError("The evidence is a text, or a list of texts and addresses.")
    return Sent(message, tuple(part.strip() for part in evidence), read_base(fields), _key(fields))


def read_base(fields: Mapping[str, Any]) -> int | None:
    """Read the member `generation`: which one its sender has seen, None where they do not say.

    :raises ParameterError: it is no number.
    """
    base = fields.get("generation")
    if base in (None, ""):
        return None
    if isinstance(base, bool) or not str(base).isascii() or not str(base).isdigit() or len(str(base)) > 18:
        raise ParameterError("The generation is a number.")
    return int(str(base))


def refuse_unknown(fields: Iterable[str]) -> None:
    """Make sure that a contribution in JSON has no member that nobody would read.

    :raises ParameterError: it has.
    """
    for name in fields:
        if name not in MEMBERS:
            near = difflib.get_close_matches(name, MEMBERS, 1)
            hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(MEMBERS)}."
            raise ParameterError(f"A contribution has no member {name[:60]!r}.", hint=hint)


def read_moves(fields: Mapping[str, Any]) -> tuple[Moving, ...]:
    """Read the members `merges`, `renames` and `retires`, each a list of objects with `old`, `new` and `reason`.

    :raises ParameterError: one is not that.
    """
    moves = []
    for name, kind in (("merges", Move.MERGE), ("renames", Move.RENAME), ("retires", Move.RETIRE)):
        for part in _parts(fields, name):
            new = None if kind is Move.RETIRE else _iri(part, "new", name)
            moves.append(Moving(kind, _iri(part, "old", name), new, _reason(part, name)))
    return tuple(moves)


def read_overruled(fields: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Read the member `overrules`: a list of objects with `statement` (Turtle) and `reason`.

    :raises ParameterError: it is not that.
    """
    found = []
    for part in _parts(fields, "overrules"):
        statement = part.get("statement")
        if not isinstance(statement, str) or not statement.strip():
            raise ParameterError("A part of overrules needs a statement, as Turtle.")
        found.append((statement, _reason(part, "overrules")))
    return found


def make_proposal(
    adds: Iterable[Quad],
    retracts: Iterable[Quad],
    overruled: Sequence[tuple[Sequence[Quad], str]],
    moves: tuple[Moving, ...],
    base_iri: str,
) -> Proposal:
    """Put a proposal together.

    :raises ProposalError: it proposes nothing, or what nobody may propose.
    """
    added, retracted = _triples(adds), _triples(retracts)
    for triple in added:
        _refuse(triple, base_iri)
    statements = []
    for quads, reason in overruled:
        triples = _triples(quads)
        statements += [Overrule(triple, reason) for triple in triples]
    for triple in (*retracted, *(one.statement for one in statements)):
        _refuse_about(triple, base_iri)
    for move in moves:
        for iri in filter(None, (move.old, move.new)):
            _refuse_foreign(iri, base_iri)
        if move.new is not None:
            _refuse_name(move.new, base_iri)
    proposal = Proposal(added, retracted, tuple(statements), moves)
    if not proposal:
        raise ProposalError("The contribution proposes nothing.", hint="Add, retract or overrule a statement.")
    if len(statements) > MOST_OVERRULED:
        raise ProposalError(f"At most {MOST_OVERRULED:,} statements are overruled at once.")
    return proposal


def _triples(quads: Iterable[Quad]) -> tuple[Triple, ...]:
    return tuple(dict.fromkeys(quad.triple for quad in quads))


def _refuse(triple: Triple, base_iri: str) -> None:
    """Refuse a statement that contributions don't make."""
    if has_blank_node(Quad(*triple)):
        raise ProposalError(f"Data has no blank nodes, but this has: {triple} .", hint="Give it an IRI.")
    _refuse_about(triple, base_iri)
    assert isinstance(triple.subject, NamedNode)
    _refuse_name(triple.subject.value, base_iri)
    why = refusal(triple)
    if why is not None:
        raise ProposalError(f"{why}.")
    if triple.predicate == _TYPE and isinstance(triple.object, NamedNode) and triple.object.value.startswith(OWL):
        raise ProposalError(f"A contribution defines no terms: {triple} .")


def _refuse_about(triple: Triple, base_iri: str) -> None:
    """Refuse a statement that is the registry's own, to be made or to be taken back."""
    subject = triple.subject
    own = (f"{base_iri}graph/", *(f"{base_iri}id/{name}/" for name in _REGISTRY_THINGS), STDORG)
    if isinstance(subject, NamedNode) and subject.value.startswith(own):
        raise ProposalError(f"A contribution says nothing of graphs, accounts and terms: {triple} .")
    if triple.predicate in _REGISTRY_ONLY or triple.predicate in (_DEPRECATED, _REPLACED):
        raise ProposalError(
            f"Only the registry states {triple.predicate}.", hint="Identifiers are merged, renamed or retired as such."
        )


def _refuse_name(iri: str, base_iri: str) -> None:
    """Refuse an identifier of the registry that browsers would read as another, or that nobody can type."""
    local = iri.removeprefix(f"{base_iri}id/")
    if local != iri and not _LOCAL_NAME.fullmatch(local):
        raise ProposalError(
            f"<{iri}> can't be an identifier.",
            hint="After id/ it has parts of lower-case letters, digits and single dots and hyphens, with / between them, "
            "such as person/kaoru-kenyoshi.",
        )
    if local.partition("/")[0] in _REGISTRY_THINGS:
        raise ProposalError(f"<{iri}> would be an identifier of the registry's own.", hint="Choose another one.")


def _refuse_foreign(iri: str, base_iri: str) -> None:
    if not iri.startswith(f"{base_iri}id/"):
        raise ProposalError(f"<{iri}> is not an identifier of this registry.", hint=f"They begin with {base_iri}id/.")


def _parts(fields: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    parts = fields.get(name) or []
    if not isinstance(parts, list) or len(parts) > MOST_PARTS or not all(isinstance(part, dict) for part in parts):
        raise ParameterError(f"{name} is a list of at most {MOST_PARTS} objects.")
    return parts


def _iri(part: dict[str, Any], name: str, list_name: str) -> str:
    value = part.get(name)
    try:
        return NamedNode(value if isinstance(value, str) else "").value
    except ValueError:
        raise ParameterError(f"A part of {list_name} needs {name}, an IRI.") from None


def _reason(part: dict[str, Any], name: str) -> str:
    reason = _text(part, "reason")
    if not reason:
        raise ParameterError(f"A part of {name} needs a reason.")
    return reason


def _key(fields: Mapping[str, Any]) -> str | None:
    key = _text(fields, "key")
    if len(key) > 200:
        raise ParameterError("The key has more than 200 characters.")
    return key or None


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise ParameterError(f"{name} is a text of at most {LONGEST_TEXT} characters.")
    return value.strip()
