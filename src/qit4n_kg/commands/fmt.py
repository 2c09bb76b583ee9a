"""`qit4n-kg fmt`: Turtle files in the project's one layout; decides nothing about layout, only about files and exit codes."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qit4n_kg.errors import SourceError
from qit4n_kg.turtle.formatting import difference, format_turtle

if TYPE_CHECKING:
    from collections.abc import Iterator

_STANDARD_INPUT = Path("-")


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if a file is laid out otherwise.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change.")
@click.option("--sort", "is_sorted", is_flag=True, help="Put statements in one order too, not only in one layout.")
def fmt(files: tuple[Path, ...], check: bool, diff: bool, is_sorted: bool) -> None:
    """Lay out Turtle FILES in one way (folders: every .ttl below; `-`: standard input to standard output).

    The graph stays the same, which is proved for each file by its RDFC-1.0 hash, and so do comments and the order in which
    things are written; --sort gives up the latter. A file that can't be read is left alone.

    Exit status: 0 done (or nothing to do), 1 something would change (--check, --diff), 2 a file can't be read.
    """
    changed = failed = total = 0
    for path in _expand(files):
        total += 1
        try:
            is_changed = _lay_out(path, is_sorted=is_sorted, is_dry=check or diff, shows=diff)
        except SourceError as exc:
            failed += 1
            place = SourceError(exc.message, path=path, line=exc.line, column=exc.column, hint=exc.hint)
            click.echo(f"Error: {place}", err=True)
            continue
        changed += is_changed
        if is_changed and check and not diff:
            click.echo(f"{path}: would be laid out otherwise", err=True)
    if _STANDARD_INPUT not in files:
        verb = "would change" if check or diff else "changed"
        click.echo(f"{total} files, {changed} {verb}{f', {failed} unreadable' if failed else ''}.", err=True)
    sys.exit(2 if failed else int(bool(changed) and (check or diff)))


def _expand(files: tuple[Path, ...]) -> Iterator[Path]:
    """Yield the files, those of folders in order.

    :raises SourceError: a file is not there, or is no Turtle by its name.
    """
    for path in files:
        if path.is_dir():
            yield from sorted(path.rglob("*.ttl"))
        elif path != _STANDARD_INPUT and path.suffix != ".ttl":
            raise SourceError("Only Turtle (.ttl) is laid out.", path=path)
        else:
            yield path


def _lay_out(path: Path, *, is_sorted: bool, is_dry: bool, shows: bool) -> bool:
    text = _read(path)
    written = format_turtle(text, is_sorted=is_sorted)
    if shows:
        click.echo(difference(text, written, str(path)), nl=False)
    if path == _STANDARD_INPUT:
        if not is_dry:
            click.echo(written, nl=False)
    elif written != text and not is_dry:
        _replace(path, written)
    return written != text


def _read(path: Path) -> str:
    try:
        content = sys.stdin.buffer.read() if path == _STANDARD_INPUT else path.read_bytes()
        return content.decode("utf-8")
    except OSError as exc:
        raise SourceError(f"The file can't be read: {exc.strerror}.") from exc
    except UnicodeDecodeError as exc:
        raise SourceError("The file is not UTF-8 text.", line=content.count(b"\n", 0, exc.start) + 1) from exc


def _replace(path: Path, text: str) -> None:
    """Write beside the file and move over it, so that a crash leaves one or the other whole."""
    try:
        target = path.resolve()
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as output:
            output.write(text)
        Path(name).chmod(target.stat().st_mode)
        Path(name).replace(target)
    except OSError as exc:
        raise SourceError(f"The file can't be written: {exc.strerror}.") from exc
