"""Sums over the samples of a node and of its sides, and what the criteria make of them.

`sums` has a row for the node and for each side: for classification a sum of weights for each output and
class, for regression a sum of weighted targets for each output. The formulas are scikit-learn's to the last
rounding, so that splits it finds equally good are equally good here.
"""

import math

import numpy as np

from .._compile import float64, helper, int64
from ._tree_frontier import CLOSE, ENTROPY, GINI, POISSON, SQUARED_ERROR
from ._tree_sort import LOWER_HALF, SAMPLES, value_at

TOTAL, LEFT_SUMS, RIGHT_SUMS = range(3)  # rows of `sums`
SAMPLE_WEIGHT = 0  # the first column of `targets`; the outputs follow
NO_TARGET = 10 * float(np.finfo(np.float64).eps)  # sums of targets that count as none in Poisson's deviance


@helper
def log2(x):
    return math.log(x) / math.log(2.0)


@helper
def is_boundary(columns, feature, rank, following, span):
    """Tell whether two neighbouring ranks stand for values that a threshold can part.

    No values further apart than `span` ranks are too close together.
    """
    if rank == following or following - rank > span:
        return rank != following
    return value_at(columns, feature, following) > value_at(columns, feature, rank) + CLOSE


# ---- sums --------------------------------------------------------------------------------------------
@helper
def clear_sums(sums, row, n):
    for i in range(n):
        sums[row, i] = 0.0


@helper
def add_sample(criterion, sums, row, targets, i, n_outputs, n_classes):
    """Add a sample to a row of sums; return its weight."""
    weight = targets[i, SAMPLE_WEIGHT]
    for k in range(n_outputs):
        if criterion <= ENTROPY:
            sums[row, k * n_classes + int64(targets[i, 1 + k])] += weight
        else:
            sums[row, k] += weight * targets[i, 1 + k]
    return weight


@helper
def subtract_left(sums, n):
    for i in range(n):
        sums[RIGHT_SUMS, i] = sums[TOTAL, i] - sums[LEFT_SUMS, i]


@helper
def sum_squares(targets, items, start, stop, n_outputs):
    total = 0.0
    for i in range(start, stop):
        row = items[SAMPLES, i] & LOWER_HALF
        for k in range(n_outputs):
            total += targets[row, SAMPLE_WEIGHT] * targets[row, 1 + k] * targets[row, 1 + k]
    return total


# ---- impurities ----------------------------------------------------------------------------------------
@helper
def class_impurity(criterion, sums, row, weight, n_outputs, n_classes):
    """Gini impurity or entropy, the mean over the outputs."""
    total = 0.0
    for k in range(n_outputs):
        squares = 0.0
        for c in range(k * n_classes, (k + 1) * n_classes):
            share = sums[row, c]
            if criterion == GINI:
                squares += share * share
            elif share > 0.0:
                total -= share / weight * log2(share / weight)
        if criterion == GINI:
            total += 1.0 - squares / (weight * weight)
    return total / n_outputs


@helper
def squared_impurity(sums, row, weight, squares, n_outputs):
    impurity = squares / weight
    for k in range(n_outputs):
        mean = sums[row, k] / weight
        impurity -= mean * mean
    return impurity / n_outputs


@helper
def poisson_impurity(sums, row, weight, targets, items, start, stop, n_outputs):
    """Half the Poisson deviance, infinite where the mean is not positive."""
    loss = 0.0
    for k in range(n_outputs):
        if sums[row, k] <= NO_TARGET:
            return np.inf
        mean = sums[row, k] / weight
        for i in range(start, stop):
            at = items[SAMPLES, i] & LOWER_HALF
            y = targets[at, 1 + k]
            if y != 0:
                loss += targets[at, SAMPLE_WEIGHT] * (y * math.log(y / mean))
    return loss / (weight * n_outputs)


@helper
def split_score(criterion, sums, left_weight, right_weight, n_outputs, n_classes):
    """What the best split has the most of: minus the impurity, but for terms that all splits share."""
    if criterion <= ENTROPY:
        left = class_impurity(criterion, sums, LEFT_SUMS, left_weight, n_outputs, n_classes)
        right = class_impurity(criterion, sums, RIGHT_SUMS, right_weight, n_outputs, n_classes)
        return -right_weight * right - left_weight * left
    left = right = float64(0)
    for k in range(n_outputs):
        left_sum, right_sum = sums[LEFT_SUMS, k], sums[RIGHT_SUMS, k]
        if criterion == SQUARED_ERROR:
            left += left_sum * left_sum
            right += right_sum * right_sum
        elif left_sum <= NO_TARGET or right_sum <= NO_TARGET:
            return -np.inf
        else:
            left += left_sum * log2(left_sum / left_weight)
            right += right_sum * log2(right_sum / right_weight)
    return left + right if criterion == POISSON else left / left_weight + right / right_weight


@helper
def is_monotonic(sign, left, right, lower, upper):
    """Tell whether the values of two children are in their bounds and in order."""
    inside = lower <= left <= upper and lower <= right <= upper
    return inside and (left - right) * sign <= 0
