"""Comparisons in a FILTER: a variable with a constant, and in what literals differ so that no operator compares them; pure.

Spec: SPARQL 1.1 Query, section 17.3 (operator mapping).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyoxigraph import Literal

from qit4n_kg.namespaces import RDF, XSD

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qit4n_kg.store.dataset_clause import Token

_STRING = f"{XSD}string"
_OPERATORS = frozenset(("=", "!=", "<", ">", "<=", ">="))
_AROUND = frozenset(("(", ")", "&&", "||", "!", ",", "{", "}"))
"""What ends a side of a comparison; anything else, such as `+`, makes it more than a variable or a constant."""
_NUMERIC = frozenset(
    XSD + name
    for name in (
        *("integer", "decimal", "double", "float", "long", "int", "short", "byte", "nonNegativeInteger"),
        *("positiveInteger", "nonPositiveInteger", "negativeInteger", "unsignedLong", "unsignedInt"),
        *("unsignedShort", "unsignedByte"),
    )
)


def comparisons(tokens: Sequence[Token]) -> Iterable[tuple[str, str, tuple[Token, ...]]]:
    """Yield the comparisons of a variable with something else: the variable, the operator, the other side's tokens."""
    for position, token in enumerate(tokens):
        if token.kind == "symbol" and token.text in _OPERATORS:
            left, right = _side(tokens[:position][::-1])[::-1], _side(tokens[position + 1 :])
            for one, other in ((left, right), (right, left)):
                if len(one) == 1 and one[0].kind == "variable" and other and other[0].kind != "variable":
                    yield one[0].text[1:], token.text, tuple(other)


def _side(tokens: Sequence[Token]) -> list[Token]:
    """Return the tokens up to what ends an operand."""
    found: list[Token] = []
    for token in tokens:
        if token.kind == "symbol" and token.text in _AROUND:
            break
        found.append(token)
    return found


def is_incomparable(constant: Literal, values: Iterable[Literal]) -> bool:
    """Tell whether a constant is of another kind than each of some values.

    >>> is_incomparable(Literal("100"), [Literal(49)]), is_incomparable(Literal(1.5), [Literal(49)])
    (True, False)
    """
    return all(_kind(value) != _kind(constant) for value in values)


def _kind(literal: Literal) -> str:
    if literal.language:
        return f"@{literal.language}"
    return "number" if literal.datatype.value in _NUMERIC else literal.datatype.value


def rewritten(constant: Literal, value: Literal) -> Literal | None:
    """Return a constant's text in the datatype and language of a value, None where it is no text of that datatype.

    >>> rewritten(Literal("100"), Literal(49)) == Literal(100)
    True
    >>> rewritten(Literal("soon"), Literal(1))
    """
    from qit4n_kg.validation.literals import is_well_formed  # noqa: PLC0415  (rdflib, which a server that starts never needs)

    if value.language:
        return Literal(constant.value, language=value.language)
    if value.datatype.value.startswith(RDF):
        return None
    found = Literal(constant.value, datatype=value.datatype)
    return found if is_well_formed(found) else None


def is_alike(value: Literal, sought: Literal) -> bool:
    """Tell whether two literals have the same text but for upper and lower case."""
    return value.value.casefold() == sought.value.casefold()


def difference(sought: Literal, found: Literal) -> str:
    """Say in what two literals of about the same text differ."""
    if sought.language != found.language:
        return f"The query's has {_language(sought)}, the data's has {_language(found)}."
    if sought.datatype != found.datatype:
        return f"The query's is {_datatype(sought)}, the data's is {_datatype(found)}."
    return "They differ in upper and lower case." if sought.value != found.value else "They are written differently."


def _language(literal: Literal) -> str:
    return f"the language tag {literal.language}" if literal.language else "no language tag"


def _datatype(literal: Literal) -> str:
    iri = literal.datatype.value
    return "a string" if iri == _STRING else f"an xsd:{iri.removeprefix(XSD)}" if iri.startswith(XSD) else f"a <{iri}>"
