"""Kernels that pass over rows for a linear model: margins, losses, and products of rows and derivatives."""

from .._compile import LANES, TILE_ROWS, T, float64, helper, int64, kernel, simd, uint64
from .._linear import HUBER
from ._elementary import exponential, logarithm

SUMS = {"reassoc", "contract", "nsz"}  # margins, losses and gradients are sums, made in vector lanes
NEAR, CACHED = 1 << 12, 1 << 15  # values of X that stay in the first and in the second cache
ROWS = 512  # most rows of a chunk, whose products are summed in the data's dtype


# ---- losses of single rows ------------------------------------------------------------------------------
@helper(fastmath=SUMS)
def binomial_losses(y, weight, values, curvature_out, first, n):
    """Put the derivatives of `n` rows' log-losses, from `first` on, in the place of their margins.

    The losses stand behind them, from ROWS on; their sum is returned. Weights have loops of their own: a loop
    that asks for them in each turn is not vectorised.
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

    Behind the coefficients and the intercept stand the last LANES coefficients again, with zeros for those
    that whole vectors have covered.
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
