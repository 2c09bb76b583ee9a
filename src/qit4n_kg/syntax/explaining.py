"""Errors in a SPARQL text that a person can act on: what is missing or wrong, its line and column, and what to write.

The engine judges; this is only asked about what it refused, and looks at the text in the order in which a reader would: characters,
prefixes, the grammar, then what the grammar does not say. Of several mistakes the first in the text is told.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qit4n_kg.errors import QuerySyntaxError
from qit4n_kg.namespaces import PREFIXES
from qit4n_kg.sparql import prefix_of, undeclared_prefixes
from qit4n_kg.store.dataset_clause import read_prologue
from qit4n_kg.syntax.characters import find_character
from qit4n_kg.syntax.faults import find_fault
from qit4n_kg.syntax.grammar import grammar_tokens, sparql_grammar
from qit4n_kg.syntax.meaning import find_meaning
from qit4n_kg.syntax.places import Fault

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from qit4n_kg.store.dataset_clause import Token

# Python reads the tokens several times, in the process that serves others too; a longer text gets the engine's own words.
_LONGEST_EXPLAINED = 32 * 1024
_SENTENCE = re.compile(r"(?:expected (?:one of )?|, )([A-Z][a-z]*(?: [A-Za-z]+){2,})(?=,|$)")
_MANY = 12


def explain(
    text: str,
    error: QuerySyntaxError,
    known: Mapping[str, str] = PREFIXES,
    kind: str = "query",
    declared: Container[str] = (),
) -> QuerySyntaxError:
    """Say what is wrong with a query in words, from its text and the engine's error.

    :param known: prefixes whose declaration is suggested where it is missing.
    :param kind: what it is: a query, or an update.
    :param declared: prefixes that the engine was given, so that the text need not declare them.
    """
    if len(text) > _LONGEST_EXPLAINED:
        return error
    stream = grammar_tokens(text)
    reading = sparql_grammar().read(stream, kind.capitalize())
    found = [
        find_character(text, stream),
        _slashed(text, {name: iri for name, iri in known.items() if name in declared}),
        _undeclared(text, known, declared),
        _without_base(stream) if "IRI parsing failed" in error.message else None,
        find_fault(text, stream, reading, kind),
    ]
    faults = [fault for fault in found if fault is not None]
    first = min(faults, key=lambda fault: fault.offset) if faults else find_meaning(stream, reading)
    if first is not None:
        return first.located(text)
    if error.line is None:  # it is in words already
        return error
    sentence = _SENTENCE.search(error.message)
    message = f"{sentence[1]}." if sentence else f"The {kind} is not valid, and the engine does not say why."
    return QuerySyntaxError(message, line=error.line, column=error.column, hint=error.hint)


def with_prefixes(text: str, known: Mapping[str, str] = PREFIXES) -> str | None:
    r"""Declare the known prefixes that a query uses undeclared; None where there is none.

    >>> with_prefixes("ASK { ?s owl:sameAs x:y }")
    'PREFIX owl: <http://www.w3.org/2002/07/owl#>\nASK { ?s owl:sameAs x:y }'
    """
    if len(text) > _LONGEST_EXPLAINED:
        return None
    missing = [name for name in map(prefix_of, undeclared_prefixes(text)) if name in known]
    return "".join(f"PREFIX {name}: <{known[name]}>\n" for name in missing) + text if missing else None


def line_of(text: str, line: int | None) -> str | None:
    r"""Return one line of a text, counted from 1, None where there is none.

    >>> line_of("ASK\n{ }", 2)
    '{ }'
    """
    lines = text.split("\n")  # as the engine counts them
    return lines[line - 1].rstrip("\r") if line is not None and 0 < line <= len(lines) else None


def _without_base(stream: Sequence[Token]) -> Fault | None:
    relative = (token for token in stream if token.kind == "iri" and ":" not in token.text)
    if (first := next(relative, None)) is None:
        return None
    return Fault(first.start, f"{first.text} is relative, and there is no BASE.", "Write the whole IRI.")


def _undeclared(text: str, known: Mapping[str, str], declared: Container[str]) -> Fault | None:
    undeclared = [token for token in undeclared_prefixes(text) if prefix_of(token) not in declared]
    if not undeclared:
        return None
    missing = [name for name in map(prefix_of, undeclared) if name in known]
    declarations = " ".join(f"PREFIX {name}: <{known[name]}>" for name in missing[:_MANY])
    hint = f"Add at the top: {declarations}" if declarations else None
    return Fault(undeclared[0].start, f"The prefix {prefix_of(undeclared[0])}: is not declared.", hint)


def _slashed(text: str, given: Mapping[str, str]) -> Fault | None:
    """Find what was meant as a prefixed name but has a slash, which begins a path (section 9.1).

    :param given: prefixes that need no declaration.

    >>> found = _slashed("PREFIX id: <https://example.org/> ASK { ?s ?p id:person/james-nagel }", {})
    >>> found.hint
    'Write the whole IRI: <https://example.org/person/james-nagel>'
    """
    try:
        prologue = read_prologue(text, None, None)
    except QuerySyntaxError:
        return None
    declared = {**given, **prologue.prefixes}
    for position, token in enumerate(prologue.rest):
        if token.kind != "name" or prefix_of(token) not in declared:
            continue
        end = _end_of_name(prologue.rest, position)
        if end > token.end:
            written = text[token.start : end]
            iri = declared[prefix_of(token)] + written.partition(":")[2]
            message = f"{written} is no prefixed name: a slash in it begins a property path."
            return Fault(token.start, message, f"Write the whole IRI: <{iri}>")
    return None


def _end_of_name(stream: Sequence[Token], position: int) -> int:
    """Return where a name with the parts that slashes join to it ends; another prefixed name or `a` is a step of a path."""
    end = stream[position].end
    while position + 2 < len(stream):
        slash, part = stream[position + 1 : position + 3]
        is_joined = slash.text == "/" and slash.start == end and part.start == slash.end
        if not is_joined or part.kind not in ("word", "number") or part.text == "a":
            break
        end = part.end
        position += 2
    return end
