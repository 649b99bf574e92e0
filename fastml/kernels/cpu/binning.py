"""Features in bins: where the bins of a column end, and which bin each value is in."""

import numpy as np

from ..._threads import for_each_block
from .._compile import T, float64, int64, kernel, uint8, uint64

__all__ = ["bin_features", "find_thresholds", "pad_thresholds"]

WIDTH = 256  # places for the thresholds of a feature, a power of two
ALMOST_INFINITY = 1e300  # only a split off of missing values has an infinite threshold
VALUES = 1 << 14  # of a block of rows
COLUMN_BYTES = 64  # of a row that are gathered together at most: a cache line
BLOCKS = 8  # of columns at least


# ---- kernels ----------------------------------------------
@kernel
def gather_values(
    X: T[:, :],  # IN (n_samples, n_features)
    rows: int64[:],  # IN (n_rows,)
    columns_out: T[:, :],  # OUT (n_columns, n_rows) the values that are not NaN, in order
    counts_out: int64[:],  # OUT (n_columns,) how many they are; zero at first
    first: int64,  # the first of the columns
):
    start = uint64(first)
    for i in range(uint64(rows.shape[0])):
        row = uint64(rows[i])
        for c in range(uint64(counts_out.shape[0])):
            x = X[row, start + c]
            columns_out[c, uint64(counts_out[c])] = x
            counts_out[c] += x == x


@kernel
def find_bins(
    X: T[:, :],  # IN (n_samples, n_features)
    thresholds: float64[:, :],  # IN (n_columns, WIDTH) ascending, infinite from the last one on
    n_categories: int64[:],  # IN (n_columns,) 0 for numbers
    columns: int64[:],  # IN (n_columns,) which features of X
    places: int64[:],  # IN (n_columns,) where the first row's code is
    stride: int64,  # between the codes of a column
    missing: int64,  # the code of missing values
    codes_out: uint8[:],  # OUT
    seen_out: uint8[:],  # OUT (n_columns,) whether there is a missing value
    rows: int64[:],  # IN (2,) from row to row
):
    first, last = uint64(rows[0]), uint64(rows[1])
    for c in range(columns.shape[0]):
        feature, place, step = uint64(columns[c]), uint64(places[c]), uint64(stride)
        at, any_missing = uint64(c), uint8(0)
        for i in range(first, last):
            x = float64(X[i, feature])
            code = uint64(0)
            if n_categories[c] > 0:
                code = uint64(missing)
                if 0 <= x < n_categories[c]:
                    code = uint64(x)
            else:
                for half in (128, 64, 32, 16, 8, 4, 2, 1):
                    code += uint64(half) if thresholds[at, code + uint64(half - 1)] < x else uint64(0)
                code = code if x == x else uint64(missing)
            codes_out[place + i * step] = code
            any_missing |= uint8(code == uint64(missing))
        seen_out[c] = any_missing


