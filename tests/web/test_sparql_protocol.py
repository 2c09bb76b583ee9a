"""`/sparql`: SPARQL 1.1 Protocol section 2.1, formats and negotiation, the form, and clients that others wrote."""

from __future__ import annotations

import json
import re
import urllib.parse
import urllib.request

import pytest
import rdflib
from rdflib.compare import isomorphic
from rdflib.plugins.stores.sparqlstore import SPARQLStore
from SPARQLWrapper import CSV, JSON, N3, RDFXML, TURTLE, XML, SPARQLWrapper
from SPARQLWrapper import POST as WRAPPER_POST
from SPARQLWrapper import POSTDIRECTLY as WRAPPER_DIRECT

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
PREFIX = "PREFIX stdorg: <https://w3id.org/stdorg/ns#> "
TOTAL = PREFIX + "SELECT (SUM(?n) AS ?total) { ?m a stdorg:Meeting ; stdorg:participants ?n }"
ASK = PREFIX + "ASK { ?m a stdorg:Meeting }"
CONSTRUCT = PREFIX + "CONSTRUCT { ?m a stdorg:Meeting } WHERE { ?m a stdorg:Meeting }"
ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n1 ?o . ?p ?q ?r }"
SUM = "675"
PASSAGE = "https://w3id.org/qit4n/graph/progress-report-2021-10/table-1/meeting-1"


def total(response):
    assert response.status_code == 200, response.get_data(as_text=True)
    return json.loads(response.data)["results"]["bindings"][0]["total"]["value"]


# --- section 2.1: the three ways to send a query -------------------------------------------------------------------------


def test_query_via_get_2_1_1(tiny_client):
    assert total(tiny_client.get("/sparql", query_string={"query": TOTAL})) == SUM


def test_query_via_url_encoded_post_2_1_2(tiny_client):
    assert total(tiny_client.post("/sparql", data={"query": TOTAL})) == SUM


def test_query_via_post_directly_2_1_3(tiny_client):
    response = tiny_client.post("/sparql", data=TOTAL.encode(), content_type="application/sparql-query")
    assert total(response) == SUM


def test_query_via_post_directly_with_a_charset(tiny_client):
    text = "SELECT ('ü' AS ?total) {}"
    response = tiny_client.post("/sparql", data=text.encode(), content_type="application/sparql-query; charset=UTF-8")
    assert total(response) == "ü"


@pytest.mark.parametrize("method", ["get", "form", "direct"])
def test_default_graph_uri_replaces_the_default_graph_2_1_4(tiny_client, method):
    count = "SELECT (COUNT(*) AS ?total) { ?s ?p ?o }"
    graphs = {"default-graph-uri": PASSAGE}
    if method == "get":
        response = tiny_client.get("/sparql", query_string={"query": count, **graphs})
    elif method == "form":
        response = tiny_client.post("/sparql", data={"query": count, **graphs})
    else:
        response = tiny_client.post("/sparql", query_string=graphs, data=count, content_type="application/sparql-query")
    assert total(response) == "1"


def test_named_graph_uri_alone_leaves_an_empty_default_graph(tiny_client):
    for pattern, expected in (("?s ?p ?o", "0"), ("GRAPH ?g { ?s ?p ?o }", "1")):
        text = f"SELECT (COUNT(*) AS ?total) {{ {pattern} }}"
        response = tiny_client.get("/sparql", query_string={"query": text, "named-graph-uri": PASSAGE})
        assert total(response) == expected


def test_several_default_graphs_are_merged(tiny_client):
    text = PREFIX + "SELECT (SUM(?n) AS ?total) { ?m stdorg:number ?n }"
    graphs = [PASSAGE, PASSAGE, "https://w3id.org/qit4n/graph/other"]
    response = tiny_client.get("/sparql", query_string={"query": text, "default-graph-uri": graphs})
    assert total(response) == "1"


# --- section 2.1.5 to 2.1.7 and 2.2: what is refused ---------------------------------------------------------------------


def test_get_with_two_queries_is_400(tiny_client):
    assert tiny_client.get("/sparql", query_string=[("query", ASK), ("query", TOTAL)]).status_code == 400


def test_post_with_two_queries_is_400(tiny_client):
    response = tiny_client.post("/sparql", query_string={"query": ASK}, data={"query": TOTAL})
    assert response.status_code == 400
    assert "2 queries" in response.json["detail"]


def test_post_without_a_query_is_400(tiny_client):
    assert tiny_client.post("/sparql", data={"format": "json"}).status_code == 400
    assert tiny_client.post("/sparql", data=b"", content_type="application/sparql-query").status_code == 400


