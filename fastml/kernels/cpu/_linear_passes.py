"""Kernels for blocks of rows of linear models: margins, losses, and products of rows and derivatives."""

import numpy as np

from .._compile import LANES, TILE_ROWS, T, float64, helper, int64, kernel, simd, uint64

NEAR = 1 << 12  # values of X that stay in the first-level cache
ROWS = 512  # most rows of a chunk, whose products are summed in the data's dtype


# ---- margins --------------------------------------------------------------------------------------------
@helper
def store_row_margins(X, coefficients, margins, start, stop):
    """Margins of rows: whole vectors of features, then what is left of them."""
    n_features = X.shape[1]
    whole = n_features // LANES * LANES
    zero = simd.splat(T(0))
    rest = simd.first_lanes(n_features - whole, zero)
    last = simd.select(rest, simd.load(coefficients, whole), zero)
    for i in range(start, stop):
        at = i * n_features
        total = simd.load_where(X, at + whole, rest) * last
        for t in range(0, whole, LANES):
            total = simd.fma(simd.load(X, at + t), simd.load(coefficients, t), total)
        margins[i - start] = simd.lane_sum(total) + coefficients[n_features]


@kernel
def row_margins(
    X: T[:, :],  # IN   (n_samples, n_features)
    coefficients: T[:],  # IN   (n_features + 1 + LANES,) coefficients, the intercept, zeros
    margins_out: T[:],  # OUT  (stop - start,)
    start: int64,
    stop: int64,
):
    store_row_margins(X, coefficients, margins_out, start, stop)


@helper
def store_class_margins(X, panels, margins_out, start, stop):
    """Margins of LANES classes at a time, of TILE_ROWS rows."""
    n_features, width = X.shape[1], margins_out.shape[1]
    for c in range(panels.shape[0]):
        panel, column = c * (n_features + 1) * LANES, c * LANES
        for i in range(start, stop, TILE_ROWS):
            # The last tile begins early enough to end with X; rows that are no part of the block are dropped.
            row = min(i, X.shape[0] - TILE_ROWS)
            acc = simd.tile_of_row(panels, panel + n_features * LANES, TILE_ROWS, 1)
            for t in range(n_features):
                acc = simd.add_products(acc, X, row * n_features + t, n_features, panels, panel + t * LANES)
            at = (row - start) * width + column
            simd.store_tile_part(acc, margins_out, at, width, i - row, stop - row, width - column)


# ---- losses ---------------------------------------------------------------------------------------------
@helper
def lose_binomially(y, weight, margins, curvature_out, start, stop):
    """Put derivatives of log-losses in the place of rows' margins; return the sum of the losses."""
    zero, one = simd.splat(T(0)), simd.splat(T(1))
    total = zero
    for i in range(start, stop, LANES):
        here = simd.first_lanes(stop - i, zero)
        w = simd.load_where(weight, i, here) if weight.shape[0] > 0 else simd.select(here, one, zero)
        margin, target = simd.load_where(margins, i - start, here), simd.load_where(y, i, here)
        e = simd.exp(zero - simd.fabs(margin))
        share = one / (one + e)
        # 1 - p would lose the digits of a p that is nearly 1.
        other, positive = e * share, zero <= margin
        p, q = simd.select(positive, share, other), simd.select(positive, other, share)
        slope = (one - target) * p - target * q
        total = simd.fma(w, simd.log1p(e) + simd.maximum(margin, zero) - target * margin, total)
        simd.store_where(margins, i - start, w * slope, here)
        if curvature_out.shape[0] > 0:
            of_other = simd.fabs(slope)  # the probability of the class that the row is not of
            simd.store_where(curvature_out, i, w * of_other * (one - of_other), here)
    return float64(simd.lane_sum(total))


@kernel
def binomial_losses(
    y: T[:],  # IN   (n_samples,)
    weight: T[:],  # IN   (n_samples,) or (0,) for ones
    margins_out: T[:],  # OUT  (stop - start,) margins, whose place the derivatives take
    curvature_out: T[:],  # OUT  (n_samples,) second derivatives, or (0,) if they are not wanted
    start: int64,
    stop: int64,
) -> float64:
    return lose_binomially(y, weight, margins_out, curvature_out, start, stop)


