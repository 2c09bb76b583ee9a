"""What may be ordered of the writer, and what came of it; plain values that cross a pipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from qit4n_kg.contributions.register import entry_id
from qit4n_kg.store.evaluating import Update


@dataclass(frozen=True)
class GraphWrite:
    """A write of the Graph Store Protocol: PUT, POST or DELETE of a graph, None being the default graph."""

    method: str
    graph: str | None
    triples: str = ""
    """N-Triples."""


@dataclass(frozen=True)
class PreparedChange:
    """A change that was worked out already: quads to add and to retract as N-Quads.

    `source` says by what it came (`contribution`), `id` names its entry in the journal: a second one of that name changes nothing.
    A retracted quad that is not there, or an added one that is, is passed over.
    """

    adds: str
    retracts: str
    source: str
    id: str | None = None


@dataclass(frozen=True)
class Acceptance:
    """The acceptance of a contribution by the actor, who is not its submitter.

    What it changes is worked out anew when the writer's turn comes. `events` is how many events of it the reviewer has seen, None
    where they do not say; `note` is what they say of it.
    """

    contribution: str
    note: str = ""
    events: int | None = None

    @property
    def entry_id(self) -> str:
        """The name of its entry in the journal."""
        return entry_id(self.contribution)


Order: TypeAlias = Update | GraphWrite | PreparedChange | Acceptance


@dataclass(frozen=True)
class Committed:
    """What came of a write: the generation that has it, how many quads came and went, and whether its graph is new."""

    generation: int
    added: int
    retracted: int
    is_new_graph: bool
