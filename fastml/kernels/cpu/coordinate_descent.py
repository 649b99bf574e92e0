"""Coordinate descent for least squares with L1 and L2 penalties: sweeps, and which features to sweep.

A problem has one or several tasks that share features: ``coef`` is an array of shape (n_tasks, n_features),
and the L1 penalty is on the norms of its columns. With one task that is the lasso.

What is minimised is ``0.5 |Y - coef X'|^2 + L1 sum_j |coef_j| + 0.5 L2 |coef|^2``. Sweeps differ in what
they keep up to date: the slopes ``(Y - coef X')X`` with a Gram matrix, otherwise the residuals. All of it
is float64: what is summed over a thousand sweeps is small beside the data.
"""

import numpy as np

from .._compile import float64, int32, int64, kernel, uint64
from ._descent_steps import (
    GAP_LIMIT,
    L1,
    MAX_SWEEPS,
    TARGET_SQUARE,
    TOLERANCE,
    duality_gap,
    go_to_combination,
    move_feature,
    move_little,
    slope_norm,
)
from ._extrapolation import (
    LARGEST,
    LARGEST_MOVE,
    MOVES,
    N_LEFT,
    N_POINTS,
    STEPS,
    begin_sweep,
    combine_points,
    largest_move,
    new_memory,
)

__all__ = [
    "choose_active",
    "fitted_slopes",
    "largest_move",
    "new_memory",
    "residual_squares",
    "sweep_columns",
    "sweep_gram",
    "sweep_sparse",
]

NO_PRODUCTS = np.empty((1, 0))  # of problems whose state are residuals
# The gap falls about as the moves do: it is measured again when these are as much smaller as it has to be, or
# this much.
AGAIN = 0.5
NEARLY = 0.9  # of the L1 penalty: slopes from which on a feature is swept, as it may matter in a moment


# ---- kernels -------------------------------------------------------------------------------------------
@kernel(fastmath={"reassoc", "contract", "nsz"})  # sums over features in vector lanes
def sweep_gram_rows(
    gram: float64[:, :],  # IN (n_features, at least n_features)
    squares: float64[:],  # IN (n_features,) its diagonal
    rules: float64[:],  # IN (N_RULES,)
    active: int64[:],  # IN features to move, in this order
    coef_work: float64[:, :],  # IN/OUT (n_tasks, n_features)
    slopes_work: float64[:, :],  # IN/OUT (n_tasks, n_features)
    memory_work: float64[:],  # IN/OUT (MOVES + 2 * n_tasks,)
    points_work: float64[:, :],  # IN/OUT (0 or STEPS + 1, n_tasks * (n_active + n_features))
) -> int64:  # how many sweeps were made, up to the last one or to an extrapolation
    n_tasks, n_left = coef_work.shape[0], int64(memory_work[N_LEFT])
    late_moves = MOVES + n_tasks  # of the moves of the feature whose moves the slopes do not have yet
    for sweep in range(n_left):
        if move_little(rules, memory_work):
            return sweep
        if not begin_sweep(coef_work, slopes_work, active, memory_work, points_work):
            return sweep
        late = int64(-1)
        for a in range(active.shape[0]):
            # Slopes are brought up to date after each second feature that moves: from the cache come they
            # and rows of the Gram matrix more slowly than they are added.
            j, row = uint64(active[a]), uint64(late if late >= 0 else 0)
            for t in range(n_tasks):
                slope = slopes_work[t, j] - (memory_work[late_moves + t] * gram[row, j] if late >= 0 else 0.0)
                memory_work[MOVES + t] = slope + squares[j] * coef_work[t, j]
            if not move_feature(j, squares[j], rules, coef_work, memory_work):
                continue
            for t in range(n_tasks):
                move, move_of_late = memory_work[MOVES + t], memory_work[late_moves + t]
                memory_work[late_moves + t] = move
                if late >= 0:
                    for k in range(gram.shape[0]):
                        slopes_work[t, k] -= move * gram[j, k] + move_of_late * gram[row, k]
            late = int64(-1) if late >= 0 else int64(j)
        if late >= 0:
            for t in range(n_tasks):
                move = memory_work[late_moves + t]
                for k in range(gram.shape[0]):
                    slopes_work[t, k] -= move * gram[uint64(late), k]
    return n_left


