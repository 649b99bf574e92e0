"""Sums of products of centred columns: the two sides of the normal equations of least squares.

A row is the features of a sample, followed by its targets. Blocks of rows are centred around their own means,
in float64, and multiplied by BLAS while they are in the cache; the products of two blocks are joined as
variances are. So nothing cancels, whatever offset the columns have, and X is read once and never copied.
"""

import contextlib

import numpy as np

from ..._threads import for_each_block, one_blas_thread
from .._compile import T, float64, int64, kernel

__all__ = ["centred_products", "residual_products", "solve_factored"]

BLOCK = 1 << 16  # values in a block, which fit the second-level cache as float64
WIDE = 2048  # rows in a block of wide data, where products are worth more than the cache
MOST_ROWS = 4096  # of a block
PARTS = 16  # sums that are kept apart, for threads; an even number of them
PART_BYTES = 1 << 28  # of all of them; of larger ones there are fewer


# ---- range kernels ------------------------------------------------------------------------
@kernel(fastmath={"contract", "nsz"})  # products and sums in one instruction
def means_of_rows(
    X: T[:, :],  # IN  (n_samples, n_features)
    Y: float64[:, :],  # IN  (n_samples, n_targets)
    roots: float64[:],  # IN  (n_samples,) of the weights, or (0,) for ones
    means_out: float64[:],  # OUT (n_features + n_targets,) weighted, zero at first
    start: int64,
    stop: int64,
) -> float64:  # the sum of the weights
    d, total = X.shape[1], 0.0
    for i in range(start, stop):
        w = roots[i] * roots[i] if roots.shape[0] > 0 else 1.0
        total += w
        # The first row is subtracted: of the digits of an offset, none is left to be rounded.
        for j in range(d):
            means_out[j] += w * (float64(X[i, j]) - float64(X[start, j]))
        for j in range(Y.shape[1]):
            means_out[d + j] += w * (Y[i, j] - Y[start, j])
    share = 1.0 / total if total > 0.0 else 0.0
    for j in range(d):
        means_out[j] = float64(X[start, j]) + share * means_out[j]
    for j in range(Y.shape[1]):
        means_out[d + j] = Y[start, j] + share * means_out[d + j]
    return total


@kernel
def centre_rows(
    X: T[:, :],  # IN  (n_samples, n_features)
    Y: float64[:, :],  # IN  (n_samples, n_targets)
    roots: float64[:],  # IN  (n_samples,) of the weights, or (0,) for ones
    means: float64[:],  # IN  (n_features + n_targets,)
    rows_out: float64[:, :],  # OUT (stop - start, n_features + n_targets)
    start: int64,
    stop: int64,
):
    d = X.shape[1]
    for i in range(start, stop):
        root = roots[i] if roots.shape[0] > 0 else 1.0
        for j in range(d):
            rows_out[i - start, j] = root * (float64(X[i, j]) - means[j])
        for j in range(Y.shape[1]):
            rows_out[i - start, d + j] = root * (Y[i, j] - means[d + j])


@kernel(fastmath={"reassoc", "contract", "nsz"})  # sums are taken in vector lanes
def substitute(
    factor: float64[:, :],  # IN  (n, n) lower triangle
    transposed: float64[:, :],  # IN  (n, n) upper triangle
    solutions_out: float64[:, :],  # OUT (n_right, n) the right sides at first
):
    n = factor.shape[0]
    for k in range(solutions_out.shape[0]):
        for i in range(n):
            total = solutions_out[k, i]
            for j in range(i):
                total -= factor[i, j] * solutions_out[k, j]
            solutions_out[k, i] = total / factor[i, i]
        for i in range(n - 1, -1, -1):
            total = solutions_out[k, i]
            for j in range(i + 1, n):
                total -= transposed[i, j] * solutions_out[k, j]
            solutions_out[k, i] = total / factor[i, i]


