"""Which graph a discrepancy follows where a change takes away the value that it followed: one that counts; it writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyoxigraph import NamedNode, Quad

from qit4n_kg.namespaces import STDORG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qit4n_kg.contributions.standing import Standing

_ABOUT, _ON_PROPERTY, _CHOSEN = (NamedNode(STDORG + name) for name in ("about", "onProperty", "chosenGraph"))


def follow(standing: Standing, adds: dict[Quad, None], retracts: dict[Quad, None], graph: NamedNode) -> None:
    """Have discrepancies name a graph whose value counts after a change, if there is one; the contribution's `graph` says so."""
    own = {(quad.subject, quad.predicate) for quad in adds if quad.graph_name == graph}
    for quad in list(retracts):
        choices = list(_choices(standing, quad))
        if not choices:
            continue
        stated = [other.graph_name for other in standing.quads(quad.subject, quad.predicate) if other not in retracts]
        left = [graph, *stated] if (quad.subject, quad.predicate) in own else stated
        if left and quad.graph_name not in left:
            retracts.update(dict.fromkeys(choices))
            adds.update((Quad(choice.subject, _CHOSEN, left[0], graph), None) for choice in choices)  # type: ignore[arg-type]


def _choices(standing: Standing, quad: Quad) -> Iterator[Quad]:
    """Yield what names the graph of a statement as the one that is followed for that property of that thing."""
    assert isinstance(quad.graph_name, NamedNode)
    for choice in standing.quads(None, _CHOSEN, quad.graph_name):
        said = ((_ABOUT, quad.subject), (_ON_PROPERTY, quad.predicate))
        if all(any(True for _ in standing.quads(choice.subject, *one)) for one in said):
            yield choice
