"""The language of a page: which texts of ours it shows (gettext), and which labels of the data it prefers.

A page's language is the explicit `lang=` of its address, which a cookie remembers, else what Accept-Language prefers (RFC 9110,
section 12.5.4; matched by the lookup of RFC 4647, section 3.4), else English. The texts in the templates are English; a catalogue
`translations/{language}/LC_MESSAGES/messages.po` makes another language, read when the application starts: there is no build step.
Data has labels in languages of its own, so what a reader prefers for them is kept apart (`preferred`).
"""

from __future__ import annotations

import datetime
import io
import re
from dataclasses import dataclass
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import urlencode

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import current_app, g, request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from flask import Flask, Response

CATALOGUES = Path(__file__).parent / "translations"
SOURCE = "en"
"""The language of the texts in the templates, which needs no catalogue; everyone's last resort."""

PARAMETER = "lang"
COOKIE = "qit4n-lang"
_EXTENSION = "translations"
_MOST = 6
_SECONDS = 365 * 24 * 3600
_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}")


@dataclass(frozen=True)
class Language:
    """One language that pages come in: its tag, its own name, its direction of writing, and where the same page is in it."""

    tag: str
    name: str
    direction: str
    href: str


def register(app: Flask) -> None:
    """Read the catalogues, let templates call gettext, and send the headers that say of the language."""
    catalogues = app.extensions[_EXTENSION] = read_catalogues(CATALOGUES)
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext, ngettext, newstyle=True, pgettext=pgettext
    )
    app.jinja_env.globals |= {
        "site_language": site_language,
        "language_links": lambda: [_link(tag) for tag in catalogues],
        "long_date": long_date,
        "long_time": long_time,
        "long_moment": lambda text: long_time(datetime.datetime.fromisoformat(text)),
    }
    app.jinja_env.filters["translated"] = (
        gettext  # of a text that is no template's own: unlike `_`, it stays to be escaped
    )
    app.after_request(_finish)


def read_catalogues(folder: Path) -> Mapping[str, NullTranslations]:
    """Read each language's messages; English, of which the texts are, comes first and has none."""
    catalogues = {SOURCE: NullTranslations()}
    for path in sorted(folder.glob("*/LC_MESSAGES/messages.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale=path.parents[1].name, abort_invalid=True)
        compiled = io.BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        catalogues[path.parents[1].name] = GNUTranslations(compiled)
    return catalogues


# --- which language -------------------------------------------------------------------------------------------------------


def ranked(header: str | None) -> list[str]:
    """Return the tags of an Accept-Language header, the preferred one first, in lower case; what can't be read is left out.

    >>> ranked("fr-CH, en;q=0.5, de;q=0.7, *;q=0.1, xx;q=0")
    ['fr-ch', 'de', 'en']
    """
    found: list[tuple[float, str]] = []
    for item in (header or "")[:1000].split(","):
        tag, *parameters = (part.strip() for part in item.split(";"))
        quality = next((part.partition("=")[2] for part in parameters if part.lower().startswith("q=")), "1")
        if _TAG.fullmatch(tag) and re.fullmatch(r"[01](\.\d{0,3})?", quality) and float(quality) > 0:
            found.append((-float(quality), tag.lower()))
    return [tag for _, tag in sorted(found, key=lambda pair: pair[0])][:_MOST]


def lookup(wanted: Iterable[str], available: Iterable[str]) -> str | None:
    """Return the first available language that a wanted one is, or is a kind of (RFC 4647, section 3.4).

    >>> lookup(["de", "fr-CH"], ["en", "fr"]), lookup(["de"], ["en", "fr"])
    ('fr', None)
    """
    known = {tag.lower(): tag for tag in available}
    for tag in wanted:
        parts = tag.lower().split("-")
        for length in range(len(parts), 0, -1):
            if (found := known.get("-".join(parts[:length]))) is not None:
                return found
    return None


def preferred() -> tuple[str, ...]:
    """Return the languages that this request prefers, the best first, English last where it is not named."""
    if "preferred_languages" not in g:
        explicit = [
            tag.lower() for tag in (request.args.get(PARAMETER), request.cookies.get(COOKIE)) if tag and _is_tag(tag)
        ]
        header = ranked(request.headers.get("Accept-Language"))
        g.preferred_languages = tuple(dict.fromkeys([*explicit[:1], *header, SOURCE]))
    return cast("tuple[str, ...]", g.preferred_languages)


def site_language() -> Language:
    """Return the language of the page that answers this request; who asks for it makes the answer depend on it."""
    g.is_in_language = True
    return _link(_tag())


def _tag() -> str:
    if "language" not in g:
        g.language = lookup(preferred(), _catalogues()) or SOURCE
    return cast("str", g.language)


def _is_tag(text: str) -> bool:
    return _TAG.fullmatch(text) is not None


def _link(tag: str) -> Language:
    locale = Locale.parse(tag, sep="-")
    parameters = [(name, value) for name, value in request.args.items(multi=True) if name != PARAMETER]
    href = f"?{urlencode([*parameters, (PARAMETER, tag)])}"
    name = locale.get_display_name(locale) or tag
    return Language(tag, name[:1].upper() + name[1:], locale.text_direction, href)


def _finish(response: Response) -> Response:
    """Say of a page which language it is in and what that depends on, and remember an explicit choice."""
    if not g.get("is_in_language"):
        return response
    response.vary.update(("Accept-Language", "Cookie"))
    response.headers.setdefault("Content-Language", _tag())
    chosen = request.args.get(PARAMETER, "")
    if chosen in _catalogues() and chosen != request.cookies.get(COOKIE):
        response.set_cookie(COOKIE, chosen, max_age=_SECONDS, httponly=True, samesite="Lax", secure=request.is_secure)
    return response


# --- texts ----------------------------------------------------------------------------------------------------------------


def _catalogues() -> Mapping[str, NullTranslations]:
    return cast("Mapping[str, NullTranslations]", current_app.extensions[_EXTENSION])


def gettext(message: str) -> str:
    """Translate a text of ours into the page's language; one without a translation stays as it is."""
    return _catalogues()[_tag()].gettext(message) if message else message


def tags() -> frozenset[str]:
    """Return the languages that pages come in."""
    return frozenset(_catalogues())


def translated_into(language: str) -> Callable[[str], str] | None:
    """Return what translates our texts into a language, None where pages don't come in it."""
    catalogue = _catalogues().get(language)
    return None if catalogue is None else catalogue.gettext


def ngettext(singular: str, plural: str, count: int) -> str:
    """Translate a text that depends on a number."""
    return _catalogues()[_tag()].ngettext(singular, plural, count)


def pgettext(context: str, message: str) -> str:
    """Translate a text that means different things in different places."""
    return _catalogues()[_tag()].pgettext(context, message)


def long_date(day: datetime.date) -> str:
    """Write a date in words, in the page's language."""
    return format_date(day, "d MMMM y", locale=_tag())


def long_time(moment: datetime.datetime) -> str:
    """Write a moment in words, in the page's language; the clock is UTC."""
    return f"{format_datetime(moment, 'd MMMM y, HH:mm', locale=_tag())} UTC"


def narrow(wanted: Sequence[str], available: Iterable[str]) -> tuple[str, ...]:
    """Keep the wanted languages that are there, each as it is there, and English at the end.

    >>> narrow(("fr-ch", "de", "en"), {"en", "fr", "ja"})
    ('fr', 'en')
    """
    known = frozenset(available)
    found = (lookup([tag], known) for tag in wanted)
    return tuple(dict.fromkeys([*(tag for tag in found if tag is not None), SOURCE]))
