"""Walks through grown trees: the leaves of rows, sums of their values, paths.

Trees lie one after the other. A node is two words: the bits of its threshold above its feature and two flags,
its children. A threshold is rounded down to float32, which changes no comparison with a float32. A leaf is
its own child. Several rows walk at a time, so that one's memory access hides behind the others' arithmetic.
"""

import numpy as np

from ..._threads import for_each_block
from .._compile import float32, float64, helper, int64, kernel, uint64
from . import _tree_panels
from ._tree_frontier import FEATURE, LEAF, LEFT, MISSING_LEFT, RIGHT, THRESHOLD

__all__ = ["add_leaf_values", "find_leaves", "list_paths", "measure_depths", "pack_tree"]

BLOCK_ROWS = 8192  # with a tree, they stay in the second-level cache
FEATURES_A_TREE = 8  # up to which rows are packed into panels
TOGETHER = 8  # rows that walk at a time
IS_LEAF, TO_LEFT, FEATURE_SHIFT = _tree_panels.IS_LEAF, _tree_panels.TO_LEFT, _tree_panels.ROW_BITS
LOWER_HALF = 0xFFFFFFFF


# ---- range kernels --------------------------------------------------------------------------------------
@kernel
def pack_range(
    nodes: int64[:, :],  # IN (n_nodes, NODE_COLUMNS)
    reals: float64[:, :],  # IN (n_nodes, VALUE + ...)
    words_out: int64[:, :],  # OUT (n_all_nodes, 2)
    first: int64,  # IN where the tree begins in `words_out`
):
    for i in range(nodes.shape[0]):
        threshold, flags = float64(np.inf), int64(IS_LEAF | TO_LEFT)
        left = right = i
        feature = int64(0)
        if nodes[i, LEFT] != LEAF:
            threshold, feature = reals[i, THRESHOLD], nodes[i, FEATURE]
            flags = TO_LEFT if nodes[i, MISSING_LEFT] != 0 else 0
            left, right = nodes[i, LEFT], nodes[i, RIGHT]
        rounded = np.float32(threshold)
        bits = int64(np.float32(rounded).view(np.int32))
        if float64(rounded) > threshold:  # the next smaller float32
            bits = bits - 1 if bits > 0 else (bits + 1 if bits < 0 else -2147483647)
        words_out[first + i, 0] = (bits << 32) | (feature << FEATURE_SHIFT) | flags
        words_out[first + i, 1] = ((first + left) << 32) | (first + right)


@helper
def step(X, i, words, node):
    """The child that a row goes to; a leaf again."""
    word = words[node, 0]
    x = X[uint64(i), (word & LOWER_HALF) >> FEATURE_SHIFT]  # unsigned: no index counts from the end
    threshold = np.int32(word >> 32).view(np.float32)
    left = int64(x <= threshold) | (int64(x != x) & ((word >> 1) & 1))
    return (words[node, 1] >> (left << 5)) & LOWER_HALF


@helper
def walk_together(X, i, words, root):
    """The leaves of the rows i to i + TOGETHER."""
    a = b = c = d = e = f = g = h = root
    all_leaves = words[root, 0] & IS_LEAF
    while all_leaves == 0:
        a, b = step(X, i, words, a), step(X, i + 1, words, b)
        c, d = step(X, i + 2, words, c), step(X, i + 3, words, d)
        e, f = step(X, i + 4, words, e), step(X, i + 5, words, f)
        g, h = step(X, i + 6, words, g), step(X, i + 7, words, h)
        all_leaves = words[a, 0] & words[b, 0] & words[c, 0] & words[d, 0]
        all_leaves &= words[e, 0] & words[f, 0] & words[g, 0] & words[h, 0] & IS_LEAF
    return a, b, c, d, e, f, g, h


@helper
def walk(X, i, words, root):
    node = root
    while words[node, 0] & IS_LEAF == 0:
        node = step(X, i, words, node)
    return node


@kernel
def find_leaves_range(
    X: float32[:, :],  # IN (n_samples, n_features)
    words: int64[:, :],  # IN (n_all_nodes, 2)
    roots: int64[:],  # IN (n_trees,)
    leaves_out: int64[:, :],  # OUT (n_samples, n_trees)
    start: int64,
    stop: int64,
):
    for t in range(roots.shape[0]):
        root = roots[t]
        i = start
        while i + TOGETHER <= stop:
            a, b, c, d, e, f, g, h = walk_together(X, i, words, root)
            leaves_out[i, t], leaves_out[i + 1, t] = a - root, b - root
            leaves_out[i + 2, t], leaves_out[i + 3, t] = c - root, d - root
            leaves_out[i + 4, t], leaves_out[i + 5, t] = e - root, f - root
            leaves_out[i + 6, t], leaves_out[i + 7, t] = g - root, h - root
            i += TOGETHER
        while i < stop:
            leaves_out[i, t] = walk(X, i, words, root) - root
            i += 1


@helper
def add_row(values, leaf, out, i):
    for c in range(values.shape[1]):
        out[i, c] += values[leaf, c]


