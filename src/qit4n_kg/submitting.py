"""The desk where contributions come in: what was sent is read, measured against the graph, judged as if merged, kept as pending.

Nothing that fails on the way is kept, and the graph is not touched: accepting is for the one writer (`committing`). Who may submit
is decided by whoever calls.
"""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pyoxigraph import RdfFormat, parse, serialize

from qit4n_kg.contributions.changing import cells_of, outdated, plan, retired_meanwhile, reversal_of
from qit4n_kg.contributions.differences import tell_conflicts
from qit4n_kg.contributions.model import LICENCE, Contribution, Event, Kind, Proposal, State
from qit4n_kg.contributions.reading import make_proposal, read_base, read_moves, read_overruled, read_sent
from qit4n_kg.contributions.register import Register, entry_id, make_id, now
from qit4n_kg.contributions.standing import Standing
from qit4n_kg.errors import (
    InvalidDataError,
    NotFoundError,
    ParameterError,
    PreconditionFailedError,
    ProposalError,
    StateConflictError,
)
from qit4n_kg.formats import CSV, XLSX
from qit4n_kg.formats import RdfFormat as Formats
from qit4n_kg.gatekeeping import SentFile
from qit4n_kg.store.journal import Journal, dataset_of
from qit4n_kg.store.oxigraph import OxigraphStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pyoxigraph import Quad

    from qit4n_kg.gatekeeping import Judgement
    from qit4n_kg.graph import KnowledgeGraph, Snapshot
    from qit4n_kg.store.journal import Change

_EDITED = "Another value was written into a spreadsheet."
_QUADS = (Formats.TRIG.value, Formats.N_QUADS.value)


class JudgedFindings:
    """What the judging process found, as the error of invalid data carries it."""

    def __init__(self, judgement: Judgement) -> None:
        self._judgement = judgement

    def to_text(self) -> str:
        """Return it as lines."""
        return self._judgement.rendered.decode(errors="replace")

    def to_json(self) -> str:
        """Return it as a JSON document."""
        return json.dumps(self._judgement.report)


@dataclass(frozen=True)
class Sending:
    """What was sent: statements to add as files, statements to take back as Turtle, and the other members."""

    files: tuple[SentFile, ...]
    retracts: str
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Receipt:
    """What came of it: the contribution, whether it is new, and the remarks of the shapes (None for one sent before)."""

    contribution: Contribution
    is_new: bool
    report: dict[str, Any] | None


