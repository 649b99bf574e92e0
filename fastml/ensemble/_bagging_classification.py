"""Classification by bagging."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._base import Classifier, stand_for
from .._device import like_input
from .._docs import inherit_docs
from .._validation import check_fitted
from ._base_bagging import BaseBagging, if_estimator_has

__all__ = ["BaggingClassifier"]


@inherit_docs
class BaggingClassifier(Classifier, BaseBagging):
    """Bagging for classification.

    Classifiers are fitted to samples, and features, that are drawn for each; the mean of their probabilities
    decides.

    Parameters
    ----------
    estimator : object, default=None
        What is fitted; None means `fastml.tree.DecisionTreeClassifier`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.

    n_classes_ : int
        The number of labels.

    oob_score_ : float
        The accuracy for samples that were not drawn; if `oob_score`.

    oob_decision_function_ : ndarray of shape (n_samples, n_classes)
        The probabilities for samples by the estimators that have not seen them; if `oob_score`.

    See Also
    --------
    BaggingRegressor : Bagging for regression.
    RandomForestClassifier : Draws features for each split.

    References
    ----------
    Breiman, L. (1996). Bagging predictors. Machine Learning 24(2).

    Examples
    --------
    >>> from fastml.ensemble import BaggingClassifier
    >>> model = BaggingClassifier(random_state=0).fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
    >>> model.predict([[0.0], [3.0]])
    array([0, 1])
    """

    _classifies = True
    _sklearn_name = "sklearn.ensemble.BaggingClassifier"
    classes_: Any
    n_classes_: int

    def __init__(
        self,
        estimator: Any = None,
        n_estimators: int = 10,
        *,
        max_samples: Any = None,
        max_features: Any = 1.0,
        bootstrap: bool = True,
        bootstrap_features: bool = False,
        oob_score: bool = False,
        warm_start: bool = False,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
        device: str | None = None,
    ):
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.max_samples = max_samples
        self.max_features = max_features
        self.bootstrap = bootstrap
        self.bootstrap_features = bootstrap_features
        self.oob_score = oob_score
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.device = device

    def _default_estimator(self):
        from ..tree import DecisionTreeClassifier

        return DecisionTreeClassifier()

    def _encode(self, y):
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.n_classes_ = len(self.classes_)
        return codes

    def _score_out_of_bag(self, X, y):
        sums, _ = self._predict_out_of_bag(X)
        with np.errstate(invalid="ignore"):
            self.oob_decision_function_ = sums / sums.sum(axis=1, keepdims=True)
        self.oob_score_ = float(np.mean(sums.argmax(axis=1) == y))

    def predict(self, X: Any, **params: Any) -> Any:
        """Predict labels: the class of the highest mean probability.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.
        **params : dict
            Parameters for the estimators' methods, with scikit-learn's metadata routing.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            The labels.
        """
        if self._delegates(params):
            return self._delegate("predict", X, params)
        means = self._mean_values(self._rows(X))
        return like_input(self.classes_.take(means.argmax(axis=1)), X)

    def predict_proba(self, X: Any, **params: Any) -> Any:
        """Predict probabilities: the means of the estimators'.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.
        **params : dict
            Parameters for the estimators' methods, with scikit-learn's metadata routing.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Classes in the order of `classes_`.
        """
        if self._delegates(params):
            return self._delegate("predict_proba", X, params)
        return like_input(self._mean_values(self._rows(X)), X)

    def predict_log_proba(self, X: Any, **params: Any) -> Any:
        """Predict logarithms of probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.
        **params : dict
            Parameters for the estimators' methods, with scikit-learn's metadata routing.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Classes in the order of `classes_`.
        """
        if self._delegates(params):
            return self._delegate("predict_log_proba", X, params)
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    @if_estimator_has
    def decision_function(self, X: Any, **params: Any) -> Any:
        """Give the means of the estimators' decision functions.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.
        **params : dict
            Parameters for the estimators' methods, with scikit-learn's metadata routing.

        Returns
        -------
        score : ndarray of shape (n_samples, n_classes), or (n_samples,) for two classes
            The means.
        """
        check_fitted(self, "estimators_")
        return self._delegate("decision_function", X, params)


stand_for(BaggingClassifier, "sklearn.ensemble._bagging.BaggingClassifier")
