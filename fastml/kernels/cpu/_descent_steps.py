"""What sweeps of coordinate descent do with a feature; and how far they are, in objective and duality gap."""

import math

from .._compile import helper, int64, uint64
from ._extrapolation import LARGEST, LARGEST_MOVE, N_REMEMBERED

# Where things are in `rules`
L1, L2, POSITIVE, TOLERANCE, GAP_LIMIT, TARGET_SQUARE, MAX_SWEEPS = range(7)
N_RULES = 7


@helper
def coef_norm(coef, j):
    """The norm of a feature's coefficients."""
    if coef.shape[0] == 1:
        return abs(coef[0, j])
    total = 0.0
    for t in range(coef.shape[0]):
        total += coef[t, j] * coef[t, j]
    return math.sqrt(total)


@helper
def move_feature(j, square, rules, coef, memory_work):
    """Put a feature's coefficients where the objective is least.

    The first of what is remembered are their slopes without the feature, and afterwards how far they moved.
    """
    n_tasks = coef.shape[0]
    inverse = 1.0 / (square + rules[L2])  # divided at once, while the slope is still being summed
    norm = abs(memory_work[0])
    if n_tasks > 1:
        total = 0.0
        for t in range(n_tasks):
            total += memory_work[t] * memory_work[t]
        norm = math.sqrt(total)
    scale = 0.0
    if square > 0.0 and norm > rules[L1] and not (rules[POSITIVE] > 0.0 and memory_work[0] < 0.0):
        scale = (norm - rules[L1]) * inverse
    for t in range(n_tasks):
        direction = math.copysign(1.0, memory_work[0]) if n_tasks == 1 else memory_work[t] / norm
        best = scale * direction if scale > 0.0 else 0.0
        memory_work[t] = best - coef[t, j]
        coef[t, j] = best
        memory_work[n_tasks + LARGEST_MOVE] = max(memory_work[n_tasks + LARGEST_MOVE], abs(memory_work[t]))
        memory_work[n_tasks + LARGEST] = max(memory_work[n_tasks + LARGEST], abs(best))


@helper
def move_little(rules, memory_work, n_tasks):
    """Tell whether the last sweep moved little."""
    return memory_work[n_tasks + LARGEST_MOVE] <= rules[TOLERANCE] * memory_work[n_tasks + LARGEST]


@helper
def is_enough(gap, rules, memory_work, n_tasks):
    """Tell whether sweeps may end: the duality gap is small, and so were the last moves."""
    stands = memory_work[n_tasks + LARGEST_MOVE] == 0.0
    return stands or (gap <= rules[GAP_LIMIT] and move_little(rules, memory_work, n_tasks))


@helper
def begin_sweep(memory_work, n_tasks):
    """Forget the moves of the sweep before."""
    memory_work[n_tasks + LARGEST_MOVE] = 0.0
    memory_work[n_tasks + LARGEST] = 0.0


@helper
def objective(coef, active, rules, residual_square):
    """What is minimised, where only active features are not at zero."""
    penalty = 0.0
    for a in range(active.shape[0]):
        j = uint64(active[a])
        norm = coef_norm(coef, j)
        if rules[POSITIVE] > 0.0 and coef[0, j] < 0.0:
            return math.inf
        penalty += rules[L1] * norm + 0.5 * rules[L2] * norm * norm
    return 0.5 * residual_square + penalty


@helper
def square_of(state, n_values):
    """The sum of squares of the first values of each task."""
    total = 0.0
    for t in range(state.shape[0]):
        for i in range(n_values):
            total += state[t, i] * state[t, i]
    return total


@helper
def slope_norm(j, coef, slopes, rules):
    """How steep the objective is without the L1 penalty, along a feature's coefficients."""
    n_tasks = coef.shape[0]
    if n_tasks == 1:
        slope = slopes[0, j] - rules[L2] * coef[0, j]
        return slope if rules[POSITIVE] > 0.0 else abs(slope)
    total = 0.0
    for t in range(n_tasks):
        slope = slopes[t, j] - rules[L2] * coef[t, j]
        total += slope * slope
    return math.sqrt(total)


@helper
def duality_gap(coef, slopes, rules, n_features, residual_square, residual_target):
    """By how much, at most, the objective is above its minimum; see `choose_active`."""
    dual_norm = 0.0
    penalty_norm = 0.0
    coef_square = 0.0
    slope_square = 0.0
    for j in range(n_features):
        dual_norm = max(dual_norm, slope_norm(j, coef, slopes, rules))
        norm = coef_norm(coef, j)
        penalty_norm += norm
        coef_square += norm * norm
        for t in range(coef.shape[0]):
            slope_square += slopes[t, j] * slopes[t, j]
    l1, l2 = rules[L1], rules[L2]
    if l1 > 0.0:
        scale = l1 / max(l1, dual_norm)
        squares = 0.5 * (1.0 + scale * scale) * (residual_square + l2 * coef_square)
        return squares + l1 * penalty_norm - scale * residual_target
    if l2 > 0.0:
        return residual_square - residual_target + 0.5 * l2 * coef_square + slope_square / (2.0 * l2)
    return slope_square


@helper
def product_of(a, b, n_values):
    """The sum of products of the first values of each task."""
    total = 0.0
    for t in range(a.shape[0]):
        for j in range(n_values):
            total += a[t, j] * b[t, j]
    return total


@helper
def gram_residuals(products, coef, slopes, target_square):
    """Sums of the squares of residuals, and of their products with targets, by products of features."""
    n_features = products.shape[1]
    residual_target = target_square - product_of(products, coef, n_features)
    return residual_target - product_of(slopes, coef, n_features), residual_target


@helper
def move_by_products(j, late, gram, squares, rules, coef_work, slopes_work, memory_work):
    """Move a feature; return the one whose moves the slopes do not have yet, or -1.

    They are brought up to date after each second feature that moves: from the cache come slopes and rows of
    the Gram matrix more slowly than they are added.
    """
    n_tasks = coef_work.shape[0]
    first = n_tasks + N_REMEMBERED  # of the moves of the late feature
    row = uint64(max(late, 0))
    for t in range(n_tasks):
        slope = slopes_work[t, j] - (memory_work[first + t] * gram[row, j] if late >= 0 else 0.0)
        memory_work[t] = slope + squares[j] * coef_work[t, j]
    move_feature(j, squares[j], rules, coef_work, memory_work)
    moves = False
    for t in range(n_tasks):
        moves |= memory_work[t] != 0.0
    if not moves:
        return late
    for t in range(n_tasks):
        move, move_of_late = memory_work[t], memory_work[first + t]
        memory_work[first + t] = move
        if late >= 0:
            for k in range(gram.shape[0]):
                slopes_work[t, k] -= move * gram[j, k] + move_of_late * gram[row, k]
    return int64(-1) if late >= 0 else int64(j)


@helper
def csc_square(state):
    """The sum of the squares of the residuals of centred features."""
    last = state.shape[1] - 1
    total = square_of(state, last)
    for t in range(state.shape[0]):
        total -= state[t, last] * state[t, last]
    return total