@kernel(fastmath={"reassoc", "contract", "nsz"})  # sums over features in vector lanes
def multiply_residuals(
    products: float64[:, :],  # IN (n_tasks, n_features)
    coef: float64[:, :],  # IN (n_tasks, n_features)
    slopes: float64[:, :],  # IN (n_tasks, n_features)
    target_square: float64,  # IN
    squares_out: float64[:],  # OUT (2,)
):
    fitted_target, fitted_residual = 0.0, 0.0
    for t in range(products.shape[0]):
        for j in range(products.shape[1]):
            fitted_target += products[t, j] * coef[t, j]
            fitted_residual += slopes[t, j] * coef[t, j]
    residual_target = target_square - fitted_target
    squares_out[0], squares_out[1] = residual_target - fitted_residual, residual_target


@kernel(fastmath={"contract", "nsz"})  # products and sums in one instruction
def subtract_fitted(
    gram: float64[:, :],  # IN (n_features, at least n_features)
    coef: float64[:, :],  # IN (n_tasks, n_features)
    slopes_out: float64[:, :],  # IN/OUT (n_tasks, n_features) products of targets and features
):
    for j in range(coef.shape[1]):
        for t in range(coef.shape[0]):
            weight = coef[t, j]
            if weight != 0.0:
                for k in range(coef.shape[1]):
                    slopes_out[t, k] -= weight * gram[j, k]


@kernel(fastmath={"reassoc", "contract", "nsz"})  # sums over samples in vector lanes
def sweep_dense_columns(
    columns: float64[:, :],  # IN (n_features, n_samples)
    squares: float64[:],  # IN (n_features,)
    rules: float64[:],  # IN (N_RULES,)
    active: int64[:],  # IN features to move, in this order
    coef_work: float64[:, :],  # IN/OUT (n_tasks, at least n_features)
    residual_work: float64[:, :],  # IN/OUT (n_tasks, n_samples)
    memory_work: float64[:],  # IN/OUT (MOVES + 2 * n_tasks,)
    points_work: float64[:, :],  # IN/OUT (0 or STEPS + 1, n_tasks * (n_active + n_samples))
) -> int64:  # how many sweeps were made, up to the last one or to an extrapolation
    n_tasks, n_left = coef_work.shape[0], int64(memory_work[N_LEFT])
    for sweep in range(n_left):
        if move_little(rules, memory_work):
            return sweep
        if not begin_sweep(coef_work, residual_work, active, memory_work, points_work):
            return sweep
        for a in range(active.shape[0]):
            j = uint64(active[a])
            for t in range(n_tasks):
                slope = 0.0
                for i in range(columns.shape[1]):
                    slope += columns[j, i] * residual_work[t, i]
                memory_work[MOVES + t] = slope + squares[j] * coef_work[t, j]
            move_feature(j, squares[j], rules, coef_work, memory_work)
            for t in range(n_tasks):
                move = memory_work[MOVES + t]
                if move != 0.0:
                    for i in range(columns.shape[1]):
                        residual_work[t, i] -= move * columns[j, i]
    return n_left


@kernel(fastmath={"reassoc", "contract", "nsz"})  # sums over samples in vector lanes
def sweep_csc_columns(
    data: float64[:],  # IN (n_stored,)
    indices: int32[:],  # IN (n_stored,) rows
    indptr: int64[:],  # IN (n_features + 1,)
    moments: float64[:, :],  # IN (2, n_features) shifts, squares
    rules: float64[:],  # IN (N_RULES,)
    active: int64[:],  # IN features to move, in this order
    coef_work: float64[:, :],  # IN/OUT (n_tasks, n_features)
    residual_work: float64[:, :],  # IN/OUT (n_tasks, n_samples + 1), the sum of coef times shift last
    memory_work: float64[:],  # IN/OUT (MOVES + 2 * n_tasks,)
    points_work: float64[:, :],  # IN/OUT (0 or STEPS + 1, n_tasks * (n_active + n_samples + 1))
) -> int64:  # how many sweeps were made, up to the last one or to an extrapolation
    n_tasks, n_left = coef_work.shape[0], int64(memory_work[N_LEFT])
    last = residual_work.shape[1] - 1
    for sweep in range(n_left):
        if move_little(rules, memory_work):
            return sweep
        if not begin_sweep(coef_work, residual_work, active, memory_work, points_work):
            return sweep
        for a in range(active.shape[0]):
            j = uint64(active[a])
            start, stop = uint64(indptr[j]), uint64(indptr[j + 1])
            for t in range(n_tasks):
                slope = moments[0, j] * residual_work[t, last]
                for k in range(start, stop):
                    slope += data[k] * residual_work[t, uint64(indices[k])]
                memory_work[MOVES + t] = slope + moments[1, j] * coef_work[t, j]
            move_feature(j, moments[1, j], rules, coef_work, memory_work)
            for t in range(n_tasks):
                move = memory_work[MOVES + t]
                if move != 0.0:
                    residual_work[t, last] += move * moments[0, j]
                    for k in range(start, stop):
                        residual_work[t, uint64(indices[k])] -= move * data[k]
    return n_left


