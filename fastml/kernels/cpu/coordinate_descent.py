"""Coordinate descent for least squares with L1 and L2 penalties: sweeps, and which features to sweep.

A problem has one or several tasks that share features: ``coef`` is an array of shape (n_tasks, n_features),
and the L1 penalty is on the norms of its columns. With one task that is the lasso.

What is minimised is ``0.5 |Y - coef X'|^2 + L1 sum_j |coef_j| + 0.5 L2 |coef|^2``. Sweeps differ in what
they keep up to date: the slopes ``(Y - coef X')X`` with a Gram matrix, otherwise the residuals. All of it
is float64: what is summed over a thousand sweeps is small beside the data.
"""

import math

from .._compile import float64, helper, int32, int64, kernel, uint64

__all__ = ["choose_active", "sweep_columns", "sweep_gram", "sweep_sparse"]

# Where things are in `rules`, and among the sums of `choose_active`
L1, L2, POSITIVE, TOLERANCE, MAX_SWEEPS = range(5)
N_RULES = 5
DUAL_NORM, PENALTY_NORM, COEF_SQUARE, SLOPE_SQUARE, SLOPE_COEF = range(5)
N_SUMS = 5

NEARLY = 0.9  # of the L1 penalty: slopes from which on a feature is swept, as it may matter in a moment


# ---- kernels -------------------------------------------------------------------------------------------
@helper
def norm_of(values, n_tasks, first, step):
    """The norm of the values of a feature in all tasks."""
    if n_tasks == 1:
        return abs(values[first])
    total = 0.0
    for t in range(n_tasks):
        total += values[first + t * step] * values[first + t * step]
    return math.sqrt(total)


@helper
def move_feature(j, square, rules, coef, moves_work):
    """Put a feature's coefficients where the objective is least.

    `moves_work` holds their slopes without the feature, and afterwards how far they moved; behind them
    stand the largest move and the largest coefficient of the sweep.
    """
    n_tasks = coef.shape[0]
    norm = norm_of(moves_work, n_tasks, 0, 1)
    scale = 0.0
    if square > 0.0 and norm > rules[L1] and not (rules[POSITIVE] > 0.0 and moves_work[0] < 0.0):
        scale = (norm - rules[L1]) / norm / (square + rules[L2])
    for t in range(n_tasks):
        best = scale * moves_work[t]
        moves_work[t] = best - coef[t, j]
        coef[t, j] = best
        moves_work[n_tasks] = max(moves_work[n_tasks], abs(moves_work[t]))
        moves_work[n_tasks + 1] = max(moves_work[n_tasks + 1], abs(best))


@kernel(fastmath={"contract", "nsz"})  # products and sums in one instruction
def sweep_gram_rows(
    gram: float64[:, :],  # IN (n_features, at least n_features)
    squares: float64[:],  # IN (n_features,) its diagonal
    rules: float64[:],  # IN (N_RULES,)
    active: int64[:],  # IN features to move, in this order
    coef_work: float64[:, :],  # IN/OUT (n_tasks, at least n_features)
    slopes_work: float64[:, :],  # IN/OUT (n_tasks, at least n_features)
    moves_work: float64[:],  # WORK (n_tasks + 2,)
) -> int64:  # how many sweeps were made
    n_tasks = coef_work.shape[0]
    for sweep in range(int64(rules[MAX_SWEEPS])):
        moves_work[n_tasks] = 0.0
        moves_work[n_tasks + 1] = 0.0
        for a in range(active.shape[0]):
            j = uint64(active[a])
            for t in range(n_tasks):
                moves_work[t] = slopes_work[t, j] + squares[j] * coef_work[t, j]
            move_feature(j, squares[j], rules, coef_work, moves_work)
            for t in range(n_tasks):
                move = moves_work[t]
                if move != 0.0:
                    for k in range(gram.shape[0]):
                        slopes_work[t, k] -= move * gram[j, k]
        if moves_work[n_tasks] <= rules[TOLERANCE] * moves_work[n_tasks + 1]:
            return sweep + 1
    return int64(rules[MAX_SWEEPS])


