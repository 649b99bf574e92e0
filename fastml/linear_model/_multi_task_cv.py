"""Linear regression of several targets, the penalty chosen by cross-validation."""

from __future__ import annotations

from typing import Any

from .._base import Regressor, stand_for
from .._docs import inherit_docs
from ._base_cv import CV_CONSTRAINTS, L1_RATIO_CONSTRAINTS, CoordinateDescentCV
from ._path import enet_path, lasso_path

__all__ = ["MultiTaskElasticNetCV", "MultiTaskLassoCV"]


@inherit_docs
class MultiTaskElasticNetCV(Regressor, CoordinateDescentCV):
    """The elastic net of several targets, its `alpha` and `l1_ratio` chosen by cross-validation.

    Parameters
    ----------
    l1_ratio : float or array-like of shape (n_l1_ratios,), default=0.5
        The share of the penalty on norms, or shares that are tried.

    Attributes
    ----------
    l1_ratio_ : float
        The share of the penalty on norms of the smallest mean squared error.

    See Also
    --------
    MultiTaskElasticNet : A single alpha; what is minimised stands there.
    LassoCV : How alphas are tried stands there.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_diabetes
    >>> from fastml.linear_model import MultiTaskElasticNetCV
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = MultiTaskElasticNetCV(l1_ratio=0.9, alphas=10).fit(X, np.column_stack([y, -y]))
    >>> model.coef_.shape
    (2, 10)
    """

    _multi_task = True
    _constraints = {**CV_CONSTRAINTS, **L1_RATIO_CONSTRAINTS}
    path = staticmethod(enet_path)

    def __init__(
        self,
        *,
        l1_ratio: Any = 0.5,
        eps: float = 1e-3,
        alphas: Any = 100,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float = 1e-4,
        cv: Any = None,
        copy_X: bool = True,
        verbose: Any = 0,
        n_jobs: int | None = None,
        random_state: Any = None,
        selection: str = "cyclic",
        device: str | None = None,
    ):
        self.l1_ratio = l1_ratio
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.cv = cv
        self.copy_X = copy_X
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.selection = selection
        self.device = device


@inherit_docs
class MultiTaskLassoCV(Regressor, CoordinateDescentCV):
    """The lasso of several targets, its `alpha` chosen by cross-validation.

    Parameters
    ----------
    verbose : bool or int, default=False
        Whether to write the result to the standard error.

    See Also
    --------
    MultiTaskLasso : A single alpha; what is minimised stands there.
    LassoCV : How alphas are tried stands there.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_diabetes
    >>> from fastml.linear_model import MultiTaskLassoCV
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = MultiTaskLassoCV(alphas=10).fit(X, np.column_stack([y, -y]))
    >>> model.intercept_.round()
    array([ 152., -152.])
    """

    _multi_task = True
    _constraints = CV_CONSTRAINTS
    path = staticmethod(lasso_path)

    def __init__(
        self,
        *,
        eps: float = 1e-3,
        alphas: Any = 100,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float = 1e-4,
        copy_X: bool = True,
        cv: Any = None,
        verbose: Any = False,
        n_jobs: int | None = None,
        random_state: Any = None,
        selection: str = "cyclic",
        device: str | None = None,
    ):
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.copy_X = copy_X
        self.cv = cv
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.selection = selection
        self.device = device


stand_for(MultiTaskElasticNetCV, "sklearn.linear_model._coordinate_descent.MultiTaskElasticNetCV")
stand_for(MultiTaskLassoCV, "sklearn.linear_model._coordinate_descent.MultiTaskLassoCV")
