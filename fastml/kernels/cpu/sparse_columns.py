"""Statistics of the columns of sparse matrices.

A matrix is its CSR or CSC arrays: `data`, `indices` (int32) and `indptr` (int64). What is not stored is
zero; NaN means "not there".
"""

import numpy as np

from ..._threads import for_each_block
from .._compile import T, float64, int32, int64, kernel
from ._quantiles import interpolate, quantile_positions
from ._sparse import BLOCK, lines_in_block

__all__ = [
    "csc_column_largest",
    "csc_column_moments",
    "csc_column_quantiles",
    "csr_column_largest",
    "csr_column_moments",
]


# ---- moments ------------------------------------------------------------------------------------------
@kernel
def csr_sums(
    data: T[:],  # IN   (n_stored,)
    indices: int32[:],  # IN   (n_stored,) columns
    indptr: int64[:],  # IN   (n_samples + 1,)
    weights: float64[:],  # IN   (n_samples,)
    sums_out: float64[
        :, :
    ],  # OUT  (4, n_features) values, their weight, weight of NaN, number; zero at first
    start: int64,
    stop: int64,
):
    for i in range(start, stop):
        w = weights[i]
        for k in range(indptr[i], indptr[i + 1]):
            j = indices[k]
            x = data[k]
            sums_out[3, j] += 1.0
            if x == x:
                sums_out[0, j] += w * x
                sums_out[1, j] += w
            else:
                sums_out[2, j] += w


@kernel
def csr_squares(
    data: T[:],  # IN   (n_stored,)
    indices: int32[:],  # IN   (n_stored,) columns
    indptr: int64[:],  # IN   (n_samples + 1,)
    weights: float64[:],  # IN   (n_samples,)
    means: float64[:],  # IN   (n_features,)
    sums_out: float64[
        :, :
    ],  # OUT  (2, n_features) deviations of the stored values, and squared; zero at first
    start: int64,
    stop: int64,
):
    for i in range(start, stop):
        w = weights[i]
        for k in range(indptr[i], indptr[i + 1]):
            j = indices[k]
            x = data[k]
            if x == x:
                d = x - means[j]
                sums_out[0, j] += w * d
                sums_out[1, j] += w * d * d


def csr_column_moments(data, indices, indptr, n_features, weights=None):
    """Count, mean and sum of squared deviations of every column of a CSR matrix, ignoring NaN.

    Parameters
    ----------
    data, indices, indptr : array
        The matrix.
    n_features : int
        Number of columns.
    weights : float64 array of shape (n_samples,), default=None
        Weights of the rows; None counts each as 1.

    Returns
    -------
    counts, means, squares : float64 array of shape (n_features,)
        As `fastml.kernels.cpu.columns.column_moments` returns them.
    """
    weights = np.ones(len(indptr) - 1) if weights is None else weights
    args = (data, indices, indptr, weights)
    total, stored, absent, n_stored = _sum_in_blocks(csr_sums, args, 4, n_features)
    counts = weights.sum() - absent
    means = total / np.where(counts == 0, 1, counts)
    slip, squares = _sum_in_blocks(csr_squares, (*args, means), 2, n_features)
    zeros = np.where(n_stored == len(weights), 0, counts - stored)  # exactly 0, whatever rounding left
    return counts, *_with_zeros(counts, zeros, means, slip, squares)


