"""What the clauses of a query lack, and what can't stand in them: names of SELECT, functions, conditions, order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qit4n_kg.syntax.places import Fault, shown
from qit4n_kg.syntax.stop import OPERATORS

if TYPE_CHECKING:
    from qit4n_kg.store.dataset_clause import Token
    from qit4n_kg.syntax.stop import Stop

_FORMS = ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")
_FROM_HINT = "FROM only chooses graphs; what to look for stands in WHERE { … }."
_AGGREGATES = ("COUNT", "SUM", "MIN", "MAX", "AVG", "SAMPLE", "GROUP_CONCAT")


def explain_selection(stop: Stop) -> Fault | None:
    """Explain what stands between SELECT and the group."""
    token = stop.token
    if stop.reading.is_within("SelectItem"):
        return _in_item(stop)
    if stop.follows("SELECT", "DISTINCT", "REDUCED") and stop.expects("*") and stop.reading.is_within("SelectClause"):
        if token is None or stop.stands("{", "WHERE", "FROM"):
            return stop.missing("SELECT names no variables.", "Write * for all, or name some.")
    elif not (stop.expects("WHERE") and stop.expects("VAR")):
        return None
    return _among_items(stop, token) if token is not None else None


def _in_item(stop: Stop) -> Fault | None:
    """Explain what is wrong with an expression and its name, in brackets."""
    token = stop.token
    if token is None or not stop.expects("AS"):
        return None
    if token.text == ")":
        return stop.here(
            "An expression in SELECT needs a name.", "Write (… AS ?name); a variable alone needs no brackets."
        )
    if token.kind == "variable":
        return stop.here(
            "The variables of SELECT stand without brackets.", "Only an expression has them: (… AS ?name)."
        )
    return None


def _among_items(stop: Stop, token: Token) -> Fault | None:
    """Explain what is no variable and no expression in brackets."""
    if token.text == ",":
        return stop.here("No comma stands between the variables of SELECT.", "A space is enough.")
    if token.is_word("AS"):
        return stop.here("AS stands in brackets, with what it names.", "Write (?a AS ?b).")
    if stop.stands(*_AGGREGATES):
        return stop.here(
            "An expression in SELECT stands in brackets and has a name.", "Write, say, (COUNT(*) AS ?number)."
        )
    if token.text == "-" and stop.before is not None and stop.before.end == token.start:
        return stop.here("A variable's name has letters, digits and _ only, no hyphen.")
    if token.kind == "word":
        return stop.here(f"{shown(token)} is no variable.", stop.meant() or _as_variable(token))
    if token.text in ("?", "$"):
        return stop.here(f"{token.text!r} is no variable: a name is missing behind it.")
    return None


def _as_variable(token: Token) -> str | None:
    name = token.text.strip("'\"?$").replace("-", "_")
    return f"Write ?{name}" if name.isidentifier() else None


def explain_call(stop: Stop) -> Fault | None:
    """Explain what is wrong with the arguments of a function."""
    token = stop.token
    call = stop.reading.innermost("BuiltInCall")
    if token is not None and token.kind == "word" and stop.at + 1 < len(stop.stream):
        is_call = stop.stream[stop.at + 1].text[:1] == "(" and stop.reading.is_within("Group")
        if is_call and stop.expects("STR"):
            return stop.here(f"SPARQL has no function {token.text}.", stop.meant())
        if is_call and stop.expects("FILTER") and not stop.stands("IN", "AS", "AND", "OR"):
            hint = "Write FILTER(…) for a condition, BIND(… AS ?name) for a value."
            return stop.here(f"{token.text}(…) can't stand in a pattern by itself.", hint)
    if call is None or call.start == stop.at or stop.reading.innermost("Group", "BuiltInCall") != call:
        return None
    name = stop.stream[call.start].text
    if stop.expects("(", "NIL") and call.start == stop.at - 1:
        return stop.missing(f"Brackets are missing after {name}.", f"Write {name}(…)")
    if token is not None and token.text == ")" and stop.expects(",") and not stop.expects(")"):
        return stop.here(f"{name} needs more arguments than these.")
    if token is not None and token.text == "," and stop.expects(")") and not stop.expects(","):
        return stop.here(f"{name} has too many arguments.")
    return None


def explain_expression(stop: Stop) -> Fault | None:
    """Explain conditions without brackets, lists, operators and names that are missing."""
    token, last = stop.token, stop.reading.open[-1]
    condition = next((span for span in reversed(stop.reading.closed) if span.rule == "Constraint"), None)
    goes_on = token is not None and (token.text in OPERATORS - {","} or token.is_word("AND", "OR"))
    if condition is not None and condition.end == stop.at and goes_on:
        name = stop.stream[condition.start - 1].text.upper()
        return stop.here(f"The whole condition of {name} stands in brackets.", f"Write {name} (…)")
    if last.rule == "Constraint" and stop.before is not None and stop.before.kind == "word":
        name = stop.before.text.upper()
        if token is not None and token.kind == "nothing":
            return stop.here(f"The brackets after {name} are empty.")
        return stop.missing(f"The condition of {name} stands in brackets.", f"Write {name} (…)")
    if stop.follows("IN") and last.rule == "List":
        return stop.missing("IN is followed by a list in brackets.", "Write, say, ?x IN (1, 2)")
    if stop.follows("BIND") and last.rule == "Bind":
        return stop.missing("BIND is followed by brackets.", "Write BIND(… AS ?name)")
    if token is None:
        return None
    if stop.reading.is_within("Bind") and stop.expects("AS") and token.text == ")":
        return stop.here("BIND gives its value no name.", "Write BIND(… AS ?name)")
    if stop.follows("AS") and stop.expects("VAR"):
        return stop.here(f"{shown(token)} is no variable.", _as_variable(token))
    return _in_value(stop, token)


def _in_value(stop: Stop, token: Token) -> Fault | None:
    """Explain what is no value, and values that nothing joins."""
    if not stop.reading.is_within("Expression", "Brackets", "List", "ArgList", "BuiltInCall"):
        return None
    if stop.is_unknown_word and stop.expects("VAR"):
        hint = stop.meant() or "A variable begins with ?, a text stands in quotation marks."
        return stop.here(f"{shown(token)} is no value.", hint)
    if token.kind in ("symbol", "nothing", "word") or stop.before is None:
        return None
    if stop.expects(","):
        return stop.missing(f"A comma is missing between {shown(stop.before)} and {shown(token)}.")
    if stop.expects("&&"):
        return stop.missing(f"An operator such as = or && is missing between {shown(stop.before)} and {shown(token)}.")
    return None


def explain_values(stop: Stop) -> Fault | None:
    """Explain what VALUES lacks, and what can't stand in it."""
    token, last = stop.token, stop.reading.open[-1]
    if last.rule not in ("DataBlock", "DataRow", "DataValue"):
        return None
    if stop.follows("VALUES"):
        return stop.missing("VALUES names no variable.", "Write, say, VALUES ?x { 1 2 }")
    if token is not None and token.text == ",":
        return stop.here("No comma stands in VALUES.", "A space is enough.")
    if token is not None and token.kind == "variable":
        hint = "Several variables stand in brackets: VALUES (?x ?y) { (1 2) }"
        return stop.here(f"VALUES holds values, and no variables such as {token.text}.", hint)
    if stop.expects("{"):
        return stop.missing("The values of VALUES stand in braces.", "Write, say, VALUES ?x { 1 2 }")
    if last.rule == "DataBlock" and stop.expects("("):
        return stop.here("Each row of VALUES stands in brackets.", "Write, say, VALUES (?x ?y) { (1 2) (3 4) }")
    return None


