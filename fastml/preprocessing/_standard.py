"""StandardScaler."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._validation import DEVICE, callback_context, check_weight, fit_method
from ._scaler import Scaler, compressed, handle_zeros, is_sparse, warn_empty_columns

__all__ = ["StandardScaler"]

_CENTERED = (
    "Cannot center sparse matrices: pass `with_mean=False` instead. "
    "See docstring for motivation and alternatives."
)
_UNCENTERED = (
    "Cannot uncenter sparse matrices: pass `with_mean=False` instead "
    "See docstring for motivation and alternatives."
)


class StandardScaler(Scaler):
    """Standardize features: subtract the mean and divide by the standard deviation.

    Parameters
    ----------
    copy : bool, default=True
        If False, scale in place where that is possible.
    with_mean : bool, default=True
        Whether to subtract the mean. Not possible for sparse data.
    with_std : bool, default=True
        Whether to divide by the standard deviation.
    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means the configuration's device.

    Attributes
    ----------
    scale_ : ndarray of shape (n_features,) or None
        Standard deviations, in the features' units; 1 for features that do not vary.
    mean_ : ndarray of shape (n_features,) or None
        Means.
    var_ : ndarray of shape (n_features,) or None
        Variances, with n_samples in the denominator.
    n_samples_seen_ : float, int or ndarray of shape (n_features,)
        How many samples, or what weight, `partial_fit` has seen since `fit`; for each feature by itself
        where values are missing.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of features, where the data had names.

    See Also
    --------
    MinMaxScaler : Scale features to a range.
    RobustScaler : Scale features by statistics that outliers do not move.

    Notes
    -----
    NaN is ignored by `fit` and stays NaN in `transform`. Means and variances are computed in float64, in one
    pass over the data, block by block, each block around its own mean: nothing cancels when the mean is much
    larger than the deviation, and a constant feature has the variance 0.

    References
    ----------
    .. [1] T. F. Chan, G. H. Golub, R. J. LeVeque: Algorithms for Computing the Sample Variance: Analysis
       and Recommendations. The American Statistician 37 (1983), 242-247.

    Examples
    --------
    >>> import numpy as np
    >>> from fastml.preprocessing import StandardScaler
    >>> X = np.array([[0.0, 0.0], [0.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
    >>> scaler = StandardScaler().fit(X)
    >>> scaler.mean_
    array([0.5, 0.5])
    >>> scaler.transform(X)
    array([[-1., -1.],
           [-1., -1.],
           [ 1.,  1.],
           [ 1.,  1.]])
    >>> scaler.transform([[2, 2]])
    array([[3., 3.]])
    """

    _sklearn_name = "StandardScaler"
    _constraints = {"copy": ["boolean"], "with_mean": ["boolean"], "with_std": ["boolean"], "device": DEVICE}

    def __init__(
        self, *, copy: bool = True, with_mean: bool = True, with_std: bool = True, device: str | None = None
    ):
        self.with_mean = with_mean
        self.with_std = with_std
        self.copy = copy
        self.device = device

    @fit_method
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> StandardScaler:
        """Compute the means and standard deviations.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        self : StandardScaler
            The fitted scaler.

        Raises
        ------
        ValueError
            If X is not valid, or sparse and `with_mean` is true.
        """
        for name in ("scale_", "n_samples_seen_", "mean_", "var_"):
            self.__dict__.pop(name, None)
        return self._partial_fit(X, y, sample_weight)

    @fit_method
    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> StandardScaler:
        """Add a batch of data to the means and standard deviations.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The batch.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        self : StandardScaler
            The fitted scaler.

        Raises
        ------
        ValueError
            If X is not valid, or sparse and `with_mean` is true.
        """
        return self._partial_fit(X, y, sample_weight)

    def _partial_fit(self, X, y, sample_weight):
        given, first = X, "n_samples_seen_" not in self.__dict__
        X = self._check(X, reset=first, accept_sparse=("csr", "csc"))
        context = callback_context(self)
        task = {"estimator": self, "X": X, "y": y, "metadata": {"sample_weight": sample_weight}}
        if context is not None:
            context.call_on_fit_task_begin(**task)
        weights = check_weight(sample_weight, X)
        counts_only = not (self.with_mean or self.with_std)
        n_dtype = X.dtype if is_sparse(X) or counts_only else np.dtype(np.float64)
        if counts_only and weights is None:
            n_dtype = np.dtype(np.int64)
        if is_sparse(X):
            moments = self._sparse_moments(X, weights)
        else:
            # scikit-learn counts samples, not weights, where it computes nothing else.
            moments = self._dense_moments(X, None if counts_only else weights, given)
        counts, means, squares = moments if first else self._join(*moments)
        self.n_samples_seen_ = _one_if_equal(counts.astype(n_dtype, copy=False))
        self._set_statistics(counts, means, squares, warn=not is_sparse(X))
        if context is not None:
            context.call_on_fit_task_end(**task, reconstruction_attributes={})
        return self

    def _dense_moments(self, X, weights, given):
        device, X = self._to_device(X)
        weights = None if weights is None else device.asarray(weights)
        counts, means, squares = map(device.to_host, device.kernels.columns.column_moments(X, weights))
        if not np.isfinite(means).all():
            self._refuse_infinite(given)
        return counts, means, squares

    def _sparse_moments(self, X, weights):
        if self.with_mean:
            raise ValueError(_CENTERED)
        data, indices, indptr = compressed(X)
        weights = None if weights is None else weights.astype(np.float64)
        kernels = self._host_kernels().sparse_columns
        if X.format == "csr":
            return kernels.csr_column_moments(data, indices, indptr, X.shape[1], weights)
        return kernels.csc_column_moments(data, indices, indptr, X.shape[0], weights)

    def _join(self, counts, means, squares):
        """Join the moments of a batch to those of the batches before; Chan, Golub and LeVeque, eq. 2.1."""
        before = np.broadcast_to(self.n_samples_seen_, counts.shape).astype(np.float64)
        after = before + counts
        if self.mean_ is None:
            return after, means, squares
        seen = before != 0
        old = np.where(seen, self.mean_, 0)
        difference = means - old
        share = counts / np.where(after != 0, after, 1)
        squares = squares + difference * before * (difference * share)
        if self.var_ is not None:
            squares += np.where(seen, self.var_, 0) * before
        return after, old + difference * share, squares

    def _set_statistics(self, counts, means, squares, warn):
        if not (self.with_mean or self.with_std):
            self.mean_ = self.var_ = self.scale_ = None
            return
        empty = counts == 0
        if warn:
            warn_empty_columns(empty, "invalid value encountered in divide")
        counts, means = np.where(empty, np.nan, counts), np.where(empty, np.nan, means)
        self.mean_, self.var_, self.scale_ = means, None, None
        if self.with_std:
            self.var_ = squares / counts
            self.scale_ = handle_zeros(np.sqrt(self.var_), _is_constant(self.var_, means, counts))

    def transform(self, X: Any, copy: bool | None = None) -> Any:
        """Subtract the means and divide by the standard deviations.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        copy : bool, default=None
            Overrides the parameter of that name.

        Returns
        -------
        X_new : {ndarray, sparse matrix} of shape (n_samples, n_features)
            The scaled data, of X's dtype.

        Raises
        ------
        ValueError
            If X is not valid, or sparse and `with_mean` is true.
        """
        self._check_fitted()
        return self._rescale(X, "subtract_divide", copy, _CENTERED)

    def inverse_transform(self, X: Any, copy: bool | None = None) -> Any:
        """Multiply by the standard deviations and add the means.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Scaled data.
        copy : bool, default=None
            Overrides the parameter of that name.

        Returns
        -------
        X_original : {ndarray, sparse matrix} of shape (n_samples, n_features)
            The data as it was before `transform`.

        Raises
        ------
        ValueError
            If X is not valid, or sparse and `with_mean` is true.
        """
        self._check_fitted()
        return self._rescale(X, "multiply_add", copy, _UNCENTERED, inverse=True)

    def _rescale(self, X, operation, copy, error, **kw):
        if self.with_mean and is_sparse(X):
            self._check(X, accept_sparse="csr", **kw)
            raise ValueError(error)
        mean = self.mean_ if self.with_mean else None
        scale = self.scale_ if self.with_std else None
        copy = self.copy if copy is None else copy
        return self._scale(X, operation, mean, scale, copy=copy, accept_sparse="csr", **kw)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = not self.with_mean
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _one_if_equal(counts):
    """The count itself where all features have the same."""
    return counts[0] if counts.max() == counts.min() else counts


def _is_constant(var, mean, n_samples):
    """Tell which features do not vary, as far as the rounding of a two-pass variance lets one tell."""
    eps = np.finfo(np.float64).eps
    return var <= n_samples * eps * var + (n_samples * mean * eps) ** 2
