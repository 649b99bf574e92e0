"""How often labels occur together."""

import numpy as np


def find_range(labels):
    """The smallest and the largest label."""
    return min(map(int, labels)), max(map(int, labels))


def count_pairs(rows, columns, first_row, first_column, counts_out):
    """counts_out[i - first_row, j - first_column] += 1 for each pair of labels (i, j)."""
    for i, j in zip(rows, columns):
        counts_out[int(i) - first_row, int(j) - first_column] += 1


def add_pairs(rows, columns, weights, first_row, first_column, table_out):
    """table_out[i - first_row, j - first_column] += weight for each pair of labels (i, j)."""
    for i, j, weight in zip(rows, columns, weights):
        table_out[int(i) - first_row, int(j) - first_column] += weight


def count_equal(a, b):
    """How many labels are equal."""
    return int(np.sum(np.asarray(a) == np.asarray(b)))
