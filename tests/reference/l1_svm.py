"""Linear classification with an L1 penalty, by its definition."""

import numpy as np

__all__ = ["column_squares", "objective", "slope", "sweep_columns"]


def column_squares(X, cost):
    return cost @ (X.astype(float) ** 2)


def objective(X, target, cost, weights):
    return np.abs(weights).sum() + cost @ np.maximum(0, 1 - target * (X @ weights)) ** 2


def slope(X, target, cost, weights):
    """The gradient of the losses."""
    return -2 * (cost * target * np.maximum(0, 1 - target * (X @ weights))) @ X


def sweep_columns(X, target, cost, order, weights):
    """Minimise along coefficients in an order, each exactly, by bisection of the slope."""
    weights = weights.copy()
    for j in order:

        def rise(value, j=j):
            moved = weights.copy()
            moved[j] = value
            return slope(X, target, cost, moved)[j]

        low, high = -1e6, 1e6
        if abs(rise(0.0)) <= 1:
            weights[j] = 0.0
            continue
        sign = -np.sign(rise(0.0))
        low, high = (0.0, high) if sign > 0 else (low, 0.0)
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (middle, high) if rise(middle) + sign < 0 else (low, middle)
        weights[j] = (low + high) / 2
    return weights
