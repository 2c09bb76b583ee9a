"""What the grammar says of a mistake, in the words of who writes queries: what is missing, or why something can't stand there.

Each function knows one place in a query; the first that knows what to say is heard. None of them decides whether the text is
wrong, only how that is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qit4n_kg.syntax.clauses import explain_call, explain_expression, explain_rest, explain_selection, explain_values
from qit4n_kg.syntax.habits import habit_of
from qit4n_kg.syntax.patterns import explain_pattern, explain_triple
from qit4n_kg.syntax.places import Fault, shown
from qit4n_kg.syntax.stop import OPERATORS, TERMS, Stop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qit4n_kg.store.dataset_clause import Token
    from qit4n_kg.syntax.grammar import Reading

_BEGINNINGS = {
    "query": "A query begins with SELECT, ASK, CONSTRUCT or DESCRIBE",
    "update": "An update begins with INSERT, DELETE, WITH, LOAD, CLEAR, CREATE, DROP, COPY, MOVE or ADD",
}
_CLOSING = {"}": "{", ")": "(", "]": "["}
_PAIRS = {opening: closing for closing, opening in _CLOSING.items()}
_COMPARISONS = frozenset(("=", "!=", "<", ">", "<=", ">=", "&&", "||"))
_CONSTANTS = frozenset(("TRUE", "FALSE", "NOT", "EXISTS", "ASC", "DESC"))
_GROUPED = {"OPTIONAL", "MINUS", "UNION", "WHERE", "EXISTS", "LATERAL"}
_UNSHOWN = frozenset(
    ("PNAME_NS", "NUMBER", "ANON", "NIL", "BNODE", "LANGTAG", "LATERAL", "<<", "<<(", "{|", "~", "WORD")
)
_MANY = 12


def find_fault(text: str, stream: Sequence[Token], reading: Reading, kind: str) -> Fault | None:
    """Say why the token at which a reading stopped can't stand there; None where it did not stop.

    :param kind: what is read: a query, or an update.
    """
    if reading.at is None:
        return None
    stop = Stop(text, stream, reading, reading.at, kind)
    for look in _LOOKS:
        if (fault := look(stop)) is not None:
            return fault
    return _unexpected(stop)


def _prologue(stop: Stop) -> Fault | None:
    token = stop.token
    if stop.follows("PREFIX"):
        name = f"{token.text}:" if token and token.kind == "word" else "name:"
        return stop.missing("PREFIX is followed by a name with a colon.", f"Write PREFIX {name} <…>")
    if stop.reading.is_within("PrefixDeclaration") or (stop.follows("BASE") and stop.expects("IRIREF")):
        assert stop.before is not None
        return stop.missing(f"The IRI after {stop.before.text} stands between < and >; there is none here.")
    if not stop.expects("SELECT" if stop.kind == "query" else "INSERT") or stop.reading.is_within("Group", "Operation"):
        return None
    if stop.stands(".", ";", ",") and stop.before is not None and stop.before.kind == "iri":
        return stop.here("A declaration ends without a sign.", "That of Turtle, @prefix, ends with a dot.")
    if stop.stands(";") and stop.kind == "update":
        return stop.here("No operation stands before this ';'.")
    message = _BEGINNINGS[stop.kind]
    if token is None:
        return stop.missing(f"{message}; there is none here.")
    hint = "In SPARQL write PREFIX name: <…> without @ and without a dot." if token.text[:1] == "@" else None
    return stop.here(f"{message}, not with {shown(token)}.", hint or stop.meant())


def _operation(stop: Stop) -> Fault | None:
    """Explain what follows the templates of an update, and WITH."""
    if not stop.reading.is_within("Operation") or not stop.follows("}"):
        is_with = stop.expects("DELETE", "INSERT") and stop.reading.open[-1].rule == "Operation"
        return stop.missing("WITH and its graph are followed by DELETE or INSERT.") if is_with else None
    if not stop.expects("USING"):
        return None
    if stop.stands("DELETE"):
        return stop.here("DELETE stands behind INSERT.", "Write DELETE { … } INSERT { … } WHERE { … }")
    hint = "Write WHERE { … } with the pattern, or INSERT DATA and DELETE DATA for triples without variables."
    return stop.missing("WHERE is missing behind the braces.", stop.meant() or hint)


def _brackets(stop: Stop) -> Fault | None:
    """Find a bracket that is not closed before the end or another closing one, and one that closes nothing."""
    depth: list[Token] = []
    for earlier in stop.stream[: stop.at]:
        if earlier.kind == "symbol" and earlier.text in _PAIRS:
            depth.append(earlier)
        elif earlier.kind == "symbol" and earlier.text in _CLOSING and depth:
            depth.pop()
    token = stop.token
    if token is None:
        if not depth:
            return None
        line = stop.text.count("\n", 0, depth[-1].start) + 1
        hint = f"It opens in line {line}; write {_PAIRS[depth[-1].text]} where it ends."
        return stop.missing(f"The {stop.kind} ends before {depth[-1].text!r} is closed.", hint)
    if token.text not in _CLOSING or token.kind != "symbol":
        return None
    if not depth or _CLOSING[token.text] not in (one.text for one in depth):
        return stop.here(f"{token.text!r} closes nothing.")
    if depth[-1].text != _CLOSING[token.text] and stop.expects(_PAIRS[depth[-1].text]):
        wanted = _PAIRS[depth[-1].text]
        return stop.missing(f"{depth[-1].text!r} is not closed: {wanted!r} is missing before {token.text!r}.")
    return None


def _operand(stop: Stop) -> Fault | None:
    """Find an operator without what it needs before or behind it."""
    token, before = stop.token, stop.before
    if token is None or before is None or not stop.expects("VAR", "IRIREF"):
        return _doubled(stop)
    is_sign = token.kind == "symbol" and token.text != "<"
    if before.text == "(" and token.text in _COMPARISONS:
        return stop.here(f"Something is missing before {token.text!r}.")
    if before.kind != "symbol" or before.text not in OPERATORS or not (is_sign or token.is_word("AS")):
        return _doubled(stop)
    if before.text in "+*" and not stop.reading.is_within("Expression"):  # of a path
        return None
    return _doubled(stop) or stop.here(f"Something is missing between {before.text!r} and {token.text!r}.")


def _doubled(stop: Stop) -> Fault | None:
    """Find signs of other languages that consist of one of SPARQL's twice."""
    token, before = stop.token, stop.before
    if token is not None and stop.text[token.start : token.start + 2] in ("--", "/*") and not stop.expects(token.text):
        return stop.here("A comment begins with # in SPARQL.")
    if token is None or before is None or not stop.is_joined() or token.text != before.text:
        return None
    if token.text == "=":
        return stop.here("Equality is one '=' in SPARQL, not two.")
    return Fault(before.start, "A comment begins with # in SPARQL.") if token.text == "-" else None


