"""Files judged as if they were merged into the data of the sources: only what they bring is reported, with its place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pyoxigraph import NamedNode

from qit4n_kg.errors import SourceError
from qit4n_kg.filed import leave_out, read_filed
from qit4n_kg.formats import READABLE, RdfFormat, form_of
from qit4n_kg.loading import SourceKind, find_sources, named_from, parse, read_quads
from qit4n_kg.store.journal import Journal, dataset_of, replay
from qit4n_kg.store.oxigraph import stored_forms
from qit4n_kg.validation.gate import Gate, validate_change
from qit4n_kg.validation.known_terms import refused
from qit4n_kg.validation.merging import FileHolding, MergedData
from qit4n_kg.validation.placing import locate, shown
from qit4n_kg.validation.suggesting import Suggester, in_cell
from qit4n_kg.validation.tables import Reading
from qit4n_kg.validation.uploads import Upload, read_upload

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pyoxigraph import Quad

    from qit4n_kg.config import Settings
    from qit4n_kg.loading import SourceFile
    from qit4n_kg.reporting import Report, Result
    from qit4n_kg.validation.uploads import PlaceFinder

STANDARD_INPUT = Path("-")
"""Stands among the paths of `validate_files` for a text of Turtle that is no file."""

_MOST_STATEMENTS = 1_000_000_000
_CORRECTION = "To correct a passage, change its file under data/: a file that states another value only adds it."


def validate_files(paths: Iterable[Path], settings: Settings, standard_input: bytes = b"") -> Report:
    """Validate files as if they were merged into the data of `settings.sources`; only results that they bring are reported.

    What the journal has accepted since it was last written to these files counts as merged.

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
    known = _with_accepted([quad for source in kept for quad in read_quads(source)], sources, settings)
    data = MergedData(FileHolding(known), ontology)
    suggester = Suggester(data.in_force, gate.shapes.merged)
    reading = Reading(gate.shapes.merged, data.axioms, settings.base_iri, suggester)
    uploads = [_open(path, standard_input) for resolved, path in wanted.items() if resolved not in own]
    files = [read_upload(upload, reading, _MOST_STATEMENTS) for upload in uploads]
    new = [quad for file in files for quad in file.quads]
    brought = [*(quad for source in given for quad in read_quads(source)), *new]
    if given:  # they are part of the data, so nothing is there "already"
        report = validate_change(gate, MergedData(FileHolding(()), ontology), [*known, *brought]).report
    else:
        report = validate_change(gate, data, brought).report
    places = [
        GivenSource(Path(file.name), file.name, NamedNode(settings.id_base), sheet, finder)
        for file in files
        for sheet, finder in file.places
    ]
    results = suggester.improve([*report.results, *suggester.near_duplicates(new), *refused(new)])
    tables = {file.name for file in files if file.is_table}
    located = locate(results, [*places, *given, *kept])
    report = report.with_results([in_cell(one) if one.file in tables else one for one in located])
    has_clash = _has_clash(report.results, {shown(one) for one in places}, {shown(source) for source in kept})
    return replace(report, statements=len(set(brought)), hint=_CORRECTION if has_clash else None)


def _with_accepted(known: list[Quad], sources: Iterable[SourceFile], settings: Settings) -> list[Quad]:
    """Return data with what was accepted since it was last written to files: what a build here would make of it."""
    journal = Journal.read(settings.journal_dir, dataset_of(settings))
    filed = read_filed(settings.sources / "data") if settings.data is None else None
    leave_out(journal, filed, {source.graph for source in sources})
    return list(replay(journal.entries, stored_forms(known))[0]) if journal.entries else known


@dataclass(frozen=True)
class GivenSource:
    """A text or a sheet that someone gave, as a place where results may stand."""

    path: Path
    relative: str
    graph: NamedNode | None
    sheet: str | None
    finder: PlaceFinder


def _open(path: Path, standard_input: bytes) -> Upload:
    """Read a file's bytes.

    :raises SourceError: it can't be read, or its extension is unknown.
    """
    if path == STANDARD_INPUT:
        return Upload("standard input", RdfFormat.TURTLE.value, standard_input)
    if path.is_dir():
        raise SourceError("This is a folder.", path=path, hint="Name the files in it.")
    form = form_of(path.name)
    if form is None:
        known = ", ".join(f".{form.extension}" for form in READABLE)
        raise SourceError(f"The extension {path.suffix or '(none)'} is not known.", path=path, hint=f"Known: {known}.")
    try:
        return Upload(str(path), form, path.read_bytes())
    except OSError as exc:
        raise SourceError(f"The file can't be read: {exc.strerror}.", path=path) from exc


def _has_clash(results: Iterable[Result], brought: set[str], shipped: set[str]) -> bool:
    """Say whether a value that is brought stands against one that is shipped."""
    places = [{one.file for one in result.values} for result in results]
    return any(brought & files and shipped & files for files in places)
