"""Guards `/oai` by what no one here wrote: the protocol's XML Schemas, Relaton's grammar, sickle and oaipmh-scythe."""

from __future__ import annotations

import fcntl
import gzip
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from hypothesis import HealthCheck, given, settings
from lxml import etree
from oaipmh_scythe import Scythe, exceptions
from sickle import Sickle, oaiexceptions

from conftest import Quiet
from exports.conftest import REGISTRY, made, material_of
from exports.oai import DC, OAI, WRAPPER, check, texts
from exports.test_relaton import ANNEX_A, GRAMMAR, read_grammar
from exports.worlds import TEXTS, filled, of_text, quads
from harvesting.repository import code_of
from qit4n_kg.building import build
from qit4n_kg.config import load_settings
from qit4n_kg.exports.deliverables import clean
from qit4n_kg.harvesting.answers import Harvest, Repository, answer
from qit4n_kg.harvesting.index import Origin, opened, write_index
from qit4n_kg.harvesting.records import read_records, read_sets
from qit4n_kg.store.oxigraph import OxigraphStore
from qit4n_kg.tokens import Role, Tokens
from qit4n_kg.web.app import create_app
from system.server import serving

__all__ = ["check"]

D11 = "oai:w3id.org:qit4n/id/fg-qit4n/deliverable/d1.1"
FORM = "application/x-www-form-urlencoded"
BASE = "https://w3id.org/qit4n/"
PREFIXES = f"""PREFIX s: <https://w3id.org/stdorg/ns#> PREFIX t: <http://purl.org/dc/terms/> PREFIX d: <{BASE}id/d/>"""


@pytest.fixture(scope="module")
def shipped(own_state, tmp_path_factory):
    """A client of the shipped graph, whose register is the test's own."""
    folder = tmp_path_factory.mktemp("oai-journal")
    app = create_app(replace(own_state, journal_dir=folder, contact="mailto:registry@example.org", oai_page=7))
    yield app.test_client()
    app.extensions["knowledge_graph"].close()


@pytest.fixture(scope="module")
def get(shipped):
    def ask(**arguments):
        response = shipped.get(f"/oai?{urlencode(arguments)}")
        assert (response.status_code, response.content_type) == (200, "text/xml; charset=utf-8")
        return etree.fromstring(response.data)

    return ask


def whole_list(ask, verb, **arguments):
    pages = [ask(verb=verb, **arguments)]
    while tokens := [token for token in texts(pages[-1], "resumptionToken") if token]:
        pages.append(ask(verb=verb, resumptionToken=tokens[0]))
    return pages


def harvest_of(store, folder, page=100):
    """A function that answers requests about a store, without a server."""
    material = material_of(store, "oai_dc.xml")
    sets = read_sets(material)
    origin = Origin(BASE, "it", "2031-04-01T12:00:00Z")
    head = write_index(
        folder / "journal", folder / "it.sqlite", origin, read_records(material, REGISTRY, sets, ()), sets.names
    ).head
    repository = Repository("http://localhost/oai", BASE, "me@example.org", ("gzip",), page)

    def ask(**arguments):
        with opened(folder / "it.sqlite") as index:
            return etree.fromstring(
                answer(list(arguments.items()), Harvest(index, head, "2031-04-01T12:00:01Z"), repository)
            )

    return ask


def alone(element):
    return etree.tostring(element, method="c14n", exclusive=True, with_tail=False)


# --- by the schemas -------------------------------------------------------------------------------------------------------


def test_the_schemas_accept_every_verb(get, check):
    assert len(whole_list(get, "ListRecords", metadataPrefix="oai_dc")) > 3
    for answered in (
        get(verb="Identify"),
        get(verb="ListMetadataFormats"),
        get(verb="ListMetadataFormats", identifier=D11),
        *whole_list(get, "ListSets"),
        *(page for prefix in ("oai_dc", "relaton") for page in whole_list(get, "ListRecords", metadataPrefix=prefix)),
        *whole_list(get, "ListIdentifiers", metadataPrefix="oai_dc"),
        get(verb="GetRecord", identifier=D11, metadataPrefix="relaton"),
    ):
        check(answered)
        assert code_of(answered) is None


