"""Ridge and RidgeClassifier."""

from __future__ import annotations

from typing import Any

from .._base import MultiOutput
from .._docs import inherit_docs
from .._linear_predictor import LinearRegressor
from .._validation import Options, check_X_y
from ._base_ridge import BaseRidge, RidgeClassifierMixin

__all__ = ["Ridge", "RidgeClassifier"]


@inherit_docs
class Ridge(MultiOutput, LinearRegressor, BaseRidge):
    """Linear least squares with a penalty on the sum of the squared coefficients.

    See Also
    --------
    RidgeCV : Chooses the penalty.
    LinearRegression : Without a penalty.

    Notes
    -----
    The normal equations are summed in float64 over blocks of rows that are centred around their own means.
    Where their Cholesky factor tells that they are as good as singular, the singular value decomposition
    solves the problem, and `solver_` says so.

    In a parameter search within one process, products are summed once for each fold, not for each alpha
    again: see `fastml.set_config` for the memory that they and copies of the folds take.

    References
    ----------
    .. [1] A. E. Hoerl, R. W. Kennard, "Ridge regression: biased estimation for nonorthogonal problems",
       Technometrics 12, 55-67, 1970.

    Examples
    --------
    >>> import numpy as np
    >>> from fastml.linear_model import Ridge
    >>> model = Ridge(alpha=0.5).fit(np.array([[0.0], [1.0], [2.0]]), np.array([0.0, 1.0, 2.0]))
    >>> model.coef_
    array([0.8])
    """

    def __init__(
        self,
        alpha: Any = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int | None = None,
        tol: float = 1e-4,
        solver: str = "auto",
        positive: bool = False,
        random_state: Any = None,
        device: str | None = None,
    ):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.solver = solver
        self.positive = positive
        self.random_state = random_state
        self.device = device

    def _check_data(self, X, y, sample_weight):
        X, y = check_X_y(self, X, y, y_float=True)
        return X, y, y, sample_weight


@inherit_docs
class RidgeClassifier(RidgeClassifierMixin, BaseRidge):
    """Classification by ridge regression on targets of -1 and 1, one for each of several classes.

    See Also
    --------
    RidgeClassifierCV : Chooses the penalty.
    Ridge : For numbers.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from fastml.linear_model import RidgeClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> round(RidgeClassifier().fit(X, y).score(X, y), 3)
    0.96
    """

    _constraints = {**BaseRidge._constraints, "class_weight": [dict, Options("balanced"), None]}

    def __init__(
        self,
        alpha: Any = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int | None = None,
        tol: float = 1e-4,
        class_weight: Any = None,
        solver: str = "auto",
        positive: bool = False,
        random_state: Any = None,
        device: str | None = None,
    ):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.class_weight = class_weight
        self.solver = solver
        self.positive = positive
        self.random_state = random_state
        self.device = device
