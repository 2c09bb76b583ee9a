"""The hand-over sheet of one study group as plain values: what is proposed to it, beside whom, and how firm that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyoxigraph import NamedNode

from qit4n_kg.errors import NotFoundError
from qit4n_kg.exports.deliverables import Item, read_items
from qit4n_kg.exports.facts import Facts, expand

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qit4n_kg.exports.making import Material, Passage

_MOST_NAMED = 20


@dataclass(frozen=True)
class Recipient:
    """A group beside the one that the sheet is for, and its position among a deliverable's recipients if stated."""

    name: str
    position: int | None


@dataclass(frozen=True)
class Title:
    """A title and the passages that state it."""

    text: str
    stated_in: tuple[Passage, ...]


@dataclass(frozen=True)
class Proposal:
    """One deliverable that is proposed; `position` is the group's own among its recipients."""

    item: Item
    titles: tuple[Title, ...]
    position: int | None
    others: tuple[Recipient, ...]
    firmness: str | None
    scope: str | None


@dataclass(frozen=True)
class Sheet:
    """What one group receives: what is proposed to it by name, and apart from that what is proposed to all."""

    group: str
    senders: tuple[str, ...]
    senders_in_full: tuple[str, ...]
    """The same with their titles, where these are stated."""
    to_group: tuple[Proposal, ...]
    to_all: tuple[Proposal, ...]

    @property
    def proposals(self) -> tuple[Proposal, ...]:
        """Both kinds."""
        return (*self.to_group, *self.to_all)

    @property
    def firmness(self) -> str | None:
        """How firm the proposals are, where all say the same."""
        said = {proposal.firmness for proposal in self.proposals}
        return said.pop() if len(said) == 1 else None

    @property
    def documents(self) -> tuple[str, ...]:
        """The sources of the titles."""
        found = (p.document for one in self.proposals for title in one.titles for p in title.stated_in)
        return tuple(dict.fromkeys(found))

    @property
    def as_of(self) -> tuple[str, ...]:
        """The dates of the reports on the deliverables' state."""
        return tuple(sorted({one.item.as_of for one in self.proposals if one.item.as_of}))


def read_sheet(material: Material) -> Sheet:
    """Read the sheet of the group that the export's name names.

    :raises NotFoundError: nothing is proposed to it; the hint names groups to which something is.
    """
    facts, group = material.facts, material.thing
    by_name, to_all = [], []
    items = {item.iri: item for item in read_items(facts)}
    for iri, item in items.items():
        proposals = [p for p in facts.subjects("stdorg:proposedFor", iri) if facts.is_a(p, "stdorg:ProposedRecipient")]
        own = [one for one in proposals if facts.iri(one, "stdorg:recipient") == group]
        general = [one for one in proposals if facts.iri(one, "stdorg:recipient") is None]
        if own:
            by_name.append(_proposal(material, item, own[0], proposals))
        elif general:
            to_all.append(_proposal(material, item, general[0], proposals))
    if not by_name and not to_all:
        raise NotFoundError(f"Nothing is proposed to {material.wanted.argument!r}.", hint=_known_groups(material))
    senders = tuple(sorted({name for item in items.values() for name in item.within or item.groups}))
    titles = _sender_titles(facts, items)
    in_full = tuple(f"{name} ({titles[name]})" if name in titles else name for name in senders)
    return Sheet(facts.label(group) or group, senders, in_full, tuple(by_name), tuple(to_all))


def _sender_titles(facts: Facts, items: Iterable[str]) -> dict[str, str]:
    """Return the titles of groups by their labels."""
    groups = dict.fromkeys(group for item in items for group in facts.iris(item, "stdorg:producedWithin"))
    said = ((facts.label(group), facts.text(group, "dcterms:title")) for group in groups)
    return {label: title for label, title in said if label is not None and title is not None}


def _proposal(material: Material, item: Item, own: str, proposals: list[str]) -> Proposal:
    facts = material.facts
    others = [
        Recipient(facts.label(body) or body, _position(facts, one))
        for one in proposals
        if one != own and (body := facts.iri(one, "stdorg:recipient")) is not None
    ]
    titles = [Title(text, tuple(material.passages(item.iri, "dcterms:title", text))) for text in _titles(item)]
    return Proposal(
        item=item,
        titles=tuple(titles),
        position=_position(facts, own),
        others=tuple(sorted(others, key=lambda one: (one.position is None, one.position or 0, one.name))),
        firmness=facts.label(facts.iri(own, "stdorg:proposalStatus")),
        scope=facts.label(facts.iri(own, "stdorg:recipientScope")),
    )


def _titles(item: Item) -> list[str]:
    return [title for title in (item.title, *item.other_titles) if title is not None]


def _position(facts: Facts, proposal: str) -> int | None:
    text = facts.text(proposal, "stdorg:position")
    return int(text) if text is not None and text.lstrip("-").isdigit() else None


def groups(material: Material) -> list[str]:
    """Return the names of groups to which something is proposed: not of more than a message holds."""
    names: dict[str, None] = {}
    for quad in material.store.quads(None, NamedNode(expand("stdorg:recipient"))):
        if isinstance(quad.object, NamedNode):
            names.setdefault(quad.object.value.removeprefix(material.id_base).removeprefix("body/"))
        if len(names) >= _MOST_NAMED:
            break
    return sorted(names)


def _known_groups(material: Material) -> str:
    names = groups(material)
    return f"Something is proposed to: {', '.join(names)}." if names else "Nothing is proposed to any group."
