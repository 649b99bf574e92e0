"""Statistics of the columns of a matrix.

NaN means "not there" in every statistic. The statistics of small matrices and narrow ones are taken over
a view in which one row holds several rows, so that SIMD lanes are never idle; see `_Rows`.
"""

import math

import numpy as np

from ..._config import current
from ..._threads import for_each_block
from .._compile import LANES, Constant, T, float64, helper, int64, kernel, lanes, simd, uint64
from .._quantiles import interpolate, quantile_positions
from ._select import values_at

__all__ = [
    "column_extremes",
    "column_moments",
    "column_quantiles",
]

DOUBLES = Constant(lambda dtype: lanes(np.float64))
VECTORS = 4  # vectors of a row that a kernel works on at a time: enough to hide an addition's latency
ROWS = 8  # rows that are read side by side, as many streams as hardware prefetches well
WIDTH = 2048  # values in a row of narrow matrices, joined from several
BLOCK = 1 << 18  # values in a block of rows for one thread


# ---- moments ------------------------------------------------------------------------------------------
@kernel
def moments_of_rows(
    X: T[:, :],  # IN   (n_rows, width); readable up to n_padded values past the last row's beginning
    weights: float64[:],  # IN   (n_rows,)
    shift: float64[:],  # IN   (n_padded,) some value of each column
    totals_out: float64[:, :],  # OUT  (3, n_padded) sum of weights, mean less shift, squares; zero at first
    start: int64,
    stop: int64,
):
    """Weighted moments of the columns over rows start..stop.

    Every ROWS rows: take the mean, subtract it, square, and join the totals. The rows stay in the cache for
    the second look, and nothing cancels whatever offset or outliers the columns have.
    """
    width = X.shape[1]
    n_padded = totals_out.shape[1]
    zero = simd.tile(0.0, 1, VECTORS)
    for first in range(start, stop, ROWS):
        last = min(first + ROWS, stop)
        for j in range(0, n_padded, VECTORS * DOUBLES):
            origin = simd.load_doubles(shift, j, VECTORS)
            count = zero
            total = zero
            for i in range(first, last):
                x = simd.load_doubles(X, i * width + j, VECTORS)
                w = simd.tile(weights[i], 1, VECTORS)
                count = count + simd.where_nan(x, w, 0.0)
                total = total + w * simd.where_nan(x, x - origin, 0.0)
            divisor = simd.where_zero(count, count, 1.0)
            mean = origin + total / divisor
            total = zero
            squares = zero
            for i in range(first, last):
                x = simd.load_doubles(X, i * width + j, VECTORS)
                w = simd.tile(weights[i], 1, VECTORS)
                difference = simd.where_nan(x, x - mean, 0.0)
                weighted = w * difference
                total = total + weighted
                squares = squares + weighted * difference
            slip = total / divisor  # what rounding has left in the mean
            _join(totals_out, j, n_padded, count, mean - origin + slip, squares - slip * total)


@helper
def _join(totals, j, n_padded, count, mean, squares):
    """Add the moments of more rows to those of columns j...; Chan, Golub and LeVeque (1983), eq. 2.1."""
    before = simd.load_doubles(totals, j, VECTORS)
    old = simd.load_doubles(totals, n_padded + j, VECTORS)
    old_squares = simd.load_doubles(totals, 2 * n_padded + j, VECTORS)
    after = before + count
    share = count / simd.where_zero(after, after, 1.0)
    difference = mean - old
    simd.store_tile(after, totals, j, 0)
    simd.store_tile(old + difference * share, totals, n_padded + j, 0)
    simd.store_tile(
        old_squares + squares + difference * before * (difference * share), totals, 2 * n_padded + j, 0
    )


@kernel
def join_moments(
    parts: float64[:, :, :],  # IN   (n_parts, 3, n_padded): in each, several groups of n_features columns
    n_groups: int64,
    moments_out: float64[:, :],  # OUT  (3, n_features), zero at first
):
    n_features = moments_out.shape[1]
    for p in range(parts.shape[0]):
        for g in range(n_groups):
            for j in range(n_features):
                at = g * n_features + j
                before = moments_out[0, j]
                after = before + parts[p, 0, at]
                share = parts[p, 0, at] / (after if after != 0.0 else 1.0)
                difference = parts[p, 1, at] - moments_out[1, j]
                moments_out[0, j] = after
                moments_out[1, j] += difference * share
                moments_out[2, j] += parts[p, 2, at] + difference * before * (difference * share)


