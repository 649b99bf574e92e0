"""Independent problems that are solved side by side, one step of each at a time."""

from __future__ import annotations

import math
from contextlib import nullcontext

from .._threads import effective_threads, for_each_block, one_blas_thread

__all__ = ["run_side_by_side"]

WORTH_BLAS_THREADS = 1e8


def run_side_by_side(problems, work, blas_work=math.inf) -> list:
    """Run generators to their ends, on the thread pool.

    Each turn takes every generator to its next ``yield``, so that Ctrl-C waits for one step at most.

    Parameters
    ----------
    problems : iterable of generator
        What they yield does not matter.
    work : float
        Estimated number of scalar operations of a step.
    blas_work : float, default=inf
        Those of a call of BLAS, whose threads wait for each other longer than they work where there are few.

    Returns
    -------
    results : list
        What the generators returned.

    Examples
    --------
    >>> from fastml.solvers._side_by_side import run_side_by_side
    >>> def count(n):
    ...     for _ in range(n):
    ...         yield
    ...     return n
    >>> run_side_by_side([count(3), count(0)], work=1)
    [3, 0]
    """
    problems = list(problems)
    results = [None] * len(problems)
    active = list(range(len(problems)))

    def advance(_, start, stop):
        for which in active[start:stop]:
            try:
                next(problems[which])
            except StopIteration as end:
                results[which] = end.value
                problems[which] = None

    together = len(problems) > 1 and effective_threads(work * len(problems)) > 1
    with one_blas_thread() if together or blas_work < WORTH_BLAS_THREADS else nullcontext():
        while active:
            for_each_block(advance, len(active), 1, work=work * len(active))
            active = [which for which in active if problems[which] is not None]
    return results
