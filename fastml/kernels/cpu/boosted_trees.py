"""Predictions of boosted trees from codes of bins, and their dependence on some of the features."""

import numpy as np

from ..._threads import for_each_block
from .._boosted import (
    BIN_AT,
    FEATURE_AT,
    IS_SET,
    OFFSET_AT,
    OFFSET_BITS,
    TO_LEFT,
    Forest,
    pack_trees,
    record_trees,
)
from .._compile import T, float64, helper, int64, kernel, uint8, uint64
from . import _boosted_panels
from .binning import bin_features

__all__ = ["Forest", "average_trees", "pack_trees", "predict_codes", "predict_rows", "record_trees"]

TOGETHER = 16  # rows that walk down a tree side by side, so that none waits for memory alone
BLOCK = 512  # rows
# Columns for each tree from which on it is not worth to put the rows into bins first
COLUMNS_A_TREE = 0.5


# ---- kernels ----------------------------------------------
@helper
def step(codes, place, words, values, sets, with_sets, node, missing):
    """The child of a node for a row whose codes begin at `place`; a leaf is its own child."""
    word = words[node]
    code = uint64(codes[place + (word >> uint64(FEATURE_AT))])
    wanted = (word >> uint64(BIN_AT)) & uint64(255)
    left = uint64(code <= wanted) | (word & uint64(TO_LEFT) & uint64(code == missing))
    if with_sets and word & uint64(IS_SET):
        left = (sets[uint64(values[node]), code >> uint64(6)] >> (code & uint64(63))) & uint64(1)
    return node + ((word >> uint64(OFFSET_AT)) & uint64((1 << OFFSET_BITS) - 1)) + uint64(1) - left


