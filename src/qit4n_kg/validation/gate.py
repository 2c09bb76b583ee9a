"""The gate: what a change brings, judged as if it were merged, without judging again what it can't affect.

`validate_change` is what everything that takes data in calls: files, contributions, updates and the Graph Store Protocol. It
reports only results that were not there before, and says which were mended.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pyoxigraph import BlankNode, NamedNode, Triple
from rdflib import SH, URIRef

from qit4n_kg.loading import general_refusal
from qit4n_kg.namespaces import STDORG_SHAPES, compact
from qit4n_kg.reporting import Report, Result, Severity, StatedValue, quiet_terms
from qit4n_kg.validation.kinds import Kinds
from qit4n_kg.validation.known_terms import Terms
from qit4n_kg.validation.merging import MergedData, StoredHolding, ontology_quads
from qit4n_kg.validation.model import TYPE
from qit4n_kg.validation.shapes import Shapes, load_shapes
from qit4n_kg.validation.terms import label_of
from qit4n_kg.validation.views import Layered

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pyoxigraph import Quad, Store

    from qit4n_kg.validation.merging import NetChange
    from qit4n_kg.validation.views import Statement, View


FIRST_TOLD = "Of findings that are alike the first {} are told; there are more. Mend these, and validate again."
_PERMITTED = f"{STDORG_SHAPES}Permitted"
_OF_A_KIND = f"{STDORG_SHAPES}OfAKind"
_MOST_MEANT = 3


@dataclass(frozen=True)
class Verdict:
    """What a change brings (`report`) and mends; `pairs` is how many pairs of shape and node it took to say so."""

    report: Report
    mended: tuple[Result, ...]
    pairs: int

    @property
    def conforms(self) -> bool:
        """Whether the change brings no violation."""
        return self.report.conforms


@dataclass(frozen=True)
class Gate:
    """The shapes, compiled, the terms that may be used, and which kinds share nothing; one serves any number of changes."""

    shapes: Shapes
    terms: Terms
    kinds: Kinds

    @classmethod
    def load(cls, shapes: Path, ontology: Iterable[Quad]) -> Gate:
        """Read the shapes of a folder.

        :raises SourceError: they can't be used.
        """
        axioms = list(ontology)
        loaded = load_shapes(shapes)
        used = {str(term) for triple in loaded.both for term in triple if isinstance(term, URIRef)}
        return cls(loaded, Terms(axioms, used), Kinds(axioms))


def open_gate(store: Store, shapes: Path, graph_base: str, loose: Iterable[Quad] = ()) -> tuple[Gate, MergedData]:
    """Return a gate and the data of a generation for it; `loose` are the statements that the journal puts in no graph.

    :raises SourceError: the shapes can't be used.
    """
    ontology = ontology_quads(store, graph_base)
    return Gate.load(shapes, ontology), MergedData(StoredHolding(store, graph_base, loose), ontology)


def validate_change(
    gate: Gate,
    data: MergedData,
    adds: Iterable[Quad],
    retracts: Iterable[Quad] = (),
    *,
    is_merged: bool = True,
    most: int | None = None,
) -> Verdict:
    """Say what adding and removing quads brings and mends; nothing is changed.

    With `is_merged` a new named graph counts as in force (as a new file does); without it, only if it says that it is.
    With `most` no more results of a shape are told than that, and nothing is judged after so many violations of it.
    """
    adds, retracts = tuple(dict.fromkeys(adds)), tuple(dict.fromkeys(retracts))
    merged, stated = data.change(adds, retracts, is_merged=is_merged)
    with quiet_terms():
        first = gate.shapes.merged_engine.compare(data.in_force, merged.added, merged.removed, most)
        second = gate.shapes.passage_engine.compare(data.stated, stated.added, stated.removed, most)
        unknown = _new_terms(gate, adds, stated)
        after = Layered(data.in_force, merged.added, merged.removed)
        reported = {(result.focus, result.path, result.value) for result in first.brought}
        brought = [*first.brought]
        brought += [result for result in second.brought if (result.focus, result.path, result.value) not in reported]
        two_kinds = gate.kinds.conflicts(merged.added, after, brought)
        refused = list(_refused(merged.added))
        found, is_cut = first_of_each([*brought, *refused, *unknown, *two_kinds], most)
        told = [_with_kind(gate.kinds, in_words(result, after), after) for result in found]
    hint = FIRST_TOLD.format(most) if is_cut or first.is_cut or second.is_cut else None
    return Verdict(
        replace(Report.of(told, gate.shapes.both), statements=len(adds), hint=hint),
        (*first.mended, *second.mended),
        first.pairs + second.pairs,
    )


def first_of_each(results: Iterable[Result], most: int | None) -> tuple[list[Result], bool]:
    """Return at most so many results of each shape and severity, and whether these are not all."""
    counts: Counter[tuple[str, Severity]] = Counter()
    kept, is_cut = [], False
    for result in results:
        counts[result.shape, result.severity] += 1
        if most is None or counts[result.shape, result.severity] <= most:
            kept.append(result)
        else:
            is_cut = True
    return kept, is_cut


def _refused(added: Iterable[Statement]) -> Iterator[Result]:
    """Yield a violation for each statement that data must not make, whoever makes it."""
    for subject, predicate, obj in added:
        assert isinstance(subject, NamedNode | BlankNode)
        why = general_refusal(Triple(subject, predicate, obj))
        if why is not None:
            yield Result(
                Severity.VIOLATION, f"{why}.", subject, compact(predicate.value), obj, _PERMITTED, predicate=predicate
            )


def in_words(result: Result, view: View) -> Result:
    """Add the label of the focus node, and the values where there are too many."""
    values: tuple[StatedValue, ...] = ()
    if result.component == str(SH.MaxCountConstraintComponent) and result.predicate is not None:
        found = sorted(view.objects(result.focus, result.predicate), key=str)
        values = tuple(StatedValue(value) for value in found)
    return replace(result, focus_label=label_of(view, result.focus), values=values)


def _with_kind(kinds: Kinds, result: Result, view: View) -> Result:
    """Add to a finding that a thing is of none of our kinds which of these is meant by those that it has."""
    if result.shape != _OF_A_KIND:
        return result
    meant = kinds.ours_below(view.objects(result.focus, TYPE))
    return replace(result, suggestion=f"Write a {' or a '.join(meant)}.") if 0 < len(meant) <= _MOST_MEANT else result


def _new_terms(gate: Gate, adds: Iterable[Quad], stated: NetChange) -> list[Result]:
    new = set(stated.added)
    added = [quad for quad in adds if (quad.subject, quad.predicate, quad.object) in new]
    return [*gate.terms.unknown(added), *gate.terms.doubtful(added)]
