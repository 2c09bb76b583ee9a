"""Query processes: an answer is whole or an error, a limit costs one process only, and nothing is left behind.

Guards the promises of `store/executor.py` (deadline, memory, result size, queue, replacement) and of `store/sandbox.py`
(no network).
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad

from qit4n_kg.errors import (
    KnowledgeGraphError,
    QueryCancelledError,
    QueryMemoryError,
    QueryProcessError,
    QueryRefusedError,
    QuerySyntaxError,
    QueryTimeoutError,
    QueueFullError,
    RemoteEndpointError,
    RequestError,
    ResultTooLargeError,
    StateError,
)
from qit4n_kg.formats import RdfFormat, ResultFormat
from qit4n_kg.store.executor import ExecutorPool, Job
from qit4n_kg.store.executor_handle import Executor
from qit4n_kg.store.generations import Generations
from qit4n_kg.store.sandbox import Isolation
from system.processes import descendants, is_running

MIB = 1024 * 1024
VALUE = NamedNode("http://example.org/value")
ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
GREEDY = "SELECT (COUNT(*) AS ?n) { { SELECT DISTINCT ?a ?d ?g { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } } }"
COUNT = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
SIZE = 500


@pytest.fixture(scope="module")
def generations(tmp_path_factory):
    generations = Generations(tmp_path_factory.mktemp("state"), 3)
    quads = [Quad(NamedNode(f"http://example.org/{n}"), VALUE, Literal(n)) for n in range(SIZE)]
    with generations.writer():
        generations.publish(quads, inputs="test", software="test")
    return generations


@pytest.fixture(scope="module")
def store_path(generations):
    return generations.current().store_path


def make_pool(store_path, **changes):
    limits = {"size": 1, "queue": 8, "timeout": 20.0, "memory": 256 * MIB, "result_bytes": 64 * MIB}
    return ExecutorPool(store_path=store_path, **(limits | changes))


@pytest.fixture(scope="module")
def pool(store_path):
    pool = make_pool(store_path)
    yield pool
    pool.close()


def ask(pool, store_path, text, form=ResultFormat.JSON, **more):
    with pool.run(Job(text, form, **more), store_path) as spooled:
        return spooled.read()


def count(pool, store_path):
    return int(json.loads(ask(pool, store_path, COUNT))["results"]["bindings"][0]["n"]["value"])


def eventually(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def children():
    """List the processes below this one: the template of query processes, and these."""
    return descendants("self")


def settled():
    """List them once those of other tests that were killed are reaped."""
    eventually(lambda: all(map(is_running, children())))
    return children()


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


# --- answers ---------------------------------------------------------------------------------------------------------------


def test_a_query_is_answered_in_the_format_asked_for(pool, store_path):
    assert ask(pool, store_path, COUNT, ResultFormat.CSV) == f"n\r\n{SIZE}\r\n".encode()


def test_a_construct_is_answered_in_an_rdf_format(pool, store_path):
    text = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o } LIMIT 1"
    assert ask(pool, store_path, text, RdfFormat.N_TRIPLES).endswith(b" .\n")


def test_processes_are_reused(pool, store_path):
    count(pool, store_path)
    before = pool.processes()
    for _ in range(5):
        count(pool, store_path)
    assert pool.processes() == before


@pytest.mark.parametrize(
    "term",
    [
        NamedNode("http://example.org/a b".replace(" ", "%20")),
        Literal('quotes " and \n lines \\ \u2028 }'),
        Literal("Wort", language="de"),
        Literal("2021-12", datatype=NamedNode("http://www.w3.org/2001/XMLSchema#gYearMonth")),
    ],
)
def test_a_binding_arrives_as_the_same_term(pool, store_path, term):
    rows = json.loads(ask(pool, store_path, "SELECT ?x { BIND(1 AS ?one) }", bindings={"x": term}))
    value = rows["results"]["bindings"][0]["x"]
    assert value["value"] == term.value
    if isinstance(term, Literal):
        assert value.get("xml:lang") == term.language
        assert term.language or value.get("datatype", "http://www.w3.org/2001/XMLSchema#string") == term.datatype.value


def test_a_large_result_is_whole_and_in_a_file(pool, store_path):
    text = "SELECT ?a ?b { ?a ?p ?x . ?b ?q ?y FILTER(?x < 60) }"
    with pool.run(Job(text, ResultFormat.CSV), store_path) as spooled:
        assert spooled.file is not None
        content = spooled.read()
        assert len(content) == spooled.length
        assert content.count(b"\r\n") == 60 * SIZE + 1
        assert spooled.read() == content


def test_a_new_generation_is_opened_by_running_processes(pool, generations, store_path):
    assert count(pool, store_path) == SIZE
    before = pool.processes()
    with generations.writer():
        newer = generations.publish(
            [Quad(NamedNode("http://example.org/only"), VALUE, Literal(1))], inputs="newer", software="test"
        )
    assert count(pool, newer.store_path) == 1
    assert count(pool, store_path) == SIZE
    assert pool.processes() == before


def test_many_threads_get_their_own_answers(store_path):
    pool = make_pool(store_path, size=2, queue=64)
    try:
        with ThreadPoolExecutor(12) as threads:
            texts = [f"SELECT ?s {{ ?s ?p {number} }}" for number in range(60)]
            answers = list(threads.map(lambda text: ask(pool, store_path, text, ResultFormat.CSV), texts))
        assert answers == [f"s\r\nhttp://example.org/{number}\r\n".encode() for number in range(60)]
    finally:
        pool.close()


# --- errors and limits -----------------------------------------------------------------------------------------------------


def test_a_syntax_error_knows_line_and_column_and_costs_no_process(pool, store_path):
    count(pool, store_path)
    before = pool.processes()
    with pytest.raises(QuerySyntaxError) as caught:
        ask(pool, store_path, "SELECT * {\n ?s ?p\n}")
    assert caught.value.line == 3
    assert caught.value.column is not None
    assert pool.processes() == before


def test_a_query_is_stopped_at_its_deadline_and_the_next_is_answered(pool, store_path):
    begun = time.monotonic()
    with pytest.raises(QueryTimeoutError, match=r"0\.3 seconds"):
        ask(pool, store_path, ENDLESS, timeout=0.3)
    assert time.monotonic() - begun < 10  # without a deadline it never ends
    assert count(pool, store_path) == SIZE


def test_only_a_privileged_job_lengthens_the_deadline(store_path):
    pool = make_pool(store_path, timeout=0.2)
    try:
        pool.wait_until_ready(10)
        with pytest.raises(QueryTimeoutError, match=r"0\.8 seconds") as caught:
            ask(pool, store_path, ENDLESS, timeout=0.8, may_lengthen=True)
        assert caught.value.limit == {"name": "timeout", "value": 0.8, "unit": "seconds"}
    finally:
        pool.close()


def test_a_request_can_not_lengthen_the_deadline(store_path):
    pool = make_pool(store_path, timeout=0.4)
    try:
        pool.wait_until_ready(10)
        with pytest.raises(QueryTimeoutError, match=r"0\.4 seconds"):
            ask(pool, store_path, ENDLESS, timeout=60)
    finally:
        pool.close()


def test_a_query_that_needs_too_much_memory_dies_alone(store_path):
    pool = make_pool(store_path, memory=64 * MIB)
    try:
        with pytest.raises(QueryMemoryError, match="64 MiB") as caught:
            ask(pool, store_path, GREEDY, id="greedy-query")
        assert caught.value.limit == {"name": "memory", "value": 64 * MIB, "unit": "bytes"}
        assert caught.value.query_id == "greedy-query"
        assert count(pool, store_path) == SIZE
    finally:
        pool.close()


def test_a_query_nested_too_deeply_for_the_parser_dies_alone(pool, store_path):
    depth = 40_000
    with pytest.raises(KnowledgeGraphError) as caught:
        ask(pool, store_path, "SELECT * " + "{" * depth + "}" * depth)
    assert isinstance(caught.value, RequestError)  # which is no server's state that may pass: trying again is of no use
    assert count(pool, store_path) == SIZE


def test_a_result_over_the_bound_is_an_error_and_not_a_part(store_path):
    pool = make_pool(store_path, result_bytes=1000)
    try:
        with pytest.raises(ResultTooLargeError, match="1000 bytes"):
            ask(pool, store_path, "SELECT * { ?s ?p ?o }")
        assert count(pool, store_path) == SIZE
    finally:
        pool.close()


def test_no_room_for_a_large_result_is_an_error_of_its_own(store_path):
    script = textwrap.dedent(f"""
        import resource
        from pathlib import Path
        from qit4n_kg.errors import StateFullError
        from qit4n_kg.formats import ResultFormat
        from qit4n_kg.store.executor import ExecutorPool, Job
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))  # as a full disk, for this process and its own
        path = Path({str(store_path)!r})
        pool = ExecutorPool(store_path=path, size=1, queue=1, timeout=60, memory=2**30, result_bytes=2**30)
        try:
            pool.run(Job("SELECT * {{ ?a ?b ?c . ?d ?e ?f }}", ResultFormat.JSON), path)
        except StateFullError as exc:
            print(exc)
        print(pool.run(Job("ASK {{}}", ResultFormat.JSON), path).read())
        pool.close()
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == [
        "There is no room on the server's disk for the result.",
        """b'{"head":{},"boolean":true}'""",
    ], done.stderr


