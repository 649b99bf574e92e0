"""Regression by linear support vector machines."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from .._docs import inherit_docs
from .._linear_predictor import LinearRegressor
from .._validation import Options, check_weight, check_X_y, fit_method
from ._linear import BaseLinearSVM

__all__ = ["LinearSVR"]


@inherit_docs
class LinearSVR(LinearRegressor, BaseLinearSVM):
    """Linear support vector regression.

    It minimises ``|w|^2 / 2 + C sum(loss)``, where the intercept is the coefficient of one more feature,
    which is constant.

    Parameters
    ----------
    epsilon : float, default=0.0
        Errors up to here cost nothing.

    loss : {"epsilon_insensitive", "squared_epsilon_insensitive"}, default="epsilon_insensitive"
        What an error costs: by how much it exceeds `epsilon`, or the square of that.

    dual : "auto" or bool, default="auto"
        Whether to solve the dual problem, with a variable for each sample. "auto" does where there are more
        features than samples; "epsilon_insensitive" is always solved so. Where there are fewer, dense,
        squared losses are minimised directly all the same: the solution is the same one.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        The coefficients, float64.

    intercept_ : ndarray of shape (1,)
        The intercept; 0.0 without.

    n_iter_ : int
        Iterations.

    See Also
    --------
    LinearSVC : The same for classification.
    fastml.linear_model.SGDRegressor : The same objective, roughly minimised, and others.

    References
    ----------
    Ho, C.-H., Lin, C.-J. (2012). Large-scale linear support vector regression. Journal of Machine Learning
    Research 13.

    Examples
    --------
    >>> import numpy as np
    >>> from fastml.svm import LinearSVR
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> model = LinearSVR(C=100.0, random_state=0, max_iter=10_000).fit(X, 2 * X[:, 0] + 1)
    >>> model.predict([[4.0]]).round(2)
    array([9.])
    """

    _constraints = {
        **BaseLinearSVM._constraints,
        "epsilon": [numbers.Real],
        "loss": [Options("epsilon_insensitive", "squared_epsilon_insensitive")],
    }

    def __init__(
        self,
        *,
        epsilon: float = 0.0,
        tol: float = 1e-4,
        C: float = 1.0,
        loss: str = "epsilon_insensitive",
        fit_intercept: bool = True,
        intercept_scaling: float = 1.0,
        dual: Any = "auto",
        verbose: int = 0,
        random_state: Any = None,
        max_iter: int = 1000,
        device: str | None = None,
    ):
        self.epsilon = epsilon
        self.tol = tol
        self.C = C
        self.loss = loss
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.dual = dual
        self.verbose = verbose
        self.random_state = random_state
        self.max_iter = max_iter
        self.device = device

    @fit_method
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LinearSVR:
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training data.
        y : array-like of shape (n_samples,)
            The targets.
        sample_weight : array-like of shape (n_samples,), default=None
            What C is multiplied by for each sample; None means ones.

        Returns
        -------
        self : LinearSVR
            The fitted estimator.
        """
        X, y = check_X_y(
            self, X, y, y_float=True, multi_output=False, accept_sparse="csr", accept_large_sparse=False
        )
        weight = check_weight(sample_weight, X)
        cost = self.C * (np.ones(len(y)) if weight is None else np.maximum(weight, 0.0).astype(np.float64))
        (self.coef_,), self.intercept_ = self._solve(X, [y.astype(np.float64)], [cost], float(self.epsilon))
        return self
