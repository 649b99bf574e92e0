"""Growing a decision tree from exact splits: one call grows one tree.

`_tree_frontier` says which node is next and which features are drawn for it, `_tree_sort` sorts its samples
by a feature, `_tree_counts`, `_tree_moments` and `_tree_any` try the splits, `_tree_criteria` has the
formulas.
"""

from typing import NamedTuple

import numpy as np

from .._compile import float64, int32, int64, kernel
from ._tree_absolute import SORTED, rank_targets
from ._tree_any import measure_children, search_any, sum_side, write_value
from ._tree_counts import gini, search_counts, sum_counts
from ._tree_criteria import LEFT_SUMS, RIGHT_SUMS, TOTAL, subtract_left
from ._tree_frontier import (
    ABSOLUTE_ERROR,
    CONSTRAINED,
    COUNTERS,
    CRITERION,
    CURRENT,
    DEEPEST,
    ENTROPY,
    FOUND,
    GINI,
    IMPURE,
    IMPURE_LEFT,
    IMPURE_RIGHT,
    MAX_DEPTH,
    MAX_FEATURES,
    MAX_LEAVES,
    MIN_DECREASE,
    MIN_LEAF,
    MIN_LEAF_WEIGHT,
    MIN_SPLIT,
    MONOTONIC,
    N_CLASSES,
    N_NODES,
    N_OUTPUTS,
    N_SETTINGS,
    NODE_COLUMNS,
    POISSON,
    POSITION,
    RANDOM,
    RECORD,
    SCORE,
    SEED,
    SPLITS,
    SQUARED_ERROR,
    STACK,
    START,
    STOP,
    TOTAL_WEIGHT,
    VALUE,
    WEIGHT,
    begin_drawing,
    begin_tree,
    draw_feature,
    end_drawing,
    must_be_leaf,
    next_record,
    note_feature,
    settle_node,
)
from ._tree_moments import WEIGHTED, gather_targets, search_moments
from ._tree_search import judge_split, part_samples

__all__ = ["CRITERIA", "Grown", "Limits", "grow_tree"]

CRITERIA = {
    "gini": GINI,
    "entropy": ENTROPY,
    "log_loss": ENTROPY,
    "squared_error": SQUARED_ERROR,
    "friedman_mse": SQUARED_ERROR,  # scikit-learn found the two to be the same
    "absolute_error": ABSOLUTE_ERROR,
    "poisson": POISSON,
}
LARGEST_COUNT = 0xFFFF  # of a weight that is a count, and of a class


# ---- kernels ---------------------------------------------------------------------------------------------
@kernel
def grow_counts(
    columns: int32[:, :, :],  # IN (3, n_features, n_samples) see Table
    features: int64[:, :],  # IN (n_features, FEATURE_COLUMNS)
    settings: float64[:],  # IN (N_SETTINGS,)
    items_work: int64[:, :],  # WORK (5, n_items) the items, then room for sorting
    choices_work: int64[:],  # WORK see _tree_frontier; returns the number of nodes and the depth
    frontier_work: float64[:, :],  # WORK (n_records, RECORD)
    sums_work: float64[:, :],  # WORK (3, n_classes)
    nodes_out: int64[:, :],  # OUT (n_nodes, NODE_COLUMNS)
    reals_out: float64[:, :],  # OUT (n_nodes, VALUE + n_classes)
):
    """Grow a classifier from counts: Gini impurity, one output, weights that are small integers."""
    n_features, n_classes = features.shape[0], int64(settings[N_CLASSES])
    begin_tree(choices_work, frontier_work, settings, items_work.shape[1], n_features)
    while next_record(choices_work, frontier_work, features, settings, nodes_out, reals_out):
        start, stop = int64(frontier_work[CURRENT, START]), int64(frontier_work[CURRENT, STOP])
        weight = sum_counts(items_work, sums_work, TOTAL, start, stop, n_classes)
        node, squares = choices_work[N_NODES], 0.0
        for c in range(n_classes):
            squares += sums_work[TOTAL, c] * sums_work[TOTAL, c]
            reals_out[node, VALUE + c] = sums_work[TOTAL, c] / weight
        reals_out[node, WEIGHT] = weight
        if node == 0:
            frontier_work[CURRENT, IMPURE] = gini(squares, weight)
        frontier_work[CURRENT, SPLITS] = 0
        if not must_be_leaf(frontier_work, settings, weight):
            begin_drawing(choices_work, frontier_work, n_features)
            while True:
                feature = draw_feature(choices_work, int64(settings[MAX_FEATURES]))
                if feature < 0:
                    break
                is_constant = search_counts(
                    columns, features, feature, settings, items_work, choices_work, frontier_work, sums_work,
                    start, stop, weight,
                )  # fmt: skip
                note_feature(choices_work, is_constant)
            end_drawing(choices_work, frontier_work, n_features)
            if frontier_work[FOUND, SCORE] > -np.inf:
                position = part_samples(columns, features, items_work, frontier_work, start, stop)
                left_weight = sum_counts(items_work, sums_work, LEFT_SUMS, start, position, n_classes)
                subtract_left(sums_work, n_classes)
                for side in range(2):
                    squares = 0.0
                    for c in range(n_classes):
                        squares += sums_work[LEFT_SUMS + side, c] * sums_work[LEFT_SUMS + side, c]
                    side_weight = left_weight if side == 0 else weight - left_weight
                    frontier_work[CURRENT, IMPURE_LEFT + side] = gini(squares, side_weight)
                frontier_work[CURRENT, POSITION] = position
                judge_split(frontier_work, settings, weight, left_weight, weight - left_weight)
        settle_node(choices_work, frontier_work, features, settings, nodes_out, reals_out)


