"""One test for each of the 56 traps of the source, named after it: modelled, recorded as discrepancy or open question, or cleaned.

The number is that of the list of traps that the data's authors worked from; each test says what the trap is.
"""

from __future__ import annotations

import datetime

REPORT = "fg-qit4n/document/progress-report-2021-10"


ALL = range(1, 57)


def test_every_trap_has_a_test():
    tested = {int(name.split("_")[2]) for name in globals() if name.startswith("test_trap_")}
    assert tested == set(ALL)


def _questions_about(knowledge, thing: str) -> list[str]:
    return knowledge.column(
        f"""SELECT ?q WHERE {{ ?q a stdorg:OpenQuestion ; stdorg:about <{thing}> ; stdorg:question ?text ;
            stdorg:reason ?why }}"""
    )


# Document


def test_trap_01_report_has_no_date_number_or_author_of_its_own(knowledge):
    assert not knowledge.ask(f"ASK {{ <{REPORT}> dcterms:issued|dcterms:date|skos:notation|dcterms:creator ?x }}")
    assert _questions_about(knowledge, REPORT)


def test_trap_02_management_team_is_attested_in_december_2020_and_has_no_start_or_end(knowledge):
    rows = knowledge.select(
        """SELECT ?at ?from WHERE { ?r stdorg:in <fg-qit4n> ; stdorg:role ?role ; stdorg:attestedAt ?at
            OPTIONAL { ?r schema:startDate|schema:endDate ?from } }"""
    )
    assert rows == [("2020-12", "")] * 11
    assert _questions_about(knowledge, "fg-qit4n")


def test_trap_03_only_the_link_that_survived_is_stated_and_the_lost_ones_are_an_open_question(knowledge):
    links = "SELECT ?s ?o WHERE { ?s ?p ?o FILTER(?p IN (rdfs:seeAlso, foaf:page, schema:url)) }"
    assert knowledge.select(links) == [("fg-qit4n/webinar/2021-11-02", "http://itu.int/go/QIT-06")]
    assert "fg-qit4n/open-question/lost-hyperlinks" in _questions_about(knowledge, REPORT)


def test_trap_04_bookmark_artefacts_are_cleaned(knowledge):
    assert not knowledge.ask('ASK { GRAPH ?g { ?s ?p ?o } FILTER(isLiteral(?o) && REGEX(?o, "bookmark|_Hlk")) }')


def test_trap_05_both_spellings_of_the_group_find_it_and_abbreviations_are_not_guessed(knowledge):
    names = "SELECT ?s WHERE { ?s rdfs:label|skos:altLabel ?n FILTER(STR(?n) = %s) }"
    assert knowledge.column(names % '"FG QIT4N"') == knowledge.column(names % '"FG-QIT4N"') == ["fg-qit4n"]
    for thing, known in (("body/itu-t-tsag", {"TSAG", "ITU-T TSAG"}), ("organization/cict", {"CICT"})):
        assert set(knowledge.column(f"SELECT ?n WHERE {{ <{thing}> rdfs:label|skos:altLabel ?n }}")) == known
    assert _questions_about(knowledge, "organization/cict")
    short = {
        "body/irtf-qirg": "QIRG",
        "body/itu-t-fg-ai4ee": "AI4EE",
        "body/itu-t-fg-ml5g": "ML5G",
        "concept/subject/qin": "QIN",
    }
    for thing, letters in short.items():
        names = knowledge.column(f"SELECT ?n WHERE {{ <{thing}> rdfs:label|skos:altLabel ?n }}")
        assert all(letters in name for name in names)
        assert _questions_about(knowledge, thing) != []


# Time


def test_trap_06_lifetime_is_an_establishment_and_an_extension(knowledge):
    rows = knowledge.select(
        """SELECT ?type ?date ?until ?by ?ref WHERE { ?e stdorg:lifetimeOf <fg-qit4n> ;
            stdorg:lifetimeEventType ?type ; stdorg:statedDate ?date ;
            stdorg:lifetimeUntil ?until ; stdorg:decidedBy ?by
            OPTIONAL { ?e stdorg:reference/skos:notation ?ref } } ORDER BY ?date"""
    )
    assert rows == [
        ("concept/lifetime-event/establishment", "2019-09", "2020-12", "body/itu-t-tsag", ""),
        ("concept/lifetime-event/extension", "2020-09", "2021-12", "body/itu-t-tsag", "TSAG-R10"),
    ]


def test_trap_07_delivery_dates_stay_months(knowledge):
    rows = knowledge.select("SELECT ?due (DATATYPE(?due) AS ?type) WHERE { ?s stdorg:reportedDueDate ?due }")
    assert rows == [("2021-12", "http://www.w3.org/2001/XMLSchema#gYearMonth")] * 11
    last = "SELECT ?start ?end WHERE { ?p stdorg:final true ; schema:startDate ?start ; schema:endDate ?end }"
    assert knowledge.select(last) == [("2021-11-15", "2021-11-22")]
    assert (
        len(
            knowledge.column("SELECT ?d WHERE { <fg-qit4n/open-question/due-dates-and-final-meeting> stdorg:about ?d }")
        )
        == 12
    )


def _dates(knowledge, meeting: int) -> list[tuple[str, ...]]:
    return knowledge.select(
        f"SELECT ?start ?end WHERE {{ <fg-qit4n/meeting/{meeting}> schema:startDate ?start ; schema:endDate ?end }}"
    )


def _sessions(knowledge, meeting: int) -> list[tuple[str, ...]]:
    return knowledge.select(
        f"""SELECT ?n ?start ?end WHERE {{ <fg-qit4n/meeting/{meeting}> stdorg:hasSession ?s .
            ?s stdorg:ordinal ?n ; schema:startDate ?start ; schema:endDate ?end }} ORDER BY ?n"""
    )


