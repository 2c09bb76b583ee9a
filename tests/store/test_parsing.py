"""RDF that strangers send is read elsewhere, whatever it does there: one error, in bounded time, and this process lives."""

from __future__ import annotations

import contextlib
import itertools
import resource
import time
from dataclasses import replace

import pyoxigraph
import pytest

from qit4n_kg.config import load_settings
from qit4n_kg.errors import ParameterError, SourceError, TooLargeError, ValidationLimitError
from qit4n_kg.formats import RdfFormat
from qit4n_kg.store.parsing import Sent, parse_triples

SETTINGS = load_settings({}, validation_timeout=20.0, validation_memory=256 * 1024**2, request_bytes=1024**2)
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
DEEP = 200_000


def described(lines: str) -> str:
    return f"<r:RDF xmlns:r='{RDF}' xmlns:x='x:'><r:Description r:about='x:s'>{lines}</r:Description></r:RDF>"


def laughs(levels: int, uses: int) -> str:
    """An RDF/XML text whose entities stand within each other, each ten times in the next."""
    names = "abcdefghijklm"[: levels + 1]
    entities = '<!ENTITY a "lollollol">' + "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in itertools.pairwise(names)
    )
    lines = "".join(f"<x:p{n}>&{names[-1]};</x:p{n}>" for n in range(uses))
    return f"<!DOCTYPE x [{entities}]>{described(lines)}"


def read(text: str, form: RdfFormat = RdfFormat.TURTLE, settings=SETTINGS) -> bytes:
    return parse_triples([Sent(text.encode(), form)], "http://e/base", settings)


HOSTILE = {
    "triple terms in triple terms": (
        "<a:a> <a:p> " + "<<( <a:a> <a:p> " * DEEP + "1" + " )>>" * DEEP + " .",
        RdfFormat.TURTLE,
    ),
    "the same as lines": (
        "<a:a> <a:p> " + "<<( <a:a> <a:p> " * DEEP + '"1"' + " )>>" * DEEP + " .",
        RdfFormat.N_TRIPLES,
    ),
    "JSON in JSON": ('{"a:p":' * DEEP + "1" + "}" * DEEP, RdfFormat.JSON_LD),
    "entities, one text": (laughs(9, 1), RdfFormat.RDF_XML),
    "entities, many texts": (laughs(5, 2000), RdfFormat.RDF_XML),
    "an entity of a file": (
        f"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>{described('<x:p>&a;</x:p>')}",
        RdfFormat.RDF_XML,
    ),
    "a context elsewhere": ('{"@context": "http://127.0.0.1:9/", "@id": "x:s"}', RdfFormat.JSON_LD),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_is_one_error_in_bounded_time_and_memory(name):
    begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises((SourceError, TooLargeError, ValidationLimitError)) as caught:
        read(*HOSTILE[name])
    assert time.monotonic() - begun < SETTINGS.validation_timeout + 5
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) < 100 * 1024  # KiB, of this process
    assert len(caught.value.message) < 500


@pytest.mark.parametrize("brackets", [("[ <a:p> ", " ]"), ("( ", " )")])
def test_deep_brackets_are_read_or_one_error(brackets):
    text = "<a:a> <a:p> " + brackets[0] * DEEP + "1" + brackets[1] * DEEP + " ."
    with contextlib.suppress(TooLargeError, ValidationLimitError):
        assert read(text).count(b"\n") >= DEEP


def test_a_text_that_takes_too_long_is_given_up():
    with pytest.raises(ValidationLimitError, match=r"0\.01 seconds"):
        read("<x:s> <x:p> 1 .", settings=replace(SETTINGS, validation_timeout=0.01))


def test_a_text_that_takes_too_much_memory_is_given_up():
    lines = "".join(f"<x:s> <x:p> {n} .\n" for n in range(200_000))
    with pytest.raises(ValidationLimitError, match="8 MiB"):
        read(lines, settings=replace(SETTINGS, validation_memory=8 * 1024**2))


def test_what_the_text_expands_to_is_bounded():
    text = f"@prefix a: <http://e/{'x' * 1000}> . a:s a:p {', '.join(f'a:{n}' for n in range(50_000))} ."
    with pytest.raises(TooLargeError):
        read(text)


def test_a_syntax_error_has_its_place():
    with pytest.raises(SourceError) as caught:
        read("<x:s> <x:p> 1 .\n<x:s> <x:p> ! .")
    assert (caught.value.line, caught.value.column) == (2, 13)


def test_named_graphs_are_refused():
    with pytest.raises(ParameterError):
        read('{"@id": "x:g", "@graph": [{"@id": "x:s", "x:p": 1}]}', RdfFormat.JSON_LD)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("<s> <p> 'x\\u0000y'@en--ltr, _:b .", RdfFormat.TURTLE),
        ('<http://e/s> <http://e/p> "x" .', RdfFormat.N_TRIPLES),
        ('{"@id": "s", "x:p": {"@value": "x"}}', RdfFormat.JSON_LD),
        (
            f"<r:RDF xmlns:r='{RDF}' xmlns:x='x:'><r:Description r:about='s'><x:p>1</x:p></r:Description></r:RDF>",
            RdfFormat.RDF_XML,
        ),
        ("", RdfFormat.TURTLE),
    ],
)
def test_any_text_is_read_as_the_engine_reads_it(text, form):
    engine = pyoxigraph.RdfFormat.from_media_type(form.value.media_type)
    expected = pyoxigraph.Dataset(pyoxigraph.parse(text.encode(), engine, base_iri="http://e/base"))
    found = pyoxigraph.Dataset(pyoxigraph.parse(read(text, form), pyoxigraph.RdfFormat.N_TRIPLES))
    for dataset in (expected, found):
        dataset.canonicalize(pyoxigraph.CanonicalizationAlgorithm.UNSTABLE)
    assert found == expected


def test_blank_nodes_of_different_texts_are_different():
    texts = [Sent(b"_:b <x:p> 1 .", RdfFormat.TURTLE)] * 2
    triples = pyoxigraph.parse(parse_triples(texts, "http://e/", SETTINGS), pyoxigraph.RdfFormat.N_TRIPLES)
    assert len({triple.subject for triple in triples}) == 2
