"""Guards `/feed`: what clients of LDES, of Atom and caches rely on. LDES 1.0 and its server primer, TREE, RFC 4287, RFC 5005."""

import shutil
import xml.etree.ElementTree as ET
from dataclasses import replace

import pyoxigraph
import pytest
from pyoxigraph import Literal, NamedNode, RdfFormat

from qit4n_kg.committing.commits import commit
from qit4n_kg.committing.orders import PreparedChange
from qit4n_kg.feed.ledger import open_ledger
from qit4n_kg.web.app import create_app

TREE = "https://w3id.org/tree#"
LDES = "https://w3id.org/ldes#"
CREATED = NamedNode("http://purl.org/dc/terms/created")
ATOM = "{http://www.w3.org/2005/Atom}"
HISTORY = "{http://purl.org/syndication/history/1.0}"
FORMATS = {
    "application/trig": RdfFormat.TRIG,
    "application/n-quads": RdfFormat.N_QUADS,
    "application/ld+json": RdfFormat.JSON_LD,
}
PERSON = "https://w3id.org/qit4n/id/person/kaoru-kenyoshi"


@pytest.fixture(scope="module")
def settings(built_state, tmp_path_factory):
    """The shipped graph in a state and a journal of one's own."""
    folder = tmp_path_factory.mktemp("feed")
    shutil.copytree(built_state.state_dir, folder / "state")
    return replace(built_state, state_dir=folder / "state", journal_dir=folder / "journal", executors=1, gate=False)


@pytest.fixture(scope="module")
def client(settings):
    app = create_app(settings)
    yield app.test_client()
    app.extensions["knowledge_graph"].close()


@pytest.fixture
def epoch(settings):
    with open_ledger(settings.feed_folder) as ledger:
        return ledger.epoch


def lines_of(thing, predicate, text, graph="test"):
    """N-Quads of a statement in a graph that is in force."""
    name = f"<https://w3id.org/qit4n/graph/written/{graph}>"
    in_force = (
        f'{name} <https://w3id.org/stdorg/ns#inForce> "true"^^<http://www.w3.org/2001/XMLSchema#boolean> {name} .\n'
    )
    return f"<{thing}> <{predicate}> {Literal(text, language='en')} {name} .\n{in_force}"


def write(settings, text):
    adds = lines_of(PERSON, "http://www.w3.org/2004/02/skos/core#altLabel", text)
    return commit(settings, PreparedChange(adds, "", "update"), "ana").generation


def quads(response, form=RdfFormat.TRIG):
    assert response.status_code == 200
    return list(pyoxigraph.parse(response.data, format=form))


def objects(found, predicate, subject=None):
    return [q.object for q in found if q.predicate.value == predicate and subject in (None, q.subject)]


def test_the_root_describes_the_stream_and_leads_to_every_page_in_order_of_time(client, epoch):
    """LDES 1.0, section 2; server primer: two relations to a node, on the path of the time."""
    found = quads(client.get("/feed"))
    stream = NamedNode(f"https://w3id.org/qit4n/feed/{epoch}")
    assert objects(found, f"{TREE}view", stream) == [NamedNode("http://localhost/feed")]
    for name, value in (
        ("timestampPath", CREATED.value),
        ("versionOfPath", "http://purl.org/dc/terms/isVersionOf"),
        ("versionDeleteObject", "https://www.w3.org/ns/activitystreams#Delete"),
        ("transactionFinalizedObject", "http://www.w3.org/ns/dcat#Dataset"),
    ):
        assert objects(found, LDES + name, stream) == [NamedNode(value)]
    pages = []
    for volume in sorted({node.value for node in objects(found, f"{TREE}node")}):
        listed = quads(client.get(volume))
        assert {node.value for node in objects(listed, f"{TREE}path")} == {CREATED.value}
        pages += sorted(
            {node.value for node in objects(listed, f"{TREE}node")}, key=lambda iri: int(iri.rsplit("/", 1)[1])
        )
    assert len(pages) > 5
    members = []
    for page in pages:
        members += [node.value for node in objects(quads(client.get(page)), f"{TREE}member", stream)]
    assert sorted(int(iri.rsplit("/", 1)[1]) for iri in members) == list(range(1, len(members) + 1))


def test_each_member_has_what_the_stream_promises(client, epoch):
    found = quads(client.get(f"/feed/{epoch}/pages/2"))
    members = objects(found, f"{TREE}member")
    assert len(members) > 50
    for path in (CREATED.value, "http://purl.org/dc/terms/isVersionOf", "https://schema.org/position"):
        assert {q.subject for q in found if q.predicate.value == path} == set(members)
    times = {literal.datatype.value for literal in objects(found, CREATED.value)}
    assert times == {"http://www.w3.org/2001/XMLSchema#dateTime"}


