"""Sums of products of centred columns, in extended precision."""

import numpy as np


def _rows(X, Y, roots, means=None):
    rows = np.concatenate([X, Y], axis=1).astype(np.longdouble)
    roots = np.ones(len(X), np.longdouble) if roots is None else roots.astype(np.longdouble)
    if means is None:
        means = (roots[:, None] ** 2 * rows).sum(axis=0) / (roots**2).sum()
    return means, roots[:, None] * (rows - means)


def centred_products(X, Y, roots=None, *, centre=True):
    """Weighted means of the columns, and the products of the columns less their means."""
    means, rows = _rows(X, Y, roots, None if centre else np.zeros(X.shape[1] + Y.shape[1]))
    return means.astype(float), (rows.T @ rows).astype(float)


def residual_products(X, Y, roots, means, coef):
    """Products of the features with the residuals."""
    _, rows = _rows(X, Y, roots, means)
    d = X.shape[1]
    return (rows[:, :d].T @ (rows[:, d:] - rows[:, :d] @ coef)).astype(float)


def solve_factored(factor, right):
    """The inverse of the matrix that was factored, times the right sides."""
    return np.linalg.inv(factor.T @ factor) @ right


def factor_products(matrix):
    """The upper triangular Cholesky factor."""
    return np.linalg.cholesky(matrix).T
