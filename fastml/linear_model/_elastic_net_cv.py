"""The elastic net, the penalty chosen by cross-validation."""

from __future__ import annotations

from typing import Any

from .._base import Regressor, stand_for
from .._docs import inherit_docs
from ._base_cv import CV_CONSTRAINTS, L1_RATIO_CONSTRAINTS, SINGLE_CONSTRAINTS, CoordinateDescentCV
from ._path import enet_path

__all__ = ["ElasticNetCV"]


@inherit_docs
class ElasticNetCV(Regressor, CoordinateDescentCV):
    """The elastic net, its `alpha` and `l1_ratio` chosen by cross-validation.

    Parameters
    ----------
    l1_ratio : float or array-like of shape (n_l1_ratios,), default=0.5
        The share of the L1 penalty, or shares that are tried.

    Attributes
    ----------
    l1_ratio_ : float
        The share of the L1 penalty of the smallest mean squared error.

    See Also
    --------
    ElasticNet : A single alpha; what is minimised stands there.
    LassoCV : The L1 penalty alone; how alphas are tried stands there.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from fastml.linear_model import ElasticNetCV
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = ElasticNetCV(l1_ratio=[0.5, 0.9, 1.0]).fit(X, y)
    >>> float(model.l1_ratio_)
    1.0
    """

    _constraints = {**CV_CONSTRAINTS, **SINGLE_CONSTRAINTS, **L1_RATIO_CONSTRAINTS}
    path = staticmethod(enet_path)

    def __init__(
        self,
        *,
        l1_ratio: Any = 0.5,
        eps: float = 1e-3,
        alphas: Any = 100,
        fit_intercept: bool = True,
        precompute: Any = "auto",
        max_iter: int = 1000,
        tol: float = 1e-4,
        cv: Any = None,
        copy_X: bool = True,
        verbose: Any = 0,
        n_jobs: int | None = None,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
        device: str | None = None,
    ):
        self.l1_ratio = l1_ratio
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.tol = tol
        self.cv = cv
        self.copy_X = copy_X
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.positive = positive
        self.random_state = random_state
        self.selection = selection
        self.device = device


stand_for(ElasticNetCV, "sklearn.linear_model._coordinate_descent.ElasticNetCV")
