"""Bounds on distances that spare Lloyd's iterations most of the work, without changing any label.

For each row an upper bound of the distance from its own center and a lower bound of that from all others are
kept. When the centers have moved, the bounds move with them, and a row whose bounds still are apart keeps its
label (Hamerly, 2010). A few centers that moved far would spoil every lower bound: these, the movers, are
compared with all rows instead, and the lower bounds move by the largest movement of the others. The rows that
remain are gathered and compared with every center.

The bounds leave room for the rounding of scores, so that the labels are those that comparing all rows with
all centers would give, to the last tie.

References
----------
Hamerly, G. (2010). Making k-means even faster. SDM 2010.
"""

import numpy as np

from ..._threads import for_each_block
from .._compile import (
    TILE_ROWS,
    TILE_VECTORS,
    TILE_WIDTH,
    Constant,
    IntT,
    T,
    int32,
    int64,
    kernel,
    simd,
    tile_width,
)
from ._panels import TAIL_ROWS, difference, pack_picked_rows, packed_centers, panels_for

__all__ = ["Bounds", "assign_within_bounds"]

BLOCK_OPERATIONS = 64_000_000  # multiplications in a block of rows: below 2 ms
BLOCK_ROWS = (512, 8192)  # the least and the most
GATHERED_BYTES = 1 << 19  # rows gathered at a time, which stay in the second-level cache
SAMPLE_ROWS = 1024  # rows on which the number of movers is chosen
ROUNDING = Constant(lambda dtype: float(np.finfo(dtype).eps))
MOVERS = np.array([0, 2, 6, 12, 18, 24, 30, 36, 48, 60, 72, 96, 120, 144, 192, 240])


# ---- range kernels ------------------------------------------------------------------------
@kernel
def measure_norms(
    panels: T[:],  # IN packed rows
    bounds_out: T[:, :],  # OUT (3, n_padded) upper, lower, squared norm: the norms are filled in
    n_features: int64,
    start: int64,  # the first of the rows
    stop: int64,
):
    n_padded = bounds_out.shape[1]
    for first in range(start, stop, TILE_WIDTH):
        x = (first - start) * n_features
        norms = simd.tile(T(0), 1, TILE_VECTORS)
        for t in range(n_features):
            row = simd.tile_of_row(panels, x + t * TILE_WIDTH, 1, TILE_VECTORS)
            norms = norms + row * row
        simd.store_tile(norms, bounds_out, 2 * n_padded + first, 0)


@kernel
def nearest_two(
    panels: T[:],  # IN packed rows
    centers: T[:],  # IN (n_padded * n_features,) packed
    norms: T[:],  # IN (n_padded,)
    scores_out: T[:, :],  # OUT (2, >= n_rows) the smallest and the second smallest |c|^2 - 2 x.c
    where_out: IntT[:],  # OUT (>= n_rows,) the center of the smallest, the lowest of several
    n_features: int64,
    n_rows: int64,
):
    n_padded, width = norms.shape[0], scores_out.shape[1]
    n_full = n_padded // TILE_ROWS * TILE_ROWS
    for first in range(0, n_rows, TILE_WIDTH):
        x = first * n_features
        best = simd.tile(T(np.inf), 1, TILE_VECTORS)
        second = simd.tile(T(np.inf), 1, TILE_VECTORS)
        where = simd.tile(IntT(0), 1, TILE_VECTORS)
        for j in range(0, n_full, TILE_ROWS):
            c = j * n_features
            scores = simd.tile_of_column(norms, j, TILE_ROWS, TILE_VECTORS)
            for t in range(n_features):
                scores = simd.add_products(scores, centers, c + t * TILE_ROWS, 1, panels, x + t * TILE_WIDTH)
            best, where, second = simd.smallest_two_rows(scores, j, best, where, second)
        for j in range(n_full, n_padded, TAIL_ROWS):
            c = j * n_features
            last = simd.tile_of_column(norms, j, TAIL_ROWS, TILE_VECTORS)
            for t in range(n_features):
                last = simd.add_products(last, centers, c + t * TAIL_ROWS, 1, panels, x + t * TILE_WIDTH)
            best, where, second = simd.smallest_two_rows(last, j, best, where, second)
        simd.store_tile(best, scores_out, first, 0)
        simd.store_tile(second, scores_out, width + first, 0)
        simd.store_tile(where, where_out, first, 0)


@kernel
def settle_rows(
    rows: int32[:],  # IN (n_rows,) which they are
    scores: T[:, :],  # IN (2, >= n_rows)
    where: IntT[:],  # IN (>= n_rows,)
    limits: T[:],  # IN (2,) rounding of a score relative to squared norms, greatest of a center
    old_labels: int32[:],  # IN (n_samples,)
    labels_out: int32[:],  # OUT (n_samples,)
    bounds_out: T[:, :],  # OUT (3, n_padded)
    n_rows: int64,
) -> int64:  # how many labels changed
    changed = 0
    for r in range(n_rows):
        i = rows[r]
        norm = bounds_out[2, i]
        room = limits[0] * (norm + limits[1])
        bounds_out[0, i] = np.sqrt(max(scores[0, r] + norm, T(0)) + room)
        bounds_out[1, i] = np.sqrt(max(scores[1, r] + norm - room, T(0)))
        label = int32(where[r])
        changed += label != old_labels[i]
        labels_out[i] = label
    return changed


