"""Support vector machines: their duals as problems of `smo`, and one machine for each pair of classes.

A dual is written in signed coefficients b, those of the decision function: ``b = y * alpha``, or for
regression ``alpha - alpha*``. `Dual` says how a problem is posed and how the machine is read off its
solution.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .._threads import effective_threads, for_each_block
from . import smo

__all__ = [
    "Dual",
    "Limits",
    "Machine",
    "c_svc",
    "epsilon_svr",
    "nu_svc",
    "nu_svr",
    "one_class",
    "train",
    "train_pairs",
]

LEAST_ROWS = 32  # of a cache, however little memory it may take
SIDE_BY_SIDE = (
    5000  # rows of machines that are trained at the same time; a larger one has work for all threads
)
WORK_PER_VALUE = 10.0  # of the kernel: computing or copying it, and steps


class Dual(NamedTuple):
    """The dual of a support vector machine.

    Attributes
    ----------
    pose : callable
        From the targets and bounds of some rows to a `smo.Problem`.
    read : callable
        From the solution and the problem to the signed coefficients of the rows and the intercept.
    """

    pose: Callable
    read: Callable


class Limits(NamedTuple):
    """When to stop, and how much memory to take.

    Attributes
    ----------
    tol : float
        By how much gradients may be out of order.
    max_iter : int
        Most pairs to move; -1 for any number.
    cache_bytes : float
        For kernel rows.
    """

    tol: float
    max_iter: int
    cache_bytes: float


class Machine(NamedTuple):
    """A trained machine.

    Attributes
    ----------
    coefficients : float64 ndarray of shape (n_rows,)
        Signed coefficients; zero but for support vectors.
    intercept : float
        What is added to the sum of kernel values.
    n_iter : int
        Pairs moved.
    converged : bool
        Whether the tolerance was reached.
    """

    coefficients: Any
    intercept: float
    n_iter: int
    converged: bool


# ---- duals ---------------------------------------------------------------------------------------------
def _read_one_sum(solution, problem):
    return solution.b, smo.middle(solution, problem, slice(None))


def _read_regression(solution, problem):
    rises, falls = np.split(solution.b, 2)
    return rises + falls, smo.middle(solution, problem, slice(None))


def _middles(solution, problem):
    return [
        smo.middle(solution, problem, part) for part in (slice(problem.split), slice(problem.split, None))
    ]


def _fill_up(bounds, total):
    """Take as much of each in turn as its bound allows, until there is `total`."""
    before = np.cumsum(bounds) - bounds
    return np.clip(total - before, 0, bounds)


def c_svc() -> Dual:
    """Return the dual of C-support vector classification."""

    def pose(sign, bounds):
        zeros = np.zeros(len(sign))
        return smo.Problem(
            sign, np.where(sign < 0, -bounds, 0), np.where(sign > 0, bounds, 0), zeros, len(sign)
        )

    return Dual(pose, _read_one_sum)


def nu_svc(nu) -> Dual:
    """Return the dual of nu-support vector classification.

    Parameters
    ----------
    nu : float
        Share of the weights that support vectors have at least.
    """

    def pose(sign, bounds):
        n_first, half = int(np.count_nonzero(sign > 0)), nu * bounds.sum() / 2
        start = np.concatenate([_fill_up(bounds[:n_first], half), -_fill_up(bounds[n_first:], half)])
        low, high = np.where(sign < 0, -bounds, 0), np.where(sign > 0, bounds, 0)
        return smo.Problem(np.zeros(len(sign)), low, high, start, n_first)

    def read(solution, problem):
        first, second = _middles(solution, problem)
        margin = (second - first) / 2
        return solution.b / margin, (first + second) / 2 / margin

    return Dual(pose, read)


def one_class(nu) -> Dual:
    """Return the dual of the one-class machine.

    Parameters
    ----------
    nu : float
        Share of the weights that support vectors have at least.
    """

    def pose(sign, bounds):
        zeros = np.zeros(len(bounds))
        return smo.Problem(zeros, zeros, bounds, _fill_up(bounds, nu * bounds.sum()), len(bounds))

    return Dual(pose, _read_one_sum)


def epsilon_svr(epsilon) -> Dual:
    """Return the dual of epsilon-support vector regression.

    Parameters
    ----------
    epsilon : float
        Width of the tube.
    """

    def pose(y, bounds):
        zeros = np.zeros(len(y))
        low, high = np.concatenate([zeros, -bounds]), np.concatenate([bounds, zeros])
        return smo.Problem(
            np.concatenate([y - epsilon, y + epsilon]), low, high, np.zeros(2 * len(y)), 2 * len(y)
        )

    return Dual(pose, _read_regression)


def nu_svr(nu) -> Dual:
    """Return the dual of nu-support vector regression.

    Parameters
    ----------
    nu : float
        Share of the bounds that the coefficients sum to.
    """

    def pose(y, bounds):
        zeros, start = np.zeros(len(y)), _fill_up(bounds, nu * bounds.sum() / 2)
        low, high = np.concatenate([zeros, -bounds]), np.concatenate([bounds, zeros])
        return smo.Problem(np.concatenate([y, y]), low, high, np.concatenate([start, -start]), len(y))

    def read(solution, problem):
        return sum(np.split(solution.b, 2)), sum(_middles(solution, problem)) / 2

    return Dual(pose, read)


# ---- machines ------------------------------------------------------------------------------------------
def train(device, dual, data, y, bounds, limits, stop=lambda: False) -> Machine:
    """Train a machine.

    Parameters
    ----------
    device : Device
        Where the data is.
    dual : Dual
        What kind of machine.
    data : Source or GivenMatrix
        Its rows.
    y : float64 ndarray of shape (n_rows,)
        Targets; 1 and -1 for classes, the positive ones first.
    bounds : float64 ndarray of shape (n_rows,)
        Of the coefficients' sizes.
    limits : Limits
        When to stop.
    stop : callable, default=None
        Asked now and then whether to give up.

    Returns
    -------
    machine : Machine
        The machine.
    """
    problem = dual.pose(y, bounds)
    options = {"tol": limits.tol, "max_iter": limits.max_iter, "stop": stop}
    if len(problem.f0) <= smo.ONE_SET:
        solution = smo.solve_whole(problem, *data.on_host(), **options)
    elif len(problem.f0) <= smo.FEW_VARIABLES and 4.0 * data.n_rows**2 <= limits.cache_bytes:
        solution = _solve_few(device, problem, data.whole(), options)
    else:
        capacity = max(int(limits.cache_bytes / (4 * data.n_rows)), LEAST_ROWS)
        solution = smo.solve(device, problem, data.cache(capacity), **options)
    coefficients, intercept = dual.read(solution, problem)
    return Machine(coefficients, intercept, solution.n_iter, solution.converged)


def _solve_few(device, problem, matrix, options):
    """Solve as one working set; a problem that takes many steps goes on with smaller sets."""
    limit = options["max_iter"]
    easy = smo.EASY_STEPS * len(problem.f0)
    first = min(easy, limit) if limit >= 0 else easy
    found = smo.solve_whole(problem, *matrix.on_host(), **{**options, "max_iter": first})
    if found.converged or found.n_iter in (0, limit) or options["stop"]():
        return found
    rest = limit if limit < 0 else limit - found.n_iter
    problem = problem._replace(start=found.b)
    solution = smo.solve(device, problem, matrix.cache(matrix.n_rows), **{**options, "max_iter": rest})
    return solution._replace(n_iter=found.n_iter + solution.n_iter)


class _Job(NamedTuple):
    """A machine to train: its pair of classes, its rows, and those of which it is asked afterwards."""

    pair: int
    rows: Any
    n_first: int
    asked: Any


def train_pairs(device, dual, data, starts, bounds, limits, permutations=None):
    """Train a machine for each pair of classes.

    Small ones are trained side by side. If all kernel rows fit the memory, they are computed once for all.

    Parameters
    ----------
    device : Device
        Where the data is.
    dual : Dual
        What kind of machine.
    data : Source or GivenMatrix
        The rows, sorted by class.
    starts : sequence of int of length n_classes + 1
        Where each class begins.
    bounds : float64 ndarray of shape (n_rows,)
        Of the coefficients' sizes.
    limits : Limits
        When to stop.
    permutations : list of ndarray, default=None
        An order of the rows of each pair, of which fifths are held out in turn.

    Returns
    -------
    machines : list of Machine
        In the order (0, 1), (0, 2), ..., (1, 2), ...; coefficients are those of the pair's rows.
    decisions : list of float64 ndarray or None
        For each pair, what machines said of its rows that were trained without these.
    """
    jobs = _list_jobs(starts, permutations)
    most = max(len(job.rows) for job in jobs)
    work = WORK_PER_VALUE * sum(len(job.rows) ** 2 for job in jobs)
    n_threads = effective_threads(work) if len(jobs) > 1 and most <= SIDE_BY_SIDE else 1
    shared = 4.0 * data.n_rows**2 * (1 + n_threads) <= limits.cache_bytes and len(jobs) > 1
    if shared:
        data = data.whole()
    limits = limits._replace(cache_bytes=limits.cache_bytes / n_threads)
    results: list[Any] = [None] * len(jobs)
    gave_up = threading.Event()

    def task(block, start, stop):
        for k in range(start, stop):
            try:
                results[k] = _run(device, dual, data, jobs[k], bounds, limits, gave_up.is_set)
            except BaseException:
                gave_up.set()  # a machine in another thread would otherwise be finished first
                raise

    if n_threads > 1:
        for_each_block(task, len(jobs), 1)
    else:
        task(0, 0, len(jobs))
    return _collect(jobs, results)


def _list_jobs(starts, permutations):
    jobs, n_classes = [], len(starts) - 1
    pairs = [(i, j) for i in range(n_classes) for j in range(i + 1, n_classes)]
    for pair, (i, j) in enumerate(pairs):
        rows = np.r_[starts[i] : starts[i + 1], starts[j] : starts[j + 1]]
        n_first = starts[i + 1] - starts[i]
        jobs.append(_Job(pair, rows, n_first, None))
        if permutations is not None:
            cuts = [k * len(rows) // 5 for k in range(6)]
            for begin, end in zip(cuts[:-1], cuts[1:]):
                asked = permutations[pair][begin:end]
                kept = np.delete(np.arange(len(rows)), asked)
                jobs.append(
                    _Job(pair, rows[kept], int(np.count_nonzero(kept < n_first)), (asked, rows[asked]))
                )
    return jobs


def _run(device, dual, data, job, bounds, limits, stop):
    """Train a machine; return it and what it says of the rows that it is asked."""
    n_rows = len(job.rows)
    sign = np.where(np.arange(n_rows) < job.n_first, 1.0, -1.0)
    if 0 < job.n_first < n_rows:
        part = data if n_rows == data.n_rows else data.part(job.rows)
        machine = train(device, dual, part, sign, bounds[job.rows], limits, stop)
    else:  # of one class only: that is what it says
        machine = Machine(np.zeros(n_rows), float(sign[0]) if n_rows else 0.0, 0, True)
    if job.asked is None:
        return machine, None
    support = np.flatnonzero(machine.coefficients)
    said = machine.intercept
    if len(support):
        said = said + data.decide(job.asked[1], job.rows[support], machine.coefficients[support])
    return machine, said


def _collect(jobs, results):
    machines, decisions = [], []
    for job, (machine, said) in zip(jobs, results):
        if job.asked is None:
            machines.append(machine)
            decisions.append(np.zeros(len(job.rows)))
        else:
            decisions[-1][job.asked[0]] = said
    return machines, decisions
