"""Guards the shapes: each has a valid and an invalid example, every constraint is broken somewhere, and the shipped data conform.

`shapes/{NodeShape}/valid.ttl` must have no result at all; each `# expect:` line of `invalid.ttl` is one result (severity, shape,
focus, path), and there are no others. All examples stand beside `shapes/context.ttl`; none is of the body whose data is shipped.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
import rdflib
from pyoxigraph import BlankNode, DefaultGraph, NamedNode, Quad, RdfFormat, parse
from rdflib import OWL, RDF, RDFS, SH

from qit4n_kg import loading
from qit4n_kg.loading import SourceKind, find_sources
from qit4n_kg.namespaces import DCTERMS, DEFAULT_BASE_IRI, STDORG, STDORG_SHAPES
from qit4n_kg.reporting import Report, Severity, write_path
from qit4n_kg.synthetic.world import generate
from qit4n_kg.validation import Shapes, load_shapes, validate

ROOT = Path(__file__).parents[2]
EXAMPLES = Path(__file__).parent / "shapes"
NAMES = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())
EXPECT = re.compile(r"^# expect: (\S+) (\S+) (\S+) (.+)$", re.MULTILINE)
TARGETS = (SH.targetClass, SH.targetSubjectsOf)
OVERRULED = NamedNode("https://example.org/overruled-passage")
ABOUT_SHAPES = {SH.path, SH.name, SH.message, SH.order, SH.severity, SH.property, *TARGETS}
CONSTRAINT_OF = {
    SH.qualifiedValueShape: None,  # counted by sh:qualifiedMinCount
    SH.qualifiedMinCount: "QualifiedMinCountConstraintComponent",
    SH["class"]: "ClassConstraintComponent",
    SH["or"]: "OrConstraintComponent",
    SH["not"]: "NotConstraintComponent",
    SH.sparql: "SPARQLConstraintComponent",
}


@cache
def shapes() -> Shapes:
    return load_shapes(ROOT / "shapes")


@cache
def ontology() -> rdflib.Graph:
    graph = rdflib.Graph()
    for path in sorted((ROOT / "ontology").glob("*.ttl")):
        graph.parse(path)
    return graph


@cache
def report_on(name: str, example: str) -> Report:
    """Validate an example beside the context; those of single passages stand in an overruled graph, which nothing else judges."""
    graph = OVERRULED if name == "evidence" else DefaultGraph()
    data = [Quad(t.subject, t.predicate, t.object, graph) for t in triples(EXAMPLES / name / f"{example}.ttl")]
    return validate([*triples(EXAMPLES / "context.ttl"), *data], shapes(), ontology())


def triples(path: Path) -> list[Quad]:
    return list(parse(path=path, format=RdfFormat.TURTLE))


def named(iri: str) -> str:
    return iri.removeprefix(STDORG_SHAPES)


def focus_name(term: object) -> str:
    if isinstance(term, BlankNode):
        return "[]"
    assert isinstance(term, NamedNode)
    return term.value.replace("https://example.org/", ":")


def expected(name: str) -> Counter[tuple[str, ...]]:
    return Counter(EXPECT.findall((EXAMPLES / name / "invalid.ttl").read_text(encoding="utf-8")))


def targeted(graph: rdflib.Graph) -> set[rdflib.term.Node]:
    return {shape for target in TARGETS for shape in graph.subjects(target)}


def constraints(graph: rdflib.Graph) -> set[tuple[str, str]]:
    """Return (shape, constraint component) of everything that can have a result: targeted shapes and their properties."""
    direct = targeted(graph)
    reporting = direct | {prop for shape in direct for prop in graph.objects(shape, SH.property)}
    found = set()
    for shape in reporting:
        for parameter in graph.predicates(shape):
            if not str(parameter).startswith(str(SH)) or parameter in ABOUT_SHAPES:
                continue
            local = str(parameter).removeprefix(str(SH))
            component = CONSTRAINT_OF.get(parameter, f"{local[0].upper()}{local[1:]}ConstraintComponent")
            if component is not None:
                found.add((named(str(shape)), component))
    return found


def test_every_targeted_shape_has_examples():
    assert {named(str(shape)) for shape in targeted(shapes().merged)} == set(NAMES) - {"evidence"}


def test_the_context_of_the_examples_has_no_result():
    assert validate(triples(EXAMPLES / "context.ttl"), shapes(), ontology()).to_text() == "Conforms: nothing to remark."


def test_the_shipped_data_conform_without_a_warning():
    sources = find_sources(ROOT, f"{DEFAULT_BASE_IRI}graph/")
    data = [quad for source in sources if source.kind is SourceKind.DATA for quad in loading.parse(source)]
    assert validate(data, shapes(), ontology(), sources).to_text() == "Conforms: nothing to remark."


def test_what_is_published_conforms_with_its_entailments_too(graph_store):
    """What is served, validated as it stands, brings nothing new: a download can be contributed back."""
    published = list(graph_store.quads(graph=DefaultGraph()))
    assert validate(published, shapes(), ontology()).to_text() == "Conforms: nothing to remark."


def test_a_synthetic_world_conforms():
    reference = next(
        s for s in find_sources(ROOT, f"{DEFAULT_BASE_IRI}graph/") if s.relative == "data/reference/concepts.ttl"
    )
    data = [*loading.parse(reference), *generate(2_000, 7, DEFAULT_BASE_IRI)]
    assert validate(data, shapes(), ontology()).to_text() == "Conforms: nothing to remark."


@pytest.mark.parametrize("name", NAMES)
def test_a_valid_example_has_no_result(name):
    assert report_on(name, "valid").to_text() == "Conforms: nothing to remark."


@pytest.mark.parametrize("name", NAMES)
def test_an_invalid_example_has_exactly_the_expected_results(name):
    found = Counter(
        (result.severity.value, named(result.shape), focus_name(result.focus), result.path or "-")
        for result in report_on(name, "invalid").results
    )
    assert found == expected(name)


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"evidence"}))
def test_the_invalid_example_of_a_shape_breaks_that_shape(name):
    own = {name, *(named(str(p)) for p in shapes().merged.objects(rdflib.URIRef(STDORG_SHAPES + name), SH.property))}
    assert own & {named(result.shape) for result in report_on(name, "invalid").results}


def test_every_constraint_is_broken_by_some_invalid_example():
    broken = {
        (named(result.shape), result.component.removeprefix(str(SH)))
        for name in NAMES
        for result in report_on(name, "invalid").results
    }
    assert (constraints(shapes().merged) | constraints(shapes().passage)) - broken == set()


def test_every_valid_example_reaches_the_properties_of_its_shape():
    """A path that no valid example fills could be misspelt without anyone noticing."""
    unreached = []
    for name in set(NAMES) - {"evidence"}:
        stated = {
            q.predicate.value for q in [*triples(EXAMPLES / name / "valid.ttl"), *triples(EXAMPLES / "context.ttl")]
        }
        for prop in shapes().merged.objects(rdflib.URIRef(STDORG_SHAPES + name), SH.property):
            path = shapes().merged.value(prop, SH.path)
            if (most := shapes().merged.value(prop, SH.maxCount)) is not None and int(most) == 0:
                continue  # what must never be stated has no valid example
            if isinstance(path, rdflib.URIRef) and str(path) not in stated:
                unreached.append((name, write_path(shapes().merged, path)))
    assert unreached == []


@pytest.mark.parametrize("graph", [shapes().merged, shapes().passage], ids=["merged", "passage"])
def test_property_shapes_are_named_explained_and_graded(graph):
    for prop in set(graph.subjects(RDF.type, SH.PropertyShape)) | set(graph.objects(None, SH.property)):
        assert isinstance(prop, rdflib.URIRef)
        assert (prop, RDF.type, SH.PropertyShape) in graph, prop
        for needed in (SH.path, SH.name, SH.message, SH.severity):
            assert len(list(graph.objects(prop, needed))) == 1, (prop, needed)
        message = graph.value(prop, SH.message)
        assert message.language == "en", prop
        assert message[0].isupper() or message[0] == '"', prop
        assert message.endswith("."), prop


def test_a_message_names_the_property_that_it_is_about():
    graph = shapes().merged + shapes().passage
    for prop in graph.subjects(RDF.type, SH.PropertyShape):
        path = graph.value(prop, SH.path)
        is_internal = (None, SH.property, prop) in graph and not any(
            shape in targeted(graph) for shape in graph.subjects(SH.property, prop)
        )
        if isinstance(path, rdflib.URIRef) and path != RDF.type and not is_internal:
            assert write_path(graph, path) in graph.value(prop, SH.message), prop


def test_node_shapes_that_constrain_on_their_own_say_why():
    graph = shapes().merged
    for shape in targeted(graph):
        own = {p for p in graph.predicates(shape) if str(p).startswith(str(SH))} - ABOUT_SHAPES - {SH.sparql}
        if own and (shape, RDF.type, SH.NodeShape) in graph:
            assert graph.value(shape, SH.message), shape
        assert graph.value(shape, RDFS.label) or graph.value(shape, SH.name), shape


def test_each_term_that_shapes_use_is_one_of_the_ontology():
    graph = shapes().merged + shapes().passage
    used = {t for triple in graph for t in triple if str(t).startswith(STDORG) and isinstance(t, rdflib.URIRef)}
    assert {str(term) for term in used if (term, RDF.type, None) not in ontology()} == set()


def test_each_property_of_the_ontology_has_a_shape():
    kinds = (OWL.ObjectProperty, OWL.DatatypeProperty)
    own = {p for kind in kinds for p in ontology().subjects(RDF.type, kind) if str(p).startswith(STDORG)}
    paths = set(shapes().merged.objects(None, SH.path)) | set(shapes().merged.objects(None, RDF.first))
    assert {str(prop) for prop in own - paths} == set()


def test_each_datatype_property_of_the_ontology_has_a_shape_for_passages():
    own = {p for p in ontology().subjects(RDF.type, OWL.DatatypeProperty) if str(p).startswith(STDORG)}
    assert {str(prop) for prop in own - set(shapes().passage.objects(None, SH.targetSubjectsOf))} == set()


def test_the_class_that_a_shape_asks_for_is_no_narrower_than_the_range_in_the_ontology():
    """A narrower one refuses what the ontology allows; who holds a role is the exception: a person, for now."""
    graph, narrower = shapes().merged, {}
    for prop in graph.subjects(RDF.type, SH.PropertyShape):
        path, wanted = graph.value(prop, SH.path), graph.value(prop, SH["class"])
        ranges = set(ontology().objects(path, RDFS.range)) if isinstance(path, rdflib.URIRef) else set()
        is_internal = not any(shape in targeted(graph) for shape in graph.subjects(SH.property, prop))
        if wanted and ranges and not is_internal and wanted not in ranges:
            narrower[named(str(prop))] = named(str(wanted))
    assert set(narrower) <= {"RoleHeld-agent"}


def test_shapes_name_nothing_of_one_body():
    own = "https://w3id.org/qit4n/"
    assert not [triple for triple in shapes().merged + shapes().passage if any(own in str(term) for term in triple)]


def test_shapes_have_their_titles():
    titles = list(shapes().merged.subjects(RDF.type, OWL.Ontology))
    assert len(titles) == len(list((ROOT / "shapes").glob("*.ttl")))
    assert all((title, rdflib.URIRef(f"{DCTERMS}title"), None) in shapes().merged for title in titles)


def test_severities_are_known():
    graph = shapes().merged + shapes().passage
    known = {SH[severity.value] for severity in Severity}
    assert set(graph.objects(None, SH.severity)) <= known
