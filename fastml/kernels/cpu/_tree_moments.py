"""The search for a split by the squared error of one output.

The node's weights and weighted targets lie side by side in rows of `sums`; a key's payload is the place
there.
"""

import numpy as np

from .._compile import helper, int64
from ._tree_criteria import SAMPLE_WEIGHT, TOTAL, is_boundary
from ._tree_frontier import FOUND, MIN_LEAF, MIN_LEAF_WEIGHT, N_VALUES, RANDOM, SCORE, SPAN
from ._tree_search import correct_split, draw_threshold, keep_split, read_feature
from ._tree_sort import KEYS, LOWER_HALF, NONE, SAMPLES, sort_keys

WEIGHTS, WEIGHTED = 3, 4  # rows of `sums`


@helper
def gather_targets(targets, items, sums, start, stop):
    """Copy the node's weights and weighted targets, and sum them; return the sum of the weights."""
    weight = total = 0.0
    for i in range(start, stop):
        row = items[SAMPLES, i] & LOWER_HALF
        w = targets[row, SAMPLE_WEIGHT]
        sums[WEIGHTS, i - start] = w
        sums[WEIGHTED, i - start] = w * targets[row, 1]
        weight += w
        total += w * targets[row, 1]
    sums[TOTAL, 0] = total
    return weight


@helper
def search_moments(columns, features, feature, settings, items, choices, frontier, sums, start, stop, weight):
    """Look for a better split of the node; True when the feature is constant."""
    low, high, n_missing, is_constant = read_feature(
        columns, features, feature, settings, items, start, stop, False
    )
    if is_constant:
        return True
    n = stop - start
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
        scan_moments(columns, features, feature, settings, items, frontier, sums, row, n, offset, weight)
        if frontier[FOUND, SCORE] > before:
            correct_split(frontier, n_missing, missing_pass == 1, int64(-1), int64(-1), 0.0)
    return False


@helper(apart=True)
def score_threshold(settings, items, sums, n, rank, missing_rank, weight):
    """The score of the split after a rank; minus infinity where a side is too small."""
    least, least_weight = int64(settings[MIN_LEAF]), settings[MIN_LEAF_WEIGHT]
    n_left, left_weight, left = int64(0), 0.0, 0.0
    for i in range(n):
        own = items[KEYS, i] >> 32
        is_left = int64(own <= rank) | int64(own == missing_rank)
        n_left += is_left
        left_weight += sums[WEIGHTS, i] if is_left else 0.0
        left += sums[WEIGHTED, i] if is_left else 0.0
    right_weight, right = weight - left_weight, sums[TOTAL, 0] - left
    if n_left < least or n - n_left < least or left_weight < least_weight or right_weight < least_weight:
        return -np.inf
    return left * left / left_weight + right * right / right_weight


@helper(apart=True)
def scan_moments(columns, features, feature, settings, items, frontier, sums, row, n, offset, weight):
    """Try the boundaries between sorted keys; the last `offset` keys are on the left."""
    least, least_weight = int64(settings[MIN_LEAF]), settings[MIN_LEAF_WEIGHT]
    span = features[feature, SPAN]
    total, best = sums[TOTAL, 0], frontier[FOUND, SCORE]
    left_weight = left = 0.0
    for at in range(n - 1):
        i = at + n - offset if at < offset else at - offset
        key = items[row, i]
        left_weight += sums[WEIGHTS, key & LOWER_HALF]
        left += sums[WEIGHTED, key & LOWER_HALF]
        n_left = at + 1
        if n_left <= offset:
            continue
        rank, following = key >> 32, items[row, i + 1] >> 32
        if not is_boundary(columns, feature, rank, following, span):
            continue
        right_weight, right = weight - left_weight, total - left
        if n_left < least or n - n_left < least or left_weight < least_weight or right_weight < least_weight:
            continue
        score = left * left / left_weight + right * right / right_weight
        if score > best:
            best = score
            keep_split(frontier, feature, score, rank)
