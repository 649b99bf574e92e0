"""Regression by gradient boosting."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from .._base import Regressor, stand_for
from .._docs import inherit_docs
from .._parameters import HasMethods
from .._validation import Interval, Options
from ..solvers import gradient_boosting as solver
from ._base_gradient_boosting import BaseGradientBoosting

__all__ = ["GradientBoostingRegressor"]


@inherit_docs
class GradientBoostingRegressor(Regressor, BaseGradientBoosting):
    """Gradient boosting for regression.

    Each stage fits a tree to the negative gradients of the loss, and gives its leaves the values that
    minimise the loss.

    Parameters
    ----------
    loss : {"squared_error", "absolute_error", "huber", "quantile"}, default="squared_error"
        What is minimised. "huber" is the squared error of small and the absolute error of large residuals;
        "quantile" estimates a quantile.

    init : estimator or "zero", default=None
        What boosting starts from. None means the mean, the median or the quantile, by the loss.

    alpha : float, default=0.9
        The quantile: of the targets, or of the residuals that are small for "huber".

    Attributes
    ----------
    estimators_ : ndarray of DecisionTreeRegressor of shape (n_estimators_, 1)
        The trees.

    See Also
    --------
    GradientBoostingClassifier : Gradient boosting for classification.
    HistGradientBoostingRegressor : Of bins; faster for many samples.

    References
    ----------
    Friedman, J. (2001). Greedy function approximation: a gradient boosting machine. Annals of Statistics 29.
    Friedman, J. (2002). Stochastic gradient boosting. Computational Statistics & Data Analysis 38(4).

    Examples
    --------
    >>> from fastml.ensemble import GradientBoostingRegressor
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.0, 4.0, 9.0]
    >>> model = GradientBoostingRegressor(random_state=0).fit(X, y)
    >>> model.predict([[1.0], [3.0]]).round(2)
    array([1., 9.])
    """

    _constraints: dict = {
        **BaseGradientBoosting._constraints,
        "loss": [Options("squared_error", "absolute_error", "huber", "quantile")],
        "init": [Options("zero"), None, HasMethods("fit", "predict")],
        "alpha": [Interval(numbers.Real, 0.0, 1.0, closed="neither")],
    }
    _classifies = False
    _sklearn_name = "sklearn.ensemble.GradientBoostingRegressor"

    def __init__(
        self,
        *,
        loss: str = "squared_error",
        learning_rate: float = 0.1,
        n_estimators: int = 100,
        subsample: float = 1.0,
        criterion: str = "deprecated",
        min_samples_split: float = 2,
        min_samples_leaf: float = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_depth: int | None = 3,
        min_impurity_decrease: float = 0.0,
        init: Any = None,
        random_state: Any = None,
        max_features: Any = None,
        alpha: float = 0.9,
        verbose: int = 0,
        max_leaf_nodes: int | None = None,
        warm_start: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int | None = None,
        tol: float = 1e-4,
        ccp_alpha: float = 0.0,
        device: str | None = None,
    ):
        self.loss = loss
        self.learning_rate = learning_rate
        self.n_estimators = n_estimators
        self.subsample = subsample
        self.criterion = criterion
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_depth = max_depth
        self.min_impurity_decrease = min_impurity_decrease
        self.init = init
        self.random_state = random_state
        self.max_features = max_features
        self.alpha = alpha
        self.verbose = verbose
        self.max_leaf_nodes = max_leaf_nodes
        self.warm_start = warm_start
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.ccp_alpha = ccp_alpha
        self.device = device

    def _encode(self, y, weight):
        self.n_trees_per_iteration_ = 1
        return np.ascontiguousarray(y, np.float64)

    def _kind(self):
        return self.loss

    def _quantile(self):
        return self.alpha

    def _find_prior(self, y, weight):
        if self.loss == "squared_error":
            return np.array([np.average(y, weights=weight)])
        level = self.alpha if self.loss == "quantile" else 0.5
        if weight is None:
            return np.array([np.percentile(y, 100 * level)])
        return np.array([solver.weighted_quantile(y, weight, level)])

    def _from_raw(self, raw):
        return raw.ravel()

    def _leaves(self, rows):
        return super()._leaves(rows)[:, :, 0]


stand_for(GradientBoostingRegressor, "sklearn.ensemble._gb.GradientBoostingRegressor")
