"""`/contribute/new`, `/contribute/edit` and what their forms ask: identifiers, values, checks, the way back from signing in."""

import json
import re
from urllib.parse import quote

import pytest

ID = "https://w3id.org/qit4n/id/"
STDORG = "https://w3id.org/stdorg/ns#"
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
HTML = {"Accept": "text/html"}
JSON = {"Accept": "application/json"}


@pytest.fixture
def kept(contributing):
    app, tokens = contributing
    return app, tokens["ana"]


@pytest.fixture
def client(kept):
    return kept[0].test_client()


def form(client, path):
    answer = client.get(path, headers=JSON)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_the_classes_that_there_are_forms_for_are_listed(client):
    found = {one["name"]: one["count"] for one in form(client, "/contribute/new")}
    assert found["Person"] > 20
    assert not {"Agent", "NamedGraph", "SourcePassage", "ConceptScheme", "Role"} & found.keys()
    page = client.get("/contribute/new", headers=HTML).text
    assert 'href="/contribute/new?class=Meeting"' in page


def test_a_form_holds_what_is_asserted_with_where_it_stands_and_nothing_that_follows(kept, client):
    told = form(client, "/contribute/edit?id=fg-qit4n/meeting/1")
    assert told["thing"] == f"{ID}fg-qit4n/meeting/1"
    stated = {one["predicate"]: one for one in told["statements"]}
    assert stated[f"{STDORG}participants"]["sources"] == [{"label": "Table 1, column 1", "document": True}]
    assert stated[LABEL]["sources"][0]["document"] is False
    assert f"{STDORG}notBefore" not in stated
    assert told["generation"] == kept[0].extensions["knowledge_graph"].generation.number


def test_the_page_holds_the_same_and_leads_to_the_spreadsheet_without_javascript(client):
    page = client.get("/contribute/edit?id=person/kaoru-kenyoshi", headers=HTML)
    assert page.headers["Cache-Control"] == "no-store"
    inside = re.search(r'<script type="application/json" id="entity-data">(.*?)</script>', page.text, re.S)
    told = json.loads(inside[1])
    assert told["label"] == "Kaoru Kenyoshi"
    assert told["mayContribute"] is False
    assert '<div id="entity-without" class="notice">' in page.text
    assert "/contribute/sheets/Person.xlsx" in page.text
    assert 'href="/sign-in?next=/contribute/edit%3Fid%3Dperson/kaoru-kenyoshi"' in page.text


def test_a_persons_form_leads_to_the_forms_of_their_roles_where_the_affiliation_stands(client):
    page = client.get("/contribute/edit?id=person/bernard-lee", headers=HTML).text
    role = f"{ID}fg-qit4n/liaison/iec-tc-86/role/liaison-officer/bernard-lee"
    assert (
        f'<li><a href="/contribute/edit?id={quote(role)}"><bdi>Bernard Lee, liaison officer to IEC TC 86</bdi></a></li>'
        in page
    )
    assert page.count('<li><a href="/contribute/edit?id=') == 1  # what only follows by rules is not corrected anywhere
    assert "Not here?" not in client.get("/contribute/new?class=Person", headers=HTML).text


def test_of_very_many_things_that_lead_to_one_some_are_listed_and_the_rest_are_a_link_away(client):
    page = client.get("/contribute/edit?id=fg-qit4n", headers=HTML).text
    assert page.count('<li><a href="/contribute/edit?id=') == 40
    assert 'href="/links/fg-qit4n">All of them</a>' in page


def test_every_page_of_a_thing_leads_to_its_form(client):
    page = client.get("/doc/person/kaoru-kenyoshi", headers=HTML).text
    assert 'href="/contribute/edit?id=https%3A//w3id.org/qit4n/id/person/kaoru-kenyoshi"' in page


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/contribute/new?class=Nothing", 404),
        ("/contribute/new?class=NamedGraph", 404),
        ("/contribute/edit?id=person/nobody", 404),
        ("/contribute/edit", 400),
        ("/contribute/edit?id=../x", 400),
        ("/contribute/edit?id=%22%3E%3Cscript%3E", 400),
        ("/contribute/edit?id=" + "x" * 2000, 400),
        ("/contribute/identifier?id=a//b", 400),
    ],
)
def test_what_there_is_no_form_for_is_said_so(client, path, status):
    answer = client.get(path, headers=JSON)
    assert answer.status_code == status
    assert answer.json["detail"]


def test_an_identifier_is_made_by_the_pattern_and_told_to_be_free_or_whose_it_is(client):
    pattern = f"person/{{{LABEL}}}"
    free = client.get("/contribute/identifier", query_string={"pattern": pattern, "value": f"{LABEL} Ada Byron"}).json
    assert free == {"id": "person/ada-byron", "iri": f"{ID}person/ada-byron", "taken": False, "label": None}
    taken = client.get("/contribute/identifier?id=person/kaoru-kenyoshi").json
    assert taken["taken"] is True
    assert taken["label"] == "Kaoru Kenyoshi"
    assert client.get("/contribute/identifier", query_string={"pattern": pattern}).json == {"id": None}


