"""The process that reads and judges what strangers send: `python -m qit4n_kg.validation.process DESCRIPTOR PARENT`.

It opens one generation, compiles the shapes and stays warm; told to, it opens another one, and compiles anew only where that was
made from other files. It has no network and a bounded memory, and whoever started it (`gatekeeping`) kills it at a deadline.
Each message is a job of uploads, each answer a report; nothing is ever stored here.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import traceback
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyoxigraph
from pyoxigraph import DefaultGraph, NamedNode

from qit4n_kg.annotating import render
from qit4n_kg.config import load_settings
from qit4n_kg.errors import KnowledgeGraphError, SourceError
from qit4n_kg.formats import CSV, READABLE, XLSX, by_name
from qit4n_kg.loading import named_from
from qit4n_kg.store import sandbox
from qit4n_kg.store.executor_protocol import Disconnected, receive, send
from qit4n_kg.store.journal import Journal
from qit4n_kg.validation.edits import Edits, compare
from qit4n_kg.validation.forms import FormMaker
from qit4n_kg.validation.gate import FIRST_TOLD, Gate, first_of_each, open_gate, validate_change
from qit4n_kg.validation.known_terms import refused
from qit4n_kg.validation.merging import MergedData, StoredHolding, ontology_quads
from qit4n_kg.validation.placing import place_given
from qit4n_kg.validation.sheets import SEEN, read_sheet, sheet_classes, write_csv, write_xlsx
from qit4n_kg.validation.suggesting import Suggester
from qit4n_kg.validation.tables import Reading, read_csv, read_hidden, read_xlsx
from qit4n_kg.validation.uploads import Given, Upload, read_upload

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyoxigraph import Quad

    from qit4n_kg.config import Settings
    from qit4n_kg.reporting import Report
    from qit4n_kg.validation.views import View


MOST_ALIKE = 200
"""How many findings of one shape and severity a report has: what is sent may have 50,000 statements that are all wrong."""


@dataclass(frozen=True)
class Judge:
    """One generation, ready to be judged against."""

    settings: Settings
    store: pyoxigraph.Store
    gate: Gate
    data: MergedData
    suggester: Suggester
    journal: Journal
    files: str
    """What stands for the files that the generation was made from, nothing where that is not known."""

    @classmethod
    def open(cls, settings: Settings, store: Path) -> Judge:
        """Open a generation's store, compile the shapes and read what the journal puts into no graph."""
        journal = Journal.read(settings.journal_dir, settings.base_iri)
        inner = pyoxigraph.Store.read_only(str(store))
        gate, data = open_gate(inner, settings.sources / "shapes", settings.graph_base, journal.loose()[0])
        suggester = Suggester(data.in_force, gate.shapes.merged)
        return cls(settings, inner, gate, data, suggester, journal, _files_of(store))

    def reopened(self, store: Path) -> Judge:
        """Return the same for another generation."""
        files = _files_of(store)
        if not files or files != self.files:
            return Judge.open(self.settings, store)
        journal = self.journal.reread()
        inner = pyoxigraph.Store.read_only(str(store))
        holding = StoredHolding(inner, self.settings.graph_base, journal.loose()[0])
        data = MergedData(holding, ontology_quads(inner, self.settings.graph_base))
        suggester = Suggester(data.in_force, self.gate.shapes.merged)
        return replace(self, store=inner, data=data, suggester=suggester, journal=journal)

    @property
    def reading(self) -> Reading:
        """What reading tables needs to know."""
        return Reading(self.gate.shapes.merged, self.data.axioms, self.settings.base_iri, self.suggester)

    def read(self, uploads: Sequence[Upload]) -> list[Given]:
        """Read uploads.

        :raises SourceError: one can't be read.
        """
        left = self.settings.validation_triples
        given = []
        for upload in uploads:
            given.append(read_upload(upload, self.reading, left))
            left -= len(given[-1].quads)
        return given

    def judge(self, uploads: Sequence[Upload]) -> tuple[Report, list[Given]]:
        """Read uploads and judge them as if they were merged.

        :raises SourceError: one can't be read.
        """
        given = self.read(uploads)
        return judge_given(self.gate, self.data, self.suggester, given), given

    def judge_change(self, uploads: Sequence[Upload], adds: Sequence[Quad], retracts: Sequence[Quad]) -> Report:
        """Judge a change that uploads came to; a result that stands in one of them is told with its place there."""
        report = validate_change(self.gate, self.data, adds, retracts, is_merged=False, most=MOST_ALIKE).report
        results = self.suggester.improve([*report.results, *self.suggester.near_duplicates(adds, retracts)])
        return report.with_results(place_given(results, self.read(uploads)))

    def follows(self, predicate: NamedNode) -> bool:
        """Tell whether rules alone state a property."""
        merged = self.store.quads_for_pattern(None, predicate, None, DefaultGraph())
        return next(iter(merged), None) is not None and next(iter(self.data.in_force.pairs(predicate)), None) is None

    @cached_property
    def forms(self) -> FormMaker:
        """What makes forms."""
        return FormMaker(self.reading, self.data.in_force, self.follows)

    def edits(self, upload: Upload, store: Path) -> tuple[int, Edits] | None:
        """Return what an edited sheet comes to and the generation that it was taken from, None for one that was taken from none.

        :raises SourceError: it can't be read, or what it was taken from is not known any more.
        """
        read = read_csv if upload.form is CSV else read_xlsx
        tables = read(upload.content, upload.name, self.reading)
        stated = {table.notes.get("generation", "") for table in tables}
        if stated == {""}:
            return None
        if len(stated) != 1 or not (number := stated.pop()).isdigit() or len(number) > 18:
            raise SourceError("The sheets were not all taken from one generation.", path=upload.name)
        hidden = read_hidden(upload.content, upload.name, SEEN, self.reading) if upload.form is XLSX else None
        if hidden is not None and len(tables) == 1:
            return int(number), compare(tables, [hidden], self.reading, self.data.in_force)
        view = self._view_of(int(number), store, upload.name)
        return int(number), compare(tables, [view] * len(tables), self.reading, self.data.in_force)

    def _view_of(self, number: int, store: Path, name: str) -> View:
        """Return the data of a generation that is still on disk."""
        if str(number) == store.parent.name:
            return self.data.in_force
        path = store.parent.parent / str(number) / "store"
        if not path.is_dir():
            raise SourceError(
                f"It was taken from generation {number}, which is not kept any more.",
                path=name,
                hint="Take it anew, or use XLSX, which remembers what it was taken from.",
            )
        inner = pyoxigraph.Store.read_only(str(path))
        base = self.settings.graph_base
        return MergedData(StoredHolding(inner, base, ()), ontology_quads(inner, base)).in_force


