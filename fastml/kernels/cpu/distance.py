"""Distances between all rows of two arrays, and the nearest row, in register tiles (`_distance_tiles`)."""

import math

import numpy as np

from ..._threads import for_each_block
from .._compile import (
    LANES,
    TILE_ROWS,
    TILE_WIDTH,
    IntT,
    T,
    boolean,
    float64,
    helper,
    int64,
    kernel,
    lanes,
    simd,
)
from ._distance_tiles import (
    COSTS,
    METRICS,
    PRODUCTS,
    ROWS,
    TILES,
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


SYMMETRIC_COST = 32  # of a distance that takes longer to compute than to copy from across the diagonal
# From this size on float64 products win: they save a subtraction for each term, and cost a pass at the end.
PRODUCT_FEATURES, PRODUCT_ROWS = 192, 64
CANCELLED = 1e-4  # the part of |x|^2 below which a squared distance has lost four digits
MIRROR_ROWS = 64  # of a block of rows that is copied from columns: whole squares of vectors


# ---- range kernels ---------------------------------------------------------------------
@for_each_metric(TILES)
def fill_distances(
    X: T[:, :],  # IN  (max(n_samples_X, TILE_ROWS), n_features)
    panels: T[:],  # IN  packed Y
    p: float64,  # IN  the power of Minkowski's metric
    distances_out: T[:, :],  # OUT (n_samples_X, n_samples_Y)
    upper: boolean,  # IN  whether what lies left of the diagonal may be left out
    start: int64,
    stop: int64,
):
    """Rows start..stop of the distance matrix."""
    n_features, n_columns = X.shape[1], distances_out.shape[1]
    n_panels = (n_columns + TILE_WIDTH - 1) // TILE_WIDTH
    step = panels_at_a_time(n_features)
    for first in range(0, n_panels, step):
        for i in range(start, stop, ROWS):
            row = min(i, X.shape[0] - ROWS)  # the last tile reaches back over rows that are done
            begin = max(first, i // TILE_WIDTH) if upper else first
            for panel in range(begin, min(first + step, n_panels)):
                column = panel * TILE_WIDTH
                acc = distance_tile(X, row * n_features, n_features, panels, column * n_features, p)
                at = row * n_columns + column
                if row == i and i + ROWS <= stop and column + TILE_WIDTH <= n_columns:
                    simd.store_tile(acc, distances_out, at, n_columns)
                else:
                    simd.store_tile_part(
                        acc, distances_out, at, n_columns, i - row, stop - row, n_columns - column
                    )


@kernel
def mirror_upper(
    distances_out: T[:, :],  # OUT (n_samples, n_samples)
    start: int64,
    stop: int64,
):
    """Copy to rows start..stop, left of the diagonal, what is above it; `start` is a multiple of LANES."""
    n = distances_out.shape[0]
    for j in range(0, stop, LANES):
        for i in range(max(start, j), stop, LANES):
            if j < i and i + LANES <= stop:
                block = simd.tile_of_rows(distances_out, j * n + i, n, LANES, 1)
                simd.store_tile(simd.transpose(block), distances_out, i * n + j, n)
            else:
                for r in range(i, min(i + LANES, stop)):
                    for c in range(j, min(j + LANES, r)):
                        distances_out[r, c] = distances_out[c, r]


# The squared differences of rows to be added up may be added up in any order.
@kernel(fastmath={"reassoc", "contract"})
def write_factors(
    X: T[:, :],  # IN  (n_samples, n_features)
    center: T[:],  # IN  (n_features,)
    factor: T,
    factors_out: T[:, :],  # OUT (n_samples, n_features + 2), but for the last two columns
    norms_out: T[:],  # OUT (n_samples,)
    start: int64,
    stop: int64,
):
    """Rows start..stop, relative to the center, times a factor; and their squared lengths."""
    for i in range(start, stop):
        norm = T(0)
        for t in range(center.shape[0]):
            value = X[i, t] - center[t]
            factors_out[i, t] = factor * value
            norm += value * value
        norms_out[i] = norm


@kernel
def finish_products(
    X: T[:, :],  # IN  (n_samples_X, n_features)
    Y: T[:, :],  # IN  (n_samples_Y, n_features)
    limits: T[:],  # IN  (n_samples_X,)
    rooted: boolean,
    upper: boolean,  # IN  whether what lies left of the diagonal may be left out
    distances_out: T[:, :],  # OUT (n_samples_X, n_samples_Y) squared distances, made good
    start: int64,
    stop: int64,
):
    """In rows start..stop compute anew, from differences, what is not above a row's limit; take roots."""
    n_columns = Y.shape[0]
    for i in range(start, stop):
        limit = simd.splat(limits[i])
        for begin in range(i if upper else 0, n_columns, LANES):
            j = min(begin, n_columns - LANES)  # the last vector reaches back
            at = i * n_columns + j
            if simd.bits(simd.load(distances_out, at) <= limit):
                for k in range(begin, j + LANES):
                    if distances_out[i, k] <= limits[i]:
                        distances_out[i, k] = squared_distance(X, Y, i, k)
            if rooted and begin == j:
                simd.store(distances_out, at, simd.sqrt(simd.load(distances_out, at)))
            elif rooted:
                for k in range(begin, n_columns):
                    distances_out[i, k] = math.sqrt(distances_out[i, k])


@helper(fastmath={"reassoc", "contract"})
def squared_distance(X, Y, i, j):
    total = T(0)
    for t in range(X.shape[1]):
        total += (X[i, t] - Y[j, t]) ** 2
    return total


@for_each_metric(METRICS)
def find_nearest(
    X: T[:, :],  # IN  (max(n_samples_X, TILE_ROWS), n_features)
    panels: T[:],  # IN  packed Y
    p: float64,  # IN  the power of Minkowski's metric
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
    for k in range(best_work.shape[0]):
        best_work[k] = np.inf
        where_work[k] = 0
    for first in range(0, n_panels, step):
        for i in range(start, stop, ROWS):
            row = min(i, X.shape[0] - ROWS)
            for panel in range(first, min(first + step, n_panels)):
                acc = distance_tile(X, row * n_features, n_features, panels, panel * panel_size, p)
                simd.keep_smallest(acc, panel * TILE_WIDTH, best_work, where_work, (i - start) * LANES)
    for i in range(start, stop):
        lane = row_in_tiles(i, start, X.shape[0], ROWS) * LANES
        values, columns = simd.load(best_work, lane), simd.load(where_work, lane)
        no_column = simd.splat_index(2147483647, values)
        smallest = simd.lane_min(values)
        at_smallest = values == simd.splat(smallest)
        index_out[i] = simd.lane_min_index(simd.select(at_smallest, columns, no_column))
        distance_out[i] = smallest


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
        euclidean, sqeuclidean, manhattan, chebyshev, cosine,
        minkowski, canberra, braycurtis, hamming. Cosine takes a row of zeros to be at distance 1 from
        all others.

    out : ndarray of shape (n_samples_X, n_samples_Y), dtype of X
        Receives the distances; C-contiguous.

    p : float, default=2.0
        The power of Minkowski's metric.
    """
    metric, X, Y, same = _prepare(metric, X, Y, p)
    if _products_pay(metric, X, Y):
        return _pairwise_by_products(X, Y, metric == "euclidean", out)
    panels, rows, fill = pack(Y), whole_tile(X), fill_distances[metric]
    cost = COSTS.get(metric, 1)
    halved = same and X.shape[1] * cost >= SYMMETRIC_COST

    def fill_block(block, start, stop):
        fill(rows, panels, p, out, halved, start, stop)

    terms = Y.size * cost
    for_each_block(fill_block, len(X), rows_of_block(len(X), terms), work=len(X) * terms)
    if halved:
        mirror(out)
    if same and metric == "cosine":
        np.fill_diagonal(out, 0)


def mirror(out):
    """Copy what is above the diagonal of a square array to below it."""

    def task(block, start, stop):
        mirror_upper(out, start, stop)

    for_each_block(task, len(out), MIRROR_ROWS, work=out.size)


def _products_pay(metric, X, Y):
    """Whether multiplying is worth its preparation. float32 has no digits to spare for it."""
    large = X.shape[1] >= PRODUCT_FEATURES and min(len(X), len(Y)) >= PRODUCT_ROWS
    return large and X.dtype == np.float64 and metric in ("euclidean", "sqeuclidean")


def _pairwise_by_products(X, Y, rooted, out):
    """Distances as ``|x|^2 - 2 x.y + |y|^2`` relative to Y's mean; from differences where that cancels."""
    center = Y.mean(axis=0)
    left, norms = _factors(X, center, -2.0)
    right, norms_Y = _factors(Y, center, 1.0)
    left[:, -2], left[:, -1] = norms, 1
    right[:, -2], right[:, -1] = 1, norms_Y
    panels, fill, limits = pack(right), fill_distances[PRODUCTS], CANCELLED * norms

    def task(block, start, stop):
        fill(left, panels, 2.0, out, Y is X, start, stop)
        finish_products(X, Y, limits, rooted, Y is X, out, start, stop)

    for_each_block(task, len(X), rows_of_block(len(X), Y.size), work=len(X) * Y.size)
    if Y is X:
        mirror(out)


def _factors(X, center, factor):
    factors, norms = np.empty((len(X), X.shape[1] + 2), X.dtype), np.empty(len(X), X.dtype)

    def task(block, start, stop):
        write_factors(X, center, factor, factors, norms, start, stop)

    for_each_block(task, len(X), rows_of_block(len(X), X.shape[1]), work=X.size)
    return factors, norms


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
    metric, X, Y, _ = _prepare("sqeuclidean" if rooted else metric, X, Y, p)
    panels, rows, find = pack(Y), whole_tile(X), find_nearest[metric]

    def task(block, start, stop):
        size = -(-(stop - start) // TILE_ROWS) * TILE_ROWS * lanes(X.dtype)
        best, where = np.empty(size, X.dtype), np.empty(size, f"i{X.itemsize}")
        find(rows, panels, p, index_out, distance_out, best, where, start, stop)

    terms = Y.size * COSTS.get(metric, 1)
    for_each_block(task, len(X), rows_of_block(len(X), terms), work=len(X) * terms)
    if rooted:
        np.sqrt(distance_out, out=distance_out)


def _prepare(metric, X, Y, p):
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
