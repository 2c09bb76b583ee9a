"""`/reconcile` over HTTP, as OpenRefine asks: manifest, batches by GET and POST, suggestions, data extension, previews.

The forms of answers are those of the JSON schemas of the Reconciliation Service API 0.2, whose sections are cited.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from flask.testing import FlaskClient

ADA = {"q0": {"query": "Ada Byron", "type": "stdorg:Person", "limit": 3, "type_strict": "should"}}


def test_the_manifest_describes_the_service(client: FlaskClient) -> None:
    """Section 3.1, and schemas/manifest.json."""
    answer = client.get("/reconcile", headers={"Origin": "https://example.org"})
    manifest = answer.json
    assert "0.2" in manifest["versions"]
    assert manifest["identifierSpace"] == "https://w3id.org/qit4n/id/"
    assert manifest["schemaSpace"] == "https://w3id.org/stdorg/ns#"
    assert all(isinstance(manifest[name], str) for name in ("name", "documentation", "serviceVersion", "logo"))
    assert "{{id}}" in manifest["view"]["url"]
    assert "{{id}}" in manifest["preview"]["url"]
    assert {type(manifest["preview"][name]) for name in ("width", "height")} == {int}
    assert set(manifest["suggest"]) == {"entity", "property", "type"}
    assert all(set(one) == {"id", "name"} for one in manifest["defaultTypes"])
    assert len({one["id"] for one in manifest["defaultTypes"]}) == len(manifest["defaultTypes"])
    assert all(one["type"] == "number" for one in manifest["extend"]["property_settings"])
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_the_manifests_addresses_answer(client: FlaskClient) -> None:
    manifest = client.get("/reconcile").json
    for template in (manifest["view"]["url"], manifest["preview"]["url"]):
        path = template.replace("http://localhost", "").replace("{{id}}", "person/ada-byron")
        assert client.get(path, headers={"Accept": "text/html"}).status_code == 200
    for one in (*manifest["suggest"].values(), manifest["extend"]["propose_properties"]):
        assert client.get(f"{one['service_path']}?prefix=a&type=stdorg:Person").status_code == 200
    assert client.get(manifest["logo"].replace("http://localhost", "")).status_code == 200


def check_results(body: dict[str, Any]) -> None:
    """Section 4.3, and schemas/reconciliation-result-batch.json."""
    for answer in body.values():
        assert set(answer) == {"result"}
        for candidate in answer["result"]:
            assert isinstance(candidate["id"], str)
            assert isinstance(candidate["name"], str)
            assert isinstance(candidate["score"], int | float)
            assert isinstance(candidate["match"], bool)
            assert all(set(one) == {"id", "name"} for one in candidate["type"])
            assert all(isinstance(one["value"], int | float) for one in candidate["features"])


def test_a_batch_is_answered_by_get_and_post(client: FlaskClient) -> None:
    queries = json.dumps(ADA)
    got = client.get("/reconcile", query_string={"queries": queries})
    posted = client.post("/reconcile", data={"queries": queries})
    assert got.json == posted.json
    check_results(got.json)
    first = got.json["q0"]["result"][0]
    assert (first["id"], first["match"]) == ("person/ada-byron", True)
    assert client.post("/reconcile/", data={"queries": queries}).json == got.json


def test_many_queries_keep_their_keys(client: FlaskClient) -> None:
    batch = {
        f"q{number}": {"query": text} for number, text in enumerate(("Ada Byrn", "Engines", "N.1.2", "nobody at all"))
    }
    answer = client.post("/reconcile", data={"queries": json.dumps(batch)}).json
    check_results(answer)
    assert list(answer) == list(batch)
    assert answer["q0"]["result"][0]["name"] == "Ada Byron"
    assert answer["q3"]["result"] == []


def test_a_single_query_as_version_0_1_had_it(client: FlaskClient) -> None:
    assert client.get("/reconcile", query_string={"query": "Ada Byron"}).json["result"][0]["match"]
    assert client.get("/reconcile", query_string={"query": '{"query": "Ada Byron"}'}).json["result"][0]["match"]


@pytest.mark.parametrize("name", ["queries", "extend"])
@pytest.mark.parametrize("text", ["", "{", "[]", "1", '"x"', '{"a": 1}', "[" * 100_000], ids=range(7))
def test_what_is_no_order_is_400(client: FlaskClient, name: str, text: str) -> None:
    answer = client.post("/reconcile", data={name: text})
    assert answer.status_code == 400
    assert answer.json["type"] == "/problems/parameter"


@pytest.mark.parametrize("kind", ["entity", "type", "property"])
def test_suggestions_have_ids_and_names(client: FlaskClient, kind: str) -> None:
    """Section 6, and schemas/suggest-*-response.json."""
    body = client.get(f"/reconcile/suggest/{kind}?prefix=a").json
    assert body["result"]
    for one in body["result"]:
        assert isinstance(one["id"], str)
        assert isinstance(one["name"], str)
        assert isinstance(one["description"], str)
    assert client.get(f"/reconcile/suggest/{kind}?prefix=zzzzzzzz").json == {"result": []}
    assert client.get(f"/reconcile/suggest/{kind}").status_code == 200


def test_suggestions_go_on_at_a_cursor(client: FlaskClient) -> None:
    whole = client.get("/reconcile/suggest/property?prefix=&limit=4").json["result"]
    rest = client.get("/reconcile/suggest/property?prefix=&limit=2&cursor=2").json["result"]
    assert rest == whole[2:4]
    assert client.get("/reconcile/suggest/property?cursor=x").status_code == 400


def test_data_extension_gives_values_of_the_forms_that_there_are(client: FlaskClient) -> None:
    """Section 7, and schemas/data-extension-response.json."""
    order = {
        "ids": ["person/ada-byron", "club/meeting/1"],
        "properties": [{"id": "stdorg:chairs"}, {"id": "schema:startDate"}, {"id": "stdorg:participants"}],
    }
    body = client.post("/reconcile", data={"extend": json.dumps(order)}).json
    assert set(body) == {"meta", "rows"}
    assert all({"id", "name"} <= set(one) for one in body["meta"])
    assert body["rows"]["person/ada-byron"]["stdorg:chairs"] == [{"id": "club", "name": "Analytical Club"}]
    [date] = body["rows"]["club/meeting/1"]["schema:startDate"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", date["date"])
    assert body["rows"]["club/meeting/1"]["stdorg:participants"] == [{"int": 12}]


def test_properties_are_proposed_for_a_type(client: FlaskClient) -> None:
    body = client.get("/reconcile/properties?type=stdorg:Person&limit=3").json
    assert body["type"] == "stdorg:Person"
    assert body["limit"] == 3
    assert 0 < len(body["properties"]) <= 3
    assert client.get("/reconcile/properties?type=<script>").json["properties"] == []


def test_a_preview_may_be_framed_and_no_other_page(client: FlaskClient) -> None:
    answer = client.get("/reconcile/preview?id=person/ada-byron")
    assert "frame-ancestors *" in answer.headers["Content-Security-Policy"]
    assert "Ada Byron" in answer.text
    assert "frame-ancestors 'none'" in client.get("/people").headers["Content-Security-Policy"]
    hostile = client.get("/reconcile/preview?id=person/hostile")
    assert "<script>alert" not in hostile.text


@pytest.mark.parametrize("identifier", ["nothing", "", "<script>", "https://example.org/x", "a b"])
def test_a_preview_of_nothing_is_404(client: FlaskClient, identifier: str) -> None:
    assert client.get("/reconcile/preview", query_string={"id": identifier}).status_code == 404
