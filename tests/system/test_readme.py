"""The README's examples work as they stand: queries have answers, commands succeed, the Python lines print the leadership."""

import re
import shlex
import subprocess
import sys

import pytest

from qit4n_kg.config import default_sources
from system.server import run, serving

README = (default_sources() / "README.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"```sparql\n(.*?)```", README, re.DOTALL)
(PYTHON,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
COMMANDS = [shlex.split(line, comments=True) for line in re.findall(r"^    qit4n-kg (query .*)$", README, re.MULTILINE)]


@pytest.fixture(scope="module")
def address(built_state):
    with serving(built_state.state_dir, "--no-build") as address:
        yield address


def test_it_shows_five_queries():
    assert len(QUERIES) == 5


@pytest.mark.parametrize("text", QUERIES, ids=lambda text: text.splitlines()[0].strip("# ")[:40])
def test_each_query_declares_its_prefixes_and_has_an_answer(graph_store, text):
    assert list(graph_store.query(text))


def test_the_sum_of_participants_is_as_the_readme_says(graph_store):
    (text,) = (text for text in QUERIES if "702" in text)
    assert [[term.value for term in row] for row in graph_store.query(text)] == [["702", "9"]]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_each_command_succeeds(built_state, address, arguments):
    here = [argument.replace("http://127.0.0.1:8000", address) for argument in arguments]
    done = run(*here, state=built_state.state_dir, cwd=default_sources())
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_the_python_lines_print_who_leads(address):
    program = PYTHON.replace("http://127.0.0.1:8000", address)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=default_sources(), capture_output=True, text=True, timeout=60, check=True
    )
    assert "Zhangchao Ma | Chair | WG2" in done.stdout


def test_every_file_that_it_links_exists():
    for path in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", README):
        assert (default_sources() / path).exists(), path
