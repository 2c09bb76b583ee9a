"""`/data/….{ttl,jsonld,nt,rdf,csv,json}`: one thing as data, each suffix with the same statements as its page."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from flask import Blueprint

from qit4n_kg.entities.statements import STATEMENT_FORMATS, write_statements
from qit4n_kg.errors import NotFoundError, UnknownEntityError
from qit4n_kg.namespaces import PREFIXES
from qit4n_kg.web.context import knowledge_graph
from qit4n_kg.web.links import local_path
from qit4n_kg.web.readings import reading
from qit4n_kg.web.sending import send
from qit4n_kg.web.unknown import answer_unknown

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

data = Blueprint("data", __name__)

_BY_SUFFIX = {form.extension: form for form in STATEMENT_FORMATS}


def data_path(iri: str) -> str:
    """Return the path of a thing's data files, without their suffix."""
    return f"/data/{quote(iri.removeprefix(knowledge_graph().settings.id_base))}"


def uri(iri: str) -> str:
    """Map an IRI to a URI (RFC 3987, section 3.1), because a header field is ASCII.

    >>> uri("https://example.org/josé?a=1#b")
    'https://example.org/jos%C3%A9?a=1#b'
    """
    return quote(iri, safe="%/:?#[]@!$&'()*+,;=~")


def link_headers(iri: str) -> list[str]:
    """Return the Link headers (RFC 8288) that a thing's page and data files have in common."""
    path = data_path(iri)
    page = local_path(iri, knowledge_graph().settings)
    links = [f'<{uri(iri)}>; rel="canonical"', f'<{page}>; rel="alternate"; type="text/html"']
    links += [f'<{path}.{form.extension}>; rel="alternate"; type="{form.media_type}"' for form in STATEMENT_FORMATS]
    return [*links, f'<{path}.ttl>; rel="describedby"; type="text/turtle"']


@data.get("/data/<path:file>")
def serve(file: str) -> ResponseReturnValue:
    """Send one thing in the format of the suffix; what stands before the last dot is its name, dots included.

    :raises NotFoundError: there is no format of this suffix.
    """
    name, _, suffix = file.rpartition(".")
    form = _BY_SUFFIX.get(suffix)
    if form is None:
        known = ", ".join(f".{extension}" for extension in _BY_SUFFIX)
        raise NotFoundError("A data file has one of the known suffixes.", hint=f"They are {known}.")
    settings = knowledge_graph().settings
    iri = f"{settings.id_base}{name}"
    try:
        view = reading().entities.read(iri)
    except UnknownEntityError:
        return answer_unknown(iri)
    body = write_statements(view.triples, form, PREFIXES)
    return send(body, form, links=[*link_headers(iri), f'<{uri(iri)}>; rel="describes"'])
