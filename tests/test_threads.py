import _thread
import gc
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import weakref

import numpy as np
import pytest
import threadpoolctl
from hypothesis import given
from hypothesis import strategies as st

from fastml import _blas, _machine, _threads, config_context, get_config
from fastml._threads import WORK_PER_THREAD, effective_threads, for_each_block, one_blas_thread

PATIENCE = 20  # seconds after which a thread that waits for another gives up, so that a hang is a failure


@pytest.fixture(autouse=True)
def own_pool(monkeypatch):
    """Give each test a pool of its own on a machine of four cores."""
    pool = _threads._Pool()
    monkeypatch.setattr(_threads, "_pool", pool)
    monkeypatch.setattr(_threads, "thread_budget", lambda: 4)
    yield pool
    before = time.monotonic()
    pool.close(PATIENCE)
    assert time.monotonic() - before < PATIENCE  # all its threads went home


def meet(n_threads):
    """Return a task that returns only when `n_threads` threads are inside it at once, and who they were."""
    barrier, idents = threading.Barrier(n_threads), []

    def task(block, start, stop):
        idents.append(threading.get_ident())
        barrier.wait(PATIENCE)

    return task, idents


def start(function, *args):
    thread = threading.Thread(target=function, args=args, daemon=True)
    thread.start()
    return thread


# Blocks


@given(n_items=st.integers(0, 60), block_size=st.integers(1, 70), n_threads=st.integers(1, 9))
def test_each_block_once_and_complete(n_items, block_size, n_threads):
    seen = []
    with config_context(n_threads=n_threads):
        for_each_block(lambda *block: seen.append(block), n_items, block_size)
    starts = range(0, n_items, block_size)
    assert sorted(seen) == [(i, s, min(s + block_size, n_items)) for i, s in enumerate(starts)]


def test_serial_blocks_are_in_order():
    seen = []
    for_each_block(lambda *block: seen.append(block), 7, 3, work=10)
    assert seen == [(0, 0, 3), (1, 3, 6), (2, 6, 7)]


@pytest.mark.parametrize("block_size", [0, -1])
def test_block_size_must_be_positive(block_size):
    with pytest.raises(ValueError, match="block_size must be at least 1"):
        for_each_block(print, 3, block_size)