def _files_of(store: Path) -> str:
    """Return what stands for the files that a generation was made from: its inputs without the journal's position."""
    try:
        inputs = json.loads((store.parent / "manifest.json").read_bytes())["inputs"]
        return str(inputs).partition(" journal:")[0]
    except (OSError, ValueError, LookupError, TypeError):
        return ""


def judge_given(gate: Gate, data: MergedData, suggester: Suggester, given: Sequence[Given]) -> Report:
    """Judge what was read, with suggestions and the place of each result."""
    quads = [quad for one in given for quad in one.quads]
    report = validate_change(gate, data, quads, most=MOST_ALIKE).report
    found, is_cut = first_of_each((*report.results, *suggester.near_duplicates(quads), *refused(quads)), MOST_ALIKE)
    results = suggester.improve(found)
    hint = FIRST_TOLD.format(MOST_ALIKE) if is_cut else report.hint
    return replace(report.with_results(place_given(results, given)), statements=len(set(quads)), hint=hint)


def _uploads(header: dict[str, Any], body: bytes) -> list[Upload]:
    uploads, at = [], 0
    for file in header["files"]:
        form = by_name(file["format"], READABLE)
        assert form is not None
        uploads.append(Upload(file["name"], form, body[at : at + file["bytes"]]))
        at += file["bytes"]
    return uploads


