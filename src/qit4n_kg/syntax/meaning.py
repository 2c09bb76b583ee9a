"""What is wrong with a text that fits the grammar: names given twice, what is not grouped, rows of another length.

Only asked about a text that the engine refused, it looks for the known reasons. Specs: SPARQL 1.1 Query sections 10.1 (BIND),
10.2 (VALUES), 11.4 (aggregates), 18.2.4.4 (SELECT), 19.6 (blank nodes); SPARQL 1.1 Update section 3.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qit4n_kg.syntax.places import Fault, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qit4n_kg.store.dataset_clause import Token
    from qit4n_kg.syntax.grammar import Reading, Span

_QUERIES = ("SelectQuery", "SubSelect")
# What follows compares spans with each other: half a second at the worst for a text of this length.
_MOST_TOKENS = 2_000
_NO_VALUES = ("Filter", "Minus", "BuiltInCall")


class _Text:
    """A text that fits the grammar, as tokens and the spans of rules in them."""

    def __init__(self, stream: Sequence[Token], closed: Sequence[Span]) -> None:
        self.stream = stream
        self.spans: dict[str, list[Span]] = {}
        for span in sorted(closed, key=lambda span: (span.start, -span.end)):
            self.spans.setdefault(span.rule, []).append(span)

    def of(self, *rules: str, within: Span | None = None) -> list[Span]:
        """Return the spans of these rules, rule by rule in the order of the text."""
        found = [span for rule in rules for span in self.spans.get(rule, ())]
        return found if within is None else [span for span in found if _holds(within, span)]

    def around(self, inner: Span, *rules: str) -> Span | None:
        """Return the innermost span of these rules around another."""
        found = [span for span in self.of(*rules) if _holds(span, inner) and span != inner]
        return min(found, key=lambda span: span.end - span.start, default=None)

    def variables(self, span: Span, *without: str) -> list[int]:
        """Return where variables stand in a span, but for those within certain rules."""
        left_out = bytearray(len(self.stream))
        for part in self.of(*without, within=span):
            left_out[part.start : part.end] = b"\1" * (part.end - part.start)
        inside = range(span.start, span.end)
        return [position for position in inside if self.stream[position].kind == "variable" and not left_out[position]]

    def name(self, position: int) -> str:
        """Return the name of the variable at a place, without its sign."""
        return self.stream[position].text[1:]

    def given(self, span: Span) -> int | None:
        """Return where the variable stands to which AS gives a value at the end of a span."""
        end = span.end - 2
        return end if end > span.start and self.stream[end - 1].is_word("AS") else None


def find_meaning(stream: Sequence[Token], reading: Reading) -> Fault | None:
    """Find why a text that fits the grammar is refused; a very long one is not looked into."""
    if len(stream) > _MOST_TOKENS:
        return None
    text = _Text(stream, reading.closed)
    for look in (_aggregates, _selections, _bindings, _rows, _labels, _data, _subjects, _spaces):
        for fault in look(text):
            return fault
    return None


def _selections(text: _Text) -> Iterator[Fault]:
    for query in text.of(*_QUERIES):
        clause = next(span for span in text.of("SelectClause", within=query) if span.start == query.start)
        group = next(
            (one for one in text.of("GroupClause", within=query) if text.around(one, *_QUERIES) == query), None
        )
        aggregates = [one for one in text.of("Aggregate", within=query) if text.around(one, *_QUERIES) == query]
        items = text.of("SelectItem", within=clause)
        yield from _names(text, query, items)
        if group is not None and not items:
            star = text.stream[clause.end - 1]
            yield Fault(star.start, "SELECT * can't be used with GROUP BY.", "Name the variables that are grouped by.")
        if group is not None or any(not text.around(one, "Filter", "Bind") for one in aggregates):
            yield from _ungrouped(text, items, group)


def _names(text: _Text, query: Span, items: Sequence[Span]) -> Iterator[Fault]:
    """Find names that SELECT gives to what has one already."""
    where = next(span for span in text.of("WhereClause", within=query) if text.around(span, *_QUERIES) == query)
    known = {text.name(position) for position in text.variables(where, *_NO_VALUES, "SubSelect")}
    seen: set[str] = set()
    for item in items:
        position = text.given(item)
        name = text.name(item.start if position is None else position)
        if position is not None and name in known | seen:
            yield Fault(text.stream[position].start, f"?{name} has a value already: AS needs a new name.")
        if position is None and name in seen:
            yield Fault(text.stream[item.start].start, f"?{name} is selected twice.")
        seen.add(name)


def _ungrouped(text: _Text, items: Sequence[Span], group: Span | None) -> Iterator[Fault]:
    """Find variables that SELECT names beside an aggregate or GROUP BY and that may have many values in a group."""
    known: set[str] = set()
    for condition in text.of("GroupCondition", within=group) if group else []:
        position = text.given(condition)
        if position is not None or condition.end == condition.start + 1:
            known.add(text.name(condition.start if position is None else position))
    for item in items:
        given = text.given(item)
        for position in text.variables(item, "Aggregate"):
            name = text.name(position)
            if position != given and name not in known:
                hint = f"Add ?{name} to GROUP BY, or take one of its values: (SAMPLE(?{name}) AS ?one)."
                yield Fault(
                    text.stream[position].start, f"?{name} is selected but neither grouped nor aggregated.", hint
                )
        if given is not None:
            known.add(text.name(given))


def _aggregates(text: _Text) -> Iterator[Fault]:
    for span in text.of("Aggregate"):
        around = text.around(span, "Filter", "Bind", "GroupClause", "Aggregate", *_QUERIES)
        name = text.stream[span.start].text.upper()
        if around is not None and around.rule not in _QUERIES:
            place = {"Filter": "FILTER", "Bind": "BIND", "GroupClause": "GROUP BY"}.get(
                around.rule, "another aggregate"
            )
            hint = "Aggregates stand in SELECT, HAVING and ORDER BY; HAVING filters groups."
            yield Fault(text.stream[span.start].start, f"{name} can't stand in {place}.", hint)


def _bindings(text: _Text) -> Iterator[Fault]:
    for bind in text.of("Bind"):
        position, group = text.given(bind), text.around(bind, "Group")
        if position is None or group is None:
            continue
        earlier = [one for one in text.variables(group, *_NO_VALUES, "SubSelect") if one < bind.start]
        if text.name(position) in map(text.name, earlier):
            message = f"{text.stream[position].text} has a value already: BIND needs a new name."
            yield Fault(text.stream[position].start, message, "To compare it, write FILTER(?x = …).")


def _rows(text: _Text) -> Iterator[Fault]:
    for block in text.of("DataBlock"):
        rows = text.of("DataRow", within=block)
        names = len([one for one in text.variables(block) if not rows or one < rows[0].start])
        for row in rows:
            values = len(text.of("DataValue", within=row))
            if values != names:
                message = f"A row of VALUES has {values} and not {names} values, as many as variables."
                yield Fault(text.stream[row.start].start, message, "Write UNDEF for a value that is not known.")


def _labels(text: _Text) -> Iterator[Fault]:
    """Find labels of blank nodes that stand in two groups."""
    groups: dict[str, Span | None] = {}
    for node in text.of("Node", "TripleNode", "Reifier"):
        token = text.stream[node.end - 1]
        if token.kind != "bnode":
            continue
        group = text.around(node, "Group", "Quads", "Operation")
        if groups.setdefault(token.text, group) != group:
            yield Fault(token.start, f"The blank node {token.text} stands in two groups.", "Use a variable instead.")


def _data(text: _Text) -> Iterator[Fault]:
    """Find what INSERT DATA and DELETE can't hold."""
    for quads in text.of("Quads"):
        before = text.stream[quads.start - 1]
        is_deletion = before.is_word("DELETE") or text.stream[quads.start - 2].is_word("DELETE")
        for token in text.stream[quads.start : quads.end]:
            if token.kind == "variable" and before.is_word("DATA"):
                hint = "Use INSERT { … } WHERE { … }, or DELETE WHERE { … }."
                yield Fault(token.start, f"DATA holds no variables such as {token.text}.", hint)
            if is_deletion and (token.kind == "bnode" or token.text[:1] == "["):
                yield Fault(token.start, "DELETE takes no blank nodes.", "Find it by a variable: DELETE WHERE { … }")


def _subjects(text: _Text) -> Iterator[Fault]:
    """Find literals as subjects, which the grammar takes and an update does not."""
    for triple in text.of("PlainTriple"):
        first = text.stream[triple.start]
        if first.kind in ("string", "number") or first.is_word("TRUE", "FALSE"):
            yield Fault(first.start, f"A literal such as {shown(first)} can't be a subject.")


def _spaces(text: _Text) -> Iterator[Fault]:
    """Find spaces that the specification allows and the engine (pyoxigraph 0.5) does not."""
    for call in text.of("BuiltInCall"):
        name, bracket = text.stream[call.start : call.start + 2]
        if name.is_word("CONCAT", "COALESCE", "BNODE") and bracket.start > name.end:
            written = name.text.upper()
            yield Fault(
                bracket.start, f"The engine takes no space between {written} and its bracket.", f"Write {written}(…)"
            )


def _holds(outer: Span, inner: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end
