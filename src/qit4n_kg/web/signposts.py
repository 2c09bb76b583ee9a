"""Signposts for programs: the Link headers of a thing's page and data, and `/linkset/…`, which says all of it at once.

Specs: Signposting and the FAIR Signposting Profile, levels 1 and 2 (signposting.org/FAIR); RFC 8288 (Web Linking); RFC 9264 (link
sets). A thing's page is the landing page; its data files describe it (`describedby`), and its IRI is what to cite (`cite-as`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from flask import Blueprint, request

from qit4n_kg.entities.statements import STATEMENT_FORMATS
from qit4n_kg.errors import NotFoundError
from qit4n_kg.formats import Format, RdfFormat
from qit4n_kg.namespaces import SCHEMA
from qit4n_kg.web.context import knowledge_graph, stated_licence
from qit4n_kg.web.links import local_path
from qit4n_kg.web.readings import reading
from qit4n_kg.web.sending import send
from qit4n_kg.web.unknown import answer_unknown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flask.typing import ResponseReturnValue

    from qit4n_kg.entities.view import EntityView

signposts = Blueprint("signposts", __name__)

LINKSET_JSON = Format("linkset", "application/linkset+json", "json", "Link set (JSON)")
LINKSET = Format("linkset-text", "application/linkset", "txt", "Link set")
_BY_SUFFIX = {form.extension: form for form in (LINKSET_JSON, LINKSET)}
_LANDING_PAGE = f"{SCHEMA}AboutPage"


@dataclass(frozen=True)
class WebLink:
    """One link from an address of ours to another, typed (RFC 8288)."""

    rel: str
    href: str
    media_type: str = ""

    def header(self) -> str:
        """Write it as a field of the Link header."""
        kind = f'; type="{self.media_type}"' if self.media_type else ""
        return f'<{self.href}>; rel="{self.rel}"{kind}'


def uri(iri: str) -> str:
    """Map an IRI to a URI (RFC 3987, section 3.1), because a header field is ASCII.

    >>> uri("https://example.org/josé?a=1#b")
    'https://example.org/jos%C3%A9?a=1#b'
    """
    return quote(iri, safe="%/:?#[]@!$&'()*+,;=~")


def path_of(iri: str, place: str) -> str:
    """Return the path at which a place of ours (`data`, `history`, …) tells of a thing."""
    return f"/{place}/{quote(iri.removeprefix(knowledge_graph().settings.id_base))}"


def data_path(iri: str) -> str:
    """Return the path of a thing's data files, without their suffix."""
    return path_of(iri, "data")


def page_links(view: EntityView) -> list[WebLink]:
    """Return what the landing page of a thing links to."""
    path = data_path(view.iri)
    files = [(f"{path}.{form.extension}", form.media_type) for form in STATEMENT_FORMATS]
    kinds = sorted(iri for iri in view.all_types if iri.startswith(SCHEMA))
    return [
        WebLink("canonical", uri(view.iri)),
        WebLink("alternate", local_path(view.iri, knowledge_graph().settings) or "/", "text/html"),
        *(WebLink("alternate", href, kind) for href, kind in files),
        WebLink("cite-as", uri(view.iri)),
        *(WebLink("type", kind) for kind in (_LANDING_PAGE, *kinds)),
        *_license(),
        *(WebLink("describedby", href, kind) for href, kind in files if kind in _METADATA),
        *(
            WebLink("linkset", f"{path_of(view.iri, 'linkset')}.{form.extension}", form.media_type)
            for form in (LINKSET_JSON, LINKSET)
        ),
    ]


def _license() -> list[WebLink]:
    licence = stated_licence()
    return [] if licence is None else [WebLink("license", licence)]


_METADATA = tuple(
    form.value.media_type for form in (RdfFormat.TURTLE, RdfFormat.JSON_LD, RdfFormat.N_TRIPLES, RdfFormat.RDF_XML)
)


def data_links(view: EntityView) -> list[WebLink]:
    """Return what a data file of a thing links to: the page and the files beside it, and what it describes."""
    page = local_path(view.iri, knowledge_graph().settings) or "/"
    own = [link for link in page_links(view) if link.rel not in ("type", "describedby")]
    turtle = RdfFormat.TURTLE.value
    own.append(WebLink("describedby", f"{data_path(view.iri)}.{turtle.extension}", turtle.media_type))
    return [*own, WebLink("describes", page, "text/html"), WebLink("describes", uri(view.iri))]


def headers(found: Iterable[WebLink]) -> list[str]:
    """Write links as Link headers."""
    return [link.header() for link in found]


@signposts.get("/linkset/<path:file>")
def linkset(file: str) -> ResponseReturnValue:
    """Send every typed link of a thing's page and data files: `.json` or `.txt` (RFC 9264).

    :raises NotFoundError: there is no format of this suffix.
    """
    name, _, suffix = file.rpartition(".")
    form = _BY_SUFFIX.get(suffix)
    if form is None:
        raise NotFoundError("A link set has one of the known suffixes.", hint="They are .json, .txt.")
    iri = f"{knowledge_graph().settings.id_base}{name}"
    entities = reading().entities
    if not entities.has(iri):
        return answer_unknown(iri)
    sets = _sets(entities.read(iri))
    body = _json(sets) if form is LINKSET_JSON else _text(sets)
    return send(body, form)


def _sets(view: EntityView) -> dict[str, list[WebLink]]:
    """Return the links by the absolute address that they start from."""
    here = request.host_url.rstrip("/")

    def absolute(found: Iterable[WebLink]) -> list[WebLink]:
        return [
            WebLink(link.rel, f"{here}{link.href}" if link.href.startswith("/") else link.href, link.media_type)
            for link in found
        ]

    page = f"{here}{local_path(view.iri, knowledge_graph().settings)}"
    sets = {page: absolute(link for link in page_links(view) if link.rel not in ("linkset", "canonical"))}
    for form in STATEMENT_FORMATS:
        describes = [WebLink("describes", page, "text/html"), *_license()]
        sets[f"{here}{data_path(view.iri)}.{form.extension}"] = describes
    return sets


def _json(sets: dict[str, list[WebLink]]) -> str:
    """RFC 9264, section 4.2."""
    written = []
    for anchor, found in sets.items():
        context: dict[str, object] = {"anchor": anchor}
        for link in found:
            target = {"href": link.href} | ({"type": link.media_type} if link.media_type else {})
            context.setdefault(link.rel, []).append(target)  # type: ignore[attr-defined]
        written.append(context)
    return json.dumps({"linkset": written}, ensure_ascii=False, indent=1) + "\n"


def _text(sets: dict[str, list[WebLink]]) -> str:
    """RFC 9264, section 4.1."""
    return ",\n".join(f'{link.header()}; anchor="{anchor}"' for anchor, found in sets.items() for link in found) + "\n"
