"""`/data/….{ttl,jsonld,nt,rdf,csv,json}`: one thing as data, each suffix with the same statements as its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

from qit4n_kg.entities.statements import STATEMENT_FORMATS, write_statements
from qit4n_kg.errors import NotFoundError, UnknownEntityError
from qit4n_kg.namespaces import PREFIXES
from qit4n_kg.web import signposts
from qit4n_kg.web.context import knowledge_graph
from qit4n_kg.web.languages import SOURCE
from qit4n_kg.web.pins import pin
from qit4n_kg.web.readings import reading
from qit4n_kg.web.retired import answer_retired
from qit4n_kg.web.sending import send
from qit4n_kg.web.signposts import data_path
from qit4n_kg.web.unknown import answer_unknown

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

__all__ = ["data", "data_path"]

data = Blueprint("data", __name__)

_BY_SUFFIX = {form.extension: form for form in STATEMENT_FORMATS}


@data.get("/data/<path:file>")
def serve(file: str) -> ResponseReturnValue:
    """Send one thing in the format of the suffix; what stands before the last dot is its name. `at` pins a generation.

    :raises NotFoundError: there is no format of this suffix.
    """
    name, _, suffix = file.rpartition(".")
    form = _BY_SUFFIX.get(suffix)
    if form is None:
        known = ", ".join(f".{extension}" for extension in _BY_SUFFIX)
        raise NotFoundError("A data file has one of the known suffixes.", hint=f"They are {known}.")
    iri = f"{knowledge_graph().settings.id_base}{name}"
    pin()
    if (retired := answer_retired(iri, "data", f".{suffix}")) is not None:
        return retired
    try:
        view = reading([SOURCE]).entities.read(iri)
    except UnknownEntityError:
        return answer_unknown(iri)
    body = write_statements(view.triples, form, PREFIXES)
    return send(body, form, links=signposts.headers(signposts.data_links(view)), is_dated=True)
