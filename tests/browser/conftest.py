"""A server on the shipped graph in a process of its own, and Debian's Chromium; skipped with a reason where there is none."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from qit4n_kg.config import default_sources, to_environ

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

    from qit4n_kg.config import Settings

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
MOST_PIXELS = 15_000
ARTIFACTS = Path(__file__).resolve().parents[1] / "artifacts"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
SERVE = """
from qit4n_kg.config import load_settings
from qit4n_kg.serving import serve_forever
serve_forever(load_settings(), on_ready=lambda url: print(url, flush=True))
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what drives a browser, and let one worker do it all: one server and one browser are enough."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def address(browser: Browser, built_state: Settings) -> Iterator[str]:
    """The address of a server on the shipped graph, without a slash at its end; not started where there is no browser."""
    with serving(built_state) as address:
        yield address


@contextlib.contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """Serve in a process of its own; the address has no slash at its end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, **to_environ(settings), "QIT4N_PORT": str(port), "QIT4N_WORKERS": "1"}
    command = [sys.executable, "-c", SERVE]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("http://"), "the server did not start"
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=40)


class Visits:
    """Pages in a browser, and what they complained of: errors on the console, other servers asked, a content policy with holes."""

    def __init__(self, browser: Browser, address: str) -> None:
        self._browser = browser
        self._address = address
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    def open(
        self,
        path: str,
        *,
        status: int = 200,
        width: int = 1280,
        expected: tuple[int, ...] = (),
        blocked: str | None = None,
        **options: object,
    ) -> Page:
        """Open a path; `expected` are statuses that the page's own requests may get, `blocked` scripts that come empty."""
        context = self._browser.new_context(viewport={"width": width, "height": 900}, **options)  # type: ignore[arg-type]
        context.set_default_timeout(45_000)
        self._contexts.append(context)
        page = context.new_page()
        if blocked is not None:
            page.route(blocked, lambda route: route.fulfill(status=200, body="", content_type="text/javascript"))
        page.on("console", lambda message: self._hear(message.type, message.text, (status, *expected)))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._watch(request.url))
        response = page.goto(f"{self._address}{path}")
        assert response is not None
        assert response.status == status
        policy = response.headers.get("content-security-policy", "")
        assert policy.startswith("default-src 'self';")
        assert not any(word in policy for word in ("unsafe", "nonce", "http:", "https:", "data:"))
        return page

    def _hear(self, kind: str, text: str, allowed: tuple[int, ...]) -> None:
        is_expected = any(status >= 400 and f"status of {status}" in text for status in allowed)
        if kind in ("error", "warning") and not is_expected:
            self.complaints.append(text)

    def _watch(self, url: str) -> None:
        if not url.startswith(self._address):
            self.complaints.append(url)

    def close(self) -> None:
        """End all visits; none may have complained."""
        for context in self._contexts:
            context.close()
        self._contexts.clear()
        complaints, self.complaints = self.complaints, []
        assert complaints == []


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Open a path; when the test ends, no page may have reported an error on its console or asked another server."""
    visits = Visits(browser, address)
    yield visits.open
    visits.close()


@pytest.fixture(scope="session")
def look_at(browser: Browser, address: str) -> Callable[..., contextlib.AbstractContextManager[Page]]:
    """The same for what tests share: a page for a `with` block."""

    @contextlib.contextmanager
    def look(path: str, **options: object) -> Iterator[Page]:
        visits = Visits(browser, address)
        yield visits.open(path, **options)  # type: ignore[arg-type]
        visits.close()

    return look


def are_built() -> bool:
    """Tell whether frontend/build.py has built the bundles; where npm is out of reach it has not."""
    return (default_sources() / "src/qit4n_kg/web/static/vendor/manifest.json").is_file()


@pytest.fixture
def has_bundles() -> None:
    """Skip where nothing is built."""
    if not are_built():
        pytest.skip("the browser's bundles are not built (make frontend)")


@pytest.fixture(scope="session")
def keep() -> Callable[[Page, str], None]:
    """Keep a screenshot of the page under tests/artifacts, which git ignores; of a very long page what is in view."""

    def screenshot(page: Page, name: str) -> None:
        ARTIFACTS.mkdir(exist_ok=True)
        is_long = page.evaluate("document.documentElement.scrollHeight") > MOST_PIXELS
        page.screenshot(path=ARTIFACTS / f"{name}.png", full_page=not is_long)

    return screenshot
