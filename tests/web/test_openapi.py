"""OpenAPI: it names every route and every catalogue query with its typed parameters, and all that it refers to is there."""

from __future__ import annotations

import re

import pytest

from qit4n_kg.web.openapi import describe_interface


@pytest.fixture(scope="module")
def described(tiny_app):
    with tiny_app.test_request_context("/"):
        return describe_interface()


def operations(described):
    for path, item in described["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def test_it_is_served_as_json_and_as_a_page(tiny_client):
    answer = tiny_client.get("/openapi.json")
    assert answer.json["openapi"] == "3.1.0"
    assert answer.content_type == "application/json"
    page = tiny_client.get("/openapi").get_data(as_text=True)
    assert "GET /queries/meeting.{format}" in page
    assert "The meeting" in page


def test_every_route_is_in_it(tiny_app, described):
    for rule in tiny_app.url_map.iter_rules():
        if rule.endpoint != "static":
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
            methods = {method.lower() for method in rule.methods - {"HEAD", "OPTIONS", "QUERY"}}
            assert methods <= set(described["paths"][path]), rule.rule


def test_each_catalogue_query_has_its_parameters_with_types(described):
    operation = described["paths"]["/queries/meeting.{format}"]["get"]
    assert operation["description"] == "How many took part in one meeting?"
    parameters = {parameter["name"]: parameter for parameter in operation["parameters"] if "name" in parameter}
    assert parameters["meeting"]["schema"]["format"] == "iri-reference"
    assert parameters["least"]["schema"] == {"type": "integer", "default": 0}
    assert parameters["format"]["schema"]["enum"] == ["json", "xml", "csv", "tsv", "excel.csv"]
    named = described["paths"]["/queries/named.{format}"]["get"]["parameters"]
    assert next(one for one in named if one.get("name") == "name")["required"] is True
    facts = described["paths"]["/queries/facts.{format}"]["get"]
    assert "text/turtle" in facts["responses"]["200"]["content"]


def test_every_reference_leads_somewhere(described):
    def references(value):
        if isinstance(value, dict):
            yield from (item for key, item in value.items() if key == "$ref")
            for item in value.values():
                yield from references(item)
        elif isinstance(value, list):
            for item in value:
                yield from references(item)

    found = set(references(described))
    assert found
    for reference in found:
        place = described
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_each_path_declares_its_parameters_and_each_operation_has_a_name_of_its_own(described):
    names = [operation["operationId"] for _, _, operation in operations(described)]
    assert len(names) == len(set(names))
    for path, _, operation in operations(described):
        declared = {one["name"] for one in operation["parameters"] if one.get("in") == "path"}
        assert declared == set(re.findall(r"\{(\w+)\}", path)), path
        assert operation["summary"]
        assert operation["responses"]


def test_every_address_of_a_catalogue_result_answers(tiny_client, described):
    for path, item in described["paths"].items():
        if not path.startswith("/queries/") or "format" not in path:
            continue
        given = item["get"]["parameters"]
        required = {one["name"]: "x" for one in given if one.get("required") and one["in"] == "query"}
        for suffix in next(one for one in given if one.get("in") == "path")["schema"]["enum"]:
            answer = tiny_client.get(path.replace("{format}", suffix), query_string=required)
            assert answer.status_code == 200
            assert answer.mimetype in item["get"]["responses"]["200"]["content"]
