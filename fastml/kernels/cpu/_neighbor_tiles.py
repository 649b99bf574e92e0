"""Queries and candidates as the brute-force searches for neighbours take them, in register tiles.

A panel holds TILE_WIDTH candidates: their squared norms, lowered by a bound on the rounding of distances,
then -2 times each feature. A tile's values are |y|^2 - 2 x.y of the centred data, lowered likewise.
"""

import numpy as np

from ..._threads import for_each_block
from .._compile import (
    TILE_ROWS,
    TILE_VECTORS,
    TILE_WIDTH,
    T,
    float64,
    helper,
    int64,
    kernel,
    simd,
    tile_width,
)

__all__ = ["Tiles", "squared_distance", "tile_of_panel"]

PANEL_BYTES = 4 << 20  # of packed candidates at a time: half of them a small part of a shared cache


# ---- kernels ------------------------------------------------------------------------------------
@kernel
def pack_panels(
    Y: T[:, :],  # IN (n_samples, n_features)
    centre: float64[:],  # IN (n_features,)
    panels_out: T[:],  # OUT (n_panels * (n_features + 1) * TILE_WIDTH,)
    lowering: float64,  # IN the factor that lowers norms by the rounding error
    start: int64,
    stop: int64,  # panels
) -> float64:
    """Pack candidates into panels; return the largest squared norm."""
    n, d = Y.shape
    largest = 0.0
    for p in range(start, stop):
        at = p * (d + 1) * TILE_WIDTH
        for lane in range(TILE_WIDTH):
            j = p * TILE_WIDTH + lane
            norm = np.inf
            if j < n:
                norm = 0.0
                for t in range(d):
                    value = T(float64(Y[j, t]) - centre[t])
                    panels_out[at + (t + 1) * TILE_WIDTH + lane] = T(-2) * value
                    norm += float64(value) * float64(value)
                largest = max(largest, norm)
                if norm != norm:
                    largest = np.inf
            else:
                for t in range(d):
                    panels_out[at + (t + 1) * TILE_WIDTH + lane] = T(0)
            panels_out[at + lane] = T(norm * lowering)
    return largest


@kernel
def centre_rows(
    X: T[:, :],  # IN (n_rows, n_features)
    centre: float64[:],  # IN (n_features,)
    lowering: float64,
    smallest: float64,  # IN what underflow may have taken from a sum
    centred_out: T[:, :],  # OUT (n_tiles * TILE_ROWS, n_features)
    lowered_out: float64[:],  # OUT (n_tiles * TILE_ROWS,) squared norms lowered by the rounding error
) -> float64:
    """Centre queries, fill up the last tile with rows that find nothing; return the largest squared norm."""
    n, d = X.shape
    largest = 0.0
    for i in range(centred_out.shape[0]):
        norm = 0.0
        for t in range(d):
            value = T(float64(X[i, t]) - centre[t]) if i < n else T(0)
            centred_out[i, t] = value
            norm += float64(value) * float64(value)
        lowered_out[i] = norm * lowering - smallest if i < n else np.inf
        largest = max(largest, norm)
        if norm != norm:
            largest = np.inf
    return largest


@helper(fastmath={"reassoc", "contract", "nsz"})  # a reduction over features
def squared_distance(X, i, Y, j):
    """Squared Euclidean distance of rows, in float64."""
    total = float64(0)
    for t in range(X.shape[1]):
        difference = float64(X[i, t]) - float64(Y[j, t])
        total += difference * difference
    return total


@helper
def tile_of_panel(centred, i, panels, p):
    """|y|^2 - 2 x.y, lowered: of TILE_ROWS queries from row i, and of the candidates of panel p."""
    d = centred.shape[1]
    at = p * (d + 1) * TILE_WIDTH
    acc = simd.tile_of_row(panels, at, TILE_ROWS, TILE_VECTORS)
    for t in range(d):
        acc = simd.add_products(acc, centred, i * d + t, d, panels, at + (t + 1) * TILE_WIDTH)
    return acc


# ---- what the launchers pass --------------------------------------------------------------------
class Tiles:
    """Queries and candidates as the tile kernels take them."""

    def __init__(self, X, Y):
        n_samples, d = Y.shape
        # Any centre is right; one near the mean keeps the error bounds small.
        self.centre = Y[:: max(1, n_samples // 1024)].mean(axis=0, dtype=np.float64)
        info = np.finfo(X.dtype)
        # A sum of d products is off by at most d * eps / 2 of the sum of their sizes, and centring, norms and
        # limits add some more roundings; 2 |x| |y| <= |x|^2 + |y|^2 spreads the bound over the two norms.
        self.lowering = 1 - (d + 16) * float(info.eps) / 2
        self.smallest = (d + 16) * float(info.tiny)
        self.largest = float(info.max) / 16
        self.width = tile_width(X.dtype)
        self.X, self.Y = X, Y
        panel = self.width * (d + 1)
        panels = min(-(-n_samples // self.width), max(1, PANEL_BYTES // (panel * X.itemsize)))
        self.chunk = panels * self.width
        self.panels = np.empty(panels * panel, X.dtype)
        # Blocks of whole tiles: enough of them to share out, large enough to use a panel often.
        self.rows = min(240, max(24, -(-len(X) // 96) * TILE_ROWS))

    def pack(self, first):
        """Pack the candidates from `first` on; return them, the panels, whether norms are finite."""
        chunk = self.Y[first : first + self.chunk]
        n_panels = -(-len(chunk) // self.width)
        panels = self.panels[: n_panels * self.width * (chunk.shape[1] + 1)]
        norms = np.zeros(n_panels)

        def pack(block, start, stop):
            norms[start] = pack_panels(chunk, self.centre, panels, self.lowering, start, stop)

        for_each_block(pack, n_panels, 16, work=4 * chunk.size)
        return chunk, panels, norms.max() < self.largest

    def queries(self, start, stop):
        """Centre a block of queries; return them, their lowered norms, and whether their norms are finite."""
        rows = -(-(stop - start) // TILE_ROWS) * TILE_ROWS
        centred = np.empty((rows, self.X.shape[1]), self.X.dtype)
        lowered = np.empty(rows)
        norm = centre_rows(self.X[start:stop], self.centre, self.lowering, self.smallest, centred, lowered)
        return centred, lowered, norm < self.largest

    def for_each(self, task):
        """Call `task(start, stop, chunk, panels, first)` for blocks of queries and chunks of candidates.

        Return False, with the work half done, if a norm overflows.
        """
        fine = [True]
        for first in range(0, len(self.Y), self.chunk):
            chunk, panels, finite = self.pack(first)
            if not finite:
                return False

            def block(_, start, stop, chunk=chunk, panels=panels, first=first):
                if fine[0] and not task(start, stop, chunk, panels, first):
                    fine[0] = False

            for_each_block(block, len(self.X), self.rows, work=2.0 * len(self.X) * chunk.size)
            if not fine[0]:
                return False
        return True

    def work(self, rows):
        return np.empty(TILE_ROWS * self.width + rows, self.X.dtype)

    def radius_work(self, limits, lowered):
        """Make the work array of `collect_panels`: values below its limits may be, or must be, within."""
        n, rows, slack = len(limits), len(lowered), 1 - self.lowering
        work = self.work(2 * rows + 1)
        may, must, widening = np.split(work[-2 * rows - 1 :], [rows, 2 * rows])
        may.fill(-np.inf)
        may[:n] = limits - lowered[:n]
        must[:n] = limits - lowered[:n] * (1 + 4 * slack) - 4 * self.smallest
        widening[:] = 3 * slack
        return work
