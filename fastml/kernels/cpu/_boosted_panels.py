"""Boosted trees in the form that `_tree_panels` walks through, for many rows."""

import numpy as np

from .._boosted import FEATURE_AT, OFFSET_AT, OFFSET_BITS, TO_LEFT
from .._compile import float32, float64, int32, int64, kernel, uint64
from . import _tree_panels
from ._tree_panels import A_NAN, MOST_BITS, NUMBER, ROW_BITS

FEATURES_A_TREE = 1.0  # up to which rows are packed into panels


@kernel
def order_trees(
    words: uint64[:],  # IN (n_nodes,) of features, see `_boosted`
    thresholds: float32[:],  # IN (n_nodes,)
    values: float64[:],  # IN (n_nodes,)
    firsts: int64[:],  # IN (n_trees,) the trees' first nodes
    shift: int64,  # IN where the distance begins in a node's word
    stack_work: int64[:],  # WORK two for each level of the deepest tree, and four more
    parts_out: int32[:],  # OUT (2 * n_all_nodes,) of these trees
    leaves_out: float64[:, :],  # OUT (n_all_leaves, 1)
    roots_out: int64[:],  # OUT (n_trees,)
) -> int64:  # 0 where a tree does not fit
    """Bring nodes into the order in which each left child stands behind its parent."""
    at = leaf = int64(0)
    for t in range(firsts.shape[0]):
        roots_out[t], first_leaf = at, leaf
        stack_work[0], stack_work[1], top = firsts[t], -1, int64(2)
        while top > 0:
            top -= 2
            node, parent = stack_work[top], stack_work[top + 1]
            if parent >= 0:  # a right child, whose distance is known now
                if (at - parent) >> (31 - shift) != 0:
                    return 0
                parts_out[2 * parent] |= (at - parent) << shift
            word = words[node]
            offset = int64((word >> uint64(OFFSET_AT)) & uint64((1 << OFFSET_BITS) - 1))
            if offset == 0:
                if leaf - first_leaf > NUMBER:
                    return 0
                parts_out[2 * at], parts_out[2 * at + 1] = 0, A_NAN | (leaf - first_leaf)
                leaves_out[leaf, 0] = values[node]
                leaf += 1
            else:
                missing_left = _tree_panels.TO_LEFT if word & uint64(TO_LEFT) else 0
                parts_out[2 * at] = (int64(word >> uint64(FEATURE_AT)) << ROW_BITS) | missing_left
                parts_out[2 * at + 1] = np.float32(thresholds[node]).view(np.int32)
                stack_work[top], stack_work[top + 1] = node + offset + 1, at
                stack_work[top + 2], stack_work[top + 3] = node + offset, -1
                top += 4
            at += 1
    return 1


def compress(forest, n_outputs, n_features):
    """Compress trees without categories, output by output.

    Parameters
    ----------
    forest : Forest
        Trees of all outputs, in turn.

    n_outputs, n_features : int
        How many there are.

    Returns
    -------
    outputs : list of tuples
        For each output the arguments `compressed` and `roots` of `_tree_panels.add_values`; None where the
        trees do not fit.
    """
    shift = ROW_BITS + max(1, (n_features - 1).bit_length())
    if shift >= MOST_BITS:
        return None
    outputs, thresholds = [], forest.limits[np.dtype(np.float32)]
    sizes = np.diff(forest.trees[:, 0], append=len(forest.words))
    stack = np.empty(2 * (int(forest.trees[:, 1].max()) + 2), np.int64)
    for output in range(n_outputs):
        firsts, n_nodes = forest.trees[output::n_outputs, 0].copy(), int(sizes[output::n_outputs].sum())
        parts, roots = np.empty(2 * n_nodes, np.int32), np.empty(len(firsts), np.int64)
        leaves = np.empty(((n_nodes + len(firsts)) // 2, 1))
        if not order_trees(
            forest.feature_words, thresholds, forest.values, firsts, shift, stack, parts, leaves, roots
        ):
            return None
        outputs.append(((parts, leaves, shift), roots))
    return outputs


def predict_rows(forest, X, raw_out):
    """Do what `boosted_trees.predict_rows` does, if the trees fit and it is worth it; tell whether it was."""
    n_trees = len(forest.trees)
    if (
        X.dtype != np.float32
        or len(forest.sets)
        or len(X) * n_trees < 16 * len(forest.words)
        or X.shape[1] > FEATURES_A_TREE * n_trees
    ):
        return False
    outputs = compress(forest, len(raw_out), X.shape[1])
    for raw, output in zip(raw_out, outputs or ()):
        _tree_panels.add_values(X, *output, raw[:, None])
    return outputs is not None
