"""Least squares and ridge regression by the normal equations, or by the singular values where those fail.

The normal equations square the condition number of the data. So their matrix is looked at before it is used:

- Least squares. The squared singular values are the matrix's eigenvalues. A condition number above
  `SAFE_CONDITION` goes to the singular value decomposition; one above `EXACT_CONDITION` gets a second
  solution for what the residuals leave, which has the digits that the first has lost (the corrected
  seminormal equations [1]_). Eigenvalues take longer than all else: of larger matrices, an estimate of the
  condition number (`positive_definite`) may show that it is far below, and they are left for later.
- Either, in float32. Products are summed in float32 first, which changes them by some `eps`, about
  1e-7, of the columns' lengths. Up to `FINE_CONDITION` that is within twenty `eps` of the solution. Up to
  `COARSE_CONDITION` the solution is corrected by residuals in float64; the correction is as large as the
  error was, and if it is below `COARSE_ERROR`, what is left of the error is below `eps`. Whatever else there
  is, products are summed in float64.
- Ridge. The penalty makes the matrix definite. If its Cholesky factor says that it is as good as singular,
  the singular value decomposition solves the problem.

References
----------
.. [1] Å. Björck, "Stability analysis of the method of seminormal equations for linear least squares
   problems", Linear Algebra and its Applications 88/89, 31-48, 1987.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .positive_definite import SAFE_CONDITION, condition_of, exact_condition_of, factored, solve

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

EXACT_CONDITION = 1e3
FINE_CONDITION = 20**0.5
COARSE_CONDITION = 1e2
COARSE_ERROR = 1e-4
COARSE_FEATURES = 32  # from which on products in float32 are much faster
COARSE_SAMPLES = 1024


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
    gram : float64 ndarray of shape (n_features, n_features) or None
        In place of `singular`: products of the features, whose eigenvalues are the squares of those.
    """

    coef: np.ndarray
    means: np.ndarray
    singular: np.ndarray | None = None
    rank: int | None = None
    by_singular_values: bool = False
    gram: np.ndarray | None = None

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


def means_and_products(
    device: Any, X: Any, Y: Any, roots: Any, fit_intercept: bool, *, single: bool = False
) -> tuple:
    """Take the weighted means of features and targets, and sum the products of what is left.

    Parameters
    ----------
    device, X, Y, roots, fit_intercept : object
        As for `least_squares`.
    single : bool, default=False
        Whether products of float32 data may be summed in float32.

    Returns
    -------
    means : float64 ndarray of shape (n_features + n_targets,)
        Zeros if there is no intercept.
    gram : float64 ndarray of shape (n_features, n_features)
        Products of the features with each other.
    right : float64 ndarray of shape (n_features, n_targets)
        Products of the features with the targets.
    """
    launch = device.kernels.normal_equations.centred_products
    means, products = map(device.to_host, launch(X, Y, roots, centre=fit_intercept, single=single))
    d = X.shape[1]
    return means, products[:d, :d], products[:d, d:]


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
def least_squares(
    device: Any,
    X: Any,
    Y: Any,
    roots: Any,
    fit_intercept: bool,
    tol: float,
    verify: Callable[[], None] | None = None,
) -> Solution:
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
    verify : callable, default=None
        Called before X is decomposed because its products are of no use: X might not be finite.

    Returns
    -------
    solution : Solution
        With rank; with singular values, or the products that have them.
    """
    n_samples, d = X.shape
    if n_samples > d:
        solution = None
        if _may_be_coarse(X):
            most = min(_most_condition(tol), COARSE_CONDITION)
            products = means_and_products(device, X, Y, roots, fit_intercept, single=True)
            solution = _by_coarse_products(device, X, Y, roots, products, most)
        if solution is None:
            solution = _by_products(device, X, Y, roots, fit_intercept, tol)
        if solution is not None:
            return solution
    if verify is not None:
        verify()
    means = means_of(device, X, Y, roots, fit_intercept)
    rows, targets = centred(device, X, Y, roots, means)
    coef, _, rank, singular = np.linalg.lstsq(rows, targets, rcond=tol)
    return Solution(coef, means, singular, int(rank), by_singular_values=True)


def _by_products(device, X, Y, roots, fit_intercept, tol):
    """The solution of the normal equations, or None if they are not safe or the rank is not full."""
    means, gram, right = means_and_products(device, X, Y, roots, fit_intercept)
    condition, factor, spectrum = condition_of(gram)
    if condition >= EXACT_CONDITION and "gram" in spectrum:  # an estimate, which may be too large
        condition, factor, spectrum = exact_condition_of(gram)
    if factor is None or condition >= _most_condition(tol):
        return None
    coef = solve(factor, right)
    if condition > EXACT_CONDITION:
        coef += _correction(device, X, Y, roots, means, factor, coef)
    return Solution(coef, means, rank=len(gram), **spectrum)


def _by_coarse_products(device, X, Y, roots, products, most_condition, penalty=0.0):
    """The solution by products in float32, or None if it might not have float32's digits."""
    means, gram, right = products
    if penalty:
        gram = gram + np.diag(np.full(len(gram), penalty))
    condition, factor, spectrum = condition_of(gram)
    if factor is None or condition >= most_condition:
        return None
    coef = solve(factor, right)
    if condition > FINE_CONDITION:
        change = _correction(device, X, Y, roots, means, factor, coef, penalty)
        scales = np.sqrt(gram.diagonal())[:, None]
        largest, change_of_largest = (np.abs(scales * values).max(axis=0) for values in (coef, change))
        if not (change_of_largest <= COARSE_ERROR * largest).all():
            return None
        coef += change
    return Solution(coef, means, rank=len(gram), **spectrum)


