"""What sweeps of coordinate descent do with a feature; and how far they are, in objective and duality gap."""

import math

from .._compile import float64, helper, int64, kernel, uint64
from ._extrapolation import LARGEST, LARGEST_MOVE, MOVES, STEPS, go_to_point

# Where things are in `rules`
L1, L2, POSITIVE, TOLERANCE, GAP_LIMIT, TARGET_SQUARE, MAX_SWEEPS = range(7)
N_RULES = 7


@helper
def move_feature(j, square, rules, coef, memory_work):
    """Put a feature's coefficients where the objective is least; tell whether they move.

    Its moves are at first their slopes without the feature, and afterwards how far they moved.
    """
    n_tasks = coef.shape[0]
    inverse = 1.0 / (square + rules[L2])  # divided at once, while the slope is still being summed
    norm = abs(memory_work[MOVES])
    if n_tasks > 1:
        total = 0.0
        for t in range(n_tasks):
            total += memory_work[MOVES + t] * memory_work[MOVES + t]
        norm = math.sqrt(total)
    scale = 0.0
    if square > 0.0 and norm > rules[L1] and not (rules[POSITIVE] > 0.0 and memory_work[MOVES] < 0.0):
        scale = (norm - rules[L1]) * inverse
    moves = False
    for t in range(n_tasks):
        direction = math.copysign(1.0, memory_work[MOVES]) if n_tasks == 1 else memory_work[MOVES + t] / norm
        best = scale * direction if scale > 0.0 else 0.0
        memory_work[MOVES + t] = best - coef[t, j]
        coef[t, j] = best
        moves |= memory_work[MOVES + t] != 0.0
        if abs(memory_work[MOVES + t]) > memory_work[LARGEST_MOVE]:
            memory_work[LARGEST_MOVE] = abs(memory_work[MOVES + t])
        if abs(best) > memory_work[LARGEST]:
            memory_work[LARGEST] = abs(best)
    return moves


@helper
def move_little(rules, memory_work):
    """Tell whether the last sweep moved little."""
    return memory_work[LARGEST_MOVE] <= rules[TOLERANCE] * memory_work[LARGEST]


@helper
def objective(products, coef, state, active, rules, n_shifts):
    """What is minimised, where only active features are not at zero; see `go_to_combination`."""
    n_tasks, width = state.shape
    total = rules[TARGET_SQUARE] if products.shape[1] > 0 else 0.0
    for t in range(n_tasks):
        for j in range(products.shape[1]):
            total -= (products[t, j] + state[t, j]) * coef[t, j]
        if products.shape[1] == 0:
            for i in range(width):
                total += state[t, i] * state[t, i]
            for i in range(width - n_shifts, width):
                total -= 2.0 * state[t, i] * state[t, i]
    total *= 0.5
    for a in range(active.shape[0]):
        j = uint64(active[a])
        square = 0.0
        for t in range(n_tasks):
            square += coef[t, j] * coef[t, j]
        if rules[POSITIVE] > 0.0 and coef[0, j] < 0.0:
            return math.inf
        total += rules[L1] * math.sqrt(square) + 0.5 * rules[L2] * square
    return total


@kernel(fastmath={"reassoc", "contract", "nsz"})  # sums over values of the state in vector lanes
def go_to_combination(
    products: float64[:, :],  # IN (n_tasks, n_features) where slopes are the state, or else no features
    rules: float64[:],  # IN (N_RULES,)
    active: int64[:],  # IN features that are swept
    n_shifts: int64,  # IN how many values of residuals, at their end, are sums of coefficient times shift
    points: float64[:, :],  # IN (STEPS + 1, n_tasks * n_active + n_state)
    coef_work: float64[:, :],  # IN/OUT (n_tasks, n_features)
    state_work: float64[:, :],  # IN/OUT (n_tasks, size of a task's state)
):
    before = math.inf
    for at in (0, STEPS):
        value = objective(products, coef_work, state_work, active, rules, n_shifts)
        if value < before and at > 0:
            break
        before = value
        go_to_point(coef_work, state_work, active, at, points)


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


@kernel(fastmath={"reassoc", "contract", "nsz"})  # sums over features in vector lanes
def duality_gap(
    coef: float64[:, :],  # IN (n_tasks, n_features)
    slopes: float64[:, :],  # IN (n_tasks, n_features)
    rules: float64[:],  # IN (N_RULES,)
    residual_square: float64,  # IN
    residual_target: float64,  # IN
) -> float64:  # by how much, at most, the objective is above its minimum; see `choose_active`
    dual_norm = 0.0
    penalty_norm = 0.0
    coef_square = 0.0
    slope_square = 0.0
    for j in range(coef.shape[1]):
        dual_norm = max(dual_norm, slope_norm(j, coef, slopes, rules))
        square = 0.0
        for t in range(coef.shape[0]):
            square += coef[t, j] * coef[t, j]
            slope_square += slopes[t, j] * slopes[t, j]
        penalty_norm += math.sqrt(square)
        coef_square += square
    l1, l2 = rules[L1], rules[L2]
    if l1 > 0.0:
        scale = l1 / max(l1, dual_norm)
        squares = 0.5 * (1.0 + scale * scale) * (residual_square + l2 * coef_square)
        return squares + l1 * penalty_norm - scale * residual_target
    if l2 > 0.0:
        return residual_square - residual_target + 0.5 * l2 * coef_square + slope_square / (2.0 * l2)
    return slope_square