def test_the_schemas_accept_every_error(get, check):
    for arguments in (
        {"verb": "Nonsense"},
        {"verb": "ListRecords"},
        {"verb": "ListRecords", "resumptionToken": "nonsense"},
        {"verb": "GetRecord", "identifier": "oai:nobody", "metadataPrefix": "oai_dc"},
        {"verb": "GetRecord", "identifier": '<script>"& %zz', "metadataPrefix": "oai_dc"},
        {"verb": "GetRecord", "identifier": D11, "metadataPrefix": "marc21"},
        {"verb": "ListRecords", "metadataPrefix": "oai_dc", "set": "nothing", "until": "2031-01-01"},
    ):
        answered = get(**arguments)
        check(answered)
        assert code_of(answered)


@pytest.mark.parametrize(
    "mutation",
    [
        lambda page: page.remove(page.find(f"{OAI}responseDate")),
        lambda page: page.find(f".//{OAI}header").remove(page.find(f".//{OAI}identifier")),
        lambda page: page.find(f".//{OAI}metadata").append(etree.Element("bibdata")),
        lambda page: page.find(f".//{OAI}metadata")[0].append(etree.Element(f"{DC}publication")),
        lambda page: page.find(f"{OAI}request").set("verb", "listRecords"),
        lambda page: page.find(f".//{OAI}setSpec").__setattr__("text", "a b"),
    ],
    ids=["no-date", "no-identifier", "no-namespace", "unknown-element", "unknown-verb", "no-set"],
)
def test_the_schemas_refuse_a_spoiled_answer(get, check, mutation):
    page = get(verb="ListRecords", metadataPrefix="oai_dc")
    check(page)
    mutation(page)
    with pytest.raises(etree.DocumentInvalid):
        check(page)


def test_the_schemas_refuse_an_identify_without_an_email(get, check):
    page = get(verb="Identify")
    page.find(f"{OAI}Identify").remove(page.find(f".//{OAI}adminEmail"))
    with pytest.raises(etree.DocumentInvalid, match="adminEmail"):
        check(page)


def test_relaton_inside_is_what_its_grammar_wants(get):
    found = [one for page in whole_list(get, "ListRecords", metadataPrefix="relaton") for one in page.iter(WRAPPER)]
    assert sorted(one.findtext("bibdata/docnumber") for one in found) == ANNEX_A
    if not GRAMMAR.is_file():
        pytest.skip("The grammar of relaton-itu is not beside this checkout.")
    for one in found:
        item = etree.fromstring(etree.tostring(one.find("bibdata")))
        assert read_grammar().validate(item), read_grammar().error_log


def test_the_schema_of_the_element_around_relaton_is_served(get, shipped):
    stated = get(verb="ListMetadataFormats").xpath("//*[local-name()='schema' and contains(., 'relaton')]")[0].text
    served = shipped.get(stated.removeprefix("http://localhost"))
    assert etree.XMLSchema(etree.fromstring(served.data))


def test_identify_says_what_holds(get, check):
    found = get(verb="Identify")
    assert texts(found, "baseURL") == ["http://localhost/oai"]
    assert texts(found, "adminEmail") == ["registry@example.org"]
    assert texts(found, "deletedRecord") == ["persistent"]
    dates = [
        date
        for page in whole_list(get, "ListIdentifiers", metadataPrefix="oai_dc")
        for date in texts(page, "datestamp")
    ]
    assert texts(found, "earliestDatestamp")[0] <= min(dates)
    sample = found.findtext(".//{http://www.openarchives.org/OAI/2.0/oai-identifier}sampleIdentifier")
    assert code_of(get(verb="GetRecord", identifier=sample, metadataPrefix="oai_dc")) is None


