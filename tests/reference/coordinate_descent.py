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
    """Features that are not at zero, or nearly should not be; and the sums for the duality gap."""
    steep = slopes - l2 * coef
    norms = steep[0] if positive else np.linalg.norm(steep, axis=0)
    active = np.flatnonzero(coef.any(axis=0) | ((norms > nearly * l1) & (squares > 0)))
    sums = [
        norms.max(),
        np.linalg.norm(coef, axis=0).sum(),
        np.square(coef).sum(),
        np.square(slopes).sum(),
    ]
    return active, np.array(sums)


def objective(X, Y, coef, *, l1, l2):
    """What is minimised."""
    rest = Y - coef @ X.T
    return (
        0.5 * np.square(rest).sum()
        + l1 * np.linalg.norm(coef, axis=0).sum()
        + 0.5 * l2 * np.square(coef).sum()
    )


def duality_gap(X, Y, coef, *, l1, l2):
    """How far the objective is, at most, above its minimum; the penalty on squares as more samples."""
    n_features = X.shape[1]
    X = np.vstack([X, np.sqrt(l2) * np.eye(n_features)])
    Y = np.hstack([Y, np.zeros((len(Y), n_features))])
    rest = Y - coef @ X.T
    dual = rest * min(1.0, l1 / np.linalg.norm(rest @ X, axis=0).max())
    primal = 0.5 * np.square(rest).sum() + l1 * np.linalg.norm(coef, axis=0).sum()
    return primal - (dual * Y).sum() + 0.5 * np.square(dual).sum()
