"""The W3C's SPARQL 1.1 query, update and results tests, on the engine behind our `Store`, in this process."""

from __future__ import annotations

import io
import re
from contextlib import suppress

import pytest

from conformance.answers import is_expected, isomorphic, read, wanted_type
from qit4n_kg.errors import QueryRefusedError, QuerySyntaxError, RemoteEndpointError
from qit4n_kg.formats import RdfFormat, ResultFormat, by_name
from qit4n_kg.store.oxigraph import OxigraphStore
from qit4n_kg.syntax.grammar import grammar_tokens, sparql_grammar

_LOADED = re.compile(r"(\bLOAD\s+(?:SILENT\s+)?)<[^>]*>", re.IGNORECASE)


def text_of(case):
    """The query or update of a test, which is written relative to its own address."""
    return f"BASE <{case.request.base}>\n{case.request.path.read_bytes().decode()}"


@pytest.fixture
def store():
    with OxigraphStore.in_memory() as store:
        yield store


@pytest.mark.w3c("QueryEvaluationTest", "CSVResultFormatTest")
def test_a_query_has_the_expected_answer(case, store):
    for source in case.before:
        store.add(read(source))
    wanted = wanted_type(case.result)
    offers = {form.value: form for form in (*ResultFormat, *RdfFormat)}
    output = io.BytesIO()
    store.query(text_of(case)).write(output, offers[by_name(wanted, list(offers))])
    assert is_expected(case.result, output.getvalue())


@pytest.mark.w3c("UpdateEvaluationTest")
def test_an_update_leaves_the_expected_dataset(case, store):
    for source in case.before:
        store.add(read(source))
    store.inner.update(text_of(case))
    assert isomorphic(store.quads(), [quad for source in case.after for quad in read(source)])


@pytest.mark.w3c("PositiveSyntaxTest11")
def test_a_query_is_understood(case, store):
    with suppress(QueryRefusedError, RemoteEndpointError):  # understood, but a function is unknown or nobody is there
        store.query(text_of(case))
    assert sparql_grammar().read(grammar_tokens(text_of(case)), "Query").at is None  # so that errors are told rightly


@pytest.mark.w3c("NegativeSyntaxTest11")
def test_a_wrong_query_is_refused(case, store):
    if case.request.path.suffix == ".ru":
        with pytest.raises(SyntaxError):
            store.inner.update(text_of(case))
    else:
        with pytest.raises((QuerySyntaxError, QueryRefusedError)):
            store.query(text_of(case))


@pytest.mark.w3c("PositiveUpdateSyntaxTest11")
def test_an_update_is_understood(case, store):
    text = text_of(case)
    try:
        store.inner.update(_LOADED.sub(r"\1<urn:x-nothing>", text))
    except SyntaxError:
        raise
    except (OSError, ValueError, RuntimeError):
        assert re.search("LOAD|CREATE|DROP|CLEAR|ADD|MOVE|COPY", text, re.IGNORECASE)  # understood, and impossible
    assert sparql_grammar().read(grammar_tokens(text), "Update").at is None


@pytest.mark.w3c("NegativeUpdateSyntaxTest11")
def test_a_wrong_update_is_refused(case, store):
    with pytest.raises(SyntaxError):
        store.inner.update(text_of(case))
