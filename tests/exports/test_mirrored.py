"""Guards what exports say of themselves at a mirror: what they say at the source, of the same generation."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest

from exports.conftest import QUERIES, REGISTRY
from feed.conftest import Copy, InProcess
from qit4n_kg.config import load_settings
from qit4n_kg.exports.making import Material, edition_of, make
from qit4n_kg.store.generations import Generations
from qit4n_kg.store.oxigraph import OxigraphStore
from qit4n_kg.web.app import create_app

STAMPED = [
    "handover/itu-t-sg13.json",
    "handover/itu-t-sg13.docx",
    "dcat-ap.ttl",
    "void.ttl",
    "csvw/csvw-metadata.json",
    "workbook.xlsx",
    "meetings.parquet",
    "calendar.ics",
]


@pytest.fixture(scope="module")
def source(own_state):
    return replace(own_state, publisher="A Body <https://body.example/>")


@pytest.fixture(scope="module")
def mirrored(source, own_state, tmp_path_factory):
    """A mirror whose second generation is the source's first, because only what the source says of itself changed."""
    copy = None
    for settings in (own_state, source):
        app = create_app(settings)
        copy = copy or Copy(None, tmp_path_factory.mktemp("mirrored") / "copy")
        copy.source = InProcess(app.test_client())
        copy.sync()
        app.extensions["knowledge_graph"].close()
    assert copy.generations.current_number() == 2
    return load_settings({}, state_dir=copy.folder)


def exported(settings, name):
    generation = Generations(settings.state_dir).current()
    of = edition_of(settings, generation.manifest)
    output = io.BytesIO()
    with OxigraphStore.open_read_only(generation.store_path) as store:
        wanted = REGISTRY.find(name)
        make(
            Material(store, QUERIES, of.base_iri, of.stamp, wanted, licence=of.licence, publisher=of.publisher), output
        )
    return output.getvalue()


@pytest.mark.parametrize("name", STAMPED)
def test_an_export_of_a_mirror_is_that_of_its_source(source, mirrored, name):
    assert exported(mirrored, name) == exported(source, name)


def test_it_names_the_generation_of_the_source(source, mirrored):
    named = json.loads(exported(mirrored, "handover/itu-t-sg13.json"))["generation"]["number"]
    assert named == Generations(source.state_dir).current_number() == 1
    assert b"A Body" in exported(mirrored, "dcat-ap.ttl")
