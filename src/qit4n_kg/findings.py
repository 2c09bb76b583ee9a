"""One finding as plain values (`reporting.Result.to_dict`; servers send the same), written as a line of text; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from qit4n_kg.namespaces import compact

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_LABEL = 80
_LONGEST_VALUE = 120
# In a label or a file's name they would begin a line that is none of ours, which a log may take for a command, or move a cursor.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")


def write_finding(one: Mapping[str, Any]) -> str:
    r"""Write `file:line:column: Violation: message (label <iri>, path, value)`, and what to write instead.

    >>> write_finding({"severity": "Violation", "message": "No.", "focus": "<a:b>", "file": "x.csv", "sheet": "People", "line": 3})
    'x.csv[People]:3: Violation: No. (<a:b>)'
    >>> write_finding({"severity": "Warning", "message": "Perhaps.", "focus": "<a:b>", "value": "<a:b>"})
    'Warning: Perhaps. (<a:b>)'
    >>> write_finding({"severity": "Warning", "message": "Perhaps.", "focus": "<a:b>", "focusLabel": "A\n::error::B"})
    'Warning: Perhaps. (A ::error::B <a:b>)'
    """
    file = f"{one['file']}[{one['sheet']}]" if one.get("sheet") else one.get("file")
    place = ":".join(str(part) for part in (file, one.get("line"), one.get("column")) if part is not None)
    label = _cut(one.get("focusLabel") or "", _LONGEST_LABEL)
    about = f"{label} {one['focus']}" if label else one["focus"]
    value = one.get("value") if one.get("value") != one["focus"] else None  # a shape of nodes gives the node itself
    details = ", ".join(filter(None, (about, one.get("path"), shorten(value))))
    advice = f" {one['suggestion']}" if one.get("suggestion") else ""
    return _CONTROLS.sub(" ", f"{place}{': ' if place else ''}{one['severity']}: {one['message']} ({details}){advice}")


def shorten(term: str | None) -> str | None:
    """Write a term that is written as in N-Triples with a prefix, if there is one for it, or cut off where it is long.

    >>> shorten("<https://w3id.org/stdorg/ns#Meeting>"), shorten("<http://example.org/>")
    ('stdorg:Meeting', '<http://example.org/>')
    """
    if term is None:
        return None
    if term.startswith("<") and not term.startswith("<<"):
        short = compact(term[1:-1])
        return short if short != term[1:-1] else term
    return _cut(term, _LONGEST_VALUE)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
