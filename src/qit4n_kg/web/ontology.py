"""`/ontology`: the merged modules by content negotiation, a page for a browser; `/ontology.ttl` and other suffixes are fixed.

Below it the modules one by one, and the concept schemes (`/ontology/concepts`), which are data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, current_app, redirect, render_template

from qit4n_kg.errors import NotFoundError
from qit4n_kg.formats import HTML, Format
from qit4n_kg.namespaces import STDORG
from qit4n_kg.vocabulary import CONCEPTS, ONTOLOGY_FORMATS
from qit4n_kg.web.formats_asked import choose_format
from qit4n_kg.web.guide import read_guide
from qit4n_kg.web.languages import SOURCE, site_language
from qit4n_kg.web.readings import Reading, reading
from qit4n_kg.web.sending import send

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

ontology = Blueprint("ontology", __name__)

_BY_SUFFIX = {form.extension: form for form in ONTOLOGY_FORMATS}
_LINKS = (
    f'<{STDORG}>; rel="canonical"',
    '</ontology>; rel="alternate"; type="text/html"',
    *(f'</ontology.{form.extension}>; rel="alternate"; type="{form.media_type}"' for form in ONTOLOGY_FORMATS),
)
_EXTENSION = "ontology_bodies"


@ontology.get("/ontology")
def negotiated() -> ResponseReturnValue:
    """Send Turtle unless another format or the page is preferred (RFC 9110, section 12.5.1).

    :raises NotAcceptableError: nothing on offer satisfies Accept.
    """
    form = choose_format([ONTOLOGY_FORMATS[0], HTML, *ONTOLOGY_FORMATS[1:]])
    return _answer(form, varies=True)


@ontology.get("/ontology.<suffix>")
def fixed(suffix: str) -> ResponseReturnValue:
    """Send the format of the suffix, whatever Accept says.

    :raises NotFoundError: there is no format of this suffix.
    """
    return _answer(_form(suffix), varies=False)


@ontology.get("/ontology/<part>")
def negotiated_part(part: str) -> ResponseReturnValue:
    """Send one module, or the concept schemes, in the format that Accept prefers; a browser is shown its place on the page.

    :raises NotFoundError: there is no such part.
    :raises NotAcceptableError: nothing on offer satisfies Accept.
    """
    _check_part(part)
    form = choose_format([ONTOLOGY_FORMATS[0], HTML, *ONTOLOGY_FORMATS[1:]])
    if form == HTML:
        response = redirect("/ontology#concepts" if part == CONCEPTS else f"/ontology#module-{part}", 303)
        response.vary.add("Accept")
        return response
    return _answer(form, varies=True, part=part)


@ontology.get("/ontology/<part>.<suffix>")
def fixed_part(part: str, suffix: str) -> ResponseReturnValue:
    """Send one module, or the concept schemes, in the format of the suffix, whatever Accept says.

    :raises NotFoundError: there is no such part, or no format of this suffix.
    """
    _check_part(part)
    return _answer(_form(suffix), varies=False, part=part)


def _check_part(part: str) -> None:
    known = reading().vocabulary.parts
    if part not in known:
        raise NotFoundError("The ontology has no module of this name.", hint=f"Its parts are {', '.join(known)}.")


def _form(suffix: str) -> Format:
    form = _BY_SUFFIX.get(suffix)
    if form is None:
        known = ", ".join(f".{extension}" for extension in _BY_SUFFIX)
        raise NotFoundError("The ontology has no file of this suffix.", hint=f"They are {known}.")
    return form


def _answer(form: Format, *, varies: bool, part: str | None = None) -> ResponseReturnValue:
    links = _LINKS if part is None else _part_links(part)
    return send(_body(form, part), form, links=links, varies=varies)


def _part_links(part: str) -> tuple[str, ...]:
    return tuple(
        f'</ontology/{part}.{form.extension}>; rel="alternate"; type="{form.media_type}"' for form in ONTOLOGY_FORMATS
    )


def _body(form: Format, part: str | None) -> bytes:
    """Make each body once for a generation, and a page once for a language."""
    language = site_language().tag if form == HTML else SOURCE
    now = reading([language])
    generation, bodies = current_app.extensions.get(_EXTENSION, (None, {}))
    if generation is not now.snapshot:
        bodies = {}
        current_app.extensions[_EXTENSION] = (now.snapshot, bodies)
    if (form, part, language) not in bodies:
        bodies[form, part, language] = _page(now).encode() if form == HTML else now.vocabulary.write(form, part)
    body: bytes = bodies[form, part, language]
    return body


def _page(now: Reading) -> str:
    return render_template("ontology.html", guide=read_guide(now), namespace=STDORG, forms=ONTOLOGY_FORMATS)
