"""Losses of linear models, their gradients and their second derivatives, in blocks of rows.

Coefficients are float64 of shape (n_features + 1, n_outputs), the intercepts last. Rows are an array, or the
arrays of a CSR matrix (`Csr`).
"""

from contextlib import nullcontext

import numpy as np

from ... import _config
from ..._threads import for_each_block, one_blas_thread
from .._compile import TILE_ROWS, lanes
from .._linear import GAMMA, HUBER, MULTINOMIAL, POISSON, Formula
from ._csr_rows import Csr, csr_to_dense
from ._linear_passes import (
    ROWS,
    binomial_losses,
    huber_losses,
    log_link_losses,
    pass_binomial,
    pass_classes,
    pass_huber,
    pass_log_link,
    share_out,
    softmax_slopes,
    unpad_rows,
)
from ._linear_products import Coefficients, calls_blas

__all__ = ["Csr", "Formula", "hessian", "hessian_product", "loss_gradient"]

CACHED = 1 << 16  # values of X that stay in the second-level cache
MOST_PARTS = 64  # sums of blocks that are kept
MOST_HESSIANS = 8
LOG_LINK = {POISSON: 1.0, GAMMA: -1.0}  # the signs with which their kernels know them
STORED_FOR_A_SUM = 8  # values that a block of a CSR matrix holds, for each of its sums


# ---- launchers ------------------------------------------------------------------------------------------
def loss_gradient(formula, X, y, sample_weight, coefficients, gradient_out, curvature_out=None):
    """Compute the sum of the losses of a linear model, and its gradient.

    Parameters
    ----------
    formula : Formula
        Which loss. For "multinomial" there is an output for each class, otherwise one.
    X : array of shape (n_samples, n_features), or Csr
        The rows.
    y : array of shape (n_samples,)
        Targets, of X's dtype; 0 and 1 for "binomial", the class for "multinomial".
    sample_weight : array of shape (n_samples,) or None
        Weights, of X's dtype; None means ones.
    coefficients : float64 array of shape (n_features + 1, n_outputs)
        The last row are the intercepts. Margins are computed in X's dtype.
    gradient_out : float64 array of shape (n_features + 1, n_outputs)
        Receives the derivatives of the sum.
    curvature_out : array of shape (n_samples, n_outputs) or None, default=None
        Receives, in X's dtype, for "multinomial" the classes' probabilities, otherwise the second derivatives
        of the losses times the weights.

    Returns
    -------
    total : float
        The sum of weight times loss.
    by_scale : float
        Its derivative by the formula's scale.
    """
    weight = np.empty(0, X.dtype) if sample_weight is None else sample_weight
    curvature = np.empty(0, X.dtype) if curvature_out is None else curvature_out.reshape(-1)
    in_steps = isinstance(X, Csr) or calls_blas(X, coefficients.shape[1])
    make = _pass_in_steps if in_steps else _fused_pass
    task = make(formula, X, y, weight, coefficients.astype(X.dtype, copy=False), curvature)
    sums = _sum_in_parts(X, coefficients.shape[1], coefficients.size + 2, task)
    gradient_out[:] = sums[:-2].reshape(gradient_out.shape)
    return float(sums[-2]), float(sums[-1])


