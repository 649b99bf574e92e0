"""Distances between all rows of two arrays, and the nearest row.

Where a metric's terms are one or two instructions, six rows against a panel of packed ones are computed in
registers (`_distance_tiles`); the other metrics go one row and one panel at a time.
"""

import math

import numpy as np

from ..._threads import for_each_block
from .._compile import LANES, TILE_ROWS, TILE_WIDTH, IntT, T, float64, int64, lanes, simd, tile_width
from ..scalar import METRICS, finish_distance
from ._distance_tiles import (
    TERMS,
    TILES,
    add_terms,
    distance_tile,
    for_each_metric,
    pack,
    panels_at_a_time,
    row_in_tiles,
    rows_of_block,
    unit_rows,
    whole_tile,
)

__all__ = ["nearest", "pairwise"]


# ---- range kernels ---------------------------------------------------------------------
@for_each_metric("distance_tile", TILES)
def fill_distances(
    X: T[:, :],  # IN  (max(n_samples_X, TILE_ROWS), n_features)
    panels: T[:],  # IN  packed Y
    distances_out: T[:, :],  # OUT (n_samples_X, n_samples_Y)
    start: int64,
    stop: int64,
):
    """Rows start..stop of the distance matrix."""
    n_features, n_columns = X.shape[1], distances_out.shape[1]
    n_panels = (n_columns + TILE_WIDTH - 1) // TILE_WIDTH
    step = panels_at_a_time(n_features)
    for first in range(0, n_panels, step):
        for i in range(start, stop, TILE_ROWS):
            row = min(i, X.shape[0] - TILE_ROWS)  # the last tile reaches back over rows that are done
            for p in range(first, min(first + step, n_panels)):
                column = p * TILE_WIDTH
                acc = distance_tile(X, row * n_features, n_features, panels, column * n_features)
                if row == i and i + TILE_ROWS <= stop and column + TILE_WIDTH <= n_columns:
                    simd.store_tile(acc, distances_out, i * n_columns + column, n_columns)
                else:
                    at = row * n_columns + column
                    simd.store_tile_part(
                        acc, distances_out, at, n_columns, i - row, stop - row, n_columns - column
                    )


