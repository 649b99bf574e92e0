"""Coordinate descent: sweeps over the features that matter until the gap is small; and along paths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .._device import CPU

__all__ = ["Minimum", "Penalty", "alpha_grid", "follow_path", "minimise"]

OPERATIONS = 20_000_000  # of one call of sweeps: Ctrl-C waits for them
TIGHTER = 0.1  # by what features must settle more precisely when the gap is still too large
LOOSE = 1e-2  # how well features need to settle as long as there are many new ones
MANY_NEW = 0.5  # of those that are used


class Penalty(NamedTuple):
    """What coefficients cost.

    Attributes
    ----------
    l1 : float
        Factor of the sum over features of the norms of their coefficients.
    l2 : float
        Factor of half the sum of squares.
    positive : bool
        Whether coefficients must not be negative; in problems with one task.
    """

    l1: float
    l2: float
    positive: bool = False


class Minimum(NamedTuple):
    """Where coordinate descent ended.

    Attributes
    ----------
    gap : float
        The duality gap: by how much, at most, the objective is above its minimum.
    limit : float
        What the gap had to come down to.
    n_iter : int
        How many sweeps were made.
    """

    gap: float
    limit: float
    n_iter: int


def minimise(
    problem, coef: np.ndarray, penalty: Penalty, *, tol: float, max_iter: int, rng: Any = None
) -> Minimum:
    """Minimise half the sum of squares plus a penalty.

    Sweeps go over the features that are not at zero or should not be, until these have settled; then all
    slopes are looked at. Few features ever matter, so that most are looked at a few times only.

    Parameters
    ----------
    problem : GramProblem, DenseProblem or SparseProblem
        The data; started with these coefficients.
    coef : float64 array of shape (n_tasks, n_features)
        Where to begin; brought to the minimum.
    penalty : Penalty
        The penalty.
    tol : float
        The gap that is good enough, relative to the sum of the squares of the targets; and at first the
        largest move of a sweep, relative to the largest coefficient, at which features count as settled.
    max_iter : int
        The most sweeps.
    rng : numpy.random.RandomState, default=None
        Draws the features of each sweep; without it they are swept in their order.

    Returns
    -------
    minimum : Minimum
        The gap and the number of sweeps.

    References
    ----------
    Massias, M., Gramfort, A., Salmon, J. (2018). Celer: a fast solver for the lasso with dual
    extrapolation. ICML.
    """
    kernels = CPU.kernels.coordinate_descent
    limit = tol * problem.target_square
    rules = np.array([penalty.l1, penalty.l2, penalty.positive, tol, limit, problem.target_square, 0.0])
    active = np.empty(coef.shape[1], np.int64)
    precision = 1.0
    n_iter = 0
    moved = True
    while True:
        slopes = problem.slopes(coef)
        residual_squares = problem.residual_squares(coef)
        n_active, gap = kernels.choose_active(coef, slopes, problem.squares, rules, residual_squares, active)
        if gap <= limit or n_iter >= max_iter or not moved:
            return Minimum(gap, limit, n_iter)
        loose = n_active > (1 + MANY_NEW) * np.count_nonzero(coef.any(axis=0))
        rules[kernels.TOLERANCE] = max(precision * tol, LOOSE) if loose else precision * tol
        rules[kernels.GAP_LIMIT] = precision * limit
        inner, features, places = problem.narrow(active[:n_active], slopes)
        chosen = coef if inner is problem else coef.take(features, axis=1)
        n_sweeps, moved = _settle(inner, chosen, places, rules, penalty, max_iter - n_iter, rng)
        if inner is not problem:
            coef[:, features] = chosen
        problem.start(coef)  # anew, too, after its own sweeps, whose rounding errors would be in the gap
        n_iter += n_sweeps
        precision *= 1.0 if loose else TIGHTER


def _settle(problem, coef, active, rules, penalty, max_sweeps, rng):
    """Sweep until the active features have settled; return how often, and whether anything moved."""
    kernels = CPU.kernels.coordinate_descent
    memory = kernels.new_memory(len(coef), len(active), problem.state.size, rng is None)
    at_once = max(1, OPERATIONS // (max(len(active), 1) * problem.sweep_work)) if rng is None else 1
    n_sweeps = 0
    while n_sweeps < max_sweeps:
        rules[kernels.MAX_SWEEPS] = min(at_once, max_sweeps - n_sweeps)
        order = active if rng is None else active[rng.randint(len(active), size=len(active))]
        made = problem.sweep(coef, order, rules, memory)
        n_sweeps += made
        if made < rules[kernels.MAX_SWEEPS]:
            break
    return n_sweeps, n_sweeps > 1 or kernels.largest_move(memory) > 0 or rng is not None


def follow_path(
    problem,
    coef: np.ndarray,
    penalties: list[Penalty],
    report: Callable[[int, Minimum], None] = lambda k, minimum: None,
    **options: Any,
) -> tuple[np.ndarray, list[Minimum]]:
    """Minimise for one penalty after the other, each from where the one before ended.

    Parameters
    ----------
    problem : GramProblem, DenseProblem or SparseProblem
        The data.
    coef : float64 array of shape (n_tasks, n_features)
        Where to begin; brought to the last minimum.
    penalties : list of Penalty
        The penalties, large ones first.
    report : callable, optional
        Called with the number of each penalty and its minimum.
    **options : dict
        Of `minimise`.

    Returns
    -------
    coefs : float64 array of shape (n_penalties, n_tasks, n_features)
        The coefficients for each penalty.
    minima : list of Minimum
        The gaps and numbers of sweeps.
    """
    coefs = np.empty((len(penalties), *coef.shape))
    problem.start(coef)
    minima = []
    for k, penalty in enumerate(penalties):
        minima.append(minimise(problem, coef, penalty, **options))
        coefs[k] = coef
        report(k, minima[-1])
    return coefs, minima


def alpha_grid(
    products: np.ndarray, total: float, *, l1_ratio: float, eps: float, n_alphas: int, positive: bool = False
) -> np.ndarray:
    """Space alphas evenly in their logarithms, from the smallest that leaves no coefficient.

    Parameters
    ----------
    products : float64 array of shape (n_tasks, n_features)
        Products of the targets with the features.
    total : float
        The sum of the samples' weights.
    l1_ratio : float
        The share of the L1 penalty.
    eps : float
        The last alpha, relative to the first.
    n_alphas : int
        How many.
    positive : bool, default=False
        Whether coefficients must not be negative.

    Returns
    -------
    alphas : float64 array of shape (n_alphas,)
        In descending order.

    Raises
    ------
    ValueError
        If there is no L1 penalty: then no alpha leaves no coefficient.
    """
    if l1_ratio == 0:
        raise ValueError(
            "Automatic alpha grid generation is not supported for l1_ratio=0. Please supply a grid by "
            "providing your estimator with the appropriate `alphas=` argument."
        )
    if positive:
        largest = max(0.0, products.max())
    else:
        largest = np.sqrt(np.square(products).sum(axis=0).max())
    first = largest / (total * l1_ratio)
    resolution = np.finfo(np.float64).resolution
    if first <= resolution:
        return np.full(n_alphas, resolution)
    return np.geomspace(first, first * eps, num=n_alphas)
