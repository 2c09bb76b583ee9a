"""Random worlds and random changes of them: what the gate's property test tries; a seed always gives the same."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad

from qit4n_kg.loading import SourceKind, find_sources, named_from, parse, read_quads
from qit4n_kg.namespaces import RDFS, STDORG, XSD
from qit4n_kg.validation.model import SUBCLASS, TYPE
from qit4n_kg.validation.terms import OVERRULED

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
_HOSTILE = (
    Literal(""),
    Literal(" "),
    Literal("2021-02-30", datatype=NamedNode(f"{XSD}date")),
    Literal("2021-12", datatype=NamedNode(f"{XSD}gYearMonth")),
    Literal("1999-01-01", datatype=NamedNode(f"{XSD}date")),
    Literal("2030-01-01", datatype=NamedNode(f"{XSD}date")),
    Literal("-1", datatype=NamedNode(f"{XSD}integer")),
    Literal("007", datatype=NamedNode(f"{XSD}integer")),
    Literal("101.0", datatype=NamedNode(f"{XSD}decimal")),
    Literal("many", datatype=NamedNode(f"{XSD}integer")),
    Literal("name", language="en"),
    Literal("nom", language="fr"),
    BlankNode("nobody"),
    NamedNode("https://example.org/nothing"),
)


@dataclass(frozen=True)
class Shipped:
    """The shipped data by file, the ontology, and what random changes draw on."""

    files: tuple[tuple[Quad, ...], ...]
    ontology: tuple[Quad, ...]

    @classmethod
    def read(cls) -> Shipped:
        """Read data/ and ontology/."""
        with named_from(ROOT):
            sources = find_sources(ROOT, "https://w3id.org/qit4n/graph/")
            ontology = tuple(q for s in sources if s.kind is SourceKind.ONTOLOGY for q in parse(s))
            files = tuple(tuple(read_quads(s)) for s in sources if s.kind is SourceKind.DATA)
        return cls(files, ontology)

    def world(self, rng: random.Random, share: float) -> list[Quad]:
        """Return the quads of some of the files, with some subclass axioms as data (they count all the same)."""
        chosen = [quad for file in self.files if rng.random() < share for quad in file]
        return chosen or list(self.files[0])


def change(rng: random.Random, world: Sequence[Quad], shipped: Shipped) -> tuple[list[Quad], list[Quad]]:
    """Return a few quads to add and to remove."""
    adds: list[Quad] = []
    retracts: list[Quad] = []
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        old = rng.choice(world)
        retracts += [old] if (kind := rng.choice(_KINDS)) not in ("add", "say more", "new thing", "axiom") else []
        adds += _new(rng, kind, old, world, shipped)
    return adds, retracts


_KINDS = (
    "remove", "add", "say more", "change value", "change type", "retarget", "move", "invert", "new thing", "overrule",
    "axiom", "rename", "remove all",
)  # fmt: skip


def _new(rng: random.Random, kind: str, old: Quad, world: Sequence[Quad], shipped: Shipped) -> list[Quad]:
    other = rng.choice(world)
    s, p, o, g = old.subject, old.predicate, old.object, old.graph_name
    if kind == "add":
        return [Quad(s, p, other.object, g)]
    if kind == "say more":
        return [Quad(s, other.predicate, other.object, g)]
    if kind == "change value":
        return [Quad(s, p, rng.choice(_HOSTILE), g)]
    if kind == "change type":
        types = [quad for quad in world if quad.predicate == TYPE]
        return [Quad(s, TYPE, rng.choice(types).object, g)] if types else []
    if kind == "retarget":
        nodes = [quad.subject for quad in rng.sample(world, min(20, len(world)))]
        return [Quad(s, p, rng.choice(nodes), g)]
    if kind == "move":
        return [Quad(other.subject, p, o, g)]
    if kind == "invert" and isinstance(o, NamedNode):
        return [Quad(o, p, s, g)]
    if kind == "new thing":
        thing = NamedNode(f"https://w3id.org/qit4n/id/new/{rng.randrange(3)}")
        return [Quad(thing, p, o, DefaultGraph()), Quad(other.subject, other.predicate, thing, DefaultGraph())]
    if kind == "overrule" and isinstance(g, NamedNode):
        return [Quad(g, TYPE, OVERRULED, g)]
    if kind == "axiom":
        axiom = rng.choice([quad for quad in shipped.ontology if quad.predicate == SUBCLASS])
        return [Quad(axiom.subject, SUBCLASS, NamedNode(STDORG + rng.choice(("Body", "Event", "Agent"))), g)]
    if kind == "rename":
        return [Quad(s, NamedNode(f"{RDFS}label"), Literal("x", language="en"), g)]
    return []
