"""Validation reports for programs that show findings beside the lines: SARIF 2.1.0, and GitHub's workflow commands; pure.

Specs: OASIS SARIF 2.1.0; GitHub Actions, workflow commands (`::error file=…`).
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import qit4n_kg
from qit4n_kg.namespaces import compact
from qit4n_kg.reporting import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qit4n_kg.errors import SourceError
    from qit4n_kg.reporting import Report, Result

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.VIOLATION: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_COMMANDS = {Severity.VIOLATION: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(report: Report, name: str) -> str:
    """Write a report in the format of a short name: text, json, sarif, turtle or github."""
    if name == "sarif":
        return to_sarif(report)
    if name == "github":
        return to_github(report)
    return {"turtle": report.to_turtle, "text": report.to_text}.get(name, report.to_json)()


def to_sarif(report: Report) -> str:
    """Write the findings as one SARIF run; each shape is a rule."""
    findings = report.findings
    shapes = list(dict.fromkeys(finding.shape for finding in findings))
    driver = {
        "name": "qit4n-kg",
        "version": qit4n_kg.__version__,
        "informationUri": "https://www.w3.org/TR/shacl/",
        "rules": [_rule(shape, findings) for shape in shapes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, shapes.index(finding.shape)) for finding in findings],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2)


def _rule(shape: str, findings: Sequence[Result]) -> dict[str, Any]:
    first = next(finding for finding in findings if finding.shape == shape)
    return {
        "id": compact(shape),
        "shortDescription": {"text": first.message},
        "defaultConfiguration": {"level": _LEVELS[first.severity]},
    }


def _result(finding: Result, rule: int) -> dict[str, Any]:
    about = f"{finding.focus_label} {finding.focus}" if finding.focus_label else str(finding.focus)
    text = " ".join(filter(None, (finding.explanation, f"({about})", finding.suggestion)))
    location: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": str(finding.focus)}]}
    if finding.file is not None:
        region = {"startLine": finding.line or 1, **({"startColumn": finding.column} if finding.column else {})}
        location["physicalLocation"] = {"artifactLocation": {"uri": quote(finding.file)}, "region": region}
    identity = hashlib.sha256(repr([str(part) for part in finding.identity]).encode()).hexdigest()
    return {
        "ruleId": compact(finding.shape),
        "ruleIndex": rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [location],
        "partialFingerprints": {"finding/v1": identity},
        "properties": {name: value for name, value in finding.to_dict().items() if value is not None},
    }


def to_github(report: Report) -> str:
    """Write each finding as a workflow command, and the summary last."""
    return "\n".join([*(_command(finding) for finding in report.findings), report.summary])


def unreadable_to_github(error: SourceError) -> str:
    """Write a file that can't be read as a workflow command.

    >>> from qit4n_kg.errors import SourceError
    >>> unreadable_to_github(SourceError("This is not Turtle: no dot.", path="data/x.ttl", line=3))
    '::error file=data/x.ttl,line=3,title=Unreadable::This is not Turtle: no dot.'
    """
    return _written("error", error.path, error.line, error.column, "Unreadable", error.message)


def _command(finding: Result) -> str:
    about = finding.focus_label or str(finding.focus)
    message = " ".join(filter(None, (finding.explanation, f"({about})", finding.suggestion)))
    command = _COMMANDS[finding.severity]
    return _written(command, finding.file, finding.line, finding.column, compact(finding.shape), message)


def _written(command: str, file: object, line: int | None, column: int | None, title: str, message: str) -> str:
    places = {"file": file, "line": line, "col": column, "title": title}
    written = ",".join(f"{name}={_property(str(value))}" for name, value in places.items() if value is not None)
    return f"::{command} {written}::{_escape(message)}"


def _escape(text: str) -> str:
    r"""Escape a message.

    >>> _escape("50%\nmore")
    '50%25%0Amore'
    """
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