# ---- launchers ---------------------------------------------------------------------------
def centred_products(X, Y, roots=None, *, centre=True):
    """Sum the products of all pairs of columns, around their means.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
        float32 or float64.
    Y : float64 array of shape (n_samples, n_targets)
        Further columns; there may be none.
    roots : float64 array of shape (n_samples,), default=None
        Square roots of the samples' weights; None means ones.
    centre : bool, default=True
        Whether to subtract the means; otherwise they are taken to be zero.

    Returns
    -------
    means : float64 array of shape (n_features + n_targets,)
        Weighted means of the columns of X and Y.
    products : float64 array of shape (n_features + n_targets, n_features + n_targets)
        Weighted sums of the products of the centred columns. They do not depend on the number of threads.

    References
    ----------
    T. F. Chan, G. H. Golub, R. J. LeVeque: Algorithms for Computing the Sample Variance: Analysis and
    Recommendations. The American Statistician 37 (1983), 242-247.
    """
    width = X.shape[1] + Y.shape[1]
    roots = np.empty(0) if roots is None else roots
    blocks = {}  # by the first row: the weight, and the means

    def sums_of(rows, start, stop):
        means = np.zeros(width)
        weight = means_of_rows(X, Y, roots, means, start, stop) if centre else 0.0
        blocks[start] = weight, means
        centre_rows(X, Y, roots, means, rows, start, stop)
        return rows.T @ rows

    products = _sum_blocks(sums_of, X, width, width)
    weights, means = map(np.array, zip(*(blocks[start] for start in sorted(blocks))))
    total = weights.sum()
    if not total > 0:
        return means[0], products
    mean = means[0] + (weights / total) @ (means - means[0])
    apart = np.sqrt(weights)[:, None] * (means - mean)
    products += apart.T @ apart
    return mean, products


def residual_products(X, Y, roots, means, coef):
    """Multiply the residuals of a linear model by the features, around their means.

    Parameters
    ----------
    X, Y, roots : array
        As for `centred_products`.
    means : float64 array of shape (n_features + n_targets,)
        What to subtract.
    coef : float64 array of shape (n_features, n_targets)
        The model's coefficients.

    Returns
    -------
    products : float64 array of shape (n_features, n_targets)
        Zero where the coefficients are those of least squares.
    """
    d, width = X.shape[1], X.shape[1] + Y.shape[1]
    roots = np.empty(0) if roots is None else roots

    def sums_of(rows, start, stop):
        centre_rows(X, Y, roots, means, rows, start, stop)
        return rows[:, :d].T @ (rows[:, d:] - rows[:, :d] @ coef)

    return _sum_blocks(sums_of, X, width, Y.shape[1])


def _sum_blocks(sums_of, X, width, n_products):
    """Add up what `sums_of(work, start, stop)` gives for blocks of rows, always in the same order."""
    n_samples = X.shape[0]
    n_rows = min(max(BLOCK // width, min(2 * width, WIDE)), MOST_ROWS, n_samples)
    n_parts = min(PARTS, -(-n_samples // n_rows))
    n_parts += n_parts % 2 if n_parts > 1 else 0  # for two threads to share evenly
    n_parts = min(n_parts, max(1, PART_BYTES // (8 * width * max(1, n_products))))
    part_size = -(-n_samples // n_parts)
    parts = [None] * -(-n_samples // part_size)

    def task(part, first, stop_part):
        rows = np.empty((min(n_rows, part_size), width))
        for start in range(first, stop_part, len(rows)):
            stop = min(start + len(rows), stop_part)
            sums = sums_of(rows[: stop - start], start, stop)
            if start == first:
                parts[part] = sums
            else:
                parts[part] += sums

    # A single part is left to BLAS's own threads.
    with one_blas_thread() if n_parts > 1 else contextlib.nullcontext():
        for_each_block(task, n_samples, part_size, work=n_samples * width * n_products)
    total = parts[0]
    for sums in parts[1:]:
        total += sums
    return total


def solve_factored(factor, right):
    """Solve the systems of equations that a Cholesky factor stands for.

    Parameters
    ----------
    factor : float64 ndarray of shape (n, n)
        The lower triangular factor.
    right : float64 ndarray of shape (n, n_right)
        The right sides.

    Returns
    -------
    solutions : float64 ndarray of shape (n, n_right)
        What the factor times its transpose has to be multiplied by.
    """
    solutions = np.array(right.T, order="C")
    substitute(np.ascontiguousarray(factor), np.ascontiguousarray(factor.T), solutions)
    return solutions.T
