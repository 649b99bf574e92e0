"""Exact nearest neighbours by brute force on CUDA: the twins of `fastml.kernels.cpu.neighbors`.

A thread goes through the candidates for one query, in narrow tiles. Ranking is by differences in the data's
dtype; what it keeps, some candidates more than wanted, is measured again in float64 and ranked by that.
"""

import numpy as np

from .._cuda import BLOCK, T, blocks_for, cp, cuda, cuda_kernel, float64, helper, int32, int64, u32
from ._memory import scratch_bytes
from ._reduce import lane_sum
from ._tiles import DEPTH, NARROW, ROWS_PITCH, narrow_tile, squared_difference
from .distance import pairwise
from .neighbor_lists import UNFILLED, launch_select, merge_panel

__all__ = ["count_within", "find_nearest", "list_within"]

SIZES = (7, 12, 28)  # of the lists that threads keep in registers
SPARE = 2  # candidates kept beyond those wanted
BLOCKS = 1024  # that keep a GPU busy: few queries are searched in several ranges of candidates
RANGE = 4096  # candidates that are worth a range of their own
NO_INDEX = np.iinfo(np.int32).max

SIZE, FILL = SIZES[0], False  # what a kernel does not bind otherwise


# ---- kernels -------------------------------------------------------------------------------------
def rank_candidates(
    X: T[:, :],  # IN  (n_queries, n_features)
    Y: T[:, :],  # IN  (n_samples, n_features)
    none: T[:],  # IN  (0,)
    n_ranges: int64,
    indices_out: int32[:, :],  # OUT (n_queries, n_ranges * SIZE) the nearest of each range, or NO_INDEX
):
    rows = cuda.shared.array((DEPTH, ROWS_PITCH), T)
    columns = cuda.shared.array((DEPTH, NARROW), T, alignment=16)
    totals = cuda.local.array(NARROW, T)
    values = cuda.local.array(SIZE, T)
    indices = cuda.local.array(SIZE, int32)
    thread = u32(cuda.threadIdx.x)
    part = u32(cuda.blockIdx.x) % u32(n_ranges)
    row = u32(cuda.blockIdx.x) // u32(n_ranges) * u32(BLOCK)
    for i in range(SIZE):
        values[i] = T(np.inf)
        indices[i] = int32(NO_INDEX)
    start, stop = range_of(part, n_ranges, Y.shape[0])
    for column in range(start, stop, u32(NARROW)):
        narrow_tile(squared_difference, T(0), totals, rows, columns, X, none, Y, row, u32(column), thread)
        for j in range(NARROW):
            if u32(column) + u32(j) >= stop:
                totals[j] = T(np.inf)
        taken = u32(0)
        while True:
            value, at = lowest(totals, taken)
            if not value < values[SIZE - 1]:
                break
            index = int32(u32(column) + at)
            for i in range(SIZE - 1, -1, -1):
                if i > 0 and value < values[i - 1]:
                    values[i] = values[i - 1]
                    indices[i] = indices[i - 1]
                elif value < values[i]:
                    values[i] = value
                    indices[i] = index
            taken |= u32(1) << at
    if row + thread < u32(X.shape[0]):
        for i in range(SIZE):
            indices_out[row + thread, part * u32(SIZE) + u32(i)] = indices[i]


@helper
def range_of(part, n_ranges, n_samples):
    """The candidates of a range: whole narrow tiles, but for the last."""
    n_tiles = (int64(n_samples) + int64(NARROW - 1)) // int64(NARROW)
    start = int64(part) * n_tiles // n_ranges * int64(NARROW)
    stop = (int64(part) + int64(1)) * n_tiles // n_ranges * int64(NARROW)
    return u32(start), u32(min(stop, int64(n_samples)))


@helper
def lowest(totals, taken):
    """The smallest of a narrow tile's totals that is not taken, and which it is: the first of several."""
    value = T(np.inf)
    at = u32(0)
    for j in range(NARROW):
        if totals[j] < value and taken & u32(1 << j) == u32(0):
            value = totals[j]
            at = u32(j)
    return value, at


@helper
def squared_distance(X, i, Y, j, first, step):
    """Every step-th term of a squared distance of rows, summed in float64."""
    total = float64(0)
    for t in range(first, u32(X.shape[1]), step):
        difference = float64(X[i, u32(t)]) - float64(Y[j, u32(t)])
        total += difference * difference
    return total


