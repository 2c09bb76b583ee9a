"""Contributions as JSON records, as the register keeps them; terms travel as N-Triples, and no file is opened here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyoxigraph import RdfFormat, parse, serialize

from qit4n_kg.contributions.model import Cell, Contribution, Event, Kind, Move, Moving, Overrule, Proposal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pyoxigraph import Quad, Triple


def record_of(contribution: Contribution) -> dict[str, Any]:
    """Return the record that a contribution's file begins with."""
    return {
        "id": contribution.id,
        "submitter": contribution.submitter,
        "time": contribution.time,
        "message": contribution.message,
        "evidence": list(contribution.evidence),
        "licence": contribution.licence,
        "base": contribution.base,
        "proposal": proposal_record(contribution.proposal),
        "seen": [[cell.subject, cell.predicate, list(cell.values)] for cell in contribution.seen],
        "reversal": [quads_text(quads) for quads in contribution.reversal],
    }


def proposal_record(proposal: Proposal) -> dict[str, Any]:
    """Return what is proposed as plain values."""
    return {
        "adds": triples_text(proposal.adds),
        "retracts": triples_text(proposal.retracts),
        "overrules": [{"statement": triples_text([one.statement]), "reason": one.reason} for one in proposal.overrules],
        "moves": [
            {"kind": move.kind.value, "old": move.old, "new": move.new, "reason": move.reason}
            for move in proposal.moves
        ],
        "reverts": proposal.reverts,
    }


def contribution_of(record: dict[str, Any], events: Iterable[Event]) -> Contribution:
    """Read what `record_of` wrote."""
    proposed = record["proposal"]
    proposal = Proposal(
        read_triples(proposed["adds"]),
        read_triples(proposed["retracts"]),
        tuple(Overrule(read_triples(one["statement"])[0], one["reason"]) for one in proposed["overrules"]),
        tuple(Moving(Move(move["kind"]), move["old"], move["new"], move["reason"]) for move in proposed["moves"]),
        proposed["reverts"],
    )
    added, retracted = (read_quads(text) for text in record["reversal"])
    return Contribution(
        id=record["id"],
        submitter=record["submitter"],
        time=record["time"],
        message=record["message"],
        evidence=tuple(record["evidence"]),
        licence=record["licence"],
        base=record["base"],
        proposal=proposal,
        seen=tuple(Cell(subject, predicate, tuple(values)) for subject, predicate, values in record["seen"]),
        reversal=(added, retracted),
        events=tuple(events),
    )


def event_record(event: Event) -> dict[str, Any]:
    """Return an event as plain values."""
    record: dict[str, Any] = {"kind": event.kind.value, "actor": event.actor, "time": event.time}
    if event.note:
        record["note"] = event.note
    if event.generation is not None:
        record["generation"] = event.generation
    return record


def event_of(record: dict[str, Any]) -> Event:
    """Read what `event_record` wrote."""
    return Event(
        Kind(record["kind"]), record["actor"], record["time"], record.get("note", ""), record.get("generation")
    )


def triples_text(triples: Sequence[Triple]) -> str:
    """Write triples as N-Triples."""
    text = serialize(triples, format=RdfFormat.N_TRIPLES)
    assert text is not None
    return text.decode()


def read_quads(text: str) -> tuple[Quad, ...]:
    """Read N-Quads."""
    return tuple(parse(text, RdfFormat.N_QUADS))


def read_triples(text: str) -> tuple[Triple, ...]:
    """Read N-Triples."""
    return tuple(quad.triple for quad in parse(text, RdfFormat.N_TRIPLES))


def quads_text(quads: Sequence[Quad]) -> str:
    """Write quads as N-Quads."""
    text = serialize(quads, format=RdfFormat.N_QUADS)
    assert text is not None
    return text.decode()