@helper
def lose_by_means(y, weight, sign, margins, curvature_out, start, stop):
    """The same for logarithms of means: Poisson's losses or, with a negative sign, Gamma's."""
    zero, one, way = simd.splat(T(0)), simd.splat(T(1)), simd.splat(T(sign))
    total = zero
    for i in range(start, stop, LANES):
        here = simd.first_lanes(stop - i, zero)
        w = simd.load_where(weight, i, here) if weight.shape[0] > 0 else simd.select(here, one, zero)
        margin, target = simd.load_where(margins, i - start, here), simd.load_where(y, i, here)
        bent = simd.exp(way * margin) * (one if sign > 0.0 else target)
        level = target if sign > 0.0 else one
        total = simd.fma(w, bent - way * level * margin, total)
        simd.store_where(margins, i - start, w * way * (bent - level), here)
        if curvature_out.shape[0] > 0:
            simd.store_where(curvature_out, i, w * bent, here)
    return float64(simd.lane_sum(total))


@kernel
def log_link_losses(
    y: T[:],  # IN   (n_samples,)
    weight: T[:],  # IN   (n_samples,) or (0,) for ones
    sign: float64,  # 1 for Poisson's losses, -1 for Gamma's
    margins_out: T[:],  # OUT  (stop - start,) margins, whose place the derivatives take
    curvature_out: T[:],  # OUT  (n_samples,) second derivatives, or (0,) if they are not wanted
    start: int64,
    stop: int64,
) -> float64:
    return lose_by_means(y, weight, sign, margins_out, curvature_out, start, stop)


@helper(fastmath={"reassoc", "contract", "nsz"})  # what is summed are losses
def lose_by_huber(y, weight, formula, margins, curvature_out, sums, start, stop):
    """The same for Huber's losses; add them, and their derivatives by the scale, to the last two sums."""
    epsilon, scale = formula[1], formula[2]
    total, by_scale = 0.0, 0.0
    for i in range(uint64(stop - start)):
        row = uint64(start) + i
        error = float64(margins[i]) - float64(y[row])
        w = float64(weight[row]) if weight.shape[0] > 0 else 1.0
        z, outlier = error / scale, abs(error) > epsilon * scale
        slope = (2.0 * epsilon if error > 0.0 else -2.0 * epsilon) if outlier else 2.0 * z
        total += w * (slope * error - scale * epsilon * epsilon if outlier else z * error)
        by_scale -= w * (epsilon * epsilon if outlier else z * z)
        margins[i] = T(w * slope)
        if curvature_out.shape[0] > 0:
            curvature_out[row] = T(0.0 if outlier else w * 2.0 / scale)
    sums[sums.shape[0] - 2] += total
    sums[sums.shape[0] - 1] += by_scale


@kernel
def huber_losses(
    y: T[:],  # IN   (n_samples,)
    weight: T[:],  # IN   (n_samples,) or (0,) for ones
    formula: float64[:],  # IN   (3,) loss, epsilon, scale
    margins_out: T[:],  # OUT  (stop - start,) margins, whose place the derivatives take
    curvature_out: T[:],  # OUT  (n_samples,) second derivatives, or (0,) if they are not wanted
    sums_out: float64[:],  # OUT  (at least 2,) its end: loss, derivative by the scale; added to
    start: int64,
    stop: int64,
):
    lose_by_huber(y, weight, formula, margins_out, curvature_out, sums_out, start, stop)


@helper
def largest_of_rows(margins, tops, n_classes, n):
    """Note the largest margin of each row; rows are filled up with minus infinity."""
    width, zero, least = margins.shape[1], simd.splat(T(0)), simd.splat(T(-np.inf))
    for i in range(n):
        largest = least
        for k in range(0, n_classes, LANES):
            here, at = simd.first_lanes(n_classes - k, zero), i * width + k
            margin = simd.select(here, simd.load(margins, at), least)
            simd.store(margins, at, margin)
            largest = simd.maximum(margin, largest)
        tops[i] = simd.lane_max(largest)


