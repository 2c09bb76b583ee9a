"""Long queries never take the place of short ones: lanes, priority, ids, the list of what runs, and cancelling.

Guards `store/executor_lanes.py`, `store/running.py` and what `store/executor.py` makes of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad

from qit4n_kg.config import load_settings
from qit4n_kg.errors import QueryCancelledError, QueryProcessError, QueryTimeoutError, QueueFullError
from qit4n_kg.formats import ResultFormat
from qit4n_kg.store import executor_lanes
from qit4n_kg.store.executor import ExecutorPool, Job, _give_way
from qit4n_kg.store.executor_jobs import ExecutorError, is_query_id, new_query_id
from qit4n_kg.store.executor_lanes import Lanes
from qit4n_kg.store.generations import Generations
from qit4n_kg.store.running import RunningQueries

MIB = 1024 * 1024
ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"


@pytest.fixture(scope="module")
def store_path(tmp_path_factory):
    generations = Generations(tmp_path_factory.mktemp("state"), 3)
    value = NamedNode("http://example.org/value")
    with generations.writer():
        quads = [Quad(NamedNode(f"http://example.org/{n}"), value, Literal(n)) for n in range(300)]
        generations.publish(quads, inputs="test", software="test")
    return generations.current().store_path


@pytest.fixture
def make_pool(store_path, tmp_path):
    pools = []

    def make(**changes):
        limits = {"size": 1, "long": 2, "queue": 8, "timeout": 20.0, "memory": 256 * MIB, "result_bytes": 64 * MIB}
        pool = ExecutorPool(
            store_path=store_path, running=RunningQueries(tmp_path / "running"), **(limits | {"linger": 30.0} | changes)
        )
        pools.append(pool)
        eventually(lambda: len(pool.processes()) == (limits | changes)["size"])
        return pool

    yield make
    for pool in pools:
        pool.close()


@pytest.fixture
def threads():
    with ThreadPoolExecutor(16) as executor:
        yield executor


def eventually(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return found


def endless(pool, store_path, number=0, **more):
    return pool.run(Job(f"{ENDLESS} # {number}", ResultFormat.JSON, **more), store_path).read()


def short(pool, store_path):
    begun = time.monotonic()
    pool.run(Job("ASK {}", ResultFormat.JSON), store_path).read()
    return time.monotonic() - begun


def niceness(pid):
    """The nice value of each thread of a process."""
    return [
        os.getpriority(os.PRIO_PROCESS, int(task.name)) for task in Path(f"/proc/{pid}/task").iterdir() if task.exists()
    ]


def timed_out(future):
    with pytest.raises(QueryTimeoutError):
        future.result()
    return True


# --- lanes -----------------------------------------------------------------------------------------------------------------


def test_endless_queries_leave_room_for_short_ones(make_pool, store_path, threads):
    pool = make_pool()
    running = [threads.submit(endless, pool, store_path, number, timeout=4.0) for number in range(2)]
    eventually(lambda: len(pool.processes()) == 3)
    time.sleep(0.5)
    assert max(short(pool, store_path) for _ in range(20)) < 2.0
    assert all(timed_out(future) for future in running)


def test_processes_are_never_more_than_both_lanes_and_end_when_no_long_query_comes(make_pool, store_path, threads):
    pool = make_pool(linger=0.3)
    running = [threads.submit(endless, pool, store_path, number, timeout=0.6) for number in range(6)]
    while not all(future.done() for future in running):
        assert len(pool.processes()) <= 3
        time.sleep(0.02)
    assert all(timed_out(future) for future in running)
    eventually(lambda: len(pool.processes()) == 1)


def test_waiting_for_a_turn_counts_in_the_time_that_a_client_gives(make_pool, store_path, threads):
    pool = make_pool(long=1)
    with pytest.raises(QueryTimeoutError):
        endless(pool, store_path, 2, timeout=0.8)  # which is known to be long from now on
    first = threads.submit(endless, pool, store_path, 1, timeout=8.0)
    eventually(lambda: pool.figures()["long"] == 1)
    begun = time.monotonic()
    with pytest.raises(QueryTimeoutError, match="did not end"):
        endless(pool, store_path, 2, timeout=0.8)
    assert time.monotonic() - begun < 4.0
    assert not first.done()
    pool.close()
    assert first.exception() is not None


class _Process:
    pid = 1
    is_cancelled = False

    def kill(self): ...

    def bury(self): ...


@pytest.fixture
def make_lanes():
    made = []

    def make(**sizes):
        defaults = {"start": _Process, "short": 1, "long": 1, "queue": 12, "linger": 30.0}
        made.append(Lanes(**(defaults | sizes)))
        return made[-1]

    yield make
    for lanes in made:
        lanes.close()


def test_who_waits_is_told_when_no_process_can_be_started_and_the_log_says_why(make_lanes, monkeypatch, caplog):
    monkeypatch.setattr(executor_lanes, "_RESTART_PAUSE", 0.05)

    def start():
        raise ExecutorError("A query process did not start (-9): killed")

    waiter = make_lanes(start=start).enter(is_long=False)
    assert waiter.ready.wait(5.0)
    assert isinstance(waiter.error, QueryProcessError)
    assert "did not start (-9): killed" in caplog.text


def in_turn(lanes, running, waiting):
    """Whose turn it is, one query ending after the other."""
    turns = []
    while waiting:
        lanes.release(running.result(), is_reusable=True)
        (running,) = (waiter for waiter in waiting if waiter.ready.is_set())
        waiting.remove(running)
        turns.append(running.client)
    return turns


def occupy(lanes, clients):
    """Long queries of these clients that run."""
    waiters = [lanes.enter(is_long=True, client=client) for client in clients]
    eventually(lambda: all(waiter.ready.is_set() for waiter in waiters))
    return [waiter.result() for waiter in waiters]


@pytest.mark.parametrize("is_long", [True, False])
def test_clients_get_their_turn_one_after_the_other(make_lanes, is_long):
    lanes = make_lanes()
    running = lanes.enter(is_long=is_long, client="many")
    eventually(running.ready.is_set)
    waiting = [lanes.enter(is_long=is_long, client=client) for client in ("many", "many", "one")]
    assert in_turn(lanes, running, waiting) == ["one", "many", "many"]


@pytest.mark.parametrize("is_long", [True, False])
def test_who_has_most_in_a_full_queue_gives_way_to_others_only(make_lanes, is_long):
    lanes = make_lanes(queue=12 if is_long else 3)
    eventually(lanes.enter(is_long=is_long, client="many").ready.is_set)
    waiting = [lanes.enter(is_long=is_long, client="many") for _ in range(3)]
    with pytest.raises(QueueFullError):
        lanes.enter(is_long=is_long, client="many")
    for client, evicted in (("one", waiting[2]), ("two", waiting[1])):
        assert not lanes.enter(is_long=is_long, client=client).ready.is_set()
        with pytest.raises(QueueFullError):
            evicted.result()
    with pytest.raises(QueueFullError):
        lanes.enter(is_long=is_long, client="three")
    assert not waiting[0].ready.is_set()


def test_a_hundred_clients_of_one_address_that_wait_for_their_answers_have_room_in_one_worker(make_lanes):
    settings = load_settings({})
    lanes = make_lanes(short=settings.executors, long=settings.long_queries, queue=settings.queue)
    waiting = [lanes.enter(is_long=False, client="192.0.2.7") for _ in range(100)]
    for _ in range(500):  # each asks again as soon as it has its answer
        served = eventually(lambda: next((waiter for waiter in waiting if waiter.ready.is_set()), None))
        waiting.remove(served)
        lanes.release(served.result(), is_reusable=True)
        waiting.append(lanes.enter(is_long=False, client="192.0.2.7"))
    assert lanes.figures()["waiting"] == 98


def test_a_full_long_lane_makes_room_for_a_client_that_has_fewer_there(make_lanes):
    lanes = make_lanes(long=3)
    _, second, third = occupy(lanes, ["many"] * 3)
    own = lanes.enter(is_long=False, client="one")
    assert lanes.turn_long(own.result(), "one")
    assert [lanes.is_ousted(executor) for executor in (second, third)] == [False, True]
    assert lanes.figures()["long"] == 3


def test_a_full_long_lane_makes_no_room_among_those_who_have_about_the_same(make_lanes):
    lanes = make_lanes(long=3)
    running = occupy(lanes, ["many", "many", "one"])
    for client in ("many", "one"):
        own = lanes.enter(is_long=False, client=client)
        eventually(own.ready.is_set)
        assert not lanes.turn_long(own.result(), client)
        lanes.release(own.result(), is_reusable=True)
    assert not any(lanes.is_ousted(executor) for executor in running)


def test_room_made_in_the_long_lane_is_for_who_waits_and_not_for_who_had_it(make_lanes):
    lanes = make_lanes(long=2)
    _, newest = occupy(lanes, ["many"] * 2)
    overstaying = lanes.enter(is_long=False, client="many").result()
    waiting = lanes.enter(is_long=True, client="one")
    assert lanes.is_ousted(newest)
    assert not lanes.turn_long(overstaying, "many")
    assert not lanes.enter(is_long=True, client="many").ready.is_set()
    lanes.release(newest, is_reusable=False)
    eventually(waiting.ready.is_set)


def test_requests_that_nobody_waits_for_do_not_starve_the_long_queries_of_others(make_pool, store_path, threads):
    pool = make_pool()
    running = [threads.submit(endless, pool, store_path, number, client="gone") for number in range(6)]
    eventually(lambda: pool.figures()["long"] == 2)
    text = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i FILTER(?c < 12) }"
    begun = time.monotonic()
    with pool.run(Job(text, ResultFormat.JSON, client="waits"), store_path) as answer:
        assert b'"1080000"' in answer.read()
    assert time.monotonic() - begun < 10.0  # of the 20 seconds that the others may run
    pool.close()
    assert all(future.exception() is not None for future in running)


def test_a_long_query_beyond_the_lane_gives_way_to_a_short_one_and_begins_anew(make_pool, store_path, threads):
    pool = make_pool(long=1)
    first = threads.submit(endless, pool, store_path, 1)
    eventually(lambda: pool.figures()["long"])
    second = threads.submit(endless, pool, store_path, 2)
    eventually(lambda: pool.figures()["short"])
    time.sleep(0.5)  # it stays in the short lane, as nobody waits
    assert short(pool, store_path) < 10.0  # of the 20 seconds that it may run
    eventually(lambda: pool.figures()["waiting_long"])
    pool.close()
    assert all(future.exception() is not None for future in (first, second))


def test_a_query_known_to_be_long_does_not_take_a_short_place(make_pool, store_path, threads):
    pool = make_pool(long=1, queue=16)
    assert timed_out(threads.submit(endless, pool, store_path, 1, timeout=1.3))
    running = [threads.submit(endless, pool, store_path, 1, timeout=15.0) for _ in range(4)]
    eventually(lambda: len(pool.processes()) == 2)
    assert max(short(pool, store_path) for _ in range(20)) < 5.0
    assert not any(future.done() for future in running)
    pool.close()


def test_too_many_long_queries_are_refused_at_once(make_pool, store_path, threads):
    pool = make_pool(long=1, queue=1)
    assert timed_out(threads.submit(endless, pool, store_path, 1, timeout=1.3))
    running = [threads.submit(endless, pool, store_path, 1, timeout=1.0) for _ in range(4)]
    time.sleep(0.2)
    errors = [future.exception() for future in running]
    assert sum(isinstance(error, QueueFullError) for error in errors) >= 2
    assert sum(isinstance(error, QueryTimeoutError) for error in errors) >= 1


def test_a_query_gives_way_step_by_step_the_more_it_has_computed():
    class Watched:
        niceness = 0

        def renice(self, niceness):
            self.niceness = niceness

    watched, seen = Watched(), []
    for used in (0.001, 0.02, 0.031, 0.09, 0.099, 0.1, 5.0):
        pause = _give_way(watched, used)
        assert 0.01 <= pause <= 0.1
        seen.append(watched.niceness)
    assert seen == [0, 0, 5, 5, 5, 19, 19]


def test_a_long_query_is_reniced_and_its_process_serves_the_next_at_full_priority(make_pool, store_path, threads):
    pool = make_pool(long=0)
    (pid,) = pool.processes()
    usual = os.getpriority(os.PRIO_PROCESS, 0)
    long_text = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i FILTER(?c < 60) }"
    running = threads.submit(lambda: pool.run(Job(long_text, ResultFormat.JSON), store_path).read())
    eventually(lambda: max(niceness(pid)) == 19)
    assert json.loads(running.result())["results"]["bindings"][0]["n"]["value"] == str(60 * 300 * 300)
    short(pool, store_path)
    assert pool.processes() == [pid]
    eventually(lambda: max(niceness(pid)) == usual)  # the thread before it may not be gone quite yet


# --- ids, list, cancel -----------------------------------------------------------------------------------------------------


def test_a_running_query_is_listed_without_its_literals(make_pool, store_path, threads, tmp_path):
    pool = make_pool()
    text = ENDLESS.replace("}", 'FILTER(STR(?l) != "secret") }')
    running = threads.submit(
        lambda: pool.run(Job(text, ResultFormat.JSON, timeout=1.0, id="my-query"), store_path).read()
    )
    elsewhere = RunningQueries(tmp_path / "running")  # as another worker has it
    (found,) = eventually(elsewhere.find)
    assert (found.id, found.worker) == ("my-query", os.getpid())
    assert found.seconds >= 0
    assert "STR ( ?l )" in found.text
    assert "secret" not in found.text
    assert timed_out(running)
    assert elsewhere.find() == []


def test_a_query_is_cancelled_from_another_worker(make_pool, store_path, threads, tmp_path):
    pool = make_pool()
    running = threads.submit(endless, pool, store_path, id="my-query")
    assert RunningQueries(tmp_path / "running").cancel("my-query")
    with pytest.raises(QueryCancelledError) as caught:
        running.result(timeout=2)
    assert caught.value.query_id == "my-query"
    assert short(pool, store_path) < 2


def test_a_query_that_waits_is_cancelled_too(make_pool, store_path, threads, tmp_path):
    pool = make_pool(long=1)
    assert timed_out(threads.submit(endless, pool, store_path, timeout=1.3))
    first = threads.submit(endless, pool, store_path, id="the-first", timeout=3.0)
    waiting = threads.submit(endless, pool, store_path, id="the-second")
    running = RunningQueries(tmp_path / "running")
    eventually(lambda: len(running.find()) == 2)
    assert running.cancel("the-second")
    with pytest.raises(QueryCancelledError):
        waiting.result(timeout=2)
    assert running.cancel("the-first")
    with pytest.raises(QueryCancelledError):
        first.result(timeout=2)


def test_an_id_under_which_nothing_runs_can_not_be_cancelled(tmp_path):
    assert not RunningQueries(tmp_path / "running").cancel("nobody-has-this")


def test_files_of_a_worker_that_died_are_removed(tmp_path):
    script = "import sys, time; from pathlib import Path; from qit4n_kg.store.running import RunningQueries;"
    script += "RunningQueries(Path(sys.argv[1])).publish('of-the-dead', 'ASK {}', time.time())"
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)
    assert len(list(tmp_path.iterdir())) == 1
    assert RunningQueries(tmp_path).find() == []
    assert list(tmp_path.iterdir()) == []


def test_a_query_runs_where_it_can_not_be_listed(store_path, tmp_path, caplog):
    (tmp_path / "running").write_text("no directory")
    pool = ExecutorPool(
        store_path=store_path,
        size=1,
        queue=1,
        timeout=0.5,
        memory=256 * MIB,
        result_bytes=MIB,
        running=RunningQueries(tmp_path / "running"),
    )
    try:
        assert pool.wait_until_ready(20)
        with pytest.raises(QueryTimeoutError):
            endless(pool, store_path)
    finally:
        pool.close()
    assert "can't be listed" in caplog.text


def test_ids_of_ours_are_long_and_new_and_usable():
    ids = {new_query_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(is_query_id(name) and len(name) >= 32 for name in ids)


@pytest.mark.parametrize(
    "name", ["", "short", "x" * 65, "with space", "../../etc", "a~b~c~d~e", "line\nbreak", ".hidden-file"]
)
def test_an_id_that_is_no_plain_name_is_refused(name):
    assert not is_query_id(name)


# --- nothing is left behind ------------------------------------------------------------------------------------------------


def test_killed_long_queries_leave_threads_files_and_processes_as_they_were(make_pool, store_path, threads, tmp_path):
    pool = make_pool(size=2, linger=0.2, queue=16)

    def state():
        ours = [thread for thread in threading.enumerate() if not thread.name.startswith("ThreadPoolExecutor")]
        return len(list(Path("/proc/self/fd").iterdir())), len(ours), len(pool.processes())

    short(pool, store_path)
    eventually(lambda: len(pool.processes()) == 2)
    before = state()
    running = [threads.submit(endless, pool, store_path, number, timeout=0.2) for number in range(12)]
    assert all(timed_out(future) for future in running)
    eventually(lambda: state() == before)
    assert list((tmp_path / "running").iterdir()) == []
