"""MinMaxScaler and MaxAbsScaler."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._validation import DEVICE, fit_method
from ._scaler import Scaler, compressed, handle_zeros, is_sparse, warn_empty_columns

__all__ = ["MaxAbsScaler", "MinMaxScaler"]


class _ExtremesScaler(Scaler):
    """Base of the scalers that look at the largest and smallest values."""

    def _extremes(self, X, given):
        """Smallest and largest value of every column of dense X, on the host and of X's dtype."""
        device, data = self._to_device(X)
        minima, maxima = map(device.to_host, device.kernels.columns.column_extremes(data))
        if (minima == -math.inf).any() or (maxima == math.inf).any():
            self._refuse_infinite(given)
        warn_empty_columns(np.isnan(minima), "All-NaN slice encountered")
        return minima.astype(X.dtype, copy=False), maxima.astype(X.dtype, copy=False)


class MinMaxScaler(_ExtremesScaler):
    """Scale every feature to a range.

    Parameters
    ----------
    feature_range : tuple (min, max), default=(0, 1)
        The range.
    copy : bool, default=True
        If False, scale in place where that is possible.
    clip : bool, default=False
        Whether to set values that come to lie outside the range, in data that the scaler was not fitted on,
        to its ends.
    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means the configuration's device.

    Attributes
    ----------
    min_ : ndarray of shape (n_features,)
        What is added after scaling: ``min - data_min_ * scale_``.
    scale_ : ndarray of shape (n_features,)
        What features are multiplied by: ``(max - min) / data_range_``.
    data_min_, data_max_, data_range_ : ndarray of shape (n_features,)
        Smallest value of each feature, largest, and their difference, in the features' units.
    n_samples_seen_ : int
        How many samples `partial_fit` has seen since `fit`.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of features, where the data had names.

    See Also
    --------
    MaxAbsScaler : Scale features by their largest absolute value.
    StandardScaler : Scale features to unit variance.

    Notes
    -----
    NaN is ignored by `fit` and stays NaN in `transform`.

    Examples
    --------
    >>> from fastml.preprocessing import MinMaxScaler
    >>> X = [[-1, 2], [-0.5, 6], [0, 10], [1, 18]]
    >>> scaler = MinMaxScaler().fit(X)
    >>> scaler.data_max_
    array([ 1., 18.])
    >>> scaler.transform(X)
    array([[0.  , 0.  ],
           [0.25, 0.25],
           [0.5 , 0.5 ],
           [1.  , 1.  ]])
    >>> scaler.transform([[2, 2]])
    array([[1.5, 0. ]])
    """

    _sklearn_name = "MinMaxScaler"
    _constraints = {"feature_range": [tuple], "copy": ["boolean"], "clip": ["boolean"], "device": DEVICE}

    def __init__(
        self,
        feature_range: tuple = (0, 1),
        *,
        copy: bool = True,
        clip: bool = False,
        device: str | None = None,
    ):
        self.feature_range = feature_range
        self.copy = copy
        self.clip = clip
        self.device = device

    @fit_method
    def fit(self, X: Any, y: Any = None) -> MinMaxScaler:
        """Find the smallest and largest values.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The data.
        y : None
            Ignored.

        Returns
        -------
        self : MinMaxScaler
            The fitted scaler.

        Raises
        ------
        ValueError
            If X or the range is not valid.
        TypeError
            If X is sparse.
        """
        for name in ("scale_", "min_", "n_samples_seen_", "data_min_", "data_max_", "data_range_"):
            self.__dict__.pop(name, None)
        return self._partial_fit(X)

    @fit_method
    def partial_fit(self, X: Any, y: Any = None) -> MinMaxScaler:
        """Look at a batch of data for smaller and larger values.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The batch.
        y : None
            Ignored.

        Returns
        -------
        self : MinMaxScaler
            The fitted scaler.

        Raises
        ------
        ValueError
            If X or the range is not valid.
        TypeError
            If X is sparse.
        """
        return self._partial_fit(X)

    def _partial_fit(self, X):
        if self.feature_range[0] >= self.feature_range[1]:
            raise ValueError(
                f"Minimum of desired feature range must be smaller than maximum. Got {self.feature_range}."
            )
        if is_sparse(X):
            raise TypeError(
                "MinMaxScaler does not support sparse input. Consider using MaxAbsScaler instead."
            )
        given, first = X, "n_samples_seen_" not in self.__dict__
        X = self._check(X, reset=first)
        data_min, data_max = self._extremes(X, given)
        if not first:
            data_min = np.minimum(self.data_min_, data_min)
            data_max = np.maximum(self.data_max_, data_max)
        low, high = np.array(self.feature_range[:2], X.dtype)
        self.n_samples_seen_ = X.shape[0] + (0 if first else self.n_samples_seen_)
        self.data_min_, self.data_max_, self.data_range_ = data_min, data_max, data_max - data_min
        self.scale_ = (high - low) / handle_zeros(self.data_range_)
        self.min_ = low - data_min * self.scale_
        return self

    def transform(self, X: Any) -> Any:
        """Scale to the range.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The data.

        Returns
        -------
        X_new : ndarray of shape (n_samples, n_features)
            The scaled data, of X's dtype.

        Raises
        ------
        ValueError
            If X is not valid.
        """
        self._check_fitted()
        limits = dict(zip(("low", "high"), self.feature_range)) if self.clip else {}
        return self._scale(X, "multiply_add", self.min_, self.scale_, copy=self.copy, **limits)

    def inverse_transform(self, X: Any) -> Any:
        """Undo the scaling.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Scaled data.

        Returns
        -------
        X_original : ndarray of shape (n_samples, n_features)
            The data as it was before `transform`.

        Raises
        ------
        ValueError
            If X is not valid.
        """
        self._check_fitted()
        return self._scale(X, "subtract_divide", self.min_, self.scale_, copy=self.copy, inverse=True)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


