"""Sequential minimal optimisation with working sets, for the duals of support vector machines.

`kernels.*.smo` states the problem. Some hundred variables at a time are taken that violate the optimality
most; their kernel rows are computed together, their problem is solved by itself, and the gradient of all
others is brought up to date with one pass over those rows.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._device import CPU

__all__ = ["EASY_STEPS", "FEW_VARIABLES", "ONE_SET", "Problem", "Solution", "middle", "solve", "solve_whole"]

LEAST_SET, MOST_SET = 256, 1024  # variables of a working set
ONE_SET = 512  # variables that are a working set by themselves
FEW_VARIABLES = 1536  # that are tried as one
EASY_STEPS = 4  # for each of them, after which smaller sets are faster
SETS = 8  # that would hold all variables, between those limits
STEPS_PER_VARIABLE = 100  # within a working set, before the gradient of the others is looked at again
INNER_SHARE = 0.1  # of the violation, to which the problem of a working set is solved
ROUNDING = 64 * np.finfo(np.float64).eps  # errors of gradients that were brought up to date again and again


class Problem(NamedTuple):
    """The problem ``min b.K.b / 2 - f0.b`` for b between bounds, sums kept.

    Attributes
    ----------
    f0 : float64 ndarray of shape (n_variables,)
        The negative gradient at zero. Variable t belongs to kernel row ``t % n_rows``.
    low, high : float64 ndarray of shape (n_variables,)
        Bounds.
    start : float64 ndarray of shape (n_variables,)
        Where to start; its sum, or two sums, are kept.
    split : int
        The sums of ``b[:split]`` and of ``b[split:]`` are kept, or where one is empty, one sum.
    """

    f0: Any
    low: Any
    high: Any
    start: Any
    split: int


class Solution(NamedTuple):
    """What was found.

    Attributes
    ----------
    b : float64 ndarray of shape (n_variables,)
        The variables.
    f : float64 ndarray of shape (n_variables,)
        The negative gradient.
    n_iter : int
        Pairs moved.
    converged : bool
        Whether the violation is below the tolerance.
    """

    b: Any
    f: Any
    n_iter: int
    converged: bool


def solve(device, problem, matrix, *, tol, max_iter=-1, stop=lambda: False) -> Solution:
    """Solve a problem.

    Parameters
    ----------
    device : Device
        Where the kernel rows are.
    problem : Problem
        What to solve, on the host.
    matrix : RowCache or GivenMatrix
        The kernel rows.
    tol : float
        By how much gradients may be out of order, if their rounding errors are smaller.
    max_iter : int, default=-1
        Most pairs to move; -1 for any number.
    stop : callable, default=None
        Asked before each working set whether to give up.

    Returns
    -------
    solution : Solution
        The solution; not converged if pairs were limited, there was reason to stop, or values were no
        numbers.
    """
    state = _State(device, problem, matrix)
    limit = np.inf if max_iter < 0 else max_iter
    n_iter, n_steps, chosen = 0, 1, np.empty(0, np.int64)
    while True:
        f = state.gradient()
        violation, chosen = state.choose(f, chosen)
        enough = max(tol, ROUNDING * (np.abs(f).max() + np.abs(problem.f0).max()))
        if not n_steps:  # kernel values that are not finite compare with nothing
            f = np.full_like(f, np.nan)
        if not violation >= enough or not n_steps or n_iter >= limit or stop():
            return Solution(state.b, f, n_iter, bool(violation < enough))
        most = min(STEPS_PER_VARIABLE * len(chosen), limit - n_iter)
        n_steps = state.improve(f, chosen, max(enough, INNER_SHARE * violation), int(most))
        n_iter += n_steps


def solve_whole(problem, values, picks, *, tol, max_iter=-1, stop=lambda: False) -> Solution:
    """Solve a problem that is small enough to be one working set.

    Parameters
    ----------
    problem : Problem
        What to solve.
    values : float32 ndarray of shape (n_all, n_all)
        A kernel matrix.
    picks : int64 ndarray of shape (n_rows,)
        The rows and columns of it that count.
    tol, max_iter, stop : float, int, callable
        As in `solve`.

    Returns
    -------
    solution : Solution
        As of `solve`.
    """
    b, f = problem.start.copy(), problem.f0.copy()
    if len(f) > len(picks):
        picks = np.tile(picks, 2)
    if b.any():
        moved = np.flatnonzero(b)
        f -= values[np.ix_(picks, picks[moved])].astype(np.float64) @ b[moved]
    n_iter, limit = 0, np.inf if max_iter < 0 else max_iter
    while n_iter < limit and not stop():
        most = int(min(STEPS_PER_VARIABLE * len(b), limit - n_iter))
        enough = max(tol, ROUNDING * (np.abs(f).max() + np.abs(problem.f0).max()))
        n_steps = CPU.kernels.smo.solve_picked(
            values, picks, problem.low, problem.high, b, f, problem.split, enough, most
        )
        n_iter += n_steps
        if n_steps < most:
            stuck = n_iter == 0 and not np.isfinite(values[np.ix_(picks, picks)]).all()
            return Solution(b, np.full_like(f, np.nan) if stuck else f, n_iter, not stuck)
    return Solution(b, f, n_iter, False)


class _State:
    """The variables and the sums of kernel rows, between working sets."""

    def __init__(self, device, problem, matrix):
        self.device = device
        self.kernels = device.kernels.smo
        self.problem = problem
        self.matrix = matrix
        self.b = problem.start.copy()
        self.parts = [(0, problem.split), (problem.split, len(self.b))]
        self.parts = [(begin, end) for begin, end in self.parts if begin < end]
        most = len(self.b) if matrix.capacity == matrix.n_rows else matrix.capacity
        size = min(max(len(self.b) // SETS, LEAST_SET), MOST_SET, most)
        self.part_size = -(-size // len(self.parts))
        self.sums = device.zeros(matrix.n_rows, np.float64)  # K.b
        started = np.flatnonzero(self.b)
        for k in range(0, len(started), matrix.capacity):
            some = started[k : k + matrix.capacity]
            self._add(matrix.fetch(some % matrix.n_rows), self.b[some])

    def gradient(self):
        sums = self.device.to_host(self.sums)
        return self.problem.f0 - (np.concatenate([sums, sums]) if len(self.b) > len(sums) else sums)

    def choose(self, f, last):
        """Return the largest violation, and the variables of the next working set in order."""
        rising = np.where(self.b < self.problem.high, f, -np.inf)
        falling = np.where(self.b > self.problem.low, f, np.inf)
        violation, chosen = -np.inf, []
        for begin, end in self.parts:
            up, down = rising[begin:end], falling[begin:end]
            highest, lowest = up.max(), down.min()
            violation = max(violation, highest - lowest)
            before = last[(last >= begin) & (last < end)] - begin
            chosen.append(begin + _most_violating(up, down, highest, lowest, before, self.part_size))
        return violation, np.concatenate(chosen)

    def improve(self, f, chosen, tol, max_steps):
        """Solve the problem of a working set; return the number of steps."""
        order = np.sort(chosen)
        rows = order % self.matrix.n_rows
        slots = self.matrix.fetch(rows)
        square = self.device.empty((len(order), len(order)), np.float64)
        self.kernels.gather_square(self.matrix.values, *map(self.device.asarray, (slots, rows)), square)
        low, high, b, f = (a[order] for a in (self.problem.low, self.problem.high, self.b, f))
        split = int(np.searchsorted(order, self.problem.split))
        K = self.device.to_host(square)
        n_steps = CPU.kernels.smo.solve_working_set(K, low, high, b, f, split, tol, max_steps)
        change = b - self.b[order]
        self.b[order] = b
        moved = np.flatnonzero(change)
        self._add(slots[moved], change[moved])
        return n_steps

    def _add(self, slots, coefficients):
        slots, coefficients = map(self.device.asarray, (slots, coefficients))
        self.kernels.add_rows(self.matrix.values, slots, coefficients, self.sums)


def _most_violating(up, down, highest, lowest, before, size):
    """Up to `size` variables: the newer half of the last ones, then those most out of order on either side.

    Those that were chosen last stand last.
    """
    kept = before[-(size // 2) :] if len(up) > size else before[:0]
    up, down = up.copy(), down.copy()
    up[kept], down[kept] = -np.inf, np.inf
    half = (size - len(kept)) // 2
    first = _largest(up, half, above=lowest)
    down[first] = np.inf
    second = _largest(-down, size - len(kept) - len(first), above=-highest)
    return np.concatenate([kept, second, first])


def _largest(values, n, above):
    """Where the n largest values are, of those above a limit."""
    candidates = np.flatnonzero(values > above)
    if len(candidates) <= n:
        return candidates
    return candidates[np.argpartition(values[candidates], len(candidates) - n)[len(candidates) - n :]]


def middle(solution, problem, part) -> float:
    """Return the level that separates the gradients of variables that may rise from those that may fall.

    Parameters
    ----------
    solution : Solution
        Of the problem.
    problem : Problem
        The problem.
    part : slice
        The variables whose sum is kept.

    Returns
    -------
    level : float
        The mean over the variables between their bounds; where there are none, the middle of the gap.
    """
    b, f, low, high = solution.b[part], solution.f[part], problem.low[part], problem.high[part]
    free = (b > low) & (b < high)
    if free.any():
        return float(f[free].mean())
    variable = low < high
    below = f[variable & (b == low)].max(initial=-np.inf)
    above = f[variable & (b == high)].min(initial=np.inf)
    return float((below + above) / 2)
