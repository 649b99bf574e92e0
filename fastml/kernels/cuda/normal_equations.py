"""Sums of products of centred columns, on CUDA: the twins of `fastml.kernels.cpu.normal_equations`.

cuBLAS multiplies blocks of rows that CuPy has centred; there is no step left that a kernel would join.
"""

import numpy as np

from .._cuda import cp

__all__ = ["centred_products", "residual_products"]

BLOCK = 1 << 26  # values in a block of rows


def _blocks(X, Y, roots, means):
    """Rows of features and targets, less the means, times the roots of their weights."""
    n_rows = max(1, BLOCK // (X.shape[1] + Y.shape[1]))
    for start in range(0, X.shape[0], n_rows):
        block = slice(start, start + n_rows)
        rows = cp.concatenate([X[block].astype(np.float64), Y[block]], axis=1) - means
        yield rows if roots is None else rows * roots[block, None]


def _means(X, Y, roots):
    """Weighted means of the columns, taken of what differs from the first row."""
    first = cp.concatenate([X[0].astype(np.float64), Y[0]])
    weight = X.shape[0] if roots is None else float(roots @ roots)
    total = cp.zeros(first.shape[0], np.float64)
    start = 0
    for rows in _blocks(X, Y, None, first):
        stop = start + rows.shape[0]
        total += rows.sum(axis=0) if roots is None else (roots[start:stop] ** 2) @ rows
        start = stop
    return first + total / weight


def centred_products(X, Y, roots=None, *, centre=True, single=False):
    """See the CPU twin."""
    width = X.shape[1] + Y.shape[1]
    means = _means(X, Y, roots) if centre else cp.zeros(width, np.float64)
    products = cp.zeros((width, width), np.float64)
    for rows in _blocks(X, Y, roots, means):
        products += rows.T @ rows
    return means, products


def residual_products(X, Y, roots, means, coef):
    """See the CPU twin."""
    d = X.shape[1]
    products = cp.zeros((d, Y.shape[1]), np.float64)
    for rows in _blocks(X, Y, roots, means):
        products += rows[:, :d].T @ (rows[:, d:] - rows[:, :d] @ coef)
    return products
