"""Static files: what may be kept for ever, what must be asked for again, how they are coded, and what a page loads."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from qit4n_kg.web.assets import Assets

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    vendor = tmp_path / "vendor"
    vendor.mkdir()
    files = {
        "editor.js": {"file": "editor-ABCDEFGH.js", "early": ["part-12345678.js"]},
        "editor.css": {"file": "editor-HGFEDCBA.css", "early": []},
    }
    (vendor / "manifest.json").write_text(json.dumps({"inputs": "x", "files": files}))
    (tmp_path / "site.css").write_text("a { color: red }")
    return tmp_path


def test_a_style_sheet_with_the_hash_in_its_address_is_kept_for_ever(tiny_client: FlaskClient) -> None:
    page = tiny_client.get("/", headers={"Accept": "text/html"}).text
    address = next(part for part in page.split('"') if part.startswith("/static/site.css"))
    assert tiny_client.get(address).headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("address", ["/static/site.css", "/static/site.css?v=0000000000000000"])
def test_an_address_without_the_right_hash_is_asked_for_each_time(tiny_client: FlaskClient, address: str) -> None:
    first = tiny_client.get(address)
    assert first.headers["Cache-Control"] == "no-cache"
    again = tiny_client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.data == b""


def test_a_static_file_is_sent_in_the_coding_that_the_client_wants(tiny_client: FlaskClient) -> None:
    plain = tiny_client.get("/static/site.css")
    coded = tiny_client.get("/static/site.css", headers={"Accept-Encoding": "gzip"})
    assert coded.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(coded.data) == plain.data
    assert coded.headers["ETag"] != plain.headers["ETag"]
    assert coded.headers["Content-Type"] == "text/css; charset=utf-8"


@pytest.mark.parametrize("name", ["none.css", "../app.py", "%2e%2e/app.py", "vendor", "vendor/"])
def test_what_is_no_static_file_is_404(tiny_client: FlaskClient, name: str) -> None:
    assert tiny_client.get(f"/static/{name}").status_code == 404


def test_a_bundle_is_loaded_with_what_it_needs_early(folder: Path) -> None:
    assert str(Assets(folder).tags("editor")).split("\n  ") == [
        '<link rel="modulepreload" href="/static/vendor/part-12345678.js">',
        '<script type="module" src="/static/vendor/editor-ABCDEFGH.js"></script>',
        '<link rel="stylesheet" href="/static/vendor/editor-HGFEDCBA.css">',
    ]


def test_bundles_that_are_not_built_leave_nothing_to_load(folder: Path) -> None:
    assert str(Assets(folder).tags("other")) == ""
    (folder / "vendor" / "manifest.json").unlink()
    assert str(Assets(folder).tags("editor")) == ""


def test_a_file_that_changed_has_another_address(folder: Path) -> None:
    assets = Assets(folder)
    before = assets.path("site.css")
    (folder / "site.css").write_text("a { color: green; }")
    assert assets.path("site.css") != before
    assert assets.path("none.css") == "/static/none.css"
