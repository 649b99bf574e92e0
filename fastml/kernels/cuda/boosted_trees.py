"""Predictions of boosted trees on CUDA: the twins of `fastml.kernels.cpu.boosted_trees`."""

import numpy as np

from .. import _boosted
from .._boosted import BIN_AT, FEATURE_AT, IS_SET, OFFSET_AT, OFFSET_BITS, TO_LEFT, Forest, record_trees
from .._cuda import BLOCK, T, blocks_for, cp, cuda, cuda_kernel, float64, helper, int64, uint8
from .binning import as_values

__all__ = ["Forest", "pack_trees", "predict_codes", "predict_rows", "record_trees"]

OFFSET_MASK = (1 << OFFSET_BITS) - 1


# ---- kernels -----------------------------------------------------------------------------------------
@helper
def child_of(word, node, left):
    """The node that follows; the right child stands behind the left one."""
    return node + ((word >> int64(OFFSET_AT)) & int64(OFFSET_MASK)) + int64(1) - int64(left)


@helper
def in_set(sets, values, node, code):
    """Tell whether a code is in the set of a node of categories."""
    return (sets[int64(values[node]), code >> int64(6)] >> (code & int64(63))) & int64(1) != int64(0)


@cuda_kernel
def walk_codes(
    codes: uint8[:, :],  # IN  (n_rows, n_columns)
    words: int64[:],  # IN  (n_nodes,)
    values: float64[:],  # IN  (n_nodes,)
    sets: int64[:, :],  # IN  (n_sets, 4)
    trees: int64[:, :],  # IN  (n_trees, 3)
    missing: int64,
    start: int64,  # the first row's column in `raw_out`
    raw_out: float64[:, :],  # OUT (n_outputs, n_samples) += values; tree t adds to output t % n_outputs
):
    row = int64(cuda.blockIdx.x) * int64(BLOCK) + int64(cuda.threadIdx.x)
    if row >= codes.shape[0]:
        return
    n_outputs = raw_out.shape[0]
    for output in range(n_outputs):
        total = raw_out[output, start + row]
        for t in range(output, trees.shape[0], n_outputs):
            node = trees[t, 0]
            for _ in range(trees[t, 1]):
                word = words[node]
                code = int64(codes[row, word >> int64(FEATURE_AT)])
                left = code <= (word >> int64(BIN_AT)) & int64(255)
                left = left or (word & int64(TO_LEFT) != int64(0) and code == missing)
                if word & int64(IS_SET) != int64(0):
                    left = in_set(sets, values, node, code)
                node = child_of(word, node, left)
            total += values[node]
        raw_out[output, start + row] = total


@helper
def goes_left(x, word, node, column, values, sets, thresholds, n_categories, missing):
    """Tell whether a value goes left at a node."""
    if word & int64(IS_SET) != int64(0):
        code = missing
        if x >= T(0) and x < T(n_categories[column]):
            code = int64(x)
        return in_set(sets, values, node, code)
    if x == x:
        return x <= thresholds[column, (word >> int64(BIN_AT)) & int64(255)]
    return word & int64(TO_LEFT) != int64(0)


@cuda_kernel
def walk_rows(
    X: T[:, :],  # IN  (n_samples, n_features)
    words: int64[:],  # IN  (n_nodes,)
    values: float64[:],  # IN  (n_nodes,)
    sets: int64[:, :],  # IN  (n_sets, 4)
    trees: int64[:, :],  # IN  (n_trees, 3)
    columns: int64[:],  # IN  (n_columns,) the features of X
    thresholds: T[:, :],  # IN  (n_columns, 256)
    n_categories: int64[:],  # IN  (n_columns,)
    missing: int64,
    raw_out: float64[:, :],  # OUT (n_outputs, n_samples) += values; tree t adds to output t % n_outputs
):
    row = int64(cuda.blockIdx.x) * int64(BLOCK) + int64(cuda.threadIdx.x)
    if row >= X.shape[0]:
        return
    n_outputs = raw_out.shape[0]
    for output in range(n_outputs):
        total = raw_out[output, row]
        for t in range(output, trees.shape[0], n_outputs):
            node = trees[t, 0]
            for _ in range(trees[t, 1]):
                word = words[node]
                column = word >> int64(FEATURE_AT)
                left = (word >> int64(OFFSET_AT)) & int64(OFFSET_MASK) == int64(0)  # a leaf stays where it is
                if not left:
                    x = X[row, columns[column]]
                    left = goes_left(x, word, node, column, values, sets, thresholds, n_categories, missing)
                node = child_of(word, node, left)
            total += values[node]
        raw_out[output, row] = total


# ---- launchers ---------------------------------------------------------------------------------------
def pack_trees(records, thresholds, n_categories, missing, columns=None):
    """See the CPU twin."""
    forest = _boosted.pack_trees(records, thresholds, n_categories, missing, columns)
    return forest._replace(
        words=cp.asarray(forest.words.view(np.int64)),
        values=cp.asarray(forest.values),
        sets=cp.asarray(forest.sets.view(np.int64)),
        trees=cp.asarray(forest.trees),
        columns=cp.asarray(forest.columns, np.int64),
        thresholds=cp.asarray(forest.thresholds),
        n_categories=cp.asarray(forest.n_categories, np.int64),
    )


def predict_codes(forest, codes, raw_out, start=0):
    """See the CPU twin."""
    if not codes.shape[1]:  # all trees are leaves: any column will do
        codes = cp.zeros((len(codes), 1), np.uint8)
    walk_codes[(blocks_for(len(codes)),), (BLOCK,)](
        codes, forest.words, forest.values, forest.sets, forest.trees, forest.missing, start, raw_out
    )


def predict_rows(forest, X, raw_out):
    """See the CPU twin."""
    # Values are compared with thresholds; they need no bins.
    walk_rows[(blocks_for(len(X)),), (BLOCK,)](
        X, forest.words, forest.values, forest.sets, forest.trees, forest.columns,
        as_values(forest.thresholds, X.dtype), forest.n_categories, forest.missing, raw_out,
    )  # fmt: skip
