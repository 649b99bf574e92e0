"""Lists of nearest neighbours: kept while searching, merged, sorted, voted with.

The lists of several queries lie one after the other in a flat array of distances and one of indices,
`n_neighbors` places each, full from the beginning: at first with infinite distances. A short list is
sorted, its last place the worst; a long one is a heap, its first place the worst. The order is by
distance, then by index.
"""

import numpy as np

from ..._threads import for_each_block
from .._compile import LANES, T, float64, helper, int64, kernel, simd

__all__ = ["average_neighbors", "count_votes", "merge_panel", "sort_rows"]

UNFILLED = np.iinfo(np.int64).max  # the index in a place that no candidate has taken
SORTED = 48  # neighbours of the longest list that is kept sorted


# ---- one list ---------------------------------------------------------------------------------
@helper
def comes_before(distance, index, other, other_index):
    """Tell whether a neighbour comes before another."""
    return distance < other or (distance == other and index < other_index)


@helper
def worst_of(k):
    """Where in a list of k places its worst neighbour is."""
    return k - 1 if k <= SORTED else 0


@helper
def sift_down(distances, indices, base, size, at, distance, index):
    """Put a neighbour into the place `at`, which is free, of a heap, or below."""
    while 2 * at + 1 < size:
        child = base + 2 * at + 1
        if 2 * at + 2 < size and comes_before(
            distances[child], indices[child], distances[child + 1], indices[child + 1]
        ):
            child += 1
        if not comes_before(distance, index, distances[child], indices[child]):
            break
        distances[base + at] = distances[child]
        indices[base + at] = indices[child]
        at = child - base
    distances[base + at] = distance
    indices[base + at] = index


@helper
def push(distances, indices, base, k, distance, index):
    """Put a neighbour into the list at `base` if it comes before the worst there, which leaves."""
    worst = base + worst_of(k)
    if not comes_before(distance, index, distances[worst], indices[worst]):
        return
    if k > SORTED:
        sift_down(distances, indices, base, k, 0, distance, index)
        return
    at = worst
    while at > base and comes_before(distance, index, distances[at - 1], indices[at - 1]):
        distances[at] = distances[at - 1]
        indices[at] = indices[at - 1]
        at -= 1
    distances[at] = distance
    indices[at] = index


@helper
def push_value(distances, indices, base, k, value, index):
    """Push a value of any dtype; NaN counts as infinitely far."""
    distance = float64(value)
    push(distances, indices, base, k, np.inf if distance != distance else distance, index)