@kernel
def lower_bounds(
    scores: T[:, :],  # IN (2, >= stop - start) of the movers
    where: IntT[:],  # IN (>= stop - start,) index into movers
    movers: int32[:],  # IN (n_movers,) which centers they are, or (0,)
    labels: int32[:],  # IN (n_samples,)
    limits: T[:],  # IN (2,)
    bounds_out: T[:, :],  # OUT (3, n_padded)
    rest: T,  # the largest movement of the other centers
    start: int64,
    stop: int64,
):
    shrink = T(1) - T(8) * T(ROUNDING)
    for i in range(start, stop):
        lower = (bounds_out[1, i] - rest) * shrink
        if movers.shape[0] > 0:
            r = i - start
            other = scores[1, r] if movers[where[r]] == labels[i] else scores[0, r]
            norm = bounds_out[2, i]
            lower = min(lower, np.sqrt(max(other + norm - limits[0] * (norm + limits[1]), T(0))))
        bounds_out[1, i] = lower


@kernel(fastmath={"reassoc", "contract", "nsz"})  # sums in vector lanes
def test_rows(
    X: T[:, :],  # IN (n_samples, n_features)
    offset: T[:],  # IN (n_features,)
    centers: T[:, :],  # IN (n_clusters, n_features)
    moves: T[:],  # IN (n_clusters + 2,) how far each center moved, at least; then the limits
    labels: int32[:],  # IN (n_samples,)
    labels_out: int32[:],  # OUT (n_samples,)
    bounds_out: T[:, :],  # OUT (3, n_padded)
    rows_out: int32[:],  # OUT (stop - start,) the rows whose bounds are no longer apart
    start: int64,
    stop: int64,
) -> int64:  # how many they are
    grow = T(1) + T(8) * T(ROUNDING)
    n_clusters = centers.shape[0]
    n_rows = 0
    for i in range(start, stop):
        j = labels[i]
        labels_out[i] = j
        lower = bounds_out[1, i]
        upper = (bounds_out[0, i] + moves[j]) * grow
        if upper >= lower:  # perhaps only because the bound has become loose
            distance = T(0)
            for t in range(X.shape[1]):
                apart = difference(X[i, t], offset[t], centers[j, t])
                distance += apart * apart
            upper = np.sqrt(distance + moves[n_clusters] * (bounds_out[2, i] + moves[n_clusters + 1]))
            if upper >= lower:
                rows_out[n_rows] = i
                n_rows += 1
        bounds_out[0, i] = upper
    return n_rows


