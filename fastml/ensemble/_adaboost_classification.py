"""Classification by AdaBoost."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._base import Classifier, stand_for
from .._device import like_input
from .._docs import inherit_docs
from .._tree_rounds import pack_values
from .._validation import check_fitted, sk
from ..solvers import adaboost as solver
from ._base_adaboost import BaseAdaBoost

__all__ = ["AdaBoostClassifier"]


@inherit_docs
class AdaBoostClassifier(Classifier, BaseAdaBoost):
    """AdaBoost for classification (SAMME).

    Each classifier is fitted to the same samples with other weights: those that the last one got wrong weigh
    more.

    Parameters
    ----------
    estimator : object, default=None
        What is fitted, with weights; None means `fastml.tree.DecisionTreeClassifier` of depth 1.

    random_state : int, RandomState instance or None, default=None
        Of the classifiers that have a parameter `random_state`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.

    n_classes_ : int
        The number of labels.

    estimator_weights_ : ndarray of shape (n_estimators,)
        Weights of the classifiers.

    estimator_errors_ : ndarray of shape (n_estimators,)
        Their weighted shares of wrong labels.

    See Also
    --------
    AdaBoostRegressor : AdaBoost for regression.
    GradientBoostingClassifier : Trees fitted to gradients.

    References
    ----------
    Zhu, J., Zou, H., Rosset, S., Hastie, T. (2009). Multi-class AdaBoost. Statistics and its Interface 2(3).

    Examples
    --------
    >>> from fastml.ensemble import AdaBoostClassifier
    >>> model = AdaBoostClassifier(random_state=0).fit([[0.0], [1.0], [2.0], [3.0]], [0, 1, 1, 0])
    >>> model.predict([[0.2], [1.4]])
    array([0, 1])
    """

    _classifies = True
    _sklearn_name = "sklearn.ensemble.AdaBoostClassifier"
    classes_: Any
    n_classes_: int

    def __init__(
        self,
        estimator: Any = None,
        *,
        n_estimators: int = 50,
        learning_rate: float = 1.0,
        random_state: Any = None,
        device: str | None = None,
    ):
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.learning_rate = learning_rate
        self.random_state = random_state
        self.device = device

    def _default_estimator(self):
        from ..tree import DecisionTreeClassifier

        return DecisionTreeClassifier(max_depth=1)

    def _check_estimator(self):
        if self._grows(self.estimator_):
            return
        if not sk("sklearn.utils.validation.has_fit_parameter")(self.estimator_, "sample_weight"):
            raise ValueError(f"{type(self.estimator).__name__} doesn't support sample_weight.")

    def _make_round(self, rounds, X, y):
        def fit_round(i, weight):
            fit = self._fit_any if rounds is None else self._grow
            estimator, incorrect = fit(rounds, X, y, weight)
            if i == 0:
                self.classes_ = getattr(estimator, "classes_", None)
                self.n_classes_ = len(self.classes_)
            answer = solver.reweigh_classes(
                incorrect, weight, self.n_classes_, self.learning_rate, i == self.n_estimators - 1
            )
            if answer is not solver.STOP:
                self.estimators_.append(estimator)
            elif not self.estimators_:
                raise ValueError(
                    "BaseClassifier in AdaBoostClassifier ensemble is worse than random, ensemble can not be "
                    "fit."
                )
            return answer

        return fit_round

    def _fit_any(self, _, X, y, weight):
        estimator = self._make_estimator(self._rng)
        estimator.fit(X, y, sample_weight=weight)
        return estimator, estimator.predict(X) != y

    def _grow(self, rounds, X, y, weight):
        estimator = rounds.grow(weight, self._draw_seed())
        return estimator, rounds.values(estimator).argmax(axis=1) != rounds.codes[:, 0]

    # ---- using the classifiers ----
    def _votes(self, labels, weight):
        """What a classifier of some weight adds for the classes, where it says some labels."""
        others = -1 / max(1, self.n_classes_ - 1) * weight
        return np.where((labels == self.classes_[:, None]).T, weight, others)

    def _pack_trees(self):
        trees = [est.tree_ for est in self.estimators_]
        labels = [self.classes_.take(tree.value[:, 0].argmax(axis=1)) for tree in trees]
        votes = [self._votes(*pair) for pair in zip(labels, self.estimator_weights_)]
        return pack_values(trees, votes)

    def _staged_votes(self, rows):
        """What each classifier adds."""
        packed = self._packed_trees()
        if packed is None:
            for est, weight in zip(self.estimators_, self.estimator_weights_):
                yield self._votes(est.predict(rows), weight)
        else:
            leaf_values = self._leaf_values(packed, rows)
            yield from (leaf_values[:, t] for t in range(leaf_values.shape[1]))

    def _sum_votes(self, rows):
        packed = self._packed_trees()
        return sum(self._staged_votes(rows)) if packed is None else self._sum_trees(packed, rows)

    def decision_function(self, X: Any) -> Any:
        """Weigh the votes for the classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        score : ndarray of shape (n_samples, n_classes), or (n_samples,) for two classes
            For two classes from -1, the first, to 1, the second.
        """
        rows = self._check_X(X)
        if self.n_classes_ == 1:
            return np.zeros((rows.shape[0], 1), rows.dtype)
        return like_input(self._finish(self._sum_votes(rows), self.estimator_weights_.sum()), X)

    def _finish(self, votes, norm):
        votes = votes / norm
        return votes[:, 1] - votes[:, 0] if self.n_classes_ == 2 else votes

    def staged_decision_function(self, X: Any) -> Any:
        """Weigh the votes for the classes after each round.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Yields
        ------
        score : ndarray of shape (n_samples, n_classes), or (n_samples,) for two classes
            As `decision_function` gives it.
        """
        rows, votes, norm = self._check_X(X), 0.0, 0.0
        for more, weight in zip(self._staged_votes(rows), self.estimator_weights_):
            votes, norm = votes + more, norm + weight
            yield like_input(self._finish(votes, norm), X)

    def _labels(self, score):
        if self.n_classes_ == 2:
            return self.classes_.take(score > 0, axis=0)
        return self.classes_.take(np.argmax(score, axis=1), axis=0)

    def predict(self, X: Any) -> Any:
        """Predict labels: the class with most of the weighted votes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            The labels.
        """
        return self._labels(self.decision_function(X))

    def staged_predict(self, X: Any) -> Any:
        """Predict labels after each round.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Yields
        ------
        y : ndarray of shape (n_samples,)
            The labels.
        """
        for score in self.staged_decision_function(X):
            yield self._labels(score)

    def _probabilities(self, score):
        if self.n_classes_ == 2:
            score = np.vstack([-score, score]).T / 2
        else:
            score = score / (self.n_classes_ - 1)
        exponential = np.exp(score - score.max(axis=1, keepdims=True))
        return exponential / exponential.sum(axis=1, keepdims=True)

    def predict_proba(self, X: Any) -> Any:
        """Predict probabilities from the votes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Classes in the order of `classes_`.
        """
        check_fitted(self, "estimators_")
        score = self.decision_function(X)
        return np.ones((len(score), 1)) if self.n_classes_ == 1 else self._probabilities(score)

    def staged_predict_proba(self, X: Any) -> Any:
        """Predict probabilities after each round.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Yields
        ------
        probabilities : ndarray of shape (n_samples, n_classes)
            Classes in the order of `classes_`.
        """
        for score in self.staged_decision_function(X):
            yield self._probabilities(score)

    def predict_log_proba(self, X: Any) -> Any:
        """Predict logarithms of probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Classes in the order of `classes_`.
        """
        return np.log(self.predict_proba(X))


stand_for(AdaBoostClassifier, "sklearn.ensemble._weight_boosting.AdaBoostClassifier")
