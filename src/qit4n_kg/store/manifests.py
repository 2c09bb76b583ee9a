"""What a generation holds, as its `manifest.json` says; the folders are for `generations`."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Manifest:
    """What a generation holds: `inputs` and `dataset` are hashes, `triples` counts the default graph, `built_at` is ISO 8601."""

    number: int
    inputs: str
    dataset: str
    quads: int
    triples: int
    graphs: int
    built_at: str
    software: str


@dataclass(frozen=True)
class Generation:
    """A published generation; `path` is its directory."""

    number: int
    path: Path
    manifest: Manifest

    @property
    def store_path(self) -> Path:
        """The directory to open read-only."""
        return self.path / "store"


def read_manifest(path: Path) -> Manifest | None:
    """Read a manifest, None where there is none that can be used."""
    try:
        record = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    wanted = {field.name: str if field.type == "str" else int for field in fields(Manifest)}
    if not isinstance(record, dict) or not all(isinstance(record.get(name), kind) for name, kind in wanted.items()):
        return None
    return Manifest(**{name: record[name] for name in wanted})
