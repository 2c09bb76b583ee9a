"""What the clauses of a query lack, and what can't stand in them: names of SELECT, functions, conditions, order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qit4n_kg.syntax.places import Fault, shown
from qit4n_kg.syntax.stop import OPERATORS

if TYPE_CHECKING:
    from qit4n_kg.store.dataset_clause import Token
    from qit4n_kg.syntax.stop import Stop

_FORMS = ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")
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
        if is_call and stop.expects("FILTER") and not stop.stands("IN", "AS"):
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
    """Explain conditions without brackets, lists, names that are missing."""
    token, last = stop.token, stop.reading.open[-1]
    condition = next((span for span in reversed(stop.reading.closed) if span.rule == "Constraint"), None)
    if condition is not None and condition.end == stop.at and token is not None and token.text in OPERATORS - {","}:
        name = stop.stream[condition.start - 1].text.upper()
        return stop.here(f"The whole condition of {name} stands in brackets.", f"Write {name} (…)")
    if last.rule == "Constraint" and stop.before is not None and stop.before.kind == "word":
        name = stop.before.text.upper()
        return stop.missing(f"The condition of {name} stands in brackets.", f"Write {name} (…)")
    if stop.follows("IN") and last.rule == "List":
        return stop.missing("IN is followed by a list in brackets.", "Write, say, ?x IN (1, 2)")
    if stop.follows("BIND") and last.rule == "Bind":
        return stop.missing("BIND is followed by brackets.", "Write BIND(… AS ?name)")
    if stop.reading.is_within("Bind") and stop.expects("AS") and token is not None and token.text == ")":
        return stop.here("BIND gives its value no name.", "Write BIND(… AS ?name)")
    if stop.follows("AS") and stop.expects("VAR") and token is not None:
        return stop.here(f"{shown(token)} is no variable.", _as_variable(token))
    if last.rule in ("DataBlock", "DataRow", "DataValue") and token is not None and token.kind == "variable":
        return stop.here(f"VALUES holds values between its braces, no variables such as {token.text}.")
    if last.rule == "DataBlock" and stop.expects("{"):
        return stop.missing("The values of VALUES stand in braces.", "Write, say, VALUES ?x { 1 2 }")
    return None


def explain_rest(stop: Stop) -> Fault | None:
    """Explain what is left over behind the group, and what the clauses there lack."""
    token, before = stop.token, stop.before
    name = before.text.upper() if before else ""
    if name in ("LIMIT", "OFFSET") and stop.expects("INTEGER"):
        return stop.missing(f"{name} is followed by a whole number.")
    if name in ("ASC", "DESC") and stop.expects("("):
        return stop.missing(f"{name} is followed by what is sorted by.", f"Write {name}(?variable)")
    if name == "CONSTRUCT" and stop.expects("{"):
        return stop.missing("The triples of CONSTRUCT stand in braces.", "Write CONSTRUCT { … } WHERE { … }")
    if stop.expects("BY") and name in ("ORDER", "GROUP"):
        return stop.missing(f"BY is missing after {name}.")
    if name in ("FROM", "NAMED") and stop.expects("IRIREF"):
        hint = "FROM only chooses graphs; what to look for stands in WHERE { … }."
        return stop.missing("FROM is followed by the IRI of a graph.", hint)
    if (
        name in ("CLEAR", "DROP", "CREATE", "SILENT")
        and stop.expects("GRAPH")
        and token
        and token.kind in ("iri", "name")
    ):
        return stop.missing("GRAPH is missing before the IRI of a graph.", f"Write GRAPH {token.text}")
    if name == "GRAPH" and stop.expects("IRIREF") and not stop.expects("VAR"):
        return stop.missing("GRAPH is followed by the IRI of a graph.")
    if name == "GRAPH" and stop.expects("IRIREF"):
        return stop.missing("GRAPH is followed by a variable or the IRI of a graph, and then by braces.")
    if name == "DESCRIBE" and stop.expects("IRIREF"):
        return stop.missing("DESCRIBE names nothing.", "Write the IRI of a thing, or variables and WHERE { … }.")
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
    if token.is_word("GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET"):
        hint = "The order is GROUP BY, HAVING, ORDER BY, LIMIT and OFFSET, each once."
        return stop.here(f"{token.text.upper()} can't stand here.", hint)
    if token.text == ";" and stop.kind == "query":
        return stop.here("A query ends without a semicolon.")
    if stop.kind == "update":
        return stop.here(f"{shown(token)} is left over.", "A semicolon stands between two operations.")
    return stop.here(f"The query is whole before {shown(token)}, which is left over.", stop.meant())
