"""Linear regression with an L1 penalty."""

from __future__ import annotations

from typing import Any

from .._base import stand_for
from ._elastic_net import ElasticNet

__all__ = ["Lasso"]


class Lasso(ElasticNet):
    """Linear regression with an L1 penalty, which makes coefficients exactly zero: the lasso.

    It minimises ``|y - X w|^2 / (2 n_samples) + alpha |w|_1``.

    Parameters
    ----------
    alpha : float, default=1.0
        How much coefficients cost.

    fit_intercept : bool, default=True
        Whether there is an intercept. Otherwise X and y should be centred.

    precompute : bool or array-like of shape (n_features, n_features), default=False
        Whether to compute the products of all features first, or these products; see `ElasticNet`.

    copy_X : bool, default=True
        For compatibility: X is never modified, nor copied as a whole.

    max_iter : int, default=1000
        The most sweeps over features.

    tol : float, default=1e-4
        The duality gap that is good enough, relative to the sum of the squares of y.

    warm_start : bool, default=False
        Whether fitting again begins with the present coefficients.

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
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        The coefficients, in X's dtype.

    intercept_ : float or ndarray of shape (n_targets,)
        The intercepts.

    sparse_coef_ : sparse matrix of shape (1, n_features) or (n_targets, n_features)
        The coefficients.

    dual_gap_ : float or ndarray of shape (n_targets,)
        By how much, at most, the objective is above its minimum.

    n_iter_ : int or list of int
        The number of sweeps, for each target.

    n_features_in_ : int
        The number of features.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        The names of features, if X had any.

    See Also
    --------
    LassoCV : Chooses `alpha` by cross-validation, with one product of features for all alphas and folds.
    ElasticNet : L1 and L2 penalties; how it is fitted stands there.
    MultiTaskLasso : Several targets with the same features.

    References
    ----------
    Tibshirani, R. (1996). Regression shrinkage and selection via the lasso. Journal of the Royal Statistical
    Society B 58(1).

    Examples
    --------
    >>> from fastml.linear_model import Lasso
    >>> model = Lasso(alpha=0.1).fit([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0]], [0.0, 1.0, 2.0])
    >>> model.coef_.round(2)
    array([0.85, 0.  ])
    """

    _constraints = {key: value for key, value in ElasticNet._constraints.items() if key != "l1_ratio"}

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        precompute: Any = False,
        copy_X: bool = True,
        max_iter: int = 1000,
        tol: float = 1e-4,
        warm_start: bool = False,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
        device: str | None = None,
    ):
        super().__init__(
            alpha=alpha,
            l1_ratio=1.0,
            fit_intercept=fit_intercept,
            precompute=precompute,
            copy_X=copy_X,
            max_iter=max_iter,
            tol=tol,
            warm_start=warm_start,
            positive=positive,
            random_state=random_state,
            selection=selection,
            device=device,
        )


stand_for(Lasso, "sklearn.linear_model._coordinate_descent.Lasso")