class MaxAbsScaler(_ExtremesScaler):
    """Scale every feature by its largest absolute value; zero stays zero.

    Parameters
    ----------
    copy : bool, default=True
        If False, scale in place where that is possible.
    clip : bool, default=False
        Whether to set values that come to lie outside [-1, 1], in data that the scaler was not fitted on, to
        its ends.
    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute dense data; None means the configuration's device.

    Attributes
    ----------
    scale_ : ndarray of shape (n_features,)
        What features are divided by: `max_abs_`, or 1 for features of zeros.
    max_abs_ : ndarray of shape (n_features,)
        Largest absolute values, in the features' units.
    n_samples_seen_ : int
        How many samples `partial_fit` has seen since `fit`.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of features, where the data had names.

    See Also
    --------
    MinMaxScaler : Scale features to a range.

    Notes
    -----
    NaN is ignored by `fit` and stays NaN in `transform`.

    Examples
    --------
    >>> from fastml.preprocessing import MaxAbsScaler
    >>> X = [[1.0, -1.0, 2.0], [2.0, 0.0, 0.0], [0.0, 1.0, -1.0]]
    >>> MaxAbsScaler().fit_transform(X)
    array([[ 0.5, -1. ,  1. ],
           [ 1. ,  0. ,  0. ],
           [ 0. ,  1. , -0.5]])
    """

    _sklearn_name = "MaxAbsScaler"
    _constraints = {"copy": ["boolean"], "clip": ["boolean"], "device": DEVICE}

    def __init__(self, *, copy: bool = True, clip: bool = False, device: str | None = None):
        self.copy = copy
        self.clip = clip
        self.device = device

    @fit_method
    def fit(self, X: Any, y: Any = None) -> MaxAbsScaler:
        """Find the largest absolute values.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        y : None
            Ignored.

        Returns
        -------
        self : MaxAbsScaler
            The fitted scaler.

        Raises
        ------
        ValueError
            If X is not valid.
        """
        for name in ("scale_", "n_samples_seen_", "max_abs_"):
            self.__dict__.pop(name, None)
        return self._partial_fit(X)

    @fit_method
    def partial_fit(self, X: Any, y: Any = None) -> MaxAbsScaler:
        """Look at a batch of data for larger values.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The batch.
        y : None
            Ignored.

        Returns
        -------
        self : MaxAbsScaler
            The fitted scaler.

        Raises
        ------
        ValueError
            If X is not valid.
        """
        return self._partial_fit(X)

    def _partial_fit(self, X):
        given, first = X, "n_samples_seen_" not in self.__dict__
        X = self._check(X, reset=first, accept_sparse=("csr", "csc"))
        if is_sparse(X):
            max_abs = self._sparse_largest(X)
        else:
            max_abs = np.maximum(*map(np.abs, self._extremes(X, given)))
        if not first:
            max_abs = np.maximum(self.max_abs_, max_abs)
        self.n_samples_seen_ = X.shape[0] + (0 if first else self.n_samples_seen_)
        self.max_abs_ = max_abs
        self.scale_ = handle_zeros(max_abs)
        return self

    def _sparse_largest(self, X):
        data, indices, indptr = compressed(X)
        kernels = self._host_kernels().sparse_columns
        if X.format == "csr":
            return kernels.csr_column_largest(data, indices, indptr, X.shape[1])
        return kernels.csc_column_largest(data, indptr, X.shape[0])

    def transform(self, X: Any) -> Any:
        """Divide by the largest absolute values.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        X_new : {ndarray, sparse matrix} of shape (n_samples, n_features)
            The scaled data, of X's dtype.

        Raises
        ------
        ValueError
            If X is not valid.
        """
        self._check_fitted()
        return self._rescale(X, "subtract_divide", **({"low": -1.0, "high": 1.0} if self.clip else {}))

    def inverse_transform(self, X: Any) -> Any:
        """Multiply by the largest absolute values.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Scaled data.

        Returns
        -------
        X_original : {ndarray, sparse matrix} of shape (n_samples, n_features)
            The data as it was before `transform`.

        Raises
        ------
        ValueError
            If X is not valid.
        """
        self._check_fitted()
        return self._rescale(X, "multiply_add", inverse=True)

    def _rescale(self, X, operation, **kw):
        return self._scale(
            X, operation, None, self.scale_, copy=self.copy, accept_sparse=("csr", "csc"), **kw
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        return tags
