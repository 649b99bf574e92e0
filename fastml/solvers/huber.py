"""Huber regression: coefficients and the scale of errors, found together."""

from __future__ import annotations

import numpy as np

from .lbfgs import lbfgs
from .newton import Solution

__all__ = ["solve"]

LEAST_SCALE = 10 * np.finfo(np.float64).eps


def solve(objective, start, epsilon, alpha, *, tol, max_iter) -> Solution:
    """Minimise the Huber loss.

    Parameters
    ----------
    objective : Objective
        The loss "huber" of the data, without a penalty.
    start : float64 array of shape (n_coefficients + 1,)
        Coefficients and, last, the scale.
    epsilon : float
        From how many scales on an error is an outlier.
    alpha : float
        What the squares of the features' coefficients are multiplied by.
    tol : float
        Stop when no derivative is larger than this.
    max_iter : int
        Most iterations.

    Returns
    -------
    solution : Solution
        Where it ended; a failure is SciPy's result.

    References
    ----------
    Owen, A. B. (2007). A robust hybrid of lasso and ridge regression. Contemporary Mathematics 443.
    """
    penalty = np.zeros(objective.n_coefficients)
    penalty[: objective.n_features] = alpha

    def function(v):
        w, scale = v[:-1], v[-1]
        objective.formula = objective.kernels.Formula("huber", epsilon, scale)
        total, gradient, by_scale = objective.sums(w)
        value = objective.weight * scale + total + float((penalty * w) @ w)
        return value, np.append(gradient + 2 * penalty * w, objective.weight + by_scale)

    bounds = [(None, None)] * objective.n_coefficients + [(LEAST_SCALE, None)]
    return lbfgs(function, start, tol=tol, max_iter=max_iter, bounds=bounds)
