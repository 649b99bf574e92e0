"""The search for a split where samples are counted: one output, Gini impurity, small integer weights.

The payload of an item is the class above the weight, 16 bits each. Sums are exact.
"""

import numpy as np

from .._compile import float64, helper, int64, uint64
from ._tree_buckets import FIELD, MOST, cell_of, fits_buckets, search_buckets, search_values
from ._tree_criteria import LEFT_SUMS, RIGHT_SUMS, TOTAL, clear_sums, is_boundary
from ._tree_frontier import (
    FOUND,
    HAS_MISSING,
    MIN_LEAF,
    MIN_LEAF_WEIGHT,
    N_CLASSES,
    N_VALUES,
    RANDOM,
    SCORE,
    SPAN,
)
from ._tree_search import correct_split, draw_threshold, keep_split, read_feature
from ._tree_sort import KEYS, NONE, SAMPLES, make_keys, sort_keys

HALF = 0xFFFF


@helper
def sum_counts(items, sums, row, start, stop, n_classes):
    """Sum weights by class; return the sum of them all."""
    weight, first = int64(0), uint64(start)
    if n_classes == 2:  # in registers
        ones = int64(0)
        for i in range(uint64(stop - start)):
            payload = items[SAMPLES, first + i] >> 32
            ones += payload & HALF & -(payload >> 16)
            weight += payload & HALF
        sums[row, 0], sums[row, 1] = float64(weight - ones), float64(ones)
        return float64(weight)
    clear_sums(sums, row, n_classes)
    for i in range(uint64(stop - start)):
        payload = items[SAMPLES, first + i] >> 32
        sums[row, uint64(payload >> 16)] += float64(payload & HALF)
        weight += payload & HALF
    return float64(weight)


@helper
def gini(squares, weight):
    return 1.0 - squares / (weight * weight)


@helper
def search_counts(columns, features, feature, settings, items, choices, frontier, sums, start, stop, weight):
    """Look for a better split of the node; True when the feature is constant."""
    n = stop - start
    is_binary = settings[N_CLASSES] == 2 and settings[RANDOM] == 0 and fits_buckets(n, weight)
    if is_binary and features[feature, HAS_MISSING] == 0 and features[feature, SPAN] == 0:
        if 2 * features[feature, N_VALUES] <= n:
            return search_values(
                columns, features, feature, settings, items, frontier, start, n, weight, sums[TOTAL, 1]
            )
    low, high, n_missing, is_constant = read_feature(
        columns, features, feature, settings, items, start, stop, True
    )
    if is_constant:
        return True
    if is_binary and n_missing == 0:
        if search_buckets(
            columns, features, feature, settings, items, frontier, start, n, low, high, weight, sums[TOTAL, 1]
        ):
            return False
        make_keys(columns, features.shape[0], feature, items, start, stop, True)
    if settings[RANDOM] != 0:
        threshold, rank, missing_left = draw_threshold(choices, low, high, n_missing)
        missing_rank = features[feature, N_VALUES] if missing_left else NONE
        score = score_threshold(settings, items, sums, n, rank, missing_rank, weight)
        if score > frontier[FOUND, SCORE]:
            keep_split(frontier, feature, score, rank)
            correct_split(frontier, n_missing, missing_left, n, rank, threshold)
        return False
    row = int64(sort_keys(items, n, low, features[feature, N_VALUES] if n_missing > 0 else high))
    for missing_pass in range(2 if n_missing > 0 else 1):
        before = frontier[FOUND, SCORE]
        offset = n_missing if missing_pass == 1 else int64(0)
        scan_counts(columns, features, feature, settings, items, frontier, sums, row, n, offset, weight)
        if frontier[FOUND, SCORE] > before:
            correct_split(frontier, n_missing, missing_pass == 1, int64(-1), int64(-1), 0.0)
    return False


@helper
def count_left(items, n, rank, missing_rank):
    """Sum what is left of a threshold, for two classes, as a cell of `_tree_buckets`."""
    cell = int64(0)
    for i in range(uint64(n)):
        key = items[KEYS, i]
        own = key >> 32
        left = int64(own <= rank) | int64(own == missing_rank)
        cell += cell_of(key) & -left
    return cell


@helper(apart=True)
def score_threshold(settings, items, sums, n, rank, missing_rank, weight):
    """The score of the split after a rank; minus infinity where a side is too small."""
    least, least_weight, n_classes = int64(settings[MIN_LEAF]), settings[MIN_LEAF_WEIGHT], settings[N_CLASSES]
    n_left, left_weight = int64(0), int64(0)
    if n_classes == 2 and fits_buckets(n, weight):
        cell = count_left(items, n, rank, missing_rank)
        n_left, left_weight = cell >> (2 * FIELD), cell & MOST
        sums[LEFT_SUMS, 1] = float64((cell >> FIELD) & MOST)
        sums[LEFT_SUMS, 0] = float64(left_weight) - sums[LEFT_SUMS, 1]
    else:
        clear_sums(sums, LEFT_SUMS, int64(n_classes))
        for i in range(n):
            key = items[KEYS, i]
            own = key >> 32
            left = int64(own <= rank) | int64(own == missing_rank)
            w = (key & HALF) * left
            n_left += left
            left_weight += w
            sums[LEFT_SUMS, uint64((key >> 16) & HALF)] += float64(w)
    right_weight = weight - left_weight
    if n_left < least or n - n_left < least or left_weight < least_weight or right_weight < least_weight:
        return -np.inf
    left_squares = right_squares = 0.0
    for c in range(int64(n_classes)):
        right = sums[TOTAL, c] - sums[LEFT_SUMS, c]
        left_squares += sums[LEFT_SUMS, c] * sums[LEFT_SUMS, c]
        right_squares += right * right
    left_impurity = gini(left_squares, float64(left_weight))
    return -right_weight * gini(right_squares, right_weight) - left_weight * left_impurity


@helper(apart=True)
def scan_counts(columns, features, feature, settings, items, frontier, sums, row, n, offset, weight):
    """Try the boundaries between sorted keys; the last `offset` keys are on the left.

    The sums of squares are brought up to date, exactly.
    """
    least, least_weight = int64(settings[MIN_LEAF]), settings[MIN_LEAF_WEIGHT]
    span = features[feature, SPAN]
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
        rank = key >> 32
        if not is_boundary(columns, feature, rank, items[row, i + 1] >> 32, span):
            continue
        right_weight = weight - left_weight
        if n_left < least or n - n_left < least or left_weight < least_weight or right_weight < least_weight:
            continue
        score = -right_weight * gini(right_squares, right_weight) - left_weight * gini(
            left_squares, left_weight
        )
        if score > best:
            best = score
            keep_split(frontier, feature, score, rank)
