"""`/contribute/new` and `/contribute/edit`: forms made from the shapes, to add a thing or to correct what is stated of one.

The form itself is drawn in the browser (the bundle `entity-form`); what it sends goes to `POST /contributions` like any other
contribution, and its check to `POST /validate`. Without JavaScript the page leads to the class's spreadsheet. `Accept:
application/json` gives what the form is made of. Nothing is written here.
"""

from __future__ import annotations

import contextlib
from itertools import islice
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, render_template, request
from pyoxigraph import DefaultGraph, Literal, NamedNode, RdfFormat, Triple, parse

from qit4n_kg.contributions.standing import Standing
from qit4n_kg.entities.labels import LabelReader
from qit4n_kg.entities.passages import PassageReader, SourceKind
from qit4n_kg.errors import ParameterError, SearchMissingError
from qit4n_kg.formats import HTML, JSON, negotiate
from qit4n_kg.namespaces import RDF, RDFS
from qit4n_kg.slugs import LONGEST, fill
from qit4n_kg.web import access
from qit4n_kg.web.context import knowledge_graph, snapshot
from qit4n_kg.web.contributions import finish, json_response
from qit4n_kg.web.form_texts import form_texts
from qit4n_kg.web.languages import gettext as in_words
from qit4n_kg.web.languages import site_language
from qit4n_kg.web.links import local_path
from qit4n_kg.web.readings import reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from qit4n_kg.store.base import Term

contribute_forms = Blueprint("contribute_forms", __name__)

_LABEL = NamedNode(f"{RDFS}label")
_TYPE = NamedNode(f"{RDF}type")
_DEFAULT = DefaultGraph()
_MOST_FOUND = 12
_LONGEST_QUESTION = 200
_MOST_VALUES = 20
_MOST_KINDS = 12
_MOST_NAMING = 40
_MOST_SCANNED = 2_000


@contribute_forms.get("/contribute/new")
def new() -> Response:
    """Show the form for a new thing of a class, or the classes that there are."""
    name = request.args.get("class", "")
    form = negotiate(request.headers.get("Accept"), (HTML, JSON))
    store = snapshot().generation.store_path
    if name:
        return _answer(knowledge_graph().gatekeeper.form(name, None, store))
    classes = knowledge_graph().gatekeeper.form_classes(store)
    _name(classes)
    classes.sort(key=lambda one: one["label"].casefold())
    if form is JSON:
        return finish(json_response(classes))
    body = render_template("contribute_new.html", classes=classes)
    return finish(Response(body, content_type=HTML.content_type))


@contribute_forms.get("/contribute/edit")
def edit() -> Response:
    """Show the form for a thing that is there; `id` is its IRI, or what follows the base of identifiers."""
    return _answer(
        knowledge_graph().gatekeeper.form("", _thing(request.args.get("id", "")), snapshot().generation.store_path)
    )


@contribute_forms.get("/contribute/values")
def values() -> Response:
    """Find things of some classes (`class`, again for another) by name (`q`): what a field of a form may link to."""
    kinds = request.args.getlist("class")[:_MOST_KINDS]
    text = request.args.get("q", "").strip()[:_LONGEST_QUESTION]
    found = dict.fromkeys((*_named_exactly(text, kinds), *_searched(text, kinds)))
    labels = LabelReader(snapshot().store, knowledge_graph().settings.base_iri)
    return finish(json_response([{"iri": iri, "label": labels.label(iri)} for iri in list(found)[:_MOST_FOUND]]))


@contribute_forms.get("/contribute/identifier")
def identifier() -> Response:
    """Suggest an identifier for a new thing, and say what it names already.

    Either `id`, or a `pattern` with `value`s: each a property's IRI, a space, and its value (an IRI or a text).
    """
    base = knowledge_graph().settings.id_base
    local: str | None = request.args.get("id", "").removeprefix(base)
    if not local:
        given = (one.partition(" ") for one in request.args.getlist("value")[:_MOST_VALUES])
        local = fill(
            request.args.get("pattern", "")[:1000], {name: value[: LONGEST * 4] for name, _, value in given}, base
        )
    if not local:
        return finish(json_response({"id": None}))
    iri = _thing(local)
    taken = Standing(snapshot().store, knowledge_graph().settings.graph_base).is_known(NamedNode(iri))
    label = reading().entities.labels.label(iri) if taken else None
    return finish(json_response({"id": iri.removeprefix(base), "iri": iri, "taken": taken, "label": label}))


def _thing(text: str) -> str:
    """Return an identifier of this registry.

    :raises ParameterError: it is none.
    """
    base = knowledge_graph().settings.id_base
    iri = text if text.startswith(base) else f"{base}{text}"
    local = iri.removeprefix(base)
    try:
        NamedNode(iri)
    except ValueError:
        local = ""
    if not local or len(iri) > 4 * _LONGEST_QUESTION or any(part in ("", ".", "..") for part in local.split("/")):
        raise ParameterError(f"{text[:100]!r} is no identifier of this registry.", hint=f"They begin with {base}")
    return iri