def test_results_do_not_depend_on_the_number_of_threads():
    X = np.random.RandomState(0).normal(size=100_003).astype(np.float32)

    def total(n_threads):
        partial = np.zeros(-(-len(X) // 1000))

        def task(block, start, stop):
            partial[block] = np.sum(X[start:stop] * X[start:stop], dtype=np.float32)

        with config_context(n_threads=n_threads):
            for_each_block(task, len(X), 1000)
        return partial.sum()

    assert len({total(n_threads) for n_threads in (1, 2, 3, 8)}) == 1


# Who does them


@pytest.mark.parametrize("n_threads", [2, 3, 4])
def test_n_threads_take_part_and_the_caller_is_one(n_threads):
    task, idents = meet(n_threads)
    with config_context(n_threads=n_threads):
        for_each_block(task, n_threads, 1)
    assert len(set(idents)) == n_threads
    assert threading.get_ident() in idents


def test_never_more_threads_than_asked_for():
    inside, most = [], []

    def task(block, start, stop):
        inside.append(block)
        most.append(len(inside))
        time.sleep(0.002)
        inside.pop()

    for n_threads in (4, 2):  # the pool has three threads when one is to help
        most.clear()
        with config_context(n_threads=n_threads):
            for_each_block(task, 30, 1)
        assert max(most) <= n_threads


def test_the_pool_persists(own_pool):
    idents = set()
    for _ in range(5):
        task, now = meet(2)
        with config_context(n_threads=2):
            for_each_block(task, 2, 1)
        idents.update(now)
    assert len(idents) == 2
    assert own_pool.n_threads == 1


@pytest.mark.parametrize(
    "n_items, work, n_threads",
    [(10, 1000, None), (10, 2 * WORK_PER_THREAD - 1, None), (1, None, None), (10, None, 1)],
)
def test_no_thread_is_started_where_none_is_worth_it(own_pool, n_items, work, n_threads):
    idents = set()
    with config_context(n_threads=n_threads):
        for_each_block(lambda *block: idents.add(threading.get_ident()), n_items, 1, work=work)
    assert idents == {threading.get_ident()}
    assert own_pool.n_threads == 0


def test_nothing_is_alive_after_import():
    program = (
        "import os, sys, fastml._threads as t; folder = '/proc/self/task';"
        "t.for_each_block(lambda *b: None, 9, 1, work=9); assert t._pool.n_threads == 0;"
        "assert not os.path.exists(folder) or len(os.listdir(folder)) == 1;"
        "assert not {'numpy', 'threadpoolctl', 'joblib', 'multiprocessing', 'concurrent'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_nested_calls_are_serial(own_pool):
    task, idents = meet(4)
    nested = []

    def outer(block, start, stop):
        task(block, start, stop)
        inner = set()
        n_threads = effective_threads()
        for_each_block(lambda *block: inner.add(threading.get_ident()), 20, 1)
        nested.append((n_threads, inner == {threading.get_ident()}))
        task(block, start, stop)  # nobody leaves before all have looked

    for_each_block(outer, 4, 1)
    assert nested == [(1, True)] * 4
    assert own_pool.n_threads == 3


def test_a_busy_pool_is_not_waited_for(own_pool):
    task, _ = meet(3)
    busy = start(for_each_block, task, 2, 1)  # two wait inside for the third: this test
    while own_pool.job is None or own_pool.job.helpers < 1:
        time.sleep(0.001)
    idents = set()

    def note(block, start, stop):
        idents.add(threading.get_ident())
        time.sleep(0.002)

    for_each_block(note, 20, 1)
    assert idents == {threading.get_ident()}
    task(2, 2, 3)
    busy.join(PATIENCE)
    assert not busy.is_alive()
    assert own_pool.job is None


def test_many_threads_at_once():
    def fit(results, i):
        done = np.zeros(200, dtype=np.int64)

        def task(block, start, stop):
            done[start:stop] += 1

        for _ in range(100):
            for_each_block(task, 200, 7)
        results[i] = done

    results = [None] * 8
    threads = [start(fit, results, i) for i in range(8)]
    for thread in threads:
        thread.join(PATIENCE)
    assert all(np.array_equal(done, np.full(200, 100)) for done in results)


def test_a_signal_handler_may_use_the_pool_while_its_thread_holds_it(own_pool):
    done = []
    with own_pool.lock:
        for_each_block(lambda *block: done.append(block), 10, 1)
    assert len(done) == 10


# Errors


def test_the_error_of_the_lowest_block_comes_out():
    def task(block, start, stop):
        if block >= 5:
            raise ValueError(block)
        time.sleep(0.001)

    for _ in range(20):
        with pytest.raises(ValueError) as caught:
            for_each_block(task, 40, 1)
        assert caught.value.args == (5,)


def test_blocks_after_an_error_are_skipped():
    seen = []

    def task(block, start, stop):
        seen.append(block)
        if block == 0:
            raise ValueError
        time.sleep(0.01)

    with pytest.raises(ValueError):
        for_each_block(task, 1000, 1)
    assert len(seen) < 20


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError])
@pytest.mark.parametrize("in_caller", [True, False])
def test_errors_cross_threads_and_the_pool_lives_on(error, in_caller):
    barrier = threading.Barrier(2)

    def task(block, start, stop):
        barrier.wait(PATIENCE)
        if in_caller == (threading.current_thread() is threading.main_thread()):
            raise error

    with config_context(n_threads=2):
        with pytest.raises(error):
            for_each_block(task, 2, 1)
        task, idents = meet(2)
        for_each_block(task, 2, 1)
    assert len(set(idents)) == 2


def test_ctrl_c_goes_before_an_error_of_a_lower_block():
    barrier = threading.Barrier(2)

    def task(block, start, stop):
        barrier.wait(PATIENCE)
        if block == 0:
            raise ValueError
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), config_context(n_threads=2):
        for_each_block(task, 2, 1)


def test_ctrl_c_while_waiting_for_the_last_block():
    finished = []
    barrier = threading.Barrier(2)

    def task(block, start, stop):
        barrier.wait(PATIENCE)
        if threading.current_thread() is not threading.main_thread():
            time.sleep(0.1)
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.1)
            finished.append(block)

    with pytest.raises(KeyboardInterrupt), config_context(n_threads=2):
        for_each_block(task, 2, 1)
    assert len(finished) == 1  # its block was not left behind running


