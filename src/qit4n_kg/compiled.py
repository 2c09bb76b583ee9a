"""What a change is judged by and concluded with, compiled once for files that stay the same: the rules and the gate.

Shapes and rules come from files, the ontology from a generation that was made from these files. Whoever keeps one for long makes
another when the files are not the same any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qit4n_kg.reasoning.maintenance import RuleBook
from qit4n_kg.reasoning.reasoner import compile_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pyoxigraph import Quad, Triple

    from qit4n_kg.config import Settings
    from qit4n_kg.store.recording import Editable
    from qit4n_kg.validation.gate import Gate
    from qit4n_kg.validation.merging import MergedData


class Compiled:
    """The rules and the gate of some settings' files."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._rules: RuleBook | None = None
        self._ontology: dict[Triple, None] = {}
        self._gate: tuple[Gate, list[Quad]] | None = None

    def rules(self, ontology: Callable[[], Iterable[Quad]]) -> tuple[RuleBook, Mapping[Triple, None]]:
        """Return the rules and the triples that they were compiled from, which are only asked for the first time."""
        if self._rules is None:
            templates, written = (self._settings.sources / "queries" / name for name in ("axioms", "rules"))
            quads = tuple(ontology())
            self._ontology = dict.fromkeys(quad.triple for quad in quads)
            self._rules = RuleBook(compile_rules(quads, templates, written))
        return self._rules, self._ontology

    def open_gate(self, store: Editable, loose: Iterable[Quad]) -> tuple[Gate, MergedData]:
        """Return the gate, and the data of a generation for it; `loose` are the statements that stand in no graph.

        :raises SourceError: the shapes can't be used.
        """
        # Here and not above: a writer without the gate must not load rdflib, which takes 0.3 s.
        from qit4n_kg.validation.gate import Gate  # noqa: PLC0415
        from qit4n_kg.validation.merging import MergedData, StoredHolding, ontology_quads  # noqa: PLC0415

        base = self._settings.graph_base
        if self._gate is None:
            ontology = ontology_quads(store, base)
            self._gate = Gate.load(self._settings.sources / "shapes", ontology), ontology
        gate, ontology = self._gate
        return gate, MergedData(StoredHolding(store, base, loose), ontology)
