"""One thing for a reader: `/id/…` redirects (303) to its page or its data, `/doc/…` is the page; what belongs to it is beside them.

One `EntityView` makes the page and every data file (`web/data.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, render_template, request

from qit4n_kg.entities.cards import card
from qit4n_kg.entities.statements import STATEMENT_FORMATS, record
from qit4n_kg.errors import UnknownEntityError
from qit4n_kg.formats import HTML
from qit4n_kg.namespaces import SCHEMA, STDORG
from qit4n_kg.web import signposts
from qit4n_kg.web.citing import citing
from qit4n_kg.web.context import knowledge_graph, stated_licence
from qit4n_kg.web.data import data
from qit4n_kg.web.formats_asked import choose_format
from qit4n_kg.web.history import history
from qit4n_kg.web.incoming import incoming
from qit4n_kg.web.languages import gettext as _
from qit4n_kg.web.languages import site_language
from qit4n_kg.web.links import local_path
from qit4n_kg.web.pins import newer, pin
from qit4n_kg.web.readings import reading
from qit4n_kg.web.retired import answer_retired
from qit4n_kg.web.sending import redirect_other, send
from qit4n_kg.web.signposts import data_path, path_of
from qit4n_kg.web.unknown import answer_unknown

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from qit4n_kg.entities.view import EntityView

documents = Blueprint("documents", __name__)
for _part in (data, history, incoming, citing, signposts.signposts):
    documents.register_blueprint(_part)

_PERSON = f"{STDORG}Person"


@documents.get("/id/<path:name>")
def identify(name: str) -> ResponseReturnValue:
    """Redirect from a thing to a document about it (303: Cool URIs for the Semantic Web, section 4.2).

    :raises NotAcceptableError: no document on offer satisfies Accept.
    """
    iri = f"{knowledge_graph().settings.id_base}{name}"
    if (retired := answer_retired(iri, "id")) is not None:
        return retired
    if not reading().entities.has(iri):
        return answer_unknown(iri)
    form = choose_format([HTML, *STATEMENT_FORMATS])
    path = local_path(iri, knowledge_graph().settings) if form == HTML else f"{data_path(iri)}.{form.extension}"
    return redirect_other(path or "/")


@documents.get("/doc/<path:name>")
def document(name: str) -> ResponseReturnValue:
    """Show one thing as a page. `at` pins a generation."""
    iri = f"{knowledge_graph().settings.id_base}{name}"
    pin()
    if (retired := answer_retired(iri, "doc")) is not None:
        return retired
    now = reading()
    try:
        view = now.entities.read(iri)
    except UnknownEntityError:
        return answer_unknown(iri)
    tables = now.tables(view)
    view = now.entities.with_sources(view, (graph for table in tables for graph in table.sources))
    page = render_template(
        "entity.html",
        view=view,
        iri=iri,
        place="doc",
        path_of=path_of,
        newer=newer(),
        tables=tables,
        covered=frozenset(name for table in tables if table.rows for name in table.panel.covers),
        summary=_summary(view),
        is_person=_PERSON in view.all_types,
        card=_card(view),
        records=[record(triple) for triple in view.triples],
        forms=STATEMENT_FORMATS,
        data_path=data_path(iri),
        statements=now.statements,
    )
    return send(page, HTML, links=signposts.headers(signposts.page_links(view)), is_dated=True)


def _summary(view: EntityView) -> str:
    """Say in a line what the thing is, where nothing describes it: its classes, then its first facts."""
    kinds = ", ".join(one.label for one in view.types)
    facts = "; ".join(
        f"{_(group.predicate.label)}: {group.values[0].label}" for group in view.facts[:4] if group.values
    )
    return ". ".join(filter(None, (kinds, facts))) or view.label


def _card(view: EntityView) -> dict[str, Any]:
    """Return the page's embedded JSON-LD: the thing as schema.org has it, and the page about it."""
    path = path_of(view.iri, "doc")
    page = {
        "@type": "ProfilePage" if _PERSON in view.all_types else "WebPage",
        "@id": f"{request.host_url.rstrip('/')}{path}",
        "mainEntity": {"@id": view.iri},
        "inLanguage": site_language().tag,
        "license": stated_licence(),
        "isBasedOn": sorted({one.document.iri for one in view.passages if one.document}) or None,
    }
    return {
        "@context": SCHEMA.rstrip("/"),
        "@graph": [card(view), {name: value for name, value in page.items() if value is not None}],
    }