@pytest.mark.parametrize("media_type", ["text/plain", "application/json", "multipart/form-data; boundary=x", None])
def test_post_of_another_media_type_is_415(tiny_client, media_type):
    response = tiny_client.post("/sparql", data=ASK.encode(), content_type=media_type)
    assert response.status_code == 415
    assert response.json["type"] == "/problems/unsupported-media-type"


def test_a_body_that_is_not_utf_8_is_refused(tiny_client):
    direct = {"content_type": "application/sparql-query; charset=UTF-16"}
    assert tiny_client.post("/sparql", data=ASK.encode("utf-16"), **direct).status_code == 415
    assert (
        tiny_client.post("/sparql", data=b"ASK { '\xff' }", content_type="application/sparql-query").status_code == 400
    )
    assert tiny_client.get("/sparql?query=%FF").status_code == 400


@pytest.mark.parametrize("content_type", ["application/sparql-query", "application/x-www-form-urlencoded"])
def test_a_body_over_the_bound_is_413(tiny_client, content_type):
    response = tiny_client.post("/sparql", data=b"query=" + b"#" * (1024 * 1024), content_type=content_type)
    assert response.status_code == 413
    assert response.json["type"] == "/problems/too-large"


def test_updates_are_400_with_the_reason(tiny_client):
    update = "INSERT DATA { <http://example.org/a> <http://example.org/b> 1 }"
    answers = [
        tiny_client.post("/sparql", data={"update": update}),
        tiny_client.post("/sparql", data=update, content_type="application/sparql-update"),
        tiny_client.post("/sparql", data=update, content_type="application/sparql-query"),
        tiny_client.get("/sparql", query_string={"query": update}),
    ]
    assert [answer.status_code for answer in answers] == [400] * 4
    assert all("update" in answer.json["detail"] for answer in answers)


def test_a_graph_that_is_no_absolute_iri_is_400(tiny_client):
    response = tiny_client.get("/sparql", query_string={"query": ASK, "default-graph-uri": "not an iri"})
    assert response.status_code == 400


def test_service_is_403(tiny_client):
    text = "SELECT * { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }"
    response = tiny_client.get("/sparql", query_string={"query": text})
    assert (response.status_code, response.json["type"]) == (403, "/problems/remote-refused")


def test_another_method_is_405(tiny_client):
    response = tiny_client.put("/sparql", data=ASK, content_type="application/sparql-query")
    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]


# --- errors a person can act on --------------------------------------------------------------------------------------------


def test_a_syntax_error_tells_line_column_and_source(tiny_client):
    response = tiny_client.get("/sparql", query_string={"query": "SELECT *\nWHERE { ?s ?p ?o FILTER(?o = ) }"})
    assert response.status_code == 400
    assert response.content_type == "application/problem+json"
    problem = response.json
    assert (problem["line"], problem["column"]) == (2, 30)
    assert problem["source"] == "WHERE { ?s ?p ?o FILTER(?o = ) }"


def test_a_missing_known_prefix_comes_with_its_declaration(tiny_client):
    problem = tiny_client.get("/sparql", query_string={"query": "SELECT * { ?m a stdorg:Meeting }"}).json
    assert "PREFIX stdorg: <https://w3id.org/stdorg/ns#>" in problem["hint"]


def test_a_timeout_is_503_and_may_be_shortened_by_the_request(tiny_client):
    response = tiny_client.get("/sparql", query_string={"query": ENDLESS, "timeout": "0.2"})
    assert (response.status_code, response.json["type"]) == (503, "/problems/query-timeout")
    assert "0.2 seconds" in response.json["detail"]


@pytest.mark.parametrize("timeout", ["0", "-1", "soon", "nan", "inf", ""])
def test_a_timeout_that_is_no_number_of_seconds_is_400(tiny_client, timeout):
    assert tiny_client.get("/sparql", query_string={"query": ASK, "timeout": timeout}).status_code == 400


# --- formats -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (None, "application/sparql-results+json"),
        ("*/*", "application/sparql-results+json"),
        ("application/json", "application/sparql-results+json"),
        ("application/sparql-results+xml", "application/sparql-results+xml"),
        ("text/csv", "text/csv; charset=utf-8"),
        ("text/tab-separated-values", "text/tab-separated-values; charset=utf-8"),
        ("text/csv;q=0.3, application/sparql-results+xml;q=0.4", "application/sparql-results+xml"),
        ("text/turtle, */*;q=0.1", "application/sparql-results+json"),
        ("application/sparql-results+json;q=0, */*", "application/sparql-results+xml"),
    ],
)
def test_select_is_negotiated(tiny_client, accept, content_type):
    response = tiny_client.get("/sparql", query_string={"query": TOTAL}, headers={"Accept": accept} if accept else {})
    assert response.status_code == 200
    assert response.content_type == content_type
    assert "Accept" in response.vary
    assert response.content_length == len(response.data)


@pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")  # within rdflib
@pytest.mark.parametrize(
    ("name", "content_type", "parser"),
    [
        ("turtle", "text/turtle; charset=utf-8", "turtle"),
        ("ntriples", "application/n-triples", "nt"),
        ("rdfxml", "application/rdf+xml", "xml"),
        ("jsonld", "application/ld+json", "json-ld"),
        ("trig", "application/trig", "trig"),
        ("nquads", "application/n-quads", "nquads"),
    ],
)
def test_construct_is_the_same_graph_in_every_format(tiny_client, name, content_type, parser):
    media_type = content_type.partition(";")[0]
    expected = rdflib.Graph().parse(
        data=tiny_client.get("/sparql", query_string={"query": CONSTRUCT}).data, format="turtle"
    )
    assert len(expected) == 9
    for response in (
        tiny_client.get("/sparql", query_string={"query": CONSTRUCT, "format": name}),
        tiny_client.get("/sparql", query_string={"query": CONSTRUCT}, headers={"Accept": media_type}),
    ):
        assert response.content_type == content_type
        dataset = rdflib.Dataset(default_union=True)
        dataset.parse(data=response.data, format=parser)
        graph = rdflib.Graph()
        for triple in dataset.triples((None, None, None)):
            graph.add(triple)
        assert isomorphic(graph, expected)


def test_nothing_acceptable_is_406_and_lists_what_there_is(tiny_client):
    response = tiny_client.get("/sparql", query_string={"query": TOTAL}, headers={"Accept": "text/turtle"})
    assert response.status_code == 406
    assert "application/sparql-results+json" in response.json["hint"]


def test_an_unknown_format_name_falls_back_to_accept(tiny_client):
    parameters = {"query": TOTAL, "format": "nonsense", "output": "n3"}
    response = tiny_client.get("/sparql", query_string=parameters, headers={"Accept": "text/csv"})
    assert response.content_type == "text/csv; charset=utf-8"


def test_a_known_format_name_wins_over_accept(tiny_client):
    response = tiny_client.get(
        "/sparql", query_string={"query": TOTAL, "output": "xml"}, headers={"Accept": "text/csv"}
    )
    assert response.content_type == "application/sparql-results+xml"


def test_ask_in_json_and_xml(tiny_client):
    assert tiny_client.get("/sparql", query_string={"query": ASK}).json["boolean"] is True
    xml = tiny_client.get("/sparql", query_string={"query": ASK, "format": "xml"}).get_data(as_text=True)
    assert "<boolean>true</boolean>" in xml


def test_language_and_characters_survive(tiny_client):
    text = PREFIX + "SELECT ?place { ?m stdorg:place ?place }"
    (row,) = tiny_client.get("/sparql", query_string={"query": text}).json["results"]["bindings"]
    assert row["place"] == {"type": "literal", "xml:lang": "en", "value": "<b>Jinan</b> & 济南"}


# --- HEAD, OPTIONS, CORS -----------------------------------------------------------------------------------------------------


def test_head_has_the_headers_of_get_and_no_body(tiny_client):
    got = tiny_client.get("/sparql", query_string={"query": TOTAL})
    head = tiny_client.head("/sparql", query_string={"query": TOTAL})
    assert head.data == b""
    assert head.status_code == 200
    assert (head.content_type, head.content_length) == (got.content_type, got.content_length)


def test_a_preflight_is_answered_and_any_origin_may_ask(tiny_client):
    headers = {"Origin": "https://example.org", "Access-Control-Request-Method": "POST"}
    preflight = tiny_client.options("/sparql", headers=headers)
    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert {"GET", "POST"} <= set(preflight.headers["Access-Control-Allow-Methods"].split(", "))
    assert "Content-Type" in preflight.headers["Access-Control-Allow-Headers"]
    for answer in (tiny_client.get("/sparql", query_string={"query": ASK}), tiny_client.get("/sparql?query=nonsense")):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


# --- without a query -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["", "%20%0A"])
def test_an_empty_query_is_400_for_a_program_and_the_form_for_a_person(tiny_client, query):  # Protocol 2.1.6
    assert tiny_client.get(f"/sparql?query={query}").status_code == 400
    assert tiny_client.get(f"/sparql?query={query}", headers={"Accept": BROWSER}).status_code == 200


