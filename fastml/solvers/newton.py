"""Newton's method for smooth convex objectives (`linear_loss.Objective`)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = ["Solution", "newton"]

MOST_HALVINGS = 21
SUFFICIENT = 2.0**-11  # of the decrease that the gradient promises
MOST_PRODUCTS = 200  # of the Hessian and a vector, for one step


class Solution(NamedTuple):
    """Where a solver ended.

    Attributes
    ----------
    w : float64 array of shape (n_coefficients,)
        Coefficients.
    n_iter : int
        Iterations made.
    failure : object
        None if it converged, else what tells why not: a text or SciPy's result.
    """

    w: np.ndarray
    n_iter: int
    failure: Any = None


def newton(objective, w, *, tol, max_iter, direction, say=None) -> Solution:
    """Minimise an objective by Newton steps with a line search.

    Parameters
    ----------
    objective : Objective
        What is minimised.
    w : float64 array of shape (n_coefficients,)
        Where to start.
    tol : float
        Stop when no derivative is larger than this, nor, with "cholesky", what the last step promised to
        lower the objective by.
    max_iter : int
        Most steps.
    direction : {"cholesky", "cg"}
        Solve for the step with the Hessian, or by conjugate gradients with products of it.
    say : callable, default=None
        Called with a line of text on the progress.

    Returns
    -------
    solution : Solution
        Where it ended.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the Hessian is not positive definite, to working precision.

    References
    ----------
    Nocedal, J., Wright, S. J. (2006). Numerical optimization, second edition, chapters 3 and 7. Springer.
    """
    step_of = {"cholesky": _cholesky_step, "cg": _conjugate_gradient_step}[direction]
    value, gradient = objective(w, curve=True)
    exact = direction == "cholesky"
    promised = np.inf if exact else 0.0  # by the last step, half the squared Newton decrement
    for n_iter in range(max_iter + 1):
        largest = abs(gradient).max()
        if say:
            say(f"Newton iteration {n_iter}: objective {value:.9g}, largest derivative {largest:.3g}")
        if largest <= tol and promised <= tol:
            return Solution(w, n_iter)
        if n_iter == max_iter:
            break
        step = step_of(objective, gradient)
        found = _search_line(objective, w, step, value, gradient)
        if found is None:
            return Solution(w, n_iter, "the line search found no lower value")
        promised = -0.5 * float(gradient @ step) if exact else 0.0
        w, value, gradient = found
    return Solution(w, max_iter, "the limit of iterations was reached")


def _search_line(objective, w, step, value, gradient):
    """The first of steps, each half as long as the one before, that lowers the objective enough."""
    slope, length = gradient @ step, 1.0
    rounding = 16 * np.finfo(objective.X.dtype).eps * abs(value)
    for _ in range(MOST_HALVINGS):
        new = w + length * step
        new_value, new_gradient = objective(new, curve=True)
        change = new_value - value
        enough = change <= SUFFICIENT * length * slope
        # Where the objective's last digits are noise, the gradient tells.
        flat = abs(change) <= rounding and abs(new_gradient).sum() < abs(gradient).sum()
        if enough or flat:
            return new, new_value, new_gradient
        length *= 0.5
    return None


def _cholesky_step(objective, gradient):
    hessian = objective.hessian()
    _fix_shifts(objective, hessian)
    pivots = np.diag(np.linalg.cholesky(hessian))  # raises where it is not positive definite
    if pivots.min() ** 2 < len(pivots) * np.finfo(np.float64).eps * pivots.max() ** 2:
        raise np.linalg.LinAlgError("Matrix is ill-conditioned")
    return np.linalg.solve(hessian, -gradient)


def _fix_shifts(objective, hessian):
    """Give curvature to what changes no probability: shifts of all classes' coefficients alike.

    The gradient is orthogonal to them, so that the step is, too.
    """
    k = objective.n_outputs
    if k == 1:
        return
    size = np.trace(hessian) / len(hessian)
    for at in np.flatnonzero(objective.l2 == 0)[::k]:
        hessian[at : at + k, at : at + k] += size / k


def _conjugate_gradient_step(objective, gradient):
    """Solve roughly: the more exactly the smaller the gradient is."""
    size = abs(gradient).sum()
    enough = min(0.5, np.sqrt(size)) * size
    step, residual = np.zeros_like(gradient), gradient.copy()
    towards, square = -residual, residual @ residual
    for n in range(MOST_PRODUCTS):
        if abs(residual).sum() <= enough:
            break
        bent = objective.hessian_product(towards)
        curvature = towards @ bent
        if curvature <= 16 * np.finfo(objective.X.dtype).eps * (towards @ towards):
            if n == 0:
                step = towards
            break
        length = square / curvature
        step += length * towards
        residual += length * bent
        square, before = residual @ residual, square
        towards = -residual + square / before * towards
    return step
