"""Walks through trees of exact splits on CUDA, a thread for each row: the twins of
`fastml.kernels.cpu.tree_predict`."""

import numpy as np

from .._cuda import BLOCK, blocks_for, cp, cuda, cuda_kernel, float32, float64, helper, int64

__all__ = ["add_leaf_values", "find_leaves", "list_paths"]

# A node's words, as `pack_tree` writes them: threshold, feature and two flags; left and right child.
IS_LEAF, TO_LEFT, FEATURE_SHIFT = 1, 2, 4
LOWER_HALF = 0xFFFFFFFF
WAYS = 32  # trees that a thread finds leaves in


# ---- kernels -----------------------------------------------------------------------------------------------
@helper
def goes_left(x, word, thresholds, node):
    """Tell whether a value goes left at a node."""
    if x == x:
        return x <= thresholds[node]
    return word & int64(TO_LEFT) != int64(0)


@helper
def child_of(X, row, words, thresholds, node):
    """The node that follows."""
    word = words[node, 0]
    x = X[row, (word & int64(LOWER_HALF)) >> int64(FEATURE_SHIFT)]
    children = words[node, 1]
    if goes_left(x, word, thresholds, node):
        children >>= int64(32)
    return children & int64(LOWER_HALF)


@helper
def leaf_of(X, row, words, thresholds, root):
    """The leaf of a row in the tree that begins at `root`."""
    node = root
    while words[node, 0] & int64(IS_LEAF) == int64(0):
        node = child_of(X, row, words, thresholds, node)
    return node


@cuda_kernel
def find_leaves_of_rows(
    X: float32[:, :],  # IN  (n_samples, n_features)
    words: int64[:, :],  # IN  (n_all_nodes, 2)
    thresholds: float32[:],  # IN  (n_all_nodes,)
    roots: int64[:],  # IN  (n_trees,)
    leaves_out: int64[:, :],  # OUT (n_samples, n_trees)
):
    row = int64(cuda.blockIdx.x) * int64(BLOCK) + int64(cuda.threadIdx.x)
    first = int64(cuda.blockIdx.y) * int64(WAYS)
    if row < X.shape[0]:
        for t in range(first, min(first + int64(WAYS), int64(roots.shape[0]))):
            leaves_out[row, t] = leaf_of(X, row, words, thresholds, roots[t]) - roots[t]


@cuda_kernel
def add_values_of_rows(
    X: float32[:, :],  # IN  (n_samples, n_features)
    words: int64[:, :],  # IN  (n_all_nodes, 2)
    thresholds: float32[:],  # IN  (n_all_nodes,)
    roots: int64[:],  # IN  (n_trees,)
    values: float64[:, :],  # IN  (n_all_nodes, n_values)
    sums_out: float64[:, :],  # OUT (n_samples, n_values) += the leaves' values, in the order of the trees
):
    row = int64(cuda.blockIdx.x) * int64(BLOCK) + int64(cuda.threadIdx.x)
    if row < X.shape[0]:
        for t in range(roots.shape[0]):
            leaf = leaf_of(X, row, words, thresholds, roots[t])
            for c in range(values.shape[1]):
                sums_out[row, c] += values[leaf, c]


@cuda_kernel
def list_paths_of_rows(
    X: float32[:, :],  # IN  (n_samples, n_features)
    words: int64[:, :],  # IN  (n_nodes, 2)
    thresholds: float32[:],  # IN  (n_nodes,)
    places_out: int64[:],  # OUT (n_samples,) advanced by the length of the path
    path_out: int64[:],  # OUT (n_all,) the nodes of the rows' paths, or empty to count only
):
    row = int64(cuda.blockIdx.x) * int64(BLOCK) + int64(cuda.threadIdx.x)
    if row >= X.shape[0]:
        return
    node, place, last = int64(0), places_out[row], False
    while not last:
        if path_out.shape[0] != 0:
            path_out[place] = node
        place += int64(1)
        last = words[node, 0] & int64(IS_LEAF) != int64(0)
        node = child_of(X, row, words, thresholds, node)
    places_out[row] = place


# ---- launchers ---------------------------------------------------------------------------------------------
def _thresholds(words):
    """The nodes' thresholds: the upper halves of their first words, as bits."""
    return cp.ascontiguousarray(words.view(np.int32)[:, 1]).view(np.float32)


def find_leaves(X, words, roots, leaves_out):
    """See the CPU twin."""
    blocks = blocks_for(len(X)), blocks_for(len(roots), WAYS)
    find_leaves_of_rows[blocks, (BLOCK,)](X, words, _thresholds(words), roots, leaves_out)


def add_leaf_values(X, words, roots, values, sums_out):
    """See the CPU twin."""
    add_values_of_rows[(blocks_for(len(X)),), (BLOCK,)](X, words, _thresholds(words), roots, values, sums_out)


def list_paths(X, words):
    """See the CPU twin."""
    starts, thresholds = cp.zeros(len(X) + 1, np.int64), _thresholds(words)
    blocks, nothing = (blocks_for(len(X)),), cp.empty(0, np.int64)
    lengths = cp.zeros(len(X), np.int64)
    list_paths_of_rows[blocks, (BLOCK,)](X, words, thresholds, lengths, nothing)
    starts[1:] = cp.cumsum(lengths)
    path = cp.empty(int(starts[-1]), np.int64)
    list_paths_of_rows[blocks, (BLOCK,)](X, words, thresholds, starts[:-1].copy(), path)
    return starts, path
