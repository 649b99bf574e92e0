"""Features in bins, on CUDA: the twins of `fastml.kernels.cpu.binning`."""

import numpy as np

from .._cuda import BLOCK, T, blocks_for, cp, cuda, cuda_kernel, helper, int32, int64, u32, uint8
from .._quantiles import WIDTH, pad_thresholds, thresholds_of
from ._memory import scratch_bytes

__all__ = ["bin_features", "find_thresholds", "pad_thresholds"]


# ---- kernels -----------------------------------------------------------------------------------------------
@helper
def code_of(x, thresholds, column, n_categories, missing):
    """The bin of a value, or its category."""
    code = missing
    if n_categories > int64(0):
        if x >= T(0) and x < T(n_categories):
            code = int64(x)
    elif x == x:
        code = int64(0)
        half = int64(WIDTH // 2)
        while half > int64(0):
            # Not "x > threshold": a threshold between two infinities is NaN, and passed by.
            if not (x <= thresholds[column, code + half - int64(1)]):
                code += half
            half >>= int64(1)
    return code


@cuda_kernel
def find_bins(
    X: T[:, :],  # IN  (n_samples, n_features)
    thresholds: T[:, :],  # IN  (n_columns, WIDTH) ascending, infinite from the last one on
    n_categories: int64[:],  # IN  (n_columns,) 0 for numbers
    columns: int64[:],  # IN  (n_columns,) which features of X
    places: int64[:],  # IN  (n_columns,) where the first row's code is
    stride: int64,  # between the codes of a column
    missing: int64,  # the code of missing values
    codes_out: uint8[:],  # OUT
    seen_out: int32[:],  # OUT (n_columns,) 1 where there is a missing value
):
    at = int64(cuda.blockIdx.x) * int64(BLOCK) + int64(cuda.threadIdx.x)
    row = at // int64(columns.shape[0])
    column = u32(at % int64(columns.shape[0]))
    if row >= X.shape[0]:
        return
    code = code_of(X[row, columns[column]], thresholds, column, n_categories[column], missing)
    codes_out[places[column] + row * stride] = uint8(code)
    if code == missing:
        seen_out[column] = int32(1)


# ---- launchers ---------------------------------------------------------------------------------------------
def find_thresholds(X, columns, max_bins, rows=None, sample_weight=None):
    """See the CPU twin."""
    # Columns are sorted on the GPU; what the host does with sorted values is the same for both.
    columns = np.asarray(columns)
    weight = None if sample_weight is None else cp.asarray(sample_weight, np.float64)
    rows = None if rows is None else cp.asarray(rows, np.int64)
    if weight is not None:
        used = cp.flatnonzero(weight != 0)
        rows = used if rows is None else rows[used]
        weight = weight[used]
    n_rows = len(X) if rows is None else len(rows)
    found = []
    together = max(1, scratch_bytes() // (4 * X.itemsize * max(1, n_rows)))
    for first in range(0, len(columns), together):
        part = cp.asarray(columns[first : first + together])
        values = X[:, part] if rows is None else X[rows[:, None], part]
        found += _thresholds_of_rows(cp.ascontiguousarray(values.T), weight, max_bins)
    return found


def _thresholds_of_rows(values, weight, max_bins):
    """The thresholds of columns that are rows here."""
    counts = (values == values).sum(axis=1).get()
    if weight is None:
        columns = cp.sort(values, axis=1).get()  # NaN last
        return [thresholds_of(column[:n], None, max_bins) for column, n in zip(columns, counts)]
    order = cp.argsort(values, axis=1)
    columns, weights = cp.take_along_axis(values, order, axis=1).get(), weight[order].get()
    return [thresholds_of(c[:n], w[:n], max_bins) for c, w, n in zip(columns, weights, counts)]


def as_values(thresholds, dtype):
    """Thresholds on the GPU, rounded down to the dtype of the values, which changes no comparison."""
    exact = cp.asarray(thresholds, np.float64)
    rounded = exact.astype(dtype)
    return cp.where(rounded > exact, cp.nextafter(rounded, dtype.type(-np.inf)), rounded)


def bin_features(X, thresholds, n_categories, missing, codes_out, columns=None):
    """See the CPU twin."""
    n, n_columns = len(X), len(thresholds)
    columns = np.arange(n_columns) if columns is None else columns
    if codes_out.ndim == 3:
        places, stride = np.arange(n_columns) // 4 * (4 * n) + np.arange(n_columns) % 4, 4
    else:
        places, stride = np.arange(n_columns), n_columns
    seen = cp.zeros(n_columns, np.int32)
    find_bins[(blocks_for(n * n_columns),), (BLOCK,)](
        X, as_values(thresholds, X.dtype), cp.asarray(n_categories, np.int64), cp.asarray(columns, np.int64),
        cp.asarray(places), stride, missing, codes_out.reshape(-1), seen,
    )  # fmt: skip
    return seen.get() != 0