def test_trap_08_meeting_2_has_the_conducted_days_and_its_planned_days_are_kept_as_overruled(knowledge):
    assert _dates(knowledge, 2) == [("2020-02-13", "2020-03-31")]
    assert _sessions(knowledge, 2) == [
        ("1", "2020-02-13", "2020-02-13"),
        ("2", "2020-02-17", "2020-02-20"),
        ("3", "2020-03-28", "2020-03-28"),
        ("4", "2020-03-31", "2020-03-31"),
    ]
    overruled = """SELECT ?start ?end WHERE { ?g a stdorg:OverruledGraph ; stdorg:table "Table 1"
        GRAPH ?g { <fg-qit4n/meeting/2> schema:startDate ?start ; schema:endDate ?end } }"""
    assert knowledge.select(overruled) == [("2020-02-18", "2020-02-20")]
    recorded = """SELECT ?p WHERE { ?d a stdorg:Discrepancy ; stdorg:about <fg-qit4n/meeting/2> ;
        stdorg:onProperty ?p } ORDER BY ?p"""
    assert knowledge.column(recorded) == ["https://schema.org/endDate", "https://schema.org/startDate"]


def test_trap_09_meeting_4_ends_on_3_july_and_only_its_last_day_is_overruled(knowledge):
    assert _dates(knowledge, 4) == [("2020-06-15", "2020-07-03")]
    assert _sessions(knowledge, 4) == [("1", "2020-06-15", "2020-06-26"), ("2", "2020-07-03", "2020-07-03")]
    overruled = """SELECT ?p ?o WHERE { ?g a stdorg:OverruledGraph ; stdorg:table "Table 1"
        GRAPH ?g { <fg-qit4n/meeting/4> ?p ?o } FILTER(isLiteral(?o)) }"""
    assert knowledge.select(overruled) == [("https://schema.org/endDate", "2020-06-26")]


def test_trap_10_the_two_weeks_of_all_later_meetings_are_weighed_for_meeting_4(knowledge):
    stated = dict(knowledge.select("SELECT ?n ?w WHERE { ?m stdorg:number ?n ; stdorg:weeks ?w }"))
    assert stated == {"3": "2", "4": "3", "5": "2", "6": "2", "7": "2", "8": "2", "9": "2"}
    for number, weeks in stated.items():
        ((start, end),) = _dates(knowledge, int(number))
        first, last = (datetime.date.fromisoformat(day).isocalendar().week for day in (start, end))
        assert last - first + 1 == int(weeks)
    overruled = "SELECT ?w WHERE { ?g a stdorg:OverruledGraph GRAPH ?g { <fg-qit4n/meeting/4> stdorg:weeks ?w } }"
    assert knowledge.column(overruled) == ["2"]
    assert knowledge.ask(
        "ASK { ?d stdorg:about <fg-qit4n/meeting/4> ; stdorg:onProperty stdorg:weeks ; stdorg:reason ?r }"
    )


def test_trap_11_the_etsi_joint_meeting_is_co_located_as_stated_though_it_precedes_meeting_4(knowledge):
    joint = "fg-qit4n/joint-meeting/2020-06-10"
    rows = knowledge.select(
        f"""SELECT ?day ?m ?start WHERE {{ <{joint}> a stdorg:JointMeeting ; schema:endDate ?day ;
            stdorg:coLocatedWith ?m . ?m schema:startDate ?start }}"""
    )
    assert rows == [("2020-06-10", "fg-qit4n/meeting/4", "2020-06-15")]
    assert _questions_about(knowledge, joint)


def test_trap_12_meeting_6_was_planned_for_a_country_and_a_month(knowledge):
    rows = knowledge.select(
        """SELECT ?place ?country ?date (DATATYPE(?date) AS ?type) ?start WHERE { ?p stdorg:planNumber 6 ; stdorg:place ?place ;
            stdorg:placeCountry ?country ; stdorg:statedDate ?date OPTIONAL { ?p schema:startDate ?start } }"""
    )
    assert rows == [("Japan", "country/jp", "2020-10", "http://www.w3.org/2001/XMLSchema#gYearMonth", "")]
    assert "fg-qit4n/open-question/japan-october-2020" in _questions_about(knowledge, "fg-qit4n/plan/meeting-6")


def test_trap_13_riyadh_was_planned_moved_online_postponed_reserved_and_given_up(knowledge):
    steps = knowledge.select(
        """SELECT ?n ?type WHERE { ?step a stdorg:PlanStep ; stdorg:ordinal ?n ; stdorg:stepType ?type ;
            stdorg:stepOf/stdorg:place "Riyadh"@en } GROUP BY ?n ?type ORDER BY ?n"""
    )
    assert [kind.removeprefix("concept/plan-step/") for _, kind in steps] == [
        "invitation-received", "accepted", "scheduled", "postponed", "reserved", "given-up",
    ]  # fmt: skip
    rows = knowledge.select(
        """SELECT ?p ?status ?event WHERE { ?p a stdorg:EventPlan ; stdorg:place "Riyadh"@en ; stdorg:planStatus ?status
            OPTIONAL { ?p stdorg:conductedAs ?event } } ORDER BY ?p"""
    )
    assert rows == [
        ("fg-qit4n/plan/meeting-2", "concept/plan-status/moved-online", "fg-qit4n/meeting/2"),
        ("fg-qit4n/plan/meeting-riyadh", "concept/plan-status/abandoned", ""),
    ]
    assert knowledge.ask("ASK { <fg-qit4n/plan/meeting-riyadh> stdorg:continuesPlan <fg-qit4n/plan/meeting-2> }")


def test_trap_14_planned_workshops_and_co_locations_were_not_conducted(knowledge):
    rows = knowledge.select(
        """SELECT ?p ?status WHERE { ?p stdorg:plannedKind ?kind ; stdorg:planStatus ?status
            FILTER(?kind IN (<concept/event-kind/workshop>, <concept/event-kind/co-location>))
            FILTER NOT EXISTS { ?p stdorg:conductedAs ?event } } ORDER BY ?p"""
    )
    assert [(p.removeprefix("fg-qit4n/plan/"), s.removeprefix("concept/plan-status/")) for p, s in rows] == [
        ("meeting-2/workshop", "not-conducted"),
        ("meeting-3/workshop", "not-conducted"),
        ("meeting-5/co-location", "unconfirmed"),
        ("meeting-5/workshop", "not-conducted"),
        ("meeting-6/co-location", "not-conducted"),
    ]
    assert not knowledge.ask("ASK { ?w a stdorg:Workshop }")


def test_trap_15_the_co_location_with_ieee_is_planned_and_unconfirmed(knowledge):
    plan = "fg-qit4n/plan/meeting-5/co-location"
    rows = knowledge.select(
        f"SELECT ?with ?status WHERE {{ <{plan}> stdorg:involves ?with ; stdorg:planStatus ?status }}"
    )
    assert rows == [("body/ieee", "concept/plan-status/unconfirmed")]
    assert _questions_about(knowledge, plan)