def test_a_full_queue_is_said_at_once(store_path):
    pool = make_pool(store_path, queue=0)
    try:
        assert pool.wait_until_ready(10)
        with ThreadPoolExecutor(1) as threads:
            running = threads.submit(ask, pool, store_path, ENDLESS, timeout=4.0)
            time.sleep(0.3)
            begun = time.monotonic()
            with pytest.raises(QueueFullError):
                count(pool, store_path)
            assert time.monotonic() - begun < 1.5  # well before the running one ends
            with pytest.raises(QueryTimeoutError):
                running.result()
    finally:
        pool.close()


def test_a_job_that_waits_gets_the_next_free_process(pool, store_path):
    with ThreadPoolExecutor(2) as threads:
        blocking = threads.submit(ask, pool, store_path, ENDLESS, timeout=0.5)
        time.sleep(0.1)
        waiting = threads.submit(count, pool, store_path)
        assert waiting.result() == SIZE
        with pytest.raises(QueryTimeoutError):
            blocking.result()


def test_a_process_killed_from_outside_is_replaced(pool, store_path):
    count(pool, store_path)
    (victim,) = pool.processes()
    os.kill(victim, signal.SIGKILL)
    eventually(lambda: not is_running(victim))
    assert count(pool, store_path) == SIZE  # the query that comes to it begins anew
    assert victim not in pool.processes()


