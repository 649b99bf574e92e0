"""What the machine offers this process, and whether somebody else is spreading work over it already."""

from __future__ import annotations

import os
import sys
import threading

# Where the workers of thread pools come from; their tasks are spread over the cores already.
_POOL_MODULES = {"multiprocessing.dummy", "concurrent.futures.thread", "distributed.threadpoolexecutor"}


def _read(path):
    try:
        with open(path) as file:
            return file.read().strip()
    except OSError:
        return ""


def _whole_cpus(quota, period):
    """Return the whole CPUs that a quota amounts to, or None when there is none ("max", -1, no such file)."""
    try:
        quota, period = int(quota), int(period)
    except ValueError:
        return None
    return -(-quota // period) if quota > 0 and period > 0 else None


def _cgroup_limits(folder):
    """Return the limits that one cgroup sets, in the files of version 2 and of version 1."""
    quota, _, period = _read(f"{folder}/cpu.max").partition(" ")
    older = _read(f"{folder}/cpu.cfs_quota_us"), _read(f"{folder}/cpu.cfs_period_us")
    return [limit for limit in (_whole_cpus(quota, period), _whole_cpus(*older)) if limit]


def cgroup_cpus(root: str = "") -> int | None:
    """Return the CPU quota of this process's control groups.

    Parameters
    ----------
    root : str, default=""
        Folder in which ``/proc`` and ``/sys`` are looked for.

    Returns
    -------
    n_cpus : int or None
        The smallest quota of the groups (version 1 and 2) that the process is in and of their parents,
        rounded up to whole CPUs. None without a quota.
    """
    limits = []
    for line in _read(f"{root}/proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        mount = f"{root}/sys/fs/cgroup" + (f"/{controllers}" if controllers else "")
        # Inside a container the path may be the host's: folders that are not there set no limit.
        names = path.strip("/").split("/")
        for depth in range(len(names) + 1):
            limits += _cgroup_limits("/".join([mount, *names[:depth]]))
    return min(limits, default=None)


def physical_cores(cpus: set, root: str = "") -> int:
    """Return how many physical cores the logical CPUs `cpus` belong to.

    Parameters
    ----------
    cpus : set of int
        Logical CPUs, as the system numbers them.

    root : str, default=""
        Folder in which ``/sys`` is looked for.

    Returns
    -------
    n_cores : int
        The number of logical CPUs where the system does not tell.
    """
    topology = f"{root}/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list"
    return len({_read(topology % cpu) or cpu for cpu in cpus})


def affinity() -> set:
    """Return the logical CPUs that this thread may run on."""
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


class _Budget:
    """The number of threads the machine is good for; read once, and again when the CPU affinity changes."""

    def __init__(self):
        self.known = (set(), 1)

    def __call__(self):
        cpus, n_threads = self.known
        now = affinity()
        if now != cpus:
            n_threads = max(1, min(physical_cores(now), cgroup_cpus() or len(now)))
            self.known = (now, n_threads)
        return n_threads


thread_budget = _Budget()


def _in_joblib():
    """Tell whether this thread runs a task of joblib, which it knows under each of its backends."""
    joblib = sys.modules.get("joblib.parallel")
    if not hasattr(joblib, "get_active_backend"):
        return False
    backend, _ = joblib.get_active_backend()
    return bool(getattr(backend, "nesting_level", 0))


def _in_worker_process():
    """Tell whether this process belongs to a pool of processes (multiprocessing, concurrent.futures, loky).

    A pool's processes of multiprocessing are daemons; the other two run a function of the same name.
    """
    multiprocessing = sys.modules.get("multiprocessing.process")
    if multiprocessing is None:
        return False
    process = multiprocessing.current_process()
    return process.daemon or getattr(getattr(process, "_target", None), "__name__", "") == "_process_worker"


def _in_worker_thread():
    """Tell whether this thread belongs to a pool of threads (multiprocessing, concurrent.futures, Dask).

    The threads of asyncio's default executor do not count: they take single calls out of the event loop's
    way.
    """
    thread = threading.current_thread()
    if thread is threading.main_thread() or thread.name.startswith("asyncio_"):
        return False
    made_by = {type(thread).__module__, getattr(getattr(thread, "_target", None), "__module__", None)}
    return not _POOL_MODULES.isdisjoint(made_by)


def in_worker() -> bool:
    """Tell whether this thread or process is a worker of somebody's pool: joblib, a standard pool, or Dask.

    Returns
    -------
    is_worker : bool
        True where more threads would oversubscribe the machine.
    """
    return _in_joblib() or _in_worker_process() or _in_worker_thread()
