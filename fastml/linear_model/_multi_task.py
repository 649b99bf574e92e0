"""Linear regression of several targets that share their features."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._base import stand_for
from .._docs import inherit_docs
from .._validation import fit_method
from ..solvers.centred import CentredData
from ..solvers.coordinate_descent import minimise
from ._coordinate_descent import check_data, resolve_gram, warn_unless_met
from ._elastic_net import ElasticNet

__all__ = ["MultiTaskElasticNet", "MultiTaskLasso"]


@inherit_docs
class MultiTaskElasticNet(ElasticNet):
    """Linear regression of several targets with a penalty on each feature's coefficients together.

    It minimises ``|Y - X W'|^2 / (2 n_samples) + alpha l1_ratio sum_j |w_j| + 0.5 alpha (1 - l1_ratio)
    |W|^2``, where w_j are the coefficients of feature j for all targets. So a feature matters for all
    targets or for none.

    Parameters
    ----------
    l1_ratio : float, default=0.5
        The share of the penalty on norms, from 0 to 1.

    Attributes
    ----------
    coef_ : ndarray of shape (n_targets, n_features)
        The coefficients, in X's dtype.

    intercept_ : ndarray of shape (n_targets,)
        The intercepts.

    dual_gap_ : float
        By how much, at most, the objective is above its minimum.

    eps_ : float
        What the gap, times n_samples, had to come down to.

    n_iter_ : int
        The number of sweeps.

    See Also
    --------
    MultiTaskLasso : The penalty on norms alone.
    ElasticNet : Fits several targets one after the other.

    References
    ----------
    Simon, N., Friedman, J., Hastie, T. (2013). A blockwise descent algorithm for group-penalized
    multiresponse and multinomial regression. arXiv:1311.6529.

    Examples
    --------
    >>> from fastml.linear_model import MultiTaskElasticNet
    >>> X, Y = [[0.0, 1.0], [1.0, 0.0], [2.0, 1.0]], [[0.0, 0.0], [1.0, 2.0], [2.0, 4.0]]
    >>> MultiTaskElasticNet(alpha=0.1).fit(X, Y).coef_.round(2)
    array([[0.9, 0. ],
           [1.8, 0. ]])
    """

    _constraints = {
        key: value for key, value in ElasticNet._constraints.items() if key not in ("precompute", "positive")
    }

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        l1_ratio: float = 0.5,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int = 1000,
        tol: float = 1e-4,
        warm_start: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
        device: str | None = None,
    ):
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.random_state = random_state
        self.selection = selection
        self.device = device

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output, tags.target_tags.single_output = True, False
        return tags

    @fit_method
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Fit the coefficients.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.
        y : array-like of shape (n_samples, n_targets)
            The targets.
        sample_weight : array-like of shape (n_samples,), default=None
            The weights of the samples, which are scaled to sum to their number; None means ones.

        Returns
        -------
        self : MultiTaskElasticNet
            The fitted model.
        """
        device, X, y, weight = check_data(self, X, y, sample_weight, many=False)
        if y.ndim == 1:
            raise ValueError("For mono-task outputs, use ElasticNet")
        data = CentredData(device, X, y, weight, centre=self.fit_intercept)
        problem, penalty = data.problem(resolve_gram(data, False, self.fit_intercept)), self._penalty(data)
        coef = self._first_coef(y.shape[1], X.shape[1])
        problem.start(coef)
        minimum = minimise(problem, coef, penalty, **self._sweeps())
        warn_unless_met(minimum, penalty)
        self._set_coef(coef, data, single=False)
        self.coef_ = np.asfortranarray(np.atleast_2d(self.coef_))
        self.dual_gap_, self.eps_, self.n_iter_ = minimum.gap / X.shape[0], minimum.limit, minimum.n_iter
        return self


@inherit_docs
class MultiTaskLasso(MultiTaskElasticNet):
    """Linear regression of several targets with a penalty on the norm of each feature's coefficients.

    It minimises ``|Y - X W'|^2 / (2 n_samples) + alpha sum_j |w_j|``, where w_j are the coefficients of
    feature j for all targets. So a feature matters for all targets or for none.

    Parameters
    ----------
    alpha : float, default=1.0
        How much norms cost: the larger, the fewer features matter.

    See Also
    --------
    MultiTaskElasticNet : A penalty on squares besides; how it is fitted stands there.
    Lasso : Fits several targets one after the other.

    Examples
    --------
    >>> from fastml.linear_model import MultiTaskLasso
    >>> X, Y = [[0.0, 1.0], [1.0, 0.0], [2.0, 1.0]], [[0.0, 0.0], [1.0, 2.0], [2.0, 4.0]]
    >>> MultiTaskLasso(alpha=0.1).fit(X, Y).coef_.round(2)
    array([[0.93, 0.  ],
           [1.87, 0.  ]])
    """

    _constraints = {
        key: value for key, value in MultiTaskElasticNet._constraints.items() if key != "l1_ratio"
    }

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int = 1000,
        tol: float = 1e-4,
        warm_start: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
        device: str | None = None,
    ):
        super().__init__(
            alpha=alpha,
            l1_ratio=1.0,
            fit_intercept=fit_intercept,
            copy_X=copy_X,
            max_iter=max_iter,
            tol=tol,
            warm_start=warm_start,
            random_state=random_state,
            selection=selection,
            device=device,
        )


stand_for(MultiTaskElasticNet, "sklearn.linear_model._coordinate_descent.MultiTaskElasticNet")
stand_for(MultiTaskLasso, "sklearn.linear_model._coordinate_descent.MultiTaskLasso")