# ---- many lists -------------------------------------------------------------------------------
@kernel
def join_range(
    distances: float64[:, :],  # IN (n_lists, n_queries * n_neighbors)
    indices: int64[:, :],  # IN (n_lists, n_queries * n_neighbors)
    k: int64,
    distances_out: float64[:],  # OUT (n_queries * n_neighbors,)
    indices_out: int64[:],  # OUT (n_queries * n_neighbors,)
):
    """Push the neighbours of several lists of each query into one."""
    for part in range(distances.shape[0]):
        for at in range(distances.shape[1]):
            push(distances_out, indices_out, at // k * k, k, distances[part, at], indices[part, at])


@kernel
def sort_range(
    starts: int64[:],  # IN (n_rows + 1,)
    distances_out: float64[:],  # OUT (n_pairs,)
    indices_out: int64[:],  # OUT (n_pairs,)
    start: int64,
    stop: int64,
):
    """Heapsort rows of neighbours."""
    for i in range(start, stop):
        base = starts[i]
        size = starts[i + 1] - base
        for at in range(size // 2 - 1, -1, -1):
            distance, index = distances_out[base + at], indices_out[base + at]
            sift_down(distances_out, indices_out, base, size, at, distance, index)
        for last in range(size - 1, 0, -1):
            distance, index = distances_out[base + last], indices_out[base + last]
            distances_out[base + last] = distances_out[base]
            indices_out[base + last] = indices_out[base]
            sift_down(distances_out, indices_out, base, last, 0, distance, index)


@kernel
def merge_range(
    panel: T[:, :],  # IN (n_queries, n_candidates)
    first: int64,  # IN index of the first candidate
    k: int64,
    distances_out: float64[:],  # OUT (n_queries * n_neighbors,)
    indices_out: int64[:],  # OUT (n_queries * n_neighbors,)
    start: int64,
    stop: int64,
):
    """Push the candidates of a panel into the lists; NaN counts as infinitely far."""
    m = panel.shape[1]
    every_lane = (1 << LANES) - 1
    whole = m // LANES * LANES
    for i in range(start, stop):
        worst = i * k + worst_of(k)
        for j in range(0, whole, LANES):
            values = simd.load(panel, i * m + j)
            left = simd.bits(simd.splat(T(distances_out[worst])) < values) ^ every_lane
            while left != 0:
                at = j + simd.lowest_bit(left)
                left &= left - 1
                push_value(distances_out, indices_out, i * k, k, panel[i, at], first + at)
        for at in range(whole, m):
            push_value(distances_out, indices_out, i * k, k, panel[i, at], first + at)


@kernel
def vote_range(
    starts: int64[:],  # IN (n_queries + 1,)
    indices: int64[:],  # IN (n_pairs,)
    weights: float64[:],  # IN (n_pairs,), or empty: all 1
    labels: int64[:],  # IN (n_samples,)
    votes_out: float64[:, :],  # OUT (n_queries, n_classes)
    start: int64,
    stop: int64,
):
    """Add up the weights of each class among the neighbours."""
    for i in range(start, stop):
        for c in range(votes_out.shape[1]):
            votes_out[i, c] = 0.0
        for at in range(starts[i], starts[i + 1]):
            votes_out[i, labels[indices[at]]] += weights[at] if weights.shape[0] != 0 else 1.0


@kernel
def average_range(
    starts: int64[:],  # IN (n_queries + 1,)
    indices: int64[:],  # IN (n_pairs,)
    weights: float64[:],  # IN (n_pairs,), or empty: all 1
    y: float64[:, :],  # IN (n_samples, n_outputs)
    means_out: float64[:, :],  # OUT (n_queries, n_outputs)
    start: int64,
    stop: int64,
):
    """Average the targets of the neighbours."""
    for i in range(start, stop):
        for o in range(y.shape[1]):
            total = 0.0
            weight = 0.0
            for at in range(starts[i], starts[i + 1]):
                w = weights[at] if weights.shape[0] != 0 else 1.0
                total += w * y[indices[at], o]
                weight += w
            means_out[i, o] = total / weight


# ---- launchers --------------------------------------------------------------------------------
ROWS = 1024  # queries of a block


def merge_panel(panel, first, distances_out, indices_out):
    """Push the candidates of a panel of distances into the lists of the queries.

    Parameters
    ----------
    panel : ndarray of shape (n_queries, n_candidates), float32 or float64
        Distances, in any metric. NaN counts as infinitely far.

    first : int
        Index of the panel's first candidate. Candidates come in ascending order of index, panel by panel.

    distances_out : ndarray of shape (n_queries, n_neighbors), float64
        The lists: infinite before the first panel, complete after the last, and sorted then by `sort_rows`.

    indices_out : ndarray of shape (n_queries, n_neighbors), int64
        Likewise; the largest int64 before the first panel.
    """
    distances, indices, k = distances_out.reshape(-1), indices_out.reshape(-1), distances_out.shape[1]

    def task(_, start, stop):
        merge_range(panel, first, k, distances, indices, start, stop)

    for_each_block(task, len(panel), ROWS, work=panel.size)


def sort_rows(starts, distances_out, indices_out):
    """Sort rows of neighbours in place by distance, then by index.

    Parameters
    ----------
    starts : ndarray of shape (n_rows + 1,), int64
        Where each row begins.

    distances_out : ndarray of shape (n_pairs,), float64
        Distances, all rows in one.

    indices_out : ndarray of shape (n_pairs,), int64
        Indices of the neighbours.

    References
    ----------
    Williams (1964). Algorithm 232: Heapsort.
    """

    def task(_, start, stop):
        sort_range(starts, distances_out, indices_out, start, stop)

    for_each_block(task, len(starts) - 1, ROWS, work=20.0 * len(distances_out))


def count_votes(starts, indices, weights, labels, votes_out):
    """Add up the weights of each class among each query's neighbours.

    Parameters
    ----------
    starts : ndarray of shape (n_queries + 1,), int64
        Where each query's neighbours begin.

    indices : ndarray of shape (n_pairs,), int64
        Neighbours, query by query.

    weights : ndarray of shape (n_pairs,), float64, or None
        Weights of the neighbours; None: all 1.

    labels : ndarray of shape (n_samples,), int64
        Classes of the candidates, from 0.

    votes_out : ndarray of shape (n_queries, n_classes), float64
        Sums of weights.
    """
    weights = np.empty(0) if weights is None else weights

    def task(_, start, stop):
        vote_range(starts, indices, weights, labels, votes_out, start, stop)

    for_each_block(task, len(votes_out), ROWS, work=4.0 * len(indices) + votes_out.size)


def average_neighbors(starts, indices, weights, y, means_out):
    """Average the targets of each query's neighbours.

    Parameters
    ----------
    starts, indices, weights
        As for `count_votes`.

    y : ndarray of shape (n_samples, n_outputs), float64
        Targets of the candidates.

    means_out : ndarray of shape (n_queries, n_outputs), float64
        Weighted means; NaN where there is no neighbour.
    """
    weights = np.empty(0) if weights is None else weights

    def task(_, start, stop):
        average_range(starts, indices, weights, y, means_out, start, stop)

    for_each_block(task, len(means_out), ROWS, work=4.0 * len(indices) * y.shape[1])
