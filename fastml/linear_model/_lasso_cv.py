"""The lasso, the penalty chosen by cross-validation."""

from __future__ import annotations

from typing import Any

from .._base import Regressor, stand_for
from ._base_cv import CV_CONSTRAINTS, SINGLE_CONSTRAINTS, CoordinateDescentCV
from ._path import lasso_path

__all__ = ["LassoCV"]


class LassoCV(Regressor, CoordinateDescentCV):
    """The lasso, its `alpha` chosen by cross-validation.

    Parameters
    ----------
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

    copy_X : bool, default=True
        For compatibility: X is never modified.

    cv : int, cross-validation generator or iterable, default=None
        The folds. An int is their number, of samples that follow each other; None means 5.

    verbose : bool or int, default=False
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

    coef_ : ndarray of shape (n_features,)
        The coefficients, of all samples, in X's dtype.

    intercept_ : float
        The intercept.

    sparse_coef_ : sparse matrix of shape (1, n_features)
        The coefficients.

    mse_path_ : ndarray of shape (n_alphas, n_folds)
        The mean squared errors on the test samples of each fold.

    alphas_ : ndarray of shape (n_alphas,)
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
    >>> round(float(model.alpha_), 4)
    0.0038
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
