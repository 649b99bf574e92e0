"""Counting how often labels occur together, on CUDA: the twins of `fastml.kernels.cpu.counts`."""

import numpy as np

from .._cuda import BLOCK, blocks_for, cp, cuda, cuda_kernel, int32, int64, u32
from ._segments import sums_by_label

__all__ = ["add_pairs", "count_equal", "count_pairs", "find_range"]

CELLS = 4096  # of a table that fits shared memory
SAMPLES = 1 << 15  # of a block


@cuda_kernel
def count_small(
    cells: int64[:],  # IN  (n_samples,)
    counts_out: int64[:],  # OUT (at most CELLS,) += 1
):
    """Count SAMPLES samples in shared memory, where atomic increments are fast, and add them to the table."""
    counts = cuda.shared.array(CELLS, int32)
    thread = u32(cuda.threadIdx.x)
    n_cells = u32(counts_out.shape[0])
    for c in range(thread, n_cells, u32(BLOCK)):
        counts[u32(c)] = int32(0)
    cuda.syncthreads()
    start = int64(cuda.blockIdx.x) * int64(SAMPLES)
    for i in range(start + int64(thread), min(start + int64(SAMPLES), cells.shape[0]), int64(BLOCK)):
        cuda.atomic.add(counts, cells[i], int32(1))
    cuda.syncthreads()
    for c in range(thread, n_cells, u32(BLOCK)):
        if counts[u32(c)] != int32(0):
            cuda.atomic.add(counts_out, u32(c), int64(counts[u32(c)]))


@cuda_kernel
def count_large(
    cells: int64[:],  # IN  (n_samples,)
    counts_out: int64[:],  # OUT (n_cells,) += 1
):
    i = int64(cuda.blockIdx.x) * int64(BLOCK) + int64(cuda.threadIdx.x)
    if i < cells.shape[0]:
        cuda.atomic.add(counts_out, cells[i], int64(1))


def find_range(labels):
    """See the CPU twin."""
    return int(labels.min()), int(labels.max())


def _cells(rows, columns, first_row, first_column, n_columns):
    rows, columns = cp.asarray(rows, np.int64), cp.asarray(columns, np.int64)
    return (rows - first_row) * n_columns + (columns - first_column)


def count_pairs(rows, columns, first_row, first_column, counts_out):
    """See the CPU twin."""
    cells = _cells(rows, columns, first_row, first_column, counts_out.shape[1])
    small = counts_out.size <= CELLS
    kernel, per_block = (count_small, SAMPLES) if small else (count_large, BLOCK)
    kernel[(blocks_for(cells.shape[0], per_block),), (BLOCK,)](cells, counts_out.reshape(-1))


def add_pairs(rows, columns, weights, first_row, first_column, table_out):
    """See the CPU twin."""
    cells = _cells(rows, columns, first_row, first_column, table_out.shape[1])
    nothing, no_offset = cp.empty((cells.shape[0], 0), np.float64), cp.empty(0, np.float64)
    sums = cp.empty((table_out.size, 0), np.float64), cp.empty(table_out.size, np.float64)
    counts = cp.empty(table_out.size, np.int64)
    sums_by_label(nothing, no_offset, weights, cells.astype(np.int32), *sums, counts)
    table_out += sums[1].reshape(table_out.shape)


def count_equal(a, b):
    """See the CPU twin."""
    return int((a == b).sum())
