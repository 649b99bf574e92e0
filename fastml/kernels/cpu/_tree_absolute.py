"""Absolute errors from the weighted median, of every first part and every last part of a node's samples.

Fenwick trees over the targets' order hold the sums of weights and of weighted targets, so that the median of
a growing part is found in O(log n).
"""

import numpy as np

from .._compile import float64, helper, int32, int64, kernel
from ._tree_criteria import SAMPLE_WEIGHT, TOTAL
from ._tree_sort import LOWER_HALF, SAMPLES, make_keys, sort_keys

# Rows of `sums`, after those of _tree_criteria: errors and medians by the number of samples in the part, less
# one for the first parts; the Fenwick trees; for each output the sorted targets and the samples' places there
FIRST_ERRORS, LAST_ERRORS, FIRST_MEDIANS, LAST_MEDIANS, TREE_WEIGHT, TREE_TARGET, SORTED = range(3, 10)
IN_NODE_ORDER = -1


@helper
def order_targets(columns, first, targets, items, sums, start, stop, n_outputs):
    """Sort the node's targets; `first` is the column of the ranks of the first output's."""
    for k in range(n_outputs):
        low, high = make_keys(columns, int64(0), first + k, items, start, stop, False)
        row = sort_keys(items, stop - start, low, high)
        for i in range(stop - start):
            place = items[row, i] & LOWER_HALF
            sums[SORTED + 2 * k, i] = targets[items[SAMPLES, start + place] & LOWER_HALF, 1 + k]
            sums[SORTED + 2 * k + 1, place] = i


@helper
def add_target(sums, n, rank, weight, y):
    at = rank + 1
    while at <= n:
        sums[TREE_WEIGHT, at] += weight
        sums[TREE_TARGET, at] += weight * y
        at += at & -at


@helper
def walk(sums, n, bit, weight, or_equal):
    """The number of ranks whose targets weigh less than `weight` (or as much); the places 0 sum them."""
    at = int64(0)
    sums[TREE_WEIGHT, 0] = sums[TREE_TARGET, 0] = 0.0
    while bit != 0:
        following = at + bit
        if following <= n:
            here = sums[TREE_WEIGHT, following]
            if weight > here or (or_equal and weight == here):
                weight -= here
                at = following
                sums[TREE_WEIGHT, 0] += here
                sums[TREE_TARGET, 0] += sums[TREE_TARGET, following]
        bit >>= 1
    return at


@helper
def place_in_order(items, row, i, n, n_first):
    """The i-th sample's place in the node: in the keys' order, the last `n_first` first."""
    if row == IN_NODE_ORDER:
        return i
    i = i + n - n_first if i < n_first else i - n_first
    return items[row, i] & LOWER_HALF


@kernel
def measure_errors(
    columns: int32[:, :, :],  # IN the ranks of the targets from column `first` on
    first: int64,
    targets: float64[:, :],  # IN (n_samples, 1 + n_outputs) weights and targets
    items_work: int64[:, :],  # WORK
    sums_work: float64[:, :],  # WORK
    row: int64,  # IN of the keys whose order is meant, or IN_NODE_ORDER, which also orders the targets
    start: int64,
    stop: int64,
    n_first: int64,  # IN how many of the last keys go before the others
):
    n, n_outputs = stop - start, targets.shape[1] - 1
    if row == IN_NODE_ORDER:
        order_targets(columns, first, targets, items_work, sums_work, start, stop, n_outputs)
    top = int64(1)
    while 2 * top <= n:
        top *= 2
    for i in range(n):
        sums_work[FIRST_ERRORS, i] = sums_work[LAST_ERRORS, i] = 0.0
    for k in range(n_outputs):
        values, places = SORTED + 2 * k, SORTED + 2 * k + 1
        for backwards in range(2):
            for i in range(n + 1):
                sums_work[TREE_WEIGHT, i] = sums_work[TREE_TARGET, i] = 0.0
            all_weight = all_target = 0.0
            for step in range(n):
                i = n - 1 - step if backwards else step
                place = place_in_order(items_work, row, i, n, n_first)
                rank = int64(sums_work[places, place])
                y = sums_work[values, rank]
                weight = targets[items_work[SAMPLES, start + place] & LOWER_HALF, SAMPLE_WEIGHT]
                add_target(sums_work, n, rank, weight, y)
                all_weight += weight
                all_target += weight * y
                before = walk(sums_work, n, top, 0.5 * all_weight, False)
                at = walk(sums_work, n, top, 0.5 * all_weight, True)
                below, below_target = sums_work[TREE_WEIGHT, 0], sums_work[TREE_TARGET, 0]
                median = sums_work[values, min(at, n - 1)]
                if at != before:  # exactly half lies below
                    median = (sums_work[values, before] + median) / 2
                error = (all_target - below_target - median * (all_weight - below)) + (
                    median * below - below_target
                )
                if backwards:
                    sums_work[LAST_ERRORS, i] += error
                    sums_work[LAST_MEDIANS, i] = median
                else:
                    sums_work[FIRST_ERRORS, i] += error
                    sums_work[FIRST_MEDIANS, i] = median
        sums_work[TOTAL, k] = sums_work[LAST_MEDIANS, 0]


def rank_targets(y):
    """The ranks of each output's targets, equal ones in the order of the samples.

    Parameters
    ----------
    y : ndarray of shape (n_samples, n_outputs), float64
        The targets.

    Returns
    -------
    ranks : ndarray of shape (n_outputs, n_samples), int32
        From 0 to n_samples - 1.
    """
    order = np.argsort(y, axis=0, kind="stable")
    ranks = np.empty(y.shape[::-1], np.int32)
    for k in range(y.shape[1]):
        ranks[k, order[:, k]] = np.arange(len(y))
    return ranks
