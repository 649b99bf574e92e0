"""Losses of linear models, their gradients and their second derivatives, in blocks of rows.

Coefficients are float64 of shape (n_features + 1, n_outputs), the intercepts last. Rows are an array, or the
arrays of a CSR matrix (`Csr`).
"""

from contextlib import nullcontext
from typing import NamedTuple

import numpy as np

from ... import _config
from ..._threads import for_each_block, one_blas_thread
from .._compile import LANES, TILE_ROWS, T, float64, helper, int32, int64, kernel, lanes, simd, uint64
from .._linear import HUBER, MULTINOMIAL
from ._elementary import exponential, logarithm

__all__ = ["Csr", "hessian", "hessian_product", "loss_gradient", "probabilities"]

SUMS = {"reassoc", "contract", "nsz"}  # margins, losses and gradients are sums, made in vector lanes
NEAR, CACHED = 1 << 12, 1 << 15  # values of X that stay in the first and in the second cache
ROWS = 512  # of which gradients are summed in the data's dtype
MOST_PARTS = 64  # sums of blocks that are kept
MOST_HESSIANS = 8
STORED_FOR_A_SUM = 4  # values that a block of a CSR matrix holds, for each of its sums


class Csr(NamedTuple):
    """The arrays of a CSR matrix.

    Attributes
    ----------
    data : array of shape (n_stored,)
        float32 or float64.
    indices : int32 array of shape (n_stored,)
        Columns.
    indptr : int64 array of shape (n_samples + 1,)
        Where rows begin.
    shape : tuple of int
        Rows and columns.
    """

    data: np.ndarray
    indices: np.ndarray
    indptr: np.ndarray
    shape: tuple

    @property
    def dtype(self):
        """That of the data."""
        return self.data.dtype


# ---- losses of single rows ------------------------------------------------------------------------------
@helper(fastmath=SUMS)
def binomial_losses(y, weight, values, curvature_out, first, n):
    """Put the derivatives of `n` rows' log-losses, from `first` on, in the place of their margins; return the sum.

    The losses stand behind the margins, from ROWS on. Weights have loops of their own: a loop that asks for them in
    each turn is not vectorised.
    """
    for i in range(uint64(n)):
        x, target = float64(values[i]), float64(y[uint64(first) + i])
        e = exponential(-abs(x))
        share = 1.0 / (1.0 + e)
        # 1 - p would lose the digits of a p that is nearly 1.
        p, q = (share if x >= 0.0 else e * share), (e * share if x >= 0.0 else share)
        values[i] = T((1.0 - target) * p - target * q)
        values[uint64(ROWS) + i] = T(logarithm(1.0 + e) + max(x, 0.0) - target * x)
    if curvature_out.shape[0] > 0:
        for i in range(uint64(n)):
            of_other = abs(values[i])  # the probability of the class that the row is not of
            curvature_out[uint64(first) + i] = of_other * (T(1) - of_other)
    if weight.shape[0] > 0:
        for i in range(uint64(n)):
            w = weight[uint64(first) + i]
            values[i] *= w
            values[uint64(ROWS) + i] *= w
            if curvature_out.shape[0] > 0:
                curvature_out[uint64(first) + i] *= w
    total = 0.0
    for i in range(uint64(n)):
        total += float64(values[uint64(ROWS) + i])
    return total


@helper(fastmath=SUMS)
def huber_losses(y, weight, epsilon, scale, margins, curvature_out, first, n):
    """The same for Huber's losses, which stand nowhere; also return the sum of derivatives by the scale."""
    total, by_scale = 0.0, 0.0
    for i in range(uint64(n)):
        row = uint64(first) + i
        error = float64(margins[i]) - float64(y[row])
        w = float64(weight[row]) if weight.shape[0] > 0 else 1.0
        z, outlier = error / scale, abs(error) > epsilon * scale
        slope = (2.0 * epsilon if error > 0.0 else -2.0 * epsilon) if outlier else 2.0 * z
        total += w * (slope * error - scale * epsilon * epsilon if outlier else z * error)
        by_scale -= w * (epsilon * epsilon if outlier else z * z)
        margins[i] = T(w * slope)
        if curvature_out.shape[0] > 0:
            curvature_out[row] = T(0.0 if outlier else w * 2.0 / scale)
    return total, by_scale


