"""The calendar: iCalendar (RFC 5545), one all-day VEVENT for each event or plan whose first and last day are stated.

Each event is written as it is made. There is no ORGANIZER and no ATTENDEE, because both need an address, and none is stated.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, BinaryIO

from icalendar import Calendar, Event, vText
from pyoxigraph import NamedNode

from qit4n_kg import __version__
from qit4n_kg.exports.deliverables import clean
from qit4n_kg.exports.facts import expand

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qit4n_kg.exports.facts import Facts
    from qit4n_kg.exports.making import Material

_KINDS = {
    "stdorg:Meeting": "Meeting",
    "stdorg:Session": "Session",
    "stdorg:Webinar": "Webinar",
    "stdorg:Workshop": "Workshop",
    "stdorg:JointMeeting": "Joint meeting",
    "stdorg:EventPlan": "Plan",
}
_GIVEN_UP = frozenset({"abandoned", "moved-online", "not-conducted", "postponed"})
_NOT_YET = frozenset({"planned", "scheduled", "unconfirmed"})
_END = b"END:VCALENDAR\r\n"


def write_calendar(material: Material, output: BinaryIO) -> None:
    """Write the calendar; what has no exact days is left out and noted."""
    output.write(_opening().removesuffix(_END))
    parents = _parents(material.facts)
    for kind, iri in _events(material.facts):
        days = _days(material, iri)
        if days is not None:
            output.write(_event(material, kind, iri, days, parents.get(iri)).to_ical())
    output.write(_END)


def _opening() -> bytes:
    calendar = Calendar()
    calendar.add("prodid", f"-//qit4n-kg//{__version__}//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", "Meetings, webinars and plans")
    return bytes(calendar.to_ical())


def _events(facts: Facts) -> Iterator[tuple[str, str]]:
    for kind in _KINDS:
        for iri in facts.members(kind):
            yield kind, iri


def _parents(facts: Facts) -> dict[str, str]:
    """Return the meeting of each session."""
    return {
        session: meeting
        for meeting in facts.members("stdorg:Meeting")
        for session in facts.iris(meeting, "stdorg:hasSession")
    }


def _days(material: Material, iri: str) -> tuple[datetime.date, datetime.date] | None:
    """Return the first and the last day where both are stated, once and in their order."""
    found = []
    for name, words in (("schema:startDate", "first"), ("schema:endDate", "last")):
        texts = material.facts.texts(iri, name)
        if len(texts) != 1:
            reason = f"no exact {words} day is stated" if not texts else f"more than one {words} day is stated"
            material.leave_out(iri, reason)
            return None
        try:
            found.append(datetime.date.fromisoformat(texts[0]))
        except ValueError:
            material.leave_out(iri, f"its {words} day is {texts[0]!r}, which is no day")
            return None
    if found[1] < found[0]:
        material.leave_out(iri, "it ends before it begins")
        return None
    return found[0], found[1]


def _event(
    material: Material, kind: str, iri: str, days: tuple[datetime.date, datetime.date], parent: str | None
) -> Event:
    facts = material.facts
    event = Event()
    event.add("uid", iri)
    event.add("dtstamp", datetime.datetime.fromisoformat(material.stamp.built_at).astimezone(datetime.UTC))
    event.add("sequence", _revisions(material, iri))
    event.add("dtstart", days[0])
    event.add("dtend", days[1] + datetime.timedelta(days=1))
    event.add("summary", clean(facts.label(iri) or facts.text(iri, "dcterms:title") or iri))
    for name, text in (("location", _location(facts, iri)), ("description", _description(facts, iri))):
        if text:
            event.add(name, clean(text))
    event.add("categories", [_KINDS[kind]])
    event.add("status", _status(facts, kind, iri))
    event.add("transp", "TRANSPARENT")
    event.add("url", iri)
    for other, relation in ((parent, "PARENT"), (facts.iri(iri, "stdorg:conductedAs"), "SIBLING")):
        if other is not None:
            related = vText(other)
            related.params["RELTYPE"] = relation
            event.add("related-to", related)
    return event


def _location(facts: Facts, iri: str) -> str:
    countries = [facts.label(country) for country in facts.iris(iri, "stdorg:placeCountry")]
    return ", ".join(part for part in (facts.text(iri, "stdorg:place"), *countries) if part)


def _description(facts: Facts, iri: str) -> str:
    """Say in lines what has no property: the title beside the label, the mode, what became of a plan."""
    lines = [
        facts.text(iri, "dcterms:title"),
        *(facts.label(mode) for mode in facts.iris(iri, "stdorg:mode")),
        *(facts.label(status) for status in facts.iris(iri, "stdorg:eventStatus")),
        *(f"Plan: {(facts.label(status) or '').lower()}" for status in facts.iris(iri, "stdorg:planStatus")),
    ]
    return "\n".join(line for line in lines if line)


def _status(facts: Facts, kind: str, iri: str) -> str:
    """Return CANCELLED for a plan that came to nothing, CONFIRMED for what was held, else TENTATIVE."""
    statuses = (*facts.iris(iri, "stdorg:planStatus"), *facts.iris(iri, "stdorg:eventStatus"))
    said = {facts.text(status, "skos:notation") for status in statuses}
    if said & _GIVEN_UP:
        return "CANCELLED"
    is_open = bool(said & _NOT_YET) or (kind == "stdorg:EventPlan" and facts.iri(iri, "stdorg:conductedAs") is None)
    return "TENTATIVE" if is_open else "CONFIRMED"


def _revisions(material: Material, iri: str) -> int:
    """Count what has changed: the steps of a plan, and the dates that some passage states and that do not hold."""
    stated = set()
    for name in ("schema:startDate", "schema:endDate"):
        for quad in material.store.quads(NamedNode(iri), NamedNode(expand(name))):
            stated.add((name, str(quad.object)))
    holding = sum(len(material.facts.terms(iri, name)) for name in ("schema:startDate", "schema:endDate"))
    return len(material.facts.subjects("stdorg:stepOf", iri)) + max(0, len(stated) - holding)


WRITERS = {"calendar.ics": write_calendar}
