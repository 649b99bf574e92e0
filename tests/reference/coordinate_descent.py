"""Coordinate descent, naively: one feature after the other, all residuals anew for each."""

import numpy as np


def sweep(X, Y, coef, active, *, l1, l2, positive=False):
    """Move each active feature's coefficients to their best values; return the largest move.

    ``X`` is (n_samples, n_features), ``Y`` (n_tasks, n_samples), ``coef`` (n_tasks, n_features), changed in
    place.
    """
    largest = 0.0
    for j in active:
        x, before = X[:, j], coef[:, j].copy()
        coef[:, j] = 0
        target = (Y - coef @ X.T) @ x
        norm = np.linalg.norm(target)
        if x @ x > 0 and norm > l1 and not (positive and target[0] < 0):
            coef[:, j] = target * (norm - l1) / norm / (x @ x + l2)
        largest = max(largest, np.abs(coef[:, j] - before).max())
    return largest


def choose_active(coef, slopes, squares, *, l1, l2, positive=False, nearly=0.9):
    """Features that are not at zero, or nearly should not be."""
    norms = _norms(slopes - l2 * coef, positive)
    return np.flatnonzero(coef.any(axis=0) | ((norms > nearly * l1) & (squares > 0)))


def _norms(slopes, positive):
    return slopes[0] if positive else np.linalg.norm(slopes, axis=0)


def objective(X, Y, coef, *, l1, l2):
    """What is minimised."""
    rest = Y - coef @ X.T
    return (
        0.5 * np.square(rest).sum()
        + l1 * np.linalg.norm(coef, axis=0).sum()
        + 0.5 * l2 * np.square(coef).sum()
    )


def duality_gap(X, Y, coef, *, l1, l2, positive=False):
    """How far the objective is, at most, above its minimum; the penalty on squares as more samples.

    Without an L1 penalty there are no bounds on the dual of these samples but of the others; with no penalty
    at all it is the squared norm of the gradient.
    """
    n_features = X.shape[1]
    if l1 == 0:
        slopes = (Y - coef @ X.T) @ X
        if l2 == 0:
            return np.square(slopes).sum()
        dual = Y - coef @ X.T
        value = (dual * Y).sum() - 0.5 * np.square(dual).sum() - 0.5 / l2 * np.square(slopes).sum()
        return objective(X, Y, coef, l1=l1, l2=l2) - value
    X = np.vstack([X, np.sqrt(l2) * np.eye(n_features)])
    Y = np.hstack([Y, np.zeros((len(Y), n_features))])
    rest = Y - coef @ X.T
    dual = rest * (l1 / max(l1, _norms(rest @ X, positive).max()))
    primal = 0.5 * np.square(rest).sum() + l1 * np.linalg.norm(coef, axis=0).sum()
    return primal - (dual * Y).sum() + 0.5 * np.square(dual).sum()
