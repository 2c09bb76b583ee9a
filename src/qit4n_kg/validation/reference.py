"""One run of pySHACL, the reference engine, over a whole graph: what tests and `qit4n-kg check` hold our engine to.

Spec: SHACL (W3C Recommendation of 2017). Importing this module takes 0.5 s: import it where it is used.
"""

from __future__ import annotations

import pyshacl
import rdflib
from pyoxigraph import NamedNode
from pyshacl.errors import ShapeLoadError, ValidationFailure
from rdflib import SH

from qit4n_kg.errors import SourceError
from qit4n_kg.reporting import Result, Severity, from_rdflib, write_path


def run(data: rdflib.Graph, shapes: rdflib.Graph) -> list[Result]:
    """Return every result, the worst first.

    :raises SourceError: the shapes can't be used.
    """
    try:
        _, report, _ = pyshacl.validate(data, shacl_graph=shapes, inplace=True, advanced=False)
    except ShapeLoadError as exc:
        raise SourceError(f"The shapes can't be used: {exc}") from exc
    if isinstance(report, ValidationFailure):
        raise SourceError(f"The shapes can't be used: {report.message}")
    found = [_read_result(report, shapes, node) for node in report.objects(None, SH.result)]
    return sorted(found, key=lambda result: (result.severity.rank, str(result.focus), result.shape, str(result.value)))


def _read_result(report: rdflib.Graph, shapes: rdflib.Graph, node: rdflib.term.Node) -> Result:
    shape = report.value(node, SH.sourceShape)
    path = shapes.value(shape, SH.path)
    value = report.value(node, SH.value)
    message = min((str(text) for text in report.objects(node, SH.resultMessage)), default="Does not satisfy its shape.")
    focus = report.value(node, SH.focusNode)
    assert focus is not None
    return Result(
        severity=Severity.of(report.value(node, SH.resultSeverity)),
        message=message,
        focus=from_rdflib(focus),
        path=write_path(shapes, path) if path is not None else None,
        value=from_rdflib(value) if value is not None else None,
        shape=str(shape),
        component=str(report.value(node, SH.sourceConstraintComponent)),
        predicate=NamedNode(str(path)) if isinstance(path, rdflib.URIRef) else None,
    )
