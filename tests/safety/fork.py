"""Children forked while the pool is idle, while another thread keeps it at work, and from inside a task."""

import os
import threading
import time
import warnings

from common import blas_threads, blocks, check, data, everything, is_parallel, little, pretend, serial, start

import fastml
from fastml import _threads

# Python 3.12 warns of every fork of a process that has threads: that is what this is about.
warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)


def in_child(function):
    """Fork, call `function` in the child, and wait for it."""
    pid = os.fork()
    if not pid:
        status = 1
        try:
            function()
            status = 0
        finally:
            os._exit(status)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            assert status == 0, f"the child ended with {status}"
            return
        time.sleep(0.005)
    os.kill(pid, 9)
    raise AssertionError("the child hangs")


def fit_in_child():
    assert _threads._pool.n_threads == 0
    check(little(), expected)
    assert is_parallel(4)


def fork_in_task(block, start, stop):
    """Fork where some of the task's blocks are lost in the child, which must say so rather than hang."""
    barrier.wait(20)
    if threading.current_thread() is threading.main_thread():
        if not os.fork():
            in_forked.append(True)


pretend(4)
expected = serial(little)
check(little(), expected)
in_child(fit_in_child)
everything()
in_child(fit_in_child)

X, _ = data()
stop = threading.Event()


def keep_busy():
    while not stop.is_set():
        blocks(X)


busy = start(keep_busy)
for _ in range(25):
    in_child(lambda: check({"blocks": blocks(X)}, {"blocks": expected["blocks"]}))
in_child(fit_in_child)
stop.set()
busy.join(20)
assert not busy.is_alive()

inside, leave = threading.Event(), threading.Event()
n_blas_threads = blas_threads()


def hold_blas():
    with _threads.one_blas_thread():
        inside.set()
        leave.wait(60)


def restore_blas_in_child():
    with _threads.one_blas_thread():
        assert set(blas_threads()) == {1}
    assert blas_threads() == n_blas_threads


holder = start(hold_blas)
assert inside.wait(20)
in_child(restore_blas_in_child)
leave.set()
holder.join(20)
assert blas_threads() == n_blas_threads

barrier, in_forked = threading.Barrier(3), []
parent = os.getpid()
try:
    with fastml.config_context(n_threads=3):
        _threads.for_each_block(fork_in_task, 3, 1)
except RuntimeError as error:
    os._exit(0 if in_forked and "forked inside a parallel task" in str(error) else 1)
assert os.getpid() == parent, "the child went on as if it had all blocks"
assert os.wait()[1] == 0
check(little(), expected)
assert is_parallel(4)
