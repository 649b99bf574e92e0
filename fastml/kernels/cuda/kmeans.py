"""k-means on CUDA: the twins of `fastml.kernels.cpu.kmeans`."""

import numpy as np

from .._cuda import BLOCK, T, blocks_for, cp, cuda, cuda_kernel, float64, int32, u32
from . import _nearest
from ._reduce import lane_sum
from ._segments import sums_by_label
from ._tiles import product
from .columns import column_moments

__all__ = ["Plan", "assign", "column_statistics", "inertia", "lloyd_step", "plan", "row_distances"]

ASSIGN = _nearest.nearest_kernel(product, _nearest.term_less_total)


@cuda_kernel
def measure_rows(
    X: T[:, :],  # IN  (n_samples, n_features)
    offset: T[:],  # IN  (n_features,)
    centers: T[:, :],  # IN  (n_clusters, n_features)
    labels: int32[:],  # IN  (n_samples,)
    distances_out: float64[:],  # OUT (n_samples,)
):
    """A warp for each row: the squared distance from its center, summed in float64 as on the CPU."""
    lane = u32(cuda.threadIdx.x) & u32(31)
    row = u32(cuda.blockIdx.x) * u32(BLOCK // 32) + (u32(cuda.threadIdx.x) >> u32(5))
    total = float64(0)
    if row < u32(X.shape[0]):
        center = labels[row]
        for j in range(lane, u32(X.shape[1]), u32(32)):
            difference = float64((X[row, u32(j)] - offset[u32(j)]) - centers[center, u32(j)])
            total += difference * difference
    total = lane_sum(total, 32)
    if lane == u32(0) and row < u32(X.shape[0]):
        distances_out[row] = total


class Plan:
    """See the CPU twin."""

    def __init__(self, X, sample_weight, offset):
        self.X = X
        self.sample_weight = cp.empty(0, X.dtype) if sample_weight is None else sample_weight
        self.offset = offset


def column_statistics(X):
    """See the CPU twin."""
    counts, means, squares = column_moments(X)
    return means, squares / counts


def plan(X, sample_weight, offset, *, keep=True):
    """See the CPU twin."""
    # The kernels subtract the offset as they read: there is no copy to keep or not to keep.
    return Plan(X, sample_weight, offset)


def assign(plan, centers, old_labels, labels_out):
    """See the CPU twin."""
    half_norms = ((centers.astype(np.float64) ** 2).sum(axis=1) / 2).astype(centers.dtype)
    new = cp.empty(labels_out.shape[0], np.int32)
    _nearest.launch(ASSIGN, plan.X, plan.offset, centers, half_norms, new, cp.empty(0, plan.X.dtype))
    n_changed = int((new != old_labels).sum())
    labels_out[:] = new
    return n_changed


def lloyd_step(plan, centers, old_labels, labels_out, sums_out, weights_out, counts_out):
    """See the CPU twin."""
    n_changed = assign(plan, centers, old_labels, labels_out)
    if n_changed:
        # Taken anew: no row waits for another, and rounding errors do not pile up.
        n_clusters = centers.shape[0]
        weighted = plan.sample_weight.shape[0] > 0
        sums, weights = sums_by_label(plan.X, plan.offset, plan.sample_weight, labels_out, n_clusters)
        sums_out[:] = sums
        weights_out[:] = weights
        used = labels_out[plan.sample_weight != 0] if weighted else labels_out
        counts_out[:] = cp.bincount(used, minlength=n_clusters)
    return n_changed


def row_distances(plan, centers, labels, distances_out):
    """See the CPU twin."""
    distances = cp.empty(plan.X.shape[0], np.float64)
    blocks = blocks_for(plan.X.shape[0], BLOCK // 32)
    measure_rows[(blocks,), (BLOCK,)](plan.X, plan.offset, centers, labels, distances)
    if distances_out.shape[0]:
        distances_out[:] = distances
    return float((distances * plan.sample_weight if plan.sample_weight.shape[0] else distances).sum())


def inertia(plan, centers, labels):
    """See the CPU twin."""
    return row_distances(plan, centers, labels, cp.empty(0, centers.dtype))
