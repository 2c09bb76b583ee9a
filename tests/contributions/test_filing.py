"""`journal export`: what was accepted stands in files afterwards, the graph stays as it is, and later edits of the files hold."""

import difflib
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad
from tests.conftest import ROOT, Quiet

from qit4n_kg.building import build
from qit4n_kg.committing.orders import GraphWrite
from qit4n_kg.errors import ConfigurationError
from qit4n_kg.filing import file_back
from qit4n_kg.namespaces import STDORG
from qit4n_kg.store.generations import Generations
from qit4n_kg.store.journal import Change, Entry, Journal
from qit4n_kg.store.oxigraph import OxigraphStore
from qit4n_kg.turtle.formatting import format_turtle

ID = "https://w3id.org/qit4n/id/"
LABEL = '<person/qiang-zhang> rdfs:label "Qiang Zhang" .'


@pytest.fixture
def copied(world, tmp_path):
    """The world with sources that may be written."""
    sources = tmp_path / "sources"
    for name in ("ontology", "data", "shapes", "queries"):
        shutil.copytree(ROOT / name, sources / name)
    world.settings = replace(world.settings, sources=sources)
    return world


@pytest.fixture
def ungated(copied):
    """The same without the gate: what is tested here is not what it says."""
    copied.settings = replace(copied.settings, gate=False)
    return copied


def stated(settings):
    """What the default graph says, apart from what the registry says of files."""
    build(settings, Quiet())
    current = Generations(settings.state_dir, settings.keep_generations).current()
    with OxigraphStore.open_read_only(current.store_path) as store:
        text = """SELECT ?s ?p ?o WHERE { ?s ?p ?o FILTER(?p NOT IN (
            <https://w3id.org/stdorg/ns#sourceFile>, <https://w3id.org/stdorg/ns#inForce>) && !isBlank(?s) && !isBlank(?o)) }"""
        return {tuple(map(str, row)) for row in store.query(text)}


def test_the_graph_is_the_same_from_the_files(copied):
    (row,) = copied.select("<fg-qit4n/meeting/1> stdorg:participants ?n")
    statement = f"<fg-qit4n/meeting/1> stdorg:participants {row[0].value} ."
    copied.accept(copied.submit(retracts=LABEL, adds='<person/qiang-zhang> rdfs:label "Q. Zhang" .').contribution)
    overrules = [{"statement": statement, "reason": "The list says so."}]
    second = copied.submit("<fg-qit4n/meeting/1> stdorg:participants 99 .", overrules=overrules).contribution
    copied.accept(second)
    before = stated(copied.settings)
    filed = file_back(copied.settings, Quiet())
    assert "data/reference/people.ttl" in filed.changed
    assert f"data/contribution/{second.id}.ttl" in filed.new
    assert any(name.endswith(f"/overruled-{second.id}.ttl") for name in filed.new)
    assert stated(copied.settings) == before
    for name in (*filed.changed, *filed.new):
        text = (copied.settings.sources / name).read_text()
        assert format_turtle(text) == text
        assert "inForce" not in text


def test_exporting_again_changes_nothing(ungated):
    ungated.accept(ungated.submit('<person/new-one> a stdorg:Person ; rdfs:label "New One" .').contribution)
    first = file_back(ungated.settings, Quiet())
    again = file_back(ungated.settings, Quiet())
    assert (again.changed, again.new, again.position) == ((), (), first.position)


def test_an_edit_of_an_exported_file_holds_against_the_journal(ungated):
    contribution = ungated.submit('<person/new-one> a stdorg:Person ; rdfs:label "New One" .').contribution
    ungated.accept(contribution)
    file_back(ungated.settings, Quiet())
    path = Path(ungated.settings.sources) / "data" / "contribution" / f"{contribution.id}.ttl"
    path.write_text(path.read_text().replace('"New One"', '"Edited One"'))
    labels = {
        o for s, p, o in stated(ungated.settings) if s.endswith("person/new-one>") and p.endswith("rdf-schema#label>")
    }
    assert labels == {'"Edited One"'}


def test_what_only_a_client_wrote_stays_in_the_journal(ungated):
    ungated.write(GraphWrite("PUT", "x:own", '<x:s> <x:p> "1" .'), "root")
    filed = file_back(ungated.settings, Quiet())
    assert filed.left == ("<x:own>",)
    build(ungated.settings, Quiet())
    assert ungated.ask('GRAPH <x:own> { <x:s> <x:p> "1" }')


def test_a_graph_in_force_whose_name_is_no_file_stays_in_the_journal(ungated):
    base = "https://w3id.org/qit4n/graph/"
    names = ["x:own", f"{base}.github/x", f"{base}{'n' * 250}", f"{base}reference/people.ttl/x"]
    adds = [
        Quad(NamedNode(subject), NamedNode(predicate), Literal(value), NamedNode(name))
        for name in (*names, f"{base}sent/x")
        for subject, predicate, value in ((name, f"{STDORG}inForce", True), (f"{name}/s", "x:p", "1"))
    ]
    Journal.read(ungated.settings.journal_dir, ungated.settings.base_iri).append(
        Entry.of(Change(tuple(adds)), "root", "graph-store")
    )
    filed = file_back(ungated.settings, Quiet())
    assert filed.left == tuple(sorted(f"<{name}>" for name in names))
    assert filed.new == ("data/sent/x.ttl",)
    said = {subject for subject, predicate, _ in stated(ungated.settings) if predicate == "<x:p>"}
    assert said == {f"<{name}/s>" for name in (*names, f"{base}sent/x")}


def test_a_changed_statement_is_a_changed_line_of_its_file(ungated):
    path = ungated.settings.sources / "data" / "reference" / "people.ttl"
    before = path.read_text()
    ungated.accept(ungated.submit(retracts=LABEL, adds='<person/qiang-zhang> rdfs:label "Q. Zhang" .').contribution)
    ungated.accept(
        ungated.submit(renames=[{"old": f"{ID}person/bo-lv", "new": f"{ID}person/bo-lyu", "reason": "r"}]).contribution
    )
    file_back(ungated.settings, Quiet())
    changed = [line for line in difflib.ndiff(before.splitlines(), path.read_text().splitlines()) if line[0] in "+-"]
    assert changed == ["- <person/bo-lv>", "+ <person/bo-lyu>", '-     rdfs:label "Qiang Zhang" ;']
    for new in (path.parents[1] / "contribution").glob("*.ttl"):
        assert new.read_text().startswith(f"@base <{ID}> .\n@prefix ")
        assert "</" not in new.read_text()


def test_other_data_are_not_written_to(copied, tmp_path):
    with pytest.raises(ConfigurationError):
        file_back(replace(copied.settings, data=tmp_path / "x.nq"), Quiet())