@kernel(fastmath={"reassoc", "contract", "nsz"})  # sums over samples in vector lanes
def sweep_dense_columns(
    columns: float64[:, :],  # IN (n_features, n_samples)
    squares: float64[:],  # IN (n_features,)
    rules: float64[:],  # IN (N_RULES,)
    active: int64[:],  # IN features to move, in this order
    coef_work: float64[:, :],  # IN/OUT (n_tasks, at least n_features)
    residual_work: float64[:, :],  # IN/OUT (n_tasks, n_samples)
    moves_work: float64[:],  # WORK (n_tasks + 2,)
) -> int64:  # how many sweeps were made
    n_tasks = coef_work.shape[0]
    for sweep in range(int64(rules[MAX_SWEEPS])):
        moves_work[n_tasks] = 0.0
        moves_work[n_tasks + 1] = 0.0
        for a in range(active.shape[0]):
            j = uint64(active[a])
            for t in range(n_tasks):
                slope = 0.0
                for i in range(columns.shape[1]):
                    slope += columns[j, i] * residual_work[t, i]
                moves_work[t] = slope + squares[j] * coef_work[t, j]
            move_feature(j, squares[j], rules, coef_work, moves_work)
            for t in range(n_tasks):
                move = moves_work[t]
                if move != 0.0:
                    for i in range(columns.shape[1]):
                        residual_work[t, i] -= move * columns[j, i]
        if moves_work[n_tasks] <= rules[TOLERANCE] * moves_work[n_tasks + 1]:
            return sweep + 1
    return int64(rules[MAX_SWEEPS])


@kernel
def sweep_csc_columns(
    data: float64[:],  # IN (n_stored,)
    indices: int32[:],  # IN (n_stored,) rows
    indptr: int64[:],  # IN (n_features + 1,)
    shifts: float64[:],  # IN (n_features,)
    squares: float64[:],  # IN (n_features,)
    rules: float64[:],  # IN (N_RULES,)
    active: int64[:],  # IN features to move, in this order
    coef_work: float64[:, :],  # IN/OUT (n_tasks, n_features)
    residual_work: float64[:, :],  # IN/OUT (n_tasks, n_samples + 1), the sum of coef times shift last
    moves_work: float64[:],  # WORK (n_tasks + 2,)
) -> int64:  # how many sweeps were made
    n_tasks = coef_work.shape[0]
    last = residual_work.shape[1] - 1
    for sweep in range(int64(rules[MAX_SWEEPS])):
        moves_work[n_tasks] = 0.0
        moves_work[n_tasks + 1] = 0.0
        for a in range(active.shape[0]):
            j = uint64(active[a])
            start, stop = uint64(indptr[j]), uint64(indptr[j + 1])
            for t in range(n_tasks):
                slope = shifts[j] * residual_work[t, last]
                for k in range(start, stop):
                    slope += data[k] * residual_work[t, uint64(indices[k])]
                moves_work[t] = slope + squares[j] * coef_work[t, j]
            move_feature(j, squares[j], rules, coef_work, moves_work)
            for t in range(n_tasks):
                move = moves_work[t]
                if move != 0.0:
                    residual_work[t, last] += move * shifts[j]
                    for k in range(start, stop):
                        residual_work[t, uint64(indices[k])] -= move * data[k]
        if moves_work[n_tasks] <= rules[TOLERANCE] * moves_work[n_tasks + 1]:
            return sweep + 1
    return int64(rules[MAX_SWEEPS])


@kernel
def list_active(
    coef: float64[:, :],  # IN (n_tasks, n_features)
    slopes: float64[:, :],  # IN (n_tasks, n_features)
    squares: float64[:],  # IN (n_features,)
    rules: float64[:],  # IN (N_RULES,)
    active_out: int64[:],  # OUT (n_features,)
    sums_out: float64[:],  # OUT (N_SUMS,)
) -> int64:  # how many features are active
    n_tasks, n_features = coef.shape
    positive = rules[POSITIVE] > 0.0
    n_active = 0
    dual_norm = -math.inf
    penalty_norm = 0.0
    coef_square = 0.0
    slope_square = 0.0
    slope_coef = 0.0
    for j in range(n_features):
        size = 0.0
        steepness = 0.0
        for t in range(n_tasks):
            w = coef[t, j]
            slope = slopes[t, j] - rules[L2] * w
            size += w * w
            steepness += slope * slope
            slope_square += slopes[t, j] * slopes[t, j]
            slope_coef += slopes[t, j] * w
        coef_square += size
        penalty_norm += abs(coef[0, j]) if n_tasks == 1 else math.sqrt(size)
        norm = math.sqrt(steepness)
        if n_tasks == 1:
            norm = slopes[0, j] - rules[L2] * coef[0, j]
            norm = norm if positive else abs(norm)
        dual_norm = max(dual_norm, norm)
        if size > 0.0 or (norm > NEARLY * rules[L1] and squares[j] > 0.0):
            active_out[n_active] = j
            n_active += 1
    sums_out[DUAL_NORM] = dual_norm
    sums_out[PENALTY_NORM] = penalty_norm
    sums_out[COEF_SQUARE] = coef_square
    sums_out[SLOPE_SQUARE] = slope_square
    sums_out[SLOPE_COEF] = slope_coef
    return n_active


