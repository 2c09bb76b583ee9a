"""What a proposal comes to, as things stand: quads that come and go, what it looks at, what has changed since; it writes nothing.

What is added stands in the contribution's own graph, which describes itself. What is retracted is taken out of the graphs that
state it. What is overruled is kept, in an OverruledGraph of its own beside the passage that it was split from, with a Discrepancy
that names both graphs, the choice and the reason.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode, Quad, Triple

from qit4n_kg.contributions import choosing, moving
from qit4n_kg.contributions.provenance import FALSE, describe_graph, graph_of
from qit4n_kg.contributions.standing import IN_FORCE, LABEL, OVERRULED, TYPE
from qit4n_kg.errors import ProposalError
from qit4n_kg.namespaces import DCTERMS, STDORG
from qit4n_kg.store.journal import Change
from qit4n_kg.store.oxigraph import stored_forms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qit4n_kg.contributions.model import Cell, Contribution, Event, Overrule, Proposal
    from qit4n_kg.contributions.standing import Standing

_DISCREPANCY, _ABOUT, _ON_PROPERTY, _CHOSEN, _OTHER, _REASON = (
    NamedNode(STDORG + name) for name in ("Discrepancy", "about", "onProperty", "chosenGraph", "otherGraph", "reason")
)
_DESCRIBING = (
    TYPE,
    NamedNode(DCTERMS + "source"),
    *(NamedNode(STDORG + name) for name in ("section", "table", "row", "column")),
)


def plan(contribution: Contribution, acceptance: Event, standing: Standing, base_iri: str) -> Change:
    """Return what accepting a contribution changes.

    :raises ProposalError: something is not there to be taken back, contradicts another part of it, or nothing would change.
    """
    proposal = contribution.proposal
    _require_one_fate(proposal)
    graph = graph_of(contribution.id, base_iri)
    adds: dict[Quad, None] = {}
    retracts: dict[Quad, None] = {}
    for triple in spelt(proposal.retracts):
        retracts.update(dict.fromkeys(_stated(triple, standing)))
    added = spelt(proposal.adds)
    if not all(any(quad not in retracts for quad in standing.stating(triple)) for triple in added):
        adds.update((_in(triple, graph), None) for triple in added)  # what others state, too: they may be taken back
    for number, one in enumerate(proposal.overrules, start=1):
        _overrule(one, number, contribution, standing, base_iri, (adds, retracts))
    moving.require_apart(proposal.moves)
    for move in proposal.moves:
        moving.apply(move, standing, adds, retracts)
        adds.update(dict.fromkeys(_in(triple, graph) for triple in moving.mark(move)))
    choosing.follow(standing, adds, retracts, graph)
    for quad in contribution.reversal[0]:
        adds[quad] = None
    retracts.update(dict.fromkeys(quad for quad in contribution.reversal[1] if _is_there(quad, standing)))
    for quad in [quad for quad in adds if quad in retracts]:
        del adds[quad], retracts[quad]
    if not adds and not retracts:
        raise ProposalError("All of this is stated already, so nothing would change.")
    described = (_in(triple, graph) for triple in describe_graph(contribution, acceptance, base_iri))
    return Change(tuple(stored_forms((*described, *adds))), tuple(retracts))


def cells_of(
    proposal: Proposal, standing: Standing, reversal: tuple[Sequence[Quad], Sequence[Quad]] = ((), ())
) -> tuple[Cell, ...]:
    """Return what a proposal looks at, as it is now: values that it takes away, and things that it moves."""
    wanted: dict[tuple[object, object], Cell] = {}
    statements = [
        *spelt(proposal.retracts),
        *spelt([one.statement for one in proposal.overrules]),
        *(quad.triple for part in reversal for quad in part),
    ]
    for triple in statements:
        key = (triple.subject, triple.predicate)
        if key not in wanted:
            wanted[key] = standing.cell(triple.subject, triple.predicate)
    for move in proposal.moves:
        for iri in filter(None, (move.old, move.new)):
            wanted[(iri, None)] = standing.cell(NamedNode(iri), None)
    return tuple(wanted.values())


def outdated(contribution: Contribution, standing: Standing) -> Iterator[tuple[Cell, Cell]]:
    """Yield what the contribution looked at and is different now, as it was and as it is."""
    for cell in contribution.seen:
        predicate = NamedNode(cell.predicate[1:-1]) if cell.predicate is not None else None
        now = standing.cell(NamedNode(cell.subject.strip("<>")), predicate)
        if now.values != cell.values:
            yield cell, now


def retired_meanwhile(contribution: Contribution, standing: Standing) -> dict[NamedNode, NamedNode | None]:
    """Return the things of which something is to be added and that are retired, with what replaces them."""
    own = {move.old for move in contribution.proposal.moves}
    things = {term for triple in contribution.proposal.adds for term in (triple.subject, triple.object)}
    return {old: new for old, new in standing.retired(things).items() if old.value not in own}


def reversal_of(change: Change, id_: str, base_iri: str) -> tuple[tuple[Quad, ...], tuple[Quad, ...]]:
    """Return what takes an accepted contribution back: quads to add and to retract; what its graph says of itself stays."""
    graph = graph_of(id_, base_iri)
    kept = (f"{base_iri}id/account/", f"{graph.value}#")

    def is_description(quad: Quad) -> bool:
        subject = quad.subject.value if isinstance(quad.subject, NamedNode) else ""
        return quad.graph_name == graph and (subject == graph.value or subject.startswith(kept))

    return change.retracts, tuple(quad for quad in change.adds if not is_description(quad))


def spelt(triples: Sequence[Triple]) -> list[Triple]:
    """Return triples as the store spells them."""
    return [quad.triple for quad in stored_forms(Quad(*triple) for triple in triples)]


def _require_one_fate(proposal: Proposal) -> None:
    """Make sure that a statement that is overruled is overruled once, and neither retracted nor added as well.

    Both retracted and added is no contradiction: the contribution states it then, in the place of whoever did.
    """
    overruled = Counter(spelt([one.statement for one in proposal.overrules]))
    others = (("retracted", {*spelt(proposal.retracts)}), ("added", {*spelt(proposal.adds)}))
    for triple, times in overruled.items():
        if times > 1:
            raise ProposalError(f"This is overruled twice: {triple} .", hint="Give one reason.")
        for word, triples in others:
            if triple in triples:
                hint = "What is overruled is kept beside what counts; what is retracted goes. Send one of the two."
                raise ProposalError(
                    f"This is both overruled and {word}: {triple} .", hint=hint if word == "retracted" else None
                )


def _stated(triple: Triple, standing: Standing) -> list[Quad]:
    found = standing.stating(triple)
    if not found:
        raise ProposalError(
            f"No passage or contribution in force states this: {triple} .",
            hint="What follows by rules goes when what it follows from does; the page of the thing says who states what.",
        )
    return found


def _overrule(
    one: Overrule,
    number: int,
    contribution: Contribution,
    standing: Standing,
    base_iri: str,
    change: tuple[dict[Quad, None], dict[Quad, None]],
) -> None:
    """Split the statement off its graphs, and say what is followed instead."""
    adds, retracts = change
    (triple,) = spelt([one.statement])
    graph = graph_of(contribution.id, base_iri)
    chosen = _chosen(triple, graph, standing, adds)
    for part, quad in enumerate(_stated(triple, standing), start=1):
        assert isinstance(quad.graph_name, NamedNode)
        split = NamedNode(f"{quad.graph_name.value}/overruled-{contribution.id}")
        retracts[quad] = None
        adds[_in(triple, split)] = None
        for fact in _describe_split(split, quad.graph_name, standing):
            adds[_in(fact, split)] = None
            adds[_in(fact, graph)] = None
        adds[_in(Triple(split, IN_FORCE, FALSE), graph)] = None
        node = NamedNode(f"{base_iri}id/discrepancy/{contribution.id}-{number}" + (f"-{part}" if part > 1 else ""))
        facts = (
            (TYPE, _DISCREPANCY),
            (LABEL, Literal(f"Contribution {contribution.id}, statement {number} overruled", language="en")),
            (_ABOUT, triple.subject),
            (_ON_PROPERTY, triple.predicate),
            (_CHOSEN, chosen),
            (_OTHER, split),
            (_REASON, Literal(one.reason, language="en")),
        )
        adds.update(dict.fromkeys(_in(Triple(node, *fact), graph) for fact in facts))


def _chosen(triple: Triple, graph: NamedNode, standing: Standing, adds: dict[Quad, None]) -> NamedNode:
    """Return the graph with another value of the property: the contribution's own, else one that is in force."""
    own = any((quad.subject, quad.predicate) == (triple.subject, triple.predicate) for quad in adds)
    if own:
        return graph
    for quad in standing.quads(triple.subject, triple.predicate):
        if quad.object != triple.object and isinstance(quad.graph_name, NamedNode):
            return quad.graph_name
    raise ProposalError(
        f"Nothing is put in the place of what is overruled: {triple} .",
        hint="Add the value that counts; a statement that should not be there at all is retracted.",
    )


def _describe_split(split: NamedNode, passage: NamedNode, standing: Standing) -> Iterator[Triple]:
    """Say of the split graph what the passage says of itself, and that it is overruled."""
    for quad in standing.graph(passage):
        if quad.subject == passage and quad.predicate in _DESCRIBING:
            yield Triple(split, quad.predicate, quad.object)
        elif quad.subject == passage and quad.predicate == LABEL and isinstance(quad.object, Literal):
            yield Triple(
                split, LABEL, Literal(f"{quad.object.value} (overruled)", language=quad.object.language or "en")
            )
    yield Triple(split, TYPE, OVERRULED)


def _is_there(quad: Quad, standing: Standing) -> bool:
    return any(
        found.graph_name == quad.graph_name for found in standing.kept(quad.subject, quad.predicate, quad.object)
    ) or any(found == quad for found in standing.graph(quad.graph_name))  # type: ignore[arg-type]


def _in(triple: Triple, graph: NamedNode) -> Quad:
    return Quad(triple.subject, triple.predicate, triple.object, graph)
