"""RobustScaler."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from .._validation import DEVICE, fit_method
from ._scaler import Scaler, compressed, handle_zeros, is_sparse, warn_empty_columns

__all__ = ["RobustScaler"]


class RobustScaler(Scaler):
    """Scale features by statistics that outliers do not move: the median and the range between two quantiles.

    Parameters
    ----------
    with_centering : bool, default=True
        Whether to subtract the median. Not possible for sparse data.
    with_scaling : bool, default=True
        Whether to divide by the range between the quantiles.
    quantile_range : tuple (q_min, q_max), default=(25.0, 75.0)
        The quantiles, in percent.
    copy : bool, default=True
        If False, scale in place where that is possible.
    unit_variance : bool, default=False
        Whether to divide further, so that normally distributed features come to have the variance 1.
    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute dense data; None means the configuration's device.

    Attributes
    ----------
    center_ : ndarray of shape (n_features,) or None
        Medians, in the features' units.
    scale_ : ndarray of shape (n_features,) or None
        Ranges between the quantiles; 1 for features that do not vary there.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of features, where the data had names.

    See Also
    --------
    StandardScaler : Scale features by mean and standard deviation.

    Notes
    -----
    NaN is ignored by `fit` and stays NaN in `transform`. Quantiles are interpolated linearly between order
    statistics.

    Examples
    --------
    >>> from fastml.preprocessing import RobustScaler
    >>> X = [[1.0, -2.0, 2.0], [-2.0, 1.0, 3.0], [4.0, 1.0, -2.0]]
    >>> RobustScaler().fit_transform(X)
    array([[ 0. , -2. ,  0. ],
           [-1. ,  0. ,  0.4],
           [ 1. ,  0. , -1.6]])
    """

    _sklearn_name = "RobustScaler"
    _constraints = {
        "with_centering": ["boolean"],
        "with_scaling": ["boolean"],
        "quantile_range": [tuple],
        "copy": ["boolean"],
        "unit_variance": ["boolean"],
        "device": DEVICE,
    }

    def __init__(
        self,
        *,
        with_centering: bool = True,
        with_scaling: bool = True,
        quantile_range: tuple = (25.0, 75.0),
        copy: bool = True,
        unit_variance: bool = False,
        device: str | None = None,
    ):
        self.with_centering = with_centering
        self.with_scaling = with_scaling
        self.quantile_range = quantile_range
        self.unit_variance = unit_variance
        self.copy = copy
        self.device = device

    @fit_method
    def fit(self, X: Any, y: Any = None) -> RobustScaler:
        """Compute the medians and the quantiles.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data; sparse data best in CSC format.
        y : None
            Ignored.

        Returns
        -------
        self : RobustScaler
            The fitted scaler.

        Raises
        ------
        ValueError
            If X or the quantile range is not valid, or X sparse and `with_centering` true.
        """
        X = self._check(X, reset=True, accept_sparse="csc", ensure_all_finite="allow-nan")
        q_min, q_max = self.quantile_range
        if not 0 <= q_min <= q_max <= 100:
            raise ValueError(f"Invalid quantile range: {self.quantile_range}")
        if is_sparse(X) and self.with_centering:
            raise ValueError(
                "Cannot center sparse matrices: use `with_centering=False` instead. "
                "See docstring for motivation and alternatives."
            )
        self.center_ = self.scale_ = None
        fractions = [0.5] * self.with_centering + [q_min / 100, q_max / 100] * self.with_scaling
        if not fractions:
            return self
        quantiles = self._quantiles(X, fractions)
        warn_empty_columns(np.isnan(quantiles[0]), "All-NaN slice encountered")
        if self.with_centering:
            self.center_ = quantiles[0].astype(X.dtype)
        if self.with_scaling:
            self.scale_ = handle_zeros(quantiles[-1] - quantiles[-2])
            if self.unit_variance:
                self.scale_ = self.scale_ / _normal_range(q_min / 100, q_max / 100)
        return self

    def _quantiles(self, X, fractions):
        """Quantiles of every column, on the host."""
        if is_sparse(X):
            data, _, indptr = compressed(X)
            return self._host_kernels().sparse_columns.csc_column_quantiles(
                data, indptr, X.shape[0], fractions
            )
        device, data = self._to_device(X)
        return device.to_host(device.kernels.columns.column_quantiles(data, fractions))

    def transform(self, X: Any) -> Any:
        """Subtract the medians and divide by the ranges between the quantiles.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data. Sparse data is only divided.

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
        return self._rescale(X, "subtract_divide")

    def inverse_transform(self, X: Any) -> Any:
        """Multiply by the ranges between the quantiles and add the medians.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Scaled data. Sparse data is only multiplied.

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
        center = self.center_ if self.with_centering else None
        scale = self.scale_ if self.with_scaling else None
        return self._scale(X, operation, center, scale, copy=self.copy, accept_sparse=("csr", "csc"), **kw)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = not self.with_centering
        tags.input_tags.allow_nan = True
        return tags


def _normal_range(low, high):
    """Distance between two quantiles of the standard normal distribution."""
    ndtri = importlib.import_module("scipy.special").ndtri
    return ndtri(high) - ndtri(low)
