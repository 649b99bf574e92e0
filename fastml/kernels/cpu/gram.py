"""Products of centred features with each other and with residuals; X itself is left as it is.

Features are ``root_i (x_ij - mean_j)``, with the square roots of the samples' weights or with ones. Sums
are float64, and what is summed is centred: an offset of the data costs no digits.
"""

import numpy as np

from ..._threads import for_each_block
from .._compile import T, float64, int32, int64, kernel, uint64
from ._product_packing import packer
from ._product_panels import sum_products, symmetric

__all__ = ["centred_columns", "centred_gram", "centred_slopes", "sparse_slopes"]

ROWS_AT_A_TIME = 8  # of a transposition: those of a cache line
BLOCK = 1 << 17  # values in a block for one thread
MAX_BLOCKS = 64


# ---- kernels -------------------------------------------------------------------------------------------
@kernel
def copy_columns(
    X: T[:, :],  # IN (n_samples, n_features)
    features: int64[:],  # IN (n_chosen,)
    means: float64[:],  # IN (n_features,)
    roots: float64[:],  # IN (n_samples,) or (0,) for ones
    columns_out: float64[:, :],  # OUT (n_chosen, n_samples)
    start: int64,
    stop: int64,
):
    for first in range(start, stop, ROWS_AT_A_TIME):
        last = min(first + ROWS_AT_A_TIME, stop)
        for c in range(features.shape[0]):
            j = uint64(features[c])
            for i in range(first, last):
                root = roots[i] if roots.shape[0] > 0 else 1.0
                columns_out[c, i] = root * (float64(X[i, j]) - means[j])


@kernel(fastmath={"contract", "nsz"})  # products and sums in one instruction
def add_slopes_of_rows(
    X: T[:, :],  # IN (n_samples, n_features)
    means: float64[:],  # IN (n_features,)
    residual: float64[:, :],  # IN (n_tasks, n_samples)
    slopes_out: float64[:, :],  # OUT (n_tasks, n_features) +=
    start: int64,
    stop: int64,
):
    whole = start + (stop - start) // 4 * 4
    for t in range(residual.shape[0]):
        for i in range(start, whole, 4):
            a, b, c, d = residual[t, i], residual[t, i + 1], residual[t, i + 2], residual[t, i + 3]
            for j in range(X.shape[1]):
                mean = means[j]
                upper = (float64(X[i, j]) - mean) * a + (float64(X[i + 1, j]) - mean) * b
                lower = (float64(X[i + 2, j]) - mean) * c + (float64(X[i + 3, j]) - mean) * d
                slopes_out[t, j] += upper + lower
        for i in range(whole, stop):
            for j in range(X.shape[1]):
                slopes_out[t, j] += (float64(X[i, j]) - means[j]) * residual[t, i]


@kernel(fastmath={"reassoc", "contract", "nsz"})  # sums over samples in vector lanes
def slopes_of_columns(
    columns: T[:, :],  # IN (n_features, n_samples)
    means: float64[:],  # IN (n_features,)
    residual: float64[:, :],  # IN (n_tasks, n_samples)
    slopes_out: float64[:, :],  # OUT (n_tasks, n_features)
    start: int64,
    stop: int64,
):
    for j in range(start, stop):
        mean = means[j]
        for t in range(residual.shape[0]):
            slope = 0.0
            for i in range(columns.shape[1]):
                slope += (float64(columns[j, i]) - mean) * residual[t, i]
            slopes_out[t, j] = slope


@kernel
def slopes_of_csc(
    data: float64[:],  # IN (n_stored,)
    indices: int32[:],  # IN (n_stored,) rows
    indptr: int64[:],  # IN (n_features + 1,)
    shifts: float64[:],  # IN (n_features,)
    residual: float64[:, :],  # IN (n_tasks, n_samples + 1)
    slopes_out: float64[:, :],  # OUT (n_tasks, n_features)
    start: int64,
    stop: int64,
):
    last = residual.shape[1] - 1
    for j in range(start, stop):
        for t in range(residual.shape[0]):
            slope = shifts[j] * residual[t, last]
            for k in range(uint64(indptr[j]), uint64(indptr[j + 1])):
                slope += data[k] * residual[t, uint64(indices[k])]
            slopes_out[t, j] = slope


