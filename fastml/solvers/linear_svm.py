"""Linear support vector machines: Newton's method on coefficients, sweeps of coordinate descent.

Each solver is a generator that yields after each iteration, to be run by `run_side_by_side`, and returns
coefficients, that of the constant feature last, and the number of iterations.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .._device import CPU

__all__ = [
    "DUAL",
    "L1",
    "MOST_FACTORISED",
    "NEWTON",
    "Plan",
    "Task",
    "solve_by_newton",
    "solve_dual",
    "solve_l1",
]

NEWTON, DUAL, L1 = "newton", "dual", "l1"

MOST_FACTORISED = 1024  # features; with more, Newton's equation is solved by conjugate gradients
FEW_FEATURES, FEW_PRODUCTS = 128, 1 << 24  # up to here, Newton's equation is not worth BLAS and LAPACK
BLOCK = 1 << 18  # values of rows that are weighed at a time
MOST_DIRECTIONS = 10  # times the number of features; without rounding errors one time is enough
FORCING = 0.1  # conjugate gradients stop at this part of the gradient
SMALLEST_DECREASE = 1e-15  # of the objective, relatively: rounding errors of its sum


class Plan(NamedTuple):
    """What all problems have in common.

    Attributes
    ----------
    tol : float
        As in LIBLINEAR: for the range of violations in classification by the dual; elsewhere for the norm of
        the gradient or the sum of violations, as a part of the first one.
    max_iter : int
        Most iterations.
    bias : float
        Value of a constant feature; 0 for none.
    epsilon : float or None
        Errors of regression that cost nothing; None for classification.
    squared : bool
        Whether losses are squared.
    say : callable or None
        Called with a line for each iteration.
    """

    tol: float
    max_iter: int
    bias: float
    epsilon: float | None
    squared: bool
    say: Callable | None = None


class Task(NamedTuple):
    """One problem.

    Attributes
    ----------
    target : float64 array of shape (n_samples,)
        Labels, -1 and 1, or numbers.
    cost : float64 array of shape (n_samples,)
        What each loss is multiplied by.
    seed : int
        Of the orders of coordinates.
    """

    target: np.ndarray
    cost: np.ndarray
    seed: int


# ---- coordinate descent ---------------------------------------------------------------------------------
def solve_dual(device, rows, squares, n_features, task, plan):
    """Minimise the dual objective, one variable after the other.

    Parameters
    ----------
    device : Device
        Where the rows are.
    rows : tuple of array
        See ``kernels.cpu.dual_coordinate_descent.sweep_dual``.
    squares : float64 array of shape (n_samples,)
        Of the rows' lengths.
    n_features : int
        The number of features.
    task : Task
        The problem.
    plan : Plan
        How.

    Yields
    ------
    None
        After some sweeps, or a part of one.

    Returns
    -------
    weights : float64 array of shape (n_features + 1,)
        The coefficients.
    n_iter : int
        The number of sweeps.
    """
    kernels = device.kernels.dual_coordinate_descent
    sweeps = kernels.DualSweeps(
        squares, task.target, task.cost, n_features, plan.bias, plan.epsilon, plan.squared, plan.tol,
        plan.max_iter, task.seed,
    )  # fmt: skip
    return (yield from _sweep(kernels.sweep_dual, rows, sweeps, plan))


def solve_l1(device, columns, task, plan):
    """Minimise the objective with an L1 penalty, one coefficient after the other.

    Parameters
    ----------
    device : Device
        Where the columns are.
    columns : tuple of array
        See ``kernels.cpu.l1_svm.sweep_columns``.
    task : Task
        The problem.
    plan : Plan
        How.

    Yields
    ------
    None
        After some sweeps, or a part of one.

    Returns
    -------
    weights : float64 array of shape (n_features,)
        The coefficients.
    n_iter : int
        The number of sweeps.
    """
    kernels = device.kernels.l1_svm
    squares, tol = kernels.column_squares(columns, task.cost), plan.tol * _rarer_share(task.target)
    sweeps = kernels.ColumnSweeps(squares, task.target, task.cost, tol, plan.max_iter, task.seed)
    return (yield from _sweep(kernels.sweep_columns, columns, sweeps, plan))


def _sweep(sweep, lines, sweeps, plan):
    """Sweep until all coordinates are good at once, those that rested too."""
    while not sweeps.done:
        sweep(lines, sweeps)
        if plan.say:
            plan.say(f"iteration {sweeps.n_iter}: sum of violations {sweeps.violation_sum:.3e}")
        yield
    return sweeps.weights, sweeps.n_iter


def _rarer_share(target):
    """The share of the rarer label, by which LIBLINEAR multiplies tolerances."""
    n_positive = int(np.count_nonzero(target > 0))
    return max(min(n_positive, len(target) - n_positive), 1) / len(target)


# ---- Newton's method ------------------------------------------------------------------------------------
def solve_by_newton(X, task, plan):
    """Minimise ``|w|^2 / 2`` plus the sum of squared losses, which has a second derivative almost everywhere.

    Parameters
    ----------
    X : float64 array or sparse matrix of shape (n_samples, n_features)
        The rows.
    task : Task
        The problem.
    plan : Plan
        How.

    Yields
    ------
    None
        After each step.

    Returns
    -------
    weights : float64 array of shape (n_features + 1,)
        The coefficients.
    n_iter : int
        The number of steps.

    References
    ----------
    Mangasarian, O. L. (2002). A finite Newton method for classification. Optimization Methods and Software
    17.

    Keerthi, S. S., DeCoste, D. (2005). A modified finite Newton method for fast solution of large scale
    linear SVMs. Journal of Machine Learning Research 6.
    """
    objective = _Squared(X, task, plan)
    tol = plan.tol if plan.epsilon is not None else plan.tol * _rarer_share(task.target)
    weights = np.zeros(X.shape[1] + 1)
    predicted = np.zeros(X.shape[0])
    value, gradient, weighed = objective.look(weights, predicted)
    first = np.linalg.norm(gradient)
    n_iter = 0
    while n_iter < plan.max_iter and np.linalg.norm(gradient) > tol * first:
        direction = objective.newton_direction(weighed, gradient)
        change = objective.predict(direction)
        length = objective.good_length(weights, gradient, direction, predicted, change)
        n_iter += 1
        weights = weights + length * direction
        predicted = predicted + length * change
        before = value
        value, gradient, weighed = objective.look(weights, predicted)
        if plan.say:
            plan.say(f"iteration {n_iter}: objective {value:.6e}, gradient {np.linalg.norm(gradient):.3e}")
        if before - value <= SMALLEST_DECREASE * abs(before):
            break
        yield
    return weights, n_iter


class _Squared(NamedTuple):
    """The objective of `solve_by_newton`."""

    X: Any
    task: Task
    plan: Plan

    def predict(self, weights):
        return self.X @ weights[:-1] + self.plan.bias * weights[-1]

    def look(self, weights, predicted):
        """The value, the gradient and the errors, times their costs."""
        loss, weighed = CPU.kernels.linear_svm.weigh_errors(*self.task[:2], predicted, self.plan.epsilon)
        return 0.5 * weights @ weights + loss, weights - 2 * self.pull(weighed), weighed

    def pull(self, weighed):
        """The sum of the rows, each multiplied by a number."""
        return np.append(self.X.T @ weighed, self.plan.bias * weighed.sum())

    def newton_direction(self, weighed, gradient):
        active = np.flatnonzero(weighed)
        if hasattr(self.X, "tocsr") or len(gradient) > MOST_FACTORISED:
            return self.direction_by_conjugate_gradients(active, gradient)
        if len(gradient) <= FEW_FEATURES and len(active) * len(gradient) ** 2 <= FEW_PRODUCTS:
            weight = 2 * self.task.cost[active]
            return CPU.kernels.linear_svm.solve_newton(self.X, self.plan.bias, active, weight, gradient)
        hessian = self.hessian(active)
        # Features of different scales, made alike
        scale = 1 / np.sqrt(hessian.diagonal())
        return -scale * np.linalg.solve(scale[:, None] * hessian * scale, scale * gradient)

    def hessian(self, active):
        n = self.X.shape[1]
        total = np.zeros((n + 1, n + 1))
        rows = max(BLOCK // n, 1)
        for start in range(0, len(active), rows):
            some = active[start : start + rows]
            weighed = np.empty((len(some), n + 1))
            np.take(self.X, some, axis=0, out=weighed[:, :n])
            weighed[:, n] = self.plan.bias
            weighed *= np.sqrt(2 * self.task.cost[some])[:, None]
            total += weighed.T @ weighed
        total.flat[:: n + 2] += 1
        return total

    def direction_by_conjugate_gradients(self, active, gradient):
        X, bias, weight = self.X[active], self.plan.bias, 2 * self.task.cost[active]

        def multiply(v):
            weighed = weight * (X @ v[:-1] + bias * v[-1])
            return v + np.append(X.T @ weighed, bias * weighed.sum())

        squares = X.multiply(X) if hasattr(X, "multiply") else X * X
        diagonal = 1 + np.append(squares.T @ weight, bias * bias * weight.sum())
        return _conjugate_gradients(multiply, -gradient, diagonal)

    def good_length(self, weights, gradient, direction, predicted, change):
        """The length of a step."""
        return CPU.kernels.linear_svm.good_length(
            *self.task[:2], predicted, change, self.plan.epsilon,
            weights @ direction, direction @ direction, gradient @ direction,
        )  # fmt: skip


def _conjugate_gradients(multiply, right, diagonal):
    """Solve ``multiply(x) = right`` roughly, after each variable was scaled by its place in the diagonal."""
    x, residual = np.zeros_like(right), right
    scaled = residual / diagonal
    direction = scaled
    size = residual @ scaled
    enough = FORCING * np.linalg.norm(right)
    for _ in range(MOST_DIRECTIONS * len(right)):
        if np.linalg.norm(residual) <= enough:
            break
        product = multiply(direction)
        length = size / (direction @ product)
        x = x + length * direction
        residual = residual - length * product
        scaled = residual / diagonal
        size, before = residual @ scaled, size
        direction = scaled + size / before * direction
    return x
