"""Scaling the rows of a matrix: by numbers for each column, or to unit norm."""

import math

import numpy as np

from ..._threads import for_each_block
from .._compile import LANES, T, boolean, float64, helper, int64, kernel, lanes, simd, uint64

__all__ = ["multiply_add", "normalize_rows", "subtract_divide"]

BLOCK = 1 << 18  # values in a block of rows for one thread


# ---- by columns ---------------------------------------------------------------------------------------
@helper
def _scaled(x, shift, scale, divide):
    if divide:
        return (x - shift) / scale
    return x * scale + shift


@kernel
def scale_rows(
    X: T[:, :],  # IN   (n_samples, n_features)
    shift: T[:],  # IN   (at least period + LANES,) the features' again and again
    scale: T[:],  # IN   likewise
    period: int64,  # a multiple of n_features
    limits: T[:],  # IN   (2,) smallest and largest result
    divide: boolean,
    scaled_out: T[:, :],  # OUT  (n_samples, n_features) may be X itself
    start: int64,
    stop: int64,
) -> boolean:
    """Scale and clip rows start..stop; whether any value was infinite."""
    n_features = X.shape[1]
    low, high = simd.splat(limits[0]), simd.splat(limits[1])
    peak = simd.splat(T(0))
    last = stop * n_features
    i = start * n_features
    j = 0
    while i + LANES <= last:
        x = simd.load(X, i)
        peak = simd.maximum(simd.fabs(x), peak)
        value = _scaled(x, simd.load(shift, j), simd.load(scale, j), divide)
        simd.store(scaled_out, i, simd.minimum(high, simd.maximum(low, value)))
        i += LANES
        j += LANES
        if j >= period:
            j -= period
    infinite = simd.lane_max(peak) == np.inf
    for k in range(i, last):
        row, column = k // n_features, k % n_features
        x = X[row, column]
        infinite |= abs(x) == np.inf
        value = _scaled(x, shift[column], scale[column], divide)
        value = limits[0] if value < limits[0] else value
        scaled_out[row, column] = limits[1] if value > limits[1] else value
    return infinite


def subtract_divide(X, shift, scale, out, low=-math.inf, high=math.inf):
    """Compute ``clip((X - shift) / scale, low, high)``, row by row.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
        float32 or float64, in C or Fortran order. NaN stays NaN.
    shift, scale : array of shape (n_features,)
        Converted to X's dtype, in which everything is computed.
    out : array of shape (n_samples, n_features)
        Of X's dtype and order; may be X itself.
    low, high : float
        Limits of the result.

    Returns
    -------
    infinite : bool
        Whether X held an infinity.
    """
    return _scale(X, shift, scale, out, low, high, True)


def multiply_add(X, scale, shift, out, low=-math.inf, high=math.inf):
    """Compute ``clip(X * scale + shift, low, high)``, row by row.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
        float32 or float64, in C or Fortran order. NaN stays NaN.
    scale, shift : array of shape (n_features,)
        Converted to X's dtype, in which everything is computed; the product is rounded before the sum.
    out : array of shape (n_samples, n_features)
        Of X's dtype and order; may be X itself.
    low, high : float
        Limits of the result.

    Returns
    -------
    infinite : bool
        Whether X held an infinity.
    """
    return _scale(X, shift, scale, out, low, high, False)


