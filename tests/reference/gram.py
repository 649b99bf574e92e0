"""Products of centred features, naively."""

import numpy as np


def centred(X, means, roots):
    """All features, centred and multiplied by the roots of the weights, as float64."""
    roots = np.ones(len(X)) if roots is None else roots
    return (np.asarray(X, np.float64) - means) * roots[:, None]


def centred_gram(X, Y, means, roots):
    """Products of the features with each other and with targets."""
    Z = centred(X, means, roots)
    return Z.T @ Z, Y.T @ Z


def centred_columns(X, features, means, roots):
    """Some of the features, a row each."""
    return centred(X, means, roots)[:, features].T


def centred_slopes(X, means, residual):
    """Products of residuals with features."""
    return residual @ centred(X, means, None)


def sparse_slopes(X, shifts, residual):
    """Products of residuals with features; the last residual is multiplied by the shifts."""
    return residual[:, :-1] @ X + residual[:, -1:] * shifts
