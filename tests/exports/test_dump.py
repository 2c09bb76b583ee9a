"""Guards the dumps: what is loaded is the same dataset, no conclusion is left where none is wanted, and memory is bounded."""

from __future__ import annotations

import gzip
import hashlib
import io

import pytest
import zstandard
from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, RdfFormat, Store, Triple, parse

from exports.conftest import REGISTRY, made, material_of
from exports.worlds import NASTY, filled, world
from qit4n_kg.commands.export import write_export
from qit4n_kg.errors import ParameterError, ResultTooLargeError
from qit4n_kg.exports.making import Bounded, make
from qit4n_kg.exports.rdf import SortedHeader
from qit4n_kg.namespaces import RDF, STDORG
from qit4n_kg.store.canonical import CHUNK, dataset_hash
from qit4n_kg.store.generations import Generations
from qit4n_kg.store.memory import RdflibStore
from qit4n_kg.store.oxigraph import OxigraphStore
from system.server import run

WHOLE = {"dump.nq": RdfFormat.N_QUADS, "dump.trig": RdfFormat.TRIG, "dump.jsonld": RdfFormat.JSON_LD}
PLAIN = [*WHOLE, "dump.ttl"]
STATED = {"entailed": "false"}
TYPE, FORCE = NamedNode(f"{RDF}type"), NamedNode(f"{STDORG}inForce")
ENTAILED, PASSAGE = NamedNode(f"{STDORG}EntailedGraph"), NamedNode(f"{STDORG}SourcePassage")


def loaded(content: bytes, form: RdfFormat) -> str:
    """The hash of what another store holds after loading."""
    store = Store()
    store.load(content, format=form)
    return dataset_hash(store)


@pytest.mark.parametrize("name", WHOLE)
def test_what_is_loaded_is_the_same_dataset(own_state, graph_store, name):
    manifest = Generations(own_state.state_dir, own_state.keep_generations).current().manifest
    assert loaded(made(graph_store, name), WHOLE[name]) == manifest.dataset


@pytest.mark.parametrize("name", WHOLE)
def test_a_spoiled_copy_is_another_dataset(own_state, graph_store, name):
    manifest = Generations(own_state.state_dir, own_state.keep_generations).current().manifest
    spoiled = made(graph_store, name).replace(b"Bounds of attestations", b"Bonds")
    assert loaded(spoiled, WHOLE[name]) != manifest.dataset


def test_the_digest_of_the_file_is_the_hash_of_the_dataset(own_state, client):
    manifest = Generations(own_state.state_dir, own_state.keep_generations).current().manifest
    assert f"sha256:{hashlib.sha256(client.get('/exports/dump.nq').data).hexdigest()}" == manifest.dataset


def test_turtle_is_the_default_graph(graph_store):
    plain = (quad.triple for quad in graph_store.quads(graph=DefaultGraph()))
    assert loaded(made(graph_store, "dump.ttl"), RdfFormat.TURTLE) == dataset_hash(Quad(*triple) for triple in plain)


@pytest.mark.parametrize("name", PLAIN)
def test_packed_files_hold_the_same(graph_store, name):
    plain = made(graph_store, name)
    assert gzip.decompress(made(graph_store, f"{name}.gz")) == plain
    assert zstandard.ZstdDecompressor().stream_reader(made(graph_store, f"{name}.zst")).read() == plain
    assert made(graph_store, f"{name}.gz")[4:8] == bytes(4)  # no time


def test_a_spoiled_packed_file_is_refused(graph_store):
    packed, pressed = made(graph_store, "dump.ttl.gz"), made(graph_store, "dump.ttl.zst")
    with pytest.raises(gzip.BadGzipFile):
        gzip.decompress(packed[:-8] + bytes(8))
    with pytest.raises(zstandard.ZstdError):
        zstandard.ZstdDecompressor().stream_reader(bytes(4) + pressed[4:]).read()


# --- conclusions ----------------------------------------------------------------------------------------------------------


def test_without_conclusions_only_what_is_stated_is_left(graph_store):
    concluding = {quad.subject for quad in graph_store.quads(None, TYPE, ENTAILED, DefaultGraph())}
    in_force = {quad.subject for quad in graph_store.quads(None, FORCE, Literal(True), DefaultGraph())} - concluding
    assert concluding
    left = list(parse(made(graph_store, "dump.nq", STATED), RdfFormat.N_QUADS))
    assert not concluding & {quad.graph_name for quad in left}
    stated = {quad.triple for graph in in_force for quad in graph_store.quads(graph=graph)}
    ground = {t for t in stated if not any(isinstance(term, BlankNode) for term in t)}
    default = {quad.triple for quad in left if quad.graph_name == DefaultGraph()}
    assert ground == {t for t in default if not any(isinstance(term, BlankNode) for term in t)}
    assert len(default) == len(stated)
    others = {quad for quad in graph_store.quads() if quad.graph_name not in concluding | {DefaultGraph()}}
    assert sum(1 for quad in left if quad.graph_name != DefaultGraph()) == len(others)