@helper
def losses_of_rows(y, weight, formula, margins, curvature_out, sums_out, first, n):
    """Put derivatives of losses in the place of margins; add up losses and derivatives by the scale."""
    if int64(formula[0]) == HUBER:
        total, by_scale = huber_losses(y, weight, formula[1], formula[2], margins, curvature_out, first, n)
        sums_out[sums_out.shape[0] - 1] += by_scale
    else:
        total = binomial_losses(y, weight, margins, curvature_out, first, n)
    sums_out[sums_out.shape[0] - 2] += total


@helper(fastmath=SUMS)
def row_product(X, row, coefficients):
    """The product of a row and the coefficients: whole vectors, then the last LANES values of the row.

    Behind the coefficients and the intercept stand the last LANES coefficients again, with zeros for those that
    whole vectors have covered.
    """
    n_features = X.shape[1]
    if n_features < LANES:
        total = T(0)
        for t in range(n_features):
            total += X[row, t] * coefficients[t]
        return total
    at, whole = row * n_features, n_features // LANES * LANES
    total = simd.splat(T(0))
    for t in range(0, whole, LANES):
        total = simd.fma(simd.load(X, at + t), simd.load(coefficients, t), total)
    if whole < n_features:
        rest = simd.load(X, at + n_features - LANES)
        total = simd.fma(rest, simd.load(coefficients, n_features + 1), total)
    return simd.lane_sum(total)


