"""The losses of linear models, as kernels of both devices number them."""

import numpy as np

__all__ = ["BINOMIAL", "HUBER", "MULTINOMIAL", "Formula"]

BINOMIAL, MULTINOMIAL, HUBER = range(3)
LOSSES = {"binomial": BINOMIAL, "multinomial": MULTINOMIAL, "huber": HUBER}


class Formula:
    """A loss and its parameters.

    Parameters
    ----------
    loss : {"binomial", "multinomial", "huber"}
        Its name.
    epsilon : float, default=0.0
        Of the Huber loss: from how many scales on an error is an outlier.
    scale : float, default=1.0
        Of the Huber loss.
    """

    def __init__(self, loss, epsilon=0.0, scale=1.0):
        self.loss = LOSSES[loss]
        self.terms = np.array([self.loss, epsilon, scale], np.float64)
