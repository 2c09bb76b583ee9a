"""What `qit4n-kg export` does: the built graph's exports, made in this process, into a file or to standard output."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from qit4n_kg.commands import terminal
from qit4n_kg.errors import ParameterError, SourceError
from qit4n_kg.exports.loss import report_loss
from qit4n_kg.exports.making import Material, Stamp, licence_of, make
from qit4n_kg.exports.registry import read_registry
from qit4n_kg.store.generations import Generations
from qit4n_kg.store.oxigraph import OxigraphStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from qit4n_kg.config import Settings


def show_list(settings: Settings) -> None:
    """Print each export's name, label and consumer."""
    for export in read_registry(settings.sources / "queries" / "exports"):
        terminal.out.print(
            f"[bold]{export.name}[/]  {export.label}. For {export.description.consumer}.", soft_wrap=True
        )


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


@contextmanager
def _material(settings: Settings, name: str, arguments: Mapping[str, str]) -> Iterator[Material]:
    queries = settings.sources / "queries"
    wanted = read_registry(queries / "exports").find(name)
    generation = Generations(settings.state_dir, settings.keep_generations, settings.keep_days).current()
    manifest = generation.manifest
    stamp = Stamp(manifest.number, manifest.dataset, manifest.built_at)
    with OxigraphStore.open_read_only(generation.store_path) as store:
        licence = licence_of(settings)
        yield Material(
            store, queries, settings.base_iri, stamp, wanted, arguments, licence=licence, publisher=settings.publisher
        )


@contextmanager
def _target(path: Path | None) -> Iterator[BinaryIO]:
    """Open a file that takes its name when it is whole, or standard output."""
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            yield file
        partial.replace(path)
    except OSError as exc:
        raise SourceError(f"can't be written: {exc.strerror}", path=path) from exc
    finally:
        partial.unlink(missing_ok=True)
