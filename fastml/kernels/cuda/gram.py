"""Products of centred features on CUDA, by cuBLAS: the twins of `fastml.kernels.cpu.gram`."""

import numpy as np

from .._cuda import cp
from ._memory import scratch_bytes

__all__ = ["centred_gram", "centred_slopes"]

GRAM_ROWS = 1 << 16  # the most rows whose products are summed in X's dtype


def blocks_of_rows(X):
    """Cut the rows of X into blocks of which a float64 copy fits the working memory."""
    rows = int(min(GRAM_ROWS, max(1, scratch_bytes() // (16 * X.shape[1]))))
    return [slice(start, start + rows) for start in range(0, X.shape[0], rows)]


def centred_gram(X, Y, means, roots):
    """See the CPU twin."""
    n_features = X.shape[1]
    gram = cp.zeros((n_features, n_features), np.float64)
    products = cp.zeros((Y.shape[1], n_features), np.float64)
    means = means.astype(X.dtype)
    for block in blocks_of_rows(X):
        centred = X[block] - means
        if roots is not None:
            centred *= roots[block].astype(X.dtype)[:, None]
        gram += centred.T @ centred
        products += Y[block].astype(X.dtype).T @ centred
    return gram, products


def centred_slopes(X, means, residual):
    """See the CPU twin."""
    slopes = cp.zeros((residual.shape[0], X.shape[1]), np.float64)
    for block in blocks_of_rows(X):
        slopes += residual[:, block] @ (X[block].astype(np.float64) - means)
    return slopes
