"""Nearest-neighbour searches by brute force, for any metric that has a kernel and any device.

Searches return neighbours row by row: `starts` says where each query's begin in the flat arrays of distances
and of indices. Euclidean distances, and cosine ones, which are half the squared Euclidean ones of rows of
length 1, are searched without ever being stored; the other metrics go through panels of `working_memory`.
"""

from __future__ import annotations

import numpy as np

from .. import _config

__all__ = ["METRICS", "drop_self", "drop_self_within", "find_nearest", "find_within"]

METRICS = {  # scikit-learn's names -> the kernels'
    "euclidean": "euclidean", "l2": "euclidean", "sqeuclidean": "sqeuclidean",
    "manhattan": "manhattan", "cityblock": "manhattan", "l1": "manhattan",
    "chebyshev": "chebyshev", "infinity": "chebyshev", "minkowski": "minkowski", "p": "minkowski",
    "cosine": "cosine", "canberra": "canberra", "braycurtis": "braycurtis", "hamming": "hamming",
}  # fmt: skip

PANEL_BYTES = 16 << 20  # of distances at a time: half of them a small part of a shared cache
DROP_PAIRS = 1 << 16  # pairs from which queries are taken out at a time: they stay in a core's cache
PANEL_ROWS = 512  # queries of a panel, enough to use packed candidates often


def find_nearest(device, X, Y, n_neighbors, metric, p=2.0):
    """Find each query's nearest candidates, nearest first, equal distances by index.

    Parameters
    ----------
    device : Device
        Where X and Y are.

    X : array of shape (n_queries, n_features), float32 or float64
        Queries.

    Y : array of shape (n_samples, n_features), of X's dtype
        Candidates.

    n_neighbors : int
        At most n_samples.

    metric : str
        A value of `METRICS`.

    p : float, default=2.0
        The power of Minkowski's metric.

    Returns
    -------
    distances : array of shape (n_queries, n_neighbors), float64
        On the device.

    indices : array of shape (n_queries, n_neighbors), int64
        Rows of Y.
    """
    distances = device.empty((X.shape[0], n_neighbors), np.float64)
    indices = device.empty((X.shape[0], n_neighbors), np.int64)
    plan = _euclidean_plan(device, X, Y, metric)
    if plan is None:
        _nearest_by_panels(device, X, Y, metric, p, distances, indices)
    else:
        device.kernels.neighbors.find_nearest(plan.X, plan.Y, distances, indices)
        plan.finish(distances)
    return distances, indices


def find_within(device, X, Y, radius, metric, p=2.0):
    """Find each query's candidates within a radius, by index.

    Parameters
    ----------
    device, X, Y, metric, p
        As for `find_nearest`.

    radius : float or array of shape (n_queries,)
        Candidates at just that distance belong to the result.

    Returns
    -------
    starts : array of shape (n_queries + 1,), int64
        Where each query's neighbours begin.

    distances : array of shape (n_pairs,), float64
        On the device.

    indices : array of shape (n_pairs,), int64
        Rows of Y.
    """
    radii = device.asarray(np.broadcast_to(np.asarray(radius, np.float64), (X.shape[0],)))
    plan = _euclidean_plan(device, X, Y, metric)
    if plan is None:
        return _within_by_panels(device, X, Y, metric, p, radii)
    kernels, limits = device.kernels.neighbors, plan.limits(radii)
    counts = device.empty((X.shape[0],), np.int64)
    kernels.count_within(plan.X, plan.Y, limits, counts)
    starts = starts_of(device, counts)
    distances, indices = (
        device.empty((int(starts[-1]),), np.float64),
        device.empty((int(starts[-1]),), np.int64),
    )
    kernels.list_within(plan.X, plan.Y, limits, starts, distances, indices)
    plan.finish(distances)
    return starts, distances, indices


def starts_of(device, counts):
    """Where rows of so many values begin, one after the other; at last, where they end."""
    starts = device.zeros((counts.shape[0] + 1,), np.int64)
    starts[1:] = device.xp.cumsum(counts)
    return starts


# ---- metrics that are Euclidean in disguise -----------------------------------------------------
class _Plan:
    """Which rows to search, and how squared Euclidean distances become those asked for."""

    def __init__(self, device, X, Y, metric):
        self.xp, self.X, self.Y, self.metric = device.xp, X, Y, metric

    def limits(self, radii):
        if self.metric == "cosine":
            return 2 * radii
        return radii * radii if self.metric == "euclidean" else radii

    def finish(self, distances):
        if self.metric == "euclidean":
            self.xp.sqrt(distances, out=distances)
        elif self.metric == "cosine":
            distances *= 0.5


