"""Walks of many rows through many trees, sixteen rows side by side.

A panel holds sixteen rows feature by feature, so that one address and a row's number lead to any value of
theirs. A node is eight bytes: a word of flags, feature and distance to the right child, and the threshold;
the left child stands behind it. A leaf's threshold is a NaN, after which every value goes right, by a
distance of zero; its bits hold the leaf's number. So a tree of thousands of nodes stays in the cache.
"""

import numpy as np

from ..._threads import for_each_block
from .._compile import float32, float64, helper, int32, int64, kernel, simd, uint64

ROW_BITS = 4
LANES = 1 << ROW_BITS  # rows of a panel
FLAGS = LANES - 1  # the feature stands above them, where it is multiplied by LANES
IS_LEAF, TO_LEFT = 1, 2  # of the words of `tree_predict`
A_NAN = 0x7FC00000
NUMBER = 0x3FFFFF
LOWER_HALF = 0xFFFFFFFF
MOST_BITS = 24  # below the distance, which has what is left of 31
BLOCK_ROWS, BLOCK_VALUES = 16384, 1 << 20  # the most of a block: the more rows, the less often trees are read


# ---- nodes --------------------------------------------------------------------------------------------
@helper
def first_leaf(roots, t):
    """Where the leaves of a tree begin: each tree has one more than other nodes."""
    return (roots[t] + t) // 2


@kernel
def compress_words(
    words: int64[:, :],  # IN (n_all_nodes, 2) as `tree_predict.pack_tree` writes them
    roots: int64[:],  # IN (n_trees,)
    values: float64[:, :],  # IN (n_all_nodes, n_values)
    shift: int64,  # IN where the distance begins in a node's word
    parts_out: int32[:],  # OUT (n_all_nodes * 2,)
    leaves_out: float64[:, :],  # OUT (n_all_leaves, n_values) their values
    start: int64,  # IN trees
    stop: int64,
) -> int64:  # 0 where a tree does not fit
    for t in range(start, stop):
        first = leaf = first_leaf(roots, t)
        end = roots[t + 1] if t + 1 < roots.shape[0] else words.shape[0]
        for i in range(roots[t], end):
            word, left, right = words[i, 0], words[i, 1] >> 32, words[i, 1] & LOWER_HALF
            if word & IS_LEAF != 0:
                if leaf - first > NUMBER:
                    return 0
                parts_out[2 * i], parts_out[2 * i + 1] = 0, A_NAN | (leaf - first)
                for c in range(values.shape[1]):
                    leaves_out[leaf, c] = values[i, c]
                leaf += 1
            else:
                distance = right - i
                if left != i + 1 or distance >> (31 - shift) != 0:
                    return 0
                parts_out[2 * i] = (distance << shift) | (word & (LOWER_HALF - IS_LEAF))
                parts_out[2 * i + 1] = word >> 32
    return 1


# ---- rows ---------------------------------------------------------------------------------------------
@helper
def pack_panels(X, panels, start, stop):
    """Copy rows into panels, the last row again where there are no more; tell whether a value is missing."""
    missing = False
    for first in range(start, stop, LANES):
        base = (first - start) * X.shape[1]
        for r in range(LANES):
            i = min(first + r, stop - 1)
            for t in range(X.shape[1]):
                x = X[i, t]
                missing |= x != x
                panels[base + t * LANES + r] = x
    return missing


@helper
def advance(panels, at, parts, shift, missing, node):
    """How far the next node is for a row whose values begin at `at`; 0 from a leaf."""
    place = uint64(2) * node
    word = uint64(parts[place])
    x = panels[at + (word & ((uint64(1) << shift) - uint64(LANES)))]
    left = x <= np.int32(parts[place + uint64(1)]).view(np.float32)
    if missing:
        left = left | ((x != x) & (word & uint64(TO_LEFT) != 0))
    return simd.pick(left, uint64(1), word >> shift)


@helper
def advance_four(panels, at, parts, shift, missing, a, b, c, d):
    """The distances for four rows."""
    return (
        advance(panels, at, parts, shift, missing, a),
        advance(panels, at + uint64(1), parts, shift, missing, b),
        advance(panels, at + uint64(2), parts, shift, missing, c),
        advance(panels, at + uint64(3), parts, shift, missing, d),
    )


