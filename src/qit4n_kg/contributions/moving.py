"""What becomes of a thing that is merged into another, renamed or retired, as quads that come and go; it writes nothing.

A merged or renamed thing keeps its statements under the new identifier, each in the graph that states it, and the old identifier is
`owl:deprecated`, with `dcterms:isReplacedBy`: it goes on leading there. A retired thing loses its statements, and may only be
retired when nothing else speaks of it. Statements about a graph itself stay as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode, Quad, Triple

from qit4n_kg.contributions.model import Move, Moving
from qit4n_kg.contributions.provenance import TRUE
from qit4n_kg.contributions.standing import DEPRECATED, LABEL, REPLACED, TYPE
from qit4n_kg.errors import ProposalError
from qit4n_kg.namespaces import FOAF, SKOS, STDORG

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qit4n_kg.contributions.standing import Standing
    from qit4n_kg.store.base import Term

ALSO_CALLED = NamedNode(SKOS + "altLabel")
NAME_PARTS = (NamedNode(FOAF + "givenName"), NamedNode(FOAF + "familyName"))
"""Parts of a name go with the name: a thing that has its own does not take over those of what is merged into it."""
REASON = NamedNode(STDORG + "reason")
MOST_QUADS = 20_000
_MOST_NAMED = 5


def mark(move: Moving) -> Iterator[Triple]:
    """Yield what the contribution says of the old identifier."""
    old = NamedNode(move.old)
    yield Triple(old, DEPRECATED, TRUE)
    yield Triple(old, REASON, Literal(move.reason, language="en"))
    if move.new is not None:
        yield Triple(old, REPLACED, NamedNode(move.new))


def require_apart(moves: Sequence[Moving]) -> None:
    """Make sure that moves have nothing to do with each other, so that their order does not matter.

    :raises ProposalError: a thing stands in two of them, or is to be merged with itself.
    """
    seen: set[str] = set()
    for move in moves:
        if move.old == move.new:
            raise ProposalError(f"<{move.old}> can't be {_DONE[move.kind]}: it would become what it is.")
        if move.old in seen:
            raise ProposalError(f"<{move.old}> stands in two moves.", hint="Send one after the other.")
        seen.add(move.old)
    for move in moves:
        if move.new in seen:
            raise ProposalError(f"<{move.new}> stands in two moves.", hint="Send one after the other.")


def require_possible(move: Moving, standing: Standing, gone: set[Quad]) -> None:
    """Make sure that a thing can be moved as things stand.

    :raises ProposalError: it is not there or was moved before, its new identifier is in use (rename) or not (merge), or others
        refer to it.
    """
    old = NamedNode(move.old)
    for known, instead in standing.retired([old]).items():
        became = f"is <{instead.value}> now" if instead is not None else "is retired already"
        raise ProposalError(f"<{known.value}> {became}, so it can't be {_DONE[move.kind]}.")
    if not standing.is_known(old):
        raise ProposalError(f"Nothing is said of <{move.old}>, so it can't be {_DONE[move.kind]}.")
    if move.new is not None:
        is_known = standing.is_known(NamedNode(move.new))
        if move.kind is Move.RENAME and is_known:
            raise ProposalError(f"<{move.new}> is in use.", hint="Merge the two if they are the same thing.")
        if move.kind is Move.MERGE and not is_known:
            raise ProposalError(f"Nothing is said of <{move.new}>.", hint="Rename gives a thing a new identifier.")
        if standing.retired([NamedNode(move.new)]):
            raise ProposalError(f"<{move.new}> is retired itself.")
        return
    others = {
        quad.subject
        for quad in standing.quads(None, None, old)
        if quad not in gone and quad.subject != old and quad.predicate != REPLACED  # what leads here is then gone, too
    }
    if others:
        named = ", ".join(sorted(str(one) for one in others)[:_MOST_NAMED])
        raise ProposalError(
            f"{len(others)} things refer to <{move.old}>: {named}.", hint="Retract or change these statements as well."
        )


_DONE = {Move.MERGE: "merged", Move.RENAME: "renamed", Move.RETIRE: "retired"}


def apply(move: Moving, standing: Standing, adds: dict[Quad, None], retracts: dict[Quad, None]) -> None:
    """Make the quads that come and go those that also move a thing.

    :raises ProposalError: it can't be moved, or too much is said of it.
    """
    require_possible(move, standing, set(retracts))
    old = NamedNode(move.old)
    stated = dict.fromkeys((*standing.kept(old), *standing.kept(None, None, old)))
    concerned = [quad for quad in stated if quad not in retracts and not _is_of_graph(quad)]
    if len(concerned) > MOST_QUADS:
        raise ProposalError(f"There are {len(concerned):,} statements with <{move.old}>: too many to move at once.")
    retracts.update(dict.fromkeys(concerned))
    if move.new is None:
        return
    new = NamedNode(move.new)
    is_labelled = any(True for _ in standing.quads(new, LABEL))
    named = {part for part in NAME_PARTS if any(True for _ in standing.quads(new, part))}
    taken_over = [quad for quad in concerned if not (quad.subject == old and quad.predicate in named)]
    rewritten = [_rewrite(quad, old, new, is_labelled=is_labelled) for quad in taken_over]
    for quad in [quad for quad in adds if old in (quad.subject, quad.object)]:
        del adds[quad]
        rewritten.append(_rewrite(quad, old, new, is_labelled=False))
    for quad in rewritten:
        if quad.subject != quad.object and not _is_there(quad, standing):
            adds[quad] = None


def _rewrite(quad: Quad, old: Term, new: NamedNode, *, is_labelled: bool) -> Quad:
    """Put the new identifier in; what the old one was called is another name of a thing that has a label."""
    predicate, value = quad.predicate, quad.object
    if quad.subject == old and predicate == LABEL and is_labelled:
        predicate = ALSO_CALLED
    subject = new if quad.subject == old else quad.subject
    return Quad(subject, predicate, new if value == old else value, quad.graph_name)


def _is_there(quad: Quad, standing: Standing) -> bool:
    return any(
        found.graph_name == quad.graph_name for found in standing.kept(quad.subject, quad.predicate, quad.object)
    )


def _is_of_graph(quad: Quad) -> bool:
    return quad.subject == quad.graph_name and quad.predicate == TYPE
