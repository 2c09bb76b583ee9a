"""The registry of exports: what the heading of each file in `queries/exports/` says; no query is run here, no format is loaded.

A heading has, besides `# title:` and `# question:` of every query file:

    # export: NAME | MEDIA TYPE | LABEL      one line for each file that the module writes; NAME may hold {argument}
    # module: NAME                           the module of `exports/formats/` that writes them
    # consumer: TEXT                         who takes the format
    # note: TEXT                             what a reader must know of it (draft status, licence); may be repeated
    # map: TERM | PLACE                      where a statement with this property, or a thing of this class, goes in the format
    # argument: NAME EXAMPLE VALUES          the {argument}: an example, and all values, or `*` for any local name
    # spec: ADDRESS                          the format's specification
    # at: NAME PATH                          the path of an export that is not below /exports/

So a format is added by one query, one module and one test.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qit4n_kg.errors import NotFoundError, SourceError
from qit4n_kg.formats import Format
from qit4n_kg.queries import read_query

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from qit4n_kg.queries import CatalogueQuery

FOLDER = "/exports/"
ANY = "*"
_HEADING = re.compile(r"#\s*(?P<key>[a-z]+):\s*(?P<value>.*?)\s*$")
_ARGUMENT = re.compile(r"\{(\w+)\}")
_ANY_NAME = r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}"
_TEXTS = ("json", "xml", "yaml", "x-bibtex", "x-research-info-systems", "x-ndjson", "n-quads", "trig")
_TEXT_TYPES = tuple(f"application/{name}" for name in _TEXTS)
_TEXT_SUFFIXES = ("+json", "+xml", "+yaml")


@dataclass(frozen=True)
class Place:
    """One line of a mapping: a property or a class, prefixed, and its place in the format."""

    term: str
    place: str


@dataclass(frozen=True)
class Argument:
    """What stands for {name} in an export's name: `values` are all of them, none when any local name may stand there."""

    name: str
    example: str
    values: tuple[str, ...]

    @property
    def known(self) -> str:
        """All its values, or what it looks like where any local name may stand."""
        return ", ".join(self.values) if self.values else f"a name such as {self.example}"


@dataclass(frozen=True)
class Description:
    """The heading of one query file, which several exports may share."""

    query: CatalogueQuery
    module: str
    consumer: str
    notes: tuple[str, ...]
    mappings: tuple[Place, ...]
    spec: str | None
    argument: Argument | None

    @property
    def id(self) -> str:
        """The file's name without the suffix."""
        return self.query.id


@dataclass(frozen=True)
class Export:
    """One file that can be had; `name` is what the command line takes and, below /exports/, its address."""

    name: str
    media_type: str
    label: str
    path: str
    description: Description

    @property
    def example(self) -> str:
        """Its name, with the example of its argument."""
        argument = self.description.argument
        return self.name if argument is None else self.name.replace(f"{{{argument.name}}}", argument.example)

    @property
    def example_path(self) -> str:
        """Its address, with the example of its argument."""
        argument = self.description.argument
        return self.path if argument is None else self.path.replace(f"{{{argument.name}}}", argument.example)

    @property
    def is_text(self) -> bool:
        """Whether people can read it, and coding makes it smaller."""
        return self.media_type.startswith("text/") or self.media_type.endswith((*_TEXT_TYPES, *_TEXT_SUFFIXES))

    @property
    def loss_path(self) -> str:
        """The address of its loss report, with the example of its argument."""
        return f"{self.example_path}?report=loss"

    @property
    def format(self) -> Format:
        """Its format, as the web layer has them."""
        extension = self.name.rpartition(".")[2]
        return Format(self.name, self.media_type, extension, self.label, is_text=self.is_text)


@dataclass(frozen=True)
class Wanted:
    """An export that somebody asks for, the value of its argument, and arguments of its query by name."""

    export: Export
    name: str
    argument: str | None = None


