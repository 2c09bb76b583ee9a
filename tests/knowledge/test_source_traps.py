"""One test for each trap of the source that the data cover, named after it: modelled, recorded as open, or cleaned.

The number is that of the list of traps that the data's authors worked from; each test says what the trap is.
"""

from __future__ import annotations

import datetime

REPORT = "fg-qit4n/document/progress-report-2021-10"


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


def test_trap_03_no_link_is_made_up_for_the_lost_hyperlinks(knowledge):
    links = "SELECT ?s ?o WHERE { ?s ?p ?o FILTER(?p IN (rdfs:seeAlso, foaf:page, schema:url)) }"
    assert knowledge.select(links) == []


def test_trap_04_bookmark_artefacts_are_cleaned(knowledge):
    assert not knowledge.ask('ASK { GRAPH ?g { ?s ?p ?o } FILTER(isLiteral(?o) && REGEX(?o, "bookmark|_Hlk")) }')


def test_trap_05_both_spellings_of_the_group_find_it_and_abbreviations_are_not_guessed(knowledge):
    names = "SELECT ?s WHERE { ?s rdfs:label|skos:altLabel ?n FILTER(STR(?n) = %s) }"
    assert knowledge.column(names % '"FG QIT4N"') == knowledge.column(names % '"FG-QIT4N"') == ["fg-qit4n"]
    for thing, known in (("body/itu-t-tsag", {"TSAG", "ITU-T TSAG"}), ("organization/cict", {"CICT"})):
        assert set(knowledge.column(f"SELECT ?n WHERE {{ <{thing}> rdfs:label|skos:altLabel ?n }}")) == known
    assert _questions_about(knowledge, "organization/cict")


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
    overruled = """SELECT ?p ?o WHERE { ?g a stdorg:OverruledGraph GRAPH ?g { <fg-qit4n/meeting/4> ?p ?o }
        FILTER(isLiteral(?o)) }"""
    assert knowledge.select(overruled) == [("https://schema.org/endDate", "2020-06-26")]


def test_trap_10_the_two_weeks_of_all_later_meetings_are_weighed_for_meeting_4(knowledge):
    (reason,) = knowledge.column(
        "SELECT ?r WHERE { ?d a stdorg:Discrepancy ; stdorg:about <fg-qit4n/meeting/4> ; stdorg:reason ?r }"
    )
    assert "two weeks" in reason
    for number in (3, 5, 6, 7, 8, 9):
        ((start, end),) = _dates(knowledge, number)
        assert (datetime.date.fromisoformat(end) - datetime.date.fromisoformat(start)).days in (10, 11)


def test_trap_17_numbers_of_table_2_agree_with_the_order_of_table_1(knowledge):
    numbered = """SELECT ?n WHERE { ?g stdorg:table "Table 2" ; stdorg:row ?row GRAPH ?g { ?m stdorg:number ?n }
        FILTER(STR(?n) = ?row) } ORDER BY ?n"""
    assert knowledge.column(numbered) == ["2", "3", "4", "5", "6"]
    by_start = knowledge.column(
        "SELECT ?n WHERE { ?m a stdorg:Meeting ; stdorg:number ?n ; schema:startDate ?s } ORDER BY ?s"
    )
    assert by_start == [str(n) for n in range(1, 10)]


# Counts


def test_trap_19_e_meeting_is_a_mode_and_no_host(knowledge):
    assert knowledge.select("SELECT ?m ?h WHERE { ?m stdorg:host ?h }") == [("fg-qit4n/meeting/1", "organization/jiqt")]
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


# Deliverables


def _title(knowledge, code: str) -> list[str]:
    return knowledge.column(
        f'SELECT ?t WHERE {{ ?d a stdorg:Deliverable ; skos:notation "{code}" ; dcterms:title ?t }}'
    )


def test_trap_26_there_are_eleven_deliverables_and_two_of_them_are_parts_of_d2_3(knowledge):
    codes = knowledge.column("SELECT ?c WHERE { ?d a stdorg:Deliverable ; skos:notation ?c } ORDER BY ?c")
    assert codes == ["D0.1", "D1.1", "D1.2", "D1.3", "D1.4", "D2.1", "D2.2", "D2.3.1", "D2.3.2", "D2.4", "D2.5"]


def test_trap_27_titles_are_those_of_annex_a(knowledge):
    assert _title(knowledge, "D1.1") == ["QIT4N terminology part 1: Network aspects of QIT"]
    assert _title(knowledge, "D1.3") == ["Implications of quantum information technology on networks"]
    assert _title(knowledge, "D2.3.1") == ["QKDN protocols part I: Quantum layer"]
    stated_in = (
        "SELECT DISTINCT ?t WHERE { ?g stdorg:table ?t GRAPH ?g { ?d a stdorg:Deliverable ; dcterms:title ?title } }"
    )
    assert knowledge.column(stated_in) == ["Annex A"]


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
    assert len(_questions_about(knowledge, "fg-qit4n/deliverable/d2.4")) == 1


