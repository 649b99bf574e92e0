"""Losses of linear models, on CUDA: the twins of `fastml.kernels.cpu.linear_loss`.

cuBLAS makes the margins and the gradients of blocks of rows, CuPy what little lies between.
"""

import numpy as np

from .._cuda import cp
from .._linear import HUBER, MULTINOMIAL, Formula

__all__ = ["Formula", "hessian", "hessian_product", "loss_gradient"]

ROWS = 1 << 16  # whose sums are made in the data's dtype


def loss_gradient(formula, X, y, sample_weight, coefficients, gradient_out, curvature_out=None):
    """See the CPU twin."""
    W = coefficients.astype(X.dtype)
    sums = cp.zeros(2, np.float64)
    gradient_out[:] = 0
    for rows in _blocks(X):
        slopes = X[rows] @ W[:-1] + W[-1]
        if formula.loss == MULTINOMIAL:
            losses, of_scale, curvature = _softmax_losses(slopes, y[rows])
        else:
            losses, of_scale, curvature = _point_losses(formula, slopes, y[rows, None])
        if sample_weight is not None:
            weight = sample_weight[rows, None]
            for values in (losses, of_scale, slopes):
                values *= weight
            if formula.loss != MULTINOMIAL:
                curvature *= weight
        if curvature_out is not None:
            curvature_out[rows] = curvature
        sums += cp.stack([losses.sum(dtype=np.float64), of_scale.sum(dtype=np.float64)])
        _add_products(X[rows], slopes, gradient_out)
    total, by_scale = sums.get().tolist()
    return total, by_scale


def _softmax_losses(margins, y):
    """Losses and probabilities; the derivatives take the place of the margins."""
    margins -= margins.max(axis=1, keepdims=True)
    own = (cp.arange(len(margins)), y.astype(np.int64))
    losses = -margins[own][:, None]
    losses += cp.log(exponentiate(margins))
    shares = margins.copy()
    margins[own] -= 1
    return losses, cp.zeros_like(losses), shares


def exponentiate(margins):
    """Put probabilities in the place of margins of which the largest is zero; return their divisors."""
    cp.exp(margins, out=margins)
    totals = margins.sum(axis=1, keepdims=True)
    margins /= totals
    return totals


def _point_losses(formula, margins, y):
    """Losses, their derivatives by the scale, second derivatives; the first take the margins' place."""
    if formula.loss == HUBER:
        epsilon, scale = (margins.dtype.type(term) for term in formula.terms[1:])
        error = margins - y
        outlier = abs(error) > epsilon * scale
        z = error / scale
        margins[:] = cp.where(outlier, 2 * epsilon * cp.sign(error), 2 * z)
        losses = cp.where(outlier, 2 * epsilon * abs(error) - scale * epsilon * epsilon, z * error)
        return losses, cp.where(outlier, -epsilon * epsilon, -z * z), cp.where(outlier, 0, 2 / scale)
    e = cp.exp(-abs(margins))
    positive = margins >= 0
    p, q = cp.where(positive, 1, e) / (1 + e), cp.where(positive, e, 1) / (1 + e)
    losses = cp.log1p(e) + cp.maximum(margins, 0) - y * margins
    # 1 - p would lose the digits of a p that is nearly 1.
    margins[:] = (1 - y) * p - y * q
    return losses, cp.zeros_like(losses), p * q


def hessian_product(formula, X, sample_weight, curvature, coefficients, product_out):
    """See the CPU twin."""
    V = coefficients.astype(X.dtype)
    product_out[:] = 0
    for rows in _blocks(X):
        slopes, shares = X[rows] @ V[:-1] + V[-1], curvature[rows]
        if formula.loss == MULTINOMIAL:
            slopes -= (shares * slopes).sum(axis=1, keepdims=True)
            if sample_weight is not None:
                slopes *= sample_weight[rows, None]
        _add_products(X[rows], shares * slopes, product_out)


def hessian(formula, X, sample_weight, curvature):
    """See the CPU twin."""
    n_outputs = curvature.shape[1]
    size = (X.shape[1] + 1) * n_outputs
    total = cp.zeros((size, size), np.float64)
    for rows in _blocks(X, n_outputs):
        part = cp.empty((X[rows].shape[0], X.shape[1] + 1), X.dtype)
        part[:, :-1], part[:, -1] = X[rows], 1
        shares = curvature[rows]
        if formula.loss != MULTINOMIAL:
            part *= cp.sqrt(shares)
            total += part.T @ part
            continue
        if sample_weight is not None:
            part *= cp.sqrt(sample_weight[rows, None])
        both = (part[:, :, None] * shares[:, None, :]).reshape(len(part), size)
        total -= both.T @ both
        for k in range(n_outputs):
            own = part * cp.sqrt(shares[:, k : k + 1])
            total[k::n_outputs, k::n_outputs] += own.T @ own
    return total


def _blocks(X, n_outputs=1):
    """Slices of rows; the fewer rows the more outputs each has."""
    step = max(1, ROWS // n_outputs)
    return [slice(first, first + step) for first in range(0, X.shape[0], step)]


def _add_products(X, slopes, sums_out):
    """Add X.T @ slopes, and the sums of the slopes for the intercepts."""
    sums_out[:-1] += X.T @ slopes
    sums_out[-1] += slopes.sum(axis=0, dtype=np.float64)
