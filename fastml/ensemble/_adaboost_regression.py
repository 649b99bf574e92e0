"""Regression by AdaBoost."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._base import Regressor, stand_for
from .._device import like_input
from .._docs import inherit_docs
from .._tree_rounds import pack_values
from .._validation import Options, sk
from ..solvers import adaboost as solver
from ._base_adaboost import BaseAdaBoost

__all__ = ["AdaBoostRegressor"]


@inherit_docs
class AdaBoostRegressor(Regressor, BaseAdaBoost):
    """AdaBoost for regression (AdaBoost.R2).

    Each regressor is fitted to samples that are drawn by weight; the worse a sample is predicted, the more
    it weighs for the next.

    Parameters
    ----------
    estimator : object, default=None
        What is fitted; None means `fastml.tree.DecisionTreeRegressor` of depth 3.

    loss : {"linear", "square", "exponential"}, default="linear"
        What is made of the errors before samples are weighed.

    random_state : int, RandomState instance or None, default=None
        Of the draws, and of the regressors that have a parameter `random_state`.

    Attributes
    ----------
    estimator_weights_ : ndarray of shape (n_estimators,)
        Their weights.

    estimator_errors_ : ndarray of shape (n_estimators,)
        Their mean losses.

    See Also
    --------
    AdaBoostClassifier : AdaBoost for classification.
    GradientBoostingRegressor : Trees fitted to gradients.

    References
    ----------
    Drucker, H. (1997). Improving regressors using boosting techniques. ICML.

    Examples
    --------
    >>> from fastml.ensemble import AdaBoostRegressor
    >>> model = AdaBoostRegressor(random_state=0).fit([[0.0], [1.0], [2.0], [3.0]], [0.0, 1.0, 4.0, 9.0])
    >>> model.predict([[0.0], [3.0]])
    array([0., 9.])
    """

    _constraints: dict = {
        **BaseAdaBoost._constraints,
        "loss": [Options("linear", "square", "exponential")],
    }
    _classifies = False
    _sklearn_name = "sklearn.ensemble.AdaBoostRegressor"

    def __init__(
        self,
        estimator: Any = None,
        *,
        n_estimators: int = 50,
        learning_rate: float = 1.0,
        loss: str = "linear",
        random_state: Any = None,
        device: str | None = None,
    ):
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.learning_rate = learning_rate
        self.loss = loss
        self.random_state = random_state
        self.device = device

    def _default_estimator(self):
        from ..tree import DecisionTreeRegressor

        return DecisionTreeRegressor(max_depth=3)

    def _check_estimator(self):
        """Any regressor will do."""

    def _make_round(self, rounds, X, y):
        target = y.astype(np.float64) if rounds is not None else y

        def fit_round(i, weight):
            fit = self._fit_any if rounds is None else self._grow
            estimator, predicted = fit(rounds, X, y, weight)
            self.estimators_.append(estimator)
            is_last = i == self.n_estimators - 1
            errors = np.abs(predicted - target)
            answer = solver.reweigh_errors(errors, weight, self.loss, self.learning_rate, is_last)
            if answer is solver.STOP and len(self.estimators_) > 1:
                self.estimators_.pop()
            return answer

        return fit_round

    def _draw_rows(self, weight):
        return self._rng.choice(np.arange(len(weight)), size=len(weight), replace=True, p=weight)

    def _fit_any(self, _, X, y, weight):
        estimator = self._make_estimator(self._rng)
        rows = self._draw_rows(weight)
        take = sk("sklearn.utils._safe_indexing")
        estimator.fit(take(X, rows), take(y, rows))
        return estimator, estimator.predict(X)

    def _grow(self, rounds, X, y, weight):
        seed = self._draw_seed()
        estimator = rounds.grow_drawn(self._draw_rows(weight), seed)
        return estimator, rounds.values(estimator)[:, 0]

    # ---- using the regressors ----
    def _predictions(self, X):
        """What each regressor says, of shape (n_samples, n_estimators)."""
        packed = self._packed_trees()
        if packed is None:
            return np.array([est.predict(X) for est in self.estimators_]).T
        return self._leaf_values(packed, X)[:, :, 0]

    def _pack_trees(self):
        trees = [est.tree_ for est in self.estimators_]
        return pack_values(trees, [tree.value[:, :, 0] for tree in trees])

    def predict(self, X: Any) -> Any:
        """Predict targets: the weighted medians of what the regressors say.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            The targets.
        """
        rows = self._check_X(X)
        weights = self.estimator_weights_[: len(self.estimators_)]
        return like_input(solver.weighted_medians(self._predictions(rows), weights), X)

    def staged_predict(self, X: Any) -> Any:
        """Predict targets after each round.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Yields
        ------
        y : ndarray of shape (n_samples,)
            The targets.
        """
        found = self._predictions(self._check_X(X))
        for n in range(1, len(self.estimators_) + 1):
            medians = solver.weighted_medians(found[:, :n], self.estimator_weights_[:n])
            yield like_input(medians, X)


stand_for(AdaBoostRegressor, "sklearn.ensemble._weight_boosting.AdaBoostRegressor")
