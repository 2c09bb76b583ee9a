"""`/contribute` and `/contributions` on the shipped graph: forms and API, who may what, If-Match, what is shown to whom."""

import json
import re
from xml.etree import ElementTree

import pytest

from qit4n_kg.web import rates
from qit4n_kg.web.rates import Rate

PREFIXES = (
    "@base <https://w3id.org/qit4n/id/> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . "
    "@prefix stdorg: <https://w3id.org/stdorg/ns#> ."
)
HTML = {"Accept": "text/html"}


@pytest.fixture
def kept(contributing):
    return contributing


@pytest.fixture
def client(kept):
    return kept[0].test_client()


@pytest.fixture
def call(client, kept):
    def send(method, path, who=None, **options):
        headers = dict(options.pop("headers", {}))
        if who:
            headers["Authorization"] = f"Bearer {kept[1][who]}"
        return client.open(path, method=method, headers=headers, **options)

    return send


def person(name):
    return f'{PREFIXES} <person/{name}> a stdorg:Person ; rdfs:label "{name}" .'


def submission(name, **more):
    return {"message": f"Add {name}", "licence": "CC-BY-4.0", "adds": person(name), **more}


@pytest.fixture
def submit(call):
    def send(name, **more):
        answer = call("POST", "/contributions", "ana", json=submission(name, **more))
        assert answer.status_code == 201, answer.text
        return answer.json["id"]

    return send


def sign_in(client, token):
    page = client.get("/sign-in").text
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)[1]
    assert client.post("/sign-in", data={"csrf": csrf, "token": token}).status_code == 303


def csrf_of(page):
    return re.search(r'name="csrf" value="([^"]+)"', page)[1]


def test_a_contribution_goes_from_the_form_to_the_graph_without_a_script(client, kept):
    app, tokens = kept
    sign_in(client, tokens["ana"])
    fields = {"message": "From the form", "licence": "CC-BY-4.0", "adds": person("by-form"), "evidence": "I was there"}
    sent = client.post("/contribute", data={**fields, "csrf": csrf_of(client.get("/contribute").text)}, headers=HTML)
    assert sent.status_code == 303, sent.text
    reviewer = app.test_client()
    sign_in(reviewer, tokens["ben"])
    page = reviewer.get(sent.headers["Location"], headers=HTML).text
    assert "by-form" in page
    assert "Nothing to remark." in page
    seen = re.search(r'name="seen" value="([^"]+)"', page)[1]
    fields = {"csrf": csrf_of(page), "seen": seen, "note": "Fine"}
    done = reviewer.post(f"{sent.headers['Location']}/accept", data=fields, headers=HTML)
    assert done.status_code == 303, done.text
    assert "accepted" in reviewer.get(done.headers["Location"], headers=HTML).text
    assert reviewer.get("/doc/person/by-form").status_code == 200


@pytest.mark.parametrize("written", ["person/fred-baker", "https://w3id.org/qit4n/id/person/fred-baker"])
def test_an_identifier_in_the_form_is_whole_or_what_follows_the_base(client, kept, written):
    sign_in(client, kept[1]["ana"])
    fields = {"csrf": csrf_of(client.get("/contribute").text), "message": "Rename", "licence": "CC-BY-4.0"}
    moved = {"move": "rename", "old": written, "new": "person/frederick-baker", "move_reason": "His whole name"}
    sent = client.post("/contribute", data={**fields, **moved}, headers=HTML)
    assert sent.status_code == 303, sent.text
    page = client.get(sent.headers["Location"], headers=HTML).text
    assert "person/frederick-baker" in page
    assert "Fred Baker" in page


def test_what_was_typed_comes_back_with_what_is_wrong(client, kept):
    sign_in(client, kept[1]["ana"])
    csrf = csrf_of(client.get("/contribute").text)
    adds = f"{PREFIXES} <role/x> a stdorg:RoleHeld ."
    sent = client.post(
        "/contribute", data={"csrf": csrf, "message": "My words", "licence": "CC-BY-4.0", "adds": adds}, headers=HTML
    )
    assert sent.status_code == 422
    assert "My words" in sent.text
    assert "&lt;role/x&gt; a stdorg:RoleHeld" in sent.text
    assert "stdorg:agent" in sent.text


