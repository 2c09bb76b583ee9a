"""Which accepted changes the files of `data/` hold already: a position in the journal, beside the files that hold them.

    data/.journal-position    the dataset, the position (the hash of a journal's line) and how many entries lie before it

Changes of graphs that have a file are not replayed up to that position: they are in the file, and who edits the file decides.
Changes of other graphs (those that only a client wrote, the default graph) have no file and are replayed as ever.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qit4n_kg.errors import SourceError
from qit4n_kg.store.disk import sync
from qit4n_kg.store.journal import Change

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from qit4n_kg.store.journal import Journal

_NAME = ".journal-position"


@dataclass(frozen=True)
class Filed:
    """A position in the journal of a dataset."""

    dataset: str
    position: str
    entries: int


def read_filed(folder: Path) -> Filed | None:
    """Read the position beside the files of a folder, None where there is none.

    :raises SourceError: it can't be read.
    """
    path = folder / _NAME
    try:
        return Filed(**json.loads(path.read_bytes()))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, TypeError) as exc:
        raise SourceError("This is not a position in a journal.", path=path) from exc


def write_filed(folder: Path, filed: Filed) -> None:
    """Replace the position, whole or not at all."""
    new = folder / f"{_NAME}.new"
    record = {"dataset": filed.dataset, "position": filed.position, "entries": filed.entries}
    new.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    sync(new)
    new.replace(folder / _NAME)
    sync(folder)


def leave_out(journal: Journal, filed: Filed | None, files: Collection[object]) -> None:
    """Take out of a journal that was read what files hold already; its position stays."""
    if filed is None or filed.dataset != journal.dataset or filed.position not in journal.positions:
        return
    count = journal.positions.index(filed.position) + 1
    for number, entry in enumerate(journal.entries[:count]):
        change = entry.change
        journal.entries[number] = replace(
            entry,
            change=Change(
                tuple(quad for quad in change.adds if quad.graph_name not in files),
                tuple(quad for quad in change.retracts if quad.graph_name not in files),
                tuple(graph for graph in change.created if graph not in files),
                tuple(graph for graph in change.dropped if graph not in files),
            ),
        )
