"""How neighbours are weighed, and what their votes and targets amount to."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _config
from .._device import CPU
from ._kd_tree import split_rows

__all__ = ["average", "count_votes", "even_starts", "weights_of_lists", "weights_of_rows"]


def even_starts(n_queries: int, n_neighbors: int) -> np.ndarray:
    """Where rows of equally many neighbours begin."""
    return np.arange(0, n_queries * n_neighbors + 1, n_neighbors)


def weights_of_lists(weights: Any, distances: np.ndarray) -> np.ndarray | None:
    """Weigh equally many neighbours of each query.

    Parameters
    ----------
    weights : {"uniform", "distance"}, callable or None
        How.

    distances : ndarray of shape (n_queries, n_neighbors)
        Distances.

    Returns
    -------
    weights : ndarray of shape (n_queries, n_neighbors), float64, or None
        None for equal weights.
    """
    if weights in (None, "uniform"):
        return None
    if callable(weights):
        return np.ascontiguousarray(weights(distances), np.float64)
    return _inverse(distances.ravel(), even_starts(*distances.shape)).reshape(distances.shape)


def weights_of_rows(weights: Any, distances: np.ndarray, starts: np.ndarray) -> np.ndarray | None:
    """Weigh differently many neighbours of each query.

    Parameters
    ----------
    weights : {"uniform", "distance"}, callable or None
        How. A callable is given an array of arrays, and returns one.

    distances : ndarray of shape (n_pairs,)
        Distances, row by row.

    starts : ndarray of shape (n_queries + 1,), int64
        Where each row begins.

    Returns
    -------
    weights : ndarray of shape (n_pairs,), float64, or None
        None for equal weights.
    """
    if weights in (None, "uniform"):
        return None
    if callable(weights):
        rows = weights(split_rows(distances, starts))
        return np.concatenate([np.empty(0), *rows])
    return _inverse(distances, starts)


def _inverse(distances, starts):
    """Inverse distances; in rows with a distance of zero, ones for these and zeros for the others."""
    with np.errstate(divide="ignore", over="ignore"):
        inverse = 1.0 / distances
    infinite = np.isinf(inverse)
    if not infinite.any():
        return inverse
    rows = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    here = np.zeros(len(starts) - 1, bool)
    here[rows[infinite]] = True
    return np.where(here[rows], infinite, inverse)


def count_votes(starts, indices, weights, labels, n_classes):
    """Yield slices of queries and their votes for each class, as many at a time as the working memory takes.

    Parameters
    ----------
    starts : ndarray of shape (n_queries + 1,), int64
        Where each query's neighbours begin.

    indices : ndarray of shape (n_pairs,), int64
        Neighbours, row by row.

    weights : ndarray of shape (n_pairs,) or None
        Their weights.

    labels : ndarray of shape (n_samples,), int64
        Classes of the fitted points, from 0.

    n_classes : int
        Number of classes.

    Yields
    ------
    rows : slice
        Queries.

    votes : ndarray of shape (n_rows, n_classes), float64
        Sums of weights.
    """
    n_queries = len(starts) - 1
    step = max(1, int(_config.current()["working_memory"] * 2**20) // (8 * n_classes))
    for first in range(0, n_queries, step):
        rows = slice(first, min(first + step, n_queries))
        votes = np.empty((rows.stop - first, n_classes))
        part = starts[first : rows.stop + 1]
        CPU.kernels.neighbor_lists.count_votes(part, indices, weights, labels, votes)
        yield rows, votes


def average(starts: np.ndarray, indices: np.ndarray, weights: np.ndarray | None, y: np.ndarray) -> np.ndarray:
    """Average the targets of neighbours.

    Parameters
    ----------
    starts, indices, weights
        As for `count_votes`.

    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Targets of the fitted points.

    Returns
    -------
    means : ndarray of shape (n_queries,) or (n_queries, n_outputs)
        NaN where there is no neighbour. float32 for equal weights of float32 targets, float64 otherwise.
    """
    targets = np.ascontiguousarray(y.reshape(len(y), -1), np.float64)
    means = np.empty((len(starts) - 1, targets.shape[1]))
    CPU.kernels.neighbor_lists.average_neighbors(starts, indices, weights, targets, means)
    if weights is None and y.dtype == np.float32:
        means = means.astype(np.float32)
    return means.ravel() if y.ndim == 1 else means
