"""The search for a split by the squared error of one output.

The node's weights and weighted targets lie side by side in rows of `sums`; a key's payload is the place
there.
"""

from .._compile import helper, int64
from ._tree_criteria import SAMPLE_WEIGHT, TOTAL, is_boundary
from ._tree_frontier import FOUND, MIN_LEAF, MIN_LEAF_WEIGHT, SCORE, SPAN
from ._tree_search import correct_split, keep_split, order_keys, read_feature
from ._tree_sort import LOWER_HALF, SAMPLES

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
    low, high, n_missing, is_constant = read_feature(columns, features, feature, items, start, stop, False)
    if is_constant:
        return True
    row, only, rank, threshold, missing_left = order_keys(
        columns, features, feature, settings, items, choices, stop - start, low, high, n_missing
    )
    for missing_pass in range(2 if n_missing > 0 and only < 0 else 1):
        before = frontier[FOUND, SCORE]
        offset = n_missing if missing_pass == 1 else int64(0)
        scan_moments(
            columns,
            features,
            feature,
            settings,
            items,
            frontier,
            sums,
            row,
            stop - start,
            offset,
            only,
            weight,
        )
        if frontier[FOUND, SCORE] > before:
            correct_split(frontier, n_missing, missing_left or missing_pass == 1, only, rank, threshold)
    return False


@helper
def scan_moments(columns, features, feature, settings, items, frontier, sums, row, n, offset, only, weight):
    """Try the boundaries between sorted keys, or that at `only`; the last `offset` keys are on the left."""
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
        if only >= 0:
            if n_left != only:
                continue
        elif not is_boundary(columns, feature, rank, following, span):
            continue
        right_weight, right = weight - left_weight, total - left
        if n_left < least or n - n_left < least or left_weight < least_weight or right_weight < least_weight:
            continue
        score = left * left / left_weight + right * right / right_weight
        if score > best:
            best = score
            keep_split(frontier, feature, score, rank)
