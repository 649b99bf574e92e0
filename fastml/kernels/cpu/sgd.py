"""Stochastic gradient descent on linear models: epochs over dense rows and over sparse ones.

`_sgd_state` has the model, `_sgd_steps` what happens at a sample. A sample is predicted from weights that the
sample before it has changed, so an epoch is one chain of small steps; several models go side by side.
"""

from .._compile import LANES, T, float64, helper, int32, int64, kernel, simd, uint64
from ._coordinate_sweeps import permute
from ._sgd_batches import descend_csr_batches, descend_dense_batches
from ._sgd_state import (
    ABSOLUTE,
    AVERAGE,
    BATCH,
    INTERCEPT,
    L1,
    LOSSES,
    MEAN_SHARE,
    MEANS,
    PA1,
    PULL,
    PULLS,
    RATE,
    RATES,
    SCALE,
    SQUARED,
    STEP,
    WEIGHTS,
    Descent,
)
from ._sgd_steps import SMALLEST_SCALE, count_into_means, fold, learn, move_intercept, pulled

__all__ = ["LOSSES", "RATES", "Descent", "descend", "descend_in_batches", "shuffle"]

FETCHED = 16  # vectors of a row; the processor guesses the rest
AHEAD = 4  # rows that are fetched before they are needed: the order is random
CHUNK = 1 << 23  # values that a kernel goes through before Python looks for Ctrl-C


# ---- rows -----------------------------------------------------------------------------------------------
@helper(fastmath={"reassoc", "contract", "nsz"})  # summed in vector lanes
def dot_dense(X, i, vectors, n):
    """The product of a row with the weights."""
    x = i * n
    whole = n - n % LANES
    total = T(0)
    if whole > 0:
        lanes = simd.splat(T(0))
        for t in range(0, whole, LANES):
            lanes = simd.fma(simd.load(X, x + t), simd.load(vectors, WEIGHTS * n + t), lanes)
        total = simd.lane_sum(lanes)
    for t in range(whole, n):
        total += X[i, t] * vectors[WEIGHTS, t]
    return float64(total)


@helper(fastmath={"reassoc", "contract", "nsz"})  # summed in vector lanes
def add_dense(X, i, vectors, n, factor):
    """Add a multiple of a row to the weights; return the square of their new length."""
    x = i * n
    whole = n - n % LANES
    total = T(0)
    if whole > 0:
        lanes, factors = simd.splat(T(0)), simd.splat(factor)
        for t in range(0, whole, LANES):
            new = simd.fma(factors, simd.load(X, x + t), simd.load(vectors, WEIGHTS * n + t))
            simd.store(vectors, WEIGHTS * n + t, new)
            lanes = simd.fma(new, new, lanes)
        total = simd.lane_sum(lanes)
    for t in range(whole, n):
        vectors[WEIGHTS, t] += factor * X[i, t]
        total += vectors[WEIGHTS, t] * vectors[WEIGHTS, t]
    return float64(total)


@helper(fastmath={"reassoc", "contract", "nsz"})  # summed in vector lanes
def pull_all(vectors, state, scale):
    """Apply the L1 penalty to each weight; measure the weights."""
    squared = absolute = 0.0
    for t in range(vectors.shape[1]):
        old = vectors[WEIGHTS, t]
        new = pulled(old, state[PULL], vectors[PULLS, t], scale)
        vectors[WEIGHTS, t] = new
        vectors[PULLS, t] += T(scale * (new - old))
        squared += float64(new * new)
        absolute += float64(abs(new))
    state[SQUARED], state[ABSOLUTE] = squared * scale * scale, absolute * scale


@helper(fastmath={"reassoc", "contract", "nsz"})  # summed in any order
def pull_stored(indices, first, last, vectors, state, scale):
    """Apply the L1 penalty to the weights of the features that a row has; note by how much they shrink."""
    squared = absolute = 0.0
    for s in range(first, last):
        j = uint64(indices[s])
        old = vectors[WEIGHTS, j]
        new = pulled(old, state[PULL], vectors[PULLS, j], scale)
        vectors[WEIGHTS, j] = new
        vectors[PULLS, j] += T(scale * (new - old))
        squared += float64(new) * float64(new) - float64(old) * float64(old)
        absolute += abs(float64(new)) - abs(float64(old))
    state[SQUARED] += squared * scale * scale
    state[ABSOLUTE] += absolute * scale