def test_a_form_without_its_token_is_refused(client, kept):
    sign_in(client, kept[1]["ana"])
    sent = client.post("/contribute", data={"message": "x", "licence": "CC-BY-4.0", "adds": person("y")}, headers=HTML)
    assert sent.status_code == 403


@pytest.mark.parametrize(
    ("path", "who", "expected"),
    [
        ("/contributions", None, 401),
        ("/contributions/{id}/accept", None, 401),
        ("/contributions/{id}/accept", "ana", 403),
        ("/contributions/{id}/reject", "ana", 403),
        ("/contributions/{id}/withdraw", "ben", 403),
        ("/contributions/{id}/revert", "ben", 409),
        ("/contributions/{id}/comment", "ben", 400),
        ("/contributions/0123456789abcdef/accept", "ben", 404),
        ("/contributions/../x/accept", "ben", 404),
    ],
)
def test_who_may_not_is_told_so(call, submit, path, who, expected):
    id_ = submit("not-yet") if "{id}" in path else ""
    assert call("POST", path.format(id=id_), who, json={}).status_code == expected


def test_a_contribution_that_nobody_has_checked_is_shown_to_holders_only(call, submit):
    id_ = submit("unchecked")
    assert call("GET", f"/contributions/{id_}.json").status_code == 401
    assert call("GET", f"/contributions/{id_}.json", "cleo").json["state"] == "pending"
    listed = call("GET", "/contributions", headers={"Accept": "application/json"}).json["contributions"]
    assert {one["state"] for one in listed} <= {"accepted"}
    listed = call("GET", "/contributions?state=pending", "cleo", headers={"Accept": "application/json"}).json
    assert id_ in {one["id"] for one in listed["contributions"]}


def test_an_acceptance_depends_on_what_was_seen(call, submit):
    id_ = submit("seen")
    tag = call("GET", f"/contributions/{id_}", "ben", headers={"Accept": "application/json"}).headers["ETag"]
    assert call("POST", f"/contributions/{id_}/comment", "cleo", json={"note": "Wait"}).status_code == 200
    stale = call("POST", f"/contributions/{id_}/accept", "ben", headers={"If-Match": tag})
    assert (stale.status_code, stale.json["conflicts"]) == (412, ["cleo: commented"])
    tag = call("GET", f"/contributions/{id_}.json", "ben").headers["ETag"]
    done = call("POST", f"/contributions/{id_}/accept", "ben", headers={"If-Match": tag}, json={"note": "Yes"})
    assert (done.status_code, done.json["state"]) == (200, "accepted")
    assert done.headers["X-Generation"] == str(done.json["events"][-1]["generation"])
    assert call("POST", f"/contributions/{id_}/accept", "ben", headers={"If-Match": "x"}).status_code == 400


def test_an_accepted_contribution_is_told_to_everybody(call, submit):
    id_ = submit("told", evidence=["https://example.org/minutes"])
    assert call("POST", f"/contributions/{id_}/accept", "ben").status_code == 200
    turtle = call("GET", f"/contributions/{id_}", headers={"Accept": "text/turtle"})
    assert turtle.content_type == "text/turtle; charset=utf-8"
    for words in ('"accepted"@en', "prov:wasAttributedTo", "<https://example.org/minutes>", '"ben"'):
        assert words in turtle.text
    feed = call("GET", "/contributions/feed.atom")
    entries = ElementTree.fromstring(feed.data).findall("{http://www.w3.org/2005/Atom}entry")
    assert any(entry.find("{*}id").text.endswith(id_) for entry in entries)
    assert call("GET", f"/contributions/{id_}", headers=HTML).status_code == 200
    again = call("POST", f"/contributions/{id_}/revert", "ana", json={"note": "Wrong"})
    assert (again.status_code, again.json["proposal"]["reverts"]) == (201, id_)
    assert call("GET", f"/contributions/{id_}.json").json["revertedBy"] == []
    assert call("POST", f"/contributions/{again.json['id']}/accept", "ben").status_code == 200
    assert call("GET", f"/contributions/{id_}.json").json["revertedBy"] == [again.json["id"]]
    page = call("GET", f"/contributions/{id_}", headers=HTML).text
    assert "It was taken back." in page
    assert f'<a href="/contributions/{again.json["id"]}">' in page