# ---- launchers -----------------------------------------------------------------------------------------
def centred_gram(X, Y, means, roots):
    """Multiply centred features with each other and with targets.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
        float32 or float64, of any layout.
    Y : float64 array of shape (n_samples, n_tasks)
        Targets, centred and multiplied by the roots.
    means : float64 array of shape (n_features,)
        What is subtracted from the features.
    roots : float64 array of shape (n_samples,), or None
        What samples are multiplied by afterwards; None means ones.

    Returns
    -------
    gram : float64 array of shape (n_features, n_features)
        Products of the features with each other.
    products : float64 array of shape (n_tasks, n_features)
        Products of the targets with the features.
    """
    if not (X.flags.c_contiguous or X.flags.f_contiguous):
        X = np.ascontiguousarray(X)
    (n_samples, d), n_tasks = X.shape, Y.shape[1]
    pack = packer(X, Y, roots, means, None, np.zeros(n_tasks), X.dtype)
    parts, sums = sum_products(pack, n_samples, d + n_tasks, X.dtype)
    products = symmetric(parts, sums, 0.0, d + n_tasks)
    return products[:d, :d].copy(), products[d:, :d].copy()


def centred_columns(X, features, means, roots, columns_out):
    """Copy some features, centred, so that the values of each lie together.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
        float32 or float64, in C or Fortran order.
    features : int64 array of shape (n_chosen,)
        Which features.
    means : float64 array of shape (n_features,)
        What is subtracted from the features.
    roots : float64 array of shape (n_samples,), or None
        What samples are multiplied by afterwards; None means ones.
    columns_out : float64 array of shape (n_chosen, n_samples)
        Receives the features.
    """
    if not X.flags.c_contiguous:
        columns_out[:] = X.T[features]
        columns_out -= means[features, None]
        if roots is not None:
            columns_out *= roots
        return
    roots = np.empty(0) if roots is None else roots

    def task(block, start, stop):
        copy_columns(X, features, means, roots, columns_out, start, stop)

    rows = -(-BLOCK // len(features) // ROWS_AT_A_TIME) * ROWS_AT_A_TIME
    for_each_block(task, len(X), rows, work=4 * len(X) * len(features))


def centred_slopes(X, means, residual):
    """Multiply residuals with all centred features.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
        float32 or float64, in C or Fortran order.
    means : float64 array of shape (n_features,)
        What is subtracted from the features.
    residual : float64 array of shape (n_tasks, n_samples)
        The residuals, times the roots of the weights once more if there are any.

    Returns
    -------
    slopes : float64 array of shape (n_tasks, n_features)
        The products.
    """
    n_samples, n_features = X.shape
    n_tasks = len(residual)
    if not X.flags.c_contiguous:
        columns, slopes = X.T, np.empty((n_tasks, n_features))

        def task(block, start, stop):
            slopes_of_columns(columns, means, residual, slopes, start, stop)

        for_each_block(task, n_features, max(1, BLOCK // n_samples), work=2 * X.size * n_tasks)
        return slopes
    rows = max(-(-n_samples // MAX_BLOCKS), BLOCK // n_features, 1)
    parts = np.zeros((-(-n_samples // rows), n_tasks, n_features))

    def task_of_rows(block, start, stop):
        add_slopes_of_rows(X, means, residual, parts[block], start, stop)

    for_each_block(task_of_rows, n_samples, rows, work=2 * X.size * n_tasks)
    return parts.sum(axis=0)


def sparse_slopes(data, indices, indptr, shifts, residual):
    """Multiply residuals with all features of a CSC matrix.

    Parameters
    ----------
    data, indices, indptr : array
        The matrix, float64, int32 and int64.
    shifts : float64 array of shape (n_features,)
        See `coordinate_descent.sweep_sparse`.
    residual : float64 array of shape (n_tasks, n_samples + 1)
        See `coordinate_descent.sweep_sparse`.

    Returns
    -------
    slopes : float64 array of shape (n_tasks, n_features)
        The products.
    """
    n_features = len(indptr) - 1
    slopes = np.empty((len(residual), n_features))

    def task(block, start, stop):
        slopes_of_csc(data, indices, indptr, shifts, residual, slopes, start, stop)

    columns = max(1, BLOCK * n_features // max(len(data), 1))
    for_each_block(task, n_features, columns, work=4 * len(data) * len(residual))
    return slopes
