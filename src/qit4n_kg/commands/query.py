"""The command `query`: asks the built graph, or another endpoint, a catalogue query or SPARQL text."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qit4n_kg.commands import options, terminal
from qit4n_kg.config import load_settings
from qit4n_kg.errors import ParameterError, QueryRefusedError, QuerySyntaxError, SourceError
from qit4n_kg.formats import RdfFormat, ResultFormat, by_name
from qit4n_kg.namespaces import prefixes
from qit4n_kg.queries import bind, read_catalogue
from qit4n_kg.sparql import inspect_query
from qit4n_kg.store.generations import Generations
from qit4n_kg.store.oxigraph import OxigraphStore
from qit4n_kg.syntax.explaining import explain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qit4n_kg.config import Settings
    from qit4n_kg.store.base import Answer, Term


@click.command()
@click.argument("query", metavar="QUERY")
@click.option("--endpoint", metavar="URL", help="Ask this SPARQL endpoint instead of the graph built here.")
@click.option(
    "--format",
    "form",
    default="table",
    metavar="NAME",
    help="table (default), csv, json, xml, tsv; turtle, … for graphs.",
)
@click.option(
    "--parameter", "-p", "given", multiple=True, metavar="NAME=VALUE", help="Value of a catalogue query's parameter."
)
@options.state_dir
@options.sources
def query(query: str, endpoint: str | None, form: str, given: tuple[str, ...], **flags: Any) -> None:
    """Answer QUERY: the id of a catalogue query, a file (.rq), `-` for standard input, or SPARQL text.

    Known prefixes need no declaration. `qit4n-kg query list` lists the catalogue.
    """
    settings = load_settings(**flags)
    if query == "list":
        _list_catalogue(settings)
        return
    text, bindings, notes = _read_query(settings, query, options.pairs(given))
    answer = _ask(settings, endpoint, text, bindings)
    for note in notes:
        terminal.err.print(note, markup=False, soft_wrap=True)
    _print_answer(settings, answer, form)


def _read_query(
    settings: Settings, query: str, arguments: Mapping[str, str]
) -> tuple[str, Mapping[str, Term], list[str]]:
    """Find what QUERY means: `-`, a file that exists, SPARQL text, or an id of the catalogue; also say which defaults it takes."""
    if not query.strip():
        raise ParameterError("QUERY is empty.", hint="`qit4n-kg query list` lists the catalogue.")
    if query == "-":
        return sys.stdin.read(), {}, []
    if len(query) < 256 and "\n" not in query and Path(query).is_file():
        try:
            return Path(query).read_text(encoding="utf-8"), {}, []
        except (OSError, UnicodeDecodeError) as exc:
            raise SourceError(f"can't be read: {exc}", path=query) from exc
    if query.endswith(".rq"):
        raise SourceError("There is no such file.", path=query)
    if any(character.isspace() for character in query):
        if arguments:
            raise ParameterError("Parameters belong to queries of the catalogue.")
        return query, {}, []
    catalogue = read_catalogue(settings.sources / "queries" / "catalogue")
    entry = catalogue.get(query)
    notes = [
        f"{parameter.name} = {parameter.default} (the default; -p {parameter.name}=… changes it)"
        for parameter in entry.parameters
        if parameter.name not in arguments and parameter.default is not None
    ]
    return entry.text, bind(entry, arguments, settings.base_iri), notes


def _ask(settings: Settings, endpoint: str | None, text: str, bindings: Mapping[str, Term]) -> Answer:
    known = prefixes(settings.base_iri)
    if endpoint is not None:
        from qit4n_kg.store.remote import RemoteEndpoint  # SPARQLWrapper loads rdflib: 0.4 s

        return RemoteEndpoint(endpoint).query(text, bindings=bindings, prefixes=known)
    generation = Generations(settings.state_dir, settings.keep_generations, settings.keep_days).current()
    if inspect_query(text).uses_service:
        raise QueryRefusedError("The query uses SERVICE, and other endpoints are not asked from here.")
    store = OxigraphStore.open_read_only(generation.store_path)
    try:
        return store.query(text, bindings=bindings, prefixes=known)
    except QuerySyntaxError as exc:
        raise explain(text, exc, known, declared=known) from exc


def _list_catalogue(settings: Settings) -> None:
    for entry in read_catalogue(settings.sources / "queries" / "catalogue"):
        parameters = "".join(f" -p {parameter.name}={parameter.default or '…'}" for parameter in entry.parameters)
        terminal.out.print(f"[bold]{entry.id}[/]{parameters}  {entry.question}", soft_wrap=True)


def _print_answer(settings: Settings, answer: Answer, form: str) -> None:
    known = prefixes(settings.base_iri)
    is_solutions = hasattr(answer, "variables")
    is_truth = hasattr(answer, "__bool__")
    if form == "table":
        if is_solutions:
            count = terminal.show_table(answer.variables, answer, known)  # type: ignore[union-attr, arg-type]
            terminal.err.print(f"{count} row{'' if count == 1 else 's'}")
            return
        if is_truth:
            terminal.out.print("yes" if answer else "no")
            return
        form = "turtle"
    offers = list(ResultFormat if is_solutions or is_truth else RdfFormat)
    chosen = by_name(form, [offer.value for offer in offers])
    if chosen is None:
        names = ", ".join(offer.value.name for offer in offers)
        raise ParameterError(f"This answer can't be written as {form!r}.", hint=f"Choose one of table, {names}.")
    member = next(offer for offer in offers if offer.value is chosen)
    answer.write(sys.stdout.buffer, member)  # type: ignore[arg-type]
    if chosen in (ResultFormat.JSON.value, ResultFormat.XML.value):  # the others end with a line's end
        click.echo()
