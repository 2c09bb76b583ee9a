"""`/contribute/sheets`: for each class a spreadsheet of what is there, or an empty one, to be sent to `/contribute`."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request

from qit4n_kg.errors import NotFoundError, ParameterError
from qit4n_kg.formats import CSV, HTML, JSON, XLSX, by_name, negotiate
from qit4n_kg.namespaces import STDORG
from qit4n_kg.web import access
from qit4n_kg.web.context import knowledge_graph, snapshot
from qit4n_kg.web.contributions import finish, json_response
from qit4n_kg.web.languages import gettext
from qit4n_kg.web.readings import reading

contribute_sheets = Blueprint("contribute_sheets", __name__)

_OFFERS = (XLSX, CSV)


@contribute_sheets.get("/contribute/sheets")
def index() -> Response:
    """List the classes that there are spreadsheets for, with a form to send one back."""
    form = negotiate(request.headers.get("Accept"), (HTML, JSON))
    now = snapshot()
    found = knowledge_graph().gatekeeper.sheets(now.generation.store_path)
    if form is JSON:
        return finish(json_response([{"class": name, "things": count} for name, count in found]))
    label = reading().entities.labels.label
    labels = {name: gettext(label(f"{STDORG}{name}")) for name, _ in found}
    body = render_template(
        "contribute_sheets.html",
        sheets=found,
        labels=labels | {"ConceptScheme": gettext("List of values")},  # SKOS's class, which our ontology gives no label
        holder=access.session_holder(),
        csrf=access.form_token(),
        generation=now.generation.number,
    )
    response = finish(Response(body, content_type=HTML.content_type))
    access.begin_visit(response)
    return response


@contribute_sheets.get("/contribute/sheets/<name>.<suffix>")
def sheet(name: str, suffix: str) -> Response:
    """Send the spreadsheet of a class, with `empty=1` one without a row."""
    form = by_name(suffix, _OFFERS)
    if form is None:
        raise NotFoundError(f"There is no sheet in the format {suffix[:20]!r}.", hint="Known: xlsx, csv.")
    empty = request.args.get("empty", "0")
    if empty not in ("0", "1"):
        raise ParameterError("empty is 0 or 1.")
    now = snapshot().generation
    gatekeeper = knowledge_graph().gatekeeper
    content = gatekeeper.sheet(name, form, now.store_path, now.number, is_empty=empty == "1")
    response = Response(content, content_type=form.content_type)
    safe = "".join(c for c in name if c.isalnum())
    response.headers["Content-Disposition"] = f'attachment; filename="{safe}-{now.number}.{form.extension}"'
    response.headers["X-Generation"] = str(now.number)
    return finish(response)