@kernel
def grow_moments(
    columns: int32[:, :, :],  # IN as for grow_counts
    features: int64[:, :],  # IN
    targets: float64[:, :],  # IN (n_samples, 2) weights and targets
    settings: float64[:],  # IN
    items_work: int64[:, :],  # WORK
    choices_work: int64[:],  # WORK
    frontier_work: float64[:, :],  # WORK
    sums_work: float64[:, :],  # WORK (5, n_items)
    nodes_out: int64[:, :],  # OUT
    reals_out: float64[:, :],  # OUT (n_nodes, VALUE + 1)
):
    """Grow a regressor by the squared error of one output."""
    n_features = features.shape[0]
    begin_tree(choices_work, frontier_work, settings, items_work.shape[1], n_features)
    while next_record(choices_work, frontier_work, features, settings, nodes_out, reals_out):
        start, stop = int64(frontier_work[CURRENT, START]), int64(frontier_work[CURRENT, STOP])
        weight = gather_targets(targets, items_work, sums_work, start, stop)
        node = choices_work[N_NODES]
        reals_out[node, VALUE], reals_out[node, WEIGHT] = sums_work[TOTAL, 0] / weight, weight
        if node == 0:
            measure_children(
                columns, features, targets, settings, items_work, frontier_work, sums_work, start, weight
            )
            frontier_work[CURRENT, IMPURE] = frontier_work[CURRENT, IMPURE_RIGHT]
        frontier_work[CURRENT, SPLITS] = 0
        if not must_be_leaf(frontier_work, settings, weight):
            begin_drawing(choices_work, frontier_work, n_features)
            while True:
                feature = draw_feature(choices_work, int64(settings[MAX_FEATURES]))
                if feature < 0:
                    break
                is_constant = search_moments(
                    columns, features, feature, settings, items_work, choices_work, frontier_work, sums_work,
                    start, stop, weight,
                )  # fmt: skip
                note_feature(choices_work, is_constant)
            end_drawing(choices_work, frontier_work, n_features)
            if frontier_work[FOUND, SCORE] > -np.inf:
                position = part_samples(columns, features, items_work, frontier_work, start, stop)
                left_weight = measure_children(
                    columns,
                    features,
                    targets,
                    settings,
                    items_work,
                    frontier_work,
                    sums_work,
                    position,
                    weight,
                )
                frontier_work[CURRENT, POSITION] = position
                judge_split(frontier_work, settings, weight, left_weight, weight - left_weight)
        settle_node(choices_work, frontier_work, features, settings, nodes_out, reals_out)