@pytest.mark.parametrize("text", ["kenyosi", "Kaoru Kenyoshi", "person/kaoru-kenyoshi", f"{ID}person/kaoru-kenyoshi"])
def test_values_are_found_by_name_and_by_identifier_among_their_class(client, text):
    found = client.get("/contribute/values", query_string={"class": f"{STDORG}Person", "q": text}).json
    assert found[0] == {"iri": f"{ID}person/kaoru-kenyoshi", "label": "Kaoru Kenyoshi"}
    none = client.get("/contribute/values", query_string={"class": f"{STDORG}Country", "q": text}).json
    assert none == []


def test_values_of_nonsense_are_none(client):
    for text in ("", "\x00", "<>", "a" * 5000, "/", "//"):
        answer = client.get("/contribute/values", query_string={"class": f"{STDORG}Person", "q": text})
        assert answer.json == []


# --- checking without sending


def change(**members):
    return {"adds": "", "retracts": "", **members}


def test_a_contribution_is_judged_as_if_merged_and_not_kept(kept, client):
    holder = {**JSON, "Authorization": f"Bearer {kept[1]}"}
    before = client.get("/contributions", headers=holder).json["total"]
    kaoru = f"<{ID}person/kaoru-kenyoshi> <{LABEL}>"
    alone = client.post("/validate", json=change(adds=f'{kaoru} "Kaoru Kenyoshi Ph.D." .'))
    assert alone.status_code == 200
    assert [one["path"] for one in alone.json["results"]] == ["rdfs:label"]
    replaced = client.post(
        "/validate", json=change(adds=f'{kaoru} "Kaoru Kenyoshi Ph.D." .', retracts=f'{kaoru} "Kaoru Kenyoshi" .')
    )
    assert replaced.json["conforms"] is True
    assert client.get("/contributions", headers=holder).json["total"] == before


def test_checking_a_new_person_warns_of_one_with_nearly_the_same_name(client):
    new = f'<{ID}person/x> a <{STDORG}Person> ; <{LABEL}> "Kenyoshi Kaoru" .'
    told = client.post("/validate", json=change(adds=new)).json
    assert told["conforms"] is True
    assert "is this the same one?" in told["results"][0]["message"]


def test_checking_an_overruled_value_sees_only_the_one_that_counts(client):
    meeting = f"<{ID}fg-qit4n/meeting/1> <{STDORG}participants>"
    overruled = [{"statement": f"{meeting} 109 .", "reason": "…"}]
    told = client.post("/validate", json=change(adds=f"{meeting} 110 .", overrules=overruled)).json
    assert told["results"] == []


@pytest.mark.parametrize("body", ["[]", "{", '{"adds": 1}', '{"adds": "nonsense"}', "{}"])
def test_a_check_of_what_is_no_contribution_is_a_problem(client, body):
    answer = client.post("/validate", data=body, content_type="application/json")
    assert answer.status_code in (400, 422)
    assert answer.content_type == "application/problem+json"


# --- signing in on the way


def sign_in(client, token, wanted):
    page = client.get("/sign-in", query_string={"next": wanted} if wanted else {})
    csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)[1]
    given = re.search(r'name="next" value="([^"]*)"', page.text)
    return client.post("/sign-in", data={"csrf": csrf, "token": token, "next": given[1] if given else wanted})


def test_signing_in_leads_back_to_the_form(kept, client):
    answer = sign_in(client, kept[1], "/contribute/edit?id=person/kaoru-kenyoshi")
    assert answer.headers["Location"] == "/contribute/edit?id=person/kaoru-kenyoshi"
    page = client.get("/contribute/edit?id=person/kaoru-kenyoshi", headers=HTML).text
    assert '"mayContribute": true' in page


@pytest.mark.parametrize(
    "wanted",
    [
        "",
        "https://example.org/",
        "//example.org/contribute",
        "/\\example.org",
        "/contribute\r\nX: y",
        "/update",
        "/contributehttps://example.org",
    ],
)
def test_signing_in_leads_to_no_other_place(kept, client, wanted):
    answer = sign_in(client, kept[1], wanted)
    assert answer.headers["Location"] == "/sign-in"


def test_a_forms_contribution_is_taken_like_any_other_and_only_with_the_form_token(kept, client):
    sign_in(client, kept[1], "")
    page = client.get("/contribute/edit?id=person/kaoru-kenyoshi", headers=HTML).text
    csrf = json.loads(re.search(r'id="entity-data">(.*?)</script>', page, re.S)[1])["csrf"]
    kaoru = f"<{ID}person/kaoru-kenyoshi> <{LABEL}>"
    body = change(
        message="As he writes it",
        licence="CC-BY-4.0",
        generation=kept[0].extensions["knowledge_graph"].generation.number,
        adds=f'{kaoru} "Kaoru KENYOSHI" .',
        retracts=f'{kaoru} "Kaoru Kenyoshi" .',
    )
    assert client.post("/contributions", json=body, headers=JSON).status_code == 403
    answer = client.post("/contributions", json=body, headers={**JSON, "X-CSRF-Token": csrf})
    assert answer.status_code == 201, answer.text
    assert answer.json["differences"][0]["sentence"].endswith("“Kaoru Kenyoshi” → “Kaoru KENYOSHI”, changed")