@pytest.mark.parametrize("name", ["timeout", "at"])
def test_a_parameter_with_two_values_is_400_and_says_so(tiny_client, name):
    answer = tiny_client.get("/sparql", query_string={"query": ASK, name: ["1", "2"]})
    assert (answer.status_code, answer.json["detail"]) == (
        400,
        f"The parameter '{name}' is given 2 times, and one value is taken.",
    )


def test_a_program_without_a_query_gets_the_service_description(tiny_client):
    response = tiny_client.get("/sparql")
    assert response.content_type == "text/turtle; charset=utf-8"
    graph = rdflib.Graph().parse(data=response.data, format="turtle")
    sd = rdflib.Namespace("http://www.w3.org/ns/sparql-service-description#")
    (service,) = graph.subjects(rdflib.RDF.type, sd.Service)
    assert graph.value(service, sd.endpoint) == rdflib.URIRef("http://localhost/sparql")
    assert sd.SPARQL11Query in graph.objects(service, sd.supportedLanguage)
    default = graph.value(graph.value(service, sd.defaultDataset), sd.defaultGraph)
    triples = graph.value(default, rdflib.URIRef("http://rdfs.org/ns/void#triples"))
    assert triples.toPython() == 28
    settings = {str(name) for name in graph.objects(None, rdflib.URIRef("https://schema.org/propertyID"))}
    assert {"QIT4N_QUERY_TIMEOUT", "QIT4N_LONG_QUERIES", "QIT4N_QUEUE", "QIT4N_REMOTE_BYTES"} <= settings


def assert_no_inline_script(page):
    """The only scripts are bundles of ours."""
    for script in re.findall("<script[^>]*>[^<]*", page):
        assert re.fullmatch(r'<script type="module" src="/static/[\w/-]+\.js(\?v=\w+)?">', script)


def test_a_browser_without_a_query_gets_the_form(tiny_client):
    page = tiny_client.get("/sparql", headers={"Accept": BROWSER}).get_data(as_text=True)
    assert "<form" in page
    assert "PREFIX stdorg:" in page
    assert "/sparql?example=" in page
    assert_no_inline_script(page)


def test_the_query_in_the_empty_form_runs(tiny_client):
    page = tiny_client.get("/sparql", headers={"Accept": BROWSER}).get_data(as_text=True)
    text = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)[1]
    rdflib_text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&#34;", '"').replace("&amp;", "&")
    assert len(tiny_client.get("/sparql", query_string={"query": rdflib_text}).json["results"]["bindings"]) == 9


# --- the page of a result ------------------------------------------------------------------------------------------------


def browse(client, text, **more):
    return client.get("/sparql", query_string={"query": text, **more}, headers={"Accept": BROWSER})


def test_the_page_shows_rows_time_generation_and_downloads(tiny_client):
    response = browse(tiny_client, PREFIX + "SELECT ?m ?n { ?m stdorg:number ?n } ORDER BY ?n")
    page = response.get_data(as_text=True)
    assert re.search(r"9 rows · [\d.]+&nbsp;s · generation 1", page)
    assert page.count("<tr>") == 10
    assert 'href="/doc/fg-qit4n/meeting/1"' in page
    for link in re.findall(r'href="(/sparql\?[^"]*format=[^"]*)"', page):
        assert tiny_client.get(link.replace("&amp;", "&")).status_code == 200
    assert {"format=json", "format=xml", "format=csv", "format=tsv"} <= set(re.findall(r"format=\w+", page))


def test_the_page_escapes_what_the_data_say(tiny_client):
    page = browse(tiny_client, PREFIX + "SELECT ?place { ?m stdorg:place ?place }").get_data(as_text=True)
    assert "&lt;b&gt;Jinan&lt;/b&gt; &amp; 济南" in page
    assert "<b>Jinan" not in page
    hostile = "SELECT ('</textarea><script>alert(1)</script>' AS ?x) (<javascript:alert(1)> AS ?y) {}"
    page = browse(tiny_client, hostile).get_data(as_text=True)
    assert_no_inline_script(page)
    assert 'href="javascript:' not in page


def test_the_page_of_an_empty_result_says_so(tiny_client):
    page = browse(tiny_client, "SELECT * { ?s <http://example.org/never> ?o }").get_data(as_text=True)
    assert "No rows." in page
    assert "0 rows" in page


