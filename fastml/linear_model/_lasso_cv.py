"""The lasso, the penalty chosen by cross-validation."""

from __future__ import annotations

from typing import Any

from .._base import Regressor, stand_for
from .._docs import inherit_docs
from ._base_cv import CV_CONSTRAINTS, SINGLE_CONSTRAINTS, CoordinateDescentCV
from ._path import lasso_path

__all__ = ["LassoCV"]


@inherit_docs
class LassoCV(Regressor, CoordinateDescentCV):
    """The lasso, its `alpha` chosen by cross-validation.

    Parameters
    ----------
    verbose : bool or int, default=False
        Whether to write the result to the standard error.

    See Also
    --------
    Lasso : A single alpha; what is minimised stands there.
    lasso_path : Coefficients for many alphas.

    Notes
    -----
    The data is multiplied once for all folds and alphas: products of training samples are those of all
    samples less those of the test samples. Each path goes from large alphas to small ones, and folds are
    side by side on threads. A search over alphas by `GridSearchCV` multiplies the data again for each fit.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from fastml.linear_model import LassoCV
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = LassoCV().fit(X, y)
    >>> round(model.score(X, y), 3)
    0.517
    """

    _constraints = {**CV_CONSTRAINTS, **SINGLE_CONSTRAINTS}
    path = staticmethod(lasso_path)

    def __init__(
        self,
        *,
        eps: float = 1e-3,
        alphas: Any = 100,
        fit_intercept: bool = True,
        precompute: Any = "auto",
        max_iter: int = 1000,
        tol: float = 1e-4,
        copy_X: bool = True,
        cv: Any = None,
        verbose: Any = False,
        n_jobs: int | None = None,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
        device: str | None = None,
    ):
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.tol = tol
        self.copy_X = copy_X
        self.cv = cv
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.positive = positive
        self.random_state = random_state
        self.selection = selection
        self.device = device


stand_for(LassoCV, "sklearn.linear_model._coordinate_descent.LassoCV")
