"""What the searches for a split share: sorted keys, random thresholds, the best split so far.

Missing values have the highest rank, so that the first search, with them on the right, treats them as any
other; the second has them on the left from the beginning.
"""

import numpy as np

from .._compile import float64, helper, int64
from ._tree_criteria import is_boundary
from ._tree_frontier import (
    BEST_FEATURE,
    BEST_MISSING,
    BEST_RANK,
    BEST_THRESHOLD,
    CLOSE,
    CURRENT,
    EPSILON,
    FOUND,
    GAIN,
    HAS_MISSING,
    IMPURE,
    IMPURE_LEFT,
    IMPURE_RIGHT,
    IS_BINNED,
    MIN_DECREASE,
    N_VALUES,
    RANDOM,
    SCORE,
    SPAN,
    SPLITS,
    TOTAL_WEIGHT,
    next_random,
)
from ._tree_sort import (
    KEYS,
    NONE,
    SPARE,
    count_missing,
    make_keys,
    ordered_bits,
    partition_items,
    sort_keys,
    value_at,
    value_of,
)

MOST_RANDOM = 2147483647.0


@helper
def read_feature(columns, features, feature, settings, items, start, stop, with_payload):
    """Make the feature's keys; return the extreme ranks, how many are missing, if it is constant."""
    low, high = make_keys(columns, features.shape[0], feature, items, start, stop, with_payload)
    n_missing = int64(0)
    if features[feature, HAS_MISSING] != 0:
        n_missing, high = count_missing(items, stop - start, features[feature, N_VALUES])
    if high == NONE:
        return low, high, n_missing, True
    if settings[RANDOM] != 0:  # ranks are ordered bits
        is_constant = n_missing == 0 and value_of(high) <= value_of(low) + CLOSE
        return low, high, n_missing, is_constant
    is_constant = n_missing == 0 and not is_boundary(columns, feature, low, high, features[feature, SPAN])
    return low, high, n_missing, is_constant


@helper
def order_keys(columns, features, feature, settings, items, choices, n, low, high, n_missing):
    """Bring the keys into the order in which boundaries are tried.

    Return their row, and for a random threshold: how many are on its left (-1 where all boundaries are
    tried), its rank, itself, whether missing values are on the left.
    """
    missing_rank = features[feature, N_VALUES]
    if settings[RANDOM] != 0:
        threshold, rank, missing_left = draw_threshold(choices, low, high, n_missing)
        only = part_keys(items, n, rank, missing_rank if missing_left else NONE)
        return int64(SPARE), only, rank, threshold, missing_left
    row = int64(sort_keys(items, n, low, missing_rank if n_missing > 0 else high))
    return row, int64(-1), int64(-1), 0.0, False


@helper
def draw_threshold(choices, low, high, n_missing):
    """Draw a threshold; return it, the highest rank that it has on the left, and where missing values go."""
    smallest, largest = float64(value_of(low)), float64(value_of(high))
    threshold = (largest - smallest) * float64(next_random(choices)) / MOST_RANDOM + smallest
    missing_left = n_missing > 0 and next_random(choices) % 2 == 1
    if threshold == largest:
        threshold = smallest
    below = np.float32(threshold)
    rank = ordered_bits(below)
    if float64(below) > threshold:  # the next smaller float32
        rank -= 1
    return threshold, rank, missing_left


@helper
def part_keys(items, n, rank, missing_rank):
    """Copy the keys, first those up to a rank and of the missing one; return how many these are."""
    n_left = at = int64(0)
    for side in range(2):
        for i in range(n):
            own = items[KEYS, i] >> 32
            if (own <= rank or own == missing_rank) == (side == 0):
                items[SPARE, at] = items[KEYS, i]
                at += 1
        n_left = at if side == 0 else n_left
    return n_left


@helper
def keep_split(frontier, feature, score, rank):
    """Keep a split after a rank as the best so far; `part_samples` finds out the rest."""
    frontier[FOUND, SCORE] = score
    frontier[FOUND, BEST_FEATURE] = feature
    frontier[FOUND, BEST_RANK] = rank
    frontier[FOUND, BEST_MISSING] = -1
    frontier[FOUND, BEST_THRESHOLD] = np.nan


@helper
def correct_split(frontier, n_missing, missing_left, only, rank, threshold):
    """Add to the best split what its scan did not know: where missing values went, the random threshold."""
    if n_missing > 0:
        frontier[FOUND, BEST_MISSING] = missing_left
    if only >= 0:
        frontier[FOUND, BEST_RANK] = rank
        frontier[FOUND, BEST_THRESHOLD] = threshold


@helper
def part_samples(columns, features, items, frontier, start, stop):
    """Move the samples of the best split's left side to the front; return where the right side begins.

    The threshold is half-way between the sides, or what ends a bin. A missing value where there was none goes
    to the larger side.
    """
    feature = int64(frontier[FOUND, BEST_FEATURE])
    missing_rank = features[feature, N_VALUES] if frontier[FOUND, BEST_MISSING] > 0 else NONE
    rank = int64(frontier[FOUND, BEST_RANK])
    position, rank, following = partition_items(
        columns, features.shape[0], feature, items, start, stop, rank, missing_rank
    )
    if frontier[FOUND, BEST_MISSING] < 0:
        frontier[FOUND, BEST_MISSING] = position - start > stop - position
    if np.isnan(frontier[FOUND, BEST_THRESHOLD]):
        below, above = value_at(columns, feature, rank), value_at(columns, feature, following)
        frontier[FOUND, BEST_THRESHOLD] = float64(below) / 2.0 + float64(above) / 2.0
        if features[feature, IS_BINNED] != 0 and following < features[feature, N_VALUES]:
            frontier[FOUND, BEST_THRESHOLD] = below
    return position


@helper
def judge_split(frontier, settings, weight, left_weight, right_weight):
    """Decide by the gain in impurity whether the current record splits."""
    gain = (weight / settings[TOTAL_WEIGHT]) * (
        frontier[CURRENT, IMPURE]
        - right_weight / weight * frontier[CURRENT, IMPURE_RIGHT]
        - left_weight / weight * frontier[CURRENT, IMPURE_LEFT]
    )
    frontier[CURRENT, GAIN] = gain
    frontier[CURRENT, SPLITS] = not gain + EPSILON < settings[MIN_DECREASE]
