"""Guards Popolo: its JSON Schemas accept each object, references lead somewhere, and nothing is added to what is stated."""

from __future__ import annotations

import json
from functools import cache

import jsonschema
import pytest
from hypothesis import given, settings
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT3

from exports.conftest import made
from exports.worlds import SCHEMAS, TEXTS, of_text
from qit4n_kg.exports.deliverables import clean

KINDS = {"persons": "person", "organizations": "organization", "memberships": "membership", "areas": "area"}


@cache
def validator(kind: str) -> jsonschema.Draft3Validator:
    folder = SCHEMAS / "popolo"
    if not folder.is_dir():
        pytest.skip("Popolo's schemas are not beside this checkout.")
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    resources = [(document["id"], Resource.from_contents(document, DRAFT3)) for document in documents]
    (schema,) = [document for document in documents if document["id"].endswith(f"/{kind}.json#")]
    return jsonschema.Draft3Validator(schema, registry=Registry().with_resources(resources))


def check(document: dict) -> None:
    for name, kind in KINDS.items():
        known = set(validator(kind).schema["properties"])
        for item in document[name]:
            validator(kind).validate(item)
            assert item.keys() <= known, "the schemas allow other fields; this export has none"


def test_the_schemas_accept_every_object(export, second_store):
    check(json.loads(export("popolo.json")))
    check(json.loads(made(second_store, "popolo.json")))


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("person", {"name": 1}),
        ("person", {"birth_date": "long ago"}),
        ("organization", {"identifiers": "D1"}),
        ("membership", {"start_date": "October 2021"}),
        ("membership", {"person_id": {}}),
    ],
    ids=["name", "birth", "identifiers", "start", "person"],
)
def test_the_schemas_refuse_a_spoiled_object(export, kind, change):
    document = json.loads(export("popolo.json"))
    plural = next(name for name, one in KINDS.items() if one == kind)
    with pytest.raises(jsonschema.ValidationError):
        validator(kind).validate({**document[plural][0], **change})


def test_every_reference_leads_somewhere_and_ids_are_unique(export):
    document = json.loads(export("popolo.json"))
    ids = {name: [item["id"] for item in document[name]] for name in KINDS}
    for found in ids.values():
        assert len(found) == len(set(found))
    for membership in document["memberships"]:
        assert membership["person_id"] in ids["persons"]
        assert membership["organization_id"] in ids["organizations"]
        assert membership.get("on_behalf_of_id", ids["organizations"][0]) in ids["organizations"]
    for organization in document["organizations"]:
        assert organization.get("parent_id", ids["organizations"][0]) in ids["organizations"]
        assert organization.get("area_id", ids["areas"][0]) in ids["areas"]


def test_nothing_is_invented(export):
    document = json.loads(export("popolo.json"))
    assert "posts" not in document
    for membership in document["memberships"]:
        assert not {"start_date", "end_date", "post_id", "contact_details"} & membership.keys()
    for person in document["persons"]:
        assert not {"email", "gender", "family_name", "given_name", "birth_date", "image"} & person.keys()
    officers = [m for m in document["memberships"] if m.get("role") == "Liaison officer"]
    assert all(m["on_behalf_of_id"].endswith("/fg-qit4n") for m in officers)
    assert all("on_behalf_of_id" not in m for m in document["memberships"] if m not in officers)


def test_a_body_is_classified_by_its_most_telling_class(export):
    document = json.loads(export("popolo.json"))
    found = {item["name"]: item.get("classification") for item in document["organizations"]}
    assert found["FG QIT4N"] == "Focus group"
    assert found["ITU-T SG13"] == "Study group"
    assert found["ETSI"] == "Standards organization"


@settings(max_examples=20, deadline=None)
@given(TEXTS)
def test_any_text_comes_back(text):
    document = json.loads(made(of_text(text), "popolo.json"))
    assert document["persons"][0]["name"] == clean(text)
    assert {name["name"] for item in document["organizations"] for name in item.get("other_names", ())} == {clean(text)}
