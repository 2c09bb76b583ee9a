"""Guards readers against slow senders: requests with a body are received only so many at a time, others always have a place."""

import gzip
import io
import random
import threading
import tracemalloc
from types import SimpleNamespace

import pytest
from flask import Flask, request
from werkzeug.test import EnvironBuilder, run_wsgi_app

from qit4n_kg.config import load_settings
from qit4n_kg.web import bodies, responses


class Slow(io.RawIOBase):
    """A body that stops in the middle until it is let go."""

    def __init__(self) -> None:
        self.reached, self.go = threading.Event(), threading.Event()

    def readinto(self, buffer: bytearray) -> int:
        self.reached.set()
        self.go.wait(10)
        buffer[:] = b"x" * len(buffer)
        return len(buffer)


@pytest.fixture
def app() -> Flask:
    made = Flask("bodies")
    made.config["MAX_CONTENT_LENGTH"] = 1_000_000
    made.extensions["knowledge_graph"] = SimpleNamespace(settings=load_settings({}))  # of which an error names a limit
    responses.register(made)
    bodies.register(made, 1)
    made.add_url_rule(
        "/", view_func=lambda: f"{len(request.get_data())} bytes", methods=["GET", "POST"], endpoint="all"
    )
    return made


def test_a_slow_body_keeps_one_place_and_readers_are_answered(app):
    slow = Slow()

    def send() -> None:
        environ = EnvironBuilder(method="POST").get_environ()
        run_wsgi_app(app.wsgi_app, {**environ, "CONTENT_LENGTH": "10", "wsgi.input": slow})

    sender = threading.Thread(target=send)
    sender.start()
    try:
        assert slow.reached.wait(5)
        client = app.test_client()
        assert client.get("/").status_code == 200
        full = client.post("/", data=b"abc", headers={"Accept": "application/json"})
        assert (full.status_code, full.get_json()["type"]) == (503, "/problems/receiving-full")
        assert int(full.headers["Retry-After"]) >= 1
    finally:
        slow.go.set()
        sender.join()
    assert app.test_client().post("/", data=b"abc").get_data() == b"3 bytes"


# --- content codings (RFC 9110, sections 8.4.1 and 15.5.16) --------------------------------------------------------------------


def send(app, data, coding, **headers):
    headers = {"Accept": "application/json", "Content-Encoding": coding, **headers}
    return app.test_client().post("/", data=data, headers=headers)


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "x-gzip", "identity, gzip"])
def test_a_body_in_gzip_is_read(app, coding):
    assert send(app, gzip.compress(b"x" * 5000), coding).data == b"5000 bytes"


def test_two_gzip_members_are_one_body(app):
    assert send(app, gzip.compress(b"abc") + gzip.compress(b"de"), "gzip").data == b"5 bytes"


@pytest.mark.parametrize("coding", ["", "identity", "Identity, identity"])
def test_no_coding_changes_nothing(app, coding):
    assert send(app, b"abc", coding).data == b"3 bytes"


@pytest.mark.parametrize("coding", ["br", "zstd", "deflate", "gzip, gzip", "gzip, br", "made-up", "*"])
def test_another_coding_is_415_and_says_which_is_read(app, coding):
    answer = send(app, gzip.compress(b"abc"), coding)
    assert (answer.status_code, answer.json["type"]) == (415, "/problems/unsupported-coding")
    assert answer.headers["Accept-Encoding"] == "gzip"
    assert coding in answer.json["detail"]


@pytest.mark.parametrize("data", [b"abc", gzip.compress(b"abc" * 999)[:-9], gzip.compress(b"abc")[:-4] + b"zzzz"])
def test_what_is_not_gzip_though_it_says_so_is_400(app, data):
    answer = send(app, data, "gzip")
    assert (answer.status_code, answer.json["type"]) == (400, "/problems/request")


def test_a_body_that_becomes_too_large_is_413_and_is_not_unpacked_whole(app):
    app.config["MAX_CONTENT_LENGTH"] = 100_000
    bomb = gzip.compress(b"\0" * 50_000_000)
    assert len(bomb) < 100_000
    tracemalloc.start()
    answer = send(app, bomb, "gzip")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (answer.status_code, answer.json["type"]) == (413, "/problems/too-large")
    assert peak < 5_000_000


# --- length --------------------------------------------------------------------------------------------------------------------


def post(app, body, *, length=None, coding=""):
    environ = EnvironBuilder(method="POST", headers={"Content-Encoding": coding}).get_environ()
    environ |= {"wsgi.input": io.BytesIO(body), "wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    environ.pop("CONTENT_LENGTH", None)
    if length is not None:
        environ["CONTENT_LENGTH"] = str(length)
        environ.pop("HTTP_TRANSFER_ENCODING")
    body, answered, _ = run_wsgi_app(app.wsgi_app, environ, buffered=True)
    return int(answered[:3]), b"".join(body)


@pytest.mark.parametrize(("length", "status"), [(1000, 200), (1001, 413), (5000, 413)])
def test_a_body_in_chunks_of_gzip_is_whole_or_refused(app, length, status):
    app.config["MAX_CONTENT_LENGTH"] = 1000
    answered, body = post(app, gzip.compress(b"a" * length), coding="gzip")
    assert (answered, body == b"1000 bytes") == (status, status == 200)


def test_a_body_in_chunks_that_nothing_shows_to_be_whole_is_411(app):
    assert post(app, b"abc")[0] == 411


@pytest.mark.parametrize("coding", ["", "gzip"])
@pytest.mark.parametrize(("missing", "status"), [(0, 200), (1, 400), (9, 400)])
def test_a_body_shorter_than_its_length_was_cut_off_and_is_400(app, coding, missing, status):
    whole = gzip.compress(b"a" * 1000) if coding else b"a" * 1000
    answered, body = post(app, whole[: len(whole) - missing], length=len(whole), coding=coding)
    assert (answered, body == b"1000 bytes") == (status, status == 200)


def test_a_coded_body_that_tells_a_length_over_the_bound_is_413_unread(app):
    app.config["MAX_CONTENT_LENGTH"] = 1000
    assert send(app, gzip.compress(random.Random(1).randbytes(2000)), "gzip").status_code == 413