@kernel
def grow_any(
    columns: int32[:, :, :],  # IN as for grow_counts; ABSOLUTE_ERROR: then the ranks of the targets
    features: int64[:, :],  # IN
    targets: float64[:, :],  # IN (n_samples, 1 + n_outputs) weights; targets or classes
    settings: float64[:],  # IN
    items_work: int64[:, :],  # WORK
    choices_work: int64[:],  # WORK
    frontier_work: float64[:, :],  # WORK
    sums_work: float64[:, :],  # WORK (3, n_outputs * n_classes), ABSOLUTE_ERROR: see _tree_absolute
    nodes_out: int64[:, :],  # OUT
    reals_out: float64[:, :],  # OUT (n_nodes, VALUE + n_outputs * n_classes)
):
    """Grow a tree by any criterion, for any number of outputs, any weights, monotonic constraints."""
    n_features, criterion = features.shape[0], int64(settings[CRITERION])
    n_outputs, n_classes = int64(settings[N_OUTPUTS]), int64(settings[N_CLASSES])
    begin_tree(choices_work, frontier_work, settings, items_work.shape[1], n_features)
    while next_record(choices_work, frontier_work, features, settings, nodes_out, reals_out):
        start, stop = int64(frontier_work[CURRENT, START]), int64(frontier_work[CURRENT, STOP])
        weight = sum_side(criterion, targets, items_work, sums_work, TOTAL, start, stop, n_outputs, n_classes)
        node = choices_work[N_NODES]
        if node == 0 or criterion == ABSOLUTE_ERROR:  # which also finds the medians and the targets' order
            measure_children(
                columns, features, targets, settings, items_work, frontier_work, sums_work, start, weight
            )
            if node == 0:
                frontier_work[CURRENT, IMPURE] = frontier_work[CURRENT, IMPURE_RIGHT]
        write_value(settings, frontier_work, sums_work, weight, reals_out, node, VALUE)
        reals_out[node, WEIGHT] = weight
        frontier_work[CURRENT, SPLITS] = 0
        if not must_be_leaf(frontier_work, settings, weight):
            begin_drawing(choices_work, frontier_work, n_features)
            while True:
                feature = draw_feature(choices_work, int64(settings[MAX_FEATURES]))
                if feature < 0:
                    break
                is_constant = search_any(
                    columns, features, feature, targets, settings, items_work, choices_work, frontier_work,
                    sums_work, start, stop, weight,
                )  # fmt: skip
                note_feature(choices_work, is_constant)
            end_drawing(choices_work, frontier_work, n_features)
            if frontier_work[FOUND, SCORE] > -np.inf:
                position = part_samples(columns, features, items_work, frontier_work, start, stop)
                left_weight = measure_children(
                    columns,
                    features,
                    targets,
                    settings,
                    items_work,
                    frontier_work,
                    sums_work,
                    position,
                    weight,
                )
                frontier_work[CURRENT, POSITION] = position
                judge_split(frontier_work, settings, weight, left_weight, weight - left_weight)
        settle_node(choices_work, frontier_work, features, settings, nodes_out, reals_out)


# ---- launchers
# -----------------------------------------------------------------------------------------------
class Limits(NamedTuple):
    """What bounds the growth of a tree."""

    max_features: int
    min_samples_split: int = 2
    min_samples_leaf: int = 1
    min_weight_leaf: float = 0.0
    min_impurity_decrease: float = 0.0
    max_depth: int = 2**31 - 1
    max_leaf_nodes: int = -1
    random: bool = False  # one random threshold for each feature, instead of the best


class Grown(NamedTuple):
    """A grown tree: rows of nodes, the root first; see _tree_frontier for their columns."""

    nodes: np.ndarray  # int64 (n_nodes, NODE_COLUMNS)
    reals: np.ndarray  # float64 (n_nodes, VALUE + n_outputs * n_classes)
    max_depth: int