# ---- launchers -----------------------------------------------------------------------------------------
def sweep_gram(gram, squares, rules, active, coef_work, slopes_work, moves_work):
    """Sweep over active features until they move little, with the Gram matrix of the features.

    Parameters
    ----------
    gram : float64 array of shape (n_features, n_columns)
        Products of the features; columns from n_features on are not read.
    squares : float64 array of shape (n_features,)
        Its diagonal.
    rules : float64 array of shape (N_RULES,)
        At L1 and L2 the penalties, at POSITIVE 1 if coefficients must not be negative (one task only), at
        TOLERANCE how small the largest move must be relative to the largest coefficient, at MAX_SWEEPS how
        many there may be.
    active : int64 array of shape (n_active,)
        The features to move, in this order.
    coef_work : float64 array of shape (n_tasks, n_columns)
        The coefficients, brought up to date.
    slopes_work : float64 array of shape (n_tasks, n_columns)
        Products of the residuals and the features, brought up to date.
    moves_work : float64 array of shape (n_tasks + 2,)
        Receives last the largest move and the largest coefficient of the last sweep.

    Returns
    -------
    n_sweeps : int
        How many sweeps were made.

    References
    ----------
    Friedman, J., Hastie, T., Tibshirani, R. (2010). Regularization paths for generalized linear models via
    coordinate descent. Journal of Statistical Software 33(1).
    """
    return sweep_gram_rows(gram, squares, rules, active, coef_work, slopes_work, moves_work)


def sweep_columns(columns, squares, rules, active, coef_work, residual_work, moves_work):
    """Sweep over active features until they move little, with the features themselves.

    Parameters
    ----------
    columns : float64 array of shape (n_features, n_samples)
        The features.
    squares : float64 array of shape (n_features,)
        Their squared norms.
    rules, active, coef_work, moves_work : array
        See `sweep_gram`.
    residual_work : float64 array of shape (n_tasks, n_samples)
        The residuals, brought up to date.

    Returns
    -------
    n_sweeps : int
        How many sweeps were made.
    """
    return sweep_dense_columns(columns, squares, rules, active, coef_work, residual_work, moves_work)


def sweep_sparse(data, indices, indptr, shifts, squares, rules, active, coef_work, residual_work, moves_work):
    """Sweep over active features until they move little, with the features in a CSC matrix.

    The features are ``x_j - m_j``, of mean zero, though only x_j is stored: with the residual ``r = y -
    sum_j w_j x_j`` and ``m = sum_j w_j m_j`` a slope is ``x_j r + n m_j m``.

    Parameters
    ----------
    data, indices, indptr : array
        The matrix, float64, int32 and int64.
    shifts : float64 array of shape (n_features,)
        Means of the features, times the square root of the number of samples.
    squares : float64 array of shape (n_features,)
        Squared norms of the centred features.
    rules, active, coef_work, moves_work : array
        See `sweep_gram`.
    residual_work : float64 array of shape (n_tasks, n_samples + 1)
        The residuals of centred targets and features that are not, and last the sum of coefficient times
        shift; brought up to date.

    Returns
    -------
    n_sweeps : int
        How many sweeps were made.
    """
    return sweep_csc_columns(
        data, indices, indptr, shifts, squares, rules, active, coef_work, residual_work, moves_work
    )


def choose_active(coef, slopes, squares, rules, active_out, sums_out):
    """List the features that are not at zero or should not be, and sum up what the duality gap is made of.

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
    active_out : int64 array of shape (n_features,)
        Receives the features, in ascending order.
    sums_out : float64 array of shape (N_SUMS,)
        Receives at DUAL_NORM the largest norm of slopes less L2 times coefficients, at PENALTY_NORM the sum
        of the norms of coefficients, at COEF_SQUARE and SLOPE_SQUARE the sums of squares, at SLOPE_COEF
        that of products.

    Returns
    -------
    n_active : int
        How many features are listed.
    """
    return list_active(coef, slopes, squares, rules, active_out, sums_out)
