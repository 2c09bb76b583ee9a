"""The command `qit4n-kg`: reads arguments, calls the library, prints through `terminal`; holds no logic of its own.

Exit codes: 0 done (and, for `validate`, conforms), 1 a failure or violations, 2 wrong usage or unreadable input.
"""

from __future__ import annotations

import sys
import time
from contextlib import nullcontext
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from qit4n_kg import __version__, options, terminal
from qit4n_kg.config import Settings, load_settings
from qit4n_kg.contribute_commands import contribute
from qit4n_kg.errors import (
    InvalidDataError,
    KnowledgeGraphError,
    ParameterError,
    QueryRefusedError,
    QuerySyntaxError,
    SourceError,
)
from qit4n_kg.fmt_command import fmt
from qit4n_kg.formats import RdfFormat, ResultFormat, by_name
from qit4n_kg.journal_commands import journal
from qit4n_kg.mirror_command import mirror
from qit4n_kg.namespaces import prefixes
from qit4n_kg.queries import bind, read_catalogue
from qit4n_kg.redact_command import redact
from qit4n_kg.sparql import explain, inspect_query
from qit4n_kg.store.generations import Generations
from qit4n_kg.store.oxigraph import OxigraphStore
from qit4n_kg.token_commands import token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qit4n_kg.store.base import Answer, Term


_PATIENCE = 15.0
"""Seconds that `serve` waits for a writer: one that outlived a killed server ends what it was making."""


class _CommandLine(click.Group):
    """A group that turns the project's errors into one line and an exit code, and Ctrl-C into 130."""

    def main(self, *arguments: Any, **options: Any) -> NoReturn:
        try:
            super().main(*arguments, **{**options, "standalone_mode": False})
        except click.exceptions.Abort:
            sys.exit(130)
        except click.ClickException as exc:
            exc.show()
            sys.exit(exc.exit_code)
        except InvalidDataError as exc:
            terminal.err.print(exc.report.to_text(), markup=False, soft_wrap=True)
            terminal.show_error(exc)
            sys.exit(exc.exit_code)
        except KnowledgeGraphError as exc:
            terminal.show_error(exc)
            sys.exit(exc.exit_code)
        except BrokenPipeError:
            sys.stderr.close()
            sys.exit(1)
        sys.exit(0)


@click.group(cls=_CommandLine, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="qit4n-kg")
def main() -> None:
    """Build, serve, query and check the knowledge graph of a standards body's work."""


@main.command()
@options.sources
@options.data
@options.state_dir
@options.journal_dir
@click.option("--quiet", is_flag=True, help="Say nothing unless something is wrong.")
def build(quiet: bool, **flags: Any) -> None:
    """Build the graph: parse, validate, entail, publish. Does nothing where nothing has changed."""
    _build(load_settings(**flags), is_quiet=quiet)


@main.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (8000).")
@click.option("--host", help="Address to listen on (127.0.0.1; 0.0.0.0 for all).")
@click.option("--workers", type=click.IntRange(1, 64), help="Web worker processes (2).")
@click.option("--no-build", is_flag=True, help="Serve what is built already, whatever the sources say.")
@options.sources
@options.data
@options.state_dir
@options.journal_dir
def serve(no_build: bool, **flags: Any) -> None:
    """Build the graph where it changed, then serve it until Ctrl-C."""
    from qit4n_kg.serving import (
        check_port,
        memory_note,
        serve_forever,
    )  # the server is not loaded by other commands: 0.1 s

    settings = load_settings(**flags)
    check_port(settings.host, settings.port)
    if not no_build:
        _build(settings, is_quiet=False, patience=_PATIENCE)
    if (note := memory_note(settings)) is not None:
        terminal.err.print(f"[yellow]note[/]: {note}", soft_wrap=True)
    terminal.err.print(_places(settings), markup=False, soft_wrap=True, highlight=False)
    serve_forever(settings, on_ready=_welcome)


@main.command()
@options.sources
@options.data
@options.state_dir
@click.option("--anew", is_flag=True, help="Reason again even if these inputs were found consistent before.")
def check(anew: bool, **flags: Any) -> None:
    """Check the knowledge: it builds, its rules return nothing, owlrl finds it consistent."""
    from qit4n_kg.checking import check_knowledge

    settings = load_settings(**flags)
    with terminal.BuildProgress() as progress:
        problems = check_knowledge(settings, progress, anew=anew)
    for problem in problems:
        terminal.err.print(problem, markup=False, soft_wrap=True)
    if problems:
        sys.exit(1)


