"""Losses of linear models, their gradients and their second derivatives, in blocks of rows.

Coefficients are float64 of shape (n_features + 1, n_outputs), the intercepts last. Rows are an array, or the
arrays of a CSR matrix (`Csr`).
"""

from contextlib import nullcontext

import numpy as np

from ... import _config
from ..._threads import for_each_block, one_blas_thread
from .._compile import TILE_ROWS, lanes
from .._linear import MULTINOMIAL, Formula
from ._csr_rows import Csr, csr_margins, csr_products, csr_to_dense
from ._linear_passes import (
    CACHED,
    ROWS,
    pass_classes,
    pass_dense,
    point_losses,
    share_between_two,
    share_out,
    softmax_slopes,
)

__all__ = ["Csr", "Formula", "hessian", "hessian_product", "loss_gradient", "probabilities"]

MOST_PARTS = 64  # sums of blocks that are kept
MOST_HESSIANS = 8
STORED_FOR_A_SUM = 4  # values that a block of a CSR matrix holds, for each of its sums


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
    dtype, n_outputs = X.dtype, coefficients.shape[1]
    W = coefficients.astype(dtype)
    weight = np.empty(0, dtype) if sample_weight is None else sample_weight
    curvature = np.empty(0, dtype) if curvature_out is None else curvature_out.reshape(-1)
    if isinstance(X, Csr) or (n_outputs > 1 and min(X.shape) < TILE_ROWS):
        task, calls_blas = _general_pass(formula, X, y, weight, W, curvature), True
    else:
        task, calls_blas = _fused_pass(formula, X, y, weight, W, curvature), False
    sums = _sum_in_parts(X, n_outputs, W.size + 2, task, calls_blas)
    gradient_out[:] = sums[:-2].reshape(gradient_out.shape)
    return float(sums[-2]), float(sums[-1])


def _fused_pass(formula, X, y, weight, W, curvature):
    """What adds a block's losses and gradient in one kernel."""
    n_outputs = W.shape[1]
    panels = _panels(W) if n_outputs > 1 else _with_rest(W.ravel())

    def one_output(part, start, stop):
        work = np.empty(2 * ROWS + lanes(X.dtype), X.dtype)
        pass_dense(X, y, weight, panels, formula.terms, curvature, work, part, start, stop)

    def classes(part, start, stop):
        work = np.empty(ROWS * n_outputs + (TILE_ROWS + 1) * panels.shape[2], X.dtype)
        losses = np.empty(ROWS, X.dtype)
        pass_classes(X, y, weight, panels, curvature, work, losses, part, start, stop)

    return one_output if n_outputs == 1 else classes


def _with_rest(w):
    """Coefficients as `row_product` takes them."""
    width, n_features = lanes(w.dtype), len(w) - 1
    rest, n_rest = np.zeros(width, w.dtype), n_features % width
    if n_rest:
        rest[-n_rest:] = w[n_features - n_rest : n_features]
    return np.concatenate([w, rest])


