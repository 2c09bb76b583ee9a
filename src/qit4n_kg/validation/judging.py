"""The engine: shapes judged on a view, all of it or only what a change can affect; a finding put into words.

Spec: SHACL section 3.4 (validation) and 3.6.2 (results). pySHACL is the reference: tests hold this engine to its results on our
shapes, on random changes of the data and on W3C's test suite.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qit4n_kg.namespaces import SH, compact
from qit4n_kg.reporting import Result, Severity
from qit4n_kg.validation.affected import Index
from qit4n_kg.validation.model import Evaluation
from qit4n_kg.validation.paths import Step
from qit4n_kg.validation.views import Layered

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from qit4n_kg.reporting import Identity
    from qit4n_kg.store.base import Term
    from qit4n_kg.validation.affected import Pairs
    from qit4n_kg.validation.model import Finding, Shape
    from qit4n_kg.validation.views import Statement, View

_SEVERITIES = {f"{SH}{severity.value}": severity for severity in Severity}
_DEFAULT = "Does not satisfy its shape ({})."


@dataclass(frozen=True)
class Difference:
    """What a change makes of the results: those that it brings and those that it mends; `pairs` is how many it may affect.

    `is_cut` says that not all of these were judged, since there were too many violations; what is mended is not known then.
    """

    brought: tuple[Result, ...]
    mended: tuple[Result, ...]
    pairs: int
    is_cut: bool = False


class Engine:
    """Shapes that are ready to judge any view."""

    def __init__(self, shapes: Sequence[Shape]) -> None:
        self.shapes = tuple(shapes)
        self.index = Index(self.shapes)

    def validate(self, view: View) -> list[Result]:
        """Return every result of a view."""
        data = Evaluation(view)
        return [to_result(f) for shape in self.shapes for f in _findings(data, shape, shape.focus_nodes(data))]

    def compare(
        self, before: View, added: Iterable[Statement], removed: Iterable[Statement], most: int | None = None
    ) -> Difference:
        """Return what adding and removing statements makes of the results, judging only what that can affect.

        :param most: how many new violations of one shape are enough.
        """
        wanted = dict.fromkeys(added)  # what is both added and removed stays
        added = [statement for statement in wanted if statement not in before]
        removed = [statement for statement in dict.fromkeys(removed) if statement in before and statement not in wanted]
        old, new = Evaluation(before), Evaluation(Layered(before, added, removed))
        pairs = self.index.affected(old, new, [*added, *removed])
        was = [result for shape in self.shapes for result in _judge(old, shape, pairs)]
        now, is_cut = self._judge_until(new, pairs, Counter(result.identity for result in was), most)
        mended = () if is_cut else tuple(_without(was, now))
        return Difference(tuple(_without(now, was)), mended, sum(map(len, pairs.values())), is_cut)

    def _judge_until(
        self, data: Evaluation, pairs: Pairs, known: Counter[Identity], most: int | None
    ) -> tuple[list[Result], bool]:
        """Return the results, and whether they are not all: of a shape with `most` violations that are not known, no more."""
        results: list[Result] = []
        is_cut = False
        for shape in self.shapes:
            new = 0
            for result in _judge(data, shape, pairs):
                if most is not None and result.severity is Severity.VIOLATION:
                    is_known = known[result.identity] > 0
                    known[result.identity] -= is_known
                    new += not is_known
                    if new > most:
                        is_cut = True
                        break
                results.append(result)
        return results, is_cut


def _judge(data: Evaluation, shape: Shape, pairs: Pairs) -> Iterator[Result]:
    nodes = (node for node in pairs.get(shape, ()) if shape.is_about(data, node))
    yield from (to_result(finding) for finding in _findings(data, shape, nodes))


def _findings(data: Evaluation, shape: Shape, nodes: Iterable[Term]) -> Iterator[Finding]:
    for node in nodes:
        yield from shape.validate(data, node)


def _without(results: Iterable[Result], known: Iterable[Result]) -> Iterator[Result]:
    left = Counter(result.identity for result in known)
    for result in results:
        if left[result.identity] > 0:
            left[result.identity] -= 1
        else:
            yield result


def to_result(finding: Finding) -> Result:
    """Put a finding into words: the first of its messages, or which constraint it breaks."""
    shape = finding.shape
    messages = sorted((*shape.messages, *finding.messages))
    component = finding.constraint.component
    predicate = finding.path or (shape.path.predicate if isinstance(shape.path, Step) else None)
    return Result(
        severity=_SEVERITIES.get(shape.severity, Severity.VIOLATION),
        message=messages[0] if messages else _DEFAULT.format(compact(component)),
        focus=finding.focus,
        path=compact(finding.path.value) if finding.path is not None else shape.written_path,
        value=finding.value,
        shape=str(shape.node),
        component=component,
        predicate=predicate,
    )
