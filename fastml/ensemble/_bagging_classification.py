"""Classification by bagging."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._base import Classifier, stand_for
from .._device import like_input
from .._validation import check_fitted, fit_method
from ._base_bagging import BaseBagging, if_estimator_has

__all__ = ["BaggingClassifier"]


class BaggingClassifier(Classifier, BaseBagging):
    """Bagging for classification.

    Classifiers are fitted to samples, and features, that are drawn for each; the mean of their probabilities
    decides.

    Parameters
    ----------
    estimator : object, default=None
        What is fitted; None means `fastml.tree.DecisionTreeClassifier`.

    n_estimators : int, default=10
        How many estimators there are.

    max_samples : int or float, default=None
        How many samples are drawn for each; a float is a fraction. None means as many as there are.

    max_features : int or float, default=1.0
        How many features are drawn for each; a float is a fraction.

    bootstrap : bool, default=True
        Whether samples are drawn with replacement.

    bootstrap_features : bool, default=False
        Whether features are drawn with replacement.

    oob_score : bool, default=False
        Whether to predict samples by the estimators that have not seen them, and to score that.

    warm_start : bool, default=False
        Whether fitting again adds estimators to those that are there.

    n_jobs : int, default=None
        The number of threads; None and -1 mean what `fastml.set_config` says.

    random_state : int, RandomState instance or None, default=None
        Of the samples and features, and of the estimators that have a parameter `random_state`.

    verbose : int, default=0
        More than 1 prints a line for each estimator.

    device : {"auto", "cpu", "cuda"}, default=None
        Where to compute; None means what `fastml.set_config` says. Trees grow and are used on the CPU.

    Attributes
    ----------
    estimator_ : estimator
        What was copied.

    estimators_ : list of estimators
        The fitted estimators.

    estimators_samples_ : list of ndarray
        The samples of each.

    estimators_features_ : list of ndarray
        The features of each.

    classes_ : ndarray of shape (n_classes,)
        The labels.

    n_classes_ : int
        The number of labels.

    oob_score_ : float
        The accuracy for samples that were not drawn; if `oob_score`.

    oob_decision_function_ : ndarray of shape (n_samples, n_classes)
        The probabilities for samples by the estimators that have not seen them; if `oob_score`.

    n_features_in_ : int
        The number of features.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        The names of features, if X had any.

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

    @fit_method
    def fit(self, X: Any, y: Any, sample_weight: Any = None, **fit_params: Any) -> Any:
        """Fit the estimators.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training data.
        y : array-like of shape (n_samples,)
            The labels.
        sample_weight : array-like of shape (n_samples,), default=None
            By which samples are drawn; None means equally.
        **fit_params : dict
            Parameters for the estimators, with scikit-learn's metadata routing.

        Returns
        -------
        self : BaggingClassifier
            The fitted estimator.
        """
        return self._fit(X, y, sample_weight, fit_params)

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