def test_a_rejected_and_a_withdrawn_contribution_stay_as_they_are(call, submit):
    first, second = submit("rejected"), submit("withdrawn")
    assert call("POST", f"/contributions/{first}/reject", "ben", json={"note": "No source"}).json["state"] == "rejected"
    assert call("POST", f"/contributions/{second}/withdraw", "ana").json["state"] == "withdrawn"
    assert call("POST", f"/contributions/{first}/accept", "ben").status_code == 409


def test_the_same_key_makes_one_contribution(call):
    headers = {"Idempotency-Key": "k-1"}
    first = call("POST", "/contributions", "ana", json=submission("keyed"), headers=headers)
    second = call("POST", "/contributions", "ana", json=submission("keyed"), headers=headers)
    assert (first.status_code, second.status_code, second.json["id"]) == (201, 200, first.json["id"])
    other = call("POST", "/contributions", "ana", json=submission("another"), headers=headers)
    assert other.status_code == 409


def test_saved_queries_are_asked_before_and_after(call):
    role = (
        f'{PREFIXES} <fg-qit4n/wg2/role/chair/qiang-zhang> a stdorg:RoleHeld ; rdfs:label "Qiang Zhang, chair of WG2"@en ; '
        f"stdorg:agent <person/qiang-zhang> ; stdorg:role <concept/role/chair> ; stdorg:in <fg-qit4n/wg2> ; "
        f'stdorg:nameAsStated "Qiang Zhang" ; stdorg:attestedAt "2021-10"^^<http://www.w3.org/2001/XMLSchema#gYearMonth> .'
    )
    sent = call("POST", "/contributions", "ana", json=submission("x") | {"adds": role})
    told = [one["sentence"] for one in sent.json["differences"]]
    assert "Qiang Zhang, chair of WG2: Chair, added" in told
    effects = call("GET", f"/contributions/{sent.json['id']}/effects", "ben", headers={"Accept": "application/json"})
    assert effects.status_code == 200, effects.text
    (leadership,) = (one for one in effects.json["changed"] if one["query"] == "leadership")
    assert leadership["added"] >= 1
    assert {len(row) for row in leadership["come"]} == {len(leadership["columns"])}
    assert any('"Qiang Zhang"@en' in row or '"Qiang Zhang"' in row for row in leadership["come"])
    assert [one["query"] for one in effects.json["changed"]][-1] == "graphs"  # they change with every contribution
    assert effects.json["unchanged"] > 10
    exports = effects.json["exports"]
    changed = {one["name"]: one for one in exports["changed"]}
    assert changed["csvw/leadership.csv"]["added"] >= 1
    assert changed["popolo.json"]["added"] > 5
    assert "csvw/meetings.csv" not in changed
    assert "calendar.ics" not in changed  # nothing but the generation's number would differ
    assert exports["unchanged"] > 20
    assert exports["unknown"] == []
    page = call("GET", f"/contributions/{sent.json['id']}/effects", "ben", headers={"Accept": "text/html"})
    assert '<a href="/exports/popolo.json">popolo.json</a>' in page.text
    assert '<td class="muted">comes</td>' in page.text
    assert "<bdi>Qiang Zhang</bdi>" in page.text
    assert "@en" not in page.text.partition("<main")[2]


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        ("{", "application/json", 400),
        ("[]", "application/json", 400),
        (json.dumps({"message": "x", "licence": "CC-BY-4.0", "adds": ["x"]}), "application/json", 400),
        ("<x:a> <x:b> <x:c> .", "text/plain", 415),
        ("<x:a> <x:b> .", "text/turtle", 400),
        ("<x:a> <x:b> <x:c> <x:g> .", "application/n-quads", 400),
    ],
)
def test_what_can_not_be_read_is_refused(call, body, kind, expected):
    sent = call("POST", "/contributions?message=x&licence=CC-BY-4.0", "ana", data=body, content_type=kind)
    assert sent.status_code == expected, sent.text
    assert sent.content_type == "application/problem+json"


