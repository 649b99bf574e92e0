"""Linear classification with the squared hinge loss and an L1 penalty, by coordinate descent on coefficients.

Yuan, G.-X., Chang, K.-W., Hsieh, C.-J., Lin, C.-J. (2010). A comparison of optimization methods and software
for large-scale L1-regularized linear classification. JMLR 11, section 4.1.3.
"""

import numpy as np

from .._compile import T, float64, helper, int32, int64, kernel, uint64
from ._coordinate_sweeps import LARGEST, PATIENCE, POSITION, TOTAL, Sweeps, at_a_time, next_coordinate, rest

__all__ = ["ColumnSweeps", "column_squares", "sweep_columns"]

WEIGHT, SQUARES = 0, 1  # rows of `coefficients`

SUFFICIENT = 0.01  # the part of the expected decrease that a step must bring
MOST_HALVINGS = 20
FLATTEST = 1e-12


# ---- kernels --------------------------------------------------------------------------------------------
@helper
def find_step(weight, slope, curvature, state):
    """Newton's step along a coefficient; NaN if the coefficient is to rest at zero."""
    up, down = slope + 1.0, slope - 1.0
    violation = abs(up) if weight > 0.0 else abs(down)
    if weight == 0.0:
        violation = max(0.0, -up, down)
        if up > state[PATIENCE] and down < -state[PATIENCE]:
            return np.nan
    state[LARGEST] = max(state[LARGEST], violation)
    state[TOTAL] += violation
    if up < curvature * weight:
        return -up / curvature
    if down > curvature * weight:
        return -down / curvature
    return -weight


@helper
def is_enough(weight, slope, square, step, expected):
    """Tell whether a step lowers the objective by enough, whatever rows it makes active."""
    penalty = abs(weight + step) - abs(weight)
    return square * step * step + slope * step + penalty <= SUFFICIENT * expected


@kernel(fastmath={"reassoc", "contract", "nsz"})  # sums in vector lanes
def sweep_dense(
    columns: T[:, :],  # IN (n_features, n_samples)
    cost: float64[:],  # IN (n_samples,) with the signs of the labels
    order_work: int32[:],  # WORK (n_features,) columns
    errors_out: float64[:],  # OUT (n_samples,) label minus prediction
    coefficients_out: float64[:, :],  # OUT (2, n_features) coefficients, and weighed squares of the columns
    state_work: float64[:],  # WORK
    count: int64,  # IN how many columns at most
):
    n = columns.shape[1]
    for _ in range(count):
        j = next_coordinate(order_work, state_work)
        if j < 0:
            break
        slope = curvature = 0.0
        for i in range(n):
            own = cost[i] * errors_out[i]
            weighed = 2.0 * (abs(cost[i]) if own > 0.0 else 0.0) * float64(columns[j, i])
            slope -= weighed * errors_out[i]
            curvature += weighed * float64(columns[j, i])
        weight, square = coefficients_out[WEIGHT, j], coefficients_out[SQUARES, j]
        step = find_step(weight, slope, max(curvature, FLATTEST), state_work)
        if step != step:
            rest(order_work, state_work)
            continue
        state_work[POSITION] += 1.0
        expected = abs(weight + step) - abs(weight) + slope * step
        for _ in range(MOST_HALVINGS):
            if is_enough(weight, slope, square, step, expected):
                break
            change = abs(weight + step) - abs(weight)
            for i in range(n):
                error = errors_out[i] - step * float64(columns[j, i])
                before = errors_out[i] if cost[i] * errors_out[i] > 0.0 else 0.0
                after = error if cost[i] * error > 0.0 else 0.0
                change += abs(cost[i]) * (after * after - before * before)
            if change <= SUFFICIENT * expected:
                break
            step, expected = 0.5 * step, 0.5 * expected
        if step != 0.0:
            coefficients_out[WEIGHT, j] = weight + step
            for i in range(n):
                errors_out[i] -= step * float64(columns[j, i])


