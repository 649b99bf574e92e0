"""Regression by gradient boosting."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from .._base import Regressor, stand_for
from .._device import like_input
from .._parameters import HasMethods
from .._validation import Interval, Options, fit_method
from ..solvers import gradient_boosting as solver
from ._base_gradient_boosting import BaseGradientBoosting

__all__ = ["GradientBoostingRegressor"]


class GradientBoostingRegressor(Regressor, BaseGradientBoosting):
    """Gradient boosting for regression.

    Each stage fits a tree to the negative gradients of the loss, and gives its leaves the values that
    minimise the loss.

    Parameters
    ----------
    loss : {"squared_error", "absolute_error", "huber", "quantile"}, default="squared_error"
        What is minimised. "huber" is the squared error of small and the absolute error of large residuals;
        "quantile" estimates a quantile.

    learning_rate : float, default=0.1
        By which the values of all leaves are multiplied.

    n_estimators : int, default=100
        How many stages there are.

    subsample : float, default=1.0
        The share of the samples that is drawn for each stage; if it is less than 1, the others are scored.

    criterion : str, default="deprecated"
        Of no effect: the trees lower the squared error.

    min_samples_split : int or float, default=2
        Fewest samples in a node that is split; a float is a fraction of all samples.

    min_samples_leaf : int or float, default=1
        Fewest samples in a leaf; a float is a fraction of all samples.

    min_weight_fraction_leaf : float, default=0.0
        Smallest weight of a leaf, as a fraction of the weight of all samples.

    max_depth : int, default=3
        Most splits above a leaf. None means no bound.

    min_impurity_decrease : float, default=0.0
        Least by which a split must lower the impurity, weighed by the node's share of the samples.

    init : estimator or "zero", default=None
        What boosting starts from. None means the mean, the median or the quantile, by the loss.

    random_state : int, RandomState instance or None, default=None
        Of the order in which features are tried, of the drawn and of the held out samples.

    max_features : int, float or {"sqrt", "log2"}, default=None
        How many features, drawn anew, a split considers; a float is a fraction. None means all.

    alpha : float, default=0.9
        The quantile: of the targets, or of the residuals that are small for "huber".

    verbose : int, default=0
        1 prints the progress once in a while, more after each stage.

    max_leaf_nodes : int, default=None
        Most leaves of a tree; the splits that lower the impurity most come first. None means no bound.

    warm_start : bool, default=False
        Whether fitting again adds stages to those that are there.

    validation_fraction : float, default=0.1
        The share of the samples that is held out if `n_iter_no_change` is given.

    n_iter_no_change : int, default=None
        After how many stages that do not lower the loss of held out samples boosting stops. None: never.

    tol : float, default=1e-4
        By how much the loss must fall to count as lower.

    ccp_alpha : float, default=0.0
        The price of a leaf in minimal cost-complexity pruning.

    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means what `fastml.set_config` says. Trees grow and are used on the CPU.

    Attributes
    ----------
    n_estimators_ : int
        The number of stages.

    n_trees_per_iteration_ : int
        The number of trees of a stage.

    estimators_ : ndarray of DecisionTreeRegressor of shape (n_estimators_, 1)
        The trees.

    init_ : estimator or "zero"
        What boosting started from.

    train_score_ : ndarray of shape (n_estimators_,)
        The loss of the samples that each stage was fitted to.

    oob_improvement_, oob_scores_ : ndarray of shape (n_estimators_,)
        By how much each stage lowered the loss of the samples that were not drawn for it, and this loss; if
        `subsample` is less than 1.

    oob_score_ : float
        The last of `oob_scores_`.

    feature_importances_ : ndarray of shape (n_features_in_,)
        How much each feature lowered the impurity, in the mean of the trees; in sum 1.

    max_features_ : int
        The number of features that a split considers.

    n_features_in_ : int
        The number of features.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        The names of features, if X had any.

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

    @fit_method
    def fit(self, X: Any, y: Any, sample_weight: Any = None, monitor: Any = None) -> Any:
        """Fit the trees.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training data; it is compared as float32.
        y : array-like of shape (n_samples,)
            The targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; None means ones.
        monitor : callable, default=None
            Called after each stage with its number, this estimator and the variables of the loop; returns
            whether to end the fitting.

        Returns
        -------
        self : GradientBoostingRegressor
            The fitted estimator.
        """
        return self._fit(X, y, sample_weight, monitor)

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

    def predict(self, X: Any) -> Any:
        """Predict targets.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples; they are compared as float32.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            The targets.
        """
        return like_input(self._raw_predict(self._rows(X)).ravel(), X)

    def staged_predict(self, X: Any) -> Any:
        """Predict targets after each stage.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples; they are compared as float32.

        Yields
        ------
        y : ndarray of shape (n_samples,)
            The targets.
        """
        for raw in self._staged_raw_predict(X):
            yield like_input(raw.ravel(), X)

    def _leaves(self, rows):
        return super()._leaves(rows)[:, :, 0]


stand_for(GradientBoostingRegressor, "sklearn.ensemble._gb.GradientBoostingRegressor")