def test_all_formats_say_the_same(client, epoch):
    said = []
    for media_type, form in FORMATS.items():
        response = client.get(f"/feed/{epoch}/pages/1", headers={"Accept": media_type})
        assert response.content_type == media_type
        said.append(pyoxigraph.Dataset(quads(response, form)))
        said[-1].canonicalize(pyoxigraph.CanonicalizationAlgorithm.UNSTABLE)
    assert said[0] == said[1] == said[2]


def test_closed_pages_are_for_ever_and_stay_as_they_are(client, settings, epoch):
    before = {}
    for number in (1, 2):
        for path in (f"/feed/{epoch}/pages/{number}", f"/feed/{epoch}/pages/{number}.atom"):
            response = client.get(path)
            assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            before[path] = (response.data, response.headers["ETag"])
    write(settings, "Another name")
    app = create_app(settings)
    for path, (content, tag) in before.items():
        for asking in (client, app.test_client()):
            response = asking.get(path)
            assert (response.data, response.headers["ETag"]) == (content, tag)
    app.extensions["knowledge_graph"].close()
    found = quads(client.get(f"/feed/{epoch}/pages/1"))
    assert objects(found, f"{LDES}immutable") == [Literal(True)]


def test_what_is_open_is_asked_for_by_its_etag(client, settings):
    root = client.get("/feed")
    assert root.headers["Cache-Control"] == "no-cache"
    tag = {"If-None-Match": root.headers["ETag"]}
    assert client.get("/feed", headers=tag).status_code == 304
    write(settings, "One more name")
    assert client.get("/feed", headers=tag).status_code == 200


def test_a_change_is_a_version_of_the_thing_and_one_of_the_dataset(client, settings, epoch):
    generation = write(settings, "A third name")
    with open_ledger(settings.feed_folder) as ledger:
        last = ledger.last_page()
        tip = ledger.tip()
    found = quads(client.get(f"/feed/{epoch}/pages/{last}"))
    stream = NamedNode(f"https://w3id.org/qit4n/feed/{epoch}")
    assert objects(quads(client.get("/feed")), "http://www.w3.org/ns/dcat#hasCurrentVersion", stream) == [
        NamedNode(f"{stream.value}/{tip.number}")
    ]
    boundary = NamedNode(f"{stream.value}/{tip.number}")
    assert objects(found, "http://www.w3.org/ns/dcat#version", boundary) == [Literal(str(generation))]
    version = NamedNode(f"{stream.value}/{tip.number - 1}")
    assert objects(found, "http://purl.org/dc/terms/isVersionOf", version) == [NamedNode(PERSON)]
    stated = {q.graph_name for q in found if isinstance(q.object, Literal) and q.object.value == "A third name"}
    assert version in stated  # it is in force
    names = {q.object.value for q in found if q.predicate.value.endswith("#name") and q.subject in stated}
    assert names == {"https://w3id.org/qit4n/graph/written/test"}


def test_a_version_leads_to_its_page(client, epoch):
    response = client.get(f"/feed/{epoch}/2")
    assert response.status_code == 303
    assert response.headers["Location"].endswith(f"/feed/{epoch}/pages/1")


@pytest.mark.parametrize(
    "path",
    [
        "pages/0",
        "pages/999999",
        "pages/99999999999999999999999",
        "volumes/0",
        "volumes/9",
        "volumes/99999999999999999999",
        "0",
        "99999999999999999999999",
        "pages/999.atom",
    ],
)
def test_what_is_not_there_is_404(client, epoch, path):
    assert client.get(f"/feed/{epoch}/{path}").status_code == 404


@pytest.mark.parametrize("path", ["pages/1", "volumes/1", "pages/1.atom", "1"])
def test_a_page_of_an_epoch_that_is_over_is_410(client, path):
    response = client.get(f"/feed/20010101T000000Z-00000000/{path}")
    assert response.status_code == 410
    assert response.json["type"] == "/problems/feed-gone"


def test_turtle_is_not_on_offer_because_it_has_no_graphs(client):
    assert client.get("/feed", headers={"Accept": "text/turtle"}).status_code == 406


def test_without_a_ledger_there_is_no_feed_yet(settings, client, tmp_path):
    app = create_app(replace(settings, feed_dir=tmp_path / "none"))
    for path in ("/feed", "/feed.atom"):
        assert app.test_client().get(path).status_code == 404
    app.extensions["knowledge_graph"].close()


def test_a_browser_gets_a_page_that_tells_of_the_newest_changes(client, settings):
    write(settings, "<b>bold</b> & more")
    response = client.get("/feed", headers={"Accept": "text/html"})
    assert "Newest changes" in response.text
    assert "Now: alt label: &lt;b&gt;bold&lt;/b&gt; &amp; more" in response.text
    assert client.get("/feed", headers={"Accept": "text/html", "Accept-Language": "fr"}).text.count("Changements") == 2


