"""Requests of OAI-PMH 2.0 (sections 3.1.1, 3.3, 4): arguments in, one value out; what the protocol calls bad is an error.

Values are looked at for their syntax only; whether there is such a record, set or format is for who answers. An identifier may be
any text: one that is illegal here does not exist (section 3.6, idDoesNotExist).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from qit4n_kg.errors import HarvestError
from qit4n_kg.harvesting.naming import PREFIX, SET_SPEC

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TOKEN = "resumptionToken"  # noqa: S105  (an argument's name)
FIRST, LAST = "", "9999-12-31T23:59:59Z"
"""Where a list begins and ends that has no `from` and no `until`."""
_LONGEST = 16_000
_SELECTIVE = ("from", "until", "set")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_SECOND = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+")
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Verb:
    """What a verb takes: arguments that must be there, that may be there, and whether a resumption token may stand alone."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    is_list: bool = False


VERBS = {
    "Identify": Verb(),
    "ListMetadataFormats": Verb(optional=("identifier",)),
    "ListSets": Verb(is_list=True),
    "GetRecord": Verb(("identifier", "metadataPrefix")),
    "ListIdentifiers": Verb(("metadataPrefix",), _SELECTIVE, is_list=True),
    "ListRecords": Verb(("metadataPrefix",), _SELECTIVE, is_list=True),
}


@dataclass(frozen=True)
class Request:
    """A request whose arguments are well formed, as they were given; `since` and `until` are moments, to the second."""

    verb: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    since: str = FIRST
    until: str = LAST

    def get(self, name: str) -> str | None:
        """Return an argument."""
        return self.arguments.get(name)


def is_uri(text: str) -> bool:
    """Tell whether a text is an absolute URI, as an item's identifier is and as the protocol's schema wants one.

    >>> is_uri("oai:example.org:1"), is_uri("nosuch"), is_uri("oai:a b")
    (True, False, False)
    """
    return _URI.fullmatch(text) is not None


def read_request(pairs: Sequence[tuple[str, str]]) -> Request:
    """Read the arguments of a request, in the order in which they came.

    :raises HarvestError: badVerb or badArgument.
    """
    verbs = [value for name, value in pairs if name == "verb"]
    if len(verbs) != 1:
        what = "has no verb" if not verbs else "has more than one verb"
        raise HarvestError("badVerb", f"The request {what}. There are: {', '.join(VERBS)}.")
    if verbs[0] not in VERBS:
        raise HarvestError("badVerb", f"There is no such verb. There are: {', '.join(VERBS)}.")
    arguments = {name: value for name, value in pairs if name != "verb"}
    _check_names(verbs[0], arguments, Counter(name for name, _ in pairs))
    for name, value in arguments.items():
        _check_syntax(name, value)
    since, until = arguments.get("from"), arguments.get("until")
    if since and until and len(since) != len(until):
        raise _bad("from and until have different granularities.")
    first = f"{since}T00:00:00Z" if since and _DAY.fullmatch(since) else since or FIRST
    last = f"{until}T23:59:59Z" if until and _DAY.fullmatch(until) else until or LAST
    if first > last:
        raise _bad("from is later than until.")
    return Request(verbs[0], arguments, first, last)


def _check_names(name: str, arguments: Mapping[str, str], counted: Counter[str]) -> None:
    verb = VERBS[name]
    if repeated := [one for one, count in counted.items() if count > 1]:
        raise _bad(f"Given more than once: {_shown(repeated)}.")
    known = (*verb.required, *verb.optional, *((TOKEN,) if verb.is_list else ()))
    if unknown := [one for one in arguments if one not in known]:
        takes = f"{name} takes: {', '.join(known)}." if known else f"{name} takes no arguments."
        raise _bad(f"Unknown: {_shown(unknown)}. {takes}")
    if TOKEN in arguments and verb.is_list:
        if len(arguments) > 1:
            raise _bad(f"Beside {TOKEN} no other argument may stand.")
        return
    if missing := [one for one in verb.required if one not in arguments]:
        raise _bad(f"Missing: {', '.join(missing)}.")


def _check_syntax(name: str, value: str) -> None:
    is_good = bool(value) and len(value) <= _LONGEST and not _NOT_XML.search(value)
    if is_good and name == "metadataPrefix":
        is_good = PREFIX.fullmatch(value) is not None
    elif is_good and name == "set":
        is_good = SET_SPEC.fullmatch(value) is not None
    elif is_good and name in ("from", "until"):
        is_good = _is_moment(value)
    if not is_good:
        raise _bad(f"The value of {name} is not well formed.")


def _is_moment(text: str) -> bool:
    if not (_DAY.fullmatch(text) or _SECOND.fullmatch(text)) or not text.isascii():
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _bad(message: str) -> HarvestError:
    return HarvestError("badArgument", message)


def _shown(names: Sequence[str]) -> str:
    return ", ".join(_NOT_XML.sub("", name)[:40] for name in names[:10])
