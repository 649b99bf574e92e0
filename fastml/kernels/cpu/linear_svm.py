"""What each step of Newton's method takes, for linear support vector machines with squared losses.

An error is by how much a target is missed, zero for rows without a loss: in classification those beyond the
margin, in regression those within a tube.
"""

import math

import numpy as np

from .._compile import boolean, float64, helper, int64, kernel

__all__ = ["good_length", "solve_newton", "weigh_errors"]

MOST_LINE_STEPS = 30
FLAT = 1e-6  # part of the slope at the beginning of a step that may be left at its end
SMALLEST_PIVOT = 1e-15  # part of the diagonal; less are rounding errors


# ---- kernels -------------------------------------------------------------------------------------------
@helper
def error_of(target, predicted, classify, epsilon):
    error = target - predicted
    if classify:
        return error if target * error > 0.0 else 0.0
    return error - min(max(error, -epsilon), epsilon)


@kernel(fastmath={"reassoc", "contract", "nsz"})  # sums are taken in vector lanes
def weigh_rows(
    target: float64[:],  # IN (n_samples,)
    cost: float64[:],  # IN (n_samples,)
    predicted: float64[:],  # IN (n_samples,)
    classify: boolean,
    epsilon: float64,
    weighed_out: float64[:],  # OUT (n_samples,) errors times costs
) -> float64:  # the sum of the squared losses
    total = 0.0
    for i in range(target.shape[0]):
        error = error_of(target[i], predicted[i], classify, epsilon)
        weighed_out[i] = cost[i] * error
        total += cost[i] * error * error
    return total


@kernel(fastmath={"reassoc", "contract", "nsz"})  # sums are taken in vector lanes
def search_line(
    target: float64[:],  # IN (n_samples,)
    cost: float64[:],  # IN (n_samples,)
    predicted: float64[:],  # IN (n_samples,)
    change: float64[:],  # IN (n_samples,) of what is predicted, by a step of length one
    classify: boolean,
    epsilon: float64,
    along: float64,  # the weights times the step
    square: float64,  # the step times itself
    flat: float64,  # a slope that is small enough
) -> float64:
    length, low, high = 1.0, 0.0, np.inf
    for _ in range(MOST_LINE_STEPS):
        slope, curvature = 0.0, 0.0
        for i in range(target.shape[0]):
            error = error_of(target[i], predicted[i] + length * change[i], classify, epsilon)
            pull = cost[i] * change[i]
            slope += pull * error
            curvature += pull * change[i] if error != 0.0 else 0.0
        slope = along + length * square - 2.0 * slope
        if abs(slope) <= flat:
            break
        if slope < 0.0:
            low = length
        else:
            high = length
        length -= slope / (square + 2.0 * curvature)
        if not low < length < high:
            length = 0.5 * (low + high)
    return length


@kernel(fastmath={"contract", "nsz"})  # products and sums in one instruction
def add_hessian(
    X: float64[:, :],  # IN (n_samples, n_features)
    bias: float64,  # value of one more feature
    active: int64[:],  # IN (n_active,) the rows that have a loss
    weight: float64[:],  # IN (n_active,) theirs
    hessian_out: float64[:, :],  # OUT (n_features + 1, n_features + 1) += the lower triangle
):
    d, last = X.shape[1], active.shape[0] - 1
    for k in range(0, last + 1, 4):  # four rows at a time, the last one with nothing in the place of none
        p, q, r, s = active[k], active[min(k + 1, last)], active[min(k + 2, last)], active[min(k + 3, last)]
        a, b = weight[k], weight[k + 1] if k + 1 <= last else 0.0
        c, e = weight[k + 2] if k + 2 <= last else 0.0, weight[k + 3] if k + 3 <= last else 0.0
        for i in range(d):
            ap, bq, cr, es = a * X[p, i], b * X[q, i], c * X[r, i], e * X[s, i]
            for j in range(i + 1):
                hessian_out[i, j] += ap * X[p, j] + bq * X[q, j] + cr * X[r, j] + es * X[s, j]
            hessian_out[d, i] += bias * (ap + bq + cr + es)
        hessian_out[d, d] += bias * bias * (a + b + c + e)


@kernel(fastmath={"reassoc", "contract", "nsz"})  # sums are taken in vector lanes
def solve_definite(
    matrix_work: float64[:, :],  # IN, WORK (n, n) the lower triangle, in the place of which is its factor
    solution_out: float64[:],  # IN, OUT (n,) the right side at first
):
    n = matrix_work.shape[0]
    for i in range(n):
        right = solution_out[i]
        for j in range(i):
            total = matrix_work[i, j]
            for k in range(j):
                total -= matrix_work[i, k] * matrix_work[j, k]
            total /= matrix_work[j, j]
            matrix_work[i, j] = total
            right -= total * solution_out[j]
        pivot = matrix_work[i, i]
        smallest = SMALLEST_PIVOT * pivot
        for k in range(i):
            pivot -= matrix_work[i, k] * matrix_work[i, k]
        root = math.sqrt(max(pivot, smallest))
        matrix_work[i, i] = root
        solution_out[i] = right / root
    for i in range(n - 1, -1, -1):
        value = solution_out[i] / matrix_work[i, i]
        solution_out[i] = value
        for k in range(i):
            solution_out[k] -= value * matrix_work[i, k]


# ---- launchers -----------------------------------------------------------------------------------------
def weigh_errors(target, cost, predicted, epsilon):
    """Multiply errors by their costs.

    Parameters
    ----------
    target : float64 array of shape (n_samples,)
        Labels, -1 and 1, or numbers.
    cost : float64 array of shape (n_samples,)
        What each loss is multiplied by.
    predicted : float64 array of shape (n_samples,)
        The predictions.
    epsilon : float or None
        Errors of regression that cost nothing; None for classification.

    Returns
    -------
    loss : float
        The sum of the squared losses.
    weighed : float64 array of shape (n_samples,)
        The errors times their costs.
    """
    weighed = np.empty(len(target))
    return weigh_rows(target, cost, predicted, epsilon is None, epsilon or 0.0, weighed), weighed


def good_length(target, cost, predicted, change, epsilon, along, square, slope):
    """Find the length of a step: near where a slope that rises in straight pieces is zero.

    Parameters
    ----------
    target, cost, predicted, epsilon
        See `weigh_errors`.
    change : float64 array of shape (n_samples,)
        Of the predictions, by a step of length one.
    along, square : float
        The step times the coefficients, and times itself.
    slope : float
        Of the objective at the beginning.

    Returns
    -------
    length : float
        The length.
    """
    flat = FLAT * abs(slope)
    return search_line(target, cost, predicted, change, epsilon is None, epsilon or 0.0, along, square, flat)


def solve_newton(X, bias, active, weight, gradient):
    """Solve Newton's equation, by Cholesky's factor.

    Parameters
    ----------
    X : float64 array of shape (n_samples, n_features)
        The rows.
    bias : float
        Value of a constant feature, the last one.
    active : int64 array of shape (n_active,)
        The rows that have a loss.
    weight : float64 array of shape (n_active,)
        Their second derivatives.
    gradient : float64 array of shape (n_features + 1,)
        The gradient.

    Returns
    -------
    direction : float64 array of shape (n_features + 1,)
        The step.
    """
    hessian, direction = np.zeros((len(gradient), len(gradient))), -gradient
    hessian.flat[:: len(gradient) + 1] = 1.0
    add_hessian(X, bias, active, weight, hessian)
    solve_definite(hessian, direction)
    return direction
