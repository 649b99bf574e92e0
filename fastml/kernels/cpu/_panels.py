"""Rows and centers laid out for k-means.

Rows are packed once into panels of `TILE_WIDTH` rows, feature by feature, so that a lane is a row: a
register tile holds the scores of `TILE_ROWS` centers for a panel, and the running minimum needs no reduction
across lanes. Packing subtracts an offset (about the column means), without which ``|c|^2 - 2 x.c`` cancels
for data far from the origin. Centers, sums and distances are all relative to that offset.
"""

import numpy as np

from ..._threads import for_each_block
from .._compile import (
    LANES,
    TILE_ROWS,
    TILE_WIDTH,
    T,
    float64,
    helper,
    int32,
    int64,
    kernel,
    simd,
    tile_width,
)

__all__ = ["TAIL_ROWS", "Plan", "difference", "pack_picked_rows", "packed_centers", "panels_for", "plan"]

TAIL_ROWS = 2  # centers in the smaller tiles that follow the last full one
BLOCK_OPERATIONS = 4_000_000  # multiplications in a block of rows: some 50 us
SCRATCH_BYTES = 1 << 18  # rows packed for one block, which stay in the second-level cache


# ---- range kernels ------------------------------------------------------------------------
@helper
def difference(x, offset, center):
    """``(x - offset) - center``, in this order also where sums may be taken in any order."""
    return (x - offset) - center


@kernel
def pack_rows(
    X: T[:, :],  # IN (n_samples, n_features)
    offset: T[:],  # IN (n_features,)
    panels_out: T[:],  # OUT (n_panels * n_features * TILE_WIDTH,); its first panel begins with row start
    start: int64,
    stop: int64,
):
    n_features = X.shape[1]
    for first in range(start, stop, TILE_WIDTH):
        base = (first - start) * n_features
        n_rows = min(TILE_WIDTH, stop - first)
        n_square = n_rows // LANES * LANES if n_features >= LANES else 0
        for r in range(0, n_square, LANES):
            for step in range(0, n_features, LANES):
                t = min(step, n_features - LANES)
                square = simd.tile_of_rows(X, (first + r) * n_features + t, n_features, LANES, 1)
                square = simd.transpose(square - simd.tile_of_row(offset, t, LANES, 1))
                simd.store_tile(square, panels_out, base + t * TILE_WIDTH + r, TILE_WIDTH)
        for r in range(n_square, n_rows):
            for t in range(n_features):
                panels_out[base + t * TILE_WIDTH + r] = X[first + r, t] - offset[t]
        clear_lanes(panels_out, base, n_features, n_rows)


@kernel
def pack_picked_rows(
    X: T[:, :],  # IN (n_samples, n_features)
    offset: T[:],  # IN (n_features,)
    picks: int32[:],  # IN the rows to pack
    panels_out: T[:],  # OUT (n_panels * n_features * TILE_WIDTH,); its first panel begins with picks[start]
    start: int64,
    stop: int64,
):
    n_features = X.shape[1]
    for first in range(start, stop, TILE_WIDTH):
        base = (first - start) * n_features
        n_rows = min(TILE_WIDTH, stop - first)
        n_square = n_rows // LANES * LANES if n_features >= LANES else 0
        for r in range(0, n_square, LANES):
            for step in range(0, n_features, LANES):
                t = min(step, n_features - LANES)
                square = simd.tile_of_picked_rows(X, n_features, t, picks, first + r, LANES)
                square = simd.transpose(square - simd.tile_of_row(offset, t, LANES, 1))
                simd.store_tile(square, panels_out, base + t * TILE_WIDTH + r, TILE_WIDTH)
        for r in range(n_square, n_rows):
            for t in range(n_features):
                panels_out[base + t * TILE_WIDTH + r] = X[picks[first + r], t] - offset[t]
        clear_lanes(panels_out, base, n_features, n_rows)


@helper
def clear_lanes(panels, base, n_features, n_rows):
    """Zeros in the lanes of a panel that have no row."""
    if n_rows < TILE_WIDTH:
        for t in range(n_features):
            for r in range(n_rows, TILE_WIDTH):
                panels[base + t * TILE_WIDTH + r] = T(0)