# ---- kernels --------------------------------------------------------------------------------------------
@kernel
def shuffle_rows(
    order_out: int32[:],  # OUT (n_samples,) the order before, and after
    seed: int64,  # IN from 1 to 2^32 - 1
):
    permute(order_out, order_out.shape[0], seed)


@kernel(fastmath={"reassoc", "contract", "nsz"})  # sums in vector lanes
def descend_dense(
    X: T[:, :],  # IN (n_samples, n_features)
    targets: T[:, :],  # IN (n_samples, 2) what is to be predicted, and the weights of the samples
    order: int32[:],  # IN the rows to visit
    vectors_work: T[:, :],  # WORK (N_VECTORS, n_features)
    settings: float64[:],  # IN
    state_work: float64[:],  # WORK
    start: int64,
    stop: int64,
):
    n, average, l1 = X.shape[1], settings[AVERAGE], settings[L1]
    for k in range(start, stop):
        i = int64(order[k])
        ahead = int64(order[min(k + AHEAD, order.shape[0] - 1)])
        for t in range(0, min(n, FETCHED * LANES), LANES):
            simd.prefetch(X, ahead * n + t)
        simd.prefetch(targets, 2 * ahead)
        square = 0.0
        if settings[RATE] >= PA1:
            for t in range(n):
                square += float64(X[i, t] * X[i, t])
        p = dot_dense(X, i, vectors_work, n) * state_work[SCALE] + state_work[INTERCEPT]
        change = learn(settings, state_work, float64(targets[i, 0]), float64(targets[i, 1]), p, square)
        if settings[RATE] == PA1 and square == 0.0:
            continue
        if state_work[SCALE] < SMALLEST_SCALE:
            fold(vectors_work, state_work)
        scale = state_work[SCALE]
        if change != 0.0:
            squared = add_dense(X, i, vectors_work, n, T(change / scale))
            state_work[SQUARED] = squared * scale * scale
        move_intercept(settings, state_work, change)
        if 0.0 < average <= state_work[STEP]:
            share = T(-state_work[MEAN_SHARE] * change / scale)
            if share != T(0):
                for t in range(n):
                    vectors_work[MEANS, t] += share * X[i, t]
            count_into_means(settings, state_work)
        if l1 > 0.0:
            pull_all(vectors_work, state_work, scale)
        state_work[STEP] += 1.0