class Desk:
    """Takes contributions in, on the current generation of a knowledge graph. Safe to use from many threads."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph = graph
        self._settings = graph.settings
        self.register = Register.of(graph.settings)

    def submit(self, sending: Sending, actor: str, now_at: Snapshot) -> Receipt:
        """Read, judge and keep a contribution.

        :raises SourceError: a text can't be read; with line and column.
        :raises ParameterError: a member is missing or malformed.
        :raises ProposalError: it can't be done as things stand.
        :raises PreconditionFailedError: the graph has changed since its sender looked; with the conflicts.
        :raises InvalidDataError: it brings violations; with the report.
        :raises StateConflictError: its key was used for something else.
        """
        if self._settings.scratch:
            raise ProposalError("A scratch dataset takes no contributions.", hint="Write to it by /update.")
        sent = read_sent(sending.fields)
        proposal = self._proposal(sending, now_at)
        contribution = Contribution(
            id=make_id(actor, sent.key),
            submitter=actor,
            time=now(),
            message=sent.message,
            evidence=sent.evidence,
            licence=LICENCE,
            base=now_at.generation.number if sent.base is None else sent.base,
            proposal=proposal,
        )
        if sent.key is not None and (known := self._known(contribution)) is not None:
            return Receipt(known, False, None)
        with self._seen(contribution.base, now_at) as store:
            seen = cells_of(proposal, Standing(store, self._settings.graph_base))
        return self._keep(replace(contribution, seen=seen), sending.files, now_at)

    def check(self, sending: Sending, now_at: Snapshot) -> Judgement:
        """Say what the shapes would say of a contribution; nothing is kept. Its message, evidence and licence don't matter.

        :raises SourceError: a text can't be read; with line and column.
        :raises ProposalError: it can't be done as things stand.
        :raises PreconditionFailedError: the graph has changed since its sender looked; with the conflicts.
        """
        base = read_base(sending.fields) or now_at.generation.number
        proposal = self._proposal(sending, now_at)
        with self._seen(base, now_at) as store:
            seen = cells_of(proposal, Standing(store, self._settings.graph_base))
        contribution = Contribution("check", "check", now(), "", (), LICENCE, base, proposal, seen)
        self._refuse_outdated(contribution, now_at)
        return self._judged(self._plan(contribution, now_at), sending.files, now_at)

    def revert(self, id_: str, message: str, actor: str, now_at: Snapshot) -> Receipt:
        """Make a contribution that takes an accepted one back.

        :raises NotFoundError: there is none.
        :raises StateConflictError: it was not accepted.
        :raises ProposalError: nothing of it is left.
        """
        contribution = self.register.get(id_)
        if contribution.state is not State.ACCEPTED:
            raise StateConflictError(f"The contribution {id_} is {contribution.state.value}, not accepted.")
        change = self._accepted_change(id_)
        standing = Standing(now_at.store, self._settings.graph_base)
        reversal = reversal_of(change, id_, self._settings.base_iri)
        return self._keep(
            Contribution(
                id=make_id(actor, None),
                submitter=actor,
                time=now(),
                message=message or f"Take back: {contribution.message}",
                evidence=(),
                licence=LICENCE,
                base=now_at.generation.number,
                proposal=Proposal(reverts=id_),
                seen=cells_of(Proposal(), standing, reversal),
                reversal=reversal,
            ),
            (),
            now_at,
        )

    def judge(self, contribution: Contribution, now_at: Snapshot) -> tuple[Change, dict[str, Any]]:
        """Return what a contribution would change as things stand, and what the shapes say of that.

        :raises ProposalError: it can't be done as things stand.
        """
        change = self._plan(contribution, now_at)
        return change, self._judged(change, (), now_at).report

    def _keep(self, contribution: Contribution, files: Sequence[SentFile], now_at: Snapshot) -> Receipt:
        self._refuse_outdated(contribution, now_at)
        judgement = self._judged(self._plan(contribution, now_at), files, now_at)
        if self._settings.gate and not judgement.conforms:
            raise InvalidDataError(
                "The contribution would bring violations of the shapes, so it was not taken.",
                report=JudgedFindings(judgement),
            )
        kept, is_new = self.register.submit(contribution)
        return Receipt(kept, is_new, judgement.report)

    def _plan(self, contribution: Contribution, now_at: Snapshot) -> Change:
        event = Event(Kind.ACCEPTED, contribution.submitter, now())
        return plan(contribution, event, Standing(now_at.store, self._settings.graph_base), self._settings.base_iri)

    def _judged(self, change: Change, files: Sequence[SentFile], now_at: Snapshot) -> Judgement:
        adds, retracts = (_nquads(quads) for quads in (change.adds, change.retracts))
        return self._graph.gatekeeper.judge_change(files, adds, retracts, now_at.generation.store_path)

    def _refuse_outdated(self, contribution: Contribution, now_at: Snapshot) -> None:
        standing = Standing(now_at.store, self._settings.graph_base)
        changed = list(outdated(contribution, standing))
        retired = retired_meanwhile(contribution, standing)
        if retired and not changed:
            told = tell_conflicts((), retired, now_at.store, self._settings.base_iri)
            raise ProposalError(f"What is added speaks of identifiers that are not used any more: {' '.join(told)}")
        if changed:
            raise PreconditionFailedError(
                f"The graph has changed since generation {contribution.base}, in what the contribution changes.",
                hint="Nothing was changed. Look at what is there now, and submit what is still wanted.",
                conflicts=tell_conflicts(changed, retired, now_at.store, self._settings.base_iri),
            )

    def _known(self, contribution: Contribution) -> Contribution | None:
        """Return what this key made before.

        :raises StateConflictError: that was something else.
        """
        try:
            known = self.register.get(contribution.id)
        except NotFoundError:
            return None
        if (known.proposal, known.message) != (contribution.proposal, contribution.message):
            raise StateConflictError(
                f"The key was used for another contribution already ({known.id}).",
                hint="Send it with a key of its own.",
            )
        return known

    def _seen(self, base: int, now_at: Snapshot) -> OxigraphStore | nullcontext[Any]:
        """Open the generation that the sender has seen.

        :raises GenerationGoneError: it is not kept any more.
        """
        if base == now_at.generation.number:
            return nullcontext(now_at.store)
        return OxigraphStore.open_read_only(self._graph.kept(base).store_path)

    def _proposal(self, sending: Sending, now_at: Snapshot) -> Proposal:
        for file in sending.files:
            if file.form in _QUADS:
                raise ParameterError(
                    f"{file.form.label} names graphs, and a contribution has a graph of its own.", hint="Send Turtle."
                )
        overruled = [
            (self._read([_text_file("overrules", text)], now_at), reason)
            for text, reason in read_overruled(sending.fields)
        ]
        retracts = self._read([_text_file("retracts", sending.retracts)], now_at) if sending.retracts.strip() else []
        adds = []
        for file in sending.files:
            edits = self._edits(file, now_at)
            if edits is None:
                adds += self._read([file], now_at)
                continue
            adds += edits[0]
            documented, others = self._split_documented(*edits, now_at)
            retracts += others
            if documented:
                overruled.append((documented, str(sending.fields.get("message") or _EDITED)))
        return make_proposal(adds, retracts, overruled, read_moves(sending.fields), self._settings.base_iri)

    def _split_documented(
        self, adds: Sequence[Quad], retracts: Sequence[Quad], now_at: Snapshot
    ) -> tuple[list[Quad], list[Quad]]:
        """Part what an edited sheet takes away: values of documents in whose place others come (to be overruled), and the rest."""
        standing = Standing(now_at.store, self._settings.graph_base)
        replaced = {(quad.subject, quad.predicate) for quad in adds}
        documented: list[Quad] = []
        others: list[Quad] = []
        for quad in retracts:
            is_replaced = (quad.subject, quad.predicate) in replaced
            (documented if is_replaced and standing.is_documented(quad.triple) else others).append(quad)
        return documented, others

    def _edits(self, file: SentFile, now_at: Snapshot) -> tuple[list[Quad], list[Quad]] | None:
        """Return what an edited sheet adds and retracts, None where a file is no such thing.

        :raises PreconditionFailedError: a cell was changed that has changed in the graph, too; with each such cell.
        """
        if file.form not in (CSV, XLSX):
            return None
        edits = self._graph.gatekeeper.edits(file, now_at.generation.store_path)
        if edits is None:
            return None
        if edits.conflicts:
            raise PreconditionFailedError(
                f"The graph has changed since generation {edits.generation}, in cells that were changed here, too.",
                hint="Nothing was changed. Take the sheet anew, and change what is still wanted.",
                conflicts=edits.conflicts,
            )
        adds, retracts = (list(parse(part, RdfFormat.N_QUADS)) for part in (edits.adds, edits.retracts))
        return adds, retracts

    def _read(self, files: Sequence[SentFile], now_at: Snapshot) -> list[Quad]:
        content = self._graph.gatekeeper.read(files, now_at.generation.store_path)
        return list(parse(content, RdfFormat.N_QUADS))

    def _accepted_change(self, id_: str) -> Change:
        journal = Journal.read(self._settings.journal_dir, dataset_of(self._settings))
        wanted = entry_id(id_)
        for entry in journal.entries:
            if entry.id == wanted:
                return entry.change
        raise StateConflictError(f"The journal does not have the contribution {id_} any more.")


def _text_file(name: str, text: str) -> SentFile:
    return SentFile(f"{name}.ttl", Formats.TURTLE.value, text.replace("\r\n", "\n").encode(errors="replace"))


def _nquads(quads: Iterable[Quad]) -> bytes:
    return serialize(quads, format=RdfFormat.N_QUADS) or b""


__all__ = ["Desk", "Receipt", "Sending"]
