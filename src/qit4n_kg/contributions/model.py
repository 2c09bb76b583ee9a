"""Contributions as values: what is proposed, by whom, on what evidence, and every event since; no IO.

States follow from events: submitted → pending → accepted, rejected or withdrawn. Whoever submitted a contribution never decides on
it (four eyes). The only licence is that of the data, CC BY 4.0: who does not consent to it can't contribute.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from qit4n_kg.errors import ForbiddenError, StateConflictError

if TYPE_CHECKING:
    from pyoxigraph import Quad, Triple

LICENCE = "https://creativecommons.org/licenses/by/4.0/"


class State(Enum):
    """Where a contribution stands."""

    SUBMITTED = "submitted"
    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"

    @property
    def is_final(self) -> bool:
        """Whether nothing can follow."""
        return self in (State.ACCEPTED, State.REJECTED, State.WITHDRAWN)


class Kind(Enum):
    """What can happen to a contribution."""

    SUBMITTED = "submitted"
    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    COMMENTED = "commented"
    ACCEPTING = "accepting"
    """Somebody accepts it at the moment: whether that came to be stands in the journal, and nowhere else."""


class Move(Enum):
    """What becomes of a thing's identifier."""

    MERGE = "merge"
    RENAME = "rename"
    RETIRE = "retire"


@dataclass(frozen=True)
class Overrule:
    """A statement that a source makes and that shall not count, with the reason."""

    statement: Triple
    reason: str


@dataclass(frozen=True)
class Moving:
    """A thing that is merged into another, renamed, or retired (`new` is None)."""

    kind: Move
    old: str
    new: str | None
    reason: str


@dataclass(frozen=True)
class Proposal:
    """What a contribution would change; `reverts` is the id of an accepted one that it takes back."""

    adds: tuple[Triple, ...] = ()
    retracts: tuple[Triple, ...] = ()
    overrules: tuple[Overrule, ...] = ()
    moves: tuple[Moving, ...] = ()
    reverts: str | None = None

    def __bool__(self) -> bool:
        return bool(self.adds or self.retracts or self.overrules or self.moves or self.reverts)


@dataclass(frozen=True)
class Cell:
    """The values of a property of a thing (all that is said of it where `predicate` is None), as N-Triples, sorted."""

    subject: str
    predicate: str | None
    values: tuple[str, ...]


@dataclass(frozen=True)
class Event:
    """Something that happened: who did it, when (ISO 8601), and what they said."""

    kind: Kind
    actor: str
    time: str
    note: str = ""
    generation: int | None = None


@dataclass(frozen=True)
class Contribution:
    """One contribution; `seen` is what the graph said of what it changes, when it was made (`base` is the generation)."""

    id: str
    submitter: str
    time: str
    message: str
    evidence: tuple[str, ...]
    licence: str
    base: int
    proposal: Proposal
    seen: tuple[Cell, ...] = ()
    reversal: tuple[tuple[Quad, ...], tuple[Quad, ...]] = ((), ())
    """What it adds and retracts in which graphs, where it takes another one back."""
    events: tuple[Event, ...] = field(default=())

    @property
    def state(self) -> State:
        """The state that the last telling event left."""
        for event in reversed(self.events):
            if event.kind.value in {state.value for state in State}:
                return State(event.kind.value)
        return State.SUBMITTED

    @property
    def decision(self) -> Event | None:
        """The event that ended it, if any has."""
        return next((event for event in reversed(self.events) if self.state.is_final and _tells(event)), None)

    @property
    def comments(self) -> tuple[Event, ...]:
        """What people said."""
        return tuple(event for event in self.events if event.kind is Kind.COMMENTED)

    @property
    def is_being_accepted(self) -> bool:
        """Whether somebody began to accept it and no event tells what came of that."""
        return not self.state.is_final and any(event.kind is Kind.ACCEPTING for event in self.events)

    def require_open(self) -> None:
        """Make sure that it is undecided.

        :raises StateConflictError: it is not.
        """
        if self.state.is_final:
            raise StateConflictError(
                f"The contribution {self.id} is {self.state.value}.", hint="Only one that is pending can be decided on."
            )

    def require_reviewer(self, actor: str) -> None:
        """Make sure that somebody may decide on it.

        :raises ForbiddenError: it is their own.
        :raises StateConflictError: it is decided already.
        """
        self.require_open()
        if actor.casefold() == self.submitter.casefold():
            raise ForbiddenError("Nobody decides on their own contribution.", hint="Ask another reviewer.")

    def require_submitter(self, actor: str) -> None:
        """Make sure that somebody may withdraw it.

        :raises ForbiddenError: it is not theirs.
        :raises StateConflictError: it is decided already.
        """
        self.require_open()
        if actor != self.submitter:
            raise ForbiddenError("Only who submitted a contribution withdraws it.", hint="A reviewer may reject it.")


def _tells(event: Event) -> bool:
    return event.kind.value in {state.value for state in State}
