"""Balanced kd-trees for neighbours in few dimensions, in the Minkowski metrics.

The tree is implicit: node i has the children 2 i + 1 and 2 i + 2, all leaves are on one level. A leaf holds
its points in panels of TILE_WIDTH columns, feature by feature, filled up with points at infinity, so that its
distances are one or a few register tiles. Distances are float64 and "reduced": sums of |difference|^p, or the
largest |difference| where p is infinite.
"""

from typing import NamedTuple

import numpy as np

from ..._threads import for_each_block
from .._compile import TILE_WIDTH, float64, helper, int64, kernel, simd, tile_width
from ._kd_tree_walk import ROUNDING, descend, measure_panel, work_of
from .neighbor_lists import SORTED, UNFILLED, places_of, push, sort_rows

__all__ = ["KDTree", "build_kd_tree", "count_kd_tree", "list_kd_tree", "query_kd_tree"]

ABOVE = 1 + 4e-16  # makes "below the limit" include equal distances
QUERIES = 256  # of a block


class KDTree(NamedTuple):
    """A tree, as `build_kd_tree` returns it."""

    leaves: np.ndarray  # float64 (n_leaves * panels of a leaf * n_features * TILE_WIDTH,)
    index: np.ndarray  # int64 (n_leaves * panels of a leaf * TILE_WIDTH,): the points' rows
    nodes: np.ndarray  # float64 (n_nodes, 3): split feature, split value, lowest row below
    order: np.ndarray  # int64 (n_samples,): the points' rows, leaf by leaf
    bounds: np.ndarray  # int64 (n_leaves + 1,): where each leaf begins in `order`


# ---- build ------------------------------------------------------------------------------------
@helper
def swap(points, order, i, j):
    for t in range(points.shape[1]):
        points[i, t], points[j, t] = points[j, t], points[i, t]
    order[i], order[j] = order[j], order[i]


