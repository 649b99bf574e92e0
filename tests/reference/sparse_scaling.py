"""Scaling of sparse matrices in place, one value after the other."""

import numpy as np


def csr_multiply_columns(data, indices, factors):
    for k in range(len(data)):
        data[k] = data[k] * factors[indices[k]]


def csc_multiply_columns(data, indptr, factors):
    for j in range(len(factors)):
        for k in range(indptr[j], indptr[j + 1]):
            data[k] = data[k] * factors[j]


def csr_normalize_rows(data, indptr, norm):
    for i in range(len(indptr) - 1):
        row = data[indptr[i] : indptr[i + 1]].astype(np.float64)
        size = np.abs(row)
        if len(row) and size.max() > 0:
            data[indptr[i] : indptr[i + 1]] = (
                row / {"l1": size.sum(), "l2": np.sqrt((size**2).sum()), "max": size.max()}[norm]
            )
