"""Sums of products of centred columns, on CUDA: the twins of `fastml.kernels.cpu.normal_equations`.

cuBLAS multiplies blocks of rows that CuPy has centred; there is no step left that a kernel would join.
"""

import numpy as np

from .._cuda import cp
from ._products import sum_products
from .columns import column_moments

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
    """Weighted means of the columns."""
    weights = None if roots is None else roots**2
    return cp.concatenate([column_moments(columns, weights)[1] for columns in (X, Y)])


def centred_products(X, Y, roots=None, *, centre=True):
    """See the CPU twin."""
    width = X.shape[1] + Y.shape[1]
    means = _means(X, Y, roots) if centre else cp.zeros(width, np.float64)
    products = cp.zeros((width, width), np.float64)
    for rows in _blocks(X, Y, roots, means):
        products += sum_products(rows, rows)
    return means, products


def residual_products(X, Y, roots, means, coef):
    """See the CPU twin."""
    d = X.shape[1]
    products = cp.zeros((d, Y.shape[1]), np.float64)
    for rows in _blocks(X, Y, roots, means):
        products += sum_products(rows[:, :d], rows[:, d:] - rows[:, :d] @ coef)
    return products
