"""What a search's address says, and the addresses of the searches beside it: another page, one filter more or fewer.

`q` is the text; `type`, `group`, `country` and `year` narrow the answer, each by one value, short where it is ours:
`type=Person`, `group=fg-qit4n/wg1`. All of a search is in its address, so that it can be linked. Pure but for reading the request.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode

from qit4n_kg.errors import ParameterError
from qit4n_kg.namespaces import STDORG, compact, prefixes
from qit4n_kg.search.index import MOST_HITS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flask import Response
    from werkzeug.datastructures import MultiDict

    from qit4n_kg.config import Settings

FILTERS = {"type": "kind", "group": "group", "country": "country", "year": "year"}
"""The parameters that narrow an answer, and the facet of each."""

SHOWN = 20
MOST_AT_ONCE = 100
_OF_EVERY_PAGE = frozenset(("lang", "format"))
_LONGEST_VALUE = 500


View = TypeVar("View", bound="Callable[..., Response]")

SEARCHED = {
    "q": "The text to search for.",
    "type": "A class: Person, or skos:Concept, or an IRI.",
    "group": "A group, or one above it: its path under id/, or an IRI.",
    "country": "A country: its path under id/, or an IRI.",
    "year": "The year of any date.",
    "page": "Which part of the answer, from 1.",
    "limit": f"How many hits a part has, up to {MOST_AT_ONCE}.",
}
"""The parameters of a search, as the description of the interface tells them."""


def takes(parameters: Mapping[str, str]) -> Callable[[View], View]:
    """Note of a view which parameters its address may have, and what they mean."""

    def note(view: View) -> View:
        view.query_parameters = parameters  # type: ignore[attr-defined]
        return view

    return note


@dataclass(frozen=True)
class Asked:
    """One search: its text, its filters as they stand in the address, and which part of the answer."""

    text: str
    filters: Mapping[str, str]
    page: int = 1
    limit: int = SHOWN

    @property
    def offset(self) -> int:
        """How many hits come before this part."""
        return (self.page - 1) * self.limit

    def href(self, path: str = "/search") -> str:
        """Return its address."""
        parameters = {"q": self.text, **self.filters, "page": self.page, "limit": self.limit}
        defaults = {"q": "", "page": 1, "limit": SHOWN}
        kept = {name: value for name, value in parameters.items() if value != defaults.get(name)}
        return f"{path}?{urlencode(kept, safe='/:')}" if kept else path

    def at(self, page: int) -> Asked:
        """Return the same search at another part of its answer."""
        return replace(self, page=page)

    def with_filter(self, name: str, value: str) -> Asked:
        """Return the search narrowed by a value, from its beginning."""
        return replace(self, filters={**self.filters, name: value}, page=1)

    def without(self, name: str) -> Asked:
        """Return the search without a filter, from its beginning."""
        return replace(self, filters={key: value for key, value in self.filters.items() if key != name}, page=1)

    def terms(self, settings: Settings) -> dict[str, str]:
        """Return the filters as the index knows them: each facet's IRI or year."""
        return {FILTERS[name]: expand(name, value, settings) for name, value in self.filters.items()}


def read_search(arguments: MultiDict[str, str], known: Sequence[str] = ("page", "limit")) -> Asked:
    """Read a search from the parameters of a request.

    :raises ParameterError: one is unknown, given twice, or no number where one is needed.
    """
    given: dict[str, str] = {}
    for name, values in arguments.lists():
        if name in _OF_EVERY_PAGE:
            continue
        if name != "q" and name not in FILTERS and name not in known:
            raise ParameterError(
                f"A search has no parameter {name[:100]!r}.", hint=f"It has: {', '.join(('q', *FILTERS, *known))}."
            )
        if len(values) > 1:
            raise ParameterError(f"The parameter {name!r} is given {len(values)} times, and one value is taken.")
        given[name] = values[0]
    filters = {name: given[name].strip() for name in FILTERS if given.get(name, "").strip()}
    for name, value in filters.items():
        if len(value) > _LONGEST_VALUE:
            raise ParameterError(f"The parameter {name!r} is longer than {_LONGEST_VALUE} characters.")
    limit = read_count("limit", given.get("limit"), SHOWN, MOST_AT_ONCE)
    page = read_count("page", given.get("page"), 1, MOST_HITS // limit)
    return Asked(" ".join(given.get("q", "").split()), filters, page, limit)


def read_count(name: str, text: str | None, default: int, most: int) -> int:
    """Read a number from 1 to `most`; nothing is the default.

    :raises ParameterError: it is another one, or none.
    """
    if text is None or not text.strip():
        return default
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
    if not 1 <= number <= most:
        raise ParameterError(f"The parameter {name!r} is {text[:100]!r}, and not a number from 1 to {most}.")
    return number


def shorten(name: str, value: str, settings: Settings) -> str:
    """Write a facet's value as it stands in an address: a class of ours by its name, a thing of ours by its path.

    >>> from qit4n_kg.config import load_settings
    >>> shorten("type", "https://w3id.org/stdorg/ns#Person", load_settings({}))
    'Person'
    >>> shorten("group", "https://w3id.org/qit4n/id/fg-qit4n/wg1", load_settings({}))
    'fg-qit4n/wg1'
    """
    term, local = value.removeprefix(STDORG), value.removeprefix(settings.id_base)
    if name != "year" and term != value and _is_term(term):
        return term
    if local and local != value and not _is_term(local) and ":" not in local:
        return local
    return compact(value)


def expand(name: str, value: str, settings: Settings) -> str:
    """Turn a value of an address into a facet's value; one that can't be any matches nothing.

    >>> from qit4n_kg.config import load_settings
    >>> expand("type", "skos:Concept", load_settings({})), expand("year", "2021", load_settings({}))
    ('http://www.w3.org/2004/02/skos/core#Concept', '2021')
    """
    if name == "year" or value.startswith(("http://", "https://")):
        return value
    prefix, colon, local = value.partition(":")
    known = prefixes(settings.base_iri)
    if colon and prefix in known:
        return f"{known[prefix]}{local}"
    return f"{STDORG if _is_term(value) else settings.id_base}{value}"


def _is_term(name: str) -> bool:
    """Tell a class's name from a thing's path, which has a slash or begins with a small letter."""
    return name[:1].isupper() and name.isalnum()
