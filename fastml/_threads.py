"""The one thread pool: work in fixed blocks, as many threads as the machine and the work are good for.

`for_each_block` cuts a range into blocks that depend on nothing but its arguments, so that results do not depend on
the number of threads. The calling thread takes blocks like the pool's threads do; it never waits for a thread that
has not begun. The pool serves one call at a time: whoever finds it busy, in another thread or nested inside a task,
does its own blocks alone. So nothing can deadlock, and the pool adds at most its own threads to the user's.
"""

from __future__ import annotations

import contextvars
import os
import sys
import threading
from queue import SimpleQueue

from . import _config

__all__ = ["effective_threads", "for_each_block", "one_blas_thread"]

# Waking a thread takes about 10 us, in which a core does some 100,000 scalar operations.
WORK_PER_THREAD = 100_000


# The thread budget


def _read(path):
    try:
        with open(path) as file:
            return file.read().strip()
    except OSError:
        return ""


def _quota(quota, period):
    """Return the whole CPUs that a cgroup's quota amounts to, or None when there is no quota."""
    try:
        cpus = -(-int(quota) // int(period))
    except (ValueError, ZeroDivisionError):
        return None
    return max(cpus, 1) if int(quota) > 0 else None


def _cgroup_limits(folder):
    yield _quota(*(_read(f"{folder}/cpu.max").split() + ["", ""])[:2])
    yield _quota(_read(f"{folder}/cpu.cfs_quota_us"), _read(f"{folder}/cpu.cfs_period_us"))


def _cgroup_cpus(root=""):
    """Return the smallest CPU quota of this process's cgroups (version 1 and 2) and their parents, or None."""
    limits = []
    for line in _read(f"{root}/proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        mount = f"{root}/sys/fs/cgroup" + (f"/{controllers}" if controllers else "")
        steps = [step for step in path.split("/") if step]
        for depth in range(len(steps), -1, -1):
            limits.extend(_cgroup_limits("/".join([mount, *steps[:depth]])))
    return min((limit for limit in limits if limit), default=None)


def _physical_cores(cpus, root=""):
    """Return how many physical cores the logical CPUs belong to."""
    cores = set()
    for cpu in cpus:
        siblings = _read(f"{root}/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        cores.add(siblings or cpu)
    return len(cores)


def _affinity():
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


class _Machine:
    """What this process may use of the machine; read once, and again when the CPU affinity changes."""

    def __init__(self):
        self.cpus = None
        self.threads = 1

    def budget(self):
        """Return the number of threads that cgroup, affinity and physical cores allow."""
        cpus = _affinity()
        if cpus != self.cpus:
            self.threads = max(1, min(_physical_cores(cpus), _cgroup_cpus() or len(cpus)))
            self.cpus = cpus
        return self.threads


_machine = _Machine()


# Is somebody else spreading work already?


def _in_joblib():
    """Tell whether this thread runs a task of joblib's, under any of its backends."""
    joblib = sys.modules.get("joblib.parallel")
    if joblib is None or not hasattr(joblib, "get_active_backend"):
        return False
    return (getattr(joblib.get_active_backend()[0], "nesting_level", 0) or 0) > 0


def _in_worker_process():
    """Tell whether this process was started by a pool of processes (multiprocessing, concurrent.futures, loky)."""
    multiprocessing = sys.modules.get("multiprocessing.process")
    if multiprocessing is None:
        return False
    process = multiprocessing.current_process()
    return process.daemon or getattr(getattr(process, "_target", None), "__name__", "") == "_process_worker"


def _in_worker_thread():
    """Tell whether this thread was started by a pool of threads (multiprocessing, concurrent.futures, Dask)."""
    thread = threading.current_thread()
    if thread is threading.main_thread() or thread.name.startswith("asyncio_"):
        return False
    target = getattr(thread, "_target", None)
    makers = (type(thread).__module__, getattr(target, "__module__", "") or "")
    return thread.name.startswith("Dask-") or not _POOL_MODULES.isdisjoint(makers)


_POOL_MODULES = {"multiprocessing.dummy", "concurrent.futures.thread", "distributed.threadpoolexecutor"}


def effective_threads(work: float | None = None) -> int:
    """Return how many threads a call made now, from this thread, would use.

    The least of the configured ``n_threads``, the cgroup's CPU quota, the CPU affinity, the physical cores and what
    the work is worth.

    Parameters
    ----------
    work : float, default=None
        Estimated number of scalar operations in all. None when unknown: worth every thread.

    Returns
    -------
    n_threads : int
        At least 1. It is 1 inside the tasks of `for_each_block`, of joblib (any backend) and of pools of processes or
        threads made with multiprocessing, concurrent.futures or Dask.

    Examples
    --------
    >>> from fastml._threads import effective_threads
    >>> effective_threads(work=1000)
    1
    """
    wanted = sys.maxsize if work is None else work // WORK_PER_THREAD
    if wanted < 2:
        return 1
    configured = _config.current()["n_threads"] or sys.maxsize
    threads = int(min(wanted, configured, _machine.budget()))
    if threads > 1 and (_pool.serves_this_thread() or _in_joblib() or _in_worker_process() or _in_worker_thread()):
        return 1
    return threads


# The pool


class _Job:
    """The blocks of one call, and who is at work on them."""

    def __init__(self, task, n_items, block_size):
        self.task = task
        self.n_items = n_items
        self.block_size = block_size
        self.n_blocks = -(-n_items // block_size)
        self.config = dict(_config.current())
        self.context = contextvars.copy_context()
        self.owner = threading.get_ident()
        self.changed = threading.Condition(threading.Lock())
        self.next_block = 0
        self.helpers = 0
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
                with self.changed:
                    block = self.next_block
                    if block >= self.n_blocks:
                        return
                    self.next_block = block + 1
                start = block * self.block_size
                self.task(block, start, min(start + self.block_size, self.n_items))
        except BaseException as error:
            self.fail(error, block)

    def fail(self, error, block):
        """Keep the error of the lowest block, as a serial run would, and skip the blocks that nobody has begun."""
        with self.changed:
            self.next_block = self.n_blocks
            # Ctrl-C may strike between two blocks; it goes before whatever a task raised.
            block = block if isinstance(error, Exception) else -1
            if block < self.error_block or self.error is None:
                self.error, self.error_block = error, block

    def help(self, leave):
        """Take part as a thread of the pool."""
        with self.changed:
            if self.next_block >= self.n_blocks:
                return
            self.helpers += 1
        _config.replace(self.config)
        try:
            self.context.copy().run(self.run, leave)
        finally:
            with self.changed:
                self.helpers -= 1
                self.changed.notify_all()

    def finish(self):
        """Wait for the helpers' present blocks; a Ctrl-C meanwhile only stops further ones."""
        while True:
            try:
                with self.changed:
                    while self.helpers:
                        self.changed.wait()
                break
            except BaseException as error:
                self.fail(error, -1)


class _Pool:
    """Threads that wait in a queue for tickets; a ticket is a job to help with."""

    def __init__(self):
        self.lock = threading.Lock()
        self.tickets = SimpleQueue()
        self.threads = []
        self.job = None
        self.closed = False
        self.refused = False

    def serves_this_thread(self):
        """Tell whether this thread is one of the pool's, or inside the job that the pool is doing."""
        job = self.job
        if job is not None and job.owner == threading.get_ident() and not job.over():
            return True
        return threading.current_thread() in self.threads

    def claim(self, job, n_helpers):
        """Call up to `n_helpers` threads to `job`, or none when the pool is at work for somebody else."""
        with self.lock:
            if self.closed or (self.job is not None and not self.job.over()):
                return
            self.job = job
            self._grow(n_helpers)
            for _ in range(min(n_helpers, len(self.threads))):
                self.tickets.put(job)

    def release(self, job):
        with self.lock:
            if self.job is job:
                self.job = None

    def _grow(self, n_threads):
        while len(self.threads) < n_threads and not self.refused:
            thread = threading.Thread(target=self._serve, name=f"fastml-{len(self.threads)}", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:
                self.refused = True
                _report_refusal(error)
            else:
                self.threads.append(thread)
                if len(self.threads) == 1:
                    _close_at_exit(self)

    def _serve(self):
        while (job := self.tickets.get()) is not None:
            job.help(lambda: self.closed)
            del job  # it holds the caller's arrays

    def close(self):
        """Send the threads home after their present block."""
        with self.lock:
            self.closed = True
            threads = self.threads
        for _ in threads:
            self.tickets.put(None)
        for thread in threads:
            thread.join(timeout=1)


def _report_refusal(error):
    import logging

    logging.getLogger("fastml").warning("No (more) worker threads: %s. The calling thread does the work.", error)


def _close_at_exit(pool):
    # Daemon threads do not keep the interpreter alive, but one that comes back from compiled code while the
    # interpreter is being torn down is killed on the spot. So they are sent home before.
    import atexit

    atexit.register(pool.close)


_pool = _Pool()


def _after_fork():
    """The child has none of the parent's threads, and maybe locks that nobody will release."""
    global _pool
    _pool = _Pool()
    _blas.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def for_each_block(task, n_items: int, block_size: int, *, work: float | None = None) -> None:
    """Call ``task(block_index, start, stop)`` for every block of ``range(n_items)``, on several threads if worth it.

    Parameters
    ----------
    task : callable
        Called as ``task(block_index, start, stop)``, by several threads at once, each block once. Blocks begin in
        ascending order. A block should take less than about 50 ms: Ctrl-C waits for the blocks that are running.

    n_items : int
        Number of items.

    block_size : int
        Items in a block, at least 1; the last block may be shorter.

    work : float, default=None
        Estimated number of scalar operations in all; None when unknown. Small work stays on the calling thread.

    Raises
    ------
    BaseException
        What a task raised; of several, the one of the lowest block, as in a serial run. Blocks that had not begun by
        then are skipped. KeyboardInterrupt comes out likewise.

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
    error, job.error, job.task = job.error, None, None
    if error is not None:
        try:
            raise error
        finally:
            del error  # its traceback holds this frame


# BLAS


class _OneBlasThread:
    """Holds BLAS to one thread from the first `with` that is entered to the last that is left, in any thread."""

    def __init__(self):
        self.lock = threading.Lock()
        self.depth = 0
        self.saved = []
        self.libraries = []
        self.seen = None

    def _find(self):
        """Look for BLAS libraries again when a package that brings its own has been imported since."""
        seen = [name in sys.modules for name in ("numpy", "scipy.linalg", "torch")]
        if seen != self.seen:
            import threadpoolctl

            self.libraries = threadpoolctl.ThreadpoolController().select(user_api="blas").lib_controllers
            self.seen = seen
        return self.libraries

    def __enter__(self):
        with self.lock:
            if self.depth == 0:
                self.saved += [(library, library.num_threads) for library in self._find()]
                self.saved = [(library, n_threads) for library, n_threads in self.saved if n_threads > 1]
                for library, _ in self.saved:
                    library.set_num_threads(1)
            self.depth += 1

    def __exit__(self, *error):
        with self.lock:
            self.depth = max(self.depth - 1, 0)
            if self.depth == 0:
                while self.saved:
                    library, n_threads = self.saved.pop()
                    library.set_num_threads(n_threads)

    def after_fork(self):
        # The threads inside are gone. What they saved is kept: the next to leave restores it.
        self.lock = threading.Lock()
        self.depth = 0


_blas = _OneBlasThread()


def one_blas_thread():
    """Return a context manager that holds BLAS to one thread, for fits that call BLAS inside pooled work.

    The limit is the whole process's. Entering costs microseconds after the first time, less when nested.

    Returns
    -------
    context : context manager
        It gives nothing to ``as``.

    Examples
    --------
    >>> import numpy as np
    >>> from fastml._threads import one_blas_thread
    >>> with one_blas_thread():
    ...     product = np.ones((2, 2)) @ np.ones((2, 2))
    """
    return _blas
