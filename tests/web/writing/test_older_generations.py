"""What a worker keeps of generations that are over: little, and not for as long as Python looks for no cycles."""

import gc
import re
from contextlib import suppress
from pathlib import Path

from qit4n_kg.tokens import Role, Tokens
from qit4n_kg.web.context import EXTENSION

PAGES = (
    "/",
    "/people",
    "/doc/person/zhangchao-ma",
    "/doc/person/zhangchao-ma?lang=fr",
    "/history/person/zhangchao-ma",
    "/ontology",
)


def open_generations(state):
    """List the generations of which this process has files of the store open."""
    found = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found.update(
                re.findall(rf"^{re.escape(str(state))}/generations/(\d+)[^/]*/store/", str(descriptor.readlink()))
            )
    return found


def test_stores_of_older_generations_are_closed_though_nobody_looks_for_cycles(contributing):
    app, _ = contributing
    settings = app.extensions[EXTENSION].settings
    token = Tokens(settings.journal_dir).create("writes-often", Role.ADMIN)
    client = app.test_client()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/sparql-update"}
    gc.collect()
    gc.disable()
    try:
        for number in range(8):
            text = f"INSERT DATA {{ GRAPH <x:older> {{ <x:older> <x:n> {number} }} }}"
            assert client.post("/update", data=text, headers=headers).status_code == 200
            for page in PAGES:
                assert client.get(page).status_code == 200
        assert 1 <= len(open_generations(settings.state_dir)) <= 4
    finally:
        gc.enable()
