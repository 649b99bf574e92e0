"""Scores of fitted linear models, on CUDA: the twins of `fastml.kernels.cpu.linear_scores`.

cuBLAS makes the margins, CuPy what follows.
"""

from .._cuda import cp

__all__ = ["best_classes", "margins", "probabilities", "shares"]


def margins(X, coef, intercept):
    """See the CPU twin."""
    found = X @ coef.T + intercept
    return found, bool(cp.isfinite(found).all())


def probabilities(X, coef, intercept):
    """See the CPU twin."""
    found, all_finite = margins(X, coef, intercept)
    return shares(found), all_finite


def best_classes(X, coef, intercept):
    """See the CPU twin."""
    found, all_finite = margins(X, coef, intercept)
    return found.argmax(axis=1) if len(coef) > 1 else (found[:, 0] > 0).astype(cp.intp), all_finite


def shares(margins):
    """See the CPU twin."""
    if margins.shape[1] == 1:
        margins = cp.concatenate([cp.zeros_like(margins), margins], axis=1)
    margins = margins - margins.max(axis=1, keepdims=True)
    cp.exp(margins, out=margins)
    margins /= margins.sum(axis=1, keepdims=True)
    return margins
