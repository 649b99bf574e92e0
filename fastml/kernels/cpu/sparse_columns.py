"""Statistics of the columns of sparse matrices.

A matrix is its CSR or CSC arrays: `data`, `indices` (int32) and `indptr` (int64). What is not stored is
zero; NaN means "not there". Kernels count in unsigned integers: an index that cannot be negative need not
be checked for counting from the end.
"""

import numpy as np

from ..._threads import for_each_block
from .._compile import LANES, T, float64, int32, int64, kernel, simd, uint64
from .._quantiles import interpolate, quantile_positions
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
    origins: float64[:],  # IN   (n_features,) what deviations are counted from
    sums_out: float64[:, :],  # OUT  (n_features, 4) weights, deviations, squares, weights of NaN; from zero
    start: int64,
    stop: int64,
):
    for i in range(start, stop):
        w = weights[i]
        for k in range(uint64(indptr[i]), uint64(indptr[i + 1])):
            j = uint64(indices[k])
            d = data[k] - origins[j]
            if d == d:
                sums_out[j, 0] += w
                sums_out[j, 1] += w * d
                sums_out[j, 2] += w * d * d
            else:
                sums_out[j, 3] += w


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
    means, full = np.zeros(n_features), False
    if weights is None:
        weights = np.ones(len(indptr) - 1)
    else:
        # Whose zeros have the weight 0 exactly, whatever rounding leaves.
        full = np.bincount(indices, minlength=n_features) == len(weights)
    while True:
        origins = means
        stored, slip, about_origin, absent = _sum_in_blocks(data, indices, indptr, weights, origins)
        counts = weights.sum() - absent
        zeros = np.where(full, 0, counts - stored)
        means, squares, about_origin = _with_zeros(counts, zeros, origins, slip, about_origin)
        # A second look, from the means, where two digits and more cancel.
        if origins.any() or not (squares < 0.01 * about_origin).any():
            return counts, means, squares


def _sum_in_blocks(data, indices, indptr, weights, origins):
    """Sum by column; every block of rows has sums of its own."""
    n_samples, n_features = len(weights), len(origins)
    n_blocks = max(1, min(len(data) // max(BLOCK, 16 * n_features), 64))
    parts = np.zeros((n_blocks, n_features, 4))

    def task(block, start, stop):
        csr_sums(data, indices, indptr, weights, origins, parts[block], start, stop)

    for_each_block(task, n_samples, -(-n_samples // n_blocks), work=8 * len(data))
    return parts.sum(axis=0).T


def _with_zeros(counts, zeros, origins, slip, about_origin):
    """Means and squares of columns, zeros included, from sums of the stored deviations and squares.

    The squares about the origins are returned too.
    """
    slip = slip - zeros * origins
    about_origin = about_origin + zeros * origins**2
    correction = slip / np.where(counts == 0, 1, counts)
    return origins + correction, np.maximum(about_origin - slip * correction, 0), about_origin


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
        for k in range(uint64(indptr[j]), uint64(indptr[j + 1])):
            x = data[k]
            w = weights[uint64(indices[k])]
            if x == x:
                total += w * x
                stored += w
            else:
                count -= w
        mean = total / (1.0 if count == 0.0 else count)
        slip = 0.0
        squares = 0.0
        for k in range(uint64(indptr[j]), uint64(indptr[j + 1])):
            x = data[k]
            if x == x:
                d = x - mean
                w = weights[uint64(indices[k])]
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
    means, squares, _ = _with_zeros(*sums)
    return sums[0], means, squares


# ---- order statistics -------------------------------------------------------------------------------------
@kernel
def csr_largest(
    data: T[:],  # IN   (n_stored,)
    indices: int32[:],  # IN   (n_stored,) columns
    largest_out: T[:],  # OUT  (n_features,) absolute value; -1 at first, and where there is none
    start: int64,
    stop: int64,
):
    for k in range(uint64(start), uint64(stop)):
        j = uint64(indices[k])
        x = abs(data[k])
        if x > largest_out[j]:
            largest_out[j] = x


@kernel
def csc_largest(
    data: T[:],  # IN   (n_stored,)
    indptr: int64[:],  # IN   (n_features + 1,)
    largest_out: T[:],  # OUT  (n_features,) absolute value; -1 where there is none
    start: int64,
    stop: int64,
):
    for j in range(start, stop):
        largest = T(-1)
        peak = simd.splat(largest)
        whole = indptr[j] + (indptr[j + 1] - indptr[j]) // LANES * LANES
        for k in range(indptr[j], whole, LANES):
            peak = simd.maximum(simd.fabs(simd.load(data, k)), peak)
        for k in range(whole, indptr[j + 1]):
            x = abs(data[k])
            largest = x if x > largest else largest
        largest_out[j] = max(largest, simd.lane_max(peak))


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
    block_size = max(BLOCK, 16 * n_features, len(data) // 64 + 1)
    parts = np.full((max(1, -(-len(data) // block_size)), n_features), -1, data.dtype)

    def task(block, start, stop):
        csr_largest(data, indices, parts[block], start, stop)

    for_each_block(task, len(data), block_size, work=2 * len(data))
    largest = parts.max(axis=0)
    if (largest >= 0).all():
        return largest
    return _zero_or_nan(largest, np.bincount(indices, minlength=n_features) == len(indptr) - 1)


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
    largest = np.empty(n_features, data.dtype)

    def task(block, start, stop):
        csc_largest(data, indptr, largest, start, stop)

    for_each_block(task, n_features, lines_in_block(data, n_features), work=2 * len(data))
    return _zero_or_nan(largest, np.diff(indptr) == n_samples)


def _zero_or_nan(largest, full):
    """Columns without a stored number have zeros, or else nothing but NaN."""
    return np.where(largest < 0, np.where(full, np.nan, 0), largest).astype(largest.dtype)


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
