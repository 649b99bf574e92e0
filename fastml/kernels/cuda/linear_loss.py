"""Losses of linear models, on CUDA: the twins of `fastml.kernels.cpu.linear_loss`.

cuBLAS makes the margins and the gradients of blocks of rows; one kernel does what lies between.
"""

import math

import numpy as np

from .._cuda import BLOCK, T, blocks_for, cp, cuda, cuda_kernel, float64, helper, int64, u32
from .._linear import GAMMA, HUBER, MULTINOMIAL, POISSON, Formula
from ._products import sum_products
from ._reduce import block_sum
from .columns import column_moments
from .losses import gamma_terms, log_odds_terms, poisson_terms, weight_of

__all__ = ["Formula", "hessian", "hessian_product", "loss_gradient"]

MARGINS = 1 << 24  # that are there at a time
ROWS = 1 << 16  # whose Hessian is summed in the data's dtype
SUMS = 3  # of a block of rows: losses, their derivatives by the scale, and by the intercept


# ---- kernels --------------------------------------------------------------------------------------------
@helper
def huber_terms(error, epsilon, scale):
    """The Huber loss; its derivatives by the error and by the scale, and the second by the error."""
    if abs(error) > epsilon * scale:
        slope = float64(2) * epsilon if error > float64(0) else float64(-2) * epsilon
        return slope * error - scale * epsilon * epsilon, slope, -epsilon * epsilon, float64(0)
    z = error / scale
    return z * error, float64(2) * z, -z * z, float64(2) / scale


@cuda_kernel
def bend_margins(
    y: T[:],  # IN  (n_samples,)
    weight: T[:],  # IN  (n_samples,) or (0,) for ones
    coefficients: T[:, :],  # IN  (n_features + 1, 1)
    loss: int64,
    epsilon: float64,
    scale: float64,
    slopes: T[:, :],  # INOUT (n_samples, 1) margins without the intercept; derivatives
    curvature_out: T[:, :],  # OUT (n_samples, 1) or (0, 1) if they are not wanted
    sums_out: float64[:, :],  # OUT (n_blocks, SUMS)
):
    """A thread for each row: its loss and derivatives in float64, the sums over the block."""
    values = cuda.shared.array(BLOCK, float64)
    i = u32(cuda.blockIdx.x) * u32(BLOCK) + u32(cuda.threadIdx.x)
    value = float64(0)
    first = float64(0)
    by_scale = float64(0)
    if i < u32(y.shape[0]):
        w = float64(weight_of(weight, i))
        margin = float64(slopes[i, u32(0)] + coefficients[u32(coefficients.shape[0] - 1), u32(0)])
        if loss == int64(HUBER):
            value, first, by_scale, second = huber_terms(margin - float64(y[i]), epsilon, scale)
        elif loss == int64(POISSON):
            value, first, second = poisson_terms(float64(y[i]), margin)
        elif loss == int64(GAMMA):
            value, first, second = gamma_terms(float64(y[i]), margin)
        else:
            value, first, second = log_odds_terms(float64(y[i]), margin)
        value *= w
        first *= w
        by_scale *= w
        slopes[i, u32(0)] = T(first)
        if curvature_out.shape[0] > 0:
            curvature_out[i, u32(0)] = T(w * second)
    value = block_sum(value, values)
    by_scale = block_sum(by_scale, values)
    first = block_sum(first, values)
    if cuda.threadIdx.x == 0:
        sums_out[cuda.blockIdx.x, u32(0)] = value
        sums_out[cuda.blockIdx.x, u32(1)] = by_scale
        sums_out[cuda.blockIdx.x, u32(2)] = first


