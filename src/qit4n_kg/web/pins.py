"""`at=`: a page or a data file of an older generation, for as long as that is kept; a citation leads there."""

from __future__ import annotations

from flask import g, request

from qit4n_kg.web.context import knowledge_graph, snapshot
from qit4n_kg.web.protocol import read_number

PARAMETER = "at"


def pin() -> None:
    """Answer this request from the generation that its parameter `at` names.

    :raises ParameterError: `at` is no number.
    :raises GenerationGoneError: it is not kept any more.
    :raises NotFoundError: there has been none of this number yet.
    """
    number = read_number(PARAMETER, request.args.getlist(PARAMETER), least=1)
    if number is not None and number != snapshot().generation.number:
        g.current_generation = snapshot().generation.number
        g.snapshot = knowledge_graph().pinned(number)


def newer() -> int | None:
    """Return the number of the current generation where this request is answered from another one."""
    number: int | None = g.get("current_generation")
    return number