def test_trap_16_webinars_have_the_year_of_the_text(knowledge):
    rows = knowledge.select(
        "SELECT ?day ?row WHERE { ?g stdorg:table 'Table 3' ; stdorg:row ?row GRAPH ?g { ?w schema:startDate ?day } }"
    )
    assert len(rows) == 6
    for day, row in rows:
        date = datetime.date.fromisoformat(day)
        assert (f"{date.day} {date:%B}", date.year) == (row, 2021)
    assert knowledge.column("SELECT ?d WHERE { ?s a stdorg:EventSeries ; stdorg:since ?d }") == ["2021-03"]


def test_trap_17_plans_are_known_for_meetings_2_to_6_only(knowledge):
    assert knowledge.column("SELECT ?n WHERE { ?p stdorg:planNumber ?n } ORDER BY ?n") == ["2", "3", "4", "5", "6"]
    assert _questions_about(knowledge, "fg-qit4n/meeting/7")


def test_trap_17_numbers_of_table_2_agree_with_the_order_of_table_1(knowledge):
    numbered = """SELECT ?n WHERE { ?g stdorg:table "Table 2" ; stdorg:row ?row GRAPH ?g { ?m stdorg:number ?n }
        FILTER(STR(?n) = ?row) } ORDER BY ?n"""
    assert knowledge.column(numbered) == ["2", "3", "4", "5", "6"]
    by_start = knowledge.column(
        "SELECT ?n WHERE { ?m a stdorg:Meeting ; stdorg:number ?n ; schema:startDate ?s } ORDER BY ?s"
    )
    assert by_start == [str(n) for n in range(1, 10)]


def test_trap_18_one_hour_in_utc_is_two_local_times(knowledge):
    rows = knowledge.select(
        """SELECT ?start ?end ?text WHERE { ?a a stdorg:Arrangement ; stdorg:startTime ?start ; stdorg:endTime ?end ;
            stdorg:timeAsStated ?text } ORDER BY ?text"""
    )
    assert rows == [("13:00:00Z", "15:30:00Z", "14:00-16:30 CET"), ("13:00:00Z", "15:30:00Z", "15:00-17:30 CEST")]
    hours_east = {"CET": 1, "CEST": 2}
    for start, end, text in rows:
        span, zone = text.split()
        local = [f"{int(time[:2]) + hours_east[zone]:02}:{time[3:5]}" for time in (start, end)]
        assert "-".join(local) == span
    applies = "SELECT ?n WHERE { ?a stdorg:startTime ?start ; stdorg:appliesTo/stdorg:number ?n } ORDER BY ?n"
    assert knowledge.column(applies) == [str(n) for n in range(3, 10)]


# Counts


def test_trap_19_e_meeting_is_a_mode_and_no_host(knowledge):
    assert knowledge.select("SELECT ?m ?h WHERE { ?m a stdorg:Meeting ; stdorg:host ?h }") == [
        ("fg-qit4n/meeting/1", "organization/jiqt")
    ]
    assert not knowledge.ask(
        'ASK { ?o a stdorg:Organization ; rdfs:label|skos:altLabel ?l FILTER(CONTAINS(LCASE(?l), "meeting")) }'
    )
    online = (
        "SELECT ?n WHERE { ?m a stdorg:Meeting ; stdorg:mode <concept/mode/e-meeting> ; stdorg:number ?n } ORDER BY ?n"
    )
    assert knowledge.column(online) == [str(n) for n in range(2, 10)]


def test_trap_20_remote_split_is_stated_for_meeting_1_only_and_attendances_sum_to_702(knowledge):
    assert knowledge.select("SELECT ?n ?r WHERE { ?m stdorg:number ?n ; stdorg:remoteParticipants ?r }") == [
        ("1", "10")
    ]
    assert knowledge.column("SELECT (SUM(?n) AS ?total) WHERE { ?m a stdorg:Meeting ; stdorg:participants ?n }") == [
        "702"
    ]
    for code in ("participants", "remote-participants"):
        assert knowledge.ask(f"ASK {{ <concept/measure/{code}> stdorg:mayBeAdded false ; stdorg:reason ?why }}")


def test_trap_21_meeting_5_states_no_liaison_statements_which_is_not_zero(knowledge):
    absent = """SELECT ?n WHERE { ?m a stdorg:Meeting ; stdorg:number ?n
        FILTER NOT EXISTS { ?m stdorg:incomingLiaisonStatements ?x } }"""
    assert knowledge.column(absent) == ["5"]
    assert not knowledge.ask("ASK { ?m stdorg:incomingLiaisonStatements 0 }")
    assert _questions_about(knowledge, "fg-qit4n/meeting/5")


def test_trap_22_outputs_running_sum_equals_report_numbers(knowledge):
    rows = knowledge.select(
        """SELECT ?out ?code WHERE { ?m a stdorg:Meeting ; stdorg:number ?n ; stdorg:outputDocuments ?out ;
            stdorg:report/skos:notation ?code } ORDER BY ?n"""
    )
    sums = [sum(int(out) for out, _ in rows[: i + 1]) for i in range(len(rows))]
    assert sums == [6, 20, 33, 47, 63, 73, 86, 99, 113]
    assert [f"O-{n:03}" for n in sums] == [code for _, code in rows]


def test_trap_23_running_sums_of_inputs_do_not_fit_the_webinar_reports_which_is_open(knowledge):
    rows = knowledge.select(
        "SELECT ?n ?in WHERE { ?m a stdorg:Meeting ; stdorg:number ?n ; stdorg:inputDocuments ?in }"
    )
    sums = [sum(int(count) for number, count in rows if int(number) <= last) for last in (7, 8)]
    assert sums == [245, 267]
    late = """SELECT ?code WHERE { ?w a stdorg:Webinar ; stdorg:report/skos:notation ?code ; schema:startDate ?day .
        <fg-qit4n/meeting/8> schema:endDate ?end FILTER(?day > ?end) } ORDER BY ?code"""
    assert knowledge.column(late) == ["I-264", "I-265"]
    assert _questions_about(knowledge, "fg-qit4n/document/i-264") == ["fg-qit4n/open-question/input-document-numbers"]
    assert not knowledge.ask("ASK { ?d a stdorg:Discrepancy ; stdorg:about <fg-qit4n/document/i-264> }")