@kernel
def walk_trees(
    codes: uint8[:],  # IN (n_rows * n_columns,)
    words: uint64[:],  # IN (n_nodes,)
    values: float64[:],  # IN (n_nodes,)
    sets: uint64[:, :],  # IN (n_sets, 4)
    trees: int64[:, :],  # IN (n_trees, 3)
    missing: int64,
    nodes_work: uint64[:],  # WORK (TOGETHER,)
    raw_out: float64[:, :],  # OUT (n_outputs, n_samples) += values; tree t adds to output t % n_outputs
    start: int64,
    stop: int64,
):
    n_columns = uint64(codes.shape[0] // max(stop - start, 1))
    absent = uint64(missing)
    for first in range(start, stop, TOGETHER):
        n = min(TOGETHER, stop - first)
        place = uint64(first - start) * n_columns
        for t in range(trees.shape[0]):
            for r in range(uint64(TOGETHER)):
                nodes_work[r] = trees[t, 0]
            with_sets = trees[t, 2] > 0
            for _ in range(trees[t, 1]):
                moved = uint64(0)
                if n == TOGETHER:
                    for r in range(uint64(TOGETHER)):
                        at, node = place + r * n_columns, nodes_work[r]
                        nodes_work[r] = step(codes, at, words, values, sets, with_sets, node, absent)
                        moved |= nodes_work[r] ^ node
                else:
                    for r in range(uint64(n)):
                        at, node = place + r * n_columns, nodes_work[r]
                        nodes_work[r] = step(codes, at, words, values, sets, with_sets, node, absent)
                        moved |= nodes_work[r] ^ node
                if moved == uint64(0):  # all rows are at leaves
                    break
            output = t % raw_out.shape[0]
            for r in range(n):
                raw_out[output, first + r] += values[nodes_work[uint64(r)]]


@kernel
def walk_values(
    X: T[:, :],  # IN (n_samples, n_features)
    words: uint64[:],  # IN (n_nodes,) as above, but of features in the place of columns
    thresholds: T[:],  # IN (n_nodes,)
    values: float64[:],  # IN (n_nodes,)
    trees: int64[:, :],  # IN (n_trees, 3)
    nodes_work: uint64[:],  # WORK (TOGETHER,)
    raw_out: float64[:, :],  # OUT (n_outputs, n_samples) += values; tree t adds to output t % n_outputs
    start: int64,
    stop: int64,
):
    """Walk down trees without categories by the values themselves."""
    distance, one = uint64((1 << OFFSET_BITS) - 1), uint64(1)
    for first in range(start, stop, TOGETHER):
        n = uint64(min(TOGETHER, stop - first))
        for t in range(trees.shape[0]):
            for r in range(n):
                nodes_work[r] = trees[t, 0]
            for _ in range(trees[t, 1]):
                moved = uint64(0)
                for r in range(n):
                    node = nodes_work[r]
                    word = words[node]
                    x = X[uint64(first) + r, word >> uint64(FEATURE_AT)]
                    left = uint64(x <= thresholds[node]) | (word & uint64(x != x))
                    offset = (word >> uint64(OFFSET_AT)) & distance
                    moved |= offset
                    # A leaf stays where it is, whatever the value: its offset is zero.
                    nodes_work[r] = node + offset + (one - (left & one)) * uint64(offset != uint64(0))
                if moved == uint64(0):
                    break
            output = t % raw_out.shape[0]
            for r in range(n):
                raw_out[output, uint64(first) + r] += values[nodes_work[r]]


@kernel
def average_tree(
    numbers: int64[:, :],  # IN (n_nodes, 3): left child or -1, feature, rows
    thresholds: float64[:],  # IN (n_nodes,)
    values: float64[:],  # IN (n_nodes,)
    grid: float64[:, :],  # IN (n_points, n_targets)
    targets: int64[:],  # IN (n_targets,) features
    averages_out: float64[:],  # OUT (n_points,) += averages
    stack_work: int64[:],  # WORK (n_nodes,)
    weights_work: float64[:],  # WORK (n_nodes,)
):
    for i in range(grid.shape[0]):
        top = 1
        stack_work[0], weights_work[0] = 0, 1.0
        while top > 0:
            top -= 1
            node, weight = stack_work[top], weights_work[top]
            left = numbers[node, 0]
            if left < 0:
                averages_out[i] += weight * values[node]
                continue
            target = -1
            for t in range(targets.shape[0]):
                if targets[t] == numbers[node, 1]:
                    target = t
            if target >= 0:
                stack_work[top] = left if grid[i, target] <= thresholds[node] else left + 1
                weights_work[top] = weight
                top += 1
            else:
                share = numbers[left, 2] / numbers[node, 2]
                for side in range(2):
                    stack_work[top + side] = left + side
                    weights_work[top + side] = weight * (share if side == 0 else 1.0 - share)
                top += 2


# ---- launchers ----------------------------------------------
def predict_codes(forest, codes, raw_out, start=0):
    """Add to the predictions of some rows what the trees predict.

    Parameters
    ----------
    forest : Forest
        Trees of all outputs, in turn.
    codes : uint8 array of shape (n_rows, n_columns)
        The rows' bins in the forest's columns.
    raw_out : float64 array of shape (n_outputs, n_samples)
        The predictions; those from column `start` on are changed.
    start : int, default=0
        The first of the rows.
    """
    if not codes.shape[1]:  # all trees are leaves: any column will do
        codes = np.zeros((len(codes), 1), np.uint8)
    work = np.empty(TOGETHER, np.uint64)
    walk_trees(
        codes.reshape(-1), forest.words, forest.values, forest.sets, forest.trees, forest.missing, work,
        raw_out, start, start + len(codes),
    )  # fmt: skip


def predict_rows(forest, X, raw_out):
    """Add to the predictions what the trees predict.

    Parameters
    ----------
    forest : Forest
        Trees of all outputs, in turn.
    X : array of shape (n_samples, n_features)
        float32 or float64, C-contiguous.
    raw_out : float64 array of shape (n_outputs, n_samples)
        The predictions.
    """
    if _boosted_panels.predict_rows(forest, X, raw_out):
        return
    by_value = len(forest.columns) > COLUMNS_A_TREE * len(forest.trees) and not len(forest.sets)

    def predict(block, start, stop):
        if by_value:
            work = np.empty(TOGETHER, np.uint64)
            walk_values(
                X, forest.feature_words, forest.limits[X.dtype], forest.values, forest.trees, work, raw_out,
                start, stop,
            )  # fmt: skip
            return
        codes = np.empty((stop - start, len(forest.columns)), np.uint8)
        bin_features(
            X[start:stop], forest.thresholds, forest.n_categories, forest.missing, codes, forest.columns
        )
        predict_codes(forest, codes, raw_out, start)

    for_each_block(predict, len(X), BLOCK, work=60.0 * len(X) * len(forest.trees))


def average_trees(records, grid, targets, averages_out):
    """Add to the averages of trees over the rows they were grown from, with some features at given values.

    Parameters
    ----------
    records : Records
        The trees.
    grid : float64 array of shape (n_points, n_targets)
        Values of the features that are given.
    targets : int64 array of shape (n_targets,)
        Which features those are.
    averages_out : float64 array of shape (n_outputs, n_points)
        Tree t adds to output t % n_outputs.

    References
    ----------
    Friedman (2001). Greedy function approximation: a gradient boosting machine. Annals of Statistics 29.
    """
    stops = np.cumsum(records.sizes[:, 0])
    for t, stop in enumerate(stops):
        nodes = records.nodes[stop - records.sizes[t, 0] : stop]
        left = np.where(nodes["is_leaf"], -1, nodes["left"].astype(np.int64))
        numbers = np.stack([left, nodes["feature_idx"], nodes["count"]], axis=1).astype(np.int64)
        thresholds, values = nodes["num_threshold"].copy(), nodes["value"].copy()
        work = np.empty(len(nodes) + 1, np.int64), np.empty(len(nodes) + 1)
        average_tree(numbers, thresholds, values, grid, targets, averages_out[t % len(averages_out)], *work)
