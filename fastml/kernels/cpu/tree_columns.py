"""A table of samples as trees are grown from it: of each feature, the ranks of its values.

Trees see values as float32, as scikit-learn's do.
"""

from typing import NamedTuple

import numpy as np

from ..._threads import for_each_block
from .._compile import T, helper, int32, int64, kernel
from ._tree_frontier import CLOSE, FEATURE_COLUMNS, HAS_MISSING, IS_BINNED, MONOTONIC, N_VALUES, SPAN
from ._tree_sort import BY_ROW, LOWER_HALF, MISSING_BITS, RANKS, VALUES, ordered_bits, value_at, value_of

__all__ = ["Table", "order_columns", "rank_columns"]

INFINITE = 0x7F800000  # the bits of infinity


class Table(NamedTuple):
    """A table as `rank_columns` returns it."""

    columns: (
        np.ndarray
    )  # int32 (3, n_features, n_samples): ranks; by rank, the bits of the values; ranks by row
    features: np.ndarray  # int64 (n_features, FEATURE_COLUMNS), see _tree_frontier


@kernel
def make_column_keys(
    X: T[:, :],  # IN (n_samples, n_features)
    keys_out: int64[:, :],  # OUT (n_features, n_samples) a value's ordered bits, above its row
    start: int64,  # IN samples
    stop: int64,
) -> int64:  # how many values are too large for float32
    too_large = 0
    for i in range(start, stop):
        for t in range(X.shape[1]):
            bits = ordered_bits(X[i, t])
            too_large += bits == INFINITE or bits == -1 - INFINITE
            keys_out[t, i] = (bits << 32) | i
    return too_large


@helper
def count_values(keys, t):
    """How many values of a sorted column are there, and how many different ones."""
    n_known, n_different = int64(0), int64(0)
    while n_known < keys.shape[1] and keys[t, n_known] >> 32 != MISSING_BITS:
        n_different += n_known == 0 or keys[t, n_known] >> 32 != keys[t, n_known - 1] >> 32
        n_known += 1
    return n_known, n_different


@helper
def span_of(columns, t, n_values):
    """The most ranks between two values that are too close together to be parted."""
    span, first = int64(0), int64(0)
    for rank in range(n_values):
        while value_at(columns, t, rank) > value_at(columns, t, first) + CLOSE:
            first += 1
        span = max(span, rank - first)
    return span


@helper
def end_of_bin(below, above):
    """A value from `below` on, below `above`: half-way where that is representable."""
    middle = below / np.float32(2) + above / np.float32(2)
    return middle if below <= middle < above else below


@helper
def place_rank(columns, t, row, rank):
    columns[RANKS, t, row] = rank
    columns[BY_ROW, 0, row * columns.shape[1] + t] = rank  # the plane is used as (n_samples, n_features)


@kernel
def rank_keys(
    keys: int64[:, :],  # IN (n_features, n_samples) sorted
    columns_out: int32[:, :, :],  # OUT (3, n_features, n_samples)
    features_out: int64[:, :],  # OUT (n_features, FEATURE_COLUMNS)
    max_bins: int64,  # IN a column of more values is binned; 0 for never
    start: int64,  # IN features
    stop: int64,
):
    for t in range(start, stop):
        n_known, n_different = count_values(keys, t)
        is_binned = max_bins > 0 and n_different > max_bins
        rank, before = int64(-1), int64(MISSING_BITS) + 1
        for i in range(n_known):
            bits = keys[t, i] >> 32
            if bits != before:
                value = value_of(bits)
                if not is_binned or i * max_bins >= (rank + 1) * n_known:
                    rank += 1
                    if is_binned and rank > 0:
                        cut = end_of_bin(value_of(before), value)
                        columns_out[VALUES, t, rank - 1] = np.float32(cut).view(np.int32)
                columns_out[VALUES, t, rank] = np.float32(value).view(np.int32)
                before = bits
            place_rank(columns_out, t, keys[t, i] & LOWER_HALF, rank)
        for i in range(n_known, keys.shape[1]):
            columns_out[VALUES, t, rank + 1] = INFINITE
            place_rank(columns_out, t, keys[t, i] & LOWER_HALF, rank + 1)
        features_out[t, N_VALUES] = rank + 1
        features_out[t, HAS_MISSING] = n_known < keys.shape[1]
        features_out[t, SPAN] = 0 if is_binned else span_of(columns_out, t, rank + 1)
        features_out[t, MONOTONIC] = 0
        features_out[t, IS_BINNED] = is_binned


@kernel
def order_range(
    X: T[:, :],  # IN (n_samples, n_features)
    columns_out: int32[:, :, :],  # OUT (3, n_features, n_samples)
    features_out: int64[:, :],  # OUT (n_features, FEATURE_COLUMNS)
) -> int64:  # how many values are too large for float32
    too_large = 0
    for t in range(X.shape[1]):
        features_out[t, N_VALUES] = MISSING_BITS
        features_out[t, HAS_MISSING] = features_out[t, SPAN] = 0
        features_out[t, MONOTONIC] = features_out[t, IS_BINNED] = 0
    for i in range(X.shape[0]):
        for t in range(X.shape[1]):
            bits = ordered_bits(X[i, t])
            too_large += bits == INFINITE or bits == -1 - INFINITE
            features_out[t, HAS_MISSING] |= bits == MISSING_BITS
            place_rank(columns_out, t, i, bits)
    return too_large


def order_columns(X, allow_infinite=False):
    """Lay out columns for trees of random thresholds: the ranks are the ordered bits of the values.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features), float32 or float64
        The table; NaN is a missing value.

    allow_infinite : bool, default=False
        Whether values may be too large for float32, and are infinite then.

    Returns
    -------
    table : Table or None
        Without the values by rank. None where a value is too large for float32 and must not be.
    """
    columns = np.empty((3, X.shape[1], X.shape[0]), np.int32)
    features = np.empty((X.shape[1], FEATURE_COLUMNS), np.int64)
    n_infinite = order_range(X, columns, features)
    return None if n_infinite and not allow_infinite else Table(columns, features)


def rank_columns(X, max_bins=0):
    """Rank the values of each column.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features), float32 or float64
        The table; NaN is a missing value.

    max_bins : int, default=0
        A column of more different values is cut into as many bins of about as many samples each, whose
        numbers are the ranks. 0 means never.

    Returns
    -------
    table : Table or None
        None where a value is too large for float32.
    """
    n, d = X.shape
    keys = np.empty((d, n), np.int64)
    columns = np.empty((3, d, n), np.int32)
    features = np.empty((d, FEATURE_COLUMNS), np.int64)
    if make_column_keys(X, keys, 0, n):
        return None

    def rank(_, start, stop):
        keys[start:stop].sort(axis=1)
        rank_keys(keys, columns, features, max_bins, start, stop)

    for_each_block(rank, d, max(1, 1024 // n), work=20.0 * n * d)
    return Table(columns, features)