@kernel
def list_active(
    coef: float64[:, :],  # IN (n_tasks, n_features)
    slopes: float64[:, :],  # IN (n_tasks, n_features)
    squares: float64[:],  # IN (n_features,)
    rules: float64[:],  # IN (N_RULES,)
    active_out: int64[:],  # OUT (n_features,)
) -> int64:  # how many features are active
    n_tasks, n_features = coef.shape
    n_active = 0
    for j in range(n_features):
        moved = False
        for t in range(n_tasks):
            moved |= coef[t, j] != 0.0
        steep = slope_norm(j, coef, slopes, rules) > NEARLY * rules[L1] and squares[j] > 0.0
        if moved or steep:
            active_out[n_active] = j
            n_active += 1
    return n_active


# ---- launchers -----------------------------------------------------------------------------------------
def _sweep(kernel, problem, products, rules, active, n_shifts, work, most):
    """Sweep, and extrapolate as soon as there are enough points; return how many sweeps were made."""
    coef, state, memory, points = work
    n_sweeps = 0
    while True:
        memory[N_LEFT] = most - n_sweeps
        n_sweeps += kernel(*problem, rules, active, *work)
        if memory[N_POINTS] <= STEPS:
            return n_sweeps
        memory[N_POINTS] = 0.0
        if combine_points(len(coef) * len(active), memory, points):
            go_to_combination(products, rules, active, n_shifts, points, coef, state)


def sweep_gram(gram, products, squares, rules, active, coef_work, slopes_work, memory_work, points_work):
    """Sweep over active features until they move little and the duality gap is small, with the Gram matrix.

    A gap that was too large is measured again only when moves are smaller by as much, or by half.

    Parameters
    ----------
    gram : float64 array of shape (n_features, n_columns)
        Products of the features; columns from n_features on are not read.
    products : float64 array of shape (n_tasks, n_features)
        Products of the targets and the features.
    squares : float64 array of shape (n_features,)
        The diagonal of the Gram matrix.
    rules : float64 array of shape (N_RULES,)
        At L1 and L2 the penalties, at POSITIVE 1 if coefficients must not be negative (one task only), at
        TOLERANCE how small the largest move must be, relative to the largest coefficient, at GAP_LIMIT how
        small the duality gap, at TARGET_SQUARE the sum of the squares of the targets, at MAX_SWEEPS how
        many sweeps there may be.
    active : int64 array of shape (n_active,)
        The features to move, in this order.
    coef_work : float64 array of shape (n_tasks, n_features)
        The coefficients, brought up to date.
    slopes_work : float64 array of shape (n_tasks, n_features)
        Products of the residuals and the features, brought up to date.
    memory_work, points_work : float64 array
        What `new_memory` made for these active features, brought up to date.

    Returns
    -------
    n_sweeps : int
        How many sweeps were made; fewer than there might be if there is nothing more to do.

    References
    ----------
    Friedman, J., Hastie, T., Tibshirani, R. (2010). Regularization paths for generalized linear models via
    coordinate descent. Journal of Statistical Software 33(1).
    """
    work = coef_work, slopes_work, memory_work, points_work
    n_sweeps, most = 0, int(rules[MAX_SWEEPS])
    rules = rules.copy()
    while True:
        left = most - n_sweeps
        n_sweeps += _sweep(sweep_gram_rows, (gram, squares), products, rules, active, 0, work, left)
        if n_sweeps == most or memory_work[LARGEST_MOVE] == 0.0:
            return n_sweeps
        sums = residual_squares(products, coef_work, slopes_work, rules[TARGET_SQUARE])
        gap = duality_gap(coef_work, slopes_work, rules, *sums)
        if gap <= rules[GAP_LIMIT]:
            return n_sweeps
        moved = memory_work[LARGEST_MOVE] / memory_work[LARGEST]
        rules[TOLERANCE] = moved * max(AGAIN, rules[GAP_LIMIT] / gap)


