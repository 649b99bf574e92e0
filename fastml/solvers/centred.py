"""Features and targets with what centres and weighs them, and the least squares problems that they pose."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from .._device import CPU, is_sparse
from .least_squares import DenseProblem, GramProblem, SparseProblem, sum_products

__all__ = ["CentredData"]


class CentredData:
    """Features and targets, their means, and the weights of samples.

    Parameters
    ----------
    device : Device
        Where dense X is.
    X : array or CSC matrix of shape (n_samples, n_features)
        float32 or float64; dense X in C or Fortran order on the CPU, in C order elsewhere. It is left as it
        is.
    y : array of shape (n_samples,) or (n_samples, n_tasks)
        The targets, on the host.
    sample_weight : array of shape (n_samples,), default=None
        The weights, on the host.
    centre : bool, default=True
        Whether means are subtracted.

    Attributes
    ----------
    centre : bool
        Whether means are subtracted.
    total : float
        The sum of the weights.
    x_mean, y_mean : float64 array of shape (n_features,), (n_tasks,)
        The weighted means; zeros if nothing is subtracted.
    Y : float64 array of shape (n_tasks, n_samples)
        The centred targets, multiplied by the roots of the weights.
    roots : float64 array of shape (n_samples,), or None
        The square roots of the weights; None if there are no weights.
    squares : float64 array of shape (n_features,)
        Weighted sums of the squares of the centred features.
    multiplied : tuple or None
        What `gram` returns, once that is known.
    """

    def __init__(self, device, X, y, sample_weight=None, *, centre=True):
        self.device, self.X, self.centre = device, X, centre
        self.multiplied = None
        n_samples, n_features = X.shape
        y = np.asarray(y, np.float64).reshape(n_samples, -1)
        weights = None if sample_weight is None else np.asarray(sample_weight, np.float64)
        self.total = float(n_samples) if weights is None else float(weights.sum())
        self.roots = None if weights is None else np.sqrt(weights)
        means, self.squares = self._moments(weights)
        if centre:
            self.x_mean, self.y_mean = means, np.average(y, axis=0, weights=weights)
        else:
            self.x_mean, self.y_mean = np.zeros(n_features), np.zeros(y.shape[1])
            self.squares = self.squares + self.total * means**2
        self.Y = np.ascontiguousarray((y - self.y_mean).T)
        if self.roots is not None:
            self.Y *= self.roots

    def _moments(self, weights):
        """The means of the features, and the sums of squares about them."""
        if is_sparse(self.X):
            X = self.X
            stored = X.data, X.indices.astype(np.int32, copy=False), X.indptr.astype(np.int64)
            moments = CPU.kernels.sparse_columns.csc_column_moments(*stored, X.shape[0], weights)
        else:
            weights = None if weights is None else self.device.asarray(weights)
            moments = self.device.kernels.columns.column_moments(self.X, weights)
        return tuple(self.device.to_host(moment) for moment in moments[1:])

    def gram(self) -> tuple[np.ndarray, np.ndarray]:
        """Multiply the features with each other and with the targets.

        Returns
        -------
        gram : float64 array of shape (n_features, n_features)
            The products of the features.
        products : float64 array of shape (n_tasks, n_features)
            The products of the targets with the features.
        """
        if self.multiplied is None:
            device = self.device
            roots = None if self.roots is None else device.asarray(self.roots)
            arguments = device.asarray(self.Y.T), device.asarray(self.x_mean), roots
            gram, products = device.kernels.gram.centred_gram(self.X, *arguments)
            self.multiplied = device.to_host(gram), device.to_host(products)
        return self.multiplied

    def products(self) -> np.ndarray:
        """Multiply the targets with the features.

        Returns
        -------
        products : float64 array of shape (n_tasks, n_features)
            The products.
        """
        if is_sparse(self.X):
            coef = np.zeros((len(self.Y), self.X.shape[1]))
            problem = self.problem()
            problem.start(coef)
            return problem.slopes(coef)
        device = self.device
        weighted = self.Y if self.roots is None else self.Y * self.roots
        arguments = device.asarray(self.x_mean), device.asarray(weighted)
        return device.to_host(device.kernels.gram.centred_slopes(self.X, *arguments))

    def of_target(self, k: int) -> CentredData:
        """Leave all targets but one.

        Parameters
        ----------
        k : int
            Which one.

        Returns
        -------
        data : CentredData
            The same features.
        """
        part = copy.copy(self)
        part.Y, part.y_mean = self.Y[k : k + 1], self.y_mean[k : k + 1]
        if self.multiplied is not None:
            gram, products = self.multiplied
            part.multiplied = gram, products[k : k + 1]
        return part

    def problem(self, gram: Any = False) -> Any:
        """Pose the problem for coordinate descent.

        Parameters
        ----------
        gram : bool or float64 array of shape (n_features, n_features), default=False
            For dense X, whether all products of features are computed first; or these products.

        Returns
        -------
        problem : GramProblem, DenseProblem or SparseProblem
            The problem.
        """
        if is_sparse(self.X):
            return SparseProblem(self._stored(), self.Y, np.sqrt(self.total) * self.x_mean, self.squares)
        if gram is False:
            return DenseProblem(self.X, self.Y, self.x_mean, self.squares, self.roots)
        gram, products = self.gram() if gram is True else (gram, self.products())
        return GramProblem(gram, products, sum_products(self.Y, self.Y))

    def _stored(self):
        """The arrays of a CSC matrix, multiplied by the roots of the weights."""
        X = self.X
        data = X.data.astype(np.float64)
        if self.roots is not None:
            data *= self.roots[X.indices]
        return data, X.indices.astype(np.int32, copy=False), X.indptr.astype(np.int64)
