"""SciPy's L-BFGS-B for objectives of linear models. SciPy is imported when it is first used."""

from __future__ import annotations

import numpy as np

from .._threads import one_blas_thread
from .newton import Solution

__all__ = ["lbfgs", "lbfgs_l1"]

MEASURES = {"ftol": 64 * np.finfo(np.float64).eps, "maxls": 50}


def lbfgs(function, w, *, tol, max_iter, bounds=None, callback=None, **options) -> Solution:
    """Minimise a smooth function.

    Parameters
    ----------
    function : callable
        Called with coefficients; returns the value and the gradient.
    w : float64 array of shape (n_coefficients,)
        Where to start.
    tol : float
        Stop when no derivative is larger than this.
    max_iter : int
        Most iterations.
    bounds : list of pairs of float, default=None
        Least and largest value of each coefficient.
    callback : callable, default=None
        Called with the coefficients after each iteration.
    **options : dict
        SciPy's options.

    Returns
    -------
    solution : Solution
        Where it ended; a failure is SciPy's result.

    References
    ----------
    Byrd, R. H., Lu, P., Nocedal, J., Zhu, C. (1995). A limited memory algorithm for bound constrained
    optimization. SIAM Journal on Scientific Computing 16(5).
    """
    from scipy.optimize import minimize

    options = {"maxiter": max_iter, "gtol": tol, **options}
    # SciPy's BLAS may hang when another thread that begins such a computation sets its number of threads.
    with one_blas_thread():
        found = minimize(
            function, w, jac=True, method="L-BFGS-B", bounds=bounds, callback=callback, options=options
        )
    return Solution(found.x, min(found.nit, max_iter), found if found.status else None)


def lbfgs_l1(objective, w, l1, *, tol, max_iter) -> Solution:
    """Minimise an objective with an L1 penalty.

    Coefficients are split into positive and negative parts, in which the penalty is linear; the bounds at
    zero make exact zeros.

    Parameters
    ----------
    objective : Objective
        The smooth part.
    w : float64 array of shape (n_coefficients,)
        Where to start.
    l1 : float64 array of shape (n_coefficients,)
        What the absolute values of the coefficients are multiplied by.
    tol : float
        Stop when no derivative that points inwards is larger than this.
    max_iter : int
        Most iterations.

    Returns
    -------
    solution : Solution
        Where it ended; a failure is SciPy's result.

    References
    ----------
    Andrew, G., Gao, J. (2007). Scalable training of L1-regularized log-linear models. ICML 2007, section 3.
    """
    split = np.flatnonzero(l1)

    def join(parts):
        joined = parts[: len(w)].copy()
        joined[split] -= parts[len(w) :]
        return joined

    def function(parts):
        value, gradient = objective(join(parts))
        penalty = l1 @ parts[: len(w)] + l1[split] @ parts[len(w) :]
        return value + penalty, np.concatenate([gradient + l1, l1[split] - gradient[split]])

    bounds = [(0.0 if size else None, None) for size in l1] + [(0.0, None)] * len(split)
    start = np.where(l1 > 0, np.maximum(w, 0), w)
    start = np.concatenate([start, np.maximum(-w[split], 0)])
    found = lbfgs(function, start, tol=tol, max_iter=max_iter, bounds=bounds, **MEASURES)
    return found._replace(w=join(found.w))
