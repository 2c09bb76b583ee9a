"""What `qit4n-kg export` does: the built graph's exports, made in this process, into a file or to standard output."""

from __future__ import annotations

import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from rich.markup import escape

from qit4n_kg.commands import terminal
from qit4n_kg.errors import ParameterError, SourceError, StateError
from qit4n_kg.exports.loss import report_loss
from qit4n_kg.exports.making import Material, edition_of, make, module_of
from qit4n_kg.exports.registry import read_registry
from qit4n_kg.store.generations import Generations
from qit4n_kg.store.oxigraph import OxigraphStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qit4n_kg.config import Settings
    from qit4n_kg.exports.registry import Description
    from qit4n_kg.store.generations import Generation


def show_list(settings: Settings) -> None:
    """Print each format: its files, who takes it, what may stand in a name, and its parameters."""
    registry = read_registry(settings.sources / "queries" / "exports")
    for description in registry.descriptions:
        terminal.out.print(f"[bold]{escape(description.query.title)}[/]", soft_wrap=True)
        for export in registry.of(description):
            terminal.out.print(f"  [bold]{escape(export.name)}[/]  {escape(export.label)}", soft_wrap=True)
        for line in _told(settings, description, registry.of(description)[0].example):
            terminal.out.print(f"    {line}", markup=False, soft_wrap=True)
    for line in _besides(settings):
        terminal.out.print(line, markup=False, soft_wrap=True)


def _besides(settings: Settings) -> Iterator[str]:
    yield ""
    yield "Any of them: -o FILE writes a file, --loss tells what it does not hold."
    yield "From a server: /exports/NAME (the calendar: /calendar.ics), OAI-PMH 2.0 at /oai, the change feed at /feed (see mirror)."
    with suppress(StateError):
        licence = edition_of(settings, _current(settings).manifest).licence
        yield f"Licence of the data: {licence or 'none is stated'}."


def _told(settings: Settings, description: Description, example: str) -> Iterator[str]:
    yield f"Who takes it: {description.consumer}."
    argument = description.argument
    if argument is not None:
        yield f"{{{argument.name}}}: {', '.join(_in_the_graph(settings, example)) or argument.known}."
    for parameter in description.query.parameters:
        if argument is None or parameter.name != argument.name:
            default = f" Default: {parameter.default}." if parameter.default else ""
            yield f"-p {parameter.name}=…  {parameter.description}.{default}"


def _in_the_graph(settings: Settings, example: str) -> list[str]:
    """Ask the graph what may stand in a name, where the format says how and something is built."""
    try:
        with _material(settings, example, {}) as material:
            known = getattr(module_of(material.wanted), "known", None)
            return list(known(material)) if known is not None else []
    except StateError:
        return []


def write_export(settings: Settings, name: str, arguments: Mapping[str, str], output: Path | None) -> None:
    """Write an export.

    :raises NotFoundError: there is none of this name.
    :raises ParameterError: it is no text, and standard output is a terminal.
    :raises SourceError: the file can't be written.
    """
    with _material(settings, name, arguments) as material:
        if output is None and sys.stdout.isatty() and not material.wanted.export.is_text:
            raise ParameterError(f"{name} is no text.", hint=f"Write it to a file: -o {name.replace('/', '-')}.")
        with _target(output) as target:
            make(material, target)


def write_loss(
    settings: Settings, name: str, arguments: Mapping[str, str], output: Path | None, *, is_json: bool
) -> None:
    """Write what an export does not hold.

    :raises NotFoundError: there is none of this name.
    :raises SourceError: the file can't be written.
    """
    with _material(settings, name, arguments) as material:
        report = report_loss(material)
    with _target(output) as target:
        target.write((report.to_json() if is_json else report.to_text()).encode())


def _current(settings: Settings) -> Generation:
    return Generations(settings.state_dir, settings.keep_generations, settings.keep_days).current()


@contextmanager
def _material(settings: Settings, name: str, arguments: Mapping[str, str]) -> Iterator[Material]:
    queries = settings.sources / "queries"
    wanted = read_registry(queries / "exports").find(name)
    generation = _current(settings)
    of = edition_of(settings, generation.manifest)
    with OxigraphStore.open_read_only(generation.store_path) as store:
        yield Material(
            store, queries, of.base_iri, of.stamp, wanted, arguments, licence=of.licence, publisher=of.publisher
        )


@contextmanager
def _target(path: Path | None) -> Iterator[BinaryIO]:
    """Open a file that takes its name when it is whole, or standard output; a device or a link is written to as it is."""
    if path is None or str(path) == "-":
        with _writing(Path("standard output")):
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        return
    if path.is_symlink() or (
        path.exists() and not path.is_file()
    ):  # such as /dev/stdout, which nothing may take the place of
        with _writing(path), path.open("wb") as file:
            yield file
        return
    partial = path.with_name(f".{path.name}.partial")
    try:
        with _writing(path):
            with partial.open("wb") as file:
                yield file
            partial.replace(path)
    finally:
        with suppress(OSError):
            partial.unlink()


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:  # whoever reads has enough
        raise
    except OSError as exc:
        raise SourceError(f"can't be written: {exc.strerror}", path=path) from exc