@pytest.mark.parametrize("name", WHOLE)
def test_without_conclusions_every_format_holds_the_same(graph_store, name):
    digest = hashlib.sha256(made(graph_store, "dump.nq", STATED)).hexdigest()
    assert loaded(made(graph_store, name, STATED), WHOLE[name]) == f"sha256:{digest}"


def test_what_is_stated_and_concluded_stays():
    both, only, free = (Triple(NamedNode("x:s"), NamedNode("x:p"), Literal(text)) for text in ("both", "only", "free"))
    said, follows = NamedNode("x:said"), NamedNode("x:follows")
    about = [Triple(g, FORCE, Literal(True)) for g in (said, follows)]
    about += [Triple(said, TYPE, PASSAGE), Triple(follows, TYPE, ENTAILED)]
    store = OxigraphStore.in_memory()
    store.add(Quad(*triple) for triple in (both, only, free, *about))
    store.add([Quad(*both, said), Quad(*both, follows), Quad(*only, follows)])
    left = made(store, "dump.ttl", STATED).decode()
    assert '"both"' in left
    assert '"free"' in left
    assert '"only"' not in left


def test_an_unknown_choice_is_told(client):
    answer = client.get("/exports/dump.nq?entailed=perhaps")
    assert (answer.status_code, answer.json["type"]) == (400, "/problems/parameter")


def test_http_and_command_leave_the_same_out(client, own_state, tmp_path):
    answer = client.get("/exports/dump.ttl?entailed=false")
    write_export(own_state, "dump.ttl", STATED, tmp_path / "made")
    assert (tmp_path / "made").read_bytes() == answer.data
    assert answer.headers["ETag"] != client.get("/exports/dump.ttl").headers["ETag"]


def test_every_process_writes_the_same_bytes(client, own_state, tmp_path):
    done = run("export", "dump.trig", "-o", str(tmp_path / "made"), state=own_state.state_dir)
    assert done.returncode == 0
    assert (tmp_path / "made").read_bytes() == client.get("/exports/dump.trig").data


# --- any graph ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(len(NASTY)))
@pytest.mark.parametrize("name", WHOLE)
def test_hostile_texts_come_back(name, number):
    store = filled(OxigraphStore.in_memory(), world(NASTY[number]))
    assert loaded(made(store, name), WHOLE[name]) == dataset_hash(store.quads())


@pytest.mark.parametrize("name", WHOLE)
def test_a_blank_node_is_the_same_one_in_two_graphs(name):
    shared, other = BlankNode("here"), BlankNode("there")
    content = [
        Quad(shared, NamedNode("x:p"), Literal("1")),
        Quad(shared, NamedNode("x:q"), other, NamedNode("x:g")),
        Quad(other, NamedNode("x:p"), Literal("2"), BlankNode("graph")),
        Quad(BlankNode("graph"), NamedNode("x:p"), Literal("3")),
    ]
    for store in (OxigraphStore.in_memory(), RdflibStore()):
        store.add(content)
        assert loaded(made(store, name), WHOLE[name]) == dataset_hash(content)


def test_json_ld_without_a_way_to_write_it_is_an_error():
    store = OxigraphStore.in_memory()
    inner = Triple(NamedNode("x:s"), NamedNode("x:p"), NamedNode("x:o"))
    store.add([Quad(NamedNode("x:s"), NamedNode("x:says"), inner)])
    with pytest.raises(ParameterError, match="triple terms"):
        made(store, "dump.jsonld")
    assert loaded(made(store, "dump.trig"), RdfFormat.TRIG) == dataset_hash(store.quads())


@pytest.mark.parametrize("name", ["dump.nq", "dump.trig.gz", "dump.ttl", "dump.jsonld.zst"])
def test_a_dump_over_the_bound_is_an_error(graph_store, name):
    with pytest.raises(ResultTooLargeError):
        make(material_of(graph_store, name), io.BytesIO(), 1000)


def test_a_dump_is_written_in_pieces():
    """A million quads are never one string: the largest piece is that of one block of what is sorted.

    So many are more than are sorted in memory.
    """

    class Pieces(Bounded):
        largest = 0

        def write(self, data: bytes) -> int:
            self.largest = max(self.largest, len(data))
            return len(data)

    store = OxigraphStore.in_memory()
    store.load(Quad(NamedNode(f"x:s{n}"), NamedNode("x:p"), Literal(n)) for n in range(CHUNK + 20_000))
    output = Pieces(io.BytesIO(), 0)
    make(material_of(store, "dump.nq"), output)  # type: ignore[arg-type]
    assert 0 < output.largest < 3_000_000


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_prefixes_are_sorted_whatever_the_pieces(size):
    text = b"@prefix b: <x:b> .\n@prefix a: <x:a> .\n<x:s> <x:p> 1 .\n@prefix z: <x:z> .\n"
    output = io.BytesIO()
    ordered = SortedHeader(output)
    for at in range(0, len(text), size):
        ordered.write(text[at : at + size])
    ordered.finish()
    first, second, *rest = text.splitlines(keepends=True)
    assert output.getvalue() == b"".join([second, first, *rest])


def test_every_form_has_its_three_files():
    names = {export.name for export in REGISTRY if export.description.module == "dump"}
    assert names == {f"{name}{suffix}" for name in PLAIN for suffix in ("", ".gz", ".zst")}
