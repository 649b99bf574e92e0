"""Scaling of rows, one value after the other."""

import numpy as np


def subtract_divide(X, shift, scale, out, low=-np.inf, high=np.inf):
    infinite = bool(np.isinf(X).any())
    for i in range(X.shape[0]):
        for j in range(X.shape[1]):
            out[i, j] = _clip((X[i, j] - shift[j]) / scale[j], low, high)
    return infinite


def multiply_add(X, scale, shift, out, low=-np.inf, high=np.inf):
    infinite = bool(np.isinf(X).any())
    for i in range(X.shape[0]):
        for j in range(X.shape[1]):
            out[i, j] = _clip(X[i, j] * scale[j] + shift[j], low, high)
    return infinite


def _clip(value, low, high):
    return value if np.isnan(value) else min(max(value, low), high)


def normalize_rows(X, norm, out):
    norms = np.empty(len(X), X.dtype)
    for i, row in enumerate(X.astype(np.float64)):
        size = np.abs(row)
        norms[i] = {"l1": size.sum(), "l2": np.sqrt((size**2).sum()), "max": size.max()}[norm]
        divisor = norms[i] if not norms[i] < 10 * np.finfo(X.dtype).eps else X.dtype.type(1)
        out[i] = X[i] / divisor
    return norms