def residual_squares(products, coef, slopes, target_square):
    """Multiply residuals with themselves and with targets, by products of features.

    Parameters
    ----------
    products, coef, slopes : float64 array of shape (n_tasks, n_features)
        See `sweep_gram`.
    target_square : float
        The sum of the squares of the targets.

    Returns
    -------
    squares : list of float
        The sums of the squares of the residuals, and of the products of residuals and targets.
    """
    squares = np.empty(2)
    multiply_residuals(products, coef, slopes, target_square, squares)
    return squares.tolist()


def fitted_slopes(gram, products, coef):
    """Multiply residuals and features, by their products.

    Parameters
    ----------
    gram : float64 array of shape (n_features, n_columns)
        See `sweep_gram`.
    products : float64 array of shape (n_tasks, n_features)
        Products of the targets and the features.
    coef : float64 array of shape (n_tasks, n_features)
        The coefficients; of those at zero, the rows of the Gram matrix are not read.

    Returns
    -------
    slopes : float64 array of shape (n_tasks, n_features)
        The products.
    """
    slopes = products.copy()
    subtract_fitted(gram, coef, slopes)
    return slopes


def sweep_columns(columns, squares, rules, active, coef_work, residual_work, memory_work, points_work):
    """Sweep over active features until they move little, with the features themselves.

    That is: until the largest move is, relative to the largest coefficient, no more than TOLERANCE of the
    rules.

    Parameters
    ----------
    columns : float64 array of shape (n_features, n_samples)
        The features.
    squares : float64 array of shape (n_features,)
        Their squared norms.
    rules, active, coef_work, memory_work, points_work : array
        See `sweep_gram`.
    residual_work : float64 array of shape (n_tasks, n_samples)
        The residuals, brought up to date.

    Returns
    -------
    n_sweeps : int
        How many sweeps were made.
    """
    work, most = (coef_work, residual_work, memory_work, points_work), int(rules[MAX_SWEEPS])
    return _sweep(sweep_dense_columns, (columns, squares), NO_PRODUCTS, rules, active, 0, work, most)


def sweep_sparse(
    data, indices, indptr, moments, rules, active, coef_work, residual_work, memory_work, points_work
):
    """Sweep over active features until they move little, with the features in a CSC matrix.

    The features are ``x_j - m_j``, of mean zero, though only x_j is stored: with the residual ``r = y -
    sum_j w_j x_j`` and ``m = sum_j w_j m_j`` a slope is ``x_j r + n m_j m``.

    Parameters
    ----------
    data, indices, indptr : array
        The matrix, float64, int32 and int64.
    moments : float64 array of shape (2, n_features)
        Means of the features, times the square root of the number of samples, and squared norms of the
        centred features.
    rules, active, coef_work, memory_work, points_work : array
        See `sweep_gram`.
    residual_work : float64 array of shape (n_tasks, n_samples + 1)
        The residuals of centred targets and features that are not, and last the sum of coefficient times
        shift; brought up to date.

    Returns
    -------
    n_sweeps : int
        How many sweeps were made.
    """
    problem = data, indices, indptr, moments
    work, most = (coef_work, residual_work, memory_work, points_work), int(rules[MAX_SWEEPS])
    return _sweep(sweep_csc_columns, problem, NO_PRODUCTS, rules, active, 1, work, most)


def choose_active(coef, slopes, squares, rules, residual_squares, active_out):
    """List the features that are not at zero or should not be, and find the duality gap.

    The gap is that for the multiple of the residuals that is feasible in the dual. Without an L1 penalty
    all residuals are feasible, and with no penalty at all the squared norm of the gradient is taken instead.

    Parameters
    ----------
    coef : float64 array of shape (n_tasks, n_features)
        The coefficients.
    slopes : float64 array of shape (n_tasks, n_features)
        Products of the residuals and the features.
    squares : float64 array of shape (n_features,)
        Squared norms of the features; where it is zero, coefficients stay zero.
    rules : float64 array of shape (N_RULES,)
        See `sweep_gram`.
    residual_squares : tuple of float
        The sums of the squares of the residuals, and of the products of residuals and targets.
    active_out : int64 array of shape (n_features,)
        Receives the features, in ascending order.

    Returns
    -------
    n_active : int
        How many features are listed.
    gap : float
        By how much, at most, the objective is above its minimum.

    References
    ----------
    Fercoq, O., Gramfort, A., Salmon, J. (2015). Mind the duality gap: safer rules for the lasso. ICML.
    Dünner, C. et al. (2016). Primal-dual rates and certificates. ICML.
    """
    gap = duality_gap(coef, slopes, rules, *residual_squares)
    return list_active(coef, slopes, squares, rules, active_out), gap
