"""Stochastic gradient descent: what a linear model remembers between samples, and its losses."""

import math

import numpy as np

__all__ = ["LOSSES", "RATES", "Descent"]

# Losses of a margin, with y either -1 or 1, come first.
HINGE, SQUARED_HINGE, MODIFIED_HUBER, LOG_LOSS = range(4)
SQUARED_ERROR, HUBER, EPSILON_INSENSITIVE, SQUARED_EPSILON_INSENSITIVE = range(4, 8)

# name -> (loss, its parameter; None where the user's epsilon is the parameter)
LOSSES = {
    "hinge": (HINGE, 1.0),
    "perceptron": (HINGE, 0.0),
    "squared_hinge": (SQUARED_HINGE, 1.0),
    "modified_huber": (MODIFIED_HUBER, 0.0),
    "log_loss": (LOG_LOSS, 0.0),
    "squared_error": (SQUARED_ERROR, 0.0),
    "huber": (HUBER, None),
    "absolute_error": (EPSILON_INSENSITIVE, 0.0),
    "epsilon_insensitive": (EPSILON_INSENSITIVE, None),
    "squared_epsilon_insensitive": (SQUARED_EPSILON_INSENSITIVE, None),
}

CONSTANT, OPTIMAL, INVSCALING, ADAPTIVE, PA1, PA2 = range(6)
RATES = {
    "constant": CONSTANT,
    "optimal": OPTIMAL,
    "invscaling": INVSCALING,
    "adaptive": ADAPTIVE,
    "pa1": PA1,
    "pa2": PA2,
}

# Places in `settings`
LOSS, PARAMETER, RATE, L2, L1, ETA0, POWER_T, ALPHA, FIRST, AVERAGE, INTERCEPT_RATE = range(11)
BATCH, MOMENTUM, N_SETTINGS = range(11, 14)

# Places in `state`. The weights are the vector times SCALE, so that a decay costs one multiplication, and
# their means are what MEAN_SHARE and MEAN_SCALE make of both vectors (Bottou, L. (2012). Stochastic gradient
# descent tricks. Neural networks: tricks of the trade).
STEP, ETA, SCALE, SQUARED, ABSOLUTE, PULL = range(6)
INTERCEPT, MEAN_INTERCEPT, INTERCEPT_VELOCITY = range(6, 9)
MEAN_SHARE, MEAN_SCALE, LOSS_SUM, PENALTY_SUM, N_STATE = range(9, 14)

# Rows of `vectors`. PULLS are the L1 penalties that each weight had so far; batches have no use for them.
WEIGHTS, MEANS, PULLS, GRADIENT, N_VECTORS = range(5)
VELOCITY = PULLS


class Descent:
    """A linear model on its way down, of one output.

    Parameters
    ----------
    weights : array of shape (n_features,)
        Where to begin; copied, as are all others.
    intercept : float
        Likewise.
    means, mean_intercept : array of shape (n_features,) and float
        The averages of both so far.
    step : float
        The number of the next update, from 1 on.
    loss : str
        One of `LOSSES`.
    rate : str
        One of `RATES`.
    epsilon : float
        The parameter of the losses that have one.
    l2, l1 : float
        Strengths of the penalties.
    alpha, eta0, power_t : float
        What learning rates are made of; see `fastml.linear_model.SGDClassifier`.
    average : int
        The update from which on weights are averaged; 0 for none.
    intercept_rate : float
        What updates of the intercept are multiplied by; 0 leaves it as it is.
    batch : int
        Samples for an update.
    momentum : float
        Which part of an update is repeated in the next.
    """

    def __init__(
        self, weights, intercept, means, mean_intercept, step, *, loss, rate, epsilon, l2, l1, alpha, eta0,
        power_t, average, intercept_rate, batch=1, momentum=0.0,
    ):  # fmt: skip
        kind, parameter = LOSSES[loss]
        self.vectors = np.zeros((N_VECTORS, len(weights)), weights.dtype)
        self.vectors[WEIGHTS], self.vectors[MEANS] = weights, means
        self.settings = np.zeros(N_SETTINGS)
        self.settings[LOSS] = kind
        self.settings[PARAMETER] = epsilon if parameter is None else parameter
        self.settings[RATE] = RATES[rate]
        self.settings[[L2, L1, ETA0, POWER_T, ALPHA, AVERAGE]] = l2, l1, eta0, power_t, alpha, average
        if rate == "optimal":  # the first step is as long as a typical weight
            self.settings[FIRST] = 1 / (np.sqrt(1 / np.sqrt(alpha)) * alpha)
        self.settings[[INTERCEPT_RATE, BATCH, MOMENTUM]] = intercept_rate, batch, momentum
        self.state = np.zeros(N_STATE)
        self.state[[STEP, ETA, SCALE, MEAN_SCALE]] = step, eta0, 1, 1
        self.state[[INTERCEPT, MEAN_INTERCEPT]] = intercept, mean_intercept
        self.measure()

    weights = property(lambda self: self.vectors[WEIGHTS])
    intercept = property(lambda self: float(self.state[INTERCEPT]))
    mean_intercept = property(lambda self: float(self.state[MEAN_INTERCEPT]))
    penalty_sum = property(lambda self: float(self.state[PENALTY_SUM]))
    loss_sum = property(lambda self: float(self.state[LOSS_SUM]))
    eta = property(lambda self: float(self.state[ETA]))

    def _means(self):
        share, scale = self.state[MEAN_SHARE], self.state[MEAN_SCALE]
        return ((self.vectors[MEANS] + share * self.vectors[WEIGHTS]) / scale).astype(self.vectors.dtype)

    means = property(_means)  # of the weights

    def slow_down(self):
        """Divide the learning rate by five."""
        self.state[ETA] /= 5

    def begin_epoch(self):
        """Start to sum losses."""
        self.state[LOSS_SUM] = self.state[PENALTY_SUM] = 0.0

    def measure(self):
        """Compute the norms of the weights, without the rounding errors of many steps."""
        # Without BLAS, whose threads take longer to wake up than this.
        self.state[SQUARED] = np.einsum("i,i->", self.weights, self.weights)
        if self.settings[L1]:
            self.state[ABSOLUTE] = np.abs(self.weights).sum()

    def end_epoch(self):
        """Multiply the scale of the weights out."""
        scale = self.state[SCALE]
        if scale != 1.0:
            self.vectors[WEIGHTS] *= scale
            self.state[MEAN_SHARE] /= scale
            self.state[SCALE] = 1.0
        self.measure()

    def is_finite(self):
        """Tell whether no weight has overflowed, nor the intercept."""
        of_all = math.isfinite(self.state[SQUARED]) or bool(np.isfinite(self.weights).all())
        return of_all and math.isfinite(self.state[INTERCEPT])
