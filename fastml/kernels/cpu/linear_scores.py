"""Scores of fitted linear models: margins of rows, probabilities and the best classes.

A block's margins are used up while they are in the cache. On the CPU rows may be a CSR matrix (`Csr`).
"""

import math

import numpy as np

from ..._threads import for_each_block
from .._compile import LANES, T, int64, kernel, lanes, simd
from ._csr_rows import Csr
from ._linear_passes import share_out, unpad_rows
from ._linear_products import Coefficients

__all__ = ["Csr", "best_classes", "csr_of", "margins", "probabilities", "shares"]

FEW = 1 << 20  # products that BLAS has computed before threads and kernels have begun
BLOCK, CACHED = 1 << 18, 1 << 17  # values of X in a block; if it is read for several panels of outputs


# ---- kernels --------------------------------------------------------------------------------------------
@kernel
def share_between_two(
    margins: T[:],  # IN  (stop - start,) log-odds of the second class
    shares_out: T[:],  # OUT (2 n_samples,)
    start: int64,
    stop: int64,
):
    zero, one = simd.splat(T(0)), simd.splat(T(1))
    for i in range(0, stop - start, LANES):
        kept = stop - start - i
        margin = simd.load_where(margins, i, simd.first_lanes(kept, zero))
        e = simd.exp(zero - simd.fabs(margin))
        share = one / (one + e)
        first, at = margin < zero, 2 * (start + i)
        p, q = simd.select(first, share, e * share), simd.select(first, e * share, share)
        simd.store_where(shares_out, at, simd.zip_low(p, q), simd.first_lanes(2 * kept, zero))
        simd.store_where(
            shares_out, at + LANES, simd.zip_high(p, q), simd.first_lanes(2 * kept - LANES, zero)
        )


@kernel
def best_of_rows(
    margins: T[:, :],  # IN  (stop - start, width)
    best_out: int64[:],  # OUT (n_samples,) the first of the largest
    n_classes: int64,
    start: int64,
    stop: int64,
):
    for i in range(stop - start):
        best = 0
        for k in range(1, n_classes):
            best = k if margins[i, k] > margins[i, best] else best
        best_out[start + i] = best


# ---- launchers ------------------------------------------------------------------------------------------
def csr_of(X):
    """Take the arrays of a CSR matrix, as they are where kernels can take them.

    Parameters
    ----------
    X : scipy.sparse CSR matrix or array of shape (n_samples, n_features)
        Float32 or float64.

    Returns
    -------
    rows : Csr
        The same data.
    """
    indices, indptr = X.indices.astype(np.int32, copy=False), X.indptr.astype(np.int64, copy=False)
    return Csr(np.ascontiguousarray(X.data), indices, indptr, X.shape, X.dtype)


def margins(X, coef, intercept):
    """Compute the margins of rows.

    Parameters
    ----------
    X : array of shape (n_samples, n_features), or Csr
        The rows, float32 or float64.
    coef : array of shape (n_outputs, n_features)
        Coefficients, float32 or float64.
    intercept : array of shape (n_outputs,) or number
        What is added.

    Returns
    -------
    margins : array of shape (n_samples, n_outputs)
        Of the dtype that NumPy's products have.
    all_finite : bool
        Whether the margins are finite. They are not where X is not.
    """
    if _is_small(X, coef):
        return _margins_of_few(X, coef, intercept)
    dtype = np.result_type(X.dtype, coef.dtype, intercept)
    out = np.empty((X.shape[0], len(coef)), dtype)
    flat = out.reshape(-1)

    def use(block, start, stop):
        if len(coef) == 1:
            flat[start:stop] = block
        else:
            unpad_rows(block, flat, len(coef), start, stop)

    return out, _for_blocks_of_margins(X, coef, intercept, dtype, use)


def probabilities(X, coef, intercept):
    """Compute the probabilities of classes.

    Parameters
    ----------
    X, coef, intercept : see `margins`
        One output are the log-odds of the second class of two.

    Returns
    -------
    shares : array of shape (n_samples, n_classes)
        Each row sums to one.
    all_finite : bool
        Whether the margins are finite. They are not where X is not.
    """
    if _is_small(X, coef):
        found, all_finite = _margins_of_few(X, coef, intercept)
        return shares(found), all_finite
    dtype, n_outputs = np.result_type(X.dtype, coef.dtype, intercept), len(coef)
    out = np.empty((X.shape[0], max(2, n_outputs)), dtype)
    return out, _for_blocks_of_margins(X, coef, intercept, dtype, _sharer(out, n_outputs))


