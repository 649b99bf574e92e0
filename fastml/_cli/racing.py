"""Timing several ways to do one thing: interleaved, in one process, with the same number of threads."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Mapping
from statistics import median

__all__ = ["busy_lines", "load_average", "race", "same_threads", "seconds"]

LEAST_SECONDS = 0.3
MOST_ROUNDS = 500


def race(contestants: Mapping[str, Callable[[], object]], rounds: int = 5) -> dict[str, float]:
    """
    Time calls against each other.

    Every round runs each call once, every other round in reverse order: what else the machine does meets
    all alike. Short calls get more rounds. The first calls, which compile and warm up, are the caller's.

    Parameters
    ----------
    contestants : mapping of str to callable
        What to time.
    rounds : int, default=5
        The least number of rounds. One round is taken at its word, for a quick look.

    Returns
    -------
    dict of str to float
        Median seconds of each call.

    Examples
    --------
    >>> from fastml._cli.racing import race
    >>> sorted(race({"sum": lambda: sum(range(10)), "max": lambda: max(range(10))}, rounds=1))
    ['max', 'sum']
    """
    names = list(contestants)
    times: dict[str, list[float]] = {name: [] for name in names}
    begun = time.perf_counter()
    for turn in range(max(rounds, MOST_ROUNDS if rounds > 1 else 1)):
        if turn >= rounds and time.perf_counter() - begun > LEAST_SECONDS:
            break
        for name in names if turn % 2 == 0 else reversed(names):
            start = time.perf_counter()
            contestants[name]()
            times[name].append(time.perf_counter() - start)
    return {name: median(times[name]) for name in names}


@contextlib.contextmanager
def same_threads(n_threads: int, device: str | None = None):
    """
    Hold every library in the race to the same number of threads.

    Parameters
    ----------
    n_threads : int
        Threads for fastml, for OpenMP and BLAS libraries, for oneDAL and for PyTorch.
    device : str, default=None
        Where fastml computes; None leaves its configuration.

    Yields
    ------
    None
        While the limits hold.
    """
    from threadpoolctl import threadpool_limits

    from fastml import config_context

    if "daal4py" in sys.modules:
        sys.modules["daal4py"].daalinit(n_threads)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(n_threads)
    if "faiss" in sys.modules:
        sys.modules["faiss"].omp_set_num_threads(n_threads)
    chosen = {} if device is None else {"device": device}
    with threadpool_limits(n_threads), config_context(n_threads=n_threads, **chosen):
        yield


def load_average() -> float:
    """
    Return how many processes wanted to run in the last minute.

    Returns
    -------
    float
        The system's load average.
    """
    return os.getloadavg()[0]


def busy_lines(load: float) -> list[str]:
    """
    Warn where times cannot be trusted.

    Parameters
    ----------
    load : float
        The load average before the race.

    Returns
    -------
    list of str
        A line, or nothing on an idle machine.
    """
    return [f"The machine is busy (load {load:.1f}): the times are rough."] if load > 0.5 else []


def seconds(value: float) -> str:
    """
    Write a duration with three digits and its unit.

    Parameters
    ----------
    value : float
        Seconds.

    Returns
    -------
    str
        Such as ``'1.50 s'`` or ``'20.1 ms'``.

    Examples
    --------
    >>> from fastml._cli.racing import seconds
    >>> seconds(0.0201)
    '20.1 ms'
    """
    unit, size = ("s", 1.0) if value >= 1 else ("ms", 1e-3) if value >= 1e-3 else ("us", 1e-6)
    scaled = value / size
    digits = 2 if scaled < 10 else 1 if scaled < 100 else 0
    return f"{scaled:.{digits}f} {unit}"
