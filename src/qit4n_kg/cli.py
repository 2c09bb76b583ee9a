"""The command `qit4n-kg`: reads arguments, calls the library, prints through `terminal`; holds no logic of its own.

Exit codes: 0 done (and, for `validate`, conforms), 1 a failure or violations, 2 wrong usage or unreadable input.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from qit4n_kg import __version__
from qit4n_kg.commands import options, terminal
from qit4n_kg.commands.bench import bench, generate
from qit4n_kg.commands.build import build_graph
from qit4n_kg.commands.contribute import contribute
from qit4n_kg.commands.fmt import fmt
from qit4n_kg.commands.journal import journal
from qit4n_kg.commands.mirror import mirror
from qit4n_kg.commands.query import query
from qit4n_kg.commands.redact import redact
from qit4n_kg.commands.token import token
from qit4n_kg.config import Settings, load_settings
from qit4n_kg.errors import (
    InvalidDataError,
    KnowledgeGraphError,
    SourceError,
)

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
    build_graph(load_settings(**flags), is_quiet=quiet)


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
        build_graph(settings, is_quiet=False, patience=_PATIENCE)
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
    """Check the knowledge: it builds, its rules return nothing, owlrl finds it consistent, pySHACL judges it as the build does."""
    from qit4n_kg.checking import check_knowledge

    settings = load_settings(**flags)
    with terminal.BuildProgress() as progress:
        problems = check_knowledge(settings, progress, anew=anew)
    for problem in problems:
        terminal.err.print(problem, markup=False, soft_wrap=True)
    if problems:
        sys.exit(1)


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
    r"""Write an export: the built graph in a format of other registries, the same bytes as the server sends.

    `qit4n-kg export list` lists them, with who takes each.

    \b
    qit4n-kg export relaton.xml -o relaton.xml
    qit4n-kg export csvw/meetings.csv -p forGroup=id:fg-qit4n
    qit4n-kg export handover/itu-t-sg13.docx -o sg13.docx
    qit4n-kg export relaton.xml --loss
    """
    from qit4n_kg.commands import export as export_commands  # the formats' libraries are loaded by no other command

    settings = load_settings(**flags)
    if name == "list":
        export_commands.show_list(settings)
    elif loss:
        export_commands.write_loss(settings, name, options.pairs(given), output, is_json=form == "json")
    else:
        export_commands.write_export(settings, name, options.pairs(given), output)


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


main.add_command(contribute)
main.add_command(journal)
main.add_command(mirror)
main.add_command(redact)
main.add_command(token)
main.add_command(fmt)
main.add_command(query)
main.add_command(generate)
main.add_command(bench)


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


if __name__ == "__main__":
    main()
