"""Column statistics on CUDA: the twins of `fastml.kernels.cpu.columns`."""

import numpy as np

from .._cuda import BLOCK, T, blocks_for, cp, cuda, cuda_kernel, float64, helper, u32
from ._memory import scratch_bytes

__all__ = ["column_extremes", "column_moments", "column_quantiles"]

WIDTH = 32  # columns that a block works on: neighbouring threads, neighbouring addresses
SLOTS = BLOCK // WIDTH  # rows that it works on at a time
PART = 512  # rows of a block


# ---- moments and extremes --------------------------------------------------------------------
@helper
def part_and_column(n_features):
    """The rows, as a number of PART rows, and the column that a thread works on."""
    across = (n_features + u32(WIDTH - 1)) // u32(WIDTH)
    part = u32(cuda.blockIdx.x) // across
    return part, u32(cuda.blockIdx.x) % across * u32(WIDTH) + u32(cuda.threadIdx.x)


@cuda_kernel
def part_moments(
    X: T[:, :],  # IN  (n_samples, n_features)
    weights: float64[:],  # IN  (n_samples,) or (0,) for ones
    moments_out: float64[:, :, :],  # OUT (n_parts, 3, n_features) sum of weights, mean, sum of squares
):
    """Weighted moments of the columns over PART rows, ignoring NaN."""
    values = cuda.shared.array((3, SLOTS, WIDTH), float64)
    lane = u32(cuda.threadIdx.x)
    slot = u32(cuda.threadIdx.y)
    n_features = u32(X.shape[1])
    part, column = part_and_column(n_features)
    stop = min((part + u32(1)) * u32(PART), u32(X.shape[0])) if column < n_features else u32(0)
    count = float64(0)
    total = float64(0)
    squares = float64(0)
    shift = float64(0)
    for i in range(part * u32(PART) + slot, stop, u32(SLOTS)):
        x = float64(X[u32(i), column])
        if x == x:
            weight = float64(1)
            if weights.shape[0] > 0:
                weight = weights[u32(i)]
            if count == float64(0):
                shift = x
            count += weight
            total += weight * (x - shift)
            squares += weight * (x - shift) * (x - shift)
    mean = total / count if count != float64(0) else float64(0)
    values[0, slot, lane] = count
    values[1, slot, lane] = shift + mean
    values[2, slot, lane] = squares - mean * total
    cuda.syncthreads()
    if slot == u32(0) and column < n_features:
        join_slots(values, lane, part, column, moments_out)


@helper
def joined(count, mean, squares, more, other_mean, other_squares):
    """The moments of two sets of values; Chan, Golub and LeVeque (1983), eq. 2.1."""
    if more == float64(0):
        return count, mean, squares
    if count == float64(0):  # and constant columns stay exact
        return more, other_mean, other_squares
    after = count + more
    difference = other_mean - mean
    squares += other_squares + difference * difference * (count / after * more)
    return after, mean + difference * (more / after), squares


@helper
def join_slots(values, lane, part, column, moments_out):
    """Join the moments of a column's slots."""
    count = float64(0)
    mean = float64(0)
    squares = float64(0)
    for slot in range(SLOTS):
        count, mean, squares = joined(
            count, mean, squares, values[0, slot, lane], values[1, slot, lane], values[2, slot, lane]
        )
    moments_out[part, 0, column] = count
    moments_out[part, 1, column] = mean
    moments_out[part, 2, column] = squares