_FOLLOWED = {
    "LIMIT": ("INTEGER", "LIMIT is followed by a whole number.", None),
    "OFFSET": ("INTEGER", "OFFSET is followed by a whole number.", None),
    "ASC": ("(", "ASC is followed by what is sorted by.", "Write ASC(?variable)"),
    "DESC": ("(", "DESC is followed by what is sorted by.", "Write DESC(?variable)"),
    "ORDER": ("BY", "BY is missing after ORDER.", None),
    "GROUP": ("BY", "BY is missing after GROUP.", None),
    "BY": ("VAR", "What to sort or group by is missing.", "Name a variable."),
    "SERVICE": ("IRIREF", "SERVICE is followed by the address of an endpoint, and then by braces.", None),
    "CONSTRUCT": ("{", "The triples of CONSTRUCT stand in braces.", "Write CONSTRUCT { … } WHERE { … }"),
    "FROM": ("IRIREF", "FROM is followed by the IRI of a graph.", _FROM_HINT),
    "NAMED": ("IRIREF", "NAMED is followed by the IRI of a graph.", _FROM_HINT),
    "DESCRIBE": ("IRIREF", "DESCRIBE names nothing.", "Write the IRI of a thing, or variables and WHERE { … }."),
}
"""What each keyword wants behind it, and what to say where that is missing."""


