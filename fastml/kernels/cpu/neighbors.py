"""Exact nearest neighbours by brute force, in the Euclidean metric.

Candidates are compared in register tiles: |y|^2 - 2 x.y of the centred data, lowered by a bound on
its rounding error. What such a bound cannot rule out is measured again, exactly, as the float64 sum
of squared differences of the data as given. So the answers are exact for float32 data too, and equal
distances go to the lowest index.

A panel holds TILE_WIDTH candidates: their lowered squared norms, then -2 times each feature.
"""

import numpy as np

from ..._threads import for_each_block
from .._compile import (
    LANES,
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
from .neighbor_lists import SORTED, UNFILLED, join_range, places_of, push, push_value, sort_rows

__all__ = ["count_within", "find_nearest", "list_within"]

PANEL_BYTES = 4 << 20  # of packed candidates at a time: half of them a small part of a shared cache
GROUP_VALUES = 1 << 17  # of panels that stay in a core's cache while the queries of a block pass
SCAN_ROWS = 16  # fewer queries than this do not pay for packing the candidates
SCAN_WORK = 1 << 18  # scalar operations of a scan's block


# ---- the queries and candidates of the tiles --------------------------------------------------
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


# ---- nearest ----------------------------------------------------------------------------------
@kernel
def rank_panels(
    X: T[:, :],  # IN (n_rows, n_features) queries as given
    Y: T[:, :],  # IN (n_samples, n_features) candidates as given
    centred: T[:, :],  # IN (n_tiles * TILE_ROWS, n_features)
    lowered: float64[:],  # IN (n_tiles * TILE_ROWS,)
    panels: T[:],  # IN
    first: int64,  # IN index of the first candidate
    k: int64,
    distances_out: float64[:],  # OUT (n_rows * n_places,)
    indices_out: int64[:],  # OUT (n_rows * n_places,)
    tile_work: T[:],  # WORK (TILE_ROWS * TILE_WIDTH + n_tiles * TILE_ROWS,)
):
    """Push the candidates into the queries' lists."""
    n_rows, d = X.shape
    n_panels = panels.shape[0] // ((d + 1) * TILE_WIDTH)
    places = places_of(k)
    worst = k - 1 if k <= SORTED else 0
    limits = TILE_ROWS * TILE_WIDTH
    for i in range(centred.shape[0]):
        tile_work[limits + i] = (
            T(distances_out[i * places + worst] - lowered[i]) if i < n_rows else T(-np.inf)
        )
    group = max(1, GROUP_VALUES // ((d + 1) * TILE_WIDTH))
    for begin in range(0, n_panels, group):
        for i in range(0, centred.shape[0], TILE_ROWS):
            for p in range(begin, min(begin + group, n_panels)):
                acc = tile_of_panel(centred, i, panels, p)
                rows = simd.rows_below(acc, tile_work, limits + i, 1)
                if rows == 0:
                    continue
                simd.store_tile(acc, tile_work, 0, TILE_WIDTH)
                while rows != 0:
                    r = simd.lowest_bit(rows)
                    rows &= rows - 1
                    rank_row(X, Y, lowered, first, p, i, r, k, distances_out, indices_out, tile_work)


@helper
def rank_row(X, Y, lowered, first, p, i, r, k, distances_out, indices_out, tile_work):
    """Push the candidates of panel p that row r of the stored tile does not rule out."""
    row = i + r
    base = row * places_of(k)
    worst = base + (k - 1 if k <= SORTED else 0)
    limit_at = TILE_ROWS * TILE_WIDTH + row
    for v in range(TILE_VECTORS):
        at = v * LANES
        values = simd.load(tile_work, r * TILE_WIDTH + at)
        left = simd.bits(values < simd.splat(tile_work[limit_at]))
        while left != 0:
            j = p * TILE_WIDTH + at + simd.lowest_bit(left)
            left &= left - 1
            distance = squared_distance(X, row, Y, j)
            if distance < distances_out[worst]:
                push(distances_out, indices_out, base, k, distance, first + j)
                tile_work[limit_at] = T(distances_out[worst] - lowered[row])


@kernel
def scan_rows(
    X: T[:, :],  # IN (n_queries, n_features)
    Y: T[:, :],  # IN (n_samples, n_features)
    first: int64,  # IN index of the first candidate
    k: int64,
    distances_out: float64[:],  # OUT (n_queries * n_places,)
    indices_out: int64[:],  # OUT (n_queries * n_places,)
):
    """Push every candidate into the lists of a few queries; NaN counts as infinitely far."""
    places = places_of(k)
    worst = k - 1 if k <= SORTED else 0
    for j in range(Y.shape[0]):
        for i in range(X.shape[0]):
            distance = squared_distance(X, i, Y, j)
            if not distance > distances_out[i * places + worst]:
                push_value(distances_out, indices_out, i * places, k, distance, first + j)


# ---- within a radius --------------------------------------------------------------------------
@kernel
def collect_panels(
    X: T[:, :],  # IN (n_rows, n_features) queries as given
    Y: T[:, :],  # IN (n_samples, n_features) candidates as given
    centred: T[:, :],  # IN (n_tiles * TILE_ROWS, n_features)
    panels: T[:],  # IN
    first: int64,  # IN index of the first candidate
    limits: float64[:],  # IN (n_rows,) squared radii
    places_out: int64[:],  # OUT (n_rows,) advanced by the number of candidates within
    distances_out: float64[:],  # OUT (n_pairs,), or empty to count only
    indices_out: int64[:],  # OUT (n_pairs,), or empty
    tile_work: T[:],  # WORK a tile; IN per row limits of values, and of values sure to be within; IN widening
):
    """Write each query's candidates within its radius from its place on."""
    d = X.shape[1]
    only_count = distances_out.shape[0] == 0
    n_panels = panels.shape[0] // ((d + 1) * TILE_WIDTH)
    bounds = TILE_ROWS * TILE_WIDTH
    group = max(1, GROUP_VALUES // ((d + 1) * TILE_WIDTH))
    for begin in range(0, n_panels, group):
        for i in range(0, centred.shape[0], TILE_ROWS):
            for p in range(begin, min(begin + group, n_panels)):
                acc = tile_of_panel(centred, i, panels, p)
                rows = simd.rows_below(acc, tile_work, bounds + i, 1)
                if rows == 0:
                    continue
                simd.store_tile(acc, tile_work, 0, TILE_WIDTH)
                while rows != 0:
                    r = simd.lowest_bit(rows)
                    rows &= rows - 1
                    sure = bounds + centred.shape[0] + i + r
                    norms = p * (d + 1) * TILE_WIDTH
                    for lane in range(TILE_WIDTH):
                        value = tile_work[r * TILE_WIDTH + lane]
                        if not value < tile_work[bounds + i + r]:
                            continue
                        if only_count and value + tile_work[-1] * panels[norms + lane] < tile_work[sure]:
                            places_out[i + r] += 1
                        else:
                            j = p * TILE_WIDTH + lane
                            collect(X, i + r, Y, j, first, limits, places_out, distances_out, indices_out)


@helper
def collect(X, i, Y, j, first, limits, places_out, distances_out, indices_out):
    """Write the pair of row i and candidate j if it is within the radius."""
    distance = squared_distance(X, i, Y, j)
    if distance <= limits[i]:
        if distances_out.shape[0] != 0:
            distances_out[places_out[i]] = distance
            indices_out[places_out[i]] = first + j
        places_out[i] += 1


@kernel
def collect_rows(
    X: T[:, :],  # IN (n_rows, n_features)
    Y: T[:, :],  # IN (n_samples, n_features)
    limits: float64[:],  # IN (n_rows,) squared radii
    places_out: int64[:],  # OUT (n_rows,)
    distances_out: float64[:],  # OUT (n_pairs,), or empty to count only
    indices_out: int64[:],  # OUT (n_pairs,), or empty
):
    """As `collect_panels`, without packing: for a few queries."""
    for i in range(X.shape[0]):
        for j in range(Y.shape[0]):
            collect(X, i, Y, j, 0, limits, places_out, distances_out, indices_out)


# ---- launchers --------------------------------------------------------------------------------
def find_nearest(X, Y, distances_out, indices_out):
    """Find each query's nearest candidates, nearest first, equal distances by index.

    Parameters
    ----------
    X : ndarray of shape (n_queries, n_features), float32 or float64
        Queries.

    Y : ndarray of shape (n_samples, n_features), of X's dtype
        Candidates.

    distances_out : ndarray of shape (n_queries, n_neighbors), float64
        Squared Euclidean distances; n_neighbors is at most n_samples.

    indices_out : ndarray of shape (n_queries, n_neighbors), int64
        Rows of Y.

    References
    ----------
    Garcia, Debreuve, Barlaud (2008). Fast k nearest neighbor search using GPU.
    """
    k = distances_out.shape[1]
    places = places_of(k)
    distances, indices = np.full(len(X) * places, np.inf), np.full(len(X) * places, UNFILLED)
    if len(X) < SCAN_ROWS or not _rank(X, Y, k, distances, indices):
        _scan(X, Y, k, distances, indices)
    if k > SORTED:
        sort_rows(np.arange(0, len(distances) + 1, k), distances, indices)
    distances_out[:] = distances.reshape(-1, places)[:, :k]
    indices_out[:] = indices.reshape(-1, places)[:, :k]


def count_within(X, Y, limits, counts_out):
    """Count the candidates within each query's radius.

    Parameters
    ----------
    X : ndarray of shape (n_queries, n_features), float32 or float64
        Queries.

    Y : ndarray of shape (n_samples, n_features), of X's dtype
        Candidates.

    limits : ndarray of shape (n_queries,), float64
        Squared radii. A candidate at just that distance counts.

    counts_out : ndarray of shape (n_queries,), int64
        Number of candidates within.
    """
    counts_out.fill(0)
    _collect(X, Y, limits, counts_out, np.empty(0), np.empty(0, np.int64))


def list_within(X, Y, limits, starts, distances_out, indices_out):
    """List the candidates within each query's radius, by index.

    Parameters
    ----------
    X, Y, limits
        As for `count_within`.

    starts : ndarray of shape (n_queries + 1,), int64
        Where each query's candidates begin in the outputs: the counts of `count_within`, summed up.

    distances_out : ndarray of shape (n_pairs,), float64
        Squared Euclidean distances.

    indices_out : ndarray of shape (n_pairs,), int64
        Rows of Y.
    """
    if len(distances_out):
        _collect(X, Y, limits, starts[:-1].copy(), distances_out, indices_out)


class _Tiles:
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
        """Work array of `collect_panels`: values below the first limits may be within, below the second must."""
        n, rows, slack = len(limits), len(lowered), 1 - self.lowering
        work = self.work(2 * rows + 1)
        may, must, widening = np.split(work[-2 * rows - 1 :], [rows, 2 * rows])
        may.fill(-np.inf)
        may[:n] = limits - lowered[:n]
        must[:n] = limits - lowered[:n] * (1 + 4 * slack) - 4 * self.smallest
        widening[:] = 3 * slack
        return work


def _rank(X, Y, k, distances, indices):
    """Fill the lists from tiles; or return False, with infinity everywhere, if a norm overflows."""
    tiles, places = _Tiles(X, Y), places_of(k)

    def task(start, stop, chunk, panels, first):
        centred, lowered, finite = tiles.queries(start, stop)
        if finite:
            lists = slice(start * places, stop * places)
            rank_panels(
                X[start:stop], chunk, centred, lowered, panels, first, k, distances[lists], indices[lists],
                tiles.work(len(centred)),
            )  # fmt: skip
        return finite

    fine = tiles.for_each(task)
    if not fine:
        distances.fill(np.inf)
        indices.fill(UNFILLED)
    return fine


def _scan(X, Y, k, distances, indices):
    """Scan ranges of candidates for all queries, and join the lists of the ranges."""
    size = max(2048, int(SCAN_WORK // (len(X) * Y.shape[1])))
    n_ranges = -(-len(Y) // size)
    if n_ranges == 1:
        scan_rows(X, Y, 0, k, distances, indices)
        return
    parts = np.full((n_ranges, len(distances)), np.inf)
    where = np.full(parts.shape, UNFILLED)

    def task(block, start, stop):
        scan_rows(X, Y[start:stop], start, k, parts[block], where[block])

    for_each_block(task, len(Y), size, work=2.0 * len(X) * Y.size)
    join_range(parts, where, k, distances, indices)


def _collect(X, Y, limits, places, distances_out, indices_out):
    if len(X) >= SCAN_ROWS:
        begun = places.copy()
        if _collect_tiles(X, Y, limits, places, distances_out, indices_out):
            return
        places[:] = begun

    def task(_, start, stop):
        collect_rows(X[start:stop], Y, limits[start:stop], places[start:stop], distances_out, indices_out)

    for_each_block(task, len(X), 1, work=2.0 * len(X) * Y.size)


def _collect_tiles(X, Y, limits, places, distances_out, indices_out):
    tiles = _Tiles(X, Y)

    def task(start, stop, chunk, panels, first):
        centred, lowered, finite = tiles.queries(start, stop)
        if finite:
            work = tiles.radius_work(limits[start:stop], lowered)
            collect_panels(
                X[start:stop], chunk, centred, panels, first, limits[start:stop],
                places[start:stop], distances_out, indices_out, work,
            )  # fmt: skip
        return finite

    return tiles.for_each(task)
