"""Naive nearest-neighbour searches and votes: every distance, a stable sort, plain loops."""

import numpy as np


def squared_distances(X, Y):
    """Squared Euclidean distances by differences, in float64."""
    differences = X[:, None, :].astype(np.float64) - Y[None, :, :].astype(np.float64)
    return (differences**2).sum(axis=2)


def distances_of(X, Y, metric, p=2):
    """Distances of a Minkowski metric ("euclidean", "manhattan", "chebyshev", "minkowski"), in float64."""
    differences = np.abs(X[:, None, :].astype(np.float64) - Y[None, :, :].astype(np.float64))
    if metric == "chebyshev":
        return differences.max(axis=2)
    p = {"manhattan": 1, "euclidean": 2}.get(metric, p)
    return (differences**p).sum(axis=2) ** (1 / p)


def nearest_of(distances, n_neighbors):
    """The smallest of each row, ties to the lowest column: values and columns."""
    order = np.argsort(distances, axis=1, kind="stable")[:, :n_neighbors]
    return np.take_along_axis(distances, order, axis=1), order


def find_nearest(X, Y, n_neighbors):
    return nearest_of(squared_distances(X, Y), n_neighbors)


def count_within(X, Y, limits):
    return (squared_distances(X, Y) <= limits[:, None]).sum(axis=1)


def list_within(X, Y, limits):
    """Starts of the rows, squared distances and columns of all pairs within the limits, row by row."""
    distances = squared_distances(X, Y)
    rows, columns = np.nonzero(distances <= limits[:, None])
    starts = np.searchsorted(rows, np.arange(len(X) + 1))
    return starts, distances[rows, columns], columns


def sort_rows(starts, distances, indices):
    """Each row sorted by distance, then by index."""
    rows = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    order = np.lexsort((indices, distances, rows))
    return distances[order], indices[order]


def merge_panel(panel, first, distances, indices):
    """The smallest of each row of the lists and the panel together."""
    columns = np.broadcast_to(np.arange(first, first + panel.shape[1]), panel.shape)
    both, where = np.hstack([distances, panel]), np.hstack([indices, columns])
    order = np.lexsort((where, both), axis=1)[:, : distances.shape[1]]
    return np.take_along_axis(both, order, axis=1), np.take_along_axis(where, order, axis=1)


def count_votes(starts, indices, weights, labels, n_classes):
    votes = np.zeros((len(starts) - 1, n_classes))
    for i in range(len(votes)):
        for at in range(starts[i], starts[i + 1]):
            votes[i, labels[indices[at]]] += 1 if weights is None else weights[at]
    return votes


def average_neighbors(starts, indices, weights, y):
    means = np.full((len(starts) - 1, y.shape[1]), np.nan)
    for i in range(len(means)):
        mine = slice(starts[i], starts[i + 1])
        if starts[i + 1] > starts[i]:
            w = None if weights is None else weights[mine]
            means[i] = np.average(y[indices[mine]], axis=0, weights=w)
    return means