@main.command()
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
    text, bindings, notes = _read_query(settings, query, _pairs(given))
    answer = _ask(settings, endpoint, text, bindings)
    for note in notes:
        terminal.err.print(note, markup=False, soft_wrap=True)
    _print_answer(settings, answer, form)


@main.command()
@click.argument("name", metavar="NAME")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="File to write (standard output)."
)
@click.option("--loss", is_flag=True, help="Tell instead which facts have no place in the format.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to write the loss report."
)
@click.option("--parameter", "-p", "given", multiple=True, metavar="NAME=VALUE", help="Value of a parameter.")
@options.state_dir
@options.sources
def export(name: str, output: Path | None, loss: bool, form: str, given: tuple[str, ...], **flags: Any) -> None:
    """Write an export: the built graph in a format of other registries, the same bytes as the server sends.

    `qit4n-kg export list` lists them.
    """
    from qit4n_kg import export_commands  # the formats' libraries are loaded by no other command

    settings = load_settings(**flags)
    if name == "list":
        export_commands.show_list(settings)
    elif loss:
        export_commands.write_loss(settings, name, _pairs(given), output, is_json=form == "json")
    else:
        export_commands.write_export(settings, name, _pairs(given), output)


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif", "turtle", "github"]),
    default="text",
    help="How to report.",
)
@options.sources
def validate(files: tuple[Path, ...], form: str, **flags: Any) -> None:
    """Validate FILES (`-`: Turtle on standard input) as if they were merged into the data: only what they bring is reported.

    Turtle, TriG, N-Triples, N-Quads, JSON-LD, RDF/XML, CSV and XLSX are read, by the file's extension. Text, JSON, SARIF and
    GitHub's annotations tell each finding once; Turtle is a SHACL report with every result of the engine.

    Exit status: 0 conforms (warnings allowed), 1 violations, 2 a file can't be read.
    """
    from qit4n_kg.annotating import render, unreadable_to_github
    from qit4n_kg.validation import STANDARD_INPUT, validate_files  # rdflib: 0.3 s

    text = sys.stdin.buffer.read() if STANDARD_INPUT in files else b""
    try:
        report = validate_files(files, load_settings(**flags), text)
    except SourceError as exc:
        if form == "github":
            click.echo(unreadable_to_github(exc))
        raise
    click.echo(render(report, form))
    sys.exit(0 if report.conforms else 1)


@main.command()
@click.option("--triples", type=click.IntRange(0), required=True, metavar="N", help="At least so many statements.")
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same world.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="File to write (standard output)."
)
def generate(triples: int, seed: int, output: Path | None) -> None:
    """Write a synthetic standards world as N-Quads, valid against the shapes, for benchmarks.

    `qit4n-kg build --data FILE` builds it, with the shipped ontology and shapes.
    """
    _write_generated(load_settings(), triples, seed, output)


def _write_generated(settings: Settings, triples: int, seed: int, output: Path | None) -> None:
    import pyoxigraph

    from qit4n_kg.loading import find_sources, read_quads
    from qit4n_kg.synthetic import generate as generate_quads

    shipped = find_sources(settings.sources, settings.graph_base)
    (schemes,) = (source for source in shipped if source.relative == "data/reference/concepts.ttl")
    concepts = list(read_quads(schemes))
    quads = chain(concepts, generate_quads(max(0, triples - len(concepts)), seed, settings.base_iri))
    try:
        with output.open("wb") if output else nullcontext(sys.stdout.buffer) as target:
            pyoxigraph.serialize(quads, target, pyoxigraph.RdfFormat.N_QUADS)
    except OSError as exc:
        raise SourceError(f"can't be written: {exc.strerror}", path=output) from exc


main.add_command(contribute)
main.add_command(journal)
main.add_command(mirror)
main.add_command(redact)
main.add_command(token)
main.add_command(fmt)


