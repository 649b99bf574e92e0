"""Lists of nearest neighbours on CUDA: the twins of `fastml.kernels.cpu.neighbor_lists`."""

import numpy as np

from .._cuda import BLOCK, T, blocks_for, cp, cuda, cuda_kernel, float64, int64, u32
from ._reduce import lane_argmin

__all__ = ["average_neighbors", "count_votes", "merge_panel", "sort_rows"]

UNFILLED = np.iinfo(np.int64).max  # the index in a place that no candidate has taken


# ---- kernels -----------------------------------------------------------------------------------
@cuda_kernel
def select_nearest(
    panel: T[:, :],  # IN  (n_queries, n_candidates) distances; NaN counts as infinite
    indices: int64[:, :],  # IN  (n_queries, n_candidates), or (0, 0): first, first + 1, ...
    first: int64,
    held: float64[:, :],  # IN  (n_queries, n_held) distances in the lists so far
    held_indices: int64[:, :],  # IN  (n_queries, n_held)
    distances_out: float64[:, :],  # OUT (n_queries, n_neighbors) the smallest, sorted by distance, then index
    indices_out: int64[:, :],  # OUT (n_queries, n_neighbors)
):
    """A warp for each query: each round finds the smallest beyond the one before."""
    lane = u32(cuda.threadIdx.x) & u32(31)
    row = u32(cuda.blockIdx.x) * u32(BLOCK // 32) + (u32(cuda.threadIdx.x) >> u32(5))
    inside = row < u32(panel.shape[0])
    last = float64(-np.inf)
    last_index = int64(-1)
    for place in range(distances_out.shape[1]):
        best = float64(np.inf)
        best_index = int64(UNFILLED)
        if inside:
            for j in range(lane, u32(panel.shape[1]), u32(32)):
                value = float64(panel[row, u32(j)])
                value = value if value == value else float64(np.inf)
                index = indices[row, u32(j)] if indices.shape[0] > 0 else first + int64(j)
                if value > last or (value == last and index > last_index):
                    if value < best or (value == best and index < best_index):
                        best = value
                        best_index = index
            for j in range(lane, u32(held.shape[1]), u32(32)):
                value = held[row, u32(j)]
                index = held_indices[row, u32(j)]
                if value > last or (value == last and index > last_index):
                    if value < best or (value == best and index < best_index):
                        best = value
                        best_index = index
        last, last_index = lane_argmin(best, best_index, 32)
        if inside and lane == u32(0):
            distances_out[row, place] = last
            indices_out[row, place] = last_index


@cuda_kernel
def add_votes(
    starts: int64[:],  # IN  (n_queries + 1,)
    indices: int64[:],  # IN  (n_pairs,)
    weights: float64[:],  # IN  (n_pairs,), or (0,) for ones
    labels: int64[:],  # IN  (n_samples,)
    votes_out: float64[:, :],  # OUT (n_queries, n_classes) zero at first
):
    """A thread for each query."""
    i = u32(cuda.blockIdx.x) * u32(BLOCK) + u32(cuda.threadIdx.x)
    if i < u32(votes_out.shape[0]):
        for at in range(starts[i], starts[i + u32(1)]):
            votes_out[i, labels[indices[at]]] += weights[at] if weights.shape[0] > 0 else float64(1)


@cuda_kernel
def average_targets(
    starts: int64[:],  # IN  (n_queries + 1,)
    indices: int64[:],  # IN  (n_pairs,)
    weights: float64[:],  # IN  (n_pairs,), or (0,) for ones
    y: float64[:, :],  # IN  (n_samples, n_outputs)
    means_out: float64[:, :],  # OUT (n_queries, n_outputs)
):
    """A thread for each mean."""
    e = int64(cuda.blockIdx.x) * int64(BLOCK) + int64(cuda.threadIdx.x)
    i = e // means_out.shape[1]
    output = e % means_out.shape[1]
    if i < means_out.shape[0]:
        total = float64(0)
        weight = float64(0)
        for at in range(starts[i], starts[i + int64(1)]):
            w = weights[at] if weights.shape[0] > 0 else float64(1)
            total += w * y[indices[at], output]
            weight += w
        means_out[i, output] = total / weight if weight != float64(0) else float64(np.nan)


# ---- launchers ---------------------------------------------------------------------------------
def launch_select(panel, indices, first, held, held_indices, distances_out, indices_out):
    """Launch `select_nearest`."""
    blocks = blocks_for(panel.shape[0], BLOCK // 32)
    select_nearest[(blocks,), (BLOCK,)](panel, indices, first, held, held_indices, distances_out, indices_out)


def merge_panel(panel, first, distances_out, indices_out):
    """See the CPU twin."""
    held, held_indices = distances_out.copy(), indices_out.copy()
    nothing = cp.empty((0, 0), np.int64)
    launch_select(panel, nothing, first, held, held_indices, distances_out, indices_out)


def sort_rows(starts, distances_out, indices_out):
    """See the CPU twin."""
    if distances_out.shape[0]:
        rows = cp.searchsorted(starts, cp.arange(distances_out.shape[0]), side="right")
        # Row numbers and indices below 2**53 are exact in float64.
        keys = cp.stack([indices_out.astype(np.float64), distances_out, rows.astype(np.float64)])
        order = cp.lexsort(keys)
        distances_out[:] = distances_out[order]
        indices_out[:] = indices_out[order]


def count_votes(starts, indices, weights, labels, votes_out):
    """See the CPU twin."""
    weights = cp.empty(0, np.float64) if weights is None else weights
    votes_out.fill(0)
    add_votes[(blocks_for(votes_out.shape[0]),), (BLOCK,)](starts, indices, weights, labels, votes_out)


def average_neighbors(starts, indices, weights, y, means_out):
    """See the CPU twin."""
    weights = cp.empty(0, np.float64) if weights is None else weights
    average_targets[(blocks_for(means_out.size),), (BLOCK,)](starts, indices, weights, y, means_out)