@cuda_kernel
def measure_pairs(
    X: T[:, :],  # IN  (n_queries, n_features)
    Y: T[:, :],  # IN  (n_samples, n_features)
    indices: int32[:, :],  # IN  (n_queries, n_candidates)
    distances_out: float64[:, :],  # OUT (n_queries, n_candidates) infinite for NO_INDEX
):
    """Eight threads for each pair."""
    e = int64(cuda.blockIdx.x) * int64(BLOCK // 8) + int64(u32(cuda.threadIdx.x) >> u32(3))
    lane = u32(cuda.threadIdx.x) & u32(7)
    i = e // indices.shape[1]
    candidate = e % indices.shape[1]
    total = float64(np.inf)
    if i < indices.shape[0] and indices[i, candidate] != int32(NO_INDEX):
        total = squared_distance(X, i, Y, indices[i, candidate], lane, u32(8))
    total = lane_sum(total, 8)
    if lane == u32(0) and i < indices.shape[0]:
        distances_out[i, candidate] = total


def collect_candidates(
    X: T[:, :],  # IN  (n_queries, n_features)
    Y: T[:, :],  # IN  (n_samples, n_features)
    none: T[:],  # IN  (0,)
    bounds: T[:],  # IN  (n_queries,) what lies beyond is beyond the limit too
    limits: float64[:],  # IN  (n_queries,) squared radii
    places_out: int64[:, :],  # OUT (n_queries, n_ranges) IN if FILL: where to write; OUT otherwise: how many
    distances_out: float64[:],  # OUT (n_pairs,)
    indices_out: int64[:],  # OUT (n_pairs,)
):
    rows = cuda.shared.array((DEPTH, ROWS_PITCH), T)
    columns = cuda.shared.array((DEPTH, NARROW), T, alignment=16)
    totals = cuda.local.array(NARROW, T)
    thread = u32(cuda.threadIdx.x)
    n_ranges = places_out.shape[1]
    part = u32(cuda.blockIdx.x) % u32(n_ranges)
    row = u32(cuda.blockIdx.x) // u32(n_ranges) * u32(BLOCK)
    query = row + thread
    inside = query < u32(X.shape[0])
    bound = bounds[query] if inside else T(-1)
    place = int64(0)
    if FILL and inside:
        place = places_out[query, part]
    start, stop = range_of(part, n_ranges, Y.shape[0])
    for column in range(start, stop, u32(NARROW)):
        narrow_tile(squared_difference, T(0), totals, rows, columns, X, none, Y, row, u32(column), thread)
        for j in range(NARROW):
            at = u32(column) + u32(j)
            near = totals[j] <= bound or totals[j] == T(np.inf)
            if inside and at < stop and near:
                distance = squared_distance(X, query, Y, at, u32(0), u32(1))
                if distance <= limits[query]:
                    if FILL:
                        distances_out[place] = distance
                        indices_out[place] = int64(at)
                    place += int64(1)
    if inside and not FILL:
        places_out[query, part] = place


RANK = {size: cuda_kernel(rank_candidates, SIZE=size) for size in SIZES}
COUNT = cuda_kernel(collect_candidates, FILL=False)
LIST = cuda_kernel(collect_candidates, FILL=True)


# ---- launchers -----------------------------------------------------------------------------------
def _n_ranges(n_queries, n_samples):
    return max(1, min(blocks_for(BLOCKS, blocks_for(n_queries)), n_samples // RANGE))


def find_nearest(X, Y, distances_out, indices_out):
    """See the CPU twin."""
    n_queries, k = distances_out.shape
    size = next((size for size in SIZES if size >= k + SPARE), None)
    if size is not None:
        n_ranges = _n_ranges(n_queries, Y.shape[0])
        rows = max(BLOCK, scratch_bytes() // (n_ranges * size * 20))
        for start in range(0, n_queries, rows):
            part = slice(start, start + rows)
            _rank(X[part], Y, size, n_ranges, distances_out[part], indices_out[part])
        if not n_queries or int(indices_out.max()) != UNFILLED:
            return
    # A list that long does not fit registers, or distances overflow in the data's dtype.
    _find_by_panels(X.astype(np.float64), Y.astype(np.float64), distances_out, indices_out)


def _rank(X, Y, size, n_ranges, distances_out, indices_out):
    candidates = cp.empty((X.shape[0], n_ranges * size), np.int32)
    blocks = blocks_for(X.shape[0]) * n_ranges
    RANK[size][(blocks,), (BLOCK,)](X, Y, cp.empty(0, X.dtype), n_ranges, candidates)
    distances = cp.empty(candidates.shape, np.float64)
    measure_pairs[(blocks_for(distances.size, BLOCK // 8),), (BLOCK,)](X, Y, candidates, distances)
    indices = cp.where(candidates == NO_INDEX, UNFILLED, candidates.astype(np.int64))
    held, held_indices = cp.empty((X.shape[0], 0), np.float64), cp.empty((X.shape[0], 0), np.int64)
    launch_select(distances, indices, 0, held, held_indices, distances_out, indices_out)


def _find_by_panels(X, Y, distances_out, indices_out):
    distances_out.fill(np.inf)
    indices_out.fill(UNFILLED)
    rows = max(1, scratch_bytes() // (8 * RANGE))
    for start in range(0, X.shape[0], rows):
        part = slice(start, start + rows)
        for first in range(0, Y.shape[0], RANGE):
            panel = cp.empty((X[part].shape[0], min(RANGE, Y.shape[0] - first)), np.float64)
            pairwise(X[part], Y[first : first + RANGE], "sqeuclidean", panel)
            merge_panel(panel, first, distances_out[part], indices_out[part])


def count_within(X, Y, limits, counts_out):
    """See the CPU twin."""
    counts_out[:] = _counts(X, Y, limits).sum(axis=1)


def list_within(X, Y, limits, starts, distances_out, indices_out):
    """See the CPU twin."""
    if distances_out.shape[0]:
        counts = _counts(X, Y, limits)
        places = starts[:-1, None] + cp.cumsum(counts, axis=1) - counts
        _collect(LIST, X, Y, limits, places, distances_out, indices_out)


def _counts(X, Y, limits):
    counts = cp.empty((X.shape[0], _n_ranges(X.shape[0], Y.shape[0])), np.int64)
    _collect(COUNT, X, Y, limits, counts, cp.empty(0, np.float64), cp.empty(0, np.int64))
    return counts


def _collect(kernel, X, Y, limits, places, distances_out, indices_out):
    info, n_terms = np.finfo(X.dtype), X.shape[1] + 16
    # No rounding error of a sum of squared differences is larger, nor what underflows.
    bounds = (limits * (1 + n_terms * float(info.eps)) + n_terms * float(info.tiny)).astype(X.dtype)
    kernel[(blocks_for(X.shape[0]) * places.shape[1],), (BLOCK,)](
        X, Y, cp.empty(0, X.dtype), bounds, limits, places, distances_out, indices_out
    )