@main.command()
@click.option(
    "--triples", type=click.IntRange(1), metavar="N", help="Measure on so many generated statements (the shipped data)."
)
@click.option(
    "--clients", default="1,4,16,64", show_default=True, metavar="N,…", help="Numbers of clients at the same time."
)
@click.option(
    "--seconds", type=click.FloatRange(1, 600), default=5.0, show_default=True, help="How long each load lasts."
)
@click.option(
    "--install-peers", is_flag=True, help="First install oxigraph and rdflib-endpoint beside the state, by pip."
)
@click.option(
    "--patience",
    type=click.FloatRange(0.05, 600),
    default=1.0,
    show_default=True,
    help="Seconds; a catalogue query that takes the engine longer is left out for every server, by name.",
)
@click.option("--exports", is_flag=True, help="Measure instead what each export costs.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), help="Folder for bench.json and bench.svg."
)
@options.state_dir
def bench(
    triples: int | None,
    clients: str,
    seconds: float,
    patience: float,
    install_peers: bool,
    exports: bool,
    output: Path | None,
    **flags: Any,
) -> None:
    """Measure this server beside oxigraph's own and rdflib-endpoint, on the same data, in one run."""
    from qit4n_kg.bench import comparison, report, servers
    from qit4n_kg.bench.exports import measure_exports

    settings = load_settings(**flags)
    peers = settings.state_dir / "peers"
    numbers = _client_numbers(clients)
    if triples is not None:
        settings = _generated(settings, triples)
    _build(settings, is_quiet=False)
    if exports:
        click.echo(measure_exports(settings, lambda line: terminal.err.print(line, markup=False)), nl=False)
        return
    if install_peers:
        servers.install_peers(peers)
    result = comparison.compare(
        settings, numbers, seconds, peers, lambda line: terminal.err.print(line, markup=False), patience
    )
    click.echo(report.to_table(result), nl=False)
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        (output / "bench.json").write_text(report.to_json(result), encoding="utf-8")
        (output / "bench.svg").write_text(report.to_svg(result), encoding="utf-8")


def _client_numbers(text: str) -> list[int]:
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        numbers = [0]
    if not all(1 <= number <= 1000 for number in numbers):
        raise ParameterError(f"--clients takes numbers from 1 to 1000 with commas between them, not {text!r}.")
    return numbers


def _generated(settings: Settings, triples: int) -> Settings:
    """Write generated data beside the state, and return settings that build it there."""
    folder = settings.state_dir / f"bench-{triples}"
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "data.nq"
    if not data.is_file():
        _write_generated(settings, triples, 0, data)
    return replace(settings, data=data, state_dir=folder, journal_dir=folder / "no-journal", gate=False)


def _build(settings: Settings, *, is_quiet: bool, patience: float = 0.0) -> None:
    from qit4n_kg.building import build as build_graph
    from qit4n_kg.errors import StateLockedError

    end = time.monotonic() + patience
    while True:
        try:
            with terminal.BuildProgress(is_quiet=is_quiet) as progress:
                result = build_graph(settings, progress)
            break
        except StateLockedError:
            if time.monotonic() >= end:
                raise
            time.sleep(0.2)
    if not is_quiet:
        manifest = result.generation.manifest
        verb = "built" if result.is_new else "unchanged"
        terminal.err.print(
            f"Generation {manifest.number} {verb}: {manifest.triples:,} triples, {manifest.graphs} named graphs, "
            f"{result.seconds:.1f} s"
        )


def _places(settings: Settings) -> str:
    """Say where this instance keeps what it has, and what must not be lost."""
    state, journal = settings.state_dir.resolve(), settings.journal_dir.resolve()
    risk = (
        " It lies in the state folder, which a cleaning may remove: move it." if journal.is_relative_to(state) else ""
    )
    return f"Built graph in {state}; accepted changes and tokens in {journal}: back that up.{risk}"


def _welcome(address: str) -> None:
    program = sys.argv[0] if Path(sys.argv[0]).name == "qit4n-kg" else "qit4n-kg"
    terminal.out.print(f"\nServing at [bold]{address}[/]  (Ctrl-C stops). Try:\n", soft_wrap=True)
    for line in (
        f"{address}queries/leadership",
        f"{address}sparql",
        f"{program} query --endpoint {address}sparql leadership",
    ):
        terminal.out.print(f"  {line}", soft_wrap=True)


def _pairs(given: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for item in given:
        name, equals, value = item.partition("=")
        if not equals:
            raise ParameterError(f"A parameter is written NAME=VALUE, not {item!r}.")
        pairs[name] = value
    return pairs


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
        raise explain(text, exc, known) from exc


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


if __name__ == "__main__":
    main()
