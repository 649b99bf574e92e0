"""The dual of linear support vector machines, by its definition."""

import numpy as np

__all__ = ["dual_objective", "primal_objective", "row_squares", "sweep_dual"]


def row_squares(X):
    return (X.astype(float) ** 2).sum(axis=1)


def primal_objective(X, target, cost, weights, bias, epsilon, squared):
    """What is minimised; the last weight is that of the constant feature."""
    missed = target - X @ weights[:-1] - bias * weights[-1]
    loss = np.maximum(0, target * missed if epsilon is None else np.abs(missed) - epsilon)
    return weights @ weights / 2 + cost @ (loss**2 if squared else loss)


def dual_objective(X, target, cost, dual, bias, epsilon, squared):
    """What is never more than the primal objective, and equal to it at the optimum."""
    weights = np.append(dual @ X, bias * dual.sum())
    ridge = (dual[cost > 0] ** 2 / (4 * cost[cost > 0])).sum() if squared else 0.0
    return target @ dual - (epsilon or 0.0) * np.abs(dual).sum() - weights @ weights / 2 - ridge


def sweep_dual(X, target, cost, bias, epsilon, squared, orders):
    """Minimise along dual variables in given orders; return them."""
    rows = np.column_stack([X.astype(float), np.full(len(X), bias)])
    dual, weights = np.zeros(len(X)), np.zeros(rows.shape[1])
    for order in orders:
        for i in order:
            if cost[i] == 0:
                continue
            ridge, high = (0.5 / cost[i], np.inf) if squared else (0.0, cost[i])
            low = -high if epsilon is not None or target[i] < 0 else 0.0
            high = high if epsilon is not None or target[i] > 0 else 0.0
            curvature = rows[i] @ rows[i] + ridge
            # Where the slope without the absolute value is zero, and that value's part of the way to zero
            best = dual[i] - (rows[i] @ weights + ridge * dual[i] - target[i]) / curvature
            best = np.sign(best) * max(0.0, abs(best) - (epsilon or 0.0) / curvature)
            best = min(max(best, low), high)
            weights += (best - dual[i]) * rows[i]
            dual[i] = best
    return dual
