"""How an export is made: its query takes statements from a store, a format module writes them; the same for HTTP and command.

A format's writer sees a `Material` and a binary file, nothing else. What it can't carry as a whole, it says (`leave_out`).
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO, cast

from pyoxigraph import NamedNode

from qit4n_kg.errors import ParameterError, ResultTooLargeError
from qit4n_kg.exports.facts import Facts
from qit4n_kg.queries import bind, read_query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from types import ModuleType

    from pyoxigraph import Triple

    from qit4n_kg.exports.registry import Wanted
    from qit4n_kg.store.base import Solutions, Store, Triples

    Writer = Callable[["Material", BinaryIO], None]

_MODULES = "qit4n_kg.exports.formats"


@dataclass(frozen=True)
class Stamp:
    """Which graph an export is of: the generation, its dataset's hash and the moment when it was built (ISO 8601, UTC)."""

    generation: int
    dataset: str
    built_at: str


@dataclass(frozen=True)
class LeftOut:
    """A thing that the format could not hold at all, and why."""

    iri: str
    reason: str


@dataclass
class Material:
    """What a writer makes an export from."""

    store: Store
    queries: Path
    """The folder `queries/`."""
    base_iri: str
    stamp: Stamp
    wanted: Wanted
    arguments: Mapping[str, str] = field(default_factory=dict)
    """What was asked for beyond the name, such as `forGroup`."""
    left_out: list[LeftOut] = field(default_factory=list)

    @property
    def id_base(self) -> str:
        """The namespace of things."""
        return f"{self.base_iri}id/"

    @cached_property
    def facts(self) -> Facts:
        """The statements that the export's query takes from the graph."""
        return Facts(self.statements())

    def statements(self) -> Iterator[Triple]:
        """Yield the statements that the export's query takes from the graph."""
        query = self.wanted.export.description.query
        given = {name: text for name, text in self.arguments.items() if any(p.name == name for p in query.parameters)}
        answer = self.store.query(query.text, bindings=bind(query, given, self.base_iri))
        return iter(cast("Triples", answer))

    def rows(self, path: str, arguments: Mapping[str, str] | None = None) -> Solutions:
        """Answer a SELECT, a file below `queries/` without its suffix; its parameters are bound."""
        query = read_query(self.queries / f"{path}.rq")
        bindings = bind(query, arguments or {}, self.base_iri)
        return cast("Solutions", self.store.query(query.text, bindings=bindings))

    def is_known(self, iri: str) -> bool:
        """Whether the graph states anything about a thing."""
        return next(iter(self.store.quads(NamedNode(iri))), None) is not None

    def leave_out(self, iri: str, reason: str) -> None:
        """Note that the format can't hold a thing at all."""
        self.left_out.append(LeftOut(iri, reason))


class Bounded:
    """A binary file that takes no more than so many bytes."""

    def __init__(self, file: BinaryIO, limit: int) -> None:
        self._file = file
        self._left = self._limit = limit

    def write(self, data: bytes) -> int:
        """Append bytes.

        :raises ResultTooLargeError: that would be more than the bound.
        """
        self._left -= len(data)
        if self._left < 0:
            raise ResultTooLargeError(f"The export is larger than {self._limit} bytes.")
        return self._file.write(data)

    def flush(self) -> None:
        """Pass what was written on."""
        self._file.flush()


def module_of(wanted: Wanted) -> ModuleType:
    """Load the format module of an export."""
    return importlib.import_module(f"{_MODULES}.{wanted.export.description.module}")


def writer_of(wanted: Wanted) -> Writer:
    """Load the function that writes an export."""
    writers: dict[str, Writer] = module_of(wanted).WRITERS
    return writers[wanted.export.name]


def make(material: Material, output: BinaryIO, limit: int | None = None) -> None:
    """Write an export.

    :raises NotFoundError: the graph has nothing that its argument could mean.
    :raises ParameterError: an argument is unknown or malformed.
    :raises ResultTooLargeError: it is larger than `limit` bytes.
    """
    _check_arguments(material)
    writer_of(material.wanted)(material, output if limit is None else cast("BinaryIO", Bounded(output, limit)))


def _check_arguments(material: Material) -> None:
    known = {parameter.name for parameter in material.wanted.export.description.query.parameters}
    for name in material.arguments:
        if name not in known:
            hint = f"It has: {', '.join(sorted(known))}." if known else "It has none."
            raise ParameterError(f"The export {material.wanted.name} has no parameter {name!r}.", hint=hint)