def _answer(judge: Judge, header: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
    uploads = _uploads(header, body)
    if header.get("read_only"):
        return {"ok": True, "report": None}, _nquads(judge.read(uploads))
    if "change" in header:
        at = [sum(file["bytes"] for file in header["files"])]
        at.append(at[0] + header["change"])
        parts = (body[at[0] : at[1]], body[at[1] :])
        adds, retracts = (list(pyoxigraph.parse(part, pyoxigraph.RdfFormat.N_QUADS)) for part in parts)
        report = judge.judge_change(uploads, adds, retracts)
        return {"ok": True, "report": json.loads(report.to_json())}, report.to_text().encode(errors="replace")
    if "sheet" in header or "sheets" in header or "edits" in header:
        return _answer_of_sheets(judge, header, uploads)
    if "form" in header:
        return {"ok": True, "report": _form(judge, header["form"])}, b""
    report, given = judge.judge(uploads)
    reply = {"ok": True, "report": json.loads(report.to_json())}
    if header.get("want_quads"):
        return reply, _nquads(given)
    return reply, render(report, header["format"]).encode("utf-8", errors="replace")


def _answer_of_sheets(judge: Judge, header: dict[str, Any], uploads: Sequence[Upload]) -> tuple[dict[str, Any], bytes]:
    if "sheets" in header:
        return {"ok": True, "report": sheet_classes(judge.reading, judge.data.in_force)}, b""
    if "sheet" in header:
        asked = header["sheet"]
        data, number = judge.data.in_force, asked["generation"]
        sheet = read_sheet(asked["name"], judge.reading, data, number, judge.follows, is_empty=asked["is_empty"])
        return {"ok": True, "report": None}, write_csv(sheet) if asked["format"] == CSV.name else write_xlsx(sheet)
    found = judge.edits(uploads[0], Path(header["edits"]))
    if found is None:
        return {"ok": True, "report": None}, b""
    number, edits = found
    adds, retracts = (
        pyoxigraph.serialize(quads, format=pyoxigraph.RdfFormat.N_QUADS) or b""
        for quads in (edits.adds, edits.retracts)
    )
    return {
        "ok": True,
        "report": {"generation": number, "conflicts": edits.conflicts, "adds": len(adds)},
    }, adds + retracts


def _form(judge: Judge, asked: dict[str, Any] | None) -> object:
    if asked is None:
        return judge.forms.classes()
    return judge.forms.read(asked["name"], NamedNode(asked["thing"]) if asked["thing"] else None)


def _nquads(given: Sequence[Given]) -> bytes:
    quads = (quad for one in given for quad in one.quads)
    return pyoxigraph.serialize(quads, format=pyoxigraph.RdfFormat.N_QUADS) or b""


def _failure(error: Exception) -> dict[str, Any]:
    if isinstance(error, KnowledgeGraphError):
        reply = {"ok": False, "code": error.code, "message": error.message, "hint": error.hint}
        if isinstance(error, SourceError):
            path = str(error.path) if error.path is not None else None
            reply |= {"path": path, "line": error.line, "column": error.column}
        return reply
    if isinstance(error, MemoryError):
        return {"ok": False, "code": "memory", "message": "", "hint": None}
    return {"ok": False, "code": "internal", "message": "".join(traceback.format_exception(error)), "hint": None}


def main() -> None:
    """Serve jobs until the other side is gone."""
    sandbox.leave_signals_to_parent()
    sandbox.leave_no_core()
    connection = socket.socket(fileno=int(sys.argv[1]))
    sandbox.isolate_network()
    sandbox.die_with_parent(int(sys.argv[2]))
    try:
        header, _, _ = receive(connection)
        settings = load_settings(header["environ"])
        with named_from(settings.sources):
            judge = Judge.open(settings, Path(header["store"]))
        sandbox.limit_memory(settings.validation_memory)
        send(connection, {"ok": True})
        while True:
            header, body, _ = receive(connection)
            if "open" in header:
                judge = judge.reopened(Path(header["open"]))
                sandbox.limit_memory(settings.validation_memory)
                send(connection, {"ok": True})
                continue
            try:
                reply, rendered = _answer(judge, header, body)
            except Exception as exc:  # noqa: BLE001  (a process's edge: the other side logs it)
                reply, rendered = _failure(exc), b""
            send(connection, reply, rendered)
    except Disconnected:
        os._exit(0)  # closing a store takes time, and nothing needs it
    except Exception as exc:  # noqa: BLE001  (a process's edge: the other side logs it)
        send(connection, _failure(exc))
        os._exit(1)


if __name__ == "__main__":
    main()