def best_classes(X, coef, intercept):
    """Find the class with the largest margin.

    Parameters
    ----------
    X, coef, intercept : see `margins`
        One output is positive for the second class of two.

    Returns
    -------
    best : intp array of shape (n_samples,)
        Of equal ones the first.
    all_finite : bool
        Whether the margins are finite. They are not where X is not.
    """
    n_outputs = len(coef)
    if _is_small(X, coef):
        found, all_finite = _margins_of_few(X, coef, intercept)
        return found.argmax(axis=1) if n_outputs > 1 else (found[:, 0] > 0).astype(np.intp), all_finite
    dtype = np.result_type(X.dtype, coef.dtype, intercept)
    out = np.empty(X.shape[0], np.intp)

    def use(block, start, stop):
        if n_outputs == 1:
            out[start:stop] = block > 0
        else:
            best_of_rows(block, out, n_outputs, start, stop)

    return out, _for_blocks_of_margins(X, coef, intercept, dtype, use)


def shares(margins):
    """Compute the probabilities of classes from margins.

    Parameters
    ----------
    margins : array of shape (n_samples, n_outputs)
        C-contiguous, float32 or float64: of two classes the log-odds of the second, otherwise of each class.

    Returns
    -------
    shares : array of shape (n_samples, n_classes)
        Each row sums to one.
    """
    n, n_outputs = margins.shape
    out = np.empty((n, max(2, n_outputs)), margins.dtype)
    width = n_outputs if n_outputs == 1 else _width(n_outputs, margins.dtype)
    use = _sharer(out, n_outputs)

    def task(block, start, stop):
        part = np.empty((stop - start, width), margins.dtype)
        part[:, :n_outputs] = margins[start:stop]
        use(part[:, 0] if n_outputs == 1 else part, start, stop)

    for_each_block(task, n, max(1, CACHED // width), work=10.0 * margins.size)
    return out


# ---- blocks ---------------------------------------------------------------------------------------------
def _is_small(X, coef):
    return not isinstance(X, Csr) and X.size * len(coef) < FEW


def _margins_of_few(X, coef, intercept):
    found = X @ coef.T + intercept
    return found, bool(np.isfinite(found).all())


def _width(n_outputs, dtype):
    return -(-n_outputs // lanes(dtype)) * lanes(dtype)


def _sharer(out, n_outputs):
    """What turns a block of margins into probabilities."""
    flat, nothing = out.reshape(-1), np.empty(0, out.dtype)

    def use(block, start, stop):
        if n_outputs == 1:
            share_between_two(block, flat, start, stop)
            return
        n = stop - start
        share_out(nothing, nothing, block, np.empty(n + lanes(out.dtype), out.dtype), n_outputs, 0, n)
        unpad_rows(block, flat, n_outputs, start, stop)

    return use


def _for_blocks_of_margins(X, coef, intercept, dtype, use):
    """Call ``use(margins, start, stop)`` with the margins of blocks; tell whether all of them are finite."""
    W = np.empty((coef.shape[1] + 1, len(coef)), dtype)
    W[:-1], W[-1] = coef.T, intercept
    coefficients = Coefficients(W, X)
    n, stored = X.shape[0], len(X.data) if isinstance(X, Csr) else X.size
    block = max(1, (BLOCK if len(coef) == 1 else CACHED) * n // max(1, stored))
    finite = np.empty(-(-n // block), bool)

    def task(number, start, stop):
        found = coefficients.margins_of(X, dtype, start, stop)
        # A sum that overflows only means that somebody looks closer.
        finite[number] = math.isfinite(found.sum())
        use(found, start, stop)

    with np.errstate(over="ignore", invalid="ignore"):
        for_each_block(task, n, block, work=(4.0 if isinstance(X, Csr) else 0.5) * stored * len(coef))
    return bool(finite.all())
