"""known.toml names only tests and manifests that there are, each with a reason."""

from __future__ import annotations

import pytest

from conformance.manifests import MISSING, cases, known

pytestmark = pytest.mark.skipif(not cases(), reason=MISSING)


def test_every_test_that_is_known_to_fail_is_one_of_the_w3cs():
    iris = {case.iri for case in cases()}
    listed = {iri for name, tests in known().items() if name != "skip" for iri in tests}
    assert listed <= iris


def test_every_skipped_manifest_has_tests():
    assert set(known()["skip"]) <= {case.manifest for case in cases()}


def test_every_reason_says_something():
    assert all(len(reason) > 20 for tests in known().values() for reason in tests.values())


def test_the_manifests_are_read_whole():
    counts = {kind: sum(case.kind == kind for case in cases()) for kind in {case.kind for case in cases()}}
    assert counts["ProtocolTest"] == 34
    assert counts["ServiceDescriptionTest"] == 3
    assert counts["QueryEvaluationTest"] > 300
    assert counts["UpdateEvaluationTest"] > 90
    assert sum(bool(case.requests) for case in cases()) == 34 + 13
