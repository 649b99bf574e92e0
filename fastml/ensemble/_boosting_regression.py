"""Histogram gradient boosting for regression."""

from __future__ import annotations

import numbers
from collections.abc import Iterator
from typing import Any

import numpy as np

from .._base import Regressor
from .._validation import Interval, Options, sk
from ._base_boosting import BaseHistGradientBoosting

__all__ = ["HistGradientBoostingRegressor"]


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

    learning_rate : float, default=0.1
        Factor of the trees' predictions.

    max_iter : int, default=100
        The most rounds.

    max_leaf_nodes : int or None, default=31
        The most leaves of a tree; None means that there is no limit.

    max_depth : int or None, default=None
        The most edges from a tree's root to a leaf; None means that there is no limit.

    min_samples_leaf : int, default=20
        The least samples of a leaf.

    l2_regularization : float, default=0.0
        Added to the sum of second derivatives that a leaf's value is divided by.

    max_features : float, default=1.0
        Part of the features that each split may choose from, drawn at random.

    max_bins : int, default=255
        The most bins of a feature. One more holds missing values.

    categorical_features : array-like of {bool, int, str} of shape (n_features,) or \
            (n_categorical_features,), "from_dtype" or None, default="from_dtype"
        Features of categories: a mask, indices, or names. "from_dtype" takes the columns of a data frame that
        are categorical by their dtype. Each has at most `max_bins` categories.

    monotonic_cst : array-like of int of shape (n_features,), dict or None, default=None
        1 where predictions must not fall with the feature, -1 where they must not rise, 0 elsewhere; or a
        dict of these by the features' names.

    interaction_cst : {"pairwise", "no_interactions"} or sequence of collections of int, default=None
        Groups of features that may occur together on the way from a tree's root to a leaf. Features in no
        group make one more.

    warm_start : bool, default=False
        Whether to add rounds to those of the previous fit, on the same data.

    early_stopping : "auto" or bool, default="auto"
        Whether to stop when the scores get no better; "auto" does so for more than 10,000 samples.

    scoring : str, callable or None, default="loss"
        What to stop early by: "loss", a scorer, or None for the estimator's own score.

    validation_fraction : int, float or None, default=0.1
        How many samples to hold out to stop early by, or what part. None: none, the training data itself is
        scored.

    n_iter_no_change : int, default=10
        Stop when none of as many rounds was better than the one before them.

    tol : float, default=1e-7
        How much better a score has to be.

    verbose : int, default=0
        1 prints a summary, 2 a line for each round.

    random_state : int, RandomState instance or None, default=None
        Where the random numbers come from that choose the samples held out, those that bins are found from
        when there are more than 200,000, and features.

    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means what `fastml.set_config` says. Trees are grown on the CPU.

    Attributes
    ----------
    do_early_stopping_ : bool
        Whether it was tried to stop early.

    n_iter_ : int
        Number of rounds.

    n_trees_per_iteration_ : int
        Trees of a round, always 1.

    train_score_ : ndarray of shape (n_iter_ + 1,)
        Scores of the training data before the first and after each round, or minus the losses; empty without
        early stopping.

    validation_score_ : ndarray of shape (n_iter_ + 1,)
        The same for the data held out; empty if there is none.

    is_categorical_ : ndarray of shape (n_features,) or None
        Which features are categories; None if none is.

    n_features_in_ : int
        Number of features.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, when all are strings.

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

    def predict(self, X: Any) -> np.ndarray:
        """Predict targets.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The data.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Predicted targets.
        """
        return self._like(self._from_raw(self._raw_predict(X)), X)

    def staged_predict(self, X: Any) -> Iterator[np.ndarray]:
        """Predict targets after each round.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The data.

        Yields
        ------
        y : ndarray of shape (n_samples,)
            Predicted targets.
        """
        for raw in self._staged_raw_predict(X):
            yield self._like(self._from_raw(raw), X)

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
