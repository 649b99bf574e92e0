"""Distances between all rows of two arrays, and the nearest row.

The rows of Y are packed into panels: `TILE_WIDTH` of them side by side, feature by feature, so that a
vector register holds one feature of `LANES` rows. Six rows of X against a panel make a tile of distances
that is complete before it leaves the registers. Differences are squared as they are, not expanded into
products: nothing cancels, whatever the data's offset.
"""

import math

import numpy as np

from ..._threads import for_each_block
from .._compile import (
    LANES,
    TILE_ROWS,
    TILE_VECTORS,
    TILE_WIDTH,
    IntT,
    T,
    float64,
    helper,
    int64,
    kernel,
    lanes,
    simd,
    tile_width,
)
from ..scalar import (
    BRAYCURTIS,
    CANBERRA,
    CHEBYSHEV,
    COSINE,
    EUCLIDEAN,
    HAMMING,
    MANHATTAN,
    METRICS,
    TILE_METRICS,
    canberra_term,
    differs,
    finish_distance,
    minkowski_term,
)  # fmt: skip

__all__ = ["nearest", "pack", "pairwise"]

# Panels that stay in the second-level cache while the rows of a block pass by: values, not bytes.
CACHED_VALUES = 32_768
# A block of rows has about this many distances' terms: some milliseconds of work.
BLOCK_TERMS = 2**25


# ---- range kernels ---------------------------------------------------------------------
@kernel
def pack_rows(
    Y: T[:, :],  # IN  (n_rows, n_features)
    panels_out: T[:],  # OUT (n_panels * n_features * TILE_WIDTH,)
    start: int64,
    stop: int64,
):
    """Panels start..stop. The last one is filled up with copies of the last row, which lose every tie."""
    n_rows, n_features = Y.shape
    for p in range(start, stop):
        for lane in range(TILE_WIDTH):
            j = min(p * TILE_WIDTH + lane, n_rows - 1)
            at = p * TILE_WIDTH * n_features + lane
            for t in range(n_features):
                panels_out[at + t * TILE_WIDTH] = Y[j, t]


@helper
def distance_tile(metric, X, a, n_features, panels, b):
    """Distances between the rows of X from the flat index a on and the panel at b."""
    acc = simd.tile(T(0), TILE_ROWS, TILE_VECTORS)
    if metric == MANHATTAN:
        for t in range(n_features):
            acc = simd.add_absolute_differences(acc, X, a + t, n_features, panels, b + t * TILE_WIDTH)
    elif metric == CHEBYSHEV:
        for t in range(n_features):
            acc = simd.max_absolute_differences(acc, X, a + t, n_features, panels, b + t * TILE_WIDTH)
    elif metric == COSINE:
        for t in range(n_features):
            acc = simd.add_products(acc, X, a + t, n_features, panels, b + t * TILE_WIDTH)
        acc = simd.tile(T(1), TILE_ROWS, TILE_VECTORS) - acc
        acc = simd.maximum(acc, simd.tile(T(0), TILE_ROWS, TILE_VECTORS))
        acc = simd.minimum(acc, simd.tile(T(2), TILE_ROWS, TILE_VECTORS))
    else:
        for t in range(n_features):
            acc = simd.add_squared_differences(acc, X, a + t, n_features, panels, b + t * TILE_WIDTH)
        if metric == EUCLIDEAN:
            acc = simd.sqrt(acc)
    return acc