def _fused_pass(formula, X, y, weight, W, curvature):
    """What adds a block's losses and gradient in one kernel."""
    coefficients = Coefficients(W, X)
    w = coefficients.laid_out

    def classes(part, start, stop):
        chunk = min(stop - start, ROWS, max(16, CACHED // X.shape[1]))
        slopes = np.empty((chunk, coefficients.width), X.dtype)
        work = np.empty(max(chunk, TILE_ROWS * lanes(X.dtype)) + lanes(X.dtype), X.dtype)
        pass_classes(X, y, weight, w, curvature, slopes, work, part, start, stop)

    def task(part, start, stop):
        work = np.empty(ROWS, X.dtype)
        if formula.loss == HUBER:
            pass_huber(X, y, weight, w, formula.terms, curvature, work, part, start, stop)
        elif formula.loss in LOG_LINK:
            sign = LOG_LINK[formula.loss]
            part[-2] += pass_log_link(X, y, weight, w, sign, curvature, work, part, start, stop)
        else:
            part[-2] += pass_binomial(X, y, weight, w, curvature, work, part, start, stop)

    return classes if formula.loss == MULTINOMIAL else task


def _pass_in_steps(formula, X, y, weight, W, curvature):
    """What adds a block's losses and gradient by kernels for margins, losses and products."""
    n_outputs = W.shape[1]
    coefficients = Coefficients(W, X)

    def task(part, start, stop):
        for first, end in _chunks(X, start, stop):
            slopes = coefficients.margins(X, first, end)
            if formula.loss == MULTINOMIAL:
                work = np.empty(end - first + lanes(X.dtype), X.dtype)
                part[-2] += share_out(y, weight, slopes, work, n_outputs, first, end)
                if len(curvature):
                    unpad_rows(slopes, curvature, n_outputs, first, end)
                softmax_slopes(y, weight, slopes, first, end)
            elif formula.loss == HUBER:
                huber_losses(y, weight, formula.terms, slopes, curvature, part, first, end)
            elif formula.loss in LOG_LINK:
                sign = LOG_LINK[formula.loss]
                part[-2] += log_link_losses(y, weight, sign, slopes, curvature, first, end)
            else:
                part[-2] += binomial_losses(y, weight, slopes, curvature, first, end)
            coefficients.add_products(X, slopes, part, first, end)

    return task


def hessian_product(formula, X, sample_weight, curvature, coefficients, product_out):
    """Multiply the Hessian of the sum of losses and coefficients.

    Parameters
    ----------
    formula : Formula
        Which loss.
    X : array of shape (n_samples, n_features), or Csr
        The rows.
    sample_weight : array of shape (n_samples,) or None
        Weights, of X's dtype; None means ones.
    curvature : array of shape (n_samples, n_outputs)
        From `loss_gradient`.
    coefficients : float64 array of shape (n_features + 1, n_outputs)
        What the Hessian is multiplied by.
    product_out : float64 array of shape (n_features + 1, n_outputs)
        Receives the product.
    """
    n_outputs = coefficients.shape[1]
    V = Coefficients(coefficients.astype(X.dtype, copy=False), X)

    def task(part, start, stop):
        for first, end in _chunks(X, start, stop):
            slopes, shares = V.margins(X, first, end), curvature[first:end]
            inner = slopes.reshape(end - first, -1)[:, :n_outputs]
            if formula.loss == MULTINOMIAL:
                inner -= np.einsum("ik,ik->i", shares, inner)[:, None]
                if sample_weight is not None:
                    inner *= sample_weight[first:end, None]
            inner *= shares
            V.add_products(X, slopes, part, first, end)

    product_out[:] = _sum_in_parts(X, n_outputs, coefficients.size, task).reshape(product_out.shape)


def hessian(formula, X, sample_weight, curvature):
    """Compute the Hessian of the sum of losses.

    Parameters
    ----------
    formula : Formula
        Which loss.
    X : array of shape (n_samples, n_features), or Csr
        The rows.
    sample_weight : array of shape (n_samples,) or None
        Weights, of X's dtype; None means ones.
    curvature : array of shape (n_samples, n_outputs)
        From `loss_gradient`.

    Returns
    -------
    hessian : float64 array of shape (n_coefficients, n_coefficients)
        With the coefficients of shape (n_features + 1, n_outputs) in C order.
    """
    n, n_columns = X.shape[0], X.shape[1] + 1
    n_outputs = curvature.shape[1]
    size = n_columns * n_outputs
    in_memory = int(_config.current()["working_memory"] * 2**20) // (8 * size * size)
    n_parts = max(1, min(MOST_HESSIANS, in_memory, -(-n // ROWS)))
    parts = np.zeros((n_parts, size, size))
    chunk = max(16, min(ROWS, 4 * CACHED // size))

    def task(block, start, stop):
        part = parts[block]
        for first in range(start, stop, chunk):
            end = min(first + chunk, stop)
            shares = curvature[first:end]
            rows = _dense_rows(X, first, end)
            if formula.loss != MULTINOMIAL:
                rows *= np.sqrt(shares)
                part += rows.T @ rows
                continue
            if sample_weight is not None:
                rows *= np.sqrt(sample_weight[first:end, None])
            # X'(diag(p) - p p')X: products of two classes, and of each with itself
            both = (rows[:, :, None] * shares[:, None, :]).reshape(end - first, size)
            part -= both.T @ both
            for k in range(n_outputs):
                own = rows * np.sqrt(shares[:, k : k + 1])
                part[k::n_outputs, k::n_outputs] += own.T @ own

    with one_blas_thread():
        for_each_block(task, n, -(-n // n_parts), work=float(n) * size * size)
    return parts.sum(axis=0)


# ---- blocks ---------------------------------------------------------------------------------------------
def _sum_in_parts(X, n_outputs, size, task):
    """Sum what ``task(part, start, stop)`` adds for blocks of rows, which do not depend on the threads."""
    n = X.shape[0]
    if isinstance(X, Csr):
        n_parts, work = len(X.data) // (STORED_FOR_A_SUM * size), 8.0 * len(X.data) * n_outputs
    else:
        n_parts, work = -(-n // ROWS), 4.0 * n * X.shape[1] * n_outputs
    n_parts = max(1, min(n_parts, MOST_PARTS))
    parts = np.zeros((n_parts, size))

    def run(block, start, stop):
        task(parts[block], start, stop)

    with one_blas_thread() if calls_blas(X, n_outputs) else nullcontext():
        for_each_block(run, n, -(-n // n_parts), work=work)
    return parts.sum(axis=0) if n_parts > 1 else parts[0]


def _chunks(X, start, stop):
    """Rows that stay in the cache from their margins to the gradient."""
    chunk = 8 * ROWS if isinstance(X, Csr) else max(16, min(8 * ROWS, CACHED // X.shape[1]))
    return [(first, min(first + chunk, stop)) for first in range(start, stop, chunk)]


def _dense_rows(X, start, stop):
    """A copy of rows, and a column of ones for the intercepts."""
    rows = np.zeros((stop - start, X.shape[1] + 1), X.dtype)
    if isinstance(X, Csr):
        csr_to_dense(X.data, X.indices, X.indptr, rows, start, stop)
    else:
        rows[:, :-1] = X[start:stop]
    rows[:, -1] = 1
    return rows