@kernel(fastmath={"reassoc", "contract", "nsz"})  # sums in any order
def sweep_csc(
    data: T[:],  # IN (n_stored,)
    indices: int32[:],  # IN (n_stored,) rows
    indptr: int64[:],  # IN (n_features + 1,)
    cost: float64[:],  # IN (n_samples,) with the signs of the labels
    order_work: int32[:],  # WORK (n_features,) columns
    errors_out: float64[:],  # OUT (n_samples,) label minus prediction
    coefficients_out: float64[:, :],  # OUT (2, n_features) coefficients, and weighed squares of the columns
    state_work: float64[:],  # WORK
    count: int64,  # IN how many columns at most
):
    for _ in range(count):
        j = next_coordinate(order_work, state_work)
        if j < 0:
            break
        first, last = uint64(indptr[j]), uint64(indptr[j + 1])
        slope = curvature = 0.0
        for k in range(first, last):
            i = uint64(indices[k])
            if cost[i] * errors_out[i] > 0.0:
                weighed = 2.0 * abs(cost[i]) * float64(data[k])
                slope -= weighed * errors_out[i]
                curvature += weighed * float64(data[k])
        weight, square = coefficients_out[WEIGHT, j], coefficients_out[SQUARES, j]
        step = find_step(weight, slope, max(curvature, FLATTEST), state_work)
        if step != step:
            rest(order_work, state_work)
            continue
        state_work[POSITION] += 1.0
        expected = abs(weight + step) - abs(weight) + slope * step
        for _ in range(MOST_HALVINGS):
            if is_enough(weight, slope, square, step, expected):
                break
            change = abs(weight + step) - abs(weight)
            for k in range(first, last):
                i = uint64(indices[k])
                error = errors_out[i] - step * float64(data[k])
                before = errors_out[i] if cost[i] * errors_out[i] > 0.0 else 0.0
                after = error if cost[i] * error > 0.0 else 0.0
                change += abs(cost[i]) * (after * after - before * before)
            if change <= SUFFICIENT * expected:
                break
            step, expected = 0.5 * step, 0.5 * expected
        if step != 0.0:
            coefficients_out[WEIGHT, j] = weight + step
            for k in range(first, last):
                errors_out[uint64(indices[k])] -= step * float64(data[k])


# ---- launchers ------------------------------------------------------------------------------------------
class ColumnSweeps(Sweeps):
    """Coefficients, the errors that they leave, and the columns that still take part.

    Parameters
    ----------
    squares : float64 array of shape (n_features,)
        Of the columns, each row times its cost.
    target : float64 array of shape (n_samples,)
        Labels, -1 and 1.
    cost : float64 array of shape (n_samples,)
        What the loss of each row is multiplied by; those of 0 have no part.
    tol : float
        For the sum of violations, as a part of the first sweep's.
    max_iter, seed : int
        See `Sweeps`.
    """

    def __init__(self, squares, target, cost, tol, max_iter, seed):
        super().__init__(len(squares), tol, True, max_iter, seed, patience=1 / len(target))
        self.cost, self.errors = target * cost, np.array(target)
        self.coefficients = np.zeros((2, len(squares)))
        self.coefficients[SQUARES] = squares

    weights = property(lambda self: self.coefficients[WEIGHT])


def sweep_columns(columns, sweeps):
    """Minimise along coefficients, in random order, for some 10 ms or to the end.

    Parameters
    ----------
    columns : tuple of array
        ``(C,)`` of shape (n_features, n_samples), or the CSC arrays ``(data, indices, indptr)``, of which
        `indices` are int32 and `indptr` int64.
    sweeps : ColumnSweeps
        Brought up to date.
    """
    sweep = sweep_csc if len(columns) == 3 else sweep_dense
    count = at_a_time(columns, len(sweeps.order))
    sweep(*columns, sweeps.cost, sweeps.order, sweeps.errors, sweeps.coefficients, sweeps.state, count)


def column_squares(columns, cost):
    """Sum the squares of each column, weighed by row.

    Parameters
    ----------
    columns : tuple of array
        As for `sweep_columns`.
    cost : float64 array of shape (n_samples,)
        The weights of the rows.

    Returns
    -------
    squares : float64 array of shape (n_features,)
        The sums.
    """
    if len(columns) == 1:
        return np.einsum("ji,ji,i->j", columns[0], columns[0], cost)
    data, indices, indptr = columns
    which = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    return np.bincount(which, np.square(data, dtype=np.float64) * cost[indices], len(indptr) - 1)