def test_trap_24_over_600_participants_is_of_the_series_and_viewers_are_not_to_be_added(knowledge):
    assert knowledge.select("SELECT ?s ?n WHERE { ?s stdorg:participantsMoreThan ?n }") == [
        ("fg-qit4n/webinar-series", "600")
    ]
    assert knowledge.column("SELECT (SUM(?n) AS ?total) WHERE { ?w stdorg:uniqueViewers ?n }") == ["1346"]
    for code in ("unique-viewers", "viewer-countries", "participants-more-than"):
        assert knowledge.ask(f"ASK {{ <concept/measure/{code}> stdorg:mayBeAdded false ; stdorg:reason ?why }}")
    assert "fg-qit4n/open-question/webinar-audience" in _questions_about(knowledge, "fg-qit4n/webinar-series")


def test_trap_25_report_numbers_are_as_stated_and_to_be_determined_is_absent(knowledge):
    rows = knowledge.select(
        """SELECT ?day ?report ?viewers ?countries WHERE { ?w a stdorg:Webinar ; schema:startDate ?day
            OPTIONAL { ?w stdorg:report/skos:notation ?report } OPTIONAL { ?w stdorg:uniqueViewers ?viewers }
            OPTIONAL { ?w stdorg:viewerCountries ?countries } } ORDER BY ?day"""
    )
    assert rows == [
        ("2021-03-23", "I-246", "438", "45"),
        ("2021-04-08", "I-251", "392", "57"),
        ("2021-04-28", "I-247", "226", "49"),
        ("2021-05-26", "I-264", "175", "31"),
        ("2021-06-23", "I-265", "115", "37"),
        ("2021-11-02", "", "", ""),
    ]
    assert _questions_about(knowledge, "fg-qit4n/document/i-247")


# Deliverables


def _title(knowledge, code: str) -> list[str]:
    return knowledge.column(
        f'SELECT ?t WHERE {{ ?d a stdorg:Deliverable ; skos:notation "{code}" ; dcterms:title ?t }}'
    )


def test_trap_26_there_are_eleven_deliverables_and_two_of_them_are_parts_of_d2_3(knowledge):
    codes = knowledge.column("SELECT ?c WHERE { ?d a stdorg:Deliverable ; skos:notation ?c } ORDER BY ?c")
    assert codes == ["D0.1", "D1.1", "D1.2", "D1.3", "D1.4", "D2.1", "D2.2", "D2.3.1", "D2.3.2", "D2.4", "D2.5"]
    table_5 = """SELECT ?code ?d WHERE { ?g stdorg:table "Table 5" GRAPH ?g { ?d a stdorg:Deliverable ; skos:notation ?code } }
        ORDER BY ?code ?d"""
    rows = knowledge.select(table_5)
    assert (len(rows), len({code for code, _ in rows})) == (11, 10)
    assert [d for code, d in rows if code == "D2.3"] == ["fg-qit4n/deliverable/d2.3.1", "fg-qit4n/deliverable/d2.3.2"]
    recorded = (
        "SELECT ?d WHERE { ?x a stdorg:Discrepancy ; stdorg:onProperty skos:notation ; stdorg:about ?d } ORDER BY ?d"
    )
    assert knowledge.column(recorded) == ["fg-qit4n/deliverable/d2.3.1", "fg-qit4n/deliverable/d2.3.2"]


def test_trap_27_titles_are_those_of_annex_a(knowledge):
    assert _title(knowledge, "D1.1") == ["QIT4N terminology part 1: Network aspects of QIT"]
    assert _title(knowledge, "D1.3") == ["Implications of quantum information technology on networks"]
    assert _title(knowledge, "D2.3.1") == ["QKDN protocols part I: Quantum layer"]
    rows = knowledge.select(
        """SELECT ?code ?annex ?table WHERE { ?d a stdorg:Deliverable ; skos:notation ?code .
            ?g stdorg:table "Annex A" GRAPH ?g { ?d dcterms:title ?annex }
            ?h stdorg:table "Table 5" GRAPH ?h { ?d dcterms:title ?table } }"""
    )
    assert len(rows) == 11
    different = {code for code, annex, table in rows if annex != table}
    assert different == {"D1.1", "D1.2", "D1.3", "D1.4", "D2.1", "D2.2", "D2.3.1", "D2.3.2", "D2.5"}
    recorded = "SELECT ?code WHERE { ?x a stdorg:Discrepancy ; stdorg:onProperty dcterms:title ; stdorg:about/skos:notation ?code }"
    assert set(knowledge.column(recorded)) == different
    for code, _, table in rows:
        assert knowledge.ask(f'ASK {{ ?d skos:notation "{code}" ; skos:altLabel|dcterms:title "{table}"@en }}')


def test_trap_28_d2_3_2_has_no_editors_and_is_an_open_question(knowledge):
    assert not knowledge.ask("ASK { ?r stdorg:in <fg-qit4n/deliverable/d2.3.2> }")
    assert _questions_about(knowledge, "fg-qit4n/deliverable/d2.3.2")


def test_trap_29_d0_1_has_no_progress_and_like_d2_2_no_chief_editor(knowledge):
    without = "SELECT ?d WHERE { ?s stdorg:reportsOn ?d FILTER NOT EXISTS { ?s stdorg:reportedProgress ?p } }"
    assert knowledge.column(without) == ["fg-qit4n/deliverable/d0.1"]
    led = """SELECT ?c WHERE { ?d a stdorg:Deliverable ; skos:notation ?c FILTER NOT EXISTS { ?r stdorg:in ?d ;
        stdorg:role <concept/role/chief-editor> } } ORDER BY ?c"""
    assert knowledge.column(led) == ["D0.1", "D2.2", "D2.3.2"]


