"""Regression by nearest neighbours."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .._base import Regressor
from .._device import CPU, like_input
from .._docs import inherit_docs
from .._validation import check_fitted, check_X_y, fit_method
from ._base import WEIGHTS, NeighborsBase, is_search
from ._search import KNeighbors, RadiusNeighbors
from ._weights import average, even_starts, weights_of_lists, weights_of_rows

__all__ = ["KNeighborsRegressor", "RadiusNeighborsRegressor"]


class _NeighborsRegressor(Regressor, NeighborsBase):
    """What the two regressors share."""

    @fit_method
    def fit(self, X: Any, y: Any) -> Any:
        """Keep the points and their targets, and build a tree where that pays.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features), or (n_samples, n_samples) if \
                metric="precomputed", or a tree
            The points.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their targets.

        Returns
        -------
        self : estimator
            The fitted estimator.
        """
        if is_search(X):
            y = np.asarray(y)
        else:
            X, y = check_X_y(self, X, y, y_float=True, multi_output=True, **self._check_options())
        self._fit_search(X)
        self._y = y
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Predict targets.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_queries, n_features), or (n_queries, n_samples_fit) if \
                metric="precomputed", or None
            Queries. None means the fitted points, each without itself.

        Returns
        -------
        y : ndarray of shape (n_queries,) or (n_queries, n_outputs)
            Means of the neighbours' targets; NaN, with a warning, where a radius holds none.
        """
        check_fitted(self, "_fit_method")
        return like_input(self._means(X), X)


@inherit_docs
class KNeighborsRegressor(KNeighbors, _NeighborsRegressor):
    """Regression by the mean of the nearest neighbours.

    Parameters
    ----------
    weights : {"uniform", "distance"}, callable or None, default="uniform"
        Weights of neighbours in the mean: equal, the inverses of the distances, or what the callable returns
        for an array of distances. None is "uniform".

    Raises
    ------
    ValueError
        If data or parameters are not as they should be.

    References
    ----------
    Altman (1992). An introduction to kernel and nearest-neighbor nonparametric regression. The American
    Statistician 46(3).

    Examples
    --------
    >>> from fastml.neighbors import KNeighborsRegressor
    >>> model = KNeighborsRegressor(n_neighbors=2).fit([[0.0], [1.0], [2.0], [3.0]], [0.0, 0.0, 1.0, 1.0])
    >>> model.predict([[1.5]])
    array([0.5])
    """

    _constraints: dict = {**KNeighbors._constraints, **WEIGHTS}

    def __init__(
        self,
        n_neighbors: int | None = 5,
        *,
        weights: Any = "uniform",
        algorithm: str = "auto",
        leaf_size: int = 30,
        p: float | None = 2,
        metric: Any = "minkowski",
        metric_params: dict | None = None,
        n_jobs: int | None = None,
        device: str | None = None,
    ):
        self.n_neighbors = n_neighbors
        self.weights = weights
        self.algorithm = algorithm
        self.leaf_size = leaf_size
        self.p = p
        self.metric = metric
        self.metric_params = metric_params
        self.n_jobs = n_jobs
        self.device = device

    def _means(self, X):
        """Means of the neighbours' targets."""
        distances, indices = (CPU.to_host(part) for part in self.kneighbors(X))
        weights = weights_of_lists(self.weights, distances)
        weights = None if weights is None else weights.ravel()
        indices = indices.astype(np.int64, copy=False)  # those of scikit-learn's graphs are int32
        return average(even_starts(*indices.shape), indices.ravel(), weights, self._y)


@inherit_docs
class RadiusNeighborsRegressor(RadiusNeighbors, _NeighborsRegressor):
    """Regression by the mean of the neighbours within a radius.

    Parameters
    ----------
    weights : {"uniform", "distance"}, callable or None, default="uniform"
        Weights of neighbours in the mean: equal, the inverses of the distances, or what the callable returns
        for an array of arrays of distances. None is "uniform".

    Raises
    ------
    ValueError
        If data or parameters are not as they should be.

    Examples
    --------
    >>> from fastml.neighbors import RadiusNeighborsRegressor
    >>> model = RadiusNeighborsRegressor(radius=1.0).fit([[0.0], [1.0], [2.0], [3.0]], [0.0, 0.0, 1.0, 1.0])
    >>> model.predict([[1.5]])
    array([0.5])
    """

    _constraints: dict = {**RadiusNeighbors._constraints, **WEIGHTS}

    def __init__(
        self,
        radius: float | None = 1.0,
        *,
        weights: Any = "uniform",
        algorithm: str = "auto",
        leaf_size: int = 30,
        p: float | None = 2,
        metric: Any = "minkowski",
        metric_params: dict | None = None,
        n_jobs: int | None = None,
        device: str | None = None,
    ):
        self.radius = radius
        self.weights = weights
        self.algorithm = algorithm
        self.leaf_size = leaf_size
        self.p = p
        self.metric = metric
        self.metric_params = metric_params
        self.n_jobs = n_jobs
        self.device = device

    def _means(self, X):
        """Means of the neighbours' targets."""
        starts, distances, indices = self._neighbor_rows(X)
        y = average(starts, indices, weights_of_rows(self.weights, distances, starts), self._y)
        if np.isnan(y).any():
            warnings.warn("One or more samples have no neighbors within specified radius; predicting NaN.")
        return y
