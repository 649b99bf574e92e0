"""Column statistics of sparse matrices: made dense, one value after the other."""

import numpy as np

from tests.reference import columns


def csr_column_moments(data, indices, indptr, n_features, weights=None):
    return columns.column_moments(csr_to_dense(data, indices, indptr, n_features), weights)


def csc_column_moments(data, indices, indptr, n_samples, weights=None):
    return columns.column_moments(csr_to_dense(data, indices, indptr, n_samples).T, weights)


def csr_column_largest(data, indices, indptr, n_features):
    return _largest(csr_to_dense(data, indices, indptr, n_features))


def csc_column_largest(data, indptr, n_samples):
    return _largest(with_zeros(data, indptr, n_samples))


def csc_column_quantiles(data, indptr, n_samples, fractions):
    return columns.column_quantiles(with_zeros(data, indptr, n_samples), fractions)


def _largest(X):
    minima, maxima = columns.column_extremes(np.abs(X))
    return maxima


def csr_to_dense(data, indices, indptr, n_columns):
    X = np.zeros((len(indptr) - 1, n_columns), data.dtype)
    for i in range(len(X)):
        for k in range(indptr[i], indptr[i + 1]):
            X[i, indices[k]] = data[k]
    return X


def with_zeros(data, indptr, n_samples):
    """Columns with the stored values first."""
    X = np.zeros((n_samples, len(indptr) - 1), data.dtype)
    for j in range(X.shape[1]):
        stored = data[indptr[j] : indptr[j + 1]]
        X[: len(stored), j] = stored
    return X
