"""Kernels for the rows of CSR matrices: products with coefficients, products with slopes, copies."""

from typing import NamedTuple

import numpy as np

from .._compile import T, float64, int32, int64, kernel, uint64


class Csr(NamedTuple):
    """The arrays of a CSR matrix.

    Attributes
    ----------
    data : array of shape (n_stored,)
        float32 or float64.
    indices : int32 array of shape (n_stored,)
        Columns.
    indptr : int64 array of shape (n_samples + 1,)
        Where rows begin.
    shape : tuple of int
        Rows and columns.
    dtype : dtype
        That of the data.
    """

    data: np.ndarray
    indices: np.ndarray
    indptr: np.ndarray
    shape: tuple
    dtype: np.dtype


@kernel(fastmath={"reassoc", "contract", "nsz"})  # margins are sums
def csr_margins(
    data: T[:],  # IN  (n_stored,)
    indices: int32[:],  # IN  (n_stored,) columns
    indptr: int64[:],  # IN  (n_samples + 1,)
    coefficients: T[:, :],  # IN  (n_features + 1, n_outputs)
    margins_out: T[:, :],  # OUT (stop - start, at least n_outputs)
    start: int64,
    stop: int64,
):
    last, n_outputs = coefficients.shape[0] - 1, coefficients.shape[1]
    if n_outputs == 1:
        for i in range(start, stop):
            margin = T(0)
            for s in range(uint64(indptr[i]), uint64(indptr[i + 1])):
                margin += data[s] * coefficients[uint64(indices[s]), 0]
            margins_out[i - start, 0] = margin + coefficients[last, 0]
        return
    for i in range(start, stop):
        for k in range(n_outputs):
            margins_out[i - start, k] = coefficients[last, k]
        for s in range(uint64(indptr[i]), uint64(indptr[i + 1])):
            j = uint64(indices[s])
            for k in range(n_outputs):
                margins_out[i - start, k] += data[s] * coefficients[j, k]


@kernel
def csr_products(
    data: T[:],  # IN  (n_stored,)
    indices: int32[:],  # IN  (n_stored,) columns
    indptr: int64[:],  # IN  (n_samples + 1,)
    slopes: T[:, :],  # IN  (stop - start, at least n_outputs)
    sums_out: float64[:],  # OUT (at least (n_features + 1) n_outputs,) X.T @ slopes; added to
    n_outputs: int64,
    last: int64,  # n_features
    start: int64,
    stop: int64,
):
    for i in range(start, stop):
        for k in range(n_outputs):
            sums_out[last * n_outputs + k] += float64(slopes[i - start, k])
        if n_outputs == 1:
            slope = float64(slopes[i - start, 0])
            for s in range(uint64(indptr[i]), uint64(indptr[i + 1])):
                sums_out[uint64(indices[s])] += float64(data[s]) * slope
        else:
            for s in range(uint64(indptr[i]), uint64(indptr[i + 1])):
                at = uint64(indices[s]) * uint64(n_outputs)
                for k in range(n_outputs):
                    sums_out[at + uint64(k)] += float64(data[s]) * float64(slopes[i - start, k])


@kernel
def csr_to_dense(
    data: T[:],  # IN  (n_stored,)
    indices: int32[:],  # IN  (n_stored,) columns
    indptr: int64[:],  # IN  (n_samples + 1,)
    rows_out: T[:, :],  # OUT (stop - start, n_features) from zero
    start: int64,
    stop: int64,
):
    for i in range(start, stop):
        for s in range(uint64(indptr[i]), uint64(indptr[i + 1])):
            rows_out[i - start, uint64(indices[s])] += data[s]
