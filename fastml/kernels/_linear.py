"""The losses of linear models, as kernels of both devices number them."""

import numpy as np

__all__ = ["BINOMIAL", "GAMMA", "HUBER", "MULTINOMIAL", "POISSON", "Formula"]

BINOMIAL, MULTINOMIAL, HUBER, POISSON, GAMMA = range(5)
LOSSES = {
    "binomial": BINOMIAL,
    "multinomial": MULTINOMIAL,
    "huber": HUBER,
    "poisson": POISSON,  # of a logarithm, as the next one; constants are left out
    "gamma": GAMMA,
}


class Formula:
    """A loss and its parameters.

    Parameters
    ----------
    loss : {"binomial", "multinomial", "huber", "poisson", "gamma"}
        Its name.
    epsilon : float, default=0.0
        Of the Huber loss: from how many scales on an error is an outlier.
    scale : float, default=1.0
        Of the Huber loss.
    """

    def __init__(self, loss, epsilon=0.0, scale=1.0):
        self.loss = LOSSES[loss]
        self.terms = np.array([self.loss, epsilon, scale], np.float64)
