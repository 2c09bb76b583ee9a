"""Words and signs of SQL and of programming languages, and what SPARQL has in their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qit4n_kg.syntax.stop import Stop

_IN_CONDITIONS = {
    "AND": ("Conditions are joined by && in SPARQL.", "Write ?a = 1 && ?b = 2, or two FILTERs."),
    "OR": ("Alternatives are joined by || in SPARQL.", "Write ?a = 1 || ?b = 2."),
    "IS": ("SPARQL has no IS.", "Write BOUND(?x) or !BOUND(?x) for what has a value or none, and = for equality."),
    "NULL": ("SPARQL has no NULL.", "Write !BOUND(?x) for what has no value."),
    "BETWEEN": ("SPARQL has no BETWEEN.", "Write ?x >= 1 && ?x <= 2."),
    "<>": ("Inequality is != in SPARQL.", None),
    "&": ("Conditions are joined by && in SPARQL.", None),
    "|": ("Alternatives are joined by || in SPARQL.", None),
}
_LIKE = ("SPARQL has no LIKE.", 'Write FILTER(CONTAINS(LCASE(STR(?x)), "part")), or REGEX for patterns.')
_ANYWHERE = {
    "TOP": ("SPARQL has no TOP.", "Write LIMIT 10 at the end."),
    "JOIN": ("SPARQL has no JOIN.", "Patterns in one pair of braces are joined by the variables that they share."),
    "FETCH": ("SPARQL has no FETCH.", "Write LIMIT 10 at the end."),
}
_EQUALS = (
    "A pattern is subject, predicate and object, without =.",
    "Put the value itself as object, or compare in FILTER(?x = …).",
)


def habit_of(stop: Stop) -> tuple[str, str | None] | None:
    """Return what to say of a word or sign of another language, and what to write; None if it is none, or fits."""
    token = stop.token
    if token is None:
        return None
    word = token.text.upper()
    is_condition = stop.reading.is_within("Expression", "Constraint")
    if word in ("LIKE", "ILIKE"):
        return _LIKE
    if is_condition and word in _IN_CONDITIONS:
        return _IN_CONDITIONS[word]
    if is_condition and stop.follows("NOT") and stop.expects("EXISTS") and token.kind != "word":
        return "Not is ! in SPARQL.", "Write !(…), or NOT EXISTS { … } for a pattern."
    if word == "=" and not is_condition and stop.reading.is_within("Group", "Quads"):
        return _EQUALS
    return _ANYWHERE.get(word) if token.kind == "word" else None