def _sum_in_blocks(sums_of_rows, args, n_sums, n_features):
    """Call a kernel that sums by column over rows; every block of rows has sums of its own."""
    data, _, indptr, *_ = args
    n_samples = len(indptr) - 1
    n_blocks = max(1, min(len(data) // max(BLOCK, 8 * n_features), 64))
    parts = np.zeros((n_blocks, n_sums, n_features))

    def task(block, start, stop):
        sums_of_rows(*args, parts[block], start, stop)

    for_each_block(task, n_samples, -(-n_samples // n_blocks), work=8 * len(data))
    return parts.sum(axis=0)


def _with_zeros(counts, zeros, means, slip, squares):
    """Mean and squares of columns whose stored values have the sums of deviations `slip` and `squares`."""
    slip = slip - zeros * means  # what rounding has left in the mean
    correction = slip / np.where(counts == 0, 1, counts)
    return means + correction, np.maximum(squares + zeros * means**2 - slip * correction, 0)


@kernel
def csc_sums(
    data: T[:],  # IN   (n_stored,)
    indices: int32[:],  # IN   (n_stored,) rows
    indptr: int64[:],  # IN   (n_features + 1,)
    weights: float64[:],  # IN   (n_samples,)
    n_samples_weighted: float64,
    sums_out: float64[:, :],  # OUT  (5, n_features) count, weight of zeros, mean, deviations, squared
    start: int64,
    stop: int64,
):
    for j in range(start, stop):
        total = 0.0
        stored = 0.0
        count = n_samples_weighted
        for k in range(indptr[j], indptr[j + 1]):
            x = data[k]
            w = weights[indices[k]]
            if x == x:
                total += w * x
                stored += w
            else:
                count -= w
        mean = total / (1.0 if count == 0.0 else count)
        slip = 0.0
        squares = 0.0
        for k in range(indptr[j], indptr[j + 1]):
            x = data[k]
            if x == x:
                d = x - mean
                w = weights[indices[k]]
                slip += w * d
                squares += w * d * d
        sums_out[0, j] = count
        sums_out[1, j] = count - stored
        sums_out[2, j] = mean
        sums_out[3, j] = slip
        sums_out[4, j] = squares


def csc_column_moments(data, indices, indptr, n_samples, weights=None):
    """Count, mean and sum of squared deviations of every column of a CSC matrix, ignoring NaN.

    Parameters
    ----------
    data, indices, indptr : array
        The matrix.
    n_samples : int
        Number of rows.
    weights : float64 array of shape (n_samples,), default=None
        Weights of the rows; None counts each as 1.

    Returns
    -------
    counts, means, squares : float64 array of shape (n_features,)
        As `fastml.kernels.cpu.columns.column_moments` returns them.
    """
    n_features = len(indptr) - 1
    weights = np.ones(n_samples) if weights is None else weights
    sums = np.empty((5, n_features))
    total = weights.sum()

    def task(block, start, stop):
        csc_sums(data, indices, indptr, weights, total, sums, start, stop)

    for_each_block(task, n_features, lines_in_block(data, n_features), work=16 * len(data))
    sums[1, np.diff(indptr) == n_samples] = 0  # exactly, whatever rounding has left
    return sums[0], *_with_zeros(*sums)


# ---- order statistics -------------------------------------------------------------------------------------
@kernel
def csr_largest(
    data: T[:],  # IN   (n_stored,)
    indices: int32[:],  # IN   (n_stored,) columns
    indptr: int64[:],  # IN   (n_samples + 1,)
    largest_out: float64[:, :],  # OUT  (2, n_features) absolute value, number of NaN; zero at first
    start: int64,
    stop: int64,
):
    for k in range(indptr[start], indptr[stop]):
        j = indices[k]
        x = abs(data[k])
        largest_out[1, j] += x != x
        if x > largest_out[0, j]:
            largest_out[0, j] = x


@kernel
def csc_largest(
    data: T[:],  # IN   (n_stored,)
    indptr: int64[:],  # IN   (n_features + 1,)
    largest_out: float64[:, :],  # OUT  (2, n_features) absolute value, number of NaN
    start: int64,
    stop: int64,
):
    for j in range(start, stop):
        largest = T(0)
        absent = 0
        for k in range(indptr[j], indptr[j + 1]):
            x = abs(data[k])
            absent += x != x
            largest = x if x > largest else largest
        largest_out[0, j] = largest
        largest_out[1, j] = absent


def csr_column_largest(data, indices, indptr, n_features):
    """Largest absolute value of every column of a CSR matrix, ignoring NaN.

    Parameters
    ----------
    data, indices, indptr : array
        The matrix.
    n_features : int
        Number of columns.

    Returns
    -------
    largest : array of shape (n_features,)
        Of the data's dtype; NaN where a column has nothing but NaN.
    """
    n_samples = len(indptr) - 1
    largest = np.zeros((2, n_features))
    csr_largest(data, indices, indptr, largest, 0, n_samples)
    return _nan_where_empty(largest, n_samples, data.dtype)


def csc_column_largest(data, indptr, n_samples):
    """Largest absolute value of every column of a CSC matrix, ignoring NaN.

    Parameters
    ----------
    data, indptr : array
        The matrix.
    n_samples : int
        Number of rows.

    Returns
    -------
    largest : array of shape (n_features,)
        Of the data's dtype; NaN where a column has nothing but NaN.
    """
    n_features = len(indptr) - 1
    largest = np.empty((2, n_features))

    def task(block, start, stop):
        csc_largest(data, indptr, largest, start, stop)

    for_each_block(task, n_features, lines_in_block(data, n_features), work=2 * len(data))
    return _nan_where_empty(largest, n_samples, data.dtype)


def _nan_where_empty(largest, n_samples, dtype):
    largest, absent = largest
    largest[absent == n_samples] = np.nan
    return largest.astype(dtype)


def csc_column_quantiles(data, indptr, n_samples, fractions):
    """Quantiles of every column of a CSC matrix, ignoring NaN, interpolated linearly.

    Parameters
    ----------
    data, indptr : array
        The matrix.
    n_samples : int
        Number of rows.
    fractions : sequence of float
        Which quantiles, in [0, 1].

    Returns
    -------
    quantiles : float64 array of shape (n_fractions, n_features)
        NaN where a column has nothing but NaN.
    """
    n_features = len(indptr) - 1
    quantiles = np.full((len(fractions), n_features), np.nan)

    def task(block, start, stop):
        for j in range(start, stop):
            stored = data[indptr[j] : indptr[j + 1]]
            numbers = np.sort(stored[stored == stored])
            n_zeros = n_samples - len(stored)
            if len(numbers) + n_zeros:
                quantiles[:, j] = _quantiles_with_zeros(numbers, n_zeros, fractions)

    for_each_block(task, n_features, lines_in_block(data, n_features), work=100 * len(data))
    return quantiles


def _quantiles_with_zeros(numbers, n_zeros, fractions):
    """Quantiles of sorted numbers and so many zeros besides."""
    n_negative = np.searchsorted(numbers, 0)
    padded = np.append(numbers, 0)  # a zero behind the last
    below, above, part = quantile_positions(len(numbers) + n_zeros, fractions)

    def value_at(rank):
        behind = np.where(rank < n_negative + n_zeros, len(numbers), rank - n_zeros)
        return padded[np.where(rank < n_negative, rank, behind)].astype(np.float64)

    return interpolate(value_at(below), value_at(above), part)
