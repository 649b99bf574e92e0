"""The search for a split by any criterion, for any number of outputs, any weights, monotonic constraints."""

from .._compile import float64, helper, int32, int64, kernel
from ._tree_absolute import (
    FIRST_ERRORS,
    FIRST_MEDIANS,
    IN_NODE_ORDER,
    LAST_ERRORS,
    LAST_MEDIANS,
    measure_errors,
)
from ._tree_criteria import (
    LEFT_SUMS,
    RIGHT_SUMS,
    TOTAL,
    add_sample,
    class_impurity,
    clear_sums,
    is_boundary,
    is_monotonic,
    poisson_impurity,
    split_score,
    squared_impurity,
    subtract_left,
    sum_squares,
)
from ._tree_frontier import (
    ABSOLUTE_ERROR,
    CONSTRAINED,
    CRITERION,
    CURRENT,
    ENTROPY,
    FOUND,
    IMPURE_LEFT,
    IMPURE_RIGHT,
    LOWER,
    MIDDLE,
    MIN_LEAF,
    MIN_LEAF_WEIGHT,
    MONOTONIC,
    N_CLASSES,
    N_OUTPUTS,
    POISSON,
    SCORE,
    SPAN,
    SQUARED_ERROR,
    START,
    STOP,
    UPPER,
)
from ._tree_search import correct_split, keep_split, order_keys, read_feature
from ._tree_sort import LOWER_HALF, SAMPLES


@helper
def sum_side(criterion, targets, items, sums, row, start, stop, n_outputs, n_classes):
    """Sum the samples from `start` to `stop`; return their weight."""
    clear_sums(sums, row, n_outputs * n_classes)
    weight = 0.0
    for i in range(start, stop):
        weight += add_sample(
            criterion, sums, row, targets, items[SAMPLES, i] & LOWER_HALF, n_outputs, n_classes
        )
    return weight


@helper
def impurity_of(criterion, sums, row, weight, targets, items, start, stop, n_outputs, n_classes, squares):
    if criterion <= ENTROPY:
        return class_impurity(criterion, sums, row, weight, n_outputs, n_classes)
    if criterion == POISSON:
        return poisson_impurity(sums, row, weight, targets, items, start, stop, n_outputs)
    return squared_impurity(sums, row, weight, squares, n_outputs)


@kernel
def measure_children(
    columns: int32[:, :, :],  # IN
    features: int64[:, :],  # IN
    targets: float64[:, :],  # IN
    settings: float64[:],  # IN
    items_work: int64[:, :],  # WORK
    frontier_work: float64[:, :],  # WORK the current record
    sums_work: float64[:, :],  # WORK the sums of the node
    position: int64,  # IN where the right side begins
    weight: float64,  # IN of the node
) -> float64:
    """Fill in the impurities of the two sides of `position`, and the middle between their values.

    With `position` where the node begins, its own impurity. Returns the weight of the left side.
    """
    criterion = int64(settings[CRITERION])
    n_outputs, n_classes = int64(settings[N_OUTPUTS]), int64(settings[N_CLASSES])
    start, stop = int64(frontier_work[CURRENT, START]), int64(frontier_work[CURRENT, STOP])
    left_weight, at = 0.0, position - start
    for side in range(2):  # what is left over of a difference would make a pure side impure
        first, last = (start, position) if side == 0 else (position, stop)
        side_weight = sum_side(
            criterion, targets, items_work, sums_work, LEFT_SUMS + side, first, last, n_outputs, n_classes
        )
        left_weight = side_weight if side == 0 else left_weight
    right_weight = weight - left_weight
    if criterion == ABSOLUTE_ERROR:
        measure_errors(
            columns, features.shape[0], targets, items_work, sums_work, IN_NODE_ORDER, start, stop, int64(0)
        )
        if at > 0:
            frontier_work[CURRENT, IMPURE_LEFT] = sums_work[FIRST_ERRORS, at - 1] / (left_weight * n_outputs)
            frontier_work[CURRENT, MIDDLE] = (
                sums_work[FIRST_MEDIANS, at - 1] + sums_work[LAST_MEDIANS, at]
            ) / 2
        frontier_work[CURRENT, IMPURE_RIGHT] = sums_work[LAST_ERRORS, at] / (right_weight * n_outputs)
        return left_weight
    squares = 0.0
    for side in range(2):
        if side == 0 and at == 0:
            continue
        first, last = (start, position) if side == 0 else (position, stop)
        row = LEFT_SUMS + side
        side_weight = left_weight if side == 0 else right_weight
        if criterion == SQUARED_ERROR:
            squares = sum_squares(targets, items_work, first, last, n_outputs)
        frontier_work[CURRENT, IMPURE_LEFT + side] = impurity_of(
            criterion,
            sums_work,
            row,
            side_weight,
            targets,
            items_work,
            first,
            last,
            n_outputs,
            n_classes,
            squares,
        )
    frontier_work[CURRENT, MIDDLE] = sums_work[LEFT_SUMS, 0] / (2 * left_weight) + sums_work[
        RIGHT_SUMS, 0
    ] / (2 * right_weight)
    return left_weight