@helper
def sum_of_logarithms(x, weight, start, stop):
    """The weighted sum of log(x), of numbers from one on, for the rows from `start` to `stop`."""
    zero, one = simd.splat(T(0)), simd.splat(T(1))
    total = zero
    for i in range(start, stop, LANES):
        here = simd.first_lanes(stop - i, zero)
        w = simd.load_where(weight, i, here) if weight.shape[0] > 0 else simd.select(here, one, zero)
        beside = simd.select(here, simd.load(x, i - start) - one, zero)
        total = simd.fma(w, simd.log1p(beside), total)
    return float64(simd.lane_sum(total))


@helper
def share_rows(y, weight, margins_out, sums_work, n_classes, start, stop):
    """Return the sum of the losses. Each loop is short, so that the processor is at work on many rows."""
    width, n, losses = margins_out.shape[1], stop - start, 0.0
    largest_of_rows(margins_out, sums_work, n_classes, n)
    if y.shape[0] > 0:
        for i in range(n):
            w = weight[start + i] if weight.shape[0] > 0 else T(1)
            losses += float64(w) * float64(sums_work[i] - margins_out[i, int64(y[start + i])])
    for i in range(n):
        for at in range(i * width, (i + 1) * width, LANES):
            simd.store(margins_out, at, simd.exp(simd.load(margins_out, at) - simd.splat(sums_work[i])))
    for i in range(n):
        total = simd.load(margins_out, i * width)
        for at in range(i * width + LANES, (i + 1) * width, LANES):
            total = total + simd.load(margins_out, at)
        sums_work[i] = simd.lane_sum(total)
        share = simd.splat(T(1) / sums_work[i])
        for at in range(i * width, (i + 1) * width, LANES):
            simd.store(margins_out, at, share * simd.load(margins_out, at))
    return losses + sum_of_logarithms(sums_work, weight, start, stop) if y.shape[0] > 0 else 0.0


@helper
def store_rows(rows, packed_out, n_classes, start, stop):
    """The first values of each row."""
    for i in range(stop - start):
        for k in range(0, n_classes, LANES):
            here = simd.first_lanes(n_classes - k, simd.splat(T(0)))
            row = simd.load(rows, i * rows.shape[1] + k)
            simd.store_where(packed_out, (start + i) * n_classes + k, row, here)


@helper
def turn_to_slopes(y, weight, shares_out, start, stop):
    """Put derivatives in the place of probabilities."""
    width = shares_out.shape[1]
    for i in range(stop - start):
        own = int64(y[start + i])
        shares_out[i, own] -= T(1)
        if weight.shape[0] > 0:
            w = simd.splat(weight[start + i])
            for at in range(i * width, (i + 1) * width, LANES):
                simd.store(shares_out, at, w * simd.load(shares_out, at))