def _habit(stop: Stop) -> Fault | None:
    found = habit_of(stop)
    return stop.here(*found) if found else None


def _group(stop: Stop) -> Fault | None:
    """Explain that a group in braces is missing."""
    if not stop.expects("{") or stop.reading.innermost("Group", "Quads") is None:
        return None
    last = stop.reading.open[-1]
    if last.rule not in ("Group", "Quads") or last.start != stop.at:
        return None
    if stop.stands("WHERE") and stop.follows("WHERE"):
        return stop.here("WHERE stands twice.")
    before = stop.before.text.upper() if stop.before else ""
    if stop.token is None and before not in _GROUPED:
        return stop.missing(f"The {stop.kind} has no WHERE: what to look for is missing.", "Add WHERE { … }")
    if stop.token is not None and (stop.expects("WHERE") and stop.token.kind == "word"):
        return None
    if before in _GROUPED:
        return stop.missing(f"A group in braces is missing after {before}.", f"Write {before} {{ … }}")
    if stop.token is not None and stop.token.text in OPERATORS:
        return None
    return stop.missing(f"A group in braces is missing before {shown(stop.token)}.", "Write { … } around the pattern.")


def _unexpected(stop: Stop) -> Fault:
    shown_ones = set(stop.reading.expected - _UNSHOWN)
    if stop.expects("STR"):  # and with it every other function
        shown_ones = {item for item in shown_ones if item in TERMS or item in _CONSTANTS or not item[0].isupper()} | {
            "a function"
        }
    expected = sorted(shown_ones, key=lambda item: (item not in TERMS, not item.isalpha(), item))
    offered = [TERMS.get(item, item) for item in expected]
    if "IRIREF" in expected and "PNAME" in expected:
        offered.remove("a prefixed name")
    listed = f"{', '.join(offered[:_MANY])}{' …' if len(offered) > _MANY else ''}"
    if stop.token is None:
        return stop.missing(f"The {stop.kind} ends too early.", f"Expected: {listed}" if listed else None)
    return stop.here(f"Unexpected {shown(stop.token)}.", stop.meant() or (f"Expected: {listed}" if listed else None))


_LOOKS = (
    _prologue,
    _operation,
    _brackets,
    _operand,
    _habit,
    explain_selection,
    _group,
    explain_call,
    explain_expression,
    explain_values,
    explain_triple,
    explain_pattern,
    explain_rest,
)
