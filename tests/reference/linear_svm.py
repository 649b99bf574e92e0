"""Newton's method for linear support vector machines with squared losses, naively."""

import numpy as np


def errors(target, predicted, epsilon):
    """By how much targets are missed."""
    error = target - predicted
    if epsilon is None:
        return np.where(target * error > 0, error, 0.0)
    return error - np.clip(error, -epsilon, epsilon)


def weigh_errors(target, cost, predicted, epsilon):
    """The sum of the squared losses, and the errors times their costs."""
    error = errors(target, predicted, epsilon)
    return (cost * error**2).sum(), cost * error


def slope(target, cost, predicted, change, epsilon, along, square, length):
    """Of the objective, at a length of the step."""
    error = errors(target, predicted + length * change, epsilon)
    return along + length * square - 2 * (cost * error * change).sum()


def solve_newton(X, bias, active, weight, gradient):
    """The step with the gradient's opposite as the right side."""
    rows = np.column_stack([X, np.full(len(X), bias)])[active]
    return -np.linalg.solve(np.eye(rows.shape[1]) + rows.T @ (weight[:, None] * rows), gradient)
