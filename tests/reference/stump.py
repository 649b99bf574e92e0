"""Stumps by their definition: all splits are tried."""

import numpy as np

__all__ = ["grow_stump", "order_rows"]


def order_rows(X):
    return np.argsort(X, axis=0, kind="stable").T


def _gini(y, weight, n_classes):
    shares = np.bincount(y.astype(int), weight, n_classes) / weight.sum()
    return 1 - (shares**2).sum()


def grow_stump(X, y, weight, n_classes, limits):
    """Return how much the best split lowers the weighed impurity; -inf where there is none."""
    best = -np.inf
    for column in X.astype(np.float32).T:
        for value in np.unique(column)[:-1]:
            left = column <= value
            sides = [(y[side], weight[side]) for side in (left, ~left)]
            if min(len(labels) for labels, _ in sides) < limits.min_samples_leaf:
                continue
            if min(own.sum() for _, own in sides) < limits.min_weight_leaf:
                continue
            after = sum(own.sum() * _gini(labels, own, n_classes) for labels, own in sides)
            best = max(best, weight.sum() * _gini(y, weight, n_classes) - after)
    return best