# ---- thresholds ----------------------------------------------
def find_thresholds(X, columns, max_bins, rows=None, sample_weight=None):
    """Find thresholds between bins that hold about equally many rows each.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
        float32 or float64, C-contiguous. NaN is missing.
    columns : int64 array of shape (n_columns,)
        Which features.
    max_bins : int
        The most bins of a feature, at most 255.
    rows : int64 array of shape (n_rows,), default=None
        The rows that are looked at, some perhaps several times; None means all.
    sample_weight : float64 array of shape (n_rows,), default=None
        Weights of those rows; None means ones.

    Returns
    -------
    thresholds : list of float64 arrays
        For each column, ascending: midpoints where it has few values, quantiles otherwise. A value belongs to
        the first bin whose threshold is not below it.
    """
    rows = np.arange(len(X)) if rows is None else rows
    found = [None] * len(columns)
    if sample_weight is not None:
        used = sample_weight != 0
        rows, sample_weight = rows[used], sample_weight[used]

    def find(_, start, stop):
        if sample_weight is not None:
            for c in range(start, stop):
                found[c] = _weighted_thresholds(X[rows, columns[c]], sample_weight, max_bins)
            return
        first, n = int(columns[start]), int(columns[stop - 1] - columns[start]) + 1
        gathered, counts = np.empty((n + 1, len(rows)), X.dtype), np.zeros(n, np.int64)
        gather_values(X, rows, gathered, counts, first)
        for c in range(start, stop):
            place = int(columns[c]) - first
            values = gathered[place, : counts[place]]
            values.sort()
            found[c] = _thresholds(values, None, max_bins)

    # Columns that lie side by side are gathered together, but not so many that threads have nothing to do.
    block = 1
    if len(columns) == X.shape[1]:
        block = max(1, min(COLUMN_BYTES // X.itemsize, len(columns) // BLOCKS))
    for_each_block(find, len(columns), block, work=50.0 * len(rows) * len(columns))
    return found


def _weighted_thresholds(values, weights, max_bins):
    seen = values == values
    values, weights = values[seen], weights[seen]
    order = np.argsort(values)
    return _thresholds(values[order], weights[order], max_bins)


def _thresholds(values, weights, max_bins):
    """The thresholds of a column whose values are sorted."""
    first = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=first[1:])
    n_distinct = int(np.count_nonzero(first))
    if n_distinct <= 1:
        return np.empty(0)
    with np.errstate(over="ignore", invalid="ignore"):
        if n_distinct <= max_bins:
            distinct = values[first].astype(np.float64)
            thresholds = (distinct[1:] + distinct[:-1]) / 2
        else:
            fractions = np.linspace(0, 100, num=max_bins + 1)[1:-1] / 100
            thresholds = _quantiles(values, weights, fractions)
    thresholds = np.unique(thresholds)
    return np.minimum(thresholds, ALMOST_INFINITY)


def _quantiles(values, weights, fractions):
    """Quantiles of sorted values: the mean of two neighbours where just as many are below as asked for.

    Hyndman, Fan (1996). Sample quantiles in statistical packages. The American Statistician 50: definition 2.
    """
    last = len(values) - 1
    if weights is None:
        place = len(values) * fractions - 1
        below = np.floor(place)
        between = place == below
        at = below.astype(np.int64)
    else:
        total = np.cumsum(weights)
        wanted = fractions * total[-1]
        at = np.minimum(np.searchsorted(total, wanted), last)
        between = total[at] - wanted <= np.finfo(np.float64).eps
    low = values[np.maximum(at, 0)].astype(np.float64)
    high = values[np.minimum(at + 1, last)].astype(np.float64)
    if weights is None:
        return np.where(between, high - (high - low) * 0.5, high)
    return np.where(between, (low + high) / 2, low)


def pad_thresholds(thresholds):
    """Lay thresholds out as `bin_features` takes them.

    Parameters
    ----------
    thresholds : list of float64 arrays
        For each column, at most 255.

    Returns
    -------
    padded : float64 array of shape (n_columns, 256)
        Filled up with infinity. A threshold between two infinities, which is NaN, is the one before it: no
        value is in its bin.
    """
    padded = np.full((len(thresholds), WIDTH), np.inf)
    for row, values in zip(padded, thresholds):
        row[: len(values)] = values
        if len(values) and values[-1] != values[-1]:
            row[len(values) - 1] = row[len(values) - 2] if len(values) > 1 else -np.inf
    return padded


# ---- bins ----------------------------------------------
def bin_features(X, thresholds, n_categories, missing, codes_out, columns=None):
    """Find the bin of each value.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
        float32 or float64, C-contiguous.
    thresholds : float64 array of shape (n_columns, 256)
        The columns' thresholds, filled up with infinity.
    n_categories : int64 array of shape (n_columns,)
        For a column of categories 0, 1, ... how many they are; 0 for a column of numbers.
    missing : int
        The code of NaN, and of what is no known category.
    codes_out : uint8 array of shape (n_blocks, n_samples, 4) or (n_samples, n_columns)
        Receives the codes, in blocks of four columns or by row.
    columns : int64 array of shape (n_columns,), default=None
        Which features of X the columns are; None means all.

    Returns
    -------
    any_missing : bool array of shape (n_columns,)
        Whether a column has the code `missing`.
    """
    n, n_columns = len(X), len(thresholds)
    columns = np.arange(n_columns) if columns is None else columns
    if codes_out.ndim == 3:
        places, stride = np.arange(n_columns) // 4 * (4 * n) + np.arange(n_columns) % 4, 4
    else:
        places, stride = np.arange(n_columns), n_columns
    codes = codes_out.reshape(-1)
    size = max(VALUES // max(n_columns, 1), 16)
    seen = np.zeros((-(-n // size), n_columns), np.uint8)

    def find(block, start, stop):
        find_bins(
            X, thresholds, n_categories, columns, places, stride, missing, codes, seen[block],
            np.array((start, stop)),
        )  # fmt: skip

    for_each_block(find, n, size, work=20.0 * n * n_columns)
    return seen.any(axis=0)
