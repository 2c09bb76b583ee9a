"""Guards readers against slow senders: requests with a body are received only so many at a time, others always have a place."""

import io
import threading

import pytest
from flask import Flask, request
from werkzeug.test import EnvironBuilder, run_wsgi_app

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