def test_trap_30_leader_and_chief_editor_is_one_role_and_cv_qkd_is_not_spelled_out(knowledge):
    roles = (
        "SELECT DISTINCT ?role WHERE { ?r stdorg:in ?d ; stdorg:role ?role . ?d a stdorg:Deliverable } ORDER BY ?role"
    )
    assert knowledge.column(roles) == ["concept/role/chief-editor", "concept/role/co-editor"]
    (description,) = knowledge.column("SELECT ?t WHERE { <fg-qit4n/deliverable/d2.4> dcterms:description ?t }")
    assert "CV-QKD" in description
    assert "ontinuous" not in description
    assert "fg-qit4n/open-question/cv-qkd" in _questions_about(knowledge, "fg-qit4n/deliverable/d2.4")


def test_trap_31_the_order_of_study_groups_is_kept_and_all_is_a_concept(knowledge):
    rows = knowledge.select(
        """SELECT ?code ?group ?n WHERE { ?r stdorg:proposedFor/skos:notation ?code ; stdorg:recipient ?b ; stdorg:position ?n ;
            stdorg:recipientScope <concept/recipient-scope/named-group> . ?b skos:notation ?group } ORDER BY ?code ?n"""
    )
    found: dict[str, list[str]] = {}
    for code, group, position in rows:
        found.setdefault(code, []).append(group.removeprefix("SG"))
        assert position == str(len(found[code]))
    assert {code: ", ".join(groups) for code, groups in found.items()} == {
        "D1.1": "13, 17",
        "D1.2": "11, 13, 15, 17",
        "D1.3": "11, 13, 15",
        "D2.1": "13, 17",
        "D2.2": "13, 17, 15, 11",
        "D2.3.1": "17, 13, 11, 15",
        "D2.3.2": "11, 13, 17, 2",
        "D2.4": "15",
    }
    for_all = """SELECT ?code WHERE { ?r stdorg:recipientScope <concept/recipient-scope/all> .
        ?r stdorg:proposedFor/skos:notation ?code
        FILTER NOT EXISTS { ?r stdorg:recipient ?body } } ORDER BY ?code"""
    assert knowledge.column(for_all) == ["D0.1", "D1.4", "D2.5"]
    statuses = "SELECT DISTINCT ?s WHERE { ?r a stdorg:ProposedRecipient ; stdorg:proposalStatus ?s }"
    assert knowledge.column(statuses) == ["concept/proposal-status/preliminary"]
    for code in ("d0.1", "d2.2"):
        assert _questions_about(knowledge, f"fg-qit4n/deliverable/{code}")


def test_trap_32_deliverables_go_beyond_the_terms_of_reference(knowledge):
    focus = "SELECT ?s WHERE { <fg-qit4n> stdorg:focusesOutputOn ?s } ORDER BY ?s"
    assert knowledge.column(focus) == ["concept/subject/terminology", "concept/subject/use-cases"]
    beyond = """SELECT ?code WHERE { ?d a stdorg:Deliverable ; skos:notation ?code FILTER NOT EXISTS {
        ?d dcterms:subject ?s . <fg-qit4n> stdorg:focusesOutputOn ?s } } ORDER BY ?code"""
    assert knowledge.column(beyond) == ["D0.1", "D1.3", "D1.4", "D2.3.1", "D2.3.2", "D2.4", "D2.5"]
    for subject, codes in (("protocols", ["D2.3.1", "D2.3.2"]), ("transport", ["D2.4"])):
        about = f"""SELECT ?c WHERE {{ ?d a stdorg:Deliverable ; dcterms:subject <concept/subject/{subject}> ;
            skos:notation ?c }} ORDER BY ?c"""
        assert knowledge.column(about) == codes
    assert _questions_about(knowledge, "body/itu-t-tsag/document/tsag-td632r3")


def test_trap_33_progress_is_as_stated(knowledge):
    rows = knowledge.select(
        "SELECT ?c ?p WHERE { ?s stdorg:reportsOn/skos:notation ?c ; stdorg:reportedProgress ?p } ORDER BY ?c"
    )
    stated = {code: float(value) for code, value in rows}
    assert _questions_about(knowledge, "fg-qit4n/deliverable/d1.3")
    assert stated.pop("D1.3") == 50
    assert stated.pop("D1.4") == 75
    assert stated.pop("D2.2") == 85
    assert stated == {"D1.1": 95, "D1.2": 90, "D2.1": 95, "D2.3.1": 90, "D2.3.2": 90, "D2.4": 90, "D2.5": 90}


# Liaisons


def test_trap_34_ieee_is_one_liaison(knowledge):
    assert knowledge.column("SELECT ?l WHERE { ?l a stdorg:Liaison ; stdorg:liaisonWith <body/ieee> }") == [
        "fg-qit4n/liaison/ieee"
    ]
    reported = knowledge.column("SELECT ?b WHERE { <fg-qit4n> stdorg:reportedProgressTo ?b }")
    assert reported.count("body/ieee") == 1
    assert set(reported) == set(
        knowledge.column("SELECT ?b WHERE { ?l stdorg:liaisonOf <fg-qit4n> ; stdorg:liaisonWith ?b }")
    )


def test_trap_35_four_liaisons_have_no_officer_named(knowledge):
    without = """SELECT ?name WHERE { ?l a stdorg:Liaison ; stdorg:liaisonWith/rdfs:label ?name
        FILTER NOT EXISTS { ?r stdorg:forLiaison ?l } } ORDER BY ?name"""
    assert knowledge.column(without) == ["CEN-CENELEC FG QT", "ISO/IEC JTC 1/WG14", "ITU-T SG15", "ITU-T SG2"]
    for liaison in knowledge.column(
        "SELECT ?l WHERE { ?l a stdorg:Liaison FILTER NOT EXISTS { ?r stdorg:forLiaison ?l } }"
    ):
        assert _questions_about(knowledge, liaison)


def test_trap_36_the_officer_for_sc_27_belongs_to_the_liaison_with_its_wg3(knowledge):
    rows = knowledge.select(
        """SELECT ?l ?with ?in ?stated WHERE { ?r stdorg:agent <person/hao-qin> ; stdorg:forLiaison ?l ;
            stdorg:in ?in ; stdorg:bodyAsStated ?stated .
            ?l stdorg:liaisonWith ?with }"""
    )
    assert rows == [
        (
            "fg-qit4n/liaison/iso-iec-jtc-1-sc-27-wg-3",
            "body/iso-iec-jtc-1-sc-27-wg-3",
            "body/iso-iec-jtc-1-sc-27",
            "ISO/IEC JTC 1/SC 27",
        )
    ]
    assert knowledge.ask("ASK { ?d a stdorg:Discrepancy ; stdorg:about <fg-qit4n/liaison/iso-iec-jtc-1-sc-27-wg-3> }")
    joint = "fg-qit4n/joint-meeting/2020-04-21"
    assert knowledge.column(f"SELECT ?b WHERE {{ <{joint}> stdorg:involves ?b }} ORDER BY ?b") == [
        "body/iso-iec-jtc-1-sc-27-wg-3",
        "fg-qit4n",
    ]
    assert knowledge.ask(
        f"ASK {{ ?d a stdorg:Discrepancy ; stdorg:about <{joint}> ; stdorg:onProperty stdorg:involves }}"
    )


