"""LinearRegression."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from .._base import MultiOutput
from .._device import choose, is_sparse
from .._docs import inherit_docs
from .._linear_predictor import LinearRegressor
from .._validation import DEVICE, Interval, check_X_y, fit_method
from ..solvers import normal_equations as solver
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
        Singular values of the centred data, likewise.

    See Also
    --------
    Ridge : With a penalty on the size of the coefficients.

    Notes
    -----
    Up to a condition number of 1e5, and with more samples than features, the normal equations are solved:
    their matrix is summed in float64 over blocks of rows that are centred around their own means. Above 1e3
    the residuals are solved for once more [1]_, which gives the digits of an orthogonal decomposition.
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
        X, y = check_X_y(self, X, y, y_float=True)
        roots = roots_of(sample_weight, X, non_negative=True)
        device = choose(self.device, X, work=2.0 * X.shape[0] * X.shape[1] ** 2)
        roots = None if roots is None else device.asarray(roots)
        data = device.asarray(X), device.asarray(columns_of(y)), roots
        if self.positive:
            solution = solver.non_negative(device, *data, self.fit_intercept)
        else:
            solution = solver.least_squares(device, *data, self.fit_intercept, self.tol)
            self.rank_, self.singular_ = solution.rank, np.asarray(solution.singular, X.dtype)
        self._set_solution(solution, X.dtype, flat=y.ndim == 1)
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = not self.positive
        return tags