@helper
def panels_at_a_time(n_features):
    """How many panels stay in the cache while rows pass by."""
    return max(1, CACHED_VALUES // (TILE_WIDTH * max(1, n_features)))


@helper
def row_in_tiles(i, start, n_rows):
    """Where row i stands among the rows of the tiles from `start` on; the last tile reaches back."""
    tile = start + (i - start) // TILE_ROWS * TILE_ROWS
    return tile - start + i - min(tile, max(n_rows - TILE_ROWS, 0))


@kernel
def fill_distances(
    X: T[:, :],  # IN  (max(n_samples_X, TILE_ROWS), n_features)
    panels: T[:],  # IN  packed Y
    metric: int64,  # IN  one of TILE_METRICS
    distances_out: T[:, :],  # OUT (n_samples_X, n_samples_Y)
    tile_work: T[:],  # WORK (TILE_ROWS * TILE_WIDTH,)
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
                acc = distance_tile(metric, X, row * n_features, n_features, panels, column * n_features)
                if row == i and i + TILE_ROWS <= stop and column + TILE_WIDTH <= n_columns:
                    simd.store_tile(acc, distances_out, i * n_columns + column, n_columns)
                else:
                    simd.store_tile(acc, tile_work, 0, TILE_WIDTH)
                    for r in range(i, min(i + TILE_ROWS, stop)):
                        for j in range(column, min(column + TILE_WIDTH, n_columns)):
                            distances_out[r, j] = tile_work[(r - row) * TILE_WIDTH + j - column]


@kernel
def find_nearest(
    X: T[:, :],  # IN  (max(n_samples_X, TILE_ROWS), n_features)
    panels: T[:],  # IN  packed Y
    metric: int64,  # IN  one of TILE_METRICS
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
                acc = distance_tile(metric, X, row * n_features, n_features, panels, p * panel_size)
                simd.keep_smallest(acc, p * TILE_WIDTH, best_work, where_work, (i - start) * LANES)
    for i in range(start, stop):
        lane = row_in_tiles(i, start, X.shape[0]) * LANES
        values, columns = simd.load(best_work, lane), simd.load(where_work, lane)
        no_column = simd.splat_index(2147483647, values)
        smallest = simd.lane_min(values)
        at_smallest = values == simd.splat(smallest)
        index_out[i] = simd.lane_min_index(simd.select(at_smallest, columns, no_column))
        distance_out[i] = smallest


@kernel(fastmath={"contract"})
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
                add_terms(metric, X[i, t], panels, column * n_features + t * TILE_WIDTH, p, sums_work)
            for k in range(min(TILE_WIDTH, n_columns - column)):
                distances_out[i, column + k] = finish_distance(
                    metric, sums_work[k], sums_work[TILE_WIDTH + k], n_features, p
                )


@helper
def add_terms(metric, x, panels, at, p, sums_work):
    """Add one feature's terms to the sums; a loop for each metric, so that each is vectorised."""
    if metric == CANBERRA:
        for k in range(TILE_WIDTH):
            sums_work[k] += canberra_term(x, panels[at + k])
    elif metric == HAMMING:
        for k in range(TILE_WIDTH):
            sums_work[k] += differs(x, panels[at + k])
    elif metric == BRAYCURTIS:
        for k in range(TILE_WIDTH):
            sums_work[k] += abs(x - panels[at + k])
            sums_work[TILE_WIDTH + k] += abs(x + panels[at + k])
    else:
        for k in range(TILE_WIDTH):
            sums_work[k] += minkowski_term(x, panels[at + k], p)


# ---- launchers ---------------------------------------------------------------------------
def pack(Y):
    """Pack the rows of an array into panels, as the range kernels read them.

    Parameters
    ----------
    Y : ndarray of shape (n_samples, n_features), float32 or float64
        The rows.

    Returns
    -------
    panels : ndarray of shape (n_panels * n_features * tile_width,)
        Panel by panel, feature by feature, `tile_width(Y.dtype)` rows side by side. The last panel is
        filled up with copies of the last row.
    """
    n_rows, n_features = Y.shape
    width = tile_width(Y.dtype)
    n_panels = -(-n_rows // width)
    panels = np.empty(n_panels * width * n_features, Y.dtype)

    def task(block, start, stop):
        pack_rows(Y, panels, start, stop)

    for_each_block(task, n_panels, max(1, BLOCK_TERMS // (8 * width * n_features)), work=panels.size)
    return panels


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
    tiled = metric in TILE_METRICS
    task = _tile_task(X, panels, metric, out) if tiled else _row_task(X, panels, metric, p, out)
    terms = Y.size * (1 if tiled else 8)
    for_each_block(task, out.shape[0], rows_of_block(terms), work=out.shape[0] * terms)
    if same and metric == "cosine":
        np.fill_diagonal(out, 0)


def _tile_task(X, panels, metric, out):
    X = whole_tile(X)

    def task(block, start, stop):
        tile = np.empty(TILE_ROWS * tile_width(X.dtype), X.dtype)
        fill_distances(X, panels, METRICS[metric], out, tile, start, stop)

    return task


def _row_task(X, panels, metric, p, out):
    def task(block, start, stop):
        sums = np.empty(2 * tile_width(X.dtype), X.dtype)
        fill_row_distances(X, panels, METRICS[metric], p, out, sums, start, stop)

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
    task = _nearest_task(X, panels, metric, index_out, distance_out) if metric in TILE_METRICS else None
    if task is None:
        task = _nearest_row_task(X, panels, metric, p, len(Y), index_out, distance_out)
    terms = Y.size * (1 if metric in TILE_METRICS else 8)
    for_each_block(task, len(X), rows_of_block(terms), work=len(X) * terms)
    if rooted:
        np.sqrt(distance_out, out=distance_out)


def _nearest_task(X, panels, metric, index_out, distance_out):
    whole = whole_tile(X)

    def task(block, start, stop):
        size = -(-(stop - start) // TILE_ROWS) * TILE_ROWS * lanes(X.dtype)
        best, where = np.empty(size, X.dtype), np.empty(size, f"i{X.itemsize}")
        find_nearest(whole, panels, METRICS[metric], index_out, distance_out, best, where, start, stop)

    return task


def _nearest_row_task(X, panels, metric, p, n_columns, index_out, distance_out):
    def task(block, start, stop):
        sums = np.empty(2 * tile_width(X.dtype), X.dtype)
        distances = np.empty((1, n_columns), X.dtype)
        for i in range(start, stop):
            fill_row_distances(X[i : i + 1], panels, METRICS[metric], p, distances, sums, 0, 1)
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


def unit_rows(X):
    """The rows of X divided by their lengths; rows of zeros as they are."""
    lengths = np.sqrt(np.einsum("ij,ij->i", X, X, dtype=np.float64))
    lengths[lengths == 0] = 1
    return np.divide(X, lengths[:, None], dtype=X.dtype, casting="same_kind")


def whole_tile(X):
    """X, with rows of zeros below where it has fewer than a tile."""
    missing = TILE_ROWS - len(X)
    return np.concatenate([X, np.zeros((missing, X.shape[1]), X.dtype)]) if missing > 0 else X


def rows_of_block(terms):
    """Rows in a block, from the terms of one row: whole tiles, some milliseconds."""
    return max(1, BLOCK_TERMS // max(1, terms) // TILE_ROWS) * TILE_ROWS