def test_an_old_identifier_redirects_and_a_retired_one_is_gone(call):
    base = "https://w3id.org/qit4n/id/"
    for name in ("old-name", "never-was"):
        id_ = call("POST", "/contributions", "ana", json=submission(name)).json["id"]
        assert call("POST", f"/contributions/{id_}/accept", "ben").status_code == 200
    moves = {
        "message": "Tidy up",
        "licence": "CC-BY-4.0",
        "renames": [{"old": f"{base}person/old-name", "new": f"{base}person/new-name", "reason": "A typing error"}],
        "retires": [{"old": f"{base}person/never-was", "reason": "Nobody of this name"}],
    }
    sent = call("POST", "/contributions", "ana", json=moves)
    assert sent.status_code == 201, sent.text
    assert {one["kind"].split()[0] for one in sent.json["differences"]} == {"renamed", "retired"}
    assert call("POST", f"/contributions/{sent.json['id']}/accept", "ben").status_code == 200
    old = call("GET", "/doc/person/old-name", headers=HTML)
    assert (old.status_code, old.headers["Location"].endswith("/doc/person/new-name")) == (301, True)
    assert call("GET", "/data/person/old-name.ttl").status_code == 301
    assert call("GET", "/doc/person/never-was", headers=HTML).status_code == 410


def test_a_spreadsheet_is_taken_and_sent_back(call):
    page = call("GET", "/contribute/sheets", headers=HTML)
    assert "List of values" in page.text
    assert "stdorg:" not in page.text
    assert "/contribute/sheets/Person.xlsx" in page.text
    taken = call("GET", "/contribute/sheets/Organization.csv")
    assert taken.content_type == "text/csv; charset=utf-8"
    assert "attachment" in taken.headers["Content-Disposition"]
    row = next(line for line in taken.text.splitlines() if line.startswith("organization/nict,"))
    assert call("GET", "/contribute/sheets/Nothing.csv").status_code == 404
    assert call("GET", "/contribute/sheets/Person.doc").status_code == 404
    content = taken.data.replace(row.encode(), row.replace("National Institute", "The National Institute").encode())
    assert content != taken.data
    path = "/contributions?message=Name&licence=CC-BY-4.0"
    sent = call("POST", path, "ana", data=content, content_type="text/csv")
    assert sent.status_code == 201, sent.text
    (change,) = sent.json["differences"]
    assert (change["kind"], change["subject"]) == ("changed", "https://w3id.org/qit4n/id/organization/nict")


def test_what_was_typed_comes_back_to_who_is_not_signed_in(kept):
    app, _ = kept
    page = app.test_client().post("/contribute", data={"message": "precious", "adds": "<a> <b> <c> ."}, headers=HTML)
    assert page.status_code == 401
    assert 'value="precious"' in page.text
    assert "/sign-in?next=/contribute" in page.text


@pytest.fixture
def two_a_minute(kept, monkeypatch):
    monkeypatch.setitem(kept[0].extensions[rates.EXTENSION], rates.CONTRIBUTIONS, Rate(2, setting=rates.CONTRIBUTIONS))


def test_one_token_can_send_only_so_much(call, two_a_minute):
    for path in ("/contributions", "/contributions/0123456789abcdef/revert"):
        assert call("POST", path, "ana", json={"message": "x"}).status_code in (400, 404)
    told = call("POST", "/contributions", "ana", json=submission("once-too-often"))
    assert (told.status_code, told.json["type"]) == (429, "/problems/too-many-requests")
    assert told.headers["Retry-After"] == "30"
    assert told.json["limit"]["setting"] == "QIT4N_CONTRIBUTIONS_PER_MINUTE"
    assert call("POST", "/contributions/0123456789abcdef/comment", "ana", json={"note": "x"}).status_code == 429
    assert call("POST", "/contributions", "ben", json={"message": "x"}).status_code == 400  # another token


def test_one_address_can_try_tokens_only_so_often_and_nobodys_are_counted_with_it(call, client, two_a_minute):
    for headers in ({}, {"Authorization": "Bearer guessed"}):
        assert client.post("/contributions", json={"message": "x"}, headers=headers).status_code == 401
    assert client.post("/contributions", headers={"Authorization": "Bearer guessed-again"}).status_code == 429
    assert client.get("/contributions").status_code == 200
    assert call("POST", "/contributions", "ana", json={"message": "x"}).status_code == 400


def test_what_was_typed_too_often_comes_back_with_when_to_try_again(client, kept, two_a_minute):
    sign_in(client, kept[1]["ana"])
    fields = {"message": "precious", "csrf": csrf_of(client.get("/contribute").text)}
    statuses = [client.post("/contribute", data=fields, headers=HTML) for _ in range(3)]
    assert [one.status_code for one in statuses] == [400, 400, 429]
    assert 'value="precious"' in statuses[-1].text
    assert int(statuses[-1].headers["Retry-After"]) > 0