def grow_tree(table, y, weight, criterion, n_classes, limits, seed, monotonic=None):
    """Grow a tree.

    Parameters
    ----------
    table : Table
        The samples, as `tree_columns.rank_columns` returns them.

    y : ndarray of shape (n_samples, n_outputs), float64
        Targets; for classification classes from 0 on.

    weight : ndarray of shape (n_samples,) or None
        Weights of the samples, of which those of 0 take no part; None means ones.

    criterion : str
        A key of `CRITERIA`.

    n_classes : int
        The most classes of an output; 1 for regression.

    limits : Limits
        Bounds of the growth.

    seed : int
        From 0 to 2^31 - 2; the features and thresholds drawn from it are those that scikit-learn draws.

    monotonic : ndarray of shape (n_features,), int64, default=None
        1 where the (first class's) value must not fall with the feature, -1 where it must not rise, else 0.

    Returns
    -------
    tree : Grown
        With its nodes in scikit-learn's order. Of equally good splits the one tried first is taken: features
        in the order drawn, thresholds from low to high, missing values right before left.

    References
    ----------
    Breiman, L., Friedman, J., Olshen, R., Stone, C. (1984). Classification and regression trees.
    """
    columns, features = table.columns, table.features
    n_outputs, n_features = y.shape[1], len(features)
    kind = CRITERIA[criterion]
    if monotonic is not None:
        features = features.copy()
        features[:, MONOTONIC] = monotonic
    counted = kind == GINI and n_outputs == 1 and monotonic is None and _are_counts(weight, n_classes)
    items, total = _make_items(y, weight, counted)
    settings = make_settings(kind, n_outputs, n_classes, limits, seed, total, monotonic is not None)
    n_items, n_nodes = items.shape[1], _most_nodes(items.shape[1], limits)
    best_first = limits.max_leaf_nodes > 0
    choices = np.empty(COUNTERS + 2 * n_features + (n_nodes if best_first else 0), np.int64)
    n_stacked = 2 if best_first else min(n_items, limits.max_depth) + 2
    frontier = np.empty((STACK + n_stacked + (n_nodes if best_first else 0), RECORD))
    nodes = np.empty((n_nodes, NODE_COLUMNS), np.int64)
    reals = np.empty((n_nodes, VALUE + n_outputs * n_classes))
    work = settings, items, choices, frontier
    if counted:
        sums = np.empty((RIGHT_SUMS + 1, n_classes))
        grow_counts(columns, features, *work, sums, nodes, reals)
    else:
        targets = np.empty((len(y), 1 + n_outputs))
        targets[:, 0], targets[:, 1:] = 1 if weight is None else weight, y
        if kind == SQUARED_ERROR and n_outputs == 1 and monotonic is None:
            sums = np.empty((WEIGHTED + 1, n_items))
            grow_moments(columns, features, targets, *work, sums, nodes, reals)
        else:
            rows, width = RIGHT_SUMS + 1, n_outputs * n_classes
            if kind == ABSOLUTE_ERROR:
                rows, width = SORTED + 2 * n_outputs, max(width, n_items + 1)
                ranks = np.broadcast_to(rank_targets(y), (3, n_outputs, len(y)))
                columns = np.concatenate([columns, ranks], axis=1)
            grow_any(columns, features, targets, *work, np.empty((rows, width)), nodes, reals)
    n_nodes = int(choices[N_NODES])
    return Grown(nodes[:n_nodes].copy(), reals[:n_nodes].copy(), int(choices[DEEPEST]))


def make_settings(criterion, n_outputs, n_classes, limits, seed, total_weight, constrained=False):
    """Pack what the kernels need to know; see _tree_frontier."""
    settings = np.empty(N_SETTINGS)
    settings[CRITERION], settings[N_OUTPUTS], settings[N_CLASSES] = criterion, n_outputs, n_classes
    settings[MAX_FEATURES], settings[SEED], settings[TOTAL_WEIGHT] = limits.max_features, seed, total_weight
    settings[MIN_SPLIT], settings[MIN_LEAF] = limits.min_samples_split, limits.min_samples_leaf
    settings[MIN_LEAF_WEIGHT], settings[MIN_DECREASE] = limits.min_weight_leaf, limits.min_impurity_decrease
    settings[MAX_DEPTH], settings[MAX_LEAVES] = limits.max_depth, limits.max_leaf_nodes
    settings[RANDOM], settings[CONSTRAINED] = limits.random, constrained
    return settings


def _are_counts(weight, n_classes):
    """Tell whether all weights are integers that fit the payload of an item."""
    if n_classes > LARGEST_COUNT:
        return False
    if weight is None or weight.dtype.kind in "iu":
        return weight is None or (weight.min() >= 0 and weight.max() <= LARGEST_COUNT)
    return bool(weight.min() >= 0 and weight.max() <= LARGEST_COUNT and (weight == np.floor(weight)).all())


def _make_items(y, weight, counted):
    """The items of samples whose weight is not zero, with room for sorting; the sum of the weights."""
    rows = np.arange(len(y)) if weight is None else np.flatnonzero(weight)
    items = np.empty((5, len(rows)), np.int64)
    items[0] = rows
    if counted:
        classes = y[:, 0] if weight is None else y[rows, 0]
        counts = 1 if weight is None else weight[rows].astype(np.int64)
        items[0] |= ((classes.astype(np.int64) << 16) | counts) << 32
    return items, float(len(y) if weight is None else weight.sum())


def _most_nodes(n_samples, limits):
    """How many nodes a tree can have at most."""
    leaves = max(1, n_samples // max(1, limits.min_samples_leaf))
    if limits.max_depth < 40:
        leaves = min(leaves, 2**limits.max_depth)
    if limits.max_leaf_nodes > 0:
        leaves = min(leaves, limits.max_leaf_nodes)
    return 2 * leaves - 1
