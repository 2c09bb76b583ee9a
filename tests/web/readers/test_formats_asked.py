"""`format=`: what it asks for is done or refused in words, wherever it stands, and never passed over."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

ASK = urlencode({"query": "ASK {}"})
ADDRESSES = [
    f"/sparql?{ASK}",
    f"/sparql.csv?{ASK}",
    "/sparql/why?query=SELECT%20*%20%7B%20%3Fs%20%3Fp%201%20%7D",
    "/graphs?default",
    "/queries",
    "/queries/meetings",
    "/queries/meetings.csv",
    "/search?q=a",
    "/search.json?q=a",
    "/suggest?q=a",
    "/people",
    "/people.csv",
    "/data/person/ada.ttl",
    "/ontology",
    "/ontology.ttl",
    "/exports",
    "/exports/relaton.xml",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_two_formats_at_once_are_400(client, address):
    answer = client.get(f"{address}{'&' if '?' in address else '?'}format=csv&format=json")
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")


@pytest.mark.parametrize(
    ("address", "field"), [("/sparql", {"query": "ASK {}"}), ("/validate", {"text": "<x:a> <x:b> 1 ."})]
)
def test_two_formats_in_a_form_are_400(client, address, field):
    answer = client.post(address, data={**field, "format": ["turtle", "json"]})
    assert (answer.status_code, answer.json["type"]) == (400, "/problems/parameter")


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        (f"/sparql.csv?{ASK}&", "json"),
        (f"/sparql.csv?{ASK}&", "nonsense"),
        ("/queries/meetings.csv?", "turtle"),
        ("/queries/meetings.csv?", "json"),
        ("/queries.json?", "html"),
        ("/data/person/ada.ttl?", "csv"),
        ("/ontology.ttl?", "jsonld"),
        ("/search.json?q=a&", "html"),
    ],
)
def test_a_suffix_and_another_format_are_406_in_words(client, address, wanted):
    answer = client.get(f"{address}format={wanted}")
    assert (answer.status_code, answer.json["type"]) == (406, "/problems/not-acceptable")
    assert "The address ends in ." in answer.json["detail"]
    assert repr(wanted) in answer.json["detail"]


@pytest.mark.parametrize(
    "address",
    [
        f"/sparql.csv?{ASK}&format=csv",
        f"/sparql.csv?{ASK}&format=text/csv&output=csv&results=csv",
        f"/sparql.tsv?{ASK}&format=tsv&format=text/tab-separated-values",
        "/queries/meetings.csv?format=CSV",
        "/ontology.ttl?format=turtle",
        "/search.json?q=a&format=json",
    ],
)
def test_a_suffix_and_its_own_format_agree(client, address):
    assert client.get(address).status_code == 200


@pytest.mark.parametrize(
    ("address", "media_type"),
    [
        ("/search?q=a&format=json", "application/json"),
        ("/queries?format=json", "application/json"),
        ("/ontology?format=jsonld", "application/ld+json"),
        ("/exports?format=json", "application/json"),
    ],
)
def test_a_format_is_chosen_before_accept(client, address, media_type):
    assert client.get(address, headers={"Accept": "text/html"}).content_type == media_type


@pytest.mark.parametrize("address", ["/search?q=a&", "/queries?", "/ontology?", "/exports?"])
def test_a_format_that_is_not_on_offer_is_406(client, address):
    answer = client.get(f"{address}format=nonsense")
    assert (answer.status_code, answer.json["detail"]) == (406, "There is no 'nonsense' of this.")