@helper
def write_value(settings, frontier, sums, weight, reals, node, first):
    """Write the value of a node: means, shares of classes or medians; constrained, within its bounds."""
    n_outputs, n_classes = int64(settings[N_OUTPUTS]), int64(settings[N_CLASSES])
    is_median = settings[CRITERION] == ABSOLUTE_ERROR
    for i in range(n_outputs * n_classes):
        reals[node, first + i] = sums[TOTAL, i] if is_median else sums[TOTAL, i] / weight
    if settings[CONSTRAINED] != 0:
        reals[node, first] = max(frontier[CURRENT, LOWER], min(frontier[CURRENT, UPPER], reals[node, first]))
        if n_classes == 2:
            reals[node, first + 1] = 1 - reals[node, first]


@helper
def search_any(
    columns, features, feature, targets, settings, items, choices, frontier, sums, start, stop, weight
):
    """Look for a better split of the node; True when the feature is constant."""
    low, high, n_missing, is_constant = read_feature(
        columns, features, feature, settings, items, start, stop, False
    )
    if is_constant:
        return True
    row, only, rank, threshold, missing_left = order_keys(
        columns, features, feature, settings, items, choices, stop - start, low, high, n_missing
    )
    for missing_pass in range(2 if n_missing > 0 and only < 0 else 1):
        before = frontier[FOUND, SCORE]
        offset = n_missing if missing_pass == 1 else int64(0)
        if settings[CRITERION] == ABSOLUTE_ERROR:
            measure_errors(columns, features.shape[0], targets, items, sums, row, start, stop, offset)
        scan_any(
            columns, features, feature, targets, settings, items, frontier, sums, row, offset, only, weight
        )
        if frontier[FOUND, SCORE] > before:
            correct_split(frontier, n_missing, missing_left or missing_pass == 1, only, rank, threshold)
    return False


@helper(apart=True)
def scan_any(columns, features, feature, targets, settings, items, frontier, sums, row, offset, only, weight):
    """Try the boundaries between sorted keys, or that at `only`; the last `offset` keys are on the left."""
    criterion = int64(settings[CRITERION])
    n_outputs, n_classes = int64(settings[N_OUTPUTS]), int64(settings[N_CLASSES])
    least, least_weight = int64(settings[MIN_LEAF]), settings[MIN_LEAF_WEIGHT]
    span = features[feature, SPAN]
    start, n = int64(frontier[CURRENT, START]), int64(frontier[CURRENT, STOP] - frontier[CURRENT, START])
    clear_sums(sums, LEFT_SUMS, n_outputs * n_classes)
    left_weight = 0.0
    for at in range(n - 1):
        i = at + n - offset if at < offset else at - offset
        sample = items[SAMPLES, start + (items[row, i] & LOWER_HALF)] & LOWER_HALF
        left_weight += add_sample(criterion, sums, LEFT_SUMS, targets, sample, n_outputs, n_classes)
        n_left = at + 1
        if n_left <= offset:
            continue
        rank, following = items[row, i] >> 32, items[row, i + 1] >> 32
        if only >= 0:
            if n_left != only:
                continue
        elif not is_boundary(columns, feature, rank, following, span):
            continue
        right_weight = weight - left_weight
        if n_left < least or n - n_left < least or left_weight < least_weight or right_weight < least_weight:
            continue
        subtract_left(sums, n_outputs * n_classes)
        if features[feature, MONOTONIC] != 0 and not keeps_order(
            criterion, sums, frontier, features[feature, MONOTONIC], at, left_weight, right_weight
        ):
            continue
        if criterion == ABSOLUTE_ERROR:
            right_impurity = sums[LAST_ERRORS, at + 1] / (right_weight * n_outputs)
            left_impurity = sums[FIRST_ERRORS, at] / (left_weight * n_outputs)
            score = -right_weight * right_impurity - left_weight * left_impurity
        else:
            score = split_score(criterion, sums, left_weight, right_weight, n_outputs, n_classes)
        if score > frontier[FOUND, SCORE]:
            keep_split(frontier, feature, score, rank)


@helper
def keeps_order(criterion, sums, frontier, sign, at, left_weight, right_weight):
    if criterion == ABSOLUTE_ERROR:
        left, right = sums[FIRST_MEDIANS, at], sums[LAST_MEDIANS, at + 1]
    else:
        left, right = sums[LEFT_SUMS, 0] / left_weight, sums[RIGHT_SUMS, 0] / right_weight
    return is_monotonic(float64(sign), left, right, frontier[CURRENT, LOWER], frontier[CURRENT, UPPER])
