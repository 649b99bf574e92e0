"""Growing weighted stumps, classification trees of one split, from rows that are sorted once for many.

The split is the one that `tree.grow_tree` finds by Gini's impurity.
"""

import numpy as np

from ..._threads import for_each_block
from .._compile import float64, helper, int32, int64, kernel
from ._tree_criteria import (
    LEFT_SUMS,
    RIGHT_SUMS,
    SAMPLE_WEIGHT,
    TOTAL,
    class_impurity,
    clear_sums,
    is_boundary,
    split_score,
    subtract_left,
)
from ._tree_frontier import (
    BEST_FEATURE,
    BEST_RANK,
    COUNTERS,
    CURRENT,
    FEATURE,
    FOUND,
    GINI,
    IMPURE,
    IMPURE_LEFT,
    IMPURE_RIGHT,
    IMPURITY,
    LEAF,
    LEFT,
    MAX_FEATURES,
    MIN_LEAF,
    MIN_LEAF_WEIGHT,
    MISSING_LEFT,
    N_SAMPLES,
    NODE_COLUMNS,
    RECORD,
    RIGHT,
    SCORE,
    SPAN,
    SPLITS,
    STACK,
    THRESHOLD,
    UNDEFINED,
    VALUE,
    WEIGHT,
    begin_drawing,
    begin_tree,
    draw_feature,
    end_drawing,
    must_be_leaf,
    note_feature,
)
from ._tree_search import judge_split, keep_split
from ._tree_sort import RANKS, value_at
from .tree import Grown, make_settings

__all__ = ["grow_stump", "order_rows"]

SLACK = 1 - 1e-9  # more than rounding takes from a score
CLASS = 1  # column of targets


# ---- kernels ------------------------------------------------------------------------------------------
@kernel
def order_range(
    columns: int32[:, :, :],  # IN as for tree.grow_tree
    order_out: int32[:, :],  # OUT (n_features, n_samples) rows by rank
    places_work: int32[:, :],  # WORK (n_features, n_samples + 1)
    start: int64,  # IN features
    stop: int64,
):
    n = order_out.shape[1]
    for t in range(start, stop):
        for r in range(n + 1):
            places_work[t, r] = 0
        for i in range(n):
            places_work[t, columns[RANKS, t, i] + 1] += 1
        for r in range(n):
            places_work[t, r + 1] += places_work[t, r]
        for i in range(n):
            rank = columns[RANKS, t, i]
            order_out[t, places_work[t, rank]] = i
            places_work[t, rank] += 1


@helper
def scan_order(columns, order, feature, span, targets, settings, frontier, sums, weight):
    """Try all boundaries of a feature; the exact score is asked only where a split may be the best so far."""
    n, n_classes = order.shape[1], sums.shape[1]
    least, least_weight = int64(settings[MIN_LEAF]), settings[MIN_LEAF_WEIGHT]
    clear_sums(sums, LEFT_SUMS, n_classes)
    left_weight, floor = 0.0, (weight + frontier[FOUND, SCORE]) * SLACK
    following = int64(columns[RANKS, feature, order[feature, 0]])
    for i in range(n - 1):
        row = order[feature, i]
        sums[LEFT_SUMS, int64(targets[row, CLASS])] += targets[row, SAMPLE_WEIGHT]
        left_weight += targets[row, SAMPLE_WEIGHT]
        rank, following = following, int64(columns[RANKS, feature, order[feature, i + 1]])
        if not is_boundary(columns, feature, rank, following, span):
            continue
        right_weight = weight - left_weight
        if i + 1 < least or n - i - 1 < least or left_weight < least_weight or right_weight < least_weight:
            continue
        left = right = 0.0
        for c in range(n_classes):
            here = sums[LEFT_SUMS, c]
            left += here * here
            right += (sums[TOTAL, c] - here) * (sums[TOTAL, c] - here)
        if left * right_weight + right * left_weight < floor * left_weight * right_weight:
            continue
        subtract_left(sums, n_classes)
        score = split_score(int64(GINI), sums, left_weight, right_weight, int64(1), n_classes)
        if score > frontier[FOUND, SCORE]:
            keep_split(frontier, feature, score, rank)
            floor = (weight + score) * SLACK


