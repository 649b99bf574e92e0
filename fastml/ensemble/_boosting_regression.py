"""Histogram gradient boosting for regression."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from .._base import Regressor
from .._docs import inherit_docs
from .._validation import Interval, Options, sk
from ._base_boosting import BaseHistGradientBoosting

__all__ = ["HistGradientBoostingRegressor"]


@inherit_docs
class HistGradientBoostingRegressor(Regressor, BaseHistGradientBoosting):
    """Gradient boosting of regression trees over features in bins.

    Missing values (NaN) need no treatment: at each split they go where they do best.

    Parameters
    ----------
    loss : {"squared_error", "absolute_error", "gamma", "poisson", "quantile"}, default="squared_error"
        What is minimised. "gamma" and "poisson" predict through a logarithm; they need targets above, or not
        below, zero.

    quantile : float, default=None
        Which quantile the loss "quantile" predicts, between 0 and 1.

    Attributes
    ----------
    n_trees_per_iteration_ : int
        Trees of a round, always 1.

    See Also
    --------
    HistGradientBoostingClassifier : The same for classes.

    Notes
    -----
    Trees are grown best split first over features in bins, as in LightGBM, O(n_samples n_features) for each
    level of a tree. Features, bins and sums are those of scikit-learn's estimator; so are the trees, up to
    rounding and to splits that are equally good.

    References
    ----------
    Friedman (2001). Greedy function approximation: a gradient boosting machine. Annals of Statistics 29.

    Ke et al. (2017). LightGBM: a highly efficient gradient boosting decision tree. NeurIPS 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from fastml.ensemble import HistGradientBoostingRegressor
    >>> X = np.linspace(0, 1, 200).reshape(-1, 1)
    >>> model = HistGradientBoostingRegressor().fit(X, X.ravel() ** 2)
    >>> model.predict([[0.5]]).round(2)
    array([0.25])
    """

    _constraints = {
        **BaseHistGradientBoosting._constraints,
        "loss": [Options("squared_error", "absolute_error", "poisson", "gamma", "quantile")],
        "quantile": [Interval(numbers.Real, 0, 1, closed="both"), None],
    }

    def __init__(
        self,
        loss: str = "squared_error",
        *,
        quantile: float | None = None,
        learning_rate: float = 0.1,
        max_iter: int = 100,
        max_leaf_nodes: int | None = 31,
        max_depth: int | None = None,
        min_samples_leaf: int = 20,
        l2_regularization: float = 0.0,
        max_features: float = 1.0,
        max_bins: int = 255,
        categorical_features: Any = "from_dtype",
        monotonic_cst: Any = None,
        interaction_cst: Any = None,
        warm_start: bool = False,
        early_stopping: Any = "auto",
        scoring: Any = "loss",
        validation_fraction: Any = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-7,
        verbose: int = 0,
        random_state: Any = None,
        device: str | None = None,
    ):
        self.loss = loss
        self.quantile = quantile
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.max_leaf_nodes = max_leaf_nodes
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.max_features = max_features
        self.max_bins = max_bins
        self.categorical_features = categorical_features
        self.monotonic_cst = monotonic_cst
        self.interaction_cst = interaction_cst
        self.warm_start = warm_start
        self.early_stopping = early_stopping
        self.scoring = scoring
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.verbose = verbose
        self.random_state = random_state
        self.device = device

    def _loss_name(self):
        return self.loss

    def _quantile(self):
        return 0.5 if self.quantile is None else float(self.quantile)

    def _from_raw(self, raw):
        return np.exp(raw[0]) if self.loss in ("gamma", "poisson") else raw[0]

    def _encode_target(self, y):
        self.n_trees_per_iteration_ = 1
        y = np.ascontiguousarray(y, np.float64)
        if self.loss == "gamma" and not np.all(y > 0):
            raise ValueError("loss='gamma' requires strictly positive y.")
        if self.loss == "poisson" and not (np.all(y >= 0) and np.sum(y) > 0):
            raise ValueError("loss='poisson' requires non-negative y and sum(y) > 0.")
        if self.loss == "quantile" and not (self.quantile is not None and 0 < self.quantile < 1):
            sk("sklearn._loss.loss.PinballLoss")(quantile=self.quantile)  # it words the error
        return y

    def _encode_more_target(self, y):
        return self._encode_target(y)