def test_the_records_are_those_of_the_export(get, export):
    pages = whole_list(get, "ListRecords", metadataPrefix="oai_dc")
    served = [alone(one[0]) for page in pages for one in page.iter(f"{OAI}metadata")]
    assert sorted(served) == sorted(alone(one) for one in etree.fromstring(export("oai_dc.xml")))


def test_what_sg13_is_proposed_to_receive_is_a_set(get, graph_store):
    query = """PREFIX stdorg: <https://w3id.org/stdorg/ns#> PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
      SELECT ?code { ?p stdorg:recipient <https://w3id.org/qit4n/id/body/itu-t-sg13> ; stdorg:proposedFor/skos:notation ?code }"""
    stated = sorted(row[0].value for row in graph_store.query(query))
    pages = whole_list(get, "ListRecords", metadataPrefix="relaton", set="recipient:itu-t-sg13")
    assert sorted(one.text for page in pages for one in page.iter("docnumber")) == stated


# --- over HTTP ------------------------------------------------------------------------------------------------------------


def test_post_is_answered_as_get_is(shipped):
    arguments = {"verb": "GetRecord", "identifier": D11, "metadataPrefix": "oai_dc"}
    by_post = shipped.post("/oai", data=arguments)
    assert by_post.status_code == 200
    assert D11 in texts(etree.fromstring(by_post.data), "identifier")
    assert code_of(etree.fromstring(shipped.post("/oai?verb=Identify", data={"verb": "Identify"}).data)) == "badVerb"
    assert shipped.post("/oai", data=b"{}", content_type="application/json").status_code == 415


def test_an_answer_is_compressed_as_identify_says(shipped, get):
    assert "gzip" in texts(get(verb="Identify"), "compression")
    coded = shipped.get("/oai?verb=ListSets", headers={"Accept-Encoding": "gzip"})
    assert coded.headers["Content-Encoding"] == "gzip"
    assert b"<ListSets>" in gzip.decompress(coded.data)


def test_a_harvest_that_is_not_ready_in_time_is_503_with_retry_after(own_state, tmp_path):
    app = create_app(replace(own_state, journal_dir=tmp_path, query_timeout=0.01))
    try:
        client = app.test_client()
        (tmp_path / "oai-pmh").mkdir()
        with (tmp_path / "oai-pmh" / "making").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            answered = client.get("/oai?verb=Identify")
        assert answered.status_code == 503
        assert int(answered.headers["Retry-After"]) > 0
    finally:
        app.extensions["knowledge_graph"].close()


# --- any graph, any text --------------------------------------------------------------------------------------------------


def test_the_second_body_is_harvested(second_store, tmp_path, check):
    ask = harvest_of(second_store, tmp_path)
    page = ask(verb="ListRecords", metadataPrefix="oai_dc")
    check(page)
    assert "draft-netf-queue-names-03" in texts(page, "dc:identifier")
    assert "2031-03-01" in texts(page, "dc:date")
    check(ask(verb="ListSets"))
    assert any(spec.startswith("group:fg-exq") for spec in texts(ask(verb="ListSets"), "setSpec"))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS)
def test_any_text_comes_back(text, tmp_path_factory, check):
    ask = harvest_of(of_text(text), tmp_path_factory.mktemp("text"))
    page = ask(verb="ListRecords", metadataPrefix="oai_dc")
    check(page)
    assert texts(page, "dc:title")[0] == clean(text)
    assert texts(page, "dc:contributor") == [clean(text)]
    relaton = ask(verb="ListRecords", metadataPrefix="relaton")
    check(relaton)
    assert relaton.find(f".//{WRAPPER}/bibdata").findtext("title") == clean(text)
    check(ask(verb="ListSets"))


def test_what_is_not_used_any_more_has_no_record(tmp_path):
    from exports.worlds import quads, typed

    store = of_text("text")
    store.add(quads({"id:fg-x/deliverable/d1": {"owl:deprecated": typed("true", "boolean")}}))
    assert code_of(harvest_of(store, tmp_path)(verb="ListRecords", metadataPrefix="oai_dc")) == "noRecordsMatch"


