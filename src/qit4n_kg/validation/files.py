"""Files judged as if they were merged into the data of the sources: only what they bring is reported, with its place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pyoxigraph import NamedNode

from qit4n_kg.errors import SourceError
from qit4n_kg.formats import RdfFormat
from qit4n_kg.loading import SourceKind, find_sources, named_from, parse, read_quads
from qit4n_kg.validation.gate import Gate, validate_change
from qit4n_kg.validation.merging import FileHolding, MergedData
from qit4n_kg.validation.placing import locate, shown
from qit4n_kg.validation.texts import decode, in_one_graph, parse_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pyoxigraph import Quad

    from qit4n_kg.config import Settings
    from qit4n_kg.reporting import Report, Result

STANDARD_INPUT = Path("-")
"""Stands among the paths of `validate_files` for a text of Turtle that is no file."""

_FORMATS = {f".{form.value.extension}": form for form in RdfFormat}
_CORRECTION = "To correct a passage, change its file under data/: a file that states another value only adds it."


def validate_files(paths: Iterable[Path], settings: Settings, standard_input: bytes = b"") -> Report:
    """Validate files as if they were merged into the data of `settings.sources`; only results that they bring are reported.

    A file that is one of those data replaces itself there, and then every result counts. `STANDARD_INPUT` among the paths stands
    for the Turtle in `standard_input`.

    :raises SourceError: a file can't be read (with line and column where the parser tells them), or its extension is unknown.
    """
    with named_from(settings.sources):
        return _validate_files({path.resolve(): path for path in paths}, settings, standard_input)


def _validate_files(wanted: Mapping[Path, Path], settings: Settings, standard_input: bytes) -> Report:
    sources = find_sources(settings.sources, settings.graph_base, settings.data)
    ontology = [quad for source in sources if source.kind is SourceKind.ONTOLOGY for quad in parse(source)]
    gate = Gate.load(settings.sources / "shapes", ontology)
    shipped = [source for source in sources if source.kind is SourceKind.DATA]
    given = [source for source in shipped if source.path.resolve() in wanted]
    kept = [source for source in shipped if source.path.resolve() not in wanted]
    own = {source.path.resolve() for source in given}
    files = [
        GivenFile.of(standard_input, settings) if path == STANDARD_INPUT else GivenFile.open(path, settings)
        for resolved, path in wanted.items()
        if resolved not in own
    ]
    brought = [quad for source in given for quad in read_quads(source)]
    brought += [quad for file in files for quad in file.quads]
    known = [quad for source in kept for quad in read_quads(source)]
    if given:  # they are part of the data, so nothing is there "already"
        report = validate_change(gate, MergedData(FileHolding(()), ontology), [*known, *brought]).report
    else:
        report = validate_change(gate, MergedData(FileHolding(known), ontology), brought).report
    report = report.with_results(locate(report.results, [*files, *given, *kept]))
    has_clash = _has_clash(report.results, {shown(file) for file in files}, {shown(source) for source in kept})
    return replace(report, statements=len(set(brought)), hint=_CORRECTION if has_clash else None)


@dataclass(frozen=True)
class GivenFile:
    """A file from elsewhere that someone wants validated, or a `text` that is in no file."""

    path: Path
    relative: str
    graph: NamedNode | None
    quads: tuple[Quad, ...]
    text: str | None = None

    @classmethod
    def of(cls, content: bytes, settings: Settings) -> GivenFile:
        """Read Turtle that is in no file."""
        path = Path("standard input")
        text = decode(path, content)
        quads = in_one_graph(parse_text(text, RdfFormat.TURTLE, path, settings.id_base))
        return cls(path, str(path), NamedNode(settings.id_base), quads, text)

    @classmethod
    def open(cls, path: Path, settings: Settings) -> GivenFile:
        """Read a file.

        :raises SourceError: it can't be read, or its extension is unknown.
        """
        if path.is_dir():
            raise SourceError("This is a folder.", path=path, hint="Name the files in it.")
        form = _FORMATS.get(path.suffix.lower())
        if form is None:
            raise SourceError(
                f"The extension {path.suffix or '(none)'} is not known.",
                path=path,
                hint=f"Known: {', '.join(_FORMATS)}.",
            )
        quads = parse_text(decode(path), form, path, settings.id_base)
        graphs = tuple(quads) if form.value.has_graphs else in_one_graph(quads)
        return cls(path, str(path), NamedNode(settings.id_base), graphs)


def _has_clash(results: Iterable[Result], brought: set[str], shipped: set[str]) -> bool:
    """Say whether a value that is brought stands against one that is shipped."""
    places = [{one.file for one in result.values} for result in results]
    return any(brought & files and shipped & files for files in places)