@helper
def sum_sides(columns, feature, rank, targets, sums):
    """Sum both sides of a split by class; return their weights, how many are left, the rank that follows."""
    clear_sums(sums, LEFT_SUMS, sums.shape[1])
    clear_sums(sums, RIGHT_SUMS, sums.shape[1])
    left_weight = right_weight = 0.0
    n_left, following = int64(0), int64(1) << 40
    for i in range(targets.shape[0]):
        own, weight = int64(columns[RANKS, feature, i]), targets[i, SAMPLE_WEIGHT]
        if own <= rank:
            sums[LEFT_SUMS, int64(targets[i, CLASS])] += weight
            left_weight += weight
            n_left += 1
        else:
            sums[RIGHT_SUMS, int64(targets[i, CLASS])] += weight
            right_weight += weight
            following = min(following, own)
    return left_weight, right_weight, n_left, following


@kernel
def split_root(
    columns: int32[:, :, :],  # IN
    features: int64[:, :],  # IN
    order: int32[:, :],  # IN (n_features, n_samples)
    targets: float64[:, :],  # IN (n_samples, 2) weights and classes
    settings: float64[:],  # IN
    choices_work: int64[:],  # WORK
    frontier_work: float64[:, :],  # WORK the current record and the split found
    sums_out: float64[:, :],  # OUT (3, n_classes) of the root and its sides
    weights_out: float64[:],  # OUT (4,) of the root and its sides, and the threshold
) -> int64:  # how many samples go left; 0 where there is no split
    n, n_classes = order.shape[1], sums_out.shape[1]
    begin_tree(choices_work, frontier_work, settings, n, features.shape[0])
    for i in range(RECORD):
        frontier_work[CURRENT, i] = frontier_work[STACK, i]
    clear_sums(sums_out, TOTAL, n_classes)
    weight = 0.0
    for i in range(n):
        sums_out[TOTAL, int64(targets[i, CLASS])] += targets[i, SAMPLE_WEIGHT]
        weight += targets[i, SAMPLE_WEIGHT]
    weights_out[TOTAL] = weight
    frontier_work[CURRENT, IMPURE] = class_impurity(int64(GINI), sums_out, TOTAL, weight, int64(1), n_classes)
    if must_be_leaf(frontier_work, settings, weight):
        return 0
    begin_drawing(choices_work, frontier_work, features.shape[0])
    while True:
        feature = draw_feature(choices_work, int64(settings[MAX_FEATURES]))
        if feature < 0:
            break
        low = int64(columns[RANKS, feature, order[feature, 0]])
        high = int64(columns[RANKS, feature, order[feature, n - 1]])
        is_constant = not is_boundary(columns, feature, low, high, features[feature, SPAN])
        if not is_constant:
            scan_order(
                columns, order, feature, features[feature, SPAN], targets, settings, frontier_work, sums_out,
                weight,
            )  # fmt: skip
        note_feature(choices_work, is_constant)
    end_drawing(choices_work, frontier_work, features.shape[0])
    if frontier_work[FOUND, SCORE] == -np.inf:
        return 0
    feature, rank = int64(frontier_work[FOUND, BEST_FEATURE]), int64(frontier_work[FOUND, BEST_RANK])
    left_weight, right_weight, n_left, following = sum_sides(columns, feature, rank, targets, sums_out)
    weights_out[LEFT_SUMS], weights_out[RIGHT_SUMS] = left_weight, right_weight
    for side in range(LEFT_SUMS, RIGHT_SUMS + 1):
        side_weight = left_weight if side == LEFT_SUMS else weight - left_weight
        frontier_work[CURRENT, IMPURE_LEFT + side - LEFT_SUMS] = class_impurity(
            int64(GINI), sums_out, side, side_weight, int64(1), n_classes
        )
    judge_split(frontier_work, settings, weight, left_weight, weight - left_weight)
    below, above = value_at(columns, feature, rank), value_at(columns, feature, following)
    weights_out[3] = float64(below) / 2.0 + float64(above) / 2.0
    return n_left if frontier_work[CURRENT, SPLITS] != 0 else 0