@cuda_kernel
def whole_moments(
    parts: float64[:, :, :],  # IN  (n_parts, 3, n_features) moments over PART rows
    moments_out: float64[:, :],  # OUT (3, n_features)
):
    """A block for each column: its moments over all parts."""
    values = cuda.shared.array((3, BLOCK), float64)
    thread = u32(cuda.threadIdx.x)
    column = u32(cuda.blockIdx.x)
    count = float64(0)
    mean = float64(0)
    squares = float64(0)
    for i in range(thread, u32(parts.shape[0]), u32(BLOCK)):
        part = u32(i)
        count, mean, squares = joined(
            count, mean, squares, parts[part, 0, column], parts[part, 1, column], parts[part, 2, column]
        )
    width = u32(BLOCK // 2)
    while width > u32(0):
        values[0, thread] = count
        values[1, thread] = mean
        values[2, thread] = squares
        cuda.syncthreads()
        if thread < width:
            other = thread + width
            count, mean, squares = joined(
                count, mean, squares, values[0, other], values[1, other], values[2, other]
            )
        cuda.syncthreads()
        width >>= u32(1)
    if thread == u32(0):
        moments_out[0, column] = count
        moments_out[1, column] = mean
        moments_out[2, column] = squares


@cuda_kernel
def part_extremes(
    X: T[:, :],  # IN  (n_samples, n_features)
    extremes_out: T[:, :, :],  # OUT (n_parts, 2, n_features) smallest, largest
):
    """Extremes of the columns over PART rows, ignoring NaN."""
    values = cuda.shared.array((2, SLOTS, WIDTH), T)
    lane = u32(cuda.threadIdx.x)
    slot = u32(cuda.threadIdx.y)
    n_features = u32(X.shape[1])
    part, column = part_and_column(n_features)
    stop = min((part + u32(1)) * u32(PART), u32(X.shape[0])) if column < n_features else u32(0)
    smallest = T(np.inf)
    largest = T(-np.inf)
    for i in range(part * u32(PART) + slot, stop, u32(SLOTS)):
        x = X[u32(i), column]
        smallest = x if x < smallest else smallest
        largest = x if x > largest else largest
    values[0, slot, lane] = smallest
    values[1, slot, lane] = largest
    cuda.syncthreads()
    if slot == u32(0) and column < n_features:
        for s in range(1, SLOTS):
            smallest = min(smallest, values[0, s, lane])
            largest = max(largest, values[1, s, lane])
        extremes_out[part, 0, column] = smallest
        extremes_out[part, 1, column] = largest


def _launch_parts(kernel, X, *args):
    kernel[(blocks_for(X.shape[0], PART) * blocks_for(X.shape[1], WIDTH),), (WIDTH, SLOTS)](X, *args)


def column_moments(X, weights=None):
    """See the CPU twin."""
    n_features = X.shape[1]
    weights = cp.empty(0, np.float64) if weights is None else cp.asarray(weights, np.float64)
    parts = cp.empty((blocks_for(X.shape[0], PART), 3, n_features), np.float64)
    _launch_parts(part_moments, X, weights, parts)
    moments = cp.empty((3, n_features), np.float64)
    whole_moments[(n_features,), (BLOCK,)](parts, moments)
    return moments[0], moments[1], moments[2]


def column_extremes(X):
    """See the CPU twin."""
    parts = cp.empty((blocks_for(X.shape[0], PART), 2, X.shape[1]), X.dtype)
    _launch_parts(part_extremes, X, parts)
    minima, maxima = parts[:, 0].min(axis=0), parts[:, 1].max(axis=0)
    empty = minima > maxima
    return cp.where(empty, X.dtype.type(np.nan), minima), cp.where(empty, X.dtype.type(np.nan), maxima)


# ---- quantiles ---------------------------------------------------------------------------------
def column_quantiles(X, fractions):
    """See the CPU twin."""
    quantiles = cp.full((len(fractions), X.shape[1]), np.nan, np.float64)
    n_columns = max(1, scratch_bytes() // (X.itemsize * max(1, X.shape[0])))
    for first in range(0, X.shape[1], n_columns):
        columns = cp.sort(cp.ascontiguousarray(X[:, first : first + n_columns].T), axis=1)  # NaN last
        counts = (columns == columns).sum(axis=1)
        at = cp.arange(columns.shape[0])
        for q, fraction in enumerate(fractions):
            position = cp.maximum(counts - 1, 0) * fraction
            below = position.astype(np.int64)
            low = columns[at, below].astype(np.float64)
            high = columns[at, cp.minimum(below + 1, cp.maximum(counts - 1, 0))].astype(np.float64)
            part = position - below
            # From the nearer neighbour, as NumPy does: exact at both ends.
            value = cp.where(part < 0.5, low + (high - low) * part, high - (high - low) * (1 - part))
            quantiles[q, first : first + n_columns] = cp.where(counts > 0, value, np.nan)
    return quantiles
