"""K-means: assign rows to the nearest centers and sum the clusters.

`_panels` says how rows and centers are laid out, `_bounds` how iterations are spared comparisons.
"""

import numpy as np

from ..._threads import effective_threads, for_each_block
from .._compile import (
    TILE_ROWS,
    TILE_VECTORS,
    TILE_WIDTH,
    IntT,
    T,
    float64,
    int32,
    int64,
    kernel,
    simd,
    tile_width,
)
from ._bounds import Bounds, assign_within_bounds
from ._panels import BLOCK_OPERATIONS, TAIL_ROWS, Plan, difference, packed_centers, plan

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

# From when on bounds pay: multiplications of a step, and bytes of the centers that a row is compared with
BOUNDS_OPERATIONS = 5_000_000
BOUNDS_BYTES = 4096


# ---- range kernels ------------------------------------------------------------------------
@kernel
def sum_columns(
    X: T[:, :],  # IN (n_samples, n_features)
    sums_out: float64[:],  # OUT (n_features,) += x - x0, x0 the first row of X
    squares_out: float64[:],  # OUT (n_features,) += (x - x0)^2
    start: int64,
    stop: int64,
):
    for i in range(start, stop):
        for t in range(X.shape[1]):
            moved = float64(X[i, t]) - float64(X[0, t])
            sums_out[t] += moved
            squares_out[t] += moved * moved


@kernel
def assign_panels(
    panels: T[:],  # IN rows start..stop, packed
    centers: T[:],  # IN (n_padded * n_features,) packed
    norms: T[:],  # IN (n_padded,)
    old_labels: int32[:],  # IN (n_samples,)
    labels_out: int32[:],  # OUT (n_samples,) the nearest center, the lowest of several
    where_work: IntT[:],  # WORK (TILE_WIDTH,)
    n_features: int64,
    start: int64,
    stop: int64,
) -> int64:  # how many labels differ from the old ones
    n_padded = norms.shape[0]
    n_full = n_padded // TILE_ROWS * TILE_ROWS
    changed = 0
    for first in range(start, stop, TILE_WIDTH):
        x = (first - start) * n_features
        best = simd.tile(T(np.inf), 1, TILE_VECTORS)
        where = simd.tile(IntT(0), 1, TILE_VECTORS)
        for j in range(0, n_full, TILE_ROWS):
            c = j * n_features
            scores = simd.tile_of_column(norms, j, TILE_ROWS, TILE_VECTORS)
            for t in range(n_features):
                scores = simd.add_products(scores, centers, c + t * TILE_ROWS, 1, panels, x + t * TILE_WIDTH)
            best, where = simd.smallest_row(scores, j, best, where)
        for j in range(n_full, n_padded, TAIL_ROWS):
            c = j * n_features
            last = simd.tile_of_column(norms, j, TAIL_ROWS, TILE_VECTORS)
            for t in range(n_features):
                last = simd.add_products(last, centers, c + t * TAIL_ROWS, 1, panels, x + t * TILE_WIDTH)
            best, where = simd.smallest_row(last, j, best, where)
        simd.store_tile(where, where_work, 0, 0)
        for r in range(min(TILE_WIDTH, stop - first)):
            label = int32(where_work[r])
            changed += label != old_labels[first + r]
            labels_out[first + r] = label
    return changed


@kernel(fastmath={"reassoc", "contract", "nsz"})  # sums in vector lanes
def assign_rows(
    X: T[:, :],  # IN (n_samples, n_features)
    offset: T[:],  # IN (n_features,)
    centers: T[:, :],  # IN (n_clusters, n_features)
    labels_out: int32[:],  # OUT (n_samples,) the nearest center, the lowest of several
):
    for i in range(X.shape[0]):
        nearest = T(np.inf)
        labels_out[i] = 0
        for j in range(centers.shape[0]):
            distance = T(0)
            for t in range(X.shape[1]):
                apart = difference(X[i, t], offset[t], centers[j, t])
                distance += apart * apart
            if distance < nearest:
                nearest = distance
                labels_out[i] = j