def test_the_callers_arrays_are_let_go():
    class Array:
        pass

    array = Array()
    alive = weakref.ref(array)

    def task(block, start, stop, array=array):
        if block == 30:
            raise ValueError

    with pytest.raises(ValueError):
        for_each_block(task, 40, 1)
    for_each_block(lambda *block, array=array: None, 40, 1)
    del array, task
    until = time.monotonic() + PATIENCE
    while alive() is not None and time.monotonic() < until:  # a thread may still have an old ticket in hand
        gc.collect()
        time.sleep(0.01)
    assert alive() is None


# What the threads inherit


def test_tasks_see_the_callers_configuration():
    meeting, _ = meet(2)
    seen = []

    def task(block, start, stop):
        meeting(block, start, stop)
        seen.append(get_config())

    for memory in (16, 32):
        seen.clear()
        with config_context(working_memory=memory, n_threads=2):
            for_each_block(task, 2, 1)
            assert seen == [get_config()] * 2


def test_tasks_see_the_callers_error_state():
    meeting, _ = meet(2)
    seen = []

    def task(block, start, stop):
        meeting(block, start, stop)
        seen.append(np.geterr()["divide"])

    with np.errstate(divide="raise"), config_context(n_threads=2):
        for_each_block(task, 2, 1)
    assert seen == ["raise", "raise"]


# When there are no threads to be had


def refuse(*args):
    raise RuntimeError("can't start new thread")


def test_refused_threads_mean_serial_work(own_pool, monkeypatch, caplog):
    monkeypatch.setattr(_thread, "start_new_thread", refuse)
    done = []
    with caplog.at_level(logging.WARNING, "fastml"):
        for _ in range(3):
            for_each_block(lambda *block: done.append(block), 10, 1)
            own_pool.retry_at = 0.0
    assert len(done) == 30
    assert [record.getMessage() for record in caplog.records] == [
        "No further worker thread, fewer do the work: can't start new thread"
    ]
    monkeypatch.undo()


def test_threads_that_came_are_used(own_pool, monkeypatch):
    original = _thread.start_new_thread
    monkeypatch.setattr(
        _thread, "start_new_thread", lambda *args: refuse() if own_pool.n_threads > 1 else original(*args)
    )
    task, idents = meet(2)
    for_each_block(task, 2, 1)
    assert own_pool.n_threads == 1
    monkeypatch.setattr(_thread, "start_new_thread", original)
    own_pool.retry_at = 0.0
    task, idents = meet(4)
    for_each_block(task, 4, 1)
    assert len(set(idents)) == 4


def test_a_closed_pool_means_serial_work(own_pool):
    task, _ = meet(2)
    for_each_block(task, 2, 1)
    own_pool.close()
    idents = set()
    for_each_block(lambda *block: idents.add(threading.get_ident()), 50, 1)
    assert idents == {threading.get_ident()}


def test_close_does_not_wait_for_ever(own_pool):
    gate = threading.Event()
    caller = start(for_each_block, lambda *block: gate.wait(PATIENCE), 2, 1)
    while own_pool.job is None or own_pool.job.helpers < 1:
        time.sleep(0.001)
    before = time.monotonic()
    own_pool.close(patience=0.1)
    assert time.monotonic() - before < PATIENCE / 2
    gate.set()
    caller.join(PATIENCE)
    assert not caller.is_alive()


# The thread budget


def test_effective_threads_is_the_least_of_all():
    assert effective_threads() == 4
    assert [effective_threads(n * WORK_PER_THREAD) for n in (0, 1, 2, 3.5, 9, 1e30)] == [1, 1, 2, 3, 4, 4]
    with config_context(n_threads=3):
        assert effective_threads() == effective_threads(np.float64(1e12)) == 3
        assert effective_threads(2 * WORK_PER_THREAD) == 2
    with config_context(n_threads=64):
        assert effective_threads() == 4
    assert type(effective_threads(np.int64(10**9))) is int


def write(root, files):
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


CGROUP_TREES = {
    "version 2": ({"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max": "250000 100000\n"}, 3),
    "version 2, a parent's": (
        {
            "proc/self/cgroup": "0::/a/b\n",
            "sys/fs/cgroup/a/cpu.max": "200000 100000\n",
            "sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
        },
        2,
    ),
    "version 2, in a container": (
        {"proc/self/cgroup": "0::/host/only\n", "sys/fs/cgroup/cpu.max": "50000 100000\n"},
        1,
    ),
    "version 2, unlimited": ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n"}, None),
    "version 1": (
        {
            "proc/self/cgroup": "3:cpuset:/\n2:cpu,cpuacct:/a\n0::/\n",
            "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us": "400000\n",
            "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/cpuset/cpu.cfs_quota_us": "100000\n",
            "sys/fs/cgroup/cpuset/cpu.cfs_period_us": "100000\n",
        },
        4,
    ),
    "version 1, unlimited": (
        {
            "proc/self/cgroup": "2:cpu:/\n",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
        },
        None,
    ),
    "garbage": ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "many\n"}, None),
    "none": ({}, None),
}


