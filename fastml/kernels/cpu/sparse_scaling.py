"""Scaling the values of a sparse matrix in place: by a number for each column, or to rows of unit norm.

A matrix is its CSR or CSC arrays: `data`, `indices` (int32) and `indptr` (int64). Kernels count in unsigned
integers: an index that cannot be negative need not be checked for counting from the end.
"""

import math

from ..._threads import for_each_block
from .._compile import T, float64, int32, int64, kernel, uint64
from ._sparse import BLOCK, lines_in_block
from .scaling import L1, L2, NORMS

__all__ = ["csc_multiply_columns", "csr_multiply_columns", "csr_normalize_rows"]


@kernel
def multiply_range(
    data_out: T[:],  # INOUT (n_stored,)
    indices: int32[:],  # IN   (n_stored,)
    factors: float64[:],  # IN   (n_indices,)
    start: int64,
    stop: int64,
):
    for k in range(uint64(start), uint64(stop)):
        data_out[k] = data_out[k] * factors[uint64(indices[k])]


@kernel
def multiply_lines(
    data_out: T[:],  # INOUT (n_stored,)
    indptr: int64[:],  # IN   (n_lines + 1,)
    factors: float64[:],  # IN   (n_lines,)
    start: int64,
    stop: int64,
):
    for i in range(start, stop):
        for k in range(uint64(indptr[i]), uint64(indptr[i + 1])):
            data_out[k] = data_out[k] * factors[i]


def csr_multiply_columns(data, indices, factors):
    """Multiply every column of a CSR matrix by a factor, in place.

    Parameters
    ----------
    data, indices : array of shape (n_stored,)
        The matrix.
    factors : float64 array of shape (n_features,)
        What the columns are multiplied by, in float64.
    """

    def task(block, start, stop):
        multiply_range(data, indices, factors, start, stop)

    for_each_block(task, len(data), BLOCK, work=2 * len(data))


def csc_multiply_columns(data, indptr, factors):
    """Multiply every column of a CSC matrix by a factor, in place.

    Parameters
    ----------
    data, indptr : array
        The matrix.
    factors : float64 array of shape (n_features,)
        What the columns are multiplied by, in float64.
    """

    def task(block, start, stop):
        multiply_lines(data, indptr, factors, start, stop)

    n_features = len(factors)
    for_each_block(task, n_features, lines_in_block(data, n_features), work=2 * len(data))


@kernel(fastmath={"reassoc", "contract", "nsz"})  # sums over a row may be taken in any order
def normalize_lines(
    data_out: T[:],  # INOUT (n_stored,)
    indptr: int64[:],  # IN   (n_samples + 1,)
    norm: int64,
    start: int64,
    stop: int64,
):
    for i in range(start, stop):
        size = 0.0
        for k in range(uint64(indptr[i]), uint64(indptr[i + 1])):
            x = float64(data_out[k])
            if norm == L2:
                size += x * x
            elif norm == L1:
                size += abs(x)
            else:
                size = max(size, abs(x))
        if norm == L2:
            size = math.sqrt(size)
        if size != 0.0:
            for k in range(uint64(indptr[i]), uint64(indptr[i + 1])):
                data_out[k] = data_out[k] / size


def csr_normalize_rows(data, indptr, norm):
    """Divide every row of a CSR matrix by its norm, in place; rows of zeros stay.

    Parameters
    ----------
    data, indptr : array
        The matrix, without NaN.
    norm : {"l1", "l2", "max"}
        Sum of absolute values, Euclidean norm or largest absolute value.
    """
    n_samples = len(indptr) - 1

    def task(block, start, stop):
        normalize_lines(data, indptr, NORMS[norm], start, stop)

    for_each_block(task, n_samples, lines_in_block(data, n_samples), work=4 * len(data))
