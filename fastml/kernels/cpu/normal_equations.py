"""Sums of products of centred columns: the two sides of the normal equations of least squares.

A row is the features of a sample, followed by its targets. Rows are centred around the means of a few of
them and multiplied in register tiles (`_product_panels`); what the means of all rows are off is subtracted
from the products. Should that take more than `LOST` of a sum of squares, all is done once more, around the
means that have come out. So little cancels, whatever offset the columns have; X is never copied as a whole.
"""

import numpy as np

from ..._threads import for_each_block
from .._compile import T, boolean, float64, int64, kernel, simd
from ._product_packing import PANEL, PANEL_VECTORS, packer, padded
from ._product_panels import STRIP, aligned_zeros, strip_columns, sum_products, symmetric

__all__ = ["centred_products", "factor_products", "residual_products", "solve_factored"]

BLOCK = 1 << 16  # values in a block of rows
MOST_PARTS = 64  # of sums over rows
ROWS_AT_A_TIME = 4
SAMPLED = 128  # rows whose means are subtracted at first
LOST = 15 / 16  # four bits
FACTORED = 768  # rows of matrices that stay in the cache while they are factored


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


@kernel(fastmath={"reassoc", "contract", "nsz"})  # sums are taken in vector lanes
def add_residual_products(
    X: T[:, :],  # IN  (n_samples, n_features)
    Y: float64[:, :],  # IN  (n_samples, n_targets)
    roots: float64[:],  # IN  (n_samples,) of the weights, or (0,) for ones
    means: float64[:],  # IN  (n_features + n_targets,)
    coef: float64[:, :],  # IN  (n_targets, n_features)
    products_out: float64[:, :],  # OUT (n_targets, n_features) +=
    start: int64,
    stop: int64,
):
    d = X.shape[1]
    for k in range(Y.shape[1]):
        for first in range(start, stop, ROWS_AT_A_TIME):
            # Rows that are too many repeat the last one, and weigh nothing.
            i0, i1 = first, min(first + 1, stop - 1)
            i2, i3 = min(first + 2, stop - 1), min(first + 3, stop - 1)
            r0, r1 = Y[i0, k] - means[d + k], Y[i1, k] - means[d + k]
            r2, r3 = Y[i2, k] - means[d + k], Y[i3, k] - means[d + k]
            for j in range(d):
                mean, c = means[j], coef[k, j]
                r0 -= (float64(X[i0, j]) - mean) * c
                r1 -= (float64(X[i1, j]) - mean) * c
                r2 -= (float64(X[i2, j]) - mean) * c
                r3 -= (float64(X[i3, j]) - mean) * c
            if roots.shape[0] > 0:
                r0, r1 = r0 * (roots[i0] * roots[i0]), r1 * (roots[i1] * roots[i1])
                r2, r3 = r2 * (roots[i2] * roots[i2]), r3 * (roots[i3] * roots[i3])
            r1 = r1 if first + 1 < stop else 0.0
            r2 = r2 if first + 2 < stop else 0.0
            r3 = r3 if first + 3 < stop else 0.0
            for j in range(d):
                mean = means[j]
                upper = (float64(X[i0, j]) - mean) * r0 + (float64(X[i1, j]) - mean) * r1
                lower = (float64(X[i2, j]) - mean) * r2 + (float64(X[i3, j]) - mean) * r3
                products_out[k, j] += upper + lower


