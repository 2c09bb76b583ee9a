"""What people see in the terminal: progress of long work, tables, errors. Prints; decides nothing.

Progress and errors go to stderr, answers to stdout, so that `qit4n-kg query … > file` holds only the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from qit4n_kg.errors import QuerySyntaxError
from qit4n_kg.namespaces import XSD, compact

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from rich.progress import TaskID

    from qit4n_kg.errors import KnowledgeGraphError
    from qit4n_kg.store.base import Term

out = Console(highlight=False, soft_wrap=False)
err = Console(stderr=True, highlight=False)

WIDE = 200
"""Columns of a table that goes to a file or a pipe, where no width is known."""

_NUMBERS = {XSD + name for name in ("integer", "decimal", "double", "float", "nonNegativeInteger", "int", "long")}


def show_error(error: KnowledgeGraphError) -> None:
    """Print one clear line, and the hint on the next if there is one."""
    hint, error.hint = error.hint, None
    text = str(error)
    if isinstance(error, QuerySyntaxError) and error.line is not None:
        text = f"line {error.line}, column {error.column} of the query: {text}"
    err.print(f"[bold red]error[/]: {escape(text)}", soft_wrap=True)
    if hint:
        err.print(f"       {escape(hint)}", soft_wrap=True)


def show_term(term: Term | None, known: Mapping[str, str]) -> str:
    """Write a term the short way: a literal's text, a prefixed name, nothing where unbound.

    >>> show_term(NamedNode("https://w3id.org/stdorg/ns#Meeting"), {"stdorg": "https://w3id.org/stdorg/ns#"})
    'stdorg:Meeting'
    """
    if term is None:
        return ""
    if isinstance(term, Literal):
        return term.value
    return compact(term.value, dict(known)) if isinstance(term, NamedNode) else str(term)


def show_table(
    columns: Sequence[str], rows: Iterable[Sequence[Term | None]], known: Mapping[str, str], title: str | None = None
) -> int:
    """Print a table of bindings and return how many rows it has; numbers stand to the right."""
    kept = list(rows)
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold", box=box.SIMPLE_HEAD)
    for position, column in enumerate(columns):
        values = [row[position] for row in kept if row[position] is not None]
        is_number = bool(values) and all(isinstance(v, Literal) and v.datatype.value in _NUMBERS for v in values)
        table.add_column(column, justify="right" if is_number else "left", overflow="fold")
    for row in kept:
        table.add_row(*(escape(_printable(show_term(term, known))) for term in row))
    console = out if out.is_terminal else Console(highlight=False, width=WIDE)
    console.print(table)
    return len(kept)


def _printable(text: str) -> str:
    """Replace what could move the terminal's cursor, such as escape sequences in hostile data."""
    return "".join(character if character.isprintable() or character == "\n" else "�" for character in text)


def show_statements(triples: Iterable[tuple[str, str, str]]) -> None:
    """Print statements, one a line."""
    for triple in triples:
        out.print(escape(" ".join(triple)))


class BuildProgress:
    """Show the stages of a build: a bar with counts on a terminal, one line a stage elsewhere."""

    def __init__(self, *, is_quiet: bool = False) -> None:
        self._is_quiet = is_quiet
        self._is_live = err.is_terminal and not is_quiet
        self._display = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=err,
            disable=not self._is_live,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._display.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._display.stop()

    def started(self, stage: str, total: int | None = None) -> None:
        """Begin a stage of `total` steps, None where the number is not known."""
        self._task = self._display.add_task(stage, total=total)

    def advanced(self, done: int) -> None:
        """Say how many steps of the stage are done."""
        if self._task is not None:
            self._display.update(self._task, completed=done)

    def finished(self, summary: str) -> None:
        """End the stage with what it did."""
        if self._task is not None:
            task = self._display.tasks[self._task]
            total = max(task.total or 0, task.completed, 1)
            self._display.update(self._task, total=total, completed=total, description=f"{task.description}: {summary}")
        if not self._is_live and not self._is_quiet:
            err.print(f"  {escape(summary)}")
