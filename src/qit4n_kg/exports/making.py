"""How an export is made: its query takes statements from a store, a format module writes them; the same for HTTP and command.

A format's writer sees a `Material` and a binary file, nothing else. What it can't carry as a whole, it says (`leave_out`).
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO, cast

from pyoxigraph import DefaultGraph, Literal, NamedNode

from qit4n_kg.errors import ParameterError, ResultTooLargeError
from qit4n_kg.exports.facts import Facts, expand
from qit4n_kg.namespaces import DEFAULT_BASE_IRI
from qit4n_kg.queries import bind, read_query
from qit4n_kg.store.origin import read_origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from types import ModuleType

    from pyoxigraph import Triple

    from qit4n_kg.config import Settings
    from qit4n_kg.exports.registry import Wanted
    from qit4n_kg.queries import CatalogueQuery
    from qit4n_kg.store.base import Answer, Solutions, Store, Term, Triples
    from qit4n_kg.store.generations import Manifest

    Writer = Callable[["Material", BinaryIO], None]

LICENCE = "https://creativecommons.org/licenses/by/4.0/"
"""What the data are under that are shipped with the program."""

_MODULES = "qit4n_kg.exports.formats"


@dataclass(frozen=True)
class Stamp:
    """Which graph an export is of: the generation, its dataset's hash and the moment when it was built (ISO 8601, UTC)."""

    generation: int
    dataset: str
    built_at: str


@dataclass(frozen=True)
class Edition:
    """Whose graph an export is of and what they say of it, besides its statements; a mirror's is what its source says."""

    stamp: Stamp
    base_iri: str
    licence: str | None
    """The licence of the data, where one is stated."""
    publisher: str
    """Who publishes the data, as the setting has it; empty where nobody is named."""


@dataclass(frozen=True)
class LeftOut:
    """A thing that the format could not hold at all, and why."""

    iri: str
    reason: str


@dataclass(frozen=True)
class Passage:
    """A place in a source: its label, such as "Annex A, row D1.1", and the document's."""

    label: str
    document: str


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
    licence: str | None = None
    """The licence of the data, where one is stated (`licence_of`)."""
    publisher: str = ""
    """Who publishes the data, as the setting has it; empty where nobody is named."""
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
        return iter(cast("Triples", self.answer()))

    def answer(self) -> Answer:
        """Answer the export's query: statements, or rows where it is a SELECT."""
        query = self.wanted.export.description.query
        given = dict(self.arguments)
        if self.argument_parameter is not None:
            given[self.argument_parameter] = self.thing
        return self.store.query(query.text, bindings=bind(query, given, self.base_iri))

    @property
    def argument_parameter(self) -> str | None:
        """The query's parameter that the {argument} of the name stands for, if it does for one."""
        description = self.wanted.export.description
        names = {parameter.name for parameter in description.query.parameters}
        return description.argument.name if description.argument and description.argument.name in names else None

    @property
    def thing(self) -> str:
        """The IRI that the {argument} of the name stands for: a body's short name, or any local name."""
        name = self.wanted.argument or ""
        local = f"{self.id_base}{name}"
        return local if self.is_known(local) else f"{self.id_base}body/{name}"

    def passages(self, subject: str, predicate: str, value: str) -> list[Passage]:
        """Return the passages that state a text of a thing, those that are overruled too, by label."""
        found = []
        for quad in self.store.quads(NamedNode(subject), NamedNode(expand(predicate))):
            if (
                isinstance(quad.object, Literal)
                and quad.object.value == value
                and isinstance(quad.graph_name, NamedNode)
            ):
                label, source = (self._one(quad.graph_name, name) for name in ("rdfs:label", "dcterms:source"))
                if isinstance(label, Literal) and isinstance(source, NamedNode):
                    document = self._one(source, "rdfs:label")
                    found.append(
                        Passage(label.value, document.value if isinstance(document, Literal) else source.value)
                    )
        return sorted(found, key=lambda passage: (passage.document, passage.label))

    def _one(self, subject: NamedNode, predicate: str) -> Term | None:
        """Return a value of a property in the default graph."""
        quads = self.store.quads(subject, NamedNode(expand(predicate)), None, DefaultGraph())
        return min((quad.object for quad in quads), key=str, default=None)

    def rows(self, path: str, arguments: Mapping[str, str] | None = None) -> Solutions:
        """Answer a SELECT, a file below `queries/` without its suffix; its parameters are bound."""
        return self.ask(read_query(self.queries / f"{path}.rq"), arguments or {})

    def ask(self, query: CatalogueQuery, arguments: Mapping[str, str]) -> Solutions:
        """Answer a SELECT; its parameters are bound."""
        bindings = bind(query, arguments, self.base_iri)
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


def edition_of(settings: Settings, manifest: Manifest) -> Edition:
    """Return what an export of a generation says of it: of a mirror's what the source says, so that both are the same."""
    origin = read_origin(manifest.inputs)
    if origin is not None:
        stamp = Stamp(origin.generation, manifest.dataset, origin.built_at)
        return Edition(stamp, origin.base_iri, origin.licence, origin.publisher)
    stamp = Stamp(manifest.number, manifest.dataset, manifest.built_at)
    return Edition(stamp, settings.base_iri, licence_of(settings), settings.publisher)


def licence_of(settings: Settings) -> str | None:
    """Return the licence of the data: that of the data that are shipped (LICENSE-DATA); for others none is known."""
    is_shipped = settings.base_iri == DEFAULT_BASE_IRI and settings.data is None and not settings.scratch
    return LICENCE if is_shipped else None


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
    known.discard(material.argument_parameter or "")
    for name in material.arguments:
        if name not in known:
            hint = f"It has: {', '.join(sorted(known))}." if known else "It has none."
            raise ParameterError(f"The export {material.wanted.name} has no parameter {name!r}.", hint=hint)
