"""What the data state is what the source states: counts, people in their roles, meetings; strings exact, no sentence copied."""

from __future__ import annotations

import datetime
import re

import pytest

LEADERS = {
    ("fg-qit4n", "co-chair"): {
        "Alexey Borodin|rostelecom|ru",
        "James Nagel|l3harris-technologies|us",
        "Qiang Zhang|ustc|cn",
    },
    ("fg-qit4n", "vice-chair"): {
        "Fahad Alduraibi|citc|sa",
        "Helmut Griesser|adva-optical-networking|de",
        "Kaoru Kenyoshi|nict|jp",
        "Hyungsoo (Hans) Kim|kt|kr",
        "Junsen Lai|caict|cn",
        "Jiajun Ma|quantumctek|cn",
        "Momtchil Peev|huawei-technologies-duesseldorf|de",
        "Dong-Hi Sim|skt|kr",
    },
    ("fg-qit4n/wg0", "co-chair"): {"Alexey Borodin||", "James Nagel||", "Qiang Zhang||"},
    ("fg-qit4n/wg1", "chair"): {"Helmut Griesser|adva-optical-networking|de"},
    ("fg-qit4n/wg2", "chair"): {"Zhangchao Ma|cas-quantum-network|cn"},
}

EDITORS = {
    "D0.1": ([], ["Qiang Zhang|ustc|cn", "James Nagel|l3harris-technologies|us", "Barbara Goldstein|nist|us"]),
    "D1.1": (["Minghan Li|jiqt|cn"], []),
    "D1.2": (["Yuan Gu|zte|cn"], ["Meng Zhang|caict|cn"]),
    "D1.3": (["Fred Baker|isc|us"], ["Man-Hong Yung|huawei|cn", "Bo Lv|caict|cn", "Minghan Li|jiqt|cn"]),
    "D1.4": (["Barbara Goldstein|nist|us"], ["Bo Lv|caict|cn"]),
    "D2.1": (["K. Karunaratne|qubitekk|us"], ["Yan Jiang|quantumctek|cn"]),
    "D2.2": (
        [],
        [
            "Zhangchao Ma|cas-quantum-network|cn",
            "Dong-Hi Sim|skt|kr",
            "Terrill L. Frantz|harrisburg-university-of-science-and-technology|us",
        ],
    ),
    "D2.3.1": (
        ["Kaoru Kenyoshi|nict|jp"],
        [
            "Peng Huang|shanghai-jiao-tong-university xt-quantech|cn",
            "Hao Qin|nus|sg",
            "Hongyu Wu|quantumctek|cn",
            "Eldar Gayfutdinov|rostelecom|ru",
        ],
    ),
    "D2.3.2": ([], []),
    "D2.4": (
        ["Yalin Li|quantumctek|cn"],
        [
            "Ming Cheng|china-telecom|",
            "Junsen Lai|caict|cn",
            "Chunxu Zhao|china-unicom|",
            "Yingming Zhou|xt-quantech|cn",
            "Yi Qian|cict|cn",
        ],
    ),
    "D2.5": (["Junsen Lai|caict|cn"], ["Zhangchao Ma|cas-quantum-network|cn", "Yi Qian|cict|cn"]),
}

OFFICERS = {
    ("etsi-isg-qkd", "Momtchil Peev", "huawei-technologies-duesseldorf", "de"),
    ("ieee", "James Nagel", "l3harris-technologies", "us"),
    ("iec-tc-86", "Bernard Lee", "senko-advanced-components", "my"),
    ("ietf-irtf", "Fred Baker", "isc", "us"),
    ("iso-iec-jtc-1-sc-27-wg-3", "Hao Qin", "nus", "sg"),
    ("itu-t-sg11", "Kaoru Kenyoshi", "nict", "jp"),
    ("itu-t-sg13", "Zhangchao Ma", "cas-quantum-network", "cn"),
    ("itu-t-sg17", "Dong-Hi Sim", "skt", "kr"),
}

MEETINGS = [
    (1, "2019-12-09", "2019-12-10", 54, "5", 6, "O-006", 109, "10"),
    (2, "2020-02-13", "2020-03-31", 41, "4", 14, "O-020", 95, ""),
    (3, "2020-04-20", "2020-04-30", 46, "1", 13, "O-033", 82, ""),
    (4, "2020-06-15", "2020-07-03", 34, "2", 14, "O-047", 80, ""),
    (5, "2020-07-27", "2020-08-07", 30, "", 16, "O-063", 62, ""),
    (6, "2020-10-26", "2020-11-06", 22, "4", 10, "O-073", 49, ""),
    (7, "2021-01-25", "2021-02-05", 18, "1", 13, "O-086", 69, ""),
    (8, "2021-05-10", "2021-05-21", 22, "5", 13, "O-099", 83, ""),
    (9, "2021-08-09", "2021-08-20", 25, "3", 14, "O-113", 73, ""),
]


