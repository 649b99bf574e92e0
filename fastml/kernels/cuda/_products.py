"""Products of two narrow matrices with many rows, such as those of the normal equations."""

import numpy as np

from .._cuda import cp

CHUNK = 2048  # rows, at the least, whose products are summed side by side
LONGEST_CHUNK = 1 << 16  # rows, at the most, whose products are summed in the data's dtype
SUMS = 1 << 22  # that are there at a time


def sum_products(A, B):
    """Multiply A.T and B, of shapes (n_rows, n) and (n_rows, m): float64 sums over chunks of rows.

    cuBLAS alone leaves most of a GPU idle here: there are few sums, and it splits none of them.
    """
    n_rows = A.shape[0]
    total = cp.zeros((A.shape[1], B.shape[1]), np.float64)
    at_once = max(1, min(n_rows // CHUNK, SUMS // max(1, total.size)))
    size = max(1, min(n_rows // at_once, LONGEST_CHUNK))
    whole = n_rows - n_rows % size
    for start in range(0, whole, at_once * size):
        stop = min(start + at_once * size, whole)
        n_chunks = (stop - start) // size
        left, right = (a[start:stop].reshape(n_chunks, size, a.shape[1]) for a in (A, B))
        total += cp.matmul(left.swapaxes(1, 2), right).sum(axis=0, dtype=np.float64)
    if whole < n_rows:
        total += A[whole:].T @ B[whole:]
    return total