@kernel
def add_values_range(
    X: float32[:, :],  # IN (n_samples, n_features)
    words: int64[:, :],  # IN (n_all_nodes, 2)
    roots: int64[:],  # IN (n_trees,)
    values: float64[:, :],  # IN (n_all_nodes, n_values)
    sums_out: float64[:, :],  # OUT (n_samples, n_values) += the leaves' values, in the order of the trees
    start: int64,
    stop: int64,
):
    for t in range(roots.shape[0]):
        root = roots[t]
        i = start
        while i + TOGETHER <= stop:
            leaves = walk_together(X, i, words, root)
            for r in range(TOGETHER):
                add_row(values, leaves[r], sums_out, i + r)
            i += TOGETHER
        while i < stop:
            add_row(values, walk(X, i, words, root), sums_out, i)
            i += 1


@kernel
def list_paths_range(
    X: float32[:, :],  # IN (n_samples, n_features)
    words: int64[:, :],  # IN (n_nodes, 2)
    places_out: int64[:],  # OUT (n_samples,) advanced by the length of the path
    path_out: int64[:],  # OUT (n_all,) the nodes of the rows' paths, or empty to count only
    start: int64,
    stop: int64,
):
    for i in range(start, stop):
        node = int64(0)
        while True:
            if path_out.shape[0] != 0:
                path_out[places_out[i]] = node
            places_out[i] += 1
            if words[node, 0] & IS_LEAF != 0:
                break
            node = step(X, i, words, node)


@kernel
def measure_depths_range(
    words: int64[:, :],  # IN (n_all_nodes, 2)
    depths_out: int64[:],  # OUT (n_all_nodes,) those of roots are 1
):
    for node in range(words.shape[0]):  # parents stand before their children
        if words[node, 0] & IS_LEAF == 0:
            depths_out[words[node, 1] >> 32] = depths_out[node] + 1
            depths_out[words[node, 1] & LOWER_HALF] = depths_out[node] + 1


# ---- launchers
# ----------------------------------------------------------------------------------------------
def pack_tree(nodes, reals, words_out, first):
    """Pack a tree's nodes for the walks.

    Parameters
    ----------
    nodes, reals : ndarray of shape (n_nodes, ...), int64 and float64
        A tree, as `tree.grow_tree` returns it.

    words_out : ndarray of shape (n_all_nodes, 2), int64
        Packed nodes.

    first : int
        Where the tree's root goes.
    """
    pack_range(nodes, reals, words_out, first)


def find_leaves(X, words, roots, leaves_out):
    """Find the leaf of each row in each tree.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features), float32
        Rows.

    words : ndarray of shape (n_all_nodes, 2), int64
        Trees packed by `pack_tree`.

    roots : ndarray of shape (n_trees,), int64
        Where the trees begin.

    leaves_out : ndarray of shape (n_samples, n_trees), int64
        The leaves' numbers within their trees.
    """
    if len(X) * len(roots) <= BLOCK_ROWS:
        find_leaves_range(X, words, roots, leaves_out, 0, len(X))
        return

    def find(_, start, stop):
        find_leaves_range(X, words, roots, leaves_out, start, stop)

    for_each_block(find, len(X), _block(len(X)), work=30.0 * leaves_out.size)


def add_leaf_values(X, words, roots, values, sums_out):
    """Add the values of each row's leaves, tree by tree.

    Parameters
    ----------
    X, words, roots
        As for `find_leaves`.

    values : ndarray of shape (n_all_nodes, n_values), float64
        The nodes' values.

    sums_out : ndarray of shape (n_samples, n_values), float64
        What is added to.
    """
    if len(X) * len(roots) <= BLOCK_ROWS:
        add_values_range(X, words, roots, values, sums_out, 0, len(X))
        return
    # Both the compression of the trees and the packing of the rows must be worth it.
    if len(X) * len(roots) >= len(words) and X.shape[1] <= FEATURES_A_TREE * len(roots):
        compressed = _tree_panels.compress(words, roots, values, X.shape[1])
        if compressed is not None:
            _tree_panels.add_values(X, compressed, roots, sums_out)
            return

    def add(_, start, stop):
        add_values_range(X, words, roots, values, sums_out, start, stop)

    for_each_block(add, len(X), _block(len(X)), work=30.0 * len(X) * len(roots))


def _block(n_rows):
    """Rows of a block: not so many that few rows cannot be shared out."""
    return max(TOGETHER, min(BLOCK_ROWS, n_rows // 8 // TOGETHER * TOGETHER))


def list_paths(X, words):
    """List the nodes that each row passes in a tree, the root first.

    Parameters
    ----------
    X, words
        As for `find_leaves`; one tree.

    Returns
    -------
    starts : ndarray of shape (n_samples + 1,), int64
        Where each row's path begins.

    path : ndarray of shape (starts[-1],), int64
        Nodes.
    """
    starts = np.zeros(len(X) + 1, np.int64)
    list_paths_range(X, words, starts[1:], np.empty(0, np.int64), 0, len(X))
    np.cumsum(starts, out=starts)
    path = np.empty(starts[-1], np.int64)
    list_paths_range(X, words, starts[:-1].copy(), path, 0, len(X))
    return starts, path


def measure_depths(words):
    """Measure how deep each node lies in its tree.

    Parameters
    ----------
    words : ndarray of shape (n_all_nodes, 2), int64
        Trees packed by `pack_tree`.

    Returns
    -------
    depths : ndarray of shape (n_all_nodes,), int64
        The nodes on the way from the root, both included.
    """
    depths = np.ones(len(words), np.int64)
    measure_depths_range(words, depths)
    return depths