@kernel
def move_rows(
    X: T[:, :],  # IN (n_samples, n_features)
    offset: T[:],  # IN (n_features,)
    sample_weight: T[:],  # IN (n_samples,) or (0,) for ones
    old_labels: int32[:],  # IN (n_samples,) negative for a row that was in no cluster
    labels: int32[:],  # IN (n_samples,)
    sums_out: float64[:, :],  # OUT (n_clusters, n_features)
    weights_out: float64[:],  # OUT (n_clusters,)
    counts_out: int64[:],  # OUT (n_clusters,) rows whose weight is not zero
    part: int64,  # only the clusters part, part + n_parts, ... are brought up to date
    n_parts: int64,
):
    for i in range(X.shape[0]):
        if labels[i] == old_labels[i]:
            continue
        weight = float64(1)
        if sample_weight.shape[0] > 0:
            weight = float64(sample_weight[i])
        for side in range(2):
            j = old_labels[i] if side == 0 else labels[i]
            if j < 0 or j % n_parts != part:
                continue
            signed = -weight if side == 0 else weight
            weights_out[j] += signed
            counts_out[j] += (2 * side - 1) * (weight != 0)
            for t in range(X.shape[1]):
                sums_out[j, t] += signed * float64(X[i, t] - offset[t])
    for j in range(part, counts_out.shape[0], n_parts):
        if counts_out[j] == 0:  # exactly, whatever rounding has left
            weights_out[j] = 0
            for t in range(X.shape[1]):
                sums_out[j, t] = 0


# Summed in vector lanes: the order of the features is not fixed, but the same every time.
@kernel(fastmath={"reassoc", "contract", "nsz"})
def measure_rows(
    X: T[:, :],  # IN (n_samples, n_features)
    offset: T[:],  # IN (n_features,)
    sample_weight: T[:],  # IN (n_samples,) or (0,) for ones
    centers: T[:, :],  # IN (n_clusters, n_features)
    labels: int32[:],  # IN (n_samples,)
    distances_out: T[:],  # OUT (n_samples,) squared, or (0,)
    start: int64,
    stop: int64,
) -> float64:  # sum of weight times squared distance
    total = float64(0)
    for i in range(start, stop):
        j = labels[i]
        distance = float64(0)
        for t in range(X.shape[1]):
            apart = float64(difference(X[i, t], offset[t], centers[j, t]))
            distance += apart * apart
        if distances_out.shape[0] > 0:
            distances_out[i] = T(distance)
        if sample_weight.shape[0] > 0:
            total += float64(sample_weight[i]) * distance
        else:
            total += distance
    return total


