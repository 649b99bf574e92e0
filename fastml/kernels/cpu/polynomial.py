"""Products of features: all monomials up to a degree.

A monomial is one of the next lower degree times a feature, and monomials that are made with the same feature
stand side by side. So the work is a list of segments, each a run of columns times one feature.
"""

import numpy as np

from ..._threads import for_each_block
from .._compile import T, int64, kernel, uint64

__all__ = ["expand"]

SOURCE, LENGTH, FEATURE, TARGET = range(4)  # of a segment
BLOCK = 1 << 16  # values in a block of rows, which stay in the cache from degree to degree
COLUMN = 1 << 12  # values in a block of a column, if columns stand together


# ---- range kernels ------------------------------------------------------------------------
@kernel
def multiply_in_rows(
    X: T[:, :],  # IN  (n_samples, n_features)
    segments: int64[:, :],  # IN  (n_segments, 4)
    expanded_out: T[:, :],  # OUT (n_samples, n_columns) with the features in their places
    start: int64,
    stop: int64,
):
    for i in range(start, stop):
        for s in range(segments.shape[0]):
            x = X[i, segments[s, FEATURE]]
            source, target = uint64(segments[s, SOURCE]), uint64(segments[s, TARGET])
            for k in range(uint64(segments[s, LENGTH])):
                expanded_out[i, target + k] = expanded_out[i, source + k] * x


@kernel
def multiply_columns(
    Xt: T[:, :],  # IN  (n_features, n_samples) the samples are its columns
    segments: int64[:, :],  # IN  (n_segments, 4)
    expanded_out: T[:, :],  # OUT (n_columns, n_samples) with the features in their places
    start: int64,
    stop: int64,
):
    first, last = uint64(start), uint64(stop)
    for s in range(segments.shape[0]):
        f = segments[s, FEATURE]
        for k in range(segments[s, LENGTH]):
            source, target = segments[s, SOURCE] + k, segments[s, TARGET] + k
            for i in range(first, last):
                expanded_out[target, i] = expanded_out[source, i] * Xt[f, i]


# ---- launcher -----------------------------------------------------------------------------
def expand(X, segments, n_ones, out):
    """Write the monomials of the features.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
        float32 or float64, C-contiguous.
    segments : int64 ndarray of shape (n_segments, 4)
        On the host. What to multiply, in order: the first column and the number of columns of `out` that are
        read, the feature that they are multiplied by, and the first column that is written.
    n_ones : int
        Columns of ones that `out` begins with; 0 or 1. The features follow, if there are more columns.
    out : array of shape (n_samples, n_columns)
        Receives the monomials; of X's dtype, in C or Fortran order.
    """
    n_samples, n_columns = out.shape
    by_row = out.flags.c_contiguous
    columns = X if by_row else np.ascontiguousarray(X.T)
    last = min(n_ones + X.shape[1], n_columns)

    def task(_, start, stop):
        out[start:stop, :n_ones] = 1
        out[start:stop, n_ones:last] = X[start:stop, : last - n_ones]
        if by_row:
            multiply_in_rows(X, segments, out, start, stop)
        else:
            multiply_columns(columns, segments, out.T, start, stop)

    for_each_block(task, n_samples, max(16, BLOCK // n_columns) if by_row else COLUMN, work=2.0 * out.size)
