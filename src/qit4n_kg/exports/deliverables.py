"""Deliverables and other documents as bibliographies see them: one value each, from the facts of an export; no format, no store."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qit4n_kg.exports.facts import Facts

_DIGITS = re.compile(r"(\d+)")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Editor:
    """A role held on a deliverable: name and role as they are labelled, affiliations as stated for it."""

    name: str
    family: str | None
    given: str | None
    role: str | None
    honorific: str | None
    affiliations: tuple[str, ...]

    @property
    def parts(self) -> tuple[str, str] | None:
        """Family and given name, where both are stated."""
        return (self.family, self.given) if self.family and self.given else None


@dataclass(frozen=True)
class Item:
    """A deliverable or another document; what the graph does not state, or the query does not take, is None or empty."""

    iri: str
    code: str | None
    title: str | None
    language: str | None
    other_titles: tuple[str, ...]
    description: str | None
    kind: str | None
    groups: tuple[str, ...]
    within: tuple[str, ...]
    """The focus group that it is produced in, where it is one."""
    subjects: tuple[str, ...]
    editors: tuple[Editor, ...]
    status: str | None
    progress: str | None
    due: str | None
    as_of: str | None
    issued: str | None
    part_of: tuple[str, ...]
    parts: tuple[str, ...]
    """The IRIs of what it is a part of, and of its parts."""

    @property
    def producers(self) -> tuple[str, ...]:
        """The groups that produce it, each after the focus group that it is a unit of."""
        return tuple(", ".join((*self.within, group)) if group not in self.within else group for group in self.groups)

    @property
    def is_draft(self) -> bool:
        """Whether a status is reported of it and no date of issue."""
        return self.status is not None and self.issued is None

    @property
    def reported(self) -> list[tuple[str, str]]:
        """What is reported of its state, in words: what each is, and its value."""
        progress = None if self.progress is None else f"{self.progress} %"
        said = {"Status": self.status, "Reported progress": progress, "Due": self.due, "As of": self.as_of}
        return [(name, value) for name, value in said.items() if value is not None]

    @property
    def name(self) -> str:
        """What to call it where a format must have a title: title, else code, else IRI."""
        return self.title or self.code or self.iri


def read_items(facts: Facts, *kinds: str) -> list[Item]:
    """Return every deliverable, or every thing of these classes, in the order of group and code (D2.10 after D2.9)."""
    editors = _editors(facts)
    reports = _latest_reports(facts)
    members = dict.fromkeys(iri for kind in kinds or ("stdorg:Deliverable",) for iri in facts.members(kind))
    items = [_item(facts, iri, editors.get(iri, ()), reports.get(iri)) for iri in members]
    return sorted(items, key=lambda item: (_folder(item.iri), natural(item.code or item.iri), item.iri))


def natural(text: str) -> list[tuple[int, str]]:
    """Return a key by which numbers in a text sort as numbers.

    >>> sorted(["D2.10", "D2.9"], key=natural)
    ['D2.9', 'D2.10']
    """
    return [(int(part), "") if part.isdigit() and part.isascii() else (0, part) for part in _DIGITS.split(text)]


def one_line(text: str) -> str:
    r"""Return a text without line breaks and control characters.

    >>> one_line("a\n b\x07")
    'a b'
    """
    return " ".join(clean(text).split())


def clean(text: str) -> str:
    r"""Return a text without the control characters that no text format can hold; tabs stay, and line breaks as newlines.

    >>> clean("a\r\nb\x00")
    'a\nb'
    """
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def clean_within(value: Any) -> Any:
    r"""Return what is to be JSON or YAML, with all texts in it cleaned.

    >>> clean_within({"a": ["b\x07", 1]})
    {'a': ['b', 1]}
    """
    if isinstance(value, dict):
        return {key: clean_within(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [clean_within(inner) for inner in value]
    return clean(value) if isinstance(value, str) else value


def _folder(iri: str) -> str:
    return iri.rpartition("/")[0]


def _item(facts: Facts, iri: str, editors: tuple[Editor, ...], report: str | None) -> Item:
    titles = facts.texts(iri, "dcterms:title")
    others = dict.fromkeys([*titles[1:], *facts.texts(iri, "skos:altLabel")])
    return Item(
        iri=iri,
        code=facts.text(iri, "skos:notation"),
        title=titles[0] if titles else None,
        language=facts.language(iri, "dcterms:title"),
        other_titles=tuple(others),
        description=facts.text(iri, "dcterms:description"),
        kind=facts.label(facts.iri(iri, "stdorg:documentKind")),
        groups=_labels(facts, facts.iris(iri, "stdorg:producedBy")),
        within=_labels(facts, _focus_groups(facts, iri)),
        subjects=_labels(facts, facts.iris(iri, "dcterms:subject")),
        editors=editors,
        status=None if report is None else facts.label(facts.iri(report, "stdorg:reportedStatus")),
        progress=None if report is None else facts.text(report, "stdorg:reportedProgress"),
        due=None if report is None else facts.text(report, "stdorg:reportedDueDate"),
        as_of=None if report is None else facts.text(report, "stdorg:attestedAt"),
        issued=facts.text(iri, "dcterms:issued"),
        part_of=tuple(facts.iris(iri, "dcterms:isPartOf")),
        parts=tuple(facts.iris(iri, "dcterms:hasPart")),
    )


def _focus_groups(facts: Facts, iri: str) -> list[str]:
    return [group for group in facts.iris(iri, "stdorg:producedWithin") if facts.is_a(group, "stdorg:FocusGroup")]


def _labels(facts: Facts, iris: list[str]) -> tuple[str, ...]:
    return tuple(sorted(label for iri in iris if (label := facts.label(iri)) is not None))


def _editors(facts: Facts) -> dict[str, tuple[Editor, ...]]:
    """Return the editors of each deliverable: chief editors first, then by name."""
    found: dict[str, list[tuple[str, Editor]]] = {}
    for held in facts.members("stdorg:RoleHeld"):
        role, agent = facts.iri(held, "stdorg:role"), facts.iri(held, "stdorg:agent")
        name = facts.label(agent)
        if role is None or name is None or not facts.is_a(role, "stdorg:EditorRole"):
            continue
        affiliations = _labels(facts, facts.iris(held, "stdorg:affiliation"))
        family, given = (
            facts.text(agent, f"foaf:{part}Name") if agent is not None else None for part in ("family", "given")
        )
        editor = Editor(name, family, given, facts.label(role), facts.text(held, "stdorg:honorific"), affiliations)
        for deliverable in facts.iris(held, "stdorg:in"):
            found.setdefault(deliverable, []).append((role.rpartition("/")[2], editor))
    return {
        iri: tuple(editor for _, editor in sorted(some, key=lambda one: (one[0], one[1].name, repr(one[1]))))
        for iri, some in found.items()
    }


def _latest_reports(facts: Facts) -> dict[str, str]:
    """Return the status report of each deliverable that was made last."""
    latest: dict[str, str] = {}
    for report in sorted(
        facts.members("stdorg:StatusReport"), key=lambda iri: (facts.text(iri, "stdorg:attestedAt") or "", iri)
    ):
        for deliverable in facts.iris(report, "stdorg:reportsOn"):
            latest[deliverable] = report
    return latest