def test_a_query_whose_processes_are_killed_as_it_comes_is_given_up_without_blame(store_path, monkeypatch):
    pool = make_pool(store_path)
    ask_process = Executor.ask

    def ask_and_kill(executor, header, deadline):
        ask_process(executor, header, deadline)
        if "query" in header:
            executor.kill()

    try:
        with monkeypatch.context() as patched:
            patched.setattr(Executor, "ask", ask_and_kill)
            with pytest.raises(QueryProcessError):
                ask(pool, store_path, ENDLESS)
        assert count(pool, store_path) == SIZE
    finally:
        pool.close()


def test_a_process_killed_while_it_answers_is_taken_for_one_that_needed_too_much_memory(pool, store_path):
    count(pool, store_path)
    (victim,) = pool.processes()
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(ask, pool, store_path, ENDLESS)
        time.sleep(0.2)
        os.kill(victim, signal.SIGKILL)
        with pytest.raises(QueryMemoryError):  # what the kernel does when memory runs out looks just like this
            running.result()
    assert count(pool, store_path) == SIZE


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_query_goes_on_when_all_processes_are_told_to_end_until_the_pool_decides(pool, store_path, number):
    count(pool, store_path)
    (victim,) = pool.processes()
    template = int(Path(f"/proc/{victim}/stat").read_text().rpartition(")")[2].split()[1])
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(ask, pool, store_path, ENDLESS, timeout=0.5)
        time.sleep(0.1)
        for process in (victim, template):
            os.kill(process, number)
        with pytest.raises(QueryTimeoutError):
            running.result()
    assert is_running(template)