class Registry:
    """Every export, in the order of the files and of their lines."""

    def __init__(self, descriptions: tuple[Description, ...], exports: tuple[Export, ...]) -> None:
        self.descriptions = descriptions
        self.exports = exports

    def __iter__(self) -> Iterator[Export]:
        return iter(self.exports)

    def of(self, description: Description) -> tuple[Export, ...]:
        """Return the exports of one query file."""
        return tuple(export for export in self.exports if export.description is description)

    def find(self, name: str) -> Wanted:
        """Find an export by its name, an argument filled in.

        :raises NotFoundError: there is none; the hint says which there are.
        """
        for export in self.exports:
            if (found := _pattern(export).fullmatch(name)) is not None:
                return Wanted(export, name, *found.groups())
        raise NotFoundError(f"There is no export {name[:100]!r}.", hint=self._hint(name))

    def _hint(self, name: str) -> str:
        """Say which exports there are: of the one that is nearly it the values of its argument, else all names."""
        for export in self.exports:
            before, _, after = export.name.partition("{")
            after = after.partition("}")[2]
            argument = export.description.argument
            is_near = before != export.name and name.startswith(before) and name.endswith(after)
            if argument is not None and is_near and argument.values:
                return f"In {export.name} the {argument.name} is one of {argument.known}."
        arguments = dict.fromkeys(
            export.description.argument for export in self.exports if export.description.argument is not None
        )
        known = ", ".join(export.name for export in self.exports)
        stand = "".join(f" {{{one.name}}} is {one.known}." for one in arguments)
        return f"There are: {known}.{stand}"


def _pattern(export: Export) -> re.Pattern[str]:
    argument = export.description.argument
    parts = _ARGUMENT.split(export.name)
    if len(parts) == 1 or argument is None:
        return re.compile(re.escape(export.name))
    value = "|".join(map(re.escape, argument.values)) or _ANY_NAME
    return re.compile(f"{re.escape(parts[0])}({value}){re.escape(parts[2])}")


def read_registry(folder: Path) -> Registry:
    """Read the heading of every file of `queries/exports`; a folder that is not there makes an empty registry.

    :raises SourceError: a heading lacks something or can't be understood.
    """
    descriptions: list[Description] = []
    exports: list[Export] = []
    for path in sorted(folder.glob("*.rq")):
        heading = _read_heading(path)
        if "export" not in heading:  # a query that a format asks besides its own
            continue
        description = _describe(path, heading)
        descriptions.append(description)
        exports += _exports(path, heading, description)
    return Registry(tuple(descriptions), tuple(exports))


def _read_heading(path: Path) -> dict[str, list[str]]:
    heading: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        if match := _HEADING.match(line):
            heading.setdefault(match["key"], []).append(match["value"])
    return heading


def _describe(path: Path, heading: Mapping[str, list[str]]) -> Description:
    for needed in ("module", "consumer", "question"):
        if needed not in heading:
            raise SourceError(f"The heading of an export has a line `# {needed}:`.", path=path)
    return Description(
        query=read_query(path),
        module=heading["module"][0],
        consumer=heading["consumer"][0],
        notes=tuple(heading.get("note", ())),
        mappings=tuple(Place(*_parts(line, 2, path)) for line in heading.get("map", ())),
        spec=heading.get("spec", [None])[0],
        argument=_argument(heading["argument"][0], path) if "argument" in heading else None,
    )


def _exports(path: Path, heading: Mapping[str, list[str]], description: Description) -> Iterator[Export]:
    elsewhere = dict(line.split(maxsplit=1) for line in heading.get("at", ()))
    for line in heading["export"]:
        name, media_type, label = _parts(line, 3, path)
        if ("{" in name) and description.argument is None:
            raise SourceError(f"The export {name} needs a line `# argument:`.", path=path)
        yield Export(name, media_type, label, elsewhere.get(name, f"{FOLDER}{name}"), description)


def _parts(line: str, count: int, path: Path) -> list[str]:
    parts = [part.strip() for part in line.split("|", count - 1)]
    if len(parts) != count or not all(parts):
        raise SourceError(f"This line needs {count} parts with | between them: {line!r}.", path=path)
    return parts


def _argument(line: str, path: Path) -> Argument:
    name, *rest = line.split()
    if len(rest) < 2:
        raise SourceError(f"An argument is `name example values`, or `name example {ANY}`, not {line!r}.", path=path)
    example, *values = rest
    return Argument(name, example, () if values == [ANY] else tuple(values))