def test_trap_37_senders_without_a_relationship_have_no_liaison_and_no_statement_is_made_up(knowledge):
    assert len(knowledge.column("SELECT ?l WHERE { ?l a stdorg:Liaison }")) == 12
    assert not knowledge.ask('ASK { ?l a stdorg:Liaison ; rdfs:label ?n FILTER(REGEX(?n, "AI4EE|ML5G|WG ?4$|BSI")) }')
    assert not knowledge.ask('ASK { ?s a ?type FILTER(CONTAINS(STR(?type), "LiaisonStatement")) }')
    senders = set(knowledge.column("SELECT ?b WHERE { ?b stdorg:sentLiaisonStatementTo <fg-qit4n> }"))
    related = set(knowledge.column("SELECT ?b WHERE { ?l stdorg:liaisonWith ?b }"))
    assert len(senders) == 9
    strangers = {"body/iso-iec-jtc-1-sc-27-wg-4", "body/itu-t-fg-ai4ee", "body/itu-t-fg-ml5g"}
    assert senders - related == strangers
    assert related - senders == {
        f"body/{b}"
        for b in ("cen-cenelec-fg-qt", "iec-tc-86", "ieee", "ietf", "irtf", "iso-iec-jtc-1-wg-14", "itu-t-sg15")
    }
    for body in (*strangers, "body/bsi-quantum-technology-panel"):
        assert "fg-qit4n/open-question/contacts-without-liaison" in _questions_about(knowledge, body)


def test_trap_38_ietf_and_irtf_are_two_bodies_with_one_liaison_and_one_officer(knowledge):
    rows = knowledge.select(
        """SELECT ?l ?b ?p WHERE { ?l stdorg:liaisonWith ?b . ?r stdorg:forLiaison ?l ; stdorg:agent ?p ;
            stdorg:in ?b FILTER(?l = <fg-qit4n/liaison/ietf-irtf>) } ORDER BY ?b"""
    )
    assert rows == [("fg-qit4n/liaison/ietf-irtf", f"body/{body}", "person/fred-baker") for body in ("ietf", "irtf")]


def test_trap_39_every_spelling_of_a_body_finds_it(knowledge):
    spellings = {
        "body/iso-iec-jtc-1-sc-27-wg-3": [
            "ISO/IEC JTC 1/SC 27/WG3",
            "ISO/IEC JTC1/SC27/WG3",
            "ISO/IEC JTC1 SC27/WG3",
            "ISO/IEC JTC 1/SC 27 WG3",
        ],
        "body/iso-iec-jtc-1-sc-27": ["ISO/IEC JTC 1/SC 27", "ISO/IEC JTC1 SC27", "ISO/IEC JTC 1 SC 27"],
        "body/iec-tc-86": ["IEC TC 86", "IEC TC86"],
    }
    for body, names in spellings.items():
        for name in names:
            assert knowledge.column(f'SELECT ?b WHERE {{ ?b rdfs:label|skos:altLabel "{name}"@en }}') == [body]

    assert knowledge.select("SELECT ?p WHERE { ?p stdorg:host|stdorg:involves <body/irtf-qirg> } ORDER BY ?p") == [
        ("fg-qit4n/plan/meeting-6",),
        ("fg-qit4n/plan/meeting-6/co-location",),
    ]
    assert _questions_about(knowledge, "body/irtf-qirg")


def test_trap_40_the_garbled_name_of_a_panel_is_cleaned_and_kept(knowledge):
    panel = "body/bsi-quantum-technology-panel"
    names = f"SELECT ?l ?a WHERE {{ <{panel}> rdfs:label ?l ; skos:altLabel ?a ; stdorg:subBodyOf <body/bsi> }}"
    assert knowledge.select(names) == [("BSI Quantum Technology Panel", "BSI UK BSI Quantum Technology Panel")]
    assert knowledge.column(f"SELECT ?n WHERE {{ <{panel}> stdorg:presentedAt/stdorg:number ?n }}") == ["9"]
    assert "fg-qit4n/open-question/bsi-panel-name" in _questions_about(knowledge, panel)


def test_trap_41_three_names_find_the_ieee_chapter_and_are_kept_as_stated(knowledge):
    rows = knowledge.select(
        """SELECT ?day ?text WHERE { ?w a stdorg:Webinar ; schema:startDate ?day ; stdorg:bodyAsStated ?text
            FILTER(CONTAINS(?text, "IEEE")) } ORDER BY ?day"""
    )
    assert [day for day, _ in rows] == ["2021-03-23", "2021-04-28", "2021-06-23", "2021-11-02"]
    assert rows[-1][1] == "IEC and IEEE UK & Ireland Quantum group & Photonics Chapter"
    chapter = "body/ieee-uk-ireland-photonics-chapter"
    names = set(knowledge.column(f"SELECT ?n WHERE {{ <{chapter}> rdfs:label|skos:altLabel ?n }}"))
    assert names == {f"IEEE UK & Ireland {n}Chapter" for n in ("", "Photonics ", "Quantum group & Photonics ")}
    organized = f"SELECT ?day WHERE {{ ?w stdorg:coOrganizedWith <{chapter}> ; schema:startDate ?day }} ORDER BY ?day"
    assert knowledge.column(organized) == [day for day, _ in rows]
    assert _questions_about(knowledge, chapter) == ["fg-qit4n/open-question/ieee-chapter-names"]
    assert not knowledge.ask(f"ASK {{ <{chapter}> skos:exactMatch ?x }}")
    assert not knowledge.ask("ASK { ?w stdorg:coOrganizedWith <body/ieee> }")


# People