def test_a_template_killed_from_outside_is_replaced(pool, store_path):
    count(pool, store_path)
    (victim,) = pool.processes()
    template = int(Path(f"/proc/{victim}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(template, signal.SIGKILL)
    eventually(lambda: not is_running(victim))  # it dies with what it was forked from
    assert count(pool, store_path) == SIZE
    eventually(lambda: template not in children())


def test_a_generation_that_is_not_there_is_an_error_for_that_job_only(pool, store_path, tmp_path):
    with pytest.raises(StateError):
        ask(pool, tmp_path / "9" / "store", COUNT)
    assert count(pool, store_path) == SIZE


def test_jobs_fail_when_no_process_can_be_started(tmp_path):
    pool = make_pool(tmp_path / "nothing")
    try:
        with pytest.raises(StateError):
            ask(pool, tmp_path / "nothing", COUNT)
    finally:
        pool.close()


def test_closing_fails_running_and_waiting_jobs(store_path):
    pool = make_pool(store_path)
    with ThreadPoolExecutor(2) as threads:
        running = threads.submit(ask, pool, store_path, ENDLESS)
        eventually(lambda: pool.figures()["short"] + pool.figures()["long"] == 1)
        waiting = threads.submit(count, pool, store_path)
        eventually(lambda: pool.figures()["waiting"] + pool.figures()["waiting_long"] == 1)
        pool.close()
        for job in (running, waiting):
            with pytest.raises(QueryCancelledError):
                job.result()
    with pytest.raises(QueryCancelledError):
        count(pool, store_path)
    pool.close()


# --- nothing is left behind ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_fifty_killed_queries_leave_processes_and_files_as_they_were(store_path):
    pool = make_pool(store_path, size=2)
    try:
        eventually(lambda: len(pool.processes()) == 2)
        processes, files, threads = children(), open_files(), threading.active_count()
        for _ in range(50):
            with pytest.raises(QueryTimeoutError):
                ask(pool, store_path, ENDLESS, timeout=0.02)
        eventually(lambda: len(pool.processes()) == 2)
        eventually(lambda: len(children()) == len(processes))
        eventually(lambda: open_files() <= files)
        eventually(lambda: threading.active_count() <= threads)
        assert count(pool, store_path) == SIZE
    finally:
        pool.close()


def test_closing_leaves_no_process_and_no_file(store_path):
    processes, files = settled(), open_files()
    pool = make_pool(store_path, size=2)
    count(pool, store_path)
    with pool.run(Job("SELECT * { ?s ?p ?o . ?t ?q ?x } LIMIT 20000", ResultFormat.TSV), store_path) as spooled:
        assert spooled.file is not None
    pool.close()
    eventually(lambda: set(children()) <= set(processes))
    eventually(lambda: open_files() <= files)


def test_query_processes_die_with_a_killed_parent(store_path, tmp_path):
    script = textwrap.dedent(f"""
        import threading, time
        from pathlib import Path
        from qit4n_kg.formats import ResultFormat
        from qit4n_kg.store.executor import ExecutorPool, Job
        path = Path({str(store_path)!r})
        pool = ExecutorPool(store_path=path, size=2, queue=1, timeout=60, memory=2**30, result_bytes=2**20)
        threading.Thread(target=pool.run, args=(Job({ENDLESS!r}, ResultFormat.JSON), path), daemon=True).start()
        while len(pool.processes()) < 2:
            time.sleep(0.01)
        time.sleep(0.2)
        print(*pool.processes(), flush=True)
        time.sleep(60)
    """)
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
        pids = parent.stdout.readline().split()
        assert len(pids) == 2
        parent.kill()
    eventually(lambda: not any(is_running(int(pid)) for pid in pids))


# --- no network ------------------------------------------------------------------------------------------------------------


def test_a_query_process_reaches_no_listener_on_this_machine(pool, store_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/sparql"
        with pytest.raises(RemoteEndpointError):
            ask(pool, store_path, f"SELECT * {{ SERVICE <{url}> {{ ?s ?p ?o }} }}", timeout=5.0)
        with pytest.raises(TimeoutError):
            listener.accept()
    assert pool.isolation in (Isolation.NAMESPACE, Isolation.SECCOMP)


def test_where_nothing_isolates_a_text_that_mentions_service_is_refused(pool, store_path, monkeypatch):
    count(pool, store_path)
    monkeypatch.setattr(pool, "_isolation", Isolation.NONE)
    with pytest.raises(QueryRefusedError):
        ask(pool, store_path, "SELECT * { ?s ?p trueSeRvIcE <http://127.0.0.1/> { ?s ?p ?o } }")


SECCOMP = """
import socket
from qit4n_kg.store import sandbox
assert sandbox.deny_sockets()
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX):
    try:
        socket.socket(family)
    except PermissionError:
        continue
    raise SystemExit(f"{family} was not denied")
print(open("/proc/self/status").read().split("Seccomp:")[1].split()[0])
"""


def test_the_seccomp_filter_denies_every_socket_and_nothing_else():
    done = subprocess.run([sys.executable, "-c", SECCOMP], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "2", done.stderr


def test_an_ordinary_user_gets_a_network_namespace_or_the_filter():
    if os.getuid() != 0:
        pytest.skip("only root can become another user")
    script = "import os; from qit4n_kg.store import sandbox; os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
    script += "print(sandbox.isolate_network().value)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd="/")
    assert done.stdout.strip() in ("network namespace", "seccomp filter"), done.stderr
