"""The acceptance of a contribution inside the one writer: who may, what it changes as things stand now, and its events.

The contribution is held meanwhile, so that nobody withdraws or rejects it. Its register learns before the journal that somebody
accepts it, and afterwards what came of that; between the two the journal says it (`Register`). Accepting again what is in the
journal already changes nothing.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from qit4n_kg.contributions.changing import outdated, plan, retired_meanwhile
from qit4n_kg.contributions.differences import tell_conflicts
from qit4n_kg.contributions.model import Event, Kind, State
from qit4n_kg.contributions.register import Register, entry_id, now
from qit4n_kg.contributions.standing import Standing
from qit4n_kg.errors import PreconditionFailedError, StateError

if TYPE_CHECKING:
    from contextlib import ExitStack

    from qit4n_kg.building import Origin
    from qit4n_kg.committing.orders import Acceptance
    from qit4n_kg.contributions.model import Contribution
    from qit4n_kg.contributions.register import Held
    from qit4n_kg.store.journal import Change
    from qit4n_kg.store.oxigraph import OxigraphStore


_log = logging.getLogger(__name__)


class Accepting:
    """One acceptance, on a contribution that is held."""

    def __init__(self, held: Held, origin: Origin, event: Event) -> None:
        self._held = held
        self._origin = origin
        self._event = event
        self.entry_id = entry_id(held.contribution.id)

    @classmethod
    def begin(cls, order: Acceptance, origin: Origin, actor: str, stack: ExitStack) -> Accepting:
        """Hold the contribution for as long as the stack lasts, and see whether this actor may accept it.

        :raises NotFoundError: there is none.
        :raises ForbiddenError: it is their own.
        :raises StateConflictError: it is rejected or withdrawn.
        :raises PreconditionFailedError: something has happened to it since the reviewer looked.
        """
        register = Register.of(origin.settings)
        held = stack.enter_context(register.holding(order.contribution))
        accepting = cls(held, origin, Event(Kind.ACCEPTED, actor, now(), order.note))
        contribution = held.contribution
        if accepting.is_journalled:
            return accepting
        contribution.require_reviewer(actor)
        if order.events is not None and order.events != len(contribution.events):
            told = [f"{event.actor}: {event.kind.value}" for event in contribution.events[order.events :]]
            raise PreconditionFailedError(
                f"Something has happened to the contribution {contribution.id} since you looked.", conflicts=told
            )
        return accepting

    @property
    def is_journalled(self) -> bool:
        """Whether the journal has it already."""
        return any(entry.id == self.entry_id for entry in self._origin.journal.entries)

    def change(self, store: OxigraphStore) -> Change:
        """Return what it changes as things stand.

        :raises PreconditionFailedError: what it looked at is different now; with the conflicts.
        :raises ChangeRefusedError: it can't be done.
        """
        settings = self._origin.settings
        standing = Standing(store, settings.graph_base)
        refuse_outdated(self._held.contribution, standing, store, settings.base_iri)
        return plan(self._held.contribution, self._event, standing, settings.base_iri)

    def prepare(self) -> None:
        """Write down that it is being accepted, before the journal has it."""
        event = self._event
        self._held.add(Event(Kind.ACCEPTING, event.actor, event.time, event.note))

    def finish(self, generation: int) -> None:
        """Write down that it was accepted."""
        event = self._event
        if self._held.contribution.state is State.ACCEPTED:
            return
        for entry in self._origin.journal.entries:
            if entry.id == self.entry_id:  # the one that is there may be another reviewer's, before a crash
                note = next((e.note for e in self._held.contribution.events[::-1] if e.actor == entry.actor), "")
                event = Event(Kind.ACCEPTED, entry.actor, entry.time, note)
        try:
            self._held.add(Event(event.kind, event.actor, event.time, event.note, generation))
        except StateError as exc:  # it is accepted all the same: the journal says so
            _log.error("The acceptance of %s is in the journal only: %s", self._held.contribution.id, exc)


def refuse_outdated(contribution: Contribution, standing: Standing, store: OxigraphStore, base_iri: str) -> None:
    """Refuse a contribution that looked at what is different now.

    :raises PreconditionFailedError: with the conflicts, each in a sentence.
    """
    changed = list(outdated(contribution, standing))
    retired = retired_meanwhile(contribution, standing)
    if changed or retired:
        raise PreconditionFailedError(
            "The graph has changed since this contribution was made, in what it changes.",
            hint="Nothing was changed. Look at what is there now, and submit what is still wanted.",
            conflicts=tell_conflicts(changed, retired, store, base_iri),
        )
