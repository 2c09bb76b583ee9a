"""Guards the downloads: bounded, patient, and only from where the person said. A server of the test's own answers."""

import gzip
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from qit4n_kg.errors import ConfigurationError, FeedGoneError, MirrorError
from qit4n_kg.mirroring.fetching import Limits, Source

GOOD = (200, {"Content-Type": "application/n-quads", "ETag": '"1"'}, b"<x:s> <x:p> <x:o> .\n")


@pytest.fixture
def server():
    """Answers what the test says, in order; the last answer stays."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            held.asked.append((self.path, dict(self.headers)))
            answer = held.answers.pop(0) if len(held.answers) > 1 else held.answers[0]
            if callable(answer):
                answer(self)
                return
            status, headers, body = answer
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "Content-Length" not in headers:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_): ...

    held = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    held.asked, held.answers = [], [GOOD]
    held.url = f"http://127.0.0.1:{held.server_port}"
    thread = threading.Thread(target=held.serve_forever, args=(0.02,))
    thread.start()
    yield held
    held.shutdown()
    thread.join()
    held.server_close()


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def source(server, pauses):
    return lambda url=None, **limits: Source(
        url or server.url, Limits(**{"timeout": 5.0, **limits}), lambda _: None, pauses.append
    )


@pytest.mark.parametrize("tail", ["", "/", "/feed", "/feed/"])
def test_the_server_or_its_feed_may_be_named(server, source, tail):
    assert source(server.url + tail).root() == GOOD[2]
    assert server.asked[0][0] == "/feed"


def test_a_server_below_a_path_is_followed_there(server, source):
    found = source(f"{server.url}/kg/feed")
    found.root()
    found.part("https://other.example/feed/e-1/pages/3")
    assert [path for path, _ in server.asked] == ["/kg/feed", "/kg/feed/e-1/pages/3"]


@pytest.mark.parametrize(
    "iri",
    [
        "http://x/other",
        "http://x/feed/",
        "http://x/feed/a b",
        "http://x/feed/../secret",
        "http://x/feed/1?x=y",
        "http://x/feed/\r\nX: y",
    ],
)
def test_a_link_that_is_no_part_of_the_feed_is_not_followed(server, source, iri):
    with pytest.raises(MirrorError, match="no part of it"):
        source().part(iri)
    assert server.asked == []


@pytest.mark.parametrize(
    "url", ["ftp://example.org", "http://", "http://user:word@example.org/", "http://example.org/?x"]
)
def test_what_is_no_address_is_refused(source, url):
    with pytest.raises(ConfigurationError, match="no address"):
        source(url)


def test_it_asks_again_while_the_server_is_away_and_then_more_seldom(server, source, pauses):
    server.answers[:] = [(503, {}, b""), (502, {}, b""), (500, {}, b""), GOOD]
    assert source().root() == GOOD[2]
    assert pauses == [0.5, 1.0, 2.0]


def test_it_waits_as_long_as_the_server_says(server, source, pauses):
    server.answers[:] = [(429, {"Retry-After": "7"}, b""), GOOD]
    source().root()
    assert pauses == [7.0]


def test_its_patience_ends(server, source):
    server.answers[:] = [(503, {"Retry-After": "30"}, b"")]
    with pytest.raises(MirrorError, match="it answered 503"):
        source(patience=10).root()
    assert len(server.asked) == 1


def test_the_last_time_is_at_the_end_of_its_patience_and_not_before(server):
    server.answers[:] = [(503, {}, b"")]
    clock = [0.0]
    waited = []

    def pause(seconds):
        waited.append(seconds)
        clock[0] += seconds

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qit4n_kg.mirroring.fetching.time.monotonic", lambda: clock[0])
        with pytest.raises(MirrorError):
            Source(server.url, Limits(patience=120.0), lambda _: None, pause).root()
    assert waited == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 56.5]


def test_nobody_listens_there(source):
    with pytest.raises(MirrorError, match="does not answer as it should"):
        source("http://127.0.0.1:9", patience=0.1).root()


def test_a_torn_answer_is_asked_for_again(server, source):
    server.answers[:] = [(200, {**GOOD[1], "Content-Length": "100"}, GOOD[2]), GOOD]
    assert source().root() == GOOD[2]


def test_a_torn_packed_answer_is_asked_for_again(server, source):
    headers = {**GOOD[1], "Content-Encoding": "gzip"}
    packed = gzip.compress(GOOD[2])
    server.answers[:] = [(200, headers, packed[:-6]), (200, headers, packed)]
    assert source().root() == GOOD[2]
    assert len(server.asked) == 2


def test_a_page_over_the_bound_is_refused_though_it_is_small_when_packed(server, source):
    server.answers[:] = [(200, {**GOOD[1], "Content-Encoding": "gzip"}, gzip.compress(b"x" * 10_000_000))]
    with pytest.raises(MirrorError, match="larger than 1000000 bytes"):
        source(size=1_000_000).root()


def test_an_answer_that_drips_is_cut_off(server, source):
    def drip(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "application/n-quads")
        handler.end_headers()
        for _ in range(100):
            try:
                handler.wfile.write(b"#")
                handler.wfile.flush()
            except OSError:
                return
            time.sleep(0.05)

    server.answers[:] = [drip]
    started = time.monotonic()
    with pytest.raises(MirrorError, match=r"no whole answer in 0\.3 s"):
        source(timeout=0.3, patience=0.0).root()
    assert time.monotonic() - started < 3


def test_what_is_no_feed_is_said_so_at_once(server, source):
    server.answers[:] = [(200, {"Content-Type": "text/html"}, b"<html>")]
    with pytest.raises(MirrorError, match="not a change feed: it answers with text/html"):
        source().root()
    server.answers[:] = [(404, {}, b"")]
    with pytest.raises(MirrorError, match="answered 404"):
        source().root()
    server.answers[:] = [(301, {"Location": "http://elsewhere.example/"}, b"")]
    with pytest.raises(MirrorError, match="answered 301"):
        source().root()


def test_a_page_that_is_gone_says_that_the_feed_began_anew(server, source):
    server.answers[:] = [(410, {}, b"")]
    with pytest.raises(FeedGoneError):
        source().part("http://x/feed/e/pages/1")


def test_the_root_is_asked_for_by_its_etag(server, source):
    found = source()
    found.root()
    server.answers[:] = [(304, {}, b"")]
    assert found.root(is_conditional=True) is None
    assert server.asked[1][1]["If-None-Match"] == '"1"'