@kernel
def pack_centers(
    centers: T[:, :],  # IN (n_centers, n_features)
    packed_out: T[:],  # OUT (n_padded * n_features,) -2 times the centers
    norms_out: T[:],  # OUT (n_padded,) their squared norms, infinite for padding
):
    n_centers, n_features = centers.shape
    n_padded = norms_out.shape[0]
    n_full = n_padded // TILE_ROWS * TILE_ROWS
    for j in range(n_padded):
        rows = TILE_ROWS if j < n_full else TAIL_ROWS
        r = j % TILE_ROWS if j < n_full else (j - n_full) % TAIL_ROWS
        at = (j - r) * n_features + r
        if j >= n_centers:
            norms_out[j] = np.inf
            for t in range(n_features):
                packed_out[at + t * rows] = T(0)
            continue
        norm = float64(0)
        for t in range(n_features):
            c = centers[j, t]
            norm += float64(c) * float64(c)
            packed_out[at + t * rows] = T(-2) * c
        norms_out[j] = T(norm)


# ---- launchers ----------------------------------------------------------------------------
def packed_centers(centers):
    """Pack centers as `nearest` kernels read them.

    Parameters
    ----------
    centers : array of shape (n_centers, n_features)
        float32 or float64.

    Returns
    -------
    packed : array of shape (n_padded * n_features,)
        -2 times the centers: blocks of TILE_ROWS, then of TAIL_ROWS, feature by feature.
    norms : array of shape (n_padded,)
        Their squared norms, infinite for padding.
    """
    n_centers, n_features = centers.shape
    n_full = (n_centers + 1) // TILE_ROWS * TILE_ROWS
    n_padded = n_full + -(-max(n_centers - n_full, 0) // TAIL_ROWS) * TAIL_ROWS
    packed, norms = np.empty(n_padded * n_features, centers.dtype), np.empty(n_padded, centers.dtype)
    pack_centers(centers, packed, norms)
    return packed, norms


class Plan:
    """Data laid out for k-means; `plan` makes it.

    Attributes
    ----------
    X : array of shape (n_samples, n_features)
        The data.
    sample_weight : array of shape (n_samples,) or (0,)
        The weights; empty when all are one.
    offset : array of shape (n_features,)
        What is subtracted from the rows. Centers, sums and distances are relative to it.
    """

    def __init__(self, X, sample_weight, offset):
        self.X = X
        self.sample_weight = np.empty(0, X.dtype) if sample_weight is None else sample_weight
        self.offset = offset
        self.panels = None
        self.bounds = None
        self.steps = 0
        self._scratch = []

    def block_rows(self, n_centers):
        """Rows of a block: whole panels, some 50 us of work; they fit the cache if they must be packed."""
        n_features = self.X.shape[1]
        rows = BLOCK_OPERATIONS // (n_features * n_centers)
        if self.panels is None:
            rows = min(rows, SCRATCH_BYTES // (n_features * self.X.itemsize))
        width = tile_width(self.X.dtype)
        return max(rows // width, 1) * width

    def take(self, start, stop):
        """The packed rows start..stop, of which start begins a panel; hand them back with `give`."""
        if self.panels is not None:
            return self.panels[start * self.X.shape[1] :]
        panels = self._scratch.pop() if self._scratch else panels_for(0, self.X)
        if len(panels) < (stop - start) * self.X.shape[1]:
            panels = panels_for(stop - start, self.X)
        pack_rows(self.X, self.offset, panels, start, stop)
        return panels

    def give(self, panels):
        """Keep the scratch of `take` for the next block."""
        if self.panels is None:
            self._scratch.append(panels)


def panels_for(n_rows, X):
    """Uninitialised panels for some rows of X."""
    width = tile_width(X.dtype)
    return np.empty(-(-n_rows // width) * width * X.shape[1], X.dtype)


def plan(X, sample_weight, offset, *, keep=True):
    """Lay data out for the other functions.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
        float32 or float64, C-contiguous.
    sample_weight : array of shape (n_samples,) or None
        Weights of X's dtype; None means ones.
    offset : array of shape (n_features,)
        What to subtract from the rows, in X's dtype: a point amid them, so that distances are not small
        beside coordinates.
    keep : bool, default=True
        Keep a packed copy of X. Otherwise rows are packed again each time, in less memory.

    Returns
    -------
    plan : Plan
        With `X`, `sample_weight` and `offset`.
    """
    made = Plan(X, sample_weight, offset)
    if keep:
        panels, n_features = panels_for(len(X), X), X.shape[1]

        def task(block, start, stop):
            pack_rows(X, offset, panels[start * n_features :], start, stop)

        for_each_block(task, len(X), made.block_rows(1), work=X.size)
        made.panels = panels
    return made
