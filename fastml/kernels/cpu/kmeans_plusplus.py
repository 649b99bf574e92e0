"""k-means++: choose rows as seeds, with probability proportional to the squared distance from the others."""

import numpy as np

from ..._threads import for_each_block
from .._compile import (
    TILE_ROWS,
    TILE_VECTORS,
    TILE_WIDTH,
    T,
    float64,
    int64,
    kernel,
    simd,
    tile_width,
)

__all__ = ["Seeds", "add_seed", "start_seeds"]

SEED_ROWS = 2048  # rows whose potential is summed together; whole panels


# ---- range kernels ------------------------------------------------------------------------
@kernel
def try_seeds(
    panels: T[:],  # IN rows start..stop, packed
    candidates: T[:],  # IN (n_padded * n_features,) blocks of TILE_ROWS, feature by feature
    closest: T[:],  # IN (n_padded_rows,) squared distances from the seeds so far
    weights: T[:],  # IN (n_padded_rows,) zero for padding
    distances_out: T[:, :],  # OUT (n_padded, n_padded_rows) the same with each candidate
    potentials_out: float64[:, :],  # OUT (n_padded, n_blocks) their weighted sums in this block
    n_features: int64,
    block: int64,
    start: int64,
    stop: int64,
):
    n_padded, n_rows = distances_out.shape
    n_blocks = potentials_out.shape[1]
    for j in range(n_padded):
        potentials_out[j, block] = 0
    for first in range(start, stop, TILE_WIDTH):
        x = (first - start) * n_features
        for j in range(0, n_padded, TILE_ROWS):
            c = j * n_features
            acc = simd.tile(T(0), TILE_ROWS, TILE_VECTORS)
            for t in range(n_features):
                acc = simd.add_squared_differences(
                    acc, candidates, c + t * TILE_ROWS, 1, panels, x + t * TILE_WIDTH
                )
            acc = simd.minimum(acc, simd.tile_of_row(closest, first, TILE_ROWS, TILE_VECTORS))
            simd.store_tile(acc, distances_out, j * n_rows + first, n_rows)
            acc = simd.multiply_row(acc, weights, first)
            simd.add_row_sums(acc, potentials_out, j * n_blocks + block, n_blocks)


@kernel
def find_row(
    closest: T[:],  # IN (n_padded_rows,)
    weights: T[:],  # IN (n_padded_rows,)
    target: float64,
    start: int64,
    stop: int64,
) -> int64:  # the first row up to which the weighted distances sum to the target, the last row if none does
    total = float64(0)
    for i in range(start, stop):
        total += float64(closest[i]) * float64(weights[i])
        if total >= target:
            return i
    return stop - 1


# ---- launchers ----------------------------------------------------------------------------
class Seeds:
    """The seeds chosen so far and how far the rows are from them; `start_seeds` makes it.

    Attributes
    ----------
    potential : float
        Weighted sum of the rows' squared distances from the nearest seed.
    """

    def __init__(self, plan, n_trials):
        n_samples = len(plan.X)
        dtype = plan.X.dtype
        width = tile_width(dtype)
        n_padded, n_rows = -(-n_trials // TILE_ROWS) * TILE_ROWS, -(-n_samples // width) * width
        self.potential = 0.0
        self.weights = np.zeros(n_rows, dtype)
        self.weights[:n_samples] = plan.sample_weight if len(plan.sample_weight) else 1
        self.closest = np.full(n_rows, np.inf, dtype)
        self.partial = None  # potential of each block of rows
        self.distances = np.empty((n_padded, n_rows), dtype)
        self.potentials = np.empty((n_padded, -(-n_samples // SEED_ROWS)))


def start_seeds(plan, row, n_trials):
    """Begin with one row as the only seed.

    Parameters
    ----------
    plan : Plan
        The rows.
    row : int
        Index of the seed.
    n_trials : int
        How many candidates `add_seed` compares.

    Returns
    -------
    seeds : Seeds
        To be given to `add_seed`.
    """
    seeds = Seeds(plan, n_trials)
    _try_rows(plan, seeds, [row])
    _accept(seeds, 0)
    return seeds


def add_seed(plan, seeds, uniforms):
    """Draw candidates and take the one that leaves the smallest potential as the next seed.

    Parameters
    ----------
    plan : Plan
        The rows.
    seeds : Seeds
        The seeds so far; brought up to date.
    uniforms : ndarray of shape (n_trials,)
        Random numbers in [0, 1), on the host: the candidates are the rows at which the running sum of
        weighted squared distances reaches this part of the potential.

    Returns
    -------
    row : int
        Index of the new seed, the first of candidates that are equally good.
    """
    ends = np.cumsum(seeds.partial)
    targets = uniforms * seeds.potential
    rows = []
    for target, block in zip(targets, np.searchsorted(ends, targets)):
        block = min(int(block), len(ends) - 1)
        start = block * SEED_ROWS
        stop = min(start + SEED_ROWS, len(plan.X))
        before = ends[block - 1] if block else 0.0
        rows.append(find_row(seeds.closest, seeds.weights, target - before, start, stop))
    _try_rows(plan, seeds, rows)
    best = int(np.argmin(seeds.potentials[: len(rows)].sum(axis=1)))
    _accept(seeds, best)
    return rows[best]


def _try_rows(plan, seeds, rows):
    """Fill `seeds.distances` and `seeds.potentials` with what each row as the next seed would leave."""
    n_samples, n_features = plan.X.shape
    n_padded = -(-len(rows) // TILE_ROWS) * TILE_ROWS
    candidates = np.zeros((n_padded, n_features), plan.X.dtype)
    candidates[: len(rows)] = plan.X[rows] - plan.offset
    packed = candidates.reshape(-1, TILE_ROWS, n_features).transpose(0, 2, 1).ravel()
    distances, potentials = seeds.distances[:n_padded], seeds.potentials[:n_padded]

    def task(block, start, stop):
        panels = plan.take(start, stop)
        try_seeds(
            panels, packed, seeds.closest, seeds.weights, distances, potentials,
            n_features, block, start, stop,
        )  # fmt: skip
        plan.give(panels)

    for_each_block(task, n_samples, SEED_ROWS, work=n_samples * n_features * n_padded / 8)


def _accept(seeds, trial):
    seeds.closest, seeds.distances[trial] = seeds.distances[trial].copy(), seeds.closest
    seeds.partial = seeds.potentials[trial].copy()
    seeds.potential = float(seeds.partial.sum())
