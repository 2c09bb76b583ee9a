"""The layer before Flask: what is known needs no query and is never of an older generation; the cache stays in its bounds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from pyoxigraph import Literal, NamedNode, Quad

from qit4n_kg.store.generations import Generations
from qit4n_kg.web.app import create_app
from qit4n_kg.web.edge import Answer, ResultCache

COUNT = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"


def quads(count):
    for n in range(count):
        yield Quad(NamedNode(f"http://example.org/{n}"), NamedNode("http://example.org/p"), Literal(n))


@pytest.fixture
def settings(tiny_settings, tmp_path):
    return replace(tiny_settings, state_dir=tmp_path, keep_generations=2)


@pytest.fixture
def publish(settings):
    def publish(count):
        generations = Generations(settings.state_dir, settings.keep_generations)
        with generations.writer():
            return generations.publish(quads(count), inputs=str(count), software="test")

    publish(3)
    return publish


@pytest.fixture
def app(settings, publish):
    app = create_app(settings)
    yield app
    app.extensions["knowledge_graph"].close()


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def counters(app):
    return app.extensions["results"].cache.counters


@pytest.fixture
def ran(app, monkeypatch):
    """The texts of the queries that were run, in order."""
    graph = app.extensions["knowledge_graph"]
    texts, run = [], graph.run

    def recording(job, *arguments):
        texts.append(job.text)
        return run(job, *arguments)

    monkeypatch.setattr(graph, "run", recording)
    return texts


def ask(client, query=COUNT, headers=None, **parameters):
    return client.get("/sparql", query_string={"query": query, **parameters}, headers=headers or {})


def number(response):
    return response.json["results"]["bindings"][0]["n"]["value"]


# --- hits ----------------------------------------------------------------------------------------------------------------


def test_the_same_request_is_answered_again_without_a_query(client, ran, counters):
    first, second = ask(client), ask(client)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.data == second.data
    assert len(ran) == 1
    assert (counters().hits, counters().misses, counters().stored) == (1, 1, 1)


def test_a_hit_has_the_headers_of_the_first_answer_but_a_query_id_of_its_own(client):
    first, second = ask(client), ask(client)
    assert "Query-Id" in first.headers
    kept, again = ([pair for pair in answer.headers if pair[0] != "Query-Id"] for answer in (first, second))
    assert sorted(again) == sorted(kept)
    assert second.headers["Query-Id"] != first.headers["Query-Id"]


@pytest.mark.parametrize(
    "spelling",
    [
        f"{COUNT}\n",
        "SELECT (COUNT(*) AS ?n) # all\n{\t?s   ?p ?o }",
        "# a heading\nSELECT (COUNT(*)  AS ?n)\r\n{ ?s ?p ?o }",
    ],
)
def test_spacing_and_comments_do_not_matter(client, ran, spelling):
    assert ask(client).headers["ETag"] == ask(client, spelling).headers["ETag"]
    assert len(ran) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT ?s { ?s ?p ?o } LIMIT 1", "SELECT ?s { ?s ?p ?o } LIMIT 2"),
        ('SELECT ("a  b" AS ?x) {}', 'SELECT ("a b" AS ?x) {}'),
        ('SELECT ("a#b" AS ?x) {}', 'SELECT ("a#c" AS ?x) {}'),
        ("SELECT (<http://e/#a> AS ?x) {}", "SELECT (<http://e/#b> AS ?x) {}"),
        (
            "BASE <http://e/> SELECT * { VALUES (?x ?y) { (<a> <?b#c>\n) } }",
            "BASE <http://e/> SELECT * { VALUES (?x ?y) { (<a> <?b#d>\n) } }",
        ),
        ("SELECT ?S {?S ?p 1}", "SELECT ?s {?s ?p 1}"),
    ],
)
def test_what_differs_in_meaning_differs_in_key(client, one, other):
    assert ask(client, one).status_code == 200
    assert ask(client, one).headers["ETag"] != ask(client, other).headers["ETag"]
    assert ask(client, one).data != ask(client, other).data


def test_format_coding_and_dataset_are_part_of_the_key(client):
    answers = [
        ask(client),
        ask(client, format="csv"),
        ask(client, format="csv-excel"),
        ask(client, headers={"Accept": "text/tab-separated-values"}),
        ask(client, headers={"Accept-Encoding": "gzip"}),
        ask(client, **{"default-graph-uri": "http://example.org/none"}),
        ask(client, **{"named-graph-uri": "http://example.org/none"}),
    ]
    assert len({answer.headers["ETag"] for answer in answers}) == len(answers)
    assert {"Accept", "Accept-Encoding"} <= set(answers[0].vary)


def test_a_post_and_a_get_share_an_answer(client, ran, counters):
    assert number(client.post("/sparql", data={"query": COUNT})) == "3"
    assert number(ask(client)) == "3"
    assert number(client.post("/sparql", data={"query": COUNT})) == "3"
    assert len(ran) == 1
    assert (counters().hits, counters().misses) == (2, 1)


def test_head_is_answered_from_what_get_left(client, ran):
    got = ask(client)
    head = client.head("/sparql", query_string={"query": COUNT})
    assert head.data == b""
    assert (head.content_length, head.headers["ETag"]) == (got.content_length, got.headers["ETag"])
    assert len(ran) == 1


def test_catalogue_results_are_kept_by_their_arguments(client, ran):
    for meeting in ("1", "2", "1", "2"):
        client.get("/queries/meeting.json", query_string={"meeting": f"id:fg-qit4n/meeting/{meeting}"})
    assert len(ran) == 2


# --- validators ------------------------------------------------------------------------------------------------------------


def test_if_none_match_is_304_with_neither_body_nor_query(client, ran):
    etag = ask(client).headers["ETag"]
    for condition in (etag, f"W/{etag}", f'"other", {etag}'):
        answer = ask(client, headers={"If-None-Match": condition})
        assert (answer.status_code, answer.data) == (304, b"")
        assert answer.headers["ETag"] == etag
        assert {"Accept", "Accept-Encoding"} <= set(answer.vary)
    assert ask(client, headers={"If-None-Match": '"other"'}).status_code == 200
    assert ask(client, headers={"If-None-Match": "*"}).status_code == 304  # RFC 9110, section 13.1.2: there is one
    assert len(ran) == 1


def test_304_needs_no_cache(settings, publish):
    app = create_app(replace(settings, cache_bytes=0))
    try:
        client = app.test_client()
        etag = ask(client).headers["ETag"]
        assert app.extensions["results"].cache.counters().entries == 0
        assert ask(client, headers={"If-None-Match": etag}).status_code == 304
    finally:
        app.extensions["knowledge_graph"].close()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT (NOW() AS ?x) {}",
        "SELECT (RAND() AS ?x) {}",
        "SELECT (UUID() AS ?x) {}",
        "SELECT (STRUUID() AS ?x) {}",
        "SELECT (struuid() AS ?x) {}",
        "SELECT (BNODE() AS ?x) {}",
        "SELECT (IF(RAND() < 2, NOW(), 1) AS ?x) {}",
    ],
)
def test_what_is_different_each_time_is_never_kept(client, ran, query):
    first, second = ask(client, query), ask(client, query)
    assert "ETag" not in first.headers
    assert first.data != second.data
    assert len(ran) == 2


def test_errors_are_not_kept(client, ran, counters):
    for _ in range(2):
        assert ask(client, "SELECT nonsense").status_code == 400
    assert counters().entries == 0


# --- generations -----------------------------------------------------------------------------------------------------------


def test_no_answer_comes_from_an_older_generation(client, publish):
    etags = set()
    for count in range(4, 8):
        publish(count)
        answer = ask(client)
        assert number(answer) == str(count)
        assert number(ask(client)) == str(count)
        assert answer.headers["X-Generation"] == str(count - 2)
        etags.add(answer.headers["ETag"])
    assert len(etags) == 4
    assert ask(client, headers={"If-None-Match": min(etags - {answer.headers["ETag"]})}).status_code == 200


def test_an_answer_that_was_overtaken_is_not_kept(app, client, publish, monkeypatch):
    graph = app.extensions["knowledge_graph"]
    run = graph.run

    def overtaken(job, *arguments):
        monkeypatch.setattr(graph, "run", run)
        spooled = run(job, *arguments)
        publish(10)
        with ThreadPoolExecutor(1) as thread:
            assert number(thread.submit(ask, app.test_client(), format="json").result()) == "10"
        return spooled

    monkeypatch.setattr(graph, "run", overtaken)
    assert number(ask(client)) == "3"
    assert number(ask(client)) == "10"


def test_a_result_pinned_to_a_generation_stays_until_that_one_is_pruned(client, publish):
    publish(4)
    pinned = ask(client, at="1")
    assert (number(pinned), pinned.headers["X-Generation"]) == ("3", "1")
    assert number(ask(client)) == "4"
    assert number(ask(client, at="2")) == "4"
    assert "max-age" in pinned.headers["Cache-Control"]
    assert ask(client).headers["Cache-Control"] == "no-cache"
    publish(5)
    gone = ask(client, at="1")
    assert (gone.status_code, gone.json["type"]) == (410, "/problems/generation-gone")
    assert gone.json["hint"] == "Kept are: 2, 3."
    assert number(ask(client, at="2")) == "4"


@pytest.mark.parametrize(("at", "status"), [("0", 400), ("x", 400), ("-1", 400), ("", 400), ("1.0", 400), ("99", 404)])
def test_a_generation_that_never_was_is_an_error(client, at, status):
    assert ask(client, at=at).status_code == status


def test_the_page_of_a_result_links_to_its_permalink(client, publish):
    page = client.get("/sparql", query_string={"query": COUNT}, headers={"Accept": "text/html"})
    link = page.get_data(as_text=True).partition('rel="bookmark"')[0].rpartition('href="')[2].partition('"')[0]
    publish(4)
    pinned = client.get(link.replace("&amp;", "&"), headers={"Accept": "application/json"})
    assert number(pinned) == "3"


# --- bounds ----------------------------------------------------------------------------------------------------------------


def entry(name, size):
    return Answer(name, [("ETag", name)], [], b"x" * size)


def test_the_cache_never_holds_more_than_its_limit_and_drops_what_was_used_least():
    cache = ResultCache(100_000)
    cache.use(1)
    for n in range(200):
        cache.put(1, ("/sparql", f"query={n}", "", ""), entry(f"e{n}", 2000))
        assert cache.counters().bytes <= 100_000
        assert cache.find(("/sparql", "query=0", "", "")) is not None
    now = cache.counters()
    assert now.evicted > 100
    assert now.bytes > 80_000
    assert cache.find(("/sparql", "query=1", "", "")) is None
    assert cache.find(("/sparql", "query=199", "", "")) is not None


def test_one_answer_takes_no_more_than_its_share():
    cache = ResultCache(100_000)
    cache.use(1)
    cache.put(1, None, entry("big", cache.largest + 1))
    assert cache.counters().entries == 0


def test_many_spellings_of_one_query_are_bounded_too():
    cache = ResultCache(50_000)
    cache.use(1)
    for n in range(1000):
        cache.put(1, ("/sparql", f"query={'x' * 500}{n}", "", ""), entry("same", 100))
    assert cache.counters().bytes <= 50_000


def test_another_generation_empties_it_and_late_answers_stay_out():
    cache = ResultCache(50_000)
    cache.use(1)
    cache.put(1, ("a", "", "", ""), entry("e", 10))
    cache.use(2)
    assert (cache.counters().entries, cache.counters().bytes) == (0, 0)
    cache.put(1, ("a", "", "", ""), entry("e", 10))
    assert cache.counters().entries == 0


def test_each_answer_has_a_query_id_of_its_own_from_the_cache_too(tiny_client):
    asked = {"query": "ASK { ?s ?p 'an id of its own' }"}
    answers = [tiny_client.get("/sparql", query_string=asked) for _ in range(3)]
    tag = answers[0].headers["ETag"]
    answers.append(tiny_client.get("/sparql", query_string=asked, headers={"If-None-Match": tag}))
    answers.append(tiny_client.post("/sparql", data=asked))
    assert [answer.status_code for answer in answers] == [200, 200, 200, 304, 200]
    assert len({answer.headers["Query-Id"] for answer in answers}) == 5
    own = tiny_client.get("/sparql", query_string=asked, headers={"Query-Id": "one-of-my-own"})
    assert own.headers["Query-Id"] == "one-of-my-own"
    assert own.headers.getlist("Query-Id") == ["one-of-my-own"]
    assert tiny_client.get("/sparql", query_string=asked, headers={"Query-Id": "!"}).status_code == 400
