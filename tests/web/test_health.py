"""`/healthz` says that the process lives, `/readyz` that queries are answered; both are JSON and never cached."""

from __future__ import annotations

from dataclasses import replace

from qit4n_kg.web.app import create_app


def test_healthz_needs_no_generation_and_no_query_process(tiny_settings):
    app = create_app(replace(tiny_settings, executors=1))
    app.extensions["knowledge_graph"].close()
    response = app.test_client().get("/healthz")
    assert (response.status_code, response.json) == (200, {"status": "ok"})
    assert response.headers["Cache-Control"] == "no-store"


def test_readyz_names_the_generation_and_the_isolation(tiny_client):
    response = tiny_client.get("/readyz")
    assert response.status_code == 200
    assert response.json["status"] == "ready"
    assert response.json["generation"] == 1
    assert response.json["isolation"] in ("network namespace", "seccomp filter", "none")
    assert response.headers["Cache-Control"] == "no-store"


def test_readyz_is_503_when_no_query_is_answered(tiny_settings):
    app = create_app(tiny_settings)
    app.extensions["knowledge_graph"].close()
    response = app.test_client().get("/readyz")
    assert (response.status_code, response.json["status"]) == (503, "unready")