def test_the_export_alone_is_valid_record_by_record(graph_store, check):
    records = list(etree.fromstring(made(graph_store, "oai_dc.xml")))
    assert len(records) > 30
    for record in records:
        check(etree.fromstring(etree.tostring(record)))


# --- by harvesters of others ----------------------------------------------------------------------------------------------


def by_sickle(url, prefix, since=None):
    found = Sickle(url, timeout=30).ListRecords(
        metadataPrefix=prefix, ignore_deleted=False, **({"from": since} if since else {})
    )
    return {
        one.header.identifier: None if one.deleted else etree.tostring(one.xml, encoding="unicode") for one in found
    }


def by_scythe(url, prefix, since=None):
    with Scythe(url) as client:
        found = client.list_records(from_=since, metadata_prefix=prefix, ignore_deleted=False)
        return {
            one.header.identifier: None if one.deleted else etree.tostring(one.xml, encoding="unicode") for one in found
        }


CLIENTS = pytest.mark.parametrize("harvest", [by_sickle, by_scythe], ids=["sickle", "scythe"])


@contextmanager
def scratch_server(folder):
    """A server of an empty dataset that takes updates, and a function that makes one."""
    scratch = load_settings({"QIT4N_SOURCES": "none"}, state_dir=folder / "state", journal_dir=folder / "journal")
    build(scratch, Quiet())
    token = Tokens(scratch.journal_dir).create("admin", Role.ADMIN)
    variables = {"QIT4N_SOURCES": "none", "QIT4N_JOURNAL_DIR": str(scratch.journal_dir), "QIT4N_OAI_PAGE": "4"}
    with serving(scratch.state_dir, variables={**variables, "QIT4N_WORKERS": "2", "QIT4N_EXECUTORS": "1"}) as address:

        def update(text):
            body = urlencode({"update": f"{PREFIXES} {text}"}).encode()
            headers = {"Content-Type": FORM, "Authorization": f"Bearer {token}"}
            with urlopen(Request(f"{address}/update", body, headers), timeout=30) as response:
                assert response.status in (200, 204)

        yield f"{address}/oai", update


@pytest.fixture(scope="module")
def changing(tmp_path_factory):
    with scratch_server(tmp_path_factory.mktemp("scratch")) as server:
        yield server


@CLIENTS
def test_a_harvester_follows_what_changes(changing, harvest):
    url, update = changing
    update("DELETE WHERE { ?s ?p ?o }")
    update("INSERT DATA { " + " ".join(f'd:{n} a s:Deliverable ; t:title "Title {n}" .' for n in range(11)) + " }")
    first = {prefix: harvest(url, prefix) for prefix in ("oai_dc", "relaton")}
    names = {f"oai:w3id.org:qit4n/id/d/{n}" for n in range(11)}
    for found in first.values():
        assert {name for name, record in found.items() if record} == names
        assert all(f"Title {name.rpartition('/')[2]}<" in found[name] for name in names)
    since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    time.sleep(1.0)  # the granularity: what changes now is of a later second
    update('DELETE DATA { d:3 t:title "Title 3" } ; INSERT DATA { d:3 t:title "Another" } ; DELETE WHERE { d:5 ?p ?o }')
    for prefix, before in first.items():
        changed = harvest(url, prefix, since)
        late = {name: record for name, record in changed.items() if record is None or "Another" in record}
        assert set(late) == {"oai:w3id.org:qit4n/id/d/3", "oai:w3id.org:qit4n/id/d/5"}
        assert late["oai:w3id.org:qit4n/id/d/5"] is None
        assert {**before, **changed} == harvest(url, prefix), "what was kept is what there is"