def test_a_cell_names_its_language_unless_that_is_english(tiny_client):
    cells = browse(tiny_client, "SELECT ('Jinan'@en AS ?a) ('济南'@zh AS ?b) ('Genève'@fr AS ?c) {}").get_data(
        as_text=True
    )
    assert "<td><bdi>Jinan</bdi></td>" in cells
    assert '<bdi>济南</bdi> <span class="tag">zh</span>' in cells
    assert '<bdi>Genève</bdi> <span class="tag">fr</span>' in cells


def test_dates_stay_in_one_line_and_headings_break_between_words(tiny_client):
    text = 'SELECT ("2021-10-01"^^<http://www.w3.org/2001/XMLSchema#date> AS ?firstDayOf2021) {}'
    page = browse(tiny_client, text).get_data(as_text=True)
    assert '<td class="date">' in page
    assert '<th scope="col">first<wbr>Day<wbr>Of2021</th>' in page


def test_the_page_of_ask_and_construct(tiny_client):
    assert "Yes: the pattern has a solution." in browse(tiny_client, ASK).get_data(as_text=True)
    page = browse(tiny_client, CONSTRUCT).get_data(as_text=True)
    assert "9 rows" in page
    assert "format=turtle" in page


def test_the_page_of_a_long_result_counts_all_and_shows_the_first(tiny_client):
    text = "SELECT ?a ?b ?c { ?a ?p ?x . ?b ?q ?y . VALUES ?c { 1 2 } }"
    page = browse(tiny_client, text).get_data(as_text=True)
    assert "1\u202f568 rows" in page
    assert "The first 1\u202f000 rows are shown" in page
    assert page.count("<tr>") == 1001


def test_rows_without_values_are_counted(tiny_client):
    page = browse(tiny_client, "SELECT ?nothing { ?s ?p ?o }").get_data(as_text=True)
    assert "28 rows" in page
    assert page.count("<tr>") == 29


def test_the_page_keeps_a_query_that_does_not_parse_and_points_at_the_place(tiny_client):
    response = browse(tiny_client, "SELECT * { ?m a stdorg:Meeting }")
    page = response.get_data(as_text=True)
    assert response.status_code == 400
    assert "SELECT * { ?m a stdorg:Meeting }</textarea>" in page
    assert "Line 1, column 17" in page


# --- clients that others wrote -------------------------------------------------------------------------------------------


@pytest.fixture
def wrapper(live_server):
    return SPARQLWrapper(f"{live_server}/sparql")


def asked(wrapper, query, form):
    wrapper.setQuery(query)
    wrapper.setReturnFormat(form)
    return wrapper.queryAndConvert()


@pytest.mark.parametrize("way", ["get", "post", "direct"])
def test_sparqlwrapper_select_json(wrapper, way):
    if way != "get":
        wrapper.setMethod(WRAPPER_POST)
    if way == "direct":
        wrapper.setRequestMethod(WRAPPER_DIRECT)
    assert asked(wrapper, TOTAL, JSON)["results"]["bindings"][0]["total"]["value"] == SUM


def test_sparqlwrapper_select_xml_and_csv(wrapper):
    assert asked(wrapper, TOTAL, XML).getElementsByTagName("literal")[0].firstChild.data == SUM
    assert asked(wrapper, TOTAL, CSV) == f"total\r\n{SUM}\r\n".encode()


def test_sparqlwrapper_ask(wrapper):
    assert asked(wrapper, ASK, JSON)["boolean"] is True


@pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")  # within SPARQLWrapper
def test_sparqlwrapper_construct(wrapper):
    assert len(rdflib.Graph().parse(data=asked(wrapper, CONSTRUCT, TURTLE), format="turtle")) == 9
    assert len(rdflib.Graph().parse(data=asked(wrapper, CONSTRUCT, N3), format="turtle")) == 9
    assert len(asked(wrapper, CONSTRUCT, RDFXML)) == 9
    assert len(asked(wrapper, CONSTRUCT, XML)) == 9


def test_rdflib_sparqlstore(live_server):
    graph = rdflib.Graph(SPARQLStore(f"{live_server}/sparql"))
    meeting = rdflib.URIRef("https://w3id.org/stdorg/ns#Meeting")
    assert len(set(graph.subjects(rdflib.RDF.type, meeting))) == 9
    ((value,),) = graph.query(TOTAL)
    assert value.toPython() == int(SUM)


def test_a_browser_form_over_http(live_server):
    url = f"{live_server}/sparql?{urllib.parse.urlencode({'query': TOTAL})}"
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": BROWSER}), timeout=10) as response:
        assert response.headers["Content-Length"]
        assert SUM in response.read().decode()
