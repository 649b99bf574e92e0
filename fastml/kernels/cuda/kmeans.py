"""k-means on CUDA: the twins of `fastml.kernels.cpu.kmeans`."""

import numpy as np

from .._cuda import BLOCK, T, blocks_for, cp, cuda, cuda_kernel, float64, int32, u32
from . import _nearest
from ._reduce import block_sum, lane_sum
from ._segments import sums_by_label
from ._tiles import product
from .columns import column_moments

__all__ = [
    "Plan",
    "assign",
    "column_statistics",
    "divide_sums",
    "inertia",
    "lloyd_step",
    "plan",
    "row_distances",
]

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


@cuda_kernel
def halve_norms(
    centers: T[:, :],  # IN  (n_clusters, n_features)
    half_norms_out: T[:],  # OUT (n_clusters,)
):
    """A block for each center: half its squared length, summed in float64."""
    values = cuda.shared.array(BLOCK, float64)
    cluster = u32(cuda.blockIdx.x)
    total = float64(0)
    for j in range(u32(cuda.threadIdx.x), u32(centers.shape[1]), u32(BLOCK)):
        x = float64(centers[cluster, u32(j)])
        total += x * x
    total = block_sum(total, values)
    if cuda.threadIdx.x == 0:
        half_norms_out[cluster] = T(float64(0.5) * total)


@cuda_kernel
def divide_by_weights(
    sums: float64[:, :],  # IN  (n_clusters, n_features)
    weights: float64[:],  # IN  (n_clusters,)
    centers: T[:, :],  # IN  (n_clusters, n_features)
    means_out: T[:, :],  # OUT (n_clusters, n_features)
    shifts_out: float64[:, :],  # OUT (n_clusters, 2) the square of the way, whether the cluster is empty
):
    """A block for each cluster: its mean, or its center where there is no weight."""
    values = cuda.shared.array(BLOCK, float64)
    cluster = u32(cuda.blockIdx.x)
    weight = weights[cluster]
    total = float64(0)
    for column in range(u32(cuda.threadIdx.x), u32(sums.shape[1]), u32(BLOCK)):
        j = u32(column)
        mean = T(sums[cluster, j] / weight) if weight > float64(0) else centers[cluster, j]
        way = float64(mean - centers[cluster, j])
        total += way * way
        means_out[cluster, j] = mean
    total = block_sum(total, values)
    if cuda.threadIdx.x == 0:
        shifts_out[cluster, u32(0)] = total
        shifts_out[cluster, u32(1)] = float64(0) if weight > float64(0) else float64(1)


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
    n_clusters = centers.shape[0]
    half_norms = cp.empty(n_clusters, centers.dtype)
    halve_norms[(n_clusters,), (BLOCK,)](centers, half_norms)
    new = cp.empty_like(labels_out) if labels_out is old_labels else labels_out
    _nearest.launch(ASSIGN, plan.X, plan.offset, centers, half_norms, new, cp.empty(0, plan.X.dtype))
    n_changed = int((new != old_labels).sum())
    if new is not labels_out:
        labels_out[:] = new
    return n_changed


def lloyd_step(plan, centers, old_labels, labels_out, sums_out, weights_out, counts_out):
    """See the CPU twin."""
    n_changed = assign(plan, centers, old_labels, labels_out)
    if n_changed:
        # Taken anew: no row waits for another, and rounding errors do not pile up.
        sums = sums_out, weights_out, counts_out
        sums_by_label(plan.X, plan.offset, plan.sample_weight, labels_out, *sums)
        if plan.sample_weight.shape[0]:
            rows = labels_out[plan.sample_weight != 0]
            counts_out[:] = cp.bincount(rows, minlength=centers.shape[0])
    return n_changed


def divide_sums(sums, weights, centers):
    """See the CPU twin."""
    means, shifts = cp.empty_like(centers), cp.empty((centers.shape[0], 2), np.float64)
    divide_by_weights[(centers.shape[0],), (BLOCK,)](sums, weights, centers, means, shifts)
    shift, n_empty = shifts.sum(axis=0).get().tolist()
    return means, shift, int(n_empty)


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
