"""How results leave: content codings, CSV for spreadsheets, suffixes, the QUERY method, large results, and what limits say."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import io
import json
import urllib.parse
from dataclasses import replace
from tempfile import TemporaryFile

import pytest
import zstandard
from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad

from qit4n_kg.errors import QueueFullError
from qit4n_kg.store import executor_lanes
from qit4n_kg.store.executor import ExecutorError, ExecutorPool
from qit4n_kg.store.generations import Generations
from qit4n_kg.web.access import COOKIE
from qit4n_kg.web.app import create_app
from qit4n_kg.web.codings import choose_coding, encode, encode_file
from qit4n_kg.web.results import Downloads

STDORG = "PREFIX stdorg: <https://w3id.org/stdorg/ns#> "
ROWS = "SELECT ?s ?p ?o { ?s ?p ?o } ORDER BY ?s ?p ?o"
MANY = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"  # 21,952 rows, 3 MB
ASK = "ASK {}"
DECODE = {"gzip": gzip.decompress, "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data)}


def ask(client, query=ROWS, headers=None, **parameters):
    return client.get("/sparql", query_string={"query": query, **parameters}, headers=headers or {})


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "https://example.org"}, {"If-None-Match": "*"}, {"Accept": "text/html"}]
)
def test_no_header_of_an_answer_stands_twice(tiny_client, headers):
    for _ in range(2):  # the second time from the cache
        names = [name.lower() for name, _ in ask(tiny_client, headers=headers).headers]
        assert len(names) == len(set(names))
        assert {"query-id", "x-generation", "vary", "access-control-allow-origin"} <= {*names}


# --- content codings (RFC 9110, 8.4 and 12.5.3) ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        (None, "identity"),
        ("", "identity"),
        ("gzip", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("GZIP;q=0.9, zstd;q=0.1", "gzip"),
        ("gzip;q=0", "identity"),
        ("*", "zstd"),
        ("*;q=0", "identity"),
        ("zstd;q=0, *", "gzip"),
        ("br", "identity"),
        ("identity;q=1, gzip;q=0.5", "identity"),
        ("gzip;q=nonsense", "identity"),
    ],
)
def test_the_coding_is_negotiated(accept, coding):
    assert choose_coding(accept) == coding


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
@pytest.mark.parametrize("query", [ROWS, MANY])
def test_a_coded_result_is_the_same_with_its_own_length(tiny_client, query, coding):
    plain, coded = ask(tiny_client, query), ask(tiny_client, query, {"Accept-Encoding": coding})
    assert coded.headers["Content-Encoding"] == coding
    assert coded.content_length == len(coded.data) < len(plain.data) / 3
    assert DECODE[coding](coded.data) == plain.data
    assert "Content-Encoding" not in plain.headers


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
@pytest.mark.parametrize("path", ["/queries", "/openapi.json", "/.well-known/void", "/ontology.ttl"])
def test_pages_and_descriptions_are_coded_too(tiny_client, path, coding):
    plain, coded = tiny_client.get(path), tiny_client.get(path, headers={"Accept-Encoding": coding})
    if len(plain.data) >= 1024:
        assert coded.headers["Content-Encoding"] == coding
        assert DECODE[coding](coded.data) == plain.data
        assert coded.headers["ETag"] != plain.headers["ETag"]
    assert "Accept-Encoding" in plain.vary


def test_a_page_is_not_coded_for_who_is_signed_in(tiny_app):
    client = tiny_app.test_client()
    client.set_cookie(COOKIE, "x")
    assert "Content-Encoding" not in client.get("/openapi.json", headers={"Accept-Encoding": "gzip"}).headers


def test_a_small_result_is_not_coded(tiny_client):
    answer = ask(tiny_client, ASK, {"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer.headers
    assert "Accept-Encoding" in answer.vary


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_coding_is_the_same_each_time_and_for_files_too(coding):
    data = b"abc" * 1_000_000
    assert encode(data, coding) == encode(data, coding)
    file, length = encode_file(io.BytesIO(data), coding, b"before ")
    with file:
        coded = file.read()
    assert len(coded) == length
    assert DECODE[coding](coded) == b"before " + data


# --- formats by parameter and by path ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", [ROWS, MANY])
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_csv_for_spreadsheets_begins_with_a_byte_order_mark(tiny_client, query, coding):
    plain = ask(tiny_client, query, format="csv")
    answer = ask(tiny_client, query, {"Accept-Encoding": coding}, format="csv-excel")
    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.content_length == len(answer.data)
    body = gzip.decompress(answer.data) if coding == "gzip" else answer.data
    assert body == b"\xef\xbb\xbf" + plain.data


def test_accept_never_chooses_the_byte_order_mark(tiny_client):
    assert ask(tiny_client, headers={"Accept": "text/csv"}).data.startswith(b"s,p,o\r\n")


@pytest.mark.parametrize("suffix", ["json", "xml", "csv", "tsv", "excel.csv"])
def test_a_suffix_chooses_the_format_whatever_accept_says(tiny_client, suffix):
    answer = tiny_client.get(f"/sparql.{suffix}", query_string={"query": ROWS}, headers={"Accept": "text/html"})
    name = "csv-excel" if suffix == "excel.csv" else suffix
    assert answer.data == ask(tiny_client, format=name).data
    assert "Accept" not in answer.vary


@pytest.mark.parametrize("name", ["xlsx", "ttl", "text/turtle", "nonsense"])
def test_a_format_that_is_not_on_offer_is_406_with_those_there_are(tiny_client, name):
    answer = ask(tiny_client, format=name)
    assert answer.status_code == 406
    assert answer.json["hint"] == "There is: json, xml, csv, tsv, csv-excel, html."


def test_of_several_names_of_formats_one_may_be_for_another_server(tiny_client):
    answer = ask(tiny_client, headers={"Accept": "text/csv"}, format="ttl", output="ttl", results="ttl")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"


def test_a_byte_order_mark_before_a_query_is_passed_over(tiny_client):
    answer = tiny_client.post("/sparql", data=b"\xef\xbb\xbfASK {}", content_type="application/sparql-query")
    assert answer.status_code == 200


@pytest.mark.parametrize("host", ["", "a,b"])
def test_a_request_names_one_host(tiny_client, host):  # RFC 9112, section 3.2
    assert tiny_client.get("/sparql", environ_overrides={"HTTP_HOST": host}).status_code == 400


def test_an_unknown_suffix_is_404_with_those_there_are(tiny_client):
    answer = tiny_client.get("/sparql.ttl", query_string={"query": ASK})
    assert answer.status_code == 404
    assert ".json" in answer.json["hint"]


# --- the QUERY method (SPARQL 1.2 Protocol, draft) -----------------------------------------------------------------------------


def test_a_query_by_the_query_method(tiny_client):
    answer = tiny_client.open("/sparql", method="QUERY", data=ROWS, content_type="application/sparql-query")
    assert answer.data == ask(tiny_client).data
    etag = answer.headers["ETag"]
    again = tiny_client.open(
        "/sparql", method="QUERY", data=ROWS, content_type="application/sparql-query", headers={"If-None-Match": etag}
    )
    assert again.status_code == 304


def test_the_query_method_takes_the_dataset_from_the_address(tiny_client):
    graphs = {"default-graph-uri": "http://example.org/none"}
    answer = tiny_client.open(
        "/sparql", method="QUERY", query_string=graphs, data=ROWS, content_type="application/sparql-query"
    )
    assert answer.json["results"]["bindings"] == []


@pytest.mark.parametrize("media_type", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_the_query_method_with_another_body_is_415(tiny_client, media_type):
    answer = tiny_client.open("/sparql", method="QUERY", data="query=ASK{}", content_type=media_type)
    assert answer.status_code == 415


def test_the_server_says_that_it_understands_the_query_method(tiny_client):
    preflight = tiny_client.options("/sparql")
    assert preflight.status_code == 204
    assert "QUERY" in preflight.headers["Allow"]
    assert "QUERY" in preflight.headers["Access-Control-Allow-Methods"]
    assert preflight.headers["Accept-Query"] == '"application/sparql-query"'


def test_the_query_method_over_http(live_server):
    connection = http.client.HTTPConnection(live_server.removeprefix("http://"), timeout=10)
    connection.request("QUERY", "/sparql", ASK, {"Content-Type": "application/sparql-query"})
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["boolean"]) == (200, True)
    connection.close()


# --- CORS --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["/sparql", "/queries", "/queries/meetings.json", "/.well-known/void", "/openapi.json", "/ontology", "/id/x"],
)
def test_every_public_address_answers_a_preflight(tiny_client, path):
    answer = tiny_client.options(
        path, headers={"Origin": "https://e", "Access-Control-Request-Headers": "If-None-Match"}
    )
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "GET" in answer.headers["Access-Control-Allow-Methods"]
    assert "If-None-Match" in answer.headers["Access-Control-Allow-Headers"]


def test_a_page_of_another_site_may_read_the_headers_that_matter(tiny_client):
    exposed = set(ask(tiny_client).headers["Access-Control-Expose-Headers"].split(", "))
    assert {"ETag", "Link", "Query-Id", "X-Generation", "Retry-After", "Content-Length"} <= exposed


# --- protocol errors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["using-graph-uri", "using-named-graph-uri", "update"])
def test_a_parameter_of_updates_is_400_at_a_query(tiny_client, name):
    answer = ask(tiny_client, **{name: "http://example.org/g"})
    assert answer.status_code == 400
    assert name in answer.json["detail"]


def test_every_missing_prefix_is_named_with_its_declaration(tiny_client):
    problem = ask(tiny_client, "SELECT * { ?m a stdorg:Meeting ; dcterms:title ?t ; none:x ?x }").json
    assert problem["hint"] == (
        "Add at the top: PREFIX stdorg: <https://w3id.org/stdorg/ns#> PREFIX dcterms: <http://purl.org/dc/terms/>"
    )
    assert problem["line"] == 1


def test_the_line_of_a_very_long_query_is_shown_around_the_place(tiny_client):
    problem = ask(tiny_client, f"SELECT * {{ {'?s ?p ?o . ' * 500} FILTER(?o = ) {'?s ?p ?o . ' * 500} }}").json
    assert len(problem["source"]) == 200
    assert problem["source"][problem["column"] - problem["source_column"]] == ")"


def test_a_problem_names_the_query_and_the_limit_that_it_hit(tiny_client):
    endless = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n1 ?o . ?p ?q ?r }"
    answer = ask(tiny_client, endless, {"Query-Id": "my-own-query-1"}, timeout="0.2")
    assert answer.json["limit"] == {"parameter": "timeout", "value": 0.2, "unit": "seconds"}
    assert answer.json["query_id"] == answer.headers["Query-Id"] == "my-own-query-1"


def test_a_query_id_that_is_none_is_400(tiny_client):
    assert ask(tiny_client, 'SELECT ("new" AS ?x) {}', {"Query-Id": "../x"}).status_code == 400


def test_each_query_has_an_id_of_its_own(tiny_client):
    ids = {ask(tiny_client, f"SELECT ({n} AS ?x) {{}}").headers["Query-Id"] for n in range(3)}
    assert len(ids) == 3


def test_every_answer_tells_its_generation(tiny_client):
    for path in (
        "/sparql",
        "/sparql?query=nonsense",
        "/sparql?query=ASK{}",
        "/queries/meetings",
        "/queries/meetings.csv",
    ):
        assert tiny_client.get(path).headers["X-Generation"] == "1", path


# --- large results -------------------------------------------------------------------------------------------------------------


def test_only_so_many_large_results_are_sent_at_a_time(tmp_path):
    downloads = Downloads(2, 1000)
    files = [(tmp_path / str(n)).open("w+b") for n in range(3)]
    first, second = downloads.begin(files[0]), downloads.begin(files[1], b"before")
    with pytest.raises(QueueFullError, match="2 large results"):
        downloads.begin(files[2])
    assert files[2].closed
    first.close()
    first.close()
    assert list(second) == [b"before"], "its end frees its place too"
    assert files[0].closed
    assert files[1].closed
    again = [downloads.begin((tmp_path / f"again {n}").open("w+b")) for n in range(2)]
    with pytest.raises(QueueFullError), (tmp_path / "one more").open("w+b") as file:
        downloads.begin(file)
    for download in again:
        download.close()


def test_only_so_many_bytes_of_large_results_are_kept_for_slow_clients(tmp_path):
    downloads = Downloads(9, 1000)

    def begin(size):
        file = TemporaryFile(dir=tmp_path)  # noqa: SIM115  (the download closes it)
        file.write(bytes(size))
        file.seek(0)
        return downloads.begin(file)

    first = begin(2000)  # one by itself is bounded as a result is
    with pytest.raises(QueueFullError):
        begin(1)
    first.close()
    both = [begin(500), begin(500)]
    with pytest.raises(QueueFullError, match="2 large results"):
        begin(1)
    assert [len(b"".join(download)) for download in both] == [500, 500]
    assert downloads.running == 0


def test_without_query_processes_a_query_is_503_and_to_be_sent_again(tiny_settings, monkeypatch):
    def start(pool):
        raise ExecutorError("A query process did not start (-9): killed")

    monkeypatch.setattr(ExecutorPool, "_start", start)
    monkeypatch.setattr(executor_lanes, "_RESTART_PAUSE", 0.05)
    app = create_app(tiny_settings)
    try:
        answer = ask(app.test_client(), ASK)
        assert (answer.status_code, answer.json["type"]) == (503, "/problems/query-process")
        assert int(answer.headers["Retry-After"]) > 0
        assert "-9" not in answer.text
    finally:
        app.extensions["knowledge_graph"].close()


def test_a_client_that_goes_away_leaves_its_place(tiny_settings, serve_apart):
    variables = {"QIT4N_WORKERS": "1", "QIT4N_DOWNLOADS": "1", "QIT4N_CACHE_BYTES": "0", "QIT4N_QUERY_TIMEOUT": "60"}
    with serve_apart(tiny_settings, **variables) as (url, _), contextlib.ExitStack() as open_ones:
        host = url.removeprefix("http://")
        query = urllib.parse.urlencode(
            {"query": "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l } LIMIT 40000", "format": "csv"}
        )
        leaving, other = (http.client.HTTPConnection(host, timeout=60) for _ in range(2))
        open_ones.callback(leaving.close)
        open_ones.callback(other.close)
        leaving.request("GET", f"/sparql?{query}")
        answer = leaving.getresponse()
        assert answer.read(1000)
        other.request("GET", f"/sparql?{query}")
        refused = other.getresponse()
        problem = json.loads(refused.read())
        assert (refused.status, problem["type"]) == (503, "/problems/queue-full")
        assert problem["limit"] == {"setting": "QIT4N_DOWNLOADS", "value": 1, "unit": "results"}
        assert refused.headers["Retry-After"]
        answer.close()
        leaving.close()
        for _ in range(100):
            other.request("GET", f"/sparql?{query}")
            again = other.getresponse()
            size = len(again.read())
            if again.status == 200:
                break
        assert size == int(again.headers["Content-Length"])


# --- several default graphs ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def three_graphs(tiny_settings, tmp_path_factory):
    """The same two triples in three named graphs and, merged, in the default graph."""
    state = tmp_path_factory.mktemp("three")
    generations = Generations(state, 3)
    quads = [
        Quad(NamedNode(f"http://e/{size}"), NamedNode("http://e/size"), Literal(size), graph)
        for size in (100, 7)
        for graph in (DefaultGraph(), *(NamedNode(f"http://e/g{n}") for n in (1, 2, 3)))
    ]
    with generations.writer():
        generations.publish(quads, inputs="three", software="test")
    app = create_app(replace(tiny_settings, state_dir=state))
    yield app.test_client()
    app.extensions["knowledge_graph"].close()


@pytest.mark.parametrize("graphs", [[], ["g1"], ["g1", "g2"], ["g1", "g2", "g3"], ["g1", "g1"]])
@pytest.mark.parametrize("way", ["parameters", "clauses"])
def test_a_sum_over_triples_in_several_graphs_counts_each_once_13_2(three_graphs, graphs, way):
    names = [f"http://e/{graph}" for graph in graphs]
    clauses = "".join(f"FROM <{name}> " for name in names) if way == "clauses" else ""
    query = f"SELECT (SUM(?size) AS ?sum) (COUNT(*) AS ?n) {clauses}{{ ?s <http://e/size> ?size }}"
    given = {"default-graph-uri": names} if way == "parameters" and names else {}
    (row,) = ask(three_graphs, query, **given).json["results"]["bindings"]
    assert (row["sum"]["value"], row["n"]["value"]) == ("107", "2")
