"""Linear support vector machines by coordinate descent: on dual variables, and on L1-penalised coefficients.

The dual variable of a row minimises, with the others kept,
``|w|^2 / 2 + ridge/2 dual^2 - target dual + epsilon |dual|``, where w is the sum of dual times row, between a
lowest and a highest value. Classification and regression, with linear and squared losses, differ in these
numbers only.

Hsieh et al. (2008). A dual coordinate descent method for large-scale linear SVM. ICML 2008.
Ho, C.-H., Lin, C.-J. (2012). Large-scale linear support vector regression. JMLR 13.
"""

import numpy as np

from .._compile import LANES, T, float64, helper, int32, int64, kernel, simd, uint64
from ._coordinate_sweeps import (
    LARGEST,
    PATIENCE,
    POSITION,
    SMALLEST,
    TOTAL,
    Sweeps,
    at_a_time,
    next_coordinate,
    rest,
)

__all__ = ["DualSweeps", "row_squares", "sweep_dual"]

# Columns of `terms`
TARGET, LOW, HIGH, RIDGE, CURVATURE, N_TERMS = range(6)
# Places in `settings`
EPSILON, BIAS, N_SETTINGS = range(3)

AHEAD = 4  # rows that are fetched before they are needed: the order is random
FETCHED = 16  # vectors of a row; the processor guesses the rest


# ---- kernels --------------------------------------------------------------------------------------------
@helper
def set_aside(dual, gradient, epsilon, low, high, sign, state):
    """Take a row's violation of optimality down; tell whether it is so far from one that it may rest."""
    rising = gradient + (epsilon if dual >= 0.0 else -epsilon)
    falling = gradient + (epsilon if dual > 0.0 else -epsilon)
    violation = 0.0
    if dual < high and rising < 0.0:
        violation = rising
    elif dual > low and falling > 0.0:
        violation = falling
    else:
        patience = state[PATIENCE]
        return (dual >= high or rising > patience) and (dual <= low or falling < -patience)
    state[LARGEST] = max(state[LARGEST], sign * violation)
    state[SMALLEST] = min(state[SMALLEST], sign * violation)
    state[TOTAL] += abs(violation)
    return False


@helper
def minimiser(dual, gradient, curvature, epsilon, low, high):
    """The best value of a dual variable."""
    if gradient + epsilon < curvature * dual:
        dual -= (gradient + epsilon) / curvature
    elif gradient - epsilon > curvature * dual:
        dual -= (gradient - epsilon) / curvature
    else:
        dual = 0.0
    return min(max(dual, low), high)


@kernel(fastmath={"reassoc", "contract", "nsz"})  # sums in vector lanes
def sweep_dense(
    X: T[:, :],  # IN (n_samples, n_features)
    terms: float64[:, :],  # IN (n_samples, N_TERMS)
    order_work: int32[:],  # WORK (n_samples,) rows
    dual_out: float64[:],  # OUT (n_samples,)
    weights_out: float64[:],  # OUT (n_features + 1,) of the features, and of a constant one
    settings: float64[:],  # IN
    state_work: float64[:],  # WORK
    count: int64,  # IN how many rows at most
):
    n, epsilon, bias = X.shape[1], settings[EPSILON], settings[BIAS]
    for _ in range(count):
        i = next_coordinate(order_work, state_work)
        if i < 0:
            break
        ahead = int64(order_work[min(int64(state_work[POSITION]) + AHEAD, order_work.shape[0] - 1)])
        for t in range(0, min(n, FETCHED * LANES), LANES):
            simd.prefetch(X, ahead * n + t)
        simd.prefetch(terms, ahead * N_TERMS)
        low, high, dual = terms[i, LOW], terms[i, HIGH], dual_out[i]
        gradient = terms[i, RIDGE] * dual - terms[i, TARGET] + bias * weights_out[n]
        for t in range(n):
            gradient += float64(X[i, t]) * weights_out[t]
        sign = 1.0 if terms[i, TARGET] > 0.0 else -1.0
        if set_aside(dual, gradient, epsilon, low, high, sign, state_work):
            rest(order_work, state_work)
            continue
        state_work[POSITION] += 1.0
        new = minimiser(dual, gradient, terms[i, CURVATURE], epsilon, low, high)
        change = new - dual
        if change != 0.0:
            dual_out[i] = new
            for t in range(n):
                weights_out[t] += change * float64(X[i, t])
            weights_out[n] += change * bias


