"""A running server that may be written to, and an administrator's token, for clients that no one here wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from system.server import run, serving

if TYPE_CHECKING:
    from collections.abc import Iterator


class Place(NamedTuple):
    """A server's address and a token."""

    address: str
    token: str

    @property
    def sparql(self) -> str:
        return f"{self.address}/sparql"

    @property
    def update(self) -> str:
        return f"{self.address}/update"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("clients")
    variables = {"QIT4N_SOURCES": "none", "QIT4N_GATE": "off", "QIT4N_JOURNAL_DIR": str(folder / "journal")}
    with serving(folder / "state", cwd=folder, variables=variables) as address:
        made = run("token", "create", "client", "--role", "admin", state=folder / "state", cwd=folder, **variables)
        assert made.returncode == 0, made.stderr
        yield Place(address, made.stdout.strip())
