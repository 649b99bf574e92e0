"""k-means++ on CUDA: the twins of `fastml.kernels.cpu.kmeans_plusplus`."""

import numpy as np

from .._cuda import BLOCK, T, blocks_for, cp, cuda, cuda_kernel, float64, u32
from ._reduce import lane_sum
from ._tiles import DEPTH, NARROW, ROWS_PITCH, narrow_tile, squared_difference

__all__ = ["Seeds", "add_seed", "start_seeds"]

WARPS = BLOCK // 32


@cuda_kernel
def try_seeds(
    X: T[:, :],  # IN  (n_samples, n_features)
    offset: T[:],  # IN  (n_features,) subtracted from X
    candidates: T[:, :],  # IN  (n_trials, n_features) less the offset
    closest: T[:],  # IN  (n_samples,) squared distances from the seeds so far
    weights: T[:],  # IN  (n_samples,) or (0,) for ones
    distances_out: T[:, :],  # OUT (n_trials, n_samples) the same with each candidate
    potentials_out: float64[:, :],  # OUT (n_trials, n_blocks) their weighted sums in BLOCK rows
):
    rows = cuda.shared.array((DEPTH, ROWS_PITCH), T)
    columns = cuda.shared.array((DEPTH, NARROW), T, alignment=16)
    sums = cuda.shared.array((WARPS, NARROW), float64)
    totals = cuda.local.array(NARROW, T)
    thread = u32(cuda.threadIdx.x)
    row = u32(cuda.blockIdx.x) * u32(BLOCK)
    n_trials = u32(candidates.shape[0])
    inside = row + thread < u32(X.shape[0])
    before = closest[row + thread] if inside else T(0)
    weight = float64(1)
    if inside and weights.shape[0] > 0:
        weight = float64(weights[row + thread])
    for first in range(u32(0), n_trials, u32(NARROW)):
        narrow_tile(
            squared_difference, T(0), totals, rows, columns, X, offset, candidates, row, u32(first), thread
        )
        for j in range(NARROW):
            value = min(totals[j], before)
            if inside and u32(first) + u32(j) < n_trials:
                distances_out[u32(first) + u32(j), row + thread] = value
            potential = lane_sum(weight * float64(value), 32)
            if thread & u32(31) == u32(0):
                sums[thread >> u32(5), j] = potential
        cuda.syncthreads()
        if thread < u32(NARROW) and u32(first) + thread < n_trials:
            potential = float64(0)
            for warp in range(WARPS):
                potential += sums[warp, thread]
            potentials_out[u32(first) + thread, u32(cuda.blockIdx.x)] = potential
        cuda.syncthreads()


class Seeds:
    """See the CPU twin."""

    def __init__(self, plan):
        self.potential = 0.0
        self.partial = None  # on the host: potential of each block of rows
        self.closest = cp.full(plan.X.shape[0], np.inf, plan.X.dtype)


def start_seeds(plan, row, n_trials):
    """See the CPU twin."""
    seeds = Seeds(plan)
    _accept(seeds, 0, *_try_rows(plan, seeds, [row]))
    return seeds


def add_seed(plan, seeds, uniforms):
    """See the CPU twin."""
    rows = _draw(plan, seeds, uniforms * seeds.potential)
    distances, potentials = _try_rows(plan, seeds, rows)
    best = int(np.argmin(potentials.sum(axis=1)))
    _accept(seeds, best, distances, potentials)
    return int(rows[best])


def _draw(plan, seeds, targets):
    """The rows at which the running sum of weighted distances reaches the targets."""
    n_samples = plan.X.shape[0]
    ends = np.cumsum(seeds.partial)
    blocks = np.minimum(np.searchsorted(ends, targets), len(ends) - 1)
    at = blocks[:, None] * BLOCK + np.arange(BLOCK)
    inside = cp.asarray(np.minimum(at, n_samples - 1))
    values = seeds.closest[inside].astype(np.float64)
    if plan.sample_weight.shape[0]:
        values *= plan.sample_weight[inside]
    running = np.cumsum(np.where(at < n_samples, values.get(), 0), axis=1)
    reached = running + (ends - seeds.partial)[blocks, None] >= targets[:, None]
    last = np.minimum((blocks + 1) * BLOCK, n_samples) - 1
    return np.where(reached.any(axis=1), np.minimum(blocks * BLOCK + reached.argmax(axis=1), last), last)


def _try_rows(plan, seeds, rows):
    """What each row as the next seed would leave: distances, and on the host the blocks' potentials."""
    n_samples = plan.X.shape[0]
    candidates = plan.X[cp.asarray(rows)] - plan.offset
    n_blocks = blocks_for(n_samples)
    distances = cp.empty((len(rows), n_samples), plan.X.dtype)
    potentials = cp.empty((len(rows), n_blocks), np.float64)
    try_seeds[(n_blocks,), (BLOCK,)](
        plan.X, plan.offset, candidates, seeds.closest, plan.sample_weight, distances, potentials
    )
    return distances, potentials.get()


def _accept(seeds, trial, distances, potentials):
    seeds.closest = distances[trial].copy()
    seeds.partial = potentials[trial]
    seeds.potential = float(seeds.partial.sum())
