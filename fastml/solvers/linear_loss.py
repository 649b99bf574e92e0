"""Penalised losses of linear models, as functions of a flat vector of coefficients."""

from __future__ import annotations

import numpy as np

__all__ = ["Objective"]


class Objective:
    """The mean loss of a linear model, and an L2 penalty.

    Coefficients are a float64 vector: those of the features, of each one by output, then the intercepts.

    Parameters
    ----------
    device : Device
        Where the data is.
    loss : {"binomial", "multinomial", "huber", "poisson", "gamma"}
        That of a row.
    X : array of shape (n_samples, n_features), or Csr
        The rows.
    y : array of shape (n_samples,)
        Targets, of X's dtype.
    sample_weight : array of shape (n_samples,) or None
        Weights, of X's dtype; None means ones.
    n_outputs : int, default=1
        Number of margins of a row: of the classes, or one.
    fit_intercept : bool, default=True
        Whether there are intercepts.
    watch : callable, default=None
        Called before each pass over the data; it may raise to end a computation.
    """

    def __init__(self, device, loss, X, y, sample_weight, *, n_outputs=1, fit_intercept=True, watch=None):
        self.device, self.kernels = device, device.kernels.linear_loss
        self.formula = self.kernels.Formula(loss)
        self.X, self.y, self.sample_weight = X, y, sample_weight
        self.n_outputs, self.fit_intercept = n_outputs, fit_intercept
        self.n_features = X.shape[1]
        self.n_coefficients = (self.n_features + fit_intercept) * n_outputs
        self.weight = float(X.shape[0] if sample_weight is None else sample_weight.sum(dtype=np.float64))
        self.watch = watch or (lambda: None)
        self.curvature = None
        self.penalise(0.0)

    def penalise(self, l2, l2_intercept=0.0):
        """Set the penalty.

        Parameters
        ----------
        l2 : float
            Half the squares of the features' coefficients are multiplied by this.
        l2_intercept : float, default=0.0
            And those of the intercepts by this.
        """
        self.l2 = np.full(self.n_coefficients, float(l2))
        self.l2[self.n_features * self.n_outputs :] = l2_intercept

    def __call__(self, w, curve=False):
        """Compute the objective and its gradient.

        Parameters
        ----------
        w : float64 array of shape (n_coefficients,)
            Coefficients.
        curve : bool, default=False
            Whether `hessian` and `hessian_product` are to be for these coefficients from now on.

        Returns
        -------
        value : float
            The objective.
        gradient : float64 array of shape (n_coefficients,)
            Its derivatives.
        """
        if curve and self.curvature is None:
            self.curvature = self.device.empty((self.X.shape[0], self.n_outputs), self.X.dtype)
        value, gradient, _ = self.sums(w, self.curvature if curve else None)
        pull = self.l2 * w
        gradient = gradient / self.weight
        gradient += pull
        return value / self.weight + 0.5 * float(pull @ w), gradient

    def sums(self, w, curvature_out=None):
        """Compute the sum of losses, its gradient and its derivative by the formula's scale."""
        self.watch()
        gradient = self.device.empty((self.n_features + 1, self.n_outputs), np.float64)
        total, by_scale = self.kernels.loss_gradient(
            self.formula, self.X, self.y, self.sample_weight, self._wide(w), gradient, curvature_out
        )
        return total, self._flat(gradient), by_scale

    def hessian(self):
        """Compute the matrix of second derivatives, of shape (n_coefficients, n_coefficients)."""
        self.watch()
        sums = self.kernels.hessian(self.formula, self.X, self.sample_weight, self.curvature)
        size = self.n_coefficients
        hessian = self.device.to_host(sums)[:size, :size] / self.weight
        hessian[np.diag_indices(size)] += self.l2
        return hessian

    def hessian_product(self, v):
        """Multiply the matrix of second derivatives and a vector of shape (n_coefficients,)."""
        self.watch()
        product = self.device.empty((self.n_features + 1, self.n_outputs), np.float64)
        self.kernels.hessian_product(
            self.formula, self.X, self.sample_weight, self.curvature, self._wide(v), product
        )
        return self._flat(product) / self.weight + self.l2 * v

    def _wide(self, w):
        """Coefficients as kernels take them: an intercept of zero where there is none."""
        W = np.zeros((self.n_features + 1, self.n_outputs))
        W.reshape(-1)[: self.n_coefficients] = w
        return self.device.asarray(W)

    def _flat(self, W):
        return self.device.to_host(W).reshape(-1)[: self.n_coefficients]
