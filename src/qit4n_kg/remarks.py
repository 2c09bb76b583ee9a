"""What the shapes remarked on in the published data, as triples of the registry graph, so that it can be asked for.

A remark is named after what it says, so that it has the same name whatever else is remarked on. Violations are not here: data with
one is not published. Spec: SHACL section 3.6 (validation report).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode, Triple

from qit4n_kg.namespaces import RDF, SH, XSD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qit4n_kg.reporting import Result

_TYPE = NamedNode(RDF + "type")
_BOOLEAN = NamedNode(XSD + "boolean")


def describe_report(findings: Iterable[Result], registry_graph: NamedNode) -> Iterator[Triple]:
    """Yield the report on all published data."""
    findings = list(findings)
    node = NamedNode(registry_graph.value + "#validation")
    yield Triple(node, _TYPE, NamedNode(SH + "ValidationReport"))
    conforms = Literal("false" if findings else "true", datatype=_BOOLEAN)
    yield Triple(node, NamedNode(SH + "conforms"), conforms)
    for finding in findings:
        yield from _describe(finding, node)


def _describe(finding: Result, report: NamedNode) -> Iterator[Triple]:
    facts: list[tuple[str, NamedNode | Literal]] = [
        ("focusNode", finding.focus),  # type: ignore[list-item]  # published data has no blank nodes
        ("resultSeverity", NamedNode(SH + finding.severity.value)),
        ("resultMessage", Literal(finding.message, language="en")),
    ]
    if ":" in finding.shape:  # a shape without a name can not be pointed to
        facts.append(("sourceShape", NamedNode(finding.shape)))
    if finding.predicate is not None:
        facts.append(("resultPath", finding.predicate))
    if finding.value is not None:
        facts.append(("value", finding.value))  # type: ignore[arg-type]  # nor has it triple terms
    said = "\n".join(f"{name} {value}" for name, value in facts)
    digest = hashlib.sha256(said.encode()).hexdigest()[:16]
    remark = NamedNode(f"{report.value.removesuffix('validation')}remark-{digest}")
    yield Triple(report, NamedNode(SH + "result"), remark)
    yield Triple(remark, _TYPE, NamedNode(SH + "ValidationResult"))
    yield from (Triple(remark, NamedNode(SH + name), value) for name, value in facts)
