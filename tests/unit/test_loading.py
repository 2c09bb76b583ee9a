"""Guards how source files become graphs: names, positions of errors, refusals, streaming of N-Quads, the hash of inputs."""

import gzip
import os

import pyoxigraph
import pytest
from pyoxigraph import DefaultGraph, NamedNode

from qit4n_kg import loading
from qit4n_kg.errors import SourceError
from qit4n_kg.loading import FileDigests, SourceKind, find_sources, inputs_hash, parse, read_quads

GRAPHS = "https://example.org/graph/"
STDORG = "@prefix stdorg: <https://w3id.org/stdorg/ns#> .\n"


@pytest.fixture
def root(tmp_path):
    for folder in ("ontology", "data", "shapes", "queries"):
        (tmp_path / folder).mkdir()
    return tmp_path


def write(root, name, text):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def only_data(root):
    (source,) = (source for source in find_sources(root, GRAPHS) if source.kind is SourceKind.DATA)
    return source


def test_a_files_graph_follows_from_its_path(root):
    for name in (
        "ontology/events.ttl",
        "data/report/table-1/m.1.ttl",
        "shapes/a.ttl",
        "shapes/evidence/b.ttl",
        "queries/rules/c.rq",
    ):
        write(root, name, "")
    found = {source.relative: source.graph for source in find_sources(root, GRAPHS)}
    assert found == {
        "ontology/events.ttl": NamedNode(GRAPHS + "ontology/events"),
        "data/report/table-1/m.1.ttl": NamedNode(GRAPHS + "report/table-1/m.1"),
        "shapes/a.ttl": None,
        "shapes/evidence/b.ttl": None,
        "queries/rules/c.rq": None,
    }


def test_sources_come_in_the_same_order_whatever_the_order_on_disk(root):
    for name in ("data/b.ttl", "data/a/z.ttl", "data/a.ttl", "data/B.ttl"):
        write(root, name, "")
    assert [s.relative for s in find_sources(root, GRAPHS)] == [
        "data/B.ttl",
        "data/a.ttl",
        "data/a/z.ttl",
        "data/b.ttl",
    ]


def test_hidden_files_and_files_that_are_no_rdf_are_passed_over(root):
    write(root, "data/.a.ttl", "nonsense")
    write(root, "data/README.md", "nonsense")
    write(root, "data/a.ttl~", "nonsense")
    write(root, "queries/update.ru", "nonsense")
    assert find_sources(root, GRAPHS) == ()


@pytest.mark.parametrize(
    "name",
    ["data/a.rdf", "data/a.jsonld", "data/a.TTL", "data/a.turtle", "data/a.ttl.bak", "ontology/a.owl", "ontology/a.nt"],
)
def test_a_file_that_would_be_left_out_in_silence_is_refused(root, name):
    write(root, name, "")
    with pytest.raises(SourceError, match="is not read here"):
        find_sources(root, GRAPHS)


@pytest.mark.parametrize("folder", ["ontology", "data", "shapes", "queries"])
def test_a_missing_folder_is_named(root, folder):
    (root / folder).rmdir()
    with pytest.raises(SourceError, match=f"The folder {folder}/ is missing"):
        find_sources(root, GRAPHS)


def test_a_missing_root_says_which_setting_names_it(tmp_path):
    with pytest.raises(SourceError, match="QIT4N_SOURCES"):
        find_sources(tmp_path / "nowhere", GRAPHS)


@pytest.mark.parametrize("name", ["data/a b.ttl", "data/é.ttl", "data/a/<.ttl", "data/a/-b.ttl"])
def test_a_name_that_can_not_become_an_iri_is_refused(root, name):
    write(root, name, "")
    with pytest.raises(SourceError, match="can't become the IRI"):
        find_sources(root, GRAPHS)


@pytest.mark.parametrize("name", ["data/registry.ttl", "data/entailed/chairs.ttl"])
def test_a_graph_that_the_build_writes_is_refused(root, name):
    write(root, name, "")
    with pytest.raises(SourceError, match="The build itself writes"):
        find_sources(root, GRAPHS)


def test_two_files_that_would_be_one_graph_are_refused(root):
    write(root, "ontology/a.ttl", "")
    write(root, "data/ontology/a.ttl", "")
    with pytest.raises(SourceError, match=r"ontology/a\.ttl would both be the graph"):
        find_sources(root, GRAPHS)