def test_trap_42_capitals_are_kept_as_stated_and_do_not_make_another_person(knowledge):
    capitals = """SELECT ?p ?n WHERE { ?r stdorg:agent ?p ; stdorg:nameAsStated ?n FILTER(REGEX(?n, " [A-Z]{2,}$")) }
        ORDER BY ?p"""
    assert [p.removeprefix("person/") for p, _ in knowledge.select(capitals)] == [
        "bernard-lee", "dong-hi-sim", "fred-baker", "hao-qin", "james-nagel", "kaoru-kenyoshi", "momtchil-peev", "zhangchao-ma",
    ]  # fmt: skip
    unknown = """SELECT ?n WHERE { ?r stdorg:agent ?p ; stdorg:nameAsStated ?n
        FILTER NOT EXISTS { ?p rdfs:label|skos:altLabel ?n } }"""
    assert knowledge.column(unknown) == []


def test_trap_43_people_who_share_a_family_name_stay_apart(knowledge):
    rows = knowledge.select(
        """SELECT ?family (GROUP_CONCAT(?given; SEPARATOR=" ") AS ?all) WHERE {
            SELECT ?family ?given WHERE { ?p foaf:familyName ?family ; foaf:givenName ?given }
            ORDER BY ?family ?given } GROUP BY ?family HAVING (COUNT(?given) > 1)"""
    )
    assert {family: set(given.split()) for family, given in rows} == {
        "Ma": {"Zhangchao", "Jiajun"},
        "Zhang": {"Qiang", "Meng"},
        "Li": {"Minghan", "Yalin"},
    }
    assert knowledge.column('SELECT ?p WHERE { ?p foaf:familyName ?f FILTER(?f IN ("Qin", "Qian")) } ORDER BY ?p') == [
        "person/hao-qin",
        "person/yi-qian",
    ]


def test_trap_44_an_initial_is_no_given_name_and_a_nickname_finds_its_bearer(knowledge):
    assert knowledge.column("SELECT ?p WHERE { ?p a stdorg:Person FILTER NOT EXISTS { ?p foaf:givenName ?g } }") == [
        "person/k-karunaratne"
    ]
    assert _questions_about(knowledge, "person/k-karunaratne")
    assert knowledge.column('SELECT ?p WHERE { ?p skos:altLabel "Hans Kim" }') == ["person/hyungsoo-kim"]


def test_trap_45_variants_of_an_affiliation_are_one_organization(knowledge):
    variants = {
        "organization/adva-optical-networking": {"ADVA Optical Networking", "Adva Optical Networking"},
        "organization/skt": {"SK Telecom (SKT)", "SK Telecom", "SKT"},
        "organization/quantumctek": {"QuantumCTek Co. Ltd.", "QuantumCTek"},
    }
    for organization, stated in variants.items():
        query = f"SELECT DISTINCT ?t WHERE {{ ?r stdorg:affiliation <{organization}> ; stdorg:affiliationAsStated ?t }}"
        assert set(knowledge.column(query)) == stated
    for name in ("United States of America", "USA"):
        assert knowledge.column(
            f'SELECT ?c WHERE {{ ?c a stdorg:Country ; rdfs:label|skos:altLabel "{name}"@en }}'
        ) == ["country/us"]
    assert knowledge.column(
        'SELECT ?c WHERE { ?c a stdorg:Country ; rdfs:label|skos:altLabel "Korea (Rep. of)"@en }'
    ) == ["country/kr"]


def test_trap_46_two_employers_are_two_and_an_unstated_country_is_absent(knowledge):
    employers = "SELECT ?o WHERE { ?r stdorg:agent <person/peng-huang> ; stdorg:affiliation ?o } ORDER BY ?o"
    assert knowledge.column(employers) == ["organization/shanghai-jiao-tong-university", "organization/xt-quantech"]
    without = (
        "SELECT ?o WHERE { ?r stdorg:affiliation ?o FILTER NOT EXISTS { ?r stdorg:affiliationCountry ?c } } ORDER BY ?o"
    )
    assert knowledge.column(without) == ["organization/china-telecom", "organization/china-unicom"]
    assert not knowledge.ask(
        "ASK { VALUES ?o { <organization/china-telecom> <organization/china-unicom> } ?o stdorg:country ?c }"
    )


def test_trap_47_the_two_huaweis_are_two_organizations_and_only_one_is_linked(knowledge):
    rows = knowledge.select(
        """SELECT ?o ?c (COUNT(DISTINCT ?m) AS ?n) WHERE { ?r stdorg:affiliation ?o ; stdorg:affiliationCountry ?c .
            ?o rdfs:label ?l FILTER(STRSTARTS(?l, "Huawei")) OPTIONAL { ?o skos:exactMatch ?m } }
            GROUP BY ?o ?c ORDER BY ?o"""
    )
    assert rows == [
        ("organization/huawei", "country/cn", "2"),
        ("organization/huawei-technologies-duesseldorf", "country/de", "0"),
    ]


def test_trap_48_wg0_is_chaired_by_the_co_chairmen_as_such_and_zhangchao_ma_is_no_vice_chairman(knowledge):
    rows = knowledge.select(
        """SELECT ?p ?other WHERE { ?r stdorg:in <fg-qit4n/wg0> ; stdorg:agent ?p ; stdorg:byVirtueOf ?other .
            ?other stdorg:in <fg-qit4n> ; stdorg:role <concept/role/co-chair> ; stdorg:agent ?p } ORDER BY ?p"""
    )
    assert [person for person, _ in rows] == ["person/alexey-borodin", "person/james-nagel", "person/qiang-zhang"]
    assert not knowledge.ask("ASK { ?r stdorg:agent <person/zhangchao-ma> ; stdorg:role <concept/role/vice-chair> }")


# More


def test_trap_49_the_group_was_established_in_september_2019(knowledge):
    established = (
        "SELECT ?d WHERE { ?e stdorg:lifetimeEventType <concept/lifetime-event/establishment> ; stdorg:statedDate ?d }"
    )
    assert knowledge.column(established) == ["2019-09"]
    invited = """SELECT ?d ?by WHERE { ?s stdorg:stepType <concept/plan-step/invitation-received> ; stdorg:statedDate ?d ;
        stdorg:stepBy ?by }"""
    assert knowledge.select(invited) == [("2019-12", "organization/citc")]
    assert _questions_about(knowledge, "fg-qit4n/plan-step/riyadh-invitation")


