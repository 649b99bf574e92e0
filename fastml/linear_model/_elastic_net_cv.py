"""The elastic net, the penalty chosen by cross-validation."""

from __future__ import annotations

from typing import Any

from .._base import Regressor, stand_for
from ._base_cv import CV_CONSTRAINTS, L1_RATIO_CONSTRAINTS, SINGLE_CONSTRAINTS, CoordinateDescentCV
from ._path import enet_path

__all__ = ["ElasticNetCV"]


class ElasticNetCV(Regressor, CoordinateDescentCV):
    """The elastic net, its `alpha` and `l1_ratio` chosen by cross-validation.

    Parameters
    ----------
    l1_ratio : float or array-like of shape (n_l1_ratios,), default=0.5
        The share of the L1 penalty, or shares that are tried.

    eps : float, default=1e-3
        The last alpha of a grid, relative to the first.

    alphas : int or array-like of shape (n_alphas,), default=100
        The alphas that are tried; or the number of a grid of them, whose first is the smallest that leaves no
        coefficient.

    fit_intercept : bool, default=True
        Whether there is an intercept. Otherwise X and y should be centred.

    precompute : "auto", bool or array-like, default="auto"
        Whether to compute the products of all features; "auto": if there are more training samples than
        features. An array counts as "auto": products of all samples are not those of a fold.

    max_iter : int, default=1000
        The most sweeps over features in a fit.

    tol : float, default=1e-4
        The duality gap that is good enough, relative to the sum of the squares of y.

    cv : int, cross-validation generator or iterable, default=None
        The folds. An int is their number, of samples that follow each other; None means 5.

    copy_X : bool, default=True
        For compatibility: X is never modified.

    verbose : bool or int, default=0
        Whether to write the result to the standard error.

    n_jobs : int, default=None
        The number of threads; None and -1 mean what `fastml.set_config` says.

    positive : bool, default=False
        Whether coefficients must not be negative.

    random_state : int, RandomState instance or None, default=None
        Of the features that are drawn if `selection` is "random".

    selection : {"cyclic", "random"}, default="cyclic"
        Whether sweeps take features in their order or draw them.

    device : {"auto", "cpu", "cuda"}, default=None
        Where products are computed; None means what `fastml.set_config` says. Sweeps are made on the CPU.

    Attributes
    ----------
    alpha_ : float
        The alpha of the smallest mean squared error.

    l1_ratio_ : float
        The share of the L1 penalty of the smallest mean squared error.

    coef_ : ndarray of shape (n_features,)
        The coefficients, of all samples, in X's dtype.

    intercept_ : float
        The intercept.

    sparse_coef_ : sparse matrix of shape (1, n_features)
        The coefficients.

    mse_path_ : ndarray of shape (n_alphas, n_folds) or (n_l1_ratios, n_alphas, n_folds)
        The mean squared errors on the test samples of each fold.

    alphas_ : ndarray of shape (n_alphas,) or (n_l1_ratios, n_alphas)
        The alphas, in descending order.

    dual_gap_ : float
        By how much, at most, the objective is above its minimum.

    n_iter_ : int
        The number of sweeps of the last fit.

    n_features_in_ : int
        The number of features.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        The names of features, if X had any.

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
