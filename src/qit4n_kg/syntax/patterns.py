"""What patterns lack, and what can't stand in them: an object, a dot; a clause that belongs behind the braces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qit4n_kg.syntax.places import Fault, quoted, shown

if TYPE_CHECKING:
    from qit4n_kg.store.dataset_clause import Token
    from qit4n_kg.syntax.stop import Stop

_PATTERNS = ("FILTER", "OPTIONAL", "BIND", "MINUS", "VALUES", "SERVICE", "GRAPH", "LATERAL")
_MODIFIERS = ("GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET")
_TRIPLES = ("Triple", "PlainTriple", "BlankNode", "PlainBlankNode")
_LISTS = ("PropertyList", "PlainPropertyList")
_VERBS = ("Verb", "PlainVerb")
_OBJECTS = ("ObjectList", "PlainObjectList")


def explain_triple(stop: Stop) -> Fault | None:
    """Explain what a triple lacks, or has too much of."""
    token = stop.token
    triple, properties = stop.reading.innermost(*_TRIPLES), stop.reading.innermost(*_LISTS)
    if triple is None or properties is None or stop.reading.is_within("Expression"):
        return None
    subject = stop.words(triple.start, properties.start)
    if triple.rule in ("BlankNode", "PlainBlankNode"):
        subject = "["
    if stop.stands("{") and stop.reading.open[-1].rule not in _OBJECTS and stop.expects("*"):
        return stop.here("A step of a path is repeated by ?, * or + in SPARQL, not by {…}.")
    if (fault := _varied(stop)) is not None:
        return fault
    verb = stop.reading.innermost(*_VERBS)
    if verb is not None and verb.start == stop.at:
        if token is not None and token.kind in ("string", "number"):
            return _no_predicate(stop, token)
        if token is None or token.text in ("}", ".", ";", ",", "]", ")"):
            return stop.missing(f"The triple that begins with {quoted(subject)} has no predicate and no object.")
        return _no_term(stop, "predicate")
    objects = stop.reading.innermost(*_OBJECTS)
    if objects is not None and stop.at == objects.start:
        if token is None or token.text in ("}", ".", ";", ",", "]"):
            predicate = next(span for span in reversed(stop.reading.closed) if span.rule in _VERBS)
            written = f"{subject} {stop.words(predicate.start, predicate.end)}"
            return stop.missing(f"The triple {quoted(written)} has no object.")
        return _no_term(stop, "object")
    return None


def _varied(stop: Stop) -> Fault | None:
    """Find a variable that was meant as a step of a path (SPARQL 1.1 Query section 9: paths hold none)."""
    at = stop.at - 1 if stop.follows("+") else stop.at
    step, sign = (*stop.stream[at - 1 : at + 1], None, None)[:2]
    if step is None or sign is None or step.kind != "variable" or sign.start != step.end:
        return None
    if sign.text in ("*", "+", "/", "|", "?"):
        return Fault(sign.start, f"{sign.text!r} makes a path, and a path holds no variables such as {step.text}.")
    return None


def _no_predicate(stop: Stop, token: Token) -> Fault:
    return stop.here(f"A predicate is an IRI, a prefixed name, 'a' or a variable, not {shown(token)}.")


def _no_term(stop: Stop, role: str) -> Fault | None:
    token = stop.token
    if token is None:
        return None
    if token.text == "<":
        return stop.here("An IRI begins here, and no > closes it before a space.", "An IRI holds no spaces; write <…>.")
    if token.text == "A" and role == "predicate":
        return stop.here("The predicate 'a' is a small letter.", "Write a, or rdf:type.")
    if stop.is_unknown_word or token.is_word("A"):
        hint = "A variable begins with ?, a name with its prefix and a colon, a text with a quotation mark."
        return stop.here(f"{shown(token)} can't be the {role} of a triple.", hint)
    return None


def explain_pattern(stop: Stop) -> Fault | None:
    """Explain what can't follow a pattern within braces."""
    token, before = stop.token, stop.before
    if (
        token is None
        or before is None
        or not stop.expects("}")
        or not stop.reading.is_within("Group", "Quads", "ConstructQuery")
    ):
        return None
    if stop.stands(*_MODIFIERS):
        name = f"{token.text.upper()}{' BY' if stop.stands('GROUP', 'ORDER') else ''}"
        return stop.here(f"{name} stands within the braces.", "Put it behind the } that closes the pattern.")
    if stop.stands("SELECT"):
        return stop.here("A SELECT within a pattern stands in braces of its own.", "Write { SELECT … WHERE { … } }")
    if stop.stands(*_PATTERNS):
        return _only_triples(stop, token)
    if (fault := _begun(stop, before)) is not None:
        return fault
    if token.text == "/" and stop.text[token.end : token.end + 1] == "/":
        return stop.here("A comment begins with # in SPARQL.")
    if token.text == ".":
        return stop.here("There is no triple before this dot.")
    if before.text == ";" and token.kind in ("string", "number"):
        return _no_predicate(stop, token)
    if before.text == ";" and token.kind == "word" and not stop.meant():
        return _no_term(stop, "predicate")
    if token.kind == "word" and before.text in ("{", ".", "}"):
        meant = stop.meant()
        return stop.here(f"{shown(token)} can't stand here.", meant) if meant else _no_term(stop, "subject")
    return _after_object(stop, token, before)


