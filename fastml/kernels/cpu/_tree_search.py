"""What the searches for a split share: the sorted keys of a feature, random thresholds, the best split so far.

Missing values have the highest rank, so that the first search, with them on the right, treats them as any
other; the second has them on the left from the beginning.
"""

from .._compile import float64, helper, int64
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
    MIN_DECREASE,
    N_VALUES,
    RANDOM,
    SCORE,
    SPLITS,
    TOTAL_WEIGHT,
    next_random,
)
from ._tree_sort import KEYS, SPARE, count_missing, make_keys, partition_items, sort_keys, value_at

MOST_RANDOM = 2147483647.0


@helper
def prepare_feature(columns, features, feature, settings, items, choices, start, stop, with_payload):
    """Bring the node's keys into the order in which boundaries are tried.

    Returns the row of the keys (negative for a constant feature), how many are of missing values, and for a
    random threshold: the keys on its left (-1 where all boundaries are tried), its rank, itself, whether missing
    values are on the left.
    """
    n = stop - start
    only, rank, threshold, missing_left = int64(-1), int64(-1), 0.0, False
    low, high = make_keys(columns, feature, items, start, stop, with_payload)
    n_missing, missing_rank = int64(0), features[feature, N_VALUES]
    if features[feature, HAS_MISSING] != 0:
        n_missing, high = count_missing(items, n, missing_rank)
    if high < 0 or (
        n_missing == 0 and value_at(columns, feature, high) <= value_at(columns, feature, low) + CLOSE
    ):
        return int64(-1), n_missing, only, rank, threshold, missing_left
    if settings[RANDOM] != 0:
        threshold, rank, missing_left = draw_threshold(columns, feature, choices, low, high, n_missing)
        only = part_keys(items, n, rank, missing_rank if missing_left else int64(-1))
        return int64(SPARE), n_missing, only, rank, threshold, missing_left
    row = int64(sort_keys(items, n, low, missing_rank if n_missing > 0 else high))
    return row, n_missing, only, rank, threshold, missing_left


@helper
def draw_threshold(columns, feature, choices, low, high, n_missing):
    """Draw a threshold; return it, the highest rank that it has on the left, and where missing values go."""
    smallest = float64(value_at(columns, feature, low))
    largest = float64(value_at(columns, feature, high))
    threshold = (largest - smallest) * float64(next_random(choices)) / MOST_RANDOM + smallest
    missing_left = n_missing > 0 and next_random(choices) % 2 == 1
    if threshold == largest:
        threshold = smallest
    while low < high:
        middle = (low + high + 1) // 2
        if float64(value_at(columns, feature, middle)) <= threshold:
            low = middle
        else:
            high = middle - 1
    return threshold, low, missing_left


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
def keep_split(columns, feature, frontier, score, rank, following, n_left, n_right):
    """Keep a split between two ranks as the best so far; a missing value goes to the larger side."""
    frontier[FOUND, SCORE] = score
    frontier[FOUND, BEST_FEATURE] = feature
    frontier[FOUND, BEST_RANK] = rank
    frontier[FOUND, BEST_THRESHOLD] = value_at(columns, feature, rank) / float64(2) + value_at(
        columns, feature, following
    ) / float64(2)
    frontier[FOUND, BEST_MISSING] = n_left > n_right


@helper
def correct_split(frontier, n_missing, missing_left, only, rank, threshold):
    """Put right what `keep_split` cannot know: where missing values went, and the random threshold."""
    if n_missing > 0:
        frontier[FOUND, BEST_MISSING] = missing_left
    if only >= 0:
        frontier[FOUND, BEST_RANK] = rank
        frontier[FOUND, BEST_THRESHOLD] = threshold


@helper
def part_samples(columns, features, items, frontier, start, stop):
    """Move the samples of the best split's left side to the front; return where the right side begins."""
    feature = int64(frontier[FOUND, BEST_FEATURE])
    missing_rank = features[feature, N_VALUES] if frontier[FOUND, BEST_MISSING] != 0 else int64(-1)
    return partition_items(columns, feature, items, start, stop, frontier[FOUND, BEST_RANK], missing_rank)


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
