"""Stochastic gradient descent, one sample at a time: what does not depend on how the rows are stored."""

import math

from .._compile import T, float64, helper
from ._sgd_state import (
    ABSOLUTE,
    ALPHA,
    AVERAGE,
    EPSILON_INSENSITIVE,
    ETA,
    ETA0,
    FIRST,
    HINGE,
    HUBER,
    INTERCEPT,
    INTERCEPT_RATE,
    INVSCALING,
    L1,
    L2,
    LOG_LOSS,
    LOSS,
    LOSS_SUM,
    MEAN_INTERCEPT,
    MEAN_SCALE,
    MEAN_SHARE,
    MEANS,
    OPTIMAL,
    PA1,
    PARAMETER,
    PENALTY_SUM,
    POWER_T,
    PULL,
    RATE,
    SCALE,
    SQUARED,
    SQUARED_ERROR,
    SQUARED_HINGE,
    STEP,
    WEIGHTS,
)

STEEPEST = 1e12  # slope of a loss; steeper ones are taken to be as steep
SMALLEST_SCALE = 1e-6  # below, weights would lose digits to their scale


@helper
def margin_loss(loss, y, p, threshold):
    """A loss of `y * p`, and its derivative with regard to p."""
    z = y * p
    if loss == HINGE:
        if z <= threshold:
            return threshold - z, -y
    elif loss == SQUARED_HINGE:
        if z < threshold:
            return (threshold - z) * (threshold - z), -2.0 * y * (threshold - z)
    elif loss == LOG_LOSS:
        e = math.exp(-abs(z))
        return math.log1p(e) + max(-z, 0.0), -y * (1.0 if z < 0.0 else e) / (1.0 + e)
    elif z < -1.0:  # the modified Huber loss
        return -4.0 * z, -4.0 * y
    elif z < 1.0:
        return (1.0 - z) * (1.0 - z), -2.0 * y * (1.0 - z)
    return 0.0, 0.0


@helper
def error_loss(loss, y, p, epsilon):
    """A loss of `p - y`, and its derivative with regard to p."""
    error = p - y
    sign = 1.0 if error > 0.0 else -1.0
    beyond = abs(error) - epsilon
    if loss == SQUARED_ERROR or (loss == HUBER and beyond <= 0.0):
        return 0.5 * error * error, error
    if loss == HUBER:
        return epsilon * (abs(error) - 0.5 * epsilon), epsilon * sign
    if beyond <= 0.0:
        return 0.0, 0.0
    if loss == EPSILON_INSENSITIVE:
        return beyond, sign
    return beyond * beyond, 2.0 * sign * beyond


@helper
def loss_and_slope(settings, y, p):
    """The loss of predicting p where y is true, and its derivative with regard to p."""
    loss, parameter = settings[LOSS], settings[PARAMETER]
    if loss <= LOG_LOSS:
        return margin_loss(loss, y, p, parameter)
    return error_loss(loss, y, p, parameter)


@helper
def step_size(settings, state):
    """The learning rate of the present step."""
    rate = settings[RATE]
    if rate == OPTIMAL:
        return 1.0 / (settings[ALPHA] * (settings[FIRST] + state[STEP] - 1.0))
    if rate == INVSCALING:
        power = settings[POWER_T]
        if power == 0.25:  # the usual ones, without a logarithm
            return settings[ETA0] / math.sqrt(math.sqrt(state[STEP]))
        if power == 0.5:
            return settings[ETA0] / math.sqrt(state[STEP])
        return settings[ETA0] / state[STEP] ** power
    return state[ETA]


@helper
def learn(settings, state, y, weight, p, square):
    """Judge a prediction, decay the weights; return the multiple of the row that is to be added to them."""
    loss, slope = loss_and_slope(settings, y, p)
    eta = step_size(settings, state)
    l2 = settings[L2]
    state[LOSS_SUM] += loss
    state[PENALTY_SUM] += 0.5 * l2 * state[SQUARED] + settings[L1] * state[ABSOLUTE]
    state[PULL] += settings[L1] * eta
    if settings[RATE] < PA1:
        change = -eta * min(max(slope, -STEEPEST), STEEPEST)
    elif slope == 0.0 or (square == 0.0 and settings[RATE] == PA1):
        change = 0.0
    else:
        # Crammer et al. (2006): as far as it takes to make the loss zero, or a compromise.
        bounded = min(settings[ETA0], loss / square)
        change = bounded if settings[RATE] == PA1 else loss / (square + 0.5 / settings[ETA0])
        change = -change if slope > 0.0 else change
    if l2 > 0.0:
        shrink = max(0.0, 1.0 - l2 * eta)
        state[SCALE] *= shrink
        state[SQUARED] *= shrink * shrink
        state[ABSOLUTE] *= shrink
    return change * weight


@helper
def move_intercept(settings, state, change):
    """Move the intercept, and the average of where it has been."""
    state[INTERCEPT] += change * settings[INTERCEPT_RATE]
    if 0.0 < settings[AVERAGE] <= state[STEP]:
        apart = state[INTERCEPT] - state[MEAN_INTERCEPT]
        state[MEAN_INTERCEPT] += apart / (state[STEP] - settings[AVERAGE] + 1.0)


@helper
def count_into_means(settings, state):
    """Give the present weights their share in the means."""
    n = state[STEP] - settings[AVERAGE] + 1.0
    if n > 1.0:
        state[MEAN_SCALE] /= 1.0 - 1.0 / n
    state[MEAN_SHARE] += state[MEAN_SCALE] * state[SCALE] / n


@helper
def pulled(weight, pull, had, scale):
    """A weight, drawn towards zero by what it has not had of a penalty, and no further.

    Tsuruoka, Y., Tsujii, J., Ananiadou, S. (2009). Stochastic gradient descent training for l1-regularized
    log-linear models with cumulative penalty. ACL 2009.
    """
    down = max(T(0), weight - T((pull + had) / scale))
    up = min(T(0), weight + T((pull - had) / scale))
    return down if weight > T(0) else (up if weight < T(0) else weight)


@helper
def fold(vectors, state):
    """Multiply the scales out."""
    share, mean_scale, scale = state[MEAN_SHARE], state[MEAN_SCALE], state[SCALE]
    for t in range(vectors.shape[1]):
        if share != 0.0:
            mean = float64(vectors[MEANS, t]) + share * float64(vectors[WEIGHTS, t])
            vectors[MEANS, t] = T(mean / mean_scale)
        vectors[WEIGHTS, t] = T(scale * float64(vectors[WEIGHTS, t]))
    state[MEAN_SHARE], state[MEAN_SCALE], state[SCALE] = 0.0, 1.0, 1.0