def column_moments(X, weights=None):
    """Count, mean and sum of squared deviations of every column, ignoring NaN.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
        float32 or float64, in C or Fortran order. Sums are kept in float64.
    weights : array of shape (n_samples,), default=None
        Weights of the samples; None counts each as 1.

    Returns
    -------
    counts : float64 array of shape (n_features,)
        Sum of the weights of the values that are not NaN.
    means : float64 array of shape (n_features,)
        Weighted means; 0 where the count is 0. Not finite where the column holds an infinity, or where
        the sum of 64 of its values overflows.
    squares : float64 array of shape (n_features,)
        Weighted sums of the squared deviations from the mean. Exactly 0 for a constant column.

    References
    ----------
    T. F. Chan, G. H. Golub, R. J. LeVeque: Algorithms for Computing the Sample Variance: Analysis and
    Recommendations. The American Statistician 37 (1983), 242-247.
    """
    if not X.flags.c_contiguous:
        return _by_column(column_moments, X, weights)
    rows = _Rows(X, VECTORS * lanes(np.float64), join=weights is None)
    weights = np.ones(rows.n_rows) if weights is None else np.ascontiguousarray(weights, np.float64)
    shift = _some_values(X)
    shifts = np.zeros(rows.n_padded)
    shifts[: rows.rest.shape[1]].reshape(rows.n_groups, -1)[:] = shift
    parts = np.zeros((rows.n_blocks + 1, 3, rows.n_padded))

    def task(block, start, stop):
        moments_of_rows(rows.wide, weights, shifts, parts[block], start, stop)

    for_each_block(task, rows.n_whole, rows.block_rows, work=8 * X.size)
    moments_of_rows(rows.rest, weights[rows.n_whole :], shifts, parts[-1], 0, len(rows.rest))
    moments = np.zeros((3, X.shape[1]))
    join_moments(parts, rows.n_groups, moments)
    counts, means, squares = moments
    means += shift * (counts != 0)
    return counts, means, squares


def _some_values(X):
    """A value of each column that is no lone outlier, and not NaN unless the first rows are; as float64."""
    a, b, c = X[0], X[len(X) // 2], X[-1]
    values = np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c)).astype(np.float64)
    gaps = np.flatnonzero(values != values)
    if len(gaps):
        first = X[:1024, gaps]
        values[gaps] = np.nan_to_num(first[(first == first).argmax(axis=0), np.arange(len(gaps))])
    return values


def _by_column(launch, X, *args):
    """Call a launcher for each column of X, whose columns lie together, and join what it returns."""
    found = [None] * X.shape[1]

    def task(j, start, stop):
        found[j] = launch(X[:, j : j + 1], *args)

    for_each_block(task, X.shape[1], 1, work=8 * X.size)
    if isinstance(found[0], tuple):
        return tuple(np.concatenate(values) for values in zip(*found))
    return np.concatenate(found, axis=1)


