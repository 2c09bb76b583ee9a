"""The commands `generate` and `bench`: a synthetic world, and what this server costs beside its peers."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qit4n_kg.commands import options, terminal
from qit4n_kg.commands.build import build_graph
from qit4n_kg.config import load_settings
from qit4n_kg.errors import ParameterError, SourceError

if TYPE_CHECKING:
    from qit4n_kg.config import Settings


@click.command()
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
    from qit4n_kg.synthetic.world import generate as generate_quads

    shipped = find_sources(settings.sources, settings.graph_base)
    (schemes,) = (source for source in shipped if source.relative == "data/reference/concepts.ttl")
    concepts = list(read_quads(schemes))
    quads = chain(concepts, generate_quads(max(0, triples - len(concepts)), seed, settings.base_iri))
    try:
        with output.open("wb") if output else nullcontext(sys.stdout.buffer) as target:
            pyoxigraph.serialize(quads, target, pyoxigraph.RdfFormat.N_QUADS)
    except OSError as exc:
        raise SourceError(f"can't be written: {exc.strerror}", path=output) from exc


@click.command()
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
    "--export", "only", multiple=True, metavar="NAME", help="Of these exports only, by name; may be repeated."
)
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
    only: tuple[str, ...],
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
    build_graph(settings, is_quiet=False)
    if exports or only:
        click.echo(measure_exports(settings, lambda line: terminal.err.print(line, markup=False), only), nl=False)
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