@helper
def walk_panel(panels, at, parts, shift, missing, root, nodes):
    """Find the leaves of a panel's rows."""
    a = b = c = d = e = f = g = h = i = j = k = l = m = n = o = p = root
    four, eight, twelve = at + uint64(4), at + uint64(8), at + uint64(12)
    moved = uint64(1)
    while moved != 0:
        for _ in range(2):
            w, x, y, z = advance_four(panels, at, parts, shift, missing, a, b, c, d)
            a, b, c, d, moved = a + w, b + x, c + y, d + z, w | x | y | z
            w, x, y, z = advance_four(panels, four, parts, shift, missing, e, f, g, h)
            e, f, g, h, moved = e + w, f + x, g + y, h + z, moved | w | x | y | z
            w, x, y, z = advance_four(panels, eight, parts, shift, missing, i, j, k, l)
            i, j, k, l, moved = i + w, j + x, k + y, l + z, moved | w | x | y | z
            w, x, y, z = advance_four(panels, twelve, parts, shift, missing, m, n, o, p)
            m, n, o, p, moved = m + w, n + x, o + y, p + z, moved | w | x | y | z
    nodes[0], nodes[1], nodes[2], nodes[3], nodes[4], nodes[5] = a, b, c, d, e, f
    nodes[6], nodes[7], nodes[8], nodes[9], nodes[10], nodes[11] = g, h, i, j, k, l
    nodes[12], nodes[13], nodes[14], nodes[15] = m, n, o, p


@kernel
def add_panel_values(
    X: float32[:, :],  # IN (n_samples, n_features)
    parts: int32[:],  # IN (n_all_nodes * 2,)
    roots: int64[:],  # IN (n_trees,)
    leaves: float64[:, :],  # IN (n_all_leaves, n_values)
    shift: int64,  # IN
    panels_work: float32[:],  # WORK (n_features * n_rows,) of as many rows as fill panels
    nodes_work: uint64[:],  # WORK (LANES,)
    sums_out: float64[:, :],  # OUT (n_samples, n_values) += the leaves' values, in the order of the trees
    start: int64,
    stop: int64,
):
    missing, bits = pack_panels(X, panels_work, start, stop), uint64(shift)
    for t in range(roots.shape[0]):
        root = uint64(roots[t])
        own_leaves = first_leaf(roots, t)
        for first in range(start, stop, LANES):
            at = uint64((first - start) * X.shape[1])
            if missing:
                walk_panel(panels_work, at, parts, bits, True, root, nodes_work)
            else:
                walk_panel(panels_work, at, parts, bits, False, root, nodes_work)
            for r in range(uint64(min(LANES, stop - first))):
                leaf = own_leaves + (parts[uint64(2) * nodes_work[r] + uint64(1)] & NUMBER)
                for c in range(leaves.shape[1]):
                    sums_out[uint64(first) + r, c] += leaves[uint64(leaf), c]


# ---- launchers ----------------------------------------------------------------------------------------
def compress(words, roots, values, n_features):
    """Compress packed trees for walks in panels.

    Parameters
    ----------
    words, roots, values
        As for `tree_predict.add_leaf_values`.

    n_features : int
        How many features there are.

    Returns
    -------
    parts, leaves, shift
        For `add_values`, or None where the trees do not fit: left children are not behind their parents, or
        the features leave too few bits for the distances.
    """
    shift = ROW_BITS + max(1, (n_features - 1).bit_length())
    parts = np.empty(2 * len(words), np.int32)
    leaves = np.empty(((len(words) + len(roots)) // 2, values.shape[1]))
    fits = np.zeros(len(roots), bool)

    def compress_some(_, start, stop):
        fits[start:stop] = compress_words(words, roots, values, shift, parts, leaves, start, stop)

    if shift < MOST_BITS:
        for_each_block(compress_some, len(roots), 1, work=20.0 * len(words))
    return (parts, leaves, shift) if fits.all() else None


def add_values(X, compressed, roots, sums_out):
    """Add the values of each row's leaves, tree by tree.

    Parameters
    ----------
    X, roots, sums_out
        As for `tree_predict.add_leaf_values`.

    compressed : tuple
        What `compress` returned.
    """
    parts, leaves, shift = compressed
    n_rows, n_features = X.shape
    rows = min(BLOCK_ROWS, BLOCK_VALUES // n_features, n_rows // 8)
    rows = max(1, rows // LANES) * LANES

    def add(_, start, stop):
        panels, nodes = np.empty(rows * n_features, np.float32), np.empty(LANES, np.uint64)
        add_panel_values(X, parts, roots, leaves, shift, panels, nodes, sums_out, start, stop)

    for_each_block(add, n_rows, rows, work=15.0 * n_rows * len(roots))