@for_each_metric("distance_tile", TILES)
def find_nearest(
    X: T[:, :],  # IN  (max(n_samples_X, TILE_ROWS), n_features)
    panels: T[:],  # IN  packed Y
    index_out: int64[:],  # OUT (n_samples_X,)
    distance_out: T[:],  # OUT (n_samples_X,)
    best_work: T[:],  # WORK (n_tiles * TILE_ROWS * LANES,)
    where_work: IntT[:],  # WORK likewise
    start: int64,
    stop: int64,
):
    """The first of the nearest rows of Y, for rows start..stop of X."""
    n_features = X.shape[1]
    panel_size = n_features * TILE_WIDTH
    n_panels = panels.shape[0] // panel_size
    step = panels_at_a_time(n_features)
    for k in range((stop - start + TILE_ROWS - 1) // TILE_ROWS * TILE_ROWS * LANES):
        best_work[k] = np.inf
        where_work[k] = 0
    for first in range(0, n_panels, step):
        for i in range(start, stop, TILE_ROWS):
            row = min(i, X.shape[0] - TILE_ROWS)
            for p in range(first, min(first + step, n_panels)):
                acc = distance_tile(X, row * n_features, n_features, panels, p * panel_size)
                simd.keep_smallest(acc, p * TILE_WIDTH, best_work, where_work, (i - start) * LANES)
    for i in range(start, stop):
        lane = row_in_tiles(i, start, X.shape[0]) * LANES
        values, columns = simd.load(best_work, lane), simd.load(where_work, lane)
        no_column = simd.splat_index(2147483647, values)
        smallest = simd.lane_min(values)
        at_smallest = values == simd.splat(smallest)
        index_out[i] = simd.lane_min_index(simd.select(at_smallest, columns, no_column))
        distance_out[i] = smallest


@for_each_metric("add_terms", TERMS)
def fill_row_distances(
    X: T[:, :],  # IN  (n_samples_X, n_features)
    panels: T[:],  # IN  packed Y
    metric: int64,  # IN  a metric without a tile
    p: float64,  # IN  the power of Minkowski's metric
    distances_out: T[:, :],  # OUT (n_samples_X, n_samples_Y)
    sums_work: T[:],  # WORK (2 * TILE_WIDTH,): the terms' sums, and what Bray-Curtis divides them by
    start: int64,
    stop: int64,
):
    """Rows start..stop of the distance matrix, one row and one panel at a time."""
    n_features, n_columns = X.shape[1], distances_out.shape[1]
    for i in range(start, stop):
        for column in range(0, n_columns, TILE_WIDTH):
            for k in range(2 * TILE_WIDTH):
                sums_work[k] = T(0)
            for t in range(n_features):
                add_terms(X[i, t], panels, column * n_features + t * TILE_WIDTH, p, sums_work)
            for k in range(min(TILE_WIDTH, n_columns - column)):
                distances_out[i, column + k] = finish_distance(
                    metric, sums_work[k], sums_work[TILE_WIDTH + k], n_features, p
                )


# ---- launchers ---------------------------------------------------------------------------
def pairwise(X, Y, metric, out, p=2.0):
    """Compute the distances between all rows of X and all rows of Y.

    Parameters
    ----------
    X : ndarray of shape (n_samples_X, n_features), float32 or float64
        Rows, C-contiguous, finite.

    Y : ndarray of shape (n_samples_Y, n_features), dtype of X
        Rows. When it is X itself, the distance from each row to itself is exactly 0.

    metric : str
        A key of `fastml.kernels.scalar.METRICS`: euclidean, sqeuclidean, manhattan, chebyshev, cosine,
        minkowski, canberra, braycurtis, hamming. Cosine takes a row of zeros to be at distance 1 from
        all others.

    out : ndarray of shape (n_samples_X, n_samples_Y), dtype of X
        Receives the distances; C-contiguous.

    p : float, default=2.0
        The power of Minkowski's metric.
    """
    metric, X, Y, same = prepare(metric, X, Y, p)
    panels = pack(Y)
    tiled = metric in TILES
    task = _tile_task(X, panels, metric, out) if tiled else _row_task(X, panels, metric, p, out)
    terms = Y.size * (1 if tiled else 8)
    for_each_block(task, out.shape[0], rows_of_block(terms), work=out.shape[0] * terms)
    if same and metric == "cosine":
        np.fill_diagonal(out, 0)


def _tile_task(X, panels, metric, out):
    X, fill = whole_tile(X), fill_distances[metric]

    def task(block, start, stop):
        fill(X, panels, out, start, stop)

    return task


def _row_task(X, panels, metric, p, out):
    fill = fill_row_distances[metric]

    def task(block, start, stop):
        sums = np.empty(2 * tile_width(X.dtype), X.dtype)
        fill(X, panels, METRICS[metric], p, out, sums, start, stop)

    return task


def nearest(X, Y, metric, index_out, distance_out, p=2.0):
    """Find the nearest row of Y for each row of X.

    Parameters
    ----------
    X : ndarray of shape (n_samples_X, n_features), float32 or float64
        Rows, C-contiguous, finite.

    Y : ndarray of shape (n_samples_Y, n_features), dtype of X
        Rows, at least one.

    metric : str
        As in `pairwise`.

    index_out : ndarray of shape (n_samples_X,), int64
        Receives the row of Y; of equally near ones the first.

    distance_out : ndarray of shape (n_samples_X,), dtype of X
        Receives the distance.

    p : float, default=2.0
        The power of Minkowski's metric.
    """
    rooted = metric == "euclidean" or (metric == "minkowski" and p == 2)
    metric, X, Y, _ = prepare("sqeuclidean" if rooted else metric, X, Y, p)
    panels = pack(Y)
    task = _nearest_task(X, panels, metric, index_out, distance_out) if metric in TILES else None
    if task is None:
        task = _nearest_row_task(X, panels, metric, p, len(Y), index_out, distance_out)
    terms = Y.size * (1 if metric in TILES else 8)
    for_each_block(task, len(X), rows_of_block(terms), work=len(X) * terms)
    if rooted:
        np.sqrt(distance_out, out=distance_out)


def _nearest_task(X, panels, metric, index_out, distance_out):
    whole, find = whole_tile(X), find_nearest[metric]

    def task(block, start, stop):
        size = -(-(stop - start) // TILE_ROWS) * TILE_ROWS * lanes(X.dtype)
        best, where = np.empty(size, X.dtype), np.empty(size, f"i{X.itemsize}")
        find(whole, panels, index_out, distance_out, best, where, start, stop)

    return task


def _nearest_row_task(X, panels, metric, p, n_columns, index_out, distance_out):
    fill = fill_row_distances[metric]

    def task(block, start, stop):
        sums = np.empty(2 * tile_width(X.dtype), X.dtype)
        distances = np.empty((1, n_columns), X.dtype)
        for i in range(start, stop):
            fill(X[i : i + 1], panels, METRICS[metric], p, distances, sums, 0, 1)
            index_out[i] = distances[0].argmin()
            distance_out[i] = distances[0, index_out[i]]

    return task


def prepare(metric, X, Y, p):
    """Reduce a metric to one that has a kernel.

    Returns
    -------
    metric : str
        The metric to compute; Minkowski's with p of 1, 2 or infinity has a name of its own.

    X, Y : ndarray
        The rows to compute it of: for cosine, scaled to length 1.

    same : bool
        Whether Y was X.
    """
    same = Y is X
    if metric == "minkowski":
        metric = {1.0: "manhattan", 2.0: "euclidean", math.inf: "chebyshev"}.get(p, metric)
    if metric == "cosine":
        X = unit_rows(X)
        Y = X if same else unit_rows(Y)
    return metric, X, Y, same