# --- things to choose from ------------------------------------------------------------------------------------------------------


def _named_exactly(text: str, kinds: Sequence[str]) -> Iterator[str]:
    """Yield things that are called so, or have this identifier: also what came after the index was made."""
    store, base = snapshot().store, knowledge_graph().settings.id_base
    texts = (Literal(text), Literal(text, language="en"))
    things: list[Term] = [quad.subject for label in texts for quad in store.quads(None, _LABEL, label, _DEFAULT)]
    with contextlib.suppress(ValueError):
        things.append(NamedNode(f"{base}{text.removeprefix(base)}"))
    for thing in things[:_MOST_FOUND]:
        types = {quad.object for quad in store.quads(thing, _TYPE, None, _DEFAULT)}
        if isinstance(thing, NamedNode) and any(isinstance(one, NamedNode) and one.value in kinds for one in types):
            yield thing.value


def _searched(text: str, kinds: Sequence[str]) -> Iterator[str]:
    """Yield things that the search finds."""
    try:
        index = knowledge_graph().search_index(snapshot().generation)
    except SearchMissingError:
        return
    for kind in kinds if text else ():
        found = index.search(text, {"kind": kind}, limit=_MOST_FOUND, with_facets=False)
        if not found.is_near:  # what is merely alike is of any class
            yield from (hit.iri for hit in found.hits)


# --- the form -------------------------------------------------------------------------------------------------------------------


def _answer(told: dict[str, Any]) -> Response:
    """Send the form: its page, or what it is made of."""
    now = snapshot()
    thing = told["thing"]
    told = told | {
        "generation": now.generation.number,
        "base": knowledge_graph().settings.id_base,
        "language": site_language().tag,
    }
    told["statements"] = list(_with_sources(thing, told["statements"]))
    kinds = [told["kind"], *told["classes"].values()]
    for field in (field for described in told["classes"].values() for field in described["fields"].values()):
        field["name"] = in_words(field["name"])
        kinds += field["kinds"]
    _name(kinds)
    told["kept"] = [[reading().entities.labels.label(name), value[:300]] for name, value in told["kept"]]
    if negotiate(request.headers.get("Accept"), (HTML, JSON)) is JSON:
        return finish(json_response(told))
    holder = access.session_holder()
    told |= {"csrf": access.form_token(), "mayContribute": holder is not None, "texts": form_texts()}
    body = render_template(
        "contribute_form.html",
        form=told,
        thing=thing,
        path=local_path(thing, knowledge_graph().settings) if thing else None,
        kind=told["kind"],
        kind_label=told["kind"]["label"],
        naming=_naming(thing) if thing else [],
        most_naming=_MOST_NAMING,
        holder=holder,
    )
    response = finish(Response(body, content_type=HTML.content_type))
    access.begin_visit(response)
    return response


def _name(kinds: Iterable[dict[str, Any]]) -> None:
    """Call classes what the ontology calls them, in the page's language."""
    for kind in kinds:
        kind["label"] = in_words(reading().entities.labels.label(kind["iri"]))


def _with_sources(thing: str | None, statements: Iterable[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    """Yield each statement with the graphs that state it; what a document says is overruled rather than taken back."""
    if thing is None:
        return
    store = snapshot().store
    standing = Standing(store, knowledge_graph().settings.graph_base)
    passages = PassageReader(store, reading().entities.labels)
    for predicate, value in statements:
        sources = []
        for quad in standing.stating(_triple(thing, predicate, value)):
            assert isinstance(quad.graph_name, NamedNode)
            passage = passages.passage(quad.graph_name.value)
            sources.append({"label": passage.label, "document": passage.kind is SourceKind.PASSAGE})
        yield {"predicate": predicate, "value": value, "sources": sources}


def _naming(thing: str) -> list[tuple[str, str]]:
    """Return the things that are stated to lead to one, with their labels: a person's affiliation stands at a role held."""
    base, store = knowledge_graph().settings.id_base, snapshot().store
    standing = Standing(store, knowledge_graph().settings.graph_base)
    links = islice(standing.quads(obj=NamedNode(thing)), _MOST_SCANNED)
    found = {quad.subject.value for quad in links if isinstance(quad.subject, NamedNode)}
    labels = reading().entities.labels
    named = [(labels.label(iri), iri) for iri in found if iri.startswith(base) and iri != thing]
    return sorted(named, key=lambda one: (one[0].casefold(), one[1]))


def _triple(thing: str, predicate: str, value: str) -> Triple:
    (quad,) = parse(f"<{thing}> <{predicate}> {value} .", RdfFormat.N_TRIPLES)
    triple: Triple = quad.triple
    return triple