class _Rows:
    """A matrix as kernels read it that take whole SIMD vectors: rows of `n_padded` readable values.

    Where rows may be joined, a row of `wide` holds `n_groups` rows of X, so that its width is a multiple of
    `step`. `n_whole` of them are read in place, past their end into the next. The others are copied to
    `rest`, filled up with NaN.
    """

    def __init__(self, X, step, *, join):
        n_samples, n_features = X.shape
        self.n_groups = 1
        if join and n_features < WIDTH // 2:
            self.n_groups = step // math.gcd(n_features, step)
            narrow = self.n_groups * n_features
            self.n_groups *= max(1, min(WIDTH // narrow, n_samples // (self.n_groups * ROWS)))
        width = n_features * self.n_groups
        self.n_padded = -(-width // step) * step
        flat = X.reshape(-1)
        self.n_rows = -(-n_samples // self.n_groups)
        self.n_whole = max(0, (X.size - self.n_padded) // width + 1)
        self.wide = flat[: self.n_whole * width].reshape(-1, width)
        n_rest = self.n_rows - self.n_whole
        rest = np.full(n_rest * width + self.n_padded, np.nan, X.dtype)
        rest[: X.size - self.n_whole * width] = flat[self.n_whole * width :]
        self.rest = rest[: n_rest * width].reshape(-1, width)
        self.block_rows = max(BLOCK // width // ROWS, 1) * ROWS
        self.n_blocks = -(-self.n_whole // self.block_rows)


# ---- extremes -----------------------------------------------------------------------------------------
@kernel
def extremes_of_rows(
    X: T[:, :],  # IN   (n_rows, width); readable up to n_padded values past the last row's beginning
    extremes_out: T[:, :],  # OUT  (2, n_padded) smallest and largest; +inf and -inf at first
    start: int64,
    stop: int64,
):
    width = X.shape[1]
    n_padded = extremes_out.shape[1]
    for first in range(start, stop, ROWS):
        for j in range(0, n_padded, VECTORS * LANES):
            smallest = simd.tile_of_row(extremes_out, j, 1, VECTORS)
            largest = simd.tile_of_row(extremes_out, n_padded + j, 1, VECTORS)
            for i in range(first, min(first + ROWS, stop)):
                x = simd.tile_of_row(X, i * width + j, 1, VECTORS)
                smallest = simd.minimum(x, smallest)
                largest = simd.maximum(x, largest)
            simd.store_tile(smallest, extremes_out, j, 0)
            simd.store_tile(largest, extremes_out, n_padded + j, 0)


def column_extremes(X):
    """Smallest and largest value of every column, ignoring NaN.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
        float32 or float64, in C or Fortran order.

    Returns
    -------
    minima, maxima : array of shape (n_features,)
        Of X's dtype; NaN where a column has no other value.
    """
    if not X.flags.c_contiguous:
        return _by_column(column_extremes, X)
    rows = _Rows(X, VECTORS * lanes(X.dtype), join=True)
    parts = np.full((rows.n_blocks + 1, 2, rows.n_padded), np.inf, X.dtype)
    parts[:, 1] = -np.inf

    def task(block, start, stop):
        extremes_of_rows(rows.wide, parts[block], start, stop)

    for_each_block(task, rows.n_whole, rows.block_rows, work=2 * X.size)
    extremes_of_rows(rows.rest, parts[-1], 0, len(rows.rest))
    width = rows.wide.shape[1]
    parts = parts[:, :, :width].reshape(-1, 2, rows.n_groups, X.shape[1])
    minima = parts[:, 0].min(axis=(0, 1))
    maxima = parts[:, 1].max(axis=(0, 1))
    empty = minima > maxima
    minima[empty] = maxima[empty] = np.nan
    return minima, maxima


# ---- quantiles ----------------------------------------------------------------------------------------
@kernel
def gather_columns(
    X: T[:, :],  # IN   (n_samples, n_features)
    columns_out: T[:, :],  # OUT  (at least n_columns, n_samples) the values that are not NaN, in order
    counts_out: int64[:],  # OUT  (n_columns,) how many they are; zero at first
    first: int64,  # the first of the columns
):
    # Unsigned, so that no index has to be checked for counting from the end.
    start = uint64(first)
    for i in range(X.shape[0]):
        for c in range(uint64(counts_out.shape[0])):
            x = X[i, start + c]
            columns_out[c, uint64(counts_out[c])] = x
            counts_out[c] += x == x


def column_quantiles(X, fractions):
    """Quantiles of every column, ignoring NaN, with linear interpolation between order statistics.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
        float32 or float64, in C or Fortran order.
    fractions : sequence of float
        Which quantiles, in [0, 1].

    Returns
    -------
    quantiles : float64 array of shape (n_fractions, n_features)
        NaN where a column has no value.
    """
    if not X.flags.c_contiguous:
        return _by_column(column_quantiles, X, fractions)
    n_samples, n_features = X.shape
    quantiles = np.full((len(fractions), n_features), np.nan)
    # Columns of a cache line together, where memory allows.
    n_columns = 64 // X.itemsize
    if n_columns * X.itemsize * n_samples > current()["working_memory"] * 2**18:
        n_columns = 1

    def task(block, start, stop):
        columns = np.empty((stop - start + 1, n_samples), X.dtype)
        counts = np.zeros(stop - start, np.int64)
        gather_columns(X, columns, counts, start)
        for c in np.flatnonzero(counts):
            below, above, part = quantile_positions(counts[c], fractions)
            low, high = values_at(columns[c, : counts[c]], below, above, columns[-1])
            quantiles[:, start + c] = interpolate(low, high, part)

    for_each_block(task, n_features, n_columns, work=20 * X.size)
    return quantiles
