"""Silhouettes on CUDA: the twin of `fastml.kernels.cpu.silhouette`."""

import numpy as np

from .._cuda import BLOCK, T, blocks_for, cp, cuda, cuda_kernel, float64, int64, u32
from ._memory import scratch_bytes
from ._tiles import DEPTH, NARROW, ROWS_PITCH, narrow_tile, squared_difference
from .distance import STEPS, _unit_rows, total_itself

__all__ = ["mean_distances"]

step, finish = squared_difference, total_itself  # what a kernel does not bind otherwise


def sum_distances(
    X: T[:, :],  # IN  (n_rows, n_features)
    Y: T[:, :],  # IN  (n_samples, n_features), sorted by cluster
    none: T[:],  # IN  (0,)
    offsets: int64[:],  # IN  (n_clusters + 1,)
    sums_out: float64[:, :],  # OUT (n_rows, n_clusters)
):
    """Sums of the distances from BLOCK rows to the rows of a cluster, in float64 from tile to tile."""
    rows = cuda.shared.array((DEPTH, ROWS_PITCH), T)
    columns = cuda.shared.array((DEPTH, NARROW), T, alignment=16)
    totals = cuda.local.array(NARROW, T)
    thread = u32(cuda.threadIdx.x)
    n_clusters = u32(sums_out.shape[1])
    cluster = u32(cuda.blockIdx.x) % n_clusters
    row = u32(cuda.blockIdx.x) // n_clusters * u32(BLOCK)
    stop = u32(offsets[cluster + u32(1)])
    total = float64(0)
    for column in range(u32(offsets[cluster]), stop, u32(NARROW)):
        narrow_tile(step, T(0), totals, rows, columns, X, none, Y, row, u32(column), thread)
        part = T(0)
        for j in range(NARROW):
            if u32(column) + u32(j) < stop:
                part += finish(totals[j])
        total += float64(part)
    if row + thread < u32(X.shape[0]):
        sums_out[row + thread, cluster] = total


KERNELS = {name: cuda_kernel(sum_distances, step=s, finish=f) for name, (s, f) in STEPS.items()}


def mean_distances(X, offsets, metric, own_out, nearest_out):
    """See the CPU twin."""
    n_samples, n_clusters = X.shape[0], offsets.shape[0] - 1
    sizes = cp.diff(offsets)
    clusters = cp.searchsorted(offsets, cp.arange(n_samples), side="right") - 1
    rows = _unit_rows(X) if metric == "cosine" else X
    step = max(1, scratch_bytes() // (8 * n_clusters))
    for start in range(0, n_samples, step):
        part = rows[start : start + step]
        sums = cp.empty((part.shape[0], n_clusters), np.float64)
        blocks = blocks_for(part.shape[0]) * n_clusters
        KERNELS[metric][(blocks,), (BLOCK,)](part, rows, cp.empty(0, X.dtype), offsets, sums)
        own = clusters[start : start + step]
        at = cp.arange(part.shape[0]), own
        own_out[start : start + step] = sums[at] / cp.maximum(sizes[own] - 1, 1)
        sums /= sizes
        sums[at] = np.inf
        nearest_out[start : start + step] = sums.min(axis=1)
    own_out[sizes[clusters] == 1] = 0
    if metric == "cosine":
        # A row of zeros is at distance 1 from all rows but itself; the tile does not know itself.
        alone = ~(X != 0).any(axis=1) & (sizes[clusters] > 1)
        own_out -= cp.where(alone, 1 / cp.maximum(sizes[clusters] - 1, 1), 0)