# ---- launchers ----------------------------------------------------------------------------------------
def order_rows(table):
    """Sort the rows by each feature.

    Parameters
    ----------
    table : Table
        The samples, as `tree_columns.rank_columns` returns them.

    Returns
    -------
    order : ndarray of shape (n_features, n_samples), int32
        Rows by rank, those of equal rank in their order.
    """
    _, d, n = table.columns.shape
    order, places = np.empty((d, n), np.int32), np.empty((d, n + 1), np.int32)

    def sort(_, start, stop):
        order_range(table.columns, order, places, start, stop)

    for_each_block(sort, d, max(1, 1024 // n), work=10.0 * n * d)
    return order


def grow_stump(table, order, y, weight, n_classes, limits, seed):
    """Grow a classification tree of at most one split, by Gini's impurity.

    Parameters
    ----------
    table : Table
        The samples, as `tree_columns.rank_columns` returns them; no value is missing.

    order : ndarray of shape (n_features, n_samples), int32
        What `order_rows` makes of the table.

    y : ndarray of shape (n_samples,), float64
        Classes from 0 on.

    weight : ndarray of shape (n_samples,), float64
        Weights of the samples, which are positive.

    n_classes : int
        The number of classes.

    limits : Limits
        Bounds of the growth, of which those of the depth and the number of leaves are not looked at.

    seed : int
        From 0 to 2^31 - 2, as for `tree.grow_tree`.

    Returns
    -------
    tree : Grown
        The tree that `tree.grow_tree` grows.
    """
    n, d = len(y), len(table.features)
    targets = np.empty((n, 2))
    targets[:, SAMPLE_WEIGHT], targets[:, CLASS] = weight, y
    limits = limits._replace(max_depth=1, max_leaf_nodes=-1)
    settings = make_settings(GINI, 1, n_classes, limits, seed, weight.sum())
    choices, frontier = np.empty(COUNTERS + 2 * d, np.int64), np.empty((STACK + 1, RECORD))
    sums, weights = np.empty((RIGHT_SUMS + 1, n_classes)), np.empty(4)
    n_left = split_root(
        table.columns, table.features, order, targets, settings, choices, frontier, sums, weights
    )
    n_nodes = 3 if n_left else 1
    nodes, reals = np.zeros((n_nodes, NODE_COLUMNS), np.int64), np.empty((n_nodes, VALUE + n_classes))
    nodes[:, LEFT] = nodes[:, RIGHT] = LEAF
    nodes[:, FEATURE] = reals[:, THRESHOLD] = UNDEFINED
    reals[:, WEIGHT] = weights[:n_nodes]
    reals[:, VALUE:] = sums[:n_nodes] / weights[:n_nodes, None]
    nodes[0, N_SAMPLES], reals[0, IMPURITY] = n, frontier[CURRENT, IMPURE]
    if n_left:
        nodes[0, LEFT], nodes[0, RIGHT], nodes[0, FEATURE] = 1, 2, frontier[FOUND, BEST_FEATURE]
        nodes[0, MISSING_LEFT] = n_left > n - n_left
        nodes[1:, N_SAMPLES] = n_left, n - n_left
        reals[0, THRESHOLD] = weights[3]
        reals[1:, IMPURITY] = frontier[CURRENT, IMPURE_LEFT], frontier[CURRENT, IMPURE_RIGHT]
    return Grown(nodes, reals, n_nodes // 2)
