"""Distances between rows, as their definitions say."""

import numpy as np


def _ratio(a, b):
    return np.divide(a, b, out=np.zeros_like(a), where=b != 0)


def _cosine(x, y):
    norms = np.sqrt((x * x).sum() * (y * y).sum())
    return 1.0 - (x * y).sum() / norms if norms else 1.0


DEFINITIONS = {
    "euclidean": lambda x, y, p: np.sqrt(((x - y) ** 2).sum()),
    "sqeuclidean": lambda x, y, p: ((x - y) ** 2).sum(),
    "manhattan": lambda x, y, p: np.abs(x - y).sum(),
    "chebyshev": lambda x, y, p: np.abs(x - y).max(),
    "cosine": lambda x, y, p: _cosine(x, y),
    "minkowski": lambda x, y, p: (np.abs(x - y) ** p).sum() ** (1 / p),
    "canberra": lambda x, y, p: _ratio(np.abs(x - y), np.abs(x) + np.abs(y)).sum(),
    "braycurtis": lambda x, y, p: np.abs(x - y).sum() / np.abs(x + y).sum(),
    "hamming": lambda x, y, p: np.mean(x != y),
}


def pairwise(X, Y, metric, out, p=2.0):
    """Distances between all rows of X and all rows of Y -> out; from a row of X to itself 0."""
    for i, x in enumerate(X.astype(np.float64)):
        for j, y in enumerate(Y.astype(np.float64)):
            out[i, j] = 0 if X is Y and i == j else DEFINITIONS[metric](x, y, p)


def nearest(X, Y, metric, index_out, distance_out, p=2.0):
    """For each row of X the first of the nearest rows of Y and its distance."""
    distances = np.empty((len(X), len(Y)))
    pairwise(X, Y, metric, distances, p)
    index_out[:] = distances.argmin(1)
    distance_out[:] = distances.min(1)
