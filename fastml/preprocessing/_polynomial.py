"""PolynomialFeatures."""

from __future__ import annotations

import copy
import math
import numbers
from typing import Any

import numpy as np

from .._base import Estimator, Transformer
from .._device import choose, like_input, report_fallback
from .._validation import DEVICE, Interval, Options, check_X, fit_method, sk
from ..solvers.polynomial import segments_of
from ._scaler import is_sparse

__all__ = ["PolynomialFeatures"]


class PolynomialFeatures(Transformer, Estimator):
    """Polynomial features: all products of features up to a degree.

    Parameters
    ----------
    degree : int or tuple (min_degree, max_degree), default=2
        The highest degree, or the lowest and the highest.
    interaction_only : bool, default=False
        Whether a feature occurs once in a product at most.
    include_bias : bool, default=True
        Whether there is a column of ones.
    order : {"C", "F"}, default="C"
        Order of the array that `transform` makes.
    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute dense data; None means the configuration's device.

    Attributes
    ----------
    powers_ : ndarray of shape (n_output_features_, n_features_in_)
        Exponent of each feature in each product.
    n_output_features_ : int
        Number of products.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of features, where the data had names.

    See Also
    --------
    fastml.linear_model.Ridge : Fits coefficients to such features.

    Notes
    -----
    A product of degree d is one of degree d - 1 times a feature; each sample's products stay in the cache
    from degree to degree. Sparse data is expanded by scikit-learn.

    Examples
    --------
    >>> import numpy as np
    >>> from fastml.preprocessing import PolynomialFeatures
    >>> PolynomialFeatures().fit_transform(np.array([[2.0, 3.0]]))
    array([[1., 2., 3., 4., 6., 9.]])
    >>> PolynomialFeatures(interaction_only=True).fit_transform(np.array([[2.0, 3.0]]))
    array([[1., 2., 3., 6.]])
    """

    _constraints = {
        "degree": [Interval(numbers.Integral, 0), "array-like"],
        "interaction_only": ["boolean"],
        "include_bias": ["boolean"],
        "order": [Options("C", "F")],
        "device": DEVICE,
    }

    def __init__(
        self,
        degree: Any = 2,
        *,
        interaction_only: bool = False,
        include_bias: bool = True,
        order: str = "C",
        device: str | None = None,
    ):
        self.degree = degree
        self.interaction_only = interaction_only
        self.include_bias = include_bias
        self.order = order
        self.device = device

    @fit_method
    def fit(self, X: Any, y: Any = None) -> PolynomialFeatures:
        """Count the products.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        y : None
            Ignored.

        Returns
        -------
        self : PolynomialFeatures
            The fitted transformer.

        Raises
        ------
        ValueError
            If X or the degrees are not valid, or if there would be more products than memory has places.
        """
        n_features = check_X(self, X, reset=True, dtype="numeric", order=None, accept_sparse=True).shape[1]
        degrees = self._degrees()
        n_columns = None if degrees is None else self._count(n_features, *degrees)
        if n_columns is None or not 0 < n_columns <= np.iinfo(np.intp).max:
            twin = self._twin().fit(X)  # an error
            degrees, n_columns = (twin._min_degree, twin._max_degree), twin.n_output_features_
        self._min_degree, self._max_degree = degrees
        self.n_output_features_ = n_columns
        self._n_out_full = self._count(n_features, 0, self._max_degree)
        return self

    def _degrees(self):
        """The lowest and the highest degree, or None for what scikit-learn is to look at."""
        if isinstance(self.degree, numbers.Integral):
            return 0, int(self.degree)
        plain = isinstance(self.degree, (tuple, list)) and len(self.degree) == 2
        if not plain or not all(isinstance(d, numbers.Integral) for d in self.degree):
            return None
        low, high = map(int, self.degree)
        return (low, high) if 0 <= low <= high else None

    def _count(self, n_features, low, high):
        """How many products there are of the degrees from the lowest to the highest, and of ones."""
        choose = math.comb if self.interaction_only else lambda n, d: math.comb(n + d - 1, d)
        return sum(choose(n_features, d) for d in range(max(low, 1), high + 1)) + bool(self.include_bias)

    def transform(self, X: Any) -> Any:
        """Compute the products.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        X_new : {ndarray, sparse matrix} of shape (n_samples, n_output_features_)
            The products, of X's dtype.

        Raises
        ------
        ValueError
            If X is not valid.
        """
        self._check_fitted()
        data = check_X(self, X, reset=False, accept_sparse=("csr", "csc"))
        if is_sparse(data):
            report_fallback("scikit-learn's PolynomialFeatures", "the data is sparse")
            return self.to_sklearn().transform(data)
        device = choose(self.device, X, work=2.0 * data.shape[0] * self._n_out_full)
        n_ones = int(self.include_bias)
        shape = (data.shape[0], self._n_out_full)
        out = device.empty(shape if self.order == "C" else shape[::-1], data.dtype)
        out = out if self.order == "C" else out.T
        segments = segments_of(data.shape[1], self._max_degree, self.interaction_only, n_ones)
        device.kernels.polynomial.expand(device.asarray(data), segments, n_ones, out)
        return like_input(self._without_low_degrees(out, n_ones, device.xp), X)

    def _without_low_degrees(self, out, n_ones, xp):
        """The ones, and the products from the lowest degree on."""
        if self._min_degree <= 1:
            return out
        first = self._n_out_full - self.n_output_features_
        kept = xp.empty_like(out[:, : self.n_output_features_], order=self.order)
        kept[:, :n_ones] = out[:, :n_ones]
        kept[:, n_ones:] = out[:, n_ones + first :]
        return kept

    @property
    def powers_(self) -> np.ndarray:
        """Exponent of each feature in each product: (n_output_features_, n_features_in_)."""
        self._check_fitted()
        return self.to_sklearn().powers_

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the products.

        Parameters
        ----------
        input_features : array-like of str of shape (n_features_in_,), default=None
            Names of the features; None means those that the data had, or ``x0, x1, ...``.

        Returns
        -------
        names : ndarray of str of shape (n_output_features_,)
            Such as ``"x0 x1"`` and ``"x1^2"``.
        """
        self._check_fitted()
        return self.to_sklearn().get_feature_names_out(input_features)

    def _check_fitted(self):
        if "n_output_features_" not in vars(self):
            sk("sklearn.utils.validation.check_is_fitted")(self)

    # ---- scikit-learn's twin ----
    def _twin(self):
        params = self.get_params(deep=False)
        del params["device"]
        return sk("sklearn.preprocessing.PolynomialFeatures")(**params)

    def to_sklearn(self) -> Any:
        """Return scikit-learn's estimator with the same parameters and, once fitted, the same counts.

        Returns
        -------
        estimator : sklearn.preprocessing.PolynomialFeatures
            It needs fastml no more.
        """
        twin = self._twin()
        fitted = ("n_features_in_", "feature_names_in_", "n_output_features_")
        for name in (*fitted, "_min_degree", "_max_degree", "_n_out_full"):
            if name in vars(self):
                setattr(twin, name, copy.copy(vars(self)[name]))
        return twin

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
