"""Every term of our namespace must be one that the ontology defines, which SHACL Core can't say; the nearest one is told."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from pyoxigraph import NamedNode

from qit4n_kg.loading import refusal
from qit4n_kg.namespaces import STDORG, STDORG_SHAPES, compact
from qit4n_kg.reporting import Result, Severity
from qit4n_kg.validation.model import TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyoxigraph import Quad

    from qit4n_kg.store.base import Term

_KNOWN_TERM = f"{STDORG_SHAPES}KnownTerm"


class Terms:
    """The terms that an ontology defines; of none of our namespace it asks nothing."""

    def __init__(self, ontology: Iterable[Quad]) -> None:
        self.known = frozenset(quad.subject for quad in ontology if quad.predicate == TYPE)
        self.names = sorted(
            term.value for term in self.known if isinstance(term, NamedNode) and term.value.startswith(STDORG)
        )

    def unknown(self, quads: Iterable[Quad]) -> list[Result]:
        """Return a violation for each statement with a term that the ontology does not have."""
        found: dict[tuple[Term, NamedNode, Term], NamedNode] = {}
        for quad in quads if self.names else ():
            for term in (quad.predicate, quad.object):
                if isinstance(term, NamedNode) and term.value.startswith(STDORG) and term not in self.known:
                    found[quad.subject, quad.predicate, quad.object] = term
        return [self._result(*statement, term) for statement, term in found.items()]

    def _result(self, subject: Term, predicate: NamedNode, obj: Term, term: NamedNode) -> Result:
        similar = difflib.get_close_matches(term.value, self.names, n=1)
        advice = f" Did you mean {compact(similar[0])}?" if similar else ""
        message = f"The ontology has no term {compact(term.value)}.{advice}"
        return Result(
            Severity.VIOLATION, message, subject, compact(predicate.value), obj, _KNOWN_TERM, predicate=predicate
        )


def refused(quads: Iterable[Quad]) -> list[Result]:
    """Return a violation for each statement that a build and a contribution refuse whatever the shapes say (`loading.refusal`)."""
    told = ((quad, refusal(quad)) for quad in dict.fromkeys(quads))
    return [
        Result(
            *(Severity.VIOLATION, f"{why}.", quad.subject, compact(quad.predicate.value), quad.object, _KNOWN_TERM),
            predicate=quad.predicate,
        )
        for quad, why in told
        if why is not None
    ]