def explain_rest(stop: Stop) -> Fault | None:
    """Explain what keywords lack, and what is left over behind the group."""
    token, name = stop.token, stop.before.text.upper() if stop.before else ""
    if name in _FOLLOWED and stop.expects(_FOLLOWED[name][0]):
        return stop.missing(*_FOLLOWED[name][1:])
    if (
        name in ("CLEAR", "DROP", "CREATE", "SILENT")
        and stop.expects("GRAPH")
        and token
        and token.kind in ("iri", "name")
    ):
        return stop.missing("GRAPH is missing before the IRI of a graph.", f"Write GRAPH {token.text}")
    if name == "GRAPH" and stop.expects("IRIREF"):
        kinds = "a variable or the IRI of a graph, and then by braces" if stop.expects("VAR") else "the IRI of a graph"
        return stop.missing(f"GRAPH is followed by {kinds}.")
    if [span.rule for span in stop.reading.open] not in (["Query"], ["Update"]) or token is None:
        return None
    return _left_over(stop, token)


def _left_over(stop: Stop, token: Token) -> Fault:
    if token.text == ",":
        if stop.before is not None and stop.before.kind == "number":
            return stop.here("LIMIT and OFFSET take one number each.", "Write LIMIT 20 OFFSET 10")
        return stop.here("No comma stands between what is sorted or grouped by.", "A space is enough.")
    if token.is_word("WHERE") and stop.kind == "update":
        return stop.here("DATA takes no WHERE.", "Write INSERT { … } WHERE { … } or DELETE { … } WHERE { … }")
    if token.is_word("WHERE"):
        return stop.here("WHERE stands a second time.", "All patterns stand in one pair of braces.")
    if token.is_word(*_FORMS) and stop.kind == "query":
        return stop.here("A second query begins here.", "Send one at a time; a SELECT in a pattern stands in braces.")
    if token.is_word("ASC", "DESC"):
        return stop.here(
            f"{token.text.upper()} stands before what is sorted by.", f"Write {token.text.upper()}(?variable)"
        )
    if token.is_word("UNION", "OPTIONAL", "FILTER", "MINUS", "BIND", "GRAPH", "SERVICE"):
        return stop.here(f"{token.text.upper()} stands behind the braces.", "All of the pattern stands within them.")
    if token.is_word("GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET"):
        hint = "The order is GROUP BY, HAVING, ORDER BY, LIMIT and OFFSET, each once."
        return stop.here(f"{token.text.upper()} can't stand here.", hint)
    if token.text == ";" and stop.kind == "query":
        return stop.here("A query ends without a semicolon.")
    if stop.kind == "update":
        return stop.here(f"{shown(token)} is left over.", "A semicolon stands between two operations.")
    return stop.here(f"The query is whole before {shown(token)}, which is left over.", stop.meant())
