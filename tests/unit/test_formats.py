"""Content negotiation (RFC 9110, 12.5.1) and the lookup of formats by name: one wrong header here misleads every client."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qit4n_kg.errors import NotAcceptableError
from qit4n_kg.formats import RdfFormat, ResultFormat, by_name, negotiate

RESULTS = [member.value for member in ResultFormat]
GRAPHS = [member.value for member in RdfFormat]


@pytest.mark.parametrize(
    ("accept", "label"),
    [
        (None, "JSON"),
        ("", "JSON"),
        ("*/*", "JSON"),
        ("text/csv", "CSV"),
        ("TEXT/CSV", "CSV"),
        ("text/csv;q=0.1, text/tab-separated-values;q=0.2", "TSV"),
        ("application/json", "JSON"),
        ("application/xml", "XML"),
        ("text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8", "XML"),
        ("*/*;q=0.1, text/csv;q=0.05", "JSON"),
        ("application/*;q=0.3, application/sparql-results+xml;q=0.4", "XML"),
        ("application/sparql-results+json;q=0, */*", "XML"),
        ("text/csv;q=nonsense, text/tab-separated-values;q=0.001", "TSV"),
    ],
)
def test_accept_chooses_the_format_the_client_prefers(accept, label):
    assert negotiate(accept, RESULTS).label == label


def test_a_specific_range_beats_a_wider_one_whatever_the_order():
    assert negotiate("text/*, text/csv;q=0", RESULTS).label != "CSV"
    assert negotiate("text/csv;q=0, text/*", RESULTS).label != "CSV"


@pytest.mark.parametrize("accept", ["image/png", "text/csv;q=0", "*/*;q=0", "nonsense"])
def test_nothing_acceptable_names_what_is_on_offer(accept):
    with pytest.raises(NotAcceptableError, match="text/csv"):
        negotiate(accept, RESULTS)


@pytest.mark.parametrize("offer", [*RESULTS, *GRAPHS], ids=lambda offer: offer.label)
def test_each_format_is_found_by_each_of_its_names(offer):
    offers = RESULTS if offer in RESULTS else GRAPHS
    for name in (offer.name, offer.extension, offer.media_type, *offer.aliases, offer.name.upper()):
        assert by_name(name, offers) is offer


def test_no_two_formats_share_a_name():
    for offers in (RESULTS, GRAPHS):
        names = [name for offer in offers for name in {offer.name, offer.extension, offer.media_type, *offer.aliases}]
        assert len(names) == len(set(names))


@given(st.text(max_size=200))
def test_any_accept_header_gives_a_format_or_one_clear_error(accept):
    with suppress(NotAcceptableError):
        assert negotiate(accept, GRAPHS) in GRAPHS
