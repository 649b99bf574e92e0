"""Stochastic gradient descent in batches: one step along the mean gradient of some rows, with momentum."""

from .._compile import T, float64, helper, int32, int64, kernel, uint64
from ._sgd_state import (
    AVERAGE,
    BATCH,
    GRADIENT,
    INTERCEPT,
    INTERCEPT_RATE,
    INTERCEPT_VELOCITY,
    L1,
    L2,
    LOSS_SUM,
    MEAN_INTERCEPT,
    MEANS,
    MOMENTUM,
    PENALTY_SUM,
    STEP,
    VELOCITY,
    WEIGHTS,
)
from ._sgd_steps import STEEPEST, loss_and_slope, step_size

__all__ = ["descend_csr_batches", "descend_dense_batches"]


@helper
def judge(settings, state, y, weight, p):
    """Add a prediction's loss up; return the weighted slope of it."""
    loss, slope = loss_and_slope(settings, y, p)
    state[LOSS_SUM] += loss
    return weight * min(max(slope, -STEEPEST), STEEPEST)


@helper
def step(vectors, settings, state, slopes, n_rows):
    """Move everything along the gradient, which is a sum over the batch; then set it to zero."""
    eta, momentum, l2 = step_size(settings, state), settings[MOMENTUM], settings[L2]
    decay, pull = min(1.0, eta * l2), eta * settings[L1]
    squared = absolute = 0.0
    share = 0.0
    if 0.0 < settings[AVERAGE] <= state[STEP]:
        share = 1.0 / (state[STEP] - settings[AVERAGE] + 1.0)
    for t in range(vectors.shape[1]):
        old = float64(vectors[WEIGHTS, t])
        squared += old * old
        absolute += abs(old)
        velocity = momentum * float64(vectors[VELOCITY, t]) - eta / n_rows * float64(vectors[GRADIENT, t])
        velocity -= decay * old
        vectors[VELOCITY, t] = T(velocity)
        vectors[GRADIENT, t] = T(0)
        # What the L1 penalty does is no gradient: it draws towards zero, and no further.
        moved = old + velocity
        shrunk = max(0.0, abs(moved) - pull)
        new = T(shrunk if moved > 0.0 else -shrunk)
        vectors[WEIGHTS, t] = new
        vectors[MEANS, t] += T(share * (float64(new) - float64(vectors[MEANS, t])))
    state[PENALTY_SUM] += n_rows * (0.5 * l2 * squared + settings[L1] * absolute)
    velocity = momentum * state[INTERCEPT_VELOCITY] - eta / n_rows * slopes * settings[INTERCEPT_RATE]
    state[INTERCEPT_VELOCITY] = velocity
    state[INTERCEPT] += velocity
    state[MEAN_INTERCEPT] += share * (state[INTERCEPT] - state[MEAN_INTERCEPT])
    state[STEP] += 1.0


@kernel(fastmath={"reassoc", "contract", "nsz"})  # sums in vector lanes
def descend_dense_batches(
    X: T[:, :],  # IN (n_samples, n_features)
    targets: T[:, :],  # IN (n_samples, 2) what is to be predicted, and the weights of the samples
    order: int32[:],  # IN the rows to visit
    vectors_work: T[:, :],  # WORK (N_VECTORS, n_features)
    settings: float64[:],  # IN
    state_work: float64[:],  # WORK
    start: int64,  # a multiple of the batch
    stop: int64,
):
    batch = int64(settings[BATCH])
    for first in range(start, stop, batch):
        last, slopes = min(first + batch, stop), 0.0
        for k in range(first, last):
            i, p = int64(order[k]), T(0)
            for t in range(X.shape[1]):
                p += X[i, t] * vectors_work[WEIGHTS, t]
            p = float64(p) + state_work[INTERCEPT]
            slope = judge(settings, state_work, float64(targets[i, 0]), float64(targets[i, 1]), p)
            slopes += slope
            if slope != 0.0:
                for t in range(X.shape[1]):
                    vectors_work[GRADIENT, t] += T(slope) * X[i, t]
        step(vectors_work, settings, state_work, slopes, float64(last - first))


@kernel(fastmath={"reassoc", "contract", "nsz"})  # sums in any order
def descend_csr_batches(
    data: T[:],  # IN (n_stored,)
    indices: int32[:],  # IN (n_stored,) columns
    indptr: int64[:],  # IN (n_samples + 1,)
    targets: T[:, :],  # IN (n_samples, 2) what is to be predicted, and the weights of the samples
    order: int32[:],  # IN the rows to visit
    vectors_work: T[:, :],  # WORK (N_VECTORS, n_features)
    settings: float64[:],  # IN
    state_work: float64[:],  # WORK
    start: int64,  # a multiple of the batch
    stop: int64,
):
    batch = int64(settings[BATCH])
    for first in range(start, stop, batch):
        last, slopes = min(first + batch, stop), 0.0
        for k in range(first, last):
            i, p = int64(order[k]), state_work[INTERCEPT]
            for s in range(uint64(indptr[i]), uint64(indptr[i + 1])):
                p += float64(data[s]) * float64(vectors_work[WEIGHTS, uint64(indices[s])])
            slope = judge(settings, state_work, float64(targets[i, 0]), float64(targets[i, 1]), p)
            slopes += slope
            if slope != 0.0:
                for s in range(uint64(indptr[i]), uint64(indptr[i + 1])):
                    vectors_work[GRADIENT, uint64(indices[s])] += T(slope) * data[s]
        step(vectors_work, settings, state_work, slopes, float64(last - first))