def _scale(X, shift, scale, out, low, high, divide):
    if not X.flags.c_contiguous:
        return _scale_columns(X, shift, scale, out, low, high, divide)
    n_samples, n_features = X.shape
    period = n_features * -(-64 // n_features)
    repeats = -(-(period + lanes(X.dtype)) // n_features)
    shift = np.concatenate((shift,) * repeats, dtype=X.dtype, casting="same_kind")
    scale = np.concatenate((scale,) * repeats, dtype=X.dtype, casting="same_kind")
    limits = np.array((low, high), X.dtype)
    infinite = []

    def task(block, start, stop):
        if scale_rows(X, shift, scale, period, limits, divide, out, start, stop):
            infinite.append(block)

    for_each_block(task, n_samples, max(BLOCK // n_features, 1), work=2 * X.size)
    return bool(infinite)


def _scale_columns(X, shift, scale, out, low, high, divide):
    """Scale X column by column: they lie together."""
    infinite = []

    def task(j, start, stop):
        one = slice(j, j + 1)
        if _scale(X[:, one], shift[one], scale[one], out[:, one], low, high, divide):
            infinite.append(j)

    for_each_block(task, X.shape[1], 1, work=2 * X.size)
    return bool(infinite)


# ---- to unit norm -------------------------------------------------------------------------------------
L1, L2, MAX = 1, 2, 3
NORMS = {"l1": L1, "l2": L2, "max": MAX}


@kernel(fastmath={"reassoc", "contract", "nsz"})  # sums over features may be taken in any order
def normalize_range(
    X: T[:, :],  # IN   (n_samples, n_features)
    norm: int64,
    smallest: T,  # norms below count as 1
    norms_out: T[:],  # OUT  (n_samples,)
    scaled_out: T[:, :],  # OUT  (n_samples, n_features) may be X itself
    start: int64,
    stop: int64,
):
    n_features = X.shape[1]
    for i in range(start, stop):
        size = 0.0
        if norm == L2:
            for j in range(n_features):
                size += float64(X[i, j]) * float64(X[i, j])
            size = math.sqrt(size)
        elif norm == L1:
            for j in range(n_features):
                size += abs(float64(X[i, j]))
        else:
            size = _largest(X, i)
        norms_out[i] = size
        divisor = T(1) if T(size) < smallest else T(size)
        many = simd.splat(divisor)
        at = i * n_features
        whole = n_features - n_features % LANES
        for j in range(0, whole, LANES):
            simd.store(scaled_out, at + j, simd.load(X, at + j) / many)
        for j in range(whole, n_features):
            scaled_out[i, j] = X[i, j] / divisor


@helper
def _largest(X, i):
    """Largest absolute value of row i; NaN where it holds a NaN."""
    largest = T(0)
    rest = T(0)
    for j in range(X.shape[1]):
        x = abs(X[i, j])
        rest += x - x  # zero, or NaN
        largest = x if x > largest else largest
    return float64(largest + rest)


@kernel
def normalize_across(
    Xt: T[:, :],  # IN   (n_features, n_samples) the samples are its columns
    norm: int64,
    smallest: T,  # norms below count as 1
    sizes_work: float64[:],  # WORK (stop - start,) zero at first
    norms_out: T[:],  # OUT  (n_samples,)
    scaled_out: T[:, :],  # OUT  (n_features, n_samples) may be Xt itself
    start: int64,
    stop: int64,
):
    simd.prefer_wide()
    # Unsigned, so that no index has to be checked for counting from the end.
    m = uint64(stop - start)
    first = uint64(start)
    for j in range(Xt.shape[0]):
        if norm == L2:
            for k in range(m):
                sizes_work[k] += float64(Xt[j, first + k]) * float64(Xt[j, first + k])
        elif norm == L1:
            for k in range(m):
                sizes_work[k] += abs(float64(Xt[j, first + k]))
        else:
            for k in range(m):
                x = abs(float64(Xt[j, first + k]))
                sizes_work[k] = x if (x > sizes_work[k]) | (x != x) else sizes_work[k]  # a NaN stays
    for k in range(m):
        size = math.sqrt(sizes_work[k]) if norm == L2 else sizes_work[k]
        norms_out[first + k] = size
        sizes_work[k] = 1.0 if T(size) < smallest else size
    for j in range(Xt.shape[0]):
        for k in range(m):
            scaled_out[j, first + k] = Xt[j, first + k] / T(sizes_work[k])


def normalize_rows(X, norm, out):
    """Divide every row by its norm.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
        float32 or float64, in C or Fortran order.
    norm : {"l1", "l2", "max"}
        Sum of absolute values, Euclidean norm or largest absolute value.
    out : array of shape (n_samples, n_features)
        Of X's dtype and order; may be X itself. A norm below 10 times the machine epsilon counts as 1.

    Returns
    -------
    norms : array of shape (n_samples,)
        Of X's dtype. Not finite where the row is not, or where its norm overflows.
    """
    n_samples, n_features = X.shape
    norms = np.empty(n_samples, X.dtype)
    smallest = 10 * np.finfo(X.dtype).eps

    def task(block, start, stop):
        if X.flags.c_contiguous:
            normalize_range(X, NORMS[norm], smallest, norms, out, start, stop)
        else:
            sizes = np.zeros(stop - start)
            normalize_across(X.T, NORMS[norm], smallest, sizes, norms, out.T, start, stop)

    block_rows = max(BLOCK // n_features, 1 if X.flags.c_contiguous else 2048)
    for_each_block(task, n_samples, block_rows, work=4 * X.size)
    return norms