def _may_be_coarse(X):
    """Tell whether products in float32 are worth a try."""
    return X.dtype == np.float32 and X.shape[0] >= COARSE_SAMPLES and X.shape[1] >= COARSE_FEATURES


def _most_condition(tol):
    """The condition number below which the normal equations are safe and the rank is full."""
    return min(SAFE_CONDITION, 0.5 / tol if tol > 0 else np.inf)


def _correction(device, X, Y, roots, means, factor, coef, penalty=0.0):
    """What coefficients lack, by the residuals that they leave."""
    there = device.asarray(means), device.asarray(np.ascontiguousarray(coef))
    rest = device.kernels.normal_equations.residual_products(X, Y, roots, *there)
    return solve(factor, device.to_host(rest) - penalty * coef)


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
def ridge_products(
    device: Any, X: Any, Y: Any, roots: Any, fit_intercept: bool, single: bool = False
) -> tuple:
    """Sum the products that ridge regressions with any penalty are solved by.

    Parameters
    ----------
    device, X, Y, roots, fit_intercept : object
        As for `ridge`.
    single : bool, default=False
        Whether products of float32 data may be summed in float32.

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
        return means_and_products(device, X, Y, roots, fit_intercept, single=single)
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
    lend: Callable | None = None,
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
    lend : callable, default=None
        Called with `single`, makes a context with what `ridge_products` returns; None if the singular values
        are to be taken.

    Returns
    -------
    solution : Solution
        Without singular values and rank.
    """
    if lend is None:
        means, solution = means_of(device, X, Y, roots, fit_intercept), None
    else:
        if _may_be_coarse(X) and X.shape[0] >= X.shape[1] and (alphas == alphas[0]).all():
            with lend(True) as products:
                found = _by_coarse_products(device, X, Y, roots, products, COARSE_CONDITION, alphas[0])
            if found is not None:
                return found
        with lend(False) as (means, matrix, right):
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
        factor = factored(matrix)
        if factor is None:
            return None
        columns = alphas == alpha
        solution[:, columns] = solve(factor, right[:, columns])
    return solution