@kernel(fastmath={"reassoc", "contract", "nsz"})  # sums in any order
def sweep_csr(
    data: T[:],  # IN (n_stored,)
    indices: int32[:],  # IN (n_stored,) columns
    indptr: int64[:],  # IN (n_samples + 1,)
    terms: float64[:, :],  # IN (n_samples, N_TERMS)
    order_work: int32[:],  # WORK (n_samples,) rows
    dual_out: float64[:],  # OUT (n_samples,)
    weights_out: float64[:],  # OUT (n_features + 1,) of the features, and of a constant one
    settings: float64[:],  # IN
    state_work: float64[:],  # WORK
    count: int64,  # IN how many rows at most
):
    n, epsilon, bias = weights_out.shape[0] - 1, settings[EPSILON], settings[BIAS]
    for _ in range(count):
        i = next_coordinate(order_work, state_work)
        if i < 0:
            break
        ahead = int64(order_work[min(int64(state_work[POSITION]) + AHEAD, order_work.shape[0] - 1)])
        simd.prefetch(data, indptr[ahead])
        simd.prefetch(indices, indptr[ahead])
        simd.prefetch(terms, ahead * N_TERMS)
        first, last = uint64(indptr[i]), uint64(indptr[i + 1])
        low, high, dual = terms[i, LOW], terms[i, HIGH], dual_out[i]
        gradient = terms[i, RIDGE] * dual - terms[i, TARGET] + bias * weights_out[n]
        for k in range(first, last):
            gradient += float64(data[k]) * weights_out[uint64(indices[k])]
        sign = 1.0 if terms[i, TARGET] > 0.0 else -1.0
        if set_aside(dual, gradient, epsilon, low, high, sign, state_work):
            rest(order_work, state_work)
            continue
        state_work[POSITION] += 1.0
        new = minimiser(dual, gradient, terms[i, CURVATURE], epsilon, low, high)
        change = new - dual
        if change != 0.0:
            dual_out[i] = new
            for k in range(first, last):
                weights_out[uint64(indices[k])] += change * float64(data[k])
            weights_out[n] += change * bias


@kernel(fastmath={"reassoc", "contract", "nsz"})  # sums in vector lanes
def square_rows(
    values: T[:],  # IN (n_stored,)
    indptr: int64[:],  # IN (n_samples + 1,)
    squares_out: float64[:],  # OUT (n_samples,)
):
    for i in range(squares_out.shape[0]):
        total = 0.0
        for k in range(indptr[i], indptr[i + 1]):
            total += float64(values[k]) * float64(values[k])
        squares_out[i] = total


# ---- launchers ------------------------------------------------------------------------------------------
class DualSweeps(Sweeps):
    """Dual variables, the coefficients that they make, and the rows that still take part.

    Parameters
    ----------
    squares : float64 array of shape (n_samples,)
        Of the rows' lengths.
    target : float64 array of shape (n_samples,)
        Labels, -1 and 1, or numbers.
    cost : float64 array of shape (n_samples,)
        What the loss of each row is multiplied by; those of 0 have no part.
    n_features : int
        The number of features.
    bias : float
        The value of a constant feature; 0 for none.
    epsilon : float or None
        Errors of regression that cost nothing; None for classification.
    squared : bool
        Whether the loss is squared.
    tol : float
        When to end: for the range of violations in classification; in regression for their sum, as a part of
        the first one.
    max_iter, seed : int
        See `Sweeps`.
    """

    def __init__(self, squares, target, cost, n_features, bias, epsilon, squared, tol, max_iter, seed):
        regression = epsilon is not None
        super().__init__(len(target), tol, regression, max_iter, seed)
        self.terms = np.empty((len(target), N_TERMS))
        takes_part = cost > 0
        highest = np.where(takes_part, np.inf, 0.0) if squared else cost
        self.terms[:, TARGET] = target
        self.terms[:, RIDGE] = 0.5 / np.where(takes_part, cost, 0.5) if squared else 0.0
        self.terms[:, LOW] = -highest if regression else np.where(target > 0, 0.0, -highest)
        self.terms[:, HIGH] = highest if regression else np.where(target > 0, highest, 0.0)
        self.terms[:, CURVATURE] = squares + bias * bias + self.terms[:, RIDGE]
        self.settings = np.array([epsilon or 0.0, bias])
        self.dual, self.weights = np.zeros(len(target)), np.zeros(n_features + 1)


def sweep_dual(rows, sweeps):
    """Minimise along dual variables, in random order, for some 10 ms or to the end.

    Parameters
    ----------
    rows : tuple of array
        ``(X,)``, or the CSR arrays ``(data, indices, indptr)``, of which `indices` are int32 and `indptr`
        int64.
    sweeps : DualSweeps
        Brought up to date.
    """
    sweep = sweep_csr if len(rows) == 3 else sweep_dense
    count = at_a_time(rows, len(sweeps.order))
    terms, settings, state = sweeps.terms, sweeps.settings, sweeps.state
    sweep(*rows, terms, sweeps.order, sweeps.dual, sweeps.weights, settings, state, count)


def row_squares(rows):
    """Sum the squares of each row.

    Parameters
    ----------
    rows : tuple of array
        As for `sweep_dual`.

    Returns
    -------
    squares : float64 array of shape (n_samples,)
        The sums.
    """
    if len(rows) == 3:
        values, indptr = rows[0], rows[2]
    else:
        values, (n_samples, n_features) = rows[0].reshape(-1), rows[0].shape
        indptr = np.arange(n_samples + 1) * n_features
    squares = np.empty(len(indptr) - 1)
    square_rows(values, indptr, squares)
    return squares
