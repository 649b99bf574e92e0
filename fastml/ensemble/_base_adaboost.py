"""What AdaBoost's classifier and regressor share."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from .. import _trees
from .._device import CPU, choose, report_fallback
from .._parameters import HasMethods
from .._tree_rounds import TreeRounds, is_tree, leaves_of
from .._validation import (
    DEVICE,
    Interval,
    check_fitted,
    check_weight,
    check_X_y,
    fit_method,
    random_state,
    sk,
)
from ..solvers import adaboost as solver
from ..solvers import forest
from ._sequence import MAX_SEED, EstimatorSequence

__all__ = ["BaseAdaBoost"]


class BaseAdaBoost(EstimatorSequence):
    """Base class of AdaBoost.

    Where the base estimators are fastml's trees, the data is validated and ranked once for all rounds, and
    one call predicts with all trees. Any other estimator is fitted and asked as it comes.

    Parameters
    ----------
    n_estimators : int, default=50
        The most estimators; a perfect one ends the boosting.

    learning_rate : float, default=1.0
        By which the weight of each estimator is multiplied.

    Attributes
    ----------
    estimator_ : estimator
        What was copied for each round.

    feature_importances_ : ndarray of shape (n_features_in_,)
        How much each feature lowered the impurity, in the weighted mean of the trees.
    """

    _constraints: dict = {
        "estimator": [HasMethods("fit", "predict"), None],
        "n_estimators": [Interval(numbers.Integral, 1)],
        "learning_rate": [Interval(numbers.Real, 0, None, closed="neither")],
        "random_state": ["random_state"],
        "device": DEVICE,
    }
    _classifies: bool
    n_estimators: int
    learning_rate: float
    random_state: Any
    device: str | None
    estimator_weights_: Any
    estimator_errors_: Any

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def get_metadata_routing(self) -> Any:
        """Raise `NotImplementedError`: scikit-learn's AdaBoost does not route metadata either.

        Returns
        -------
        routing : MetadataRouter
            Never.
        """
        return sk("sklearn.utils._metadata_requests._RoutingNotSupportedMixin").get_metadata_routing(self)

    # ---- fitting ----
    @fit_method
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Fit the estimators.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training data.
        y : array-like of shape (n_samples,)
            The labels or targets.
        sample_weight : array-like of shape (n_samples,), default=None
            First weights of the samples; None means equal ones.

        Returns
        -------
        self : estimator
            The fitted estimator.
        """
        return self._fit(X, y, sample_weight)

    def _fit(self, X, y, sample_weight):
        prototype = self._default_estimator() if self.estimator is None else self.estimator
        grows = self._grows(prototype) and not hasattr(X, "tocsr")
        if grows:
            X, y = check_X_y(self, X, y, y_float=not self._classifies, multi_output=False)
        else:
            if choose(self.device).name != "cpu":
                report_fallback(
                    "fitting estimators on the CPU", "the base estimator decides where it is fitted"
                )
            X, y = sk("sklearn.utils.validation.validate_data")(
                self, X, y, accept_sparse=["csr", "csc"], ensure_2d=True, allow_nd=True, dtype=None,
                y_numeric=not self._classifies,
            )  # fmt: skip
        weight = check_weight(sample_weight, np.broadcast_to(0.0, (len(y), 1)), non_negative=True)
        weight = np.ones(len(y)) if weight is None else weight
        self.estimator_ = prototype
        self._check_estimator()
        self.estimators_ = []
        self._rng = random_state(self.random_state)
        rounds = TreeRounds(prototype, X, y) if grows else None
        try:
            self.estimator_weights_, self.estimator_errors_ = solver.boost(
                self._make_round(rounds, X, y), weight / weight.sum(), self.n_estimators
            )
        finally:
            del self._rng
        self._packed_trees()
        return self

    def _grows(self, prototype):
        """Tell whether an estimator is a tree that is grown without being asked to fit."""
        return is_tree(prototype) and prototype._classifies == self._classifies

    def _draw_seed(self):
        return self._rng.randint(MAX_SEED)

    # ---- using the estimators ----
    def _check_X(self, X):
        """X for the estimators: as trees see it where all are trees."""
        check_fitted(self, "estimators_")
        if all(self._grows(est) for est in self.estimators_):
            return _trees.as_float32(self, X, False)
        return sk("sklearn.utils.validation.validate_data")(
            self, X, accept_sparse=["csr", "csc"], ensure_2d=True, allow_nd=True, dtype=None, reset=False
        )

    def _packed_trees(self):
        """The trees with the values that are added for their leaves; None where the estimators are others."""
        key = list(self.estimators_), self.estimator_weights_.tobytes()
        return self._cached(key, self._pack)

    def _pack(self):
        if not all(self._grows(est) for est in self.estimators_):
            return None
        return self._pack_trees()

    def _sum_trees(self, packed, X):
        sums = np.zeros((X.shape[0], packed[2].shape[1]))
        forest.add_predictions(CPU, packed, X, sums)
        return sums

    def _leaf_values(self, packed, X):
        """The values of each row's leaves, of shape (n_samples, n_trees, n_values)."""
        return packed[2][leaves_of(packed, X) + packed[1]]

    def staged_score(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Score the ensemble after each round.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,)
            Their labels or targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; None means ones.

        Yields
        ------
        score : float
            The accuracy, or the coefficient of determination.
        """
        score = sk("sklearn.metrics.accuracy_score" if self._classifies else "sklearn.metrics.r2_score")
        for predicted in self.staged_predict(X):
            yield score(y, predicted, sample_weight=sample_weight)

    @property
    def feature_importances_(self):
        """How much each feature lowered the impurity, in the weighted mean of the estimators."""
        if not vars(self).get("estimators_"):
            raise ValueError("Estimator not fitted, call `fit` before `feature_importances_`.")
        try:
            parts = [
                w * est.feature_importances_ for w, est in zip(self.estimator_weights_, self.estimators_)
            ]
        except AttributeError as error:
            raise AttributeError(
                "Unable to compute feature importances since estimator does not have a feature_importances_ "
                "attribute"
            ) from error
        return sum(parts) / self.estimator_weights_.sum()
