"""A change in labels, for those who review it: "Role of A in WG2: chair, added"; it judges nothing and writes nothing.

Labels are those of the graph, and for what is new those of the contribution itself. A role that nobody labelled is told by who
holds it and where.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from pyoxigraph import DefaultGraph, Literal, NamedNode, Triple

from qit4n_kg.contributions.changing import spelt
from qit4n_kg.contributions.legible import literal_text, visible
from qit4n_kg.contributions.standing import LABEL, TYPE, Standing
from qit4n_kg.entities.labels import LabelReader, words
from qit4n_kg.namespaces import STDORG, compact

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pyoxigraph import Quad

    from qit4n_kg.contributions.model import Cell, Contribution, Proposal
    from qit4n_kg.store.base import Store, Term

_AGENT, _ROLE, _IN = (NamedNode(STDORG + name) for name in ("agent", "role", "in"))
_DEFAULT = DefaultGraph()
DIFFERENCES = ("is a", "added", "removed", "changed", "overruled", "retired")
"""What differences are called, beside those that name a thing."""
_MOVED = {"merge": "merged into", "rename": "renamed", "retire": "retired"}
_MOST_VALUES = 5


@dataclass(frozen=True)
class Difference:
    """One thing that a contribution does: `kind` is added, removed, changed, overruled, merged into, renamed or retired."""

    kind: str
    subject: str
    subject_label: str
    predicate: str
    property_label: str
    value: str
    value_iri: str | None = None
    term: str | None = None
    """The value as N-Triples writes it; `value` is for reading."""
    before: str | None = None
    reason: str | None = None

    @property
    def sentence(self) -> str:
        """Tell it in one line."""
        value = self.value if self.before is None else f"{self.before} → {self.value}"
        what = value if self.predicate == _ROLE.value else f"{self.property_label} {value}".strip()
        told = f"{self.subject_label}: {what}, {self.kind}" if what else f"{self.subject_label}: {self.kind}"
        return f"{told} ({self.reason})" if self.reason else told

    def to_dict(self) -> dict[str, str]:
        """Return it as plain values."""
        named = {
            "kind": self.kind,
            "subject": self.subject,
            "subjectLabel": self.subject_label,
            "property": self.predicate,
            "propertyLabel": self.property_label,
            "value": self.value,
            "valueIri": self.value_iri,
            "term": self.term,
            "before": self.before,
            "reason": self.reason,
            "sentence": self.sentence,
        }
        return {name: value for name, value in named.items() if value}


class Naming:
    """What things are called, in the graph and in what is to be added."""

    def __init__(self, store: Store, base_iri: str, adds: Iterable[Triple] = ()) -> None:
        self._store = store
        self._base = f"{base_iri}id/"
        self._labels = LabelReader(store, base_iri)
        self._new: dict[Term, dict[NamedNode, list[Term]]] = defaultdict(lambda: defaultdict(list))
        for triple in adds:
            self._new[triple.subject][triple.predicate].append(triple.object)

    def text(self, term: Term) -> str:
        """Return what to call any term."""
        if isinstance(term, NamedNode):
            return self._thing(term)
        return literal_text(term) if isinstance(term, Literal) else str(term)

    def property(self, predicate: NamedNode) -> str:
        """Return what to call a property."""
        if predicate == TYPE:
            return "is a"
        label = self._stored_label(predicate)
        if label or compact(predicate.value) != predicate.value:
            return label or words(predicate.value)
        return visible(f"<{predicate.value}>")  # of no vocabulary that is known here, whatever it is called like

    def _thing(self, node: NamedNode) -> str:
        stored = self._stored_label(node)
        new = next(
            (label.value for label in self._new.get(node, {}).get(LABEL, ()) if isinstance(label, Literal)), None
        )
        if (label := stored or new) is not None:
            local = node.value.removeprefix(self._base)
            return visible(f"{label} ({local})" if self._is_shared(label, node) else label)
        agent, place = (self._value(node, predicate) for predicate in (_AGENT, _IN))
        if agent is not None and place is not None:
            return f"Role of {self.text(agent)} in {self.text(place)}"
        return self._labels.label(node.value)

    def _stored_label(self, node: NamedNode) -> str | None:
        is_labelled = next(iter(self._store.quads(node, LABEL, None, _DEFAULT)), None) is not None
        return self._labels.label(node.value) if is_labelled else None

    def _is_shared(self, label: str, node: NamedNode) -> bool:
        """Tell whether another thing is called so, too."""
        texts = (Literal(label), Literal(label, language="en"))
        stored = (quad.subject for text in texts for quad in self._store.quads(None, LABEL, text, _DEFAULT))
        new = (thing for thing, said in self._new.items() if any(text in said[LABEL] for text in texts))
        return any(thing != node for thing in (*islice(stored, 2), *new))

    def _value(self, node: NamedNode, predicate: NamedNode) -> Term | None:
        new = self._new.get(node, {}).get(predicate, ())
        stored = (quad.object for quad in self._store.quads(node, predicate, None, _DEFAULT))
        return next((one for one in (*new, *stored) if one != node), None)


def differences(contribution: Contribution, store: Store, base_iri: str) -> list[Difference]:
    """Return what a contribution does, thing by thing."""
    proposal = contribution.proposal
    naming = Naming(store, base_iri, proposal.adds)
    adds, retracts = spelt(proposal.adds), spelt(proposal.retracts)
    come, go = _of_reversal(contribution, Standing(store, f"{base_iri}graph/"), base_iri)
    adds += come
    retracts += go
    found = _of_values(_by_cell(adds), _by_cell(retracts), naming)
    found += [_of(one.statement, "overruled", naming, reason=one.reason) for one in proposal.overrules]
    return [*_moves(proposal, naming), *found]


def _of_reversal(contribution: Contribution, standing: Standing, base_iri: str) -> tuple[list[Triple], list[Triple]]:
    """Return what taking something back changes: not what graphs say of themselves, nor what others state as well."""

    def counts(quad: Quad) -> bool:
        subject = quad.subject.value if isinstance(quad.subject, NamedNode) else ""
        is_kept = subject.startswith((f"{base_iri}graph/", f"{base_iri}id/discrepancy/"))
        return not is_kept and all(found.graph_name == quad.graph_name for found in standing.stating(quad.triple))

    come, go = contribution.reversal
    in_force = (quad for quad in go if isinstance(quad.graph_name, NamedNode) and standing.is_in_force(quad.graph_name))
    return [quad.triple for quad in come if counts(quad)], [quad.triple for quad in in_force if counts(quad)]


def _of_values(
    adds: Mapping[tuple[Term, NamedNode], list[Term]],
    retracts: Mapping[tuple[Term, NamedNode], list[Term]],
    naming: Naming,
) -> list[Difference]:
    found = []
    for key in sorted(
        {*adds, *retracts}, key=lambda pair: (naming.text(pair[0]), str(pair[0]), pair[1] != TYPE, str(pair[1]))
    ):
        subject, predicate = key
        new, old = adds.get(key, []), retracts.get(key, [])
        if len(new) == len(old) == 1:
            found.append(_of(Triple(subject, predicate, new[0]), "changed", naming, before=naming.text(old[0])))  # type: ignore[arg-type]
            continue
        found += [_of(Triple(subject, predicate, value), "removed", naming) for value in old]  # type: ignore[arg-type]
        found += [_of(Triple(subject, predicate, value), "added", naming) for value in new]  # type: ignore[arg-type]
    return found


def _of(
    triple: Triple, kind: str, naming: Naming, *, before: str | None = None, reason: str | None = None
) -> Difference:
    value = triple.object
    return Difference(
        kind,
        triple.subject.value if isinstance(triple.subject, NamedNode) else str(triple.subject),
        naming.text(triple.subject),
        triple.predicate.value,
        naming.property(triple.predicate),
        naming.text(value),
        value.value if isinstance(value, NamedNode) else None,
        str(value),
        before,
        reason,
    )


def _moves(proposal: Proposal, naming: Naming) -> list[Difference]:
    return [
        Difference(
            _MOVED[move.kind.value] if move.new is None else f"{_MOVED[move.kind.value]} {_target(move.new, naming)}",
            move.old,
            naming.text(NamedNode(move.old)),
            "",
            "",
            "",
            move.new,
            None,
            None,
            move.reason,
        )
        for move in proposal.moves
    ]


def _target(iri: str, naming: Naming) -> str:
    label = naming.text(NamedNode(iri))
    return label if label == iri else f"{label} <{iri}>"


def _by_cell(triples: Iterable[Triple]) -> dict[tuple[Term, NamedNode], list[Term]]:
    cells: dict[tuple[Term, NamedNode], list[Term]] = defaultdict(list)
    for triple in triples:
        cells[(triple.subject, triple.predicate)].append(triple.object)
    return cells


def tell_conflicts(
    changed: Iterable[tuple[Cell, Cell]],
    retired: Mapping[NamedNode, NamedNode | None],
    store: Store,
    base_iri: str,
) -> list[str]:
    """Return what has changed meanwhile, each in a sentence."""
    naming = Naming(store, base_iri)
    told = []
    for before, now in changed:
        subject = naming.text(NamedNode(before.subject.strip("<>")))
        if before.predicate is None:
            told.append(f"{subject}: its statements have changed ({len(before.values)} then, {len(now.values)} now).")
            continue
        name = naming.property(NamedNode(before.predicate.strip("<>")))
        told.append(f"{subject}, {name}: it was {_values(before)} and is {_values(now)}.")
    for old, new in retired.items():
        instead = f" Use <{new.value}>." if new is not None else ""
        told.append(f"<{old.value}> is retired.{instead}")
    return told


def _values(cell: Cell) -> str:
    if not cell.values:
        return "not stated"
    more = len(cell.values) - _MOST_VALUES
    return ", ".join(cell.values[:_MOST_VALUES]) + (f" and {more} more" if more > 0 else "")
