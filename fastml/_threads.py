"""The one thread pool: work in fixed blocks, on as many threads as the machine and the work are good for.

`for_each_block` cuts a range into blocks that depend on nothing but its arguments, so that results do not
depend on the number of threads. The calling thread takes blocks like the pool's threads do; it never waits
for a thread that has not begun. The pool serves one call at a time: whoever finds it busy, in another thread
or nested inside a task, does its own blocks alone. So nothing can deadlock, and the pool adds at most its own
threads to the user's.

Ctrl-C may strike between any two instructions. Whether the pool is busy is therefore never stored: it is read
off the job that it was given last, which is over once no block is left and no thread at work.
"""

from __future__ import annotations

import _thread
import atexit
import contextvars
import os
import sys
import threading
import time
from contextlib import nullcontext
from queue import Empty, SimpleQueue

from . import _config
from ._blas import blas_is_held, one_blas_thread
from ._machine import in_worker, thread_budget

__all__ = ["effective_threads", "for_each_block", "one_blas_thread"]

# Waking a thread and waiting for its last block cost 50 to 100 us. Compiled loops do 1e9 to 5e10 operations a
# second; measured with sums and exponentials, two threads begin to win at 2e5 to 8e5 operations.
WORK_PER_THREAD = 250_000


class _Job:
    """The blocks of one call, and who is at work on them."""

    def __init__(self, task, n_items, block_size):
        self.task = task
        self.n_items = n_items
        self.block_size = block_size
        self.n_blocks = -(-n_items // block_size)
        self.config = dict(_config.current())
        self.context = contextvars.copy_context()  # np.errstate lives there
        self.one_blas_thread = blas_is_held()
        self.owner = threading.get_ident()
        self.lock = threading.Lock()
        self.next_block = 0
        self.helpers = 0
        self.last_left = None
        self.error = None
        self.error_block = self.n_blocks

    def over(self):
        """Tell whether no block is left and no helper at work."""
        return self.next_block >= self.n_blocks and not self.helpers

    def run(self, leave=lambda: False):
        """Do blocks until none is left, one fails, or `leave` says so."""
        block = self.n_blocks
        try:
            while not leave():
                with self.lock:
                    block = self.next_block
                    if block >= self.n_blocks:
                        return
                    self.next_block = block + 1
                start = block * self.block_size
                self.task(block, start, min(start + self.block_size, self.n_items))
        except BaseException as error:
            self.fail(error, block)

    def fail(self, error, block):
        """Skip the blocks that nobody has begun, and keep the error that a serial run would have raised.

        Blocks begin in ascending order, so that the lowest block that fails has always begun. What is no
        `Exception`, Ctrl-C above all, goes before whatever a task raised.
        """
        if not isinstance(error, Exception):
            block = -1
        with self.lock:
            self.next_block = self.n_blocks
            if self.error is None or block < self.error_block:
                self.error, self.error_block = error, block

    def help(self, leave):
        """Take part as a thread of the pool."""
        with self.lock:
            if self.next_block >= self.n_blocks:
                return
            self.helpers += 1
        try:
            _config.replace(self.config)
            with one_blas_thread() if self.one_blas_thread else nullcontext():
                self.context.copy().run(self.run, leave)
        finally:
            with self.lock:
                self.helpers -= 1
                if not self.helpers and self.last_left is not None:
                    self.last_left.release()

    def finish(self):
        """Wait until the helpers have done their present blocks; a Ctrl-C meanwhile is raised afterwards."""
        while True:
            try:
                with self.lock:
                    if not self.helpers:
                        return
                    if self.last_left is None:
                        gate = threading.Lock()
                        gate.acquire()
                        self.last_left = gate
                self.last_left.acquire()
            except BaseException as error:
                self.fail(error, -1)

    def abandon(self):
        """End the job in a forked child, which has neither the helpers nor the blocks that they had taken."""
        self.lock = threading.Lock()
        self.helpers = 0
        self.fail(RuntimeError("A child forked inside a parallel task cannot go on with the task."), -1)


class _Pool:
    """Threads that wait in a queue for tickets. A ticket is a job to help with, or None: go home."""

    def __init__(self):
        # A signal handler may call an estimator while its thread holds the lock.
        self.lock = threading.RLock()
        self.tickets = SimpleQueue()
        self.gone = SimpleQueue()
        self.n_threads = 0
        self.idents = []
        self.job = None
        self.closed = False
        self.refused = False
        self.retry_at = 0.0

    def serves_this_thread(self):
        """Tell whether this thread is one of the pool's, or inside the job that the pool is doing."""
        job = self.job
        if job is not None and job.owner == threading.get_ident() and not job.over():
            return True
        return threading.get_ident() in self.idents

    def claim(self, job, n_helpers):
        """Call up to `n_helpers` threads to `job`; none when the pool is at work for somebody else."""
        with self.lock:
            if not self.closed and (self.job is None or self.job.over()):
                self._hand_out(job, n_helpers)

    def _hand_out(self, job, n_tickets):
        self.job = job
        self._grow(n_tickets)
        for _ in range(min(n_tickets, self.n_threads)):
            self.tickets.put(job)

    def release(self, job):
        """Forget the job, which holds on to its caller's arrays."""
        with self.lock:
            if self.job is job:
                self.job = None

    def _grow(self, n_threads):
        """Start threads until there are `n_threads` or the system refuses: then fewer do the work."""
        while self.n_threads < n_threads and time.monotonic() >= self.retry_at:
            self.n_threads += 1
            try:
                # Thread.start would wait for the thread: Ctrl-C meanwhile can become a RuntimeError there.
                _thread.start_new_thread(self._serve, ())
            except RuntimeError as error:
                self.n_threads -= 1
                self.retry_at = time.monotonic() + 1.0
                self._report(error)

    def _report(self, error):
        # Python starts no thread any more once its main thread has come to the end: nothing to worry about.
        if not self.refused and threading.main_thread().is_alive():
            import logging

            logging.getLogger("fastml").warning("No further worker thread, fewer do the work: %s", error)
        self.refused = True

    def _serve(self):
        self.idents.append(threading.get_ident())
        while not self.closed and (job := self.tickets.get()) is not None:
            job.help(lambda: self.closed)
            del job  # it holds on to its caller's arrays
        self.gone.put(None)

    def close(self, patience=2.0):
        """Send the threads home after their present block; wait for them for at most `patience` seconds."""
        until = time.monotonic() + patience
        with self.lock:
            self.closed = True
            n_threads, self.n_threads = self.n_threads, 0
        for _ in range(n_threads):
            self.tickets.put(None)
        try:
            for _ in range(n_threads):
                self.gone.get(timeout=max(until - time.monotonic(), 0.0))
        except Empty:
            pass  # still in a block; it goes home after it


_pool = _Pool()


@atexit.register
def _close_pool():
    # The interpreter does not wait for the threads. One that came back from compiled code while it is being
    # torn down would be killed on the spot, so they are sent home before.
    _pool.close()


def _after_fork():
    # The child has none of the parent's threads, but maybe locks that one of them held.
    global _pool
    parent, _pool = _pool, _Pool()
    parent.closed = True
    job = parent.job
    if job is not None:
        job.abandon()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def effective_threads(work: float | None = None) -> int:
    """Return how many threads a call made now, from this thread, would use.

    That is the least of the configured ``n_threads``, the control group's CPU quota, the CPU affinity, the
    physical cores and what the work is worth.

    Parameters
    ----------
    work : float, default=None
        Estimated number of scalar operations in all. None when unknown: worth every thread.

    Returns
    -------
    n_threads : int
        At least 1. It is 1 inside the tasks of `for_each_block`, inside those of joblib (any backend), and in
        the workers of pools of processes or threads made with multiprocessing, concurrent.futures or Dask.

    Examples
    --------
    >>> from fastml._threads import effective_threads
    >>> effective_threads(work=1000)
    1
    """
    worth = sys.maxsize if work is None else work // WORK_PER_THREAD
    if worth < 2:
        return 1
    n_threads = int(min(worth, _config.current()["n_threads"] or sys.maxsize, thread_budget()))
    if n_threads < 2 or _pool.serves_this_thread() or in_worker():
        return 1
    return n_threads


def for_each_block(task, n_items: int, block_size: int, *, work: float | None = None) -> None:
    """Call ``task(block_index, start, stop)`` for each block of ``range(n_items)``, in parallel if worth it.

    Parameters
    ----------
    task : callable
        Called as ``task(block_index, start, stop)``, by several threads at once, once for each block. Blocks
        begin in ascending order. A block should take less than about 50 ms: Ctrl-C waits for the blocks that
        are running.

    n_items : int
        Number of items.

    block_size : int
        Items in a block, at least 1; the last block may be shorter.

    work : float, default=None
        Estimated number of scalar operations in all; None when unknown. Small work stays on the calling
        thread.

    Raises
    ------
    ValueError
        If `block_size` is less than 1.

    BaseException
        What a task raised; of several, the one of the lowest block, as in a serial run. Blocks that had not
        begun by then are skipped. KeyboardInterrupt comes out likewise.

    Examples
    --------
    >>> from fastml._threads import for_each_block
    >>> squares = [0] * 5
    >>> def square(block_index, start, stop):
    ...     for i in range(start, stop):
    ...         squares[i] = i * i
    >>> for_each_block(square, 5, 2)
    >>> squares
    [0, 1, 4, 9, 16]
    """
    if block_size < 1:
        raise ValueError(f"block_size must be at least 1. Got {block_size!r} instead.")
    n_threads = effective_threads(work) if n_items > block_size else 1
    if n_threads == 1:
        for block, start in enumerate(range(0, n_items, block_size)):
            task(block, start, min(start + block_size, n_items))
        return
    pool, job = _pool, _Job(task, n_items, block_size)
    try:
        pool.claim(job, min(n_threads, job.n_blocks) - 1)
        job.run()
    except BaseException as error:
        job.fail(error, -1)
    finally:
        job.finish()
        pool.release(job)
    job.task = None
    if job.error is not None:
        try:
            raise job.error
        finally:
            job.error = None  # its traceback holds this frame