@helper
def columns_product(X, first, feature, slopes, n):
    """The products of `n` slopes and LANES columns, in four chains."""
    stride = X.shape[1]
    at = first * stride + feature
    a, b, c, d = simd.splat(T(0)), simd.splat(T(0)), simd.splat(T(0)), simd.splat(T(0))
    for i in range(0, n - 3, 4):
        x = at + i * stride
        a = simd.fma(simd.splat(slopes[i]), simd.load(X, x), a)
        b = simd.fma(simd.splat(slopes[i + 1]), simd.load(X, x + stride), b)
        c = simd.fma(simd.splat(slopes[i + 2]), simd.load(X, x + 2 * stride), c)
        d = simd.fma(simd.splat(slopes[i + 3]), simd.load(X, x + 3 * stride), d)
    for i in range(n // 4 * 4, n):
        a = simd.fma(simd.splat(slopes[i]), simd.load(X, at + i * stride), a)
    return (a + b) + (c + d)


@helper
def add_column_products(X, first, n, values, sums_out):
    """Add X.T @ slopes of `n` rows, LANES columns at a time."""
    n_features = X.shape[1]
    if n_features < LANES:
        for i in range(n):
            for t in range(n_features):
                sums_out[t] += float64(values[i] * X[first + i, t])
        return
    for t in range(0, n_features, LANES):
        feature = min(t, n_features - LANES)
        simd.store(values, 2 * ROWS, columns_product(X, first, feature, values, n))
        for lane in range(t - feature, LANES):
            sums_out[feature + lane] += float64(values[2 * ROWS + lane])


@kernel(fastmath=SUMS)
def pass_dense(
    X: T[:, :],  # IN   (n_samples, n_features)
    y: T[:],  # IN   (n_samples,)
    weight: T[:],  # IN   (n_samples,) or (0,) for ones
    coefficients: T[:],  # IN   (n_features + 1 + LANES,) see `row_product`
    formula: float64[:],  # IN   (3,) loss, epsilon, scale
    curvature_out: T[:],  # OUT  (n_samples,) second derivatives, or (0,) if they are not wanted
    values_work: T[:],  # WORK (2 ROWS + LANES,) margins of a chunk, losses, products of columns
    sums_out: float64[:],  # OUT  (n_features + 3,) gradient, loss, derivative by the scale; added to
    start: int64,
    stop: int64,
):
    """Margins, losses and the gradient while a chunk of rows is in the first-level cache."""
    n_features = X.shape[1]
    chunk = min(ROWS, max(16, NEAR // n_features))
    for first in range(start, stop, chunk):
        n = min(chunk, stop - first)
        for i in range(n):
            values_work[i] = row_product(X, first + i, coefficients) + coefficients[n_features]
        losses_of_rows(y, weight, formula, values_work, curvature_out, sums_out, first, n)
        of_intercept = 0.0
        for i in range(n):
            of_intercept += float64(values_work[i])
        sums_out[n_features] += of_intercept
        add_column_products(X, first, n, values_work, sums_out)


@kernel(fastmath=SUMS)
def point_losses(
    y: T[:],  # IN   (n_samples,)
    weight: T[:],  # IN   (n_samples,) or (0,) for ones
    formula: float64[:],  # IN   (3,) loss, epsilon, scale
    margins_out: T[:],  # OUT  (stop - start,) margins, whose place the derivatives take
    curvature_out: T[:],  # OUT  (n_samples,) second derivatives, or (0,) if they are not wanted
    values_work: T[:],  # WORK (2 ROWS,) those of a chunk, and its losses
    sums_out: float64[:],  # OUT  (2,) loss, derivative by the scale; added to
    start: int64,
    stop: int64,
):
    for first in range(start, stop, ROWS):
        n = min(ROWS, stop - first)
        for i in range(n):
            values_work[i] = margins_out[first - start + i]
        losses_of_rows(y, weight, formula, values_work, curvature_out, sums_out, first, n)
        for i in range(n):
            margins_out[first - start + i] = values_work[i]


# ---- classes --------------------------------------------------------------------------------------------
@helper(fastmath=SUMS)
def share_rows(y, n_classes, margins, losses, first, n):
    """Put the probabilities of `n` rows in the place of their margins; `losses` are by the classes `y`."""
    for i in range(n):
        at = i * n_classes
        largest = margins[at]
        for k in range(1, n_classes):
            largest = max(largest, margins[at + k])
        for k in range(n_classes):
            margins[at + k] -= largest
        losses[i] = -margins[at + int64(y[first + i])] if y.shape[0] > 0 else T(0)
    for j in range(n * n_classes):
        margins[j] = T(exponential(float64(margins[j])))
    for i in range(n):
        at = i * n_classes
        total = T(0)
        for k in range(n_classes):
            total += margins[at + k]
        share = T(1) / total
        for k in range(n_classes):
            margins[at + k] *= share
        losses[i] += T(logarithm(float64(total)))


@helper(fastmath=SUMS)
def slopes_of_rows(y, weight, n_classes, shares, losses, sums_out, first, n):
    """Put the derivatives of `n` rows' losses in the place of their probabilities; add up the losses."""
    total = 0.0
    for i in range(n):
        w = weight[first + i] if weight.shape[0] > 0 else T(1)
        total += float64(w) * float64(losses[i])
        at = i * n_classes
        for k in range(n_classes):
            shares[at + k] *= w
        shares[at + int64(y[first + i])] -= w
    sums_out[sums_out.shape[0] - 2] += total


@kernel(fastmath=SUMS)
def share_out(
    y: T[:],  # IN  (n_samples,) the class, or (0,) for no losses
    n_classes: int64,
    margins_out: T[:],  # OUT ((stop - start) n_classes,) margins, whose place the probabilities take
    losses_out: T[:],  # OUT (stop - start,)
    start: int64,
    stop: int64,
):
    share_rows(y, n_classes, margins_out, losses_out, start, stop - start)


@kernel
def share_between_two(
    margins: T[:],  # IN  (n_samples,) log-odds of the second class
    shares_out: T[:],  # OUT (2 n_samples,)
    start: int64,
    stop: int64,
):
    for i in range(start, stop):
        x = float64(margins[i])
        e = exponential(-abs(x))
        share = 1.0 / (1.0 + e)
        shares_out[2 * i] = T(e * share if x >= 0.0 else share)
        shares_out[2 * i + 1] = T(share if x >= 0.0 else e * share)


@kernel(fastmath=SUMS)
def softmax_slopes(
    y: T[:],  # IN  (n_samples,) the class
    weight: T[:],  # IN  (n_samples,) or (0,) for ones
    losses: T[:],  # IN  (stop - start,)
    n_classes: int64,
    shares_out: T[:],  # OUT ((stop - start) n_classes,) probabilities, whose place the derivatives take
    sums_out: float64[:],  # OUT (2,) loss, 0; added to
    start: int64,
    stop: int64,
):
    slopes_of_rows(y, weight, n_classes, shares_out, losses, sums_out, start, stop - start)


@helper
def store_margins(X, first, n, panels, margins, n_classes):
    """Margins of `n` rows, from `first` on, in tiles of TILE_ROWS rows and the classes of a panel."""
    n_features = X.shape[1]
    for c in range(panels.shape[0]):
        panel, column = c * (n_features + 1) * LANES, c * LANES
        for i in range(0, n, TILE_ROWS):
            # The last tile begins early enough to end with X; rows that are no part of the chunk are dropped.
            row = min(first + i, X.shape[0] - TILE_ROWS)
            acc = simd.tile_of_row(panels, panel + n_features * LANES, TILE_ROWS, 1)
            for t in range(n_features):
                acc = simd.add_products(acc, X, row * n_features + t, n_features, panels, panel + t * LANES)
            simd.store_tile_part(
                acc, margins, (row - first) * n_classes + column, n_classes,
                first + i - row, first + n - row, n_classes - column,
            )  # fmt: skip


@helper
def add_slope_products(X, first, n, slopes, n_classes, work, sums_out):
    """Add X.T @ slopes of `n` rows, in tiles of TILE_ROWS features and LANES classes."""
    n_features = X.shape[1]
    for column in range(0, n_classes, LANES):
        kept = min(LANES, n_classes - column)
        for t in range(0, n_features, TILE_ROWS):
            feature = min(t, n_features - TILE_ROWS)
            acc = simd.tile(T(0), TILE_ROWS, 1)
            for i in range(n):
                x = (first + i) * n_features + feature
                acc = simd.add_products(acc, X, x, 1, slopes, i * n_classes + column)
            simd.store_tile(acc, slopes, work, LANES)
            for r in range(t - feature, TILE_ROWS):
                for k in range(kept):
                    sums_out[(feature + r) * n_classes + column + k] += float64(slopes[work + r * LANES + k])
    for i in range(n):
        for k in range(n_classes):
            sums_out[n_features * n_classes + k] += float64(slopes[i * n_classes + k])


@kernel(fastmath=SUMS)
def pass_classes(
    X: T[:, :],  # IN   (n_samples, n_features), at least TILE_ROWS of both
    y: T[:],  # IN   (n_samples,) the class
    weight: T[:],  # IN   (n_samples,) or (0,) for ones
    panels: T[:, :, :],  # IN   (n_panels, n_features + 1, LANES) coefficients of LANES classes side by side
    curvature_out: T[:],  # OUT  (n_samples n_classes,) probabilities, or (0,) if they are not wanted
    values_work: T[:],  # WORK (ROWS n_classes + (TILE_ROWS + 1) LANES,)
    losses_work: T[:],  # WORK (ROWS,)
    sums_out: float64[:],  # OUT  ((n_features + 1) n_classes + 2,) gradient, loss, 0; added to
    start: int64,
    stop: int64,
):
    """Like `pass_dense`, for several outputs."""
    n_features = X.shape[1]
    n_classes = (sums_out.shape[0] - 2) // (n_features + 1)
    chunk = min(ROWS, max(TILE_ROWS, CACHED // n_features))
    for first in range(start, stop, chunk):
        n = min(chunk, stop - first)
        store_margins(X, first, n, panels, values_work, n_classes)
        share_rows(y, n_classes, values_work, losses_work, first, n)
        if curvature_out.shape[0] > 0:
            for j in range(n * n_classes):
                curvature_out[first * n_classes + j] = values_work[j]
        slopes_of_rows(y, weight, n_classes, values_work, losses_work, sums_out, first, n)
        tail = values_work.shape[0] - TILE_ROWS * LANES
        add_slope_products(X, first, n, values_work, n_classes, tail, sums_out)


# ---- rows of a CSR matrix -------------------------------------------------------------------------------
@kernel(fastmath=SUMS)
def csr_margins(
    data: T[:],  # IN  (n_stored,)
    indices: int32[:],  # IN  (n_stored,) columns
    indptr: int64[:],  # IN  (n_samples + 1,)
    coefficients: T[:, :],  # IN  (n_features + 1, n_outputs)
    margins_out: T[:, :],  # OUT (stop - start, n_outputs)
    start: int64,
    stop: int64,
):
    last, n_outputs = coefficients.shape[0] - 1, coefficients.shape[1]
    if n_outputs == 1:
        for i in range(start, stop):
            margin = T(0)
            for s in range(uint64(indptr[i]), uint64(indptr[i + 1])):
                margin += data[s] * coefficients[uint64(indices[s]), 0]
            margins_out[i - start, 0] = margin + coefficients[last, 0]
        return
    for i in range(start, stop):
        for k in range(n_outputs):
            margins_out[i - start, k] = coefficients[last, k]
        for s in range(uint64(indptr[i]), uint64(indptr[i + 1])):
            j = uint64(indices[s])
            for k in range(n_outputs):
                margins_out[i - start, k] += data[s] * coefficients[j, k]


@kernel
def csr_products(
    data: T[:],  # IN  (n_stored,)
    indices: int32[:],  # IN  (n_stored,) columns
    indptr: int64[:],  # IN  (n_samples + 1,)
    slopes: T[:, :],  # IN  (stop - start, n_outputs)
    sums_out: float64[:],  # OUT (at least (n_features + 1) n_outputs,) X.T @ slopes; added to
    last: int64,  # n_features
    start: int64,
    stop: int64,
):
    n_outputs = slopes.shape[1]
    for i in range(start, stop):
        for k in range(n_outputs):
            sums_out[last * n_outputs + k] += float64(slopes[i - start, k])
        if n_outputs == 1:
            slope = float64(slopes[i - start, 0])
            for s in range(uint64(indptr[i]), uint64(indptr[i + 1])):
                sums_out[uint64(indices[s])] += float64(data[s]) * slope
        else:
            for s in range(uint64(indptr[i]), uint64(indptr[i + 1])):
                at = uint64(indices[s]) * uint64(n_outputs)
                for k in range(n_outputs):
                    sums_out[at + uint64(k)] += float64(data[s]) * float64(slopes[i - start, k])


@kernel
def csr_to_dense(
    data: T[:],  # IN  (n_stored,)
    indices: int32[:],  # IN  (n_stored,) columns
    indptr: int64[:],  # IN  (n_samples + 1,)
    rows_out: T[:, :],  # OUT (stop - start, n_features) from zero
    start: int64,
    stop: int64,
):
    for i in range(start, stop):
        for s in range(uint64(indptr[i]), uint64(indptr[i + 1])):
            rows_out[i - start, uint64(indices[s])] += data[s]


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
