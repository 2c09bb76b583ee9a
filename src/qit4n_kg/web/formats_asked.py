"""What a client asks for by `format=`: it is done, or refused in words, and never passed over.

Addresses of queries read it with the rest of their protocol (web/protocol.py). Everywhere else it is looked at before the request
is answered: one value, and where the address ends in a format's suffix, that format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

from qit4n_kg.errors import NotAcceptableError
from qit4n_kg.formats import EVERY, Format, by_name, negotiate
from qit4n_kg.web.protocol import refuse_several_formats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Flask

PARAMETER = "format"
_REPORT = "report"
"""Tells of an export, whose name has the suffix, and is in a format of its own."""
_ASKED_ELSEWHERE = ("sparql.endpoint", "sparql.endpoint_in_a_format", "catalogue.query")


def register(app: Flask) -> None:
    """Refuse requests that name several formats, or another one than their address."""
    app.before_request(_check)


def choose_format(offers: Sequence[Format]) -> Format:
    """Choose the format of an answer: by `format=`, else by the Accept header.

    :raises NotAcceptableError: nothing on offer is acceptable.
    """
    wanted = request.args.get(PARAMETER)
    if wanted is None:
        return negotiate(request.headers.get("Accept"), offers)
    chosen = by_name(wanted, offers)
    if chosen is None:
        known = ", ".join(dict.fromkeys(offer.name for offer in offers))
        raise NotAcceptableError(f"There is no {wanted[:40]!r} of this.", hint=f"There is: {known}.")
    return chosen


def _check() -> None:
    if request.endpoint is None or request.endpoint in _ASKED_ELSEWHERE:
        return
    values = request.args.getlist(PARAMETER)
    if not values:
        return
    refuse_several_formats(PARAMETER, values)
    if _REPORT in request.args:
        return
    name = request.path.rpartition("/")[2]
    suffixed = [form for form in EVERY if name.endswith(f".{form.extension}")]
    if suffixed and by_name(values[0], suffixed) is None:
        raise NotAcceptableError(
            f"The address ends in .{suffixed[0].extension}, and the parameter 'format' asks for {values[0][:40]!r}.",
            hint="Leave one of the two out.",
        )
