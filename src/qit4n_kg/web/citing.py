"""`/cite/…`: how to cite one thing as this generation has it, as a page and as `.txt`, `.bib`, `.json` (CSL) and `.ris`."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from flask import Blueprint, Response, render_template, request

from qit4n_kg.entities.citation import Citation
from qit4n_kg.errors import UnknownEntityError
from qit4n_kg.formats import HTML, Format
from qit4n_kg.web.context import knowledge_graph, licence_name, snapshot, stated_licence
from qit4n_kg.web.pins import pin
from qit4n_kg.web.readings import reading
from qit4n_kg.web.retired import answer_retired
from qit4n_kg.web.sending import send
from qit4n_kg.web.signposts import path_of
from qit4n_kg.web.unknown import answer_unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from qit4n_kg.entities.view import EntityView

citing = Blueprint("citing", __name__)

STYLES: dict[str, tuple[Format, Callable[[Citation], str]]] = {
    "txt": (Format("text", "text/plain", "txt", "Text"), Citation.text),
    "bib": (Format("bibtex", "application/x-bibtex", "bib", "BibTeX"), Citation.bibtex),
    "json": (Format("csl", "application/vnd.citationstyles.csl+json", "json", "CSL-JSON"), Citation.csl),
    "ris": (Format("ris", "application/x-research-info-systems", "ris", "RIS"), Citation.ris),
}
_MOST_DOCUMENTS = 5


@citing.get("/cite/<path:name>")
def show(name: str) -> Response:
    """Say how to cite one thing; with a suffix, in one style alone. `at` pins a generation."""
    pin()
    id_base = knowledge_graph().settings.id_base
    entities = reading().entities
    before, _, suffix = name.rpartition(".")
    # A name may itself end like a suffix: then it is the thing that is meant.
    is_file = suffix in STYLES and bool(before) and not entities.has(f"{id_base}{name}")
    iri = f"{id_base}{before if is_file else name}"
    retired = answer_retired(iri, "cite", f".{suffix}" if is_file else "")
    if retired is not None:
        return retired
    try:
        view = entities.read(iri)
    except UnknownEntityError:
        return answer_unknown(iri)
    citation = _cite(view)
    if is_file:
        form, write = STYLES[suffix]
        return send(write(citation), form, is_dated=True)
    styles = [(form, write(citation)) for form, write in STYLES.values()]
    body = render_template(
        "cite.html", iri=iri, label=view.label, types=view.types, place="cite", path_of=path_of, styles=styles
    )
    return send(body, HTML, is_dated=True)


def _cite(view: EntityView) -> Citation:
    manifest, licence = snapshot().generation.manifest, stated_licence()
    documents = dict.fromkeys(passage.document.label for passage in view.passages if passage.document)
    return Citation(
        title=view.label,
        iri=view.iri,
        pinned=f"{request.host_url.rstrip('/')}{path_of(view.iri, 'doc')}?at={manifest.number}",
        collection="qit4n-kg",
        license="" if licence is None else f"{licence_name(licence)}, {licence}",
        generation=manifest.number,
        dataset=manifest.dataset,
        built=datetime.datetime.fromisoformat(manifest.built_at).date(),
        documents=tuple(documents)[:_MOST_DOCUMENTS],
    )