@kernel(fastmath={"reassoc", "contract", "nsz"})  # sums in any order
def descend_csr(
    data: T[:],  # IN (n_stored,)
    indices: int32[:],  # IN (n_stored,) columns
    indptr: int64[:],  # IN (n_samples + 1,)
    targets: T[:, :],  # IN (n_samples, 2) what is to be predicted, and the weights of the samples
    order: int32[:],  # IN the rows to visit
    vectors_work: T[:, :],  # WORK (N_VECTORS, n_features)
    settings: float64[:],  # IN
    state_work: float64[:],  # WORK
    start: int64,
    stop: int64,
):
    average, l1 = settings[AVERAGE], settings[L1]
    for k in range(start, stop):
        i = int64(order[k])
        first, last = uint64(indptr[i]), uint64(indptr[i + 1])
        ahead = int64(order[min(k + AHEAD, order.shape[0] - 1)])
        simd.prefetch(indptr, int64(order[min(k + 2 * AHEAD, order.shape[0] - 1)]))
        simd.prefetch(targets, 2 * ahead)
        for s in range(indptr[ahead], min(indptr[ahead + 1], indptr[ahead] + FETCHED * LANES), LANES):
            simd.prefetch(data, s)
            simd.prefetch(indices, s)
        square = product = 0.0
        for s in range(first, last):
            product += float64(data[s]) * float64(vectors_work[WEIGHTS, uint64(indices[s])])
        if settings[RATE] >= PA1:
            for s in range(first, last):
                square += float64(data[s]) * float64(data[s])
        p = product * state_work[SCALE] + state_work[INTERCEPT]
        change = learn(settings, state_work, float64(targets[i, 0]), float64(targets[i, 1]), p, square)
        if settings[RATE] == PA1 and square == 0.0:
            continue
        if state_work[SCALE] < SMALLEST_SCALE:
            product *= state_work[SCALE]
            fold(vectors_work, state_work)
        scale = state_work[SCALE]
        if change != 0.0:
            factor, square, absolute = T(change / scale), 0.0, 0.0
            for s in range(first, last):
                square += float64(data[s]) * float64(data[s])
            for s in range(first, last):
                j = uint64(indices[s])
                old = vectors_work[WEIGHTS, j]
                vectors_work[WEIGHTS, j] = old + factor * data[s]
                if l1 > 0.0:
                    absolute += abs(float64(vectors_work[WEIGHTS, j])) - abs(float64(old))
            # |w + f x|^2 without another look at w
            state_work[SQUARED] += (2.0 * product + factor * square) * factor * scale * scale
            state_work[ABSOLUTE] += absolute * scale
        move_intercept(settings, state_work, change)
        if 0.0 < average <= state_work[STEP]:
            share = T(-state_work[MEAN_SHARE] * change / scale)
            if share != T(0):
                for s in range(first, last):
                    vectors_work[MEANS, uint64(indices[s])] += share * data[s]
            count_into_means(settings, state_work)
        if l1 > 0.0:
            pull_stored(indices, first, last, vectors_work, state_work, scale)
        state_work[STEP] += 1.0


# ---- launchers ------------------------------------------------------------------------------------------
def shuffle(order, seed):
    """Shuffle the order of rows.

    Parameters
    ----------
    order : int32 array of shape (n_samples,)
        The order; overwritten with another one.
    seed : int
        From 0 to 2^32 - 1; the same seed permutes in the same way, which is scikit-learn's.
    """
    shuffle_rows(order, seed or 1)


def _in_chunks(kernels, rows, targets, order, descent, unit=1):
    """Call the kernel for the storage of the rows, for so many rows at a time that it takes some 10 ms."""
    n_values = len(rows[0]) if len(rows) == 3 else rows[0].size
    a_row = max(1, n_values // len(targets))
    chunk = max(1, CHUNK // (a_row * unit)) * unit
    work = targets, order, descent.vectors, descent.settings, descent.state
    descent.begin_epoch()
    for start in range(0, len(order), chunk):
        kernels[len(rows) == 3](*rows, *work, start, min(start + chunk, len(order)))
    descent.end_epoch()


def descend(rows, targets, order, descent):
    """Visit rows one after the other, and learn from each.

    Parameters
    ----------
    rows : tuple of array
        ``(X,)``, or the CSR arrays ``(data, indices, indptr)``, of which `indices` are int32 and `indptr`
        int64.
    targets : array of shape (n_samples, 2)
        What is to be predicted (-1 or 1 where the loss is one of a margin) and the weights of the samples, in
        X's dtype.
    order : int32 array of shape (n_visits,)
        Which rows.
    descent : Descent
        The model; brought up to date. Its losses and penalties are summed from zero.
    """
    _in_chunks((descend_dense, descend_csr), rows, targets, order, descent)


def descend_in_batches(rows, targets, order, descent):
    """Visit rows in batches, and learn from the mean gradient of each, with momentum.

    Parameters
    ----------
    rows, targets, order : array
        As for `descend`.
    descent : Descent
        The model; brought up to date. A batch counts as one step. Its losses are summed from zero, its
        penalties once for each row.
    """
    batch = int(descent.settings[BATCH])
    _in_chunks((descend_dense_batches, descend_csr_batches), rows, targets, order, descent, batch)