# ---- the rows' bounds -----------------------------------------------------------------------
class Bounds:
    """The bounds of a plan's rows, with the labels and the centers that they belong to."""

    def __init__(self, X):
        width = tile_width(X.dtype)
        self.values = np.empty((3, -(-len(X) // width) * width), X.dtype)
        self.rows = np.arange(len(X), dtype=np.int32)
        self.labels = self.centers = None
        self.know_norms = False
        self.reach = 0.0  # the squared norm of centers that the bounds have room for
        self.scratch = []

    def movements(self, centers, labels):
        """How far the centers have moved since, or None where the bounds do not tell about them."""
        if self.labels is not labels or self.centers.shape != centers.shape:
            return None
        if _largest_norm(centers) > self.reach:
            return None
        moves = np.sqrt(((centers - self.centers.astype(np.float64)) ** 2).sum(axis=1))
        return (moves * (1 + 8 * np.finfo(centers.dtype).eps)).astype(centers.dtype)

    def limits(self, n_features):
        """The rounding of a score relative to squared norms, with room to spare, and the reach."""
        # Two times for (|x| + |c|)^2, half because eps is twice the rounding, and four times because what is
        # added under the root wears off a little as bounds move.
        dtype = self.values.dtype
        return np.array([4 * (n_features + 8) * np.finfo(dtype).eps, self.reach], dtype)


class _Comparison:
    """Rows against centers: the two best scores of each row, by chunks."""

    def __init__(self, plan, n_rows):
        self.plan = plan
        dtype, width = plan.X.dtype, tile_width(plan.X.dtype)
        self.gathered = max(GATHERED_BYTES // (plan.X.shape[1] * dtype.itemsize) // width, 1) * width
        n_rows = -(-n_rows // width) * width
        self.scores, self.where = np.empty((2, n_rows), dtype), np.empty(n_rows, f"i{dtype.itemsize}")
        self.todo = np.empty(n_rows, np.int32)
        self.panels = None

    def run(self, rows, packed, start, use):
        """Call ``use(rows, first)`` for each chunk; `start` is the first row where rows are consecutive."""
        plan = self.plan
        kept = plan.panels is not None and start is not None
        step = max(len(rows), 1) if kept else self.gathered
        for first in range(0, len(rows), step):
            chunk = rows[first : first + step]
            if kept:
                panels = plan.panels[start * plan.X.shape[1] :]
            else:
                if self.panels is None:
                    self.panels = panels_for(self.gathered, plan.X)
                panels = self.panels
                pack_picked_rows(plan.X, plan.offset, chunk, panels, 0, len(chunk))
            if not plan.bounds.know_norms:
                begin = start + first
                measure_norms(panels, plan.bounds.values, plan.X.shape[1], begin, begin + len(chunk))
            nearest_two(panels, *packed, self.scores, self.where, plan.X.shape[1], len(chunk))
            use(chunk, first)


def assign_within_bounds(plan, centers, old_labels, labels_out):
    """Find the nearest center of each row, see `kmeans.assign`; faster where the old labels are known."""
    bounds = plan.bounds
    moves = bounds.movements(centers, old_labels)
    movers = None
    if moves is None:
        bounds.reach = 1.5 * _largest_norm(centers)
    else:
        movers, rest = _choose_movers(moves, bounds.values, old_labels)
    bounds.labels = None  # until all is done
    step = _Step(plan, bounds, centers, old_labels, labels_out)
    if movers is not None:
        step.follow(moves, movers, rest)
    rows = _block_rows(plan.X, centers)
    changed = [0] * -(-len(labels_out) // rows)

    def task(block, start, stop):
        changed[block] = step.assign_block(start, stop, rows)

    for_each_block(task, len(labels_out), rows, work=plan.X.size * len(centers) / 16)
    bounds.labels, bounds.centers, bounds.know_norms = labels_out, centers.copy(), True
    return sum(changed)


class _Step:
    """One assignment of all rows."""

    def __init__(self, plan, bounds, centers, old_labels, labels_out):
        self.plan, self.bounds, self.centers = plan, bounds, centers
        self.old_labels, self.labels = old_labels, labels_out
        self.packed = packed_centers(centers)
        self.limits = bounds.limits(centers.shape[1])
        self.movers = None

    def follow(self, moves, movers, rest):
        """Let the bounds follow the centers."""
        self.moves = np.concatenate([moves, self.limits])
        self.movers, self.rest = movers, rest
        if len(movers):
            self.packed_movers = packed_centers(self.centers[movers])

    def assign_block(self, start, stop, block_rows):
        """Assign the rows of a block; return how many labels changed."""
        scratch = self.bounds.scratch
        comparison = scratch.pop() if scratch else _Comparison(self.plan, block_rows)
        rows, begin = self.bounds.rows[start:stop], start
        if self.movers is not None:
            n_rows = self._test_block(comparison, rows, start, stop)
            if n_rows < 0.7 * len(rows):
                rows, begin = comparison.todo[:n_rows], None
        changed = 0

        def settle(chunk, first):
            nonlocal changed
            changed += settle_rows(
                chunk, comparison.scores, comparison.where, self.limits,
                self.old_labels, self.labels, self.bounds.values, len(chunk),
            )  # fmt: skip

        comparison.run(rows, self.packed, begin, settle)
        scratch.append(comparison)
        return changed

    def _test_block(self, comparison, rows, start, stop):
        """Move the bounds; leave in `comparison.todo` the rows for which they do not suffice."""
        values = self.bounds.values

        def lower(chunk, first):
            lower_bounds(
                comparison.scores, comparison.where, self.movers, self.old_labels, self.limits, values,
                self.rest, start + first, start + first + len(chunk),
            )  # fmt: skip

        if len(self.movers):
            comparison.run(rows, self.packed_movers, start, lower)
        else:
            lower(rows, 0)
        return test_rows(
            self.plan.X, self.plan.offset, self.centers, self.moves, self.old_labels, self.labels, values,
            comparison.todo, start, stop,
        )  # fmt: skip


def _largest_norm(centers):
    return float(np.einsum("ij,ij->i", centers, centers, dtype=np.float64).max())


def _block_rows(X, centers):
    width = tile_width(X.dtype)
    low, high = BLOCK_ROWS
    return min(max(BLOCK_OPERATIONS // centers.size, low), high) // width * width


def _choose_movers(moves, bounds, labels):
    """The centers to compare with all rows, and how far the others moved; (None, 0) if bounds do not pay."""
    order = np.argsort(-moves, kind="stable").astype(np.int32)
    counts = MOVERS[MOVERS <= len(moves) // 2]
    rests = moves[order[counts]]
    sample = slice(0, len(labels), -(-len(labels) // SAMPLE_ROWS))
    upper, lower = bounds[0, sample] + moves[labels[sample]], bounds[1, sample]
    failing = (upper[:, None] >= lower[:, None] - rests).mean(axis=0)
    costs = failing + counts / len(moves)
    best = int(costs.argmin())
    if costs[best] > 0.9:
        return None, 0
    return order[: counts[best]], rests[best]
