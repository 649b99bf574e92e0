"""What the k-means estimators share."""

from __future__ import annotations

import copy
import numbers
import warnings
from typing import Any

import numpy as np

from .._base import ClassNamePrefix, Clusterer, Estimator, Transformer
from .._device import choose, is_sparse, like_input, report_fallback
from .._validation import (
    DEVICE,
    Interval,
    Options,
    check_array_fast,
    check_fitted,
    check_weight,
    check_X,
    sk,
)
from ..solvers import kmeans as solver

__all__ = ["BaseKMeans", "is_array_like"]


def is_array_like(value) -> bool:
    """Tell whether a parameter is an array rather than a name or a function."""
    return not isinstance(value, str) and (
        hasattr(value, "__len__") or hasattr(value, "shape") or hasattr(value, "__array__")
    )


class BaseKMeans(ClassNamePrefix, Transformer, Clusterer, Estimator):
    """What KMeans and MiniBatchKMeans share."""

    _constraints = {
        "n_clusters": [Interval(numbers.Integral, 1)],
        "init": [Options("k-means++", "random"), callable, "array-like"],
        "n_init": [Options("auto"), Interval(numbers.Integral, 1)],
        "max_iter": [Interval(numbers.Integral, 1)],
        "tol": [Interval(numbers.Real, 0)],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
        "device": DEVICE,
    }
    _default_n_init = 10
    _init_sees_offset = True  # whether a callable `init` is given the rows minus the plan's offset
    _sklearn_name = "sklearn.cluster.KMeans"

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    @property
    def _n_features_out(self):
        return self.cluster_centers_.shape[0]

    # ---- fitting ----
    def _check_n_clusters(self, X):
        if X.shape[0] < self.n_clusters:
            raise ValueError(f"n_samples={X.shape[0]} should be >= n_clusters={self.n_clusters}.")

    def _resolve_n_init(self, stacklevel):
        n_init = self.n_init
        if isinstance(n_init, str):
            several = callable(self.init) or (isinstance(self.init, str) and self.init == "random")
            n_init = self._default_n_init if several else 1
        if is_array_like(self.init) and n_init != 1:
            warnings.warn(
                "Explicit initial center position passed: performing only"
                f" one init in {type(self).__name__} instead of n_init={n_init}.",
                RuntimeWarning,
                stacklevel=stacklevel + 1,
            )
            n_init = 1
        return n_init

    def _check_init(self, X):
        """Return the parameter `init`, an array as a checked copy."""
        if not is_array_like(self.init):
            return self.init
        init = check_array_fast(self.init, dtype=X.dtype, copy=True, order="C")
        self._check_center_shape(X, init)
        return init

    def _check_center_shape(self, X, centers):
        if centers.shape[0] != self.n_clusters:
            raise ValueError(
                f"The shape of the initial centers {centers.shape} does not "
                f"match the number of clusters {self.n_clusters}."
            )
        if centers.shape[1] != X.shape[1]:
            raise ValueError(
                f"The shape of the initial centers {centers.shape} does not "
                f"match the number of features of the data {X.shape[1]}."
            )

    def _first_centers(self, device, plan, init, rng):
        """Initial centers on the device, relative to the plan's offset."""
        X = plan.X
        if is_array_like(init):
            return device.asarray(init) - plan.offset
        if callable(init):
            rows = X - plan.offset if self._init_sees_offset else X
            centers = init(device.to_host(rows), self.n_clusters, random_state=rng)
            centers = check_array_fast(centers, dtype=X.dtype, order="C")
            self._check_center_shape(X, centers)
            centers = device.asarray(centers)
            return centers if self._init_sees_offset else centers - plan.offset
        if init == "random":
            weight = device.to_host(plan.sample_weight)
            weight = weight if len(weight) else np.ones(len(X), X.dtype)
            rows = rng.choice(len(X), size=self.n_clusters, replace=False, p=weight / weight.sum())
        else:
            rows = solver.choose_seeds(device, plan, self.n_clusters, rng)
        return X[device.asarray(rows)] - plan.offset

    def _choose_device(self, X, iterations=1):
        return choose(self.device, X, work=2.0 * X.shape[0] * X.shape[1] * self.n_clusters * iterations)

    # ---- scikit-learn's twin ----
    def to_sklearn(self) -> Any:
        """Return scikit-learn's estimator with the same parameters and, once fitted, the same model.

        Returns
        -------
        estimator : sklearn.base.BaseEstimator
            It needs fastml no more.
        """
        return copy.deepcopy(self._twin())

    def _twin(self):
        """scikit-learn's estimator, which shares parameters and fitted attributes with this one."""
        params = self.get_params(deep=False)
        del params["device"]
        twin = sk(self._sklearn_name)(**params)
        for name, value in vars(self).items():
            if name not in params and name not in ("device", "_skl_callbacks", "_parent_callback_ctx"):
                setattr(twin, name, value)
        if "cluster_centers_" in vars(self):
            twin._n_features_out = self._n_features_out
            twin._n_threads = sk("sklearn.utils._openmp_helpers._openmp_effective_n_threads")()
        return twin

    def _sparse_twin(self):
        report_fallback(f"scikit-learn's {type(self).__name__}", "the data is sparse")
        return self._twin()

    def _take_from(self, twin):
        """Take over the fitted attributes of scikit-learn's estimator."""
        params = self.get_params(deep=False)
        for name, value in vars(twin).items():
            if name not in params and name not in ("_n_features_out", "_n_threads"):
                setattr(self, name, value)

    # ---- using the model ----
    def _check_data(self, X):
        check_fitted(self, "cluster_centers_")
        return check_X(self, X, reset=False, accept_sparse="csr", accept_large_sparse=False)

    def _plan(self, device, X, sample_weight=None):
        """A plan of new data, and the centers relative to its offset."""
        X = device.asarray(X)
        centers = device.asarray(self.cluster_centers_, X.dtype)
        weight = None if sample_weight is None else device.asarray(sample_weight)
        offset = centers[0].copy()
        return device.kernels.kmeans.plan(X, weight, offset, keep=False), centers - offset

    def predict(self, X: Any) -> Any:
        """Predict the closest cluster of each sample.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            New data.

        Returns
        -------
        labels : int32 ndarray of shape (n_samples,)
            Index of the cluster that each sample belongs to; the lowest of several equally near.
        """
        data = self._check_data(X)
        if is_sparse(data):
            return self._sparse_twin().predict(data)
        device = self._choose_device(data)
        plan, centers = self._plan(device, data)
        return like_input(solver.label_rows(device, plan, centers), X)

    def transform(self, X: Any) -> Any:
        """Transform X to the distances from the cluster centers.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            New data.

        Returns
        -------
        X_new : ndarray of shape (n_samples, n_clusters)
            Euclidean distances, in X's dtype.
        """
        data = self._check_data(X)
        if is_sparse(data):
            return self._sparse_twin().transform(data)
        device = self._choose_device(data)
        data = device.asarray(data)
        centers = device.asarray(self.cluster_centers_, data.dtype)
        out = device.empty((data.shape[0], centers.shape[0]), data.dtype)
        device.kernels.distance.pairwise(data, centers, "euclidean", out)
        return like_input(out, X)

    def fit_predict(self, X: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """Compute the cluster centers and return the cluster of each sample.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        y : Ignored
            Present for consistency.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; None means ones.

        Returns
        -------
        labels : int32 ndarray of shape (n_samples,)
            Index of the cluster that each sample belongs to.
        """
        return like_input(self.fit(X, sample_weight=sample_weight).labels_, X)

    def fit_transform(self, X: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """Compute the cluster centers and return the distances from them.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        y : Ignored
            Present for consistency.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; None means ones.

        Returns
        -------
        X_new : ndarray of shape (n_samples, n_clusters)
            Euclidean distances.
        """
        return self.fit(X, sample_weight=sample_weight).transform(X)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Return the negative of the k-means objective on X.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            New data.
        y : Ignored
            Present for consistency.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; None means ones.

        Returns
        -------
        score : float
            Minus the weighted sum of squared distances from the closest centers.
        """
        data = self._check_data(X)
        if is_sparse(data):
            return self._sparse_twin().score(data, sample_weight=sample_weight)
        weight = check_weight(sample_weight, data)
        device = self._choose_device(data)
        plan, centers = self._plan(device, data, weight)
        labels = solver.label_rows(device, plan, centers)
        return -device.kernels.kmeans.inertia(plan, centers, labels)
