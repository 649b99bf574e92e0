"""Exact nearest neighbours by brute force, in the Euclidean metric.

Candidates are compared in register tiles: |y|^2 - 2 x.y of the centred data, lowered by a bound on
its rounding error. What such a bound cannot rule out is measured again, exactly, as the float64 sum
of squared differences of the data as given. So the answers are exact for float32 data too, and equal
distances go to the lowest index.
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
    int64,
    kernel,
    simd,
)
from ._neighbor_tiles import Tiles, squared_distance, tile_of_panel
from .neighbor_lists import SORTED, UNFILLED, join_range, places_of, push, sort_rows

__all__ = ["count_within", "find_nearest", "list_within"]

GROUP_VALUES = 1 << 17  # of panels that stay in a core's cache while the queries of a block pass
SCAN_ROWS = 16  # fewer queries than this do not pay for packing the candidates
SCAN_WORK = 1 << 18  # scalar operations of a scan's block


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
                    base = (i + r) * places
                    for at in range(0, TILE_WIDTH, LANES):
                        values = simd.load(tile_work, r * TILE_WIDTH + at)
                        left = simd.bits(values < simd.splat(tile_work[limits + i + r]))
                        while left != 0:
                            j = p * TILE_WIDTH + at + simd.lowest_bit(left)
                            left &= left - 1
                            distance = squared_distance(X, i + r, Y, j)
                            push(distances_out, indices_out, base, k, distance, first + j)
                            tile_work[limits + i + r] = T(distances_out[base + worst] - lowered[i + r])


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
    for j in range(Y.shape[0]):
        for i in range(X.shape[0]):
            distance = squared_distance(X, i, Y, j)
            if distance != distance:
                distance = np.inf
            push(distances_out, indices_out, i * places, k, distance, first + j)


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
    widening = simd.splat(tile_work[tile_work.shape[0] - 1])
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
                    may_be = simd.splat(tile_work[bounds + i + r])
                    must_be = simd.splat(tile_work[bounds + centred.shape[0] + i + r])
                    for at in range(0, TILE_WIDTH, LANES):
                        values = simd.load(tile_work, r * TILE_WIDTH + at)
                        near = simd.bits(values < may_be)
                        if only_count:
                            norms = simd.load(panels, p * (d + 1) * TILE_WIDTH + at)
                            sure = near & simd.bits(simd.fma(widening, norms, values) < must_be)
                            places_out[i + r] += simd.count_bits(sure)
                            near ^= sure
                        while near != 0:
                            j = p * TILE_WIDTH + at + simd.lowest_bit(near)
                            near &= near - 1
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


def _rank(X, Y, k, distances, indices):
    """Fill the lists from tiles; or return False, with infinity everywhere, if a norm overflows."""
    tiles, places = Tiles(X, Y), places_of(k)

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
    tiles = Tiles(X, Y)

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
