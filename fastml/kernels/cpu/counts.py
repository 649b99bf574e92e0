"""Counting how often labels occur together.

Successive samples tend to fall into the same few cells, and each increment waits for the one before.
So a small table is kept in four copies, which take turns.
"""

import numpy as np

from ..._threads import effective_threads, for_each_block
from .._compile import float64, int64, kernel

__all__ = ["add_pairs", "count_equal", "count_pairs", "find_range"]

BLOCK_ITEMS = 32_768  # of labels, which stay in the second-level cache while they are converted and counted
COPIES = 4
COPIED_CELLS = 1_024  # of a table that is worth copies
WEIGHED_ITEMS = 1 << 20  # of a block whose weights are summed into a table of its own


# ---- range kernels ------------------------------------------------------------------------
@kernel
def scan_range(
    labels: int64[:],  # IN  (n_samples,)
    range_out: int64[:],  # OUT (2,) the smallest and the largest label so far
):
    low, high = range_out[0], range_out[1]
    for i in range(labels.shape[0]):
        low = min(low, labels[i])
        high = max(high, labels[i])
    range_out[0], range_out[1] = low, high


@kernel
def count_block(
    rows: int64[:],  # IN  (n_samples,)
    columns: int64[:],  # IN  (n_samples,)
    first_row: int64,
    first_column: int64,
    n_copies: int64,  # IN  a power of two
    counts_out: int64[:, :, :],  # OUT (n_copies, n_rows, n_columns) += 1
):
    for i in range(rows.shape[0]):
        counts_out[i & (n_copies - 1), rows[i] - first_row, columns[i] - first_column] += 1


@kernel
def add_block(
    rows: int64[:],  # IN  (n_samples,)
    columns: int64[:],  # IN  (n_samples,)
    weights: float64[:],  # IN  (n_samples,)
    first_row: int64,
    first_column: int64,
    table_out: float64[:, :],  # OUT (n_rows, n_columns) += weight
):
    for i in range(rows.shape[0]):
        table_out[rows[i] - first_row, columns[i] - first_column] += weights[i]


@kernel
def count_equal_block(a: int64[:], b: int64[:]) -> int64:  # IN (n_samples,)
    total = 0
    for i in range(a.shape[0]):
        total += a[i] == b[i]
    return total


# ---- launchers ---------------------------------------------------------------------------
def find_range(labels):
    """Find the smallest and the largest label.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,), integer or bool
        At least one label.

    Returns
    -------
    low, high : int
        The smallest and the largest.
    """
    n_blocks = -(-len(labels) // BLOCK_ITEMS)
    ranges = np.tile(np.array([np.iinfo(np.int64).max, np.iinfo(np.int64).min]), (n_blocks, 1))

    def task(block, start, stop):
        scan_range(_int64(labels[start:stop]), ranges[block])

    for_each_block(task, len(labels), BLOCK_ITEMS, work=len(labels))
    return int(ranges[:, 0].min()), int(ranges[:, 1].max())


def _int64(labels):
    return np.ascontiguousarray(labels, np.int64)


def count_pairs(rows, columns, first_row, first_column, counts_out):
    """Count how often each pair of labels occurs.

    Parameters
    ----------
    rows, columns : ndarray of shape (n_samples,), integer or bool
        The labels of each sample.

    first_row, first_column : int
        The labels of the first row and the first column of the table.

    counts_out : ndarray of shape (n_rows, n_columns), int64
        The number of samples with label i of `rows` and label j of `columns` is added to cell
        `(i - first_row, j - first_column)`. The table covers all labels.
    """
    n_copies = COPIES if counts_out.size <= COPIED_CELLS else 1
    # A thread counts into a table of its own. Integer sums do not depend on who counted what.
    n_parts = min(effective_threads(4 * len(rows)), max(1, len(rows) // max(1, counts_out.size)))
    tables = np.zeros((n_parts, n_copies, *counts_out.shape), np.int64)

    def task(part, first, stop_part):
        for start in range(first, stop_part, BLOCK_ITEMS):
            stop = min(start + BLOCK_ITEMS, stop_part)
            a, b = _int64(rows[start:stop]), _int64(columns[start:stop])
            count_block(a, b, first_row, first_column, n_copies, tables[part])

    for_each_block(task, len(rows), max(1, -(-len(rows) // n_parts)), work=4 * len(rows))
    counts_out += tables.sum(axis=(0, 1))


def add_pairs(rows, columns, weights, first_row, first_column, table_out):
    """Sum the weights of the samples with each pair of labels, in an order that is always the same.

    Parameters
    ----------
    rows, columns : ndarray of shape (n_samples,), integer or bool
        The labels of each sample.

    weights : ndarray of shape (n_samples,), float64
        The weight of each sample.

    first_row, first_column : int
        The labels of the first row and the first column of the table.

    table_out : ndarray of shape (n_rows, n_columns), float64
        Weights are added as `count_pairs` adds 1.
    """

    def task(block, start, stop):
        a, b = _int64(rows[start:stop]), _int64(columns[start:stop])
        add_block(a, b, weights[start:stop], first_row, first_column, tables[block])

    # Fixed blocks, each with a table of its own; no more cells than samples.
    block_size = max(WEIGHED_ITEMS, table_out.size)
    tables = np.zeros((-(-len(rows) // block_size), *table_out.shape))
    for_each_block(task, len(rows), block_size, work=4 * len(rows))
    for table in tables:
        table_out += table


def count_equal(a, b):
    """Count the places at which two arrays hold the same label.

    Parameters
    ----------
    a, b : ndarray of shape (n_samples,), integer or bool
        The labels.

    Returns
    -------
    count : int
        How many samples have two equal labels.
    """
    counts = np.zeros(-(-len(a) // BLOCK_ITEMS), np.int64)

    def task(block, start, stop):
        counts[block] = count_equal_block(_int64(a[start:stop]), _int64(b[start:stop]))

    for_each_block(task, len(a), BLOCK_ITEMS, work=len(a))
    return int(counts.sum())
