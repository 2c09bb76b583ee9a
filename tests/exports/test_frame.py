"""Guards what all exports share: names, headings, the same bytes by HTTP and by command, ETags, bounds, reports of loss."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest

from exports.conftest import QUERIES, REGISTRY, made, made_anew, material_of
from exports.worlds import ID, of_text, quads
from qit4n_kg.commands.export import write_export
from qit4n_kg.errors import (
    NotFoundError,
    ParameterError,
    QueryMemoryError,
    QueryTimeoutError,
    ResultTooLargeError,
    SourceError,
)
from qit4n_kg.exports.keeping import KeptExports
from qit4n_kg.exports.loss import report_loss
from qit4n_kg.exports.registry import read_registry
from qit4n_kg.sparql import names_in
from qit4n_kg.store.generations import Generations
from system.server import run

EXAMPLES = [export.example for export in REGISTRY]


def current(settings):
    return Generations(settings.state_dir, settings.keep_generations).current()


def test_an_unknown_name_is_told_with_the_known_ones():
    with pytest.raises(NotFoundError, match=r"There are: .*relaton\.xml"):
        REGISTRY.find("relaton.pdf")


@pytest.mark.parametrize("name", ["csvw/nosuch.csv", "nosuch.jsonl", "nosuch.parquet"])
def test_an_unknown_table_is_told_with_all_tables(name):
    with pytest.raises(NotFoundError) as caught:
        REGISTRY.find(name)
    tables = REGISTRY.find("workbook.xlsx").export.description.argument.values
    assert caught.value.hint == f"In {name.replace('nosuch', '{table}')} the table is one of {', '.join(tables)}."


def test_the_list_of_the_command_names_all_that_can_be_asked_for(own_state):
    said = run("export", "list", state=own_state.state_dir).stdout
    for export in REGISTRY:
        assert f"  {export.name}  {export.label}\n" in said
        for parameter in export.description.query.parameters:
            argument = export.description.argument
            assert f"-p {parameter.name}=" in said or (argument is not None and argument.name == parameter.name)
    assert all(table in said for table in REGISTRY.find("workbook.xlsx").export.description.argument.values)
    assert "{group}: itu-t-sg11, itu-t-sg13, itu-t-sg15, itu-t-sg17" in said, "of the graph that is built"
    assert ". For " not in said
    assert "OAI-PMH 2.0 at /oai, the change feed at /feed" in said
    assert "Licence of the data: https://creativecommons.org/licenses/by/4.0/." in said


@pytest.mark.parametrize(("path", "headers"), [("/exports", {"Accept": "application/json"}), ("/exports.json", {})])
def test_programs_get_the_list_as_json(client, path, headers):
    answer = client.get(path, headers=headers)
    assert answer.content_type.split(";")[0] == "application/json"
    listed = {one["name"]: one for one in answer.json["exports"]}
    assert list(listed) == [export.name for export in REGISTRY]
    assert len(listed["csvw/{table}.csv"]["arguments"]["table"]) == 20
    assert listed["workbook.xlsx"]["arguments"] == {}
    assert [one["name"] for one in listed["dump.nq"]["parameters"]] == ["entailed"]
    assert answer.json["generation"]["dataset"].startswith("sha256:")


def test_each_listed_example_and_loss_report_is_there(client):
    for one in client.get("/exports.json").json["exports"][:1]:
        assert client.head(one["example"]).status_code == client.head(one["loss"]).status_code == 200


@pytest.mark.parametrize("name", ["deliverables.bib", "deliverables.ris", "meetings.jsonl", "csl.json"])
def test_what_people_can_read_is_shown_and_not_only_kept(client, name):
    assert client.head(f"/exports/{name}").headers["Content-Disposition"].startswith("inline")


@pytest.mark.parametrize("line", ["# module: x", "# consumer: y", "# question: z"])
def test_a_heading_that_lacks_something_is_told(tmp_path, line):
    heading = ["# title: T", "# question: Q?", "# export: a.txt | text/plain | A", "# module: x", "# consumer: y"]
    kept = [other for other in heading if not other.startswith(line.rpartition(" ")[0])]
    (tmp_path / "a.rq").write_text("\n".join([*kept, "ASK {}"]))
    with pytest.raises(SourceError):
        read_registry(tmp_path)


@pytest.mark.parametrize("description", REGISTRY.descriptions, ids=lambda description: description.id)
def test_the_mapping_names_what_the_query_names(description):
    from qit4n_kg.exports.facts import expand

    mapped = {expand(place.term) for place in description.mappings}
    assert mapped, "an export has a mapping"
    reached = {expand(f"stdorg:{name}") for name in ("RoleHeld", "StatusReport", "ProposedRecipient", "Deliverable")}
    assert mapped - names_in(description.query.text) <= reached, "classes that a query reaches by a property"


@pytest.mark.parametrize("name", EXAMPLES)
def test_http_and_command_give_the_same_bytes(client, own_state, tmp_path, name):
    path = next(export.example_path for export in REGISTRY if export.example == name)
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.content_type.split(";")[0] == REGISTRY.find(name).export.media_type
    write_export(own_state, name, {}, tmp_path / "made")  # what the command calls; a process each would take minutes
    assert (tmp_path / "made").read_bytes() == answer.data


def test_the_command_writes_to_standard_output(client, own_state):
    done = run("export", "relaton.xml", state=own_state.state_dir)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.encode() == client.get("/exports/relaton.xml").data


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_same_graph_makes_the_same_bytes(graph_store, name):
    assert made_anew(graph_store, name) == made(graph_store, name)


def test_an_etag_saves_the_second_time(client):
    first = client.get("/exports/relaton.xml")
    again = client.get("/exports/relaton.xml", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    other = client.get("/exports/relaton.yaml")
    assert other.headers["ETag"] != first.headers["ETag"]


def test_a_coded_export_is_the_same_text(client):
    import gzip

    plain = client.get("/exports/relaton.xml")
    coded = client.get("/exports/relaton.xml", headers={"Accept-Encoding": "gzip"})
    assert coded.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(coded.data) == plain.data
    assert coded.headers["ETag"] != plain.headers["ETag"]


def test_head_has_the_length_and_no_body(client):
    answer = client.head("/exports/relaton.xml")
    assert answer.data == b""
    assert int(answer.headers["Content-Length"]) == len(client.get("/exports/relaton.xml").data)


def test_the_page_lists_every_export_with_its_consumer(client):
    page = client.get("/exports").get_data(as_text=True)
    for export in REGISTRY:
        assert f'href="{export.example_path}"' in page
        assert f'href="{export.example_path}?report=loss"' in page


def test_the_page_tells_for_each_format_consumer_licence_and_examples(client):
    page = client.get("/exports", headers={"Host": "kg.example.org"}).get_data(as_text=True)
    overview, *sections = page.split('<section class="panel"')[1:]
    for description in REGISTRY.descriptions:
        assert f'href="#{description.id}"' in overview
        section = next(one for one in sections if f'id="{description.id}"' in one)
        first = REGISTRY.of(description)[0]
        assert section.count('rel="license">CC BY 4.0</a>') == 1
        assert f"curl -O http://kg.example.org{first.example_path}</code>" in section
        assert f"qit4n-kg export {first.example} -o " in section
    assert "DataCite" in overview, "what is not on offer is said"


@pytest.mark.parametrize("path", ["/exports/deliverables.bib", "/calendar.ics"])
def test_a_file_is_sent_with_its_licence_whatever_the_format_can_say(client, path):
    answer = client.get(path)
    told = '<https://creativecommons.org/licenses/by/4.0/>; rel="license"'
    assert told in answer.headers.getlist("Link")
    unchanged = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (unchanged.status_code, told in unchanged.headers.getlist("Link")) == (304, True)


def test_no_licence_is_told_where_none_is_stated(client):
    settings = client.application.extensions["knowledge_graph"].settings
    with patch.object(client.application.extensions["knowledge_graph"], "settings", replace(settings, data=Path("x"))):
        page = client.get("/exports").get_data(as_text=True)
        file = client.get("/exports/deliverables.bib")
    assert 'rel="license"' not in str(file.headers.getlist("Link"))
    main = page.partition("<main")[2].partition("</main>")[0]
    assert "CC BY" not in main
    assert main.count("<dd>none is stated</dd>") == len(REGISTRY.descriptions) + 1


def test_an_unknown_parameter_is_400(client):
    answer = client.get("/exports/relaton.xml?colour=red")
    assert answer.status_code == 400
    assert answer.json["type"] == "/problems/parameter"
    assert client.get("/exports/relaton.xml?report=gain").status_code == 400


def test_a_device_or_a_link_is_written_to_and_not_replaced(client, own_state, tmp_path):
    link, behind = tmp_path / "link", tmp_path / "behind"
    link.symlink_to(behind)
    write_export(own_state, "csl.json", {}, link)
    assert link.is_symlink()
    assert behind.read_bytes() == client.get("/exports/csl.json").data
    os.mkfifo(tmp_path / "pipe")
    reading = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_export(own_state, "csl.json", {}, tmp_path / "pipe")
    assert os.read(reading, 20) == behind.read_bytes()[:20]
    os.close(reading)
    assert (tmp_path / "pipe").is_fifo()


def test_the_command_tells_an_unknown_export_in_one_line(own_state):
    done = run("export", "relaton.pdf", state=own_state.state_dir)
    assert done.returncode == 2
    assert "There is no export 'relaton.pdf'" in done.stderr


def test_the_command_lists_the_exports(own_state):
    done = run("export", "list", state=own_state.state_dir)
    assert all(export.name in done.stdout for export in REGISTRY)


# --- bounds ---------------------------------------------------------------------------------------------------------------


def test_an_export_over_the_bound_is_an_error_and_nothing_is_kept(own_state, tmp_path):
    kept = KeptExports(replace(own_state, state_dir=tmp_path, result_bytes=1000))
    with pytest.raises(ResultTooLargeError):
        kept.open(current(own_state), REGISTRY.find("relaton.xml"))
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".made", ".partial")]


def test_an_export_has_a_deadline(own_state, tmp_path):
    kept = KeptExports(replace(own_state, state_dir=tmp_path, export_timeout=0.01))
    with pytest.raises(QueryTimeoutError, match=r"0\.01 seconds"):
        kept.open(current(own_state), REGISTRY.find("relaton.xml"))


@pytest.mark.parametrize("status", [-6, -9], ids=["aborted", "killed"])
def test_a_process_that_ends_at_the_memory_limit_is_told_so(own_state, tmp_path, monkeypatch, status):
    ended = subprocess.CompletedProcess([], status, b"", b"")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: ended)
    kept = KeptExports(replace(own_state, state_dir=tmp_path, query_memory=64 * 1024 * 1024))
    with pytest.raises(QueryMemoryError, match="64 MiB"):
        kept.open(current(own_state), REGISTRY.find("relaton.xml"))


def test_an_export_is_made_once_and_goes_with_its_generation(own_state, tmp_path):
    kept = KeptExports(replace(own_state, state_dir=tmp_path))
    generation = current(own_state)
    with kept.open(generation, REGISTRY.find("relaton.xml")) as file:
        first = file.read()
    (made_file,) = (tmp_path / "exports").rglob("*.made")
    changed = made_file.stat().st_mtime_ns
    with kept.open(generation, REGISTRY.find("relaton.xml")) as file:
        assert file.read() == first
    assert made_file.stat().st_mtime_ns == changed
    later = replace(generation, manifest=replace(generation.manifest, number=99))
    kept.open(later, REGISTRY.find("relaton.yaml")).close()
    assert not made_file.exists()


# --- loss -----------------------------------------------------------------------------------------------------------------


def test_a_packed_file_loses_what_the_plain_one_does(graph_store):
    plain, packed = (report_loss(material_of(graph_store, name)) for name in ("dump.ttl", "dump.ttl.gz"))
    assert replace(packed, name="") == replace(plain, name="")


@pytest.mark.parametrize("name", [name for name in EXAMPLES if not name.endswith((".gz", ".zst"))])
def test_what_is_carried_and_lost_is_everything(graph_store, name):
    report = report_loss(material_of(graph_store, name))
    assert sum(field.facts for field in report.fields) == report.facts
    assert sum(field.lost for field in report.fields) == report.lost == len(report.listed)
    assert sum(group.facts for group in report.groups) == report.lost
    assert Counter((fact.reason, fact.kind) for fact in report.listed) == {
        (group.reason.value, group.kind): group.facts for group in report.groups
    }
    assert (report.facts > report.lost) is (name != "void.ttl"), "VoID counts facts and holds none"


def test_each_fact_is_lost_for_one_reason():
    store = of_text("Text")
    store.add(
        quads(
            {
                "id:fg-x/deliverable/d1": {"stdorg:remark": "no field", "dcterms:issued": ["2031-01-01", "2031-01-02"]},
                "id:person/other": {"rdf:type": "stdorg:Person", "rdfs:label": "Edits nothing"},
                "id:fg-x/plan": {"rdf:type": "stdorg:EventPlan", "rdfs:label": "No exact day"},
            }
        )
    )
    lost = {
        name: {(fact.reason, fact.subject.removeprefix(ID), fact.property) for fact in report.listed}
        for name in ("relaton.xml", "calendar.ics")
        if (report := report_loss(material_of(store, name)))
    }
    assert lost["relaton.xml"] >= {
        ("property", "fg-x/deliverable/d1", "stdorg:remark"),
        ("thing", "person/other", "rdfs:label"),
        ("class", "fg-x/meeting/1", "schema:startDate"),
    }
    assert not any(subject == "fg-x/plan" and reason != "class" for reason, subject, _ in lost["relaton.xml"])
    assert ("left-out", "fg-x/plan", "rdfs:label") in lost["calendar.ics"]


def test_a_value_that_no_cell_shows_is_lost_though_its_property_is_there(graph_store):
    report = report_loss(material_of(graph_store, "workbook.xlsx"))
    assert {reason.value for reason, _ in report.by_reason()} == {"property", "value", "thing", "class"}


def test_the_report_tells_the_reasons_first_and_what_has_lost_most(graph_store):
    report = report_loss(material_of(graph_store, "relaton.xml"))
    text = report.to_text()
    said = [(reason, sum(group.facts for group in groups)) for reason, groups in report.by_reason()]
    head = text.partition("\n\n")[0].splitlines()
    assert [line.split()[:2] for line in head[1:]] == [[f"{facts:,}", reason.value] for reason, facts in said]
    for _, groups in report.by_reason():
        assert [group.facts for group in groups] == sorted((group.facts for group in groups), reverse=True)
    assert "stdorg:Deliverable                                11  in 11 things" in text
    assert "stdorg:Person                                     32  in 7 of 32 things" in text
    document = json.loads(report.to_json())
    assert list(document).index("reasons") < list(document).index("lostFacts")
    assert document["reasons"][0]["classes"][0]["properties"]["stdorg:nameAsStated"] == 31
    assert document["lostFacts"][0]["reason"] == document["reasons"][0]["reason"] == "property"


@pytest.mark.parametrize(
    ("name", "is_carried"), [("dump.nq", True), ("dump.trig.gz", True), ("dump.ttl", False), ("csl.json", False)]
)
def test_the_report_tells_whether_the_file_keeps_who_says_so(graph_store, name, is_carried):
    report = report_loss(material_of(graph_store, name))
    assert report.evidence.is_carried is is_carried
    assert report.evidence.statements > report.facts > report.evidence.overruled > 0
    assert ("Who says so is not in it" in report.to_text()) is not is_carried


def test_the_report_is_the_same_by_http_and_by_command(client, own_state):
    answer = client.get("/exports/relaton.xml?report=loss")
    done = run("export", "relaton.xml", "--loss", "--format", "json", state=own_state.state_dir)
    assert json.loads(done.stdout) == answer.json
    page = client.get("/exports/relaton.xml?report=loss", headers={"Accept": "text/html"})
    text = page.get_data(as_text=True)
    assert "facts have a place in this format" in text
    assert text.index("No field for the property") < text.index("stdorg:RoleHeld")
    assert 'href="?report=loss&amp;format=json"' in text
    asked = client.get("/exports/relaton.xml?report=loss&format=json", headers={"Accept": "text/html"})
    assert asked.json == answer.json
    assert client.get("/exports/relaton.xml?report=loss&format=csv").status_code == 400


def test_an_argument_that_no_query_takes_is_refused(graph_store):
    with pytest.raises(ParameterError):
        made(graph_store, "relaton.xml", {"colour": "red"})


def test_every_query_of_the_folder_is_an_export_or_belongs_to_one():
    names = {path.stem for path in (QUERIES / "exports").glob("*.rq")}
    assert names == {description.id for description in REGISTRY.descriptions} | {"stating-graphs"}