def _euclidean_plan(device, X, Y, metric):
    if metric in ("euclidean", "sqeuclidean"):
        return _Plan(device, X, Y, metric)
    if metric != "cosine":
        return None
    X, Y = _unit_rows(device, X), _unit_rows(device, Y)
    # A row of zeros has no direction: it is at distance 1 from all others, which no row of length 1 is.
    return None if X is None or Y is None else _Plan(device, X, Y, metric)


def _unit_rows(device, X):
    """Rows scaled to length 1, in float64; None if there is a row of zeros."""
    X = X.astype(np.float64)
    X /= _not_zero(device.xp.abs(X).max(axis=1))[:, None]  # so that no square overflows
    norms = device.xp.sqrt((X * X).sum(axis=1))
    if not norms.all():
        return None
    X /= norms[:, None]
    return X


def _not_zero(values):
    values[values == 0] = 1
    return values


# ---- the other metrics --------------------------------------------------------------------------
def _panels(device, X, Y, metric, p):
    """Yield panels of distances: first query, first candidate, distances in float64."""
    budget = int(min(PANEL_BYTES, _config.current()["working_memory"] * 2**20)) // 8
    rows = max(1, min(PANEL_ROWS, len(X), budget))
    columns = max(1, min(len(Y), budget // rows))
    memory = device.empty((rows * columns,), np.float64)
    for i in range(0, len(X), rows):
        queries = X[i : i + rows].astype(np.float64, copy=False)
        for j in range(0, len(Y), columns):
            candidates = Y[j : j + columns].astype(np.float64, copy=False)
            shape = len(queries), len(candidates)
            panel = memory[: shape[0] * shape[1]].reshape(shape)
            device.kernels.distance.pairwise(queries, candidates, metric, panel, p)
            yield i, j, panel


def _nearest_by_panels(device, X, Y, metric, p, distances, indices):
    lists = device.kernels.neighbor_lists
    distances.fill(np.inf)
    indices.fill(np.iinfo(np.int64).max)
    for i, j, panel in _panels(device, X, Y, metric, p):
        rows = slice(i, i + len(panel))
        lists.merge_panel(panel, j, distances[rows], indices[rows])
    starts = device.xp.arange(0, distances.size + 1, distances.shape[1])
    lists.sort_rows(starts, distances.reshape(-1), indices.reshape(-1))


def _within_by_panels(device, X, Y, metric, p, radii):
    xp = device.xp
    parts = []
    for i, j, panel in _panels(device, X, Y, metric, p):
        near = panel <= radii[i : i + len(panel), None]
        rows, columns = xp.nonzero(near)
        parts.append((rows + i, panel[near], columns + j))
    rows, distances, indices = (xp.concatenate(part) for part in zip(*parts))
    order = xp.argsort(rows, kind="stable")
    starts = starts_of(device, xp.bincount(rows, minlength=len(X)))
    return starts, distances[order], indices[order]


# ---- queries that are candidates themselves -------------------------------------------------------
def drop_self(device, distances, indices):
    """Take each query itself out of its neighbours.

    Where it is not among them, because too many others are equal to it, the first goes.

    Parameters
    ----------
    device : Device
        Where the arrays are.

    distances, indices : array of shape (n_queries, n_neighbors + 1)
        Neighbours of the candidates themselves.

    Returns
    -------
    distances, indices : array of shape (n_queries, n_neighbors)
        Neighbours other than the query.
    """
    xp = device.xp
    kept_distances, kept_indices = distances[:, 1:].copy(), indices[:, 1:].copy()
    late = xp.flatnonzero(indices[:, 0] != xp.arange(len(indices)))
    if len(late):
        keep = indices[late] != late[:, None]
        keep[keep.all(axis=1), 0] = False
        kept_distances[late] = distances[late][keep].reshape(len(late), -1)
        kept_indices[late] = indices[late][keep].reshape(len(late), -1)
    return kept_distances, kept_indices


def drop_self_within(device, starts, distances, indices):
    """Take each query itself out of its neighbours within a radius.

    Parameters
    ----------
    device : Device
        Where the arrays are.

    starts, distances, indices : array
        As `find_within` returns them for the candidates themselves. The last two are overwritten.

    Returns
    -------
    starts, distances, indices : array
        The same without the queries.
    """
    xp, bounds, kept, first = device.xp, device.to_host(starts), 0, 0
    counts = xp.diff(starts)
    while first < len(counts):
        stop = max(first + 1, int(np.searchsorted(bounds, bounds[first] + DROP_PAIRS, side="right")) - 1)
        pairs = slice(int(bounds[first]), int(bounds[stop]))
        rows = xp.repeat(xp.arange(first, stop), counts[first:stop])
        keep = indices[pairs] != rows
        counts[rows[~keep]] -= 1
        end = kept
        for values in (distances, indices):
            left = values[pairs][keep]
            end = kept + len(left)
            values[kept:end] = left
        kept, first = end, stop
    return starts_of(device, counts), distances[:kept], indices[:kept]
