"""Positive definite matrices, such as those of normal equations: factors and condition numbers.

References
----------
N. J. Higham, "FORTRAN codes for estimating the one-norm of a real or complex matrix", ACM Transactions on
Mathematical Software 14, 381-396, 1988.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._device import CPU

__all__ = [
    "SAFE_CONDITION",
    "condition_of",
    "exact_condition_of",
    "factored",
    "singular_values",
    "solve",
]

SAFE_CONDITION = 1e5  # of features: its square is that of their products
ESTIMATED_FEATURES = 64  # up to which eigenvalues are found as fast as an estimate
ESTIMATE_SAFETY = 3.0  # an estimate of a norm is rarely below a third, and one in another norm larger
SMALLEST_PIVOT = 1e-14  # of the largest one, squared, in a Cholesky factor


def condition_of(gram: np.ndarray) -> tuple:
    """Tell the features' condition number by their products; for many features an estimate, mostly too large.

    Parameters
    ----------
    gram : float64 ndarray of shape (n_features, n_features)
        The products.

    Returns
    -------
    condition : float
        The condition number.
    factor : object
        What `solve` takes; None if the products are nearly singular or not finite.
    spectrum : dict
        The singular values, or the products that have them, as `normal_equations.Solution` names them.
    """
    if len(gram) <= ESTIMATED_FEATURES:
        return exact_condition_of(gram)
    factor = factored(gram)
    if factor is None:
        return np.inf, None, {"gram": gram}
    return _estimate(gram, factor), factor, {"gram": gram}


def _estimate(gram, factor):
    """Of the features' condition number, mostly too large."""
    norm = _estimated_norm(lambda x: gram @ x, len(gram))
    of_inverse = _estimated_norm(lambda x: solve(factor, x[:, None])[:, 0], len(gram))
    return np.sqrt(ESTIMATE_SAFETY * norm * of_inverse)


def exact_condition_of(gram: np.ndarray) -> tuple:
    """Tell the features' condition number by eigenvalues.

    Parameters
    ----------
    gram : float64 ndarray of shape (n_features, n_features)
        The products of the features.

    Returns
    -------
    condition, factor, spectrum : tuple
        As of `condition_of`.
    """
    values = np.linalg.eigvalsh(gram) if np.isfinite(gram.trace()) else np.zeros(1)
    if values[0] <= SAFE_CONDITION**-2 * values[-1]:
        return np.inf, None, {}
    factor = CPU.kernels.normal_equations.factor_products(gram)
    return np.sqrt(values[-1] / values[0]), factor, {"singular": np.sqrt(values[::-1])}


def _estimated_norm(multiply, d):
    """The 1-norm of a symmetric matrix or a little less, climbed to from the mean of its columns."""
    at = np.full(d, 1 / d)
    found = multiply(at)
    norm = np.abs(found).sum()
    for _ in range(4):
        slopes = multiply(np.where(found < 0, -1.0, 1.0))
        steepest = np.abs(slopes).argmax()
        if abs(slopes[steepest]) <= slopes @ at:
            break
        at = np.zeros(d)
        at[steepest] = 1.0
        found = multiply(at)
        if np.abs(found).sum() <= norm:
            break
        norm = np.abs(found).sum()
    alternating = (1 + np.arange(d) / (d - 1)) * np.where(np.arange(d) % 2, -1, 1)
    return max(norm, 2 / (3 * d) * np.abs(multiply(alternating)).sum())


def singular_values(gram: np.ndarray) -> np.ndarray:
    """Find the singular values of features of full rank.

    Parameters
    ----------
    gram : float64 ndarray of shape (n_features, n_features)
        Products of the features.

    Returns
    -------
    singular : float64 ndarray of shape (n_features,)
        The values, falling.
    """
    return np.sqrt(np.linalg.eigvalsh(gram)[::-1])


def factored(matrix: np.ndarray) -> Any:
    """Factor a matrix, unless it is nearly singular.

    Parameters
    ----------
    matrix : float64 ndarray of shape (n, n)
        Symmetric.

    Returns
    -------
    factor : object
        What `solve` takes, or None.
    """
    factor = CPU.kernels.normal_equations.factor_products(matrix)
    if factor is None:
        return None
    pivots = factor.diagonal()[: len(matrix)]
    return factor if pivots.min() ** 2 > SMALLEST_PIVOT * pivots.max() ** 2 else None


def solve(factor: Any, right: np.ndarray) -> np.ndarray:
    """Solve a system of equations whose matrix was factored.

    Parameters
    ----------
    factor : object
        Of `factored`.
    right : float64 ndarray of shape (n, n_targets)
        The right-hand sides.

    Returns
    -------
    solution : float64 ndarray of shape (n, n_targets)
        A column for each.
    """
    return CPU.kernels.normal_equations.solve_factored(factor, right)
