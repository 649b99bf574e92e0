"""Least squares and ridge regression by the normal equations, or by the singular values where those fail.

The normal equations square the condition number of the data. So their matrix is looked at before it is used:

- Least squares. The squared singular values are the matrix's eigenvalues. A condition number above
  `SAFE_CONDITION` goes to the singular value decomposition; one above `EXACT_CONDITION` gets a second
  solution for what the residuals leave, which has the digits that the first has lost (the corrected
  seminormal equations [1]_).
- Ridge. The penalty makes the matrix definite. If its Cholesky factor says that it is as good as singular,
  the singular value decomposition solves the problem.

References
----------
.. [1] Å. Björck, "Stability analysis of the method of seminormal equations for linear least squares
   problems", Linear Algebra and its Applications 88/89, 31-48, 1987.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._device import CPU

__all__ = [
    "Solution",
    "centred",
    "least_squares",
    "means_and_products",
    "means_of",
    "non_negative",
    "ridge",
    "ridge_products",
]

SAFE_CONDITION = 1e5
EXACT_CONDITION = 1e3
SMALLEST_PIVOT = 1e-14  # of the largest one, squared, in a Cholesky factor


class Solution(NamedTuple):
    """The coefficients of linear models, one for each target.

    Attributes
    ----------
    coef : float64 ndarray of shape (n_features, n_targets)
        The coefficients.
    means : float64 ndarray of shape (n_features + n_targets,)
        Weighted means of features and targets; zeros if there is no intercept.
    singular : float64 ndarray of shape (n_singular,) or None
        Singular values of the centred and weighted features, falling.
    rank : int or None
        How many of them count as not zero.
    by_singular_values : bool
        Whether the normal equations were not used.
    """

    coef: np.ndarray
    means: np.ndarray
    singular: np.ndarray | None = None
    rank: int | None = None
    by_singular_values: bool = False

    @property
    def intercept(self) -> np.ndarray:
        """The constant term of each target."""
        n_features = len(self.coef)
        return self.means[n_features:] - self.means[:n_features] @ self.coef


# ---- data -----------------------------------------------------------------------------------
def centred(device: Any, X: Any, Y: Any, roots: Any, means: np.ndarray) -> tuple:
    """Subtract the means from features and targets, and multiply them by the roots of the weights.

    Parameters
    ----------
    device, X, Y, roots : object
        As for `least_squares`.
    means : float64 ndarray of shape (n_features + n_targets,)
        The means.

    Returns
    -------
    rows : float64 ndarray of shape (n_samples, n_features)
        The features, on the host.
    targets : float64 ndarray of shape (n_samples, n_targets)
        The targets, on the host.
    """
    rows = device.to_host(X) - means[: X.shape[1]]
    targets = device.to_host(Y) - means[X.shape[1] :]
    if roots is not None:
        root = device.to_host(roots)[:, None]
        rows, targets = root * rows, root * targets
    return rows, targets


def means_and_products(device: Any, X: Any, Y: Any, roots: Any, fit_intercept: bool) -> tuple:
    """Take the weighted means of features and targets, and sum the products of what is left.

    Parameters
    ----------
    device, X, Y, roots, fit_intercept : object
        As for `least_squares`.

    Returns
    -------
    means : float64 ndarray of shape (n_features + n_targets,)
        Zeros if there is no intercept.
    gram : float64 ndarray of shape (n_features, n_features)
        Products of the features with each other.
    right : float64 ndarray of shape (n_features, n_targets)
        Products of the features with the targets.
    """
    sums = device.kernels.normal_equations.centred_products(X, Y, roots, centre=fit_intercept)
    means, products = map(device.to_host, sums)
    d = X.shape[1]
    return means, products[:d, :d].copy(), products[:d, d:].copy()


def means_of(device: Any, X: Any, Y: Any, roots: Any, fit_intercept: bool) -> np.ndarray:
    """Take the weighted means of features and targets where their products are not wanted.

    Parameters
    ----------
    device, X, Y, roots, fit_intercept : object
        As for `least_squares`.

    Returns
    -------
    means : float64 ndarray of shape (n_features + n_targets,)
        Zeros if there is no intercept.
    """
    if not fit_intercept:
        return np.zeros(X.shape[1] + Y.shape[1])
    weights = None if roots is None else device.to_host(roots) ** 2
    means = []
    for columns in map(device.to_host, (X, Y)):
        first = columns[0].astype(np.float64)  # without it, an offset would cost digits
        means.append(first + np.average(columns - first, axis=0, weights=weights))
    return np.concatenate(means)


# ---- least squares --------------------------------------------------------------------------
def least_squares(device: Any, X: Any, Y: Any, roots: Any, fit_intercept: bool, tol: float) -> Solution:
    """Minimise the weighted sum of squared residuals.

    Parameters
    ----------
    device : Device
        Where X, Y and the roots are.
    X : array of shape (n_samples, n_features)
        The features.
    Y : float64 array of shape (n_samples, n_targets)
        The targets.
    roots : float64 array of shape (n_samples,) or None
        Square roots of the samples' weights; None means ones.
    fit_intercept : bool
        Whether the models have a constant term.
    tol : float
        Singular values below this fraction of the largest count as zero: of all solutions, the shortest.

    Returns
    -------
    solution : Solution
        With singular values and rank.
    """
    n_samples, d = X.shape
    if n_samples > d:
        means, gram, right = means_and_products(device, X, Y, roots, fit_intercept)
        solution = _by_products(device, X, Y, roots, means, gram, right, tol)
        if solution is not None:
            return solution
    else:
        means = means_of(device, X, Y, roots, fit_intercept)
    rows, targets = centred(device, X, Y, roots, means)
    coef, _, rank, singular = np.linalg.lstsq(rows, targets, rcond=tol)
    return Solution(coef, means, singular, int(rank), by_singular_values=True)


def _by_products(device, X, Y, roots, means, gram, right, tol):
    """The solution of the normal equations, or None if they are not safe or the rank is not full."""
    values = np.linalg.eigvalsh(gram) if np.isfinite(gram).all() else np.zeros(1)
    most = min(SAFE_CONDITION, 0.5 / tol if tol > 0 else np.inf)
    if values[0] * most**2 <= values[-1]:
        return None
    factor, solve = np.linalg.cholesky(gram), CPU.kernels.normal_equations.solve_factored
    coef = solve(factor, right)
    if values[0] * EXACT_CONDITION**2 < values[-1]:
        there = device.asarray(means), device.asarray(np.ascontiguousarray(coef))
        rest = device.kernels.normal_equations.residual_products(X, Y, roots, *there)
        coef += solve(factor, device.to_host(rest))
    return Solution(coef, means, np.sqrt(values[::-1]), len(gram))


def non_negative(device: Any, X: Any, Y: Any, roots: Any, fit_intercept: bool) -> Solution:
    """Minimise the weighted sum of squared residuals by coefficients that are not negative.

    Parameters
    ----------
    device, X, Y, roots, fit_intercept : object
        As for `least_squares`.

    Returns
    -------
    solution : Solution
        Without singular values and rank. It is SciPy's of the triangular factor of the features, which has as
        many rows as there are features.
    """
    from scipy.optimize import nnls

    means = means_of(device, X, Y, roots, fit_intercept)
    rows, targets = centred(device, X, Y, roots, means)
    if len(rows) > rows.shape[1]:
        rotation, rows = np.linalg.qr(rows)
        targets = rotation.T @ targets
    coef = np.stack([nnls(rows, target)[0] for target in targets.T], axis=1)
    return Solution(coef, means)


# ---- ridge ----------------------------------------------------------------------------------
def ridge_products(device: Any, X: Any, Y: Any, roots: Any, fit_intercept: bool) -> tuple:
    """Sum the products that ridge regressions with any penalty are solved by.

    Parameters
    ----------
    device, X, Y, roots, fit_intercept : object
        As for `ridge`.

    Returns
    -------
    means : float64 ndarray of shape (n_features + n_targets,)
        Zeros if there is no intercept.
    matrix : float64 ndarray
        Products of the features with each other; with fewer samples than features, of the samples.
    right : float64 ndarray
        Products of the features with the targets; with fewer samples the centred targets.
    """
    if X.shape[0] >= X.shape[1]:
        return means_and_products(device, X, Y, roots, fit_intercept)
    means = means_of(device, X, Y, roots, fit_intercept)
    rows, targets = centred(device, X, Y, roots, means)
    return means, rows @ rows.T, targets


def ridge(
    device: Any,
    X: Any,
    Y: Any,
    roots: Any,
    alphas: np.ndarray,
    fit_intercept: bool,
    products: tuple | None = None,
) -> Solution:
    """Minimise the weighted sum of squared residuals plus alpha times the sum of squared coefficients.

    Parameters
    ----------
    device : Device
        Where X, Y and the roots are.
    X : array of shape (n_samples, n_features)
        The features.
    Y : float64 array of shape (n_samples, n_targets)
        The targets.
    roots : float64 array of shape (n_samples,) or None
        Square roots of the samples' weights; None means ones.
    alphas : float64 ndarray of shape (n_targets,)
        The penalty of each target.
    fit_intercept : bool
        Whether the models have a constant term, which is not penalised.
    products : tuple, default=None
        What `ridge_products` returns; None if the singular values are to be taken.

    Returns
    -------
    solution : Solution
        Without singular values and rank.
    """
    if products is None:
        means, solution = means_of(device, X, Y, roots, fit_intercept), None
    else:
        means, matrix, right = products
        solution = _solve_penalised(matrix, right, alphas)
    if solution is not None and X.shape[0] >= X.shape[1]:
        return Solution(solution, means)
    rows, targets = centred(device, X, Y, roots, means)
    if solution is not None:
        return Solution(rows.T @ solution, means)
    U, singular, Vt = np.linalg.svd(rows, full_matrices=False)
    zero = singular <= np.finfo(np.float64).eps * max(rows.shape) * singular[:1]
    singular = np.where(zero, 1.0, singular)[:, None]
    factors = np.where(zero[:, None], 0.0, singular / (singular**2 + alphas))
    return Solution(Vt.T @ (factors * (U.T @ targets)), means, by_singular_values=True)


def _solve_penalised(matrix, right, alphas):
    """Solve `(matrix + alpha I) x = right` for each column; None if a matrix is nearly singular."""
    solution = np.empty_like(right)
    matrix, diagonal = matrix.copy(), matrix.diagonal()
    for alpha in np.unique(alphas):
        np.fill_diagonal(matrix, diagonal + alpha)
        factor = _factored(matrix)
        if factor is None:
            return None
        columns = alphas == alpha
        solution[:, columns] = CPU.kernels.normal_equations.solve_factored(factor, right[:, columns])
    return solution


def _factored(matrix):
    """The Cholesky factor, or None if the matrix is nearly singular."""
    try:
        factor = np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return None
    pivots = factor.diagonal()
    return factor if pivots.min() ** 2 > SMALLEST_PIVOT * pivots.max() ** 2 else None