@helper
def partition_at(points, order, t, low, high, middle):
    """Reorder the points low..high so that feature t's smallest come before `middle`, the others after."""
    high -= 1
    while low < high:
        first, last = points[low, t], points[high, t]
        pivot = points[(low + high) // 2, t]
        pivot = max(min(first, last), min(max(first, last), pivot))
        i, j = low, high
        while i <= j:
            while points[i, t] < pivot:
                i += 1
            while points[j, t] > pivot:
                j -= 1
            if i <= j:
                swap(points, order, i, j)
                i += 1
                j -= 1
        if middle <= j:
            high = j
        elif middle >= i:
            low = i
        else:
            return


@kernel
def split_range(
    points_work: float64[:, :],  # WORK (n_samples, n_features), reordered
    order_work: int64[:],  # WORK (n_samples,), reordered alike
    bounds: int64[:],  # IN (n_nodes + 1,) where the nodes of this level begin
    nodes_out: float64[:, :],  # OUT (n_nodes, 3) of this level
    start: int64,
    stop: int64,
):
    """Split nodes at the median of their widest feature."""
    for node in range(start, stop):
        low, high = bounds[node], bounds[node + 1]
        feature, widest = 0, -1.0
        for t in range(points_work.shape[1]):
            smallest = largest = points_work[low, t]
            for i in range(low, high):
                smallest = min(smallest, points_work[i, t])
                largest = max(largest, points_work[i, t])
            if largest - smallest > widest:
                feature, widest = t, largest - smallest
        middle = (low + high) // 2
        partition_at(points_work, order_work, feature, low, high, middle)
        nodes_out[node, 0] = feature
        nodes_out[node, 1] = points_work[middle, feature]


@kernel
def fill_leaves(
    points: float64[:, :],  # IN (n_samples, n_features) in the order of the leaves
    order: int64[:],  # IN (n_samples,)
    bounds: int64[:],  # IN (n_leaves + 1,)
    leaves_out: float64[:],  # OUT
    index_out: int64[:],  # OUT
    nodes_out: float64[:, :],  # OUT (n_leaves, 3)
    start: int64,
    stop: int64,
):
    """Write the leaves' panels."""
    d = points.shape[1]
    places = index_out.shape[0] // nodes_out.shape[0]
    for leaf in range(start, stop):
        least = UNFILLED
        for at in range(places):
            i = bounds[leaf] + at
            here = i < bounds[leaf + 1]
            panel = (leaf * places + at) // TILE_WIDTH
            for t in range(d):
                leaves_out[(panel * d + t) * TILE_WIDTH + at % TILE_WIDTH] = points[i, t] if here else np.inf
            index_out[leaf * places + at] = order[i] if here else UNFILLED
            if here:
                least = min(least, order[i])
        nodes_out[leaf, 2] = least


# ---- searches ---------------------------------------------------------------------------------
@kernel
def query_range(
    queries: float64[:, :],  # IN (n_rows, n_features)
    rows: int64[:],  # IN (n_rows,) where their neighbours go
    leaves: float64[:],  # IN
    index: int64[:],  # IN
    nodes: float64[:, :],  # IN (n_nodes, 3)
    p: float64,
    distances_out: float64[:, :],  # OUT (n_queries, n_neighbors)
    indices_out: int64[:, :],  # OUT (n_queries, n_neighbors)
    stack_work: float64[:],  # WORK, see _kd_tree_walk; at its end, a list
    index_work: int64[:],  # WORK likewise
):
    """Find the nearest points, equal distances by row."""
    d, k = queries.shape[1], distances_out.shape[1]
    n_inner = nodes.shape[0] // 2
    panels = index.shape[0] // (n_inner + 1) // TILE_WIDTH
    list_at, bottom = stack_work.shape[0] - places_of(k), TILE_WIDTH + 1 + d
    worst = list_at + (k - 1 if k <= SORTED else 0)
    for i in range(rows.shape[0]):
        for at in range(list_at, stack_work.shape[0]):
            stack_work[at] = np.inf
            index_work[at] = UNFILLED
        stack_work[TILE_WIDTH] = np.inf
        top = bottom + d + 2
        for t in range(bottom, top):
            stack_work[t] = 0.0
        while top > bottom:
            bound = stack_work[top - d - 1] * ROUNDING
            hopeless = (
                bound == stack_work[worst] and nodes[int64(stack_work[top - d - 2]), 2] > index_work[worst]
            )
            if hopeless or not bound < stack_work[TILE_WIDTH]:
                top -= d + 2
                continue
            node, top = descend(queries, i, nodes, p, stack_work, top)
            for panel in range((node - n_inner) * panels, (node - n_inner + 1) * panels):
                near = measure_panel(queries, i, leaves, panel, p, stack_work)
                while near != 0:
                    lane = simd.lowest_bit(near)
                    near &= near - 1
                    at = panel * TILE_WIDTH + lane
                    push(stack_work, index_work, list_at, k, stack_work[lane], index[at])
                stack_work[TILE_WIDTH] = stack_work[worst] * ABOVE + 5e-324
        for at in range(k):
            distances_out[rows[i], at] = stack_work[list_at + at]
            indices_out[rows[i], at] = index_work[list_at + at]


@kernel
def collect_range(
    queries: float64[:, :],  # IN (n_queries, n_features)
    leaves: float64[:],  # IN
    index: int64[:],  # IN
    nodes: float64[:, :],  # IN (n_nodes, 3)
    p: float64,
    limits: float64[:],  # IN (n_queries,) reduced radii
    places_out: int64[:],  # OUT (n_queries,) advanced by the number of points within
    distances_out: float64[:],  # OUT (n_pairs,), or empty to count only
    indices_out: int64[:],  # OUT (n_pairs,), or empty
    stack_work: float64[:],  # WORK, see _kd_tree_walk
):
    """Write each query's points within its radius from its place on."""
    d = queries.shape[1]
    n_inner = nodes.shape[0] // 2
    panels = index.shape[0] // (n_inner + 1) // TILE_WIDTH
    bottom = TILE_WIDTH + 1 + d
    for i in range(queries.shape[0]):
        stack_work[TILE_WIDTH] = limits[i] * ABOVE + 5e-324
        top = bottom + d + 2
        for t in range(bottom, top):
            stack_work[t] = 0.0
        while top > bottom:
            node, top = descend(queries, i, nodes, p, stack_work, top)
            for panel in range((node - n_inner) * panels, (node - n_inner + 1) * panels):
                near = measure_panel(queries, i, leaves, panel, p, stack_work)
                while near != 0:
                    lane = simd.lowest_bit(near)
                    near &= near - 1
                    if stack_work[lane] <= limits[i] and index[panel * TILE_WIDTH + lane] != UNFILLED:
                        if distances_out.shape[0] != 0:
                            distances_out[places_out[i]] = stack_work[lane]
                            indices_out[places_out[i]] = index[panel * TILE_WIDTH + lane]
                        places_out[i] += 1


@kernel
def locate_range(
    queries: float64[:, :],  # IN (n_queries, n_features)
    nodes: float64[:, :],  # IN (n_nodes, 3)
    leaves_out: int64[:],  # OUT (n_queries,)
    start: int64,
    stop: int64,
):
    """Find the leaf in whose cell each query lies."""
    n_inner = nodes.shape[0] // 2
    for i in range(start, stop):
        node = 0
        while node < n_inner:
            node = 2 * node + (2 if queries[i, int64(nodes[node, 0])] >= nodes[node, 1] else 1)
        leaves_out[i] = node - n_inner


# ---- launchers --------------------------------------------------------------------------------
def build_kd_tree(X, leaf_size):
    """Build a tree; the same one for any number of threads.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features), float32 or float64
        Points, finite.

    leaf_size : int
        The most points that a leaf may hold; a register tile of points at least.

    Returns
    -------
    tree : KDTree
        For the other functions here.

    References
    ----------
    Friedman, Bentley, Finkel (1977). An algorithm for finding best matches in logarithmic expected time.
    """
    n, d = X.shape
    points, order = X.astype(np.float64), np.arange(n)
    levels = 0
    while -(-n >> levels) > max(leaf_size, tile_width(np.float64)):
        levels += 1
    nodes = np.zeros((2 ** (levels + 1) - 1, 3))
    bounds = np.array([0, n])
    for level in range(levels):
        here = nodes[2**level - 1 : 2 ** (level + 1) - 1]

        def split(_, start, stop, bounds=bounds, here=here):
            split_range(points, order, bounds, here, start, stop)

        for_each_block(split, len(here), max(1, len(here) // 64), work=10.0 * n * d)
        bounds = np.insert(bounds, range(1, len(bounds)), (bounds[:-1] + bounds[1:]) // 2)
    return _finish(points, order, bounds, nodes)


def _finish(points, order, bounds, nodes):
    n_leaves, d = len(bounds) - 1, points.shape[1]
    width = tile_width(np.float64)
    places = -(-int(np.diff(bounds).max()) // width) * width
    leaves, index = np.empty(n_leaves * places * d), np.empty(n_leaves * places, np.int64)

    def fill(_, start, stop):
        fill_leaves(points, order, bounds, leaves, index, nodes[n_leaves - 1 :], start, stop)

    for_each_block(fill, n_leaves, 256, work=2.0 * leaves.size)
    level = n_leaves // 2
    while level:
        here = nodes[level - 1 : 2 * level - 1]
        here[:, 2] = nodes[2 * level - 1 : 4 * level - 1, 2].reshape(level, 2).min(axis=1)
        level //= 2
    return KDTree(leaves, index, nodes, order, bounds)


def query_kd_tree(tree, X, p, distances_out, indices_out, order=None):
    """Find each query's nearest points, nearest first, equal distances by row.

    Parameters
    ----------
    tree : KDTree
        Of n_samples points.

    X : ndarray of shape (n_queries, n_features), float64
        Queries.

    p : float
        Of the Minkowski metric, at least 1.

    distances_out : ndarray of shape (n_queries, n_neighbors), float64
        Reduced distances; n_neighbors is at most n_samples.

    indices_out : ndarray of shape (n_queries, n_neighbors), int64
        Rows of the points; the largest int64 where the distance overflows.

    order : ndarray of shape (n_queries,), int64, default=None
        The order in which to search; neighbours best one after the other. None: by the leaves they lie in.
    """
    k = distances_out.shape[1]
    order = _by_leaf(tree, X) if order is None else order

    def search(_, start, stop):
        rows = order[start:stop]
        work = work_of(X.shape[1], places_of(k))
        query_range(
            X[rows], rows, tree.leaves, tree.index, tree.nodes, p, distances_out, indices_out,
            work, np.empty(len(work), np.int64),
        )  # fmt: skip

    for_each_block(search, len(X), _block(X), work=1000.0 * len(X))
    if k > SORTED:
        sort_rows(np.arange(0, distances_out.size + 1, k), distances_out.reshape(-1), indices_out.reshape(-1))


def count_kd_tree(tree, X, p, limits, counts_out):
    """Count the points within each query's radius.

    Parameters
    ----------
    tree, X, p
        As for `query_kd_tree`.

    limits : ndarray of shape (n_queries,), float64
        Reduced radii. A point at just that distance counts.

    counts_out : ndarray of shape (n_queries,), int64
        Number of points within.
    """
    _collect(tree, X, p, limits, np.zeros_like(counts_out), counts_out, np.empty(0), np.empty(0, np.int64))


def list_kd_tree(tree, X, p, limits, starts, distances_out, indices_out):
    """List the points within each query's radius, leaf by leaf.

    Parameters
    ----------
    tree, X, p, limits
        As for `count_kd_tree`.

    starts : ndarray of shape (n_queries + 1,), int64
        Where each query's points begin in the outputs: the counts of `count_kd_tree`, summed up.

    distances_out : ndarray of shape (n_pairs,), float64
        Reduced distances.

    indices_out : ndarray of shape (n_pairs,), int64
        Rows of the points.
    """
    if len(distances_out):
        _collect(tree, X, p, limits, starts[:-1], np.empty_like(starts[:-1]), distances_out, indices_out)


def _collect(tree, X, p, limits, starts, ends_out, distances_out, indices_out):
    order = _by_leaf(tree, X)

    def collect(_, start, stop):
        rows = order[start:stop]
        places = starts[rows]
        collect_range(
            X[rows], tree.leaves, tree.index, tree.nodes, p, limits[rows], places, distances_out, indices_out,
            work_of(X.shape[1]),
        )  # fmt: skip
        ends_out[rows] = places

    for_each_block(collect, len(X), _block(X), work=1000.0 * len(X))


def _block(X):
    """Queries of a block: not so many that few queries cannot be shared out."""
    return min(QUERIES, max(8, len(X) // 32))


def _by_leaf(tree, X):
    if len(X) < QUERIES:
        return np.arange(len(X))
    leaves = np.empty(len(X), np.int64)

    def locate(_, start, stop):
        locate_range(X, tree.nodes, leaves, start, stop)

    for_each_block(locate, len(X), 4096, work=20.0 * len(X))
    return np.argsort(leaves, kind="stable")