def _begun(stop: Stop, before: Token) -> Fault | None:
    """Explain how patterns are joined, and that an IRI is not closed with which one begins."""
    if stop.token is not None and stop.stands("EXISTS", "NOT"):
        return stop.here(f"{stop.token.text.upper()} stands in a FILTER.", "Write FILTER NOT EXISTS { … }")
    if stop.stands("UNION"):
        return stop.here("UNION stands between two groups in braces.", "Write { … } UNION { … }")
    if stop.stands("OR") and before.text != ")":
        return stop.here("Patterns are joined by UNION in SPARQL.", "Write { … } UNION { … }")
    is_unclosed = stop.stands("<") and before.text in ("{", ".", "}", ";")
    return _no_term(stop, "subject") if is_unclosed else None


def _only_triples(stop: Stop, token: Token) -> Fault:
    """Explain that a template or data hold no patterns of another kind."""
    statement = stop.reading.innermost("ConstructQuery", "Operation")
    hint = f"Write {stop.stream[statement.start].text.upper()} {{ … }} WHERE {{ … }}" if statement else None
    return stop.here(f"{token.text.upper()} can't stand here, where only triples do.", hint)


def _after_object(stop: Stop, token: Token, before: Token) -> Fault | None:
    """Explain what can't follow the object of a triple."""
    if token.text == "@" and before.kind == "string":
        return stop.here("A language is missing after @.", 'Write, say, "text"@en')
    if token.text == "^" and before.kind == "string":
        return stop.here("A datatype follows ^^, not ^.", 'Write, say, "2020"^^xsd:gYear')
    if token.kind == "word" and before.kind == "string" and stop.is_joined():
        hint = "A quotation mark within a text is written with a backslash before it, or the text stands between the other kind."
        return stop.here(f"The text {shown(before)} ends before {shown(token)}.", hint)
    if token.text == "-" and before.kind == "number" and stop.is_joined():
        return stop.here("A date stands in quotation marks, with its datatype.", 'Write, say, "2020-01-31"^^xsd:date')
    if token.text == "_" and before.kind == "language":
        return stop.here("A language tag has hyphens.", f"Write, say, {before.text}-GB")
    objects = stop.reading.innermost(*_OBJECTS) or next(
        (span for span in reversed(stop.reading.closed) if span.rule in _OBJECTS and span.end == stop.at), None
    )
    if objects is None or token.kind in ("symbol", "nothing"):
        return None
    if token.kind == "word" and not token.is_word("TRUE", "FALSE"):
        meant = stop.meant()
        return stop.here(f"{shown(token)} can't follow a triple.", meant) if meant else _no_term(stop, "next part")
    is_listed = any(one.text == "," for one in stop.stream[objects.start : stop.at])
    if is_listed and "\n" not in stop.text[before.end : token.start]:
        hint = "A dot ends a triple; a semicolon goes before another predicate of the same subject."
        message = f"After a comma comes one more object of the same predicate, here {shown(before)}; {shown(token)} can't follow."
        return stop.here(message, hint)
    begun = next(
        (span for span in reversed(stop.reading.closed) if span.rule in _TRIPLES and span.end == stop.at), None
    )
    written = stop.words(begun.start, begun.end) if begun else before.text
    return stop.missing(
        f"A dot is missing between {quoted(written)} and {shown(token)}.",
        "A triple has three parts; a dot ends it, a semicolon goes before another predicate, a comma before another object.",
    )
