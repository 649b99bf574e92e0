"""The search for a split where samples are counted: one output, Gini impurity, weights that are small integers.

The payload of an item is the class above the weight, 16 bits each. Sums are exact.
"""

from .._compile import float64, helper, int64
from ._tree_criteria import LEFT_SUMS, RIGHT_SUMS, TOTAL, clear_sums, is_boundary
from ._tree_frontier import (
    FOUND,
    IS_CLOSE,
    MIN_LEAF,
    MIN_LEAF_WEIGHT,
    N_CLASSES,
    SCORE,
)
from ._tree_search import correct_split, keep_split, prepare_feature
from ._tree_sort import SAMPLES

HALF = 0xFFFF


@helper
def sum_counts(items, sums, row, start, stop, n_classes):
    """Sum weights by class; return the sum of them all."""
    clear_sums(sums, row, n_classes)
    weight = int64(0)
    for i in range(start, stop):
        payload = items[SAMPLES, i] >> 32
        sums[row, payload >> 16] += float64(payload & HALF)
        weight += payload & HALF
    return float64(weight)


@helper
def gini(squares, weight):
    return 1.0 - squares / (weight * weight)


@helper
def search_counts(columns, features, feature, settings, items, choices, frontier, sums, start, stop, weight):
    """Look for a better split of the node; True when the feature is constant."""
    row, n_missing, only, rank, threshold, missing_left = prepare_feature(
        columns, features, feature, settings, items, choices, start, stop, True
    )
    if row < 0:
        return True
    n = stop - start
    for missing_pass in range(2 if n_missing > 0 and only < 0 else 1):
        before = frontier[FOUND, SCORE]
        offset = n_missing if missing_pass == 1 else int64(0)
        if settings[N_CLASSES] == 2:
            scan_binary(
                columns, features, feature, settings, items, frontier, sums, row, n, offset, only, weight
            )
        else:
            scan_classes(
                columns, features, feature, settings, items, frontier, sums, row, n, offset, only, weight
            )
        if frontier[FOUND, SCORE] > before:
            correct_split(frontier, n_missing, missing_left or missing_pass == 1, only, rank, threshold)
    return False


@helper
def scan_binary(columns, features, feature, settings, items, frontier, sums, row, n, offset, only, weight):
    """Try the boundaries between sorted keys, or the one at `only`; the last `offset` keys are on the left."""
    least, least_weight = int64(settings[MIN_LEAF]), settings[MIN_LEAF_WEIGHT]
    is_close = features[feature, IS_CLOSE] != 0
    total = int64(weight)
    ones = int64(sums[TOTAL, 1])
    best = frontier[FOUND, SCORE]
    left = left_ones = int64(0)
    for i in range(n - offset, n):
        left += items[row, i] & HALF
        left_ones += (items[row, i] & HALF) * ((items[row, i] >> 16) & HALF)
    for i in range(n - 1 - offset):
        key = items[row, i]
        left += key & HALF
        left_ones += (key & HALF) * ((key >> 16) & HALF)
        n_left = i + 1 + offset
        rank, following = key >> 32, items[row, i + 1] >> 32
        if only >= 0:
            if n_left != only:
                continue
        elif not is_boundary(columns, feature, rank, following, is_close):
            continue
        if n_left < least or n - n_left < least:
            continue
        left_weight, right_weight = float64(left), float64(total - left)
        if left_weight < least_weight or right_weight < least_weight:
            continue
        left_zeros, right_ones = left - left_ones, ones - left_ones
        right_zeros = total - left - right_ones
        left_squares = float64(left_zeros) * float64(left_zeros) + float64(left_ones) * float64(left_ones)
        right_squares = float64(right_zeros) * float64(right_zeros) + float64(right_ones) * float64(
            right_ones
        )
        score = -right_weight * gini(right_squares, right_weight) - left_weight * gini(
            left_squares, left_weight
        )
        if score > best:
            best = score
            keep_split(columns, feature, frontier, score, rank, following, n_left, n - n_left)


@helper
def scan_classes(columns, features, feature, settings, items, frontier, sums, row, n, offset, only, weight):
    """The same for any number of classes; the sums of squares are brought up to date, exactly."""
    least, least_weight = int64(settings[MIN_LEAF]), settings[MIN_LEAF_WEIGHT]
    is_close = features[feature, IS_CLOSE] != 0
    best = frontier[FOUND, SCORE]
    left_weight = left_squares = right_squares = 0.0
    for c in range(int64(settings[N_CLASSES])):
        sums[LEFT_SUMS, c], sums[RIGHT_SUMS, c] = 0.0, sums[TOTAL, c]
        right_squares += sums[TOTAL, c] * sums[TOTAL, c]
    for at in range(n - 1):
        i = at + n - offset if at < offset else at - offset
        key = items[row, i]
        c, w = (key >> 16) & HALF, float64(key & HALF)
        left_squares += w * (2 * sums[LEFT_SUMS, c] + w)
        right_squares += w * (w - 2 * sums[RIGHT_SUMS, c])
        sums[LEFT_SUMS, c] += w
        sums[RIGHT_SUMS, c] -= w
        left_weight += w
        n_left = at + 1
        if n_left <= offset:
            continue
        rank, following = key >> 32, items[row, i + 1] >> 32
        if only >= 0:
            if n_left != only:
                continue
        elif not is_boundary(columns, feature, rank, following, is_close):
            continue
        right_weight = weight - left_weight
        if n_left < least or n - n_left < least or left_weight < least_weight or right_weight < least_weight:
            continue
        score = -right_weight * gini(right_squares, right_weight) - left_weight * gini(
            left_squares, left_weight
        )
        if score > best:
            best = score
            keep_split(columns, feature, frontier, score, rank, following, n_left, n - n_left)
