"""A table of samples as trees are grown from it: of each feature, the ranks of its values.

Trees see values as float32, as scikit-learn's do.
"""

from typing import NamedTuple

import numpy as np

from ..._threads import for_each_block
from .._compile import T, helper, int32, int64, kernel
from ._tree_frontier import CLOSE, FEATURE_COLUMNS, HAS_MISSING, IS_CLOSE, MONOTONIC, N_VALUES
from ._tree_sort import LOWER_HALF, RANKS, VALUES, value_at

__all__ = ["Table", "rank_columns"]

MISSING = 0x7FFFFFFF
INFINITE = 0x7F800000  # the bits of infinity


class Table(NamedTuple):
    """A table as `rank_columns` returns it."""

    columns: np.ndarray  # int32 (2, n_features, n_samples): ranks; by rank, the bits of the values
    features: np.ndarray  # int64 (n_features, FEATURE_COLUMNS), see _tree_frontier


@helper
def ordered_bits(x):
    """The bits of a float32, as an integer that is ordered like it; the largest for NaN."""
    bits = int64(np.float32(np.float32(x) + np.float32(0)).view(np.int32))  # -0 is 0
    return int64(MISSING) if x != x else bits ^ ((bits >> 31) & 0x7FFFFFFF)


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


@kernel
def rank_keys(
    keys: int64[:, :],  # IN (n_features, n_samples) sorted
    columns_out: int32[:, :, :],  # OUT (2, n_features, n_samples)
    features_out: int64[:, :],  # OUT (n_features, FEATURE_COLUMNS)
    start: int64,  # IN features
    stop: int64,
):
    for t in range(start, stop):
        rank, is_close = int64(-1), int64(0)
        before = int64(MISSING) + 1
        for i in range(keys.shape[1]):
            bits = keys[t, i] >> 32
            if bits != before:
                rank += 1
                value = bits ^ ((bits >> 31) & 0x7FFFFFFF)
                columns_out[VALUES, t, rank] = int32(INFINITE if bits == MISSING else value)
                if rank > 0:
                    apart = value_at(columns_out, t, rank) > value_at(columns_out, t, rank - 1) + CLOSE
                    is_close |= not apart
                before = bits
            columns_out[RANKS, t, keys[t, i] & LOWER_HALF] = rank
        has_missing = before == MISSING
        features_out[t, N_VALUES] = rank if has_missing else rank + 1
        features_out[t, HAS_MISSING] = has_missing
        features_out[t, IS_CLOSE] = is_close
        features_out[t, MONOTONIC] = 0


def rank_columns(X):
    """Rank the values of each column.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features), float32 or float64
        The table; NaN is a missing value.

    Returns
    -------
    table : Table or None
        None where a value is too large for float32.
    """
    n, d = X.shape
    keys = np.empty((d, n), np.int64)
    columns = np.empty((2, d, n), np.int32)
    features = np.empty((d, FEATURE_COLUMNS), np.int64)
    if make_column_keys(X, keys, 0, n):
        return None

    def rank(_, start, stop):
        keys[start:stop].sort(axis=1)
        rank_keys(keys, columns, features, start, stop)

    for_each_block(rank, d, max(1, 1024 // n), work=20.0 * n * d)
    return Table(columns, features)