# ---- launchers ----------------------------------------------------------------------------
def column_statistics(X):
    """Means and variances of the columns.

    One pass, and less exact than `columns.column_moments`: good for an offset and a tolerance.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
        float32 or float64, C-contiguous, finite.

    Returns
    -------
    means : float64 array of shape (n_features,)
        Means.
    variances : float64 array of shape (n_features,)
        Means of the squared deviations; exactly 0 for a constant column.
    """
    n_samples, n_features = X.shape
    rows = max(BLOCK_OPERATIONS // n_features, 1)
    partial = np.zeros((-(-n_samples // rows), 2, n_features))

    def task(block, start, stop):
        sum_columns(X, partial[block, 0], partial[block, 1], start, stop)

    for_each_block(task, n_samples, rows, work=X.size)
    mean, square = partial.sum(axis=0) / n_samples
    return X[0] + mean, np.maximum(square - mean * mean, 0)


def assign(plan, centers, old_labels, labels_out):
    """Find the nearest center of each row.

    Parameters
    ----------
    plan : Plan
        The rows.
    centers : array of shape (n_clusters, n_features)
        Relative to the plan's offset, in X's dtype.
    old_labels : int32 array of shape (n_samples,)
        Labels to compare with; `labels_out` itself may be given.
    labels_out : int32 array of shape (n_samples,)
        Receives the index of the nearest center, the lowest of several equally near.

    Returns
    -------
    n_changed : int
        How many labels differ from the old ones.
    """
    if len(labels_out) <= tile_width(centers.dtype) // 4:  # packing would take longer
        before = old_labels.copy()
        assign_rows(plan.X, plan.offset, centers, labels_out)
        return int(np.count_nonzero(labels_out != before))
    if plan.bounds is not None:
        return assign_within_bounds(plan, centers, old_labels, labels_out)
    packed, norms = packed_centers(centers)
    n_padded, n_features = len(norms), centers.shape[1]
    rows = plan.block_rows(n_padded)
    changed = [0] * -(-len(labels_out) // rows)
    index = np.dtype(f"i{centers.itemsize}")

    def task(block, start, stop):
        where = np.empty(tile_width(centers.dtype), index)
        panels = plan.take(start, stop)
        changed[block] = assign_panels(
            panels, packed, norms, old_labels, labels_out, where, n_features, start, stop
        )
        plan.give(panels)

    for_each_block(task, len(labels_out), rows, work=len(labels_out) * n_features * n_padded / 8)
    return sum(changed)


def lloyd_step(plan, centers, old_labels, labels_out, sums_out, weights_out, counts_out):
    """Assign each row to the nearest center and bring the clusters' sums up to date.

    Only rows whose label changed are moved, in the order of the rows: the sums are the same for any number of
    threads. Start with labels of -1 and sums of zero.

    Parameters
    ----------
    plan : Plan
        The rows.
    centers : array of shape (n_clusters, n_features)
        Relative to the plan's offset, in X's dtype.
    old_labels : int32 array of shape (n_samples,)
        The labels that the sums belong to; negative for rows that are in none.
    labels_out : int32 array of shape (n_samples,)
        Receives the index of the nearest center, the lowest of several equally near. Not `old_labels` itself.
    sums_out : float64 array of shape (n_clusters, n_features)
        Sums of weight times (row - offset).
    weights_out : float64 array of shape (n_clusters,)
        Sums of weights.
    counts_out : int64 array of shape (n_clusters,)
        Numbers of rows of nonzero weight; where it is zero, so are the sums.

    Returns
    -------
    n_changed : int
        How many labels differ from the old ones.
    """
    if plan.steps == 1 and _worth_bounds(plan.X, centers):
        plan.bounds = Bounds(plan.X)
    plan.steps += 1
    n_changed = assign(plan, centers, old_labels, labels_out)
    if n_changed:
        work = n_changed * centers.shape[1] + len(labels_out) / 4
        n_parts = min(effective_threads(work), len(centers))

        def task(part, start, stop):
            move_rows(
                plan.X, plan.offset, plan.sample_weight, old_labels, labels_out,
                sums_out, weights_out, counts_out, part, n_parts,
            )  # fmt: skip

        for_each_block(task, n_parts, 1, work=work)
    return n_changed


def _worth_bounds(X, centers):
    """Tell whether to keep bounds, from the second step on: in the first two all centers move far."""
    return len(centers) > 2 and centers.nbytes >= BOUNDS_BYTES and X.size * len(centers) >= BOUNDS_OPERATIONS


def divide_sums(sums, weights, centers):
    """Take the means of clusters.

    Parameters
    ----------
    sums : float64 array of shape (n_clusters, n_features)
        Sums of their rows.
    weights : float64 array of shape (n_clusters,)
        Sums of the rows' weights.
    centers : array of shape (n_clusters, n_features)
        The centers that the rows were assigned to.

    Returns
    -------
    means : array of shape (n_clusters, n_features)
        In the centers' dtype; the center itself where there is no weight.
    shift : float
        Sum of the squared distances between means and centers.
    n_empty : int
        How many clusters have no weight.
    """
    occupied = weights > 0
    n_empty = len(weights) - int(np.count_nonzero(occupied))
    if n_empty:
        means = np.where(occupied[:, None], sums / np.where(occupied, weights, 1)[:, None], centers)
    else:
        means = sums / weights[:, None]
    means = means.astype(centers.dtype)
    return means, float(((means - centers).astype(np.float64) ** 2).sum()), n_empty


def row_distances(plan, centers, labels, distances_out):
    """Compute the squared distance of each row from its center.

    Parameters
    ----------
    plan : Plan
        The rows.
    centers : array of shape (n_clusters, n_features)
        Relative to the plan's offset, in X's dtype.
    labels : int32 array of shape (n_samples,)
        Which center.
    distances_out : array of shape (n_samples,)
        Receives the distances, in X's dtype; may be empty.

    Returns
    -------
    inertia : float
        Sum of sample weight times squared distance.
    """
    n_samples, n_features = plan.X.shape
    rows = max(BLOCK_OPERATIONS // (8 * n_features), 1)
    partial = [0.0] * -(-n_samples // rows)

    def task(block, start, stop):
        partial[block] = measure_rows(
            plan.X, plan.offset, plan.sample_weight, centers, labels, distances_out, start, stop
        )

    for_each_block(task, n_samples, rows, work=plan.X.size)
    return sum(partial)


def inertia(plan, centers, labels):
    """Sum the squared distances of the rows from their centers, times their weights.

    Parameters
    ----------
    plan : Plan
        The rows.
    centers : array of shape (n_clusters, n_features)
        Relative to the plan's offset, in X's dtype.
    labels : int32 array of shape (n_samples,)
        Which center.

    Returns
    -------
    inertia : float
        Summed in float64.
    """
    return row_distances(plan, centers, labels, np.empty(0, centers.dtype))