def entries_of(document):
    return [entry.find(f"{ATOM}id").text for entry in document.findall(f"{ATOM}entry")]


def link(document, rel):
    return next((one.get("href") for one in document.findall(f"{ATOM}link") if one.get("rel") == rel), None)


def test_the_archives_of_atom_hold_every_version_once(client, settings):
    """RFC 5005, section 4: the newest document, then prev-archive by prev-archive."""
    newest = ET.fromstring(client.get("/feed.atom").data)
    assert newest.find(f"{HISTORY}archive") is None
    found = entries_of(newest)
    before = link(newest, "prev-archive")
    archived = []
    while before:
        document = ET.fromstring(client.get(before).data)
        assert document.find(f"{HISTORY}archive") is not None
        assert link(document, "current") == "http://localhost/feed.atom"
        archived += entries_of(document)
        before = link(document, "prev-archive")
    assert len(archived) == len(set(archived))
    with open_ledger(settings.feed_folder) as ledger:
        versions = {f"https://w3id.org/qit4n/feed/{ledger.epoch}/{one.number}" for one in ledger.latest(1 << 30)}
    assert set(found) | set(archived) == versions


def test_atom_tells_in_words_what_came_and_went(client, settings):
    write(settings, 'evil ]]> <x> "q" \u202e ל \x01 end')
    entry = ET.fromstring(client.get("/feed", headers={"Accept": "application/atom+xml"}).data).find(f"{ATOM}entry")
    assert entry.find(f"{ATOM}title").text == "Changed: Kaoru Kenyoshi (person)"
    assert entry.find(f"{ATOM}summary").text == 'Now: alt label: evil ]]> <x> "q" \u202e ל  end'
    assert link(entry, "alternate") == "http://localhost/doc/person/kaoru-kenyoshi"


def test_a_thing_that_is_gone_is_told_by_its_last_name(client, settings):
    adds = lines_of(
        "https://w3id.org/qit4n/id/thing/passing", "http://www.w3.org/2000/01/rdf-schema#label", "Passing", "x"
    )
    commit(settings, PreparedChange(adds, "", "update"), "ana")
    commit(settings, PreparedChange("", adds, "update"), "ana")
    document = ET.fromstring(client.get("/feed.atom").data)
    titles = [entry.find(f"{ATOM}title").text for entry in document.findall(f"{ATOM}entry")]
    assert "Removed: Passing" in titles
    assert "New: Passing" in titles


def test_pages_name_the_feed(client):
    text = client.get("/exports", headers={"Accept": "text/html"}).text
    assert '<link rel="alternate" type="application/atom+xml" href="/feed.atom"' in text
    assert 'href="/feed"' in text


@pytest.mark.parametrize("written", ["pages/01", "pages/\u0661", "pages/1?x=1", "volumes/01", "pages/01.atom", "0001"])
def test_a_part_has_one_address_and_the_others_lead_there(client, epoch, written):  # what is kept for ever is kept once
    answered = client.get(f"/feed/{epoch}/{written}")
    assert answered.status_code == 301
    assert "immutable" not in answered.headers.get("Cache-Control", "")
    one = written.partition("?")[0].replace("\u0661", "1").replace("000", "").replace("01", "1")
    assert answered.headers["Location"] == f"/feed/{epoch}/{one}"


def test_the_streams_own_address_leads_to_the_root(client, epoch):
    answered = client.get(f"/feed/{epoch}")
    assert (answered.status_code, answered.headers["Location"]) == (303, "/feed")


@pytest.mark.parametrize(("name", "status"), [("nosuch", 404), ("20200101T000000Z-0123abcd", 410)])
def test_what_never_was_an_epoch_is_404_and_one_that_was_is_410(client, name, status):
    for path in ("", "/pages/1", "/volumes/1", "/1"):
        assert client.get(f"/feed/{name}{path}").status_code == status


@pytest.mark.parametrize("path", ["/oai?verb=Identify", "/feed", "/"])
def test_a_host_header_that_names_no_host_is_400(client, path):
    assert client.get(path, headers={"Host": 'a"><b', "Accept": "application/trig"}).status_code == 400
    assert client.get(path, headers={"Host": "[::1]:80", "Accept": "*/*"}).status_code == 200


def test_behind_a_proxy_the_setting_says_how_the_server_is_reached(settings):
    app = create_app(replace(settings, public_url="https://kg.example"))
    client = app.test_client()
    try:
        assert b"<https://kg.example/feed>" in client.get("/feed", headers={"Accept": "application/n-quads"}).data
        asked = client.get("/oai?verb=Identify", headers={"Host": "other.example", "X-Forwarded-Host": "bad.example"})
        assert b"<baseURL>https://kg.example/oai</baseURL>" in asked.data
    finally:
        app.extensions["knowledge_graph"].close()
