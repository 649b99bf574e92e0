"""Mean distances from each row to each cluster, without the matrix of distances.

Rows come sorted by cluster, so that most panels of them belong to one cluster: such a tile of
distances is summed along its rows while it is in registers. Sums over rows are float64.
"""

import numpy as np

from ..._threads import for_each_block
from .._compile import TILE_ROWS, TILE_WIDTH, T, float64, int64, kernel, simd, tile_width
from ._distance_tiles import (
    ROWS,
    distance_tile,
    for_each_metric,
    pack,
    panels_at_a_time,
    row_in_tiles,
    rows_of_block,
    unit_rows,
    whole_tile,
)

__all__ = ["mean_distances"]

METRICS = ("euclidean", "sqeuclidean", "manhattan", "chebyshev", "cosine")
SUMS_BYTES = 1 << 20  # of the sums that a block of rows keeps, one for each row and cluster


# ---- range kernel ------------------------------------------------------------------------
@for_each_metric(METRICS)
def sum_distances(
    X: T[:, :],  # IN  (max(n_samples, TILE_ROWS), n_features), sorted by cluster
    panels: T[:],  # IN  packed X
    offsets: int64[:],  # IN  (n_clusters + 1,) the first row of each cluster; n_samples
    sums_out: float64[:, :],  # OUT (whole tiles of stop - start, n_clusters)
    tile_work: T[:],  # WORK (TILE_ROWS * TILE_WIDTH,)
    start: int64,
    stop: int64,
):
    """Sums of the distances from rows start..stop to the rows of each cluster; `start` begins a tile."""
    n_features, n_clusters = X.shape[1], sums_out.shape[1]
    n_columns = offsets[n_clusters]
    n_panels = (n_columns + TILE_WIDTH - 1) // TILE_WIDTH
    step = panels_at_a_time(n_features)
    for k in range(sums_out.shape[0]):
        for c in range(n_clusters):
            sums_out[k, c] = 0.0
    cluster_of_first = 0
    for first in range(0, n_panels, step):
        while offsets[cluster_of_first + 1] <= first * TILE_WIDTH:
            cluster_of_first += 1
        for i in range(start, stop, ROWS):
            row = min(i, X.shape[0] - ROWS)  # the last tile reaches back over other rows
            sums = (i - start) * n_clusters
            cluster = cluster_of_first
            for p in range(first, min(first + step, n_panels)):
                column = p * TILE_WIDTH
                acc = distance_tile(X, row * n_features, n_features, panels, column * n_features, 2.0)
                while offsets[cluster + 1] <= column:
                    cluster += 1
                if column + TILE_WIDTH <= offsets[cluster + 1]:
                    simd.add_row_sums(acc, sums_out, sums + cluster, n_clusters)
                    continue
                simd.store_tile(acc, tile_work, 0, TILE_WIDTH)
                for j in range(min(TILE_WIDTH, n_columns - column)):
                    while offsets[cluster + 1] <= column + j:
                        cluster += 1
                    for r in range(ROWS):
                        sums_out[i - start + r, cluster] += tile_work[r * TILE_WIDTH + j]


@kernel
def reduce_to_means(
    sums: float64[:, :],  # IN  as sum_distances left them
    offsets: int64[:],  # IN  (n_clusters + 1,)
    clusters: int64[:],  # IN  (n_samples,) the cluster of each row
    own_out: float64[:],  # OUT (n_samples,)
    nearest_out: float64[:],  # OUT (n_samples,)
    start: int64,
    stop: int64,
):
    """For rows start..stop the mean distance to their own cluster and to the nearest other one."""
    n_clusters = sums.shape[1]
    for i in range(start, stop):
        at = row_in_tiles(i, start, max(clusters.shape[0], TILE_ROWS), TILE_ROWS)
        nearest = np.inf
        for c in range(n_clusters):
            size = offsets[c + 1] - offsets[c]
            if c != clusters[i]:
                nearest = min(nearest, sums[at, c] / size)
            elif size > 1:
                own_out[i] = sums[at, c] / (size - 1)
            else:
                own_out[i] = 0.0
        nearest_out[i] = nearest


# ---- launcher -----------------------------------------------------------------------------
def mean_distances(X, offsets, metric, own_out, nearest_out):
    """Compute the mean distance from each row to its own cluster and to the nearest other cluster.

    Workspace is a packed copy of X and about 1 MB for each thread, or the sums of six rows over all
    clusters where that is more.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features), float32 or float64
        Rows sorted by cluster, C-contiguous, finite.

    offsets : ndarray of shape (n_clusters + 1,), int64
        Cluster c has the rows `offsets[c]` to `offsets[c + 1]`, at least one; there are two clusters or more.

    metric : {"euclidean", "sqeuclidean", "manhattan", "chebyshev", "cosine"}
        The distance. Cosine takes a row of zeros to be at distance 1 from all others.

    own_out : ndarray of shape (n_samples,), float64
        Receives the mean distance to the other rows of the row's own cluster, 0 where there are none.

    nearest_out : ndarray of shape (n_samples,), float64
        Receives the lowest of the mean distances to the rows of another cluster.

    References
    ----------
    .. [1] P. J. Rousseeuw, "Silhouettes: a graphical aid to the interpretation and validation of cluster
       analysis", Journal of Computational and Applied Mathematics 20, 53-65, 1987.
    """
    n_samples, n_clusters = len(X), len(offsets) - 1
    sizes = np.diff(offsets)
    clusters = np.repeat(np.arange(n_clusters), sizes)
    rows = unit_rows(X) if metric == "cosine" else X
    panels, whole = pack(rows), whole_tile(rows)
    sum_to_clusters = sum_distances[metric]

    def task(block, start, stop):
        n_tiles = -(-(stop - start) // TILE_ROWS)
        sums = np.empty((n_tiles * TILE_ROWS, n_clusters))
        tile = np.empty(TILE_ROWS * tile_width(X.dtype), X.dtype)
        sum_to_clusters(whole, panels, offsets, sums, tile, start, stop)
        reduce_to_means(sums, offsets, clusters, own_out, nearest_out, start, stop)

    fitting = SUMS_BYTES // (8 * n_clusters * TILE_ROWS) * TILE_ROWS
    block_size = max(TILE_ROWS, min(rows_of_block(n_samples, X.size), fitting))
    for_each_block(task, n_samples, block_size, work=n_samples * X.size)
    if metric == "cosine":
        # A row of zeros is at distance 1 from all rows but itself; the tile does not know itself.
        alone = ~X.any(axis=1) & (sizes[clusters] > 1)
        own_out[alone] -= 1 / (sizes[clusters[alone]] - 1)