def test_turtle_becomes_quads_of_the_files_graph_and_relative_iris_resolve_against_it(root):
    write(root, "data/a/b.ttl", "<x> <p> 'v'@en .")
    (quad,) = parse(only_data(root))
    assert quad.graph_name == NamedNode(GRAPHS + "a/b")
    assert quad.subject == NamedNode(GRAPHS + "a/x")
    assert quad.object.language == "en"


def test_a_shapes_triples_are_in_no_named_graph(root):
    write(root, "shapes/a.ttl", "[] <p> 1 .")
    (source,) = find_sources(root, GRAPHS)
    assert [quad.graph_name for quad in parse(source)] == [DefaultGraph()]


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("@prefix a: <http://a/> .\na:x a:y zz:z .\n", 2, 9, "prefix zz: has not been declared"),
        ("<x> <y> <z>\n<q> <r> <s> .\n", 2, 1, "A dot is expected"),
        ("<x> <y> 'open\n' .\n", 1, 14, "Line jumps are not allowed"),
        (b"<x> <y> '\xff' .\n", 1, 10, "Invalid UTF-8"),
        (b"\xef\xbb\xbf<x> <y> 1 .\n", 1, 1, "begins with a byte order mark"),
    ],
)
def test_a_syntax_error_tells_file_line_and_column(root, text, line, column, words):
    path = write(root, "data/a.ttl", text)
    with pytest.raises(SourceError, match=words) as caught:
        parse(only_data(root))
    assert (caught.value.path, caught.value.line, caught.value.column) == (path, line, column)
    assert "Parser error" not in str(caught.value)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("stdorg:Organization rdfs:subClassOf stdorg:Body .", "nothing about the term"),
        ("stdorg:Meeting skos:altLabel 'Banana'@en .", "nothing about the term"),
        ("<a> rdfs:subClassOf <b> .", "states no axiom"),
        ("<a> owl:sameAs <b> .", "states no axiom"),
        ("<a> a owl:Class .", "defines no terms"),
        ("<a> a sh:NodeShape .", "defines no terms"),
        ("<a> stdorg:inForce true .", "written by the registry"),
        ("<a> stdorg:rule 'chairs' .", "written by the registry"),
    ],
)
@pytest.mark.parametrize("is_quads", [False, True])
def test_data_that_says_what_only_the_ontology_or_the_registry_may_is_refused(root, statement, words, is_quads):
    text = f"{STDORG}\n@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix sh: <http://www.w3.org/ns/shacl#> . "
    text += "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n"
    text += statement
    if is_quads:
        triples = pyoxigraph.parse(text, pyoxigraph.RdfFormat.TURTLE, base_iri="https://example.org/")
        write(root, "data/a.nq", "".join(f"{t.subject} {t.predicate} {t.object} <{GRAPHS}a> .\n" for t in triples))
    else:
        write(root, "data/a.ttl", text)
    with pytest.raises(SourceError, match=words) as caught:
        list(read_quads(only_data(root)))
    assert is_quads or caught.value.line == text.count("\n") + 1


def test_a_thing_may_be_deprecated(root):
    write(root, "data/a.ttl", "<a> <http://www.w3.org/2002/07/owl#deprecated> true .")
    assert len(parse(only_data(root))) == 1


def test_a_file_that_describes_another_graph_as_its_own_is_refused_with_the_line(root):
    write(root, "data/new-name.ttl", f"{STDORG}\n<{GRAPHS}old-name> a stdorg:SourcePassage .\n")
    with pytest.raises(SourceError, match="by its path it is the graph") as caught:
        parse(only_data(root))
    assert caught.value.line == 3


def test_a_file_may_describe_its_own_graph_and_mention_others(root):
    text = f"{STDORG} <{GRAPHS}a> a stdorg:ReferenceGraph . <{GRAPHS}d> stdorg:chosenGraph <{GRAPHS}b> ; a stdorg:Discrepancy ."
    write(root, "data/a.ttl", text)
    assert len(parse(only_data(root))) == 3


@pytest.mark.parametrize("text", ["_:x <p> 1 .", "<x> <p> [] .", "<x> <p> (1) ."])
def test_blank_nodes_in_data_are_refused(root, text):
    write(root, "data/a.ttl", text)
    with pytest.raises(SourceError, match="Data has no blank nodes"):
        parse(only_data(root))


def test_blank_nodes_in_the_ontology_are_allowed(root):
    write(root, "ontology/a.ttl", "<x> <p> (1) .")
    (source,) = find_sources(root, GRAPHS)
    assert len(parse(source)) == 3