def test_the_harvesters_know_the_repository(changing):
    url, update = changing
    update('INSERT DATA { d:1 a s:Deliverable ; t:title "Title" }')
    client = Sickle(url, timeout=30)
    assert client.Identify().deletedRecord == "persistent"
    assert [one.metadataPrefix for one in client.ListMetadataFormats()] == ["oai_dc", "relaton"]
    assert "deliverable" in [one.setSpec for one in client.ListSets()]
    with Scythe(url) as other:
        assert other.identify().granularity == "YYYY-MM-DDThh:mm:ssZ"
        assert "deliverable" in [one.set_spec if hasattr(one, "set_spec") else one.setSpec for one in other.list_sets()]


@contextmanager
def answering(body):
    """A server that answers everything with one body."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/xml")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_): ...

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/oai"
        server.shutdown()


def error_answers(folder):
    """An answer with each code of the protocol, made in process; one record is gone."""
    store = of_text("text")
    harvest_of(store, folder)
    gone = "oai:w3id.org:qit4n/id/fg-x/deliverable/d1"
    left = harvest_of(filled(OxigraphStore.in_memory(), quads({"id:d": {"rdf:type": "stdorg:Document"}})), folder)
    (folder / "new").mkdir()
    empty = harvest_of(OxigraphStore.in_memory(), folder / "new")
    listing = {"verb": "ListRecords", "metadataPrefix": "oai_dc"}
    return {
        "badVerb": left(verb="Nonsense"),
        "badArgument": left(verb="ListRecords"),
        "badResumptionToken": left(verb="ListRecords", resumptionToken="x"),
        "cannotDisseminateFormat": left(verb="ListRecords", metadataPrefix="marc21"),
        "idDoesNotExist": left(verb="GetRecord", metadataPrefix="oai_dc", identifier="oai:w3id.org:no"),
        "noRecordsMatch": left(**listing, **{"from": "2041-01-01"}),
        "noMetadataFormats": left(verb="ListMetadataFormats", identifier=gone),
        "noSetHierarchy": empty(verb="ListSets"),
    }


@CLIENTS
def test_a_harvester_is_told_each_error_of_the_protocol(tmp_path, harvest, check):
    for code, answered in error_answers(tmp_path).items():
        assert code_of(answered) == code
        check(answered)
        # sickle looks for a NoMetadataFormats, and has a NoMetadataFormat
        known = oaiexceptions if harvest is by_sickle else exceptions
        name = "OAIError" if (harvest, code) == (by_sickle, "noMetadataFormats") else code[0].upper() + code[1:]
        with answering(etree.tostring(answered)) as url, pytest.raises(getattr(known, name)):
            harvest(url, "oai_dc")


def test_a_harvester_goes_on_with_its_token_in_a_new_generation(changing):
    url, update = changing
    update("INSERT DATA { " + " ".join(f'd:{n} a s:Deliverable ; t:title "Title {n}" .' for n in range(9)) + " }")
    records = Sickle(url, timeout=30).ListRecords(metadataPrefix="relaton", ignore_deleted=True)
    found = [next(records) for _ in range(4)]
    assert records.resumption_token.token, "the first page is read, the second is not asked for"
    update('DELETE WHERE { d:8 t:title ?title } ; INSERT DATA { d:8 t:title "Another one" }')
    found += records
    read = {one.header.identifier.rpartition("/")[2]: etree.tostring(one.xml, encoding="unicode") for one in found}
    assert read.keys() >= {str(n) for n in range(9)}
    assert "Another one" in read["8"]


@CLIENTS
def test_a_harvester_does_not_read_a_spoiled_answer_as_before(graph_store, tmp_path, harvest):
    whole = etree.tostring(harvest_of(graph_store, tmp_path)(verb="ListRecords", metadataPrefix="oai_dc"))
    with answering(whole) as url:
        read = harvest(url, "oai_dc")
    assert len(read) > 30
    for spoiled in (whole[: len(whole) // 2], whole.replace(b"QIT4N", b"QITAN"), whole.replace(b"d1.1<", b"d1.0<")):
        with answering(spoiled) as url:
            assert harvest(url, "oai_dc") != read