def test_trap_33_progress_is_as_stated(knowledge):
    rows = knowledge.select(
        "SELECT ?c ?p WHERE { ?s stdorg:reportsOn/skos:notation ?c ; stdorg:reportedProgress ?p } ORDER BY ?c"
    )
    stated = {code: float(value) for code, value in rows}
    assert stated.pop("D1.3") == 50
    assert stated.pop("D1.4") == 75
    assert stated.pop("D2.2") == 85
    assert stated == {"D1.1": 95, "D1.2": 90, "D2.1": 95, "D2.3.1": 90, "D2.3.2": 90, "D2.4": 90, "D2.5": 90}


# Liaisons


def test_trap_34_ieee_is_one_liaison(knowledge):
    assert knowledge.column("SELECT ?l WHERE { ?l a stdorg:Liaison ; stdorg:liaisonWith <body/ieee> }") == [
        "fg-qit4n/liaison/ieee"
    ]


def test_trap_35_four_liaisons_have_no_officer_named(knowledge):
    without = """SELECT ?name WHERE { ?l a stdorg:Liaison ; stdorg:liaisonWith/rdfs:label ?name
        FILTER NOT EXISTS { ?r stdorg:forLiaison ?l } } ORDER BY ?name"""
    assert knowledge.column(without) == ["CEN-CENELEC FG QT", "ISO/IEC JTC 1/WG14", "ITU-T SG15", "ITU-T SG2"]


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


def test_trap_37_senders_without_a_relationship_have_no_liaison_and_no_statement_is_made_up(knowledge):
    assert len(knowledge.column("SELECT ?l WHERE { ?l a stdorg:Liaison }")) == 12
    assert not knowledge.ask('ASK { ?l a stdorg:Liaison ; rdfs:label ?n FILTER(REGEX(?n, "AI4EE|ML5G|WG ?4$|BSI")) }')
    assert not knowledge.ask('ASK { ?s a ?type FILTER(CONTAINS(STR(?type), "LiaisonStatement")) }')


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
        """SELECT ?o ?c (COUNT(?m) AS ?n) WHERE { ?o a stdorg:Organization ; stdorg:country ?c ;
            rdfs:label ?l FILTER(STRSTARTS(?l, "Huawei")) OPTIONAL { ?o skos:exactMatch ?m } }
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


def test_trap_50_the_odd_days_of_meeting_2_are_noted_and_not_corrected(knowledge):
    assert datetime.date(2020, 3, 28).strftime("%A") == "Saturday"
    for session in (2, 3):
        assert _questions_about(knowledge, f"fg-qit4n/meeting/2/session/{session}")


def test_trap_51_only_vice_chairmen_have_a_lower_bound_and_it_is_the_first_meeting(knowledge):
    rows = knowledge.select("SELECT DISTINCT ?role ?from WHERE { ?r stdorg:role ?role ; stdorg:heldNotBefore ?from }")
    assert rows == [("concept/role/vice-chair", "2019-12-09")]
    assert (
        len(knowledge.column("SELECT ?r WHERE { ?r stdorg:heldNotBefore ?from ; stdorg:appointedBy <fg-qit4n> }")) == 8
    )
    assert knowledge.column("SELECT ?d WHERE { <fg-qit4n/meeting/1> schema:startDate ?d }") == ["2019-12-09"]


def test_trap_54_ten_deliverables_are_technical_reports_and_one_is_an_informative_report(knowledge):
    rows = knowledge.select(
        """SELECT ?kind (COUNT(?d) AS ?n) WHERE { ?d a stdorg:Deliverable ; stdorg:documentKind ?kind }
            GROUP BY ?kind ORDER BY ?kind"""
    )
    assert rows == [("concept/document-kind/informative-report", "1"), ("concept/document-kind/technical-report", "10")]


def test_trap_55_honorifics_are_as_stated_and_stand_with_the_role_not_with_the_person(knowledge):
    ms = 'SELECT DISTINCT ?p WHERE { ?r stdorg:honorific "Ms" ; stdorg:agent ?p } ORDER BY ?p'
    assert knowledge.column(ms) == ["person/barbara-goldstein", "person/yan-jiang"]
    assert set(knowledge.column("SELECT DISTINCT ?h WHERE { ?r stdorg:honorific ?h }")) == {"Mr", "Ms"}
    assert not knowledge.ask("ASK { ?p a stdorg:Person ; stdorg:honorific|foaf:gender|schema:gender|foaf:title ?x }")


def test_trap_56_no_meeting_has_number_10(knowledge):
    assert knowledge.column("SELECT (MAX(?n) AS ?last) WHERE { ?m a stdorg:Meeting ; stdorg:number ?n }") == ["9"]