def test_counts_are_those_of_the_source(knowledge):
    counts = {
        "Person": 32,
        "Organization": 26,
        "Country": 9,
        "Meeting": 9,
        "Session": 6,
        "MeetingReport": 9,
        "EventPlan": 14,
        "PlanStep": 7,
        "Arrangement": 3,
        "JointMeeting": 2,
        "Webinar": 6,
        "EventSeries": 1,
        "ProposedRecipient": 27,
        "Exchange": 4,
        "Action": 8,
        "WorkItem": 3,
        "Chapter": 1,
        "NationalPanel": 1,
        "ResearchGroup": 1,
        "Deliverable": 11,
        "StatusReport": 11,
        "Liaison": 12,
        "RoleHeld": 55,
        "LifetimeEvent": 2,
    }
    for name, count in counts.items():
        rows = knowledge.column(f"SELECT (COUNT(DISTINCT ?s) AS ?n) WHERE {{ ?s a stdorg:{name} }}")
        assert rows == [str(count)], name


def _held(knowledge, place: str, role: str) -> set[str]:
    rows = knowledge.select(
        f"""SELECT ?name (GROUP_CONCAT(DISTINCT STRAFTER(STR(?o), "/organization/")) AS ?orgs)
                   (SAMPLE(STRAFTER(STR(?c), "/country/")) AS ?country) WHERE {{
            {{ SELECT ?held ?name ?o ?c WHERE {{
                ?held stdorg:in <{place}> ; stdorg:role <concept/role/{role}> ; stdorg:agent/rdfs:label ?name
                OPTIONAL {{ ?held stdorg:affiliation ?o }}
                OPTIONAL {{ ?held stdorg:affiliationCountry ?c }} }} ORDER BY ?o }} }}
            GROUP BY ?held ?name"""
    )
    return {f"{name}|{' '.join(sorted(orgs.split()))}|{country}" for name, orgs, country in rows}


@pytest.mark.parametrize(("place", "role"), sorted(LEADERS))
def test_leaders_are_those_stated(knowledge, place, role):
    assert _held(knowledge, place, role) == LEADERS[place, role]


@pytest.mark.parametrize("code", sorted(EDITORS))
def test_editors_are_those_stated(knowledge, code):
    chiefs, others = EDITORS[code]
    deliverable = f"fg-qit4n/deliverable/{code.lower()}"
    assert _held(knowledge, deliverable, "chief-editor") == set(chiefs)
    assert _held(knowledge, deliverable, "co-editor") == set(others)


def test_liaison_officers_are_those_stated(knowledge):
    rows = knowledge.select(
        """SELECT ?liaison ?name ?org ?country WHERE {
            ?held stdorg:role <concept/role/liaison-officer> ; stdorg:forLiaison ?liaison ;
            stdorg:agent/rdfs:label ?name ;
                stdorg:affiliation ?org ; stdorg:affiliationCountry ?country ; stdorg:represents <fg-qit4n> .
            ?liaison a stdorg:Liaison ; stdorg:liaisonOf <fg-qit4n> }"""
    )
    assert {tuple(value.rpartition("/")[2] for value in row) for row in rows} == OFFICERS


def test_liaison_officers_are_held_in_the_bodies_that_table_4_names(knowledge):
    rows = knowledge.select(
        """SELECT ?stated (GROUP_CONCAT(?label; SEPARATOR="/") AS ?in) WHERE { SELECT ?stated ?label WHERE {
            ?held stdorg:role <concept/role/liaison-officer> ; stdorg:bodyAsStated ?stated ; stdorg:in/rdfs:label ?label }
            ORDER BY ?label } GROUP BY ?stated"""
    )
    assert len(rows) == 8
    assert all(set(stated.split("/")) == set(bodies.split("/")) for stated, bodies in rows)


def test_working_groups_have_the_titles_stated(knowledge):
    rows = knowledge.select(
        """SELECT ?code ?title WHERE { ?g stdorg:workingGroupOf <fg-qit4n> ; skos:notation ?code ; dcterms:title ?title }
            ORDER BY ?code"""
    )
    assert rows == [
        ("WG0", "Coordination committee"),
        ("WG1", "Network aspects of QIT"),
        ("WG2", "Quantum key distribution networks (QKDN)"),
    ]