@cuda_kernel
def share_margins(
    y: T[:],  # IN  (n_samples,) the class
    weight: T[:],  # IN  (n_samples,) or (0,) for ones
    coefficients: T[:, :],  # IN  (n_features + 1, n_classes)
    slopes: T[:, :],  # INOUT (n_samples, n_classes) margins without the intercepts; derivatives
    shares_out: T[:, :],  # OUT (n_samples, n_classes) or (0, n_classes) if they are not wanted
    sums_out: float64[:, :],  # OUT (n_blocks, SUMS) the losses first
):
    """A thread for each row: its classes' probabilities in float64, its loss, the derivatives."""
    values = cuda.shared.array(BLOCK, float64)
    i = u32(cuda.blockIdx.x) * u32(BLOCK) + u32(cuda.threadIdx.x)
    value = float64(0)
    if i < u32(y.shape[0]):
        w = float64(weight_of(weight, i))
        label = u32(y[i])
        n_classes = u32(slopes.shape[1])
        last = u32(coefficients.shape[0] - 1)
        largest = float64(-np.inf)
        for k in range(n_classes):
            slopes[i, u32(k)] += coefficients[last, u32(k)]
            largest = max(largest, float64(slopes[i, u32(k)]))
        total = float64(0)
        for k in range(n_classes):
            total += math.exp(float64(slopes[i, u32(k)]) - largest)
        value = w * (math.log(total) + largest - float64(slopes[i, label]))
        for k in range(n_classes):
            share = math.exp(float64(slopes[i, u32(k)]) - largest) / total
            if shares_out.shape[0] > 0:
                shares_out[i, u32(k)] = T(share)
            target = float64(1) if u32(k) == label else float64(0)
            slopes[i, u32(k)] = T(w * (share - target))
    value = block_sum(value, values)
    if cuda.threadIdx.x == 0:
        sums_out[cuda.blockIdx.x, u32(0)] = value


# ---- launchers ------------------------------------------------------------------------------------------
def loss_gradient(formula, X, y, sample_weight, coefficients, gradient_out, curvature_out=None):
    """See the CPU twin."""
    W = coefficients.astype(X.dtype)
    weight = cp.empty(0, X.dtype) if sample_weight is None else sample_weight
    curvature = cp.empty((0, W.shape[1]), X.dtype) if curvature_out is None else curvature_out
    gradient_out[:] = 0
    totals = cp.zeros(SUMS, np.float64)
    for rows in _blocks(X, W.shape[1], MARGINS):
        slopes = X[rows] @ W[:-1]
        sums = cp.zeros((blocks_for(len(slopes)), SUMS), np.float64)
        given = y[rows], weight[rows], W
        if formula.loss == MULTINOMIAL:
            share_margins[(len(sums),), (BLOCK,)](*given, slopes, curvature[rows], sums)
            gradient_out[-1] += _column_sums(slopes)
        else:
            terms = formula.loss, *formula.terms[1:]
            bend_margins[(len(sums),), (BLOCK,)](*given, *terms, slopes, curvature[rows], sums)
        gradient_out[:-1] += sum_products(X[rows], slopes)
        totals += sums.sum(axis=0)
    total, by_scale, of_intercept = totals.get().tolist()
    if formula.loss != MULTINOMIAL:
        gradient_out[-1] = of_intercept
    return total, by_scale


def hessian_product(formula, X, sample_weight, curvature, coefficients, product_out):
    """See the CPU twin."""
    V = coefficients.astype(X.dtype)
    product_out[:] = 0
    for rows in _blocks(X, V.shape[1], MARGINS):
        slopes, shares = X[rows] @ V[:-1] + V[-1], curvature[rows]
        if formula.loss == MULTINOMIAL:
            slopes -= (shares * slopes).sum(axis=1, keepdims=True)
            if sample_weight is not None:
                slopes *= sample_weight[rows, None]
        slopes *= shares
        product_out[:-1] += sum_products(X[rows], slopes)
        product_out[-1] += _column_sums(slopes)


def hessian(formula, X, sample_weight, curvature):
    """See the CPU twin."""
    n_outputs = curvature.shape[1]
    size = (X.shape[1] + 1) * n_outputs
    total = cp.zeros((size, size), np.float64)
    for rows in _blocks(X, n_outputs, ROWS):
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


def _column_sums(slopes):
    """In two launches, where CuPy's sums over rows leave most of a GPU idle."""
    counts, means, _ = column_moments(slopes)
    return counts * means


def _blocks(X, n_outputs, most):
    """Slices of rows; the fewer rows the more outputs each has."""
    step = max(1, most // n_outputs)
    return [slice(first, first + step) for first in range(0, X.shape[0], step)]
