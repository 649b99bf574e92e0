"""Linear regression with an L1 penalty."""

from __future__ import annotations

from typing import Any

from .._base import stand_for
from .._docs import inherit_docs
from ._elastic_net import ElasticNet

__all__ = ["Lasso"]


@inherit_docs
class Lasso(ElasticNet):
    """Linear regression with an L1 penalty, which makes coefficients exactly zero: the lasso.

    It minimises ``|y - X w|^2 / (2 n_samples) + alpha |w|_1``.

    Parameters
    ----------
    alpha : float, default=1.0
        How much coefficients cost: the larger, the more of them are zero.

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