def test_meetings_are_those_stated(knowledge):
    rows = knowledge.select(
        """SELECT ?number ?start ?end ?in ?lsi ?out ?report ?people ?remote WHERE {
            ?m a stdorg:Meeting ; stdorg:meetingOf <fg-qit4n> ; stdorg:number ?number ;
            schema:startDate ?start ; schema:endDate ?end ;
                stdorg:inputDocuments ?in ; stdorg:outputDocuments ?out ; stdorg:participants ?people ;
                stdorg:report/skos:notation ?report ; stdorg:eventStatus <concept/event-status/held>
            OPTIONAL { ?m stdorg:incomingLiaisonStatements ?lsi }
            OPTIONAL { ?m stdorg:remoteParticipants ?remote } } ORDER BY ?number"""
    )
    assert rows == [tuple(str(value) for value in meeting) for meeting in MEETINGS]


def test_sessions_lie_within_their_meeting_and_reach_from_its_first_to_its_last_day(knowledge):
    rows = knowledge.select(
        """SELECT ?m ?start ?end (MIN(?s1) AS ?first) (MAX(?s2) AS ?last) WHERE {
            ?m stdorg:hasSession ?s ; schema:startDate ?start ; schema:endDate ?end .
            ?s schema:startDate ?s1 ; schema:endDate ?s2 }
            GROUP BY ?m ?start ?end"""
    )
    assert {row[0] for row in rows} == {"fg-qit4n/meeting/2", "fg-qit4n/meeting/4"}
    assert all((start, end) == (first, last) for _, start, end, first, last in rows)


def test_every_date_exists_and_no_event_ends_before_it_starts(knowledge):
    rows = knowledge.select(
        "SELECT ?start ?end WHERE { GRAPH ?g { ?e schema:startDate ?start ; schema:endDate ?end } }"
    )
    assert len(rows) == 46
    for start, end in rows:
        assert datetime.date.fromisoformat(start) <= datetime.date.fromisoformat(end)


# Against the source's text


def test_strings_as_stated_stand_in_the_source(knowledge, source_text):
    rows = knowledge.select(
        """SELECT DISTINCT ?p ?text WHERE { GRAPH ?g { ?s ?p ?text }
            FILTER(?p IN (stdorg:nameAsStated, stdorg:affiliationAsStated, stdorg:bodyAsStated, stdorg:place)
                || ?p IN (stdorg:timeAsStated, stdorg:dueAsStated, stdorg:actorAsStated)
                || ?p IN (stdorg:section, stdorg:heading, stdorg:fieldInTable, stdorg:table)
                || (?p = stdorg:column && STRSTARTS(?text, "E-meeting"))
                || (?p = stdorg:row && REGEX(STR(?g), "table-[345]")) ) }"""
    )
    assert len(rows) > 80
    for _, text in rows:
        parts = re.split(", (?=Meeting dates|Host organization|Co-located events)", text)
        assert all(part in source_text for part in parts) or text.startswith("("), text


def test_titles_are_exactly_those_of_the_source(knowledge, source_text):
    titles = knowledge.column("SELECT DISTINCT ?t WHERE { ?s dcterms:title ?t }")
    # deliverables, working groups, the group; webinars, planned and held events beside meetings, a forum, a work item and its parts
    assert len(titles) == 11 + 3 + 1 + 6 + 5 + 2 + 1 + 3
    for title in titles:
        assert title in source_text or title in source_text.replace("ITU-T Focus", "Focus"), title


def test_names_with_honorifics_stand_together_in_the_source(knowledge, source_text):
    for name, honorific in knowledge.select("SELECT ?n ?h WHERE { ?r stdorg:nameAsStated ?n ; stdorg:honorific ?h }"):
        assert f"{honorific} {name}" in source_text or f"{honorific}. {name}" in source_text, name


def _shingles(text: str, size: int = 8) -> set[tuple[str, ...]]:
    words = re.findall(r"[\w-]+", text.lower())
    return {tuple(words[i : i + size]) for i in range(len(words) - size + 1)}


def test_no_sentence_of_the_source_is_copied(knowledge, source_text):
    known = _shingles(source_text)
    rows = knowledge.select(
        """SELECT ?s ?text WHERE {
            VALUES ?p { dcterms:description stdorg:objective stdorg:reason stdorg:question skos:definition }
            ?s ?p ?text }"""
    )
    assert len(rows) > 30
    assert [(thing, " ".join(s)) for thing, text in rows for s in _shingles(text) & known] == []
