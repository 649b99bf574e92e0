"""Column statistics, one value after the other."""

import numpy as np


def column_moments(X, weights=None):
    n_features = X.shape[1]
    weights = np.ones(len(X)) if weights is None else weights
    counts, means, squares = np.zeros((3, n_features))
    for j in range(n_features):
        seen = ~np.isnan(X[:, j])
        # Half as many digits again as a double, so that the reference is right where doubles cancel.
        x = X[seen, j].astype(np.longdouble)
        w = weights[seen].astype(np.longdouble)
        counts[j] = w.sum()
        if counts[j]:
            mean = (w * x).sum() / w.sum()
            means[j] = mean
            squares[j] = (w * (x - mean) ** 2).sum()
    return counts, means, squares


def column_extremes(X):
    minima, maxima = np.full((2, X.shape[1]), np.nan, X.dtype)
    for j in range(X.shape[1]):
        seen = X[~np.isnan(X[:, j]), j]
        if len(seen):
            minima[j], maxima[j] = min(seen), max(seen)
    return minima, maxima


def column_quantiles(X, fractions):
    quantiles = np.full((len(fractions), X.shape[1]), np.nan)
    for j in range(X.shape[1]):
        seen = np.sort(X[~np.isnan(X[:, j]), j].astype(np.float64))
        for q, fraction in enumerate(fractions):
            if len(seen):
                position = fraction * (len(seen) - 1)
                below = int(np.floor(position))
                above = min(below + 1, len(seen) - 1)
                quantiles[q, j] = seen[below] + (position - below) * (seen[above] - seen[below])
    return quantiles