@kernel(fastmath={"reassoc", "contract", "nsz"})  # rows are subtracted in vector lanes
def factor_in_place(
    upper_out: float64[:, :],  # OUT (n_strips * STRIP, n_padded) the matrix at first
    n: int64,
) -> boolean:  # whether it is positive definite
    stride = upper_out.shape[1]
    for p in range(0, n, STRIP):
        for q in range(p // PANEL * PANEL, n, PANEL):
            known = simd.tile(0.0, STRIP, PANEL_VECTORS)
            for k in range(p):
                known = simd.add_products(known, upper_out, k * stride + p, 1, upper_out, k * stride + q)
            rows = simd.tile_of_rows(upper_out, p * stride + q, stride, STRIP, PANEL_VECTORS)
            simd.store_tile(rows - known, upper_out, p * stride + q, stride)
        for r in range(p, min(p + STRIP, n)):
            for s in range(p, r):
                factor = upper_out[s, r]
                for j in range(r, n):
                    upper_out[r, j] -= factor * upper_out[s, j]
            pivot = upper_out[r, r]
            if not pivot > 0.0:
                return False
            share = 1.0 / np.sqrt(pivot)
            for j in range(r, n):
                upper_out[r, j] *= share
    return True


@kernel(fastmath={"reassoc", "contract", "nsz"})  # sums are taken in vector lanes
def substitute(
    upper: float64[:, :],  # IN  (at least n, at least n) upper triangle
    solutions_out: float64[:, :],  # OUT (n_right, n) the right sides at first
):
    n = solutions_out.shape[1]
    for k in range(solutions_out.shape[0]):
        for i in range(n):
            known = solutions_out[k, i] / upper[i, i]
            solutions_out[k, i] = known
            for j in range(i + 1, n):
                solutions_out[k, j] -= known * upper[i, j]
        for i in range(n - 1, -1, -1):
            total = solutions_out[k, i]
            for j in range(i + 1, n):
                total -= upper[i, j] * solutions_out[k, j]
            solutions_out[k, i] = total / upper[i, i]


# ---- launchers ---------------------------------------------------------------------------
def centred_products(X, Y, roots=None, *, centre=True, single=False):
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
    single : bool, default=False
        Whether products of float32 data may be summed in float32, a few hundred at a time: the digits of
        the means and the products are then float32's.

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
    (n_samples, d), width = X.shape, X.shape[1] + Y.shape[1]
    dtype = X.dtype if single else np.dtype(np.float64)
    total = float(n_samples) if roots is None else float(np.einsum("i,i", roots, roots))
    means = _means_of_some(X, Y, roots) if centre else np.zeros(width)
    for is_last in (False, True) if n_samples > SAMPLED else (True,):
        means[:d] = means[:d].astype(dtype, copy=False)
        pack = packer(X, Y, roots, means[:d], roots, means[d:], dtype)
        parts, sums = sum_products(pack, n_samples, width, dtype)
        if not centre or not total > 0:
            return means, symmetric(parts, sums, 0.0, width)
        apart = sums[:width] / total
        if is_last or not _loses_digits(parts, apart, sums[:width]):
            return means + apart, symmetric(parts, sums, 1 / total, width)
        means += apart


def _loses_digits(parts, means, sums):
    """Tell whether too little would be left of sums of squares around these means."""
    squares = sum(part.diagonal()[: len(sums)] for part in parts)
    with np.errstate(over="ignore", invalid="ignore"):
        return (means * sums > LOST * squares).any()


def _means_of_some(X, Y, roots):
    """The means of some rows, evenly spread: not far from those of all."""
    some = slice(None, None, -(-X.shape[0] // SAMPLED))
    X, Y = np.ascontiguousarray(X[some]), np.ascontiguousarray(Y[some])
    roots = np.empty(0) if roots is None else np.ascontiguousarray(roots[some])
    means = np.zeros(X.shape[1] + Y.shape[1])
    means_of_rows(X, Y, roots, means, 0, len(X))
    return means


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
    n_samples, d = X.shape
    roots = np.empty(0) if roots is None else roots
    by_target = np.ascontiguousarray(coef.T)
    rows = max(-(-n_samples // MOST_PARTS), BLOCK // d, 1)
    parts = np.zeros((-(-n_samples // rows), Y.shape[1], d))

    def task(part, start, stop):
        add_residual_products(X, Y, roots, means, by_target, parts[part], start, stop)

    for_each_block(task, n_samples, rows, work=4 * X.size * Y.shape[1])
    return parts.sum(axis=0).T


def factor_products(matrix):
    """Find the Cholesky factor of a matrix.

    Parameters
    ----------
    matrix : float64 ndarray of shape (n, n)
        Symmetric.

    Returns
    -------
    factor : float64 ndarray of shape (at least n, at least n), or None
        In its upper triangle, the factor whose transpose times itself is the matrix; None if the matrix is
        not positive definite.
    """
    n = len(matrix)
    if n > FACTORED:
        try:
            return np.ascontiguousarray(np.linalg.cholesky(matrix).T)
        except np.linalg.LinAlgError:
            return None
    factor = aligned_zeros(-(-n // strip_columns()) * strip_columns(), padded(n, np.float64))
    factor[:n, :n] = matrix
    return factor if factor_in_place(factor, n) else None


def solve_factored(factor, right):
    """Solve the systems of equations that a Cholesky factor stands for.

    Parameters
    ----------
    factor : float64 ndarray of shape (at least n, at least n)
        The upper triangular factor.
    right : float64 ndarray of shape (n, n_right)
        The right sides.

    Returns
    -------
    solutions : float64 ndarray of shape (n, n_right)
        What the factor's transpose times the factor has to be multiplied by.
    """
    solutions = np.array(right.T, order="C")
    substitute(factor, solutions)
    return solutions.T
