"""Scores of linear models by their definitions, in float64."""

import numpy as np


def margins(X, coef, intercept):
    """Products with the coefficients, and the intercepts."""
    return X.astype(np.float64) @ coef.astype(np.float64).T + intercept


def shares(margins):
    """Probabilities of margins, of one output those of both classes."""
    margins = margins.astype(np.float64)
    if margins.shape[1] == 1:
        margins = np.hstack([np.zeros_like(margins), margins])
    e = np.exp(margins - margins.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def best_classes(margins):
    """The first class with the largest margin; of one output whether it is positive."""
    return (margins[:, 0] > 0).astype(int) if margins.shape[1] == 1 else margins.argmax(axis=1)