# ---- products of rows and derivatives --------------------------------------------------------------------
@helper
def add_column_products(X, slopes, sums, start, stop):
    """Add X.T @ slopes, and the sum of the slopes."""
    n_features, n = X.shape[1], stop - start
    zero = simd.splat(T(0))
    for t in range(0, n_features, LANES):
        here = simd.first_lanes(n_features - t, zero)
        at, acc, rest = start * n_features + t, simd.tile(T(0), 4, 1), simd.tile(T(0), 1, 1)
        for i in range(0, n - 3, 4):
            acc = simd.add_rows_where(acc, slopes, i, X, at + i * n_features, n_features, here)
        for i in range(n // 4 * 4, n):
            rest = simd.add_rows_where(rest, slopes, i, X, at + i * n_features, n_features, here)
        simd.add_where(sums, t, simd.sum_rows(acc) + simd.sum_rows(rest), here)
    total = zero
    for i in range(0, n, LANES):
        total = total + simd.load_where(slopes, i, simd.first_lanes(n - i, zero))
    sums[n_features] += float64(simd.lane_sum(total))


@kernel
def add_row_products(
    X: T[:, :],  # IN   (n_samples, n_features)
    slopes: T[:],  # IN   (stop - start,)
    sums_out: float64[:],  # OUT  (at least n_features + 1,) X.T @ slopes and the sum of the slopes; added to
    start: int64,
    stop: int64,
):
    add_column_products(X, slopes, sums_out, start, stop)


@helper
def rows_nearby(X):
    """How many rows stay in the first-level cache."""
    return min(ROWS, max(16, NEAR // X.shape[1]))


@kernel
def pass_binomial(
    X: T[:, :],  # IN   (n_samples, n_features)
    y: T[:],  # IN   (n_samples,)
    weight: T[:],  # IN   (n_samples,) or (0,) for ones
    coefficients: T[:],  # IN   (n_features + 1 + LANES,) coefficients, the intercept, zeros
    curvature_out: T[:],  # OUT  (n_samples,) second derivatives, or (0,) if they are not wanted
    slopes_work: T[:],  # WORK (ROWS,)
    sums_out: float64[:],  # OUT  (at least n_features + 1,) see `add_row_products`
    start: int64,
    stop: int64,
) -> float64:
    """Margins, losses and products while some rows are in the first-level cache."""
    total, chunk = 0.0, rows_nearby(X)
    for first in range(start, stop, chunk):
        end = min(first + chunk, stop)
        store_row_margins(X, coefficients, slopes_work, first, end)
        total += lose_binomially(y, weight, slopes_work, curvature_out, first, end)
        add_column_products(X, slopes_work, sums_out, first, end)
    return total


@kernel
def pass_log_link(
    X: T[:, :],  # IN   (n_samples, n_features)
    y: T[:],  # IN   (n_samples,)
    weight: T[:],  # IN   (n_samples,) or (0,) for ones
    coefficients: T[:],  # IN   (n_features + 1 + LANES,) coefficients, the intercept, zeros
    sign: float64,  # 1 for Poisson's losses, -1 for Gamma's
    curvature_out: T[:],  # OUT  (n_samples,) second derivatives, or (0,) if they are not wanted
    slopes_work: T[:],  # WORK (ROWS,)
    sums_out: float64[:],  # OUT  (at least n_features + 1,) see `add_row_products`
    start: int64,
    stop: int64,
) -> float64:
    total, chunk = 0.0, rows_nearby(X)
    for first in range(start, stop, chunk):
        end = min(first + chunk, stop)
        store_row_margins(X, coefficients, slopes_work, first, end)
        total += lose_by_means(y, weight, sign, slopes_work, curvature_out, first, end)
        add_column_products(X, slopes_work, sums_out, first, end)
    return total


@kernel
def pass_huber(
    X: T[:, :],  # IN   (n_samples, n_features)
    y: T[:],  # IN   (n_samples,)
    weight: T[:],  # IN   (n_samples,) or (0,) for ones
    coefficients: T[:],  # IN   (n_features + 1 + LANES,) coefficients, the intercept, zeros
    formula: float64[:],  # IN   (3,) loss, epsilon, scale
    curvature_out: T[:],  # OUT  (n_samples,) second derivatives, or (0,) if they are not wanted
    slopes_work: T[:],  # WORK (ROWS,)
    sums_out: float64[:],  # OUT  (n_features + 3,) gradient, loss, derivative by the scale; added to
    start: int64,
    stop: int64,
):
    chunk = rows_nearby(X)
    for first in range(start, stop, chunk):
        end = min(first + chunk, stop)
        store_row_margins(X, coefficients, slopes_work, first, end)
        lose_by_huber(y, weight, formula, slopes_work, curvature_out, sums_out, first, end)
        add_column_products(X, slopes_work, sums_out, first, end)


@helper
def add_panel_products(X, slopes, sums_out, tile_work, n_classes, start, stop):
    """Add X.T @ slopes, and the sums of the slopes, for TILE_ROWS features and LANES classes at a time."""
    n_features, width = X.shape[1], slopes.shape[1]
    for first in range(start, stop, ROWS):
        n, slope = min(ROWS, stop - first), (first - start) * width
        for column in range(0, n_classes, LANES):
            here = simd.first_lanes(n_classes - column, simd.splat(T(0)))
            for t in range(0, n_features, TILE_ROWS):
                # The last tile begins early enough to end with the last feature.
                feature = min(t, n_features - TILE_ROWS)
                acc = simd.tile(T(0), TILE_ROWS, 1)
                for i in range(n):
                    x = (first + i) * n_features + feature
                    acc = simd.add_products(acc, X, x, 1, slopes, slope + i * width + column)
                simd.store_tile(acc, tile_work, 0, LANES)
                for r in range(t - feature, TILE_ROWS):
                    at = (feature + r) * n_classes + column
                    simd.add_where(sums_out, at, simd.load(tile_work, r * LANES), here)
            total = simd.splat(T(0))
            for i in range(n):
                total = total + simd.load(slopes, slope + i * width + column)
            simd.add_where(sums_out, n_features * n_classes + column, total, here)


@kernel
def class_margins(
    X: T[:, :],  # IN   (n_samples, n_features), at least TILE_ROWS rows
    panels: T[:, :, :],  # IN   (n_panels, n_features + 1, LANES) coefficients of LANES classes side by side
    margins_out: T[:, :],  # OUT  (stop - start, width)
    start: int64,
    stop: int64,
):
    store_class_margins(X, panels, margins_out, start, stop)


@kernel
def share_out(
    y: T[:],  # IN   (n_samples,) the class, or (0,) if losses are not wanted
    weight: T[:],  # IN   (n_samples,) or (0,) for ones
    margins_out: T[:, :],  # OUT  (stop - start, width) margins, whose place the probabilities take
    sums_work: T[:],  # WORK (stop - start + LANES,)
    n_classes: int64,
    start: int64,
    stop: int64,
) -> float64:
    return share_rows(y, weight, margins_out, sums_work, n_classes, start, stop)


@kernel
def unpad_rows(
    rows: T[:, :],  # IN  (stop - start, width)
    packed_out: T[:],  # OUT (n_samples n_classes,) the first values of each row
    n_classes: int64,
    start: int64,
    stop: int64,
):
    store_rows(rows, packed_out, n_classes, start, stop)


@kernel
def softmax_slopes(
    y: T[:],  # IN  (n_samples,) the class
    weight: T[:],  # IN  (n_samples,) or (0,) for ones
    shares_out: T[:, :],  # OUT (stop - start, width) probabilities, whose place the derivatives take
    start: int64,
    stop: int64,
):
    turn_to_slopes(y, weight, shares_out, start, stop)


@kernel
def add_class_products(
    X: T[:, :],  # IN   (n_samples, n_features), at least TILE_ROWS features
    slopes: T[:, :],  # IN   (stop - start, width)
    sums_out: float64[:],  # OUT  (at least (n_features + 1) n_classes,) X.T @ slopes, their sums; added to
    tile_work: T[:],  # WORK (TILE_ROWS LANES,)
    n_classes: int64,
    start: int64,
    stop: int64,
):
    add_panel_products(X, slopes, sums_out, tile_work, n_classes, start, stop)


@kernel
def pass_classes(
    X: T[:, :],  # IN   (n_samples, n_features), at least TILE_ROWS rows and features
    y: T[:],  # IN   (n_samples,) the class
    weight: T[:],  # IN   (n_samples,) or (0,) for ones
    panels: T[:, :, :],  # IN   (n_panels, n_features + 1, LANES) coefficients of LANES classes side by side
    curvature_out: T[:],  # OUT  (n_samples n_classes,) probabilities, or (0,) if they are not wanted
    slopes_work: T[:, :],  # WORK (chunk, width) for rows that are in the cache
    sums_work: T[:],  # WORK (chunk + LANES,), at least TILE_ROWS LANES
    sums_out: float64[:],  # OUT  ((n_features + 1) n_classes + 2,) gradient, loss; added to
    start: int64,
    stop: int64,
):
    chunk, n_classes = slopes_work.shape[0], (sums_out.shape[0] - 2) // (X.shape[1] + 1)
    for first in range(start, stop, chunk):
        end = min(first + chunk, stop)
        store_class_margins(X, panels, slopes_work, first, end)
        loss = share_rows(y, weight, slopes_work, sums_work, n_classes, first, end)
        if curvature_out.shape[0] > 0:
            store_rows(slopes_work, curvature_out, n_classes, first, end)
        turn_to_slopes(y, weight, slopes_work, first, end)
        add_panel_products(X, slopes_work, sums_out, sums_work, n_classes, first, end)
        sums_out[sums_out.shape[0] - 2] += loss