@pytest.mark.parametrize("case", CGROUP_TREES)
def test_cgroup_cpus(tmp_path, case):
    files, expected = CGROUP_TREES[case]
    write(tmp_path, files)
    assert _machine.cgroup_cpus(str(tmp_path)) == expected


def test_physical_cores(tmp_path):
    topology = "sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
    write(tmp_path, {topology.format(cpu): f"{cpu % 4},{cpu % 4 + 4}\n" for cpu in range(8)})
    assert _machine.physical_cores(set(range(8)), str(tmp_path)) == 4
    assert _machine.physical_cores({0, 4}, str(tmp_path)) == 1
    assert _machine.physical_cores({0, 1, 4}, str(tmp_path)) == 2
    assert _machine.physical_cores({0, 1, 2}, str(tmp_path / "nowhere")) == 3


def test_thread_budget_follows_the_affinity(monkeypatch):
    budget = _machine._Budget()
    monkeypatch.setattr(_machine, "physical_cores", len)
    monkeypatch.setattr(_machine, "cgroup_cpus", lambda: 3)
    for cpus, expected in [({0}, 1), ({0, 1}, 2), (set(range(8)), 3), ({5}, 1)]:
        monkeypatch.setattr(_machine, "affinity", lambda cpus=cpus: cpus)
        assert budget() == expected


def test_thread_budget_of_this_machine():
    assert 1 <= _machine.thread_budget() <= len(_machine.affinity())


# BLAS


def blas_threads():
    return [lib["num_threads"] for lib in threadpoolctl.threadpool_info() if lib["user_api"] == "blas"]


@pytest.fixture
def two_blas_threads():
    with threadpoolctl.threadpool_limits(2, "blas"):
        if 2 not in blas_threads():
            pytest.skip("this BLAS has one thread only")
        yield


def test_one_blas_thread(two_blas_threads):
    before = blas_threads()
    with one_blas_thread():
        assert set(blas_threads()) == {1}
        with one_blas_thread():
            assert set(blas_threads()) == {1}
        assert set(blas_threads()) == {1}
    assert blas_threads() == before
    with pytest.raises(KeyError), one_blas_thread():
        raise KeyError
    assert blas_threads() == before


def test_one_blas_thread_lasts_until_the_last_has_left(two_blas_threads):
    before = blas_threads()
    first_in, second_in, first_out = threading.Event(), threading.Event(), threading.Event()

    def first():
        with one_blas_thread():
            first_in.set()
            second_in.wait(PATIENCE)
        first_out.set()

    thread = start(first)
    assert first_in.wait(PATIENCE)
    with one_blas_thread():
        second_in.set()
        assert first_out.wait(PATIENCE)
        assert set(blas_threads()) == {1}
    assert blas_threads() == before
    thread.join(PATIENCE)


def test_one_blas_thread_looks_for_libraries_once(two_blas_threads, monkeypatch):
    with one_blas_thread():
        pass
    with monkeypatch.context() as patch:
        patch.setattr(threadpoolctl, "ThreadpoolController", None)
        with one_blas_thread():
            assert {library.num_threads for library in _blas._libraries.found} == {1}
    assert 2 in blas_threads()


class OwnNumberLibrary:
    """A BLAS in which each thread has its own number of threads, as MKL's is set."""

    internal_api = "mkl"
    threading_layer = "intel"

    def __init__(self):
        self.number = threading.local()

    @property
    def num_threads(self):
        return getattr(self.number, "of_threads", 6)

    def set_num_threads(self, n_threads):
        self.number.of_threads = n_threads


def test_helpers_hold_a_blas_that_counts_for_each_thread(monkeypatch):
    library = OwnNumberLibrary()
    monkeypatch.setattr(_blas._libraries, "find", lambda: [library])
    seen = []

    def look():
        task, _ = meet(3)

        def look_and_meet(*block):
            seen.append(library.num_threads)
            task(*block)

        for_each_block(look_and_meet, 3, 1)

    with config_context(n_threads=3):
        with one_blas_thread():
            look()
        assert library.num_threads == 6
        look()
    assert seen == [1, 1, 1, 6, 6, 6]
