"""k-means, one row after the other: squared distances by differences, in float64."""

import numpy as np


def squared_distances(X, centers):
    """From every row to every center."""
    differences = X[:, None, :].astype(np.float64) - centers[None, :, :].astype(np.float64)
    return (differences**2).sum(axis=2)


def assign(X, centers):
    """The nearest center of each row, the lowest of several."""
    return squared_distances(X, centers).argmin(axis=1)


def sums(X, weights, labels, n_clusters):
    """Sums of weight times row, sums of weights, and numbers of rows with a weight, of each cluster."""
    weights = np.ones(len(X)) if weights is None else weights.astype(np.float64)
    totals, weight, counts = (
        np.zeros((n_clusters, X.shape[1])),
        np.zeros(n_clusters),
        np.zeros(n_clusters, int),
    )
    for row, w, label in zip(X.astype(np.float64), weights, labels):
        totals[label] += w * row
        weight[label] += w
        counts[label] += w != 0
    return totals, weight, counts


def means(sums, weights, centers):
    """The mean of each cluster, or its center where there is no weight."""
    return np.array([s / w if w > 0 else c for s, w, c in zip(sums, weights, centers.astype(np.float64))])


def row_distances(X, weights, centers, labels):
    """Squared distance of each row from its center, and their weighted sum."""
    distances = squared_distances(X, centers)[np.arange(len(X)), labels]
    return distances, float(distances @ (np.ones(len(X)) if weights is None else weights))
