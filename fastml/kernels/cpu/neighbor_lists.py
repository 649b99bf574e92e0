"""Lists of nearest neighbours: kept while searching, merged, sorted, voted with.

The lists of several queries lie one after the other in a flat array of distances and one of indices,
`places_of(n_neighbors)` each, full from the beginning: at first with infinite distances. A short list is
sorted, its neighbours in the first places, whole vectors of places; a long one is a heap, its first place
the worst. The order is by distance, then by index.
"""

import numpy as np

from ..._threads import for_each_block
from .._compile import LANES, T, float64, helper, int64, kernel, simd, vector_bytes

__all__ = ["average_neighbors", "count_votes", "merge_panel", "sort_rows"]

UNFILLED = np.iinfo(np.int64).max  # the index in a place that no candidate has taken
SORTED = 96  # neighbours of the longest list that is kept sorted
STEP = vector_bytes() // 8  # places in a vector


# ---- one list ---------------------------------------------------------------------------------
@helper
def places_of(k):
    """Places of a list of k neighbours."""
    return (k + STEP - 1) // STEP * STEP if k <= SORTED else k


@helper
def comes_before(distance, index, other, other_index):
    """Tell whether a neighbour comes before another."""
    return distance < other or (distance == other and index < other_index)


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
def insert(distances, indices, base, places, distance, index):
    """Put a neighbour where it belongs in a sorted list; the last one falls out. There are no branches."""
    new = simd.splat(distance)
    new_index = simd.splat_index(index, new)
    at = base + places
    here, here_index = simd.load(distances, at - STEP), simd.load(indices, at - STEP)
    while at > base:
        at -= STEP
        before, before_index = simd.splat(-np.inf), simd.splat_index(-1, new)
        if at > base:
            before, before_index = simd.load(distances, at - STEP), simd.load(indices, at - STEP)
        left, left_index = simd.shift_in(before, here), simd.shift_in(before_index, here_index)
        stays = (here < new) | ((here == new) & (here_index < new_index))
        left_stays = (left < new) | ((left == new) & (left_index < new_index))
        simd.store(distances, at, simd.select(stays, here, simd.select(left_stays, new, left)))
        simd.store(
            indices, at, simd.select(stays, here_index, simd.select(left_stays, new_index, left_index))
        )
        here, here_index = before, before_index


@helper
def push(distances, indices, base, k, distance, index):
    """Put a neighbour into the list at `base` if it comes before the worst there, which leaves."""
    if k <= SORTED:
        if comes_before(distance, index, distances[base + k - 1], indices[base + k - 1]):
            insert(distances, indices, base, places_of(k), distance, index)
    elif comes_before(distance, index, distances[base], indices[base]):
        sift_down(distances, indices, base, k, 0, distance, index)


# ---- many lists -------------------------------------------------------------------------------
@kernel
def join_range(
    distances: float64[:, :],  # IN (n_lists, n_queries * n_places)
    indices: int64[:, :],  # IN (n_lists, n_queries * n_places)
    k: int64,
    distances_out: float64[:],  # OUT (n_queries * n_places,)
    indices_out: int64[:],  # OUT (n_queries * n_places,)
):
    """Push the neighbours of several lists of each query into one."""
    places = places_of(k)
    for part in range(distances.shape[0]):
        for at in range(distances.shape[1]):
            if at % places < k:
                push(
                    distances_out,
                    indices_out,
                    at // places * places,
                    k,
                    distances[part, at],
                    indices[part, at],
                )


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
    distances_out: float64[:, :],  # OUT (n_queries, n_neighbors)
    indices_out: int64[:, :],  # OUT (n_queries, n_neighbors)
    list_work: float64[:],  # WORK (n_places,)
    index_work: int64[:],  # WORK (n_places,)
    start: int64,
    stop: int64,
):
    """Push the candidates of a panel into the lists; NaN counts as infinitely far."""
    m, k = panel.shape[1], distances_out.shape[1]
    worst = k - 1 if k <= SORTED else 0
    every_lane = (1 << LANES) - 1
    for i in range(start, stop):
        for at in range(k):
            list_work[at] = distances_out[i, at]
            index_work[at] = indices_out[i, at]
        for j in range(0, m, LANES):
            begin = max(0, min(j, m - LANES))  # the last vector reaches back over columns that are done
            left = (1 << m) - 1
            if m >= LANES:
                left = (
                    simd.bits(simd.splat(T(list_work[worst])) < simd.load(panel, i * m + begin)) ^ every_lane
                )
            left &= -1 << (j - begin)
            while left != 0:
                at = begin + simd.lowest_bit(left)
                left &= left - 1
                distance = float64(panel[i, at])
                if distance != distance:
                    distance = np.inf
                push(list_work, index_work, 0, k, distance, first + at)
        for at in range(k):
            distances_out[i, at] = list_work[at]
            indices_out[i, at] = index_work[at]


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
    places = places_of(distances_out.shape[1])

    def task(_, start, stop):
        lists = np.full(places, np.inf), np.full(places, UNFILLED)
        merge_range(panel, first, distances_out, indices_out, *lists, start, stop)

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
