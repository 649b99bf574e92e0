"""LinearRegression."""

from __future__ import annotations

import numbers
from functools import partial
from typing import Any

import numpy as np

from .._base import MultiOutput
from .._device import choose, is_sparse
from .._docs import inherit_docs
from .._linear_predictor import LinearRegressor
from .._validation import DEVICE, Interval, check_X_y, fit_method
from ..solvers import normal_equations as solver
from ..solvers.positive_definite import singular_values
from ._linear_model import LinearModel, columns_of, roots_of

__all__ = ["LinearRegression"]


@inherit_docs
class LinearRegression(MultiOutput, LinearRegressor, LinearModel):
    """Linear regression by least squares.

    Parameters
    ----------
    fit_intercept : bool, default=True
        Whether the model has a constant term; otherwise the data should be centred.
    copy_X : bool, default=True
        Has no effect: X is never written to.
    tol : float, default=1e-6
        Singular values below this fraction of the largest count as zero. For sparse data, the tolerance of
        scikit-learn's iterations.
    n_jobs : int, default=None
        Number of jobs of scikit-learn's, where it fits several targets of sparse data.
    positive : bool, default=False
        Whether the coefficients are to be positive or zero.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        The coefficients, in units of the target by units of the feature; of X's dtype.
    rank_ : int
        Rank of the centred data, where it is dense and `positive` is false.
    singular_ : ndarray of shape (min(n_samples, n_features),)
        Singular values of the centred data, likewise. For many features they are found when they are first
        asked for, from the products of the features.

    See Also
    --------
    Ridge : With a penalty on the size of the coefficients.

    Notes
    -----
    Up to a condition number of 1e5, and with more samples than features, the normal equations are solved:
    their matrix is summed in float64, over centred rows. Above 1e3 the residuals are solved for once more
    [1]_, which gives the digits of an orthogonal decomposition. From 128 features of float32 on, products are
    summed in float32 and corrected likewise, if the condition number is below 100 and the correction small.
    Beyond, LAPACK's singular value decomposition takes over, as in scikit-learn. Sparse data is fitted by
    scikit-learn; non-negative coefficients are found by SciPy's `nnls` on the data's triangular factor.

    References
    ----------
    .. [1] Å. Björck, "Stability analysis of the method of seminormal equations for linear least squares
       problems", Linear Algebra and its Applications 88/89, 31-48, 1987.

    Examples
    --------
    >>> import numpy as np
    >>> from fastml.linear_model import LinearRegression
    >>> X = np.array([[1.0, 1.0], [1.0, 2.0], [2.0, 2.0], [2.0, 3.0]])
    >>> model = LinearRegression().fit(X, X @ [1.0, 2.0] + 3.0)
    >>> model.coef_.round(6), round(float(model.intercept_), 6)
    (array([1., 2.]), 3.0)
    >>> model.predict(np.array([[3.0, 5.0]])).round(6)
    array([16.])
    """

    _constraints = {
        "fit_intercept": ["boolean"],
        "copy_X": ["boolean"],
        "n_jobs": [None, numbers.Integral],
        "positive": ["boolean"],
        "tol": [Interval(numbers.Real, 0)],
        "device": DEVICE,
    }

    def __init__(
        self,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        tol: float = 1e-6,
        n_jobs: int | None = None,
        positive: bool = False,
        device: str | None = None,
    ):
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.tol = tol
        self.n_jobs = n_jobs
        self.positive = positive
        self.device = device

    @fit_method
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LinearRegression:
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The features.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            The targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        self : LinearRegression
            The fitted model.

        Raises
        ------
        ValueError
            If X, y or the weights are not valid.
        """
        if is_sparse(X) and not self.positive:
            return self._fit_twin("the data is sparse", X, y, sample_weight)
        before, given = dict(vars(self)), (X, y)
        # NaN and infinity would be seen in the products: they need no pass over the data of their own.
        by_products = type(X) is np.ndarray and X.ndim == 2 and len(X) > X.shape[1] and not self.positive
        X, y = check_X_y(self, X, y, y_float=True, ensure_all_finite=not by_products)
        roots = roots_of(sample_weight, X, non_negative=True)
        device = choose(self.device, X, work=2.0 * X.shape[0] * X.shape[1] ** 2)
        roots = None if roots is None else device.asarray(roots)
        data = device.asarray(X), device.asarray(columns_of(y)), roots
        if self.positive:
            solution = solver.non_negative(device, *data, self.fit_intercept)
        else:
            verify = partial(self._verify, before, given) if by_products else None
            solution = solver.least_squares(device, *data, self.fit_intercept, self.tol, verify)
            self._set_spectrum(solution, X.dtype)
        self._set_solution(solution, X.dtype, flat=y.ndim == 1)
        return self

    def _verify(self, before, given):
        """Raise the error for values that are not finite, and leave the attributes as they were."""
        state = dict(vars(self))
        vars(self).clear()
        vars(self).update(before)
        check_X_y(self, *given, y_float=True)
        vars(self).update(state)

    # ---- singular values, which may take longer than the fit and are found when they are asked for ----
    def _set_spectrum(self, solution, dtype):
        self.rank_ = solution.rank
        state = vars(self)
        state.pop("singular_", None)
        state.pop("_gram", None)
        if solution.gram is None:
            self.singular_ = solution.singular.astype(dtype)
        else:
            self._gram = solution.gram

    def __getattr__(self, name):
        gram = vars(self).get("_gram") if name == "singular_" else None
        if gram is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        self.singular_ = singular_values(gram).astype(self.coef_.dtype)
        del self._gram
        return self.singular_

    def __getstate__(self):
        self._find_singular_values()
        return super().__getstate__()

    def to_sklearn(self) -> Any:
        """Return scikit-learn's estimator with the same parameters and, once fitted, the same model.

        Returns
        -------
        estimator : sklearn.base.BaseEstimator
            It needs fastml no more.
        """
        self._find_singular_values()
        return super().to_sklearn()

    def _find_singular_values(self):
        if "_gram" in vars(self):
            self.singular_  # noqa: B018

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = not self.positive
        return tags