def _panels(W):
    """Coefficients of as many classes as a vector has lanes side by side, filled up with zeros."""
    width = lanes(W.dtype)
    n_panels = -(-W.shape[1] // width)
    padded = np.zeros((len(W), n_panels * width), W.dtype)
    padded[:, : W.shape[1]] = W
    return np.ascontiguousarray(padded.reshape(len(W), n_panels, width).swapaxes(0, 1))


def _general_pass(formula, X, y, weight, W, curvature):
    """What adds a block's losses and gradient in several steps: for CSR matrices, and few columns."""
    n_outputs = W.shape[1]

    def task(part, start, stop):
        for first, end in _chunks(X, start, stop):
            slopes = _margins(X, W, first, end)
            flat = slopes.reshape(-1)
            if formula.loss == MULTINOMIAL:
                losses = np.empty(len(slopes), X.dtype)
                share_out(y, n_outputs, flat, losses, first, end)
                if len(curvature):
                    curvature[first * n_outputs : end * n_outputs] = flat
                softmax_slopes(y, weight, losses, n_outputs, flat, part[-2:], first, end)
            else:
                work = np.empty(2 * ROWS, X.dtype)
                point_losses(y, weight, formula.terms, flat, curvature, work, part[-2:], first, end)
            _add_products(X, slopes, part, first, end)

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
    V = coefficients.astype(X.dtype)

    def task(part, start, stop):
        for first, end in _chunks(X, start, stop):
            slopes, shares = _margins(X, V, first, end), curvature[first:end]
            if formula.loss == MULTINOMIAL:
                slopes -= np.einsum("ik,ik->i", shares, slopes)[:, None]
                if sample_weight is not None:
                    slopes *= sample_weight[first:end, None]
            slopes *= shares
            _add_products(X, slopes, part, first, end)

    product_out[:] = _sum_in_parts(X, V.shape[1], V.size, task).reshape(product_out.shape)


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
    chunk = max(16, min(ROWS, 8 * CACHED // size))

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


def probabilities(margins):
    """Compute the probabilities of classes.

    Parameters
    ----------
    margins : array of shape (n_samples, n_outputs)
        C-contiguous, float32 or float64: of two classes the log-odds of the second, otherwise of each class.
        They may be overwritten.

    Returns
    -------
    shares : array of shape (n_samples, n_classes)
        Each row sums to one.
    """
    n, n_outputs = margins.shape
    no_classes = np.empty(0, margins.dtype)
    shares = np.empty((n, 2), margins.dtype) if n_outputs == 1 else margins
    flat, out = margins.reshape(-1), shares.reshape(-1)

    def task(block, start, stop):
        if n_outputs == 1:
            share_between_two(flat, out, start, stop)
            return
        part = flat[start * n_outputs : stop * n_outputs]
        share_out(no_classes, n_outputs, part, np.empty(stop - start, part.dtype), start, stop)

    for_each_block(task, n, 8 * ROWS, work=10.0 * margins.size)
    return shares


# ---- blocks ---------------------------------------------------------------------------------------------
def _sum_in_parts(X, n_outputs, size, task, calls_blas=True):
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

    with one_blas_thread() if calls_blas else nullcontext():
        for_each_block(run, n, -(-n // n_parts), work=work)
    return parts.sum(axis=0) if n_parts > 1 else parts[0]


def _chunks(X, start, stop):
    """Rows that stay in the cache from their margins to the gradient."""
    chunk = 8 * ROWS if isinstance(X, Csr) else max(16, min(8 * ROWS, 2 * CACHED // X.shape[1]))
    return [(first, min(first + chunk, stop)) for first in range(start, stop, chunk)]


def _margins(X, W, start, stop):
    if isinstance(X, Csr):
        margins = np.empty((stop - start, W.shape[1]), X.dtype)
        csr_margins(X.data, X.indices, X.indptr, W, margins, start, stop)
        return margins
    margins = X[start:stop] @ W[:-1]
    margins += W[-1]
    return margins


def _add_products(X, slopes, part, start, stop):
    """Add X.T @ slopes, and the sums of the slopes for the intercepts."""
    n_features, n_outputs = X.shape[1], slopes.shape[1]
    if isinstance(X, Csr):
        csr_products(X.data, X.indices, X.indptr, slopes, part, n_features, start, stop)
        return
    size = n_features * n_outputs
    part[:size] += (X[start:stop].T @ slopes).reshape(-1)
    part[size : size + n_outputs] += slopes.sum(axis=0)


def _dense_rows(X, start, stop):
    """A copy of rows, and a column of ones for the intercepts."""
    rows = np.zeros((stop - start, X.shape[1] + 1), X.dtype)
    if isinstance(X, Csr):
        csr_to_dense(X.data, X.indices, X.indptr, rows, start, stop)
    else:
        rows[:, :-1] = X[start:stop]
    rows[:, -1] = 1
    return rows
