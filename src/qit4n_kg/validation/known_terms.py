"""Every term of our namespace must be one that the ontology defines, which SHACL Core can't say; the nearest one is told.

Of a term of others it is only remarked that it is nearly one that the shapes or the ontology use: misspelt, or with http for https.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
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
_NEAR = 0.9
"""How alike two names are that may be the same: startDat and startDate are, creator and created are not."""


def _split(iri: str) -> tuple[str, str]:
    """Return namespace and local name."""
    at = max(iri.rfind("#"), iri.rfind("/")) + 1
    return iri[:at], iri[at:]


class Terms:
    """The terms that an ontology defines; of none of our namespace it asks nothing. `used` are IRIs that shapes use."""

    def __init__(self, ontology: Iterable[Quad], used: Iterable[str] = ()) -> None:
        self.known = frozenset(quad.subject for quad in ontology if quad.predicate == TYPE)
        self.names = sorted(
            term.value for term in self.known if isinstance(term, NamedNode) and term.value.startswith(STDORG)
        )

        self.others: dict[str, dict[str, str]] = defaultdict(dict)
        for iri in used:
            namespace, local = _split(iri)
            self.others[namespace][local.casefold()] = iri

    def unknown(self, quads: Iterable[Quad]) -> list[Result]:
        """Return a violation for each statement with a term that the ontology does not have."""
        found: dict[tuple[Term, NamedNode, Term], NamedNode] = {}
        for quad in quads if self.names else ():
            for term in (quad.predicate, quad.object):
                if isinstance(term, NamedNode) and term.value.startswith(STDORG) and term not in self.known:
                    found[quad.subject, quad.predicate, quad.object] = term
        return [self._result(*statement, term) for statement, term in found.items()]

    def doubtful(self, quads: Iterable[Quad]) -> list[Result]:
        """Return a warning for each statement with a term that is nearly one that is in use."""
        found = []
        for quad in quads:
            terms = (quad.predicate, quad.object) if quad.predicate == TYPE else (quad.predicate,)
            for term in terms:
                if not isinstance(term, NamedNode) or term in self.known:
                    continue
                near = self._near(term.value)
                if near is not None:
                    message = f"<{term.value}> is nearly <{near}>, which is in use here. Did you mean that?"
                    found.append(
                        Result(
                            Severity.WARNING,
                            message,
                            quad.subject,
                            compact(quad.predicate.value),
                            quad.object,
                            _KNOWN_TERM,
                            predicate=quad.predicate,
                        )
                    )
        return found

    def _near(self, iri: str) -> str | None:
        namespace, local = _split(iri)
        here = self.others.get(namespace)
        if here is None:
            twin = (
                namespace.replace("http://", "https://")
                if namespace.startswith("http://")
                else namespace.replace("https://", "http://")
            )
            return f"{twin}{local}" if twin in self.others or twin == STDORG else None
        if iri in here.values():
            return None
        close = difflib.get_close_matches(local.casefold(), here, n=1, cutoff=_NEAR)
        return here[close[0]] if close else None

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