def test_a_turtle_file_over_the_bound_is_refused(root, monkeypatch):
    monkeypatch.setattr(loading, "MAX_FILE_BYTES", 10)
    write(root, "data/a.ttl", "<x> <p> 'more than ten' .")
    with pytest.raises(SourceError, match="a Turtle file may have 10"):
        parse(only_data(root))


@pytest.mark.parametrize("name", ["w.nq", "w.nq.gz"])
def test_n_quads_keep_their_graphs_and_are_streamed(root, name):
    text = b'<http://a> <http://p> "v" <http://g/1> .\n<http://a> <http://p> "w" <http://g/2> .\n'
    write(root, f"data/{name}", gzip.compress(text, mtime=0) if name.endswith("gz") else text)
    source = only_data(root)
    assert source.graph is None
    assert [quad.graph_name.value for quad in read_quads(source)] == ["http://g/1", "http://g/2"]


def test_one_file_of_n_quads_can_stand_for_the_data_folder(root, tmp_path):
    write(root, "data/a.ttl", "<x> <p> 1 .")
    world = write(tmp_path, "elsewhere/world.nq", "<http://a> <http://p> <http://o> <http://g> .")
    assert [source.relative for source in find_sources(root, GRAPHS, world)] == ["data/world.nq"]


def test_another_folder_can_stand_for_the_data_folder(root, tmp_path):
    write(root, "data/a.ttl", "")
    write(tmp_path, "other/b.ttl", "")
    assert [s.graph.value for s in find_sources(root, GRAPHS, tmp_path / "other")] == [GRAPHS + "b"]


def test_one_file_that_is_no_n_quads_is_refused(root):
    with pytest.raises(SourceError, match="must be N-Quads"):
        find_sources(root, GRAPHS, write(root, "data/a.ttl", ""))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<http://a> <http://p> <http://o> .", "stands in no named graph"),
        ("_:a <http://p> <http://o> <http://g> .", "Data has no blank nodes"),
        (f"<http://a> <http://p> <http://o> <{GRAPHS}entailed/chairs> .", "The build itself writes"),
        ("<http://a> <http://p> 'o", "This is not N-Quads"),
    ],
)
def test_n_quads_that_are_no_evidence_are_refused(root, text, words):
    write(root, "data/w.nq", text)
    with pytest.raises(SourceError, match=words):
        list(read_quads(only_data(root)))


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(b"<http://a> <http://p> 1 .\n" * 99, mtime=0)[:-20]])
def test_a_damaged_gzip_file_is_one_clear_error(root, content):
    write(root, "data/w.nq.gz", content)
    with pytest.raises(SourceError):
        list(read_quads(only_data(root)))


def test_the_hash_of_inputs_follows_everything_that_decides_the_build(root):
    def hashed(**changed):
        settings = {"software": "s 1", "base_iri": "https://example.org/", "gate": True, **changed}
        return inputs_hash(find_sources(root, GRAPHS), **settings)

    path = write(root, "data/a.ttl", "<x> <p> 1 .")
    first = hashed()
    assert first.startswith("sha256:")
    assert first == hashed()
    different = [hashed(software="s 2"), hashed(base_iri="https://example.com/"), hashed(gate=False)]
    path.write_text("<x> <p> 2 .")
    different.append(hashed())
    path.rename(root / "data/b.ttl")
    different.append(hashed())
    assert len({first, *different}) == 6


class TestFileDigests:
    def old(self, path, text):
        path.write_text(text)
        os.utime(path, ns=(1, 1))

    def test_a_file_that_stays_is_read_once(self, tmp_path, monkeypatch):
        monkeypatch.setattr("qit4n_kg.loading._SETTLED", -1)
        path = tmp_path / "a"
        self.old(path, "one")
        digests = FileDigests()
        first = digests.of(path)
        monkeypatch.setattr(type(path), "open", None)
        assert digests.of(path) == first

    def test_a_file_that_was_written_again_is_read_again(self, tmp_path, monkeypatch):
        monkeypatch.setattr("qit4n_kg.loading._SETTLED", -1)
        path = tmp_path / "a"
        digests = FileDigests()
        found = set()
        for text in ("one", "two", "six"):
            self.old(path, text)
            found.add(digests.of(path))
        assert len(found) == 3

    def test_a_file_that_was_just_written_is_not_trusted(self, tmp_path):
        path = tmp_path / "a"
        path.write_text("one")
        digests = FileDigests()
        digests.of(path)
        assert digests._known == {}
