"""`at=`: a page, a data file or a graph of an older generation, for as long as that is kept; a citation leads there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import g, request

from qit4n_kg.errors import RequestError
from qit4n_kg.web.context import knowledge_graph, snapshot
from qit4n_kg.web.protocol import read_number, values_of

if TYPE_CHECKING:
    from collections.abc import Sequence

PARAMETER = "at"


def pin() -> None:
    """Answer this request from the generation that its parameter `at` names.

    :raises ParameterError: `at` is no number.
    :raises GenerationGoneError: it is not kept any more.
    :raises NotFoundError: there has been none of this number yet.
    """
    pin_to(read_number(PARAMETER, request.args.getlist(PARAMETER)))


def pin_to(number: int | None) -> None:
    """Answer this request from a generation by its number; None is the current one.

    :raises GenerationGoneError: it is not kept any more.
    :raises NotFoundError: there has been none of this number yet.
    """
    if number is not None and number != snapshot().generation.number:
        g.current_generation = snapshot().generation.number
        g.snapshot = knowledge_graph().pinned(number)


def newer() -> int | None:
    """Return the number of the current generation where this request is answered from another one."""
    number: int | None = g.get("current_generation")
    return number


def refuse_pin(parameters: Sequence[tuple[str, str]]) -> None:
    """Refuse a write that says which generation it is for.

    :raises RequestError: it does.
    """
    if values_of(parameters, PARAMETER):
        raise RequestError("A write changes the current generation, and the request has the parameter at.")
