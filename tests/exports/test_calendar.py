"""Guards the calendar: another library reads back the same days, plans that came to nothing are cancelled, no day is made up."""

from __future__ import annotations

import datetime

import pytest
import vobject
from hypothesis import given, settings
from icalendar import Calendar
from pyoxigraph import Literal

from exports.conftest import made, material_of
from exports.worlds import TEXTS, filled, iri, of_text, quads, typed
from qit4n_kg.exports.deliverables import clean
from qit4n_kg.exports.loss import report_loss
from qit4n_kg.store.oxigraph import OxigraphStore

EVENTS = """PREFIX stdorg: <https://w3id.org/stdorg/ns#> PREFIX schema: <https://schema.org/>
  SELECT DISTINCT ?event ?start ?end { VALUES ?kind { stdorg:Meeting stdorg:Session stdorg:Webinar stdorg:Workshop
    stdorg:JointMeeting stdorg:EventPlan } ?event a ?kind ; schema:startDate ?start ; schema:endDate ?end }"""


def events(content: bytes) -> dict[str, object]:
    """Events by UID, read by vobject."""
    calendar = vobject.readOne(content.decode())
    return {event.uid.value: event for event in calendar.vevent_list}


def statuses(content: bytes) -> dict[str, str]:
    return {uid.partition("/id/")[2]: event.status.value for uid, event in events(content).items()}


def test_the_same_days_come_back(export, graph_store):
    found = events(export("calendar.ics"))
    stated = [[term.value for term in row] for row in graph_store.query(EVENTS)]
    assert len(stated) == len(found) > 25
    for uid, start, end in stated:
        assert found[uid].dtstart.value == datetime.date.fromisoformat(start)
        assert found[uid].dtend.value - datetime.timedelta(days=1) == datetime.date.fromisoformat(end)


def test_icalendar_reads_it_without_an_error(export):
    calendar = Calendar.from_ical(export("calendar.ics"))
    assert not calendar.errors
    assert len(calendar.walk("VEVENT")) == len(events(export("calendar.ics")))
    for event in calendar.walk("VEVENT"):
        assert not event.errors
        assert {"UID", "DTSTAMP", "DTSTART", "SUMMARY", "SEQUENCE", "STATUS"} <= event.keys()


def test_lines_are_folded_at_75_bytes_and_end_in_crlf(export):
    content = export("calendar.ics")
    assert content.endswith(b"END:VCALENDAR\r\n")
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    assert content.count(b"\n") == content.count(b"\r\n")


def test_a_plan_that_came_to_nothing_is_cancelled(export):
    found = statuses(export("calendar.ics"))
    assert found["fg-qit4n/plan/meeting-3"] == "CANCELLED"
    assert found["fg-qit4n/plan/meeting-final"] == "TENTATIVE"
    assert found["fg-qit4n/meeting/3"] == "CONFIRMED"


def test_a_webinar_that_is_only_planned_is_tentative(export):
    found = statuses(export("calendar.ics"))
    assert found["fg-qit4n/webinar/2021-03-23"] == "CONFIRMED"
    assert found["fg-qit4n/webinar/2021-11-02"] == "TENTATIVE"


def test_a_session_belongs_to_its_meeting_and_a_plan_to_what_was_held(export):
    found = events(export("calendar.ics"))
    session = found[iri("id:fg-qit4n/meeting/2/session/1")]
    assert (session.related_to.value, session.related_to.params["RELTYPE"]) == (
        iri("id:fg-qit4n/meeting/2"),
        ["PARENT"],
    )
    plan = found[iri("id:fg-qit4n/plan/meeting-3")]
    assert (plan.related_to.value, plan.related_to.params["RELTYPE"]) == (iri("id:fg-qit4n/meeting/3"), ["SIBLING"])


def test_what_has_no_exact_day_is_left_out_and_told(export, graph_store):
    report = report_loss(material_of(graph_store, "calendar.ics"))
    away = {one.iri: one.reason for one in report.left_out}
    assert away[iri("id:fg-qit4n/plan/meeting-riyadh")] == "no exact first day is stated"
    assert not away.keys() & events(export("calendar.ics")).keys()


def test_overruled_dates_and_steps_make_the_sequence_higher(export):
    found = {
        uid.partition("/id/")[2]: int(event.sequence.value) for uid, event in events(export("calendar.ics")).items()
    }
    assert found["fg-qit4n/meeting/1"] == 0
    assert found["fg-qit4n/meeting/4"] == 1
    assert found["fg-qit4n/plan/meeting-3"] == 1


@pytest.mark.parametrize(
    ("days", "reason"),
    [
        ({"schema:startDate": typed("2031-02-03", "date")}, "no exact last day is stated"),
        ({"stdorg:statedDate": typed("2031-02", "gYearMonth")}, "no exact first day is stated"),
        (
            {"schema:startDate": typed("2031-02-03", "date"), "schema:endDate": typed("2031-02-01", "date")},
            "it ends before it begins",
        ),
        (
            {"schema:startDate": [typed("2031-02-03", "date"), typed("2031-02-04", "date")]},
            "more than one first day is stated",
        ),
        (
            {"schema:startDate": Literal("soon"), "schema:endDate": typed("2031-02-01", "date")},
            "its first day is 'soon', which is no day",
        ),
    ],
    ids=["no-end", "month", "backwards", "two-starts", "no-date"],
)
def test_no_day_is_made_up(days, reason):
    store = filled(
        OxigraphStore.in_memory(), quads({"id:m": {"rdf:type": "stdorg:Meeting", "rdfs:label": "M", **days}})
    )
    material = material_of(store, "calendar.ics")
    assert [one.reason for one in report_loss(material).left_out] == [reason]
    assert b"VEVENT" not in made(store, "calendar.ics")


def test_a_spoiled_copy_is_refused(export):
    content = export("calendar.ics").decode()
    with pytest.raises(vobject.base.ParseError):
        events(content.replace("END:VEVENT\r\n", "", 1).encode())
    with pytest.raises((ValueError, vobject.base.ParseError)):
        assert events(content.replace("DTSTART;VALUE=DATE:20191209", "DTSTART;VALUE=DATE:2019-12", 1).encode())[
            iri("id:fg-qit4n/meeting/1")
        ].dtstart.value


def test_the_second_body_is_in_it(second_store):
    found = statuses(made(second_store, "calendar.ics"))
    assert found["fg-exq/plan/meeting-final"] == "TENTATIVE"
    assert found["fg-exq/meeting/2"] == "CONFIRMED"
    assert "fg-exq/plan/meeting-2" not in found


@settings(max_examples=25, deadline=None)
@given(TEXTS)
def test_any_text_comes_back(text):
    content = made(of_text(text), "calendar.ics")
    (event,) = Calendar.from_ical(content).walk("VEVENT")
    assert str(event["SUMMARY"]) == clean(text)
    assert str(event["LOCATION"]) == clean(text)
    (other,) = events(content).values()
    assert other.status.value == "CONFIRMED"
