"""Logistic regression: one penalty, or a path of them."""

from __future__ import annotations

import warnings

import numpy as np

from .._threads import one_blas_thread
from .lbfgs import MEASURES, lbfgs, lbfgs_l1
from .newton import Solution, newton

__all__ = ["SOLVERS", "solve", "solve_path"]

SOLVERS = ("lbfgs", "liblinear", "newton-cg", "newton-cholesky", "sag", "saga")
FINER = 1e-2  # of `tol` for the names whose own measure of convergence is another one
MOST_PIVOTS = 500  # coefficients up to which a Hessian is made where no method was asked for
PASSES = {"liblinear": 10, "sag": 1, "saga": 1}  # over the data in an iteration, where there is an L1 penalty


def solve(objective, w, solver, *, l1=None, tol, max_iter, callback=None, say=None) -> Solution:
    """Minimise a penalised logistic loss.

    Parameters
    ----------
    objective : Objective
        The loss with its L2 penalty.
    w : float64 array of shape (n_coefficients,)
        Where to start.
    solver : str
        One of `SOLVERS`: "lbfgs", "newton-cg" and "newton-cholesky" are what they say. Under the other names
        the objective is minimised by Newton steps, or by L-BFGS-B if there is an L1 penalty.
    l1 : float64 array of shape (n_coefficients,), default=None
        What the absolute values of the coefficients are multiplied by.
    tol : float
        How large a derivative may be at the end; for the other names a hundredth of this.
    max_iter : int
        Most iterations; under the other names with an L1 penalty most passes over the data, or tens of them
        for "liblinear".
    callback : callable, default=None
        Called with the coefficients after each iteration of "lbfgs".
    say : callable, default=None
        Called with lines of text on the progress.

    Returns
    -------
    solution : Solution
        Where it ended.
    """
    if l1 is not None and l1.any():
        passes = PASSES[solver]
        found = lbfgs_l1(objective, w, l1, tol=FINER * tol, max_iter=passes * max_iter)
        return found._replace(n_iter=-(-found.n_iter // passes))
    if solver == "lbfgs":
        return lbfgs(objective, w, tol=tol, max_iter=max_iter, callback=callback, **MEASURES)
    direction = solver.removeprefix("newton-")
    if direction == solver:
        small = objective.n_coefficients <= MOST_PIVOTS and isinstance(objective.X, np.ndarray)
        direction, tol = "cholesky" if small else "cg", FINER * tol
    try:
        with one_blas_thread():
            return newton(objective, w, tol=tol, max_iter=max_iter, direction=direction, say=say)
    except np.linalg.LinAlgError as error:
        if solver == "newton-cholesky":
            _warn_of_singularity(error)
        return lbfgs(objective, w, tol=tol, max_iter=max_iter, **MEASURES)


def _warn_of_singularity(error):
    from scipy.linalg import LinAlgWarning

    warnings.warn(
        "The Newton solver stumbled upon a singular or very ill-conditioned Hessian matrix. It will now "
        "resort to lbfgs instead.\nFurther options are to use another solver or to avoid such situation in "
        "the first place. Possible remedies are removing collinear features of X or increasing the "
        f"penalization strengths.\nThe original Linear Algebra message was:\n{error}",
        LinAlgWarning,
        stacklevel=6,
    )


def solve_path(objective, w, Cs, l1_ratio, solver, *, intercept_scaling=None, **options) -> list:
    """Minimise for one strength of the penalty after the other, each from where the one before ended.

    Parameters
    ----------
    objective : Objective
        The loss; its penalty is set here.
    w : float64 array of shape (n_coefficients,)
        Where to start.
    Cs : sequence of float
        Inverse strengths of the penalty, as in `LogisticRegression`.
    l1_ratio : float
        Share of the L1 penalty.
    solver : str
        One of `SOLVERS`.
    intercept_scaling : float, default=None
        If given, the intercept divided by this is penalised too.
    **options : dict
        Options of `solve`.

    Returns
    -------
    solutions : list of Solution
        One for each C.
    """
    solutions = []
    for C in Cs:
        strength = 1.0 / (C * objective.weight)
        l1_intercept = l2_intercept = 0.0
        if intercept_scaling is not None:
            l1_intercept, l2_intercept = strength / intercept_scaling, strength / intercept_scaling**2
        objective.penalise((1 - l1_ratio) * strength, (1 - l1_ratio) * l2_intercept)
        l1 = np.full(objective.n_coefficients, l1_ratio * strength)
        l1[objective.n_features * objective.n_outputs :] = l1_ratio * l1_intercept
        solutions.append(solve(objective, w, solver, l1=l1, **options))
        w = solutions[-1].w
    return solutions