def test_trap_50_the_odd_days_of_meeting_2_are_noted_and_not_corrected(knowledge):
    assert datetime.date(2020, 3, 28).strftime("%A") == "Saturday"
    for session in (2, 3):
        assert _questions_about(knowledge, f"fg-qit4n/meeting/2/session/{session}")
    days = """SELECT ?workshop ?end WHERE { <fg-qit4n/plan/meeting-2/workshop> schema:startDate ?workshop .
        <fg-qit4n/plan/meeting-2> schema:endDate ?end }"""
    assert knowledge.select(days) == [_sessions(knowledge, 2)[1][1:]]


def test_trap_51_only_vice_chairmen_have_a_lower_bound_and_it_is_the_first_meeting(knowledge):
    rows = knowledge.select("SELECT DISTINCT ?role ?event WHERE { ?r stdorg:role ?role ; stdorg:heldSince ?event }")
    assert rows == [("concept/role/vice-chair", "fg-qit4n/meeting/1")]
    assert len(knowledge.column("SELECT ?r WHERE { ?r stdorg:heldSince ?e ; stdorg:appointedBy <fg-qit4n> }")) == 8
    assert not knowledge.ask("ASK { ?r stdorg:heldNotBefore ?day }")
    assert knowledge.column("SELECT ?d WHERE { <fg-qit4n/meeting/1> schema:startDate ?d }") == ["2019-12-09"]


def test_trap_52_which_webinar_replaced_which_workshop_is_open(knowledge):
    (question,) = knowledge.column(
        """SELECT ?q WHERE { ?q a stdorg:OpenQuestion ; stdorg:about <fg-qit4n/webinar-series> ,
            <fg-qit4n/plan/meeting-2/workshop> , <fg-qit4n/plan/meeting-3/workshop> , <fg-qit4n/plan/meeting-5/workshop> }"""
    )
    assert question == "fg-qit4n/open-question/workshops-and-webinars"
    assert not knowledge.ask("ASK { ?p stdorg:conductedAs ?w . ?w a stdorg:Webinar }")


def test_trap_53_announcement_and_remote_participation_hold_for_all_meetings(knowledge):
    arrangement = "fg-qit4n/arrangement/all-meetings"
    channels = f"SELECT ?c WHERE {{ <{arrangement}> stdorg:announcedBy/skos:notation ?c }} ORDER BY ?c"
    assert knowledge.column(channels) == ["circular", "e-mail-reflector", "website"]
    assert knowledge.ask(f"ASK {{ <{arrangement}> stdorg:remoteParticipationOffered true }}")
    left_out = f"""SELECT ?m WHERE {{ {{ ?m a stdorg:Meeting }} UNION {{ ?m stdorg:final true }}
        FILTER NOT EXISTS {{ <{arrangement}> stdorg:appliesTo ?m }} }}"""
    assert knowledge.column(left_out) == []


def test_trap_54_ten_deliverables_are_technical_reports_and_one_is_an_informative_report(knowledge):
    rows = knowledge.select(
        """SELECT ?kind (COUNT(?d) AS ?n) WHERE { ?d a stdorg:Deliverable ; stdorg:documentKind ?kind }
            GROUP BY ?kind ORDER BY ?kind"""
    )
    assert rows == [("concept/document-kind/informative-report", "1"), ("concept/document-kind/technical-report", "10")]
    drafts = """SELECT ?c WHERE { ?s a stdorg:StatusReport ; stdorg:reportsOn/skos:notation ?c ; dcterms:description ?text
        FILTER(CONTAINS(?text, "draft")) } ORDER BY ?c"""
    assert knowledge.column(drafts) == ["D2.3.1", "D2.3.2", "D2.5"]


def test_trap_55_honorifics_are_as_stated_and_stand_with_the_role_not_with_the_person(knowledge):
    ms = 'SELECT DISTINCT ?p WHERE { ?r stdorg:honorific "Ms" ; stdorg:agent ?p } ORDER BY ?p'
    assert knowledge.column(ms) == ["person/barbara-goldstein", "person/yan-jiang"]
    assert set(knowledge.column("SELECT DISTINCT ?h WHERE { ?r stdorg:honorific ?h }")) == {"Mr", "Ms"}
    assert not knowledge.ask("ASK { ?p a stdorg:Person ; stdorg:honorific|foaf:gender|schema:gender|foaf:title ?x }")


def test_trap_56_the_symposium_is_co_organized_and_not_in_the_list_of_joint_webinars(knowledge):
    listed = """SELECT ?day WHERE { GRAPH <https://w3id.org/qit4n/graph/progress-report-2021-10/collaboration/joint-webinars> {
        ?w a stdorg:Webinar ; schema:startDate ?day } } ORDER BY ?day"""
    assert knowledge.column(listed) == ["2021-03-23", "2021-04-08", "2021-04-28", "2021-06-23"]
    assert knowledge.ask("ASK { <fg-qit4n/webinar/2021-11-02> stdorg:coOrganizedWith <body/iec> }")
    assert _questions_about(knowledge, "fg-qit4n/webinar/2021-11-02")
    coded = "ASK { ?e a ?type ; skos:notation ?code FILTER(?type IN (stdorg:Webinar, stdorg:JointMeeting)) }"
    assert not knowledge.ask(coded)
    ordered = "SELECT ?day WHERE { ?w a stdorg:Webinar ; stdorg:ordinal ?n ; schema:startDate ?day } ORDER BY ?n"
    assert knowledge.column(ordered) == sorted(knowledge.column(ordered))
    assert knowledge.ask(
        "ASK { <fg-qit4n/webinar/2021-11-02> stdorg:ordinal 6 ; foaf:page <http://itu.int/go/QIT-06> }"
    )


def test_trap_56_no_meeting_has_number_10_and_the_last_one_is_called_final(knowledge):
    assert knowledge.column("SELECT ?p WHERE { ?p stdorg:final true }") == ["fg-qit4n/plan/meeting-final"]
    assert not knowledge.ask("ASK { <fg-qit4n/plan/meeting-final> stdorg:planNumber|stdorg:number ?n }")
    assert knowledge.column("SELECT (MAX(?n) AS ?last) WHERE { ?m a stdorg:Meeting ; stdorg:number ?n }") == ["9"]
